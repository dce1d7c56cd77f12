"""SALib drives EnforceSim: how much each of three parameters matters to exploitation under professional rescue.

A small city and few samples, so the indices are rough.

Run it with `.venv/bin/python analysis/examples/sensitivity.py`; takes some seconds.
"""

from __future__ import annotations

from pathlib import Path

import enforcesim as es
import pandas as pd
from SALib.analyze import sobol
from SALib.sample import sobol as sampler

ESSAY = Path(__file__).resolve().parents[2] / "configs" / "essay.cfg"
SMALL = {"parameters.region.venues": 20, "parameters.region.districts": 2, "run.burn_in": 365}
RECORDED = {"run.output": "summary", "run.metrics": "minor_days"}


def main(n: int = 16) -> pd.DataFrame:
    """First-order and total Sobol' indices of exploitation, one row for each parameter."""
    problem = es.problem(["police.leak", "health.backlash_own", "market.price_elasticity"])
    points = pd.DataFrame(sampler.sample(problem, n, calc_second_order=False, seed=1), columns=problem["names"])
    ds = es.run(ESSAY, replicates=2, days=365, scenarios="professional_rescue", set=SMALL | RECORDED, design=points)
    outcome = ds["summary.minor_days"].sel(scenario="professional_rescue").mean("replicate").to_numpy()
    indices = sobol.analyze(problem, outcome, calc_second_order=False, seed=1)
    return pd.DataFrame({"first": indices["S1"], "total": indices["ST"]}, index=problem["names"])


if __name__ == "__main__":
    print(main())

"""The EMA Workbench drives EnforceSim: outcomes of policies over uncertain parameters, for scenario discovery.

`make interop` makes an environment that has the workbench, and runs this; takes some seconds.
"""

from __future__ import annotations

from pathlib import Path

import enforcesim as es
import pandas as pd
from ema_workbench import (
    CategoricalParameter,
    IntegerParameter,
    Model,
    RealParameter,
    ScalarOutcome,
    perform_experiments,
)
from ema_workbench.em_framework.parameters import Parameter

ESSAY = Path(__file__).resolve().parents[2] / "configs" / "essay.cfg"
SMALL = {"parameters.region.venues": 20, "parameters.region.districts": 2, "run.burn_in": 365}
OUTCOMES = ["minor_days", "health_coverage"]
RECORDED = {"run.output": "summary", "run.metrics": OUTCOMES}
UNCERTAIN = ["police.leak", "health.backlash_own", "beliefs.belief_model", "survey.survey_venues"]


def uncertainty(path: str, row: pd.Series) -> Parameter:
    """A parameter of the model as the workbench has it; names there are Python's."""
    name = path.replace(".", "__")
    if row["type"] == "choice":
        return CategoricalParameter(name, row["choices"])
    if row["type"] == "whole":
        return IntegerParameter(name, int(row["minimum"]), int(row["maximum"]))
    return RealParameter(name, row["minimum"], row["maximum"])


def simulate(**values: object) -> dict[str, float]:
    """One experiment: the difference that professional rescue makes to sweeps."""
    settings = {f"parameters.{name.replace('__', '.')}": value for name, value in values.items()}
    both = ["sweeps", "professional_rescue"]
    ds = es.run(ESSAY, replicates=2, days=365, scenarios=both, set=SMALL | RECORDED | settings)
    means = es.summary(ds).mean("replicate")
    return {m: float(means[m].sel(scenario=both[1]) - means[m].sel(scenario=both[0])) for m in OUTCOMES}


def main(n: int = 8) -> tuple[pd.DataFrame, dict[str, object]]:
    """The experiments, shape (n, parameter), and their outcomes, each of shape (n,)."""
    table = es.params().loc[UNCERTAIN]
    model = Model("enforcesim", function=simulate)
    model.uncertainties = [uncertainty(str(path), row) for path, row in table.iterrows()]
    model.outcomes = [ScalarOutcome(m) for m in OUTCOMES]
    experiments, outcomes = perform_experiments(model, scenarios=n)
    return experiments, outcomes


if __name__ == "__main__":
    found, results = main()
    print(found.assign(**results).to_string())

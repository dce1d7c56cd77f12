"""Honest intervals: what users see printed as a 95 % interval holds the truth in 95 of 100 small studies.

One long run is cut into many small studies, which is the same as many runs, for replicates are independent. The truth
is the mean over the whole run; its own error adds 1 / (number of studies) to the variance of a study's mean, which the
intervals do not know of: coverage falls by less than 0.001. Intervals are those of `python -m enforcesim table`, which
`enforcesim.compare` and the claims take from the same function, compare.estimate.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field

import enforcesim as es
import numpy as np
import pytest
from conftest import PROGRAM, ROOT, effort
from enforcesim import files
from enforcesim.compare import Estimate, estimate, level, pseudovalues, too_few

table = sys.modules["enforcesim.table"]  # the package's own `table` is the function

REPLICATES = 12  # of one study
STUDIES = effort(100, 1000)
PROMISED = (0.935, 0.965)
WORST = 0.90  # of any one outcome
Z = 4.9  # one false alarm in a million
CITY = """
@include "policies.cfg"
run = {{ name = "intervals"; seed = 9; replicates = {replicates}; burn_in = 200; horizon = 200; record_every = 50; }};
parameters : {{
  region : {{ venues = 20; districts = 2; traffickers = 10; links = 4; officers_per_district = 10; }};
  survey : {{ survey_every = 100; }};
}};
scenarios = ( {{ name = "status_quo"; policy = "status_quo"; }},
              {{ name = "professional_rescue"; policy = "professional_rescue"; }} );
"""


@dataclass
class Outcome:
    """One number of the table: its value in every replicate, or numerator and denominator, and the truth."""

    name: str
    numerator: list[np.ndarray]
    denominator: list[np.ndarray | None]
    truth: float
    # For each study: was it covered by a trusted interval, by one marked with ? (NaN: there was none)?
    covered: list[float] = field(default_factory=list)
    marked: list[float] = field(default_factory=list)

    def interval(self, part: slice) -> Estimate:
        """As table.rows has it for a study: for a difference, both scenarios' values are subtracted."""
        values = [
            pseudovalues(a[part], None if b is None else b[part])
            for a, b in zip(self.numerator, self.denominator, strict=True)
        ]
        events = [a[part] for a in self.numerator]
        return (
            estimate(values[0], events[0])
            if len(values) == 1
            else estimate(*np.subtract([values[1], events[1]], [values[0], events[0]]))
        )

    def judge(self, part: slice) -> None:
        e = self.interval(part)
        held = float(e.low <= self.truth <= e.high) if e.high > e.low else np.nan  # nothing varied: no claim is made
        self.covered.append(np.nan if e.few else held)
        self.marked.append(held if e.few else np.nan)


@pytest.fixture(scope="module")
def long_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("intervals")
    (folder / "policies.cfg").write_text((ROOT / "configs" / "policies.cfg").read_text())
    (folder / "city.cfg").write_text(CITY.format(replicates=STUDIES * REPLICATES))
    subprocess.run([PROGRAM, "run", "city.cfg", "-o", "run.h5", "--quiet"], cwd=folder, check=True)
    with es.open(folder / "run.h5") as ds:
        yield ds.load()


def ratios(ds, metric: str, how: str) -> tuple[list[np.ndarray], list[np.ndarray | None]]:
    """Values per scenario; those per person-years as numerator and denominator."""
    if how not in table.OVER:
        values = table.show(ds, metric, how)[1]
        return list(values), [None] * len(values)
    over = sum(table._values(level(ds, name, "horizon")) for name in table.OVER[how])
    return list(1000 * table.YEAR * table._values(level(ds, metric, "horizon"))), list(over)


@pytest.fixture(scope="module")
def outcomes(long_run) -> list[Outcome]:
    """Every number of the table, judged in every study."""
    found = []
    names = files.scenarios(long_run)
    for block in table.BLOCKS.values():
        for metric, how in block.items():
            top, bottom = ratios(long_run, metric, how)
            truth = [np.nanmean(a) / (1 if b is None else b.mean()) for a, b in zip(top, bottom, strict=True)]
            for i, name in enumerate(names):
                found.append(Outcome(f"{metric}, {name}", [top[i]], [bottom[i]], truth[i]))
            found.append(Outcome(f"{metric}, difference", top, bottom, truth[1] - truth[0]))
    for outcome in found:
        for k in range(STUDIES):
            outcome.judge(slice(k * REPLICATES, (k + 1) * REPLICATES))
    return found


def test_these_are_the_intervals_that_the_table_prints(long_run, outcomes):
    part = slice(REPLICATES, 2 * REPLICATES)
    blocks = table.rows(long_run.isel(replicate=part))
    printed = {}
    for block in blocks.values():
        for row in block:
            printed |= {f"{row.metric}, {name}": e for name, e in row.values.items()}
            printed[f"{row.metric}, difference"] = row.differences["professional_rescue"]
    assert printed.keys() == {o.name for o in outcomes}
    for outcome in outcomes:
        ours, theirs = outcome.interval(part), printed[outcome.name]
        assert ours.few == theirs.few, outcome.name
        np.testing.assert_allclose(
            [ours.mean, ours.low, ours.high], [theirs.mean, theirs.low, theirs.high], rtol=1e-9, atol=1e-12
        )


def test_compare_has_the_same_intervals(long_run):
    study = long_run.isel(replicate=slice(REPLICATES))
    frame = es.compare(study).set_index(["scenario", "metric"])
    for metric in ("minor_prevalence", "pardons"):
        a, b = table._values(level(study, metric))
        mean, gap = estimate(b), estimate(b - a)
        row = frame.loc["professional_rescue", metric]
        assert (row.low, row.high, row.few) == (mean.low, mean.high, mean.few)
        assert (row.difference_low, row.difference_high, row.difference_few) == (gap.low, gap.high, gap.few)


@pytest.mark.verify
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mean", "difference"])
def test_printed_intervals_cover(outcomes, kind, capsys):
    chosen = [o for o in outcomes if o.name.endswith("difference") == (kind == "difference")]
    # an outcome counts where at least half of the studies print an interval for it that is not marked
    known = [o for o in chosen if 2 * np.isfinite(o.covered).sum() >= STUDIES]
    covered = np.array([o.covered for o in known])
    shares = dict(zip([o.name for o in known], np.nanmean(covered, axis=1), strict=True))
    pooled = float(np.nanmean(covered))
    # outcomes of one study depend on each other, studies do not
    error = float(np.std(np.nanmean(covered, axis=0), ddof=1) / np.sqrt(STUDIES))
    slack = 0 if STUDIES >= 1000 else Z * error
    worst = min(shares, key=shares.get)
    marked = np.concatenate([o.marked for o in chosen])
    with capsys.disabled():
        print(
            f"\n{kind}: {len(known)} outcomes of {len(chosen)} in {STUDIES} studies of {REPLICATES}: "
            f"coverage {pooled:.4f} (standard error {error:.4f}); worst {worst} {shares[worst]:.3f}; "
            f"{np.isfinite(marked).sum()} intervals marked ?, coverage {np.nanmean(marked):.3f}"
        )
    assert len(known) >= 35
    assert PROMISED[0] - slack <= pooled <= PROMISED[1] + slack
    for o in known:
        n = np.isfinite(o.covered).sum()
        assert shares[o.name] >= WORST - Z * np.sqrt(WORST * (1 - WORST) / n), o.name


def test_few_events_are_seen():
    assert not too_few(np.arange(12.0))
    assert not too_few(np.zeros(12))  # nothing varied, as ±0 says
    assert too_few(np.array([0.0] * 8 + [1, 1, 2, 5]))
    assert not too_few(np.array([0.0] * 7 + [1, 1, 2, 5, 1]))
    assert too_few(np.array([3.0] * 100 + [1, 1, 2, 5]))
    assert not too_few(np.array([0.0, 0.0, 1.0, 2.0]))  # half of four
    assert estimate(np.linspace(1, 2, 12), np.array([0.0] * 11 + [1])).few

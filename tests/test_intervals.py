"""Honest intervals: what users see printed as a 95 % interval holds the truth in 95 of 100 small studies.

One long run is cut into many small studies of several sizes, which is the same as many runs, for replicates are
independent. The truth is the mean over the whole run; its own error adds 1 / (number of studies) to the variance of a
study's mean, which the intervals do not know of: coverage falls by less than 0.001. Intervals are those of
`python -m enforcesim table`, which `enforcesim.compare` and the claims take from the same function, compare.estimate.

An outcome counts where at least half of the studies print an interval for it that is not marked with ?. Every one
that counts must cover 93.5 % at least. None may cover less by an exact binomial test, at a false-alarm rate of one in a
million for all outcomes together. More than 96.5 % is allowed to single outcomes: counts of few events jump over it.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import enforcesim as es
import numpy as np
import pytest
from conftest import PROGRAM, ROOT, effort
from enforcesim import files
from enforcesim.compare import Estimate, estimate, level, pseudovalues, too_few
from scipy import stats

table = sys.modules["enforcesim.table"]  # the package's own `table` is the function

SIZES = effort((12, 30), (12, 20, 30))  # replicates of one study
REPLICATES = effort(1200, 30000)  # of the long run: 2,500, 1,500 and 1,000 studies
PROMISED = (0.935, 0.965)
SKEWED = 1.0  # skewness from which on Student's t interval falls short
FALSE_ALARM = 1e-6
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

    @property
    def kind(self) -> str:
        return "difference" if len(self.numerator) == 2 else "mean"

    def values(self, part: slice) -> np.ndarray:
        """As table.rows has them for a study: for a difference, both scenarios' values are subtracted."""
        found = [
            pseudovalues(a[part], None if b is None else b[part])
            for a, b in zip(self.numerator, self.denominator, strict=True)
        ]
        return found[0] if len(found) == 1 else found[1] - found[0]

    def interval(self, part: slice) -> Estimate:
        events = [a[part] for a in self.numerator]
        return estimate(self.values(part), events[0] if len(events) == 1 else events[1] - events[0])


@dataclass
class Judged:
    """An outcome in all studies of one size: covered by an interval to be trusted, by one marked with ?.

    NaN where a study has no such interval: each has one of the two, or none where nothing varied.
    """

    outcome: Outcome
    skewness: float
    covered: np.ndarray
    marked: np.ndarray

    @property
    def counts(self) -> bool:
        return 2 * np.isfinite(self.covered).sum() >= self.covered.size

    @property
    def coverage(self) -> float:
        return float(np.nanmean(self.covered))


def judge(outcome: Outcome, size: int) -> Judged:
    found = [outcome.interval(slice(k, k + size)) for k in range(0, REPLICATES - size + 1, size)]
    held = np.array([float(e.low <= outcome.truth <= e.high) if e.high > e.low else np.nan for e in found])
    few = np.array([e.few for e in found])
    values = outcome.values(slice(None))
    values = values[np.isfinite(values)]
    skewness = 0.0 if np.ptp(values) == 0 else float(stats.skew(values))
    return Judged(outcome, skewness, np.where(few, np.nan, held), np.where(few, held, np.nan))


@pytest.fixture(scope="module")
def long_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("intervals")
    (folder / "policies.cfg").write_text((ROOT / "configs" / "policies.cfg").read_text())
    (folder / "city.cfg").write_text(CITY.format(replicates=REPLICATES))
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
    """Every number of the table."""
    found = []
    names = files.scenarios(long_run)
    for block in table.BLOCKS.values():
        for metric, how in block.items():
            top, bottom = ratios(long_run, metric, how)
            truth = [np.nanmean(a) / (1 if b is None else b.mean()) for a, b in zip(top, bottom, strict=True)]
            for i, name in enumerate(names):
                found.append(Outcome(f"{metric}, {name}", [top[i]], [bottom[i]], truth[i]))
            found.append(Outcome(f"{metric}, difference", top, bottom, truth[1] - truth[0]))
    return found


@pytest.fixture(scope="module", params=SIZES)
def judged(outcomes, request) -> list[Judged]:
    """Every number of the table in every study of one size."""
    return [judge(outcome, request.param) for outcome in outcomes]


def test_these_are_the_intervals_that_the_table_prints(long_run, outcomes):
    part = slice(12, 24)
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
    study = long_run.isel(replicate=slice(12))
    frame = es.compare(study).set_index(["scenario", "metric"])
    for metric in ("minor_prevalence", "pardons"):
        a, b = table._values(level(study, metric))
        mean, gap = estimate(b), estimate(b - a)
        row = frame.loc["professional_rescue", metric]
        assert (row.low, row.high, row.few) == (mean.low, mean.high, mean.few)
        assert (row.difference_low, row.difference_high, row.difference_few) == (gap.low, gap.high, gap.few)


@pytest.mark.verify
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mean", "difference", "skewed"])
def test_printed_intervals_cover(judged, kind, capsys):
    """Over all outcomes together; a study's outcomes depend on each other, studies do not."""
    chosen = [j for j in judged if kind == j.outcome.kind or (kind == "skewed" and abs(j.skewness) > SKEWED)]
    known = [j for j in chosen if j.counts]
    studies = np.array([j.covered for j in known])
    size, pooled = REPLICATES // studies.shape[1], float(np.nanmean(studies))
    error = float(np.std(np.nanmean(studies, axis=0), ddof=1) / np.sqrt(studies.shape[1]))
    slack = stats.norm.isf(FALSE_ALARM) * error
    least, most = min(known, key=lambda j: j.coverage), max(known, key=lambda j: j.coverage)
    beyond = sum(j.coverage > PROMISED[1] for j in known)
    marked = np.concatenate([j.marked for j in chosen])
    with capsys.disabled():
        print(
            f"\n{kind}: {len(known)} outcomes of {len(chosen)} in {studies.shape[1]} studies of {size}: coverage "
            f"{pooled:.4f} (standard error {error:.4f}); least {least.outcome.name} {least.coverage:.3f}, most "
            f"{most.outcome.name} {most.coverage:.3f}, {beyond} above {PROMISED[1]}; "
            f"{np.isfinite(marked).sum()} intervals marked ?, coverage {np.nanmean(marked):.3f}"
        )
    assert len(known) >= {"mean": 60, "difference": 35, "skewed": 8}[kind]
    assert PROMISED[0] - slack <= pooled
    assert pooled <= PROMISED[1] + slack or kind == "skewed"


@pytest.mark.verify
@pytest.mark.slow
def test_every_outcome_covers_alone(judged):
    known = [j for j in judged if j.counts]
    for j in known:
        n = int(np.isfinite(j.covered).sum())
        chance = stats.binom.cdf(np.nansum(j.covered), n, PROMISED[0])
        assert chance > FALSE_ALARM / len(known), f"{j.outcome.name}: {j.coverage:.3f} of {n}"


def test_few_events_are_seen():
    assert not too_few(np.arange(12.0))
    assert too_few(np.arange(9.0))  # so few may all miss a long tail
    assert not too_few(np.arange(10.0))
    assert not too_few(np.zeros(1))  # has no interval
    assert too_few(np.zeros(12))  # what never happened may still be possible
    assert too_few(np.array([0.0] * 7 + [1, 1, 2, 5, 1]))
    assert not too_few(np.array([0.0] * 6 + [1, 1, 2, 5, 1, 1]))  # half of twelve
    assert too_few(np.array([3.0] * 100 + [1, 1, 2, 5, 1, 1, 2]))
    assert not too_few(np.array([3.0] * 100 + [1, 1, 2, 5, 1, 1, 2, 2]))
    assert estimate(np.linspace(1, 2, 12), np.array([0.0] * 11 + [1])).few
    assert not estimate(np.array([0.0] * 11 + [1]), np.linspace(1, 2, 12)).few

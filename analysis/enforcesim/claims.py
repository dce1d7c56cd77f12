"""The essay's and its critics' claims (claims.toml), held against a results file by a stated rule."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from . import files
from .compare import FEW, SINGLE, Estimate, estimate, fieller, flat, level, probability_below, pseudovalues
from .files import EnforceSimError
from .ledger import Known, Spec, check_names, load
from .sanity import guarded
from .table import number

__all__ = ["RULE", "VERDICTS", "claims", "counted", "listing", "load", "sides"]

VERDICTS = ("supported", "contradicted", "undecided", "not tested")
RULE = (
    "Rule: each test compares two quantities. Where the whole 95 % interval over replicates lies on the "
    "claimed side, the test holds; where it lies wholly on the other side, it fails; else it is "
    "undecided. A claim is contradicted when a test fails, supported when all hold, undecided otherwise. "
    "P is the confidence with which the replicates put the quantity on the claimed side: a test holds from "
    f"97.5 % on and fails below 2.5 %. ? marks an interval not to be trusted ({FEW}), and a verdict that rests on "
    "one: more replicates may change it. Verdicts hold for this file's parameters: intervals and P carry the luck "
    "of the draw, not the doubt about parameters, for which the study must be run over their ranges. Each test stands "
    "alone, without allowance for their number: of those that lie at their limits one in twenty holds or fails. "
    "Counts of verdicts are no score: claims overlap, differ in weight, and some are one comparison from two sides. "
    "Wordings and thresholds are this project's, not those of the authors named."
)
ALONE = "one replicate has no interval"


class _NotTestable(Exception):
    """What a test lacks, in words."""


@dataclass(frozen=True)
class Test:
    """Outcome of one test: does it hold (None: undecided), with what numbers.

    `effect` is a level, or the ratio of both sides, or their difference where there is no ratio; `low` and `high` are
    its 95 % interval, and `claimed` is what it is claimed to be `relation` ("at least", ...). `probability` is the
    confidence with which the replicates put it there; NaN, as the interval, for a single replicate.
    """

    holds: bool | None
    what: str
    effect: float
    low: float
    high: float
    relation: str
    claimed: float
    probability: float
    few: bool
    note: str
    scenarios: tuple[str, ...]
    metrics: tuple[str, ...]

    @property
    def text(self) -> str:
        """The numbers in words."""
        half = (self.high - self.low) / 2
        sure = f"; P {percent(self.probability)}" if np.isfinite(self.probability) else ""
        shown = _fine(self.effect, half) + _range(self.low, self.high)
        return f"{self.what}: {shown} (claimed: {self.relation} {self.claimed:g}{sure}){self.note}"


class Ledger:
    """A file, further files under short names, and the sums that claims may refer to."""

    def __init__(self, ds: xr.Dataset, also: Mapping[str, xr.Dataset], sums: Mapping[str, list[str]]) -> None:
        self.data = {"": flat(ds, ("all", "summary"))}
        for name, other in also.items():
            try:
                self.data[name] = flat(other, ("all", "summary"))
            except EnforceSimError as reason:
                raise EnforceSimError(f"--with {name}: {reason}") from reason
        self.sums = sums
        shared = ds["replicate"].values
        for other in also.values():
            shared = np.intersect1d(shared, other["replicate"].values)
        if shared.size == 0:
            raise EnforceSimError("the files share no replicate, so they cannot be compared")
        self.replicates = shared
        self.kept: dict[tuple[str, str, str], np.ndarray] = {}

    def names(self, metric: str | list[str]) -> list[str]:
        """Metrics that a name or a list of names stands for, sums resolved."""
        listed = [metric] if isinstance(metric, str) else metric
        return [n for name in listed for n in self.sums.get(name, [name])]

    def values(self, metric: str | list[str], scenario: str, at: Any) -> np.ndarray:
        """Sum of metrics in a scenario, shape (replicate,); `name/x` is x of the further file `name`."""
        which, _, plain = scenario.rpartition("/")
        if which not in self.data:
            raise _NotTestable(f"needs a second file, --with {which}=FILE")
        ds = self.data[which]
        if plain not in files.scenarios(ds):
            raise _NotTestable(f"needs the scenario {plain}")
        if at == "before last phase":
            at = self._before_last_phase(ds, plain)
        parts = []
        for name in self.names(metric):
            value = self._one(which, ds, name.removeprefix("-"), plain, at)
            parts.append(-value if name.startswith("-") else value)
        return np.sum(parts, axis=0)

    def _one(self, which: str, ds: xr.Dataset, metric: str, scenario: str, at: Any) -> np.ndarray:
        key = (which, metric, str(at))
        if key not in self.kept:
            try:
                found = level(ds, metric, tuple(at) if isinstance(at, list) else at)
            except EnforceSimError as reason:
                raise _NotTestable(str(reason)) from reason
            self.kept[key] = found.sel(replicate=self.replicates).transpose("scenario", "replicate").values
        return self.kept[key][files.scenarios(ds).index(scenario)].astype(float)

    @staticmethod
    def _before_last_phase(ds: xr.Dataset, scenario: str) -> list[float]:
        days = [p.day for p in files.phases(ds) if p.scenario == scenario]
        if not days or max(days) <= 0:
            raise _NotTestable(f"needs a scenario {scenario} with a later phase")
        return [max(days) - files.SUMMARY_DAYS, max(days)]

    def parts(self, q: Spec) -> tuple[np.ndarray, np.ndarray | None]:
        """Numerator and denominator (None: none) of a quantity, each of shape (replicate,)."""
        measure = q.get("measure", "level")
        if measure == "runs":
            return self._runs(q)
        at = q.get("at", "end" if measure == "fall" else "horizon")
        values = self.values(q["metric"], q["scenario"], at)
        if "minus" in q:
            values = values - self.values(q["metric"], q["minus"], at)
        if measure == "fall":
            before = self.values(q["metric"], q["scenario"], "day 0" if at == "last" else "before")
            return before - values, before
        if measure == "odds":
            return values, 1 - values
        if "per" in q:
            return values, self.values(q["per"]["metric"], q["per"]["scenario"], q["per"].get("at", at))
        return values, None

    def _runs(self, q: Spec) -> tuple[np.ndarray, np.ndarray]:
        """Per replicate: how many scenarios meet `where` and `among`, and how many meet `among`."""
        both = counted = 0.0
        for scenario in q["scenario"]:
            among = [self._meets(c, scenario) for c in q["among"]]
            where = [self._meets(c, scenario) for c in q["where"]]
            counted = counted + np.all(among, axis=0).astype(float)
            both = both + np.all(among + where, axis=0).astype(float)
        return np.asarray(both), np.asarray(counted)

    def _meets(self, condition: Spec, scenario: str) -> np.ndarray:
        top, bottom = self.parts({**condition, "scenario": scenario})
        with np.errstate(divide="ignore", invalid="ignore"):
            value = top if bottom is None else top / bottom
        return value >= condition["least"] if "least" in condition else value < condition["below"]


@guarded
def claims(
    ds: xr.Dataset,
    also: Mapping[str, xr.Dataset] | None = None,
    ledger: str | os.PathLike[str] | Known | None = None,
) -> pd.DataFrame:
    """Hold every claim of a ledger against the file.

    `also` gives further results files by the short names that some claims use (`unlearning`, `doubled`). `ledger` is
    a file in the form of claims.toml, which says what a claim is; without it the package's own claims are judged.
    One row per claim: id, who, verdict, says, result (the numbers in words), quote, source, origin, why, mechanisms,
    scenarios, metrics, how (to run what is missing), replicates, few (the verdict rests on an interval that is not to
    be trusted); of the test that is least sure, effect, low, high,
    relation, claimed and probability (see Test); and tests, a list with one dictionary for each. The rule is
    `.attrs["rule"]`. From a file of run.output = "summary" those claims are judged that need no moment in time.
    """
    if not isinstance(also or {}, Mapping) or not all(isinstance(d, xr.Dataset) for d in (also or {}).values()):
        raise files.EnforceSimError("also is no mapping of short names to datasets as es.open returns them")
    known = ledger if isinstance(ledger, Known) else load(ledger)
    if files.output(ds) == "quantiles":
        raise files.lacks(ds, "claims, which need every replicate")
    held = Ledger(ds, also or {}, known.sums)
    for name, other in (also or {}).items():
        if ledger is None and _same_world(ds, other):
            raise files.EnforceSimError(
                f"--with {name}: every parameter is as in the file itself; meant is what configs/claims_{name}.cfg runs"
            )
    if ledger is not None:
        everywhere = [*held.data.values()]
        metrics = {m for other in everywhere for m in files.metrics(other).index}
        check_names(known, metrics, dict.fromkeys(s for other in everywhere for s in files.scenarios(other)))
    rows = [_judge(claim, held) for claim in known.claim]
    table = pd.DataFrame(rows).set_index("id", drop=False)
    table.attrs["rule"] = RULE
    table.attrs["note"] = SINGLE if held.replicates.size == 1 else ""
    return table


def _same_world(ds: xr.Dataset, other: xr.Dataset) -> bool:
    """Whether two files have the same parameters under the policies that both have, as far as they say."""
    kept = [n for n in ds.data_vars if str(n).startswith("parameters.") and n in other]
    shared = [p for p in files.words(ds["policy"]) if p in files.words(other["policy"])] if kept else []
    return bool(shared) and all(
        np.array_equal(ds[n].sel(policy=shared).values, other[n].sel(policy=shared).values) for n in kept
    )


def _judge(claim: Spec, ledger: Ledger) -> dict[str, object]:
    tests: list[Test] = []
    missing: list[str] = []
    for spec in claim.get("test", []):
        try:
            tests.append(_test(spec, ledger))
        except _NotTestable as reason:
            missing.append(str(reason))
    answers = [t.holds for t in tests]
    if False in answers:
        verdict = "contradicted"  # one failed test decides, whatever the others lack
    elif missing or not tests:
        verdict = "not tested"
    else:
        verdict = "supported" if all(answers) else "undecided"
    missing = list(dict.fromkeys(missing))
    alone = [ALONE] if ledger.replicates.size == 1 and tests else []
    return {
        "id": claim["id"],
        "who": claim["who"],
        "verdict": verdict,
        "says": claim["says"],
        "result": "; ".join([*alone, *(t.text for t in tests), *missing]),
        "quote": claim.get("quote", ""),
        "source": claim.get("source", "Burkhalter 2012" if claim["who"] == "essay" else ""),
        "origin": claim["origin"],
        "why": claim.get("why", ""),
        "mechanisms": ", ".join(np.atleast_1d(claim["mechanisms"]).tolist()),
        "scenarios": ", ".join(dict.fromkeys(s for t in tests for s in t.scenarios)),
        "metrics": ", ".join(dict.fromkeys(m for t in tests for m in t.metrics)),
        "how": _how(claim, missing) if verdict == "not tested" else "",
        "replicates": ledger.replicates.size,
        "few": _rests_on_few(verdict, tests),
        **_deciding(tests),
        "tests": [asdict(t) | {"text": t.text} for t in tests],
    }


def _rests_on_few(verdict: str, tests: list[Test]) -> bool:
    """Whether an interval that is not to be trusted bears the verdict: of a contradicted claim, all tests that fail."""
    if verdict == "contradicted":
        return all(t.few for t in tests if t.holds is False)
    return verdict != "not tested" and any(t.few for t in tests)


def _deciding(tests: list[Test]) -> dict[str, object]:
    """Numbers of the test that is least sure to hold."""
    names = ("effect", "low", "high", "relation", "claimed", "probability")
    if not tests:
        return {n: "" if n == "relation" else np.nan for n in names}
    least = min(tests, key=lambda t: t.probability if np.isfinite(t.probability) else 2.0)
    return {n: getattr(least, n) for n in names}


def _how(claim: Spec, missing: list[str]) -> str:
    """What to run for a claim that was not tested."""
    start = "needs the scenario "
    scenarios = sorted({m.removeprefix(start) for m in missing if m.startswith(start)})
    others = [m for m in missing if not m.startswith(start) and "--with" not in m]
    if others and "how" not in claim:
        return "; ".join(others)
    if others and not scenarios:
        return "; ".join(others) if "--with" not in " ".join(missing) else "; ".join([*others, claim["how"]])
    if "how" in claim:
        return str(claim["how"])
    if not scenarios:
        return "; ".join(missing)
    listed = " and ".join(scenarios)
    what, policies = ("scenario", "policy") if len(scenarios) == 1 else ("scenarios", "policies")
    return f"add the {what} {listed} to the study; configs/policies.cfg has the {policies} of that name"


def _test(spec: Spec, ledger: Ledger) -> Test:
    both = [spec["left"]] + ([spec["right"]] if "right" in spec else [])
    parts = [ledger.parts(side) for side in both]
    arrays = [a for pair in parts for a in pair if a is not None]
    kept = np.all([np.isfinite(a) for a in arrays], axis=0)
    if not kept.any():
        raise _NotTestable("undefined in every replicate")
    pseudo: list[np.ndarray] = []
    for top, bottom in parts:
        below = None if bottom is None else bottom[kept]
        if below is not None and below.sum() == 0:
            raise _NotTestable("nothing to divide by: " + _what(both[len(pseudo)]))
        pseudo.append(pseudovalues(top[kept], below))
    if not all(np.isfinite(p).all() for p in pseudo):
        raise _NotTestable("one replicate alone has what is to be divided by")
    wanted, factor = spec.get("value", 0.0), spec.get("factor", 1.0)
    margin = pseudo[0] - (factor * pseudo[1] if len(pseudo) > 1 else wanted)
    margin = margin if spec["is"] in ("at least", "more than") else -margin
    e = estimate(margin)
    tie = 1e-12 * max(1.0, float(np.abs(pseudo[0]).max()))  # equality as far as rounding can tell
    if spec["is"] in ("at least", "at most"):
        tie = -tie  # equality satisfies these
    holds = True if e.low >= tie else False if e.high < tie else None
    dropped = int((~kept).sum())
    note = f" [{dropped} replicates without a value left out]" if dropped else ""
    note += " ?" if e.few else ""
    what, shown, claimed = _shown(spec, both, pseudo)
    metrics = tuple(n for s in both for n in _metrics(s, ledger))
    relation = str(spec["is"])
    return Test(
        holds, what, shown.mean, shown.low, shown.high, relation, claimed, sure(margin, tie), e.few, note,
        _scenarios(both), metrics,
    )  # fmt: skip


def sure(values: np.ndarray, least: float = 0.0) -> float:
    """Confidence that the mean behind independent values, shape (replicate,), is at least `least`; NaN for one value.

    What compare.probability_below leaves; where all values are the same, they decide.
    """
    if values.size > 1 and np.ptp(values) == 0:
        return float(values[0] >= least)
    return 1 - probability_below(values - least)


def _scenarios(sides: list[Spec]) -> tuple[str, ...]:
    return tuple(s for side in sides for s in np.atleast_1d(side["scenario"]).tolist() + [side.get("minus")] if s)


def _metrics(side: Spec, ledger: Ledger) -> list[str]:
    if "metric" not in side:
        return [c["metric"] for c in side["where"] + side["among"]]
    named = ledger.names(side["metric"]) + (ledger.names(side["per"]["metric"]) if "per" in side else [])
    return [n.removeprefix("-") for n in named]


def _shown(spec: Spec, both: list[Spec], pseudo: list[np.ndarray]) -> tuple[str, Estimate, float]:
    """What is shown of a test: its name, level or ratio (else difference) with its interval, and what was claimed."""
    left = estimate(pseudo[0])
    if len(both) == 1:
        return f"{_what(both[0])} in {_where(both[0])}", left, float(spec["value"])
    right, factor = estimate(pseudo[1]), float(spec.get("factor", 1.0))
    low, high = fieller(*pseudo)
    pair = f"{_what(both[0])}, {_where(both[0])} over {_where(both[1])}"
    if _what(both[0]) != _what(both[1]):
        pair = f"{_what(both[0])} over {_what(both[1])}, {_where(both[0])}"
    if right.mean > 0 and (left.n == 1 or np.isfinite(low)):
        return pair, Estimate(left.mean / right.mean, low, high, left.n), factor
    gap = estimate(pseudo[0] - factor * pseudo[1])
    return pair.replace(" over ", f" less {factor:g} times " if factor != 1 else " less "), gap, 0.0


def percent(probability: float) -> str:
    """A probability in per cent, never rounded to a certainty that it is not."""
    if not np.isfinite(probability):
        return "–"
    shown = 100 * probability
    return "< 0.1 %" if shown < 0.1 else "> 99.9 %" if shown > 99.9 else f"{shown:.1f} %"


def _range(low: float, high: float) -> str:
    if not np.isfinite(low):
        return " [no interval]"
    half = (high - low) / 2
    return f" [{_fine(low, half)}, {_fine(high, half)}]"


def _fine(value: float, half: float) -> str:
    """A number with two of its interval's digits in every case: verdicts turn on them."""
    return number(value, half) if f"{half:e}" < "3.5" or not half > 0 else number(value, half / 4)


def _what(side: Spec) -> str:
    if side.get("measure") == "runs":
        return "share of runs"
    what = _plus(side["metric"])
    if "per" in side:
        what = f"{what} per {_plus(side['per']['metric'])}"
    return {"fall": "fall of ", "odds": "odds of "}.get(side.get("measure", ""), "") + what


def _plus(metric: str | list[str]) -> str:
    return " + ".join(np.atleast_1d(metric).tolist()).replace("+ -", "− ")


def _where(side: Spec) -> str:
    names = " and ".join(np.atleast_1d(side["scenario"]).tolist())
    if "minus" in side:
        names = f"({names} less {side['minus']})"
    at = side.get("at", "horizon")
    if isinstance(at, list):
        return f"{names} (days {at[0]} to {at[1]})"
    return names + {"before": " (before)", "before last phase": " (before the last phase)"}.get(at, "")


#: Whose claims they are, in the order in which they are shown; those of others follow under their names.
SIDES = {"essay": "The essay's claims", "critics": "Its critics' claims"}


def sides(table: pd.DataFrame) -> dict[str, str]:
    """Those who claim something in the table, with a heading for each."""
    there = [*dict.fromkeys(table.who)]
    return {w: h for w, h in SIDES.items() if w in there} | {w: f"Claims of {w}" for w in there if w not in SIDES}


def listing(table: pd.DataFrame, width: int = 120) -> str:
    """The verdicts as text, the essay's claims first, then its critics'."""
    out = []
    for who, title in sides(table).items():
        out += ["", files.text(title).upper(), "─" * width]
        for row in table[table.who == who].itertuples():
            head = f"{files.text(row.id):<5} " + f"{row.verdict.upper() + (' ?' if row.few else ''):<14}".ljust(15)
            out += textwrap.wrap(files.text(row.says), width, initial_indent=head, subsequent_indent=" " * 21)
            details = [row.result] if row.verdict != "not tested" else [row.how or row.result]
            if row.origin != "emergent":
                details.append(f"{row.origin}: {row.why}")
            elif row.why:
                details.append(row.why)
            for detail in filter(None, map(files.text, details)):
                out += textwrap.wrap(detail, width, initial_indent=" " * 21, subsequent_indent=" " * 23)
    out += ["", *textwrap.wrap(counted(table), width), *textwrap.wrap(RULE, width)]
    if table.attrs.get("note"):
        out.append(f"Note: {table.attrs['note']}; nothing can be supported or contradicted.")
    return "\n".join(out).lstrip("\n") + "\n"


def counted(table: pd.DataFrame) -> str:
    """How many claims of each side got which verdict, in one sentence."""
    parts = []
    for who in sides(table):
        name = {"essay": "The essay", "critics": "its critics"}.get(who, files.text(who))
        counts = table[table.who == who].verdict.value_counts()
        shown = ", ".join(f"{counts[v]} {v}" for v in VERDICTS if v in counts)
        parts.append(f"{name}: {shown}")
    return "; ".join(parts) + "."

"""The essay's and its critics' claims (claims.toml), held against a results file by a stated rule."""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from . import files
from .compare import FEW, SINGLE, estimate, fieller, flat, level, pseudovalues
from .files import EnforceSimError
from .table import number

VERDICTS = ("supported", "contradicted", "undecided", "not tested")
RULE = (
    "Rule: each test compares two quantities. Where the whole 95 % interval over replicates lies on the "
    "claimed side, the test holds; where it lies wholly on the other side, it fails; else it is "
    "undecided. A claim is contradicted when a test fails, supported when all hold, undecided otherwise. "
    "Verdicts hold for this file's parameters: the intervals carry the luck of the draw, not the doubt "
    "about parameters, for which the study must be run over their ranges."
)

Spec = Mapping[str, Any]


class _NotTestable(Exception):
    """What a test lacks, in words."""


@dataclass(frozen=True)
class Test:
    """Outcome of one test: does it hold (None: undecided), and its numbers in words."""

    holds: bool | None
    text: str
    scenarios: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()


class Ledger:
    """A file, further files under short names, and the sums that claims may refer to."""

    def __init__(self, ds: xr.Dataset, also: Mapping[str, xr.Dataset], sums: Mapping[str, list[str]]) -> None:
        self.data = {"": flat(ds)} | {name: flat(other) for name, other in also.items()}
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


def load() -> dict[str, Any]:
    """The claims and sums of claims.toml."""
    return tomllib.loads(resources.files("enforcesim").joinpath("claims.toml").read_text("utf-8"))


def claims(ds: xr.Dataset, also: Mapping[str, xr.Dataset] | None = None) -> pd.DataFrame:
    """Hold every claim against the file.

    `also` gives further results files by the short names that some claims use (`unlearning`, `doubled`).
    One row per claim: id, who, verdict, says, result (the numbers), quote, source, origin, why, mechanisms,
    scenarios, metrics, how (to run what is missing), replicates. The rule is `.attrs["rule"]`.
    """
    known = load()
    ledger = Ledger(ds, also or {}, known["sums"])
    rows = [_judge(claim, ledger) for claim in known["claim"]]
    table = pd.DataFrame(rows).set_index("id", drop=False)
    table.attrs["rule"] = RULE
    table.attrs["note"] = SINGLE if ledger.replicates.size == 1 else ""
    return table


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
    result = [t.text for t in tests] + list(dict.fromkeys(missing))
    return {
        "id": claim["id"],
        "who": claim["who"],
        "verdict": verdict,
        "says": claim["says"],
        "result": "; ".join(result),
        "quote": claim.get("quote", ""),
        "source": claim.get("source", "Burkhalter 2012" if claim["who"] == "essay" else ""),
        "origin": claim["origin"],
        "why": claim.get("why", ""),
        "mechanisms": ", ".join(claim["mechanisms"]),
        "scenarios": ", ".join(dict.fromkeys(s for t in tests for s in t.scenarios)),
        "metrics": ", ".join(dict.fromkeys(m for t in tests for m in t.metrics)),
        "how": _how(claim, missing) if verdict == "not tested" else "",
        "replicates": ledger.replicates.size,
    }


def _how(claim: Spec, missing: list[str]) -> str:
    if "how" in claim:
        return claim["how"]
    scenarios = sorted({m.removeprefix("needs the scenario ") for m in missing if m.startswith("needs the scenario ")})
    if not scenarios:
        return ""
    listed = " and ".join(scenarios)
    what, policies = ("scenario", "policy") if len(scenarios) == 1 else ("scenarios", "policies")
    return f"add the {what} {listed} to the study; configs/policies.cfg has the {policies} of that name"


def _test(spec: Spec, ledger: Ledger) -> Test:
    sides = [spec["left"]] + ([spec["right"]] if "right" in spec else [])
    parts = [ledger.parts(side) for side in sides]
    arrays = [a for pair in parts for a in pair if a is not None]
    kept = np.all([np.isfinite(a) for a in arrays], axis=0)
    if not kept.any():
        raise _NotTestable("undefined in every replicate")
    pseudo: list[np.ndarray] = []
    for top, bottom in parts:
        below = None if bottom is None else bottom[kept]
        if below is not None and below.sum() == 0:
            raise _NotTestable("nothing to divide by: " + _what(sides[len(pseudo)]))
        pseudo.append(pseudovalues(top[kept], below))
    if not all(np.isfinite(p).all() for p in pseudo):
        raise _NotTestable("one replicate alone has what is to be divided by")
    wanted, factor = spec.get("value", 0.0), spec.get("factor", 1.0)
    margin = pseudo[0] - (factor * pseudo[1] if len(pseudo) > 1 else wanted)
    e = estimate(margin if spec["is"] in ("at least", "more than") else -margin)
    tie = 1e-12 * max(1.0, float(np.abs(pseudo[0]).max()))  # equality as far as rounding can tell
    if spec["is"] in ("at least", "at most"):
        tie = -tie  # equality satisfies these
    holds = True if e.low >= tie else False if e.high < tie else None
    text = _words(spec, sides, pseudo, int((~kept).sum()))
    if e.few:
        text += f" [{FEW}: interval not to be trusted]"
    return Test(holds, text, _scenarios(sides), tuple(n for s in sides for n in _metrics(s, ledger)))


def _scenarios(sides: list[Spec]) -> tuple[str, ...]:
    return tuple(s for side in sides for s in np.atleast_1d(side["scenario"]).tolist() + [side.get("minus")] if s)


def _metrics(side: Spec, ledger: Ledger) -> list[str]:
    if "metric" not in side:
        return [c["metric"] for c in side["where"] + side["among"]]
    named = ledger.names(side["metric"]) + (ledger.names(side["per"]["metric"]) if "per" in side else [])
    return [n.removeprefix("-") for n in named]


def _words(spec: Spec, sides: list[Spec], pseudo: list[np.ndarray], dropped: int) -> str:
    """Put a test's numbers into words: level or ratio, its interval, and what was claimed."""
    left, claimed = estimate(pseudo[0]), f"claimed: {spec['is']}"
    if len(sides) == 1:
        shown = _fine(left.mean, left.half) + _range(left.low, left.high)
        text = f"{_what(sides[0])} in {_where(sides[0])}: {shown} ({claimed} {spec['value']:g})"
    else:
        right, factor = estimate(pseudo[1]), spec.get("factor", 1.0)
        low, high = fieller(*pseudo)
        pair = f"{_what(sides[0])}, {_where(sides[0])} over {_where(sides[1])}"
        if _what(sides[0]) != _what(sides[1]):
            pair = f"{_what(sides[0])} over {_what(sides[1])}, {_where(sides[0])}"
        if right.mean > 0 and (left.n == 1 or np.isfinite(low)):
            ratio = left.mean / right.mean
            text = f"{pair}: {_fine(ratio, (high - low) / 2)}{_range(low, high)} ({claimed} {factor:g})"
        else:
            gap = estimate(pseudo[0] - factor * pseudo[1])
            shown = _fine(gap.mean, gap.half) + _range(gap.low, gap.high)
            pair = pair.replace(" over ", f" less {factor:g} times " if factor != 1 else " less ")
            text = f"{pair}: {shown} ({claimed} 0)"
    return text + (f" [{dropped} replicates without a value left out]" if dropped else "")


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


def listing(table: pd.DataFrame, width: int = 120) -> str:
    """The verdicts as text, the essay's claims first, then its critics'."""
    out = []
    for who, title in (("essay", "THE ESSAY'S CLAIMS"), ("critics", "ITS CRITICS' CLAIMS")):
        out += ["", title, "─" * width]
        for row in table[table.who == who].itertuples():
            head = f"{row.id:<5}{row.verdict.upper():<14}"
            out += textwrap.wrap(row.says, width, initial_indent=head, subsequent_indent=" " * 19)
            details = [row.result] if row.verdict != "not tested" else [row.how or row.result]
            if row.origin != "emergent":
                details.append(f"{row.origin}: {row.why}")
            elif row.why:
                details.append(row.why)
            for detail in filter(None, details):
                out += textwrap.wrap(detail, width, initial_indent=" " * 19, subsequent_indent=" " * 21)
    out += ["", *textwrap.wrap(counted(table), width), *textwrap.wrap(RULE, width)]
    if table.attrs.get("note"):
        out.append(f"Note: {table.attrs['note']}; nothing can be supported or contradicted.")
    return "\n".join(out).lstrip("\n") + "\n"


def counted(table: pd.DataFrame) -> str:
    """How many claims of each side got which verdict, in one sentence."""
    parts = []
    for who, name in (("essay", "The essay"), ("critics", "its critics")):
        counts = table[table.who == who].verdict.value_counts()
        shown = ", ".join(f"{counts[v]} {v}" for v in VERDICTS if v in counts)
        parts.append(f"{name}: {shown}")
    return "; ".join(parts) + "."

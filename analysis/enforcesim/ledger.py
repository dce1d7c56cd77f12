"""Claims as data: reading a ledger such as claims.toml, and saying clearly what is wrong with one."""

from __future__ import annotations

import difflib
import math
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from .files import EnforceSimError, text

Spec = Mapping[str, Any]

RELATIONS = ("at least", "at most", "more than", "less than")
ORIGINS = ("emergent", "partly built in", "built in")
MEASURES = ("level", "fall", "odds", "runs")
MOMENTS = ("horizon", "summary", "before", "end", "day 0", "last", "before last phase")

#: Keys that a table may have; those that it must have come first, after them a None.
KEYS: dict[str, tuple[str | None, ...]] = {
    "ledger": ("claim", None, "sums", "scenarios", "mechanisms"),
    "claim": ("id", "who", "says", "mechanisms", "origin", None, "quote", "source", "why", "how", "test"),
    "test": ("left", "is", None, "right", "value", "factor"),
    "quantity": ("metric", "scenario", None, "at", "measure", "minus", "per"),
    "per": ("metric", "scenario", None, "at"),
    "runs": ("measure", "scenario", "where", "among", None),
    "condition": ("metric", None, "at", "measure", "least", "below"),
}
#: Longest ledger that is read, in bytes.
LARGEST = 1 << 20


@dataclass
class Known:
    """A ledger that has been checked: its claims, its sums, and every name that they use, by claim."""

    claim: list[Spec]
    sums: Mapping[str, list[str]]
    path: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)
    scenarios: frozenset[str] = frozenset()
    mechanisms: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> Any:
        """The claims as ["claim"], the sums as ["sums"]."""
        return getattr(self, name)

    def wrong(self, claim: Spec, what: str) -> EnforceSimError:
        """The error that something is wrong with a claim."""
        return EnforceSimError(f"{_place(self.path, self.lines.get(claim['id']))}: claim {claim['id']}: {what}")


class _Wrong(Exception):
    """What is wrong in a table of a ledger, and what is allowed."""


def load(path: str | os.PathLike[str] | None = None) -> Known:
    """Read and check a ledger: the package's own claims.toml, or another in the same form.

    Another ledger may use the sums and mechanisms of claims.toml and add its own. Raises EnforceSimError, with the
    file, the line and the claim, when it is not in that form.
    """
    own = resources.files("enforcesim").joinpath("claims.toml").read_text("utf-8")
    if path is not None and not isinstance(path, (str, os.PathLike)):
        raise EnforceSimError(f"ledger is of type {type(path).__name__}; allowed: the path of a file")
    if path is None:
        return _checked(own, "claims.toml", {}, frozenset())
    shipped = _checked(own, "claims.toml", {}, frozenset())
    return _checked(_read(path), text(os.fspath(path)), shipped.sums, shipped.mechanisms)


def _read(path: str | os.PathLike[str]) -> str:
    try:
        with Path(path).open("rb") as file:
            whole = file.read(LARGEST + 1)
        if len(whole) > LARGEST:
            raise EnforceSimError(f"{text(os.fspath(path))}: no ledger of claims: larger than {LARGEST:,} bytes")
        return whole.decode("utf-8")
    except OSError as reason:
        raise EnforceSimError(f"{text(os.fspath(path))}: cannot be read ({reason.strerror})") from reason
    except UnicodeDecodeError as reason:
        raise EnforceSimError(f"{text(os.fspath(path))}: no ledger of claims: not UTF-8 text") from reason


def _place(path: str, line: int | None) -> str:
    return f"{path}:{line}" if line else path


def _checked(whole: str, path: str, sums: Mapping[str, list[str]], mechanisms: frozenset[str]) -> Known:
    try:
        read = tomllib.loads(whole)
    except (tomllib.TOMLDecodeError, RecursionError) as reason:
        at = re.search(r" \(at line (\d+), column \d+\)$", str(reason))
        said = str(reason)[: at.start()] if at else str(reason) or type(reason).__name__
        raise EnforceSimError(f"{_place(path, int(at[1]) if at else None)}: not TOML: {text(said)}") from reason
    starts = [i for i, line in enumerate(whole.splitlines(), 1) if re.match(r"\s*\[\[\s*claim\s*\]\]", line)]
    try:
        _keys(read, "ledger", "the ledger")
        sums = {**sums, **_sums(read.get("sums", {}))}
        declared = _names(read["scenarios"], "scenarios") if "scenarios" in read else []
        mechanisms = mechanisms.union(_names(read["mechanisms"], "mechanisms") if "mechanisms" in read else [])
        if not isinstance(read["claim"], list) or not read["claim"]:
            raise _Wrong("claim must be tables, each under a line [[claim]]")
    except _Wrong as reason:
        raise EnforceSimError(f"{path}: {text(reason)}") from reason
    lines: dict[str, int] = {}
    for i, claim in enumerate(read["claim"]):
        line = starts[i] if len(starts) == len(read["claim"]) else None
        try:
            name = (
                f"claim {text(claim['id'])}" if isinstance(claim, dict) and "id" in claim else f"claim number {i + 1}"
            )
            _claim(claim)
            _known_mechanisms(claim, mechanisms)
            if claim["id"] in lines:
                raise _Wrong(f"another claim has this id (line {lines[claim['id']]}); ids must differ")
        except _Wrong as reason:
            raise EnforceSimError(f"{_place(path, line)}: {name}: {text(reason)}") from reason
        lines[claim["id"]] = line or 0
    return Known(read["claim"], sums, path, lines, frozenset(declared), mechanisms)


# ---- tables ----


def _keys(table: object, kind: str, where: str) -> None:
    if not isinstance(table, dict):
        raise _Wrong(f"{where} must be a table of {_listed(k for k in KEYS[kind] if k)}")
    allowed = [k for k in KEYS[kind] if k]
    for key in table:
        if key not in allowed:
            raise _Wrong(f"unknown key {key!r} in {where}{nearly(key, allowed)}; allowed: {_listed(allowed)}")
    for key in KEYS[kind][: KEYS[kind].index(None)]:
        if key not in table:
            raise _Wrong(f"{where} lacks {key!r}")


def nearly(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` where a known name is nearly the word, else nothing."""
    close = difflib.get_close_matches(word, [*known], 1, 0.75)
    return f"; did you mean {close[0]!r}?" if close else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _words(table: Spec, key: str, allowed: tuple[str, ...] = ()) -> None:
    value = table[key]
    if not isinstance(value, str) or not value.strip():
        raise _Wrong(f"{key} must be text, not {value!r}"[:200])
    if allowed and value not in allowed:
        raise _Wrong(f"{key} is {value!r}{nearly(value, allowed)}; allowed: {_listed(allowed)}"[:400])


def _number(table: Spec, key: str) -> None:
    value = table[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _Wrong(f"{key} must be a finite number, not {value!r}"[:200])


def _names(value: object, where: str) -> list[str]:
    """A name or a list of names."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed or not all(isinstance(n, str) and n.strip("- ") for n in listed):
        raise _Wrong(f"{where} must be a name or a list of names, not {value!r}"[:200])
    return listed


def _sums(sums: object) -> dict[str, list[str]]:
    if not isinstance(sums, dict):
        raise _Wrong("sums must be a table: name = [metrics added up]")
    return {name: _names(value, f"sums.{name}") for name, value in sums.items()}


def _claim(claim: object) -> None:
    _keys(claim, "claim", "the claim")
    assert isinstance(claim, dict)
    for key in ("id", "who", "says"):
        _words(claim, key)
    for key in ("quote", "source", "why", "how"):
        if key in claim:
            _words(claim, key)
    _words(claim, "origin", ORIGINS)
    _names(claim["mechanisms"], "mechanisms")
    if "quote" not in claim and "source" not in claim:
        raise _Wrong("the claim needs a quote or a source")
    if "test" not in claim and "how" not in claim:
        raise _Wrong("the claim needs a [[claim.test]], or how it could be tested")
    tests = claim.get("test", [])
    if not isinstance(tests, list):
        raise _Wrong("test must be tables, each under a line [[claim.test]]")
    for test in tests:
        _test(test)


def _known_mechanisms(claim: Spec, known: frozenset[str]) -> None:
    folded = {name.casefold() for name in known}
    for name in _names(claim["mechanisms"], "mechanisms"):
        if name.casefold() not in folded:
            raise _Wrong(
                f"no mechanism {name!r}{nearly(name, known)}; allowed: {_few(sorted(known))}; "
                'declare others at the top of the ledger: mechanisms = ["…"]'
            )


def _test(test: object) -> None:
    _keys(test, "test", "a test")
    assert isinstance(test, dict)
    _words(test, "is", RELATIONS)
    if ("value" in test) == ("right" in test):
        raise _Wrong("a test needs either value or right")
    if "factor" in test and "right" not in test:
        raise _Wrong("factor multiplies right, which the test lacks; allowed beside value: left, is")
    for key in ("value", "factor"):
        if key in test:
            _number(test, key)
    for side in ("left", "right"):
        if side in test:
            _quantity(test[side], side)


def _quantity(q: object, where: str) -> None:
    if isinstance(q, dict) and q.get("measure") == "runs":
        return _runs(q, where)
    _keys(q, "quantity", where)
    assert isinstance(q, dict)
    _quantities_common(q, where)
    for key in ("scenario", "minus"):
        if key in q:
            _words(q, key)
    if "per" in q:
        _keys(q["per"], "per", f"per of {where}")
        _names(q["per"]["metric"], "metric of per")
        _words(q["per"], "scenario")
        _at(q["per"], f"per of {where}")
        if q.get("measure", "level") != "level":
            raise _Wrong(f'per goes with measure = "level" only, not {q["measure"]!r}')
    return None


def _quantities_common(q: Spec, where: str) -> None:
    _names(q["metric"], f"metric of {where}")
    _at(q, where)
    if "measure" in q:
        _words(q, "measure", MEASURES)


def _at(q: Spec, where: str) -> None:
    if "at" not in q:
        return
    at = q["at"]
    if isinstance(at, list):
        if len(at) != 2 or any(isinstance(d, bool) or not isinstance(d, (int, float)) for d in at) or not at[0] < at[1]:
            raise _Wrong(f"at of {where} must be two days, the first before the last, not {at!r}"[:200])
        return
    _words(q, "at", MOMENTS)


def _runs(q: Spec, where: str) -> None:
    _keys(q, "runs", where)
    _names(q["scenario"], f"scenario of {where}")
    for part in ("where", "among"):
        if not isinstance(q[part], list) or not q[part]:
            raise _Wrong(f"{part} of {where} must be a list of conditions")
        for condition in q[part]:
            _keys(condition, "condition", f"a condition of {part}")
            _quantities_common(condition, part)
            if condition.get("measure") == "runs" or ("least" in condition) == ("below" in condition):
                raise _Wrong(f"a condition of {part} needs either least or below, and a measure other than runs")
            _number(condition, "least" if "least" in condition else "below")


# ---- names ----


def names_of(claim: Spec) -> tuple[list[str], list[str]]:
    """Metrics (or sums) and scenarios that a claim names, in order, without signs."""
    metrics: list[str] = []
    scenarios: list[str] = []

    def take(q: Spec) -> None:
        for key, store in (("metric", metrics), ("scenario", scenarios), ("minus", scenarios)):
            if key in q:
                store += [q[key]] if isinstance(q[key], str) else q[key]
        for part in [q["per"]] if "per" in q else [*q.get("where", []), *q.get("among", [])]:
            take(part)

    for test in claim.get("test", []):
        for side in ("left", "right"):
            if side in test:
                take(test[side])
    return [*dict.fromkeys(m.removeprefix("-") for m in metrics)], [*dict.fromkeys(scenarios)]


def check_names(known: Known, metrics: Iterable[str], scenarios: Iterable[str]) -> None:
    """Refuse a name that neither the file nor the package's own ledger has: it is most likely spelled wrong.

    A scenario of another file may be declared at the ledger's top, scenarios = ["name"].
    """
    own = load()
    summed = {m.removeprefix("-") for listed in own.sums.values() for m in listed}
    for claim in own.claim:
        summed |= set(names_of(claim)[0]) - set(own.sums)
    told = {s.rpartition("/")[2] for claim in own.claim for s in names_of(claim)[1]}
    metrics, scenarios = {*metrics}, [*scenarios]
    for claim in known.claim:
        named, compared = names_of(claim)
        for name in (m.removeprefix("-") for n in named for m in known.sums.get(n, [n])):
            if name not in metrics | summed:
                allowed = sorted(metrics | set(known.sums))
                raise known.wrong(claim, f"no metric or sum {name!r}{nearly(name, allowed)}; allowed: {_few(allowed)}")
        for name in (s.rpartition("/")[2] for s in compared):
            if name not in scenarios and name not in told | known.scenarios:
                hint = nearly(name, [*scenarios, *sorted(told)])
                raise known.wrong(
                    claim,
                    f"no scenario {name!r}{hint}; the file has {_listed(scenarios)}; "
                    'declare others at the top of the ledger: scenarios = ["…"]',
                )


def _few(names: list[str], most: int = 12) -> str:
    return _listed(names) if len(names) <= most else f"{_listed(names[:most])} and {len(names) - most} more"

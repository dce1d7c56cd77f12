"""The tables of rules, tests/rules_*.toml, beside the code: no rule of chance without a test of its distribution."""

from __future__ import annotations

import functools
import re
import tomllib
from typing import Any

import pytest
from conftest import ROOT

TABLES = [ROOT / "tests" / f"rules_{part}.toml" for part in ("persons", "offenders")]
MODELS = ROOT / "models"
KEYS = {"rule": str, "file": str, "section": str, "form": str, "tests": list, "purposes": list}


@functools.cache
def rules() -> list[dict[str, Any]]:
    return [row for table in TABLES if table.exists() for row in tomllib.loads(table.read_text())["rule"]]


def purposes() -> list[str]:
    """The purposes of randomness, from the one enumeration that there is."""
    inside = re.search(r"enum purpose \{(.*?)\}", (MODELS / "world.h").read_text(), re.DOTALL)
    assert inside
    named = re.findall(r"\b(?:LINE|DRAW)_\w+", inside[1])
    assert named.pop() == "DRAW_PURPOSES"
    return named


def code_of(name: str) -> str:
    """A source without its comments."""
    return re.sub(r"/\*.*?\*/", "", (MODELS / name).read_text(), flags=re.DOTALL)


@functools.cache
def uses() -> set[tuple[str, str]]:
    """(purpose, file of models/ that draws for it)."""
    files = [path.name for path in MODELS.glob("*.[ch]") if path.name != "world.h"]
    return {(purpose, name) for name in files for purpose in re.findall(r"\b(?:LINE|DRAW)_\w+", code_of(name))}


@functools.cache
def run_by(program: str) -> frozenset[str]:
    """The tests that a program both defines and runs."""
    path = ROOT / "tests" / f"{program}.c"
    text = path.read_text() if path.exists() else ""
    defined = set(re.findall(r"^static void (\w+)\(void \*\*state\)", text, re.MULTILINE))
    return frozenset(defined & set(re.findall(r"\bcmocka_unit_test\((\w+)\)", text)))


def test_every_row_is_complete():
    headings = re.findall(r"^#+ (\d[\d.]*?)\.? ", (MODELS / "ODD.md").read_text(), re.MULTILINE)
    names = [row["rule"] for row in rules()]
    assert len(names) == len(set(names))
    for row in rules():
        assert set(row) | {"purposes"} == set(KEYS), row["rule"]
        assert all(isinstance(value, KEYS[key]) and value for key, value in row.items()), row["rule"]
        assert (MODELS / row["file"]).exists(), row["rule"]
        assert row["section"] in headings, f"{row['rule']}: the ODD has no section {row['section']}"


def test_every_test_named_exists_and_runs():
    for row in rules():
        for name in row["tests"]:
            program, _, test = name.partition(":")
            assert test in run_by(program), f"{row['rule']}: {name}"


def test_every_purpose_named_is_drawn_in_that_file():
    for row in rules():
        for purpose in row.get("purposes", []):
            assert (purpose, row["file"]) in uses(), f"{row['rule']}: {purpose}"


def test_every_purpose_has_a_rule_with_a_test():
    missing = [table.name for table in TABLES if not table.exists()]
    if missing:
        pytest.skip(f"not there yet: {', '.join(missing)}")
    claimed = {(purpose, row["file"]) for row in rules() for purpose in row.get("purposes", [])}
    assert set(purposes()) == {purpose for purpose, _ in uses()}  # each is drawn for, and none is of no enumeration
    assert sorted(uses() - claimed) == []


def test_every_sub_model_has_a_rule():
    if not all(table.exists() for table in TABLES):
        pytest.skip("one of the tables is not there yet")
    stepping = re.compile(r"^\s*\.(step|start) = ", re.MULTILINE)
    submodels = {path.stem for path in MODELS.glob("*.c") if stepping.search(code_of(path.name))}
    files = {row["file"].removesuffix(".c") for row in rules()}
    assert submodels <= files | {name.partition("_")[0] for name in files}  # police_sweeps.c is a part of police.c

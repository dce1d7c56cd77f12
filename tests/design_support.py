"""What tests of designs share: drawing one, reading it again, and parameters of the unit interval."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from conftest import ROOT

CONFIG = ROOT / "configs" / "essay.cfg"
# Four real parameters whose own ranges do not matter here: the prior below gives them the unit interval.
FOUR = ["health.backlash_own", "police.leak", "fear.swept", "venues.minor_share"]


def head(path: Path) -> list[str]:
    return [line[2:] for line in path.read_text().splitlines() if line.startswith("# ")]


def read(path: Path) -> tuple[dict, pd.DataFrame]:
    """SALib's problem and the points, as the README does it."""
    problem = next(json.loads(line.removeprefix("problem: ")) for line in head(path) if line.startswith("problem: "))
    return problem, pd.read_csv(path, comment="#")


def unit_prior(folder: Path, names: list[str]) -> Path:
    groups: dict[str, list[str]] = {}
    for path in names:
        group, _, name = path.partition(".")
        groups.setdefault(group, []).append(f'{name} : {{ distribution = "uniform"; minimum = 0; maximum = 1; }};')
    text = "\n".join(f"{group} : {{ {' '.join(rows)} }};" for group, rows in groups.items())
    prior = folder / "unit.cfg"
    prior.write_text(f"priors : {{\n{text}\n}};\n")
    return prior


@pytest.fixture
def draw(program, tmp_path):
    """Draws a design, which must succeed without a warning, and returns its path."""

    def call(method: str, n: int, *arguments: object, name: str = "design.csv", config: Path = CONFIG) -> Path:
        out = tmp_path / name
        done = program("design", method, config, "-n", n, "-o", out, *arguments)
        assert done.returncode == 0, done.stderr
        assert done.stderr.startswith(f"wrote {out}: "), done.stderr
        return out

    return call

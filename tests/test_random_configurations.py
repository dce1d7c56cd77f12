"""Any valid configuration runs: parameters and levers drawn at random within their ranges, ends included.

The program verifies its world every day here (as DEBUG=1 builds it) and stops with a message where an invariant fails:
persons conserved, no seat taken twice, everything within its bounds. And for each the numbers make sense, and are the
same on one thread and on two.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import PROGRAM, ROOT, effort
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from metamorphic_support import Results, groups, that_verifies_every_day, written

pytestmark = [pytest.mark.verify, pytest.mark.slow]

ROWS = json.loads(
    subprocess.run([PROGRAM, "params", "--format", "json"], capture_output=True, text=True, check=True).stdout
)
METRICS = json.loads(
    subprocess.run([PROGRAM, "metrics", "--format", "json"], capture_output=True, text=True, check=True).stdout
)
# What a world may not exceed here, for speed alone.
SIZES = {
    "region.cities": 3, "region.venues": 16, "region.districts": 4, "region.traffickers": 12,
    "region.officers_per_district": 12, "survey.survey_venues": 60,
}  # fmt: skip
UNBOUNDED = {"price_factor", "officer_tenure"}  # of the metrics that are shares or means


def value(row: dict) -> st.SearchStrategy:
    """Anything allowed, its ends often."""
    if row["type"] == "flag":
        return st.booleans()
    if row["type"] == "choice":
        return st.sampled_from(row["choices"].split("|") if "choices" in row else ["dual", "single"])
    low, high = row["minimum"], min(row["maximum"], SIZES.get(row["path"], row["maximum"]))
    if row["type"] == "whole":
        return st.sampled_from([int(low), int(high)]) | st.integers(int(low), int(high))
    return st.sampled_from([float(low), float(high)]) | st.floats(low, high, allow_subnormal=False)


VALUES = {row["path"]: value(row) for row in ROWS if not row["path"].startswith("run.")}
LEVERS = {path: strategy for path, strategy in VALUES.items() if path.startswith("policy.")}
WORLD = {path: strategy for path, strategy in VALUES.items() if path not in LEVERS}


def some(of: dict[str, st.SearchStrategy]) -> st.SearchStrategy[dict[str, object]]:
    chosen = st.lists(st.sampled_from(sorted(of)), unique=True, max_size=25)
    return chosen.flatmap(lambda paths: st.fixed_dictionaries({path: of[path] for path in paths}))


@st.composite
def configurations(draw) -> str:
    world = {"region.venues": 8, "region.districts": 2, "region.traffickers": 6, "region.officers_per_district": 6}
    world |= draw(some(WORLD))
    world["region.districts"] = min(world["region.districts"], world["region.venues"])
    low, high = world.get("region.access_minimum", 0.5), world.get("region.access_maximum", 0.9)
    world["region.access_minimum"], world["region.access_maximum"] = sorted((low, high))
    horizon = draw(st.integers(1, 40))
    run = {
        "name": "any", "seed": draw(st.integers(0, 2**31 - 1)), "replicates": 2, "burn_in": draw(st.integers(0, 30)),
        "horizon": horizon, "record_every": draw(st.integers(1, 50)), "baseline": draw(st.sampled_from(["a", "b"])),
    }  # fmt: skip
    policies = ""
    for name, inherits in (("a", "status_quo"), ("b", "professional_rescue")):
        rows = " ".join(f"{path.split('.')[1]} = {written(lever)};" for path, lever in draw(some(LEVERS)).items())
        policies += f'{name} : {{ inherits = "{inherits}"; {rows} }}; '
    day = draw(st.integers(1, 60))
    phases = f'phases = ( {{ day = {day}; policy = "b"; }} );' if day < horizon else ""
    return (
        '@include "policies.cfg"\n'
        f"run = {{ {' '.join(f'{key} = {written(setting)};' for key, setting in run.items())} }};\n"
        f"parameters : {{ {groups(world)} }};\nown_policies : {{ {policies}}};\n"
        f'scenarios = ( {{ name = "a"; policy = "a"; {phases} }}, {{ name = "b"; policy = "b"; }} );\n'
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("any")
    (folder / "policies.cfg").write_bytes((ROOT / "configs" / "policies.cfg").read_bytes())
    that_verifies_every_day(folder)
    return folder


def run(place: Path, text: str, threads: int) -> Path:
    config, out = place / "any.cfg", place / f"any{threads}.h5"
    config.write_text(text)
    command = [place / "enforcesim", "run", config, "-o", out, "--force", "--quiet", "-j", str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{done.stderr}\n{text}"
    return out


def digest_of(path: Path) -> str:
    with h5py.File(path) as file:
        return str(file.attrs["digest"])


@settings(
    max_examples=effort(40, 600), deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(text=configurations())
def test_any_valid_configuration_runs_and_keeps_the_invariants(place, text):
    first = run(place, text, 1)
    assert digest_of(first) == digest_of(run(place, text, 2))
    one = Results(first)
    for metric in METRICS:
        values = one.everything(metric["name"])
        defined = values[~np.isnan(values)]
        assert np.isfinite(defined).all() and (defined >= 0).all(), metric["name"]
        if metric["kind"] == "share":
            assert metric["name"] in UNBOUNDED or (defined <= 1 + 1e-9).all(), metric["name"]
        else:
            assert defined.size == values.size, metric["name"]
            whole = metric["unit"] not in ("cost units", "person-days")
            assert not whole or (defined == np.round(defined)).all(), metric["name"]


def test_a_world_that_is_wrong_is_found(tmp_path):
    """The daily verification is at work: a day on which a person vanishes from the books ends the run."""
    city = (ROOT / "models" / "city.c").read_text()
    broken = city.replace("    c->gone++;", "", 1)
    assert broken != city
    program = that_verifies_every_day(tmp_path, {"models/city.c": broken})
    config = tmp_path / "any.cfg"
    config.write_text(
        'policies : { a : { }; }; run = { baseline = "a"; }; scenarios = ( { name = "a"; policy = "a"; } );'
    )
    options = ["-r", "1", "--days", "30", "--set", "run.burn_in=30", "--quiet"]
    done = subprocess.run(
        [program, "run", config, "-o", tmp_path / "o.h5", *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and "persons are not conserved; please report this" in done.stderr, done

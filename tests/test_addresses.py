"""No two draws share an address of randomness: every draw of a full world, written down by a build that logs them.

An address is (replicate and city, day, purpose, entity, index) and, of its four words, those that are used."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, effort

pytestmark = [pytest.mark.verify, pytest.mark.slow]

RECORD = np.dtype(
    [(name, "<u4") for name in ("city", "day", "purpose", "entity", "index", "words")] + [("site", "S32")]
)
ADDRESS = ["city", "day", "purpose", "entity", "index"]
PURPOSES = re.findall(
    r"\b(?:LINE|DRAW)_\w+", re.search(r"enum purpose \{(.*?)\}", (ROOT / "models/world.h").read_text(), re.S)[1]
)[:-1]

# Draws that are asked for again because they stand for something that lasts, or is compared, during the day.
LASTING = {
    "DRAW_SLOTS": "the size of a venue, computed anew wherever it is needed while the world is laid out",
    "DRAW_LINKS": "with which venues a trafficker deals, drawn whenever a world is laid out",
    "DRAW_TASTE": "an offender's tastes, which stay until they are drawn anew on another day",
    "DRAW_BOARD_COVER": "whether a workers' board covers a venue: drawn for day 0, asked at changes of policy",
    "DRAW_LEAD_PRIORITY": "the order among leads that ripen on one day, compared at every operation",
    "DRAW_ARREST_SUPPLIER": "one coin for each trafficker and day, however many of his are found (ODD 7.11.6)",
    "DRAW_BED": "the order among persons who compete for places in aftercare, compared for every place",
}

WORLD = """
@include "policies.cfg"
run = {{ name = "addresses"; seed = {seed}; replicates = 1; burn_in = {burn_in};
         horizon = {horizon}; record_every = 10; }};
parameters : {{ {parameters} }};
scenarios = ( {{ name = "all"; policy : {{ inherits = "status_quo"; {levers} }}; }} );
"""
# Everything on, and often.
BUSY = """
  region : { cities = 3; venues = 60; districts = 3; traffickers = 40; relocate_rate = 0.5;
             relocate_gain = 0.0; };
  owners : { theta_mean = -1.0; }; market : { review_rate = 0.3; taste_rate = 0.1; jail_months = 1.0; };
  police : { shakedown_rate = 0.5; shakedown_reach = 5; intel_rate = 10.0; tip_rate = 0.01;
             false_lead = 0.01; case_days = 1.0;
             override_rate = 2.0; sweep_arrest = 0.5; arrest = 0.8; arrest_linked = 1.0; sweep_street = 0.5; };
  court : { trial_days = 3.0; remand = 0.5; conviction = 1.0; court_corruption = 0.0; };
  violence : { client_violence = 0.05; owner_violence = 0.05; };
  health : { outreach_rate = 0.5; clinic_rate = 0.1; };
  survey : { survey_venues = 200; survey_every = 3; survey_first = -60; };
  persons : { adult_tenure = 60.0; escape_rate = 0.02; outside_help = 0.02; debt_release_rate = 0.02; };
  staffing : { dismiss_rate = 0.2; }; traffickers : { theta_mean = 2.0; entry_rate = 0.1; };
  care : { care_days = 8.0; risk_days = 5.0; adult_release_rate = 0.5; };
"""
LEVERS = """
  sweep_rate = 15.0; sweep_sites = 4; shakedown_factor = 2.0; special_officers = 20; special_rotation = 6.0;
  operations_per_month = 60.0; ngo_investigators = 20; general_oversight = 0.6; special_oversight = 0.6;
  protective_response = 0.5;
  care_beds = 10; jail_share = 0.8; outreach = 3.0; board_coverage = 0.5;
  legal_support = 1.0; general_rotation = 12.0;
"""


@pytest.fixture(scope="module")
def logging_program() -> Path:
    folder = "build/addresses"
    made = subprocess.run(
        ["make", "-s", "-j2", "-C", str(ROOT), f"{folder}/enforcesim", f"BUILD={folder}", "CC=gcc", "OPT=-O1",
         "DEBUG=1", "EXTRA_CFLAGS=-iquote tests/addresses"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return ROOT / folder / "enforcesim"


def log(program: Path, folder: Path, parameters: str, levers: str, **run: int) -> np.ndarray:
    (folder / "policies.cfg").write_text((ROOT / "configs" / "policies.cfg").read_text())
    (folder / "w.cfg").write_text(WORLD.format(parameters=parameters, levers=levers, **run))
    done = subprocess.run(
        [str(program), "run", "w.cfg", "-o", "w.h5", "-j", "1", "--force", "--quiet"],
        cwd=folder, env=os.environ | {"ENFORCESIM_ADDRESSES": "log"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return np.fromfile(folder / "log", dtype=RECORD)


def shared(records: np.ndarray) -> dict[str, list[np.ndarray]]:
    """By purpose: groups of draws that use the same word of the same address."""
    found: dict[str, list[np.ndarray]] = {}
    for word in range(4):
        using = records[records["words"] >> word & 1 == 1]
        low = using["entity"].astype(np.uint64) << np.uint64(32) | using["index"].astype(np.uint64)
        high = (using["city"].astype(np.uint64) << np.uint64(40)) | (using["day"].astype(np.uint64) << np.uint64(8))
        high |= using["purpose"].astype(np.uint64)
        order = np.lexsort((low, high))
        same = (low[order][1:] == low[order][:-1]) & (high[order][1:] == high[order][:-1])
        for i in np.flatnonzero(same):
            pair = using[order[i : i + 2]]
            found.setdefault(PURPOSES[pair[0]["purpose"]], []).append(pair)
    return found


@pytest.fixture(scope="module")
def busy(logging_program, tmp_path_factory) -> np.ndarray:
    folder = tmp_path_factory.mktemp("busy")
    return log(logging_program, folder, BUSY, LEVERS, seed=4, burn_in=5, horizon=effort(45, 200))


def test_every_purpose_is_drawn(busy):
    """Or the other tests would say little."""
    missing = set(range(len(PURPOSES))) - set(np.unique(busy["purpose"]).tolist())
    assert not missing, [PURPOSES[i] for i in missing]


def test_no_two_draws_share_an_address(busy):
    found = {purpose: pairs for purpose, pairs in shared(busy).items() if purpose not in LASTING}
    for purpose, pairs in found.items():
        print(purpose, len(pairs), "for example", *pairs[:3])
    assert not found


def test_sites_of_one_address_mean_one_thing(busy):
    """What lasts is asked for by one line of code each, but for tastes, which one function tells."""
    for purpose, pairs in shared(busy).items():
        if purpose in LASTING:
            assert len({site for pair in pairs for site in pair["site"]}) == 1, purpose


@pytest.fixture(scope="module")
def wide(logging_program, tmp_path_factory) -> np.ndarray:
    """The most districts, surveys and officers that parameters allow, for two days."""
    region = (
        "region : { districts = 10000; venues = 10000; slots_log_mean = 1.0; slots_log_sd = 0.0; traffickers = 100; };"
    )
    busy = (
        "survey : { survey_venues = 10000; survey_every = 1; survey_first = -60; }; police : { shakedown_reach = 60; };"
    )
    levers = "sweep_rate = 30.0; special_officers = 60; outreach = 3.0; shakedown_factor = 2.0;"
    return log(logging_program, tmp_path_factory.mktemp("wide"), region + busy, levers, seed=4, burn_in=1, horizon=1)


def test_a_wide_world_stays_within_an_address(wide):
    """The program that logs also stops by itself (-DENFORCESIM_DEBUG) where a purpose or an index is too large."""
    assert wide["purpose"].max() < len(PURPOSES) <= 256
    assert wide["index"].max() < 1 << 24
    assert set(shared(wide)) <= set(LASTING)
    team = wide["index"][wide["purpose"] == PURPOSES.index("DRAW_TEAM")]
    assert team.max() > 9000 * 12  # the largest index of this kind did occur


def test_no_allowed_parameter_makes_an_index_too_large(program):
    """The indices that grow with a parameter, at the largest value allowed. Those numbered by points are masked."""
    rows = {row["path"]: row for row in json.loads(program("params", "--format", "json").stdout)}
    most = {path: int(row["maximum"]) for path, row in rows.items() if row["type"] == "whole"}
    visit = (1 << 18) - 1  # visit_number() of models/police_shakedowns.c
    indices = {
        "team": (most["region.districts"] + 1) * 12 - 1,
        "site": most["policy.sweep_sites"],
        "survey": most["survey.survey_venues"] - 1,
        "link": most["region.links"] - 1,
        "city of origin": 1 << 20 | (most["region.cities"] - 1),
        "extorted": visit * 64 + most["police.shakedown_reach"] - 1,
        "incident": (1 << 21) - 1,
    }
    assert max(indices.values()) < 1 << 24, indices
    assert most["region.cities"] <= 1 << 20  # or the city of origin would run into the bit that marks it
    assert most["police.shakedown_reach"] <= 64
    assert 1024 + 511 < 1 << 11  # a visit's number leaves bits 9 and 10 to what is added to it

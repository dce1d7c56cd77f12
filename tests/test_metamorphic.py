"""Relations between runs of the program that hold to the last bit: what must not matter does not.

What follows from the model's rules is in test_metamorphic_model.py, relations that hold in distribution or in the mean
in test_metamorphic_chance.py, the exchangeability of venues in test_verify_exchange.c.
Scenarios share their luck, so most comparisons are of equal bits.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time

import numpy as np
import pytest
from conftest import PROGRAM
from held import HANGS
from metamorphic_support import (
    BURN_IN,
    HORIZON,
    POLICIES,
    WORLD,
    Results,
    Studies,
    differing,
    policy,
    same,
    scenario,
    with_another_submodel,
)

FOUR = tuple(map(scenario, POLICIES))
FRACTIONS = {"cost_police", "cost_ngo", "cost_health", "adult_days_lost"}


def nearly(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal but for the rounding of some hundred additions."""
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-13, atol=1e-13 * float(np.max(np.abs(b)))))


@pytest.fixture(scope="module")
def studies(tmp_path_factory) -> Studies:
    return Studies(tmp_path_factory.mktemp("metamorphic"))


@pytest.fixture(scope="module")
def base(studies):
    """Four policies, three replicates."""
    return studies.run()


@pytest.fixture(scope="module")
def parameters(program):
    return {row["path"]: row for row in json.loads(program("params", "--format", "json").stdout)}


@pytest.fixture(scope="module")
def kinds(program):
    return {row["name"]: row["kind"] for row in json.loads(program("metrics", "--format", "json").stdout)}


def test_the_four_policies_differ(base):
    """Without this the relations below could be of nothing with nothing."""
    for other in POLICIES[1:]:
        assert len(differing(base, base, "status_quo", other)) > 40


# ---- names and ways of saying the same ----


def test_a_policy_that_changes_nothing_is_the_status_quo(studies, base):
    null = policy("null", "status_quo")
    run = studies.run(scenarios=(scenario("status_quo"), scenario("null")), policies=null)
    assert not differing(run, run, "status_quo", "null")
    assert not differing(run, base, "null", "status_quo")


@pytest.mark.parametrize("name", POLICIES)
def test_names_of_scenarios_and_policies_do_not_matter(studies, base, name):
    run = studies.run(scenarios=(scenario("a", "b"),), policies=policy("b", name))
    assert not differing(run, base, "a", name)


def test_depth_of_inheritance_does_not_matter(studies):
    levers = {"sweep_rate": 2.0, "special_officers": 12, "operations_per_month": 3.0, "care_beds": 9, "jail_share": 0.3}
    flat, chain, parent = policy("flat", "status_quo", **levers), "", "status_quo"
    for lever, value in levers.items():
        chain += policy(f"level_{lever}", parent, **{lever: value})
        parent = f"level_{lever}"
    run = studies.run(scenarios=(scenario("flat"), scenario("deep", parent)), policies=flat + chain)
    assert not differing(run, run, "flat", "deep")


def test_unused_policies_change_nothing(studies, base):
    unused = policy("idle", "sweeps", sweep_rate=30.0) + policy("idler", "idle", police=False)
    assert not differing(studies.run(policies=unused), base)


def test_parameters_stated_at_their_defaults_change_nothing(studies, base, parameters):
    stated = {
        path: {"flag": lambda v: v == "true", "whole": int, "real": float}.get(row["type"], str)(row["default"])
        for path, row in parameters.items()
        if not path.startswith("policy.")
    }
    assert len(stated) > 150
    assert not differing(studies.run(parameters=stated | WORLD), base)


def test_options_say_what_the_file_can_say(studies):
    values = {"persons.escape_rate": 0.004, "beliefs.belief_model": "single", "police.shakedown_reach": 2}
    said = studies.run(
        parameters=values, seed=99, replicates=2, horizon=150, policies=policy("p", "sweeps", sweep_rate=7.0),
        scenarios=(scenario("p"),),
    )  # fmt: skip
    options = ["--seed", 99, "-r", 2, "--days", 150]
    for path, value in values.items():
        options += ["--set", f"parameters.{path}={value}"]
    options += ["--set", "own_policies.p.sweep_rate=7"]
    text = studies.text(policies=policy("p", "sweeps", sweep_rate=1.0), scenarios=(scenario("p"),))
    assert not differing(said, studies.run_text(text, *options))


def test_spaces_comments_and_order_of_parameters_do_not_matter(studies, base):
    lines = studies.text()
    groups = re.search(r"parameters : \{(.*)\};\nown", lines).group(1)
    parts = re.findall(r"\w+ : \{[^}]*\};", groups)
    assert len(parts) > 4
    reordered = lines.replace(groups, " ".join(reversed(parts)) + " /* turned round */ ")
    assert not differing(studies.run_text(reordered), base)


# ---- what else is in the run ----


@pytest.mark.parametrize("order", [(3, 1, 0, 2), (2, 0), (1,)])
def test_other_scenarios_and_their_order_do_not_matter(studies, base, order):
    chosen = [POLICIES[i] for i in order]
    run = studies.run(scenarios=tuple(map(scenario, chosen)))
    assert run.scenarios == chosen
    for name in chosen:
        assert not differing(run, base, name)


def test_selecting_a_scenario_changes_none_of_its_numbers(studies, base):
    run = studies.run("--scenario", "no_police", "--scenario", "sweeps")
    assert sorted(run.scenarios) == ["no_police", "sweeps"]
    for name in run.scenarios:
        assert not differing(run, base, name)


def test_a_replicate_is_the_same_among_any_number(studies, base):
    for n in (1, 2, 5):
        k, run = min(n, 3), studies.run(replicates=n)
        for metric in base.metrics:
            assert same(run.everything(metric)[:, :k], base.everything(metric)[:, :k]), metric


def test_threads_do_not_matter(studies, base):
    for threads in (1, 2, 3, 8):
        assert not differing(studies.run("-j", threads), base)


@pytest.mark.slow
def test_an_interrupted_run_goes_on_to_the_same_numbers(studies, base):
    """Interrupted at whatever moment: it may be before the first replicate, between two, or after the last."""
    config, out = studies.folder / "interrupted.cfg", studies.folder / "interrupted.h5"
    config.write_text(studies.text(replicates=40))
    command = [PROGRAM, "run", config, "-o", out, "--quiet", "-j", "1"]
    started = time.monotonic()
    whole = studies.run("-j", 1, replicates=40)
    wall = time.monotonic() - started
    interrupted = 0
    for share in (0.3, 0.6):
        process = subprocess.Popen(
            [*command, "--resume"] if interrupted else command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(wall * share / 2)
        process.send_signal(signal.SIGINT)
        interrupted += process.wait(timeout=HANGS) == 130
        if out.exists():
            break
    if not out.exists():
        done = subprocess.run(
            [*command, *(["--resume"] if interrupted else [])], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert not differing(Results(out), whole)
    for metric in base.metrics:
        assert same(whole.everything(metric)[:, :3], base.everything(metric))


@pytest.mark.slow
def test_another_submodel_with_its_metric_changes_no_number(studies, base, tmp_path):
    other = Studies(tmp_path, with_another_submodel(tmp_path)).run()
    assert set(other.metrics) - set(base.metrics) == {"glances"}
    assert other.everything("glances")[:, :, 1:].min() > 0
    assert not differing(base, other)


def test_another_seed_and_another_replicate_are_other_luck(studies, base):
    other = studies.run(seed=12)
    drawn = {name for name in base.metrics if np.nanstd(base.everything(name)) > 0} - {"price_factor"}
    assert drawn - differing(base, other) <= {"cost_police", "survey_persons_seen"}
    for metric in ("minor_days", "infections", "violence_police", "persons_served"):
        assert len(np.unique(base.total(metric, "sweeps"))) > 1


# ---- records and the calendar ----


@pytest.mark.parametrize("every", [1, 10, 60])
def test_how_often_is_recorded_does_not_matter(studies, base, kinds, every):
    run = studies.run(record_every=every)
    common = np.intersect1d(run.time, base.time)
    assert len(common) >= 5
    ours, theirs = np.isin(run.time, common), np.isin(base.time, common)
    for metric in set(base.metrics) - {
        "minor_prevalence_surveyed"
    }:  # that one is of the surveys since the record before
        # fractions, summed record by record, are equal but for rounding
        equal = nearly if metric in FRACTIONS else same
        for name in POLICIES:
            assert equal(run.total(metric, name), base.total(metric, name)), metric
            a, b = run.series(metric, name), base.series(metric, name)
            if kinds[metric] == "flow":
                a, b = (np.cumsum(x, axis=1) for x in (a, b))
                a, b = (x - x[:, t == common[0]] for x, t in ((a, run.time), (b, base.time)))
            assert equal(a[:, ours], b[:, theirs]), f"{metric} in {name}"


def test_how_much_of_the_burn_in_is_recorded_does_not_matter(studies, base):
    run = studies.run(record_before=30)
    assert run.time[0] == -30
    for name in POLICIES:
        assert not {m for m in base.metrics if not same(run.series(m, name), base.series(m, name)[:, base.time >= -30])}


@pytest.mark.parametrize("horizon", [90, 300])
def test_a_longer_horizon_changes_nothing_before(studies, base, horizon):
    run, end = studies.run(horizon=horizon), min(horizon, HORIZON)
    for name in POLICIES:
        for metric in base.metrics:
            assert same(run.series(metric, name)[:, run.time <= end], base.series(metric, name)[:, base.time <= end])


def test_phases_of_the_policy_in_force_change_nothing(studies, base):
    again = policy("again", "professional_rescue")
    phases = [(40, "again"), (41, "professional_rescue"), (133, "professional_rescue")]
    run = studies.run(scenarios=(scenario("x", "professional_rescue", phases),), policies=again)
    assert not differing(run, base, "x", "professional_rescue")


def test_a_phase_changes_nothing_before_its_day_and_much_after(studies, base):
    run = studies.run(scenarios=(scenario("x", "sweeps", [(120, "professional_rescue")]),))
    before, after = base.time <= 120, base.time > 120
    assert not differing(run, base, "x", "sweeps", lambda values: values[:, before])
    assert len(differing(run, base, "x", "sweeps", lambda values: values[:, after])) > 40


def test_burn_in_is_shared(base):
    burn_in = base.time <= 0
    for name in POLICIES[1:]:
        assert not differing(base, base, "status_quo", name, lambda values: values[:, burn_in])


def test_where_burn_in_ends_does_not_matter(studies):
    """The same days of the same world, counted from another zero; price and surveys, which know it, are off."""
    still = {"market.price_elasticity": 0.0, "survey.survey_venues": 0}
    early, late = (
        studies.run(scenarios=FOUR[:1], parameters=still, burn_in=BURN_IN + shift, horizon=HORIZON - shift)
        for shift in (0, 60)
    )
    days = np.intersect1d(early.time + BURN_IN, late.time + BURN_IN + 60)
    assert len(days) > 8
    for metric in early.metrics:
        a, b = early.series(metric)[:, 1:], late.series(metric)[:, 1:]  # the first record covers what there was
        assert same(
            a[:, np.isin(early.time[1:] + BURN_IN, days[1:])], b[:, np.isin(late.time[1:] + BURN_IN + 60, days[1:])]
        ), metric


def test_a_region_without_relocation_is_its_cities_side_by_side(studies, kinds):
    """City c of replicate r of a region of two is replicate 2r + c of one city: nothing else couples them.

    No taking of posts, for a region has twice as many.
    """
    apart = {"region.relocate_rate": 0.0, "traffickers.entry_rate": 0.0}
    two = studies.run(parameters=apart | {"region.cities": 2}, replicates=3)
    one = studies.run(parameters=apart, replicates=6)
    sums = [name for name in two.metrics if kinds[name] != "share" and two.everything(name).any()]
    assert len(sums) > 60
    for metric in sums:
        parts = one.everything(metric)
        equal = nearly if metric in FRACTIONS else same
        assert equal(two.everything(metric), parts[:, 0::2] + parts[:, 1::2]), metric

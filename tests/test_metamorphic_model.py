"""Relations that follow from the model's rules and hold to the last bit.

A mechanism at strength zero, one that feeds back on nothing, a world in which nothing can happen, police who only harm,
police who do no wrong.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from metamorphic_support import POLICIES, WORLD, Studies, differing, policy, same, scenario

pytestmark = pytest.mark.slow

FOUR = tuple(map(scenario, POLICIES))
BUSY = policy(
    "busy",
    "professional_rescue",
    sweep_rate=6.0,
    sweep_sites=5,
    care_beds=6,
    operations_per_month=15.0,
    board_coverage=0.5,
    immigration_out=False,
    accompaniment=0.3,
    special_oversight=0.5,
    special_rotation=6.0,
    protective_response=0.5,
    general_oversight=0.4,
    jail_share=0.6,
) + policy("busier", "busy", sweep_integrity=-0.3, shakedown_factor=2.0, agreement=0.0, care_quality=0.2)
BUSY_SCENARIOS = scenario("busy"), scenario("busier")
FREQUENT = {
    "venues.irregular_share": 0.5,
    "police.mistaken_rescue": 0.3,
    "police.override_rate": 6,
    "police.override_days": 10,
    "police.sweep_arrest": 0.4,
    "police.deportation": 0.3,
    "police.sweep_street": 0.5,
    "court.pardon": 0.3,
    "court.trial_days": 20,
    "market.jail_months": 1,
    "board.board_detection": 0.05,
    "persons.outside_help": 0.003,
    "persons.escape_rate": 0.005,
    "persons.debt_release_rate": 0.005,
    "violence.report_rate": 0.6,
    "violence.client_violence": 0.01,
    "violence.owner_violence": 0.005,
    "owners.private_cost": 0.0,
    "traffickers.entry_rate": 0.1,
    "traffickers.theta_mean": 0.0,
    "court.conviction": 1.0,
    "care.risk_days": 5,
    "care.retraffic_none": 0.9,
    "police.false_lead": 0.003,
}


@pytest.fixture(scope="module")
def studies(tmp_path_factory) -> Studies:
    return Studies(tmp_path_factory.mktemp("metamorphic"))


@pytest.fixture(scope="module")
def parameters(program):
    return {row["path"]: row for row in json.loads(program("params", "--format", "json").stdout)}


def busy(studies, **changes):
    return studies.run(
        scenarios=BUSY_SCENARIOS, policies=BUSY, parameters=FREQUENT | changes.pop("parameters", {}), **changes
    )


def all_zero(run, *metrics):
    return [name for name in metrics if np.nan_to_num(run.everything(name)).any()]


# ---- a mechanism at strength zero does not happen, and does happen otherwise ----

OFF = {
    "police.sweep_detention": {"adult_detentions", "adults_detained"},
    "police.assault_probability": {"violence_police"},
    "police.mistaken_rescue": {"mistaken_rescues", "adults_held_in_care", "adults_returned"},
    "police.tie_probability": {"ties_formed", "venues_protected"},
    "police.shakedown_rate": {"shakedowns", "extortions", "ties_formed", "venues_protected"},
    "police.shakedown_reach": {"extortions"},
    "police.override_rate": {"overrides"},
    "police.exposure": {"officers_prosecuted"},
    "police.tip_rate": {"tips"},
    "police.arrest_linked": {"traffickers_arrested", "traffickers_entered"},
    "court.pardon": {"pardons"},
    "court.conviction": {"convictions", "imprisonments", "fines", "pardons", "offenders_jailed"},
    "court.remand": {"offenders_remand"},
    "traffickers.entry_rate": {"traffickers_entered"},
    "traffickers.recruit_rate": {"minors_recruited", "coerced_recruited"},
    "staffing.displace_share": {"displaced"},
    "staffing.dismiss_rate": {"displaced", "dismissed"},
    "persons.escape_rate": {"escaped"},
    "persons.outside_help": {"helped_out"},
    "persons.debt_release_rate": {"released_from_debt"},
    "persons.infection_rate": {"infections", "infected_share"},
    "violence.client_violence": {"violence_client", "violence_client_adults"},
    "violence.owner_violence": {"violence_owner"},
    "violence.report_rate": {"reports", "responses", "protection"},
    "police.protect_gain": {"protection"},
    "board.board_detection": {"board_findings", "board_removals"},
    "board.board_obstruction": {"operations_obstructed"},
    "board.board_removal": {"board_removals"},
    "venues.irregular_share": {"deportations", "victims_deported"},
    "venues.minor_share": {"minors_recruited", "came_of_age"},
    "venues.covert_capacity": {"venues_covert"},
    "venues.private_capacity": {"venues_private", "exploited_private", "minors_private"},
    "venues.exploited_share": {"minors_recruited", "minor_days", "coerced_days", "venues_offering", "owners_arrested"},
    "health.outreach_rate": {"outreach_visits", "outreach_denied"},
    "survey.survey_venues": {"survey_persons_seen", "minor_prevalence_surveyed"},
}
OFF_TOGETHER = {
    "deportation": ({"police.deportation", "police.raid_deportation"}, {"deportations", "victims_deported"}),
    "trafficking again": (
        {"care.retraffic_care", "care.retraffic_none", "care.retraffic_deported"},
        {"retrafficked", "rescued_again"},
    ),
    "betrayal": ({"police.leak", "police.tie_leak"}, {"operations_betrayed"}),
    "arrests": (
        {"police.sweep_arrest", "police.arrest", "police.arrest_linked"},
        {"owners_arrested", "traffickers_arrested", "convictions", "acquittals", "offenders_remand"}
        | {"arrests_bought_off"},
    ),
    "fear": ({"fear.extorted", "fear.swept", "fear.assaulted", "fear.raided"}, {"fear"}),
}  # fmt: skip


@pytest.mark.parametrize("name", [*OFF, *OFF_TOGETHER])
def test_a_mechanism_of_strength_zero_does_not_happen(studies, parameters, name):
    paths, metrics = OFF_TOGETHER.get(name, ({name}, OFF.get(name)))
    zero = {path: 0 if parameters[path]["type"] == "whole" else 0.0 for path in paths}
    usual = busy(studies)
    silent = [metric for metric in metrics if not usual.everything(metric).any()]
    assert not silent, f"{silent} never happen, so that this test would prove nothing"
    if name == "venues.exploited_share":
        zero["care.retraffic_none"] = 0.0
    assert not all_zero(busy(studies, parameters=zero), *metrics)


# ---- what feeds back on nothing ----

ALONE = {
    "survey.survey_venues": (7, {"minor_prevalence_surveyed", "survey_persons_seen"}),
    "survey.survey_every": (40, {"minor_prevalence_surveyed", "survey_persons_seen"}),
    "persons.infection_rate": (0.01, {"infections", "infected_share"}),
    "persons.infection_coerced": (9.0, {"infections", "infected_share"}),
    "persons.infection_fear": (9.0, {"infections", "infected_share"}),
    "persons.service_protection": (0.9, {"infections", "infected_share"}),
    "health.clinic_rate": (
        0.05,
        {"health_coverage", "exploited_coverage", "persons_served", "cost_health", "infections", "infected_share"},
    ),
    "health.uptake": (
        0.1,
        {"health_coverage", "exploited_coverage", "persons_served", "cost_health", "infections", "infected_share"},
    ),
    "health.backlash_own": (
        0.9,
        {"health_access", "outreach_visits", "outreach_denied", "health_coverage", "exploited_coverage"}
        | {"persons_served", "cost_health", "infections", "infected_share"},
    ),
    "costs.operation": (77.0, {"cost_police"}),
    "costs.outreach_visit": (77.0, {"cost_health"}),
    "costs.bed_day": (77.0, {"cost_ngo"}),
}


@pytest.mark.parametrize("path", ALONE)
def test_what_feeds_back_on_nothing_changes_only_its_own(studies, path):
    value, own = ALONE[path]
    changed = differing(busy(studies, parameters={path: value}), busy(studies))
    assert changed, f"{path} does nothing"
    assert changed <= own


def test_violence_by_others_changes_nothing_else_where_nobody_reports(studies):
    silent = {"violence.report_rate": 0.0}
    usual = busy(studies, parameters=silent)
    changed = differing(
        busy(studies, parameters=silent | {"violence.client_violence": 0.05, "violence.repression_violence": 9.0}),
        usual,
    )
    assert changed == {"violence_client", "violence_client_adults"}


def test_costs_are_linear_in_unit_costs_and_cost_nothing_else(studies, parameters):
    units = {path: float(row["default"]) for path, row in parameters.items() if path.startswith("costs.")}
    assert len(units) == 13
    usual, doubled = busy(studies), busy(studies, parameters={path: 2 * unit for path, unit in units.items()})
    assert differing(doubled, usual) == {"cost_police", "cost_ngo", "cost_health"}
    for metric in ("cost_police", "cost_ngo", "cost_health"):
        assert same(doubled.everything(metric), 2 * usual.everything(metric))
    # each unit cost alone: together they are the whole
    alone = [busy(studies, parameters=dict.fromkeys(units, 0.0) | {path: unit}) for path, unit in units.items()]
    for metric in ("cost_police", "cost_ngo", "cost_health"):
        parts = sum(run.everything(metric) for run in alone)
        np.testing.assert_allclose(parts, usual.everything(metric), rtol=1e-12)
        assert sum(bool(run.everything(metric).any()) for run in alone) >= 2


def test_care_changes_nothing_else_where_nobody_is_trafficked_again(studies):
    """Beds then only decide who is in care; never more than there are, and with beds for all nobody is without."""
    apart = {"care.retraffic_care": 0.0, "care.retraffic_none": 0.0, "care.retraffic_deported": 0.0}
    levels = (0, 3, 8, 500)
    run = studies.run(
        scenarios=tuple(scenario(f"beds_{n}") for n in levels),
        policies=BUSY + "".join(policy(f"beds_{n}", "busy", care_beds=n) for n in levels),
        parameters=FREQUENT | apart,
    )
    for n in levels:
        assert differing(run, run, "beds_0", f"beds_{n}") <= {
            "in_aftercare",
            "admitted_to_care",
            "without_care",
            "cost_ngo",
        }
        assert run.series("in_aftercare", f"beds_{n}").max() <= n
        assert same(
            run.series("admitted_to_care", f"beds_{n}") + run.series("without_care", f"beds_{n}"),
            run.series("without_care", "beds_0"),
        )
    assert not run.total("without_care", "beds_500").any()  # under the policy; before it there were no beds
    assert run.total("admitted_to_care", "beds_8").sum() > run.total("admitted_to_care", "beds_3").sum() > 0


# ---- relations that the specification names ----


def test_without_elasticity_the_price_is_one(studies):
    run = studies.run(parameters={"market.price_elasticity": 0.0})
    assert (run.everything("price_factor") == 1).all()
    assert not (studies.run().everything("price_factor") == 1).all()


def test_without_backlash_no_access_leaves_its_baseline(studies):
    run = busy(studies, parameters={"health.backlash_own": 0.0, "health.backlash_district": 0.0})
    access = run.everything("health_access")
    assert (access == access[:1, :, :1]).all()
    assert not (busy(studies).everything("health_access") == access).all()


LEARNING = ("learn_own", "learn_linked", "learn_district", "learn_city")


def test_without_learning_and_arrests_offenders_choose_as_under_the_status_quo(studies):
    """Police who come, and take nobody. With price, losses, ties and flight off, choices depend on beliefs alone.

    A mode shows only where somebody is exploited, so no policy may move persons: not adults either, who leave seats.
    """
    untouched = {f"beliefs.{name}": 0.0 for name in LEARNING}
    untouched |= {f"beliefs.{name.replace('learn', 'punish')}": 0.0 for name in LEARNING}
    untouched |= dict.fromkeys(
        (
            *("police.sweep_arrest", "police.arrest", "police.arrest_linked", "police.tie_probability"),
            *("police.leak", "police.tie_leak", "police.recognise", "police.find", "police.fresh_skill"),
            *("police.fresh_skill_sd", "police.training_rate", "police.practice", "police.deportation"),
            *("police.raid_deportation", "police.mistaken_rescue", "police.disperse_share"),
            "police.sweep_detention",
            *("owners.replacement_cost", "market.price_elasticity"),
        ),
        0.0,
    )
    run = studies.run(parameters=untouched)
    choices = {
        "venues_offering",
        "venues_covert",
        "venues_private",
        "traffickers_active",
        "perceived_risk",
        "minor_days",
    }
    choices |= {"perceived_punishment", "minors_recruited", "coerced_days", "exploited_private", "adults_present"}
    for name in POLICIES[1:]:
        changed = differing(run, run, "status_quo", name)
        assert not changed & choices
        assert {"violence_police", "fear", "health_coverage", "violence_client"} <= changed
    assert run.total("sweeps", "sweeps").min() > 0 and run.total("operations", "professional_rescue").min() > 0
    # and rescue that works leaves traffickers' choices alone, for nothing teaches them
    works = dict(untouched)
    for path in ("police.find", "police.fresh_skill", "police.recognise"):
        del works[path]
    run = studies.run(parameters=works)
    assert run.total("minors_rescued", "professional_rescue").min() > 0
    for name in POLICIES[1:]:
        assert same(run.series("traffickers_active", name), run.series("traffickers_active", "status_quo"))


def test_the_size_of_fines_matters_only_where_there_are_fines(studies):
    """Of nothing, of a thousand months: the same bits where every convict is imprisoned, or nobody is caught."""
    prison = policy("prison", "professional_rescue", jail_share=1.0) + policy("usual", "status_quo", jail_share=1.0)
    fines = policy("fined", "professional_rescue", jail_share=0.0) + policy("unpoliced", "no_police", jail_share=0.0)
    runs = {
        (months, baseline, first): studies.run(
            policies=prison + fines,
            scenarios=(scenario(baseline), scenario({"usual": "prison", "unpoliced": "no_police"}[baseline])),
            parameters={"market.fine_months": months, "beliefs.first_risk": first},
            baseline=baseline,
        )
        for months in (0.0, 2.0, 1000.0)
        for baseline, first in (("usual", 0.03), ("unpoliced", 0.0), ("unpoliced", 0.03))
    }
    for months in (2.0, 1000.0):
        for case in (("usual", 0.03), ("unpoliced", 0.0)):  # nobody is fined; nobody believes to be caught
            assert not differing(runs[0.0, *case], runs[months, *case])
    # a risk believed in counts, if only for those whom it brings over the edge
    assert differing(runs[0.0, "unpoliced", 0.03], runs[1000.0, "unpoliced", 0.03])


def test_without_police_their_levers_move_only_costs(studies):
    levers = {
        "special_officers": 30, "special_training": 1.0, "general_training": 1.0, "special_oversight": 0.9,
        "general_oversight": 0.9, "special_rotation": 6.0, "general_rotation": 9.0, "accompaniment": 1.0,
        "legal_support": 1.0, "operations_per_month": 9.0, "ngo_investigators": 40, "immigration_out": True,
        "agreement": 1.0, "care_beds": 300, "sweep_rate": 9.0, "sweep_sites": 9, "sweep_integrity": -0.5,
        "shakedown_factor": 2.0, "protective_response": 1.0, "care_quality": 0.1,
    }  # fmt: skip
    run = studies.run(
        policies=policy("all", "no_police", **levers),
        scenarios=(scenario("no_police"), scenario("all")),
        baseline="no_police",
    )
    changed = differing(run, run, "no_police", "all")
    assert changed <= {"cost_ngo", "cost_police"} | {
        name for name in run.metrics if name.startswith(("officer_", "special_"))
    }
    assert "cost_ngo" in changed
    usual = studies.run(
        policies=policy("all", "no_police", **levers, police=True), scenarios=(FOUR[0], scenario("all"))
    )
    assert len(differing(usual, usual, "status_quo", "all")) > 40


def test_without_fear_nothing_depends_on_how_it_falls(studies):
    fearless = dict.fromkeys(("fear.extorted", "fear.swept", "fear.assaulted", "fear.raided"), 0.0)
    what_fear_does = {"fear.relieved": 1.0, "fear.half_life": 7.0}
    assert not differing(busy(studies, parameters=fearless | what_fear_does), busy(studies, parameters=fearless))
    assert differing(busy(studies, parameters=what_fear_does), busy(studies))


def test_officers_of_full_integrity_do_no_wrong(studies):
    honest = {
        "police.fresh_integrity": 1.0,
        "police.fresh_integrity_sd": 0.0,
        "police.integrity_drift": 0.0,
        "police.trained_integrity": 1.0,
        "police.override_rate": 0.0,
    }
    run = studies.run(scenarios=(scenario("busy"),), policies=BUSY, parameters=FREQUENT | honest)
    wrongs = {"shakedowns", "extortions", "ties_formed", "venues_protected", "violence_police", "operations_betrayed"}
    wrongs |= {"arrests_bought_off", "officers_prosecuted", "victims_returned"}
    assert not all_zero(run, *wrongs)
    assert all(np.nan_to_num(busy(studies).everything(name)).any() for name in wrongs)
    assert (run.everything("officer_integrity") == 1).all()


def test_a_world_in_which_nothing_can_happen_stands_still(studies, parameters):
    """Without police and with every rate zero nobody comes, goes or learns; minors still come of age, and stay."""
    zero = {
        path: 0.0
        for path, row in parameters.items()
        if row["type"] == "real" and row["unit"].startswith("1/day") and row["minimum"] == 0
    }
    assert len(zero) > 20
    zero |= {"persons.stays_coerced": 1.0, "persons.adult_tenure": 36500.0, "survey.survey_venues": 0}
    zero |= {"beliefs.first_risk": 0.0, "beliefs.first_punishment": 0.1, "beliefs.q_base": 0.1}
    run = studies.run(parameters=zero, baseline="no_police", scenarios=(scenario("no_police"),), burn_in=30)
    moving = {name for name in run.metrics if np.nan_to_num(np.ptp(run.everything(name)[:, :, 2:], axis=2)).any()}
    age = {"minor_days", "coerced_days", "minors_present", "coerced_adults_present", "minors_private", "came_of_age"}
    age |= {"minor_prevalence", "coerced_prevalence", "officer_tenure"}
    left = {"adults_present"}  # one in a century leaves
    assert moving <= age | left
    exploited = run.series("minors_present") + run.series("coerced_adults_present") + run.series("exploited_private")
    days = run.series("minor_days") + run.series("coerced_days")
    assert exploited[:, 1:].min() > 50 and (exploited[:, 1:] == exploited[:, 1:2]).all()
    assert (days[:, 2:] == 30 * exploited[:, 2:]).all()
    assert WORLD["region.venues"] == run.series("venues_open").max()

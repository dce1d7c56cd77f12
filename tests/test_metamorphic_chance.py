"""Relations between runs that hold in distribution or in the mean, and monotone ones that shared luck makes exact.

Every threshold is the quantile of its test at a false-alarm rate of one in a million, seeds being fixed. A rise that
must be there has to be significant at that rate, so that these tests fail where a mechanism does nothing; a rise that
must not be there fails where it is.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from conftest import effort
from metamorphic_support import WORLD, Studies, policy, scenario
from scipy import stats

FALSE_ALARM = 1e-6
REPLICATES = effort(30, 400)

pytestmark = [pytest.mark.verify, pytest.mark.slow]


@pytest.fixture(scope="module")
def studies(tmp_path_factory) -> Studies:
    return Studies(tmp_path_factory.mktemp("metamorphic"))


def t_of_rise(before: np.ndarray, after: np.ndarray) -> float:
    """Paired t of after - before, in units of the quantile: above 1 it is a rise, below -1 a fall."""
    difference = after - before
    if not difference.any():
        return 0.0
    t = difference.mean() / (difference.std(ddof=1) / np.sqrt(len(difference)))
    return t / stats.t.isf(FALSE_ALARM, len(difference) - 1)


def assert_alike(before: np.ndarray, after: np.ndarray, what: str) -> None:
    """Of two independent samples: one distribution (Kolmogorov and Smirnov), one mean (Welch)."""
    before, after = (np.round(x[np.isfinite(x)], 10) for x in (before, after))  # the order of a sum is no difference
    assert min(len(before), len(after)) > 10
    for test in (stats.ks_2samp(before, after), stats.ttest_ind(before, after, equal_var=False)):
        if not test.pvalue > FALSE_ALARM:
            raise AssertionError(f"{what}: {before.mean():g} and {after.mean():g}, p = {test.pvalue:.1e}")


# ---- oversight ----

LEVELS = 0.0, 0.25, 0.5, 0.75, 1.0
OVERSEEN = "".join(
    policy(f"at_{i}", "status_quo", sweep_rate=0.0, general_oversight=level) for i, level in enumerate(LEVELS)
)
TIELESS = {"police.tie_probability": 0.0, "police.shakedown_rate": 0.1, "police.assault_probability": 0.4}


def overseen(studies, levels=(0, 1, 2, 3, 4), **parameters):
    return studies.run(
        scenarios=tuple(scenario(f"at_{i}") for i in levels),
        policies=OVERSEEN,
        parameters=TIELESS | {path.replace("__", "."): value for path, value in parameters.items()},
        replicates=REPLICATES,
        baseline="at_0",
    )


def test_oversight_that_only_restrains_never_raises_police_violence(studies):
    """Without sweeps and ties, in every replicate and record: officers are the same, and fewer shakedowns happen."""
    run = overseen(studies, police__exposure=0.0, police__integrity_drift=0.0)
    for metric in ("violence_police", "extortions", "shakedowns"):
        for i in range(1, len(LEVELS)):
            less, more = (run.series(metric, f"at_{k}")[:, run.time > 0] for k in (i - 1, i))
            assert (more <= less).all() and more.sum() < less.sum()


def test_more_oversight_never_means_more_police_violence(studies):
    """Where it also replaces officers and slows their drift, luck is not the same: in the mean, level by level."""
    run = overseen(studies)
    violence = [run.total("violence_police", f"at_{i}") for i in range(len(LEVELS))]
    for less, more in itertools.pairwise(violence):
        assert t_of_rise(less, more) < 1
    assert t_of_rise(violence[0], violence[-1]) < -1


def test_more_exposure_means_more_officers_prosecuted(studies):
    prosecuted = [
        overseen(studies, (3,), police__exposure=exposure).total("officers_prosecuted", "at_3")
        for exposure in (0.0, 0.1, 0.4)
    ]
    assert not prosecuted[0].any()
    assert t_of_rise(prosecuted[0], prosecuted[1]) > 1 and t_of_rise(prosecuted[1], prosecuted[2]) > 1


# ---- other slopes whose sign is built in ----

SLOPES = [  # parameter, two values, metric, the direction in which it moves
    ("persons.escape_rate", (0.001, 0.02), "minor_days", -1),
    ("persons.escape_rate", (0.0, 0.004), "escaped", 1),
    ("traffickers.recruit_rate", (0.0, 0.02), "minor_days", 1),
    ("traffickers.recruit_rate", (0.02, 0.5), "minors_recruited", 1),
    ("venues.minor_share", (0.1, 0.9), "minors_recruited", 1),
    ("police.tie_decay", (0.001, 0.1), "venues_protected", -1),
    ("police.deportation", (0.1, 1.0), "deportations", 1),
    ("police.sweep_arrest", (0.05, 1.0), "owners_arrested", 1),
    ("police.detention_days", (2.0, 20.0), "adults_detained", 1),
    ("persons.infection_rate", (0.0005, 0.005), "infections", 1),
    ("health.outreach_rate", (0.01, 0.2), "health_coverage", 1),
    ("health.backlash_own", (0.1, 1.0), "outreach_denied", 1),
    ("violence.repression_violence", (0.0, 15.0), "violence_client", 1),
    ("beliefs.learn_own", (0.0, 1.0), "perceived_risk", 1),
    ("market.premium", (3.0, 20.0), "venues_offering", 1),
    ("owners.conceal_cost", (0.0, 20.0), "venues_covert", -1),
]


@pytest.mark.parametrize(("path", "values", "metric", "direction"), SLOPES)
def test_a_slope_has_its_sign(studies, path, values, metric, direction):
    low, high = (
        studies.run(scenarios=(scenario("sweeps"),), parameters={path: value}, replicates=REPLICATES, baseline="sweeps")
        for value in values
    )
    assert direction * t_of_rise(low.total(metric), high.total(metric)) > 1


def test_fines_of_a_thousand_months_deter_and_fines_of_nothing_do_not(studies):
    fined = policy("fined", "professional_rescue", jail_share=0.0)
    offering = [
        studies.run(
            scenarios=(scenario("fined"),), policies=fined, baseline="fined", replicates=REPLICATES,
            parameters={"market.fine_months": months, "market.closure_days": 0.0},
        ).total("venues_offering")
        for months in (0.0, 2.0, 1000.0)
    ]  # fmt: skip
    assert t_of_rise(offering[0], offering[1]) < 1
    assert t_of_rise(offering[1], offering[2]) < -1


def test_repression_without_fear_is_no_repression(studies):
    """The slope on fear also sets how luck is drawn, so this holds in the mean only."""
    fearless = dict.fromkeys(("fear.extorted", "fear.swept", "fear.assaulted", "fear.raided"), 0.0)
    none, much = (
        studies.run(
            scenarios=(scenario("sweeps"),), replicates=REPLICATES,
            parameters=fearless | {"violence.repression_violence": slope, "persons.infection_fear": slope},
        )
        for slope in (0.0, 15.0)
    )  # fmt: skip
    for metric in ("violence_client", "infections"):
        assert abs(t_of_rise(none.total(metric), much.total(metric))) < 1


# ---- the size of the world ----

SHARES = (
    "minor_prevalence", "coerced_prevalence", "health_coverage", "exploited_coverage", "fear", "perceived_risk",
    "perceived_punishment", "infected_share", "officer_integrity", "officer_skill", "price_factor", "health_access",
)  # fmt: skip
COUNTS = ("minor_days", "venues_offering", "violence_police", "owners_arrested", "infections", "adult_days_lost")


def city(times: int) -> dict[str, object]:
    return {f"region.{name}": times * WORLD[f"region.{name}"] for name in ("venues", "districts", "traffickers")}


@pytest.mark.parametrize("name", effort(["sweeps"], ["status_quo", "sweeps", "no_police"]))
def test_a_city_twice_as_large_has_the_same_shares(studies, name):
    one, two = (
        studies.run(scenarios=(scenario(name),), parameters=city(2 * times), seed=20 + times, replicates=REPLICATES)
        for times in (1, 2)
    )
    for metric in SHARES:
        before, after = one.total(metric), two.total(metric)
        assert stats.ttest_ind(before, after, equal_var=False, nan_policy="omit").pvalue > FALSE_ALARM, metric
    for metric in COUNTS:
        before, after = 2 * one.total(metric), two.total(metric)
        if before.any() or after.any():
            assert stats.ttest_ind(before, after, equal_var=False).pvalue > FALSE_ALARM, metric


def test_with_its_police_doubled_too_a_city_twice_as_large_has_the_same_shares(studies):
    """But for the example of a prosecution, which reaches a whole unit: in one twice as large twice as many see it."""
    runs = []
    for times in (1, 2):
        levers = {"special_officers": 12, "operations_per_month": 4, "ngo_investigators": 6, "care_beds": 15}
        runs.append(
            studies.run(
                scenarios=(scenario("unit"),), seed=30 + times, replicates=REPLICATES,
                    parameters=city(2 * times) | {"police.example": 0.0},
                policies=policy("unit", "professional_rescue", **{lever: times * n for lever, n in levers.items()}),
            )
        )  # fmt: skip
    for metric in SHARES:
        assert stats.ttest_ind(*(run.total(metric) for run in runs), equal_var=False).pvalue > FALSE_ALARM, metric


# What joins the districts of one city and not two cities: news beyond the district, links, the price, places for those
# who are moved or trafficked again, posts that others take, whether a venue finds an active trafficker. (The special
# unit, too, is a city's; these policies have none.)
UNJOINED = {
    "beliefs.learn_city": 0.0, "beliefs.punish_city": 0.0, "beliefs.learn_linked": 0.0, "beliefs.punish_linked": 0.0,
    "market.price_elasticity": 0.0, "staffing.displace_share": 0.0, "care.retraffic_care": 0.0,
    "care.retraffic_none": 0.0, "care.retraffic_deported": 0.0, "traffickers.entry_rate": 0.0,
    "traffickers.theta_mean": 50.0, "traffickers.theta_sd": 0.0, "region.links": 64, "region.relocate_rate": 0.0,
}  # fmt: skip


@pytest.mark.parametrize("name", effort(["sweeps"], ["status_quo", "sweeps", "no_police"]))
def test_two_half_cities_are_one_city(studies, name):
    one, halves = (
        studies.run(
            scenarios=(scenario(name),), seed=40 + cities, replicates=effort(60, 1000),
            parameters=UNJOINED | city(2 // cities) | {"region.cities": cities},
        )
        for cities in (1, 2)
    )  # fmt: skip
    alike = (*SHARES, *COUNTS, "minors_recruited", "coerced_days", "adults_street", "violence_client", "persons_served")
    varying = [metric for metric in alike if np.nanstd(one.total(metric)) > 0]
    assert len(varying) > 10
    for metric in varying:
        assert_alike(one.total(metric), halves.total(metric), metric)


def test_the_same_test_tells_two_cities_from_two_that_are_joined(studies):
    """News that one city's districts share changes beliefs: the test above would see it."""
    joined = UNJOINED | {"beliefs.learn_city": 1.0, "police.sweep_arrest": 1.0}
    one, halves = (
        studies.run(
            scenarios=(scenario("sweeps"),), seed=50 + cities, replicates=REPLICATES,
            parameters=joined | city(2 // cities) | {"region.cities": cities},
        )
        for cities in (1, 2)
    )  # fmt: skip
    with pytest.raises(AssertionError, match="perceived_risk"):
        assert_alike(one.total("perceived_risk"), halves.total("perceived_risk"), "perceived_risk")

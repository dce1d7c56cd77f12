/* Police, its officers: skill and integrity, rotation, teams, the special unit, accountability, override. */
#include <math.h>

#include "models/police.h"
#include "tests/world_support.h"

/* ---- officers ---- */

static void test_fresh_officers(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.districts", 10);
    lab_set(&l, "region.officers_per_district", 1000);
    lab_set(&l, "police.fresh_skill", 0.5);
    lab_open(&l, 0);
    const struct city *c = l.city;
    double mean = 0, square = 0, integrity = 0;
    for (uint32_t o = 0; o < 10000; o++) {
        mean += c->skill[o] / 1e4;
        square += pow(c->skill[o] - 0.5, 2) / 1e4;
        integrity += c->integrity[o] / 1e4;
    }
    assert_mean(mean, 10000, 0.5, 0.1);
    assert_mean(square, 10000, 0.01, 0.01 * sqrt(2));
    assert_mean(integrity, 10000, 0.4, 0.15 + 0.001); /* cut at 0: a hair more than 0.4 */
    lab_verify(&l);
    lab_close(&l);
}

static void test_training_and_drift_follow_their_closed_forms(void **state)
{
    (void)state;
    enum { DAYS = 200 };
    struct lab l;
    lab_init(&l);
    lab_officers_constant(&l);
    lab_set(&l, "policy.special_officers", 20);
    lab_set(&l, "policy.general_training", 0.5);
    lab_set(&l, "policy.special_oversight", 1);
    lab_set(&l, "policy.general_oversight", 0.4);
    lab_set(&l, "police.integrity_training_rate", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    lab_officers_are(&l, 0.3, 0.7);
    c->skill[0] = 0.95f;
    for (int32_t day = 1; day <= DAYS; day++) {
        lab_day(&l, day);
        LAB_POLICE(&l, police_officers);
    }
    assert_close(c->skill[5], 0.8 - 0.5 * exp(-0.008 * 0.5 * DAYS), 1e-5);
    assert_close(c->integrity[5], 0.25 + 0.45 * exp(-0.0027 * 0.6 * DAYS), 1e-5);
    assert_same(c->skill[0], 0.95f);     /* training pulls nobody down */
    assert_same(c->skill[20], 0.3f);     /* the special unit has no training here */
    assert_same(c->integrity[20], 0.7f); /* and full oversight */
    assert_same(c->skill[45], 0.3f);     /* posts beyond the unit */

    lab_officers_are(&l, 0.3, 0.1); /* and those below the background rise to it */
    for (int32_t day = 1; day <= DAYS; day++) LAB_POLICE(&l, police_officers);
    assert_close(c->integrity[5], 0.25 - 0.15 * exp(-0.0027 * 0.6 * DAYS), 1e-5);

    lab_set(&l, "police.integrity_training_rate", 0.01);
    lab_set(&l, "policy.special_training", 1);
    lab_set(&l, "policy.special_oversight", 0.5);
    lab_officers_are(&l, 0.3, 0.3);
    double g = 0.3f;
    for (int32_t day = 1; day <= DAYS; day++) {
        LAB_POLICE(&l, police_officers);
        g += fmax(0.9 - g, 0) * daily_chance(0.01);
        g += (0.25 - g) * daily_chance(0.0027 * 0.5);
    }
    assert_close(c->integrity[20], g, 1e-5);
    assert_close(c->skill[20], 0.8 - 0.5 * exp(-0.008 * DAYS), 1e-5);
    lab_observe(&l, "police");
    assert_close(lab_metric(&l, "police.special_skill"), c->skill[20], 1e-5);
    assert_close(lab_metric(&l, "police.officer_skill"), (c->skill[5] + c->skill[20]) / 2, 1e-5);
    lab_close(&l);
}

static void test_rotation_counts(void **state)
{
    (void)state;
    enum { DAYS = 800 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "policy.special_officers", 30);
    lab_set(&l, "region.officers_per_district", 100);
    lab_set(&l, "policy.general_rotation", 0);
    lab_set(&l, "policy.special_rotation", 6);
    lab_open(&l, 0);
    struct city *c = l.city;
    LAB_ALL(&l, joined, c->officers, 0);
    LAB_ALL(&l, tie, c->venues, 200 + 40 /* nobody's post */);
    c->tie[0] = 205, c->tie[1] = 5;
    for (int32_t day = 1; day <= DAYS; day++) {
        lab_day(&l, day);
        LAB_POLICE(&l, police_officers);
        if (c->joined[205] != day) continue;
        assert_int_equal(c->tie[0], NO_OFFICER); /* ties go with their officer */
    }
    assert_poisson(lab_metric(&l, "police.officers_transferred"), 30 * 6 / 365.0 * DAYS);
    for (uint32_t o = 0; o < 200; o++) assert_int_equal(c->joined[o], 0);
    for (uint32_t o = 230; o < c->officers; o++) assert_int_equal(c->joined[o], 0);
    lab_reset(&l);
    lab_set(&l, "policy.general_rotation", 2.5);
    lab_set(&l, "policy.special_rotation", 0);
    for (int32_t day = 1; day <= DAYS; day++) {
        lab_day(&l, day);
        LAB_POLICE(&l, police_officers);
    }
    assert_poisson(lab_metric(&l, "police.officers_transferred"), 200 * 2.5 / 365 * DAYS);
    lab_close(&l);
}

static void test_stationary_skill_under_rotation(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_officers_constant(&l);
    lab_set(&l, "region.districts", 10);
    lab_set(&l, "region.officers_per_district", 1000);
    lab_set(&l, "police.training_rate", 0.02);
    lab_set(&l, "policy.general_training", 1);
    lab_set(&l, "policy.general_rotation", 8);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (int32_t day = 1; day <= 400; day++) {
        lab_day(&l, day);
        LAB_POLICE(&l, police_officers);
    }
    /* An officer's days in the post are geometric; what he lacks in skill falls by e^-0.02 on each. */
    double q = daily_chance(8 / 365.0), stay = 1 - q, lack = q / (1 - stay * exp(-0.02)),
           square = q / (1 - stay * exp(-0.04));
    double mean = 0, fresh = 0;
    for (uint32_t o = 0; o < 10000; o++) mean += c->skill[o] / 1e4, fresh += c->joined[o] == 400;
    assert_mean(mean, 10000, 0.8 - 0.55 * lack, 0.55 * sqrt(square - lack * lack));
    assert_binomial(fresh, 10000, q);
    lab_close(&l);
}

static void test_ties_dissolve_at_their_rate(void **state)
{
    (void)state;
    enum { N = 20000 };
    struct lab l;
    lab_init(&l);
    lab_officers_constant(&l);
    lab_set(&l, "region.venues", N);
    lab_set(&l, "region.slots_log_mean", log(5));
    lab_set(&l, "police.tie_decay", 0.05);
    lab_open(&l, 0);
    struct city *c = l.city;
    LAB_ALL(&l, tie, N, 3);
    double left = 0;
    for (int32_t day = 1; day <= 20; day++) {
        lab_day(&l, day);
        LAB_POLICE(&l, police_officers);
    }
    for (uint32_t v = 0; v < N; v++) left += c->tie[v] == 3;
    assert_binomial(left, N, exp(-1));
    lab_close(&l);
}

static void test_a_team_is_six_different_officers_of_the_unit(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "policy.special_officers", 4);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t o = 0; o < c->officers; o++) c->skill[o] = (float)o / 100, c->integrity[o] = 0.5f;
    double times[10] = {0};
    for (uint32_t i = 0; i < 2000; i++) {
        struct team team = team_pick(c, unit_of_district(c, 1), i, 0);
        uint32_t seen = 0;
        double skill = 0;
        assert_int_equal(team.size, 6);
        for (uint32_t k = 0; k < 6; k++) {
            assert_true(team.officer[k] >= 10 && team.officer[k] < 20 && !(seen >> team.officer[k] & 1));
            seen |= 1u << team.officer[k];
            skill += team.officer[k] / 600.0;
            times[team.officer[k] - 10]++;
        }
        assert_close(team.skill, skill, 1e-6);
    }
    for (int k = 0; k < 10; k++) assert_binomial(times[k], 2000, 0.6);
    struct team small = team_pick(c, unit_special(c), 0, -0.7);
    assert_int_equal(small.size, 4);
    assert_close(small.skill, 0.215, 1e-6);
    assert_same(small.integrity, 0); /* shifted below 0 and cut */
    lab_close(&l);
}

static void test_the_special_unit_comes_and_goes_with_the_policy(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    assert_int_equal(unit_special(c).size, 0);
    lab_day(&l, 7);
    lab_set(&l, "policy.special_officers", 12);
    lab_enact(&l);
    assert_int_equal(unit_special(c).size, 12);
    for (uint32_t o = 20; o < 32; o++) assert_int_equal(c->joined[o], 7);
    c->tie[0] = 21, c->tie[1] = 31, c->lead_ripe[3] = 9, c->operations_due = 1, c->override_until = 90;
    lab_day(&l, 9);
    lab_set(&l, "policy.special_officers", 10);
    lab_enact(&l);
    assert_int_equal(c->joined[21], 7); /* whoever was there stays */
    assert_int_equal(c->tie[0], 21);
    assert_int_equal(c->tie[1], NO_OFFICER);
    assert_int_equal(c->lead_ripe[3], 9);
    assert_int_equal(c->override_until, 90);
    lab_set(&l, "policy.special_officers", 0);
    lab_enact(&l);
    assert_int_equal(c->tie[0], NO_OFFICER);
    assert_int_equal(c->lead_ripe[3], NEVER);
    assert_same(c->operations_due, 0);
    assert_int_equal(c->override_until, 0); /* who comes later was never stopped */
    lab_close(&l);
}

/* ---- accountability, override ---- */

static void test_corrupt_acts_are_exposed_by_oversight(void **state)
{
    (void)state;
    enum { N = 20000 };
    struct lab l;
    lab_init(&l);
    lab_officers_constant(&l);
    lab_set(&l, "policy.special_officers", 10);
    lab_set(&l, "policy.general_oversight", 0.5);
    lab_set(&l, "policy.special_oversight", 0);
    lab_set(&l, "police.exposure", 0.3);
    lab_open(&l, 0);
    struct city *c = l.city;
    const struct police_parameters *p = lab_parameters(&l, "police");
    struct police_metrics *m = lab_metrics(&l, "police");
    for (uint32_t i = 0; i < N; i++) police_account(c, p, m, 3, (i + 0.5) / N);
    assert_same(m->officers_prosecuted, 0.15 * N);
    for (uint32_t i = 0; i < N; i++) police_account(c, p, m, 23, (i + 0.5) / N); /* nobody watches the special unit */
    assert_same(m->officers_prosecuted, 0.15 * N);

    lab_officers_are(&l, 0.9, 0.5);
    c->tie[4] = 3, c->tie[5] = 4;
    lab_set(&l, "policy.general_oversight", 1);
    lab_set(&l, "police.exposure", 1);
    police_account(c, p, m, 3, unit_interval(UINT32_MAX));
    assert_close(c->skill[3], 0.25, 1e-6); /* replaced by a fresh officer */
    assert_close(c->integrity[3], 0.4, 1e-6);
    assert_int_equal(c->tie[4], NO_OFFICER);
    assert_int_equal(c->tie[5], 4);
    for (uint32_t o = 0; o < 10; o++)
        if (o != 3) assert_close(c->integrity[o], 0.51, 1e-6);
    for (uint32_t o = 10; o < 30; o++) assert_same(c->integrity[o], 0.5f); /* other units learn nothing */
    lab_officers_are(&l, 0.9, 0.5);
    police_account(c, p, m, 13, unit_interval(0));
    for (uint32_t o = 0; o < 30; o++)
        if (o != 13) assert_close(c->integrity[o], o >= 10 && o < 20 ? 0.51 : 0.5, 1e-6);
    lab_close(&l);
}

static void test_override_stops_the_unit_and_its_cases(void **state)
{
    (void)state;
    enum { DAYS = 4000 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "policy.special_officers", 10);
    lab_set(&l, "police.override_rate", 10);
    lab_set(&l, "police.override_days", 30);
    lab_open(&l, 0);
    struct city *c = l.city;
    const uint32_t dormant = c->offenders - 1;
    for (int32_t day = 1; day <= DAYS; day++) {
        lab_day(&l, day);
        c->lead_ripe[1] = 5, c->operations_due = 2;
        for (uint32_t o = 0; o < 4; o++)
            case_open(c, o)->trial_on = 5000, c->standing[o] = o % 2 ? STANDING_REMAND : STANDING_FREE;
        case_open(c, 0)->seen = case_open(c, 1)->seen = CASE_SPECIAL;
        *case_open(c, dormant) = (struct court_case){.offender = dormant, .trial_on = 5000, .seen = CASE_SPECIAL}, c->standing[dormant] = STANDING_DORMANT;
        c->tie[0] = c->tie[1] = 3;
        double before = lab_metric(&l, "police.overrides");
        LAB_POLICE(&l, police_override);
        bool stopped = lab_metric(&l, "police.overrides") > before;
        assert_int_equal(c->lead_ripe[1], stopped ? NEVER : 5);
        assert_same(c->operations_due, stopped ? 0 : 2);
        assert_int_equal(case_of(c, 0) == NULL, stopped);
        assert_int_equal(c->standing[1], stopped ? STANDING_FREE : STANDING_REMAND);
        assert_int_equal(c->standing[3], STANDING_REMAND); /* cases of other units go on */
        assert_true(c->tie[0] == 3 && c->tie[1] == 3);
        assert_int_equal(c->standing[dormant], STANDING_DORMANT); /* who was not held is what he was */
        assert_int_equal(c->n_signals, stopped ? 3 : 0);
        for (uint32_t i = 0; i < c->n_signals; i++)
            assert_true(c->signals[i].kind == SIGNAL_BOUGHT && c->signals[i].offender == (i < 2 ? i : dormant));
        if (stopped) assert_int_equal(c->override_until, day + 30);
    }
    assert_binomial(lab_metric(&l, "police.overrides"), DAYS, daily_chance(10 / 365.0));
    assert_same(lab_metric(&l, "police.arrests_bought_off"), 3 * lab_metric(&l, "police.overrides"));
    lab_reset(&l);
    lab_set(&l, "police.override_rate", 0);
    for (int32_t day = 1; day <= 100; day++) lab_day(&l, day), LAB_POLICE(&l, police_override);
    lab_set(&l, "police.override_rate", 20);
    lab_set(&l, "policy.special_officers", 0);
    lab_enact(&l);
    for (int32_t day = 1; day <= 100; day++) lab_day(&l, day), LAB_POLICE(&l, police_override);
    assert_same(lab_metric(&l, "police.overrides"), 0);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fresh_officers),
        cmocka_unit_test(test_training_and_drift_follow_their_closed_forms),
        cmocka_unit_test(test_rotation_counts),
        cmocka_unit_test(test_stationary_skill_under_rotation),
        cmocka_unit_test(test_ties_dissolve_at_their_rate),
        cmocka_unit_test(test_a_team_is_six_different_officers_of_the_unit),
        cmocka_unit_test(test_the_special_unit_comes_and_goes_with_the_policy),
        cmocka_unit_test(test_corrupt_acts_are_exposed_by_oversight),
        cmocka_unit_test(test_override_stops_the_unit_and_its_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Police: shakedowns and ties; answered reports, release of the detained; and a world without police. */
#include <math.h>

#include "models/police.h"
#include "models/submodels.h"
#include "tests/world_support.h"

/* ---- shakedowns ---- */

static void test_shakedowns_at_their_rate_and_place(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_officers_constant(&l);
    lab_set(&l, "region.districts", 20);
    lab_set(&l, "region.venues", 40);
    lab_set(&l, "region.officers_per_district", 1000);
    lab_set(&l, "policy.special_officers", 60);
    lab_set(&l, "policy.general_oversight", 0.2);
    lab_set(&l, "policy.special_oversight", 1);
    lab_set(&l, "policy.shakedown_factor", 1.5);
    lab_set(&l, "police.exposure", 0);
    lab_set(&l, "police.shakedown_rate", 0.05);
    lab_set(&l, "police.shakedown_reach", 1);
    lab_set(&l, "police.assault_probability", 0.5);
    lab_open(&l, 0);
    struct city *c = l.city;
    lab_officers_are(&l, 0.3, 0.4);
    for (uint32_t v = 0; v < 20; v++)
        lab_fill(&l, v, CLASS_ADULT, 20); /* the first ten districts have adults to extort */
    LAB_POLICE(&l, police_shakedowns);
    double n = lab_metric(&l, "police.shakedowns"), extorted = lab_metric(&l, "police.extortions");
    assert_poisson(n, 20000 * 0.05 * 0.6 * 0.8 * 1.5);
    assert_binomial(extorted, n, 0.5);
    assert_binomial(lab_metric(&l, "police.violence_police"), extorted, 0.5 * 0.6);
    assert_same(lab_metric(&l, "police.ties_formed"), 0);
    for (uint32_t v = 0; v < 10; v++) c->closed_until[v] = 9; /* officers who find a venue closed go away */
    lab_reset(&l);
    LAB_POLICE(&l, police_shakedowns);
    assert_poisson(lab_metric(&l, "police.shakedowns"), 0.75 * 20000 * 0.05 * 0.6 * 0.8 * 1.5);

    lab_set(&l, "policy.special_oversight", 0); /* the special unit alone, all over the city */
    lab_officers_are(&l, 0.3, 1);
    for (uint32_t o = 20000; o < 20060; o++) c->integrity[o] = 0;
    lab_set(&l, "policy.shakedown_factor", 2);
    lab_set(&l, "police.shakedown_rate", 1);
    LAB_ALL(&l, closed_until, c->venues, 0);
    lab_reset(&l);
    LAB_POLICE(&l, police_shakedowns);
    assert_poisson(lab_metric(&l, "police.shakedowns"), 120);
    assert_binomial(lab_metric(&l, "police.extortions"), lab_metric(&l, "police.shakedowns"), 0.5);
    static const char *const off[] = {"police.shakedown_rate", "policy.shakedown_factor"};
    for (int i = 0; i < 2; i++) {
        double before = lab_get(&l, off[i]);
        lab_set(&l, off[i], 0);
        lab_reset(&l);
        LAB_POLICE(&l, police_shakedowns);
        assert_same(lab_metric(&l, "police.shakedowns"), 0);
        lab_set(&l, off[i], before);
    }
    lab_close(&l);
}

/* With some 432,000 shakedowns a rate that is 3 % off, and even 2 %, lies thirteen standard deviations away. */
static void test_the_rate_of_shakedowns_to_two_percent(void **state)
{
    (void)state;
    enum { DAYS = 30, OFFICERS = 20000 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.districts", 20);
    lab_set(&l, "region.venues", 40);
    lab_set(&l, "region.officers_per_district", OFFICERS / 20);
    lab_set(&l, "policy.general_oversight", 0.2);
    lab_set(&l, "policy.shakedown_factor", 1.5);
    lab_set(&l, "police.shakedown_rate", 1);
    lab_open(&l, 0);
    lab_officers_are(&l, 0.3, 0.4);
    for (int32_t day = 1; day <= DAYS; day++) {
        lab_day(&l, day);
        LAB_POLICE(&l, police_shakedowns);
    }
    assert_poisson(lab_metric(&l, "police.shakedowns"), DAYS * OFFICERS * 0.6 * 0.8 * 1.5);
    lab_close(&l);
}

static void test_extortion_reaches_so_many_and_frightens(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.districts", 1);
    lab_set(&l, "region.venues", 1);
    lab_set(&l, "region.officers_per_district", 1);
    lab_set(&l, "policy.general_oversight", 0);
    lab_set(&l, "policy.shakedown_factor", 2);
    lab_set(&l, "police.shakedown_rate", 1);
    lab_set(&l, "police.shakedown_reach", 3);
    lab_set(&l, "police.assault_probability", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    lab_fill(&l, 0, CLASS_ADULT, 8), lab_fill(&l, 0, CLASS_MINOR, 5);
    seat_detain(c, c->first_seat[0], 99);
    for (int32_t day = 2;; day++) { /* until a day with exactly one shakedown */
        lab_day(&l, day), lab_reset(&l);
        lab_officers_are(&l, 0.3, 0);
        for (uint32_t s = 0; s < c->seats; s++) fear_put(c, s, -INFINITY);
        LAB_POLICE(&l, police_shakedowns);
        if (lab_metric(&l, "police.shakedowns") == 1) break;
    }
    assert_same(lab_metric(&l, "police.extortions"), 3);
    double afraid = 0;
    for (uint32_t s = 0; s < c->seats; s++) {
        if (fear_of(c, s) == 0) continue;
        assert_close(fear_of(c, s), 0.15, 1e-6);
        assert_true(adults_at(c, 0) & seat_bit(c, s));
        afraid++;
    }
    assert_same(afraid, 3);
    lab_set(&l, "police.shakedown_reach", 60); /* everybody, once each */
    for (int32_t day = 100; lab_metric(&l, "police.shakedowns") != 1 || day == 100; day++) {
        lab_day(&l, day), lab_reset(&l);
        lab_officers_are(&l, 0.3, 0);
        LAB_POLICE(&l, police_shakedowns);
    }
    assert_same(lab_metric(&l, "police.extortions"), 7);
    lab_close(&l);
}

static void test_ties_form_where_owners_exploit(void **state)
{
    (void)state;
    enum { N = 2000 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", N);
    lab_set(&l, "region.districts", N);
    lab_set(&l, "region.officers_per_district", 1);
    lab_set(&l, "policy.general_oversight", 0);
    lab_set(&l, "police.exposure", 0);
    lab_set(&l, "police.shakedown_rate", 0.05);
    lab_set(&l, "police.tie_probability", 0.35);
    lab_open(&l, 0);
    struct city *c = l.city;
    lab_officers_are(&l, 0.3, 0);
    for (uint32_t v = 0; v < N; v++) {
        lab_fill(&l, v, CLASS_ADULT, 2);
        if (v % 4 == 0) c->mode[v] = MODE_OPEN, lab_fill(&l, v, CLASS_MINOR, 1);
        if (v % 4 == 1) c->mode[v] = MODE_PRIVATE, lab_fill(&l, private_place(c, v), CLASS_MINOR, 1);
        if (v % 4 == 2) c->mode[v] = MODE_OPEN; /* means to, but nobody is there */
        if (v % 4 == 3) c->mode[v] = MODE_OPEN, lab_fill(&l, v, CLASS_MINOR, 1), c->tie[v] = 7;
    }
    lab_set(&l, "police.tie_probability", 0);
    LAB_POLICE(&l, police_shakedowns);
    assert_same(lab_metric(&l, "police.ties_formed"), 0);
    lab_set(&l, "police.tie_probability", 0.35);
    lab_reset(&l);
    LAB_POLICE(&l, police_shakedowns);
    double n = lab_metric(&l, "police.shakedowns"), formed = lab_metric(&l, "police.ties_formed");
    assert_poisson(n, N * 0.05);
    assert_binomial(formed, n, 0.5 * 0.35);
    assert_same(lab_metric(&l, "police.extortions"), n - formed); /* also in tied venues */
    double ties = 0;
    for (uint32_t v = 0; v < N; v++)
        if (v % 4 == 3)
            assert_int_equal(c->tie[v], 7);
        else if (c->tie[v] != NO_OFFICER) {
            assert_int_equal(c->tie[v], v); /* held by the officer who came: each district has one */
            assert_true(v % 4 < 2);
            ties++;
        }
    assert_same(ties, formed);
    lab_close(&l);
}

/* ---- reports, detention, no police ---- */

static void test_reports_are_answered_by_the_district(void **state)
{
    (void)state;
    enum { N = 400 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.districts", N);
    lab_set(&l, "region.venues", N);
    lab_set(&l, "policy.special_officers", 10);
    lab_set(&l, "policy.protective_response", 0.8);
    lab_open(&l, 0);
    struct city *c = l.city;
    lab_officers_are(&l, 0.2, 0.6);
    for (uint32_t o = N * 10; o < c->officers; o++) c->integrity[o] = 0;
    for (uint32_t v = 0; v < N; v++) {
        uint32_t seat = lab_fill(&l, v, CLASS_ADULT, 15);
        fear_raise(c, seat, 0.5);
        report_note(c, seat, 0);
    }
    LAB_POLICE(&l, police_responses);
    assert_binomial(lab_metric(&l, "police.responses"), N, 0.8 * 0.6);
    double answered = 0;
    for (uint32_t v = 0; v < N; v++) {
        bool well = c->protection[v] > 0;
        answered += well;
        assert_close(fear_of(c, c->first_seat[v]), well ? 0.35 : 0.5, 1e-6);
        assert_close(c->protection[v], well ? fmin(0.05 * 600 / 15, 1) : 0, 1e-12);
    }
    assert_same(answered, lab_metric(&l, "police.responses"));
    lab_set(&l, "police.protect_gain", 0.01);
    LAB_ALL(&l, protection, N, 0.5);
    lab_officers_are(&l, 0.2, 1);
    lab_set(&l, "policy.protective_response", 1);
    LAB_POLICE(&l, police_responses);
    assert_close(c->protection[3], 0.5 + 0.4 * 0.5, 1e-12); /* 0.01 * 600 / 15 of what is missing */
    lab_set(&l, "policy.protective_response", 0);
    lab_reset(&l);
    LAB_POLICE(&l, police_responses);
    assert_same(lab_metric(&l, "police.responses"), 0);
    lab_close(&l);
}

/* However many a day has: more than there are persons, and than any list had room for once. */
static void test_every_report_of_a_day_is_answered(void **state)
{
    (void)state;
    enum { VICTIMS = 20, EACH = 100 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "policy.protective_response", 1);
    lab_open(&l, 0);
    lab_officers_are(&l, 0.2, 1);
    const uint32_t first = lab_fill(&l, 0, CLASS_ADULT, VICTIMS);
    assert_true(VICTIMS * EACH > 2 * l.city->seats);
    for (uint32_t i = 0; i < VICTIMS * EACH; i++) report_note(l.city, first + i % VICTIMS, i / VICTIMS);
    LAB_POLICE(&l, police_responses);
    assert_same(lab_metric(&l, "police.responses"), VICTIMS * EACH);
    lab_close(&l);
}

static void test_the_detained_are_released_on_their_day(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    uint32_t seat = lab_fill(&l, 0, CLASS_ADULT, 5);
    for (uint32_t k = 0; k < 5; k++) seat_detain(c, seat + k, (int32_t)(10 + k));
    lab_set(&l, "policy.police", 0); /* also when the police are gone */
    lab_enact(&l);
    for (int32_t day = 8; day < 20; day++) {
        lab_day(&l, day);
        lab_step(&l, "police");
        assert_int_equal(c->held, day < 10 ? 5 : day > 14 ? 0 : 14 - day);
    }
    lab_verify(&l);
    lab_close(&l);
}

static void test_without_police_nothing_happens(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "policy.special_officers", 60);
    lab_set(&l, "policy.sweep_rate", 30);
    lab_set(&l, "policy.operations_per_month", 60);
    lab_set(&l, "policy.ngo_investigators", 200);
    lab_set(&l, "police.shakedown_rate", 1);
    lab_set(&l, "police.intel_rate", 10);
    lab_set(&l, "police.false_lead", 1);
    lab_set(&l, "police.override_rate", 20);
    lab_set(&l, "policy.police", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = 0; v < c->venues; v++)
        c->mode[v] = MODE_OPEN, lab_fill(&l, v, CLASS_MINOR, 4), lab_fill(&l, v, CLASS_ADULT, 9);
    for (int32_t day = 1; day < 200; day++) {
        lab_day(&l, day);
        report_note(c, c->first_seat[0], 0);
        lab_step(&l, "police");
        assert_int_equal(c->n_arrests + c->n_signals + c->n_operations + c->n_absent + c->held, 0);
    }
    const double *flow = lab_metrics(&l, "police");
    for (const struct metric *m = submodel_police.metrics; m->name != NULL; m++)
        if (m->kind == METRIC_flow) assert_same(*(flow + m->offset / sizeof *flow), 0);
    assert_int_equal(c->count[PLACE_VENUE][CLASS_MINOR], 4 * c->venues);
    assert_int_equal(unit_special(c).size, 0);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shakedowns_at_their_rate_and_place),
        cmocka_unit_test(test_the_rate_of_shakedowns_to_two_percent),
        cmocka_unit_test(test_extortion_reaches_so_many_and_frightens),
        cmocka_unit_test(test_ties_form_where_owners_exploit),
        cmocka_unit_test(test_reports_are_answered_by_the_district),
        cmocka_unit_test(test_every_report_of_a_day_is_answered),
        cmocka_unit_test(test_the_detained_are_released_on_their_day),
        cmocka_unit_test(test_without_police_nothing_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

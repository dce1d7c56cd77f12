/* Police, its sweeps: how often and where, what happens to minors, adults and owners. */
#include <math.h>

#include "models/police.h"
#include "tests/world_support.h"

enum { DISTRICTS = 1500, VENUES = 2 * DISTRICTS };

static const double SWEPT_TODAY = 0.63212055882855767; /* 30 sweeps a month: 1 - 1/e a day */

/* Each district has two venues of 20 slots. Sweeps visit both; nobody is exposed, nothing is random about officers. */
static struct city *swept(struct lab *l)
{
    lab_init(l);
    lab_set(l, "region.districts", DISTRICTS);
    lab_set(l, "region.venues", VENUES);
    lab_set(l, "policy.sweep_rate", 30);
    lab_set(l, "policy.sweep_sites", 2);
    lab_set(l, "police.sweep_street", 0);
    lab_set(l, "police.exposure", 0);
    lab_set(l, "police.disperse_share", 0);
    lab_set(l, "police.deportation", 0);
    lab_open(l, 0);
    LAB_ALL(l, skill, l->city->officers, 0.5f);
    LAB_ALL(l, integrity, l->city->officers, 0.6f);
    return l->city;
}

static void sweep(struct lab *l)
{
    lab_reset(l);
    city_reckon(l->city); /* columns were arranged by hand */
    police_sweeps(l->city, lab_parameters(l, "police"), lab_metrics(l, "police"));
    lab_verify(l);
}

static bool was_swept(const struct city *c, uint32_t venue)
{
    for (uint32_t i = 0; i < c->n_operations; i++)
        if (c->operations[i].venue == venue) return true;
    return false;
}

static void test_sweeps_at_their_rate_and_sites(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = swept(&l);
    sweep(&l);
    double n = lab_metric(&l, "police.sweeps");
    assert_binomial(n / 2, DISTRICTS, SWEPT_TODAY);
    assert_same(c->n_operations, n);
    for (uint32_t i = 0; i < c->n_operations; i++) assert_int_equal(c->operations[i].kind, OPERATION_SWEEP);
    assert_same(lab_signals(&l, SIGNAL_INSPECTED), n);
    lab_set(&l, "policy.sweep_sites", 1);
    lab_day(&l, 2);
    sweep(&l);
    n = lab_metric(&l, "police.sweeps");
    assert_binomial(n, DISTRICTS, SWEPT_TODAY);
    double second = 0;
    for (uint32_t i = 0; i < c->n_operations; i++) second += c->operations[i].venue % 2;
    assert_binomial(second, n, 0.5);
    lab_set(&l, "policy.sweep_rate", 3);
    sweep(&l);
    assert_binomial(lab_metric(&l, "police.sweeps"), DISTRICTS, daily_chance(0.1));
    lab_set(&l, "policy.sweep_sites", 50); /* as many as there are */
    lab_set(&l, "policy.sweep_rate", 30);
    LAB_ALL(&l, closed_until, c->venues / 2, 9); /* closed venues are passed by */
    sweep(&l);
    assert_binomial(lab_metric(&l, "police.sweeps") / 2, DISTRICTS / 2, SWEPT_TODAY);
    static const char *const off[] = {"policy.sweep_sites", "policy.sweep_rate"};
    for (int i = 0; i < 2; i++) {
        lab_set(&l, off[i], 0);
        sweep(&l);
        assert_same(lab_metric(&l, "police.sweeps"), 0);
        lab_set(&l, off[i], 30);
    }
    lab_close(&l);
}

static void test_the_street_may_be_a_site(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = swept(&l);
    lab_set(&l, "police.sweep_street", 0.3);
    lab_set(&l, "police.sweep_detention", 1);
    lab_set(&l, "policy.sweep_sites", 1);
    for (uint32_t p = 2 * c->venues; p < c->places; p++) lab_fill(&l, p, CLASS_ADULT, 10);
    sweep(&l);
    double n = lab_metric(&l, "police.sweeps");
    assert_binomial(n, DISTRICTS, SWEPT_TODAY);
    assert_binomial(n - c->n_operations, n, 0.3);
    assert_same(lab_metric(&l, "police.adult_detentions"), 10 * (n - c->n_operations));
    lab_set(&l, "police.sweep_street", 1); /* it takes the place of one site, not of all */
    lab_set(&l, "policy.sweep_sites", 2);
    lab_day(&l, 2);
    sweep(&l);
    assert_same(lab_metric(&l, "police.sweeps"), 2 * c->n_operations);
    lab_close(&l);
}

static void test_minors_are_recognised_and_then_brought_out_or_returned(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = swept(&l);
    lab_set(&l, "police.recognise", 0.8);
    for (uint32_t v = 0; v < VENUES; v++) lab_fill(&l, v, CLASS_MINOR, 10);
    sweep(&l);
    double met = 10 * lab_metric(&l, "police.sweeps"), rescued = lab_metric(&l, "police.minors_rescued");
    assert_binomial(rescued, met, 0.8 * 0.5 * 0.6);
    assert_binomial(lab_metric(&l, "police.victims_returned"), met, 0.8 * 0.5 * 0.4);
    assert_same(c->n_absent, rescued);
    double losses = 0, afraid = 0;
    for (uint32_t i = 0; i < c->n_absent; i++) assert_int_equal(c->absent[i].absence, ABSENT_RESCUED);
    for (uint32_t v = 0; v < VENUES; v++) losses += c->losses[v];
    for (uint32_t s = 0; s < c->seats; s++)
        if (c->occupied[seat_place(c, s)] & seat_bit(c, s) && fear_of(c, s) > 0) afraid++;
    assert_same(losses, rescued);
    assert_same(afraid, met - rescued);
    assert_same(lab_metric(&l, "police.adult_detentions") + lab_metric(&l, "police.violence_police"), 0);
    lab_set(&l, "police.recognise", 0);
    lab_day(&l, 2);
    sweep(&l);
    assert_same(lab_metric(&l, "police.minors_rescued") + lab_metric(&l, "police.victims_returned"), 0);
    lab_close(&l);
}

static void test_irregular_victims_who_are_not_brought_out_may_be_deported(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = swept(&l);
    lab_set(&l, "police.recognise", 0.8);
    lab_set(&l, "police.deportation", 0.5);
    for (uint32_t v = 0; v < VENUES; v++) lab_fill(&l, v, CLASS_MINOR, 5), lab_fill(&l, v, CLASS_COERCED, 5);
    LAB_SEATS(&l, traits, TRAIT_IRREGULAR);
    sweep(&l);
    double met = 5 * lab_metric(&l, "police.sweeps"), rescued = lab_metric(&l, "police.minors_rescued"), coerced = 0;
    for (uint32_t i = 0; i < c->n_absent; i++) coerced += c->absent[i].person.class == CLASS_COERCED;
    assert_binomial(rescued, met, 0.8 * 0.5 * 0.6);
    assert_binomial(coerced, met, 0.5);
    assert_binomial(lab_metric(&l, "police.victims_deported") - coerced, met - rescued, 0.5);
    assert_same(lab_metric(&l, "police.victims_deported"), lab_metric(&l, "police.deportations"));
    assert_same(c->n_absent, rescued + lab_metric(&l, "police.victims_deported"));
    for (uint32_t v = 0; v < VENUES; v++) /* each owner feels who is gone from there */
        assert_same(c->losses[v], 10 - persons_in(c->exploited[v]));
    for (uint32_t i = 0; i < c->n_absent; i++)
        assert_true(c->absent[i].absence == ABSENT_DEPORTED || c->absent[i].person.class == CLASS_MINOR);
    lab_close(&l);
}

static void test_adults_are_frightened_assaulted_deported_detained(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = swept(&l);
    lab_set(&l, "police.assault_probability", 0.5);
    lab_set(&l, "police.deportation", 0.25);
    lab_set(&l, "police.sweep_detention", 0.4);
    lab_set(&l, "fear.assaulted", 0);
    for (uint32_t v = 0; v < VENUES; v++) lab_fill(&l, v, CLASS_ADULT, 20);
    for (uint32_t s = 0; s < c->seats; s += 2) traits_put(c, s, TRAIT_IRREGULAR);
    sweep(&l);
    double met = 20 * lab_metric(&l, "police.sweeps"), deported = lab_metric(&l, "police.deportations");
    assert_binomial(lab_metric(&l, "police.violence_police"), met, 0.5 * 0.4);
    assert_binomial(deported, met / 2, 0.25);
    assert_binomial(lab_metric(&l, "police.adult_detentions"), met - deported, 0.4);
    assert_same(c->held, lab_metric(&l, "police.adult_detentions"));
    assert_same(c->gone, deported);
    assert_same(lab_metric(&l, "police.victims_deported"), 0);
    for (uint32_t v = 0; v < VENUES; v++)
        for (uint64_t m = c->occupied[v]; m;) {
            uint32_t seat = next_seat(c, v, &m);
            assert_close(fear_of(c, seat), was_swept(c, v) ? 0.2 : 0, 1e-6);
            if (detained_in(c, v) & seat_bit(c, seat)) assert_int_equal(*due_at(c, seat), 1 + 4 + 1);
        }
    double held = c->held;
    lab_day(&l, 2);
    lab_set(&l, "police.sweep_detention", 1);
    lab_set(&l, "police.deportation", 0);
    sweep(&l); /* whoever is held is not there */
    assert_same(c->held, held + lab_metric(&l, "police.adult_detentions"));
    static const char *const off[] = {"police.sweep_detention", "police.assault_probability"};
    for (int i = 0; i < 2; i++) lab_set(&l, off[i], 0);
    lab_day(&l, 3);
    sweep(&l);
    assert_same(lab_metric(&l, "police.violence_police") + lab_metric(&l, "police.adult_detentions") +
                    lab_metric(&l, "police.deportations"),
                0);
    lab_close(&l);
}

static void test_coerced_adults_are_not_detained_but_frightened(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = swept(&l);
    lab_set(&l, "police.sweep_detention", 1);
    lab_set(&l, "police.assault_probability", 1);
    LAB_ALL(&l, integrity, c->officers, 0);
    for (uint32_t v = 0; v < VENUES; v++) lab_fill(&l, v, CLASS_COERCED, 4);
    sweep(&l);
    assert_int_equal(c->held, 0);
    assert_same(lab_metric(&l, "police.violence_police"), 4 * lab_metric(&l, "police.sweeps"));
    for (uint32_t v = 0; v < VENUES; v++)
        for (uint64_t m = c->occupied[v]; m;)
            assert_close(fear_of(c, next_seat(c, v, &m)), was_swept(c, v) ? 0.6 : 0,
                         1e-6); /* 0.2, then half of the rest */
    lab_close(&l);
}

static void test_the_climate_of_sweeps_lowers_integrity(void **state)
{
    (void)state;
    struct lab l;
    swept(&l);
    lab_set(&l, "police.assault_probability", 1);
    lab_set(&l, "policy.sweep_integrity", -0.4);
    for (uint32_t v = 0; v < VENUES; v++) lab_fill(&l, v, CLASS_ADULT, 20);
    sweep(&l);
    assert_binomial(lab_metric(&l, "police.violence_police"), 20 * lab_metric(&l, "police.sweeps"), 0.8);
    lab_set(&l, "policy.sweep_integrity", 1);
    lab_day(&l, 2);
    sweep(&l);
    assert_same(lab_metric(&l, "police.violence_police"), 0);
    lab_close(&l);
}

static void test_owners_are_arrested_or_buy_their_release(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = swept(&l);
    lab_set(&l, "police.sweep_arrest", 0.7);
    for (uint32_t v = 0; v < VENUES; v++) {
        lab_fill(&l, v, CLASS_COERCED, 1);
        c->mode[v] = v % 4 == 3 ? MODE_NONE : MODE_OPEN; /* who has given up is not guilty */
        if (v % 4 == 2) c->standing[v] = STANDING_REMAND, case_open(c, v)->trial_on = 900;
    }
    sweep(&l);
    double guilty = 0, bought = lab_metric(&l, "police.arrests_bought_off"),
           arrested = lab_metric(&l, "police.owners_arrested");
    for (uint32_t i = 0; i < c->n_operations; i++) guilty += c->operations[i].venue % 4 < 2;
    assert_binomial(arrested, guilty, 0.7);
    assert_binomial(bought, arrested, 0.4);
    assert_same(c->n_arrests, arrested - bought);
    assert_same(lab_signals(&l, SIGNAL_ARRESTED), bought); /* the court sends this signal for those who come before it */
    assert_same(lab_signals(&l, SIGNAL_BOUGHT), bought);
    assert_same(lab_signals(&l, SIGNAL_INSPECTED), lab_metric(&l, "police.sweeps") - arrested);
    for (uint32_t i = 0; i < c->n_arrests; i++) {
        assert_close(c->arrests[i].evidence, 0.3 * 0.5, 1e-6);
        assert_true(!c->arrests[i].special && !c->arrests[i].closure && c->arrests[i].offender % 4 < 2);
    }
    lab_set(&l, "police.sweep_arrest", 0);
    lab_day(&l, 2);
    sweep(&l);
    assert_same(lab_metric(&l, "police.owners_arrested"), 0);
    lab_close(&l);
}

static void test_a_unit_does_not_sweep_what_it_protects(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = swept(&l);
    lab_set(&l, "police.sweep_arrest", 1);
    LAB_ALL(&l, integrity, c->officers, 1);
    for (uint32_t v = 0; v < VENUES; v++) {
        lab_fill(&l, v, CLASS_COERCED, 1);
        c->mode[v] = MODE_OPEN;
        c->tie[v] = (int32_t)(v % 2 ? v / 2 * 10 : (v / 2 + 1) % DISTRICTS * 10); /* its own unit's, or a neighbour's */
    }
    sweep(&l);
    assert_binomial(lab_metric(&l, "police.sweeps"), DISTRICTS, SWEPT_TODAY);
    for (uint32_t v = 1; v < VENUES; v += 2) assert_false(was_swept(c, v));
    assert_same(lab_metric(&l, "police.owners_arrested"), lab_metric(&l, "police.sweeps"));
    lab_close(&l);
}

static void test_an_arrest_ends_the_tie(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = swept(&l);
    lab_set(&l, "police.sweep_arrest", 1);
    LAB_ALL(&l, integrity, c->officers, 1);
    for (uint32_t v = 0; v < VENUES; v++) {
        lab_fill(&l, v, CLASS_COERCED, 1);
        c->mode[v] = MODE_OPEN;
        c->tie[v] = (int32_t)((v / 2 + 1) % DISTRICTS * 10);
    }
    sweep(&l);
    assert_true(c->n_arrests > 0);
    for (uint32_t i = 0; i < c->n_arrests; i++) assert_int_equal(c->tie[c->arrests[i].offender], NO_OFFICER);
    lab_close(&l);
}

static void test_swept_adults_disperse(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = swept(&l);
    lab_set(&l, "police.disperse_share", 0.35);
    lab_set(&l, "police.sweep_detention", 0);
    for (uint32_t v = 0; v < VENUES; v++) lab_fill(&l, v, CLASS_ADULT, 20);
    sweep(&l);
    assert_binomial(c->count[PLACE_STREET][CLASS_ADULT], 20 * lab_metric(&l, "police.sweeps"), 0.35);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sweeps_at_their_rate_and_sites),
        cmocka_unit_test(test_the_street_may_be_a_site),
        cmocka_unit_test(test_minors_are_recognised_and_then_brought_out_or_returned),
        cmocka_unit_test(test_irregular_victims_who_are_not_brought_out_may_be_deported),
        cmocka_unit_test(test_adults_are_frightened_assaulted_deported_detained),
        cmocka_unit_test(test_coerced_adults_are_not_detained_but_frightened),
        cmocka_unit_test(test_the_climate_of_sweeps_lowers_integrity),
        cmocka_unit_test(test_owners_are_arrested_or_buy_their_release),
        cmocka_unit_test(test_a_unit_does_not_sweep_what_it_protects),
        cmocka_unit_test(test_an_arrest_ends_the_tie),
        cmocka_unit_test(test_swept_adults_disperse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

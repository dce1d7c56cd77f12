/* Persons: how adults leave, how exploitation ends without the police, infection; violence by others, and reports of it. */
#include <math.h>

#include "tests/world_support.h"

enum { VENUES = 600, SLOTS = 60 };

/* A city of large venues, everybody in it a regular adult, minor or coerced adult as the test fills it. */
static struct city *large(struct lab *l)
{
    lab_init(l);
    lab_set(l, "region.venues", VENUES);
    lab_set(l, "region.slots_log_mean", 4.2); /* cut to 60 */
    lab_set(l, "region.traffickers", 0);
    lab_open(l, 0);
    return l->city;
}

static void switch_off(struct lab *l)
{
    static const char *const rates[] = {"escape_rate", "debt_release_rate", "outside_help", "infection_rate"};
    char path[64];
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        snprintf(path, sizeof path, "persons.%s", rates[i]);
        lab_set(l, path, 0);
    }
    lab_set(l, "persons.adult_tenure", 36500);
}

static void fill_all(struct lab *l, enum class class)
{
    for (uint32_t v = 0; v < VENUES; v++) lab_fill(l, v, class, SLOTS);
}

/* ---- leaving ---- */

static void test_adults_leave_after_an_exponential_time(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = large(&l);
    lab_set(&l, "persons.adult_tenure", 100);
    fill_all(&l, CLASS_ADULT);
    double there = VENUES * SLOTS, at_start = there;
    for (int32_t day = 1; day <= 150; day++) {
        lab_day(&l, day);
        lab_step(&l, "persons");
        if (day % 50) continue;
        assert_binomial(c->count[PLACE_VENUE][CLASS_ADULT], there,
                        exp(-0.5)); /* the same in every stretch: no memory */
        there = c->count[PLACE_VENUE][CLASS_ADULT];
    }
    assert_same(c->gone, at_start - there);
    double street = 0;
    for (uint32_t p = 2 * c->venues; p < c->places; p++) lab_fill(&l, p, CLASS_ADULT, c->size[p]), street += c->size[p];
    for (int32_t day = 151; day <= 200; day++) lab_day(&l, day), lab_step(&l, "persons");
    assert_binomial(c->count[PLACE_STREET][CLASS_ADULT], street, exp(-0.5));
    assert_same(lab_metric(&l, "persons.escaped") + lab_metric(&l, "persons.minor_days"), 0);
    lab_verify(&l);
    lab_close(&l);
}

static void test_the_detained_and_the_exploited_do_not_just_leave(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = large(&l);
    switch_off(&l);
    lab_set(&l, "persons.adult_tenure", 1);
    fill_all(&l, CLASS_COERCED);
    for (uint32_t v = 0; v < VENUES; v += 2) {
        uint32_t seat = c->first_seat[v];
        seat_leave(c, seat);
        seat_detain(c, lab_fill(&l, v, CLASS_ADULT, 1), 9);
    }
    lab_step(&l, "persons");
    assert_int_equal(c->gone, VENUES / 2);
    assert_int_equal(c->held, VENUES / 2);
    lab_close(&l);
}

/* ---- the end of exploitation ---- */

static void test_escape_and_help_at_their_rates_and_felt_by_owners(void **state)
{
    (void)state;
    static const char *const rate[] = {"persons.escape_rate", "persons.outside_help"};
    static const char *const flow[] = {"persons.escaped", "persons.helped_out"};
    for (int i = 0; i < 2; i++) {
        struct lab l;
        struct city *c = large(&l);
        switch_off(&l);
        lab_set(&l, rate[i], 0.03);
        for (uint32_t v = 0; v < VENUES; v++) {
            lab_fill(&l, v, CLASS_COERCED, 20);
            lab_fill(&l, v, CLASS_MINOR, 20);
            lab_fill(&l, private_place(c, v), CLASS_MINOR, 10);
            lab_fill(&l, v, CLASS_ADULT, 20);
        }
        lab_step(&l, "persons");
        double n = lab_metric(&l, flow[i]), losses = 0;
        assert_binomial(n, 50 * VENUES, daily_chance(0.03));
        assert_binomial(c->count[PLACE_PRIVATE][CLASS_MINOR], 10 * VENUES, exp(-0.03));
        assert_binomial(c->count[PLACE_VENUE][CLASS_COERCED], 20 * VENUES, exp(-0.03));
        for (uint32_t v = 0; v < VENUES; v++) { /* each owner feels who is gone from the venue or the private place */
            assert_same(c->losses[v], 50 - persons_in(c->exploited[v]) - persons_in(c->exploited[private_place(c, v)]));
            losses += c->losses[v];
        }
        assert_same(losses, n);
        assert_same(c->gone, n + 20 * VENUES - c->count[PLACE_VENUE][CLASS_ADULT]); /* for good, with adults who left */
        assert_int_equal(c->n_absent, 0);
        /* the days of those who are still there are counted */
        assert_same(lab_metric(&l, "persons.minor_days") + lab_metric(&l, "persons.coerced_days"), 50 * VENUES - n);
        lab_verify(&l);
        lab_close(&l);
    }
}

static void test_release_from_debt_makes_non_coerced_adults(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = large(&l);
    switch_off(&l);
    lab_set(&l, "persons.debt_release_rate", 0.05);
    for (uint32_t v = 0; v < VENUES; v++) {
        lab_fill(&l, v, CLASS_COERCED, 30);
        lab_fill(&l, v, CLASS_MINOR, 30);
        lab_fill(&l, private_place(c, v), CLASS_COERCED, 10);
        for (uint32_t seat = c->first_seat[v], k = 0; k < 30; seat++, k++)
            fear_raise(c, seat, 0.3), traits_put(c, seat, TRAIT_IRREGULAR);
    }
    lab_step(&l, "persons");
    for (uint32_t v = 0; v < VENUES; v++) /* who is released has not become somebody else */
        for (uint64_t m = adults_at(c, v); m;) {
            const uint32_t seat = next_seat(c, v, &m);
            assert_close(fear_of(c, seat), 0.3, 1e-6);
            assert_int_equal(traits_of(c, seat), TRAIT_IRREGULAR);
        }
    assert_binomial(lab_metric(&l, "persons.released_from_debt"), 40 * VENUES, daily_chance(0.05));
    assert_int_equal(c->count[PLACE_VENUE][CLASS_MINOR], 30 * VENUES);
    assert_binomial(c->count[PLACE_VENUE][CLASS_ADULT], 30 * VENUES, daily_chance(0.05));
    assert_int_equal(c->count[PLACE_PRIVATE][CLASS_ADULT], 0); /* from there they leave */
    assert_int_equal(c->gone, 10 * VENUES - c->count[PLACE_PRIVATE][CLASS_COERCED]);
    for (uint32_t v = 0; v < VENUES; v++) assert_same(c->losses[v], 0); /* it is no loss */
    lab_verify(&l);
    lab_close(&l);
}

static void test_minors_come_of_age_on_their_birthday(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = large(&l);
    switch_off(&l);
    lab_set(&l, "persons.stays_coerced", 0.7);
    for (uint32_t v = 0; v < VENUES; v++) {
        lab_fill(&l, v, CLASS_MINOR, 40);
        lab_fill(&l, private_place(c, v), CLASS_MINOR, 10);
        for (uint32_t k = 0; k < 20; k++) due_change(c, c->first_seat[v] + k, 40 + 1);
        for (uint32_t k = 0; k < 10; k++) due_change(c, c->first_seat[private_place(c, v)] + k, 40 + 1);
        for (uint64_t m = c->exploited[v]; m;) *supplier_at(c, next_seat(c, v, &m)) = 5;
    }
    lab_day(&l, 39);
    lab_step(&l, "persons");
    assert_same(lab_metric(&l, "persons.came_of_age"), 0);
    lab_day(&l, 40);
    lab_step(&l, "persons");
    assert_same(lab_metric(&l, "persons.came_of_age"), 30 * VENUES);
    assert_int_equal(c->count[PLACE_VENUE][CLASS_MINOR], 20 * VENUES);
    assert_binomial(c->count[PLACE_VENUE][CLASS_COERCED], 20 * VENUES, 0.7);
    assert_int_equal(c->count[PLACE_VENUE][CLASS_ADULT], 20 * VENUES - c->count[PLACE_VENUE][CLASS_COERCED]);
    assert_binomial(c->count[PLACE_PRIVATE][CLASS_COERCED], 10 * VENUES, 0.7);
    assert_int_equal(c->gone, 10 * VENUES - c->count[PLACE_PRIVATE][CLASS_COERCED]);
    for (uint32_t v = 0; v < VENUES; v++) {
        assert_same(c->losses[v], 0);
        for (uint64_t m = c->exploited[v]; m;) assert_int_equal(*supplier_at(c, next_seat(c, v, &m)), 5);
    }
    lab_verify(&l);
    lab_close(&l);
}

static void test_rates_of_zero_change_nobody(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = large(&l);
    switch_off(&l);
    fill_all(&l, CLASS_COERCED);
    for (int32_t day = 1; day < 100; day++) {
        lab_day(&l, day);
        lab_step(&l, "persons");
    }
    assert_int_equal(c->count[PLACE_VENUE][CLASS_COERCED], VENUES * SLOTS);
    assert_same(lab_metric(&l, "persons.infections"), 0);
    lab_close(&l);
}

/* ---- infection ---- */

static double infections(struct lab *l, enum class class, double fear, bool served)
{
    struct city *c = l->city;
    lab_empty(l);
    fill_all(l, class);
    lab_day(l, 200);
    for (uint32_t v = 0; v < VENUES; v++)
        for (uint32_t k = 0; k < SLOTS; k++) {
            fear_raise(c, c->first_seat[v] + k, fear);
            *served_at(c, c->first_seat[v] + k) = served_mark(200 - (served ? 89 : 90)); /* 90 days ago is too long */
        }
    lab_reset(l);
    lab_step(l, "persons");
    double n = 0;
    for (uint32_t v = 0; v < VENUES; v++)
        for (uint32_t k = 0; k < SLOTS; k++) n += (traits_of(c, c->first_seat[v] + k) & TRAIT_INFECTED) != 0;
    assert_same(n, lab_metric(l, "persons.infections"));
    return n;
}

static void test_infection_by_class_fear_and_service(void **state)
{
    (void)state;
    enum { N = VENUES * SLOTS };
    struct lab l;
    large(&l);
    switch_off(&l);
    lab_set(&l, "persons.infection_rate", 0.01);
    lab_set(&l, "persons.infection_coerced", 1.5);
    lab_set(&l, "persons.infection_fear", 2);
    lab_set(&l, "persons.service_protection", 0.4);
    assert_binomial(infections(&l, CLASS_ADULT, 0, false), N, daily_chance(0.01));
    assert_binomial(infections(&l, CLASS_ADULT, 0, true), N, daily_chance(0.01 * 0.6));
    assert_binomial(infections(&l, CLASS_ADULT, 0.5, false), N, daily_chance(0.01 * 2));
    assert_binomial(infections(&l, CLASS_MINOR, 0, false), N, daily_chance(0.01 * 2.5));
    assert_binomial(infections(&l, CLASS_COERCED, 1, true), N, daily_chance(0.01 * 2.5 * 3 * 0.6));
    lab_reset(&l);
    lab_set(&l, "persons.infection_rate", 1);
    lab_step(&l, "persons");
    lab_step(&l, "persons");
    double infected = 0;
    for (uint32_t s = 0; s < l.city->seats; s++) infected += traits_of(l.city, s) & TRAIT_INFECTED ? 1 : 0;
    assert_true(infected <= N); /* nobody twice */
    lab_observe(&l, "health");
    assert_close(lab_metric(&l, "health.infected_share"), infected / N, 1e-12);
    lab_empty(&l);
    double street = 0;
    for (uint32_t p = 2 * VENUES; p < l.city->places; p++)
        lab_fill(&l, p, CLASS_ADULT, l.city->size[p]), street += l.city->size[p];
    lab_set(&l, "persons.infection_rate", 0.01);
    lab_day(&l, 201);
    lab_reset(&l);
    const int64_t gone = l.city->gone; /* adults leave before the day's infections */
    lab_step(&l, "persons");
    assert_binomial(lab_metric(&l, "persons.infections"), street - (double)(l.city->gone - gone), daily_chance(0.01));
    lab_close(&l);
}

/* ---- violence ---- */

/* A day of violence against 60 persons each in VENUES venues; returns incidents by clients. */
static double clients(struct lab *l)
{
    lab_reset(l);
    lab_step(l, "violence");
    return lab_metric(l, "violence.violence_client");
}

static void peaceful(struct lab *l)
{
    lab_set(l, "violence.client_violence", 0);
    lab_set(l, "violence.owner_violence", 0);
}

static void test_violence_by_clients(void **state)
{
    (void)state;
    enum { N = VENUES * SLOTS };
    struct lab l;
    struct city *c = large(&l);
    peaceful(&l);
    fill_all(&l, CLASS_ADULT);
    assert_same(clients(&l), 0);
    lab_set(&l, "violence.client_violence", 0.02);
    lab_set(&l, "violence.board_protection", 0.4);
    lab_set(&l, "violence.protect_half_life", 100);
    assert_poisson(clients(&l), 0.02 * N);
    assert_same(lab_metric(&l, "violence.violence_client_adults"), lab_metric(&l, "violence.violence_client"));
    LAB_ALL(&l, mode, c->venues, MODE_COVERT); /* a matter of the exploited only */
    assert_poisson(clients(&l), 0.02 * N);
    LAB_ALL(&l, protection, c->districts, 0.5);
    assert_poisson(clients(&l), 0.02 * N * (1 - 0.5 * exp2(-0.01)));
    c->protection[0] = 0, c->protection[1] = 1; /* half of the persons are in each district */
    assert_poisson(clients(&l), 0.02 * N / 2 * (1 + 1 - exp2(-0.01)));
    LAB_ALL(&l, protection, c->districts, 0.5 * exp2(-0.01));
    assert_close(c->protection[1], 0.5 * exp2(-0.01), 1e-12);
    LAB_ALL(&l, protection, c->districts, 0);
    LAB_ALL(&l, covered, c->venues, 1);
    assert_poisson(clients(&l), 0.02 * N * 0.6);
    LAB_ALL(&l, covered, c->venues, 0);
    for (uint32_t v = 0; v < VENUES; v += 3) c->closed_until[v] = 5;
    assert_poisson(clients(&l), 0.02 * N * 2 / 3);
    LAB_ALL(&l, closed_until, c->venues, 0);
    for (uint32_t v = 0; v < VENUES; v++)
        for (uint32_t k = 0; k < SLOTS; k++) {
            if (v % 2)
                fear_raise(c, c->first_seat[v] + k, 0.5);
            else
                seat_detain(c, c->first_seat[v] + k, 9);
        }
    assert_poisson(clients(&l), 0.02 * N / 2 * (1 + 3 * 0.5)); /* the detained are out of clients' reach */
    lab_close(&l);
}

static void test_violence_by_clients_against_the_exploited_and_elsewhere(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = large(&l);
    peaceful(&l);
    lab_set(&l, "violence.client_violence", 0.02);
    fill_all(&l, CLASS_MINOR);
    LAB_ALL(&l, mode, c->venues, MODE_OPEN);
    assert_poisson(clients(&l), 0.02 * 3 * VENUES * SLOTS);
    assert_same(lab_metric(&l, "violence.violence_client_adults"), 0);
    LAB_ALL(&l, mode, c->venues, MODE_COVERT);
    assert_poisson(clients(&l), 0.02 * 3 * 1.5 * VENUES * SLOTS);
    lab_empty(&l);
    for (uint32_t v = 0; v < VENUES; v++) lab_fill(&l, private_place(c, v), CLASS_COERCED, 12);
    assert_poisson(clients(&l), 0.02 * 3 * 2 * VENUES * 12);
    LAB_ALL(&l, covered, c->venues, 1); /* a board reaches no private place */
    assert_poisson(clients(&l), 0.02 * 3 * 2 * VENUES * 12);
    LAB_ALL(&l, covered, c->venues, 0);
    lab_empty(&l);
    double street = 0;
    for (uint32_t p = 2 * c->venues; p < c->places; p++) lab_fill(&l, p, CLASS_ADULT, c->size[p]), street += c->size[p];
    assert_poisson(clients(&l), 0.02 * 2 * street);
    lab_close(&l);
}

static void test_violence_by_owners(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = large(&l);
    peaceful(&l);
    lab_set(&l, "violence.owner_violence", 0.02);
    for (uint32_t v = 0; v < VENUES; v++) {
        lab_fill(&l, v, CLASS_ADULT, 40);
        lab_fill(&l, v, CLASS_COERCED, 10);
        lab_fill(&l, private_place(c, v), CLASS_MINOR, 10);
    }
    for (uint32_t p = 2 * c->venues; p < c->places; p++) lab_fill(&l, p, CLASS_ADULT, c->size[p]);
    assert_same(clients(&l), 0);
    assert_poisson(lab_metric(&l, "violence.violence_owner"), 0.02 * VENUES * (40 + 20 * 5));
    LAB_ALL(&l, closed_until, c->venues, 900); /* closed or not */
    clients(&l);
    assert_poisson(lab_metric(&l, "violence.violence_owner"), 0.02 * VENUES * (40 + 20 * 5));
    c->protection[1] = 1;
    clients(&l);
    assert_poisson(lab_metric(&l, "violence.violence_owner"), 0.02 * VENUES / 2 * (40 + 20 * 5) * (1 + 1 - exp2(-1 / 180.0)));
    LAB_ALL(&l, protection, c->districts, 0.8 * exp2(1 / 180.0)); /* it fades before the day's violence */
    clients(&l);
    assert_poisson(lab_metric(&l, "violence.violence_owner"), 0.2 * 0.02 * VENUES * (40 + 20 * 5));
    lab_observe(&l, "violence");
    assert_close(lab_metric(&l, "violence.protection"), 0.8, 1e-12);
    LAB_ALL(&l, protection, c->districts, 0);
    for (uint32_t v = 0; v < VENUES; v++)
        for (uint64_t m = adults_at(c, v); m;) seat_detain(c, next_seat(c, v, &m), 900);
    clients(&l);
    assert_poisson(lab_metric(&l, "violence.violence_owner"), 0.02 * VENUES * 20 * 5); /* the detained are out of reach */
    lab_close(&l);
}

static void test_victims_report_unless_they_fear_the_police_or_there_is_none(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = large(&l);
    lab_set(&l, "violence.repression_violence", 0);
    lab_set(&l, "violence.client_violence", 0.05);
    lab_set(&l, "violence.owner_violence", 0.02);
    lab_set(&l, "violence.report_rate", 0.3);
    fill_all(&l, CLASS_ADULT);
    double incidents = clients(&l) + lab_metric(&l, "violence.violence_owner"),
           reports = lab_metric(&l, "violence.reports");
    assert_binomial(reports, incidents, 0.3);
    assert_same(c->n_reports, reports);
    for (uint32_t i = 0; i < c->n_reports; i++) assert_int_equal(seat_class(c, c->reports[i].seat), CLASS_ADULT);
    lab_day(&l, 2);
    for (uint32_t v = 0; v < VENUES; v++)
        for (uint32_t k = 0; k < SLOTS; k++) fear_raise(c, c->first_seat[v] + k, 0.6);
    incidents = clients(&l) + lab_metric(&l, "violence.violence_owner");
    assert_binomial(lab_metric(&l, "violence.reports"), incidents, 0.3 * 0.4);
    lab_day(&l, 3);
    lab_set(&l, "policy.police", 0);
    lab_enact(&l);
    assert_true(clients(&l) > 0);
    assert_same(lab_metric(&l, "violence.reports"), 0);
    assert_int_equal(c->n_reports, 0);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adults_leave_after_an_exponential_time),
        cmocka_unit_test(test_the_detained_and_the_exploited_do_not_just_leave),
        cmocka_unit_test(test_escape_and_help_at_their_rates_and_felt_by_owners),
        cmocka_unit_test(test_release_from_debt_makes_non_coerced_adults),
        cmocka_unit_test(test_minors_come_of_age_on_their_birthday),
        cmocka_unit_test(test_rates_of_zero_change_nobody),
        cmocka_unit_test(test_infection_by_class_fear_and_service),
        cmocka_unit_test(test_violence_by_clients),
        cmocka_unit_test(test_violence_by_clients_against_the_exploited_and_elsewhere),
        cmocka_unit_test(test_violence_by_owners),
        cmocka_unit_test(test_victims_report_unless_they_fear_the_police_or_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Care, health service and boards: who is admitted and trafficked again; access, outreach, clinics; removals. */
#include <math.h>

#include "tests/world_support.h"

/* ---- care ---- */

/* `n` persons are absent as of today, all alike. */
static void absent(struct lab *l, uint32_t n, enum absence absence, struct person person)
{
    l->city->entered += n;
    for (uint32_t i = 0; i < n; i++) person_absent(l->city, person, absence, i);
}

static double count_absent(const struct city *c, enum absence absence)
{
    double n = 0;
    for (uint32_t i = 0; i < c->n_absent; i++) n += c->absent[i].absence == absence;
    return n;
}

/* A city with room for thousands of absentees, and with vacancies in all venues. */
static struct city *demand(struct lab *l)
{
    lab_init(l);
    lab_set(l, "region.venues", 500);
    lab_open(l, 0);
    LAB_ALL(l, mode, 500, MODE_OPEN);
    return l->city;
}

static const struct person minor = {.fear = -INFINITY, .due = UINT16_MAX, .supplier = 3, .class = CLASS_MINOR};

static void test_care_while_places_last(void **state)
{
    (void)state;
    enum { N = 900, BEDS = 300 };
    struct lab l;
    struct city *c = demand(&l);
    lab_set(&l, "policy.care_beds", BEDS);
    struct person again = minor;
    again.traits = TRAIT_RESCUED_BEFORE;
    absent(&l, N / 2, ABSENT_RESCUED, minor);
    absent(&l, N / 2, ABSENT_RESCUED, again);
    lab_step(&l, "care");
    assert_same(lab_metric(&l, "care.admitted_to_care"), BEDS);
    assert_same(lab_metric(&l, "care.without_care"), N - BEDS);
    assert_same(lab_metric(&l, "care.rescued_again"), N / 2);
    assert_int_equal(c->in_care, BEDS);
    double second = 0;
    for (uint32_t i = 0; i < N; i++) {
        bool in = c->absent[i].absence == ABSENT_IN_CARE;
        assert_int_equal(c->absent[i].absence, in ? ABSENT_IN_CARE : ABSENT_AT_RISK);
        assert_int_equal(c->absent[i].until, 1 + (in ? 365 : 180));
        assert_true(c->absent[i].person.traits & TRAIT_RESCUED_BEFORE);
        second += in && i >= N / 2;
    }
    assert_binomial(second, BEDS, 0.5); /* luck decides, not the order */
    absent(&l, 10, ABSENT_RESCUED, minor);
    lab_day(&l, 2);
    lab_step(&l, "care"); /* full */
    assert_int_equal(c->in_care, BEDS);
    lab_day(&l, 1 + 180);
    lab_step(&l, "care"); /* of those at risk it is settled; they leave no bed */
    assert_int_equal(c->n_absent, BEDS + 10);
    assert_int_equal(c->in_care, BEDS);
    lab_observe(&l, "care");
    assert_same(lab_metric(&l, "care.in_aftercare"), BEDS);
    lab_verify(&l);
    lab_close(&l);
}

static void test_times_in_care_and_at_risk_are_rounded(void **state)
{
    (void)state;
    static const double days[] = {99.4, 99.5, 100.4, 1};
    static const int32_t rounded[] = {99, 100, 100, 1};
    for (int i = 0; i < 4; i++) {
        struct lab l;
        struct city *c = demand(&l);
        lab_set(&l, "care.care_days", days[i]);
        lab_set(&l, "care.risk_days", days[i] + 30);
        lab_set(&l, "policy.care_beds", 5);
        lab_day(&l, 70);
        absent(&l, 9, ABSENT_RESCUED, minor), absent(&l, 4, ABSENT_DEPORTED, minor);
        lab_step(&l, "care");
        for (uint32_t k = 0; k < 13; k++)
            assert_int_equal(c->absent[k].until, 70 + rounded[i] + (c->absent[k].absence == ABSENT_IN_CARE ? 0 : 30));
        lab_close(&l);
    }
}

/* Returns the share of 5,000 persons in this state who are in a venue again after `days`. */
static void expect_retrafficked(enum absence absence, double beds, double quality, int32_t days, double chance)
{
    enum { N = 5000 };
    struct lab l;
    struct city *c = demand(&l);
    lab_set(&l, "policy.care_beds", beds);
    lab_set(&l, "policy.care_quality", quality);
    absent(&l, N, absence, minor);
    lab_step(&l, "care");
    lab_day(&l, days);
    lab_step(&l, "care");
    assert_int_equal(c->n_absent, N); /* the day before */
    lab_day(&l, days + 1);
    lab_step(&l, "care");
    assert_int_equal(c->n_absent + c->in_care, 0);
    double again = lab_metric(&l, "care.retrafficked");
    assert_binomial(again, N, chance);
    assert_same(c->count[PLACE_VENUE][CLASS_MINOR], again);
    assert_same(c->gone, N - again);
    for (uint64_t m = c->occupied[0]; m;) assert_int_equal(*supplier_at(c, next_seat(c, 0, &m)), NOBODY);
    lab_verify(&l);
    lab_close(&l);
}

static void test_who_is_trafficked_again(void **state)
{
    (void)state;
    expect_retrafficked(ABSENT_RESCUED, 6000, 1, 365, 0.1);
    expect_retrafficked(ABSENT_RESCUED, 6000, 0, 365, 0.4);
    expect_retrafficked(ABSENT_RESCUED, 6000, 0.5, 365, 0.25);
    expect_retrafficked(ABSENT_RESCUED, 0, 1, 180, 0.4);
    expect_retrafficked(ABSENT_DEPORTED, 6000, 1, 180, 0.4);
}

static void test_retrafficking_needs_demand_and_minors_grow_up(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = demand(&l);
    lab_set(&l, "care.retraffic_none", 1);
    LAB_ALL(&l, mode, 500, MODE_NONE);
    absent(&l, 50, ABSENT_RESCUED, minor);
    lab_step(&l, "care");
    lab_day(&l, 181);
    lab_step(&l, "care");
    assert_same(lab_metric(&l, "care.retrafficked"), 0);
    assert_int_equal(c->gone, 50);
    LAB_ALL(&l, mode, 500, MODE_COVERT);
    struct person grown = minor, young = minor;
    grown.due = 181 + 180 + 1, young.due = 181 + 180 + 2; /* the birthday is on the day of the return, or after it */
    absent(&l, 50, ABSENT_RESCUED, grown);
    absent(&l, 60, ABSENT_RESCUED, young);
    lab_step(&l, "care");
    lab_day(&l, 181 + 180);
    lab_step(&l, "care");
    assert_int_equal(c->count[PLACE_VENUE][CLASS_COERCED], 50);
    assert_int_equal(c->count[PLACE_VENUE][CLASS_MINOR], 60);
    lab_verify(&l);
    lab_close(&l);
}

static void test_adults_taken_against_their_will_get_out(void **state)
{
    (void)state;
    enum { N = 2000, DAYS = 40 };
    struct lab l;
    struct city *c = demand(&l);
    struct person adult = {.fear = -INFINITY, .supplier = NOBODY, .class = CLASS_ADULT};
    absent(&l, N, ABSENT_TAKEN_ADULT, adult);
    lab_step(&l, "care");
    assert_same(count_absent(c, ABSENT_HELD_ADULT), N);
    for (int32_t day = 2; day <= 1 + DAYS; day++) {
        lab_day(&l, day);
        lab_step(&l, "care");
    }
    lab_observe(&l, "care");
    assert_same(lab_metric(&l, "care.adults_held_in_care"), c->n_absent);
    /* an exponential time in whole days, rounded down, and a day */
    assert_binomial(N - c->n_absent, N, 1 - exp(-0.02 * DAYS));
    double back = lab_metric(&l, "care.adults_returned");
    assert_binomial(back, N - c->n_absent, 0.77);
    assert_same(c->count[PLACE_VENUE][CLASS_ADULT], back);
    assert_int_equal(c->in_care, 0);
    lab_verify(&l);
    lab_close(&l);
}

/* Who comes back is who she was; only what ended is forgotten. */
static void test_who_comes_back_stays_who_she_is(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = demand(&l);
    lab_set(&l, "care.retraffic_none", 1);
    lab_set(&l, "care.risk_days", 5);
    lab_set(&l, "care.adult_return_share", 1);
    lab_set(&l, "care.adult_release_rate", 1);
    LAB_ALL(&l, mode, 500, MODE_NONE);
    LAB_ALL(&l, closed_until, 500, 900);
    c->mode[7] = MODE_OPEN, c->closed_until[7] = 0; /* the one open venue; twelve slots are not reserved */
    const struct person before = {.fear = -3.5f, .served = 1, .due = UINT16_MAX, .supplier = 3,
                                  .traits = TRAIT_IRREGULAR | TRAIT_INFECTED, .class = CLASS_MINOR};
    struct person adult = before;
    adult.class = CLASS_ADULT, adult.supplier = NOBODY;
    absent(&l, 1, ABSENT_RESCUED, before), absent(&l, 20, ABSENT_TAKEN_ADULT, adult);
    for (int32_t day = 1; day < 85; day++) lab_day(&l, day), lab_step(&l, "care");
    assert_int_equal(c->n_absent, 0);
    assert_int_equal(persons_in(minors_in(c, 7)), 1);
    assert_int_equal(c->count[PLACE_VENUE][CLASS_ADULT], 12);
    assert_int_equal(persons_in(adults_at(c, 7)), 12);
    assert_int_equal(c->gone, 8);
    for (uint64_t m = c->occupied[7]; m;) {
        const uint32_t seat = next_seat(c, 7, &m);
        const bool minor_here = seat_class(c, seat) == CLASS_MINOR;
        assert_true(fear_day(c, seat) == -3.5f && *served_at(c, seat) == 1);
        assert_int_equal(traits_of(c, seat), before.traits | (minor_here ? TRAIT_RESCUED_BEFORE : 0));
        assert_int_equal(*supplier_at(c, seat), NOBODY);
    }
    lab_verify(&l);
    lab_close(&l);
}

/* ---- health: access ---- */

static void test_backlash_by_kind_and_agreement(void **state)
{
    (void)state;
    static const struct {
        enum operation_kind kind;
        double agreement, factor;
    } cases[] = {{OPERATION_RESCUE, 0, 1},
                 {OPERATION_SWEEP, 0, 0.5},
                 {OPERATION_RESCUE, 1, 0.3},
                 {OPERATION_SWEEP, 0.5, 0.5 * 0.65}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lab l;
        lab_init(&l);
        lab_set(&l, "policy.agreement", cases[i].agreement);
        lab_set(&l, "health.clinic_rate", 0);
        lab_open(&l, 0);
        struct city *c = l.city;
        operation_note(c, 3, cases[i].kind);
        lab_step(&l, "health");
        for (uint32_t v = 0; v < c->venues; v++) {
            double lost = (v == 3 ? 0.3 : c->place_district[v] == 0 ? 0.05 : 0) * cases[i].factor;
            assert_close(c->access[v], c->access_baseline[v] * (1 - lost), 1e-6);
        }
        lab_close(&l);
    }
}

static void test_access_recovers_by_its_half_life(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "health.access_half_life", 20);
    lab_set(&l, "health.backlash_own", 1);
    lab_set(&l, "health.sweep_backlash", 5);
    lab_open(&l, 0);
    struct city *c = l.city;
    operation_note(c, 0, OPERATION_SWEEP); /* 5 times everything is everything */
    lab_step(&l, "health");
    assert_same(c->access[0], 0);
    for (int32_t day = 2; day <= 21; day++) {
        lab_day(&l, day);
        lab_step(&l, "health");
    }
    assert_close(c->access[0], c->access_baseline[0] / 2, 1e-5);
    lab_observe(&l, "health");
    double mean = 0;
    for (uint32_t v = 0; v < c->venues; v++) mean += c->access[v] / 20;
    assert_close(lab_metric(&l, "health.health_access"), mean, 1e-6);
    lab_close(&l);
}

static void test_what_nobody_saw_or_feels_costs_no_access(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    operation_note(c, 3, OPERATION_HIDDEN);
    lab_step(&l, "health");
    lab_set(&l, "health.backlash_own", 0);
    lab_set(&l, "health.backlash_district", 0);
    for (uint32_t v = 0; v < c->venues; v++) operation_note(c, v, v % 2 ? OPERATION_SWEEP : OPERATION_RESCUE);
    lab_step(&l, "health");
    for (uint32_t v = 0; v < c->venues; v++) assert_same(c->access[v], c->access_baseline[v]);
    lab_close(&l);
}

/* ---- health: services ---- */

enum { VENUES = 3000 };

static struct city *health(struct lab *l)
{
    lab_init(l);
    lab_set(l, "region.venues", VENUES);
    lab_set(l, "region.traffickers", 0);
    lab_set(l, "health.outreach_rate", 0.5);
    lab_set(l, "health.clinic_rate", 0);
    lab_open(l, 0);
    LAB_ALL(l, access, VENUES, 0.6f);
    LAB_ALL(l, access_baseline, VENUES, 0.6f);
    return l->city;
}

static double serve(struct lab *l)
{
    lab_reset(l);
    lab_day(l, l->city->day + 1);
    lab_step(l, "health");
    assert_same(l->city->services, lab_metric(l, "health.persons_served"));
    assert_same(l->city->visits, lab_metric(l, "health.outreach_visits") + lab_metric(l, "health.outreach_denied"));
    return lab_metric(l, "health.persons_served");
}

/* A day's visits to n venues: events of a Poisson process. */
static void expect_visits(struct lab *l, double n, double rate, double admitted)
{
    assert_poisson(l->city->visits, n * rate);
    assert_binomial(lab_metric(l, "health.outreach_visits"), l->city->visits, admitted);
}

static void test_outreach_visits_and_is_admitted(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = health(&l);
    serve(&l);
    expect_visits(&l, VENUES, 0.5, 0.6);
    LAB_ALL(&l, mode, VENUES, MODE_COVERT);
    lab_set(&l, "policy.outreach", 2.5);
    serve(&l);
    expect_visits(&l, VENUES, 0.5 * 2.5, 0.6 * 0.5);
    LAB_ALL(&l, closed_until, VENUES / 2, 900);
    lab_set(&l, "policy.outreach", 1);
    serve(&l);
    expect_visits(&l, VENUES / 2.0, 0.5, 0.6 * 0.5);
    lab_set(&l, "policy.outreach", 0);
    serve(&l);
    assert_int_equal(c->visits, 0);
    lab_close(&l);
}

static void test_outreach_serves_who_is_there_and_dares(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = health(&l);
    lab_set(&l, "health.board_uptake", 1.25);
    LAB_ALL(&l, access, VENUES, 1);
    LAB_ALL(&l, access_baseline, VENUES, 1);
    for (uint32_t v = 0; v < VENUES; v++) lab_fill(&l, v, CLASS_ADULT, 8);
    for (uint32_t v = 0; v < VENUES; v++) seat_detain(c, c->first_seat[v], 900);
    double served = serve(&l);
    assert_binomial(served, 7 * c->visits, 0.6);
    LAB_ALL(&l, covered, VENUES, 1);
    served = serve(&l);
    assert_binomial(served, 7 * c->visits, 0.6 * 1.25);
    LAB_ALL(&l, covered, VENUES, 0);
    for (uint32_t v = 0; v < VENUES; v++)
        for (uint32_t k = 0; k < 8; k++) fear_raise(c, c->first_seat[v] + k, 1);
    c->day--; /* serve() comes back to this day, on which fear is still full */
    served = serve(&l);
    assert_same(served, 0);
    lab_empty(&l);
    for (uint32_t v = 0; v < VENUES; v++) lab_fill(&l, v, CLASS_MINOR, 8);
    served = serve(&l);
    assert_binomial(served, 8 * c->visits, 0.6 * 0.4);
    for (uint32_t s = 0; s < c->seats; s++) served -= *served_at(c, s) == c->today;
    assert_true(served >= 0 && served < 1500); /* who is visited twice in a day may be served twice */
    lab_close(&l);
}

static void test_clinics_by_class_place_and_fear(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = health(&l);
    lab_set(&l, "policy.outreach", 0);
    lab_set(&l, "health.clinic_rate", 0.1);
    for (uint32_t v = 0; v < VENUES; v++) lab_fill(&l, v, CLASS_ADULT, 10);
    assert_poisson(serve(&l), 10 * VENUES * 0.1);
    LAB_ALL(&l, covered, VENUES, 1);
    assert_poisson(serve(&l), 10 * VENUES * 0.12);
    LAB_ALL(&l, covered, VENUES, 0);
    for (uint32_t v = 0; v < VENUES; v++)
        for (uint32_t k = 0; k < 10; k++) fear_put(c, c->first_seat[v] + k, (float)(c->day + 1 - 90)); /* half */
    assert_poisson(serve(&l), 10 * VENUES * 0.05);
    for (uint32_t v = 0; v < VENUES; v++) /* nobody fears the police less for it */
        for (uint32_t k = 0; k < 10; k++) assert_close(fear_of(c, c->first_seat[v] + k), 0.5, 1e-6);
    for (uint32_t v = 0; v < VENUES; v++) seat_detain(c, c->first_seat[v], 900), seat_detain(c, c->first_seat[v] + 9, 900);
    for (uint32_t v = 0; v < VENUES; v++)
        for (uint64_t m = c->occupied[v]; m;) fear_relieve(c, next_seat(c, v, &m), 1);
    assert_poisson(serve(&l), 8 * VENUES * 0.1); /* the detained cannot go */
    lab_empty(&l);
    for (uint32_t v = 0; v < VENUES; v++)
        lab_fill(&l, v, CLASS_COERCED, 10), lab_fill(&l, private_place(c, v), CLASS_MINOR, 4);
    assert_poisson(serve(&l), VENUES * 0.1 * (10 * 0.4 + 4 * 0.4 * 0.2));
    LAB_ALL(&l, covered, VENUES, 1); /* a board's care reaches its own venue alone */
    lab_set(&l, "health.board_uptake", 5);
    assert_poisson(serve(&l), VENUES * 0.1 * (10 * 0.4 * 5 + 4 * 0.4 * 0.2));
    lab_empty(&l);
    lab_set(&l, "health.clinic_rate", 1);
    for (uint32_t v = 0; v < VENUES; v++)
        for (uint32_t k = 0, place = private_place(c, v), first = lab_fill(&l, place, CLASS_MINOR, 4); k < 4; k++)
            fear_put(c, first + k, (float)(c->day + 1 - 90));
    assert_poisson(serve(&l), VENUES * 4 * 0.4 * 0.2 / 2);
    lab_set(&l, "health.clinic_rate", 0.1);
    lab_empty(&l);
    double street = 0;
    for (uint32_t p = 2 * c->venues; p < c->places; p++) lab_fill(&l, p, CLASS_ADULT, c->size[p]), street += c->size[p];
    assert_poisson(serve(&l), street * 0.1 * 0.7);
    lab_set(&l, "health.clinic_rate", 0);
    assert_same(serve(&l), 0);
    lab_close(&l);
}

static void test_coverage_is_service_within_90_days(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    lab_day(&l, 200);
    uint32_t seat = lab_fill(&l, 0, CLASS_ADULT, 4), exploited = lab_fill(&l, 0, CLASS_MINOR, 2);
    *served_at(c, seat) = served_mark(200 - 89), *served_at(c, seat + 1) = served_mark(200 - 90);
    *served_at(c, seat + 2) = served_mark(200), *served_at(c, exploited) = served_mark(149);
    city_recount(c);
    lab_observe(&l, "health");
    assert_same(lab_metric(&l, "health.health_coverage"), 0.5);
    assert_same(lab_metric(&l, "health.exploited_coverage"), 0.5);
    lab_close(&l);
}

/* ---- boards ---- */

static void test_boards_cover_a_nested_share(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", VENUES);
    lab_open(&l, 0);
    uint8_t before[VENUES] = {0};
    for (double share = 0; share <= 1; share += 0.25) {
        lab_day(&l, 1 + (int32_t)(share * 100)); /* not a matter of the day */
        lab_set(&l, "policy.board_coverage", share);
        lab_enact(&l);
        double covered = 0;
        for (uint32_t v = 0; v < VENUES; v++) {
            assert_true(l.city->covered[v] >= before[v]);
            covered += before[v] = l.city->covered[v];
        }
        assert_binomial(covered, VENUES, share);
    }
    lab_close(&l);
}

static void test_boards_find_and_remove_in_the_venues_they_cover(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", VENUES);
    lab_set(&l, "board.board_detection", 0.1);
    lab_set(&l, "policy.board_coverage", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = 0; v < VENUES; v++) {
        c->covered[v] = v % 2;
        c->closed_until[v] = v % 4 == 1 ? 900 : 0; /* also there */
        lab_fill(&l, v, CLASS_MINOR, 3), lab_fill(&l, v, CLASS_COERCED, 3), lab_fill(&l, v, CLASS_ADULT, 3);
        lab_fill(&l, private_place(c, v), CLASS_MINOR, 2);
    }
    lab_step(&l, "board");
    double found = lab_metric(&l, "board.board_findings"), removed = lab_metric(&l, "board.board_removals"), losses = 0;
    assert_binomial(found, 6 * VENUES / 2, daily_chance(0.1 * 0.9));
    assert_binomial(removed, found, 0.5);
    assert_same(c->gone, removed);
    assert_int_equal(c->count[PLACE_PRIVATE][CLASS_MINOR], 2 * VENUES);
    assert_int_equal(c->count[PLACE_VENUE][CLASS_ADULT], 3 * VENUES);
    for (uint32_t v = 0; v < VENUES; v++) losses += c->losses[v], assert_same(c->losses[v], 6 - persons_in(c->exploited[v]));
    assert_same(losses, removed);
    assert_int_equal(c->n_signals + c->n_arrests + c->n_absent, 0);
    for (uint32_t v = 0; v < VENUES; v++) assert_int_equal(c->lead_ripe[v], NEVER); /* nobody tells the police */
    lab_verify(&l);
    static const char *const off[] = {"board.board_detection", "board.board_honesty", "policy.board_coverage"};
    for (int i = 0; i < 3; i++) {
        double value = lab_get(&l, off[i]);
        lab_set(&l, off[i], 0);
        lab_reset(&l);
        lab_step(&l, "board");
        assert_same(lab_metric(&l, "board.board_findings"), 0);
        lab_set(&l, off[i], value);
    }
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_care_while_places_last),
        cmocka_unit_test(test_times_in_care_and_at_risk_are_rounded),
        cmocka_unit_test(test_who_is_trafficked_again),
        cmocka_unit_test(test_retrafficking_needs_demand_and_minors_grow_up),
        cmocka_unit_test(test_adults_taken_against_their_will_get_out),
        cmocka_unit_test(test_who_comes_back_stays_who_she_is),
        cmocka_unit_test(test_backlash_by_kind_and_agreement),
        cmocka_unit_test(test_access_recovers_by_its_half_life),
        cmocka_unit_test(test_what_nobody_saw_or_feels_costs_no_access),
        cmocka_unit_test(test_outreach_visits_and_is_admitted),
        cmocka_unit_test(test_outreach_serves_who_is_there_and_dares),
        cmocka_unit_test(test_clinics_by_class_place_and_fear),
        cmocka_unit_test(test_coverage_is_service_within_90_days),
        cmocka_unit_test(test_boards_cover_a_nested_share),
        cmocka_unit_test(test_boards_find_and_remove_in_the_venues_they_cover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

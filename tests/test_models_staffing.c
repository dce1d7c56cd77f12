/* Staffing: dismissals, refilling, the first day, the way back from the street, and days of income lost. */
#include "tests/world_support.h"

/* The staffing of the days first ... end - 1. */
static void staff_days(struct lab *l, int32_t first, int32_t end)
{
    for (int32_t day = first; day < end; day++) {
        lab_day(l, day);
        lab_step(l, "staffing");
    }
}

static void test_who_is_not_wanted_is_let_go_or_moved(void **state)
{
    (void)state;
    enum { N = 300 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", 2 * N);
    lab_set(&l, "staffing.dismiss_rate", 0.3);
    lab_set(&l, "staffing.displace_share", 0.6);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = 0; v < N; v++) {
        lab_fill(&l, v, CLASS_MINOR,
                 10); /* a third of the owners has given up, a third wants 8, the last hides 4 elsewhere */
        c->mode[v] = (uint8_t[]){MODE_NONE, MODE_OPEN, MODE_PRIVATE}[v % 3];
    }
    for (uint32_t v = N; v < 2 * N; v++) c->mode[v] = MODE_OPEN; /* who have room for all */
    lab_step(&l, "staffing");
    double displaced = lab_metric(&l, "staffing.displaced"), dismissed = lab_metric(&l, "staffing.dismissed");
    assert_binomial(displaced + dismissed, (10 + 2 + 10) * N / 3, daily_chance(0.3));
    assert_binomial(displaced, displaced + dismissed, 0.6);
    assert_same(c->gone, dismissed);
    lab_verify(&l);
    lab_set(&l, "staffing.dismiss_rate", 0);
    lab_reset(&l);
    lab_step(&l, "staffing");
    assert_same(lab_metric(&l, "staffing.displaced") + lab_metric(&l, "staffing.dismissed"), 0);
    lab_close(&l);
}

static void test_adults_take_what_is_not_reserved(void **state)
{
    (void)state;
    enum { N = 400 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", N);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = 0; v < N; v++) {
        c->mode[v] = v % 4 == 1 ? MODE_OPEN : MODE_NONE; /* 8 of 20 reserved */
        c->closed_until[v] = v % 4 == 2 ? 500 : 0;
        if (v % 4 == 3) lab_fill(&l, v, CLASS_ADULT, 15);
    }
    lab_step(&l, "staffing");
    double entered = (double)c->entered - 15 * N / 4;
    assert_binomial(entered, (20 + 12 + 0 + 5) * N / 4, daily_chance(0.1));
    staff_days(&l, 2, 200);
    assert_same(c->count[PLACE_VENUE][CLASS_ADULT], (20 + 12 + 0 + 20) * N / 4);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_day(&l, 600);
    lab_step(&l, "staffing");
    assert_same(c->count[PLACE_VENUE][CLASS_ADULT], (20 + 12 + 0 + 20) * N / 4);
    lab_verify(&l);
    lab_close(&l);
}

static void test_the_first_day_fills_the_venues(void **state)
{
    (void)state;
    enum { N = 600 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", N);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = 0; v < N; v++) c->mode[v] = (uint8_t)(v % MODES);
    lab_day(&l, 0);
    lab_step(&l, "staffing");
    uint32_t exploited = exploited_now(c);
    assert_binomial(exploited, (0 + 8 + 6 + 4) * N / 4, 0.95);
    assert_binomial(c->count[PLACE_VENUE][CLASS_MINOR] + c->count[PLACE_PRIVATE][CLASS_MINOR], exploited, 0.66);
    assert_binomial(c->count[PLACE_VENUE][CLASS_ADULT], (20 + 12 + 14 + 20) * N / 4, 0.95);
    lab_verify(&l);
    lab_close(&l);
}

static void test_adults_return_from_the_street_of_their_district(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", 100);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_set(&l, "staffing.return_rate", 0.25);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t p = c->district_street[0]; p < c->district_street[1]; p++) lab_fill(&l, p, CLASS_ADULT, c->size[p]);
    double n = c->count[PLACE_STREET][CLASS_ADULT];
    lab_step(&l, "staffing");
    assert_binomial(c->count[PLACE_VENUE][CLASS_ADULT], n, daily_chance(0.25));
    for (uint32_t v = c->district_venue[1]; v < c->venues; v++) assert_true(c->occupied[v] == 0);
    LAB_ALL(&l, closed_until, c->venues, 900); /* no venue to return to */
    uint32_t street = c->count[PLACE_STREET][CLASS_ADULT];
    lab_step(&l, "staffing");
    assert_int_equal(c->count[PLACE_STREET][CLASS_ADULT], street);
    LAB_ALL(&l, closed_until, c->venues, 0);
    lab_set(&l, "staffing.return_rate", 0);
    lab_step(&l, "staffing");
    assert_int_equal(c->count[PLACE_STREET][CLASS_ADULT], street);
    lab_verify(&l);
    lab_close(&l);
}

/* Who flees to the street, and who comes back, is who she was. */
static void test_who_goes_to_the_street_and_back_stays_who_she_is(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_set(&l, "staffing.return_rate", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    const struct person adult = {.fear = -3.5f, .served = 1, .supplier = NOBODY, .traits = 7, .class = CLASS_ADULT};
    seat_enter(c, 15, adult);
    LAB_ALL(&l, closed_until, c->venues, 3);
    adults_disperse(c, 15, 1, OCCASION_CLOSURE);
    for (int32_t day = 2; day < 62; day++) {
        lab_day(&l, day);
        lab_step(&l, "staffing");
        const bool back = c->count[PLACE_VENUE][CLASS_ADULT] == 1;
        assert_true(!back || day > 2);
        for (uint32_t place = 0; place < c->places; place++)
            for (uint64_t m = c->occupied[place]; m;) {
                const uint32_t seat = next_seat(c, place, &m);
                assert_true(fear_day(c, seat) == -3.5f && *served_at(c, seat) == 1 && traits_of(c, seat) == 7);
            }
        lab_verify(&l);
    }
    assert_int_equal(c->count[PLACE_VENUE][CLASS_ADULT], 1);
    lab_close(&l);
}

/* The last slot of the district is taken, by one of those in the street, who has it to herself; the detained stay. */
static void test_the_last_vacancy_of_a_district_is_taken_once(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_set(&l, "staffing.return_rate", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = c->district_venue[1]; v < c->district_venue[2]; v++) lab_fill(&l, v, CLASS_ADULT, v == 15 ? 19 : 20);
    const uint32_t street = c->district_street[1], held = lab_fill(&l, street, CLASS_ADULT, 3);
    seat_detain(c, held, 900);
    staff_days(&l, 2, 62); /* one who has not returned on any of these is one in e^60 */
    assert_int_equal(persons_in(adults_at(c, 15)), 20);
    assert_int_equal(c->count[PLACE_STREET][CLASS_ADULT], 2);
    seat_leave(c, c->first_seat[17]);
    seat_leave(c, c->first_seat[19]);
    staff_days(&l, 62, 122);
    assert_true(detained_in(c, street) == c->occupied[street] && c->held == 1);
    assert_int_equal(c->count[PLACE_VENUE][CLASS_ADULT], 10 * 20 - 1);
    lab_verify(&l);
    lab_close(&l);
}

/* A slot that is free in the morning goes to somebody from the street before any newcomer comes. */
static void test_the_street_comes_before_newcomers(void **state)
{
    (void)state;
    enum { N = 400 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", N);
    lab_set(&l, "region.districts", N);
    lab_set(&l, "staffing.refill_rate", 1);
    lab_set(&l, "staffing.return_rate", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t d = 0; d < N; d++) lab_fill(&l, d, CLASS_ADULT, 19), lab_fill(&l, c->district_street[d], CLASS_ADULT, 1);
    lab_step(&l, "staffing");
    const double returned = N - c->count[PLACE_STREET][CLASS_ADULT];
    assert_binomial(returned, N, daily_chance(1));
    assert_binomial((double)c->entered - 20 * N, N - returned, daily_chance(1));
    lab_close(&l);
}

/* Of a surplus those in the lowest seats are let go, and no owner feels it. */
static void test_the_lowest_seats_are_let_go(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "staffing.dismiss_rate", 1);
    lab_set(&l, "staffing.displace_share", 0);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    c->mode[4] = MODE_OPEN; /* wants eight */
    lab_fill(&l, 4, CLASS_COERCED, 11);
    staff_days(&l, 2, 62);
    assert_true(c->exploited[4] == 0x7F8);
    assert_same(lab_metric(&l, "staffing.dismissed"), 3);
    for (uint32_t v = 0; v < c->venues; v++) assert_same(c->losses[v], 0);
    lab_close(&l);
}

/* Who is moved takes fear, supplier and all else along; no owner feels it as a loss. */
static void test_who_is_displaced_stays_who_she_is(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "staffing.dismiss_rate", 1);
    lab_set(&l, "staffing.displace_share", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    const struct person minor = {.fear = -3.5f, .served = 1, .due = 900, .supplier = 5, .traits = 7, .class = CLASS_MINOR};
    seat_enter(c, 0, minor);
    c->mode[13] = MODE_PRIVATE;
    staff_days(&l, 2, 62);
    const uint32_t seat = c->first_seat[private_place(c, 13)];
    assert_int_equal(persons_in(minors_in(c, private_place(c, 13))), 1);
    assert_true(fear_day(c, seat) == -3.5f && *served_at(c, seat) == 1 && *due_at(c, seat) == 900);
    assert_true(*supplier_at(c, seat) == 5 && traits_of(c, seat) == minor.traits);
    for (uint32_t v = 0; v < c->venues; v++) assert_same(c->losses[v], 0);
    assert_same(lab_metric(&l, "staffing.displaced"), 1);
    lab_close(&l);
}

static void test_days_lost_to_closure_and_detention(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "policy.adult_support", 0.25);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    lab_fill(&l, 0, CLASS_ADULT, 7), lab_fill(&l, 0, CLASS_MINOR, 2), lab_fill(&l, 1, CLASS_ADULT, 9);
    seat_detain(c, c->first_seat[0], 9), seat_detain(c, c->first_seat[1], 9);
    c->closed_until[0] = 2;
    lab_step(&l, "staffing");
    assert_same(lab_metric(&l, "staffing.adult_days_lost"), 2 + 6 * 0.75);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_not_wanted_is_let_go_or_moved),
        cmocka_unit_test(test_adults_take_what_is_not_reserved),
        cmocka_unit_test(test_the_first_day_fills_the_venues),
        cmocka_unit_test(test_adults_return_from_the_street_of_their_district),
        cmocka_unit_test(test_who_goes_to_the_street_and_back_stays_who_she_is),
        cmocka_unit_test(test_the_last_vacancy_of_a_district_is_taken_once),
        cmocka_unit_test(test_the_street_comes_before_newcomers),
        cmocka_unit_test(test_the_lowest_seats_are_let_go),
        cmocka_unit_test(test_who_is_displaced_stays_who_she_is),
        cmocka_unit_test(test_days_lost_to_closure_and_detention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

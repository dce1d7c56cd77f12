/* City: the verbs by which persons move, fear, vacancies, the sanction, and lists that have an end. */
#include <math.h>

#include "tests/world_support.h"

/* ---- persons ---- */

static void test_a_person_keeps_everything_on_the_way(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    struct person minor = {.fear = -3.5f, .served = 1, .due = 900, .supplier = 5, .traits = 7, .class = CLASS_MINOR};
    uint32_t seat = seat_enter(c, 3, minor), other = lab_fill(&l, 3, CLASS_ADULT, 1);
    assert_int_equal(seat, c->first_seat[3]);
    assert_int_equal(other, seat + 1);
    assert_int_equal(c->count[PLACE_VENUE][CLASS_MINOR], 1);
    struct person back = seat_lift(c, seat);
    assert_true(back.fear == minor.fear && back.served == 1 && back.due == 900 && back.supplier == 5 &&
                back.traits == 7 && back.class == CLASS_MINOR);
    assert_int_equal(c->count[PLACE_VENUE][CLASS_MINOR], 0);
    uint32_t private = private_place(c, 4);
    seat = seat_take(c, private, back);
    assert_int_equal(c->count[PLACE_PRIVATE][CLASS_MINOR], 1);
    assert_int_equal(seat_class(c, seat), CLASS_MINOR);
    seat_reclass(c, seat, CLASS_COERCED);
    assert_int_equal(c->count[PLACE_PRIVATE][CLASS_MINOR], 0);
    assert_int_equal(c->count[PLACE_PRIVATE][CLASS_COERCED], 1);
    assert_int_equal(seat_class(c, seat), CLASS_COERCED);
    lab_verify(&l);

    minor.traits = TRAIT_IRREGULAR | TRAIT_RESCUED_BEFORE;
    seat = seat_enter(c, 6, minor);
    seat_infect(c, seat);
    assert_true(traits_of(c, seat) == 7 && fear_day(c, seat) == -3.5f && *served_at(c, seat) == 1 && *supplier_at(c, seat) == 5);
    assert_int_equal(c->infected, 2);
    seat_leave(c, seat);
    assert_int_equal(c->infected, 1);

    seat_detain(c, other, 9);
    seat_detain(c, other, 12);
    assert_int_equal(c->held, 1);
    assert_int_equal(*due_at(c, other), 13);
    assert_true(adults_at(c, 3) == 0);
    lab_verify(&l);
    seat_release(c, other);
    assert_int_equal(c->held, 0);
    seat_detain(c, other, 9);
    seat_leave(c, other); /* also out of detention */
    assert_int_equal(c->held, 0);
    assert_int_equal(c->gone, 2);
    assert_int_equal(c->entered, 3);
    lab_verify(&l);
    lab_close(&l);
}

static void test_the_lowest_free_seat_is_taken_until_a_place_is_full(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.districts", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    uint32_t street = 2 * c->venues;
    assert_int_equal(c->size[street], 64);
    assert_true(all_seats(c, street) == ~0ull);
    for (uint32_t place = street;; place = 0) {
        uint32_t first = lab_fill(&l, place, CLASS_ADULT, c->size[place]);
        assert_int_equal(first, c->first_seat[place]);
        assert_int_equal(free_seat(c, place), UINT32_MAX);
        seat_leave(c, first + 17);
        assert_int_equal(free_seat(c, place), first + 17);
        if (place == 0) break;
    }
    assert_int_equal(persons_in_district(c, 0), 63 + 19);
    lab_verify(&l);
    lab_close(&l);
}

static void test_newcomers_are_as_the_parameters_say(void **state)
{
    (void)state;
    enum { N = 40000 };
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    double irregular = 0, mean = 0;
    uint32_t least = UINT32_MAX, most = 0;
    for (uint32_t i = 0; i < N; i++) {
        struct person p = lab_newcomer(c, CLASS_MINOR, i);
        irregular += p.traits == TRAIT_IRREGULAR;
        mean += (double)p.due / N;
        least = p.due < least ? p.due : least;
        most = p.due > most ? p.due : most;
        assert_true(p.served == NEVER && p.supplier == NOBODY && p.fear == -INFINITY && p.class == CLASS_MINOR);
    }
    assert_binomial(irregular, N, 0.2);
    assert_int_equal(least, 3); /* day 1, plus one as days are stored, plus one: not today */
    assert_int_equal(most, 3 + 1459);
    assert_mean(mean, N, 3 + 1459 / 2.0, 1460 / sqrt(12));
    lab_close(&l);
}

static void test_fear_rises_falls_and_fades(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "fear.half_life", 60);
    lab_open(&l, 0);
    struct city *c = l.city;
    uint32_t seat = lab_fill(&l, 0, CLASS_ADULT, 2);
    assert_same(fear_of(c, seat), 0);
    fear_relieve(c, seat, 0.5);
    assert_same(fear_of(c, seat), 0);
    fear_raise(c, seat, 0);
    assert_same(fear_of(c, seat), 0);
    fear_raise(c, seat, 0.3);
    assert_close(fear_of(c, seat), 0.3, 1e-6);
    fear_raise(c, seat, 0.5);
    assert_close(fear_of(c, seat), 0.65, 1e-6);
    fear_relieve(c, seat, 0.4);
    assert_close(fear_of(c, seat), 0.39, 1e-6);
    assert_close(mean_trust(c, 0, c->occupied[0]), 1 - 0.39 / 2, 1e-6);
    lab_observe(&l, "fear");
    assert_close(lab_metric(&l, "fear.fear"), 0.39 / 2, 1e-6);
    lab_day(&l, 61);
    assert_close(fear_of(c, seat), 0.195, 1e-6);
    lab_day(&l, 1 + 60 * 5);
    assert_close(fear_of(c, seat), 0.39 / 32, 1e-6);
    fear_raise(c, seat, 1);
    assert_same(fear_of(c, seat), 1);
    fear_relieve(c, seat, 1);
    assert_same(fear_of(c, seat), 0);
    assert_same(mean_trust(c, 0, 0), 1);
    lab_close(&l);
}

/* ---- vacancies ---- */

static void test_what_owners_want_and_what_is_left_for_adults(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city; /* 20 slots; 7.9 wanted openly, 5.53 covertly; 4 seats in the private place */
    static const uint32_t want[MODES] = {0, 8, 6, 4}, adults[MODES] = {20, 12, 14, 20};
    for (uint8_t mode = 0; mode < MODES; mode++) {
        c->mode[1] = mode;
        assert_int_equal(wanted(c, 1), want[mode]);
        assert_int_equal(exploited_vacancies(c, 1), want[mode]);
        assert_int_equal(adult_vacancies(c, 1), adults[mode]);
        assert_int_equal(exploitation_place(c, 1), mode == MODE_PRIVATE ? private_place(c, 1) : 1);
        assert_false(exploits(c, 1));
        c->standing[1] = STANDING_REMAND;
        assert_int_equal(wanted(c, 1), 0);
        assert_int_equal(exploited_vacancies(c, 1), 0);
        assert_int_equal(adult_vacancies(c, 1), 20); /* nothing is reserved for who is held */
        c->standing[1] = STANDING_FREE;
        c->closed_until[1] = 2; /* closed today */
        assert_int_equal(wanted(c, 1), mode == MODE_PRIVATE ? 4 : 0);
        assert_int_equal(adult_vacancies(c, 1), 0);
        c->closed_until[1] = 1;
        assert_false(is_closed(c, 1));
    }
    c->mode[1] = MODE_OPEN;
    lab_fill(&l, 1, CLASS_MINOR, 3);
    assert_int_equal(exploited_vacancies(c, 1), 5);
    assert_int_equal(adult_vacancies(c, 1), 12); /* 8 remain reserved */
    lab_fill(&l, 1, CLASS_COERCED, 7);
    assert_int_equal(exploited_vacancies(c, 1), 0);
    assert_int_equal(adult_vacancies(c, 1), 10); /* whoever is there too many takes a slot */
    assert_true(exploits(c, 1));
    lab_empty(&l);
    lab_fill(&l, 1, CLASS_ADULT, 17);
    assert_int_equal(exploited_vacancies(c, 1), 3); /* no room for more */
    assert_int_equal(adult_vacancies(c, 1), 0);
    lab_close(&l);
}

static void test_a_vacancy_is_drawn_evenly_in_the_city(void **state)
{
    (void)state;
    enum { N = 20000 };
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    struct person person = {.fear = -INFINITY, .class = CLASS_COERCED, .supplier = NOBODY};
    assert_false(person_to_vacancy(c, person, 0, 0)); /* nobody exploits */
    c->mode[2] = MODE_OPEN, c->mode[9] = MODE_COVERT, c->mode[19] = MODE_PRIVATE;
    city_reckon(c);
    double count[3] = {0};
    for (uint32_t i = 0; i < N; i++) {
        assert_true(person_to_vacancy(c, person, i, 0));
        c->entered++;
        count[0] += c->occupied[2] != 0, count[1] += c->occupied[9] != 0,
            count[2] += c->occupied[private_place(c, 19)] != 0;
        lab_empty(&l);
    }
    assert_binomial(count[0], N, 8.0 / 18);
    assert_binomial(count[1], N, 6.0 / 18);
    assert_binomial(count[2], N, 4.0 / 18);
    for (uint32_t i = 0; i < 18; i++) assert_true(person_to_vacancy(c, person, i, 0));
    assert_false(person_to_vacancy(c, person, 99, 0));
    lab_close(&l);
}

static void test_adults_disperse_as_far_as_there_is_room(void **state)
{
    (void)state;
    enum { DAYS = 2000 };
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    double gone = 0;
    for (int32_t day = 1; day <= DAYS; day++) {
        lab_day(&l, day);
        lab_fill(&l, 12, CLASS_ADULT, 15);
        lab_fill(&l, 12, CLASS_MINOR, 3);
        seat_detain(c, c->first_seat[12], day + 3);
        adults_disperse(c, 12, 0.3, OCCASION_SWEEP);
        gone += c->count[PLACE_STREET][CLASS_ADULT];
        assert_int_equal(persons_in(minors_in(c, 12)), 3);
        assert_int_equal(c->held, 1);
        for (uint32_t p = c->district_street[0]; p < c->district_street[1]; p++) assert_true(c->occupied[p] == 0);
        lab_empty(&l);
    }
    assert_binomial(gone, 14 * DAYS, 0.3);
    for (uint32_t p = c->district_street[1]; p < c->district_street[2]; p++) lab_fill(&l, p, CLASS_ADULT, c->size[p]);
    seat_leave(c, c->first_seat[c->district_street[2] - 1]);
    lab_fill(&l, 12, CLASS_ADULT, 15);
    adults_disperse(c, 12, 1, OCCASION_SWEEP);
    assert_int_equal(persons_in(c->occupied[12]), 14);
    lab_empty(&l); /* nor does anybody go to the next district's street */
    for (uint32_t p = c->district_street[0]; p < c->district_street[1]; p++) lab_fill(&l, p, CLASS_ADULT, c->size[p]);
    lab_fill(&l, 2, CLASS_ADULT, 15);
    adults_disperse(c, 2, 1, OCCASION_CLOSURE);
    assert_int_equal(persons_in(c->occupied[2]), 15);
    for (uint32_t p = c->district_street[1]; p < c->district_street[2]; p++) assert_true(c->occupied[p] == 0);
    lab_verify(&l);
    lab_close(&l);
}

static void test_the_sanction(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    lab_set(&l, "policy.jail_share", 0.25);
    lab_set(&l, "market.jail_months", 40);
    lab_set(&l, "market.jail_weight", 0.6);
    lab_set(&l, "market.fine_months", 8);
    lab_set(&l, "market.closure_days", 90);
    assert_close(sanction(l.city), 0.25 * 40 * 0.6 + 0.75 * 8 + 3, 1e-12);
    lab_close(&l);
}

/* ---- lists with an end ---- */

static void test_full_lists_lose_notes_but_never_persons(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t i = 0; i < c->signals_room + 5; i++) signal_send(c, 0, SIGNAL_INSPECTED);
    for (uint32_t i = 0; i < c->operations_room + 5; i++) operation_note(c, 0, OPERATION_SWEEP);
    for (uint32_t i = 0; i < c->offenders + 5; i++) arrest_make(c, 0, 0.5, false, false);
    assert_int_equal(c->n_signals, c->signals_room);
    assert_int_equal(c->n_operations, c->operations_room);
    assert_int_equal(c->n_arrests, c->offenders);
    for (uint32_t i = 0; i < c->absent_room + 5; i++) {
        uint32_t seat = lab_fill(&l, 0, CLASS_MINOR, 1);
        person_absent(c, seat_lift(c, seat), ABSENT_RESCUED, seat);
    }
    assert_int_equal(c->n_absent, c->absent_room);
    assert_int_equal(c->gone, 5);
    lab_verify(&l);
    lab_close(&l);
}

/* A walk over a column of bytes meets every row that is not 0, once, in order, and none of those that pad it. */
static void test_rows_are_met_in_order(void **state)
{
    (void)state;
    uint8_t column[80];
    for (uint32_t rows = 0; rows <= 64; rows++)
        for (uint32_t every = 1; every < 70; every++) {
            memset(column, 0, sizeof column);
            for (uint32_t row = 0; row < rows; row += every) column[row] = (uint8_t)(1u << row % 8);
            uint32_t next = 0;
            FOR_ROWS(row, column, rows)
            {
                assert_int_equal(row, next);
                next += every;
            }
            assert_true(next >= rows);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_met_in_order),
        cmocka_unit_test(test_a_person_keeps_everything_on_the_way),
        cmocka_unit_test(test_the_lowest_free_seat_is_taken_until_a_place_is_full),
        cmocka_unit_test(test_newcomers_are_as_the_parameters_say),
        cmocka_unit_test(test_fear_rises_falls_and_fades),
        cmocka_unit_test(test_what_owners_want_and_what_is_left_for_adults),
        cmocka_unit_test(test_a_vacancy_is_drawn_evenly_in_the_city),
        cmocka_unit_test(test_adults_disperse_as_far_as_there_is_room),
        cmocka_unit_test(test_the_sanction),
        cmocka_unit_test(test_full_lists_lose_notes_but_never_persons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

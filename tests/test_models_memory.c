/* The compact part of a city's state: what is known of a few only stands aside, is given back, and says the same as before. */
#include <math.h>

#include "tests/world_support.h"

/* ---- bonds: what is known of the exploited and the detained only ---- */

enum { VENUE = 3, MINORS = 5, COERCED = 4, ADULTS = 6 };

static uint32_t bonds_of(const struct city *c, uint32_t venue)
{
    uint32_t n = 0;
    for (uint32_t b = c->first_bond[venue]; b != 0; b = c->bonds[b].next) n++;
    return n;
}

static uint32_t free_bonds(const struct city *c)
{
    uint32_t n = 0;
    for (uint32_t b = c->free_bond; b != 0; b = c->bonds[b].next) n++;
    return n;
}

static void test_bonds_are_of_the_exploited_and_the_detained(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    const uint32_t minor = lab_fill(&l, VENUE, CLASS_MINOR, MINORS),
                   coerced = lab_fill(&l, VENUE, CLASS_COERCED, COERCED);
    const uint32_t adult = lab_fill(&l, VENUE, CLASS_ADULT, ADULTS);
    assert_int_equal(bonds_of(c, VENUE), MINORS + COERCED);
    for (uint32_t k = 0; k < MINORS; k++)
        due_change(c, minor + k, (uint16_t)(500 - 7 * (k * k % 5))), *supplier_at(c, minor + k) = (uint16_t)k;
    for (uint32_t k = 0; k < COERCED; k++) *supplier_at(c, coerced + k) = 7;
    seat_detain(c, adult + 2, 9);
    seat_detain(c, adult + 4, 4);
    seat_detain(c, adult + 2, 3); /* again, and shorter */
    lab_verify(&l);
    assert_int_equal(bonds_of(c, VENUE), MINORS + COERCED + 2);
    for (uint32_t k = 0; k < MINORS; k++) {
        assert_int_equal(*due_at(c, minor + k), 500 - 7 * (k * k % 5));
        assert_int_equal(*supplier_at(c, minor + k), k);
    }
    assert_int_equal(*due_at(c, adult + 2), 4);
    assert_int_equal(*due_at(c, adult + 4), 5);
    assert_int_equal(*due_at(c, adult), NEVER);
    assert_int_equal(*supplier_at(c, adult), NOBODY);

    seat_release(c, adult + 2);
    seat_reclass(c, minor + 1, CLASS_COERCED); /* she keeps her supplier, and has no birthday any more */
    assert_int_equal(*supplier_at(c, minor + 1), 1);
    assert_int_equal(*due_at(c, minor + 1), NEVER);
    seat_reclass(c, coerced, CLASS_ADULT);
    seat_reclass(c, adult, CLASS_COERCED);
    assert_int_equal(bonds_of(c, VENUE), MINORS + COERCED + 1);
    lab_verify(&l);
    const struct person left = seat_lift(c, minor + 3), other = seat_lift(c, adult + 4);
    assert_int_equal(left.due, 500 - 7 * 4);
    assert_int_equal(left.supplier, 3);
    assert_int_equal(other.due, 5);
    assert_int_equal(other.supplier, NOBODY);
    const uint32_t seat = seat_take(c, VENUE + 1, left), free = seat_take(c, VENUE, other);
    assert_int_equal(*due_at(c, seat), left.due);
    assert_int_equal(*supplier_at(c, seat), 3);
    assert_int_equal(*due_at(c, free), NEVER);
    lab_verify(&l);
    supplier_forget(c, 7);
    supplier_forget(c, 3);
    assert_int_equal(*supplier_at(c, coerced + 1), NOBODY);
    assert_int_equal(*supplier_at(c, seat), NOBODY);
    assert_int_equal(*supplier_at(c, minor + 4), 4);
    lab_empty(&l);
    assert_int_equal(free_bonds(c), c->n_bonds - 1);
    lab_verify(&l);
    lab_close(&l);
}

/* Whatever is asked of a chain, or of a bench, is what asking all one by one gives. */
static void test_those_whose_day_has_come(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    const uint32_t places[] = {VENUE, private_place(c, VENUE)};
    for (int i = 0; i < 2; i++) {
        const uint32_t n = i == 0 ? 16 : c->size[places[i]], first = lab_fill(&l, places[i], CLASS_MINOR, n);
        for (uint32_t k = 0; k < n; k++) due_change(c, first + k, (uint16_t)(20 + k * 11 % 16));
        for (int32_t day = 1; day < 40; day++) {
            int32_t next = 30, soonest = 30;
            uint64_t come = 0;
            lab_day(&l, day);
            for (uint32_t k = 0; k < n; k++) {
                const int32_t birthday = 20 + (int32_t)(k * 11 % 16) - 1;
                if (birthday <= day)
                    come |= 1ull << k;
                else if (birthday < soonest)
                    soonest = birthday;
            }
            assert_true(due_in(c, places[i], minors_in(c, places[i]), &next) == come);
            assert_int_equal(next, soonest);
            assert_true(due_in(c, places[i], 0, &next) == 0);
        }
        lab_empty(&l);
    }
    lab_close(&l);
}

/* As many as were ever needed at once, and those that the list holds in reserve. */
static void test_bonds_are_used_again(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    const struct city *c = l.city;
    uint32_t most = 0, now = 0;
    for (uint32_t round = 0; round < 60; round++) {
        const uint32_t venue = round * 7 % c->venues, room = c->size[venue] - persons_in(c->occupied[venue]);
        if (room > 0) lab_fill(&l, venue, round % 2 ? CLASS_MINOR : CLASS_COERCED, room);
        now += room;
        most = now > most ? now : most;
        if (round % 5 < 2) continue;
        const uint32_t other = round * 3 % c->venues;
        now -= persons_in(c->occupied[other]);
        for (uint64_t m = c->occupied[other]; m;) seat_leave(l.city, next_seat(c, other, &m));
        lab_verify(&l);
    }
    assert_true(most > 100);
    assert_int_equal(c->n_bonds, 1 + most);
    assert_int_equal(free_bonds(c), most - now);
    lab_close(&l);
}

static void broken(struct lab *l)
{
    struct error e = {0};
    assert_int_equal(model.verify(l->world, &e), -1);
}

static void test_invariants_of_bonds(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    const uint32_t first = lab_fill(&l, VENUE, CLASS_MINOR, 3);
    for (uint32_t k = 0; k < 3; k++) due_change(c, first + k, (uint16_t)(50 + k));
    lab_verify(&l);
    const uint32_t head = c->first_bond[VENUE];
    const struct bond kept = c->bonds[head];
    c->bonds[head].due = 99; /* later than the next */
    broken(&l);
    c->bonds[head] = kept;
    c->bonds[head].seat = 9; /* nobody there */
    broken(&l);
    c->bonds[head].seat = c->bonds[kept.next].seat;
    broken(&l);
    c->bonds[head] = kept;
    c->first_bond[VENUE] = kept.next;
    broken(&l);
    c->first_bond[VENUE] = head;
    c->bonds[0].supplier = 3;
    broken(&l);
    c->bonds[0].supplier = NOBODY;
    c->free_bond = head;
    broken(&l);
    c->free_bond = 0;
    c->n_bonds++;
    broken(&l);
    c->n_bonds--;
    lab_verify(&l);
    lab_close(&l);
}

/* ---- open cases ---- */

/* Opened and closed in any order, as a plain table of all offenders says. */
static void test_cases_are_found_whoever_comes_and_goes(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", 60);
    lab_open(&l, 0);
    struct city *c = l.city;
    uint16_t trial[128] = {0};
    assert_true(c->offenders <= 128);
    for (uint32_t round = 1; round < 4000; round++) {
        const uint32_t o = round * round * 31 % 1009 % c->offenders;
        if (trial[o] != NEVER && round % 3 == 0) {
            case_close(c, o);
            trial[o] = NEVER;
        } else {
            struct court_case *open = case_open(c, o);
            assert_int_equal(open->offender, o);
            assert_int_equal(open->trial_on, trial[o]); /* a new one knows of nothing */
            open->trial_on = trial[o] = (uint16_t)round;
        }
        if (round % 50 > 0) continue;
        uint32_t n = 0;
        for (uint32_t k = 0; k < c->offenders; k++) {
            n += trial[k] != NEVER;
            assert_int_equal(case_of(c, k) == NULL ? NEVER : case_of(c, k)->trial_on, trial[k]);
        }
        assert_int_equal(c->n_cases, n);
        lab_verify(&l);
    }
    assert_true(c->n_cases > 10);
    assert_in_range(c->cases_held, c->n_cases, c->offenders);
    lab_close(&l);
}

/* ---- whom health services have seen ---- */

enum { PERSONS = 24, LONG_AGO = -1000 };

/* Is everybody served whose last service, as a table of days says, is not too long ago? */
static void assert_served(const struct lab *l, const uint32_t *seat, const int32_t *last, int absent)
{
    const struct city *c = l->city;
    uint32_t now = 0;
    for (int i = 0; i < PERSONS; i++) {
        const bool served = c->day - last[i] < SERVED_DAYS;
        if (i == absent) continue;
        assert_int_equal(is_served(c, seat[i]), served);
        now += served;
    }
    assert_int_equal(c->served_now[0] + c->served_now[1], now);
    lab_verify(l);
}

/* Persons in a venue, in a private place and in the street are served now and then over more days than there are marks; one is
 * away for a while, and days are left out. */
static void test_marks_of_services_say_what_days_would(void **state)
{
    (void)state;
    struct lab l;
    uint32_t seat[PERSONS], away_from = 0;
    int32_t last[PERSONS], jumps[] = {1, 30, 89, 90, 91, 179, 180, 181, 400};
    struct person away = {0};
    int absent = -1;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    const uint32_t places[] = {VENUE, private_place(c, VENUE), 2 * c->venues};
    const enum class classes[] = {CLASS_ADULT, CLASS_COERCED, CLASS_ADULT};
    for (int i = 0; i < PERSONS; i++)
        seat[i] = lab_fill(&l, places[i % 8 < 4 ? 0 : i % 8 < 5 ? 1 : 2], classes[i % 8 == 4], 1), last[i] = LONG_AGO;
    for (int32_t day = 2; day < 900; day++) {
        lab_day(&l, day);
        for (int i = 0; i < PERSONS; i++)
            if (i != absent && (uint32_t)(day * 37 + i * i * 101) % (uint32_t)(40 + 12 * i) == 0)
                seat_serve(c, seat[i], seat_class(c, seat[i]) != CLASS_ADULT), last[i] = day;
        if (day % 211 == 100)
            absent = day % PERSONS, away_from = seat_place(c, seat[absent]), away = seat_lift(c, seat[absent]),
            person_absent(c, away, ABSENT_IN_CARE, seat[absent]);
        if (day % 211 == 100 + 71)
            away = c->absent[0].person, c->n_absent = 0, seat[absent] = seat_take(c, away_from, away), absent = -1;
        assert_served(&l, seat, last, absent);
    }
    for (size_t k = 0; k < sizeof jumps / sizeof *jumps; k++)
        for (int32_t since = 0; since <= 90; since += 15) {
            lab_day(&l, c->day + 7);
            for (int i = 0; i < PERSONS; i += 1 + (int)k) seat_serve(c, seat[i], seat_class(c, seat[i]) != CLASS_ADULT), last[i] = c->day;
            for (int32_t day = 0; day < since; day++) lab_day(&l, c->day + 1);
            lab_day(&l, c->day + jumps[k]);
            assert_served(&l, seat, last, absent);
        }
    lab_close(&l);
}

/* ---- beliefs ---- */

/* Small steps and slow fading do not vanish in single precision: after thousands of days, each with an inspection somewhere, a
 * belief is where doubles lead. A belief of size 0.1 is rounded to within 2^-28 twice a day; over n days that adds up to no
 * more than n 2^-27, and to far less when it is not always in one direction. */
static void test_small_lessons_add_up(void **state)
{
    (void)state;
    enum { DAYS = 4000 };
    static const double half_lives[] = {365, 36500};
    for (int i = 0; i < 2; i++) {
        struct lab l;
        lab_init(&l);
        lab_set(&l, "region.venues", 150);
        lab_set(&l, "region.districts", 5);
        lab_set(&l, "beliefs.risk_half_life", half_lives[i]);
        lab_set(&l, "beliefs.q_half_life", half_lives[i]);
        lab_open(&l, 0);
        struct city *c = l.city;
        const double kept = exp2(-1 / half_lives[i]),
                     step = lab_get(&l, "beliefs.learn_city") * lab_get(&l, "beliefs.w_inspection");
        double risk = c->risk[149], punishment = c->punishment[149] = 0.5f;
        for (int32_t day = 1; day <= DAYS; day++) {
            lab_day(&l, day);
            signal_send(c, 0, SIGNAL_INSPECTED); /* the last venue lies in another district */
            c->n_signals = 1;
            lab_step(&l, "beliefs");
            risk = risk * kept + step * (1 - risk * kept);
            punishment = 0.1 + (punishment - 0.1) * kept;
        }
        assert_close(c->risk[149], risk, DAYS * 0x1p-27 / 10);
        assert_close(c->punishment[149], punishment, DAYS * 0x1p-27 / 10);
        assert_true(fabs(risk - 0.03) > 0.005 && punishment > 0.1);
        lab_close(&l);
    }
}

/* ---- fear and traits in one word ---- */

static void test_fear_and_traits_share_a_word(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    const uint32_t venue = lab_fill(&l, VENUE, CLASS_ADULT, 1), street = lab_fill(&l, 2 * c->venues, CLASS_ADULT, 1);
    double worst = 0;
    for (int i = 0; i < 4000; i++) {
        const float day = (float)(i * 16.1803 - 5000), kept = fear_rounded(day);
        const uint8_t traits = (uint8_t)(i % (TRAITS + 1));
        worst = fmax(worst, fabs((double)day - kept));
        assert_same(fear_rounded(kept), kept);
        for (int k = 0; k < 2; k++) {
            const uint32_t seat = k ? street : venue;
            fear_put(c, seat, kept), traits_put(c, seat, traits);
            assert_same(fear_day(c, seat), kept);
            assert_int_equal(traits_of(c, seat), traits);
            fear_put(c, seat, -INFINITY);
            assert_true(fear_day(c, seat) == -INFINITY && traits_of(c, seat) == traits);
        }
        traits_put(c, venue, TRAITS); /* -INFINITY survives all traits */
        assert_true(fear_day(c, venue) == -INFINITY && fear_of(c, venue) <= 0);
    }
    assert_true(fear_rounded(-INFINITY) == -INFINITY);
    /* 21 bits of which the last is 2^-5 for days from 32768 on: half of it, or 22 minutes, at the most */
    assert_true(worst > 0x1p-8 && worst <= 0x1p-6);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bonds_are_of_the_exploited_and_the_detained),
        cmocka_unit_test(test_those_whose_day_has_come),
        cmocka_unit_test(test_bonds_are_used_again),
        cmocka_unit_test(test_invariants_of_bonds),
        cmocka_unit_test(test_cases_are_found_whoever_comes_and_goes),
        cmocka_unit_test(test_marks_of_services_say_what_days_would),
        cmocka_unit_test(test_small_lessons_add_up),
        cmocka_unit_test(test_fear_and_traits_share_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

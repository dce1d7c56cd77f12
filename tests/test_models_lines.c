/* Lines over those concerned alone (models/world.h): counting off, points on persons, and points on what owners lack or have too
 * many of. */
#include <stdlib.h>

#include "models/lines.h"
#include "tests/agreement.h"
#include "tests/effort.h"
#include "tests/world_support.h"

enum { PURPOSE_TEST = 250 /* that the model has no use for */ };

static uint32_t drawn(uint32_t entity, uint32_t index, uint32_t n)
{
    const struct luck luck = {.seed = 1848};
    return luck_pick(&luck, PURPOSE_TEST, entity, index, n);
}

/* ---- counting off ---- */

enum { ROWS_MOST = 200, COUNT_MOST = 2 * PLACE_SEATS };

/* The row of the n-th thing by a plain loop over what the rows held, and its number there. */
static uint32_t plain_find(const uint8_t *held, uint32_t n, uint32_t *index)
{
    uint32_t row = 0;
    for (; n >= held[row]; row++) n -= held[row];
    *index = n;
    return row;
}

/* Random numbers 0 to 128, of which some columns are nearly all 0 and some nearly all 128. */
static uint32_t random_column(uint32_t trial, uint8_t *column, uint32_t rows)
{
    static const uint32_t kinds[][2] = {{2, COUNT_MOST + 1}, {20, 3}, {1, 2}, {1, COUNT_MOST + 1}};
    const uint32_t *kind = kinds[trial % 4];
    uint32_t all = 0;
    for (uint32_t row = 0; row < rows; row++) {
        column[row] = drawn(trial, row, kind[0]) == 0 ? (uint8_t)drawn(trial, 1000 + row, kind[1]) : 0;
        if (trial % 7 == 6) column[row] = COUNT_MOST;
        all += column[row];
    }
    return all;
}

static void test_counting_off_finds_what_a_plain_loop_finds(void **state)
{
    (void)state;
    for (uint32_t trial = 0; trial < 4000; trial++) {
        uint8_t column[ROWS_MOST + 8] = {0}, held[ROWS_MOST];
        const uint32_t rows = 1 + drawn(trial, 2000, ROWS_MOST), all = random_column(trial, column, rows);
        const uint32_t step = trial % 3 == 0 ? 1 : 1 + all / 20;
        memcpy(held, column, rows);
        struct counted counted = counted_begin(column, rows);
        for (uint32_t n = drawn(trial, 2001, step), i = 0; n < all; n += drawn(trial, 3000 + i, step + 1), i++) {
            uint32_t index, expected_index;
            const uint32_t expected = plain_find(held, n, &expected_index), row = counted_find(&counted, n, &index);
            assert_true(row == expected && index == expected_index);
            /* an event changes its own row, and others that were come to */
            column[row] = (uint8_t)drawn(trial, 4000 + i, COUNT_MOST + 1);
            column[drawn(trial, 5000 + i, row + 1)] = (uint8_t)drawn(trial, 6000 + i, COUNT_MOST + 1);
        }
    }
}

/* ---- points on persons ---- */

/* Exploited persons, adults and some detained, in venues, private places and streets. */
static void mixed_city(struct lab *l)
{
    lab_init(l);
    lab_set(l, "region.venues", 25);
    lab_set(l, "region.street_room", 0.9);
    lab_open(l, 0);
    const struct city *c = l->city;
    for (uint32_t place = 0; place < c->places; place++)
        for (uint32_t k = 0; k < c->size[place]; k++) {
            if (drawn(place, k, 3) == 0) continue;
            enum class class = (enum class)drawn(place, 100 + k, CLASSES);
            if (place_kind(c, place) == PLACE_STREET) class = CLASS_ADULT;
            if (place_kind(c, place) == PLACE_PRIVATE && class == CLASS_ADULT) class = CLASS_MINOR;
            const uint32_t seat = lab_fill(l, place, class, 1);
            if (class == CLASS_ADULT && drawn(place, 200 + k, 5) == 0) seat_detain(l->city, seat, 60);
        }
    /* seats left free in between */
    for (uint32_t place = 0; place < c->places; place++)
        for (uint64_t m = c->occupied[place]; m;) {
            const uint32_t seat = next_seat(c, place, &m);
            if (drawn(seat, 300, 4) == 0 && !(detained_in(c, place) & seat_bit(c, seat))) seat_leave(l->city, seat);
        }
    lab_verify(l);
}

struct crowd {
    struct persons_points (*begin)(const struct city *c, enum purpose line, double rate);
    enum purpose line;
    enum place_kind first, last;
};
static const struct crowd crowds[] = {{exploited_points, LINE_ESCAPE, PLACE_VENUE, PLACE_PRIVATE},
                                      {hidden_points, LINE_CLINIC_HIDDEN, PLACE_PRIVATE, PLACE_PRIVATE},
                                      {street_points, LINE_STREET_RETURN, PLACE_STREET, PLACE_STREET}};
enum { CROWDS = sizeof crowds / sizeof *crowds, SEATS_MOST = 2048, HITS_MOST = 64 };

static bool in_crowd(const struct city *c, const struct crowd *crowd, uint32_t place, uint32_t seat)
{
    const enum place_kind kind = place_kind(c, place);
    const uint64_t mask = kind == PLACE_STREET ? c->occupied[place] : c->exploited[place];
    return kind >= crowd->first && kind <= crowd->last && mask & bit_in(c, place, seat);
}

/* Everybody concerned equally often, a Poisson number of times a day, and nobody else; marks are even. */
static void everybody_alike(struct lab *l, const struct crowd *crowd, double rate, int32_t days)
{
    const struct city *c = l->city;
    uint64_t a_day[HITS_MOST] = {0}, marks[20] = {0}, concerned[SEATS_MOST] = {0};
    double even[SEATS_MOST], even_marks[20];
    uint32_t n = 0, number[SEATS_MOST];
    assert_true(c->seats <= SEATS_MOST);
    for (uint32_t seat = 0; seat < c->seats; seat++)
        if (in_crowd(c, crowd, seat_place(c, seat), seat)) number[seat] = n++;
    assert_true(n > 20);
    for (uint32_t i = 0; i < n; i++) even[i] = 1.0 / n;
    for (uint32_t i = 0; i < 20; i++) even_marks[i] = 1.0 / 20;
    for (int32_t day = 1; day <= days; day++) {
        lab_day(l, day);
        struct persons_points points = crowd->begin(c, crowd->line, rate);
        uint32_t place, seat, before = 0;
        uint8_t today[SEATS_MOST] = {0};
        double mark;
        while (persons_points_next(c, &points, &place, &seat, &mark)) {
            assert_true(place == seat_place(c, seat) && in_crowd(c, crowd, place, seat));
            assert_true(number[seat] >= before); /* in their order */
            before = number[seat];
            concerned[number[seat]]++;
            today[number[seat]]++;
            marks[(size_t)(mark * 20)]++;
        }
        for (uint32_t i = 0; i < n; i++) a_day[today[i] < HITS_MOST ? today[i] : HITS_MOST - 1]++;
    }
    double hits = 0;
    for (uint32_t i = 0; i < n; i++) hits += (double)concerned[i];
    assert_poisson(hits, n * rate * days);
    assert_agrees(agreement_with(concerned, even, n, NULL));
    assert_agrees(agreement_with(marks, even_marks, 20, NULL));
    assert_agrees(agreement_with_poisson(a_day, HITS_MOST, rate));
}

static void test_everybody_concerned_is_met_equally_often_and_nobody_else(void **state)
{
    (void)state;
    struct lab l;
    mixed_city(&l);
    for (size_t i = 0; i < CROWDS; i++) {
        everybody_alike(&l, &crowds[i], 1.5, (int32_t)effort(600, 20000));
        everybody_alike(&l, &crowds[i], 0.003, (int32_t)effort(30000, 300000)); /* most days nobody */
    }
    lab_close(&l);
}

/* The same city again, on another day. */
static void again(struct lab *l, const struct lab *morning, int32_t day)
{
    lab_copy(l, morning);
    lab_day(l, day);
}

/* Whoever is met leaves, and is not met again; the others are met as if nobody had left. */
static void leavers_are_met_once(struct lab *l, const struct lab *morning, const struct crowd *crowd, double rate,
                                 int32_t days)
{
    const struct city *c = l->city;
    double met[SEATS_MOST] = {0}, n = 0, all = 0;
    assert_true(c->seats <= SEATS_MOST);
    for (int32_t day = 1; day <= days; day++) {
        again(l, morning, day);
        struct persons_points points = crowd->begin(c, crowd->line, rate);
        uint32_t place, seat;
        double mark;
        while (persons_points_next(c, &points, &place, &seat, &mark)) {
            assert_true(place == seat_place(c, seat) && in_crowd(c, crowd, place, seat)); /* still there */
            seat_leave(l->city, seat);
            met[seat]++;
            all++;
        }
    }
    for (uint32_t seat = 0; seat < c->seats; seat++) {
        if (!in_crowd(morning->city, crowd, seat_place(c, seat), seat)) continue;
        n++;
        assert_binomial(met[seat], days, daily_chance(rate));
    }
    assert_binomial(all, n * days, daily_chance(rate));
    lab_verify(l);
}

static void test_nobody_is_met_who_has_left(void **state)
{
    (void)state;
    struct lab l, morning;
    mixed_city(&l);
    mixed_city(&morning);
    for (size_t i = 0; i < CROWDS; i++) {
        leavers_are_met_once(&l, &morning, &crowds[i], 1.2, (int32_t)effort(400, 8000));
        leavers_are_met_once(&l, &morning, &crowds[i], 6, 50); /* several times each, were they to stay */
    }
    lab_close(&l);
    lab_close(&morning);
}

/* ---- points on what a column counts ---- */

enum { VENUES_MOST = 64, NUMBERS_MOST = 32 };

/* Vacancies and surpluses of every size, none among them. */
static void columns(struct lab *l)
{
    lab_init(l);
    lab_set(l, "region.venues", 43);
    lab_open(l, 0);
    struct city *c = l->city;
    for (uint32_t v = 0; v < c->venues; v++) {
        c->mode[v] = (uint8_t)drawn(v, 400, MODES);
        const uint32_t place = exploitation_place(c, v), given_up = place == v ? private_place(c, v) : v;
        lab_fill(l, place, CLASS_COERCED, drawn(v, 401, c->size[place] + 1u));
        lab_fill(l, given_up, CLASS_MINOR, drawn(v, 402, 4));
        for (uint32_t n = drawn(v, 403, c->size[v] + 1u); n > 0 && free_seat(c, v) != UINT32_MAX; n--)
            lab_fill(l, v, CLASS_ADULT, 1);
    }
    city_reckon(c);
    lab_verify(l);
}

/* Each of a venue's vacancies is taken with the same chance, independently: their number is binomial. */
static void vacancies_are_taken(struct lab *l, const struct lab *morning, const uint8_t *column, enum purpose purpose, double chance,
                                int32_t days)
{
    const struct city *c = l->city;
    double taken[VENUES_MOST] = {0}, none[VENUES_MOST] = {0};
    assert_true(c->venues <= VENUES_MOST);
    for (int32_t day = 1; day <= days; day++) {
        again(l, morning, day);
        struct column_coins coins;
        uint32_t v, come, next = 0;
        column_coins_begin(&coins, c, purpose, column, chance);
        while (column_coins_next(&coins, &v, &come)) {
            assert_true(v < c->venues && come >= 1 && come <= column[v]);
            for (; next < v; next++) none[next]++;
            next = v + 1;
            taken[v] += come;
        }
        for (; next < c->venues; next++) none[next]++;
    }
    for (uint32_t v = 0; v < c->venues; v++) {
        assert_binomial(taken[v], (double)column[v] * days, chance);
        assert_binomial(none[v], days, pow(1 - chance, column[v]));
    }
    again(l, morning, 1);
}

static void test_vacancies_are_taken_one_by_one(void **state)
{
    (void)state;
    struct lab l, morning;
    columns(&l);
    columns(&morning);
    const struct city *c = l.city;
    const int32_t days = (int32_t)effort(500, 10000);
    const double chances[] = {0, 1e-3, 0.1, 0.7, 1};
    for (size_t i = 0; i < sizeof chances / sizeof *chances; i++) {
        vacancies_are_taken(&l, &morning, c->wanting, DRAW_RECRUIT, chances[i], days);
        vacancies_are_taken(&l, &morning, c->vacant, DRAW_REFILL, chances[i], days);
    }
    lab_close(&l);
    lab_close(&morning);
}

/* More vacancies, or a higher chance, never bring fewer: what scenarios share. */
static void test_more_vacancies_or_chance_bring_no_fewer(void **state)
{
    (void)state;
    struct lab l;
    columns(&l);
    struct city *c = l.city;
    uint8_t few[VENUES_MOST + 8] = {0}, many[VENUES_MOST + 8] = {0};
    for (int32_t day = 1; day <= 200; day++) {
        uint32_t came[2][VENUES_MOST] = {{0}};
        city_dawn(c, day);
        for (uint32_t v = 0; v < c->venues; v++) {
            few[v] = (uint8_t)drawn(v, (uint32_t)day, 5);
            many[v] = (uint8_t)(few[v] + drawn(v, (uint32_t)day + 1000, 60));
        }
        for (int i = 0; i < 2; i++) {
            struct column_coins coins;
            uint32_t v, come;
            column_coins_begin(&coins, c, DRAW_REFILL, i ? many : few, i ? 0.2 : 0.15);
            while (column_coins_next(&coins, &v, &come)) came[i][v] = come;
        }
        for (uint32_t v = 0; v < c->venues; v++) assert_true(came[1][v] >= came[0][v]);
    }
    lab_close(&l);
}

/* ---- invariants ---- */

static void told(const struct lab *l, const char *what)
{
    struct error e = {0};
    assert_int_equal(model.verify(l->world, &e), -1);
    assert_int_equal(e.kind, ERROR_FAILURE);
    assert_non_null(strstr(e.text, what));
}

/* One more and one less are told, as often as it is asked: asking mends nothing. */
#define TELLS(l, lvalue, what)                                                                                         \
    do {                                                                                                               \
        const __typeof__(lvalue) before_ = (lvalue);                                                                   \
        for (int by_ = -1; by_ <= 1; by_ += 2) {                                                                       \
            (lvalue) = (__typeof__(lvalue))(before_ + (__typeof__(lvalue))by_);                                        \
            told((l), (what));                                                                                         \
            told((l), (what));                                                                                         \
            (lvalue) = before_;                                                                                        \
            lab_verify(l);                                                                                             \
        }                                                                                                              \
    } while (0)

static void test_wrong_numbers_of_those_concerned_are_told(void **state)
{
    (void)state;
    struct lab l;
    columns(&l);
    struct city *c = l.city;
    const uint32_t street = 2 * c->venues;
    lab_fill(&l, street, CLASS_ADULT, 3);
    lab_verify(&l);
    for (uint32_t v = 0; v < c->venues; v += 5) {
        TELLS(&l, c->concerned[v], "those concerned");
        TELLS(&l, c->concerned[private_place(c, v)], "those concerned");
        TELLS(&l, c->wanting[v], "vacancies that are not");
        TELLS(&l, c->vacant[v], "vacancies that are not");
        TELLS(&l, c->surplus[v], "a surplus that is not");
    }
    TELLS(&l, c->concerned[street], "those concerned");
    TELLS(&l, c->concerned[c->places - 1], "those concerned");
    TELLS(&l, c->all_wanting, "the city's vacancies");
    c->exploiting[3] ^= 1;
    told(&l, "an owner who exploits, or not");
    told(&l, "an owner who exploits, or not");
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counting_off_finds_what_a_plain_loop_finds),
        cmocka_unit_test(test_everybody_concerned_is_met_equally_often_and_nobody_else),
        cmocka_unit_test(test_nobody_is_met_who_has_left),
        cmocka_unit_test(test_vacancies_are_taken_one_by_one),
        cmocka_unit_test(test_more_vacancies_or_chance_bring_no_fewer),
        cmocka_unit_test(test_wrong_numbers_of_those_concerned_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

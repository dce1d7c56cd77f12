/* Counting off persons (models/lines.h) while they move: a build for debugging, as this file is, lets pass what does no harm to the
 * count, and stops where somebody comes to a place that is still to be counted, or leaves it. */
#ifndef ENFORCESIM_DEBUG
#define ENFORCESIM_DEBUG
#endif

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "models/lines.h"
#include "tests/world_support.h"

/* Three persons in every private place and every stretch of street; there are 60 stretches. */
static void crowded(struct lab *l)
{
    lab_init(l);
    lab_set(l, "region.venues", 200);
    lab_set(l, "region.districts", 1);
    lab_set(l, "region.street_room", 0.96);
    lab_open(l, 0);
    const struct city *c = l->city;
    assert_int_equal(c->places, 2 * c->venues + 60);
    for (uint32_t place = c->venues; place < c->places; place++)
        lab_fill(l, place, place < 2 * c->venues ? CLASS_COERCED : CLASS_ADULT, 3);
}

typedef struct persons_points (*begin)(const struct city *c, enum purpose line, double rate);
typedef void (*event)(struct city *c, uint32_t place, uint32_t seat);

/* Once around, with an event for everybody met; a few are met several times. */
static uint32_t go_around(struct lab *l, begin crowd, event happens)
{
    struct persons_points points = crowd(l->city, LINE_STREET_RETURN, 2);
    uint32_t place, seat, met = 0;
    double mark;
    for (; persons_points_next(l->city, &points, &place, &seat, &mark); met++) happens(l->city, place, seat);
    return met;
}

/* The signal that ends it, or 0. */
static int ended_by(begin crowd, event happens)
{
    const pid_t child = fork();
    int status = 0;
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        struct lab l;
        crowded(&l);
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGILL, SIG_DFL);
        signal(SIGTRAP, SIG_DFL);
        _exit(go_around(&l, crowd, happens) > 20 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) return WTERMSIG(status);
    assert_int_equal(WEXITSTATUS(status), 0);
    return 0;
}

static bool stops(begin crowd, event happens)
{
    const int number = ended_by(crowd, happens);
    assert_true(number == 0 || number == SIGILL || number == SIGTRAP);
    return number != 0;
}

/* ---- what may happen ---- */

static void nothing(struct city *c, uint32_t place, uint32_t seat) { (void)c, (void)place, (void)seat; }

static void leaves(struct city *c, uint32_t place, uint32_t seat)
{
    (void)place;
    seat_leave(c, seat);
}

static void goes_to_a_venue(struct city *c, uint32_t place, uint32_t seat)
{
    const uint32_t venue = place % c->venues;
    if (free_seat(c, venue) != UINT32_MAX) seat_take(c, venue, seat_lift(c, seat));
}

/* To a place that has been come to already: the street's first, which has room for 64. */
static void goes_back(struct city *c, uint32_t place, uint32_t seat)
{
    const uint32_t first = 2 * c->venues;
    if (place > first && free_seat(c, first) != UINT32_MAX) seat_take(c, first, seat_lift(c, seat));
}

static void test_whoever_is_met_may_leave_for_what_is_not_to_come(void **state)
{
    (void)state;
    assert_false(stops(street_points, nothing));
    assert_false(stops(street_points, leaves));
    assert_false(stops(street_points, goes_to_a_venue));
    assert_false(stops(street_points, goes_back));
    assert_false(stops(exploited_points, leaves));
    assert_false(stops(hidden_points, leaves));
}

/* ---- what must not ---- */

static uint32_t end_of_kind(const struct city *c, uint32_t place) { return place < 2 * c->venues ? 2 * c->venues : c->places; }

static void leaves_from(struct city *c, uint32_t place)
{
    uint64_t who = c->occupied[place];
    if (who != 0) seat_leave(c, next_seat(c, place, &who));
}

static void goes_to_the_next(struct city *c, uint32_t place, uint32_t seat)
{
    if (place + 1 < end_of_kind(c, place) && free_seat(c, place + 1) != UINT32_MAX) seat_take(c, place + 1, seat_lift(c, seat));
}

static void goes_to_the_last(struct city *c, uint32_t place, uint32_t seat)
{
    const uint32_t last = end_of_kind(c, place) - 1;
    if (place < last && free_seat(c, last) != UINT32_MAX) seat_take(c, last, seat_lift(c, seat));
}

static void the_next_place_loses_somebody(struct city *c, uint32_t place, uint32_t seat)
{
    (void)seat;
    if (place + 1 < end_of_kind(c, place)) leaves_from(c, place + 1);
}

static void the_last_place_loses_somebody(struct city *c, uint32_t place, uint32_t seat)
{
    (void)seat;
    if (place < end_of_kind(c, place) - 1) leaves_from(c, end_of_kind(c, place) - 1);
}

/* At the beginning, and a place whose number the same word of the column holds. */
static void the_second_place_loses_somebody(struct city *c, uint32_t place, uint32_t seat)
{
    (void)seat;
    if (place == c->venues || place == 2 * c->venues) leaves_from(c, place + 1);
}

static void all_the_others_leave(struct city *c, uint32_t place, uint32_t seat)
{
    (void)seat;
    for (uint32_t other = place + 1; other < end_of_kind(c, place); other++)
        while (c->occupied[other] != 0) leaves_from(c, other);
}

/* As many as before, but elsewhere. */
static void somebody_moves_further_on(struct city *c, uint32_t place, uint32_t seat)
{
    (void)seat;
    const uint32_t last = end_of_kind(c, place) - 1, from = last - 9;
    uint64_t who = c->occupied[from];
    if (place < from && who != 0 && free_seat(c, last) != UINT32_MAX) seat_take(c, last, seat_lift(c, next_seat(c, from, &who)));
}

static void test_what_is_still_to_come_must_not_change(void **state)
{
    (void)state;
    const event events[] = {goes_to_the_next, goes_to_the_last, the_next_place_loses_somebody, the_last_place_loses_somebody,
                            the_second_place_loses_somebody, all_the_others_leave, somebody_moves_further_on};
    const begin crowds[] = {street_points, exploited_points, hidden_points};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        for (size_t k = 0; k < sizeof crowds / sizeof *crowds; k++) assert_true(stops(crowds[k], events[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whoever_is_met_may_leave_for_what_is_not_to_come),
        cmocka_unit_test(test_what_is_still_to_come_must_not_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

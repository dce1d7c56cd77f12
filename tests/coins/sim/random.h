/* The plain coin, in place of event skipping. A model compiled with `-iquote tests/coins` finds this file where it asks for
 * sim/random.h; `make coins` builds the program that way. Everything is the engine's own but points_begin and points_next:
 * here every entity on the line is asked every day. Its events of the day are a Poisson number, by inversion of one uniform
 * number (most days none: a coin), and each event has a mark. No gap is drawn and nobody is leapt over, so that what the two
 * have in common is only what they are meant to have in common: the distribution of events and marks.
 *
 * The reference of tests/test_verify_coins.c and tests/test_coins.py, and the coin of benchmarks: as is fair, one call of the
 * generator serves four neighbours. */
#ifndef TESTS_COINS_SIM_RANDOM_H
#define TESTS_COINS_SIM_RANDOM_H

#define points       leaps
#define points_begin leaps_begin
#define points_next  leaps_next
#define points_begin_first leaps_begin_first
#include "../../../sim/random.h"
#undef points
#undef points_begin
#undef points_next
#undef points_begin_first

struct points {
    struct coins coins;
    double rate, none; /* events per entity and day; the chance of none */
    uint32_t line, length, entity, left, drawn, index;
};

/* Above all indices that models use for other numbers of the same purpose. */
enum { COINS_INDEX = 1 << 23 };

static inline struct points points_begin(const struct luck *luck, uint32_t purpose, uint32_t line, uint32_t length,
                                         double rate)
{
    const uint32_t index = COINS_INDEX | (line & 7) << 20; /* the seats of each kind of place are a line of their own */
    return (struct points){.coins = coins_begin(luck, purpose, index), .index = index, .rate = rate, .none = exp(-rate),
                           .line = line, .length = length, .entity = UINT32_MAX};
}

/* What has been drawn together serves the engine's own points alone. */
static inline struct points points_begin_first(const struct luck *luck, uint32_t purpose, uint32_t length, double rate,
                                               const struct words *first)
{
    (void)first;
    return points_begin(luck, purpose, 0, length, rate);
}

/* The smallest k for which a Poisson number is at most k with probability above u. */
static inline uint32_t points_poisson(const struct points *points, double u)
{
    double term = points->none, below = term;
    uint32_t k = 0;
    while (u >= below && term > 0) {
        term *= points->rate / ++k;
        below += term;
    }
    return k;
}

/* On to the next entity that has an event today; false at the end of the line. */
static inline bool points_seek(struct points *points)
{
    while (++points->entity < points->length) {
        double u = coins_uniform(&points->coins, points->line + points->entity);
        if (u < points->none) continue;
        points->left = points_poisson(points, u);
        return true;
    }
    points->entity = points->length - 1; /* asked again, it ends again */
    return false;
}

static inline bool points_next(struct points *points, uint32_t *entity, double *mark)
{
    if (points->left == 0 && !points_seek(points)) return false;
    *entity = points->entity;
    *mark = luck_uniform(points->coins.luck, points->coins.purpose, points->line + points->entity,
                         points->index + points->left);
    points->left--;
    points->drawn++;
    return true;
}

#endif

/* The plain coin that `make bench` compares with: as tests/coins/sim/random.h, every entity on the line is asked every day, but
 * with the fastest coin that plain C would throw, so that the comparison is with the coins and not with the generator. From the
 * words at the line's address a sequential generator starts (splitmix64: Steele, Lea and Flood 2014), which gives two coins a
 * call, compared as whole numbers with the chance of no event.
 *
 * What is still slower than a program written for coins alone: empty seats are asked too, and so are persons whose class a
 * process does not concern; the sub-model turns them down afterwards, as it does with event skipping. */
#ifndef BENCH_COINS_SIM_RANDOM_H
#define BENCH_COINS_SIM_RANDOM_H

#define points       leaps
#define points_begin leaps_begin
#define points_next  leaps_next
#define points_begin_first leaps_begin_first
#include "../../../../sim/random.h"
#undef points
#undef points_begin
#undef points_next
#undef points_begin_first

struct points {
    const struct luck *luck;
    double rate, none; /* events per entity and day; the chance of none */
    uint64_t state, coins, threshold;
    uint32_t purpose, line, length, entity, left, drawn, have;
};

/* Above all indices that models use for other numbers of the same purpose. */
enum { COINS_INDEX = 1 << 23 };

static inline struct points points_begin(const struct luck *luck, uint32_t purpose, uint32_t line, uint32_t length,
                                         double rate)
{
    struct words w = luck_words(luck, purpose, line, COINS_INDEX);
    struct points points = {.luck = luck,
                            .purpose = purpose,
                            .line = line,
                            .length = length,
                            .entity = UINT32_MAX,
                            .rate = rate,
                            .none = exp(-rate),
                            .state = (uint64_t)w.word[0] << 32 | w.word[1]};
    points.threshold = (uint64_t)(points.none * 0x1p32);
    return points;
}

static inline uint32_t points_coin(struct points *points)
{
    if (points->have == 0) {
        uint64_t z = points->state += 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        points->coins = z ^ z >> 31;
        points->have = 2;
    }
    uint32_t coin = (uint32_t)points->coins;
    points->coins >>= 32;
    points->have--;
    return coin;
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
        uint32_t coin = points_coin(points);
        if (coin < points->threshold) continue;
        points->left = points_poisson(points, unit_interval(coin));
        if (points->left > 0) return true;
    }
    points->entity = points->length - 1; /* asked again, it ends again */
    return false;
}

static inline bool points_next(struct points *points, uint32_t *entity, double *mark)
{
    if (points->left == 0 && !points_seek(points)) return false;
    *entity = points->entity;
    *mark = luck_uniform(points->luck, points->purpose, points->line + points->entity, COINS_INDEX + 1 + points->left);
    points->left--;
    points->drawn++;
    return true;
}

#endif

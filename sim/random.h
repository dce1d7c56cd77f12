/* Randomness is addressed, not drawn: every number is a pure function of (seed, replicate, purpose, entity, day, index),
 * by Philox4x32-10 (Salmon et al. 2011, Random123). Nothing depends on the order of calls or on threads, and two scenarios
 * share their luck entity by entity (common random numbers). The address fills the 128-bit counter exactly, so that no two
 * addresses can meet:
 *
 *     word 0  entity      word 1  day      word 2  purpose (8 bits) and index (24 bits)      word 3  replicate
 *
 * and the seed is the 64-bit key. A build for debugging stops where a purpose or an index is too large. */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include <Random123/philox.h>

#include "sim/portable_math.h"

/* Builds for debugging (make DEBUG=1) look for what must not be, and stop there. */
#ifdef ENFORCESIM_DEBUG
enum { DEBUGGING = 1 };
#else
enum { DEBUGGING = 0 };
#endif

/* Who draws: fixed for a world but for the day, which the model moves on. */
struct luck {
    uint64_t seed;
    uint32_t replicate;
    uint32_t day;
};

struct words {
    uint32_t word[4];
};

/* The four words at an address. purpose < 256, index < 2^24. */
static inline struct words luck_words(const struct luck *luck, uint32_t purpose, uint32_t entity, uint32_t index)
{
    if (DEBUGGING && (purpose >> 8 != 0 || index >> 24 != 0)) __builtin_trap();
    philox4x32_ctr_t counter = {{entity, luck->day, purpose << 24 | index, luck->replicate}};
    philox4x32_key_t key = {{(uint32_t)luck->seed, (uint32_t)(luck->seed >> 32)}};
    philox4x32_ctr_t out = philox4x32_R(10, counter, key);
    return (struct words){{out.v[0], out.v[1], out.v[2], out.v[3]}};
}

/* A word as a number in (0, 1), neither end possible; the second for a word that lies alone in 64 bits. */
static inline double unit_interval_of(uint64_t word) { return (double_of(word) + 0.5) * 0x1p-32; }
static inline double unit_interval(uint32_t word) { return unit_interval_of(word); }

static inline double luck_uniform(const struct luck *luck, uint32_t purpose, uint32_t entity, uint32_t index)
{
    return unit_interval(luck_words(luck, purpose, entity, index).word[0]);
}

/* A coin that falls with probability p. */
static inline bool luck_coin(const struct luck *luck, uint32_t purpose, uint32_t entity, uint32_t index, double p)
{
    return luck_uniform(luck, purpose, entity, index) < p;
}

/* A whole number from 0 to n - 1; n > 0. The bias is below n / 2^32. */
static inline uint32_t picked(uint32_t word, uint32_t n) { return (uint32_t)((uint64_t)word * n >> 32); }

static inline uint32_t luck_pick(const struct luck *luck, uint32_t purpose, uint32_t entity, uint32_t index, uint32_t n)
{
    return picked(luck_words(luck, purpose, entity, index).word[0], n);
}

/* A standard normal number (Box and Muller 1958). */
static inline double luck_normal(const struct luck *luck, uint32_t purpose, uint32_t entity, uint32_t index)
{
    struct words w = luck_words(luck, purpose, entity, index);
    return sqrt(-2.0 * portable_log(unit_interval(w.word[0]))) * portable_cos_turns(unit_interval(w.word[1]));
}

/* The chance that something with this rate per day happens within a day. */
static inline double daily_chance(double rate)
{
    return -portable_expm1(-rate);
}

/* Coins for entities met in rising order: one call of the generator serves four neighbours, and calls are made in batches, for which
 * a processor's wide registers serve; neither changes a bit. */
enum { WORDS_BATCH = 8 }; /* calls of the generator in a batch */

struct coins {
    const struct luck *luck;
    uint32_t purpose, index, block; /* those held are from this one on */
    uint64_t word[4][WORDS_BATCH];          /* of block b in column b % WORDS_BATCH */
};

static inline struct coins coins_begin(const struct luck *luck, uint32_t purpose, uint32_t index)
{
    struct coins coins;
    coins.luck = luck;
    coins.purpose = purpose;
    coins.index = index;
    coins.block = 1u << 31; /* none */
    return coins;
}

/* Draws the batch of blocks from coins.block on. */
void coins_fill(struct coins *coins);

static inline double coins_uniform(struct coins *coins, uint32_t entity)
{
    const uint32_t block = entity >> 2;
    if (block - coins->block >= WORDS_BATCH) {
        coins->block = block / WORDS_BATCH * WORDS_BATCH;
        coins_fill(coins);
    }
    return unit_interval((uint32_t)coins->word[entity & 3][block % WORDS_BATCH]);
}

/* luck_words() of an entity, from a batch. */
static inline struct words coins_words(struct coins *coins, uint32_t entity)
{
    const uint32_t k = entity % WORDS_BATCH;
    if (entity - coins->block >= WORDS_BATCH) {
        coins->block = entity - k;
        coins_fill(coins);
    }
    return (struct words){{(uint32_t)coins->word[0][k], (uint32_t)coins->word[1][k], (uint32_t)coins->word[2][k],
                           (uint32_t)coins->word[3][k]}};
}

/* A coin for each of 64 neighbours, at two probabilities: neighbour k of row `number` has the word k / 8 % 4 of entity
 * 16 number + k / 32 * 8 + k % 8. */
enum { COIN_ROW = 64 };
struct coin_row {
    struct coins half[2];
};

static inline double coin_row_uniform(const struct coin_row *row, uint32_t k)
{
    return unit_interval((uint32_t)row->half[k / 32].word[k / 8 % 4][k % 8]);
}

/* Bit k of the answer says whether coin_row_uniform(k) < weight[k] p, or nearly so, for k < n <= 64; p is at most 1. Neighbours
 * without weight may have no coin. */
uint64_t coin_row_weighed(struct coin_row *row, const struct luck *luck, uint32_t purpose, uint32_t index, uint32_t number, uint32_t n,
                          const uint8_t *weight, double p);

/* Bit k of fallen[i] says whether coin_row_uniform(k) < p[i], for k < n <= 64. */
void coin_row_throw(struct coin_row *row, const struct luck *luck, uint32_t purpose, uint32_t index, uint32_t number, uint32_t n,
                    const double p[2], uint64_t fallen[2]);

/* How many of n independent trials succeed, each with probability p: the quantile u of a binomial number, by inversion. One
 * uniform number serves for all n coins; more trials or a higher p never make fewer successes. */
static inline uint32_t binomial_quantile(double u, uint32_t n, double p)
{
    if (u < 1 - n * p) return 0; /* which is at most the chance of no success */
    double q = 1 - p, term = 1;
    for (uint32_t i = 0; i < n; i++) term *= q; /* of no success */
    if (u < term) return 0;
    if (q <= 0) return n;
    double below = term, odds = p / q;
    uint32_t k = 0;
    while (k < n && u >= below) {
        term *= odds * (n - k) / (k + 1);
        below += term;
        k++;
    }
    return k;
}

/* Event skipping. Each of the `length` entities on a line has an event at `rate` per day at most. The events of one day are
 * the points of a Poisson process on [0, length), so we leap from point to point over the entities in between. A point
 * comes with a mark in (0, 1): the caller lets it act when mark < (the entity's own rate) / rate (thinning: Lewis and
 * Shedler 1979), and the entity then acts at least once with probability 1 - exp(-own rate), independently of all others.
 * The points depend on the address and the rate alone, never on the state, so scenarios share them. They are drawn in batches,
 * for which a processor's wide registers serve; how wide changes no bit. */
enum { POINTS_BATCH = 2 * WORDS_BATCH, POINTS_FEW = 3 };

struct points {
    const struct luck *luck;
    const struct words *first; /* the words of block 0, or NULL */
    double position, mean_gap, length;
    uint32_t purpose, line, drawn, batch; /* batch: 2 where no more than POINTS_FEW are expected */
    double gap[POINTS_BATCH], mark[POINTS_BATCH];
};

static inline struct points points_begin(const struct luck *luck, uint32_t purpose, uint32_t line, uint32_t length, double rate)
{
    struct points points;
    points.luck = luck;
    points.first = NULL;
    points.position = rate > 0 ? 0 : INFINITY;
    points.mean_gap = 1.0 / rate;
    points.length = length;
    points.purpose = purpose;
    points.line = line;
    points.drawn = 0;
    points.batch = POINTS_BATCH;
    return points;
}

/* The words of points 2 block and 2 block + 1 on a line < 2^24. Two million points have indices below 2^20; should a day need
 * more, the rest goes where nothing else of this purpose is: into the upper bits of the entity and of the index. Bit 20 of the
 * index is left free, for other draws of the purpose. */
static inline struct words points_words(const struct luck *luck, uint32_t purpose, uint32_t line, uint32_t block)
{
    return luck_words(luck, purpose, line | (block >> 20 & 0xff) << 24, (block & 0xfffff) | block >> 28 << 21);
}

/* Draws the gaps before the next points.batch points, and their marks. */
void points_fill(struct points *points);

/* The words of block 0 of line 0 of the purposes below `purposes`, drawn together: most lines on which hardly anything happens
 * need no more on most days. `purposes` is a multiple of WORDS_BATCH. */
void points_first(const struct luck *luck, uint32_t purposes, struct words *first);

/* As points_begin() for line 0, with what points_first() has drawn. Where there is most often no point, no logarithm is needed to
 * see it: -log u > 1 - u. */
static inline struct points points_begin_first(const struct luck *luck, uint32_t purpose, uint32_t length, double rate,
                                               const struct words *first)
{
    struct points points = points_begin(luck, purpose, 0, length, rate);
    points.first = first;
    if (points.mean_gap * (1 - unit_interval(first->word[0])) > points.length) points.position = INFINITY;
    return points;
}

static inline bool points_next(struct points *points, uint32_t *entity, double *mark)
{
    if (!(points->position < points->length)) return false;
    uint32_t next = points->drawn & (points->batch - 1);
    if (next == 0) points_fill(points);
    points->drawn++;
    points->position += points->gap[next];
    if (!(points->position < points->length)) return false;
    *entity = (uint32_t)points->position;
    *mark = points->mark[next];
    return true;
}

#endif

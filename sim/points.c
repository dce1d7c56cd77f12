/* The points and coins of random.h in batches: eight calls of Philox4x32-10 side by side, in the lanes of a wide register. For
 * processors of the x86-64 family the batch is compiled three times, and the widest that the processor has is used; no bit
 * depends on it, for no operation here rounds in more than one way. */
#include "sim/points.h"

#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

enum { BLOCKS = WORDS_BATCH };
_Static_assert(POINTS_BATCH == 2 * BLOCKS, "a call of the generator gives two points");

/* Philox's multipliers and the steps of its key (Salmon et al. 2011, table 2). */
static const uint64_t MULTIPLIER[2] = {0xD2511F53, 0xCD9E8D57}, STEP[2] = {0x9E3779B9, 0xBB67AE85};
static const uint64_t WORD = 0xffffffff;

#define INLINE static inline __attribute__((always_inline))

/* word[k][i] = word k of the call whose counter they were; the words of a call are in the lower halves of 64-bit lanes, so
 * that a product has room, and what a product leaves in the upper half is in nobody's way until the end. Defined for each
 * width: LANES is a number of lanes, and PRODUCT multiplies their lower halves. */
#define DEFINE_PHILOX(name, attributes, LANES, PRODUCT)                                                                \
    attributes INLINE void name(uint64_t word[4][BLOCKS], const struct luck *luck)                                     \
    {                                                                                                                  \
        typedef uint64_t lanes __attribute__((vector_size((LANES) * sizeof(uint64_t))));                               \
        typedef lanes in_memory __attribute__((aligned(sizeof(uint64_t)), may_alias));                                 \
        enum { GROUPS = BLOCKS / (LANES) };                                                                            \
        lanes w[4][GROUPS], zero = {0}, key[2] = {zero + (luck->seed & WORD), zero + (luck->seed >> 32)};              \
        for (int k = 0; k < 4; k++)                                                                                    \
            for (size_t g = 0; g < GROUPS; g++) w[k][g] = *(const in_memory *)&word[k][g * (LANES)];                   \
        for (int round = 0; round < 10; round++) {                                                                     \
            for (size_t g = 0; g < GROUPS; g++) {                                                                      \
                lanes a = PRODUCT(w[0][g], zero + MULTIPLIER[0]), b = PRODUCT(w[2][g], zero + MULTIPLIER[1]);          \
                w[0][g] = (b >> 32) ^ w[1][g] ^ key[0];                                                                \
                w[2][g] = (a >> 32) ^ w[3][g] ^ key[1];                                                                \
                w[1][g] = b;                                                                                           \
                w[3][g] = a;                                                                                           \
            }                                                                                                          \
            key[0] += zero + STEP[0];                                                                                  \
            key[1] += zero + STEP[1];                                                                                  \
        }                                                                                                              \
        for (int k = 0; k < 4; k++)                                                                                    \
            for (size_t g = 0; g < GROUPS; g++) *(in_memory *)&word[k][g * (LANES)] = w[k][g] & (zero + WORD);         \
    }

/* word = the words of block `first` + i; as points_words() for each, `first` a multiple of BLOCKS. */
INLINE void points_counters(const struct points *p, uint32_t first, uint64_t word[4][BLOCKS])
{
    uint32_t entity = p->line | (first >> 20 & 0xff) << 24, index = (first & 0xfffff) | first >> 28 << 21;
    for (uint32_t i = 0; i < BLOCKS; i++) {
        word[0][i] = entity;
        word[1][i] = p->luck->day;
        word[2][i] = p->purpose << 24 | (index + i);
        word[3][i] = p->luck->replicate;
    }
}

INLINE void points_of(struct points *p, uint64_t word[4][BLOCKS])
{
    double gap[2][BLOCKS], mark[2][BLOCKS];
    for (uint32_t i = 0; i < BLOCKS; i++) {
        gap[0][i] = -p->mean_gap * portable_log(unit_interval_of(word[0][i]));
        gap[1][i] = -p->mean_gap * portable_log(unit_interval_of(word[2][i]));
        mark[0][i] = unit_interval_of(word[1][i]);
        mark[1][i] = unit_interval_of(word[3][i]);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        p->gap[2 * i] = gap[0][i];
        p->gap[2 * i + 1] = gap[1][i];
        p->mark[2 * i] = mark[0][i];
        p->mark[2 * i + 1] = mark[1][i];
    }
}

INLINE void coins_counters(struct coins *c)
{
    for (uint32_t i = 0; i < BLOCKS; i++) {
        c->word[0][i] = c->block + i;
        c->word[1][i] = c->luck->day;
        c->word[2][i] = c->purpose << 24 | c->index;
        c->word[3][i] = c->luck->replicate;
    }
}

/* Of the words thrown, in the order of lanes and then of words, those below each bound, as bits. Words are below 2^32, so that
 * they may be compared as numbers with a sign. */
#define DEFINE_BELOW(name, attributes, LANES)                                                                          \
    attributes INLINE uint64_t name(const struct coins *c, int64_t bound)                                              \
    {                                                                                                                  \
        typedef int64_t lanes __attribute__((vector_size((LANES) * sizeof(int64_t))));                                 \
        typedef lanes in_memory __attribute__((aligned(sizeof(int64_t)), may_alias));                                  \
        lanes zero = {0}, bits = zero, below = zero;                                                                   \
        uint64_t all = 0;                                                                                              \
        for (int i = 0; i < (LANES); i++) bits[i] = (int64_t)1 << i;                                                   \
        for (size_t k = 0; k < 4; k++)                                                                                 \
            for (size_t g = 0; g < BLOCKS / (LANES); g++) {                                                            \
                const size_t at = k * BLOCKS + g * (LANES);                                                            \
                below |= ((*(const in_memory *)&c->word[k][g * (LANES)] < zero + bound) & bits) << at;                 \
            }                                                                                                          \
        for (int i = 0; i < (LANES); i++) all |= (uint64_t)below[i];                                                   \
        return all;                                                                                                    \
    }

/* The same with a bound for each word, which it may reach: a unit below 2^32, times the word's own weight. */
#define DEFINE_BELOW_EACH(name, attributes, LANES, PRODUCT)                                                            \
    attributes INLINE uint64_t name(const struct coins *c, int64_t unit, const uint8_t *weight)                        \
    {                                                                                                                  \
        typedef int64_t lanes __attribute__((vector_size((LANES) * sizeof(int64_t))));                                 \
        typedef lanes in_memory __attribute__((aligned(sizeof(int64_t)), may_alias));                                  \
        typedef uint8_t bytes __attribute__((vector_size(LANES), aligned(1), may_alias));                              \
        lanes zero = {0}, bits = zero, below = zero;                                                                   \
        uint64_t all = 0;                                                                                              \
        for (int i = 0; i < (LANES); i++) bits[i] = (int64_t)1 << i;                                                   \
        for (size_t k = 0; k < 4; k++)                                                                                 \
            for (size_t g = 0; g < BLOCKS / (LANES); g++) {                                                            \
                const size_t at = k * BLOCKS + g * (LANES);                                                            \
                lanes own = (lanes)PRODUCT(__builtin_convertvector(*(const bytes *)&weight[at], lanes), zero + unit);  \
                below |= ((*(const in_memory *)&c->word[k][g * (LANES)] <= own) & bits) << at;                         \
            }                                                                                                          \
        for (int i = 0; i < (LANES); i++) all |= (uint64_t)below[i];                                                   \
        return all;                                                                                                    \
    }

/* What is compiled for each width. */
struct way {
    void (*fill)(struct points *points);
    void (*first)(const struct luck *luck, uint32_t purpose, struct words *first);
    void (*toss)(struct coins *coins);
    void (*fall)(struct coins *coins, const int64_t bound[2], uint64_t fallen[2]);
    uint64_t (*weigh)(struct coins *coins, int64_t unit, const uint8_t *weight);
};

/* All of it for one width: the generator, and what uses it. */
#define DEFINE_WIDTH(width, attributes, LANES, PRODUCT)                                                                \
    DEFINE_PHILOX(philox_##width, attributes, LANES, PRODUCT)                                                          \
                                                                                                                       \
    attributes static void fill_##width(struct points *p)                                                              \
    {                                                                                                                  \
        uint64_t word[4][BLOCKS];                                                                                      \
        points_counters(p, p->drawn >> 1, word);                                                                       \
        philox_##width(word, p->luck);                                                                                 \
        points_of(p, word);                                                                                            \
    }                                                                                                                  \
                                                                                                                       \
    attributes static void first_##width(const struct luck *luck, uint32_t purpose, struct words *first)               \
    {                                                                                                                  \
        uint64_t word[4][BLOCKS];                                                                                      \
        for (uint32_t i = 0; i < BLOCKS; i++) {                                                                        \
            word[0][i] = 0;                                                                                            \
            word[1][i] = luck->day;                                                                                    \
            word[2][i] = (purpose + i) << 24;                                                                          \
            word[3][i] = luck->replicate;                                                                              \
        }                                                                                                              \
        philox_##width(word, luck);                                                                                    \
        for (uint32_t i = 0; i < BLOCKS; i++)                                                                          \
            for (int k = 0; k < 4; k++) first[i].word[k] = (uint32_t)word[k][i];                                       \
    }                                                                                                                  \
                                                                                                                       \
    attributes static void throw_##width(struct coins *c)                                                              \
    {                                                                                                                  \
        coins_counters(c);                                                                                             \
        philox_##width(c->word, c->luck);                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    DEFINE_BELOW(below_##width, attributes, LANES)                                                                     \
                                                                                                                       \
    attributes static void fall_##width(struct coins *c, const int64_t bound[2], uint64_t fallen[2])                   \
    {                                                                                                                  \
        throw_##width(c);                                                                                              \
        for (int i = 0; i < 2; i++) fallen[i] = below_##width(c, bound[i]);                                            \
    }                                                                                                                  \
                                                                                                                       \
    DEFINE_BELOW_EACH(below_each_##width, attributes, LANES, PRODUCT)                                                  \
                                                                                                                       \
    attributes static uint64_t weigh_##width(struct coins *c, int64_t unit, const uint8_t *weight)                     \
    {                                                                                                                  \
        throw_##width(c);                                                                                              \
        return below_each_##width(c, unit, weight);                                                                    \
    }                                                                                                                  \
                                                                                                                       \
    static const struct way way_##width = {fill_##width, first_##width, throw_##width, fall_##width, weigh_##width};

#define PRODUCT_PLAIN(x, y) (((x)&WORD) * (y))
DEFINE_WIDTH(plain, , 2, PRODUCT_PLAIN)

#ifdef __x86_64__
#define PRODUCT_AVX2(x, y) ((lanes)_mm256_mul_epu32((__m256i)(x), (__m256i)(y)))
DEFINE_WIDTH(avx2, __attribute__((target("avx2"))), 4, PRODUCT_AVX2)

#ifdef __clang__
#define WITH_AVX512 __attribute__((target("avx512f,avx512dq,avx512vl")))
#else
#define WITH_AVX512 __attribute__((target("avx512f,avx512dq,avx512vl,prefer-vector-width=512")))
#endif
#define PRODUCT_AVX512(x, y) ((lanes)_mm512_mul_epu32((__m512i)(x), (__m512i)(y)))
DEFINE_WIDTH(avx512, WITH_AVX512, 8, PRODUCT_AVX512)
#endif

enum points_width points_widest(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return POINTS_AVX512;
    if (__builtin_cpu_supports("avx2")) return POINTS_AVX2;
#endif
    return POINTS_PLAIN;
}

static const struct way *way_of(enum points_width width)
{
#ifdef __x86_64__
    if (width == POINTS_AVX512) return &way_avx512;
    if (width == POINTS_AVX2) return &way_avx2;
#endif
    (void)width;
    return &way_plain;
}

void points_fill_by(enum points_width width, struct points *p) { way_of(width)->fill(p); }
void coins_fill_by(enum points_width width, struct coins *c) { way_of(width)->toss(c); }

void points_first_by(enum points_width width, const struct luck *luck, uint32_t purposes, struct words *first)
{
    for (uint32_t purpose = 0; purpose < purposes; purpose += BLOCKS) way_of(width)->first(luck, purpose, first + purpose);
}

void points_first(const struct luck *luck, uint32_t purposes, struct words *first)
{
    points_first_by(points_widest(), luck, purposes, first);
}

void coins_fall_by(enum points_width width, struct coins *c, const int64_t bound[2], uint64_t fallen[2])
{
    way_of(width)->fall(c, bound, fallen);
}

uint64_t coins_weigh_by(enum points_width width, struct coins *c, int64_t unit, const uint8_t weight[32])
{
    return way_of(width)->weigh(c, unit, weight);
}

/* Half a row of coins, ready to be thrown. */
static struct coins half_row(const struct luck *luck, uint32_t purpose, uint32_t index, uint32_t number, uint32_t half)
{
    struct coins coins = coins_begin(luck, purpose, index);
    coins.block = 2 * WORDS_BATCH * number + WORDS_BATCH * half;
    return coins;
}

uint64_t coin_row_weighed(struct coin_row *row, const struct luck *luck, uint32_t purpose, uint32_t index, uint32_t number, uint32_t n,
                          const uint8_t *weight, double p)
{
    const int64_t unit = (int64_t)fmin(ceil(p * 0x1p32), UINT32_MAX); /* a little too much: the caller looks at who might have fallen */
    static const uint8_t none[32];
    uint64_t fallen = 0;
    for (uint32_t half = 0; half < 2 && half * 32 < n; half++) {
        uint8_t own[32] = {0};
        memcpy(own, &weight[(size_t)half * 32], n - half * 32 < 32 ? n - half * 32 : 32);
        if (memcmp(own, none, sizeof own) == 0) continue; /* there is nothing to throw for */
        row->half[half] = half_row(luck, purpose, index, number, half);
        fallen |= coins_weigh_by(points_widest(), &row->half[half], unit, own) << half * 32;
    }
    return fallen;
}

void coin_row_throw(struct coin_row *row, const struct luck *luck, uint32_t purpose, uint32_t index, uint32_t number, uint32_t n,
                    const double p[2], uint64_t fallen[2])
{
    int64_t bound[2]; /* (word + 1/2) / 2^32 < p where word < this */
    for (int i = 0; i < 2; i++) bound[i] = p[i] > 0 ? (int64_t)ceil(fmin(p[i], 1) * 0x1p32 - 0.5) : 0;
    fallen[0] = fallen[1] = 0;
    for (uint32_t half = 0; half < 2 && half * 32 < n; half++) {
        uint64_t here[2];
        row->half[half] = half_row(luck, purpose, index, number, half);
        coins_fall_by(points_widest(), &row->half[half], bound, here);
        for (int i = 0; i < 2; i++) fallen[i] |= here[i] << half * 32;
    }
    for (int i = 0; i < 2; i++) fallen[i] &= n < 64 ? (1ull << n) - 1 : ~0ull;
}

void coins_fill(struct coins *c) { coins_fill_by(points_widest(), c); }

/* Where few points are expected, two at a time cost less than a batch. */
static void fill_two(struct points *p)
{
    const bool known = p->drawn == 0 && p->first != NULL;
    const struct words w = known ? *p->first : points_words(p->luck, p->purpose, p->line, p->drawn >> 1);
    if (p->mean_gap * (1 - unit_interval(w.word[0])) > p->length - p->position) { /* as in points_begin_first() */
        p->gap[0] = INFINITY;
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        p->gap[i] = -p->mean_gap * portable_log(unit_interval(w.word[2 * i]));
        p->mark[i] = unit_interval(w.word[2 * i + 1]);
    }
}

void points_fill(struct points *p)
{
    if (p->length - p->position < POINTS_FEW * p->mean_gap) p->batch = 2;
    if (p->batch == 2)
        fill_two(p);
    else
        points_fill_by(points_widest(), p);
}

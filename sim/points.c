/* The points and coins of random.h in batches: eight calls of Philox4x32-10 side by side, in the lanes of a wide register. For
 * processors of the x86-64 family the batch is compiled three times, and the widest that the processor has is used; no bit
 * depends on it, for no operation here rounds in more than one way. */
#include "sim/points.h"

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
            for (size_t g = 0; g < GROUPS; g++) w[k][g] = *(const in_memory *)&word[k][g * (LANES)];                      \
        for (int round = 0; round < 10; round++) {                                                                     \
            for (size_t g = 0; g < GROUPS; g++) {                                                                         \
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
            for (size_t g = 0; g < GROUPS; g++) *(in_memory *)&word[k][g * (LANES)] = w[k][g] & (zero + WORD);            \
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

#define DEFINE_WIDTH(width, attributes, LANES, PRODUCT)                                                                \
    DEFINE_PHILOX(philox_##width, attributes, LANES, PRODUCT)                                                          \
    attributes static void fill_##width(struct points *p)                                                              \
    {                                                                                                                  \
        uint64_t word[4][BLOCKS];                                                                                      \
        points_counters(p, p->drawn >> 1, word);                                                                       \
        philox_##width(word, p->luck);                                                                                 \
        points_of(p, word);                                                                                            \
    }                                                                                                                  \
    attributes static void throw_##width(struct coins *c)                                                              \
    {                                                                                                                  \
        coins_counters(c);                                                                                             \
        philox_##width(c->word, c->luck);                                                                              \
    }

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

void points_fill_by(enum points_width width, struct points *p)
{
    switch (width) {
#ifdef __x86_64__
    case POINTS_AVX512: fill_avx512(p); return;
    case POINTS_AVX2: fill_avx2(p); return;
#else
    case POINTS_AVX512:
    case POINTS_AVX2:
#endif
    case POINTS_PLAIN: break;
    }
    fill_plain(p);
}

void coins_fill_by(enum points_width width, struct coins *c)
{
    switch (width) {
#ifdef __x86_64__
    case POINTS_AVX512: throw_avx512(c); return;
    case POINTS_AVX2: throw_avx2(c); return;
#else
    case POINTS_AVX512:
    case POINTS_AVX2:
#endif
    case POINTS_PLAIN: break;
    }
    throw_plain(c);
}

void coins_fill(struct coins *c)
{
    if (c->blocks > 1) {
        coins_fill_by(points_widest(), c);
        return;
    }
    /* In parentheses, lest a build that writes down who asks for which number (tests/addresses) take this for somebody who does. */
    struct words w = (luck_words)(c->luck, c->purpose, c->block, c->index);
    for (int k = 0; k < 4; k++) c->word[k][c->block % WORDS_BATCH] = w.word[k];
}

/* Where few points are expected, two at a time cost less than a batch; and where there is most often none, a logarithm is not
 * needed to see it: -log u > 1 - u. */
static void fill_two(struct points *p)
{
    struct words w = points_words(p->luck, p->purpose, p->line, p->drawn >> 1);
    if (p->mean_gap * (1 - unit_interval(w.word[0])) > p->length - p->position) {
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

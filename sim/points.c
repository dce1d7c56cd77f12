/* The points of random.h in batches: eight calls of Philox4x32-10 side by side, written so that a compiler can lay them into
 * the lanes of a wide register. For processors of the x86-64 family the batch is compiled three times, and the widest that the
 * processor has is used; no bit depends on it, for no operation here rounds in more than one way. */
#include "sim/points.h"

enum { BLOCKS = POINTS_BATCH / 2 }; /* of two points each */

/* Philox's multipliers and the steps of its key (Salmon et al. 2011, table 2). */
static const uint32_t MULTIPLIER[2] = {0xD2511F53, 0xCD9E8D57}, STEP[2] = {0x9E3779B9, 0xBB67AE85};

#define INLINE static inline __attribute__((always_inline))

/* word[k][i] = word k of block `first` + i; as points_words() for each, `first` a multiple of BLOCKS. */
INLINE void philox_words(const struct points *p, uint32_t first, uint32_t word[4][BLOCKS])
{
    const struct luck *luck = p->luck;
    uint32_t key[2] = {(uint32_t)luck->seed, (uint32_t)(luck->seed >> 32)};
    uint32_t entity = p->line | (first >> 20 & 0xff) << 24, index = (first & 0xfffff) | first >> 28 << 21;
    for (uint32_t i = 0; i < BLOCKS; i++) {
        word[0][i] = entity;
        word[1][i] = luck->day;
        word[2][i] = p->purpose << 24 | (index + i);
        word[3][i] = luck->replicate;
    }
    for (int round = 0; round < 10; round++) {
        for (uint32_t i = 0; i < BLOCKS; i++) {
            uint64_t a = (uint64_t)MULTIPLIER[0] * word[0][i], b = (uint64_t)MULTIPLIER[1] * word[2][i];
            word[0][i] = (uint32_t)(b >> 32) ^ word[1][i] ^ key[0];
            word[2][i] = (uint32_t)(a >> 32) ^ word[3][i] ^ key[1];
            word[1][i] = (uint32_t)b;
            word[3][i] = (uint32_t)a;
        }
        key[0] += STEP[0];
        key[1] += STEP[1];
    }
}

INLINE void fill(struct points *p)
{
    uint32_t word[4][BLOCKS];
    double gap[2][BLOCKS], mark[2][BLOCKS];
    philox_words(p, p->drawn >> 1, word);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        gap[0][i] = -p->mean_gap * portable_log(unit_interval(word[0][i]));
        gap[1][i] = -p->mean_gap * portable_log(unit_interval(word[2][i]));
        mark[0][i] = unit_interval(word[1][i]);
        mark[1][i] = unit_interval(word[3][i]);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        p->gap[2 * i] = gap[0][i];
        p->gap[2 * i + 1] = gap[1][i];
        p->mark[2 * i] = mark[0][i];
        p->mark[2 * i + 1] = mark[1][i];
    }
}

static void fill_plain(struct points *p) { fill(p); }

#ifdef __x86_64__
__attribute__((target("avx2"))) static void fill_avx2(struct points *p) { fill(p); }

#ifdef __clang__
__attribute__((target("avx512f,avx512dq,avx512vl")))
#else
__attribute__((target("avx512f,avx512dq,avx512vl,prefer-vector-width=512")))
#endif
static void fill_avx512(struct points *p) { fill(p); }
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

/* Where few points are expected, two at a time cost less than a batch. */
static void fill_two(struct points *p)
{
    struct words w = points_words(p->luck, p->purpose, p->line, p->drawn >> 1);
    for (size_t i = 0; i < 2; i++) {
        p->gap[i] = -p->mean_gap * portable_log(unit_interval(w.word[2 * i]));
        p->mark[i] = unit_interval(w.word[2 * i + 1]);
    }
}

void points_fill(struct points *p)
{
    if (p->batch == 2) fill_two(p);
    else points_fill_by(points_widest(), p);
}

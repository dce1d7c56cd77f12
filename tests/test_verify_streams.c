/* The keyed stream as the model uses it, through the battery of standard tests in every order of addresses that a study has;
 * and generators known to be bad, which the same battery must catch. `make verify-rng` gives it about ten minutes. */
#include "sim/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/battery.h"
#include "tests/effort.h"

static const double ALARM = 1e-6; /* chance that sound randomness fails one of the streams below */

/* Of the tests in the battery, those that have caught a bad generator. */
static bool has_caught[BATTERY_MOST];

/* Millions (2^20) of words from each stream. */
static uint32_t rounds(void)
{
    const char *asked = getenv("ENFORCESIM_RNG_ROUNDS");
    return asked != NULL ? (uint32_t)atoi(asked) : (uint32_t)effort(1, 6);
}

/* ---- orders of addresses ---- */

enum { PURPOSES = 67, ENTITIES = 3000, DAYS = 2920 };

/* The n-th address of an order; all four words are used. */
typedef struct words address(uint64_t n);

static struct words by_entity(uint64_t n)
{
    const struct luck luck = {.seed = 2012, .replicate = 3, .day = (uint32_t)(n >> 32)};
    return luck_words(&luck, 5, (uint32_t)n, 0);
}

static struct words by_day(uint64_t n)
{
    const struct luck luck = {.seed = 2012, .replicate = 3, .day = (uint32_t)(n % DAYS)};
    return luck_words(&luck, 5, (uint32_t)(n / DAYS), 0);
}

static struct words by_purpose(uint64_t n)
{
    const struct luck luck = {.seed = 2012, .replicate = 3, .day = (uint32_t)(n / PURPOSES / ENTITIES)};
    return luck_words(&luck, (uint32_t)(n % PURPOSES), (uint32_t)(n / PURPOSES % ENTITIES), 0);
}

static struct words by_index(uint64_t n)
{
    const struct luck luck = {.seed = 2012, .replicate = 3, .day = (uint32_t)(n >> 24)};
    return luck_words(&luck, 5, 17, (uint32_t)(n & 0xffffff));
}

static struct words by_replicate(uint64_t n)
{
    const struct luck luck = {.seed = 2012, .replicate = (uint32_t)n, .day = 7};
    return luck_words(&luck, 5, 17, 0);
}

static struct words by_seed(uint64_t n)
{
    const struct luck luck = {.seed = n, .replicate = 3, .day = 7};
    return luck_words(&luck, 5, 17, 0);
}

#define DEFINE_FILL(order)                                                                                             \
    static void fill_##order(struct stream *stream, uint32_t *words, size_t n)                                         \
    {                                                                                                                  \
        for (size_t i = 0; i < n; i += 4) {                                                                            \
            struct words w = order(stream->at++);                                                                      \
            memcpy(words + i, w.word, sizeof w.word);                                                                  \
        }                                                                                                              \
    }
DEFINE_FILL(by_entity)
DEFINE_FILL(by_day)
DEFINE_FILL(by_purpose)
DEFINE_FILL(by_index)
DEFINE_FILL(by_replicate)
DEFINE_FILL(by_seed)

/* ---- as drawn ---- */

static uint32_t word_of(double u) { return (uint32_t)(u * 0x1p32); }

/* One number each, as a day goes: every entity, purpose by purpose. */
static void fill_uniforms(struct stream *stream, uint32_t *words, size_t n)
{
    for (size_t i = 0; i < n; i++, stream->at++) {
        const struct luck luck = {.seed = 2012, .replicate = 3, .day = (uint32_t)(stream->at / PURPOSES / ENTITIES)};
        const uint32_t entity = (uint32_t)(stream->at % ENTITIES),
                       purpose = (uint32_t)(stream->at / ENTITIES % PURPOSES);
        words[i] = word_of(luck_uniform(&luck, purpose, entity, 0));
    }
}

static void fill_coins(struct stream *stream, uint32_t *words, size_t n)
{
    struct luck luck = {.seed = 2012, .replicate = 3};
    struct coins coins = {0};
    for (size_t i = 0; i < n; i++, stream->at++) {
        if (i == 0 || stream->at % ENTITIES == 0) {
            luck.day = (uint32_t)(stream->at / ENTITIES);
            coins = coins_begin(&luck, 16, 0);
        }
        words[i] = word_of(coins_uniform(&coins, (uint32_t)(stream->at % ENTITIES)));
    }
}

/* The gap before each point, as a uniform number again, and its mark; some fifty points a day. */
static void fill_points(struct stream *stream, uint32_t *words, size_t n)
{
    size_t i = 0;
    while (i < n) {
        const struct luck luck = {.seed = 2012, .replicate = 3, .day = (uint32_t)stream->at++};
        struct points points = points_begin(&luck, 22, 0, UINT32_MAX, 0.02);
        for (int k = 0; k < 50 && i + 1 < n; k++, i += 2) {
            const double before = points.position;
            uint32_t entity = 0;
            double mark = 0;
            assert_true(points_next(&points, &entity, &mark));
            words[i] = word_of(exp(-0.02 * (points.position - before)));
            words[i + 1] = word_of(mark);
        }
    }
}

static void fill_normals(struct stream *stream, uint32_t *words, size_t n)
{
    for (size_t i = 0; i < n; i++, stream->at++) {
        const struct luck luck = {.seed = 2012, .replicate = 3, .day = (uint32_t)(stream->at / ENTITIES)};
        const double x = luck_normal(&luck, 5, (uint32_t)(stream->at % ENTITIES), 0);
        words[i] = word_of(fmin(0.5 * erfc(-x / sqrt(2)), 1 - 0x1p-33));
    }
}

/* ---- bad ones ---- */

/* Knuth's and Lewis's "quick and dirty" generator: low bits of short period. */
static void fill_congruential(struct stream *stream, uint32_t *words, size_t n)
{
    for (size_t i = 0; i < n; i++) words[i] = (uint32_t)(stream->at = (1664525 * stream->at + 1013904223) & UINT32_MAX);
}

/* Marsaglia's xorshift: linear over bits, so its matrices and linear complexities are not random. */
static void fill_xorshift(struct stream *stream, uint32_t *words, size_t n)
{
    uint32_t x = stream->at ? (uint32_t)stream->at : 2463534242;
    for (size_t i = 0; i < n; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        words[i] = x ^= x << 5;
    }
    stream->at = x;
}

/* Our own, with so few rounds. */
static void fill_few_rounds(struct stream *stream, uint32_t *words, size_t n, unsigned few)
{
    for (size_t i = 0; i < n; i += 4) {
        philox4x32_ctr_t counter = {{(uint32_t)stream->at++, 7, 5u << 24, 3}};
        philox4x32_ctr_t out = philox4x32_R(few, counter, (philox4x32_key_t){{2012, 0}});
        memcpy(words + i, out.v, sizeof out.v);
    }
}
static void fill_two_rounds(struct stream *stream, uint32_t *words, size_t n) { fill_few_rounds(stream, words, n, 2); }
static void fill_four_rounds(struct stream *stream, uint32_t *words, size_t n) { fill_few_rounds(stream, words, n, 4); }

/* Addresses that meet: two purposes share their luck, because one bit of the purpose was lost. */
static void fill_meeting(struct stream *stream, uint32_t *words, size_t n)
{
    for (size_t i = 0; i < n; i += 4, stream->at++) {
        struct words w = by_purpose(stream->at / 2 * 2 == stream->at ? stream->at : stream->at - 1);
        memcpy(words + i, w.word, sizeof w.word);
    }
}

/* One word in 64 has its lowest bit set. */
static void fill_biased(struct stream *stream, uint32_t *words, size_t n)
{
    fill_by_entity(stream, words, n);
    for (size_t i = 0; i < n; i += 64) words[i] |= 1;
}

/* ---- the tests ---- */

/* How many verdicts are beyond what sound randomness gives with chance ALARM; told when `tell`. */
static size_t alarms(const char *name, void (*fill)(struct stream *stream, uint32_t *words, size_t n), bool tell)
{
    struct stream stream = {.fill = fill};
    struct verdict v[BATTERY_MOST];
    const size_t n = battery(&stream, tell ? rounds() : 1, v);
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        const double p = fmin(v[i].p, 1 - v[i].p);
        if (getenv("ENFORCESIM_RNG_PRINT") != NULL) print_message("%-14s %-30s %.4g\n", name, v[i].test, v[i].p);
        if (p > ALARM / (double)(2 * n)) continue;
        found++;
        has_caught[i] |= !tell;
        if (tell) print_error("%s: %s: p = %g\n", name, v[i].test, v[i].p);
    }
    return found;
}

#define STREAMS(S)                                                                                                     \
    S(by_entity)                                                                                                       \
    S(by_day) S(by_purpose) S(by_index) S(by_replicate) S(by_seed) S(uniforms) S(coins) S(points) S(normals)
#define BAD_ONES(S) S(congruential) S(xorshift) S(two_rounds) S(four_rounds) S(meeting) S(biased)

#define DEFINE_SOUND(order)                                                                                            \
    static void sound_##order(void **state)                                                                            \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        assert_int_equal(alarms(#order, fill_##order, true), 0);                                                       \
    }
#define DEFINE_CAUGHT(order)                                                                                           \
    static void caught_##order(void **state)                                                                           \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        assert_true(alarms(#order, fill_##order, false) > 0);                                                          \
    }
STREAMS(DEFINE_SOUND)
BAD_ONES(DEFINE_CAUGHT)

/* After the bad ones: a test that nothing fails would be of no use. */
static void every_test_has_caught_one(void **state)
{
    (void)state;
    struct stream stream = {.fill = fill_by_entity};
    struct verdict v[BATTERY_MOST];
    const size_t n = battery(&stream, 1, v);
    for (size_t i = 0; i < n; i++)
        if (!has_caught[i]) fail_msg("%s (%zu) has caught no bad generator", v[i].test, i);
}

int main(void)
{
#define SOUND(order)  cmocka_unit_test(sound_##order),
#define CAUGHT(order) cmocka_unit_test(caught_##order),
    const struct CMUnitTest tests[] = {STREAMS(SOUND) BAD_ONES(CAUGHT) cmocka_unit_test(every_test_has_caught_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

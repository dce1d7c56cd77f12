/* Randomness: the generator against its published vectors, every way to draw against its distribution in closed form.
 *
 * Each statistical assertion has a false-alarm rate of 1e-6: so many seeds in a million would fail it. Seeds are fixed,
 * so a test that passes once passes always. */
#include "sim/points.h"
#include "sim/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const double z_limit = 4.8916; /* of a normal number, both sides together 1e-6 */

/* ---- statistics ---- */

#define assert_normal(z) check_normal((z), __FILE__, __LINE__)
static void check_normal(double z, const char *file, int line)
{
    if (fabs(z) < z_limit) return;
    print_error("%s:%d: z = %g, allowed: below %g\n", file, line, z, z_limit);
    _fail(file, line);
}

/* `count` successes among n trials with chance p, all of them many. */
#define assert_binomial(count, n, p)                                                                                   \
    check_normal(((count) - (n) * (p)) / sqrt((n) * (p) * (1 - (p))), __FILE__, __LINE__)

/* Chi-square by its cube root, which is nearly normal (Wilson and Hilferty 1931). Too good a fit fails as well. */
#define assert_chi_square(chi2, freedom) check_chi_square((chi2), (freedom), __FILE__, __LINE__)
static void check_chi_square(double chi2, double freedom, const char *file, int line)
{
    double spread = 2 / (9 * freedom);
    check_normal((cbrt(chi2 / freedom) - (1 - spread)) / sqrt(spread), file, line);
}

/* Counts of equally likely bins. */
#define assert_even(counts, bins) check_even((counts), (bins), __FILE__, __LINE__)
static void check_even(const uint32_t *counts, size_t bins, const char *file, int line)
{
    double n = 0, chi2 = 0;
    for (size_t i = 0; i < bins; i++) n += counts[i];
    const double expected = n / (double)bins;
    assert_true(expected >= 20);
    for (size_t i = 0; i < bins; i++) chi2 += (counts[i] - expected) * (counts[i] - expected) / expected;
    check_chi_square(chi2, (double)bins - 1, file, line);
}

/* ---- the generator ---- */

static void known_answers(void **state)
{
    (void)state;
    /* "philox4x32 10" of kat_vectors, as published with Random123: zeros, ones, digits of pi. */
    static const struct {
        uint32_t counter[4], key[2], answer[4];
    } vectors[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
         {UINT32_MAX, UINT32_MAX},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const uint32_t *c = vectors[i].counter;
        struct luck luck = {
            .seed = (uint64_t)vectors[i].key[1] << 32 | vectors[i].key[0], .day = c[1], .replicate = c[3]};
        struct words words = luck_words(&luck, c[2] >> 24, c[0], c[2] & 0xffffff);
        assert_memory_equal(words.word, vectors[i].answer, sizeof words.word);
    }
}

static void the_unit_interval_is_open(void **state)
{
    (void)state;
    assert_true(unit_interval(0) > 0);
    assert_true(unit_interval(UINT32_MAX) < 1);
    assert_true(unit_interval(0) == 1 - unit_interval(UINT32_MAX)); /* and symmetric */
    assert_true(unit_interval(1u << 31) > 0.5 && unit_interval((1u << 31) - 1) < 0.5);
}

struct key {
    uint64_t bits;
    uint32_t address;
};

static int by_bits(const void *a, const void *b)
{
    uint64_t left = ((const struct key *)a)->bits, right = ((const struct key *)b)->bits;
    return left < right ? -1 : left > right;
}

/* Every part of the address, at its ends and between: 3^6 addresses, whose first two words are all different. */
static void every_part_of_an_address_counts(void **state)
{
    (void)state;
    static const uint64_t seeds[] = {1, 1ull << 32, UINT64_MAX};
    static const uint32_t replicates[] = {0, 1, UINT32_MAX}, days[] = {0, 1, 59999}, purposes[] = {0, 1, 255};
    static const uint32_t entities[] = {0, 1, UINT32_MAX}, indices[] = {0, 1, (1 << 24) - 1};
    enum { N = 729 };
    struct key keys[N];
    for (uint32_t i = 0; i < N; i++) {
        struct luck luck = {.seed = seeds[i % 3], .replicate = replicates[i / 3 % 3], .day = days[i / 9 % 3]};
        struct words w = luck_words(&luck, purposes[i / 27 % 3], entities[i / 81 % 3], indices[i / 243]);
        keys[i] = (struct key){.bits = (uint64_t)w.word[0] << 32 | w.word[1], .address = i};
    }
    qsort(keys, N, sizeof *keys, by_bits);
    for (uint32_t i = 1; i < N; i++) {
        if (keys[i].bits == keys[i - 1].bits)
            fail_msg("addresses %u and %u meet", keys[i - 1].address, keys[i].address);
    }
}

/* Each bit of each field flips its own bit of the counter or key, and no other: by the generator itself, called with them. */
static void every_field_reaches_exactly_its_bits(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        uint32_t bits, word, from; /* words 0 to 3: the counter; 4 and 5: the key */
    } fields[] = {{"entity", 32, 0, 0},    {"day", 32, 1, 0},       {"index", 24, 2, 0},     {"purpose", 8, 2, 24},
                  {"replicate", 32, 3, 0}, {"seed, low", 32, 4, 0}, {"seed, high", 32, 5, 0}};
    for (size_t f = 0; f < sizeof fields / sizeof *fields; f++)
        for (uint32_t bit = 0; bit < fields[f].bits; bit++) {
            uint32_t raw[6] = {0x01234567, 0x89abcdef, 0x0fedcba9, 0x87654321, 0xdeadbeef, 0x02468ace};
            raw[fields[f].word] ^= 1u << (fields[f].from + bit);
            philox4x32_ctr_t counter = {{raw[0], raw[1], raw[2], raw[3]}};
            philox4x32_ctr_t expected = philox4x32_R(10, counter, (philox4x32_key_t){{raw[4], raw[5]}});
            const struct luck luck = {.seed = (uint64_t)raw[5] << 32 | raw[4], .replicate = raw[3], .day = raw[1]};
            struct words words = luck_words(&luck, raw[2] >> 24, raw[0], raw[2] & 0xffffff);
            if (memcmp(words.word, expected.v, sizeof words.word) != 0) fail_msg("%s, bit %u", fields[f].field, bit);
        }
}

/* However many points a day has, no two blocks of them share an address, none has the bit that is left to other draws of the
 * purpose, and none leaves the index. The blocks' 31 bits and the line's 24 are all found again in entity and index. */
static void addresses_of_points_never_meet(void **state)
{
    (void)state;
    const struct luck luck = {.seed = 1, .replicate = 2, .day = 3};
    for (uint32_t i = 0; i < 400; i++) {
        const uint32_t line = i % 2 ? (1u << 24) - 1 - i : i, block = i < 31 ? 1u << i : (i * 2654435761u) >> 1;
        const uint32_t entity = line | (block >> 20 & 0xff) << 24, index = (block & 0xfffff) | (block >> 28) << 21;
        assert_true(index < 1u << 24 && (index & 1u << 20) == 0);
        assert_int_equal(entity & 0xffffff, line);
        assert_int_equal((index & 0xfffff) | (entity >> 24) << 20 | (index >> 21) << 28, block);
        struct words is = points_words(&luck, 9, line, block), expected = luck_words(&luck, 9, entity, index);
        assert_memory_equal(is.word, expected.word, sizeof is.word);
        /* And the iterator goes there, from the beginning of the batch on. */
        struct points points = points_begin(&luck, 9, line, UINT32_MAX, 1e6);
        uint32_t where, before = 2 * block % POINTS_BATCH;
        double mark = 0;
        points.drawn = 2 * block - before;
        for (uint32_t k = 0; k <= before; k++) assert_true(points_next(&points, &where, &mark));
        assert_true(mark == unit_interval(expected.word[1]));
    }
}

/* A batch of points is what its blocks are one by one, however wide the registers that draw it. */
static void batches_are_their_blocks_at_any_width(void **state)
{
    (void)state;
    const struct luck luck = {.seed = UINT64_C(0xfedcba9876543210), .replicate = 5, .day = 77};
    for (enum points_width width = POINTS_PLAIN; width <= points_widest(); width++) {
        for (uint32_t batch = 0; batch < 5000; batch++) {
            const uint32_t line = batch % 7, first = batch * 2654435769u % (1u << 31) / 8 * 8;
            struct points points = points_begin(&luck, 3, line, 1000000, 0.37);
            points.drawn = 2 * first;
            points_fill_by(width, &points);
            for (uint32_t i = 0; i < POINTS_BATCH; i++) {
                struct words w = points_words(&luck, 3, line, first + i / 2);
                assert_true(points.gap[i] == -points.mean_gap * portable_log(unit_interval(w.word[i % 2 * 2])));
                assert_true(points.mark[i] == unit_interval(w.word[i % 2 * 2 + 1]));
            }
        }
    }
}

static void coins_of_a_batch_are_those_of_its_blocks_at_any_width(void **state)
{
    (void)state;
    const struct luck luck = {.seed = UINT64_C(0x0123456789abcdef), .replicate = 9, .day = 3000};
    for (enum points_width width = POINTS_PLAIN; width <= points_widest(); width++) {
        for (uint32_t batch = 0; batch < 2000; batch++) {
            struct coins coins = coins_begin(&luck, 7, batch % 5 << 20 | 3);
            coins.block = batch * 2654435769u >> 2 & ~7u;
            coins_fill_by(width, &coins);
            for (uint32_t i = 0; i < WORDS_BATCH; i++) {
                struct words w = luck_words(&luck, 7, coins.block + i, coins.index);
                for (uint32_t k = 0; k < 4; k++) assert_true(coins.word[k][i] == w.word[k]);
            }
        }
    }
}

/* The same coins, in whatever order they are asked for. */
static void coins_of_a_batch_are_those_of_their_entities(void **state)
{
    (void)state;
    const struct luck luck = {.seed = 8, .replicate = 1, .day = 4};
    struct coins all = coins_begin(&luck, 7, 3);
    for (uint32_t i = 0; i < 5000; i++) {
        const uint32_t entity = i % 3 == 0 ? i : i * 2654435769u;
        const double expected = unit_interval(luck_words(&luck, 7, entity >> 2, 3).word[entity & 3]);
        assert_true(coins_uniform(&all, entity) == expected);
    }
}

/* The same points, be few or many expected. */
static void few_points_are_the_first_of_many(void **state)
{
    (void)state;
    const struct luck luck = {.seed = 8, .replicate = 1, .day = 4};
    for (uint32_t line = 0; line < 2000; line++) {
        struct points few = points_begin(&luck, 3, line, 10, 0.25), many = points_begin(&luck, 3, line, 1000, 0.25);
        uint32_t a = 0, b = 0;
        double mark_a = 0, mark_b = 0;
        while (points_next(&few, &a, &mark_a)) {
            assert_true(points_next(&many, &b, &mark_b));
            assert_true(a == b && mark_a == mark_b && few.position == many.position);
        }
    }
}

static void binomial_quantiles_are_the_distribution_turned_round(void **state)
{
    (void)state;
    const double chances[] = {0, 1e-9, 0.03, 0.1, 0.5, 0.97, 1};
    for (size_t i = 0; i < sizeof chances / sizeof *chances; i++)
        for (uint32_t n = 0; n <= 64; n = 3 * n + 1) {
            const double p = chances[i];
            double below = 0;
            for (uint32_t k = 0; k < n; k++) {
                const double log_term = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) +
                                        (k > 0 ? k * log(p) : 0) + (n - k) * log1p(-p);
                below += p == 1 || (p == 0 && k > 0) ? 0 : exp(log_term);
                if (below > 1e-12 && below < 1 - 1e-8) {
                    assert_true(binomial_quantile(below * (1 - 1e-9), n, p) <= k);
                    assert_true(binomial_quantile(below * (1 + 1e-9), n, p) > k);
                }
            }
            assert_true(binomial_quantile(1 - 0x1p-33, n, p) <= n);
        }
    assert_int_equal(binomial_quantile(0x1p-33, 64, 1), 64);
    assert_int_equal(binomial_quantile(1 - 0x1p-33, 64, 0), 0);
}

/* ---- single draws ---- */

static void daily_chances(void **state)
{
    (void)state;
    assert_true(daily_chance(0) == 0);
    assert_true(daily_chance(1e-300) == 1e-300); /* 1 - exp(-x) would be 0 */
    assert_true(fabs(daily_chance(log(2)) - 0.5) < 1e-15);
    assert_true(daily_chance(1e9) == 1 && daily_chance(INFINITY) == 1);
    for (double rate = 1e-9; rate < 20; rate *= 1.7) {
        long double exact = -expm1l(-(long double)rate);
        assert_true(fabsl((long double)daily_chance(rate) - exact) <= 4e-16L * exact);
    }
}

static void picks_are_uniform(void **state)
{
    (void)state;
    const struct luck luck = {.seed = 7, .day = 3};
    enum { N = 400000, MAX = 1000 };
    static const uint32_t sizes[] = {2, 7, 64, MAX};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        uint32_t counts[MAX] = {0};
        for (uint32_t i = 0; i < N; i++) {
            uint32_t pick = luck_pick(&luck, 1, i, (uint32_t)k, sizes[k]);
            assert_true(pick < sizes[k]);
            counts[pick]++;
        }
        if (sizes[k] > 2)
            assert_even(counts, sizes[k]);
        else
            assert_binomial(counts[0], (double)N, 0.5);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(luck_pick(&luck, 2, i, 0, 1), 0);
        assert_true(luck_pick(&luck, 2, i, 0, UINT32_MAX) < UINT32_MAX);
    }
}

static void coins_fall_with_their_chance(void **state)
{
    (void)state;
    const struct luck luck = {.seed = 2012, .replicate = 4, .day = 100};
    enum { N = 400000 };
    static const double chances[] = {0, 0.001, 0.25, 0.5, 0.999, 1};
    for (uint32_t k = 0; k < sizeof chances / sizeof *chances; k++) {
        double heads = 0;
        for (uint32_t i = 0; i < N; i++) heads += luck_coin(&luck, 1, i, k, chances[k]);
        if (chances[k] == 0 || chances[k] == 1)
            assert_true(heads == N * chances[k]);
        else
            assert_binomial(heads, (double)N, chances[k]);
    }
}

static void coins_in_a_row(void **state)
{
    (void)state;
    enum { N = 256000, BINS = 64 };
    const struct luck luck = {.seed = 5, .day = 12};
    struct coins coins = coins_begin(&luck, 9, 0);
    uint32_t counts[BINS] = {0};
    for (uint32_t entity = 0; entity < N; entity++) counts[(int)(coins_uniform(&coins, entity) * BINS)]++;
    assert_even(counts, BINS);
    /* Whom we ask, and whether twice, changes nobody's coin. */
    struct coins few = coins_begin(&luck, 9, 0);
    for (uint32_t entity = 0; entity < 3000; entity += 1 + entity % 7) {
        struct coins alone = coins_begin(&luck, 9, 0);
        double expected = coins_uniform(&alone, entity);
        assert_true(coins_uniform(&few, entity) == expected && coins_uniform(&few, entity) == expected);
    }
    struct coins last = coins_begin(&luck, 9, 0);
    double first = coins_uniform(&last, UINT32_MAX);
    assert_true(first == unit_interval(luck_words(&luck, 9, UINT32_MAX >> 2, 0).word[3]));
}

static void normal_numbers(void **state)
{
    (void)state;
    enum { N = 200000, BINS = 50 };
    const struct luck luck = {.seed = 5};
    uint32_t counts[BINS] = {0};
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < N; i++) {
        double x = luck_normal(&luck, 0, i, 0);
        sum += x;
        squares += x * x;
        counts[(int)(0.5 * erfc(-x / sqrt(2)) * BINS)]++;
    }
    assert_even(counts, BINS);
    assert_normal(sum / sqrt(N));
    assert_chi_square(squares, (double)N);
}

/* ---- points on a line ---- */

static void counts_of_points_are_poisson(void **state)
{
    (void)state;
    enum { DAYS = 20000 };
    static const struct {
        uint32_t length;
        double rate;
    } lines[] = {{3000, 0.004}, {1, 0.3}, {20, 2.5}, {1000000, 1e-6}};
    for (uint32_t k = 0; k < sizeof lines / sizeof *lines; k++) {
        const double mean = lines[k].length * lines[k].rate;
        double sum = 0, scatter = 0, none = 0;
        for (uint32_t day = 0; day < DAYS; day++) {
            const struct luck luck = {.seed = 11, .day = day};
            struct points points = points_begin(&luck, 3, k, lines[k].length, lines[k].rate);
            uint32_t entity = 0, before = 0, n = 0;
            double mark = 0;
            for (; points_next(&points, &entity, &mark); n++, before = entity) {
                assert_true(entity >= before && entity < lines[k].length);
                assert_true(mark > 0 && mark < 1);
            }
            assert_false(points_next(&points, &entity, &mark)); /* over is over */
            sum += n;
            scatter += (n - mean) * (n - mean);
            none += n == 0;
        }
        assert_normal((sum - DAYS * mean) / sqrt(DAYS * mean));
        /* Variance mean, fourth central moment mean + 3 mean^2: so this is the z of the variance. */
        assert_normal((scatter - DAYS * mean) / sqrt(DAYS * (mean + 2 * mean * mean)));
        if (DAYS * exp(-mean) > 20) assert_binomial(none, (double)DAYS, exp(-mean));
    }
}

static void gaps_of_points_are_exponential(void **state)
{
    (void)state;
    enum { N = 100000, BINS = 100 };
    const struct luck luck = {.seed = 13, .day = 1};
    const double rate = 0.02;
    struct points points = points_begin(&luck, 3, 0, UINT32_MAX, rate);
    uint32_t gaps[BINS] = {0}, marks[BINS] = {0}, entity = 0;
    double before = 0, mark = 0, products = 0;
    for (uint32_t i = 0; i < N; i++) {
        assert_true(points_next(&points, &entity, &mark));
        double below = daily_chance(rate * (points.position - before)); /* the distribution function of the gap */
        before = points.position;
        gaps[(int)(below * BINS)]++;
        marks[(int)(mark * BINS)]++;
        products += (below - 0.5) * (mark - 0.5) * 12;
    }
    assert_even(gaps, BINS);
    assert_even(marks, BINS);
    assert_normal(products / sqrt(N)); /* a mark tells nothing of its gap */
}

static void points_spread_over_the_line(void **state)
{
    (void)state;
    enum { DAYS = 20000, LENGTH = 50 };
    uint32_t counts[LENGTH] = {0}, entity = 0;
    double mark = 0;
    for (uint32_t day = 0; day < DAYS; day++) {
        const struct luck luck = {.seed = 17, .day = day};
        struct points points = points_begin(&luck, 3, 0, LENGTH, 0.1);
        while (points_next(&points, &entity, &mark)) counts[entity]++;
    }
    assert_even(counts, LENGTH);
}

static void no_rate_or_no_line_has_no_points(void **state)
{
    (void)state;
    const struct luck luck = {.seed = 19};
    uint32_t entity = 0;
    double mark = 0;
    static const double rates[] = {0, -1, (double)NAN, 5e-324};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct points points = points_begin(&luck, 0, 0, UINT32_MAX, rates[i]);
        for (int again = 0; again < 3; again++) assert_false(points_next(&points, &entity, &mark));
    }
    struct points points = points_begin(&luck, 0, 0, 0, 1e6);
    for (int again = 0; again < 3; again++) assert_false(points_next(&points, &entity, &mark));
}

/* Entities of different rates on one line act with 1 - exp(-rate) a day, each for itself. */
static void thinning_gives_everyone_their_own_rate(void **state)
{
    (void)state;
    enum { DAYS = 100000, LENGTH = 6 };
    static const double own[LENGTH] = {0, 0.01, 0.1, 0.4, 0.5, 0.5};
    double acted[LENGTH] = {0}, both[LENGTH] = {0};
    for (uint32_t day = 0; day < DAYS; day++) {
        const struct luck luck = {.seed = 23, .day = day};
        struct points points = points_begin(&luck, 3, 0, LENGTH, 0.5);
        bool acts[LENGTH] = {false};
        uint32_t entity = 0;
        double mark = 0;
        while (points_next(&points, &entity, &mark)) acts[entity] |= mark < own[entity] / 0.5;
        for (size_t i = 0; i < LENGTH; i++) {
            acted[i] += acts[i];
            both[i] += acts[i] && acts[(i + 1) % LENGTH];
        }
    }
    assert_true(acted[0] == 0);
    for (size_t i = 1; i < LENGTH; i++) {
        assert_binomial(acted[i], (double)DAYS, daily_chance(own[i]));
        if (i + 1 < LENGTH) assert_binomial(both[i], (double)DAYS, daily_chance(own[i]) * daily_chance(own[i + 1]));
    }
}

static void a_longer_line_begins_with_the_same_points(void **state)
{
    (void)state;
    for (uint32_t day = 0; day < 300; day++) {
        const struct luck luck = {.seed = 29, .day = day};
        const uint32_t length = 10 + day * 7;
        struct points shorter = points_begin(&luck, 3, 5, length, 0.05), longer = points_begin(&luck, 3, 5, 5000, 0.05);
        uint32_t a = 0, b = 0, n = 0;
        double mark_a = 0, mark_b = 0;
        for (; points_next(&shorter, &a, &mark_a); n++) {
            assert_true(points_next(&longer, &b, &mark_b));
            assert_true(a == b && mark_a == mark_b && shorter.position == longer.position);
        }
        /* And the next lies beyond the shorter line: none is left out. */
        assert_true(!points_next(&longer, &b, &mark_b) || b >= length);
    }
}

/* ---- independence ---- */

static double of_entity(uint32_t i, const struct luck *luck) { return luck_uniform(luck, 1, i, 0); }
static double of_neighbour(uint32_t i, const struct luck *luck) { return luck_uniform(luck, 1, i + 1, 0); }
static double of_purpose(uint32_t i, const struct luck *luck) { return luck_uniform(luck, 2, i, 0); }
static double of_index(uint32_t i, const struct luck *luck) { return luck_uniform(luck, 1, i, 1); }
static double of_word(uint32_t i, const struct luck *luck) { return unit_interval(luck_words(luck, 1, i, 0).word[1]); }
static double of_swapped(uint32_t i, const struct luck *luck)
{
    const struct luck swapped = {.seed = luck->seed, .replicate = luck->day, .day = luck->replicate};
    return luck_uniform(&swapped, 1, i, 0);
}
static double of_day(uint32_t i, const struct luck *luck)
{
    const struct luck next = {.seed = luck->seed, .replicate = luck->replicate, .day = luck->day + 1};
    return luck_uniform(&next, 1, i, 0);
}
static double of_replicate(uint32_t i, const struct luck *luck)
{
    const struct luck next = {.seed = luck->seed, .replicate = luck->replicate + 1, .day = luck->day};
    return luck_uniform(&next, 1, i, 0);
}
static double of_seed(uint32_t i, const struct luck *luck)
{
    const struct luck next = {.seed = luck->seed + 1, .replicate = luck->replicate, .day = luck->day};
    return luck_uniform(&next, 1, i, 0);
}
static double of_point(uint32_t i, const struct luck *luck, uint32_t purpose, uint32_t line)
{
    const struct luck own = {.seed = luck->seed, .day = i};
    struct points points = points_begin(&own, purpose, line, UINT32_MAX, 0.01);
    uint32_t entity = 0;
    double mark = 0;
    assert_true(points_next(&points, &entity, &mark));
    return daily_chance(0.01 * points.position);
}
static double of_line(uint32_t i, const struct luck *luck) { return of_point(i, luck, 4, 0); }
static double of_next_line(uint32_t i, const struct luck *luck) { return of_point(i, luck, 4, 1); }
static double of_same_line(uint32_t i, const struct luck *luck) { return of_point(i, luck, 5, 0); }

static void neighbouring_addresses_are_independent(void **state)
{
    (void)state;
    enum { N = 100000, SIDE = 8 };
    typedef double draw(uint32_t i, const struct luck *luck);
    static draw *const pairs[][2] = {
        {of_entity, of_neighbour}, {of_entity, of_purpose}, {of_entity, of_index},     {of_entity, of_word},
        {of_entity, of_day},       {of_entity, of_seed},    {of_entity, of_replicate}, {of_entity, of_swapped},
        {of_line, of_next_line},   {of_line, of_same_line}, {of_line, of_entity},
    };
    const struct luck luck = {.seed = 31, .replicate = 2, .day = 40};
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        double products = 0;
        uint32_t cells[SIDE * SIDE] = {0};
        for (uint32_t i = 0; i < N; i++) {
            double a = pairs[k][0](i, &luck), b = pairs[k][1](i, &luck);
            products += (a - 0.5) * (b - 0.5) * 12; /* mean 0 and variance 1 when independent */
            cells[(int)(a * SIDE) * SIDE + (int)(b * SIDE)]++;
        }
        assert_normal(products / sqrt(N));
        assert_even(cells, SIDE * SIDE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(the_unit_interval_is_open),
        cmocka_unit_test(every_part_of_an_address_counts),
        cmocka_unit_test(every_field_reaches_exactly_its_bits),
        cmocka_unit_test(addresses_of_points_never_meet),
        cmocka_unit_test(batches_are_their_blocks_at_any_width),
        cmocka_unit_test(coins_of_a_batch_are_those_of_its_blocks_at_any_width),
        cmocka_unit_test(coins_of_a_batch_are_those_of_their_entities),
        cmocka_unit_test(few_points_are_the_first_of_many),
        cmocka_unit_test(binomial_quantiles_are_the_distribution_turned_round),
        cmocka_unit_test(daily_chances),
        cmocka_unit_test(picks_are_uniform),
        cmocka_unit_test(coins_fall_with_their_chance),
        cmocka_unit_test(coins_in_a_row),
        cmocka_unit_test(normal_numbers),
        cmocka_unit_test(counts_of_points_are_poisson),
        cmocka_unit_test(gaps_of_points_are_exponential),
        cmocka_unit_test(points_spread_over_the_line),
        cmocka_unit_test(no_rate_or_no_line_has_no_points),
        cmocka_unit_test(thinning_gives_everyone_their_own_rate),
        cmocka_unit_test(a_longer_line_begins_with_the_same_points),
        cmocka_unit_test(neighbouring_addresses_are_independent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is drawn together for many lines, rows and entities is what each would draw alone: sim/random.h and sim/points.c. */
#include "sim/points.h"
#include "sim/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct luck luck = {.seed = UINT64_C(0xfedcba9876543210), .replicate = 5, .day = 77};

/* ---- the first words of lines ---- */

static void first_words_are_those_of_their_address_at_any_width(void **state)
{
    (void)state;
    static const uint32_t purposes[] = {WORDS_BATCH, 4 * WORDS_BATCH, 256};
    for (enum points_width width = POINTS_PLAIN; width <= points_widest(); width++)
        for (size_t i = 0; i < sizeof purposes / sizeof *purposes; i++)
            for (uint32_t day = 0; day < 200; day++) {
                const struct luck today = {.seed = luck.seed + day % 3, .replicate = day % 5, .day = day * 327};
                struct words first[256], chosen[256];
                memset(first, 0xa5, sizeof first);
                points_first_by(width, &today, purposes[i], first);
                for (uint32_t purpose = 0; purpose < purposes[i]; purpose++) {
                    const struct words expected = luck_words(&today, purpose, 0, 0);
                    assert_memory_equal(&first[purpose], &expected, sizeof expected);
                }
                for (size_t byte = purposes[i] * sizeof *first; byte < sizeof first; byte++)
                    assert_int_equal(((unsigned char *)first)[byte], 0xa5);
                points_first(&today, purposes[i], chosen);
                assert_memory_equal(chosen, first, purposes[i] * sizeof *first);
            }
}

/* Days on which something is on the line, and days on which that is seen without a logarithm. */
static void same_points(uint32_t length, double rate, uint32_t days, uint32_t *some, uint32_t *at_once)
{
    for (uint32_t day = 0; day < days; day++) {
        const struct luck today = {.seed = 8, .replicate = 1, .day = day};
        struct words first[WORDS_BATCH];
        points_first(&today, WORDS_BATCH, first);
        for (uint32_t purpose = 0; purpose < WORDS_BATCH; purpose++) {
            struct points known = points_begin_first(&today, purpose, length, rate, &first[purpose]);
            struct points drawn = points_begin(&today, purpose, 0, length, rate);
            uint32_t a = 0, b = 0, n = 0;
            double mark_a = 0, mark_b = 0;
            *at_once += known.position > 0;
            for (; points_next(&known, &a, &mark_a); n++) {
                assert_true(points_next(&drawn, &b, &mark_b));
                assert_true(a == b && mark_a == mark_b && known.position == drawn.position &&
                            known.drawn == drawn.drawn);
            }
            assert_false(points_next(&drawn, &b, &mark_b));
            assert_false(points_next(&known, &a, &mark_a));
            *some += n > 0;
        }
    }
}

static void points_from_known_words_are_those_of_the_line(void **state)
{
    (void)state;
    static const struct {
        uint32_t length;
        double rate;
    } lines[] = {{1000000, 1e-8}, {100, 1e-3}, {10, 0.1}, {7, 0.5}, {1, 1}, {10, 0.29}, {10, 0.31}, {40, 1}, {1000, 3}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const double expected = lines[i].length * lines[i].rate;
        const uint32_t days = expected < 0.1 ? 4000 : 200;
        uint32_t some = 0, at_once = 0;
        same_points(lines[i].length, lines[i].rate, days, &some, &at_once);
        assert_true(some <= days * WORDS_BATCH - at_once);
        if (expected >= 0.1) assert_true(some > 0); /* else there might be none at all */
        if (expected <= 0.5) assert_true(at_once > 0.4 * days * WORDS_BATCH);
        if (expected > 1) assert_int_equal(at_once, 0); /* a gap is always possible that is short enough */
    }
}

static void no_rate_or_no_line_has_no_points(void **state)
{
    (void)state;
    uint32_t some = 0, at_once = 0;
    same_points(1000, 0, 100, &some, &at_once);
    same_points(0, 0.5, 100, &some, &at_once);
    same_points(0, 0, 100, &some, &at_once);
    same_points(1000, 1e-300, 100, &some, &at_once);
    assert_int_equal(some, 0);
}

/* ---- rows of coins ---- */

enum { ROW = 64 };

/* The word of neighbour k, by its address. */
static uint32_t word_of(uint32_t purpose, uint32_t index, uint32_t number, uint32_t k)
{
    return luck_words(&luck, purpose, 16 * number + k / 32 * 8 + k % 8, index).word[k / 8 % 4];
}

/* Thrown by one width: as coin_row_throw() does. */
static void throw_by(enum points_width width, uint32_t purpose, uint32_t index, uint32_t number, const int64_t bound[2],
                     uint64_t fallen[2])
{
    fallen[0] = fallen[1] = 0;
    for (uint32_t half = 0; half < 2; half++) {
        struct coins coins = coins_begin(&luck, purpose, index);
        uint64_t here[2];
        coins.block = 16 * number + 8 * half;
        coins_fall_by(width, &coins, bound, here);
        for (uint32_t k = 0; k < 32; k++)
            assert_true(coins.word[k / 8][k % 8] == word_of(purpose, index, number, 32 * half + k));
        for (int i = 0; i < 2; i++) {
            assert_int_equal(here[i] >> 32, 0);
            fallen[i] |= here[i] << 32 * half;
        }
    }
}

static void rows_fall_alike_at_any_width(void **state)
{
    (void)state;
    for (enum points_width width = POINTS_PLAIN; width <= points_widest(); width++)
        for (uint32_t number = 0; number < 2000; number++) {
            const uint32_t near = word_of(7, 3, number, number % ROW);
            const int64_t bounds[][2] = {{0, INT64_C(1) << 32},
                                         {near, (int64_t)near + 1},
                                         {1, UINT32_MAX},
                                         {INT64_C(1) << 31, (INT64_C(1) << 31) - 1}};
            for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
                uint64_t fallen[2];
                throw_by(width, 7, 3, number, bounds[b], fallen);
                for (uint32_t k = 0; k < ROW; k++)
                    for (int i = 0; i < 2; i++)
                        assert_true((fallen[i] >> k & 1) == (word_of(7, 3, number, k) < bounds[b][i]));
            }
        }
}

static void check_row(uint32_t index, uint32_t number, uint32_t n, const double p[2])
{
    struct coin_row row;
    uint64_t fallen[2] = {~0ull, ~0ull};
    coin_row_throw(&row, &luck, 9, index, number, n, p, fallen);
    for (uint32_t k = 0; k < ROW; k++) {
        const double u = unit_interval(word_of(9, index, number, k));
        if (k < n) assert_true(coin_row_uniform(&row, k) == u);
        for (int i = 0; i < 2; i++) assert_true((fallen[i] >> k & 1) == (k < n && u < p[i]));
    }
}

/* At every length that begins or ends a register, and at chances which a word just reaches or misses. */
static void rows_are_their_coins_one_by_one(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {0, 1, 8, 31, 32, 33, 40, 63, 64};
    static const double chances[] = {-0.5, 0,   0x1p-1074,   1e-300,      0x1p-34, 0x1p-33, 0x1.8p-33, 1e-9,    0.24,
                                     0.5,  0.6, 1 - 0x1p-33, 1 - 0x1p-53, 1,       1.2,     1e300,     INFINITY};
    enum { CHANCES = sizeof chances / sizeof *chances };
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
        for (uint32_t number = 0; number < 60; number++) {
            const uint32_t n = lengths[l];
            for (size_t i = 0; i < CHANCES; i++)
                check_row(number % 3 << 18, number * 100000, n,
                          (const double[]){chances[i], chances[(i + number) % CHANCES]});
            for (uint32_t k = 0; k < n; k++) {
                const double at = unit_interval(word_of(9, 4, number, k));
                check_row(4, number, n, (const double[]){at, nextafter(at, 1)});
                check_row(4, number, n, (const double[]){nextafter(at, 0), at + 0x1p-32});
            }
        }
}

/* Weighed coins: whoever might have fallen is told, at any width, and hardly anybody else. */
static void rows_are_weighed_alike_at_any_width(void **state)
{
    (void)state;
    static const int64_t units[] = {0, 1, 1 << 20, INT64_C(1) << 31, UINT32_MAX};
    for (uint32_t number = 0; number < 300; number++) {
        uint8_t weight[32];
        for (uint32_t k = 0; k < 32; k++) weight[k] = (uint8_t)(word_of(8, 0, number, k) % (number % 3 ? 5 : 256));
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
            for (enum points_width width = POINTS_PLAIN; width <= points_widest(); width++) {
                struct coins coins = coins_begin(&luck, 7, 3);
                coins.block = 16 * number;
                const uint64_t fallen = coins_weigh_by(width, &coins, units[i], weight);
                assert_int_equal(fallen >> 32, 0);
                for (uint32_t k = 0; k < 32; k++)
                    assert_true((fallen >> k & 1) == (word_of(7, 3, number, k) <= weight[k] * units[i]));
            }
    }
}

static void weighed_coins_miss_nobody(void **state)
{
    (void)state;
    static const double chances[] = {0, 1e-12, 0x1p-33, 0x1p-32, 0.01, 0.3, 1 - 0x1p-33, 1};
    uint32_t told = 0, fell = 0;
    for (uint32_t number = 0; number < 400; number++)
        for (size_t i = 0; i < sizeof chances / sizeof *chances; i++) {
            const uint32_t n = 1 + number % ROW;
            uint8_t *weight = malloc(n); /* no more than n may be read */
            assert_non_null(weight);
            for (uint32_t k = 0; k < n; k++) weight[k] = (uint8_t)(word_of(8, 1, number, k) % 4);
            struct coin_row row;
            const uint64_t fallen = coin_row_weighed(&row, &luck, 9, 2, number, n, weight, chances[i]);
            assert_true(n == ROW || fallen >> n == 0);
            for (uint32_t k = 0; k < n; k++) {
                const double u = unit_interval(word_of(9, 2, number, k));
                assert_true(weight[k] == 0 || coin_row_uniform(&row, k) == u);
                if (weight[k] > 0 && u < weight[k] * chances[i]) assert_true(fallen >> k & 1);
                told += (uint32_t)(fallen >> k) & 1;
                fell += u < weight[k] * chances[i];
            }
            free(weight);
        }
    assert_true(told >= fell && told < fell + 10);
}

/* ---- the words of entities ---- */

static void words_of_a_batch_are_those_of_their_entities(void **state)
{
    (void)state;
    struct coins all = coins_begin(&luck, 7, 3);
    for (uint32_t i = 0; i < 20000; i++) {
        const uint32_t entity = i % 3 != 0 ? i : (i * 2654435769u) >> 1;
        const struct words expected = luck_words(&luck, 7, entity, 3);
        for (int again = 0; again < 2; again++) {
            const struct words batch = coins_words(&all, entity);
            assert_memory_equal(&batch, &expected, sizeof expected);
        }
    }
    for (uint32_t entity = (1u << 31) - 20; entity < 1u << 31;
         entity++) { /* none is taken for the first block, which nobody holds */
        struct coins late = coins_begin(&luck, 7, 3);
        const struct words w = coins_words(&late, entity), expected = luck_words(&luck, 7, entity, 3);
        assert_memory_equal(&w, &expected, sizeof expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_words_are_those_of_their_address_at_any_width),
        cmocka_unit_test(points_from_known_words_are_those_of_the_line),
        cmocka_unit_test(no_rate_or_no_line_has_no_points),
        cmocka_unit_test(rows_fall_alike_at_any_width),
        cmocka_unit_test(rows_are_their_coins_one_by_one),
        cmocka_unit_test(rows_are_weighed_alike_at_any_width),
        cmocka_unit_test(weighed_coins_miss_nobody),
        cmocka_unit_test(words_of_a_batch_are_those_of_their_entities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is kept of many records: the same bits in whatever order and pieces they come, true to plain formulas, and within the
 * promised error of quantiles. */
#include "sim/aggregate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/aggregate_support.h"

enum { MANY = 400 };

static struct aggregate *empty(uint32_t units)
{
    struct aggregate *a = NULL;
    struct error e = {0};
    assert_int_equal(aggregate_create(&a, &support_record, units, &e), 0);
    return a;
}

static void add(struct aggregate *a, const double *records, const uint32_t *units, size_t n)
{
    struct error e = {0};
    assert_int_equal(aggregate_add(a, records, units, n, &e), 0);
}

/* Numbers from 0 to 1, always the same. */
static double chance(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) * 0x1p-53;
}

/* Skewed flows that are whole, stocks of all sizes and signs, and shares of which some are undefined. */
static void invent(double *record, uint64_t *state)
{
    for (size_t i = 0; i < SUPPORT_VALUES; i++) {
        const size_t metric = i / SUPPORT_LENGTH % SUPPORT_METRICS;
        const double u = chance(state), v = chance(state);
        record[i] = metric == SUPPORT_flow    ? floor(300 * u * u * v)
                    : metric == SUPPORT_stock ? (v < 0.3 ? -1 : 1) * exp(12 * u - 4)
                    : v < 0.1                 ? (double)NAN
                                              : u * u;
    }
}

static double *invented(size_t n)
{
    uint64_t state = 2012;
    double *records = calloc(n * SUPPORT_VALUES, sizeof *records);
    assert_non_null(records);
    for (size_t i = 0; i < n; i++) invent(records + i * SUPPORT_VALUES, &state);
    return records;
}

static void assert_same(const struct aggregate *a, const struct aggregate *b)
{
    assert_int_equal(aggregate_size(a), aggregate_size(b));
    unsigned char *one = support_bytes(a), *two = support_bytes(b);
    assert_memory_equal(one, two, aggregate_size(a));
    free(one);
    free(two);
}

/* Shuffled, in batches of many sizes, in pieces that are merged the one way and the other. */
static void order_and_pieces_change_no_bit(void **state)
{
    (void)state;
    enum { PIECES = 5 };
    double *records = invented(MANY), *shuffled = calloc((size_t)MANY * SUPPORT_VALUES, sizeof *shuffled);
    uint32_t order[MANY];
    uint64_t luck = 7;
    assert_non_null(shuffled);
    for (uint32_t i = 0; i < MANY; i++) order[i] = i;
    struct aggregate *whole = empty(MANY);
    add(whole, records, order, MANY);
    assert_int_equal(aggregate_count(whole), MANY);
    for (int round = 0; round < 10; round++) {
        for (uint32_t i = MANY - 1; i > 0; i--) {
            const uint32_t k = (uint32_t)(chance(&luck) * (i + 1)), kept = order[i];
            order[i] = order[k];
            order[k] = kept;
        }
        for (size_t i = 0; i < MANY; i++)
            memcpy(shuffled + i * SUPPORT_VALUES, records + order[i] * SUPPORT_VALUES, SUPPORT_VALUES * sizeof *shuffled);
        struct aggregate *piece[PIECES];
        for (size_t p = 0; p < PIECES; p++) piece[p] = empty(MANY);
        for (size_t i = 0, n; i < MANY; i += n) {
            n = 1 + (size_t)(chance(&luck) * 30);
            if (n > MANY - i) n = MANY - i;
            add(piece[(size_t)(chance(&luck) * PIECES)], shuffled + i * SUPPORT_VALUES, order + i, n);
        }
        struct error e = {0};
        struct aggregate *sum = empty(MANY);
        for (size_t p = 0; p < PIECES; p++) assert_int_equal(aggregate_merge(sum, piece[round % 2 ? p : PIECES - 1 - p], &e), 0);
        assert_same(sum, whole);
        aggregate_free(sum);
        for (size_t p = 0; p < PIECES; p++) aggregate_free(piece[p]);
    }
    aggregate_free(whole);
    free(shuffled);
    free(records);
}

static void a_unit_is_in_it_once(void **state)
{
    (void)state;
    double *records = invented(3);
    struct error e = {0};
    struct aggregate *a = empty(100), *b = empty(100), *other = empty(99);
    add(a, records, (const uint32_t[]){0, 99}, 2);
    add(b, records, (const uint32_t[]){99, 31, 32}, 3);
    assert_true(aggregate_has(a, 99) && !aggregate_has(a, 98) && !aggregate_has(a, 100));
    unsigned char *before = support_bytes(a);
    assert_int_equal(aggregate_merge(a, b, &e), -1);
    assert_string_equal(e.text, "replicate 99 is in this one and in one before it; allowed: each once");
    unsigned char *after = support_bytes(a);
    assert_memory_equal(before, after, aggregate_size(a));
    e = (struct error){0};
    assert_int_equal(aggregate_merge(a, other, &e), -1);
    assert_int_equal(e.kind, ERROR_INPUT);
    free(before);
    free(after);
    aggregate_free(a);
    aggregate_free(b);
    aggregate_free(other);
    aggregate_free(NULL);
    free(records);
}

/* ---- against plain formulas ---- */

static int by_size(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static double plain_quantile(const double *sorted, size_t n, double share)
{
    const double place = (double)(n - 1) * share;
    const size_t below = (size_t)place;
    return below + 1 < n ? sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]) : sorted[n - 1];
}

/* `unit`: that in which sums are kept. */
static void assert_told(const double *told, double *values, size_t n, double unit, bool small)
{
    static const double shares[] = {0.05, 0.25, 0.5, 0.75, 0.95};
    double sum = 0, squares = 0, negative = 0, zero = 0;
    for (size_t i = 0; i < n; i++) {
        sum += values[i];
        negative += values[i] < 0;
        zero += values[i] == 0;
    }
    for (size_t i = 0; i < n; i++) squares += (values[i] - sum / (double)n) * (values[i] - sum / (double)n);
    qsort(values, n, sizeof *values, by_size);
    const double mean = sum / (double)n, sd = sqrt(squares / ((double)n - 1));
    assert_true(told[AGGREGATE_n] == (double)n && told[AGGREGATE_negative] == negative && told[AGGREGATE_zero] == zero);
    assert_true(told[AGGREGATE_minimum] == values[0] && told[AGGREGATE_maximum] == values[n - 1]);
    assert_true(fabs(told[AGGREGATE_mean] - mean) <= unit / 2 + 1e-12 * fabs(mean) + 1e-12 * sd);
    assert_true(fabs(told[AGGREGATE_sd] - sd) <= unit + 1e-12 * sd); /* each value moved by at most half a unit */
    for (int i = 0; i < 5; i++) {
        const double right = plain_quantile(values, n, shares[i]), found = told[AGGREGATE_q05 + i];
        const double low = values[(size_t)((double)(n - 1) * shares[i])], high = values[(size_t)ceil((double)(n - 1) * shares[i])];
        const double error = small ? 1e-14 : AGGREGATE_ERROR * (1 + 1e-12);
        assert_true(fabs(found - right) <= error * fmax(fabs(low), fabs(high)));
        if (low * high > 0) assert_true(fabs(found - right) <= error * fabs(right) * (1 + 1e-12));
    }
}

static void statistics_are_those_of_plain_formulas(void **state)
{
    (void)state;
    static const double units[] = {[SUPPORT_flow] = 0x1p-10, [SUPPORT_stock] = 0x1p-20, [SUPPORT_share] = 0x1p-40};
    double *records = invented(MANY), values[MANY], told[AGGREGATE_STATISTICS];
    uint32_t order[MANY];
    for (uint32_t i = 0; i < MANY; i++) order[i] = i;
    struct aggregate *a = empty(MANY);
    add(a, records, order, MANY);
    assert_int_equal(aggregate_cells(a), SUPPORT_VALUES + SUPPORT_SCENARIOS * SUPPORT_METRICS);
    for (size_t cell = 0; cell < SUPPORT_VALUES; cell++) {
        size_t n = 0;
        for (size_t i = 0; i < MANY; i++)
            if (!isnan(records[i * SUPPORT_VALUES + cell])) values[n++] = records[i * SUPPORT_VALUES + cell];
        const size_t metric = cell / SUPPORT_LENGTH % SUPPORT_METRICS;
        assert_true(metric != SUPPORT_share || n < MANY);
        assert_int_equal(aggregate_tell(a, cell, told, NULL), 0);
        assert_told(told, values, n, units[metric], false);
    }
    for (size_t s = 0; s < SUPPORT_SCENARIOS; s++) {
        for (size_t m = 0; m < SUPPORT_METRICS; m++) {
            size_t n = 0;
            for (size_t i = 0; i < MANY; i++) {
                const double *record = records + i * SUPPORT_VALUES;
                const double gap = record[record_at(&support_record, s, m) + 1] - record[record_at(&support_record, 1, m) + 1];
                if (!isnan(gap)) values[n++] = gap;
            }
            assert_int_equal(aggregate_tell(a, aggregate_difference(a, s, m), told, NULL), 0);
            if (s == 1) assert_true(told[AGGREGATE_zero] == (double)n && told[AGGREGATE_sd] == 0);
            else assert_true(told[AGGREGATE_negative] > 50 && told[AGGREGATE_negative] < 350);
            assert_told(told, values, n, units[m], false);
        }
    }
    aggregate_free(a);
    free(records);
}

/* One cell, of this metric, of values that are given. */
static void tell(size_t metric, const double *values, uint32_t n, double *told)
{
    struct aggregate *a = empty(n);
    for (uint32_t i = 0; i < n; i++) {
        double record[SUPPORT_VALUES] = {0};
        record[record_at(&support_record, 0, metric)] = values[i];
        add(a, record, &i, 1);
    }
    assert_int_equal(aggregate_tell(a, record_at(&support_record, 0, metric), told, NULL), 0);
    aggregate_free(a);
}

static void small_whole_numbers_are_exact(void **state)
{
    (void)state;
    double values[511], told[AGGREGATE_STATISTICS];
    uint64_t luck = 5;
    for (int k = 0; k < 511; k++) values[k] = k - 255;
    tell(SUPPORT_flow, values, 511, told);
    assert_told(told, values, 511, 0, true);
    for (int round = 0; round < 50; round++) {
        const uint32_t n = 2 + (uint32_t)(chance(&luck) * 100);
        for (uint32_t i = 0; i < n; i++) values[i] = floor(chance(&luck) * chance(&luck) * 256);
        tell(SUPPORT_flow, values, n, told);
        assert_told(told, values, n, 0x1p-30, true);
    }
}

static void few_values_and_none(void **state)
{
    (void)state;
    double told[AGGREGATE_STATISTICS];
    tell(SUPPORT_share, (const double[]){(double)NAN, (double)NAN}, 2, told);
    assert_true(told[AGGREGATE_n] == 0 && told[AGGREGATE_negative] == 0 && told[AGGREGATE_zero] == 0);
    for (int i = AGGREGATE_mean; i <= AGGREGATE_maximum; i++) assert_true(isnan(told[i]));
    tell(SUPPORT_share, (const double[]){(double)NAN, 0.3}, 2, told);
    assert_true(told[AGGREGATE_n] == 1 && isnan(told[AGGREGATE_sd]) && fabs(told[AGGREGATE_mean] - 0.3) < 0x1p-40);
    for (int i = AGGREGATE_minimum; i <= AGGREGATE_maximum; i++) assert_true(told[i] == 0.3);
    tell(SUPPORT_stock, (const double[]){-0.0, 0.0}, 2, told); /* whichever comes first */
    assert_false(signbit(told[AGGREGATE_minimum]) || signbit(told[AGGREGATE_maximum]));
    tell(SUPPORT_stock, (const double[]){0.0, -0.0}, 2, told);
    assert_false(signbit(told[AGGREGATE_minimum]) || signbit(told[AGGREGATE_maximum]));
    assert_true(told[AGGREGATE_zero] == 2 && told[AGGREGATE_sd] == 0);
}

/* Beyond the range of the sums everything else still holds, and nothing overflows at its edge. */
static void what_is_too_large_is_told(void **state)
{
    (void)state;
    double told[AGGREGATE_STATISTICS];
    tell(SUPPORT_share, (const double[]){2048, 2048, -2048}, 3, told);
    assert_true(told[AGGREGATE_mean] == 2048.0 / 3 && fabs(told[AGGREGATE_sd] / (4096 / sqrt(3)) - 1) < 1e-15);
    tell(SUPPORT_share, (const double[]){2049, 1, 3}, 3, told);
    assert_true(isnan(told[AGGREGATE_mean]) && isnan(told[AGGREGATE_sd]) && told[AGGREGATE_n] == 3);
    assert_true(told[AGGREGATE_maximum] == 2049 && told[AGGREGATE_q50] == 3);
    tell(SUPPORT_flow, (const double[]){0x1p41, 0x1p41, 0x1p41}, 3, told);
    assert_true(told[AGGREGATE_mean] == 0x1p41 && told[AGGREGATE_sd] == 0);
    tell(SUPPORT_flow, (const double[]){(double)INFINITY, -(double)INFINITY, 1, 1, 1}, 5, told);
    assert_true(isnan(told[AGGREGATE_mean]) && told[AGGREGATE_q50] == 1 && told[AGGREGATE_maximum] == (double)INFINITY);
}

/* ---- bytes ---- */

static void what_is_written_is_read(void **state)
{
    (void)state;
    double *records = invented(70);
    uint32_t units[70];
    for (uint32_t i = 0; i < 70; i++) units[i] = 2 * i;
    struct aggregate *a = empty(200), *again = empty(200), *rest = empty(200);
    struct error e = {0};
    add(a, records, units, 40);
    add(rest, records + 40 * SUPPORT_VALUES, units + 40, 30);
    unsigned char *bytes = support_bytes(a);
    assert_int_equal(aggregate_read(again, bytes, aggregate_size(a), &e), 0);
    assert_same(a, again);
    assert_int_equal(aggregate_count(again), 40);
    assert_int_equal(aggregate_merge(again, rest, &e), 0);
    add(a, records + 40 * SUPPORT_VALUES, units + 40, 30);
    assert_same(a, again);
    assert_true((double)aggregate_size(a) <= aggregate_expected(&support_record, 200) + 8);
    free(bytes);
    aggregate_free(a);
    aggregate_free(again);
    aggregate_free(rest);
    free(records);
}

/* Pieces of any length, and every bit changed: refused, or read as something that can be told. */
static void what_is_damaged_does_no_harm(void **state)
{
    (void)state;
    double *records = invented(9), told[AGGREGATE_STATISTICS];
    struct aggregate *a = empty(9);
    add(a, records, (const uint32_t[]){0, 1, 2, 3, 4, 5, 6, 7, 8}, 9);
    const size_t size = aggregate_size(a);
    unsigned char *bytes = support_bytes(a);
    size_t refused = 0;
    for (size_t cut = 0; cut < size; cut++) {
        struct error e = {0};
        struct aggregate *found = empty(9);
        assert_int_equal(aggregate_read(found, bytes, cut, &e), -1);
        assert_string_equal(e.text, "its quantiles so far are damaged; --force starts afresh");
        aggregate_free(found);
    }
    for (size_t bit = 0; bit < 8 * size; bit++) {
        struct error e = {0};
        struct aggregate *found = empty(9);
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        if (aggregate_read(found, bytes, size, &e) != 0) refused++;
        else for (size_t cell = 0; cell < aggregate_cells(found); cell++) assert_int_equal(aggregate_tell(found, cell, told, NULL), 0);
        bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        aggregate_free(found);
    }
    assert_true(refused > size);
    free(bytes);
    aggregate_free(a);
    free(records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_pieces_change_no_bit),
        cmocka_unit_test(a_unit_is_in_it_once),
        cmocka_unit_test(statistics_are_those_of_plain_formulas),
        cmocka_unit_test(small_whole_numbers_are_exact),
        cmocka_unit_test(few_values_and_none),
        cmocka_unit_test(what_is_too_large_is_told),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_is_damaged_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

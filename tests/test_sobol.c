/* Sobol' sequences: the points are those of SciPy, and scrambling keeps what makes them worth having. */
#include "sim/sobol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/distributions.h"
#include "tests/effort.h"

enum { PURPOSE = 3, LOG_POINTS = 8, POINTS = 1 << LOG_POINTS };

static void points_are_those_of_scipy(void **state)
{
    (void)state;
    /* dimension, point, coordinate 2^32: scipy.stats.qmc.Sobol(512, scramble=False, bits=32), version 1.17.1, whose order is
     * that of the Gray code */
    static const uint32_t known[][3] = {
        {1, 1, 2147483648U},      {2, 1, 2147483648U},      {10, 1, 2147483648U},    {100, 1, 2147483648U},
        {511, 1, 2147483648U},    {1, 2, 3221225472U},      {2, 2, 3221225472U},     {10, 2, 1073741824U},
        {100, 2, 3221225472U},    {511, 2, 1073741824U},    {1, 5, 536870912U},      {2, 5, 3758096384U},
        {10, 5, 536870912U},      {100, 5, 3758096384U},    {511, 5, 2684354560U},   {1, 100, 3321888768U},
        {2, 100, 2986344448U},    {10, 100, 1375731712U},   {100, 100, 3053453312U}, {511, 100, 704643072U},
        {1, 777, 809500672U},     {2, 777, 3829399552U},    {10, 777, 1782579200U},  {100, 777, 2235564032U},
        {511, 777, 3451912192U},  {1, 1023, 1094713344U},   {2, 1023, 3141533696U},  {10, 1023, 1396703232U},
        {100, 1023, 1614807040U}, {511, 1023, 2394947584U},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t directions[SOBOL_BITS];
        sobol_directions(known[i][0], directions);
        assert_int_equal(sobol_coordinate(directions, known[i][1]), known[i][2]);
    }
    uint32_t directions[SOBOL_BITS];
    sobol_directions(0, directions); /* van der Corput's: the bits in reverse */
    assert_int_equal(sobol_coordinate(directions, 0), 0);
    assert_int_equal(sobol_coordinate(directions, 6), 0x60000000);
    assert_int_equal(sobol_coordinate(directions, UINT32_MAX), UINT32_MAX);
}

static void coordinates(uint32_t dimension, const struct luck *luck, uint32_t values[POINTS])
{
    uint32_t directions[SOBOL_BITS];
    sobol_directions(dimension, directions);
    for (uint32_t i = 0; i < POINTS; i++) {
        values[i] = sobol_coordinate(directions, i);
        if (luck != NULL) values[i] = sobol_scramble(values[i], luck, PURPOSE, dimension);
    }
}

static void every_stratum_of_every_dimension_has_one_point(void **state)
{
    (void)state;
    const struct luck luck = {.seed = 11};
    for (uint32_t dimension = 0; dimension < SOBOL_MAX_DIMENSIONS; dimension++) {
        uint32_t values[POINTS], counts[POINTS] = {0};
        coordinates(dimension, &luck, values);
        for (uint32_t i = 0; i < POINTS; i++) counts[values[i] >> (32 - LOG_POINTS)]++;
        for (uint32_t i = 0; i < POINTS; i++) assert_int_equal(counts[i], 1);
    }
}

/* How many points lie in each of the boxes that are 2^-first wide and 2^-(LOG_POINTS - first) high. */
static void count_boxes(const uint32_t *x, const uint32_t *y, uint32_t first, uint32_t counts[POINTS])
{
    memset(counts, 0, POINTS * sizeof *counts);
    for (uint32_t i = 0; i < POINTS; i++) {
        uint32_t column = first == 0 ? 0 : x[i] >> (32 - first), high = LOG_POINTS - first;
        counts[column << high | (high == 0 ? 0 : y[i] >> (32 - high))]++;
    }
}

static void the_first_two_dimensions_are_a_net(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        const struct luck luck = {.seed = seed};
        uint32_t x[POINTS], y[POINTS], counts[POINTS];
        coordinates(0, &luck, x);
        coordinates(1, &luck, y);
        for (uint32_t first = 0; first <= LOG_POINTS; first++) {
            count_boxes(x, y, first, counts);
            for (uint32_t i = 0; i < POINTS; i++) assert_int_equal(counts[i], 1);
        }
    }
}

static int rising(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

/* Of other pairs not every box has one point; scrambling moves boxes about and leaves what they hold. */
static void scrambling_leaves_the_boxes_as_full_as_they_were(void **state)
{
    (void)state;
    static const uint32_t pairs[][2] = {{2, 5}, {1, 30}, {17, 18}, {100, 341}, {340, 511}};
    const struct luck luck = {.seed = 5};
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        uint32_t x[POINTS], y[POINTS], plain[POINTS], scrambled[POINTS];
        for (uint32_t first = 0; first <= LOG_POINTS; first++) {
            coordinates(pairs[k][0], NULL, x);
            coordinates(pairs[k][1], NULL, y);
            count_boxes(x, y, first, plain);
            coordinates(pairs[k][0], &luck, x);
            coordinates(pairs[k][1], &luck, y);
            count_boxes(x, y, first, scrambled);
            qsort(plain, POINTS, sizeof *plain, rising);
            qsort(scrambled, POINTS, sizeof *scrambled, rising);
            assert_memory_equal(plain, scrambled, sizeof plain);
        }
    }
}

/* False alarms: one in a million for each of the assertions. */
static void a_scrambled_point_is_uniform(void **state)
{
    (void)state;
    enum { CLASSES = 64 };
    double alone[CLASSES] = {0}, together[CLASSES] = {0}, across[CLASSES] = {0};
    int64_t seeds = effort(50000, 2000000);
    for (int64_t seed = 0; seed < seeds; seed++) {
        const struct luck luck = {.seed = (uint64_t)seed};
        uint32_t a = sobol_scramble(0, &luck, PURPOSE, 7), b = sobol_scramble(UINT32_C(1) << 31, &luck, PURPOSE, 7);
        uint32_t other = sobol_scramble(0, &luck, PURPOSE, 8);
        alone[a >> 26]++;
        across[(a >> 29) << 3 | other >> 29]++;
        assert_true((a ^ b) >> 31 ==
                    1); /* two halves stay two halves; below, their bits have nothing to do with each other */
        together[(a >> 28 & 7) << 3 | (b >> 28 & 7)]++;
    }
    assert_even(alone, CLASSES);
    assert_even(across, CLASSES);
    assert_even(together, CLASSES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_those_of_scipy),
        cmocka_unit_test(every_stratum_of_every_dimension_has_one_point),
        cmocka_unit_test(the_first_two_dimensions_are_a_net),
        cmocka_unit_test(scrambling_leaves_the_boxes_as_full_as_they_were),
        cmocka_unit_test(a_scrambled_point_is_uniform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

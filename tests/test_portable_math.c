/* The elementary functions against the C library's in long double, which has eleven bits more (skipped where it has not), at their
 * edges, and bit for bit against a sum that was made once and holds for every processor, compiler and C library. */
#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/portable_math.h"
#include "tests/effort.h"

static const long double TWO_PI_LONG = 6.283185307179586476925286766559L;

static long double cos_turns_long(long double u) { return cosl(TWO_PI_LONG * u); }
static long double pow_long(long double x) { return powl(x, 0.7L); }
static double portable_pow_tenths(double x) { return portable_pow(x, 0.7); }

static const uint64_t BITS = 0x88cdce7065966983;

struct claim {
    const char *name;
    double (*ours)(double);
    long double (*theirs)(long double);
    double low, high, units; /* allowed error in units in the last place */
};

/* clang-format off */
static const struct claim claims[] = {
    {"log",       portable_log,        logl,           1e-10,  1,     1},
    {"log",       portable_log,        logl,           0.5,    2,     1},
    {"log",       portable_log,        logl,           1,      1e300, 1},
    {"log2",      portable_log2,       log2l,          1e-10,  10,    2},
    {"exp2",      portable_exp2,       exp2l,          -1022,  1024,  2},
    {"exp2",      portable_exp2,       exp2l,          -1,     1,     2},
    {"exp",       portable_exp,        expl,           -708,   709,   2},
    {"exp",       portable_exp,        expl,           -3,     3,     2},
    {"expm1",     portable_expm1,      expm1l,         -0.25,  0.25,  3},
    {"expm1",     portable_expm1,      expm1l,         -700,   700,   6},
    {"expm1",     portable_expm1,      expm1l,         -1e-6,  1e-6,  3},
    {"pow",       portable_pow_tenths, pow_long,       0.01,   100,   6},
};
/* clang-format on */

/* The k-th of n numbers between low and high: a fixed sequence that fills the interval evenly (golden section). */
static double argument(const struct claim *c, uint32_t k)
{
    double share = (double)(k * 2654435769u) * 0x1p-32;
    return c->low + share * (c->high - c->low);
}

/* On some processors it is not, and under valgrind it is not whatever the processor. */
static bool long_double_is_longer(void)
{
    volatile long double least = 0x1p-62L, sum = 1;
    sum += least;
    return sum > 1;
}

static void results_lie_within_the_units_stated(void **state)
{
    (void)state;
    if (!long_double_is_longer()) skip();
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        double worst = 0;
        for (uint32_t k = 1; k <= (uint32_t)effort(100000, 10000000); k++) {
            double x = argument(&claims[i], k);
            long double right = claims[i].theirs(x);
            if (right == 0) continue;
            int exponent;
            frexpl(right, &exponent);
            worst = fmax(worst, (double)fabsl(claims[i].ours(x) - right) / ldexp(1, exponent - 53));
        }
        print_message("%s from %g to %g: %.2f units in the last place\n", claims[i].name, claims[i].low, claims[i].high,
                      worst);
        assert_true(worst <= claims[i].units);
        assert_true(worst > 0.49); /* a comparison of a function with itself would say 0 */
    }
}

static void a_cosine_lies_within_two_units_of_one(void **state)
{
    (void)state;
    if (!long_double_is_longer()) skip();
    for (uint32_t k = 0; k < 1000000; k++) {
        double u = (double)(k * 2654435769u) * 0x1p-32;
        assert_true(fabsl(portable_cos_turns(u) - cos_turns_long(u)) <= 2.0L * DBL_EPSILON);
    }
}

/* FNV-1a over the bits of a thousand results, on top of an earlier sum: any other last bit makes another sum. */
static uint64_t sum_of_bits(uint64_t sum, const struct claim *c)
{
    for (uint32_t k = 1; k <= 1000; k++) {
        double result = c->ours(argument(c, k));
        uint64_t bits;
        memcpy(&bits, &result, sizeof bits);
        for (int byte = 0; byte < 8; byte++) sum = (sum ^ (bits >> (8 * byte) & 0xff)) * 1099511628211u;
    }
    return sum;
}

static void every_bit_is_what_it_was(void **state)
{
    (void)state;
    const struct claim cosine = {.ours = portable_cos_turns, .low = 0, .high = 1};
    uint64_t sum = sum_of_bits(14695981039346656037u, &cosine);
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) sum = sum_of_bits(sum, &claims[i]);
    if (sum != BITS) print_message("the sum is 0x%llx\n", (unsigned long long)sum);
    assert_true(sum == BITS);
}

static void edges_are_exact(void **state)
{
    (void)state;
    assert_true(portable_log(1) == 0 && portable_log2(1) == 0);
    assert_true(isfinite(portable_log(DBL_MIN)) && isfinite(portable_log(DBL_MAX)));
    for (int k = -1022; k < 1024; k++) assert_true(portable_exp2(k) == ldexp(1, k));
    assert_true(portable_exp2(-1022.5) == 0 && portable_exp2(-INFINITY) == 0);
    assert_true(portable_exp2(1024) == INFINITY && portable_exp2(nextafter(1024, 0)) <= DBL_MAX);
    assert_true(portable_exp(0) == 1 && portable_exp(-INFINITY) == 0 && portable_exp(INFINITY) == INFINITY);
    assert_true(portable_expm1(0) == 0 && portable_expm1(-INFINITY) == -1);
    assert_true(portable_cos_turns(0) == 1 && portable_cos_turns(0.5) == -1 && portable_cos_turns(1) == 1);
    assert_true(portable_cos_turns(0.25) == 0 && portable_cos_turns(0.75) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_lie_within_the_units_stated),
        cmocka_unit_test(a_cosine_lies_within_two_units_of_one),
        cmocka_unit_test(every_bit_is_what_it_was),
        cmocka_unit_test(edges_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

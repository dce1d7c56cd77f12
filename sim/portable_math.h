/* Elementary functions with the same bits everywhere. The C library's own differ in the last bit between its versions and,
 * within one version, between processors with and without fused multiply-add; a simulation would carry that bit into another
 * result. These are made of +, -, *, / and the bits of a double alone, which IEEE 754 fixes, so the compiler must neither
 * contract nor reassociate (-ffp-contract=off, no -ffast-math). Arguments are reduced as in Cody and Waite (1980), then a
 * Taylor series is summed until its rest is below the last bit. tests/test_portable_math.c compares each
 * with a wider library, and its bits with a sum that holds everywhere. Errors in units in the last place: log 1, log2, exp2 and exp
 * 2, expm1 and pow 6 where the model uses them. NaN is not foreseen: parameters are checked when they are read. */
#ifndef SIM_PORTABLE_MATH_H
#define SIM_PORTABLE_MATH_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

_Static_assert(FLT_EVAL_METHOD == 0, "doubles are evaluated as doubles, or bits depend on the compiler");
#ifdef __FAST_MATH__
#error "the same bits everywhere cannot be had with -ffast-math"
#endif

static const double LN_2 = 0x1.62e42fefa39efp-1;
/* ln 2 in two parts: the first ends in 21 zero bits, so that its product with an exponent is exact. */
static const double LN_2_HIGH = 0x1.62e42feep-1, LN_2_LOW = 0x1.a39ef35793c76p-33;
static const double LOG2_E = 0x1.71547652b82fep+0;
static const double TWO_PI = 0x1.921fb54442d18p+2;

/* A whole number below 2^52 as a double. Unlike a cast, it is one operation on many at once where a processor can do that. */
static inline double double_of(uint64_t whole)
{
    uint64_t bits = 0x4330000000000000 | whole; /* 2^52 + whole */
    double shifted;
    memcpy(&shifted, &bits, sizeof shifted);
    return shifted - 0x1p52;
}

/* The natural logarithm of a positive normal number, infinity excluded. */
static inline double portable_log(double x)
{
    const uint64_t half_root = 0x3fe6a09e667f3bcd; /* the bits of sqrt(1/2) */
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    /* x = 2^k m with m in [sqrt(1/2), sqrt(2)) */
    uint64_t exponent = (bits - half_root + ((uint64_t)1024 << 52)) >> 52; /* k + 1024 */
    bits -= (exponent - 1024) << 52;
    double k = double_of(exponent) - 1024, m;
    memcpy(&m, &bits, sizeof m);
    /* ln m = 2 artanh(s) with s = f / (2 + f); 2 artanh(s) = 2 s + s r, r = 2 z/3 + 2 z^2/5 + ..., and 2 s = f - s f */
    double f = m - 1, s = f / (2 + f), z = s * s, y = z * z, half = 0.5 * f * f;
    double odd = 2.0 / 3 + y * (2.0 / 7 + y * (2.0 / 11 + y * (2.0 / 15 + y * (2.0 / 19))));
    double even = 2.0 / 5 + y * (2.0 / 9 + y * (2.0 / 13 + y * (2.0 / 17 + y * (2.0 / 21))));
    double r = z * odd + y * even;
    return k * LN_2_HIGH - ((half - (s * (half + r) + k * LN_2_LOW)) - f);
}

static inline double portable_log2(double x) { return portable_log(x) * LOG2_E; }

/* 2^k for whole k, -1022 to 1023. */
static inline double power_of_two(double k)
{
    uint64_t bits = (uint64_t)((int64_t)k + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* (e^r - 1) / r for |r| <= ln(2) / 2: 1 + r/2! + r^2/3! + ... + r^13/14!. */
static inline double exponential_slope(double r)
{
    double q = r * r;
    double even =
        1 + q * (1.0 / 6 + q * (1.0 / 120 +
                                q * (1.0 / 5040 + q * (1.0 / 362880 + q * (1.0 / 39916800 + q * (1.0 / 6227020800))))));
    double odd =
        1.0 / 2 +
        q * (1.0 / 24 + q * (1.0 / 720 + q * (1.0 / 40320 +
                                              q * (1.0 / 3628800 + q * (1.0 / 479001600 + q * (1.0 / 87178291200))))));
    return even + r * odd;
}

static inline double nearest_whole(double x)
{
    const double shift = 0x1.8p52; /* at this size doubles are whole numbers, and adding rounds */
    return (x + shift) - shift;
}

/* 2^x; 0 below the smallest normal number, infinity above the largest. */
static inline double portable_exp2(double x)
{
    if (x < -1022) return 0;
    if (x >= 1024) return INFINITY;
    double k = nearest_whole(x), r = (x - k) * LN_2;
    double power = 1 + r * exponential_slope(r);
    return k > 1023 ? power * 2 * power_of_two(1023) : power * power_of_two(k);
}

/* e^x; as above. */
static inline double portable_exp(double x)
{
    if (x < -708) return 0;
    if (x > 709) return INFINITY;
    double k = nearest_whole(x * LOG2_E), r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    return (1 + r * exponential_slope(r)) * power_of_two(k);
}

/* e^x - 1, true to the last bits also where x is small. */
static inline double portable_expm1(double x)
{
    return fabs(x) < 0.25 ? x * exponential_slope(x) : portable_exp(x) - 1;
}

/* x^y for positive x; the relative error grows with |y ln x|. */
static inline double portable_pow(double x, double y) { return portable_exp(y * portable_log(x)); }

/* cos(2 pi u), 0 <= u <= 1. */
static inline double portable_cos_turns(double u)
{
    double quarter = nearest_whole(4 * u), r = (u - 0.25 * quarter) * TWO_PI, q = r * r; /* |r| <= pi / 4 */
    if ((int)quarter & 1) {
        double sine =
            r - r * q *
                    (1.0 / 6 -
                     q * (1.0 / 120 - q * (1.0 / 5040 - q * (1.0 / 362880 -
                                                             q * (1.0 / 39916800 - q * (1.0 / 6227020800 -
                                                                                        q * (1.0 / 1307674368000)))))));
        return quarter < 2 ? -sine : sine;
    }
    double cosine =
        1 - q * (1.0 / 2 -
                 q * (1.0 / 24 -
                      q * (1.0 / 720 -
                           q * (1.0 / 40320 -
                                q * (1.0 / 3628800 -
                                     q * (1.0 / 479001600 - q * (1.0 / 87178291200 - q * (1.0 / 20922789888000))))))));
    return (int)quarter & 2 ? -cosine : cosine;
}

#endif

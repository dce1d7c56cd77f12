/* Chi-square tests of counts: see the header. */
#include "tests/agreement.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { EXPECTED_LEAST = 20 };

double agreement_chi_square(double chi2, double freedom)
{
    double spread = 2 / (9 * freedom);
    return (cbrt(chi2 / freedom) - (1 - spread)) / sqrt(spread);
}

static double judged(double chi2, size_t groups, size_t *freedom)
{
    if (freedom != NULL) *freedom = groups - 1;
    return groups < 2 ? 0 : agreement_chi_square(chi2, (double)groups - 1);
}

double agreement_fit(const double *counts, const double *chances, size_t cells, size_t *groups)
{
    double n = 0, chi2 = 0, seen = 0, expected = 0, left = 0;
    *groups = 0;
    for (size_t i = 0; i < cells; i++) n += counts[i], left += chances[i];
    for (size_t i = 0; i < cells; i++) {
        seen += counts[i];
        expected += n * chances[i];
        left -= chances[i];
        if (i + 1 < cells && (expected < EXPECTED_LEAST || n * left < EXPECTED_LEAST)) continue;
        chi2 += (seen - expected) * (seen - expected) / expected;
        ++*groups;
        seen = expected = 0;
    }
    return chi2;
}

double agreement_with(const uint64_t *counts, const double *chances, size_t cells, size_t *freedom)
{
    double *numbers = malloc(cells * sizeof *numbers);
    size_t groups;
    assert_non_null(numbers);
    for (size_t i = 0; i < cells; i++) numbers[i] = (double)counts[i];
    double chi2 = agreement_fit(numbers, chances, cells, &groups);
    free(numbers);
    return judged(chi2, groups, freedom);
}

double agreement_between(const uint64_t *a, const uint64_t *b, size_t cells, size_t *freedom)
{
    double n_a = 0, n_b = 0, chi2 = 0, in_a = 0, in_b = 0, left = 0;
    size_t groups = 0;
    for (size_t i = 0; i < cells; i++) n_a += (double)a[i], n_b += (double)b[i];
    left = n_a + n_b;
    for (size_t i = 0; i < cells; i++) {
        in_a += (double)a[i];
        in_b += (double)b[i];
        left -= (double)(a[i] + b[i]);
        double fewer = fmin(n_a, n_b) / (n_a + n_b);
        if (i + 1 < cells && ((in_a + in_b) * fewer < EXPECTED_LEAST || left * fewer < EXPECTED_LEAST)) continue;
        double gap = in_a * sqrt(n_b / n_a) - in_b * sqrt(n_a / n_b);
        chi2 += gap * gap / (in_a + in_b);
        groups++;
        in_a = in_b = 0;
    }
    return judged(chi2, groups, freedom);
}

/* The z beyond which lies 1e-6 / n of one tail: Newton's method on the tail of the normal distribution. */
double agreement_limit(double n)
{
    double tail = 1e-6 / n, z = 4.75;
    for (int i = 0; i < 50; i++) {
        double have = erfc(z / sqrt(2)) / 2, slope = exp(-z * z / 2) / sqrt(2 * acos(-1));
        z += have * log(have / tail) / slope;
    }
    return z;
}

void agreement_assert(double z, double limit, const char *file, int line)
{
    if (z < limit) return;
    print_error("too far off: z = %.3g, allowed: below %.3g\n", z, limit);
    _fail(file, line);
}

double agreement_with_poisson(const uint64_t *counts, size_t cells, double mean)
{
    double *chances = malloc(cells * sizeof *chances), rest = 1;
    assert_non_null(chances);
    for (size_t k = 0; k < cells; k++) {
        chances[k] = k + 1 == cells ? rest : exp((double)k * log(mean) - mean - lgamma((double)k + 1));
        rest = fmax(rest - chances[k], 0);
    }
    const double z = agreement_with(counts, chances, cells, NULL);
    free(chances);
    return z;
}

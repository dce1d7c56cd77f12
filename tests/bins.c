/* Chi-square: see the header. */
#include "tests/bins.h"

#include <math.h>

#include "tests/world_support.h"

static const double SIDE = 5e-8, FREEDOM_OF_GOOD_FITS = 8;

/* The regularised incomplete gamma function Q(a, y): by its series below the mean, by its continued fraction (Lentz) above. */
static double upper_tail(double x, double freedom)
{
    double a = freedom / 2, y = x / 2, front;
    if (y <= 0) return 1;
    front = exp(a * log(y) - y - lgamma(a));
    if (y < a + 1) {
        double term = 1 / a, sum = term;
        for (double k = 1; term > sum * 1e-16; k++) sum += term *= y / (a + k);
        return 1 - front * sum;
    }
    double b = y + 1 - a, c = 1e300, d = 1 / b, fraction = d;
    for (double k = 1; k < 10000; k++) {
        double numerator = -k * (k - a), step;
        b += 2;
        d = 1 / (numerator * d + b);
        c = b + numerator / c;
        fraction *= step = c * d;
        if (fabs(step - 1) < 1e-15) break;
    }
    return front * fraction;
}

void bins_check(const double *counts, const double *chances, size_t bins, const char *file, int line)
{
    double n = 0, sure = 0, chi2 = 0, freedom = -1, observed = 0, expected = 0, left;
    for (size_t i = 0; i < bins; i++) {
        n += counts[i];
        sure += chances ? chances[i] : 1.0 / (double)bins;
        if (!chances || chances[i] > 0 || counts[i] == 0) continue;
        print_error("bin %zu: %.9g where there can be none\n", i, counts[i]);
        _fail(file, line);
    }
    lab_close_to(sure, 1, 1e-9, file, line);
    left = n;
    for (size_t i = 0; i < bins; i++) {
        observed += counts[i];
        expected += n * (chances ? chances[i] : 1.0 / (double)bins);
        /* the last bin takes all that is left, so that it is large enough as well */
        if (i + 1 < bins && (expected < BINS_LEAST || left - expected < BINS_LEAST)) continue;
        if (expected <= 0) continue;
        chi2 += (observed - expected) * (observed - expected) / expected;
        left -= expected;
        freedom++;
        observed = expected = 0;
    }
    if (freedom < 1) fail_msg("%s:%d: %g things are too few for these bins", file, line, n);
    double above = upper_tail(chi2, freedom);
    if (above > SIDE && (1 - above > SIDE || freedom < FREEDOM_OF_GOOD_FITS)) return;
    print_error("chi-square %.6g with %g degrees of freedom: so large once in %.3g\n", chi2, freedom, 1 / above);
    _fail(file, line);
}

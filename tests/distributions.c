/* Whole distributions: see the header. */
#include "tests/distributions.h"

#include <math.h>

#include "tests/world_support.h"

static const double FALSE_ALARM = 1e-6;

void check_multinomial(const double *counts, const double *chances, size_t classes, const char *file, int line)
{
    double n = 0, sum = 0, count = 0, chance = 0;
    for (size_t k = 0; k < classes; k++) n += counts[k], sum += chances[k];
    lab_close_to(sum, 1, 1e-9, file, line);
    for (size_t k = 0; k < classes; k++) {
        count += counts[k], chance += chances[k];
        double here = binomial_tail(counts[k], n, chances[k]),
               until = k + 1 < classes ? binomial_tail(count, n, fmin(chance, 1)) : 1;
        if (2 * fmin(here, until) > FALSE_ALARM / (2 * (double)classes)) continue;
        print_error("class %zu of %zu: observed %.9g of %.9g, expected %.9g; up to it %.9g, expected %.9g\n", k,
                    classes, counts[k], n, n * chances[k], count, n * chance);
        _fail(file, line);
    }
}

void check_even(const double *counts, size_t classes, const char *file, int line)
{
    double chances[CLASSES_MAX];
    assert_true(classes <= CLASSES_MAX);
    for (size_t k = 0; k < classes; k++) chances[k] = 1.0 / (double)classes;
    check_multinomial(counts, chances, classes, file, line);
}

void check_geometric(const double *counts, size_t classes, double chance, const char *file, int line)
{
    double chances[CLASSES_MAX], left = 1;
    assert_true(classes <= CLASSES_MAX);
    for (size_t k = 0; k + 1 < classes; k++) {
        chances[k] = left * chance;
        left -= chances[k];
    }
    chances[classes - 1] = left;
    check_multinomial(counts, chances, classes, file, line);
}

void binomial_chances(double *chances, size_t classes, double n, double p)
{
    chances[classes - 1] = 1;
    for (size_t i = 0; i + 1 < classes; i++) {
        double k = (double)i;
        chances[i] = exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log1p(-p));
        chances[classes - 1] -= chances[i];
    }
}

void poisson_chances(double *chances, size_t classes, double mean)
{
    chances[classes - 1] = 1;
    for (size_t i = 0; i + 1 < classes; i++) {
        double k = (double)i;
        chances[i] = exp(k * log(mean) - mean - lgamma(k + 1));
        chances[classes - 1] -= chances[i];
    }
}

double normal_mean(double (*f)(double z, const void *context), const void *context)
{
    const double step = 1.0 / 64;
    double sum = 0;
    for (int i = -640; i <= 640; i++) sum += exp(-i * step * i * step / 2) * f(i * step, context);
    return sum * step / sqrt(2 * acos(-1));
}

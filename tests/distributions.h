/* Whole distributions: counts in classes against their chances, and means over a normal number. */
#ifndef TESTS_DISTRIBUTIONS_H
#define TESTS_DISTRIBUTIONS_H

#include <stddef.h>

/* Independent trials fall into `classes` classes with these chances, whose sum is 1. Every class, and every run of classes
 * from the first on, has an exact binomial count; each is judged at its share of the false-alarm rate of 1e-6, so that the
 * whole assertion fails for at most so many seeds in a million. (Chi-square would be right only in the limit,
 * which a tail of 1e-6 approaches slowly.) */
#define assert_multinomial(counts, chances, classes)                                                                   \
    check_multinomial((counts), (chances), (classes), __FILE__, __LINE__)
/* The same for classes that are equally likely. */
#define assert_even(counts, classes) check_even((counts), (classes), __FILE__, __LINE__)
/* counts[k]: waits of k + 1 days for something that happens on each day with this chance; the last class: and longer. */
#define assert_geometric(counts, classes, chance) check_geometric((counts), (classes), (chance), __FILE__, __LINE__)

enum { CLASSES_MAX = 128 };

void check_multinomial(const double *counts, const double *chances, size_t classes, const char *file, int line);
void check_even(const double *counts, size_t classes, const char *file, int line);
void check_geometric(const double *counts, size_t classes, double chance, const char *file, int line);

/* The chances that n trials with chance p have 0, 1, ... classes - 2 or more successes; and the same for a Poisson number. */
void binomial_chances(double *chances, size_t classes, double n, double p);
void poisson_chances(double *chances, size_t classes, double mean);

/* The mean of f(Z), Z a standard normal number: the trapezoid rule on [-10, 10], exact to rounding for smooth f. */
double normal_mean(double (*f)(double z, const void *context), const void *context);

#endif

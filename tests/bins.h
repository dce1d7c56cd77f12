/* Counts in bins against their chances: Pearson's chi-square, both tails together at the false-alarm rate of the house (see
 * tests/world_support.h). Bins of which fewer than BINS_LEAST are expected are merged with their neighbours, for which the
 * sum is nearly chi-square also far out. Too good a fit fails as well. */
#ifndef TESTS_BINS_H
#define TESTS_BINS_H

#include <stddef.h>

enum { BINS_LEAST = 40 };

/* `counts` of independent things fall into bins with these chances, which sum to 1. */
#define assert_bins(counts, chances, bins) bins_check((counts), (chances), (bins), __FILE__, __LINE__)
/* Equally likely bins. */
#define assert_even(counts, bins) bins_check((counts), NULL, (bins), __FILE__, __LINE__)

void bins_check(const double *counts, const double *chances, size_t bins, const char *file, int line);

/* The chance that a chi-square number with so many degrees of freedom is above x. */
double bins_tail(double x, double freedom);

#endif

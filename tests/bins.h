/* Counts in bins against their chances: Pearson's chi-square, by which a misfit shows that is spread over many bins. Too good
 * a fit fails as well. Bins of which fewer than BINS_LEAST are expected are merged with their neighbours. Chi-square holds in
 * the limit only: with 40 expected in every bin its upper tail is up to ten times as heavy. So each side is judged at 5e-8,
 * for which the rate of false alarms is below the house's 1e-6 (see tests/world_support.h): tails of sums of 1 to 144 exact
 * Poisson terms with mean 40, and of two bins, came to 5e-7 at most; the lower side is judged from 8 degrees of freedom on. */
#ifndef TESTS_BINS_H
#define TESTS_BINS_H

#include <stddef.h>

enum { BINS_LEAST = 40 };

/* `counts` of independent things fall into bins with these chances, which sum to 1. */
#define assert_bins(counts, chances, bins) bins_check((counts), (chances), (bins), __FILE__, __LINE__)
/* Equally likely bins. */
#define assert_even_bins(counts, bins) bins_check((counts), NULL, (bins), __FILE__, __LINE__)

void bins_check(const double *counts, const double *chances, size_t bins, const char *file, int line);

#endif

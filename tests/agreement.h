/* Do counts agree with a distribution, or two samples with each other? Chi-square tests at a false-alarm rate of 1e-6. */
#ifndef TESTS_AGREEMENT_H
#define TESTS_AGREEMENT_H

#include <stddef.h>
#include <stdint.h>

/* How far off, as a normal number; cells are joined in their order until 20 are expected in each. Large numbers are bad news;
 * a test that wants two distributions to differ asks for them. `freedom` (may be NULL) gets how many numbers were free. */
double agreement_with(const uint64_t *counts, const double *chances, size_t cells, size_t *freedom);
double agreement_between(const uint64_t *a, const uint64_t *b, size_t cells, size_t *freedom);

/* Numbers of days, say, with 0 ... cells - 1 events of so many expected; the last has those with more, too. */
double agreement_with_poisson(const uint64_t *counts, size_t cells, double mean);

/* The chi-square itself, of counts that need not be whole. */
double agreement_fit(const double *counts, const double *chances, size_t cells, size_t *groups);

/* Chi-square by its cube root, which is nearly normal (Wilson and Hilferty 1931). */
double agreement_chi_square(double chi2, double freedom);

/* Fails unless such a number is below the limit of the false-alarm rate, 4.75 (one side). */
#define assert_agrees(z) agreement_assert((z), 4.7534, __FILE__, __LINE__)
/* The same for one of `n` numbers judged together. */
#define assert_agrees_among(z, n) agreement_assert((z), agreement_limit(n), __FILE__, __LINE__)
double agreement_limit(double n);
void agreement_assert(double z, double limit, const char *file, int line);

#endif

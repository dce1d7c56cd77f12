/* Enumerated chains against simulated worlds: see the header. */
#include "tests/chain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/agreement.h"

enum { STAGES_MOST = 32, NOT_SWAPPED = STAGES_MOST };

static const double GAIN = 13.8155 /* log(1e6) */, LEAST_CHANCE = 1e-12;

static size_t stages_of(const struct chain *chain)
{
    size_t n = 0;
    while (chain->stages[n] != NULL) n++;
    return n;
}

static size_t days_of(const struct chain *chain)
{
    size_t n = 0;
    while (chain->days[n] != 0) n++;
    return n;
}

/* The distributions over cells on the days that are looked at, one after the other; stages `swapped` and the next exchanged. */
static double *distributions(const struct chain *chain, size_t swapped)
{
    size_t n = stages_of(chain), day_index = 0;
    double *now = calloc(chain->states, sizeof *now), *next = calloc(chain->states, sizeof *next);
    double *cells = calloc(days_of(chain) * chain->cells, sizeof *cells);
    assert_true(now && next && cells);
    chain->start(now);
    for (uint32_t day = 1; chain->days[day_index] != 0; day++) {
        for (size_t i = 0; i < n; i++) {
            size_t stage = i == swapped ? i + 1 : i == swapped + 1 && swapped < n ? i - 1 : i;
            memset(next, 0, chain->states * sizeof *next);
            chain->stages[stage](now, next, day);
            double *other = now;
            now = next;
            next = other;
        }
        if (day != chain->days[day_index]) continue;
        double sum = 0, *here = &cells[day_index++ * chain->cells];
        for (uint32_t s = 0; s < chain->states; s++) here[chain->seen(s)] += now[s], sum += now[s];
        assert_close(sum, 1, 1e-9);
    }
    free(now);
    free(next);
    return cells;
}

/* How many worlds are in each cell on the days that are looked at. */
static double *worlds(const struct chain *chain, uint32_t replicates)
{
    struct lab l, morning;
    double *counts = calloc(days_of(chain) * chain->cells, sizeof *counts);
    assert_non_null(counts);
    chain->arrange(&morning);
    chain->arrange(&l);
    for (uint32_t r = 0; r < replicates; r++) {
        size_t day_index = 0;
        lab_copy(&l, &morning);
        l.city->luck.replicate = r;
        for (uint32_t day = 1; chain->days[day_index] != 0; day++) {
            lab_live(&l, (int32_t)day);
            if (day == chain->days[day_index]) counts[day_index++ * chain->cells + chain->look(l.city)]++;
        }
    }
    lab_close(&l);
    lab_close(&morning);
    return counts;
}

struct cell {
    double chance;
    uint32_t index;
};

static int by_chance(const void *a, const void *b)
{
    double left = ((const struct cell *)a)->chance, right = ((const struct cell *)b)->chance;
    return (left < right) - (left > right);
}

/* The chi-square of counts, likely cells first and each by itself, the rare ones together at the end. */
static double chi_square(const double *counts, const double *chances, uint32_t n, size_t *groups)
{
    struct cell *cells = malloc(n * sizeof *cells);
    double *sorted_counts = malloc(n * sizeof *sorted_counts), *sorted = malloc(n * sizeof *sorted);
    assert_true(cells && sorted_counts && sorted);
    for (uint32_t i = 0; i < n; i++) cells[i] = (struct cell){chances[i], i};
    qsort(cells, n, sizeof *cells, by_chance);
    for (uint32_t i = 0; i < n; i++) sorted_counts[i] = counts[cells[i].index], sorted[i] = cells[i].chance;
    double chi2 = agreement_fit(sorted_counts, sorted, n, groups);
    free(cells);
    free(sorted_counts);
    free(sorted);
    return chi2;
}

static double distance(const double *counts, const double *chances, uint32_t n, size_t *groups)
{
    double chi2 = chi_square(counts, chances, n, groups);
    assert_true(*groups >= 3);
    return agreement_chi_square(chi2, (double)*groups - 1);
}

/* By how much the log-likelihood of these worlds is larger under `truth` than under `other`. Were `other` true, a gain of
 * log(1e6) or more would come up less than once in a million times (Markov's inequality). */
static double gain(const double *counts, const double *truth, const double *other, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        if (counts[i] > 0) sum += counts[i] * log(truth[i] / fmax(other[i], LEAST_CHANCE));
    return sum;
}

/* Must so many worlds, being of the distribution `truth`, show such a gain, but for one time in a million? */
static bool told_apart(const double *truth, const double *other, uint32_t n, uint32_t replicates)
{
    double mean = gain(truth, truth, other, n), square = 0;
    for (uint32_t i = 0; i < n; i++)
        if (truth[i] > 0) square += truth[i] * pow(log(truth[i] / fmax(other[i], LEAST_CHANCE)), 2);
    return replicates * mean - 4.9 * sqrt(replicates * (square - mean * mean)) > GAIN;
}

void chain_check(const struct chain *chain, uint32_t replicates, size_t pinned)
{
    size_t n_days = days_of(chain), told = 0, groups = 0;
    double *counts = worlds(chain, replicates);
    double *truth = distributions(chain, NOT_SWAPPED);
    for (size_t d = 0; d < n_days; d++) {
        size_t at = d * chain->cells;
        double z = distance(&counts[at], &truth[at], chain->cells, &groups);
        print_message("%s, day %u: z = %.2f with %zu cells\n", chain->name, chain->days[d], z, groups);
        assert_agrees(z);
    }
    for (size_t i = 0; i + 1 < stages_of(chain); i++) {
        double *other = distributions(chain, i);
        bool tell = false;
        for (size_t d = 0; d < n_days; d++) {
            size_t at = d * chain->cells;
            if (!told_apart(&truth[at], &other[at], chain->cells, replicates)) continue;
            tell = true;
            assert_true(gain(&counts[at], &truth[at], &other[at], chain->cells) > GAIN);
        }
        print_message("%s: %s before %s: %s\n", chain->name, chain->names[i], chain->names[i + 1],
                      tell ? "pinned" : "makes no difference that shows");
        told += tell;
        free(other);
    }
    if (told < pinned) fail_msg("only %zu neighbouring stages are told apart, expected %zu", told, pinned);
    free(truth);
    free(counts);
}

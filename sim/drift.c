/* Whether the world still changes when the burn-in ends. */
#include "sim/drift.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HALF = 180, ENOUGH = 8 };

/* Mean of the records at from < t <= to. */
static double mean_between(const int32_t *times, size_t n, const double *series, int32_t from, int32_t to)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (times[i] <= from || times[i] > to || isnan(series[i])) continue;
        sum += series[i];
        count++;
    }
    return count > 0 ? sum / (double)count : (double)NAN;
}

static void warn(FILE *out, const struct study *s, const struct record *record, const struct journal *j, const int32_t *times, size_t n,
                 const char *name, double *series)
{
    const int64_t metric = record_metric(record, name);
    if (metric < 0) return;
    double sum = 0, squares = 0, before = 0;
    uint32_t count = 0;
    for (uint32_t r = 0; r < s->replicates; r++) {
        if (journal_read(j, r, record_at(record, 0, (size_t)metric), n, series, NULL) != 0) return;
        double early = mean_between(times, n, series, -2 * HALF, -HALF), late = mean_between(times, n, series, -HALF, 0);
        if (isnan(early) || isnan(late)) continue;
        sum += late - early;
        squares += (late - early) * (late - early);
        before += early;
        count++;
    }
    if (count < ENOUGH || before == 0) return;
    double mean = sum / count, variance = (squares - sum * mean) / (count - 1), error = sqrt(fmax(variance, 0) / count);
    double change = mean / (before / count);
    if (fabs(mean) > 4 * error && fabs(change) > 0.05)
        fprintf(out, "warning: %s still drifts when the burn-in ends (%+.1f %% in the last %d days); lengthen run.burn_in\n",
                name, 100 * change, HALF);
}

void drift_warn(FILE *out, const struct study *s, const struct record *record, const struct journal *j)
{
    if (s->model->headline == NULL || s->record_before < 2 * HALF || s->replicates < ENOUGH || record->output != OUTPUT_all) return;
    size_t n = study_times(s, NULL);
    int32_t *times = calloc(n, sizeof *times);
    double *series = calloc(n, sizeof *series);
    if (times != NULL && series != NULL) {
        study_times(s, times);
        for (size_t h = 0; s->model->headline[h] != NULL; h++) warn(out, s, record, j, times, n, s->model->headline[h], series);
    }
    free(times);
    free(series);
}

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

static void warn(const struct study *s, const struct journal *j, const int32_t *times, size_t n, size_t metric,
                 const char *name, double *series)
{
    double sum = 0, squares = 0, before = 0;
    uint32_t count = 0;
    for (uint32_t r = 0; r < s->replicates; r++) {
        if (journal_read(j, r, metric * study_series_length(s), n, series, NULL) != 0) return;
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
        fprintf(stderr, "warning: %s still drifts when the burn-in ends (%+.1f %% in the last %d days); lengthen run.burn_in\n",
                name, 100 * change, HALF);
}

void drift_warn(const struct study *s, const struct journal *j)
{
    if (s->model->headline == NULL || s->record_before < 2 * HALF || s->replicates < ENOUGH) return;
    size_t n_metrics = model_metrics(s->model, NULL), n = study_times(s, NULL);
    struct metric_entry *entries = calloc(n_metrics, sizeof *entries);
    int32_t *times = calloc(n, sizeof *times);
    double *series = calloc(n, sizeof *series);
    if (entries != NULL && times != NULL && series != NULL) {
        model_metrics(s->model, entries);
        study_times(s, times);
        for (size_t h = 0; s->model->headline[h] != NULL; h++)
            for (size_t m = 0; m < n_metrics; m++)
                if (strcmp(entries[m].metric->name, s->model->headline[h]) == 0)
                    warn(s, j, times, n, m, s->model->headline[h], series);
    }
    free(entries);
    free(times);
    free(series);
}

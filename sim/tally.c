/* The metrics of one world, added up over its parts in a fixed order. */
#include "sim/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_LINE = 64 }; /* parts may be counted by different threads */

int tally_layout_create(struct tally_layout *layout, const struct study *s, struct error *e)
{
    size_t rows = 0;
    while (s->model->schedule[rows] != NULL) rows++;
    *layout = (struct tally_layout){.n_metrics = model_metrics(s->model, NULL), .n_times = study_times(s, NULL),
                                    .length = study_series_length(s)};
    layout->stride = (model_metrics_size(s->model) / CACHE_LINE + 1) * CACHE_LINE;
    layout->entries = calloc(layout->n_metrics + 1, sizeof *layout->entries);
    layout->times = calloc(layout->n_times, sizeof *layout->times);
    layout->row_offset = calloc(rows + 1, sizeof *layout->row_offset);
    if (layout->entries == NULL || layout->times == NULL || layout->row_offset == NULL) {
        return error_memory(e, "the tables of a run", (double)((layout->n_metrics + 1) * sizeof *layout->entries));
    }
    model_metrics(s->model, layout->entries);
    study_times(s, layout->times);
    for (size_t i = 0; i < rows; i++) layout->row_offset[i] = SIZE_MAX;
    for (size_t m = 0; m < layout->n_metrics; m++) {
        const struct metric_entry *entry = &layout->entries[m];
        layout->row_offset[entry->row] = entry->offset - entry->metric->offset;
    }
    return 0;
}

void tally_layout_free(struct tally_layout *layout)
{
    free(layout->entries);
    free(layout->times);
    free(layout->row_offset);
    *layout = (struct tally_layout){0};
}

int tally_create(struct tally *tally, const struct tally_layout *layout, uint32_t parts, struct error *e)
{
    size_t bytes = (parts > 0 ? parts : 1) * layout->stride;
    *tally = (struct tally){.parts = parts, .blocks = aligned_alloc(CACHE_LINE, bytes),
                            .seen = calloc(layout->n_metrics + 1, sizeof *tally->seen),
                            .before = calloc(layout->n_metrics + 1, sizeof *tally->before)};
    if (tally->blocks == NULL || tally->seen == NULL || tally->before == NULL) return error_memory(e, "the metrics of a world", (double)bytes);
    memset(tally->blocks, 0, bytes);
    return 0;
}

void tally_free(struct tally *tally)
{
    free(tally->blocks);
    free(tally->seen);
    free(tally->before);
    *tally = (struct tally){0};
}

void tally_copy(struct tally *to, const struct tally *from, const struct tally_layout *layout)
{
    memcpy(to->blocks, from->blocks, from->parts * layout->stride);
}

void *tally_metrics(const struct tally *tally, const struct tally_layout *layout, uint32_t part, size_t row)
{
    if (layout->row_offset[row] == SIZE_MAX) return NULL;
    return tally->blocks + part * layout->stride + layout->row_offset[row];
}

/* A metric of the whole world, of weight 1 where it is no ratio: always added in the order of the parts, so that the sum has the same
 * bits on every run. */
static struct share whole(const struct tally *tally, const struct tally_layout *layout, const struct metric_entry *entry)
{
    const bool ratio = metric_is_ratio(entry->metric->kind);
    struct share all = {0, ratio ? 0 : 1};
    for (size_t block = 0; block < tally->all.size; block += layout->stride) {
        const void *at = tally->all.bytes + block + entry->offset;
        const struct share *share = at;
        all.sum += ratio ? share->sum : *(const double *)at;
        if (ratio) all.weight += share->weight;
    }
    return all;
}

static double value_of(struct share share)
{
    const double value = share.weight == 0 ? (double)NAN : share.sum / share.weight;
    return isnan(value) ? (double)NAN : value; /* one NaN for all compilers: its bits enter the digest */
}

void tally_clear(struct tally *tally, const struct tally_layout *layout)
{
    memset(tally->blocks, 0, tally->parts * layout->stride);
    memset(tally->before, 0, layout->n_metrics * sizeof *tally->before);
}

int tally_gather(struct tally *tally, const struct tally_layout *layout, struct exchange *x, struct error *e)
{
    return exchange_gather(x, tally->blocks, tally->parts * layout->stride, EXCHANGE_TO_LEADER, &tally->all, e);
}

void tally_record(struct tally *tally, const struct tally_layout *layout, size_t time, double *values)
{
    for (size_t m = 0; m < layout->n_metrics; m++) {
        values[m * layout->length + time] = value_of(whole(tally, layout, &layout->entries[m]));
    }
    tally_clear(tally, layout);
}

/* Until finish a summary's place holds the sum of the days. */
void tally_summary_begin(struct tally *tally, const struct tally_layout *layout, bool fresh, double *values)
{
    for (size_t m = 0; m < layout->n_metrics; m++) {
        tally->seen[m] = 0;
        tally->before[m] = (struct share){0};
        if (!fresh) tally->before[m] = whole(tally, layout, &layout->entries[m]);
        values[m * layout->length + layout->n_times] = 0;
    }
}

void tally_summary_add(struct tally *tally, const struct tally_layout *layout, double *values)
{
    for (size_t m = 0; m < layout->n_metrics; m++) {
        const enum metric_kind kind = layout->entries[m].metric->kind;
        if (kind == METRIC_flow) continue;
        struct share today = whole(tally, layout, &layout->entries[m]), before = tally->before[m];
        tally->before[m] = today;
        if (kind == METRIC_pooled) today = (struct share){today.sum - before.sum, today.weight - before.weight};
        const double value = value_of(today);
        if (isnan(value)) continue;
        values[m * layout->length + layout->n_times] += value;
        tally->seen[m]++;
    }
}

void tally_summary_finish(const struct tally *tally, const struct tally_layout *layout, size_t first, double *values)
{
    for (size_t m = 0; m < layout->n_metrics; m++) {
        double *series = values + m * layout->length, *summary = &series[layout->n_times];
        if (layout->entries[m].metric->kind == METRIC_flow) {
            for (size_t i = first; i < layout->n_times; i++) *summary += series[i];
        } else {
            *summary = tally->seen[m] > 0 ? *summary / tally->seen[m] : (double)NAN;
        }
    }
}

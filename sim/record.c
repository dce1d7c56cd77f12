/* What of a unit's values is kept, and packing it. */
#include "sim/record.h"

#include <stdlib.h>
#include <string.h>

uint32_t record_baseline(const struct study *s)
{
    for (uint32_t i = 0; i < s->n_scenarios; i++)
        if (strcmp(s->scenarios[i].name, "status_quo") == 0) return i;
    for (uint32_t i = 0; i < s->n_scenarios; i++)
        if (s->scenarios[i].n_phases == 1 && s->scenarios[i].phases[0].policy == s->baseline) return i;
    return 0;
}

int record_create(struct record *r, const struct study *s, struct error *e)
{
    const size_t all = model_metrics(s->model, NULL);
    *r = (struct record){.output = (enum study_output)s->output, .n_scenarios = s->n_scenarios, .unit_metrics = all,
                         .unit_length = study_series_length(s), .baseline = record_baseline(s)};
    r->n_times = r->output == OUTPUT_summary ? 0 : r->unit_length - 1;
    r->length = r->n_times + 1;
    r->entries = calloc(all + 1, sizeof *r->entries);
    r->place = calloc(all + 1, sizeof *r->place);
    if (r->entries == NULL || r->place == NULL) return error_memory(e, "the metrics", (double)all * sizeof *r->entries);
    model_metrics(s->model, r->entries);
    for (size_t m = 0; m < all; m++) {
        if (s->chosen != NULL && !s->chosen[m]) continue;
        r->entries[r->n_metrics] = r->entries[m];
        r->place[r->n_metrics++] = m;
    }
    r->values = r->n_scenarios * r->n_metrics * r->length;
    return 0;
}

void record_free(struct record *r)
{
    free(r->entries);
    free(r->place);
    *r = (struct record){0};
}

size_t record_at(const struct record *r, size_t scenario, size_t metric)
{
    return (scenario * r->n_metrics + metric) * r->length;
}

int64_t record_metric(const struct record *r, const char *name)
{
    for (size_t m = 0; m < r->n_metrics; m++)
        if (strcmp(r->entries[m].metric->name, name) == 0) return (int64_t)m;
    return -1;
}

void record_pack(const struct record *r, const double *values, size_t scenarios, double *packed)
{
    const size_t skipped = r->unit_length - r->length; /* of a metric's values, at their beginning */
    for (size_t s = 0; s < scenarios; s++) {
        const double *own = values + s * r->unit_metrics * r->unit_length;
        for (size_t m = 0; m < r->n_metrics; m++, packed += r->length)
            memcpy(packed, own + r->place[m] * r->unit_length + skipped, r->length * sizeof *packed);
    }
}

/* Counts, means and quantiles over replicates, from the journal's aggregate; of a design from its records, point by point. */
#include <stdlib.h>
#include <string.h>

#include "sim/results_writer.h"

enum { BATCH = 4 * 1024 * 1024 /* bytes of records of a point that are aggregated together */ };

static const char about[] =
    "n: replicates with a value; mean and sd (n - 1) of them; q05 to q95: quantiles (definition 7 of Hyndman and Fan 1996), within "
    "quantile_error of their size; negative, zero: how many replicates lie below zero, and how many are zero";

struct blocks {
    struct results_writer *w;
    uint32_t points;         /* gathered and written together */
    double *values[PLACES];  /* [metric][point][scenario][statistic][time], without the times but for the series */
};

static size_t length_of(const struct results_writer *w, enum results_place place)
{
    return place == PLACE_series ? w->record->n_times : 1;
}

/* Doubles of a metric at one point. */
static size_t size_of(const struct results_writer *w, enum results_place place)
{
    return w->record->n_scenarios * AGGREGATE_STATISTICS * length_of(w, place);
}

/* ---- datasets ---- */

static hid_t statistics(struct results_writer *w, hid_t group)
{
    char names[AGGREGATE_STATISTICS][16];
    for (int i = 0; i < AGGREGATE_STATISTICS; i++) snprintf(names[i], sizeof names[i], "%s", aggregate_names[i]);
    hid_t dataset = hdf_labels_scale(&w->f, group, "statistic", names, sizeof *names, AGGREGATE_STATISTICS);
    hdf_attribute(&w->f, dataset, "comment", about);
    return dataset;
}

static void datasets_create(struct blocks *b, const char *folder, enum results_place place)
{
    struct results_writer *w = b->w;
    const bool series = place == PLACE_series;
    hid_t group = series ? -1 : hdf_group(&w->f, folder), in = series ? w->f.file : group;
    hid_t point = results_points(w, in), scenario = results_scenarios(w, in), statistic = statistics(w, in);
    hid_t time = series ? results_times(w) : -1;
    const hsize_t size[] = {w->points, w->record->n_scenarios, AGGREGATE_STATISTICS, w->record->n_times};
    const hsize_t chunk[] = {b->points, size[1], size[2], size[3]};
    const hid_t scale[] = {point, scenario, statistic, time};
    for (size_t m = 0; m < w->record->n_metrics; m++) results_dataset(w, in, m, place, series ? 4 : 3, size, chunk, scale, true);
    hdf_close_dataset(&w->f, point);
    hdf_close_dataset(&w->f, scenario);
    hdf_close_dataset(&w->f, statistic);
    hdf_close_dataset(&w->f, time);
    hdf_close_group(&w->f, group);
}

static void attributes(struct results_writer *w)
{
    const double error = AGGREGATE_ERROR;
    hdf_attribute(&w->f, w->f.file, "difference_baseline", w->s->scenarios[w->record->baseline].name);
    hdf_attribute_numbers(&w->f, w->f.file, "quantile_error", H5T_NATIVE_DOUBLE, &error, 1);
}

/* ---- values ---- */

/* The statistics of one scenario and metric, at their place in the block. */
static int gather_one(struct blocks *b, const struct aggregate *a, uint32_t point, size_t scenario, size_t metric,
                      enum results_place place, struct error *e)
{
    const struct record *r = b->w->record;
    const size_t n = length_of(b->w, place), row = scenario * AGGREGATE_STATISTICS * n;
    double *to = b->values[place] + (metric * b->points + point) * size_of(b->w, place) + row, told[AGGREGATE_STATISTICS];
    size_t cell = record_at(r, scenario, metric) + (place == PLACE_summary ? r->n_times : 0);
    if (place == PLACE_difference) cell = aggregate_difference(a, scenario, metric);
    for (size_t t = 0; t < n; t++) {
        if (aggregate_tell(a, cell + t, told, e) != 0) return -1;
        for (size_t i = 0; i < AGGREGATE_STATISTICS; i++) to[i * n + t] = told[i];
    }
    return 0;
}

static int gather(struct blocks *b, const struct aggregate *a, uint32_t point, struct error *e)
{
    const struct record *r = b->w->record;
    for (size_t m = 0; m < r->n_metrics; m++)
        for (size_t s = 0; s < r->n_scenarios; s++)
            for (int place = 0; place < PLACES; place++)
                if (gather_one(b, a, point, s, m, (enum results_place)place, e) != 0) return -1;
    return 0;
}

static void write_points(struct blocks *b, uint32_t first, uint32_t n)
{
    struct results_writer *w = b->w;
    const int skipped = w->content->design == NULL; /* of the dimensions */
    for (size_t m = 0; m < w->record->n_metrics && !w->f.failed; m++) {
        for (int place = 0; place < PLACES; place++) {
            const enum results_place where = (enum results_place)place;
            const double *values = b->values[place] + m * b->points * size_of(w, where);
            const hsize_t at[4] = {first}, count[] = {n, w->record->n_scenarios, AGGREGATE_STATISTICS, w->record->n_times};
            hdf_write_block(&w->f, *results_dataset_of(w, m, where), at + skipped, count + skipped, values);
        }
    }
}

/* What could not be run at a point is not in it. */
static int add_point(const struct results_writer *w, struct aggregate *a, uint32_t point, struct error *e)
{
    const struct record *r = w->record;
    const struct journal *j = w->content->journal;
    const uint32_t replicates = w->s->replicates, first = point * replicates;
    size_t n = 0, most = BATCH / (r->values * sizeof(double) + 1) + 1;
    if (most > replicates) most = replicates;
    double *values = malloc(most * r->values * sizeof *values + 1);
    uint32_t *units = calloc(most, sizeof *units);
    int status = values != NULL && units != NULL ? 0 : error_memory(e, "the quantiles", (double)most * (double)r->values * sizeof *values);
    for (uint32_t i = 0; status == 0 && i < replicates; i++) {
        if (journal_finished(j)[first + i]) {
            status = journal_read(j, first + i, 0, r->values, values + n * r->values, e);
            units[n++] = i;
        }
        if (status == 0 && (n == most || i + 1 == replicates)) {
            status = aggregate_add(a, values, units, n, e);
            n = 0;
        }
    }
    free(values);
    free(units);
    return status;
}

static int tell_point(struct blocks *b, uint32_t point, uint32_t place, struct error *e)
{
    struct aggregate *own = NULL;
    int status = aggregate_create(&own, b->w->record, b->w->s->replicates, e);
    if (status == 0) status = add_point(b->w, own, point, e);
    if (status == 0) status = gather(b, own, place, e);
    aggregate_free(own);
    return status;
}

static int write_values(struct blocks *b, struct error *e)
{
    struct results_writer *w = b->w;
    if (w->content->design == NULL) {
        const struct aggregate *all = journal_aggregate(w->content->journal, e);
        if (all == NULL) return -1;
        if (gather(b, all, 0, e) != 0) return -1;
        write_points(b, 0, 1);
    }
    for (uint32_t first = 0; w->content->design != NULL && first < w->points && !w->f.failed; first += b->points) {
        const uint32_t n = w->points - first < b->points ? w->points - first : b->points;
        for (uint32_t i = 0; i < n; i++)
            if (tell_point(b, first + i, i, e) != 0) return -1;
        write_points(b, first, n);
    }
    return 0;
}

/* As many as fill a chunk of the series, if all metrics' together fit into memory. */
static uint32_t choose_points(const struct results_writer *w)
{
    const size_t one = size_of(w, PLACE_series) * sizeof(double);
    const size_t all = (one + 2 * size_of(w, PLACE_summary) * sizeof(double)) * (w->record->n_metrics + 1);
    size_t n = RESULTS_CHUNK / one, held = RESULTS_MEMORY / all;
    if (n > held) n = held;
    if (n > w->points) n = w->points;
    return n > 0 ? (uint32_t)n : 1;
}

int results_write_quantiles(struct results_writer *w, struct error *e)
{
    struct blocks b = {.w = w, .points = choose_points(w)};
    int status = 0;
    for (int place = 0; place < PLACES; place++) {
        const size_t n = w->record->n_metrics * b.points * size_of(w, (enum results_place)place);
        b.values[place] = malloc(n * sizeof(double) + 1);
        if (b.values[place] == NULL) status = error_memory(e, "writing the results", (double)n * sizeof(double));
    }
    if (status == 0) {
        datasets_create(&b, NULL, PLACE_series);
        datasets_create(&b, "summary", PLACE_summary);
        datasets_create(&b, "difference", PLACE_difference);
        attributes(w);
        status = write_values(&b, e);
        for (int place = 0; place < PLACES; place++) results_close(w, (enum results_place)place);
    }
    for (int place = 0; place < PLACES; place++) free(b.values[place]);
    return status;
}

/* Every replicate's series and summary, or its summary alone: from the journal, in blocks, so that memory stays bounded however
 * large the study. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/results_writer.h"

/* Points, scenarios and replicates that are gathered and written together: a box that is one run of every dataset's values in C
 * order, because the digests are fed on the way. */
struct box {
    uint32_t points, scenarios, replicates;
};

struct blocks {
    struct results_writer *w;
    struct box box;           /* the largest */
    double *slices;           /* [cell of the box][metric][length] */
    double *series, *summary; /* [metric][cell][time], [metric][cell] */
};

static size_t cells(struct box box) { return (size_t)box.points * box.scenarios * box.replicates; }

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

static void series_create(struct results_writer *w, struct box box)
{
    hid_t point = results_points(w, w->f.file), scenario = results_scenarios(w, w->f.file);
    hid_t replicate = results_replicates(w, w->f.file), time = w->record->n_times > 0 ? results_times(w) : -1;
    const hsize_t size[] = {w->points, w->s->n_scenarios, w->s->replicates, w->record->n_times};
    const hsize_t chunk[] = {box.points, 1, box.replicates, w->record->n_times};
    const hid_t scale[] = {point, scenario, replicate, time};
    for (size_t m = 0; w->record->n_times > 0 && m < w->record->n_metrics; m++) {
        const bool share = metric_is_ratio(w->record->entries[m].metric->kind);
        results_dataset(w, w->f.file, m, PLACE_series, 4, size, chunk, scale, share || w->content->design != NULL);
    }
    hdf_close_dataset(&w->f, point);
    hdf_close_dataset(&w->f, scenario);
    hdf_close_dataset(&w->f, replicate);
    hdf_close_dataset(&w->f, time);
}

static void summaries_create(struct results_writer *w, struct box box)
{
    hid_t group = hdf_group(&w->f, "summary");
    hid_t point = results_points(w, group), scenario = results_scenarios(w, group), replicate = results_replicates(w, group);
    const bool design = w->content->design != NULL;
    const uint32_t all = w->s->replicates, together = least(all, RESULTS_CHUNK / sizeof(double));
    const hsize_t size[] = {w->points, w->s->n_scenarios, all};
    const hsize_t chunk[] = {box.points, 1, design ? box.replicates : together};
    const hid_t scale[] = {point, scenario, replicate};
    for (size_t m = 0; m < w->record->n_metrics; m++) {
        const bool share = metric_is_ratio(w->record->entries[m].metric->kind);
        results_dataset(w, group, m, PLACE_summary, 3, size, chunk, scale, share || design);
    }
    hdf_close_dataset(&w->f, point);
    hdf_close_dataset(&w->f, scenario);
    hdf_close_dataset(&w->f, replicate);
    hdf_close_group(&w->f, group);
}

/* Sorts out one metric's values of a box. */
static void gather(struct blocks *b, size_t m, size_t n)
{
    const struct record *r = b->w->record;
    double *series = b->series + m * cells(b->box) * r->n_times, *summary = b->summary + m * cells(b->box);
    for (size_t cell = 0; cell < n; cell++) {
        const double *from = b->slices + (cell * r->n_metrics + m) * r->length;
        memcpy(series + cell * r->n_times, from, r->n_times * sizeof *series);
        summary[cell] = from[r->n_times];
    }
}

/* What a unit of a design that could not be run has in place of values is NaN. */
static void read_slice(struct results_writer *w, uint32_t unit, uint32_t scenario, double *slice)
{
    const size_t length = w->record->n_metrics * w->record->length;
    if (w->content->design != NULL && !journal_finished(w->content->journal)[unit]) {
        for (size_t i = 0; i < length; i++) slice[i] = (double)NAN;
    } else if (journal_read(w->content->journal, unit, scenario * length, length, slice, w->f.e) != 0) {
        w->f.failed = true;
    }
}

static void write_box(struct blocks *b, uint32_t point, uint32_t scenario, uint32_t replicate, struct box box)
{
    struct results_writer *w = b->w;
    const struct record *record = w->record;
    double *slice = b->slices;
    for (uint32_t p = point; p < point + box.points; p++)
        for (uint32_t s = scenario; s < scenario + box.scenarios; s++)
            for (uint32_t r = replicate; r < replicate + box.replicates; r++, slice += record->n_metrics * record->length) {
                if (!w->f.failed) read_slice(w, p * w->s->replicates + r, s, slice);
            }
    if (w->f.failed) return;
    for (size_t m = 0; m < record->n_metrics; m++) gather(b, m, cells(box));
    const int skipped = w->content->design == NULL; /* of the dimensions */
    const hsize_t at[] = {point, scenario, replicate, 0}, count[] = {box.points, box.scenarios, box.replicates, record->n_times};
    for (size_t m = 0; m < record->n_metrics; m++) {
        if (record->n_times > 0)
            hdf_write_block(&w->f, *results_dataset_of(w, m, PLACE_series), at + skipped, count + skipped,
                            b->series + m * cells(b->box) * record->n_times);
        hdf_write_block(&w->f, *results_dataset_of(w, m, PLACE_summary), at + skipped, count + skipped,
                        b->summary + m * cells(b->box));
    }
}

static void write_boxes(struct blocks *b)
{
    const struct box all = {b->w->points, b->w->s->n_scenarios, b->w->s->replicates};
    struct box box;
    for (uint32_t point = 0; point < all.points; point += box.points) {
        box.points = least(b->box.points, all.points - point);
        for (uint32_t scenario = 0; scenario < all.scenarios; scenario += box.scenarios) {
            box.scenarios = least(b->box.scenarios, all.scenarios - scenario);
            for (uint32_t replicate = 0; replicate < all.replicates; replicate += box.replicates) {
                box.replicates = least(b->box.replicates, all.replicates - replicate);
                if (!b->w->f.failed) write_box(b, point, scenario, replicate, box);
            }
        }
    }
}

/* A chunk of replicates of one point and scenario; or where there are few replicates, a chunk of points in all scenarios. */
static struct box choose_box(const struct results_writer *w)
{
    const struct record *r = w->record;
    const size_t row = (r->n_times > 0 ? r->n_times : 1) * sizeof(double), replicates = w->s->replicates;
    const size_t all = r->values * sizeof(double) * replicates; /* of a point */
    if (w->content->design == NULL || replicates * row > RESULTS_CHUNK / 2 || all > RESULTS_MEMORY)
        return (struct box){1, 1, least(RESULTS_CHUNK < row ? 1 : (uint32_t)(RESULTS_CHUNK / row), w->s->replicates)};
    const uint32_t chunk = (uint32_t)(RESULTS_CHUNK / (replicates * row)), held = (uint32_t)(RESULTS_MEMORY / all);
    return (struct box){least(least(chunk, held), w->points), w->s->n_scenarios, w->s->replicates};
}

int results_write_replicates(struct results_writer *w, struct error *e)
{
    struct blocks b = {.w = w, .box = choose_box(w)};
    const size_t n = w->record->n_metrics * cells(b.box), values = n * w->record->length;
    b.slices = malloc(values * sizeof *b.slices + 1);
    b.series = malloc(n * w->record->n_times * sizeof *b.series + 1);
    b.summary = malloc(n * sizeof *b.summary + 1);
    const bool made = b.slices != NULL && b.series != NULL && b.summary != NULL;
    if (made) {
        series_create(w, b.box);
        summaries_create(w, b.box);
        write_boxes(&b);
        if (w->record->n_times > 0) results_close(w, PLACE_series);
        results_close(w, PLACE_summary);
    }
    free(b.slices);
    free(b.series);
    free(b.summary);
    return made ? 0 : error_memory(e, "writing the results", 2.0 * (double)values * sizeof(double));
}

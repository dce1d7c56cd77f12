/* Writing the results file: from the journal, in blocks, so that memory stays bounded however large the study. */
#include "sim/results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/digest.h"
#include "sim/files.h"
#include "sim/hdf.h"
#include "sim/provenance.h"
#include "sim/results_digest.h"

enum {
    CHUNK = 256 * 1024,       /* bytes of a series that are stored, and checked, together */
    MEMORY = 64 * 1024 * 1024 /* bytes of all series that are gathered together, where one chunk of each is less */
};

/* A metric's two datasets and what of them has been written. */
struct output {
    const struct metric_entry *entry;
    char *summary_path;
    hid_t series, summary;
    struct digest *series_digest, *summary_digest;
};

/* Points, scenarios and replicates that are gathered and written together: a box that is one run of every dataset's values in C
 * order, because the digests are fed on the way. */
struct box {
    uint32_t points, scenarios, replicates;
};

struct writer {
    struct hdf f;
    const struct results_content *content;
    const struct study *s;
    struct metric_entry *entries;
    struct output *outputs;
    struct digest_entry *digests; /* two per metric, then the three coordinates */
    int32_t *times, *numbers;     /* numbers: of the replicates */
    size_t n_metrics, n_times, length;
    uint32_t points;             /* 1 without a design */
    struct box box;
    double *slices;              /* [cell of the box][metric][length] */
    double *series, *summary;    /* [metric][cell][time], [metric][cell] */
};

static size_t cells(struct box box) { return (size_t)box.points * box.scenarios * box.replicates; }

/* ---- coordinates ---- */

static struct digest *digest_of(struct writer *w, size_t place, const char *path)
{
    struct digest_entry *entry = &w->digests[place];
    entry->path = path;
    digest_begin(&entry->digest);
    return &entry->digest;
}

static hid_t scenario_coordinate(struct writer *w, hid_t group)
{
    const struct scenario *scenarios = w->s->scenarios;
    struct digest *digest = digest_of(w, 2 * w->n_metrics, "scenario");
    for (uint32_t i = 0; i < w->s->n_scenarios; i++) digest_texts(digest, (const char *[]){scenarios[i].name}, 1);
    return hdf_labels_scale(&w->f, group, "scenario", scenarios, sizeof *scenarios, w->s->n_scenarios);
}

static hid_t replicate_coordinate(struct writer *w, hid_t group)
{
    digest_whole(digest_of(w, 2 * w->n_metrics + 1, "replicate"), w->numbers, w->s->replicates);
    hid_t dataset = hdf_numbers_scale(&w->f, group, "replicate", w->numbers, w->s->replicates);
    hdf_describe(&w->f, dataset, "1", "replicate: the same number has the same luck in every scenario");
    return dataset;
}

static hid_t time_coordinate(struct writer *w)
{
    digest_whole(digest_of(w, 2 * w->n_metrics + 2, "time"), w->times, w->n_times);
    hid_t dataset = hdf_numbers_scale(&w->f, w->f.file, "time", w->times, w->n_times);
    hdf_describe(&w->f, dataset, "day", "days since the policy starts; 0 and before: end of the burn-in");
    return dataset;
}

static const char *kind_name(enum metric_kind kind)
{
    return kind == METRIC_flow ? "flow" : kind == METRIC_stock ? "stock" : "share";
}

/* ---- metrics ---- */

static hid_t metric_dataset(struct writer *w, hid_t group, const struct metric_entry *entry, const struct hdf_shape *shape,
                            const char *method)
{
    const struct metric *metric = entry->metric;
    hid_t dataset = hdf_dataset(&w->f, group, metric->name, H5T_IEEE_F64LE, shape, w->content->design != NULL || metric->kind == METRIC_share);
    hdf_describe(&w->f, dataset, metric->unit, metric->meaning);
    hdf_attribute(&w->f, dataset, "metric_kind", kind_name(metric->kind));
    hdf_attribute(&w->f, dataset, "submodel", entry->submodel->name);
    hdf_attribute(&w->f, dataset, "cell_methods", method);
    return dataset;
}

/* A shape whose first dimension, `point`, is there with a design only. */
static struct hdf_shape shape_of(const struct writer *w, int rank, const hsize_t *size, const hsize_t *chunk, const hid_t *scale)
{
    struct hdf_shape shape = {.rank = 0};
    for (int i = w->content->design == NULL; i < rank; i++) {
        shape.size[shape.rank] = size[i];
        shape.chunk[shape.rank] = chunk[i];
        shape.scale[shape.rank++] = scale[i];
    }
    return shape;
}

static hid_t point_coordinate(struct writer *w, hid_t group)
{
    return w->content->design == NULL ? -1 : hdf_points_scale(&w->f, group, w->points);
}

static void series_create(struct writer *w)
{
    hid_t point = point_coordinate(w, w->f.file), scenario = scenario_coordinate(w, w->f.file);
    hid_t replicate = replicate_coordinate(w, w->f.file), time = time_coordinate(w);
    struct hdf_shape shape = shape_of(w, 4, (hsize_t[]){w->points, w->s->n_scenarios, w->s->replicates, w->n_times},
                                      (hsize_t[]){w->box.points, 1, w->box.replicates, w->n_times},
                                      (hid_t[]){point, scenario, replicate, time});
    for (size_t m = 0; m < w->n_metrics; m++) {
        bool flow = w->entries[m].metric->kind == METRIC_flow;
        w->outputs[m].series = metric_dataset(w, w->f.file, &w->entries[m], &shape, flow ? "time: sum" : "time: point");
    }
    hdf_close_dataset(&w->f, point);
    hdf_close_dataset(&w->f, scenario);
    hdf_close_dataset(&w->f, replicate);
    hdf_close_dataset(&w->f, time);
}

static void summaries_create(struct writer *w)
{
    hid_t group = hdf_group(&w->f, "summary");
    hid_t point = point_coordinate(w, group), scenario = scenario_coordinate(w, group);
    hid_t replicate = replicate_coordinate(w, group);
    const bool design = w->content->design != NULL;
    const uint32_t together = CHUNK / sizeof(double), all = w->s->replicates;
    const uint32_t replicates = design ? w->box.replicates : all < together ? all : together;
    struct hdf_shape shape = shape_of(w, 3, (hsize_t[]){w->points, w->s->n_scenarios, all},
                                      (hsize_t[]){w->box.points, 1, replicates}, (hid_t[]){point, scenario, replicate});
    for (size_t m = 0; m < w->n_metrics; m++) {
        bool flow = w->entries[m].metric->kind == METRIC_flow;
        w->outputs[m].summary = metric_dataset(w, group, &w->entries[m], &shape, flow ? "time: sum" : "time: mean");
    }
    hdf_close_dataset(&w->f, point);
    hdf_close_dataset(&w->f, scenario);
    hdf_close_dataset(&w->f, replicate);
    hdf_close_group(&w->f, group);
}

/* Sorts out one metric's values of a box, and feeds its digests. */
static void gather(struct writer *w, size_t m, size_t n)
{
    double *series = w->series + m * cells(w->box) * w->n_times, *summary = w->summary + m * cells(w->box);
    for (size_t cell = 0; cell < n; cell++) {
        const double *from = w->slices + (cell * w->n_metrics + m) * w->length;
        memcpy(series + cell * w->n_times, from, w->n_times * sizeof *series);
        summary[cell] = from[w->n_times];
    }
    digest_doubles(w->outputs[m].series_digest, series, n * w->n_times);
    digest_doubles(w->outputs[m].summary_digest, summary, n);
}

/* What a unit of a design that could not be run has in place of values is NaN. */
static void read_slice(struct writer *w, uint32_t unit, uint32_t scenario, double *slice)
{
    const size_t length = w->n_metrics * w->length;
    if (w->content->design != NULL && !journal_finished(w->content->journal)[unit]) {
        for (size_t i = 0; i < length; i++) slice[i] = (double)NAN;
    } else if (journal_read(w->content->journal, unit, scenario * length, length, slice, w->f.e) != 0) {
        w->f.failed = true;
    }
}

static void write_box(struct writer *w, uint32_t point, uint32_t scenario, uint32_t replicate, struct box box)
{
    double *slice = w->slices;
    for (uint32_t p = point; p < point + box.points; p++)
        for (uint32_t s = scenario; s < scenario + box.scenarios; s++)
            for (uint32_t r = replicate; r < replicate + box.replicates; r++, slice += w->n_metrics * w->length) {
                if (!w->f.failed) read_slice(w, p * w->s->replicates + r, s, slice);
            }
    if (w->f.failed) return;
    for (size_t m = 0; m < w->n_metrics; m++) gather(w, m, cells(box));
    const int skipped = w->content->design == NULL; /* of the dimensions */
    const hsize_t at[] = {point, scenario, replicate, 0}, count[] = {box.points, box.scenarios, box.replicates, w->n_times};
    for (size_t m = 0; m < w->n_metrics; m++) {
        hdf_write_block(&w->f, w->outputs[m].series, at + skipped, count + skipped, w->series + m * cells(w->box) * w->n_times);
        hdf_write_block(&w->f, w->outputs[m].summary, at + skipped, count + skipped, w->summary + m * cells(w->box));
    }
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

static void write_metrics(struct writer *w)
{
    const struct box all = {w->points, w->s->n_scenarios, w->s->replicates};
    struct box box;
    for (uint32_t point = 0; point < all.points; point += box.points) {
        box.points = least(w->box.points, all.points - point);
        for (uint32_t scenario = 0; scenario < all.scenarios; scenario += box.scenarios) {
            box.scenarios = least(w->box.scenarios, all.scenarios - scenario);
            for (uint32_t replicate = 0; replicate < all.replicates; replicate += box.replicates) {
                box.replicates = least(w->box.replicates, all.replicates - replicate);
                if (!w->f.failed) write_box(w, point, scenario, replicate, box);
            }
        }
    }
    for (size_t m = 0; m < w->n_metrics; m++) {
        hdf_close_dataset(&w->f, w->outputs[m].series);
        hdf_close_dataset(&w->f, w->outputs[m].summary);
    }
}

/* ---- the file ---- */

/* A chunk of replicates of one point and scenario; or where there are few replicates, a chunk of points in all scenarios. */
static struct box choose_box(const struct writer *w)
{
    const size_t row = w->n_times * sizeof(double), replicates = w->s->replicates;
    const size_t all = w->n_metrics * w->length * sizeof(double) * replicates * w->s->n_scenarios; /* of a point */
    if (w->content->design == NULL || replicates * row > CHUNK / 2 || all > MEMORY)
        return (struct box){1, 1, least(CHUNK < row ? 1 : (uint32_t)(CHUNK / row), w->s->replicates)};
    const uint32_t chunk = (uint32_t)(CHUNK / (replicates * row)), held = (uint32_t)(MEMORY / all);
    return (struct box){least(least(chunk, held), w->points), w->s->n_scenarios, w->s->replicates};
}

static int writer_begin(struct writer *w, const struct results_content *content, struct error *e)
{
    const struct study *s = content->study;
    *w = (struct writer){.content = content, .s = s, .n_metrics = model_metrics(s->model, NULL), .n_times = study_times(s, NULL),
                         .length = study_series_length(s), .points = content->design != NULL ? content->design->n_points : 1};
    w->box = choose_box(w);
    const size_t n = w->n_metrics, values = n * cells(w->box) * w->length;
    w->entries = calloc(n + 1, sizeof *w->entries);
    w->outputs = calloc(n + 1, sizeof *w->outputs);
    w->digests = calloc(2 * n + 3, sizeof *w->digests);
    w->times = calloc(w->n_times + 1, sizeof *w->times);
    w->numbers = calloc((size_t)s->replicates + 1, sizeof *w->numbers);
    w->slices = malloc(values * sizeof *w->slices + 1);
    w->series = malloc(values * sizeof *w->series + 1);
    w->summary = malloc(n * cells(w->box) * sizeof *w->summary + 1);
    if (w->entries == NULL || w->outputs == NULL || w->digests == NULL || w->times == NULL || w->numbers == NULL ||
        w->slices == NULL || w->series == NULL || w->summary == NULL) {
        return error_memory(e, "writing the results", 2.0 * (double)values * sizeof(double));
    }
    model_metrics(s->model, w->entries);
    study_times(s, w->times);
    for (uint32_t i = 0; i < s->replicates; i++) w->numbers[i] = (int32_t)i;
    for (size_t m = 0; m < n; m++) {
        const char *name = w->entries[m].metric->name;
        if (asprintf(&w->outputs[m].summary_path, "summary/%s", name) < 0) {
            w->outputs[m].summary_path = NULL;
            return error_memory(e, "a name", 64);
        }
        w->outputs[m].series_digest = digest_of(w, 2 * m, name);
        w->outputs[m].summary_digest = digest_of(w, 2 * m + 1, w->outputs[m].summary_path);
    }
    return 0;
}

static void writer_free(struct writer *w)
{
    for (size_t m = 0; w->outputs != NULL && m < w->n_metrics; m++) free(w->outputs[m].summary_path);
    free(w->entries);
    free(w->outputs);
    free(w->digests);
    free(w->times);
    free(w->numbers);
    free(w->slices);
    free(w->series);
    free(w->summary);
}

static int write_file(struct writer *w, const char *path, char digest[RESULTS_DIGEST], struct error *e)
{
    hdf_create(&w->f, path, e);
    if (!w->f.failed) {
        series_create(w);
        summaries_create(w);
        write_metrics(w);
        provenance_write(&w->f, w->content);
        hdf_flush(&w->f);
        results_digest(&w->f, w->digests, 2 * w->n_metrics + 3, digest);
        hdf_attribute(&w->f, w->f.file, "digest", digest);
    }
    return hdf_close(&w->f);
}

static char *beside(const char *path, const char *ending)
{
    char *name = NULL;
    return asprintf(&name, "%s%s", path, ending) >= 0 ? name : NULL;
}

char *results_partial(const char *path)
{
    return beside(path, ".partial");
}

char *results_temporary(const char *path)
{
    return beside(path, ".tmp");
}

char *results_shard(const char *path, uint32_t shard, uint32_t shards)
{
    char *name = NULL;
    return asprintf(&name, "%s.shard-%u-of-%u", path, shard, shards) >= 0 ? name : NULL;
}

int results_write(const char *path, bool replace, const struct results_content *content, char digest[RESULTS_DIGEST],
                  struct error *e)
{
    struct writer w;
    char *temporary = results_temporary(path);
    int status = writer_begin(&w, content, e);
    if (temporary == NULL) status = error_memory(e, "a path", 4096);
    if (status == 0) {
        unlink(temporary); /* of a run that was killed; a link there is not to be followed */
        status = write_file(&w, temporary, digest, e);
        if (status == 0) status = files_publish(temporary, path, replace, e);
        if (status != 0) unlink(temporary);
    }
    writer_free(&w);
    free(temporary);
    return status;
}

double results_size(const struct study *s, const struct design *design, size_t config_length)
{
    /* Incompressible values, two checksums and an index entry for each chunk, and a page or two of labels per dataset. */
    double points = design != NULL ? design->n_points : 1, columns = design != NULL ? design->n_columns + 16 : 0;
    double values = ((double)study_values(s) * s->replicates + columns) * points * sizeof(double);
    return values * 1.03 + 4096.0 * (double)(64 + 3 * model_metrics(s->model, NULL)) + 8192.0 * columns + (double)config_length;
}

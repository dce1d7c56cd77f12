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
    CHUNK = 256 * 1024, /* bytes of the series of some replicates that are stored, and checked, together */
};

/* A metric's two datasets and what of them has been written. */
struct output {
    const struct metric_entry *entry;
    char *summary_path;
    hid_t series, summary;
    struct digest *series_digest, *summary_digest;
};

struct writer {
    struct hdf f;
    const struct study *s;
    const struct journal *j;
    struct metric_entry *entries;
    struct output *outputs;
    struct digest_entry *digests; /* two per metric, then the three coordinates */
    int32_t *times, *numbers;     /* numbers: of the replicates */
    size_t n_metrics, n_times, length;
    size_t block;                /* replicates written together */
    double *slices;              /* [block][metric][length] */
    double *series, *summary;    /* [metric][block][time], [metric][block] */
};

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
    hid_t dataset = hdf_dataset(&w->f, group, metric->name, H5T_IEEE_F64LE, shape, metric->kind == METRIC_share);
    hdf_describe(&w->f, dataset, metric->unit, metric->meaning);
    hdf_attribute(&w->f, dataset, "metric_kind", kind_name(metric->kind));
    hdf_attribute(&w->f, dataset, "submodel", entry->submodel->name);
    hdf_attribute(&w->f, dataset, "cell_methods", method);
    return dataset;
}

static void series_create(struct writer *w)
{
    hid_t scenario = scenario_coordinate(w, w->f.file), replicate = replicate_coordinate(w, w->f.file);
    hid_t time = time_coordinate(w);
    struct hdf_shape shape = {.rank = 3, .size = {w->s->n_scenarios, w->s->replicates, w->n_times},
                              .chunk = {1, w->block, w->n_times}, .scale = {scenario, replicate, time}};
    for (size_t m = 0; m < w->n_metrics; m++) {
        bool flow = w->entries[m].metric->kind == METRIC_flow;
        w->outputs[m].series = metric_dataset(w, w->f.file, &w->entries[m], &shape, flow ? "time: sum" : "time: point");
    }
    hdf_close_dataset(&w->f, scenario);
    hdf_close_dataset(&w->f, replicate);
    hdf_close_dataset(&w->f, time);
}

static void summaries_create(struct writer *w)
{
    hid_t group = hdf_group(&w->f, "summary");
    hid_t scenario = scenario_coordinate(w, group), replicate = replicate_coordinate(w, group);
    hsize_t together = CHUNK / sizeof(double);
    struct hdf_shape shape = {.rank = 2, .size = {w->s->n_scenarios, w->s->replicates},
                              .chunk = {1, w->s->replicates < together ? w->s->replicates : together},
                              .scale = {scenario, replicate}};
    for (size_t m = 0; m < w->n_metrics; m++) {
        bool flow = w->entries[m].metric->kind == METRIC_flow;
        w->outputs[m].summary = metric_dataset(w, group, &w->entries[m], &shape, flow ? "time: sum" : "time: mean");
    }
    hdf_close_dataset(&w->f, scenario);
    hdf_close_dataset(&w->f, replicate);
    hdf_close_group(&w->f, group);
}

/* Sorts out one metric's values of a block of replicates, and feeds its digests. */
static void gather(struct writer *w, size_t m, size_t n)
{
    double *series = w->series + m * w->block * w->n_times, *summary = w->summary + m * w->block;
    for (size_t r = 0; r < n; r++) {
        const double *from = w->slices + (r * w->n_metrics + m) * w->length;
        memcpy(series + r * w->n_times, from, w->n_times * sizeof *series);
        summary[r] = from[w->n_times];
    }
    digest_doubles(w->outputs[m].series_digest, series, n * w->n_times);
    digest_doubles(w->outputs[m].summary_digest, summary, n);
}

static void write_block(struct writer *w, uint32_t scenario, uint32_t first, uint32_t n)
{
    const size_t slice = w->n_metrics * w->length;
    for (uint32_t r = 0; r < n; r++) {
        if (w->f.failed) return;
        if (journal_read(w->j, first + r, scenario * slice, slice, w->slices + r * slice, w->f.e) != 0) w->f.failed = true;
    }
    for (size_t m = 0; m < w->n_metrics; m++) gather(w, m, n);
    const hsize_t at[] = {scenario, first, 0}, count[] = {1, n, w->n_times};
    for (size_t m = 0; m < w->n_metrics; m++) {
        hdf_write_block(&w->f, w->outputs[m].series, at, count, w->series + m * w->block * w->n_times);
        hdf_write_block(&w->f, w->outputs[m].summary, at, count, w->summary + m * w->block);
    }
}

/* In C order of every dataset, because the digests are fed on the way. */
static void write_metrics(struct writer *w)
{
    for (uint32_t scenario = 0; scenario < w->s->n_scenarios; scenario++) {
        for (uint32_t first = 0; first < w->s->replicates && !w->f.failed; first += (uint32_t)w->block) {
            uint32_t left = w->s->replicates - first;
            write_block(w, scenario, first, left < w->block ? left : (uint32_t)w->block);
        }
    }
    for (size_t m = 0; m < w->n_metrics; m++) {
        hdf_close_dataset(&w->f, w->outputs[m].series);
        hdf_close_dataset(&w->f, w->outputs[m].summary);
    }
}

/* ---- the file ---- */

static int writer_begin(struct writer *w, const struct study *s, const struct journal *j, struct error *e)
{
    *w = (struct writer){.s = s, .j = j, .n_metrics = model_metrics(s->model, NULL), .n_times = study_times(s, NULL),
                         .length = study_series_length(s)};
    w->block = CHUNK / (w->n_times * sizeof(double));
    if (w->block == 0) w->block = 1;
    if (w->block > s->replicates) w->block = s->replicates;
    const size_t n = w->n_metrics, values = n * w->block * w->length;
    w->entries = calloc(n + 1, sizeof *w->entries);
    w->outputs = calloc(n + 1, sizeof *w->outputs);
    w->digests = calloc(2 * n + 3, sizeof *w->digests);
    w->times = calloc(w->n_times + 1, sizeof *w->times);
    w->numbers = calloc((size_t)s->replicates + 1, sizeof *w->numbers);
    w->slices = malloc(values * sizeof *w->slices + 1);
    w->series = malloc(values * sizeof *w->series + 1);
    w->summary = malloc(n * w->block * sizeof *w->summary + 1);
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

static int write_file(struct writer *w, const char *path, const char *config, const struct results_provenance *provenance,
                      char digest[RESULTS_DIGEST], struct error *e)
{
    hdf_create(&w->f, path, e);
    if (!w->f.failed) {
        series_create(w);
        summaries_create(w);
        write_metrics(w);
        provenance_write(&w->f, w->s, provenance, config);
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

int results_write(const char *path, bool replace, const struct study *s, const struct journal *j, const char *config,
                  const struct results_provenance *provenance, char digest[RESULTS_DIGEST], struct error *e)
{
    struct writer w;
    char *temporary = results_temporary(path);
    int status = writer_begin(&w, s, j, e);
    if (temporary == NULL) status = error_memory(e, "a path", 4096);
    if (status == 0) {
        unlink(temporary); /* of a run that was killed; a link there is not to be followed */
        status = write_file(&w, temporary, config, provenance, digest, e);
        if (status == 0) status = files_publish(temporary, path, replace, e);
        if (status != 0) unlink(temporary);
    }
    writer_free(&w);
    free(temporary);
    return status;
}

double results_size(const struct study *s, size_t config_length)
{
    /* Incompressible values, two checksums and an index entry for each chunk, and a page or two of labels per dataset. */
    double values = (double)study_values(s) * s->replicates * sizeof(double);
    return values * 1.03 + 4096.0 * (double)(64 + 3 * model_metrics(s->model, NULL)) + (double)config_length;
}

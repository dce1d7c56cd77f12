/* Writing the results file: what is common to all kinds of it. */
#include "sim/results.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/files.h"
#include "sim/provenance.h"
#include "sim/results_writer.h"

/* ---- coordinates ---- */

hid_t results_points(struct results_writer *w, hid_t group)
{
    return w->content->design == NULL ? -1 : hdf_points_scale(&w->f, group, w->points);
}

hid_t results_scenarios(struct results_writer *w, hid_t group)
{
    const struct scenario *scenarios = w->s->scenarios;
    return hdf_labels_scale(&w->f, group, "scenario", scenarios, sizeof *scenarios, w->s->n_scenarios);
}

hid_t results_replicates(struct results_writer *w, hid_t group)
{
    hid_t dataset = hdf_numbers_scale(&w->f, group, "replicate", w->numbers, w->s->replicates);
    hdf_describe(&w->f, dataset, "1", "replicate: the same number has the same luck in every scenario");
    return dataset;
}

hid_t results_times(struct results_writer *w)
{
    hid_t dataset = hdf_numbers_scale(&w->f, w->f.file, "time", w->times, w->n_times);
    hdf_describe(&w->f, dataset, "day", "days since the policy starts; 0 and before: end of the burn-in");
    return dataset;
}

/* ---- metrics ---- */

void results_dataset(struct results_writer *w, hid_t group, size_t m, enum results_place place, int rank, const hsize_t *size,
                     const hsize_t *chunk, const hid_t *scale, bool nan)
{
    const struct metric_entry *entry = &w->record->entries[m];
    const struct metric *metric = entry->metric;
    struct hdf_shape shape = {.rank = 0};
    for (int i = w->content->design == NULL; i < rank; i++) {
        shape.size[shape.rank] = size[i];
        shape.chunk[shape.rank] = chunk[i];
        shape.scale[shape.rank++] = scale[i];
    }
    hid_t dataset = hdf_dataset(&w->f, group, metric->name, H5T_IEEE_F64LE, &shape, nan);
    hdf_attribute(&w->f, dataset, "metric_kind", metric_kind_name(metric->kind));
    hdf_attribute(&w->f, dataset, "submodel", entry->submodel->name);
    hdf_attribute(&w->f, dataset, "cell_methods",
                  metric->kind == METRIC_flow ? "time: sum" : place == PLACE_series ? "time: point" : "time: mean");
    hdf_describe(&w->f, dataset, metric->unit, metric->meaning);
    *results_dataset_of(w, m, place) = dataset;
}

void results_close(struct results_writer *w, enum results_place place)
{
    for (size_t m = 0; m < w->record->n_metrics; m++) hdf_close_dataset(&w->f, *results_dataset_of(w, m, place));
}

/* ---- the file ---- */

static int writer_begin(struct results_writer *w, const struct results_content *content, struct error *e)
{
    const struct study *s = content->study;
    *w = (struct results_writer){.content = content, .s = s, .record = content->record, .n_times = study_times(s, NULL),
                                 .points = content->design != NULL ? content->design->n_points : 1};
    const size_t n = content->record->n_metrics * PLACES;
    w->datasets = calloc(n + 1, sizeof *w->datasets);
    w->times = calloc(w->n_times + 1, sizeof *w->times);
    w->numbers = calloc((size_t)s->replicates + 1, sizeof *w->numbers);
    if (w->datasets == NULL || w->times == NULL || w->numbers == NULL)
        return error_memory(e, "writing the results", (double)s->replicates * sizeof *w->numbers);
    study_times(s, w->times);
    for (uint32_t i = 0; i < s->replicates; i++) w->numbers[i] = (int32_t)i;
    return 0;
}

static void writer_free(struct results_writer *w)
{
    free(w->datasets);
    free(w->times);
    free(w->numbers);
}

/* Into the file that has been created. */
static void fill_file(struct results_writer *w, char digest[RESULTS_DIGEST], struct error *e)
{
    if (w->f.failed) return;
    const bool quantiles = w->record->output == OUTPUT_quantiles;
    if ((quantiles ? results_write_quantiles(w, e) : results_write_replicates(w, e)) != 0) w->f.failed = true;
    provenance_write(&w->f, w->content);
    hdf_digest_finish(&w->f, digest);
    hdf_attribute(&w->f, w->f.file, "digest", digest);
}

static int write_file(struct results_writer *w, const char *path, char digest[RESULTS_DIGEST], struct error *e)
{
    hdf_create(&w->f, path, e);
    fill_file(w, digest, e);
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
    return files_temporary(path);
}

char *results_shard(const char *path, uint32_t shard, uint32_t shards)
{
    char *name = NULL;
    return asprintf(&name, "%s.shard-%u-of-%u", path, shard, shards) >= 0 ? name : NULL;
}

int results_write(const char *path, bool replace, const struct results_content *content, char digest[RESULTS_DIGEST],
                  struct error *e)
{
    struct results_writer w;
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

void *results_image(const struct results_content *content, size_t *size, char digest[RESULTS_DIGEST], struct error *e)
{
    struct results_writer w;
    struct hdf_memory memory = {0};
    int status = writer_begin(&w, content, e);
    if (status == 0) {
        hdf_create_in_memory(&w.f, &memory, e);
        fill_file(&w, digest, e);
        status = hdf_close(&w.f);
    }
    writer_free(&w);
    *size = memory.size;
    if (status == 0) return memory.bytes;
    if (memory.given_back) free(memory.bytes);
    return NULL;
}

/* Measured: what a dataset of a parameter takes, and of a metric, besides values. */
static const double OF_PARAMETER = 700, OF_METRIC = 1180;

static double parameters_of(const struct study *s)
{
    size_t n = 0;
    for (size_t i = 0; s->model->schedule[i] != NULL; i++) n += parameter_count(s->model->schedule[i]->parameters);
    return (double)n;
}

double results_size(const struct study *s, const struct record *record, const struct design *design, size_t config_length)
{
    /* Incompressible values, two checksums and an index entry for each chunk, and twice what datasets take on the whole. */
    const double points = design != NULL ? design->n_points : 1, columns = design != NULL ? design->n_columns + 16 : 0;
    const double cells = (double)record->values + (double)(record->n_scenarios * record->n_metrics);
    const bool quantiles = record->output == OUTPUT_quantiles;
    const double each = quantiles ? cells * AGGREGATE_STATISTICS : (double)record->values * s->replicates;
    const double numbers = quantiles ? 0 : s->replicates * (double)sizeof(int32_t); /* twice, and they compress well */
    return (each + columns) * points * sizeof(double) * 1.03 + numbers + 64 * 1024.0 +
           2 * (OF_PARAMETER + 8.0 * s->n_policies) * parameters_of(s) + 2 * OF_METRIC * (double)(PLACES * model_metrics(s->model, NULL)) +
           8192.0 * columns + (double)config_length;
}

/* What datasets of so many values in chunks of so many take. Short chunks are not compressed (sim/hdf.c). */
static double stored(double values, double chunk, double compressed)
{
    enum { WORTH_COMPRESSING = 512 };
    return values * sizeof(double) * (chunk < WORTH_COMPRESSING || !(compressed > 0) ? 1 : compressed);
}

double results_expected(const struct study *s, const struct record *record, const struct design *design, size_t config_length,
                        double compressed)
{
    const double points = design != NULL ? design->n_points : 1, columns = design != NULL ? design->n_columns + 1 : 0;
    const bool quantiles = record->output == OUTPUT_quantiles;
    const double rows = quantiles ? AGGREGATE_STATISTICS : s->replicates, places = (record->n_times > 0) + 1 + quantiles;
    const double cells = points * rows * (double)(record->n_scenarios * record->n_metrics), n_times = (double)record->n_times;
    /* In a chunk, if not more than there is room for. */
    const double together = points * rows * (quantiles ? (double)record->n_scenarios : 1);
    return (double)config_length + OF_PARAMETER * (columns + parameters_of(s)) + OF_METRIC * places * (double)record->n_metrics +
           points * columns * sizeof(double) + stored(cells * n_times, together * n_times, compressed) +
           (places - (n_times > 0)) * stored(cells, together, compressed);
}

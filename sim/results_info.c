/* Reading what a results file says of itself, and computing its digest anew. The file may come from anywhere: it is read with
 * no plug-ins, no links and no storage outside it (sim/hdf.h). */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/digest.h"
#include "sim/hdf.h"
#include "sim/results.h"
#include "sim/results_digest.h"

enum { METRICS_MAXIMUM = 10000, BLOCK = 1 << 16 /* doubles read at a time */ };

static void read_root(struct hdf *f, struct results_info *info)
{
    const struct {
        const char *name;
        char *text;
        size_t size;
    } texts[] = {
        {"title", info->title, sizeof info->title},
        {"study", info->study, sizeof info->study},
        {"created", info->created, sizeof info->created},
        {"program", info->program, sizeof info->program},
        {"program_version", info->program_version, sizeof info->program_version},
        {"model_version", info->model_version, sizeof info->model_version},
        {"git_commit", info->commit, sizeof info->commit},
        {"compiler", info->compiler, sizeof info->compiler},
        {"seed_text", info->seed, sizeof info->seed},
        {"history", info->history, sizeof info->history},
        {"digest", info->digest, sizeof info->digest},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        hdf_read_attribute(f, f->file, texts[i].name, texts[i].text, texts[i].size);
    hdf_read_attribute_int(f, f->file, "burn_in", &info->burn_in);
    hdf_read_attribute_int(f, f->file, "horizon", &info->horizon);
    if (!f->failed && (strcmp(info->program, "enforcesim") != 0 || strlen(info->digest) != RESULTS_DIGEST - 1))
        hdf_fail(f, "is not a results file of EnforceSim");
}

/* ---- coordinates ---------------------------------------------------------------------------------------------------------- */

/* The length of a one-dimensional dataset, which is then open. */
static hid_t open_coordinate(struct hdf *f, const char *name, size_t maximum, size_t *n)
{
    struct hdf_shape shape = {0};
    hid_t dataset = hdf_open_dataset(f, f->file, name, &shape);
    if (f->failed) return dataset;
    if (shape.rank != 1 || shape.size[0] > maximum) hdf_fail(f, "a coordinate has an impossible size");
    *n = (size_t)shape.size[0];
    return dataset;
}

static void read_scenarios(struct hdf *f, struct results_info *info, struct digest *digest)
{
    size_t n = 0;
    hid_t dataset = open_coordinate(f, "scenario", STUDY_MAX_SCENARIOS, &n);
    if (!f->failed) info->scenarios = hdf_read_strings(f, dataset, n);
    if (info->scenarios != NULL) {
        info->n_scenarios = n;
        for (size_t i = 0; i < n; i++) {
            digest_texts(digest, (const char *[]){info->scenarios[i]}, 1);
            if (strlen(info->scenarios[i]) >= STUDY_NAME) hdf_fail(f, "a scenario has an impossible name");
        }
    }
    hdf_close_dataset(f, dataset);
}

static int32_t *read_numbers(struct hdf *f, const char *name, size_t maximum, size_t *n, struct digest *digest)
{
    hid_t dataset = open_coordinate(f, name, maximum, n);
    int32_t *numbers = f->failed ? NULL : calloc(*n + 1, sizeof *numbers);
    if (!f->failed && numbers == NULL) hdf_no_memory(f, "a coordinate", (double)*n * sizeof *numbers);
    if (numbers != NULL) hdf_read_block(f, dataset, H5T_NATIVE_INT32, (hsize_t[]){0}, (hsize_t[]){*n}, numbers);
    if (!f->failed) digest_whole(digest, numbers, *n);
    hdf_close_dataset(f, dataset);
    return numbers;
}

/* ---- metrics --------------------------------------------------------------------------------------------------------------- */

struct names {
    struct hdf *f;
    struct results_info *info;
};

static herr_t note_metric(hid_t group, const char *name, const H5L_info_t *link, void *context)
{
    struct names *names = context;
    struct results_info *info = names->info;
    if (link->type != H5L_TYPE_HARD || strcmp(name, "scenario") == 0 || strcmp(name, "replicate") == 0 ||
        strcmp(name, "time") == 0 || strcmp(name, "point") == 0)
        return 0;
    H5O_info_t object;
    if (H5Oget_info_by_name2(group, name, &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0) return -1;
    if (object.type != H5O_TYPE_DATASET) return 0;
    if (info->n_metrics == METRICS_MAXIMUM) return -1;
    struct results_metric *more = realloc(info->metrics, (info->n_metrics + 1) * sizeof *more);
    if (more == NULL) return -1;
    info->metrics = more;
    more[info->n_metrics] = (struct results_metric){.name = strdup(name)};
    return more[info->n_metrics++].name == NULL ? -1 : 0;
}

/* Feeds a dataset of doubles to its digest, in C order and in pieces of its last dimension. */
static void digest_dataset(struct hdf *f, hid_t dataset, const struct hdf_shape *shape, struct digest *digest,
                           double *buffer)
{
    const int last = shape->rank - 1;
    hsize_t rows = 1, first[HDF_MAX_RANK] = {0}, count[HDF_MAX_RANK] = {1, 1, 1, 1};
    for (int i = 0; i < last; i++) rows *= shape->size[i];
    for (hsize_t row = 0; row < rows && !f->failed; row++) {
        hsize_t rest = row;
        for (int i = last - 1; i >= 0; rest /= shape->size[i--]) first[i] = rest % shape->size[i];
        for (hsize_t at = 0; at < shape->size[last] && !f->failed; at += BLOCK) {
            first[last] = at;
            count[last] = shape->size[last] - at < BLOCK ? shape->size[last] - at : BLOCK;
            hdf_read_block(f, dataset, H5T_NATIVE_DOUBLE, first, count, buffer);
            if (!f->failed) digest_doubles(digest, buffer, count[last]);
        }
    }
}

/* The dimensions of metrics, without the last for their summaries. */
static bool fits(const struct results_info *info, const struct hdf_shape *shape, bool series)
{
    const size_t wanted[] = {info->n_points, info->n_scenarios, info->n_replicates, info->n_times};
    const int skipped = info->n_points == 0, dimensions = 3 + series - skipped;
    if (shape->rank != dimensions) return false;
    for (int i = 0; i < dimensions; i++)
        if (shape->size[i] != wanted[i + skipped]) return false;
    return true;
}

static void read_metric(struct hdf *f, struct results_info *info, struct results_metric *metric, const char *path,
                        bool series, struct digest *digest, double *buffer)
{
    struct hdf_shape shape = {0};
    hid_t dataset = hdf_open_dataset(f, f->file, path, &shape);
    if (f->failed) return;
    if (!fits(info, &shape, series)) hdf_fail(f, "a metric has another shape than its coordinates");
    hdf_read_attribute(f, dataset, "metric_kind", metric->kind, sizeof metric->kind);
    hdf_read_attribute(f, dataset, "units", metric->unit, sizeof metric->unit);
    hdf_read_attribute(f, dataset, "submodel", metric->submodel, sizeof metric->submodel);
    digest_dataset(f, dataset, &shape, digest, buffer);
    hdf_close_dataset(f, dataset);
}

/* The number of points, where there is a design. */
static void read_points(struct hdf *f, struct results_info *info)
{
    if (f->failed || H5Lexists(f->file, "point", H5P_DEFAULT) <= 0) return;
    hid_t dataset = open_coordinate(f, "point", DESIGN_MAX_POINTS, &info->n_points);
    if (!f->failed && info->n_points == 0) hdf_fail(f, "a coordinate has an impossible size");
    hdf_close_dataset(f, dataset);
}

static void read_all(struct hdf *f, struct results_info *info)
{
    struct digest_entry coordinates[] = {{.path = "scenario"}, {.path = "replicate"}, {.path = "time"}};
    for (size_t i = 0; i < 3; i++) digest_begin(&coordinates[i].digest);
    read_scenarios(f, info, &coordinates[0].digest);
    free(read_numbers(f, "replicate", STUDY_MAX_REPLICATES, &info->n_replicates, &coordinates[1].digest));
    info->times = read_numbers(f, "time", STUDY_MAX_DAYS + 1, &info->n_times, &coordinates[2].digest);
    read_points(f, info);
    struct names names = {f, info};
    if (!f->failed && H5Literate(f->file, H5_INDEX_NAME, H5_ITER_INC, NULL, note_metric, &names) < 0)
        hdf_fail(f, "its contents cannot be listed");
    if (f->failed) return;
    const size_t n = info->n_metrics;
    struct digest_entry *entries = calloc(2 * n + 3, sizeof *entries);
    char(*paths)[300] = calloc(n + 1, sizeof *paths);
    double *buffer = malloc(BLOCK * sizeof *buffer);
    const bool made = entries != NULL && paths != NULL && buffer != NULL;
    if (!made) hdf_no_memory(f, "the digest", (double)n * sizeof *paths);
    for (size_t m = 0; made && m < n && !f->failed; m++) {
        struct results_metric *metric = &info->metrics[m];
        snprintf(paths[m], sizeof paths[m], "summary/%.280s", metric->name);
        entries[2 * m].path = metric->name;
        entries[2 * m + 1].path = paths[m];
        digest_begin(&entries[2 * m].digest);
        digest_begin(&entries[2 * m + 1].digest);
        read_metric(f, info, metric, paths[m], false, &entries[2 * m + 1].digest, buffer);
        if (!f->failed) read_metric(f, info, metric, metric->name, true, &entries[2 * m].digest, buffer);
    }
    if (made && !f->failed) {
        memcpy(entries + 2 * n, coordinates, sizeof coordinates);
        results_digest(f, entries, 2 * n + 3, info->computed);
    }
    free(entries);
    free(paths);
    free(buffer);
}

int results_info(struct results_info *info, const char *path, struct error *e)
{
    *info = (struct results_info){0};
    struct error cause = {0};
    struct stat status;
    if (stat(path, &status) != 0) return error_set(e, ERROR_INPUT, "%s: there is no such file", path);
    if (!S_ISREG(status.st_mode)) return error_set(e, ERROR_INPUT, "%s: is not a file", path);
    struct hdf f;
    hdf_open(&f, path, &cause);
    if (!f.failed) read_root(&f, info);
    if (!f.failed) read_all(&f, info);
    if (hdf_close(&f) == 0) return 0;
    const bool named = strncmp(cause.text, path, strlen(path)) == 0;
    return error_set(e, ERROR_INPUT, "%s%s%s", named ? "" : path, named ? "" : ": ", cause.text);
}

void results_info_free(struct results_info *info)
{
    for (size_t i = 0; i < info->n_scenarios; i++) free(info->scenarios[i]);
    for (size_t i = 0; i < info->n_metrics; i++) free(info->metrics[i].name);
    free(info->scenarios);
    free(info->times);
    free(info->metrics);
    *info = (struct results_info){0};
}

/* Reading what a results file says of itself, and computing its digest anew. The file may come from anywhere: it is read with
 * no plug-ins, no links and no storage outside it (sim/hdf.h). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/digest.h"
#include "sim/hdf.h"
#include "sim/results.h"
#include "sim/results_digest.h"

enum { METRICS_MAXIMUM = 10000, STATISTICS_MAXIMUM = 100, BLOCK = 1 << 16 /* doubles read at a time */ };

/* The datasets of a metric, by their folders and dimensions, in each kind of file; the first are listed to find the metrics. */
struct form {
    const char *output;
    bool replicates; /* a dimension; else statistics */
    size_t n_places;
    struct place {
        const char *folder;
        bool series;
    } places[3];
};

static const struct form forms[] = {
    {"all", true, 2, {{"", true}, {"summary/", false}}},
    {"summary", true, 1, {{"summary/", false}}},
    {"quantiles", false, 3, {{"", true}, {"summary/", false}, {"difference/", false}}},
};

static const struct form *form_of(const struct results_info *info)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].output, info->output) == 0) return &forms[i];
    return NULL;
}

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
        {"output", info->output, sizeof info->output},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        hdf_read_attribute(f, f->file, texts[i].name, texts[i].text, texts[i].size);
    hdf_read_attribute_int(f, f->file, "burn_in", &info->burn_in);
    hdf_read_attribute_int(f, f->file, "horizon", &info->horizon);
    hdf_read_attribute_int(f, f->file, "replicates", &info->replicates);
    if (!f->failed && (strcmp(info->program, "enforcesim") != 0 || strlen(info->digest) != RESULTS_DIGEST - 1))
        hdf_fail(f, "is not a results file of EnforceSim");
    if (info->output[0] == '\0') snprintf(info->output, sizeof info->output, "all"); /* of a program that had no choice */
    if (!f->failed && form_of(info) == NULL) hdf_fail(f, "is of a kind that this program does not know");
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
    static const char *const coordinates[] = {"scenario", "replicate", "time", "point", "statistic"};
    bool metric = link->type == H5L_TYPE_HARD;
    for (size_t i = 0; i < sizeof coordinates / sizeof *coordinates; i++) metric = metric && strcmp(name, coordinates[i]) != 0;
    if (!metric) return 0;
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
    const size_t over = form_of(info)->replicates ? info->n_replicates : info->n_statistics;
    const size_t wanted[] = {info->n_points, info->n_scenarios, over, info->n_times};
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

static void read_statistics(struct hdf *f, struct results_info *info)
{
    if (f->failed) return;
    hid_t dataset = open_coordinate(f, "statistic", STATISTICS_MAXIMUM, &info->n_statistics);
    hdf_close_dataset(f, dataset);
}

/* That of a dataset whose values are read for what they tell as well. NULL after an error. */
static struct digest *digest_of(struct hdf *f, struct digest_list *digests, const char *folder, const char *name)
{
    struct digest *digest = f->failed ? NULL : digest_add(digests, folder, "", name);
    if (!f->failed && digest == NULL) hdf_no_memory(f, "the digest", (double)digests->n * sizeof *digests->entries);
    return digest;
}

static void read_coordinates(struct hdf *f, struct results_info *info, struct digest_list *digests)
{
    const struct form *form = form_of(info);
    read_scenarios(f, info, digest_of(f, digests, "", "scenario"));
    if (form->replicates) {
        free(read_numbers(f, "replicate", STUDY_MAX_REPLICATES, &info->n_replicates, digest_of(f, digests, "", "replicate")));
    } else {
        read_statistics(f, info);
        info->n_replicates = info->replicates > 0 ? (size_t)info->replicates : 0;
    }
    if (form->places[0].series) info->times = read_numbers(f, "time", STUDY_MAX_DAYS + 1, &info->n_times, digest_of(f, digests, "", "time"));
    read_points(f, info);
}

static void list_metrics(struct hdf *f, struct results_info *info)
{
    struct names names = {f, info};
    if (f->failed) return;
    const char *folder = form_of(info)->places[0].folder;
    const bool root = folder[0] == '\0';
    H5L_info_t link;
    if (!root && (H5Lget_info(f->file, "summary", &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD)) {
        hdf_fail(f, "lacks something that a results file has");
        return;
    }
    hid_t group = root ? f->file : H5Gopen2(f->file, folder, H5P_DEFAULT);
    if (group < 0 || H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, note_metric, &names) < 0)
        hdf_fail(f, "its contents cannot be listed");
    if (!root) hdf_close_group(f, group);
}

static void read_metrics(struct hdf *f, struct results_info *info, struct digest_list *digests)
{
    const struct form *form = form_of(info);
    double *buffer = malloc(BLOCK * sizeof *buffer);
    if (!f->failed && buffer == NULL) hdf_no_memory(f, "the values", BLOCK * sizeof *buffer);
    for (size_t i = 0; i < info->n_metrics * form->n_places && !f->failed; i++) {
        /* The first place last: what it says of a metric is told. */
        const struct place *place = &form->places[form->n_places - 1 - i % form->n_places];
        struct results_metric *metric = &info->metrics[i / form->n_places];
        struct digest *digest = digest_of(f, digests, place->folder, metric->name);
        if (digest != NULL) read_metric(f, info, metric, digests->entries[digests->n - 1].path, place->series, digest, buffer);
    }
    free(buffer);
}

/* All values, and the digest. */
static void read_all(struct hdf *f, struct results_info *info)
{
    struct digest_list digests = {0};
    read_coordinates(f, info, &digests);
    list_metrics(f, info);
    read_metrics(f, info, &digests);
    results_digest(f, &digests, info->computed);
    digest_free(&digests);
}

/* HDF5's own words for what is no file of its kind are of no use to people. */
static int check_kind(const char *path, struct error *e)
{
    static const char hdf5[] = "\x89HDF\r\n\x1a\n", journal[] = "ESJRNL\r\n";
    struct stat status;
    char first[8] = "";
    if (stat(path, &status) != 0) return error_set(e, ERROR_INPUT, "%s: there is no such file", path);
    if (S_ISDIR(status.st_mode)) return error_set(e, ERROR_INPUT, "%s: is a folder; name a results file", path);
    if (!S_ISREG(status.st_mode)) return error_set(e, ERROR_INPUT, "%s: is not a file", path);
    if (status.st_size == 0) return error_set(e, ERROR_INPUT, "%s: is empty; a results file is HDF5", path);
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return error_set(e, ERROR_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    const ssize_t size = read(descriptor, first, sizeof first);
    close(descriptor);
    if (size == sizeof first && memcmp(first, hdf5, sizeof first) == 0) return 0;
    if (size == sizeof first && memcmp(first, journal, sizeof first) == 0)
        return error_set(e, ERROR_INPUT, "%s: holds what a run has finished so far, or a shard, and is no results file yet; 'enforcesim run "
                                         "--resume' or 'merge' makes one of it", path);
    return error_set(e, ERROR_INPUT, "%s: is not an HDF5 file, as results files are", path);
}

int results_info(struct results_info *info, const char *path, struct error *e)
{
    *info = (struct results_info){0};
    struct error cause = {0};
    struct hdf f;
    if (check_kind(path, e) != 0) return -1;
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

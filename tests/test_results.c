/* Writing the results file: read back with HDF5's own interface, what the header and the contract promise is there. */
#include "sim/results.h"

#define H5_USE_110_API
#include <hdf5.h>
#include <hdf5_hl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/folder.h"
#include "tests/toy_model.h"
#include "tests/toy_results.h"

static hid_t open_file(const char *path)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(file >= 0);
    return file;
}

static void close_file(hid_t file)
{
    assert_int_equal(H5Fget_obj_count(file, H5F_OBJ_ALL), 1); /* the tests have closed all they opened */
    assert_true(H5Fclose(file) >= 0);
}

/* A text attribute: UTF-8, of fixed length or variable; "" when there is none. */
static const char *text_of(hid_t object, const char *name, char text[512])
{
    text[0] = '\0';
    if (H5Aexists(object, name) <= 0) return text;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT), type = H5Aget_type(attribute);
    assert_int_equal(H5Tget_class(type), H5T_STRING);
    assert_int_equal(H5Tget_cset(type), H5T_CSET_UTF8);
    assert_int_equal(H5Tis_variable_str(type), 0);
    assert_true(H5Tget_size(type) < 512);
    memset(text, 0, 512);
    assert_true(H5Aread(attribute, type, text) >= 0);
    H5Tclose(type);
    H5Aclose(attribute);
    return text;
}

static void assert_text(hid_t object, const char *name, const char *expected)
{
    char text[512];
    assert_string_equal(text_of(object, name, text), expected);
}

/* Labels must be variable-length UTF-8: other strings crash some readers. */
static void assert_labels(hid_t file, const char *path, const char *const *expected, hsize_t n)
{
    char *texts[16];
    hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT), space = H5Dget_space(dataset), type = H5Dget_type(dataset);
    assert_int_equal(H5Sget_simple_extent_npoints(space), n);
    assert_true(n <= 16 && H5Tis_variable_str(type) > 0 && H5Tget_cset(type) == H5T_CSET_UTF8);
    assert_true(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts) >= 0);
    for (hsize_t i = 0; i < n; i++) assert_string_equal(texts[i], expected[i]);
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts);
    H5Tclose(type);
    H5Sclose(space);
    H5Dclose(dataset);
}

static const char *const scenario_names[] = {"open", "greedy", "late-greed_2"};
static const char *const policy_names[] = {"open", "greedy"};
static const hsize_t series_shape[] = {TOY_SCENARIOS, TOY_REPLICATES, TOY_TIMES};

/* Every value of the file against the journal's. */
static void assert_values(hid_t file, const struct toy_results *toy)
{
    const uint32_t replicates = toy->study.replicates;
    struct metric_entry entries[TOY_METRICS];
    model_metrics(toy->study.model, entries);
    double *kept = malloc(study_values(&toy->study) * sizeof *kept);
    const hsize_t shape[] = {TOY_SCENARIOS, replicates, TOY_TIMES};
    assert_non_null(kept);
    for (size_t m = 0; m < TOY_METRICS; m++) {
        char path[100];
        double *series = toy_results_doubles(file, entries[m].metric->name, 3, shape);
        snprintf(path, sizeof path, "summary/%s", entries[m].metric->name);
        double *summary = toy_results_doubles(file, path, 2, shape);
        for (uint32_t r = 0; r < replicates; r++) {
            struct error e = {0};
            assert_int_equal(journal_read(toy->journal, r, 0, study_values(&toy->study), kept, &e), 0);
            for (size_t s = 0; s < TOY_SCENARIOS; s++) {
                const double *expected = kept + (s * TOY_METRICS + m) * (TOY_TIMES + 1);
                assert_memory_equal(series + (s * replicates + r) * TOY_TIMES, expected, TOY_TIMES * sizeof *expected);
                assert_memory_equal(summary + s * replicates + r, expected + TOY_TIMES, sizeof *expected);
            }
        }
        free(series);
        free(summary);
    }
    free(kept);
}

static void values_and_coordinates_come_back(void **state)
{
    (void)state;
    static const double times[] = {-30, 0, 30, 60, 90, 95};
    static const hsize_t n_times[] = {TOY_TIMES}, n_replicates[] = {TOY_REPLICATES};
    struct toy_results toy;
    char digest[RESULTS_DIGEST];
    toy_results_run(&toy, 2);
    toy_results_write(&toy, "toy.h5", digest);
    hid_t file = open_file("toy.h5");
    assert_values(file, &toy);
    double *found = toy_results_doubles(file, "time", 1, n_times);
    assert_memory_equal(found, times, sizeof times);
    free(found);
    for (int group = 0; group < 2; group++) {
        assert_labels(file, group ? "summary/scenario" : "scenario", scenario_names, TOY_SCENARIOS);
        found = toy_results_doubles(file, group ? "summary/replicate" : "replicate", 1, n_replicates);
        for (uint32_t r = 0; r < TOY_REPLICATES; r++) assert_true(found[r] == r);
        free(found);
    }
    double *ages = toy_results_doubles(file, "mean_age", 3, series_shape);
    assert_true(!isnan(ages[0]));
    assert_true(isnan(ages[TOY_TIMES * (TOY_REPLICATES + 1) - 1])); /* "greedy", last day: no fish, no age */
    free(ages);
    close_file(file);
    toy_results_close(&toy);
}

/* More replicates than fit one block of values. */
static void blocks_join(void **state)
{
    (void)state;
    enum { MANY = 256 * 1024 / (TOY_TIMES * 8) + 100 };
    struct toy_results toy;
    struct error e = {0};
    char digest[RESULTS_DIGEST];
    toy_results_empty(&toy, MANY);
    const size_t n = study_values(&toy.study);
    double values[1000];
    assert_true(n <= sizeof values / sizeof *values);
    for (uint32_t r = MANY; r-- > 0;) { /* finished in another order than that of the file */
        for (size_t i = 0; i < n; i++) values[i] = r + (double)i * 0x1p-10;
        assert_int_equal(journal_append(toy.journal, r, values, &e), 0);
    }
    toy_results_write(&toy, "toy.h5", digest);
    hid_t file = open_file("toy.h5");
    assert_values(file, &toy);
    close_file(file);
    struct results_info info;
    assert_int_equal(results_info(&info, "toy.h5", &e), 0);
    assert_string_equal(info.computed, digest);
    assert_int_equal(info.n_replicates, MANY);
    results_info_free(&info);
    struct stat status;
    assert_int_equal(stat("toy.h5", &status), 0);
    assert_true((double)status.st_size <= results_size(&toy.study, &toy.record, NULL, strlen(TOY_CONFIG)));
    toy_results_close(&toy);
}

/* ---- what readers need ---- */

static void assert_scales(hid_t file, const char *path, const char *const *names, unsigned rank)
{
    hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT);
    for (unsigned i = 0; i < rank; i++) {
        char name[64];
        hid_t scale = H5Dopen2(file, names[i], H5P_DEFAULT);
        assert_int_equal(H5DSis_scale(scale), 1);
        assert_int_equal(H5DSis_attached(dataset, scale, i), 1);
        assert_int_equal(H5DSget_num_scales(dataset, i), 1);
        const char *slash = strrchr(names[i], '/');
        assert_true(H5DSget_scale_name(scale, name, sizeof name) > 0);
        assert_string_equal(name, slash != NULL ? slash + 1 : names[i]);
        H5Dclose(scale);
    }
    H5Dclose(dataset);
}

/* Undefined is NaN where something can be undefined, and only there. */
static void assert_fill(hid_t dataset, bool nan)
{
    double value = 1;
    assert_int_equal(H5Aexists(dataset, "_FillValue") > 0, nan);
    if (nan) {
        hid_t attribute = H5Aopen(dataset, "_FillValue", H5P_DEFAULT);
        assert_true(H5Aread(attribute, H5T_NATIVE_DOUBLE, &value) >= 0 && isnan(value));
        H5Aclose(attribute);
    }
    hid_t made = H5Dget_create_plist(dataset);
    assert_true(H5Pget_fill_value(made, H5T_NATIVE_DOUBLE, &value) >= 0);
    assert_true(nan ? isnan(value) : value == 0);
    H5Pclose(made);
}

static void metrics_say_what_they_are(void **state)
{
    (void)state;
    static const char *const kinds[] = {[METRIC_flow] = "flow", [METRIC_stock] = "stock", [METRIC_share] = "share", [METRIC_pooled] = "share"};
    static const char *const series_scales[] = {"scenario", "replicate", "time"};
    static const char *const summary_scales[] = {"summary/scenario", "summary/replicate"};
    char digest[RESULTS_DIGEST];
    toy_results_file("toy.h5", digest);
    hid_t file = open_file("toy.h5");
    struct metric_entry entries[TOY_METRICS];
    model_metrics(&toy_model, entries);
    for (size_t m = 0; m < 2 * TOY_METRICS; m++) {
        const struct metric *metric = entries[m / 2].metric;
        const bool summary = m % 2;
        char path[100];
        snprintf(path, sizeof path, "%s%s", summary ? "summary/" : "", metric->name);
        assert_scales(file, path, summary ? summary_scales : series_scales, summary ? 2 : 3);
        hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT);
        assert_text(dataset, "units", metric->unit);
        assert_text(dataset, "long_name", metric->meaning);
        assert_text(dataset, "metric_kind", kinds[metric->kind]);
        assert_text(dataset, "submodel", entries[m / 2].submodel->name);
        assert_text(dataset, "cell_methods",
                    metric->kind == METRIC_flow ? "time: sum"
                    : summary                   ? "time: mean"
                                                : "time: point");
        assert_fill(dataset, metric_is_ratio(metric->kind));
        H5Dclose(dataset);
    }
    hid_t time = H5Dopen2(file, "time", H5P_DEFAULT);
    assert_text(time, "units", "day"); /* "days" would become a duration in xarray */
    H5Dclose(time);
    close_file(file);
}

/* Filters and types of every dataset, and no times anywhere. */
static herr_t inspect(hid_t file, const char *name, const H5O_info_t *info, void *context)
{
    assert_true(info->atime == 0 && info->mtime == 0 && info->ctime == 0 && info->btime == 0);
    if (info->type != H5O_TYPE_DATASET) return 0;
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), type = H5Dget_type(dataset), made = H5Dget_create_plist(dataset);
    if (H5Tget_class(type) == H5T_STRING) {
        assert_true(H5Tis_variable_str(type) > 0 && H5Tget_cset(type) == H5T_CSET_UTF8);
    } else {
        unsigned flags = 0;
        size_t n = 0;
        if (H5Pget_filter_by_id2(made, H5Z_FILTER_FLETCHER32, &flags, &n, NULL, 0, NULL, NULL) < 0)
            fail_msg("%s", name);
        const bool whole = H5Tget_class(type) == H5T_INTEGER;
        assert_true(H5Tequal(type, whole ? H5T_STD_I32LE : H5T_IEEE_F64LE) > 0); /* R has no 64-bit integers */
        ++*(int *)context;
    }
    H5Pclose(made);
    H5Tclose(type);
    H5Dclose(dataset);
    return 0;
}

static void all_numbers_have_checksums_and_no_object_has_times(void **state)
{
    (void)state;
    char digest[RESULTS_DIGEST];
    int datasets = 0, parameters = 0;
    toy_results_file("toy.h5", digest);
    hid_t file = open_file("toy.h5");
    assert_true(H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, inspect, &datasets) >= 0);
    for (size_t g = 0; toy_model.schedule[g] != NULL; g++)
        parameters += (int)parameter_count(toy_model.schedule[g]->parameters);
    assert_int_equal(datasets, 2 * TOY_METRICS + parameters + 5 /* time, phase, its day, replicate in two groups */);
    close_file(file);
}

static void parameters_and_configuration_are_told(void **state)
{
    (void)state;
    static const hsize_t n_policies[] = {TOY_POLICIES}, n_phases[] = {4};
    static const char *const of[] = {"open", "greedy", "late-greed_2", "late-greed_2"}, *const rule[] = {
                                                                                            "open", "greedy", "open",
                                                                                            "greedy"};
    static const double days[] = {0, 0, 0, 40};
    struct toy_results toy;
    char digest[RESULTS_DIGEST];
    toy_results_run(&toy, 1);
    toy_results_write(&toy, "toy.h5", digest);
    hid_t file = open_file("toy.h5");
    assert_labels(file, "parameters/policy", policy_names, TOY_POLICIES);
    for (size_t g = 0; toy_model.schedule[g] != NULL; g++) {
        const struct submodel *submodel = toy_model.schedule[g];
        for (const struct parameter *row = submodel->parameters; row->name != NULL; row++) {
            char path[200];
            snprintf(path, sizeof path, "parameters/%s.%s", submodel->name, row->name);
            double *values = toy_results_doubles(file, path, 1, n_policies);
            for (size_t p = 0; p < TOY_POLICIES; p++) {
                assert_true(values[p] == parameter_value(row, toy.study.policies[p].values.group[g]));
            }
            free(values);
            assert_scales(file, path, (const char *[]){"parameters/policy"}, 1);
            hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT);
            assert_text(dataset, "units", row->type == FIELD_choice ? "1" : row->unit);
            assert_text(dataset, "long_name", row->meaning);
            assert_text(dataset, "source", row->source);
            if (row->type == FIELD_choice)
                assert_text(dataset, "flag_meanings", strcmp(row->name, "gear") ? "linear square" : "line net");
            H5Dclose(dataset);
        }
    }
    assert_labels(file, "config/text", (const char *[]){TOY_CONFIG}, 1);
    assert_labels(file, "config/phase_scenario", of, 4);
    assert_labels(file, "config/phase_policy", rule, 4);
    double *found = toy_results_doubles(file, "config/phase_day", 1, n_phases);
    assert_memory_equal(found, days, sizeof days);
    free(found);
    close_file(file);
    toy_results_close(&toy);
}

static void the_root_tells_where_it_came_from(void **state)
{
    (void)state;
    char digest[RESULTS_DIGEST];
    toy_results_file("toy.h5", digest);
    const char *const texts[][2] = {
        {"title", "Fish in two lakes"},
        {"Conventions", "CF-1.10"},
        {"program", "enforcesim"},
        {"program_version", "9.8.7"},
        {"model", "toy"},
        {"model_version", "1"},
        {"git_commit", "0123abcd"},
        {"compiler", "gcc of old"},
        {"study", "pond"},
        {"baseline", "open"},
        {"seed_text", "12345678901234567890"},
        {"digest", digest},
        {"history", "enforcesim run toy.cfg"},
        {"created", "2012-04-01T00:00:00Z"},
    };
    hid_t file = open_file("toy.h5"), root = H5Gopen2(file, "/", H5P_DEFAULT);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_text(root, texts[i][0], texts[i][1]);
    hid_t attribute = H5Aopen(root, "seed", H5P_DEFAULT);
    uint64_t seed = 0;
    assert_true(H5Aread(attribute, H5T_NATIVE_UINT64, &seed) >= 0 && seed == UINT64_C(12345678901234567890));
    H5Aclose(attribute);
    H5Gclose(root);
    close_file(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(values_and_coordinates_come_back),
        IN_FOLDER(blocks_join),
        IN_FOLDER(metrics_say_what_they_are),
        IN_FOLDER(all_numbers_have_checksums_and_no_object_has_times),
        IN_FOLDER(parameters_and_configuration_are_told),
        IN_FOLDER(the_root_tells_where_it_came_from),
    };
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

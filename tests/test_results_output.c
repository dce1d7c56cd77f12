/* The kinds of a results file: what each holds, that all of it is in the digest, and that nobody's order shows. */
#include <hdf5.h>
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

static const char *const words[] = {[OUTPUT_all] = "all", [OUTPUT_quantiles] = "quantiles", [OUTPUT_summary] = "summary"};

static void write_as(enum study_output output, uint32_t threads, const char *path, char digest[RESULTS_DIGEST])
{
    struct toy_results toy;
    struct stat status;
    toy_results_run_as(&toy, threads, output);
    toy_results_write(&toy, path, digest);
    assert_int_equal(stat(path, &status), 0);
    assert_true((double)status.st_size <= results_size(&toy.study, &toy.record, NULL, strlen(TOY_CONFIG)));
    toy_results_close(&toy);
}

static void assert_text(hid_t file, const char *name, const char *expected)
{
    char text[200] = "";
    hid_t attribute = H5Aopen(file, name, H5P_DEFAULT), type = H5Aget_type(attribute);
    assert_true(H5Tget_size(type) < sizeof text && H5Aread(attribute, type, text) >= 0);
    assert_string_equal(text, expected);
    H5Tclose(type);
    H5Aclose(attribute);
}

static void every_kind_is_told_and_has_its_digest(void **state)
{
    (void)state;
    for (int output = OUTPUT_all; output <= OUTPUT_summary; output++) {
        struct results_info info;
        struct error e = {0};
        char one[RESULTS_DIGEST], three[RESULTS_DIGEST];
        size_t size = 0, again = 0;
        write_as((enum study_output)output, 1, "one.h5", one);
        write_as((enum study_output)output, 3, "three.h5", three);
        assert_string_equal(one, three);
        char *bytes = folder_read_bytes("one.h5", &size), *others = folder_read_bytes("three.h5", &again);
        assert_true(size == again && memcmp(bytes, others, size) == 0);
        free(bytes);
        free(others);
        if (results_info(&info, "one.h5", &e) != 0) fail_msg("%s", e.text);
        assert_string_equal(info.computed, one);
        assert_string_equal(info.output, words[output]);
        assert_int_equal(info.n_metrics, TOY_METRICS);
        assert_int_equal(info.n_replicates, TOY_REPLICATES);
        assert_int_equal(info.n_times, output == OUTPUT_summary ? 0 : TOY_TIMES);
        assert_int_equal(info.n_statistics, output == OUTPUT_quantiles ? AGGREGATE_STATISTICS : 0);
        assert_true(info.metrics[0].kind[0] != '\0' && info.metrics[0].submodel[0] != '\0');
        results_info_free(&info);
        hid_t file = H5Fopen("one.h5", H5F_ACC_RDONLY, H5P_DEFAULT);
        assert_text(file, "output", words[output]);
        assert_int_equal(H5Lexists(file, "time", H5P_DEFAULT) > 0, output != OUTPUT_summary);
        assert_int_equal(H5Lexists(file, "fish", H5P_DEFAULT) > 0, output != OUTPUT_summary);
        assert_int_equal(H5Lexists(file, "replicate", H5P_DEFAULT) > 0, output != OUTPUT_quantiles);
        assert_int_equal(H5Lexists(file, "statistic", H5P_DEFAULT) > 0, output == OUTPUT_quantiles);
        assert_int_equal(H5Lexists(file, "difference", H5P_DEFAULT) > 0, output == OUTPUT_quantiles);
        if (output == OUTPUT_quantiles) assert_text(file, "difference_baseline", "open");
        H5Fclose(file);
    }
}

static void summaries_are_those_of_the_whole_file(void **state)
{
    (void)state;
    static const hsize_t shape[] = {TOY_SCENARIOS, TOY_REPLICATES};
    char digest[RESULTS_DIGEST];
    struct metric_entry entries[TOY_METRICS];
    model_metrics(&toy_model, entries);
    write_as(OUTPUT_all, 1, "all.h5", digest);
    write_as(OUTPUT_summary, 1, "summary.h5", digest);
    hid_t all = H5Fopen("all.h5", H5F_ACC_RDONLY, H5P_DEFAULT), summary = H5Fopen("summary.h5", H5F_ACC_RDONLY, H5P_DEFAULT);
    for (size_t m = 0; m < TOY_METRICS; m++) {
        char path[100];
        snprintf(path, sizeof path, "summary/%s", entries[m].metric->name);
        double *whole = toy_results_doubles(all, path, 2, shape), *alone = toy_results_doubles(summary, path, 2, shape);
        assert_memory_equal(whole, alone, TOY_SCENARIOS * TOY_REPLICATES * sizeof *whole);
        free(whole);
        free(alone);
    }
    H5Fclose(all);
    H5Fclose(summary);
}

/* Means of every cell, and of the differences from "open", against the whole file's. */
static void statistics_are_in_their_place(void **state)
{
    (void)state;
    static const hsize_t series_shape[] = {TOY_SCENARIOS, TOY_REPLICATES, TOY_TIMES}, shape[] = {TOY_SCENARIOS, AGGREGATE_STATISTICS},
                         cells_shape[] = {TOY_SCENARIOS, AGGREGATE_STATISTICS, TOY_TIMES};
    char digest[RESULTS_DIGEST];
    struct metric_entry entries[TOY_METRICS];
    int undefined = 0;
    model_metrics(&toy_model, entries);
    write_as(OUTPUT_all, 1, "all.h5", digest);
    write_as(OUTPUT_quantiles, 1, "quantiles.h5", digest);
    hid_t all = H5Fopen("all.h5", H5F_ACC_RDONLY, H5P_DEFAULT), quantiles = H5Fopen("quantiles.h5", H5F_ACC_RDONLY, H5P_DEFAULT);
    for (size_t m = 0; m < TOY_METRICS; m++) {
        char summary_path[100], difference_path[100];
        const char *name = entries[m].metric->name;
        snprintf(summary_path, sizeof summary_path, "summary/%s", name);
        snprintf(difference_path, sizeof difference_path, "difference/%s", name);
        double *series = toy_results_doubles(all, name, 3, series_shape), *cells = toy_results_doubles(quantiles, name, 3, cells_shape);
        double *summary = toy_results_doubles(all, summary_path, 2, series_shape), *told = toy_results_doubles(quantiles, summary_path, 2, shape);
        double *gaps = toy_results_doubles(quantiles, difference_path, 2, shape);
        for (size_t s = 0; s < TOY_SCENARIOS; s++) {
            for (size_t t = 0; t < TOY_TIMES; t++) {
                double sum = 0, n = 0;
                for (size_t r = 0; r < TOY_REPLICATES; r++) {
                    const double value = series[(s * TOY_REPLICATES + r) * TOY_TIMES + t];
                    if (isnan(value)) continue;
                    sum += value;
                    n++;
                }
                const double mean = cells[(s * AGGREGATE_STATISTICS + AGGREGATE_mean) * TOY_TIMES + t];
                assert_true(cells[(s * AGGREGATE_STATISTICS + AGGREGATE_n) * TOY_TIMES + t] == n);
                undefined += n < TOY_REPLICATES;
                assert_true(n > 0 ? fabs(mean - sum / n) <= 0x1p-11 : isnan(mean));
            }
            double least = (double)INFINITY;
            for (size_t r = 0; r < TOY_REPLICATES; r++) {
                const double *own = summary + s * TOY_REPLICATES;
                least = fmin(least, own[r] - summary[r]);
                assert_true(isnan(own[r]) || (own[r] >= told[s * AGGREGATE_STATISTICS + AGGREGATE_minimum] &&
                                              own[r] <= told[s * AGGREGATE_STATISTICS + AGGREGATE_maximum]));
            }
            if (isfinite(least)) assert_true(gaps[s * AGGREGATE_STATISTICS + AGGREGATE_minimum] == least);
        }
        free(series);
        free(cells);
        free(summary);
        free(told);
        free(gaps);
    }
    assert_true(undefined > 0);
    H5Fclose(all);
    H5Fclose(quantiles);
}

/* One value of each dataset that a kind of file has, changed: the digest is another. */
static void a_changed_value_is_noticed(void **state)
{
    (void)state;
    static const char *const paths[][5] = {[OUTPUT_all] = {"fish", "summary/fish", "time", "replicate"},
                                           [OUTPUT_quantiles] = {"fish", "summary/fish", "difference/fish", "time"},
                                           [OUTPUT_summary] = {"summary/fish", "replicate", "summary/replicate"}};
    for (int output = OUTPUT_all; output <= OUTPUT_summary; output++) {
        for (size_t i = 0; paths[output][i] != NULL; i++) {
            struct results_info info;
            struct error e = {0};
            char digest[RESULTS_DIGEST];
            double values[2000];
            write_as((enum study_output)output, 1, "toy.h5", digest);
            hid_t file = H5Fopen("toy.h5", H5F_ACC_RDWR, H5P_DEFAULT), dataset = H5Dopen2(file, paths[output][i], H5P_DEFAULT);
            assert_true(dataset >= 0 && H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
            values[1] += 1;
            assert_true(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
            H5Dclose(dataset);
            H5Fclose(file);
            assert_int_equal(results_info(&info, "toy.h5", &e), 0);
            assert_string_equal(info.digest, digest);
            assert_string_not_equal(info.computed, digest);
            results_info_free(&info);
        }
    }
}

static void an_unknown_kind_is_refused(void **state)
{
    (void)state;
    struct results_info info;
    struct error e = {0};
    char digest[RESULTS_DIGEST];
    write_as(OUTPUT_summary, 1, "toy.h5", digest);
    hid_t file = H5Fopen("toy.h5", H5F_ACC_RDWR, H5P_DEFAULT), attribute = H5Aopen(file, "output", H5P_DEFAULT),
          type = H5Aget_type(attribute);
    assert_true(H5Awrite(attribute, type, "sumaary") >= 0);
    H5Tclose(type);
    H5Aclose(attribute);
    H5Fclose(file);
    assert_int_equal(results_info(&info, "toy.h5", &e), -1);
    assert_non_null(strstr(e.text, "toy.h5: is of a kind that this program does not know"));
    results_info_free(&info);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(every_kind_is_told_and_has_its_digest),
        IN_FOLDER(summaries_are_those_of_the_whole_file),
        IN_FOLDER(statistics_are_in_their_place),
        IN_FOLDER(a_changed_value_is_noticed),
        IN_FOLDER(an_unknown_kind_is_refused),
    };
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A finished run of the toy model: see the header. */
#include "tests/toy_results.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/run.h"
#include "tests/folder.h"
#include "tests/toy_model.h"

const struct results_provenance toy_provenance = {
    .program_version = "9.8.7",
    .commit = "0123abcd",
    .compiler = "gcc of old",
    .history = "enforcesim run toy.cfg",
    .created = "2012-04-01T00:00:00Z",
};

static void build(struct study *s, uint32_t replicates)
{
    struct error e = {0};
    study_init(s, &toy_model);
    snprintf(s->name, sizeof s->name, "pond");
    s->seed = UINT64_C(12345678901234567890);
    s->replicates = replicates;
    s->calendar = (struct calendar){.burn_in = 60, .horizon = 95};
    s->record_every = 30;
    s->record_before = 30;
    assert_int_equal(study_add_policy(s, "open", -1, &e), 0);
    assert_int_equal(study_add_policy(s, "greedy", 0, &e), 0);
    assert_int_equal(study_set(s, 0, "policy.boats", 1, &e), 0);
    assert_int_equal(study_set(s, 0, "policy.gear", 0, &e), 0);
    assert_int_equal(study_set(s, 1, "policy.effort", 0.9, &e), 0);
    assert_int_equal(study_set(s, 1, "policy.boats", 50, &e), 0); /* no fish is left after some weeks */
    assert_int_equal(study_add_scenario(s, "open", &e), 0);
    assert_int_equal(study_add_scenario(s, "greedy", &e), 0);
    assert_int_equal(study_add_scenario(s, "late-greed_2", &e), 0);
    assert_int_equal(study_add_phase(s, 0, 0, 0, &e), 0);
    assert_int_equal(study_add_phase(s, 1, 0, 1, &e), 0);
    assert_int_equal(study_add_phase(s, 2, 0, 0, &e), 0);
    assert_int_equal(study_add_phase(s, 2, 40, 1, &e), 0);
    assert_int_equal(study_check(s, &e), 0);
    assert_int_equal(study_times(s, NULL), TOY_TIMES);
    assert_int_equal(model_metrics(&toy_model, NULL), TOY_METRICS);
}

void toy_results_empty(struct toy_results *toy, uint32_t replicates) { toy_results_empty_as(toy, replicates, OUTPUT_all); }

void toy_results_empty_as(struct toy_results *toy, uint32_t replicates, enum study_output output)
{
    struct error e = {0};
    build(&toy->study, replicates);
    toy->study.output = (int32_t)output;
    assert_int_equal(record_create(&toy->record, &toy->study, &e), 0);
    const struct journal_identity identity = {.config = TOY_CONFIG,
                                              .model = "toy 1",
                                              .program = "9.8.7",
                                              .seed = toy->study.seed,
                                              .replicates = replicates,
                                              .values = toy->record.values,
                                              .aggregated = output == OUTPUT_quantiles ? &toy->record : NULL};
    assert_int_equal(journal_create(&toy->journal, "toy.partial", &identity, &e), 0);
}

static int keep(void *context, uint32_t replicate, const double *values, struct error *e)
{
    struct toy_results *toy = context;
    double packed[1000];
    assert_true(toy->record.values <= sizeof packed / sizeof *packed);
    record_pack(&toy->record, values, TOY_SCENARIOS, packed);
    return journal_append(toy->journal, replicate, packed, e);
}

void toy_results_run(struct toy_results *toy, uint32_t threads) { toy_results_run_as(toy, threads, OUTPUT_all); }

void toy_results_run_as(struct toy_results *toy, uint32_t threads, enum study_output output)
{
    struct error e = {0};
    toy_results_empty_as(toy, TOY_REPLICATES, output);
    struct run_options options = {.threads = threads, .done = keep, .context = toy, .verify = true};
    assert_int_equal(study_run(&toy->study, &options, &e), 0);
    assert_int_equal(journal_count(toy->journal), TOY_REPLICATES);
}

void toy_results_close(struct toy_results *toy)
{
    journal_close(toy->journal);
    record_free(&toy->record);
    study_free(&toy->study);
}

struct results_content toy_results_content(const struct toy_results *toy)
{
    return (struct results_content){.study = &toy->study, .record = &toy->record, .journal = toy->journal, .config = TOY_CONFIG,
                                    .provenance = toy_provenance};
}

void toy_results_write(const struct toy_results *toy, const char *path, char digest[RESULTS_DIGEST])
{
    struct error e = {0};
    const struct results_content content = toy_results_content(toy);
    int status = results_write(path, true, &content, digest, &e);
    if (status != 0) fail_msg("%s", e.text);
}

void toy_results_file(const char *path, char digest[RESULTS_DIGEST])
{
    struct toy_results toy;
    toy_results_run(&toy, 1);
    toy_results_write(&toy, path, digest);
    toy_results_close(&toy);
}

char *toy_results_original(size_t *size, char digest[RESULTS_DIGEST])
{
    void *folder = NULL;
    if (folder_enter(&folder) != 0) return NULL;
    toy_results_file("toy.h5", digest);
    char *bytes = folder_read_bytes("toy.h5", size);
    return folder_leave(&folder) == 0 ? bytes : NULL;
}

double *toy_results_doubles(hid_t file, const char *path, int rank, const hsize_t *shape)
{
    hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT), space = H5Dget_space(dataset);
    hsize_t size[8], n = 1;
    assert_int_equal(H5Sget_simple_extent_ndims(space), rank);
    assert_int_equal(H5Sget_simple_extent_dims(space, size, NULL), rank);
    for (int i = 0; i < rank; n *= size[i++]) assert_int_equal(size[i], shape[i]);
    double *values = malloc((size_t)n * sizeof *values);
    assert_non_null(values);
    assert_true(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Sclose(space);
    H5Dclose(dataset);
    return values;
}

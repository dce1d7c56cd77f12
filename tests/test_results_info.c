/* Reading a results file: what it says of itself; a foreign, changed or hostile one gets a line of text and no more. */
#include "sim/results.h"

#include <hdf5.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/folder.h"
#include "tests/toy_results.h"

/* A sound results file and its digest, made once. */
static char *original, original_digest[RESULTS_DIGEST];
static size_t original_size;

static int make_original(void **state)
{
    (void)state;
    original = toy_results_original(&original_size, original_digest);
    return original != NULL ? 0 : -1;
}

static int free_original(void **state)
{
    (void)state;
    free(original);
    return 0;
}

static void write_original(const char *path) { folder_write_new(path, original, original_size); }

/* Nothing of HDF5 is left open: a process that looks at many files must not fill up. */
static void assert_nothing_open(void) { assert_int_equal(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL), 0); }

static void one_line(const struct error *e, const char *path)
{
    assert_int_equal(e->kind, ERROR_INPUT);
    assert_true(strncmp(e->text, path, strlen(path)) == 0 && e->text[strlen(path)] == ':');
    assert_true(strlen(e->text) > strlen(path) + 5 && strlen(e->text) < 500);
    assert_null(strchr(e->text, '\n'));
}

static void assert_refused(const char *path)
{
    struct results_info info;
    struct error e = {0};
    if (results_info(&info, path, &e) != -1) fail_msg("%s was not refused", path);
    one_line(&e, path);
    results_info_free(&info);
    assert_nothing_open();
}

/* Whether the file is whole: it opens and its values have the digest that it states. */
static bool verified(const char *path)
{
    struct results_info info;
    struct error e = {0};
    if (results_info(&info, path, &e) != 0) fail_msg("%s", e.text);
    bool same = strcmp(info.digest, info.computed) == 0;
    assert_int_equal(strlen(info.computed), RESULTS_DIGEST - 1);
    results_info_free(&info);
    assert_nothing_open();
    return same;
}

static void info_tells_what_is_there(void **state)
{
    (void)state;
    struct results_info info;
    struct error e = {0};
    write_original("toy.h5");
    assert_int_equal(results_info(&info, "toy.h5", &e), 0);
    assert_string_equal(info.digest, original_digest);
    assert_string_equal(info.computed, original_digest);
    const char *const texts[][2] = {
        {info.title, "Fish in two lakes"},
        {info.study, "pond"},
        {info.created, toy_provenance.created},
        {info.program, "enforcesim"},
        {info.program_version, toy_provenance.program_version},
        {info.model_version, "1"},
        {info.commit, toy_provenance.commit},
        {info.compiler, toy_provenance.compiler},
        {info.seed, "12345678901234567890"},
        {info.history, toy_provenance.history},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_string_equal(texts[i][0], texts[i][1]);
    assert_int_equal(info.burn_in, 60);
    assert_int_equal(info.horizon, 95);
    assert_int_equal(info.n_replicates, TOY_REPLICATES);
    assert_int_equal(info.n_times, TOY_TIMES);
    assert_true(info.times[0] == -30 && info.times[TOY_TIMES - 1] == 95);
    assert_int_equal(info.n_scenarios, TOY_SCENARIOS);
    assert_string_equal(info.scenarios[2], "late-greed_2");
    assert_int_equal(info.n_metrics, TOY_METRICS);
    const struct results_metric *births = &info.metrics[0]; /* in the order of their names */
    assert_string_equal(births->name, "births");
    assert_string_equal(births->kind, "flow");
    assert_string_equal(births->unit, "fish");
    assert_string_equal(births->submodel, "growth");
    results_info_free(&info);
    assert_nothing_open();
}

/* ---- changes ---- */

static hid_t open_to_change(const char *path)
{
    write_original(path);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(file >= 0);
    return file;
}

static void close_changed(hid_t file) { assert_true(H5Fclose(file) >= 0); }

static void one_changed_value_is_noticed(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int rank;
    } places[] = {{"births", 3}, {"summary/mean_age", 2}, {"time", 1}, {"replicate", 1}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        hid_t file = open_to_change("toy.h5"), dataset = H5Dopen2(file, places[i].path, H5P_DEFAULT),
              space = H5Dget_space(dataset);
        const hsize_t at[] = {0, 0, 0}, one[] = {1, 1, 1};
        hid_t memory = H5Screate_simple(places[i].rank, one, NULL);
        double value = 0;
        assert_true(H5Sselect_hyperslab(space, H5S_SELECT_SET, at, NULL, one, NULL) >= 0);
        assert_true(H5Dread(dataset, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, &value) >= 0);
        value += 1;
        assert_true(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, &value) >= 0);
        H5Sclose(memory);
        H5Sclose(space);
        H5Dclose(dataset);
        close_changed(file);
        assert_false(verified("toy.h5"));
    }
}

static herr_t copy_attribute(hid_t from, const char *name, const H5A_info_t *about, void *to)
{
    char bytes[1024];
    hid_t old = H5Aopen(from, name, H5P_DEFAULT), type = H5Aget_type(old), space = H5Aget_space(old);
    assert_true(about->data_size <= sizeof bytes);
    assert_true(H5Aread(old, type, bytes) >= 0); /* of references too: their targets stay where they are */
    hid_t new = H5Acreate2(*(hid_t *)to, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(new >= 0 && H5Awrite(new, type, bytes) >= 0);
    if (H5Tdetect_class(type, H5T_VLEN) > 0) assert_true(H5Dvlen_reclaim(type, space, H5P_DEFAULT, bytes) >= 0);
    H5Aclose(new);
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(old);
    return 0;
}

static void copy_attributes(hid_t from, hid_t to)
{
    assert_true(H5Aiterate2(from, H5_INDEX_NAME, H5_ITER_INC, NULL, copy_attribute, &to) >= 0);
}

/* Writes a metric anew, with other storage: chunk 0 is contiguous; compression from 0 to 9. */
static void store_anew(hid_t file, const char *path, hsize_t chunk, unsigned compression)
{
    double values[TOY_SCENARIOS * TOY_REPLICATES * TOY_TIMES];
    hid_t before = H5Dopen2(file, path, H5P_DEFAULT), space = H5Dget_space(before), create = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t chunks[] = {chunk, chunk, chunk};
    assert_true(H5Dread(before, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    if (chunk > 0) assert_true(H5Pset_chunk(create, 3, chunks) >= 0);
    if (compression > 0) assert_true(H5Pset_deflate(create, compression) >= 0);
    assert_true(H5Ldelete(file, path, H5P_DEFAULT) >= 0);
    hid_t fresh = H5Dcreate2(file, path, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, create, H5P_DEFAULT);
    assert_true(fresh >= 0 && H5Dwrite(fresh, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    copy_attributes(before, fresh);
    H5Dclose(before);
    H5Dclose(fresh);
    H5Pclose(create);
    H5Sclose(space);
}

static void storage_does_not_enter_the_digest(void **state)
{
    (void)state;
    static const struct {
        hsize_t chunk;
        unsigned compression;
    } ways[] = {{0, 0}, {1, 0}, {2, 9}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        hid_t file = open_to_change("toy.h5");
        store_anew(file, "fish", ways[i].chunk, ways[i].compression);
        store_anew(file, "mean_age", ways[i].chunk, ways[i].compression);
        close_changed(file);
        assert_true(verified("toy.h5"));
    }
}

static void a_lost_or_added_metric_is_noticed(void **state)
{
    (void)state;
    hid_t file = open_to_change("toy.h5");
    assert_true(H5Ldelete(file, "births", H5P_DEFAULT) >= 0);
    close_changed(file);
    assert_false(verified("toy.h5"));
    file = open_to_change("toy.h5");
    assert_true(H5Lmove(file, "births", file, "deaths", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    close_changed(file);
    assert_refused("toy.h5"); /* its summary is missing */
    file = open_to_change("toy.h5");
    assert_true(H5Lmove(file, "births", file, "deaths", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Lmove(file, "summary/births", file, "summary/deaths", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    close_changed(file);
    assert_false(verified("toy.h5"));
}

/* ---- files that are none ---- */

static void foreign_files_are_refused(void **state)
{
    (void)state;
    folder_write("empty.h5", "");
    folder_write("text.h5", "time,births\n0,1\n");
    folder_write_bytes("signature.h5", "\x89HDF\r\n\x1a\n", 8);
    assert_int_equal(mkdir("folder.h5", 0700), 0);
    assert_int_equal(mkfifo("pipe.h5", 0600), 0);
    hid_t file = H5Fcreate("other.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(file >= 0 && H5Fclose(file) >= 0);
    static const char *const paths[] = {"empty.h5", "text.h5",  "signature.h5", "folder.h5",
                                        "pipe.h5",  "other.h5", "missing.h5"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) assert_refused(paths[i]);
    struct toy_results toy;
    toy_results_run(&toy, 1);
    toy_results_close(&toy);
    assert_refused("toy.partial");
}

static void truncated_files_are_refused(void **state)
{
    (void)state;
    for (size_t left = 0; left < original_size; left += left < 200 ? 1 : 997) {
        folder_write_new("cut.h5", original, left);
        assert_refused("cut.h5");
    }
    folder_write_new("cut.h5", original, original_size - 1);
    assert_refused("cut.h5");
}

/* ---- files that reach out ---- */

/* Files elsewhere that look like what a metric should be. */
static void make_bait(void)
{
    static const double values[TOY_SCENARIOS * TOY_REPLICATES * TOY_TIMES];
    folder_write_bytes("bait.bin", (const char *)values, sizeof values);
    write_original("bait.h5");
}

/* A dataset of a metric's shape whose values lie in another file. */
static void outside(hid_t file, const char *path, int rank, bool virtual)
{
    static const hsize_t size[] = {TOY_SCENARIOS, TOY_REPLICATES, TOY_TIMES};
    hid_t space = H5Screate_simple(rank, size, NULL), create = H5Pcreate(H5P_DATASET_CREATE);
    if (virtual)
        assert_true(H5Pset_virtual(create, space, "bait.h5", path, space) >= 0);
    else
        assert_true(H5Pset_external(create, "bait.bin", 0, H5F_UNLIMITED) >= 0);
    assert_true(H5Ldelete(file, path, H5P_DEFAULT) >= 0);
    hid_t dataset = H5Dcreate2(file, path, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, create, H5P_DEFAULT);
    assert_true(dataset >= 0);
    H5Dclose(dataset);
    H5Pclose(create);
    H5Sclose(space);
}

static void storage_elsewhere_is_refused(void **state)
{
    (void)state;
    make_bait();
    for (int i = 0; i < 4; i++) {
        hid_t file = open_to_change("toy.h5");
        outside(file, i / 2 ? "summary/births" : "births", i / 2 ? 2 : 3, i % 2);
        close_changed(file);
        assert_refused("toy.h5");
    }
}

static void links_are_not_followed(void **state)
{
    (void)state;
    make_bait();
    static const char *const paths[] = {"summary/births", "summary", "time", "scenario", "replicate", "births"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        for (int soft = 0; soft < 2; soft++) {
            hid_t file = open_to_change("toy.h5");
            const bool metric = strcmp(paths[i], "births") == 0;
            if (soft) {
                assert_true(H5Lmove(file, paths[i], file, "config/moved", H5P_DEFAULT, H5P_DEFAULT) >= 0);
                assert_true(H5Lcreate_soft("/config/moved", file, paths[i], H5P_DEFAULT, H5P_DEFAULT) >= 0);
            } else {
                assert_true(H5Ldelete(file, paths[i], H5P_DEFAULT) >= 0);
                assert_true(H5Lcreate_external("bait.h5", paths[i], file, paths[i], H5P_DEFAULT, H5P_DEFAULT) >= 0);
            }
            close_changed(file);
            /* The very values it should have stand behind the link, and yet: a link is no metric, so one is missing. */
            if (metric)
                assert_false(verified("toy.h5"));
            else
                assert_refused("toy.h5");
        }
    }
}

/* ---- files that lie ---- */

static void replace_dataset(hid_t file, const char *path, hid_t type, int rank, const hsize_t *size)
{
    hid_t space = H5Screate_simple(rank, size, NULL);
    assert_true(H5Ldelete(file, path, H5P_DEFAULT) >= 0);
    hid_t dataset = H5Dcreate2(file, path, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(dataset >= 0);
    H5Dclose(dataset);
    H5Sclose(space);
}

static void impossible_contents_are_refused(void **state)
{
    (void)state;
    const hsize_t huge = (hsize_t)1 << 40;
    const struct {
        const char *path;
        hid_t type;
        int rank;
        hsize_t size[4];
    } lies[] = {
        {"births", H5T_NATIVE_DOUBLE, 2, {TOY_SCENARIOS, TOY_REPLICATES}},
        {"births", H5T_NATIVE_DOUBLE, 3, {TOY_SCENARIOS, TOY_REPLICATES, TOY_TIMES + 1}},
        {"births", H5T_NATIVE_DOUBLE, 4, {TOY_SCENARIOS, TOY_REPLICATES, TOY_TIMES, 1}},
        {"births", H5T_NATIVE_DOUBLE, 3, {TOY_SCENARIOS, 0, TOY_TIMES}},
        {"births", H5T_C_S1, 3, {TOY_SCENARIOS, TOY_REPLICATES, TOY_TIMES}},
        {"births", H5T_STD_REF_OBJ, 3, {TOY_SCENARIOS, TOY_REPLICATES, TOY_TIMES}},
        {"summary/births", H5T_NATIVE_DOUBLE, 2, {TOY_SCENARIOS, huge}},
        {"time", H5T_NATIVE_INT32, 1, {huge}},
        {"replicate", H5T_NATIVE_INT32, 1, {huge}},
        {"scenario", H5T_NATIVE_INT32, 1, {TOY_SCENARIOS}},
        {"scenario", H5T_C_S1, 1, {TOY_SCENARIOS}},
        {"scenario", H5T_C_S1, 1, {huge}},
        {"scenario", H5T_NATIVE_INT32, 2, {TOY_SCENARIOS, 1}},
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        hid_t file = open_to_change("toy.h5");
        replace_dataset(file, lies[i].path, lies[i].type, lies[i].rank, lies[i].size);
        close_changed(file);
        assert_refused("toy.h5");
    }
    /* Labels that were never written. */
    hid_t file = open_to_change("toy.h5"), text = H5Tcopy(H5T_C_S1);
    assert_true(H5Tset_size(text, H5T_VARIABLE) >= 0);
    replace_dataset(file, "scenario", text, 1, (hsize_t[]){TOY_SCENARIOS});
    H5Tclose(text);
    close_changed(file);
    assert_refused("toy.h5");
}

/* Attributes of a wrong type or of any length are no reason to fall over. */
static void odd_attributes_do_no_harm(void **state)
{
    (void)state;
    enum { LONG = 60000 };
    hid_t file = open_to_change("toy.h5"), scalar = H5Screate(H5S_SCALAR);
    hid_t text = H5Tcopy(H5T_C_S1), variable = H5Tcopy(H5T_C_S1);
    char *history = malloc(LONG);
    assert_non_null(history);
    memset(history, 'x', LONG);
    assert_true(H5Tset_size(text, LONG) >= 0 && H5Tset_size(variable, H5T_VARIABLE) >= 0);
    static const char *const names[] = {"history", "title", "burn_in", "study", "compiler"};
    for (size_t i = 0; i < 5; i++) assert_true(H5Adelete(file, names[i]) >= 0);
    const hid_t types[] = {text, H5T_NATIVE_INT, text, variable};
    hid_t attributes[4];
    for (size_t i = 0; i < 4; i++)
        attributes[i] = H5Acreate2(file, names[i], types[i], scalar, H5P_DEFAULT, H5P_DEFAULT);
    const char *pond = "another pond";
    assert_true(H5Awrite(attributes[0], text, history) >= 0 && H5Awrite(attributes[3], variable, &pond) >= 0);
    for (size_t i = 0; i < 4; i++) assert_true(H5Aclose(attributes[i]) >= 0);
    H5Tclose(variable);
    H5Tclose(text);
    H5Sclose(scalar);
    close_changed(file);

    struct results_info info;
    struct error e = {0};
    assert_int_equal(results_info(&info, "toy.h5", &e), 0);
    assert_int_equal(strlen(info.history), sizeof info.history - 1);
    assert_true(info.title[0] == '\0' && info.compiler[0] == '\0' && info.study[0] == '\0' && info.burn_in == 0);
    assert_string_not_equal(info.digest, info.computed); /* title, study and burn_in have changed */
    results_info_free(&info);
    assert_nothing_open();
    free(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(info_tells_what_is_there),          IN_FOLDER(one_changed_value_is_noticed),
        IN_FOLDER(storage_does_not_enter_the_digest), IN_FOLDER(a_lost_or_added_metric_is_noticed),
        IN_FOLDER(foreign_files_are_refused),         IN_FOLDER(truncated_files_are_refused),
        IN_FOLDER(storage_elsewhere_is_refused),      IN_FOLDER(links_are_not_followed),
        IN_FOLDER(impossible_contents_are_refused),   IN_FOLDER(odd_attributes_do_no_harm),
    };
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return cmocka_run_group_tests(tests, make_original, free_original);
}

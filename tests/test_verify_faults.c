/* Every call of the system and every allocation that can fail while a journal is kept and a results file is made of it: there
 * is always a message, and the file is the old one, or none, or the complete new one, byte for byte. The calls are made to fail
 * by fault_shim.so, with which this program starts itself anew. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/apart.h"
#include "tests/effort.h"
#include "tests/fault_support.h"
#include "tests/folder.h"
#include "tests/toy_results.h"

/* A way for calls to fail: the k-th alone, or all from the k-th on. */
struct fault {
    const char *call;
    int error;
    bool lasting;
};

static const struct fault faults[] = {
    {"write", ENOSPC, false}, {"write", ENOSPC, true}, {"write", EIO, false},    {"write", 0, false},
    {"write", EINTR, false},  {"sync", EIO, false},    {"sync", ENOSPC, true},   {"rename", EIO, false},
    {"rename", ENOSPC, true}, {"close", EIO, false},   {"close", EIO, true},     {"open", EMFILE, false},
    {"open", ENOSPC, true},   {"truncate", EIO, true}, {"truncate", EIO, false}, {"read", EIO, false},
    {"read", EINTR, false},   {"read", 0, false},      {"fork", EAGAIN, false},
};
enum { FAULTS = sizeof faults / sizeof *faults };

static void set(const struct fault *fault, uint64_t k)
{
    faults_arm(fault->call, k, fault->lasting ? UINT64_MAX : k, fault->error);
}

static void assert_bytes(const char *path, const char *expected, size_t size)
{
    size_t found = 0;
    char *bytes = folder_read_bytes(path, &found);
    assert_int_equal(found, size);
    assert_memory_equal(bytes, expected, size);
    free(bytes);
}

static bool same_bytes(const char *path, const char *expected, size_t size)
{
    size_t found = 0;
    char *bytes = folder_read_bytes(path, &found);
    bool same = found == size && memcmp(bytes, expected, size) == 0;
    free(bytes);
    return same;
}

/* ---- the results file ---- */

struct writing {
    struct toy_results toy;
    char digest[RESULTS_DIGEST];
    char *whole, *journal; /* the right results file, and the journal it is made of */
    size_t whole_size, journal_size;
};

static int write_results(void *context, struct error *e)
{
    struct writing *w = context;
    faults_default_signals();
    if (journal_verify(w->toy.journal, e) != 0) return -1;
    const struct results_content content = toy_results_content(&w->toy);
    return results_write("toy.h5", true, &content, w->digest, e);
}

static void writing_begin(struct writing *w, enum study_output output)
{
    toy_results_run_as(&w->toy, 1, output);
    toy_results_write(&w->toy, "right.h5", w->digest);
    w->whole = folder_read_bytes("right.h5", &w->whole_size);
    w->journal = folder_read_bytes("toy.partial", &w->journal_size);
    assert_int_equal(write_results(w, NULL), 0);
    assert_bytes("toy.h5", w->whole, w->whole_size);
}

static void writing_end(struct writing *w)
{
    toy_results_close(&w->toy);
    free(w->whole);
    free(w->journal);
}

/* Writes anew over an old file while the k-th call fails. Returns whether it went well all the same. */
static bool write_with(struct writing *w, const struct fault *fault, uint64_t k)
{
    struct error e = {0};
    unlink("toy.h5");
    folder_write("toy.h5", "old");
    set(fault, k);
    int status = apart_work(write_results, w, "toy.h5", &e);
    faults_arm("fork", 0, 0, 0);
    unlink("toy.h5.enforcesim-tmp"); /* which command_run does where the child could not */
    bool whole = same_bytes("toy.h5", w->whole, w->whole_size), old = same_bytes("toy.h5", "old", 3);
    bool message = e.kind == ERROR_FAILURE && e.text[0] != '\0' && strchr(e.text, '\n') == NULL;
    if (status == 0 ? !whole : !(message && (whole || old)))
        fail_msg("%s %llu: status %d, file %s, message '%s'", fault->call, (unsigned long long)k, status,
                 whole ? "new"
                 : old ? "old"
                       : "neither",
                 e.text);
    assert_bytes("toy.partial", w->journal, w->journal_size);
    return status == 0;
}

static uint64_t calls_of(struct writing *w, const char *call)
{
    const struct fault none = {.call = call};
    struct error e = {0};
    set(&none, 0);
    assert_int_equal(apart_work(write_results, w, "toy.h5", &e), 0);
    return faults_count(call);
}

static void any_call_may_fail_while_results_are_written(void **state)
{
    (void)state;
    struct writing w;
    writing_begin(&w, OUTPUT_all);
    uint64_t failed = 0;
    for (size_t i = 0; i < FAULTS; i++) {
        uint64_t n = calls_of(&w, faults[i].call), well = 0;
        if (n == 0 && strcmp(faults[i].call, "truncate") != 0) fail_msg("there is no %s", faults[i].call);
        for (uint64_t k = 1; k <= n; k++) well += write_with(&w, &faults[i], k);
        failed += n - well;
        /* Half a write or read, and one that is to be tried again, are no failures; one that fails lastingly is one. */
        if (faults[i].error == 0 || faults[i].error == EINTR) assert_int_equal(well, n);
        if (faults[i].lasting && strcmp(faults[i].call, "close") != 0) assert_int_equal(well, 0);
    }
    assert_true(failed > 100);
    writing_end(&w);
}

/* The next call to fail after the k-th of n: in make verify the next one, else one some `step` further on, and the last. */
static uint64_t next_call(uint64_t k, uint64_t n, uint64_t step)
{
    uint64_t next = k + (uint64_t)effort((int64_t)step, 1);
    return k < n && next > n ? n : next;
}

static void any_allocation_may_fail_while_results_are_written(void **state)
{
    (void)state;
    const struct fault fault = {"malloc", ENOMEM, false};
    for (enum study_output output = OUTPUT_all; output <= OUTPUT_summary; output++) {
        struct writing w;
        writing_begin(&w, output);
        const uint64_t n = calls_of(&w, "malloc");
        uint64_t failed = 0, tried = 0;
        for (uint64_t k = 1; k <= n; k = next_call(k, n, 23), tried++) failed += !write_with(&w, &fault, k);
        print_message("%llu of %llu allocations failed, %llu of them mattered\n", (unsigned long long)tried,
                      (unsigned long long)n, (unsigned long long)failed);
        assert_true(failed > tried / 2);
        writing_end(&w);
    }
}

/* Each function's calls 1, 3, 7, 15... */
static void any_call_of_hdf5_may_fail_while_results_are_written(void **state)
{
    (void)state;
    struct writing w;
    writing_begin(&w, OUTPUT_all);
    uint64_t failed = 0, tried = 0;
    for (const char *const *name = faults_hdf_names(); *name != NULL; name++) {
        const uint64_t n = calls_of(&w, *name);
        for (uint64_t k = 1; k <= n; k = next_call(k, n, k + 1), tried++)
            failed += !write_with(&w, &(struct fault){*name, EIO, false}, k);
    }
    print_message("%llu calls of HDF5 failed, %llu of them mattered\n", (unsigned long long)tried,
                  (unsigned long long)failed);
    assert_true(failed > tried / 2);
    writing_end(&w);
}

/* Some file systems cannot rename without replacing. What is there already stays then as well. */
static void a_file_system_that_only_replaces_will_do(void **state)
{
    (void)state;
    struct writing w;
    struct error e = {0};
    writing_begin(&w, OUTPUT_all);
    for (int present = 0; present < 2; present++) {
        unlink("toy.h5");
        if (present) folder_write("toy.h5", "old");
        faults_arm("rename", 1, 1, EINVAL);
        const struct results_content content = toy_results_content(&w.toy);
        int status = results_write("toy.h5", false, &content, w.digest, &e);
        faults_arm("rename", 0, 0, 0);
        assert_int_equal(status, present ? -1 : 0);
        assert_true(access("toy.h5.enforcesim-tmp", F_OK) != 0);
        if (!present) assert_bytes("toy.h5", w.whole, w.whole_size);
    }
    assert_bytes("toy.h5", "old", 3);
    assert_string_equal(e.text, "toy.h5: cannot be put in place: File exists");
    writing_end(&w);
}

/* ---- reading it ---- */

/* All of it is right, or an error. */
static int read_results(void *context, struct error *e)
{
    const struct results_info *right = context;
    struct results_info info;
    faults_default_signals();
    if (results_info(&info, "right.h5", e) != 0) return -1;
    bool good = strcmp(info.computed, right->computed) == 0 && strcmp(info.digest, right->digest) == 0 &&
                info.n_scenarios == right->n_scenarios && info.n_metrics == right->n_metrics &&
                info.n_replicates == right->n_replicates && info.n_times == right->n_times &&
                info.burn_in == right->burn_in && info.horizon == right->horizon &&
                strcmp(info.title, right->title) == 0 && strcmp(info.seed, right->seed) == 0;
    for (size_t i = 0; good && i < info.n_scenarios; i++) good = strcmp(info.scenarios[i], right->scenarios[i]) == 0;
    results_info_free(&info);
    return good ? 0 : error_set(e, ERROR_INPUT, "something else was read");
}

/* Reads "right.h5" with some calls failing in turn; returns how many mattered of how many. */
static uint64_t read_in_turn(const struct results_info *right, const char *call, int error, uint64_t step,
                             uint64_t *tried)
{
    struct error e = {0};
    uint64_t failed = 0;
    faults_arm(call, 0, 0, 0);
    assert_int_equal(apart_work(read_results, (void *)(uintptr_t)right, "right.h5", &e), 0);
    const uint64_t n = faults_count(call);
    for (uint64_t k = 1; k <= n; k = next_call(k, n, step > 0 ? step : k + 1), ++*tried) {
        faults_arm(call, k, k, error);
        int status = apart_work(read_results, (void *)(uintptr_t)right, "right.h5", &e);
        faults_arm("fork", 0, 0, 0);
        bool crashed =
            strstr(e.text, "was ended by") != NULL && error != ENOMEM; /* HDF5 itself bears no want of memory */
        if (status != 0 && (crashed || strncmp(e.text, "right.h5: ", 10) != 0))
            fail_msg("%s %llu: %s", call, (unsigned long long)k, e.text);
        failed += status != 0;
        e = (struct error){0};
    }
    return failed;
}

static void any_call_may_fail_while_results_are_read(void **state)
{
    (void)state;
    struct results_info right;
    struct error e = {0};
    char digest[RESULTS_DIGEST];
    toy_results_file("right.h5", digest);
    assert_int_equal(results_info(&right, "right.h5", &e), 0);
    uint64_t tried = 0, failed = read_in_turn(&right, "malloc", ENOMEM, 61, &tried);
    failed += read_in_turn(&right, "read", EIO, 1, &tried);
    for (const char *const *name = faults_hdf_names(); *name != NULL; name++)
        failed += read_in_turn(&right, *name, EIO, 0, &tried);
    print_message("%llu calls failed, %llu of them mattered\n", (unsigned long long)tried, (unsigned long long)failed);
    assert_true(failed > tried / 2);
    results_info_free(&right);
}

/* ---- the journal ---- */

enum { VALUES = 5, REPLICATES = 4 };

static const struct journal_identity identity = {.config = "run = { };\n",
                                                 .model = "toy 1",
                                                 .program = "0.1.0",
                                                 .seed = 2012,
                                                 .replicates = REPLICATES,
                                                 .values = VALUES};

/* Keeps a journal, reopening it half-way. announced: bits of the replicates that were said to be kept. */
static int keep_journal(unsigned *announced, struct error *e)
{
    struct journal *j = NULL;
    *announced = 0;
    if (journal_create(&j, "run.partial", &identity, e) != 0) return -1;
    int status = 0;
    for (uint32_t r = 0; r < REPLICATES && status == 0; r++) {
        const double values[VALUES] = {r, 2.0 * r, 3.0 * r, 4.0 * r, 5.0 * r};
        status = journal_append(j, r, values, e);
        if (status == 0) *announced |= 1u << r;
        if (status == 0) status = journal_sync(j, e);
        if (r != 1 || status != 0) continue;
        journal_close(j);
        status = journal_resume(&j, "run.partial", &identity, e);
    }
    if (status == 0) status = journal_verify(j, e);
    journal_close(j);
    return status;
}

/* What was announced is there when the trouble is over, and nothing that is wrong. */
static void assert_kept(unsigned announced)
{
    struct journal *j = NULL;
    struct error e = {0};
    if (access("run.partial", F_OK) != 0) {
        assert_int_equal(announced, 0);
        return;
    }
    assert_int_equal(journal_resume(&j, "run.partial", &identity, &e), 0);
    for (uint32_t r = 0; r < REPLICATES; r++) {
        double values[VALUES];
        if (announced >> r & 1) assert_true(journal_finished(j)[r]);
        if (!journal_finished(j)[r]) continue;
        assert_int_equal(journal_read(j, r, 0, VALUES, values, &e), 0);
        for (size_t i = 0; i < VALUES; i++) assert_true(values[i] == (double)(i + 1) * r);
    }
    journal_close(j);
}

static void any_call_may_fail_while_a_journal_is_kept(void **state)
{
    (void)state;
    static const struct fault memory = {"malloc", ENOMEM, false};
    unsigned announced = 0, failed = 0;
    for (size_t i = 0; i <= FAULTS; i++) {
        const struct fault *fault = i < FAULTS ? &faults[i] : &memory;
        struct error e = {0};
        faults_arm(fault->call, 0, 0, 0);
        assert_int_equal(keep_journal(&announced, &e), 0);
        const uint64_t n = faults_count(fault->call);
        for (uint64_t k = 1; k <= n; k++) {
            unlink("run.partial");
            set(fault, k);
            int status = keep_journal(&announced, &e);
            faults_arm("fork", 0, 0, 0);
            if (status == 0) assert_int_equal(announced, (1 << REPLICATES) - 1);
            if (status != 0) assert_true(e.kind != ERROR_NONE && e.text[0] != '\0' && strchr(e.text, '\n') == NULL);
            assert_kept(announced);
            failed += status != 0;
            e = (struct error){0};
        }
    }
    assert_true(failed > 30);
}

static int all_tests(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(any_call_may_fail_while_results_are_written),
        IN_FOLDER(any_allocation_may_fail_while_results_are_written),
        IN_FOLDER(any_call_of_hdf5_may_fail_while_results_are_written),
        IN_FOLDER(a_file_system_that_only_replaces_will_do),
        IN_FOLDER(any_call_may_fail_while_results_are_read),
        IN_FOLDER(any_call_may_fail_while_a_journal_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    (void)argc;
    return faults_main(argv, all_tests);
}

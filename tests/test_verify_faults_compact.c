/* Every call of the system and every allocation that can fail while a journal with an aggregate is kept, compacted and read: what
 * was announced is there when the trouble is over, and once only. See test_verify_faults.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/journal.h"
#include "tests/aggregate_support.h"
#include "tests/fault_support.h"
#include "tests/folder.h"

enum { REPLICATES = 6 };

static const struct journal_identity identity = {.config = "run = { };\n",
                                                 .model = "toy 1",
                                                 .program = "0.1.0",
                                                 .seed = 2012,
                                                 .replicates = REPLICATES,
                                                 .values = SUPPORT_VALUES,
                                                 .aggregated = &support_record};

static const struct fault {
    const char *call;
    int error;
    bool lasting;
} faults[] = {{"write", ENOSPC, false}, {"write", ENOSPC, true}, {"write", 0, false},     {"sync", EIO, false},  {"sync", ENOSPC, true},
              {"rename", EIO, false},   {"rename", EIO, true},   {"close", EIO, false},   {"open", EMFILE, true}, {"open", EIO, false},
              {"truncate", EIO, true},  {"read", EIO, false},    {"read", EINTR, false}, {"malloc", ENOMEM, false}};

static void values_of(uint32_t replicate, double *values)
{
    for (size_t i = 0; i < SUPPORT_VALUES; i++) values[i] = replicate * 1.25 - (double)i;
}

/* Appends all, compacts after every second one, and begins anew half-way. announced: bits of what was said to be kept. */
static int keep(unsigned *announced, struct error *e)
{
    struct journal *j = NULL;
    *announced = 0;
    if (journal_create(&j, "run.partial", &identity, e) != 0) return -1;
    int status = 0;
    for (uint32_t r = 0; r < REPLICATES && status == 0; r++) {
        double values[SUPPORT_VALUES];
        values_of(r, values);
        status = journal_append(j, r, values, e);
        if (status == 0) *announced |= 1u << r;
        if (status == 0 && r % 2 == 1) status = journal_compact(j, e);
        if (r != 3 || status != 0) continue;
        journal_close(j);
        status = journal_resume(&j, "run.partial", &identity, e);
    }
    if (status == 0 && journal_aggregate(j, e) == NULL) status = -1;
    journal_close(j);
    return status;
}

/* The aggregate of what the journal holds is that of these replicates, each once. */
static void assert_kept(unsigned announced)
{
    struct journal *j = NULL;
    struct aggregate *right = NULL;
    struct error e = {0};
    if (access("run.partial", F_OK) != 0) {
        assert_int_equal(announced, 0);
        return;
    }
    if (journal_resume(&j, "run.partial", &identity, &e) != 0) fail_msg("%s", e.text);
    assert_int_equal(aggregate_create(&right, &support_record, REPLICATES, &e), 0);
    for (uint32_t r = 0; r < REPLICATES; r++) {
        double values[SUPPORT_VALUES];
        if (announced >> r & 1) assert_true(journal_finished(j)[r]);
        if (!journal_finished(j)[r]) continue;
        values_of(r, values);
        assert_int_equal(aggregate_add(right, values, &r, 1, &e), 0);
    }
    const struct aggregate *found = journal_aggregate(j, &e);
    assert_non_null(found);
    assert_int_equal(aggregate_size(found), aggregate_size(right));
    unsigned char *one = support_bytes(found), *two = support_bytes(right);
    assert_memory_equal(one, two, aggregate_size(right));
    free(one);
    free(two);
    aggregate_free(right);
    journal_close(j);
    assert_int_equal(access("run.partial.new", F_OK), -1);
}

static void any_call_may_fail_while_a_journal_is_compacted(void **state)
{
    (void)state;
    unsigned announced = 0, failed = 0;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const struct fault *fault = &faults[i];
        struct error e = {0};
        faults_arm(fault->call, 0, 0, 0);
        assert_int_equal(keep(&announced, &e), 0);
        const uint64_t n = faults_count(fault->call);
        assert_true(n > 0);
        for (uint64_t k = 1; k <= n; k++) {
            unlink("run.partial");
            faults_arm(fault->call, k, fault->lasting ? UINT64_MAX : k, fault->error);
            const int status = keep(&announced, &e);
            faults_arm("fork", 0, 0, 0);
            if (status == 0) assert_int_equal(announced, (1 << REPLICATES) - 1);
            if (status != 0) assert_true(e.kind != ERROR_NONE && e.text[0] != '\0' && strchr(e.text, '\n') == NULL);
            assert_kept(announced);
            failed += status != 0;
            e = (struct error){0};
        }
    }
    assert_true(failed > 100);
}

static int all_tests(void)
{
    const struct CMUnitTest tests[] = {IN_FOLDER(any_call_may_fail_while_a_journal_is_compacted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    (void)argc;
    return faults_main(argv, all_tests);
}

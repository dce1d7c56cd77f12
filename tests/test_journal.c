/* The journal of a run: what is in it comes back, nothing else gets in, and neither a full disk nor a kill costs what is finished. */
#include "sim/journal.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/folder.h"
#include "tests/journal_support.h"

static void what_goes_in_comes_out(void **state)
{
    (void)state;
    struct error e = {0};
    double values[PLAIN_VALUES];
    struct journal *j = plain_create("run.partial");
    plain_assert_holds(j, 0);
    plain_append(j, 5);
    plain_append(j, 0);
    plain_append(j, 7);
    plain_assert_holds(j, 0xa1);
    assert_int_equal(journal_sync(j, &e), 0);
    assert_true(journal_seconds(j) >= 0 && journal_seconds(j) < 60);
    assert_int_equal(journal_read(j, 5, 1, 2, values, &e), 0);
    assert_true(values[0] == plain_value(5, 1) && values[1] == plain_value(5, 2));
    assert_int_equal(journal_read(j, 5, PLAIN_VALUES, 0, values, &e), 0);
    journal_close(j);
    assert_int_equal(folder_size("run.partial"), journal_size(&plain_identity, 3));

    j = plain_resume("run.partial");
    plain_assert_holds(j, 0xa1);
    plain_append(j, 1);
    plain_append(j, 5); /* again: the same values, on record twice */
    plain_assert_holds(j, 0xa3);
    journal_close(j);
    j = plain_resume("run.partial");
    plain_assert_holds(j, 0xa3);
    journal_close(j);
    journal_close(NULL);
}

static void the_last_record_of_a_replicate_counts(void **state)
{
    (void)state;
    struct error e = {0};
    const double first[PLAIN_VALUES] = {1, 2, 3}, second[PLAIN_VALUES] = {4, -0.0, (double)NAN};
    struct journal *j = plain_create("run.partial");
    assert_int_equal(journal_append(j, 4, first, &e), 0);
    assert_int_equal(journal_append(j, 4, second, &e), 0);
    for (int again = 0; again < 2; again++) {
        double values[PLAIN_VALUES];
        assert_int_equal(journal_count(j), 1);
        assert_int_equal(journal_read(j, 4, 0, PLAIN_VALUES, values, &e), 0);
        assert_memory_equal(values, second, sizeof values);
        journal_close(j);
        j = plain_resume("run.partial");
    }
    journal_close(j);
}

static void what_is_not_there_is_not_read(void **state)
{
    (void)state;
    double values[PLAIN_VALUES + 1] = {0};
    struct journal *j = plain_create("run.partial");
    plain_append(j, 2);
    static const struct {
        uint32_t replicate;
        size_t first, count;
    } wrong[] = {{3, 0, 1},      {PLAIN_REPLICATES, 0, 1}, {UINT32_MAX, 0, 1}, {2, 0, PLAIN_VALUES + 1},
                 {2, PLAIN_VALUES, 1}, {2, SIZE_MAX, 2},   {2, 1, SIZE_MAX}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error e = {0};
        assert_int_equal(journal_read(j, wrong[i].replicate, wrong[i].first, wrong[i].count, values, &e), -1);
        assert_int_equal(e.kind, ERROR_FAILURE);
        assert_non_null(strstr(e.text, "run.partial: holds no such values of replicate"));
    }
    struct error e = {0};
    assert_int_equal(journal_append(j, PLAIN_REPLICATES, values, &e), -1);
    assert_string_equal(e.text, "run.partial: there is no replicate 8");
    assert_int_equal(truncate("run.partial", (off_t)journal_size(&plain_identity, 1) - 1), 0);
    e = (struct error){0};
    assert_int_equal(journal_read(j, 2, 0, PLAIN_VALUES, values, &e), -1);
    assert_string_equal(e.text, "run.partial: cannot be read: it has become shorter");
    journal_close(j);
}

/* ---- who may ---- */

static void another_identity_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct journal_identity identity;
        const char *difference;
    } others[] = {
        {{"run = { };\n", "toy 1", "0.2.0", 2012, PLAIN_REPLICATES, PLAIN_VALUES, NULL}, "program version 0.1.0, not 0.2.0"},
        {{"run = { };\n", "toy 2", "0.1.0", 2012, PLAIN_REPLICATES, PLAIN_VALUES, NULL}, "model toy 1, not toy 2"},
        {{"run = { };\n", "toy 1", "0.1.0", UINT64_MAX, PLAIN_REPLICATES, PLAIN_VALUES, NULL}, "seed 2012, not 18446744073709551615"},
        {{"run = { };\n", "toy 1", "0.1.0", 2012, 9, PLAIN_VALUES, NULL}, "8 replicates, not 9"},
        {{"run = {  };\n", "toy 1", "0.1.0", 2012, PLAIN_REPLICATES, PLAIN_VALUES, NULL}, "other settings in the configuration"},
        {{"run = { };\n", "toy 1", "0.1.0", 2012, PLAIN_REPLICATES, PLAIN_VALUES + 1, NULL}, "other settings in the configuration"},
        {{"", "a", "b", 1, 1, 1, NULL}, "program version 0.1.0, not b"}, /* the first difference that explains the others */
    };
    size_t size = 0, after = 0;
    char *bytes = plain_three(&size);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct journal *j = NULL;
        struct error e = {0};
        char text[256];
        snprintf(text, sizeof text,
                 "run.partial: belongs to another run (%s); resume with the same command, or use --force",
                 others[i].difference);
        support_journal_refused(journal_resume(&j, "run.partial", &others[i].identity, &e), j, &e, text);
        char *now = folder_read_bytes("run.partial", &after);
        assert_int_equal(after, size);
        assert_memory_equal(now, bytes, size);
        free(now);
    }
    free(bytes);
}

static void one_writer_at_a_time(void **state)
{
    (void)state;
    struct journal *own = plain_create("run.partial"), *other = NULL;
    plain_append(own, 3);
    struct error e = {0};
    support_journal_refused(journal_create(&other, "run.partial", &plain_identity, &e), other, &e,
                            "run.partial: another run is writing this file");
    e = (struct error){0};
    support_journal_refused(journal_resume(&other, "run.partial", &plain_identity, &e), other, &e,
                            "run.partial: another run is writing this file");
    plain_append(own, 4);
    plain_assert_holds(own, 0x18); /* the refused one has emptied nothing */
    journal_close(own);
    other = plain_resume("run.partial");
    plain_assert_holds(other, 0x18);
    journal_close(other);
    other = plain_create("run.partial"); /* and afterwards it may be overwritten */
    plain_assert_holds(other, 0);
    journal_close(other);
}

static void only_plain_files(void **state)
{
    (void)state;
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    folder_write("victim", "precious");
    assert_int_equal(symlink("victim", "link"), 0);
    static const char *const paths[] = {"folder", "pipe", "link", "none/run.partial", "/dev/null", ""};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct journal *j = NULL;
        struct error e = {0};
        assert_int_equal(journal_create(&j, paths[i], &plain_identity, &e), -1);
        assert_true(j == NULL && e.kind == ERROR_INPUT);
        e = (struct error){0};
        assert_int_equal(journal_resume(&j, paths[i], &plain_identity, &e), -1);
        assert_true(j == NULL && e.kind == ERROR_INPUT);
    }
    assert_int_equal(folder_size("victim"), strlen("precious"));
    struct journal *j = NULL;
    struct error e = {0};
    support_journal_refused(journal_resume(&j, "missing", &plain_identity, &e), j, &e,
                            "missing: cannot be opened: No such file or directory");
    assert_int_equal(access("missing", F_OK), -1);
}

/* ---- trouble with the disk ---- */

/* As of a full disk: no file may grow beyond this. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_failed_write_leaves_whole_records(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    const size_t two = (size_t)journal_size(&plain_identity, 2);
    const double values[PLAIN_VALUES] = {0};
    for (size_t room = 0; room < PLAIN_RECORD; room++) {
        struct error e = {0};
        struct journal *j = plain_create("run.partial");
        plain_append(j, 0);
        plain_append(j, 1);
        limit_files(two + room);
        int status = journal_append(j, 2, values, &e);
        limit_files(RLIM_INFINITY);
        assert_int_equal(status, -1);
        assert_int_equal(e.kind, ERROR_FAILURE);
        assert_string_equal(e.text, "run.partial: cannot be written: File too large");
        assert_int_equal(folder_size("run.partial"), two);
        plain_assert_holds(j, 3);
        plain_append(j, 2); /* there is room again */
        plain_assert_holds(j, 7);
        journal_close(j);
        j = plain_resume("run.partial");
        plain_assert_holds(j, 7);
        journal_close(j);
    }
    for (size_t room = 0; room < (size_t)journal_size(&plain_identity, 0); room += 10) {
        struct journal *j = NULL;
        struct error e = {0};
        limit_files(room);
        int status = journal_create(&j, "new.partial", &plain_identity, &e);
        limit_files(RLIM_INFINITY);
        support_journal_refused(status, j, &e, "new.partial: cannot be written: File too large");
        assert_int_equal(access("new.partial", F_OK), -1);
    }
    signal(SIGXFSZ, SIG_DFL);
}

/* Killed at any moment, a writer leaves a journal from which every record that it has announced comes back. */
static void a_killed_writer_loses_nothing_finished(void **state)
{
    (void)state;
    enum { BIG = 20000, KILLS = 8 };
    struct journal_identity many = plain_identity;
    many.replicates = 1000000;
    many.values = BIG;
    double *values = calloc(BIG, sizeof *values);
    assert_non_null(values);
    for (int kill_number = 0; kill_number < KILLS; kill_number++) {
        int ends[2];
        struct error e = {0};
        struct journal *j = NULL;
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            if (journal_create(&j, "big.partial", &many, &e) != 0) _exit(1);
            for (uint32_t r = 0; r < many.replicates; r++) {
                values[0] = values[BIG - 1] = r;
                if (journal_append(j, r, values, &e) != 0 || write(ends[1], &r, sizeof r) != sizeof r) _exit(1);
            }
            _exit(0);
        }
        close(ends[1]);
        uint32_t announced = 0;
        while (announced < 10 + 3 * (uint32_t)kill_number) {
            assert_int_equal(read(ends[0], &announced, sizeof announced), sizeof announced);
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        while (read(ends[0], &announced, sizeof announced) == sizeof announced) {
        }
        close(ends[0]);
        assert_int_equal(journal_resume(&j, "big.partial", &many, &e), 0);
        assert_true(journal_count(j) > announced && journal_count(j) <= announced + 2);
        for (uint32_t r = 0; r < journal_count(j); r++) {
            assert_int_equal(journal_read(j, r, 0, BIG, values, &e), 0);
            assert_true(values[0] == r && values[BIG - 1] == r);
        }
        journal_close(j);
    }
    free(values);
}

/* ---- shards ---- */

static void journals_are_gathered(void **state)
{
    (void)state;
    struct error e = {0};
    size_t size;
    free(plain_three(&size)); /* run.partial: 0, 1, 2 */
    struct journal *j = plain_create("all.partial");
    plain_append(j, 1);
    plain_append(j, 6);
    assert_int_equal(journal_gather(j, "run.partial", &plain_identity, &e), 0);
    plain_assert_holds(j, 0x47);
    assert_int_equal(journal_gather(j, "run.partial", &plain_identity, &e), 0); /* nothing twice */
    plain_assert_holds(j, 0x47);
    assert_int_equal(folder_size("all.partial"), journal_size(&plain_identity, 4));
    assert_int_equal(journal_verify(j, &e), 0);
    journal_close(j);
}

/* A record that is damaged or torn is left out, and costs no other; the file itself stays as it is. */
static void damaged_records_are_not_gathered(void **state)
{
    (void)state;
    struct error e = {0};
    size_t size;
    char *bytes = plain_three(&size);
    bytes[(size_t)journal_size(&plain_identity, 1) + 20] ^= 1;
    folder_write_new("run.partial", bytes, size - 1);
    struct journal *j = plain_create("all.partial");
    assert_int_equal(journal_gather(j, "run.partial", &plain_identity, &e), 0);
    plain_assert_holds(j, 1);
    assert_int_equal(folder_size("run.partial"), size - 1);
    journal_close(j);
    free(bytes);
}

static void refuses_to_gather(struct journal *j, const char *path, const struct journal_identity *of, const char *text)
{
    struct error e = {0};
    assert_int_equal(journal_gather(j, path, of, &e), -1);
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_string_equal(e.text, text);
    plain_assert_holds(j, 0);
}

static void what_is_no_shard_of_the_run_is_refused(void **state)
{
    (void)state;
    size_t size;
    char *bytes = plain_three(&size);
    struct journal_identity other = plain_identity;
    struct journal *j = plain_create("all.partial");
    other.seed++;
    char text[200];
    snprintf(text, sizeof text, "run.partial: belongs to another run (seed %llu, not %llu); merge with the settings with which the "
             "shards were run", (unsigned long long)plain_identity.seed, (unsigned long long)other.seed);
    refuses_to_gather(j, "run.partial", &other, text);
    refuses_to_gather(j, "none", &plain_identity, "none: cannot be opened: No such file or directory");
    folder_write_new("short", bytes, 100);
    refuses_to_gather(j, "short", &plain_identity, "short: too short for a shard; name files that 'run --shard' has written");
    bytes[0] = 'x';
    folder_write_new("other", bytes, size);
    refuses_to_gather(j, "other", &plain_identity, "other: not the journal of a run, or its beginning is damaged; name files that "
                                             "'run --shard' has written");
    refuses_to_gather(j, "all.partial", &plain_identity, "all.partial: another run is writing this file");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    refuses_to_gather(j, "pipe", &plain_identity, "pipe: not a regular file"); /* and waits for nobody */
    journal_close(j);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_goes_in_comes_out),
        IN_FOLDER(the_last_record_of_a_replicate_counts),
        IN_FOLDER(what_is_not_there_is_not_read),
        IN_FOLDER(another_identity_is_refused),
        IN_FOLDER(one_writer_at_a_time),
        IN_FOLDER(only_plain_files),
        IN_FOLDER(a_failed_write_leaves_whole_records),
        IN_FOLDER(a_killed_writer_loses_nothing_finished),
        IN_FOLDER(journals_are_gathered),
        IN_FOLDER(damaged_records_are_not_gathered),
        IN_FOLDER(what_is_no_shard_of_the_run_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

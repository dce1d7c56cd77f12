/* A journal that keeps an aggregate: compacted whenever, resumed, merged, killed or damaged, it ends in the same bits. */
#include "sim/journal.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/aggregate_support.h"
#include "tests/folder.h"
#include "tests/journal_support.h"

enum { REPLICATES = 40, HEADER = 232, FRAME = 16, RECORD = 8 + SUPPORT_VALUES * 8 };

static const struct journal_identity identity = {
    .config = "run = { output = \"quantiles\"; };\n",
    .model = "toy 1",
    .program = "0.1.0",
    .seed = 2012,
    .replicates = REPLICATES,
    .values = SUPPORT_VALUES,
    .aggregated = &support_record,
};

static void append(struct journal *j, uint32_t replicate)
{
    struct error e = {0};
    double values[SUPPORT_VALUES];
    for (size_t i = 0; i < SUPPORT_VALUES; i++) values[i] = replicate * 0.75 - (double)i;
    assert_int_equal(journal_append(j, replicate, values, &e), 0);
}

static struct journal *create(const char *path) { return support_journal_create(path, &identity); }
static struct journal *resume(const char *path) { return support_journal_resume(path, &identity); }

static void compact(struct journal *j)
{
    struct error e = {0};
    if (journal_compact(j, &e) != 0) fail_msg("%s", e.text);
}

/* The journal holds the replicates below n, whose aggregate is that of a journal that nothing has disturbed; then it is closed. */
static void close_with(struct journal *j, uint32_t n)
{
    struct error e = {0};
    struct journal *plain = create("plain.partial");
    for (uint32_t r = 0; r < n; r++) append(plain, r);
    assert_int_equal(journal_count(j), n);
    for (uint32_t r = 0; r < REPLICATES; r++) assert_int_equal(journal_finished(j)[r], r < n);
    assert_int_equal(journal_verify(j, &e), 0);
    const struct aggregate *found = journal_aggregate(j, &e), *right = journal_aggregate(plain, &e);
    assert_true(found != NULL && right != NULL);
    assert_int_equal(aggregate_count(found), n);
    unsigned char *bytes = support_bytes(found), *expected = support_bytes(right);
    assert_int_equal(aggregate_size(found), aggregate_size(right));
    assert_memory_equal(bytes, expected, aggregate_size(right));
    free(bytes);
    free(expected);
    journal_close(plain);
    journal_close(j);
    assert_int_equal(access("run.partial.new", F_OK), -1);
}

static void compacted_or_not_it_is_the_same(void **state)
{
    (void)state;
    for (uint32_t at = 0; at <= 10; at++) {
        struct journal *j = create("run.partial");
        for (uint32_t r = 10; r-- > 0;) {
            if (r == at) compact(j);
            append(j, r);
        }
        if (at == 10) compact(j);
        const size_t records = at < 10 ? at + 1 : 0;
        assert_true(folder_size("run.partial") >= HEADER + FRAME + records * RECORD);
        journal_close(j);
        j = resume("run.partial");
        compact(j);
        compact(j); /* with nothing new */
        append(j, 10);
        journal_close(j);
        close_with(resume("run.partial"), 11);
    }
}

static void what_is_in_the_aggregate_has_no_record(void **state)
{
    (void)state;
    double values[SUPPORT_VALUES] = {0};
    struct error e = {0};
    struct journal *j = create("run.partial");
    append(j, 0);
    append(j, 0); /* again: counts once */
    assert_int_equal(journal_read(j, 0, 0, 1, values, &e), 0);
    compact(j);
    assert_int_equal(journal_read(j, 0, 0, 1, values, &e), -1);
    assert_string_equal(e.text, "run.partial: holds no such values of replicate 0");
    e = (struct error){0};
    assert_int_equal(journal_append(j, 0, values, &e), -1);
    assert_string_equal(e.text, "run.partial: replicate 0 is in the aggregate already");
    close_with(j, 1);
}

/* It does not grow with the replicates. */
static void it_is_compacted_of_itself(void **state)
{
    (void)state;
    enum { MANY = 200000 };
    struct journal_identity many = identity;
    struct journal *j = NULL;
    struct error e = {0};
    double values[SUPPORT_VALUES] = {0};
    size_t largest = 0;
    many.replicates = MANY;
    assert_int_equal(journal_create(&j, "many.partial", &many, &e), 0);
    for (uint32_t r = 0; r < MANY; r++) {
        for (size_t i = 0; i < SUPPORT_VALUES; i++) values[i] = (double)((r * (i + 3)) % 1000);
        assert_int_equal(journal_append(j, r, values, &e), 0);
        if (r % 1000 == 0 && folder_size("many.partial") > largest) largest = folder_size("many.partial");
    }
    assert_true((double)largest < 5e6 && (double)largest < journal_size(&many, MANY));
    assert_true((double)MANY * RECORD > 2e7);
    journal_close(j);
    assert_int_equal(journal_resume(&j, "many.partial", &many, &e), 0);
    assert_int_equal(journal_count(j), MANY);
    const struct aggregate *a = journal_aggregate(j, &e);
    double told[AGGREGATE_STATISTICS];
    assert_non_null(a);
    assert_int_equal(aggregate_tell(a, 0, told, NULL), 0); /* 3 r modulo 1000: every number equally often */
    assert_true(told[AGGREGATE_n] == MANY && told[AGGREGATE_mean] == 499.5);
    journal_close(j);
}

/* ---- damage ---- */

static void tails_are_cut_and_starts_are_completed(void **state)
{
    (void)state;
    struct journal *j = create("run.partial");
    for (uint32_t r = 0; r < 4; r++) append(j, r);
    compact(j);
    append(j, 4);
    append(j, 5);
    journal_close(j);
    size_t size = 0;
    char *bytes = folder_read_bytes("run.partial", &size);
    for (size_t cut = size - RECORD; cut <= size; cut++) {
        folder_write_bytes("run.partial", bytes, cut);
        close_with(resume("run.partial"), cut == size ? 6 : 5);
    }
    j = create("run.partial");
    journal_close(j);
    free(bytes);
    bytes = folder_read_bytes("run.partial", &size);
    assert_int_equal(size, HEADER + FRAME);
    for (size_t cut = 0; cut <= size; cut++) {
        folder_write_bytes("run.partial", bytes, cut);
        j = resume("run.partial");
        append(j, 0);
        journal_close(j);
        close_with(resume("run.partial"), 1);
    }
    free(bytes);
}

/* Unlike a record an aggregate cannot be dropped in silence. */
static void a_damaged_aggregate_is_refused(void **state)
{
    (void)state;
    struct journal *j = create("run.partial");
    for (uint32_t r = 0; r < 4; r++) append(j, r);
    compact(j);
    const size_t end = folder_size("run.partial");
    append(j, 4);
    journal_close(j);
    size_t size = 0, after = 0;
    char *bytes = folder_read_bytes("run.partial", &size);
    for (size_t at = HEADER; at < end; at++) {
        struct error e = {0};
        bytes[at] ^= (char)(1 << at % 8);
        folder_write_bytes("run.partial", bytes, size);
        assert_int_equal(journal_resume(&j, "run.partial", &identity, &e), -1);
        assert_null(j);
        assert_int_equal(e.kind, ERROR_INPUT);
        assert_string_equal(e.text, "run.partial: the quantiles of the replicates so far are damaged; --force starts afresh");
        char *now = folder_read_bytes("run.partial", &after);
        assert_true(after == size && memcmp(now, bytes, size) == 0);
        free(now);
        bytes[at] ^= (char)(1 << at % 8);
    }
    for (size_t cut = HEADER + FRAME; cut < end; cut++) {
        struct error e = {0};
        folder_write_bytes("run.partial", bytes, cut);
        assert_int_equal(journal_resume(&j, "run.partial", &identity, &e), -1);
        assert_int_equal(e.kind, ERROR_INPUT);
    }
    free(bytes);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    struct journal *j = create("run.partial");
    for (uint32_t r = 0; r < 6; r++) append(j, r);
    const size_t before = folder_size("run.partial");
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 0; room < before; room += 50) {
        struct error e = {0};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){room, RLIM_INFINITY}), 0);
        const int status = journal_compact(j, &e);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}), 0);
        if (status == 0) fail_msg("there was no room");
        assert_string_equal(e.text, "run.partial.new: cannot be written: File too large");
        assert_int_equal(folder_size("run.partial"), before);
        assert_int_equal(access("run.partial.new", F_OK), -1);
    }
    signal(SIGXFSZ, SIG_DFL);
    compact(j);
    close_with(j, 6);
    close_with(resume("run.partial"), 6);
}

/* ---- who may ---- */

static void the_new_file_is_locked_as_the_old_one(void **state)
{
    (void)state;
    struct journal *j = create("run.partial"), *other = NULL;
    append(j, 0);
    compact(j);
    for (int again = 0; again < 2; again++) {
        struct error e = {0};
        const int status = again ? journal_resume(&other, "run.partial", &identity, &e) : journal_create(&other, "run.partial", &identity, &e);
        assert_int_equal(status, -1);
        assert_string_equal(e.text, "run.partial: another run is writing this file");
    }
    close_with(j, 1);
    close_with(resume("run.partial"), 1);
}

static void what_a_killed_run_left_is_removed(void **state)
{
    (void)state;
    struct journal *j = create("run.partial");
    append(j, 0);
    journal_close(j);
    folder_write("run.partial.new", "half of it");
    close_with(resume("run.partial"), 1);
    folder_write("victim", "mine");
    assert_int_equal(symlink("victim", "run.partial.new"), 0);
    j = create("run.partial");
    assert_int_equal(symlink("victim", "run.partial.new"), 0); /* made anew meanwhile */
    append(j, 0);
    compact(j);
    close_with(j, 1);
    assert_int_equal(folder_size("victim"), 4);
}

/* Killed while it compacts all the time: everything announced is there. */
static void a_killed_writer_loses_nothing_finished(void **state)
{
    (void)state;
    for (int kill_number = 0; kill_number < 12; kill_number++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct error e = {0};
            struct journal *j = create("run.partial");
            for (uint32_t r = 0; r < REPLICATES; r++) {
                append(j, r);
                if (write(ends[1], &r, sizeof r) != sizeof r || journal_compact(j, &e) != 0) _exit(1);
            }
            for (;;)
                if (journal_compact(j, &e) != 0) _exit(1);
        }
        close(ends[1]);
        uint32_t announced = 0;
        do assert_int_equal(read(ends[0], &announced, sizeof announced), sizeof announced);
        while (announced < 3 * (uint32_t)kill_number);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        while (read(ends[0], &announced, sizeof announced) == sizeof announced) {
        }
        close(ends[0]);
        struct journal *j = resume("run.partial");
        assert_true(journal_count(j) >= announced + 1 && journal_count(j) <= announced + 2);
        close_with(j, journal_count(j));
    }
}

/* ---- shards ---- */

static int gather(struct journal *j, const char *path, struct error *e)
{
    *e = (struct error){0};
    return journal_gather(j, path, &identity, e);
}

static void shards_are_merged(void **state)
{
    (void)state;
    struct error e = {0};
    for (uint32_t shard = 0; shard < 3; shard++) { /* one of records, one compacted, one in between */
        char name[] = "0.shard";
        name[0] = (char)('0' + shard);
        struct journal *j = create(name);
        for (uint32_t r = shard; r < 30; r += 3) {
            append(j, r);
            if (shard == 2 && r == 14) compact(j);
        }
        if (shard == 1) compact(j);
        journal_close(j);
    }
    static const char *const orders[][3] = {{"0.shard", "1.shard", "2.shard"}, {"2.shard", "1.shard", "0.shard"}, {"1.shard", "0.shard", "2.shard"}};
    for (size_t i = 0; i < 3; i++) {
        struct journal *j = create("run.partial");
        for (size_t k = 0; k < 3; k++) assert_int_equal(gather(j, orders[i][k], &e), 0);
        assert_int_equal(gather(j, "1.shard", &e), 0); /* again: nothing new */
        compact(j);
        journal_close(j);
        close_with(resume("run.partial"), 30);
    }
    struct journal *j = create("run.partial"), *mixed = create("mixed.shard");
    append(j, 1); /* a record of what an aggregate holds as well gives way to it */
    assert_int_equal(gather(j, "1.shard", &e), 0);
    assert_int_equal(gather(j, "0.shard", &e), 0);
    assert_int_equal(gather(j, "2.shard", &e), 0);
    close_with(j, 30);
    append(mixed, 1);
    append(mixed, 35);
    compact(mixed);
    journal_close(mixed);
    j = create("run.partial");
    assert_int_equal(gather(j, "1.shard", &e), 0);
    assert_int_equal(gather(j, "mixed.shard", &e), -1);
    assert_string_equal(e.text, "mixed.shard: replicate 1 is in this one and in one before it; allowed: each once");
    journal_close(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(compacted_or_not_it_is_the_same),
        IN_FOLDER(what_is_in_the_aggregate_has_no_record),
        IN_FOLDER(it_is_compacted_of_itself),
        IN_FOLDER(tails_are_cut_and_starts_are_completed),
        IN_FOLDER(a_damaged_aggregate_is_refused),
        IN_FOLDER(a_full_disk_leaves_the_old_file),
        IN_FOLDER(the_new_file_is_locked_as_the_old_one),
        IN_FOLDER(what_a_killed_run_left_is_removed),
        IN_FOLDER(a_killed_writer_loses_nothing_finished),
        IN_FOLDER(shards_are_merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

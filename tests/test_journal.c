/* The journal of a run: what is in it comes back, what is torn or damaged is dropped, and nothing else gets in. */
#include "sim/journal.h"

#include <fcntl.h>
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
#include <zlib.h>

#include <cmocka.h>

#include "tests/folder.h"

enum { VALUES = 3, REPLICATES = 8, RECORD = 8 + VALUES * 8 };

static const struct journal_identity identity = {
    .config = "run = { };\n",
    .model = "toy 1",
    .program = "0.1.0",
    .seed = 2012,
    .replicates = REPLICATES,
    .values = VALUES,
};

static double value_of(uint32_t replicate, size_t i) { return replicate * 10.0 + (double)i + 0.25; }

static void append(struct journal *j, uint32_t replicate)
{
    struct error e = {0};
    double values[VALUES];
    for (size_t i = 0; i < VALUES; i++) values[i] = value_of(replicate, i);
    assert_int_equal(journal_append(j, replicate, values, &e), 0);
}

static struct journal *create(const char *path)
{
    struct journal *j = NULL;
    struct error e = {0};
    assert_int_equal(journal_create(&j, path, &identity, &e), 0);
    return j;
}

static struct journal *resume(const char *path)
{
    struct journal *j = NULL;
    struct error e = {0};
    assert_int_equal(journal_resume(&j, path, &identity, &e), 0);
    assert_int_equal(e.kind, ERROR_NONE);
    return j;
}

/* The journal holds exactly these replicates, the bits of a number, with the values they were given. */
static void assert_holds(const struct journal *j, unsigned replicates)
{
    assert_int_equal(journal_count(j), __builtin_popcount(replicates));
    for (uint32_t r = 0; r < REPLICATES; r++) {
        struct error e = {0};
        double values[VALUES];
        assert_int_equal(journal_finished(j)[r], replicates >> r & 1);
        assert_int_equal(journal_read(j, r, 0, VALUES, values, &e), journal_finished(j)[r] ? 0 : -1);
        for (size_t i = 0; i < VALUES && journal_finished(j)[r]; i++) assert_true(values[i] == value_of(r, i));
    }
}

/* A new file each time: over an old one some file systems bring it to the disk at once. */
static void write_new(const char *path, const char *bytes, size_t size)
{
    unlink(path);
    folder_write_bytes(path, bytes, size);
}

static void refused(int status, const struct journal *j, const struct error *e, const char *text)
{
    assert_int_equal(status, -1);
    assert_null(j);
    assert_int_equal(e->kind, ERROR_INPUT);
    assert_string_equal(e->text, text);
}

static size_t size_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return (size_t)status.st_size;
}

/* The bytes of a file, to be freed. */
static char *read_bytes(const char *path, size_t *size)
{
    *size = size_of(path);
    char *bytes = malloc(*size + 1);
    FILE *in = fopen(path, "r");
    assert_true(bytes != NULL && in != NULL);
    assert_int_equal(fread(bytes, 1, *size, in), *size);
    assert_int_equal(fclose(in), 0);
    return bytes;
}

/* A journal of replicates 0, 1 and 2, as bytes. */
static char *three(size_t *size)
{
    struct journal *j = create("run.partial");
    for (uint32_t r = 0; r < 3; r++) append(j, r);
    journal_close(j);
    char *bytes = read_bytes("run.partial", size);
    assert_int_equal(*size, journal_size(&identity, 3));
    assert_int_equal(*size - (size_t)journal_size(&identity, 2), RECORD);
    return bytes;
}

static void what_goes_in_comes_out(void **state)
{
    (void)state;
    struct error e = {0};
    double values[VALUES];
    struct journal *j = create("run.partial");
    assert_holds(j, 0);
    append(j, 5);
    append(j, 0);
    append(j, 7);
    assert_holds(j, 0xa1);
    assert_int_equal(journal_sync(j, &e), 0);
    assert_true(journal_seconds(j) >= 0 && journal_seconds(j) < 60);
    assert_int_equal(journal_read(j, 5, 1, 2, values, &e), 0);
    assert_true(values[0] == value_of(5, 1) && values[1] == value_of(5, 2));
    assert_int_equal(journal_read(j, 5, VALUES, 0, values, &e), 0);
    journal_close(j);
    assert_int_equal(size_of("run.partial"), journal_size(&identity, 3));

    j = resume("run.partial");
    assert_holds(j, 0xa1);
    append(j, 1);
    append(j, 5); /* again: the same values, on record twice */
    assert_holds(j, 0xa3);
    journal_close(j);
    j = resume("run.partial");
    assert_holds(j, 0xa3);
    journal_close(j);
    journal_close(NULL);
}

static void the_last_record_of_a_replicate_counts(void **state)
{
    (void)state;
    struct error e = {0};
    const double first[VALUES] = {1, 2, 3}, second[VALUES] = {4, -0.0, (double)NAN};
    struct journal *j = create("run.partial");
    assert_int_equal(journal_append(j, 4, first, &e), 0);
    assert_int_equal(journal_append(j, 4, second, &e), 0);
    for (int again = 0; again < 2; again++) {
        double values[VALUES];
        assert_int_equal(journal_count(j), 1);
        assert_int_equal(journal_read(j, 4, 0, VALUES, values, &e), 0);
        assert_memory_equal(values, second, sizeof values);
        journal_close(j);
        j = resume("run.partial");
    }
    journal_close(j);
}

static void what_is_not_there_is_not_read(void **state)
{
    (void)state;
    double values[VALUES + 1] = {0};
    struct journal *j = create("run.partial");
    append(j, 2);
    static const struct {
        uint32_t replicate;
        size_t first, count;
    } wrong[] = {{3, 0, 1},      {REPLICATES, 0, 1}, {UINT32_MAX, 0, 1}, {2, 0, VALUES + 1},
                 {2, VALUES, 1}, {2, SIZE_MAX, 2},   {2, 1, SIZE_MAX}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error e = {0};
        assert_int_equal(journal_read(j, wrong[i].replicate, wrong[i].first, wrong[i].count, values, &e), -1);
        assert_int_equal(e.kind, ERROR_FAILURE);
        assert_non_null(strstr(e.text, "run.partial: holds no such values of replicate"));
    }
    struct error e = {0};
    assert_int_equal(journal_append(j, REPLICATES, values, &e), -1);
    assert_string_equal(e.text, "run.partial: there is no replicate 8");
    assert_int_equal(truncate("run.partial", (off_t)journal_size(&identity, 1) - 1), 0);
    e = (struct error){0};
    assert_int_equal(journal_read(j, 2, 0, VALUES, values, &e), -1);
    assert_string_equal(e.text, "run.partial: cannot be read: it has become shorter");
    journal_close(j);
}

/* ---- damage ---- */

static void a_tail_torn_at_any_byte_is_dropped(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = three(&size);
    for (size_t cut = size - RECORD; cut <= size; cut++) {
        write_new("run.partial", bytes, cut);
        struct journal *j = resume("run.partial");
        assert_holds(j, cut == size ? 7 : 3);
        assert_int_equal(size_of("run.partial"), cut == size ? size : size - RECORD);
        append(j, 6);
        assert_holds(j, cut == size ? 0x47 : 0x43);
        journal_close(j);
        j = resume("run.partial");
        assert_holds(j, cut == size ? 0x47 : 0x43);
        journal_close(j);
    }
    free(bytes);
}

static void a_tail_of_zeros_or_noise_is_dropped(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = three(&size), *longer = malloc(size + 3 * RECORD);
    assert_non_null(longer);
    for (size_t extra = 1; extra < 3 * RECORD; extra++) {
        memcpy(longer, bytes, size);
        for (size_t i = 0; i < extra; i++) longer[size + i] = (char)(extra % 2 ? 0 : i * 37 + extra);
        write_new("run.partial", longer, size + extra);
        struct journal *j = resume("run.partial");
        assert_holds(j, 7);
        assert_int_equal(size_of("run.partial"), size);
        journal_close(j);
    }
    free(longer);
    free(bytes);
}

/* A whole record, its checksum right, of a replicate that the run does not have. */
static void a_record_of_no_replicate_is_dropped(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = three(&size), *record = bytes + size - RECORD;
    const uint32_t none = REPLICATES;
    uint32_t crc = 0;
    memcpy(&crc, bytes + (size_t)journal_size(&identity, 0) - sizeof crc, sizeof crc); /* the header's */
    crc = (uint32_t)crc32_z(crc, (const void *)&none, sizeof none);
    crc = (uint32_t)crc32_z(crc, (const void *)(record + 2 * sizeof crc), VALUES * sizeof(double));
    memcpy(record, &none, sizeof none);
    memcpy(record + sizeof none, &crc, sizeof crc);
    write_new("run.partial", bytes, size);
    struct journal *j = resume("run.partial");
    assert_holds(j, 3);
    journal_close(j);
    free(bytes);
}

/* A disk may bring back what lay there before: records of another run, of the same size, their checksums right. */
static void records_of_another_run_are_dropped(void **state)
{
    (void)state;
    struct journal_identity another = identity;
    another.seed++;
    struct error e = {0};
    struct journal *j = NULL;
    assert_int_equal(journal_create(&j, "another.partial", &another, &e), 0);
    for (uint32_t r = 0; r < 4; r++) append(j, r);
    journal_close(j);
    size_t size = 0, another_size = 0;
    char *bytes = three(&size), *foreign = read_bytes("another.partial", &another_size);
    memcpy(foreign, bytes, size - RECORD); /* our header, and our replicates 0 and 1 */
    write_new("run.partial", foreign, another_size);
    j = resume("run.partial");
    assert_holds(j, 3);
    assert_int_equal(size_of("run.partial"), size - RECORD);
    journal_close(j);
    free(foreign);
    free(bytes);
}

static void a_flipped_bit_costs_one_replicate(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = three(&size);
    for (size_t at = size - 3 * RECORD; at < size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            const unsigned lost = 1u << (at - (size - 3 * RECORD)) / RECORD;
            bytes[at] ^= (char)(1 << bit);
            write_new("run.partial", bytes, size);
            bytes[at] ^= (char)(1 << bit);
            struct journal *j = resume("run.partial");
            assert_holds(j, 7 & ~lost);
            for (uint32_t r = 0; r < 3; r++) {
                if (lost == 1u << r) append(j, r);
            }
            assert_holds(j, 7);
            journal_close(j);
            j = resume("run.partial");
            assert_holds(j, 7);
            journal_close(j);
        }
    }
    free(bytes);
}

/* What happens to the file while it is open is seen before results are made of it. */
static void damage_behind_our_back_is_noticed(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = three(&size);
    write_new("run.partial", bytes, size);
    struct journal *j = resume("run.partial");
    struct error e = {0};
    assert_int_equal(journal_verify(j, &e), 0);
    for (size_t at = size - 3 * RECORD; at < size; at++) {
        char text[100];
        snprintf(text, sizeof text, "run.partial: the record of replicate %zu has been damaged",
                 (at - (size - 3 * RECORD)) / RECORD);
        bytes[at] ^= 1;
        folder_write_bytes("run.partial", bytes, size); /* into the same file */
        bytes[at] ^= 1;
        e = (struct error){0};
        assert_int_equal(journal_verify(j, &e), -1);
        assert_string_equal(e.text, text);
    }
    folder_write_bytes("run.partial", bytes, size - 1);
    e = (struct error){0};
    assert_int_equal(journal_verify(j, &e), -1);
    assert_string_equal(e.text, "run.partial: cannot be read: it has become shorter");
    journal_close(j);
    free(bytes);
}

static void a_damaged_header_is_refused(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = three(&size);
    const size_t header = (size_t)journal_size(&identity, 0);
    for (size_t at = 0; at < header; at++) {
        struct journal *j = NULL;
        struct error e = {0};
        bytes[at] ^= (char)(1 << at % 8);
        write_new("run.partial", bytes, size);
        refused(journal_resume(&j, "run.partial", &identity, &e), j, &e,
                "run.partial: not the journal of a run, or its beginning is damaged; --force starts afresh");
        assert_int_equal(size_of("run.partial"), size); /* it is left as it was */
        if (at + 1 < header) {
            write_new("run.partial", bytes, at + 1);
            e = (struct error){0};
            refused(journal_resume(&j, "run.partial", &identity, &e), j, &e,
                    "run.partial: too short for the journal of a run; --force starts afresh");
            assert_int_equal(size_of("run.partial"), at + 1);
        }
        bytes[at] ^= (char)(1 << at % 8);
    }
    free(bytes);
}

/* Of a run that was killed before its first replicate was finished. */
static void a_journal_that_ends_in_its_header_is_gone_on_with(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = three(&size);
    const size_t header = (size_t)journal_size(&identity, 0);
    for (size_t cut = 0; cut <= header; cut++) {
        write_new("run.partial", bytes, cut);
        struct journal *j = resume("run.partial");
        assert_holds(j, 0);
        assert_int_equal(size_of("run.partial"), header);
        append(j, 2);
        journal_close(j);
        j = resume("run.partial");
        assert_holds(j, 4);
        journal_close(j);
    }
    free(bytes);
}

/* ---- who may ---- */

static void another_identity_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct journal_identity identity;
        const char *difference;
    } others[] = {
        {{"run = { };\n", "toy 1", "0.2.0", 2012, REPLICATES, VALUES, NULL}, "program version 0.1.0, not 0.2.0"},
        {{"run = { };\n", "toy 2", "0.1.0", 2012, REPLICATES, VALUES, NULL}, "model toy 1, not toy 2"},
        {{"run = { };\n", "toy 1", "0.1.0", UINT64_MAX, REPLICATES, VALUES, NULL}, "seed 2012, not 18446744073709551615"},
        {{"run = { };\n", "toy 1", "0.1.0", 2012, 9, VALUES, NULL}, "8 replicates, not 9"},
        {{"run = {  };\n", "toy 1", "0.1.0", 2012, REPLICATES, VALUES, NULL}, "other settings in the configuration"},
        {{"run = { };\n", "toy 1", "0.1.0", 2012, REPLICATES, VALUES + 1, NULL}, "other settings in the configuration"},
        {{"", "a", "b", 1, 1, 1, NULL}, "program version 0.1.0, not b"}, /* the first difference that explains the others */
    };
    size_t size = 0, after = 0;
    char *bytes = three(&size);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct journal *j = NULL;
        struct error e = {0};
        char text[256];
        snprintf(text, sizeof text,
                 "run.partial: belongs to another run (%s); resume with the same command, or use --force",
                 others[i].difference);
        refused(journal_resume(&j, "run.partial", &others[i].identity, &e), j, &e, text);
        char *now = read_bytes("run.partial", &after);
        assert_int_equal(after, size);
        assert_memory_equal(now, bytes, size);
        free(now);
    }
    free(bytes);
}

static void one_writer_at_a_time(void **state)
{
    (void)state;
    struct journal *own = create("run.partial"), *other = NULL;
    append(own, 3);
    struct error e = {0};
    refused(journal_create(&other, "run.partial", &identity, &e), other, &e,
            "run.partial: another run is writing this file");
    e = (struct error){0};
    refused(journal_resume(&other, "run.partial", &identity, &e), other, &e,
            "run.partial: another run is writing this file");
    append(own, 4);
    assert_holds(own, 0x18); /* the refused one has emptied nothing */
    journal_close(own);
    other = resume("run.partial");
    assert_holds(other, 0x18);
    journal_close(other);
    other = create("run.partial"); /* and afterwards it may be overwritten */
    assert_holds(other, 0);
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
        assert_int_equal(journal_create(&j, paths[i], &identity, &e), -1);
        assert_true(j == NULL && e.kind == ERROR_INPUT);
        e = (struct error){0};
        assert_int_equal(journal_resume(&j, paths[i], &identity, &e), -1);
        assert_true(j == NULL && e.kind == ERROR_INPUT);
    }
    assert_int_equal(size_of("victim"), strlen("precious"));
    struct journal *j = NULL;
    struct error e = {0};
    refused(journal_resume(&j, "missing", &identity, &e), j, &e,
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
    const size_t two = (size_t)journal_size(&identity, 2);
    const double values[VALUES] = {0};
    for (size_t room = 0; room < RECORD; room++) {
        struct error e = {0};
        struct journal *j = create("run.partial");
        append(j, 0);
        append(j, 1);
        limit_files(two + room);
        int status = journal_append(j, 2, values, &e);
        limit_files(RLIM_INFINITY);
        assert_int_equal(status, -1);
        assert_int_equal(e.kind, ERROR_FAILURE);
        assert_string_equal(e.text, "run.partial: cannot be written: File too large");
        assert_int_equal(size_of("run.partial"), two);
        assert_holds(j, 3);
        append(j, 2); /* there is room again */
        assert_holds(j, 7);
        journal_close(j);
        j = resume("run.partial");
        assert_holds(j, 7);
        journal_close(j);
    }
    for (size_t room = 0; room < (size_t)journal_size(&identity, 0); room += 10) {
        struct journal *j = NULL;
        struct error e = {0};
        limit_files(room);
        int status = journal_create(&j, "new.partial", &identity, &e);
        limit_files(RLIM_INFINITY);
        refused(status, j, &e, "new.partial: cannot be written: File too large");
        assert_int_equal(access("new.partial", F_OK), -1);
    }
    signal(SIGXFSZ, SIG_DFL);
}

/* Killed at any moment, a writer leaves a journal from which every record that it has announced comes back. */
static void a_killed_writer_loses_nothing_finished(void **state)
{
    (void)state;
    enum { BIG = 20000, KILLS = 8 };
    struct journal_identity many = identity;
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
    free(three(&size)); /* run.partial: 0, 1, 2 */
    struct journal *j = create("all.partial");
    append(j, 1);
    append(j, 6);
    assert_int_equal(journal_gather(j, "run.partial", &identity, &e), 0);
    assert_holds(j, 0x47);
    assert_int_equal(journal_gather(j, "run.partial", &identity, &e), 0); /* nothing twice */
    assert_holds(j, 0x47);
    assert_int_equal(size_of("all.partial"), journal_size(&identity, 4));
    assert_int_equal(journal_verify(j, &e), 0);
    journal_close(j);
}

/* A record that is damaged or torn is left out, and costs no other; the file itself stays as it is. */
static void damaged_records_are_not_gathered(void **state)
{
    (void)state;
    struct error e = {0};
    size_t size;
    char *bytes = three(&size);
    bytes[(size_t)journal_size(&identity, 1) + 20] ^= 1;
    write_new("run.partial", bytes, size - 1);
    struct journal *j = create("all.partial");
    assert_int_equal(journal_gather(j, "run.partial", &identity, &e), 0);
    assert_holds(j, 1);
    assert_int_equal(size_of("run.partial"), size - 1);
    journal_close(j);
    free(bytes);
}

static void refuses_to_gather(struct journal *j, const char *path, const struct journal_identity *of, const char *text)
{
    struct error e = {0};
    assert_int_equal(journal_gather(j, path, of, &e), -1);
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_string_equal(e.text, text);
    assert_holds(j, 0);
}

static void what_is_no_shard_of_the_run_is_refused(void **state)
{
    (void)state;
    size_t size;
    char *bytes = three(&size);
    struct journal_identity other = identity;
    struct journal *j = create("all.partial");
    other.seed++;
    char text[200];
    snprintf(text, sizeof text, "run.partial: belongs to another run (seed %llu, not %llu); merge with the settings with which the "
             "shards were run", (unsigned long long)identity.seed, (unsigned long long)other.seed);
    refuses_to_gather(j, "run.partial", &other, text);
    refuses_to_gather(j, "none", &identity, "none: cannot be opened: No such file or directory");
    write_new("short", bytes, 100);
    refuses_to_gather(j, "short", &identity, "short: too short for a shard; name files that 'run --shard' has written");
    bytes[0] = 'x';
    write_new("other", bytes, size);
    refuses_to_gather(j, "other", &identity, "other: not the journal of a run, or its beginning is damaged; name files that "
                                             "'run --shard' has written");
    refuses_to_gather(j, "all.partial", &identity, "all.partial: another run is writing this file");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    refuses_to_gather(j, "pipe", &identity, "pipe: not a regular file"); /* and waits for nobody */
    journal_close(j);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(journals_are_gathered),
        IN_FOLDER(damaged_records_are_not_gathered),
        IN_FOLDER(what_is_no_shard_of_the_run_is_refused),
        IN_FOLDER(what_goes_in_comes_out),
        IN_FOLDER(the_last_record_of_a_replicate_counts),
        IN_FOLDER(what_is_not_there_is_not_read),
        IN_FOLDER(a_tail_torn_at_any_byte_is_dropped),
        IN_FOLDER(a_tail_of_zeros_or_noise_is_dropped),
        IN_FOLDER(a_record_of_no_replicate_is_dropped),
        IN_FOLDER(records_of_another_run_are_dropped),
        IN_FOLDER(a_flipped_bit_costs_one_replicate),
        IN_FOLDER(damage_behind_our_back_is_noticed),
        IN_FOLDER(a_damaged_header_is_refused),
        IN_FOLDER(a_journal_that_ends_in_its_header_is_gone_on_with),
        IN_FOLDER(another_identity_is_refused),
        IN_FOLDER(one_writer_at_a_time),
        IN_FOLDER(only_plain_files),
        IN_FOLDER(a_failed_write_leaves_whole_records),
        IN_FOLDER(a_killed_writer_loses_nothing_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

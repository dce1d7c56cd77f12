/* Journals for tests: see the header. */
#include "tests/journal_support.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/folder.h"

struct journal *support_journal_create(const char *path, const struct journal_identity *identity)
{
    struct journal *j = NULL;
    struct error e = {0};
    if (journal_create(&j, path, identity, &e) != 0) fail_msg("%s", e.text);
    return j;
}

struct journal *support_journal_resume(const char *path, const struct journal_identity *identity)
{
    struct journal *j = NULL;
    struct error e = {0};
    if (journal_resume(&j, path, identity, &e) != 0) fail_msg("%s", e.text);
    assert_int_equal(e.kind, ERROR_NONE);
    return j;
}

void support_journal_refused(int status, const struct journal *j, const struct error *e, const char *text)
{
    assert_int_equal(status, -1);
    assert_null(j);
    assert_int_equal(e->kind, ERROR_INPUT);
    assert_string_equal(e->text, text);
}

/* ---- plain ones ---- */

const struct journal_identity plain_identity = {
    .config = "run = { };\n",
    .model = "toy 1",
    .program = "0.1.0",
    .seed = 2012,
    .replicates = PLAIN_REPLICATES,
    .values = PLAIN_VALUES,
};

double plain_value(uint32_t replicate, size_t i) { return replicate * 10.0 + (double)i + 0.25; }

void plain_append(struct journal *j, uint32_t replicate)
{
    struct error e = {0};
    double values[PLAIN_VALUES];
    for (size_t i = 0; i < PLAIN_VALUES; i++) values[i] = plain_value(replicate, i);
    assert_int_equal(journal_append(j, replicate, values, &e), 0);
}

struct journal *plain_create(const char *path) { return support_journal_create(path, &plain_identity); }
struct journal *plain_resume(const char *path) { return support_journal_resume(path, &plain_identity); }

void plain_assert_holds(const struct journal *j, unsigned replicates)
{
    assert_int_equal(journal_count(j), __builtin_popcount(replicates));
    for (uint32_t r = 0; r < PLAIN_REPLICATES; r++) {
        struct error e = {0};
        double values[PLAIN_VALUES];
        assert_int_equal(journal_finished(j)[r], replicates >> r & 1);
        assert_int_equal(journal_read(j, r, 0, PLAIN_VALUES, values, &e), journal_finished(j)[r] ? 0 : -1);
        for (size_t i = 0; i < PLAIN_VALUES && journal_finished(j)[r]; i++) assert_true(values[i] == plain_value(r, i));
    }
}

char *plain_three(size_t *size)
{
    struct journal *j = plain_create("run.partial");
    for (uint32_t r = 0; r < 3; r++) plain_append(j, r);
    journal_close(j);
    char *bytes = folder_read_bytes("run.partial", size);
    assert_int_equal(*size, journal_size(&plain_identity, 3));
    assert_int_equal(*size - (size_t)journal_size(&plain_identity, 2), PLAIN_RECORD);
    return bytes;
}

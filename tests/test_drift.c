/* The warning after a run whose world has not settled: of what drifts, and of nothing else. */
#include "sim/drift.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/run.h"
#include "tests/folder.h"
#include "tests/small_model.h"

static int keep(void *context, uint32_t replicate, const double *values, struct error *e)
{
    return journal_append(context, replicate, values, e);
}

/* Runs the small model, and what drift_warn then says on stderr. Its headlines are "state", a sum that grows by half a unit
 * per part and day, and "fraction", which is constant. */
static void said_after(uint32_t replicates, int32_t burn_in, int32_t record_before, char *said, size_t size)
{
    struct study s;
    struct record record;
    struct journal *j;
    struct error e = {0};
    small_study(&s, replicates, 2);
    s.calendar.burn_in = burn_in;
    s.record_before = record_before;
    assert_int_equal(study_check(&s, &e), 0);
    assert_int_equal(record_create(&record, &s, &e), 0);
    const struct journal_identity identity = {
        .config = "", .model = "small 1", .program = "1", .replicates = replicates, .values = study_values(&s)};
    assert_int_equal(journal_create(&j, "run.partial", &identity, &e), 0);
    struct run_options options = {.threads = 1, .done = keep, .context = j};
    assert_int_equal(study_run(&s, &options, &e), 0);

    int before = dup(STDERR_FILENO), heard = memfd_create("err", MFD_CLOEXEC);
    fflush(stderr);
    assert_true(before >= 0 && heard >= 0 && dup2(heard, STDERR_FILENO) >= 0);
    drift_warn(stderr, &s, &record, j);
    fflush(stderr);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    ssize_t n = pread(heard, said, size - 1, 0);
    assert_true(n >= 0);
    said[n] = '\0';
    close(before);
    close(heard);
    journal_close(j);
    record_free(&record);
    study_free(&s);
}

static void what_drifts_is_named(void **state)
{
    (void)state;
    char said[2000];
    said_after(8, 400, 360, said, sizeof said);
    assert_non_null(strstr(said, "warning: state still drifts when the burn-in ends (+"));
    assert_non_null(strstr(said, " % in the last 180 days); lengthen run.burn_in\n"));
    assert_null(strstr(said, "fraction"));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    /* Mean of the sum on the days -330 to -180 against that on -150 to 0, where it grows by one a day from -400 on. */
    double percent = strtod(strchr(said, '+'), NULL), expected = 100 * 180 / (400 - 255.0);
    assert_true(percent > expected - 5 && percent < expected + 5);
}

static void too_little_says_nothing(void **state)
{
    (void)state;
    char said[2000];
    said_after(7, 400, 360, said, sizeof said); /* too few replicates to tell */
    assert_string_equal(said, "");
    said_after(8, 400, 330, said, sizeof said); /* too few records */
    assert_string_equal(said, "");
    said_after(8, 40000, 360, said, sizeof said); /* 0.45 % in half a year are no drift to speak of */
    assert_string_equal(said, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_drifts_is_named),
        IN_FOLDER(too_little_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The library as another program calls it: a scenario file goes in, the bytes of its results file come out, whatever that
 * program is doing besides. */
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "sim/embed.h"
#include "sim/results.h"
#include "tests/folder.h"

static const char STUDY[] =
    "run = { name = \"small\"; seed = 5; replicates = 6; burn_in = 60; horizon = 60; record_every = 30; };\n"
    "parameters : { region : { venues = 8; districts = 2; traffickers = 3; }; health : { backlash_own = 0.25; }; };\n"
    "policies : { status_quo : { }; raids : { sweep_rate = 6.5; }; };\n"
    "scenarios = ( { name = \"a\"; policy = \"status_quo\"; }, { name = \"b\"; policy = \"raids\"; } );\n";

static struct embed_request request(void)
{
    return (struct embed_request){.config = "s.cfg", .history = "enforcesim run s.cfg", .threads = "2"};
}

static void expect(const struct error *e)
{
    if (e->kind != ERROR_NONE) print_error("%s\n", e->text);
    assert_int_equal(e->kind, ERROR_NONE);
}

/* The digest that a file of these bytes has, and says it has. */
static void digest_of(const void *bytes, size_t size, char digest[RESULTS_DIGEST])
{
    struct results_info info;
    struct error e = {0};
    folder_write_bytes("image.h5", bytes, size);
    assert_int_equal(results_info(&info, "image.h5", &e), 0);
    assert_string_equal(info.digest, info.computed);
    memcpy(digest, info.digest, RESULTS_DIGEST);
    results_info_free(&info);
}

static void *run(const struct embed_request *asked, size_t *size)
{
    struct error e = {0};
    struct embed *study = embed_begin(asked, &e);
    expect(&e);
    assert_non_null(study);
    embed_run(study, &e);
    expect(&e);
    struct embed_progress progress;
    embed_progress(study, &progress);
    assert_int_equal(progress.done, progress.units);
    assert_true(progress.person_days > 0);
    void *bytes = embed_results(study, size, &e);
    expect(&e);
    assert_non_null(bytes);
    embed_end(study);
    return bytes;
}

static void run_for_digest(const struct embed_request *asked, char digest[RESULTS_DIGEST])
{
    size_t size = 0;
    void *bytes = run(asked, &size);
    digest_of(bytes, size, digest);
    embed_free(bytes);
}

static void enter_study(char digest[RESULTS_DIGEST])
{
    const struct embed_request asked = request();
    folder_write("s.cfg", STUDY);
    run_for_digest(&asked, digest);
}

static void the_digest_is_that_of_a_file(void **state)
{
    (void)state;
    char digest[RESULTS_DIGEST], other[RESULTS_DIGEST];
    enter_study(digest);
    struct embed_request asked = request();
    static const char *const counts[] = {"1", "3", NULL};
    for (size_t i = 0; i < 3; i++) {
        asked.threads = counts[i];
        run_for_digest(&asked, other);
        assert_string_equal(other, digest);
    }
    const char *const set[] = {"run.seed=6"};
    asked.set = set;
    asked.n_set = 1;
    run_for_digest(&asked, other);
    assert_string_not_equal(other, digest);
}

/* Of quantiles the journal, beyond 4 MB, is folded into its aggregate, with nowhere to write it to. */
static void quantiles_need_no_file(void **state)
{
    (void)state;
    char digest[RESULTS_DIGEST], other[RESULTS_DIGEST];
    folder_write("s.cfg", STUDY);
    const char *const set[] = {"run.output=quantiles", "run.replicates=250", "run.burn_in=0", "run.record_every=1"};
    struct embed_request asked = request();
    asked.set = set;
    asked.n_set = 4;
    run_for_digest(&asked, digest);
    asked.threads = "1";
    run_for_digest(&asked, other);
    assert_string_equal(other, digest);
}

/* ---- whatever the process is like ---- */

static void rounding_of_the_caller_changes_nothing(void **state)
{
    (void)state;
    char digest[RESULTS_DIGEST], other[RESULTS_DIGEST];
    enter_study(digest);
    const struct embed_request asked = request();
    size_t size = 0;
    assert_int_equal(fesetround(FE_UPWARD), 0);
    void *bytes = run(&asked, &size);
    const int after = fegetround();
    fesetround(FE_TONEAREST);
    assert_int_equal(after, FE_UPWARD); /* the caller's again */
    digest_of(bytes, size, other);
    embed_free(bytes);
    assert_string_equal(other, digest);
}

static void decimal_commas_change_nothing(void **state)
{
    (void)state;
    char digest[RESULTS_DIGEST], other[RESULTS_DIGEST];
    enter_study(digest);
    /* Debian's package `locales` has the sources. */
    if (system("localedef -i de_DE -f UTF-8 ./de_DE.UTF-8 2>localedef.log") != 0) skip();
    assert_int_equal(setenv("LOCPATH", ".", 1), 0);
    assert_non_null(setlocale(LC_ALL, "de_DE.UTF-8"));
    const struct embed_request asked = request();
    run_for_digest(&asked, other);
    char text[16];
    snprintf(text, sizeof text, "%.1f", 0.5);
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
    assert_string_equal(text, "0,5");
    assert_string_equal(other, digest);
}

struct side {
    void *bytes;
    size_t size;
};

static void *run_beside(void *context)
{
    struct side *side = context;
    struct error e = {0};
    const struct embed_request asked = request();
    struct embed *study = embed_begin(&asked, &e);
    if (study != NULL && embed_run(study, &e) == 0) return study; /* the results are made by one thread */
    embed_end(study);
    side->size = 0;
    return NULL;
}

static void studies_run_side_by_side(void **state)
{
    (void)state;
    enum { SIDES = 4 };
    char digest[RESULTS_DIGEST], other[RESULTS_DIGEST];
    pthread_t threads[SIDES];
    struct side sides[SIDES];
    enter_study(digest);
    for (size_t i = 0; i < SIDES; i++) assert_int_equal(pthread_create(&threads[i], NULL, run_beside, &sides[i]), 0);
    for (size_t i = 0; i < SIDES; i++) {
        void *study = NULL;
        struct error e = {0};
        pthread_join(threads[i], &study);
        assert_non_null(study);
        void *bytes = embed_results(study, &sides[i].size, &e);
        expect(&e);
        digest_of(bytes, sides[i].size, other);
        assert_string_equal(other, digest);
        embed_free(bytes);
        embed_end(study);
    }
}

/* ---- ends ---- */

static void *stop_soon(void *study)
{
    const struct timespec moment = {.tv_nsec = 50000000};
    struct embed_progress progress = {0};
    do {
        nanosleep(&moment, NULL);
        embed_progress(study, &progress);
    } while (progress.person_days == 0);
    embed_stop(study);
    return NULL;
}

static void a_run_can_be_stopped(void **state)
{
    (void)state;
    folder_write("s.cfg", STUDY);
    const char *const set[] = {"run.replicates=1000000", "run.horizon=50000", "run.output=summary", "run.metrics=fear"};
    struct embed_request asked = request();
    asked.set = set;
    asked.n_set = 4;
    struct error e = {0};
    struct embed *study = embed_begin(&asked, &e);
    expect(&e);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, study), 0);
    assert_int_equal(embed_run(study, &e), -1);
    pthread_join(thread, NULL);
    assert_int_equal(e.kind, ERROR_INTERRUPTED);
    embed_end(study);
}

static void refused(const struct embed_request *asked, const char *words)
{
    struct error e = {0};
    assert_null(embed_begin(asked, &e));
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_string_equal(e.text, words);
}

static void errors_are_the_programs(void **state)
{
    (void)state;
    folder_write("s.cfg", STUDY);
    struct embed_request asked = request();
    const char *const set[] = {"parameters.police.leek=0.1"}, *const said[] = {"--leak 0.1"};
    asked.set = set;
    asked.n_set = 1;
    refused(&asked, "--set parameters.police.leek=0.1: there is no parameter of police 'leek'; did you mean 'leak'?");
    asked.said = said;
    refused(&asked, "--leak 0.1: there is no parameter of police 'leek'; did you mean 'leak'?");
    asked = request();
    asked.threads = "0";
    refused(&asked, "-j 0 is out of range; allowed: a whole number from 1 to 1024");
    asked = request();
    asked.config = "missing.cfg";
    refused(&asked, "missing.cfg: cannot be opened: No such file or directory");
    asked = request();
    asked.design = "table";
    asked.design_text = "police.leak\n0.5\n1.5\n";
    refused(&asked, "table:3: police.leak = 1.5 is out of range; allowed: a number from 0 to 1");
    asked = request();
    static const char *const many[] = {"run.replicates=10000000", "run.horizon=50000"};
    asked.set = many;
    asked.n_set = 2;
    struct error e = {0};
    assert_null(embed_begin(&asked, &e));
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_memory_equal(e.text, "these results need ", strlen("these results need "));
}

static void a_point_that_fails_is_told(void **state)
{
    (void)state;
    folder_write("s.cfg", STUDY);
    struct embed_request asked = request();
    asked.design = "table";
    /* More districts than venues is a rule between parameters, which no single value breaks. */
    asked.design_text = "region.venues,region.districts\n8,2\n8,9\n";
    struct error e = {0};
    struct embed *study = embed_begin(&asked, &e);
    expect(&e);
    embed_run(study, &e);
    expect(&e);
    const char *said = embed_warnings(study);
    assert_non_null(strstr(said, "table:3: "));
    assert_non_null(strstr(said, "1 of 2 points could not be run, this is the first; /design/problem in the results lists them\n"));
    embed_end(study);
}

static void tables_are_json(void **state)
{
    (void)state;
    struct error e = {0};
    char *parameters = embed_parameters(NULL, &e), *police = embed_parameters("police", &e), *metrics = embed_metrics(&e);
    expect(&e);
    assert_non_null(strstr(parameters, "{\"path\": \"police.leak\", \"type\": \"real\""));
    assert_non_null(strstr(metrics, "{\"name\": \"minor_days\", \"unit\": \"person-days\""));
    assert_true(strlen(police) < strlen(parameters));
    embed_free(parameters);
    embed_free(police);
    embed_free(metrics);
    assert_int_equal(embed_api(), EMBED_API);
    assert_true(strlen(embed_version()) > 0);
    embed_end(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(the_digest_is_that_of_a_file),           IN_FOLDER(quantiles_need_no_file),
        IN_FOLDER(rounding_of_the_caller_changes_nothing), IN_FOLDER(decimal_commas_change_nothing),
        IN_FOLDER(studies_run_side_by_side),               IN_FOLDER(a_run_can_be_stopped),
        IN_FOLDER(errors_are_the_programs),                IN_FOLDER(a_point_that_fails_is_told),
        IN_FOLDER(tables_are_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The engine's loop, against a model whose results can be worked out by hand. */
#include "sim/run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/small_model.h"

/* Keeps every replicate's values. */
struct kept {
    double *values;
    size_t each;
    uint32_t calls, fail_on;
    uint64_t person_days;
    uint32_t units;
};

static int keep(void *context, uint32_t replicate, const double *values, struct error *e)
{
    struct kept *kept = context;
    if (++kept->calls == kept->fail_on) return error_set(e, ERROR_FAILURE, "kept enough");
    memcpy(kept->values + replicate * kept->each, values, kept->each * sizeof *values);
    return 0;
}

static void watch(void *context, const struct run_progress *progress)
{
    struct kept *kept = context;
    assert_true(progress->person_days >= kept->person_days);
    assert_true(progress->units >= kept->units);
    kept->person_days = progress->person_days;
    kept->units = progress->units;
}

static double *run(const struct study *s, uint32_t threads, uint64_t *person_days)
{
    struct error e = {0};
    struct kept kept = {.each = study_values(s)};
    kept.values = calloc(kept.each * s->replicates, sizeof(double));
    assert_non_null(kept.values);
    struct run_options options = {.threads = threads, .done = keep, .progress = watch, .context = &kept, .verify = true};
    assert_int_equal(study_run(s, &options, &e), 0);
    assert_int_equal(e.kind, ERROR_NONE);
    assert_int_equal(kept.calls, s->replicates);
    assert_int_equal(kept.units, s->replicates);
    if (person_days != NULL) *person_days = kept.person_days;
    return kept.values;
}

static const double *series(const struct study *s, const double *values, uint32_t scenario, enum small_metric metric)
{
    size_t metrics = model_metrics(s->model, NULL);
    return values + (scenario * metrics + metric) * study_series_length(s);
}

static void test_records_are_those_worked_out_by_hand(void **state)
{
    (void)state;
    struct study s;
    small_study(&s, 2, 3);
    static const int32_t expected_times[] = {-30, 0, 30, 60, 90, 120, 150, 180, 200};
    enum { TIMES = sizeof expected_times / sizeof *expected_times };
    int32_t times[TIMES];
    assert_int_equal(study_times(&s, NULL), TIMES);
    study_times(&s, times);
    assert_memory_equal(times, expected_times, sizeof times);
    double *values = run(&s, 1, NULL);

    const double *steps = series(&s, values, 1, SMALL_STEPS), *pushed = series(&s, values, 1, SMALL_PUSHED);
    const double *later = series(&s, values, 2, SMALL_PUSHED), *today = series(&s, values, 2, SMALL_TODAY);
    for (size_t i = 0; i < TIMES; i++) {
        /* The first record covers 20 days only: the burn-in begins on day -50. */
        int32_t days = i == 0 ? 20 : times[i] - times[i - 1];
        assert_true(steps[i] == 3.0 * days);
        assert_true(pushed[i] == 3.0 * days * (times[i] > 0 ? 3 : 1));
        int32_t calm = times[i] <= 40 ? days : times[i] == 60 ? 10 : 0;
        assert_true(later[i] == 3.0 * calm + 9.0 * (days - calm));
        assert_true(today[i] == 3.0 * (50 + times[i] - 1));
    }
    assert_true(steps[TIMES] == 3.0 * 200);
    assert_true(later[TIMES] == 3.0 * 40 + 9.0 * 160);
    /* The mean over the last 180 days of a line is its value in their middle. */
    assert_true(fabs(today[TIMES] - 3.0 * (50 + 20 + 89.5)) < 1e-9);
    free(values);
    study_free(&s);
}

static void test_first_record_covers_record_every_days(void **state)
{
    (void)state;
    struct study s;
    small_study(&s, 1, 1);
    s.record_before = 0;
    double *values = run(&s, 1, NULL);
    assert_true(series(&s, values, 0, SMALL_STEPS)[0] == 30);
    free(values);
    study_free(&s);
}

static void test_no_burn_in(void **state)
{
    (void)state;
    struct study s;
    small_study(&s, 1, 2);
    s.calendar = (struct calendar){.burn_in = 0, .horizon = 40};
    s.record_before = 0;
    s.scenarios[2].phases[1].day = 39;
    double *values = run(&s, 1, NULL);
    const double *steps = series(&s, values, 0, SMALL_STEPS);
    assert_true(steps[0] == 0 && steps[1] == 60 && steps[2] == 20 && steps[3] == 80);
    assert_true(series(&s, values, 2, SMALL_PUSHED)[3] == 2 * (39 + 3));
    assert_true(fabs(series(&s, values, 0, SMALL_TODAY)[3] - 2 * 19.5) < 1e-12); /* the horizon is shorter than 180 days */
    free(values);
    study_free(&s);
}

static void test_shares(void **state)
{
    (void)state;
    struct study s;
    small_study(&s, 1, 2);
    double *values = run(&s, 1, NULL);
    size_t last = study_series_length(&s) - 1;
    const double *never = series(&s, values, 0, SMALL_NEVER), *fraction = series(&s, values, 1, SMALL_FRACTION);
    for (size_t i = 0; i <= last; i++) {
        assert_true(isnan(never[i]));
        assert_false(signbit(never[i])); /* one NaN for all compilers */
    }
    assert_true(isnan(fraction[1]));  /* day 49 */
    assert_true(fraction[2] == 3);    /* day 79 */
    assert_true(fraction[last] == 3); /* days without a value are left out */
    free(values);
    study_free(&s);
}

static void test_phases_are_enacted(void **state)
{
    (void)state;
    struct study s;
    small_study(&s, 1, 1);
    double *values = run(&s, 1, NULL);
    const double *calm = series(&s, values, 0, SMALL_ENACTMENTS), *later = series(&s, values, 2, SMALL_ENACTMENTS);
    assert_true(calm[1] == 1 && calm[2] == 2 && calm[8] == 2); /* at the start, and again on the policy's first day */
    assert_true(later[1] == 1 && later[2] == 2 && later[3] == 3 && later[8] == 3);
    free(values);
    study_free(&s);
}

static void test_scenarios_share_their_luck(void **state)
{
    (void)state;
    struct study s;
    small_study(&s, 2, 3);
    double *values = run(&s, 2, NULL);
    size_t bytes = study_series_length(&s) * sizeof(double);
    for (uint32_t scenario = 1; scenario < 3; scenario++) {
        assert_memory_equal(series(&s, values, 0, SMALL_LUCK), series(&s, values, scenario, SMALL_LUCK), bytes);
    }
    const double *other = values + study_values(&s);
    assert_memory_not_equal(series(&s, values, 0, SMALL_LUCK), series(&s, other, 0, SMALL_LUCK), bytes);
    free(values);
    study_free(&s);
}

static void test_bits_do_not_depend_on_threads(void **state)
{
    (void)state;
    /* Few and many replicates, small and big worlds: over replicates, over scenarios and over parts. */
    static const struct {
        uint32_t replicates;
        int32_t parts, persons;
    } cases[] = {{1, 1, 100}, {1, 16, 1000000}, {2, 5, 1000000}, {9, 2, 100}, {40, 1, 100}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct study s;
        small_study(&s, cases[i].replicates, cases[i].parts);
        assert_int_equal(study_set(&s, -1, "nature.persons", cases[i].persons, NULL), 0);
        uint64_t days = 0, expected_days = (uint64_t)cases[i].persons * cases[i].replicates * (50 + 3 * 200);
        double *one = run(&s, 1, &days);
        assert_true(days == expected_days);
        for (uint32_t threads = 2; threads <= 8; threads++) {
            double *many = run(&s, threads, &days);
            assert_true(days == expected_days);
            assert_memory_equal(one, many, study_values(&s) * s.replicates * sizeof(double));
            free(many);
        }
        double *alone = calloc(study_values(&s), sizeof *alone);
        struct error e = {0};
        assert_int_equal(study_run_replicate(&s, s.replicates - 1, alone, &e), 0);
        assert_memory_equal(alone, one + study_values(&s) * (s.replicates - 1), study_values(&s) * sizeof(double));
        free(alone);
        free(one);
        study_free(&s);
    }
}

static void test_an_error_of_the_caller_ends_the_run(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 3; threads++) {
        struct study s;
        small_study(&s, 50, 1);
        struct kept kept = {.each = study_values(&s), .fail_on = 5};
        kept.values = calloc(kept.each * s.replicates, sizeof(double));
        struct error e = {0};
        struct run_options options = {.threads = threads, .done = keep, .context = &kept};
        assert_int_equal(study_run(&s, &options, &e), -1);
        assert_int_equal(e.kind, ERROR_FAILURE);
        assert_string_equal(e.text, "kept enough");
        assert_int_equal(kept.calls, 5);
        free(kept.values);
        study_free(&s);
    }
}

static void test_a_broken_invariant_says_where(void **state)
{
    (void)state;
    struct study s;
    small_study(&s, 3, 1);
    assert_int_equal(study_set(&s, -1, "nature.break_on_day", 60, NULL), 0);
    struct error e = {0};
    struct run_options options = {.threads = 2, .verify = true};
    assert_int_equal(study_run(&s, &options, &e), -1);
    assert_int_equal(e.kind, ERROR_FAILURE);
    assert_non_null(strstr(e.text, "day 10 of the policy: broken as asked"));
    e = (struct error){0};
    options.verify = false;
    assert_int_equal(study_run(&s, &options, &e), 0);
    study_free(&s);
}

static void test_stop_and_skip(void **state)
{
    (void)state;
    struct study s;
    small_study(&s, 6, 1);
    atomic_int stop = 1;
    struct error e = {0};
    struct run_options options = {.threads = 2, .stop = &stop};
    assert_int_equal(study_run(&s, &options, &e), -1);
    assert_int_equal(e.kind, ERROR_INTERRUPTED);

    bool skip[6] = {true, false, true, true, false, true};
    struct kept kept = {.each = study_values(&s)};
    kept.values = calloc(kept.each * s.replicates, sizeof(double));
    e = (struct error){0};
    options = (struct run_options){.threads = 2, .skip = skip, .done = keep, .progress = watch, .context = &kept};
    assert_int_equal(study_run(&s, &options, &e), 0);
    assert_int_equal(kept.calls, 2);
    assert_int_equal(kept.units, 6);
    double *all = run(&s, 1, NULL);
    for (uint32_t r = 0; r < 6; r++) {
        if (skip[r]) continue;
        assert_memory_equal(all + r * kept.each, kept.values + r * kept.each, kept.each * sizeof(double));
    }
    free(all);
    free(kept.values);
    study_free(&s);
}

/* A model whose worlds, or copies of them, are not to be had. */
static int no_create(struct world **w, const void *const *groups, const struct exchange_range *parts,
                     const struct luck *luck, const struct calendar *calendar, struct error *e)
{
    (void)groups, (void)parts, (void)luck, (void)calendar;
    *w = NULL;
    return error_memory(e, "a world", 1e12);
}

static int no_copy(struct world *to, const struct world *from, struct error *e)
{
    (void)to, (void)from;
    return error_memory(e, "a copy", 1e12);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct study s;
    small_study(&s, 4, 1);
    struct model poor = small_model;
    struct run_options options = {.threads = 3};
    poor.create = no_create;
    s.model = &poor;
    struct error e = {0};
    assert_int_equal(study_run(&s, &options, &e), -1);
    assert_string_equal(e.text, "out of memory: a world needs 1000000.0 MB");
    poor = small_model;
    poor.copy = no_copy;
    e = (struct error){0};
    assert_int_equal(study_run(&s, &options, &e), -1);
    assert_string_equal(e.text, "out of memory: a copy needs 1000000.0 MB");
    study_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_are_those_worked_out_by_hand),
        cmocka_unit_test(test_first_record_covers_record_every_days),
        cmocka_unit_test(test_no_burn_in),
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_phases_are_enacted),
        cmocka_unit_test(test_scenarios_share_their_luck),
        cmocka_unit_test(test_bits_do_not_depend_on_threads),
        cmocka_unit_test(test_an_error_of_the_caller_ends_the_run),
        cmocka_unit_test(test_a_broken_invariant_says_where),
        cmocka_unit_test(test_stop_and_skip),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

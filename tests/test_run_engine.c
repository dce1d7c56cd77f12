/* The engine's loop once more: the order of its calls, what may not change its numbers, how it ends when it fails. */
#include "sim/run.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/probe_model.h"
#include "tests/small_model.h"
#include "tests/toy_model.h"

/* ---- running ---- */

struct kept {
    double *values;
    size_t each;
    int calls, last;             /* calls of done; the one that fails */
    atomic_flag inside;          /* a callback */
    atomic_int *stop; /* raised by the call number `last` instead */
    bool silent;
};

static void enter(struct kept *kept) { assert_false(atomic_flag_test_and_set(&kept->inside)); }

static int keep(void *context, uint32_t replicate, const double *values, struct error *e)
{
    struct kept *kept = context;
    enter(kept);
    memcpy(kept->values + replicate * kept->each, values, kept->each * sizeof *values);
    bool last = ++kept->calls == kept->last;
    if (last && kept->stop != NULL) *kept->stop = 1;
    atomic_flag_clear(&kept->inside);
    if (!last || kept->stop != NULL) return 0;
    return kept->silent ? -1 : error_set(e, ERROR_FAILURE, "the disk is full");
}

static void watch(void *context, const struct run_progress *progress)
{
    (void)progress;
    enter(context);
    atomic_flag_clear(&((struct kept *)context)->inside);
}

static struct kept kept_for(const struct study *s)
{
    struct kept kept = {.each = study_values(s), .inside = ATOMIC_FLAG_INIT};
    kept.values = calloc(kept.each * s->replicates + 1, sizeof *kept.values);
    assert_non_null(kept.values);
    return kept;
}

static double *run(const struct study *s, uint32_t threads)
{
    struct error e = {0};
    struct kept kept = kept_for(s);
    struct run_options options = {
        .threads = threads, .done = keep, .progress = watch, .context = &kept, .verify = true};
    assert_int_equal(study_run(s, &options, &e), 0);
    assert_int_equal(kept.calls, s->replicates);
    return kept.values;
}

static const double *series(const struct study *s, const double *values, uint32_t scenario, size_t metric)
{
    return values + (scenario * model_metrics(s->model, NULL) + metric) * study_series_length(s);
}

static const double *probed(const struct study *s, const double *values, uint32_t scenario, enum probe_metric metric)
{
    return series(s, values, scenario, metric);
}

static int dawdle(void *context, uint32_t replicate, const double *values, struct error *e)
{
    (void)replicate, (void)values, (void)e;
    enter(context);
    usleep(1000);
    atomic_flag_clear(&((struct kept *)context)->inside);
    return 0;
}

static void one_callback_at_a_time(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    struct kept kept = {.inside = ATOMIC_FLAG_INIT};
    probe_study(&s, 60, 1, 1);
    const struct run_options options = {.threads = 8, .done = dawdle, .progress = watch, .context = &kept};
    assert_int_equal(study_run(&s, &options, &e), 0);
    study_free(&s);
}

/* ---- the order of things ---- */

static void calls_come_in_the_order_of_the_day(void **state)
{
    (void)state;
    struct study s;
    probe_study(&s, 1, 1, 2);
    s.record_every = 1;
    s.record_before = 0;
    assert_int_equal(study_add_phase(&s, 0, 1, 1, NULL), 0);
    probe.tracing = true;
    free(run(&s, 1));
    static const char expected[] =
        " N0:1 n0 n1 g:1 G0:1 s0:1 G1:1 s1:1 g:1 G0:1 e0:1 G1:1 e1:1 V" /* the first day's state, under the baseline */
        " | d0 w0:0 t0:1 q0 l0 w1:0 t1:1 q1 l1 c V o0:1 o1:1"       /* burn-in; the record of day 0 */
        " N0:1 Y y0 y1"                                             /* "one": a copy */
        " | d1 g:1 w0:1 G0:1 e0:1 t0:1 q0 l0 w1:1 G1:1 e1:1 t1:1 q1 l1 c V o0:1 o1:1"
        " | d2 g:2 w0:2 G0:2 e0:2 t0:2 q0 l0 w1:2 G1:2 e1:2 t1:2 q1 l1 c V o0:2 o1:2" /* its second phase */
        " | d1 g:2 w0:1 G0:2 e0:2 t0:2 q0 l0 w1:1 G1:2 e1:2 t1:2 q1 l1 c V o0:2 o1:2" /* "two", the last: the burnt-in world */
        " | d2 w0:2 t0:2 q0 l0 w1:2 t1:2 q1 l1 c V o0:2 o1:2";
    assert_string_equal(probe.trace, expected);
    assert_int_equal(probe.created, 2);
    assert_int_equal(probe.destroyed, 2);
    study_free(&s);
}

static void replicates_know_their_number(void **state)
{
    (void)state;
    struct study s;
    probe_study(&s, 20, 5, 10);
    for (uint32_t threads = 1; threads <= 3; threads++) {
        double *values = run(&s, threads);
        for (uint32_t r = 0; r < s.replicates; r++) {
            for (uint32_t scenario = 0; scenario < 2; scenario++) {
                const double *who = probed(&s, values + r * study_values(&s), scenario, PROBE_WHO);
                for (size_t i = 0; i < study_series_length(&s); i++) assert_true(who[i] == r);
            }
        }
        free(values);
    }
    assert_int_equal(probe.created, probe.destroyed);
    study_free(&s);
}

/* A pooled share is the interval's, and the summary the mean of the days that added to it, however many of these a record holds; days and
 * intervals without an addition have none. */
static void a_share_may_be_pooled_over(int32_t every)
{
    enum { BURN_IN = 10, HORIZON = 200 };
    struct study s;
    probe_study(&s, 1, BURN_IN, HORIZON);
    s.record_every = every;
    s.record_before = 0;
    double *values = run(&s, 1), sum = 0, weight = 0, mean = 0, seen = 0, level = 0;
    const double *ratio = probed(&s, values, 1, PROBE_RATIO), *steps = probed(&s, values, 1, PROBE_STEPS);
    const size_t n = study_series_length(&s) - 1;
    size_t next = 1;
    double before = 0, days = 0;
    for (int32_t day = every < BURN_IN ? BURN_IN - every : 0; day < BURN_IN; day++)
        if (day % 3 == 0) before += day + 0.5, days++; /* parts 0 and 1 */
    assert_true(ratio[0] == before / days);
    for (int32_t t = 0; t < HORIZON; t++) {
        const int32_t day = BURN_IN + t;
        if (day < 100 && day % 3 == 0) {
            sum += 2 * day + 1;
            weight += 2;
        }
        if (t >= HORIZON - STUDY_SUMMARY_DAYS) {
            level += day;
            if (day < 100 && day % 3 == 0) mean += day + 0.5, seen++;
        }
        if ((t + 1) % every != 0 && t + 1 != HORIZON) continue;
        if (weight > 0)
            assert_true(ratio[next] == sum / weight);
        else
            assert_true(isnan(ratio[next]));
        assert_true(steps[next] == PROBE_PARTS * ((t + 1) % every == 0 ? every : HORIZON % every));
        next++;
        sum = weight = 0;
    }
    assert_int_equal(next, n);
    assert_true(fabs(ratio[n] - mean / seen) < 1e-9);
    assert_true(steps[n] == PROBE_PARTS * HORIZON);
    assert_true(fabs(probed(&s, values, 1, PROBE_LEVEL)[n] - level / STUDY_SUMMARY_DAYS) < 1e-9);
    free(values);
    study_free(&s);
}

static void a_share_may_be_pooled_over_days(void **state)
{
    (void)state;
    static const int32_t every[] = {1, 7, 20, 30, 170, 200}; /* with a record on the evening before the days of the summary, and without */
    for (size_t i = 0; i < sizeof every / sizeof *every; i++) a_share_may_be_pooled_over(every[i]);
}

/* ---- what may not change the numbers ---- */

static void fish_study(struct study *s, uint32_t replicates)
{
    struct error e = {0};
    study_init(s, &toy_model);
    s->replicates = replicates;
    s->calendar = (struct calendar){.burn_in = 40, .horizon = 70};
    s->record_before = 30;
    assert_int_equal(study_add_policy(s, "none", -1, &e), 0);
    assert_int_equal(study_set(s, 0, "policy.season", 0, &e), 0);
    assert_int_equal(study_add_policy(s, "some", -1, &e), 0);
    s->baseline = 1;
    static const char *const names[] = {"none", "some", "later", "again"};
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(study_add_scenario(s, names[i], &e), 0);
        assert_int_equal(study_add_phase(s, i, 0, i != 0, &e), 0);
    }
    assert_int_equal(study_add_phase(s, 2, 35, 0, &e), 0);
    assert_int_equal(study_check(s, &e), 0);
}

static void threads_and_neighbours_change_nothing(void **state)
{
    (void)state;
    struct study s, few;
    fish_study(&s, 7);
    double *one = run(&s, 1);
    static const uint32_t threads[] = {2, 3, 8};
    for (size_t i = 0; i < 3; i++) {
        double *many = run(&s, threads[i]);
        assert_memory_equal(one, many, study_values(&s) * s.replicates * sizeof *one);
        free(many);
    }
    /* One scenario and two replicates of the same study, and one replicate by itself. */
    fish_study(&few, 2);
    struct scenario later = few.scenarios[2];
    few.scenarios[2] = few.scenarios[0];
    few.scenarios[0] = later;
    few.n_scenarios = 1;
    double *alone = run(&few, 2), *single = calloc(study_values(&s), sizeof *single);
    assert_non_null(single);
    for (uint32_t r = 0; r < 2; r++) {
        assert_memory_equal(alone + r * study_values(&few), series(&s, one + r * study_values(&s), 2, 0),
                            study_values(&few) * sizeof *one);
    }
    assert_int_equal(study_run_replicate(&s, 6, single, NULL), 0);
    assert_memory_equal(single, one + 6 * study_values(&s), study_values(&s) * sizeof *one);
    free(single);
    free(alone);
    free(one);
    few.n_scenarios = 4;
    study_free(&few);
    study_free(&s);
}

static void scenarios_share_the_burn_in_and_equal_policies_the_rest(void **state)
{
    (void)state;
    struct study s;
    fish_study(&s, 3);
    double *values = run(&s, 3);
    const size_t n = study_series_length(&s);
    for (uint32_t r = 0; r < s.replicates; r++) {
        const double *own = values + r * study_values(&s);
        for (size_t m = 0; m < model_metrics(s.model, NULL); m++) {
            const double *none = series(&s, own, 0, m), *some = series(&s, own, 1, m), *later = series(&s, own, 2, m);
            assert_memory_equal(some, series(&s, own, 3, m), n * sizeof *own); /* "again" is ruled as "some" */
            assert_memory_equal(some, none, 2 * sizeof *own);                  /* days -30 and 0 */
            assert_memory_equal(some, later, 3 * sizeof *own);                 /* and 30: before its second phase */
        }
        /* The last metric is the share of lakes where fishing is allowed, on days -30, 0, 30, 60 and 70. */
        const size_t fishing = model_metrics(s.model, NULL) - 1;
        const double *none = series(&s, own, 0, fishing), *some = series(&s, own, 1, fishing),
                     *later = series(&s, own, 2, fishing);
        assert_true(some[1] == 1 && none[1] == 1 && none[2] == 0 && some[4] == 1);
        assert_true(later[2] == 1 && later[3] == 0 && later[4] == 0 && later[5] == 0.5); /* half of the 70 days */
    }
    free(values);
    study_free(&s);
}

static void *run_apart(void *s) { return run(s, 2); }

/* Two runs in one process know nothing of each other, nor of those whose threads have ended. */
static void runs_share_no_state(void **state)
{
    (void)state;
    struct study fish, small;
    fish_study(&fish, 6);
    small_study(&small, 6, 3);
    double *fish_alone = run(&fish, 1), *small_alone = run(&small, 1);
    for (int round = 0; round < 4; round++) {
        pthread_t threads[2];
        void *results[2];
        assert_int_equal(pthread_create(&threads[0], NULL, run_apart, &fish), 0);
        assert_int_equal(pthread_create(&threads[1], NULL, run_apart, &small), 0);
        for (int i = 0; i < 2; i++) assert_int_equal(pthread_join(threads[i], &results[i]), 0);
        assert_memory_equal(results[0], fish_alone, study_values(&fish) * fish.replicates * sizeof(double));
        assert_memory_equal(results[1], small_alone, study_values(&small) * small.replicates * sizeof(double));
        free(results[0]);
        free(results[1]);
    }
    free(fish_alone);
    free(small_alone);
    study_free(&fish);
    study_free(&small);
}

/* A thread that has nothing to begin takes parts of another's world: each of the two waits until the other has come. */
static void threads_share_the_parts_of_a_world(void **state)
{
    (void)state;
    enum { BURN_IN = 3, HORIZON = 20, EVERY = 10 };
    static const struct {
        int where, times; /* that parts meet */
    } meetings[] = {{PROBE_CREATE, 1}, {PROBE_START, 1}, {PROBE_COPY, 1},
                    {PROBE_STEP, BURN_IN + 2 * HORIZON}, {PROBE_OBSERVE, 2 * HORIZON}};
    for (size_t i = 0; i < sizeof meetings / sizeof *meetings; i++) {
        struct study s;
        probe_study(&s, 1, BURN_IN, HORIZON);
        s.record_every = EVERY;
        probe.large = true;
        probe.meet = meetings[i].where;
        free(run(&s, 3)); /* two may have a scenario each */
        assert_int_equal(probe.missed, 0);
        assert_true(probe.met >= PROBE_PARTS * meetings[i].times);
        study_free(&s);
    }
}

/* One that has no replicate left to begin takes a scenario of another's. */
static void threads_share_the_scenarios_of_a_replicate(void **state)
{
    (void)state;
    struct study s;
    probe_study(&s, 1, 3, 20);
    probe.meet = PROBE_SCENARIOS;
    free(run(&s, 2));
    assert_int_equal(probe.missed, 0);
    assert_int_equal(probe.met, 2);
    study_free(&s);
}

/* ---- ends before the end ---- */

static void fails_with(const struct study *s, const struct run_options *options, enum error_kind kind, const char *text)
{
    struct error e = {0};
    assert_int_equal(study_run(s, options, &e), -1);
    assert_int_equal(e.kind, kind);
    if (strstr(e.text, text) == NULL) fail_msg("'%s' lacks '%s'", e.text, text);
    assert_int_equal(probe.created, probe.destroyed); /* no world is lost, whatever happened */
}

static void every_failure_is_handed_over(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 8; threads = threads * 2 + (threads == 1)) {
        for (int call = 1; call <= 12; call++) {
            struct study s;
            const struct run_options options = {.threads = threads, .verify = true};
            const bool silent = call % 2;
            probe_study(&s, 12, 3, 4); /* at least 12 worlds, 12 copies, 12 * 12 verifications */
            probe.silent = silent;
            probe.fail_create = call;
            fails_with(&s, &options, ERROR_FAILURE, silent ? "a world could not be created" : "create failed as asked");
            probe.fail_create = 0;
            probe.fail_create_part = call;
            atomic_store(&probe.created_parts, 0);
            fails_with(&s, &options, ERROR_FAILURE, silent ? "a world could not be created" : "create_part failed as asked");
            probe.fail_create_part = 0;
            probe.fail_copy_part = call;
            atomic_store(&probe.copied_parts, 0);
            fails_with(&s, &options, ERROR_FAILURE, silent ? "a world could not be copied" : "copy_part failed as asked");
            probe.fail_copy_part = 0;
            probe.fail_copy = call;
            atomic_store(&probe.copied, 0);
            fails_with(&s, &options, ERROR_FAILURE, silent ? "a world could not be copied" : "copy failed as asked");
            probe.fail_copy = 0;
            probe.fail_couple = call;
            atomic_store(&probe.coupled, 0);
            fails_with(&s, &options, ERROR_FAILURE,
                       silent ? "the parts of a world could not be coupled" : "couple failed as asked");
            probe.fail_couple = 0;
            probe.fail_verify = call;
            atomic_store(&probe.verified, 0);
            fails_with(&s, &options, ERROR_FAILURE,
                       silent ? " of the policy: " : " of the policy: verify failed as asked");
            probe.fail_verify = 0;
            struct kept kept = kept_for(&s);
            kept.last = call;
            kept.silent = silent;
            const struct run_options stored = {.threads = threads, .done = keep, .progress = watch, .context = &kept};
            fails_with(&s, &stored, ERROR_FAILURE, silent ? " could not be stored" : "the disk is full");
            assert_int_equal(kept.calls, call); /* the last one */
            free(kept.values);
            study_free(&s);
        }
    }
}

/* Of parts that fail at the same time the first is told, whichever thread was faster. */
static void the_first_part_that_fails_is_told(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        struct study s;
        probe_study(&s, 1, 3, 4);
        probe.fail_parts = true;
        probe.meet = i % 2 ? PROBE_CREATE : 0; /* both parts are begun, and both fail */
        const struct run_options options = {.threads = 2};
        fails_with(&s, &options, ERROR_FAILURE, "part 0 failed as asked");
        assert_int_equal(probe.missed, 0);
        study_free(&s);
    }
}

static void a_single_replicate_fails_alike(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    probe_study(&s, 1, 3, 4);
    double *values = calloc(study_values(&s), sizeof *values);
    assert_non_null(values);
    probe.fail_copy = 1; /* "two", the last, needs none */
    assert_int_equal(study_run_replicate(&s, 0, values, &e), -1);
    assert_string_equal(e.text, "copy failed as asked");
    assert_int_equal(probe.created, probe.destroyed);
    free(values);
    study_free(&s);
}

static void a_stop_is_obeyed_within_a_day(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 8; threads *= 2) {
        for (int at = 1; at < 200; at += 23) {
            struct study s;
            probe_study(&s, 50, 30, 40);
            probe.stop_at = at;
            const struct run_options options = {.threads = threads, .stop = &probe.stop};
            fails_with(&s, &options, ERROR_INTERRUPTED, "interrupted");
            assert_true(probe.dawns >= at);
            assert_in_range(probe.late, 0, threads); /* a day may have begun on every other thread */
            study_free(&s);
        }
    }
}

static void what_was_done_before_a_stop_is_right(void **state)
{
    (void)state;
    struct study s;
    fish_study(&s, 12);
    double *all = run(&s, 1);
    atomic_int stop = 0;
    struct kept kept = kept_for(&s);
    kept.last = 4;
    kept.stop = &stop;
    const struct run_options options = {.threads = 2, .stop = &stop, .done = keep, .context = &kept};
    struct error e = {0};
    assert_int_equal(study_run(&s, &options, &e), -1);
    assert_int_equal(e.kind, ERROR_INTERRUPTED);
    assert_in_range(kept.calls, 4, 6);
    double *nothing = calloc(kept.each, sizeof *nothing);
    assert_non_null(nothing);
    int found = 0;
    for (uint32_t r = 0; r < s.replicates; r++) {
        const double *own = kept.values + r * kept.each;
        if (memcmp(own, nothing, kept.each * sizeof *own) == 0) continue;
        assert_memory_equal(own, all + r * kept.each, kept.each * sizeof *own);
        found++;
    }
    assert_int_equal(found, kept.calls);
    free(nothing);
    free(kept.values);
    free(all);
    study_free(&s);
}

static void nothing_is_done_where_all_is_skipped(void **state)
{
    (void)state;
    struct study s;
    probe_study(&s, 5, 3, 4);
    static const bool skip[5] = {true, true, true, true, true};
    struct kept kept = kept_for(&s);
    const struct run_options options = {.threads = 2, .skip = skip, .done = keep, .context = &kept};
    struct error e = {0};
    assert_int_equal(study_run(&s, &options, &e), 0);
    assert_true(kept.calls == 0 && probe.created == 0);
    free(kept.values);
    study_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_callback_at_a_time),
        cmocka_unit_test(calls_come_in_the_order_of_the_day),
        cmocka_unit_test(replicates_know_their_number),
        cmocka_unit_test(a_share_may_be_pooled_over_days),
        cmocka_unit_test(threads_and_neighbours_change_nothing),
        cmocka_unit_test(scenarios_share_the_burn_in_and_equal_policies_the_rest),
        cmocka_unit_test(runs_share_no_state),
        cmocka_unit_test(threads_share_the_parts_of_a_world),
        cmocka_unit_test(threads_share_the_scenarios_of_a_replicate),
        cmocka_unit_test(every_failure_is_handed_over),
        cmocka_unit_test(the_first_part_that_fails_is_told),
        cmocka_unit_test(a_single_replicate_fails_alike),
        cmocka_unit_test(a_stop_is_obeyed_within_a_day),
        cmocka_unit_test(what_was_done_before_a_stop_is_right),
        cmocka_unit_test(nothing_is_done_where_all_is_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The engine going through the points of a design: each is the study with its parameters, and none costs another. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/run.h"
#include "tests/small_model.h"

enum { REPLICATES = 3, POINTS = 5, UNITS = POINTS * REPLICATES, BREAKS = 2, IMPOSSIBLE = 3 };

/* Of each point: its parts, and the day on which its world breaks. */
static const double parts[POINTS] = {1, 3, 2, 1, 2}, break_on_day[POINTS] = {-1, -1, 70, -1, -1};

struct kept {
    double *values;
    size_t each;
    bool done[UNITS];
    char failed[UNITS][200];
    uint32_t calls, fail_on;
    struct run_progress last;
};

static int place(void *context, uint32_t point, struct study *own, struct error *e)
{
    (void)context;
    if (point == IMPOSSIBLE) return error_set(e, ERROR_INPUT, "point %u is impossible", point);
    if (study_set(own, -1, "nature.parts", parts[point], e) != 0) return -1;
    return study_set(own, -1, "nature.break_on_day", break_on_day[point], e);
}

static int done(void *context, uint32_t unit, const double *values, struct error *e)
{
    struct kept *kept = context;
    assert_false(kept->done[unit]);
    if (++kept->calls == kept->fail_on) return error_set(e, ERROR_FAILURE, "the disk is full");
    kept->done[unit] = true;
    memcpy(kept->values + unit * kept->each, values, kept->each * sizeof *values);
    return 0;
}

static void failed(void *context, uint32_t unit, const struct error *error)
{
    struct kept *kept = context;
    assert_string_equal(kept->failed[unit], "");
    snprintf(kept->failed[unit], sizeof kept->failed[unit], "%.190s", error->text);
}

static void watch(void *context, const struct run_progress *progress) { ((struct kept *)context)->last = *progress; }

static struct kept kept_for(const struct study *s)
{
    struct kept kept = {.each = study_values(s)};
    kept.values = calloc(kept.each * UNITS, sizeof *kept.values);
    assert_non_null(kept.values);
    return kept;
}

static struct run_options options_of(struct kept *kept, uint32_t threads)
{
    return (struct run_options){.threads = threads, .points = POINTS, .place = place, .done = done, .failed = failed,
                                .progress = watch, .verify = true, .context = kept};
}

static void every_point_is_the_study_with_its_parameters(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    small_study(&s, REPLICATES, 1);
    for (uint32_t threads = 1; threads <= 4; threads += 3) {
        struct kept kept = kept_for(&s);
        const struct run_options options = options_of(&kept, threads);
        assert_int_equal(study_run(&s, &options, &e), 0);
        assert_int_equal(kept.last.units, UNITS);
        double *alone = calloc(kept.each, sizeof *alone);
        for (uint32_t unit = 0; unit < UNITS; unit++) {
            const uint32_t point = unit / REPLICATES, replicate = unit % REPLICATES;
            if (point == BREAKS || point == IMPOSSIBLE) continue;
            assert_true(kept.done[unit]);
            struct study own;
            assert_int_equal(study_copy(&own, &s, &e), 0);
            assert_int_equal(place(NULL, point, &own, &e), 0);
            assert_int_equal(study_run_replicate(&own, replicate, alone, &e), 0);
            assert_memory_equal(alone, kept.values + unit * kept.each, kept.each * sizeof *alone);
            study_free(&own);
        }
        free(alone);
        free(kept.values);
    }
    study_free(&s);
}

static void what_fails_costs_no_other(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    small_study(&s, REPLICATES, 1);
    struct kept kept = kept_for(&s);
    const struct run_options options = options_of(&kept, 2);
    assert_int_equal(study_run(&s, &options, &e), 0);
    for (uint32_t unit = 0; unit < UNITS; unit++) {
        const uint32_t point = unit / REPLICATES;
        assert_int_equal(kept.done[unit], point != BREAKS && point != IMPOSSIBLE);
        char message[100] = "";
        if (point == IMPOSSIBLE) snprintf(message, sizeof message, "point 3 is impossible");
        if (point == BREAKS) snprintf(message, sizeof message, "replicate %u, day ", unit % REPLICATES);
        assert_int_equal(strncmp(kept.failed[unit], message, strlen(message)), 0);
        assert_int_equal(kept.failed[unit][0] != '\0', !kept.done[unit]);
    }
    free(kept.values);
    study_free(&s);
}

static void units_of_an_earlier_run_are_skipped(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    bool skip[UNITS] = {[0] = true, [4] = true, [13] = true};
    small_study(&s, REPLICATES, 1);
    struct kept kept = kept_for(&s);
    struct run_options options = options_of(&kept, 2);
    options.skip = skip;
    assert_int_equal(study_run(&s, &options, &e), 0);
    for (uint32_t unit = 0; unit < UNITS; unit++) assert_false(skip[unit] && kept.done[unit]);
    assert_int_equal(kept.calls, UNITS - 2 * REPLICATES - 3);
    assert_int_equal(kept.last.units, UNITS);
    free(kept.values);
    study_free(&s);
}

static void a_full_disk_and_a_stop_end_the_run(void **state)
{
    (void)state;
    struct study s;
    struct error full = {0}, stopped = {0};
    atomic_int stop = 1;
    small_study(&s, REPLICATES, 1);
    struct kept kept = kept_for(&s);
    kept.fail_on = 2;
    struct run_options options = options_of(&kept, 1);
    assert_int_equal(study_run(&s, &options, &full), -1);
    assert_string_equal(full.text, "the disk is full");
    assert_int_equal(kept.calls, 2);
    options.stop = &stop;
    assert_int_equal(study_run(&s, &options, &stopped), -1);
    assert_int_equal(stopped.kind, ERROR_INTERRUPTED);
    assert_int_equal(kept.calls, 2);
    free(kept.values);
    study_free(&s);
}

static void a_copy_of_a_study_is_its_own(void **state)
{
    (void)state;
    struct study s, copy;
    struct error e = {0};
    small_study(&s, REPLICATES, 2);
    assert_int_equal(study_copy(&copy, &s, &e), 0);
    assert_int_equal(study_set(&copy, -1, "nature.parts", 5, &e), 0);
    assert_int_equal(study_add_scenario(&copy, "more", &e), 0);
    copy.scenarios[2].phases[1].day = 7;
    assert_int_equal(s.n_scenarios + 1, copy.n_scenarios);
    assert_int_equal(s.scenarios[2].phases[1].day, 40);
    assert_string_equal(copy.policies[1].name, s.policies[1].name);
    assert_int_equal(copy.baseline, s.baseline);
    double *two = calloc(study_values(&s), sizeof *two), *again = calloc(study_values(&s), sizeof *again);
    struct study second;
    assert_int_equal(study_copy(&second, &s, &e), 0);
    assert_int_equal(study_run_replicate(&s, 1, two, &e), 0);
    assert_int_equal(study_run_replicate(&second, 1, again, &e), 0);
    assert_memory_equal(two, again, study_values(&s) * sizeof *two);
    free(two);
    free(again);
    study_free(&second);
    study_free(&copy);
    study_free(&s);
}

/* Somebody else says what comes next: here every unit from the last to the first. */
struct backwards {
    struct kept kept; /* first, so that its callbacks find it */
    atomic_uint left;
};

static uint32_t last_first(void *context)
{
    struct backwards *b = context;
    uint32_t left = atomic_load(&b->left);
    while (left > 0 && !atomic_compare_exchange_weak(&b->left, &left, left - 1)) continue;
    return left > 0 ? left - 1 : UINT32_MAX;
}

static void divided_units_are_scenarios_in_any_order(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    small_study(&s, REPLICATES, 1);
    assert_true(s.n_scenarios > 1 && s.n_scenarios <= POINTS); /* as many slots as units */
    struct kept whole = kept_for(&s);
    const struct run_options plain = {.threads = 2, .done = done, .context = &whole};
    assert_int_equal(study_run(&s, &plain, &e), 0);
    for (uint32_t threads = 1; threads <= 4; threads += 3) {
        struct backwards b = {.kept = kept_for(&s)};
        b.kept.each = whole.each / s.n_scenarios;
        struct run_options options = {.threads = threads, .by_scenario = true, .next = last_first, .done = done, .context = &b};
        const uint32_t units = study_run_units(&s, &options);
        assert_int_equal(units, REPLICATES * s.n_scenarios);
        atomic_init(&b.left, units);
        assert_int_equal(study_run(&s, &options, &e), 0);
        assert_int_equal(b.kept.calls, units);
        assert_memory_equal(b.kept.values, whole.values, REPLICATES * whole.each * sizeof(double));
        free(b.kept.values);
    }
    free(whole.values);
    study_free(&s);
}

/* Their numbers have to be such, and UINT32_MAX says that there is none left. */
static void units_are_divided_where_they_can_be_numbered(void **state)
{
    (void)state;
    const struct study s = {.replicates = 65535, .n_scenarios = 655};
    const struct run_options most = {.points = 100}, more = {.points = 101}, alone = {.by_scenario = true};
    assert_true(study_run_divides(&s, &most) && study_run_divides(&s, &alone));
    assert_false(study_run_divides(&s, &more));
    assert_false(study_run_divides(&(struct study){.replicates = 9, .n_scenarios = 1}, &most));
}

/* Of every scenario the last value, which is a summary. */
static void last_of_each(void *context, uint32_t scenarios, const double *values, double *packed)
{
    const struct kept *kept = context;
    const size_t of_scenario = kept->each;
    for (uint32_t i = 0; i < scenarios; i++) packed[i] = values[(i + 1) * of_scenario - 1];
}

static int done_packed(void *context, uint32_t unit, const double *values, struct error *e)
{
    struct kept *kept = context;
    (void)e;
    memcpy(kept->values + kept->calls, values, sizeof *values); /* the first scenario's alone */
    kept->done[unit] = true;
    kept->calls++;
    return 0;
}

static void values_are_packed_before_they_are_delivered(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    small_study(&s, REPLICATES, 1);
    struct kept whole = kept_for(&s), packed = kept_for(&s);
    packed.each = whole.each / s.n_scenarios;
    const struct run_options plain = {.threads = 1, .done = done, .context = &whole};
    const struct run_options options = {.threads = 1, .done = done_packed, .pack = last_of_each, .packed = s.n_scenarios,
                                        .context = &packed};
    assert_int_equal(study_run_delivered(&s, &plain), study_values(&s));
    assert_int_equal(study_run_delivered(&s, &options), s.n_scenarios);
    assert_int_equal(study_run(&s, &plain, &e), 0);
    assert_int_equal(study_run(&s, &options, &e), 0);
    assert_int_equal(packed.calls, REPLICATES);
    for (uint32_t r = 0; r < REPLICATES; r++)
        assert_memory_equal(&packed.values[r], &whole.values[r * whole.each + packed.each - 1], sizeof(double));
    free(whole.values);
    free(packed.values);
    study_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(divided_units_are_scenarios_in_any_order),
        cmocka_unit_test(units_are_divided_where_they_can_be_numbered),
        cmocka_unit_test(values_are_packed_before_they_are_delivered),
        cmocka_unit_test(every_point_is_the_study_with_its_parameters),
        cmocka_unit_test(what_fails_costs_no_other),
        cmocka_unit_test(units_of_an_earlier_run_are_skipped),
        cmocka_unit_test(a_full_disk_and_a_stop_end_the_run),
        cmocka_unit_test(a_copy_of_a_study_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

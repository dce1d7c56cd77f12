/* What of a unit's values is kept: chosen metrics, with or without their series, the same bits as without a choice. */
#include "sim/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/toy_model.h"

enum { SCENARIOS = 2, TIMES = 4, METRICS = 5 };

static void build(struct study *s)
{
    struct error e = {0};
    study_init(s, &toy_model);
    s->calendar = (struct calendar){.burn_in = 10, .horizon = 25};
    s->record_every = 10;
    s->record_before = 0;
    assert_int_equal(study_add_policy(s, "open", -1, &e), 0);
    assert_int_equal(study_add_policy(s, "greedy", -1, &e), 0);
    assert_int_equal(study_add_scenario(s, "first", &e), 0);
    assert_int_equal(study_add_scenario(s, "second", &e), 0);
    assert_int_equal(study_add_phase(s, 0, 0, 1, &e), 0);
    assert_int_equal(study_add_phase(s, 1, 0, 0, &e), 0);
    assert_int_equal(study_times(s, NULL), TIMES);
    assert_int_equal(model_metrics(&toy_model, NULL), METRICS);
    assert_int_equal(study_values(s), SCENARIOS * METRICS * (TIMES + 1));
}

static double value_at(size_t scenario, size_t metric, size_t i)
{
    return (double)((scenario * METRICS + metric) * (TIMES + 1) + i);
}

/* Every combination of metrics in every form. */
static void what_is_kept_has_its_place(void **state)
{
    (void)state;
    double values[SCENARIOS * METRICS * (TIMES + 1)], packed[SCENARIOS * METRICS * (TIMES + 1)];
    struct metric_entry all[METRICS];
    model_metrics(&toy_model, all);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) values[i] = (double)i;
    for (unsigned chosen = 0; chosen < 1u << METRICS; chosen++) {
        for (int32_t output = OUTPUT_all; output <= OUTPUT_summary; output++) {
            struct study s, copy;
            struct record r;
            struct error e = {0};
            build(&s);
            s.output = output;
            for (size_t m = METRICS; m-- > 0;) /* named in another order than that of the model */
                if ((chosen >> m & 1) != 0) assert_int_equal(study_choose_metric(&s, all[m].metric->name, &e), 0);
            assert_int_equal(study_copy(&copy, &s, &e), 0);
            study_free(&s);
            assert_int_equal(record_create(&r, &copy, &e), 0);
            const size_t kept = chosen != 0 ? (size_t)__builtin_popcount(chosen) : METRICS;
            const size_t first = output == OUTPUT_summary ? TIMES : 0;
            assert_true(r.n_metrics == kept && r.length == TIMES + 1 - first && r.values == SCENARIOS * kept * r.length);
            record_pack(&r, values, SCENARIOS, packed);
            for (size_t scenario = 0; scenario < SCENARIOS; scenario++) {
                size_t number = 0;
                for (size_t m = 0; m < METRICS; m++) {
                    if (chosen != 0 && (chosen >> m & 1) == 0) {
                        assert_int_equal(record_metric(&r, all[m].metric->name), -1);
                        continue;
                    }
                    assert_int_equal(record_metric(&r, all[m].metric->name), number);
                    assert_ptr_equal(r.entries[number].metric, all[m].metric);
                    const double *own = packed + record_at(&r, scenario, number++);
                    for (size_t i = 0; i < r.length; i++) assert_true(own[i] == value_at(scenario, m, first + i));
                }
            }
            double alone[METRICS * (TIMES + 1)]; /* of the second scenario */
            record_pack(&r, values + METRICS * (TIMES + 1), 1, alone);
            assert_memory_equal(alone, packed + r.values / SCENARIOS, r.values / SCENARIOS * sizeof *alone);
            record_free(&r);
            study_free(&copy);
        }
    }
}

static void wrong_choices_are_refused(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    build(&s);
    assert_int_equal(study_choose_metric(&s, "fsh", &e), -1);
    assert_string_equal(e.text, "there is no metric 'fsh'; did you mean 'fish'?");
    assert_null(s.chosen); /* still all */
    e = (struct error){0};
    assert_int_equal(study_choose_metric(&s, "", &e), -1);
    assert_string_equal(e.text, "there is no metric ''; allowed: those that 'enforcesim metrics' lists");
    e = (struct error){0};
    assert_int_equal(study_choose_metric(&s, "fish", &e), 0);
    assert_int_equal(study_choose_metric(&s, "fish", &e), -1);
    assert_string_equal(e.text, "the metric 'fish' is named twice; allowed: each once");
    study_free(&s);
}

/* As es.compare chooses it. */
static void the_baseline_is_found(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    build(&s);
    assert_int_equal(record_baseline(&s), 1); /* which the burn-in's policy rules */
    s.scenarios[1].phases[0].policy = 1;
    assert_int_equal(record_baseline(&s), 0);
    assert_int_equal(study_add_scenario(&s, "status_quo", &e), 0);
    assert_int_equal(study_add_phase(&s, 2, 0, 1, &e), 0);
    assert_int_equal(record_baseline(&s), 2);
    study_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_has_its_place),
        cmocka_unit_test(wrong_choices_are_refused),
        cmocka_unit_test(the_baseline_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Drawing designs: which columns, and which points. */
#include "sim/design_sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/distributions.h"
#include "tests/effort.h"
#include "tests/folder.h"
#include "tests/toy_design.h"

static const char *const all_paths[] = {"growth.places",   "growth.birth_rate", "growth.death_rate",
                                        "growth.crowding", "growth.law",        "harvest.line_effect"};
enum { ALL = sizeof all_paths / sizeof *all_paths };

/* ---- columns ---- */

static void columns_are_those_asked_for(void **state)
{
    (void)state;
    struct design_plan plan = toy_design_plan(DESIGN_lhs, 1, NULL, NULL, 0);
    assert_int_equal(plan.n_entries, 3);
    assert_int_equal(plan.n_varied, 3);
    assert_string_equal(plan.entries[0]->row->name, "birth_rate");
    assert_string_equal(plan.entries[2]->row->name, "line_effect");
    design_plan_free(&plan);
    static const char *const two[] = {"parameters.harvest.line_effect", "growth.law"};
    plan = toy_design_plan(DESIGN_lhs, 1, NULL, two, 2);
    assert_int_equal(plan.n_entries, 2);
    assert_string_equal(plan.entries[0]->row->name, "line_effect");
    assert_string_equal(plan.entries[1]->row->name, "law");
    design_plan_free(&plan);
    struct prior prior = toy_design_prior(toy_wide_prior);
    plan = toy_design_plan(DESIGN_lhs, 1, &prior, NULL, 0);
    assert_int_equal(plan.n_entries, 5);
    assert_int_equal(plan.n_varied, 4);
    assert_string_equal(plan.entries[0]->row->name, "places");
    assert_string_equal(plan.entries[3]->row->name, "line_effect");
    assert_string_equal(plan.entries[4]->row->name, "death_rate"); /* fixed */
    design_plan_free(&plan);
    plan = toy_design_plan(DESIGN_lhs, 1, &prior, two, 2);
    assert_int_equal(plan.n_entries, 2);
    assert_int_equal(plan.entries[0]->distribution.kind, QUANTILE_beta);
    design_plan_free(&plan);
    prior_free(&prior);
}

static void wrong_path(const struct prior *prior, const char *path, const char *message)
{
    struct design_plan plan = {.model = &toy_model};
    struct error e = {0};
    const char *const paths[] = {"growth.birth_rate", path};
    assert_int_equal(design_choose(&plan, prior, paths, 2, &e), -1);
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_string_equal(e.text, message);
    assert_null(plan.ranges);
}

static void wrong_columns_are_refused(void **state)
{
    (void)state;
    wrong_path(NULL, "growth.lav",
               "--parameters growth.lav: there is no parameter of growth 'lav'; did you mean 'law'?");
    wrong_path(NULL, "growt.law",
               "--parameters growt.law: there is no group of parameters 'growt'; did you mean 'growth'?");
    wrong_path(NULL, "policy.boats",
               "--parameters policy.boats: this is a lever, which a policy decides; allowed: "
               "parameters of other groups than policy");
    wrong_path(NULL, "parameters.growth.birth_rate",
               "--parameters parameters.growth.birth_rate: it is given twice; allowed: once");
    struct prior prior = toy_design_prior(toy_wide_prior);
    wrong_path(&prior, "growth.crowding",
               "--parameters growth.crowding: the prior has no entry for it; allowed: parameters of the prior");
    struct design_plan plan = {.model = &toy_model};
    struct error e = {0};
    static const char *const fixed[] = {"growth.death_rate"};
    assert_int_equal(design_choose(&plan, &prior, fixed, 1, &e), -1);
    assert_string_equal(e.text, "no parameter varies; allowed: at least one that is not fixed");
    prior_free(&prior);
}

/* ---- Latin hypercube ---- */

static void every_stratum_has_one_point(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 2, 3, 10, 64, 1000};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        struct design_plan plan = toy_design_plan(DESIGN_lhs, sizes[k], NULL, NULL, 0);
        struct design d = toy_design_sample(&plan);
        assert_int_equal(d.n_points, sizes[k]);
        for (uint32_t column = 0; column < d.n_columns; column++) {
            bool *seen = calloc(sizes[k], sizeof *seen);
            assert_non_null(seen);
            for (uint32_t i = 0; i < sizes[k]; i++) {
                uint32_t stratum = (uint32_t)(toy_design_value(&d, i, column) * sizes[k]);
                assert_true(stratum < sizes[k] && !seen[stratum]);
                seen[stratum] = true;
            }
            free(seen);
        }
        design_free(&d);
        plan.centred = true;
        d = toy_design_sample(&plan);
        for (uint32_t i = 0; i < sizes[k]; i++) assert_true(fabs(fmod(toy_design_value(&d, i, 0) * sizes[k], 1) - 0.5) < 1e-9);
        design_free(&d);
        design_plan_free(&plan);
    }
}

static void a_column_does_not_depend_on_the_others(void **state)
{
    (void)state;
    static const char *const one[] = {"harvest.line_effect"};
    struct design_plan plan = toy_design_plan(DESIGN_lhs, 50, NULL, NULL, 0), alone = toy_design_plan(DESIGN_lhs, 50, NULL, one, 1);
    struct design d = toy_design_sample(&plan), e = toy_design_sample(&alone);
    for (uint32_t i = 0; i < 50; i++) assert_true(toy_design_value(&d, i, 2) == toy_design_value(&e, i, 0));
    design_free(&e);
    alone.seed = 8;
    e = toy_design_sample(&alone);
    uint32_t same = 0;
    for (uint32_t i = 0; i < 50; i++) same += toy_design_value(&d, i, 2) == toy_design_value(&e, i, 0);
    assert_true(same < 5);
    design_free(&d);
    design_free(&e);
    design_plan_free(&plan);
    design_plan_free(&alone);
}

/* Over seeds: the order of the strata is any of 4! alike, independent between columns, and a point is anywhere in its stratum.
 * False alarms: one in a million for each assertion. */
static void orders_and_places_are_uniform(void **state)
{
    (void)state;
    double orders[64] = {0}, places[100] = {0}, pairs[16] = {0}, luck[16] = {0};
    struct design_plan plan = toy_design_plan(DESIGN_lhs, 4, NULL, NULL, 0);
    int64_t seeds = effort(20000, 1000000);
    for (int64_t seed = 0; seed < seeds; seed++) {
        plan.seed = (uint64_t)seed;
        struct design d = toy_design_sample(&plan);
        int order = 0, left[] = {0, 1, 2, 3};
        for (uint32_t i = 0; i < 4; i++) { /* the order's number: its digits are places among those left */
            int stratum = (int)(toy_design_value(&d, i, 0) * 4), k = 0;
            while (left[k] != stratum) k++;
            for (int m = k; m < 3; m++) left[m] = left[m + 1];
            order = order * (4 - (int)i) + k;
        }
        orders[order]++;
        places[(int)(fmod(toy_design_value(&d, 1, 1) * 4, 1) * 100)]++;
        pairs[(int)(toy_design_value(&d, 0, 0) * 4) * 4 + (int)(toy_design_value(&d, 0, 1) * 4)]++;
        int last = 0; /* who got the last stratum has nothing to do with where the last point lies in its own */
        while (toy_design_value(&d, (uint64_t)last, 0) < 0.75) last++;
        luck[last * 4 + (int)(fmod(toy_design_value(&d, 3, 0) * 4, 1) * 4)]++;
        design_free(&d);
    }
    assert_even(orders, 24);
    assert_even(places, 100);
    assert_even(pairs, 16);
    assert_even(luck, 16);
    design_plan_free(&plan);
}

/* ---- values ---- */

static void every_type_has_its_values(void **state)
{
    (void)state;
    struct prior prior = toy_design_prior(toy_wide_prior);
    struct design_plan plan = toy_design_plan(DESIGN_lhs, 1000, &prior, NULL, 0);
    struct design d = toy_design_sample(&plan);
    uint32_t places[13] = {0}, law[2] = {0};
    for (uint32_t i = 0; i < 1000; i++) {
        double rate = toy_design_value(&d, i, 1);
        places[(uint32_t)toy_design_value(&d, i, 0)]++;
        assert_true(rate >= 0.001 && rate <= 1);
        law[(uint32_t)toy_design_value(&d, i, 2)]++;
        assert_true(toy_design_value(&d, i, 4) == 0.125);
    }
    for (uint32_t i = 3; i <= 12; i++) assert_int_equal(places[i], 100); /* the ends weigh as much as the others */
    for (uint32_t i = 0; i < 2; i++) assert_int_equal(law[i], 500);
    design_free(&d);
    design_plan_free(&plan);
    prior_free(&prior);
    plan = toy_design_plan(DESIGN_lhs, 1000, NULL, all_paths, ALL);
    d = toy_design_sample(&plan);
    double flags = 0;
    for (uint32_t i = 0; i < 1000; i++) flags += toy_design_value(&d, i, 3);
    assert_true(flags == 500);
    design_free(&d);
    design_plan_free(&plan);
}

/* ---- Sobol' ---- */

static void cross_sampling_is_in_the_order_of_salib(void **state)
{
    (void)state;
    for (int second = 0; second < 2; second++) {
        struct design_plan plan = toy_design_plan(DESIGN_sobol, 16, NULL, NULL, 0);
        plan.second_order = second == 1;
        const uint32_t rows = second == 1 ? 8 : 5;
        struct design d = toy_design_sample(&plan);
        assert_int_equal(d.n_points, 16 * rows);
        bool seen[6][16] = {{false}};
        for (uint32_t i = 0; i < 16; i++) {
            const uint32_t a = i * rows, b = a + rows - 1;
            for (uint32_t row = 0; row < 3; row++) {
                for (uint32_t column = 0; column < 3; column++) {
                    bool own = row == column;
                    assert_true(toy_design_value(&d, a + 1 + row, column) == toy_design_value(&d, own ? b : a, column));
                    if (second == 1) assert_true(toy_design_value(&d, a + 4 + row, column) == toy_design_value(&d, own ? a : b, column));
                }
            }
            for (uint32_t column = 0; column < 3; column++) { /* both halves are evenly spread, and not the same */
                assert_true(toy_design_value(&d, a, column) != toy_design_value(&d, b, column));
                seen[column][(int)(toy_design_value(&d, a, column) * 16)] = true;
                seen[3 + column][(int)(toy_design_value(&d, b, column) * 16)] = true;
            }
        }
        for (uint32_t k = 0; k < 6 * 16; k++) assert_true(seen[k / 16][k % 16]);
        design_free(&d);
        design_plan_free(&plan);
    }
}

/* ---- Morris ---- */

static void trajectories_change_one_column_at_a_time(void **state)
{
    (void)state;
    struct design_plan plan = toy_design_plan(DESIGN_morris, 200, NULL, NULL, 0);
    plan.levels = 6;
    struct design d = toy_design_sample(&plan);
    assert_int_equal(d.n_points, 800);
    double starts[36] = {0}, orders[9] = {0};
    for (uint32_t t = 0; t < 200; t++) {
        bool changed[3] = {false};
        for (uint32_t step = 0; step < 3; step++) {
            uint32_t changes = 0;
            for (uint32_t column = 0; column < 3; column++) {
                double before = toy_design_value(&d, 4 * t + step, column), after = toy_design_value(&d, 4 * t + step + 1, column);
                assert_true(fabs(before * 5 - round(before * 5)) < 1e-12);
                if (before == after) continue;
                assert_true(fabs(fabs(after - before) - 3.0 / 5) < 1e-12 && !changed[column]);
                changed[column] = true;
                orders[3 * step + column]++;
                changes++;
            }
            assert_int_equal(changes, 1);
        }
        starts[(int)lround(toy_design_value(&d, 4 * t, 0) * 5) * 6 + (int)lround(toy_design_value(&d, 4 * t, 1) * 5)]++;
    }
    assert_even(starts, 36); /* false alarms: one in a million each */
    assert_even(orders, 3);
    assert_even(orders + 3, 3);
    design_free(&d);
    design_plan_free(&plan);
}

static void a_step_that_changes_nothing_is_refused(void **state)
{
    (void)state;
    struct prior prior =
        toy_design_prior("priors : { growth : { \n\n places : { distribution = \"beta\"; alpha = 1; beta = 5000; "
                   "minimum = 1; maximum = 3; }; }; };\n");
    struct design_plan plan = toy_design_plan(DESIGN_morris, 20, &prior, NULL, 0);
    toy_design_refused(&plan, "p.cfg:3: growth.places has the same value on two levels that morris compares; allowed: a wider or "
                   "flatter distribution, or its exclusion (--parameters)");
    design_plan_free(&plan);
    prior_free(&prior);
    for (uint32_t levels = 2; levels <= 10; levels += 2) { /* uniform ones always change */
        plan = toy_design_plan(DESIGN_morris, 50, NULL, all_paths, ALL);
        plan.levels = levels;
        struct design d = toy_design_sample(&plan);
        design_free(&d);
        design_plan_free(&plan);
    }
}

/* ---- grid ---- */

static void a_grid_has_every_combination(void **state)
{
    (void)state;
    struct prior prior = toy_design_prior(toy_wide_prior);
    static const char *const paths[] = {"growth.law", "growth.birth_rate", "growth.places"};
    struct design_plan plan = toy_design_plan(DESIGN_grid, 4, &prior, paths, 3);
    struct design d = toy_design_sample(&plan);
    static const double rates[] = {0.001, 0.01, 0.1, 1}, places[] = {3, 6, 9, 12};
    assert_int_equal(d.n_points, 32);
    for (uint32_t i = 0; i < 32; i++) {
        assert_true(toy_design_value(&d, i, 0) == i / 16);
        assert_true(fabs(toy_design_value(&d, i, 1) / rates[i / 4 % 4] - 1) < 1e-14);
        assert_true(toy_design_value(&d, i, 2) == places[i % 4]);
    }
    design_free(&d);
    plan.n = 1; /* the middle of what is continuous */
    d = toy_design_sample(&plan);
    assert_int_equal(d.n_points, 2);
    assert_true(fabs(toy_design_value(&d, 1, 1) - sqrt(0.001)) < 1e-15);
    assert_true(toy_design_value(&d, 1, 2) == 8);
    design_free(&d);
    plan.n = 100; /* all ten places */
    d = toy_design_sample(&plan);
    assert_int_equal(d.n_points, 2 * 100 * 10);
    for (uint32_t i = 0; i < 10; i++) assert_true(toy_design_value(&d, i, 2) == 3 + i);
    design_free(&d);
    design_plan_free(&plan);
    prior_free(&prior);
    prior = toy_design_prior("priors : { growth : { places : { distribution = \"beta\"; alpha = 1; beta = 1000; minimum = 1; "
                       "maximum = 30; }; }; };\n");
    plan = toy_design_plan(DESIGN_grid, 10, &prior, NULL, 0);
    d = toy_design_sample(&plan);
    assert_int_equal(d.n_points, 2); /* its quantiles are 1 but for the last, and each value counts once */
    assert_true(toy_design_value(&d, 0, 0) == 1 && toy_design_value(&d, 1, 0) == 30);
    design_free(&d);
    plan.n = 30; /* all of them, however unlikely */
    d = toy_design_sample(&plan);
    assert_int_equal(d.n_points, 30);
    design_free(&d);
    design_plan_free(&plan);
    prior_free(&prior);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(columns_are_those_asked_for),
        IN_FOLDER(wrong_columns_are_refused),
        IN_FOLDER(every_stratum_has_one_point),
        IN_FOLDER(a_column_does_not_depend_on_the_others),
        IN_FOLDER(orders_and_places_are_uniform),
        IN_FOLDER(every_type_has_its_values),
        IN_FOLDER(cross_sampling_is_in_the_order_of_salib),
        IN_FOLDER(trajectories_change_one_column_at_a_time),
        IN_FOLDER(a_step_that_changes_nothing_is_refused),
        IN_FOLDER(a_grid_has_every_combination),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

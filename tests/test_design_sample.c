/* Drawing designs: which columns, which points, what is written and what is refused. */
#include "sim/design_sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/distributions.h"
#include "tests/effort.h"
#include "tests/folder.h"
#include "tests/toy_model.h"

/* growth: places (whole, structural), birth_rate and death_rate (real, uncertain), crowding (flag), law (choice);
 * harvest: line_effect (real, uncertain). */

static const char *const all_paths[] = {"growth.places",   "growth.birth_rate", "growth.death_rate",
                                        "growth.crowding", "growth.law",        "harvest.line_effect"};
enum { ALL = sizeof all_paths / sizeof *all_paths };

static const char wide_prior[] =
    "priors : {\n"
    "growth : {\n"
    "birth_rate : { distribution = \"log_uniform\"; minimum = 0.001; maximum = 1.0; };\n"
    "death_rate : { distribution = \"fixed\"; value = 0.125; };\n"
    "places : { distribution = \"uniform\"; minimum = 3; maximum = 12; };\n"
    "law : { distribution = \"uniform\"; };\n"
    "}; harvest : {\n"
    "line_effect : { distribution = \"beta\"; alpha = 2; beta = 2; minimum = 0; maximum = 1; };\n"
    "}; };\n";

static struct design_plan choose(enum design_method method, uint32_t n, const struct prior *prior,
                                 const char *const *paths, size_t n_paths)
{
    struct design_plan plan = {.model = &toy_model, .method = method, .seed = 7, .n = n, .levels = 4};
    struct error e = {0};
    if (design_choose(&plan, prior, paths, n_paths, &e) != 0) fail_msg("%s", e.text);
    return plan;
}

static struct prior read_prior(const char *text)
{
    struct prior p;
    struct error e = {0};
    folder_write("p.cfg", text);
    if (prior_read(&p, &toy_model, "p.cfg", &e) != 0) fail_msg("%s", e.text);
    return p;
}

static struct design sample(const struct design_plan *plan)
{
    struct design d;
    struct error e = {0};
    if (design_sample(&d, plan, &e) != 0) fail_msg("%s", e.text);
    return d;
}

static double value(const struct design *d, uint64_t point, uint32_t column)
{
    return d->values[point * d->n_columns + column];
}

static void refused(const struct design_plan *plan, const char *message)
{
    struct design d;
    struct error e = {0};
    assert_int_equal(design_sample(&d, plan, &e), -1);
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_string_equal(e.text, message);
    assert_null(d.values);
}

/* ---- columns ---- */

static void columns_are_those_asked_for(void **state)
{
    (void)state;
    struct design_plan plan = choose(DESIGN_lhs, 1, NULL, NULL, 0);
    assert_int_equal(plan.n_entries, 3);
    assert_int_equal(plan.n_varied, 3);
    assert_string_equal(plan.entries[0]->row->name, "birth_rate");
    assert_string_equal(plan.entries[2]->row->name, "line_effect");
    design_plan_free(&plan);
    static const char *const two[] = {"parameters.harvest.line_effect", "growth.law"};
    plan = choose(DESIGN_lhs, 1, NULL, two, 2);
    assert_int_equal(plan.n_entries, 2);
    assert_string_equal(plan.entries[0]->row->name, "line_effect");
    assert_string_equal(plan.entries[1]->row->name, "law");
    design_plan_free(&plan);
    struct prior prior = read_prior(wide_prior);
    plan = choose(DESIGN_lhs, 1, &prior, NULL, 0);
    assert_int_equal(plan.n_entries, 5);
    assert_int_equal(plan.n_varied, 4);
    assert_string_equal(plan.entries[0]->row->name, "places");
    assert_string_equal(plan.entries[3]->row->name, "line_effect");
    assert_string_equal(plan.entries[4]->row->name, "death_rate"); /* fixed */
    design_plan_free(&plan);
    plan = choose(DESIGN_lhs, 1, &prior, two, 2);
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
    struct prior prior = read_prior(wide_prior);
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
        struct design_plan plan = choose(DESIGN_lhs, sizes[k], NULL, NULL, 0);
        struct design d = sample(&plan);
        assert_int_equal(d.n_points, sizes[k]);
        for (uint32_t column = 0; column < d.n_columns; column++) {
            bool *seen = calloc(sizes[k], sizeof *seen);
            assert_non_null(seen);
            for (uint32_t i = 0; i < sizes[k]; i++) {
                uint32_t stratum = (uint32_t)(value(&d, i, column) * sizes[k]);
                assert_true(stratum < sizes[k] && !seen[stratum]);
                seen[stratum] = true;
            }
            free(seen);
        }
        design_free(&d);
        plan.centred = true;
        d = sample(&plan);
        for (uint32_t i = 0; i < sizes[k]; i++) assert_true(fabs(fmod(value(&d, i, 0) * sizes[k], 1) - 0.5) < 1e-9);
        design_free(&d);
        design_plan_free(&plan);
    }
}

static void a_column_does_not_depend_on_the_others(void **state)
{
    (void)state;
    static const char *const one[] = {"harvest.line_effect"};
    struct design_plan plan = choose(DESIGN_lhs, 50, NULL, NULL, 0), alone = choose(DESIGN_lhs, 50, NULL, one, 1);
    struct design d = sample(&plan), e = sample(&alone);
    for (uint32_t i = 0; i < 50; i++) assert_true(value(&d, i, 2) == value(&e, i, 0));
    design_free(&e);
    alone.seed = 8;
    e = sample(&alone);
    uint32_t same = 0;
    for (uint32_t i = 0; i < 50; i++) same += value(&d, i, 2) == value(&e, i, 0);
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
    struct design_plan plan = choose(DESIGN_lhs, 4, NULL, NULL, 0);
    int64_t seeds = effort(20000, 1000000);
    for (int64_t seed = 0; seed < seeds; seed++) {
        plan.seed = (uint64_t)seed;
        struct design d = sample(&plan);
        int order = 0, left[] = {0, 1, 2, 3};
        for (uint32_t i = 0; i < 4; i++) { /* the order's number: its digits are places among those left */
            int stratum = (int)(value(&d, i, 0) * 4), k = 0;
            while (left[k] != stratum) k++;
            for (int m = k; m < 3; m++) left[m] = left[m + 1];
            order = order * (4 - (int)i) + k;
        }
        orders[order]++;
        places[(int)(fmod(value(&d, 1, 1) * 4, 1) * 100)]++;
        pairs[(int)(value(&d, 0, 0) * 4) * 4 + (int)(value(&d, 0, 1) * 4)]++;
        int last = 0; /* who got the last stratum has nothing to do with where the last point lies in its own */
        while (value(&d, (uint64_t)last, 0) < 0.75) last++;
        luck[last * 4 + (int)(fmod(value(&d, 3, 0) * 4, 1) * 4)]++;
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
    struct prior prior = read_prior(wide_prior);
    struct design_plan plan = choose(DESIGN_lhs, 1000, &prior, NULL, 0);
    struct design d = sample(&plan);
    uint32_t places[13] = {0}, law[2] = {0};
    for (uint32_t i = 0; i < 1000; i++) {
        double rate = value(&d, i, 1);
        places[(uint32_t)value(&d, i, 0)]++;
        assert_true(rate >= 0.001 && rate <= 1);
        law[(uint32_t)value(&d, i, 2)]++;
        assert_true(value(&d, i, 4) == 0.125);
    }
    for (uint32_t i = 3; i <= 12; i++) assert_int_equal(places[i], 100); /* the ends weigh as much as the others */
    for (uint32_t i = 0; i < 2; i++) assert_int_equal(law[i], 500);
    design_free(&d);
    design_plan_free(&plan);
    prior_free(&prior);
    plan = choose(DESIGN_lhs, 1000, NULL, all_paths, ALL);
    d = sample(&plan);
    double flags = 0;
    for (uint32_t i = 0; i < 1000; i++) flags += value(&d, i, 3);
    assert_true(flags == 500);
    design_free(&d);
    design_plan_free(&plan);
}

/* ---- Sobol' ---- */

static void cross_sampling_is_in_the_order_of_salib(void **state)
{
    (void)state;
    for (int second = 0; second < 2; second++) {
        struct design_plan plan = choose(DESIGN_sobol, 16, NULL, NULL, 0);
        plan.second_order = second == 1;
        const uint32_t rows = second == 1 ? 8 : 5;
        struct design d = sample(&plan);
        assert_int_equal(d.n_points, 16 * rows);
        bool seen[6][16] = {{false}};
        for (uint32_t i = 0; i < 16; i++) {
            const uint32_t a = i * rows, b = a + rows - 1;
            for (uint32_t row = 0; row < 3; row++) {
                for (uint32_t column = 0; column < 3; column++) {
                    bool own = row == column;
                    assert_true(value(&d, a + 1 + row, column) == value(&d, own ? b : a, column));
                    if (second == 1) assert_true(value(&d, a + 4 + row, column) == value(&d, own ? a : b, column));
                }
            }
            for (uint32_t column = 0; column < 3; column++) { /* both halves are evenly spread, and not the same */
                assert_true(value(&d, a, column) != value(&d, b, column));
                seen[column][(int)(value(&d, a, column) * 16)] = true;
                seen[3 + column][(int)(value(&d, b, column) * 16)] = true;
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
    struct design_plan plan = choose(DESIGN_morris, 200, NULL, NULL, 0);
    plan.levels = 6;
    struct design d = sample(&plan);
    assert_int_equal(d.n_points, 800);
    double starts[36] = {0}, orders[9] = {0};
    for (uint32_t t = 0; t < 200; t++) {
        bool changed[3] = {false};
        for (uint32_t step = 0; step < 3; step++) {
            uint32_t changes = 0;
            for (uint32_t column = 0; column < 3; column++) {
                double before = value(&d, 4 * t + step, column), after = value(&d, 4 * t + step + 1, column);
                assert_true(fabs(before * 5 - round(before * 5)) < 1e-12);
                if (before == after) continue;
                assert_true(fabs(fabs(after - before) - 3.0 / 5) < 1e-12 && !changed[column]);
                changed[column] = true;
                orders[3 * step + column]++;
                changes++;
            }
            assert_int_equal(changes, 1);
        }
        starts[(int)lround(value(&d, 4 * t, 0) * 5) * 6 + (int)lround(value(&d, 4 * t, 1) * 5)]++;
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
        read_prior("priors : { growth : { \n\n places : { distribution = \"beta\"; alpha = 1; beta = 5000; "
                   "minimum = 1; maximum = 3; }; }; };\n");
    struct design_plan plan = choose(DESIGN_morris, 20, &prior, NULL, 0);
    refused(&plan, "p.cfg:3: growth.places has the same value on two levels that morris compares; allowed: a wider or "
                   "flatter distribution, or its exclusion (--parameters)");
    design_plan_free(&plan);
    prior_free(&prior);
    for (uint32_t levels = 2; levels <= 10; levels += 2) { /* uniform ones always change */
        plan = choose(DESIGN_morris, 50, NULL, all_paths, ALL);
        plan.levels = levels;
        struct design d = sample(&plan);
        design_free(&d);
        design_plan_free(&plan);
    }
}

/* ---- grid ---- */

static void a_grid_has_every_combination(void **state)
{
    (void)state;
    struct prior prior = read_prior(wide_prior);
    static const char *const paths[] = {"growth.law", "growth.birth_rate", "growth.places"};
    struct design_plan plan = choose(DESIGN_grid, 4, &prior, paths, 3);
    struct design d = sample(&plan);
    static const double rates[] = {0.001, 0.01, 0.1, 1}, places[] = {3, 6, 9, 12};
    assert_int_equal(d.n_points, 32);
    for (uint32_t i = 0; i < 32; i++) {
        assert_true(value(&d, i, 0) == i / 16);
        assert_true(fabs(value(&d, i, 1) / rates[i / 4 % 4] - 1) < 1e-14);
        assert_true(value(&d, i, 2) == places[i % 4]);
    }
    design_free(&d);
    plan.n = 1; /* the middle of what is continuous */
    d = sample(&plan);
    assert_int_equal(d.n_points, 2);
    assert_true(fabs(value(&d, 1, 1) - sqrt(0.001)) < 1e-15);
    assert_true(value(&d, 1, 2) == 8);
    design_free(&d);
    plan.n = 100; /* all ten places */
    d = sample(&plan);
    assert_int_equal(d.n_points, 2 * 100 * 10);
    for (uint32_t i = 0; i < 10; i++) assert_true(value(&d, i, 2) == 3 + i);
    design_free(&d);
    design_plan_free(&plan);
    prior_free(&prior);
    prior = read_prior("priors : { growth : { places : { distribution = \"beta\"; alpha = 1; beta = 1000; minimum = 1; "
                       "maximum = 30; }; }; };\n");
    plan = choose(DESIGN_grid, 10, &prior, NULL, 0);
    d = sample(&plan);
    assert_int_equal(d.n_points, 2); /* its quantiles are 1 but for the last, and each value counts once */
    assert_true(value(&d, 0, 0) == 1 && value(&d, 1, 0) == 30);
    design_free(&d);
    plan.n = 30; /* all of them, however unlikely */
    d = sample(&plan);
    assert_int_equal(d.n_points, 30);
    design_free(&d);
    design_plan_free(&plan);
    prior_free(&prior);
}

/* ---- limits ---- */

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    struct design_plan plan = choose(DESIGN_sobol, 100, NULL, NULL, 0);
    refused(&plan, "-n 100 is not allowed; allowed for sobol: a power of two, 2, 4, 8, 16, ...");
    plan.n = 1;
    refused(&plan, "-n 1 is not allowed; allowed for sobol: a power of two, 2, 4, 8, 16, ...");
    plan.n = 32768;
    refused(&plan,
            "-n 32768 gives 163840 points of 3 columns; allowed: at most 100000 points and 1000000 values in all, "
            "here -n 16384; fewer columns (--parameters) allow a larger -n");
    plan.second_order = true;
    plan.n = 16384;
    refused(&plan,
            "-n 16384 gives 131072 points of 3 columns; allowed: at most 100000 points and 1000000 values in all, "
            "here -n 8192; fewer columns (--parameters) allow a larger -n");
    plan.method = DESIGN_morris;
    plan.n = 50000;
    refused(&plan,
            "-n 50000 gives 200000 points of 3 columns; allowed: at most 100000 points and 1000000 values in all, "
            "here -n 25000; fewer columns (--parameters) allow a larger -n");
    plan.levels = 5;
    refused(&plan, "--levels 5 is not allowed; allowed: an even number from 2 to 1000");
    plan.method = DESIGN_grid;
    plan.n = 50;
    refused(&plan, "-n 50 gives 125000 points of 3 columns; allowed: at most 100000 points and 1000000 values in all; "
                   "fewer columns (--parameters) allow a larger -n");
    plan.n = 0;
    refused(&plan, "-n 0 is out of range; allowed: a whole number from 1 to 100000");
    design_plan_free(&plan);
}

/* A model of many parameters, all of them alike and without a policy. */
enum { MANY = DESIGN_MAX_COLUMNS + 1 };

struct many {
    char names[MANY][16];
    struct parameter rows[MANY + 1];
    struct submodel submodel;
    const struct submodel *schedule[2];
    struct model model;
};

static void make_many(struct many *m, double minimum, double maximum)
{
    *m = (struct many){.submodel = {.name = "many", .parameters = m->rows, .parameters_size = MANY * sizeof(double)},
                       .schedule = {&m->submodel, NULL},
                       .model = {.name = "many", .version = "1", .schedule = m->schedule}};
    for (int i = 0; i < MANY; i++) {
        snprintf(m->names[i], sizeof m->names[i], "p%d", i);
        m->rows[i] = (struct parameter){.name = m->names[i],
                                        .unit = "1",
                                        .minimum = minimum,
                                        .maximum = maximum,
                                        .offset = (size_t)i * sizeof(double),
                                        .type = FIELD_real,
                                        .role = ROLE_uncertain};
    }
}

static void strange_models_are_refused(void **state)
{
    (void)state;
    static struct many m;
    struct error e = {0};
    struct prior p;
    make_many(&m, 0, 1);
    struct design_plan plan = {.model = &m.model, .method = DESIGN_lhs, .n = 1};
    assert_int_equal(design_choose(&plan, NULL, NULL, 0, &e), -1);
    assert_string_equal(e.text, "too many parameters; allowed: at most 256 columns");
    m.rows[MANY - 1].name = NULL;
    e = (struct error){0};
    assert_int_equal(design_choose(&plan, NULL, NULL, 0, &e), 0);
    plan.method =
        DESIGN_sobol; /* all dimensions that there are, in each of which the two points lie in different halves */
    plan.n = 2;
    struct design d = sample(&plan);
    assert_int_equal(d.n_points, 2 * 258);
    for (uint32_t column = 0; column < 256; column++) {
        assert_true((value(&d, 0, column) < 0.5) != (value(&d, 258, column) < 0.5));
        assert_true((value(&d, 257, column) < 0.5) != (value(&d, 515, column) < 0.5));
    }
    design_free(&d);
    design_plan_free(&plan);
    make_many(&m, 1, 1);
    static const char *const path[] = {"many.p3"};
    assert_int_equal(design_choose(&plan, NULL, path, 1, &e), -1);
    assert_string_equal(e.text, "many.p3 has one value only; allowed: parameters that can vary");
    make_many(&m, -1e308, 1e308);
    folder_write("p.cfg",
                 "priors : { many : { p0 : { distribution = \"uniform\"; minimum = -1e308; maximum = 1e308; }; }; };");
    e = (struct error){0};
    assert_int_equal(prior_read(&p, &m.model, "p.cfg", &e), -1);
    assert_string_equal(e.text, "p.cfg:1: the range is too wide; allowed: at most 1.79769e+308");
}

/* ---- on a study ---- */

static int check(const void *parameters, struct error *e)
{
    const double *rates = (const double *)((const unsigned char *)parameters + toy_growth.parameters[1].offset);
    return rates[0] >= rates[1] ? 0 : error_set(e, ERROR_INPUT, "more fish die than are born");
}

static void points_that_break_a_rule_are_counted(void **state)
{
    (void)state;
    struct submodel ruled = toy_growth;
    ruled.check = check;
    const struct submodel *const schedule[] = {&toy_policy, &ruled, &toy_harvest, NULL};
    struct model model = toy_model;
    model.schedule = schedule;
    struct study s;
    struct error e = {0};
    study_init(&s, &model);
    assert_int_equal(study_add_policy(&s, "calm", -1, &e), 0);
    assert_int_equal(study_add_policy(&s, "other", -1, &e), 0);
    struct design_plan plan = {.model = &model, .method = DESIGN_grid, .seed = 1, .n = 3};
    static const char *const paths[] = {"growth.birth_rate", "growth.death_rate"};
    assert_int_equal(design_choose(&plan, NULL, paths, 2, &e), 0);
    struct design d = sample(&plan);
    uint32_t first = 99;
    assert_int_equal(design_invalid(&d, &s, &first, &e), 3);
    assert_int_equal(first, 1);
    assert_string_equal(e.text, "point 1: growth: more fish die than are born");
    plan.n = 1;
    design_free(&d);
    d = sample(&plan);
    assert_int_equal(design_invalid(&d, &s, &first, &e), 0);
    design_free(&d);
    design_plan_free(&plan);
    study_free(&s);
}

/* ---- the file ---- */

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    struct prior prior = read_prior(wide_prior);
    for (int method = DESIGN_lhs; method <= DESIGN_grid; method++) {
        struct design_plan plan = choose((enum design_method)method, 4, &prior, NULL, 0);
        struct design d = sample(&plan), again;
        struct error e = {0};
        if (design_write("d.csv", true, &d, &plan, "a \x1b\n prior", &e) != 0) fail_msg("%s", e.text);
        if (design_number_lines(&d, &plan, "a \x1b\n prior", &e) != 0) fail_msg("%s", e.text);
        if (design_read(&again, &toy_model, "d.csv", &e) != 0) fail_msg("%s", e.text);
        assert_int_equal(again.n_points, d.n_points);
        assert_int_equal(again.n_columns, d.n_columns);
        for (uint32_t i = 0; i < d.n_columns; i++) assert_ptr_equal(again.columns[i].row, d.columns[i].row);
        assert_memory_equal(again.values, d.values, (size_t)d.n_points * d.n_columns * sizeof *d.values);
        assert_memory_equal(again.lines, d.lines, d.n_points * sizeof *d.lines);
        assert_int_equal(access("d.csv.tmp", F_OK), -1);
        design_free(&again);
        design_free(&d);
        design_plan_free(&plan);
    }
    prior_free(&prior);
}

static void the_head_says_how_it_was_drawn(void **state)
{
    (void)state;
    struct prior prior =
        read_prior("priors : { growth : {\n"
                   "birth_rate : { distribution = \"triangular\"; mode = 0.5; minimum = 0.1; maximum = 0.5; };\n"
                   "death_rate : { distribution = \"normal\"; mean = 0.2; sd = 0.1; minimum = 0; maximum = 1; };\n"
                   "crowding : { distribution = \"fixed\"; value = false; };\n"
                   "law : { distribution = \"uniform\"; };\n"
                   "}; harvest : { line_effect : { distribution = \"beta\"; alpha = 2; beta = 3; minimum = 0; maximum "
                   "= 1; }; }; };");
    struct design_plan plan = choose(DESIGN_morris, 1, &prior, NULL, 0);
    struct design d = sample(&plan);
    struct error e = {0};
    assert_int_equal(design_write("d.csv", false, &d, &plan, "p.cfg", &e), 0);
    FILE *in = fopen("d.csv", "r");
    assert_non_null(in);
    char text[4000] = "";
    assert_true(fread(text, 1, sizeof text - 1, in) > 0);
    fclose(in);
    static const char *const expected[] = {
        "# model: toy 1\n# seed: 7\n# method: morris\n# n: 1\n# levels: 4\n# analysis: "
        "SALib.analyze.morris.analyze(problem, "
        "X, Y, num_levels=4)\n# distributions: p.cfg\n",
        "# growth.birth_rate: triangular from 0.1 to 0.5, mode 0.5\n",
        "# growth.death_rate: normal from 0 to 1, mean 0.2, sd 0.1\n",
        "# growth.law: uniform from linear to square (linear|square)\n",
        "# harvest.line_effect: beta from 0 to 1, alpha 2, beta 3\n# growth.crowding: fixed at 0\n",
        "# problem: {\"num_vars\": 4, \"names\": [\"growth.birth_rate\", \"growth.death_rate\", \"growth.law\", "
        "\"harvest.line_effect\"], \"bounds\": [[0.1, 0.5], [0, 1], [0, 1], [0, 1]]}\n"
        "growth.birth_rate,growth.death_rate,growth.law,harvest.line_effect,growth.crowding\n",
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        if (strstr(text, expected[i]) == NULL) fail_msg("not in the head: %s", expected[i]);
    }
    /* A file that is there is kept, unless it may be replaced. */
    assert_int_equal(design_write("d.csv", false, &d, &plan, "p.cfg", &e), -1);
    assert_int_equal(e.kind, ERROR_FAILURE);
    assert_string_equal(e.text, "d.csv: cannot be put in place: File exists");
    assert_int_equal(access("d.csv.tmp", F_OK), -1);
    e = (struct error){0};
    assert_int_equal(design_write("none/d.csv", true, &d, &plan, "p.cfg", &e), -1);
    assert_string_equal(e.text, "none/d.csv.tmp: cannot be made: No such file or directory");
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
        IN_FOLDER(impossible_sizes_are_refused),
        IN_FOLDER(strange_models_are_refused),
        IN_FOLDER(points_that_break_a_rule_are_counted),
        IN_FOLDER(what_is_written_is_read_again),
        IN_FOLDER(the_head_says_how_it_was_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Designs that cannot be: sizes, models, points that a study does not allow; and the file that the others are written to. */
#include "sim/design_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/folder.h"
#include "tests/toy_design.h"

/* ---- limits ---- */

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    struct design_plan plan = toy_design_plan(DESIGN_sobol, 100, NULL, NULL, 0);
    toy_design_refused(&plan, "-n 100 is not allowed; allowed for sobol: a power of two, 2, 4, 8, 16, ...");
    plan.n = 1;
    toy_design_refused(&plan, "-n 1 is not allowed; allowed for sobol: a power of two, 2, 4, 8, 16, ...");
    plan.n = 32768;
    toy_design_refused(&plan,
            "-n 32768 gives 163840 points of 3 columns; allowed: at most 100000 points and 1000000 values in all, "
            "here -n 16384; fewer columns (--parameters) allow a larger -n");
    plan.second_order = true;
    plan.n = 16384;
    toy_design_refused(&plan,
            "-n 16384 gives 131072 points of 3 columns; allowed: at most 100000 points and 1000000 values in all, "
            "here -n 8192; fewer columns (--parameters) allow a larger -n");
    plan.method = DESIGN_morris;
    plan.n = 50000;
    toy_design_refused(&plan,
            "-n 50000 gives 200000 points of 3 columns; allowed: at most 100000 points and 1000000 values in all, "
            "here -n 25000; fewer columns (--parameters) allow a larger -n");
    plan.levels = 5;
    toy_design_refused(&plan, "--levels 5 is not allowed; allowed: an even number from 2 to 1000");
    plan.method = DESIGN_grid;
    plan.n = 50;
    toy_design_refused(&plan, "-n 50 gives 125000 points of 3 columns; allowed: at most 100000 points and 1000000 values in all; "
                   "fewer columns (--parameters) allow a larger -n");
    plan.n = 0;
    toy_design_refused(&plan, "-n 0 is out of range; allowed: a whole number from 1 to 100000");
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
    struct design d = toy_design_sample(&plan);
    assert_int_equal(d.n_points, 2 * 258);
    for (uint32_t column = 0; column < 256; column++) {
        assert_true((toy_design_value(&d, 0, column) < 0.5) != (toy_design_value(&d, 258, column) < 0.5));
        assert_true((toy_design_value(&d, 257, column) < 0.5) != (toy_design_value(&d, 515, column) < 0.5));
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
    struct design d = toy_design_sample(&plan);
    uint32_t first = 99;
    assert_int_equal(design_invalid(&d, &s, &first, &e), 3);
    assert_int_equal(first, 1);
    assert_string_equal(e.text, "point 1: growth: more fish die than are born");
    plan.n = 1;
    design_free(&d);
    d = toy_design_sample(&plan);
    assert_int_equal(design_invalid(&d, &s, &first, &e), 0);
    design_free(&d);
    design_plan_free(&plan);
    study_free(&s);
}

/* ---- the file ---- */

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    struct prior prior = toy_design_prior(toy_wide_prior);
    for (int method = DESIGN_lhs; method <= DESIGN_grid; method++) {
        struct design_plan plan = toy_design_plan((enum design_method)method, 4, &prior, NULL, 0);
        struct design d = toy_design_sample(&plan), again;
        struct error e = {0};
        if (design_write("d.csv", true, &d, &plan, "a \x1b\n prior", &e) != 0) fail_msg("%s", e.text);
        if (design_number_lines(&d, &plan, "a \x1b\n prior", &e) != 0) fail_msg("%s", e.text);
        if (design_read(&again, &toy_model, "d.csv", &e) != 0) fail_msg("%s", e.text);
        assert_int_equal(again.n_points, d.n_points);
        assert_int_equal(again.n_columns, d.n_columns);
        for (uint32_t i = 0; i < d.n_columns; i++) assert_ptr_equal(again.columns[i].row, d.columns[i].row);
        assert_memory_equal(again.values, d.values, (size_t)d.n_points * d.n_columns * sizeof *d.values);
        assert_memory_equal(again.lines, d.lines, d.n_points * sizeof *d.lines);
        assert_int_equal(access("d.csv.enforcesim-tmp", F_OK), -1);
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
        toy_design_prior("priors : { growth : {\n"
                   "birth_rate : { distribution = \"triangular\"; mode = 0.5; minimum = 0.1; maximum = 0.5; };\n"
                   "death_rate : { distribution = \"normal\"; mean = 0.2; sd = 0.1; minimum = 0; maximum = 1; };\n"
                   "crowding : { distribution = \"fixed\"; value = false; };\n"
                   "law : { distribution = \"uniform\"; };\n"
                   "}; harvest : { line_effect : { distribution = \"beta\"; alpha = 2; beta = 3; minimum = 0; maximum "
                   "= 1; }; }; };");
    struct design_plan plan = toy_design_plan(DESIGN_morris, 1, &prior, NULL, 0);
    struct design d = toy_design_sample(&plan);
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
    assert_int_equal(access("d.csv.enforcesim-tmp", F_OK), -1);
    e = (struct error){0};
    assert_int_equal(design_write("none/d.csv", true, &d, &plan, "p.cfg", &e), -1);
    assert_string_equal(e.text, "none/d.csv.enforcesim-tmp: cannot be made: No such file or directory");
    design_free(&d);
    design_plan_free(&plan);
    prior_free(&prior);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(impossible_sizes_are_refused),
        IN_FOLDER(strange_models_are_refused),
        IN_FOLDER(points_that_break_a_rule_are_counted),
        IN_FOLDER(what_is_written_is_read_again),
        IN_FOLDER(the_head_says_how_it_was_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

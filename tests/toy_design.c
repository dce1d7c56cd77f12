/* Designs of the toy model: see the header. */
#include "tests/toy_design.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/folder.h"

const char toy_wide_prior[] =
    "priors : {\n"
    "growth : {\n"
    "birth_rate : { distribution = \"log_uniform\"; minimum = 0.001; maximum = 1.0; };\n"
    "death_rate : { distribution = \"fixed\"; value = 0.125; };\n"
    "places : { distribution = \"uniform\"; minimum = 3; maximum = 12; };\n"
    "law : { distribution = \"uniform\"; };\n"
    "}; harvest : {\n"
    "line_effect : { distribution = \"beta\"; alpha = 2; beta = 2; minimum = 0; maximum = 1; };\n"
    "}; };\n";

struct design_plan toy_design_plan(enum design_method method, uint32_t n, const struct prior *prior, const char *const *paths,
                                   size_t n_paths)
{
    struct design_plan plan = {.model = &toy_model, .method = method, .seed = 7, .n = n, .levels = 4};
    struct error e = {0};
    if (design_choose(&plan, prior, paths, n_paths, &e) != 0) fail_msg("%s", e.text);
    return plan;
}

struct prior toy_design_prior(const char *text)
{
    struct prior p;
    struct error e = {0};
    folder_write("p.cfg", text);
    if (prior_read(&p, &toy_model, "p.cfg", &e) != 0) fail_msg("%s", e.text);
    return p;
}

struct design toy_design_sample(const struct design_plan *plan)
{
    struct design d;
    struct error e = {0};
    if (design_sample(&d, plan, &e) != 0) fail_msg("%s", e.text);
    return d;
}

double toy_design_value(const struct design *d, uint64_t point, uint32_t column)
{
    return d->values[point * d->n_columns + column];
}

void toy_design_refused(const struct design_plan *plan, const char *message)
{
    struct design d;
    struct error e = {0};
    assert_int_equal(design_sample(&d, plan, &e), -1);
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_string_equal(e.text, message);
    assert_null(d.values);
}

/* Fields: values in and out by their rows, printing that reads back, and names that are nearly right. */
#include "sim/field.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
#define PARAMETERS(P)                                                                       \
    P(real,   rate,  0.25, -1e300, 1e300, "1/day", uncertain,  "a real number", "none")     \
    P(whole,  count, 12, -5, 2147483647, "1",      structural, "a whole number", "none")    \
    P(flag,   open,   1, 0, 1, "1",                lever,      "true or false",  "none")    \
    P(choice, form,   2, 0, 2, "one|two|three",    structural, "a word",         "none")
#define METRICS(M)                                 \
    M(flow,  events, "1", "events")                \
    M(share, part,   "1", "a share")               \
    M(stock, people, "persons", "people")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

static void tables_have_their_rows(void **state)
{
    (void)state;
    assert_int_equal(parameter_count(parameter_rows), 4);
    assert_int_equal(metric_count(metric_rows), 3);
    assert_int_equal(parameter_count(NULL), 0);
    assert_int_equal(metric_count(NULL), 0);
    assert_ptr_equal(parameter_find(parameter_rows, "count"), &parameter_rows[1]);
    assert_null(parameter_find(parameter_rows, "coun"));
    assert_null(parameter_find(NULL, "count"));
    assert_int_equal(metric_rows[1].kind, METRIC_share);
    assert_int_equal(metric_rows[2].offset, offsetof(struct metrics, people));
}

static void defaults_are_written(void **state)
{
    (void)state;
    struct parameters p;
    memset(&p, 0xFF, sizeof p);
    parameter_defaults(parameter_rows, &p);
    assert_true(p.rate == 0.25 && p.count == 12 && p.open == 1 && p.form == 2);
    for (size_t i = 0; i < 4; i++) assert_true(parameter_value(&parameter_rows[i], &p) == parameter_rows[i].initial);
}

static void good_values_are_stored(void **state)
{
    (void)state;
    struct parameters p;
    struct error e = {0};
    parameter_defaults(parameter_rows, &p);
    assert_int_equal(parameter_store(&parameter_rows[0], &p, -1e300, NULL, &e), 0);
    assert_int_equal(parameter_store(&parameter_rows[1], &p, 2147483647, NULL, &e), 0);
    assert_int_equal(parameter_store(&parameter_rows[2], &p, 0, NULL, &e), 0);
    assert_int_equal(parameter_store(&parameter_rows[3], &p, 1, NULL, &e), 0);
    assert_true(p.rate == -1e300 && p.count == 2147483647 && p.open == 0 && p.form == 1);
    assert_int_equal(parameter_store(&parameter_rows[0], &p, -0.0, NULL, &e), 0);
    assert_false(signbit(p.rate));
    assert_int_equal(e.kind, ERROR_NONE);
}

static void refused(size_t row, double value, const char *message)
{
    struct parameters p;
    struct error e = {0};
    parameter_defaults(parameter_rows, &p);
    assert_int_equal(parameter_store(&parameter_rows[row], &p, value, "here", &e), -1);
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_string_equal(e.text, message);
    assert_true(parameter_value(&parameter_rows[row], &p) == parameter_rows[row].initial);
}

static void bad_values_are_refused(void **state)
{
    (void)state;
    refused(0, 2e300, "here: rate = 2e+300 is out of range; allowed: a number from -1e+300 to 1e+300 [1/day]");
    refused(0, (double)NAN,
            "here: rate = nan is not a finite number; allowed: a number from -1e+300 to 1e+300 [1/day]");
    refused(0, (double)INFINITY,
            "here: rate = inf is not a finite number; allowed: a number from -1e+300 to 1e+300 [1/day]");
    refused(1, 2.5, "here: count = 2.5 is not a whole number; allowed: a whole number from -5 to 2147483647");
    refused(1, 4294967297.0, "here: count = 4294967297 is out of range; allowed: a whole number from -5 to 2147483647");
    refused(1, -6, "here: count = -6 is out of range; allowed: a whole number from -5 to 2147483647");
    refused(2, 2, "here: open = 2 is out of range; allowed: true or false");
    refused(3, 3, "here: form = 3 is out of range; allowed: one of \"one\", \"two\", \"three\"");
    refused(3, -1, "here: form = -1 is out of range; allowed: one of \"one\", \"two\", \"three\"");
}

static void printed(size_t row, double value, const char *expected)
{
    char text[64];
    assert_int_equal(parameter_print(&parameter_rows[row], value, text, sizeof text), (int)strlen(expected));
    assert_string_equal(text, expected);
}

static void values_print_as_in_a_file(void **state)
{
    (void)state;
    printed(0, 0.25, "0.25");
    printed(0, 0.1, "0.1");
    printed(0, 1.0 / 3, "0.3333333333333333");
    printed(0, 2000, "2000");
    printed(0, 5e9, "5000000000.0"); /* as a bare integer a reader would have to refuse it */
    printed(0, 1e22, "1e+22");
    printed(1, 1825, "1825");
    printed(2, 0, "false");
    printed(2, 1, "true");
    printed(3, 0, "\"one\"");
    printed(3, 2, "\"three\"");
    printed(3, 7, "\"\"");
}

static void real_numbers_read_back(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        double value;
        memcpy(&value, &x, sizeof value);
        if (!isfinite(value)) continue;
        char text[64];
        parameter_print(&parameter_rows[0], value, text, sizeof text);
        assert_true(strtod(text, NULL) == value);
    }
    printed(0, DBL_MAX, "1.7976931348623157e+308");
}

static void choices_are_whole_words(void **state)
{
    (void)state;
    const struct parameter *row = &parameter_rows[3];
    assert_int_equal(parameter_choice(row, "one"), 0);
    assert_int_equal(parameter_choice(row, "three"), 2);
    assert_int_equal(parameter_choice(row, "thre"), -1);
    assert_int_equal(parameter_choice(row, "one|two"), -1);
    assert_int_equal(parameter_choice(row, ""), -1);
}

static void near_names_are_found(void **state)
{
    (void)state;
    static const char *const names[] = {"sweep_rate", "oversight", "leak", "tip_rate", "a", NULL};
    assert_string_equal(field_nearest("sweeprate", names), "sweep_rate");
    assert_string_equal(field_nearest("swepe_rate", names), "sweep_rate");
    assert_string_equal(field_nearest("OVERSIGHT", names), "oversight");
    assert_string_equal(field_nearest("laek", names), "leak");
    assert_string_equal(field_nearest("leaks", names), "leak");
    assert_null(field_nearest("budget", names));
    assert_null(field_nearest("", names));
    assert_null(field_nearest("b", names)); /* one edit, but nothing in common */
    char long_name[1000];
    memset(long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    assert_null(field_nearest(long_name, names));
}

static void unknown_names_are_explained(void **state)
{
    (void)state;
    static const char *const names[] = {"leak", "rate", NULL}, *const none[] = {NULL};
    struct error e = {0};
    assert_int_equal(field_unknown("lever", "laek", names, &e), -1);
    assert_string_equal(e.text, "there is no lever 'laek'; did you mean 'leak'?");
    e = (struct error){0};
    field_unknown("lever", "zebra", names, &e);
    assert_string_equal(e.text, "there is no lever 'zebra'; allowed: leak, rate");
    e = (struct error){0};
    field_unknown("lever", "zebra", none, &e);
    assert_string_equal(e.text, "there is no lever 'zebra', nor any other");
    const char *many[300];
    for (size_t i = 0; i < 299; i++) many[i] = "a_rather_long_name_of_something";
    many[299] = NULL;
    e = (struct error){0};
    field_unknown("lever", "zebra", many, &e);
    assert_string_equal(e.text + strlen(e.text) - 4, " ...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_have_their_rows),      cmocka_unit_test(defaults_are_written),
        cmocka_unit_test(good_values_are_stored),      cmocka_unit_test(bad_values_are_refused),
        cmocka_unit_test(values_print_as_in_a_file),   cmocka_unit_test(real_numbers_read_back),
        cmocka_unit_test(choices_are_whole_words),     cmocka_unit_test(near_names_are_found),
        cmocka_unit_test(unknown_names_are_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Designs of experiments: the table that is read, and one clear line for everything that is none. */
#include "sim/design.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/folder.h"
#include "tests/toy_model.h"

#define HEADER "growth.birth_rate,parameters.growth.law,growth.places,growth.crowding\n"

static void read(struct design *d, const char *text)
{
    struct error e = {0};
    folder_write("d.csv", text);
    if (design_read(d, &toy_model, "d.csv", &e) != 0) fail_msg("%s", e.text);
}

static void wrong_bytes(const char *bytes, size_t length, const char *message)
{
    struct design d;
    struct error e = {0};
    folder_write_bytes("d.csv", bytes, length);
    assert_int_equal(design_read(&d, &toy_model, "d.csv", &e), -1);
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_string_equal(e.text, message);
    assert_null(d.values);
    assert_null(d.lines);
}

static void wrong(const char *text, const char *message) { wrong_bytes(text, strlen(text), message); }

static void holds(const struct design *d, const double *values, uint32_t points, uint32_t columns)
{
    assert_int_equal(d->n_points, points);
    assert_int_equal(d->n_columns, columns);
    assert_memory_equal(d->values, values, points * columns * sizeof *values);
}

static void a_table_becomes_points(void **state)
{
    (void)state;
    struct design d;
    read(&d, HEADER "0.5,linear,40,true\n1e-3,square,3.0,0\n");
    holds(&d, (const double[]){0.5, 0, 40, 1, 1e-3, 1, 3, 0}, 2, 4);
    assert_string_equal(d.columns[0].row->name, "birth_rate");
    assert_string_equal(d.columns[3].row->name, "crowding");
    assert_int_equal(d.lines[0], 2);
    assert_int_equal(d.lines[1], 3);
    design_free(&d);
    assert_null(d.values);
}

static void every_way_to_write_it_is_read(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "growth.birth_rate,growth.law\n0.5,square\n",
        "growth.birth_rate,growth.law\r\n0.5,square\r\n",
        "\xEF\xBB\xBFgrowth.birth_rate,growth.law\n0.5,square",
        "\"growth.birth_rate\",\"growth.law\"\n\"0.5\",\"square\"\n",
        " growth.birth_rate\t, growth.law \n +.5 , \"square\" \n\n\r\n",
        "# a comment, \"\n#\ngrowth.birth_rate,growth.law\n# another\n5e-1,\" square\"\n# the end",
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct design d;
        read(&d, ways[i]);
        holds(&d, (const double[]){0.5, 1}, 1, 2);
        design_free(&d);
    }
}

static void wrong_headers_are_refused(void **state)
{
    (void)state;
    wrong("", "d.csv:1: the file is empty; allowed: a design as CSV");
    wrong("# only this\n", "d.csv:2: there is no header; allowed: a line of parameters, GROUP.NAME,GROUP.NAME");
    wrong("growth.birth_rate\n", "d.csv:2: there are no points; allowed: a line of values for each");
    wrong("growth.birth_rat\n1\n", "d.csv:1: there is no parameter of growth 'birth_rat'; did you mean 'birth_rate'?");
    wrong("#\ngroth.birth_rate\n1\n", "d.csv:2: there is no group of parameters 'groth'; did you mean 'growth'?");
    wrong("birth_rate\n1\n", "d.csv:1: 'birth_rate' is not a parameter; allowed: GROUP.NAME");
    wrong(
        "policy.boats\n1\n",
        "d.csv:1: 'policy.boats' is a lever, which a policy decides; allowed: parameters of other groups than policy");
    wrong("policies.status_quo.boats\n1\n", "d.csv:1: 'policies.status_quo.boats' is a lever, which a policy decides; "
                                            "allowed: parameters, GROUP.NAME, as 'enforcesim params' lists them");
    wrong("run.seed\n1\n", "d.csv:1: 'run.seed' is no parameter of the model; allowed: parameters, GROUP.NAME, as "
                           "'enforcesim params' lists them");
    wrong("growth.law,,growth.places\n",
          "d.csv:1: column 2 has no name; allowed: parameters, GROUP.NAME, as 'enforcesim params' lists them");
    wrong("growth.law,growth.places,parameters.growth.law\n",
          "d.csv:1: 'growth.law' is given twice, in columns 1 and 3; allowed: once");
    wrong("growth.law;growth.places\n", "d.csv:1: columns stand apart by ','; this header has ';'");
    wrong("growth.law\tgrowth.places\n", "d.csv:1: columns stand apart by ','; this header has 'tabs'");
}

static void wrong_points_are_refused(void **state)
{
    (void)state;
    wrong(HEADER "0.5,linear,40,true\n0.5,linear,40\n", "d.csv:3: there are fewer values than columns, 3; allowed: 4");
    wrong(HEADER "0,5,linear,40,true\n",
          "d.csv:2: growth.law = '5' is not a value; allowed: one of \"linear\", \"square\"");
    wrong("growth.birth_rate\n0,5\n",
          "d.csv:2: there are more values than columns; allowed: 1 (decimals have a point)");
    wrong(HEADER "0.5,linear,40,true\n\n0.5,linear,40,true\n",
          "d.csv:3: this line is empty; allowed: a point, or empty lines at the end of the file");
    wrong(HEADER "0.5,,40,true\n",
          "d.csv:2: the value of growth.law is missing; allowed: one of \"linear\", \"square\"");
    wrong(HEADER "1.5,linear,40,true\n",
          "d.csv:2: growth.birth_rate = 1.5 is out of range; allowed: a number from 0 to 1 [1/day]");
    wrong(HEADER "0.5,linear,1.5,true\n",
          "d.csv:2: growth.places = 1.5 is not a whole number; allowed: a whole number from 1 to 1000000000 [fish]");
    wrong(HEADER "0.5,linear,40,yes\n", "d.csv:2: growth.crowding = 'yes' is not a value; allowed: true or false");
    static const char *const numbers[] = {"nan", "inf", "0x1", "1e", "1 2", "--1", "one", "0.5.", "1_0", "\xC2\xBD"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[100], message[200];
        snprintf(text, sizeof text, "growth.birth_rate\n%s\n", numbers[i]);
        snprintf(message, sizeof message,
                 "d.csv:2: growth.birth_rate = '%s' is not a value; allowed: a number from 0 to 1 [1/day]", numbers[i]);
        wrong(text, message);
    }
    wrong("growth.birth_rate\n1e999\n",
          "d.csv:2: growth.birth_rate = inf is not a finite number; allowed: a number from 0 to 1 [1/day]");
}

static void broken_text_is_refused(void **state)
{
    (void)state;
    wrong("growth.birth_rate\n\"0.5\n\"\n", "d.csv:2: this quoted cell is not closed; allowed: \"...\" on one line");
    wrong("growth.birth_rate\n\"0.5\"x\n", "d.csv:2: there is more after a quoted cell; allowed: ','");
    wrong("growth.birth_rate\r0.5\r",
          "d.csv:1: there is a carriage return within the line; allowed: lines that end in LF or CRLF");
    wrong("growth.birth_rate\n\x1b[2J\n", "d.csv:2: unexpected byte 0x1B; allowed: numbers and words");
    wrong("# \x1b[2J\n", "d.csv:1: unexpected byte 0x1B; allowed: numbers and words");
    wrong("\"growth.\"\"x\"\"\"\n1\n",
          "d.csv:1: there is no parameter of growth '\"x\"'; allowed: places, birth_rate, death_rate, crowding, law");
    wrong_bytes("growth.birth_rate\n0.\0005\n", 23,
                "d.csv:2: this is not a text: it has a zero byte; allowed: CSV in UTF-8");
    struct design d;
    struct error e = {0};
    assert_int_equal(design_read(&d, &toy_model, "", &e), -1);
    assert_string_equal(e.text, "the path of the design is empty");
    e = (struct error){0};
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(design_read(&d, &toy_model, "folder", &e), -1);
    assert_string_equal(e.text, "folder: is a folder; allowed: a design as CSV");
    e = (struct error){0};
    assert_int_equal(design_read(&d, &toy_model, "pipe", &e), -1);
    assert_string_equal(e.text, "pipe: is not a regular file; allowed: a design as CSV");
}

/* `before`, then `part` many times. */
static void wrong_repeated(const char *before, const char *part, size_t times, const char *message)
{
    size_t length = strlen(part);
    char *text = malloc(strlen(before) + length * times + 1);
    assert_non_null(text);
    char *end = stpcpy(text, before);
    for (size_t i = 0; i < times; i++) end = stpcpy(end, part);
    wrong(text, message);
    free(text);
}

static void limits_hold(void **state)
{
    (void)state;
    wrong_repeated("growth.birth_rate\n", "x", DESIGN_MAX_CELL + 1,
                   "d.csv:2: this cell is too long; allowed: at most 255 bytes");
    wrong_repeated("growth.birth_rate\n\"", "x", DESIGN_MAX_CELL + 1,
                   "d.csv:2: this cell is too long; allowed: at most 255 bytes");
    wrong_repeated("growth.birth_rate\n", "0\n", DESIGN_MAX_POINTS + 1,
                   "d.csv:100002: too many points; allowed: at most 100000");
    wrong_repeated("growth.birth_rate\n", "\n", DESIGN_MAX_FILE,
                   "d.csv: the file is too long; allowed: at most 32768 KiB");
}

static void points_are_tried_on_a_study(void **state)
{
    (void)state;
    struct study s;
    struct design d;
    struct error e = {0};
    int64_t group;
    study_init(&s, &toy_model);
    for (int i = 0; i < 2; i++) {
        const char *name = i == 0 ? "a" : "b";
        assert_int_equal(study_add_policy(&s, name, -1, &e), 0);
        assert_int_equal(study_add_scenario(&s, name, &e), 0);
        assert_int_equal(study_add_phase(&s, (uint32_t)i, 0, (uint32_t)i, &e), 0);
    }
    const struct parameter *row = study_parameter(&toy_model, "growth.places", &group, &e);
    read(&d, "growth.places,growth.birth_rate\n30,0.5\n20,0.25\n");
    assert_int_equal(design_check(&d, "d.csv", &s, &e), 0);
    assert_int_equal(design_apply(&d, 1, &s, &e), 0);
    for (int i = 0; i < 2; i++) assert_true(parameter_value(row, s.policies[i].values.group[group]) == 20);
    s.scenarios[1].n_phases = 0; /* no point can be run */
    assert_int_equal(design_check(&d, "d.csv", &s, &e), -1);
    assert_string_equal(e.text, "d.csv:2: scenario 'b' has no policy on day 0");
    for (int i = 0; i < 2; i++) assert_true(parameter_value(row, s.policies[i].values.group[group]) == 20);
    design_free(&d);
    study_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_table_becomes_points),      IN_FOLDER(every_way_to_write_it_is_read),
        IN_FOLDER(wrong_headers_are_refused),   IN_FOLDER(wrong_points_are_refused),
        IN_FOLDER(broken_text_is_refused),      IN_FOLDER(limits_hold),
        IN_FOLDER(points_are_tried_on_a_study),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

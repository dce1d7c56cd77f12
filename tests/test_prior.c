/* Prior files: what is read, one clear line for everything that is none, and where a prior is looked for. */
#include "sim/prior.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/folder.h"
#include "tests/toy_model.h"

static void wrong_file(const char *text, const char *message)
{
    struct prior p;
    struct error e = {0};
    folder_write("p.cfg", text);
    assert_int_equal(prior_read(&p, &toy_model, "p.cfg", &e), -1);
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_string_equal(e.text, message);
    assert_null(p.entries);
}

/* An entry on the third line. */
static void wrong_entry(const char *entry, const char *message)
{
    char text[700];
    snprintf(text, sizeof text, "priors :\n{ growth : {\n%s\n}; };\n", entry);
    wrong_file(text, message);
}

static void all_distributions_are_read(void **state)
{
    (void)state;
    struct prior p;
    struct error e = {0};
    folder_write("more.cfg", "crowding : { distribution = \"uniform\"; };\n");
    folder_write("p.cfg",
                 "// whatever\npriors : { growth : {\n"
                 "law : { distribution = \"fixed\"; value = \"square\"; };\n"
                 "birth_rate : { distribution = \"beta\"; alpha = 2; beta = 3.5; minimum = 0; maximum = 0.5; };\n"
                 "@include \"more.cfg\"\n"
                 "places : { distribution = \"normal\"; mean = 12.5; sd = 3; minimum = 5; maximum = 20; };\n"
                 "}; };\n");
    if (prior_read(&p, &toy_model, "p.cfg", &e) != 0) fail_msg("%s", e.text);
    assert_int_equal(p.n_entries, 4);
    const struct prior_entry *places = &p.entries[0], *birth = &p.entries[1], *crowding = &p.entries[2],
                             *law = &p.entries[3];
    assert_string_equal(places->row->name, "places");
    assert_string_equal(places->where, "p.cfg:6");
    assert_int_equal(places->distribution.kind, QUANTILE_normal);
    assert_true(places->distribution.mean == 12.5 && places->distribution.sd == 3);
    assert_true(places->distribution.minimum == 5 && places->distribution.maximum == 20);
    assert_string_equal(birth->row->name, "birth_rate");
    assert_int_equal(birth->distribution.kind, QUANTILE_beta);
    assert_true(birth->distribution.alpha == 2 && birth->distribution.beta == 3.5);
    assert_string_equal(crowding->where, "more.cfg:1");
    assert_int_equal(crowding->distribution.kind, QUANTILE_uniform);
    assert_true(crowding->distribution.minimum == 0 && crowding->distribution.maximum == 1);
    assert_int_equal(law->distribution.kind, QUANTILE_fixed);
    assert_true(law->distribution.minimum == 1 && law->distribution.maximum == 1);
    assert_ptr_equal(prior_entry(&p, law->row), law);
    assert_null(prior_entry(&p, toy_policy.parameters));
    assert_true(places->position < birth->position && birth->position < law->position);
    prior_free(&p);
    assert_null(p.entries);
    prior_free(&p);
}

static void the_other_shapes_are_read(void **state)
{
    (void)state;
    struct prior p;
    struct error e = {0};
    folder_write("p.cfg", "priors : { growth : {\n"
                          "birth_rate : { distribution = \"triangular\"; mode = 0.5; minimum = 0.1; maximum = 0.5; };\n"
                          "death_rate : { distribution = \"log_uniform\"; minimum = 0.001; maximum = 1; };\n"
                          "places : { distribution = \"uniform\"; minimum = 5; maximum = 20; };\n"
                          "crowding : { distribution = \"fixed\"; value = false; };\n"
                          "law : { distribution = \"uniform\"; };\n"
                          "}; };\n");
    if (prior_read(&p, &toy_model, "p.cfg", &e) != 0) fail_msg("%s", e.text);
    assert_int_equal(p.n_entries, 5);
    assert_int_equal(p.entries[1].distribution.kind, QUANTILE_triangular);
    assert_true(p.entries[1].distribution.mode == 0.5);
    assert_int_equal(p.entries[2].distribution.kind, QUANTILE_log_uniform);
    assert_true(p.entries[3].distribution.minimum == 0 && p.entries[3].distribution.maximum == 0);
    assert_true(p.entries[4].distribution.minimum == 0 && p.entries[4].distribution.maximum == 1);
    prior_free(&p);
}

static void wrong_groups_are_refused(void **state)
{
    (void)state;
    wrong_file("", "p.cfg:1: the file is empty; allowed: a prior file");
    wrong_file(
        "// nothing\n",
        "p.cfg: there are no priors; allowed: priors : { GROUP : { NAME : { distribution = \"...\"; ... }; }; };");
    wrong_file(
        "priors : { };\n",
        "p.cfg:1: there are no priors; allowed: priors : { GROUP : { NAME : { distribution = \"...\"; ... }; }; };");
    wrong_file(
        "priors : { growth : { }; };\n",
        "p.cfg:1: there are no priors; allowed: priors : { GROUP : { NAME : { distribution = \"...\"; ... }; }; };");
    wrong_file("\nprior : { };\n", "p.cfg:2: there is no key 'prior'; did you mean 'priors'?");
    wrong_file("priors = 3;\n", "p.cfg:1: priors is a number; allowed: priors : { GROUP : { NAME : { distribution = "
                                "\"...\"; ... }; }; };");
    wrong_file("priors : { growt : { }; };\n",
               "p.cfg:1: there is no group of parameters 'growt'; did you mean 'growth'?");
    wrong_file("priors : {\n policy : { }; };\n",
               "p.cfg:2: the group policy holds levers, which a policy decides; allowed: other groups");
    wrong_file("priors : { growth = 1; };\n", "p.cfg:1: growth is a number; allowed: a group: { NAME : { ... }; };");
    wrong_file("priors : { growth : { }; \n growth : { }; };\n",
               "p.cfg:2: 'growth' is given twice, first at p.cfg:1; allowed: once");
    wrong_file("priors : {\n", "p.cfg:1: this '{' is never closed");
    wrong_file("priors : { growth : { } }; }\n", "p.cfg:1: '}' closes nothing");
    wrong_file("x = 1\ny = 2\n", "p.cfg:1: there is no key 'x'; allowed: priors");
    wrong_file("@include \"none.cfg\"\n",
               "p.cfg:1: there is no file \"none.cfg\" to include; looked in . and the folder above it");
    folder_write_bytes("p.cfg", "priors\0", 7);
    struct prior p;
    struct error e = {0};
    assert_int_equal(prior_read(&p, &toy_model, "p.cfg", &e), -1);
    assert_string_equal(e.text, "p.cfg:1: this is not a text: it has a zero byte; allowed: a prior file in UTF-8");
    e = (struct error){0};
    assert_int_equal(prior_read(&p, &toy_model, "", &e), -1);
    assert_string_equal(e.text, "the path of a prior file is empty");
    e = (struct error){0};
    assert_int_equal(prior_read(&p, &toy_model, "none", &e), -1);
    assert_string_equal(e.text, "none: cannot be opened: No such file or directory");
}

static void wrong_entries_are_refused(void **state)
{
    (void)state;
    wrong_entry("birth_rat : { distribution = \"uniform\"; };",
                "p.cfg:3: there is no parameter of growth 'birth_rat'; did you mean 'birth_rate'?");
    wrong_entry("birth_rate = 0.5;",
                "p.cfg:3: birth_rate is a number; allowed: a group: { distribution = \"...\"; ... };");
    wrong_entry("birth_rate : { };",
                "p.cfg:3: birth_rate has no distribution; allowed: { distribution = ...; minimum = "
                "...; maximum = ...; }");
    wrong_entry("birth_rate : { distribution = 1; };", "p.cfg:3: distribution is a number; allowed: a name in quotes");
    wrong_entry("birth_rate : { distribution = \"unform\"; };",
                "p.cfg:3: there is no distribution 'unform'; did you mean 'uniform'?");
    wrong_entry("birth_rate : { distribution = \"gamma\"; };",
                "p.cfg:3: there is no distribution 'gamma'; allowed: uniform, "
                "log_uniform, triangular, normal, beta, fixed");
    wrong_entry("birth_rate : { distribution = \"uniform\"; minimum = 0.0; };",
                "p.cfg:3: birth_rate has no maximum; allowed: { distribution = ...; minimum = ...; maximum = ...; }");
    wrong_entry("birth_rate : { distribution = \"normal\"; mean = 0.5; minimum = 0.0; maximum = 1.0; };",
                "p.cfg:3: birth_rate has no sd; allowed: { distribution = ...; mean = ...; sd = ...; minimum = ...; "
                "maximum = ...; }");
    wrong_entry("birth_rate : { distribution = \"uniform\"; minimum = 0.0;\n maximun = 1.0; };",
                "p.cfg:4: there is no key of a prior that is uniform 'maximun'; did you mean 'maximum'?");
    wrong_entry("birth_rate : { distribution = \"fixed\"; value = 0.5; minimum = 0.0; };",
                "p.cfg:3: there is no key of a prior that is fixed 'minimum'; allowed: distribution, value");
    wrong_entry("law : { distribution = \"normal\"; };",
                "p.cfg:3: law is a choice and cannot be normal; allowed: uniform, fixed");
    wrong_entry("crowding : { distribution = \"beta\"; };",
                "p.cfg:3: crowding is a flag and cannot be beta; allowed: uniform, fixed");
    wrong_entry("law : { distribution = \"uniform\"; minimum = 0; };",
                "p.cfg:3: there is no key of a prior that is uniform 'minimum'; allowed: distribution");
    wrong_entry("law : { distribution = \"fixed\"; value = \"cubic\"; };",
                "p.cfg:3: value = \"cubic\" is not known; allowed: one of \"linear\", \"square\"");
}

static void wrong_numbers_are_refused(void **state)
{
    (void)state;
#define RANGE "minimum = 0.25; maximum = 0.75; "
    wrong_entry("birth_rate : { distribution = \"uniform\"; minimum = \"low\"; maximum = 1.0; };",
                "p.cfg:3: minimum is a string; allowed: a number from 0 to 1 [1/day]");
    wrong_entry("birth_rate : { distribution = \"uniform\"; minimum = -1.0; maximum = 1.0; };",
                "p.cfg:3: minimum = -1 is out of range; allowed: a number from 0 to 1 [1/day]");
    wrong_entry("birth_rate : { distribution = \"uniform\"; minimum = 0.0;\nmaximum = 1.5; };",
                "p.cfg:4: maximum = 1.5 is out of range; allowed: a number from 0 to 1 [1/day]");
    wrong_entry("birth_rate : { distribution = \"uniform\"; minimum = 0.5; maximum = 0.5; };",
                "p.cfg:3: minimum = 0.5 is not below maximum = 0.5; allowed: minimum below maximum, or distribution = "
                "\"fixed\"");
    wrong_entry("birth_rate : { distribution = \"log_uniform\"; minimum = 0; maximum = 0.5; };",
                "p.cfg:3: minimum = 0 has no logarithm; allowed: numbers above 0");
    wrong_entry("places : { distribution = \"uniform\"; minimum = 1.5; maximum = 3; };",
                "p.cfg:3: minimum = 1.5 is not a whole number; allowed: a whole number from 1 to 1000000000 [fish]");
    wrong_entry("birth_rate : { distribution = \"triangular\"; mode = 0.2; " RANGE "};",
                "p.cfg:3: mode = 0.2 is out of range; allowed: a number from 0.25 to 0.75");
    wrong_entry("birth_rate : { distribution = \"normal\"; mean = 1; sd = 1; " RANGE "};",
                "p.cfg:3: mean = 1 is out of range; allowed: a number from 0.25 to 0.75");
    wrong_entry("birth_rate : { distribution = \"normal\"; mean = 0.5; sd = 0; " RANGE "};",
                "p.cfg:3: sd = 0 is out of range; allowed: a number from 5e-10 to 500");
    wrong_entry("birth_rate : { distribution = \"beta\"; alpha = 0; beta = 1; " RANGE "};",
                "p.cfg:3: alpha = 0 is out of range; allowed: a number from 0.05 to 10000");
    wrong_entry("birth_rate : { distribution = \"beta\"; alpha = 1; beta = 1e5; " RANGE "};",
                "p.cfg:3: beta = 100000 is out of range; allowed: a number from 0.05 to 10000");
    wrong_entry("birth_rate : { distribution = \"fixed\"; value = 2; };",
                "p.cfg:3: value = 2 is out of range; allowed: a number from 0 to 1 [1/day]");
}

static void found(const char *config, const char *name, const char *expected)
{
    struct error e = {0};
    char *path = prior_path(config, name, &e);
    if (path == NULL) fail_msg("%s", e.text);
    assert_string_equal(path, expected);
    free(path);
}

static void priors_are_looked_for_beside_the_scenario_file(void **state)
{
    (void)state;
    struct error e = {0};
    assert_int_equal(mkdir("a", 0700), 0);
    assert_int_equal(mkdir("a/priors", 0700), 0);
    assert_int_equal(mkdir("a/b", 0700), 0);
    assert_int_equal(mkdir("a/b/priors", 0700), 0);
    folder_write("a/priors/neutral.cfg", "x");
    folder_write("a/priors/other.cfg", "x");
    folder_write("a/priors/notes.txt", "x");
    folder_write("a/b/priors/own.cfg", "x");
    folder_write("a/b/priors/other.cfg", "x");
    found("a/study.cfg", "neutral", "a/priors/neutral.cfg");
    found("a/b/study.cfg", "neutral", "a/priors/neutral.cfg");
    found("a/b/study.cfg", "own", "a/b/priors/own.cfg");
    found("a/b/study.cfg", "other", "a/b/priors/other.cfg");
    found("a/b/../study.cfg", "neutral", "a/b/../priors/neutral.cfg");
    found("a/b/../b/study.cfg", "neutral", "a/b/../priors/neutral.cfg");
    found("a/study.cfg", "some/where", "some/where");
    found("a/study.cfg", "where.cfg", "where.cfg");
    assert_int_equal(chdir("a/b"), 0);
    found("study.cfg", "neutral", "../priors/neutral.cfg");
    found("study.cfg", "own", "priors/own.cfg");
    found("../b/study.cfg", "neutral", "../priors/neutral.cfg");
    found("../study.cfg", "neutral", "../priors/neutral.cfg");
    assert_null(prior_path("study.cfg", "nutral", &e));
    assert_string_equal(e.text,
                        "--prior nutral: in priors and ../priors there is no prior 'nutral'; did you mean 'neutral'?");
    e = (struct error){0};
    assert_null(prior_path("study.cfg", "essay", &e));
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_string_equal(e.text,
                        "--prior essay: in priors and ../priors there is no prior 'essay'; allowed: neutral, other, "
                        "own, or the path of a file");
    e = (struct error){0};
    assert_null(prior_path("/study.cfg", "neutral", &e));
    assert_string_equal(e.text,
                        "--prior neutral: in /priors and /../priors there is no prior 'neutral', nor any other; "
                        "allowed: the path of a file");
    assert_int_equal(chdir("../.."), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(all_distributions_are_read), IN_FOLDER(the_other_shapes_are_read),
        IN_FOLDER(wrong_groups_are_refused),   IN_FOLDER(wrong_entries_are_refused),
        IN_FOLDER(wrong_numbers_are_refused),  IN_FOLDER(priors_are_looked_for_beside_the_scenario_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

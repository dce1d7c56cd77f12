/* Scenario files that are wrong: one clear line, with file and line, and nothing else happens. */
#include "sim/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/folder.h"
#include "tests/toy_model.h"

#define POLICIES  "policies : { status_quo : { }; };\n"
#define SCENARIOS "scenarios = ( { name = \"a\"; policy = \"status_quo\"; } );\n"

static void wrong(const char *text, const char *message)
{
    struct study s;
    struct error e = {0};
    char *resolved = NULL;
    folder_write("x.cfg", text);
    assert_int_equal(config_load(&s, &resolved, &toy_model, "x.cfg", NULL, &e), -1);
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_string_equal(e.text, message);
    assert_null(resolved);
    assert_null(s.policies);
}

static void wrong_run(const char *settings, const char *message)
{
    char text[1000], expected[1000];
    snprintf(text, sizeof text, "\nrun = {\n%s\n};\n" POLICIES SCENARIOS, settings);
    snprintf(expected, sizeof expected, "x.cfg:3: %s", message);
    wrong(text, expected);
}

static void wrong_settings_are_refused(void **state)
{
    (void)state;
    wrong_run("replicate = 1;", "there is no setting of run 'replicate'; did you mean 'replicates'?");
    wrong_run("replicates = 0;", "replicates = 0 is out of range; allowed: a whole number from 1 to 10000000");
    wrong_run("replicates = -3;", "replicates = -3 is out of range; allowed: a whole number from 1 to 10000000");
    wrong_run("replicates = 2.0;",
              "replicates = 2.0 is not a whole number; allowed: a whole number from 1 to 10000000");
    wrong_run("replicates = \"2\";", "replicates is a string; allowed: a whole number from 1 to 10000000");
    wrong_run("replicates = ( 2 );", "replicates is a list; allowed: a whole number from 1 to 10000000");
    wrong_run("replicates = 4294967297L;",
              "replicates = 4294967297 is out of range; allowed: a whole number from 1 to 10000000");
    wrong_run(
        "replicates = 4294967297;",
        "4294967297 is out of range; allowed: whole numbers from -2147483648 to 2147483647, or larger ones with an L");
    wrong_run(
        "replicates = 0x100000001;",
        "0x100000001 is out of range; allowed: whole numbers from -2147483648 to 2147483647, or larger ones with an L");
    wrong_run("seed = 9223372036854775808L;",
              "9223372036854775808L is out of range; allowed: whole numbers of 64 bits");
    wrong_run("name = \"a b\";", "the run's name 'a b' is not a name; allowed: 1 to 63 characters of a-z A-Z 0-9 _ -");
    wrong_run("baseline = \"status_qou\";", "there is no policy 'status_qou'; did you mean 'status_quo'?");
    wrong_run("burn_in = 5; record_before = 6;",
              "run: record_before = 6 is longer than the burn-in; allowed: at most burn_in = 5");
    wrong("run = {\n burn_in = 59000; horizon = 2000; };" POLICIES SCENARIOS,
          "x.cfg:1: run: burn_in + horizon = 61000 days is too long; allowed: at most 60000");
    static const char *const seeds[] = {"-1", "1.5", "\"\"", "\"-1\"", "\"18446744073709551616\"", "true", "\"1e3\""};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        char text[200];
        struct study s;
        struct error e = {0};
        snprintf(text, sizeof text, "run = { seed = %s; };" POLICIES SCENARIOS, seeds[i]);
        folder_write("x.cfg", text);
        assert_int_equal(config_load(&s, NULL, &toy_model, "x.cfg", NULL, &e), -1);
        assert_non_null(strstr(e.text, "allowed: a whole number from 0 to 18446744073709551615"));
    }
}

static void wrong_parameters_are_refused(void **state)
{
    (void)state;
#define PARAMETER(text) "parameters : {\n growth : {\n " text "\n }; };\n" POLICIES SCENARIOS
    wrong(PARAMETER("birth_rate = 1.5;"),
          "x.cfg:3: birth_rate = 1.5 is out of range; allowed: a number from 0 to 1 [1/day]");
    wrong(PARAMETER("birth_rate = nan;"),
          "x.cfg:3: 'nan' is not a value; allowed: a number, true, false, or words in quotes");
    wrong(PARAMETER("birth_rate = 1e400;"), "x.cfg:3: 1e400 is out of range; allowed: finite numbers");
    wrong(PARAMETER("birth_rate = true;"),
          "x.cfg:3: birth_rate is true or false; allowed: a number from 0 to 1 [1/day]");
    wrong(PARAMETER("places = 0;"),
          "x.cfg:3: places = 0 is out of range; allowed: a whole number from 1 to 1000000000 [fish]");
    wrong(PARAMETER("places = 1.5;"),
          "x.cfg:3: places = 1.5 is not a whole number; allowed: a whole number from 1 to 1000000000 [fish]");
    wrong(PARAMETER("crowding = 1;"), "x.cfg:3: crowding is a number; allowed: true or false");
    wrong(PARAMETER("law = \"cubic\";"),
          "x.cfg:3: law = \"cubic\" is not known; allowed: one of \"linear\", \"square\"");
    wrong(PARAMETER("birth_rat = 0.1;"),
          "x.cfg:3: there is no parameter of growth 'birth_rat'; did you mean 'birth_rate'?");
    wrong(PARAMETER("line_effect = 1;"), "x.cfg:3: growth has no parameter 'line_effect', but harvest has; allowed: "
                                         "parameters : { harvest : { line_effect = ...; }; };");
    wrong(PARAMETER("boats = 1;"),
          "x.cfg:3: 'boats' is a lever; allowed: in a policy, policies : { NAME : { boats = ...; }; };");
    wrong("parameters : { policy : { boats = 1; }; };" POLICIES SCENARIOS,
          "x.cfg:1: the group policy holds levers; allowed: in a policy, policies : { NAME : { LEVER = value; }; };");
    wrong("parameters : { groth : { }; };" POLICIES SCENARIOS,
          "x.cfg:1: there is no group of parameters 'groth'; did you mean 'growth'?");
    wrong("parameters = 3;" POLICIES SCENARIOS,
          "x.cfg:1: parameters is a number; allowed: a group: parameters : { GROUP : { NAME = value; }; };");
}

static void wrong_policies_are_refused(void **state)
{
    (void)state;
    wrong("policies : { a : { inherits = \"b\"; };\n b : { inherits = \"c\"; };\n c : { inherits = \"b\"; }; "
          "status_quo : { }; };" SCENARIOS,
          "x.cfg:2: policies inherit from each other: b inherits c inherits b");
    wrong("policies : { status_quo : { inherits = \"status_quo\"; }; };" SCENARIOS,
          "x.cfg:1: policies inherit from each other: status_quo inherits status_quo");
    wrong("policies : { status_quo : { inherits = \"parent\"; }; };" SCENARIOS,
          "x.cfg:1: there is no policy 'parent'; allowed: status_quo");
    wrong("policies : { status_quo : { boat = 1; }; };" SCENARIOS,
          "x.cfg:1: there is no lever 'boat'; did you mean 'boats'?");
    wrong("policies : { status_quo : { birth_rate = 1; }; };" SCENARIOS,
          "x.cfg:1: 'birth_rate' is no lever of a policy but a parameter of growth; allowed: parameters : { growth : { "
          "birth_rate = ...; }; };");
    wrong("policies : { status_quo : { boats = 99;\n effort = 1; }; };" SCENARIOS,
          "x.cfg:1: policy 'status_quo': policy: effort * boats = 99 is more than there are fish; allowed: at most 50");
    wrong(POLICIES "own_policies : { status_quo : { }; };" SCENARIOS,
          "x.cfg:2: there are two policies called 'status_quo'; names must differ");
    wrong(POLICIES POLICIES SCENARIOS,
          "x.cfg:2: 'policies' is given twice, first at x.cfg:1; allowed: once (more policies go into own_policies)");
    wrong("policies : { a : { }; };" SCENARIOS, "x.cfg:1: there is no policy 'status_quo'; allowed: a");
    wrong("scenarios = ( { name = \"a\"; policy = \"status_quo\"; } );",
          "x.cfg:1: there is no policy 'status_quo', for the file defines none; allowed: policies : { ... }, or @include of "
          "a file that has them");
}

static void wrong_scenarios_are_refused(void **state)
{
    (void)state;
#define SCENARIO(text) POLICIES "scenarios = (\n{ " text " } );"
#define PHASES(text)   SCENARIO("name = \"a\"; policy = \"status_quo\"; phases = (" text ");")
    wrong(POLICIES,
          "x.cfg: there are no scenarios; allowed: a list: scenarios = ( { name = \"NAME\"; policy = \"NAME\"; } );");
    wrong(POLICIES "scenarios = ();", "x.cfg:2: the list of scenarios is empty; allowed: a list: scenarios = ( { name "
                                      "= \"NAME\"; policy = \"NAME\"; } );");
    wrong(SCENARIO("policy = \"status_quo\";"), "x.cfg:3: the scenario's name is missing; allowed: name = \"NAME\";");
    wrong(SCENARIO("name = \"a\";"),
          "x.cfg:3: the policy is missing; allowed: policy = \"NAME\"; or policy : { ... };");
    wrong(SCENARIO("name = \"a\"; policy = \"status\";"), "x.cfg:3: there is no policy 'status'; allowed: status_quo");
    wrong(SCENARIO("name = \"a\"; polic = \"status\";"),
          "x.cfg:3: there is no key of a scenario 'polic'; did you mean 'policy'?");
    wrong(SCENARIO("name = \"a\"; policy = \"status_quo\"; },\n{ name = \"a\"; policy = \"status_quo\";"),
          "x.cfg:4: there are two scenarios called 'a'; names must differ");
    wrong(SCENARIO("name = \"<b>\"; policy = \"status_quo\";"),
          "x.cfg:3: the scenario '<b>' is not a name; allowed: 1 to 63 characters of a-z A-Z 0-9 _ -");
    wrong(PHASES("{ day = 1095; policy = \"status_quo\"; }"),
          "x.cfg:3: day = 1095 is beyond the end; allowed: below horizon = 1095");
    wrong(PHASES("{ day = 0; policy = \"status_quo\"; }"),
          "x.cfg:3: day = 0 is out of range; allowed: a whole number from 1 to 60000 [day]");
    wrong(PHASES("{ day = 9; policy = \"status_quo\"; },\n{ day = 9; policy = \"status_quo\"; }"),
          "x.cfg:4: day = 9 follows day 9; allowed: rising days");
    wrong(PHASES("{ policy = \"status_quo\"; }"), "x.cfg:3: the day is missing; allowed: day = 365;");
    wrong(PHASES("{ day = 9; policy : { boat = 1; }; }"), "x.cfg:3: there is no lever 'boat'; did you mean 'boats'?");
    wrong("runs = { };" POLICIES SCENARIOS, "x.cfg:1: there is no key 'runs'; did you mean 'run'?");
}

static void broken_text_is_explained(void **state)
{
    (void)state;
    wrong("", "x.cfg:1: the file is empty; allowed: a scenario file");
    wrong("a = {\n", "x.cfg:1: this '{' is never closed");
    wrong("a = ( 1 };", "x.cfg:1: '}' cannot close the '(' of line 1");
    wrong("}", "x.cfg:1: '}' closes nothing");
    wrong("\n\na 1;", "x.cfg:3: there is no '=' before 1; allowed: NAME = value;");
    wrong("a = ;", "x.cfg:1: the value is missing before ';'; allowed: NAME = value;");
    wrong("a = 1;;", "x.cfg:1: ';' ends nothing");
    wrong("a = 0,5;", "x.cfg:1: there is no name for 5; allowed: NAME = value; (decimals have a point, not a comma)");
    wrong("a = (1 2);", "x.cfg:1: there is no ',' before 2; allowed: ( value, value )");
    wrong("a = (1, );", "x.cfg:1: there is a ',' too many before ')'");
    wrong("a = word;", "x.cfg:1: 'word' is not a value; allowed: a number, true, false, or words in quotes");
    wrong("a = [ ( 1 ) ];", "x.cfg:1: here or just before, something is missing or too much; allowed: NAME = value; "
                            "NAME : { ... }; and ( value, value )");
    wrong("a = [ 1, \"x\" ];", "x.cfg:1: mismatched element type in array");
    wrong("a = 12ab;", "x.cfg:1: '12ab' is not a number; allowed: 12, 0.5, 1e-3");
    wrong("a = \"x;\n", "x.cfg:1: this string is not closed; allowed: \"...\" on one line");
    wrong("\n/* a = 1;\n", "x.cfg:2: this comment is never closed; allowed: /* ... */");
    wrong("a = 1 % 2;", "x.cfg:1: unexpected '%'; words stand in quotes, comments after //");
    wrong("a = \xFF;", "x.cfg:1: unexpected byte 0xFF outside of quotes and comments");
    struct study s;
    struct error e = {0};
    folder_write_bytes("x.cfg", "a = 1;\n\0", 8);
    assert_int_equal(config_load(&s, NULL, &toy_model, "x.cfg", NULL, &e), -1);
    assert_string_equal(e.text, "x.cfg:2: this is not a text: it has a zero byte; allowed: a scenario file in UTF-8");
}

static char *repeated(const char *before, const char *part, size_t times, const char *after)
{
    size_t length = strlen(part);
    char *text = malloc(strlen(before) + length * times + strlen(after) + 1);
    assert_non_null(text);
    char *end = stpcpy(text, before);
    for (size_t i = 0; i < times; i++) end = stpcpy(end, part);
    strcpy(end, after);
    return text;
}

static void limits_hold(void **state)
{
    (void)state;
    char *text = repeated("a = ", "(", CONFIG_MAX_DEPTH + 1, "");
    wrong(text, "x.cfg:1: too many brackets inside each other; allowed: 32");
    free(text);
    text = repeated("a = \"", "x", CONFIG_MAX_STRING + 1, "\";");
    wrong(text, "x.cfg:1: this string is too long; allowed: at most 4096 bytes");
    free(text);
    text = repeated("a = ", "\"x\" ", CONFIG_MAX_STRING + 1, ";");
    wrong(text, "x.cfg:1: this string is too long; allowed: at most 4096 bytes");
    free(text);
    text = repeated("", "\n", CONFIG_MAX_FILE + 1, "");
    wrong(text, "x.cfg: the file is too long; allowed: at most 256 KiB");
    free(text);
    text = malloc(CONFIG_MAX_FILE);
    assert_non_null(text);
    char *end = text;
    for (int i = 0; i <= CONFIG_MAX_GROUP; i++) end += sprintf(end, "a%d = 1;\n", i);
    wrong(text, "x.cfg:1025: too many names in one group; allowed: at most 1024");
    free(text);
}

/* One name of 63 characters, the longest; `number` in it. */
static const char *long_name(int number)
{
    static char name[64];
    snprintf(name, sizeof name, "n%062d", number);
    return name;
}

static void what_is_too_long_in_all_is_refused(void **state)
{
    (void)state;
    char *text = repeated("", "\n", CONFIG_MAX_FILE - 10, "");
    folder_write("y.cfg", text);
    free(text);
    wrong("@include \"y.cfg\"\n@include \"y.cfg\"\n@include \"y.cfg\"\n@include \"y.cfg\"\n@include "
          "\"y.cfg\"\n" SCENARIOS,
          "y.cfg:41: too much text in all included files; allowed: at most 1024 KiB");

    FILE *out = fopen("y.cfg", "w"), *first = fopen("x.cfg", "w");
    assert_true(out != NULL && first != NULL);
    fprintf(first, "policies : { status_quo : { }; %s : { }; };\nscenarios = (\n", long_name(0));
    for (int i = 0; i < STUDY_MAX_SCENARIOS; i++)
        fprintf(i % 2 == 0 ? first : out, "{name=\"%s\";policy=\"n%062d\";phases=({day=1;policy=\"n%062d\";});}%s\n",
                long_name(i), 0, 0, i + 1 < STUDY_MAX_SCENARIOS ? "," : "");
    fprintf(first, "@include \"y.cfg\"\n);\n");
    fclose(out);
    fclose(first);
    struct study s;
    struct error e = {0};
    char *resolved = NULL;
    assert_int_equal(config_load(&s, &resolved, &toy_model, "x.cfg", NULL, &e), -1);
    assert_null(resolved);
    assert_non_null(strstr(e.text, "x.cfg: the resolved configuration has "));
    assert_non_null(strstr(e.text, " KiB; allowed: at most 256, so split the study"));
}

static void a_long_circle_is_told_in_part(void **state)
{
    (void)state;
    enum { LENGTH = 12 };
    char text[4000], *end = text;
    end += sprintf(end, "policies : {");
    for (int i = 0; i < LENGTH; i++) {
        end += sprintf(end, " %s : { inherits = ", long_name(i));
        end += sprintf(end, "\"%s\"; };", long_name((i + 1) % LENGTH));
    }
    sprintf(end, " status_quo : { }; };\n" SCENARIOS);
    struct study s;
    struct error e = {0};
    folder_write("x.cfg", text);
    assert_int_equal(config_load(&s, NULL, &toy_model, "x.cfg", NULL, &e), -1);
    assert_non_null(strstr(e.text, "x.cfg:1: policies inherit from each other: n0"));
    assert_string_equal(strrchr(e.text, ' '), " ...");
}

static void carriage_returns_end_no_line(void **state)
{
    (void)state;
#define RULE ": a carriage return without a line feed; allowed: lines that end in LF or CR LF"
    wrong("// a\r\n// b\rpolicies : { };\n", "x.cfg:2" RULE);
    wrong("// a\r", "x.cfg:1" RULE);
    wrong("run = { name = \"a\rb\"; };\n", "x.cfg:1" RULE);
}

static void bad_includes_are_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir("cases", 0700), 0);
    wrong("@include \"../x.cfg\"\n", "x.cfg:1: cannot include \"../x.cfg\"; allowed: a relative path without '..'");
    wrong("@include \"cases/../../x.cfg\"\n",
          "x.cfg:1: cannot include \"cases/../../x.cfg\"; allowed: a relative path without '..'");
    wrong("@include \"/etc/passwd\"\n",
          "x.cfg:1: cannot include \"/etc/passwd\"; allowed: a relative path without '..'");
    wrong("\n@include \"none.cfg\"\n",
          "x.cfg:2: there is no file \"none.cfg\" to include; looked in . and the folder above it");
    wrong("@include \"cases\"\n", "x.cfg:1: cannot include cases: is a folder; allowed: a scenario file");
    wrong("a = 1; @include \"y.cfg\"\n", "x.cfg:1: unexpected '@'; allowed: @include \"FILE\" on a line of its own");
    wrong("@include \"y.cfg\" a = 1;\n",
          "x.cfg:1: there is more after this @include; allowed: @include \"FILE\" on a line of its own");
    wrong("@include \"x.cfg\"\n", "x.cfg:1: files include each other: x.cfg includes x.cfg");
    assert_int_equal(symlink("/etc/passwd", "link.cfg"), 0);
    wrong("@include \"link.cfg\"\n", "x.cfg:1: cannot include \"link.cfg\": it leads out of the folder of x.cfg");
    folder_write("y.cfg", "@include \"x.cfg\"\n");
    wrong("@include \"y.cfg\"\n", "y.cfg:1: files include each other: x.cfg includes y.cfg includes x.cfg");
    folder_write("y.cfg", "\nparameters : { growth : {\n places = -1; }; };\n"); /* errors name the file they are in */
    wrong("@include \"y.cfg\"\n" POLICIES SCENARIOS,
          "y.cfg:3: places = -1 is out of range; allowed: a whole number from 1 to 1000000000 [fish]");
    wrong("@include \"y.cfg\"\n\n\nrun = 1;" POLICIES SCENARIOS,
          "x.cfg:4: run is a number; allowed: a group: run = { ... };");
    for (int i = 0; i < 10; i++) {
        char path[32], text[64];
        snprintf(path, sizeof path, "d%d.cfg", i);
        snprintf(text, sizeof text, "@include \"d%d.cfg\"\n", i + 1);
        folder_write(path, text);
    }
    wrong("@include \"d0.cfg\"\n", "d7.cfg:1: too many files inside each other; allowed: 8");
}

/* The tree: the folder of the first file, what is below, and files right in the folder above. */
static void includes_stay_in_the_folder_tree(void **state)
{
    (void)state;
    static const char *const folders[] = {"top", "top/cases", "top/cases/sub", "top/other"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) assert_int_equal(mkdir(folders[i], 0700), 0);
    folder_write("outside.cfg", "// two above\n");
    folder_write("top/above.cfg", "// one above\n");
    folder_write("top/climbs.cfg", "@include \"outside.cfg\"\n");
    folder_write("top/other/y.cfg", "// beside\n");
    folder_write("top/cases/sub/z.cfg", "@include \"beside.cfg\"\n@include \"above.cfg\"\n");
    folder_write("top/cases/sub/deep.cfg", "@include \"cases/beside.cfg\"\n");
    folder_write("top/cases/beside.cfg", "// here\n@include \"above.cfg\"\n");
    assert_int_equal(symlink("../above.cfg", "top/cases/to_above.cfg"), 0);
    assert_int_equal(symlink("../other", "top/cases/to_other"), 0);
    folder_write("top/notes.txt", "a neighbour's\n");
    assert_int_equal(symlink("../notes.txt", "top/cases/to_notes.cfg"), 0);
    assert_int_equal(symlink("../../outside.cfg", "top/cases/to_outside.cfg"), 0);
    assert_int_equal(symlink("cases/sub", "top/into"), 0);
    static const struct {
        const char *include, *message; /* NULL: accepted */
    } cases[] = {
        {"above.cfg", NULL},
        {"beside.cfg", NULL},
        {"./sub/./z.cfg",
         "top/cases/./sub/./z.cfg:2: there is no file \"above.cfg\" to include; looked in top/cases/./sub/. and "
         "the folder above it"},
        {"to_above.cfg", NULL},
        {"other/y.cfg",
         "top/cases/x.cfg:1: there is no file \"other/y.cfg\" to include; looked in top/cases and the folder "
         "above it"},
        {"to_other/y.cfg",
         "top/cases/x.cfg:1: cannot include \"to_other/y.cfg\": it leads out of the folder of top/cases/x.cfg"},
        {"to_outside.cfg", "top/cases/x.cfg:1: cannot include \"to_outside.cfg\": it leads out of the folder of "
                           "top/cases/x.cfg"},
        {"climbs.cfg",
         "top/climbs.cfg:1: there is no file \"outside.cfg\" to include; looked in top and the folder above it"},
        {"outside.cfg",
         "top/cases/x.cfg:1: there is no file \"outside.cfg\" to include; looked in top/cases and the folder "
         "above it"},
        {"sub/deep.cfg",
         "top/cases/sub/deep.cfg:1: there is no file \"cases/beside.cfg\" to include; looked in top/cases/sub "
         "and the folder above it"},
        {"notes.txt", "top/cases/x.cfg:1: there is no file \"notes.txt\" to include; looked in top/cases; from the folder "
                      "above only NAME.cfg can be included"},
        {"to_notes.cfg",
         "top/cases/x.cfg:1: cannot include \"to_notes.cfg\": it leads out of the folder of top/cases/x.cfg"},
        {"into/z.cfg",
         "top/cases/x.cfg:1: there is no file \"into/z.cfg\" to include; looked in top/cases and the folder "
         "above it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct study s;
        struct error e = {0};
        char text[300];
        snprintf(text, sizeof text, "@include \"%s\"\n" POLICIES SCENARIOS, cases[i].include);
        folder_write("top/cases/x.cfg", text);
        int status = config_load(&s, NULL, &toy_model, "top/cases/x.cfg", NULL, &e);
        assert_string_equal(e.text, cases[i].message != NULL ? cases[i].message : "");
        assert_int_equal(status, cases[i].message != NULL ? -1 : 0);
        if (status == 0) study_free(&s);
    }
}

/* libconfig would open any file: it is never told to, whatever stands in comments and strings. */
static void words_that_look_like_includes_are_harmless(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    folder_write("x.cfg", "/*\n@include \"none.cfg\"\n*/ // @include \"none.cfg\"\n" POLICIES SCENARIOS);
    assert_int_equal(config_load(&s, NULL, &toy_model, "x.cfg", NULL, &e), 0);
    study_free(&s);
    wrong("run = { name = \"@include a@b\"; };" POLICIES SCENARIOS,
          "x.cfg:1: the run's name '?include a@b' is not a name; allowed: 1 to 63 characters of a-z A-Z 0-9 _ -");
}

static void wrong_names_are_refused(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"", ""},
        {"..", ".."},
        {"../x", "../x"},
        {"/etc/x", "/etc/x"},
        {"a/b", "a/b"},
        {"a b", "a b"},
        {"a.h5", "a.h5"},
        {"<script>", "<script>"},
        {"\x1b[2J", "?[2J"},
        {"a\tb", "a?b"},
        {"\xC3\xA9", "\xC3\xA9"},
        {"\xFF", "?"},
        {"\xE2\x80\xAEx", "?x"},
        {"\xC2\x9B", "?"},
        {"$(id)", "$(id)"},
        {"=1+1", "=1+1"},
        {"a,b", "a,b"},
        {"'", "'"},
        {"%s%n", "%s%n"},
        {"\\x1b", "?"},
        {"\\n", "?"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[300], message[300];
        snprintf(text, sizeof text, "run = { name = \"%s\"; };" POLICIES SCENARIOS, names[i][0]);
        snprintf(message, sizeof message,
                 "x.cfg:1: the run's name '%s' is not a name; allowed: 1 to 63 characters of a-z A-Z "
                 "0-9 _ -",
                 names[i][1]);
        wrong(text, message);
        snprintf(text, sizeof text, POLICIES "scenarios = ( { name = \"%s\"; policy = \"status_quo\"; } );",
                 names[i][0]);
        snprintf(message, sizeof message,
                 "x.cfg:2: the scenario '%s' is not a name; allowed: 1 to 63 characters of a-z A-Z "
                 "0-9 _ -",
                 names[i][1]);
        wrong(text, message);
    }
    wrong("run = { name = \"-x\"; };" POLICIES SCENARIOS,
          "x.cfg:1: the run's name '-x' is not a name; allowed: 1 to 63 "
          "characters of a-z A-Z 0-9 _ -, no - in front");
    char text[300], name[65];
    memset(name, 'x', sizeof name - 1);
    name[64] = '\0';
    snprintf(text, sizeof text, "run = { name = \"%s\"; };" POLICIES SCENARIOS, name);
    struct study s;
    struct error e = {0};
    folder_write("x.cfg", text);
    assert_int_equal(config_load(&s, NULL, &toy_model, "x.cfg", NULL, &e), -1);
    assert_non_null(strstr(e.text, "' is not a name; allowed: 1 to 63 characters"));
}

static void only_regular_files_are_read(void **state)
{
    (void)state;
    static const char *const paths[] = {"",          ".",      "/",    "none.cfg", "/dev/zero",
                                        "/dev/null", "cases/", "pipe", "loop",     "\x1b\n"};
    assert_int_equal(mkdir("cases", 0700), 0);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(symlink("loop", "loop"), 0);
    wrong("@include \"pipe\"\n", "x.cfg:1: cannot include pipe: is not a regular file; allowed: a scenario file");
    wrong("@include \"loop\"\n", "x.cfg:1: cannot include \"loop\": Too many levels of symbolic links");
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct study s;
        struct error e = {0};
        assert_int_equal(config_load(&s, NULL, &toy_model, paths[i], NULL, &e), -1);
        assert_int_equal(e.kind, ERROR_INPUT);
        assert_int_equal(strcspn(e.text, "\x1b\n"), strlen(e.text));
    }
}

static double far_too_much(const void *const *groups, const struct calendar *calendar)
{
    (void)groups;
    (void)calendar;
    return 1e18;
}

static void what_no_memory_holds_is_refused(void **state)
{
    (void)state;
    struct model huge = toy_model;
    huge.memory = far_too_much;
    struct study s;
    struct error e = {0};
    folder_write("x.cfg", POLICIES SCENARIOS);
    assert_int_equal(config_load(&s, NULL, &huge, "x.cfg", NULL, &e), -1);
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_non_null(strstr(e.text, "x.cfg: this study needs 1000000000.0 GB of memory on 1 thread"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(wrong_settings_are_refused),
        IN_FOLDER(wrong_parameters_are_refused),
        IN_FOLDER(wrong_policies_are_refused),
        IN_FOLDER(wrong_scenarios_are_refused),
        IN_FOLDER(broken_text_is_explained),
        IN_FOLDER(limits_hold),
        IN_FOLDER(carriage_returns_end_no_line),
        IN_FOLDER(bad_includes_are_refused),
        IN_FOLDER(only_regular_files_are_read),
        IN_FOLDER(what_no_memory_holds_is_refused),
        IN_FOLDER(what_is_too_long_in_all_is_refused),
        IN_FOLDER(a_long_circle_is_told_in_part),
        IN_FOLDER(includes_stay_in_the_folder_tree),
        IN_FOLDER(words_that_look_like_includes_are_harmless),
        IN_FOLDER(wrong_names_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

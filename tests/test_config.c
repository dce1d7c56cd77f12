/* Scenario files: what they mean, and how the command line changes them. */
#include "sim/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/folder.h"
#include "tests/toy_model.h"

#define POLICIES  "policies : { status_quo : { }; };\n"
#define SCENARIOS "scenarios = ( { name = \"a\"; policy = \"status_quo\"; } );\n"

static double value_of(const struct study *s, const char *policy, const char *path)
{
    struct error e = {0};
    int64_t group, index = study_find_policy(s, policy);
    const struct parameter *row = study_parameter(s->model, path, &group, &e);
    assert_non_null(row);
    assert_true(index >= 0);
    return parameter_value(row, s->policies[index].values.group[group]);
}

/* Loads a path with overrides; the study must come, and its text must give the same study again. */
static void load(struct study *s, const char *path, const struct config_overrides *overrides)
{
    struct error e = {0};
    char *text = NULL, *again = NULL;
    if (config_load(s, &text, &toy_model, path, overrides, &e) != 0) fail_msg("%s", e.text);
    folder_write("y.cfg", text);
    struct study other;
    if (config_load(&other, &again, &toy_model, "y.cfg", NULL, &e) != 0) fail_msg("%s", e.text);
    assert_string_equal(text, again);
    assert_int_equal(other.seed, s->seed);
    assert_int_equal(other.n_policies, s->n_policies);
    for (uint32_t i = 0; i < s->n_policies; i++) {
        assert_memory_equal(s->policies[i].values.block, other.policies[i].values.block, s->policies[i].values.size);
    }
    study_free(&other);
    free(text);
    free(again);
}

static void load_text(struct study *s, const char *text)
{
    folder_write("x.cfg", text);
    load(s, "x.cfg", NULL);
}

/* ---- meaning ---- */

static void a_small_file_has_defaults(void **state)
{
    (void)state;
    struct study s;
    load_text(&s, POLICIES SCENARIOS);
    assert_int_equal(s.replicates, 200);
    assert_int_equal(s.record_before, 360);
    assert_int_equal(s.n_scenarios, 1);
    assert_true(value_of(&s, "status_quo", "growth.birth_rate") == 0.02);
    study_free(&s);
    load_text(&s, "run = { burn_in = 20; };" POLICIES SCENARIOS); /* the default of record_before gives way */
    assert_int_equal(s.record_before, 20);
    study_free(&s);
}

static const char whole_file[] =
    "@include \"policies.cfg\" // shared\n"
    "run = { name = \"whole\"; seed = 5000000000L; replicates = 0x10; burn_in = 200; horizon = 100; record_every = "
    "10;\n"
    "        record_before = 30; baseline = \"child\"; };\n"
    "parameters : { growth : { birth_rate = 1; places = 50; crowding = FALSE; law = \"square\"; }; };\n"
    "own_policies : { mine : { inherits = \"child\"; season = false; }; };\n"
    "scenarios = ( { name = \"plain\"; policy = \"parent\"; },\n"
    "    { name = \"inline\"; policy : { inherits = \"mine\"; boats = 1; }; },\n"
    "    { name = \"late\"; policy = \"mine\"; phases = ( { day = 5; policy = \"child\"; },\n"
    "        { day = 99; policy = { effort = 1e-3; }; } ); } );\n";

/* The child comes before its parent: order does not matter. */
static const char policies_file[] = "policies : {\n  child : { inherits = \"parent\"; gear = \"line\"; };\n  parent : "
                                    "{ effort = 0.5; boats = 9; };\n};\n";

static void a_whole_file_means_what_it_says(void **state)
{
    (void)state;
    struct study s;
    folder_write("policies.cfg", policies_file);
    load_text(&s, whole_file);
    assert_string_equal(s.name, "whole");
    assert_true(s.seed == 5000000000u && s.replicates == 16 && s.record_every == 10 && s.record_before == 30);
    assert_true(s.calendar.burn_in == 200 && s.calendar.horizon == 100);
    assert_string_equal(s.policies[s.baseline].name, "child");
    assert_true(value_of(&s, "mine", "growth.birth_rate") == 1 && value_of(&s, "mine", "growth.law") == 1);
    assert_true(value_of(&s, "child", "growth.crowding") == 0 && value_of(&s, "parent", "growth.places") == 50);
    assert_true(value_of(&s, "child", "policy.boats") == 9 && value_of(&s, "child", "policy.gear") == 0);
    assert_true(value_of(&s, "parent", "policy.gear") == 1 && value_of(&s, "parent", "policy.season") == 1);
    assert_true(value_of(&s, "mine", "policy.season") == 0 && value_of(&s, "mine", "policy.effort") == 0.5);
    assert_true(value_of(&s, "policy_of_inline", "policy.boats") == 1 &&
                value_of(&s, "policy_of_inline", "policy.season") == 0);
    assert_true(value_of(&s, "policy_of_late_99", "policy.effort") == 1e-3);
    assert_true(value_of(&s, "policy_of_late_99", "policy.boats") == 3);
    const struct scenario *late = &s.scenarios[2];
    assert_true(late->n_phases == 3 && late->phases[0].day == 0 && late->phases[1].day == 5 &&
                late->phases[2].day == 99);
    assert_string_equal(s.policies[late->phases[1].policy].name, "child");
    study_free(&s);
}

static void includes_come_from_the_folder_and_the_one_above(void **state)
{
    (void)state;
    struct study s;
    folder_write("policies.cfg", policies_file);
    assert_int_equal(mkdir("cases", 0700), 0);
    folder_write(
        "cases/x.cfg",
        "@include \"policies.cfg\"\nrun : { baseline = \"child\"; };\nscenarios = (\n  @include \"y.cfg\"\n);\n");
    folder_write("cases/y.cfg", "{ name = \"a\"; policy = \"child\"; },\n{ name = \"b\"; policy = \"parent\"; }");
    load(&s, "cases/x.cfg", NULL);
    assert_int_equal(s.n_scenarios, 2);
    study_free(&s);
}

static void any_seed_and_line_ending_is_read(void **state)
{
    (void)state;
    struct study s;
    load_text(&s, "\xEF\xBB\xBFrun = { seed = \"18446744073709551615\"; };\r\n" POLICIES
                  "# r\xC3\xA9sum\xC3\xA9\r\n" SCENARIOS "// end");
    assert_true(s.seed == UINT64_MAX);
    study_free(&s);
}

/* ---- the command line ---- */

static void overridden(struct study *s, const char *a, const char *b)
{
    const char *const set[] = {a, b};
    const struct config_overrides overrides = {.set = set, .n_set = b != NULL ? 2 : 1};
    folder_write("policies.cfg", policies_file);
    folder_write("x.cfg", whole_file);
    load(s, "x.cfg", &overrides);
}

static void any_path_can_be_set(void **state)
{
    (void)state;
    struct study s;
    overridden(&s, "run.seed=18446744073709551615", "run.name=\"other\"");
    assert_true(s.seed == UINT64_MAX && strcmp(s.name, "other") == 0);
    study_free(&s);
    overridden(&s, "parameters.harvest.line_effect=1", "parameters.growth.law=linear");
    assert_true(value_of(&s, "mine", "harvest.line_effect") == 1 && value_of(&s, "mine", "growth.law") == 0);
    study_free(&s);
    overridden(&s, "policies.parent.boats=4", "policies.mine.season=true"); /* heirs inherit what was set */
    assert_true(value_of(&s, "child", "policy.boats") == 4 && value_of(&s, "mine", "policy.boats") == 4);
    assert_true(value_of(&s, "mine", "policy.season") == 1);
    study_free(&s);
    overridden(&s, "scenarios.inline.policy=parent", "scenarios.late.phases.0.day=7");
    assert_string_equal(s.policies[s.scenarios[1].phases[0].policy].name, "parent");
    assert_int_equal(s.scenarios[2].phases[1].day, 7);
    study_free(&s);
    overridden(&s, "scenarios.late.phases.1.policy.effort=0.25", "own_policies.mine.inherits=parent");
    assert_true(value_of(&s, "policy_of_late_99", "policy.effort") == 0.25 && value_of(&s, "mine", "policy.gear") == 1);
    study_free(&s);
    overridden(&s, "scenarios[1].policy=parent", "scenarios.[2].phases[0].day=7"); /* by number, as libconfig writes it */
    assert_string_equal(s.policies[s.scenarios[1].phases[0].policy].name, "parent");
    assert_int_equal(s.scenarios[2].phases[1].day, 7);
    study_free(&s);
    overridden(&s, "scenarios[0].name=2", "scenarios.2.policy=child"); /* a name goes before a number */
    assert_string_equal(s.policies[s.scenarios[0].phases[0].policy].name, "child");
    study_free(&s);
}

static void wrong_set(const char *set, const char *message)
{
    struct study s;
    struct error e = {0};
    const struct config_overrides overrides = {.set = &set, .n_set = 1};
    folder_write("policies.cfg", policies_file);
    folder_write("x.cfg", whole_file);
    assert_int_equal(config_load(&s, NULL, &toy_model, "x.cfg", &overrides, &e), -1);
    assert_int_equal(e.kind, ERROR_INPUT);
    char expected[1024];
    snprintf(expected, sizeof expected, "--set %s: %s", set, message);
    assert_string_equal(e.text, expected);
}

#define NUMBERS "'[' begins no number; allowed: [0], [1], ..., as in scenarios[0].policy=VALUE"

static void wrong_paths_and_values_are_refused(void **state)
{
    (void)state;
    wrong_set("run.sede=1", "there is no setting of run 'sede'; did you mean 'seed'?");
    wrong_set("runs.seed=1", "there is no key 'runs'; did you mean 'run'?");
    wrong_set("growth.law=linear", "there is no key 'growth'; did you mean 'parameters.growth.law'?");
    wrong_set("growth.lwa=linear", "there is no key 'growth'; allowed: run, parameters, policies, own_policies, scenarios");
    wrong_set("policy.boats=1", "levers belong to a policy; allowed: policies.NAME.boats=VALUE");
    wrong_set("scenarios[9].policy=mine", "there is no scenario '9'; allowed: plain, inline, late");
    wrong_set("scenarios[].policy=mine", NUMBERS);
    wrong_set("scenarios[1.policy=mine", NUMBERS);
    wrong_set("scenarios[x].policy=mine", NUMBERS);
    wrong_set("scenarios[1]policy=mine", NUMBERS);
    wrong_set("scenarios[-1].policy=mine", NUMBERS);
    wrong_set("run.seed", "there is no '='; allowed: PATH=VALUE, as in run.seed=3 or parameters.GROUP.NAME=0.5");
    wrong_set("run.replicates=99999999999", "replicates is out of range; allowed: a whole number from 1 to 10000000");
    wrong_set("run.replicates=3000000000", "replicates is out of range; allowed: a whole number from 1 to 10000000");
    wrong_set("run.replicates=-3000000000", "replicates is out of range; allowed: a whole number from 1 to 10000000");
    wrong_set("run.replicates=-", "- is not a whole number; allowed: a whole number from 1 to 10000000");
    wrong_set("run.replicates=", "nothing is not a whole number; allowed: a whole number from 1 to 10000000");
    wrong_set("policies.parent.season=yes", "season is a flag; allowed: true or false");
    wrong_set("scenarios.late.phases.x.day=1",
              "there is no phase number 'x', the scenario has 2; allowed: "
              "scenarios.NAME.phases.NUMBER.day=VALUE, or .policy; numbers count from 0");
    wrong_set("run=1", "this path leads nowhere; allowed: run.NAME=VALUE");
    wrong_set("run.replicates=0", "replicates = 0 is out of range; allowed: a whole number from 1 to 10000000");
    wrong_set("run.replicates=4294967297", "replicates is out of range; allowed: a whole number from 1 to 10000000");
    wrong_set("run.replicates=2.0", "2.0 is not a whole number; allowed: a whole number from 1 to 10000000");
    wrong_set("parameters.growth.birth_rate=nan", "nan is not a number; allowed: a number from 0 to 1 [1/day]");
    wrong_set("parameters.growth.birth_rate=", "nothing is not a number; allowed: a number from 0 to 1 [1/day]");
    wrong_set("parameters.growth.birth_rate=1e400",
              "birth_rate is out of range; allowed: a number from 0 to 1 [1/day]");
    wrong_set("parameters.growth.birth_rate=2",
              "birth_rate = 2 is out of range; allowed: a number from 0 to 1 [1/day]");
    wrong_set("parameters.growth.crowding=1", "crowding is a flag; allowed: true or false");
    wrong_set("parameters.growth.law=cubic", "law = \"cubic\" is not known; allowed: one of \"linear\", \"square\"");
    wrong_set("parameters.growth.brith_rate=1",
              "there is no parameter of growth 'brith_rate'; did you mean 'birth_rate'?");
    wrong_set("parameters.groth.birth_rate=1", "there is no group of parameters 'groth'; did you mean 'growth'?");
    wrong_set("parameters.policy.boats=1", "levers belong to a policy; allowed: policies.NAME.boats=VALUE");
    wrong_set("policies.parnet.boats=1", "there is no policy 'parnet'; did you mean 'parent'?");
    wrong_set("policies.parent.boat=1", "there is no lever 'boat'; did you mean 'boats'?");
    wrong_set("policies.parent.inherits=child",
              "policies inherit from each other: parent inherits child inherits parent");
    wrong_set("scenarios.plane.policy=mine", "there is no scenario 'plane'; did you mean 'plain'?");
    wrong_set("scenarios.plain.policy=mien", "there is no policy 'mien'; did you mean 'mine'?");
    wrong_set("scenarios.plain.policy.boats=1", "the policy is a name here; allowed: policies.NAME.LEVER=VALUE");
    wrong_set("scenarios.late.phases.1.day=100", "day = 100 is beyond the end; allowed: below horizon = 100");
    wrong_set("scenarios.late.phases.2.day=1",
              "there is no phase number '2', the scenario has 2; allowed: "
              "scenarios.NAME.phases.NUMBER.day=VALUE, or .policy; numbers count from 0");
}

/* The file itself is wrong where the option leads. */
static void wrong_place(const char *file, const char *set, const char *message)
{
    struct study s;
    struct error e = {0};
    const struct config_overrides overrides = {.set = &set, .n_set = 1};
    folder_write("x.cfg", file);
    assert_int_equal(config_load(&s, NULL, &toy_model, "x.cfg", &overrides, &e), -1);
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_string_equal(e.text, message);
}

static void options_lead_only_to_groups(void **state)
{
    (void)state;
    wrong_place("run = 1;\n" POLICIES SCENARIOS, "run.seed=1",
                "x.cfg:1: run is a number; allowed: a group: { ... }");
    wrong_place("parameters = 1;\n" POLICIES SCENARIOS, "parameters.growth.birth_rate=1",
                "x.cfg:1: parameters is a number; allowed: a group: { ... }");
    wrong_place("policies : { a = 1; };\n" SCENARIOS, "policies.a.boats=1",
                "x.cfg:1: a is a number; allowed: a policy is a group: { LEVER = value; };");
    wrong_place("policies : { a = 1; };\n" SCENARIOS, "run.seed=1",
                "x.cfg:1: a is a number; allowed: a policy is a group: { LEVER = value; };");
    wrong_place("policies = 1;\n" SCENARIOS, "policies.a.boats=1",
                "--set policies.a.boats=1: there is no policy 'a', nor any other");
    wrong_place(POLICIES "scenarios = 1;\n", "scenarios.a.policy=b",
                "--set scenarios.a.policy=b: there is no scenario 'a', nor any other");
    wrong_place(POLICIES "scenarios = ( 1, { policy = \"status_quo\"; } );\n", "scenarios.a.policy=b",
                "--set scenarios.a.policy=b: there is no scenario 'a', nor any other");
    wrong_place(POLICIES "scenarios = ( { name = \"a\"; policy = \"status_quo\"; phases = ( 1 ); } );\n",
                "scenarios.a.phases.0.day=3", "x.cfg:2: this phase is a number; allowed: a group");
    wrong_place(POLICIES "scenarios = ( { name = \"a\"; policy = \"status_quo\"; phases = 1; } );\n",
                "scenarios.a.phases.0.day=3",
                "--set scenarios.a.phases.0.day=3: there is no phase number '0', the scenario has 0; allowed: "
                "scenarios.NAME.phases.NUMBER.day=VALUE, or .policy; numbers count from 0");
    wrong_place(POLICIES "scenarios = ( { name = \"a\"; } );\n", "scenarios.a.policy.boats=3",
                "--set scenarios.a.policy.boats=3: the policy is a name here; allowed: policies.NAME.LEVER=VALUE");
}

static void a_policy_in_a_scenario_has_a_name_of_its_own(void **state)
{
    (void)state;
    struct study s;
    load_text(&s, "policies : { status_quo : { }; policy_of_a : { }; };\n"
                  "scenarios = ( { name = \"a\"; policy : { boats = 5; }; },\n"
                  "  { name = \"a_name_that_is_so_long_that_nothing_can_stand_before_it_any\"; policy : { boats = "
                  "6; }; } );\n");
    assert_true(value_of(&s, "policy_within_1", "policy.boats") == 5);
    assert_true(value_of(&s, "policy_within_2", "policy.boats") == 6);
    study_free(&s);
}

static void messages_say_what_the_user_said(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    const char *set = "run.replicates=0", *said = "-r 0";
    const struct config_overrides overrides = {.set = &set, .said = &said, .n_set = 1};
    folder_write("x.cfg", POLICIES SCENARIOS);
    assert_int_equal(config_load(&s, NULL, &toy_model, "x.cfg", &overrides, &e), -1);
    assert_string_equal(e.text, "-r 0: replicates = 0 is out of range; allowed: a whole number from 1 to 10000000");
}

static void scenarios_can_be_chosen(void **state)
{
    (void)state;
    struct study s;
    const char *keep[] = {"late", "plain"};
    struct config_overrides overrides = {.scenarios = keep, .n_scenarios = 2};
    folder_write("policies.cfg", policies_file);
    folder_write("x.cfg", whole_file);
    load(&s, "x.cfg", &overrides);
    assert_int_equal(s.n_scenarios, 2);
    assert_string_equal(s.scenarios[0].name, "plain"); /* in the order of the file */
    assert_string_equal(s.scenarios[1].name, "late");
    study_free(&s);
    keep[1] = "plian";
    struct error e = {0};
    assert_int_equal(config_load(&s, NULL, &toy_model, "x.cfg", &overrides, &e), -1);
    assert_string_equal(e.text, "--scenario plian: there is no scenario 'plian'; did you mean 'plain'?");
}

/* ---- texts of studies ---- */

static void large_studies_write_what_differs(void **state)
{
    (void)state;
    char *text = malloc(CONFIG_MAX_FILE);
    assert_non_null(text);
    char *end = stpcpy(text, POLICIES "scenarios = ( ");
    for (int i = 0; i < 900; i++) {
        end += sprintf(end, "%s{ name = \"s%d\"; policy : { boats = %d; effort = 0.1; }; }\n", i > 0 ? "," : "", i,
                       i % 100);
    }
    stpcpy(end, ");");
    struct study s;
    load_text(&s, text);
    assert_int_equal(s.n_policies, 901);
    assert_true(value_of(&s, "policy_of_s777", "policy.boats") == 77);
    study_free(&s);
    free(text);
}

static void texts_say_only_what_a_file_can(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    char *text = NULL;
    folder_write("x.cfg", "policies : { status_quo : { }; other : { }; };" SCENARIOS);
    assert_int_equal(config_load(&s, NULL, &toy_model, "x.cfg", NULL, &e), 0);
    assert_int_equal(study_set(&s, 1, "growth.birth_rate", 0.5, &e), 0);
    assert_int_equal(config_write_text(&s, &text, &e), -1);
    assert_string_equal(
        e.text,
        "policy 'other': growth.birth_rate differs from policy 'status_quo'; allowed: one value for all, levers apart");
    assert_null(text);
    study_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_small_file_has_defaults),
        IN_FOLDER(a_whole_file_means_what_it_says),
        IN_FOLDER(includes_come_from_the_folder_and_the_one_above),
        IN_FOLDER(any_seed_and_line_ending_is_read),
        IN_FOLDER(any_path_can_be_set),
        IN_FOLDER(wrong_paths_and_values_are_refused),
        IN_FOLDER(options_lead_only_to_groups),
        IN_FOLDER(a_policy_in_a_scenario_has_a_name_of_its_own),
        IN_FOLDER(messages_say_what_the_user_said),
        IN_FOLDER(scenarios_can_be_chosen),
        IN_FOLDER(large_studies_write_what_differs),
        IN_FOLDER(texts_say_only_what_a_file_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

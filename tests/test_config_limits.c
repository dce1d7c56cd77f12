/* The worst that the readers accept: scenario files, overrides and designs at every limit at once, with the real model. Each is
 * read in under half a second; what the limits keep out would take minutes. */
#include "sim/config.h"
#include "sim/design.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/folder.h"
#include "tests/fuzz/fuzz.h"

extern const struct model model;

static const char status_quo[] = "policies : { status_quo : { }; };\n";

/* Every parameter of the model, said once more. */
static void write_parameters(FILE *out)
{
    fprintf(out, "parameters : {\n");
    for (int64_t i = 0; model.schedule[i] != NULL; i++) {
        const struct parameter *row = model.schedule[i]->parameters;
        if (parameter_count(row) == 0 || strcmp(model.schedule[i]->name, model.policy) == 0) continue;
        fprintf(out, "%s : {\n", model.schedule[i]->name);
        for (; row->name != NULL; row++) {
            char value[200];
            parameter_print(row, row->initial, value, sizeof value);
            fprintf(out, "%s = %s;\n", row->name, value);
        }
        fprintf(out, "};\n");
    }
    fprintf(out, "};\n");
}

/* Comments and blanks until the limit of all text; `own` bytes are used already. */
static void write_padding(FILE *out, size_t own)
{
    static const char *const kinds[] = {"/* * / ** \n", "# ////\n", " \t \n", "\n"};
    size_t each = CONFIG_MAX_TOTAL / 8 - own / 8 - 1000;
    for (int i = 0; i < 8; i++) {
        char path[32];
        snprintf(path, sizeof path, "pad%d.cfg", i);
        FILE *pad = fopen(path, "w");
        assert_non_null(pad);
        const char *kind = kinds[i % 4];
        for (size_t length = 0; length + 20 < each; length += strlen(kind)) fputs(kind, pad);
        if (i % 4 == 0) fputs("*/", pad);
        assert_int_equal(fclose(pad), 0);
        fprintf(out, "@include \"%s\"\n", path);
    }
}

static void accepted(const char *what, const struct config_overrides *overrides)
{
    struct study s;
    struct error e = {0};
    char *text = NULL;
    double begun = fuzz_cpu();
    if (config_load(&s, &text, &model, "x.cfg", overrides, &e) != 0) fail_msg("%s: %s", what, e.text);
    fuzz_accepted(begun);
    print_message("%-40s %.3f s\n", what, fuzz_seconds);
    free(text);
    study_free(&s);
}

/* As many policies as there may be names, each with the longest line of ancestors. */
static void many_policies(void **state)
{
    (void)state;
    FILE *out = fopen("x.cfg", "w");
    assert_non_null(out);
    write_parameters(out);
    for (int k = 0; k < 2; k++) {
        fprintf(out, k == 0 ? "policies : { status_quo : { };\n" : "own_policies : {\n");
        for (int i = 0; i < CONFIG_MAX_GROUP - 1; i++) {
            char parent[16] = "status_quo";
            if (i > 0) snprintf(parent, sizeof parent, "%c%d", 'p' + k, i - 1);
            fprintf(out, "%c%d : { inherits = \"%s\"; sweep_rate = 2; };\n", 'p' + k, i, parent);
        }
        fprintf(out, "};\n");
    }
    fprintf(out, "scenarios = ( { name = \"a\"; policy = \"status_quo\"; } );\n");
    write_padding(out, (size_t)ftell(out));
    assert_int_equal(fclose(out), 0);
    accepted("2047 policies, all parameters, 1 MiB", NULL);
}

static void many_phases(void **state)
{
    (void)state;
    FILE *out = fopen("x.cfg", "w");
    assert_non_null(out);
    write_parameters(out);
    fprintf(out, "run = { horizon = 9000; };\n%sscenarios = ( { name = \"a\"; policy = \"status_quo\"; phases = (\n",
            status_quo);
    for (int i = 1; i < 1500; i++) fprintf(out, "{ day = %d; policy : { inherits = \"status_quo\"; }; },\n", i);
    fprintf(out, "{ day = 8000; policy : { }; } ); } );\n");
    write_padding(out, (size_t)ftell(out));
    assert_int_equal(fclose(out), 0);
    accepted("1500 phases with policies of their own", NULL);
}

static void many_scenarios_and_overrides(void **state)
{
    (void)state;
    const char *set[CONFIG_MAX_OVERRIDES], *scenarios[CONFIG_MAX_OVERRIDES];
    for (int i = 0; i < CONFIG_MAX_OVERRIDES; i++) {
        set[i] = i % 2 == 0 ? "scenarios.s999.policy.sweep_rate=3" : "parameters.region.venues=77";
        scenarios[i] = "s999";
    }
    FILE *out = fopen("x.cfg", "w");
    assert_non_null(out);
    write_parameters(out);
    fprintf(out, "%sscenarios = (\n", status_quo);
    for (int i = 0; i < STUDY_MAX_SCENARIOS; i++)
        fprintf(out, "%s{ name = \"s%d\"; policy : { sweep_rate = 2; inherits = \"status_quo\"; }; }\n",
                i > 0 ? "," : "", i);
    fprintf(out, ");\n");
    write_padding(out, (size_t)ftell(out));
    assert_int_equal(fclose(out), 0);
    const struct config_overrides overrides = {
        .set = set, .n_set = CONFIG_MAX_OVERRIDES, .scenarios = scenarios, .n_scenarios = CONFIG_MAX_OVERRIDES};
    accepted("1000 scenarios, 1024 --set and --scenario", &overrides);
}

/* 64 files, eight inside each other, the last of them up to the limit of a file. */
static void many_files(void **state)
{
    (void)state;
    FILE *out = fopen("x.cfg", "w");
    assert_non_null(out);
    fprintf(out, "%sscenarios = ( { name = \"a\"; policy = \"status_quo\"; } );\n", status_quo);
    for (int i = 1; i <= CONFIG_MAX_INCLUDES; i++) {
        char path[32], text[64];
        snprintf(path, sizeof path, "d%d.cfg", i);
        snprintf(text, sizeof text, "@include \"d%d.cfg\"\n", i + 1);
        folder_write(path, i < CONFIG_MAX_INCLUDES ? text : "// the last\n");
    }
    char *pad = malloc(CONFIG_MAX_FILE + 1);
    assert_non_null(pad);
    memset(pad, ' ', CONFIG_MAX_FILE);
    pad[CONFIG_MAX_FILE - 100] = '\0';
    folder_write("pad.cfg", pad);
    free(pad);
    for (int i = 0; i < 3; i++) fprintf(out, "@include \"pad.cfg\"\n");
    for (int i = 0; i < 7; i++) fprintf(out, "@include \"d1.cfg\"\n");
    assert_int_equal(fclose(out), 0);
    accepted("60 files, eight inside each other", NULL);
}

/* What would be accepted but for a limit is refused at once, and says which. */
static void beyond_the_limits_is_refused(void **state)
{
    (void)state;
    const char *many[CONFIG_MAX_OVERRIDES + 1];
    for (int i = 0; i <= CONFIG_MAX_OVERRIDES; i++) many[i] = "run.seed=1";
    const struct config_overrides settings = {.set = many, .n_set = CONFIG_MAX_OVERRIDES + 1};
    const struct config_overrides kept = {.scenarios = many, .n_scenarios = CONFIG_MAX_OVERRIDES + 1};
    struct study s;
    struct error e = {0};
    folder_write("x.cfg",
                 "policies : { status_quo : { }; };\nscenarios = ( { name = \"a\"; policy = \"status_quo\"; } );\n");
    assert_int_equal(config_load(&s, NULL, &model, "x.cfg", &settings, &e), -1);
    assert_string_equal(e.text, "--set is given too often; allowed: at most 1024 times");
    e = (struct error){0};
    assert_int_equal(config_load(&s, NULL, &model, "x.cfg", &kept, &e), -1);
    assert_string_equal(e.text, "--scenario is given too often; allowed: at most 1024 times");
    FILE *out = fopen("x.cfg", "w");
    assert_non_null(out);
    for (int i = 0; i < CONFIG_MAX_FILES; i++) fprintf(out, "@include \"y.cfg\"\n");
    assert_int_equal(fclose(out), 0);
    folder_write("y.cfg", "\n");
    e = (struct error){0};
    assert_int_equal(config_load(&s, NULL, &model, "x.cfg", NULL, &e), -1);
    assert_string_equal(e.text, "x.cfg:64: cannot include y.cfg: one file too many; allowed: 64 in all");
}

/* A million numbers of many digits: all parameters but those that rules or memory bind. */
static void a_large_design(void **state)
{
    (void)state;
    FILE *out = fopen("d.csv", "w");
    assert_non_null(out);
    uint32_t columns = 0, most = 16; /* 15 bytes a value: the file's limit */
    for (int64_t i = 0; model.schedule[i] != NULL && columns < most; i++) {
        const struct parameter *row = model.schedule[i]->parameters;
        for (; row != NULL && row->name != NULL && columns < most; row++) {
            bool fits =
                row->type == FIELD_real && row->role == ROLE_uncertain && row->minimum <= 0.1 && row->maximum >= 0.2;
            if (fits) fprintf(out, "%s%s.%s", columns++ > 0 ? "," : "", model.schedule[i]->name, row->name);
        }
    }
    uint32_t points = DESIGN_MAX_VALUES / columns;
    for (uint32_t i = 0; i < points; i++) {
        for (uint32_t k = 0; k < columns; k++) fprintf(out, "%s0.1%012u", k > 0 ? "," : "\n", i * columns + k);
    }
    assert_int_equal(fclose(out), 0);
    struct design d;
    struct error e = {0};
    double begun = fuzz_cpu();
    if (design_read(&d, &model, "d.csv", &e) != 0) fail_msg("%s", e.text);
    fuzz_accepted(begun);
    print_message("%-40s %.3f s\n", "a design of a million values", fuzz_seconds);
    assert_int_equal(d.n_points, points);
    design_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(many_policies),
        IN_FOLDER(many_phases),
        IN_FOLDER(many_scenarios_and_overrides),
        IN_FOLDER(many_files),
        IN_FOLDER(beyond_the_limits_is_refused),
        IN_FOLDER(a_large_design),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Fuzz target: what the command line may change. Every line of the input is a --set, or, after "?", a --scenario; byte 1 stands
 * for a line feed within a value. The scenario file has all that a path can lead to. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config.h"
#include "tests/fuzz/fuzz.h"

extern const struct model model;

static const char base[] =
    "run = { name = \"base\"; replicates = 2; burn_in = 30; horizon = 60; };\n"
    "parameters : { region : { venues = 20; }; };\n"
    "policies : { status_quo : { }; sweeps : { inherits = \"status_quo\"; sweep_rate = 2; }; };\n"
    "own_policies : { own : { inherits = \"sweeps\"; }; };\n"
    "scenarios = ( { name = \"a\"; policy = \"status_quo\"; phases = ( { day = 9; policy = \"own\"; },\n"
    "  { day = 20; policy : { inherits = \"own\"; }; } ); }, { name = \"b\"; policy : { }; } );\n";

enum { MAX_LINES = 2048 };

/* Cuts the text, in place, into settings and scenarios. */
static void cut(char *text, const char **set, const char **scenarios, struct config_overrides *overrides)
{
    for (char *line = text; line != NULL && overrides->n_set + overrides->n_scenarios < MAX_LINES;) {
        char *end = strchr(line, '\n');
        if (end != NULL) *end++ = '\0';
        for (char *p = line; *p != '\0'; p++) *p = *p == 1 ? '\n' : *p;
        if (line[0] == '?') {
            scenarios[overrides->n_scenarios++] = line + 1;
        } else {
            set[overrides->n_set++] = line;
        }
        line = end;
    }
}

static void check(const struct config_overrides *overrides, const char *path, const char *resolved)
{
    struct study s;
    struct error e = {0};
    char *text = NULL, *again = NULL;
    double begun = fuzz_cpu();
    fuzz_seconds = -1;
    if (config_load(&s, &text, &model, path, overrides, &e) != 0) {
        fuzz_require(text == NULL && s.policies == NULL && s.scenarios == NULL, e.text);
        fuzz_require(e.kind == ERROR_INPUT, e.text);
        fuzz_one_line(&e);
        bool placed = strncmp(e.text, "--set ", 6) == 0 || strncmp(e.text, "--scenario ", 11) == 0;
        fuzz_require(placed || fuzz_begins(e.text, path), e.text);
        return;
    }
    fuzz_accepted(begun);
    study_free(&s);
    fuzz_write(resolved, text, strlen(text));
    fuzz_require(config_load(&s, &again, &model, resolved, NULL, &e) == 0, e.text);
    fuzz_require(strcmp(text, again) == 0, again);
    study_free(&s);
    free(again);
    free(text);
}

int fuzz_set(const uint8_t *data, size_t size)
{
    static char path[PATH_MAX], resolved[PATH_MAX];
    if (path[0] == '\0') {
        snprintf(path, sizeof path, "%s/base.cfg", fuzz_folder());
        snprintf(resolved, sizeof resolved, "%s/resolved.cfg", fuzz_folder());
        fuzz_write(path, base, strlen(base));
    }
    static const char *set[MAX_LINES], *scenarios[MAX_LINES];
    struct config_overrides overrides = {.set = set, .scenarios = scenarios};
    char *text = calloc(1, size + 1);
    if (text == NULL) return 0;
    memcpy(text, data, size);
    cut(text, set, scenarios, &overrides);
    check(&overrides, path, resolved);
    free(text);
    return 0;
}

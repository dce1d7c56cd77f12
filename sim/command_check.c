/* enforcesim check: validates a scenario file and prints what it resolves to, or a design for it and prints a summary. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/command.h"
#include "sim/design.h"

enum { SET = 256, SCENARIO, DESIGN };

static const struct options_row rows[] = {
    {.value = SET, .name = "set", .argument = "PATH=VALUE", .kind = OPTIONS_SETTING, .repeats = true,
     .meaning = "change a setting of the file"},
    {.value = SCENARIO, .name = "scenario", .argument = "NAME", .kind = OPTIONS_SCENARIO, .repeats = true,
     .meaning = "keep this scenario only"},
    {.value = DESIGN, .name = "design", .argument = "FILE", .kind = OPTIONS_CSV,
     .meaning = "validate a design of experiments for it instead, and print how many points it has and what each column spans"},
    {0},
};

static const struct options_limit limits[] = {
    {"points", DESIGN_MAX_POINTS}, {"columns", DESIGN_MAX_COLUMNS}, {"values", DESIGN_MAX_VALUES}, {0}};

const struct options_command command_of_check = {
    .name = "check", .synopsis = "CONFIG [OPTION]...", .purpose = "validate a scenario file and print it fully resolved",
    .work = command_check, .arguments = (const struct options_argument[]){{.name = "CONFIG", .kind = OPTIONS_CONFIG}, {0}},
    .rows = rows,
    .description = "Validates a scenario file and prints the configuration it resolves to: every parameter, every lever of every "
                   "policy, no includes. The text is itself a scenario file that gives the same numbers.",
    .notes = "Paths of settings: run.NAME, parameters.GROUP.NAME, policies.NAME.LEVER, scenarios.NAME.policy, scenarios.NAME.phases.NUMBER.day.\n\n"
             "A design is CSV: a header of parameters, GROUP.NAME as 'enforcesim params' lists them, levers apart, then a line for "
             "each point with a number, or the word of a choice, for each column. Every point must be a study that can be run.",
    .limits = limits, .tells_settings = true,
    .examples = "enforcesim check configs/essay.cfg\n"
                "enforcesim check configs/essay.cfg --set policies.sweeps.sweep_rate=2 > resolved.cfg\n"
                "enforcesim check configs/essay.cfg --design points.csv\n",
};

static void print_column(const struct design *d, uint32_t column)
{
    const struct parameter *row = d->columns[column].row;
    double least = d->values[column], most = least;
    for (uint32_t i = 1; i < d->n_points; i++) {
        double value = d->values[(size_t)i * d->n_columns + column];
        if (value < least) least = value;
        if (value > most) most = value;
    }
    char path[200], low[100], high[100];
    snprintf(path, sizeof path, "%s.%s", d->model->schedule[d->columns[column].group]->name, row->name);
    parameter_print(row, least, low, sizeof low);
    parameter_print(row, most, high, sizeof high);
    printf("  %-36s %s to %s\n", path, low, high);
}

static int check_design(const char *path, struct study *study, struct error *e)
{
    struct design design;
    if (design_read(&design, study->model, path, e) != 0) return -1;
    int status = design_check(&design, path, study, e);
    if (status == 0) {
        printf("%u point%s, %u column%s\n", design.n_points, design.n_points == 1 ? "" : "s", design.n_columns,
               design.n_columns == 1 ? "" : "s");
        for (uint32_t i = 0; i < design.n_columns; i++) print_column(&design, i);
    }
    design_free(&design);
    return status;
}

static int check(const char *path, const struct model *model, const struct config_overrides *overrides,
                 const char *design)
{
    struct study study;
    struct error e = {0};
    char *text = NULL;
    if (config_load(&study, &text, model, path, overrides, &e) != 0) return command_error(&e);
    int status = design != NULL ? check_design(design, &study, &e) : 0;
    if (design == NULL) fputs(text, stdout); /* a failure shows in command_finish */
    free(text);
    study_free(&study);
    return status == 0 ? command_finish() : command_error(&e);
}

int command_check(int argc, char **argv, const struct model *model)
{
    struct error e = {0};
    const char **values = calloc((size_t)argc * 2 + 2, sizeof *values);
    if (values == NULL) {
        error_memory(&e, "the arguments", argc);
        return command_error(&e);
    }
    const char **set = values, **scenarios = values + argc + 1;
    struct config_overrides overrides = {.set = set, .scenarios = scenarios};
    const char *design = NULL;
    struct options_given given;
    int option, status = -1;
    while (status < 0 && (option = options_next(argc, argv, &command_of_check, &given, &e)) != -1) {
        switch (option) {
        case SET: set[overrides.n_set++] = given.text; break;
        case SCENARIO: scenarios[overrides.n_scenarios++] = given.text; break;
        case DESIGN: design = given.text; break;
        case 'h': options_print_help(stdout, &command_of_check); status = 0; break;
        default: status = command_error(&e);
        }
    }
    const char *path = status < 0 ? command_argument(argc, argv, "CONFIG", &e) : NULL;
    if (status < 0) status = path != NULL ? check(path, model, &overrides, design) : command_error(&e);
    free(values);
    return status;
}

/* enforcesim params and metrics: the tables of what is declared, for people, documents and programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/command.h"
#include "sim/tables.h"

#define FORMATS "table|csv|json|markdown" /* in the order of enum tables_format */

struct listing {
    const struct options_command *command;
    int (*write)(FILE *out, enum tables_format format, const struct model *model, const char *group, struct error *e);
    bool of_parameters;
};

/* The rows of a parameter's group, and in *name what is after the point; NULL where there is no point, or no such group. */
static const struct parameter *rows_of(const struct model *model, const char *path, const char **name)
{
    const size_t length = strcspn(path, ".");
    if (path[length] == '\0') return NULL;
    *name = path + length + 1;
    if (length == 3 && strncmp(path, "run", length) == 0) return study_settings;
    for (size_t i = 0; model->schedule[i] != NULL; i++) {
        const struct submodel *submodel = model->schedule[i];
        if (strlen(submodel->name) == length && strncmp(path, submodel->name, length) == 0) return submodel->parameters;
    }
    return NULL;
}

static int check_path(const struct parameter *of, const char *path, const char *name, struct error *e)
{
    if (parameter_find(of, name) != NULL) return 0;
    const size_t n = parameter_count(of);
    const char **names = calloc(n + 1, sizeof *names);
    if (names == NULL) return error_memory(e, "a list of names", (double)n * sizeof *names);
    for (size_t i = 0; i < n; i++) names[i] = of[i].name;
    char what[100];
    snprintf(what, sizeof what, "parameter of %.*s", (int)strcspn(path, "."), path);
    field_unknown(what, name, names, e);
    free(names);
    return -1;
}

/* 1: a metric has this name. -1: one nearly has it. 0: none. */
static int find_metric(const struct model *model, const char *chosen, struct error *e)
{
    const size_t n = model_metrics(model, NULL);
    struct metric_entry *entries = calloc(n + 1, sizeof *entries);
    const char **names = calloc(n + 1, sizeof *names);
    int found = 0;
    if (entries == NULL || names == NULL) found = error_memory(e, "a list of names", (double)n * sizeof *names);
    else model_metrics(model, entries);
    for (size_t i = 0; i < n && found == 0; i++) {
        names[i] = entries[i].metric->name;
        found = strcmp(names[i], chosen) == 0;
    }
    if (found == 0 && field_nearest(chosen, names) != NULL) found = field_unknown("group or metric", chosen, names, e);
    free(entries);
    free(names);
    return found;
}

/* Groups that have something to list. */
static int check_group(const struct listing *listing, const struct model *model, const char *group, struct error *e)
{
    size_t count = 0, n = 0;
    while (model->schedule[count] != NULL) count++;
    const char **names = calloc(count + 2, sizeof *names);
    if (names == NULL) return error_memory(e, "a list of names", (double)count * sizeof *names);
    for (size_t i = 0; i < count; i++) {
        const struct submodel *submodel = model->schedule[i];
        size_t rows = listing->of_parameters ? parameter_count(submodel->parameters) : metric_count(submodel->metrics);
        if (rows > 0) names[n++] = submodel->name;
    }
    if (listing->of_parameters) names[n] = "run";
    size_t i = 0;
    while (names[i] != NULL && strcmp(names[i], group) != 0) i++;
    int status = names[i] != NULL ? 0 : field_unknown("group", group, names, e);
    free(names);
    return status;
}

/* A group, or a row by its name. */
static int check(const struct listing *listing, const struct model *model, const char *chosen, struct error *e)
{
    const char *name = NULL;
    const struct parameter *of = listing->of_parameters ? rows_of(model, chosen, &name) : NULL;
    if (of != NULL) return check_path(of, chosen, name, e);
    struct error ignored = {0};
    if (listing->of_parameters || check_group(listing, model, chosen, &ignored) == 0)
        return check_group(listing, model, chosen, e);
    const int found = find_metric(model, chosen, e);
    return found > 0 ? 0 : found < 0 ? -1 : check_group(listing, model, chosen, e);
}

static int list(const struct listing *listing, const struct model *model, const char *group, enum tables_format format)
{
    struct error e = {0};
    int status = 0;
    if (group != NULL) status = check(listing, model, group, &e);
    if (status == 0) status = listing->write(stdout, format, model, group, &e);
    return status == 0 ? command_finish() : command_error(&e);
}

static int command(int argc, char **argv, const struct model *model, const struct listing *listing)
{
    struct error e = {0};
    struct options_given given;
    enum tables_format format = TABLES_TABLE;
    int option;
    while ((option = options_next(argc, argv, listing->command, &given, &e)) != -1) {
        if (option == 'h') {
            options_print_help(stdout, listing->command);
            return command_finish();
        }
        if (option != 'f') return command_error(&e);
        format = (enum tables_format)given.word;
    }
    const char *group = NULL;
    if (optind < argc) {
        group = command_argument(argc, argv, "GROUP", &e);
        if (group == NULL) return command_error(&e);
    }
    return list(listing, model, group, format);
}

static const struct options_row rows[] = {
    {.value = 'f', .name = "format", .argument = "FORMAT", .kind = OPTIONS_WORD, .words = FORMATS, .initial = "table",
     .meaning = "table, csv (RFC 4180), json or markdown"},
    {0},
};

const struct options_command command_of_params = {
    .name = "params", .synopsis = "[GROUP|GROUP.NAME] [OPTION]...",
    .purpose = "list every parameter: path, unit, default, range, meaning, source", .work = command_params,
    .arguments = (const struct options_argument[]){{.name = "GROUP", .kind = OPTIONS_PARAMETER_GROUP}, {0}}, .rows = rows,
    .description = "Lists the parameters of the model, of one GROUP, or a single one: path (GROUP.NAME), type, unit, default, range, role, meaning "
                   "and source. The unit of a choice are the words allowed. The group 'run' lists the settings of a run.",
    .notes = "Roles: a lever belongs to a policy (policies : { NAME : { LEVER = value; }; }); uncertain and structural parameters "
             "stand in parameters : { GROUP : { NAME = value; }; }.",
    .examples = "enforcesim params\n"
                "enforcesim params police --format markdown\n"
                "enforcesim params police.leak\n"
                "enforcesim params --format csv > parameters.csv\n",
};

const struct options_command command_of_metrics = {
    .name = "metrics", .synopsis = "[GROUP|NAME] [OPTION]...", .purpose = "list every output: name, unit, kind, meaning",
    .work = command_metrics,
    .arguments = (const struct options_argument[]){{.name = "GROUP", .kind = OPTIONS_METRIC_GROUP}, {0}}, .rows = rows,
    .description = "Lists what a run records, in all, by one sub-model, or a single metric: name, unit, kind, sub-model, meaning.",
    .notes = "Kinds: a flow is summed since the record before, its summary is the total of the horizon; a stock is a number on the "
             "day of the record and a share a ratio or mean, their summaries are means of the last 180 days.",
    .examples = "enforcesim metrics\n"
                "enforcesim metrics --format json\n",
};

int command_params(int argc, char **argv, const struct model *model)
{
    static const struct listing listing = {&command_of_params, tables_parameters, true};
    return command(argc, argv, model, &listing);
}

int command_metrics(int argc, char **argv, const struct model *model)
{
    static const struct listing listing = {&command_of_metrics, tables_metrics, false};
    return command(argc, argv, model, &listing);
}

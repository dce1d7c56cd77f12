/* enforcesim params and metrics: the tables of what is declared, for people, documents and programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/command.h"
#include "sim/tables.h"

struct listing {
    const char *help;
    int (*write)(FILE *out, enum tables_format format, const struct model *model, const char *group, struct error *e);
    bool of_parameters;
};

static int find_format(const char *word, enum tables_format *format, struct error *e)
{
    static const char *const names[] = {"table", "csv", "json", "markdown", NULL};
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(word, names[i]) != 0) continue;
        *format = (enum tables_format)i;
        return 0;
    }
    return field_unknown("format", word, names, e);
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

static int list(const struct listing *listing, const struct model *model, const char *group, enum tables_format format)
{
    struct error e = {0};
    int status = 0;
    if (group != NULL) status = check_group(listing, model, group, &e);
    if (status == 0) status = listing->write(stdout, format, model, group, &e);
    return status == 0 ? command_finish() : command_error(&e);
}

static int command(int argc, char **argv, const struct model *model, const struct listing *listing)
{
    static const struct option options[] = {
        {"format", required_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'}, {0}};
    struct error e = {0};
    enum tables_format format = TABLES_TABLE;
    int option;
    while ((option = command_option(argc, argv, "f:h", options, &e)) != -1) {
        if (option == 'h') {
            printf("%s", listing->help);
            return command_finish();
        }
        if (option != 'f' || find_format(optarg, &format, &e) != 0) return command_error(&e);
    }
    const char *group = NULL;
    if (optind < argc) {
        group = command_argument(argc, argv, "GROUP", &e);
        if (group == NULL) return command_error(&e);
    }
    return list(listing, model, group, format);
}

int command_params(int argc, char **argv, const struct model *model)
{
    static const struct listing listing = {
        "Usage: enforcesim params [GROUP] [--format table|csv|json|markdown]\n\n"
        "Lists the parameters of the model, or of one GROUP: path (GROUP.NAME), type, unit, default, range, role, "
        "meaning and\n"
        "source. The unit of a choice are the words allowed. The group 'run' lists the settings of a run.\n\n"
        "Roles: a lever belongs to a policy (policies : { NAME : { LEVER = value; }; }); uncertain and structural "
        "parameters\n"
        "stand in parameters : { GROUP : { NAME = value; }; }.\n\n"
        "Examples:\n"
        "  enforcesim params\n"
        "  enforcesim params police --format markdown\n"
        "  enforcesim params --format csv > parameters.csv\n",
        tables_parameters, true};
    return command(argc, argv, model, &listing);
}

int command_metrics(int argc, char **argv, const struct model *model)
{
    static const struct listing listing = {
        "Usage: enforcesim metrics [GROUP] [--format table|csv|json|markdown]\n\n"
        "Lists what a run records, in all or by one sub-model: name, unit, kind, sub-model, meaning.\n\n"
        "Kinds: a flow is summed since the record before, its summary is the total of the horizon; a stock is a number "
        "on the\n"
        "day of the record and a share a ratio or mean, their summaries are means of the last 180 days.\n\n"
        "Examples:\n"
        "  enforcesim metrics\n"
        "  enforcesim metrics --format json\n",
        tables_metrics, false};
    return command(argc, argv, model, &listing);
}

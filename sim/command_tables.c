/* enforcesim params and metrics: the tables of what is declared, for people, documents and programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/command.h"

enum format { TABLE, CSV, JSON, MARKDOWN };
#define FORMATS "table|csv|json|markdown"

struct cell {
    const char *text; /* NULL: not applicable */
    bool bare;        /* a number or truth value: no quotes in JSON */
    char own[96];     /* where `text` points when it is made here */
};

enum { MAX_COLUMNS = 9 };

struct table {
    const char *const *columns;
    size_t n_columns, n_rows;
    struct cell *cells;
};

/* ---- writing ---- */

/* Characters, not bytes: units and meanings are UTF-8. */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++) n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static const char *shown(const struct table *table, size_t row, size_t column)
{
    const char *text = table->cells[row * table->n_columns + column].text;
    return text != NULL ? text : "";
}

static void write_table(const struct table *table)
{
    size_t widths[MAX_COLUMNS];
    for (size_t k = 0; k < table->n_columns; k++) {
        widths[k] = width_of(table->columns[k]);
        for (size_t i = 0; i < table->n_rows; i++) {
            size_t width = width_of(shown(table, i, k));
            if (width > widths[k]) widths[k] = width;
        }
    }
    for (size_t i = 0; i <= table->n_rows; i++) {
        for (size_t k = 0; k < table->n_columns; k++) {
            const char *text = i == 0 ? table->columns[k] : shown(table, i - 1, k);
            bool last = k + 1 == table->n_columns;
            printf("%s%*s", text, last ? 0 : (int)(widths[k] - width_of(text) + 2), "");
        }
        printf("\n");
    }
}

/* RFC 4180: lines end with CR LF, quotes are doubled. */
static void write_csv_cell(const char *text, bool last)
{
    if (text[strcspn(text, ",\"\r\n")] == '\0') {
        printf("%s", text);
    } else {
        putchar('"');
        for (; *text != '\0'; text++) printf(*text == '"' ? "\"\"" : "%c", *text);
        putchar('"');
    }
    printf(last ? "\r\n" : ",");
}

static void write_csv(const struct table *table)
{
    for (size_t k = 0; k < table->n_columns; k++) write_csv_cell(table->columns[k], k + 1 == table->n_columns);
    for (size_t i = 0; i < table->n_rows; i++) {
        for (size_t k = 0; k < table->n_columns; k++) write_csv_cell(shown(table, i, k), k + 1 == table->n_columns);
    }
}

static void write_json_text(const char *text)
{
    putchar('"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            printf("\\%c", c);
        } else if (c < ' ' || c == 0x7f) {
            printf("\\u%04x", c);
        } else {
            putchar(c);
        }
    }
    putchar('"');
}

static void write_json(const struct table *table)
{
    printf("[");
    for (size_t i = 0; i < table->n_rows; i++) {
        printf("%s\n  {", i > 0 ? "," : "");
        for (size_t k = 0; k < table->n_columns; k++) {
            const struct cell *cell = &table->cells[i * table->n_columns + k];
            printf("%s\"%s\": ", k > 0 ? ", " : "", table->columns[k]);
            if (cell->text == NULL) {
                printf("null");
            } else if (cell->bare) {
                printf("%s", cell->text);
            } else {
                write_json_text(cell->text);
            }
        }
        printf("}");
    }
    printf("\n]\n");
}

static void write_markdown_cell(const char *text)
{
    printf(" ");
    for (; *text != '\0'; text++) {
        if (*text == '\n' || *text == '\r') {
            putchar(' ');
        } else {
            if (strchr("|*\\`<[", *text) != NULL) putchar('\\');
            putchar(*text);
        }
    }
    printf(" |");
}

static void write_markdown(const struct table *table)
{
    for (size_t i = 0; i < table->n_rows + 2; i++) {
        printf("|");
        for (size_t k = 0; k < table->n_columns; k++) {
            if (i == 1) {
                printf(" --- |");
            } else {
                write_markdown_cell(i == 0 ? table->columns[k] : shown(table, i - 2, k));
            }
        }
        printf("\n");
    }
}

static void write(const struct table *table, enum format format)
{
    switch (format) {
    case TABLE: write_table(table); break;
    case CSV: write_csv(table); break;
    case JSON: write_json(table); break;
    case MARKDOWN: write_markdown(table); break;
    }
}

/* ---- parameters ---- */

static const char *const type_names[] = {"real", "whole", "flag", "choice"};
static const char *const role_names[] = {"lever", "uncertain", "structural"};
static const char *const kind_names[] = {"flow", "stock", "share"};

static struct cell text_cell(const char *text) { return (struct cell){.text = text}; }

static void put_value(struct cell *cell, const struct parameter *row, double value)
{
    parameter_print(row, value, cell->own, sizeof cell->own);
    cell->bare = row->type != FIELD_choice;
    cell->text = cell->own;
    if (row->type != FIELD_choice) return;
    size_t length = strlen(cell->own); /* a word without the quotes of a scenario file */
    cell->own[length - 1] = '\0';
    cell->text = cell->own + 1;
}

static void put_path(struct cell *cell, const char *group, const char *name)
{
    snprintf(cell->own, sizeof cell->own, "%s.%s", group, name);
    cell->text = cell->own;
}

static void put_parameters(struct cell **cells, const char *group, const struct parameter *rows)
{
    for (; rows != NULL && rows->name != NULL; rows++, *cells += 9) {
        struct cell *c = *cells;
        put_path(&c[0], group, rows->name);
        c[1] = text_cell(type_names[rows->type]);
        c[2] = text_cell(rows->unit);
        put_value(&c[3], rows, rows->initial);
        if (rows->type != FIELD_choice) {
            put_value(&c[4], rows, rows->type == FIELD_flag ? 0 : rows->minimum);
            put_value(&c[5], rows, rows->type == FIELD_flag ? 1 : rows->maximum);
        }
        c[6] = text_cell(role_names[rows->role]);
        c[7] = text_cell(rows->meaning);
        c[8] = text_cell(rows->source);
    }
}

static int make_parameters(struct table *table, const struct model *model, const char *group, struct error *e)
{
    static const char *const columns[] = {"path",    "type", "unit",    "default", "minimum",
                                          "maximum", "role", "meaning", "source"};
    bool is_run = group != NULL && strcmp(group, "run") == 0;
    size_t n = parameter_count(study_settings);
    for (size_t i = 0; model->schedule[i] != NULL; i++) n += parameter_count(model->schedule[i]->parameters);
    *table = (struct table){.columns = columns, .n_columns = 9, .cells = calloc(n * 9 + 1, sizeof *table->cells)};
    if (table->cells == NULL) return error_memory(e, "the table", (double)n * 9 * sizeof *table->cells);
    struct cell *end = table->cells;
    if (is_run) put_parameters(&end, "run", study_settings);
    for (size_t i = 0; model->schedule[i] != NULL && !is_run; i++) {
        const struct submodel *submodel = model->schedule[i];
        if (group == NULL || strcmp(group, submodel->name) == 0)
            put_parameters(&end, submodel->name, submodel->parameters);
    }
    table->n_rows = (size_t)(end - table->cells) / 9;
    return 0;
}

/* ---- metrics ---- */

static int make_metrics(struct table *table, const struct model *model, const char *group, struct error *e)
{
    static const char *const columns[] = {"name", "unit", "kind", "submodel", "meaning"};
    size_t n = model_metrics(model, NULL);
    struct metric_entry *entries = calloc(n + 1, sizeof *entries);
    *table = (struct table){.columns = columns, .n_columns = 5, .cells = calloc(n * 5 + 1, sizeof *table->cells)};
    if (entries == NULL || table->cells == NULL) {
        free(entries);
        return error_memory(e, "the table", (double)n * 5 * sizeof *table->cells);
    }
    model_metrics(model, entries);
    for (size_t i = 0; i < n; i++) {
        const struct metric *metric = entries[i].metric;
        if (group != NULL && strcmp(group, entries[i].submodel->name) != 0) continue;
        struct cell *c = table->cells + table->n_rows++ * 5;
        c[0] = text_cell(metric->name);
        c[1] = text_cell(metric->unit);
        c[2] = text_cell(kind_names[metric->kind]);
        c[3] = text_cell(entries[i].submodel->name);
        c[4] = text_cell(metric->meaning);
    }
    free(entries);
    return 0;
}

/* ---- the commands ---- */

struct listing {
    const struct options_command *command;
    int (*make)(struct table *table, const struct model *model, const char *group, struct error *e);
    bool of_parameters;
};

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

static int list(const struct listing *listing, const struct model *model, const char *group, enum format format)
{
    struct error e = {0};
    struct table table = {0};
    int status = 0;
    if (group != NULL) status = check_group(listing, model, group, &e);
    if (status == 0) status = listing->make(&table, model, group, &e);
    if (status == 0) write(&table, format);
    free(table.cells);
    return status == 0 ? command_finish() : command_error(&e);
}

static int command(int argc, char **argv, const struct model *model, const struct listing *listing)
{
    struct error e = {0};
    struct options_given given;
    enum format format = TABLE;
    int option;
    while ((option = options_next(argc, argv, listing->command, &given, &e)) != -1) {
        if (option == 'h') {
            options_print_help(stdout, listing->command);
            return command_finish();
        }
        if (option != 'f') return command_error(&e);
        format = (enum format)given.word;
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
    .name = "params", .synopsis = "[GROUP] [OPTION]...",
    .purpose = "list every parameter: path, unit, default, range, meaning, source", .work = command_params,
    .arguments = (const struct options_argument[]){{.name = "GROUP", .kind = OPTIONS_PARAMETER_GROUP}, {0}}, .rows = rows,
    .description = "Lists the parameters of the model, or of one GROUP: path (GROUP.NAME), type, unit, default, range, role, meaning "
                   "and source. The unit of a choice are the words allowed. The group 'run' lists the settings of a run.",
    .notes = "Roles: a lever belongs to a policy (policies : { NAME : { LEVER = value; }; }); uncertain and structural parameters "
             "stand in parameters : { GROUP : { NAME = value; }; }.",
    .examples = "enforcesim params\n"
                "enforcesim params police --format markdown\n"
                "enforcesim params --format csv > parameters.csv\n",
};

const struct options_command command_of_metrics = {
    .name = "metrics", .synopsis = "[GROUP] [OPTION]...", .purpose = "list every output: name, unit, kind, meaning",
    .work = command_metrics,
    .arguments = (const struct options_argument[]){{.name = "GROUP", .kind = OPTIONS_METRIC_GROUP}, {0}}, .rows = rows,
    .description = "Lists what a run records, in all or by one sub-model: name, unit, kind, sub-model, meaning.",
    .notes = "Kinds: a flow is summed since the record before, its summary is the total of the horizon; a stock is a number on the "
             "day of the record and a share a ratio or mean, their summaries are means of the last 180 days.",
    .examples = "enforcesim metrics\n"
                "enforcesim metrics --format json\n",
};

int command_params(int argc, char **argv, const struct model *model)
{
    static const struct listing listing = {&command_of_params, make_parameters, true};
    return command(argc, argv, model, &listing);
}

int command_metrics(int argc, char **argv, const struct model *model)
{
    static const struct listing listing = {&command_of_metrics, make_metrics, false};
    return command(argc, argv, model, &listing);
}

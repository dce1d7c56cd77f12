/* The tables of what is declared, in every format: see the header. */
#include "sim/tables.h"

#include <stdlib.h>
#include <string.h>

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

static void write_table(FILE *out, const struct table *table)
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
            fprintf(out, "%s%*s", text, last ? 0 : (int)(widths[k] - width_of(text) + 2), "");
        }
        fprintf(out, "\n");
    }
}

/* RFC 4180: lines end with CR LF, quotes are doubled. */
static void write_csv_cell(FILE *out, const char *text, bool last)
{
    if (text[strcspn(text, ",\"\r\n")] == '\0') {
        fprintf(out, "%s", text);
    } else {
        fputc('"', out);
        for (; *text != '\0'; text++) fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
        fputc('"', out);
    }
    fprintf(out, last ? "\r\n" : ",");
}

static void write_csv(FILE *out, const struct table *table)
{
    for (size_t k = 0; k < table->n_columns; k++) write_csv_cell(out, table->columns[k], k + 1 == table->n_columns);
    for (size_t i = 0; i < table->n_rows; i++) {
        for (size_t k = 0; k < table->n_columns; k++) write_csv_cell(out, shown(table, i, k), k + 1 == table->n_columns);
    }
}

static void write_json_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c < ' ' || c == 0x7f) {
            fprintf(out, "\\u%04x", c);
        } else {
            fputc(c, out);
        }
    }
    fputc('"', out);
}

static void write_json(FILE *out, const struct table *table)
{
    fprintf(out, "[");
    for (size_t i = 0; i < table->n_rows; i++) {
        fprintf(out, "%s\n  {", i > 0 ? "," : "");
        for (size_t k = 0; k < table->n_columns; k++) {
            const struct cell *cell = &table->cells[i * table->n_columns + k];
            fprintf(out, "%s\"%s\": ", k > 0 ? ", " : "", table->columns[k]);
            if (cell->text == NULL) {
                fprintf(out, "null");
            } else if (cell->bare) {
                fprintf(out, "%s", cell->text);
            } else {
                write_json_text(out, cell->text);
            }
        }
        fprintf(out, "}");
    }
    fprintf(out, "\n]\n");
}

static void write_markdown_cell(FILE *out, const char *text)
{
    fprintf(out, " ");
    for (; *text != '\0'; text++) {
        if (*text == '\n' || *text == '\r') {
            fputc(' ', out);
        } else {
            if (strchr("|*\\`<[", *text) != NULL) fputc('\\', out);
            fputc(*text, out);
        }
    }
    fprintf(out, " |");
}

static void write_markdown(FILE *out, const struct table *table)
{
    for (size_t i = 0; i < table->n_rows + 2; i++) {
        fprintf(out, "|");
        for (size_t k = 0; k < table->n_columns; k++) {
            if (i == 1) {
                fprintf(out, " --- |");
            } else {
                write_markdown_cell(out, i == 0 ? table->columns[k] : shown(table, i - 2, k));
            }
        }
        fprintf(out, "\n");
    }
}

static void write(FILE *out, const struct table *table, enum tables_format format)
{
    switch (format) {
    case TABLES_TABLE: write_table(out, table); break;
    case TABLES_CSV: write_csv(out, table); break;
    case TABLES_JSON: write_json(out, table); break;
    case TABLES_MARKDOWN: write_markdown(out, table); break;
    }
}

/* ---- parameters ---- */

static const char *const type_names[] = {"real", "whole", "flag", "choice"};
static const char *const role_names[] = {"lever", "uncertain", "structural"};

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

/* Whether a list of all, of one group or of one path has this row. */
static bool is_chosen(const char *chosen, const char *group, const char *name)
{
    if (chosen == NULL || strcmp(chosen, group) == 0) return true;
    const size_t length = strlen(group);
    return strncmp(chosen, group, length) == 0 && chosen[length] == '.' && strcmp(chosen + length + 1, name) == 0;
}

static void put_parameters(struct cell **cells, const char *chosen, const char *group, const struct parameter *rows)
{
    for (; rows != NULL && rows->name != NULL; rows++) {
        if (!is_chosen(chosen, group, rows->name)) continue;
        struct cell *c = *cells;
        *cells += 9;
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

static int make_parameters(struct table *table, const struct model *model, const char *chosen, struct error *e)
{
    static const char *const columns[] = {"path",    "type", "unit",    "default", "minimum",
                                          "maximum", "role", "meaning", "source"};
    bool is_run = chosen != NULL && (strcmp(chosen, "run") == 0 || strncmp(chosen, "run.", 4) == 0);
    size_t n = parameter_count(study_settings);
    for (size_t i = 0; model->schedule[i] != NULL; i++) n += parameter_count(model->schedule[i]->parameters);
    *table = (struct table){.columns = columns, .n_columns = 9, .cells = calloc(n * 9 + 1, sizeof *table->cells)};
    if (table->cells == NULL) return error_memory(e, "the table", (double)n * 9 * sizeof *table->cells);
    struct cell *end = table->cells;
    if (is_run) put_parameters(&end, chosen, "run", study_settings);
    for (size_t i = 0; model->schedule[i] != NULL && !is_run; i++) {
        const struct submodel *submodel = model->schedule[i];
        put_parameters(&end, chosen, submodel->name, submodel->parameters);
    }
    table->n_rows = (size_t)(end - table->cells) / 9;
    return 0;
}

/* ---- metrics ---- */

static int make_metrics(struct table *table, const struct model *model, const char *chosen, struct error *e)
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
        if (!is_chosen(chosen, entries[i].submodel->name, metric->name) && strcmp(chosen, metric->name) != 0) continue;
        struct cell *c = table->cells + table->n_rows++ * 5;
        c[0] = text_cell(metric->name);
        c[1] = text_cell(metric->unit);
        c[2] = text_cell(metric_kind_name(metric->kind));
        c[3] = text_cell(entries[i].submodel->name);
        c[4] = text_cell(metric->meaning);
    }
    free(entries);
    return 0;
}

/* ---- both ---- */

int tables_parameters(FILE *out, enum tables_format format, const struct model *model, const char *chosen, struct error *e)
{
    struct table table = {0};
    if (make_parameters(&table, model, chosen, e) != 0) return -1;
    write(out, &table, format);
    free(table.cells);
    return 0;
}

int tables_metrics(FILE *out, enum tables_format format, const struct model *model, const char *chosen, struct error *e)
{
    struct table table = {0};
    const int status = make_metrics(&table, model, chosen, e);
    if (status == 0) write(out, &table, format);
    free(table.cells);
    return status;
}

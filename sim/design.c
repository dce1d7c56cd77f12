/* Designs of experiments: reading the table and trying its points on a study. */
#include "sim/design.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/digest.h"
#include "sim/input.h"

struct reader {
    struct design *d;
    struct error *e;
    const char *path, *at, *end; /* of the text that is left */
    uint32_t line;
    size_t capacity; /* points there is room for */
    bool more;       /* a separator has been read: there is another cell in this line */
    char cell[DESIGN_MAX_CELL + 1];
};

static int fail(const struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(const struct reader *r, const char *format, ...)
{
    char what[700];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(r->e, ERROR_INPUT, "%.300s:%u: %s", r->path, r->line, what);
}

/* ---- cells ---- */

static bool is_end_of_line(const struct reader *r)
{
    return r->at == r->end || *r->at == '\n' || (*r->at == '\r' && r->at + 1 < r->end && r->at[1] == '\n');
}

static int check_byte(const struct reader *r)
{
    unsigned char byte = (unsigned char)*r->at;
    if (byte >= ' ' || byte == '\t') return 0;
    if (byte == '\0') return fail(r, "this is not a text: it has a zero byte; allowed: CSV in UTF-8");
    if (byte == '\r')
        return fail(r, "there is a carriage return within the line; allowed: lines that end in LF or CRLF");
    return fail(r, "unexpected byte 0x%02X; allowed: numbers and words", byte);
}

static int add_letter(struct reader *r, size_t *length)
{
    if (check_byte(r) != 0) return -1;
    if (*length == DESIGN_MAX_CELL) return fail(r, "this cell is too long; allowed: at most %d bytes", DESIGN_MAX_CELL);
    r->cell[(*length)++] = *r->at++;
    return 0;
}

static int read_quoted(struct reader *r, size_t *length)
{
    r->at++;
    while (!is_end_of_line(r)) {
        if (*r->at == '"') {
            r->at++;
            if (r->at == r->end || *r->at != '"') return 0;
        }
        if (add_letter(r, length) != 0) return -1;
    }
    return fail(r, "this quoted cell is not closed; allowed: \"...\" on one line");
}

/* One cell without its quotes and the blanks around, and the separator after it. */
static int read_cell(struct reader *r)
{
    size_t length = 0, first = 0;
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t')) r->at++;
    bool quoted = r->at < r->end && *r->at == '"';
    if (quoted && read_quoted(r, &length) != 0) return -1;
    while (!is_end_of_line(r) && *r->at != ',') {
        if (quoted && *r->at != ' ' && *r->at != '\t')
            return fail(r, "there is more after a quoted cell; allowed: ','");
        if (quoted)
            r->at++;
        else if (add_letter(r, &length) != 0)
            return -1;
    }
    while (length > 0 && (r->cell[length - 1] == ' ' || r->cell[length - 1] == '\t')) length--;
    while (first < length && (r->cell[first] == ' ' || r->cell[first] == '\t')) first++;
    memmove(r->cell, r->cell + first, length - first);
    r->cell[length - first] = '\0';
    r->more = !is_end_of_line(r);
    if (r->more) r->at++;
    return 0;
}

static void end_line(struct reader *r)
{
    if (r->at < r->end && *r->at == '\r') r->at++;
    if (r->at < r->end) r->at++;
    r->line++;
}

static int skip_comments(struct reader *r)
{
    while (r->at < r->end && *r->at == '#') {
        for (; !is_end_of_line(r); r->at++) {
            if (check_byte(r) != 0) return -1;
        }
        end_line(r);
    }
    return 0;
}

/* ---- the header ---- */

static bool is_lever(const struct model *model, int64_t group)
{
    return model->policy != NULL && strcmp(model->schedule[group]->name, model->policy) == 0;
}

/* What else somebody may have meant by a column. -1. */
static int wrong_column(struct reader *r, const char *name)
{
    static const char allowed[] = "allowed: parameters, GROUP.NAME, as 'enforcesim params' lists them";
    if (name[0] == '\0') return fail(r, "column %u has no name; %s", r->d->n_columns + 1, allowed);
    if (r->d->n_columns == 0 && !r->more && strpbrk(name, ";\t") != NULL)
        return fail(r, "columns stand apart by ','; this header has '%s'", strchr(name, ';') != NULL ? ";" : "tabs");
    bool settings = strncmp(name, "run.", 4) == 0 || strncmp(name, "scenarios.", 10) == 0;
    if (settings) return fail(r, "'%.100s' is no parameter of the model; %s", name, allowed);
    if (strncmp(name, "policies.", 9) == 0)
        return fail(r, "'%.100s' is a lever, which a policy decides; %s", name, allowed);
    struct error cause = {0};
    int64_t group;
    study_parameter(r->d->model, name, &group, &cause);
    return cause.kind == ERROR_INPUT ? fail(r, "%s", cause.text) : error_set(r->e, cause.kind, "%s", cause.text);
}

static int add_column(struct reader *r)
{
    struct design *d = r->d;
    const char *name = r->cell + (strncmp(r->cell, "parameters.", 11) == 0 ? 11 : 0);
    if (d->n_columns == DESIGN_MAX_COLUMNS) return fail(r, "too many columns; allowed: at most %d", DESIGN_MAX_COLUMNS);
    struct design_column *column = &d->columns[d->n_columns];
    column->row = study_parameter(d->model, name, &column->group, NULL);
    if (column->row == NULL) return wrong_column(r, name);
    if (is_lever(d->model, column->group)) {
        return fail(r, "'%.100s' is a lever, which a policy decides; allowed: parameters of other groups than %s", name,
                    d->model->policy);
    }
    for (uint32_t i = 0; i < d->n_columns; i++) {
        if (d->columns[i].row == column->row) {
            return fail(r, "'%.100s' is given twice, in columns %u and %u; allowed: once", name, i + 1,
                        d->n_columns + 1);
        }
    }
    d->n_columns++;
    return 0;
}

static int read_header(struct reader *r)
{
    if (r->end - r->at >= 3 && memcmp(r->at, "\xEF\xBB\xBF", 3) == 0) r->at += 3;
    if (skip_comments(r) != 0) return -1;
    if (r->at == r->end) return fail(r, "there is no header; allowed: a line of parameters, GROUP.NAME,GROUP.NAME");
    do {
        if (read_cell(r) != 0 || add_column(r) != 0) return -1;
    } while (r->more);
    end_line(r);
    return 0;
}

/* ---- points ---- */

static bool number_of(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return *text != '\0' && strspn(text, "0123456789+-.eE") == strlen(text) && *end == '\0';
}

static bool flag_of(const char *text, double *value)
{
    *value = strcasecmp(text, "true") == 0 || strcmp(text, "1") == 0;
    return *value != 0 || strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0;
}

/* The cell as a value of its column; its range is checked by storing it. */
static int read_value(struct reader *r, const struct parameter *row, const char *group, double *value)
{
    bool known = false;
    switch (row->type) {
    case FIELD_real:
    case FIELD_whole: known = number_of(r->cell, value); break;
    case FIELD_flag: known = flag_of(r->cell, value); break;
    case FIELD_choice:
        *value = parameter_choice(row, r->cell);
        known = *value >= 0;
        break;
    }
    struct error cause = {0};
    double scratch = 0;
    struct parameter alone = *row;
    alone.offset = 0;
    if (known && parameter_store(&alone, &scratch, *value, NULL, &cause) == 0) {
        *value += 0.0; /* as it is stored: no negative zero */
        return 0;
    }
    if (known) return fail(r, "%s.%s", group, cause.text);
    char allowed[400];
    parameter_allowed(row, allowed, sizeof allowed);
    if (r->cell[0] == '\0') return fail(r, "the value of %s.%s is missing; allowed: %s", group, row->name, allowed);
    return fail(r, "%s.%s = '%.60s' is not a value; allowed: %s", group, row->name, r->cell, allowed);
}

static int reserve(struct reader *r)
{
    struct design *d = r->d;
    if (d->n_points >= DESIGN_MAX_POINTS) return fail(r, "too many points; allowed: at most %d", DESIGN_MAX_POINTS);
    if ((uint64_t)(d->n_points + 1) * d->n_columns > DESIGN_MAX_VALUES)
        return fail(r, "too many values; allowed: at most %d in all points and columns", DESIGN_MAX_VALUES);
    if (d->n_points < r->capacity) return 0;
    r->capacity = r->capacity == 0 ? 64 : 2 * r->capacity;
    double *values = realloc(d->values, r->capacity * d->n_columns * sizeof *values);
    if (values != NULL) d->values = values;
    uint32_t *lines = realloc(d->lines, r->capacity * sizeof *lines);
    if (lines != NULL) d->lines = lines;
    if (values != NULL && lines != NULL) return 0;
    return error_memory(r->e, "the design", (double)r->capacity * (d->n_columns + 1) * sizeof *values);
}

static int read_point(struct reader *r)
{
    struct design *d = r->d;
    if (reserve(r) != 0) return -1;
    uint32_t i = 0;
    do {
        if (read_cell(r) != 0) return -1;
        if (i == d->n_columns)
            return fail(r, "there are more values than columns; allowed: %u (decimals have a point)", d->n_columns);
        const struct design_column *column = &d->columns[i];
        double *value = &d->values[(size_t)d->n_points * d->n_columns + i++];
        if (read_value(r, column->row, d->model->schedule[column->group]->name, value) != 0) return -1;
    } while (r->more);
    if (i < d->n_columns) {
        return fail(r, "there are fewer values than columns, %u; allowed: %u", i, d->n_columns);
    }
    d->lines[d->n_points++] = r->line;
    end_line(r);
    return 0;
}

/* Empty lines are nothing at the end; amid the points they may be a lost value. */
static int skip_empty_lines(struct reader *r)
{
    uint32_t first = r->line;
    while (r->at < r->end && is_end_of_line(r)) end_line(r);
    if (r->at == r->end || r->line == first) return 0;
    r->line = first;
    return fail(r, "this line is empty; allowed: a point, or empty lines at the end of the file");
}

static int read_all(struct reader *r)
{
    if (read_header(r) != 0) return -1;
    for (;;) {
        if (skip_comments(r) != 0 || skip_empty_lines(r) != 0) return -1;
        if (r->at == r->end) break;
        if (*r->at != '#' && read_point(r) != 0) return -1;
    }
    return r->d->n_points > 0 ? 0 : fail(r, "there are no points; allowed: a line of values for each");
}

int design_read(struct design *d, const struct model *model, const char *path, struct error *e)
{
    *d = (struct design){.model = model};
    if (path[0] == '\0') return error_set(e, ERROR_INPUT, "the path of the design is empty");
    struct input in = {.what = "a design as CSV", .shown = path, .most = DESIGN_MAX_FILE};
    int status = input_read(&in, path, e);
    if (status == 0) {
        struct reader r = {.d = d, .e = e, .path = path, .at = in.text, .end = in.text + in.length, .line = 1};
        status = read_all(&r);
    }
    free(in.text);
    free(in.real);
    if (status != 0) design_free(d);
    return status;
}

int design_read_text(struct design *d, const struct model *model, const char *name, const char *text, struct error *e)
{
    const size_t length = strlen(text);
    *d = (struct design){.model = model};
    if (length > DESIGN_MAX_FILE)
        return error_set(e, ERROR_INPUT, "%.600s: the design is too long; allowed: at most %d KiB", name, DESIGN_MAX_FILE / 1024);
    struct reader r = {.d = d, .e = e, .path = name, .at = text, .end = text + length, .line = 1};
    const int status = read_all(&r);
    if (status != 0) design_free(d);
    return status;
}

void design_free(struct design *d)
{
    free(d->values);
    free(d->lines);
    *d = (struct design){.model = d->model};
}

/* ---- use ---- */

static void *block_of(const struct study *s, uint32_t policy, int64_t group)
{
    const struct parameter_set *values = &s->policies[policy].values;
    return values->block + ((const unsigned char *)values->group[group] - values->block);
}

static int store(const struct design *d, const double *values, struct study *s, struct error *e)
{
    for (uint32_t i = 0; i < d->n_columns; i++) {
        const struct design_column *column = &d->columns[i];
        const char *group = d->model->schedule[column->group]->name;
        for (uint32_t k = 0; k < s->n_policies; k++) {
            if (parameter_store(column->row, block_of(s, k, column->group), values[i], group, e) != 0) return -1;
        }
    }
    return 0;
}

int design_apply(const struct design *d, uint32_t point, struct study *s, struct error *e)
{
    return store(d, &d->values[(size_t)point * d->n_columns], s, e);
}

/* Points can break only rules between parameters, which are the same in all policies, and the limit of memory. It is the point
 * that is told to be wrong, and no policy. */
int design_place(const struct design *d, uint32_t point, uint32_t threads, struct study *s, struct error *e)
{
    struct error own = {0};
    if (design_apply(d, point, s, e) != 0) return -1;
    if (study_check_policy(s, 0, &own) == 0) return study_fits(s, threads, e);
    const char *cause = strncmp(own.text, "policy '", 8) == 0 ? strstr(own.text, "': ") : NULL;
    return error_set(e, own.kind, "point %u: %s", point, cause != NULL ? cause + 3 : own.text);
}

/* The first point shows that all else is well. */
static int check_point(const struct design *d, uint32_t point, struct study *s, struct error *e)
{
    return design_place(d, point, 1, s, e) != 0 || (point == 0 && study_check(s, e) != 0) ? -1 : 0;
}

int design_check(const struct design *d, const char *path, struct study *s, struct error *e)
{
    double own[DESIGN_MAX_COLUMNS];
    if (s->n_policies == 0) return study_check(s, e);
    for (uint32_t i = 0; i < d->n_columns; i++) {
        own[i] = parameter_value(d->columns[i].row, block_of(s, 0, d->columns[i].group));
    }
    int status = 0;
    for (uint32_t point = 0; status == 0 && point < d->n_points; point++) {
        struct error cause = {0};
        if (check_point(d, point, s, &cause) == 0) continue;
        status = error_set(e, cause.kind, "%.300s:%u: %s", path, d->lines[point], cause.text);
    }
    store(d, own, s, NULL);
    return status;
}

void design_digest(const struct design *d, char hex[65])
{
    struct digest_entry all = {.path = "design"};
    digest_begin(&all.digest);
    for (uint32_t i = 0; i < d->n_columns; i++)
        digest_texts(&all.digest, (const char *[]){d->model->schedule[d->columns[i].group]->name, d->columns[i].row->name}, 2);
    digest_doubles(&all.digest, d->values, (size_t)d->n_points * d->n_columns);
    digest_finish(&all, 1, hex);
}

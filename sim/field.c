/* Described fields: reading, writing, checking and printing parameters by their rows. */
#include "sim/field.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

size_t parameter_count(const struct parameter *rows)
{
    size_t n = 0;
    while (rows != NULL && rows[n].name != NULL) n++;
    return n;
}

const char *metric_kind_name(enum metric_kind kind)
{
    return kind == METRIC_flow ? "flow" : kind == METRIC_stock ? "stock" : "share";
}

size_t metric_count(const struct metric *rows)
{
    size_t n = 0;
    while (rows != NULL && rows[n].name != NULL) n++;
    return n;
}

const struct parameter *parameter_find(const struct parameter *rows, const char *name)
{
    for (; rows != NULL && rows->name != NULL; rows++) {
        if (strcmp(rows->name, name) == 0) return rows;
    }
    return NULL;
}

double parameter_value(const struct parameter *row, const void *block)
{
    const unsigned char *place = (const unsigned char *)block + row->offset;
    if (row->type == FIELD_real) {
        double value;
        memcpy(&value, place, sizeof value);
        return value;
    }
    int32_t value;
    memcpy(&value, place, sizeof value);
    return value;
}

static void put(const struct parameter *row, void *block, double value)
{
    unsigned char *place = (unsigned char *)block + row->offset;
    if (row->type == FIELD_real) {
        memcpy(place, &value, sizeof value);
    } else {
        int32_t whole = (int32_t)value;
        memcpy(place, &whole, sizeof whole);
    }
}

static int words_in(const char *list)
{
    int n = 1;
    for (; *list != '\0'; list++) n += *list == '|';
    return n;
}

/* The shortest text that reads back as the same number. */
static int print_number(double value, char *text, size_t size)
{
    if (fabs(value) < 1e15 && value == floor(value)) return snprintf(text, size, "%.0f", value);
    for (int digits = 1; digits < 17; digits++) {
        char trial[40];
        snprintf(trial, sizeof trial, "%.*g", digits, value);
        if (strtod(trial, NULL) == value) return snprintf(text, size, "%.*g", digits, value);
    }
    return snprintf(text, size, "%.17g", value);
}

static bool in_range(const struct parameter *row, double value)
{
    switch (row->type) {
    case FIELD_flag: return value == 0 || value == 1;
    case FIELD_choice: return value >= 0 && value < words_in(row->unit);
    case FIELD_whole:
    case FIELD_real: break;
    }
    return value >= row->minimum && value <= row->maximum;
}

int parameter_store(const struct parameter *row, void *block, double value, const char *where, struct error *e)
{
    bool fraction = row->type != FIELD_real && isfinite(value) && value != floor(value);
    if (isfinite(value) && !fraction && in_range(row, value)) {
        put(row, block, value + 0.0); /* a negative zero would not survive printing and reading */
        return 0;
    }
    char given[64], allowed[512];
    print_number(value, given, sizeof given);
    parameter_allowed(row, allowed, sizeof allowed);
    const char *fault = !isfinite(value) ? "is not a finite number"
                        : fraction       ? "is not a whole number"
                                         : "is out of range";
    return error_set(e, ERROR_INPUT, "%s%s%s = %s %s; allowed: %s", where != NULL ? where : "",
                     where != NULL ? ": " : "", row->name, given, fault, allowed);
}

void parameter_defaults(const struct parameter *rows, void *block)
{
    for (; rows != NULL && rows->name != NULL; rows++) put(rows, block, rows->initial);
}

/* Finds word number `index` of "a|b|c"; returns its length, 0 when there is none. */
static size_t word_at(const char *list, int index, const char **word)
{
    for (; index > 0; index--) {
        list = strchr(list, '|');
        if (list == NULL) return 0;
        list++;
    }
    *word = list;
    return strcspn(list, "|");
}

int parameter_print(const struct parameter *row, double value, char *text, size_t size)
{
    const char *word = NULL;
    switch (row->type) {
    case FIELD_flag: return snprintf(text, size, "%s", value != 0 ? "true" : "false");
    case FIELD_choice: {
        size_t length = word_at(row->unit, value >= 0 && value < 1000 ? (int)value : 1000, &word);
        return snprintf(text, size, "\"%.*s\"", (int)length, length > 0 ? word : "");
    }
    case FIELD_whole:
    case FIELD_real: break;
    }
    /* A file's integers have 32 bits, so a larger number has to look like a real one. */
    char number[40];
    print_number(value, number, sizeof number);
    bool bare = strpbrk(number, ".en") == NULL && fabs(value) > INT32_MAX;
    return snprintf(text, size, "%s%s", number, bare ? ".0" : "");
}

void parameter_allowed(const struct parameter *row, char *text, size_t size)
{
    if (row->type == FIELD_flag) {
        snprintf(text, size, "true or false");
    } else if (row->type == FIELD_choice) {
        size_t used = (size_t)snprintf(text, size, "one of");
        const char *word = NULL;
        for (int i = 0; used < size; i++) {
            size_t length = word_at(row->unit, i, &word);
            if (length == 0) break;
            used += (size_t)snprintf(text + used, size - used, "%s \"%.*s\"", i > 0 ? "," : "", (int)length, word);
        }
    } else {
        char low[40], high[40];
        print_number(row->minimum, low, sizeof low);
        print_number(row->maximum, high, sizeof high);
        bool plain = strcmp(row->unit, "1") == 0;
        snprintf(text, size, "a %s from %s to %s%s%s%s", row->type == FIELD_whole ? "whole number" : "number", low,
                 high, plain ? "" : " [", plain ? "" : row->unit, plain ? "" : "]");
    }
}

int parameter_choice(const struct parameter *row, const char *word)
{
    const char *candidate = NULL;
    size_t length;
    for (int i = 0; (length = word_at(row->unit, i, &candidate)) > 0; i++) {
        if (strlen(word) == length && memcmp(word, candidate, length) == 0) return i;
    }
    return -1;
}

enum { NAME_LIMIT = 96 }; /* longer names are not compared */

static int least(int a, int b) { return a < b ? a : b; }

static bool same_letter(char a, char b) { return tolower((unsigned char)a) == tolower((unsigned char)b); }

/* Edits that turn `a` into `b`: insert, delete, replace, or swap two neighbours (Damerau 1964, each place edited once). */
static int edits(const char *a, size_t n, const char *b, size_t m)
{
    int rows[3][NAME_LIMIT + 1];
    int *before = rows[0], *above = rows[1], *row = rows[2];
    memset(rows, 0, sizeof rows);
    for (size_t j = 0; j <= m; j++) row[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int *free_row = before;
        before = above;
        above = row;
        row = free_row;
        row[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int replace = above[j - 1] + !same_letter(a[i - 1], b[j - 1]);
            row[j] = least(replace, least(above[j], row[j - 1]) + 1);
            bool swapped = i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]);
            if (swapped) row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return row[m];
}

const char *field_nearest(const char *wrong, const char *const *names)
{
    size_t length = strlen(wrong);
    if (length == 0 || length > NAME_LIMIT) return NULL;
    const char *nearest = NULL;
    int fewest = least(1 + (int)length / 4, 4) + 1; /* "near": one edit, and one more for every four letters */
    for (; *names != NULL; names++) {
        size_t other = strlen(*names);
        if (other == 0 || other > NAME_LIMIT) continue;
        int distance = edits(wrong, length, *names, other);
        if (distance < fewest && distance < (int)(length > other ? length : other)) {
            fewest = distance;
            nearest = *names;
        }
    }
    return nearest;
}

int field_unknown(const char *what, const char *wrong, const char *const *names, struct error *e)
{
    const char *near = field_nearest(wrong, names);
    if (near != NULL)
        return error_set(e, ERROR_INPUT, "there is no %s '%.100s'; did you mean '%s'?", what, wrong, near);
    char list[600] = "";
    size_t used = 0;
    for (size_t i = 0; names[i] != NULL; i++) {
        size_t more = strlen(names[i]) + 2;
        if (used + more + 4 >= sizeof list) {
            snprintf(list + used, sizeof list - used, " ...");
            break;
        }
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    if (used == 0) return error_set(e, ERROR_INPUT, "there is no %s '%.100s', nor any other", what, wrong);
    return error_set(e, ERROR_INPUT, "there is no %s '%.100s'; allowed: %s", what, wrong, list);
}

/* The text of a scenario file with its includes put in place, and the way back from a line of it to the file it stood in.
 * Part of sim/config.c; nobody else needs it.
 *
 * libconfig reads hostile or merely unlucky files badly: it wraps whole numbers at 32 bits, includes any path, and needs
 * minutes for what fits a megabyte. So everything that can be told from the text alone is found here, before libconfig sees
 * it: the kind of file, includes, brackets, limits, numbers that do not fit, words that are no values, names given twice.
 *
 * An include stands on a line of its own: @include "x.cfg". The path is relative, has no "..", and is looked up in the folder of
 * the including file and then in the folder above that. All files lie, links followed, in the folder of the first one, or below
 * it, or right in the folder above it. */
#ifndef SIM_CONFIG_TEXT_H
#define SIM_CONFIG_TEXT_H

#include "sim/config.h"

struct config_file {
    char *shown; /* the path as messages say it */
    char *real;  /* the path without links */
    char *text;  /* ends with a zero */
    size_t length;
    uint32_t parent; /* index of the including file, itself for the first */
};

struct config_text {
    char *text; /* what libconfig gets */
    size_t length, capacity;
    struct config_line {
        uint32_t file, line;
    } * lines; /* lines[i]: where line i + 1 of the text came from */
    size_t n_lines, lines_capacity;
    struct config_file *files;
    uint32_t n_files;
    const char *what; /* it should be */
};

/* `what` is what the file should be, for messages: "a scenario file". -1: ERROR_INPUT with file and line, or ERROR_FAILURE. Free
 * in any case. */
int config_text_read(struct config_text *text, const char *what, const char *path, struct error *e);
void config_text_free(struct config_text *text);

/* "FILE:LINE" of a line of the text, counted from 1. */
void config_text_where(const struct config_text *text, unsigned line, char *where, size_t size);

/* Checks the text of file number `file`, appends it, and calls itself (through `include`) for what it includes. */
struct config_scan {
    struct config_text *out;
    struct config_key {
        const char *name;
        uint32_t length, scope, file, line;
    } * keys; /* all names so far: to find one given twice */
    uint32_t n_keys, keys_capacity;
    uint32_t n_scopes, scope, depth;
    char around; /* the bracket around the place of an include, 0 in the first file */
    char before; /* the word before: = { } [ ] ( ) , ; or s (string), v (other value), n (name), 0 at the beginning */
    int (*include)(struct config_scan *scan, uint32_t file, uint32_t line, const char *path, struct error *e);
};
int config_scan_file(struct config_scan *scan, uint32_t file, struct error *e);

#endif

/* Designs of experiments: a table of points in the space of parameters, read from a CSV file (RFC 4180) as spreadsheets, Python
 * and R write it.
 *
 *     # comments begin with a number sign
 *     health.backlash_own,beliefs.belief_model        the header: parameters, GROUP.NAME or parameters.GROUP.NAME, each once
 *     0.25,dual                                       a point: one value for each, a number or the word of a choice
 *
 * Lines end in LF or CRLF; a UTF-8 mark, quotes around a cell and blanks around a value are allowed, empty lines only at the
 * end. A whole number may be written 3.0; a flag is true, false, 1 or 0. Levers are no columns, for a policy decides them. */
#ifndef SIM_DESIGN_H
#define SIM_DESIGN_H

#include "sim/study.h"

enum {
    DESIGN_MAX_FILE = 32 * 1024 * 1024, /* bytes */
    DESIGN_MAX_COLUMNS = 256,
    DESIGN_MAX_POINTS = 100000,
    DESIGN_MAX_VALUES = 1000000, /* points times columns */
    DESIGN_MAX_CELL = 255,       /* bytes */
};

struct design {
    const struct model *model;
    struct design_column {
        const struct parameter *row;
        int64_t group; /* index in the schedule */
    } columns[DESIGN_MAX_COLUMNS];
    uint32_t n_columns, n_points;
    double *values;  /* [point][column]; a choice as the index of its word */
    uint32_t *lines; /* [point]: its line in the file */
};

/* Reads a file into `d`, which it initialises and, when it fails, frees. Every value is of its parameter's type and range.
 * -1: ERROR_INPUT beginning "FILE:LINE: " or "FILE: ". */
int design_read(struct design *d, const struct model *model, const char *path, struct error *e);
/* The same of a text that is in no file; `name` is how messages call it. */
int design_read_text(struct design *d, const struct model *model, const char *name, const char *text, struct error *e);
void design_free(struct design *d);

/* Sets the values of a point in all policies of a study. -1: ERROR_INPUT; the study then holds some of them. */
int design_apply(const struct design *d, uint32_t point, struct study *s, struct error *e);

/* The same, and whether `threads` threads could run the study there: for a run that goes from point to point. */
int design_place(const struct design *d, uint32_t point, uint32_t threads, struct study *s, struct error *e);

/* A SHA-256, in hexadecimal, of columns and values. */
void design_digest(const struct design *d, char hex[65]);

/* Whether the study would pass study_check at every point; the study itself, whose policies must differ by their levers only,
 * comes out as it went in. `path` is how messages call the design: ERROR_INPUT beginning "PATH:LINE: " with the line of the
 * first point that fails. */
int design_check(const struct design *d, const char *path, struct study *s, struct error *e);

#endif

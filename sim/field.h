/* Described fields: parameters and metrics are declared once, as a list, and everything else is derived from that list:
 * the C struct a sub-model reads, the reader of scenario files and its checks, --help, the tables of the ODD, the
 * attributes of the results file and, through it, Python.
 *
 *     #define PARAMETERS(P)                                                                             \
 *         P(real, clinic_rate, 0.012, 0, 1, "1/day", uncertain, "own visits to a clinic", "assumed")
 *     DECLARE_PARAMETERS(PARAMETERS)                        -> struct parameters, parameter_rows[]
 *
 * Types: real (double), whole (int32_t), flag (int32_t, false or true), choice (int32_t, one of "a|b|c").
 * Roles, after the XLRM scheme (Lempert et al. 2003): lever (a policy decides it), uncertain (the world decides it, nobody
 * knows it), structural (the modeller decides it: size, resolution, form). */
#ifndef SIM_FIELD_H
#define SIM_FIELD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/error.h"

enum field_type { FIELD_real, FIELD_whole, FIELD_flag, FIELD_choice };
enum field_role { ROLE_lever, ROLE_uncertain, ROLE_structural };

typedef double field_real;
typedef int32_t field_whole;
typedef int32_t field_flag;
typedef int32_t field_choice;

struct parameter {
    const char *name;
    const char *unit;    /* "1" for a dimensionless number; for a choice the words allowed, "a|b|c" */
    const char *meaning;
    const char *source;  /* where the default and the range come from */
    double initial;      /* the default; for a choice the index of the word */
    double minimum, maximum; /* inclusive */
    size_t offset;       /* in the sub-model's struct */
    enum field_type type;
    enum field_role role;
};

enum metric_kind {
    METRIC_flow,  /* events counted: a record holds the sum since the record before, a summary the total of the horizon   */
    METRIC_stock, /* a number at an instant; a summary holds the mean of the last 180 days                                */
    METRIC_share, /* a ratio or mean at an instant, NaN where its weight is zero; a summary as for a stock                */
    METRIC_pooled /* the same of what steps add to it: over the days since the record before, and for a summary of each day */
};

/* "flow", "stock" or "share", pooled or not. */
const char *metric_kind_name(enum metric_kind kind);
static inline bool metric_is_ratio(enum metric_kind kind) { return kind == METRIC_share || kind == METRIC_pooled; }

/* A share is kept as numerator and denominator, so that the parts of a world can be added up. */
struct share {
    double sum, weight;
};
typedef double field_flow;
typedef double field_stock;
typedef struct share field_share;
typedef struct share field_pooled;

struct metric {
    const char *name;
    const char *unit;
    const char *meaning;
    size_t offset; /* in the sub-model's struct of metrics */
    enum metric_kind kind;
};

/* clang-format off */
#define FIELD_PARAMETER_MEMBER(type_, name_, ...) field_##type_ name_;
#define FIELD_PARAMETER_ROW(type_, name_, initial_, minimum_, maximum_, unit_, role_, meaning_, source_)              \
    { .name = #name_, .unit = unit_, .meaning = meaning_, .source = source_, .initial = initial_,                     \
      .minimum = minimum_, .maximum = maximum_, .offset = offsetof(field_parameters, name_),                          \
      .type = FIELD_##type_, .role = ROLE_##role_ },
#define FIELD_METRIC_MEMBER(kind_, name_, ...) field_##kind_ name_;
#define FIELD_METRIC_ROW(kind_, name_, unit_, meaning_)                                                               \
    { .name = #name_, .unit = unit_, .meaning = meaning_, .offset = offsetof(field_metrics, name_), .kind = METRIC_##kind_ },

/* A sub-model's own declarations, private to its file; tables end with an all-zero row. */
#define DECLARE_PARAMETERS(LIST) struct parameters { LIST(FIELD_PARAMETER_MEMBER) }; PARAMETER_ROWS(struct parameters, LIST)
#define DECLARE_METRICS(LIST)    struct metrics { LIST(FIELD_METRIC_MEMBER) };       METRIC_ROWS(struct metrics, LIST)

/* The rows alone, for a struct that a header declares because several sub-models read it. */
#define PARAMETER_ROWS(struct_, LIST) typedef struct_ field_parameters; \
    static const struct parameter parameter_rows[] = { LIST(FIELD_PARAMETER_ROW) {0} };
#define METRIC_ROWS(struct_, LIST)    typedef struct_ field_metrics;    \
    static const struct metric metric_rows[] = { LIST(FIELD_METRIC_ROW) {0} };
/* clang-format on */

size_t parameter_count(const struct parameter *rows);
size_t metric_count(const struct metric *rows);

/* The row called `name`, or NULL. */
const struct parameter *parameter_find(const struct parameter *rows, const char *name);

double parameter_value(const struct parameter *row, const void *block);

/* Writes `value` into the struct after checking type and range; `where` (may be NULL) begins the message. ERROR_INPUT. */
int parameter_store(const struct parameter *row, void *block, double value, const char *where, struct error *e);

/* Fills a struct with its defaults. */
void parameter_defaults(const struct parameter *rows, void *block);

/* The value as a scenario file would write it: 0.25, 12, true, "dual". Returns what snprintf returns. */
int parameter_print(const struct parameter *row, double value, char *text, size_t size);

/* The range as a message says it: "a number from 0 to 1", "true or false", "one of \"dual\", \"single\"". */
void parameter_allowed(const struct parameter *row, char *text, size_t size);

/* For a choice: the index of `word`, or -1. */
int parameter_choice(const struct parameter *row, const char *word);

/* The name in `names` (NULL-terminated) nearest to `wrong`, or NULL when none is near: for "did you mean". */
const char *field_nearest(const char *wrong, const char *const *names);

/* The error for a name that is not among `names`: "there is no WHAT 'wrong'; did you mean 'x'?", or "...; allowed: a, b, c".
 * Returns -1. */
int field_unknown(const char *what, const char *wrong, const char *const *names, struct error *e);

#endif

/* Prior files: what is thought of parameters that nobody has measured, as distributions. Text in libconfig's form; includes and
 * limits are those of scenario files (sim/config.h).
 *
 *     priors : { GROUP : { NAME : { distribution = "normal"; mean = -6.5; sd = 1.0; minimum = -9.0; maximum = -4.0; }; }; };
 *
 * Distributions: uniform, log_uniform, triangular (mode), normal (mean, sd; cut to the range), beta (alpha, beta; stretched over
 * the range), each from minimum to maximum, which lie in the parameter's own range; and fixed (value). A flag or a choice is
 * uniform, every word alike and without a range, or fixed. Levers have no prior, for a policy decides them. */
#ifndef SIM_PRIOR_H
#define SIM_PRIOR_H

#include "sim/model.h"
#include "sim/quantile.h"

struct prior_entry {
    const struct parameter *row;
    int64_t group;     /* index in the schedule           */
    uint32_t position; /* among all parameters of a model */
    struct distribution distribution; /* of a choice: of the index of its word */
    char where[600];   /* "FILE:LINE" of its entry; empty where no file says it */
};

struct prior {
    const struct model *model;
    struct prior_entry *entries; /* in the order of the model */
    uint32_t n_entries;
};

/* Reads a file into `p`, which it initialises and, when it fails, frees. -1: ERROR_INPUT beginning "FILE:LINE: " or "FILE: ",
 * or ERROR_FAILURE. */
int prior_read(struct prior *p, const struct model *model, const char *path, struct error *e);
void prior_free(struct prior *p);

/* The entry of a parameter, or NULL. */
const struct prior_entry *prior_entry(const struct prior *p, const struct parameter *row);

/* What is thought of a parameter of which only the range is known: all of it alike. `group` is an index in the schedule. */
struct prior_entry prior_of_range(const struct model *model, int64_t group, const struct parameter *row);

/* The path of the prior called `name`; to be freed. A name with a '/' or the ending .cfg is a path itself; any other is the file
 * priors/NAME.cfg in the folder of the scenario file `config` or in the folder above it. NULL with ERROR_INPUT. */
char *prior_path(const char *config, const char *name, struct error *e);

#endif

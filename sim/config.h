/* Scenario files: text in libconfig's form becomes a study, and a study becomes such a text.
 *
 *     @include "policies.cfg"                                  on a line of its own; see config_text.h
 *     run = { name; seed; replicates; burn_in; horizon; record_every; record_before; output; metrics; baseline; };
 *     parameters : { GROUP : { NAME = value; }; };             only what differs from the defaults; no levers
 *     policies : { NAME : { inherits = "other"; LEVER = value; }; };
 *     own_policies : { ... };                                  the same, for a file that includes its policies
 *     scenarios = ( { name; policy; phases = ( { day; policy; } ); } );   policy: a name or a group like a policy
 *
 * Nothing else may stand in a file, everything but `scenarios` may be left out, and run.seed may be a string of digits. */
#ifndef SIM_CONFIG_H
#define SIM_CONFIG_H

#include "sim/study.h"

/* What the command line changes in a file. */
struct config_overrides {
    const char *const *set;       /* "PATH=VALUE", applied in order as if the file said so: policies hand them on to heirs */
    const char *const *said;      /* how a message calls set[i] ("--seed 5"); NULL, or NULL for an i: "--set PATH=VALUE"   */
    size_t n_set;
    const char *const *scenarios; /* the scenarios to keep */
    size_t n_scenarios;           /* 0: keep all */
    double share;                 /* the study's; no setting of the file */
};

/* Limits of a scenario file; libconfig's own work grows with the square of some of them. */
enum {
    CONFIG_MAX_FILE = 256 * 1024,   /* bytes of one file */
    CONFIG_MAX_TOTAL = 1024 * 1024, /* bytes after all includes */
    CONFIG_MAX_DEPTH = 32,          /* nested brackets */
    CONFIG_MAX_KEYS = 8192,         /* names in all */
    CONFIG_MAX_GROUP = 1024,        /* names in one group */
    CONFIG_MAX_STRING = 4096,       /* bytes of a string */
    CONFIG_MAX_INCLUDES = 8,        /* nested includes */
    CONFIG_MAX_FILES = 64,          /* files in all, one included twice counted twice */
    CONFIG_MAX_OVERRIDES = 1024,    /* settings, and scenarios to keep, of a command line */
};

/* Reads a file into `s`, which it initialises and, when it fails, frees. `overrides` may be NULL. `text` (may be NULL)
 * receives the resolved configuration, to be freed by the caller: it includes nothing and gives the same study when read
 * again. The study has passed study_check. -1: ERROR_INPUT beginning "FILE:LINE: " or "--set PATH=VALUE: ", or ERROR_FAILURE. */
int config_load(struct study *s, char **text, const struct model *model, const char *path,
                const struct config_overrides *overrides, struct error *e);

/* "libconfig 1.5.0": the one that it was compiled for. Returns `text`. */
const char *config_library(char *text, size_t size);

/* The resolved configuration of any study whose parameters, levers apart, are the same in all policies. */
int config_write_text(const struct study *s, char **text, struct error *e);

#endif

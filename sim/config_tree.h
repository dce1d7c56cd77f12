/* A scenario file on its way from libconfig's tree to a study: what the files config*.c share. Nobody else needs it. */
#ifndef SIM_CONFIG_TREE_H
#define SIM_CONFIG_TREE_H

#include <libconfig.h>

#include "sim/config_text.h"

struct config_tree {
    const struct model *model;
    struct study *study;
    struct error *e;
    struct config_text text;
    config_t tree;
    char **labels; /* how messages call each override; settings made by one carry its label as their hook */
    size_t n_labels;
    const char
        *label; /* of the override being applied: the place of errors that have no setting; NULL at other times */
    const config_setting_t **declared; /* [policies of the study]: the group that declares each */
};

/* An error at the place of a setting, or, when it is NULL, of the file or the override being applied. -1. */
#define config_fail(...) error_status(config_note(__VA_ARGS__))
int config_note(struct config_tree *t, const config_setting_t *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Hands on an error that lacks its place. -1. */
int config_hand_on(struct config_tree *t, const config_setting_t *at, const struct error *cause);

/* "there is no WHAT 'wrong'; did you mean". -1. */
int config_unknown(struct config_tree *t, const config_setting_t *at, const char *what, const char *wrong,
                   const char *const *names);

/* The same for the names there are in a model or study. `group` is an index in the schedule. -1. */
int config_unknown_parameter(struct config_tree *t, const config_setting_t *at, int64_t group, const char *wrong);
int config_unknown_group(struct config_tree *t, const config_setting_t *at, const char *wrong);
int config_unknown_lever(struct config_tree *t, const config_setting_t *at, const char *wrong);
int config_unknown_policy(struct config_tree *t, const config_setting_t *at, const char *wrong);

/* The rows of the policy's levers, NULL when the model has none. */
const struct parameter *config_levers(const struct model *model);

/* The names allowed in `run`, in a scenario and at the top; each ends with NULL. */
extern const char *const config_run_names[];
extern const char *const config_scenario_names[];
extern const char *const config_phase_names[];
extern const char *const config_top_names[];

/* Reads a file's text into t->text and its tree into t->tree, which has been initialised; for `what` see config_text_read. */
int config_parse(struct config_tree *t, const char *what, const char *path);

/* Changes the tree as the command line says. */
int config_override(struct config_tree *t, const struct config_overrides *overrides);

/* Fills the study from the tree: config_resolve calls the others. */
int config_resolve(struct config_tree *t);
int config_declare_policies(struct config_tree *t, const config_setting_t *policies /* may be NULL */);
int config_read_scenarios(struct config_tree *t, const config_setting_t *scenarios /* may be NULL */);
int config_resolve_policies(struct config_tree *t);

/* What these share. */
int config_wrong_type(struct config_tree *t, const config_setting_t *setting, const char *name, const char *allowed);
int config_check_names(struct config_tree *t, const config_setting_t *group, const char *what,
                       const char *const *names);
int config_name(struct config_tree *t, const config_setting_t *setting, const char *what, const char **name);
int config_store(struct config_tree *t, const config_setting_t *setting, const struct parameter *row, void *block);
void *config_block(const struct study *s, uint32_t policy,
                   int64_t group); /* a policy's struct of a group, to write to */

#endif

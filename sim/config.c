/* Scenario files: from a path to a checked study, and the errors in between. */
#include "sim/config.h"

#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config_tree.h"
#include "sim/memory.h"

/* ---- errors ---- */

int config_note(struct config_tree *t, const config_setting_t *at, const char *format, ...)
{
    char where[600], what[800];
    const char *label = at != NULL ? config_setting_get_hook(at) : t->label;
    if (label != NULL) {
        snprintf(where, sizeof where, "%.500s", label);
    } else {
        config_text_where(&t->text, at != NULL ? config_setting_source_line(at) : 0, where, sizeof where);
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(t->e, ERROR_INPUT, "%s: %s", where, what);
}

int config_hand_on(struct config_tree *t, const config_setting_t *at, const struct error *cause)
{
    if (cause->kind == ERROR_INPUT) return config_fail(t, at, "%s", cause->text);
    return error_set(t->e, cause->kind, "%s", cause->text);
}

int config_unknown(struct config_tree *t, const config_setting_t *at, const char *what, const char *wrong,
                   const char *const *names)
{
    struct error cause = {0};
    field_unknown(what, wrong, names, &cause);
    return config_hand_on(t, at, &cause);
}

/* Room for names, ending with NULL: lists are made only on the way to an error. */
static const char **name_list(size_t count, struct error *e)
{
    const char **names = calloc(count + 2, sizeof *names);
    if (names == NULL) error_memory(e, "a list of names", (double)count * sizeof *names);
    return names;
}

static int unknown_row(struct config_tree *t, const config_setting_t *at, const char *what, const char *wrong,
                       const struct parameter *rows, const char *extra)
{
    size_t n = 0;
    const char **names = name_list(parameter_count(rows), t->e);
    if (names == NULL) return -1;
    for (; rows != NULL && rows[n].name != NULL; n++) names[n] = rows[n].name;
    names[n] = extra;
    int status = config_unknown(t, at, what, wrong, names);
    free(names);
    return status;
}

/* The submodel that has a parameter of this name outside the policy's group, or NULL. */
static const struct submodel *owner_of(const struct model *model, const char *name)
{
    for (size_t i = 0; model->schedule[i] != NULL; i++) {
        const struct submodel *submodel = model->schedule[i];
        if (submodel->parameters != config_levers(model) && parameter_find(submodel->parameters, name) != NULL)
            return submodel;
    }
    return NULL;
}

int config_unknown_parameter(struct config_tree *t, const config_setting_t *at, int64_t group, const char *wrong)
{
    const struct submodel *submodel = t->model->schedule[group], *owner = owner_of(t->model, wrong);
    if (owner != NULL) {
        return config_fail(t, at,
                           "%s has no parameter '%s', but %s has; allowed: parameters : { %s : { %s = ...; }; };",
                           submodel->name, wrong, owner->name, owner->name, wrong);
    }
    if (parameter_find(config_levers(t->model), wrong) != NULL) {
        return config_fail(t, at, "'%s' is a lever; allowed: in a policy, policies : { NAME : { %s = ...; }; };", wrong,
                           wrong);
    }
    char what[100];
    snprintf(what, sizeof what, "parameter of %.60s", submodel->name);
    return unknown_row(t, at, what, wrong, submodel->parameters, NULL);
}

int config_unknown_lever(struct config_tree *t, const config_setting_t *at, const char *wrong)
{
    const struct submodel *owner = owner_of(t->model, wrong);
    if (owner == NULL) return unknown_row(t, at, "lever", wrong, config_levers(t->model), "inherits");
    return config_fail(
        t, at, "'%s' is no lever of a policy but a parameter of %s; allowed: parameters : { %s : { %s = ...; }; };",
        wrong, owner->name, owner->name, wrong);
}

int config_unknown_group(struct config_tree *t, const config_setting_t *at, const char *wrong)
{
    const struct submodel *const *schedule = t->model->schedule;
    size_t count = 0, n = 0;
    while (schedule[count] != NULL) count++;
    const char **names = name_list(count, t->e);
    if (names == NULL) return -1;
    for (size_t i = 0; i < count; i++) {
        if (schedule[i]->parameters != config_levers(t->model) && parameter_count(schedule[i]->parameters) > 0)
            names[n++] = schedule[i]->name;
    }
    int status = config_unknown(t, at, "group of parameters", wrong, names);
    free(names);
    return status;
}

int config_unknown_policy(struct config_tree *t, const config_setting_t *at, const char *wrong)
{
    if (t->study->n_policies == 0)
        return config_fail(t, at,
                           "there is no policy '%.100s', for the file defines none; allowed: policies : { ... }, or "
                           "@include of a file that has them",
                           wrong);
    const char **names = name_list(t->study->n_policies, t->e);
    if (names == NULL) return -1;
    for (uint32_t i = 0; i < t->study->n_policies; i++) names[i] = t->study->policies[i].name;
    int status = config_unknown(t, at, "policy", wrong, names);
    free(names);
    return status;
}

const struct parameter *config_levers(const struct model *model)
{
    int64_t group = model->policy != NULL ? model_group(model, model->policy) : -1;
    return group >= 0 ? model->schedule[group]->parameters : NULL;
}

/* ---- reading ---- */

/* What the scan lets through and libconfig does not: little is left, so the message can name the likely causes. */
static int parse_error(struct config_tree *t)
{
    char where[600];
    int line = config_error_line(&t->tree);
    config_text_where(&t->text, line > 0 ? (unsigned)line : 0, where, sizeof where);
    const char *text = config_error_text(&t->tree);
    if (text == NULL || strcmp(text, "syntax error") == 0) {
        return error_set(t->e, ERROR_INPUT,
                         "%s: here or just before, something is missing or too much; allowed: NAME = value; "
                         "NAME : { ... }; and ( value, value )",
                         where);
    }
    return error_set(t->e, ERROR_INPUT, "%s: %.200s", where, text);
}

int config_parse(struct config_tree *t, const char *what, const char *path)
{
    if (config_text_read(&t->text, what, path, t->e) != 0) return -1;
    if (t->text.n_lines == 0) return 0;
    errno = 0;
    const locale_t own = uselocale((locale_t)0); /* libconfig leaves the thread with that of the process */
    const int read = config_read_string(&t->tree, t->text.text);
    uselocale(own);
    /* libconfig goes on without names and strings that it could not copy. */
    if (memory_was_refused()) return error_memory(t->e, "the settings", 0);
    return read == CONFIG_TRUE ? 0 : parse_error(t);
}

static int keep_scenarios(struct study *s, const struct config_overrides *overrides, struct error *e)
{
    const char **names = calloc(s->n_scenarios + 1, sizeof *names);
    bool *kept = calloc(s->n_scenarios + 1, sizeof *kept);
    int status = names == NULL || kept == NULL ? error_memory(e, "a list of names", (double)s->n_scenarios) : 0;
    for (uint32_t i = 0; status == 0 && i < s->n_scenarios; i++) names[i] = s->scenarios[i].name;
    for (size_t k = 0; status == 0 && k < overrides->n_scenarios; k++) {
        uint32_t i = 0;
        while (i < s->n_scenarios && strcmp(names[i], overrides->scenarios[k]) != 0) i++;
        struct error cause = {0};
        if (i == s->n_scenarios) {
            field_unknown("scenario", overrides->scenarios[k], names, &cause);
            status = error_set(e, ERROR_INPUT, "--scenario %.100s: %s", overrides->scenarios[k], cause.text);
        } else {
            kept[i] = true;
        }
    }
    uint32_t n = 0;
    for (uint32_t i = 0; status == 0 && i < s->n_scenarios; i++) {
        if (kept[i]) {
            s->scenarios[n++] = s->scenarios[i];
        } else {
            free(s->scenarios[i].phases);
        }
    }
    if (status == 0) s->n_scenarios = n;
    free(kept);
    free(names);
    return status;
}

/* A text too long to be read again would be no use to anyone. */
static int write_text(struct config_tree *t, char **text)
{
    if (text == NULL) return 0;
    if (config_write_text(t->study, text, t->e) != 0) return -1;
    if (strlen(*text) <= CONFIG_MAX_FILE) return 0;
    return config_fail(t, NULL, "the resolved configuration has %zu KiB; allowed: at most %d, so split the study",
                       strlen(*text) / 1024, CONFIG_MAX_FILE / 1024);
}

static int check_overrides(const struct config_overrides *overrides, struct error *e)
{
    const char *option = overrides->n_set > CONFIG_MAX_OVERRIDES ? "--set" : "--scenario";
    if (overrides->n_set <= CONFIG_MAX_OVERRIDES && overrides->n_scenarios <= CONFIG_MAX_OVERRIDES) return 0;
    return error_set(e, ERROR_INPUT, "%s is given too often; allowed: at most %d times", option, CONFIG_MAX_OVERRIDES);
}

static int read_study(struct config_tree *t, char **text, const char *path, const struct config_overrides *overrides)
{
    if (overrides != NULL && check_overrides(overrides, t->e) != 0) return -1;
    if (config_parse(t, "a scenario file", path) != 0) return -1;
    if (overrides != NULL && config_override(t, overrides) != 0) return -1;
    if (config_resolve(t) != 0) return -1;
    if (overrides != NULL && overrides->n_scenarios > 0 && keep_scenarios(t->study, overrides, t->e) != 0) return -1;
    struct error cause = {0};
    if (study_check(t->study, &cause) != 0) return config_hand_on(t, NULL, &cause);
    return write_text(t, text);
}

int config_load(struct study *s, char **text, const struct model *model, const char *path,
                const struct config_overrides *overrides, struct error *e)
{
    if (text != NULL) *text = NULL;
    study_init(s, model);
    if (overrides != NULL) s->share = overrides->share;
    struct config_tree t = {.model = model, .study = s, .e = e};
    config_init(&t.tree);
    int status = read_study(&t, text, path, overrides);
    config_destroy(&t.tree);
    config_text_free(&t.text);
    for (size_t i = 0; i < t.n_labels; i++) free(t.labels[i]);
    free(t.labels);
    free(t.declared);
    if (status != 0) {
        study_free(s);
        if (text != NULL) {
            free(*text);
            *text = NULL;
        }
    }
    return status;
}

const char *config_library(char *text, size_t size)
{
    snprintf(text, size, "libconfig %d.%d.%d", LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR, LIBCONFIG_VER_REVISION);
    return text;
}

/* What the command line changes: "PATH=VALUE" becomes a setting of libconfig's tree, with the option as its place. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config_tree.h"

enum { MAX_PARTS = 8, MAX_PATH = 512 };

struct change {
    struct config_tree *t;
    char path[MAX_PATH];
    const char *part[MAX_PARTS];
    size_t n_parts;
    const char *value;
};

static int no_memory(const struct change *c) { return error_memory(c->t->e, "a setting", 0); }

static bool is_among(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0) names++;
    return *names != NULL;
}

/* ---- values ---- */

/* A new setting in the place of the old one. */
static config_setting_t *replace(const struct change *c, config_setting_t *group, const char *name, int type)
{
    if (config_setting_get_member(group, name) != NULL) config_setting_remove(group, name);
    config_setting_t *setting = config_setting_add(group, name, type);
    if (setting != NULL) config_setting_set_hook(setting, (void *)c->t->label);
    return setting;
}

static int put_string(const struct change *c, config_setting_t *group, const char *name)
{
    size_t length = strlen(c->value);
    bool quoted = length >= 2 && c->value[0] == '"' && c->value[length - 1] == '"';
    char *text = quoted ? strndup(c->value + 1, length - 2) : strdup(c->value);
    config_setting_t *setting = text != NULL ? replace(c, group, name, CONFIG_TYPE_STRING) : NULL;
    bool done = setting != NULL && config_setting_set_string(setting, text) == CONFIG_TRUE;
    free(text);
    return done ? 0 : no_memory(c);
}

static int put_whole(const struct change *c, config_setting_t *group, const char *name, const char *allowed)
{
    char *end;
    errno = 0;
    long long value = strtoll(c->value, &end, 10);
    const char *digits = c->value + (c->value[0] == '-' || c->value[0] == '+');
    if (*digits == '\0' || strspn(digits, "0123456789") != strlen(digits)) {
        return config_fail(c->t, NULL, "%.60s is not a whole number; allowed: %s",
                           *c->value != '\0' ? c->value : "nothing", allowed);
    }
    if (errno == ERANGE || value < INT32_MIN || value > INT32_MAX)
        return config_fail(c->t, NULL, "%s is out of range; allowed: %s", name, allowed);
    config_setting_t *setting = replace(c, group, name, CONFIG_TYPE_INT);
    return setting != NULL && config_setting_set_int(setting, (int)value) == CONFIG_TRUE ? 0 : no_memory(c);
}

static int put_real(const struct change *c, config_setting_t *group, const char *name, const char *allowed)
{
    char *end;
    double value = strtod(c->value, &end);
    bool plain = *c->value != '\0' && strspn(c->value, "0123456789+-.eE") == strlen(c->value);
    if (!plain || *end != '\0') {
        return config_fail(c->t, NULL, "%.60s is not a number; allowed: %s", *c->value != '\0' ? c->value : "nothing",
                           allowed);
    }
    if (!isfinite(value)) return config_fail(c->t, NULL, "%s is out of range; allowed: %s", name, allowed);
    config_setting_t *setting = replace(c, group, name, CONFIG_TYPE_FLOAT);
    return setting != NULL && config_setting_set_float(setting, value) == CONFIG_TRUE ? 0 : no_memory(c);
}

static int put_flag(const struct change *c, config_setting_t *group, const char *name)
{
    bool yes = strcmp(c->value, "true") == 0;
    if (!yes && strcmp(c->value, "false") != 0)
        return config_fail(c->t, NULL, "%s is a flag; allowed: true or false", name);
    config_setting_t *setting = replace(c, group, name, CONFIG_TYPE_BOOL);
    return setting != NULL && config_setting_set_bool(setting, yes) == CONFIG_TRUE ? 0 : no_memory(c);
}

/* As the row's type; the range is checked with the rest of the tree. */
static int put_row(const struct change *c, config_setting_t *group, const struct parameter *row)
{
    char allowed[400];
    parameter_allowed(row, allowed, sizeof allowed);
    switch (row->type) {
    case FIELD_real: return put_real(c, group, row->name, allowed);
    case FIELD_whole: return put_whole(c, group, row->name, allowed);
    case FIELD_flag: return put_flag(c, group, row->name);
    case FIELD_choice: break;
    }
    return put_string(c, group, row->name);
}

/* ---- places ---- */

/* The member of a group, made if it is not there; NULL with the error filled. */
static config_setting_t *group_in(const struct change *c, config_setting_t *parent, const char *name)
{
    config_setting_t *group = config_setting_get_member(parent, name);
    if (group == NULL) {
        group = replace(c, parent, name, CONFIG_TYPE_GROUP);
        if (group == NULL) no_memory(c);
    } else if (config_setting_type(group) != CONFIG_TYPE_GROUP) {
        config_wrong_type(c->t, group, name, "a group: { ... }");
        group = NULL;
    }
    return group;
}

/* Part number `i` must be the last. */
static int check_length(const struct change *c, size_t i, const char *form)
{
    return c->n_parts == i + 1 ? 0 : config_fail(c->t, NULL, "this path leads nowhere; allowed: %s", form);
}

static int set_run(const struct change *c, config_setting_t *root)
{
    if (check_length(c, 1, "run.NAME=VALUE") != 0) return -1;
    const char *name = c->part[1];
    if (!is_among(name, config_run_names)) return config_unknown(c->t, NULL, "setting of run", name, config_run_names);
    config_setting_t *run = group_in(c, root, "run");
    if (run == NULL) return -1;
    const struct parameter *row = parameter_find(study_settings, name);
    return row != NULL ? put_row(c, run, row) : put_string(c, run, name);
}

static int set_parameter(const struct change *c, config_setting_t *root)
{
    if (check_length(c, 2, "parameters.GROUP.NAME=VALUE") != 0) return -1;
    int64_t group = model_group(c->t->model, c->part[1]);
    const struct submodel *submodel = group >= 0 ? c->t->model->schedule[group] : NULL;
    if (submodel == NULL || parameter_count(submodel->parameters) == 0)
        return config_unknown_group(c->t, NULL, c->part[1]);
    if (submodel->parameters == config_levers(c->t->model)) {
        return config_fail(c->t, NULL, "levers belong to a policy; allowed: policies.NAME.%.60s=VALUE", c->part[2]);
    }
    const struct parameter *row = parameter_find(submodel->parameters, c->part[2]);
    if (row == NULL) return config_unknown_parameter(c->t, NULL, group, c->part[2]);
    config_setting_t *parameters = group_in(c, root, "parameters");
    config_setting_t *place = parameters != NULL ? group_in(c, parameters, c->part[1]) : NULL;
    return place != NULL ? put_row(c, place, row) : -1;
}

/* A lever, or whom to inherit from. */
static int set_lever(const struct change *c, config_setting_t *policy, size_t i)
{
    if (check_length(c, i, "policies.NAME.LEVER=VALUE") != 0) return -1;
    if (strcmp(c->part[i], "inherits") == 0) return put_string(c, policy, "inherits");
    const struct parameter *row = parameter_find(config_levers(c->t->model), c->part[i]);
    return row != NULL ? put_row(c, policy, row) : config_unknown_lever(c->t, NULL, c->part[i]);
}

/* Names in the groups `policies` and `own_policies` of the file. */
static int unknown_policy(const struct change *c, const config_setting_t *const *groups, const char *wrong)
{
    const char *names[2 * CONFIG_MAX_GROUP + 1];
    size_t n = 0;
    for (int k = 0; k < 2; k++) {
        int length = groups[k] != NULL ? config_setting_length(groups[k]) : 0;
        for (int i = 0; i < length && n < (size_t)2 * CONFIG_MAX_GROUP; i++) {
            const char *name = config_setting_name(config_setting_get_elem(groups[k], (unsigned)i));
            if (name != NULL) names[n++] = name;
        }
    }
    names[n] = NULL;
    return config_unknown(c->t, NULL, "policy", wrong, names);
}

static int set_policy(const struct change *c, config_setting_t *root)
{
    if (c->n_parts < 3) return check_length(c, 2, "policies.NAME.LEVER=VALUE");
    const config_setting_t *groups[2] = {config_setting_get_member(root, "policies"),
                                         config_setting_get_member(root, "own_policies")};
    for (int k = 0; k < 2; k++) {
        if (groups[k] == NULL || config_setting_type(groups[k]) != CONFIG_TYPE_GROUP) continue;
        config_setting_t *policy = config_setting_get_member(groups[k], c->part[1]);
        if (policy == NULL) continue;
        if (config_setting_type(policy) == CONFIG_TYPE_GROUP) return set_lever(c, policy, 2);
        return config_wrong_type(c->t, policy, c->part[1], "a policy is a group: { LEVER = value; };");
    }
    return unknown_policy(c, groups, c->part[1]);
}

/* The policy of a scenario or a phase: a name, or a lever of a policy written there. */
static int set_rule(const struct change *c, config_setting_t *place, size_t i)
{
    if (c->n_parts == i + 1) return put_string(c, place, "policy");
    config_setting_t *policy = config_setting_get_member(place, "policy");
    if (policy != NULL && config_setting_type(policy) == CONFIG_TYPE_GROUP) return set_lever(c, policy, i + 1);
    return config_fail(c->t, NULL, "the policy is a name here; allowed: policies.NAME.LEVER=VALUE");
}

static int set_phase(const struct change *c, config_setting_t *scenario)
{
    static const char form[] = "scenarios.NAME.phases.NUMBER.day=VALUE, or .policy; numbers count from 0";
    const config_setting_t *phases = config_setting_get_member(scenario, "phases");
    int length = phases != NULL && config_setting_type(phases) == CONFIG_TYPE_LIST ? config_setting_length(phases) : 0;
    if (c->n_parts < 5) return config_fail(c->t, NULL, "this path leads nowhere; allowed: %s", form);
    char *end;
    unsigned long number = strtoul(c->part[3], &end, 10);
    bool digits = c->part[3][0] >= '0' && c->part[3][0] <= '9' && *end == '\0';
    if (!digits || number >= (unsigned long)length) {
        return config_fail(c->t, NULL, "there is no phase number '%.60s', the scenario has %d; allowed: %s", c->part[3],
                           length, form);
    }
    config_setting_t *phase = config_setting_get_elem(phases, (unsigned)number);
    if (config_setting_type(phase) != CONFIG_TYPE_GROUP) return config_wrong_type(c->t, phase, "this phase", "a group");
    if (strcmp(c->part[4], "policy") == 0) return set_rule(c, phase, 4);
    if (strcmp(c->part[4], "day") != 0)
        return config_unknown(c->t, NULL, "key of a phase", c->part[4], config_phase_names);
    if (check_length(c, 4, form) != 0) return -1;
    return put_whole(c, phase, "day", "a whole number from 1, below the horizon");
}

static int set_in_scenario(const struct change *c, config_setting_t *scenario)
{
    if (strcmp(c->part[2], "phases") == 0) return set_phase(c, scenario);
    if (strcmp(c->part[2], "policy") == 0) return set_rule(c, scenario, 2);
    if (strcmp(c->part[2], "name") != 0)
        return config_unknown(c->t, NULL, "key of a scenario", c->part[2], config_scenario_names);
    return check_length(c, 2, "scenarios.NAME.name=VALUE") != 0 ? -1 : put_string(c, scenario, "name");
}

/* A number counts from 0, where no scenario has it as its name. */
static config_setting_t *numbered(const config_setting_t *list, int length, const char *number)
{
    char *end;
    const unsigned long n = strtoul(number, &end, 10);
    if (number[0] < '0' || number[0] > '9' || *end != '\0' || n >= (unsigned long)length) return NULL;
    config_setting_t *scenario = config_setting_get_elem(list, (unsigned)n);
    return config_setting_type(scenario) == CONFIG_TYPE_GROUP ? scenario : NULL;
}

static int set_scenario(const struct change *c, config_setting_t *root)
{
    if (c->n_parts < 3) return check_length(c, 2, "scenarios.NAME.policy=VALUE");
    const config_setting_t *list = config_setting_get_member(root, "scenarios");
    int length = list != NULL && config_setting_type(list) == CONFIG_TYPE_LIST ? config_setting_length(list) : 0;
    const char **names = calloc((size_t)length + 1, sizeof *names);
    if (names == NULL) return no_memory(c);
    config_setting_t *found = NULL;
    for (int i = 0, n = 0; i < length && found == NULL; i++) {
        config_setting_t *scenario = config_setting_get_elem(list, (unsigned)i);
        const char *name = NULL;
        if (config_setting_type(scenario) != CONFIG_TYPE_GROUP) continue;
        if (config_setting_lookup_string(scenario, "name", &name) != CONFIG_TRUE) continue;
        names[n++] = name;
        if (strcmp(name, c->part[1]) == 0) found = scenario;
    }
    if (found == NULL) found = numbered(list, length, c->part[1]);
    int status = found != NULL ? set_in_scenario(c, found) : config_unknown(c->t, NULL, "scenario", c->part[1], names);
    free(names);
    return status;
}

/* ---- all of them ---- */

/* "list[3]", as libconfig writes it, is "list.3". */
static int unbracket(const struct change *c, char *path)
{
    char *to = path;
    for (const char *from = path; *from != '\0';) {
        const size_t digits = from[0] == '[' ? strspn(from + 1, "0123456789") : 0;
        if (from[0] == '[' && (digits == 0 || from[1 + digits] != ']' || strchr(".[", from[2 + digits]) == NULL))
            return config_fail(c->t, NULL,
                               "'[' begins no number; allowed: [0], [1], ..., as in scenarios[0].policy=VALUE");
        if (digits == 0) {
            *to++ = *from++;
            continue;
        }
        if (to > path && to[-1] != '.') *to++ = '.';
        memmove(to, from + 1, digits);
        to += digits;
        from += digits + 2;
    }
    *to = '\0';
    return 0;
}

/* Cuts "a.b.c=value" into its parts. */
static int cut(struct change *c, const char *text)
{
    static const char form[] = "PATH=VALUE, as in run.seed=3 or parameters.GROUP.NAME=0.5";
    const char *equals = strchr(text, '=');
    if (equals == NULL) return config_fail(c->t, NULL, "there is no '='; allowed: %s", form);
    if ((size_t)(equals - text) >= sizeof c->path)
        return config_fail(c->t, NULL, "this path is too long; allowed: %s", form);
    snprintf(c->path, sizeof c->path, "%.*s", (int)(equals - text), text);
    c->value = equals + 1;
    if (unbracket(c, c->path) != 0) return -1;
    for (char *part = c->path; part != NULL;) {
        if (c->n_parts == MAX_PARTS) return config_fail(c->t, NULL, "this path leads nowhere; allowed: %s", form);
        c->part[c->n_parts++] = part;
        part = strchr(part, '.');
        if (part != NULL) *part++ = '\0';
    }
    return 0;
}

/* `params` and designs call a parameter GROUP.NAME. */
static int unknown_key(const struct change *c)
{
    const int64_t group = model_group(c->t->model, c->part[0]);
    const struct submodel *submodel = group >= 0 ? c->t->model->schedule[group] : NULL;
    if (submodel == NULL || c->n_parts != 2 || parameter_find(submodel->parameters, c->part[1]) == NULL)
        return config_unknown(c->t, NULL, "key", c->part[0], config_top_names);
    if (submodel->parameters == config_levers(c->t->model))
        return config_fail(c->t, NULL, "levers belong to a policy; allowed: policies.NAME.%.60s=VALUE", c->part[1]);
    return config_fail(c->t, NULL, "there is no key '%.60s'; did you mean 'parameters.%.60s.%.60s'?", c->part[0],
                       c->part[0], c->part[1]);
}

static int apply(struct config_tree *t, const char *text)
{
    struct change c = {.t = t};
    if (cut(&c, text) != 0) return -1;
    config_setting_t *root = config_root_setting(&t->tree);
    if (!is_among(c.part[0], config_top_names)) return unknown_key(&c);
    if (strcmp(c.part[0], "run") == 0) return set_run(&c, root);
    if (strcmp(c.part[0], "parameters") == 0) return set_parameter(&c, root);
    if (strcmp(c.part[0], "scenarios") == 0) return set_scenario(&c, root);
    return set_policy(&c, root);
}

int config_override(struct config_tree *t, const struct config_overrides *overrides)
{
    t->labels = calloc(overrides->n_set + 1, sizeof *t->labels);
    if (t->labels == NULL) return error_memory(t->e, "the overrides", (double)overrides->n_set * sizeof *t->labels);
    for (size_t i = 0; i < overrides->n_set; i++) {
        const char *said = overrides->said != NULL ? overrides->said[i] : NULL;
        char *label = NULL;
        if (asprintf(&label, "%s%.300s", said != NULL ? "" : "--set ", said != NULL ? said : overrides->set[i]) < 0) {
            return error_memory(t->e, "an override", 0);
        }
        t->labels[t->n_labels++] = label;
        t->label = label;
        int status = apply(t, overrides->set[i]);
        t->label = NULL;
        if (status != 0) return -1;
    }
    return 0;
}

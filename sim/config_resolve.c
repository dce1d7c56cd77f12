/* From libconfig's tree to a study: every key known, every value checked, every policy resolved. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config_tree.h"

const char *const config_top_names[] = {"run", "parameters", "policies", "own_policies", "scenarios", NULL};
const char *const config_run_names[] = {"name",         "seed",          "replicates", "burn_in", "horizon",
                                        "record_every", "record_before", "output",     "metrics", "baseline", NULL};
const char *const config_scenario_names[] = {"name", "policy", "phases", NULL};
const char *const config_phase_names[] = {"day", "policy", NULL};

static const char default_baseline[] = "status_quo";

/* ---- values ---- */

static const char *type_name(const config_setting_t *setting)
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
    case CONFIG_TYPE_FLOAT: return "a number";
    case CONFIG_TYPE_STRING: return "a string";
    case CONFIG_TYPE_BOOL: return "true or false";
    case CONFIG_TYPE_GROUP: return "a group";
    case CONFIG_TYPE_LIST: return "a list";
    case CONFIG_TYPE_ARRAY: return "an array";
    default: return "nothing";
    }
}

int config_wrong_type(struct config_tree *t, const config_setting_t *setting, const char *name, const char *allowed)
{
    return config_fail(t, setting, "%s is %s; allowed: %s", name, type_name(setting), allowed);
}

static bool is_whole(const config_setting_t *setting)
{
    return config_setting_type(setting) == CONFIG_TYPE_INT || config_setting_type(setting) == CONFIG_TYPE_INT64;
}

static bool is_type(const config_setting_t *setting, int type) { return config_setting_type(setting) == type; }

static double number_of(const config_setting_t *setting)
{
    return is_type(setting, CONFIG_TYPE_FLOAT) ? config_setting_get_float(setting)
                                               : (double)config_setting_get_int64(setting);
}

static int wrong_value(struct config_tree *t, const config_setting_t *setting, const struct parameter *row)
{
    char allowed[400];
    parameter_allowed(row, allowed, sizeof allowed);
    if (row->type == FIELD_whole && is_type(setting, CONFIG_TYPE_FLOAT)) {
        double number = config_setting_get_float(setting);
        return config_fail(t, setting, "%s = %.10g%s is not a whole number; allowed: %s", row->name, number,
                           number == floor(number) && fabs(number) < 1e10 ? ".0" : "", allowed);
    }
    if (row->type == FIELD_choice && is_type(setting, CONFIG_TYPE_STRING)) {
        return config_fail(t, setting, "%s = \"%.100s\" is not known; allowed: %s", row->name,
                           config_setting_get_string(setting), allowed);
    }
    return config_wrong_type(t, setting, row->name, allowed);
}

/* The value of a setting as the row's type; ranges are checked by parameter_store. */
static int value_of(struct config_tree *t, const config_setting_t *setting, const struct parameter *row, double *value)
{
    bool right = false;
    switch (row->type) {
    case FIELD_whole: right = is_whole(setting); break;
    case FIELD_real: right = is_whole(setting) || is_type(setting, CONFIG_TYPE_FLOAT); break;
    case FIELD_flag:
        if (!is_type(setting, CONFIG_TYPE_BOOL)) break;
        *value = config_setting_get_bool(setting);
        return 0;
    case FIELD_choice:
        if (!is_type(setting, CONFIG_TYPE_STRING)) break;
        *value = parameter_choice(row, config_setting_get_string(setting));
        if (*value >= 0) return 0;
        break;
    }
    if (!right) return wrong_value(t, setting, row);
    *value = number_of(setting);
    return 0;
}

/* Stores a setting into a struct by its row. */
int config_store(struct config_tree *t, const config_setting_t *setting, const struct parameter *row, void *block)
{
    double value = 0;
    struct error cause = {0};
    if (value_of(t, setting, row, &value) != 0) return -1;
    if (parameter_store(row, block, value, NULL, &cause) != 0) return config_hand_on(t, setting, &cause);
    return 0;
}

void *config_block(const struct study *s, uint32_t policy, int64_t group)
{
    const struct parameter_set *values = &s->policies[policy].values;
    return values->block + ((const unsigned char *)values->group[group] - values->block);
}

int config_check_names(struct config_tree *t, const config_setting_t *group, const char *what, const char *const *names)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
        size_t k = 0;
        while (names[k] != NULL && strcmp(names[k], config_setting_name(member)) != 0) k++;
        if (names[k] == NULL) return config_unknown(t, member, what, config_setting_name(member), names);
    }
    return 0;
}

/* ---- run ---- */

int config_name(struct config_tree *t, const config_setting_t *setting, const char *what, const char **name)
{
    if (!is_type(setting, CONFIG_TYPE_STRING)) return config_wrong_type(t, setting, what, "a name in quotes");
    *name = config_setting_get_string(setting);
    return 0;
}

static int read_seed(struct config_tree *t, const config_setting_t *setting)
{
    static const char allowed[] =
        "a whole number from 0 to 18446744073709551615, from 2147483648 on in quotes or with an L";
    if (is_whole(setting)) {
        long long value = config_setting_get_int64(setting);
        if (value < 0) return config_fail(t, setting, "seed = %lld is out of range; allowed: %s", value, allowed);
        t->study->seed = (uint64_t)value;
        return 0;
    }
    if (is_type(setting, CONFIG_TYPE_FLOAT))
        return config_fail(t, setting, "seed is not a whole number; allowed: %s", allowed);
    if (!is_type(setting, CONFIG_TYPE_STRING)) return config_wrong_type(t, setting, "seed", allowed);
    const char *digits = config_setting_get_string(setting);
    errno = 0;
    unsigned long long value = strtoull(digits, NULL, 10);
    if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits) || errno != 0) {
        return config_fail(t, setting, "seed = \"%.60s\" is no seed; allowed: %s", digits, allowed);
    }
    t->study->seed = value;
    return 0;
}

/* At the place of the name itself where it stands alone. */
static int choose_metric(struct config_tree *t, const config_setting_t *at, const char *name)
{
    struct error cause = {0};
    return study_choose_metric(t->study, name, &cause) == 0 ? 0 : config_hand_on(t, at, &cause);
}

/* Names with commas between them and blanks around. */
static int read_metric_names(struct config_tree *t, const config_setting_t *setting)
{
    static const char blanks[] = " \t\n";
    const char *at = config_setting_get_string(setting);
    if (strcmp(at, "all") == 0) return 0;
    for (bool more = true; more;) {
        char name[STUDY_NAME * 2];
        const char *end = strchrnul(at, ',');
        at += strspn(at, blanks);
        size_t length = end > at ? (size_t)(end - at) : 0;
        while (length > 0 && strchr(blanks, at[length - 1]) != NULL) length--;
        snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name), length > 0 ? at : "");
        if (choose_metric(t, setting, name) != 0) return -1;
        more = *end != '\0';
        at = end + more;
    }
    return 0;
}

static int read_metrics(struct config_tree *t, const config_setting_t *setting)
{
    static const char allowed[] = "(\"NAME\", \"NAME\"), \"NAME,NAME\" or \"all\"";
    if (is_type(setting, CONFIG_TYPE_STRING)) return read_metric_names(t, setting);
    if (!is_type(setting, CONFIG_TYPE_LIST) && !is_type(setting, CONFIG_TYPE_ARRAY))
        return config_wrong_type(t, setting, "metrics", allowed);
    if (config_setting_length(setting) == 0) return config_fail(t, setting, "metrics names none; allowed: %s", allowed);
    for (int i = 0; i < config_setting_length(setting); i++) {
        const config_setting_t *member = config_setting_get_elem(setting, (unsigned)i);
        if (!is_type(member, CONFIG_TYPE_STRING)) return config_wrong_type(t, member, "one of the metrics", "a name in quotes");
        if (choose_metric(t, member, config_setting_get_string(member)) != 0) return -1;
    }
    return 0;
}

static int read_run(struct config_tree *t, const config_setting_t *run)
{
    if (run == NULL) return 0;
    if (!is_type(run, CONFIG_TYPE_GROUP)) return config_wrong_type(t, run, "run", "a group: run = { ... };");
    if (config_check_names(t, run, "setting of run", config_run_names) != 0) return -1;
    struct study *s = t->study;
    for (int i = 0; i < config_setting_length(run); i++) {
        const config_setting_t *setting = config_setting_get_elem(run, (unsigned)i);
        const char *key = config_setting_name(setting);
        const struct parameter *row = parameter_find(study_settings, key);
        const char *name = "";
        if (row != NULL) {
            if (config_store(t, setting, row, s) != 0) return -1;
        } else if (strcmp(key, "seed") == 0) {
            if (read_seed(t, setting) != 0) return -1;
        } else if (strcmp(key, "metrics") == 0) {
            if (read_metrics(t, setting) != 0) return -1;
        } else if (strcmp(key, "name") == 0) {
            struct error cause = {0};
            if (config_name(t, setting, "name", &name) != 0) return -1;
            if (study_check_name("run's name", name, &cause) != 0) return config_hand_on(t, setting, &cause);
            snprintf(s->name, sizeof s->name, "%s", name);
        }
    }
    return 0;
}

/* Also when there is no `run`: the default of record_before gives way to a short burn-in. */
static int finish_run(struct config_tree *t, const config_setting_t *run)
{
    struct study *s = t->study;
    bool said = run != NULL && config_setting_get_member(run, "record_before") != NULL;
    if (!said && s->record_before > s->calendar.burn_in) s->record_before = s->calendar.burn_in;
    struct error cause = {0};
    if (study_check_settings(s, &cause) == 0) return 0;
    bool before = said && s->record_before > s->calendar.burn_in;
    return config_hand_on(t, before ? config_setting_get_member(run, "record_before") : run, &cause);
}

/* The baseline needs the policies, so it is read after them. */
static int read_baseline(struct config_tree *t, const config_setting_t *run)
{
    const config_setting_t *setting = run != NULL ? config_setting_get_member(run, "baseline") : NULL;
    const char *name = default_baseline;
    if (setting != NULL && config_name(t, setting, "baseline", &name) != 0) return -1;
    int64_t policy = study_find_policy(t->study, name);
    if (policy < 0 && setting == NULL) {
        return config_fail(t, NULL,
                           "there is no policy '%s' to rule the burn-in; allowed: declare it in policies, or name "
                           "another in run.baseline",
                           name);
    }
    if (policy < 0) return config_unknown_policy(t, setting, name);
    t->study->baseline = (uint32_t)policy;
    return 0;
}

/* ---- parameters ---- */

static int read_group(struct config_tree *t, const config_setting_t *group)
{
    const char *name = config_setting_name(group);
    int64_t index = model_group(t->model, name);
    bool is_policy = t->model->policy != NULL && strcmp(name, t->model->policy) == 0;
    if (is_policy) {
        return config_fail(
            t, group, "the group %s holds levers; allowed: in a policy, policies : { NAME : { LEVER = value; }; };",
            name);
    }
    if (index < 0 || parameter_count(t->model->schedule[index]->parameters) == 0)
        return config_unknown_group(t, group, name);
    if (!is_type(group, CONFIG_TYPE_GROUP)) return config_wrong_type(t, group, name, "a group: { NAME = value; };");
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const char *key = config_setting_name(setting);
        const struct parameter *row = parameter_find(t->model->schedule[index]->parameters, key);
        if (row == NULL) return config_unknown_parameter(t, setting, index, key);
        double value = 0;
        struct error cause = {0};
        if (value_of(t, setting, row, &value) != 0) return -1;
        for (uint32_t policy = 0; policy < t->study->n_policies; policy++) {
            if (parameter_store(row, config_block(t->study, policy, index), value, NULL, &cause) != 0)
                return config_hand_on(t, setting, &cause);
        }
    }
    return 0;
}

static int read_parameters(struct config_tree *t, const config_setting_t *parameters)
{
    if (parameters == NULL) return 0;
    if (!is_type(parameters, CONFIG_TYPE_GROUP)) {
        return config_wrong_type(t, parameters, "parameters", "a group: parameters : { GROUP : { NAME = value; }; };");
    }
    for (int i = 0; i < config_setting_length(parameters); i++) {
        if (read_group(t, config_setting_get_elem(parameters, (unsigned)i)) != 0) return -1;
    }
    return 0;
}

/* ---- all of it ---- */

/* Parameters go into every policy before levers are inherited, so policies and scenarios are declared first. */
int config_resolve(struct config_tree *t)
{
    const config_setting_t *root = config_root_setting(&t->tree);
    const config_setting_t *run = config_setting_get_member(root, "run");
    if (config_check_names(t, root, "key", config_top_names) != 0) return -1;
    if (read_run(t, run) != 0 || finish_run(t, run) != 0) return -1;
    if (config_declare_policies(t, config_setting_get_member(root, "policies")) != 0) return -1;
    if (config_declare_policies(t, config_setting_get_member(root, "own_policies")) != 0) return -1;
    if (config_read_scenarios(t, config_setting_get_member(root, "scenarios")) != 0) return -1;
    if (read_baseline(t, run) != 0) return -1;
    if (read_parameters(t, config_setting_get_member(root, "parameters")) != 0) return -1;
    return config_resolve_policies(t);
}

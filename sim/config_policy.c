/* Policies and scenarios of a file: who declares them, who inherits from whom, which rules when. */
#include <stdlib.h>
#include <string.h>

#include "sim/config_tree.h"

/* ---- policies ---- */

static int declare(struct config_tree *t, const config_setting_t *group, const char *name)
{
    struct study *s = t->study;
    struct error cause = {0};
    if (study_add_policy(s, name, -1, &cause) != 0) return config_hand_on(t, group, &cause);
    const config_setting_t **declared = realloc(t->declared, s->n_policies * sizeof *declared);
    if (declared == NULL) return error_memory(t->e, "the policies", (double)s->n_policies * sizeof *declared);
    t->declared = declared;
    declared[s->n_policies - 1] = group;
    return 0;
}

int config_declare_policies(struct config_tree *t, const config_setting_t *policies)
{
    if (policies == NULL) return 0;
    const char *name = config_setting_name(policies);
    if (config_setting_type(policies) != CONFIG_TYPE_GROUP) {
        return config_wrong_type(t, policies, name, "a group: policies : { NAME : { LEVER = value; }; };");
    }
    for (int i = 0; i < config_setting_length(policies); i++) {
        const config_setting_t *group = config_setting_get_elem(policies, (unsigned)i);
        if (config_setting_type(group) != CONFIG_TYPE_GROUP) {
            return config_wrong_type(t, group, config_setting_name(group), "a policy is a group: { LEVER = value; };");
        }
        if (declare(t, group, config_setting_name(group)) != 0) return -1;
    }
    return 0;
}

/* A policy written within a scenario gets a name of its own in the study. */
static int declare_inline(struct config_tree *t, const config_setting_t *group, const char *scenario, int32_t day)
{
    char name[STUDY_NAME + 32];
    if (day == 0) {
        snprintf(name, sizeof name, "policy_of_%s", scenario);
    } else {
        snprintf(name, sizeof name, "policy_of_%s_%d", scenario, day);
    }
    for (int i = 1; strlen(name) >= STUDY_NAME || study_find_policy(t->study, name) >= 0; i++) {
        snprintf(name, sizeof name, "policy_within_%d", i);
    }
    return declare(t, group, name);
}

/* ---- inheritance ---- */

enum mark { UNSEEN, OPEN, DONE };

/* The circle is told from the policy that the command line changed, if it changed one. */
static uint32_t begin_circle(const struct config_tree *t, uint32_t policy, const uint32_t *parent)
{
    uint32_t i = policy;
    do {
        if (config_setting_get_hook(config_setting_get_member(t->declared[i], "inherits")) != NULL) return i;
        i = parent[i];
    } while (i != policy);
    return policy;
}

static int circular(struct config_tree *t, uint32_t policy, const uint32_t *parent)
{
    char chain[600];
    policy = begin_circle(t, policy, parent);
    size_t used = (size_t)snprintf(chain, sizeof chain, "%s", t->study->policies[policy].name);
    uint32_t i = policy;
    do {
        i = parent[i];
        used += (size_t)snprintf(chain + used, sizeof chain - used, " inherits %s", t->study->policies[i].name);
    } while (i != policy && used < sizeof chain - STUDY_NAME - 16);
    const config_setting_t *at = config_setting_get_member(t->declared[policy], "inherits");
    return config_fail(t, at, "policies inherit from each other: %s%s", chain, i != policy ? " ..." : "");
}

static int find_parent(struct config_tree *t, uint32_t policy, uint32_t *parent)
{
    const config_setting_t *inherits = config_setting_get_member(t->declared[policy], "inherits");
    const char *name = NULL;
    *parent = UINT32_MAX;
    if (inherits == NULL) return 0;
    if (config_name(t, inherits, "inherits", &name) != 0) return -1;
    int64_t found = study_find_policy(t->study, name);
    if (found < 0) return config_unknown_policy(t, inherits, name);
    *parent = (uint32_t)found;
    return 0;
}

static int apply_levers(struct config_tree *t, uint32_t policy, int64_t group)
{
    const config_setting_t *declared = t->declared[policy];
    for (int i = 0; i < config_setting_length(declared); i++) {
        const config_setting_t *setting = config_setting_get_elem(declared, (unsigned)i);
        const char *key = config_setting_name(setting);
        if (strcmp(key, "inherits") == 0) continue;
        const struct parameter *row = parameter_find(config_levers(t->model), key);
        if (row == NULL) return config_unknown_lever(t, setting, key);
        if (config_store(t, setting, row, config_block(t->study, policy, group)) != 0) return -1;
    }
    return 0;
}

/* Walks up to the first resolved ancestor and back down, without recursion: a chain may be as long as a file. */
static int resolve_chain(struct config_tree *t, uint32_t policy, const uint32_t *parent, enum mark *marks,
                         uint32_t *chain)
{
    int64_t group = t->model->policy != NULL ? model_group(t->model, t->model->policy) : -1;
    uint32_t n = 0;
    for (uint32_t i = policy; i != UINT32_MAX && marks[i] != DONE; i = parent[i]) {
        if (marks[i] == OPEN) return circular(t, i, parent);
        marks[i] = OPEN;
        chain[n++] = i;
    }
    while (n > 0) {
        uint32_t i = chain[--n];
        struct study *s = t->study;
        if (parent[i] != UINT32_MAX) {
            memcpy(s->policies[i].values.block, s->policies[parent[i]].values.block, s->policies[i].values.size);
        }
        if (apply_levers(t, i, group) != 0) return -1;
        marks[i] = DONE;
    }
    return 0;
}

int config_resolve_policies(struct config_tree *t)
{
    uint32_t n = t->study->n_policies;
    uint32_t *parent = calloc(n + 1, sizeof *parent), *chain = calloc(n + 1, sizeof *chain);
    enum mark *marks = calloc(n + 1, sizeof *marks);
    int status = parent == NULL || chain == NULL || marks == NULL ? error_memory(t->e, "the policies", n * 12.0) : 0;
    for (uint32_t i = 0; status == 0 && i < n; i++) status = find_parent(t, i, &parent[i]);
    for (uint32_t i = 0; status == 0 && i < n; i++) status = resolve_chain(t, i, parent, marks, chain);
    for (uint32_t i = 0; status == 0 && i < n; i++) {
        struct error cause = {0};
        if (study_check_policy(t->study, i, &cause) != 0) status = config_hand_on(t, t->declared[i], &cause);
    }
    free(marks);
    free(chain);
    free(parent);
    return status;
}

/* ---- scenarios ---- */

/* The policy a scenario or phase names or holds. */
static int read_policy(struct config_tree *t, const config_setting_t *group, const char *scenario, int32_t day,
                       uint32_t *policy)
{
    const config_setting_t *setting = config_setting_get_member(group, "policy");
    if (setting == NULL)
        return config_fail(t, group, "the policy is missing; allowed: policy = \"NAME\"; or policy : { ... };");
    if (config_setting_type(setting) == CONFIG_TYPE_GROUP) {
        *policy = t->study->n_policies;
        return declare_inline(t, setting, scenario, day);
    }
    const char *name = NULL;
    if (config_name(t, setting, "policy", &name) != 0) return -1;
    int64_t found = study_find_policy(t->study, name);
    if (found < 0) return config_unknown_policy(t, setting, name);
    *policy = (uint32_t)found;
    return 0;
}

static int add_phase(struct config_tree *t, const config_setting_t *at, int32_t day, uint32_t policy)
{
    struct error cause = {0};
    if (study_add_phase(t->study, t->study->n_scenarios - 1, day, policy, &cause) != 0)
        return config_hand_on(t, at, &cause);
    return 0;
}

static int read_phase(struct config_tree *t, const config_setting_t *phase)
{
    const struct study *s = t->study;
    const struct scenario *scenario = &s->scenarios[s->n_scenarios - 1];
    if (config_setting_type(phase) != CONFIG_TYPE_GROUP) {
        return config_wrong_type(t, phase, "this phase", "a group: { day = 365; policy = \"NAME\"; }");
    }
    if (config_check_names(t, phase, "key of a phase", config_phase_names) != 0) return -1;
    const config_setting_t *setting = config_setting_get_member(phase, "day");
    if (setting == NULL) return config_fail(t, phase, "the day is missing; allowed: day = 365;");
    const struct parameter row = {
        .name = "day", .unit = "day", .minimum = 1, .maximum = STUDY_MAX_DAYS, .type = FIELD_whole};
    int32_t day = 0, before = scenario->phases[scenario->n_phases - 1].day;
    if (config_store(t, setting, &row, &day) != 0) return -1;
    if (day >= s->calendar.horizon) {
        return config_fail(t, setting, "day = %d is beyond the end; allowed: below horizon = %d", day,
                           s->calendar.horizon);
    }
    if (day <= before) return config_fail(t, setting, "day = %d follows day %d; allowed: rising days", day, before);
    uint32_t policy = 0;
    if (read_policy(t, phase, scenario->name, day, &policy) != 0) return -1;
    return add_phase(t, phase, day, policy);
}

static int read_scenario(struct config_tree *t, const config_setting_t *group)
{
    if (config_setting_type(group) != CONFIG_TYPE_GROUP) {
        return config_wrong_type(t, group, "this scenario", "a group: { name = \"NAME\"; policy = \"NAME\"; }");
    }
    if (config_check_names(t, group, "key of a scenario", config_scenario_names) != 0) return -1;
    const config_setting_t *setting = config_setting_get_member(group, "name");
    const char *name = NULL;
    struct error cause = {0};
    if (setting == NULL) return config_fail(t, group, "the scenario's name is missing; allowed: name = \"NAME\";");
    if (config_name(t, setting, "name", &name) != 0) return -1;
    if (study_add_scenario(t->study, name, &cause) != 0) return config_hand_on(t, setting, &cause);
    uint32_t policy = 0;
    if (read_policy(t, group, name, 0, &policy) != 0 || add_phase(t, group, 0, policy) != 0) return -1;
    const config_setting_t *phases = config_setting_get_member(group, "phases");
    if (phases == NULL) return 0;
    if (config_setting_type(phases) != CONFIG_TYPE_LIST) {
        return config_wrong_type(t, phases, "phases", "a list: phases = ( { day = 365; policy = \"NAME\"; } );");
    }
    for (int i = 0; i < config_setting_length(phases); i++) {
        if (read_phase(t, config_setting_get_elem(phases, (unsigned)i)) != 0) return -1;
    }
    return 0;
}

int config_read_scenarios(struct config_tree *t, const config_setting_t *scenarios)
{
    static const char form[] = "a list: scenarios = ( { name = \"NAME\"; policy = \"NAME\"; } );";
    if (scenarios == NULL) return config_fail(t, NULL, "there are no scenarios; allowed: %s", form);
    if (config_setting_type(scenarios) != CONFIG_TYPE_LIST) return config_wrong_type(t, scenarios, "scenarios", form);
    if (config_setting_length(scenarios) == 0)
        return config_fail(t, scenarios, "the list of scenarios is empty; allowed: %s", form);
    for (int i = 0; i < config_setting_length(scenarios); i++) {
        if (read_scenario(t, config_setting_get_elem(scenarios, (unsigned)i)) != 0) return -1;
    }
    return 0;
}

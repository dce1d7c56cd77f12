/* Studies: building one piece by piece, and checking that it can be run. */
#include "sim/study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { ALIGNMENT = 16 }; /* of a group's struct within its block */

#define SETTING(name_, member_, initial_, minimum_, maximum_, unit_, meaning_)                                         \
    {                                                                                                                  \
        .name = name_, .unit = unit_, .meaning = meaning_, .source = "choice of the user", .initial = initial_,        \
        .minimum = minimum_, .maximum = maximum_, .offset = offsetof(struct study, member_), .type = FIELD_whole,      \
        .role = ROLE_structural                                                                                        \
    }

const struct parameter study_settings[] = {
    SETTING("replicates", replicates, 200, 1, STUDY_MAX_REPLICATES, "1", "independent repetitions of every scenario"),
    SETTING("burn_in", calendar.burn_in, 1825, 0, STUDY_MAX_DAYS, "day",
            "days under the baseline before the policies start"),
    SETTING("horizon", calendar.horizon, 1095, 1, STUDY_MAX_DAYS, "day", "days simulated after the policies start"),
    SETTING("record_every", record_every, 30, 1, STUDY_MAX_DAYS, "day", "days between two records"),
    SETTING("record_before", record_before, 360, 0, STUDY_MAX_DAYS, "day",
            "days of burn-in on record, at most burn_in; where a file does not say it, the shorter of the default and "
            "burn_in"),
    {.name = "output", .unit = STUDY_OUTPUTS, .source = "choice of the user", .initial = OUTPUT_all, .maximum = OUTPUT_summary,
     .offset = offsetof(struct study, output), .type = FIELD_choice, .role = ROLE_structural,
     .meaning = "what the file holds: every replicate's series and summary, quantiles over replicates, or every replicate's "
                "summary alone"},
    {0},
};

int64_t model_group(const struct model *model, const char *group)
{
    for (int64_t i = 0; model->schedule[i] != NULL; i++) {
        if (strcmp(model->schedule[i]->name, group) == 0) return i;
    }
    return -1;
}

static size_t groups_in(const struct model *model)
{
    size_t n = 0;
    while (model->schedule[n] != NULL) n++;
    return n;
}

/* ---- values ---- */

static size_t aligned(size_t size) { return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

static int values_create(struct parameter_set *values, const struct model *model, const struct parameter_set *from,
                         struct error *e)
{
    size_t n = groups_in(model), size = ALIGNMENT;
    for (size_t i = 0; i < n; i++) size += aligned(model->schedule[i]->parameters_size);
    unsigned char *block = calloc(1, size);
    const void **group = calloc(n + 1, sizeof *group);
    if (block == NULL || group == NULL) {
        free(block);
        free(group);
        return error_memory(e, "a policy", (double)size);
    }
    *values = (struct parameter_set){.block = block, .group = group, .size = size};
    size_t offset = 0;
    for (size_t i = 0; i < n; i++) {
        const struct submodel *submodel = model->schedule[i];
        if (submodel->parameters == NULL || submodel->parameters_size == 0) continue;
        values->group[i] = values->block + offset;
        parameter_defaults(submodel->parameters, values->block + offset);
        offset += aligned(submodel->parameters_size);
    }
    if (from != NULL) memcpy(values->block, from->block, size);
    return 0;
}

/* ---- building ---- */

void study_init(struct study *s, const struct model *model)
{
    *s = (struct study){.model = model, .name = "study", .seed = 2012};
    parameter_defaults(study_settings, s);
}

void study_free(struct study *s)
{
    for (uint32_t i = 0; i < s->n_policies; i++) {
        free(s->policies[i].values.block);
        free(s->policies[i].values.group);
    }
    for (uint32_t i = 0; i < s->n_scenarios; i++) free(s->scenarios[i].phases);
    free(s->policies);
    free(s->scenarios);
    free(s->chosen);
    *s = (struct study){.model = s->model};
}

int study_check_name(const char *what, const char *name, struct error *e)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t length = strlen(name);
    bool good = length > 0 && length < STUDY_NAME && strspn(name, letters) == length;
    if (good && name[0] != '-') return 0; /* a name with - in front looks like an option, or a formula to a spreadsheet */
    return error_set(e, ERROR_INPUT, "the %s '%.*s' is not a name; allowed: 1 to %d characters of a-z A-Z 0-9 _ -%s", what,
                     STUDY_NAME - 1, name, STUDY_NAME - 1, good ? ", no - in front" : "");
}

int study_check_policy_name(const char *name, struct error *e)
{
    if (study_check_name("policy", name, e) != 0) return -1;
    bool letter = (name[0] | 32) >= 'a' && (name[0] | 32) <= 'z';
    if (letter && strcasecmp(name, "true") != 0 && strcasecmp(name, "false") != 0) return 0;
    return error_set(e, ERROR_INPUT, "a policy cannot be called '%s'; allowed: a letter first, neither true nor false",
                     name);
}

/* Room for one more element: arrays grow to the next power of two. NULL: no memory, the old array stands. */
static void *grown(void *array, uint32_t n, size_t size)
{
    if (n != 0 && (n & (n - 1)) != 0) return array;
    return realloc(array, (n == 0 ? 1 : 2 * (size_t)n) * size);
}

int study_add_policy(struct study *s, const char *name, int64_t from, struct error *e)
{
    if (study_check_policy_name(name, e) != 0) return -1;
    if (study_find_policy(s, name) >= 0) {
        return error_set(e, ERROR_INPUT, "there are two policies called '%s'; names must differ", name);
    }
    if (from >= s->n_policies)
        return error_set(e, ERROR_INPUT, "policy '%s' copies a policy that does not exist", name);
    struct policy *policies = grown(s->policies, s->n_policies, sizeof *policies);
    if (policies == NULL) return error_memory(e, "the policies", (double)s->n_policies * 2 * sizeof *policies);
    s->policies = policies;
    struct policy policy = {0};
    snprintf(policy.name, sizeof policy.name, "%s", name);
    if (values_create(&policy.values, s->model, from >= 0 ? &policies[from].values : NULL, e) != 0) return -1;
    policies[s->n_policies++] = policy;
    return 0;
}

int study_add_scenario(struct study *s, const char *name, struct error *e)
{
    if (study_check_name("scenario", name, e) != 0) return -1;
    for (uint32_t i = 0; i < s->n_scenarios; i++) {
        if (strcmp(s->scenarios[i].name, name) == 0) {
            return error_set(e, ERROR_INPUT, "there are two scenarios called '%s'; names must differ", name);
        }
    }
    if (s->n_scenarios >= STUDY_MAX_SCENARIOS) {
        return error_set(e, ERROR_INPUT, "too many scenarios; allowed: at most %d", STUDY_MAX_SCENARIOS);
    }
    struct scenario *scenarios = grown(s->scenarios, s->n_scenarios, sizeof *scenarios);
    if (scenarios == NULL) return error_memory(e, "the scenarios", (double)s->n_scenarios * 2 * sizeof *scenarios);
    s->scenarios = scenarios;
    struct scenario *scenario = &scenarios[s->n_scenarios++];
    *scenario = (struct scenario){0};
    snprintf(scenario->name, sizeof scenario->name, "%s", name);
    return 0;
}

int study_add_phase(struct study *s, uint32_t scenario, int32_t day, uint32_t policy, struct error *e)
{
    if (scenario >= s->n_scenarios) return error_set(e, ERROR_INPUT, "a phase of a scenario that does not exist");
    struct scenario *place = &s->scenarios[scenario];
    struct phase *phases = grown(place->phases, place->n_phases, sizeof *phases);
    if (phases == NULL) return error_memory(e, "the phases", (double)place->n_phases * 2 * sizeof *phases);
    place->phases = phases;
    phases[place->n_phases++] = (struct phase){.day = day, .policy = policy};
    return 0;
}

static int chosen_create(struct study *s, struct error *e)
{
    const size_t n = model_metrics(s->model, NULL) + 1;
    s->chosen = calloc(n, sizeof *s->chosen);
    return s->chosen != NULL ? 0 : error_memory(e, "the choice of metrics", (double)n);
}

static int unknown_metric(const struct metric_entry *entries, size_t n, const char *name, struct error *e)
{
    const char **names = calloc(n + 1, sizeof *names);
    if (names == NULL) return error_memory(e, "a list of names", (double)n * sizeof *names);
    for (size_t m = 0; m < n; m++) names[m] = entries[m].metric->name;
    const char *near = field_nearest(name, names);
    free(names);
    if (near != NULL) return error_set(e, ERROR_INPUT, "there is no metric '%.100s'; did you mean '%s'?", name, near);
    return error_set(e, ERROR_INPUT, "there is no metric '%.100s'; allowed: those that 'enforcesim metrics' lists", name);
}

int study_choose_metric(struct study *s, const char *name, struct error *e)
{
    const size_t n = model_metrics(s->model, NULL);
    struct metric_entry *entries = calloc(n + 1, sizeof *entries);
    if (entries == NULL) return error_memory(e, "the metrics", (double)n * sizeof *entries);
    model_metrics(s->model, entries);
    size_t m = 0;
    int status = 0;
    while (m < n && strcmp(entries[m].metric->name, name) != 0) m++;
    if (m == n) status = unknown_metric(entries, n, name, e);
    else if (s->chosen == NULL) status = chosen_create(s, e);
    else if (s->chosen[m]) status = error_set(e, ERROR_INPUT, "the metric '%s' is named twice; allowed: each once", name);
    if (status == 0) s->chosen[m] = true;
    free(entries);
    return status;
}

int64_t study_find_policy(const struct study *s, const char *name)
{
    for (uint32_t i = 0; i < s->n_policies; i++) {
        if (strcmp(s->policies[i].name, name) == 0) return i;
    }
    return -1;
}

/* ---- parameters by path ---- */

static int unknown_group(const struct model *model, const char *group, struct error *e)
{
    const char **names = calloc(groups_in(model) + 1, sizeof *names);
    if (names == NULL) return error_memory(e, "a list of names", 0);
    size_t n = 0;
    for (size_t i = 0; model->schedule[i] != NULL; i++) {
        if (parameter_count(model->schedule[i]->parameters) > 0) names[n++] = model->schedule[i]->name;
    }
    int status = field_unknown("group of parameters", group, names, e);
    free(names);
    return status;
}

static int unknown_parameter(const struct submodel *submodel, const char *name, struct error *e)
{
    size_t n = parameter_count(submodel->parameters);
    const char **names = calloc(n + 1, sizeof *names);
    if (names == NULL) return error_memory(e, "a list of names", 0);
    for (size_t i = 0; i < n; i++) names[i] = submodel->parameters[i].name;
    char what[STUDY_NAME * 2];
    snprintf(what, sizeof what, "parameter of %s", submodel->name);
    int status = field_unknown(what, name, names, e);
    free(names);
    return status;
}

const struct parameter *study_parameter(const struct model *model, const char *path, int64_t *group, struct error *e)
{
    char name[STUDY_NAME];
    const char *dot = strchr(path, '.');
    if (dot == NULL || (size_t)(dot - path) >= sizeof name) {
        error_set(e, ERROR_INPUT, "'%.100s' is not a parameter; allowed: GROUP.NAME", path);
        return NULL;
    }
    snprintf(name, sizeof name, "%.*s", (int)(dot - path), path);
    *group = model_group(model, name);
    if (*group < 0) {
        unknown_group(model, name, e);
        return NULL;
    }
    const struct submodel *submodel = model->schedule[*group];
    const struct parameter *row = parameter_find(submodel->parameters, dot + 1);
    if (row == NULL) unknown_parameter(submodel, dot + 1, e);
    return row;
}

int study_set(struct study *s, int64_t policy, const char *path, double value, struct error *e)
{
    int64_t group = 0;
    const struct parameter *row = study_parameter(s->model, path, &group, e);
    if (row == NULL) return -1;
    if (s->n_policies == 0 || policy >= s->n_policies) {
        return error_set(e, ERROR_INPUT, "%s: there is no such policy to set it in", path);
    }
    uint32_t first = policy < 0 ? 0 : (uint32_t)policy, last = policy < 0 ? s->n_policies - 1 : (uint32_t)policy;
    for (uint32_t i = first; i <= last; i++) {
        unsigned char *block = s->policies[i].values.block;
        size_t offset = (size_t)((const unsigned char *)s->policies[i].values.group[group] - block);
        if (parameter_store(row, block + offset, value, s->model->schedule[group]->name, e) != 0) return -1;
    }
    return 0;
}

/* ---- checking ---- */

int study_check_settings(const struct study *s, struct error *e)
{
    if (study_check_name("run's name", s->name, e) != 0) return -1;
    for (const struct parameter *row = study_settings; row->name != NULL; row++) {
        struct study scratch = *s;
        if (parameter_store(row, &scratch, parameter_value(row, s), "run", e) != 0) return -1;
    }
    if ((int64_t)s->calendar.burn_in + s->calendar.horizon > STUDY_MAX_DAYS) {
        return error_set(e, ERROR_INPUT, "run: burn_in + horizon = %lld days is too long; allowed: at most %d",
                         (long long)s->calendar.burn_in + s->calendar.horizon, STUDY_MAX_DAYS);
    }
    if (s->record_before > s->calendar.burn_in) {
        return error_set(e, ERROR_INPUT,
                         "run: record_before = %d is longer than the burn-in; allowed: at most burn_in = %d",
                         s->record_before, s->calendar.burn_in);
    }
    return 0;
}

static int check_scenario(const struct study *s, const struct scenario *scenario, struct error *e)
{
    if (study_check_name("scenario", scenario->name, e) != 0) return -1;
    if (scenario->n_phases == 0 || scenario->phases[0].day != 0) {
        return error_set(e, ERROR_INPUT, "scenario '%s' has no policy on day 0", scenario->name);
    }
    for (uint32_t i = 0; i < scenario->n_phases; i++) {
        const struct phase *phase = &scenario->phases[i];
        if (phase->policy >= s->n_policies) {
            return error_set(e, ERROR_INPUT, "scenario '%s': a phase has a policy that does not exist", scenario->name);
        }
        if (i > 0 && phase->day <= scenario->phases[i - 1].day) {
            return error_set(e, ERROR_INPUT, "scenario '%s': phase on day %d follows day %d; allowed: rising days",
                             scenario->name, phase->day, scenario->phases[i - 1].day);
        }
        if (phase->day >= s->calendar.horizon) {
            return error_set(e, ERROR_INPUT,
                             "scenario '%s': phase on day %d is beyond the end; allowed: below horizon = %d",
                             scenario->name, phase->day, s->calendar.horizon);
        }
    }
    return 0;
}

/* Sizes are fixed when a world is made, before any policy rules it. */
static int check_structure(const struct study *s, const struct policy *policy, int64_t group, struct error *e)
{
    const struct submodel *submodel = s->model->schedule[group];
    const struct parameter *row = submodel->parameters;
    for (; row != NULL && row->name != NULL; row++) {
        double value = parameter_value(row, policy->values.group[group]);
        double first = parameter_value(row, s->policies[s->baseline].values.group[group]);
        if (row->role == ROLE_structural && value != first) {
            return error_set(e, ERROR_INPUT, "policy '%s': %s.%s differs from policy '%s'; allowed: one value for all",
                             policy->name, submodel->name, row->name, s->policies[s->baseline].name);
        }
    }
    return 0;
}

int study_check_policy(const struct study *s, uint32_t index, struct error *e)
{
    const struct policy *policy = &s->policies[index];
    if (study_check_policy_name(policy->name, e) != 0) return -1;
    for (int64_t i = 0; s->model->schedule[i] != NULL; i++) {
        const struct submodel *submodel = s->model->schedule[i];
        if (check_structure(s, policy, i, e) != 0) return -1;
        struct error own = {0};
        if (submodel->check == NULL || submodel->check(policy->values.group[i], &own) == 0) continue;
        return error_set(e, own.kind != ERROR_NONE ? own.kind : ERROR_INPUT, "policy '%s': %s: %.900s", policy->name,
                         submodel->name, own.text);
    }
    return 0;
}

/* Bytes of the largest world. */
static double largest_world(const struct study *s)
{
    double world = 0;
    for (uint32_t i = 0; s->model->memory != NULL && i < s->n_policies; i++) {
        double bytes = s->model->memory(s->policies[i].values.group, &s->calendar);
        if (!(bytes <= world)) world = bytes;
    }
    return world;
}

/* Worlds that a thread holds: the burnt-in one, and a copy where more than one scenario follows it. */
static double worlds(const struct study *s) { return s->n_scenarios > 1 ? 2 : 1; }

double study_memory(const struct study *s)
{
    return worlds(s) * largest_world(s) + (double)study_values(s) * sizeof(double);
}

double study_machine_memory(void) { return (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE); }

bool study_fits_whole(const struct study *s, uint32_t threads) { return study_memory(s) * threads <= study_machine_memory(); }

/* The same where only a share of the parts has to be held, of each world. */
static bool fits_shared(const struct study *s)
{
    if (!(s->share > 0) || s->n_policies == 0) return false;
    const double parts = s->model->parts((const void *const *)s->policies[s->baseline].values.group);
    if (parts < 2) return false;
    const double held = fmin(1, ceil(parts * s->share) / parts);
    return worlds(s) * held * largest_world(s) + (double)study_values(s) * sizeof(double) <= study_machine_memory();
}

static void print_bytes(double bytes, char *text, size_t size)
{
    if (bytes < 1e9) {
        snprintf(text, size, "%.1f MB", bytes / 1e6);
    } else {
        snprintf(text, size, "%.1f GB", bytes / 1e9);
    }
}

int study_fits(const struct study *s, uint32_t threads, struct error *e)
{
    const double need = study_memory(s) * threads, have = study_machine_memory();
    if (study_fits_whole(s, threads) || fits_shared(s)) return 0;
    char needed[40], present[40];
    print_bytes(need, needed, sizeof needed);
    print_bytes(have, present, sizeof present);
    return error_set(e, ERROR_INPUT,
                     "this study needs %s of memory on %u thread%s (%s and the results each); allowed: the machine's %s%s",
                     needed, threads, threads == 1 ? "" : "s", worlds(s) > 1 ? "two worlds" : "a world", present, threads > 1 ? ", so use fewer threads" : "");
}

int study_check(const struct study *s, struct error *e)
{
    if (study_check_settings(s, e) != 0) return -1;
    if (s->n_policies == 0) return error_set(e, ERROR_INPUT, "there is no policy; allowed: at least one");
    if (s->baseline >= s->n_policies)
        return error_set(e, ERROR_INPUT, "run: the baseline is a policy that does not exist");
    if (s->n_scenarios == 0)
        return error_set(e, ERROR_INPUT, "there is no scenario; allowed: 1 to %d", STUDY_MAX_SCENARIOS);
    for (uint32_t i = 0; i < s->n_policies; i++) {
        if (study_check_policy(s, i, e) != 0) return -1;
    }
    for (uint32_t i = 0; i < s->n_scenarios; i++) {
        if (check_scenario(s, &s->scenarios[i], e) != 0) return -1;
    }
    return study_fits(s, 1, e);
}

/* ---- the shape of the results ---- */

size_t model_metrics(const struct model *model, struct metric_entry *entries)
{
    size_t n = 0, base = 0;
    for (uint32_t i = 0; model->schedule[i] != NULL; i++) {
        const struct submodel *submodel = model->schedule[i];
        for (const struct metric *m = submodel->metrics; m != NULL && m->name != NULL; m++, n++) {
            if (entries == NULL) continue;
            entries[n] = (struct metric_entry){.submodel = submodel, .metric = m, .row = i, .offset = base + m->offset};
        }
        base += aligned(submodel->metrics_size);
    }
    return n;
}

size_t model_metrics_size(const struct model *model)
{
    size_t size = 0;
    for (size_t i = 0; model->schedule[i] != NULL; i++) size += aligned(model->schedule[i]->metrics_size);
    return size;
}

size_t study_times(const struct study *s, int32_t *times)
{
    size_t n = 0;
    for (int64_t t = -(int64_t)(s->record_before / s->record_every) * s->record_every; t < 0; t += s->record_every, n++) {
        if (times != NULL) times[n] = (int32_t)t;
    }
    for (int64_t t = 0; t < s->calendar.horizon; t += s->record_every, n++) {
        if (times != NULL) times[n] = (int32_t)t;
    }
    if (times != NULL) times[n] = s->calendar.horizon;
    return n + 1;
}

size_t study_series_length(const struct study *s) { return study_times(s, NULL) + 1; }

size_t study_values(const struct study *s)
{
    return s->n_scenarios * model_metrics(s->model, NULL) * study_series_length(s);
}

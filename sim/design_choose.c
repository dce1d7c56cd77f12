/* Designs of experiments: which parameters are their columns. */
#include "sim/design_sample.h"

#include <stdlib.h>
#include <string.h>

void design_plan_free(struct design_plan *plan)
{
    free(plan->ranges);
    plan->ranges = NULL;
    plan->n_ranges = plan->n_entries = plan->n_varied = 0;
}

static int add(struct design_plan *plan, const struct prior_entry *entry, struct error *e)
{
    if (plan->n_entries == DESIGN_MAX_COLUMNS)
        return error_set(e, ERROR_INPUT, "too many parameters; allowed: at most %d columns", DESIGN_MAX_COLUMNS);
    plan->entries[plan->n_entries++] = entry;
    return 0;
}

static bool is_lever(const struct model *model, int64_t group)
{
    return model->policy != NULL && strcmp(model->schedule[group]->name, model->policy) == 0;
}

static int add_range(struct design_plan *plan, int64_t group, const struct parameter *row, struct error *e)
{
    struct prior_entry *entry = &plan->ranges[plan->n_ranges++];
    *entry = prior_of_range(plan->model, group, row);
    if (!(entry->distribution.minimum < entry->distribution.maximum)) {
        return error_set(e, ERROR_INPUT, "%s.%s has one value only; allowed: parameters that can vary",
                         plan->model->schedule[group]->name, row->name);
    }
    return add(plan, entry, e);
}

static int add_path(struct design_plan *plan, const struct prior *prior, const char *path, struct error *e)
{
    struct error cause = {0};
    int64_t group;
    const char *name = path + (strncmp(path, "parameters.", 11) == 0 ? 11 : 0);
    const struct parameter *row = study_parameter(plan->model, name, &group, &cause);
    if (row == NULL) return error_set(e, cause.kind, "--parameters %.100s: %s", path, cause.text);
    if (is_lever(plan->model, group)) {
        return error_set(
            e, ERROR_INPUT,
            "--parameters %.100s: this is a lever, which a policy decides; allowed: parameters of other groups "
            "than %s",
            path, plan->model->policy);
    }
    for (uint32_t i = 0; i < plan->n_entries; i++) {
        if (plan->entries[i]->row == row)
            return error_set(e, ERROR_INPUT, "--parameters %.100s: it is given twice; allowed: once", path);
    }
    if (prior == NULL) return add_range(plan, group, row, e);
    const struct prior_entry *entry = prior_entry(prior, row);
    if (entry != NULL) return add(plan, entry, e);
    return error_set(e, ERROR_INPUT,
                     "--parameters %.100s: the prior has no entry for it; allowed: parameters of the prior", path);
}

static int add_uncertain(struct design_plan *plan, struct error *e)
{
    const struct submodel *const *schedule = plan->model->schedule;
    for (int64_t group = 0; schedule[group] != NULL; group++) {
        const struct parameter *row = schedule[group]->parameters;
        for (; row != NULL && row->name != NULL; row++) {
            if (row->role == ROLE_uncertain && !is_lever(plan->model, group) && add_range(plan, group, row, e) != 0)
                return -1;
        }
    }
    return 0;
}

/* Brings the fixed ones to the end and leaves the order as it is otherwise. */
static void fixed_last(struct design_plan *plan)
{
    const struct prior_entry *fixed[DESIGN_MAX_COLUMNS];
    uint32_t n_fixed = 0;
    plan->n_varied = 0;
    for (uint32_t i = 0; i < plan->n_entries; i++) {
        const struct prior_entry *entry = plan->entries[i];
        if (entry->distribution.kind == QUANTILE_fixed)
            fixed[n_fixed++] = entry;
        else
            plan->entries[plan->n_varied++] = entry;
    }
    for (uint32_t i = 0; i < n_fixed; i++) plan->entries[plan->n_varied + i] = fixed[i];
}

static size_t count_rows(const struct model *model)
{
    size_t n = 0;
    for (size_t i = 0; model->schedule[i] != NULL; i++) n += parameter_count(model->schedule[i]->parameters);
    return n;
}

int design_choose(struct design_plan *plan, const struct prior *prior, const char *const *paths, size_t n_paths,
                  struct error *e)
{
    size_t rows = count_rows(plan->model);
    plan->n_entries = plan->n_ranges = 0;
    plan->ranges = calloc(rows + 1, sizeof *plan->ranges);
    if (plan->ranges == NULL) return error_memory(e, "the columns", (double)rows * sizeof *plan->ranges);
    int status = 0;
    for (size_t i = 0; status == 0 && i < n_paths; i++) status = add_path(plan, prior, paths[i], e);
    for (uint32_t i = 0; n_paths == 0 && prior != NULL && status == 0 && i < prior->n_entries; i++)
        status = add(plan, &prior->entries[i], e);
    if (n_paths == 0 && prior == NULL) status = add_uncertain(plan, e);
    fixed_last(plan);
    if (status == 0 && plan->n_varied == 0)
        status = error_set(e, ERROR_INPUT, "no parameter varies; allowed: at least one that is not fixed");
    if (status != 0) design_plan_free(plan);
    return status;
}

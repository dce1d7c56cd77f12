/* A copy of a study: the same settings, values and scenarios in memory of its own. */
#include <stdlib.h>
#include <string.h>

#include "sim/study.h"

static int copy_contents(struct study *to, const struct study *from, struct error *e)
{
    if (from->chosen != NULL) {
        const size_t n = model_metrics(from->model, NULL);
        to->chosen = calloc(n + 1, sizeof *to->chosen);
        if (to->chosen == NULL) return error_memory(e, "the choice of metrics", (double)n);
        memcpy(to->chosen, from->chosen, n * sizeof *to->chosen);
    }
    for (uint32_t i = 0; i < from->n_policies; i++) {
        if (study_add_policy(to, from->policies[i].name, -1, e) != 0) return -1;
        memcpy(to->policies[i].values.block, from->policies[i].values.block, from->policies[i].values.size);
    }
    for (uint32_t i = 0; i < from->n_scenarios; i++) {
        const struct scenario *scenario = &from->scenarios[i];
        if (study_add_scenario(to, scenario->name, e) != 0) return -1;
        for (uint32_t k = 0; k < scenario->n_phases; k++)
            if (study_add_phase(to, i, scenario->phases[k].day, scenario->phases[k].policy, e) != 0) return -1;
    }
    return 0;
}

int study_copy(struct study *to, const struct study *from, struct error *e)
{
    *to = *from;
    to->policies = NULL;
    to->scenarios = NULL;
    to->chosen = NULL;
    to->n_policies = to->n_scenarios = 0;
    if (copy_contents(to, from, e) == 0) return 0;
    study_free(to);
    return -1;
}

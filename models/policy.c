/* Policy: the levers. They are parameters whose values a scenario's policy decides, phase by phase; the sub-models read them
 * from the city. What changes hands on the day of a new policy changes here. */
#include "models/world.h"
#include "models/submodels.h"

PARAMETER_ROWS(struct policy_parameters, POLICY_PARAMETERS)

/* Without police a protection tie protects from nothing. */
static void enact(struct world *w, uint32_t part, const void *parameters)
{
    struct city *c = &w->city[part];
    const struct policy_parameters *p = parameters;
    if (p->police) return;
    for (uint32_t v = 0; v < c->venues; v++) {
        c->tie[v] = NO_OFFICER;
        c->lead_ripe[v] = NEVER;
    }
}

const struct submodel submodel_policy = {
    .name = "policy",
    .purpose = "the levers of a policy, and what changes on the day it comes into force",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct policy_parameters),
    .enact = enact,
};

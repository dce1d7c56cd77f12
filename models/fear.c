/* Fear of the police: how far police acts raise it and how it fades. The acts are in the police sub-model; what fear does to
 * clinic visits, reports, tips, violence and infection is in those. */
#include "models/world.h"
#include "models/submodels.h"

PARAMETER_ROWS(struct fear_parameters, FEAR_PARAMETERS)

#define METRICS(M) \
    M(share, fear, "1", "mean fear of the police among non-coerced adults in venues and the street")
DECLARE_METRICS(METRICS)

static void observe(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct city *c = &w->city[part];
    struct metrics *m = metrics;
    (void)parameters;
    m->fear = (struct share){c->fear_sum, c->count[PLACE_VENUE][CLASS_ADULT] + c->count[PLACE_STREET][CLASS_ADULT]};
}

const struct submodel submodel_fear = {
    .name = "fear",
    .purpose = "how police acts raise the fear of those present, and how it fades",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct fear_parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .observe = observe,
};

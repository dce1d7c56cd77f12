/* Police: the day of the police of a city, act by act. Violence by the police arises only here. */
#include "models/police.h"
#include "models/submodels.h"

PARAMETER_ROWS(struct police_parameters, POLICE_PARAMETERS)
METRIC_ROWS(struct police_metrics, POLICE_METRICS)

static void start(struct world *w, uint32_t part, const void *parameters)
{
    police_start(&w->city[part], parameters);
}

static void enact(struct world *w, uint32_t part, const void *parameters)
{
    police_reform(&w->city[part], parameters);
}

static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct city *c = &w->city[part];
    police_releases(c);
    if (!c->policy->police) return;
    police_officers(c, parameters, metrics);
    police_override(c, parameters, metrics);
    police_responses(c, parameters, metrics);
    police_shakedowns(c, parameters, metrics);
    police_sweeps(c, parameters, metrics);
    police_leads(c, parameters, metrics);
    police_operations(c, parameters, metrics);
}

static void observe(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    const struct city *c = &w->city[part];
    struct police_metrics *m = metrics;
    (void)parameters;
    struct unit special = unit_special(c);
    m->officer_tenure = m->officer_skill = m->officer_integrity = m->special_skill = m->special_integrity = (struct share){0, 0};
    for (uint32_t o = 0; o < special.first + special.size; o++) {
        m->officer_skill.sum += c->skill[o];
        m->officer_integrity.sum += c->integrity[o];
        m->officer_tenure.sum += c->day + 1 - c->joined[o];
        if (o < special.first) continue;
        m->special_skill.sum += c->skill[o];
        m->special_integrity.sum += c->integrity[o];
    }
    m->officer_skill.weight = m->officer_integrity.weight = m->officer_tenure.weight = special.first + special.size;
    m->special_skill.weight = m->special_integrity.weight = special.size;
}

const struct submodel submodel_police = {
    .name = "police",
    .purpose = "officers change; reports are answered or not; shakedowns, sweeps, leads and rescue operations",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct police_parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct police_metrics),
    .start = start,
    .enact = enact,
    .step = step,
    .observe = observe,
};

/* Costs: what police, non-governmental organisation and health service spend, so that policies can be compared at equal cost.
 * One cost unit is the cost of an officer's working day. */
#include "models/world.h"
#include "models/submodels.h"

/* clang-format off */
#define PARAMETERS(P)                                                                                                                 \
    P(real, officer_day,       1,   0, 1000, "cost units", uncertain, "an officer's day: the unit", "definition")                   \
    P(real, operation,         20,  0, 10000, "cost units", uncertain, "a rescue operation, beyond the days of its officers", "assumed") \
    P(real, swept_site,        2,   0, 10000, "cost units", uncertain, "a venue swept, beyond the days of its officers", "assumed")   \
    P(real, training_day,      0.3, 0, 1000, "cost units", uncertain, "a day of an officer under full training, paid by the organisation", "assumed") \
    P(real, investigator_day,  2,   0, 1000, "cost units", uncertain, "an investigator's day", "assumed")                             \
    P(real, accompanied_operation, 10, 0, 10000, "cost units", uncertain, "social workers and lawyers at one operation", "assumed")  \
    P(real, oversight_day,     0.1, 0, 1000, "cost units", uncertain, "a day of full oversight of an officer", "assumed")             \
    P(real, legal_day,         0.2, 0, 1000, "cost units", uncertain, "a day of full legal support of an open case", "assumed")       \
    P(real, supported_day,     0.5, 0, 1000, "cost units", uncertain, "a day for which an adult of a closed venue is supported", "assumed") \
    P(real, consultation,      2,   0, 10000, "cost units", uncertain, "consulting the health services before an operation", "assumed") \
    P(real, bed_day,           1,   0, 1000, "cost units", uncertain, "a person's day in aftercare", "assumed")                       \
    P(real, outreach_visit,    1,   0, 1000, "cost units", uncertain, "a visit of outreach, admitted or not", "assumed")              \
    P(real, service,           0.2, 0, 1000, "cost units", uncertain, "a service to one person", "assumed")

#define METRICS(M)                                                                                                                    \
    M(flow, cost_police, "cost units", "cost of the police")                                                                       \
    M(flow, cost_ngo,    "cost units", "cost of the non-governmental organisation: investigators, training, oversight, accompaniment, legal support, consultation, aftercare, support of adults") \
    M(flow, cost_health, "cost units", "cost of the health service")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    const struct city *c = &w->city[part];
    const struct policy_parameters *policy = c->policy;
    const struct parameters *p = parameters;
    struct metrics *m = metrics;
    double general = policy->police ? c->districts * c->officers_per_district : 0, special = c->special_officers;
    double rescues = 0, sweeps = 0, cases = c->n_cases;
    for (uint32_t i = 0; i < c->n_operations; i++)
        if (c->operations[i].kind == OPERATION_SWEEP) sweeps++;
        else rescues++;
    m->cost_police += (general + special) * p->officer_day + rescues * p->operation + sweeps * p->swept_site;
    m->cost_ngo += policy->ngo_investigators * p->investigator_day + rescues * policy->accompaniment * p->accompanied_operation +
                   (general * policy->general_training + special * policy->special_training) * p->training_day +
                   (general * policy->general_oversight + special * policy->special_oversight) * p->oversight_day +
                   cases * policy->legal_support * p->legal_day + rescues * policy->agreement * p->consultation +
                   c->supported_days * p->supported_day + (c->in_care + c->adults_in_care) * p->bed_day;
    m->cost_health += c->visits * p->outreach_visit + c->services * p->service;
}

const struct submodel submodel_costs = {
    .name = "costs",
    .purpose = "what the police, the non-governmental organisation and the health service spend",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .step = step,
};

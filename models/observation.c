/* Observation: the truth about who is where, which no survey sees. */
#include "models/world.h"
#include "models/submodels.h"

/* clang-format off */
#define METRICS(M)                                                                                                                    \
    M(stock, minors_present,         "persons", "minors exploited in venues")                                                      \
    M(stock, coerced_adults_present, "persons", "coerced adults exploited in venues")                                              \
    M(stock, adults_present,         "persons", "non-coerced adults in venues, the detained included")                             \
    M(stock, exploited_private,      "persons", "minors and coerced adults exploited in the private network")                      \
    M(stock, minors_private,         "persons", "minors exploited in the private network")                                         \
    M(stock, adults_street,          "persons", "non-coerced adults in the street")                                                \
    M(stock, adults_detained,        "persons", "non-coerced adults detained")                                                     \
    M(share, minor_prevalence,       "1",       "minors per person in venues and private network: the truth")                      \
    M(share, coerced_prevalence,     "1",       "coerced adults per person in venues and private network: the truth")
/* clang-format on */
DECLARE_METRICS(METRICS)

static void observe(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    const struct city *c = &w->city[part];
    const uint32_t *venue = c->count[PLACE_VENUE], *private = c->count[PLACE_PRIVATE];
    struct metrics *m = metrics;
    (void)parameters;
    double persons = 0;
    for (int class = 0; class < CLASSES; class++) persons += venue[class] + private[class];
    m->minors_present = venue[CLASS_MINOR];
    m->coerced_adults_present = venue[CLASS_COERCED];
    m->adults_present = venue[CLASS_ADULT];
    m->exploited_private = private[CLASS_MINOR] + private[CLASS_COERCED];
    m->minors_private = private[CLASS_MINOR];
    m->adults_street = c->count[PLACE_STREET][CLASS_ADULT];
    m->adults_detained = c->held;
    m->minor_prevalence = (struct share){venue[CLASS_MINOR] + private[CLASS_MINOR], persons};
    m->coerced_prevalence = (struct share){venue[CLASS_COERCED] + private[CLASS_COERCED], persons};
}

const struct submodel submodel_observation = {
    .name = "observation",
    .purpose = "the truth about who is where",
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .observe = observe,
};

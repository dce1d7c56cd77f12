/* Market: the price of what offenders sell. Scarcity raises the premium of those who still exploit. */
#include <math.h>

#include "models/world.h"
#include "models/submodels.h"

PARAMETER_ROWS(struct market_parameters, MARKET_PARAMETERS)

#define METRICS(M) \
    M(share, price_factor, "1", "factor on the premium of exploitation, 1 in burn-in: scarcity raises it")
DECLARE_METRICS(METRICS)

enum { REFERENCE_DAYS = 180 };
static const double PRICE_MINIMUM = 0.5, PRICE_MAXIMUM = 3;

/* P = clip((M0 / max(M, 1))^elasticity): M exploited now, M0 their mean over the last days of burn-in, in which P = 1. */
static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct city *c = &w->city[part];
    const struct market_parameters *p = parameters;
    (void)metrics;
    uint32_t exploited = exploited_now(c);
    if (c->day < c->calendar.burn_in) {
        if (c->day >= c->calendar.burn_in - REFERENCE_DAYS) {
            c->reference_exploited += exploited;
            c->reference_days++;
        }
        return;
    }
    if (c->reference_days == 0 || c->reference_exploited <= 0) return; /* no burn-in, or nobody to compare with */
    double ratio = c->reference_exploited / c->reference_days / (exploited > 1 ? exploited : 1);
    c->price = fmin(fmax(portable_pow(ratio, p->price_elasticity), PRICE_MINIMUM), PRICE_MAXIMUM);
}

static void observe(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct metrics *m = metrics;
    (void)parameters;
    m->price_factor = (struct share){w->city[part].price, 1};
}

const struct submodel submodel_market = {
    .name = "market",
    .purpose = "what exploitation pays and what punishment costs; scarcity raises the price",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct market_parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .step = step,
    .observe = observe,
};

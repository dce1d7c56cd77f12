/* The toy's fishing. */
#include "tests/toy_model.h"

/* clang-format off */
#define PARAMETERS(P)                                                                                                 \
    P(real, line_effect, 0.5, 0, 1, "1", uncertain, "what a line catches of what a net does", "assumed")
#define METRICS(M)                                                                                                    \
    M(flow,  caught,       "fish", "fish caught")                                                                     \
    M(share, fishing_days, "1",    "share of lakes where fishing is allowed")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

static void step(struct world *w, uint32_t lake, const void *parameters, void *metrics)
{
    const struct parameters *p = parameters;
    struct metrics *m = metrics;
    struct toy_lake *l = &w->lake[lake];
    if (!w->policy->season) return;
    double rate = w->policy->effort * w->policy->boats * 0.01 * (w->policy->gear == 0 ? p->line_effect : 1);
    for (uint32_t i = 0; i < w->places; i++) {
        if (l->age[i] == 0 || !luck_coin(&w->luck, TOY_CATCH, lake, i, daily_chance(rate))) continue;
        l->age[i] = 0;
        l->fish--;
        m->caught += 1;
    }
}

static void observe(struct world *w, uint32_t lake, const void *parameters, void *metrics)
{
    (void)parameters;
    struct metrics *m = metrics;
    m->fishing_days = (struct share){.sum = w->policy->season, .weight = w->lake[lake].fish > 0 ? 1 : 0};
}

const struct submodel toy_harvest = {
    .name = "harvest",
    .purpose = "boats catch fish",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .step = step,
    .observe = observe,
};

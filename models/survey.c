/* Survey: what a field team sees that visits venues and cannot see the private network; reported beside the truth. */
#include <math.h>

#include "models/world.h"
#include "models/submodels.h"

/* clang-format off */
#define PARAMETERS(P)                                                                                                                 \
    P(whole, survey_venues, 60,  0, 10000, "venues", structural, "visits to venues in one survey, drawn in proportion to visibility, with replacement", "prototype; the size of the Cebu waves was not found (FACTS 1.6)") \
    P(whole, survey_first,  0,   -60000, 60000, "days", structural, "day of the first survey, since the policy's start", "FACTS 1.5")  \
    P(whole, survey_every,  365, 1, 60000, "days",   structural, "days between surveys", "assumed")

#define METRICS(M)                                                                                                                    \
    M(pooled, minor_prevalence_surveyed, "1", "minors per person seen by the surveys since the record before; undefined without a survey") \
    M(flow,  survey_persons_seen, "persons", "persons seen by surveys")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

/* What a visitor sees of those exploited in a venue. It decides, meant so, both whether the venue is found and who is seen. */
static double seen(const struct city *c, uint32_t venue)
{
    return c->mode[venue] == MODE_COVERT ? c->rules->covert_visibility : 1;
}

static double weight(const struct city *c, uint32_t venue)
{
    return is_closed(c, venue) ? 0 : c->visibility[venue] * seen(c, venue);
}

static void visit(const struct city *c, struct metrics *m, uint32_t venue, uint32_t number)
{
    double chance = seen(c, venue);
    for (uint64_t present = c->occupied[venue] & ~detained_in(c, venue); present;) {
        uint32_t seat = next_seat(c, venue, &present);
        bool exploited = c->exploited[venue] & bit_in(c, venue, seat);
        if (exploited && !luck_coin(&c->luck, DRAW_SURVEY_PERSON, seat, number, chance)) continue;
        m->minor_prevalence_surveyed.sum += seat_class(c, seat) == CLASS_MINOR;
        m->minor_prevalence_surveyed.weight++;
        m->survey_persons_seen++;
    }
}

static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    const struct city *c = &w->city[part];
    const struct parameters *p = parameters;
    int32_t time = c->day + 1 - c->calendar.burn_in, since = time - p->survey_first;
    if (since < 0 || since % p->survey_every != 0) return;
    double total = 0;
    for (uint32_t v = 0; v < c->venues; v++) total += weight(c, v);
    if (total <= 0) return;
    for (int32_t i = 0; i < p->survey_venues; i++) {
        double at = total * luck_uniform(&c->luck, DRAW_SURVEY_VENUE, (uint32_t)i, 0);
        uint32_t venue = 0;
        double upto = weight(c, 0);
        while (upto < at && venue + 1 < c->venues) upto += weight(c, ++venue);
        visit(c, metrics, venue, (uint32_t)i);
    }
}

const struct submodel submodel_survey = {
    .name = "survey",
    .purpose = "a prevalence survey that samples visible venues",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .step = step,
};

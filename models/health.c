/* Health service: outreach to venues, own visits to clinics, and owners who bar the door after the police have been there. */
#include <math.h>

#include "models/lines.h"
#include "models/world.h"
#include "models/submodels.h"

/* clang-format off */
#define PARAMETERS(P)                                                                                                                 \
    P(real, outreach_rate,    0.03333333333333333, 0, 1, "1/day", uncertain, "rate at which outreach calls at a venue", "assumed: once a month; FACTS 2.26 is of monthly visits to clinics") \
    P(real, uptake,           0.6,   0, 1,   "1",     uncertain, "chance that a non-coerced adult without fear uses the outreach that is admitted", "prototype") \
    P(real, coerced_uptake,   0.4,   0, 1,   "1",     uncertain, "factor on use of services by exploited persons", "prototype")       \
    P(real, board_uptake,     1.2,   0, 5,   "1",     uncertain, "factor on use of services where a workers' board covers the venue", "prototype; essay: HIV prevention by sex workers' groups") \
    P(real, clinic_rate,      0.012, 0, 1,   "1/day", uncertain, "rate at which a non-coerced adult without fear visits a clinic", "prototype; FACTS C: coverage 0.55-0.93") \
    P(real, backlash_own,     0.3,   0, 1,   "1",     uncertain, "relative fall of a venue's health access after a rescue operation there", "FACTS C: 0-0.6; one anecdote each way") \
    P(real, backlash_district, 0.05, 0, 1,   "1",     uncertain, "relative fall of access in the district's other venues", "assumed: Svay Pak 2003 in the essay") \
    P(real, sweep_backlash,   0.5,   0, 5,   "1",     uncertain, "backlash after a sweep, relative to a rescue operation", "assumed") \
    P(real, agreement_effect, 0.3,   0, 1,   "1",     uncertain, "backlash where the health service was consulted beforehand, relative to where it was not", "prototype; essay: Cebu") \
    P(real, access_half_life, 180,   1, 3650, "days", uncertain, "time in which lost access recovers by half", "FACTS C: 1-12 months")

#define METRICS(M)                                                                                                                    \
    M(share, health_coverage, "1",       "share of non-coerced adults in venues and the street who were served within 90 days")    \
    M(share, exploited_coverage, "1",    "share of minors and coerced adults who were served within 90 days")                      \
    M(share, infected_share,  "1",       "share of all persons in venues, private network and street who are infected")            \
    M(share, health_access,   "1",       "mean chance that a venue admits outreach, apart from covert exploitation")               \
    M(flow,  outreach_visits, "visits",  "visits of outreach to venues that admitted it")                                          \
    M(flow,  outreach_denied, "visits",  "visits of outreach to venues that did not admit it")                                     \
    M(flow,  persons_served,  "services", "services to persons by outreach and clinics")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

/* A visit's number tells the visits to a venue apart: that among the points of its slice, and the slice. */
enum { VISIT_SLICE = 22, VISIT_MASK = (1 << VISIT_SLICE) - 1 };

/* ---- access --------------------------------------------------------------------------------------------------------------- */

static void lose_access(struct city *c, uint32_t venue, double share)
{
    c->access[venue] = (float)(c->access[venue] * (1 - fmin(share, 1)));
}

static void backlash(struct city *c, const struct parameters *p)
{
    double softened = 1 - c->policy->agreement * (1 - p->agreement_effect);
    for (uint32_t i = 0; i < c->n_operations; i++) {
        uint32_t venue = c->operations[i].venue, district = c->place_district[venue];
        if (c->operations[i].kind == OPERATION_HIDDEN) continue; /* nobody saw the police in a venue */
        double strength = softened * (c->operations[i].kind == OPERATION_SWEEP ? p->sweep_backlash : 1);
        lose_access(c, venue, p->backlash_own * strength);
        for (uint32_t v = c->district_venue[district]; v < c->district_venue[district + 1]; v++)
            if (v != venue) lose_access(c, v, p->backlash_district * strength);
    }
}

static void recovery(struct city *c, const struct parameters *p)
{
    float back = (float)(1 - portable_exp2(-1 / p->access_half_life));
    for (uint32_t v = 0; v < c->venues; v++) c->access[v] += (c->access_baseline[v] - c->access[v]) * back;
}

/* ---- services -------------------------------------------------------------------------------------------------------------- */

static void serve(struct city *c, struct metrics *m, uint32_t seat, bool exploited)
{
    seat_serve(c, seat, exploited);
    c->services++;
    m->persons_served++;
}

static void visit(struct city *c, const struct parameters *p, struct metrics *m, uint32_t venue, uint32_t number, double luck)
{
    double access = c->access[venue] * (c->mode[venue] == MODE_COVERT ? c->rules->covert_access : 1);
    c->visits++;
    if (luck >= access) {
        m->outreach_denied++;
        return;
    }
    m->outreach_visits++;
    const double uptake = p->uptake * (c->covered[venue] ? p->board_uptake : 1), own[] = {uptake, uptake * p->coerced_uptake};
    const uint64_t exploited = c->exploited[venue];
    struct coin_row row;
    uint64_t fallen[2];
    coin_row_throw(&row, &c->luck, DRAW_UPTAKE, number, venue, c->size[venue], own, fallen);
    /* but for fear */
    uint64_t willing = c->occupied[venue] & ~detained_in(c, venue) & ((fallen[0] & ~exploited) | (fallen[1] & exploited));
    for (; willing; willing &= willing - 1) {
        const uint32_t k = (uint32_t)__builtin_ctzll(willing), seat = c->first_seat[venue] + k;
        const bool coerced = exploited >> k & 1;
        if (fear_day(c, seat) == -INFINITY || coin_row_uniform(&row, k) < own[coerced] * (1 - fear_of(c, seat))) serve(c, m, seat, coerced);
    }
}

/* In slices of the lever, each a line of points of its own: a policy draws no more than it needs, and shares with another what
 * both have. */
static void outreach(struct city *c, const struct parameters *p, struct metrics *m)
{
    for (uint32_t slice = 0; slice < c->policy->outreach; slice++) {
        const double share = fmin(c->policy->outreach - slice, 1); /* of the slice */
        struct points points = line_points(c, LINE_OUTREACH, slice, c->venues, p->outreach_rate);
        uint32_t venue;
        double mark;
        while (points_next(&points, &venue, &mark))
            if (mark < share && !is_closed(c, venue))
                visit(c, p, m, venue, slice << VISIT_SLICE | (points.drawn & VISIT_MASK), mark / share);
    }
}

static void clinics_from_venues(struct city *c, const struct parameters *p, struct metrics *m)
{
    const double most = fmax(1, p->board_uptake);
    struct points points = seats_points(c, LINE_CLINIC, p->clinic_rate * most);
    uint32_t seat;
    double mark;
    while (points_next(&points, &seat, &mark)) {
        const uint32_t place = seat_place(c, seat);
        const uint64_t bit = bit_in(c, place, seat), exploited = c->exploited[place];
        if (!((exploited | (c->occupied[place] & ~c->marked[place])) & bit)) continue; /* nobody, or somebody detained */
        /* owners let the exploited go less often, and a board's care reaches its own alone */
        const double own = (exploited & bit ? p->coerced_uptake : 1) * (c->covered[place] ? p->board_uptake : 1);
        if (mark * most < own && mark * most < own * (1 - fear_of(c, seat))) serve(c, m, seat, exploited & bit);
    }
}

/* From the private network, where all are exploited, and from the street the way to a clinic is longer. */
static void clinics_from_elsewhere(struct city *c, const struct parameters *p, struct metrics *m)
{
    struct persons_points hidden = hidden_points(c, LINE_CLINIC_HIDDEN,
                                                    p->clinic_rate * p->coerced_uptake * c->rules->private_access);
    struct persons_points street = street_points(c, LINE_CLINIC_STREET, p->clinic_rate * c->rules->street_access);
    uint32_t place, seat;
    double mark;
    while (persons_points_next(c, &hidden, &place, &seat, &mark))
        if (mark < 1 - fear_of(c, seat)) serve(c, m, seat, true);
    while (persons_points_next(c, &street, &place, &seat, &mark))
        if (adults_at(c, place) & bit_in(c, place, seat) && mark < 1 - fear_of(c, seat)) serve(c, m, seat, false);
}

static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct city *c = &w->city[part];
    recovery(c, parameters);
    backlash(c, parameters);
    outreach(c, parameters, metrics);
    clinics_from_venues(c, parameters, metrics);
    clinics_from_elsewhere(c, parameters, metrics);
}

static void observe(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    const struct city *c = &w->city[part];
    struct metrics *m = metrics;
    (void)parameters;
    double adults = c->count[PLACE_VENUE][CLASS_ADULT] + c->count[PLACE_STREET][CLASS_ADULT], exploited = exploited_now(c);
    m->health_coverage = (struct share){c->served_now[0], adults};
    m->exploited_coverage = (struct share){c->served_now[1], exploited};
    m->infected_share = (struct share){c->infected, adults + exploited};
    m->health_access = (struct share){0, c->venues};
    for (uint32_t v = 0; v < c->venues; v++) m->health_access.sum += c->access[v];
}

const struct submodel submodel_health = {
    .name = "health",
    .purpose = "outreach, clinics, and owners' backlash against health workers after police operations",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .step = step,
    .observe = observe,
};

/* Violence by clients, owners and traffickers (violence by the police arises only from police acts), and who reports it. */
#include <math.h>

#include "models/world.h"
#include "models/submodels.h"

/* What tells a person's incidents of a day apart: their number among all points, in 20 bits, and who did it. */
enum { INCIDENT_MASK = (1 << 20) - 1, INCIDENT_BY_OWNER = 1 << 20 };

/* clang-format off */
#define PARAMETERS(P)                                                                                                                 \
    P(real, client_violence,  0.001,  0, 1,   "1/day", uncertain, "incidents of violence by clients against a non-coerced adult in a venue", "prototype; FACTS 2.5: 32-55 % in a year by anybody") \
    P(real, coerced_violence, 3,      1, 20,  "1",     uncertain, "factor on violence by clients against exploited persons", "prototype") \
    P(real, owner_violence,   0.0003, 0, 1,   "1/day", uncertain, "incidents of violence by owners against a non-coerced adult in a venue", "prototype") \
    P(real, owner_violence_exploited, 5, 1, 50, "1",   uncertain, "factor on violence by owners and traffickers against exploited persons", "prototype") \
    P(real, repression_violence, 3,   0, 15,  "1",     uncertain, "relative rise of violence by clients at full fear of the police", "FACTS 2.1: odds ratio 2.99 corresponds to 10-15; shrunk") \
    P(real, board_protection, 0.3,    0, 1,   "1",     uncertain, "relative fall of violence by clients where a workers' board covers the venue", "prototype") \
    P(real, report_rate,      0.2,    0, 1,   "1",     uncertain, "chance that a victim without fear reports an incident to the police", "prototype") \
    P(real, protect_half_life, 180,   1, 3650, "days", uncertain, "time in which that protection halves", "prototype")

#define METRICS(M)                                                                                                                    \
    M(flow, violence_client,        "incidents", "violence by clients, against anybody")                                           \
    M(flow, violence_client_adults, "incidents", "violence by clients against non-coerced adults")                                 \
    M(flow, violence_owner,         "incidents", "violence by owners and traffickers, against anybody")                            \
    M(flow, reports,                "incidents", "incidents that a victim reported to the police")                                 \
    M(share, protection,            "1",         "mean protection from violence by others that answered reports have earned the districts")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

static void report(struct city *c, const struct parameters *p, struct metrics *m, uint32_t seat, uint32_t incident)
{
    if (!c->policy->police) return;
    if (!luck_coin(&c->luck, DRAW_REPORT, seat, incident, p->report_rate * (1 - fear_of(c, seat)))) return;
    m->reports++;
    report_note(c, seat, incident);
}

/* How violent the place is, relative to an open venue: for all in the street, for the exploited elsewhere. */
static double place_factor(const struct city *c, uint32_t place, bool exploited)
{
    switch (place_kind(c, place)) {
    case PLACE_STREET: return c->rules->street_violence;
    case PLACE_PRIVATE: return c->rules->private_violence;
    case PLACE_VENUE:
    case PLACE_KINDS: break;
    }
    if (is_closed(c, place)) return 0;
    return exploited && c->mode[place] == MODE_COVERT ? c->rules->covert_violence : 1;
}

/* The most that a person without fear can meet in a kind of place. */
static double worst_factor(const struct city *c, const struct parameters *p, enum place_kind kind)
{
    switch (kind) {
    case PLACE_STREET: return c->rules->street_violence;
    case PLACE_PRIVATE: return c->rules->private_violence * p->coerced_violence;
    case PLACE_VENUE:
    case PLACE_KINDS: break;
    }
    return fmax(c->rules->covert_violence, 1) * p->coerced_violence;
}

static void violence_by_clients(struct city *c, const struct parameters *p, struct metrics *m, enum place_kind kind)
{
    const double most = worst_factor(c, p, kind) * (1 + p->repression_violence);
    const double most_for_adults = kind == PLACE_VENUE ? 1 + p->repression_violence : most;
    struct seat_points points = seat_points_begin(c, DRAW_CLIENT_VIOLENCE, kind, p->client_violence * most);
    uint32_t seat;
    double mark;
    while (seat_points_next(&points, &seat, &mark)) {
        uint32_t place = seat_place(c, seat);
        uint64_t bit = bit_in(c, place, seat);
        const bool exploited = c->exploited[place] & bit, adult = c->occupied[place] & ~c->exploited[place] & ~c->marked[place] & bit;
        if (!(exploited | (adult & (mark * most < most_for_adults)))) continue; /* one branch, which nearly always goes this way */
        double rate = place_factor(c, place, exploited) * (exploited ? p->coerced_violence : 1) *
                      (1 - c->protection[district_of(c, place)]);
        if (place < c->venues && c->covered[place]) rate *= 1 - p->board_protection;
        if (mark * most >= rate * (1 + p->repression_violence)) continue; /* not even at full fear */
        if (mark * most >= rate * (1 + p->repression_violence * fear_of(c, seat))) continue;
        m->violence_client++;
        if (!exploited) m->violence_client_adults++;
        report(c, p, m, seat, points.points.drawn & INCIDENT_MASK);
    }
}

static void violence_by_owners(struct city *c, const struct parameters *p, struct metrics *m)
{
    double most = p->owner_violence_exploited;
    struct seat_points points = seat_points_over(c, DRAW_OWNER_VIOLENCE, PLACE_VENUE, PLACE_PRIVATE, p->owner_violence * most);
    uint32_t seat;
    double mark;
    while (seat_points_next(&points, &seat, &mark)) {
        uint32_t place = seat_place(c, seat);
        uint64_t bit = bit_in(c, place, seat);
        if (!(c->occupied[place] & bit)) continue;
        bool exploited = c->exploited[place] & bit;
        if (!exploited && (mark * most >= 1 || c->marked[place] & bit)) continue; /* or detained */
        double rate = (exploited ? p->owner_violence_exploited : 1) * (1 - c->protection[district_of(c, place)]);
        if (mark * most >= rate) continue;
        m->violence_owner++;
        report(c, p, m, seat, (points.points.drawn & INCIDENT_MASK) | INCIDENT_BY_OWNER);
    }
}

static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct city *c = &w->city[part];
    const struct parameters *p = parameters;
    double fade = portable_exp2(-1 / p->protect_half_life);
    for (uint32_t d = 0; d < c->districts; d++) c->protection[d] *= fade;
    for (enum place_kind kind = PLACE_VENUE; kind < PLACE_KINDS; kind++) violence_by_clients(c, p, metrics, kind);
    violence_by_owners(c, p, metrics);
}

static void observe(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    const struct city *c = &w->city[part];
    struct metrics *m = metrics;
    (void)parameters;
    m->protection = (struct share){0, c->districts};
    for (uint32_t d = 0; d < c->districts; d++) m->protection.sum += c->protection[d];
}

const struct submodel submodel_violence = {
    .name = "violence",
    .purpose = "violence by clients, owners and traffickers, and the reports of its victims",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .step = step,
    .observe = observe,
};

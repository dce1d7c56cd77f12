/* Violence by clients, owners and traffickers (violence by the police arises only from police acts), and who reports it. */
#include <math.h>

#include "models/lines.h"
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
    P(real, repression_violence, 3,   0, 15,  "1",     uncertain, "relative rise of violence by clients at full fear of the police", "MODEL 5: the odds ratio 2.99 of FACTS 2.1 would be 10-15; shrunk, since confounded") \
    P(real, board_protection, 0.3,    0, 1,   "1",     uncertain, "relative fall of violence by clients where a workers' board covers the venue", "prototype") \
    P(real, report_rate,      0.2,    0, 1,   "1",     uncertain, "chance that a victim without fear reports an incident to the police", "prototype") \
    P(real, protect_half_life, 180,   1, 3650, "days", uncertain, "time in which the protection earned by answered reports halves", "prototype")

#define METRICS(M)                                                                                                                    \
    M(flow, violence_client,        "incidents", "violence by clients, against anybody")                                           \
    M(flow, violence_client_adults, "incidents", "violence by clients against non-coerced adults")                                 \
    M(flow, violence_owner,         "incidents", "violence by owners and traffickers, against anybody")                            \
    M(flow, reports,                "incidents", "incidents that a victim reported to the police")                                 \
    M(share, protection,            "1",         "mean protection from violence by others that answered reports have earned the districts")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

/* `luck`: in (0, 1), of those incidents that happen. */
static void report(struct city *c, const struct parameters *p, struct metrics *m, uint32_t seat, uint32_t incident, double luck)
{
    if (!c->policy->police || luck >= p->report_rate * (1 - fear_of(c, seat))) return;
    m->reports++;
    report_note(c, seat, incident);
}

/* An incident falls on a person where `mark`, in units of client_violence, lies below her rate: what her place makes of it, less
 * what protection has earned the district, more what her fear of the police adds. */
static void by_client(struct city *c, const struct parameters *p, struct metrics *m, uint32_t place, uint32_t seat, double mark,
                      double rate, uint32_t drawn)
{
    rate *= 1 - c->protection[district_of(c, place)];
    if (mark >= rate * (1 + p->repression_violence)) return; /* not even at full fear */
    rate *= 1 + p->repression_violence * fear_of(c, seat);
    if (mark >= rate) return;
    m->violence_client++;
    if (!(c->exploited[place] & bit_in(c, place, seat))) m->violence_client_adults++;
    report(c, p, m, seat, drawn & INCIDENT_MASK, mark / rate);
}

/* How violent a place is for an exploited person in it, relative to an open venue. */
static double place_factor(const struct city *c, uint32_t place)
{
    if (place_kind(c, place) == PLACE_PRIVATE) return c->rules->private_violence;
    if (is_closed(c, place)) return 0;
    return c->mode[place] == MODE_COVERT ? c->rules->covert_violence : 1;
}

static double board_factor(const struct city *c, const struct parameters *p, uint32_t place)
{
    return place < c->venues && c->covered[place] ? 1 - p->board_protection : 1;
}

static void clients_against_adults(struct city *c, const struct parameters *p, struct metrics *m)
{
    const double most = 1 + p->repression_violence;
    struct points points = seats_points(c, LINE_CLIENT_VIOLENCE, p->client_violence * most);
    uint32_t seat;
    double mark;
    while (points_next(&points, &seat, &mark)) {
        const uint32_t place = seat_place(c, seat);
        if (!(adults_at(c, place) & bit_in(c, place, seat)) || is_closed(c, place)) continue;
        by_client(c, p, m, place, seat, mark * most, board_factor(c, p, place), points.drawn);
    }
}

static void clients_against_exploited(struct city *c, const struct parameters *p, struct metrics *m)
{
    const double worst = fmax(fmax(c->rules->covert_violence, c->rules->private_violence), 1) * p->coerced_violence;
    const double most = worst * (1 + p->repression_violence);
    struct persons_points points = exploited_points(c, LINE_CLIENT_VIOLENCE_EXPLOITED, p->client_violence * most);
    uint32_t place, seat;
    double mark;
    while (persons_points_next(c, &points, &place, &seat, &mark)) {
        const double rate = place_factor(c, place) * p->coerced_violence * board_factor(c, p, place);
        by_client(c, p, m, place, seat, mark * most, rate, points.points.drawn);
    }
}

static void clients_in_the_street(struct city *c, const struct parameters *p, struct metrics *m)
{
    const double most = c->rules->street_violence * (1 + p->repression_violence);
    struct persons_points points = street_points(c, LINE_CLIENT_VIOLENCE_STREET, p->client_violence * most);
    uint32_t place, seat;
    double mark;
    while (persons_points_next(c, &points, &place, &seat, &mark)) {
        if (!(adults_at(c, place) & bit_in(c, place, seat))) continue; /* detained */
        by_client(c, p, m, place, seat, mark * most, c->rules->street_violence, points.points.drawn);
    }
}

static void by_owner(struct city *c, const struct parameters *p, struct metrics *m, uint32_t place, uint32_t seat, double mark,
                     uint32_t drawn)
{
    const double rate = 1 - c->protection[district_of(c, place)];
    if (mark >= rate) return;
    m->violence_owner++;
    report(c, p, m, seat, (drawn & INCIDENT_MASK) | INCIDENT_BY_OWNER, mark / rate);
}

static void owners_against_adults(struct city *c, const struct parameters *p, struct metrics *m)
{
    struct points points = seats_points(c, LINE_OWNER_VIOLENCE, p->owner_violence);
    uint32_t seat;
    double mark;
    while (points_next(&points, &seat, &mark)) {
        const uint32_t place = seat_place(c, seat);
        if (adults_at(c, place) & bit_in(c, place, seat)) by_owner(c, p, m, place, seat, mark, points.drawn);
    }
}

static void owners_against_exploited(struct city *c, const struct parameters *p, struct metrics *m)
{
    struct persons_points points = exploited_points(c, LINE_OWNER_VIOLENCE_EXPLOITED,
                                                    p->owner_violence * p->owner_violence_exploited);
    uint32_t place, seat;
    double mark;
    while (persons_points_next(c, &points, &place, &seat, &mark)) by_owner(c, p, m, place, seat, mark, points.points.drawn);
}

static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct city *c = &w->city[part];
    const struct parameters *p = parameters;
    double fade = portable_exp2(-1 / p->protect_half_life);
    for (uint32_t d = 0; d < c->districts; d++) c->protection[d] *= fade;
    clients_against_adults(c, p, metrics);
    clients_against_exploited(c, p, metrics);
    clients_in_the_street(c, p, metrics);
    owners_against_adults(c, p, metrics);
    owners_against_exploited(c, p, metrics);
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

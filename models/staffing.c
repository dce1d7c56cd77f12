/* Staffing: whom owners let go, who fills empty slots, who comes back from the street. */
#include "models/lines.h"
#include "models/world.h"
#include "models/submodels.h"

/* clang-format off */
#define PARAMETERS(P)                                                                                                                 \
    P(real, dismiss_rate,   0.03333333333333333, 0, 1, "1/day", uncertain, "rate at which exploited persons above the wanted number are let go", "prototype: once a month") \
    P(real, displace_share, 0.7,  0, 1, "1",     uncertain, "share of those let go who are moved to another vacancy for the exploited, if the city has one", "prototype") \
    P(real, refill_rate,    0.1,  0, 1, "1/day", uncertain, "rate at which adults take an empty slot that is not reserved", "prototype") \
    P(real, return_rate,    0.02, 0, 1, "1/day", uncertain, "rate at which adults in the street look for a slot in a venue of their district", "assumed: about two months")

#define METRICS(M)                                                                                                                    \
    M(flow, displaced,          "persons",     "exploited persons moved to another vacancy when let go")                             \
    M(flow, dismissed,          "persons",     "exploited persons let go who left exploitation in this city")                      \
    M(flow, adult_days_lost,    "person-days", "days of income lost by non-coerced adults in closed venues, unless supported, in detention, or in care against their will")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

static const double FULL_AT_START = 0.95; /* share of slots and wanted numbers that are filled on the first day */

static void let_go(struct city *c, const struct parameters *p, struct metrics *m, uint32_t seat)
{
    const struct person person = seat_lift(c, seat);
    if (luck_coin(&c->luck, DRAW_DISPLACE, seat, 0, p->displace_share) && person_to_vacancy(c, person, seat, 0)) {
        m->displaced++;
    } else {
        c->gone++;
        m->dismissed++;
    }
}

/* So many of the exploited persons in excess of what the owner wants, who are those in the place that he has given up, and those in
 * the lowest seats of the other. */
static void dismiss(struct city *c, const struct parameters *p, struct metrics *m, uint32_t venue, uint32_t go)
{
    const uint32_t place = exploitation_place(c, venue), given_up = place == venue ? private_place(c, venue) : venue;
    const uint64_t kept = c->exploited[place], left = c->exploited[given_up];
    const uint32_t above = c->surplus[venue], all_left = persons_in(left);
    uint32_t who[2 * PLACE_SEATS];
    pick_distinct(&c->luck, DRAW_DISMISS, venue, 1, above, go, who);
    for (uint32_t i = 0; i < go; i++)
        if (who[i] < all_left) let_go(c, p, m, c->first_seat[given_up] + nth_bit(left, who[i]));
        else let_go(c, p, m, c->first_seat[place] + nth_bit(kept, who[i] - all_left));
}

static void dismissals(struct city *c, const struct parameters *p, struct metrics *m)
{
    const double chance = daily_chance(p->dismiss_rate);
    FOR_ROWS(v, c->surplus, c->venues) {
        const uint32_t go = binomial_quantile(luck_uniform(&c->luck, DRAW_DISMISS, v, 0), c->surplus[v], chance);
        if (go > 0) dismiss(c, p, m, v, go);
    }
}

/* Each vacancy for adults is taken with this chance. */
static void refill(struct city *c, double chance)
{
    struct column_coins coins;
    uint32_t v, come;
    column_coins_begin(&coins, c, DRAW_REFILL, c->vacant, chance);
    while (column_coins_next(&coins, &v, &come))
        for (; come > 0; come--) seat_enter(c, v, newcomer(c, CLASS_ADULT, luck_uniform(&c->luck, DRAW_NEWCOMER, v, come), 0));
}

/* On the first day venues are filled, so that burn-in starts near where it ends. */
static void fill_at_start(struct city *c)
{
    for (uint32_t v = 0; v < c->venues; v++) {
        uint32_t place = exploitation_place(c, v), vacancies = c->wanting[v];
        for (uint32_t i = 0; i < vacancies; i++) {
            struct words w = luck_words(&c->luck, DRAW_START, v, i);
            if (unit_interval(w.word[0]) >= FULL_AT_START) continue;
            enum class class = unit_interval(w.word[1]) < c->rules->minor_share ? CLASS_MINOR : CLASS_COERCED;
            seat_enter(c, place, newcomer(c, class, unit_interval(w.word[2]), unit_interval(w.word[3])));
        }
    }
    refill(c, FULL_AT_START);
}

/* A free slot in the district's venues, drawn at random; false if there is none. */
static bool to_venue(struct city *c, uint32_t seat)
{
    uint32_t district = district_of(c, seat_place(c, seat)), vacancies = 0;
    uint32_t first = c->district_venue[district], end = c->district_venue[district + 1];
    for (uint32_t v = first; v < end; v++) vacancies += c->vacant[v];
    if (vacancies == 0) return false;
    uint32_t chosen = luck_pick(&c->luck, DRAW_RETURN_VENUE, seat, 0, vacancies), v = first;
    while (chosen >= c->vacant[v]) chosen -= c->vacant[v++];
    seat_take(c, v, seat_lift(c, seat));
    return true;
}

static void return_from_street(struct city *c, const struct parameters *p)
{
    struct persons_points points = street_points(c, LINE_STREET_RETURN, p->return_rate);
    uint32_t place, seat;
    double mark;
    while (persons_points_next(c, &points, &place, &seat, &mark))
        if (adults_at(c, place) & bit_in(c, place, seat)) to_venue(c, seat);
}

static void count_days_lost(struct city *c, struct metrics *m)
{
    double closed = 0;
    for (uint32_t v = 0; v < c->venues && c->reopens < INT32_MAX; v++)
        if (is_closed(c, v)) closed += persons_in(adults_at(c, v));
    c->supported_days = closed * c->policy->adult_support;
    m->adult_days_lost += c->held + c->adults_in_care + closed - c->supported_days;
}

static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct city *c = &w->city[part];
    const struct parameters *p = parameters;
    if (c->day == 0) {
        fill_at_start(c);
        return;
    }
    dismissals(c, p, metrics);
    return_from_street(c, p);
    refill(c, daily_chance(p->refill_rate));
    count_days_lost(c, metrics);
}

const struct submodel submodel_staffing = {
    .name = "staffing",
    .purpose = "exploited persons above the wanted number are let go or moved; adults take free slots and return from the street",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .step = step,
};

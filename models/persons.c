/* Persons: how adults leave, and how exploitation ends without the police: coming of age, escape, release, help. */
#include "models/lines.h"
#include "models/world.h"
#include "models/submodels.h"

/* clang-format off */
#define PARAMETERS(P)                                                                                                                 \
    P(real, adult_tenure,      365,    1, 36500, "days",  uncertain, "mean time a non-coerced adult stays in the trade in this city", "prototype") \
    P(real, stays_coerced,     0.7,    0, 1,     "1",     uncertain, "chance that a minor who comes of age remains coerced", "prototype") \
    P(real, escape_rate,       0.0014, 0, 1,     "1/day", uncertain, "rate at which an exploited person escapes", "prototype: two years")  \
    P(real, debt_release_rate, 0.0014, 0, 1,     "1/day", uncertain, "rate at which a coerced adult is released from debt and stays as a non-coerced adult", "prototype: two years") \
    P(real, outside_help,      0.0003, 0, 1,     "1/day", uncertain, "rate at which family, organisations or clients get an exploited person out without the police", "assumed: one in ten a year") \
    P(real, infection_rate,    0.0001, 0, 1,     "1/day", uncertain, "rate of infection of a non-coerced adult without fear who is not served", "prototype") \
    P(real, infection_coerced, 1,      0, 20,    "1",     uncertain, "relative rise of the infection rate when exploited", "prototype")  \
    P(real, infection_fear,    1,      0, 20,    "1",     uncertain, "relative rise of the infection rate at full fear: condoms are harder to insist on", "FACTS 2.2-2.3, shrunk") \
    P(real, service_protection, 0.5,   0, 1,     "1",     uncertain, "relative fall of the infection rate when served within 90 days", "prototype")

#define METRICS(M)                                                                                                                    \
    M(flow, minor_days,         "person-days", "person-days of exploitation of minors, in venues and the private network")          \
    M(flow, coerced_days,       "person-days", "person-days of exploitation of coerced adults, in venues and the private network")  \
    M(flow, escaped,            "persons",     "exploited persons who escaped")                                                     \
    M(flow, helped_out,         "persons",     "exploited persons whom family, organisations or clients got out, without the police") \
    M(flow, released_from_debt, "persons",     "coerced adults released, who stayed as non-coerced adults or left the private network") \
    M(flow, came_of_age,        "persons",     "minors who turned 18 while exploited")                                             \
    M(flow, infections,         "infections",  "new infections")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

/* For every seat on which the day's luck falls and in which somebody exploited sits: `place`, `seat`. */
#define FOR_EXPLOITED(line, rate)                                                                                       \
    struct points points = owners_seats_points(c, line, exploited_now(c) > 0 ? rate : 0);                               \
    uint32_t place, seat;                                                                                               \
    double mark;                                                                                                        \
    while (points_next(&points, &seat, &mark))                                                                          \
        if (place = seat_place(c, seat), c->exploited[place] & bit_in(c, place, seat))

static void adults_leave(struct city *c, const struct parameters *p)
{
    struct points points = seats_points(c, LINE_ADULT_LEAVES, 1 / p->adult_tenure);
    uint32_t seat;
    double mark;
    while (points_next(&points, &seat, &mark)) {
        const uint32_t place = seat_place(c, seat);
        if (adults_at(c, place) & bit_in(c, place, seat)) seat_leave(c, seat);
    }
}

static void adults_leave_the_street(struct city *c, const struct parameters *p)
{
    struct persons_points points = street_points(c, LINE_ADULT_LEAVES_STREET, 1 / p->adult_tenure);
    uint32_t place, seat;
    double mark;
    while (persons_points_next(c, &points, &place, &seat, &mark))
        if (adults_at(c, place) & bit_in(c, place, seat)) seat_leave(c, seat);
}

/* The owner feels the loss of a person (beliefs.c lets the feeling fade). */
static void lost_by_owner(struct city *c, uint32_t place, uint32_t seat)
{
    c->losses[place_owner(c, place)] += 1;
    seat_leave(c, seat);
}

static void escapes(struct city *c, const struct parameters *p, struct metrics *m)
{
    FOR_EXPLOITED(LINE_ESCAPE, p->escape_rate) {
        lost_by_owner(c, place, seat);
        m->escaped++;
    }
}

static void outside_help(struct city *c, const struct parameters *p, struct metrics *m)
{
    FOR_EXPLOITED(LINE_OUTSIDE_HELP, p->outside_help) {
        lost_by_owner(c, place, seat);
        m->helped_out++;
    }
}

/* Nobody stays in a private network of her own will. */
static void no_longer_coerced(struct city *c, uint32_t seat)
{
    if (place_kind(c, seat_place(c, seat)) == PLACE_PRIVATE) seat_leave(c, seat);
    else seat_reclass(c, seat, CLASS_ADULT);
}

static void debt_releases(struct city *c, const struct parameters *p, struct metrics *m)
{
    FOR_EXPLOITED(LINE_DEBT_RELEASE, p->debt_release_rate)
        if (class_in(c, place, seat) == CLASS_COERCED) {
            no_longer_coerced(c, seat);
            m->released_from_debt++;
        }
}

static void birthdays(struct city *c, const struct parameters *p, struct metrics *m)
{
    if (c->day < c->birthday) return;
    c->birthday = INT32_MAX;
    for (uint32_t place = 0; place < 2 * c->venues; place++)
        for (uint64_t minors = minors_in(c, place), grown = minors ? due_in(c, place, minors, &c->birthday) : 0; grown;) {
            uint32_t seat = next_seat(c, place, &grown);
            m->came_of_age++;
            if (luck_coin(&c->luck, DRAW_ADULTHOOD, seat, 0, p->stays_coerced)) seat_reclass(c, seat, CLASS_COERCED);
            else no_longer_coerced(c, seat);
        }
}

/* `share` of the rate that the line has: that of the exploited, at full fear and without the protection of services. */
static void infection(struct city *c, const struct parameters *p, struct metrics *m, uint32_t seat, double mark, double share)
{
    if (traits_of(c, seat) & TRAIT_INFECTED) return;
    share *= (1 + p->infection_fear * fear_of(c, seat)) / (1 + p->infection_fear);
    if (mark >= share * (is_served(c, seat) ? 1 - p->service_protection : 1)) return;
    seat_infect(c, seat);
    m->infections++;
}

static void infections(struct city *c, const struct parameters *p, struct metrics *m)
{
    const double most = p->infection_rate * (1 + p->infection_fear), coerced = 1 + p->infection_coerced;
    struct points indoors = owners_seats_points(c, LINE_INFECTION, most * coerced);
    struct persons_points street = street_points(c, LINE_INFECTION_STREET, most);
    uint32_t place, seat;
    double mark;
    while (points_next(&indoors, &seat, &mark)) {
        place = seat_place(c, seat);
        const uint64_t bit = bit_in(c, place, seat);
        if (c->occupied[place] & bit) infection(c, p, m, seat, mark, c->exploited[place] & bit ? 1 : 1 / coerced);
    }
    while (persons_points_next(c, &street, &place, &seat, &mark)) infection(c, p, m, seat, mark, 1);
}

static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct city *c = &w->city[part];
    const struct parameters *p = parameters;
    struct metrics *m = metrics;
    adults_leave(c, p);
    adults_leave_the_street(c, p);
    birthdays(c, p, m);
    escapes(c, p, m);
    outside_help(c, p, m);
    debt_releases(c, p, m);
    infections(c, p, m);
    m->minor_days += c->count[PLACE_VENUE][CLASS_MINOR] + c->count[PLACE_PRIVATE][CLASS_MINOR];
    m->coerced_days += c->count[PLACE_VENUE][CLASS_COERCED] + c->count[PLACE_PRIVATE][CLASS_COERCED];
}

const struct submodel submodel_persons = {
    .name = "persons",
    .purpose = "adults leave; minors come of age; exploited persons escape, are released or helped out; infection",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .step = step,
};

/* Owners: whether to exploit, and openly, covertly or in the private network. */
#include "models/lines.h"
#include "models/choice.h"
#include "models/submodels.h"

/* clang-format off */
#define PARAMETERS(P)                                                                                                                 \
    P(real, theta_mean,       -6.0, -50, 50, "months", uncertain, "mean propensity to exploit", "tuned by hand: about 6 % minors at status quo; Cebu")       \
    P(real, theta_sd,         3,     0, 50,   "months", uncertain, "standard deviation of the propensity to exploit", "prototype") \
    P(real, conceal_cost,     1,     0, 60,   "months", uncertain, "yearly cost of covert exploitation", "prototype")               \
    P(real, private_cost,     1.5,   0, 60,   "months", uncertain, "yearly cost of a private network", "assumed")                   \
    P(real, tie_cover,        0.5,   0, 1,    "1",      uncertain, "share of the risk of which a protection tie relieves the owner", "prototype") \
    P(real, tie_fee,          0.1,   0, 60,   "months", uncertain, "yearly price of a protection tie", "assumed, below the prototype's 0.5")                 \
    P(real, replacement_cost, 0.5,   0, 2,    "months", uncertain, "loss felt for each exploited person lost in the last year: a deterrent that needs no police", "MODEL 5")

#define METRICS(M)                                                                                                                    \
    M(stock, venues_open,      "venues", "venues that are not closed by the police")                                               \
    M(stock, venues_offering,  "venues", "owners who exploit at least one person now, openly, covertly or in the private network") \
    M(stock, venues_covert,    "venues", "owners who exploit covertly in their venue")                                             \
    M(stock, venues_private,   "venues", "owners who exploit in the private network")                                              \
    M(stock, venues_protected, "venues", "venues with a protection tie to an officer")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

/* Moves as many exploited persons as fit from one of an owner's places to the other; the rest are let go in time. */
static void move_exploited(struct city *c, uint32_t venue, uint32_t from, uint32_t to)
{
    for (uint64_t m = c->exploited[from]; m && c->wanting[venue] > 0;) {
        uint32_t seat = next_seat(c, from, &m);
        seat_take(c, to, seat_lift(c, seat));
    }
}

static void set_mode(struct city *c, uint32_t venue, enum mode mode)
{
    uint32_t from = exploitation_place(c, venue);
    owner_turns(c, venue, mode);
    uint32_t to = exploitation_place(c, venue);
    if (from != to && mode != MODE_NONE) move_exploited(c, venue, from, to);
}

/* The yearly value of each mode in months of ordinary revenue. The comments name the terms of the ODD's equation. */
static void values(const struct city *c, const struct parameters *p, uint32_t v, double value[MODES])
{
    bool tied = c->tie[v] != NO_OFFICER;
    double gross = c->market->premium * c->price;                                         /* premium P            */
    double loss = (double)c->risk[v] * c->punishment[v] * (1 - p->tie_cover * tied) * sanction(c); /* rho q (1 - cover) S */
    double common = c->theta[v] - p->tie_fee * tied - p->replacement_cost * c->losses[v]; /* theta - fee - r x   */
    value[MODE_NONE] = 0;
    value[MODE_OPEN] = gross - loss + common;
    value[MODE_COVERT] = gross * c->rules->covert_capacity - loss * (1 - c->rules->conceal_effect) - p->conceal_cost + common;
    value[MODE_PRIVATE] = gross * c->rules->private_capacity - loss * (1 - c->rules->private_effect) - p->private_cost + common;
}

static void review(struct city *c, const struct parameters *p, uint32_t v)
{
    if (c->standing[v] != STANDING_FREE || c->hides_until[v] > c->day) return;
    double value[MODES];
    values(c, p, v, value);
    set_mode(c, v, (enum mode)choice_of(c, v, value, MODES));
}

static void start(struct world *w, uint32_t part, const void *parameters)
{
    const struct parameters *p = parameters;
    struct city *c = &w->city[part];
    for (uint32_t v = 0; v < c->venues; v++) offender_arrives(c, v, p->theta_mean, p->theta_sd, 0, 0);
}

/* Whoever takes over from an imprisoned owner believes what the district's owners believe on average. */
static void succeed(struct city *c, const struct parameters *p, uint32_t venue)
{
    uint32_t district = c->place_district[venue], n = 0;
    double risk = 0, punishment = 0;
    for (uint32_t v = c->district_venue[district]; v < c->district_venue[district + 1]; v++) {
        if (c->standing[v] == STANDING_VACANT && v != venue) continue;
        risk += c->risk[v];
        punishment += c->punishment[v];
        n++;
    }
    offender_arrives(c, venue, p->theta_mean, p->theta_sd, risk / n, punishment / n);
    c->losses[venue] = 0;
    c->hides_until[venue] = 0;
    review(c, p, venue);
}

static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct city *c = &w->city[part];
    (void)metrics;
    for (uint32_t v = 0; v < c->venues && c->successions > 0; v++)
        if (c->standing[v] == STANDING_VACANT) succeed(c, parameters, v);
    tastes_change(c, LINE_TASTE_OWNER, 0, c->venues);
    if (c->day == 0) /* every owner has made up his mind when the world begins */
        for (uint32_t v = 0; v < c->venues; v++) review(c, parameters, v);
    struct points points = line_points(c, LINE_REVIEW_OWNER, 0, c->venues, c->market->review_rate);
    uint32_t v;
    double mark;
    while (points_next(&points, &v, &mark)) review(c, parameters, v);
}

static void observe(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    const struct city *c = &w->city[part];
    struct metrics *m = metrics;
    (void)parameters;
    uint32_t offering[MODES] = {0}, open = 0, protected = 0;
    FOR_ROWS(v, c->exploiting, c->venues) offering[c->mode[v]]++;
    for (uint32_t v = 0; v < c->venues; v++) open += !is_closed(c, v), protected += c->tie[v] != NO_OFFICER;
    m->venues_open = open;
    m->venues_offering = offering[MODE_OPEN] + offering[MODE_COVERT] + offering[MODE_PRIVATE];
    m->venues_covert = offering[MODE_COVERT];
    m->venues_private = offering[MODE_PRIVATE];
    m->venues_protected = protected;
}

const struct submodel submodel_owners = {
    .name = "owners",
    .purpose = "owners weigh gain against perceived risk and exploit openly, covertly, in the private network, or not",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .start = start,
    .step = step,
    .observe = observe,
};

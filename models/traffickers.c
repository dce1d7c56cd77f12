/* Traffickers: whether to be active, whom to supply, and who takes the place of the imprisoned. */
#include "models/lines.h"
#include "models/choice.h"
#include "models/submodels.h"

/* clang-format off */
#define PARAMETERS(P)                                                                                                                 \
    P(real, theta_mean,    -5,     -50, 50, "months", uncertain, "mean propensity to traffic", "prototype")                         \
    P(real, theta_sd,      3,      0, 50,   "months", uncertain, "standard deviation of the propensity to traffic", "prototype")    \
    P(real, recruit_rate,  0.03,   0, 1,    "1/day",  uncertain, "rate at which a vacancy for an exploited person is filled, at price 1, if a linked trafficker is active", "prototype; FACTS C: replacement in 2-26 weeks") \
    P(real, entry_rate,    0.0008, 0, 0.1,  "1/day/month", uncertain, "rate at which a post emptied by prison is taken, for each month of expected gain: the balloon effect", "prototype; FACTS 5.8: unknown, decisive")

#define METRICS(M)                                                                                                    \
    M(stock, traffickers_active, "persons", "traffickers who are free and active")                                    \
    M(flow,  minors_recruited,   "persons", "minors brought into exploitation for the first time")                    \
    M(flow,  coerced_recruited,  "persons", "adults brought into exploitation for the first time")                    \
    M(flow,  traffickers_entered, "persons", "traffickers who took a post that prison had emptied")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

static double gain(const struct city *c, double risk, double punishment)
{
    return c->market->premium * c->price - risk * punishment * sanction(c);
}

static void review(struct city *c, uint32_t trafficker)
{
    uint32_t o = c->venues + trafficker;
    if (c->standing[o] != STANDING_FREE && c->standing[o] != STANDING_DORMANT) return;
    const double value[] = {0, gain(c, c->risk[o], c->punishment[o]) + c->theta[o]};
    c->standing[o] = choice_of(c, o, value, 2) == 1 ? STANDING_FREE : STANDING_DORMANT;
}

static void reviews(struct city *c)
{
    tastes_change(c, LINE_TASTE_TRAFFICKER, c->venues, c->traffickers);
    if (c->day == 0) /* everybody has made up his mind when the world begins */
        for (uint32_t k = 0; k < c->traffickers; k++) review(c, k);
    struct points points = line_points(c, LINE_REVIEW_TRAFFICKER, 0, c->traffickers, c->market->review_rate);
    uint32_t k;
    double mark;
    while (points_next(&points, &k, &mark)) review(c, k);
}

/* A linked trafficker who is active, chosen at random, or NOBODY. */
static uint32_t supplier(const struct city *c, uint32_t venue, uint32_t word)
{
    uint32_t active = 0, i = c->link_first[venue];
    for (uint32_t k = i; k < c->link_first[venue + 1]; k++)
        active += c->standing[c->venues + link_trafficker(c, k)] == STANDING_FREE;
    if (active == 0) return NOBODY;
    uint32_t chosen = picked(word, active);
    while (c->standing[c->venues + link_trafficker(c, i)] != STANDING_FREE || chosen-- > 0) i++;
    return link_trafficker(c, i);
}

/* Four numbers for everybody recruited. */
enum { LUCK_SUPPLIER, LUCK_CLASS, LUCK_IRREGULAR, LUCK_BIRTHDAY };

static void recruit(struct city *c, struct metrics *m, uint32_t venue, uint32_t index)
{
    const struct words w = luck_words(&c->luck, DRAW_RECRUITER, venue, index);
    const uint32_t trafficker = supplier(c, venue, w.word[LUCK_SUPPLIER]);
    if (trafficker == NOBODY) return;
    enum class class = unit_interval(w.word[LUCK_CLASS]) < c->rules->minor_share ? CLASS_MINOR : CLASS_COERCED;
    struct person person = newcomer(c, class, unit_interval(w.word[LUCK_IRREGULAR]), unit_interval(w.word[LUCK_BIRTHDAY]));
    person.supplier = (uint16_t)trafficker;
    seat_enter(c, exploitation_place(c, venue), person);
    if (class == CLASS_MINOR) m->minors_recruited++;
    else m->coerced_recruited++;
}

/* Each vacancy is filled at recruit_rate times price. */
static void supply(struct city *c, const struct parameters *p, struct metrics *m)
{
    struct column_coins coins;
    uint32_t v, come;
    column_coins_begin(&coins, c, DRAW_RECRUIT, c->wanting, daily_chance(p->recruit_rate * c->price));
    while (column_coins_next(&coins, &v, &come))
        for (; come > 0; come--) recruit(c, m, v, come);
}

/* Posts that prison has emptied are taken the faster, the more there is to gain: the balloon effect. */
static void entry(struct city *c, const struct parameters *p, struct metrics *m)
{
    if (c->openings == 0) return;
    double risk = 0, cost = 0, punishment = 0;
    uint32_t n = 0;
    for (uint32_t o = c->venues; o < c->offenders; o++) {
        if (c->standing[o] == STANDING_VACANT) continue;
        risk += c->risk[o];
        punishment += c->punishment[o];
        cost += (double)c->risk[o] * c->punishment[o];
        n++;
    }
    for (uint32_t v = 0; v < c->venues && n == 0; v++) { /* nobody left to learn from but the owners */
        risk += (double)c->risk[v] / c->venues;
        punishment += (double)c->punishment[v] / c->venues;
        cost += (double)c->risk[v] * c->punishment[v] / c->venues;
    }
    if (n > 0) risk /= n, punishment /= n, cost /= n;
    double expected = c->market->premium * c->price - cost * sanction(c);
    double chance = daily_chance(p->entry_rate * fmax(0, expected));
    uint32_t o = c->venues;
    for (uint32_t i = 0, openings = c->openings; i < openings; i++) {
        if (!luck_coin(&c->luck, DRAW_TRAFFICKER_ENTRY, i, 0, chance)) continue;
        while (o < c->offenders && c->standing[o] != STANDING_VACANT) o++;
        if (o == c->offenders) return;
        offender_arrives(c, o, p->theta_mean, p->theta_sd, risk, punishment);
        supplier_forget(c, o - c->venues);
        c->openings--;
        m->traffickers_entered++;
    }
}

static void start(struct world *w, uint32_t part, const void *parameters)
{
    struct city *c = &w->city[part];
    const struct parameters *p = parameters;
    for (uint32_t k = 0; k < c->traffickers; k++) {
        offender_arrives(c, c->venues + k, p->theta_mean, p->theta_sd, 0, 0);
        /* posts beyond the usual number stand ready for those who come from other cities */
        if (k >= (uint32_t)c->region->traffickers) c->standing[c->venues + k] = STANDING_VACANT;
    }
}

static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct city *c = &w->city[part];
    reviews(c);
    supply(c, parameters, metrics);
    entry(c, parameters, metrics);
}

static void observe(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    const struct city *c = &w->city[part];
    struct metrics *m = metrics;
    (void)parameters;
    m->traffickers_active = 0;
    for (uint32_t o = c->venues; o < c->offenders; o++) m->traffickers_active += c->standing[o] == STANDING_FREE;
}

const struct submodel submodel_traffickers = {
    .name = "traffickers",
    .purpose = "traffickers are active or dormant, fill vacancies, and replace those in prison",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .start = start,
    .step = step,
    .observe = observe,
};

/* Beliefs: what offenders learn, from their own fate and that of others, about the chance of being caught (risk) and of being
 * punished when caught (punishment). Each learns more from what happens closer to him. */
#include <math.h>

#include "models/world.h"
#include "models/submodels.h"

/* clang-format off */
#define PARAMETERS(P)                                                                                                                 \
    P(choice, belief_model,  0,     0, 1, "dual|single", structural, "dual: risk and punishment are learned apart; single: risk alone, and a release for nothing lowers it", "MODEL 5") \
    P(real, first_risk,      0.03,  0, 1,    "1",    uncertain, "believed chance of being caught within a year on the first day", "FACTS C: 0-0.03; essay: 'virtually no arrests'") \
    P(real, first_punishment, 0.1,  0, 1,    "1",    uncertain, "believed chance of punishment when caught, on the first day", "prototype") \
    P(real, w_inspection,    0.003, 0, 1,    "1",    uncertain, "weight of an inspection as being caught", "prototype")               \
    P(real, w_arrest,        0.4,   0, 1,    "1",    uncertain, "weight of an arrest as being caught", "prototype")                   \
    P(real, w_fine,          0.2,   0, 1,    "1",    uncertain, "weight of a fine as being caught", "prototype")                      \
    P(real, w_jail,          1,     0, 1,    "1",    uncertain, "weight of a prison sentence as being caught", "prototype")           \
    P(real, w_remand,        0.1,   0, 1,    "1",    uncertain, "weight of remand of 30 days, or of closure, as punishment: decides whether sweeps deter", "MODEL 5") \
    P(real, punish_fine,     1,     0, 1,    "1",    uncertain, "weight of a fine as punishment", "prototype")                        \
    P(real, punish_jail,     1,     0, 1,    "1",    uncertain, "weight of a prison sentence as punishment", "prototype")             \
    P(real, learn_own,       0.5,   0, 1,    "1",    uncertain, "learning of risk from one's own fate", "prototype; with w_arrest +0.19 at a first arrest, above the +0.03 to +0.15 of FACTS C (4.5: 0.063)") \
    P(real, learn_linked,    0.25,  0, 1,    "1",    uncertain, "learning of risk along the links of traffickers and venues", "prototype; FACTS C: 0-0.6 of own") \
    P(real, learn_district,  0.08,  0, 1,    "1",    uncertain, "learning of risk from another owner in a district of 30 venues", "prototype; FACTS C") \
    P(real, learn_city,      0.025,  0, 1,    "1",    uncertain, "learning of risk from others in a city of 150 venues, 30 to a district", "tuned by hand: Cebu; FACTS C") \
    P(real, punish_own,      0.5,   0, 1,    "1",    uncertain, "learning of punishment from one's own fate", "prototype: as for risk") \
    P(real, punish_linked,   0.25,  0, 1,    "1",    uncertain, "learning of punishment along links", "prototype: as for risk")        \
    P(real, punish_district, 0.08,  0, 1,    "1",    uncertain, "learning of punishment in a district of 30 venues", "prototype: as for risk") \
    P(real, punish_city,     0.025,  0, 1,    "1",    uncertain, "learning of punishment in a city of 150 venues, 30 to a district", "tuned by hand: as for risk") \
    P(real, learn_impunity,  0.3,   0, 1,    "1",    uncertain, "weight of a betrayed operation, or in the single model of a release for nothing, in unlearning risk", "prototype") \
    P(real, risk_half_life,  365,   1, 36500, "days", uncertain, "time in which perceived risk, and the memory of persons lost, halves", "FACTS C: 3-24 months") \
    P(real, q_base,          0.1,   0, 1,    "1",    uncertain, "punishment that offenders believe in when they hear of none", "assumed: as at first") \
    P(real, q_half_life,     730,   1, 36500, "days", uncertain, "time in which perceived punishment halves its distance to q_base", "assumed")

#define METRICS(M)                                                                                                                    \
    M(share, perceived_risk,       "1", "owners' mean belief in the chance of being caught within a year")                         \
    M(share, perceived_punishment, "1", "owners' mean belief in the chance of being punished when caught")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

enum { DUAL, SINGLE };

/* What a signal does, as weights on learning: up moves a belief towards 1, down towards 0. */
struct lesson {
    double risk_up, risk_down, punishment_up, punishment_down;
};

static struct lesson lesson_of(const struct parameters *p, enum signal_kind kind)
{
    switch (kind) {
    case SIGNAL_INSPECTED: return (struct lesson){.risk_up = p->w_inspection};
    case SIGNAL_ARRESTED: return (struct lesson){.risk_up = p->w_arrest};
    case SIGNAL_DETAINED: return (struct lesson){.punishment_up = p->w_remand};
    case SIGNAL_FINED: return (struct lesson){.risk_up = p->w_fine, .punishment_up = p->punish_fine};
    case SIGNAL_JAILED: return (struct lesson){.risk_up = p->w_jail, .punishment_up = p->punish_jail};
    case SIGNAL_BETRAYED: return (struct lesson){.risk_down = p->learn_impunity};
    case SIGNAL_BOUGHT:
    case SIGNAL_ACQUITTED:
    case SIGNAL_PARDONED: break;
    }
    /* released for nothing */
    if (p->belief_model == SINGLE) return (struct lesson){.risk_down = p->learn_impunity};
    return (struct lesson){.punishment_down = 1};
}

/* How near the learner is to the one who met the fate. */
struct nearness {
    double risk, punishment; /* lambda, lambda_q */
};

/* The offenders first ... end - 1 learn. */
static void learn(struct city *c, uint32_t first, uint32_t end, const struct lesson *lesson, struct nearness near)
{
    const float up = (float)(near.risk * lesson->risk_up), down = (float)(near.risk * lesson->risk_down);
    const float q_up = (float)(near.punishment * lesson->punishment_up), q_down = (float)(near.punishment * lesson->punishment_down);
    float *risk = c->risk, *q = c->punishment;
    if (up > 0)
        for (uint32_t o = first; o < end; o++) risk[o] += up * (1 - risk[o]);
    if (down > 0)
        for (uint32_t o = first; o < end; o++) risk[o] -= down * risk[o];
    if (q_up > 0)
        for (uint32_t o = first; o < end; o++) q[o] += q_up * (1 - q[o]);
    if (q_down > 0)
        for (uint32_t o = first; o < end; o++) q[o] -= q_down * q[o];
}

static void learn_alone(struct city *c, uint32_t learner, const struct lesson *lesson, struct nearness near)
{
    learn(c, learner, learner + 1, lesson, near);
}

static bool linked(const struct city *c, uint32_t venue, uint32_t trafficker)
{
    for (uint32_t i = c->link_first[venue]; i < c->link_first[venue + 1]; i++)
        if (link_trafficker(c, i) == trafficker) return true;
    return false;
}

/* Learning from others is per venue, of the district or of the other districts, so that an owner hears as much in a city of another
 * size as in the essay's, for which the parameters are stated. */
enum { ESSAY_DISTRICT = 30, ESSAY_CITY = 150 }; /* venues */

static struct nearness scaled(double risk, double punishment, double by)
{
    return (struct nearness){fmin(risk * by, 1), fmin(punishment * by, 1)};
}

/* An owner's fate: his district hears of it, the traffickers linked to him, and the city. */
static void spread_owner(struct city *c, const struct parameters *p, const struct lesson *lesson, uint32_t owner,
                         struct nearness in_city)
{
    const uint32_t district = c->place_district[owner], first = c->district_venue[district], end = c->district_venue[district + 1];
    const uint32_t here = end - first;
    const struct nearness neighbour = scaled(p->learn_district, p->punish_district, (double)ESSAY_DISTRICT / here);
    const double others = (double)(ESSAY_CITY - ESSAY_DISTRICT) / (c->venues - here); /* not used where there are none */
    const struct nearness elsewhere = here < c->venues ? scaled(p->learn_city, p->punish_city, others) : (struct nearness){0};
    learn(c, 0, first, lesson, elsewhere);
    learn(c, first, owner, lesson, neighbour);
    learn_alone(c, owner, lesson, (struct nearness){p->learn_own, p->punish_own});
    learn(c, owner + 1, end, lesson, neighbour);
    learn(c, end, c->venues, lesson, elsewhere);
    uint32_t unlinked = c->venues; /* links are in the order of traffickers */
    for (uint32_t i = c->link_first[owner]; i < c->link_first[owner + 1]; i++) {
        const uint32_t o = c->venues + link_trafficker(c, i);
        learn(c, unlinked, o, lesson, in_city);
        learn_alone(c, o, lesson, (struct nearness){p->learn_linked, p->punish_linked});
        unlinked = o + 1;
    }
    learn(c, unlinked, c->offenders, lesson, in_city);
}

static void spread_trafficker(struct city *c, const struct parameters *p, const struct lesson *lesson, uint32_t offender,
                              struct nearness in_city)
{
    for (uint32_t v = 0; v < c->venues; v++)
        learn_alone(c, v, lesson,
                    linked(c, v, offender - c->venues) ? (struct nearness){p->learn_linked, p->punish_linked} : in_city);
    learn(c, c->venues, offender, lesson, in_city);
    learn_alone(c, offender, lesson, (struct nearness){p->learn_own, p->punish_own});
    learn(c, offender + 1, c->offenders, lesson, in_city);
}

static void spread(struct city *c, const struct parameters *p, const struct lesson *lesson, uint32_t offender)
{
    const struct nearness in_city = scaled(p->learn_city, p->punish_city, (double)ESSAY_CITY / c->venues);
    if (offender < c->venues) spread_owner(c, p, lesson, offender, in_city);
    else spread_trafficker(c, p, lesson, offender, in_city);
}

static void fade(struct city *c, const struct parameters *p)
{
    const double kept = portable_exp2(-1 / p->risk_half_life);
    /* What fades is rounded, and not what is kept: that would add up. */
    const float risk = (float)(1 - kept), q = (float)(1 - portable_exp2(-1 / p->q_half_life)), base = (float)p->q_base;
    for (uint32_t o = 0; o < c->offenders; o++) {
        c->risk[o] -= risk * c->risk[o];
        c->punishment[o] += q * (base - c->punishment[o]);
    }
    for (uint32_t v = 0; v < c->venues; v++) c->losses[v] *= (float)kept;
}

static void start(struct world *w, uint32_t part, const void *parameters)
{
    struct city *c = &w->city[part];
    const struct parameters *p = parameters;
    for (uint32_t o = 0; o < c->offenders; o++) {
        c->risk[o] = (float)p->first_risk;
        c->punishment[o] = p->belief_model == SINGLE ? 1 : (float)p->first_punishment;
    }
}

static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct city *c = &w->city[part];
    const struct parameters *p = parameters;
    (void)metrics;
    fade(c, p);
    for (uint32_t i = 0; i < c->n_signals; i++) {
        struct lesson lesson = lesson_of(p, (enum signal_kind)c->signals[i].kind);
        if (lesson.risk_up > 0 || lesson.risk_down > 0 || lesson.punishment_up > 0 || lesson.punishment_down > 0)
            spread(c, p, &lesson, c->signals[i].offender);
    }
    if (p->belief_model == SINGLE)
        for (uint32_t o = 0; o < c->offenders; o++) c->punishment[o] = 1;
}

static void observe(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    const struct city *c = &w->city[part];
    struct metrics *m = metrics;
    (void)parameters;
    m->perceived_risk = m->perceived_punishment = (struct share){0, c->venues};
    for (uint32_t v = 0; v < c->venues; v++) {
        m->perceived_risk.sum += c->risk[v];
        m->perceived_punishment.sum += c->punishment[v];
    }
}

const struct submodel submodel_beliefs = {
    .name = "beliefs",
    .purpose = "offenders learn the chances of being caught and of being punished, and forget",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .start = start,
    .step = step,
    .observe = observe,
};

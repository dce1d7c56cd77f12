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
    P(real, learn_own,       0.5,   0, 1,    "1",    uncertain, "learning of risk from one's own fate", "prototype; with w_arrest somewhat above the +0.03 to +0.15 after an arrest of FACTS C") \
    P(real, learn_linked,    0.25,  0, 1,    "1",    uncertain, "learning of risk along the links of traffickers and venues", "prototype; FACTS C: 0-0.6 of own") \
    P(real, learn_district,  0.08,  0, 1,    "1",    uncertain, "learning of risk from another owner in a district of 30 venues", "prototype; FACTS C") \
    P(real, learn_city,      0.025,  0, 1,    "1",    uncertain, "learning of risk from others in a city of 150 venues", "tuned by hand: Cebu; FACTS C") \
    P(real, punish_own,      0.5,   0, 1,    "1",    uncertain, "learning of punishment from one's own fate", "prototype: as for risk") \
    P(real, punish_linked,   0.25,  0, 1,    "1",    uncertain, "learning of punishment along links", "prototype: as for risk")        \
    P(real, punish_district, 0.08,  0, 1,    "1",    uncertain, "learning of punishment in a district of 30 venues", "prototype: as for risk") \
    P(real, punish_city,     0.025,  0, 1,    "1",    uncertain, "learning of punishment in a city of 150 venues", "tuned by hand: as for risk") \
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

static void learn(struct city *c, uint32_t learner, const struct lesson *lesson, struct nearness near)
{
    double risk = c->risk[learner], q = c->punishment[learner];
    risk += near.risk * lesson->risk_up * (1 - risk);
    risk -= near.risk * lesson->risk_down * risk;
    q += near.punishment * lesson->punishment_up * (1 - q);
    q -= near.punishment * lesson->punishment_down * q;
    c->risk[learner] = risk;
    c->punishment[learner] = q;
}

static bool linked(const struct city *c, uint32_t venue, uint32_t trafficker)
{
    for (uint32_t i = c->link_first[venue]; i < c->link_first[venue + 1]; i++)
        if (c->link_trafficker[i] == trafficker) return true;
    return false;
}

static struct nearness scaled(double risk, double punishment, double by)
{
    return (struct nearness){fmin(risk * by, 1), fmin(punishment * by, 1)};
}

/* Learning from others is per venue of the district or city, so that results do not depend on the size of the city. */
static void spread(struct city *c, const struct parameters *p, const struct lesson *lesson, uint32_t offender)
{
    bool owner = offender < c->venues;
    uint32_t district = owner ? c->place_district[offender] : UINT32_MAX, in_district = 1;
    if (owner) in_district = c->district_venue[district + 1] - c->district_venue[district];
    struct nearness own = {p->learn_own, p->punish_own}, link = {p->learn_linked, p->punish_linked};
    struct nearness in_city = scaled(p->learn_city, p->punish_city, 150.0 / c->venues);
    struct nearness neighbour = scaled(p->learn_district, p->punish_district, 30.0 / in_district);
    for (uint32_t v = 0; v < c->venues; v++)
        learn(c, v, lesson,
              v == offender                                       ? own
              : !owner && linked(c, v, offender - c->venues)      ? link
              : c->place_district[v] == district                  ? neighbour
                                                                  : in_city);
    for (uint32_t o = c->venues; o < c->offenders; o++)
        learn(c, o, lesson, o == offender ? own : owner && linked(c, offender, o - c->venues) ? link : in_city);
}

static void fade(struct city *c, const struct parameters *p)
{
    double risk = portable_exp2(-1 / p->risk_half_life), q = portable_exp2(-1 / p->q_half_life);
    for (uint32_t o = 0; o < c->offenders; o++) {
        c->risk[o] *= risk;
        c->punishment[o] = p->q_base + (c->punishment[o] - p->q_base) * q;
    }
    for (uint32_t v = 0; v < c->venues; v++) c->losses[v] *= (float)risk;
}

static void start(struct world *w, uint32_t part, const void *parameters)
{
    struct city *c = &w->city[part];
    const struct parameters *p = parameters;
    for (uint32_t o = 0; o < c->offenders; o++) {
        c->risk[o] = p->first_risk;
        c->punishment[o] = p->belief_model == SINGLE ? 1 : p->first_punishment;
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

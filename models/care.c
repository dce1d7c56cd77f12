/* Care: where the rescued, the deported and those taken by mistake go, and who is trafficked again. */
#include <math.h>
#include <string.h>

#include "models/world.h"
#include "models/submodels.h"

/* clang-format off */
#define PARAMETERS(P)                                                                                                                 \
    P(real, care_days,          365,  1, 3650, "days",  uncertain, "time in aftercare", "prototype")                                \
    P(real, risk_days,          180,  1, 3650, "days",  uncertain, "time after which it is settled whether somebody without care, or deported, is trafficked again", "assumed") \
    P(real, retraffic_care,     0.1,  0, 1,    "1",     uncertain, "chance of being trafficked again after good care", "FACTS C: 0.05-0.40 a year, here once and low, which favours the essay") \
    P(real, retraffic_none,     0.4,  0, 1,    "1",     uncertain, "chance of being trafficked again without care", "FACTS C: 0.3-0.8 a year, here once and low") \
    P(real, retraffic_deported, 0.4,  0, 1,    "1",     uncertain, "chance of being trafficked again after deportation", "prototype") \
    P(real, adult_release_rate, 0.02, 0.0001, 1, "1/day", uncertain, "rate at which adults taken against their will get out of care", "FACTS 2.20-2.21: days to more than a year") \
    P(real, adult_return_share, 0.77, 0, 1,    "1",     uncertain, "share of them who return to a venue of the city", "FACTS 2.19: 168 of 218")

#define METRICS(M)                                                                                                                    \
    M(stock, in_aftercare,    "persons", "persons in aftercare who were brought out of exploitation")                              \
    M(stock, adults_held_in_care, "persons", "non-coerced adults held in care against their will")                                 \
    M(flow,  admitted_to_care, "persons", "persons admitted to aftercare")                                                         \
    M(flow,  without_care,    "persons", "persons brought out of exploitation for whom there was no place in aftercare")           \
    M(flow,  rescued_again,   "persons", "persons brought out of exploitation who had been brought out before")                    \
    M(flow,  retrafficked,    "persons", "persons trafficked again after care, without care, or after deportation")                \
    M(flow,  adults_returned, "persons", "adults taken against their will who returned to a venue")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

/* The others stay in the order in which they became absent, whatever decides how long somebody does. */
static void forget(struct city *c, uint32_t i)
{
    c->n_absent--;
    memmove(&c->absent[i], &c->absent[i + 1], (c->n_absent - i) * sizeof *c->absent);
}

/* Those brought out today compete for the free places; chance decides. */
static void admit(struct city *c, const struct parameters *p, struct metrics *m)
{
    for (;;) {
        uint32_t best = UINT32_MAX, best_luck = 0;
        for (uint32_t i = 0; i < c->n_absent; i++) {
            if (c->absent[i].absence != ABSENT_RESCUED) continue;
            uint32_t luck = luck_words(&c->luck, DRAW_BED, c->absent[i].from, 0).word[0];
            if (best == UINT32_MAX || luck > best_luck) best = i, best_luck = luck;
        }
        if (best == UINT32_MAX) return;
        struct absentee *a = &c->absent[best];
        m->rescued_again += (a->person.traits & TRAIT_RESCUED_BEFORE) != 0;
        a->person.traits |= TRAIT_RESCUED_BEFORE;
        if (c->in_care < (uint32_t)c->policy->care_beds) {
            a->absence = ABSENT_IN_CARE;
            a->until = (uint16_t)(c->day + lround(p->care_days));
            c->in_care++;
            m->admitted_to_care++;
        } else {
            a->absence = ABSENT_AT_RISK;
            a->until = (uint16_t)(c->day + lround(p->risk_days));
            m->without_care++;
        }
    }
}

/* Other newly absent persons: how long they stay away. */
static void settle(struct city *c, const struct parameters *p)
{
    for (uint32_t i = 0; i < c->n_absent; i++) {
        struct absentee *a = &c->absent[i];
        if (a->absence == ABSENT_DEPORTED) {
            a->absence = ABSENT_ABROAD;
            a->until = (uint16_t)(c->day + lround(p->risk_days));
        } else if (a->absence == ABSENT_TAKEN_ADULT) {
            double days = -portable_log(luck_uniform(&c->luck, DRAW_RELEASE_ADULT, a->from, 0)) / p->adult_release_rate;
            a->absence = ABSENT_HELD_ADULT;
            c->adults_in_care++;
            a->until = (uint16_t)(c->day + 1 + (int32_t)fmin(days, 3650));
        }
    }
}

/* Two persons of one seat and kind may end their absence on one day: each then has luck of her own, by her place among them. */
static uint32_t rank_of_seat(const struct city *c, uint32_t i)
{
    const struct absentee *own = &c->absent[i];
    uint32_t before = 0;
    for (const struct absentee *a = c->absent; a < own; a++)
        before += a->from == own->from && a->absence == own->absence && a->until <= c->day;
    return before;
}

static double retraffic_chance(const struct city *c, const struct parameters *p, enum absence absence)
{
    if (absence == ABSENT_ABROAD) return p->retraffic_deported;
    if (absence == ABSENT_AT_RISK) return p->retraffic_none;
    return p->retraffic_none + c->policy->care_quality * (p->retraffic_care - p->retraffic_none);
}

/* At the end of care, or of the time at risk, a person is trafficked again where there is demand, or is out of it. */
static void end_exploited(struct city *c, const struct parameters *p, struct metrics *m, uint32_t i)
{
    struct absentee a = c->absent[i];
    uint32_t index = rank_of_seat(c, i) * ABSENCES + a.absence;
    forget(c, i);
    if (a.absence == ABSENT_IN_CARE) c->in_care--;
    a.person.class = a.person.class == CLASS_MINOR && a.person.due > c->day + 1 ? CLASS_MINOR : CLASS_COERCED;
    a.person.supplier = NOBODY;
    bool again = luck_coin(&c->luck, DRAW_RETRAFFIC, a.from, index, retraffic_chance(c, p, (enum absence)a.absence));
    if (again && person_to_vacancy(c, a.person, a.from, 1 + index)) m->retrafficked++;
    else c->gone++;
}

static void end_adult(struct city *c, const struct parameters *p, struct metrics *m, uint32_t i)
{
    struct person person = c->absent[i].person;
    struct words w = luck_words(&c->luck, DRAW_RELEASE_ADULT, c->absent[i].from, 1 + rank_of_seat(c, i));
    forget(c, i);
    c->adults_in_care--;
    uint32_t start = (uint32_t)(((uint64_t)w.word[1] * c->venues) >> 32);
    if (unit_interval(w.word[0]) < p->adult_return_share)
        for (uint32_t k = 0; k < c->venues; k++) {
            uint32_t v = (start + k) % c->venues;
            if (c->vacant[v] == 0) continue;
            seat_take(c, v, person);
            m->adults_returned++;
            return;
        }
    c->gone++;
}

static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct city *c = &w->city[part];
    admit(c, parameters, metrics);
    settle(c, parameters);
    for (uint32_t i = c->n_absent; i-- > 0;) {
        if (c->absent[i].until > c->day) continue;
        if (c->absent[i].absence == ABSENT_HELD_ADULT) end_adult(c, parameters, metrics, i);
        else end_exploited(c, parameters, metrics, i);
    }
}

static void observe(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    const struct city *c = &w->city[part];
    struct metrics *m = metrics;
    (void)parameters;
    m->in_aftercare = c->in_care;
    m->adults_held_in_care = c->adults_in_care;
}

const struct submodel submodel_care = {
    .name = "care",
    .purpose = "aftercare while places last, and who is trafficked again after it, without it, or after deportation",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .step = step,
    .observe = observe,
};

/* Court: arrest, remand or release, trial after a delay, verdict, prison or fine, pardon. */
#include <math.h>

#include "models/world.h"
#include "models/submodels.h"

/* clang-format off */
#define PARAMETERS(P)                                                                                                                 \
    P(real, remand,           0.6,  0, 1,    "1",    uncertain, "chance that an arrested offender is held until trial", "prototype") \
    P(real, trial_days,       400,  1, 36500, "days", uncertain, "mean time from arrest to verdict, exponential", "prototype; FACTS C: 6-96 months") \
    P(real, conviction,       0.7,  0, 1,    "1",    uncertain, "chance of conviction on full evidence without corruption", "FACTS C: 0.1-0.9") \
    P(real, court_corruption, 0.5,  0, 1,    "1",    uncertain, "relative fall of that chance in a case without legal support", "prototype") \
    P(real, pardon,           0.03, 0, 1,    "1",    uncertain, "chance that a convict is pardoned at once", "prototype; essay: the December 2011 pardon")

#define METRICS(M)                                                                                                                    \
    M(stock, offenders_jailed,  "persons", "owners and traffickers serving a prison sentence")                                     \
    M(stock, offenders_remand,  "persons", "owners and traffickers held until trial")                                              \
    M(flow,  convictions,       "persons", "owners and traffickers convicted")                                                     \
    M(flow,  imprisonments,     "persons", "convictions that led to prison")                                                       \
    M(flow,  fines,             "persons", "convictions that led to a fine")                                                       \
    M(flow,  acquittals,        "persons", "owners and traffickers acquitted")                                                     \
    M(flow,  pardons,           "persons", "convicts pardoned")
/* clang-format on */
DECLARE_PARAMETERS(PARAMETERS)
DECLARE_METRICS(METRICS)

enum { REMAND_THAT_PUNISHES = 30 }; /* days */

static void punished_before_verdict(struct city *c, uint32_t o)
{
    if (c->open_case[o] & CASE_PUNISHED) return;
    c->open_case[o] |= CASE_PUNISHED;
    signal_send(c, o, SIGNAL_DETAINED);
}

static void open_case(struct city *c, const struct parameters *p, const struct arrest *arrest)
{
    uint32_t o = arrest->offender;
    struct words w = luck_words(&c->luck, DRAW_TRIAL, o, 0);
    signal_send(c, o, SIGNAL_ARRESTED);
    if (c->trial_on[o] == NEVER) { /* an offender on bail who is arrested again has one trial, on the better evidence */
        double days = 1 - portable_log(unit_interval(w.word[0])) * p->trial_days;
        c->trial_on[o] = (uint16_t)(c->day + 1 + fmin(days, 60000 - c->day));
        c->open_cases++;
        c->evidence[o] = 0;
        c->open_case[o] = 0;
    }
    c->evidence[o] = fmaxf(c->evidence[o], arrest->evidence);
    if (arrest->special) c->open_case[o] |= CASE_SPECIAL;
    c->arrested_on[o] = (uint16_t)(c->day + 1);
    if (unit_interval(w.word[1]) < p->remand) offender_stands(c, o, STANDING_REMAND);
    if (arrest->closure) punished_before_verdict(c, o);
    c->hearing = c->day; /* to be looked for */
}

static void imprison(struct city *c, uint32_t o)
{
    uint32_t release = (uint32_t)(c->day + lround(fmax(c->market->jail_months * 30, 1)));
    c->jailed++;
    if (release <= (uint32_t)(c->calendar.burn_in + c->calendar.horizon)) release_note(c, release);
    offender_stands(c, o, STANDING_VACANT);
    if (o < c->venues) c->tie[o] = NO_OFFICER;
    else c->openings++;
}

static void sentence(struct city *c, const struct parameters *p, struct metrics *m, uint32_t o, const struct words *w)
{
    bool jail = unit_interval(w->word[1]) < c->policy->jail_share;
    bool pardoned = unit_interval(w->word[2]) < p->pardon;
    m->convictions++;
    if (pardoned) {
        m->pardons++;
        signal_send(c, o, SIGNAL_PARDONED);
    } else if (jail) {
        m->imprisonments++;
        signal_send(c, o, SIGNAL_JAILED);
        imprison(c, o);
    } else {
        m->fines++;
        signal_send(c, o, SIGNAL_FINED);
    }
}

static void try_case(struct city *c, const struct parameters *p, struct metrics *m, uint32_t o)
{
    struct words w = luck_words(&c->luck, DRAW_VERDICT, o, 0);
    double fair = 1 - p->court_corruption * (1 - c->policy->legal_support);
    case_close(c, o);
    if (unit_interval(w.word[0]) < p->conviction * c->evidence[o] * fair) {
        sentence(c, p, m, o, &w);
    } else {
        m->acquittals++;
        signal_send(c, o, SIGNAL_ACQUITTED);
    }
}

static void releases(struct city *c)
{
    for (uint32_t i = c->n_releases; i-- > 0;) {
        if (c->releases[i] != c->day) continue;
        c->releases[i] = c->releases[--c->n_releases];
        c->jailed--;
    }
}

/* Remand that has become punishment, and trials. */
static void hear(struct city *c, const struct parameters *p, struct metrics *m)
{
    int32_t next = INT32_MAX;
    for (uint32_t o = 0; o < c->offenders; o++) {
        if (c->trial_on[o] == NEVER) continue;
        const int32_t punished = c->arrested_on[o] - 1 + REMAND_THAT_PUNISHES, trial = c->trial_on[o] - 1;
        if (c->standing[o] == STANDING_REMAND && punished <= c->day) punished_before_verdict(c, o);
        else if (c->standing[o] == STANDING_REMAND && punished < next) next = punished;
        if (trial <= c->day) try_case(c, p, m, o);
        else if (trial < next) next = trial;
    }
    c->hearing = next;
}

static void step(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    struct city *c = &w->city[part];
    releases(c);
    for (uint32_t i = 0; i < c->n_arrests; i++) open_case(c, parameters, &c->arrests[i]);
    if (c->day >= c->hearing) hear(c, parameters, metrics);
}

static void observe(struct world *w, uint32_t part, const void *parameters, void *metrics)
{
    const struct city *c = &w->city[part];
    struct metrics *m = metrics;
    (void)parameters;
    m->offenders_jailed = c->jailed;
    m->offenders_remand = 0;
    for (uint32_t o = 0; o < c->offenders; o++) m->offenders_remand += c->standing[o] == STANDING_REMAND;
}

const struct submodel submodel_court = {
    .name = "court",
    .purpose = "remand or release, trial after a delay, verdict, prison or fine, pardon",
    .parameters = parameter_rows,
    .parameters_size = sizeof(struct parameters),
    .metrics = metric_rows,
    .metrics_size = sizeof(struct metrics),
    .step = step,
    .observe = observe,
};

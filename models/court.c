/* Court: arrest, remand or release, trial after a delay, verdict, prison or fine, pardon. */
#include <math.h>

#include "models/world.h"
#include "models/submodels.h"

/* clang-format off */
#define PARAMETERS(P)                                                                                                                 \
    P(real, remand,           0.6,  0, 1,    "1",    uncertain, "chance that an arrested offender is held until trial", "prototype") \
    P(real, trial_days,       400,  1, 36500, "days", uncertain, "mean time from arrest to verdict, exponential", "prototype; FACTS C: 6-96 months, here 13: fast, which favours the essay") \
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

static void punished_before_verdict(struct city *c, struct court_case *open)
{
    if (open->seen & CASE_PUNISHED) return;
    open->seen |= CASE_PUNISHED;
    signal_send(c, open->offender, SIGNAL_DETAINED);
}

static void open_case(struct city *c, const struct parameters *p, const struct arrest *arrest)
{
    uint32_t o = arrest->offender;
    struct words w = luck_words(&c->luck, DRAW_TRIAL, o, 0);
    struct court_case *open = case_open(c, o);
    signal_send(c, o, SIGNAL_ARRESTED);
    if (open == NULL) return;
    if (open->trial_on == NEVER) { /* an offender on bail who is arrested again has one trial, on the better evidence */
        double days = 1 - portable_log(unit_interval(w.word[0])) * p->trial_days;
        open->trial_on = (uint16_t)(c->day + 1 + fmin(days, 60000 - c->day));
    }
    open->evidence = fmaxf(open->evidence, arrest->evidence);
    if (arrest->special) open->seen |= CASE_SPECIAL;
    open->arrested_on = (uint16_t)(c->day + 1);
    if (unit_interval(w.word[1]) < p->remand) offender_stands(c, o, STANDING_REMAND);
    if (arrest->closure) punished_before_verdict(c, open);
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

static void try_case(struct city *c, const struct parameters *p, struct metrics *m, uint32_t o, double evidence)
{
    struct words w = luck_words(&c->luck, DRAW_VERDICT, o, 0);
    double fair = 1 - p->court_corruption * (1 - c->policy->legal_support);
    case_close(c, o);
    if (unit_interval(w.word[0]) < p->conviction * evidence * fair) {
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
    for (uint32_t i = 0; i < c->n_cases;) {
        struct court_case *open = &c->cases[i];
        const int32_t punished = open->arrested_on - 1 + REMAND_THAT_PUNISHES, trial = open->trial_on - 1;
        const bool remand = c->standing[open->offender] == STANDING_REMAND;
        if (remand && punished <= c->day) punished_before_verdict(c, open);
        else if (remand && punished < next) next = punished;
        if (trial <= c->day) { /* another takes its row */
            try_case(c, p, m, open->offender, (double)open->evidence);
            continue;
        }
        if (trial < next) next = trial;
        i++;
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
    for (uint32_t i = 0; i < c->n_cases; i++) m->offenders_remand += c->standing[c->cases[i].offender] == STANDING_REMAND;
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

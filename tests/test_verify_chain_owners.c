/* A world of two owners, two officers and one trafficker, enumerated: 46,656 states. Each owner wants one exploited person;
 * officers form ties, sweep and arrest; cases end in court, prison brings a successor. The chain is written from sections 3 and
 * 7 of the ODD. Punishment is nothing to these owners (S = 0), so that what they believe does not matter. */
#include <math.h>
#include <string.h>

#include "tests/chain.h"
#include "tests/effort.h"

/* clang-format off */
static const double RECRUIT = 0.4, TASTE = 0.1, REVIEW = 0.5, DISMISS = 0.4, DISPLACE = 0.9, ESCAPE = 0.25, VALUE = 0.8, FEE = 1.5,
                    ROTATION = 12, TIE_DECAY = 0.15, SHAKEDOWN = 0.8, INTEGRITY = 0.4, SKILL = 0.9, OVERSIGHT = 0.2, FACTOR = 1.5, TIE = 0.6,
                    SWEEPS = 20, ARREST = 0.7, EVIDENCE = 0.9, REMAND = 0.5, TRIAL_DAYS = 3, CONVICTION = 0.9, CORRUPTION = 0.3,
                    LEGAL = 0.4, PARDON = 0.1, JAIL = 0.8;
/* clang-format on */

/* ---- states: one owner, then both ------------------------------------------------------------------------------------------ */

/* Tastes as far as they matter: would open exploitation be chosen always, only without a tie's fee, or never? */
enum latent { ALWAYS, UNTIED, NEITHER, LATENTS };
enum legal {
    FREE,
    BAIL,
    HELD,
    VACANT,
    TAKEN,
    TAKEN_AGAIN,
    LEGALS
};                         /* arrested today: without a case so far, on bail */
enum { NO_TIE, TIES = 3 }; /* none, the first officer, the second */

struct owner {
    bool open, person; /* mode; somebody exploited in the venue */
    enum latent latent;
    enum legal legal;
    uint32_t tie;
};

enum { ONE = 2 * 2 * LATENTS * LEGALS * TIES, STATES = ONE * ONE, SEEN = 2 * 2 * TAKEN * TIES };

static uint32_t of_owner(struct owner o)
{
    return (((uint32_t)o.latent * LEGALS + (uint32_t)o.legal) * TIES + o.tie) * 4 + o.open * 2u + o.person;
}

static struct owner owner(uint32_t s)
{
    return (struct owner){.person = s % 2,
                          .open = s / 2 % 2,
                          .tie = s / 4 % TIES,
                          .legal = (enum legal)(s / 4 / TIES % LEGALS),
                          .latent = (enum latent)(s / 4 / TIES / LEGALS)};
}

struct both {
    struct owner owner[2];
};

static struct both state_of(uint32_t s) { return (struct both){{owner(s % ONE), owner(s / ONE)}}; }
static uint32_t index_of(struct both b) { return of_owner(b.owner[0]) + ONE * of_owner(b.owner[1]); }

static bool is_free(struct owner o) { return o.legal == FREE || o.legal == BAIL; }
static bool has_vacancy(struct owner o) { return o.open && is_free(o) && !o.person; }
static bool does_exploit(struct owner o) { return o.open && is_free(o) && o.person; }
static bool chooses(struct owner o) { return o.latent == ALWAYS || (o.latent == UNTIED && o.tie == NO_TIE); }

/* Taste differences are logistic: chance that open exploitation worth `value` is chosen over none. */
static double logit(double value) { return 1 / (1 + exp(-value)); }

static double latent_chance(enum latent latent)
{
    double tied = logit(VALUE - FEE), untied = logit(VALUE);
    return latent == ALWAYS ? tied : latent == UNTIED ? untied - tied : 1 - untied;
}

/* A stage that treats each owner by itself: pushes the owner's next states with their chances. */
enum { MOVES_MOST = 8 };
struct moves {
    uint32_t n, to[MOVES_MOST];
    double chance[MOVES_MOST];
};

static struct moves *pushed; /* of one owner */

static void push(struct owner o, double p)
{
    if (p <= 0) return;
    assert_true(pushed->n < MOVES_MOST);
    pushed->to[pushed->n] = of_owner(o);
    pushed->chance[pushed->n++] = p;
}

static void each(const double *now, double *next, void (*treat)(struct owner))
{
    static struct moves moves[ONE];
    static double between[STATES];
    memset(between, 0, sizeof between);
    for (uint32_t s = 0; s < ONE; s++) {
        pushed = &moves[s];
        pushed->n = 0;
        treat(owner(s));
    }
    for (uint32_t s = 0; s < STATES; s++) {
        const struct moves *m = &moves[s % ONE];
        for (uint32_t i = 0; i < m->n && now[s] > 0; i++) between[s - s % ONE + m->to[i]] += now[s] * m->chance[i];
    }
    for (uint32_t s = 0; s < STATES; s++) {
        const struct moves *m = &moves[s / ONE];
        for (uint32_t i = 0; i < m->n && between[s] > 0; i++)
            next[s % ONE + m->to[i] * ONE] += between[s] * m->chance[i];
    }
}

/* ---- stages ---------------------------------------------------------------------------------------------------------------- */

static void recruited(struct owner o)
{
    double c = has_vacancy(o) ? daily_chance(RECRUIT) : 0;
    push(o, 1 - c);
    o.person = true;
    push(o, c);
}

static void supply(const double *now, double *next, uint32_t day)
{
    (void)day;
    each(now, next, recruited);
}

static void new_tastes(struct owner o, double p)
{
    for (enum latent latent = ALWAYS; latent < LATENTS; latent++) {
        o.latent = latent;
        push(o, p * latent_chance(latent));
    }
}

/* A vacant post is taken by a successor who reviews at once. Tastes are those of a day: drawn anew on the day of arrival they
 * are the same ones. */
static void succeeded(struct owner o)
{
    double c = daily_chance(TASTE);
    if (o.legal == VACANT) {
        o.legal = FREE;
        for (enum latent latent = ALWAYS; latent < LATENTS; latent++) {
            o.latent = latent;
            o.open = chooses(o);
            push(o, latent_chance(latent));
        }
    } else {
        push(o, 1 - c);
        new_tastes(o, c);
    }
}

static void reviewed(struct owner o)
{
    double c = is_free(o) ? daily_chance(REVIEW) : 0;
    push(o, 1 - c);
    o.open = chooses(o);
    push(o, c);
}

static void owners(const double *now, double *next, uint32_t day)
{
    static double between[STATES];
    (void)day;
    memset(between, 0, sizeof between);
    each(now, between, succeeded);
    each(between, next, reviewed);
}

/* The first owner's person is let go before the second's; one who is let go may be moved to the other's vacancy. */
static void let_go(double p, struct both b, uint32_t v, double *next)
{
    if (v == 2) {
        next[index_of(b)] += p;
        return;
    }
    struct owner *o = &b.owner[v], *other = &b.owner[1 - v];
    bool surplus = o->person && !(o->open && is_free(*o));
    double go = surplus ? daily_chance(DISMISS) : 0, moved = has_vacancy(*other) ? DISPLACE : 0;
    let_go(p * (1 - go), b, v + 1, next);
    if (!surplus) return;
    o->person = false;
    let_go(p * go * (1 - moved), b, v + 1, next);
    other->person = true;
    if (moved > 0) let_go(p * go * moved, b, v + 1, next);
}

static void letting_go(const double *now, double *next, uint32_t day)
{
    (void)day;
    for (uint32_t s = 0; s < STATES; s++)
        if (now[s] > 0) let_go(now[s], state_of(s), 0, next);
}

static void escaped(struct owner o)
{
    double c = o.person ? daily_chance(ESCAPE) : 0;
    push(o, 1 - c);
    o.person = false;
    push(o, c);
}

static void escapes(const double *now, double *next, uint32_t day)
{
    (void)day;
    each(now, next, escaped);
}

/* An officer who goes takes the ties along. */
static void rotation(const double *now, double *next, uint32_t day)
{
    double c = daily_chance(ROTATION / 365);
    (void)day;
    for (uint32_t s = 0; s < STATES; s++)
        for (uint32_t gone = 0; gone < 4 && now[s] > 0; gone++) {
            struct both b = state_of(s);
            double p = now[s];
            for (uint32_t officer = 0; officer < 2; officer++) {
                bool goes = gone >> officer & 1;
                p *= goes ? c : 1 - c;
                for (uint32_t v = 0; v < 2; v++)
                    if (goes && b.owner[v].tie == officer + 1) b.owner[v].tie = NO_TIE;
            }
            next[index_of(b)] += p;
        }
}

static void decayed(struct owner o)
{
    double c = o.tie != NO_TIE ? daily_chance(TIE_DECAY) : 0;
    push(o, 1 - c);
    o.tie = NO_TIE;
    push(o, c);
}

static void tie_decay(const double *now, double *next, uint32_t day)
{
    (void)day;
    each(now, next, decayed);
}

/* Each officer's visits go to either venue at half the rate, the first officer's before the second's. */
static void shaken_down(struct owner o)
{
    double rate = SHAKEDOWN * (1 - INTEGRITY) * (1 - OVERSIGHT) * FACTOR / 2;
    double c = does_exploit(o) && o.tie == NO_TIE ? daily_chance(rate * TIE) : 0;
    push(o, (1 - c) * (1 - c));
    o.tie = 1;
    push(o, c);
    o.tie = 2;
    push(o, (1 - c) * c);
}

static void shakedowns(const double *now, double *next, uint32_t day)
{
    (void)day;
    each(now, next, shaken_down);
}

/* One of the two venues is swept: the unit passes by those it protects. Arrested owners may buy release. */
static void sweeps(const double *now, double *next, uint32_t day)
{
    double arrest = daily_chance(SWEEPS / 30) / 2 * ARREST * INTEGRITY;
    (void)day;
    for (uint32_t s = 0; s < STATES; s++) {
        double rest = now[s];
        for (uint32_t v = 0; v < 2 && now[s] > 0; v++) {
            struct both b = state_of(s);
            struct owner *o = &b.owner[v];
            if (o->tie != NO_TIE || !does_exploit(*o)) continue;
            o->legal = o->legal == FREE ? TAKEN : TAKEN_AGAIN;
            next[index_of(b)] += now[s] * arrest;
            rest -= now[s] * arrest;
        }
        next[s] += rest;
    }
}

/* A trial may come every day from the day after arrest: exponential delays, rounded, have no memory. */
static void tried(struct owner o, double p)
{
    double due = daily_chance(1 / TRIAL_DAYS);
    double jailed = CONVICTION * EVIDENCE * SKILL * (1 - CORRUPTION * (1 - LEGAL)) * (1 - PARDON) * JAIL;
    push(o, p * (1 - due));
    o.legal = FREE;
    push(o, p * due * (1 - jailed));
    o.legal = VACANT;
    o.tie = NO_TIE;
    push(o, p * due * jailed);
}

static void judged(struct owner o)
{
    bool again = o.legal == TAKEN_AGAIN;
    if (o.legal == TAKEN || again)
        for (int held = 0; held < 2; held++) {
            double p = held ? REMAND : 1 - REMAND;
            o.legal = held ? HELD : BAIL;
            if (again)
                tried(o, p);
            else
                push(o, p);
        }
    else if (o.legal == BAIL || o.legal == HELD)
        tried(o, 1);
    else
        push(o, 1);
}

static void court(const double *now, double *next, uint32_t day)
{
    (void)day;
    each(now, next, judged);
}

static chain_stage *const stages[] = {supply,    owners,     letting_go, escapes, rotation,
                                      tie_decay, shakedowns, sweeps,     court,   NULL};
static const char *const names[] = {"supply",    "owners",     "letting go", "escapes", "rotation",
                                    "tie decay", "shakedowns", "sweeps",     "court"};

/* ---- the same world in the model ------------------------------------------------------------------------------------------ */

/* Nobody exploits; tastes are those of the day on which the owners came. */
static void start(double *distribution)
{
    for (enum latent a = ALWAYS; a < LATENTS; a++)
        for (enum latent b = ALWAYS; b < LATENTS; b++) {
            struct both both = {{{.latent = a}, {.latent = b}}};
            distribution[index_of(both)] = latent_chance(a) * latent_chance(b);
        }
}

/* clang-format off */
static const struct { const char *path; double value; } settings[] = {
    {"region.districts", 1}, {"region.venues", 2}, {"region.slots_log_mean", 1}, {"region.street_room", 0}, {"region.traffickers", 1},
    {"region.links", 2}, {"region.officers_per_district", 2}, {"policy.sweep_rate", SWEEPS}, {"policy.sweep_sites", 1},
    {"policy.shakedown_factor", FACTOR}, {"policy.general_rotation", ROTATION}, {"policy.general_oversight", OVERSIGHT},
    {"policy.legal_support", LEGAL}, {"policy.jail_share", JAIL}, {"market.review_rate", REVIEW}, {"market.taste_rate", TASTE},
    {"market.jail_weight", 0}, {"market.fine_months", 0}, {"market.closure_days", 0}, {"venues.exploited_share", 0.2},
    {"venues.covert_capacity", 0}, {"venues.private_capacity", 0}, {"venues.minor_share", 0}, {"venues.irregular_share", 0},
    {"owners.theta_mean", VALUE - 6}, {"owners.theta_sd", 0}, {"owners.conceal_cost", 60}, {"owners.private_cost", 60},
    {"owners.tie_fee", FEE}, {"owners.replacement_cost", 0}, {"traffickers.theta_mean", 50}, {"traffickers.theta_sd", 0},
    {"traffickers.recruit_rate", RECRUIT}, {"staffing.dismiss_rate", DISMISS}, {"staffing.displace_share", DISPLACE},
    {"staffing.refill_rate", 0}, {"persons.escape_rate", ESCAPE}, {"persons.outside_help", 0}, {"persons.debt_release_rate", 0},
    {"persons.infection_rate", 0}, {"violence.client_violence", 0}, {"violence.owner_violence", 0}, {"police.fresh_skill", SKILL},
    {"police.fresh_skill_sd", 0}, {"police.fresh_integrity", INTEGRITY}, {"police.fresh_integrity_sd", 0}, {"police.integrity_drift", 0},
    {"police.exposure", 0}, {"police.shakedown_rate", SHAKEDOWN}, {"police.tie_probability", TIE}, {"police.tie_decay", TIE_DECAY},
    {"police.sweep_street", 0}, {"police.sweep_arrest", ARREST}, {"police.sweep_evidence", EVIDENCE}, {"court.remand", REMAND},
    {"court.trial_days", TRIAL_DAYS}, {"court.conviction", CONVICTION}, {"court.court_corruption", CORRUPTION}, {"court.pardon", PARDON},
};
/* clang-format on */

static void arrange(struct lab *l)
{
    lab_init(l);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) lab_set(l, settings[i].path, settings[i].value);
    lab_open(l, 0);
}

static uint32_t cell(const struct owner *o, enum legal legal)
{
    return (((uint32_t)legal * TIES + o->tie) * 2 + o->open) * 2 + o->person;
}

static uint32_t look(const struct city *c)
{
    uint32_t cells[2];
    for (uint32_t v = 0; v < 2; v++) {
        struct owner o = {
            .open = c->mode[v] == MODE_OPEN, .person = c->exploited[v] != 0, .tie = (uint32_t)(c->tie[v] + 1)};
        bool waits = case_of(c, v) != NULL;
        cells[v] = cell(&o, c->standing[v] == STANDING_VACANT   ? VACANT
                            : c->standing[v] == STANDING_REMAND ? HELD
                            : waits                             ? BAIL
                                                                : FREE);
    }
    return cells[0] + SEEN * cells[1];
}

static uint32_t seen(uint32_t state)
{
    struct both b = state_of(state);
    uint32_t cells[2];
    for (uint32_t v = 0; v < 2; v++) {
        enum legal legal = b.owner[v].legal;
        cells[v] = cell(&b.owner[v], legal == TAKEN ? FREE : legal == TAKEN_AGAIN ? BAIL : legal);
    }
    return cells[0] + SEEN * cells[1];
}

static const uint32_t days[] = {2, 4, 8, 16, 0};

static void test_two_owners(void **state)
{
    (void)state;
    const struct chain chain = {"two owners", STATES, stages, names, start, days, SEEN * SEEN, seen, arrange, look};
    chain_check(&chain, (uint32_t)effort(60000, 1000000), (size_t)effort(5, 6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_two_owners)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

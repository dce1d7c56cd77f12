/* Officers: how skill and integrity change by training, drift, practice, rotation and example; who is held accountable; how a
 * special unit is stopped from above; how reports are answered and the detained released. */
#include <math.h>

#include "models/lines.h"
#include "models/police.h"

static const double ROTATION_SLICE = 2; /* per year: transfers are drawn in slices of the levers, each a line of points of its own */

struct unit unit_of_district(const struct city *c, uint32_t district)
{
    return (struct unit){district, district * c->officers_per_district, c->officers_per_district};
}

struct unit unit_special(const struct city *c)
{
    return (struct unit){c->districts, c->districts * c->officers_per_district, c->special_officers};
}

struct unit unit_of_officer(const struct city *c, uint32_t officer)
{
    uint32_t district = officer / c->officers_per_district;
    return district < c->districts ? unit_of_district(c, district) : unit_special(c);
}

bool unit_is_special(const struct city *c, struct unit unit) { return unit.number == c->districts; }

double unit_oversight(const struct city *c, struct unit unit)
{
    return unit_is_special(c, unit) ? c->policy->special_oversight : c->policy->general_oversight;
}

bool unit_protects(const struct city *c, struct unit unit, uint32_t venue)
{
    return c->tie[venue] != NO_OFFICER && unit_of_officer(c, (uint32_t)c->tie[venue]).number == unit.number;
}

static double clip(double x) { return fmin(fmax(x, 0), 1); }

struct team team_pick(const struct city *c, struct unit unit, uint32_t entity, double integrity_shift)
{
    struct team team = {.size = unit.size < TEAM ? unit.size : TEAM};
    pick_distinct(&c->luck, DRAW_TEAM, entity, unit.number * 2 * TEAM, unit.size, team.size, team.officer);
    for (uint32_t i = 0; i < team.size; i++) {
        team.officer[i] += unit.first;
        team.skill += (double)c->skill[team.officer[i]] / team.size;
        team.integrity += clip(c->integrity[team.officer[i]] + integrity_shift) / team.size;
    }
    return team;
}

bool police_at_large(const struct city *c, uint32_t offender)
{
    for (uint32_t i = 0; i < c->n_arrests; i++)
        if (c->arrests[i].offender == offender) return false;
    return c->standing[offender] == STANDING_FREE || c->standing[offender] == STANDING_DORMANT;
}

static void ties_dissolve(struct city *c, uint32_t officer)
{
    for (uint32_t v = 0; v < c->venues; v++)
        if (c->tie[v] == (int32_t)officer) c->tie[v] = NO_OFFICER;
}

static void officer_arrives(struct city *c, const struct police_parameters *p, uint32_t officer)
{
    if (c->joined[officer] == (uint16_t)c->day) c->arrivals[officer]++; /* who comes second on one day is somebody else */
    else c->arrivals[officer] = 0;
    uint32_t again = 2u * c->arrivals[officer];
    ties_dissolve(c, officer);
    c->skill[officer] =
        (float)clip(p->fresh_skill + p->fresh_skill_sd * luck_normal(&c->luck, DRAW_OFFICER, officer, again));
    c->integrity[officer] =
        (float)clip(p->fresh_integrity + p->fresh_integrity_sd * luck_normal(&c->luck, DRAW_OFFICER, officer, again + 1));
    c->joined[officer] = (uint16_t)c->day;
}

void police_start(struct city *c, const struct police_parameters *p)
{
    for (uint32_t o = 0; o < c->officers; o++) officer_arrives(c, p, o);
    c->special_officers = 0;
}

void police_reform(struct city *c, const struct police_parameters *p)
{
    struct unit before = unit_special(c);
    c->special_officers = c->policy->police ? (uint32_t)c->policy->special_officers : 0;
    struct unit now = unit_special(c);
    for (uint32_t o = before.first + before.size; o < now.first + now.size; o++) officer_arrives(c, p, o);
    for (uint32_t o = now.first + now.size; o < before.first + before.size; o++) ties_dissolve(c, o);
    if (now.size > 0) return;
    c->operations_due = 0;
    c->override_until = 0;
    for (uint32_t v = 0; v < c->venues; v++) c->lead_ripe[v] = NEVER;
}

/* Training pulls up those below its goals; without oversight integrity drifts to the background. */
static void unit_changes(struct city *c, const struct police_parameters *p, struct unit unit, double training)
{
    const float skill = (float)daily_chance(p->training_rate * training), trained = (float)p->trained_skill;
    const float honest = (float)daily_chance(p->integrity_training_rate * training), honesty = (float)p->trained_integrity;
    const float drift = (float)daily_chance(p->integrity_drift * (1 - p->oversight_effect * unit_oversight(c, unit)));
    const float background = (float)p->background_integrity;
    float *s = c->skill + unit.first, *g = c->integrity + unit.first;
    for (uint32_t i = 0; i < unit.size; i++) {
        const float unskilled = trained - s[i], dishonest = honesty - g[i];
        const float better = g[i] + (dishonest > 0 ? dishonest : 0) * honest;
        s[i] += (unskilled > 0 ? unskilled : 0) * skill;
        g[i] = better + (background - better) * drift;
    }
}

static void rotation(struct city *c, const struct police_parameters *p, struct police_metrics *m)
{
    struct unit special = unit_special(c);
    const double most = special.size > 0 ? fmax(c->policy->general_rotation, c->policy->special_rotation) : c->policy->general_rotation;
    for (uint32_t slice = 0; slice * ROTATION_SLICE < most; slice++) {
        struct points points = line_points(c, LINE_ROTATION, slice, special.first + SPECIAL_OFFICERS_MAX, ROTATION_SLICE / 365);
        uint32_t o;
        double mark;
        while (points_next(&points, &o, &mark)) {
            bool in_special = o >= special.first;
            double rate = in_special ? c->policy->special_rotation : c->policy->general_rotation;
            if ((slice + mark) * ROTATION_SLICE >= rate || (in_special && o >= special.first + special.size)) continue;
            officer_arrives(c, p, o);
            m->officers_transferred++;
        }
    }
}

void police_officers(struct city *c, const struct police_parameters *p, struct police_metrics *m)
{
    const struct unit special = unit_special(c), general = {0, 0, special.first}; /* all the general units at once */
    unit_changes(c, p, general, c->policy->general_training);
    unit_changes(c, p, special, c->policy->special_training);
    rotation(c, p, m);
    struct points points = line_points(c, LINE_TIE_DECAY, 0, c->venues, p->tie_decay);
    uint32_t v;
    double mark;
    while (points_next(&points, &v, &mark)) c->tie[v] = NO_OFFICER;
}

void police_account(struct city *c, const struct police_parameters *p, struct police_metrics *m, uint32_t officer, double u)
{
    struct unit unit = unit_of_officer(c, officer);
    if (u >= unit_oversight(c, unit) * p->exposure) return;
    m->officers_prosecuted++;
    for (uint32_t o = unit.first; o < unit.first + unit.size; o++)
        c->integrity[o] += (float)(p->example * (1 - c->integrity[o]));
    officer_arrives(c, p, officer);
}

void police_assault(struct city *c, const struct police_parameters *p, struct police_metrics *m, const struct team *team,
                    uint32_t seat, double u, double probability, uint32_t index)
{
    if (team->size == 0 || u >= probability) return;
    const struct words w = luck_words(&c->luck, DRAW_ASSAULT, seat, index);
    m->violence_police++;
    fear_raise(c, seat, c->fears->assaulted);
    police_account(c, p, m, team->officer[w.word[0] % team->size], unit_interval(w.word[1]));
}

/* Stopped from above: no operations for a while, open leads dropped, the unit's open cases bought off. */
void police_override(struct city *c, const struct police_parameters *p, struct police_metrics *m)
{
    if (c->special_officers == 0) return;
    if (!luck_coin(&c->luck, DRAW_OVERRIDE, 0, 0, daily_chance(p->override_rate / 365))) return;
    m->overrides++;
    c->override_until = (uint32_t)(c->day + lround(p->override_days));
    c->operations_due = 0;
    for (uint32_t v = 0; v < c->venues; v++) c->lead_ripe[v] = NEVER;
    for (uint32_t i = 0; i < c->n_cases;) {
        const uint32_t o = c->cases[i].offender;
        if (!(c->cases[i].seen & CASE_SPECIAL)) {
            i++;
            continue;
        }
        case_close(c, o);
        m->arrests_bought_off++;
        signal_send(c, o, SIGNAL_BOUGHT);
    }
}

/* A report of violence is answered well with protective_response times the mean integrity of the district's unit. */
void police_responses(struct city *c, const struct police_parameters *p, struct police_metrics *m)
{
    for (uint32_t i = 0; i < c->n_reports; i++) {
        uint32_t seat = c->reports[i].seat, district = district_of(c, seat_place(c, seat));
        struct unit unit = unit_of_district(c, district);
        double integrity = 0;
        for (uint32_t o = unit.first; o < unit.first + unit.size; o++) integrity += (double)c->integrity[o] / unit.size;
        if (!luck_coin(&c->luck, DRAW_RESPONSE, seat, c->reports[i].incident, c->policy->protective_response * integrity)) continue;
        m->responses++;
        fear_relieve(c, seat, c->fears->relieved);
        double gain = fmin(p->protect_gain * 600 / persons_in_district(c, district), 1);
        c->protection[district] += gain * (1 - c->protection[district]);
    }
}

void police_releases(struct city *c)
{
    if (c->held == 0 || c->day < c->release) return;
    c->release = INT32_MAX;
    for (uint32_t place = 0; place < c->places; place++)
        for (uint64_t held = detained_in(c, place), m = held ? due_in(c, place, held, &c->release) : 0; m;)
            seat_release(c, next_seat(c, place, &m));
}

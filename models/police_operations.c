/* Rescue operations: the special unit, with the investigators of a non-governmental organisation, gathers leads on exploiting
 * owners; a ripe lead takes one of the operations for which the unit has capacity. */
#include <math.h>

#include "models/lines.h"
#include "models/police.h"

static bool is_active(const struct city *c)
{
    return c->special_officers > 0 && (int64_t)c->override_until <= c->day;
}

/* ---- leads -------------------------------------------------------------------------------------------------------------- */

/* What investigators see of an owner's exploitation, relative to an open venue in full view. */
static double visible(const struct city *c, uint32_t venue)
{
    switch ((enum mode)c->mode[venue]) {
    case MODE_OPEN: return is_closed(c, venue) ? 0 : c->visibility[venue];
    case MODE_COVERT: return is_closed(c, venue) ? 0 : c->visibility[venue] * c->rules->covert_visibility;
    case MODE_PRIVATE: return c->rules->private_visibility;
    case MODE_NONE:
    case MODES: break;
    }
    return 0;
}

static void lead_begins(struct city *c, const struct police_parameters *p, uint32_t venue)
{
    c->lead_ripe[venue] = (uint16_t)(c->day + 1 + lround(p->case_days));
}

/* Leads come from investigators and from adults who work beside the exploited and do not fear the police. */
static void lead_on(struct city *c, const struct police_parameters *p, struct police_metrics *m, uint32_t venue, double intel,
                    double u)
{
    double found = intel * visible(c, venue);
    uint64_t adults = c->mode[venue] == MODE_PRIVATE ? 0 : adults_at(c, venue);
    double told = p->tip_rate * persons_in(adults);
    if (u >= found + told) return; /* cannot happen today, whatever their fear */
    told *= mean_trust(c, venue, adults);
    if (u >= daily_chance(found + told)) return;
    lead_begins(c, p, venue);
    m->leads++;
    m->tips += u < daily_chance(told);
}

void police_leads(struct city *c, const struct police_parameters *p, struct police_metrics *m)
{
    if (!is_active(c)) return;
    struct unit special = unit_special(c);
    double investigators = c->policy->ngo_investigators;
    for (uint32_t o = special.first; o < special.first + special.size; o++) investigators += c->skill[o];
    double intel = p->intel_rate * investigators / c->venues;
    struct coins coins = coins_begin(&c->luck, DRAW_LEAD, 0);
    FOR_ROWS(v, c->exploiting, c->venues)
        if (c->lead_ripe[v] == NEVER) lead_on(c, p, m, v, intel, coins_uniform(&coins, v));
    struct points points = line_points(c, LINE_FALSE_LEAD, 0, c->venues, p->false_lead);
    uint32_t v;
    double mark;
    while (points_next(&points, &v, &mark))
        if (c->lead_ripe[v] == NEVER && !is_closed(c, v) && !exploits(c, v)) lead_begins(c, p, v);
}

/* ---- an operation ---------------------------------------------------------------------------------------------------------- */

/* Four coins for each person present. */
enum { COIN_FOUND, COIN_DEPORTED, COIN_DETAINED, COIN_TAKEN, COIN_ASSAULTED = COIN_FOUND };

struct raid {
    struct team team;
    uint32_t venue, place, found;
    double restraint; /* what accompaniment leaves of abuse, detention and deportation */
    double deportation;
};

static struct raid raid_begin(const struct city *c, const struct police_parameters *p, uint32_t venue)
{
    struct raid raid = {.team = team_pick(c, unit_special(c), venue, 0), .venue = venue};
    raid.place = exploitation_place(c, venue);
    raid.restraint = 1 - c->policy->accompaniment * p->accompaniment_effect;
    raid.deportation = c->policy->immigration_out ? 0 : p->raid_deportation * raid.restraint;
    return raid;
}

/* Traffickers who supplied somebody found here may be arrested. */
static void arrest_supplier(struct city *c, const struct police_parameters *p, struct police_metrics *m, const struct raid *raid,
                            uint16_t supplier, double evidence)
{
    if (supplier == NOBODY) return;
    uint32_t o = c->venues + supplier;
    double chance = p->arrest_linked * raid->team.skill * (0.3 + 0.7 * c->policy->legal_support);
    if (!police_at_large(c, o) || !luck_coin(&c->luck, DRAW_ARREST_SUPPLIER, o, 0, chance)) return;
    m->traffickers_arrested++;
    arrest_make(c, o, evidence, true, false);
}

static double evidence_of(const struct city *c, const struct raid *raid)
{
    double evidence = 0.2 + 0.4 * raid->team.skill + 0.2 * c->policy->accompaniment + 0.2 * c->policy->legal_support;
    return fmin(fmax(evidence, 0), 1);
}

static void find_exploited(struct city *c, const struct police_parameters *p, struct police_metrics *m, struct raid *raid)
{
    double find_minor = p->find + raid->team.skill * (1 - p->find);
    for (uint64_t mask = c->exploited[raid->place]; mask;) {
        uint32_t seat = next_seat(c, raid->place, &mask);
        bool minor = seat_class(c, seat) == CLASS_MINOR;
        struct words w = luck_words(&c->luck, DRAW_OPERATION_PERSON, seat, 0);
        if (unit_interval(w.word[COIN_FOUND]) >= find_minor * (minor ? 1 : p->find_adult)) continue;
        struct person person = seat_lift(c, seat);
        raid->found++;
        c->losses[raid->venue] += 1;
        arrest_supplier(c, p, m, raid, person.supplier, evidence_of(c, raid));
        if (person.traits & TRAIT_IRREGULAR && unit_interval(w.word[COIN_DEPORTED]) < raid->deportation) {
            m->deportations++;
            m->victims_deported++;
            person_absent(c, person, ABSENT_DEPORTED, seat);
        } else {
            if (minor) m->minors_rescued++;
            else m->coerced_adults_rescued++;
            person_absent(c, person, ABSENT_RESCUED, seat);
        }
    }
}

static void meet_adult(struct city *c, const struct police_parameters *p, struct police_metrics *m, const struct raid *raid,
                       uint32_t seat)
{
    struct words w = luck_words(&c->luck, DRAW_OPERATION_PERSON, seat, 0);
    double misconduct = p->raid_conduct * (1 - raid->team.integrity) * raid->restraint;
    fear_raise(c, seat, c->fears->raided);
    police_assault(c, p, m, &raid->team, seat, unit_interval(w.word[COIN_ASSAULTED]), p->assault_probability * misconduct, 1);
    if (traits_of(c, seat) & TRAIT_IRREGULAR && unit_interval(w.word[COIN_DEPORTED]) < raid->deportation) {
        m->deportations++;
        seat_leave(c, seat);
    } else if (unit_interval(w.word[COIN_TAKEN]) < p->mistaken_rescue) {
        m->mistaken_rescues++;
        person_absent(c, seat_lift(c, seat), ABSENT_TAKEN_ADULT, seat);
    } else if (unit_interval(w.word[COIN_DETAINED]) < p->sweep_detention * misconduct) {
        m->adult_detentions++;
        seat_detain(c, seat, c->day + (int32_t)lround(p->detention_days));
    }
}

static void arrest_owner(struct city *c, const struct police_parameters *p, struct police_metrics *m, const struct raid *raid)
{
    if (raid->found == 0 || !police_at_large(c, raid->venue) || !luck_coin(&c->luck, DRAW_ARREST_OWNER, raid->venue, 0, p->arrest * raid->team.skill)) return;
    bool closes = lround(c->market->closure_days) > 0;
    m->owners_arrested++;
    arrest_make(c, raid->venue, evidence_of(c, raid), true, closes);
    c->tie[raid->venue] = NO_OFFICER;
    if (!closes) return;
    venue_close(c, raid->venue, (uint32_t)(c->day + lround(c->market->closure_days)));
    adults_disperse(c, raid->venue, p->disperse_share, OCCASION_CLOSURE);
}

static void gain_practice(struct city *c, const struct police_parameters *p, const struct team *team)
{
    for (uint32_t i = 0; i < team->size; i++)
        c->skill[team->officer[i]] += (float)(p->practice * (1 - c->skill[team->officer[i]]));
}

/* An owner who was warned hides what he does, and has seen that one can get away with it. */
static void betrayed(struct city *c, const struct police_parameters *p, struct police_metrics *m, uint32_t venue)
{
    m->operations_betrayed++;
    signal_send(c, venue, SIGNAL_BETRAYED);
    if (c->mode[venue] == MODE_OPEN && c->rules->covert_capacity > 0) owner_turns(c, venue, MODE_COVERT);
    if (c->mode[venue] != MODE_NONE) c->hides_until[venue] = (uint16_t)(c->day + lround(p->hide_days));
}

static void raid_venue(struct city *c, const struct police_parameters *p, struct police_metrics *m, struct raid *raid)
{
    if (!c->exploited[raid->place]) m->operations_false_lead++;
    find_exploited(c, p, m, raid);
    if (raid->place == raid->venue) {
        for (uint64_t adults = adults_at(c, raid->venue); adults;)
            meet_adult(c, p, m, raid, next_seat(c, raid->venue, &adults));
    }
    operation_note(c, raid->venue, raid->place == raid->venue ? OPERATION_RESCUE : OPERATION_HIDDEN);
    arrest_owner(c, p, m, raid);
    gain_practice(c, p, &raid->team);
}

static void operate(struct city *c, const struct police_parameters *p, struct police_metrics *m, uint32_t venue)
{
    struct raid raid = raid_begin(c, p, venue);
    struct words w = luck_words(&c->luck, DRAW_OPERATION, venue, 0);
    bool tied = c->tie[venue] != NO_OFFICER;
    double betrayal = 1 - (1 - p->leak * (1 - raid.team.integrity)) * (1 - p->tie_leak * tied);
    m->operations++;
    if (c->covered[venue] && unit_interval(w.word[0]) < c->board_obstruction) {
        m->operations_obstructed++;
        return;
    }
    if (c->exploited[raid.place] && unit_interval(w.word[1]) < betrayal) {
        betrayed(c, p, m, venue);
        if (raid.team.size && unit_interval(w.word[2]) >= p->tie_leak * tied)
            police_account(c, p, m, raid.team.officer[w.word[3] % raid.team.size], luck_uniform(&c->luck, DRAW_OPERATION, venue, 1));
        return;
    }
    raid_venue(c, p, m, &raid);
}

/* The oldest ripe lead; among those of one day, the one with the luckiest number. UINT32_MAX: none. */
static uint32_t oldest_lead(const struct city *c)
{
    uint32_t best = UINT32_MAX, best_luck = 0;
    for (uint32_t v = 0; v < c->venues; v++) {
        if (c->lead_ripe[v] == NEVER || c->lead_ripe[v] > c->day + 1) continue;
        uint32_t luck = luck_words(&c->luck, DRAW_LEAD_PRIORITY, v, 0).word[0];
        bool first = best == UINT32_MAX || c->lead_ripe[v] < c->lead_ripe[best] ||
                     (c->lead_ripe[v] == c->lead_ripe[best] && luck > best_luck);
        if (first) best = v, best_luck = luck;
    }
    return best;
}

static const double ROUNDING = 1e-9; /* thirty thirtieths of a capacity of 1 add up to a little less than 1 */

void police_operations(struct city *c, const struct police_parameters *p, struct police_metrics *m)
{
    if (!is_active(c)) return;
    double capacity = c->policy->operations_per_month;
    /* capacity that was not needed is kept for at most a month */
    c->operations_due = fmin(c->operations_due + capacity / 30, fmax(capacity, 1));
    while (c->operations_due >= 1 - ROUNDING) {
        uint32_t venue = oldest_lead(c);
        if (venue == UINT32_MAX) return;
        c->lead_ripe[venue] = NEVER;
        if (unit_protects(c, unit_special(c), venue)) continue; /* the unit does not act against whom it protects */
        c->operations_due = fmax(c->operations_due - 1, 0);
        operate(c, p, m, venue);
    }
}

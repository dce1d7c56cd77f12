/* Sweeps: a general unit goes through venues or a stretch of street without intelligence. */
#include <math.h>

#include "models/police.h"

enum { SITES_MOST = 50 };

/* Four coins for each person present; which is which, for minors and for adults. */
enum { COIN_RECOGNISED, COIN_CARE, COIN_DEPORTED, COIN_DETAINED, COIN_ASSAULTED = COIN_RECOGNISED };

static void owner_loses(struct city *c, uint32_t place) { c->losses[place_owner(c, place)] += 1; }

static void sweep_minor(struct city *c, const struct police_parameters *p, struct police_metrics *m, const struct team *team,
                        uint32_t place, uint32_t seat, struct words w)
{
    bool recognised = unit_interval(w.word[COIN_RECOGNISED]) < p->recognise * team->skill;
    if (recognised && unit_interval(w.word[COIN_CARE]) < team->integrity) {
        owner_loses(c, place);
        person_absent(c, seat_lift(c, seat), ABSENT_RESCUED, seat);
        m->minors_rescued++;
    } else if (traits_of(c, seat) & TRAIT_IRREGULAR && unit_interval(w.word[COIN_DEPORTED]) < p->deportation) {
        owner_loses(c, place);
        person_absent(c, seat_lift(c, seat), ABSENT_DEPORTED, seat);
        m->deportations++;
        m->victims_deported++;
    } else {
        m->victims_returned += recognised;
        fear_raise(c, seat, c->fears->swept);
    }
}

static void sweep_adult(struct city *c, const struct police_parameters *p, struct police_metrics *m, const struct team *team,
                        uint32_t place, uint32_t seat, struct words w)
{
    bool coerced = c->exploited[place] & bit_in(c, place, seat);
    fear_raise(c, seat, c->fears->swept);
    police_assault(c, p, m, team, seat, unit_interval(w.word[COIN_ASSAULTED]), p->assault_probability * (1 - team->integrity), 0);
    if (traits_of(c, seat) & TRAIT_IRREGULAR && unit_interval(w.word[COIN_DEPORTED]) < p->deportation) {
        m->deportations++;
        if (coerced) {
            owner_loses(c, place);
            person_absent(c, seat_lift(c, seat), ABSENT_DEPORTED, seat);
            m->victims_deported++;
        } else {
            seat_leave(c, seat);
        }
    } else if (!coerced && unit_interval(w.word[COIN_DETAINED]) < p->sweep_detention) {
        m->adult_detentions++;
        seat_detain(c, seat, c->day + (int32_t)lround(p->detention_days));
    }
}

static void sweep_persons(struct city *c, const struct police_parameters *p, struct police_metrics *m, const struct team *team,
                          uint32_t place)
{
    uint64_t minors = minors_in(c, place), adults = c->occupied[place] & ~minors & ~detained_in(c, place);
    struct coins coins = coins_begin(&c->luck, DRAW_SWEEP_PERSON, 0);
    while (minors) {
        const uint32_t seat = next_seat(c, place, &minors);
        sweep_minor(c, p, m, team, place, seat, coins_words(&coins, seat));
    }
    while (adults) {
        const uint32_t seat = next_seat(c, place, &adults);
        sweep_adult(c, p, m, team, place, seat, coins_words(&coins, seat));
    }
}

/* The owner of an exploiting venue may be arrested, and may buy his release from a team without integrity. */
static void sweep_owner(struct city *c, const struct police_parameters *p, struct police_metrics *m, const struct team *team,
                        uint32_t venue)
{
    struct words w = luck_words(&c->luck, DRAW_SWEEP_OWNER, venue, 0);
    bool guilty = c->standing[venue] == STANDING_FREE && c->mode[venue] != MODE_NONE && c->exploited[venue];
    if (!guilty || unit_interval(w.word[0]) >= p->sweep_arrest) {
        signal_send(c, venue, SIGNAL_INSPECTED);
        return;
    }
    m->owners_arrested++;
    if (unit_interval(w.word[1]) < 1 - team->integrity) {
        m->arrests_bought_off++;
        signal_send(c, venue, SIGNAL_ARRESTED);
        signal_send(c, venue, SIGNAL_BOUGHT);
        if (team->size) police_account(c, p, m, team->officer[w.word[2] % team->size], unit_interval(w.word[3]));
    } else {
        c->tie[venue] = NO_OFFICER;
        arrest_make(c, venue, p->sweep_evidence * team->skill, false, false);
    }
}

static void sweep_venue(struct city *c, const struct police_parameters *p, struct police_metrics *m, const struct team *team,
                        uint32_t venue)
{
    if (is_closed(c, venue) || unit_protects(c, unit_of_district(c, c->place_district[venue]), venue)) return;
    m->sweeps++;
    sweep_owner(c, p, m, team, venue);
    sweep_persons(c, p, m, team, venue);
    adults_disperse(c, venue, p->disperse_share, OCCASION_SWEEP);
    operation_note(c, venue, OPERATION_SWEEP);
}

static void sweep_street(struct city *c, const struct police_parameters *p, struct police_metrics *m, const struct team *team,
                         uint32_t district)
{
    uint32_t first = c->district_street[district], stretches = c->district_street[district + 1] - first;
    if (stretches == 0) return;
    m->sweeps++;
    sweep_persons(c, p, m, team, first + luck_pick(&c->luck, DRAW_SWEEP_SITE, district, SITES_MOST, stretches));
}

static void sweep(struct city *c, const struct police_parameters *p, struct police_metrics *m, uint32_t district)
{
    uint32_t first = c->district_venue[district], n = c->district_venue[district + 1] - first, site[SITES_MOST];
    uint32_t sites = (uint32_t)c->policy->sweep_sites < n ? (uint32_t)c->policy->sweep_sites : n;
    struct team team = team_pick(c, unit_of_district(c, district), 0, c->policy->sweep_integrity);
    bool street = luck_coin(&c->luck, DRAW_SWEEP, district, 1, p->sweep_street);
    pick_distinct(&c->luck, DRAW_SWEEP_SITE, district, 0, n, sites, site);
    if (sites == 0) return;
    /* any of them, for their order is not random: the first is never one of the last venues */
    uint32_t replaced = luck_pick(&c->luck, DRAW_SWEEP, district, 2, sites);
    for (uint32_t i = 0; i < sites; i++)
        if (i == replaced && street) sweep_street(c, p, m, &team, district);
        else sweep_venue(c, p, m, &team, first + site[i]);
}

void police_sweeps(struct city *c, const struct police_parameters *p, struct police_metrics *m)
{
    double chance = daily_chance(c->policy->sweep_rate / 30);
    for (uint32_t d = 0; d < c->districts; d++)
        if (luck_coin(&c->luck, DRAW_SWEEP, d, 0, chance)) sweep(c, p, m, d);
}

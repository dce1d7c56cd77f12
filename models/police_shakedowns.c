/* Shakedowns: an officer visits a venue of his area for money. From an owner who exploits he may take a fee and become the
 * venue's protector; otherwise adults pay. */
#include <math.h>

#include "models/police.h"

static const double FACTOR_MOST = 2; /* the top of the range of shakedown_factor; lower factors are thinned from it */

static uint32_t venue_of_area(const struct city *c, struct unit unit, uint32_t officer, uint32_t index)
{
    uint32_t first = 0, n = c->venues;
    if (!unit_is_special(c, unit)) {
        first = c->district_venue[unit.number];
        n = c->district_venue[unit.number + 1] - first;
    }
    return first + luck_pick(&c->luck, DRAW_SHAKEDOWN_VENUE, officer, index, n);
}

static void extort(struct city *c, const struct police_parameters *p, struct police_metrics *m, uint32_t venue,
                   uint32_t officer, uint32_t index)
{
    uint64_t adults = adults_at(c, venue);
    double integrity = c->integrity[officer];
    struct team alone = {.officer = {officer}, .size = 1};
    for (int32_t i = 0; i < p->shakedown_reach && adults; i++) {
        /* the adult is the n-th of those present */
        uint32_t n = luck_pick(&c->luck, DRAW_SHAKEDOWN_VICTIM, officer, index * 64 + (uint32_t)i, persons_in(adults));
        uint64_t rest = adults;
        while (n-- > 0) rest &= rest - 1;
        adults &= ~(rest & (~rest + 1));
        uint32_t seat = next_seat(c, venue, &rest);
        m->extortions++;
        fear_raise(c, seat, c->fears->extorted);
        police_account(c, p, m, officer, seat, 2 + index);
        double u = luck_uniform(&c->luck, DRAW_ASSAULT, seat, 1024 + index);
        police_assault(c, p, m, &alone, seat, u, p->assault_probability * (1 - integrity), 1024 + index);
    }
}

static void shakedown(struct city *c, const struct police_parameters *p, struct police_metrics *m, uint32_t officer,
                      uint32_t index)
{
    struct unit unit = unit_of_officer(c, officer);
    uint32_t venue = venue_of_area(c, unit, officer, index);
    if (is_closed(c, venue)) return;
    m->shakedowns++;
    bool for_sale = c->exploiting[venue] && c->tie[venue] == NO_OFFICER;
    if (for_sale && luck_coin(&c->luck, DRAW_TIE, venue, index, p->tie_probability)) {
        c->tie[venue] = (int32_t)officer;
        m->ties_formed++;
        police_account(c, p, m, officer, officer, ACCOUNT_OFFICER | index);
    } else {
        extort(c, p, m, venue, officer, index);
    }
}

/* What tells the visits of a day to one venue apart. Of a unit's visits, which follow each other on the line of points, 2^15 have
 * different numbers; the special unit, which may come to any venue, has its own beyond the first 512. Bits 9 and 10 stay free. */
static uint32_t visit_number(bool by_special, uint32_t drawn)
{
    if (drawn < 512) return drawn;
    return (drawn & 511) | (drawn >> 9 & 63) << 11 | (uint32_t)by_special << 17;
}

void police_shakedowns(struct city *c, const struct police_parameters *p, struct police_metrics *m)
{
    struct unit special = unit_special(c);
    struct points points = points_begin(&c->luck, DRAW_SHAKEDOWN, 0, special.first + SPECIAL_OFFICERS_MAX,
                                        p->shakedown_rate * FACTOR_MOST);
    uint32_t o;
    double mark;
    while (points_next(&points, &o, &mark)) {
        if (o >= special.first + special.size) continue;
        double rate = (1 - c->integrity[o]) * (1 - p->oversight_effect * unit_oversight(c, unit_of_officer(c, o))) * c->policy->shakedown_factor;
        if (mark * FACTOR_MOST < rate) shakedown(c, p, m, o, visit_number(o >= special.first, points.drawn));
    }
}

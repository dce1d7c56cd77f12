/* Shakedowns: an officer visits a venue of his area for money. From an owner who exploits he may take a fee and become the
 * venue's protector; otherwise adults pay. */
#include <math.h>

#include "models/lines.h"
#include "models/police.h"

static const double FACTOR_MOST = 2; /* the top of the range of shakedown_factor; lower factors are thinned from it */

/* Four numbers for a shakedown, and four for every adult extorted. */
enum { LUCK_VENUE, LUCK_TIE, LUCK_TIE_EXPOSED };
enum { LUCK_VICTIM, LUCK_EXPOSED, LUCK_ASSAULT };

static uint32_t venue_of_area(const struct city *c, struct unit unit, uint32_t word)
{
    if (unit_is_special(c, unit)) return picked(word, c->venues);
    uint32_t first = c->district_venue[unit.number];
    return first + picked(word, c->district_venue[unit.number + 1] - first);
}

static void extort(struct city *c, const struct police_parameters *p, struct police_metrics *m, uint32_t venue,
                   uint32_t officer, uint32_t index)
{
    uint64_t adults = adults_at(c, venue);
    const double assault = p->assault_probability * (1 - c->integrity[officer]);
    struct team alone = {.officer = {officer}, .size = 1};
    for (int32_t i = 0; i < p->shakedown_reach && adults; i++) {
        const struct words w = luck_words(&c->luck, DRAW_SHAKEDOWN_VICTIM, officer, index * 64 + (uint32_t)i);
        const uint32_t bit = nth_bit(adults, picked(w.word[LUCK_VICTIM], persons_in(adults))), seat = c->first_seat[venue] + bit;
        adults &= ~(1ull << bit);
        m->extortions++;
        fear_raise(c, seat, c->fears->extorted);
        police_account(c, p, m, officer, unit_interval(w.word[LUCK_EXPOSED]));
        police_assault(c, p, m, &alone, seat, unit_interval(w.word[LUCK_ASSAULT]), assault, 1024 + index);
    }
}

static void shakedown(struct city *c, const struct police_parameters *p, struct police_metrics *m, struct unit unit,
                      uint32_t officer, uint32_t index)
{
    const struct words w = luck_words(&c->luck, DRAW_SHAKEDOWN_VENUE, officer, index);
    const uint32_t venue = venue_of_area(c, unit, w.word[LUCK_VENUE]);
    if (is_closed(c, venue)) return;
    m->shakedowns++;
    bool for_sale = c->exploiting[venue] && c->tie[venue] == NO_OFFICER;
    if (for_sale && unit_interval(w.word[LUCK_TIE]) < p->tie_probability) {
        c->tie[venue] = (int32_t)officer;
        m->ties_formed++;
        police_account(c, p, m, officer, unit_interval(w.word[LUCK_TIE_EXPOSED]));
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
    struct points points = line_points(c, LINE_SHAKEDOWN, 0, special.first + SPECIAL_OFFICERS_MAX,
                                        p->shakedown_rate * FACTOR_MOST);
    uint32_t o;
    double mark;
    while (points_next(&points, &o, &mark)) {
        if (o >= special.first + special.size) continue;
        double rate = (1 - c->integrity[o]) * c->policy->shakedown_factor;
        if (mark * FACTOR_MOST >= rate) continue; /* not even without oversight */
        const struct unit unit = unit_of_officer(c, o);
        if (mark * FACTOR_MOST < rate * (1 - p->oversight_effect * unit_oversight(c, unit)))
            shakedown(c, p, m, unit, o, visit_number(o >= special.first, points.drawn));
    }
}

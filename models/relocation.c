/* Relocation: in a region of several cities, dormant traffickers and owners' private networks move where exploitation pays
 * better. This is all that couples cities; it follows the steps of the day. */
#include <math.h>

#include "models/relocation.h"

/* What a city promises an average offender, before his own propensity: months of revenue a year. */
static double promise(const struct city *c, uint32_t first, uint32_t end, double gain_share, double risk_share, double *risk,
                      double *punishment)
{
    double cost = 0;
    uint32_t n = 0;
    *risk = *punishment = 0;
    for (uint32_t o = first; o < end; o++) {
        if (c->standing[o] == STANDING_VACANT) continue;
        *risk += c->risk[o];
        *punishment += c->punishment[o];
        cost += c->risk[o] * c->punishment[o];
        n++;
    }
    if (n > 0) *risk /= n, *punishment /= n, cost /= n;
    return c->market->premium * c->price * gain_share - cost * sanction(c) * risk_share;
}

static uint32_t other_city(const struct world *w, const struct city *c, uint32_t purpose, uint32_t entity)
{
    uint32_t other = luck_pick(&c->luck, purpose, entity, 1u << 20, w->n_cities - 1);
    return other + (other >= c->index);
}

static uint32_t vacant_post(const struct city *c)
{
    for (uint32_t o = c->venues; o < c->offenders; o++)
        if (c->standing[o] == STANDING_VACANT) return o;
    return UINT32_MAX;
}

/* The trafficker leaves his post for a vacant one. */
static void move_trafficker(struct city *from, uint32_t o, struct city *to, double risk, double punishment)
{
    uint32_t post = vacant_post(to);
    if (post == UINT32_MAX) return;
    to->theta[post] = from->theta[o];
    to->taste_day[post] = (uint16_t)to->day;
    to->risk[post] = risk;
    to->punishment[post] = punishment;
    to->standing[post] = STANDING_DORMANT;
    to->trial_on[post] = NEVER;
    supplier_forget(to, post - to->venues);
    from->standing[o] = STANDING_VACANT; /* a dormant post is no opening: nobody who supplied has left */
    from->trial_on[o] = NEVER;
}

static void traffickers(struct world *w, struct city *c)
{
    struct points points = points_begin(&c->luck, DRAW_RELOCATE_TRAFFICKER, 0, c->traffickers, c->region->relocate_rate);
    uint32_t k;
    double mark, risk, punishment;
    while (points_next(&points, &k, &mark)) {
        uint32_t o = c->venues + k;
        if (c->standing[o] != STANDING_DORMANT || c->trial_on[o] != NEVER) continue;
        struct city *there = &w->city[other_city(w, c, DRAW_RELOCATE_TRAFFICKER, k)];
        double here = c->market->premium * c->price - c->risk[o] * c->punishment[o] * sanction(c);
        double gain = promise(there, there->venues, there->offenders, 1, 1, &risk, &punishment) - here;
        if (gain > c->region->relocate_gain) move_trafficker(c, o, there, risk, punishment);
    }
}

/* The persons of a private network are brought to vacancies in the other city; the owner here gives up exploitation. */
static void move_network(struct city *from, uint32_t venue, struct city *to)
{
    uint32_t place = private_place(from, venue);
    for (uint64_t exploited = from->exploited[place]; exploited;) {
        uint32_t seat = next_seat(from, place, &exploited);
        struct person person = seat_lift(from, seat);
        person.supplier = NOBODY; /* traffickers' posts are numbered by city */
        if (person_to_vacancy(to, person, seat, 1u << 20 | from->index)) to->entered++;
        from->gone++;
    }
    from->mode[venue] = MODE_NONE;
}

static void networks(struct world *w, struct city *c)
{
    const struct venues_parameters *rules = c->rules;
    struct points points = points_begin(&c->luck, DRAW_RELOCATE_NETWORK, 0, c->venues, c->region->relocate_rate);
    uint32_t v;
    double mark, risk, punishment;
    while (points_next(&points, &v, &mark)) {
        if (c->mode[v] != MODE_PRIVATE || c->standing[v] != STANDING_FREE || !c->exploited[private_place(c, v)]) continue;
        struct city *there = &w->city[other_city(w, c, DRAW_RELOCATE_NETWORK, v)];
        double exposed = 1 - rules->private_effect;
        double here = c->market->premium * c->price * rules->private_capacity -
                      c->risk[v] * c->punishment[v] * sanction(c) * exposed;
        double gain = promise(there, 0, there->venues, rules->private_capacity, exposed, &risk, &punishment) - here;
        if (gain > c->region->relocate_gain) move_network(c, v, there);
    }
}

void relocation(struct world *w)
{
    if (w->n_cities < 2) return;
    for (uint32_t i = 0; i < w->n_cities; i++) {
        traffickers(w, &w->city[i]);
        networks(w, &w->city[i]);
    }
}

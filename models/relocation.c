/* Relocation: in a region of several cities, dormant traffickers and owners' private networks move where exploitation pays
 * better. This is all that couples cities; it follows the steps of the day.
 *
 * Cities may lie with different processes, so they speak by messages, in rounds, and all of them in the order of the cities:
 *
 *     candidates   who looks at which other city today
 *     promises     what each city that is looked at promises, as it was before anybody moved
 *     movers       who goes, with all they carry; a network leaves at once
 *     refusals     traffickers for whom no post was vacant; the others leave now
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/lines.h"
#include "models/relocation.h"

struct promise {
    uint32_t city, kind;
    double risk, punishment; /* means of what is believed there */
    double value;            /* to an average offender, before his own propensity [months of revenue a year] */
};

struct mover {
    struct candidate who;
    uint32_t persons; /* of a network: so many passengers follow */
    float theta;      /* a trafficker's */
    double risk, punishment;
};

struct passenger {
    struct person person;
    uint32_t seat; /* that she had: the address of her luck on the way */
};

struct refusal {
    uint32_t from, entity;
};

struct message {
    unsigned char *bytes;
    size_t size, room;
};

/* One day's, of the cities that this process has. */
struct relocation {
    struct world *w;
    struct exchange *x;
    struct error *e;
    struct message candidates, promises, movers, refusals;
};

/* ---- messages ----------------------------------------------------------------------------------------------------------- */

/* Without memory this process falls ill, and nobody goes on after the next gather. */
static void add(struct relocation *r, struct message *message, const void *bytes, size_t size)
{
    if (r->x->ill) return;
    if (message->size + size > message->room) {
        size_t room = 2 * message->room + size + 256;
        unsigned char *grown = realloc(message->bytes, room);
        if (grown == NULL) {
            error_memory(r->e, "those who relocate", (double)room);
            r->x->ill = true;
            return;
        }
        message->bytes = grown;
        message->room = room;
    }
    memcpy(message->bytes + message->size, bytes, size);
    message->size += size;
}

static int gather(struct relocation *r, const struct message *message, struct exchange_bytes *all)
{
    return exchange_gather(r->x, message->bytes, message->size, EXCHANGE_TO_ALL, all, r->e);
}

/* The next `size` bytes of a message; false at its end. */
static bool take(struct exchange_bytes *rest, void *item, size_t size)
{
    if (rest->size < size) return false;
    memcpy(item, rest->bytes, size);
    rest->bytes += size;
    rest->size -= size;
    return true;
}

static struct exchange_bytes own(const struct message *message) { return (struct exchange_bytes){message->bytes, message->size}; }

/* The city, where it is one of this process's. */
static struct city *city_here(const struct relocation *r, uint32_t number)
{
    return number >= r->w->first && number - r->w->first < r->w->n_cities ? &r->w->city[number - r->w->first] : NULL;
}

/* ---- candidates --------------------------------------------------------------------------------------------------------- */

static uint32_t other_city(const struct world *w, const struct city *c, uint32_t purpose, uint32_t entity)
{
    uint32_t other = luck_pick(&c->luck, purpose, entity, 1u << 20, w->cities - 1);
    return other + (other >= c->index);
}

static void traffickers(const struct world *w, struct city *c)
{
    struct points points = line_points(c, LINE_RELOCATE_TRAFFICKER, 0, c->traffickers, c->region->relocate_rate);
    uint32_t k, last = UINT32_MAX;
    double mark;
    for (; points_next(&points, &k, &mark); last = k) {
        uint32_t o = c->venues + k;
        if (k == last || c->standing[o] != STANDING_DORMANT || case_of(c, o) != NULL) continue;
        candidate_note(c, (struct candidate){MOVER_TRAFFICKER, c->index, k, other_city(w, c, LINE_RELOCATE_TRAFFICKER, k)});
    }
}

static void networks(const struct world *w, struct city *c)
{
    struct points points = line_points(c, LINE_RELOCATE_NETWORK, 0, c->venues, c->region->relocate_rate);
    uint32_t v, last = UINT32_MAX;
    double mark;
    for (; points_next(&points, &v, &mark); last = v) {
        if (v == last || c->mode[v] != MODE_PRIVATE || c->standing[v] != STANDING_FREE) continue;
        if (!c->exploited[private_place(c, v)]) continue;
        candidate_note(c, (struct candidate){MOVER_NETWORK, c->index, v, other_city(w, c, LINE_RELOCATE_NETWORK, v)});
    }
}

void relocation_look(struct world *w, uint32_t city)
{
    struct city *c = &w->city[city];
    c->n_candidates = 0;
    if (w->cities < 2) return;
    traffickers(w, c);
    networks(w, c);
}

/* ---- promises ----------------------------------------------------------------------------------------------------------- */

/* Shares of the premium and of the risk, which are smaller in a private network. */
static double gain_share(const struct city *c, uint32_t kind) { return kind == MOVER_NETWORK ? c->rules->private_capacity : 1; }
static double risk_share(const struct city *c, uint32_t kind) { return kind == MOVER_NETWORK ? 1 - c->rules->private_effect : 1; }

static struct promise promise(const struct city *c, uint32_t kind)
{
    const uint32_t first = kind == MOVER_TRAFFICKER ? c->venues : 0, end = kind == MOVER_TRAFFICKER ? c->offenders : c->venues;
    struct promise p = {.city = c->index, .kind = kind};
    double cost = 0;
    uint32_t n = 0;
    for (uint32_t o = first; o < end; o++) {
        if (c->standing[o] == STANDING_VACANT) continue;
        p.risk += c->risk[o];
        p.punishment += c->punishment[o];
        cost += (double)c->risk[o] * c->punishment[o];
        n++;
    }
    if (n > 0) p.risk /= n, p.punishment /= n, cost /= n;
    p.value = c->market->premium * c->price * gain_share(c, kind) - cost * sanction(c) * risk_share(c, kind);
    return p;
}

/* Of the cities here at which somebody looks, in their order. */
static void promises(struct relocation *r, struct exchange_bytes candidates)
{
    unsigned char *asked = calloc((size_t)r->w->n_cities + 1, sizeof *asked);
    struct candidate who;
    if (asked == NULL) {
        error_memory(r->e, "those who relocate", (double)r->w->n_cities);
        r->x->ill = true;
        return;
    }
    while (take(&candidates, &who, sizeof who))
        if (city_here(r, who.to) != NULL) asked[who.to - r->w->first] |= (unsigned char)(1u << who.kind);
    for (uint32_t i = 0; i < r->w->n_cities; i++)
        for (uint32_t kind = 0; kind < MOVER_KINDS; kind++) {
            if (!(asked[i] >> kind & 1)) continue;
            const struct promise made = promise(&r->w->city[i], kind);
            add(r, &r->promises, &made, sizeof made);
        }
    free(asked);
}

/* ---- movers ------------------------------------------------------------------------------------------------------------- */

/* What the place where he is now is worth to somebody. */
static double here(const struct city *c, const struct candidate *who)
{
    const uint32_t o = who->kind == MOVER_TRAFFICKER ? c->venues + who->entity : who->entity;
    return c->market->premium * c->price * gain_share(c, who->kind) -
           (double)c->risk[o] * c->punishment[o] * sanction(c) * risk_share(c, who->kind);
}

/* Promises come in the order of cities and kinds. */
static struct promise promised(struct exchange_bytes promises, const struct candidate *who)
{
    size_t low = 0, high = promises.size / sizeof(struct promise);
    struct promise p = {.value = -INFINITY};
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        memcpy(&p, promises.bytes + middle * sizeof p, sizeof p);
        if (p.city == who->to && p.kind == who->kind) break;
        if (p.city < who->to || (p.city == who->to && p.kind < who->kind)) low = middle + 1;
        else high = middle;
    }
    return p;
}

/* The persons of a private network are brought away; the owner here gives up exploitation. */
static void send_network(struct relocation *r, struct city *c, uint32_t venue)
{
    const uint32_t place = private_place(c, venue);
    for (uint64_t exploited = c->exploited[place]; exploited;) {
        struct passenger passenger = {.seat = next_seat(c, place, &exploited)};
        passenger.person = seat_lift(c, passenger.seat);
        passenger.person.supplier = NOBODY; /* traffickers' posts are numbered by city */
        add(r, &r->movers, &passenger, sizeof passenger);
        c->gone++;
    }
    owner_turns(c, venue, MODE_NONE);
}

static void decide(struct relocation *r, struct exchange_bytes promises)
{
    struct exchange_bytes rest = own(&r->candidates);
    struct candidate who;
    while (take(&rest, &who, sizeof who)) {
        struct city *c = city_here(r, who.from);
        const struct promise there = promised(promises, &who);
        if (!(there.value - here(c, &who) > c->region->relocate_gain)) continue;
        struct mover mover = {.who = who, .risk = there.risk, .punishment = there.punishment};
        if (who.kind == MOVER_TRAFFICKER) mover.theta = c->theta[c->venues + who.entity];
        else mover.persons = persons_in(c->exploited[private_place(c, who.entity)]);
        add(r, &r->movers, &mover, sizeof mover);
        if (who.kind == MOVER_NETWORK) send_network(r, c, who.entity);
    }
}

/* ---- arrivals ----------------------------------------------------------------------------------------------------------- */

static uint32_t vacant_post(const struct city *c)
{
    for (uint32_t o = c->venues; o < c->offenders; o++)
        if (c->standing[o] == STANDING_VACANT) return o;
    return UINT32_MAX;
}

/* False: no post is vacant. Those left today are vacant from tomorrow on. */
static bool seat_trafficker(struct city *c, const struct mover *mover)
{
    const uint32_t post = vacant_post(c);
    if (post == UINT32_MAX) return false;
    c->theta[post] = mover->theta;
    c->taste_day[post] = (uint16_t)c->day;
    c->risk[post] = (float)mover->risk;
    c->punishment[post] = (float)mover->punishment;
    c->standing[post] = STANDING_DORMANT;
    supplier_forget(c, post - c->venues);
    return true;
}

/* Persons come to vacancies; those for whom there is none are gone. */
static void arrivals(struct relocation *r, struct exchange_bytes movers)
{
    struct mover mover;
    struct passenger passenger;
    while (take(&movers, &mover, sizeof mover)) {
        struct city *c = city_here(r, mover.who.to);
        for (uint32_t i = 0; i < mover.persons && take(&movers, &passenger, sizeof passenger); i++)
            if (c != NULL && person_to_vacancy(c, passenger.person, passenger.seat, 1u << 20 | mover.who.from)) c->entered++;
        if (c == NULL || mover.who.kind != MOVER_TRAFFICKER || seat_trafficker(c, &mover)) continue;
        const struct refusal refusal = {mover.who.from, mover.who.entity};
        add(r, &r->refusals, &refusal, sizeof refusal);
    }
}

/* Traffickers leave their posts, but for those who were refused. A dormant post is no opening: nobody who supplied has left. */
static void departures(struct relocation *r, struct exchange_bytes refusals)
{
    struct exchange_bytes rest = own(&r->movers);
    struct mover mover;
    struct refusal refusal;
    while (take(&rest, &mover, sizeof mover)) {
        struct city *c = city_here(r, mover.who.from);
        if (mover.who.kind == MOVER_TRAFFICKER) c->standing[c->venues + mover.who.entity] = STANDING_VACANT;
        rest.bytes += mover.persons * sizeof(struct passenger);
        rest.size -= mover.persons * sizeof(struct passenger);
    }
    while (take(&refusals, &refusal, sizeof refusal)) {
        struct city *c = city_here(r, refusal.from);
        if (c != NULL) c->standing[c->venues + refusal.entity] = STANDING_DORMANT;
    }
}

/* ---- the day ------------------------------------------------------------------------------------------------------------ */

/* Where nobody looks, or nobody goes, that is known to all and the rest is left out. */
static int rounds(struct relocation *r)
{
    struct exchange_bytes all;
    for (uint32_t i = 0; i < r->w->n_cities; i++) {
        const struct city *c = &r->w->city[i];
        for (uint32_t k = 0; k < c->n_candidates; k++) add(r, &r->candidates, &c->candidates[k], sizeof c->candidates[k]);
    }
    if (gather(r, &r->candidates, &all) != 0) return -1;
    if (all.size == 0) return 0;
    promises(r, all);
    if (gather(r, &r->promises, &all) != 0) return -1;
    decide(r, all);
    if (gather(r, &r->movers, &all) != 0) return -1;
    if (all.size == 0) return 0;
    arrivals(r, all);
    if (gather(r, &r->refusals, &all) != 0) return -1;
    departures(r, all);
    return 0;
}

int relocation(struct world *w, struct exchange *x, struct error *e)
{
    struct relocation r = {.w = w, .x = x, .e = e};
    struct exchange_bytes nothing;
    const bool ill = world_check_memory(w, e) != 0;
    if (ill) x->ill = true;
    if (w->cities < 2) return ill ? exchange_gather(x, NULL, 0, EXCHANGE_TO_ALL, &nothing, e) : 0;
    int status = rounds(&r);
    free(r.candidates.bytes);
    free(r.promises.bytes);
    free(r.movers.bytes);
    free(r.refusals.bytes);
    return status;
}

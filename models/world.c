/* Life of a world: how many rows it has, its memory, copying, and the invariants that hold at the end of every day. */
#include "models/world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_MINIMUM = 5, SLOTS_MAXIMUM = 60, COLUMN_ALIGNMENT = 8, BLOCK_ALIGNMENT = 64,
       SWEEP_SITES_MAXIMUM = 50, BENCHES_AT_FIRST = 4, BONDS_AT_FIRST = 64,
       VENUES_MAXIMUM = 10000000 /* so that seats can be numbered with 32 bits */ };

static uint8_t slots_of(const struct region_parameters *region, const struct luck *luck, uint32_t venue)
{
    double slots = portable_exp(region->slots_log_mean + region->slots_log_sd * luck_normal(luck, DRAW_SLOTS, venue, 0));
    return (uint8_t)lround(fmin(fmax(slots, SLOTS_MINIMUM), SLOTS_MAXIMUM));
}

static uint8_t private_seats_of(const struct venues_parameters *rules, uint8_t slots)
{
    return (uint8_t)lround(rules->exploited_share * rules->private_capacity * slots);
}

/* Venues 0 ... n - 1 are shared out over the districts in order. */
static uint32_t first_venue(uint32_t venues, uint32_t districts, uint32_t district)
{
    return (uint32_t)((uint64_t)venues * district / districts);
}

static uint32_t street_seats_of(const struct city *c, uint32_t district)
{
    uint32_t slots = 0;
    for (uint32_t v = first_venue(c->venues, c->districts, district); v < first_venue(c->venues, c->districts, district + 1); v++)
        slots += slots_of(c->region, &c->luck, v);
    return (uint32_t)ceil(c->region->street_room * slots);
}

static uint32_t street_places_of(uint32_t street_seats)
{
    return (street_seats + PLACE_SEATS - 1) / PLACE_SEATS;
}

/* Numbers of rows; the parameters, luck and calendar of the city are set. */
static void count_rows(struct city *c)
{
    const struct region_parameters *region = c->region;
    c->districts = (uint32_t)region->districts;
    c->districts_1 = c->districts + 1;
    c->venues = (uint32_t)region->venues;
    c->venues_1 = c->venues + 1;
    /* In a region a trafficker may move to another city, which then needs a post for him. */
    c->traffickers = (uint32_t)region->traffickers * (region->cities > 1 ? 2 : 1);
    c->offenders = c->venues + c->traffickers;
    c->links_per_trafficker = (uint32_t)region->links < c->venues ? (uint32_t)region->links : c->venues;
    c->links = c->traffickers * c->links_per_trafficker;
    c->links_wide = c->traffickers > 256 ? c->links : 0;
    c->officers_per_district = (uint32_t)region->officers_per_district;
    c->officers = c->districts * c->officers_per_district + SPECIAL_OFFICERS_MAX;
    for (uint32_t v = 0; v < c->venues; v++) {
        uint8_t slots = slots_of(region, &c->luck, v);
        c->venue_seats += slots;
        c->seats += slots + private_seats_of(c->rules, slots);
    }
    for (uint32_t d = 0; d < c->districts; d++) {
        uint32_t seats = street_seats_of(c, d);
        c->streets += street_places_of(seats);
        c->seats += seats;
    }
    c->bench_groups = (c->seats - c->venue_seats) / BENCH_SEATS + 1;
    c->seat_groups = c->seats / SEAT_GROUP + 1;
    c->places = 2 * c->venues + c->streets;
    c->places_1 = c->places + 1;
    c->grounds = c->venues + c->streets;
    c->absent_room = c->venue_seats / 2 + 256;
    c->releases_room = c->benches_room = c->reports_room = INT32_MAX;
    c->bonds_room = BONDS_MAXIMUM + 1;
    c->arrests_room = c->candidates_room = c->cases_room = c->offenders;
    c->operations_room = c->districts * SWEEP_SITES_MAXIMUM + 128;
    c->signals_room = 4 * c->offenders + c->operations_room;
}

static size_t aligned(size_t bytes)
{
    return (bytes + COLUMN_ALIGNMENT - 1) / COLUMN_ALIGNMENT * COLUMN_ALIGNMENT;
}

/* Points the columns into the block; returns its size. With no block, only measures. */
static size_t lay_out(struct city *c)
{
    size_t at = 0;
    unsigned char *block = c->block;
#define LAY_OUT(type, name, rows)                                                                                       \
    if (block) c->name = (type *)(void *)(block + at);                                                                  \
    at += aligned((size_t)c->rows * sizeof(type));
    CITY_COLUMNS(LAY_OUT)
#undef LAY_OUT
    return at;
}

static void set_place(struct city *c, uint32_t place, uint32_t *seat, uint32_t size)
{
    c->first_seat[place] = *seat;
    c->size[place] = (uint8_t)size;
    for (; size > 0; size--, (*seat)++)
        if (*seat % SEAT_GROUP == 0) c->near_place[*seat / SEAT_GROUP] = place;
    c->first_seat[place + 1] = *seat;
}

/* Seats of one kind of place stand together, so that luck can be thrown over them alone; within it, in the order of districts. */
static void build_places(struct city *c)
{
    uint32_t seat = 0, street = 2 * c->venues;
    for (uint32_t d = 0; d < c->districts; d++) {
        c->district_venue[d] = first_venue(c->venues, c->districts, d);
        c->district_venue[d + 1] = first_venue(c->venues, c->districts, d + 1);
        for (uint32_t v = c->district_venue[d]; v < c->district_venue[d + 1]; v++) {
            c->place_district[v] = (uint16_t)d;
            set_place(c, v, &seat, slots_of(c->region, &c->luck, v));
        }
    }
    c->kind_seat[PLACE_PRIVATE] = seat;
    for (uint32_t v = 0; v < c->venues; v++)
        set_place(c, private_place(c, v), &seat, private_seats_of(c->rules, c->size[v]));
    c->kind_seat[PLACE_STREET] = seat;
    for (uint32_t d = 0; d < c->districts; d++) {
        c->district_street[d] = street;
        for (uint32_t rest = street_seats_of(c, d); rest > 0; street++) {
            uint32_t size = rest < PLACE_SEATS ? rest : PLACE_SEATS;
            c->place_district[street - c->venues] = (uint16_t)d;
            set_place(c, street, &seat, size);
            rest -= size;
        }
        c->district_street[d + 1] = street;
    }
    c->kind_seat[PLACE_KINDS] = seat;
}

/* Every trafficker deals with `links` different venues, drawn at random. "Venues by trafficker" become "traffickers by venue"
 * (a counting sort, stable in the trafficker). */
static int build_links(struct city *c, struct error *e)
{
    const uint32_t n = c->links_per_trafficker;
    uint32_t *venue_of = calloc((size_t)c->links + 1, sizeof *venue_of), *next = malloc(c->venues_1 * sizeof *next);
    int status = 0;
    if (venue_of && next) {
        for (uint32_t k = 0; k < c->traffickers; k++)
            pick_distinct(&c->luck, DRAW_LINKS, k, 0, c->venues, n, &venue_of[(size_t)k * n]);
        for (uint32_t i = 0; i < c->links; i++) c->link_first[venue_of[i] + 1]++;
        for (uint32_t v = 0; v < c->venues; v++) c->link_first[v + 1] += c->link_first[v];
        memcpy(next, c->link_first, c->venues_1 * sizeof *next);
        for (uint32_t i = 0; i < c->links; i++) {
            const uint32_t link = next[venue_of[i]]++;
            c->link_low[link] = (uint8_t)(i / n);
            if (c->links_wide > 0) c->link_high[link] = (uint8_t)(i / n >> 8);
        }
    } else {
        status = error_memory(e, "the links of traffickers", (double)c->links * sizeof *venue_of);
    }
    free(venue_of);
    free(next);
    return status;
}

/* A block of at least this size. Cities of different replicates differ in size, for their venues do. */
static int reserve(struct city *c, size_t size, struct error *e)
{
    if (c->block != NULL && c->block_room >= size) return 0;
    free(c->block);
    c->block_room = size;
    if (posix_memalign(&c->block, BLOCK_ALIGNMENT, c->block_room) == 0) return 0;
    c->block = NULL;
    c->block_room = 0;
    return error_memory(e, "a city", (double)size);
}

int city_create(struct city *c, struct error *e)
{
    count_rows(c);
    c->block_size = lay_out(c);
    if (reserve(c, c->block_size, e) != 0) return -1;
    memset(c->block, 0, c->block_size);
    lay_out(c);
    c->benches = calloc(BENCHES_AT_FIRST, sizeof *c->benches);
    if (c->benches == NULL) return error_memory(e, "a city", (double)BENCHES_AT_FIRST * sizeof *c->benches);
    c->benches_held = BENCHES_AT_FIRST;
    c->n_benches = 1;
    c->bonds = calloc(BONDS_AT_FIRST, sizeof *c->bonds);
    if (c->bonds == NULL) return error_memory(e, "a city", (double)BONDS_AT_FIRST * sizeof *c->bonds);
    c->bonds[0].supplier = NOBODY;
    c->bonds_held = BONDS_AT_FIRST;
    c->n_bonds = 1;
    build_places(c);
    return build_links(c, e);
}

int world_create(struct world **w, const struct region_parameters *region, const struct venues_parameters *rules,
                 const struct exchange_range *range, const struct luck *luck, const struct calendar *calendar,
                 struct error *e)
{
    const uint32_t cities = range->all, own = range->end - range->first;
    struct world *new;
    *w = NULL;
    if (((uint64_t)luck->replicate + 1) * cities > UINT32_MAX)
        return error_set(e, ERROR_INPUT, "replicates times region.cities must stay below 2^32");
    if (region->venues > VENUES_MAXIMUM)
        return error_set(e, ERROR_INPUT, "region.venues = %d in one city is too many; at most %d, and several cities "
                         "(region.cities) beyond that", region->venues, VENUES_MAXIMUM);
    new = calloc(1, sizeof *new);
    if (new == NULL) return error_memory(e, "a world", sizeof *new);
    new->cities = cities;
    new->first = range->first;
    new->city = calloc((size_t)own + 1, sizeof *new->city);
    if (new->city == NULL) {
        world_destroy(new);
        return error_memory(e, "a region's cities", (double)own * sizeof *new->city);
    }
    for (new->n_cities = 0; new->n_cities < own; new->n_cities++) {
        struct city *c = &new->city[new->n_cities];
        c->index = range->first + new->n_cities;
        c->region = region;
        c->rules = rules;
        c->calendar = *calendar;
        c->price = 1;
        c->today = served_mark(0);
        c->luck = *luck;
        /* Each city has its own addresses of randomness; one city alone has those of the replicate. */
        c->luck.replicate = luck->replicate * cities + c->index;
    }
    *w = new;
    return 0;
}

static void destroy_city(struct city *c)
{
#define FREE(type, name) free(c->name);
    CITY_LISTS(FREE)
#undef FREE
    free(c->block);
}

void world_destroy(struct world *w)
{
    if (w == NULL) return;
    for (uint32_t i = 0; i < w->n_cities; i++) destroy_city(&w->city[i]);
    free(w->city);
    free(w);
}

double world_memory(const struct region_parameters *region, const struct venues_parameters *rules)
{
    double slots = fmin(fmax(portable_exp(region->slots_log_mean + region->slots_log_sd * region->slots_log_sd / 2), SLOTS_MINIMUM),
                        SLOTS_MAXIMUM);
    struct city c = {0};
    c.venues = (uint32_t)region->venues;
    double seats = c.venues * slots * (1 + rules->exploited_share * rules->private_capacity + region->street_room);
    double bytes = 0;
    double districts = region->districts, districts_1 = districts + 1, venues = c.venues, venues_1 = venues + 1;
    double places = 2 * venues + districts + region->street_room * venues * slots / PLACE_SEATS;
    double venue_seats = venues * slots, bench_groups = (seats - venue_seats) / BENCH_SEATS + 1;
    double places_1 = places + 1, grounds = places - venues, seat_groups = seats / SEAT_GROUP + 1;
    double links = 2.0 * region->traffickers * region->links, links_wide = 2 * region->traffickers > 256 ? links : 0;
    double offenders = venues + 2.0 * region->traffickers;
    double officers = districts * region->officers_per_district + SPECIAL_OFFICERS_MAX;
#define BYTES(type, name, rows) bytes += (double)sizeof(type) * rows;
    CITY_COLUMNS(BYTES)
#undef BYTES
    /* Lists, about as far as they grow in the essay's city. */
    bytes += (BENCHES_AT_FIRST + bench_groups / 16) * sizeof(struct bench) + venue_seats / 32 * sizeof(struct absentee) +
             (BONDS_AT_FIRST + venue_seats / 7) * sizeof(struct bond) +
             seats / 256 * (sizeof(struct report) + sizeof(struct operation)) + offenders / 4 * sizeof(uint16_t) +
             offenders / 32 * (sizeof(struct court_case) + sizeof(struct arrest) + sizeof(struct signal));
    return region->cities * (bytes + sizeof(struct city));
}

int city_copy(struct city *to, const struct city *from, struct error *e)
{
    if (reserve(to, from->block_size, e) != 0) return -1;
#define RESERVE(type, name)                                                                                             \
    if (to->name##_held < from->n_##name) {                                                                             \
        type *rows = realloc(to->name, from->n_##name * sizeof *rows);                                                  \
        if (rows == NULL) return error_memory(e, "a city", (double)from->n_##name * sizeof *rows);                      \
        to->name = rows;                                                                                                \
        to->name##_held = from->n_##name;                                                                               \
    }
    CITY_LISTS(RESERVE)
#undef RESERVE
    const struct city own = *to;
    *to = *from;
    to->block = own.block;
    to->block_room = own.block_room;
    lay_out(to);
    memcpy(to->block, from->block, from->block_size);
#define COPY(type, name)                                                                                                \
    to->name = own.name;                                                                                                \
    to->name##_held = own.name##_held;                                                                                  \
    if (from->n_##name > 0) memcpy(to->name, from->name, from->n_##name * sizeof *to->name);
    CITY_LISTS(COPY)
#undef COPY
    return 0;
}

int world_copy(struct world *to, const struct world *from, struct error *e)
{
    if (to->n_cities != from->n_cities) return error_set(e, ERROR_FAILURE, "copying between worlds of different shape");
    to->cities = from->cities;
    to->first = from->first;
    return 0;
}

int world_check_memory(const struct world *w, struct error *e)
{
    for (uint32_t i = 0; i < w->n_cities; i++)
        if (w->city[i].short_of_memory)
            return error_set(e, ERROR_FAILURE, "out of memory: a city's lists could not grow on day %d", w->city[i].day);
    return 0;
}

/* ---- invariants ------------------------------------------------------------------------------------------------------------ */

static bool is_share(double x) { return x >= 0 && x <= 1; }

static const char *broken_place(const struct city *c, uint32_t p)
{
    if (c->occupied[p] & ~all_seats(c, p)) return "somebody sits where there is no seat";
    if (c->exploited[p] & ~c->occupied[p]) return "an exploited person without a seat";
    if (c->marked[p] & ~c->occupied[p]) return "a minor, or somebody detained, without a seat";
    if (place_kind(c, p) == PLACE_STREET && c->exploited[p]) return "somebody exploited in the street";
    if (place_kind(c, p) == PLACE_PRIVATE && c->occupied[p] != c->exploited[p]) return "a non-coerced adult in the private network";
    if (c->concerned[p] != persons_in(place_kind(c, p) == PLACE_STREET ? c->occupied[p] : c->exploited[p]))
        return "the number of those concerned in a place disagrees with its seats";
    return NULL;
}

static const char *broken_owner(const struct city *c, uint32_t v)
{
    if (c->mode[v] >= MODES) return "an unknown mode";
    if (!is_share(c->access[v]) || !is_share(c->access_baseline[v])) return "health access outside 0..1";
    if (!(c->losses[v] >= 0)) return "negative losses";
    if (c->tie[v] < NO_OFFICER || c->tie[v] >= (int32_t)c->officers) return "a tie to no officer";
    if (!c->policy->police && c->tie[v] != NO_OFFICER) return "a protection tie without police";
    if (c->wanting[v] != exploited_vacancies(c, v) || c->vacant[v] != adult_vacancies(c, v)) return "vacancies that are not";
    if (c->surplus[v] != exploited_surplus(c, v)) return "a surplus that is not";
    if (c->exploiting[v] != exploits(c, v)) return "an owner who exploits, or not, unknown to others";
    return NULL;
}

static const char *broken_owners(const struct city *c)
{
    uint32_t wanting = 0;
    const char *broken = NULL;
    for (uint32_t v = 0; v < c->venues; v++) {
        if ((broken = broken_owner(c, v)) != NULL) return broken;
        wanting += c->wanting[v];
    }
    return wanting == c->all_wanting ? NULL : "the city's vacancies disagree with its venues'";
}

/* Every exploited or detained person of a venue has a bond of her own, and nobody else has. */
static const char *broken_bonds(const struct city *c)
{
    uint32_t found = 1;
    for (uint32_t v = 0; v < c->venues; v++) {
        uint64_t seats = 0;
        uint16_t day = 0;
        for (uint32_t b = c->first_bond[v]; b != 0; b = c->bonds[b].next, found++) {
            if (b >= c->n_bonds || seats >> c->bonds[b].seat & 1) return "a chain of bonds that goes astray";
            if ((uint16_t)(c->bonds[b].due - 1) < day) return "a chain of bonds that is not in the order of days";
            day = (uint16_t)(c->bonds[b].due - 1);
            seats |= 1ull << c->bonds[b].seat;
        }
        if (seats != (c->exploited[v] | c->marked[v])) return "bonds that are not those of the exploited and detained";
    }
    for (uint32_t b = c->free_bond; b != 0 && b < c->n_bonds && found <= c->n_bonds; b = c->bonds[b].next) found++;
    if (found != c->n_bonds) return "bonds that are neither somebody's nor free";
    if (c->bonds[0].due != NEVER || c->bonds[0].supplier != NOBODY) return "a bond of nobody";
    return NULL;
}

/* What is kept up to date must be what counting anew finds. That sets the columns of places and owners right; by now they are. */
static const char *broken_sums(const struct city *c)
{
    struct city anew = *c;
    city_recount(&anew);
    if (anew.infected != c->infected) return "the count of the infected disagrees with the seats";
    if (anew.fearful != c->fearful) return "the count of the fearful disagrees with the seats";
    if (fabs(anew.fear_sum - c->fear_sum) > 1e-9 * (1 + anew.fear_sum)) return "the sum of fear disagrees with the seats";
    if (memcmp(anew.served_now, c->served_now, sizeof anew.served_now) != 0 ||
        memcmp(anew.served_on, c->served_on, sizeof anew.served_on) != 0)
        return "the counts of the served disagree with the seats";
    return NULL;
}

static const char *broken_city(const struct city *c)
{
    uint32_t count[PLACE_KINDS][CLASSES] = {0}, held = 0, present = 0;
    const char *broken = NULL;
    for (uint32_t p = 0; p < c->places; p++) {
        if ((broken = broken_place(c, p)) != NULL) return broken;
        enum place_kind kind = place_kind(c, p);
        count[kind][CLASS_ADULT] += persons_in(c->occupied[p] & ~c->exploited[p]);
        count[kind][CLASS_COERCED] += persons_in(c->exploited[p] & ~minors_in(c, p));
        count[kind][CLASS_MINOR] += persons_in(minors_in(c, p));
        held += persons_in(detained_in(c, p));
        present += persons_in(c->occupied[p]);
    }
    if (memcmp(count, c->count, sizeof count) != 0) return "the counts of persons disagree with the seats";
    if ((broken = broken_owners(c)) != NULL || (broken = broken_sums(c)) != NULL || (broken = broken_bonds(c)) != NULL) return broken;
    if (held != c->held) return "the count of detained adults disagrees with the seats";
    if (c->entered != (int64_t)present + c->n_absent + c->gone) return "persons are not conserved";
    for (uint32_t o = 0; o < c->offenders; o++) {
        if (!is_share(c->risk[o]) || !is_share(c->punishment[o])) return "a belief outside 0..1";
        if (c->standing[o] == STANDING_REMAND && case_of(c, o) == NULL) return "remand without a trial";
    }
    for (uint32_t i = 0; i < c->n_cases; i++) {
        const struct court_case *open = &c->cases[i];
        if (open->offender >= c->offenders || (i > 0 && open->offender <= open[-1].offender)) return "cases that are not in order";
        if (open->trial_on == NEVER) return "a case without a trial";
        if (c->standing[open->offender] == STANDING_VACANT) return "a case against a vacant post";
    }
    for (uint32_t o = 0; o < c->officers; o++)
        if (!is_share(c->skill[o]) || !is_share(c->integrity[o])) return "an officer's skill or integrity outside 0..1";
    for (uint32_t d = 0; d < c->districts; d++)
        if (!is_share(c->protection[d])) return "protection outside 0..1";
    if (!(c->price >= 0.5 && c->price <= 3)) return "a price factor outside 0.5..3";
    return NULL;
}

int world_verify(const struct world *w, struct error *e)
{
    for (uint32_t i = 0; i < w->n_cities; i++) {
        const char *broken = broken_city(&w->city[i]);
        if (broken)
            return error_set(e, ERROR_FAILURE, "the model broke an invariant on day %d in city %u: %s; please report this",
                             w->city[i].day, w->city[i].index, broken);
    }
    return 0;
}

/* Reading and changing a city: the few verbs with which sub-models move persons, tie offenders and leave notes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/lists.h"

/* ---- reading ----------------------------------------------------------------------------------------------------------- */

double mean_trust(const struct city *c, uint32_t place, uint64_t mask)
{
    uint32_t n = persons_in(mask);
    double fear = 0;
    while (mask) fear += fear_of(c, next_seat(c, place, &mask));
    return n ? 1 - fear / n : 1;
}

void wants_lay_down(struct city *c)
{
    for (uint32_t size = 0; size <= PLACE_SEATS; size++) {
        double full = c->rules->exploited_share * size;
        c->wanted_open[size] = (uint8_t)lround(full);
        c->wanted_covert[size] = (uint8_t)lround(full * c->rules->covert_capacity);
    }
    city_reckon(c);
}

uint32_t wanted(const struct city *c, uint32_t venue)
{
    if (c->standing[venue] != STANDING_FREE) return 0;
    switch ((enum mode)c->mode[venue]) {
    case MODE_OPEN: return is_closed(c, venue) ? 0 : c->wanted_open[c->size[venue]];
    case MODE_COVERT: return is_closed(c, venue) ? 0 : c->wanted_covert[c->size[venue]];
    case MODE_PRIVATE: return c->size[private_place(c, venue)];
    case MODE_NONE:
    case MODES: break;
    }
    return 0;
}

/* ---- what owners have vacant --------------------------------------------------------------------------------------------- */

/* Of so many whom the owner wants. */
static uint32_t wanting(const struct city *c, uint32_t venue, uint32_t want)
{
    const uint32_t place = exploitation_place(c, venue), have = persons_in(c->exploited[place]);
    const uint32_t room = c->size[place] - persons_in(c->occupied[place]);
    if (have >= want) return 0;
    return want - have < room ? want - have : room;
}

static uint32_t vacant(const struct city *c, uint32_t venue, uint32_t want)
{
    if (is_closed(c, venue)) return 0;
    const uint32_t exploited = persons_in(c->exploited[venue]), adults = persons_in(c->occupied[venue]) - exploited;
    const uint32_t reserved = c->mode[venue] == MODE_PRIVATE ? 0 : want;
    const uint32_t taken = adults + (exploited > reserved ? exploited : reserved);
    return taken < c->size[venue] ? c->size[venue] - taken : 0;
}

uint32_t exploited_vacancies(const struct city *c, uint32_t venue) { return wanting(c, venue, wanted(c, venue)); }
uint32_t adult_vacancies(const struct city *c, uint32_t venue) { return vacant(c, venue, wanted(c, venue)); }

/* Exploited persons in the place where the owner wants so many, above these; and all in the place that he has given up. */
static uint32_t surplus(const struct city *c, uint32_t venue, uint32_t want)
{
    const uint32_t here = persons_in(c->exploited[venue]), hidden = persons_in(c->exploited[private_place(c, venue)]);
    const bool private = c->mode[venue] == MODE_PRIVATE;
    const uint32_t kept = private ? hidden : here, left = private ? here : hidden;
    return left + (kept > want ? kept - want : 0);
}

uint32_t exploited_surplus(const struct city *c, uint32_t venue) { return surplus(c, venue, wanted(c, venue)); }

static void vacancies_reckon(struct city *c, uint32_t venue, uint32_t want)
{
    const uint32_t wanting_now = wanting(c, venue, want);
    c->all_wanting += wanting_now - c->wanting[venue];
    c->wanting[venue] = (uint8_t)wanting_now;
    c->vacant[venue] = (uint8_t)vacant(c, venue, want);
}

void owner_reckon(struct city *c, uint32_t venue)
{
    const uint32_t want = wanted(c, venue);
    vacancies_reckon(c, venue, want);
    c->surplus[venue] = (uint8_t)surplus(c, venue, want);
    c->exploiting[venue] = exploits(c, venue);
}

static void place_reckon(struct city *c, uint32_t place)
{
    const uint64_t *mask = place_kind(c, place) == PLACE_STREET ? c->occupied : c->exploited;
    c->concerned[place] = (uint8_t)persons_in(mask[place]);
}

static void owners_reckon(struct city *c)
{
    c->reopens = INT32_MAX;
    for (uint32_t v = 0; v < c->venues; v++) {
        owner_reckon(c, v);
        if (is_closed(c, v) && c->closed_until[v] < c->reopens) c->reopens = c->closed_until[v];
    }
}

void owner_turns(struct city *c, uint32_t venue, enum mode mode)
{
    if (c->mode[venue] == mode) return;
    c->mode[venue] = (uint8_t)mode;
    owner_reckon(c, venue);
}

void offender_stands(struct city *c, uint32_t offender, enum standing standing)
{
    const enum standing before = (enum standing)c->standing[offender];
    c->standing[offender] = (uint8_t)standing;
    if (offender >= c->venues) return;
    c->successions += (uint32_t)(standing == STANDING_VACANT) - (uint32_t)(before == STANDING_VACANT);
    owner_reckon(c, offender);
}

void venue_close(struct city *c, uint32_t venue, uint32_t until)
{
    c->closed_until[venue] = (uint16_t)until;
    if (c->closed_until[venue] < c->reopens) c->reopens = c->closed_until[venue];
    owner_reckon(c, venue);
}

void city_reckon(struct city *c)
{
    for (uint32_t place = 0; place < c->places; place++) place_reckon(c, place);
    owners_reckon(c);
    c->birthday = c->release = c->hearing = 0; /* to be looked for */
    c->successions = 0;
    for (uint32_t v = 0; v < c->venues; v++) c->successions += c->standing[v] == STANDING_VACANT;
}

double sanction(const struct city *c)
{
    const struct market_parameters *m = c->market;
    double jail = c->policy->jail_share;
    return jail * m->jail_months * m->jail_weight + (1 - jail) * m->fine_months + m->closure_days / 30;
}

uint32_t persons_in_district(const struct city *c, uint32_t district)
{
    uint32_t n = 0;
    for (uint32_t v = c->district_venue[district]; v < c->district_venue[district + 1]; v++)
        n += persons_in(c->occupied[v]) + persons_in(c->occupied[private_place(c, v)]);
    for (uint32_t p = c->district_street[district]; p < c->district_street[district + 1]; p++) n += persons_in(c->occupied[p]);
    return n;
}

/* ---- sums over persons --------------------------------------------------------------------------------------------------- */

/* These add the person in a seat to a sum (by = 1) or take her out of it (by = -1). */

static void count_infection(struct city *c, uint32_t seat, int by)
{
    if (traits_of(c, seat) & TRAIT_INFECTED) c->infected += (uint32_t)by;
}

/* How many were served on the day of a mark. */
static uint32_t *services_of_day(struct city *c, bool exploited, uint8_t mark)
{
    return &c->served_on[exploited][mark % SERVED_DAYS];
}

static void count_service(struct city *c, uint32_t seat, enum class class, int by)
{
    if (!is_served(c, seat)) return;
    const bool exploited = class != CLASS_ADULT;
    c->served_now[exploited] += (uint32_t)by;
    *services_of_day(c, exploited, *served_at(c, seat)) += (uint32_t)by;
}

static void count_fear_of(struct city *c, uint32_t seat, enum class class, int by, double fear)
{
    if (class != CLASS_ADULT || fear_day(c, seat) == -INFINITY) return;
    const double sum = c->fear_sum + by * fear;
    c->fearful += (uint32_t)by;
    c->fear_sum = c->fearful > 0 && sum > 0 ? sum : 0;
}

static void count_fear(struct city *c, uint32_t seat, enum class class, int by)
{
    if (class == CLASS_ADULT && fear_day(c, seat) > -INFINITY) count_fear_of(c, seat, class, by, fear_of(c, seat));
}

static void count_person(struct city *c, uint32_t place, uint32_t seat, int by)
{
    const enum class class = class_in(c, place, seat);
    c->count[place_kind(c, place)][class] += (uint32_t)by;
    count_infection(c, seat, by);
    count_service(c, seat, class, by);
    count_fear(c, seat, class, by);
}

void city_recount(struct city *c)
{
    memset(c->count, 0, sizeof c->count);
    memset(c->served_now, 0, sizeof c->served_now);
    memset(c->served_on, 0, sizeof c->served_on);
    c->infected = c->fearful = 0;
    c->fear_sum = 0;
    for (uint32_t place = 0; place < c->places; place++)
        for (uint64_t m = c->occupied[place]; m;) count_person(c, place, next_seat(c, place, &m), 1);
    city_reckon(c);
}

/* Forgets whom a health service saw SERVED_DAYS ago or earlier, when so many days more have gone. */
static void services_forget(struct city *c, int32_t days)
{
    const uint8_t today = c->today, kept = (uint8_t)(days < SERVED_DAYS ? SERVED_DAYS - days : 0);
    const uint32_t seats = c->venue_seats;
    uint8_t *served = c->served;
    for (uint32_t seat = 0; seat < seats; seat++) served[seat] = days_since(today, served[seat]) < kept ? served[seat] : NEVER;
    for (uint32_t b = 1; b < c->n_benches; b++)
        for (uint32_t k = 0; k < BENCH_SEATS; k++)
            if (days_since(today, c->benches[b].person[k].served) >= kept) c->benches[b].person[k].served = NEVER;
    for (uint32_t i = 0; i < c->n_absent; i++)
        if (days_since(today, c->absent[i].person.served) >= kept) c->absent[i].person.served = NEVER;
}

void city_fetch(const struct city *c)
{
    enum { LINE = 64 };
    const char *block = c->block;
    for (size_t at = 0; at < c->block_size; at += LINE) __builtin_prefetch(block + at, 1);
    for (size_t at = 0; at < c->n_benches * sizeof *c->benches; at += LINE) __builtin_prefetch((const char *)c->benches + at, 1);
    for (size_t at = 0; at < c->n_bonds * sizeof *c->bonds; at += LINE) __builtin_prefetch((const char *)c->bonds + at, 1);
}

void city_dawn(struct city *c, int32_t day)
{
    bool follows = day == c->day + 1;
    if (day > c->day && (!follows || day % SERVED_DAYS == 0)) services_forget(c, day - c->day);
    c->day = day;
    c->today = served_mark(day);
    c->luck.day = (uint32_t)day;
    points_first(&c->luck, LINES_DRAWN, c->first);
    if (!follows) {
        city_recount(c);
        return;
    }
    if (day >= c->reopens) owners_reckon(c);
    c->fear_sum *= portable_exp2(-1 / c->fears->half_life);
    for (int exploited = 0; exploited < 2; exploited++) { /* the bucket of today was that of the day which now lies too far back */
        uint32_t *bucket = services_of_day(c, exploited, c->today);
        c->served_now[exploited] -= *bucket;
        *bucket = 0;
    }
}

/* ---- fear, service, infection -------------------------------------------------------------------------------------------- */

/* The sum counts what fear_of() finds, for the day kept is rounded: 2^y times as much, by its series in x = y ln 2, which is small. */
static void fear_set(struct city *c, uint32_t seat, double before, double fear)
{
    const enum class class = seat_class(c, seat);
    const double day = fear > 0 ? c->day + c->fears->half_life * portable_log2(fear) : -INFINITY;
    count_fear_of(c, seat, class, -1, before);
    fear_put(c, seat, fear > 0 ? fear_rounded((float)day) : -INFINITY);
    if (class != CLASS_ADULT || fear <= 0) return;
    const double x = (fear_day(c, seat) - day) / c->fears->half_life * LN_2;
    count_fear_of(c, seat, class, 1, fmin(fear * (1 + x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4)))), 1));
}

void fear_raise(struct city *c, uint32_t seat, double by)
{
    double fear = fear_of(c, seat);
    if (by > 0) fear_set(c, seat, fear, fear + by * (1 - fear));
}

void fear_relieve(struct city *c, uint32_t seat, double by)
{
    const double fear = fear_of(c, seat);
    if (by > 0 && fear_day(c, seat) > -INFINITY) fear_set(c, seat, fear, fear * (1 - by));
}

void seat_serve(struct city *c, uint32_t seat, bool exploited)
{
    uint8_t *served = served_at(c, seat);
    if (is_served(c, seat)) (*services_of_day(c, exploited, *served))--;
    else c->served_now[exploited]++;
    *served = c->today;
    (*services_of_day(c, exploited, c->today))++;
}

void seat_infect(struct city *c, uint32_t seat)
{
    count_infection(c, seat, -1);
    traits_put(c, seat, traits_of(c, seat) | TRAIT_INFECTED);
    count_infection(c, seat, 1);
}

void *list_grown(struct city *c, void *rows, uint32_t *held, uint32_t room, size_t width)
{
    enum { ROWS_AT_FIRST = 4 };
    const uint32_t some_more = *held + *held / 8 + 1, least = some_more < ROWS_AT_FIRST ? ROWS_AT_FIRST : some_more;
    const uint32_t more = least < room ? least : room;
    void *moved = realloc(rows, more * width);
    if (moved == NULL) {
        c->short_of_memory = true;
        return rows;
    }
    *held = more;
    return moved;
}

/* ---- persons and seats ----------------------------------------------------------------------------------------------------- */

struct person newcomer(const struct city *c, enum class class, double irregular, double birthday)
{
    struct person person = {.fear = -INFINITY, .supplier = NOBODY, .class = (uint8_t)class};
    if (irregular < c->rules->irregular_share) person.traits = TRAIT_IRREGULAR;
    if (class == CLASS_MINOR) /* 14 to 18 years old: the birthday lies within four years */
        person.due = (uint16_t)(c->day + 2 + (int32_t)(birthday * 4 * 365));
    return person;
}

uint32_t free_seat(const struct city *c, uint32_t place)
{
    uint64_t mask = all_seats(c, place) & ~c->occupied[place];
    return mask ? c->first_seat[place] + (uint32_t)__builtin_ctzll(mask) : UINT32_MAX;
}

/* Where no bench can be put up, the run is about to end, and the person sits on nobody's. */
static void bench_take(struct city *c, uint32_t seat)
{
    const uint32_t k = seat - c->venue_seats;
    uint32_t *bench = &c->bench_of[k / BENCH_SEATS];
    if (*bench == 0 && c->free_bench != 0) {
        *bench = c->free_bench;
        c->free_bench = c->benches[*bench].next;
    } else if (*bench == 0 && HAS_ROOM(c, benches)) {
        *bench = c->n_benches++;
        c->benches[*bench] = (struct bench){0};
    }
    c->benches[*bench].taken |= (uint8_t)(1u << k % BENCH_SEATS);
}

static void bench_leave(struct city *c, uint32_t seat)
{
    const uint32_t k = seat - c->venue_seats;
    uint32_t *bench = &c->bench_of[k / BENCH_SEATS];
    struct bench *left = &c->benches[*bench];
    left->taken &= (uint8_t)~(1u << k % BENCH_SEATS);
    if (left->taken != 0 || *bench == 0) return;
    left->next = c->free_bench;
    c->free_bench = *bench;
    *bench = 0;
}

/* Somebody of a class has come to a place or left it; an adult changes less. */
static void place_changed(struct city *c, uint32_t place, enum class class)
{
    if (place < c->venues && class == CLASS_ADULT) {
        vacancies_reckon(c, place, wanted(c, place));
        return;
    }
    place_reckon(c, place);
    if (place_kind(c, place) != PLACE_STREET) owner_reckon(c, place_owner(c, place));
}

uint32_t seat_take(struct city *c, uint32_t place, struct person person)
{
    uint32_t seat = free_seat(c, place);
    uint64_t bit = bit_in(c, place, seat);
    c->occupied[place] |= bit;
    if (person.class != CLASS_ADULT) c->exploited[place] |= bit;
    if (person.class == CLASS_MINOR) c->marked[place] |= bit;
    if (seat >= c->venue_seats) bench_take(c, seat);
    if (seat >= c->venue_seats) *bench_person(c, seat) = person;
    else c->known[seat] = known_of(person.fear, person.traits), c->served[seat] = person.served;
    if (seat < c->venue_seats && person.class != CLASS_ADULT) bond_take(c, place, seat, person.class == CLASS_MINOR ? person.due : NEVER, person.supplier);
    if (person.class == CLASS_MINOR && person.due - 1 < c->birthday) c->birthday = person.due - 1;
    count_person(c, place, seat, 1);
    place_changed(c, place, (enum class)person.class);
    return seat;
}

uint32_t seat_enter(struct city *c, uint32_t place, struct person person)
{
    c->entered++;
    return seat_take(c, place, person);
}

struct person seat_lift(struct city *c, uint32_t seat)
{
    uint32_t place = seat_place(c, seat);
    uint64_t bit = bit_in(c, place, seat);
    const bool bound = (c->exploited[place] | c->marked[place]) & bit;
    struct bond bond = {.supplier = NOBODY};
    if (bound && seat < c->venue_seats) bond = bond_leave(c, place, seat);
    else if (bound) bond.due = *due_at(c, seat), bond.supplier = *supplier_at(c, seat);
    struct person person = {fear_day(c, seat), bond.due, bond.supplier, *served_at(c, seat), traits_of(c, seat),
                            (uint8_t)class_in(c, place, seat)};
    count_person(c, place, seat, -1);
    if (detained_in(c, place) & bit) c->held--;
    c->occupied[place] &= ~bit;
    c->exploited[place] &= ~bit;
    c->marked[place] &= ~bit;
    if (seat >= c->venue_seats) bench_leave(c, seat);
    place_changed(c, place, (enum class)person.class);
    return person;
}

void seat_leave(struct city *c, uint32_t seat)
{
    seat_lift(c, seat);
    c->gone++;
}

void seat_reclass(struct city *c, uint32_t seat, enum class class)
{
    uint32_t place = seat_place(c, seat);
    uint64_t bit = bit_in(c, place, seat);
    const bool bound = (c->exploited[place] | c->marked[place]) & bit;
    count_person(c, place, seat, -1);
    if (seat < c->venue_seats) {
        const struct bond bond = bound ? bond_leave(c, place, seat) : (struct bond){.supplier = NOBODY};
        if (class != CLASS_ADULT) bond_take(c, place, seat, class == CLASS_MINOR ? bond.due : NEVER, bond.supplier);
    }
    c->marked[place] &= ~bit;
    c->exploited[place] &= ~bit;
    if (class != CLASS_ADULT) c->exploited[place] |= bit;
    if (class == CLASS_MINOR) c->marked[place] |= bit;
    count_person(c, place, seat, 1);
    place_changed(c, place, CLASS_COERCED); /* somebody exploited there is or was */
}

void seat_detain(struct city *c, uint32_t seat, int32_t until)
{
    uint32_t place = seat_place(c, seat);
    uint64_t bit = bit_in(c, place, seat);
    if (detained_in(c, place) & bit || seat >= c->venue_seats) due_change(c, seat, (uint16_t)(until + 1));
    else bond_take(c, place, seat, (uint16_t)(until + 1), NOBODY);
    if (!(detained_in(c, place) & bit)) c->held++;
    c->marked[place] |= bit;
    if (until < c->release) c->release = until;
}

void seat_release(struct city *c, uint32_t seat)
{
    const uint32_t place = seat_place(c, seat);
    c->marked[place] &= ~bit_in(c, place, seat);
    if (seat < c->venue_seats) bond_leave(c, place, seat);
    c->held--;
}

void person_absent(struct city *c, struct person person, enum absence absence, uint32_t from)
{
    const struct absentee absentee = {.person = person, .from = from, .until = (uint16_t)c->day, .absence = (uint8_t)absence};
    if (HAS_ROOM(c, absent)) c->absent[c->n_absent++] = absentee;
    else c->gone++;
}

bool person_to_vacancy(struct city *c, struct person person, uint32_t entity, uint32_t index)
{
    if (c->all_wanting == 0) return false;
    uint32_t chosen = luck_pick(&c->luck, DRAW_VACANCY, entity, index, c->all_wanting), v = 0;
    while (chosen >= c->wanting[v]) chosen -= c->wanting[v++];
    seat_take(c, exploitation_place(c, v), person);
    return true;
}

void pick_distinct(const struct luck *luck, uint32_t purpose, uint32_t entity, uint32_t index, uint32_t n, uint32_t k,
                   uint32_t *chosen)
{
    for (uint32_t i = 0; i < k; i++) {
        uint32_t last = n - k + i, pick = luck_pick(luck, purpose, entity, index + i, last + 1);
        for (uint32_t j = 0; j < i; j++)
            if (chosen[j] == pick) {
                pick = last;
                break;
            }
        chosen[i] = pick;
    }
}

void adults_disperse(struct city *c, uint32_t venue, double share, enum occasion occasion)
{
    uint32_t district = c->place_district[venue], street = c->district_street[district];
    const double shares[] = {share, 0};
    struct coin_row row;
    uint64_t fallen[2];
    coin_row_throw(&row, &c->luck, DRAW_DISPERSE, occasion, venue, c->size[venue], shares, fallen);
    for (uint64_t m = adults_at(c, venue) & fallen[0]; m;) {
        uint32_t seat = next_seat(c, venue, &m);
        while (street < c->district_street[district + 1] && free_seat(c, street) == UINT32_MAX) street++;
        if (street == c->district_street[district + 1]) return;
        seat_take(c, street, seat_lift(c, seat));
    }
}

/* ---- notes for later stages ------------------------------------------------------------------------------------------------- */

void signal_send(struct city *c, uint32_t offender, enum signal_kind kind)
{
    if (HAS_ROOM(c, signals)) c->signals[c->n_signals++] = (struct signal){offender, (uint8_t)kind};
}

void operation_note(struct city *c, uint32_t venue, enum operation_kind kind)
{
    if (HAS_ROOM(c, operations)) c->operations[c->n_operations++] = (struct operation){venue, (uint8_t)kind};
}

void arrest_make(struct city *c, uint32_t offender, double evidence, bool special, bool closure)
{
    if (HAS_ROOM(c, arrests)) c->arrests[c->n_arrests++] = (struct arrest){offender, (float)evidence, special, closure};
}

void report_note(struct city *c, uint32_t seat, uint32_t incident)
{
    if (HAS_ROOM(c, reports)) c->reports[c->n_reports++] = (struct report){seat, incident};
}

void candidate_note(struct city *c, struct candidate candidate)
{
    if (HAS_ROOM(c, candidates)) c->candidates[c->n_candidates++] = candidate;
}

void release_note(struct city *c, uint32_t day)
{
    if (HAS_ROOM(c, releases)) c->releases[c->n_releases++] = (uint16_t)day;
}

void offender_arrives(struct city *c, uint32_t offender, double theta_mean, double theta_sd, double risk, double punishment)
{
    c->theta[offender] = (float)(theta_mean + theta_sd * luck_normal(&c->luck, DRAW_THETA, offender, 0));
    c->taste_day[offender] = (uint16_t)c->day;
    c->risk[offender] = (float)risk;
    c->punishment[offender] = (float)punishment;
    if (case_of(c, offender) != NULL) case_close(c, offender);
    offender_stands(c, offender, STANDING_FREE);
}

void supplier_forget(struct city *c, uint32_t trafficker)
{
    for (uint32_t b = 1; b < c->n_bonds; b++)
        if (c->bonds[b].supplier == trafficker) c->bonds[b].supplier = NOBODY;
    for (uint32_t b = 1; b < c->n_benches; b++)
        for (uint32_t k = 0; k < BENCH_SEATS; k++)
            if (c->benches[b].person[k].supplier == trafficker) c->benches[b].person[k].supplier = NOBODY;
}

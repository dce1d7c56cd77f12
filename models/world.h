/* Entities and state (ODD element 2). A world is a region of cities; a city is flat columns of entities, allocated once and
 * copied as one block, and a few lists that grow. Sub-models meet only here: each reads what the stages before it left, and leaves something for those
 * after it (arrests, operations, reports, signals), so that none needs to know another.
 *
 * Persons live in seats. A seat belongs to a place of at most 64 seats; a place is a venue, the private place of a venue's
 * owner (together the owners' private places are the district's private network), or a stretch of a district's street. Who
 * sits where is kept as bit masks per place, so that counting and choosing persons touches one word. What else is known of a
 * person stands in columns for the venues' seats; of the others hardly any is taken, so benches of eight are put up for them.
 * What is known only of the exploited and the detained hangs on their venue in a chain of bonds. */
#ifndef MODELS_WORLD_H
#define MODELS_WORLD_H

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "models/known.h"
#include "sim/model.h"

/* ---- parameters that several sub-models read; the lists stand in the files named ---------------------------------- */

#include "models/parameters.h"

/* ---- purposes of randomness: an enumeration without values, so that no two can be the same --------------------------- */

enum purpose {
    /* lines of points (sim/random.h), each of one process */
    LINE_TASTE_OWNER, LINE_TASTE_TRAFFICKER, LINE_REVIEW_OWNER, LINE_REVIEW_TRAFFICKER,
    LINE_STREET_RETURN,
    LINE_ADULT_LEAVES, LINE_ADULT_LEAVES_STREET, LINE_ESCAPE, LINE_DEBT_RELEASE, LINE_OUTSIDE_HELP,
    LINE_INFECTION, LINE_INFECTION_STREET,
    LINE_CLIENT_VIOLENCE, LINE_CLIENT_VIOLENCE_STREET, LINE_CLIENT_VIOLENCE_EXPLOITED, LINE_OWNER_VIOLENCE, LINE_OWNER_VIOLENCE_EXPLOITED,
    LINE_ROTATION, LINE_TIE_DECAY, LINE_SHAKEDOWN, LINE_OUTREACH, LINE_CLINIC, LINE_CLINIC_STREET, LINE_CLINIC_HIDDEN,
    LINE_FALSE_LEAD, LINE_RELOCATE_TRAFFICKER, LINE_RELOCATE_NETWORK,
    LINES,
    /* single numbers */
    DRAW_SLOTS = LINES, DRAW_VISIBILITY, DRAW_ACCESS, DRAW_LINKS, DRAW_START,
    DRAW_THETA, DRAW_TASTE, DRAW_RECRUIT, DRAW_RECRUITER, DRAW_TRAFFICKER_ENTRY, DRAW_NEWCOMER, DRAW_REFILL, DRAW_RETURN_VENUE,
    DRAW_DISMISS, DRAW_DISPLACE, DRAW_DISPERSE, DRAW_VACANCY,
    DRAW_ADULTHOOD, DRAW_OFFICER, DRAW_OVERRIDE, DRAW_ASSAULT, DRAW_SHAKEDOWN_VENUE, DRAW_SHAKEDOWN_VICTIM,
    DRAW_SWEEP, DRAW_SWEEP_SITE, DRAW_SWEEP_PERSON, DRAW_SWEEP_OWNER, DRAW_TEAM,
    DRAW_LEAD, DRAW_LEAD_PRIORITY, DRAW_OPERATION, DRAW_OPERATION_PERSON, DRAW_ARREST_OWNER, DRAW_ARREST_SUPPLIER,
    DRAW_RESPONSE, DRAW_BED, DRAW_RETRAFFIC, DRAW_RELEASE_ADULT, DRAW_UPTAKE,
    DRAW_BOARD_COVER, DRAW_BOARD_FINDS, DRAW_TRIAL, DRAW_VERDICT, DRAW_SURVEY_VENUE, DRAW_SURVEY_PERSON,
    DRAW_PURPOSES
};
_Static_assert(DRAW_PURPOSES <= 256, "an address has 8 bits for the purpose");
enum { LINES_DRAWN = LINES / WORDS_BATCH * WORDS_BATCH }; /* whose first words are drawn together: not those of the last, which few need */

/* ---- kinds ------------------------------------------------------------------------------------------------------------ */

enum class { CLASS_ADULT, CLASS_COERCED, CLASS_MINOR, CLASSES };
enum place_kind { PLACE_VENUE, PLACE_PRIVATE, PLACE_STREET, PLACE_KINDS };
enum mode { MODE_NONE, MODE_OPEN, MODE_COVERT, MODE_PRIVATE, MODES };

/* Where an offender stands. Owners are free or on remand (a jailed owner is replaced); a trafficker's post can be vacant. */
enum standing { STANDING_FREE, STANDING_DORMANT, STANDING_REMAND, STANDING_VACANT };

/* What an open case has seen: the special unit; punishment before the verdict. */
enum { CASE_SPECIAL = 1, CASE_PUNISHED = 2 };

enum { NOBODY = 0xFFFF, NO_OFFICER = -1, NEVER = 0, TEAM = 6, SPECIAL_OFFICERS_MAX = 60, LINKS_MAX = 64, SERVED_DAYS = 90, SERVED_MARKS = 2 * SERVED_DAYS, PLACE_SEATS = 64, SEAT_GROUP = 32,
       BENCH_SEATS = 8, BONDS_MAXIMUM = (1 << 26) - 1 };

/* ---- what one stage leaves for a later one ---------------------------------------------------------------------------- */

/* A person who is in no place. */
enum absence {
    ABSENT_RESCUED, ABSENT_IN_CARE, ABSENT_AT_RISK, ABSENT_DEPORTED, ABSENT_ABROAD, ABSENT_TAKEN_ADULT, ABSENT_HELD_ADULT,
    ABSENCES
};
struct person {
    float fear;             /* the day on which fear was or would have been 1; see fear_of() and fear_rounded() */
    uint16_t due, supplier; /* see bonds */
    uint8_t served, traits, class; /* see the seats' columns */
};
/* What is known only of the exploited and the detained. Those of a venue are a chain in the order of days, NEVER last. */
struct bond {
    uint16_t due;      /* a minor's 18th birthday; a detained adult's day of release */
    uint16_t supplier; /* the trafficker who recruited the person, or NOBODY */
    uint32_t next : 26, seat : 6; /* the next of the venue's, or of the free ones; the person's seat in the venue */
};
/* Eight seats of the private network and the street. */
struct bench {
    struct person person[BENCH_SEATS];
    uint32_t next; /* of the free ones */
    uint8_t taken; /* seats, as a mask */
};
struct absentee {
    struct person person;
    uint32_t from;  /* the seat the person came from: the address of her luck while she is away */
    uint16_t until; /* day on which this state ends */
    uint8_t absence;
};

struct arrest {
    uint32_t offender;
    float evidence;  /* 0..1 */
    uint8_t special; /* by the special unit */
    uint8_t closure; /* the arrested owner's venue was closed */
};

/* An offender's open case. */
struct court_case {
    uint32_t offender;
    float evidence;
    uint16_t arrested_on, trial_on;
    uint8_t seen;
};

struct report {
    uint32_t seat, incident; /* the victim's seat; what tells her incidents of the day apart */
};

/* Something offenders learn from; beliefs.c says what. */
enum signal_kind {
    SIGNAL_INSPECTED, SIGNAL_ARRESTED, SIGNAL_DETAINED, SIGNAL_FINED, SIGNAL_JAILED,
    SIGNAL_BOUGHT, SIGNAL_ACQUITTED, SIGNAL_PARDONED, SIGNAL_BETRAYED
};
struct signal {
    uint32_t offender;
    uint8_t kind;
};

enum operation_kind { OPERATION_SWEEP, OPERATION_RESCUE, OPERATION_HIDDEN /* a rescue from the private network */ };
struct operation {
    uint32_t venue;
    uint8_t kind;
};

/* Somebody who looks at another city, to which he may relocate. */
enum mover_kind { MOVER_TRAFFICKER, MOVER_NETWORK, MOVER_KINDS };
struct candidate {
    uint32_t kind, from, entity, to; /* cities by their number in the region; a trafficker's number, or a venue */
};

/* ---- columns: type, name, number of rows. Days are stored plus one, so that 0 means never or none. --------------------- */

/* clang-format off */
#define CITY_COLUMNS(C)                                                                                                 \
    /* seats: of venues; see also served_at() and so on */                                                                \
    C(uint32_t, known,           venue_seats) /* fear and traits in one word; see fear_day() and traits_of()      */    \
    C(uint8_t,  served,          venue_seats) /* day last served by a health service; see served_mark()           */    \
    C(uint32_t, bench_of,        bench_groups) /* the bench for the next BENCH_SEATS of the other seats, or 0     */    \
    /* places: venues, private places in the same order, streets */                                                     \
    C(uint64_t, occupied,        places)                                                                                \
    C(uint64_t, exploited,       places)      /* minors and coerced adults                                        */    \
    C(uint64_t, marked,          places)      /* minors; and adults held by the police, their seats kept          */    \
    C(uint32_t, first_seat,      places_1)    /* that of place + 1 ends the place's seats                         */    \
    C(uint32_t, near_place,      seat_groups) /* the place of the first of every SEAT_GROUP seats                 */    \
    C(uint16_t, place_district,  grounds)     /* of a venue; of other places see district_of()                    */    \
    C(uint8_t,  size,            places)                                                                                \
    C(uint8_t,  concerned,       places)      /* the number of the exploited in the place; in a street, of everybody */ \
    C(uint32_t, first_bond,      venues)      /* of those of the venue, or 0                                      */    \
    /* venues and, one each, their owners */                                                                            \
    C(float,    visibility,      venues)                                                                                \
    C(float,    access,          venues)      /* chance that the owner admits a health worker today               */    \
    C(float,    access_baseline, venues)                                                                                \
    C(float,    losses,          venues)      /* exploited persons the owner lost in the last year, fading        */    \
    C(int32_t,  tie,             venues)      /* the officer who protects the venue, or NO_OFFICER                */    \
    C(uint16_t, closed_until,    venues)                                                                                \
    C(uint16_t, hides_until,     venues)                                                                                \
    C(uint16_t, lead_ripe,       venues)      /* day on which a lead on the venue becomes ripe, or NEVER          */    \
    C(uint8_t,  mode,            venues)                                                                                \
    C(uint8_t,  covered,         venues)      /* by a workers' board                                              */    \
    /* what follows from who sits where and from an owner's mode, standing and closure: kept up to date by owner_reckon */  \
    C(uint8_t,  wanting,         venues)      /* vacancies for the exploited at the owner's                       */    \
    C(uint8_t,  vacant,          venues)      /* vacancies for adults in the venue                                */    \
    C(uint8_t,  surplus,         venues)      /* exploited persons at the owner's above those wanted there        */    \
    C(uint8_t,  exploiting,      venues)      /* 1: exploits(), below                                             */    \
    C(uint32_t, link_first,      venues_1)    /* the venue's traffickers are those of links link_first[v] ...     */    \
    C(uint8_t,  link_low,        links)       /* the trafficker's last bits; see link_trafficker()                */    \
    C(uint8_t,  link_high,       links_wide)  /* his first bits, where he may be beyond 255                       */    \
    /* offenders: owners, then traffickers */                                                                           \
    C(float,    risk,            offenders)   /* believed chance of being caught within a year                    */    \
    C(float,    punishment,      offenders)   /* believed chance that being caught is punished                    */    \
    C(float,    theta,           offenders)   /* propensity [months of revenue]                                   */    \
    C(uint16_t, taste_day,       offenders)   /* day on which tastes were last drawn                              */    \
    C(uint8_t,  standing,        offenders)                                                                             \
    /* officers: the districts' general units, then room for the special unit */                                        \
    C(float,    skill,           officers)                                                                              \
    C(float,    integrity,       officers)                                                                              \
    C(uint8_t,  arrivals,        officers)    /* before the present one on the day on which he joined           */    \
    C(uint16_t, joined,          officers)                                                                              \
    /* districts */                                                                                                     \
    C(double,   protection,      districts)   /* protection from violence that answered reports have earned       */    \
    C(uint32_t, district_venue,  districts_1) /* the district's venues are district_venue[d] ... [d + 1] - 1      */    \
    C(uint32_t, district_street, districts_1) /* likewise its street's places                                     */

/* Lists: type and name. Most days and cities need a few rows of each, so they grow when they must: n_NAME rows are in use,
 * NAME_held allocated, and NAME_room are the most that there may be. */
#define CITY_LISTS(L)                                                                                                   \
    L(struct absentee,  absent)                                                                                         \
    L(struct bench,     benches)              /* the first is nobody's                                            */    \
    L(struct bond,      bonds)                /* likewise                                                         */    \
    L(struct court_case, cases)               /* in the order of offenders                                        */    \
    L(uint16_t,         releases)             /* the days on which offenders come out of prison                   */    \
    L(struct arrest,    arrests)              /* this and what follows: today's                                   */    \
    L(struct signal,    signals)                                                                                        \
    L(struct operation, operations)                                                                                     \
    L(struct report,    reports)              /* of violence, to the police                                       */    \
    L(struct candidate, candidates)           /* by kind, and in the order of their numbers                       */
/* clang-format on */

struct city {
    struct luck luck;
    int32_t day;
    uint32_t index; /* in the region */
    uint8_t today;  /* the day's mark; see served_mark() */
    struct calendar calendar;

    /* the parameters in force; not owned */
    const struct region_parameters *region;
    const struct policy_parameters *policy;
    const struct market_parameters *market;
    const struct venues_parameters *rules;
    const struct fear_parameters *fears;

    /* numbers of rows */
    uint32_t districts, districts_1, venues, venues_1, traffickers, offenders, links, links_wide, officers, seats, seat_groups, bench_groups, places, places_1, streets;
    uint32_t grounds; /* places but for the owners' private ones */
    uint32_t officers_per_district, links_per_trafficker, venue_seats;
    uint32_t kind_seat[PLACE_KINDS + 1]; /* the seats of a kind of place are kind_seat[kind] ... kind_seat[kind + 1] - 1 */

    /* state of the whole city */
    double price;               /* factor on the premium */
    double reference_exploited; /* sum over the last days of burn-in; their mean is M0 of the price */
    double operations_due;      /* operations the special unit has capacity for */
    double board_obstruction;   /* chance that a board prevents an operation in a venue it covers */
    double fear_sum;            /* sum of the fear today of those counted in `fearful` */
    double supported_days;      /* today's days of adults of closed venues who are supported */
    uint32_t reference_days;
    uint32_t override_until;    /* day until which the special unit is stopped from above */
    uint32_t all_wanting;       /* vacancies for the exploited in the whole city */
    int32_t reopens, birthday, release, hearing; /* before this day no closed venue opens again, no minor comes of age, nobody
                                                    detained is released, and nothing happens to an open case */
    uint32_t successions;       /* owners' posts that are vacant */
    uint32_t jailed;
    uint32_t openings;          /* posts of traffickers that prison has emptied and nobody has taken */
    uint32_t free_bench, free_bond; /* or 0 */
    uint32_t special_officers;  /* size of the special unit now */
    uint32_t count[PLACE_KINDS][CLASSES]; /* persons in places, the detained included */
    uint32_t held;              /* detained adults among them */
    uint32_t infected;          /* infected persons among them */
    uint32_t fearful;           /* non-coerced adults among them who have ever been in fear of the police */
    uint32_t served_now[2];     /* persons served within SERVED_DAYS: non-coerced adults, the exploited */
    uint32_t served_on[2][SERVED_DAYS]; /* the same by the mark of the day on which they were served, modulo SERVED_DAYS */
    uint8_t wanted_open[PLACE_SEATS + 1], wanted_covert[PLACE_SEATS + 1]; /* exploited persons wanted in a venue, by its size */
    struct words first[LINES_DRAWN]; /* the words of today's first points on each line */
    uint32_t in_care;           /* exploited persons brought out who are in aftercare */
    uint32_t adults_in_care;    /* non-coerced adults held in care against their will */
    uint32_t visits, services;  /* of the health service, today */
    int64_t entered, gone;      /* persons, since the first day */

#define CITY_COLUMN_MEMBER(type, name, rows) type *name;
    CITY_COLUMNS(CITY_COLUMN_MEMBER)
    void *block; /* all columns; owned */
    size_t block_size, block_room; /* bytes used, bytes allocated */

#define CITY_LIST_ROWS(type, name)    type *name; /* owned */
#define CITY_LIST_NUMBERS(type, name) uint32_t n_##name, name##_held, name##_room;
    CITY_LISTS(CITY_LIST_ROWS)
    CITY_LISTS(CITY_LIST_NUMBERS)
    bool short_of_memory; /* a list could not grow: the day goes on without the row, and the run ends when cities couple */
};

/* A region, or those of its cities that one process simulates. */
struct world {
    uint32_t cities;   /* of the region */
    uint32_t first;    /* the number in the region of the first of these */
    uint32_t n_cities; /* these */
    struct city *city; /* owned */
};

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

static inline uint32_t private_place(const struct city *c, uint32_t venue) { return c->venues + venue; }

static inline enum place_kind place_kind(const struct city *c, uint32_t place)
{
    return place < c->venues ? PLACE_VENUE : place < 2 * c->venues ? PLACE_PRIVATE : PLACE_STREET;
}

/* The owner to whom a place belongs (not for streets). */
static inline uint32_t place_owner(const struct city *c, uint32_t place)
{
    return place < c->venues ? place : place - c->venues;
}

static inline uint32_t district_of(const struct city *c, uint32_t place)
{
    return c->place_district[place < c->venues ? place : place - c->venues]; /* an owner's private place lies where his venue does */
}

static inline uint32_t seat_place(const struct city *c, uint32_t seat)
{
    uint32_t place = c->near_place[seat / SEAT_GROUP];
    place += c->first_seat[place + 1] <= seat; /* most often it is this one or the next, and which of them nobody can foresee */
    while (c->first_seat[place + 1] <= seat) place++;
    return place;
}

/* A seat in the masks of its place. */
static inline uint64_t bit_in(const struct city *c, uint32_t place, uint32_t seat) { return 1ull << (seat - c->first_seat[place]); }

static inline uint64_t seat_bit(const struct city *c, uint32_t seat) { return bit_in(c, seat_place(c, seat), seat); }

/* The first row from `from` on that is not 0 in a column of bytes, or one at or beyond its end. A column's last word is padded
 * with zeros (world.c). */
static inline uint32_t next_row(const uint8_t *column, uint32_t from, uint32_t rows)
{
    const uint32_t inside = from % 8;
    uint64_t word;
    for (uint32_t at = from - inside; at < rows; at += 8) {
        memcpy(&word, column + at, sizeof word);
        if (at < from) word = word >> 8 * inside << 8 * inside;
        if (word != 0) return at + (uint32_t)__builtin_ctzll(word) / 8;
    }
    return rows;
}
#define FOR_ROWS(row, column, rows)                                                                                     \
    for (uint32_t row = next_row(column, 0, rows); row < (rows); row = next_row(column, row + 1, rows))

/* The n-th of the bits that are set; there must be more than n. */
static inline uint32_t nth_bit(uint64_t mask, uint32_t n)
{
    for (; n > 0; n--) mask &= mask - 1;
    return (uint32_t)__builtin_ctzll(mask);
}

static inline uint32_t persons_in(uint64_t mask) { return (uint32_t)__builtin_popcountll(mask); }

/* The trafficker of a link. */
static inline uint32_t link_trafficker(const struct city *c, uint32_t link)
{
    return c->links_wide > 0 ? c->link_low[link] | (uint32_t)c->link_high[link] << 8 : c->link_low[link];
}

/* All the seats of a place, as a mask. */
static inline uint64_t all_seats(const struct city *c, uint32_t place)
{
    return c->size[place] == 64 ? ~0ull : (1ull << c->size[place]) - 1;
}

static inline uint64_t minors_in(const struct city *c, uint32_t place) { return c->exploited[place] & c->marked[place]; }
static inline uint64_t detained_in(const struct city *c, uint32_t place) { return c->marked[place] & ~c->exploited[place]; }

/* Non-coerced adults in a place who are not detained. */
static inline uint64_t adults_at(const struct city *c, uint32_t place)
{
    return c->occupied[place] & ~c->exploited[place] & ~c->marked[place];
}

static inline bool is_closed(const struct city *c, uint32_t venue) { return c->closed_until[venue] > c->day; }

/* What is known of the person in a seat; of an empty one something meaningless. */
static inline struct person *bench_person(const struct city *c, uint32_t seat)
{
    const uint32_t k = seat - c->venue_seats;
    return &c->benches[c->bench_of[k / BENCH_SEATS]].person[k % BENCH_SEATS];
}
#define SEAT_COLUMN(type, name)                                                                                         \
    static inline type *name##_at(const struct city *c, uint32_t seat)                                                  \
    {                                                                                                                   \
        return seat < c->venue_seats ? &c->name[seat] : &bench_person(c, seat)->name;                                   \
    }
SEAT_COLUMN(uint8_t, served)

/* The day on which fear was or would have been 1, or -INFINITY; and traits. */
static inline float fear_day(const struct city *c, uint32_t seat)
{
    return seat < c->venue_seats ? known_fear(c->known[seat]) : bench_person(c, seat)->fear;
}

static inline uint8_t traits_of(const struct city *c, uint32_t seat)
{
    return seat < c->venue_seats ? (uint8_t)(c->known[seat] & TRAITS) : bench_person(c, seat)->traits;
}

static inline void fear_put(struct city *c, uint32_t seat, float day)
{
    if (seat < c->venue_seats) c->known[seat] = known_of(day, (uint8_t)(c->known[seat] & TRAITS));
    else bench_person(c, seat)->fear = day;
}

static inline void traits_put(struct city *c, uint32_t seat, uint8_t traits)
{
    if (seat < c->venue_seats) c->known[seat] = known_of(known_fear(c->known[seat]), traits);
    else bench_person(c, seat)->traits = traits;
}

/* Of a seat in a venue; nobody's where neither an exploited nor a detained person sits there. */
static inline struct bond *bond_in(const struct city *c, uint32_t venue, uint32_t seat)
{
    const uint32_t inside = seat - c->first_seat[venue];
    uint32_t bond = c->first_bond[venue];
    while (bond != 0 && c->bonds[bond].seat != inside) bond = c->bonds[bond].next;
    return &c->bonds[bond];
}
#define BOND_COLUMN(name)                                                                                               \
    static inline uint16_t *name##_at(const struct city *c, uint32_t seat)                                              \
    {                                                                                                                   \
        return seat < c->venue_seats ? &bond_in(c, seat_place(c, seat), seat)->name : &bench_person(c, seat)->name;     \
    }
BOND_COLUMN(due)
BOND_COLUMN(supplier)

/* Those in a mask of minors, or of detained adults, in a place whose day has come; an upper limit for `next` becomes one, too,
 * for the next such day. */
uint64_t due_in(const struct city *c, uint32_t place, uint64_t mask, int32_t *next);

/* Takes the lowest seat out of a mask: for (uint64_t m = ...; m;) { uint32_t seat = next_seat(c, place, &m); ... } */
static inline uint32_t next_seat(const struct city *c, uint32_t place, uint64_t *mask)
{
    uint32_t bit = (uint32_t)__builtin_ctzll(*mask);
    *mask &= *mask - 1;
    return c->first_seat[place] + bit;
}

static inline enum class class_in(const struct city *c, uint32_t place, uint32_t seat)
{
    const uint64_t bit = bit_in(c, place, seat);
    return !(c->exploited[place] & bit) ? CLASS_ADULT : c->marked[place] & bit ? CLASS_MINOR : CLASS_COERCED;
}

static inline enum class seat_class(const struct city *c, uint32_t seat) { return class_in(c, seat_place(c, seat), seat); }

/* Minors and coerced adults, wherever they are. */
static inline uint32_t exploited_now(const struct city *c)
{
    uint32_t n = 0;
    for (int kind = 0; kind < PLACE_KINDS; kind++) n += c->count[kind][CLASS_COERCED] + c->count[kind][CLASS_MINOR];
    return n;
}

/* The day on which a health service saw somebody is kept modulo SERVED_MARKS; city_dawn forgets it, where it is older than
 * SERVED_DAYS, before the mark comes again. */
static inline uint8_t served_mark(int32_t day) { return (uint8_t)(day % SERVED_MARKS + 1); }

/* Days that have gone since the day of a mark. */
static inline uint8_t days_since(uint8_t today, uint8_t mark) { return (uint8_t)(today - mark + (mark > today ? SERVED_MARKS : 0)); }

/* Has a health service seen the person within SERVED_DAYS? */
static inline bool is_served(const struct city *c, uint32_t seat)
{
    return *served_at(c, seat) != NEVER && days_since(c->today, *served_at(c, seat)) < SERVED_DAYS;
}

/* Fear of the police, 0..1, which halves every fear.half_life days. Kept as one number per person: the day tau on which it
 * was or would have been 1, fear = 2^-((day - tau) / half_life), so that fading costs nothing. */
static inline double fear_of(const struct city *c, uint32_t seat)
{
    const float one = fear_day(c, seat);
    if (one == -INFINITY) return 0;
    double fear = portable_exp2(((double)one - c->day) / c->fears->half_life);
    return fear < 1 ? fear : 1;
}

/* Mean of 1 - fear over the persons in a mask; 1 for nobody. */
double mean_trust(const struct city *c, uint32_t place, uint64_t mask);

/* Tabulates what owners want under the rules in force. */
void wants_lay_down(struct city *c);

/* An offender's open case, or NULL. */
struct court_case *case_of(const struct city *c, uint32_t offender);

/* How many exploited persons the owner of a venue wants now, and where: the venue or the owner's private place. */
uint32_t wanted(const struct city *c, uint32_t venue);

static inline uint32_t exploitation_place(const struct city *c, uint32_t venue)
{
    return c->mode[venue] == MODE_PRIVATE ? private_place(c, venue) : venue;
}

/* Counted anew: free seats that may be filled, by exploited persons at an owner's and by adults in a venue; and exploited persons
 * above those whom the owner wants. */
uint32_t exploited_vacancies(const struct city *c, uint32_t venue);
uint32_t adult_vacancies(const struct city *c, uint32_t venue);
uint32_t exploited_surplus(const struct city *c, uint32_t venue);

/* Does an owner exploit anybody now (his place, his mode, his liberty)? */
static inline bool exploits(const struct city *c, uint32_t venue)
{
    return c->mode[venue] != MODE_NONE && c->standing[venue] == STANDING_FREE && c->exploited[exploitation_place(c, venue)];
}

/* The loss, in months of revenue, of an offender who is caught and punished: S of the choice to exploit. */
double sanction(const struct city *c);

uint32_t persons_in_district(const struct city *c, uint32_t district);

/* ---- changing ----------------------------------------------------------------------------------------------------------- */

/* Counts anew what an owner has vacant, whenever anything changes on which that depends; and, for whoever has changed columns
 * by hand, all that follows from them but the sums over persons. */
void owner_reckon(struct city *c, uint32_t venue);
void city_reckon(struct city *c);

void owner_turns(struct city *c, uint32_t venue, enum mode mode);                      /* to another mode */
void offender_stands(struct city *c, uint32_t offender, enum standing standing);
void venue_close(struct city *c, uint32_t venue, uint32_t until);

/* The case against an offender, who has one from now on if he had none; NULL: no memory. */
struct court_case *case_open(struct city *c, uint32_t offender);
/* An offender's case ends, as does his remand. */
void case_close(struct city *c, uint32_t offender);

void fear_raise(struct city *c, uint32_t seat, double by);   /* f + by (1 - f) */
void fear_relieve(struct city *c, uint32_t seat, double by); /* f (1 - by)     */
void seat_serve(struct city *c, uint32_t seat, bool exploited); /* by a health service, today; is the person exploited? */
void seat_infect(struct city *c, uint32_t seat);

/* Sums over persons are kept up to date by all that changes persons, so that reading them costs nothing. These count them anew:
 * at the end of a day (city_dawn), and for tests and invariants (city_recount). */
void city_dawn(struct city *c, int32_t day);

/* Asks the processor for a city's memory: in a large region it has been forgotten since yesterday. */
void city_fetch(const struct city *c);
void city_recount(struct city *c);

/* A newcomer, whose traits and age two numbers in (0, 1) decide. */
struct person newcomer(const struct city *c, enum class class, double irregular, double birthday);

/* Puts a person on the lowest free seat of a place and returns the seat; the place must have one. */
uint32_t seat_take(struct city *c, uint32_t place, struct person person);
/* The same for somebody who comes from outside the city's books. */
uint32_t seat_enter(struct city *c, uint32_t place, struct person person);
/* The seat that seat_take would use, or UINT32_MAX. */
uint32_t free_seat(const struct city *c, uint32_t place);
/* Empties a seat and returns who sat there; the person must then be put somewhere or be gone. */
struct person seat_lift(struct city *c, uint32_t seat);
/* The person leaves the city's books. */
void seat_leave(struct city *c, uint32_t seat);
/* A minor who comes of age stays coerced, or becomes a non-coerced adult. */
void seat_reclass(struct city *c, uint32_t seat, enum class class);

/* The person goes from a seat into the list of absentees; where that is full, out of the city's books. */
void person_absent(struct city *c, struct person person, enum absence absence, uint32_t from);

/* Puts an exploited person into a vacancy, chosen at random in the whole city; false if there is none.
 * `entity` and `index` address the draw. */
bool person_to_vacancy(struct city *c, struct person person, uint32_t entity, uint32_t index);

/* k different numbers out of 0 ... n - 1, at random (Floyd's algorithm); k <= n. Uses indices `index` ... `index` + k - 1. */
void pick_distinct(const struct luck *luck, uint32_t purpose, uint32_t entity, uint32_t index, uint32_t n, uint32_t k,
                   uint32_t *chosen);

/* Adults leave a venue for the district's street, each with probability `share`, as far as the street has room. A venue can
 * see both occasions in one day: they have luck of their own. */
enum occasion { OCCASION_SWEEP, OCCASION_CLOSURE };
void adults_disperse(struct city *c, uint32_t venue, double share, enum occasion occasion);

/* The bond of an exploited or detained person in a venue begins; it ends, and what it said is returned. */
void bond_take(struct city *c, uint32_t venue, uint32_t seat, uint16_t due, uint16_t supplier);
struct bond bond_leave(struct city *c, uint32_t venue, uint32_t seat);

/* Another day for somebody exploited or detained. */
void due_change(struct city *c, uint32_t seat, uint16_t due);
/* Detention and release of an adult, who keeps the seat. */
void seat_detain(struct city *c, uint32_t seat, int32_t until);
void seat_release(struct city *c, uint32_t seat);

void signal_send(struct city *c, uint32_t offender, enum signal_kind kind);
void operation_note(struct city *c, uint32_t venue, enum operation_kind kind);
void arrest_make(struct city *c, uint32_t offender, double evidence, bool special, bool closure);
void report_note(struct city *c, uint32_t seat, uint32_t incident);
void release_note(struct city *c, uint32_t day);
void candidate_note(struct city *c, struct candidate candidate);

/* A new owner or trafficker takes a post: fresh propensity and tastes, beliefs as given. */
void offender_arrives(struct city *c, uint32_t offender, double theta_mean, double theta_sd, double risk, double punishment);

/* Nobody answers for what his predecessor in the post supplied. */
void supplier_forget(struct city *c, uint32_t trafficker);

/* ---- life of a world ------------------------------------------------------------------------------------------------------ */

/* A world of empty cities, each of which is then to be created, or to become a copy. */
int world_create(struct world **w, const struct region_parameters *region, const struct venues_parameters *rules,
                 const struct exchange_range *cities, const struct luck *luck, const struct calendar *calendar,
                 struct error *e);
int city_create(struct city *c, struct error *e);
double world_memory(const struct region_parameters *region, const struct venues_parameters *rules);
int world_copy(struct world *to, const struct world *from, struct error *e); /* all but the cities */
int city_copy(struct city *to, const struct city *from, struct error *e);
void world_destroy(struct world *w);
int world_verify(const struct world *w, struct error *e);
/* -1 where a list of a city could not grow today. */
int world_check_memory(const struct world *w, struct error *e);

#endif

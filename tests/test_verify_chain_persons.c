/* A world of four seats in two venues, enumerated: 28,561 states. The owner of the first venue has given up exploitation, the
 * second wants one exploited person; a trafficker supplies, adults come and go, a board watches the second venue. The chain
 * is written from sections 3 and 7 of the ODD. */
#include <math.h>

#include "tests/chain.h"
#include "tests/effort.h"

enum {
    SEATS = 4,
    PER_VENUE = 2,
    VALUES = 13,
    STATES = VALUES * VALUES * VALUES * VALUES,
    CALLS_MOST = 9,
    BIRTHDAY = 2
};

/* clang-format off */
static const double RECRUIT = 0.3, DISMISS = 0.3, DISPLACE = 0.6, REFILL = 0.25, TENURE = 8, STAYS = 0.6, ESCAPE = 0.08,
                    HELP = 0.06, RELEASE = 0.2, INFECTION = 0.12, COERCED = 1.5, PROTECTION = 0.6, OUTREACH = 0.3, ACCESS = 0.6,
                    UPTAKE = 0.7, COERCED_UPTAKE = 0.5, BOARD_UPTAKE = 1.2, CLINIC = 0.1, DETECTION = 0.15, HONESTY = 0.9,
                    REMOVAL = 0.5;
/* clang-format on */

/* ---- states: what each seat holds ---------------------------------------------------------------------------------------- */

enum { EMPTY = 0 };
struct holds {
    enum class class;
    bool infected, served;
};

static uint32_t value_of(struct holds h) { return 1 + (uint32_t)h.class * 4 + h.infected * 2 + h.served; }

static struct holds held(uint32_t value)
{
    return (struct holds){(enum class)((value - 1) / 4), (value - 1) / 2 % 2, (value - 1) % 2};
}

static bool is_adult(uint32_t value) { return value != EMPTY && held(value).class == CLASS_ADULT; }
static bool is_exploited(uint32_t value) { return value != EMPTY && held(value).class != CLASS_ADULT; }

static const uint32_t power[SEATS] = {1, VALUES, VALUES *VALUES, VALUES *VALUES *VALUES};

static uint32_t in_seat(uint32_t state, uint32_t seat) { return state / power[seat] % VALUES; }

static uint32_t with(uint32_t state, uint32_t seat, uint32_t value)
{
    return state - in_seat(state, seat) * power[seat] + value * power[seat];
}

static uint32_t count(uint32_t state, uint32_t venue, bool (*is)(uint32_t))
{
    return is(in_seat(state, 2 * venue)) + is(in_seat(state, 2 * venue + 1));
}

static bool is_empty(uint32_t value) { return value == EMPTY; }

/* The state with one more in the lowest free seat of a venue. */
static uint32_t seated(uint32_t state, uint32_t venue, uint32_t value)
{
    uint32_t seat = 2 * venue + (in_seat(state, 2 * venue) != EMPTY);
    return with(state, seat, value);
}

static const uint32_t want[] = {0, 1};

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

static uint32_t vacancies_exploited(uint32_t state, uint32_t venue)
{
    uint32_t there = count(state, venue, is_exploited);
    return there >= want[venue] ? 0 : least(want[venue] - there, count(state, venue, is_empty));
}

/* ---- stages ---------------------------------------------------------------------------------------------------------------- */

/* Something happens to each person by itself: chance_of(venue, value, day) takes a person to becomes(value). */
typedef double chance_of(uint32_t venue, uint32_t value, uint32_t day);

static void each(const double *now, double *next, uint32_t day, chance_of *chance, uint32_t (*becomes)(uint32_t value))
{
    double chances[2][VALUES] = {{0}};
    for (uint32_t venue = 0; venue < 2; venue++)
        for (uint32_t value = 1; value < VALUES; value++) chances[venue][value] = chance(venue, value, day);
    for (uint32_t state = 0; state < STATES; state++) {
        if (now[state] <= 0) continue;
        for (uint32_t choice = 0; choice < 1 << SEATS; choice++) {
            double p = now[state];
            uint32_t to = state;
            for (uint32_t seat = 0; seat < SEATS && p > 0; seat++) {
                uint32_t value = in_seat(state, seat);
                double c = chances[seat / PER_VENUE][value];
                bool happens = choice >> seat & 1;
                p *= happens ? c : 1 - c;
                if (happens && p > 0) to = with(to, seat, becomes(value));
            }
            if (p > 0) next[to] += p;
        }
    }
}

static uint32_t leaves(uint32_t value)
{
    (void)value;
    return EMPTY;
}

static uint32_t becomes_adult(uint32_t value)
{
    struct holds h = held(value);
    h.class = CLASS_ADULT;
    return value_of(h);
}

static uint32_t is_infected(uint32_t value)
{
    struct holds h = held(value);
    h.infected = true;
    return value_of(h);
}

static uint32_t is_served_now(uint32_t value)
{
    struct holds h = held(value);
    h.served = true;
    return value_of(h);
}

/* Each vacancy for the exploited; there is at most one, and a trafficker who is always active. */
static void supply(const double *now, double *next, uint32_t day)
{
    (void)day;
    for (uint32_t state = 0; state < STATES; state++) {
        double c = vacancies_exploited(state, 1) ? daily_chance(RECRUIT) : 0;
        next[state] += now[state] * (1 - c);
        if (c > 0) next[seated(state, 1, value_of((struct holds){.class = CLASS_COERCED}))] += now[state] * c;
    }
}

/* The surplus are those in the lowest seats; one who is let go may be moved to a vacancy. */
static void dismiss(double p, uint32_t state, uint32_t seat, uint32_t surplus, double *next)
{
    while (seat < PER_VENUE && !is_exploited(in_seat(state, seat))) seat++;
    if (surplus == 0 || seat == PER_VENUE) {
        next[state] += p;
        return;
    }
    double go = daily_chance(DISMISS);
    uint32_t person = in_seat(state, seat), without = with(state, seat, EMPTY);
    double moved = vacancies_exploited(without, 1) ? DISPLACE : 0;
    dismiss(p * (1 - go), state, seat + 1, surplus - 1, next);
    dismiss(p * go * (1 - moved), without, seat + 1, surplus - 1, next);
    if (moved > 0) dismiss(p * go * moved, seated(without, 1, person), seat + 1, surplus - 1, next);
}

static void letting_go(const double *now, double *next, uint32_t day)
{
    (void)day;
    for (uint32_t state = 0; state < STATES; state++)
        if (now[state] > 0) dismiss(now[state], state, 0, count(state, 0, is_exploited), next);
}

static void refill_venue(const double *now, double *next, uint32_t venue)
{
    double c = daily_chance(REFILL);
    uint32_t adult = value_of((struct holds){.class = CLASS_ADULT});
    for (uint32_t state = 0; state < STATES; state++) {
        if (now[state] <= 0) continue;
        uint32_t there = count(state, venue, is_exploited), reserved = there > want[venue] ? there : want[venue];
        uint32_t taken = count(state, venue, is_adult) + reserved;
        double none = now[state], one = 0, two = 0;
        if (taken + 1 == PER_VENUE) one = none * c, none -= one;
        if (taken == 0) two = none * c * c, one = none * 2 * c * (1 - c), none -= one + two;
        next[state] += none;
        if (one > 0) next[seated(state, venue, adult)] += one;
        if (two > 0) next[seated(seated(state, venue, adult), venue, adult)] += two;
    }
}

static void refilling(const double *now, double *next, uint32_t day)
{
    static double between[STATES];
    (void)day;
    for (uint32_t i = 0; i < STATES; i++) between[i] = 0;
    refill_venue(now, between, 0);
    refill_venue(between, next, 1);
}

static double leaving_chance(uint32_t venue, uint32_t value, uint32_t day)
{
    (void)venue, (void)day;
    return is_adult(value) ? daily_chance(1 / TENURE) : 0;
}

static void leaving(const double *now, double *next, uint32_t day) { each(now, next, day, leaving_chance, leaves); }

static double comes_of_age(uint32_t value, uint32_t day) { return held(value).class == CLASS_MINOR && day == BIRTHDAY; }

static double released_chance(uint32_t venue, uint32_t value, uint32_t day)
{
    (void)venue;
    return comes_of_age(value, day) * (1 - STAYS);
}

static uint32_t becomes_coerced(uint32_t value)
{
    struct holds h = held(value);
    h.class = CLASS_COERCED;
    return value_of(h);
}

static double coerced_chance(uint32_t venue, uint32_t value, uint32_t day)
{
    (void)venue;
    return comes_of_age(value, day);
}

static void birthdays(const double *now, double *next, uint32_t day)
{
    static double between[STATES];
    for (uint32_t i = 0; i < STATES; i++) between[i] = 0;
    each(now, between, day, released_chance, becomes_adult);
    each(between, next, day, coerced_chance, becomes_coerced); /* the others */
}

static double escape_chance(uint32_t venue, uint32_t value, uint32_t day)
{
    (void)venue, (void)day;
    return is_exploited(value) ? 1 - exp(-ESCAPE - HELP) : 0;
}

static void escapes(const double *now, double *next, uint32_t day) { each(now, next, day, escape_chance, leaves); }

static double debt_chance(uint32_t venue, uint32_t value, uint32_t day)
{
    (void)venue, (void)day;
    return held(value).class == CLASS_COERCED ? daily_chance(RELEASE) : 0;
}

static void debt_releases(const double *now, double *next, uint32_t day)
{
    each(now, next, day, debt_chance, becomes_adult);
}

static double infection_chance(uint32_t venue, uint32_t value, uint32_t day)
{
    (void)venue, (void)day;
    struct holds h = held(value);
    return h.infected
               ? 0
               : daily_chance(INFECTION * (1 + COERCED * (h.class != CLASS_ADULT)) * (1 - PROTECTION * h.served));
}

static void infections(const double *now, double *next, uint32_t day)
{
    each(now, next, day, infection_chance, is_infected);
}

/* Calls that are admitted come as a Poisson number, and each serves whom it serves. */
static uint32_t calls;

static double uptake_chance(uint32_t venue, uint32_t value, uint32_t day)
{
    (void)day;
    struct holds h = held(value);
    double u = UPTAKE * (venue == 1 ? BOARD_UPTAKE : 1) * (h.class != CLASS_ADULT ? COERCED_UPTAKE : 1);
    return h.served ? 0 : 1 - pow(1 - u, calls);
}

static double uptake_first(uint32_t venue, uint32_t value, uint32_t day)
{
    return venue == 0 ? uptake_chance(venue, value, day) : 0;
}

static double uptake_second(uint32_t venue, uint32_t value, uint32_t day)
{
    return venue == 1 ? uptake_chance(venue, value, day) : 0;
}

static void outreach(const double *now, double *next, uint32_t day)
{
    static double between[STATES], part[STATES];
    for (uint32_t i = 0; i < STATES; i++) between[i] = 0;
    for (uint32_t venue = 0; venue < 2; venue++) {
        double mean = OUTREACH * (double)(float)ACCESS, chance = exp(-mean);
        for (calls = 0; calls < CALLS_MOST; chance *= mean / ++calls) {
            const double *from = venue == 0 ? now : between;
            for (uint32_t i = 0; i < STATES; i++) part[i] = from[i] * chance;
            each(part, venue == 0 ? between : next, day, venue == 0 ? uptake_first : uptake_second, is_served_now);
        }
    }
}

static double clinic_chance(uint32_t venue, uint32_t value, uint32_t day)
{
    (void)day;
    struct holds h = held(value);
    return h.served
               ? 0
               : daily_chance(CLINIC * (venue == 1 ? BOARD_UPTAKE : 1) * (h.class != CLASS_ADULT ? COERCED_UPTAKE : 1));
}

static void clinics(const double *now, double *next, uint32_t day)
{
    each(now, next, day, clinic_chance, is_served_now);
}

static double board_chance(uint32_t venue, uint32_t value, uint32_t day)
{
    (void)day;
    return venue == 1 && is_exploited(value) ? daily_chance(DETECTION * HONESTY) * REMOVAL : 0;
}

static void board(const double *now, double *next, uint32_t day) { each(now, next, day, board_chance, leaves); }

static chain_stage *const stages[] = {supply,        letting_go, refilling, leaving, birthdays, escapes,
                                      debt_releases, infections, outreach,  clinics, board,     NULL};
static const char *const names[] = {"supply",    "letting go",       "refilling",     "leaving",
                                    "birthdays", "escapes and help", "debt releases", "infections",
                                    "outreach",  "clinics",          "board"};

/* ---- the same world in the model ------------------------------------------------------------------------------------------ */

/* Two minors where they are no longer wanted; in the other venue an adult and a vacancy. */
static void start(double *distribution)
{
    uint32_t minor = value_of((struct holds){.class = CLASS_MINOR}),
             adult = value_of((struct holds){.class = CLASS_ADULT});
    distribution[minor * power[0] + minor * power[1] + adult * power[2]] = 1;
}

/* clang-format off */
static const struct { const char *path; double value; } settings[] = {
    {"region.districts", 1}, {"region.venues", 2}, {"region.slots_log_mean", 1}, {"region.street_room", 0}, {"region.traffickers", 1},
    {"region.links", 2}, {"region.access_minimum", ACCESS}, {"region.access_maximum", ACCESS}, {"policy.police", 0},
    {"policy.board_coverage", 1}, {"venues.exploited_share", 0.5}, {"venues.private_capacity", 0}, {"venues.minor_share", 0},
    {"market.review_rate", 0}, {"traffickers.recruit_rate", RECRUIT}, {"staffing.dismiss_rate", DISMISS},
    {"staffing.displace_share", DISPLACE}, {"staffing.refill_rate", REFILL}, {"persons.adult_tenure", TENURE},
    {"persons.stays_coerced", STAYS}, {"persons.escape_rate", ESCAPE}, {"persons.outside_help", HELP},
    {"persons.debt_release_rate", RELEASE}, {"persons.infection_rate", INFECTION}, {"persons.infection_coerced", COERCED},
    {"persons.service_protection", PROTECTION}, {"violence.client_violence", 0}, {"violence.owner_violence", 0},
    {"health.outreach_rate", OUTREACH}, {"health.uptake", UPTAKE}, {"health.coerced_uptake", COERCED_UPTAKE},
    {"health.board_uptake", BOARD_UPTAKE}, {"health.clinic_rate", CLINIC}, {"board.board_detection", DETECTION},
    {"board.board_honesty", HONESTY}, {"board.board_removal", REMOVAL},
};
/* clang-format on */

static void arrange(struct lab *l)
{
    lab_init(l);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) lab_set(l, settings[i].path, settings[i].value);
    lab_open(l, 0);
    struct city *c = l->city;
    c->size[0] = c->size[1] = PER_VENUE;
    c->covered[0] = false;
    c->mode[1] = MODE_OPEN;
    due_change(c, lab_fill(l, 0, CLASS_MINOR, 1), BIRTHDAY + 1);
    due_change(c, lab_fill(l, 0, CLASS_MINOR, 1), BIRTHDAY + 1);
    lab_fill(l, 1, CLASS_ADULT, 1);
}

static uint32_t look(const struct city *c)
{
    uint32_t state = 0;
    for (uint32_t seat = 0; seat < SEATS; seat++) {
        uint32_t place = seat / PER_VENUE, row = c->first_seat[place] + seat % PER_VENUE;
        if (!(c->occupied[place] & seat_bit(c, row))) continue;
        struct holds h = {seat_class(c, row), traits_of(c, row) & TRAIT_INFECTED, *served_at(c, row) != NEVER};
        state = with(state, seat, value_of(h));
    }
    return state;
}

static uint32_t all(uint32_t state) { return state; }

static const uint32_t days[] = {1, 2, 3, 4, 8, 0};

static void test_four_seats(void **state)
{
    (void)state;
    const struct chain chain = {"four seats", STATES, stages, names, start, days, STATES, all, arrange, look};
    chain_check(&chain, (uint32_t)effort(60000, 1000000), 8 /* the other two pairs commute */);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_four_seats)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

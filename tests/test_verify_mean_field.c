/* The gap between a simulated city and the mean-field equations shrinks as 1 / sqrt(N).
 *
 * Owners and traffickers are held as they are and the police do nothing, so that what is left is a market of persons: supply
 * at a price that rises as the exploited become fewer (which makes it non-linear, and ties all venues together), adults who
 * come and go, minors who come of age, escape, infection, clinics. With infinitely many venues shares would follow the day map
 * below, written from the ODD. A city of N seats is one city, not many small ones. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/effort.h"
#include "tests/world_support.h"

enum { SLOTS = 20, WANTED = 8, BURN_IN = 60, DAYS = 160, FOUR_YEARS = 1460, SERVED = 90 };
enum {
    MINORS = 4,
    COERCED = 3,
    ADULTS = 8,
    ADULTS_ALONE = 15
}; /* on the first day, in a venue that exploits or does not */

/* clang-format off */
static const double RECRUIT = 0.05, ELASTICITY = 1, MINOR_SHARE = 0.66, REFILL = 0.08, TENURE = 60, ESCAPE_BEFORE = 0.01,
                    ESCAPE_AFTER = 0.05, INFECTION = 0.006, INFECTION_COERCED = 1, PROTECTION = 0.8, CLINIC = 0.03, COERCED_UPTAKE = 0.5;
/* clang-format on */

enum { SEEN_ADULTS, SEEN_EXPLOITED, SEEN_MINORS, SEEN_SERVED, SEEN_SERVED_EXPLOITED, SEEN_INFECTED, SEEN_PRICE, SEEN };
static const uint32_t look_days[] = {70, 90, 120, 160};
enum { LOOKS = sizeof look_days / sizeof *look_days };

/* ---- infinitely many venues ------------------------------------------------------------------------------------------------ */

/* Persons per venue that exploits; there is one that does not for each. By infection and days since served, the last:
 * not within 90 days. */
struct means {
    double adults[2][SERVED + 1], exploited[2][SERVED + 1];
    double birthdays[DAYS + 2]; /* minors by the day of their 18th birthday; the first number: later */
    double minors, price, reference;
};

static double sum_of(const double persons[2][SERVED + 1], bool served_only, bool infected_only)
{
    double sum = 0;
    for (int infected = infected_only; infected < 2; infected++)
        for (int age = 0; age < SERVED + !served_only; age++) sum += persons[infected][age];
    return sum;
}

static void keep(double persons[2][SERVED + 1], double share)
{
    for (int infected = 0; infected < 2; infected++)
        for (int age = 0; age <= SERVED; age++) persons[infected][age] *= share;
}

static void another_day(double persons[2][SERVED + 1])
{
    for (int infected = 0; infected < 2; infected++) {
        persons[infected][SERVED] += persons[infected][SERVED - 1];
        for (int age = SERVED - 1; age > 0; age--) persons[infected][age] = persons[infected][age - 1];
        persons[infected][0] = 0;
    }
}

static void infect(double persons[2][SERVED + 1], double rate)
{
    for (int age = 0; age <= SERVED; age++) {
        double new = persons[0][age] * daily_chance(rate * (age < SERVED ? 1 - PROTECTION : 1));
        persons[0][age] -= new;
        persons[1][age] += new;
    }
}

static void serve(double persons[2][SERVED + 1], double rate)
{
    for (int infected = 0; infected < 2; infected++)
        for (int age = 1; age <= SERVED; age++) {
            double new = persons[infected][age] * daily_chance(rate);
            persons[infected][age] -= new;
            persons[infected][0] += new;
        }
}

/* Birthday of the first day's n-th minor of `all`: spread evenly. */
static uint32_t birthday(uint64_t n, uint64_t all) { return 2 + (uint32_t)(n * FOUR_YEARS / all); }

static void means_begin(struct means *x)
{
    *x = (struct means){.price = 1, .minors = MINORS};
    x->adults[0][SERVED] = ADULTS + ADULTS_ALONE;
    x->exploited[0][SERVED] = MINORS + COERCED;
    for (uint32_t day = 2; day <= DAYS; day++) x->birthdays[day] = (double)MINORS / FOUR_YEARS;
}

static void means_live(struct means *x, uint32_t day)
{
    double exploited = sum_of((const double(*)[SERVED + 1]) x->exploited, false, false);
    if (day < BURN_IN)
        x->reference += exploited / (BURN_IN - 1);
    else
        x->price = fmin(fmax(pow(x->reference / exploited, ELASTICITY), 0.5), 3);
    another_day(x->adults);
    another_day(x->exploited);
    /* supply */
    double recruits = daily_chance(RECRUIT * x->price) * (WANTED - exploited);
    x->exploited[0][SERVED] += recruits;
    x->minors += recruits * MINOR_SHARE;
    for (uint32_t d = day + 1; d <= DAYS; d++) x->birthdays[d] += recruits * MINOR_SHARE / FOUR_YEARS;
    /* refilling: seats that are not reserved */
    double adults = sum_of((const double(*)[SERVED + 1]) x->adults, false, false);
    x->adults[0][SERVED] += daily_chance(REFILL) * (2 * SLOTS - WANTED - adults);
    /* persons */
    double stay = exp(-(day < BURN_IN ? ESCAPE_BEFORE : ESCAPE_AFTER));
    keep(x->adults, exp(-1 / TENURE));
    x->minors -= x->birthdays[day]; /* they stay, as coerced adults */
    keep(x->exploited, stay);
    x->minors *= stay;
    for (uint32_t d = day + 1; d <= DAYS; d++) x->birthdays[d] *= stay;
    infect(x->adults, INFECTION);
    infect(x->exploited, INFECTION * (1 + INFECTION_COERCED));
    /* clinics */
    serve(x->adults, CLINIC);
    serve(x->exploited, CLINIC * COERCED_UPTAKE);
}

static void means_look(const struct means *x, double seen[SEEN])
{
    const double(*adults)[SERVED + 1] = (const double(*)[SERVED + 1]) x->adults;
    const double(*exploited)[SERVED + 1] = (const double(*)[SERVED + 1]) x->exploited;
    seen[SEEN_ADULTS] = sum_of(adults, false, false);
    seen[SEEN_EXPLOITED] = sum_of(exploited, false, false);
    seen[SEEN_MINORS] = x->minors;
    seen[SEEN_SERVED] = sum_of(adults, true, false);
    seen[SEEN_SERVED_EXPLOITED] = sum_of(exploited, true, false);
    seen[SEEN_INFECTED] = sum_of(adults, false, true) + sum_of(exploited, false, true);
    seen[SEEN_PRICE] = x->price;
}

static void mean_field(double seen[LOOKS][SEEN])
{
    struct means x;
    means_begin(&x);
    for (uint32_t day = 1, look = 0; day <= DAYS; day++) {
        means_live(&x, day);
        if (day == look_days[look]) means_look(&x, seen[look++]);
    }
}

/* ---- a city of N seats ------------------------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct { const char *path; double value; } settings[] = {
    {"region.districts", 1}, {"region.street_room", 0}, {"region.links", 64}, {"policy.police", 0}, {"market.price_elasticity", ELASTICITY},
    {"market.review_rate", 0}, {"market.taste_rate", 0}, {"venues.exploited_share", (double)WANTED / SLOTS}, {"venues.minor_share", MINOR_SHARE},
    {"venues.private_capacity", 0}, {"traffickers.recruit_rate", RECRUIT}, {"staffing.refill_rate", REFILL}, {"persons.adult_tenure", TENURE},
    {"persons.stays_coerced", 1}, {"persons.escape_rate", ESCAPE_BEFORE}, {"persons.outside_help", 0}, {"persons.debt_release_rate", 0},
    {"persons.infection_rate", INFECTION}, {"persons.infection_coerced", INFECTION_COERCED}, {"persons.service_protection", PROTECTION},
    {"health.outreach_rate", 0}, {"health.clinic_rate", CLINIC}, {"health.coerced_uptake", COERCED_UPTAKE},
};
/* clang-format on */

static void city_begin(struct lab *l, uint32_t seats, uint32_t replicate)
{
    uint32_t venues = seats / SLOTS;
    lab_init(l);
    l->study.calendar = (struct calendar){.burn_in = BURN_IN, .horizon = DAYS};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) lab_set(l, settings[i].path, settings[i].value);
    lab_set(l, "region.venues", venues);
    /* so many links that each venue has a trafficker: with 64 venues or fewer one has them all, above that 38 on average */
    lab_set(l, "region.traffickers", venues <= 64 ? 1 : ceil(0.6 * venues));
    lab_open(l, replicate);
    uint64_t minor = 0, minors = (uint64_t)venues / 2 * MINORS;
    for (uint32_t v = 0; v < venues; v++) {
        lab_fill(l, v, CLASS_ADULT, v % 2 ? ADULTS_ALONE : ADULTS);
        if (v % 2) continue;
        assert_true(l->city->link_first[v + 1] > l->city->link_first[v]);
        l->city->mode[v] = MODE_OPEN;
        lab_fill(l, v, CLASS_COERCED, COERCED);
        uint32_t first = lab_fill(l, v, CLASS_MINOR, MINORS);
        for (uint32_t i = 0; i < MINORS; i++) due_change(l->city, first + i, (uint16_t)(birthday(minor++, minors) + 1));
    }
}

static void city_live(struct lab *l, uint32_t day)
{
    static const char *const rows[] = {"market", "traffickers", "staffing", "persons", "health"};
    if (day == BURN_IN) lab_set(l, "persons.escape_rate", ESCAPE_AFTER);
    lab_day(l, (int32_t)day);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) lab_step(l, rows[i]);
}

static void city_look(struct lab *l, double seen[SEEN])
{
    const struct city *c = l->city;
    double pairs = c->venues / 2, adults = 0, exploited = 0, infected = 0;
    for (uint32_t place = 0; place < c->places; place++)
        for (uint64_t there = c->occupied[place]; there;) {
            uint32_t seat = next_seat(c, place, &there);
            bool is_exploited = c->exploited[place] & seat_bit(c, seat);
            if (is_served(c, seat)) *(is_exploited ? &exploited : &adults) += 1;
            infected += (traits_of(c, seat) & TRAIT_INFECTED) != 0;
        }
    seen[SEEN_ADULTS] = c->count[PLACE_VENUE][CLASS_ADULT] / pairs;
    seen[SEEN_EXPLOITED] = exploited_now(c) / pairs;
    seen[SEEN_MINORS] = c->count[PLACE_VENUE][CLASS_MINOR] / pairs;
    seen[SEEN_SERVED] = adults / pairs;
    seen[SEEN_SERVED_EXPLOITED] = exploited / pairs;
    seen[SEEN_INFECTED] = infected / pairs;
    seen[SEEN_PRICE] = c->price;
}

/* Mean squared relative gap of one city, over all that is looked at. */
static double gap_of(uint32_t seats, uint32_t replicate, double mean[LOOKS][SEEN])
{
    struct lab l;
    double seen[SEEN], square = 0;
    city_begin(&l, seats, replicate);
    for (uint32_t day = 1, look = 0; day <= DAYS; day++) {
        city_live(&l, day);
        if (day != look_days[look]) continue;
        city_look(&l, seen);
        for (int i = 0; i < SEEN; i++) square += pow(seen[i] / mean[look][i] - 1, 2) / (SEEN * LOOKS);
        look++;
    }
    lab_verify(&l);
    lab_close(&l);
    return square;
}

/* The logarithm of the root mean squared gap, and its standard error. */
static double log_gap(uint32_t seats, uint32_t replicates, double mean[LOOKS][SEEN], double *error)
{
    double sum = 0, squares = 0;
    for (uint32_t r = 0; r < replicates; r++) {
        double gap = gap_of(seats, r, mean);
        sum += gap;
        squares += gap * gap;
    }
    double average = sum / replicates, sd = sqrt((squares - sum * average) / (replicates - 1));
    *error = sd / average / sqrt(replicates) / 2;
    print_message("%u seats: relative gap %.5f, of %u cities\n", seats, sqrt(average), replicates);
    return log10(average) / 2;
}

static void test_the_gap_shrinks_with_the_root_of_size(void **state)
{
    (void)state;
    enum { SIZES = 4 };
    static const uint32_t seats[SIZES] = {1000, 10000, 100000, 1000000};
    const int64_t replicates[SIZES] = {effort(300, 1000), effort(80, 300), effort(16, 60), effort(0, 24)};
    double mean[LOOKS][SEEN], x[SIZES], y[SIZES], error[SIZES], middle = 0, xx = 0, xy = 0, variance = 0;
    int sizes = replicates[3] > 0 ? 4 : 3;
    mean_field(mean);
    for (int i = 0; i < sizes; i++) {
        x[i] = log10(seats[i]);
        y[i] = log_gap(seats[i], (uint32_t)replicates[i], mean, &error[i]);
        middle += x[i] / sizes;
    }
    for (int i = 0; i < sizes; i++) xx += pow(x[i] - middle, 2), xy += (x[i] - middle) * y[i];
    for (int i = 0; i < sizes; i++) variance += pow((x[i] - middle) / xx * error[i] / log(10), 2);
    double slope = xy / xx, band = 4.9 * sqrt(variance);
    print_message("slope %.4f, at most %.4f from -0.5 by chance\n", slope, band);
    assert_true(band <= 0.1); /* enough replicates for what is promised */
    assert_true(fabs(slope + 0.5) < band);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_gap_shrinks_with_the_root_of_size)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Persons and violence in their long form: how long everybody stays, by every way out at once; how old minors are; infection
 * as a risk that competes with leaving and changes with fear and services; violence by every combination of its factors. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bins.h"
#include "tests/effort.h"
#include "tests/world_support.h"

enum { SLOTS = 60, AGES = 1460 /* days between the ages of 14 and 18 */, DRAW_ARRIVALS = 200 };

/* A city of large venues in which nothing happens but what the test sets. */
static struct city *quiet(struct lab *l, int64_t venues)
{
    static const char *const rates[] = {
        "persons.escape_rate",      "persons.debt_release_rate", "persons.outside_help",   "persons.infection_rate",
        "violence.client_violence", "violence.owner_violence",   "staffing.displace_share"};
    lab_init(l);
    lab_set(l, "region.venues", (double)venues);
    lab_set(l, "region.slots_log_mean", 4.2); /* cut to 60 */
    lab_set(l, "region.traffickers", 0);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) lab_set(l, rates[i], 0);
    lab_set(l, "persons.adult_tenure", 36500);
    lab_open(l, 0);
    return l->city;
}

static void fill_venues(struct lab *l, enum class class)
{
    for (uint32_t v = 0; v < l->city->venues; v++) lab_fill(l, v, class, SLOTS);
}

/* ---- ways out ---- */

/* What is new in a flow since it was last asked for. */
static double news(const struct lab *l, const char *flow, double *before)
{
    double now = lab_metric(l, flow), new = now - *before;
    *before = now;
    return new;
}

/* Escape, help and release compete for coerced adults: the time and the kind of the end together. Within a day they come in
 * this order. */
static void test_times_and_causes_of_the_end_of_exploitation(void **state)
{
    (void)state;
    enum { STRETCHES = 20, DAYS = 5, CAUSES = 3 };
    static const char *const flow[CAUSES] = {"persons.escaped", "persons.helped_out", "persons.released_from_debt"};
    static const double rate[CAUSES] = {0.02, 0.008, 0.014};
    double count[STRETCHES * CAUSES + 1] = {0}, chance[STRETCHES * CAUSES + 1] = {0}, before[CAUSES] = {0}, there = 1;
    struct lab l;
    quiet(&l, effort(600, 2500));
    lab_set(&l, "persons.escape_rate", rate[0]);
    lab_set(&l, "persons.outside_help", rate[1]);
    lab_set(&l, "persons.debt_release_rate", rate[2]);
    fill_venues(&l, CLASS_COERCED);
    const double n = (double)l.city->venues * SLOTS;
    double ended[CAUSES] = {0}, share[CAUSES] = {0};
    for (int32_t day = 1; day <= STRETCHES * DAYS; day++) {
        int stretch = (day - 1) / DAYS;
        lab_day(&l, day);
        lab_step(&l, "persons");
        for (int k = 0; k < CAUSES; k++) {
            double ends = news(&l, flow[k], &before[k]), likely = there * daily_chance(rate[k]);
            count[stretch * CAUSES + k] += ends, ended[k] += ends;
            chance[stretch * CAUSES + k] += likely, share[k] += likely;
            there *= exp(-rate[k]);
        }
    }
    count[STRETCHES * CAUSES] = n - ended[0] - ended[1] - ended[2];
    chance[STRETCHES * CAUSES] = there;
    assert_close(there, exp(-(0.02 + 0.008 + 0.014) * STRETCHES * DAYS), 1e-12);
    assert_bins(count, chance, STRETCHES * CAUSES + 1);
    for (int k = 0; k < CAUSES; k++) assert_binomial(ended[k], n, share[k]);
    lab_close(&l);
}

static void test_adults_stay_for_an_exponential_time(void **state)
{
    (void)state;
    enum { STRETCHES = 30, DAYS = 4 };
    double count[STRETCHES + 1] = {0}, chance[STRETCHES + 1] = {0};
    struct lab l;
    struct city *c = quiet(&l, effort(150, 1500));
    lab_set(&l, "persons.adult_tenure", 40);
    fill_venues(&l, CLASS_ADULT);
    for (uint32_t p = 2 * c->venues; p < c->places; p++) lab_fill(&l, p, CLASS_ADULT, c->size[p]);
    for (int32_t day = 1; day <= STRETCHES * DAYS; day++) {
        double before = (double)c->gone;
        lab_day(&l, day);
        lab_step(&l, "persons");
        count[(day - 1) / DAYS] += (double)c->gone - before;
        chance[(day - 1) / DAYS] += exp(-(day - 1) / 40.0) * daily_chance(1 / 40.0);
    }
    count[STRETCHES] = (double)(c->entered - c->gone);
    chance[STRETCHES] = exp(-STRETCHES * DAYS / 40.0);
    assert_bins(count, chance, STRETCHES + 1);
    lab_close(&l);
}

/* ---- age ---- */

static void test_ages_at_recruitment_are_uniform(void **state)
{
    (void)state;
    enum { BIN = 20, PARTS = AGES / BIN };
    double count[2 * PARTS] = {0}, chance[2 * PARTS];
    struct lab l;
    struct city *c = quiet(&l, 2);
    lab_day(&l, 700);
    for (uint32_t i = 0; i < effort(40000, 1000000); i++) {
        struct person person = lab_newcomer(c, CLASS_MINOR, i);
        int32_t wait = person.due - 1 - c->day; /* days are stored plus one */
        assert_true(wait >= 1 && wait <= AGES);
        count[(person.traits & TRAIT_IRREGULAR ? PARTS : 0) + (wait - 1) / BIN]++;
    }
    for (int i = 0; i < 2 * PARTS; i++) chance[i] = (i < PARTS ? 0.8 : 0.2) / PARTS; /* whatever their papers */
    assert_bins(count, chance, 2 * PARTS);
    lab_close(&l);
}

/* The fate of a cohort: a birthday on day k = 1 ... 1460 after arrival, each with chance 1 / 1460, unless an escape comes
 * first. The day of arrival has escapes as well, and birthdays come before escapes. */
static void test_a_cohort_comes_of_age_unless_it_escapes(void **state)
{
    (void)state;
    enum { BIN = 73, PARTS = AGES / BIN };
    const double rate = 1.0 / 600, stays = exp(-rate);
    double count[2 * PARTS] = {0}, chance[2 * PARTS] = {0}, of_age = 0, escaped = 0;
    struct lab l;
    struct city *c = quiet(&l, effort(100, 800));
    lab_set(&l, "persons.escape_rate", rate);
    lab_set(&l, "persons.stays_coerced", 0);
    lab_set(&l, "persons.adult_tenure", 1);
    lab_day(&l, 0);
    for (uint32_t v = 0; v < c->venues; v++)
        for (uint32_t k = 0; k < SLOTS; k++) seat_enter(c, v, lab_newcomer(c, CLASS_MINOR, c->first_seat[v] + k));
    for (int32_t day = 0; day <= AGES; day++) {
        int32_t at = day == 0 ? 0 : (day - 1) / BIN; /* the day of arrival belongs to the first bin */
        double young = 1 - (double)day / AGES;       /* share without a birthday so far */
        lab_day(&l, day);
        lab_step(&l, "persons");
        count[at] += news(&l, "persons.came_of_age", &of_age);
        count[PARTS + at] += news(&l, "persons.escaped", &escaped);
        if (day > 0) chance[at] += pow(stays, day) / AGES;
        chance[PARTS + at] += young * pow(stays, day) * (1 - stays);
    }
    assert_int_equal(c->count[PLACE_VENUE][CLASS_MINOR], 0); /* nobody is older than 18 */
    assert_close(of_age + escaped, (double)c->venues * SLOTS, 0);
    assert_bins(count, chance, 2 * PARTS);
    lab_close(&l);
}

/* In the stationary state of recruits that arrive in a Poisson process and escape at rate e, the time x that is left until
 * the 18th birthday has a density in proportion to 1 - exp(-e (1460 - x)): old minors are those who have not got out. */
static void test_the_stationary_age_profile(void **state)
{
    (void)state;
    enum { BIN = 73, PARTS = AGES / BIN, DAYS = AGES + 2 };
    const double rate = 1.0 / 250, stays = exp(-rate);
    double count[PARTS] = {0}, chance[PARTS] = {0}, sum = 0;
    struct lab l;
    struct city *c = quiet(&l, effort(180, 1100));
    lab_set(&l, "persons.escape_rate", rate);
    lab_set(&l, "persons.stays_coerced", 0);
    lab_set(&l, "persons.adult_tenure", 1);
    for (int32_t day = 0; day < DAYS; day++) {
        uint32_t place = 0, index;
        double mark;
        lab_day(&l, day);
        struct points arrivals = points_begin(&c->luck, DRAW_ARRIVALS, 0, (uint32_t)effort(35, 220), 1);
        while (points_next(&arrivals, &index, &mark)) {
            while (free_seat(c, place) == UINT32_MAX) place++;
            seat_enter(c, place, lab_newcomer(c, CLASS_MINOR, free_seat(c, place)));
        }
        lab_step(&l, "persons");
    }
    for (uint32_t v = 0; v < c->venues; v++)
        for (uint64_t m = minors_in(c, v); m;) count[(*due_at(c, next_seat(c, v, &m)) - 1 - c->day - 1) / BIN]++;
    for (int32_t x = 1; x <= AGES; x++) { /* of those who came a days ago, x can be left until 1460 - a */
        double present = stays * (1 - pow(stays, AGES - x + 1)) / (1 - stays);
        chance[(x - 1) / BIN] += present;
        sum += present;
    }
    for (int i = 0; i < PARTS; i++) chance[i] /= sum;
    assert_poisson(c->count[PLACE_VENUE][CLASS_MINOR], (double)effort(35, 220) * sum / AGES);
    assert_bins(count, chance, PARTS);
    lab_close(&l);
}

/* ---- infection ---- */

/* The hazard of infection changes every day, with fear that fades and service that is forgotten on the 90th day; the ways out
 * take persons away before the day's infections. */
static void expect_infections(enum class class, double fear, bool served)
{
    enum { STRETCHES = 12, DAYS = 15 };
    const double rate = 0.002, out = 1.0 / 150, half_life = 40;
    double count[STRETCHES + 1] = {0}, chance[STRETCHES + 1] = {0}, there = 1, infected = 0;
    struct lab l;
    struct city *c = quiet(&l, effort(300, 1200));
    lab_set(&l, "fear.half_life", half_life);
    lab_set(&l, "persons.infection_rate", rate);
    lab_set(&l, "persons.infection_coerced", 4);
    lab_set(&l, "persons.infection_fear", 6);
    lab_set(&l, "persons.service_protection", 0.9);
    lab_set(&l, "persons.adult_tenure", class == CLASS_ADULT ? 1 / out : 36500);
    lab_set(&l, "persons.escape_rate", class == CLASS_ADULT ? 0 : out);
    fill_venues(&l, class);
    for (uint32_t s = 0; s < c->seats; s++) {
        if (fear > 0) fear_raise(c, s, fear);
        if (served) *served_at(c, s) = c->today;
    }
    for (int32_t k = 0; k < STRETCHES * DAYS; k++) {
        double hazard = rate * (class == CLASS_ADULT ? 1 : 5) * (1 + 6 * fear * exp2(-k / half_life)) *
                        (served && k < 90 ? 0.1 : 1);
        lab_day(&l, 1 + k);
        lab_step(&l, "persons");
        count[k / DAYS] += news(&l, "persons.infections", &infected);
        there *= exp(-out);
        chance[k / DAYS] += there * daily_chance(hazard);
        there *= exp(-hazard);
    }
    count[STRETCHES] = (double)c->venues * SLOTS - infected;
    chance[STRETCHES] = 1;
    for (int i = 0; i < STRETCHES; i++) chance[STRETCHES] -= chance[i];
    assert_bins(count, chance, STRETCHES + 1);
    assert_binomial(infected, (double)c->venues * SLOTS, 1 - chance[STRETCHES]);
    lab_close(&l);
}

static void test_infection_competes_with_leaving_under_fear_and_service(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) expect_infections(i & 1 ? CLASS_MINOR : CLASS_ADULT, i & 2 ? 0.8 : 0, i & 4);
}

/* ---- violence ---- */

enum setting { OPEN, COVERT, CLOSED, CLOSED_COVERT, PRIVATE, STREET, SETTINGS };

/* Persons of one class in all the places of a kind. */
static double arrange(struct lab *l, enum setting setting, enum class class)
{
    struct city *c = l->city;
    uint32_t first = setting == STREET ? 2 * c->venues : setting == PRIVATE ? c->venues : 0;
    uint32_t end = setting == STREET ? c->places : first + c->venues;
    double n = 0;
    lab_empty(l);
    for (uint32_t p = first; p < end; p++) lab_fill(l, p, class, c->size[p]), n += c->size[p];
    LAB_ALL(l, mode, c->venues, setting == COVERT || setting == CLOSED_COVERT ? MODE_COVERT : MODE_OPEN);
    LAB_ALL(l, closed_until, c->venues, setting == CLOSED || setting == CLOSED_COVERT ? 1500 : 0);
    return n;
}

static void frighten_all(struct lab *l, double fear)
{
    for (uint32_t s = 0; s < l->city->seats; s++) {
        fear_put(l->city, s, -INFINITY);
        fear_raise(l->city, s, fear);
    }
}

/* Rates as the ODD has them, written a second time. Both protections act on the day on which they have faded. */
static double client_rate(enum setting setting, bool exploited, double fear, double protection, bool board)
{
    static const double place[SETTINGS] = {1, 1, 0, 0, 1.8, 2.6};
    double at = place[setting] * (setting == COVERT && exploited ? 1.4 : 1);
    return 0.06 * at * (exploited ? 3.5 : 1) * (1 - protection) * (board && setting <= COVERT ? 0.6 : 1) *
           (1 + 2.2 * fear);
}

static double owner_rate(enum setting setting, bool exploited, double protection)
{
    return setting == STREET ? 0 : 0.05 * (exploited ? 4.5 : 1) * (1 - protection);
}

/* Counts of many days with their expected number: a factor shows in the sum over all days on which it had one value. */
struct pool {
    double clients, owners, expected_clients, expected_owners;
};

static void pour(struct pool *pool, double clients, double expected_clients, double owners, double expected_owners)
{
    pool->clients += clients, pool->expected_clients += expected_clients;
    pool->owners += owners, pool->expected_owners += expected_owners;
}

static void test_violence_by_every_combination_of_its_factors(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        double value;
    } values[] = {{"violence.client_violence", 0.06},    {"violence.coerced_violence", 3.5},
                  {"violence.owner_violence", 0.05},     {"violence.owner_violence_exploited", 4.5},
                  {"violence.repression_violence", 2.2}, {"violence.board_protection", 0.4},
                  {"venues.covert_violence", 1.4},       {"venues.private_violence", 1.8},
                  {"venues.street_violence", 2.6},       {"violence.protect_half_life", 50},
                  {"violence.report_rate", 0.35},        {"fear.half_life", 3650}};
    static const double fears[] = {0, 0.3, 1}, protections[] = {0, 0.45};
    const double faded = exp2(-1 / 50.0);
    struct lab l;
    struct city *c = quiet(&l, effort(150, 400));
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) lab_set(&l, values[i].path, values[i].value);
    int32_t day = 1;
    struct pool by_place[SETTINGS * CLASSES] = {0}, by_fear[3] = {0}, by_protection[2] = {0}, by_board[2] = {0};
    for (enum setting setting = 0; setting < SETTINGS; setting++)
        for (enum class class = 0; class < CLASSES; class ++) {
            bool exploited = class != CLASS_ADULT;
            if ((setting == STREET && exploited) || (setting == PRIVATE && !exploited)) continue;
            double n = arrange(&l, setting, class);
            for (int i = 0; i < 12; i++) {
                double fear = fears[i % 3], protection = protections[i / 3 % 2];
                lab_day(&l, ++day), lab_reset(&l);
                frighten_all(&l, fear);
                LAB_ALL(&l, protection, c->districts, protection);
                LAB_ALL(&l, covered, c->venues, i >= 6);
                lab_step(&l, "violence");
                double clients = lab_metric(&l, "violence.violence_client"),
                       owners = lab_metric(&l, "violence.violence_owner");
                double mean = n * client_rate(setting, exploited, fear, protection * faded, i >= 6),
                       owners_mean = n * owner_rate(setting, exploited, protection * faded);
                assert_poisson(clients, mean);
                assert_poisson(owners, owners_mean);
                pour(&by_place[(int)setting * CLASSES + (int)class], clients, mean, owners, owners_mean);
                pour(&by_fear[i % 3], clients, mean, owners, owners_mean);
                pour(&by_protection[i / 3 % 2], clients, mean, owners, owners_mean);
                if (setting <= COVERT) pour(&by_board[i >= 6], clients, mean, owners, owners_mean);
                assert_same(lab_metric(&l, "violence.violence_client_adults"), exploited ? 0 : clients);
                assert_binomial(lab_metric(&l, "violence.reports"), clients + owners, 0.35 * (1 - fear));
            }
        }
    const struct pool *pools[] = {by_place, by_fear, by_protection, by_board};
    static const int sizes[] = {SETTINGS * CLASSES, 3, 2, 2};
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < sizes[i]; k++) {
            assert_poisson(pools[i][k].clients, pools[i][k].expected_clients);
            assert_poisson(pools[i][k].owners, pools[i][k].expected_owners);
        }
    lab_close(&l);
}

/* Whom violence meets how often within a day: a Poisson number for each person, several of them possible. Each incident is
 * reported or not by itself, so that the reports of a person are a Poisson number too. */
static void expect_incidents(double reported)
{
    enum { MOST = 9 };
    const double mean = (0.3 + 0.15) * reported; /* of clients and owners together */
    double count[MOST] = {0}, chance[MOST], sum = 0;
    struct lab l;
    struct city *c = quiet(&l, effort(150, 800));
    lab_set(&l, "violence.client_violence", 0.3);
    lab_set(&l, "violence.owner_violence", 0.15);
    lab_set(&l, "violence.report_rate", reported);
    for (uint32_t v = 0; v < c->venues; v++) lab_fill(&l, v, CLASS_ADULT, SLOTS / 2);
    lab_step(&l, "violence");
    uint8_t *times = calloc(c->seats, 1);
    assert_non_null(times);
    for (uint32_t i = 0; i < c->n_reports; i++) times[c->reports[i].seat]++;
    for (uint32_t v = 0; v < c->venues; v++)
        for (uint32_t k = 0; k < SLOTS / 2; k++) count[times[c->first_seat[v] + k]]++;
    free(times);
    for (int k = 0; k < MOST; k++) sum += chance[k] = exp(k * log(mean) - mean - lgamma(k + 1));
    chance[MOST - 1] += 1 - sum;
    assert_bins(count, chance, MOST);
    lab_close(&l);
}

static void test_incidents_of_a_person_are_poisson(void **state)
{
    (void)state;
    expect_incidents(1);
    expect_incidents(0.4);
}

/* Each of a person's incidents of a day has a number of its own, so that each is reported and answered by its own luck. */
static void test_incidents_of_a_day_are_told_apart(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = quiet(&l, 2);
    lab_set(&l, "violence.client_violence", 0.5);
    lab_set(&l, "violence.owner_violence", 0.5);
    lab_set(&l, "violence.report_rate", 1);
    lab_fill(&l, 0, CLASS_ADULT, 3);
    double incidents = 0;
    for (int32_t day = 1; day <= 2000; day++) {
        lab_day(&l, day);
        lab_step(&l, "violence");
        incidents += c->n_reports;
        for (uint32_t i = 0; i < c->n_reports; i++)
            for (uint32_t k = 0; k < i; k++)
                assert_false(c->reports[i].seat == c->reports[k].seat &&
                             c->reports[i].incident == c->reports[k].incident);
    }
    assert_poisson(incidents, 2000 * 3 * (0.5 + 0.5));
    lab_close(&l);
}

static void test_earned_protection_halves(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = quiet(&l, 4);
    lab_set(&l, "violence.protect_half_life", 30);
    for (int32_t day = 1; day <= 95; day++) {
        lab_day(&l, day);
        if (day == 1) c->protection[0] = 0.8;
        if (day == 36) c->protection[1] = 0.6;
        lab_step(&l, "violence");
        if (day == 30 || day == 90) assert_close(c->protection[0], day == 30 ? 0.4 : 0.1, 1e-12);
        if (day == 95) assert_close(c->protection[1], 0.15, 1e-12);
    }
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times_and_causes_of_the_end_of_exploitation),
        cmocka_unit_test(test_adults_stay_for_an_exponential_time),
        cmocka_unit_test(test_ages_at_recruitment_are_uniform),
        cmocka_unit_test(test_a_cohort_comes_of_age_unless_it_escapes),
        cmocka_unit_test(test_the_stationary_age_profile),
        cmocka_unit_test(test_infection_competes_with_leaving_under_fear_and_service),
        cmocka_unit_test(test_violence_by_every_combination_of_its_factors),
        cmocka_unit_test(test_incidents_of_a_person_are_poisson),
        cmocka_unit_test(test_incidents_of_a_day_are_told_apart),
        cmocka_unit_test(test_earned_protection_halves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Health service, care, boards and surveys in their long form: coverage within 90 days against the renewal formula, visits
 * and services by every combination of their factors, who gets a bed, how long adults are held, when boards find, and what a
 * survey estimates. */
#include <math.h>

#include "tests/bins.h"
#include "tests/effort.h"
#include "tests/world_support.h"

enum { SLOTS = 20, WITHIN = 90 /* days: by the ODD, not by the code */ };

static struct city *city_of(struct lab *l, int64_t venues)
{
    lab_init(l);
    lab_set(l, "region.venues", (double)venues);
    lab_set(l, "region.districts", (double)(venues / 2)); /* 20 seats in each street */
    lab_set(l, "region.traffickers", 0);
    lab_set(l, "venues.private_capacity", 1); /* 8 seats in the private places */
    lab_open(l, 0);
    return l->city;
}

static double poisson_chance(double k, double mean)
{
    return mean > 0 ? exp(k * log(mean) - mean - lgamma(k + 1)) : k == 0;
}

static double binomial_chance(double k, double n, double p)
{
    if (p <= 0 || p >= 1) return k == (p >= 1 ? n : 0);
    return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log1p(-p));
}

/* ---- coverage ---- */

struct coverage {
    enum place_kind kind;
    enum class class;
    enum mode mode;
    bool covered;
};

enum { TOGETHER = 5 /* persons in each place */, VISITS_MOST = 60 };

/* The number of persons of a place who were served within `days`, exactly: K visits of outreach are admitted, a Poisson number;
 * each serves everybody with the chance `uptake`, independently; clinics serve each at a rate of his own. */
static void coverage_chances(double days, double admitted, double uptake, double clinic, double *chance)
{
    for (int j = 0; j <= TOGETHER; j++) chance[j] = 0;
    for (int k = 0; k < VISITS_MOST; k++) {
        double served = 1 - exp(-clinic * days) * pow(1 - uptake, k);
        for (int j = 0; j <= TOGETHER; j++)
            chance[j] += poisson_chance(k, admitted * days) * binomial_chance(j, TOGETHER, served);
    }
}

static void count_served(const struct city *c, enum place_kind kind, double *count)
{
    for (int j = 0; j <= TOGETHER; j++) count[j] = 0;
    for (uint32_t p = 0; p < c->places; p++) {
        int served = 0;
        if (place_kind(c, p) != kind || c->occupied[p] == 0) continue;
        for (uint64_t m = c->occupied[p]; m;) served += is_served(c, next_seat(c, p, &m));
        count[served]++;
    }
}

static void expect_coverage(const struct coverage *s)
{
    struct lab l;
    struct city *c = city_of(&l, effort(1500, 8000));
    bool exploited = s->class != CLASS_ADULT;
    double places = 0;
    lab_set(&l, "policy.outreach", 1.6);
    lab_set(&l, "health.outreach_rate", 0.02);
    lab_set(&l, "health.clinic_rate", 0.008);
    lab_set(&l, "health.coerced_uptake", 0.45);
    lab_set(&l, "health.board_uptake", 1.3);
    LAB_ALL(&l, access, c->venues, 0.55f);
    LAB_ALL(&l, access_baseline, c->venues, 0.55f);
    LAB_ALL(&l, mode, c->venues, (uint8_t)s->mode);
    LAB_ALL(&l, covered, c->venues, s->covered);
    for (uint32_t p = 0; p < c->places; p++)
        if (place_kind(c, p) == s->kind && c->size[p] >= TOGETHER) lab_fill(&l, p, s->class, TOGETHER), places++;
    double factor = (exploited ? 0.45 : 1) * (s->kind == PLACE_VENUE && s->covered ? 1.3 : 1);
    double clinic = 0.008 * factor * (s->kind == PLACE_PRIVATE ? 0.2 : s->kind == PLACE_STREET ? 0.7 : 1);
    double admitted = s->kind == PLACE_VENUE ? 0.02 * 1.6 * 0.55 * (s->mode == MODE_COVERT ? 0.5 : 1) : 0;
    for (int32_t day = 1; day <= 140; day++) {
        double count[TOGETHER + 1], chance[TOGETHER + 1], mean = 0, days = day < WITHIN ? day : WITHIN;
        lab_day(&l, day);
        lab_step(&l, "health");
        if (day != 30 && day != 90 && day != 140) continue;
        count_served(c, s->kind, count);
        coverage_chances(days, admitted, 0.6 * factor, clinic, chance);
        assert_bins(count, chance, TOGETHER + 1);
        /* for one person this is the renewal formula */
        for (int j = 0; j <= TOGETHER; j++) mean += chance[j] * j / TOGETHER;
        assert_close(mean, 1 - exp(-days * (clinic + admitted * 0.6 * factor)), 1e-9);
        double served = 0;
        for (int j = 0; j <= TOGETHER; j++) served += count[j] * j;
        lab_observe(&l, "health");
        assert_close(lab_metric(&l, exploited ? "health.exploited_coverage" : "health.health_coverage"),
                     served / (places * TOGETHER), 1e-12);
    }
    lab_close(&l);
}

static void test_coverage_follows_the_renewal_formula(void **state)
{
    (void)state;
    static const struct coverage settings[] = {
        {PLACE_VENUE, CLASS_ADULT, MODE_NONE, false},   {PLACE_VENUE, CLASS_ADULT, MODE_COVERT, true},
        {PLACE_VENUE, CLASS_COERCED, MODE_OPEN, false}, {PLACE_VENUE, CLASS_MINOR, MODE_COVERT, true},
        {PLACE_STREET, CLASS_ADULT, MODE_NONE, true},   {PLACE_PRIVATE, CLASS_MINOR, MODE_PRIVATE, true},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) expect_coverage(&settings[i]);
}

/* Each visit of a day is admitted and used by luck of its own: the same formula for a single day of many visits. */
static void test_visits_of_one_day_are_independent(void **state)
{
    (void)state;
    double count[TOGETHER + 1], chance[TOGETHER + 1];
    struct lab l;
    struct city *c = city_of(&l, effort(6000, 20000));
    lab_set(&l, "health.outreach_rate", 1);
    lab_set(&l, "policy.outreach", 2);
    lab_set(&l, "health.clinic_rate", 0);
    lab_set(&l, "health.uptake", 0.4);
    LAB_ALL(&l, access, c->venues, 0.7f);
    LAB_ALL(&l, access_baseline, c->venues, 0.7f);
    for (uint32_t v = 0; v < c->venues; v++) lab_fill(&l, v, CLASS_ADULT, TOGETHER);
    lab_step(&l, "health");
    count_served(c, PLACE_VENUE, count);
    coverage_chances(1, 2 * 0.7, 0.4, 0, chance);
    assert_bins(count, chance, TOGETHER + 1);
    lab_close(&l);
}

/* With persons who leave and others who come, a slot is a small Markov chain: empty, or taken by somebody who was served k
 * days ago, or never or too long ago. Slots are independent, so numbers are binomial with the chain's chances. */
struct slot {
    double empty, served[WITHIN], unserved;
};

static void slot_day(struct slot *s, double comes, double leaves, double is_served_today)
{
    struct slot next = {0};
    double present = s->unserved + s->empty * comes, stay = 1 - leaves;
    for (int k = 0; k < WITHIN; k++) present += s->served[k];
    next.empty = s->empty * (1 - comes) + present * leaves;
    next.served[0] = present * stay * is_served_today;
    for (int k = 1; k < WITHIN; k++) next.served[k] = s->served[k - 1] * stay * (1 - is_served_today);
    next.unserved = (s->unserved + s->empty * comes + s->served[WITHIN - 1]) * stay * (1 - is_served_today);
    *s = next;
}

static void test_coverage_of_persons_who_come_and_go(void **state)
{
    (void)state;
    enum { DAYS = 200 };
    const double tenure = 80, rate = 0.011, refill = 0.15;
    struct lab l;
    struct city *c = city_of(&l, effort(1000, 8000));
    lab_set(&l, "persons.adult_tenure", tenure);
    lab_set(&l, "staffing.refill_rate", refill);
    lab_set(&l, "health.clinic_rate", rate);
    lab_set(&l, "policy.outreach", 0);
    struct slot slot = {.empty = 1};
    for (int32_t day = 1; day <= DAYS; day++) {
        lab_day(&l, day);
        lab_step(&l, "staffing"), lab_step(&l, "persons"), lab_step(&l, "health");
        slot_day(&slot, daily_chance(refill), daily_chance(1 / tenure), daily_chance(rate));
    }
    double adults = c->count[PLACE_VENUE][CLASS_ADULT], served = 0;
    for (int k = 0; k < WITHIN; k++) served += slot.served[k];
    assert_binomial(adults, (double)c->venues * SLOTS, 1 - slot.empty);
    lab_observe(&l, "health");
    assert_binomial(round(lab_metric(&l, "health.health_coverage") * adults), adults, served / (1 - slot.empty));
    lab_close(&l);
    /* The stationary state of that chain is a renewal formula: of those who have been there for k days, geometric, the share
     * 1 - exp(-rate min(k, 90)). */
    for (int32_t day = 0; day < 20 * tenure; day++)
        slot_day(&slot, daily_chance(refill), daily_chance(1 / tenure), daily_chance(rate));
    double share = 0, closed = 0, sum = 0, stay = exp(-1 / tenure);
    for (int k = 0; k < WITHIN; k++) share += slot.served[k] / (1 - slot.empty);
    for (int k = 1; k < 100 * tenure; k++) {
        closed += (1 - stay) * pow(stay, k - 1) * (1 - exp(-rate * (k < WITHIN ? k : WITHIN)));
        sum += (1 - stay) * pow(stay, k - 1);
    }
    assert_close(sum, 1, 1e-12);
    assert_close(share, closed, exp(-20));
}

/* ---- visits and services ---- */

static void test_visits_of_a_day_are_poisson(void **state)
{
    (void)state;
    enum { MOST = 16 };
    double count[MOST] = {0}, chance[MOST], sum = 0, visits = 0;
    const int32_t days = (int32_t)effort(6000, 60000);
    struct lab l;
    struct city *c = city_of(&l, 20);
    lab_set(&l, "health.outreach_rate", 0.1);
    lab_set(&l, "policy.outreach", 2.2);
    lab_set(&l, "health.clinic_rate", 0);
    for (int32_t day = 1; day <= days; day++) {
        lab_day(&l, day);
        lab_step(&l, "health");
        count[c->visits < MOST ? c->visits : MOST - 1]++;
        visits += c->visits;
    }
    for (int k = 0; k < MOST; k++) sum += chance[k] = poisson_chance(k, 20 * 0.1 * 2.2);
    chance[MOST - 1] += 1 - sum;
    assert_bins(count, chance, MOST);
    assert_poisson(visits, days * 20 * 0.1 * 2.2);
    lab_close(&l);
}

static void frighten_all(struct lab *l, double fear)
{
    for (uint32_t s = 0; s < l->city->seats; s++) {
        fear_put(l->city, s, -INFINITY);
        fear_raise(l->city, s, fear);
    }
}

/* Chances are cut to 1 after fear has acted on them: 1.1 of half the fear is 0.55. */
static void test_uptake_by_every_combination_of_its_factors(void **state)
{
    (void)state;
    static const double fears[] = {0, 0.3, 0.5, 1}, uptakes[] = {0.25, 0.55}, accesses[] = {0, 0.35, 1};
    struct lab l;
    struct city *c = city_of(&l, effort(600, 4000));
    lab_set(&l, "health.outreach_rate", 0.6);
    lab_set(&l, "health.coerced_uptake", 0.7);
    lab_set(&l, "health.board_uptake", 2);
    lab_set(&l, "health.clinic_rate", 0);
    int32_t day = 1;
    double visits[3][2] = {0}, admissions[3][2] = {0}; /* by access and mode */
    for (enum class class = 0; class < CLASSES; class ++) {
        lab_empty(&l);
        for (uint32_t v = 0; v < c->venues; v++) lab_fill(&l, v, class, 7);
        for (int i = 0; i < 96; i++) {
            double fear = fears[i % 4], uptake = uptakes[i / 4 % 2], access = accesses[i / 8 % 3];
            bool board = i / 24 % 2, covert = i / 48;
            double chance = uptake * (board ? 2 : 1) * (class == CLASS_ADULT ? 1 : 0.7) * (1 - fear);
            lab_day(&l, ++day), lab_reset(&l);
            lab_set(&l, "health.uptake", uptake);
            LAB_ALL(&l, access, c->venues, (float)access);
            LAB_ALL(&l, access_baseline, c->venues, (float)access);
            LAB_ALL(&l, covered, c->venues, board);
            LAB_ALL(&l, mode, c->venues, covert ? MODE_COVERT : MODE_OPEN);
            frighten_all(&l, fear);
            lab_step(&l, "health");
            double admitted = lab_metric(&l, "health.outreach_visits");
            assert_poisson(c->visits, c->venues * 0.6);
            assert_binomial(admitted, c->visits, (float)access * (covert ? 0.5 : 1));
            visits[i / 8 % 3][covert] += c->visits, admissions[i / 8 % 3][covert] += admitted;
            assert_binomial(lab_metric(&l, "health.persons_served"), 7 * admitted, fmin(chance, 1));
        }
    }
    for (int i = 0; i < 6; i++)
        assert_binomial(admissions[i / 2][i % 2], visits[i / 2][i % 2], (float)accesses[i / 2] * (i % 2 ? 0.5 : 1));
    lab_close(&l);
}

static void test_clinics_by_every_combination_of_their_factors(void **state)
{
    (void)state;
    static const double fears[] = {0, 0.3, 1};
    struct lab l;
    struct city *c = city_of(&l, effort(600, 4000));
    lab_set(&l, "policy.outreach", 0);
    lab_set(&l, "health.clinic_rate", 0.8);
    lab_set(&l, "health.coerced_uptake", 0.65);
    lab_set(&l, "venues.private_access", 0.35);
    lab_set(&l, "venues.street_access", 0.75);
    int32_t day = 1;
    for (enum place_kind kind = 0; kind < PLACE_KINDS; kind++)
        for (enum class class = 0; class < CLASSES; class ++) {
            static const double place[PLACE_KINDS] = {1, 0.35, 0.75};
            double n = 0, services = 0, expected = 0;
            if ((kind == PLACE_STREET && class != CLASS_ADULT) || (kind == PLACE_PRIVATE && class == CLASS_ADULT))
                continue;
            lab_empty(&l);
            for (uint32_t p = 0; p < c->places; p++)
                if (place_kind(c, p) == kind) lab_fill(&l, p, class, c->size[p]), n += c->size[p];
            for (int i = 0; i < 12; i++) {
                double fear = fears[i % 3], most = i < 6 ? 1.8 : 0.4; /* boards may be shunned */
                bool board = i / 3 % 2;
                double own = 0.8 * place[kind] * (class == CLASS_ADULT ? 1 : 0.65) * (1 - fear) *
                             (board && kind == PLACE_VENUE ? most : 1);
                lab_day(&l, ++day), lab_reset(&l);
                lab_set(&l, "health.board_uptake", most);
                LAB_ALL(&l, covered, c->venues, board);
                frighten_all(&l, fear);
                lab_step(&l, "health");
                assert_poisson(lab_metric(&l, "health.persons_served"), n * own);
                services += lab_metric(&l, "health.persons_served"), expected += n * own;
            }
            assert_poisson(services, expected);
        }
    lab_close(&l);
}

/* ---- boards ---- */

static void test_boards_find_after_a_geometric_time(void **state)
{
    (void)state;
    enum { STRETCHES = 25, DAYS = 4 };
    const double chance_of_day = 0.55 * daily_chance(0.03 * 0.8);
    double count[STRETCHES + 1] = {0}, chance[STRETCHES + 1] = {0}, there = 1, removed = 0;
    struct lab l;
    struct city *c = city_of(&l, effort(600, 6000));
    lab_set(&l, "policy.board_coverage", 1);
    lab_set(&l, "board.board_detection", 0.03);
    lab_set(&l, "board.board_honesty", 0.8);
    lab_set(&l, "board.board_removal", 0.55);
    lab_enact(&l);
    for (uint32_t v = 0; v < c->venues; v++) lab_fill(&l, v, v % 2 ? CLASS_MINOR : CLASS_COERCED, SLOTS);
    for (int32_t day = 1; day <= STRETCHES * DAYS; day++) {
        double before = removed;
        lab_day(&l, day);
        lab_step(&l, "board");
        removed = lab_metric(&l, "board.board_removals");
        count[(day - 1) / DAYS] += removed - before;
        chance[(day - 1) / DAYS] += there * chance_of_day;
        there *= 1 - chance_of_day;
    }
    count[STRETCHES] = (double)c->venues * SLOTS - removed;
    chance[STRETCHES] = there;
    assert_bins(count, chance, STRETCHES + 1);
    assert_binomial(removed, lab_metric(&l, "board.board_findings"), 0.55);
    lab_close(&l);
}

/* ---- care ---- */

static void absent(struct city *c, uint32_t n, enum absence absence, enum class class)
{
    struct person person = {.fear = -INFINITY, .due = UINT16_MAX, .supplier = NOBODY, .class = (uint8_t) class};
    c->entered += n;
    for (uint32_t i = 0; i < n; i++) person_absent(c, person, absence, i);
}

static void test_everybody_has_the_same_chance_of_the_last_bed(void **state)
{
    (void)state;
    enum { N = 17 };
    double count[N] = {0};
    struct lab l;
    struct city *c = city_of(&l, 20);
    lab_set(&l, "policy.care_beds", 1);
    for (int32_t day = 1; day <= effort(2500, 40000); day++) {
        lab_day(&l, day);
        absent(c, N, ABSENT_RESCUED, CLASS_MINOR);
        lab_step(&l, "care");
        for (uint32_t i = 0; i < c->n_absent; i++) count[c->absent[i].from] += c->absent[i].absence == ABSENT_IN_CARE;
        lab_empty(&l);
    }
    assert_even_bins(count, N);
    lab_close(&l);
}

static void test_adults_are_held_for_an_exponential_time_of_ten_years_at_most(void **state)
{
    (void)state;
    enum { MOST = 3650, BIN = 146, PARTS = MOST / BIN };
    const double rate = 0.0006;
    double count[PARTS + 1] = {0}, chance[PARTS + 1];
    struct lab l;
    struct city *c = city_of(&l, 400);
    lab_set(&l, "care.adult_release_rate", rate);
    for (int32_t day = 1; day <= effort(4, 40); day++) {
        lab_day(&l, day);
        absent(c, 4000, ABSENT_TAKEN_ADULT, CLASS_ADULT);
        lab_step(&l, "care");
        for (uint32_t i = 0; i < c->n_absent; i++) {
            int32_t days = c->absent[i].until - day - 1;
            assert_true(days >= 0 && days <= MOST);
            count[days / BIN]++; /* 3650 days: the last bin */
        }
        c->adults_in_care = 0;
        lab_empty(&l);
    }
    for (int i = 0; i < PARTS; i++) chance[i] = exp(-rate * BIN * i) * daily_chance(rate * BIN);
    chance[PARTS] = exp(-rate * MOST);
    assert_bins(count, chance, PARTS + 1);
    lab_close(&l);
}

/* From a random venue on, the first with a vacancy: of 20 venues 3, 4 and 11 have any. */
static void test_adults_return_to_the_first_vacancy_from_a_random_venue_on(void **state)
{
    (void)state;
    static const double chance[] = {12 / 20.0, 1 / 20.0, 7 / 20.0};
    double count[3] = {0}, returned = 0;
    struct lab l;
    struct city *c = city_of(&l, 20);
    lab_set(&l, "care.adult_return_share", 0.8);
    const int32_t days = (int32_t)effort(40000, 60000);
    LAB_ALL(&l, closed_until, 20, UINT16_MAX);
    c->closed_until[3] = c->closed_until[4] = c->closed_until[11] = 0;
    for (int32_t day = 1; day <= days; day++) {
        lab_day(&l, day);
        absent(c, 1, ABSENT_HELD_ADULT, CLASS_ADULT);
        c->adults_in_care = 1;
        lab_step(&l, "care");
        count[0] += c->occupied[3] != 0, count[1] += c->occupied[4] != 0, count[2] += c->occupied[11] != 0;
        returned += c->count[PLACE_VENUE][CLASS_ADULT];
        lab_empty(&l);
    }
    assert_bins(count, chance, 3);
    assert_binomial(returned, days, 0.8);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_coverage_follows_the_renewal_formula),
        cmocka_unit_test(test_visits_of_one_day_are_independent),
        cmocka_unit_test(test_coverage_of_persons_who_come_and_go),
        cmocka_unit_test(test_visits_of_a_day_are_poisson),
        cmocka_unit_test(test_uptake_by_every_combination_of_its_factors),
        cmocka_unit_test(test_clinics_by_every_combination_of_their_factors),
        cmocka_unit_test(test_boards_find_after_a_geometric_time),
        cmocka_unit_test(test_everybody_has_the_same_chance_of_the_last_bed),
        cmocka_unit_test(test_adults_are_held_for_an_exponential_time_of_ten_years_at_most),
        cmocka_unit_test(test_adults_return_to_the_first_vacancy_from_a_random_venue_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Places in their long form: how venues differ, how long a vacancy or a surplus lasts, where persons go from the street, and
 * what a survey of venues estimates. */
#include <math.h>

#include "tests/bins.h"
#include "tests/effort.h"
#include "tests/world_support.h"

/* Days of a test stay below 60,000, the longest calendar that there is: the model keeps days in 16 bits. */
enum { SLOTS = 20 };

/* ---- region ---- */

static double normal_below(double x) { return 0.5 * erfc(-x / sqrt(2)); }

static void test_slots_are_lognormal_and_cut(void **state)
{
    (void)state;
    enum { LEAST = 5, MOST = 60 };
    static const double means[] = {2.9, 1.5, 4.1}, deviations[] = {0.55, 0.3, 0.4};
    for (int i = 0; i < 3; i++) {
        double count[MOST + 1] = {0}, chance[MOST + 1] = {0}, below = 0;
        struct lab l;
        lab_init(&l);
        lab_set(&l, "region.venues", (double)effort(15000, 300000));
        lab_set(&l, "region.slots_log_mean", means[i]);
        lab_set(&l, "region.slots_log_sd", deviations[i]);
        lab_open(&l, 0);
        for (uint32_t v = 0; v < l.city->venues; v++) count[l.city->size[v]]++;
        for (int k = LEAST; k <= MOST; k++) {
            double up = k == MOST ? 1 : normal_below((log(k + 0.5) - means[i]) / deviations[i]);
            chance[k] = up - below;
            below = up;
        }
        assert_bins(count, chance, MOST + 1);
        lab_close(&l);
    }
}

static void test_visibility_and_access_are_uniform_and_independent(void **state)
{
    (void)state;
    enum { PARTS = 12 };
    double count[PARTS * PARTS] = {0};
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", (double)effort(20000, 400000));
    lab_set(&l, "region.visibility_minimum", 0.2);
    lab_set(&l, "region.access_minimum", 0.3);
    lab_set(&l, "region.access_maximum", 0.9);
    lab_open(&l, 0);
    for (uint32_t v = 0; v < l.city->venues; v++) {
        double visibility = (l.city->visibility[v] - 0.2) / 0.8, access = (l.city->access_baseline[v] - 0.3) / 0.6;
        assert_true(visibility > -1e-6 && visibility < 1 + 1e-6 && access > -1e-6 && access < 1 + 1e-6);
        int i = (int)fmin(visibility * PARTS, PARTS - 1), j = (int)fmin(access * PARTS, PARTS - 1);
        count[i * PARTS + j]++;
        assert_same(l.city->access[v], l.city->access_baseline[v]);
    }
    assert_even_bins(count, PARTS * PARTS);
    lab_close(&l);
}

/* ---- staffing ---- */

static struct city *staffed(struct lab *l, int64_t venues)
{
    lab_init(l);
    lab_set(l, "region.venues", (double)venues);
    lab_set(l, "region.traffickers", 0);
    lab_set(l, "staffing.refill_rate", 0);
    lab_set(l, "staffing.return_rate", 0);
    lab_set(l, "staffing.dismiss_rate", 0);
    lab_set(l, "staffing.displace_share", 0);
    lab_open(l, 0);
    return l->city;
}

enum { LIVED = 40 };

/* Of `n` each ends after a geometric time: so many on each day. */
static void expect_geometric(const double *ended, double n, double chance_of_day)
{
    double count[LIVED + 1], chance[LIVED + 1], sum = 0;
    for (int i = 0; i < LIVED; i++) {
        count[i] = ended[i];
        sum += ended[i];
        chance[i] = pow(1 - chance_of_day, i) * chance_of_day;
    }
    count[LIVED] = n - sum;
    chance[LIVED] = pow(1 - chance_of_day, LIVED);
    assert_bins(count, chance, LIVED + 1);
}

/* Owners want 8 of 12 in the venue, and nobody in the private place: those in the lowest seats are let go, each for itself. */
static void test_the_surplus_is_let_go_after_a_geometric_time(void **state)
{
    (void)state;
    double ended[LIVED] = {0}, before = 0;
    struct lab l;
    struct city *c = staffed(&l, effort(2000, 20000));
    lab_set(&l, "staffing.dismiss_rate", 0.16);
    LAB_ALL(&l, mode, c->venues, MODE_OPEN);
    for (uint32_t v = 0; v < c->venues; v++) {
        lab_fill(&l, v, CLASS_MINOR, 12);
        lab_fill(&l, private_place(c, v), CLASS_COERCED, 2);
    }
    for (int32_t day = 1; day <= LIVED; day++) {
        lab_day(&l, day);
        lab_step(&l, "staffing");
        ended[day - 1] += lab_metric(&l, "staffing.dismissed") - before;
        before = lab_metric(&l, "staffing.dismissed");
    }
    expect_geometric(ended, (4.0 + 2) * c->venues, daily_chance(0.16));
    for (uint32_t v = 0; v < c->venues; v++) assert_true((c->exploited[v] & 0xff0) == 0xff0);
    lab_close(&l);
}

/* While there are vacancies, a share of those let go is moved to them; the others are gone. */
static void test_a_share_of_those_let_go_is_displaced(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = staffed(&l, effort(2000, 8000));
    lab_set(&l, "staffing.dismiss_rate", 1);
    lab_set(&l, "staffing.displace_share", 0.35);
    for (uint32_t v = 0; v < c->venues; v++) {
        c->mode[v] = v % 2 ? MODE_OPEN : MODE_NONE;
        if (v % 2 == 0) lab_fill(&l, v, CLASS_MINOR, 7);
    }
    lab_step(&l, "staffing");
    double displaced = lab_metric(&l, "staffing.displaced"), dismissed = lab_metric(&l, "staffing.dismissed");
    assert_binomial(displaced + dismissed, 7.0 * c->venues / 2, daily_chance(1));
    assert_binomial(displaced, displaced + dismissed, 0.35);
    assert_same(c->gone, dismissed);
    assert_same(exploited_now(c), 7.0 * c->venues / 2 - dismissed);
    lab_close(&l);
}

static void test_vacancies_and_the_street_empty_after_a_geometric_time(void **state)
{
    (void)state;
    double filled[LIVED] = {0}, returned[LIVED] = {0}, street = 0, irregular = 0;
    struct lab l;
    struct city *c = staffed(&l, effort(800, 8000));
    lab_set(&l, "staffing.refill_rate", 0.18);
    LAB_ALL(&l, mode, c->venues, MODE_COVERT); /* 6 of 20 slots reserved */
    for (int32_t day = 1; day <= LIVED; day++) {
        double before = (double)c->entered;
        lab_day(&l, day);
        lab_step(&l, "staffing");
        filled[day - 1] += (double)c->entered - before;
    }
    expect_geometric(filled, 14.0 * c->venues, daily_chance(0.18));
    for (uint32_t s = 0; s < c->seats; s++) irregular += (traits_of(c, s) & TRAIT_IRREGULAR) != 0;
    assert_binomial(irregular, (double)c->entered, 0.2); /* newcomers of a day each by their own luck */
    lab_empty(&l);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_set(&l, "staffing.return_rate", 0.14);
    for (uint32_t p = 2 * c->venues; p < c->places; p++) lab_fill(&l, p, CLASS_ADULT, c->size[p]), street += c->size[p];
    for (int32_t day = 1; day <= LIVED; day++) {
        double before = c->count[PLACE_STREET][CLASS_ADULT];
        lab_day(&l, day);
        lab_step(&l, "staffing");
        returned[day - 1] += before - c->count[PLACE_STREET][CLASS_ADULT];
    }
    expect_geometric(returned, street, daily_chance(0.14));
    assert_same(c->count[PLACE_VENUE][CLASS_ADULT] + c->count[PLACE_STREET][CLASS_ADULT], street);
    lab_close(&l);
}

enum { PLACES_MOST = 4, PAIRS = PLACES_MOST * PLACES_MOST };

/* Two persons of one day take two of all the vacancies, every pair with the same chance: so where both are, the chance of a
 * pair of places with this room. */
static void pair_chances(const double *room, int n, double *chance)
{
    double all = 0;
    for (int i = 0; i < n; i++) all += room[i];
    for (int i = 0; i < PAIRS; i++) chance[i] = 0;
    for (int i = 0; i < n; i++)
        for (int k = i; k < n; k++)
            chance[i * PLACES_MOST + k] =
                i == k ? room[i] * (room[i] - 1) / all / (all - 1) : 2 * room[i] * room[k] / all / (all - 1);
}

/* Counts a day on which both have gone; returns how many have. */
static uint32_t count_pair(const struct city *c, const uint32_t *places, int n, double *count)
{
    int found[2] = {0};
    uint32_t went = 0;
    for (int i = 0; i < n; i++)
        for (uint32_t k = persons_in(c->occupied[places[i]]); k > 0; k--) found[went++] = i;
    if (went == 2) count[found[0] * PLACES_MOST + found[1]]++;
    return went;
}

static void test_who_returns_from_the_street_takes_any_vacancy_of_the_district(void **state)
{
    (void)state;
    static const uint32_t venues[] = {11, 14, 15, 19};
    static const double room[] = {20, 12, 14, 20};
    double count[PAIRS] = {0}, chance[PAIRS], returned = 0;
    struct lab l;
    struct city *c = staffed(&l, 20);
    lab_set(&l, "staffing.return_rate", 1);
    for (uint32_t v = 10; v < 20; v++) c->closed_until[v] = UINT16_MAX; /* the other district has vacancies in plenty */
    for (int i = 0; i < 4; i++) c->closed_until[venues[i]] = 0;
    c->mode[14] = MODE_OPEN, c->mode[15] = MODE_COVERT, c->mode[19] = MODE_PRIVATE;
    const int32_t days = (int32_t)effort(50000, 60000);
    for (int32_t day = 1; day <= days; day++) {
        lab_day(&l, day);
        lab_fill(&l, c->district_street[1], CLASS_ADULT, 2);
        lab_step(&l, "staffing");
        returned += count_pair(c, venues, 4, count);
        lab_empty(&l);
    }
    pair_chances(room, 4, chance);
    assert_bins(count, chance, PAIRS);
    assert_binomial(returned, 2.0 * days, daily_chance(1));
    lab_close(&l);
}

static void test_who_is_displaced_takes_any_vacancy_of_the_city(void **state)
{
    (void)state;
    static const double room[] = {8, 6, 4};
    double count[PAIRS] = {0}, chance[PAIRS], displaced = 0;
    struct lab l;
    struct city *c = staffed(&l, 20);
    const uint32_t places[] = {2, 9, private_place(c, 19)};
    lab_set(&l, "staffing.dismiss_rate", 1);
    lab_set(&l, "staffing.displace_share", 1);
    c->mode[2] = MODE_OPEN, c->mode[9] = MODE_COVERT, c->mode[19] = MODE_PRIVATE;
    for (int32_t day = 1; day <= effort(50000, 60000); day++) {
        lab_day(&l, day);
        lab_fill(&l, 5, CLASS_MINOR, 2); /* whom the owner does not want */
        lab_step(&l, "staffing");
        displaced += count_pair(c, places, 3, count);
        lab_empty(&l);
    }
    pair_chances(room, 3, chance);
    assert_bins(count, chance, PAIRS);
    assert_same(lab_metric(&l, "staffing.displaced"), displaced);
    lab_close(&l);
}

/* ---- survey ---- */

enum { VISITED = 12 };

/* Venue v has v + 1 adults, who are always seen: so the number of persons seen by one visit tells the venue. */
static struct city *surveyed(struct lab *l, double visits, double *chance)
{
    double sum = 0;
    lab_init(l);
    lab_set(l, "region.venues", VISITED);
    lab_set(l, "survey.survey_venues", visits);
    lab_set(l, "survey.survey_every", 1);
    lab_open(l, 0);
    for (uint32_t v = 0; v < VISITED; v++) {
        lab_fill(l, v, CLASS_ADULT, v + 1);
        l->city->mode[v] = v % 3 == 1 ? MODE_COVERT : v % 3 == 2 ? MODE_PRIVATE : MODE_OPEN;
        l->city->closed_until[v] = v == 4 ? UINT16_MAX : 0;
        chance[v] = v == 4 ? 0 : (double)l->city->visibility[v] * (v % 3 == 1 ? 0.4 : 1);
        sum += chance[v];
    }
    for (int v = 0; v < VISITED; v++) chance[v] /= sum;
    return l->city;
}

static int32_t seen_on(struct lab *l, int32_t survey)
{
    lab_day(l, LAB_BURN_IN - 1 + survey), lab_reset(l);
    lab_step(l, "survey");
    return (int32_t)lab_metric(l, "survey.survey_persons_seen");
}

/* Each venue by its weight, and one survey's venues tell nothing of the next one's. */
static void test_surveys_choose_venues_by_weight_and_anew(void **state)
{
    (void)state;
    double count[VISITED] = {0}, chance[VISITED], pairs[VISITED * VISITED] = {0}, both[VISITED * VISITED];
    struct lab l;
    surveyed(&l, 1, chance);
    for (int32_t survey = 0, before = -1; survey < effort(20000, 60000); survey++) {
        int32_t venue = seen_on(&l, survey) - 1;
        count[venue]++;
        if (survey % 2) pairs[before * VISITED + venue]++;
        before = venue;
    }
    for (int i = 0; i < VISITED * VISITED; i++) both[i] = chance[i / VISITED] * chance[i % VISITED];
    assert_bins(count, chance, VISITED);
    assert_bins(pairs, both, VISITED * VISITED);
    lab_close(&l);
}

/* Two visits of one survey see the sum of two independent ones: also the same venue twice. */
static void test_surveys_visit_with_replacement(void **state)
{
    (void)state;
    double count[2 * VISITED + 1] = {0}, chance[VISITED], sums[2 * VISITED + 1] = {0};
    struct lab l;
    surveyed(&l, 2, chance);
    for (int32_t survey = 0; survey < effort(20000, 60000); survey++) count[seen_on(&l, survey)]++;
    for (int i = 0; i < VISITED * VISITED; i++)
        sums[i / VISITED + i % VISITED + 2] += chance[i / VISITED] * chance[i % VISITED];
    assert_bins(count, sums, 2 * VISITED + 1);
    lab_close(&l);
}

/* In each visit to a covert venue everybody who is exploited is seen with the same chance, anew each time. */
static void test_the_hidden_are_seen_by_chance_at_every_visit(void **state)
{
    (void)state;
    enum { HIDDEN = 3, VISITS = 4 };
    double count[HIDDEN * VISITS + 1] = {0}, chance[HIDDEN * VISITS + 1];
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.districts", 1);
    lab_set(&l, "region.venues", 1);
    lab_set(&l, "survey.survey_venues", VISITS);
    lab_set(&l, "survey.survey_every", 1);
    lab_open(&l, 0);
    l.city->mode[0] = MODE_COVERT;
    lab_fill(&l, 0, CLASS_MINOR, HIDDEN);
    for (int32_t survey = 0; survey < effort(10000, 60000); survey++) count[seen_on(&l, survey)]++;
    for (int k = 0, n = HIDDEN * VISITS; k <= n; k++)
        chance[k] = exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(0.4) + (n - k) * log(0.6));
    assert_bins(count, chance, HIDDEN * VISITS + 1);
    lab_close(&l);
}

struct visit { /* what one visit sees: means, and the mean square of minors - truth * persons */
    double minors, persons, residual_square, minors_square, persons_square;
};

/* The survey is unbiased for what is visible: minors seen and persons seen have the means that the weights say, and their
 * ratio estimates the ratio of these means, by an equation whose mean is zero: minors - truth * persons. */
static void test_the_survey_is_unbiased_for_what_is_visible(void **state)
{
    (void)state;
    enum { VENUES = 30, VISITS = 50 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", VENUES);
    lab_set(&l, "survey.survey_venues", VISITS);
    lab_set(&l, "survey.survey_every", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    double weight[VENUES], sum = 0, minors = 0, persons = 0, surveys = (double)effort(1500, 30000);
    struct visit mean = {0};
    for (uint32_t v = 0; v < VENUES; v++) {
        c->mode[v] = v % 2 ? MODE_COVERT : MODE_OPEN;
        lab_fill(&l, v, CLASS_ADULT, 3 + v % 7), lab_fill(&l, v, CLASS_MINOR, v % 5),
            lab_fill(&l, v, CLASS_COERCED, v % 3);
        lab_fill(&l, private_place(c, v), CLASS_MINOR, 4); /* nobody sees them */
        seat_detain(c, c->first_seat[v], UINT16_MAX - 2);  /* nor the detained */
        sum += weight[v] = (double)c->visibility[v] * (v % 2 ? 0.4 : 1);
    }
    for (uint32_t v = 0; v < VENUES; v++) {
        double p = weight[v] / sum, seen = v % 2 ? 0.4 : 1;
        mean.minors += p * seen * (v % 5);
        mean.persons += p * (2 + v % 7 + seen * (v % 5 + v % 3));
    }
    double truth = mean.minors / mean.persons;
    for (uint32_t v = 0; v < VENUES; v++) {
        double p = weight[v] / sum, seen = v % 2 ? 0.4 : 1, spread = seen * (1 - seen), m = v % 5, k = v % 3;
        double residual = seen * m * (1 - truth) - truth * (2 + v % 7 + seen * k), all = 2 + v % 7 + seen * (m + k);
        mean.minors_square += p * (seen * seen * m * m + spread * m);
        mean.persons_square += p * (all * all + spread * (m + k));
        mean.residual_square +=
            p * (residual * residual + spread * (m * (1 - truth) * (1 - truth) + k * truth * truth));
    }
    for (int32_t survey = 0; survey < surveys; survey++) {
        double seen = seen_on(&l, survey);
        persons += seen;
        minors += lab_metric(&l, "survey.minor_prevalence_surveyed") * seen;
    }
    double n = surveys * VISITS;
    assert_mean(minors / n, n, mean.minors, sqrt(mean.minors_square - mean.minors * mean.minors));
    assert_mean(persons / n, n, mean.persons, sqrt(mean.persons_square - mean.persons * mean.persons));
    assert_mean((minors - truth * persons) / n, n, 0, sqrt(mean.residual_square));
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots_are_lognormal_and_cut),
        cmocka_unit_test(test_visibility_and_access_are_uniform_and_independent),
        cmocka_unit_test(test_the_surplus_is_let_go_after_a_geometric_time),
        cmocka_unit_test(test_a_share_of_those_let_go_is_displaced),
        cmocka_unit_test(test_vacancies_and_the_street_empty_after_a_geometric_time),
        cmocka_unit_test(test_who_returns_from_the_street_takes_any_vacancy_of_the_district),
        cmocka_unit_test(test_who_is_displaced_takes_any_vacancy_of_the_city),
        cmocka_unit_test(test_surveys_choose_venues_by_weight_and_anew),
        cmocka_unit_test(test_surveys_visit_with_replacement),
        cmocka_unit_test(test_the_hidden_are_seen_by_chance_at_every_visit),
        cmocka_unit_test(test_the_survey_is_unbiased_for_what_is_visible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

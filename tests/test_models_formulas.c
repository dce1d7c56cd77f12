/* Formulas without chance, written a second time: the price, fear, access, what owners want, what is counted, what it costs. */
#include <float.h>
#include <math.h>

#include "tests/world_support.h"

/* ---- the price ---- */

/* So many of the exploited in a city of one large district; on the way the market sees them in venues and private places. */
static void populate(struct lab *l, uint32_t exploited)
{
    lab_empty(l);
    for (uint32_t place = 2 * l->city->venues; exploited > 0 && place-- > 0;) {
        uint32_t n = exploited < l->city->size[place] ? exploited : l->city->size[place];
        lab_fill(l, place, place % 3 ? CLASS_MINOR : CLASS_COERCED, n);
        exploited -= n;
    }
}

/* Days of burn-in whose numbers differ, so that a mean over other days is another mean; returns M0. */
static double burn_in(struct lab *l, int32_t days)
{
    double sum = 0;
    for (int32_t day = 0; day < days; day++) {
        uint32_t exploited = 40 + (uint32_t)(day % 7 * day) / 20;
        populate(l, exploited);
        lab_day(l, day);
        lab_step(l, "market");
        assert_same(l->city->price, 1);
        if (day >= days - 180) sum += exploited;
    }
    return sum / (days < 180 ? days : 180);
}

static void test_the_price_by_elasticity_and_scarcity(void **state)
{
    (void)state;
    static const double elasticities[] = {0, 0.1, 0.3, 0.62, 1, 2.4, 3};
    static const uint32_t exploited[] = {0, 1, 2, 20, 50, 80, 110, 200, 470};
    static const int32_t lengths[] = {50, 180, 400};
    for (int i = 0; i < 3; i++) {
        struct lab l;
        lab_init(&l);
        l.study.calendar.burn_in = lengths[i];
        lab_open(&l, 0);
        double mean = burn_in(&l, lengths[i]);
        for (int32_t k = 0; k < 63; k++) {
            double elasticity = elasticities[k % 7], present = exploited[k / 7];
            lab_set(&l, "market.price_elasticity", elasticity);
            populate(&l, exploited[k / 7]);
            lab_day(&l, lengths[i] + k);
            lab_step(&l, "market");
            double price = exp(elasticity * log(mean / (present < 1 ? 1 : present)));
            assert_close(l.city->price, price < 0.5 ? 0.5 : price > 3 ? 3 : price, 1e-12);
            lab_observe(&l, "market");
            assert_same(lab_metric(&l, "market.price_factor"), l.city->price);
        }
        lab_close(&l);
    }
}

static void test_nobody_to_compare_with_leaves_the_price(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    l.study.calendar.burn_in = 20;
    lab_open(&l, 0);
    for (int32_t day = 0; day < 40; day++) {
        lab_day(&l, day);
        if (day == 25) populate(&l, 30);
        lab_step(&l, "market");
        assert_same(l.city->price, 1);
    }
    lab_close(&l);
}

/* ---- fear ---- */

/* Rises and reliefs on many days. A day is kept as a float, which costs a relative error of half a unit in the last place of
 * the day, per half-life and per change. */
static void test_fear_through_rises_reliefs_and_time(void **state)
{
    (void)state;
    static const double half_lives[] = {7, 90, 1000};
    static const int32_t starts[] = {1, 20000};
    for (int i = 0; i < 6; i++) {
        struct lab l;
        lab_init(&l);
        lab_open(&l, 0);
        double half_life = half_lives[i % 3], fear = 0;
        lab_set(&l, "fear.half_life", half_life);
        uint32_t seat = lab_fill(&l, 0, CLASS_COERCED, 1);
        for (int32_t day = starts[i / 3], k = 0; k < 300; k++, day++) {
            lab_day(&l, day);
            if (k % 11 == 3) fear_raise(l.city, seat, 0.15), fear += 0.15 * (1 - fear);
            if (k % 13 == 5) fear_raise(l.city, seat, 0.5), fear += 0.5 * (1 - fear);
            if (k % 29 == 8) fear_relieve(l.city, seat, 0.3), fear *= 1 - 0.3;
            double resolution = (double)FLT_EPSILON / 2 * (day + 20 * half_life) * log(2) / half_life;
            assert_close(fear_of(l.city, seat), fear, 70 * resolution * fear + 1e-12);
            fear *= exp2(-1 / half_life);
        }
        assert_true(fear > 0.01 * exp2(-60 / half_life));
        lab_close(&l);
    }
}

static void test_fear_of_adults_is_what_is_counted(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    uint32_t adults = lab_fill(&l, 2, CLASS_ADULT, 3), street = lab_fill(&l, 2 * c->venues, CLASS_ADULT, 1);
    uint32_t coerced = lab_fill(&l, 2, CLASS_COERCED, 2), hidden = lab_fill(&l, private_place(c, 2), CLASS_MINOR, 2);
    fear_raise(c, adults, 0.4), fear_raise(c, adults + 1, 0.8), fear_raise(c, street, 0.5);
    fear_raise(c, coerced, 1), fear_raise(c, hidden, 1);
    seat_detain(c, adults + 1, 9);
    lab_observe(&l, "fear");
    assert_close(lab_metric(&l, "fear.fear"), (0.4 + 0.8 + 0.5) / 4, 1e-6);
    lab_close(&l);
}

/* ---- access ---- */

/* Two districts of 10 venues, several operations on some days: multiplied one after the other, after the day's recovery. */
static void test_access_through_many_operations(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "policy.agreement", 0.4);
    lab_set(&l, "health.backlash_own", 0.45);
    lab_set(&l, "health.backlash_district", 0.07);
    lab_set(&l, "health.sweep_backlash", 1.4);
    lab_set(&l, "health.agreement_effect", 0.25);
    lab_set(&l, "health.access_half_life", 35);
    lab_open(&l, 0);
    struct city *c = l.city;
    double access[20];
    for (uint32_t v = 0; v < 20; v++) access[v] = c->access_baseline[v];
    for (int32_t day = 1; day <= 200; day++) {
        lab_day(&l, day);
        for (uint32_t v = 0; v < 20; v++) access[v] += (c->access_baseline[v] - access[v]) * (1 - exp2(-1 / 35.0));
        for (int32_t i = 0; i < (day % 9 ? 0 : 1 + day % 4); i++) {
            uint32_t venue = (uint32_t)(day * 7 + i * 3) % 20;
            enum operation_kind kind = (enum operation_kind)((day + i) % 3);
            double k = (1 - 0.4 * (1 - 0.25)) * (kind == OPERATION_SWEEP ? 1.4 : 1);
            operation_note(c, venue, kind);
            for (uint32_t v = 0; v < 20 && kind != OPERATION_HIDDEN; v++)
                if (v / 10 == venue / 10) access[v] *= 1 - (v == venue ? 0.45 : 0.07) * k;
        }
        lab_step(&l, "health");
        for (uint32_t v = 0; v < 20; v++) assert_close(c->access[v], access[v], 200 * (double)FLT_EPSILON);
    }
    lab_close(&l);
}

static void test_backlash_takes_no_more_than_all(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "health.backlash_own", 0.1);
    lab_set(&l, "health.backlash_district", 1);
    lab_set(&l, "health.sweep_backlash", 4);
    lab_open(&l, 0);
    struct city *c = l.city;
    operation_note(c, 13, OPERATION_SWEEP);
    lab_step(&l, "health");
    for (uint32_t v = 0; v < 20; v++)
        assert_close(c->access[v], c->access_baseline[v] * (v < 10 ? 1 : v == 13 ? 1 - 0.4 : 0), 1e-6);
    lab_close(&l);
}

/* ---- what owners want ---- */

static void test_wanted_numbers_for_every_size(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", 2000);
    lab_set(&l, "region.slots_log_sd", 1);
    lab_set(&l, "venues.exploited_share", 0.43);
    lab_set(&l, "venues.covert_capacity", 0.58);
    lab_set(&l, "venues.private_capacity", 0.37);
    lab_open(&l, 0);
    struct city *c = l.city;
    uint64_t sizes = 0;
    for (uint32_t v = 0; v < c->venues; v++) {
        double slots = c->size[v];
        sizes |= 1ull << c->size[v];
        c->mode[v] = MODE_OPEN;
        assert_int_equal(wanted(c, v), floor(0.43 * slots + 0.5));
        c->mode[v] = MODE_COVERT;
        assert_int_equal(wanted(c, v), floor(0.43 * 0.58 * slots + 0.5));
        c->mode[v] = MODE_PRIVATE;
        assert_int_equal(wanted(c, v), floor(0.43 * 0.37 * slots + 0.5));
        assert_int_equal(wanted(c, v), c->size[private_place(c, v)]);
    }
    for (int size = 5; size <= 60; size++) assert_true(sizes >> size & 1);
    lab_close(&l);
}

/* ---- what is counted ---- */

/* In every kind of place another number of each class. */
static void peopled(struct lab *l)
{
    lab_init(l);
    lab_open(l, 0);
    struct city *c = l->city;
    lab_fill(l, 3, CLASS_MINOR, 2), lab_fill(l, 3, CLASS_COERCED, 3), lab_fill(l, 3, CLASS_ADULT, 7);
    lab_fill(l, 14, CLASS_MINOR, 3), lab_fill(l, 14, CLASS_ADULT, 4);
    lab_fill(l, private_place(c, 3), CLASS_MINOR, 1), lab_fill(l, private_place(c, 14), CLASS_COERCED, 3);
    lab_fill(l, c->district_street[1], CLASS_ADULT, 13);
    c->closed_until[14] = 900; /* they are present all the same */
    seat_detain(c, c->first_seat[3] + 6, 900), seat_detain(c, c->first_seat[c->district_street[1]], 900);
}

static void test_the_truth_by_class_and_place(void **state)
{
    (void)state;
    struct lab l;
    peopled(&l);
    lab_observe(&l, "observation");
    static const struct {
        const char *metric;
        double value;
    } truth[] = {{"minors_present", 5},    {"coerced_adults_present", 3},  {"adults_present", 11},
                 {"exploited_private", 4}, {"minors_private", 1},          {"adults_street", 13},
                 {"adults_detained", 2},   {"minor_prevalence", 6 / 23.0}, {"coerced_prevalence", 6 / 23.0}};
    for (size_t i = 0; i < sizeof truth / sizeof *truth; i++) {
        char path[64];
        snprintf(path, sizeof path, "observation.%s", truth[i].metric);
        assert_close(lab_metric(&l, path), truth[i].value, 1e-15);
    }
    lab_close(&l);
}

static void test_person_days_and_days_lost(void **state)
{
    (void)state;
    struct lab l;
    peopled(&l);
    static const char *const rates[] = {"escape_rate", "debt_release_rate", "outside_help"};
    for (int i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof path, "persons.%s", rates[i]);
        lab_set(&l, path, 0);
    }
    lab_set(&l, "persons.adult_tenure", 36500);
    lab_set(&l, "policy.adult_support", 0.3);
    lab_set(&l, "staffing.refill_rate", 0), lab_set(&l, "staffing.return_rate", 0);
    lab_set(&l, "staffing.dismiss_rate", 0);
    l.city->adults_in_care = 5;
    for (int32_t day = 1; day <= 10; day++) {
        lab_day(&l, day);
        lab_step(&l, "staffing"), lab_step(&l, "persons");
    }
    assert_same(lab_metric(&l, "persons.minor_days"), 10 * 6);
    assert_same(lab_metric(&l, "persons.coerced_days"), 10 * 6);
    assert_close(lab_metric(&l, "staffing.adult_days_lost"), 10 * (2 + 5 + 4 * 0.7), 1e-12);
    assert_close(l.city->supported_days, 4 * 0.3, 1e-12);
    lab_close(&l);
}

static void test_shares_of_infected_and_served(void **state)
{
    (void)state;
    struct lab l;
    peopled(&l);
    struct city *c = l.city;
    lab_day(&l, 500);
    for (uint32_t s = 0; s < c->seats; s++) { /* those in the upper half of their place's seats, and every empty seat */
        uint32_t place = seat_place(c, s), k = s - c->first_seat[place];
        bool upper = 2 * k >= persons_in(c->occupied[place]);
        traits_put(c, s, upper ? TRAIT_INFECTED : TRAIT_IRREGULAR | TRAIT_RESCUED_BEFORE);
        *served_at(c, s) = served_mark(500 - (upper ? 89 : 90));
    }
    city_recount(c);
    /* venue 3: 2 minors, 3 coerced, 7 adults; venue 14: 3 minors, 4 adults; 1 and 3 hidden; 13 in the street */
    lab_observe(&l, "health");
    assert_close(lab_metric(&l, "health.infected_share"), (6 + 3 + 0 + 1 + 6) / 36.0, 1e-15);
    assert_close(lab_metric(&l, "health.health_coverage"), (6 + 3 + 6) / 24.0, 1e-15);
    assert_close(lab_metric(&l, "health.exploited_coverage"), (0 + 0 + 0 + 1) / 12.0, 1e-15);
    lab_close(&l);
}

/* ---- costs ---- */

enum { POLICE, NGO, HEALTH, PAYERS };

/* Costs are linear in prices: each price alone, times a quantity that no other price has. */
static void test_costs_by_every_price(void **state)
{
    (void)state;
    static const struct {
        const char *price;
        int payer;
        double quantity;
    } rows[] = {
        {"officer_day", POLICE, 20 + 12},
        {"operation", POLICE, 3},
        {"swept_site", POLICE, 4},
        {"training_day", NGO, 20 * 0.25 + 12 * 0.6},
        {"investigator_day", NGO, 7},
        {"accompanied_operation", NGO, 3 * 0.35},
        {"oversight_day", NGO, 20 * 0.1 + 12 * 0.8},
        {"legal_day", NGO, 6 * 0.45},
        {"supported_day", NGO, 2.5},
        {"consultation", NGO, 3 * 0.7},
        {"bed_day", NGO, 11 + 5},
        {"outreach_visit", HEALTH, 13},
        {"service", HEALTH, 29},
    };
    enum { ROWS = sizeof rows / sizeof *rows };
    static const char *const payers[PAYERS] = {"costs.cost_police", "costs.cost_ngo", "costs.cost_health"};
    static const struct {
        const char *lever;
        double value;
    } levers[] = {{"special_officers", 12},   {"general_training", 0.25}, {"special_training", 0.6},
                  {"ngo_investigators", 7},   {"accompaniment", 0.35},    {"general_oversight", 0.1},
                  {"special_oversight", 0.8}, {"legal_support", 0.45},    {"agreement", 0.7}};
    struct lab l;
    char path[64];
    lab_init(&l);
    for (size_t i = 0; i < sizeof levers / sizeof *levers; i++) {
        snprintf(path, sizeof path, "policy.%s", levers[i].lever);
        lab_set(&l, path, levers[i].value);
    }
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t i = 0; i < 7; i++)
        operation_note(c, i, i < 4 ? OPERATION_SWEEP : i == 4 ? OPERATION_HIDDEN : OPERATION_RESCUE);
    for (uint32_t o = 0; o < 6; o++) case_open(c, o * 5)->trial_on = 77;
    c->in_care = 11, c->adults_in_care = 5, c->supported_days = 2.5, c->visits = 13, c->services = 29;
    for (size_t alone = 0; alone < ROWS; alone++) {
        for (size_t i = 0; i < ROWS; i++) {
            snprintf(path, sizeof path, "costs.%s", rows[i].price);
            lab_set(&l, path, i == alone ? 3 : 0);
        }
        lab_reset(&l);
        lab_step(&l, "costs");
        for (int payer = 0; payer < PAYERS; payer++)
            assert_close(lab_metric(&l, payers[payer]), payer == rows[alone].payer ? 3 * rows[alone].quantity : 0,
                         1e-12);
    }
    lab_close(&l);
}

/* ---- lists ---- */

static void test_reports_are_kept_however_many(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "violence.client_violence", 1);
    lab_set(&l, "violence.report_rate", 1);
    lab_open(&l, 0);
    for (uint32_t v = 0; v < 20; v++) lab_fill(&l, v, CLASS_MINOR, 20);
    lab_step(&l, "violence");
    double incidents = lab_metric(&l, "violence.violence_client") + lab_metric(&l, "violence.violence_owner");
    assert_true(incidents > l.city->seats / 2);
    assert_same(lab_metric(&l, "violence.reports"), incidents);
    assert_same(l.city->n_reports, incidents);
    lab_close(&l);
}

static void test_the_mean_protection_of_districts(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    l.city->protection[0] = 0.8, l.city->protection[1] = 0.1;
    lab_observe(&l, "violence");
    assert_close(lab_metric(&l, "violence.protection"), 0.45, 1e-15);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_price_by_elasticity_and_scarcity),
        cmocka_unit_test(test_nobody_to_compare_with_leaves_the_price),
        cmocka_unit_test(test_fear_through_rises_reliefs_and_time),
        cmocka_unit_test(test_fear_of_adults_is_what_is_counted),
        cmocka_unit_test(test_access_through_many_operations),
        cmocka_unit_test(test_backlash_takes_no_more_than_all),
        cmocka_unit_test(test_wanted_numbers_for_every_size),
        cmocka_unit_test(test_the_truth_by_class_and_place),
        cmocka_unit_test(test_person_days_and_days_lost),
        cmocka_unit_test(test_shares_of_infected_and_served),
        cmocka_unit_test(test_costs_by_every_price),
        cmocka_unit_test(test_reports_are_kept_however_many),
        cmocka_unit_test(test_the_mean_protection_of_districts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

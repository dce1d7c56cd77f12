/* Acts of the police as whole distributions: which venues, streets and persons shakedowns and sweeps meet, and who answers for
 * them; how reports are answered. */
#include <math.h>

#include "models/police.h"
#include "tests/distributions.h"
#include "tests/effort.h"
#include "tests/world_support.h"

/* Officers whom nothing changes, replaced by their like. */
static void constant(struct lab *l, double integrity)
{
    static const char *const off[] = {
        "policy.general_rotation", "policy.special_rotation", "police.fresh_skill_sd", "police.fresh_integrity_sd",
        "police.integrity_drift",  "police.exposure",         "police.example",        "police.disperse_share",
        "police.deportation"};
    lab_init(l);
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) lab_set(l, off[i], 0);
    lab_set(l, "police.fresh_integrity", integrity);
}

/* The same in a city of this size. */
static void constant_city(struct lab *l, double integrity, double districts, double venues, double officers_per_district)
{
    constant(l, integrity);
    lab_set(l, "region.districts", districts);
    lab_set(l, "region.venues", venues);
    lab_set(l, "region.officers_per_district", officers_per_district);
}

/* ---- shakedowns ---- */

static void test_shakedowns_of_an_officer_are_poisson_and_even_over_his_area(void **state)
{
    (void)state;
    enum { VENUES = 5, MOST = 8 };
    struct lab l;
    constant_city(&l, 0.3, 3, 3 * VENUES, 1);
    lab_set(&l, "policy.special_officers", 1);
    lab_set(&l, "policy.special_oversight", 0.5);
    lab_set(&l, "policy.general_oversight", 0.25);
    lab_set(&l, "police.oversight_effect", 0.8);
    lab_set(&l, "police.shakedown_rate", 0.9);
    lab_set(&l, "police.tie_probability", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = 0; v < c->venues; v++) c->mode[v] = MODE_OPEN, lab_fill(&l, v, CLASS_MINOR, 1);
    double events[MOST] = {0}, expected[MOST], venue[VENUES] = {0}, anywhere[3 * VENUES] = {0};
    double twice = 0, same = 0;
    for (int32_t day = 1; day <= effort(20000, 200000); day++) {
        lab_day(&l, day), lab_reset(&l);
        LAB_ALL(&l, tie, c->venues, NO_OFFICER);
        for (uint32_t o = 0; o < 4; o++) c->integrity[o] = o == 1 ? 0.3f : 1; /* one of the general officers alone */
        LAB_POLICE(&l, police_shakedowns);
        uint32_t n = (uint32_t)lab_metric(&l, "police.shakedowns");
        events[n < MOST ? n : MOST - 1]++;
        for (uint32_t v = 0; v < c->venues && n == 1; v++) {
            if (c->tie[v] == NO_OFFICER) continue;
            assert_int_equal(c->tie[v], 1);
            assert_true(v / VENUES == 1);
            venue[v - VENUES]++;
        }
        if (n == 2) { /* each shakedown has a venue of its own: the second finds it protected, or protects another */
            twice++;
            same += lab_metric(&l, "police.ties_formed") == 1;
        }
        lab_reset(&l);
        LAB_ALL(&l, tie, c->venues, NO_OFFICER);
        for (uint32_t o = 0; o < 4; o++) c->integrity[o] = o == 3 ? 0.3f : 1; /* and the special one */
        LAB_POLICE(&l, police_shakedowns);
        for (uint32_t v = 0; v < c->venues && lab_metric(&l, "police.shakedowns") == 1; v++)
            anywhere[v] += c->tie[v] == 3;
    }
    poisson_chances(expected, MOST, 0.9 * (1 - (double)0.3f) * (1 - 0.8 * 0.25));
    assert_multinomial(events, expected, MOST);
    assert_even(venue, VENUES);
    assert_binomial(same, twice, 1.0 / VENUES);
    assert_even(anywhere, 3 * VENUES);
    lab_close(&l);
}

/* Three of the six adults pay: each of the 20 threes is as likely as any other. */
static void test_any_adults_may_be_extorted(void **state)
{
    (void)state;
    struct lab l;
    constant_city(&l, 0, 1, 1, 1);
    lab_set(&l, "policy.general_oversight", 0);
    lab_set(&l, "police.shakedown_rate", 1);
    lab_set(&l, "police.shakedown_reach", 3);
    lab_set(&l, "police.assault_probability", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    lab_fill(&l, 0, CLASS_ADULT, 6);
    c->integrity[0] = 0;
    double count[64] = {0}, threes[20];
    for (int32_t day = 1; day <= effort(40000, 400000); day++) {
        uint32_t paid = 0;
        lab_day(&l, day), lab_reset(&l);
        LAB_SEATS(&l, fear, -INFINITY);
        LAB_POLICE(&l, police_shakedowns);
        if (lab_metric(&l, "police.shakedowns") != 1) continue;
        for (uint32_t k = 0; k < 6; k++) paid |= (uint32_t)(fear_of(c, c->first_seat[0] + k) > 0) << k;
        count[paid]++;
    }
    for (uint32_t set = 0, k = 0; set < 64; set++)
        if (__builtin_popcount(set) == 3)
            threes[k++] = count[set];
        else
            assert_same(count[set], 0);
    assert_even(threes, 20);
    lab_close(&l);
}

/* ---- sweeps ---- */

static void test_sweeps_come_as_a_coin_a_day_and_to_any_two_venues(void **state)
{
    (void)state;
    enum { VENUES = 5, DAYS = 200 };
    uint32_t districts = (uint32_t)effort(200, 2000);
    static double swept[2000];
    struct lab l;
    constant(&l, 1);
    lab_set(&l, "region.districts", districts);
    lab_set(&l, "region.venues", districts * VENUES);
    lab_set(&l, "region.slots_log_mean", log(5));
    lab_set(&l, "policy.sweep_rate", 7);
    lab_set(&l, "policy.sweep_sites", 2);
    lab_set(&l, "police.sweep_street", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    double pair[10] = {0}, often[DAYS / 2] = {0}, expected[DAYS / 2], all = 0, chance = daily_chance(7 / 30.0);
    for (int32_t day = 1; day <= DAYS; day++) {
        lab_day(&l, day);
        LAB_POLICE(&l, police_sweeps);
        assert_int_equal(c->n_operations % 2, 0);
        for (uint32_t i = 0; i < c->n_operations; i += 2) {
            uint32_t a = c->operations[i].venue % VENUES, b = c->operations[i + 1].venue % VENUES, index = 0;
            assert_int_equal(c->operations[i].venue / VENUES, c->operations[i + 1].venue / VENUES);
            swept[c->operations[i].venue / VENUES]++;
            for (uint32_t k = 0; k < (a < b ? a : b); k++) index += VENUES - 1 - k;
            pair[index + (a < b ? b - a : a - b) - 1]++;
        }
    }
    assert_even(pair, 10);
    for (uint32_t d = 0; d < districts; d++) {
        all += swept[d];
        often[swept[d] < DAYS / 2 ? (int)swept[d] : DAYS / 2 - 1]++;
    }
    assert_binomial(all, districts * DAYS, chance);
    binomial_chances(expected, DAYS / 2, DAYS, chance); /* districts and days are independent */
    assert_multinomial(often, expected, DAYS / 2);
    lab_close(&l);
}

static void test_any_stretch_of_the_street_may_be_swept(void **state)
{
    (void)state;
    enum { STRETCHES = 4 };
    struct lab l;
    constant(&l, 1);
    lab_set(&l, "region.districts", 1);
    lab_set(&l, "policy.sweep_rate", 30);
    lab_set(&l, "policy.sweep_sites", 1);
    lab_set(&l, "police.sweep_street", 1);
    lab_set(&l, "police.sweep_detention", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    uint32_t first = c->district_street[0];
    assert_int_equal(c->district_street[1] - first, STRETCHES);
    for (uint32_t k = 0; k < STRETCHES; k++) lab_fill(&l, first + k, CLASS_ADULT, 1);
    double stretch[STRETCHES] = {0};
    for (int32_t day = 1; day <= effort(20000, 200000); day++) {
        lab_day(&l, day);
        LAB_POLICE(&l, police_sweeps);
        for (uint32_t k = 0; k < STRETCHES; k++) {
            if (!detained_in(c, first + k)) continue;
            stretch[k]++;
            seat_release(c, c->first_seat[first + k]);
        }
    }
    assert_even(stretch, STRETCHES);
    lab_close(&l);
}

/* Of seven officers one has no integrity, and is in the team or not: where not, nobody is assaulted in any of the venues, and
 * where he is, each adult with chance 1/6. Were each venue to meet a team of its own, so many quiet sweeps would not happen. */
static void test_one_team_makes_all_visits_of_a_sweep(void **state)
{
    (void)state;
    enum { DISTRICTS = 300, ADULTS = 20, SITES = 3 };
    struct lab l;
    constant_city(&l, 1, DISTRICTS, DISTRICTS * SITES, 7);
    lab_set(&l, "policy.sweep_rate", 30);
    lab_set(&l, "policy.sweep_sites", SITES);
    lab_set(&l, "police.sweep_street", 0);
    lab_set(&l, "police.sweep_detention", 0);
    lab_set(&l, "police.assault_probability", 1);
    lab_set(&l, "fear.swept", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = 0; v < c->venues; v++) lab_fill(&l, v, CLASS_ADULT, ADULTS);
    for (uint32_t o = 0; o < 7 * DISTRICTS; o++) c->integrity[o] = o % 7 == 0 ? 0 : 1;
    double sweeps = 0, quiet = 0;
    for (int32_t day = 1; day <= effort(20, 200); day++) {
        lab_day(&l, day);
        LAB_SEATS(&l, fear, -INFINITY);
        LAB_POLICE(&l, police_sweeps);
        for (uint32_t i = 0; i < c->n_operations; i += SITES, sweeps++) {
            double assaults = 0;
            for (uint32_t k = 0; k < SITES; k++) {
                uint32_t venue = c->operations[i + k].venue;
                for (uint64_t m = adults_at(c, venue); m;) assaults += fear_of(c, next_seat(c, venue, &m)) > 0;
            }
            quiet += assaults == 0;
        }
    }
    assert_binomial(quiet, sweeps, 1 / 7.0 + 6 / 7.0 * pow(5 / 6.0, ADULTS * SITES));
    lab_close(&l);
}

/* A release for money counts as one corrupt act, for which any officer of the unit may have to answer. */
static void test_sold_releases_are_exposed(void **state)
{
    (void)state;
    struct lab l;
    constant(&l, 0.35);
    lab_set(&l, "region.districts", 1);
    lab_set(&l, "region.venues", 1);
    lab_set(&l, "policy.sweep_rate", 30);
    lab_set(&l, "policy.sweep_sites", 1);
    lab_set(&l, "policy.general_oversight", 0.8);
    lab_set(&l, "police.exposure", 0.75);
    lab_set(&l, "police.sweep_street", 0);
    lab_set(&l, "police.sweep_arrest", 0.9);
    lab_set(&l, "police.assault_probability", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    c->mode[0] = MODE_OPEN;
    lab_fill(&l, 0, CLASS_COERCED, 1);
    double officer[10] = {0}, arrested, bought;
    for (int32_t day = 1; day <= effort(40000, 400000); day++) {
        lab_day(&l, day);
        LAB_ALL(&l, skill, 10, 0.9f);
        LAB_POLICE(&l, police_sweeps);
        for (uint32_t o = 0; o < 10; o++) officer[o] += c->skill[o] != 0.9f;
    }
    arrested = lab_metric(&l, "police.owners_arrested"), bought = lab_metric(&l, "police.arrests_bought_off");
    assert_binomial(arrested, lab_metric(&l, "police.sweeps"), 0.9);
    assert_binomial(bought, arrested, 1 - (double)0.35f);
    assert_binomial(lab_metric(&l, "police.officers_prosecuted"), bought, 0.8 * 0.75);
    assert_even(officer, 10);
    lab_close(&l);
}

/* ---- extortion and ties are exposed too ---- */

/* Many days of shakedowns, each of which finds all venues untied. */
static void shake_down(struct lab *l, int32_t first)
{
    for (int32_t day = first; day < first + effort(20, 200); day++) {
        lab_day(l, day);
        LAB_ALL(l, tie, l->city->venues, NO_OFFICER);
        LAB_POLICE(l, police_shakedowns);
    }
}

static void test_each_extortion_and_each_tie_is_exposed_alone(void **state)
{
    (void)state;
    struct lab l;
    constant_city(&l, 0, 1000, 1000, 2);
    lab_set(&l, "policy.general_oversight", 0.5);
    lab_set(&l, "police.oversight_effect", 0);
    lab_set(&l, "police.exposure", 0.4);
    lab_set(&l, "police.shakedown_rate", 0.3);
    lab_set(&l, "police.shakedown_reach", 4);
    lab_set(&l, "police.tie_probability", 1);
    lab_set(&l, "police.assault_probability", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = 0; v < 500; v++) c->mode[v] = MODE_OPEN, lab_fill(&l, v, CLASS_MINOR, 1);
    for (uint32_t v = 500; v < 1000; v++) lab_fill(&l, v, CLASS_ADULT, 4);
    shake_down(&l, 1);
    double acts = lab_metric(&l, "police.ties_formed") + lab_metric(&l, "police.extortions");
    assert_binomial(lab_metric(&l, "police.officers_prosecuted"), acts, 0.2);
    lab_set(&l, "police.assault_probability", 1); /* and an assault is one more act, by an officer without integrity */
    lab_reset(&l);
    shake_down(&l, 1001);
    double assaults = lab_metric(&l, "police.violence_police");
    acts = lab_metric(&l, "police.ties_formed") + lab_metric(&l, "police.extortions");
    assert_same(assaults, lab_metric(&l, "police.extortions"));
    assert_binomial(lab_metric(&l, "police.officers_prosecuted"), acts + assaults, 0.2);
    lab_close(&l);
}

/* How many of the four extortions of one shakedown are exposed is binomial: each has a coin of its own. */
static void test_exposures_within_one_shakedown_are_independent(void **state)
{
    (void)state;
    struct lab l;
    constant_city(&l, 0, 1, 1, 1);
    lab_set(&l, "policy.general_oversight", 0.5);
    lab_set(&l, "police.oversight_effect", 0);
    lab_set(&l, "police.exposure", 0.6);
    lab_set(&l, "police.shakedown_rate", 1);
    lab_set(&l, "police.shakedown_reach", 4);
    lab_set(&l, "police.assault_probability", 0);
    lab_open(&l, 0);
    lab_fill(&l, 0, CLASS_ADULT, 4);
    double exposed[5] = {0}, expected[5];
    for (int32_t day = 1; day <= effort(20000, 200000); day++) {
        lab_day(&l, day), lab_reset(&l);
        LAB_POLICE(&l, police_shakedowns);
        if (lab_metric(&l, "police.shakedowns") == 1) exposed[(int)lab_metric(&l, "police.officers_prosecuted")]++;
    }
    binomial_chances(expected, 5, 4, 0.3);
    assert_multinomial(exposed, expected, 5);
    lab_close(&l);
}

/* ---- reports ---- */

static void test_reports_are_answered_by_the_mean_integrity_of_the_unit(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.districts", 300);
    lab_set(&l, "region.venues", 300);
    lab_set(&l, "policy.protective_response", 0.7);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t o = 0; o < c->officers; o++) c->integrity[o] = o % 10 < 3 ? 1 : 0.2f;
    for (uint32_t v = 0; v < 300; v++) lab_fill(&l, v, CLASS_ADULT, 1);
    int32_t days = (int32_t)effort(50, 500);
    for (int32_t day = 1; day <= days; day++) {
        lab_day(&l, day);
        for (uint32_t v = 0; v < 300; v++)
            for (uint32_t incident = 0; incident < 3; incident++) /* three reports of one person are three reports */
                report_note(c, c->first_seat[v], incident);
        LAB_POLICE(&l, police_responses);
    }
    assert_binomial(lab_metric(&l, "police.responses"), 300.0 * 3 * days, 0.7 * (0.3 + 0.7 * (double)0.2f));
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shakedowns_of_an_officer_are_poisson_and_even_over_his_area),
        cmocka_unit_test(test_any_adults_may_be_extorted),
        cmocka_unit_test(test_sweeps_come_as_a_coin_a_day_and_to_any_two_venues),
        cmocka_unit_test(test_any_stretch_of_the_street_may_be_swept),
        cmocka_unit_test(test_one_team_makes_all_visits_of_a_sweep),
        cmocka_unit_test(test_sold_releases_are_exposed),
        cmocka_unit_test(test_each_extortion_and_each_tie_is_exposed_alone),
        cmocka_unit_test(test_exposures_within_one_shakedown_are_independent),
        cmocka_unit_test(test_reports_are_answered_by_the_mean_integrity_of_the_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

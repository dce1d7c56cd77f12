/* Officers: who they are, who forms a team, how long they stay, what they know and are worth in the long run; who answers for
 * an act; how long a unit is stopped; how many venues are protected. */
#include <math.h>
#include <string.h>

#include "models/police.h"
#include "tests/distributions.h"
#include "tests/effort.h"
#include "tests/world_support.h"

/* Nothing about the officers changes but what a test lets change. */
static void constant(struct lab *l)
{
    static const char *const off[] = {"policy.general_rotation",   "policy.special_rotation", "police.fresh_skill_sd",
                                      "police.fresh_integrity_sd", "police.integrity_drift",  "police.exposure",
                                      "police.practice",           "police.example",          "police.tie_decay"};
    lab_init(l);
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) lab_set(l, off[i], 0);
}

/* ---- fresh officers ---- */

static double below(double x) { return 0.5 * erfc(-x / sqrt(2)); }

static void test_fresh_officers_are_normal_cut_and_independent(void **state)
{
    (void)state;
    enum { BINS = 10 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.districts", 20);
    lab_set(&l, "region.officers_per_district", 1000);
    lab_set(&l, "police.fresh_skill", 0.7);
    lab_set(&l, "police.fresh_skill_sd", 0.3);
    lab_set(&l, "police.fresh_integrity", 0.2);
    lab_set(&l, "police.fresh_integrity_sd", 0.25);
    lab_open(&l, 0);
    struct city *c = l.city;
    double skill[BINS + 2] = {0}, integrity[BINS + 2] = {0}, chance[2][BINS + 2], both = 0;
    uint32_t n = 20000;
    for (uint32_t o = 0; o < n; o++) {
        double s = c->skill[o], g = c->integrity[o];
        skill[s <= 0 ? 0 : s >= 1 ? BINS + 1 : 1 + (int)(s * BINS)]++;
        integrity[g <= 0 ? 0 : g >= 1 ? BINS + 1 : 1 + (int)(g * BINS)]++;
        both += s > 0.7 && g > 0.2;
    }
    for (int k = 0; k < BINS + 2; k++) {
        double from = k == 0 ? -INFINITY : (k - 1.0) / BINS, to = k == BINS + 1 ? INFINITY : (double)k / BINS;
        chance[0][k] = below((to - 0.7) / 0.3) - below((from - 0.7) / 0.3);
        chance[1][k] = below((to - 0.2) / 0.25) - below((from - 0.2) / 0.25);
    }
    assert_multinomial(skill, chance[0], BINS + 2);
    assert_multinomial(integrity, chance[1], BINS + 2);
    assert_binomial(both, n, 0.25); /* each is above its median half the time, whatever the other is */
    lab_close(&l);
}

/* Two officers can come to one post on a day; the second is not the first again. */
static void test_the_second_to_come_on_a_day_is_somebody_else(void **state)
{
    (void)state;
    enum { N = 4000 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.districts", 4);
    lab_set(&l, "region.officers_per_district", N / 4);
    lab_set(&l, "policy.general_oversight", 1);
    lab_set(&l, "police.exposure", 1);
    lab_set(&l, "police.fresh_skill", 0.5);
    lab_set(&l, "police.fresh_integrity", 0.5);
    lab_set(&l, "police.example", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    double above = 0, near = 0;
    for (uint32_t o = 0; o < N; o++) {
        float skill[2], integrity[2];
        for (uint32_t k = 0; k < 2; k++) {
            police_account(c, lab_parameters(&l, "police"), lab_metrics(&l, "police"), o, 0.5);
            skill[k] = c->skill[o], integrity[k] = c->integrity[o];
        }
        assert_true(skill[0] != skill[1] && integrity[0] != integrity[1]);
        above += (skill[0] > 0.5f) == (skill[1] > 0.5f);
        near += fabs(skill[1] - 0.5) < 0.1;
    }
    assert_binomial(above, N, 0.5);
    assert_binomial(near, N, erf(1 / sqrt(2)));
    lab_close(&l);
}

/* ---- teams ---- */

/* Of eight officers two stay behind: each of the 28 pairs as often as any other, so any six are as likely as any other six. */
static void test_all_teams_of_a_unit_are_equally_likely(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.officers_per_district", 8);
    lab_open(&l, 0);
    double pair[28] = {0}, together[64] = {0};
    for (int32_t day = 1; day <= effort(60, 600); day++) {
        lab_day(&l, day);
        for (uint32_t entity = 0; entity < 500; entity++) {
            uint32_t behind[2] = {0};
            for (uint32_t d = 0; d < 2; d++) {
                struct team team = team_pick(l.city, unit_of_district(l.city, d), entity, 0);
                uint32_t left = 0xFF, index = 0;
                for (uint32_t k = 0; k < TEAM; k++) left &= ~(1u << (team.officer[k] - 8 * d));
                uint32_t low = (uint32_t)__builtin_ctz(left), high = (uint32_t)__builtin_ctz(left & (left - 1));
                for (uint32_t k = 0; k < low; k++) index += 7 - k;
                if (d == 0) pair[index + high - low - 1]++;
                behind[d] = (left >> 1) & 7;
            }
            together[behind[0] * 8 + behind[1]]++;
        }
    }
    assert_even(pair, 28);
    /* the teams of two districts on one day know nothing of each other: who of officers 1, 2 and 3 stays behind */
    double chance[64], of[8];
    for (uint32_t k = 0; k < 8; k++) {
        int n = __builtin_popcount(k);
        of[k] = (n == 0 ? 10 : n == 1 ? 5 : n == 2 ? 1 : 0) / 28.0;
    }
    for (uint32_t k = 0; k < 64; k++) chance[k] = of[k / 8] * of[k % 8];
    assert_multinomial(together, chance, 64);
    lab_close(&l);
}

/* ---- rotation, skill and integrity in the long run ---- */

static void test_the_wait_for_a_transfer_is_that_of_a_daily_coin(void **state)
{
    (void)state;
    enum { N = 10000, DAYS = 90 };
    static const double rates[] = {12, 5};
    for (int i = 0; i < 2; i++) {
        struct lab l;
        constant(&l);
        lab_set(&l, "region.districts", 10);
        lab_set(&l, "region.officers_per_district", N / 10);
        lab_set(&l, "policy.general_rotation", rates[i]);
        lab_open(&l, 0);
        double wait[DAYS + 1] = {0}, often[10] = {0}, expected[10];
        static uint8_t times[N];
        memset(times, 0, sizeof times);
        wait[DAYS] = N;
        for (int32_t day = 1; day <= DAYS; day++) {
            lab_day(&l, day);
            LAB_POLICE(&l, police_officers);
            for (uint32_t o = 0; o < N; o++) {
                if (l.city->joined[o] != day || times[o]++ > 0) continue;
                wait[day - 1]++;
                wait[DAYS]--;
            }
        }
        for (uint32_t o = 0; o < N; o++) often[times[o] < 10 ? times[o] : 9]++;
        assert_geometric(wait, DAYS + 1, daily_chance(rates[i] / 365));
        binomial_chances(expected, 10, DAYS, daily_chance(rates[i] / 365));
        assert_multinomial(often, expected, 10);
        lab_close(&l);
    }
}

/* Each day training leaves the share t of what an officer lacks in skill; then, with chance q, a fresh officer takes the
 * post, who lacks L; then an operation takes six of the unit, whose lack falls by the factor 1 - practice. Of the three an
 * officer's lack knows only its own past, so in the long run
 *     E lack = q m L / (1 - (1 - q) t m),   m = 1 - 6/n practice
 * and the mean square likewise with L^2, t^2 and m = 1 - 6/n + 6/n (1 - practice)^2. One unit's officers take turns, so they
 * vary less together than independent ones: the assertion is on the safe side. */
static void test_stationary_skill_with_training_practice_and_rotation(void **state)
{
    (void)state;
    enum { UNIT = 18, DAYS = 400 };
    static const struct {
        double rotation, training, practice;
    } cases[] = {{12, 0.5, 0.2}, {6, 0.25, 0.1}, {12, 0, 0.3}, {9, 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lab l;
        constant(&l);
        lab_set(&l, "region.cities", (double)effort(400, 2000));
        lab_set(&l, "region.venues", 1);
        lab_set(&l, "region.districts", 1);
        lab_set(&l, "region.officers_per_district", 1);
        lab_set(&l, "region.traffickers", 0);
        lab_set(&l, "police.trained_skill", 1);
        lab_set(&l, "police.training_rate", 0.02);
        lab_set(&l, "police.practice", cases[i].practice);
        lab_set(&l, "policy.special_officers", UNIT);
        lab_set(&l, "policy.special_rotation", cases[i].rotation);
        lab_set(&l, "policy.special_training", cases[i].training);
        lab_set(&l, "policy.operations_per_month", 1);
        lab_open(&l, 0);
        const struct police_parameters *p = lab_parameters(&l, "police");
        double mean = 0, n = UNIT * l.world->n_cities;
        for (int32_t day = 1; day <= DAYS; day++) {
            lab_day(&l, day);
            for (uint32_t k = 0; k < l.world->n_cities; k++) {
                struct city *c = &l.world->city[k];
                police_officers(c, p, lab_metrics(&l, "police"));
                c->lead_ripe[0] = 1, c->operations_due = 1;
                police_operations(c, p, lab_metrics(&l, "police"));
            }
        }
        assert_same(lab_metric(&l, "police.operations"), (double)DAYS * l.world->n_cities);
        for (uint32_t k = 0; k < l.world->n_cities; k++)
            for (uint32_t o = 1; o <= UNIT; o++) mean += (1 - l.world->city[k].skill[o]) / n;
        double q = daily_chance(cases[i].rotation / 365), trained = exp(-0.02 * cases[i].training), took = 6.0 / UNIT;
        double m = 1 - took * cases[i].practice, m2 = 1 - took + took * pow(1 - cases[i].practice, 2);
        double lack = q * m * 0.75 / (1 - (1 - q) * trained * m),
               square = q * m2 * 0.75 * 0.75 / (1 - (1 - q) * trained * trained * m2);
        assert_mean(mean, n, lack, sqrt(square - lack * lack));
        lab_close(&l);
    }
}

/* Integrity drifts by e^-d a day from a fresh officer's to the background; how long an officer has been there is geometric. */
static void test_stationary_integrity_under_drift_and_rotation(void **state)
{
    (void)state;
    enum { N = 10000, DAYS = 600, AGES = 80 };
    struct lab l;
    constant(&l);
    lab_set(&l, "region.districts", 10);
    lab_set(&l, "region.officers_per_district", N / 10);
    lab_set(&l, "police.fresh_integrity", 0.9);
    lab_set(&l, "police.background_integrity", 0.2);
    lab_set(&l, "police.integrity_drift", 0.04);
    lab_set(&l, "police.oversight_effect", 0.7);
    lab_set(&l, "policy.general_oversight", 0.5);
    lab_set(&l, "policy.general_rotation", 11);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (int32_t day = 1; day <= DAYS; day++) lab_day(&l, day), LAB_POLICE(&l, police_officers);
    double age[AGES] = {0}, mean = 0, drift = 0.04 * (1 - 0.7 * 0.5), q = daily_chance(11 / 365.0);
    for (uint32_t o = 0; o < N; o++) {
        uint32_t days = DAYS - c->joined[o];
        age[days < AGES ? days : AGES - 1]++;
        assert_close(c->integrity[o], 0.2 + 0.7 * exp(-drift * days), 1e-5);
        mean += c->integrity[o] / N;
    }
    double first = q / (1 - (1 - q) * exp(-drift)), second = q / (1 - (1 - q) * exp(-2 * drift));
    assert_geometric(age, AGES, q);
    assert_mean(mean, N, 0.2 + 0.7 * first, 0.7 * sqrt(second - first * first));
    lab_close(&l);
}

/* ---- accountability ---- */

enum { PURPOSE_ACCOUNT = 240 /* that the model has no use for */ };

/* After k prosecutions a colleague who was never replaced lacks (1 - example)^k of what he lacked. */
static void test_examples_add_up(void **state)
{
    (void)state;
    struct lab l;
    constant(&l);
    lab_set(&l, "policy.general_oversight", 0.5);
    lab_set(&l, "police.exposure", 0.4);
    lab_set(&l, "police.example", 0.03);
    lab_open(&l, 0);
    struct city *c = l.city;
    double n = (double)effort(2000, 20000), before = 0, last;
    for (uint32_t i = 0; i < n; i++) {
        if (i % 40 == 0) c->integrity[7] = 0.1f, before = lab_metric(&l, "police.officers_prosecuted");
        const double u = luck_uniform(&c->luck, PURPOSE_ACCOUNT, i, 0);
        police_account(c, lab_parameters(&l, "police"), lab_metrics(&l, "police"), i % 7, u);
        last = lab_metric(&l, "police.officers_prosecuted") - before;
        assert_close(c->integrity[7], 1 - 0.9 * pow(0.97, last), 1e-5);
    }
    assert_binomial(lab_metric(&l, "police.officers_prosecuted"), n, 0.2);
    lab_close(&l);
}

/* One member of the team, each as likely as the others, answers for an assault. */
static void test_any_member_of_a_team_may_answer(void **state)
{
    (void)state;
    struct lab l;
    constant(&l);
    lab_set(&l, "policy.general_oversight", 1);
    lab_set(&l, "police.exposure", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    uint32_t seat = lab_fill(&l, 0, CLASS_ADULT, 1);
    double member[TEAM] = {0}, officer[10] = {0};
    for (uint32_t i = 0; i < effort(20000, 200000); i++) {
        struct team team = team_pick(c, unit_of_district(c, 1), i, 0);
        LAB_ALL(&l, skill, c->officers, 0.9f);
        police_assault(c, lab_parameters(&l, "police"), lab_metrics(&l, "police"), &team, seat, 0.5, 1, i);
        for (uint32_t k = 0; k < TEAM; k++) {
            if (c->skill[team.officer[k]] == 0.9f) continue;
            member[k]++;
            officer[team.officer[k] - 10]++;
        }
    }
    assert_even(member, TEAM);
    assert_even(officer, 10);
    assert_same(lab_metric(&l, "police.officers_prosecuted"), lab_metric(&l, "police.violence_police"));
    lab_close(&l);
}

/* ---- override ---- */

/* A unit works on a day if none of the last `override_days` days, today included, brought an override. Looked at once in so
 * many days, days are independent. */
static void test_the_share_of_days_on_which_a_unit_is_stopped(void **state)
{
    (void)state;
    enum { STOPPED = 20 };
    struct lab l;
    constant(&l);
    lab_set(&l, "region.venues", 1);
    lab_set(&l, "region.districts", 1);
    lab_set(&l, "region.traffickers", 0);
    lab_set(&l, "policy.special_officers", 8);
    lab_set(&l, "policy.operations_per_month", 1);
    lab_set(&l, "police.override_rate", 9);
    lab_set(&l, "police.override_days", STOPPED);
    lab_open(&l, 0);
    struct city *c = l.city;
    int32_t looks = (int32_t)effort(10000, 50000);
    for (int32_t day = 1; day <= looks * STOPPED; day++) {
        lab_day(&l, day);
        LAB_POLICE(&l, police_override);
        if (day % STOPPED) continue;
        c->lead_ripe[0] = 1, c->operations_due = 1;
        LAB_POLICE(&l, police_operations);
    }
    assert_binomial(lab_metric(&l, "police.operations"), looks, pow(1 - daily_chance(9 / 365.0), STOPPED));
    assert_binomial(lab_metric(&l, "police.overrides"), looks * STOPPED, daily_chance(9 / 365.0));
    lab_close(&l);
}

/* ---- ties ---- */

/* Of a venue that exploits, three officers its area's: on a day a tie survives with a = (1 - transfer)(1 - decay); if there is
 * none then, one forms with f = 1 - exp(-rate of shakedowns tie_probability). An operation may end it, with chance e. So
 *     share(t) = (1 - e) (f + a (1 - f) share(t - 1)),  from 0
 *              = limit (1 - x^t),   x = (1 - e) a (1 - f),   limit = (1 - e) f / (1 - x). */
struct tied {
    double survives, forms, ended;
};

static double tied_share(const struct tied *b, int32_t days)
{
    double x = (1 - b->ended) * b->survives * (1 - b->forms);
    return (1 - b->ended) * b->forms / (1 - x) * (1 - pow(x, days));
}

static struct tied bonds(struct lab *l, double venues)
{
    constant(l);
    lab_set(l, "region.districts", venues);
    lab_set(l, "region.venues", venues);
    lab_set(l, "region.traffickers", 0);
    lab_set(l, "region.officers_per_district", 3);
    lab_set(l, "policy.general_rotation", 10);
    lab_set(l, "policy.general_oversight", 0.2);
    lab_set(l, "policy.shakedown_factor", 1.5);
    lab_set(l, "police.oversight_effect", 0.5);
    lab_set(l, "police.shakedown_rate", 0.05);
    lab_set(l, "police.tie_probability", 0.45);
    lab_set(l, "police.tie_decay", 0.02);
    double rate = 3 * 0.05 * (1 - 0.4) * (1 - 0.5 * 0.2) * 1.5 * 0.45;
    return (struct tied){.survives = (1 - daily_chance(10 / 365.0)) * exp(-0.02), .forms = 1 - exp(-rate)};
}

static double ties(const struct city *c)
{
    double n = 0;
    for (uint32_t v = 0; v < c->venues; v++) n += c->tie[v] != NO_OFFICER;
    return n;
}

static void test_ties_form_and_dissolve_to_their_stationary_share(void **state)
{
    (void)state;
    uint32_t n = (uint32_t)effort(4000, 10000);
    struct lab l;
    struct tied bond = bonds(&l, n);
    lab_open(&l, 0);
    for (uint32_t v = 0; v < n; v++) l.city->mode[v] = MODE_OPEN, lab_fill(&l, v, CLASS_MINOR, 1);
    for (int32_t day = 1; day <= 256; day++) {
        lab_day(&l, day);
        LAB_POLICE(&l, police_officers);
        LAB_POLICE(&l, police_shakedowns);
        if ((day & (day - 1)) == 0) assert_binomial(ties(l.city), n, tied_share(&bond, day));
    }
    for (uint32_t v = 0; v < n; v++) assert_true(l.city->tie[v] == NO_OFFICER || l.city->tie[v] / 3 == (int32_t)v);
    lab_close(&l);
}

static void test_operations_end_ties_unless_the_protector_betrays_them(void **state)
{
    (void)state;
    enum { N = 60, DAYS = 10 };
    struct lab l;
    struct tied bond = bonds(&l, N);
    lab_set(&l, "policy.special_officers", 12);
    lab_set(&l, "policy.operations_per_month", N);
    lab_set(&l, "police.find", 1);
    lab_set(&l, "police.arrest", 0.6);
    lab_set(&l, "police.tie_leak", 0.3);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t o = 3 * N; o < c->officers; o++) c->integrity[o] = 1, c->skill[o] = 0.5f;
    bond.ended = (1 - 0.3) * 0.6 * 0.5;
    double tied = 0, runs = (double)effort(150, 1500);
    for (int32_t run = 0, day = 1; run < runs; run++) {
        LAB_ALL(&l, tie, N, NO_OFFICER);
        for (int32_t k = 0; k < DAYS; k++) {
            lab_empty(&l);
            lab_day(&l, day++);
            for (uint32_t v = 0; v < N; v++) lab_fill(&l, v, CLASS_MINOR, 1);
            LAB_ALL(&l, mode, N, MODE_OPEN);
            LAB_ALL(&l, closed_until, N, 0);
            LAB_ALL(&l, lead_ripe, N, 1);
            c->operations_due = N;
            LAB_POLICE(&l, police_officers);
            LAB_POLICE(&l, police_shakedowns);
            LAB_POLICE(&l, police_operations);
        }
        tied += ties(c);
    }
    assert_binomial(tied, runs * N, tied_share(&bond, DAYS));
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fresh_officers_are_normal_cut_and_independent),
        cmocka_unit_test(test_the_second_to_come_on_a_day_is_somebody_else),
        cmocka_unit_test(test_all_teams_of_a_unit_are_equally_likely),
        cmocka_unit_test(test_the_wait_for_a_transfer_is_that_of_a_daily_coin),
        cmocka_unit_test(test_stationary_skill_with_training_practice_and_rotation),
        cmocka_unit_test(test_stationary_integrity_under_drift_and_rotation),
        cmocka_unit_test(test_examples_add_up),
        cmocka_unit_test(test_any_member_of_a_team_may_answer),
        cmocka_unit_test(test_the_share_of_days_on_which_a_unit_is_stopped),
        cmocka_unit_test(test_ties_form_and_dissolve_to_their_stationary_share),
        cmocka_unit_test(test_operations_end_ties_unless_the_protector_betrays_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

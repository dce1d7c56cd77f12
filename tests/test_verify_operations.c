/* Leads and rescue operations: how long a lead takes, how much capacity is kept, who is found and arrested at any skill, what a
 * betrayal leads to, and who answers for it. */
#include <math.h>

#include "models/police.h"
#include "tests/distributions.h"
#include "tests/effort.h"
#include "tests/world_support.h"

enum { VENUES = 60, SPECIAL = 10 };

static const double SKILL = 0.5, INTEGRITY = 0.6;

/* Sixty venues; a special unit of given skill and integrity, whose officers are replaced by their like. */
static struct city *unit(struct lab *l, double venues)
{
    static const char *const off[] = {"police.fresh_skill_sd",
                                      "police.fresh_integrity_sd",
                                      "police.exposure",
                                      "police.example",
                                      "police.practice",
                                      "police.disperse_share",
                                      "police.leak",
                                      "police.tie_leak",
                                      "police.raid_conduct",
                                      "police.mistaken_rescue",
                                      "police.raid_deportation"};
    lab_init(l);
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) lab_set(l, off[i], 0);
    lab_set(l, "region.venues", venues);
    lab_set(l, "region.traffickers", VENUES);
    lab_set(l, "region.links", 0);
    lab_set(l, "police.fresh_skill", SKILL);
    lab_set(l, "police.fresh_integrity", INTEGRITY);
    lab_set(l, "policy.special_officers", SPECIAL);
    lab_set(l, "policy.operations_per_month", 60);
    lab_open(l, 0);
    return l->city;
}

static void operations(struct lab *l)
{
    police_operations(l->city, lab_parameters(l, "police"), lab_metrics(l, "police"));
}

static void leads(struct lab *l) { police_leads(l->city, lab_parameters(l, "police"), lab_metrics(l, "police")); }

/* A day on which every venue is raided, all alike: `minors` minors, `coerced` coerced adults, `adults` adults in each; the
 * trafficker with the number venue / share has supplied all who are exploited there. */
struct scene {
    enum mode mode;
    uint32_t minors, coerced, adults, share;
    int32_t tie;
};

static void raid(struct lab *l, const struct scene *s, int32_t day)
{
    struct city *c = l->city;
    lab_empty(l);
    lab_day(l, day);
    LAB_ALL(l, mode, VENUES, (uint8_t)s->mode);
    LAB_ALL(l, tie, VENUES, s->tie);
    LAB_ALL(l, closed_until, VENUES, 0);
    LAB_ALL(l, hides_until, VENUES, 0);
    LAB_ALL(l, lead_ripe, VENUES, 1);
    for (uint32_t v = 0; v < VENUES; v++) {
        uint32_t place = exploitation_place(c, v), first = c->first_seat[place];
        lab_fill(l, place, CLASS_MINOR, s->minors);
        lab_fill(l, place, CLASS_COERCED, s->coerced);
        lab_fill(l, v, CLASS_ADULT, s->adults);
        for (uint32_t k = 0; k < s->minors + s->coerced; k++)
            *supplier_at(c, first + k) = (uint16_t)(s->share ? v / s->share : NOBODY);
    }
    c->operations_due = VENUES;
    operations(l);
}

/* As many operations as there are venues on each of `days` days; returns their number. */
static double raids(struct lab *l, const struct scene *s, int32_t days)
{
    lab_reset(l);
    for (int32_t day = 1; day <= days; day++) raid(l, s, day);
    return VENUES * days;
}

/* ---- leads ---- */

/* The first lead comes after a wait in whole days that is geometric; a private network is as visible when the venue is closed. */
static void test_the_wait_for_a_lead_is_that_of_a_daily_coin(void **state)
{
    (void)state;
    enum { N = 18000, DAYS = 60, KINDS = 3 };
    static const enum mode mode[KINDS] = {MODE_OPEN, MODE_COVERT, MODE_PRIVATE};
    struct lab l;
    struct city *c = unit(&l, N);
    lab_set(&l, "police.false_lead", 0);
    lab_set(&l, "police.intel_rate", 10);
    lab_set(&l, "police.tip_rate", 0.1);
    lab_set(&l, "policy.ngo_investigators", 190);
    lab_set(&l, "venues.private_visibility", 0.3);
    for (uint32_t o = 0; o < SPECIAL; o++) c->skill[20 + o] = (float)o / SPECIAL;
    for (uint32_t v = 0; v < N; v++) {
        c->mode[v] = (uint8_t)mode[v % KINDS];
        c->visibility[v] = 0.8f;
        lab_fill(&l, exploitation_place(c, v), CLASS_COERCED, 1);
        lab_fill(&l, v, CLASS_ADULT, v % KINDS ? 0 : 5);
        if (mode[v % KINDS] == MODE_PRIVATE) c->closed_until[v] = UINT16_MAX;
    }
    double wait[KINDS][DAYS + 1] = {{0}}, found = 10 * (4.5 + 190) / N, told = 5 * 0.1;
    int32_t runs = (int32_t)effort(4, 20);
    for (int32_t run = 0; run < runs; run++) {
        LAB_ALL(&l, lead_ripe, N, NEVER);
        for (int32_t day = 1; day <= DAYS; day++) {
            lab_day(&l, run * DAYS + day);
            leads(&l);
            for (uint32_t v = 0; v < N; v++) wait[v % KINDS][day - 1] += c->lead_ripe[v] == c->day + 1 + 45;
        }
        for (uint32_t v = 0; v < N; v++) wait[v % KINDS][DAYS] += c->lead_ripe[v] == NEVER;
    }
    assert_geometric(wait[0], DAYS + 1, daily_chance(found * 0.8 + told));
    assert_geometric(wait[1], DAYS + 1, daily_chance(found * 0.8 * 0.4));
    assert_geometric(wait[2], DAYS + 1, daily_chance(found * 0.3));
    assert_binomial(lab_metric(&l, "police.tips"), N / KINDS * runs - wait[0][DAYS],
                    daily_chance(told) / daily_chance(found * 0.8 + told));
    lab_close(&l);
}

static void test_false_leads_wait_as_a_daily_coin_makes_them(void **state)
{
    (void)state;
    enum { DAYS = 60 };
    uint32_t n = (uint32_t)effort(6000, 60000);
    struct lab l;
    struct city *c = unit(&l, n);
    lab_set(&l, "police.false_lead", 0.05);
    double wait[DAYS + 1] = {0};
    for (int32_t day = 1; day <= DAYS; day++) {
        lab_day(&l, day);
        leads(&l);
        for (uint32_t v = 0; v < n; v++) wait[day - 1] += c->lead_ripe[v] == day + 1 + 45;
    }
    for (uint32_t v = 0; v < n; v++) wait[DAYS] += c->lead_ripe[v] == NEVER;
    assert_geometric(wait, DAYS + 1, daily_chance(0.05));
    lab_close(&l);
}

/* ---- capacity ---- */

static void test_capacity_adds_up_and_a_month_of_it_is_kept(void **state)
{
    (void)state;
    static const double capacities[] = {0.25, 30 / 32.0, 1, 2, 3.5, 30 / 4.0};
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        struct lab l;
        struct city *c = unit(&l, VENUES);
        double rate = capacities[i] / 30, most = fmax(capacities[i], 1);
        lab_set(&l, "policy.operations_per_month", capacities[i]);
        c->operations_due = 0;
        for (int32_t day = 1; day <= 600; day++) {
            lab_day(&l, day);
            LAB_ALL(&l, lead_ripe, VENUES, 1);
            operations(&l);
            double done = lab_metric(&l, "police.operations");
            assert_true(fabs(done + c->operations_due - rate * day) <
                        1e-9); /* all of it is used, in whole operations */
            assert_true(c->operations_due < 1 - 1e-9);
        }
        LAB_ALL(&l, lead_ripe, VENUES, NEVER);
        for (int32_t day = 601; day <= 900; day++) lab_day(&l, day), operations(&l);
        assert_close(c->operations_due, most, 1e-9);
        lab_reset(&l);
        lab_day(&l, 901);
        LAB_ALL(&l, lead_ripe, VENUES, 1);
        operations(&l);
        assert_same(lab_metric(&l, "police.operations"), floor(most));
        lab_close(&l);
    }
}

/* Leads that ripened on one day are taken in any order. */
static void test_leads_of_one_day_are_taken_in_random_order(void **state)
{
    (void)state;
    enum { LEADS = 4, ORDERS = 24 };
    struct lab l;
    struct city *c = unit(&l, VENUES);
    double order[ORDERS] = {0};
    for (int32_t day = 1; day <= effort(12000, 120000); day++) {
        uint32_t taken = 0, index = 0;
        lab_day(&l, day);
        for (uint32_t k = 0; k < LEADS; k++) c->lead_ripe[7 * k] = 1;
        for (uint32_t left = LEADS; left > 0; left--) { /* one after the other: which of those left? */
            uint32_t rank = 0;
            c->operations_due = -1; /* with the day's capacity of two: one operation */
            operations(&l);
            for (uint32_t k = 0; k < LEADS; k++) {
                if (taken >> k & 1) continue;
                if (c->lead_ripe[7 * k] == NEVER) {
                    taken |= 1u << k;
                    break;
                }
                rank++;
            }
            index = index * left + rank;
        }
        order[index]++;
    }
    assert_even(order, ORDERS);
    lab_close(&l);
}

/* ---- who is found, who is arrested ---- */

static void test_finding_and_arrests_at_any_skill(void **state)
{
    (void)state;
    static const struct {
        double skill, find, find_adult, arrest;
    } cases[] = {
        {0, 0.22, 0.36, 0.88}, {0.25, 0.22, 0.5, 0.9}, {0.7, 0.1, 0.8, 0.6}, {1, 0.3, 0.36, 0.5}, {0.6, 0, 1, 1}};
    struct lab l;
    struct city *c = unit(&l, VENUES);
    const struct scene scene = {.mode = MODE_OPEN, .minors = 2, .coerced = 3, .tie = NO_OFFICER};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lab_set(&l, "police.find", cases[i].find);
        lab_set(&l, "police.find_adult", cases[i].find_adult);
        lab_set(&l, "police.arrest", cases[i].arrest);
        LAB_ALL(&l, skill, c->officers, (float)cases[i].skill);
        double n = raids(&l, &scene, (int32_t)effort(60, 600)), skill = (float)cases[i].skill;
        double minor = cases[i].find + skill - cases[i].find * skill, adult = minor * cases[i].find_adult;
        assert_binomial(lab_metric(&l, "police.minors_rescued"), 2 * n, minor);
        assert_binomial(lab_metric(&l, "police.coerced_adults_rescued"), 3 * n, adult);
        assert_binomial(lab_metric(&l, "police.owners_arrested"), n,
                        (1 - pow(1 - minor, 2) * pow(1 - adult, 3)) * cases[i].arrest * skill);
    }
    lab_close(&l);
}

/* However many of those found a trafficker supplied, in however many places: one coin for each trafficker and day. */
static void test_a_supplier_is_arrested_by_one_coin_a_day(void **state)
{
    (void)state;
    static const struct {
        double skill, linked, support;
        uint32_t share;
    } cases[] = {{1, 1, 0, 1}, {0.5, 0.8, 1, 2}, {0.9, 0.6, 0.4, 3}};
    struct lab l;
    struct city *c = unit(&l, VENUES);
    lab_set(&l, "police.find", 1);
    lab_set(&l, "police.arrest", 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lab_set(&l, "police.arrest_linked", cases[i].linked);
        lab_set(&l, "policy.legal_support", cases[i].support);
        LAB_ALL(&l, skill, c->officers, (float)cases[i].skill);
        const struct scene scene = {.mode = MODE_OPEN, .minors = 4, .tie = NO_OFFICER, .share = cases[i].share};
        double n = raids(&l, &scene, (int32_t)effort(250, 2500));
        assert_binomial(lab_metric(&l, "police.traffickers_arrested"), n / cases[i].share,
                        cases[i].linked * (float)cases[i].skill * (0.3 + 0.7 * cases[i].support));
        for (uint32_t k = 0; k < c->n_arrests; k++)
            assert_close(c->arrests[k].evidence, 0.2 + 0.4 * cases[i].skill + 0.2 * cases[i].support, 1e-6);
    }
    lab_close(&l);
}

static void test_a_venue_that_is_closed_sends_adults_to_the_street(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = unit(&l, VENUES);
    lab_set(&l, "police.find", 1);
    lab_set(&l, "police.arrest", 1);
    lab_set(&l, "police.disperse_share", 0.3);
    LAB_ALL(&l, skill, c->officers, 0.5f);
    const struct scene scene = {.mode = MODE_OPEN, .minors = 1, .adults = 8, .tie = NO_OFFICER};
    double arrested = 0, street = 0;
    for (int32_t day = 1; day <= effort(60, 600); day++) {
        lab_reset(&l);
        raid(&l, &scene, day);
        arrested += lab_metric(&l, "police.owners_arrested");
        street += c->count[PLACE_STREET][CLASS_ADULT];
    }
    assert_binomial(street, 8 * arrested, 0.3);
    lab_set(&l, "market.closure_days", 0); /* an arrest without closure disperses nobody */
    raid(&l, &scene, 2000);
    assert_int_equal(c->count[PLACE_STREET][CLASS_ADULT], 0);
    assert_true(c->n_arrests > 0 && !c->arrests[0].closure);
    lab_close(&l);
}

/* ---- betrayal ---- */

/* The team betrays with leak (1 - its integrity), the protector with tie_leak: one or both. Where it was not the protector,
 * somebody of the team may answer. */
static void test_betrayal_and_who_answers_for_it(void **state)
{
    (void)state;
    static const struct {
        double leak, tie_leak;
        int32_t tie;
    } cases[] = {{0.5, 0.3, NO_OFFICER}, {0.5, 0.3, 3}, {1, 0.6, 3}, {0, 0.4, 3}, {0, 0.4, NO_OFFICER}};
    struct lab l;
    struct city *c = unit(&l, VENUES);
    lab_set(&l, "police.exposure", 0.8);
    lab_set(&l, "policy.special_oversight", 0.75);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool tied = cases[i].tie != NO_OFFICER;
        lab_set(&l, "police.leak", cases[i].leak);
        lab_set(&l, "police.tie_leak", cases[i].tie_leak);
        const struct scene scene = {.mode = MODE_OPEN, .minors = 1, .tie = cases[i].tie};
        double n = raids(&l, &scene, (int32_t)effort(150, 1500)), by_protector = tied ? cases[i].tie_leak : 0;
        double betrayed = lab_metric(&l, "police.operations_betrayed");
        assert_binomial(betrayed, n, 1 - (1 - cases[i].leak * (1 - (double)(float)INTEGRITY)) * (1 - by_protector));
        assert_binomial(lab_metric(&l, "police.officers_prosecuted"), betrayed, (1 - by_protector) * 0.8 * 0.75);
        for (uint32_t k = 0; k < c->n_signals; k++) {
            if (c->signals[k].kind != SIGNAL_BETRAYED) continue;
            assert_int_equal(c->mode[c->signals[k].offender], MODE_COVERT);
            assert_int_equal(c->hides_until[c->signals[k].offender], c->day + 120);
        }
    }
    lab_close(&l);
}

static void test_boards_obstruct_with_their_chance(void **state)
{
    (void)state;
    struct lab l;
    unit(&l, VENUES);
    lab_set(&l, "policy.board_coverage", 1);
    lab_set(&l, "board.board_obstruction", 0.35);
    lab_set(&l, "police.leak", 1);
    lab_enact(&l);
    const struct scene scene = {.mode = MODE_OPEN, .minors = 1, .tie = NO_OFFICER};
    double n = raids(&l, &scene, (int32_t)effort(300, 3000)),
           obstructed = lab_metric(&l, "police.operations_obstructed");
    assert_binomial(obstructed, n, 0.35);
    assert_binomial(lab_metric(&l, "police.operations_betrayed"), n - obstructed, 1 - (double)(float)INTEGRITY);
    lab_close(&l);
}

static void test_any_officer_of_the_unit_may_answer_for_a_betrayal(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = unit(&l, VENUES);
    lab_set(&l, "police.leak", 1);
    lab_set(&l, "police.exposure", 1);
    lab_set(&l, "policy.special_oversight", 1);
    lab_set(&l, "police.fresh_integrity", 0);
    LAB_ALL(&l, integrity, c->officers, 0);
    c->mode[0] = MODE_OPEN;
    lab_fill(&l, 0, CLASS_MINOR, 1);
    double officer[SPECIAL] = {0}, days = (double)effort(20000, 200000);
    for (int32_t day = 1; day <= days; day++) {
        lab_day(&l, day);
        LAB_ALL(&l, skill, c->officers, 0.9f);
        c->lead_ripe[0] = 1, c->operations_due = 1;
        operations(&l);
        for (uint32_t o = 0; o < SPECIAL; o++) officer[o] += c->skill[20 + o] != 0.9f;
    }
    assert_even(officer, SPECIAL);
    assert_same(lab_metric(&l, "police.officers_prosecuted"), days);
    lab_close(&l);
}

static void test_whoever_is_warned_hides_as_his_mode_allows(void **state)
{
    (void)state;
    static const enum mode before[] = {MODE_NONE, MODE_OPEN, MODE_COVERT, MODE_PRIVATE};
    static const enum mode after[] = {MODE_NONE, MODE_COVERT, MODE_COVERT, MODE_PRIVATE};
    struct lab l;
    struct city *c = unit(&l, VENUES);
    lab_set(&l, "police.leak", 1);
    for (int covert = 1; covert >= 0; covert--) {
        if (!covert)
            lab_set(&l, "venues.covert_capacity", 0); /* where nobody can be exploited covertly, nobody tries */
        for (int k = 0; k < 4; k++) {
            const struct scene scene = {.mode = before[k], .minors = 1, .tie = NO_OFFICER};
            LAB_ALL(&l, integrity, c->officers, 0);
            raid(&l, &scene, 10 + k);
            for (uint32_t v = 0; v < VENUES; v++) {
                assert_int_equal(c->mode[v], covert ? after[k] : before[k]);
                assert_int_equal(c->hides_until[v], before[k] == MODE_NONE ? 0 : 10 + k + 120);
            }
        }
    }
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_wait_for_a_lead_is_that_of_a_daily_coin),
        cmocka_unit_test(test_false_leads_wait_as_a_daily_coin_makes_them),
        cmocka_unit_test(test_capacity_adds_up_and_a_month_of_it_is_kept),
        cmocka_unit_test(test_leads_of_one_day_are_taken_in_random_order),
        cmocka_unit_test(test_finding_and_arrests_at_any_skill),
        cmocka_unit_test(test_a_supplier_is_arrested_by_one_coin_a_day),
        cmocka_unit_test(test_a_venue_that_is_closed_sends_adults_to_the_street),
        cmocka_unit_test(test_betrayal_and_who_answers_for_it),
        cmocka_unit_test(test_boards_obstruct_with_their_chance),
        cmocka_unit_test(test_any_officer_of_the_unit_may_answer_for_a_betrayal),
        cmocka_unit_test(test_whoever_is_warned_hides_as_his_mode_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

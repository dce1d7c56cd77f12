/* Offenders: what a history teaches, in closed form; who supplies a vacancy; who takes an emptied post; who moves to which
 * city, and for how much. */
#include <math.h>

#include "tests/distributions.h"
#include "tests/effort.h"
#include "tests/world_support.h"

static const double SANCTION = 0.8 * 60 * 0.5 + 0.2 * 2 + 120.0 / 30;

/* ---- beliefs ---- */

static bool linked(const struct city *c, uint32_t venue, uint32_t trafficker)
{
    for (uint32_t i = c->link_first[venue]; i < c->link_first[venue + 1]; i++)
        if (link_trafficker(c, i) == trafficker) return true;
    return false;
}

/* One event of a history, and its weights on learning. */
struct event {
    int32_t day;
    enum signal_kind kind;
    double risk_up, risk_down, punishment_up, punishment_down;
};

static const struct event history[] = {
    {10, SIGNAL_INSPECTED, 0.003, 0, 0, 0}, {25, SIGNAL_ARRESTED, 0.4, 0, 0, 0},  {55, SIGNAL_DETAINED, 0, 0, 0.1, 0},
    {130, SIGNAL_FINED, 0.2, 0, 1, 0},      {200, SIGNAL_BETRAYED, 0, 0.3, 0, 0}, {201, SIGNAL_ARRESTED, 0.4, 0, 0, 0},
    {201, SIGNAL_BOUGHT, 0, 0, 0, 1},       {390, SIGNAL_JAILED, 1, 0, 1, 0},     {395, SIGNAL_PARDONED, 0, 0, 0, 1},
    {700, SIGNAL_ACQUITTED, 0, 0, 0, 1},    {701, SIGNAL_JAILED, 1, 0, 1, 0},
};

/* What a learner so near (risk learns by `near`, punishment by `near_q`) believes when day `last` ends: between events
 * beliefs fade by whole half-lives, of 365 days for risk, and of 730 for punishment's distance to 0.1. */
static void belief_after(int32_t last, double near, double near_q, double *risk, double *punishment)
{
    int32_t day = 0;
    *risk = 0.03, *punishment = 0.5;
    for (size_t i = 0; i <= sizeof history / sizeof *history; i++) {
        const struct event *event = i < sizeof history / sizeof *history ? &history[i] : NULL;
        int32_t until = event != NULL && event->day <= last ? event->day : last;
        *risk *= pow(2, -(until - day) / 365.0);
        *punishment = 0.1 + (*punishment - 0.1) * pow(2, -(until - day) / 730.0);
        day = until;
        if (event == NULL || event->day > last) return;
        *risk = (1 - (1 - *risk) * (1 - near * event->risk_up)) * (1 - near * event->risk_down);
        *punishment =
            (1 - (1 - *punishment) * (1 - near_q * event->punishment_up)) * (1 - near_q * event->punishment_down);
    }
}

static void expect_beliefs(const struct city *c, uint32_t whose, int32_t day, double near, double near_q)
{
    double risk, punishment;
    belief_after(day, near, near_q, &risk, &punishment);
    assert_close(c->risk[whose], risk, 1e-6);
    assert_close(c->punishment[whose], punishment, 1e-6);
}

/* 40 venues in 4 districts: of an owner's fate a neighbour learns 30/10 of learn_district, an owner elsewhere 120/30 of learn_city,
 * and of anybody's all others 150/40. */
static void live_through(bool by_owner)
{
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.districts", 4);
    lab_set(&l, "region.venues", 40);
    lab_set(&l, "beliefs.first_punishment", 0.5);
    lab_set(&l, "beliefs.punish_own", 0.6);
    lab_set(&l, "beliefs.punish_linked", 0.2);
    lab_set(&l, "beliefs.punish_district", 0.05);
    lab_set(&l, "beliefs.punish_city", 0.03);
    lab_open(&l, 0);
    struct city *c = l.city;
    uint32_t whose = by_owner ? 12 : c->venues + 3;
    for (int32_t day = 1; day <= 1400; day++) {
        lab_day(&l, day);
        for (size_t i = 0; i < sizeof history / sizeof *history; i++)
            if (history[i].day == day) signal_send(c, whose, history[i].kind);
        lab_step(&l, "beliefs");
        if (day % 70 && day != 201 && day != 395) continue;
        for (uint32_t o = 0; o < c->offenders; o++) {
            bool owner = o < c->venues, neighbour = by_owner && owner && c->place_district[o] == 1;
            if (o == whose)
                expect_beliefs(c, o, day, 0.5, 0.6);
            else if (owner != by_owner && linked(c, owner ? o : whose, (owner ? whose : o) - c->venues))
                expect_beliefs(c, o, day, 0.25, 0.2);
            else if (neighbour)
                expect_beliefs(c, o, day, 0.08 * 3, 0.05 * 3);
            else if (by_owner && owner)
                expect_beliefs(c, o, day, 0.025 * 4, 0.03 * 4);
            else
                expect_beliefs(c, o, day, 0.025 * 3.75, 0.03 * 3.75);
        }
    }
    lab_close(&l);
}

static void test_a_history_teaches_as_its_closed_form_says(void **state)
{
    (void)state;
    live_through(true);
    live_through(false);
}

/* ---- supply ---- */

/* Each of the active traffickers whom an owner knows is as likely as any other to fill a vacancy. */
static void test_suppliers_are_drawn_evenly_among_the_active(void **state)
{
    (void)state;
    enum { KNOWN = 7 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", 300);
    lab_set(&l, "region.traffickers", 400);
    lab_set(&l, "market.review_rate", 0);
    lab_set(&l, "traffickers.recruit_rate", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    LAB_ALL(&l, mode, c->venues, MODE_OPEN);
    for (uint32_t o = c->venues; o < c->offenders; o++) c->standing[o] = o % 4 ? STANDING_FREE : STANDING_DORMANT;
    double rank[KNOWN + 1][KNOWN] = {{0}};
    for (int32_t day = 1; day <= effort(30, 300); day++) {
        lab_day(&l, day);
        lab_step(&l, "traffickers");
        for (uint32_t v = 0; v < c->venues; v++) {
            uint32_t active = 0, rank_of[1000] = {0};
            for (uint32_t i = c->link_first[v]; i < c->link_first[v + 1]; i++)
                if (c->standing[c->venues + link_trafficker(c, i)] == STANDING_FREE)
                    rank_of[link_trafficker(c, i)] = active++;
            if (active > KNOWN) continue;
            for (uint64_t m = c->exploited[v]; m;) rank[active][rank_of[*supplier_at(c, next_seat(c, v, &m))]]++;
        }
        lab_empty(&l);
    }
    for (uint32_t k = 2; k <= KNOWN; k++) assert_even(rank[k], k);
    lab_close(&l);
}

/* What a post emptied by prison promises is premium P - E S, E the mean of each trafficker's own risk times punishment:
 * here 0.18, and not the 0.3 that the means of the two would give. */
static void test_entry_weighs_the_mean_product_of_beliefs(void **state)
{
    (void)state;
    enum { N = 12000 };
    static const double prices[] = {1, 1.2, 1.6};
    for (int i = 0; i < 3; i++) {
        struct lab l;
        lab_init(&l);
        lab_set(&l, "region.traffickers", 2 * N);
        lab_set(&l, "region.links", 0);
        lab_set(&l, "market.review_rate", 0);
        lab_set(&l, "traffickers.entry_rate", 0.1);
        lab_open(&l, 0);
        struct city *c = l.city;
        c->price = prices[i];
        for (uint32_t k = 0; k < 2 * N; k++) {
            uint32_t o = c->venues + k;
            if (k % 2) c->standing[o] = STANDING_VACANT;
            c->risk[o] = k % 4 == 0 ? 0.3f : k % 4 == 2 ? 0.9f : 1; /* what predecessors believed does not count */
            c->punishment[o] = k % 4 == 0 ? 0.9f : k % 4 == 2 ? 0.1f : 1;
        }
        c->openings = N;
        lab_step(&l, "traffickers");
        double entered = lab_metric(&l, "traffickers.traffickers_entered");
        assert_binomial(entered, N, daily_chance(0.1 * (6 * prices[i] - (0.3 * 0.9 + 0.9 * 0.1) / 2 * SANCTION)));
        for (uint32_t k = 1; k < 2 * N; k += 2) { /* the first posts are taken, by people of average beliefs */
            uint32_t o = c->venues + k;
            assert_int_equal(c->standing[o], k < 2 * (uint32_t)entered ? STANDING_FREE : STANDING_VACANT);
            if (c->standing[o] == STANDING_VACANT) continue;
            assert_close(c->risk[o], 0.6, 1e-6);
            assert_close(c->punishment[o], 0.5, 1e-6);
            assert_int_equal(c->taste_day[o], 1);
        }
        lab_close(&l);
    }
}

/* A successor believes the plain means of his district. */
static void test_a_successor_believes_the_means_of_his_district(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = 0; v < c->venues; v++) c->risk[v] = (float)v / 100, c->punishment[v] = 1 - (float)v / 50;
    c->standing[3] = STANDING_VACANT;
    lab_step(&l, "owners");
    assert_close(c->risk[3], 0.045, 1e-6);
    assert_close(c->punishment[3], 0.91, 1e-6);
    lab_close(&l);
}

/* ---- a region ---- */

enum { CITIES = 4 };

/* Four cities; in the second (its number is skipped when another is drawn) risk is 0.3, punishment 0.5, the price 0.9; in
 * the others every other offender believes 0.1 and 0.9, or 0.4 and 0.2, and the price is 1.3. */
static struct city *region(struct lab *l, double venues, double traffickers)
{
    lab_init(l);
    lab_set(l, "region.cities", CITIES);
    lab_set(l, "region.venues", venues);
    lab_set(l, "region.traffickers", traffickers);
    lab_set(l, "region.links", 0);
    lab_set(l, "region.slots_log_mean", log(5));
    lab_set(l, "region.relocate_rate", 0.3);
    lab_open(l, 0);
    for (uint32_t i = 0; i < CITIES; i++) {
        struct city *c = &l->world->city[i];
        c->price = i == 1 ? 0.9 : 1.3;
        for (uint32_t o = 0; o < c->offenders; o++) {
            c->risk[o] = i == 1 ? 0.3f : o % 2 ? 0.4f : 0.1f;
            c->punishment[o] = i == 1 ? 0.5f : o % 2 ? 0.2f : 0.9f;
        }
    }
    return &l->world->city[1];
}

static double gain_of_moving(double capacity, double exposed)
{
    double here = 6 * 0.9 * capacity - 0.3 * 0.5 * SANCTION * exposed;
    return 6 * 1.3 * capacity - (0.1 * 0.9 + 0.4 * 0.2) / 2 * SANCTION * exposed - here;
}

/* How many posts of each city but the second are held by newcomers. */
static void newcomers(const struct lab *l, uint32_t n, double count[CITIES])
{
    for (uint32_t i = 0; i < CITIES; i++) {
        const struct city *there = &l->world->city[i];
        count[i] = 0;
        for (uint32_t o = there->venues + n; i != 1 && o < there->venues + 2 * n; o++) {
            if (there->standing[o] == STANDING_VACANT) continue;
            count[i]++;
            assert_int_equal(there->standing[o], STANDING_DORMANT);
            assert_close(there->risk[o], 0.25, 1e-6);
            assert_close(there->punishment[o], 0.55, 1e-6);
            assert_int_equal(there->taste_day[o], 1);
        }
    }
}

static void test_dormant_traffickers_move_at_their_rate_to_any_other_city(void **state)
{
    (void)state;
    uint32_t n = (uint32_t)effort(12000, 15000);
    struct lab l;
    struct city *here = region(&l, 20, n);
    for (uint32_t k = 0; k < n; k++) here->standing[here->venues + k] = STANDING_DORMANT;
    lab_set(&l, "region.relocate_gain", gain_of_moving(1, 1) + 0.001);
    lab_couple(&l);
    for (uint32_t k = 0; k < n; k++) assert_int_equal(here->standing[here->venues + k], STANDING_DORMANT);
    lab_set(&l, "region.relocate_gain", gain_of_moving(1, 1) - 0.001); /* all of them look before anybody moves */
    lab_couple(&l);
    double left = 0, count[CITIES];
    for (uint32_t k = 0; k < n; k++) left += here->standing[here->venues + k] == STANDING_VACANT;
    assert_binomial(left, n, daily_chance(0.3));
    newcomers(&l, n, count);
    assert_same(count[0] + count[2] + count[3], left);
    count[1] = count[3];
    assert_even(count, 3);
    lab_close(&l);
}

static void test_one_trafficker_moves_for_a_gain_above_the_threshold_only(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct lab l;
        struct city *here = region(&l, 20, 40);
        here->standing[here->venues] = STANDING_DORMANT;
        lab_set(&l, "region.relocate_gain", gain_of_moving(1, 1) + (i ? -1e-6 : 1e-6));
        for (int32_t day = 1; day < 60; day++) lab_day(&l, day), lab_couple(&l);
        assert_int_equal(here->standing[here->venues], i ? STANDING_VACANT : STANDING_DORMANT);
        lab_close(&l);
    }
}

static void test_networks_move_at_their_rate_for_a_gain_above_the_threshold(void **state)
{
    (void)state;
    uint32_t n = (uint32_t)effort(12000, 40000);
    struct lab l;
    struct city *here = region(&l, n, 2);
    for (uint32_t v = 0; v < n; v++) {
        here->mode[v] = MODE_PRIVATE;
        lab_fill(&(struct lab){.city = here}, private_place(here, v), CLASS_COERCED, 1);
    }
    here->standing[0] = STANDING_REMAND, case_open(here, 0)->trial_on = 900; /* whoever is held does not move */
    lab_set(&l, "region.relocate_gain", gain_of_moving(0.5, 0.25) + 1e-6);
    lab_couple(&l);
    assert_int_equal(here->gone, 0);
    lab_set(&l, "region.relocate_gain", gain_of_moving(0.5, 0.25) - 1e-6);
    lab_couple(&l);
    assert_binomial((double)here->gone, n - 1, daily_chance(0.3));
    for (uint32_t v = 0; v < n; v++)
        assert_int_equal(here->mode[v], here->occupied[private_place(here, v)] ? MODE_PRIVATE : MODE_NONE);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_history_teaches_as_its_closed_form_says),
        cmocka_unit_test(test_suppliers_are_drawn_evenly_among_the_active),
        cmocka_unit_test(test_entry_weighs_the_mean_product_of_beliefs),
        cmocka_unit_test(test_a_successor_believes_the_means_of_his_district),
        cmocka_unit_test(test_dormant_traffickers_move_at_their_rate_to_any_other_city),
        cmocka_unit_test(test_one_trafficker_moves_for_a_gain_above_the_threshold_only),
        cmocka_unit_test(test_networks_move_at_their_rate_for_a_gain_above_the_threshold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

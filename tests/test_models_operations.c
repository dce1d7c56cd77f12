/* Police, its rescue operations: leads, capacity and order, betrayal, who is found, arrested, harmed. */
#include <math.h>

#include "models/police.h"
#include "tests/world_support.h"

enum { VENUES = 60, SPECIAL = 20 };

/* Sixty venues, a special unit of known skill (0.5) and integrity (0.6), nothing else that is random about the officers. */
static struct city *unit(struct lab *l)
{
    lab_init(l);
    lab_set(l, "region.venues", VENUES);
    lab_set(l, "region.traffickers", 200);
    lab_set(l, "policy.special_officers", SPECIAL);
    lab_set(l, "policy.operations_per_month", 60);
    lab_set(l, "police.exposure", 0);
    lab_set(l, "police.practice", 0);
    lab_set(l, "police.override_rate", 0);
    lab_set(l, "police.disperse_share", 0);
    lab_set(l, "police.leak", 0);
    lab_set(l, "police.tie_leak", 0);
    lab_open(l, 0);
    LAB_ALL(l, skill, l->city->officers, 0.5f);
    LAB_ALL(l, integrity, l->city->officers, 0.6f);
    return l->city;
}

static void operations(struct lab *l)
{
    police_operations(l->city, lab_parameters(l, "police"), lab_metrics(l, "police"));
}

/* What an operation finds in each venue. */
struct scene {
    enum mode mode;
    uint32_t minors, coerced, adults;
    uint8_t traits;
    int32_t tie;
    bool traffickers; /* somebody's supplies */
};

/* As many operations as there are venues, on each of `days` days, always in the same scene. */
static double raid(struct lab *l, const struct scene *s, int32_t days)
{
    struct city *c = l->city;
    lab_reset(l);
    for (int32_t day = 1; day <= days; day++) {
        lab_empty(l);
        lab_day(l, day);
        LAB_ALL(l, mode, VENUES, (uint8_t)s->mode);
        LAB_ALL(l, tie, VENUES, s->tie);
        LAB_ALL(l, closed_until, VENUES, 0);
        LAB_ALL(l, lead_ripe, VENUES, 1);
        for (uint32_t v = 0; v < VENUES; v++) {
            uint32_t place = exploitation_place(c, v), first = c->first_seat[place];
            lab_fill(l, place, CLASS_MINOR, s->minors);
            lab_fill(l, place, CLASS_COERCED, s->coerced);
            lab_fill(l, v, CLASS_ADULT, s->adults);
            if (s->traffickers) *supplier_at(c, first) = (uint16_t)v;
        }
        LAB_SEATS(l, traits, s->traits);
        c->operations_due = 60;
        city_reckon(c);
        operations(l);
        lab_verify(l);
    }
    return VENUES * days;
}

/* ---- leads ---- */

/* The share of many days on which a venue in this state got a lead. */
static void expect_leads(struct lab *l, double found, double told)
{
    enum { DAYS = 300 };
    struct city *c = l->city;
    lab_reset(l);
    for (int32_t day = 1; day <= DAYS; day++) {
        lab_day(l, day);
        LAB_ALL(l, lead_ripe, VENUES, NEVER);
        police_leads(c, lab_parameters(l, "police"), lab_metrics(l, "police"));
        double leads = 0;
        for (uint32_t v = 0; v < VENUES; v++) {
            if (c->lead_ripe[v] == NEVER) continue;
            assert_int_equal(c->lead_ripe[v], day + 1 + 45);
            leads++;
        }
        assert_true(leads <= VENUES);
    }
    assert_binomial(lab_metric(l, "police.leads"), VENUES * DAYS, daily_chance(found + told));
    assert_binomial(lab_metric(l, "police.tips"), VENUES * DAYS, daily_chance(told));
}

static void test_leads_by_mode_staff_and_trust(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = unit(&l);
    lab_set(&l, "police.false_lead", 0);
    lab_set(&l, "police.intel_rate", 0.5);
    lab_set(&l, "police.tip_rate", 0.01);
    lab_set(&l, "policy.ngo_investigators", 8);
    LAB_ALL(&l, visibility, VENUES, 0.8f);
    LAB_ALL(&l, mode, VENUES, MODE_OPEN);
    for (uint32_t v = 0; v < VENUES; v++) lab_fill(&l, v, CLASS_ADULT, 6), lab_fill(&l, v, CLASS_MINOR, 1);
    double intel = 0.5 * (SPECIAL * 0.5 + 8) / VENUES;
    expect_leads(&l, intel * 0.8f, 0.06);
    LAB_ALL(&l, mode, VENUES, MODE_COVERT);
    expect_leads(&l, intel * 0.8f * 0.4, 0.06);
    lab_set(&l, "fear.half_life", 3650);
    for (uint32_t v = 0; v < VENUES; v++)
        for (uint64_t m = adults_at(c, v); m;) fear_put(c, next_seat(c, v, &m), -3650 + 150); /* about a half */
    expect_leads(&l, intel * 0.8f * 0.4, 0.06 * (1 - 0.5));
    for (uint32_t v = 0; v < VENUES; v++) c->mode[v] = MODE_PRIVATE, lab_fill(&l, private_place(c, v), CLASS_MINOR, 1);
    expect_leads(&l, intel * 0.2, 0); /* the adults of the venue know nothing of it */
    lab_set(&l, "policy.ngo_investigators", 0);
    lab_set(&l, "police.tip_rate", 0);
    LAB_ALL(&l, skill, c->officers, 0);
    expect_leads(&l, 0, 0);
    lab_close(&l);
}

static void test_leads_only_on_those_who_exploit_and_only_by_a_unit_at_work(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = unit(&l);
    lab_set(&l, "police.false_lead", 0);
    lab_set(&l, "police.intel_rate", 10);
    LAB_ALL(&l, mode, VENUES, MODE_OPEN);
    expect_leads(&l, 0, 0); /* nobody is there */
    for (uint32_t v = 0; v < VENUES; v++) lab_fill(&l, v, CLASS_MINOR, 1);
    LAB_ALL(&l, standing, c->offenders, STANDING_REMAND);
    expect_leads(&l, 0, 0);
    LAB_ALL(&l, standing, c->offenders, STANDING_FREE);
    LAB_ALL(&l, closed_until, VENUES, 900);
    expect_leads(&l, 0, 0);
    LAB_ALL(&l, closed_until, VENUES, 0);
    c->override_until = 900;
    expect_leads(&l, 0, 0);
    c->override_until = 0;
    c->special_officers = 0;
    expect_leads(&l, 0, 0);
    lab_close(&l);
}

static void test_false_leads_at_their_rate(void **state)
{
    (void)state;
    enum { DAYS = 400 };
    struct lab l;
    struct city *c = unit(&l);
    lab_set(&l, "police.intel_rate", 0);
    lab_set(&l, "police.tip_rate", 0);
    lab_set(&l, "police.false_lead", 0.03);
    for (uint32_t v = 0; v < VENUES; v += 2) c->mode[v] = MODE_OPEN, lab_fill(&l, v, CLASS_MINOR, 1);
    c->closed_until[1] = 900;
    double leads = 0;
    for (int32_t day = 1; day <= DAYS; day++) {
        lab_day(&l, day);
        LAB_ALL(&l, lead_ripe, VENUES, NEVER);
        police_leads(c, lab_parameters(&l, "police"), lab_metrics(&l, "police"));
        for (uint32_t v = 0; v < VENUES; v++) {
            assert_true(c->lead_ripe[v] == NEVER || (v % 2 && v > 1));
            leads += c->lead_ripe[v] != NEVER;
        }
    }
    assert_binomial(leads, (VENUES / 2 - 1) * DAYS, daily_chance(0.03));
    assert_same(lab_metric(&l, "police.leads"), 0);
    lab_close(&l);
}

/* ---- capacity and order ---- */

static void test_operations_take_the_oldest_ripe_lead_as_capacity_allows(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = unit(&l);
    lab_set(&l, "policy.operations_per_month", 6);
    c->operations_due = 0;
    for (uint32_t v = 0; v < VENUES; v++)
        c->lead_ripe[v] = (uint16_t)(100 + (v * 7) % VENUES); /* one a day from day 99 on */
    uint32_t done = 0;
    for (int32_t day = 101; day <= 400; day++) {
        lab_day(&l, day);
        operations(&l);
        for (; lab_metric(&l, "police.operations") > done; done++) assert_true(done < VENUES);
        for (uint32_t v = 0; v < VENUES; v++) /* the done ones are the first */
            assert_int_equal(c->lead_ripe[v] == NEVER, (v * 7) % VENUES < done);
        assert_true(done <= (day - 100) * 6 / 30.0 + 1e-9 && done >= fmin((day - 100) * 6 / 30.0 - 1 - 1e-9, VENUES));
    }
    assert_int_equal(done, VENUES);
    assert_true(c->operations_due <= 6); /* unused capacity is not kept for ever */
    lab_close(&l);
}

static void test_leads_of_one_day_compete_by_luck(void **state)
{
    (void)state;
    enum { DAYS = 900 };
    struct lab l;
    struct city *c = unit(&l);
    lab_set(&l, "policy.operations_per_month", 30);
    double first = 0;
    for (int32_t day = 1; day <= DAYS; day++) {
        lab_day(&l, day);
        LAB_ALL(&l, lead_ripe, VENUES, NEVER);
        c->lead_ripe[3] = c->lead_ripe[40] = c->lead_ripe[41] = (uint16_t)(day + 1);
        c->lead_ripe[5] = (uint16_t)(day + 2); /* tomorrow's */
        c->operations_due = 0;
        operations(&l);
        assert_int_equal((c->lead_ripe[3] != NEVER) + (c->lead_ripe[40] != NEVER) + (c->lead_ripe[41] != NEVER), 2);
        assert_int_equal(c->lead_ripe[5], day + 2);
        first += c->lead_ripe[40] == NEVER;
    }
    assert_binomial(first, DAYS, 1.0 / 3);
    lab_close(&l);
}

static void test_no_operation_without_capacity_unit_or_leave_to_act(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = unit(&l);
    LAB_ALL(&l, lead_ripe, VENUES, 1);
    c->operations_due = 0;
    c->override_until = 50;
    lab_day(&l, 49);
    operations(&l);
    assert_same(lab_metric(&l, "police.operations"), 0);
    lab_day(&l, 50);
    operations(&l);
    assert_same(lab_metric(&l, "police.operations"), 2);
    lab_set(&l, "policy.operations_per_month", 0);
    c->operations_due = 0;
    operations(&l);
    c->special_officers = 0;
    c->operations_due = 60;
    operations(&l);
    assert_same(lab_metric(&l, "police.operations"), 2);
    lab_close(&l);
}

static void test_ties_boards_and_leaks_stand_in_the_way(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = unit(&l);
    struct scene scene = {.mode = MODE_OPEN, .minors = 4, .tie = 2 * 10 + 3 /* a special officer */};
    raid(&l, &scene, 5);
    assert_same(lab_metric(&l, "police.operations"), 0);
    assert_int_equal(c->lead_ripe[0], NEVER); /* the lead is lost */

    scene.tie = 3; /* an officer of the general unit */
    double n = raid(&l, &scene, 20);
    assert_same(lab_metric(&l, "police.operations"), n);
    assert_same(lab_metric(&l, "police.operations_betrayed"), 0);
    lab_set(&l, "police.leak", 0.5);
    lab_set(&l, "police.tie_leak", 0.3);
    raid(&l, &scene, 20);
    double betrayed = lab_metric(&l, "police.operations_betrayed");
    assert_binomial(betrayed, n, 1 - (1 - 0.5 * 0.4) * (1 - 0.3));
    scene.tie = NO_OFFICER;
    raid(&l, &scene, 20);
    assert_binomial(lab_metric(&l, "police.operations_betrayed"), n, 0.5 * 0.4);
    double today = 0;
    for (uint32_t v = 0; v < VENUES; v++) {
        if (c->mode[v] != MODE_COVERT) continue;
        today++;
        assert_int_equal(c->hides_until[v], 20 + 120);
        assert_int_equal(persons_in(minors_in(c, v)), 4);
    }
    for (uint32_t i = 0; i < c->n_signals; i++) today -= c->signals[i].kind == SIGNAL_BETRAYED;
    assert_same(today, 0);
    scene.minors = 0; /* nobody betrays what is not there */
    raid(&l, &scene, 20);
    assert_same(lab_metric(&l, "police.operations_betrayed"), 0);
    assert_same(lab_metric(&l, "police.operations_false_lead"), n);

    lab_set(&l, "policy.board_coverage", 1);
    lab_set(&l, "board.board_obstruction", 0.35);
    lab_set(&l, "police.leak", 0);
    lab_enact(&l);
    scene.minors = 1;
    raid(&l, &scene, 20);
    assert_binomial(lab_metric(&l, "police.operations_obstructed"), n, 0.35);
    assert_same(lab_metric(&l, "police.operations"), n);
    lab_close(&l);
}

/* ---- the exploited ---- */

static void test_the_exploited_are_found_and_their_owners_arrested(void **state)
{
    (void)state;
    static const enum mode modes[] = {MODE_OPEN, MODE_COVERT, MODE_PRIVATE};
    for (int i = 0; i < 3; i++) {
        struct lab l;
        struct city *c = unit(&l);
        lab_set(&l, "market.closure_days", 90);
        lab_set(&l, "policy.legal_support", 0.5);
        lab_set(&l, "policy.accompaniment", 0.25);
        struct scene scene = {.mode = modes[i], .minors = 2, .coerced = 2, .tie = 3};
        double n = raid(&l, &scene, 60), find = 0.22 + 0.5 * 0.78, find_adult = find * 0.36;
        assert_binomial(lab_metric(&l, "police.minors_rescued"), 2 * n, find);
        assert_binomial(lab_metric(&l, "police.coerced_adults_rescued"), 2 * n, find_adult);
        double any = 1 - pow(1 - find, 2) * pow(1 - find_adult, 2);
        assert_binomial(lab_metric(&l, "police.owners_arrested"), n, any * 0.88 * 0.5);
        assert_same(lab_metric(&l, "police.operations_false_lead"), 0);
        for (uint32_t k = 0; k < c->n_arrests; k++) {
            const struct arrest *arrest = &c->arrests[k];
            assert_true(arrest->special && arrest->closure);
            assert_close(arrest->evidence, 0.2 + 0.4 * 0.5 + 0.2 * 0.25 + 0.2 * 0.5, 1e-6);
            assert_int_equal(c->closed_until[arrest->offender], 60 + 90);
            assert_int_equal(c->tie[arrest->offender], NO_OFFICER);
        }
        assert_int_equal(c->n_operations, VENUES);
        for (uint32_t k = 0; k < VENUES; k++)
            assert_int_equal(c->operations[k].kind, modes[i] == MODE_PRIVATE ? OPERATION_HIDDEN : OPERATION_RESCUE);
        double losses = 0;
        for (uint32_t v = 0; v < VENUES; v++) losses += c->losses[v];
        assert_same(losses, lab_metric(&l, "police.minors_rescued") + lab_metric(&l, "police.coerced_adults_rescued"));
        lab_close(&l);
    }
}

/* An owner who is held already cannot be arrested, though some of the exploited may still be there. */
static void test_an_owner_on_remand_is_not_arrested_again(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = unit(&l);
    for (uint32_t o = 0; o < VENUES; o++) c->standing[o] = STANDING_REMAND, case_open(c, o)->trial_on = 900;
    const struct scene scene = {.mode = MODE_OPEN, .minors = 4, .tie = NO_OFFICER};
    raid(&l, &scene, 5);
    assert_true(lab_metric(&l, "police.minors_rescued") > 0);
    assert_same(lab_metric(&l, "police.owners_arrested"), 0);
    lab_close(&l);
}

static void test_suppliers_of_those_found_may_be_arrested(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = unit(&l);
    lab_set(&l, "police.arrest", 0);
    lab_set(&l, "policy.legal_support", 0.4);
    struct scene scene = {.mode = MODE_OPEN, .minors = 1, .tie = NO_OFFICER, .traffickers = true};
    for (uint32_t k = 0; k < VENUES; k++) c->standing[c->venues + k] = k % 2 ? STANDING_DORMANT : STANDING_FREE;
    raid(&l, &scene, 200);
    assert_binomial(lab_metric(&l, "police.traffickers_arrested"), lab_metric(&l, "police.minors_rescued"),
                    0.38 * 0.5 * (0.3 + 0.7 * 0.4));
    for (uint32_t k = 0; k < c->n_arrests; k++) {
        assert_true(c->arrests[k].offender >= c->venues && c->arrests[k].special && !c->arrests[k].closure);
    }
    for (uint32_t k = 0; k < VENUES; k++) {
        c->standing[c->venues + k] = k % 2 ? STANDING_VACANT : STANDING_REMAND;
        if (k % 2 == 0) case_open(c, c->venues + k)->trial_on = 999;
        else if (case_of(c, c->venues + k) != NULL) case_close(c, c->venues + k);
    }
    raid(&l, &scene, 50);
    assert_same(lab_metric(&l, "police.traffickers_arrested"), 0);
    LAB_ALL(&l, standing, c->offenders, STANDING_FREE);
    scene.traffickers = false; /* nobody knows who brought them */
    raid(&l, &scene, 50);
    assert_same(lab_metric(&l, "police.traffickers_arrested"), 0);
    assert_true(lab_metric(&l, "police.minors_rescued") > 0);
    lab_close(&l);
}

/* ---- adults and irregular victims ---- */

static void test_adults_present_are_harmed_as_conduct_allows(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = unit(&l);
    lab_set(&l, "police.mistaken_rescue", 0.1);
    lab_set(&l, "police.sweep_detention", 0.5);
    lab_set(&l, "police.assault_probability", 0.4);
    lab_set(&l, "police.raid_conduct", 1.2);
    lab_set(&l, "fear.assaulted", 0);
    const struct scene scene = {.mode = MODE_OPEN, .minors = 1, .adults = 10, .tie = NO_OFFICER};
    for (double accompaniment = 0; accompaniment <= 1; accompaniment += 0.5) {
        lab_set(&l, "policy.accompaniment", accompaniment);
        double n = 10 * raid(&l, &scene, 90), misconduct = 1.2 * 0.4 * (1 - accompaniment * 0.8);
        double taken = lab_metric(&l, "police.mistaken_rescues");
        assert_binomial(taken, n, 0.1);
        assert_binomial(lab_metric(&l, "police.adult_detentions"), n - taken, 0.5 * misconduct);
        assert_binomial(lab_metric(&l, "police.violence_police"), n, 0.4 * misconduct);
        assert_same(lab_metric(&l, "police.deportations"), 0);
        for (uint64_t m = adults_at(c, 0); m;) assert_close(fear_of(c, next_seat(c, 0, &m)), 0.15, 1e-6);
    }
    static const char *const off[] = {"police.mistaken_rescue", "police.raid_conduct"};
    for (int i = 0; i < 2; i++) lab_set(&l, off[i], 0);
    raid(&l, &scene, 10);
    assert_same(lab_metric(&l, "police.mistaken_rescues") + lab_metric(&l, "police.adult_detentions") +
                    lab_metric(&l, "police.violence_police"),
                0);
    struct scene elsewhere = scene;
    elsewhere.mode = MODE_PRIVATE; /* the adults of the venue do not meet the police */
    lab_set(&l, "police.mistaken_rescue", 1);
    raid(&l, &elsewhere, 10);
    assert_same(lab_metric(&l, "police.mistaken_rescues"), 0);
    assert_true(lab_metric(&l, "police.minors_rescued") > 0);
    lab_close(&l);
}

static void test_immigration_law_deports_unless_kept_out(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = unit(&l);
    lab_set(&l, "police.mistaken_rescue", 0);
    LAB_ALL(&l, integrity, c->officers, 1); /* an honest officer enforces it */
    const struct scene scene = {
        .mode = MODE_OPEN, .minors = 3, .adults = 5, .traits = TRAIT_IRREGULAR, .tie = NO_OFFICER};
    for (double accompaniment = 0; accompaniment <= 1; accompaniment += 1) {
        lab_set(&l, "policy.accompaniment", accompaniment);
        double n = raid(&l, &scene, 40), chance = 0.8 * (1 - 0.8 * accompaniment),
               victims = lab_metric(&l, "police.victims_deported");
        assert_binomial(lab_metric(&l, "police.deportations") - victims, 5 * n, chance);
        assert_binomial(victims, victims + lab_metric(&l, "police.minors_rescued"), chance);
    }
    double abroad = 0;
    for (uint32_t i = 0; i < c->n_absent; i++) abroad += c->absent[i].absence == ABSENT_DEPORTED;
    assert_true(abroad > 0);
    lab_set(&l, "policy.immigration_out", 1);
    raid(&l, &scene, 40);
    assert_same(lab_metric(&l, "police.deportations"), 0);
    lab_set(&l, "policy.immigration_out", 0);
    struct scene regular = scene;
    regular.traits = 0;
    raid(&l, &regular, 40);
    assert_same(lab_metric(&l, "police.deportations"), 0);
    lab_close(&l);
}

static void test_operations_teach_and_leakers_are_held_to_account(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = unit(&l);
    c->special_officers = 6; /* all take part */
    lab_set(&l, "police.practice", 0.1);
    c->mode[0] = MODE_OPEN;
    lab_fill(&l, 0, CLASS_MINOR, 1);
    c->lead_ripe[0] = 1, c->operations_due = 1;
    operations(&l);
    for (uint32_t o = 20; o < 26; o++) assert_close(c->skill[o], 0.55, 1e-6);
    assert_same(c->skill[26], 0.5f);
    lab_set(&l, "police.practice", 0);
    lab_set(&l, "police.leak", 1);
    lab_set(&l, "police.exposure", 0.3);
    lab_set(&l, "police.example", 0);
    lab_set(&l, "policy.special_oversight", 0.5);
    lab_set(&l, "police.fresh_integrity", 0); /* so that every operation is betrayed, before and after */
    lab_set(&l, "police.fresh_integrity_sd", 0);
    LAB_ALL(&l, integrity, c->officers, 0);
    struct scene scene = {.mode = MODE_OPEN, .minors = 1, .tie = NO_OFFICER};
    double n = raid(&l, &scene, 40);
    assert_same(lab_metric(&l, "police.operations_betrayed"), n);
    assert_binomial(lab_metric(&l, "police.officers_prosecuted"), n, 0.15);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leads_by_mode_staff_and_trust),
        cmocka_unit_test(test_leads_only_on_those_who_exploit_and_only_by_a_unit_at_work),
        cmocka_unit_test(test_false_leads_at_their_rate),
        cmocka_unit_test(test_operations_take_the_oldest_ripe_lead_as_capacity_allows),
        cmocka_unit_test(test_leads_of_one_day_compete_by_luck),
        cmocka_unit_test(test_no_operation_without_capacity_unit_or_leave_to_act),
        cmocka_unit_test(test_ties_boards_and_leaks_stand_in_the_way),
        cmocka_unit_test(test_the_exploited_are_found_and_their_owners_arrested),
        cmocka_unit_test(test_an_owner_on_remand_is_not_arrested_again),
        cmocka_unit_test(test_suppliers_of_those_found_may_be_arrested),
        cmocka_unit_test(test_adults_present_are_harmed_as_conduct_allows),
        cmocka_unit_test(test_immigration_law_deports_unless_kept_out),
        cmocka_unit_test(test_operations_teach_and_leakers_are_held_to_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What acts of the police do to others than those they are meant for: the owner who loses somebody and no other, suppliers and
 * witnesses, adults who are present, officers who answer; and what an act that comes to nothing leaves undone. */
#include <math.h>

#include "models/police.h"
#include "tests/world_support.h"

enum { VENUES = 8, VENUE = 5, SPECIAL = 20 /* the first officer of the special unit */ };

/* Two districts of four venues, where owners exploit openly; six special officers, all alike, who find everybody, and a ripe
 * lead on one venue. */
static struct city *one_lead(struct lab *l, double skill, double integrity)
{
    static const char *const certain[] = {"police.find", "police.find_adult", "police.arrest", "police.arrest_linked",
                                          "policy.legal_support"};
    static const char *const off[] = {"police.mistaken_rescue", "police.leak", "police.tie_leak", "police.exposure",
                                      "police.raid_deportation", "police.raid_conduct", "police.disperse_share", "police.practice"};
    lab_init(l);
    lab_set(l, "region.venues", VENUES);
    lab_set(l, "policy.special_officers", TEAM);
    lab_set(l, "policy.operations_per_month", 30);
    lab_set(l, "fear.extorted", 0.25); /* unlike what others do */
    for (size_t i = 0; i < sizeof certain / sizeof *certain; i++) lab_set(l, certain[i], 1);
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) lab_set(l, off[i], 0);
    lab_open(l, 0);
    struct city *c = l->city;
    LAB_ALL(l, skill, c->officers, (float)skill);
    LAB_ALL(l, integrity, c->officers, (float)integrity);
    LAB_ALL(l, mode, VENUES, MODE_OPEN);
    c->lead_ripe[VENUE] = 1;
    return c;
}

static void operate(struct lab *l)
{
    city_reckon(l->city); /* columns were arranged by hand */
    LAB_POLICE(l, police_operations);
    assert_same(lab_metric(l, "police.operations"), 1);
    lab_verify(l);
}

static void expect_losses(const struct city *c, double of_venue)
{
    for (uint32_t v = 0; v < VENUES; v++) assert_same(c->losses[v], v == VENUE ? of_venue : 0);
}

/* ---- operations ---- */

/* Those deported are lost to the owner, and witnesses of who supplied them, as those brought out; a supplier of several is arrested
 * once, and one who is arrested for another reason today not at all. */
static void test_owners_and_suppliers_of_those_found(void **state)
{
    (void)state;
    for (int deported = 0; deported < 2; deported++)
        for (int private = 0; private < 2; private++) {
            struct lab l;
            struct city *c = one_lead(&l, 1, 1);
            lab_set(&l, "police.raid_deportation", deported);
            if (private) c->mode[VENUE] = MODE_PRIVATE;
            const uint32_t place = private ? private_place(c, VENUE) : VENUE, first = lab_fill(&l, place, CLASS_MINOR, 2);
            lab_fill(&l, place, CLASS_COERCED, 2);
            lab_fill(&l, VENUE - 1, CLASS_MINOR, 3);
            for (uint32_t k = 0; k < 4; k++) {
                *supplier_at(c, first + k) = k < 3 ? 2 : 6, traits_put(c, first + k, TRAIT_IRREGULAR | TRAIT_INFECTED);
                fear_put(c, first + k, -3.5f), *served_at(c, first + k) = 1, due_change(c, first + k, (uint16_t)(900 + k));
            }
            city_recount(c);
            arrest_make(c, c->venues + 6, 0.5, false, false);
            operate(&l);
            assert_same(lab_metric(&l, "police.victims_deported"), deported ? 4 : 0);
            assert_int_equal(c->n_absent, 4);
            for (uint32_t i = 0; i < 4; i++) {
                const struct person *person = &c->absent[i].person;
                assert_int_equal(c->absent[i].absence, deported ? ABSENT_DEPORTED : ABSENT_RESCUED);
                assert_int_equal(c->absent[i].from, first + i);
                assert_true(person->fear == -3.5f && person->served == 1 && person->due == 900 + i);
                assert_int_equal(person->traits, TRAIT_IRREGULAR | TRAIT_INFECTED);
                assert_int_equal(person->class, i < 2 ? CLASS_MINOR : CLASS_COERCED);
            }
            expect_losses(c, 4);
            assert_true(c->mode[VENUE] == (private ? MODE_PRIVATE : MODE_OPEN) && c->hides_until[VENUE] == 0);
            assert_same(lab_metric(&l, "police.traffickers_arrested"), 1);
            assert_int_equal(c->n_arrests, 3);
            assert_int_equal(c->arrests[1].offender, c->venues + 2);
            assert_int_equal(c->arrests[2].offender, VENUE);
            for (uint32_t i = 1; i < 3; i++) assert_close(c->arrests[i].evidence, 0.2 + 0.4 + 0.2, 1e-6);
            assert_true(c->arrests[2].closure && is_closed(c, VENUE) && !is_closed(c, VENUE - 1));
            assert_int_equal(persons_in(c->exploited[VENUE - 1]), 3);
            lab_close(&l);
        }
}

/* Adults of a venue that is closed go to the district's street, all if that is the rule; where a closure lasts no day, nobody
 * goes. */
static void test_adults_of_a_closed_venue_leave_and_no_others(void **state)
{
    (void)state;
    for (double days = 0; days <= 30; days += 30) {
        struct lab l;
        struct city *c = one_lead(&l, 1, 1);
        lab_set(&l, "police.disperse_share", 1);
        lab_set(&l, "market.closure_days", days);
        lab_fill(&l, VENUE, CLASS_MINOR, 1);
        for (uint32_t v = 0; v < VENUES; v++) lab_fill(&l, v, CLASS_ADULT, 4);
        operate(&l);
        assert_int_equal(c->n_arrests, 1);
        assert_true(is_closed(c, VENUE) == (days > 0) && c->arrests[0].closure == (days > 0));
        for (uint32_t v = 0; v < VENUES; v++) assert_int_equal(persons_in(c->occupied[v]), v == VENUE && days > 0 ? 0 : 4);
        assert_int_equal(persons_in(c->occupied[c->district_street[1]]), days > 0 ? 4 : 0);
        lab_close(&l);
    }
}

/* What becomes of adults whom a rescue operation meets: deported they are gone, taken they are absent, detained they keep their
 * seats; who is detained already is not met. */
static void test_adults_met_in_an_operation(void **state)
{
    (void)state;
    static const char *const fate[] = {"police.raid_deportation", "police.mistaken_rescue", "police.raid_conduct"};
    for (int i = 0; i < 3; i++) {
        struct lab l;
        struct city *c = one_lead(&l, 1, 0);
        lab_set(&l, fate[i], 1);
        lab_set(&l, "police.sweep_detention", 1);
        lab_set(&l, "police.assault_probability", 0);
        lab_set(&l, "police.detention_days", 4.6);
        const uint32_t first = lab_fill(&l, VENUE, CLASS_ADULT, 5);
        lab_fill(&l, VENUE - 1, CLASS_ADULT, 5);
        for (uint32_t k = 0; k < 5; k++) traits_put(c, first + k, TRAIT_IRREGULAR);
        seat_detain(c, first + 4, 900);
        operate(&l);
        assert_int_equal(c->gone, i == 0 ? 4 : 0);
        assert_int_equal(c->n_absent, i == 1 ? 4 : 0);
        assert_int_equal(c->held, i == 2 ? 5 : 1);
        for (uint32_t k = 0; k < c->n_absent; k++) assert_int_equal(c->absent[k].absence, ABSENT_TAKEN_ADULT);
        for (uint32_t k = 0; k < 4 && i == 2; k++) {
            assert_int_equal(*due_at(c, first + k), 1 + 5 + 1);
            assert_close(fear_of(c, first + k), 0.15, 1e-6);
        }
        assert_int_equal(*due_at(c, first + 4), 901);
        assert_same(fear_of(c, first + 4), 0);
        assert_int_equal(persons_in(c->occupied[VENUE - 1]), 5);
        expect_losses(c, 0); /* they are nobody's */
        lab_close(&l);
    }
}

/* An operation that is betrayed, or that a board prevents, costs its capacity and the lead, teaches the team nothing and is not
 * seen by anybody; only who was warned knows. */
static void test_operations_that_come_to_nothing(void **state)
{
    (void)state;
    for (int prevented = 0; prevented < 2; prevented++) {
        struct lab l;
        struct city *c = one_lead(&l, 0.5, 0);
        lab_set(&l, "police.practice", 0.5);
        lab_set(&l, "police.leak", 1);
        lab_set(&l, "policy.board_coverage", prevented);
        lab_set(&l, "board.board_obstruction", 1);
        lab_enact(&l);
        c->tie[VENUE] = 3;
        lab_fill(&l, VENUE, CLASS_MINOR, 4), lab_fill(&l, VENUE, CLASS_ADULT, 4);
        operate(&l);
        assert_same(lab_metric(&l, "police.operations_betrayed"), !prevented);
        assert_int_equal(c->n_signals, prevented ? 0 : 1);
        if (!prevented) assert_true(c->signals[0].offender == VENUE && c->signals[0].kind == SIGNAL_BETRAYED);
        for (uint32_t v = 0; v < VENUES; v++) {
            assert_int_equal(c->mode[v], v == VENUE && !prevented ? MODE_COVERT : MODE_OPEN);
            assert_int_equal(c->hides_until[v], v == VENUE && !prevented ? 1 + 120 : 0);
        }
        assert_int_equal(c->n_operations + c->n_arrests + c->n_absent, 0);
        assert_int_equal(c->lead_ripe[VENUE], NEVER);
        assert_int_equal(c->tie[VENUE], 3);
        assert_same(c->operations_due, 0);
        for (uint32_t o = 0; o < c->officers; o++) assert_same(c->skill[o], 0.5f);
        for (uint64_t m = c->occupied[VENUE]; m;) assert_same(fear_of(c, next_seat(c, VENUE, &m)), 0);
        expect_losses(c, 0);
        lab_close(&l);
    }
}

static void test_a_protected_venue_costs_a_lead_but_no_capacity(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = one_lead(&l, 0.5, 1);
    c->tie[VENUE] = SPECIAL + 1; /* one of the unit's own */
    c->lead_ripe[VENUE + 1] = 2; /* the younger lead */
    lab_fill(&l, VENUE, CLASS_MINOR, 1), lab_fill(&l, VENUE + 1, CLASS_MINOR, 1);
    operate(&l);
    assert_int_equal(c->lead_ripe[VENUE], NEVER);
    assert_int_equal(c->lead_ripe[VENUE + 1], NEVER);
    assert_int_equal(c->n_operations, 1);
    assert_int_equal(c->operations[0].venue, VENUE + 1);
    lab_close(&l);
}

/* Where covert exploitation is impossible the owner who was warned goes on openly; all the same he does not review for a while. */
static void test_who_cannot_go_covert_only_waits(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = one_lead(&l, 0.5, 0);
    lab_set(&l, "police.leak", 1);
    lab_set(&l, "venues.covert_capacity", 0);
    lab_fill(&l, VENUE, CLASS_MINOR, 1);
    operate(&l);
    assert_int_equal(c->mode[VENUE], MODE_OPEN);
    assert_int_equal(c->hides_until[VENUE], 1 + 120);
    lab_close(&l);
}

/* A team that has reached the place gains practice, whether anybody is found or not. */
static void test_practice_needs_nobody_to_be_found(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = one_lead(&l, 0.5, 1);
    lab_set(&l, "police.practice", 0.5);
    operate(&l);
    assert_same(lab_metric(&l, "police.operations_false_lead"), 1);
    for (uint32_t o = 0; o < SPECIAL + TEAM; o++) assert_same(c->skill[o], o < SPECIAL ? 0.5f : 0.75f);
    lab_close(&l);
}

/* A lead that is open is not begun anew, be it true or false; adults who are detained tell nobody anything. */
static void test_open_leads_stay_and_the_detained_tell_nothing(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = one_lead(&l, 1, 1);
    lab_set(&l, "police.intel_rate", 10);
    lab_set(&l, "police.false_lead", 1);
    LAB_ALL(&l, lead_ripe, VENUES, 500);
    lab_fill(&l, VENUE, CLASS_MINOR, 1);
    for (int32_t day = 1; day <= 60; day++) lab_day(&l, day), LAB_POLICE(&l, police_leads);
    for (uint32_t v = 0; v < VENUES; v++) assert_int_equal(c->lead_ripe[v], 500);
    lab_set(&l, "police.intel_rate", 0);
    lab_set(&l, "police.false_lead", 0);
    lab_set(&l, "police.tip_rate", 1);
    LAB_ALL(&l, lead_ripe, VENUES, NEVER);
    const uint32_t adults = lab_fill(&l, VENUE, CLASS_ADULT, 5);
    for (uint32_t k = 0; k < 5; k++) seat_detain(c, adults + k, 900);
    for (int32_t day = 61; day <= 120; day++) lab_day(&l, day), LAB_POLICE(&l, police_leads);
    assert_int_equal(c->lead_ripe[VENUE], NEVER);
    assert_same(lab_metric(&l, "police.leads"), 0);
    lab_close(&l);
}

/* ---- sweeps and shakedowns ---- */

/* One district of some venues, and a sweep of all of them every day on which there is one. */
static struct city *sweeps(struct lab *l, double venues)
{
    lab_init(l);
    lab_set(l, "region.districts", 1);
    lab_set(l, "region.venues", venues);
    lab_set(l, "policy.sweep_rate", 30);
    lab_set(l, "policy.sweep_sites", 50);
    lab_set(l, "police.sweep_street", 0);
    lab_set(l, "police.sweep_arrest", 1);
    lab_set(l, "police.exposure", 0);
    lab_set(l, "police.disperse_share", 0);
    lab_open(l, 0);
    return l->city;
}

/* Until there is one: e^-60 that there is none on any of sixty days. */
static void until_a_sweep(struct lab *l)
{
    city_reckon(l->city);
    for (int32_t day = 1; day <= 60 && lab_metric(l, "police.sweeps") == 0; day++) {
        lab_day(l, day);
        LAB_POLICE(l, police_sweeps);
    }
    assert_true(lab_metric(l, "police.sweeps") > 0);
    lab_verify(l);
}

/* An owner whose network is elsewhere is guilty of nothing that a sweep sees, unless somebody exploited is still in the venue. */
static void test_a_sweep_finds_guilty_whose_venue_holds_somebody(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = sweeps(&l, 4);
    LAB_ALL(&l, integrity, c->officers, 1);
    LAB_ALL(&l, mode, 3, MODE_PRIVATE);
    lab_fill(&l, private_place(c, 0), CLASS_COERCED, 2);
    lab_fill(&l, 1, CLASS_COERCED, 2);
    lab_fill(&l, 3, CLASS_COERCED, 2); /* its owner has given up */
    until_a_sweep(&l);
    assert_int_equal(c->n_arrests, 1);
    assert_int_equal(c->arrests[0].offender, 1);
    assert_same(lab_signals(&l, SIGNAL_INSPECTED), 3);
    assert_int_equal(c->count[PLACE_PRIVATE][CLASS_COERCED], 2);
    lab_close(&l);
}

/* A release for money keeps the tie, and one officer answers for it; who comes for that officer has no ties. */
static void test_a_release_for_money_keeps_the_tie_and_is_answered_for(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = sweeps(&l, 1);
    lab_set(&l, "police.exposure", 1);
    lab_set(&l, "policy.general_oversight", 1);
    lab_set(&l, "policy.special_officers", 2);
    lab_enact(&l);
    LAB_ALL(&l, integrity, c->officers, 0);
    LAB_ALL(&l, joined, c->officers, 0);
    c->mode[0] = MODE_OPEN;
    c->tie[0] = 10; /* the special unit's officer protects from no sweep */
    lab_fill(&l, 0, CLASS_COERCED, 1);
    lab_set(&l, "police.assault_probability", 0);
    until_a_sweep(&l);
    assert_same(lab_metric(&l, "police.arrests_bought_off"), 1);
    assert_same(lab_metric(&l, "police.officers_prosecuted"), 1);
    assert_int_equal(c->tie[0], 10);
    assert_int_equal(c->n_arrests, 0);
    assert_same(lab_signals(&l, SIGNAL_ARRESTED) + lab_signals(&l, SIGNAL_BOUGHT), 2);
    uint32_t replaced = 0;
    for (uint32_t o = 0; o < 10; o++) replaced += c->joined[o] != 0;
    assert_int_equal(replaced, 1);
    lab_close(&l);
}

/* Adults leave for the street after they have met the police, and those who are let out of detention have not forgotten it. */
static void test_a_sweep_is_met_first_and_fled_later(void **state)
{
    (void)state;
    for (int detained = 0; detained < 2; detained++) {
        struct lab l;
        struct city *c = sweeps(&l, 1);
        lab_set(&l, "police.disperse_share", 1);
        lab_set(&l, "police.assault_probability", 0);
        lab_set(&l, "police.sweep_detention", detained);
        lab_set(&l, "police.detention_days", 4.6);
        lab_fill(&l, 0, CLASS_ADULT, 4);
        until_a_sweep(&l);
        const uint32_t place = detained ? 0 : c->district_street[0];
        assert_int_equal(persons_in(c->occupied[place]), 4);
        assert_int_equal(c->held, detained ? 4 : 0);
        for (uint64_t m = c->occupied[place]; m;) {
            const uint32_t seat = next_seat(c, place, &m);
            assert_close(fear_of(c, seat), 0.2, 1e-6);
            if (detained) assert_int_equal(*due_at(c, seat), c->day + 5 + 1);
        }
        if (detained) {
            lab_day(&l, c->day + 5);
            police_releases(c);
            assert_int_equal(c->held, 0);
            for (uint64_t m = adults_at(c, 0); m;) assert_close(fear_of(c, next_seat(c, 0, &m)), 0.2 * exp2(-5 / 90.0), 1e-6);
        }
        lab_verify(&l);
        lab_close(&l);
    }
}

/* Any stretch of a long street may be swept. */
static void test_every_stretch_of_a_street_is_swept(void **state)
{
    (void)state;
    enum { DAYS = 200 };
    struct lab l;
    struct city *c = sweeps(&l, 20);
    lab_set(&l, "policy.sweep_sites", 1);
    lab_set(&l, "police.sweep_street", 1);
    lab_set(&l, "police.sweep_detention", 0);
    const uint32_t first = c->district_street[0], stretches = c->district_street[1] - first;
    assert_true(stretches > 2);
    double swept[8] = {0}, sweeps_made = 0;
    for (uint32_t p = 0; p < stretches; p++) lab_fill(&l, first + p, CLASS_ADULT, 1);
    for (int32_t day = 1; day <= DAYS; day++) {
        lab_day(&l, day);
        for (uint32_t p = 0; p < stretches; p++) fear_relieve(c, c->first_seat[first + p], 1);
        LAB_POLICE(&l, police_sweeps);
        for (uint32_t p = 0; p < stretches; p++) swept[p] += fear_of(c, c->first_seat[first + p]) > 0;
    }
    for (uint32_t p = 0; p < stretches; p++) sweeps_made += swept[p];
    assert_same(sweeps_made, lab_metric(&l, "police.sweeps"));
    for (uint32_t p = 0; p < stretches; p++) assert_binomial(swept[p], sweeps_made, 1.0 / stretches);
    lab_close(&l);
}

/* Under full oversight each tie, each extortion and each assault costs an officer the post. */
static void test_officers_answer_for_ties_extortions_and_assaults(void **state)
{
    (void)state;
    for (int tie = 0; tie < 2; tie++) {
        struct lab l;
        lab_init(&l);
        lab_set(&l, "policy.general_oversight", 1);
        lab_set(&l, "police.oversight_effect", 0);
        lab_set(&l, "police.exposure", 1);
        lab_set(&l, "police.example", 0);
        lab_set(&l, "police.fresh_integrity", 0);
        lab_set(&l, "police.fresh_integrity_sd", 0);
        lab_set(&l, "police.shakedown_rate", 1);
        lab_set(&l, "police.tie_probability", tie);
        lab_set(&l, "police.assault_probability", tie ? 1 : 0);
        lab_open(&l, 0);
        struct city *c = l.city;
        for (uint32_t v = 0; v < c->venues; v++) {
            lab_fill(&l, v, CLASS_ADULT, 5);
            if (tie) c->mode[v] = MODE_OPEN, lab_fill(&l, v, CLASS_MINOR, 1);
        }
        LAB_POLICE(&l, police_shakedowns);
        assert_true(lab_metric(&l, "police.shakedowns") > 0); /* twenty are expected */
        assert_same(lab_metric(&l, tie ? "police.ties_formed" : "police.extortions"), lab_metric(&l, "police.shakedowns"));
        assert_same(lab_metric(&l, "police.officers_prosecuted"), lab_metric(&l, "police.shakedowns"));
        for (uint32_t v = 0; v < c->venues; v++) assert_int_equal(c->tie[v], NO_OFFICER); /* lost with the post */
        lab_reset(&l);
        LAB_ALL(&l, joined, c->officers, 0);
        const struct team team = {.officer = {4}, .size = 1};
        police_assault(c, lab_parameters(&l, "police"), lab_metrics(&l, "police"), &team, c->first_seat[0], 0.5, 1, 1);
        assert_same(lab_metric(&l, "police.violence_police"), 1);
        assert_same(lab_metric(&l, "police.officers_prosecuted"), 1);
        for (uint32_t o = 0; o < 20; o++) assert_int_equal(c->joined[o], o == 4 ? 1 : 0);
        lab_close(&l);
    }
}

/* ---- the day, and reports ---- */

/* Each act finds what those before it have done: reports are answered; an officer who has come for money this morning keeps
 * the sweep away; a lead that needs no time is followed today. */
static void test_the_day_of_the_police_in_its_order(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = one_lead(&l, 0.5, 1);
    lab_set(&l, "policy.protective_response", 1);
    lab_set(&l, "policy.general_rotation", 0);
    lab_set(&l, "policy.sweep_rate", 0);
    lab_set(&l, "police.intel_rate", 10);
    lab_set(&l, "police.case_days", 0);
    lab_set(&l, "police.false_lead", 0);
    lab_set(&l, "police.override_rate", 0);
    lab_set(&l, "police.integrity_drift", 0);
    lab_set(&l, "policy.ngo_investigators", 200);
    LAB_ALL(&l, lead_ripe, VENUES, NEVER);
    const uint32_t victim = lab_fill(&l, VENUE, CLASS_MINOR, 1);
    report_note(c, victim, 0);
    lab_step(&l, "police"); /* some 125 leads a day are expected on the venue */
    assert_same(lab_metric(&l, "police.responses"), 1);
    assert_same(lab_metric(&l, "police.operations"), 1);
    assert_same(lab_metric(&l, "police.minors_rescued"), 1);
    lab_close(&l);

    c = sweeps(&l, 1);
    lab_set(&l, "police.shakedown_rate", 1);
    lab_set(&l, "policy.shakedown_factor", 2);
    lab_set(&l, "police.tie_probability", 1);
    lab_set(&l, "policy.general_oversight", 0);
    c->mode[0] = MODE_OPEN;
    lab_fill(&l, 0, CLASS_MINOR, 1);
    for (int32_t day = 1; day <= 20; day++) { /* 20 visits a day are expected: in one of 24 million runs a day has none */
        lab_day(&l, day);
        c->tie[0] = NO_OFFICER;
        LAB_ALL(&l, integrity, c->officers, 0);
        lab_step(&l, "police");
    }
    assert_same(lab_metric(&l, "police.ties_formed"), 20);
    assert_same(lab_metric(&l, "police.sweeps"), 0);
    lab_close(&l);
}

/* A report answered well protects the reporter's district, the more the fewer are there: in venues, private places, the street. */
static void test_protection_is_shared_by_those_in_the_district(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "policy.protective_response", 1);
    lab_set(&l, "police.protect_gain", 0.01);
    lab_open(&l, 0);
    struct city *c = l.city;
    LAB_ALL(&l, integrity, c->officers, 1);
    lab_fill(&l, 0, CLASS_ADULT, 19), lab_fill(&l, 1, CLASS_ADULT, 20), lab_fill(&l, c->district_street[0], CLASS_ADULT, 30);
    const uint32_t victim = lab_fill(&l, 12, CLASS_ADULT, 10);
    lab_fill(&l, 13, CLASS_MINOR, 2), lab_fill(&l, private_place(c, 12), CLASS_MINOR, 3);
    lab_fill(&l, c->district_street[1], CLASS_ADULT, 7);
    report_note(c, victim, 0);
    LAB_POLICE(&l, police_responses);
    assert_same(lab_metric(&l, "police.responses"), 1);
    assert_same(c->protection[0], 0);
    assert_close(c->protection[1], 0.01 * 600 / 22, 1e-12);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_owners_and_suppliers_of_those_found),
        cmocka_unit_test(test_adults_of_a_closed_venue_leave_and_no_others),
        cmocka_unit_test(test_adults_met_in_an_operation),
        cmocka_unit_test(test_operations_that_come_to_nothing),
        cmocka_unit_test(test_a_protected_venue_costs_a_lead_but_no_capacity),
        cmocka_unit_test(test_who_cannot_go_covert_only_waits),
        cmocka_unit_test(test_practice_needs_nobody_to_be_found),
        cmocka_unit_test(test_open_leads_stay_and_the_detained_tell_nothing),
        cmocka_unit_test(test_a_sweep_finds_guilty_whose_venue_holds_somebody),
        cmocka_unit_test(test_a_release_for_money_keeps_the_tie_and_is_answered_for),
        cmocka_unit_test(test_a_sweep_is_met_first_and_fled_later),
        cmocka_unit_test(test_every_stretch_of_a_street_is_swept),
        cmocka_unit_test(test_officers_answer_for_ties_extortions_and_assaults),
        cmocka_unit_test(test_the_day_of_the_police_in_its_order),
        cmocka_unit_test(test_protection_is_shared_by_those_in_the_district),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Beliefs against their recursion, written a second time; and the survey against the sampling it describes. */
#include <math.h>

#include "tests/world_support.h"

enum { SIGNALS = SIGNAL_BETRAYED + 1 };

/* ---- the recursion a second time: what an event does, and to whom ---- */

static const struct weights {
    double risk_up, risk_down, punishment_up, punishment_down;
} dual[SIGNALS] = {
    [SIGNAL_INSPECTED] = {.risk_up = 0.02},
    [SIGNAL_ARRESTED] = {.risk_up = 0.4},
    [SIGNAL_DETAINED] = {.punishment_up = 0.15},
    [SIGNAL_FINED] = {.risk_up = 0.2, .punishment_up = 0.7},
    [SIGNAL_JAILED] = {.risk_up = 0.9, .punishment_up = 0.95},
    [SIGNAL_BOUGHT] = {.punishment_down = 1},
    [SIGNAL_ACQUITTED] = {.punishment_down = 1},
    [SIGNAL_PARDONED] = {.punishment_down = 1},
    [SIGNAL_BETRAYED] = {.risk_down = 0.3},
};

static struct city *believers(struct lab *l, double venues, bool single)
{
    lab_init(l);
    static const struct {
        const char *path;
        double value;
    } set[] = {
        {"beliefs.w_inspection", 0.02},   {"beliefs.w_arrest", 0.4},        {"beliefs.w_fine", 0.2},
        {"beliefs.w_jail", 0.9},          {"beliefs.w_remand", 0.15},       {"beliefs.punish_fine", 0.7},
        {"beliefs.punish_jail", 0.95},    {"beliefs.learn_own", 0.5},       {"beliefs.learn_linked", 0.25},
        {"beliefs.learn_district", 0.08}, {"beliefs.learn_city", 0.04},     {"beliefs.punish_own", 0.6},
        {"beliefs.punish_linked", 0.3},   {"beliefs.punish_district", 0.1}, {"beliefs.punish_city", 0.05},
        {"beliefs.learn_impunity", 0.3},  {"beliefs.risk_half_life", 300},  {"beliefs.q_base", 0.1},
        {"beliefs.q_half_life", 500},     {"beliefs.first_risk", 0.2},      {"beliefs.first_punishment", 0.4},
    };
    for (size_t i = 0; i < sizeof set / sizeof *set; i++) lab_set(l, set[i].path, set[i].value);
    lab_set(l, "beliefs.belief_model", single);
    lab_set(l, "region.venues", venues);
    lab_open(l, 0);
    return l->city;
}

static bool linked(const struct city *c, uint32_t a, uint32_t b)
{
    uint32_t venue = a < b ? a : b, trafficker = (a < b ? b : a) - c->venues;
    if (venue >= c->venues || (a < c->venues && b < c->venues)) return false;
    for (uint32_t i = c->link_first[venue]; i < c->link_first[venue + 1]; i++)
        if (link_trafficker(c, i) == trafficker) return true;
    return false;
}

/* risk learns with by[0], punishment with by[1] */
static void nearness(const struct city *c, uint32_t learner, uint32_t offender, double by[2])
{
    double in_district = 0;
    bool owners = learner < c->venues && offender < c->venues;
    for (uint32_t v = 0; owners && v < c->venues; v++)
        in_district += c->place_district[v] == c->place_district[offender];
    if (learner == offender)
        by[0] = 0.5, by[1] = 0.6;
    else if (linked(c, learner, offender))
        by[0] = 0.25, by[1] = 0.3;
    else if (owners && c->place_district[learner] == c->place_district[offender])
        by[0] = fmin(0.08 * 30 / in_district, 1), by[1] = fmin(0.1 * 30 / in_district, 1);
    else if (owners)
        by[0] = fmin(0.04 * 120 / (c->venues - in_district), 1), by[1] = fmin(0.05 * 120 / (c->venues - in_district), 1);
    else
        by[0] = fmin(0.04 * 150 / c->venues, 1), by[1] = fmin(0.05 * 150 / c->venues, 1);
}

static void fade(double *risk, double *punishment)
{
    *risk *= pow(0.5, 1 / 300.0);
    *punishment = 0.1 + (*punishment - 0.1) * pow(0.5, 1 / 500.0);
}

/* A day on which all of `events` happen, in order, to `offenders`. */
static void expect_day(struct lab *l, const enum signal_kind *events, const uint32_t *offenders, int n, bool single)
{
    struct city *c = l->city;
    double risk[400], punishment[400];
    assert_true(c->offenders <= 400);
    for (uint32_t o = 0; o < c->offenders; o++) {
        risk[o] = c->risk[o] = (float)(o % 7) / 7;
        punishment[o] = c->punishment[o] = single ? 1 : (float)(o % 5) / 5;
        fade(&risk[o], &punishment[o]);
        for (int i = 0; i < n; i++) {
            double by[2];
            struct weights w = dual[events[i]];
            if (single && w.punishment_down > 0) w = (struct weights){.risk_down = 0.3};
            nearness(c, o, offenders[i], by);
            risk[o] += by[0] * w.risk_up * (1 - risk[o]);
            risk[o] *= 1 - by[0] * w.risk_down;
            punishment[o] += by[1] * w.punishment_up * (1 - punishment[o]);
            punishment[o] *= 1 - by[1] * w.punishment_down;
        }
    }
    lab_day(l, c->day + 1);
    for (int i = 0; i < n; i++) signal_send(c, offenders[i], events[i]);
    lab_step(l, "beliefs");
    for (uint32_t o = 0; o < c->offenders; o++) {
        assert_close(c->risk[o], risk[o], 1e-6);
        assert_close(c->punishment[o], single ? 1 : punishment[o], 1e-6);
    }
    lab_verify(l);
}

static void test_every_event_teaches_everybody_as_the_odd_says(void **state)
{
    (void)state;
    static const double venues[] = {3, 20, 300}; /* so few that learning is cut at 1, and many */
    for (int size = 0; size < 3; size++)
        for (int single = 0; single < 2; single++) {
            struct lab l;
            struct city *c = believers(&l, venues[size], single);
            for (int kind = 0; kind < SIGNALS; kind++) {
                enum signal_kind event = (enum signal_kind)kind;
                uint32_t owner = 1, trafficker = c->venues + 3;
                expect_day(&l, &event, &owner, 1, single);
                expect_day(&l, &event, &trafficker, 1, single);
            }
            enum signal_kind all[SIGNALS];
            uint32_t whom[SIGNALS];
            for (int kind = 0; kind < SIGNALS; kind++) {
                all[kind] = (enum signal_kind)(kind * 4 % SIGNALS);
                whom[kind] = (uint32_t)(kind * 5) % c->offenders;
            }
            expect_day(&l, all, whom, SIGNALS, single);
            lab_close(&l);
        }
}

static void test_without_events_beliefs_and_losses_only_fade(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = believers(&l, 20, false);
    for (uint32_t o = 0; o < c->offenders; o++) {
        assert_same(c->risk[o], 0.2f);
        assert_same(c->punishment[o], 0.4f);
    }
    c->losses[3] = 4;
    for (int32_t day = 1; day <= 600; day++) {
        lab_day(&l, day);
        lab_step(&l, "beliefs");
        if (day == 300) assert_close(c->losses[3], 2, 1e-4);
        if (day == 500) assert_close(c->punishment[7], 0.1 + 0.3 / 2, 1e-6);
    }
    for (uint32_t o = 0; o < c->offenders; o++) assert_close(c->risk[o], 0.05, 1e-6);
    lab_observe(&l, "beliefs");
    assert_close(lab_metric(&l, "beliefs.perceived_risk"), 0.05, 1e-6);
    assert_close(lab_metric(&l, "beliefs.perceived_punishment"), c->punishment[0], 1e-6);
    lab_close(&l);
}

static void test_weights_of_zero_teach_nothing(void **state)
{
    (void)state;
    static const char *const off[] = {"w_inspection",  "w_arrest",        "w_fine",      "w_jail",
                                      "w_remand",      "punish_fine",     "punish_jail", "punish_own",
                                      "punish_linked", "punish_district", "punish_city", "learn_impunity"};
    struct lab l;
    struct city *c = believers(&l, 20, false);
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        char path[64];
        snprintf(path, sizeof path, "beliefs.%s", off[i]);
        lab_set(&l, path, 0);
    }
    for (uint32_t kind = 0; kind < SIGNALS; kind++) signal_send(c, kind, (enum signal_kind)kind);
    double risk = 0.2, punishment = 0.4;
    fade(&risk, &punishment);
    lab_step(&l, "beliefs");
    for (uint32_t o = 0; o < c->offenders; o++) {
        assert_close(c->risk[o], risk, 1e-6);
        assert_close(c->punishment[o], punishment, 1e-6);
    }
    lab_close(&l);
}

/* "Normalised, else results depend on city size": an arrest in a city twice as large teaches others half as much. */
static void test_learning_from_the_city_is_per_venue(void **state)
{
    (void)state;
    double learned[2];
    for (int size = 0; size < 2; size++) {
        struct lab l;
        struct city *c = believers(&l, size ? 300 : 150, false);
        LAB_ALL(&l, risk, c->offenders, 0);
        signal_send(c, 0, SIGNAL_ARRESTED);
        lab_step(&l, "beliefs");
        learned[size] = c->risk[c->venues - 1];
        lab_close(&l);
    }
    assert_close(learned[1], learned[0] / 2, 1e-12);
}

/* What an owner's fate teaches the owners of the other districts, all in all, is the same in every city of more than one district. */
static void test_other_districts_hear_as_much_in_every_city(void **state)
{
    (void)state;
    static const double districts[] = {1, 2, 5, 10, 40}, expected = 120 * 0.04 * 0.4; /* w_arrest */
    for (size_t i = 0; i < sizeof districts / sizeof *districts; i++) {
        struct lab l;
        lab_init(&l);
        lab_set(&l, "region.districts", districts[i]);
        lab_set(&l, "region.venues", 30 * districts[i]);
        lab_set(&l, "beliefs.learn_city", 0.04);
        lab_set(&l, "beliefs.w_arrest", 0.4);
        lab_open(&l, 0);
        struct city *c = l.city;
        LAB_ALL(&l, risk, c->offenders, 0);
        signal_send(c, 17, SIGNAL_ARRESTED);
        lab_step(&l, "beliefs");
        double heard = 0;
        for (uint32_t v = 0; v < c->venues; v++) heard += c->place_district[v] == c->place_district[17] ? 0 : c->risk[v];
        assert_close(heard, i == 0 ? 0 : expected, 1e-6);
        lab_close(&l);
    }
}

/* ---- survey ---- */

static void test_surveys_on_their_days_only(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "survey.survey_first", -100);
    lab_set(&l, "survey.survey_every", 150);
    lab_set(&l, "survey.survey_venues", 10);
    lab_open(&l, 0);
    for (uint32_t v = 0; v < 20; v++) lab_fill(&l, v, CLASS_ADULT, 6);
    for (int32_t day = LAB_BURN_IN - 300; day < LAB_BURN_IN + 300; day++) {
        int32_t passed = day + 1 - LAB_BURN_IN;
        lab_day(&l, day), lab_reset(&l);
        lab_step(&l, "survey");
        assert_same(lab_metric(&l, "survey.survey_persons_seen"),
                    passed == -100 || passed == 50 || passed == 200 ? 60 : 0);
    }
    lab_close(&l);
}

static void test_surveys_see_what_is_not_hidden(void **state)
{
    (void)state;
    enum { VISITS = 10000, VENUES = 90 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", VENUES);
    lab_set(&l, "survey.survey_venues", VISITS);
    lab_set(&l, "survey.survey_first", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    lab_day(&l, LAB_BURN_IN - 1);
    for (uint32_t v = 0; v < VENUES; v++) {
        c->visibility[v] = v % 3 ? 0.9f : 0.6f;
        if (v % 3 == 0) lab_fill(&l, v, CLASS_MINOR, 5); /* an open venue with minors alone */
        if (v % 3 == 1)
            c->mode[v] = MODE_COVERT, lab_fill(&l, v, CLASS_COERCED, 8); /* a covert one with coerced adults */
        if (v % 3 == 2) lab_fill(&l, v, CLASS_ADULT, 3);
        lab_fill(&l, private_place(c, v), CLASS_MINOR, 4);
    }
    lab_step(&l, "survey");
    double seen = lab_metric(&l, "survey.survey_persons_seen"),
           minors = lab_metric(&l, "survey.minor_prevalence_surveyed") * seen;
    double weight = 0.6 + 0.9 * 0.4 + 0.9;
    assert_binomial(minors / 5, VISITS, 0.6 / weight);
    /* mean and variance of a visit's count: 5, or binomial(8, 0.4), or 3 */
    double p[] = {0.6 / weight, 0.36 / weight, 0.9 / weight};
    double mean = 5 * p[0] + 3.2 * p[1] + 3 * p[2], square = 25 * p[0] + (3.2 * 3.2 + 8 * 0.24) * p[1] + 9 * p[2];
    assert_mean(seen / VISITS, VISITS, mean, sqrt(square - mean * mean));
    for (uint32_t v = 0; v < VENUES; v++)
        if (v % 3 != 2)
            c->closed_until[v] = UINT16_MAX;
        else
            seat_detain(c, c->first_seat[v], 2 * LAB_BURN_IN);
    lab_reset(&l);
    lab_step(&l, "survey");
    assert_same(lab_metric(&l, "survey.survey_persons_seen"), 2 * VISITS);
    LAB_ALL(&l, closed_until, VENUES, UINT16_MAX);
    lab_reset(&l);
    lab_step(&l, "survey");
    assert_same(lab_metric(&l, "survey.survey_persons_seen"), 0);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_event_teaches_everybody_as_the_odd_says),
        cmocka_unit_test(test_without_events_beliefs_and_losses_only_fade),
        cmocka_unit_test(test_weights_of_zero_teach_nothing),
        cmocka_unit_test(test_learning_from_the_city_is_per_venue),
        cmocka_unit_test(test_other_districts_hear_as_much_in_every_city),
        cmocka_unit_test(test_surveys_on_their_days_only),
        cmocka_unit_test(test_surveys_see_what_is_not_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

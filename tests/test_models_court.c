/* Court and costs: remand, the wait for trial, verdict, sentence and pardon; what the day cost. */
#include <math.h>

#include "tests/world_support.h"

enum { N = 4000 };

/* Every owner is arrested today, half of them by the special unit. */
static struct city *arrested(struct lab *l, double evidence, bool closure)
{
    struct city *c = l->city;
    for (uint32_t o = 0; o < N; o++) arrest_make(c, o, evidence, o % 2, closure);
    lab_step(l, "court");
    return c;
}

static struct city *court(struct lab *l)
{
    lab_init(l);
    lab_set(l, "region.venues", N);
    lab_set(l, "region.traffickers", N);
    lab_set(l, "region.slots_log_mean", log(5));
    lab_set(l, "court.trial_days", 100);
    lab_open(l, 0);
    return l->city;
}

static void trials(struct lab *l, int32_t first, int32_t last)
{
    for (int32_t day = first; day <= last; day++) {
        lab_day(l, day);
        lab_step(l, "court");
    }
}

static void test_remand_and_an_exponential_wait(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = court(&l);
    arrested(&l, 0.4, false);
    assert_same(lab_signals(&l, SIGNAL_ARRESTED), N);
    assert_same(lab_signals(&l, SIGNAL_DETAINED), 0);
    double remand = 0, special = 0;
    for (uint32_t o = 0; o < N; o++) {
        remand += c->standing[o] == STANDING_REMAND;
        special += case_of(c, o)->seen == CASE_SPECIAL;
        assert_true(case_of(c, o)->trial_on > 2);
        assert_same(case_of(c, o)->evidence, 0.4f);
    }
    assert_binomial(remand, N, 0.6);
    assert_same(special, N / 2);
    lab_observe(&l, "court");
    assert_same(lab_metric(&l, "court.offenders_remand"), remand);
    for (int32_t day = 2; day <= 400; day++) {
        trials(&l, day, day);
        double waiting = 0;
        for (uint32_t o = 0; o < N; o++) waiting += case_of(c, o) != NULL;
        if (day % 60 == 0) assert_binomial(waiting, N, exp(-(day - 1) / 100.0)); /* whole days, rounded down, and one */
        lab_verify(&l);
    }
    lab_close(&l);
}

static void test_remand_of_thirty_days_or_closure_is_punishment_once(void **state)
{
    (void)state;
    struct lab l;
    court(&l);
    lab_set(&l, "court.trial_days", 36500);
    lab_set(&l, "court.remand", 1);
    arrested(&l, 0.4, false);
    trials(&l, 2, 30);
    assert_same(lab_signals(&l, SIGNAL_DETAINED), 0);
    trials(&l, 31, 31);
    assert_binomial(lab_signals(&l, SIGNAL_DETAINED), N, exp(-30 / 36500.0));
    trials(&l, 32, 32);
    assert_same(lab_signals(&l, SIGNAL_DETAINED), 0);
    lab_close(&l);

    court(&l);
    lab_set(&l, "court.trial_days", 36500);
    lab_set(&l, "court.remand", 0);
    arrested(&l, 0.4, true);
    assert_same(lab_signals(&l, SIGNAL_DETAINED), N); /* the venue was closed */
    for (int32_t day = 2; day < 100; day++) {
        trials(&l, day, day);
        assert_same(lab_signals(&l, SIGNAL_DETAINED), 0); /* out on bail */
    }
    lab_close(&l);
}

static void test_a_second_arrest_joins_the_open_case(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = court(&l);
    lab_set(&l, "court.remand", 0);
    arrest_make(c, 7, 0.5, false, false);
    lab_step(&l, "court");
    case_open(c, 7)->trial_on = 500;
    lab_day(&l, 20);
    arrest_make(c, 7, 0.3, true, false);
    lab_step(&l, "court");
    assert_int_equal(case_of(c, 7)->trial_on, 500);
    assert_same(case_of(c, 7)->evidence, 0.5);
    assert_int_equal(case_of(c, 7)->seen, CASE_SPECIAL);
    assert_int_equal(case_of(c, 7)->arrested_on, 21);
    lab_day(&l, 499);
    lab_step(&l, "court");
    assert_null(case_of(c, 7));
    lab_day(&l, 600); /* and a new case is new */
    c->standing[7] = STANDING_FREE;
    arrest_make(c, 7, 0.1, false, false);
    lab_step(&l, "court");
    assert_same(case_of(c, 7)->evidence, 0.1f);
    assert_int_equal(case_of(c, 7)->seen, 0);
    lab_close(&l);
}

static void test_the_shortest_prison_lasts_a_day(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = court(&l);
    static const char *const certain[] = {"court.conviction", "policy.jail_share"};
    static const char *const off[] = {"court.court_corruption", "court.pardon"};
    for (int i = 0; i < 2; i++) lab_set(&l, certain[i], 1), lab_set(&l, off[i], 0);
    lab_set(&l, "market.jail_months", 0);
    arrest_make(c, 0, 1, false, false);
    lab_step(&l, "court");
    case_open(c, 0)->trial_on = 5 + 1;
    for (int32_t day = 2; day < 9; day++) {
        trials(&l, day, day);
        assert_int_equal(c->jailed, day == 5 ? 1 : 0);
    }
    lab_close(&l);
}

/* Whoever has been punished by closure in one case is so again in the next. */
static void test_a_new_case_punishes_anew(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = court(&l);
    lab_set(&l, "court.remand", 0);
    for (int32_t day = 10; day < 13; day++) {
        lab_day(&l, day);
        c->n_cases = 0;
        arrest_make(c, 7, 0, false, true);
        lab_step(&l, "court");
        assert_same(lab_signals(&l, SIGNAL_DETAINED), 1);
    }
    lab_close(&l);
}

/* A dormant trafficker may be held too; one on bail is dormant still when a verdict has come, one who was held is active. Ties,
 * and what an owner has lost, outlive an acquittal, a fine and a pardon. */
static void test_what_a_verdict_leaves_as_it_was(void **state)
{
    (void)state;
    static const char *const verdict[] = {"court.acquittals", "court.fines", "court.pardons"};
    for (int fate = 0; fate < 3; fate++)
        for (int held = 0; held < 2; held++) {
            struct lab l;
            struct city *c = court(&l);
            lab_set(&l, "court.remand", held);
            lab_set(&l, "court.conviction", 1);
            lab_set(&l, "court.court_corruption", 0);
            lab_set(&l, "court.pardon", fate == 2);
            lab_set(&l, "policy.jail_share", fate == 2);
            c->standing[N + 4] = STANDING_DORMANT;
            c->tie[0] = 3, c->tie[4] = 5, c->losses[4] = 2;
            arrest_make(c, N + 4, fate > 0, false, false);
            arrest_make(c, 4, fate > 0, false, false);
            lab_step(&l, "court");
            assert_int_equal(c->standing[N + 4], held ? STANDING_REMAND : STANDING_DORMANT);
            case_open(c, N + 4)->trial_on = 9 + 1, case_open(c, 4)->trial_on = 9 + 1;
            trials(&l, 2, 9);
            assert_same(lab_metric(&l, verdict[fate]), 2);
            assert_int_equal(c->standing[N + 4], held ? STANDING_FREE : STANDING_DORMANT);
            assert_int_equal(c->standing[4], STANDING_FREE);
            assert_true(c->tie[0] == 3 && c->tie[4] == 5 && c->losses[4] == 2);
            lab_verify(&l);
            lab_close(&l);
        }
}

/* Every case comes to trial; the counts are judged against the chances. */
static void expect_verdicts(double evidence, double corruption, double support, double pardon, double jail_share)
{
    struct lab l;
    struct city *c = court(&l);
    lab_set(&l, "court.court_corruption", corruption);
    lab_set(&l, "policy.legal_support", support);
    lab_set(&l, "court.pardon", pardon);
    lab_set(&l, "policy.jail_share", jail_share);
    lab_set(&l, "court.trial_days", 1);
    arrested(&l, evidence, false);
    double jailed = 0, sent[SIGNAL_BETRAYED + 1] = {0};
    for (int32_t day = 2; day < 60; day++) {
        trials(&l, day, day);
        for (uint32_t i = 0; i < c->n_signals; i++) sent[c->signals[i].kind]++;
    }
    double convicted = lab_metric(&l, "court.convictions"), chance = 0.7 * evidence * (1 - corruption * (1 - support));
    assert_binomial(convicted, N, chance);
    assert_same(lab_metric(&l, "court.acquittals"), N - convicted);
    assert_binomial(lab_metric(&l, "court.pardons"), convicted, pardon);
    for (uint32_t o = 0; o < N; o++) jailed += c->standing[o] == STANDING_VACANT;
    assert_binomial(jailed, convicted - lab_metric(&l, "court.pardons"), jail_share);
    assert_same(sent[SIGNAL_ACQUITTED], N - convicted);
    assert_same(sent[SIGNAL_PARDONED], lab_metric(&l, "court.pardons"));
    assert_same(sent[SIGNAL_JAILED], jailed);
    assert_same(lab_metric(&l, "court.imprisonments"), jailed);
    assert_same(lab_metric(&l, "court.fines"), sent[SIGNAL_FINED]);
    assert_same(sent[SIGNAL_JAILED] + sent[SIGNAL_FINED] + sent[SIGNAL_PARDONED], convicted);
    for (uint32_t o = 0; o < N; o++) assert_true(c->standing[o] == STANDING_VACANT || c->standing[o] == STANDING_FREE);
    lab_observe(&l, "court");
    assert_same(lab_metric(&l, "court.offenders_jailed"), jailed);
    lab_verify(&l);
    lab_close(&l);
}

static void test_verdicts_sentences_and_pardons(void **state)
{
    (void)state;
    expect_verdicts(1, 0, 0, 0, 1);
    expect_verdicts(0.6, 0.5, 0, 0.1, 0.8);
    expect_verdicts(0.6, 0.5, 1, 0.1, 0.8);
    expect_verdicts(1, 1, 0, 0.1, 0.8); /* a court for sale convicts nobody */
    expect_verdicts(0, 0, 1, 0, 1);
    expect_verdicts(1, 0.4, 0.5, 0, 0);
    expect_verdicts(1, 0, 1, 1, 0.5);
}

static void test_prison_lasts_its_months_and_empties_posts(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = court(&l);
    lab_set(&l, "court.trial_days", 1);
    lab_set(&l, "court.conviction", 1);
    lab_set(&l, "court.court_corruption", 0);
    lab_set(&l, "court.pardon", 0);
    lab_set(&l, "policy.jail_share", 1);
    lab_set(&l, "market.jail_months", 10);
    const uint32_t supplied = lab_fill(&l, 0, CLASS_MINOR, 1);
    *supplier_at(c, supplied) = 5;
    c->tie[0] = 3, c->mode[0] = MODE_COVERT;
    arrest_make(c, 0, 1, true, false);
    arrest_make(c, N + 5, 1, true, false);
    lab_step(&l, "court");
    case_open(c, 0)->trial_on = 20 + 1, case_open(c, N + 5)->trial_on = 20 + 1;
    trials(&l, 2, 20);
    assert_int_equal(c->standing[0], STANDING_VACANT);
    assert_int_equal(c->standing[N + 5], STANDING_VACANT);
    assert_int_equal(c->tie[0], NO_OFFICER);
    assert_int_equal(c->mode[0], MODE_COVERT); /* his persons stay, and remember the post, until somebody takes it */
    assert_int_equal(c->hides_until[0], 0);
    assert_int_equal(*supplier_at(c, supplied), 5);
    assert_int_equal(c->openings, 1); /* a trafficker's post: the owner's is taken the next morning */
    for (int32_t day = 21; day < 400; day++) {
        trials(&l, day, day);
        assert_int_equal(c->jailed, day < 320 ? 2 : 0);
    }
    lab_close(&l);
}

static void test_costs(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    static const struct {
        const char *name;
        double value;
    } price[] = {{"officer_day", 1},    {"operation", 20},        {"swept_site", 2},
                 {"training_day", 0.3}, {"investigator_day", 2},  {"accompanied_operation", 10},
                 {"bed_day", 1.5},      {"outreach_visit", 1.25}, {"service", 0.25},
                 {"oversight_day", 0.1}, {"legal_day", 0.2},      {"supported_day", 0.5},
                 {"consultation", 2}};
    for (size_t i = 0; i < sizeof price / sizeof *price; i++) {
        char path[64];
        snprintf(path, sizeof path, "costs.%s", price[i].name);
        lab_set(&l, path, price[i].value);
    }
    lab_set(&l, "policy.special_officers", 12);
    lab_set(&l, "policy.ngo_investigators", 3);
    lab_set(&l, "policy.accompaniment", 0.5);
    lab_set(&l, "policy.agreement", 0.5);
    lab_set(&l, "policy.legal_support", 0.5);
    lab_set(&l, "policy.general_training", 0.25);
    lab_set(&l, "policy.special_training", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    operation_note(c, 0, OPERATION_RESCUE), operation_note(c, 1, OPERATION_HIDDEN);
    for (uint32_t v = 2; v < 5; v++) operation_note(c, v, OPERATION_SWEEP);
    c->in_care = 7, c->visits = 4, c->services = 8, c->adults_in_care = 2, c->supported_days = 4;
    case_open(c, 0)->trial_on = 500;
    lab_step(&l, "costs");
    assert_close(lab_metric(&l, "costs.cost_police"), 20 + 12 + 2 * 20 + 3 * 2, 1e-12);
    assert_close(lab_metric(&l, "costs.cost_ngo"), 
                 3 * 2 + 2 * 0.5 * 10 + (20 * 0.25 + 12) * 0.3 + (20 + 12) * 0.05 * 0.1 + 0.5 * 0.2 + 2 * 0.5 * 2 + 4 * 0.5 +
                     (7 + 2) * 1.5, 1e-12);
    assert_close(lab_metric(&l, "costs.cost_health"), 4 * 1.25 + 8 * 0.25, 1e-12);
    lab_set(&l, "policy.police", 0);
    lab_enact(&l);
    lab_day(&l, 2);
    c->in_care = c->adults_in_care = 0, c->supported_days = 0, c->n_cases = 0;
    lab_reset(&l);
    lab_step(&l, "costs");
    assert_same(lab_metric(&l, "costs.cost_police"), 0);
    assert_same(lab_metric(&l, "costs.cost_ngo"), 6);
    assert_same(lab_metric(&l, "costs.cost_health"), 0);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remand_and_an_exponential_wait),
        cmocka_unit_test(test_remand_of_thirty_days_or_closure_is_punishment_once),
        cmocka_unit_test(test_a_second_arrest_joins_the_open_case),
        cmocka_unit_test(test_the_shortest_prison_lasts_a_day),
        cmocka_unit_test(test_a_new_case_punishes_anew),
        cmocka_unit_test(test_what_a_verdict_leaves_as_it_was),
        cmocka_unit_test(test_verdicts_sentences_and_pardons),
        cmocka_unit_test(test_prison_lasts_its_months_and_empties_posts),
        cmocka_unit_test(test_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Court: how long a case waits, what comes of it, and how long its consequences last, as whole distributions. */
#include <math.h>

#include "tests/distributions.h"
#include "tests/effort.h"
#include "tests/world_support.h"

enum { DAYS_MOST = 120 };

static struct city *court(struct lab *l, double owners)
{
    lab_init(l);
    lab_set(l, "region.venues", owners);
    lab_set(l, "region.traffickers", 0);
    lab_set(l, "region.slots_log_mean", log(5));
    lab_open(l, 0);
    return l->city;
}

static void day_in_court(struct lab *l, int32_t day)
{
    lab_day(l, day);
    lab_step(l, "court");
}

/* The wait is 1 - log(U) times the mean, rounded down: of whole days, at least one, each as likely to be the last. */
static void test_the_wait_for_trial_is_exponential_in_whole_days(void **state)
{
    (void)state;
    static const double means[] = {1, 4, 17.5, 60};
    uint32_t n = (uint32_t)effort(20000, 200000);
    struct lab l;
    struct city *c = court(&l, n);
    for (size_t i = 0; i < sizeof means / sizeof *means; i++) {
        double wait[DAYS_MOST] = {0}, today, held = 0;
        int32_t first = 10 + 300 * (int32_t)i;
        lab_set(&l, "court.trial_days", means[i]);
        LAB_ALL(&l, standing, n, STANDING_FREE);
        c->n_cases = 0;
        lab_day(&l, first);
        for (uint32_t o = 0; o < n; o++) arrest_make(c, o, 0, false, false); /* without evidence all are acquitted */
        lab_step(&l, "court");
        double longer = ceil(0.7 * means[i]); /* whoever is held waits no longer than others */
        for (uint32_t o = 0; o < n; o++)
            held += c->standing[o] == STANDING_REMAND && case_of(c, o)->trial_on > first + 1 + (int32_t)longer;
        assert_binomial(held, n, 0.6 * exp(-longer / means[i]));
        for (int32_t days = 1; days < DAYS_MOST; days++) { /* those whose day it is are tried, and nobody else */
            lab_reset(&l);
            day_in_court(&l, first + days);
            today = lab_metric(&l, "court.acquittals");
            wait[days - 1] = today;
            for (uint32_t o = 0; o < n; o++) assert_true(case_of(c, o) == NULL || case_of(c, o)->trial_on > first + days + 1);
        }
        for (uint32_t o = 0; o < n; o++) wait[DAYS_MOST - 1] += case_of(c, o) != NULL;
        assert_geometric(wait, DAYS_MOST, daily_chance(1 / means[i]));
    }
    lab_close(&l);
}

enum outcome { ACQUITTED, PARDONED, JAILED, FINED, OUTCOMES };

static void test_verdict_sentence_and_pardon_together(void **state)
{
    (void)state;
    static const struct {
        double evidence, conviction, corruption, support, jail_share, pardon;
    } cases[] = {
        {1, 0.7, 0, 0, 0.8, 0.03},      {0.5, 0.7, 0.5, 0, 0.8, 0.03},  {0.5, 0.7, 0.5, 0.6, 0.8, 0.03},
        {0.9, 0.9, 0.8, 0.5, 0.3, 0.4}, {0.9, 0.9, 0.8, 0.9, 0.6, 0.2}, {0.25, 1, 0.3, 0, 0.5, 0.1},
        {1, 1, 1, 0.5, 0.9, 0.05},      {0.7, 0.6, 0.2, 1, 0.1, 0.7},
    };
    uint32_t n = (uint32_t)effort(20000, 200000);
    struct lab l;
    struct city *c = court(&l, n);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double count[OUTCOMES] = {0};
        lab_set(&l, "court.conviction", cases[i].conviction);
        lab_set(&l, "court.court_corruption", cases[i].corruption);
        lab_set(&l, "court.pardon", cases[i].pardon);
        lab_set(&l, "policy.legal_support", cases[i].support);
        lab_set(&l, "policy.jail_share", cases[i].jail_share);
        LAB_ALL(&l, standing, n, STANDING_REMAND);
        for (uint32_t o = 0; o < n; o++)
            *case_open(c, o) = (struct court_case){o, (float)cases[i].evidence, (uint16_t)(i + 6), (uint16_t)(i + 6), 0};
        day_in_court(&l, (int32_t)i + 5);
        for (uint32_t k = 0; k < c->n_signals; k++) {
            enum signal_kind kind = (enum signal_kind)c->signals[k].kind;
            assert_int_equal(c->standing[c->signals[k].offender],
                             kind == SIGNAL_JAILED ? STANDING_VACANT : STANDING_FREE);
            count[kind == SIGNAL_ACQUITTED  ? ACQUITTED
                  : kind == SIGNAL_PARDONED ? PARDONED
                  : kind == SIGNAL_JAILED   ? JAILED
                                            : FINED]++;
        }
        assert_int_equal(c->n_signals, n);
        double convicted =
                   cases[i].conviction * (float)cases[i].evidence * (1 - cases[i].corruption * (1 - cases[i].support)),
               punished = convicted * (1 - cases[i].pardon);
        const double chance[OUTCOMES] = {1 - convicted, convicted * cases[i].pardon, punished * cases[i].jail_share,
                                         punished * (1 - cases[i].jail_share)};
        assert_multinomial(count, chance, OUTCOMES);
    }
    lab_close(&l);
}

/* Each arrest throws a coin of its own; remand of thirty days since the last one is felt as punishment, once. */
static void test_each_arrest_may_hold_the_offender(void **state)
{
    (void)state;
    uint32_t n = (uint32_t)effort(20000, 200000);
    struct lab l;
    struct city *c = court(&l, n);
    lab_set(&l, "court.remand", 0.3);
    double held[3] = {0};
    for (int32_t day = 10; day < 120; day++) {
        lab_day(&l, day);
        for (uint32_t o = 0; o < n && (day == 10 || day == 30); o++)
            if (c->standing[o] == STANDING_FREE) arrest_make(c, o, 0.2, false, false);
        lab_step(&l, "court");
        double punished = 0;
        for (uint32_t k = 0; k < c->n_signals; k++) punished += c->signals[k].kind == SIGNAL_DETAINED;
        assert_same(punished, day == 40 ? held[1] : day == 60 ? held[2] - held[1] : 0);
        if (day != 10 && day != 30) continue;
        for (uint32_t i = 0; i < c->n_cases; i++) c->cases[i].trial_on = 50000;
        for (uint32_t o = 0; o < n; o++) held[day == 10 ? 1 : 2] += c->standing[o] == STANDING_REMAND;
    }
    assert_binomial(held[1], n, 0.3);
    assert_binomial(held[2] - held[1], n - held[1], 0.3);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_wait_for_trial_is_exponential_in_whole_days),
        cmocka_unit_test(test_verdict_sentence_and_pardon_together),
        cmocka_unit_test(test_each_arrest_may_hold_the_offender),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Venues are alike but for what chance gave them, so their numbers must not matter: relabelling them keeps the distribution of
 * every outcome. No output tells venues apart, so this is seen from inside, in a world where every process is at work.
 *
 * If outcomes are exchangeable within a replicate, the ranks of the venues in it are a random permutation whatever the
 * distribution is, and replicates are independent: Friedman's test. A model that served the first venue first, or let one
 * district's police act before the other's, would give ranks that lean on the number. */
#include <stdlib.h>

#include "tests/effort.h"
#include "tests/world_support.h"

enum { VENUES = 20, DAYS = 240 };

/* Chi-square with 19 degrees of freedom exceeds this once in a million. */
static const double CHI_SQUARE_19 = 63.677052285677995;

enum outcome {
    EXPLOITED_DAYS,
    ADULT_DAYS,
    PRIVATE_DAYS,
    CLOSED_DAYS,
    TIED_DAYS,
    RISK,
    PUNISHMENT,
    ACCESS,
    LOSSES,
    FEAR,
    OUTCOMES
};

static const char *const names[OUTCOMES] = {"exploited", "adults",     "exploited in private", "closed", "tied",
                                            "risk",      "punishment", "access lost",          "losses", "fear"};

static void everything_at_work(struct lab *l)
{
    static const struct {
        const char *path;
        double value;
    } busy[] = {{"region.slots_log_sd", 0.55},      {"policy.sweep_rate", 2},      {"policy.special_officers", 12},
                {"policy.operations_per_month", 6}, {"policy.care_beds", 10},      {"policy.ngo_investigators", 6},
                {"policy.board_coverage", 0.5},     {"policy.legal_support", 0.5}, {"policy.protective_response", 0.5},
                {"police.case_days", 10},           {"police.intel_rate", 0.2},    {"police.override_rate", 0.5},
                {"police.override_days", 20},       {"court.trial_days", 60},      {"market.jail_months", 2},
                {"market.closure_days", 30},        {"care.care_days", 60},        {"care.risk_days", 30},
                {"police.sweep_arrest", 0.3},       {"owners.theta_mean", -3},     {"police.false_lead", 0.001},
                {"market.taste_rate", 0.02},        {"persons.escape_rate", 0.005}};
    for (size_t i = 0; i < sizeof busy / sizeof *busy; i++) lab_set(l, busy[i].path, busy[i].value);
}

static double mean_fear(const struct city *c, uint32_t venue)
{
    double sum = 0, n = 0;
    for (uint64_t there = c->occupied[venue]; there; n++) sum += fear_of(c, next_seat(c, venue, &there));
    return n > 0 ? sum / n : 0;
}

static void watch(const struct city *c, double outcome[OUTCOMES][VENUES])
{
    for (uint32_t v = 0; v < VENUES; v++) {
        outcome[EXPLOITED_DAYS][v] += persons_in(c->exploited[v]);
        outcome[ADULT_DAYS][v] += persons_in(c->occupied[v] & ~c->exploited[v]);
        outcome[PRIVATE_DAYS][v] += persons_in(c->exploited[private_place(c, v)]);
        outcome[CLOSED_DAYS][v] += is_closed(c, v);
        outcome[TIED_DAYS][v] += c->tie[v] != NO_OFFICER;
        outcome[RISK][v] += c->risk[v];
        outcome[PUNISHMENT][v] += c->punishment[v];
        outcome[ACCESS][v] += c->access_baseline[v] - c->access[v];
        outcome[LOSSES][v] += c->losses[v];
        outcome[FEAR][v] += mean_fear(c, v);
    }
}

static void live(uint32_t replicate, double outcome[OUTCOMES][VENUES])
{
    struct lab l;
    lab_init(&l);
    everything_at_work(&l);
    lab_open(&l, replicate);
    for (int32_t day = 1; day <= DAYS; day++) {
        lab_live(&l, day);
        watch(l.city, outcome);
    }
    lab_close(&l);
}

struct friedman {
    double ranks[VENUES]; /* sums over replicates of the rank less the mean rank */
    double squares;
};

/* Equal values share the mean of their ranks. */
static void rank(struct friedman *f, const double *values)
{
    for (int i = 0; i < VENUES; i++) {
        double below = 0, equal = 0;
        for (int k = 0; k < VENUES; k++) below += values[k] < values[i], equal += values[k] == values[i];
        double centred = below + (equal + 1) / 2 - (VENUES + 1) / 2.0;
        f->ranks[i] += centred;
        f->squares += centred * centred;
    }
}

/* With the correction for ties; chi-square with VENUES - 1 degrees of freedom. */
static double statistic(const struct friedman *f)
{
    double sum = 0;
    for (int i = 0; i < VENUES; i++) sum += f->ranks[i] * f->ranks[i];
    return f->squares > 0 ? (VENUES - 1) * sum / f->squares : 0;
}

static void test_the_number_of_a_venue_does_not_matter(void **state)
{
    (void)state;
    uint32_t replicates = (uint32_t)effort(400, 6000);
    struct friedman all[OUTCOMES] = {0}, favoured = {0};
    for (uint32_t r = 0; r < replicates; r++) {
        double outcome[OUTCOMES][VENUES] = {0};
        live(r, outcome);
        for (int k = 0; k < OUTCOMES; k++) rank(&all[k], outcome[k]);
        outcome[ADULT_DAYS][0] *= 2; /* a model in which the first venue has twice the adults */
        rank(&favoured, outcome[ADULT_DAYS]);
    }
    for (int k = 0; k < OUTCOMES; k++) {
        assert_true(all[k].squares > 0);
        if (!(statistic(&all[k]) < CHI_SQUARE_19))
            fail_msg("%s: the venues' ranks lean on their numbers (%.1f)", names[k], statistic(&all[k]));
    }
    assert_true(statistic(&favoured) > CHI_SQUARE_19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_number_of_a_venue_does_not_matter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

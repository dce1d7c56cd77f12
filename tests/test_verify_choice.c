/* The choice to exploit, as a whole distribution: modes of owners and activity of traffickers against the logit, integrated
 * over their propensity; when they review, and when their tastes change. */
#include <math.h>
#include <string.h>

#include "tests/distributions.h"
#include "tests/effort.h"
#include "tests/world_support.h"

static const double SANCTION = 0.8 * 60 * 0.5 + 0.2 * 2 + 120.0 / 30;

/* What a whole city believes, and what it is worth there to exploit. */
struct situation {
    double risk, punishment, price, losses, mean, sd, sharpness;
    bool tied;
};

static const struct situation situations[] = {
    {0, 0, 1, 0, -5.9, 3, 1, false},       {0.03, 0.1, 1, 0, -5.9, 3, 1, false},   {0.2, 0.3, 1, 0, -5.9, 3, 1, false},
    {0.2, 0.3, 1, 0, -5.9, 3, 1, true},    {0.5, 0.5, 1, 0, -1, 4, 1, false},      {0.5, 0.5, 1, 0, -1, 4, 1, true},
    {0.1, 0.8, 1.7, 2, -6, 2, 0.4, false}, {0.1, 0.8, 1.7, 0.5, -6, 2, 2.5, true}, {1, 1, 0.5, 0, 5, 6, 1, false},
    {0.05, 0.4, 3, 1, -15, 5, 6, false},   {0.4, 0.6, 1.2, 0, 0, 0.5, 0.1, true},  {0.3, 0.2, 0.8, 4, -2, 3, 1, false},
};

/* ---- the closed forms ---- */

struct logit {
    const struct situation *situation;
    int mode;
};

/* The chance of a mode to an owner whose propensity is z standard deviations above the mean. */
static double owner_chooses(double z, const void *context)
{
    const struct logit *logit = context;
    const struct situation *s = logit->situation;
    double theta = s->mean + s->sd * z, gross = 6 * s->price;
    double loss = s->risk * s->punishment * SANCTION * (s->tied ? 1 - 0.5 : 1);
    double common = theta - 0.5 * s->losses - (s->tied ? 0.5 : 0);
    const double value[MODES] = {0, gross - loss + common, 0.7 * gross - 0.4 * loss - 1 + common,
                                 0.5 * gross - 0.25 * loss - 2 + common};
    double best = 0, sum = 0;
    for (int k = 0; k < MODES; k++) best = fmax(best, value[k]);
    for (int k = 0; k < MODES; k++) sum += exp(s->sharpness * (value[k] - best));
    return exp(s->sharpness * (value[logit->mode] - best)) / sum;
}

static double trafficker_is_active(double z, const void *context)
{
    const struct situation *s = context;
    double value = 6 * s->price - s->risk * s->punishment * SANCTION + s->mean + s->sd * z;
    return 1 / (1 + exp(-s->sharpness * value));
}

/* ---- choices ---- */

static struct city *crowd(struct lab *l, double venues, double traffickers)
{
    lab_init(l);
    lab_set(l, "region.venues", venues);
    lab_set(l, "region.slots_log_mean", log(5));
    lab_set(l, "region.traffickers", traffickers);
    lab_set(l, "region.links", 0);
    lab_set(l, "market.taste_rate", 0);
    lab_open(l, 0);
    return l->city;
}

/* Everybody is new in his post on day `day`, and makes up his mind as on the first day of a world. */
static void decide(struct lab *l, const struct situation *s, int32_t day, const char *submodel)
{
    struct city *c = l->city;
    lab_set(l, "market.choice_sharpness", s->sharpness);
    lab_day(l, day);
    for (uint32_t o = 0; o < c->offenders; o++) offender_arrives(c, o, s->mean, s->sd, s->risk, s->punishment);
    LAB_ALL(l, losses, c->venues, (float)s->losses);
    LAB_ALL(l, tie, c->venues, s->tied ? 3 : NO_OFFICER);
    c->price = s->price;
    lab_day(l, 0);
    lab_step(l, submodel);
}

static void test_owners_choose_by_the_logit_over_all_propensities(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = crowd(&l, (double)effort(30000, 200000), 0);
    for (size_t i = 0; i < sizeof situations / sizeof *situations; i++) {
        double count[MODES] = {0}, chance[MODES];
        decide(&l, &situations[i], (int32_t)i + 1, "owners");
        for (uint32_t v = 0; v < c->venues; v++) count[c->mode[v]]++;
        for (int k = 0; k < MODES; k++) chance[k] = normal_mean(owner_chooses, &(struct logit){&situations[i], k});
        assert_multinomial(count, chance, MODES);
        double alike = 0; /* propensities of neighbours are independent */
        for (uint32_t v = 0; v + 1 < c->venues; v += 2)
            alike += (c->theta[v] > situations[i].mean) == (c->theta[v + 1] > situations[i].mean);
        assert_binomial(alike, c->venues / 2, 0.5);
    }
    lab_close(&l);
}

static void test_traffickers_are_active_by_the_logit_over_all_propensities(void **state)
{
    (void)state;
    struct lab l;
    struct city *c = crowd(&l, 10, (double)effort(20000, 30000));
    for (size_t i = 0; i < sizeof situations / sizeof *situations; i++) {
        decide(&l, &situations[i], (int32_t)i + 1, "traffickers");
        lab_observe(&l, "traffickers");
        assert_binomial(lab_metric(&l, "traffickers.traffickers_active"), c->traffickers,
                        normal_mean(trafficker_is_active, &situations[i]));
    }
    lab_close(&l);
}

/* ---- when ---- */

enum { DAYS = 40 };

/* On how many of the days somebody reviewed, and how long the first took, are those of a coin a day. */
static void expect_reviews(struct lab *l, const char *submodel, uint8_t *column, uint8_t before, uint32_t n)
{
    double first[DAYS + 1] = {0}, often[12] = {0}, expected[12], chance = daily_chance(0.08);
    static uint8_t times[200000], wait[200000];
    assert_true(n <= sizeof times);
    memset(times, 0, sizeof times), memset(wait, DAYS, sizeof wait);
    for (int32_t day = 1; day <= DAYS; day++) {
        memset(column, before, n);
        lab_day(l, day);
        lab_step(l, submodel);
        for (uint32_t i = 0; i < n; i++) {
            if (column[i] == before) continue;
            if (times[i]++ == 0) wait[i] = (uint8_t)(day - 1);
        }
    }
    for (uint32_t i = 0; i < n; i++) first[wait[i]]++, often[times[i] < 12 ? times[i] : 11]++;
    assert_geometric(first, DAYS + 1, chance);
    binomial_chances(expected, 12, DAYS, chance);
    assert_multinomial(often, expected, 12);
}

static void test_the_wait_for_a_review_is_that_of_a_daily_coin(void **state)
{
    (void)state;
    struct lab l;
    uint32_t n = (uint32_t)effort(20000, 30000);
    struct city *c = crowd(&l, n, n);
    lab_set(&l, "market.review_rate", 0.08);
    LAB_ALL(&l, theta, c->offenders, 50); /* whoever reviews exploits */
    expect_reviews(&l, "owners", c->mode, MODE_NONE, n);
    LAB_ALL(&l, mode, n, MODE_NONE);
    expect_reviews(&l, "traffickers", c->standing + n, STANDING_DORMANT, n);
    lab_close(&l);
}

/* After a long time the age of tastes is that of the last heads of a coin thrown every day. */
static void test_tastes_are_as_old_as_a_daily_coin_makes_them(void **state)
{
    (void)state;
    enum { LAST = 400, AGES = 60 };
    struct lab l;
    uint32_t n = (uint32_t)effort(20000, 30000);
    struct city *c = crowd(&l, n, n);
    lab_set(&l, "market.review_rate", 0);
    lab_set(&l, "market.taste_rate", 0.05);
    for (int32_t day = 1; day <= LAST; day++) {
        lab_day(&l, day);
        lab_step(&l, "traffickers");
        lab_step(&l, "owners");
    }
    double age[2][AGES] = {{0}}, same = 0, chance = daily_chance(0.05);
    for (uint32_t o = 0; o < 2 * n; o++) {
        uint32_t days = LAST - c->taste_day[o];
        age[o >= n][days < AGES ? days : AGES - 1]++;
        same += o < n && c->taste_day[o] == c->taste_day[o + n];
    }
    for (int k = 0; k < 2; k++) assert_geometric(age[k], AGES, chance);
    assert_binomial(same, n, chance / (2 - chance)); /* owners and traffickers are independent */
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_owners_choose_by_the_logit_over_all_propensities),
        cmocka_unit_test(test_traffickers_are_active_by_the_logit_over_all_propensities),
        cmocka_unit_test(test_the_wait_for_a_review_is_that_of_a_daily_coin),
        cmocka_unit_test(test_tastes_are_as_old_as_a_daily_coin_makes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

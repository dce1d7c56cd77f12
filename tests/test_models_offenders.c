/* Offenders: the choice to exploit, against a logit; reviews and tastes; succession; the market's price. */
#include <math.h>

#include "models/choice.h"
#include "tests/world_support.h"

/* Many owners in a city without traffickers or police. */
static void many_owners(struct lab *l, double venues)
{
    lab_init(l);
    lab_set(l, "region.venues", venues);
    lab_set(l, "region.slots_log_mean", log(5));
    lab_set(l, "owners.theta_sd", 0);
    lab_set(l, "market.taste_rate", 0);
}

/* ---- choice ---- */

static void test_choices_are_a_logit(void **state)
{
    (void)state;
    enum { N = 40000 };
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    const double value[4] = {0, 0.7, -0.4, 1.1};
    for (double sharpness = 0.5; sharpness < 3; sharpness *= 2) {
        lab_set(&l, "market.choice_sharpness", sharpness);
        double count[4] = {0}, sum = 0;
        for (uint32_t i = 0; i < N; i++) {
            c->taste_day[0] = (uint16_t)i; /* one offender with other tastes each day */
            count[choice_of(c, 0, value, 4)]++;
        }
        for (int k = 0; k < 4; k++) sum += exp(sharpness * value[k]);
        for (int k = 0; k < 4; k++) assert_binomial(count[k], N, exp(sharpness * value[k]) / sum);
    }
    lab_close(&l);
}

static void test_tastes_last_until_they_are_drawn_anew(void **state)
{
    (void)state;
    enum { DAYS = 500 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "market.taste_rate", 0.01);
    lab_open(&l, 0);
    struct city *c = l.city;
    double changed = 0;
    for (int32_t day = 1; day <= DAYS; day++) {
        lab_day(&l, day);
        LAB_ALL(&l, taste_day, c->offenders, UINT16_MAX);
        tastes_change(c, LINE_TASTE_OWNER, 0, c->venues);
        for (uint32_t o = 0; o < c->offenders; o++) {
            changed += c->taste_day[o] == day;
            assert_true(c->taste_day[o] == day || c->taste_day[o] == UINT16_MAX);
            assert_true(o < c->venues || c->taste_day[o] == UINT16_MAX);
        }
    }
    assert_binomial(changed, DAYS * c->venues, daily_chance(0.01));
    lab_set(&l, "market.taste_rate", 0);
    LAB_ALL(&l, taste_day, c->offenders, UINT16_MAX);
    tastes_change(c, LINE_TASTE_OWNER, 0, c->offenders);
    for (uint32_t o = 0; o < c->offenders; o++) assert_int_equal(c->taste_day[o], UINT16_MAX);
    lab_close(&l);
}

/* ---- owners ---- */

/* What everybody in a city thinks, and the values of the modes that follow by the ODD's equations. */
struct situation {
    double risk, punishment, price, losses, theta, sharpness;
    bool tied;
};

static void expect_modes(const struct lab *l, const struct situation *s)
{
    const struct city *c = l->city;
    double gross = 6 * s->price, loss = s->risk * s->punishment * (s->tied ? 1 - 0.3 : 1) * (0.8 * 30 + 0.2 * 2 + 4);
    double common = s->theta - (s->tied ? 0.9 : 0) - 0.5 * s->losses;
    const double value[MODES] = {0, gross - loss + common, 0.7 * gross - 0.4 * loss - 0.6 + common,
                                 0.5 * gross - 0.25 * loss - 0.3 + common};
    double count[MODES] = {0}, sum = 0;
    for (uint32_t v = 0; v < c->venues; v++) count[c->mode[v]]++;
    for (int k = 0; k < MODES; k++) sum += exp(s->sharpness * value[k]);
    for (int k = 0; k < MODES; k++) assert_binomial(count[k], c->venues, exp(s->sharpness * value[k]) / sum);
}

static void test_owners_weigh_what_the_odd_says(void **state)
{
    (void)state;
    static const struct situation situations[] = {
        {0, 0, 1, 0, -6, 1, false},         {0.3, 0.5, 1, 0, -3, 1, false},  {0.3, 0.5, 1, 0, -3, 1, true},
        {0.3, 0.5, 1.5, 0, -4, 1, false},   {0.05, 0.5, 1, 3, -3, 1, false}, {0.2, 1, 1, 1, -2, 0.5, true},
        {0.5, 0.6, 2.5, 0.5, -8, 2, false}, {1, 1, 0.5, 0, 2, 0.3, false},
    };
    struct lab l;
    many_owners(&l, 12000);
    lab_set(&l, "owners.tie_cover", 0.3);
    lab_set(&l, "owners.tie_fee", 0.9);
    lab_set(&l, "owners.conceal_cost", 0.6);
    lab_set(&l, "owners.private_cost", 0.3);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (size_t i = 0; i < sizeof situations / sizeof *situations; i++) {
        const struct situation *s = &situations[i];
        lab_set(&l, "market.choice_sharpness", s->sharpness);
        c->price = s->price;
        LAB_ALL(&l, risk, c->offenders, s->risk);
        LAB_ALL(&l, punishment, c->offenders, s->punishment);
        LAB_ALL(&l, theta, c->offenders, (float)s->theta);
        LAB_ALL(&l, losses, c->venues, (float)s->losses);
        LAB_ALL(&l, tie, c->venues, s->tied ? 3 : NO_OFFICER);
        lab_day(&l, 0); /* on the first day everybody decides */
        LAB_ALL(&l, taste_day, c->offenders, (uint16_t)(i + 1));
        lab_step(&l, "owners");
        expect_modes(&l, s);
    }
    lab_close(&l);
}

static void test_owners_review_now_and_then_if_they_can(void **state)
{
    (void)state;
    enum { N = 9000, DAY = 50 };
    struct lab l;
    many_owners(&l, N);
    lab_set(&l, "market.review_rate", 0.2);
    lab_set(&l, "owners.theta_mean", 50);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = 0; v < N / 3; v++) c->hides_until[v] = DAY + 1;     /* still hiding today */
    for (uint32_t v = N / 3; v < 2 * N / 3; v++) c->hides_until[v] = DAY; /* no longer */
    for (uint32_t v = 2 * N / 3; v < N; v++) c->standing[v] = v % 2 ? STANDING_REMAND : STANDING_FREE;
    lab_day(&l, DAY);
    lab_step(&l, "owners");
    double changed[4] = {0};
    for (uint32_t v = 0; v < N; v++) changed[v < 2 * N / 3 ? v / (N / 3) : 2 + v % 2] += c->mode[v] != MODE_NONE;
    assert_same(changed[0], 0);
    assert_binomial(changed[1], N / 3.0, daily_chance(0.2));
    assert_binomial(changed[2], N / 6.0, daily_chance(0.2));
    assert_same(changed[3], 0);
    lab_set(&l, "market.review_rate", 0);
    LAB_ALL(&l, mode, N, MODE_NONE);
    lab_step(&l, "owners");
    for (uint32_t v = 0; v < N; v++) assert_int_equal(c->mode[v], MODE_NONE);
    lab_close(&l);
}

static void test_who_moves_takes_along_whom_there_is_room_for(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "owners.theta_sd", 0);
    lab_set(&l, "owners.theta_mean", 50);
    lab_set(&l, "market.choice_sharpness", 20);
    lab_set(&l, "owners.private_cost", 0);
    lab_set(&l, "owners.conceal_cost", 60);
    lab_open(&l, 0);
    struct city *c = l.city;
    c->mode[0] = MODE_OPEN;
    c->losses[0] = 2;
    lab_fill(&l, 0, CLASS_MINOR, 3);
    lab_fill(&l, 0, CLASS_COERCED, 3);
    lab_fill(&l, 0, CLASS_ADULT, 5);
    for (uint32_t k = 0; k < 6; k++) {
        const uint32_t seat = c->first_seat[0] + k;
        *supplier_at(c, seat) = 5, fear_put(c, seat, -3.5f), *served_at(c, seat) = 1, traits_put(c, seat, TRAIT_IRREGULAR);
    }
    city_recount(c);
    LAB_ALL(&l, risk, c->offenders, 1);
    LAB_ALL(&l, punishment, c->offenders, 1);
    lab_day(&l, 0);
    lab_step(&l, "owners"); /* at such a risk the private network is best */
    assert_int_equal(c->mode[0], MODE_PRIVATE);
    assert_int_equal(persons_in(c->exploited[private_place(c, 0)]), 4);
    assert_int_equal(persons_in(c->exploited[0]), 2);
    assert_int_equal(persons_in(c->occupied[0]), 7);
    for (uint64_t m = c->exploited[private_place(c, 0)]; m;) { /* each as she was */
        const uint32_t seat = next_seat(c, private_place(c, 0), &m);
        assert_true(*supplier_at(c, seat) == 5 && fear_day(c, seat) == -3.5f && *served_at(c, seat) == 1);
        assert_int_equal(traits_of(c, seat), TRAIT_IRREGULAR);
    }
    lab_verify(&l);
    LAB_ALL(&l, risk, c->offenders, 0);
    lab_step(&l, "owners");
    assert_int_equal(c->mode[0], MODE_OPEN);
    assert_int_equal(persons_in(c->exploited[0]), 6);
    assert_int_equal(c->count[PLACE_PRIVATE][CLASS_MINOR] + c->count[PLACE_PRIVATE][CLASS_COERCED], 0);
    lab_verify(&l);
    LAB_ALL(&l, theta, c->offenders, -50);
    lab_step(&l, "owners"); /* whoever gives up lets nobody go on that day: staffing does */
    assert_int_equal(c->mode[0], MODE_NONE);
    assert_int_equal(persons_in(c->exploited[0]), 6);
    assert_same(c->losses[0], 2); /* and nobody was lost */
    lab_close(&l);
}

/* A successor finds the persons where the predecessor had them, and moves them if the choice is another. */
static void test_a_successor_takes_over_the_persons(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "owners.theta_sd", 0);
    lab_set(&l, "owners.theta_mean", 50);
    lab_set(&l, "market.choice_sharpness", 20);
    lab_open(&l, 0);
    struct city *c = l.city;
    LAB_ALL(&l, risk, c->offenders, 0);
    c->mode[0] = MODE_PRIVATE, c->standing[0] = STANDING_VACANT;
    lab_fill(&l, private_place(c, 0), CLASS_COERCED, 3);
    lab_step(&l, "owners");
    assert_int_equal(c->mode[0], MODE_OPEN);
    assert_int_equal(persons_in(c->exploited[0]), 3);
    assert_int_equal(c->count[PLACE_PRIVATE][CLASS_COERCED], 0);
    lab_verify(&l);
    lab_close(&l);
}

static void test_an_imprisoned_owner_is_succeeded(void **state)
{
    (void)state;
    enum { N = 6000 };
    struct lab l;
    many_owners(&l, N);
    lab_set(&l, "owners.theta_mean", -2);
    lab_set(&l, "owners.theta_sd", 1.5);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = 0; v < N; v++) {
        c->risk[v] = v < N / 2 ? 0.2f : 0.6f;
        c->punishment[v] = 0.5f;
        c->losses[v] = 3;
        c->hides_until[v] = 900;
        c->closed_until[v] = 50, c->lead_ripe[v] = 70;
        if (v % 2) c->standing[v] = STANDING_VACANT, c->risk[v] = 0;
    }
    lab_step(&l, "owners");
    double mean = 0, square = 0, decided = 0;
    for (uint32_t v = 1; v < N; v += 2) {
        assert_int_equal(c->standing[v], STANDING_FREE);
        assert_same(c->losses[v], 0);
        assert_int_equal(c->hides_until[v], 0);
        assert_true(c->closed_until[v] == 50 && c->lead_ripe[v] == 70); /* matters of the venue */
        assert_int_equal(c->taste_day[v], 1);
        decided += c->mode[v] != MODE_NONE;
        /* the mean of those in liberty, of the successors before him, and of his predecessor */
        assert_true(v < N / 2 ? c->risk[v] > 0.19 && c->risk[v] < 0.2 : c->risk[v] > 0.59 && c->risk[v] < 0.6);
        assert_close(c->punishment[v], 0.5, 1e-6);
        mean += (double)c->theta[v] / (N / 2);
        square += pow(c->theta[v] + 2, 2) / (N / 2);
    }
    assert_mean(mean, N / 2, -2, 1.5);
    assert_mean(square, N / 2, 2.25, 2.25 * sqrt(2));
    /* He has made up his mind: where the risk is low the open mode is worth 6 - 0.2 0.5 28.4 - 2 = 1.2 months on average, and
     * most of 1,500 successors exploit. */
    assert_true(decided > N / 12.0);
    lab_close(&l);
}

static void test_owners_as_they_are_observed(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_open(&l, 0);
    struct city *c = l.city;
    c->closed_until[1] = 2;
    c->tie[4] = 7;
    c->mode[2] = MODE_OPEN, c->mode[3] = MODE_COVERT, c->mode[4] = MODE_PRIVATE, c->mode[5] = MODE_COVERT;
    lab_fill(&l, 2, CLASS_MINOR, 1), lab_fill(&l, 3, CLASS_COERCED, 1),
        lab_fill(&l, private_place(c, 4), CLASS_MINOR, 2);
    lab_observe(&l, "owners");
    assert_same(lab_metric(&l, "owners.venues_open"), 19);
    assert_same(lab_metric(&l, "owners.venues_offering"), 3);
    assert_same(lab_metric(&l, "owners.venues_covert"), 1);
    assert_same(lab_metric(&l, "owners.venues_private"), 1);
    assert_same(lab_metric(&l, "owners.venues_protected"), 1);
    lab_observe(&l, "observation");
    assert_same(lab_metric(&l, "observation.minors_present"), 1);
    assert_same(lab_metric(&l, "observation.coerced_adults_present"), 1);
    assert_same(lab_metric(&l, "observation.exploited_private"), 2);
    assert_same(lab_metric(&l, "observation.minor_prevalence"), 0.75);
    lab_fill(&l, 2, CLASS_ADULT, 6), lab_fill(&l, 2 * c->venues, CLASS_ADULT, 9);
    seat_detain(c, c->first_seat[2] + 3, 9);
    lab_observe(&l, "observation");
    assert_same(lab_metric(&l, "observation.adults_present"), 6);
    assert_same(lab_metric(&l, "observation.adults_detained"), 1);
    assert_same(lab_metric(&l, "observation.adults_street"), 9);
    assert_same(lab_metric(&l, "observation.minor_prevalence"), 0.3); /* the street does not count */
    assert_same(lab_metric(&l, "observation.coerced_prevalence"), 0.1);
    lab_close(&l);
}

/* ---- market ---- */

static double price_of(struct lab *l, int32_t day, uint32_t exploited)
{
    lab_empty(l);
    for (uint32_t v = 0; exploited > 0; v++) {
        uint32_t n = exploited < l->city->size[v] ? exploited : l->city->size[v];
        lab_fill(l, v, v % 2 ? CLASS_MINOR : CLASS_COERCED, n);
        exploited -= n;
    }
    lab_day(l, day);
    lab_step(l, "market");
    return l->city->price;
}

static void test_scarcity_raises_the_price_after_burn_in(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "market.price_elasticity", 0.5);
    lab_open(&l, 0);
    assert_same(price_of(&l, LAB_BURN_IN - 181, 400), 1); /* too early to count */
    for (int32_t day = LAB_BURN_IN - 180; day < LAB_BURN_IN; day++)
        assert_same(price_of(&l, day, day % 2 ? 50 : 30), 1);
    assert_close(price_of(&l, LAB_BURN_IN, 40), 1, 1e-12); /* their mean is 40 */
    assert_close(price_of(&l, LAB_BURN_IN + 1, 10), 2, 1e-12);
    assert_close(price_of(&l, LAB_BURN_IN + 1, 90), pow(40.0 / 90, 0.5), 1e-12);
    assert_same(price_of(&l, LAB_BURN_IN + 2, 0), 3);
    assert_same(price_of(&l, LAB_BURN_IN + 2, 1), 3);
    assert_same(price_of(&l, LAB_BURN_IN + 3, 400), 0.5);
    lab_observe(&l, "market");
    assert_same(lab_metric(&l, "market.price_factor"), 0.5);
    lab_set(&l, "market.price_elasticity", 0);
    assert_same(price_of(&l, LAB_BURN_IN + 4, 1), 1);
    lab_close(&l);
}

static void test_without_burn_in_the_price_stays(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    l.study.calendar.burn_in = 0;
    lab_open(&l, 0);
    assert_same(price_of(&l, 5, 100), 1);
    assert_same(price_of(&l, 6, 1), 1);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choices_are_a_logit),
        cmocka_unit_test(test_tastes_last_until_they_are_drawn_anew),
        cmocka_unit_test(test_owners_weigh_what_the_odd_says),
        cmocka_unit_test(test_owners_review_now_and_then_if_they_can),
        cmocka_unit_test(test_who_moves_takes_along_whom_there_is_room_for),
        cmocka_unit_test(test_a_successor_takes_over_the_persons),
        cmocka_unit_test(test_an_imprisoned_owner_is_succeeded),
        cmocka_unit_test(test_owners_as_they_are_observed),
        cmocka_unit_test(test_scarcity_raises_the_price_after_burn_in),
        cmocka_unit_test(test_without_burn_in_the_price_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

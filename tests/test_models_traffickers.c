/* Traffickers: active or dormant, whom they supply and recruit, and who takes the place of the imprisoned. */
#include <math.h>

#include "tests/agreement.h"
#include "tests/effort.h"
#include "tests/world_support.h"

/* ---- active or dormant ---- */

static void test_traffickers_are_active_by_a_logit(void **state)
{
    (void)state;
    enum { N = 20000 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.traffickers", N);
    lab_set(&l, "region.links", 0);
    lab_set(&l, "traffickers.theta_sd", 0);
    lab_set(&l, "traffickers.theta_mean", -5);
    lab_set(&l, "market.choice_sharpness", 0.8);
    lab_set(&l, "market.taste_rate", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (double risk = 0; risk < 0.2; risk += 0.05) {
        LAB_ALL(&l, risk, c->offenders, risk);
        LAB_ALL(&l, punishment, c->offenders, 0.4);
        LAB_ALL(&l, taste_day, c->offenders, (uint16_t)(risk * 1000));
        c->price = 1.2;
        lab_day(&l, 0);
        lab_step(&l, "traffickers");
        lab_observe(&l, "traffickers");
        double value = 6 * 1.2 - risk * 0.4 * (0.8 * 30 + 0.2 * 2 + 4) - 5;
        assert_binomial(lab_metric(&l, "traffickers.traffickers_active"), N, 1 / (1 + exp(-0.8 * value)));
    }
    /* the imprisoned and those on remand do not review */
    static const uint8_t before[] = {STANDING_VACANT, STANDING_REMAND, STANDING_DORMANT};
    static const uint8_t after[] = {STANDING_VACANT, STANDING_REMAND, STANDING_FREE};
    LAB_ALL(&l, theta, c->offenders, 50);
    for (uint32_t k = 0; k < N; k++) c->standing[c->venues + k] = before[k % 3];
    lab_step(&l, "traffickers");
    for (uint32_t k = 0; k < N; k++) assert_int_equal(c->standing[c->venues + k], after[k % 3]);
    lab_close(&l);
}

static void test_traffickers_review_at_their_rate(void **state)
{
    (void)state;
    enum { N = 10000 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.traffickers", N);
    lab_set(&l, "traffickers.theta_mean", -50);
    lab_set(&l, "market.review_rate", 0.15);
    lab_open(&l, 0);
    lab_step(&l, "traffickers");
    lab_observe(&l, "traffickers");
    assert_binomial(N - lab_metric(&l, "traffickers.traffickers_active"), N, daily_chance(0.15));
    lab_close(&l);
}

/* ---- whom they supply ---- */

/* Every owner wants 8 persons; every trafficker has the standing given. With 4 links some owners know no trafficker. */
static void open_market(struct lab *l, uint8_t standing, double links)
{
    lab_init(l);
    lab_set(l, "region.venues", 300);
    lab_set(l, "region.traffickers", 400);
    lab_set(l, "region.links", links);
    lab_set(l, "market.review_rate", 0);
    lab_set(l, "traffickers.recruit_rate", 0.2);
    lab_open(l, 0);
    LAB_ALL(l, mode, l->city->venues, MODE_OPEN);
    for (uint32_t o = l->city->venues; o < l->city->offenders; o++) l->city->standing[o] = standing;
}

static void test_vacancies_are_filled_by_linked_active_traffickers(void **state)
{
    (void)state;
    struct lab l;
    open_market(&l, STANDING_FREE, 4);
    struct city *c = l.city;
    c->price = 1.3;
    for (uint32_t o = c->venues; o < c->offenders; o += 2) c->standing[o] = STANDING_DORMANT;
    double supplied = 0;
    for (uint32_t v = 0; v < c->venues; v++)
        for (uint32_t i = c->link_first[v], any = 0; i < c->link_first[v + 1] && !any; i++)
            if ((any = c->standing[c->venues + link_trafficker(c, i)] == STANDING_FREE)) supplied++;
    lab_step(&l, "traffickers");
    double minors = lab_metric(&l, "traffickers.minors_recruited"),
           all = minors + lab_metric(&l, "traffickers.coerced_recruited");
    assert_binomial(all, supplied * 8, daily_chance(0.2 * 1.3));
    assert_binomial(minors, all, 0.66);
    assert_same(c->count[PLACE_VENUE][CLASS_MINOR], minors);
    assert_same(c->entered, all);
    for (uint32_t v = 0; v < c->venues; v++)
        for (uint64_t m = c->exploited[v]; m;) {
            uint32_t k = *supplier_at(c, next_seat(c, v, &m)), found = 0;
            for (uint32_t i = c->link_first[v]; i < c->link_first[v + 1]; i++) found += link_trafficker(c, i) == k;
            assert_int_equal(found, 1);
            assert_int_equal(c->standing[c->venues + k], STANDING_FREE);
        }
    lab_verify(&l);
    for (int32_t day = 2; day < 120; day++) {
        lab_day(&l, day);
        lab_step(&l, "traffickers");
    }
    assert_same(exploited_now(c), supplied * 8); /* full, and not a single one more */
    lab_verify(&l);
    lab_close(&l);
}

static void test_nobody_is_recruited_without_traffickers_rate_or_demand(void **state)
{
    (void)state;
    static const uint8_t idle[] = {STANDING_DORMANT, STANDING_REMAND, STANDING_VACANT};
    struct lab l;
    for (int i = 0; i < 5; i++) {
        open_market(&l, i < 3 ? idle[i] : STANDING_FREE, 30);
        if (i == 3) lab_set(&l, "traffickers.recruit_rate", 0);
        if (i == 4) LAB_ALL(&l, mode, l.city->venues, MODE_NONE);
        lab_step(&l, "traffickers");
        assert_int_equal(l.city->entered, 0);
        lab_close(&l);
    }
    open_market(&l, STANDING_FREE, 30); /* covert and private owners are supplied in their places */
    for (uint32_t v = 0; v < l.city->venues; v++) l.city->mode[v] = v % 2 ? MODE_PRIVATE : MODE_COVERT;
    lab_set(&l, "venues.minor_share", 1);
    for (int32_t day = 1; day < 90; day++) {
        lab_day(&l, day);
        lab_step(&l, "traffickers");
    }
    assert_int_equal(l.city->count[PLACE_VENUE][CLASS_MINOR], 150 * 6);
    assert_int_equal(l.city->count[PLACE_PRIVATE][CLASS_MINOR], 150 * 4);
    assert_int_equal(l.city->entered, 150 * 10);
    lab_close(&l);
}

/* ---- whom they recruit ---- */

enum { SUPPLIERS = 6, TWENTIETHS = 20, TWENTIETH = 4 * 365 / TWENTIETHS };

/* Recruits by what four numbers decide: the supplier, whether a minor, whether irregular, and in which part of the four years before
 * the 18th birthday. */
struct recruits {
    uint64_t all[SUPPLIERS][2][2], minors[SUPPLIERS][2][TWENTIETHS];
    double pairs, alike; /* the first two of a venue and day; both of one class */
};

static void note_recruit(const struct city *c, struct recruits *found, uint32_t place, uint32_t seat)
{
    const uint32_t supplier = *supplier_at(c, seat), minor = class_in(c, place, seat) == CLASS_MINOR;
    const uint32_t irregular = (traits_of(c, seat) & TRAIT_IRREGULAR) != 0, to_go = *due_at(c, seat) - 1u - (uint32_t)c->day;
    assert_true(supplier / 2 < SUPPLIERS && supplier % 2 == 0); /* the others are dormant */
    found->all[supplier / 2][minor][irregular]++;
    if (!minor) assert_int_equal(*due_at(c, seat), NEVER);
    if (!minor) return;
    assert_in_range(to_go, 1, TWENTIETHS * TWENTIETH);
    found->minors[supplier / 2][irregular][(to_go - 1) / TWENTIETH]++;
}

static void note_recruits(const struct city *c, struct recruits *found)
{
    for (uint32_t v = 0; v < c->venues; v++) {
        for (uint64_t m = c->exploited[v]; m;) note_recruit(c, found, v, next_seat(c, v, &m));
        if (persons_in(c->exploited[v]) < 2) continue;
        found->pairs++;
        found->alike += persons_in(minors_in(c, v) & 3) != 1;
    }
}

/* Independent of each other, and so are two recruits of one venue and day. */
static void as_the_parameters_say(const struct recruits *found, double minor_share, double irregular_share)
{
    double all[SUPPLIERS][2][2], minors[SUPPLIERS][2][TWENTIETHS];
    for (size_t s = 0; s < SUPPLIERS; s++)
        for (size_t i = 0; i < 2; i++) {
            const double share = (i ? irregular_share : 1 - irregular_share) / SUPPLIERS;
            all[s][0][i] = share * (1 - minor_share);
            all[s][1][i] = share * minor_share;
            for (size_t part = 0; part < TWENTIETHS; part++) minors[s][i][part] = share / TWENTIETHS;
        }
    assert_agrees(agreement_with(&found->all[0][0][0], &all[0][0][0], SUPPLIERS * 2 * 2, NULL));
    assert_agrees(agreement_with(&found->minors[0][0][0], &minors[0][0][0], SUPPLIERS * 2 * TWENTIETHS, NULL));
    assert_binomial(found->alike, found->pairs, minor_share * minor_share + (1 - minor_share) * (1 - minor_share));
}

/* False alarms: one in a million for each of three assertions. */
static void test_recruits_are_as_the_parameters_say(void **state)
{
    (void)state;
    const double minor_share = 0.37, irregular_share = 0.3;
    struct recruits found = {.pairs = 0};
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", 40);
    lab_set(&l, "region.traffickers", 2 * SUPPLIERS);
    lab_set(&l, "region.links", 40); /* everybody knows everybody */
    lab_set(&l, "market.review_rate", 0);
    lab_set(&l, "traffickers.recruit_rate", 1);
    lab_set(&l, "venues.minor_share", minor_share);
    lab_set(&l, "venues.irregular_share", irregular_share);
    lab_open(&l, 0);
    struct city *c = l.city;
    LAB_ALL(&l, mode, c->venues, MODE_OPEN);
    for (uint32_t o = c->venues; o < c->offenders; o++) c->standing[o] = (o - c->venues) % 2 ? STANDING_DORMANT : STANDING_FREE;
    for (int32_t day = 1; day <= effort(150, 1500); day++) {
        lab_day(&l, day);
        lab_step(&l, "traffickers");
        note_recruits(c, &found);
        lab_empty(&l);
    }
    as_the_parameters_say(&found, minor_share, irregular_share);
    lab_close(&l);
}

/* ---- who takes the posts of the imprisoned ---- */

static void test_posts_emptied_by_prison_are_taken_where_it_pays(void **state)
{
    (void)state;
    enum { N = 4000 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.traffickers", 2 * N);
    lab_set(&l, "region.links", 0);
    lab_set(&l, "market.review_rate", 0);
    lab_set(&l, "traffickers.entry_rate", 0.05);
    lab_set(&l, "traffickers.theta_sd", 2);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t k = 0; k < 2 * N; k++) {
        c->risk[c->venues + k] = 0.1f;
        c->punishment[c->venues + k] = 0.3f;
        if (k % 2) c->standing[c->venues + k] = STANDING_VACANT;
    }
    c->openings = N;
    c->price = 1.25;
    lab_set(&l, "traffickers.entry_rate", 0);
    lab_step(&l, "traffickers");
    assert_int_equal(c->openings, N);
    lab_set(&l, "traffickers.entry_rate", 0.05);
    lab_step(&l, "traffickers");
    double entered = lab_metric(&l, "traffickers.traffickers_entered");
    assert_binomial(entered, N, daily_chance(0.05 * (6 * 1.25 - 0.1 * 0.3 * 28.4)));
    assert_same(c->openings, N - entered);
    double theta = 0;
    for (uint32_t k = 1; k < 2 * N; k += 2) {
        if (c->standing[c->venues + k] == STANDING_VACANT) continue;
        assert_close(c->risk[c->venues + k], 0.1, 1e-6);
        assert_close(c->punishment[c->venues + k], 0.3, 1e-6);
        theta += c->theta[c->venues + k];
    }
    assert_mean(theta / entered, entered, -5, 2);
    LAB_ALL(&l, risk, c->offenders, 1);
    LAB_ALL(&l, punishment, c->offenders, 1);
    lab_reset(&l);
    lab_step(&l, "traffickers"); /* more to lose than to gain */
    assert_same(lab_metric(&l, "traffickers.traffickers_entered"), 0);
    for (uint32_t o = c->venues; o < c->offenders; o++) c->standing[o] = STANDING_VACANT;
    c->openings = 2 * N;
    LAB_ALL(&l, risk, c->venues, 0);
    lab_reset(&l);
    lab_step(&l, "traffickers"); /* nobody is left to learn from but owners, who fear nothing */
    assert_binomial(lab_metric(&l, "traffickers.traffickers_entered"), 2 * N, daily_chance(0.05 * 6 * 1.25));
    lab_close(&l);
}

/* Whoever enters a post believes what those in office believe on average, is active, and answers for no predecessor: persons
 * in venues and in the private network whom that post supplied have no supplier any more. */
static void test_who_enters_a_post_takes_over_nothing(void **state)
{
    (void)state;
    enum { POSTS = 200, PLACES = 20 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", PLACES);
    lab_set(&l, "region.traffickers", POSTS);
    lab_set(&l, "market.review_rate", 0);
    lab_set(&l, "market.taste_rate", 0);
    lab_set(&l, "traffickers.recruit_rate", 0);
    lab_set(&l, "traffickers.entry_rate", 0.1);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t k = 0; k < POSTS; k++) {
        c->standing[c->venues + k] = k % 2 ? STANDING_VACANT : STANDING_DORMANT;
        c->risk[c->venues + k] = k % 2 ? 0.9f : 0.1f; /* what the imprisoned believed counts for nothing */
        c->punishment[c->venues + k] = k % 2 ? 0.9f : 0.2f;
    }
    for (uint32_t i = 0; i < POSTS; i++) { /* each post has supplied a person to a venue and one to a private place */
        const uint32_t v = i % PLACES;
        *supplier_at(c, lab_fill(&l, v, CLASS_COERCED, 1)) = (uint16_t)i;
        if (i / PLACES >= c->size[private_place(c, v)]) continue;
        *supplier_at(c, lab_fill(&l, private_place(c, v), CLASS_MINOR, 1)) = (uint16_t)i;
    }
    c->openings = POSTS / 2;
    lab_day(&l, 40);
    lab_step(&l, "traffickers");
    const double entered = lab_metric(&l, "traffickers.traffickers_entered");
    assert_binomial(entered, POSTS / 2, daily_chance(0.1 * (6 - 0.1 * 0.2 * 28.4)));
    double fresh = 0, forgotten = 0;
    for (uint32_t k = 0; k < POSTS; k++) {
        const uint32_t o = c->venues + k;
        if (k % 2 == 0 || c->standing[o] == STANDING_VACANT) continue;
        fresh++;
        assert_int_equal(c->standing[o], STANDING_FREE);
        assert_int_equal(c->taste_day[o], 40);
        assert_close(c->risk[o], 0.1, 1e-6);
        assert_close(c->punishment[o], 0.2, 1e-6);
    }
    assert_same(fresh, entered);
    for (uint32_t place = 0; place < 2 * c->venues; place++)
        for (uint64_t m = c->exploited[place]; m;) {
            const uint32_t seat = next_seat(c, place, &m), post = place % PLACES + (seat - c->first_seat[place]) * PLACES;
            const bool taken = post % 2 && c->standing[c->venues + post] == STANDING_FREE;
            assert_int_equal(*supplier_at(c, seat), taken ? NOBODY : post);
            forgotten += taken;
        }
    assert_true(forgotten >= entered);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_traffickers_are_active_by_a_logit),
        cmocka_unit_test(test_traffickers_review_at_their_rate),
        cmocka_unit_test(test_vacancies_are_filled_by_linked_active_traffickers),
        cmocka_unit_test(test_nobody_is_recruited_without_traffickers_rate_or_demand),
        cmocka_unit_test(test_recruits_are_as_the_parameters_say),
        cmocka_unit_test(test_posts_emptied_by_prison_are_taken_where_it_pays),
        cmocka_unit_test(test_who_enters_a_post_takes_over_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

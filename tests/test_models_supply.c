/* Supply and staffing: traffickers active or dormant, recruitment, entry; dismissals, refilling, the way back from the street. */
#include <math.h>

#include "tests/world_support.h"

/* ---- traffickers ---- */

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

/* ---- staffing ---- */

static void test_who_is_not_wanted_is_let_go_or_moved(void **state)
{
    (void)state;
    enum { N = 300 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", 2 * N);
    lab_set(&l, "staffing.dismiss_rate", 0.3);
    lab_set(&l, "staffing.displace_share", 0.6);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = 0; v < N; v++) {
        lab_fill(&l, v, CLASS_MINOR,
                 10); /* a third of the owners has given up, a third wants 8, the last hides 4 elsewhere */
        c->mode[v] = (uint8_t[]){MODE_NONE, MODE_OPEN, MODE_PRIVATE}[v % 3];
    }
    for (uint32_t v = N; v < 2 * N; v++) c->mode[v] = MODE_OPEN; /* who have room for all */
    lab_step(&l, "staffing");
    double displaced = lab_metric(&l, "staffing.displaced"), dismissed = lab_metric(&l, "staffing.dismissed");
    assert_binomial(displaced + dismissed, (10 + 2 + 10) * N / 3, daily_chance(0.3));
    assert_binomial(displaced, displaced + dismissed, 0.6);
    assert_same(c->gone, dismissed);
    lab_verify(&l);
    lab_set(&l, "staffing.dismiss_rate", 0);
    lab_reset(&l);
    lab_step(&l, "staffing");
    assert_same(lab_metric(&l, "staffing.displaced") + lab_metric(&l, "staffing.dismissed"), 0);
    lab_close(&l);
}

static void test_adults_take_what_is_not_reserved(void **state)
{
    (void)state;
    enum { N = 400 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", N);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = 0; v < N; v++) {
        c->mode[v] = v % 4 == 1 ? MODE_OPEN : MODE_NONE; /* 8 of 20 reserved */
        c->closed_until[v] = v % 4 == 2 ? 500 : 0;
        if (v % 4 == 3) lab_fill(&l, v, CLASS_ADULT, 15);
    }
    lab_step(&l, "staffing");
    double entered = (double)c->entered - 15 * N / 4;
    assert_binomial(entered, (20 + 12 + 0 + 5) * N / 4, daily_chance(0.1));
    for (int32_t day = 2; day < 200; day++) {
        lab_day(&l, day);
        lab_step(&l, "staffing");
    }
    assert_same(c->count[PLACE_VENUE][CLASS_ADULT], (20 + 12 + 0 + 20) * N / 4);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_day(&l, 600);
    lab_step(&l, "staffing");
    assert_same(c->count[PLACE_VENUE][CLASS_ADULT], (20 + 12 + 0 + 20) * N / 4);
    lab_verify(&l);
    lab_close(&l);
}

static void test_the_first_day_fills_the_venues(void **state)
{
    (void)state;
    enum { N = 600 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", N);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = 0; v < N; v++) c->mode[v] = (uint8_t)(v % MODES);
    lab_day(&l, 0);
    lab_step(&l, "staffing");
    uint32_t exploited = exploited_now(c);
    assert_binomial(exploited, (0 + 8 + 6 + 4) * N / 4, 0.95);
    assert_binomial(c->count[PLACE_VENUE][CLASS_MINOR] + c->count[PLACE_PRIVATE][CLASS_MINOR], exploited, 0.66);
    assert_binomial(c->count[PLACE_VENUE][CLASS_ADULT], (20 + 12 + 14 + 20) * N / 4, 0.95);
    lab_verify(&l);
    lab_close(&l);
}

static void test_adults_return_from_the_street_of_their_district(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", 100);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_set(&l, "staffing.return_rate", 0.25);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t p = c->district_street[0]; p < c->district_street[1]; p++) lab_fill(&l, p, CLASS_ADULT, c->size[p]);
    double n = c->count[PLACE_STREET][CLASS_ADULT];
    lab_step(&l, "staffing");
    assert_binomial(c->count[PLACE_VENUE][CLASS_ADULT], n, daily_chance(0.25));
    for (uint32_t v = c->district_venue[1]; v < c->venues; v++) assert_true(c->occupied[v] == 0);
    LAB_ALL(&l, closed_until, c->venues, 900); /* no venue to return to */
    uint32_t street = c->count[PLACE_STREET][CLASS_ADULT];
    lab_step(&l, "staffing");
    assert_int_equal(c->count[PLACE_STREET][CLASS_ADULT], street);
    LAB_ALL(&l, closed_until, c->venues, 0);
    lab_set(&l, "staffing.return_rate", 0);
    lab_step(&l, "staffing");
    assert_int_equal(c->count[PLACE_STREET][CLASS_ADULT], street);
    lab_verify(&l);
    lab_close(&l);
}

/* Who flees to the street, and who comes back, is who she was. */
static void test_who_goes_to_the_street_and_back_stays_who_she_is(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_set(&l, "staffing.return_rate", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    const struct person adult = {.fear = -3.5f, .served = 1, .supplier = NOBODY, .traits = 7, .class = CLASS_ADULT};
    seat_enter(c, 15, adult);
    LAB_ALL(&l, closed_until, c->venues, 3);
    adults_disperse(c, 15, 1, OCCASION_CLOSURE);
    for (int32_t day = 2; day < 62; day++) {
        lab_day(&l, day);
        lab_step(&l, "staffing");
        const bool back = c->count[PLACE_VENUE][CLASS_ADULT] == 1;
        assert_true(!back || day > 2);
        for (uint32_t place = 0; place < c->places; place++)
            for (uint64_t m = c->occupied[place]; m;) {
                const uint32_t seat = next_seat(c, place, &m);
                assert_true(fear_day(c, seat) == -3.5f && *served_at(c, seat) == 1 && traits_of(c, seat) == 7);
            }
        lab_verify(&l);
    }
    assert_int_equal(c->count[PLACE_VENUE][CLASS_ADULT], 1);
    lab_close(&l);
}

/* The last slot of the district is taken, by one of those in the street, who has it to herself; the detained stay. */
static void test_the_last_vacancy_of_a_district_is_taken_once(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_set(&l, "staffing.return_rate", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t v = c->district_venue[1]; v < c->district_venue[2]; v++) lab_fill(&l, v, CLASS_ADULT, v == 15 ? 19 : 20);
    const uint32_t street = c->district_street[1], held = lab_fill(&l, street, CLASS_ADULT, 3);
    seat_detain(c, held, 900);
    for (int32_t day = 2; day < 62; day++) { /* one who has not returned on any of these is one in e^60 */
        lab_day(&l, day);
        lab_step(&l, "staffing");
    }
    assert_int_equal(persons_in(adults_at(c, 15)), 20);
    assert_int_equal(c->count[PLACE_STREET][CLASS_ADULT], 2);
    seat_leave(c, c->first_seat[17]);
    seat_leave(c, c->first_seat[19]);
    for (int32_t day = 62; day < 122; day++) {
        lab_day(&l, day);
        lab_step(&l, "staffing");
    }
    assert_true(detained_in(c, street) == c->occupied[street] && c->held == 1);
    assert_int_equal(c->count[PLACE_VENUE][CLASS_ADULT], 10 * 20 - 1);
    lab_verify(&l);
    lab_close(&l);
}

/* A slot that is free in the morning goes to somebody from the street before any newcomer comes. */
static void test_the_street_comes_before_newcomers(void **state)
{
    (void)state;
    enum { N = 400 };
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.venues", N);
    lab_set(&l, "region.districts", N);
    lab_set(&l, "staffing.refill_rate", 1);
    lab_set(&l, "staffing.return_rate", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    for (uint32_t d = 0; d < N; d++) lab_fill(&l, d, CLASS_ADULT, 19), lab_fill(&l, c->district_street[d], CLASS_ADULT, 1);
    lab_step(&l, "staffing");
    const double returned = N - c->count[PLACE_STREET][CLASS_ADULT];
    assert_binomial(returned, N, daily_chance(1));
    assert_binomial((double)c->entered - 20 * N, N - returned, daily_chance(1));
    lab_close(&l);
}

/* Of a surplus those in the lowest seats are let go, and no owner feels it. */
static void test_the_lowest_seats_are_let_go(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "staffing.dismiss_rate", 1);
    lab_set(&l, "staffing.displace_share", 0);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    c->mode[4] = MODE_OPEN; /* wants eight */
    lab_fill(&l, 4, CLASS_COERCED, 11);
    for (int32_t day = 2; day < 62; day++) {
        lab_day(&l, day);
        lab_step(&l, "staffing");
    }
    assert_true(c->exploited[4] == 0x7F8);
    assert_same(lab_metric(&l, "staffing.dismissed"), 3);
    for (uint32_t v = 0; v < c->venues; v++) assert_same(c->losses[v], 0);
    lab_close(&l);
}

/* Who is moved takes fear, supplier and all else along; no owner feels it as a loss. */
static void test_who_is_displaced_stays_who_she_is(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "staffing.dismiss_rate", 1);
    lab_set(&l, "staffing.displace_share", 1);
    lab_open(&l, 0);
    struct city *c = l.city;
    const struct person minor = {.fear = -3.5f, .served = 1, .due = 900, .supplier = 5, .traits = 7, .class = CLASS_MINOR};
    seat_enter(c, 0, minor);
    c->mode[13] = MODE_PRIVATE;
    for (int32_t day = 2; day < 62; day++) {
        lab_day(&l, day);
        lab_step(&l, "staffing");
    }
    const uint32_t seat = c->first_seat[private_place(c, 13)];
    assert_int_equal(persons_in(minors_in(c, private_place(c, 13))), 1);
    assert_true(fear_day(c, seat) == -3.5f && *served_at(c, seat) == 1 && *due_at(c, seat) == 900);
    assert_true(*supplier_at(c, seat) == 5 && traits_of(c, seat) == minor.traits);
    for (uint32_t v = 0; v < c->venues; v++) assert_same(c->losses[v], 0);
    assert_same(lab_metric(&l, "staffing.displaced"), 1);
    lab_close(&l);
}

static void test_days_lost_to_closure_and_detention(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "policy.adult_support", 0.25);
    lab_set(&l, "staffing.refill_rate", 0);
    lab_open(&l, 0);
    struct city *c = l.city;
    lab_fill(&l, 0, CLASS_ADULT, 7), lab_fill(&l, 0, CLASS_MINOR, 2), lab_fill(&l, 1, CLASS_ADULT, 9);
    seat_detain(c, c->first_seat[0], 9), seat_detain(c, c->first_seat[1], 9);
    c->closed_until[0] = 2;
    lab_step(&l, "staffing");
    assert_same(lab_metric(&l, "staffing.adult_days_lost"), 2 + 6 * 0.75);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_traffickers_are_active_by_a_logit),
        cmocka_unit_test(test_traffickers_review_at_their_rate),
        cmocka_unit_test(test_vacancies_are_filled_by_linked_active_traffickers),
        cmocka_unit_test(test_nobody_is_recruited_without_traffickers_rate_or_demand),
        cmocka_unit_test(test_posts_emptied_by_prison_are_taken_where_it_pays),
        cmocka_unit_test(test_who_enters_a_post_takes_over_nothing),
        cmocka_unit_test(test_who_is_not_wanted_is_let_go_or_moved),
        cmocka_unit_test(test_adults_take_what_is_not_reserved),
        cmocka_unit_test(test_the_first_day_fills_the_venues),
        cmocka_unit_test(test_adults_return_from_the_street_of_their_district),
        cmocka_unit_test(test_who_goes_to_the_street_and_back_stays_who_she_is),
        cmocka_unit_test(test_the_last_vacancy_of_a_district_is_taken_once),
        cmocka_unit_test(test_the_street_comes_before_newcomers),
        cmocka_unit_test(test_the_lowest_seats_are_let_go),
        cmocka_unit_test(test_who_is_displaced_stays_who_she_is),
        cmocka_unit_test(test_days_lost_to_closure_and_detention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

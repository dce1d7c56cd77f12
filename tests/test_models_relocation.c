/* What passes between the cities of a region: who moves, for what, with whom, and what is left behind. */
#include "tests/world_support.h"

static void two_cities(struct lab *l)
{
    lab_init(l);
    lab_set(l, "region.cities", 2);
    lab_set(l, "region.relocate_rate", 1);
    lab_set(l, "region.relocate_gain", 1);
    lab_open(l, 0);
    struct city *a = &l->world->city[0], *b = &l->world->city[1];
    for (uint32_t o = 0; o < a->offenders; o++)
        a->risk[o] = 0.5f, a->punishment[o] = 0.5f, b->risk[o] = 0.02f, b->punishment[o] = 0.5f;
}

static void test_dormant_traffickers_move_where_it_pays(void **state)
{
    (void)state;
    struct lab l;
    two_cities(&l);
    struct city *a = &l.world->city[0], *b = &l.world->city[1];
    assert_int_equal(a->traffickers, 16); /* posts for those who come */
    for (uint32_t k = 0; k < 16; k++)
        assert_int_equal(a->standing[a->venues + k], k < 8 ? STANDING_FREE : STANDING_VACANT);
    a->standing[a->venues] = STANDING_DORMANT;
    a->theta[a->venues] = 2.25f;
    a->standing[a->venues + 1] = STANDING_DORMANT, case_open(a, a->venues + 1)->trial_on = 77; /* a case keeps him here */
    for (int32_t day = 1; day < 60; day++) {
        lab_day(&l, day);
        lab_couple(&l);
    }
    assert_int_equal(a->standing[a->venues], STANDING_VACANT);
    assert_int_equal(a->standing[a->venues + 1], STANDING_DORMANT);
    assert_int_equal(a->openings, 0); /* a dormant trafficker leaves nothing to take over */
    assert_int_equal(b->standing[b->venues + 8], STANDING_DORMANT);
    assert_same(b->theta[b->venues + 8], 2.25);
    assert_close(b->risk[b->venues + 8], 0.02, 1e-6); /* he believes what is believed there */
    for (uint32_t k = 9; k < 16; k++) assert_int_equal(b->standing[b->venues + k], STANDING_VACANT);
    lab_verify(&l);
    lab_close(&l);
}

static void test_private_networks_move_with_their_persons(void **state)
{
    (void)state;
    struct lab l;
    two_cities(&l);
    struct city *a = &l.world->city[0], *b = &l.world->city[1];
    a->mode[3] = MODE_PRIVATE;
    lab_fill(&l, private_place(a, 3), CLASS_MINOR, 3);
    b->mode[5] = MODE_OPEN;
    lab_fill(&l, 4, CLASS_MINOR, 1);
    a->mode[4] = MODE_OPEN; /* only networks move */
    for (int32_t day = 1; day < 60; day++) {
        lab_day(&l, day);
        lab_couple(&l);
    }
    assert_int_equal(a->mode[3], MODE_NONE);
    assert_int_equal(persons_in(minors_in(b, 5)), 3);
    assert_int_equal(persons_in(minors_in(a, 4)), 1);
    assert_int_equal(a->gone, 3);
    assert_int_equal(b->entered, 3);
    lab_verify(&l);
    lab_close(&l);
}

/* Who has come from another city believes what those in office there believe on average, has new tastes, and answers for no
 * predecessor; the post left is nobody's, and who was supplied from it remembers so until it is taken. */
static void test_who_comes_from_another_city_takes_over_nothing(void **state)
{
    (void)state;
    struct lab l;
    two_cities(&l);
    struct city *a = &l.world->city[0], *b = &l.world->city[1];
    a->standing[a->venues + 2] = STANDING_DORMANT;
    for (uint32_t o = b->venues; o < b->offenders; o++) {
        const bool vacant = b->standing[o] == STANDING_VACANT;
        b->risk[o] = vacant ? 0.5f : 0.02f;
        b->punishment[o] = vacant ? 0.9f : 0.4f;
        b->taste_day[o] = 999;
    }
    uint32_t seats[2][2][2]; /* of a city's persons in a venue and in a private place: two suppliers */
    for (uint32_t i = 0; i < 2; i++)
        for (uint32_t place = 0; place < 2; place++)
            for (uint32_t k = 0; k < 2; k++) {
                struct city *c = l.city = &l.world->city[i];
                seats[i][place][k] = lab_fill(&l, place ? private_place(c, 6) : 6, CLASS_MINOR, 1);
                *supplier_at(c, seats[i][place][k]) = (uint16_t)(i ? 8 + k : 2 + k);
            }
    l.city = l.world->city;
    int32_t day = 1;
    for (; day < 60 && b->standing[b->venues + 8] == STANDING_VACANT; day++) {
        lab_day(&l, day);
        lab_couple(&l);
    }
    assert_int_equal(b->standing[b->venues + 8], STANDING_DORMANT);
    assert_int_equal(a->standing[a->venues + 2], STANDING_VACANT);
    assert_int_equal(b->taste_day[b->venues + 8], day - 1);
    assert_close(b->risk[b->venues + 8], 0.02, 1e-6);
    assert_close(b->punishment[b->venues + 8], 0.4, 1e-6);
    for (uint32_t place = 0; place < 2; place++) {
        assert_int_equal(*supplier_at(b, seats[1][place][0]), NOBODY);
        assert_int_equal(*supplier_at(b, seats[1][place][1]), 9);
        for (uint32_t k = 0; k < 2; k++) assert_int_equal(*supplier_at(a, seats[0][place][k]), 2 + k);
    }
    lab_verify(&l);
    lab_close(&l);
}

/* Persons whom a network takes along stay who they are, but for the supplier, whose post is in the other city. */
static void test_who_moves_with_a_network_has_no_supplier(void **state)
{
    (void)state;
    struct lab l;
    two_cities(&l);
    struct city *a = &l.world->city[0], *b = &l.world->city[1];
    const struct person coerced = {.fear = -3.5f, .served = 1, .due = 900, .supplier = 5, .traits = 7, .class = CLASS_COERCED};
    a->mode[3] = a->mode[4] = MODE_PRIVATE;
    seat_enter(a, private_place(a, 3), coerced);
    seat_enter(a, private_place(a, 4), coerced);
    a->standing[4] = STANDING_REMAND, case_open(a, 4)->trial_on = 900; /* who is held moves nobody */
    b->mode[5] = MODE_PRIVATE;
    a->losses[3] = 2, a->tie[3] = 4;
    for (int32_t day = 1; day < 60; day++) {
        lab_day(&l, day);
        lab_couple(&l);
    }
    const uint32_t place = private_place(b, 5), seat = b->first_seat[place];
    assert_int_equal(persons_in(b->exploited[place]), 1);
    assert_int_equal(*supplier_at(b, seat), NOBODY);
    assert_true(fear_day(b, seat) == -3.5f && *served_at(b, seat) == 1 && *due_at(b, seat) == 900 && traits_of(b, seat) == 7);
    assert_int_equal(seat_class(b, seat), CLASS_COERCED);
    assert_int_equal(a->mode[4], MODE_PRIVATE);
    assert_int_equal(persons_in(a->exploited[private_place(a, 4)]), 1);
    assert_true(a->tie[3] == 4 && a->hides_until[3] == 0); /* the owner stays, and reviews as before */
    for (uint32_t v = 0; v < a->venues; v++) assert_same(a->losses[v] + b->losses[v], v == 3 ? 2 : 0);
    lab_verify(&l);
    lab_close(&l);
}

static void test_nobody_moves_for_too_little_or_at_rate_zero(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct lab l;
        two_cities(&l);
        struct city *a = &l.world->city[0];
        lab_set(&l, i ? "region.relocate_gain" : "region.relocate_rate", i ? 10 : 0);
        a->standing[a->venues] = STANDING_DORMANT;
        a->mode[3] = MODE_PRIVATE;
        lab_fill(&l, private_place(a, 3), CLASS_MINOR, 3);
        for (int32_t day = 1; day < 60; day++) {
            lab_day(&l, day);
            lab_couple(&l);
        }
        assert_int_equal(a->standing[a->venues], STANDING_DORMANT);
        assert_int_equal(persons_in(minors_in(a, private_place(a, 3))), 3);
        assert_int_equal(a->gone, 0);
        lab_close(&l);
    }
}

/* An owner with a network, and a trafficker, look at a city where the price is higher and half of the offenders believe in much
 * more risk and punishment, the others in less. */
static void looking(struct lab *l)
{
    two_cities(l);
    struct city *a = &l->world->city[0], *b = &l->world->city[1];
    for (uint32_t o = 0; o < a->offenders; o++) b->risk[o] = b->punishment[o] = o % 2 ? 0.8f : 0.2f;
    b->price = 1.5;
    a->standing[a->venues] = STANDING_DORMANT;
    a->mode[3] = MODE_PRIVATE;
    lab_fill(l, private_place(a, 3), CLASS_MINOR, 3);
}

static void sixty_days(struct lab *l)
{
    for (int32_t day = 1; day <= 60; day++) { /* with a look a day on average: e^-60 that nobody looked */
        lab_day(l, day);
        lab_couple(l);
    }
}

/* What moving is worth: six months of revenue at half a price more, and a sanction of 28.4 months times 0.5 0.5 here and the mean
 * of 0.8 0.8 and 0.2 0.2 there; in a private network half of the former and a quarter of the latter. */
static void test_who_moves_weighs_price_and_risk(void **state)
{
    (void)state;
    const double trafficker = 6 * 0.5 + 28.4 * (0.25 - 0.34), network = 6 * 0.5 * 0.5 + 28.4 * 0.25 * (0.25 - 0.34);
    for (int i = 0; i < 4; i++) {
        struct lab l;
        looking(&l);
        const struct city *a = l.city;
        lab_set(&l, "region.relocate_gain", (i < 2 ? trafficker : network) + (i % 2 ? 1e-5 : -1e-5));
        sixty_days(&l);
        if (i < 2) assert_int_equal(a->standing[a->venues], i ? STANDING_DORMANT : STANDING_VACANT);
        else assert_int_equal(a->mode[3], i == 3 ? MODE_PRIVATE : MODE_NONE);
        lab_verify(&l);
        lab_close(&l);
    }
}

/* Who gains no more than moving must be worth stays, and so does who is active, or has nobody in the private place. */
static void test_who_gains_nothing_stays(void **state)
{
    (void)state;
    struct lab l;
    looking(&l);
    struct city *a = &l.world->city[0], *b = &l.world->city[1];
    lab_set(&l, "region.relocate_gain", 0);
    LAB_ALL(&l, risk, a->offenders, 0.5);
    for (uint32_t o = 0; o < b->offenders; o++) b->risk[o] = b->punishment[o] = 0.5f;
    b->price = 1;
    sixty_days(&l);
    assert_int_equal(a->standing[a->venues], STANDING_DORMANT);
    assert_int_equal(persons_in(a->exploited[private_place(a, 3)]), 3);
    b->price = 2;
    a->mode[7] = MODE_PRIVATE;
    lab_fill(&l, 7, CLASS_MINOR, 2); /* not in the private place yet */
    sixty_days(&l);
    assert_int_equal(a->mode[3], MODE_NONE);
    assert_int_equal(a->mode[7], MODE_PRIVATE);
    for (uint32_t k = 1; k < 8; k++) assert_int_equal(a->standing[a->venues + k], STANDING_FREE); /* the active stay */
    lab_verify(&l);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dormant_traffickers_move_where_it_pays),
        cmocka_unit_test(test_private_networks_move_with_their_persons),
        cmocka_unit_test(test_who_comes_from_another_city_takes_over_nothing),
        cmocka_unit_test(test_who_moves_with_a_network_has_no_supplier),
        cmocka_unit_test(test_nobody_moves_for_too_little_or_at_rate_zero),
        cmocka_unit_test(test_who_moves_weighs_price_and_risk),
        cmocka_unit_test(test_who_gains_nothing_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

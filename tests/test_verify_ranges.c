/* Rates at any parameters that are allowed, ends of ranges often: what happens in a day agrees with the ODD's equations, summed
 * over all who are there, in each of many worlds and in all of them together. A rate that its line's ceiling cuts, in whatever
 * corner of the ranges, shows here. */
#include <math.h>
#include <stdio.h>

#include "models/police.h"
#include "tests/effort.h"
#include "tests/world_support.h"

enum { VENUES = 24, IN_PRIVATE = 8, OFFICERS = 400 /* in each of two districts */ };
static const struct luck DICE = {.seed = 20};

/* Events that were counted, in a world and in all, and as many as the equations make of it: Poisson numbers. */
struct sum {
    double count, expected;
};

static void expect(struct sum *all, double count, double expected)
{
    assert_poisson(count, expected);
    all->count += count;
    all->expected += expected;
}

static void expect_all(const struct sum *all, size_t n)
{
    for (size_t i = 0; i < n; i++) assert_poisson(all[i].count, all[i].expected);
}

/* The n-th number in (0, 1) of a world, n < 2^24. */
static double thrown(int64_t world, uint32_t n) { return luck_uniform(&DICE, 0, (uint32_t)world, n); }

/* 0, 1, or anything between. */
static double share(int64_t world, uint32_t n)
{
    const double u = thrown(world, n);
    return u < 0.3 ? 0 : u < 0.6 ? 1 : (u - 0.6) / 0.4;
}

/* The same, but in every other world everybody alike. */
static double own_share(int64_t world, uint32_t n) { return share(world, world % 2 ? n : 0); }

/* Parameters of a group anywhere in their ranges; the names end with NULL. */
static void draw(struct lab *l, int64_t world, uint32_t *n, const char *group, const char *const *names)
{
    for (; *names != NULL; names++) {
        struct error e = {0};
        int64_t row = 0;
        char path[64];
        snprintf(path, sizeof path, "%s.%s", group, *names);
        const struct parameter *p = study_parameter(&model, path, &row, &e);
        assert_non_null(p);
        const double value = p->minimum + (p->maximum - p->minimum) * share(world, (*n)++);
        lab_set(l, path, p->type == FIELD_whole ? floor(value) : value);
    }
}

/* What befalls persons. */
static const char *const VIOLENCE[] = {"client_violence", "coerced_violence", "owner_violence", "owner_violence_exploited",
                                       "repression_violence", "board_protection", "report_rate", "protect_half_life", NULL},
                  *const PLACES[] = {"covert_violence", "covert_access", "private_violence", "private_access", "street_violence",
                                     "street_access", NULL},
                  *const HEALTH[] = {"outreach_rate", "coerced_uptake", "board_uptake", "clinic_rate", NULL},
                  *const INFECTION[] = {"infection_rate", "infection_coerced", "infection_fear", "service_protection", NULL};

/* A person of the seat: fear, services and detention by chance. */
static void person_is(struct city *c, int64_t world, uint32_t seat, uint32_t n)
{
    const enum class class = seat_class(c, seat);
    fear_raise(c, seat, own_share(world, n));
    if (thrown(world, n + 1) < 0.5) seat_serve(c, seat, class != CLASS_ADULT);
    if (class == CLASS_ADULT && thrown(world, n + 2) < 0.1) seat_detain(c, seat, 9);
}

/* Venues of all kinds, with everybody everywhere. */
static void open_world(struct lab *l, int64_t world)
{
    uint32_t n = 1; /* number 0 is everybody's */
    lab_init(l);
    lab_set(l, "region.venues", VENUES);
    lab_set(l, "region.officers_per_district", OFFICERS);
    lab_set(l, "venues.private_capacity", 1);
    draw(l, world, &n, "violence", VIOLENCE);
    draw(l, world, &n, "venues", PLACES);
    draw(l, world, &n, "health", HEALTH);
    draw(l, world, &n, "persons", INFECTION);
    draw(l, world, &n, "policy", (const char *const[]){"outreach", NULL});
    static const char *const none[] = {"persons.escape_rate", "persons.outside_help", "persons.debt_release_rate"};
    for (int i = 0; i < 3; i++) lab_set(l, none[i], 0);
    lab_set(l, "persons.adult_tenure", 36500);
    lab_open(l, (uint32_t)world);
    struct city *c = l->city;
    for (uint32_t v = 0; v < VENUES; v++) {
        lab_fill(l, v, CLASS_ADULT, 8), lab_fill(l, v, CLASS_MINOR, 5), lab_fill(l, v, CLASS_COERCED, 5);
        lab_fill(l, private_place(c, v), v % 2 ? CLASS_MINOR : CLASS_COERCED, IN_PRIVATE);
        c->mode[v] = (uint8_t)(thrown(world, n++) * MODES);
        c->covered[v] = thrown(world, n++) < 0.5;
        c->closed_until[v] = thrown(world, n++) < 0.2 ? 9 : NEVER;
        c->access[v] = c->access_baseline[v] = (float)share(world, n++);
    }
    for (uint32_t p = 2 * c->venues; p < c->places && world % 3 > 0; p++) /* some streets are empty: they outweigh venues */
        lab_fill(l, p, CLASS_ADULT, c->size[p] / 2);
    for (uint32_t d = 0; d < c->districts; d++) c->protection[d] = share(world, n++);
    for (uint32_t p = 0; p < c->places; p++)
        for (uint64_t m = c->occupied[p]; m; n += 3) person_is(c, world, next_seat(c, p, &m), n);
    city_reckon(c);
}

/* ---- the ODD's equations ---- */

struct rates {
    double client, client_adult, owner, report, clinic, infection, infection_variance;
};

/* Of somebody in a seat, who is not detained (7.10, 7.13). */
static void add_rates(const struct lab *l, uint32_t place, uint32_t seat, struct rates *sum)
{
#define OF(path) lab_get(l, path)
    const struct city *c = l->city;
    const enum place_kind kind = place_kind(c, place);
    const uint32_t v = kind == PLACE_STREET ? 0 : place_owner(c, place);
    const bool exploited = seat_class(c, seat) != CLASS_ADULT, covered = kind == PLACE_VENUE && c->covered[v];
    const bool covert = exploited && c->mode[v] == MODE_COVERT;
    const double f = fear_of(c, seat), pi = c->protection[district_of(c, place)] * exp2(-1 / OF("violence.protect_half_life"));
    const double factor = kind == PLACE_STREET    ? OF("venues.street_violence")
                          : kind == PLACE_PRIVATE ? OF("venues.private_violence")
                          : is_closed(c, v)       ? 0
                          : covert                ? OF("venues.covert_violence")
                                                  : 1;
    const double reach = kind == PLACE_STREET    ? OF("venues.street_access")
                         : kind == PLACE_PRIVATE ? OF("venues.private_access")
                         : covered               ? OF("health.board_uptake")
                                                 : 1;
    const double client = OF("violence.client_violence") * factor * (exploited ? OF("violence.coerced_violence") : 1) * (1 - pi) *
                          (covered ? 1 - OF("violence.board_protection") : 1) * (1 + OF("violence.repression_violence") * f);
    const double owner = kind == PLACE_STREET ? 0
                                              : OF("violence.owner_violence") * (1 - pi) *
                                                    (exploited ? OF("violence.owner_violence_exploited") : 1);
    sum->client += client;
    sum->client_adult += exploited ? 0 : client;
    sum->owner += owner;
    sum->report += (client + owner) * OF("violence.report_rate") * (1 - f);
    sum->clinic += OF("health.clinic_rate") * (exploited ? OF("health.coerced_uptake") : 1) * (1 - f) * reach;
}

/* Of anybody who is not infected (7.9). */
static void add_infection(const struct lab *l, uint32_t seat, struct rates *sum)
{
    const bool exploited = seat_class(l->city, seat) != CLASS_ADULT;
    const double chance = 1 - exp(-OF("persons.infection_rate") * (exploited ? 1 + OF("persons.infection_coerced") : 1) *
                                  (1 + OF("persons.infection_fear") * fear_of(l->city, seat)) *
                                  (is_served(l->city, seat) ? 1 - OF("persons.service_protection") : 1));
    sum->infection += chance;
    sum->infection_variance += chance * (1 - chance);
}

static struct rates rates_of(const struct lab *l)
{
    const struct city *c = l->city;
    struct rates sum = {0};
    for (uint32_t p = 0; p < c->places; p++)
        for (uint64_t m = c->occupied[p]; m;) {
            const uint32_t seat = next_seat(c, p, &m);
            add_infection(l, seat, &sum);
            if (!(detained_in(c, p) & seat_bit(c, seat))) add_rates(l, p, seat, &sum);
        }
    return sum;
}

/* ---- a day ---- */

enum { CLIENT, CLIENT_ADULT, OWNER, REPORT, CLINIC, CALLED, ADMITTED, BEFALLEN };
struct infections {
    double count, expected, variance;
};

static void expect_visits(struct lab *l, struct sum *all)
{
    double called = 0, admitted = 0;
    for (uint32_t v = 0; v < VENUES; v++) {
        if (is_closed(l->city, v)) continue;
        const double rate = OF("health.outreach_rate") * OF("policy.outreach");
        called += rate;
        admitted += rate * (double)l->city->access[v] * (l->city->mode[v] == MODE_COVERT ? OF("venues.covert_access") : 1);
    }
    lab_set(l, "health.clinic_rate", 0);
    lab_step(l, "health");
    expect(&all[CALLED], lab_metric(l, "health.outreach_visits") + lab_metric(l, "health.outreach_denied"), called);
    expect(&all[ADMITTED], lab_metric(l, "health.outreach_visits"), admitted);
}

static void expect_infections(const struct lab *l, struct infections *all, const struct rates *expected)
{
    const double count = lab_metric(l, "persons.infections");
    if (expected->infection_variance > 20) assert_mean(count, 1, expected->infection, sqrt(expected->infection_variance));
    all->count += count;
    all->expected += expected->infection;
    all->variance += expected->infection_variance;
}

static void expect_day(struct lab *l, struct sum *all, struct infections *infections)
{
    const struct rates expected = rates_of(l);
    const double outreach = OF("policy.outreach");
    lab_step(l, "violence");
    expect(&all[CLIENT], lab_metric(l, "violence.violence_client"), expected.client);
    expect(&all[CLIENT_ADULT], lab_metric(l, "violence.violence_client_adults"), expected.client_adult);
    expect(&all[OWNER], lab_metric(l, "violence.violence_owner"), expected.owner);
    expect(&all[REPORT], lab_metric(l, "violence.reports"), expected.report);
    lab_step(l, "persons");
    expect_infections(l, infections, &expected);
    lab_set(l, "policy.outreach", 0);
    lab_step(l, "health");
    expect(&all[CLINIC], lab_metric(l, "health.persons_served"), expected.clinic);
    lab_set(l, "policy.outreach", outreach);
    expect_visits(l, all);
}

static void test_what_befalls_persons(void **state)
{
    (void)state;
    struct sum all[BEFALLEN] = {{0, 0}};
    struct infections infections = {0};
    for (int64_t world = 0; world < effort(300, 3000); world++) {
        struct lab l;
        open_world(&l, world);
        expect_day(&l, all, &infections);
        lab_close(&l);
    }
    expect_all(all, BEFALLEN);
    assert_mean(infections.count, 1, infections.expected, sqrt(infections.variance));
}

/* ---- what officers do ---- */

enum { SHAKEDOWN, TRANSFER, DONE };

static void draw_officers(struct lab *l, int64_t world, uint32_t *n)
{
    static const char *const acts[] = {"shakedown_rate", "oversight_effect", NULL};
    static const char *const levers[] = {"shakedown_factor", "general_oversight", "special_oversight", "general_rotation",
                                         "special_rotation", "special_officers", NULL};
    draw(l, world, n, "police", acts);
    draw(l, world, n, "policy", levers);
    lab_set(l, "police.exposure", 0);
    lab_enact(l);
    for (uint32_t o = 0; o < l->city->officers; o++) l->city->integrity[o] = (float)own_share(world, (*n)++);
}

/* Of one officer, in the open venues of the area (7.11.3). */
static double shakedowns_of(const struct lab *l, uint32_t officer)
{
    const struct city *c = l->city;
    const bool general = officer < c->districts * OFFICERS;
    const uint32_t first = general ? c->district_venue[officer / OFFICERS] : 0;
    const uint32_t end = general ? c->district_venue[officer / OFFICERS + 1] : VENUES;
    const double oversight = OF(general ? "policy.general_oversight" : "policy.special_oversight");
    double open = 0;
    for (uint32_t v = first; v < end; v++) open += !is_closed(c, v);
    return OF("police.shakedown_rate") * (1 - (double)c->integrity[officer]) * (1 - OF("police.oversight_effect") * oversight) *
           OF("policy.shakedown_factor") * open / (end - first);
}

static void expect_acts(struct lab *l, struct sum *all)
{
    struct city *c = l->city;
    const uint32_t general = c->districts * OFFICERS, special = c->special_officers;
    double shakedowns = 0;
    for (uint32_t o = 0; o < general + special; o++) shakedowns += shakedowns_of(l, o);
    police_shakedowns(c, lab_parameters(l, "police"), lab_metrics(l, "police"));
    expect(&all[SHAKEDOWN], lab_metric(l, "police.shakedowns"), shakedowns);
    police_officers(c, lab_parameters(l, "police"), lab_metrics(l, "police"));
    expect(&all[TRANSFER], lab_metric(l, "police.officers_transferred"),
           (general * OF("policy.general_rotation") + special * OF("policy.special_rotation")) / 365);
}

static void test_what_officers_do(void **state)
{
    (void)state;
    struct sum all[DONE] = {{0, 0}};
    for (int64_t world = 0; world < effort(300, 3000); world++) {
        struct lab l;
        uint32_t n = 1u << 20;
        open_world(&l, world);
        draw_officers(&l, world, &n);
        expect_acts(&l, all);
        lab_close(&l);
    }
    expect_all(all, DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_befalls_persons),
        cmocka_unit_test(test_what_officers_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

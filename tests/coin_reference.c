/* The plain coin for every process that leaps: see the header. */
#include "tests/coin_reference.h"

#include <math.h>
#include <stdlib.h>

enum { PURPOSE_COIN = 240, PURPOSE_MIX = 241 };

/* ---- a mixed city: persons of every class, in places of every kind, more and less afraid, served or not ---------------- */

static double mix(uint32_t entity, uint32_t index)
{
    struct luck luck = {.seed = 20120229};
    return luck_uniform(&luck, PURPOSE_MIX, entity, index);
}

static void seat_person(struct lab *l, uint32_t place, uint32_t k)
{
    struct city *c = l->city;
    enum place_kind kind = place_kind(c, place);
    uint32_t draw = place * 64 + k;
    enum class class = (enum class)(mix(draw, 0) * CLASSES);
    if (kind == PLACE_STREET) class = CLASS_ADULT;
    if (kind == PLACE_PRIVATE && class == CLASS_ADULT) class = CLASS_MINOR;
    uint32_t seat = lab_fill(l, place, class, 1);
    if (class == CLASS_ADULT && mix(draw, 1) < 0.15) seat_detain(c, seat, 60);
    if (mix(draw, 2) < 0.6) fear_raise(c, seat, mix(draw, 3));
    if (mix(draw, 4) < 0.4) *served_at(c, seat) = served_mark(0); /* yesterday */
    if (mix(draw, 5) < 0.2) traits_put(c, seat, traits_of(c, seat) | TRAIT_INFECTED);
}

static void mixed_city(struct lab *l)
{
    struct city *c = l->city;
    for (uint32_t v = 0; v < c->venues; v++) {
        c->mode[v] = (uint8_t)(mix(v, 10) * MODES);
        c->covered[v] = mix(v, 11) < 0.4;
        if (mix(v, 12) < 0.15) c->closed_until[v] = 60;
        c->access[v] = c->access_baseline[v] = 1;
    }
    c->protection[1] = 0.4;
    for (uint32_t place = 0; place < c->places; place++)
        for (uint32_t k = 0; k < c->size[place]; k++)
            if (mix(place * 64 + k, 6) < 0.8) seat_person(l, place, k);
}

/* Nobody is afraid, so that an outreach that is admitted serves whoever is there. */
static void fearless_city(struct lab *l)
{
    mixed_city(l);
    LAB_SEATS(l, fear, -INFINITY);
    LAB_SEATS(l, served, NEVER);
}

static uint32_t seats_of(const struct city *c) { return c->seats; }
static uint32_t venues_of(const struct city *c) { return c->venues; }
static uint32_t traffickers_of(const struct city *c) { return c->traffickers; }
static uint32_t officers_of(const struct city *c)
{
    return c->districts * c->officers_per_district + c->special_officers;
}

struct seated {
    bool there, exploited, minor, detained, infected, served;
    enum place_kind kind;
    uint32_t place;
    double fear;
};

static struct seated who(const struct city *c, uint32_t seat)
{
    uint32_t place = seat_place(c, seat);
    uint64_t bit = seat_bit(c, seat);
    return (struct seated){.there = c->occupied[place] & bit,
                           .exploited = c->exploited[place] & bit,
                           .minor = minors_in(c, place) & bit,
                           .detained = detained_in(c, place) & bit,
                           .infected = traits_of(c, seat) & TRAIT_INFECTED,
                           .served = *served_at(c, seat) != NEVER,
                           .kind = place_kind(c, place),
                           .place = place,
                           .fear = fear_of(c, seat)};
}

static uint32_t adult_gone(const struct lab *l, const struct city *before, uint32_t seat)
{
    return who(before, seat).there && !who(before, seat).exploited && !who(l->city, seat).there;
}

static uint32_t out(const struct lab *l, const struct city *before, uint32_t seat)
{
    return who(before, seat).exploited && !who(l->city, seat).exploited;
}

/* ---- persons (ODD 7.9) --------------------------------------------------------------------------------------------------- */

static double leaving(const struct lab *l, uint32_t seat)
{
    struct seated p = who(l->city, seat);
    return p.there && !p.exploited && !p.detained ? 1 / lab_get(l, "persons.adult_tenure") : 0;
}

static double escape(const struct lab *l, uint32_t seat)
{
    return who(l->city, seat).exploited ? lab_get(l, "persons.escape_rate") : 0;
}

static double outside_help(const struct lab *l, uint32_t seat)
{
    return who(l->city, seat).exploited ? lab_get(l, "persons.outside_help") : 0;
}

static double debt_release(const struct lab *l, uint32_t seat)
{
    struct seated p = who(l->city, seat);
    return p.exploited && !p.minor ? lab_get(l, "persons.debt_release_rate") : 0;
}

static double infection(const struct lab *l, uint32_t seat)
{
    struct seated p = who(l->city, seat);
    if (!p.there || p.infected) return 0;
    return lab_get(l, "persons.infection_rate") * (1 + lab_get(l, "persons.infection_coerced") * p.exploited) *
           (1 + lab_get(l, "persons.infection_fear") * p.fear) *
           (1 - lab_get(l, "persons.service_protection") * p.served);
}

static uint32_t infected(const struct lab *l, const struct city *before, uint32_t seat)
{
    return !who(before, seat).infected && who(l->city, seat).infected;
}

/* ---- violence by others (7.10), seen through the reports of its victims ---------------------------------------------------- */

static double by_clients(const struct lab *l, uint32_t seat)
{
    const struct city *c = l->city;
    struct seated p = who(c, seat);
    if (!p.there || p.detained) return 0;
    double kappa = p.kind == PLACE_STREET                           ? lab_get(l, "venues.street_violence")
                   : p.kind == PLACE_PRIVATE                        ? lab_get(l, "venues.private_violence")
                   : is_closed(c, p.place)                          ? 0
                   : p.exploited && c->mode[p.place] == MODE_COVERT ? lab_get(l, "venues.covert_violence")
                                                                    : 1;
    double fade = exp2(-1 / lab_get(l, "violence.protect_half_life"));
    bool covered = p.kind == PLACE_VENUE && c->covered[p.place];
    return lab_get(l, "violence.client_violence") * kappa *
           (p.exploited ? lab_get(l, "violence.coerced_violence") : 1) *
           (1 - c->protection[district_of(c, p.place)] * fade) *
           (1 - lab_get(l, "violence.board_protection") * covered) *
           (1 + lab_get(l, "violence.repression_violence") * p.fear) * lab_get(l, "violence.report_rate") *
           (1 - p.fear);
}

static double by_owners(const struct lab *l, uint32_t seat)
{
    const struct city *c = l->city;
    struct seated p = who(c, seat);
    if (!p.there || p.detained || p.kind == PLACE_STREET) return 0;
    double fade = exp2(-1 / lab_get(l, "violence.protect_half_life"));
    return lab_get(l, "violence.owner_violence") * (p.exploited ? lab_get(l, "violence.owner_violence_exploited") : 1) *
           (1 - c->protection[district_of(c, p.place)] * fade) * lab_get(l, "violence.report_rate") * (1 - p.fear);
}

static uint32_t reported(const struct lab *l, const struct city *before, uint32_t seat)
{
    uint32_t n = 0;
    (void)before;
    for (uint32_t i = 0; i < l->city->n_reports; i++) n += l->city->reports[i].seat == seat;
    return n;
}

/* ---- health service (7.13) --------------------------------------------------------------------------------------------------- */

static double clinic(const struct lab *l, uint32_t seat)
{
    const struct city *c = l->city;
    struct seated p = who(c, seat);
    if (!p.there || p.detained) return 0;
    double way = p.kind == PLACE_STREET    ? lab_get(l, "venues.street_access")
                 : p.kind == PLACE_PRIVATE ? lab_get(l, "venues.private_access")
                 : c->covered[p.place]     ? lab_get(l, "health.board_uptake")
                                           : 1;
    return lab_get(l, "health.clinic_rate") * (p.exploited ? lab_get(l, "health.coerced_uptake") : 1) * (1 - p.fear) *
           way;
}

static uint32_t served_today(const struct lab *l, const struct city *before, uint32_t seat)
{
    (void)before;
    return *served_at(l->city, seat) == l->city->today;
}

static double outreach(const struct lab *l, uint32_t venue)
{
    const struct city *c = l->city;
    bool somebody = c->occupied[venue] & ~detained_in(c, venue);
    return is_closed(c, venue) || !somebody ? 0 : lab_get(l, "health.outreach_rate") * lab_get(l, "policy.outreach");
}

static uint32_t visited(const struct lab *l, const struct city *before, uint32_t venue)
{
    const struct city *c = l->city;
    (void)before;
    for (uint64_t present = c->occupied[venue] & ~detained_in(c, venue); present;)
        if (*served_at(c, next_seat(c, venue, &present)) == c->today) return 1;
    return 0;
}

/* ---- offenders: tastes (7.3), reviews (7.6, 7.7), relocation (7.20) ---------------------------------------------------------- */

static double taste(const struct lab *l, uint32_t entity)
{
    (void)entity;
    return lab_get(l, "market.taste_rate");
}

static uint32_t owner_tastes(const struct lab *l, const struct city *before, uint32_t venue)
{
    (void)before;
    return l->city->taste_day[venue] == l->city->day;
}

static uint32_t trafficker_tastes(const struct lab *l, const struct city *before, uint32_t k)
{
    (void)before;
    return l->city->taste_day[l->city->venues + k] == l->city->day;
}

/* All who review will exploit; some are on remand or hide and do not review. */
static void eager_offenders(struct lab *l)
{
    struct city *c = l->city;
    for (uint32_t o = 0; o < c->offenders; o++) {
        c->theta[o] = 50;
        if (o >= c->venues) c->standing[o] = STANDING_DORMANT;
        if (mix(o, 20) < 0.2)
            c->standing[o] = STANDING_REMAND, case_open(c, o)->trial_on = 900;
        else if (o < c->venues && mix(o, 21) < 0.2)
            c->hides_until[o] = 60;
    }
}

static double owner_review(const struct lab *l, uint32_t venue)
{
    const struct city *c = l->city;
    bool free = c->standing[venue] == STANDING_FREE && c->hides_until[venue] <= c->day;
    return free ? lab_get(l, "market.review_rate") : 0;
}

static uint32_t exploiting_now(const struct lab *l, const struct city *before, uint32_t venue)
{
    (void)before;
    return l->city->mode[venue] != MODE_NONE;
}

static double trafficker_review(const struct lab *l, uint32_t k)
{
    const struct city *c = l->city;
    return c->standing[c->venues + k] == STANDING_REMAND ? 0 : lab_get(l, "market.review_rate");
}

static uint32_t active_now(const struct lab *l, const struct city *before, uint32_t k)
{
    (void)before;
    return l->city->standing[l->city->venues + k] == STANDING_FREE;
}

/* A second city where everything pays better. Some posts of the first have an open case. */
static void two_cities(struct lab *l)
{
    struct city *c = l->city;
    for (uint32_t o = 0; o < c->offenders; o++) {
        c->risk[o] = c->punishment[o] = 1;
        l->world->city[1].risk[o] = l->world->city[1].punishment[o] = 0;
        if (o < c->venues) continue;
        c->standing[o] = STANDING_DORMANT;
        l->world->city[1].standing[o] = STANDING_VACANT;
        if (mix(o, 22) < 0.2) case_open(c, o)->trial_on = 900;
    }
    for (uint32_t v = 0; v < c->venues; v++) {
        if (mix(v, 23) < 0.7) c->mode[v] = MODE_PRIVATE;
        if (mix(v, 24) < 0.8) lab_fill(l, private_place(c, v), CLASS_COERCED, 2);
    }
}

static double trafficker_moves(const struct lab *l, uint32_t k)
{
    return case_of(l->city, l->city->venues + k) == NULL ? lab_get(l, "region.relocate_rate") : 0;
}

static uint32_t post_left(const struct lab *l, const struct city *before, uint32_t k)
{
    (void)before;
    return l->city->standing[l->city->venues + k] == STANDING_VACANT;
}

static double network_moves(const struct lab *l, uint32_t venue)
{
    const struct city *c = l->city;
    bool network = c->mode[venue] == MODE_PRIVATE && c->exploited[private_place(c, venue)];
    return network ? lab_get(l, "region.relocate_rate") : 0;
}

static uint32_t given_up(const struct lab *l, const struct city *before, uint32_t venue)
{
    return before->mode[venue] != MODE_NONE && l->city->mode[venue] == MODE_NONE;
}

/* ---- persons who come and go at owners': recruiting (7.6), dismissal, refilling, return from the street (7.8) ------------------ */

/* Adults in the street alone, some of them detained, and room for all in the venues. */
static void street_city(struct lab *l)
{
    struct city *c = l->city;
    for (uint32_t place = 2 * c->venues; place < c->places; place++)
        for (uint32_t k = 0; k < c->size[place]; k++)
            if (mix(place * 64 + k, 6) < 0.8) seat_person(l, place, k);
}

static double street_return(const struct lab *l, uint32_t seat)
{
    struct seated p = who(l->city, seat);
    return p.there && !p.detained && p.kind == PLACE_STREET ? lab_get(l, "staffing.return_rate") : 0;
}

static uint32_t in_a_venue(const struct lab *l, const struct city *before, uint32_t seat)
{
    return who(before, seat).there && !who(l->city, seat).there;
}

/* Some of them have closed. */
static void owners_of_every_kind(struct lab *l)
{
    struct city *c = l->city;
    for (uint32_t v = 0; v < c->venues; v++) {
        c->mode[v] = (uint8_t)(mix(v, 40) * MODES);
        if (mix(v, 41) < 0.15) c->closed_until[v] = 60;
    }
}

/* In a venue all slots but those reserved are taken, or all but one. */
static void one_slot_free(struct lab *l)
{
    struct city *c = l->city;
    owners_of_every_kind(l);
    for (uint32_t v = 0; v < c->venues; v++) {
        const uint32_t reserved = c->mode[v] == MODE_PRIVATE ? 0 : wanted(c, v);
        lab_fill(l, v, CLASS_ADULT, c->size[v] - reserved - (mix(v, 42) < 0.75));
    }
}

static double refill(const struct lab *l, uint32_t venue)
{
    const struct city *c = l->city;
    const uint32_t reserved = c->mode[venue] == MODE_PRIVATE ? 0 : wanted(c, venue);
    const bool free = persons_in(c->occupied[venue]) + reserved < c->size[venue];
    return free && !is_closed(c, venue) ? lab_get(l, "staffing.refill_rate") : 0;
}

static uint32_t one_adult_more(const struct lab *l, const struct city *before, uint32_t venue)
{
    return persons_in(l->city->occupied[venue]) - persons_in(before->occupied[venue]);
}

/* Owners have all whom they want, or all but one; some of the traffickers are active. */
static void one_wanted(struct lab *l)
{
    struct city *c = l->city;
    owners_of_every_kind(l);
    for (uint32_t v = 0; v < c->venues; v++) {
        const uint32_t want = wanted(c, v), missing = want > 0 && mix(v, 42) < 0.75;
        lab_fill(l, exploitation_place(c, v), CLASS_COERCED, want - missing);
    }
    for (uint32_t o = c->venues; o < c->offenders; o++)
        c->standing[o] = mix(o, 43) < 0.3 ? STANDING_FREE : STANDING_DORMANT;
}

static double recruiting(const struct lab *l, uint32_t venue)
{
    const struct city *c = l->city;
    bool active = false;
    for (uint32_t i = c->link_first[venue]; i < c->link_first[venue + 1]; i++)
        active |= c->standing[c->venues + link_trafficker(c, i)] == STANDING_FREE;
    const bool wants = persons_in(c->exploited[exploitation_place(c, venue)]) < wanted(c, venue);
    return active && wants ? lab_get(l, "traffickers.recruit_rate") * c->price : 0;
}

static uint32_t recruited(const struct lab *l, const struct city *before, uint32_t venue)
{
    const uint32_t place = exploitation_place(before, venue);
    return persons_in(l->city->exploited[place]) - persons_in(before->exploited[place]);
}

/* Owners have as many as they want or some more, and in the place that they have given up some are left. */
static void too_many(struct lab *l)
{
    struct city *c = l->city;
    owners_of_every_kind(l);
    for (uint32_t v = 0; v < c->venues; v++) {
        const uint32_t place = exploitation_place(c, v), given_up = place == v ? private_place(c, v) : v;
        const uint32_t more = wanted(c, v) + (uint32_t)(mix(v, 42) * 4);
        lab_fill(l, place, CLASS_COERCED, more < c->size[place] ? more : c->size[place]);
        lab_fill(l, given_up, CLASS_MINOR, (uint32_t)(mix(v, 43) * 3));
    }
}

/* Those in the lowest seats are too many; all are in the place that was given up. */
static double dismissal(const struct lab *l, uint32_t seat)
{
    const struct city *c = l->city;
    const struct seated p = who(c, seat);
    if (!p.exploited) return 0;
    const uint32_t venue = place_owner(c, p.place), have = persons_in(c->exploited[p.place]);
    const uint32_t want = p.place == exploitation_place(c, venue) ? wanted(c, venue) : 0;
    const uint32_t before = persons_in(c->exploited[p.place] & (seat_bit(c, seat) - 1));
    return before + want < have ? lab_get(l, "staffing.dismiss_rate") : 0;
}

/* ---- police (7.11) ----------------------------------------------------------------------------------------------------------- */

static void officers(struct lab *l) { LAB_ALL(l, joined, l->city->officers, 0); }

static double rotation(const struct lab *l, uint32_t officer)
{
    bool special = officer >= l->city->districts * l->city->officers_per_district;
    return lab_get(l, special ? "policy.special_rotation" : "policy.general_rotation") / 365;
}

static uint32_t replaced(const struct lab *l, const struct city *before, uint32_t officer)
{
    (void)before;
    return l->city->joined[officer] != 0;
}

/* One officer and one exploiting venue in each district: an officer's shakedown is seen by the tie that it forms. */
static void lone_officers(struct lab *l)
{
    struct city *c = l->city;
    for (uint32_t v = 0; v < c->venues; v++) {
        c->mode[v] = MODE_OPEN;
        c->integrity[v] = (float)mix(v, 30);
        lab_fill(l, v, CLASS_COERCED, 1);
    }
}

static double shakedown(const struct lab *l, uint32_t officer)
{
    return lab_get(l, "police.shakedown_rate") * (1 - l->city->integrity[officer]) *
           (1 - lab_get(l, "police.oversight_effect") * lab_get(l, "policy.general_oversight")) *
           lab_get(l, "policy.shakedown_factor");
}

static uint32_t tied(const struct lab *l, const struct city *before, uint32_t officer)
{
    (void)before;
    return l->city->tie[officer] == (int32_t)officer;
}

/* Three venues of four are tied to an officer of their own district's unit. */
static void tied_venues(struct lab *l)
{
    struct city *c = l->city;
    for (uint32_t v = 0; v < c->venues; v++)
        if (mix(v, 31) < 0.75) c->tie[v] = (int32_t)(c->place_district[v] * c->officers_per_district);
}

static double tie_fades(const struct lab *l, uint32_t venue)
{
    return l->city->tie[venue] == NO_OFFICER ? 0 : lab_get(l, "police.tie_decay");
}

static uint32_t untied(const struct lab *l, const struct city *before, uint32_t venue)
{
    return before->tie[venue] != NO_OFFICER && l->city->tie[venue] == NO_OFFICER;
}

static double false_lead(const struct lab *l, uint32_t venue)
{
    const struct city *c = l->city;
    return is_closed(c, venue) || exploits(c, venue) ? 0 : lab_get(l, "police.false_lead");
}

static uint32_t lead(const struct lab *l, const struct city *before, uint32_t venue)
{
    (void)before;
    return l->city->lead_ripe[venue] != NEVER;
}

/* ---- the table ------------------------------------------------------------------------------------------------------------------ */

/* clang-format off */
const struct coin_process coin_processes[] = {
    {"leaving", "persons", "persons.adult_tenure", LINE_ADULT_LEAVES, 300, 1, false, mixed_city, seats_of, leaving, adult_gone},
    {"escape", "persons", "persons.escape_rate", LINE_ESCAPE, 0.005, 1, false, mixed_city, seats_of, escape, out},
    {"outside help", "persons", "persons.outside_help", LINE_OUTSIDE_HELP, 0.005, 1, false, mixed_city, seats_of, outside_help, out},
    {"debt release", "persons", "persons.debt_release_rate", LINE_DEBT_RELEASE, 0.005, 1, false, mixed_city, seats_of, debt_release, out},
    {"infection", "persons", "persons.infection_rate", LINE_INFECTION, 0.003, 0.7, false, mixed_city, seats_of, infection, infected},
    {"violence by clients", "violence", "violence.client_violence", LINE_CLIENT_VIOLENCE, 0.002, 0.05, true, mixed_city, seats_of, by_clients, reported},
    {"violence by owners", "violence", "violence.owner_violence", LINE_OWNER_VIOLENCE, 0.002, 0.05, true, mixed_city, seats_of, by_owners, reported},
    {"clinics", "health", "health.clinic_rate", LINE_CLINIC, 0.005, 1, false, mixed_city, seats_of, clinic, served_today},
    {"outreach", "health", "health.outreach_rate", LINE_OUTREACH, 0.02, 1, false, fearless_city, venues_of, outreach, visited},
    {"return from the street", "staffing", "staffing.return_rate", LINE_STREET_RETURN, 0.01, 1, false, street_city, seats_of, street_return, in_a_venue},
    {"refilling", "staffing", "staffing.refill_rate", DRAW_REFILL, 0.02, 1, false, one_slot_free, venues_of, refill, one_adult_more},
    {"dismissal", "staffing", "staffing.dismiss_rate", DRAW_DISMISS, 0.01, 1, false, too_many, seats_of, dismissal, out},
    {"recruiting", "traffickers", "traffickers.recruit_rate", DRAW_RECRUIT, 0.02, 1, false, one_wanted, venues_of, recruiting, recruited},
    {"owners' tastes", "owners", "market.taste_rate", LINE_TASTE_OWNER, 0.02, 1, false, eager_offenders, venues_of, taste, owner_tastes},
    {"traffickers' tastes", "traffickers", "market.taste_rate", LINE_TASTE_TRAFFICKER, 0.02, 1, false, eager_offenders, traffickers_of, taste, trafficker_tastes},
    {"owners' reviews", "owners", "market.review_rate", LINE_REVIEW_OWNER, 0.02, 1, false, eager_offenders, venues_of, owner_review, exploiting_now},
    {"traffickers' reviews", "traffickers", "market.review_rate", LINE_REVIEW_TRAFFICKER, 0.02, 1, false, eager_offenders, traffickers_of, trafficker_review, active_now},
    {"traffickers move", "relocation", "region.relocate_rate", LINE_RELOCATE_TRAFFICKER, 0.02, 1, false, two_cities, traffickers_of, trafficker_moves, post_left},
    {"networks move", "relocation", "region.relocate_rate", LINE_RELOCATE_NETWORK, 0.02, 1, false, two_cities, venues_of, network_moves, given_up},
    {"rotation", "police", "policy.general_rotation", LINE_ROTATION, 3, 12, false, officers, officers_of, rotation, replaced},
    {"shakedowns", "police", "police.shakedown_rate", LINE_SHAKEDOWN, 0.02, 1, false, lone_officers, officers_of, shakedown, tied},
    {"ties' decay", "police", "police.tie_decay", LINE_TIE_DECAY, 0.02, 1, false, tied_venues, venues_of, tie_fades, untied},
    {"false leads", "police", "police.false_lead", LINE_FALSE_LEAD, 0.02, 1, false, mixed_city, venues_of, false_lead, lead},
};
const size_t n_coin_processes = sizeof coin_processes / sizeof *coin_processes;

static const struct { const char *path; double value; } quiet[] = {
    {"persons.adult_tenure", 36500}, {"persons.escape_rate", 0}, {"persons.outside_help", 0}, {"persons.debt_release_rate", 0},
    {"persons.infection_rate", 0}, {"violence.client_violence", 0}, {"violence.owner_violence", 0}, {"violence.report_rate", 1},
    {"health.outreach_rate", 0}, {"health.clinic_rate", 0}, {"health.uptake", 1}, {"venues.covert_access", 1},
    {"market.taste_rate", 0}, {"market.review_rate", 0}, {"policy.general_rotation", 0}, {"policy.special_rotation", 6},
    {"police.shakedown_rate", 0}, {"police.tie_probability", 1}, {"police.exposure", 0}, {"police.false_lead", 0}, {"police.intel_rate", 0},
    {"police.tip_rate", 0}, {"policy.sweep_rate", 0}, {"police.override_rate", 0}, {"police.tie_decay", 0}, {"police.integrity_drift", 0},
    {"policy.outreach", 0.8}, {"policy.shakedown_factor", 0.7}, {"region.relocate_rate", 0}, {"region.relocate_gain", 0},
    {"traffickers.recruit_rate", 0}, {"staffing.dismiss_rate", 0}, {"staffing.displace_share", 0}, {"staffing.refill_rate", 0}, {"staffing.return_rate", 0},
    {"region.venues", 40}, {"region.street_room", 0.2}, {"region.traffickers", 60},
};
/* clang-format on */

void coin_arrange(struct lab *l, const struct coin_process *process, double rate)
{
    lab_init(l);
    for (size_t i = 0; i < sizeof quiet / sizeof *quiet; i++) lab_set(l, quiet[i].path, quiet[i].value);
    if (process->arrange == fearless_city) lab_set(l, "health.coerced_uptake", 1);
    if (process->arrange == two_cities) lab_set(l, "region.cities", 2);
    if (process->arrange == lone_officers) {
        lab_set(l, "region.districts", 40);
        lab_set(l, "region.officers_per_district", 1);
    } else {
        lab_set(l, "policy.special_officers", 20);
    }
    lab_set(l, process->rate, rate);
    lab_open(l, 0);
    if (process->arrange == mixed_city || process->arrange == fearless_city)
        LAB_ALL(l, standing, l->city->venues, STANDING_FREE);
    process->arrange(l);
}

void coin_day(const struct coin_process *process, const double *rate, uint32_t n, uint32_t day, uint8_t *hits)
{
    struct luck luck = {.seed = 77, .replicate = (uint32_t)(process - coin_processes), .day = day};
    for (uint32_t entity = 0; entity < n; entity++) {
        double u = luck_uniform(&luck, PURPOSE_COIN, entity, 0), none = exp(-rate[entity]);
        hits[entity] = u >= none;
        if (!process->counted) continue;
        hits[entity] = 0; /* a Poisson number of events, by inversion */
        for (double term = none, below = term; u >= below && term > 0; below += term)
            term *= rate[entity] / ++hits[entity];
    }
}

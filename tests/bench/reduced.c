/* The model of reduced.cfg in plain C, as one would write it without a thought of speed: an array of seats, and for every person
 * a coin for each of her processes every day, from a fast sequential generator. Says what reduced_rules.py says, with the same
 * arguments. Where EnforceSim counts a Poisson number of incidents of a person in a day, the coins have the same mean. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SEATS = 20, SERVED_DAYS = 90, AVERAGED_DAYS = 180 };

struct seat {
    bool taken, infected;
    int32_t served_on;
};

struct outcomes {
    double infections, violence_client, violence_owner, outreach_visits, outreach_denied, persons_served;
    double adults_present, infected_share, health_coverage;
};

struct city {
    struct seat *seat;
    uint32_t venues, persons;
    uint64_t random[4];
    struct outcomes out;
};

static uint64_t rotate(uint64_t x, int by) { return x << by | x >> (64 - by); }

/* xoshiro256+ (Blackman and Vigna 2018). */
static double uniform(struct city *c)
{
    uint64_t *s = c->random, result = s[0] + s[3], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return (double)(result >> 11) * 0x1p-53;
}

/* splitmix64, from one number to a state. */
static void seed(struct city *c, uint64_t number)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = number += 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        c->random[i] = z ^ z >> 31;
    }
}

static bool is_served(const struct seat *s, int32_t day) { return day - s->served_on < SERVED_DAYS; }

static void serve(struct city *c, struct seat *s, int32_t day)
{
    s->served_on = day;
    c->out.persons_served++;
}

static void refill(struct city *c, struct seat *s, double chance)
{
    if (uniform(c) >= chance) return;
    *s = (struct seat){.taken = true, .served_on = -SERVED_DAYS};
    c->persons++;
}

static void live(struct city *c, struct seat *s, int32_t day, double leave)
{
    if (uniform(c) < leave) {
        s->taken = false;
        c->persons--;
        return;
    }
    if (!s->infected && uniform(c) < (is_served(s, day) ? 0.00005 : 0.0001)) {
        s->infected = true;
        c->out.infections++;
    }
    if (uniform(c) < 0.001) c->out.violence_client++;
    if (uniform(c) < 0.0003) c->out.violence_owner++;
    if (uniform(c) < 0.012) serve(c, s, day);
}

static void outreach(struct city *c, struct seat *venue, int32_t day)
{
    if (uniform(c) >= 1.0 / 30) return;
    if (uniform(c) >= 0.7) {
        c->out.outreach_denied++;
        return;
    }
    c->out.outreach_visits++;
    for (int i = 0; i < SEATS; i++)
        if (venue[i].taken && uniform(c) < 0.6) serve(c, &venue[i], day);
}

static void observe(struct city *c, int32_t day, double days)
{
    uint32_t infected = 0, served = 0;
    for (uint32_t i = 0; i < c->venues * SEATS; i++) {
        infected += c->seat[i].taken && c->seat[i].infected;
        served += c->seat[i].taken && is_served(&c->seat[i], day);
    }
    c->out.adults_present += c->persons / days;
    c->out.infected_share += (double)infected / c->persons / days;
    c->out.health_coverage += (double)served / c->persons / days;
}

static uint64_t simulate(struct city *c, int32_t days)
{
    const double fill = 1 - exp(-0.1), leave = 1 - exp(-1.0 / 365);
    uint64_t person_days = 0;
    for (int32_t day = 0; day < days; day++) {
        for (uint32_t i = 0; i < c->venues * SEATS; i++) {
            struct seat *s = &c->seat[i];
            if (!s->taken) refill(c, s, day > 0 ? fill : 0.95);
            if (s->taken) live(c, s, day, leave);
        }
        for (uint32_t v = 0; v < c->venues; v++) outreach(c, &c->seat[v * SEATS], day);
        person_days += c->persons;
        if (day >= days - AVERAGED_DAYS) observe(c, day, days < AVERAGED_DAYS ? days : AVERAGED_DAYS);
    }
    return person_days;
}

static void print(const struct outcomes *o, bool first)
{
    printf("%s{\"infections\": %.0f, \"violence_client\": %.0f, \"violence_owner\": %.0f, \"outreach_visits\": %.0f, "
           "\"outreach_denied\": %.0f, \"persons_served\": %.0f, \"adults_present\": %.9g, \"infected_share\": %.9g, "
           "\"health_coverage\": %.9g}",
           first ? "" : ", ", o->infections, o->violence_client, o->violence_owner, o->outreach_visits,
           o->outreach_denied, o->persons_served, o->adults_present, o->infected_share, o->health_coverage);
}

int main(int argc, char **argv)
{
    if (argc != 5) return fprintf(stderr, "usage: reduced VENUES DAYS REPLICATES SEED\n"), 2;
    uint32_t venues = (uint32_t)strtoul(argv[1], NULL, 10), replicates = (uint32_t)strtoul(argv[3], NULL, 10);
    int32_t days = (int32_t)strtol(argv[2], NULL, 10);
    uint64_t first = strtoull(argv[4], NULL, 10), person_days = 0;
    clock_t began = clock(), took = 0;
    printf("{\"outcomes\": [");
    for (uint32_t r = 0; r < replicates; r++) {
        struct city c = {.venues = venues, .seat = calloc((size_t)venues * SEATS, sizeof *c.seat)};
        if (c.seat == NULL) return fprintf(stderr, "not enough memory\n"), 1;
        seed(&c, first + r);
        person_days += simulate(&c, days);
        free(c.seat);
        took = clock() - began;
        print(&c.out, r == 0);
    }
    printf("], \"person_days\": %llu, \"seconds\": %.6f}\n", (unsigned long long)person_days,
           (double)took / CLOCKS_PER_SEC);
    return 0;
}

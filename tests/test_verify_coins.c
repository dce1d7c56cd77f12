/* Event skipping against the plain coin: the sampler itself, and every process of the model that uses it.
 *
 * tests/coins/sim/random.h has both samplers, under the names leaps_* (the engine's) and points_* (coins); included first, it
 * gives this file both. tests/coin_reference.c has the processes. */
#include "tests/coins/sim/random.h"

#include <stdlib.h>
#include <string.h>

#include "tests/agreement.h"
#include "tests/coin_reference.h"
#include "tests/effort.h"

/* ---- the sampler ----------------------------------------------------------------------------------------------------------- */

enum { COUNTS_MOST = 400, SINGLE_MOST = 16, MARKS = 20, GROUPS = 40 };

/* What a number of days of one sampler were like. */
struct sample {
    uint64_t daily[COUNTS_MOST]; /* days with so many events on the line */
    uint64_t single[SINGLE_MOST]; /* entity-days with so many events, or more in the last */
    uint64_t mark[MARKS];        /* events by their mark, in equal parts of (0, 1) */
    uint64_t place[GROUPS];      /* events by where they are on the line */
    uint64_t thinned[GROUPS];    /* events whose mark lies below the share of their place */
    uint64_t again[2];           /* entities with an event: not, also the next day */
    uint64_t both[2];            /* entities with an event: not, also on the line beside it */
    uint8_t *yesterday, *today, *beside;
};

static double share_of_group(size_t group) { return (double)(group + 1) / GROUPS; }

static void note(struct sample *s, uint32_t length, uint32_t entity, double mark)
{
    size_t group = (size_t)((uint64_t)entity * GROUPS / length);
    s->today[entity]++;
    s->place[group]++;
    s->mark[(size_t)(mark * MARKS)]++;
    s->thinned[group] += mark < share_of_group(group);
}

static void end_day(struct sample *s, uint32_t length, uint32_t events)
{
    assert_true(events < COUNTS_MOST);
    s->daily[events]++;
    for (uint32_t i = 0; i < length; i++) {
        s->single[s->today[i] < SINGLE_MOST ? s->today[i] : SINGLE_MOST - 1]++;
        if (!s->today[i]) continue;
        s->again[s->yesterday[i] > 0]++;
        s->both[s->beside[i] > 0]++;
    }
    memcpy(s->yesterday, s->today, length);
    memset(s->today, 0, length);
    memset(s->beside, 0, length);
}

static void sample_begin(struct sample *s, uint32_t length)
{
    *s = (struct sample){.yesterday = calloc(length, 1), .today = calloc(length, 1), .beside = calloc(length, 1)};
    assert_true(s->yesterday && s->today && s->beside);
}

static void sample_end(struct sample *s)
{
    free(s->yesterday);
    free(s->today);
    free(s->beside);
}

enum { PURPOSE = 200, LINE = 0, BESIDE = 1 << 20 };

static void leap_days(struct sample *s, uint32_t length, double rate, uint32_t days)
{
    for (uint32_t day = 0; day < days; day++) {
        struct luck luck = {.seed = 1, .day = day};
        struct leaps line = leaps_begin(&luck, PURPOSE, LINE, length, rate);
        struct leaps beside = leaps_begin(&luck, PURPOSE, BESIDE, length, rate);
        uint32_t entity, events = 0;
        double mark;
        while (leaps_next(&beside, &entity, &mark)) s->beside[entity]++;
        for (; leaps_next(&line, &entity, &mark); events++) note(s, length, entity, mark);
        end_day(s, length, events);
    }
}

static void coin_days(struct sample *s, uint32_t length, double rate, uint32_t days)
{
    for (uint32_t day = 0; day < days; day++) {
        struct luck luck = {.seed = 2, .day = day};
        struct points line = points_begin(&luck, PURPOSE, LINE, length, rate);
        struct points beside = points_begin(&luck, PURPOSE, BESIDE, length, rate);
        uint32_t entity, events = 0;
        double mark;
        while (points_next(&beside, &entity, &mark)) s->beside[entity]++;
        for (; points_next(&line, &entity, &mark); events++) note(s, length, entity, mark);
        end_day(s, length, events);
    }
}

static void in_equal_parts(const uint64_t *counts, size_t cells)
{
    double chances[GROUPS];
    for (size_t i = 0; i < cells; i++) chances[i] = 1 / (double)cells;
    assert_agrees(agreement_with(counts, chances, cells, NULL));
}

/* One sampler alone, against what is known in closed form. */
static void is_poisson(const struct sample *s, uint32_t length, double rate)
{
    assert_agrees(agreement_with_poisson(s->daily, COUNTS_MOST, rate * length));
    assert_agrees(agreement_with_poisson(s->single, SINGLE_MOST, rate));
    in_equal_parts(s->mark, MARKS);
    in_equal_parts(s->place, GROUPS);
    for (size_t g = 0; g < GROUPS; g++) assert_binomial((double)s->thinned[g], (double)s->place[g], share_of_group(g));
    /* days know nothing of each other, nor lines */
    assert_binomial((double)s->again[1], (double)(s->again[0] + s->again[1]), daily_chance(rate) * 1.0);
    assert_binomial((double)s->both[1], (double)(s->both[0] + s->both[1]), daily_chance(rate));
}

static void test_leaping_is_tossing_a_coin_for_everybody(void **state)
{
    (void)state;
    static const struct {
        double rate;
        uint32_t length;
    } lines[] = {{1e-5, 100000}, {1e-4, 20000}, {1e-3, 10000}, {0.01, 2000}, {0.1, 400}, {0.5, 160}, {1, 120}, {3, 40}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        double rate = lines[i].rate;
        uint32_t length = lines[i].length, days = (uint32_t)(effort(10000000, 200000000) / length);
        struct sample leaps, coins;
        sample_begin(&leaps, length);
        sample_begin(&coins, length);
        leap_days(&leaps, length, rate, days);
        coin_days(&coins, length, rate, days);
        is_poisson(&leaps, length, rate);
        is_poisson(&coins, length, rate);
        assert_agrees(agreement_between(leaps.daily, coins.daily, COUNTS_MOST, NULL));
        assert_agrees(agreement_between(leaps.single, coins.single, SINGLE_MOST, NULL));
        assert_agrees(agreement_between(leaps.mark, coins.mark, MARKS, NULL));
        assert_agrees(agreement_between(leaps.place, coins.place, GROUPS, NULL));
        assert_agrees(agreement_between(leaps.thinned, coins.thinned, GROUPS, NULL));
        sample_end(&leaps);
        sample_end(&coins);
    }
}

/* ---- the processes --------------------------------------------------------------------------------------------------------- */

enum { ENTITIES_MOST = 4096, PROCESSES_MOST = 32, DAYS_MOST = 8192 };

/* What happened on many days to entities that are the same every morning. */
struct tally_of_hits {
    uint64_t daily[ENTITIES_MOST], entity[ENTITIES_MOST]; /* days by number of events; events by entity */
    double neighbours, again;                             /* both this one and the next one; both today and tomorrow */
    uint8_t hits[ENTITIES_MOST], yesterday[ENTITIES_MOST];
};

static void tally_day(struct tally_of_hits *t, uint32_t n, bool first)
{
    uint32_t events = 0;
    for (uint32_t i = 0; i < n; i++) {
        events += t->hits[i];
        t->entity[i] += t->hits[i];
        t->neighbours += i + 1 < n && t->hits[i] && t->hits[i + 1];
        t->again += !first && t->hits[i] && t->yesterday[i];
    }
    assert_true(events < ENTITIES_MOST);
    t->daily[events]++;
    memcpy(t->yesterday, t->hits, n);
}

/* A city like the morning's, but for the parameters in force, which belong to another study. */
static void restore(struct lab *l, const struct lab *morning, uint32_t day)
{
    struct error e = {0};
    for (uint32_t i = 0; i < l->world->n_cities; i++) {
        struct city *c = &l->world->city[i], then = *c;
        assert_int_equal(model.copy_part(l->world, morning->world, i, &e), 0);
        c->region = then.region, c->policy = then.policy, c->market = then.market;
        c->rules = then.rules, c->fears = then.fears;
        c->luck.day = day; /* the same day for the model, another for its luck */
        points_first(&c->luck, LINES_DRAWN, c->first);
    }
}

static void live(struct lab *l, const struct coin_process *process)
{
    if (strcmp(process->submodel, "relocation") == 0)
        lab_couple(l);
    else
        lab_step(l, process->submodel);
}

/* Hits of each entity against its own chance, entities joined in their order; the mean number of events where counted. */
static void entities_agree(const uint64_t *hits, const double *rate, uint32_t n, double days, bool counted)
{
    double chi2 = 0, seen = 0, expected = 0, variance = 0;
    uint32_t groups = 0;
    for (uint32_t i = 0; i < n; i++) {
        double mean = counted ? rate[i] : daily_chance(rate[i]);
        if (rate[i] <= 0) assert_int_equal(hits[i], 0);
        seen += (double)hits[i];
        expected += days * mean;
        variance += days * mean * (counted ? 1 : 1 - mean);
        if (variance < 20) continue;
        chi2 += (seen - expected) * (seen - expected) / variance;
        groups++;
        seen = expected = variance = 0;
    }
    assert_true(groups >= 2);
    assert_agrees(agreement_chi_square(chi2, groups));
}

/* Neighbours, and the same entity on following days, act together as often as chance has it. */
static void pairs_agree(const struct tally_of_hits *t, const double *rate, uint32_t n, double days)
{
    double mean = 0, variance = 0, mean_again = 0, variance_again = 0;
    for (uint32_t i = 0; i < n; i++) {
        double p = daily_chance(rate[i]), q = i + 1 < n ? daily_chance(rate[i + 1]) : 0;
        double r = i + 2 < n ? daily_chance(rate[i + 2]) : 0;
        mean += days * p * q;
        variance += days * (p * q * (1 - p * q) + 2 * p * q * r * (1 - q));
        mean_again += (days - 1) * p * p;
        variance_again += (days - 1) * p * p * (1 - p * p) + 2 * (days - 2) * p * p * p * (1 - p);
    }
    if (mean >= 20) assert_mean(t->neighbours, 1, mean, sqrt(variance));
    if (mean_again >= 20) assert_mean(t->again, 1, mean_again, sqrt(variance_again));
}

/* One process at one pace; totals[day] is how many events the model had. */
static void try_process(const struct coin_process *process, double pace, uint32_t days, double *totals)
{
    struct lab l, morning;
    coin_arrange(&l, process, pace);
    coin_arrange(&morning, process, pace);
    uint32_t n = process->entities(l.city);
    double rate[ENTITIES_MOST];
    struct tally_of_hits *model_hits = calloc(1, sizeof *model_hits), *coin_hits = calloc(1, sizeof *coin_hits);
    assert_true(n <= ENTITIES_MOST && model_hits && coin_hits);
    for (uint32_t i = 0; i < n; i++) rate[i] = process->own(&l, i);
    for (uint32_t day = 0; day < days; day++) {
        restore(&l, &morning, day);
        live(&l, process);
        totals[day] = 0;
        for (uint32_t i = 0; i < n; i++) {
            model_hits->hits[i] = (uint8_t)process->found(&l, morning.city, i);
            totals[day] += model_hits->hits[i];
        }
        tally_day(model_hits, n, day == 0);
        coin_day(process, rate, n, day, coin_hits->hits);
        tally_day(coin_hits, n, day == 0);
    }
    entities_agree(model_hits->entity, rate, n, days, process->counted);
    entities_agree(coin_hits->entity, rate, n, days, process->counted);
    pairs_agree(model_hits, rate, n, days);
    pairs_agree(coin_hits, rate, n, days);
    assert_agrees(agreement_between(model_hits->daily, coin_hits->daily, ENTITIES_MOST, NULL));
    assert_agrees(agreement_between(model_hits->entity, coin_hits->entity, n, NULL));
    free(model_hits);
    free(coin_hits);
    lab_close(&l);
    lab_close(&morning);
}

/* No process knows of another: numbers of the same seed and day, but of different purposes. */
static void totals_are_uncorrelated(const double *totals, size_t n, uint32_t days)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            const double *x = &totals[i * DAYS_MOST], *y = &totals[j * DAYS_MOST];
            double sx = 0, sy = 0, xx = 0, yy = 0, xy = 0;
            for (uint32_t d = 0; d < days; d++) {
                sx += x[d], sy += y[d];
                xx += x[d] * x[d], yy += y[d] * y[d], xy += x[d] * y[d];
            }
            double r = (xy - sx * sy / days) / sqrt((xx - sx * sx / days) * (yy - sy * sy / days));
            assert_agrees_among(fabs(r) * sqrt(days), (double)(n * (n - 1))); /* both sides */
        }
}

static void test_every_process_is_that_of_the_plain_coin(void **state)
{
    (void)state;
    uint32_t days = (uint32_t)effort(400, 8000);
    double *totals = malloc(PROCESSES_MOST * DAYS_MOST * sizeof *totals);
    assert_true(totals && n_coin_processes <= PROCESSES_MOST && days <= DAYS_MOST);
    for (int high = 0; high < 2; high++) {
        for (size_t i = 0; i < n_coin_processes; i++) {
            const struct coin_process *process = &coin_processes[i];
            print_message("%s at %g\n", process->name, high ? process->high : process->low);
            try_process(process, high ? process->high : process->low, days, &totals[i * DAYS_MOST]);
        }
        totals_are_uncorrelated(totals, n_coin_processes, days);
    }
    free(totals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaping_is_tossing_a_coin_for_everybody),
        cmocka_unit_test(test_every_process_is_that_of_the_plain_coin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Conservation and invariants over whole runs: every day of 200 small worlds with random valid parameters, each under the four
 * policies of the essay and under random ones that follow each other. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/run.h"
#include "tests/world_support.h"

enum { WORLDS = 200, DRAW_PARAMETER = 201, DRAW_STRUCTURE = 202 };

/* A value within the row's range, half of the time near its lower end, where rates are realistic and runs fast. */
static double random_value(const struct parameter *row, const struct luck *luck, uint32_t index)
{
    struct words w = luck_words(luck, DRAW_PARAMETER, index, 0);
    double u = unit_interval(w.word[0]), range = row->maximum - row->minimum;
    if (unit_interval(w.word[1]) < 0.25) return row->initial;
    if (row->type != FIELD_real) return floor(row->minimum + u * fmin(range + 1, 400));
    if (strstr(row->unit, "day") != NULL || range > 20) u = u * u * u;
    return row->minimum + u * range;
}

/* Their rates are multiplied by several factors: at the top of all ranges a day of events would take minutes. */
static bool is_slow(const char *name)
{
    static const char *const slow[] = {"client_violence", "owner_violence", "infection_rate"};
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++)
        if (strcmp(name, slow[i]) == 0) return true;
    return false;
}

/* Every parameter, or, in one policy, every lever. */
static void randomise(struct study *s, int64_t policy, const struct luck *luck)
{
    uint32_t index = 0;
    int64_t levers = model_group(&model, "policy");
    for (int64_t group = 0; model.schedule[group] != NULL; group++)
        for (const struct parameter *row = model.schedule[group]->parameters; row != NULL && row->name != NULL; row++) {
            char path[2 * STUDY_NAME];
            double value = random_value(row, luck, index++);
            if ((group == levers) != (policy >= 0) || row->role == ROLE_structural) continue;
            snprintf(path, sizeof path, "%s.%s", model.schedule[group]->name, row->name);
            lab_study_set(s, policy, path, is_slow(row->name) ? value / 2000 : value);
        }
}

static void structure(struct study *s, const struct luck *luck)
{
    static const struct {
        const char *path;
        double from, to;
    } rows[] = {
        {"region.cities", 1, 2},         {"region.districts", 1, 3},       {"region.venues", 3, 8},
        {"region.traffickers", 0, 9},    {"region.links", 0, 12},          {"region.officers_per_district", 1, 9},
        {"survey.survey_venues", 0, 20}, {"survey.survey_first", -40, 40}, {"survey.survey_every", 1, 90},
        {"beliefs.belief_model", 0, 1},
    };
    for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++)
        lab_study_set(s, -1, rows[i].path,
                      rows[i].from + luck_pick(luck, DRAW_STRUCTURE, i, 0, (uint32_t)(rows[i].to - rows[i].from + 1)));
    lab_study_set(s, -1, "region.slots_log_mean", 1 + 2.2 * luck_uniform(luck, DRAW_STRUCTURE, 100, 0));
    lab_study_set(s, -1, "region.slots_log_sd", 2 * pow(luck_uniform(luck, DRAW_STRUCTURE, 101, 0), 2));
    lab_study_set(s, -1, "region.street_room", luck_pick(luck, DRAW_STRUCTURE, 102, 0, 5) / 4.0);
    lab_study_set(s, -1, "region.relocate_rate", luck_uniform(luck, DRAW_STRUCTURE, 103, 0));
    lab_study_set(s, -1, "region.relocate_gain", 5 * luck_uniform(luck, DRAW_STRUCTURE, 104, 0));
    double access = luck_uniform(luck, DRAW_STRUCTURE, 105, 0);
    lab_study_set(s, -1, "region.access_minimum", access);
    lab_study_set(s, -1, "region.access_maximum", access + (1 - access) * luck_uniform(luck, DRAW_STRUCTURE, 106, 0));
}

static void add_scenario(struct study *s, const char *name, const uint32_t *policies, uint32_t n)
{
    struct error e = {0};
    assert_int_equal(study_add_scenario(s, name, &e), 0);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(study_add_phase(s, s->n_scenarios - 1, (int32_t)(i * 60), policies[i], &e), 0);
}

static void random_study(struct study *s, uint32_t world)
{
    const struct luck luck = {.seed = 1, .replicate = world}, other = {.seed = 2, .replicate = world};
    struct error e = {0};
    study_init(s, &model);
    s->seed = world;
    s->replicates = 1;
    s->calendar = (struct calendar){.burn_in = 40, .horizon = 300};
    s->record_before = 30;
    lab_add_policies(s);
    assert_int_equal(study_add_policy(s, "random", 0, &e), 0);
    assert_int_equal(study_add_policy(s, "other", 0, &e), 0);
    randomise(s, -1, &luck);
    structure(s, &luck);
    randomise(s, LAB_POLICIES, &luck);
    randomise(s, LAB_POLICIES + 1, &other);
    for (uint32_t i = 0; i < LAB_POLICIES; i++) add_scenario(s, s->policies[i].name, &i, 1);
    add_scenario(s, "changing",
                 (const uint32_t[]){LAB_POLICIES, LAB_NO_POLICE, LAB_POLICIES + 1, LAB_POLICIES, LAB_SWEEPS}, 5);
}

/* Nothing is negative or infinite; shares without a unit lie in 0..1 (the price: 0.5..3); those without weight have no value. */
static int sound(void *context, uint32_t replicate, const double *values, struct error *e)
{
    const struct study *s = context;
    size_t n = model_metrics(&model, NULL), length = study_series_length(s);
    struct metric_entry *entries = calloc(n, sizeof *entries);
    (void)replicate;
    if (entries == NULL) return error_memory(e, "the metrics", 0);
    model_metrics(&model, entries);
    int status = 0;
    for (size_t i = 0; i < s->n_scenarios * n * length && status == 0; i++) {
        const struct metric *m = entries[i / length % n].metric;
        double most = !metric_is_ratio(m->kind) || strcmp(m->unit, "1") != 0 ? INFINITY
                      : strcmp(m->name, "price_factor") == 0               ? 3
                                                                           : 1;
        bool absent = metric_is_ratio(m->kind) && isnan(values[i]);
        if (!absent && !(values[i] >= 0 && values[i] <= most + 1e-9 && isfinite(values[i])))
            status = error_set(e, ERROR_FAILURE, "scenario %zu: %s = %g", i / length / n, m->name, values[i]);
    }
    free(entries);
    return status;
}

static void test_random_worlds_break_no_invariant(void **state)
{
    (void)state;
    for (uint32_t world = 0; world < WORLDS; world++) {
        struct study s;
        struct error e = {0};
        random_study(&s, world);
        if (study_check(&s, &e) != 0) fail_msg("world %u is not valid: %s", world, e.text);
        struct run_options options = {.threads = 1, .verify = true, .done = sound, .context = &s};
        if (study_run(&s, &options, &e) != 0) fail_msg("world %u: %s", world, e.text);
        study_free(&s);
    }
}

/* Persons only enter, move and leave: the books of a region of cities balance as a whole over many years. */
static void test_a_region_balances_and_relocates(void **state)
{
    (void)state;
    struct lab l;
    lab_init(&l);
    lab_set(&l, "region.cities", 2);
    lab_set(&l, "region.relocate_rate", 0.02);
    lab_set(&l, "region.relocate_gain", 0);
    lab_set(&l, "policy.sweep_rate", 6);
    lab_set(&l, "police.sweep_arrest", 0.5);
    lab_set(&l, "owners.theta_mean", -3);
    lab_open(&l, 3);
    bool moved = false;
    for (int32_t day = 0; day < 1500; day++) {
        lab_live(&l, day);
        for (uint32_t i = 0; i < 2; i++) {
            const struct city *c = &l.world->city[i];
            for (uint32_t k = 8; k < c->traffickers; k++)
                moved = moved || c->standing[c->venues + k] != STANDING_VACANT;
        }
    }
    assert_true(moved);
    assert_true(model.population(l.world) > 400);
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_worlds_break_no_invariant),
        cmocka_unit_test(test_a_region_balances_and_relocates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Whole runs compared with each other: what must not matter does not, to the last bit; what has a closed form follows it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/run.h"
#include "tests/world_support.h"

/* ---- studies and their results ---- */

static void small(struct study *s, uint32_t replicates)
{
    study_init(s, &model);
    s->seed = 77;
    s->replicates = replicates;
    s->calendar = (struct calendar){.burn_in = 250, .horizon = 400};
    s->record_before = 60;
    lab_add_policies(s);
    lab_study_set(s, -1, "region.venues", 30);
    lab_study_set(s, -1, "region.districts", 3);
    lab_study_set(s, -1, "region.traffickers", 15);
    lab_study_set(s, LAB_SWEEPS, "policy.care_beds", 10); /* so that sweeps, too, bring somebody into care */
}

static void scenario(struct study *s, const char *name, uint32_t policy)
{
    struct error e = {0};
    if (study_add_scenario(s, name, &e) != 0 || study_add_phase(s, s->n_scenarios - 1, 0, policy, &e) != 0)
        fail_msg("%s", e.text);
}

static uint32_t policy_like(struct study *s, const char *name, uint32_t like)
{
    struct error e = {0};
    if (study_add_policy(s, name, like, &e) != 0) fail_msg("%s", e.text);
    return s->n_policies - 1;
}

struct kept {
    double *values;
    size_t each;
};

static int keep(void *context, uint32_t replicate, const double *values, struct error *e)
{
    struct kept *kept = context;
    (void)e;
    memcpy(kept->values + replicate * kept->each, values, kept->each * sizeof *values);
    return 0;
}

static double *run(const struct study *s, uint32_t threads)
{
    struct error e = {0};
    struct kept kept = {.each = study_values(s)};
    kept.values = calloc(kept.each * s->replicates, sizeof(double));
    assert_non_null(kept.values);
    struct run_options options = {.threads = threads, .done = keep, .context = &kept, .verify = true};
    if (study_check(s, &e) != 0 || study_run(s, &options, &e) != 0) fail_msg("%s", e.text);
    return kept.values;
}

/* The series of a metric, its summary at the end. */
static const double *series(const struct study *s, const double *values, uint32_t replicate, uint32_t scen,
                            size_t metric)
{
    return values + replicate * study_values(s) +
           (scen * model_metrics(&model, NULL) + metric) * study_series_length(s);
}

static const char *metric_name(size_t metric)
{
    struct metric_entry entries[256];
    assert_true(model_metrics(&model, NULL) <= 256);
    model_metrics(&model, entries);
    return entries[metric].metric->name;
}

static size_t metric_called(const char *name)
{
    for (size_t m = 0; m < model_metrics(&model, NULL); m++)
        if (strcmp(metric_name(m), name) == 0) return m;
    fail_msg("there is no metric '%s'", name);
    return 0;
}

static bool same_bits(const double *a, const double *b, size_t n) { return memcmp(a, b, n * sizeof *a) == 0; }

/* Scenarios a and b of a run are equal in all metrics but those whose names begin with a word of `except`. */
static void expect_same(const struct study *s, const double *values, uint32_t a, uint32_t b, const char *const *except)
{
    for (uint32_t r = 0; r < s->replicates; r++)
        for (size_t m = 0; m < model_metrics(&model, NULL); m++) {
            bool skip = false;
            for (const char *const *e = except; e != NULL && *e != NULL; e++)
                skip = skip || strncmp(metric_name(m), *e, strlen(*e)) == 0;
            if (!skip && !same_bits(series(s, values, r, a, m), series(s, values, r, b, m), study_series_length(s)))
                fail_msg("%s differs between '%s' and '%s'", metric_name(m), s->scenarios[a].name,
                         s->scenarios[b].name);
        }
}

/* ---- what must not matter ---- */

static void test_an_equal_policy_gives_equal_bits(void **state)
{
    (void)state;
    for (uint32_t policy = 0; policy < LAB_POLICIES; policy++) {
        struct study s;
        struct error e = {0};
        small(&s, 1);
        uint32_t twin = policy_like(&s, "twin", policy);
        scenario(&s, "original", policy);
        scenario(&s, "copy", twin);
        scenario(&s, "to_and_fro", policy); /* to enact what is in force already changes nothing */
        for (int32_t day = 50; day < 400; day += 90)
            assert_int_equal(study_add_phase(&s, 2, day, day % 20 ? twin : policy, &e), 0);
        double *values = run(&s, 1);
        expect_same(&s, values, 0, 1, NULL);
        expect_same(&s, values, 0, 2, NULL);
        free(values);
        study_free(&s);
    }
}

static void test_more_scenarios_and_replicates_change_no_number(void **state)
{
    (void)state;
    struct study few, many;
    small(&few, 2), small(&many, 3);
    scenario(&few, "status_quo", LAB_STATUS_QUO);
    scenario(&few, "rescue", LAB_PROFESSIONAL);
    for (uint32_t p = 0; p < LAB_POLICIES; p++) scenario(&many, many.policies[p].name, p);
    double *a = run(&few, 1), *b = run(&many, 1);
    size_t length = study_series_length(&few) * model_metrics(&model, NULL);
    for (uint32_t r = 0; r < 2; r++) {
        assert_true(same_bits(series(&few, a, r, 0, 0), series(&many, b, r, 0, 0), length));
        assert_true(same_bits(series(&few, a, r, 1, 0), series(&many, b, r, 2, 0), length));
        for (uint32_t p = 1; p < LAB_POLICIES; p++) /* and the four do differ */
            assert_false(same_bits(series(&many, b, r, 0, 0), series(&many, b, r, p, 0), length));
    }
    assert_false(same_bits(series(&many, b, 0, 0, 0), series(&many, b, 1, 0, 0), length));
    free(a), free(b);
    study_free(&few), study_free(&many);
}

static void test_threads_change_no_bit(void **state)
{
    (void)state;
    static const uint32_t threads[] = {2, 3, 8};
    struct study s;
    small(&s, 3);
    for (uint32_t p = 0; p < LAB_POLICIES; p++) scenario(&s, s.policies[p].name, p);
    double *one = run(&s, 1);
    for (int i = 0; i < 3; i++) {
        double *many = run(&s, threads[i]);
        assert_true(same_bits(one, many, study_values(&s) * s.replicates));
        free(many);
    }
    free(one);
    study_free(&s);
}

/* Large enough that the cities of a region are handed to threads one by one. */
static void test_threads_change_no_bit_within_a_region(void **state)
{
    (void)state;
    struct study s;
    small(&s, 1);
    s.calendar = (struct calendar){.burn_in = 5, .horizon = 25};
    s.record_every = 5, s.record_before = 5;
    lab_study_set(&s, -1, "region.cities", 3);
    lab_study_set(&s, -1, "region.venues", 2500);
    lab_study_set(&s, -1, "region.districts", 20);
    lab_study_set(&s, -1, "region.traffickers", 800);
    lab_study_set(&s, -1, "region.relocate_rate", 0.5);
    lab_study_set(&s, -1, "region.relocate_gain", 0);
    scenario(&s, "rescue", LAB_PROFESSIONAL);
    double *one = run(&s, 1), *many = run(&s, 3);
    assert_true(series(&s, one, 0, 0, metric_called("adults_present"))[study_series_length(&s) - 1] > 100000);
    assert_true(same_bits(one, many, study_values(&s)));
    free(one), free(many);
    study_free(&s);
}

/* Without any police act, from the first day on, levers and parameters of the police move nothing but costs and officers. */
static void test_without_police_their_levers_move_nothing_but_costs(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        double value;
    } moved[] = {
        {"policy.special_officers", 30},   {"policy.special_training", 1},
        {"policy.general_training", 1},    {"policy.special_oversight", 0.9},
        {"policy.general_oversight", 0.9}, {"policy.special_rotation", 6},
        {"policy.general_rotation", 9},    {"policy.accompaniment", 1},
        {"policy.legal_support", 1},       {"policy.operations_per_month", 9},
        {"policy.ngo_investigators", 40},  {"policy.immigration_out", 1},
        {"policy.agreement", 1},           {"policy.care_beds", 300},
        {"policy.sweep_rate", 9},          {"policy.shakedown_factor", 2},
        {"policy.protective_response", 1}, {"health.backlash_own", 1},
        {"health.backlash_district", 1},   {"health.sweep_backlash", 5},
        {"health.agreement_effect", 1},    {"police.intel_rate", 5},
        {"police.false_lead", 0.5},        {"police.shakedown_rate", 1},
        {"police.override_rate", 9},       {"police.training_rate", 1},
        {"violence.report_rate", 1},
    };
    enum { MOVED = sizeof moved / sizeof *moved };
    static const char *const except[] = {"cost_", "officer_", "special_", NULL};
    struct study s;
    small(&s, 1);
    s.baseline = LAB_NO_POLICE;
    scenario(&s, "as_it_is", LAB_NO_POLICE);
    uint32_t all = policy_like(&s, "all", LAB_NO_POLICE);
    for (uint32_t i = 0; i < MOVED; i++) {
        char name[STUDY_NAME];
        snprintf(name, sizeof name, "moved_%u", i);
        uint32_t policy = policy_like(&s, name, LAB_NO_POLICE);
        lab_study_set(&s, policy, moved[i].path, moved[i].value);
        lab_study_set(&s, all, moved[i].path, moved[i].value);
        scenario(&s, name, policy);
    }
    scenario(&s, "all", all);
    double *values = run(&s, 1);
    for (uint32_t i = 1; i < s.n_scenarios; i++) expect_same(&s, values, 0, i, except);
    size_t costs = metric_called("cost_ngo");
    assert_false(same_bits(series(&s, values, 0, 0, costs), series(&s, values, 0, s.n_scenarios - 1, costs), 1 + 13));
    free(values);
    study_free(&s);
}

/* The same levers do move something where there are police: else the test above would prove nothing. */
static void test_with_police_the_same_levers_matter(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        double value;
    } moved[] = {
        {"policy.special_training", 0},    {"policy.general_training", 1}, {"policy.special_oversight", 0},
        {"policy.general_oversight", 0.9}, {"policy.special_rotation", 6}, {"policy.general_rotation", 9},
        {"policy.accompaniment", 0},       {"policy.legal_support", 0},    {"policy.ngo_investigators", 40},
        {"policy.immigration_out", 0},     {"policy.agreement", 0},        {"policy.care_beds", 0},
        {"policy.shakedown_factor", 2},    {"health.backlash_own", 1},     {"health.backlash_district", 1},
        {"health.agreement_effect", 1},    {"violence.report_rate", 1},
    };
    struct study s;
    small(&s, 2);
    scenario(&s, "as_it_is", LAB_PROFESSIONAL);
    for (uint32_t i = 0; i < sizeof moved / sizeof *moved; i++) {
        char name[STUDY_NAME];
        snprintf(name, sizeof name, "moved_%u", i);
        uint32_t policy = policy_like(&s, name, LAB_PROFESSIONAL);
        lab_study_set(&s, policy, moved[i].path, moved[i].value);
        scenario(&s, name, policy);
    }
    double *values = run(&s, 1);
    for (uint32_t i = 1; i < s.n_scenarios; i++) {
        bool moves = false;
        for (size_t m = 0; m < model_metrics(&model, NULL); m++)
            for (uint32_t r = 0; r < 2; r++)
                if (strncmp(metric_name(m), "cost_", 5) != 0)
                    moves = moves || !same_bits(series(&s, values, r, 0, m), series(&s, values, r, i, m),
                                                study_series_length(&s));
        if (!moves) fail_msg("%s moves nothing", moved[i - 1].path);
    }
    free(values);
    study_free(&s);
}

/* ---- closed forms ---- */

static void test_without_backlash_access_stays_at_its_baseline(void **state)
{
    (void)state;
    struct study s;
    small(&s, 2);
    lab_study_set(&s, -1, "health.backlash_own", 0);
    lab_study_set(&s, -1, "health.backlash_district", 0);
    for (uint32_t p = 0; p < LAB_POLICIES; p++) scenario(&s, s.policies[p].name, p);
    double *values = run(&s, 1);
    size_t access = metric_called("health_access"), n = study_times(&s, NULL);
    for (uint32_t r = 0; r < 2; r++)
        for (uint32_t p = 0; p < LAB_POLICIES; p++)
            for (size_t t = 0; t < n; t++)
                assert_same(series(&s, values, r, p, access)[t], series(&s, values, r, 0, access)[0]);
    free(values);
    study_free(&s);
}

static void test_where_nobody_is_arrested_beliefs_only_fade(void **state)
{
    (void)state;
    static const char *const off[] = {"police.sweep_arrest", "police.arrest", "police.arrest_linked",
                                      "beliefs.w_inspection", "beliefs.learn_impunity"};
    struct study s;
    small(&s, 1);
    for (int i = 0; i < 5; i++) lab_study_set(&s, -1, off[i], 0);
    lab_study_set(&s, -1, "beliefs.first_risk", 0.4);
    lab_study_set(&s, -1, "beliefs.risk_half_life", 200);
    lab_study_set(&s, -1, "beliefs.first_punishment", 0.6);
    lab_study_set(&s, -1, "beliefs.q_base", 0.2);
    lab_study_set(&s, -1, "beliefs.q_half_life", 300);
    for (uint32_t p = 0; p < LAB_POLICIES; p++) scenario(&s, s.policies[p].name, p);
    double *values = run(&s, 1);
    int32_t times[64];
    size_t n = study_times(&s, NULL), risk = metric_called("perceived_risk"),
           punishment = metric_called("perceived_punishment");
    assert_true(n <= 64);
    study_times(&s, times);
    for (uint32_t p = 0; p < LAB_POLICIES; p++)
        for (size_t t = 0; t < n; t++) {
            double days = times[t] + s.calendar.burn_in;
            assert_close(series(&s, values, 0, p, risk)[t], 0.4 * exp2(-days / 200), 1e-6);
            assert_close(series(&s, values, 0, p, punishment)[t], 0.2 + 0.4 * exp2(-days / 300), 1e-6);
        }
    free(values);
    study_free(&s);
}

/* The share of a survey is that of the surveys since the record before, and has no value where there was none. */
static void test_a_survey_shows_in_its_own_record_only(void **state)
{
    (void)state;
    struct study s;
    small(&s, 1);
    lab_study_set(&s, -1, "survey.survey_first", -40);
    lab_study_set(&s, -1, "survey.survey_every", 200);
    scenario(&s, "status_quo", LAB_STATUS_QUO);
    double *values = run(&s, 1);
    int32_t times[64];
    size_t n = study_times(&s, NULL), prevalence = metric_called("minor_prevalence_surveyed"),
           seen = metric_called("survey_persons_seen");
    study_times(&s, times);
    for (size_t t = 0; t < n; t++) {
        bool surveyed = false;
        for (int32_t day = -40; day <= 400; day += 200)
            surveyed = surveyed || (day <= times[t] && day > (t > 0 ? times[t - 1] : times[0] - s.record_every));
        if ((series(&s, values, 0, 0, seen)[t] > 0) != surveyed) fail_msg("day %d: persons seen", times[t]);
        if (isnan(series(&s, values, 0, 0, prevalence)[t]) == surveyed)
            fail_msg("day %d: prevalence surveyed", times[t]);
    }
    free(values);
    study_free(&s);
}

/* ---- the size of the city ---- */

/* Mean over replicates of a summary, and the variance of that mean. */
static void mean_of(const struct study *s, const double *values, const char *metric, double mean[2])
{
    double sum = 0, square = 0, n = s->replicates;
    for (uint32_t r = 0; r < s->replicates; r++) {
        double x = series(s, values, r, 0, metric_called(metric))[study_series_length(s) - 1];
        sum += x, square += x * x;
    }
    mean[0] = sum / n;
    mean[1] = (square / n - mean[0] * mean[0]) / (n - 1);
}

static void test_a_city_twice_as_large_has_the_same_shares(void **state)
{
    (void)state;
    static const char *const shares[] = {
        "minor_prevalence", "coerced_prevalence", "health_coverage", "fear", "infected_share", "officer_integrity", "perceived_risk",
        "perceived_punishment"};
    struct study s[2];
    double *values[2];
    for (int i = 0; i < 2; i++) {
        small(&s[i], 40);
        s[i].seed =
            (uint64_t)(100 + i); /* not the same luck, which would make the difference look smaller than it is */
        lab_study_set(&s[i], -1, "region.venues", 60 << i);
        lab_study_set(&s[i], -1, "region.districts", 2 << i);
        lab_study_set(&s[i], -1, "region.traffickers", 24 << i);
        scenario(&s[i], "sweeps", LAB_SWEEPS);
        values[i] = run(&s[i], 1);
    }
    for (size_t k = 0; k < sizeof shares / sizeof *shares; k++) {
        double a[2], b[2];
        mean_of(&s[0], values[0], shares[k], a);
        mean_of(&s[1], values[1], shares[k], b);
        double z = (a[0] - b[0]) / sqrt(a[1] + b[1]);
        if (!(fabs(z) < 4.9)) fail_msg("%s: %g, in a city twice as large %g (z = %.1f)", shares[k], a[0], b[0], z);
    }
    for (int i = 0; i < 2; i++) free(values[i]), study_free(&s[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_equal_policy_gives_equal_bits),
        cmocka_unit_test(test_more_scenarios_and_replicates_change_no_number),
        cmocka_unit_test(test_threads_change_no_bit),
        cmocka_unit_test(test_threads_change_no_bit_within_a_region),
        cmocka_unit_test(test_without_police_their_levers_move_nothing_but_costs),
        cmocka_unit_test(test_with_police_the_same_levers_matter),
        cmocka_unit_test(test_without_backlash_access_stays_at_its_baseline),
        cmocka_unit_test(test_where_nobody_is_arrested_beliefs_only_fade),
        cmocka_unit_test(test_a_survey_shows_in_its_own_record_only),
        cmocka_unit_test(test_a_city_twice_as_large_has_the_same_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

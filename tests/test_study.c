/* Studies: built by hand, checked, and the shape of their results. */
#include "sim/study.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/toy_model.h"

/* Two policies, a scenario of two phases. */
static void build(struct study *s)
{
    struct error e = {0};
    study_init(s, &toy_model);
    s->replicates = 3;
    s->calendar = (struct calendar){.burn_in = 100, .horizon = 95};
    s->record_every = 30;
    s->record_before = 60;
    assert_int_equal(study_add_policy(s, "now", -1, &e), 0);
    assert_int_equal(study_add_policy(s, "then", 0, &e), 0);
    assert_int_equal(study_add_scenario(s, "change", &e), 0);
    assert_int_equal(study_add_phase(s, 0, 0, 0, &e), 0);
    assert_int_equal(study_add_phase(s, 0, 40, 1, &e), 0);
    assert_int_equal(study_check(s, &e), 0);
}

static double value_of(const struct study *s, uint32_t policy, const char *path)
{
    struct error e = {0};
    int64_t group;
    const struct parameter *row = study_parameter(s->model, path, &group, &e);
    assert_non_null(row);
    return parameter_value(row, s->policies[policy].values.group[group]);
}

static void an_empty_study_has_defaults(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    study_init(&s, &toy_model);
    for (const struct parameter *row = study_settings; row->name != NULL; row++) {
        assert_true(parameter_value(row, &s) == row->initial);
    }
    assert_int_equal(study_check_settings(&s, &e), 0);
    assert_int_equal(study_check(&s, &e), -1);
    assert_string_equal(e.text, "there is no policy; allowed: at least one");
    study_free(&s);
    study_free(&s);
}

static void policies_hold_values(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    build(&s);
    assert_true(value_of(&s, 0, "policy.boats") == 3);
    assert_int_equal(study_set(&s, 0, "policy.boats", 7, &e), 0);
    assert_true(value_of(&s, 0, "policy.boats") == 7 && value_of(&s, 1, "policy.boats") == 3);
    assert_int_equal(study_set(&s, -1, "growth.birth_rate", 0.5, &e), 0);
    assert_true(value_of(&s, 0, "growth.birth_rate") == 0.5 && value_of(&s, 1, "growth.birth_rate") == 0.5);
    assert_int_equal(study_add_policy(&s, "copy", 0, &e), 0);
    assert_true(value_of(&s, 2, "policy.boats") == 7);
    assert_int_equal(study_find_policy(&s, "copy"), 2);
    assert_int_equal(study_find_policy(&s, "cop"), -1);
    study_free(&s);
}

static void wrong(int status, const struct error *e, const char *text)
{
    assert_int_equal(status, -1);
    assert_int_equal(e->kind, ERROR_INPUT);
    assert_string_equal(e->text, text);
}

static void wrong_paths_and_values_are_refused(void **state)
{
    (void)state;
    struct study s;
    build(&s);
    struct error e[7] = {0};
    wrong(study_set(&s, -1, "policy.boat", 1, &e[0]), &e[0],
          "there is no parameter of policy 'boat'; did you mean 'boats'?");
    wrong(study_set(&s, -1, "polcy.boats", 1, &e[1]), &e[1],
          "there is no group of parameters 'polcy'; did you mean 'policy'?");
    wrong(study_set(&s, -1, "boats", 1, &e[2]), &e[2], "'boats' is not a parameter; allowed: GROUP.NAME");
    wrong(study_set(&s, 1, "policy.boats", 100, &e[3]), &e[3],
          "policy: boats = 100 is out of range; allowed: a whole number from 0 to 99 [boats]");
    wrong(study_set(&s, 2, "policy.boats", 1, &e[4]), &e[4], "policy.boats: there is no such policy to set it in");
    wrong(study_add_policy(&s, "now", -1, &e[5]), &e[5], "there are two policies called 'now'; names must differ");
    wrong(study_add_scenario(&s, "change", &e[6]), &e[6], "there are two scenarios called 'change'; names must differ");
    study_free(&s);
}

static void names_are_plain(void **state)
{
    (void)state;
    struct error e = {0};
    char longest[STUDY_NAME + 1];
    memset(longest, 'x', sizeof longest);
    longest[STUDY_NAME - 1] = '\0';
    assert_int_equal(study_check_name("scenario", longest, &e), 0);
    assert_int_equal(study_check_name("scenario", "2012-a_B", &e), 0);
    assert_int_equal(study_check_policy_name("sweeps_2-b", &e), 0);
    longest[STUDY_NAME - 1] = 'x';
    longest[STUDY_NAME] = '\0';
    static const char *const bad[] = {"", "a b", "a.b", "<b>", "a\n", "\x1b[2J", "\xC3\xA9", "a/b", "a\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error own = {0};
        assert_int_equal(study_check_name("scenario", bad[i], &own), -1);
        assert_null(strpbrk(own.text, "\n\x1b"));
    }
    static const char *const no_keys[] = {"2012", "-a", "true", "False", "_a"};
    for (size_t i = 0; i < sizeof no_keys / sizeof *no_keys; i++) {
        struct error own = {0};
        assert_int_equal(study_check_policy_name(no_keys[i], &own), -1);
    }
    assert_int_equal(study_check_name("scenario", longest, &e), -1);
}

/* A study that is right but for one change. */
static void check_fails(void (*change)(struct study *s), const char *text)
{
    struct study s;
    struct error e = {0};
    build(&s);
    change(&s);
    wrong(study_check(&s, &e), &e, text);
    study_free(&s);
}

static void no_replicates(struct study *s) { s->replicates = 0; }
static void too_long(struct study *s) { s->calendar.burn_in = 59999; }
static void long_record(struct study *s) { s->record_before = 101; }
static void no_such_baseline(struct study *s) { s->baseline = 2; }
static void late_phase(struct study *s) { s->scenarios[0].phases[1].day = 95; }
static void early_phase(struct study *s) { s->scenarios[0].phases[1].day = 0; }
static void late_start(struct study *s) { s->scenarios[0].phases[0].day = 1; }
static void no_such_policy(struct study *s) { s->scenarios[0].phases[1].policy = 9; }
static void bad_name(struct study *s) { s->name[0] = '<'; }
static void too_hard(struct study *s)
{
    study_set(s, 1, "policy.boats", 99, NULL), study_set(s, 1, "policy.effort", 1, NULL);
}
static void two_sizes(struct study *s) { study_set(s, 1, "growth.places", 41, NULL); }

static void checks_find_what_is_wrong(void **state)
{
    (void)state;
    check_fails(no_replicates, "run: replicates = 0 is out of range; allowed: a whole number from 1 to 10000000");
    check_fails(too_long, "run: burn_in + horizon = 60094 days is too long; allowed: at most 60000");
    check_fails(long_record, "run: record_before = 101 is longer than the burn-in; allowed: at most burn_in = 100");
    check_fails(no_such_baseline, "run: the baseline is a policy that does not exist");
    check_fails(late_phase, "scenario 'change': phase on day 95 is beyond the end; allowed: below horizon = 95");
    check_fails(early_phase, "scenario 'change': phase on day 0 follows day 0; allowed: rising days");
    check_fails(late_start, "scenario 'change' has no policy on day 0");
    check_fails(no_such_policy, "scenario 'change': a phase has a policy that does not exist");
    check_fails(bad_name, "the run's name '<tudy' is not a name; allowed: 1 to 63 characters of a-z A-Z 0-9 _ -");
    check_fails(too_hard,
                "policy 'then': policy: effort * boats = 99 is more than there are fish; allowed: at most 50");
    check_fails(two_sizes, "policy 'then': growth.places differs from policy 'now'; allowed: one value for all");
}

static void what_is_not_there_cannot_be_used(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    build(&s);
    assert_int_equal(study_add_policy(&s, "new", 2, &e), -1);
    assert_string_equal(e.text, "policy 'new' copies a policy that does not exist");
    e = (struct error){0};
    assert_int_equal(study_add_phase(&s, 1, 0, 0, &e), -1);
    assert_string_equal(e.text, "a phase of a scenario that does not exist");
    e = (struct error){0};
    assert_int_equal(study_set(&s, 2, "policy.boats", 1, &e), -1);
    assert_string_equal(e.text, "policy.boats: there is no such policy to set it in");
    e = (struct error){0};
    for (int i = 1; i < STUDY_MAX_SCENARIOS; i++) {
        char name[20];
        snprintf(name, sizeof name, "s%d", i);
        assert_int_equal(study_add_scenario(&s, name, &e), 0);
    }
    assert_int_equal(study_add_scenario(&s, "one-more", &e), -1);
    assert_string_equal(e.text, "too many scenarios; allowed: at most 1000");
    study_free(&s);
    study_init(&s, &toy_model);
    e = (struct error){0};
    assert_int_equal(study_set(&s, -1, "policy.boats", 1, &e), -1);
    assert_string_equal(e.text, "policy.boats: there is no such policy to set it in");
    e = (struct error){0};
    assert_int_equal(study_add_policy(&s, "now", -1, &e), 0);
    assert_int_equal(study_check(&s, &e), -1);
    assert_string_equal(e.text, "there is no scenario; allowed: 1 to 1000");
    study_free(&s);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    build(&s);
    assert_int_equal(study_set(&s, -1, "growth.places", 1e9, &e), 0);
    const double alone = study_memory(&s);
    assert_true(alone > 4e9 && alone < 2 * 4e9); /* one scenario goes on in the burnt-in world */
    assert_int_equal(study_add_scenario(&s, "again", &e), 0);
    assert_int_equal(study_add_phase(&s, 1, 0, 0, &e), 0);
    assert_true(study_memory(&s) > 2 * 4e9); /* two: a copy for the first */
    assert_int_equal(study_fits(&s, 1000000, &e), -1);
    assert_int_equal(e.kind, ERROR_INPUT);
    assert_non_null(strstr(e.text, "GB of memory on 1000000 threads"));
    assert_non_null(strstr(e.text, "allowed: the machine's "));
    study_free(&s);
}

static uint32_t one_part(const void *const *groups)
{
    (void)groups;
    return 1;
}

/* Where processes may share worlds, as many worlds as threads need not fit: one, or a share of it, is enough. */
static void what_fits_in_shares_is_not_refused(void **state)
{
    (void)state;
    struct study s;
    struct error e = {0};
    build(&s);
    assert_int_equal(study_set(&s, -1, "growth.places", 1e6, &e), 0);
    assert_false(study_fits_whole(&s, 100000000));
    assert_int_equal(study_fits(&s, 100000000, &e), -1);
    s.share = 0.5;
    assert_int_equal(study_fits(&s, 100000000, NULL), 0);
    assert_false(study_fits_whole(&s, 100000000));
    assert_true(study_fits_whole(&s, 1));
    struct model single = toy_model;
    single.parts = one_part;
    s.model = &single;
    assert_int_equal(study_fits(&s, 100000000, NULL), -1); /* what has one part cannot be shared */
    study_free(&s);
}

static void times_are_where_the_manual_says(void **state)
{
    (void)state;
    struct study s;
    build(&s);
    int32_t times[16];
    static const int32_t expected[] = {-60, -30, 0, 30, 60, 90, 95};
    assert_int_equal(study_times(&s, NULL), 7);
    assert_int_equal(study_times(&s, times), 7);
    assert_memory_equal(times, expected, sizeof expected);
    s.calendar.horizon = 90; /* the horizon is not recorded twice */
    assert_int_equal(study_times(&s, times), 6);
    assert_int_equal(times[5], 90);
    s.record_before = 50; /* only multiples of record_every */
    assert_int_equal(study_times(&s, times), 5);
    assert_true(times[0] == -30 && times[1] == 0);
    s.record_before = 0;
    s.record_every = 1000;
    assert_int_equal(study_times(&s, times), 2);
    assert_true(times[0] == 0 && times[1] == 90);
    assert_int_equal(study_series_length(&s), 3);
    assert_int_equal(study_values(&s), 5 * 3);
    study_free(&s);
}

static void metrics_follow_the_schedule(void **state)
{
    (void)state;
    struct metric_entry entries[8];
    assert_int_equal(model_metrics(&toy_model, NULL), 5);
    assert_int_equal(model_metrics(&toy_model, entries), 5);
    size_t size = model_metrics_size(&toy_model);
    for (size_t i = 0; i < 5; i++) {
        assert_true(entries[i].offset % sizeof(double) == 0 && entries[i].offset < size);
        if (i > 0) assert_true(entries[i].offset > entries[i - 1].offset);
    }
    assert_string_equal(entries[0].metric->name, "births");
    assert_string_equal(entries[3].metric->name, "caught");
    assert_true(entries[3].row == 2 && entries[3].submodel == &toy_harvest);
    assert_int_equal(model_group(&toy_model, "harvest"), 2);
    assert_int_equal(model_group(&toy_model, "harvests"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_study_has_defaults),        cmocka_unit_test(policies_hold_values),
        cmocka_unit_test(wrong_paths_and_values_are_refused), cmocka_unit_test(names_are_plain),
        cmocka_unit_test(checks_find_what_is_wrong),          cmocka_unit_test(what_is_not_there_cannot_be_used),
        cmocka_unit_test(what_does_not_fit_is_refused),       cmocka_unit_test(times_are_where_the_manual_says),
        cmocka_unit_test(metrics_follow_the_schedule),        cmocka_unit_test(what_fits_in_shares_is_not_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

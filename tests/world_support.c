/* The laboratory of the sub-models' tests: see the header. */
#include "tests/world_support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Values of the tests' own, so that tuning the model's defaults moves no expected number. */
/* clang-format off */
static const struct {
    const char *path;
    double value;
} fixed[] = {
    {"region.cities", 1}, {"region.districts", 2}, {"region.venues", 20}, {"region.traffickers", 8},
    {"region.links", 4}, {"region.officers_per_district", 10}, {"region.slots_log_mean", 2.995732273553991},
    {"region.slots_log_sd", 0}, {"region.visibility_minimum", 0.5}, {"region.access_minimum", 0.5},
    {"region.access_maximum", 0.9}, {"region.street_room", 0.5}, {"region.relocate_rate", 0.002},
    {"region.relocate_gain", 1},
    {"policy.police", 1}, {"policy.sweep_rate", 0.25}, {"policy.sweep_sites", 3}, {"policy.sweep_integrity", 0},
    {"policy.shakedown_factor", 1}, {"policy.general_rotation", 1.5}, {"policy.general_training", 0},
    {"policy.general_oversight", 0.05}, {"policy.protective_response", 0.1}, {"policy.special_officers", 0},
    {"police.oversight_effect", 1}, {"policy.special_rotation", 0}, {"policy.special_training", 0}, {"policy.special_oversight", 0.05},
    {"policy.operations_per_month", 0}, {"policy.accompaniment", 0}, {"policy.immigration_out", 0},
    {"policy.ngo_investigators", 0}, {"policy.legal_support", 0}, {"policy.care_beds", 0},
    {"policy.care_quality", 1}, {"policy.adult_support", 0}, {"policy.agreement", 0}, {"policy.jail_share", 0.8},
    {"policy.outreach", 1}, {"policy.board_coverage", 0},
    {"market.premium", 6}, {"market.price_elasticity", 0.3}, {"market.choice_sharpness", 1},
    {"market.review_rate", 1.0 / 30}, {"market.taste_rate", 1.0 / 730}, {"market.jail_months", 60},
    {"market.jail_weight", 0.5}, {"market.fine_months", 2}, {"market.closure_days", 120},
    {"venues.exploited_share", 0.395}, {"venues.minor_share", 0.66}, {"venues.irregular_share", 0.2},
    {"venues.covert_capacity", 0.7}, {"venues.conceal_effect", 0.6}, {"venues.private_effect", 0.75},
    {"venues.covert_visibility", 0.4}, {"venues.covert_violence", 1.5}, {"venues.covert_access", 0.5},
    {"venues.private_capacity", 0.5}, {"venues.private_visibility", 0.2}, {"venues.private_violence", 2},
    {"venues.private_access", 0.2}, {"venues.street_violence", 2}, {"venues.street_access", 0.7},
    {"fear.half_life", 90}, {"fear.extorted", 0.15}, {"fear.swept", 0.2}, {"fear.assaulted", 0.5},
    {"fear.raided", 0.15}, {"fear.relieved", 0.3},
    {"traffickers.theta_mean", -5}, {"traffickers.theta_sd", 3}, {"traffickers.recruit_rate", 0.03},
    {"traffickers.entry_rate", 0.0008},
    {"owners.theta_mean", -5.9}, {"owners.theta_sd", 3}, {"owners.conceal_cost", 1}, {"owners.private_cost", 2},
    {"owners.tie_cover", 0.5}, {"owners.tie_fee", 0.5}, {"owners.replacement_cost", 0.5},
    {"staffing.dismiss_rate", 1.0 / 30}, {"staffing.displace_share", 0.7}, {"staffing.refill_rate", 0.1},
    {"staffing.return_rate", 0.02},
    {"persons.adult_tenure", 365}, {"persons.stays_coerced", 0.7}, {"persons.escape_rate", 0.0014},
    {"persons.debt_release_rate", 0.0014}, {"persons.outside_help", 0.0003}, {"persons.infection_rate", 0.0001},
    {"persons.infection_coerced", 1}, {"persons.infection_fear", 1}, {"persons.service_protection", 0.5},
    {"violence.client_violence", 0.001}, {"violence.coerced_violence", 3}, {"violence.owner_violence", 0.0003},
    {"violence.owner_violence_exploited", 5}, {"violence.repression_violence", 3},
    {"violence.board_protection", 0.3}, {"violence.report_rate", 0.2}, {"violence.protect_half_life", 180},
    {"police.fresh_skill", 0.25}, {"police.fresh_skill_sd", 0.1}, {"police.fresh_integrity", 0.4},
    {"police.fresh_integrity_sd", 0.15}, {"police.training_rate", 0.008}, {"police.trained_skill", 0.8},
    {"police.integrity_training_rate", 0.003}, {"police.trained_integrity", 0.9},
    {"police.background_integrity", 0.25}, {"police.integrity_drift", 0.0027}, {"police.practice", 0.003},
    {"police.exposure", 0.1}, {"police.example", 0.02}, {"police.override_rate", 0.05},
    {"police.override_days", 180}, {"police.protect_gain", 0.05}, {"police.shakedown_rate", 0.03},
    {"police.shakedown_reach", 1}, {"police.tie_probability", 0.4}, {"police.tie_decay", 1.0 / 365},
    {"police.assault_probability", 0.1}, {"police.sweep_street", 0.2}, {"police.sweep_detention", 0.3},
    {"police.detention_days", 4}, {"police.deportation", 0.1}, {"police.recognise", 0.4},
    {"police.sweep_arrest", 0.1}, {"police.sweep_evidence", 0.3}, {"police.disperse_share", 0.15},
    {"police.intel_rate", 0.02}, {"police.tip_rate", 0.0003}, {"police.false_lead", 0.0001},
    {"police.case_days", 45}, {"police.leak", 0.4}, {"police.tie_leak", 0.3}, {"police.hide_days", 120},
    {"police.find", 0.22}, {"police.find_adult", 0.36}, {"police.arrest", 0.88}, {"police.arrest_linked", 0.38},
    {"police.raid_conduct", 1}, {"police.accompaniment_effect", 0.8}, {"police.raid_deportation", 0.8},
    {"police.mistaken_rescue", 0.03},
    {"care.care_days", 365}, {"care.risk_days", 180}, {"care.retraffic_care", 0.1}, {"care.retraffic_none", 0.4},
    {"care.retraffic_deported", 0.4}, {"care.adult_release_rate", 0.02}, {"care.adult_return_share", 0.77},
    {"health.outreach_rate", 1.0 / 30}, {"health.uptake", 0.6}, {"health.coerced_uptake", 0.4},
    {"health.board_uptake", 1.2}, {"health.clinic_rate", 0.012}, {"health.backlash_own", 0.3},
    {"health.backlash_district", 0.05}, {"health.sweep_backlash", 0.5}, {"health.agreement_effect", 0.3},
    {"health.access_half_life", 180},
    {"board.board_detection", 0.002}, {"board.board_removal", 0.5}, {"board.board_honesty", 0.9},
    {"board.board_obstruction", 0.5},
    {"court.remand", 0.6}, {"court.trial_days", 400}, {"court.conviction", 0.7}, {"court.court_corruption", 0.5},
    {"court.pardon", 0.03},
    {"beliefs.first_risk", 0.03}, {"beliefs.first_punishment", 0.1}, {"beliefs.w_inspection", 0.003},
    {"beliefs.w_arrest", 0.4}, {"beliefs.w_fine", 0.2}, {"beliefs.w_jail", 1}, {"beliefs.w_remand", 0.1},
    {"beliefs.punish_fine", 1}, {"beliefs.punish_jail", 1}, {"beliefs.learn_own", 0.5},
    {"beliefs.learn_linked", 0.25}, {"beliefs.learn_district", 0.08}, {"beliefs.learn_city", 0.025},
    {"beliefs.punish_own", 0.5}, {"beliefs.punish_linked", 0.25}, {"beliefs.punish_district", 0.08},
    {"beliefs.punish_city", 0.025}, {"beliefs.learn_impunity", 0.3}, {"beliefs.risk_half_life", 365},
    {"beliefs.q_base", 0.1}, {"beliefs.q_half_life", 730},
    {"survey.survey_venues", 60}, {"survey.survey_first", 0}, {"survey.survey_every", 365},
    {"costs.officer_day", 1}, {"costs.operation", 20}, {"costs.swept_site", 2}, {"costs.training_day", 0.3},
    {"costs.investigator_day", 2}, {"costs.accompanied_operation", 10}, {"costs.bed_day", 1},
    {"costs.outreach_visit", 1}, {"costs.service", 0.2},
};
/* clang-format on */

static const double FALSE_ALARM = 1e-6, Z_OF_FALSE_ALARM = 4.9;

/* ---- a world ---- */

static void hold(int status, const struct error *e)
{
    if (status != 0) fail_msg("%s", e->text);
}

void lab_set(struct lab *l, const char *path, double value)
{
    struct error e = {0};
    hold(study_set(&l->study, 0, path, value, &e), &e);
}

double lab_get(const struct lab *l, const char *path)
{
    struct error e = {0};
    int64_t group = 0;
    const struct parameter *row = study_parameter(&model, path, &group, &e);
    hold(row == NULL, &e);
    return parameter_value(row, l->study.policies[0].values.group[group]);
}

void lab_init(struct lab *l)
{
    struct error e = {0};
    *l = (struct lab){0};
    study_init(&l->study, &model);
    l->study.calendar = (struct calendar){.burn_in = LAB_BURN_IN, .horizon = LAB_HORIZON};
    hold(study_add_policy(&l->study, "policy", -1, &e), &e);
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) lab_set(l, fixed[i].path, fixed[i].value);
}

static const void *const *groups(const struct lab *l) { return (const void *const *)l->study.policies[0].values.group; }

void lab_enact(struct lab *l)
{
    for (uint32_t part = 0; part < l->world->n_cities; part++) {
        model.govern_part(l->world, part, groups(l));
        for (size_t row = 0; model.schedule[row] != NULL; row++)
            if (model.schedule[row]->enact != NULL) model.schedule[row]->enact(l->world, part, groups(l)[row]);
    }
}

void lab_open(struct lab *l, uint32_t replicate)
{
    struct error e = {0};
    struct luck luck = {.seed = l->study.seed, .replicate = replicate};
    hold(study_check_policy(&l->study, 0, &e), &e);
    const struct exchange_range all = exchange_parts(&exchange_alone, model.parts(groups(l)));
    hold(model.create(&l->world, groups(l), &all, &luck, &l->study.calendar, &e), &e);
    l->city = l->world->city;
    for (uint32_t part = 0; part < l->world->n_cities; part++) {
        hold(model.create_part(l->world, part, &e), &e);
        model.govern_part(l->world, part, groups(l));
    }
    for (size_t row = 0; model.schedule[row] != NULL; row++) {
        assert_true(row < LAB_ROWS);
        l->metrics[row] = calloc(1, model.schedule[row]->metrics_size + 1);
        assert_non_null(l->metrics[row]);
    }
    for (uint32_t part = 0; part < l->world->n_cities; part++)
        for (size_t row = 0; model.schedule[row] != NULL; row++)
            if (model.schedule[row]->start != NULL) model.schedule[row]->start(l->world, part, groups(l)[row]);
    lab_enact(l);
    lab_day(l, 1);
}

void lab_close(struct lab *l)
{
    model.destroy(l->world);
    for (size_t row = 0; row < LAB_ROWS; row++) free(l->metrics[row]);
    study_free(&l->study);
    *l = (struct lab){0};
}

struct person lab_newcomer(const struct city *c, enum class class, uint32_t number)
{
    const struct words w = luck_words(&c->luck, DRAW_NEWCOMER, number, 0);
    return newcomer(c, class, unit_interval(w.word[0]), unit_interval(w.word[1]));
}

void lab_copy(struct lab *to, const struct lab *from)
{
    struct error e = {0};
    hold(model.copy(to->world, from->world, &e), &e);
    for (uint32_t part = 0; part < from->world->n_cities; part++) hold(model.copy_part(to->world, from->world, part, &e), &e);
}

/* ---- its days ---- */

void lab_day(struct lab *l, int32_t day)
{
    for (uint32_t part = 0; part < l->world->n_cities; part++) model.dawn_part(l->world, part, day);
}

static size_t row_of(const char *submodel)
{
    int64_t row = model_group(&model, submodel);
    if (row < 0) fail_msg("there is no sub-model '%s'", submodel);
    return (size_t)row;
}

/* Tests arrange columns by hand. */
static void lab_reckon(struct lab *l)
{
    for (uint32_t i = 0; i < l->world->n_cities; i++) city_reckon(&l->world->city[i]);
}

static void step_row(struct lab *l, size_t row)
{
    lab_reckon(l);
    if (model.schedule[row]->step == NULL) return;
    for (uint32_t part = 0; part < l->world->n_cities; part++)
        model.schedule[row]->step(l->world, part, groups(l)[row], l->metrics[row]);
}

const void *lab_parameters(const struct lab *l, const char *submodel) { return groups(l)[row_of(submodel)]; }

void *lab_metrics(const struct lab *l, const char *submodel) { return l->metrics[row_of(submodel)]; }

void lab_step(struct lab *l, const char *submodel) { step_row(l, row_of(submodel)); }

void lab_observe(struct lab *l, const char *submodel)
{
    size_t row = row_of(submodel);
    model.schedule[row]->observe(l->world, 0, groups(l)[row], l->metrics[row]);
}

void lab_verify(const struct lab *l)
{
    struct error e = {0};
    hold(model.verify(l->world, &e), &e);
}

void lab_couple(struct lab *l)
{
    struct exchange alone = exchange_alone;
    struct error e = {0};
    lab_reckon(l);
    for (uint32_t part = 0; part < l->world->n_cities; part++) model.dusk_part(l->world, part);
    hold(model.couple(l->world, &alone, &e), &e);
}

void lab_live(struct lab *l, int32_t day)
{
    lab_day(l, day);
    for (size_t row = 0; model.schedule[row] != NULL; row++) step_row(l, row);
    lab_couple(l);
    lab_verify(l);
}

double lab_metric(const struct lab *l, const char *path)
{
    char submodel[STUDY_NAME];
    const char *dot = strchr(path, '.');
    assert_non_null(dot);
    snprintf(submodel, sizeof submodel, "%.*s", (int)(dot - path), path);
    size_t row = row_of(submodel);
    for (const struct metric *m = model.schedule[row]->metrics; m != NULL && m->name != NULL; m++) {
        if (strcmp(m->name, dot + 1) != 0) continue;
        const void *at = (const unsigned char *)l->metrics[row] + m->offset;
        if (!metric_is_ratio(m->kind)) return *(const double *)at;
        const struct share *share = at;
        return share->sum / share->weight;
    }
    fail_msg("there is no metric '%s'", path);
    return 0;
}

void lab_reset(struct lab *l)
{
    for (size_t row = 0; model.schedule[row] != NULL; row++)
        memset(l->metrics[row], 0, model.schedule[row]->metrics_size);
}

/* ---- its officers ---- */

void lab_officers_constant(struct lab *l)
{
    lab_set(l, "policy.general_rotation", 0);
    lab_set(l, "policy.special_rotation", 0);
    lab_set(l, "police.fresh_skill_sd", 0);
    lab_set(l, "police.fresh_integrity_sd", 0);
}

void lab_officers_are(struct lab *l, double skill, double integrity)
{
    LAB_ALL(l, skill, l->city->officers, (float)skill);
    LAB_ALL(l, integrity, l->city->officers, (float)integrity);
}

double lab_signals(const struct lab *l, enum signal_kind kind)
{
    double n = 0;
    for (uint32_t i = 0; i < l->city->n_signals; i++) n += l->city->signals[i].kind == kind;
    return n;
}

/* ---- its persons ---- */

uint32_t lab_fill(struct lab *l, uint32_t place, enum class class, uint32_t n)
{
    struct person person = {.fear = -INFINITY, .supplier = NOBODY, .class = (uint8_t) class, .due = UINT16_MAX};
    uint32_t first = UINT32_MAX;
    for (uint32_t i = 0; i < n; i++) {
        assert_true(free_seat(l->city, place) != UINT32_MAX);
        uint32_t seat = seat_enter(l->city, place, person);
        if (i == 0) first = seat;
    }
    return first;
}

void lab_empty(struct lab *l)
{
    struct city *c = l->city;
    for (uint32_t place = 0; place < c->places; place++)
        for (uint64_t m = c->occupied[place]; m;) seat_leave(c, next_seat(c, place, &m));
    c->gone += c->n_absent;
    c->n_absent = c->in_care = 0;
}

/* ---- whole studies ---- */

void lab_study_set(struct study *s, int64_t policy, const char *path, double value)
{
    struct error e = {0};
    hold(study_set(s, policy, path, value, &e), &e);
}

void lab_add_policies(struct study *s)
{
    static const char *const names[] = {"status_quo", "sweeps", "professional_rescue", "no_police"};
    static const struct {
        enum lab_policy policy;
        const char *lever;
        double value;
    } levers[] = {
        {LAB_SWEEPS, "sweep_rate", 3},
        {LAB_SWEEPS, "sweep_sites", 4},
        {LAB_SWEEPS, "sweep_integrity", -0.1},
        {LAB_PROFESSIONAL, "special_officers", 20},
        {LAB_PROFESSIONAL, "special_training", 1},
        {LAB_PROFESSIONAL, "special_oversight", 0.9},
        {LAB_PROFESSIONAL, "operations_per_month", 3.5},
        {LAB_PROFESSIONAL, "accompaniment", 1},
        {LAB_PROFESSIONAL, "immigration_out", 1},
        {LAB_PROFESSIONAL, "ngo_investigators", 8},
        {LAB_PROFESSIONAL, "legal_support", 1},
        {LAB_PROFESSIONAL, "care_beds", 120},
        {LAB_PROFESSIONAL, "adult_support", 0.5},
        {LAB_PROFESSIONAL, "agreement", 1},
        {LAB_NO_POLICE, "police", 0},
    };
    struct error e = {0};
    for (int i = 0; i < LAB_POLICIES; i++) hold(study_add_policy(s, names[i], i ? 0 : -1, &e), &e);
    for (size_t i = 0; i < sizeof levers / sizeof *levers; i++) {
        char path[64];
        snprintf(path, sizeof path, "policy.%s", levers[i].lever);
        lab_study_set(s, levers[i].policy, path, levers[i].value);
    }
}

/* ---- statistics ---- */

static void judge(double tail, double observed, double expected, const char *file, int line)
{
    if (2 * tail > FALSE_ALARM) return;
    print_error("observed %.9g, expected %.9g: so far off, or farther, once in %.3g\n", observed, expected, 0.5 / tail);
    _fail(file, line);
}

double binomial_tail(double count, double n, double p)
{
    if (p <= 0 || p >= 1 || n == 0) return count == (p >= 1 ? n : 0) ? 1 : 0;
    double log_term =
        lgamma(n + 1) - lgamma(count + 1) - lgamma(n - count + 1) + count * log(p) + (n - count) * log1p(-p);
    double term = exp(log_term), tail = term, odds = p / (1 - p);
    if (count > n * p)
        for (double k = count; k < n && term > tail * 1e-9; k++) tail += term *= (n - k) / (k + 1) * odds;
    else
        for (double k = count; k > 0 && term > tail * 1e-9; k--) tail += term *= k / (n - k + 1) / odds;
    return tail;
}

void lab_binomial(double count, double n, double p, const char *file, int line)
{
    judge(binomial_tail(count, n, p), count, n * p, file, line);
}

void lab_poisson(double count, double mean, const char *file, int line)
{
    double term = mean > 0 ? exp(count * log(mean) - mean - lgamma(count + 1)) : count == 0, tail = term;
    if (count > mean)
        for (double k = count; term > tail * 1e-9; k++) tail += term *= mean / (k + 1);
    else
        for (double k = count; k > 0 && term > tail * 1e-9; k--) tail += term *= k / mean;
    judge(tail, count, mean, file, line);
}

void lab_mean(double observed, double n, double mean, double sd, const char *file, int line)
{
    double z = (observed - mean) / (sd / sqrt(n));
    if (fabs(z) < Z_OF_FALSE_ALARM) return;
    print_error("observed mean %.9g, expected %.9g: z = %.3g\n", observed, mean, z);
    _fail(file, line);
}

void lab_close_to(double a, double b, double tolerance, const char *file, int line)
{
    if (a == b || fabs(a - b) <= tolerance) return;
    print_error("%.17g is not %.17g (tolerance %g)\n", a, b, tolerance);
    _fail(file, line);
}

/* Writing what a results file tells of its making. */
#include "sim/provenance.h"

#include <stdlib.h>
#include <string.h>

/* The words of a choice, "a|b|c", as CF writes them: values 0, 1, 2 and meanings "a b c". */
static void flag_attributes(struct hdf *f, hid_t dataset, const char *words)
{
    char meanings[512];
    int32_t values[128];
    size_t n = 1;
    snprintf(meanings, sizeof meanings, "%s", words);
    for (char *c = meanings; *c != '\0'; c++) {
        if (*c != '|') continue;
        *c = ' ';
        n++;
    }
    if (n > sizeof values / sizeof *values) return;
    for (size_t i = 0; i < n; i++) values[i] = (int32_t)i;
    hdf_attribute_numbers(f, dataset, "flag_values", H5T_NATIVE_INT32, values, n);
    hdf_attribute(f, dataset, "flag_meanings", meanings);
}

static void parameter_attributes(struct hdf *f, hid_t dataset, const struct parameter *row)
{
    static const char *const roles[] = {[ROLE_lever] = "lever", [ROLE_uncertain] = "uncertain", [ROLE_structural] = "structural"};
    const bool real = row->type == FIELD_real, words = row->type == FIELD_choice;
    hdf_attribute(f, dataset, "role", roles[row->role]);
    static const char *const names[] = {"default", "valid_min", "valid_max"};
    const double numbers[] = {row->initial, row->minimum, row->maximum};
    for (size_t i = 0; i < (words ? 1 : 3); i++) {
        int32_t whole = (int32_t)numbers[i];
        if (real) hdf_attribute_numbers(f, dataset, names[i], H5T_NATIVE_DOUBLE, &numbers[i], 1);
        if (!real) hdf_attribute_numbers(f, dataset, names[i], H5T_NATIVE_INT32, &whole, 1);
    }
    if (words) flag_attributes(f, dataset, row->unit);
    if (row->type == FIELD_flag) flag_attributes(f, dataset, "false|true");
    hdf_attribute(f, dataset, "source", row->source);
    hdf_describe(f, dataset, words ? "1" : row->unit, row->meaning);
}

/* Whole numbers as such: HDF5 clears a megabyte for every dataset for which it has to convert. */
static void write_whole(struct hdf *f, hid_t dataset, const double *values, size_t n)
{
    int32_t *whole = malloc(n * sizeof *whole);
    if (whole == NULL) {
        hdf_no_memory(f, "a parameter's values", (double)n * sizeof *whole);
        return;
    }
    for (size_t i = 0; i < n; i++) whole[i] = (int32_t)values[i];
    hdf_write_whole(f, dataset, whole, n);
    free(whole);
}

/* A parameter's values along the one dimension of `shape`. */
static void write_values(struct hdf *f, hid_t group, const char *of, const struct parameter *row, const struct hdf_shape *shape,
                         const double *values)
{
    char name[256];
    snprintf(name, sizeof name, "%s.%s", of, row->name);
    const bool real = row->type == FIELD_real;
    hid_t dataset = hdf_dataset(f, group, name, real ? H5T_IEEE_F64LE : H5T_STD_I32LE, shape, false);
    if (real) hdf_write_doubles(f, dataset, values, (size_t)shape->size[0]);
    else write_whole(f, dataset, values, (size_t)shape->size[0]);
    parameter_attributes(f, dataset, row);
    hdf_close_dataset(f, dataset);
}

static void write_parameter(struct hdf *f, const struct study *s, hid_t group, size_t g,
                            const struct parameter *row, const struct hdf_shape *shape)
{
    const uint32_t n = s->n_policies;
    double *values = malloc(n * sizeof *values);
    if (values == NULL) {
        hdf_no_memory(f, "a parameter's values", (double)n * sizeof *values);
        return;
    }
    for (uint32_t i = 0; i < n; i++) values[i] = parameter_value(row, s->policies[i].values.group[g]);
    write_values(f, group, s->model->schedule[g]->name, row, shape, values);
    free(values);
}

static void write_parameters(struct hdf *f, const struct study *s)
{
    hid_t group = hdf_group(f, "parameters");
    hid_t policy = hdf_labels_scale(f, group, "policy", s->policies, sizeof *s->policies, s->n_policies);
    const hsize_t n = s->n_policies;
    struct hdf_shape shape = {.rank = 1, .size = {n}, .chunk = {n}, .scale = {policy}};
    for (size_t g = 0; s->model->schedule[g] != NULL; g++) {
        const struct parameter *rows = s->model->schedule[g]->parameters;
        for (size_t i = 0; i < parameter_count(rows); i++) write_parameter(f, s, group, g, &rows[i], &shape);
    }
    hdf_close_dataset(f, policy);
    hdf_close_group(f, group);
}

static void write_phases(struct hdf *f, const struct study *s, hid_t group, size_t n, int32_t *numbers,
                         const char **scenario, const char **policy)
{
    size_t i = 0;
    for (uint32_t k = 0; k < s->n_scenarios; k++) {
        for (uint32_t p = 0; p < s->scenarios[k].n_phases; p++, i++) {
            numbers[i] = (int32_t)i;
            numbers[n + i] = s->scenarios[k].phases[p].day;
            scenario[i] = s->scenarios[k].name;
            policy[i] = s->policies[s->scenarios[k].phases[p].policy].name;
        }
    }
    hid_t phase = hdf_numbers_scale(f, group, "phase", numbers, n);
    hdf_describe(f, phase, "1", "phase: a policy that rules a scenario from a day on");
    struct hdf_shape shape = {.rank = 1, .size = {n}, .chunk = {n}, .scale = {phase}};
    hid_t day = hdf_dataset(f, group, "phase_day", H5T_STD_I32LE, &shape, false);
    hdf_write_whole(f, day, numbers + n, n);
    hdf_describe(f, day, "day", "days since the policy starts on which the phase begins");
    hid_t of = hdf_strings(f, group, "phase_scenario", scenario, n, phase);
    hid_t rule = hdf_strings(f, group, "phase_policy", policy, n, phase);
    hdf_attribute(f, of, "long_name", "scenario of the phase");
    hdf_attribute(f, rule, "long_name", "policy of the phase");
    hdf_close_dataset(f, rule);
    hdf_close_dataset(f, of);
    hdf_close_dataset(f, day);
    hdf_close_dataset(f, phase);
}

static void write_config(struct hdf *f, const struct study *s, const char *config)
{
    size_t n = 0;
    for (uint32_t k = 0; k < s->n_scenarios; k++) n += s->scenarios[k].n_phases;
    hid_t group = hdf_group(f, "config");
    hdf_string(f, group, "text", config);
    int32_t *numbers = calloc(2 * n + 1, sizeof *numbers);
    const char **names = calloc(2 * n + 1, sizeof *names);
    if (numbers != NULL && names != NULL) {
        write_phases(f, s, group, n, numbers, names, names + n);
    } else {
        hdf_no_memory(f, "the phases", (double)n * 2 * sizeof *names);
    }
    free(numbers);
    free(names);
    hdf_close_group(f, group);
}

/* ---- the design ---- */

static void write_problems(struct hdf *f, hid_t group, hid_t point, const struct results_content *content)
{
    const uint32_t n = content->design->n_points;
    const char **texts = malloc(n * sizeof *texts);
    if (texts == NULL) {
        hdf_no_memory(f, "the problems of points", (double)n * sizeof *texts);
        return;
    }
    for (uint32_t i = 0; i < n; i++) texts[i] = content->problems[i] != NULL ? content->problems[i] : "";
    hid_t dataset = hdf_strings(f, group, "problem", texts, n, point);
    hdf_attribute(f, dataset, "long_name", "why a point, or one of its replicates, could not be run; empty: all were");
    hdf_close_dataset(f, dataset);
    free(texts);
}

static void write_design(struct hdf *f, const struct results_content *content)
{
    const struct design *d = content->design;
    const hsize_t n = d->n_points, chunk = n < 32768 ? n : 32768;
    hid_t group = hdf_group(f, "design"), point = hdf_points_scale(f, group, d->n_points);
    struct hdf_shape shape = {.rank = 1, .size = {n}, .chunk = {chunk}, .scale = {point}};
    double *values = malloc(n * sizeof *values);
    if (values == NULL) hdf_no_memory(f, "a parameter's values", (double)n * sizeof *values);
    for (uint32_t k = 0; values != NULL && k < d->n_columns; k++) {
        for (uint32_t i = 0; i < d->n_points; i++) values[i] = d->values[(size_t)i * d->n_columns + k];
        write_values(f, group, d->model->schedule[d->columns[k].group]->name, d->columns[k].row, &shape, values);
    }
    free(values);
    write_problems(f, group, point, content);
    hdf_close_dataset(f, point);
    hdf_close_group(f, group);
}

static void write_output(struct hdf *f, const struct study *s)
{
    static const char *const words[] = {[OUTPUT_all] = "all", [OUTPUT_quantiles] = "quantiles", [OUTPUT_summary] = "summary"};
    const int32_t replicates = (int32_t)s->replicates;
    hdf_attribute(f, f->file, "output", words[s->output]);
    hdf_attribute_numbers(f, f->file, "replicates", H5T_NATIVE_INT32, &replicates, 1);
}

static void write_root(struct hdf *f, const struct study *s, const struct results_provenance *p)
{
    char seed[32];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)s->seed);
    hdf_attribute(f, f->file, "title", s->model->title);
    hdf_attribute(f, f->file, "Conventions", "CF-1.10");
    hdf_attribute(f, f->file, "program", "enforcesim");
    hdf_attribute(f, f->file, "program_version", p->program_version);
    hdf_attribute(f, f->file, "model", s->model->name);
    hdf_attribute(f, f->file, "model_version", s->model->version);
    hdf_attribute(f, f->file, "git_commit", p->commit);
    hdf_attribute(f, f->file, "compiler", p->compiler);
    hdf_attribute(f, f->file, "study", s->name);
    hdf_attribute(f, f->file, "baseline", s->policies[s->baseline].name);
    hdf_attribute_numbers(f, f->file, "seed", H5T_NATIVE_UINT64, &s->seed, 1);
    hdf_attribute(f, f->file, "seed_text", seed); /* for readers without 64-bit integers */
    hdf_attribute_numbers(f, f->file, "burn_in", H5T_NATIVE_INT32, &s->calendar.burn_in, 1);
    hdf_attribute_numbers(f, f->file, "horizon", H5T_NATIVE_INT32, &s->calendar.horizon, 1);
    hdf_attribute_numbers(f, f->file, "record_every", H5T_NATIVE_INT32, &s->record_every, 1);
    write_output(f, s);
    hdf_attribute(f, f->file, "digest_covers",
                  "names, values and attributes of everything in this file but created, history, compiler, git_commit and digest");
    hdf_attribute(f, f->file, "history", p->history);
    hdf_attribute(f, f->file, "created", p->created);
}

void provenance_write(struct hdf *f, const struct results_content *content)
{
    write_parameters(f, content->study);
    write_config(f, content->study, content->config);
    if (content->design != NULL) write_design(f, content);
    write_root(f, content->study, &content->provenance);
}

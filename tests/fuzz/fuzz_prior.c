/* Fuzz target: prior files. What is accepted has distributions within their parameters' ranges, and designs drawn from it by every
 * method hold values that are finite, of their type and in their range, or are refused in one line. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/design_sample.h"
#include "tests/fuzz/fuzz.h"

extern const struct model model;

static char path[PATH_MAX];

static void check_entry(const struct prior_entry *entry)
{
    const struct distribution *d = &entry->distribution;
    const struct parameter *row = entry->row;
    bool is_word = row->type == FIELD_flag || row->type == FIELD_choice;
    double least = is_word ? 0 : row->minimum, most = row->type == FIELD_choice ? 20 : is_word ? 1 : row->maximum;
    fuzz_require(row->role != ROLE_lever && entry->where[0] != '\0', row->name);
    fuzz_require(d->minimum >= least && d->maximum <= most, row->name);
    fuzz_require(d->kind == QUANTILE_fixed ? d->minimum == d->maximum : d->minimum < d->maximum, row->name);
    double before = d->minimum;
    for (int i = 0; i <= 64; i++) {
        double x = quantile_value(d, i / 64.0);
        fuzz_require(x >= before - 1e-9 * fabs(before) && x >= d->minimum && x <= d->maximum, row->name);
        before = x;
    }
}

static void check_design(const struct design_plan *plan)
{
    struct design d;
    struct error e = {0};
    if (design_sample(&d, plan, &e) != 0) {
        fuzz_require(e.kind == ERROR_INPUT && d.values == NULL, e.text);
        fuzz_one_line(&e);
        return;
    }
    for (uint32_t i = 0; i < d.n_columns; i++) {
        const struct distribution *of = &plan->entries[i]->distribution;
        for (uint32_t point = 0; point < d.n_points; point++) {
            double value = d.values[(size_t)point * d.n_columns + i];
            fuzz_require(value >= of->minimum && value <= of->maximum, d.columns[i].row->name);
            fuzz_require(d.columns[i].row->type == FIELD_real || value == floor(value), d.columns[i].row->name);
        }
    }
    design_free(&d);
}

static void check_designs(const struct prior *p)
{
    static const uint32_t n[] = {[DESIGN_lhs] = 9, [DESIGN_sobol] = 2, [DESIGN_morris] = 2, [DESIGN_grid] = 3};
    for (int method = DESIGN_lhs; method <= DESIGN_grid; method++) {
        struct design_plan plan = {
            .model = p->model, .method = (enum design_method)method, .seed = 1, .n = n[method], .levels = 4};
        struct error e = {0};
        if (design_choose(&plan, p, NULL, 0, &e) == 0)
            check_design(&plan);
        else
            fuzz_require(e.kind == ERROR_INPUT, e.text);
        design_plan_free(&plan);
    }
}

int fuzz_prior(const uint8_t *data, size_t size)
{
    struct prior p;
    struct error e = {0};
    snprintf(path, sizeof path, "%s/prior.cfg", fuzz_folder());
    fuzz_write(path, data, size);
    double begun = fuzz_cpu();
    if (prior_read(&p, &model, path, &e) != 0) {
        fuzz_require(p.entries == NULL && p.n_entries == 0, e.text);
        fuzz_refused(&e, path);
        return 0;
    }
    fuzz_accepted(begun);
    fuzz_require(p.n_entries > 0, path);
    for (uint32_t i = 0; i < p.n_entries; i++) {
        fuzz_require(i == 0 || p.entries[i - 1].position < p.entries[i].position, p.entries[i].row->name);
        check_entry(&p.entries[i]);
    }
    check_designs(&p);
    prior_free(&p);
    return 0;
}

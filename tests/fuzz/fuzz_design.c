/* Fuzz target: designs of experiments. The input is the CSV file, tried on a small study. What is accepted has values that are
 * finite, of their type and in their range, each column once; written plainly and read again it is the same; and trying its
 * points leaves the study as it was. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config.h"
#include "sim/design.h"
#include "tests/fuzz/fuzz.h"

extern const struct model model;

enum { MOST_TRIED = 200 }; /* points: to try more takes long and shows nothing new */

static const char base[] =
    "policies : { status_quo : { }; sweeps : { sweep_rate = 2; }; };\n"
    "scenarios = ( { name = \"a\"; policy = \"status_quo\"; }, { name = \"b\"; policy = \"sweeps\"; } );\n";

static char path[PATH_MAX], again[PATH_MAX];
static struct study study;
static char *text; /* of the study */

static void load_study(void)
{
    char config[PATH_MAX];
    struct error e = {0};
    snprintf(config, sizeof config, "%s/base.cfg", fuzz_folder());
    snprintf(path, sizeof path, "%s/design.csv", fuzz_folder());
    snprintf(again, sizeof again, "%s/again.csv", fuzz_folder());
    fuzz_write(config, base, strlen(base));
    fuzz_require(config_load(&study, &text, &model, config, NULL, &e) == 0, e.text);
}

static void check_values(const struct design *d)
{
    fuzz_require(d->n_points > 0 && d->n_columns > 0, "no empty design");
    for (uint32_t i = 0; i < d->n_columns; i++) {
        const struct parameter *row = d->columns[i].row;
        double most = row->type == FIELD_flag ? 1 : row->type == FIELD_choice ? 20 : row->maximum;
        double least = row->type == FIELD_flag || row->type == FIELD_choice ? 0 : row->minimum;
        fuzz_require(row->role != ROLE_lever, row->name);
        for (uint32_t k = 0; k < i; k++) fuzz_require(d->columns[k].row != row, row->name);
        for (uint32_t point = 0; point < d->n_points; point++) {
            double value = d->values[(size_t)point * d->n_columns + i];
            fuzz_require(isfinite(value) && value >= least && value <= most, row->name);
            fuzz_require(row->type == FIELD_real || value == floor(value), row->name);
        }
    }
}

static void check_again(const struct design *d)
{
    struct design other;
    struct error e = {0};
    FILE *out = fopen(again, "w");
    if (out == NULL) fuzz_wrong(__FILE__, __LINE__, "opened", again);
    for (uint32_t i = 0; i < d->n_columns; i++) {
        const char *group = model.schedule[d->columns[i].group]->name;
        fprintf(out, "%s%s.%s", i > 0 ? "," : "", group, d->columns[i].row->name);
    }
    for (uint32_t point = 0; point < d->n_points; point++) {
        for (uint32_t i = 0; i < d->n_columns; i++) {
            char value[100];
            parameter_print(d->columns[i].row, d->values[(size_t)point * d->n_columns + i], value, sizeof value);
            fprintf(out, "%s%s", i > 0 ? "," : "\n", value);
        }
    }
    fclose(out);
    fuzz_require(design_read(&other, &model, again, &e) == 0, e.text);
    size_t size = (size_t)d->n_points * d->n_columns * sizeof *d->values;
    fuzz_require(other.n_points == d->n_points && other.n_columns == d->n_columns, again);
    fuzz_require(memcmp(d->values, other.values, size) == 0, again);
    design_free(&other);
}

static void check_study(const struct design *d)
{
    struct error e = {0};
    char *now = NULL;
    if (d->n_points > MOST_TRIED) return;
    double seconds = fuzz_seconds;
    if (design_check(d, path, &study, &e) != 0) fuzz_refused(&e, path);
    fuzz_seconds = seconds;
    e = (struct error){0};
    fuzz_require(config_write_text(&study, &now, &e) == 0, e.text);
    fuzz_require(strcmp(now, text) == 0, "trying a design leaves the study as it was");
    free(now);
}

int fuzz_design(const uint8_t *data, size_t size)
{
    if (text == NULL) load_study();
    fuzz_write(path, data, size);
    struct design d;
    struct error e = {0};
    double begun = fuzz_cpu();
    if (design_read(&d, &model, path, &e) != 0) {
        fuzz_require(d.values == NULL && d.lines == NULL, e.text);
        fuzz_refused(&e, path);
        return 0;
    }
    fuzz_accepted(begun);
    check_values(&d);
    check_again(&d);
    check_study(&d);
    design_free(&d);
    return 0;
}

/* Designs of experiments: writing them as CSV. The head says, in comments, all that is needed to draw the same again, and what
 * SALib has to be told. */
#include "sim/design_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/files.h"
#include "sim/version.h"

/* ---- numbers ---- */

/* The shortest text that reads back as the same number: up to fifteen digits always do. */
static void print_number(FILE *out, double value)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    fputs(text, out);
}

/* Flags are numbers here and words stand without quotes, as statisticians' programs like it. */
static void print_value(FILE *out, const struct parameter *row, double value)
{
    if (row->type != FIELD_choice) {
        print_number(out, value);
        return;
    }
    const char *word = row->unit;
    for (int i = 0; i < (int)value; i++) word = strchr(word, '|') + 1;
    fprintf(out, "%.*s", (int)strcspn(word, "|"), word);
}

/* ---- the head ---- */

static void print_key(FILE *out, const char *key, double value)
{
    fprintf(out, "%s", key);
    print_number(out, value);
}

static void print_distribution(FILE *out, const struct prior_entry *entry)
{
    static const char *const names[] = {"uniform", "log_uniform", "triangular", "normal", "beta", "fixed"};
    const struct distribution *d = &entry->distribution;
    fputs(names[d->kind], out);
    if (d->kind == QUANTILE_fixed) {
        fputs(" at ", out);
        print_value(out, entry->row, d->minimum);
        return;
    }
    fputs(" from ", out);
    print_value(out, entry->row, d->minimum);
    fputs(" to ", out);
    print_value(out, entry->row, d->maximum);
    if (entry->row->type == FIELD_choice) fprintf(out, " (%s)", entry->row->unit);
    if (d->kind == QUANTILE_triangular) print_key(out, ", mode ", d->mode);
    if (d->kind == QUANTILE_normal) print_key(out, ", mean ", d->mean);
    if (d->kind == QUANTILE_normal) print_key(out, ", sd ", d->sd);
    if (d->kind == QUANTILE_beta) print_key(out, ", alpha ", d->alpha);
    if (d->kind == QUANTILE_beta) print_key(out, ", beta ", d->beta);
}

static const char *group_name(const struct design_plan *plan, const struct prior_entry *entry)
{
    return plan->model->schedule[entry->group]->name;
}

/* SALib's `problem` as JSON: what varies, and from where to where. Choices are counted from 0. */
static void print_problem(FILE *out, const struct design_plan *plan)
{
    fprintf(out, "# problem: {\"num_vars\": %u, \"names\": [", plan->n_varied);
    for (uint32_t i = 0; i < plan->n_varied; i++) {
        const struct prior_entry *entry = plan->entries[i];
        fprintf(out, "%s\"%s.%s\"", i > 0 ? ", " : "", group_name(plan, entry), entry->row->name);
    }
    fputs("], \"bounds\": [", out);
    for (uint32_t i = 0; i < plan->n_varied; i++) {
        fputs(i > 0 ? ", [" : "[", out);
        print_number(out, plan->entries[i]->distribution.minimum);
        print_key(out, ", ", plan->entries[i]->distribution.maximum);
        fputc(']', out);
    }
    fputs("]}\n", out);
}

static void print_method(FILE *out, const struct design_plan *plan)
{
    fprintf(out, "# method: %s\n# n: %u\n", design_methods[plan->method], plan->n);
    switch (plan->method) {
    case DESIGN_lhs:
        fprintf(out, "# points: %s\n", plan->centred ? "in the middle of their strata" : "anywhere in their strata");
        break;
    case DESIGN_sobol:
        fprintf(out, "# analysis: SALib.analyze.sobol.analyze(problem, Y, calc_second_order=%s)\n",
                plan->second_order ? "True" : "False");
        break;
    case DESIGN_morris:
        fprintf(out, "# levels: %u\n# analysis: SALib.analyze.morris.analyze(problem, X, Y, num_levels=%u)\n",
                plan->levels, plan->levels);
        break;
    case DESIGN_grid: break;
    }
}

static void print_head(FILE *out, const struct design_plan *plan, const char *source)
{
    char clean[300];
    snprintf(clean, sizeof clean, "%s", source);
    error_clean(clean);
    fprintf(out, "# enforcesim design %s\n# model: %s %s\n# seed: %llu\n", version_number(), plan->model->name,
            plan->model->version, (unsigned long long)plan->seed);
    print_method(out, plan);
    fprintf(out, "# distributions: %s\n", clean);
    for (uint32_t i = 0; i < plan->n_entries; i++) {
        fprintf(out, "# %s.%s: ", group_name(plan, plan->entries[i]), plan->entries[i]->row->name);
        print_distribution(out, plan->entries[i]);
        fputc('\n', out);
    }
    print_problem(out, plan);
    for (uint32_t i = 0; i < plan->n_entries; i++)
        fprintf(out, "%s%s.%s", i > 0 ? "," : "", group_name(plan, plan->entries[i]), plan->entries[i]->row->name);
    fputc('\n', out);
}

static void print_points(FILE *out, const struct design *d)
{
    for (uint32_t point = 0; point < d->n_points; point++) {
        for (uint32_t i = 0; i < d->n_columns; i++) {
            if (i > 0) fputc(',', out);
            print_value(out, d->columns[i].row, d->values[(size_t)point * d->n_columns + i]);
        }
        fputc('\n', out);
    }
}

/* The whole file as a text, to be freed, or without `d` its head alone; NULL when there is no memory. */
static char *make_text(const struct design *d, const struct design_plan *plan, const char *source, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (out == NULL) return NULL;
    print_head(out, plan, source);
    if (d != NULL) print_points(out, d);
    bool good = !ferror(out);
    if (fclose(out) == 0 && good) return text;
    free(text);
    return NULL;
}

/* ---- the file ---- */

int design_number_lines(struct design *d, const struct design_plan *plan, const char *source, struct error *e)
{
    size_t size = 0;
    char *head = make_text(NULL, plan, source, &size);
    if (head == NULL) return error_memory(e, "the head of the design", (double)size);
    uint32_t lines = 0;
    for (size_t i = 0; i < size; i++) lines += head[i] == '\n';
    for (uint32_t i = 0; i < d->n_points; i++) d->lines[i] = lines + 1 + i;
    free(head);
    return 0;
}

int design_write(const char *path, bool replace, const struct design *d, const struct design_plan *plan,
                 const char *source, struct error *e)
{
    size_t size = 0;
    char *text = make_text(d, plan, source, &size);
    if (text == NULL) return error_memory(e, "the text of the design", (double)size);
    int status = 0;
    if (path == NULL) fwrite(text, 1, size, stdout); /* a failure shows in `stdout` */
    else status = files_write(path, replace, text, size, e);
    free(text);
    return status;
}

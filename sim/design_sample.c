/* Designs of experiments: choosing their points. Every method fills the unit cube; quantiles make values of that. */
#include "sim/design_sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/random.h"
#include "sim/sobol.h"

const char *const design_methods[] = {"lhs", "sobol", "morris", "grid", NULL};

/* Who draws. A study of the same seed draws at other addresses: its replicates and days are fewer. */
enum purpose { STRATUM, JITTER, SCRAMBLE, BASE, ORDER };

static struct luck luck_of(const struct design_plan *plan)
{
    return (struct luck){.seed = plan->seed, .replicate = UINT32_MAX, .day = UINT32_MAX};
}

/* ---- values ---- */

/* What a parameter is at the share u of its distribution. Of whole numbers the distribution reaches half a unit further at both
 * ends and is rounded, so that the ends weigh as much as the others. */
static double value_at(const struct prior_entry *entry, double u)
{
    struct distribution d = entry->distribution;
    if (d.kind == QUANTILE_fixed || entry->row->type == FIELD_real) return quantile_value(&d, u) + 0.0;
    const double least = d.minimum, most = d.maximum;
    d.minimum -= 0.5;
    d.maximum += 0.5;
    double value = floor(quantile_value(&d, u) + 0.5);
    return (value < least ? least : value > most ? most : value) + 0.0;
}

static double *point_of(const struct design *d, uint64_t point) { return &d->values[point * d->n_columns]; }

/* ---- how many points ---- */

static uint64_t points_each(const struct design_plan *plan)
{
    const uint64_t varied = plan->n_varied;
    switch (plan->method) {
    case DESIGN_sobol: return plan->second_order ? 2 * varied + 2 : varied + 2;
    case DESIGN_morris: return varied + 1;
    case DESIGN_lhs:
    case DESIGN_grid: break;
    }
    return 1;
}

static uint64_t most_points(const struct design_plan *plan)
{
    const uint64_t by_values = DESIGN_MAX_VALUES / plan->n_entries;
    return by_values < DESIGN_MAX_POINTS ? by_values : DESIGN_MAX_POINTS;
}

static int too_many(const struct design_plan *plan, double points, struct error *e)
{
    char hint[100] = "";
    uint64_t n = most_points(plan) / points_each(plan);
    if (plan->method == DESIGN_sobol) {
        while ((n & (n - 1)) != 0) n &= n - 1;
    }
    if (plan->method != DESIGN_grid && n > 1) snprintf(hint, sizeof hint, ", here -n %llu", (unsigned long long)n);
    return error_set(e, ERROR_INPUT,
                     "-n %u gives %.15g points of %u columns; allowed: at most %d points and %d values in all%s; "
                     "fewer columns (--parameters) allow a larger -n",
                     plan->n, points, plan->n_entries, DESIGN_MAX_POINTS, DESIGN_MAX_VALUES, hint);
}

/* ---- Latin hypercube ---- */

static int sample_lhs(struct design *d, const struct design_plan *plan, struct error *e)
{
    const struct luck luck = luck_of(plan);
    uint32_t *strata = calloc(plan->n, sizeof *strata);
    if (strata == NULL) return error_memory(e, "the design", (double)plan->n * sizeof *strata);
    for (uint32_t column = 0; column < plan->n_varied; column++) {
        const struct prior_entry *entry = plan->entries[column];
        for (uint32_t i = 0; i < plan->n; i++) { /* a random order, from the inside out (Durstenfeld 1964) */
            uint32_t other = luck_pick(&luck, STRATUM, i, entry->position, i + 1);
            strata[i] = strata[other];
            strata[other] = i;
        }
        for (uint32_t i = 0; i < plan->n; i++) {
            double jitter = plan->centred ? 0.5 : luck_uniform(&luck, JITTER, i, entry->position);
            point_of(d, i)[column] = value_at(entry, (strata[i] + jitter) / plan->n);
        }
    }
    free(strata);
    return 0;
}

/* ---- Sobol' ---- */

struct saltelli {
    uint32_t directions[2 * DESIGN_MAX_COLUMNS][SOBOL_BITS];
    double a[DESIGN_MAX_COLUMNS], b[DESIGN_MAX_COLUMNS];
};
_Static_assert(2 * DESIGN_MAX_COLUMNS <= (int)SOBOL_MAX_DIMENSIONS, "two dimensions for every column");

static double coordinate(const struct saltelli *s, const struct luck *luck, uint32_t dimension, uint32_t point)
{
    uint32_t plain = sobol_coordinate(s->directions[dimension], point);
    return unit_interval(sobol_scramble(plain, luck, SCRAMBLE, dimension));
}

/* The rows of one point of the sequence, in SALib's order: A, A with each column from B, [B with each column from A,] B. */
static void cross(struct design *d, const struct design_plan *plan, const struct saltelli *s, uint64_t row)
{
    const size_t size = plan->n_varied * sizeof *s->a;
    memcpy(point_of(d, row++), s->a, size);
    for (uint32_t i = 0; i < plan->n_varied; i++, row++) {
        memcpy(point_of(d, row), s->a, size);
        point_of(d, row)[i] = s->b[i];
    }
    for (uint32_t i = 0; plan->second_order && i < plan->n_varied; i++, row++) {
        memcpy(point_of(d, row), s->b, size);
        point_of(d, row)[i] = s->a[i];
    }
    memcpy(point_of(d, row), s->b, size);
}

static int sample_sobol(struct design *d, const struct design_plan *plan, struct error *e)
{
    const struct luck luck = luck_of(plan);
    const uint32_t n_varied = plan->n_varied;
    struct saltelli *s = calloc(1, sizeof *s);
    if (s == NULL) return error_memory(e, "the design", sizeof *s);
    for (uint32_t i = 0; i < 2 * n_varied; i++) sobol_directions(i, s->directions[i]);
    for (uint32_t point = 0; point < plan->n; point++) {
        for (uint32_t i = 0; i < n_varied; i++) {
            s->a[i] = value_at(plan->entries[i], coordinate(s, &luck, i, point));
            s->b[i] = value_at(plan->entries[i], coordinate(s, &luck, n_varied + i, point));
        }
        cross(d, plan, s, point * points_each(plan));
    }
    free(s);
    return 0;
}

/* ---- Morris ---- */

static int no_step(const struct prior_entry *entry, const struct design_plan *plan, struct error *e)
{
    return error_set(e, ERROR_INPUT,
                     "%s%s%s.%s has the same value on two levels that morris compares; allowed: a wider or flatter "
                     "distribution, or its exclusion (--parameters)",
                     entry->where, entry->where[0] != '\0' ? ": " : "",
                     plan->model->schedule[entry->group]->name, entry->row->name);
}

/* One trajectory: from a random point of the grid, each column makes its step of half the levels once, in a random order. */
static int walk(struct design *d, const struct design_plan *plan, uint32_t trajectory, struct error *e)
{
    const struct luck luck = luck_of(plan);
    const uint32_t n = plan->n_varied, half = plan->levels / 2;
    const double most = plan->levels - 1;
    double from[DESIGN_MAX_COLUMNS] = {0}, to[DESIGN_MAX_COLUMNS] = {0};
    uint32_t order[DESIGN_MAX_COLUMNS] = {0};
    for (uint32_t i = 0; i < n; i++) {
        const struct prior_entry *entry = plan->entries[i];
        struct words words = luck_words(&luck, BASE, trajectory, entry->position);
        uint32_t low = (uint32_t)((uint64_t)words.word[0] * half >> 32);
        bool rises = words.word[1] >> 31 != 0;
        from[i] = value_at(entry, (rises ? low : low + half) / most);
        to[i] = value_at(entry, (rises ? low + half : low) / most);
        if (from[i] == to[i]) return no_step(entry, plan, e);
        uint32_t other = luck_pick(&luck, ORDER, trajectory, i, i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    const uint64_t first = (uint64_t)trajectory * (n + 1);
    memcpy(point_of(d, first), from, n * sizeof *from);
    for (uint32_t i = 0; i < n; i++) {
        memcpy(point_of(d, first + i + 1), point_of(d, first + i), n * sizeof *from);
        point_of(d, first + i + 1)[order[i]] = to[order[i]];
    }
    return 0;
}

static int sample_morris(struct design *d, const struct design_plan *plan, struct error *e)
{
    for (uint32_t i = 0; i < plan->n; i++) {
        if (walk(d, plan, i, e) != 0) return -1;
    }
    return 0;
}

/* ---- grid ---- */

/* The number of a column's levels: all values of a flag, of a choice and of a whole number with few; n otherwise. */
static uint32_t levels_of(const struct prior_entry *entry, const struct design_plan *plan)
{
    const struct distribution *d = &entry->distribution;
    double values = d->maximum - d->minimum + 1;
    bool is_word = entry->row->type == FIELD_flag || entry->row->type == FIELD_choice;
    return is_word || (entry->row->type == FIELD_whole && values <= plan->n) ? (uint32_t)values : plan->n;
}

static double level_at(const struct prior_entry *entry, const struct design_plan *plan, uint32_t level)
{
    const uint32_t n = levels_of(entry, plan);
    bool all = entry->row->type != FIELD_real && n == entry->distribution.maximum - entry->distribution.minimum + 1;
    return all ? entry->distribution.minimum + level : value_at(entry, n > 1 ? level / (double)(n - 1) : 0.5);
}

/* The levels of a column, each value once; to be freed. */
static double *levels(const struct prior_entry *entry, const struct design_plan *plan, uint32_t *n, struct error *e)
{
    const uint32_t most = levels_of(entry, plan);
    double *values = calloc(most, sizeof *values);
    *n = 0;
    if (values == NULL) {
        error_memory(e, "the levels", (double)most * sizeof *values);
        return NULL;
    }
    for (uint32_t i = 0; i < most; i++) {
        double value = level_at(entry, plan, i);
        if (*n == 0 || value != values[*n - 1]) values[(*n)++] = value;
    }
    return values;
}

/* Counts the points of a grid; fills them in when they are no more than d->n_points. The last column changes fastest. */
static int fill_grid(struct design *d, const struct design_plan *plan, double *points, struct error *e)
{
    *points = 1;
    for (uint32_t column = plan->n_varied; column-- > 0;) {
        uint32_t n;
        double *values = levels(plan->entries[column], plan, &n, e);
        if (values == NULL) return -1;
        for (uint32_t i = 0; i < d->n_points; i++) point_of(d, i)[column] = values[(uint64_t)i / (uint64_t)*points % n];
        *points *= n;
        free(values);
    }
    return 0;
}

static int sample_grid(struct design *d, const struct design_plan *plan, struct error *e)
{
    double points;
    return fill_grid(d, plan, &points, e);
}

/* ---- all ---- */

static int check_plan(const struct design_plan *plan, struct error *e)
{
    const uint32_t n = plan->n;
    if (plan->method == DESIGN_sobol && (n < 2 || (n & (n - 1)) != 0))
        return error_set(e, ERROR_INPUT, "-n %u is not allowed; allowed for sobol: a power of two, 2, 4, 8, 16, ...",
                         n);
    if (n == 0 || n > DESIGN_MAX_POINTS)
        return error_set(e, ERROR_INPUT, "-n %u is out of range; allowed: a whole number from 1 to %d", n,
                         DESIGN_MAX_POINTS);
    const uint32_t levels = plan->levels;
    if (plan->method != DESIGN_morris || (levels >= 2 && levels <= DESIGN_MAX_LEVELS && levels % 2 == 0)) return 0;
    return error_set(e, ERROR_INPUT, "--levels %u is not allowed; allowed: an even number from 2 to %d", levels,
                     DESIGN_MAX_LEVELS);
}

static int allocate(struct design *d, const struct design_plan *plan, uint32_t n_points, struct error *e)
{
    const size_t values = (size_t)n_points * plan->n_entries;
    d->n_columns = plan->n_entries;
    d->n_points = n_points;
    for (uint32_t i = 0; i < plan->n_entries; i++)
        d->columns[i] = (struct design_column){.row = plan->entries[i]->row, .group = plan->entries[i]->group};
    d->values = calloc(values, sizeof *d->values);
    d->lines = calloc(n_points, sizeof *d->lines);
    if (d->values == NULL || d->lines == NULL)
        return error_memory(e, "the design", (double)(values * sizeof *d->values));
    for (uint32_t i = 0; i < n_points; i++) {
        d->lines[i] = i + 2;
        for (uint32_t k = plan->n_varied; k < plan->n_entries; k++)
            point_of(d, i)[k] = plan->entries[k]->distribution.minimum;
    }
    return 0;
}

int design_sample(struct design *d, const struct design_plan *plan, struct error *e)
{
    static int (*const methods[])(struct design *, const struct design_plan *,
                                  struct error *) = {[DESIGN_lhs] = sample_lhs,
                                                     [DESIGN_sobol] = sample_sobol,
                                                     [DESIGN_morris] = sample_morris,
                                                     [DESIGN_grid] = sample_grid};
    *d = (struct design){.model = plan->model};
    if (check_plan(plan, e) != 0) return -1;
    double points = (double)plan->n * (double)points_each(plan);
    if (plan->method == DESIGN_grid && fill_grid(d, plan, &points, e) != 0) return -1;
    if (points > (double)most_points(plan)) return too_many(plan, points, e);
    int status = allocate(d, plan, (uint32_t)points, e);
    if (status == 0) status = methods[plan->method](d, plan, e);
    if (status != 0) design_free(d);
    return status;
}

uint32_t design_invalid(const struct design *d, struct study *s, uint32_t *first, struct error *cause)
{
    uint32_t invalid = 0;
    for (uint32_t point = 0; point < d->n_points; point++) {
        struct error e = {0};
        if (design_place(d, point, 1, s, &e) != 0 && invalid++ == 0) {
            *first = point;
            *cause = e;
        }
    }
    return invalid;
}

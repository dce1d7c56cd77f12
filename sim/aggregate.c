/* Counts, sums and bins of many records: see the header. */
#include "sim/aggregate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 wide;

enum {
    SIGN = 1 << 18,     /* keys from here on are those of values that are not negative, in their order */
    KEYS = 2 * SIGN,
    DROPPED = 52 - 7,   /* bits of the mantissa */
    FIRST_BINS = 8,     /* capacities are powers of two, so that keys can be hashed */
    MANY_BINS = 400,    /* more than a cell commonly has */
};

static const double LARGEST = 0x1p51; /* of a value in its unit: the squares of STUDY_MAX_REPLICATES such do not overflow */

const char *const aggregate_names[AGGREGATE_STATISTICS] = {"n",   "mean", "sd",  "minimum", "q05",      "q25",
                                                           "q50", "q75",  "q95", "maximum", "negative", "zero"};

struct bin {
    uint32_t key, count; /* count 0: the place is free */
};

struct cell {
    wide sum, squares;
    double minimum, maximum;
    struct bin *bins; /* a hash table */
    uint32_t n_bins, capacity;
    uint32_t n, beyond, broken; /* values; those too large for the sums; those that are not whole */
};

struct aggregate {
    const struct record *record;
    struct cell *cells;
    unsigned char *units; /* a bit for each */
    size_t n_cells, differences; /* where the differences begin */
    uint32_t n_units, count;
};

/* A multiple of four, so that numbers after it are aligned. */
static size_t units_size(const struct aggregate *a) { return (a->n_units / 32 + (size_t)1) * 4; }

/* ---- sizes ---- */

static uint32_t key_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t magnitude = (uint32_t)(bits << 1 >> (DROPPED + 1));
    return bits >> 63 != 0 ? SIGN - 1 - magnitude : SIGN + magnitude;
}

static double edge_of(uint32_t magnitude)
{
    const uint64_t bits = (uint64_t)magnitude << DROPPED;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The middle of a bin; `whole`: of the whole numbers in it. */
static double middle_of(uint32_t key, bool whole)
{
    const uint32_t magnitude = key >= SIGN ? key - SIGN : SIGN - 1 - key;
    double low = edge_of(magnitude), high = edge_of(magnitude + 1), middle = low;
    if (whole && isfinite(high)) {
        low = ceil(low);
        high = ceil(high) - 1;
    }
    if (magnitude != 0 && isfinite(high)) middle = low + (high - low) / 2;
    return key >= SIGN ? middle : -middle;
}

/* ---- bins ---- */

static struct bin *place_of(struct bin *bins, uint32_t capacity, uint32_t key)
{
    uint32_t at = key * UINT32_C(2654435769);
    for (at = (at ^ at >> 15) & (capacity - 1); bins[at].count != 0 && bins[at].key != key; at = (at + 1) & (capacity - 1)) {
    }
    return &bins[at];
}

/* Room for one more: at most three quarters of the places are taken. */
static int cell_grow(struct cell *cell, struct error *e)
{
    if (4 * (cell->n_bins + 1) <= 3 * cell->capacity) return 0;
    const uint32_t capacity = cell->capacity == 0 ? FIRST_BINS : 2 * cell->capacity;
    struct bin *bins = calloc(capacity, sizeof *bins);
    if (bins == NULL) return error_memory(e, "the quantiles", (double)capacity * sizeof *bins);
    for (uint32_t i = 0; i < cell->capacity; i++)
        if (cell->bins[i].count != 0) *place_of(bins, capacity, cell->bins[i].key) = cell->bins[i];
    free(cell->bins);
    cell->bins = bins;
    cell->capacity = capacity;
    return 0;
}

static int cell_count(struct cell *cell, uint32_t key, uint32_t count, struct error *e)
{
    if (cell_grow(cell, e) != 0) return -1;
    struct bin *bin = place_of(cell->bins, cell->capacity, key);
    cell->n_bins += bin->count == 0;
    bin->key = key;
    bin->count += count;
    return 0;
}

static int by_key(const void *a, const void *b)
{
    const struct bin *left = a, *right = b;
    return left->key < right->key ? -1 : left->key > right->key;
}

/* The bins in the order of their values, to be freed; NULL: no memory. */
static struct bin *sorted(const struct cell *cell)
{
    struct bin *bins = malloc((cell->n_bins + 1) * sizeof *bins);
    if (bins == NULL) return NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; i < cell->capacity; i++)
        if (cell->bins[i].count != 0) bins[n++] = cell->bins[i];
    qsort(bins, n, sizeof *bins, by_key);
    return bins;
}

/* ---- values ---- */

static double unit_of(const struct record *record, size_t metric)
{
    const enum metric_kind kind = record->entries[metric].metric->kind;
    return metric_is_ratio(kind) ? 0x1p-40 : kind == METRIC_stock ? 0x1p-20 : 0x1p-10;
}

static int cell_add(struct cell *cell, double value, double scale, struct error *e)
{
    if (isnan(value)) return 0;
    value += 0.0; /* of the two zeros the one without a sign */
    const double scaled = value * scale;
    if (fabs(scaled) <= LARGEST) {
        const wide whole = llrint(scaled);
        cell->sum += whole;
        cell->squares += whole * whole;
    } else {
        cell->beyond++;
    }
    if (cell->n == 0 || value < cell->minimum) cell->minimum = value;
    if (cell->n == 0 || value > cell->maximum) cell->maximum = value;
    cell->broken += floor(value) != value;
    cell->n++;
    return cell_count(cell, key_of(value), 1, e);
}

/* Cell by cell, so that a cell's bins stay at hand. */
int aggregate_add(struct aggregate *a, const double *records, const uint32_t *units, size_t n, struct error *e)
{
    const struct record *r = a->record;
    for (size_t at = 0; at < r->values; at++) {
        const double scale = 1 / unit_of(r, at / r->length % r->n_metrics);
        for (size_t i = 0; i < n; i++)
            if (cell_add(&a->cells[at], records[i * r->values + at], scale, e) != 0) return -1;
    }
    for (size_t s = 0; s < r->n_scenarios; s++) {
        for (size_t m = 0; m < r->n_metrics; m++) {
            struct cell *cell = &a->cells[aggregate_difference(a, s, m)];
            const double scale = 1 / unit_of(r, m);
            const size_t ours = record_at(r, s, m) + r->length - 1, theirs = record_at(r, r->baseline, m) + r->length - 1;
            for (size_t i = 0; i < n; i++) {
                const double *values = records + i * r->values;
                if (cell_add(cell, values[ours] - values[theirs], scale, e) != 0) return -1;
            }
        }
    }
    for (size_t i = 0; i < n; i++) a->units[units[i] / 8] |= (unsigned char)(1u << units[i] % 8);
    a->count += (uint32_t)n;
    return 0;
}

static int cell_merge(struct cell *cell, const struct cell *from, struct error *e)
{
    if (from->n == 0) return 0;
    if (cell->n == 0 || from->minimum < cell->minimum) cell->minimum = from->minimum;
    if (cell->n == 0 || from->maximum > cell->maximum) cell->maximum = from->maximum;
    cell->sum += from->sum;
    cell->squares += from->squares;
    cell->n += from->n;
    cell->beyond += from->beyond;
    cell->broken += from->broken;
    for (uint32_t i = 0; i < from->capacity; i++)
        if (from->bins[i].count != 0 && cell_count(cell, from->bins[i].key, from->bins[i].count, e) != 0) return -1;
    return 0;
}

int aggregate_merge(struct aggregate *a, const struct aggregate *from, struct error *e)
{
    if (a->n_cells != from->n_cells || a->n_units != from->n_units)
        return error_set(e, ERROR_INPUT, "quantiles of two different studies cannot be put together");
    for (uint32_t unit = 0; unit < a->n_units; unit++)
        if (aggregate_has(a, unit) && aggregate_has(from, unit))
            return error_set(e, ERROR_INPUT, "replicate %u is in this one and in one before it; allowed: each once", unit);
    for (size_t i = 0; i < a->n_cells; i++)
        if (cell_merge(&a->cells[i], &from->cells[i], e) != 0) return -1;
    for (size_t i = 0; i < units_size(a); i++) a->units[i] |= from->units[i];
    a->count += from->count;
    return 0;
}

/* ---- the whole ---- */

int aggregate_create(struct aggregate **a, const struct record *record, uint32_t units, struct error *e)
{
    const size_t differences = record->n_scenarios * record->n_metrics, cells = record->values + differences;
    *a = calloc(1, sizeof **a);
    if (*a != NULL) {
        **a = (struct aggregate){.record = record, .cells = calloc(cells + 1, sizeof *(*a)->cells), .n_cells = cells,
                                 .differences = record->values, .n_units = units};
        (*a)->units = calloc(units_size(*a), 1);
        if ((*a)->cells != NULL && (*a)->units != NULL) return 0;
    }
    aggregate_free(*a);
    *a = NULL;
    return error_memory(e, "the quantiles", (double)cells * sizeof(struct cell));
}

void aggregate_free(struct aggregate *a)
{
    if (a == NULL) return;
    for (size_t i = 0; a->cells != NULL && i < a->n_cells; i++) free(a->cells[i].bins);
    free(a->cells);
    free(a->units);
    free(a);
}

bool aggregate_has(const struct aggregate *a, uint32_t unit) { return unit < a->n_units && (a->units[unit / 8] >> unit % 8 & 1) != 0; }

uint32_t aggregate_count(const struct aggregate *a) { return a->count; }

size_t aggregate_cells(const struct aggregate *a) { return a->n_cells; }

size_t aggregate_difference(const struct aggregate *a, size_t scenario, size_t metric)
{
    return a->differences + scenario * a->record->n_metrics + metric;
}

/* ---- statistics ---- */

/* The value that has `rank` others below it. */
static double ranked(const struct cell *cell, const struct bin *bins, uint32_t rank)
{
    if (rank == 0) return cell->minimum;
    if (rank == cell->n - 1) return cell->maximum;
    uint32_t i = 0;
    for (uint64_t below = bins[0].count; below <= rank && i + 1 < cell->n_bins;) below += bins[++i].count;
    return fmin(fmax(middle_of(bins[i].key, cell->broken == 0), cell->minimum), cell->maximum);
}

static double quantile(const struct cell *cell, const struct bin *bins, double share)
{
    const double place = (cell->n - 1) * share, below = floor(place);
    const double low = ranked(cell, bins, (uint32_t)below);
    if (place == below) return low;
    return low + (place - below) * (ranked(cell, bins, (uint32_t)below + 1) - low);
}

/* The sums of squares are taken about the mean in whole numbers first: nothing is lost by cancelling. */
static void moments(const struct cell *cell, double unit, double *mean, double *sd)
{
    const wide n = cell->n, middle = cell->sum / n, rest = cell->sum - n * middle;
    const wide squares = cell->squares - 2 * middle * cell->sum + n * middle * middle;
    const double r = (double)rest, count = cell->n;
    *mean = unit * ((double)middle + r / count);
    if (cell->n > 1) *sd = unit * sqrt(fmax(((double)squares - r * (r / count)) / (count - 1), 0));
}

int aggregate_tell(const struct aggregate *a, size_t number, double statistics[AGGREGATE_STATISTICS], struct error *e)
{
    static const double shares[] = {0.05, 0.25, 0.5, 0.75, 0.95};
    const struct cell *cell = &a->cells[number];
    const size_t metrics = a->record->n_metrics;
    const size_t metric = number < a->differences ? number / a->record->length % metrics : (number - a->differences) % metrics;
    for (int i = 0; i < AGGREGATE_STATISTICS; i++) statistics[i] = (double)NAN;
    statistics[AGGREGATE_n] = cell->n;
    statistics[AGGREGATE_negative] = statistics[AGGREGATE_zero] = 0;
    if (cell->n == 0) return 0;
    struct bin *bins = sorted(cell);
    if (bins == NULL) return error_memory(e, "the quantiles", (double)cell->n_bins * sizeof *bins);
    statistics[AGGREGATE_minimum] = cell->minimum;
    statistics[AGGREGATE_maximum] = cell->maximum;
    if (cell->beyond == 0)
        moments(cell, unit_of(a->record, metric), &statistics[AGGREGATE_mean], &statistics[AGGREGATE_sd]);
    for (int i = 0; i < 5; i++) statistics[AGGREGATE_q05 + i] = quantile(cell, bins, shares[i]);
    for (uint32_t i = 0; i < cell->n_bins && bins[i].key <= SIGN; i++)
        statistics[bins[i].key < SIGN ? AGGREGATE_negative : AGGREGATE_zero] += bins[i].count;
    free(bins);
    return 0;
}

/* ---- bytes ----
 *
 * The bits of the units, then of each cell n (4 bytes) and, where that is not 0, a struct fixed and its bins by key. */

struct fixed {
    wide sum, squares;
    double minimum, maximum;
    uint32_t beyond, broken, n_bins, unused;
};

size_t aggregate_size(const struct aggregate *a)
{
    size_t size = units_size(a);
    for (size_t i = 0; i < a->n_cells; i++) {
        const struct cell *cell = &a->cells[i];
        size += sizeof cell->n + (cell->n > 0 ? sizeof(struct fixed) + cell->n_bins * sizeof(struct bin) : 0);
    }
    return size;
}

double aggregate_expected(const struct record *record, uint32_t units)
{
    const double cells = (double)record->values + (double)(record->n_scenarios * record->n_metrics);
    const uint32_t bins = units < MANY_BINS ? units : MANY_BINS;
    return units / 8.0 + cells * (double)(sizeof(uint32_t) + sizeof(struct fixed) + bins * sizeof(struct bin));
}

void aggregate_write(const struct aggregate *a, unsigned char *bytes)
{
    memcpy(bytes, a->units, units_size(a));
    bytes += units_size(a);
    for (size_t i = 0; i < a->n_cells; i++) {
        const struct cell *cell = &a->cells[i];
        memcpy(bytes, &cell->n, sizeof cell->n);
        bytes += sizeof cell->n;
        if (cell->n == 0) continue;
        const struct fixed fixed = {.sum = cell->sum, .squares = cell->squares, .minimum = cell->minimum, .maximum = cell->maximum,
                                    .beyond = cell->beyond, .broken = cell->broken, .n_bins = cell->n_bins};
        memcpy(bytes, &fixed, sizeof fixed);
        bytes += sizeof fixed;
        struct bin *bins = (struct bin *)(void *)bytes; /* aligned, see units_size; sorted where they stand */
        uint32_t n = 0;
        for (uint32_t k = 0; k < cell->capacity; k++)
            if (cell->bins[k].count != 0) memcpy(&bins[n++], &cell->bins[k], sizeof *bins);
        qsort(bins, n, sizeof *bins, by_key);
        bytes += n * sizeof *bins;
    }
}

struct source {
    const unsigned char *at;
    size_t left;
};

static bool take(struct source *source, void *to, size_t size)
{
    if (size > source->left) return false;
    memcpy(to, source->at, size);
    source->at += size;
    source->left -= size;
    return true;
}

static bool is_possible(const struct cell *cell, const struct fixed *f, uint32_t units)
{
    const wide most = (wide)cell->n << 51;
    return cell->n <= units && f->beyond <= cell->n && f->broken <= cell->n && f->n_bins > 0 && f->n_bins <= cell->n &&
           f->sum <= most && f->sum >= -most && f->squares >= 0 && f->squares <= most << 51 && f->minimum <= f->maximum;
}

/* 0; 1: damaged; -1: no memory. */
static int cell_read(struct cell *cell, struct source *source, uint32_t units, struct error *e)
{
    struct fixed f;
    if (!take(source, &cell->n, sizeof cell->n)) return 1;
    if (cell->n == 0) return 0;
    if (!take(source, &f, sizeof f) || !is_possible(cell, &f, units)) return 1;
    cell->sum = f.sum;
    cell->squares = f.squares;
    cell->minimum = f.minimum;
    cell->maximum = f.maximum;
    cell->beyond = f.beyond;
    cell->broken = f.broken;
    uint64_t counted = 0, before = 0;
    for (uint32_t i = 0; i < f.n_bins; i++) {
        struct bin bin;
        if (!take(source, &bin, sizeof bin) || bin.count == 0 || bin.key >= KEYS || (i > 0 && bin.key <= before)) return 1;
        if ((counted += bin.count) > cell->n) return 1;
        before = bin.key;
        if (cell_count(cell, bin.key, bin.count, e) != 0) return -1;
    }
    return counted == cell->n ? 0 : 1;
}

int aggregate_read(struct aggregate *a, const unsigned char *bytes, size_t size, struct error *e)
{
    struct source source = {bytes, size};
    int status = take(&source, a->units, units_size(a)) ? 0 : 1;
    for (uint32_t unit = 0; status == 0 && unit < units_size(a) * 8; unit++) {
        const bool has = (a->units[unit / 8] >> unit % 8 & 1) != 0;
        if (has && unit >= a->n_units) status = 1;
        a->count += has;
    }
    for (size_t i = 0; status == 0 && i < a->n_cells; i++) status = cell_read(&a->cells[i], &source, a->count, e);
    if (status == 0 && source.left > 0) status = 1;
    return status <= 0 ? status : error_set(e, ERROR_INPUT, "its quantiles so far are damaged; --force starts afresh");
}

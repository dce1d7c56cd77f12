/* Measures what a run will take. It happens in a process of its own, which is killed when it takes too long: making one world of
 * a huge study may need more than the time there is. */
#include "sim/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <zlib.h>

#include "sim/apart.h"
#include "sim/progress.h"

/* Seconds: until the process is killed, of a first and of the second measurement, and what one replicate may take to be measured
 * as it is. */
static const double KILLED_AFTER = 2.0, FIRST = 0.35, SECOND = 0.95, MEASURABLE = 0.9, LARGE_WORLD = 0.6;

enum { SAMPLE_BYTES = 6 * 1024 * 1024, CHUNK = 256 * 1024 };

/* The units of one measurement and how far it is. */
struct measurement {
    const struct run_options *options; /* of the run */
    uint32_t threads;
    const struct record *record;
    const uint32_t *units;    /* to be run, spread over all there are */
    uint32_t n_units;
    atomic_uint next;
    uint32_t divided;         /* units of this measurement in one of those */
    double started, limit;
    atomic_int stop;
    uint32_t done;
    bool kept;                /* values are as the run would keep them */
    double *sample;           /* values of units, or NULL */
    size_t sampled, samples;  /* units */
    struct seen {
        double person_days, seconds;
        double unit_person_days; /* of a whole unit */
        double making;           /* seconds to make a unit's world */
        uint32_t done, begun;
        double compressed;
        double shortened;
        bool whole;
    } *seen; /* [2] of the first measurement and of the second, in memory that outlives the process */
};

static uint32_t next(void *context)
{
    struct measurement *m = context;
    const uint32_t i = atomic_fetch_add(&m->next, 1);
    return i < m->n_units ? m->units[i] * m->divided : UINT32_MAX;
}

static int place(void *context, uint32_t point, struct study *own, struct error *e)
{
    const struct measurement *m = context;
    return m->options->place(m->options->context, point, own, e);
}

static void pack(void *context, uint32_t scenarios, const double *values, double *packed)
{
    const struct measurement *m = context;
    record_pack(m->record, values, scenarios, packed);
}

static int done(void *context, uint32_t unit, const double *values, struct error *e)
{
    struct measurement *m = context;
    (void)unit, (void)e;
    m->done++;
    if (m->kept && m->sample != NULL && m->sampled < m->samples)
        memcpy(m->sample + m->sampled++ * m->record->values, values, m->record->values * sizeof *values);
    return 0;
}

static void progressed(void *context, const struct run_progress *latest)
{
    struct measurement *m = context;
    m->seen->person_days = (double)latest->person_days;
    m->seen->seconds = progress_clock() - m->started;
    m->seen->done = m->done;
    if (m->seen->seconds > m->limit) atomic_store(&m->stop, 1);
}

/* Runs units until the limit; what was seen is in m->seen. kept: as the run would keep them. */
static void measure(struct measurement *m, const struct study *s, double limit, bool kept)
{
    struct error ignored = {0};
    struct run_options options = {.threads = m->options->threads, .stop = &m->stop, .by_scenario = m->divided > 1, .next = next,
                                  .points = m->options->points, .place = m->options->place != NULL ? place : NULL,
                                  .done = done, .progress = progressed, .context = m};
    if (kept) {
        options.pack = pack;
        options.packed = m->record->values;
    }
    m->limit = limit;
    m->done = 0;
    m->kept = kept;
    m->seen->person_days = m->seen->seconds = 0;
    atomic_store(&m->stop, 0);
    const uint32_t before = atomic_load(&m->next);
    m->started = progress_clock();
    study_run(s, &options, &ignored);
    const uint32_t after = atomic_load(&m->next);
    m->seen->begun = (after < m->n_units ? after : m->n_units) - before;
    m->seen->done = m->done;
}

/* ---- how the values compress ---- */

/* Bytes that HDF5's shuffle and deflate make of n doubles; -1 without memory. */
static double deflated(const double *values, size_t n)
{
    const unsigned char *bytes = (const unsigned char *)values;
    const size_t total = n * sizeof *values;
    uLongf size = compressBound(total);
    unsigned char *shuffled = malloc(total), *out = malloc(size);
    double result = -1;
    if (shuffled != NULL && out != NULL) {
        for (size_t i = 0; i < total; i++) shuffled[i % sizeof *values * n + i / sizeof *values] = bytes[i];
        if (compress2(out, &size, shuffled, total, 1) == Z_OK) result = (double)size;
    }
    free(shuffled);
    free(out);
    return result;
}

/* Of the sample: chunks of a metric in a scenario, the series of one unit after another. The run's chunks are longer: so what counts
 * is how much longer the second half makes the first. */
static double compressed_share(const struct measurement *m)
{
    const struct record *r = m->record;
    const size_t row = r->length * sizeof(double), most = CHUNK / row > 0 ? CHUNK / row : 1;
    const size_t n = m->sampled < most ? m->sampled : most, half = n / 2;
    double *chunk = malloc(n * row + 1), before = 0, after = 0;
    for (size_t at = 0; chunk != NULL && n > 0 && at < r->values; at += r->length) {
        for (size_t i = 0; i < n; i++) memcpy(chunk + i * r->length, m->sample + i * r->values + at, row);
        const double size = deflated(chunk, n * r->length), first = half > 0 ? deflated(chunk, half * r->length) : 0;
        if (size < 0 || first < 0) break;
        before += (double)((n - half) * row);
        after += fmax(size - first, 0);
    }
    free(chunk);
    return before > 0 ? after / before : 0;
}

/* ---- fewer days ---- */

static int32_t fewer(int32_t days, double share) { return days == 0 ? 0 : (int32_t)fmax(1, round(days * share)); }

/* The study with this share of its days. */
static int shorten(struct study *to, const struct study *s, double share, struct error *e)
{
    if (study_copy(to, s, e) != 0) return -1;
    to->calendar.burn_in = fewer(s->calendar.burn_in, share);
    to->calendar.horizon = fewer(s->calendar.horizon, share);
    if (to->record_before > to->calendar.burn_in) to->record_before = to->calendar.burn_in;
    for (uint32_t i = 0; i < to->n_scenarios; i++) {
        struct scenario *scenario = &to->scenarios[i];
        uint32_t n = 1;
        for (uint32_t k = 1; k < scenario->n_phases; k++) {
            const int32_t day = fewer(scenario->phases[k].day, share);
            if (day <= scenario->phases[n - 1].day || day >= to->calendar.horizon) continue;
            scenario->phases[n] = scenario->phases[k];
            scenario->phases[n++].day = day;
        }
        scenario->n_phases = n;
    }
    return 0;
}

static double days_of(const struct study *s) { return s->calendar.burn_in + (double)s->n_scenarios * s->calendar.horizon; }

/* How many person-days a unit has: a day of a few of them. -1: none could be simulated. */
static int count_persons(struct measurement *m, const struct study *s, struct error *e)
{
    struct study day;
    if (shorten(&day, s, 0, e) != 0) return -1;
    day.calendar = (struct calendar){.horizon = 1};
    day.record_before = 0;
    for (uint32_t i = 0; i < day.n_scenarios; i++) day.scenarios[i].n_phases = 1;
    const uint32_t all = m->n_units;
    m->divided = s->n_scenarios; /* the first scenario of each */
    if (all > 3) m->n_units = 3;
    measure(m, &day, KILLED_AFTER, false);
    m->n_units = all;
    m->divided = 1;
    atomic_store(&m->next, 0);
    study_free(&day);
    if (m->seen->done == 0 || !(m->seen->person_days > 0)) return -1;
    m->seen->unit_person_days = m->seen->person_days / m->seen->done * days_of(s);
    m->seen->making = m->seen->seconds / m->seen->done;
    return 0;
}

/* ---- the whole ---- */

struct work {
    struct measurement m;
    const struct study *s;
};

/* Whole units of this share of the days. */
static int measure_shortened(struct measurement *m, const struct study *s, double share, struct error *e)
{
    struct study shorter;
    struct record record = {0};
    const struct record *own = m->record;
    if (shorten(&shorter, s, share, e) != 0) return -1;
    int status = record_create(&record, &shorter, e);
    if (status == 0) {
        m->record = &record;
        m->sampled = 0;
        m->samples = SAMPLE_BYTES / sizeof(double) / record.values;
        atomic_store(&m->next, 0);
        m->seen->shortened = days_of(&shorter) / days_of(s);
        measure(m, &shorter, SECOND, true);
        if (m->sampled > 0) m->seen->compressed = compressed_share(m);
        m->record = own;
        m->sampled = 0;
    }
    record_free(&record);
    study_free(&shorter);
    return status;
}

static int measure_all(struct measurement *m, const struct study *s, struct error *e)
{
    if (count_persons(m, s, e) != 0) return -1;
    const bool large = m->seen->seconds > LARGE_WORLD;
    m->seen->shortened = 1;
    measure(m, s, large ? KILLED_AFTER : FIRST, true);
    m->seen->whole = m->seen->done == m->n_units;
    if (m->sampled > 0) m->seen->compressed = compressed_share(m);
    if (m->seen->whole || large || !(m->seen->person_days > 0)) return 0;
    const uint32_t threads = m->threads < m->n_units ? m->threads : m->n_units;
    const double unit_seconds = m->seen->unit_person_days * threads * m->seen->seconds / m->seen->person_days;
    m->seen[1] = (struct seen){.unit_person_days = m->seen->unit_person_days, .making = m->seen->making, .compressed = m->seen->compressed};
    m->seen++;
    if (unit_seconds <= MEASURABLE) {
        m->seen->shortened = 1;
        if (atomic_load(&m->next) >= m->n_units) atomic_store(&m->next, 0);
        measure(m, s, SECOND, true);
        if (m->sampled > 0) m->seen->compressed = compressed_share(m);
        return 0;
    }
    return measure_shortened(m, s, MEASURABLE / 2 / unit_seconds, e);
}

static int work(void *context, struct error *e)
{
    struct work *w = context;
    const struct itimerval timer = {.it_value = {.tv_sec = (time_t)KILLED_AFTER,
                                                 .tv_usec = (suseconds_t)(1e6 * (KILLED_AFTER - floor(KILLED_AFTER)))}};
    setitimer(ITIMER_REAL, &timer, NULL); /* its signal ends this process */
    return measure_all(&w->m, w->s, e);
}

static uint64_t divisor(uint64_t a, uint64_t b) { return b == 0 ? a : divisor(b, a % b); }

/* The units to be run, in an order in which any first few are spread over all. */
static uint32_t *spread(const struct study *s, const struct run_options *options, uint32_t *n)
{
    const uint32_t all = study_run_units(s, options);
    uint32_t *left = calloc((size_t)all + 1, sizeof *left), *order = calloc((size_t)all + 1, sizeof *order);
    *n = 0;
    for (uint32_t unit = 0; left != NULL && order != NULL && unit < all; unit++) {
        if (options->skip == NULL || !options->skip[unit]) left[(*n)++] = unit;
    }
    uint64_t step = (uint64_t)(0.6180339887 * *n) + 1; /* with no divisor in common with n it comes to all of them */
    while (*n > 0 && divisor(step, *n) > 1) step++;
    for (uint32_t i = 0; left != NULL && order != NULL && i < *n; i++) order[i] = left[i * step % *n];
    free(left);
    return order;
}

static void conclude(struct plan *plan, const struct seen *seen)
{
    plan->person_days = seen->unit_person_days * plan->left;
    plan->compressed = seen->compressed;
    plan->measured = seen->seconds;
    plan->shortened = seen->shortened;
    plan->seconds = -1;
    if (plan->left == 0) plan->seconds = 0;
    if (plan->left == 0 || !(seen->shortened > 0) || !(seen->person_days > 0)) return;
    plan->basis = seen->whole ? PLAN_WHOLE : seen->shortened < 1 ? PLAN_SHORTENED : PLAN_PREFIX;
    plan->replicates = seen->person_days / (seen->unit_person_days * seen->shortened);
    /* Worlds are made once for each unit, however short its days. */
    const double living = fmax(seen->seconds / 2, seen->seconds - seen->making * seen->begun);
    plan->seconds = seen->whole ? seen->seconds : plan->left * seen->making + plan->person_days * living / seen->person_days;
}

int plan_measure(struct plan *plan, const struct study *s, const struct run_options *options, uint32_t threads,
                 const struct record *record, struct error *e)
{
    struct work w = {.s = s, .m = {.options = options, .threads = threads, .record = record, .divided = 1}};
    struct error ended = {0};
    *plan = (struct plan){0};
    uint32_t *units = spread(s, options, &plan->left);
    struct seen *seen = apart_shared(2 * sizeof *seen);
    w.m.samples = SAMPLE_BYTES / sizeof(double) / record->values;
    w.m.sample = malloc(SAMPLE_BYTES);
    int status = 0;
    if (units == NULL || seen == NULL) {
        status = error_memory(e, "the plan", (double)plan->left * sizeof *units);
    } else {
        w.m.units = units;
        w.m.n_units = plan->left;
        w.m.seen = seen;
        if (plan->left > 0) apart_work(work, &w, "the measurement", &ended);
        conclude(plan, seen[1].person_days > 0 ? &seen[1] : seen);
        if (ended.kind == ERROR_INTERRUPTED) status = error_set(e, ended.kind, "%s", ended.text);
    }
    free(w.m.sample);
    free(units);
    return status;
}

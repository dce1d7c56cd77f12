/* The engine's loop: units (replicates, or those of a design's points) on threads, one burn-in each, and a copy of the burnt-in
 * world for every scenario. */
#include "sim/run.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "sim/tally.h"

enum {
    SPREAD_FROM = 100000,   /* persons in a world from which on a day's parts are worth a task each */
    REPORT_EVERY = 1 << 24, /* person-days between two calls of progress from one thread            */
};

/* A world and what its sub-models have counted. */
struct slot {
    struct world *world;
    struct tally tally;
    uint32_t parts;
    uint64_t person_days; /* not reported yet */
    struct slot *next;    /* among the spare ones */
};

/* What all threads of a run share: constant but for the last block, which is guarded by the mutex or atomic. */
struct job {
    const struct study *s; /* gives the shape; a unit's own study the parameters */
    const struct model *model;
    const struct run_options *options;
    struct tally_layout layout;
    uint32_t threads;

    pthread_mutex_t mutex;
    struct error error;
    struct run_progress progress;
    struct slot *spare;
    atomic_bool ended;
    atomic_bool exhausted; /* no unit is left to begin */
    atomic_uint begun;     /* units, those skipped included: where nobody else says which is the next */
    atomic_uint busy;      /* threads that simulate */
};

/* A replicate, of a point where there is a design; or some of its scenarios. */
struct unit {
    struct job *job;
    const struct study *s;
    uint32_t number, replicate;
    uint32_t scenario, scenarios; /* the first, and how many */
    double *values;
    struct error error; /* guarded by the job's mutex */
    atomic_bool broken;
};

/* ---- the job ---- */

static void fail(struct job *job, const struct error *error)
{
    pthread_mutex_lock(&job->mutex);
    if (job->error.kind == ERROR_NONE) job->error = *error;
    pthread_mutex_unlock(&job->mutex);
    atomic_store(&job->ended, true);
}

/* Of a design, one unit alone. */
static void unit_fail(struct unit *unit, const struct error *error)
{
    if (unit->job->options->points == 0) {
        fail(unit->job, error);
        return;
    }
    pthread_mutex_lock(&unit->job->mutex);
    if (unit->error.kind == ERROR_NONE) unit->error = *error;
    pthread_mutex_unlock(&unit->job->mutex);
    atomic_store(&unit->broken, true);
}

/* -1 when the run, or this unit, is to end. */
static int go_on(const struct unit *unit)
{
    struct job *job = unit->job;
    if (atomic_load_explicit(&job->ended, memory_order_relaxed)) return -1;
    if (atomic_load_explicit(&unit->broken, memory_order_relaxed)) return -1;
    if (job->options->stop == NULL || !*job->options->stop) return 0;
    struct error error = {0};
    error_set(&error, ERROR_INTERRUPTED, "interrupted");
    fail(job, &error);
    return -1;
}

static void report(struct job *job, struct slot *slot)
{
    pthread_mutex_lock(&job->mutex);
    job->progress.person_days += slot->person_days;
    if (job->options->progress != NULL) job->options->progress(job->options->context, &job->progress);
    pthread_mutex_unlock(&job->mutex);
    slot->person_days = 0;
}

/* After a first error nothing more is delivered. */
static void deliver(struct unit *unit)
{
    struct job *job = unit->job;
    struct error error = {0};
    pthread_mutex_lock(&job->mutex);
    int status = job->error.kind == ERROR_NONE ? 0 : -1;
    if (status == 0 && unit->error.kind != ERROR_NONE) {
        if (job->options->failed != NULL) job->options->failed(job->options->context, unit->number, &unit->error);
    } else if (status == 0 && job->options->done != NULL) {
        status = job->options->done(job->options->context, unit->number, unit->values, &error);
    }
    if (status == 0) {
        job->progress.units++;
        if (job->options->progress != NULL) job->options->progress(job->options->context, &job->progress);
    } else if (job->error.kind == ERROR_NONE) {
        error_set(&error, ERROR_FAILURE, "replicate %u could not be stored", unit->replicate);
        job->error = error;
    }
    pthread_mutex_unlock(&job->mutex);
    if (status != 0) atomic_store(&job->ended, true);
}

uint32_t study_run_units(const struct study *s, const struct run_options *options)
{
    const uint32_t replicates = options->points > 0 ? options->points * s->replicates : s->replicates;
    return options->by_scenario ? replicates * s->n_scenarios : replicates;
}

static uint32_t threads_of(const struct run_options *options)
{
#ifdef _OPENMP
    return options->threads > 0 ? options->threads : (uint32_t)omp_get_max_threads();
#else
    (void)options;
    return 1;
#endif
}

/* Units go to whichever thread is free. */
static uint32_t next_unit(struct job *job)
{
    const struct run_options *options = job->options;
    const uint32_t units = study_run_units(job->s, options);
    uint32_t unit = UINT32_MAX;
    if (options->next != NULL) {
        unit = options->next(options->context);
    } else {
        do unit = atomic_fetch_add(&job->begun, 1);
        while (unit < units && options->skip != NULL && options->skip[unit]);
    }
    if (unit < units) return unit;
    atomic_store(&job->exhausted, true);
    return UINT32_MAX;
}

static void *wait_for_lock(void *mutex)
{
    pthread_mutex_lock(mutex);
    pthread_mutex_unlock(mutex);
    return NULL;
}

/* OpenMP ends the whole process where it cannot start a thread, so we try first whether that many can be. */
static int threads_check(uint32_t threads, struct error *e)
{
    if (threads < 2) return 0;
    pthread_t *started = calloc(threads, sizeof *started);
    if (started == NULL) return error_memory(e, "the threads", threads * sizeof *started);
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    uint32_t n = 1; /* this one */
    int failed = 0;
    pthread_mutex_lock(&mutex);
    for (; n < threads && failed == 0; n += failed == 0) failed = pthread_create(&started[n], NULL, wait_for_lock, &mutex);
    pthread_mutex_unlock(&mutex);
    for (uint32_t i = 1; i < n; i++) pthread_join(started[i], NULL);
    pthread_mutex_destroy(&mutex);
    free(started);
    if (failed == 0) return 0;
    return error_set(e, ERROR_FAILURE, "only %u of %u threads can be started: %s; use fewer", n, threads, strerror(failed));
}

static void slot_destroy(const struct job *job, struct slot *slot)
{
    if (slot == NULL) return;
    job->model->destroy(slot->world);
    tally_free(&slot->tally);
    free(slot);
}

static void job_free(struct job *job)
{
    while (job->spare != NULL) {
        struct slot *slot = job->spare;
        job->spare = slot->next;
        slot_destroy(job, slot);
    }
    tally_layout_free(&job->layout);
    pthread_mutex_destroy(&job->mutex);
}

static int job_begin(struct job *job, const struct study *s, const struct run_options *options, struct error *e)
{
    *job = (struct job){.s = s, .model = s->model, .options = options, .threads = threads_of(options)};
    if (pthread_mutex_init(&job->mutex, NULL) != 0) return error_set(e, ERROR_FAILURE, "no lock could be made");
    uint32_t skipped = 0, units = study_run_units(s, options);
    for (uint32_t u = 0; options->skip != NULL && u < units; u++) skipped += options->skip[u];
    job->progress.units = skipped;
    atomic_init(&job->ended, false);
    atomic_init(&job->exhausted, false);
    atomic_init(&job->begun, 0);
    atomic_init(&job->busy, 0);
    if (tally_layout_create(&job->layout, s, e) == 0) return 0;
    job_free(job);
    return -1;
}

/* Hands the first error over. */
static int job_end(struct job *job, struct error *e)
{
    struct error error = job->error;
    job_free(job);
    if (error.kind == ERROR_NONE) return 0;
    return error_set(e, error.kind, "%s", error.text);
}

/* ---- worlds ---- */

static const void *const *groups_of(const struct unit *unit, uint32_t policy)
{
    return (const void *const *)unit->s->policies[policy].values.group;
}

static struct slot *slot_create(struct unit *unit)
{
    struct job *job = unit->job;
    struct error error = {0};
    struct luck luck = {.seed = job->s->seed, .replicate = unit->replicate};
    struct slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL) {
        error_memory(&error, "a world", sizeof *slot);
    } else if (job->model->create(&slot->world, groups_of(unit, job->s->baseline), &luck, &job->s->calendar, &error) == 0) {
        slot->parts = job->model->parts(slot->world);
        if (tally_create(&slot->tally, &job->layout, slot->parts, &error) == 0) return slot;
    }
    error_set(&error, ERROR_FAILURE, "a world could not be created");
    unit_fail(unit, &error);
    slot_destroy(job, slot);
    return NULL;
}

/* A slot that holds a copy of `from`. Slots used before are taken first: a copy needs no new memory then. Those of another
 * point may have had more or fewer parts. */
static struct slot *slot_copy(struct unit *unit, const struct slot *from)
{
    struct job *job = unit->job;
    pthread_mutex_lock(&job->mutex);
    struct slot *slot = job->spare;
    if (slot != NULL) job->spare = slot->next;
    pthread_mutex_unlock(&job->mutex);
    if (slot != NULL && slot->parts != from->parts) {
        slot_destroy(job, slot);
        slot = NULL;
    }
    if (slot == NULL) slot = slot_create(unit);
    if (slot == NULL) return NULL;
    struct error error = {0};
    if (job->model->copy(slot->world, from->world, &error) == 0) {
        tally_copy(&slot->tally, &from->tally, &job->layout);
        slot->person_days = 0;
        return slot;
    }
    error_set(&error, ERROR_FAILURE, "a world could not be copied");
    unit_fail(unit, &error);
    slot_destroy(job, slot);
    return NULL;
}

static void slot_spare(struct job *job, struct slot *slot)
{
    pthread_mutex_lock(&job->mutex);
    slot->next = job->spare;
    job->spare = slot;
    pthread_mutex_unlock(&job->mutex);
}

/* ---- one day ---- */

static void step_part(const struct job *job, struct slot *slot, const void *const *groups, uint32_t part)
{
    for (size_t row = 0; job->model->schedule[row] != NULL; row++) {
        const struct submodel *submodel = job->model->schedule[row];
        if (submodel->step == NULL) continue;
        submodel->step(slot->world, part, groups[row], tally_metrics(&slot->tally, &job->layout, part, row));
    }
}

/* Parts do not touch each other during a step, so threads that would otherwise idle may take some. */
static void step_parts(struct job *job, struct slot *slot, const void *const *groups)
{
    bool spread = slot->parts > 1 && job->threads > 1 && atomic_load(&job->exhausted) &&
                  atomic_load(&job->busy) < job->threads && job->model->population(slot->world) >= SPREAD_FROM;
    if (!spread) {
        for (uint32_t part = 0; part < slot->parts; part++) step_part(job, slot, groups, part);
        return;
    }
    for (uint32_t part = 0; part < slot->parts; part++) {
#pragma omp task default(none) firstprivate(job, slot, groups, part)
        step_part(job, slot, groups, part);
    }
#pragma omp taskwait
}

static int verify(struct unit *unit, const struct slot *slot, int32_t t)
{
    const struct job *job = unit->job;
    if (!job->options->verify || job->model->verify == NULL) return 0;
    struct error found = {0}, error = {0};
    if (job->model->verify(slot->world, &found) == 0) return 0;
    error_set(&error, ERROR_FAILURE, "replicate %u, day %d of the policy: %.900s", unit->replicate, t, found.text);
    unit_fail(unit, &error);
    return -1;
}

static void enact(const struct unit *unit, struct slot *slot, uint32_t policy)
{
    const struct model *model = unit->job->model;
    const void *const *groups = groups_of(unit, policy);
    model->govern(slot->world, groups);
    for (uint32_t part = 0; part < slot->parts; part++) {
        for (size_t row = 0; model->schedule[row] != NULL; row++) {
            const struct submodel *submodel = model->schedule[row];
            if (submodel->enact != NULL) submodel->enact(slot->world, part, groups[row]);
        }
    }
}

/* The day that begins at t, in days since the policy starts; a new policy comes into force in its morning. */
static int live(struct unit *unit, struct slot *slot, uint32_t policy, bool changes, int32_t t)
{
    struct job *job = unit->job;
    if (go_on(unit) != 0) return -1;
    job->model->dawn(slot->world, job->s->calendar.burn_in + t);
    if (changes) enact(unit, slot, policy);
    step_parts(job, slot, groups_of(unit, policy));
    if (job->model->couple != NULL) job->model->couple(slot->world);
    slot->person_days += job->model->population(slot->world);
    if (slot->person_days >= REPORT_EVERY) report(job, slot);
    return verify(unit, slot, t);
}

static void start(const struct unit *unit, struct slot *slot)
{
    const struct model *model = unit->job->model;
    const uint32_t baseline = unit->job->s->baseline;
    const void *const *groups = groups_of(unit, baseline);
    model->govern(slot->world, groups);
    for (uint32_t part = 0; part < slot->parts; part++) {
        for (size_t row = 0; model->schedule[row] != NULL; row++) {
            const struct submodel *submodel = model->schedule[row];
            if (submodel->start != NULL) submodel->start(slot->world, part, groups[row]);
        }
    }
    enact(unit, slot, baseline);
}

static void observe(const struct unit *unit, struct slot *slot, uint32_t policy)
{
    const struct job *job = unit->job;
    const void *const *groups = groups_of(unit, policy);
    for (uint32_t part = 0; part < slot->parts; part++) {
        for (size_t row = 0; job->model->schedule[row] != NULL; row++) {
            const struct submodel *submodel = job->model->schedule[row];
            if (submodel->observe == NULL) continue;
            submodel->observe(slot->world, part, groups[row], tally_metrics(&slot->tally, &job->layout, part, row));
        }
    }
}

/* ---- a unit ---- */

/* The burn-in, recorded as that of the first scenario. *after: the first record that belongs to the horizon. */
static int burn_in(struct unit *unit, struct slot *slot, size_t *after)
{
    const struct study *s = unit->job->s;
    const struct tally_layout *layout = &unit->job->layout;
    size_t next = 0;
    start(unit, slot);
    int32_t t = -s->calendar.burn_in;
    if (verify(unit, slot, t) != 0) return -1;
    for (;; t++) {
        if (t == layout->times[next]) {
            observe(unit, slot, s->baseline);
            tally_record(&slot->tally, layout, next++, unit->values);
        }
        if (t >= 0) break;
        if (t == layout->times[0] - s->record_every) tally_clear(&slot->tally, layout);
        if (live(unit, slot, s->baseline, false, t) != 0) return -1;
    }
    *after = next;
    return 0;
}

static int horizon(struct unit *unit, struct slot *slot, const struct scenario *scenario, size_t after, double *values)
{
    const struct tally_layout *layout = &unit->job->layout;
    const int32_t days = unit->job->s->calendar.horizon;
    uint32_t policy = scenario->phases[0].policy, phase = 0;
    size_t next = after;
    tally_summary_begin(&slot->tally, layout, values);
    for (int32_t t = 0; t < days; t++) {
        bool changes = false;
        if (phase < scenario->n_phases && scenario->phases[phase].day == t) {
            policy = scenario->phases[phase++].policy;
            changes = true;
        }
        if (live(unit, slot, policy, changes, t) != 0) return -1;
        bool recorded = t + 1 == layout->times[next], averaged = t + 1 > days - STUDY_SUMMARY_DAYS;
        if (recorded || averaged) observe(unit, slot, policy);
        if (averaged) tally_summary_add(&slot->tally, layout, values);
        if (recorded) tally_record(&slot->tally, layout, next++, values);
    }
    tally_summary_finish(&slot->tally, layout, after, values);
    return 0;
}

static void branch(struct unit *unit, const struct slot *burnt_in, uint32_t scenario, size_t after)
{
    struct job *job = unit->job;
    if (go_on(unit) != 0) return;
    struct slot *slot = slot_copy(unit, burnt_in);
    if (slot == NULL) return;
    atomic_fetch_add(&job->busy, 1);
    int status = horizon(unit, slot, &job->s->scenarios[scenario], after,
                         unit->values + (scenario - unit->scenario) * job->layout.n_metrics * job->layout.length);
    atomic_fetch_sub(&job->busy, 1);
    if (status == 0) report(job, slot);
    slot_spare(job, slot);
}

/* Every scenario shares the records of the burn-in, which were written for the first. */
static void share_burn_in(const struct unit *unit, size_t after)
{
    const struct tally_layout *layout = &unit->job->layout;
    for (size_t i = 1; i < unit->scenarios; i++) {
        double *own = unit->values + i * layout->n_metrics * layout->length;
        for (size_t at = 0; at < layout->n_metrics * layout->length; at += layout->length) {
            memcpy(own + at, unit->values + at, after * sizeof *own);
        }
    }
}

static void simulate(struct unit *unit)
{
    struct job *job = unit->job;
    struct slot *slot = slot_create(unit);
    if (slot == NULL) return;
    size_t after = 0;
    atomic_fetch_add(&job->busy, 1);
    int status = burn_in(unit, slot, &after);
    atomic_fetch_sub(&job->busy, 1);
    if (status == 0) {
        report(job, slot);
        share_burn_in(unit, after);
        /* Threads that find no unit to begin any more take scenarios. */
        for (uint32_t scenario = unit->scenario; scenario < unit->scenario + unit->scenarios; scenario++) {
#pragma omp task if (job->threads > 1) default(none) firstprivate(unit, slot, scenario, after)
            branch(unit, slot, scenario, after);
        }
#pragma omp taskwait
    }
    slot_destroy(job, slot);
}

/* ---- the units ---- */

/* What a thread needs for unit after unit. */
struct workplace {
    struct study own; /* at the point `point` of a design */
    uint32_t point;
    struct error misplaced; /* why the point cannot be run */
    double *values;
};

static int workplace_create(struct workplace *place, struct job *job)
{
    struct error error = {0};
    *place = (struct workplace){.point = UINT32_MAX, .own = {.model = job->model}};
    place->values = calloc(study_values(job->s), sizeof *place->values);
    if (place->values == NULL) {
        error_memory(&error, "the results of a replicate", (double)study_values(job->s) * sizeof *place->values);
    } else if (job->options->points == 0 || study_copy(&place->own, job->s, &error) == 0) {
        return 0;
    }
    fail(job, &error);
    return -1;
}

static void workplace_free(struct workplace *place)
{
    study_free(&place->own);
    free(place->values);
}

/* The thread's study is set anew where the point is another than the last; its units follow each other. */
static void unit_run(struct job *job, struct workplace *place, uint32_t number)
{
    const struct run_options *options = job->options;
    const uint32_t divided = options->by_scenario ? job->s->n_scenarios : 1, whole = number / divided;
    struct unit unit = {.job = job, .s = job->s, .number = number, .replicate = whole % job->s->replicates,
                        .scenario = number % divided, .scenarios = job->s->n_scenarios / divided, .values = place->values};
    atomic_init(&unit.broken, false);
    if (go_on(&unit) != 0) return;
    if (options->points > 0) {
        uint32_t point = whole / job->s->replicates;
        unit.s = &place->own;
        if (point != place->point) {
            place->misplaced = (struct error){0};
            place->point = point;
            if (options->place(options->context, point, &place->own, &place->misplaced) != 0)
                error_set(&place->misplaced, ERROR_FAILURE, "the point cannot be run");
        }
        if (place->misplaced.kind != ERROR_NONE) unit_fail(&unit, &place->misplaced);
    }
    if (go_on(&unit) == 0) simulate(&unit);
    if (!atomic_load(&job->ended)) deliver(&unit);
}

int study_run(const struct study *s, const struct run_options *options, struct error *e)
{
    struct job job;
    if (threads_check(threads_of(options), e) != 0 || job_begin(&job, s, options, e) != 0) return -1;
    /* Threads that find nothing more to begin wait at the end, and take tasks of the others there. */
#pragma omp parallel num_threads(job.threads) default(none) shared(job)
    {
        struct workplace place;
        if (workplace_create(&place, &job) == 0) {
            while (!atomic_load(&job.ended)) {
                const uint32_t unit = next_unit(&job);
                if (unit == UINT32_MAX) break;
                unit_run(&job, &place, unit);
            }
        }
        workplace_free(&place);
    }
    return job_end(&job, e);
}

int study_run_replicate(const struct study *s, uint32_t replicate, double *values, struct error *e)
{
    struct job job;
    struct run_options alone = {.threads = 1};
    if (job_begin(&job, s, &alone, e) != 0) return -1;
    struct unit unit = {.job = &job, .s = s, .number = replicate, .replicate = replicate, .scenarios = s->n_scenarios,
                        .values = values};
    simulate(&unit);
    return job_end(&job, e);
}

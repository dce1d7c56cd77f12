/* The engine's loop: replicates on threads, one burn-in each, and a copy of the burnt-in world for every scenario. */
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
    const struct study *s;
    const struct model *model;
    const struct run_options *options;
    struct tally_layout layout;
    uint32_t threads;

    pthread_mutex_t mutex;
    struct error error;
    struct run_progress progress;
    struct slot *spare;
    atomic_bool ended;
    atomic_uint waiting; /* replicates not begun */
    atomic_uint busy;    /* threads that simulate */
};

/* ---- the job ---- */

static void fail(struct job *job, const struct error *error)
{
    pthread_mutex_lock(&job->mutex);
    if (job->error.kind == ERROR_NONE) job->error = *error;
    pthread_mutex_unlock(&job->mutex);
    atomic_store(&job->ended, true);
}

/* -1 when this run is to end. */
static int go_on(struct job *job)
{
    if (atomic_load_explicit(&job->ended, memory_order_relaxed)) return -1;
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
static int deliver(struct job *job, uint32_t replicate, const double *values)
{
    struct error error = {0};
    pthread_mutex_lock(&job->mutex);
    int status = job->error.kind == ERROR_NONE ? 0 : -1;
    if (status == 0 && job->options->done != NULL) {
        status = job->options->done(job->options->context, replicate, values, &error);
    }
    if (status == 0) {
        job->progress.replicates++;
        if (job->options->progress != NULL) job->options->progress(job->options->context, &job->progress);
    } else if (job->error.kind == ERROR_NONE) {
        error_set(&error, ERROR_FAILURE, "replicate %u could not be stored", replicate);
        job->error = error;
    }
    pthread_mutex_unlock(&job->mutex);
    if (status == 0) return 0;
    atomic_store(&job->ended, true);
    return -1;
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

/* Replicates go to whichever thread is free, unless OMP_SCHEDULE says otherwise. Returns what was in force before. */
struct schedule {
    int kind, chunk;
};

static struct schedule schedule_set(void)
{
    struct schedule before = {0, 0};
#ifdef _OPENMP
    omp_sched_t kind;
    omp_get_schedule(&kind, &before.chunk);
    before.kind = (int)kind;
    if (getenv("OMP_SCHEDULE") == NULL) omp_set_schedule(omp_sched_dynamic, 1);
#endif
    return before;
}

static void schedule_restore(struct schedule before)
{
#ifdef _OPENMP
    omp_set_schedule((omp_sched_t)before.kind, before.chunk);
#else
    (void)before;
#endif
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
    uint32_t skipped = 0;
    for (uint32_t r = 0; options->skip != NULL && r < s->replicates; r++) skipped += options->skip[r];
    job->progress.replicates = skipped;
    atomic_init(&job->ended, false);
    atomic_init(&job->busy, 0);
    atomic_init(&job->waiting, s->replicates - skipped);
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

static const void *const *groups_of(const struct job *job, uint32_t policy)
{
    return (const void *const *)job->s->policies[policy].values.group;
}

static struct slot *slot_create(struct job *job, uint32_t replicate)
{
    struct error error = {0};
    struct luck luck = {.seed = job->s->seed, .replicate = replicate};
    struct slot *slot = calloc(1, sizeof *slot);
    if (slot == NULL) {
        error_memory(&error, "a world", sizeof *slot);
    } else if (job->model->create(&slot->world, groups_of(job, job->s->baseline), &luck, &job->s->calendar, &error) == 0) {
        slot->parts = job->model->parts(slot->world);
        if (tally_create(&slot->tally, &job->layout, slot->parts, &error) == 0) return slot;
    }
    error_set(&error, ERROR_FAILURE, "a world could not be created");
    fail(job, &error);
    slot_destroy(job, slot);
    return NULL;
}

/* A slot that holds a copy of `from`. Slots used before are taken first: a copy needs no new memory then. */
static struct slot *slot_copy(struct job *job, const struct slot *from, uint32_t replicate)
{
    pthread_mutex_lock(&job->mutex);
    struct slot *slot = job->spare;
    if (slot != NULL) job->spare = slot->next;
    pthread_mutex_unlock(&job->mutex);
    if (slot == NULL) slot = slot_create(job, replicate);
    if (slot == NULL) return NULL;
    struct error error = {0};
    if (job->model->copy(slot->world, from->world, &error) == 0) {
        tally_copy(&slot->tally, &from->tally, &job->layout);
        slot->person_days = 0;
        return slot;
    }
    error_set(&error, ERROR_FAILURE, "a world could not be copied");
    fail(job, &error);
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
    bool spread = slot->parts > 1 && job->threads > 1 && atomic_load(&job->waiting) == 0 &&
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

static int verify(struct job *job, const struct slot *slot, int32_t t, uint32_t replicate)
{
    if (!job->options->verify || job->model->verify == NULL) return 0;
    struct error found = {0}, error = {0};
    if (job->model->verify(slot->world, &found) == 0) return 0;
    error_set(&error, ERROR_FAILURE, "replicate %u, day %d of the policy: %.900s", replicate, t, found.text);
    fail(job, &error);
    return -1;
}

static void enact(const struct job *job, struct slot *slot, uint32_t policy)
{
    const void *const *groups = groups_of(job, policy);
    job->model->govern(slot->world, groups);
    for (uint32_t part = 0; part < slot->parts; part++) {
        for (size_t row = 0; job->model->schedule[row] != NULL; row++) {
            const struct submodel *submodel = job->model->schedule[row];
            if (submodel->enact != NULL) submodel->enact(slot->world, part, groups[row]);
        }
    }
}

/* The day that begins at t, in days since the policy starts; a new policy comes into force in its morning. */
static int live(struct job *job, struct slot *slot, uint32_t policy, bool changes, int32_t t, uint32_t replicate)
{
    if (go_on(job) != 0) return -1;
    job->model->dawn(slot->world, job->s->calendar.burn_in + t);
    if (changes) enact(job, slot, policy);
    step_parts(job, slot, groups_of(job, policy));
    if (job->model->couple != NULL) job->model->couple(slot->world);
    slot->person_days += job->model->population(slot->world);
    if (slot->person_days >= REPORT_EVERY) report(job, slot);
    return verify(job, slot, t, replicate);
}

static void start(const struct job *job, struct slot *slot)
{
    const void *const *groups = groups_of(job, job->s->baseline);
    job->model->govern(slot->world, groups);
    for (uint32_t part = 0; part < slot->parts; part++) {
        for (size_t row = 0; job->model->schedule[row] != NULL; row++) {
            const struct submodel *submodel = job->model->schedule[row];
            if (submodel->start != NULL) submodel->start(slot->world, part, groups[row]);
        }
    }
    enact(job, slot, job->s->baseline);
}

static void observe(const struct job *job, struct slot *slot, uint32_t policy)
{
    const void *const *groups = groups_of(job, policy);
    for (uint32_t part = 0; part < slot->parts; part++) {
        for (size_t row = 0; job->model->schedule[row] != NULL; row++) {
            const struct submodel *submodel = job->model->schedule[row];
            if (submodel->observe == NULL) continue;
            submodel->observe(slot->world, part, groups[row], tally_metrics(&slot->tally, &job->layout, part, row));
        }
    }
}

/* ---- a replicate ---- */

/* The burn-in, recorded as that of the first scenario. *after: the first record that belongs to the horizon. */
static int burn_in(struct job *job, struct slot *slot, uint32_t replicate, size_t *after, double *values)
{
    const struct study *s = job->s;
    size_t next = 0;
    start(job, slot);
    int32_t t = -s->calendar.burn_in;
    if (verify(job, slot, t, replicate) != 0) return -1;
    for (;; t++) {
        if (t == job->layout.times[next]) {
            observe(job, slot, s->baseline);
            tally_record(&slot->tally, &job->layout, next++, values);
        }
        if (t >= 0) break;
        if (t == job->layout.times[0] - s->record_every) tally_clear(&slot->tally, &job->layout);
        if (live(job, slot, s->baseline, false, t, replicate) != 0) return -1;
    }
    *after = next;
    return 0;
}

static int horizon(struct job *job, struct slot *slot, uint32_t replicate, const struct scenario *scenario, size_t after,
                   double *values)
{
    const int32_t days = job->s->calendar.horizon;
    uint32_t policy = scenario->phases[0].policy, phase = 0;
    size_t next = after;
    tally_summary_begin(&slot->tally, &job->layout, values);
    for (int32_t t = 0; t < days; t++) {
        bool changes = false;
        if (phase < scenario->n_phases && scenario->phases[phase].day == t) {
            policy = scenario->phases[phase++].policy;
            changes = true;
        }
        if (live(job, slot, policy, changes, t, replicate) != 0) return -1;
        bool recorded = t + 1 == job->layout.times[next], averaged = t + 1 > days - STUDY_SUMMARY_DAYS;
        if (recorded || averaged) observe(job, slot, policy);
        if (averaged) tally_summary_add(&slot->tally, &job->layout, values);
        if (recorded) tally_record(&slot->tally, &job->layout, next++, values);
    }
    tally_summary_finish(&slot->tally, &job->layout, after, values);
    return 0;
}

static void branch(struct job *job, const struct slot *burnt_in, uint32_t replicate, uint32_t scenario, size_t after,
                   double *values)
{
    if (go_on(job) != 0) return;
    struct slot *slot = slot_copy(job, burnt_in, replicate);
    if (slot == NULL) return;
    atomic_fetch_add(&job->busy, 1);
    int status = horizon(job, slot, replicate, &job->s->scenarios[scenario], after,
                         values + scenario * job->layout.n_metrics * job->layout.length);
    atomic_fetch_sub(&job->busy, 1);
    if (status == 0) report(job, slot);
    slot_spare(job, slot);
}

/* Every scenario shares the records of the burn-in, which were written for the first. */
static void share_burn_in(const struct job *job, size_t after, double *values)
{
    const struct tally_layout *layout = &job->layout;
    for (size_t scenario = 1; scenario < job->s->n_scenarios; scenario++) {
        double *own = values + scenario * layout->n_metrics * layout->length;
        for (size_t at = 0; at < layout->n_metrics * layout->length; at += layout->length) {
            memcpy(own + at, values + at, after * sizeof *values);
        }
    }
}

static int replicate_run(struct job *job, uint32_t replicate, double *values)
{
    if (go_on(job) != 0) return -1;
    atomic_fetch_sub(&job->waiting, 1);
    struct slot *slot = slot_create(job, replicate);
    if (slot == NULL) return -1;
    size_t after = 0;
    atomic_fetch_add(&job->busy, 1);
    int status = burn_in(job, slot, replicate, &after, values);
    atomic_fetch_sub(&job->busy, 1);
    if (status == 0) {
        report(job, slot);
        share_burn_in(job, after, values);
        /* Threads that find no replicate to begin any more take scenarios. */
        bool spread = job->threads > 1 && atomic_load(&job->waiting) == 0;
        for (uint32_t scenario = 0; scenario < job->s->n_scenarios; scenario++) {
#pragma omp task if (spread) default(none) firstprivate(job, slot, replicate, scenario, after, values)
            branch(job, slot, replicate, scenario, after, values);
        }
#pragma omp taskwait
        (void)spread;
    }
    slot_destroy(job, slot);
    return status == 0 ? go_on(job) : -1;
}

static double *values_create(struct job *job)
{
    double *values = calloc(study_values(job->s), sizeof *values);
    if (values != NULL) return values;
    struct error error = {0};
    error_memory(&error, "the results of a replicate", (double)study_values(job->s) * sizeof *values);
    fail(job, &error);
    return NULL;
}

int study_run(const struct study *s, const struct run_options *options, struct error *e)
{
    struct job job;
    if (threads_check(threads_of(options), e) != 0 || job_begin(&job, s, options, e) != 0) return -1;
    const struct schedule before = schedule_set();
#pragma omp parallel num_threads(job.threads) default(none) shared(job, s, options)
    {
        double *values = values_create(&job);
        /* Threads that are done wait at the end of the loop and take tasks of the others there. */
#pragma omp for schedule(runtime)
        for (uint32_t replicate = 0; replicate < s->replicates; replicate++) {
            if (values == NULL || (options->skip != NULL && options->skip[replicate])) continue;
            if (replicate_run(&job, replicate, values) == 0) deliver(&job, replicate, values);
        }
        free(values);
    }
    schedule_restore(before);
    return job_end(&job, e);
}

int study_run_replicate(const struct study *s, uint32_t replicate, double *values, struct error *e)
{
    struct job job;
    struct run_options alone = {.threads = 1};
    if (job_begin(&job, s, &alone, e) != 0) return -1;
    replicate_run(&job, replicate, values);
    return job_end(&job, e);
}

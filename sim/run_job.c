/* How a run begins, fails, tells and ends: see the header. */
#include "sim/run_job.h"

#include <stdlib.h>
#include <string.h>

/* ---- beginning and end ---- */

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

static void job_free(struct job *job)
{
    tally_layout_free(&job->layout);
    run_crew_free(&job->crew);
    pthread_mutex_destroy(&job->mutex);
    pthread_mutex_destroy(&job->taking);
}

static int locks_create(struct job *job, struct error *e)
{
    if (run_crew_create(&job->crew, e) != 0) return -1;
    if (pthread_mutex_init(&job->mutex, NULL) == 0) {
        if (pthread_mutex_init(&job->taking, NULL) == 0) return 0;
        pthread_mutex_destroy(&job->mutex);
    }
    run_crew_free(&job->crew);
    return error_set(e, ERROR_FAILURE, "no lock could be made");
}

static int job_create(struct job *job, const struct study *s, const struct run_options *options, struct error *e)
{
    *job = (struct job){.s = s, .model = s->model, .options = options, .threads = study_run_threads(options->threads),
                        .exchange = options->exchange != NULL ? *options->exchange : exchange_alone};
    if (locks_create(job, e) != 0) return -1;
    uint32_t skipped = 0, units = study_run_units(s, options);
    for (uint32_t u = 0; options->skip != NULL && u < units; u++) skipped += options->skip[u];
    job->progress.units = skipped;
    atomic_init(&job->ended, false);
    atomic_init(&job->over, false);
    atomic_init(&job->begun, 0);
    if (threads_check(job->threads, e) == 0 && tally_layout_create(&job->layout, s, e) == 0) return 0;
    job_free(job);
    return -1;
}

int run_job_begin(struct job *job, const struct study *s, const struct run_options *options, struct error *e)
{
    const int status = job_create(job, s, options, e);
    if (!run_together(job)) return status;
    struct exchange x = job->exchange;
    struct exchange_bytes nothing;
    x.ill = status != 0;
    if (exchange_gather(&x, NULL, 0, EXCHANGE_TO_ALL, &nothing, e) == 0) return 0;
    if (status == 0) job_free(job);
    return error_set(e, ERROR_FAILURE, "another process could not begin");
}

int run_job_end(struct job *job, struct error *e)
{
    struct error error = job->error;
    job_free(job);
    if (error.kind == ERROR_NONE) return 0;
    return error_set(e, error.kind, "%s", error.text);
}

/* ---- failures ---- */

void run_fail(struct job *job, const struct error *error)
{
    pthread_mutex_lock(&job->mutex);
    if (job->error.kind == ERROR_NONE) job->error = *error;
    pthread_mutex_unlock(&job->mutex);
    atomic_store(&job->ended, true);
}

void run_unit_fail(struct unit *unit, const struct error *error)
{
    if (unit->job->options->points == 0) {
        run_fail(unit->job, error);
        return;
    }
    pthread_mutex_lock(&unit->job->mutex);
    if (unit->error.kind == ERROR_NONE) unit->error = *error;
    pthread_mutex_unlock(&unit->job->mutex);
    atomic_store(&unit->broken, true);
}

int run_go_on(const struct unit *unit)
{
    struct job *job = unit->job;
    if (atomic_load_explicit(&job->ended, memory_order_relaxed)) return -1;
    if (atomic_load_explicit(&unit->broken, memory_order_relaxed)) return -1;
    if (job->options->stop == NULL || !*job->options->stop) return 0;
    struct error error = {0};
    error_set(&error, ERROR_INTERRUPTED, "interrupted");
    run_fail(job, &error);
    return -1;
}

/* ---- together ---- */

struct exchange run_exchange(const struct unit *unit)
{
    struct exchange x = unit->job->exchange;
    x.ill = run_go_on(unit) != 0;
    return x;
}

int run_gathered(struct unit *unit, int status, const struct error *error)
{
    if (error->kind != ERROR_NONE) run_unit_fail(unit, error);
    if (status != 0) atomic_store(&unit->over, true);
    return status;
}

int run_all_go_on(struct unit *unit)
{
    struct exchange x = run_exchange(unit);
    struct exchange_bytes nothing;
    struct error error = {0};
    return run_gathered(unit, exchange_gather(&x, NULL, 0, EXCHANGE_TO_ALL, &nothing, &error), &error);
}

/* Why a process thinks that a unit is over. */
struct verdict {
    int32_t kind, ends_run;
    char text[sizeof ((struct error *)0)->text];
};

/* What ends the run weighs more than what ends a unit, a failure more than an interruption; of equals the first counts. */
static int weight(const struct verdict *v)
{
    return v->kind == ERROR_NONE ? 0 : !v->ends_run ? 1 : v->kind == ERROR_INTERRUPTED ? 2 : 3;
}

static struct verdict own_verdict(struct unit *unit)
{
    struct job *job = unit->job;
    pthread_mutex_lock(&job->mutex);
    struct verdict own = {.ends_run = job->error.kind != ERROR_NONE};
    const struct error *error = own.ends_run ? &job->error : &unit->error;
    own.kind = (int32_t)error->kind;
    memcpy(own.text, error->text, sizeof own.text);
    pthread_mutex_unlock(&job->mutex);
    return own;
}

static void accept(struct unit *unit, const struct verdict *v)
{
    struct job *job = unit->job;
    struct error error = {.kind = (enum error_kind)v->kind};
    memcpy(error.text, v->text, sizeof error.text);
    pthread_mutex_lock(&job->mutex);
    *(v->ends_run ? &job->error : &unit->error) = error;
    pthread_mutex_unlock(&job->mutex);
    if (!v->ends_run) return;
    atomic_store(&job->ended, true);
    atomic_store(&job->over, true);
}

void run_conclude(struct unit *unit)
{
    if (!run_together(unit->job) || !atomic_load(&unit->over)) return;
    struct exchange x = unit->job->exchange;
    struct verdict own = own_verdict(unit), heaviest = {.kind = ERROR_FAILURE, .ends_run = 1, .text = "a process failed"};
    struct exchange_bytes all = {0};
    struct error error = {0};
    int most = 0;
    if (exchange_gather(&x, &own, sizeof own, EXCHANGE_TO_ALL, &all, &error) == 0) {
        for (size_t at = 0; at < all.size; at += sizeof own) {
            struct verdict v;
            memcpy(&v, all.bytes + at, sizeof v);
            if (weight(&v) <= most) continue;
            most = weight(&v);
            heaviest = v;
        }
    }
    accept(unit, &heaviest);
}

/* ---- telling ---- */

void run_report(struct job *job, uint64_t person_days)
{
    pthread_mutex_lock(&job->mutex);
    job->progress.person_days += person_days;
    if (job->options->progress != NULL) job->options->progress(job->options->context, &job->progress);
    pthread_mutex_unlock(&job->mutex);
}

void run_deliver(struct unit *unit)
{
    struct job *job = unit->job;
    struct error error = {0};
    pthread_mutex_lock(&job->mutex);
    int status = job->error.kind == ERROR_NONE ? 0 : -1;
    if (status == 0 && unit->error.kind != ERROR_NONE) {
        if (job->options->failed != NULL) job->options->failed(job->options->context, unit->number, &unit->error);
    } else if (status == 0 && job->options->done != NULL) {
        status = job->options->done(job->options->context, unit->number, unit->delivered, &error);
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

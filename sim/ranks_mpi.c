/* A run on several processes, by MPI. Messages are in the machine's own order of bytes: all ranks run on machines of one kind.
 *
 * The leader's main thread answers messages; its other threads, and all but the main thread of each follower, simulate:
 *
 *     follower                       leader
 *     ASK                     ->
 *                             <-     WORK: the next units, one after the other; none when none is left
 *     VALUES, the doubles     ->            of a unit
 *     FAILED                  ->            a unit of a design could not be simulated, and why
 *     ERROR                   ->            the run must end, and why
 *                             <-     STOP: end at once
 *     END                     ->            nothing more will come
 *                             <-     the status with which the run has ended, all being written
 */
#include "sim/ranks_mpi.h"

#include <limits.h>
#include <mpi.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum note_kind { NOTE_ASK, NOTE_VALUES, NOTE_FAILED, NOTE_ERROR, NOTE_END };

static const double LAST_WORDS = 0.5; /* seconds that followers have for what they are about to finish when a run ends early */

struct note {
    uint32_t kind, unit;
    uint64_t person_days; /* simulated by this rank so far */
    int32_t error_kind;
    char text[sizeof ((struct error *)0)->text];
};

struct work {
    uint32_t first, n;
};

/* A unit as the caller knows it, which may be divided into scenarios. */
struct whole {
    double *values; /* those that have come, while some are missing */
    uint32_t missing;
    bool failed;
};

/* What the threads of a rank share. */
struct party {
    const struct ranks *ranks;
    const struct study *s;
    const struct run_options *user;
    struct run_options local; /* of the study_run on this rank */
    size_t values;            /* doubles of a unit */
    uint32_t units; /* divided, if so */
    atomic_int stop;
    atomic_bool finished; /* the study_run on this rank has ended */
    struct error error;   /* why; of the leader: why the whole run has */
    atomic_ullong person_days;
    pthread_mutex_t mutex;
    /* A follower's: what it has been told to run. */
    struct work work;
    /* The leader's, guarded by the mutex. */
    uint32_t next, done; /* done: wholes, those skipped and those that failed included */
    bool unkept;        /* a unit could not be stored */
    uint64_t *others;   /* [ranks] person-days of each follower */
    struct whole *wholes; /* [units / scenarios] */
};

/* ---- common ------------------------------------------------------------------------------------------------------------ */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool asked_to_stop(const struct party *p) { return p->user->stop != NULL && *p->user->stop != 0; }

/* The mutex is held. */
static void end_run(struct party *p, const struct error *error)
{
    if (p->error.kind == ERROR_NONE) p->error = *error;
    atomic_store(&p->stop, 1);
}

static void *simulate(void *context)
{
    struct party *p = context;
    struct error error = {0};
    study_run(p->s, &p->local, &error);
    pthread_mutex_lock(&p->mutex);
    if (error.kind != ERROR_NONE) end_run(p, &error); /* where this is the leader, for all */
    pthread_mutex_unlock(&p->mutex);
    atomic_store(&p->finished, true);
    return NULL;
}

static void pack(void *context, uint32_t scenarios, const double *values, double *packed)
{
    const struct party *p = context;
    p->user->pack(p->user->context, scenarios, values, packed);
}

static int place(void *context, uint32_t point, struct study *own, struct error *e)
{
    const struct party *p = context;
    return p->user->place(p->user->context, point, own, e);
}

/* ---- a follower --------------------------------------------------------------------------------------------------------- */

static void send_note(struct party *p, enum note_kind kind, uint32_t unit, const struct error *error)
{
    struct note note = {.kind = kind, .unit = unit, .person_days = atomic_load(&p->person_days)};
    if (error != NULL) {
        note.error_kind = (int32_t)error->kind;
        memcpy(note.text, error->text, sizeof note.text);
    }
    MPI_Send(&note, sizeof note, MPI_BYTE, 0, TO_LEADER, MPI_COMM_WORLD);
}

/* One thread at a time asks, and gets some units for its neighbours too. */
static uint32_t ask(void *context)
{
    struct party *p = context;
    pthread_mutex_lock(&p->mutex);
    if (p->work.n == 0 && p->work.first != UINT32_MAX) {
        send_note(p, NOTE_ASK, 0, NULL);
        MPI_Recv(&p->work, sizeof p->work, MPI_BYTE, 0, WORK_TO_FOLLOWER, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    uint32_t unit = UINT32_MAX; /* and so it stays: `first` then says that nothing is left */
    if (p->work.n > 0) {
        unit = p->work.first++;
        p->work.n--;
    }
    pthread_mutex_unlock(&p->mutex);
    return unit;
}

/* Callbacks come one at a time, so a note and its doubles stay together. */
static int send_values(void *context, uint32_t unit, const double *values, struct error *e)
{
    struct party *p = context;
    (void)e;
    send_note(p, NOTE_VALUES, unit, NULL);
    MPI_Send(values, (int)p->values, MPI_DOUBLE, 0, VALUES_TO_LEADER, MPI_COMM_WORLD);
    return 0;
}

static void send_failure(void *context, uint32_t unit, const struct error *error)
{
    send_note(context, NOTE_FAILED, unit, error);
}

static void count_days(void *context, const struct run_progress *progress)
{
    atomic_store(&((struct party *)context)->person_days, progress->person_days);
}

static void end_following(struct party *p, const struct error *error)
{
    if (error->kind != ERROR_NONE) send_note(p, NOTE_ERROR, 0, error);
    send_note(p, NOTE_END, 0, NULL);
}

static void follow(struct party *p)
{
    uint32_t quiet = 0;
    while (!atomic_load(&p->finished)) {
        int told = 0;
        MPI_Iprobe(0, STOP_TO_FOLLOWER, MPI_COMM_WORLD, &told, MPI_STATUS_IGNORE);
        if (told) MPI_Recv(NULL, 0, MPI_BYTE, 0, STOP_TO_FOLLOWER, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (told || asked_to_stop(p)) atomic_store(&p->stop, 1);
        ranks_nap(&quiet);
    }
    end_following(p, &p->error);
}

/* ---- the leader ----------------------------------------------------------------------------------------------------------- */

static uint32_t divided(const struct party *p) { return p->local.by_scenario ? p->s->n_scenarios : 1; }

/* The next units that lie side by side, `most` of them at most. The mutex is held. */
static struct work hand_out(struct party *p, uint32_t most)
{
    struct work work = {.first = UINT32_MAX};
    if (p->error.kind != ERROR_NONE) return work;
    for (; p->next < p->units && work.n < most; p->next++) {
        const bool skipped = p->user->skip != NULL && p->user->skip[p->next / divided(p)];
        if (skipped && work.n > 0) break;
        if (skipped) continue;
        if (work.n++ == 0) work.first = p->next;
    }
    return work;
}

static uint32_t lead_next(void *context)
{
    struct party *p = context;
    pthread_mutex_lock(&p->mutex);
    const struct work work = hand_out(p, 1);
    pthread_mutex_unlock(&p->mutex);
    return work.first;
}

/* Progress of all ranks together. The mutex is held. */
static void tell_progress(struct party *p)
{
    struct run_progress all = {.person_days = atomic_load(&p->person_days), .units = p->done};
    for (uint32_t i = 1; i < p->ranks->count; i++) all.person_days += p->others[i];
    if (p->user->progress != NULL) p->user->progress(p->user->context, &all);
}

/* The mutex is held. What is done is kept also when the run is about to end early, but nothing after a failure to keep. */
static void deliver(struct party *p, uint32_t number, const double *values)
{
    struct error error = {0};
    if (p->unkept) return;
    if (p->user->done == NULL || p->user->done(p->user->context, number, values, &error) == 0) return;
    error_set(&error, ERROR_FAILURE, "unit %u could not be stored", number);
    p->unkept = true;
    end_run(p, &error);
}

/* One scenario the less is missing. The mutex is held. */
static void count_down(struct party *p, struct whole *whole)
{
    if (--whole->missing > 0) return;
    free(whole->values);
    whole->values = NULL;
    p->done++;
    tell_progress(p);
}

/* A whole unit, or a scenario of one: the last to come makes it whole. The mutex is held. */
static void keep(struct party *p, uint32_t unit, const double *values)
{
    const uint32_t scenarios = divided(p), number = unit / scenarios;
    struct whole *whole = &p->wholes[number];
    if (scenarios == 1) {
        deliver(p, number, values);
    } else {
        if (whole->values == NULL) whole->values = malloc(scenarios * p->values * sizeof *values);
        if (whole->values == NULL) {
            struct error error = {0};
            error_memory(&error, "the results of a replicate", (double)(scenarios * p->values) * sizeof *values);
            end_run(p, &error);
            return;
        }
        memcpy(whole->values + unit % scenarios * p->values, values, p->values * sizeof *values);
        if (whole->missing == 1 && !whole->failed) deliver(p, number, whole->values);
    }
    count_down(p, whole);
}

static int lead_keep(void *context, uint32_t unit, const double *values, struct error *e)
{
    struct party *p = context;
    (void)e;
    pthread_mutex_lock(&p->mutex);
    keep(p, unit, values);
    pthread_mutex_unlock(&p->mutex);
    return 0;
}

/* The mutex is held. A divided unit fails with any of its scenarios, and is told once. */
static void note_failure(struct party *p, uint32_t unit, const struct error *error)
{
    const uint32_t number = unit / divided(p);
    struct whole *whole = &p->wholes[number];
    if (!whole->failed && p->user->failed != NULL) p->user->failed(p->user->context, number, error);
    whole->failed = true;
    count_down(p, whole);
}

static void lead_failed(void *context, uint32_t unit, const struct error *error)
{
    struct party *p = context;
    pthread_mutex_lock(&p->mutex);
    note_failure(p, unit, error);
    pthread_mutex_unlock(&p->mutex);
}

static void lead_progress(void *context, const struct run_progress *progress)
{
    struct party *p = context;
    pthread_mutex_lock(&p->mutex);
    atomic_store(&p->person_days, progress->person_days);
    tell_progress(p);
    pthread_mutex_unlock(&p->mutex);
}

/* Many at a time while there are many, the last ones one by one. The mutex is held. */
static uint32_t portion(const struct party *p)
{
    const uint32_t n = (p->units - p->next) / (8 * p->ranks->count * p->ranks->threads);
    return n < 1 ? 1 : n > 64 ? 64 : n;
}

/* Answers one message. True: that follower has ended. */
static bool answer(struct party *p, const struct note *note, int from, double *values)
{
    if (note->kind == NOTE_VALUES)
        MPI_Recv(values, (int)p->values, MPI_DOUBLE, from, VALUES_TO_LEADER, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    struct error error = {0};
    struct work work = {0};
    if (note->kind == NOTE_FAILED) error_set(&error, (enum error_kind)note->error_kind, "%s", note->text);
    const bool asked = note->error_kind == ERROR_INTERRUPTED; /* to stop, by a signal: it has not failed */
    if (note->kind == NOTE_ERROR) error_set(&error, asked ? ERROR_INTERRUPTED : ERROR_FAILURE, "rank %d: %.1000s", from, note->text);
    pthread_mutex_lock(&p->mutex);
    p->others[from] = note->person_days;
    switch ((enum note_kind)note->kind) {
    case NOTE_ASK: work = hand_out(p, portion(p)); break;
    case NOTE_VALUES: keep(p, note->unit, values); break;
    case NOTE_FAILED: note_failure(p, note->unit, &error); break;
    case NOTE_ERROR: end_run(p, &error); break;
    case NOTE_END: break;
    }
    pthread_mutex_unlock(&p->mutex);
    if (note->kind == NOTE_ASK) MPI_Send(&work, sizeof work, MPI_BYTE, from, WORK_TO_FOLLOWER, MPI_COMM_WORLD);
    return note->kind == NOTE_END;
}

static void stop_followers(const struct party *p)
{
    for (uint32_t i = 1; i < p->ranks->count; i++) MPI_Send(NULL, 0, MPI_BYTE, (int)i, STOP_TO_FOLLOWER, MPI_COMM_WORLD);
}

static void lead(struct party *p, double *values)
{
    uint32_t quiet = 0, following = p->ranks->count - 1;
    double stopped = 0;
    while (!atomic_load(&p->finished) || following > 0) {
        int there = 0;
        struct note note;
        MPI_Status status;
        MPI_Iprobe(MPI_ANY_SOURCE, TO_LEADER, MPI_COMM_WORLD, &there, &status);
        if (there) {
            quiet = 0;
            MPI_Recv(&note, sizeof note, MPI_BYTE, status.MPI_SOURCE, TO_LEADER, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
            following -= answer(p, &note, status.MPI_SOURCE, values);
            continue;
        }
        if (stopped == 0 && (asked_to_stop(p) || atomic_load(&p->stop))) {
            const struct error interrupted = {.kind = ERROR_INTERRUPTED, .text = "interrupted"};
            pthread_mutex_lock(&p->mutex);
            end_run(p, &interrupted);
            pthread_mutex_unlock(&p->mutex);
            stop_followers(p);
            stopped = now();
        }
        if (stopped > 0 && now() - stopped > LAST_WORDS && atomic_load(&p->finished)) return;
        ranks_nap(&quiet);
    }
}

/* ---- the run -------------------------------------------------------------------------------------------------------------- */

/* Units left to run; only the leader knows. */
static uint32_t units_left(const struct ranks *ranks, const struct study *s, const struct run_options *options)
{
    uint32_t units = 0;
    const uint32_t all = ranks->own == 0 ? study_run_units(s, options) : 0;
    for (uint32_t i = 0; i < all; i++) units += options->skip == NULL || !options->skip[i];
    return units;
}

/* Are the parts of each world spread over the ranks, instead of units? Where there are too few of these for all ranks, or a
 * rank could not hold a world. All ranks come to the same result. */
static bool spreads_parts(const struct ranks *ranks, const struct study *s, const struct run_options *options)
{
    const void *const *groups = (const void *const *)s->policies[s->baseline].values.group;
    if (ranks->over == RANKS_OVER_UNITS || s->model->parts(groups) < 2) return false;
    if (ranks->over == RANKS_OVER_CITIES) return true;
    const bool few = ranks->own == 0 && (uint64_t)units_left(ranks, s, options) * s->n_scenarios < ranks->count;
    int spreads = few || !study_fits_whole(s, options->threads);
    MPI_Allreduce(MPI_IN_PLACE, &spreads, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    return spreads;
}

/* All ranks come to the same result: who leads says how many threads each has. */
static bool divides(const struct ranks *ranks, const struct study *s, const struct run_options *options)
{
    const uint32_t units = units_left(ranks, s, options);
    uint32_t few = units < ranks->count * options->threads;
    MPI_Bcast(&few, 1, MPI_UINT32_T, 0, MPI_COMM_WORLD);
    return few && study_run_divides(s, options);
}

static void party_callbacks(struct party *p)
{
    const bool leads = p->ranks->own == 0;
    p->local.context = p;
    p->local.stop = &p->stop;
    p->local.skip = NULL;
    p->local.place = place;
    p->local.pack = p->user->pack != NULL ? pack : NULL;
    p->local.next = leads ? lead_next : ask;
    p->local.done = leads ? lead_keep : send_values;
    p->local.failed = leads ? lead_failed : send_failure;
    p->local.progress = leads ? lead_progress : count_days;
}

static int party_create(struct party *p, double **values, struct error *e)
{
    const uint32_t wholes = study_run_units(p->s, p->user);
    p->units = study_run_units(p->s, &p->local);
    p->values = study_run_delivered(p->s, &p->local);
    *values = NULL;
    if (p->values > INT_MAX)
        return error_set(e, ERROR_FAILURE, "a replicate has %zu values, and ranks send each other %d at most; record fewer days or "
                                           "metrics, or run on one rank", p->values, INT_MAX);
    if (p->ranks->own != 0) return 0;
    *values = malloc(p->values * sizeof **values);
    p->others = calloc(p->ranks->count, sizeof *p->others);
    p->wholes = calloc((size_t)wholes + 1, sizeof *p->wholes);
    if (*values == NULL || p->others == NULL || p->wholes == NULL)
        return error_memory(e, "what other ranks send", (double)p->values * sizeof **values);
    for (uint32_t i = 0; i < wholes; i++) {
        p->wholes[i].missing = divided(p);
        p->done += p->user->skip != NULL && p->user->skip[i];
    }
    return 0;
}

static void party_free(struct party *p, double *values)
{
    for (uint32_t i = 0; p->wholes != NULL && i < study_run_units(p->s, p->user); i++) free(p->wholes[i].values);
    free(p->wholes);
    free(p->others);
    free(values);
    pthread_mutex_destroy(&p->mutex);
}

int ranks_run(const struct ranks *ranks, const struct study *s, const struct run_options *options, struct error *e)
{
    if (ranks->count == 1) return study_run(s, options, e);
    if (spreads_parts(ranks, s, options)) return ranks_run_parts(ranks, s, options, e);
    struct study whole = *s; /* the same, but that every world has to be held as a whole; not to be freed */
    whole.share = 0;
    struct party party = {.ranks = ranks, .s = &whole, .user = options, .local = *options};
    double *values = NULL;
    pthread_t simulating;
    party.local.by_scenario = divides(ranks, s, options);
    party_callbacks(&party);
    if (pthread_mutex_init(&party.mutex, NULL) != 0) MPI_Abort(MPI_COMM_WORLD, ERROR_FAILURE);
    struct error error = {0};
    int status = party_create(&party, &values, &error);
    if (status == 0 && pthread_create(&simulating, NULL, simulate, &party) != 0)
        status = error_set(&error, ERROR_FAILURE, "no thread can be started");
    if (status == 0) {
        if (values != NULL) lead(&party, values); /* the leader has room for what others send */
        else follow(&party);
        pthread_join(simulating, NULL);
        error = party.error;
    } else if (ranks->own != 0) {
        end_following(&party, &error); /* or the leader would wait for it */
    }
    party_free(&party, values);
    return error.kind == ERROR_NONE ? 0 : error_set(e, error.kind, "%s", error.text);
}

/* Running a study: replicates in parallel, burn-in once per replicate, a copy of that world for each scenario. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include <stdatomic.h>

#include "sim/study.h"

enum { RUN_MOST_THREADS = 1024 };

struct run_progress {
    uint64_t person_days; /* simulated so far */
    uint32_t units;       /* finished so far, those skipped and those that failed included */
};

/* What the caller wants to be told. All members may be NULL or 0. Callbacks but `place`, `next` and `pack` are never called by
 * two threads at once.
 *
 * A unit is a replicate, or with a design a replicate of one of its points: unit = point * replicates + replicate. All points
 * have the study's shape (scenarios, days, metrics) and luck; only parameters differ. Where there are fewer units than
 * processors each may be divided: it then is one scenario alone, (point * replicates + replicate) * scenarios + scenario, with a
 * burn-in of its own, and its values are that scenario's: study_values() / scenarios doubles. */
struct run_options {
    uint32_t threads;        /* 0: as many as the machine, or OMP_NUM_THREADS, offers, and at most RUN_MOST_THREADS */
    const atomic_int *stop;  /* raised by anybody: the run ends within a day's work */
    const bool *skip;        /* [units]: already done in an earlier run */
    bool by_scenario;        /* units are divided */
    /* The next unit to run, or UINT32_MAX: there is none left. Called by several threads at once, and may wait. NULL: all in
     * their order but for those to be skipped. */
    uint32_t (*next)(void *context);
    uint32_t points;         /* of a design; 0: there is none */
    /* Sets `own`, the calling thread's copy of the study, to a point. Called by several threads at once. Not 0: the point's
     * units fail. Must be there when points > 0. */
    int (*place)(void *context, uint32_t point, struct study *own, struct error *e);
    /* What of a unit's values `done` gets: pack() makes packed / scenarios doubles of each scenario's. Called by several threads
     * at once. NULL: all values. */
    void (*pack)(void *context, uint32_t scenarios, const double *values, double *packed);
    size_t packed;
    /* A unit is complete. Its values are valid during the call only. Not 0 ends the run, and no other call follows. */
    int (*done)(void *context, uint32_t unit, const double *values, struct error *e);
    /* A unit of a design could not be simulated; the others go on. Without a design the first failure ends the run. */
    void (*failed)(void *context, uint32_t unit, const struct error *error);
    void (*progress)(void *context, const struct run_progress *progress);
    bool verify;             /* check the model's invariants every day */
    /* Processes that simulate every unit together: each calls study_run with the same study, points, units to skip and `verify`,
     * without `next` and undivided; `done`, `failed` and `progress` are to be the leader's alone. Used by one thread at a time.
     * NULL: this process is alone. */
    const struct exchange *exchange;
    void *context;
};

/* How many threads a run has for which so many, or 0, are wished. */
uint32_t study_run_threads(uint32_t wished);

/* Can units be divided? Not where there is one scenario, or their numbers would be too large. */
bool study_run_divides(const struct study *s, const struct run_options *options);

/* How many doubles `done` gets of a unit, and how many units there are. */
size_t study_run_delivered(const struct study *s, const struct run_options *options);
uint32_t study_run_units(const struct study *s, const struct run_options *options);

/* Runs; results are the same bits for every number of threads. -1: ERROR_FAILURE or ERROR_INTERRUPTED. May be called by several
 * threads at once, each of which may end when its call is over. */
int study_run(const struct study *s, const struct run_options *options, struct error *e);

/* One replicate on the calling thread: values[study_values(s)]. */
int study_run_replicate(const struct study *s, uint32_t replicate, double *values, struct error *e);

#endif

/* What the threads of a run share, and how they, and the processes that simulate one world together, come to an end alike. Only
 * for run.c. */
#ifndef SIM_RUN_JOB_H
#define SIM_RUN_JOB_H

#include <pthread.h>
#include <stdatomic.h>

#include "sim/run.h"
#include "sim/run_crew.h"
#include "sim/tally.h"

/* Constant but for the last block, which is guarded by the mutex or atomic. */
struct job {
    const struct study *s; /* gives the shape; a unit's own study the parameters */
    const struct model *model;
    const struct run_options *options;
    struct exchange exchange; /* to be copied: a thread's own use of it begins with this state */
    struct tally_layout layout;
    uint32_t threads;

    struct crew crew;
    pthread_mutex_t taking; /* of scenarios: see run.c */
    pthread_mutex_t mutex;
    struct error error;
    struct run_progress progress;
    struct slot *spare;
    atomic_bool ended;
    atomic_bool over;      /* all processes have agreed that the run ends */
    atomic_uint begun;     /* units, those skipped included: where nobody else says which is the next */
};

/* A replicate, of a point where there is a design; or some of its scenarios. */
struct unit {
    struct job *job;
    const struct study *s;
    uint32_t number, replicate;
    uint32_t scenario, scenarios; /* the first, and how many */
    double *values, *delivered; /* delivered: the values, or what is packed of them */
    uint32_t taken;               /* scenarios; guarded by the job's `taking` */
    struct error error; /* guarded by the job's mutex */
    atomic_bool broken; /* here */
    atomic_bool over;   /* a gather has failed: on all processes this unit goes no further */
};

/* -1 where the run cannot begin, on all processes then. */
int run_job_begin(struct job *job, const struct study *s, const struct run_options *options, struct error *e);
int run_job_end(struct job *job, struct error *e); /* hands the first error over */

/* One world is shared by several processes: units follow one another, and one thread speaks for the process. */
static inline bool run_together(const struct job *job) { return job->exchange.count > 1; }

void run_fail(struct job *job, const struct error *error);       /* the run ends */
void run_unit_fail(struct unit *unit, const struct error *error); /* of a design, one unit alone */

/* -1 when the run, or this unit, is to end. */
int run_go_on(const struct unit *unit);

/* The exchange as this process is now: ill, if it cannot go on. */
struct exchange run_exchange(const struct unit *unit);

/* After a gather of this status, of whose failure the reason, if it lies here, is `error`: the status. */
int run_gathered(struct unit *unit, int status, const struct error *error);

/* 0 where all processes can go on. Alone: run_go_on. */
int run_all_go_on(struct unit *unit);

/* After a unit that is over all processes learn why, and whether the run ends. */
void run_conclude(struct unit *unit);

/* Tells how many days have been simulated besides. */
void run_report(struct job *job, uint64_t person_days);

/* The unit's values, or its failure, to the caller; after a first error of the run nothing more. */
void run_deliver(struct unit *unit);

#endif

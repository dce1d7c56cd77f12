/* Running a study: replicates in parallel, burn-in once per replicate, a copy of that world for each scenario. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include <stdatomic.h>

#include "sim/study.h"

struct run_progress {
    uint64_t person_days;  /* simulated so far */
    uint32_t replicates;   /* finished so far, those skipped included */
};

/* What the caller wants to be told. All members may be NULL or 0. Callbacks are never called by two threads at once. */
struct run_options {
    uint32_t threads;                  /* 0: as many as the machine offers */
    const atomic_int *stop; /* raised by anybody: the run ends within a day's work */
    const bool *skip;                  /* [replicates]: already done in an earlier run */
    /* A replicate is complete: study_values() doubles, valid during the call only. Not 0 ends the run, and no
     * other call follows. */
    int (*done)(void *context, uint32_t replicate, const double *values, struct error *e);
    void (*progress)(void *context, const struct run_progress *progress);
    bool verify;                       /* check the model's invariants every day */
    void *context;
};

/* Runs; results are the same bits for every number of threads. -1: ERROR_FAILURE or ERROR_INTERRUPTED. */
int study_run(const struct study *s, const struct run_options *options, struct error *e);

/* One replicate on the calling thread: values[study_values(s)]. */
int study_run_replicate(const struct study *s, uint32_t replicate, double *values, struct error *e);

#endif

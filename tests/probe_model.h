/* A model that tells what is done to it, and fails when asked: for the engine's order of calls and its errors.
 *
 * A world has two parts. Every day each part counts a step; on days below 100 that three divides it also adds the day,
 * plus its own number, to a share. The lever does nothing but tell policies apart. */
#ifndef TESTS_PROBE_MODEL_H
#define TESTS_PROBE_MODEL_H

#include <stdatomic.h>

#include "sim/study.h"

enum { PROBE_PARTS = 2 };

/* Where parts may wait for each other; or two scenarios, on the first day after burn-in. */
enum probe_meeting { PROBE_CREATE = 1, PROBE_COPY, PROBE_START, PROBE_STEP, PROBE_OBSERVE, PROBE_SCENARIOS };

/* The place of a metric in the results. */
enum probe_metric { PROBE_STEPS, PROBE_LEVEL, PROBE_WHO, PROBE_RATIO };

/* What all worlds tell and are told. Tests look at it, and change it, when no run is going on. */
struct probe {
    bool tracing; /* on one thread only: fills `trace` */
    /* N: create, Y: copy, g: govern, s: start, e: enact, d: dawn, t, q: steps, c: couple, V: verify, o: observe; of parts
     * n: create, y: copy, G: govern, w: dawn, l: dusk */
    char trace[4000];
    atomic_int created, destroyed, copied, coupled, verified, dawns;
    int fail_create, fail_copy, fail_couple, fail_verify; /* the number of the call that fails; 0: none */
    atomic_int created_parts, copied_parts;
    int fail_create_part, fail_copy_part;
    bool silent;                             /* it fails without a message */
    bool fail_parts;                         /* every one of them that is created, each by its own message */
    bool large;                              /* a population worth several threads */
    int meet;                                /* a world's parts wait for each other: one of PROBE_... above; 0: never */
    atomic_int met, missed;                  /* and how often they did, or waited too long */
    atomic_uint scenarios_here;
    int32_t first_day; /* of the horizon */
    atomic_int stop;
    int stop_at;     /* the number of the dawn that raises it */
    atomic_int late; /* dawns after that */
};

extern struct probe probe;

/* Policies with lever 1 (the baseline) and 2; scenarios "one" and "two". Clears `probe`. */
void probe_study(struct study *s, uint32_t replicates, int32_t burn_in, int32_t horizon);

#endif

/* Several "processes" in one, each a thread, that simulate one world together: sim/exchange.h without MPI. */
#ifndef TESTS_MEETING_H
#define TESTS_MEETING_H

#include "sim/run.h"

enum { MEETING_MOST = 8 };

/* What one process gets out of study_run. */
struct meeting_result {
    int status;
    struct error error;
    uint32_t done, failed; /* calls */
    char failure[1024];    /* the text of the last */
    struct run_progress last;
};

struct meeting {
    uint64_t gathers, empty, bytes; /* gathers; those without a byte; bytes sent in all */
    struct meeting_result result[MEETING_MOST];
};

/* study_run by `count` processes together, all but the leader on one thread. `options` without callbacks but `place`;
 * values[units][study_values] receives what the leader was told, and may be NULL; the unit whose number is `refused` cannot be
 * stored (UINT32_MAX: all can). */
struct meeting meeting_run(const struct study *s, const struct run_options *options, uint32_t count, double *values,
                           uint32_t refused);

#endif

/* The progress line of a run: how much is done, how fast, how long it will take. */
#ifndef SIM_PROGRESS_H
#define SIM_PROGRESS_H

#include "sim/run.h"

struct progress {
    bool shown;
    const char *what;  /* the units: "replicates" */
    uint32_t units;    /* in all */
    uint32_t before;   /* finished before this run began */
    double started, last; /* monotonic seconds */
    struct run_progress latest;
};

double progress_clock(void); /* monotonic seconds */
struct progress progress_begin(bool shown, const char *what, uint32_t units, uint32_t before);
void progress_update(struct progress *p, const struct run_progress *latest); /* at most five lines a second */
void progress_end(const struct progress *p);                                 /* wipes the line */

#endif

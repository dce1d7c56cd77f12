/* How far a run is: how much is done, how fast, how long it will take. On stderr, as a line that is written over, or for tools as
 * a line of JSON each time. */
#ifndef SIM_PROGRESS_H
#define SIM_PROGRESS_H

#include "sim/run.h"

enum progress_form { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER, PROGRESS_JSON }; /* the words of --progress; AUTO shows nothing */
enum progress_state { PROGRESS_RUNNING, PROGRESS_WRITING, PROGRESS_FINISHED, PROGRESS_INTERRUPTED, PROGRESS_FAILED };

struct progress {
    enum progress_form form;
    const char *what;  /* the units: "replicates" */
    uint32_t units;    /* in all */
    uint32_t before;   /* finished before this run began */
    double started, last; /* monotonic seconds */
    struct run_progress latest;
};

double progress_clock(void); /* monotonic seconds */
struct progress progress_begin(enum progress_form form, const char *what, uint32_t units, uint32_t before);
void progress_update(struct progress *p, const struct run_progress *latest); /* at most five lines a second, or ten of JSON */
void progress_enter(const struct progress *p, enum progress_state state);    /* wipes the line, or tells the state */

/* "40 s", "12 min", "3.4 h", "5 days": as long as it takes, for people. Returns `text`. */
const char *progress_duration(double seconds, char *text, size_t size);

#endif

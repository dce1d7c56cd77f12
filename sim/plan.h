/* What a run will take, for --dry-run: a second of it is simulated, and the rest reckoned from that. Nothing is written. */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include "sim/record.h"
#include "sim/run.h"

/* How the time was got. */
enum plan_basis {
    PLAN_NOTHING,   /* not even a day of a world could be simulated in the time there is */
    PLAN_WHOLE,     /* all of it was simulated */
    PLAN_PREFIX,    /* replicates, from their beginning */
    PLAN_SHORTENED, /* whole replicates of fewer days */
};

struct plan {
    enum plan_basis basis;
    uint32_t left;         /* units to run */
    double person_days;    /* of them; 0: unknown */
    double seconds;        /* to simulate them; -1: unknown */
    double measured;       /* seconds that were simulated to know */
    double shortened;      /* share of the days that were simulated */
    double replicates;     /* measured, parts of them added up */
    double compressed;     /* share of its bytes that a value takes in the file; 0: unknown */
};

/* options: those of the run, with `skip` for the units that are not to be run; `threads` is their number where `options` leaves it
 * open; `record` what is kept of a unit. ERROR_INTERRUPTED, or ERROR_FAILURE where there is no memory to measure anything. */
int plan_measure(struct plan *plan, const struct study *s, const struct run_options *options, uint32_t threads,
                 const struct record *record, struct error *e);

#endif

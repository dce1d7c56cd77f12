/* Is the burn-in long enough? Compares the headline metrics over the last half year of burn-in with the half year before. */
#ifndef SIM_DRIFT_H
#define SIM_DRIFT_H

#include <stdio.h>

#include "sim/journal.h"
#include "sim/study.h"

/* Prints a warning on `out` for each of the model's headline metrics that still drifts: a paired t above 4 over replicates
 * and a change above 5 %. Says nothing when fewer than 360 days of burn-in, or fewer than 8 replicates, are on record, or no
 * series of replicates (run.output) or none of the metrics (run.metrics). */
void drift_warn(FILE *out, const struct study *s, const struct record *record, const struct journal *j);

#endif

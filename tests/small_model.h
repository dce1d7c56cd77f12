/* A model small enough to be worked out by hand: the fixture of the engine's tests.
 *
 * A world has `parts` parts. Every day each part adds 1 to `steps`, the lever `push` to `pushed`, and a uniform draw to `luck`
 * and to its state. `today` is the day of the last dawn, summed over the parts; `enactments` counts calls of enact; `state` is
 * the sum of all draws so far; `fraction` is push over parts, NaN on the days divisible by 7; `never` is always NaN. */
#ifndef TESTS_SMALL_MODEL_H
#define TESTS_SMALL_MODEL_H

#include "sim/study.h"

extern const struct model small_model;

/* The place of a metric in the results. */
enum small_metric { SMALL_STEPS, SMALL_LUCK, SMALL_STATE, SMALL_TODAY, SMALL_NEVER, SMALL_PUSHED, SMALL_ENACTMENTS, SMALL_FRACTION };

/* A study of two policies, "calm" (push 1, the baseline) and "pushy" (push 3), and three scenarios: "calm", "pushy", and
 * "later", which is calm until day 40 and pushy from then on. Burn-in 50 days, horizon 200, records every 30 days from -30 on. */
void small_study(struct study *s, uint32_t replicates, int32_t parts);

#endif

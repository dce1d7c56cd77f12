/* The worlds of a run: made, copied, and all their parts worked at, by several threads where some have nothing else to do. Only
 * for run.c. */
#ifndef SIM_RUN_WORLD_H
#define SIM_RUN_WORLD_H

#include "sim/run_job.h"

/* A world, or the parts of it that are this process's, and what its sub-models have counted. */
struct slot {
    struct world *world;
    struct tally tally;
    uint32_t parts;
    uint64_t person_days; /* not reported yet */
    struct slot *next;    /* among the spare ones */
};

static inline const void *const *run_groups(const struct unit *unit, uint32_t policy)
{
    return (const void *const *)unit->s->policies[policy].values.group;
}

/* NULL after a failure, for which the unit then fails. */
struct slot *run_slot_create(struct unit *unit);
struct slot *run_slot_copy(struct unit *unit, const struct slot *from);
void run_slot_destroy(const struct job *job, struct slot *slot); /* NULL is allowed */
void run_slot_spare(struct job *job, struct slot *slot);         /* for other copies */
void run_slots_free(struct job *job);                            /* the spare ones */

/* Something done to every part of a world: threads that take part draw one part after another. */
struct round {
    struct unit *unit;
    struct slot *slot;
    const struct slot *from; /* of which the slot becomes a copy */
    const void *const *groups;
    int32_t day;
    bool changes; /* the policy may have changed */
    void (*work)(struct round *round, uint32_t part);
    struct error *error; /* that of the first part that fails, whichever was faster; guarded by the job's mutex. NULL: none can */
    atomic_uint next, failed;
};

/* `large`: worth several threads. -1 when a part has failed. */
int run_round(struct round *round, bool large);
bool run_is_large(const struct job *job, const struct slot *slot);

#endif

/* What the files ranks_mpi*.c share; nobody else needs it. */
#ifndef SIM_RANKS_MPI_H
#define SIM_RANKS_MPI_H

#include "sim/ranks.h"

/* The tags of messages; the protocol stands in ranks_mpi.c. */
enum { TO_LEADER = 1, VALUES_TO_LEADER, WORK_TO_FOLLOWER, STOP_TO_FOLLOWER, END_TO_FOLLOWER };

/* Between two looks at the mail: short while there is some, longer when not. `quiet`: looks since the last. */
void ranks_nap(uint32_t *quiet);

/* Every unit by all ranks, each with some of the parts of its worlds; whoever must not go on ends all of them after the same
 * day. The leader says which units are to be skipped. */
int ranks_run_parts(const struct ranks *ranks, const struct study *s, const struct run_options *options, struct error *e);

#endif

/* The two ways in which ranks share a run. Only for ranks_mpi.c. */
#ifndef SIM_RANKS_MPI_H
#define SIM_RANKS_MPI_H

#include "sim/ranks.h"

/* Every unit by all ranks, each with some of the parts of its worlds; whoever must not go on ends all of them after the same
 * day. The leader says which units are to be skipped. */
int ranks_run_parts(const struct ranks *ranks, const struct study *s, const struct run_options *options, struct error *e);

#endif

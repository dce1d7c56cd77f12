/* A study on its way to its results file, or a shard of it to the shard's: see command_run.c and command_merge.c. */
#ifndef SIM_RUNNING_H
#define SIM_RUNNING_H

#include "sim/design.h"
#include "sim/request.h"

/* Reads what the request names, runs or merges it, tells what is to be told, and returns the exit status. */
int running_request(struct request *q, const struct model *model);

#endif

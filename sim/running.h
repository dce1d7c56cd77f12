/* A study on its way to its results file, or a shard of it to the shard's: what `run` and `merge` do. */
#ifndef SIM_RUNNING_H
#define SIM_RUNNING_H

#include "sim/request.h"

/* Reads the command line, loads what it names, runs or merges it, tells what is to be told, and returns the exit status. */
int running_command(int argc, char **argv, const struct model *model, const struct options_command *c, bool merges);

#endif

/* Processes of their own for what may crash, hang or be asked to stop: the program as a whole, and within it the writing of a
 * results file. Libraries do not survive every want of memory (HDF5 1.10 and libconfig 1.5 do not), and a disk may keep a
 * process waiting that is to end within two seconds. The one that waits does nothing else, so it always has an answer. */
#ifndef SIM_APART_H
#define SIM_APART_H

#include <stdatomic.h>

#include "sim/error.h"

/* Runs the program in a child and returns its exit status. SIGINT, SIGTERM and, where it was not ignored from the beginning, SIGHUP
 * raise apart_stop() in the child, which is given some time to end by itself; a second one ends it at once, as does this process's
 * own end. A child that crashes is a line on stderr and status 1. */
int apart_program(int (*program)(int argc, char **argv), int argc, char **argv);

/* Not zero: the number of the signal that asks this process to stop. */
const atomic_int *apart_stop(void);

/* Does work(context) in a child, without its stderr; context lies in memory from apart_shared if work is to give anything back.
 * -1: work's own error; or ERROR_FAILURE, which names `what`, when it crashed; or ERROR_INTERRUPTED after apart_stop(). */
int apart_work(int (*work)(void *context, struct error *e), void *context, const char *what, struct error *e);

/* Memory that stays common to this process and its children, all zero; NULL when there is none. */
void *apart_shared(size_t size);

#endif

/* A program built without MPI: one process. */
#include "sim/ranks.h"

#include <stdlib.h>

int ranks_begin(struct ranks *ranks, struct error *e)
{
    *ranks = (struct ranks){.count = 1, .here = 1, .threads = study_run_threads(0)};
    const char *size = getenv("OMPI_COMM_WORLD_SIZE"); /* as mpirun says */
    if (size == NULL || strtol(size, NULL, 10) < 2) return 0;
    return error_set(e, ERROR_INPUT, "this program was built for one process and cannot share a run with others; build it with "
                                     "'make MPI=1', or run parts with --shard");
}

int ranks_agree(const struct ranks *ranks, int status, const struct error *own, const char *identity, struct error *e)
{
    (void)ranks, (void)identity;
    *e = *own;
    return status;
}

int ranks_run(const struct ranks *ranks, const struct study *s, const struct run_options *options, struct error *e)
{
    (void)ranks;
    return study_run(s, options, e);
}

void ranks_end(const struct ranks *ranks, int status) { (void)ranks, (void)status; }

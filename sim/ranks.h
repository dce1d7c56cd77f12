/* Processes, on one machine or many, that share a run. `make MPI=1` builds them on MPI (ranks_mpi*.c); without it there is one
 * (ranks_none.c). Rank 0, the leader, alone reads and writes files beside the scenario file and a design, and speaks to the
 * user; the others simulate what it hands out and send it the values, which it keeps as if they were its own. So no number
 * depends on how many there are. A rank that dies ends the job; what was finished is in the leader's journal. */
#ifndef SIM_RANKS_H
#define SIM_RANKS_H

#include "sim/run.h"

/* What is shared out: units and scenarios, or the parts of every world. */
enum ranks_over { RANKS_OVER_AUTO, RANKS_OVER_UNITS, RANKS_OVER_CITIES };

struct ranks {
    uint32_t count, own;  /* own: this process's number, from 0 */
    uint32_t here;        /* how many are on this machine */
    uint32_t threads;     /* that this process is best run with */
    enum ranks_over over; /* as the caller wishes; a world that has one part is never spread */
};

/* Joins the others where a launcher (mpirun, srun) has started this process; alone otherwise. */
int ranks_begin(struct ranks *ranks, struct error *e);

/* Whether all are ready to run the same: `status` and `own` say whether this one is, `identity` what it would run (a digest).
 * -1 on all where one is not; the leader then has the reason in `e`, the others its kind alone. */
int ranks_agree(const struct ranks *ranks, int status, const struct error *own, const char *identity, struct error *e);

/* study_run on all ranks together: the leader's callbacks get everything, those of the others nothing but `place`. Where there
 * are fewer units than threads, they are divided into scenarios; where fewer scenarios than ranks, or a world too large for one
 * rank, the parts of each world are spread over the ranks. Without MPI it is study_run. */
int ranks_run(const struct ranks *ranks, const struct study *s, const struct run_options *options, struct error *e);

/* Leaves the others. All wait until the leader is here, and its `status` alone counts: where it is not 0 the run has failed, and
 * the job is ended instead. */
void ranks_end(const struct ranks *ranks, int status);

#endif

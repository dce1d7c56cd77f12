/* How processes come together for a run, and how they part: see sim/ranks.h. */
#include "sim/ranks_mpi.h"

#include <mpi.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const unsigned ABORT_TAKES = 10; /* seconds after which a follower no longer waits for the leader's abort */

void ranks_nap(uint32_t *quiet)
{
    const struct timespec moment = {.tv_nsec = *quiet < 100 ? 20000 : *quiet < 500 ? 100000 : 1000000};
    ++*quiet;
    nanosleep(&moment, NULL);
}

/* ---- joining ----------------------------------------------------------------------------------------------------------- */

/* Without a launcher MPI would start one of its own, which takes longer than many a run. */
static bool launched(void)
{
    return getenv("OMPI_COMM_WORLD_SIZE") != NULL || getenv("PMIX_RANK") != NULL || getenv("PMI_RANK") != NULL;
}

/* How many ranks are on this machine. */
static int ranks_here(void)
{
    MPI_Comm here;
    int neighbours = 1;
    if (MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here) == MPI_SUCCESS) {
        MPI_Comm_size(here, &neighbours);
        MPI_Comm_free(&here);
    }
    return neighbours;
}

/* As many threads as this process has processors of its own; processes that may use all share them. */
static uint32_t threads_here(int neighbours)
{
    int own = omp_get_num_procs(), all = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (own < all || getenv("OMP_NUM_THREADS") != NULL) return (uint32_t)(own < omp_get_max_threads() ? own : omp_get_max_threads());
    return all > neighbours ? (uint32_t)(all / neighbours) : 1;
}

int ranks_begin(struct ranks *ranks, struct error *e)
{
    int provided = 0, count = 1, own = 0;
    *ranks = (struct ranks){.count = 1, .here = 1, .threads = study_run_threads(0)};
    if (!launched()) return 0;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &provided) != MPI_SUCCESS || provided < MPI_THREAD_MULTIPLE)
        return error_set(e, ERROR_FAILURE, "MPI cannot be used by several threads at once");
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    MPI_Comm_rank(MPI_COMM_WORLD, &own);
    const int here = ranks_here();
    *ranks = (struct ranks){.count = (uint32_t)count, .own = (uint32_t)own, .threads = threads_here(here), .here = (uint32_t)here};
    return 0;
}

struct readiness {
    int32_t kind;
    char identity[65], text[sizeof ((struct error *)0)->text];
};

/* What keeps the ranks from running, if anything. */
static void find_reason(const struct ranks *ranks, const struct readiness *all, struct error *e)
{
    if (all[0].kind != ERROR_NONE) {
        error_set(e, (enum error_kind)all[0].kind, "%s", all[0].text);
        return;
    }
    for (uint32_t i = 1; i < ranks->count; i++) {
        if (all[i].kind != ERROR_NONE) {
            error_set(e, (enum error_kind)all[i].kind, "rank %u: %s", i, all[i].text);
            return;
        }
        if (strcmp(all[i].identity, all[0].identity) != 0) {
            error_set(e, ERROR_INPUT, "rank %u reads another scenario file or design than rank 0, or is another version of the "
                                      "program; all must find the same", i);
            return;
        }
    }
}

int ranks_agree(const struct ranks *ranks, int status, const struct error *own, const char *identity, struct error *e)
{
    *e = *own;
    if (ranks->count == 1) return status;
    struct readiness ready = {.kind = status != 0 ? (int32_t)own->kind : ERROR_NONE};
    struct readiness *all = ranks->own == 0 ? calloc(ranks->count, sizeof *all) : NULL;
    snprintf(ready.identity, sizeof ready.identity, "%s", identity);
    memcpy(ready.text, own->text, sizeof ready.text);
    if (ranks->own == 0 && all == NULL) MPI_Abort(MPI_COMM_WORLD, ERROR_FAILURE);
    MPI_Gather(&ready, sizeof ready, MPI_BYTE, all, sizeof ready, MPI_BYTE, 0, MPI_COMM_WORLD);
    struct error reason = {0};
    if (all != NULL) find_reason(ranks, all, &reason); /* the leader */
    free(all);
    int32_t kind = (int32_t)reason.kind;
    MPI_Bcast(&kind, 1, MPI_INT32_T, 0, MPI_COMM_WORLD);
    *e = reason;
    e->kind = (enum error_kind)kind;
    return kind == ERROR_NONE ? 0 : -1;
}

/* ---- leaving ------------------------------------------------------------------------------------------------------------ */

static int hear_how_it_ended(void)
{
    int status = 0;
    uint32_t quiet = 0;
    for (int told = 0; !told; ranks_nap(&quiet)) MPI_Iprobe(0, END_TO_FOLLOWER, MPI_COMM_WORLD, &told, MPI_STATUS_IGNORE);
    MPI_Recv(&status, 1, MPI_INT, 0, END_TO_FOLLOWER, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return status;
}

/* Where the leader aborts while others are in MPI_Finalize, the launcher may wait for ever: PMIx 4.2 locks itself out, once in
 * ten times here. So nobody leaves before the leader has said how the run ended, and its abort ends the others. */
void ranks_end(const struct ranks *ranks, int status)
{
    int initialised = 0;
    MPI_Initialized(&initialised);
    if (!initialised) return;
    if (ranks->own == 0) {
        for (uint32_t i = 1; i < ranks->count; i++) MPI_Send(&status, 1, MPI_INT, (int)i, END_TO_FOLLOWER, MPI_COMM_WORLD);
    } else {
        status = hear_how_it_ended();
        if (status != 0) sleep(ABORT_TAKES);
    }
    if (status != 0) MPI_Abort(MPI_COMM_WORLD, status);
    MPI_Finalize();
}

/* One world on several processes: the exchange of sim/exchange.h, by MPI. Only a rank's simulating thread calls MPI here. */
#include <limits.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "sim/ranks_mpi.h"

#define ILL UINT64_MAX /* in place of a size */

/* What a rank needs to receive. Rooms are the same on all ranks, also where nothing is received, so that they grow together. */
struct office {
    uint32_t count, own;
    uint64_t *sizes;                     /* [count] */
    int *counts, *offsets;               /* [count] */
    struct {
        unsigned char *bytes;
        size_t room;
    } received[2]; /* by enum exchange_to */
};

static bool receives(const struct office *o, enum exchange_to to) { return to == EXCHANGE_TO_ALL || o->own == 0; }

/* Room for so many bytes, wherever they go to; or nowhere. */
static int make_room(struct office *o, enum exchange_to to, size_t total, struct error *e)
{
    const size_t room = total + total / 2;
    int made = 1;
    if (total <= o->received[to].room) return 0;
    if (receives(o, to)) {
        unsigned char *grown = realloc(o->received[to].bytes, room);
        made = grown != NULL;
        if (grown != NULL) o->received[to].bytes = grown;
        else error_memory(e, "what other ranks send", (double)room);
    }
    MPI_Allreduce(MPI_IN_PLACE, &made, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (made) o->received[to].room = room;
    return made ? 0 : -1;
}

/* The sizes tell all ranks whether somebody is ill and whether there is anything to send. */
static int gather(void *context, bool ill, const void *own, size_t size, enum exchange_to to, struct exchange_bytes *all,
                  struct error *e)
{
    struct office *o = context;
    const uint64_t mine = ill ? ILL : size;
    uint64_t total = 0;
    *all = (struct exchange_bytes){0};
    MPI_Allgather(&mine, 1, MPI_UINT64_T, o->sizes, 1, MPI_UINT64_T, MPI_COMM_WORLD);
    for (uint32_t i = 0; i < o->count; i++) {
        if (o->sizes[i] == ILL) return -1;
        if (o->sizes[i] > INT_MAX || (total += o->sizes[i]) > INT_MAX)
            return error_set(e, ERROR_FAILURE, "ranks have more than %d bytes to send at once; use fewer parts", INT_MAX);
        o->counts[i] = (int)o->sizes[i];
        o->offsets[i] = (int)(total - o->sizes[i]);
    }
    if (total == 0) return 0;
    if (make_room(o, to, total, e) != 0) return -1;
    unsigned char *bytes = o->received[to].bytes;
    if (to == EXCHANGE_TO_ALL)
        MPI_Allgatherv(own, (int)size, MPI_BYTE, bytes, o->counts, o->offsets, MPI_BYTE, MPI_COMM_WORLD);
    else
        MPI_Gatherv(own, (int)size, MPI_BYTE, bytes, o->counts, o->offsets, MPI_BYTE, 0, MPI_COMM_WORLD);
    if (receives(o, to)) *all = (struct exchange_bytes){bytes, total};
    return 0;
}

static void close_office(struct office *o)
{
    free(o->sizes);
    free(o->counts);
    free(o->offsets);
    for (int to = 0; to < 2; to++) free(o->received[to].bytes);
}

static int open_office(struct office *o, const struct ranks *ranks, struct error *e)
{
    *o = (struct office){.count = ranks->count, .own = ranks->own};
    o->sizes = calloc(o->count, sizeof *o->sizes);
    o->counts = calloc(o->count, sizeof *o->counts);
    o->offsets = calloc(o->count, sizeof *o->offsets);
    if (o->sizes != NULL && o->counts != NULL && o->offsets != NULL) return 0;
    return error_memory(e, "the ranks", (double)o->count * sizeof *o->sizes);
}

/* The leader's units to skip, for all. NULL with an error: no memory. */
static bool *share_skip(const struct ranks *ranks, const struct run_options *options, uint32_t units, struct error *e)
{
    bool *skip = calloc((size_t)units + 1, sizeof *skip);
    if (skip == NULL) {
        error_memory(e, "the units", (double)units);
        return NULL;
    }
    if (ranks->own == 0 && options->skip != NULL) memcpy(skip, options->skip, units * sizeof *skip);
    return skip;
}

int ranks_run_parts(const struct ranks *ranks, const struct study *s, const struct run_options *options, struct error *e)
{
    struct office office;
    struct run_options own = *options;
    const uint32_t units = study_run_units(s, options);
    bool *skip = share_skip(ranks, options, units, e);
    int ready = open_office(&office, ranks, e) == 0 && skip != NULL, status = -1;
    MPI_Allreduce(MPI_IN_PLACE, &ready, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    if (ready) {
        const struct exchange exchange = {.count = ranks->count, .own = ranks->own, .gather = gather, .context = &office};
        MPI_Bcast(skip, (int)units, MPI_C_BOOL, 0, MPI_COMM_WORLD);
        own.skip = skip;
        own.exchange = &exchange;
        if (ranks->own != 0) {
            own.done = NULL;
            own.failed = NULL;
            own.progress = NULL;
        }
        status = study_run(s, &own, e);
    } else {
        error_set(e, ERROR_FAILURE, "another rank could not begin");
    }
    close_office(&office);
    free(skip);
    return status;
}

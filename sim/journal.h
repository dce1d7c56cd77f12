/* The journal of a run, FILE.partial: every finished replicate, appended at once, so that a kill, a crash or a full disk costs
 * no finished work. The header and each record carry a CRC-32, and what is torn or damaged is dropped on opening.
 *
 *     header   "ESJRNL\r\n", then what the run is (struct header in journal.c), its SHA-256 and a CRC-32
 *     record   replicate (uint32), CRC-32 of the header's, of it and the values (uint32), values (double [])
 *
 * Where only an aggregate is wanted (run.output = "quantiles"), its frame and bytes stand between the header and the records,
 * and the file is compacted when it has grown: what has been appended goes into the aggregate, and header and aggregate are
 * written anew beside it, to FILE.partial.new, which then takes its name. At every moment the old file is there or the new one.
 *
 *     frame    0xffffffff, CRC-32 of the header's, of the size and the bytes (uint32), size of the aggregate (uint64)
 *
 * Numbers are in the machine's own order, which the header's fingerprint covers: a journal is resumed where it was begun. */
#ifndef SIM_JOURNAL_H
#define SIM_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/aggregate.h"
#include "sim/error.h"

struct journal;

/* What decides the numbers. A journal goes on only where all of it is the same. */
struct journal_identity {
    const char *config;  /* the resolved configuration */
    const char *model;   /* name and version */
    const char *program; /* version */
    uint64_t seed;
    uint32_t replicates;
    size_t values; /* doubles per replicate */
    const struct record *aggregated; /* what an aggregate is kept of; it must outlive the journal. NULL: every record is kept */
};

/* A new journal; what was at `path` is overwritten. ERROR_INPUT when the file cannot be made, or another run writes it. */
int journal_create(struct journal **j, const char *path, const struct journal_identity *identity, struct error *e);

/* One that lies in memory, under no name, and ends with journal_close. */
int journal_in_memory(struct journal **j, const struct journal_identity *identity, struct error *e);

/* Opens a journal, one that breaks off within its header included, and reads which replicates it holds. ERROR_INPUT when it is not a journal, or one of another run: the
 * message says what differs. */
int journal_resume(struct journal **j, const char *path, const struct journal_identity *identity, struct error *e);

/* The same, for one who only wants to know what it holds: nothing of the file is changed, not even its torn end. */
int journal_look(struct journal **j, const char *path, const struct journal_identity *identity, struct error *e);

/* Whether a file that is there could be overwritten by journal_create. ERROR_INPUT as there. */
int journal_try(const char *path, struct error *e);

/* Gives the file another name, under which nothing remains of what was there. ERROR_FAILURE: it has its old name. */
int journal_move(struct journal *j, const char *path, struct error *e);

/* Appends what another journal of the same run holds and this one does not, or merges its aggregate. The other is only read, while
 * nobody writes it. ERROR_INPUT as of journal_resume, or when two aggregates have a replicate in common. */
int journal_gather(struct journal *j, const char *path, const struct journal_identity *identity, struct error *e);

/* ERROR_FAILURE when it cannot be written; the journal then still ends with its last whole record. May compact. */
int journal_append(struct journal *j, uint32_t replicate, const double *values, struct error *e);

/* values[count] of a finished replicate that is in no aggregate, from its value number `first` on. */
int journal_read(const struct journal *j, uint32_t replicate, size_t first, size_t count, double *values, struct error *e);

/* Of a journal that has one: the aggregate of all that is in it. NULL after an error. The file stays as it is. */
const struct aggregate *journal_aggregate(struct journal *j, struct error *e);

/* A file without records, where there is an aggregate. ERROR_FAILURE: the old one stands. */
int journal_compact(struct journal *j, struct error *e);

/* Reads all of it once more. ERROR_FAILURE: something has happened to it since it was written or opened. */
int journal_verify(const struct journal *j, struct error *e);

const bool *journal_finished(const struct journal *j); /* [replicates] */
uint32_t journal_count(const struct journal *j);       /* finished replicates */
double journal_seconds(const struct journal *j);       /* spent writing */

/* The bytes of a journal with `records` replicates; about the most of one that is compacted, with the new one beside it. */
double journal_size(const struct journal_identity *identity, uint32_t records);

int journal_sync(struct journal *j, struct error *e); /* to the disk */
void journal_close(struct journal *j);                /* NULL is allowed; the file stays */

#endif

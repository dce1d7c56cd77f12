/* What the files journal*.c share: the file as it lies on the disk, and a journal that is open. Nobody else needs it. */
#ifndef SIM_JOURNAL_FILE_H
#define SIM_JOURNAL_FILE_H

#include <nettle/sha2.h>

#include "sim/journal.h"

enum {
    JOURNAL_COMPACT_FROM = 4 * 1024 * 1024, /* bytes of records */
    JOURNAL_COMPACT_TIMES = 4,              /* the aggregate's size: then writing that is little beside what was appended */
};

static const uint32_t JOURNAL_AGGREGATE = UINT32_MAX; /* stands where records have their replicate */

/* The first bytes of the file. No padding: the members are in falling order of alignment. */
struct header {
    char magic[8];
    uint64_t values, seed;
    uint32_t format, replicates;
    char model[64], program[64];
    unsigned char config[SHA256_DIGEST_SIZE];      /* of the configuration's text */
    unsigned char fingerprint[SHA256_DIGEST_SIZE]; /* of all of the above */
    uint32_t aggregated, crc;                        /* whether there is an aggregate; crc of all of the above */
};

struct frame {
    uint32_t replicate, crc;
};

struct aggregate_frame {
    uint32_t marker, crc;
    uint64_t size;
};

/* With which a file begins; the frame, of an aggregate of nothing, only where there is one. */
struct start {
    struct header header;
    struct aggregate_frame frame;
};
_Static_assert(offsetof(struct start, frame) == sizeof(struct header), "no padding");

/* The part of the file that was read last: small records are read many at a time. */
struct window {
    unsigned char bytes[64 * 1024];
    uint64_t begin;
    size_t size;
};

struct journal {
    struct window *window;
    char *path, *beside; /* beside: of a file that is to take its place */
    struct start start;
    size_t start_size;
    struct aggregate *aggregate; /* or NULL */
    bool spoiled;                /* memory ran out while it was added to */
    bool *finished;     /* [replicates] */
    uint64_t *position; /* [replicates] of the record in the file; 0: there is none */
    unsigned char *record;
    size_t values, record_size;
    uint64_t begin, end; /* of the records */
    uint64_t limit;      /* bytes of records from which on the file is compacted */
    uint32_t replicates, count;
    bool looks;    /* only: the file stays as it is */
    bool named;    /* the file's name is on the disk as well */
    bool unnamed;  /* there is none: the file is in memory */
    int fd;
    double synced, seconds;
};

/* Writes all of it: a short write is continued, so that a full disk shows as ENOSPC and not as success. */
int journal_write_at(int fd, const void *data, size_t size, uint64_t position);

/* -1 with errno 0 at the end of the file. */
int journal_read_at(int fd, void *data, size_t size, uint64_t position);

double journal_file_size(int fd); /* -1: unknown */
double journal_now(void);
bool journal_lock(int fd, int operation);
uint32_t journal_checksum(uint32_t crc, const void *data, size_t size);
uint32_t journal_aggregate_checksum(const struct journal *j, const void *bytes, uint64_t size);

/* The file's name to the disk as well: a file without a name is lost. */
int journal_sync_name(struct journal *j, struct error *e);

/* Reads a record that was whole when it was written or found into j->record. */
int journal_read_again(const struct journal *j, uint32_t replicate, struct error *e);

/* Reads the aggregate that stands behind the header. ERROR_INPUT, with the advice, when it is damaged. */
int journal_read_aggregate(struct journal *j, const struct aggregate_frame *frame, const char *advice, struct error *e);

/* Adds the other's aggregate to the journal's. ERROR_INPUT when they have a replicate in common. */
int journal_gather_aggregate(struct journal *j, const struct journal *from, struct error *e);

void journal_set_limit(struct journal *j);

#endif

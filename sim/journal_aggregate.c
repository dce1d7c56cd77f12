/* The aggregate of a journal: read with it, filled from its records, and written in their place. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "sim/journal_file.h"

enum { BATCH = 8 * 1024 * 1024 /* bytes of records that are aggregated together */ };

uint32_t journal_aggregate_checksum(const struct journal *j, const void *bytes, uint64_t size)
{
    uint32_t crc = journal_checksum(j->start.header.crc, &size, sizeof size);
    return size > 0 ? journal_checksum(crc, bytes, (size_t)size) : crc; /* of nothing, zlib makes 0 */
}

/* ---- reading it ---- */

void journal_set_limit(struct journal *j)
{
    j->limit = JOURNAL_COMPACT_TIMES * (uint64_t)aggregate_size(j->aggregate);
    if (j->limit < JOURNAL_COMPACT_FROM) j->limit = JOURNAL_COMPACT_FROM;
}

static int damaged_aggregate(const struct journal *j, const char *advice, struct error *e)
{
    return error_set(e, ERROR_INPUT, "%s: the quantiles of the replicates so far are damaged; %s", j->path, advice);
}

/* Unlike a record it cannot be dropped: too much was put into it. */
int journal_read_aggregate(struct journal *j, const struct aggregate_frame *frame, const char *advice, struct error *e)
{
    const double room = journal_file_size(j->fd) - (double)j->start_size;
    if (frame->marker != JOURNAL_AGGREGATE || !((double)frame->size <= room)) return damaged_aggregate(j, advice, e);
    unsigned char *bytes = malloc((size_t)frame->size + 1);
    if (bytes == NULL) return error_memory(e, "the quantiles", (double)frame->size);
    struct error cause = {0};
    int status = journal_read_at(j->fd, bytes, (size_t)frame->size, j->start_size);
    if (status != 0) error_set(e, ERROR_INPUT, "%s: cannot be read: %s", j->path, strerror(errno));
    else if (frame->crc != journal_aggregate_checksum(j, bytes, frame->size)) status = damaged_aggregate(j, advice, e);
    else if (frame->size > 0) status = aggregate_read(j->aggregate, bytes, (size_t)frame->size, &cause);
    free(bytes);
    if (cause.kind != ERROR_NONE) return cause.kind == ERROR_INPUT ? damaged_aggregate(j, advice, e) : error_set(e, cause.kind, "%s", cause.text);
    if (status != 0) return -1;
    for (uint32_t replicate = 0; replicate < j->replicates; replicate++) {
        j->finished[replicate] = aggregate_has(j->aggregate, replicate);
        j->count += j->finished[replicate];
    }
    j->begin = j->end = j->start_size + frame->size;
    journal_set_limit(j);
    return 0;
}

/* What it holds is then no longer taken from records. */
static void take_over(struct journal *j, const struct aggregate *from)
{
    for (uint32_t replicate = 0; replicate < j->replicates; replicate++) {
        if (!aggregate_has(from, replicate)) continue;
        j->count += !j->finished[replicate];
        j->finished[replicate] = true;
        j->position[replicate] = 0;
    }
    journal_set_limit(j);
}

int journal_gather_aggregate(struct journal *j, const struct journal *from, struct error *e)
{
    struct error cause = {0};
    bool all = true;
    for (uint32_t replicate = 0; all && replicate < j->replicates; replicate++)
        all = j->finished[replicate] || !aggregate_has(from->aggregate, replicate);
    if (all) return 0;
    if (aggregate_merge(j->aggregate, from->aggregate, &cause) != 0) {
        j->spoiled = cause.kind != ERROR_INPUT;
        if (j->spoiled) return error_set(e, cause.kind, "%s", cause.text);
        return error_set(e, ERROR_INPUT, "%s: %s", from->path, cause.text);
    }
    take_over(j, from->aggregate);
    return 0;
}

/* ---- keeping it ---- */

/* Records that go into it together. */
struct batch {
    double *values;
    uint32_t *units;
    size_t n, most;
};

static int batch_empty(struct journal *j, struct batch *batch, struct error *e)
{
    if (aggregate_add(j->aggregate, batch->values, batch->units, batch->n, e) != 0) {
        j->spoiled = true;
        return -1;
    }
    for (size_t i = 0; i < batch->n; i++) j->position[batch->units[i]] = 0;
    batch->n = 0;
    return 0;
}

static int fold(struct journal *j, struct batch *batch, struct error *e)
{
    for (uint32_t replicate = 0; replicate < j->replicates; replicate++) {
        if (j->position[replicate] == 0) continue;
        if (journal_read_again(j, replicate, e) != 0) return -1;
        memcpy(batch->values + batch->n * j->values, j->record + sizeof(struct frame), j->values * sizeof(double));
        batch->units[batch->n++] = replicate;
        if (batch->n == batch->most && batch_empty(j, batch, e) != 0) return -1;
    }
    return batch_empty(j, batch, e);
}

const struct aggregate *journal_aggregate(struct journal *j, struct error *e)
{
    const uint64_t left = (j->end - j->begin) / j->record_size; /* at most */
    struct batch batch = {.most = BATCH / j->record_size + 1};
    if (batch.most > left) batch.most = (size_t)left + 1;
    batch.values = calloc(batch.most, j->record_size);
    batch.units = calloc(batch.most, sizeof *batch.units);
    int status = -1;
    if (j->spoiled) error_set(e, ERROR_FAILURE, "%s: memory ran out for its quantiles", j->path);
    else if (batch.values == NULL || batch.units == NULL) error_memory(e, "the quantiles", BATCH);
    else status = fold(j, &batch, e);
    free(batch.values);
    free(batch.units);
    return status == 0 ? j->aggregate : NULL;
}

/* The aggregate itself is in memory as well, and stays there. */
static int forget_records(struct journal *j, struct error *e)
{
    j->window->size = 0;
    j->end = j->begin;
    journal_set_limit(j);
    if (ftruncate(j->fd, (off_t)j->end) == 0) return 0;
    return error_set(e, ERROR_FAILURE, "%s: cannot be shortened: %s", j->path, strerror(errno));
}

/* The start of a file and its aggregate as one piece of memory, to be freed. */
static unsigned char *compacted(const struct journal *j, size_t *size, struct error *e)
{
    const size_t body = aggregate_size(j->aggregate);
    unsigned char *bytes = malloc(j->start_size + body);
    *size = j->start_size + body;
    if (bytes == NULL) {
        error_memory(e, "the quantiles", (double)*size);
        return NULL;
    }
    aggregate_write(j->aggregate, bytes + j->start_size);
    struct start start = j->start;
    start.frame.size = body;
    start.frame.crc = journal_aggregate_checksum(j, bytes + j->start_size, body);
    memcpy(bytes, &start, j->start_size);
    return bytes;
}

static int write_compacted(struct journal *j, const unsigned char *bytes, size_t size, struct error *e)
{
    unlink(j->beside); /* a link there is not to be followed */
    int fd = open(j->beside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    bool good = fd >= 0 && journal_lock(fd, LOCK_EX) && journal_write_at(fd, bytes, size, 0) == 0 && fsync(fd) == 0 && rename(j->beside, j->path) == 0;
    if (!good) {
        error_set(e, ERROR_FAILURE, "%s: cannot be written: %s", j->beside, strerror(errno));
        if (fd >= 0) close(fd);
        unlink(j->beside);
        return -1;
    }
    close(j->fd); /* only now others may have what no name leads to any more */
    j->fd = fd;
    j->window->size = 0;
    j->begin = j->end = size;
    j->synced = journal_now();
    return journal_sync_name(j, e);
}

int journal_compact(struct journal *j, struct error *e)
{
    size_t size = 0;
    if (j->aggregate == NULL) return 0;
    if (journal_aggregate(j, e) == NULL) return -1;
    if (j->unnamed) return forget_records(j, e);
    unsigned char *bytes = compacted(j, &size, e);
    int status = bytes != NULL ? write_compacted(j, bytes, size, e) : -1;
    journal_set_limit(j);
    free(bytes);
    return status;
}


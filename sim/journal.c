/* The journal of a run: append-only, checked by CRC-32, written with plain system calls. */
#include "sim/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "sim/files.h"
#include "sim/journal_file.h"

static const char magic[8] = "ESJRNL\r\n";

enum {
    FORMAT = 2,
    SYNC_SECONDS = 10,  /* between two calls of fdatasync: what a power cut may cost */
    LOCK_ATTEMPTS = 50, /* 20 ms apart: so long a process that has just been killed may take to be gone */
};


/* ---- plain input and output ---- */

double journal_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Writes all of it: a short write is continued, so that a full disk shows as ENOSPC and not as success. */
int journal_write_at(int fd, const void *data, size_t size, uint64_t position)
{
    const unsigned char *at = data;
    while (size > 0) {
        ssize_t n = pwrite(fd, at, size, (off_t)position);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) {
            errno = ENOSPC;
            return -1;
        }
        at += n;
        size -= (size_t)n;
        position += (uint64_t)n;
    }
    return 0;
}

/* -1 with errno 0 at the end of the file. */
int journal_read_at(int fd, void *data, size_t size, uint64_t position)
{
    unsigned char *at = data;
    while (size > 0) {
        ssize_t n = pread(fd, at, size, (off_t)position);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) {
            errno = 0;
            return -1;
        }
        at += n;
        size -= (size_t)n;
        position += (uint64_t)n;
    }
    return 0;
}

/* As journal_read_at, for bytes that others follow. What has been read may be told again until the window is emptied. */
static int read_windowed(const struct journal *j, void *data, size_t size, uint64_t position)
{
    struct window *w = j->window;
    if (size > sizeof w->bytes / 2) return journal_read_at(j->fd, data, size, position);
    if (position < w->begin || position + size > w->begin + w->size) {
        ssize_t n;
        do n = pread(j->fd, w->bytes, sizeof w->bytes, (off_t)position);
        while (n < 0 && errno == EINTR);
        w->begin = position;
        w->size = n > 0 ? (size_t)n : 0;
        if (w->size < size) return journal_read_at(j->fd, data, size, position); /* which says what is wrong */
    }
    memcpy(data, w->bytes + (position - w->begin), size);
    return 0;
}

double journal_file_size(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 ? (double)status.st_size : -1;
}

uint32_t journal_checksum(uint32_t crc, const void *data, size_t size)
{
    return (uint32_t)crc32_z(crc, data, size);
}

/* ---- identity ---- */

static void header_fill(struct header *header, const struct journal_identity *identity)
{
    struct sha256_ctx context;
    memset(header, 0, sizeof *header);
    memcpy(header->magic, magic, sizeof magic);
    header->format = FORMAT;
    header->values = identity->values;
    header->seed = identity->seed;
    header->replicates = identity->replicates;
    header->aggregated = identity->aggregated != NULL;
    snprintf(header->model, sizeof header->model, "%s", identity->model);
    snprintf(header->program, sizeof header->program, "%s", identity->program);
    sha256_init(&context);
    sha256_update(&context, strlen(identity->config), (const uint8_t *)identity->config);
    sha256_digest(&context, sizeof header->config, header->config);
    sha256_init(&context);
    sha256_update(&context, offsetof(struct header, fingerprint), (const uint8_t *)header);
    sha256_digest(&context, sizeof header->fingerprint, header->fingerprint);
    header->crc = journal_checksum(0, header, offsetof(struct header, crc));
}

/* What may be done about it: when a run resumes, and when shards are merged. */
struct advice {
    const char *damaged, *other;
};
static const struct advice resuming = {"--force starts afresh", "resume with the same command, or use --force"};
static const struct advice gathering = {"name files that 'run --shard' has written",
                                        "merge with the settings with which the shards were run"};

static int header_same(const char *path, const struct header *own, struct header *found, const struct advice *advice,
                       struct error *e)
{
    if (memcmp(found->magic, own->magic, sizeof own->magic) != 0 ||
        found->crc != journal_checksum(0, found, offsetof(struct header, crc))) {
        return error_set(e, ERROR_INPUT, "%s: not the journal of a run, or its beginning is damaged; %s", path, advice->damaged);
    }
    if (memcmp(found, own, sizeof *own) == 0) return 0; /* all of it: a true fingerprint may stand below a false header */
    found->model[sizeof found->model - 1] = found->program[sizeof found->program - 1] = '\0';
    char difference[256];
    if (found->format != own->format) {
        snprintf(difference, sizeof difference, "format %u, not %u", found->format, own->format);
    } else if (strcmp(found->program, own->program) != 0) {
        snprintf(difference, sizeof difference, "program version %s, not %s", found->program, own->program);
    } else if (strcmp(found->model, own->model) != 0) {
        snprintf(difference, sizeof difference, "model %s, not %s", found->model, own->model);
    } else if (found->seed != own->seed) {
        snprintf(difference, sizeof difference, "seed %llu, not %llu", (unsigned long long)found->seed,
                 (unsigned long long)own->seed);
    } else if (found->replicates != own->replicates) {
        snprintf(difference, sizeof difference, "%u replicates, not %u", found->replicates, own->replicates);
    } else {
        snprintf(difference, sizeof difference, "other settings in the configuration");
    }
    return error_set(e, ERROR_INPUT, "%s: belongs to another run (%s); %s", path, difference, advice->other);
}

/* ---- opening ---- */

bool journal_lock(int fd, int operation)
{
    const struct timespec moment = {.tv_nsec = 20000000};
    for (int attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
        if (flock(fd, operation | LOCK_NB) == 0 || (errno != EWOULDBLOCK && errno != EINTR)) return true; /* or there are no locks */
        nanosleep(&moment, NULL);
    }
    return false;
}

/* To write, alone; or with O_RDONLY to read, while nobody writes. */
static int open_locked(const char *path, int flags, struct error *e)
{
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666); /* a pipe would let us wait for ever */
    if (fd < 0) return error_set(e, ERROR_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    struct stat opened, named;
    if (fstat(fd, &opened) != 0 || !S_ISREG(opened.st_mode)) {
        error_set(e, ERROR_INPUT, "%s: not a regular file", path);
    } else if (!journal_lock(fd, (flags & O_ACCMODE) == O_RDONLY ? LOCK_SH : LOCK_EX)) {
        error_set(e, ERROR_INPUT, "%s: another run is writing this file", path);
    } else if (stat(path, &named) != 0 || named.st_ino != opened.st_ino || named.st_dev != opened.st_dev) {
        /* Another run finished between our open and our lock: what we hold has no name any more. */
        error_set(e, ERROR_INPUT, "%s: another run has just finished with this file; try again", path);
    } else {
        return fd;
    }
    close(fd);
    return -1;
}

static void start_fill(struct journal *j, const struct journal_identity *identity)
{
    header_fill(&j->start.header, identity);
    j->start.frame = (struct aggregate_frame){.marker = JOURNAL_AGGREGATE, .crc = journal_aggregate_checksum(j, NULL, 0)};
    j->start_size = identity->aggregated != NULL ? sizeof j->start : sizeof j->start.header;
    j->begin = j->end = j->start_size;
}

static struct journal *journal_new(const char *path, const struct journal_identity *identity, struct error *e)
{
    size_t record_size = sizeof(struct frame) + identity->values * sizeof(double);
    struct journal *j = calloc(1, sizeof *j);
    if (j != NULL) {
        *j = (struct journal){.path = strdup(path), .finished = calloc(identity->replicates + 1, sizeof *j->finished),
                              .position = calloc(identity->replicates + 1, sizeof *j->position),
                              .record = malloc(record_size), .window = calloc(1, sizeof *j->window), .values = identity->values, .record_size = record_size,
                              .replicates = identity->replicates, .fd = -1, .synced = journal_now(), .limit = JOURNAL_COMPACT_FROM};
        start_fill(j, identity);
        if (asprintf(&j->beside, "%s.new", path) < 0) j->beside = NULL;
        const struct record *aggregated = identity->aggregated;
        if (j->path != NULL && j->beside != NULL && j->window != NULL && j->finished != NULL && j->position != NULL && j->record != NULL &&
            (aggregated == NULL || aggregate_create(&j->aggregate, aggregated, identity->replicates, e) == 0))
            return j;
    }
    journal_close(j);
    error_memory(e, "the journal", (double)record_size + 9.0 * identity->replicates);
    return NULL;
}

/* Of a run that was killed while it compacted. */
static void forget_beside(const struct journal *j)
{
    if (j->aggregate != NULL) unlink(j->beside);
}

int journal_create(struct journal **j, const char *path, const struct journal_identity *identity, struct error *e)
{
    *j = journal_new(path, identity, e);
    if (*j == NULL) return -1;
    (*j)->fd = open_locked(path, O_CREAT | O_RDWR, e);
    if ((*j)->fd >= 0) {
        forget_beside(*j);
        if (ftruncate((*j)->fd, 0) == 0 && journal_write_at((*j)->fd, &(*j)->start, (*j)->start_size, 0) == 0) return 0;
        error_set(e, ERROR_INPUT, "%s: cannot be written: %s", path, strerror(errno));
        unlink(path);
    }
    journal_close(*j);
    *j = NULL;
    return -1;
}

/* Plain system calls do the same to memory that has no name. Nothing is to be locked, or brought to a disk. */
int journal_in_memory(struct journal **j, const struct journal_identity *identity, struct error *e)
{
    static const char name[] = "the results in memory";
    *j = journal_new(name, identity, e);
    if (*j == NULL) return -1;
    (*j)->named = (*j)->unnamed = true;
    (*j)->fd = memfd_create("enforcesim", MFD_CLOEXEC);
    if ((*j)->fd >= 0 && journal_write_at((*j)->fd, &(*j)->start, (*j)->start_size, 0) == 0) return 0;
    error_set(e, ERROR_FAILURE, "%s: cannot be begun: %s", name, strerror(errno));
    journal_close(*j);
    *j = NULL;
    return -1;
}

static uint32_t record_checksum(const struct journal *j, uint32_t replicate, const void *values)
{
    uint32_t crc = journal_checksum(j->start.header.crc, &replicate, sizeof replicate);
    return journal_checksum(crc, values, j->values * sizeof(double));
}

/* Reads a record into j->record. 0: the record of a replicate; 1: damaged; -1 with errno as of read_at. */
static int record_read(const struct journal *j, uint64_t position, uint32_t *replicate)
{
    struct frame frame;
    if (read_windowed(j, j->record, j->record_size, position) != 0) return -1;
    memcpy(&frame, j->record, sizeof frame);
    *replicate = frame.replicate;
    return frame.replicate < j->replicates && frame.crc == record_checksum(j, frame.replicate, j->record + sizeof frame) ? 0 : 1;
}

/* Finds the records that are whole, and cuts the file after the last of them. One that is damaged costs no other: all are of
 * the same length. */
static int scan(struct journal *j, struct error *e)
{
    for (uint64_t at = j->end;; at += j->record_size) {
        uint32_t replicate = 0;
        int found = record_read(j, at, &replicate);
        if (found < 0 && errno != 0) return error_set(e, ERROR_FAILURE, "%s: cannot be read: %s", j->path, strerror(errno));
        if (found < 0) break;
        if (found > 0) continue;
        if (!j->finished[replicate]) j->count++;
        if (j->aggregate == NULL || !aggregate_has(j->aggregate, replicate)) j->position[replicate] = at;
        j->finished[replicate] = true;
        j->end = at + j->record_size;
    }
    if (j->looks || journal_file_size(j->fd) == (double)j->end || ftruncate(j->fd, (off_t)j->end) == 0) return 0;
    return error_set(e, ERROR_FAILURE, "%s: cannot be cut to its last whole record: %s", j->path, strerror(errno));
}

/* A run may be killed before its header is whole. Nothing is lost then, and nothing stands in the way of going on. */
static int read_start(struct journal *j, struct error *e)
{
    struct start found = {0};
    double size = journal_file_size(j->fd);
    size_t present = size < 0 || size > (double)j->start_size ? j->start_size : (size_t)size;
    if (journal_read_at(j->fd, &found, present, 0) != 0) return error_set(e, ERROR_INPUT, "%s: cannot be read: %s", j->path, strerror(errno));
    if (present >= sizeof found.header && header_same(j->path, &j->start.header, &found.header, &resuming, e) != 0) return -1;
    if (present == j->start_size) return j->aggregate != NULL ? journal_read_aggregate(j, &found.frame, resuming.damaged, e) : 0;
    if (memcmp(&found, &j->start, present) != 0)
        return error_set(e, ERROR_INPUT, "%s: too short for the journal of a run; --force starts afresh", j->path);
    if (j->looks || journal_write_at(j->fd, &j->start, j->start_size, 0) == 0) return 0;
    return error_set(e, ERROR_INPUT, "%s: cannot be written: %s", j->path, strerror(errno));
}

static int resume(struct journal **j, const char *path, const struct journal_identity *identity, bool looks, struct error *e)
{
    *j = journal_new(path, identity, e);
    if (*j == NULL) return -1;
    (*j)->looks = looks;
    (*j)->fd = open_locked(path, O_RDWR, e);
    int status = (*j)->fd < 0 ? -1 : 0;
    if (status == 0) status = read_start(*j, e);
    if (status == 0 && !looks) forget_beside(*j);
    if (status == 0) status = scan(*j, e);
    if (status == 0) return 0;
    journal_close(*j);
    *j = NULL;
    return -1;
}

int journal_resume(struct journal **j, const char *path, const struct journal_identity *identity, struct error *e)
{
    return resume(j, path, identity, false, e);
}

int journal_look(struct journal **j, const char *path, const struct journal_identity *identity, struct error *e)
{
    return resume(j, path, identity, true, e);
}

int journal_try(const char *path, struct error *e)
{
    const int fd = open_locked(path, O_RDWR, e);
    if (fd >= 0) close(fd);
    return fd >= 0 ? 0 : -1;
}

/* ---- shards ---- */

static int gather(struct journal *j, struct journal *from, struct error *e)
{
    struct start found = {0};
    if (journal_read_at(from->fd, &found, from->start_size, 0) != 0)
        return error_set(e, ERROR_INPUT, "%s: %s; %s", from->path, errno != 0 ? strerror(errno) : "too short for a shard",
                         gathering.damaged);
    if (header_same(from->path, &from->start.header, &found.header, &gathering, e) != 0) return -1;
    if (j->aggregate != NULL && (journal_read_aggregate(from, &found.frame, gathering.damaged, e) != 0 ||
                                 journal_gather_aggregate(j, from, e) != 0))
        return -1;
    for (uint64_t at = from->begin;; at += from->record_size) {
        uint32_t replicate = 0;
        const int status = record_read(from, at, &replicate);
        if (status < 0 && errno != 0) return error_set(e, ERROR_FAILURE, "%s: cannot be read: %s", from->path, strerror(errno));
        if (status < 0) return 0;
        if (status > 0 || j->finished[replicate]) continue;
        const double *values = (const void *)(from->record + sizeof(struct frame)); /* aligned: malloc's, and a frame has 8 bytes */
        if (journal_append(j, replicate, values, e) != 0) return -1;
    }
}

int journal_gather(struct journal *j, const char *path, const struct journal_identity *identity, struct error *e)
{
    struct journal *from = journal_new(path, identity, e);
    if (from == NULL) return -1;
    from->fd = open_locked(path, O_RDONLY, e);
    const int status = from->fd < 0 ? -1 : gather(j, from, e);
    journal_close(from);
    return status;
}

int journal_move(struct journal *j, const char *path, struct error *e)
{
    char *own = strdup(path), *beside = NULL;
    if (own == NULL || asprintf(&beside, "%s.new", path) < 0) {
        free(own);
        return error_memory(e, "a path", (double)strlen(path));
    }
    if (rename(j->path, path) != 0) {
        error_set(e, ERROR_FAILURE, "%s cannot become %s: %s", j->path, path, strerror(errno));
        free(own);
        free(beside);
        return -1;
    }
    free(j->path);
    free(j->beside);
    j->path = own;
    j->beside = beside;
    forget_beside(j);
    return 0;
}

/* ---- use ---- */

int journal_append(struct journal *j, uint32_t replicate, const double *values, struct error *e)
{
    if (replicate >= j->replicates) return error_set(e, ERROR_FAILURE, "%s: there is no replicate %u", j->path, replicate);
    if (j->aggregate != NULL && aggregate_has(j->aggregate, replicate))
        return error_set(e, ERROR_FAILURE, "%s: replicate %u is in the aggregate already", j->path, replicate);
    if (j->window->begin + j->window->size > j->end) j->window->size = 0; /* what lay beyond the end is overwritten */
    double begun = journal_now();
    struct frame frame = {.replicate = replicate, .crc = record_checksum(j, replicate, values)};
    memcpy(j->record, &frame, sizeof frame);
    memcpy(j->record + sizeof frame, values, j->values * sizeof *values);
    if (journal_write_at(j->fd, j->record, j->record_size, j->end) != 0) {
        int cause = errno;
        if (ftruncate(j->fd, (off_t)j->end) != 0) cause = cause != 0 ? cause : errno;
        return error_set(e, ERROR_FAILURE, "%s: cannot be written: %s", j->path, strerror(cause));
    }
    j->position[replicate] = j->end;
    j->end += j->record_size;
    if (!j->finished[replicate]) j->count++;
    j->finished[replicate] = true;
    int status = begun - j->synced > SYNC_SECONDS ? journal_sync(j, e) : 0;
    if (status == 0 && j->aggregate != NULL && j->end - j->begin >= j->limit) status = journal_compact(j, e);
    j->seconds += journal_now() - begun;
    return status;
}

int journal_read(const struct journal *j, uint32_t replicate, size_t first, size_t count, double *values, struct error *e)
{
    if (replicate >= j->replicates || j->position[replicate] == 0 || first > j->values || count > j->values - first) {
        return error_set(e, ERROR_FAILURE, "%s: holds no such values of replicate %u", j->path, replicate);
    }
    uint64_t position = j->position[replicate] + sizeof(struct frame) + first * sizeof *values;
    if (read_windowed(j, values, count * sizeof *values, position) == 0) return 0;
    return error_set(e, ERROR_FAILURE, "%s: cannot be read: %s", j->path, errno != 0 ? strerror(errno) : "it has become shorter");
}

/* Reads a record that was whole when it was written or found into j->record. */
int journal_read_again(const struct journal *j, uint32_t replicate, struct error *e)
{
    uint32_t found = 0;
    int status = record_read(j, j->position[replicate], &found);
    if (status < 0)
        return error_set(e, ERROR_FAILURE, "%s: cannot be read: %s", j->path, errno != 0 ? strerror(errno) : "it has become shorter");
    if (status > 0 || found != replicate)
        return error_set(e, ERROR_FAILURE, "%s: the record of replicate %u has been damaged", j->path, replicate);
    return 0;
}

int journal_verify(const struct journal *j, struct error *e)
{
    j->window->size = 0; /* the file itself is asked */
    for (uint32_t replicate = 0; replicate < j->replicates; replicate++)
        if (j->position[replicate] != 0 && journal_read_again(j, replicate, e) != 0) return -1;
    return 0;
}

/* ---- what there is ---- */

const bool *journal_finished(const struct journal *j)
{
    return j->finished;
}

uint32_t journal_count(const struct journal *j)
{
    return j->count;
}

double journal_seconds(const struct journal *j)
{
    return j->seconds;
}

double journal_size(const struct journal_identity *identity, uint32_t records)
{
    double record = (double)sizeof(struct frame) + (double)identity->values * sizeof(double);
    double all = record * records;
    if (identity->aggregated != NULL) {
        double aggregate = aggregate_expected(identity->aggregated, records);
        all = fmin(all, fmax(JOURNAL_COMPACT_FROM, JOURNAL_COMPACT_TIMES * aggregate) + record) + 2 * aggregate + sizeof(struct start);
    }
    return (double)sizeof(struct header) + all;
}

/* The folder too, once: a file without a name is lost. */
int journal_sync_name(struct journal *j, struct error *e)
{
    char *folder = files_folder(j->path);
    if (folder == NULL) return error_memory(e, "a path", 4096);
    int status = files_sync_folder(folder, e);
    j->named = status == 0;
    free(folder);
    return status;
}

int journal_sync(struct journal *j, struct error *e)
{
    j->synced = journal_now();
    if (fdatasync(j->fd) != 0) return error_set(e, ERROR_FAILURE, "%s: cannot be brought to the disk: %s", j->path, strerror(errno));
    return j->named ? 0 : journal_sync_name(j, e);
}

void journal_close(struct journal *j)
{
    if (j == NULL) return;
    if (j->fd >= 0) close(j->fd);
    free(j->window);
    free(j->path);
    free(j->beside);
    free(j->finished);
    free(j->position);
    free(j->record);
    aggregate_free(j->aggregate);
    free(j);
}

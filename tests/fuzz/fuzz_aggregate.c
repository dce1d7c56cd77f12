/* Fuzz target: the journal that has an aggregate. It follows a true header. The first byte says what of the rest is made right: 1
 * the frame, for as many bytes as the next two say, 2 the records' CRC-32. Whatever is accepted can be told, goes on, and is
 * the same after it has been compacted and read again. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/journal.h"
#include "tests/fuzz/fuzz.h"

enum { VALUES = 4, REPLICATES = 8, FRAME = 16, RECORD = 8 + VALUES * 8, LARGEST = 1 << 16 };

static const struct metric metrics[] = {{.name = "fish", .kind = METRIC_stock}, {.name = "young", .kind = METRIC_share}};
static struct metric_entry entries[] = {{.metric = &metrics[0]}, {.metric = &metrics[1]}};
static const struct record record = {.output = OUTPUT_quantiles, .entries = entries, .n_metrics = 2, .n_scenarios = 1,
                                     .n_times = 1, .length = 2, .values = VALUES};
static const struct journal_identity identity = {.config = "run = { };\n",
                                                 .model = "toy 1",
                                                 .program = "0.1.0",
                                                 .seed = 2012,
                                                 .replicates = REPLICATES,
                                                 .values = VALUES,
                                                 .aggregated = &record};

static char path[PATH_MAX];
static unsigned char header[1024], bytes[LARGEST + sizeof header];
static size_t header_size;

/* The header that the program itself writes. */
static void learn_header(void)
{
    struct journal *j = NULL;
    struct error e = {0};
    snprintf(path, sizeof path, "%s/y.partial", fuzz_folder());
    if (journal_create(&j, path, &identity, &e) != 0) fuzz_wrong(__FILE__, __LINE__, "created", e.text);
    journal_close(j);
    header_size = fuzz_read(path, header, sizeof header) - FRAME;
}

static uint32_t salt(void)
{
    uint32_t crc;
    memcpy(&crc, header + header_size - sizeof crc, sizeof crc);
    return crc;
}

/* A frame before the `body` bytes behind it. */
static void make_frame(unsigned char *at, uint64_t body)
{
    const uint32_t marker = UINT32_MAX, crc = fuzz_checksum(fuzz_checksum(salt(), &body, sizeof body), at + FRAME, (size_t)body);
    memcpy(at, &marker, sizeof marker);
    memcpy(at + 4, &crc, sizeof crc);
    memcpy(at + 8, &body, sizeof body);
}

static void make_records(size_t at, size_t size)
{
    for (; at + RECORD <= size; at += RECORD) {
        bytes[at + 1] = bytes[at + 2] = bytes[at + 3] = 0; /* else hardly ever one of the few replicates */
        const uint32_t crc = fuzz_checksum(fuzz_checksum(salt(), bytes + at, 4), bytes + at + 8, RECORD - 8);
        memcpy(bytes + at + 4, &crc, sizeof crc);
    }
}

/* Lays the file out in `bytes`; returns its size. */
static size_t lay_out(unsigned char flags, uint16_t length, const uint8_t *data, size_t size)
{
    const size_t start = header_size + ((flags & 1) != 0 ? FRAME : 0), body = length < size ? length : size;
    memcpy(bytes, header, header_size);
    if (size > 0) memcpy(bytes + start, data, size);
    if ((flags & 1) != 0) make_frame(bytes + header_size, body);
    if ((flags & 2) != 0) make_records(header_size + FRAME + ((flags & 1) != 0 ? body : 0), start + size);
    return start + size;
}

static unsigned char *told(struct journal *j, size_t *size)
{
    struct error e = {0};
    double statistics[AGGREGATE_STATISTICS];
    const struct aggregate *a = journal_aggregate(j, &e);
    if (a == NULL) fuzz_wrong(__FILE__, __LINE__, "aggregated", e.text);
    fuzz_require(aggregate_count(a) == journal_count(j), "how many are in it");
    for (size_t cell = 0; cell < aggregate_cells(a); cell++) {
        aggregate_tell(a, cell, statistics, NULL);
        fuzz_require(statistics[AGGREGATE_n] >= 0 && statistics[AGGREGATE_n] <= REPLICATES, "how many values there are");
    }
    *size = aggregate_size(a);
    unsigned char *all = malloc(*size);
    if (all == NULL) fuzz_wrong(__FILE__, __LINE__, "allocated", path);
    aggregate_write(a, all);
    return all;
}

/* One more replicate, if one is left, then compacted, closed and read. */
static void check_going_on(struct journal *j)
{
    static const double values[VALUES] = {1, 2, 3, 4};
    struct error e = {0};
    for (uint32_t r = 0; r < REPLICATES; r++) {
        if (journal_finished(j)[r]) continue;
        fuzz_require(journal_append(j, r, values, &e) == 0, e.text);
        break;
    }
    size_t size = 0, again = 0;
    const uint32_t count = journal_count(j);
    unsigned char *before = told(j, &size);
    fuzz_require(journal_compact(j, &e) == 0, e.text);
    journal_close(j);
    fuzz_require(journal_resume(&j, path, &identity, &e) == 0, e.text);
    fuzz_require(journal_count(j) == count, "how many are finished");
    unsigned char *after = told(j, &again);
    fuzz_require(size == again && memcmp(before, after, size) == 0, "the aggregate");
    free(before);
    free(after);
    journal_close(j);
}

int fuzz_aggregate(const uint8_t *data, size_t size)
{
    if (header_size == 0) learn_header();
    fuzz_seconds = -1;
    if (size < 3 || size > LARGEST) return 0;
    size = lay_out(data[0], (uint16_t)(data[1] | data[2] << 8), data + 3, size - 3);
    fuzz_write(path, bytes, size);
    struct journal *j = NULL;
    struct error e = {0};
    double begun = fuzz_cpu();
    if (journal_resume(&j, path, &identity, &e) != 0) {
        static unsigned char after[sizeof bytes + 1];
        fuzz_require(j == NULL, e.text);
        fuzz_refused(&e, path);
        fuzz_require(fuzz_read(path, after, sizeof after) == size && memcmp(after, bytes, size) == 0, "a refused file is left alone");
        return 0;
    }
    fuzz_accepted(begun);
    check_going_on(j);
    return 0;
}

/* Fuzz target: the journal of a run. The first byte says what of the rest is made right, so that the code behind the checks is
 * reached: 1 the rest follows a true header, 2 the header's CRC-32, 4 the records' CRC-32. The target reads the file a second
 * time in its own, plain way and wants the same replicates and the same values. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/journal.h"
#include "tests/fuzz/fuzz.h"

enum { VALUES = 3, REPLICATES = 8, RECORD = 8 + VALUES * 8, LARGEST = 1 << 16 };

static const struct journal_identity identity = {.config = "run = { };\n",
                                                 .model = "toy 1",
                                                 .program = "0.1.0",
                                                 .seed = 2012,
                                                 .replicates = REPLICATES,
                                                 .values = VALUES};

static char path[PATH_MAX];
static unsigned char header[1024], bytes[LARGEST + sizeof header];
static size_t header_size;

/* The header that the program itself writes. */
static void learn_header(void)
{
    struct journal *j = NULL;
    struct error e = {0};
    snprintf(path, sizeof path, "%s/x.partial", fuzz_folder());
    if (journal_create(&j, path, &identity, &e) != 0) fuzz_wrong(__FILE__, __LINE__, "created", e.text);
    journal_close(j);
    header_size = fuzz_read(path, header, sizeof header);
    fuzz_require((double)header_size == journal_size(&identity, 0), "size of the header");
}

/* Of a record: it begins with the header's, so that it belongs to one run. */
static uint32_t record_checksum(size_t at)
{
    uint32_t crc;
    memcpy(&crc, header + header_size - sizeof crc, sizeof crc);
    return fuzz_checksum(fuzz_checksum(crc, bytes + at, 4), bytes + at + 8, RECORD - 8);
}

static void make_right(unsigned char flags, size_t size)
{
    uint32_t crc;
    if ((flags & 2) != 0 && size >= header_size) {
        crc = fuzz_checksum(0, bytes, header_size - sizeof crc);
        memcpy(bytes + header_size - sizeof crc, &crc, sizeof crc);
    }
    for (size_t at = header_size; (flags & 4) != 0 && at + RECORD <= size; at += RECORD) {
        bytes[at + 1] = bytes[at + 2] = bytes[at + 3] = 0; /* else hardly ever one of the few replicates */
        crc = record_checksum(at);
        memcpy(bytes + at + 4, &crc, sizeof crc);
    }
}

/* Where each replicate's last good record stands, 0 for none; returns the end of the last good one. */
static size_t find_records(size_t size, size_t *place)
{
    size_t end = header_size;
    for (size_t at = header_size; at + RECORD <= size; at += RECORD) {
        uint32_t replicate, crc;
        memcpy(&replicate, bytes + at, 4);
        memcpy(&crc, bytes + at + 4, 4);
        if (replicate >= REPLICATES || crc != record_checksum(at)) continue;
        place[replicate] = at;
        end = at + RECORD;
    }
    return end;
}

static void check_values(const struct journal *j, const size_t *place)
{
    uint32_t count = 0;
    for (uint32_t r = 0; r < REPLICATES; r++) {
        double values[VALUES];
        struct error e = {0};
        fuzz_require(journal_finished(j)[r] == (place[r] != 0), "which replicates are finished");
        int status = journal_read(j, r, 0, VALUES, values, &e);
        fuzz_require(status == (place[r] != 0 ? 0 : -1), e.text);
        if (status == 0) fuzz_require(memcmp(values, bytes + place[r] + 8, sizeof values) == 0, "the values");
        count += place[r] != 0;
    }
    fuzz_require(journal_count(j) == count, "how many are finished");
}

static void check_refused(const struct error *e, size_t size)
{
    static unsigned char after[sizeof bytes + 1];
    fuzz_refused(e, path);
    fuzz_require(fuzz_read(path, after, sizeof after) == size && memcmp(after, bytes, size) == 0,
                 "a refused file is left alone");
}

/* One more record after what there was, and all of it is found again. */
static void check_append(struct journal *j, size_t end, size_t *place)
{
    static const double values[VALUES] = {1, 2, 3};
    struct error e = {0};
    fuzz_require(journal_append(j, 5, values, &e) == 0, e.text);
    journal_close(j);
    fuzz_require(fuzz_read(path, bytes, sizeof bytes) == end + RECORD, "the end of the file");
    place[5] = end;
    fuzz_require(journal_resume(&j, path, &identity, &e) == 0, e.text);
    check_values(j, place);
    journal_close(j);
}

int fuzz_journal(const uint8_t *data, size_t size)
{
    if (header_size == 0) learn_header();
    fuzz_seconds = -1;
    if (size == 0 || size > LARGEST) return 0;
    unsigned char flags = *data++;
    size_t begin = (flags & 1) != 0 ? header_size : 0;
    memcpy(bytes, header, begin);
    memcpy(bytes + begin, data, --size);
    size += begin;
    make_right(flags, size);
    fuzz_write(path, bytes, size);

    struct journal *j = NULL;
    struct error e = {0};
    double begun = fuzz_cpu();
    if (journal_resume(&j, path, &identity, &e) != 0) {
        fuzz_require(j == NULL, e.text);
        check_refused(&e, size);
        return 0;
    }
    fuzz_accepted(begun);
    size_t present = size < header_size ? size : header_size; /* a header that breaks off is completed */
    fuzz_require(memcmp(bytes, header, present) == 0, "only our own header is accepted");
    size_t place[REPLICATES] = {0}, end = find_records(size, place);
    struct stat status;
    fuzz_require(stat(path, &status) == 0 && (size_t)status.st_size == end,
                 "the file is cut after the last good record");
    check_values(j, place);
    check_append(j, end, place);
    return 0;
}

/* The digest of a results file; what enters it and in which order, results.h says. */
#ifndef SIM_DIGEST_H
#define SIM_DIGEST_H

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/error.h"

/* Datasets in a results file's groups that are longer, and no metrics, enter by name only. */
enum { DIGEST_LENGTH = 1 << 20 };

/* Of one dataset, fed in C order. */
struct digest {
    struct sha256_ctx context;
};

void digest_begin(struct digest *d);
void digest_doubles(struct digest *d, const double *values, size_t n);
void digest_whole(struct digest *d, const int32_t *values, size_t n);
void digest_long(struct digest *d, const uint64_t *bits, size_t n); /* of 64-bit whole numbers */
void digest_texts(struct digest *d, const char *const *texts, size_t n);

/* A dataset's path, without a leading slash, and its digest. */
struct digest_entry {
    const char *path;
    char *own; /* the path, where it is the entry's own; or NULL */
    struct digest digest;
};

/* Entries in the making; {0} to begin with. */
struct digest_list {
    struct digest_entry *entries;
    size_t n, room;
};

/* A new entry, its path three pieces together; to be fed before the next one is made. NULL: no memory. */
struct digest *digest_add(struct digest_list *list, const char *folder, const char *sign, const char *name);
void digest_free(struct digest_list *list);

/* An attribute of a results file's root that tells who made the file and when, not what is in it: it does not enter. */
bool digest_leaves_out(const char *attribute);

/* Sorts the entries by path and finishes them all; hex gets 64 digits and a zero. */
void digest_finish(struct digest_entry *entries, size_t n, char hex[65]);

#endif

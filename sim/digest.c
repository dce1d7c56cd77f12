/* SHA-256 over names and values of datasets, in an order and form that no compiler, thread or machine decides. */
#include "sim/digest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void digest_begin(struct digest *d)
{
    sha256_init(&d->context);
}

static void put(unsigned char *to, uint64_t bits, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) to[i] = (unsigned char)(bits >> (8 * i));
}

void digest_doubles(struct digest *d, const double *values, size_t n)
{
    unsigned char buffer[512 * sizeof(uint64_t)];
    for (size_t i = 0; i < n;) {
        size_t used = 0;
        for (; i < n && used < sizeof buffer; i++, used += sizeof(uint64_t)) {
            uint64_t bits;
            memcpy(&bits, &values[i], sizeof bits);
            put(buffer + used, isnan(values[i]) ? UINT64_C(0x7ff8000000000000) : bits, sizeof bits);
        }
        sha256_update(&d->context, used, buffer);
    }
}

void digest_whole(struct digest *d, const int32_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char bytes[sizeof(int32_t)];
        put(bytes, (uint32_t)values[i], sizeof bytes);
        sha256_update(&d->context, sizeof bytes, bytes);
    }
}

void digest_long(struct digest *d, const uint64_t *bits, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char bytes[sizeof(uint64_t)];
        put(bytes, bits[i], sizeof bytes);
        sha256_update(&d->context, sizeof bytes, bytes);
    }
}

void digest_texts(struct digest *d, const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) sha256_update(&d->context, strlen(texts[i]) + 1, (const uint8_t *)texts[i]);
}

struct digest *digest_add(struct digest_list *list, const char *folder, const char *sign, const char *name)
{
    char *path = NULL;
    if (list->n == list->room) {
        const size_t room = 2 * list->room + 64;
        struct digest_entry *more = realloc(list->entries, room * sizeof *more);
        if (more == NULL) return NULL;
        list->entries = more;
        list->room = room;
    }
    if (asprintf(&path, "%s%s%s", folder, sign, name) < 0) return NULL;
    struct digest_entry *entry = &list->entries[list->n++];
    entry->path = entry->own = path;
    digest_begin(&entry->digest);
    return &entry->digest;
}

void digest_free(struct digest_list *list)
{
    for (size_t i = 0; i < list->n; i++) free(list->entries[i].own);
    free(list->entries);
    *list = (struct digest_list){0};
}

bool digest_leaves_out(const char *attribute)
{
    static const char *const names[] = {"created", "history", "compiler", "git_commit", "digest"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(attribute, names[i]) == 0) return true;
    return false;
}

static int by_path(const void *a, const void *b)
{
    const struct digest_entry *left = a, *right = b;
    return strcmp(left->path, right->path);
}

void digest_finish(struct digest_entry *entries, size_t n, char hex[65])
{
    struct sha256_ctx all;
    unsigned char bytes[SHA256_DIGEST_SIZE];
    qsort(entries, n, sizeof *entries, by_path);
    sha256_init(&all);
    for (size_t i = 0; i < n; i++) {
        sha256_digest(&entries[i].digest.context, sizeof bytes, bytes);
        sha256_update(&all, strlen(entries[i].path) + 1, (const uint8_t *)entries[i].path);
        sha256_update(&all, sizeof bytes, bytes);
    }
    sha256_digest(&all, sizeof bytes, bytes);
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof bytes; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * sizeof bytes] = '\0';
}

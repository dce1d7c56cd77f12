/* SHA-256 over names and values of datasets, in an order and form that no compiler, thread or machine decides. */
#include "sim/digest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void digest_begin(struct digest *d)
{
    SHA256Init(&d->context);
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
        SHA256Update(&d->context, buffer, used);
    }
}

void digest_whole(struct digest *d, const int32_t *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char bytes[sizeof(int32_t)];
        put(bytes, (uint32_t)values[i], sizeof bytes);
        SHA256Update(&d->context, bytes, sizeof bytes);
    }
}

void digest_long(struct digest *d, const uint64_t *bits, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char bytes[sizeof(uint64_t)];
        put(bytes, bits[i], sizeof bytes);
        SHA256Update(&d->context, bytes, sizeof bytes);
    }
}

void digest_texts(struct digest *d, const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) SHA256Update(&d->context, (const uint8_t *)texts[i], strlen(texts[i]) + 1);
}

#ifndef __clang__ /* gcc 12's analyzer loses sight of what is reached through two pointers, and calls it a leak (false alarm) */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif
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
#ifndef __clang__
#pragma GCC diagnostic pop
#endif

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
    SHA2_CTX all;
    unsigned char bytes[SHA256_DIGEST_LENGTH];
    qsort(entries, n, sizeof *entries, by_path);
    SHA256Init(&all);
    for (size_t i = 0; i < n; i++) {
        SHA256Final(bytes, &entries[i].digest.context);
        SHA256Update(&all, (const uint8_t *)entries[i].path, strlen(entries[i].path) + 1);
        SHA256Update(&all, bytes, sizeof bytes);
    }
    SHA256Final(bytes, &all);
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof bytes; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * sizeof bytes] = '\0';
}

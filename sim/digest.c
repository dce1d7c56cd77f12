/* SHA-256 over names and values of datasets, in an order and form that no compiler, thread or machine decides. */
#include "sim/digest.h"

#include <math.h>
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

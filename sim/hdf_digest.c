/* The digest of a file in the making: whatever is written is fed to it as well. Reading a file, sim/results_digest.c comes to the
 * same by another way. */
#include <stdlib.h>
#include <string.h>

#include "sim/hdf.h"

/* A group or dataset that is open, and its entry among the digests. */
struct hdf_object {
    hid_t id;
    size_t entry;
};

static struct digest *add(struct hdf *f, const char *folder, const char *sign, const char *name)
{
    struct digest *digest = digest_add(&f->digests, folder, sign, name);
    if (digest == NULL) hdf_no_memory(f, "the digest", (double)f->digests.n * sizeof *f->digests.entries);
    return digest;
}

/* Most calls are about the last object that was opened. NULL: the file itself. */
static struct digest_entry *entry_of(const struct hdf *f, hid_t object)
{
    for (size_t i = f->n_open; i-- > 0;)
        if (f->open[i].id == object) return &f->digests.entries[f->open[i].entry];
    return NULL;
}

static const char *path_of(const struct hdf *f, hid_t object)
{
    const struct digest_entry *entry = entry_of(f, object);
    return entry != NULL ? entry->path : "";
}

void hdf_digest_open(struct hdf *f, hid_t in, const char *name, const char *ending, hid_t object)
{
    if (f->failed) return;
    if (f->n_open == f->room) {
        const size_t room = 2 * f->room + 16;
        struct hdf_object *more = realloc(f->open, room * sizeof *more);
        if (more == NULL) {
            hdf_no_memory(f, "the digest", (double)room * sizeof *more);
            return;
        }
        f->open = more;
        f->room = room;
    }
    if (add(f, path_of(f, in), name, ending) != NULL) f->open[f->n_open++] = (struct hdf_object){object, f->digests.n - 1};
}

void hdf_digest_close(struct hdf *f, hid_t object)
{
    for (size_t i = f->n_open; i-- > 0;) {
        if (f->open[i].id != object) continue;
        memmove(&f->open[i], &f->open[i + 1], (--f->n_open - i) * sizeof *f->open);
        return;
    }
}

struct digest *hdf_digest_values(struct hdf *f, hid_t dataset, size_t n)
{
    struct digest_entry *entry = f->failed ? NULL : entry_of(f, dataset);
    const bool by_name = entry == NULL || (n > DIGEST_LENGTH && strchr(entry->path, '/') != NULL);
    return by_name ? NULL : &entry->digest;
}

static struct digest *add_attribute(struct hdf *f, hid_t object, const char *name)
{
    const char *path = path_of(f, object);
    return f->failed || (path[0] == '\0' && digest_leaves_out(name)) ? NULL : add(f, path, "@", name);
}

void hdf_digest_text(struct hdf *f, hid_t object, const char *name, const char *text)
{
    struct digest *digest = add_attribute(f, object, name);
    if (digest != NULL) digest_texts(digest, (const char *[]){"text", text}, 2);
}

void hdf_digest_numbers(struct hdf *f, hid_t object, const char *name, hid_t type, const void *values, size_t n)
{
    struct digest *digest = add_attribute(f, object, name);
    const bool real = type == H5T_NATIVE_DOUBLE, whole = type == H5T_NATIVE_INT32, large = type == H5T_NATIVE_UINT64;
    if (digest == NULL) return;
    digest_texts(digest, (const char *[]){real ? "real" : whole || large ? "whole" : "other"}, 1);
    if (real) digest_doubles(digest, values, n);
    if (large) digest_long(digest, values, n);
    for (size_t i = 0; whole && i < n; i++) digest_long(digest, &(uint64_t){(uint64_t)(int64_t)((const int32_t *)values)[i]}, 1);
}

void hdf_digest_finish(struct hdf *f, char hex[65])
{
    hex[0] = '\0';
    if (!f->failed) digest_finish(f->digests.entries, f->digests.n, hex);
}

void hdf_digest_forget(struct hdf *f)
{
    digest_free(&f->digests);
    free(f->open);
    f->open = NULL;
    f->n_open = f->room = 0;
}

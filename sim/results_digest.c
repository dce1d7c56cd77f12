/* What a results file holds besides its metrics, listed and digested as the writer does it (sim/hdf_digest.c); the file may come
 * from anywhere. */
#include "sim/results_digest.h"

#include <stdlib.h>
#include <string.h>

enum {
    ENTRIES_MAXIMUM = 1 << 18,
    LENGTH_MAXIMUM = 1 << 20 /* of an attribute */,
    DEPTH_MAXIMUM = 2
};

struct contents {
    struct hdf *f;
    struct digest_list *list;
    size_t given; /* of its entries */
};

/* A group or dataset in it. */
struct place {
    struct contents *contents;
    const char *path; /* "" for the root, else "GROUP/" or "DATASET" */
    int depth;
};

static char *joined(const char *a, const char *b, const char *c)
{
    char *text = NULL;
    return asprintf(&text, "%s%s%s", a, b, c) < 0 ? NULL : text;
}

/* An entry whose path is three pieces together. NULL: no memory, or too much in the file. */
static struct digest *add(struct contents *c, const char *folder, const char *sign, const char *name)
{
    if (c->list->n == ENTRIES_MAXIMUM) {
        hdf_fail(c->f, "holds more than a results file does");
        return NULL;
    }
    struct digest *digest = digest_add(c->list, folder, sign, name);
    if (digest == NULL) hdf_no_memory(c->f, "the digest", (double)c->list->n * sizeof *c->list->entries);
    return digest;
}

/* ---- attributes ---- */

/* Of a text, of real or of whole numbers. Others, such as HDF5's references from dimensions to their scales, tell places in
 * the file and enter by name only. */
static bool feed_attribute(struct digest *digest, hid_t attribute, hid_t type, size_t n)
{
    const H5T_class_t class = H5Tget_class(type);
    const size_t size = H5Tget_size(type); /* 0 when it cannot be told */
    const htri_t variable = class == H5T_STRING ? H5Tis_variable_str(type) : 0;
    const H5T_sign_t sign = class == H5T_INTEGER ? H5Tget_sign(type) : H5T_SGN_NONE;
    if (class == H5T_NO_CLASS || size == 0 || variable < 0 || sign == H5T_SGN_ERROR) return false;
    if (n > LENGTH_MAXIMUM || size > LENGTH_MAXIMUM) return false;
    const bool text = class == H5T_STRING && variable == 0 && n == 1;
    const char *kind = text ? "text" : class == H5T_FLOAT ? "real" : class == H5T_INTEGER ? "whole" : "other";
    digest_texts(digest, &kind, 1);
    if (strcmp(kind, "other") == 0) return true;
    void *values = calloc(text ? size + 1 : n + 1, text ? 1 : sizeof(uint64_t));
    if (values == NULL) return false;
    hid_t memory = text                   ? type
                   : class == H5T_FLOAT   ? H5T_NATIVE_DOUBLE
                   : sign == H5T_SGN_NONE ? H5T_NATIVE_UINT64
                                          : H5T_NATIVE_INT64;
    const bool good = H5Aread(attribute, memory, values) >= 0;
    if (good && text) digest_texts(digest, (const char *[]){values}, 1);
    if (good && class == H5T_FLOAT) digest_doubles(digest, values, n);
    if (good && class == H5T_INTEGER) digest_long(digest, values, n);
    free(values);
    return good;
}

static herr_t add_attribute(hid_t object, const char *name, const H5A_info_t *about, void *context)
{
    const struct place *place = context;
    (void)about;
    if (place->path[0] == '\0' && digest_leaves_out(name)) return 0;
    struct digest *digest = add(place->contents, place->path, "@", name);
    if (digest == NULL) return -1;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT); /* of what does not open the rest fails as well */
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    const hssize_t n = H5Sget_simple_extent_npoints(space);
    const bool good = n >= 0 && feed_attribute(digest, attribute, type, (size_t)n);
    if (!good) hdf_fail(place->contents->f, "an attribute cannot be read");
    hdf_release(space);
    hdf_release(type);
    hdf_release(attribute);
    return good ? 0 : -1;
}

static void add_attributes(const struct place *place, hid_t object)
{
    struct hdf *f = place->contents->f;
    struct place own = *place;
    if (!f->failed && H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, add_attribute, &own) < 0 && !f->failed)
        hdf_fail(f, "its attributes cannot be listed");
}

/* ---- values ---- */

static void feed_texts(struct hdf *f, struct digest *digest, hid_t dataset, size_t n)
{
    char **texts = hdf_read_strings(f, dataset, n);
    if (texts == NULL) return;
    for (size_t i = 0; i < n; i++) digest_texts(digest, (const char *[]){texts[i]}, 1);
    for (size_t i = 0; i < n; i++) free(texts[i]);
    free(texts);
}

static void feed_numbers(struct hdf *f, struct digest *digest, hid_t dataset, hsize_t n, bool real)
{
    void *values = calloc((size_t)n + 1, real ? sizeof(double) : sizeof(int32_t));
    if (values == NULL) {
        hdf_no_memory(f, "a dataset", (double)n * sizeof(double));
        return;
    }
    hdf_read_block(f, dataset, real ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT32, (hsize_t[]){0}, &n, values);
    if (!f->failed && real) digest_doubles(digest, values, (size_t)n);
    if (!f->failed && !real) digest_whole(digest, values, (size_t)n);
    free(values);
}

/* What the writer does not make, such as a summary without its series, enters by name only: it will not pass. */
static void feed_values(struct hdf *f, struct digest *digest, hid_t dataset, const struct hdf_shape *shape)
{
    hid_t type = H5Dget_type(dataset);
    const H5T_class_t class = H5Tget_class(type); /* none, when there is no type */
    const hsize_t n = shape->rank == 0 ? 1 : shape->size[0];
    const bool numbers = shape->rank == 1 && (class == H5T_FLOAT || class == H5T_INTEGER);
    const bool known = shape->rank <= 1 && n <= DIGEST_LENGTH && (numbers || class == H5T_STRING);
    if (class == H5T_NO_CLASS) hdf_fail(f, "a dataset cannot be read");
    if (known && numbers) feed_numbers(f, digest, dataset, n, class == H5T_FLOAT);
    if (known && !numbers) feed_texts(f, digest, dataset, (size_t)n);
    hdf_release(type);
}

static bool is_given(const struct contents *c, const char *path)
{
    for (size_t i = 0; i < c->given; i++)
        if (strcmp(c->list->entries[i].path, path) == 0) return true;
    return false;
}

static void add_dataset(const struct place *in, hid_t group, const char *name)
{
    struct contents *c = in->contents;
    struct hdf_shape shape = {0};
    char *path = joined(in->path, name, "");
    if (path == NULL) {
        hdf_no_memory(c->f, "a path", (double)strlen(name));
        return;
    }
    hid_t dataset = hdf_open_dataset(c->f, group, name, &shape);
    if (dataset >= 0) {
        add_attributes(&(struct place){c, path, in->depth}, dataset);
        if (!c->f->failed && !is_given(c, path)) {
            struct digest *digest = add(c, path, "", "");
            if (digest != NULL) feed_values(c->f, digest, dataset, &shape);
        }
    }
    hdf_close_dataset(c->f, dataset);
    free(path);
}

/* ---- groups ---- */

static void add_contents(const struct place *place, hid_t group);

static void add_group(const struct place *in, hid_t parent, const char *name)
{
    struct contents *c = in->contents;
    char *path = joined(in->path, name, "/");
    struct digest *digest = path != NULL ? add(c, path, "", "") : NULL;
    if (path == NULL) hdf_no_memory(c->f, "a path", (double)strlen(name));
    if (digest != NULL && in->depth == DEPTH_MAXIMUM) hdf_fail(c->f, "holds groups that no results file has");
    hid_t group = c->f->failed ? -1 : H5Gopen2(parent, name, H5P_DEFAULT);
    if (!c->f->failed && group < 0) hdf_fail(c->f, "a group cannot be opened");
    if (group >= 0) add_contents(&(struct place){c, path, in->depth + 1}, group);
    hdf_close_group(c->f, group);
    free(path);
}

/* Links that are not hard lead elsewhere: they are not followed, and what should stand there is missing. */
static herr_t add_member(hid_t group, const char *name, const H5L_info_t *link, void *context)
{
    const struct place *place = context;
    struct hdf *f = place->contents->f;
    if (link->type != H5L_TYPE_HARD) return 0;
    H5O_info_t object;
    if (H5Oget_info_by_name2(group, name, &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0) return -1;
    if (object.type == H5O_TYPE_DATASET)
        add_dataset(place, group, name);
    else if (object.type == H5O_TYPE_GROUP)
        add_group(place, group, name);
    else
        hdf_fail(f, "holds something that no results file has");
    return f->failed ? -1 : 0;
}

/* In HDF5's own order: for any other it makes a table, and falls over its own table when the file is damaged. */
static void add_contents(const struct place *place, hid_t group)
{
    struct hdf *f = place->contents->f;
    struct place own = *place;
    add_attributes(place, group);
    if (!f->failed && H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, add_member, &own) < 0 && !f->failed)
        hdf_fail(f, "its contents cannot be listed");
}

void results_digest(struct hdf *f, struct digest_list *list, char hex[65])
{
    struct contents c = {.f = f, .list = list, .given = list->n};
    hex[0] = '\0';
    if (!f->failed) add_contents(&(struct place){&c, "", 0}, f->file);
    if (!f->failed) digest_finish(list->entries, list->n, hex);
}

/* Reading HDF5 that may come from anywhere: nothing outside the file is followed, no size is believed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/hdf.h"

enum { TEXT_MAXIMUM = 1 << 20 };

/* -1 where there is none. */
static hid_t attribute_open(struct hdf *f, hid_t object, const char *name)
{
    const htri_t exists = f->failed ? 0 : H5Aexists(object, name);
    hid_t attribute = exists > 0 ? H5Aopen(object, name, H5P_DEFAULT) : -1;
    if (exists != 0 && attribute < 0) hdf_fail(f, "an attribute cannot be read");
    return attribute;
}

/* Whether it is one value of this class, and its size. */
static bool attribute_is(struct hdf *f, hid_t attribute, H5T_class_t class, size_t *size)
{
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    const H5T_class_t found = H5Tget_class(type);
    const hssize_t n = H5Sget_simple_extent_npoints(space);
    const htri_t variable = found == H5T_STRING ? H5Tis_variable_str(type) : 0;
    *size = H5Tget_size(type);
    if (found == H5T_NO_CLASS || n < 0 || variable < 0 || *size == 0) hdf_fail(f, "an attribute cannot be read");
    hdf_release(space);
    hdf_release(type);
    return !f->failed && found == class && n == 1 && variable == 0 && *size < TEXT_MAXIMUM;
}

/* One of variable length, which the writer does not make, lies in the heap (see "labels" below) and counts as none. */
void hdf_read_attribute(struct hdf *f, hid_t object, const char *name, char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    hid_t attribute = attribute_open(f, object, name);
    if (attribute < 0) return;
    if (attribute_is(f, attribute, H5T_STRING, &length)) {
        char *whole = calloc(1, length + 1);
        hid_t type = H5Aget_type(attribute);
        if (whole != NULL && H5Aread(attribute, type, whole) >= 0)
            snprintf(text, size, "%s", whole);
        else
            hdf_fail(f, "an attribute cannot be read");
        hdf_release(type);
        free(whole);
    }
    hdf_release(attribute);
}

void hdf_read_attribute_int(struct hdf *f, hid_t object, const char *name, int32_t *value)
{
    size_t size = 0;
    int32_t read = 0;
    hid_t attribute = attribute_open(f, object, name);
    if (attribute < 0) return;
    if (attribute_is(f, attribute, H5T_INTEGER, &size)) {
        if (H5Aread(attribute, H5T_NATIVE_INT32, &read) >= 0)
            *value = read;
        else
            hdf_fail(f, "an attribute cannot be read");
    }
    hdf_release(attribute);
}

/* No filter but those the writer uses, and each but once: compressed twice, a small file may hold more than any memory. */
static bool has_known_filters(hid_t made)
{
    unsigned seen = 0;
    int filters = H5Pget_nfilters(made);
    for (int i = 0; i < filters; i++) {
        unsigned flags;
        size_t n = 0;
        H5Z_filter_t filter = H5Pget_filter2(made, (unsigned)i, &flags, &n, NULL, 0, NULL, NULL);
        unsigned bit = filter == H5Z_FILTER_DEFLATE      ? 1
                       : filter == H5Z_FILTER_SHUFFLE    ? 2
                       : filter == H5Z_FILTER_FLETCHER32 ? 4
                                                         : 0;
        if (bit == 0 || (seen & bit) != 0) return false;
        seen |= bit;
    }
    return filters >= 0;
}

/* No storage outside the file, no dataset made of others, no values that were never written. */
static bool is_self_contained(hid_t dataset, const struct hdf_shape *shape)
{
    enum { INFLATION = 1040 /* of zlib, at most */, SLACK = 1 << 16 };
    hid_t made = H5Dget_create_plist(dataset), type = H5Dget_type(dataset);
    const size_t size = H5Tget_size(type); /* 0 of no type */
    double claimed = (double)size;
    for (int i = 0; i < shape->rank; i++) claimed *= (double)shape->size[i];
    bool good = size > 0 && H5Pget_external_count(made) == 0 && H5Pget_layout(made) != H5D_VIRTUAL &&
                has_known_filters(made) && claimed <= INFLATION * (double)H5Dget_storage_size(dataset) + SLACK;
    hdf_release(type);
    hdf_release(made);
    return good;
}

/* Every step of a path is a hard link: an object of this very file. */
static bool is_inside(hid_t group, const char *path)
{
    char part[512];
    for (size_t i = 0; path[i] != '\0'; i++) {
        if (i + 1 >= sizeof part) return false;
        part[i] = path[i];
        part[i + 1] = '\0';
        if (path[i + 1] != '/' && path[i + 1] != '\0') continue;
        H5L_info_t link;
        if (H5Lget_info(group, part, &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD) return false;
    }
    return true;
}

static bool read_shape(hid_t dataset, struct hdf_shape *shape)
{
    hid_t space = H5Dget_space(dataset);
    int rank = H5Sget_simple_extent_ndims(space);
    bool good = rank >= 0 && rank <= HDF_MAX_RANK && H5Sget_simple_extent_dims(space, shape->size, NULL) == rank;
    shape->rank = rank;
    hdf_release(space);
    return good;
}

hid_t hdf_open_dataset(struct hdf *f, hid_t group, const char *name, struct hdf_shape *shape)
{
    if (f->failed) return -1;
    if (!is_inside(group, name)) {
        hdf_fail(f, "lacks something that a results file has");
        return -1;
    }
    hid_t dataset = H5Dopen2(group, name, H5P_DEFAULT);
    if (dataset >= 0 && read_shape(dataset, shape) && is_self_contained(dataset, shape)) return dataset;
    hdf_release(dataset);
    hdf_fail(f, "holds data that no results file has");
    return -1;
}

void hdf_read_block(struct hdf *f, hid_t dataset, hid_t type, const hsize_t *first, const hsize_t *count, void *values)
{
    if (f->failed) return;
    hid_t from = H5Dget_space(dataset), to = -1;
    int rank = H5Sget_simple_extent_ndims(from);
    bool good = rank > 0 && H5Sselect_hyperslab(from, H5S_SELECT_SET, first, NULL, count, NULL) >= 0 &&
                (to = H5Screate_simple(rank, count, NULL)) >= 0 &&
                H5Dread(dataset, type, to, from, H5P_DEFAULT, values) >= 0;
    if (!good) hdf_fail(f, "cannot be read");
    hdf_release(to);
    hdf_release(from);
}

/* ---- labels ----
 *
 * Labels are variable in length and so lie in HDF5's global heap: the one part of a file that has no checksum, and in
 * which HDF5 1.10 walks for ever, or out of it, when it is damaged. They are read here without its help (HDF5 File
 * Format Specification, version 3.0, III.E; numbers are little-endian):
 *
 *     label    bytes of text (4 bytes), address of the heap (8), index in it (4)
 *     heap     "GCOL", version 1, three bytes, size of it all (8), objects
 *     object   index (2; 0: the rest is free), references (2), four bytes, size (8), content up to a multiple of 8 */

enum { LABEL = 16, HEADER = 16, HEAP_MAXIMUM = 1 << 26 };

struct heap {
    uint64_t address;
    unsigned char *bytes;
    size_t size;
};

static uint64_t little(const unsigned char *bytes, size_t n)
{
    uint64_t value = 0;
    while (n > 0) value = value << 8 | bytes[--n];
    return value;
}

static bool read_raw(int fd, unsigned char *to, size_t size, uint64_t at)
{
    while (size > 0) {
        ssize_t n = at <= INT64_MAX ? pread(fd, to, size, (off_t)at) : 0;
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        to += n;
        at += (uint64_t)n;
        size -= (size_t)n;
    }
    return true;
}

/* Neighbouring labels share a heap, so one is kept. */
static bool heap_read(struct heap *heap, int fd, uint64_t address)
{
    unsigned char header[HEADER];
    if (heap->bytes != NULL && heap->address == address) return true;
    free(heap->bytes);
    *heap = (struct heap){.address = address};
    if (!read_raw(fd, header, sizeof header, address) || memcmp(header, "GCOL\1", 5) != 0) return false;
    uint64_t size = little(header + 8, 8);
    if (size > HEAP_MAXIMUM || (heap->bytes = malloc(size + 1)) == NULL) return false;
    heap->size = size;
    return read_raw(fd, heap->bytes, size, address);
}

/* The text of a label, allocated; NULL when its heap does not hold it. */
static char *label_text(struct heap *heap, int fd, const unsigned char label[LABEL])
{
    const uint64_t length = little(label, 4), index = little(label + 12, 4);
    if (index == 0 || !heap_read(heap, fd, little(label + 4, 8))) return NULL;
    for (size_t at = HEADER; at + HEADER <= heap->size;) {
        const uint64_t found = little(heap->bytes + at, 2), size = little(heap->bytes + at + 8, 8);
        if (found == 0 || size > heap->size - at - HEADER) return NULL;
        if (found == index) return size == length ? strndup((char *)heap->bytes + at + HEADER, size) : NULL;
        at += HEADER + (size + 7) / 8 * 8;
    }
    return NULL;
}

/* Where in the file the labels begin, and the file; false where they are stored in another way than by the writer. */
static bool find_labels(const struct hdf *f, hid_t dataset, size_t n, haddr_t *at, int *fd)
{
    int *handle = NULL;
    hsize_t before = 1;
    size_t address_size = 0, length_size = 0;
    hid_t type = H5Dget_type(dataset), made = H5Fget_create_plist(f->file);
    bool good = H5Tis_variable_str(type) > 0 && H5Pget_userblock(made, &before) >= 0 &&
                before == 0 && H5Pget_sizes(made, &address_size, &length_size) >= 0 && address_size == 8 &&
                length_size == 8 && H5Dget_storage_size(dataset) == n * LABEL &&
                H5Fget_vfd_handle(f->file, H5P_DEFAULT, (void **)&handle) >= 0;
    if (good) *fd = *handle;
    *at = good ? H5Dget_offset(dataset) : HADDR_UNDEF; /* undefined when not in one piece */
    hdf_release(made);
    hdf_release(type);
    return *at != HADDR_UNDEF;
}

char **hdf_read_strings(struct hdf *f, hid_t dataset, size_t n)
{
    if (f->failed) return NULL;
    int fd = -1;
    haddr_t at = HADDR_UNDEF;
    struct heap heap = {0};
    char **texts = calloc(n + 1, sizeof *texts);
    bool good = texts != NULL && find_labels(f, dataset, n, &at, &fd);
    for (size_t i = 0; i < n && good; i++) {
        unsigned char label[LABEL];
        good = read_raw(fd, label, sizeof label, at + i * LABEL) && (texts[i] = label_text(&heap, fd, label)) != NULL;
    }
    free(heap.bytes);
    if (good) return texts;
    for (size_t i = 0; texts != NULL && i < n; i++) free(texts[i]);
    free(texts);
    f->failed = true;
    error_set(f->e, ERROR_FAILURE, "%s: its labels cannot be read", f->path);
    return NULL;
}

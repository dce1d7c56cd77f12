/* Writing HDF5 in the form that netCDF-4 and xarray read without help, and whose damage shows. */
#include "sim/hdf.h"

#include <errno.h>
#include <hdf5_hl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"

/* ---- errors ---- */

static herr_t innermost(unsigned n, const H5E_error2_t *entry, void *text)
{
    if (n == 0 && entry->desc != NULL) snprintf(text, 256, "%s", entry->desc);
    return 0;
}

static bool no_memory(struct hdf *f)
{
    f->failed = true;
    error_set(f->e, ERROR_FAILURE, "%s: out of memory", f->path);
    return false;
}

/* After an allocation that failed inside it HDF5 may go on as if nothing had happened: it leaves a chunk uncompressed, or
 * worse. What it cannot hide is errno, which was 0 when the file was opened. False: such a file is not to be trusted. */
static bool sound(struct hdf *f)
{
    return !memory_was_refused() || no_memory(f);
}

int hdf_fail(struct hdf *f, const char *what)
{
    if (!sound(f)) return -1;
    char reason[256] = "";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, reason);
    /* Of a failed system call only what the system said is of use to people. */
    char *said = strstr(reason, "error message = '");
    if (said != NULL) {
        said += strlen("error message = '");
        said[strcspn(said, "'")] = '\0';
    }
    f->failed = true;
    if (said == NULL) said = reason;
    return error_set(f->e, ERROR_FAILURE, "%s: %s%s%s", f->path, what, *said != '\0' ? ": " : "", said);
}

int hdf_no_memory(struct hdf *f, const char *what, double bytes)
{
    f->failed = true;
    return error_memory(f->e, what, bytes);
}

void hdf_release(hid_t id)
{
    if (id >= 0) H5Idec_ref(id);
}

/* ---- files ---- */

const char *hdf_library(char *text, size_t size)
{
    unsigned major = 0, minor = 0, release = 0;
    if (H5get_libversion(&major, &minor, &release) < 0) snprintf(text, size, "HDF5");
    else snprintf(text, size, "HDF5 %u.%u.%u", major, minor, release);
    return text;
}

void hdf_quiet(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5PLset_loading_state(0);
}

hid_t hdf_file_access(void)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    /* Metadata with checksums; no locks, which some network file systems refuse: our names keep runs apart. */
    if (H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) >= 0 &&
        H5Pset_file_locking(access, 0, 1) >= 0) {
        return access;
    }
    hdf_release(access);
    return -1;
}

/* Bytes of two equal runs are equal: HDF5 is to note no times. netCDF-4 wants the order of creation. */
hid_t hdf_without_times(hid_t class)
{
    const unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t create = H5Pcreate(class);
    bool links = class == H5P_FILE_CREATE || class == H5P_GROUP_CREATE;
    if (H5Pset_obj_track_times(create, 0) >= 0 && H5Pset_attr_creation_order(create, order) >= 0 &&
        (!links || H5Pset_link_creation_order(create, order) >= 0)) {
        return create;
    }
    hdf_release(create);
    return -1;
}

void hdf_begin(struct hdf *f, const char *path, struct error *e)
{
    *f = (struct hdf){.file = -1, .create = -1, .access = -1, .text = -1, .scalar = -1, .single = -1, .path = path, .e = e};
    errno = 0;
}

void hdf_create(struct hdf *f, const char *path, struct error *e)
{
    hdf_begin(f, path, e);
    hdf_quiet();
    hid_t access = hdf_file_access(), create = hdf_without_times(H5P_FILE_CREATE);
    if (access >= 0 && create >= 0) f->file = H5Fcreate(path, H5F_ACC_EXCL, create, access);
    if (f->file < 0) hdf_fail(f, "cannot be created");
    hdf_release(create);
    hdf_release(access);
}

void hdf_open(struct hdf *f, const char *path, struct error *e)
{
    hdf_begin(f, path, e);
    hdf_quiet();
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (H5Pset_file_locking(access, 0, 1) >= 0) f->file = H5Fopen(path, H5F_ACC_RDONLY, access);
    if (f->file < 0) hdf_fail(f, "cannot be opened");
    hdf_release(access);
}

int hdf_close(struct hdf *f)
{
    hdf_scales_forget(f);
    hdf_digest_forget(f);
    hid_t *const kept[] = {&f->create, &f->access, &f->text, &f->scalar, &f->single};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        hdf_release(*kept[i]);
        *kept[i] = -1;
    }
    const bool opened = f->file >= 0;
    if (opened && H5Fclose(f->file) < 0) hdf_fail(f, "cannot be closed");
    if (opened && !f->failed && f->memory != NULL && !f->memory->given_back) hdf_fail(f, "something of it is still open");
    f->file = -1;
    return f->failed || !sound(f) ? -1 : 0;
}

hid_t hdf_group(struct hdf *f, const char *name)
{
    if (f->failed) return -1;
    hid_t create = hdf_without_times(H5P_GROUP_CREATE), group = -1;
    if (create >= 0) group = H5Gcreate2(f->file, name, H5P_DEFAULT, create, H5P_DEFAULT);
    if (group < 0) hdf_fail(f, "a group cannot be made");
    hdf_digest_open(f, f->file, name, "/", group);
    hdf_release(create);
    return group;
}

void hdf_close_group(struct hdf *f, hid_t group)
{
    if (group >= 0) hdf_digest_close(f, group);
    if (group >= 0 && H5Gclose(group) < 0) hdf_fail(f, "a group cannot be closed");
    sound(f);
}

/* ---- datasets ---- */

enum { WORTH_COMPRESSING = 512 /* values of a chunk: starting zlib costs more than all else about a smaller one */ };

static bool set_chunks(hid_t create, const struct hdf_shape *shape)
{
    hsize_t values = 1;
    for (int i = 0; i < shape->rank; i++) values *= shape->chunk[i];
    return H5Pset_chunk(create, shape->rank, shape->chunk) >= 0 &&
           (values < WORTH_COMPRESSING || (H5Pset_shuffle(create) >= 0 && H5Pset_deflate(create, 1) >= 0)) &&
           H5Pset_fletcher32(create) >= 0;
}

/* Variable-length strings take no filters, and the digest covers them. */
static hid_t dataset_properties(const struct hdf_shape *shape, enum hdf_storage storage, bool nan)
{
    const double undefined = (double)NAN;
    hid_t create = hdf_without_times(H5P_DATASET_CREATE);
    if (create < 0) return -1;
    bool good = true;
    if (storage == STORAGE_chunks) good = set_chunks(create, shape);
    if (nan) good = good && H5Pset_fill_value(create, H5T_NATIVE_DOUBLE, &undefined) >= 0;
    if (good) return create;
    H5Pclose(create);
    return -1;
}

/* Whole chunks are written at once: a cache of them would only take memory. */
static hid_t dataset_access(void)
{
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    if (access >= 0 && H5Pset_chunk_cache(access, 1, 0, 1.0) >= 0) return access;
    hdf_release(access);
    return -1;
}

/* Most datasets are like the one made before: its properties serve again. */
static void properties_set(struct hdf *f, const struct hdf_shape *shape, enum hdf_storage storage, bool nan)
{
    const struct hdf_shape *last = &f->last;
    if (f->access < 0) f->access = dataset_access();
    if (f->create >= 0 && f->storage == storage && f->nan == nan &&
        (storage != STORAGE_chunks || (last->rank == shape->rank && memcmp(last->chunk, shape->chunk, sizeof last->chunk) == 0)))
        return;
    hdf_release(f->create);
    f->create = dataset_properties(shape, storage, nan);
    f->last = *shape;
    f->storage = storage;
    f->nan = nan;
}

static hid_t dataset_create(struct hdf *f, hid_t group, const char *name, hid_t type, const struct hdf_shape *shape,
                            enum hdf_storage storage, bool nan)
{
    if (f->failed) return -1;
    hid_t dataset = -1;
    hid_t space = shape->rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(shape->rank, shape->size, NULL);
    properties_set(f, shape, storage, nan);
    if (f->access >= 0 && f->create >= 0 && space >= 0)
        dataset = H5Dcreate2(group, name, type, space, H5P_DEFAULT, f->create, f->access);
    if (dataset < 0) hdf_fail(f, "a dataset cannot be made");
    if (dataset >= 0) hdf_digest_open(f, group, name, "", dataset);
    if (dataset >= 0) hdf_scales_attach(f, dataset, shape);
    hdf_release(space);
    sound(f);
    return dataset;
}

hid_t hdf_dataset(struct hdf *f, hid_t group, const char *name, hid_t type, const struct hdf_shape *shape, bool nan)
{
    hid_t dataset = dataset_create(f, group, name, type, shape, STORAGE_chunks, nan);
    const double undefined = (double)NAN;
    if (nan) hdf_attribute_numbers(f, dataset, "_FillValue", H5T_NATIVE_DOUBLE, &undefined, 1);
    return dataset;
}

void hdf_close_dataset(struct hdf *f, hid_t dataset)
{
    if (dataset >= 0) hdf_scales_finish(f, dataset);
    if (dataset >= 0) hdf_digest_close(f, dataset);
    if (dataset >= 0 && H5Dclose(dataset) < 0) hdf_fail(f, "a dataset cannot be closed");
    sound(f);
}

static void write_all(struct hdf *f, hid_t dataset, hid_t type, hid_t how, const void *values)
{
    if (!f->failed && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, how, values) < 0) hdf_fail(f, "cannot be written");
    sound(f);
}

void hdf_write_doubles(struct hdf *f, hid_t dataset, const double *values, size_t n)
{
    struct digest *digest = hdf_digest_values(f, dataset, n);
    if (digest != NULL) digest_doubles(digest, values, n);
    write_all(f, dataset, H5T_NATIVE_DOUBLE, H5P_DEFAULT, values);
}

void hdf_write_whole(struct hdf *f, hid_t dataset, const int32_t *values, size_t n)
{
    struct digest *digest = hdf_digest_values(f, dataset, n);
    if (digest != NULL) digest_whole(digest, values, n);
    write_all(f, dataset, H5T_NATIVE_INT32, H5P_DEFAULT, values);
}

void hdf_write_block(struct hdf *f, hid_t dataset, const hsize_t *first, const hsize_t *count, const double *values)
{
    if (f->failed) return;
    hid_t space = H5Dget_space(dataset);
    const int rank = H5Sget_simple_extent_ndims(space);
    hid_t memory = H5Screate_simple(rank, count, NULL);
    if (memory < 0 || H5Sselect_hyperslab(space, H5S_SELECT_SET, first, NULL, count, NULL) < 0 ||
        H5Dwrite(dataset, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, values) < 0) {
        hdf_fail(f, "cannot be written");
    }
    size_t n = 1;
    for (int i = 0; i < rank; i++) n *= (size_t)count[i];
    struct digest *digest = hdf_digest_values(f, dataset, n);
    if (digest != NULL) digest_doubles(digest, values, n);
    hdf_release(memory);
    hdf_release(space);
    sound(f);
}

/* ---- strings ---- */

static hid_t string_type(size_t size, H5T_str_t end)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (H5Tset_size(type, size) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0 && H5Tset_strpad(type, end) >= 0) return type;
    hdf_release(type);
    return -1;
}

/* Addresses of strings are converted in a buffer, of which HDF5 would clear two megabytes for every dataset. */
static hid_t small_buffer(void)
{
    hid_t how = H5Pcreate(H5P_DATASET_XFER);
    if (how >= 0 && H5Pset_buffer(how, 4096, NULL, NULL) >= 0) return how;
    hdf_release(how);
    return -1;
}

static hid_t strings_write(struct hdf *f, hid_t group, const char *name, const char *const *texts, const struct hdf_shape *shape)
{
    if (f->failed) return -1;
    const size_t n = shape->rank == 0 ? 1 : (size_t)shape->size[0];
    hid_t type = string_type(H5T_VARIABLE, H5T_STR_NULLTERM), how = small_buffer();
    if (type < 0 || how < 0) hdf_fail(f, "a string type cannot be made");
    hid_t dataset = dataset_create(f, group, name, type, shape, STORAGE_heap, false);
    struct digest *digest = hdf_digest_values(f, dataset, n);
    if (digest != NULL) digest_texts(digest, texts, n);
    write_all(f, dataset, type, how, texts);
    hdf_release(how);
    hdf_release(type);
    return dataset;
}

hid_t hdf_strings(struct hdf *f, hid_t group, const char *name, const char *const *texts, size_t n, hid_t scale)
{
    return strings_write(f, group, name, texts, &(struct hdf_shape){.rank = 1, .size = {n}, .scale = {scale}});
}

void hdf_string(struct hdf *f, hid_t group, const char *name, const char *text)
{
    hdf_close_dataset(f, strings_write(f, group, name, &text, &(struct hdf_shape){.rank = 0}));
}

/* ---- attributes ---- */

static void attribute_write(struct hdf *f, hid_t object, const char *name, hid_t type, hid_t space, const void *value)
{
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0 || H5Awrite(attribute, type, value) < 0) hdf_fail(f, "an attribute cannot be written");
    if (attribute >= 0 && H5Aclose(attribute) < 0) hdf_fail(f, "an attribute cannot be closed");
    sound(f);
}

/* Of fixed length: then the text stands in the object's header, which has a checksum. */
void hdf_attribute(struct hdf *f, hid_t object, const char *name, const char *text)
{
    if (f->failed || text[0] == '\0') return;
    if (f->text < 0) f->text = string_type(1, H5T_STR_NULLPAD);
    if (f->scalar < 0) f->scalar = H5Screate(H5S_SCALAR);
    if (H5Tset_size(f->text, strlen(text)) < 0) hdf_fail(f, "a string type cannot be made");
    attribute_write(f, object, name, f->text, f->scalar, text);
    hdf_digest_text(f, object, name, text);
}

void hdf_attribute_numbers(struct hdf *f, hid_t object, const char *name, hid_t type, const void *values, size_t n)
{
    if (f->failed) return;
    const hsize_t size = n, one = 1;
    if (f->single < 0) f->single = H5Screate_simple(1, &one, NULL);
    hid_t space = n == 1 ? f->single : H5Screate_simple(1, &size, NULL);
    attribute_write(f, object, name, type, space, values);
    hdf_digest_numbers(f, object, name, type, values, n);
    if (space != f->single) hdf_release(space);
}

void hdf_describe(struct hdf *f, hid_t object, const char *unit, const char *meaning)
{
    static const char *const plural[] = {"days", "hours", "minutes", "seconds", "milliseconds", "microseconds", "nanoseconds"};
    static const char *const singular[] = {"day", "hour", "minute", "second", "millisecond", "microsecond", "nanosecond"};
    for (size_t i = 0; i < sizeof plural / sizeof *plural; i++) {
        if (strcmp(unit, plural[i]) == 0) unit = singular[i];
    }
    hdf_attribute(f, object, "units", unit);
    hdf_attribute(f, object, "long_name", meaning);
}

/* ---- coordinates ---- */

static void make_scale(struct hdf *f, hid_t dataset, const char *name)
{
    if (!f->failed && H5DSset_scale(dataset, name) < 0) hdf_fail(f, "a coordinate cannot be made");
    hdf_digest_text(f, dataset, "CLASS", "DIMENSION_SCALE");
    hdf_digest_text(f, dataset, "NAME", name);
}

hid_t hdf_numbers_scale(struct hdf *f, hid_t group, const char *name, const int32_t *values, size_t n)
{
    struct hdf_shape shape = {.rank = 1, .size = {n}, .chunk = {n < 65536 ? n : 65536}, .scale = {-1}};
    hid_t dataset = hdf_dataset(f, group, name, H5T_STD_I32LE, &shape, false);
    hdf_write_whole(f, dataset, values, n);
    make_scale(f, dataset, name);
    return dataset;
}

hid_t hdf_points_scale(struct hdf *f, hid_t group, uint32_t n)
{
    if (f->failed) return -1;
    int32_t *numbers = malloc(n * sizeof *numbers);
    if (numbers == NULL) return hdf_no_memory(f, "the points", (double)n * sizeof *numbers);
    for (uint32_t i = 0; i < n; i++) numbers[i] = (int32_t)i;
    hid_t dataset = hdf_numbers_scale(f, group, "point", numbers, n);
    hdf_describe(f, dataset, "1", "point: the line of values of the design, counted from 0");
    free(numbers);
    return dataset;
}

hid_t hdf_labels_scale(struct hdf *f, hid_t group, const char *name, const void *first, size_t stride, size_t n)
{
    if (f->failed) return -1;
    const char **labels = malloc(n * sizeof *labels);
    if (labels == NULL) return hdf_no_memory(f, "the labels", (double)(n * sizeof *labels));
    for (size_t i = 0; i < n; i++) labels[i] = (const char *)first + i * stride;
    hid_t dataset = hdf_strings(f, group, name, labels, n, -1);
    hdf_attribute(f, dataset, "long_name", name);
    make_scale(f, dataset, name);
    free(labels);
    return dataset;
}

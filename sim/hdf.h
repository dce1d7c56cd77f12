/* The few things a results file needs of HDF5, in the form netCDF-4 and xarray read without help.
 *
 * An hdf holds the first error: after one, every call does nothing, so a writer checks once, at hdf_close. The functions
 * that return an id return -1 after an error. */
#ifndef SIM_HDF_H
#define SIM_HDF_H

#define H5_USE_110_API /* also where the library is a later one */
#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/digest.h"
#include "sim/error.h"

/* The bytes of a file in memory; they are ours when HDF5 has given them back. */
struct hdf_memory {
    unsigned char *bytes;
    size_t size;
    bool given_back;
};

enum { HDF_MAX_RANK = 4 };

/* A dataset to be made: its dimensions by size and by the dimension scale of each. */
struct hdf_shape {
    int rank;
    hsize_t size[HDF_MAX_RANK], chunk[HDF_MAX_RANK];
    hid_t scale[HDF_MAX_RANK];
};

/* Strings lie in a heap, numbers in chunks with checksums, few ones too: R's ncdf4 opens no file with an array in its object's header. */
enum hdf_storage { STORAGE_heap, STORAGE_chunks };

struct hdf_scale;
struct hdf_object;
struct hdf {
    hid_t file;
    const char *path;
    struct error *e;
    bool failed;
    struct hdf_memory *memory; /* where the file lies, when it is in no folder */
    struct hdf_scale *scales; /* dimension scales in the making; see hdf_scales.c */
    struct digest_list digests; /* of what has been written, and the objects that are open; see hdf_digest.c */
    struct hdf_object *open;
    size_t n_open, room;
    hid_t create, access;     /* properties of the last dataset made, and of which shape and kind it was; or -1 */
    struct hdf_shape last;
    enum hdf_storage storage;
    bool nan;
    hid_t text, scalar, single; /* a type of strings and the spaces of one value, for attributes; or -1 */
};

const char *hdf_library(char *text, size_t size); /* "HDF5 1.10.8", the one that is linked. Returns `text` */

/* A new file, and one opened for reading only. They quieten HDF5's own messages and let it load no plug-ins. */
void hdf_create(struct hdf *f, const char *path, struct error *e);
void hdf_open(struct hdf *f, const char *path, struct error *e);

/* A new file in memory, which never reaches a disk. After hdf_close the bytes in `memory` are the file's, to be freed. HDF5 serves
 * one thread of a process at a time, and its functions must be those we were compiled for: where another library of that name,
 * loaded for everybody to use, has taken their place, its check of versions would end the process. */
void hdf_create_in_memory(struct hdf *f, struct hdf_memory *memory, struct error *e);

/* For files wherever they lie: nothing open; no messages and no plug-ins of HDF5's; how a file is to be laid out, and an object made. */
void hdf_begin(struct hdf *f, const char *path, struct error *e);
void hdf_quiet(void);
hid_t hdf_file_access(void);
hid_t hdf_without_times(hid_t class);

/* 0, or -1 when anything failed since the file was opened. Closes the file in any case. */
int hdf_close(struct hdf *f);

/* Gives back an object of any kind, if there is one. */
void hdf_release(hid_t id);

/* Notes a failure of HDF5, with its own innermost reason. Returns -1. */
int hdf_fail(struct hdf *f, const char *what);

/* The same for memory that was not to be had. */
int hdf_no_memory(struct hdf *f, const char *what, double bytes);

hid_t hdf_group(struct hdf *f, const char *name);
void hdf_close_group(struct hdf *f, hid_t group);

/* A dataset of doubles or int32, compressed and checksummed; nan: what is undefined in it is NaN. */
hid_t hdf_dataset(struct hdf *f, hid_t group, const char *name, hid_t type, const struct hdf_shape *shape, bool nan);
/* All its n values. */
void hdf_write_doubles(struct hdf *f, hid_t dataset, const double *values, size_t n);
void hdf_write_whole(struct hdf *f, hid_t dataset, const int32_t *values, size_t n);
/* The block at `first` of `count` doubles in every dimension. Blocks come in the order of their values, for the digest's sake. */
void hdf_write_block(struct hdf *f, hid_t dataset, const hsize_t *first, const hsize_t *count, const double *values);
void hdf_close_dataset(struct hdf *f, hid_t dataset);

/* Strings along a dimension: variable-length UTF-8. scale: that of the dimension, or -1 for none. */
hid_t hdf_strings(struct hdf *f, hid_t group, const char *name, const char *const *texts, size_t n, hid_t scale);
void hdf_string(struct hdf *f, hid_t group, const char *name, const char *text); /* scalar */

/* Coordinates: datasets that are the dimension scale of their own name. Labels are the first member of n structs. */
hid_t hdf_numbers_scale(struct hdf *f, hid_t group, const char *name, const int32_t *values, size_t n);
hid_t hdf_points_scale(struct hdf *f, hid_t group, uint32_t n); /* "point": 0 ... n - 1 */
hid_t hdf_labels_scale(struct hdf *f, hid_t group, const char *name, const void *first, size_t stride, size_t n);

/* Names the dimensions of a new dataset by their scales; writes what a scale must tell, before it is closed; forgets all. */
void hdf_scales_attach(struct hdf *f, hid_t dataset, const struct hdf_shape *shape);
void hdf_scales_finish(struct hdf *f, hid_t dataset);
void hdf_scales_forget(struct hdf *f);

/* The digest of what is written. An object that has been made, by its name in a group and "/" where it is one itself; one that is
 * about to be closed; where the values of a dataset are to be fed, or NULL; an attribute of a text or numbers; the whole. */
void hdf_digest_open(struct hdf *f, hid_t in, const char *name, const char *ending, hid_t object);
void hdf_digest_close(struct hdf *f, hid_t object);
struct digest *hdf_digest_values(struct hdf *f, hid_t dataset, size_t n);
void hdf_digest_text(struct hdf *f, hid_t object, const char *name, const char *text);
void hdf_digest_numbers(struct hdf *f, hid_t object, const char *name, hid_t type, const void *values, size_t n);
void hdf_digest_finish(struct hdf *f, char hex[65]);
void hdf_digest_forget(struct hdf *f);

void hdf_attribute(struct hdf *f, hid_t object, const char *name, const char *text); /* an empty text is left out */
/* units and long_name. "days" and its like are written "day": xarray takes the plural for a duration. */
void hdf_describe(struct hdf *f, hid_t object, const char *unit, const char *meaning);
void hdf_attribute_numbers(struct hdf *f, hid_t object, const char *name, hid_t type, const void *values, size_t n);

/* Reading. A missing or mistyped attribute is no failure, unlike one that cannot be read: `text` is empty then, `value` untouched. */
void hdf_read_attribute(struct hdf *f, hid_t object, const char *name, char *text, size_t size);
void hdf_read_attribute_int(struct hdf *f, hid_t object, const char *name, int32_t *value);

/* Opens a dataset that lies in this file itself: no link to or storage in another file, no filter but those used here. */
hid_t hdf_open_dataset(struct hdf *f, hid_t group, const char *name, struct hdf_shape *shape);
void hdf_read_block(struct hdf *f, hid_t dataset, hid_t type, const hsize_t *first, const hsize_t *count, void *values);
/* All strings of a dataset, n of them in one dimension or one alone: an array to be freed with its texts; NULL after an error. */
char **hdf_read_strings(struct hdf *f, hid_t dataset, size_t n);

#endif

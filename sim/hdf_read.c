/* Reading HDF5 that may come from anywhere: nothing outside the file is followed, and nothing is believed about sizes. */
#include <stdlib.h>
#include <string.h>

#include "sim/hdf.h"

enum { TEXT_MAXIMUM = 1 << 20 };

/* A string attribute, fixed or variable in length, as an allocated text; NULL when there is none. */
static char *attribute_text(hid_t attribute)
{
    char *text = NULL;
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    if (type >= 0 && space >= 0 && H5Tget_class(type) == H5T_STRING && H5Sget_simple_extent_npoints(space) == 1) {
        size_t size = H5Tget_size(type);
        if (H5Tis_variable_str(type) > 0) {
            char *own = NULL;
            hid_t memory = H5Tcopy(H5T_C_S1);
            if (memory >= 0 && H5Tset_size(memory, H5T_VARIABLE) >= 0 && H5Tset_cset(memory, H5Tget_cset(type)) >= 0 &&
                H5Aread(attribute, memory, &own) >= 0 && own != NULL)
                text = strdup(own);
            if (own != NULL) H5free_memory(own);
            if (memory >= 0) H5Tclose(memory);
        } else if (size > 0 && size < TEXT_MAXIMUM && (text = calloc(1, size + 1)) != NULL) {
            if (H5Aread(attribute, type, text) < 0) {
                free(text);
                text = NULL;
            }
        }
    }
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return text;
}

bool hdf_read_attribute(struct hdf *f, hid_t object, const char *name, char *text, size_t size)
{
    text[0] = '\0';
    if (f->failed || H5Aexists(object, name) <= 0) return false;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0) return false;
    char *whole = attribute_text(attribute);
    H5Aclose(attribute);
    if (whole == NULL) return false;
    size_t length = strlen(whole);
    if (length >= size) length = size - 1;
    memcpy(text, whole, length);
    text[length] = '\0';
    free(whole);
    return true;
}

bool hdf_read_attribute_int(struct hdf *f, hid_t object, const char *name, int32_t *value)
{
    if (f->failed || H5Aexists(object, name) <= 0) return false;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0) return false;
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    bool single = type >= 0 && space >= 0 && H5Tget_class(type) == H5T_INTEGER && H5Sget_simple_extent_npoints(space) == 1;
    int32_t read = 0;
    if (single && H5Aread(attribute, H5T_NATIVE_INT32, &read) >= 0) *value = read;
    else single = false;
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    H5Aclose(attribute);
    return single;
}

/* No storage outside the file, no dataset made of others, no filter but those the writer uses. */
static bool is_self_contained(hid_t dataset)
{
    hid_t made = H5Dget_create_plist(dataset);
    if (made < 0) return false;
    bool good = H5Pget_external_count(made) == 0 && H5Pget_layout(made) != H5D_VIRTUAL;
    int filters = H5Pget_nfilters(made);
    for (int i = 0; good && i < filters; i++) {
        unsigned flags;
        size_t n = 0;
        H5Z_filter_t filter = H5Pget_filter2(made, (unsigned)i, &flags, &n, NULL, 0, NULL, NULL);
        good = filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE || filter == H5Z_FILTER_FLETCHER32;
    }
    H5Pclose(made);
    return good && filters >= 0;
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
    if (space < 0) return false;
    int rank = H5Sget_simple_extent_ndims(space);
    bool good = rank >= 1 && rank <= HDF_MAX_RANK && H5Sget_simple_extent_dims(space, shape->size, NULL) == rank;
    shape->rank = rank;
    H5Sclose(space);
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
    if (dataset >= 0 && is_self_contained(dataset) && read_shape(dataset, shape)) return dataset;
    if (dataset >= 0) H5Dclose(dataset);
    hdf_fail(f, "holds data that no results file has");
    return -1;
}

void hdf_read_block(struct hdf *f, hid_t dataset, hid_t type, const hsize_t *first, const hsize_t *count, void *values)
{
    if (f->failed) return;
    hid_t from = H5Dget_space(dataset), to = -1;
    int rank = from >= 0 ? H5Sget_simple_extent_ndims(from) : -1;
    bool good = rank > 0 && H5Sselect_hyperslab(from, H5S_SELECT_SET, first, NULL, count, NULL) >= 0 &&
                (to = H5Screate_simple(rank, count, NULL)) >= 0 && H5Dread(dataset, type, to, from, H5P_DEFAULT, values) >= 0;
    if (!good) hdf_fail(f, "cannot be read");
    if (to >= 0) H5Sclose(to);
    if (from >= 0) H5Sclose(from);
}

char **hdf_read_strings(struct hdf *f, hid_t dataset, size_t n)
{
    if (f->failed) return NULL;
    char **texts = calloc(n + 1, sizeof *texts), **own = calloc(n + 1, sizeof *own);
    hid_t type = H5Dget_type(dataset), memory = H5Tcopy(H5T_C_S1), space = H5Dget_space(dataset);
    bool good = texts != NULL && own != NULL && type >= 0 && memory >= 0 && space >= 0 && H5Tis_variable_str(type) > 0 &&
                H5Tset_size(memory, H5T_VARIABLE) >= 0 && H5Tset_cset(memory, H5T_CSET_UTF8) >= 0 &&
                H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, own) >= 0;
    for (size_t i = 0; i < n && good; i++) good = own[i] != NULL && (texts[i] = strdup(own[i])) != NULL;
    for (size_t i = 0; own != NULL && i < n; i++)
        if (own[i] != NULL) H5free_memory(own[i]);
    if (!good) {
        for (size_t i = 0; texts != NULL && i < n; i++) free(texts[i]);
        free(texts);
        texts = NULL;
        hdf_fail(f, "its labels cannot be read");
    }
    free(own);
    if (space >= 0) H5Sclose(space);
    if (memory >= 0) H5Tclose(memory);
    if (type >= 0) H5Tclose(type);
    return texts;
}

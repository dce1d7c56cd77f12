/* A file in memory. HDF5 could give a copy of it, but 1.10's has a checksum that does not match; so we lend HDF5 the memory, and
 * keep it when the file is closed. */
#include <stdlib.h>

#include "sim/hdf.h"

/* The file grows by this many bytes, and so many zeros may stand behind its end. */
static const size_t STEP = (size_t)64 * 1024;

static void *grow(void *bytes, size_t size, H5FD_file_image_op_t why, void *context)
{
    struct hdf_memory *m = context;
    (void)why;
    void *more = realloc(bytes, size);
    if (more == NULL) return NULL;
    m->bytes = more;
    m->size = size;
    return more;
}

static herr_t give_back(void *bytes, H5FD_file_image_op_t why, void *context)
{
    struct hdf_memory *m = context;
    (void)why;
    m->given_back = bytes == m->bytes;
    return m->given_back ? 0 : -1;
}

static void *same(void *context) { return context; }

static herr_t keep(void *context)
{
    (void)context;
    return 0;
}

static bool is_our_library(struct hdf *f)
{
    unsigned major = 0, minor = 0, release = 0;
    if (H5get_libversion(&major, &minor, &release) >= 0 && major == H5_VERS_MAJOR && minor == H5_VERS_MINOR) return true;
    f->failed = true;
    error_set(f->e, ERROR_FAILURE, "this process has loaded HDF5 %u.%u for everybody to use (RTLD_GLOBAL); EnforceSim needs %d.%d", major,
              minor, H5_VERS_MAJOR, H5_VERS_MINOR);
    return false;
}

void hdf_create_in_memory(struct hdf *f, struct hdf_memory *memory, struct error *e)
{
    H5FD_file_image_callbacks_t lent = {.image_realloc = grow, .image_free = give_back, .udata_copy = same, .udata_free = keep, .udata = memory};
    *memory = (struct hdf_memory){0};
    hdf_begin(f, "the results in memory", e);
    f->memory = memory;
    if (!is_our_library(f)) return;
    hdf_quiet();
    hid_t access = hdf_file_access(), create = hdf_without_times(H5P_FILE_CREATE);
    if (access >= 0 && create >= 0 && H5Pset_fapl_core(access, STEP, 0) >= 0 && H5Pset_file_image_callbacks(access, &lent) >= 0)
        f->file = H5Fcreate("results.h5", H5F_ACC_EXCL, create, access);
    if (f->file < 0) hdf_fail(f, "cannot be created");
    hdf_release(create);
    hdf_release(access);
}

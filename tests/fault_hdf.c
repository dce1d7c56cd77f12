/* The part of fault_shim.so that stands between the program and HDF5: a call that is told to fail says so and does nothing,
 * but for those that close something, which do it and then say that it went wrong. */
#include <dlfcn.h>
#define H5_USE_110_API
#include <hdf5.h>
#include <hdf5_hl.h>

#include "tests/fault_shim.h"

/* `failure` is what the call returns then. */
#define CALL(type, failure, name, parameters, arguments)                                                               \
    type name parameters                                                                                               \
    {                                                                                                                  \
        type(*real) parameters = __extension__(type(*) parameters) dlsym(RTLD_NEXT, #name);                            \
        return fault_hdf(#name) ? (type)(failure) : real arguments;                                                    \
    }
#define CLOSE(type, name)                                                                                              \
    type name(hid_t id)                                                                                                \
    {                                                                                                                  \
        type (*real)(hid_t) = __extension__(type(*)(hid_t)) dlsym(RTLD_NEXT, #name);                                   \
        type status = real(id);                                                                                        \
        return fault_hdf(#name) ? -1 : status;                                                                         \
    }

CLOSE(herr_t, H5Aclose)
CLOSE(herr_t, H5Dclose)
CLOSE(herr_t, H5Fclose)
CLOSE(herr_t, H5Gclose)
CLOSE(int, H5Idec_ref)

/* Of one id. */
#define ONE(type, failure, name) CALL(type, failure, name, (hid_t a), (a))
ONE(hid_t, -1, H5Aget_space)
ONE(hid_t, -1, H5Aget_type)
ONE(hid_t, -1, H5Dget_create_plist)
ONE(haddr_t, HADDR_UNDEF, H5Dget_offset)
ONE(hid_t, -1, H5Dget_space)
ONE(hsize_t, 0, H5Dget_storage_size)
ONE(hid_t, -1, H5Dget_type)
ONE(hid_t, -1, H5Fget_create_plist)
ONE(hid_t, -1, H5Pcreate)
ONE(int, -1, H5Pget_external_count)
ONE(H5D_layout_t, -1, H5Pget_layout)
ONE(int, -1, H5Pget_nfilters)
ONE(herr_t, -1, H5Pset_fletcher32)
ONE(herr_t, -1, H5Pset_shuffle)
ONE(int, -1, H5Sget_simple_extent_ndims)
ONE(hssize_t, -1, H5Sget_simple_extent_npoints)
ONE(hid_t, -1, H5Tcopy)
ONE(H5T_class_t, H5T_NO_CLASS, H5Tget_class)
ONE(H5T_sign_t, H5T_SGN_ERROR, H5Tget_sign)
ONE(size_t, 0, H5Tget_size)
ONE(htri_t, -1, H5Tis_variable_str)

CALL(hid_t, -1, H5Acreate2, (hid_t a, const char *b, hid_t c, hid_t d, hid_t e, hid_t f), (a, b, c, d, e, f))
CALL(htri_t, -1, H5Aexists, (hid_t a, const char *b), (a, b))
CALL(herr_t, -1, H5Aiterate2, (hid_t a, H5_index_t b, H5_iter_order_t c, hsize_t *d, H5A_operator2_t e, void *f),
     (a, b, c, d, e, f))
CALL(hid_t, -1, H5Aopen, (hid_t a, const char *b, hid_t c), (a, b, c))
CALL(herr_t, -1, H5Aread, (hid_t a, hid_t b, void *c), (a, b, c))
CALL(herr_t, -1, H5Awrite, (hid_t a, hid_t b, const void *c), (a, b, c))
CALL(herr_t, -1, H5DSset_scale, (hid_t a, const char *b), (a, b))
CALL(hid_t, -1, H5Dcreate2, (hid_t a, const char *b, hid_t c, hid_t d, hid_t e, hid_t f, hid_t g),
     (a, b, c, d, e, f, g))
CALL(hid_t, -1, H5Dopen2, (hid_t a, const char *b, hid_t c), (a, b, c))
CALL(herr_t, -1, H5Dread, (hid_t a, hid_t b, hid_t c, hid_t d, hid_t e, void *f), (a, b, c, d, e, f))
CALL(herr_t, -1, H5Dwrite, (hid_t a, hid_t b, hid_t c, hid_t d, hid_t e, const void *f), (a, b, c, d, e, f))
CALL(hid_t, -1, H5Fcreate, (const char *a, unsigned b, hid_t c, hid_t d), (a, b, c, d))
CALL(herr_t, -1, H5Fget_vfd_handle, (hid_t a, hid_t b, void **c), (a, b, c))
CALL(hid_t, -1, H5Fopen, (const char *a, unsigned b, hid_t c), (a, b, c))
CALL(hid_t, -1, H5Gcreate2, (hid_t a, const char *b, hid_t c, hid_t d, hid_t e), (a, b, c, d, e))
CALL(hid_t, -1, H5Gopen2, (hid_t a, const char *b, hid_t c), (a, b, c))
CALL(herr_t, -1, H5Lget_info, (hid_t a, const char *b, H5L_info_t *c, hid_t d), (a, b, c, d))
CALL(herr_t, -1, H5Literate, (hid_t a, H5_index_t b, H5_iter_order_t c, hsize_t *d, H5L_iterate_t e, void *f),
     (a, b, c, d, e, f))
CALL(herr_t, -1, H5Oget_info_by_name2, (hid_t a, const char *b, H5O_info_t *c, unsigned d, hid_t e), (a, b, c, d, e))
CALL(H5Z_filter_t, H5Z_FILTER_ERROR, H5Pget_filter2,
     (hid_t a, unsigned b, unsigned *c, size_t *d, unsigned *e, size_t f, char *g, unsigned *h),
     (a, b, c, d, e, f, g, h))
CALL(herr_t, -1, H5Pget_sizes, (hid_t a, size_t *b, size_t *c), (a, b, c))
CALL(herr_t, -1, H5Pget_userblock, (hid_t a, hsize_t *b), (a, b))
CALL(herr_t, -1, H5Pset_attr_creation_order, (hid_t a, unsigned b), (a, b))
CALL(herr_t, -1, H5Pset_buffer, (hid_t a, size_t b, void *c, void *d), (a, b, c, d))
CALL(herr_t, -1, H5Pset_chunk, (hid_t a, int b, const hsize_t *c), (a, b, c))
CALL(herr_t, -1, H5Pset_chunk_cache, (hid_t a, size_t b, size_t c, double d), (a, b, c, d))
CALL(herr_t, -1, H5Pset_deflate, (hid_t a, unsigned b), (a, b))
CALL(herr_t, -1, H5Pset_file_locking, (hid_t a, hbool_t b, hbool_t c), (a, b, c))
CALL(herr_t, -1, H5Pset_fill_value, (hid_t a, hid_t b, const void *c), (a, b, c))
CALL(herr_t, -1, H5Pset_layout, (hid_t a, H5D_layout_t b), (a, b))
CALL(herr_t, -1, H5Pset_libver_bounds, (hid_t a, H5F_libver_t b, H5F_libver_t c), (a, b, c))
CALL(herr_t, -1, H5Pset_link_creation_order, (hid_t a, unsigned b), (a, b))
CALL(herr_t, -1, H5Pset_obj_track_times, (hid_t a, hbool_t b), (a, b))
CALL(herr_t, -1, H5Rcreate, (void *a, hid_t b, const char *c, H5R_type_t d, hid_t e), (a, b, c, d, e))
CALL(hid_t, -1, H5Screate, (H5S_class_t a), (a))
CALL(hid_t, -1, H5Screate_simple, (int a, const hsize_t *b, const hsize_t *c), (a, b, c))
CALL(herr_t, -1, H5Sselect_hyperslab,
     (hid_t a, H5S_seloper_t b, const hsize_t *c, const hsize_t *d, const hsize_t *e, const hsize_t *f),
     (a, b, c, d, e, f))
CALL(int, -1, H5Sget_simple_extent_dims, (hid_t a, hsize_t *b, hsize_t *c), (a, b, c))
CALL(hid_t, -1, H5Tcreate, (H5T_class_t a, size_t b), (a, b))
CALL(herr_t, -1, H5Tinsert, (hid_t a, const char *b, size_t c, hid_t d), (a, b, c, d))
CALL(herr_t, -1, H5Tset_cset, (hid_t a, H5T_cset_t b), (a, b))
CALL(herr_t, -1, H5Tset_size, (hid_t a, size_t b), (a, b))
CALL(herr_t, -1, H5Tset_strpad, (hid_t a, H5T_str_t b), (a, b))
CALL(hid_t, -1, H5Tvlen_create, (hid_t a), (a))

const char *const fault_hdf_names[] = {"H5Aclose",
                                       "H5Acreate2",
                                       "H5Aexists",
                                       "H5Aget_space",
                                       "H5Aget_type",
                                       "H5Aiterate2",
                                       "H5Aopen",
                                       "H5Aread",
                                       "H5Awrite",
                                       "H5DSset_scale",
                                       "H5Dclose",
                                       "H5Dcreate2",
                                       "H5Dget_create_plist",
                                       "H5Dget_offset",
                                       "H5Dget_space",
                                       "H5Dget_storage_size",
                                       "H5Dget_type",
                                       "H5Dopen2",
                                       "H5Dread",
                                       "H5Dwrite",
                                       "H5Fclose",
                                       "H5Fcreate",
                                       "H5Fget_create_plist",
                                       "H5Fget_vfd_handle",
                                       "H5Fopen",
                                       "H5Gclose",
                                       "H5Gcreate2",
                                       "H5Gopen2",
                                       "H5Idec_ref",
                                       "H5Lget_info",
                                       "H5Literate",
                                       "H5Oget_info_by_name2",
                                       "H5Pcreate",
                                       "H5Pget_external_count",
                                       "H5Pget_filter2",
                                       "H5Pget_layout",
                                       "H5Pget_nfilters",
                                       "H5Pget_sizes",
                                       "H5Pget_userblock",
                                       "H5Pset_attr_creation_order",
                                       "H5Pset_buffer",
                                       "H5Pset_chunk",
                                       "H5Pset_chunk_cache",
                                       "H5Pset_deflate",
                                       "H5Pset_file_locking",
                                       "H5Pset_fill_value",
                                       "H5Pset_fletcher32",
                                       "H5Pset_layout",
                                       "H5Pset_libver_bounds",
                                       "H5Pset_link_creation_order",
                                       "H5Pset_obj_track_times",
                                       "H5Pset_shuffle",
                                       "H5Rcreate",
                                       "H5Screate",
                                       "H5Screate_simple",
                                       "H5Sget_simple_extent_dims",
                                       "H5Sget_simple_extent_ndims",
                                       "H5Sget_simple_extent_npoints",
                                       "H5Sselect_hyperslab",
                                       "H5Tcopy",
                                       "H5Tcreate",
                                       "H5Tget_class",
                                       "H5Tget_sign",
                                       "H5Tget_size",
                                       "H5Tinsert",
                                       "H5Tis_variable_str",
                                       "H5Tset_cset",
                                       "H5Tset_size",
                                       "H5Tset_strpad",
                                       "H5Tvlen_create",
                                       NULL};

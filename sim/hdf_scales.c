/* Dimension scales, attached as HDF5's own H5DSattach_scale does it, with the same attributes: a dataset tells the scale of each of
 * its dimensions, and a scale the datasets that it is a dimension of. H5DSattach_scale writes the scale's list anew for every
 * dataset, which took a third of the time of a small file; here the list is gathered, and written when the scale is closed. */
#include "sim/hdf.h"

#include <stdlib.h>
#include <string.h>

/* A dataset and which of its dimensions: laid out as in the attribute. */
struct user {
    hobj_ref_t dataset;
    int dimension;
};

struct hdf_scale {
    hid_t scale;
    size_t n, room;
    struct user *users;
    struct hdf_scale *next;
};

static struct hdf_scale *scale_of(struct hdf *f, hid_t scale)
{
    for (struct hdf_scale *s = f->scales; s != NULL; s = s->next)
        if (s->scale == scale) return s;
    struct hdf_scale *new = calloc(1, sizeof *new);
    if (new == NULL) {
        hdf_no_memory(f, "a coordinate", sizeof *new);
        return NULL;
    }
    *new = (struct hdf_scale){.scale = scale, .next = f->scales};
    f->scales = new;
    return new;
}

static void note_user(struct hdf *f, hid_t scale, hobj_ref_t dataset, int dimension)
{
    struct hdf_scale *s = scale_of(f, scale);
    if (s == NULL) return;
    if (s->n == s->room) {
        const size_t room = 2 * s->room + 16;
        struct user *more = realloc(s->users, room * sizeof *more);
        if (more == NULL) {
            hdf_no_memory(f, "a coordinate", (double)room * sizeof *more);
            return;
        }
        memset(more + s->n, 0, (room - s->n) * sizeof *more); /* also what lies between the members: it is written */
        s->users = more;
        s->room = room;
    }
    s->users[s->n].dataset = dataset;
    s->users[s->n++].dimension = dimension;
}

static hobj_ref_t reference(struct hdf *f, hid_t object)
{
    hobj_ref_t own = 0;
    if (!f->failed && H5Rcreate(&own, object, ".", H5R_OBJECT, -1) < 0) hdf_fail(f, "a dimension cannot be named");
    return own;
}

void hdf_scales_attach(struct hdf *f, hid_t dataset, const struct hdf_shape *shape)
{
    hobj_ref_t scale[HDF_MAX_RANK];
    hvl_t list[HDF_MAX_RANK];
    int named = 0;
    for (int i = 0; i < shape->rank; i++) named += shape->scale[i] >= 0;
    if (f->failed || named == 0) return;
    const hobj_ref_t own = reference(f, dataset);
    for (int i = 0; i < shape->rank; i++) {
        list[i] = (hvl_t){.len = 0, .p = NULL};
        if (shape->scale[i] < 0) continue;
        scale[i] = reference(f, shape->scale[i]);
        list[i] = (hvl_t){.len = 1, .p = &scale[i]};
        note_user(f, shape->scale[i], own, i);
    }
    hid_t type = H5Tvlen_create(H5T_STD_REF_OBJ);
    if (type < 0) hdf_fail(f, "a dimension cannot be named");
    hdf_attribute_numbers(f, dataset, "DIMENSION_LIST", type, list, (size_t)shape->rank);
    hdf_release(type);
}

static void write_users(struct hdf *f, const struct hdf_scale *s)
{
    hid_t type = H5Tcreate(H5T_COMPOUND, sizeof *s->users);
    if (type < 0 || H5Tinsert(type, "dataset", HOFFSET(struct user, dataset), H5T_STD_REF_OBJ) < 0 ||
        H5Tinsert(type, "dimension", HOFFSET(struct user, dimension), H5T_NATIVE_INT) < 0)
        hdf_fail(f, "a coordinate cannot be made");
    hdf_attribute_numbers(f, s->scale, "REFERENCE_LIST", type, s->users, s->n);
    hdf_release(type);
}

static void scale_free(struct hdf_scale *s)
{
    free(s->users);
    free(s);
}

void hdf_scales_finish(struct hdf *f, hid_t dataset)
{
    for (struct hdf_scale **at = &f->scales; *at != NULL; at = &(*at)->next) {
        struct hdf_scale *s = *at;
        if (s->scale != dataset) continue;
        *at = s->next;
        if (!f->failed) write_users(f, s);
        scale_free(s);
        return;
    }
}

void hdf_scales_forget(struct hdf *f)
{
    while (f->scales != NULL) {
        struct hdf_scale *s = f->scales;
        f->scales = s->next;
        scale_free(s);
    }
}

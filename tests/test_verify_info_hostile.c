/* Results files made to do harm: `enforcesim info` follows nothing out of the file, believes no size, shows a terminal no
 * control character, and ends within its limits. tests/test_results_info.c has those that reach out by link and storage. */
#include "sim/results.h"

#include <hdf5.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "tests/effort.h"
#include "tests/folder.h"
#include "tests/info_support.h"
#include "tests/toy_results.h"

static char *original;
static size_t original_size;
static struct told told;

static int make_original(void **state)
{
    (void)state;
    char digest[RESULTS_DIGEST];
    original = toy_results_original(&original_size, digest);
    return original != NULL ? 0 : -1;
}

static int free_original(void **state)
{
    (void)state;
    free(original);
    return 0;
}

/* The sound file, opened to be spoiled, in the format it was written in. */
static hid_t spoil(void)
{
    unlink("bad.h5");
    folder_write_bytes("bad.h5", original, original_size);
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    assert_true(H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) >= 0);
    hid_t file = H5Fopen("bad.h5", H5F_ACC_RDWR, access);
    assert_true(file >= 0);
    H5Pclose(access);
    return file;
}

static void tell(hid_t file)
{
    assert_true(H5Fclose(file) >= 0);
    info_tell("bad.h5", &told);
    info_assert_decent(&told, "bad.h5");
}

static void assert_refused(hid_t file)
{
    assert_true(H5Fclose(file) >= 0);
    info_assert_refused("bad.h5");
}

static void write_text(hid_t object, const char *name, const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    assert_true(H5Tset_size(type, strlen(text)) >= 0 && H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0);
    if (H5Aexists(object, name) > 0) assert_true(H5Adelete(object, name) >= 0);
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(attribute >= 0 && H5Awrite(attribute, type, text) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
}

/* Escape sequences, a bell, a line end, a C1 control, marks that turn the direction of writing, bytes that are no UTF-8. */
static const char *const steering[] = {"\x1b[2J\x1b]0;owned\x07",
                                       "two\nlines\r",
                                       "\xc2\x9b"
                                       "31m",
                                       "\xe2\x80\xae"
                                       "evil",
                                       "\xe2\x81\xa6"
                                       "iso",
                                       "\xff\xfe\xc0\xaf",
                                       "\xed\xa0\x80",
                                       "\xf4\x90\x80\x80",
                                       "\x7f\x01",
                                       "\xe2\x80\xa8"
                                       "line",
                                       "cut \xe2\x80",
                                       "\xef\xbb\xbf"
                                       "mark"};
enum { STEERING = sizeof steering / sizeof *steering };

static void texts_do_not_steer_a_terminal(void **state)
{
    (void)state;
    static const char *const making[] = {"created", "git_commit", "compiler", "history"},
                             *const places[] = {"title", "study", "program_version", "model_version", "seed_text"};
    for (size_t i = 0; i < STEERING; i++) {
        hid_t file = spoil();
        for (size_t k = 0; k < sizeof making / sizeof *making; k++) write_text(file, making[k], steering[i]);
        tell(file);
        assert_int_equal(told.status, 0); /* all that the digest covers is sound, and so is what is shown */
        assert_non_null(strchr(told.out, '?'));
        file = spoil();
        hid_t metric = H5Dopen2(file, "births", H5P_DEFAULT);
        for (size_t k = 0; k < sizeof places / sizeof *places; k++) write_text(file, places[k], steering[i]);
        write_text(metric, "units", steering[i]);
        write_text(metric, "submodel", steering[i]);
        write_text(metric, "metric_kind", steering[i]);
        H5Dclose(metric);
        tell(file);
        assert_int_equal(told.status, 2); /* it is read and shown; the digest says that it is not what was written */
        assert_non_null(strchr(told.out, '?'));
        file = spoil();
        write_text(file, "digest", steering[i]);
        tell(file);
        assert_int_equal(told.status, 2);
    }
    /* What is plain text of any script stays as it is. */
    hid_t file = spoil();
    write_text(file, "title",
               "\xe1\x9e\x97\xe1\x9f\x92\xe1\x9e\x93 \xd8\xb9\xd8\xb1\xd8\xa8 \xf0\x9f\x90\x9f \xc3\xa9");
    tell(file);
    assert_non_null(
        strstr(told.out, "\xe1\x9e\x97\xe1\x9f\x92\xe1\x9e\x93 \xd8\xb9\xd8\xb1\xd8\xa8 \xf0\x9f\x90\x9f \xc3\xa9\n"));
}

static void names_do_not_steer_a_terminal(void **state)
{
    (void)state;
    for (size_t i = 0; i < STEERING; i++) {
        char summary[100];
        snprintf(summary, sizeof summary, "summary/%s", steering[i]);
        hid_t file = spoil();
        if (strchr(steering[i], '/') != NULL ||
            H5Lmove(file, "births", file, steering[i], H5P_DEFAULT, H5P_DEFAULT) < 0 ||
            H5Lmove(file, "summary/births", file, summary, H5P_DEFAULT, H5P_DEFAULT) < 0) {
            assert_true(H5Fclose(file) >= 0);
            continue;
        }
        tell(file);
        assert_true(told.status == 2 && strchr(told.out, '?') != NULL); /* another name, so another digest */
    }
    /* The labels of scenarios. */
    for (size_t i = 0; i < STEERING; i++) {
        const char *labels[TOY_SCENARIOS] = {"open", steering[i], "late"};
        hid_t file = spoil(), dataset = H5Dopen2(file, "scenario", H5P_DEFAULT), type = H5Dget_type(dataset);
        assert_true(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels) >= 0);
        H5Tclose(type);
        H5Dclose(dataset);
        tell(file);
        assert_int_equal(told.status, 2);
        assert_non_null(strstr(told.out, "open, "));
    }
    /* The name of the file itself. */
    unlink("bad.h5");
    info_tell("\x1b[2Jbad.h5", &told);
    assert_int_equal(told.status, 2);
    assert_string_equal(told.err, "enforcesim: ?[2Jbad.h5: there is no such file\n");
}

static void a_label_without_end_is_refused(void **state)
{
    (void)state;
    char *label = malloc(500001);
    assert_non_null(label);
    memset(label, 'x', 500000);
    label[500000] = '\0';
    const char *labels[TOY_SCENARIOS] = {label, label, label};
    hid_t file = spoil(), dataset = H5Dopen2(file, "scenario", H5P_DEFAULT), type = H5Dget_type(dataset);
    assert_true(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels) >= 0);
    H5Tclose(type);
    H5Dclose(dataset);
    assert_refused(file);
    free(label);
}

/* ---- sizes ---- */

struct storage {
    int rank;
    hsize_t size[3], chunk[3];
    int deflate; /* how often */
    int filter;  /* another, if not 0 */
};

static void replace(hid_t file, const char *path, const struct storage *how)
{
    const hsize_t most[] = {H5S_UNLIMITED, H5S_UNLIMITED, H5S_UNLIMITED}; /* a chunk may be larger than what there is */
    hid_t space = H5Screate_simple(how->rank, how->size, most), create = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(H5Pset_chunk(create, how->rank, how->chunk) >= 0);
    for (int i = 0; i < how->deflate; i++) assert_true(H5Pset_deflate(create, 9) >= 0);
    if (how->filter != 0) assert_true(H5Pset_filter(create, how->filter, H5Z_FLAG_OPTIONAL, 0, NULL) >= 0);
    assert_true(H5Ldelete(file, path, H5P_DEFAULT) >= 0);
    hid_t dataset = H5Dcreate2(file, path, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, create, H5P_DEFAULT);
    assert_true(dataset >= 0);
    H5Dclose(dataset);
    H5Pclose(create);
    H5Sclose(space);
}

static void claimed_sizes_are_not_believed(void **state)
{
    (void)state;
    const hsize_t huge = (hsize_t)1 << 29, s = TOY_SCENARIOS, r = TOY_REPLICATES, t = TOY_TIMES;
    const struct storage ways[] = {
        {.rank = 3, .size = {huge, huge, 4}, .chunk = {1, 1, 4}},         /* 2^60 values */
        {.rank = 3, .size = {s, r, t}, .chunk = {s, r, t}, .deflate = 2}, /* compressed twice */
        {.rank = 3, .size = {s, r, t}, .chunk = {s, r, t}, .filter = H5Z_FILTER_NBIT},
        {.rank = 3, .size = {s, r, t}, .chunk = {s, r, t}, .filter = H5Z_FILTER_SCALEOFFSET},
        {.rank = 3, .size = {s, r, t}, .chunk = {s, r, t}, .filter = 32015}, /* of a plug-in that is not there */
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        hid_t file = spoil();
        replace(file, "births", &ways[i]);
        assert_refused(file);
    }
}

static void replace_coordinate(hid_t file, const char *name, hsize_t n)
{
    hid_t space = H5Screate_simple(1, &n, NULL), create = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t chunk = 65536;
    assert_true(H5Pset_chunk(create, 1, &chunk) >= 0 && H5Pset_deflate(create, 9) >= 0);
    assert_true(H5Ldelete(file, name, H5P_DEFAULT) >= 0);
    hid_t dataset = H5Dcreate2(file, name, H5T_NATIVE_INT32, space, H5P_DEFAULT, create, H5P_DEFAULT);
    assert_true(dataset >= 0);
    H5Dclose(dataset);
    H5Pclose(create);
    H5Sclose(space);
}

static double seconds_of_children(void)
{
    struct rusage used;
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &used), 0);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

/* Ten million replicates are allowed; that many which were never written would cost time and memory. */
static void what_was_never_written_costs_nothing(void **state)
{
    (void)state;
    hid_t file = spoil();
    const hsize_t n = STUDY_MAX_REPLICATES;
    const struct storage series = {.rank = 3, .size = {TOY_SCENARIOS, n, TOY_TIMES}, .chunk = {1, 1000, TOY_TIMES}};
    const struct storage summary = {.rank = 2, .size = {TOY_SCENARIOS, n}, .chunk = {1, 1000}};
    replace_coordinate(file, "replicate", n);
    replace(file, "births", &series);
    replace(file, "summary/births", &summary);
    const double before = seconds_of_children();
    assert_refused(file);
    assert_true(seconds_of_children() - before < 2);
}

/* Zeros, compressed to a thousandth: BOMB pieces of PIECE bytes. A piece flushed in full repeats bit for bit, so that it need
 * be made but once. Returns the size. */
enum { PIECE = 1 << 24, PIECES = 96 /* 1.6 GB */ };

static size_t make_bomb(unsigned char *packed, size_t size)
{
    unsigned char *zeros = calloc(1, PIECE);
    z_stream stream = {.next_out = packed, .avail_out = (uInt)size};
    assert_true(zeros != NULL && deflateInit(&stream, 9) == Z_OK);
    size_t ends[2];
    for (int i = 0; i < 2; i++) {
        stream.next_in = zeros;
        stream.avail_in = PIECE;
        assert_int_equal(deflate(&stream, Z_FULL_FLUSH), Z_OK);
        ends[i] = stream.total_out;
    }
    deflateEnd(&stream);
    free(zeros);
    const size_t piece = ends[1] - ends[0];
    assert_true(ends[0] + (PIECES - 1) * piece <= size);
    for (size_t i = 2; i < PIECES; i++) memcpy(packed + ends[0] + (i - 1) * piece, packed + ends[0], piece);
    return ends[0] + (PIECES - 1) * piece;
}

/* Memory is limited: a file that unpacks to more is refused, and the machine stays well. */
static void a_bomb_does_not_go_off(void **state)
{
    (void)state;
    static unsigned char packed[2 << 20];
    const size_t size = make_bomb(packed, sizeof packed);
    const struct storage series = {.rank = 3,
                                   .size = {TOY_SCENARIOS, TOY_REPLICATES, TOY_TIMES},
                                   .chunk = {1, 64, 64}, /* so large that HDF5 can note a size of megabytes */
                                   .deflate = 1};
    hid_t file = spoil();
    replace(file, "births", &series);
    hid_t dataset = H5Dopen2(file, "births", H5P_DEFAULT);
    for (hsize_t i = 0; i < TOY_SCENARIOS; i++)
        assert_true(H5Dwrite_chunk(dataset, H5P_DEFAULT, 0, (hsize_t[]){i, 0, 0}, size, packed) >= 0);
    H5Dclose(dataset);
    assert_refused(file);
    struct rusage used;
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &used), 0);
    assert_true(used.ru_maxrss < 700 * 1024); /* kilobytes, of the largest process so far */
}

/* ---- crowds and mazes ---- */

static void crowds_are_borne(void **state)
{
    (void)state;
    const int64_t attributes = effort(20000, 1000000), groups = effort(20000, 200000);
    char name[40];
    hid_t file = spoil();
    const struct storage plain = {
        .rank = 3, .size = {TOY_SCENARIOS, TOY_REPLICATES, TOY_TIMES}, .chunk = {1, TOY_REPLICATES, TOY_TIMES}};
    replace(file, "births", &plain); /* one that does not count its attributes takes as many as one likes */
    hid_t metric = H5Dopen2(file, "births", H5P_DEFAULT);
    for (int64_t i = 0; i < attributes; i++) {
        snprintf(name, sizeof name, "attribute %lld", (long long)i);
        hid_t space = H5Screate(H5S_SCALAR);
        hid_t attribute = H5Acreate2(metric, name, H5T_NATIVE_INT, space, H5P_DEFAULT, H5P_DEFAULT);
        assert_true(attribute >= 0);
        H5Aclose(attribute);
        H5Sclose(space);
    }
    H5Dclose(metric);
    tell(file);
    /* Up to 2^18 in all are read (and the values are others), more are refused. */
    assert_int_equal(told.status, 2);
    assert_int_equal(told.out[0] != '\0', attributes < 1 << 18);
    file = spoil();
    for (int64_t i = 0; i < groups; i++) {
        snprintf(name, sizeof name, "group %lld", (long long)i);
        hid_t group = H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        assert_true(group >= 0 && H5Gclose(group) >= 0);
    }
    tell(file);
    assert_int_equal(told.status, 2); /* more than was written */
    file = spoil(); /* more metrics than there may be */
    for (int i = 0; i < 10001; i++) {
        snprintf(name, sizeof name, "metric %d", i);
        assert_true(H5Lcreate_hard(file, "births", file, name, H5P_DEFAULT, H5P_DEFAULT) >= 0);
    }
    assert_refused(file);
}

static void mazes_are_not_entered(void **state)
{
    (void)state;
    hid_t file = spoil(), inner = H5Gcreate2(file, "deep", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    for (int i = 0; i < 2000; i++) { /* group in group */
        hid_t next = H5Gcreate2(inner, "deep", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        assert_true(next >= 0 && H5Gclose(inner) >= 0);
        inner = next;
    }
    assert_true(H5Gclose(inner) >= 0);
    assert_true(H5Lcreate_hard(file, "/", file, "deep/root", H5P_DEFAULT, H5P_DEFAULT) >= 0); /* a loop of hard links */
    assert_true(H5Lcreate_hard(file, "/", file, "again", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_soft("/loop2", file, "loop1", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_soft("/loop1", file, "loop2", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_external("/etc/passwd", "/", file, "passwd", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    tell(file);
    assert_int_equal(told.status, 2); /* more than was written */
    /* The summary is reached through a loop, or is the file's own root. */
    file = spoil();
    assert_true(H5Lmove(file, "summary", file, "elsewhere", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_soft("/summary", file, "summary", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_refused(file);
    file = spoil();
    assert_true(H5Lmove(file, "summary", file, "elsewhere", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_hard(file, "/", file, "summary", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_refused(file);
}

static hid_t lead_nowhere(const char *name, hid_t group, const void *data, size_t size, hid_t properties,
                          hid_t transfer)
{
    (void)name, (void)group, (void)data, (void)size, (void)properties, (void)transfer;
    return -1;
}

/* Links of a kind that only a program which registers it can follow. */
static void links_of_own_kinds_are_refused(void **state)
{
    (void)state;
    const H5L_class_t kind = {.version = H5L_LINK_CLASS_T_VERS,
                              .id = (H5L_type_t)(H5L_TYPE_UD_MIN + 9),
                              .comment = "own",
                              .trav_func = lead_nowhere};
    assert_true(H5Lregister(&kind) >= 0);
    hid_t file = spoil();
    assert_true(H5Ldelete(file, "summary", H5P_DEFAULT) >= 0);
    assert_true(H5Lcreate_ud(file, "summary", kind.id, "data", 4, H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_refused(file);
    assert_true(H5Lunregister(kind.id) >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(texts_do_not_steer_a_terminal),
        IN_FOLDER(names_do_not_steer_a_terminal),
        IN_FOLDER(a_label_without_end_is_refused),
        IN_FOLDER(claimed_sizes_are_not_believed),
        IN_FOLDER(what_was_never_written_costs_nothing),
        IN_FOLDER(a_bomb_does_not_go_off),
        IN_FOLDER(crowds_are_borne),
        IN_FOLDER(mazes_are_not_entered),
        IN_FOLDER(links_of_own_kinds_are_refused),
    };
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return cmocka_run_group_tests(tests, make_original, free_original);
}

/* The digest of a results file: independent of threads and of how undefined is written. tests/test_bits.py computes it anew. */
#include "sim/results.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include <cmocka.h>

#include "sim/hdf.h"
#include "sim/results_digest.h"
#include "tests/folder.h"
#include "tests/toy_results.h"

/* Compilers call undefined by different bits. */
static void every_nan_is_one(void **state)
{
    (void)state;
    static const uint64_t nans[] = {UINT64_C(0x7ff8000000000000), UINT64_C(0xfff8000000000000),
                                    UINT64_C(0x7ff8000000000123)};
    char digests[3][RESULTS_DIGEST];
    for (size_t i = 0; i < 3; i++) {
        struct toy_results toy;
        struct error e = {0};
        toy_results_empty(&toy, 1);
        double *values = calloc(study_values(&toy.study), sizeof *values);
        assert_non_null(values);
        memcpy(&values[3], &nans[i], sizeof *values);
        assert_int_equal(journal_append(toy.journal, 0, values, &e), 0);
        toy_results_write(&toy, "toy.h5", digests[i]);
        free(values);
        toy_results_close(&toy);
        assert_string_equal(digests[i], digests[0]);
    }
}

static void set_threads(int threads)
{
#ifdef _OPENMP
    omp_set_num_threads(threads);
#else
    (void)threads;
#endif
}

static void threads_change_no_byte(void **state)
{
    (void)state;
    char *expected = NULL, first[RESULTS_DIGEST];
    size_t size = 0, other_size = 0;
    for (int threads = 1; threads <= 8; threads += threads < 3 ? 1 : 5) {
        char digest[RESULTS_DIGEST];
        struct toy_results toy;
        set_threads(threads);
        toy_results_run(&toy, (uint32_t)threads);
        toy_results_write(&toy, "toy.h5", digest);
        toy_results_close(&toy);
        char *bytes = folder_read_bytes("toy.h5", &other_size);
        if (expected == NULL) {
            expected = bytes;
            size = other_size;
            memcpy(first, digest, sizeof first);
            continue;
        }
        assert_string_equal(digest, first);
        assert_int_equal(other_size, size);
        assert_memory_equal(bytes, expected, size);
        free(bytes);
    }
    free(expected);
    set_threads(2);
}

/* What a file is said to hold while it is written. */
static void write_all_kinds(char digest[65])
{
    static const double real[] = {0.5, -0.0};
    static const int32_t whole[] = {-1, 7};
    static const uint64_t large = UINT64_C(18446744073709551615);
    const size_t n = DIGEST_LENGTH + 1;
    struct error e = {0};
    struct hdf f;
    int32_t *numbers = calloc(n, sizeof *numbers);
    assert_non_null(numbers);
    numbers[n - 1] = 9;
    hdf_create(&f, "kinds.h5", &e);
    hdf_attribute(&f, f.file, "title", "fish");
    hdf_attribute(&f, f.file, "history", "left out");
    hdf_attribute_numbers(&f, f.file, "seed", H5T_NATIVE_UINT64, &large, 1);
    hid_t scale = hdf_numbers_scale(&f, f.file, "replicate", numbers, n), group = hdf_group(&f, "summary");
    hid_t other = hdf_numbers_scale(&f, group, "replicate", numbers, n); /* so long that it enters by name only */
    hid_t short_one = hdf_numbers_scale(&f, group, "short", numbers, 2);
    hdf_attribute(&f, group, "history", "not left out");
    hdf_describe(&f, other, "days", "\xc3\xa0 la carte");
    hdf_attribute_numbers(&f, other, "two", H5T_NATIVE_INT32, whole, 2);
    struct hdf_shape shape = {.rank = 1, .size = {2}, .chunk = {2}, .scale = {short_one}};
    hid_t dataset = hdf_dataset(&f, group, "fish", H5T_IEEE_F64LE, &shape, true);
    hdf_write_doubles(&f, dataset, real, 2);
    hdf_close_dataset(&f, hdf_strings(&f, group, "names", (const char *[]){"a", ""}, 2, short_one));
    hdf_string(&f, group, "text", "all of it");
    hdf_close_dataset(&f, dataset);
    hdf_close_dataset(&f, short_one);
    hdf_close_dataset(&f, other);
    hdf_close_dataset(&f, scale);
    hdf_close_group(&f, group);
    hdf_digest_finish(&f, digest);
    if (hdf_close(&f) != 0) fail_msg("%s", e.text);
    free(numbers);
}

/* One digest is kept while a file is written, another is computed of what is read, by other code: for every kind of object they
 * agree, and a change of any of them is seen. */
static void what_is_written_is_what_is_read(void **state)
{
    (void)state;
    static const char *const changed[] = {NULL, "title", "seed", "history"};
    char written[65], read[65];
    struct error e = {0};
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        struct hdf f;
        struct digest_list given = {0};
        unlink("kinds.h5");
        write_all_kinds(written);
        if (changed[i] != NULL) {
            hid_t file = H5Fopen("kinds.h5", H5F_ACC_RDWR, H5P_DEFAULT);
            assert_true(H5Adelete(file, changed[i]) >= 0 && H5Fclose(file) >= 0);
        }
        int32_t last = 9, zero = 0;
        struct digest *coordinate = digest_add(&given, "", "", "replicate"); /* which info reads for its length as well */
        for (size_t k = 0; k < DIGEST_LENGTH; k++) digest_whole(coordinate, &zero, 1);
        digest_whole(coordinate, &last, 1);
        hdf_open(&f, "kinds.h5", &e);
        results_digest(&f, &given, read);
        digest_free(&given);
        if (hdf_close(&f) != 0) fail_msg("%s", e.text);
        const bool same = strcmp(written, read) == 0;
        assert_int_equal(same, changed[i] == NULL || strcmp(changed[i], "history") == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(every_nan_is_one),
        IN_FOLDER(threads_change_no_byte),
        IN_FOLDER(what_is_written_is_what_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

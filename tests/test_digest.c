/* The digest of a results file: computed anew in the words of sim/results.h, and independent of threads. */
#include "sim/results.h"

#include <hdf5.h>
#include <math.h>
#include <setjmp.h>
#include <sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include <cmocka.h>

#include "tests/folder.h"
#include "tests/toy_results.h"

/* SHA-256 of a dataset's values as the header says: little-endian doubles or int32 (this machine's own order). */
static void digest_of(hid_t file, const char *path, unsigned char out[SHA256_DIGEST_LENGTH])
{
    SHA2_CTX context;
    SHA256Init(&context);
    hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT), space = H5Dget_space(dataset), type = H5Dget_type(dataset);
    const size_t n = (size_t)H5Sget_simple_extent_npoints(space), size = H5Tget_size(type);
    void *values = malloc(n * size);
    assert_non_null(values);
    assert_true(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    for (size_t i = 0; i < n; i++) {
        static const unsigned char nan[] = {0, 0, 0, 0, 0, 0, 0xf8, 0x7f};
        const unsigned char *value = (unsigned char *)values + i * size;
        const char *text = H5Tget_class(type) == H5T_STRING ? ((char **)values)[i] : NULL;
        if (text != NULL)
            SHA256Update(&context, (const uint8_t *)text, strlen(text) + 1);
        else if (H5Tget_class(type) == H5T_FLOAT && isnan(((double *)values)[i]))
            SHA256Update(&context, nan, sizeof nan);
        else
            SHA256Update(&context, value, size);
    }
    SHA256Final(out, &context);
    if (H5Tget_class(type) == H5T_STRING) H5Dvlen_reclaim(type, space, H5P_DEFAULT, values);
    free(values);
    H5Tclose(type);
    H5Sclose(space);
    H5Dclose(dataset);
}

static void the_digest_is_what_the_header_says(void **state)
{
    (void)state;
    /* In byte order. */
    static const char *const paths[] = {"births",
                                        "caught",
                                        "fish",
                                        "fishing_days",
                                        "mean_age",
                                        "replicate",
                                        "scenario",
                                        "summary/births",
                                        "summary/caught",
                                        "summary/fish",
                                        "summary/fishing_days",
                                        "summary/mean_age",
                                        "time"};
    char digest[RESULTS_DIGEST], expected[2 * SHA256_DIGEST_LENGTH + 1];
    toy_results_file("toy.h5", digest);
    hid_t file = H5Fopen("toy.h5", H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(file >= 0);
    SHA2_CTX all;
    unsigned char bytes[SHA256_DIGEST_LENGTH];
    SHA256Init(&all);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        digest_of(file, paths[i], bytes);
        SHA256Update(&all, (const uint8_t *)paths[i], strlen(paths[i]) + 1);
        SHA256Update(&all, bytes, sizeof bytes);
    }
    SHA256Final(bytes, &all);
    for (size_t i = 0; i < sizeof bytes; i++) snprintf(expected + 2 * i, 3, "%02x", bytes[i]);
    assert_string_equal(digest, expected);
    H5Fclose(file);
}

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
        char *bytes = toy_results_bytes("toy.h5", &other_size);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(the_digest_is_what_the_header_says),
        IN_FOLDER(every_nan_is_one),
        IN_FOLDER(threads_change_no_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

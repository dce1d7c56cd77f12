/* The digest of a results file: independent of threads and of how undefined is written. tests/test_bits.py computes it anew. */
#include "sim/results.h"

#include <setjmp.h>
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
        IN_FOLDER(every_nan_is_one),
        IN_FOLDER(threads_change_no_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

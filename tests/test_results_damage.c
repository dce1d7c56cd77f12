/* Damaged results files: read in a process of their own, they end in a line of text, never in a signal. */
#include "sim/results.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/folder.h"
#include "tests/toy_results.h"

/* A sound results file and its digest, made once. */
static char *original, original_digest[RESULTS_DIGEST];
static size_t original_size;

static int make_original(void **state)
{
    (void)state;
    original = toy_results_original(&original_size, original_digest);
    return original != NULL ? 0 : -1;
}

static int free_original(void **state)
{
    (void)state;
    free(original);
    return 0;
}

static uint32_t next(uint32_t *x) /* Marsaglia's xorshift: which bytes to change matters little */
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    return *x ^= *x << 5;
}

/* Some bytes changed, zeroed, or copied from elsewhere; sometimes the end is cut. Returns the new size. */
static size_t mutate(char *bytes, size_t size, uint32_t *x)
{
    for (uint32_t n = 1 + next(x) % 8; n > 0; n--) {
        size_t at = next(x) % size, from = next(x) % size, length = 1 + next(x) % 64;
        if (next(x) % 2) at %= 4096; /* where the structure is */
        if (length > size - at) length = size - at;
        if (length > size - from) length = size - from;
        switch (next(x) % 6) {
        case 0: memset(bytes + at, 0, length); break;
        case 1: memset(bytes + at, 0xff, length % 8 + 1 < size - at ? length % 8 + 1 : 1); break;
        case 2: memmove(bytes + at, bytes + from, length); break;
        default: bytes[at] = (char)(bytes[at] ^ (1 << next(x) % 8)); break;
        }
    }
    return next(x) % 10 == 0 ? next(x) % size : size;
}

enum { REFUSED, DIFFERENT, SAME, OUTCOMES };

/* What a process of its own makes of the file: an outcome, or minus the signal that ended it. */
static int outcome(const char *path)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct results_info info;
        struct error e = {0};
        static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
        for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
            signal(signals[i], SIG_DFL); /* cmocka has its own */
        alarm(120);                      /* a reader that hangs is ended by a signal as well */
        int status = results_info(&info, path, &e);
        bool same = status == 0 && strcmp(info.digest, info.computed) == 0;
        if (status != 0 && (e.kind != ERROR_INPUT || e.text[0] == '\0' || strchr(e.text, '\n') != NULL))
            _exit(OUTCOMES);
        results_info_free(&info);
        _exit(status != 0 ? REFUSED : same ? SAME : DIFFERENT);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Labels lie in HDF5's global heap, which has no checksum: whatever its first object says of itself, reading ends. */
static void a_damaged_heap_is_no_trap(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 1, 65536, 1ull << 62, UINT64_MAX, UINT64_MAX - 15, UINT64_MAX - 23};
    static const uint16_t indices[] = {0, 1, 99}; /* free, the first label's own, another */
    enum { SIZES = sizeof sizes / sizeof *sizes, INDICES = sizeof indices / sizeof *indices };
    char *bytes = malloc(original_size);
    const char *heap = memmem(original, original_size, "GCOL", 4);
    assert_true(bytes != NULL && heap != NULL);
    const size_t object = (size_t)(heap - original) + 16;
    for (size_t i = 0; i < SIZES * INDICES; i++) {
        memcpy(bytes, original, original_size);
        memcpy(bytes + object, &indices[i % INDICES], sizeof *indices);
        memcpy(bytes + object + 8, &sizes[i / INDICES], sizeof *sizes);
        folder_write_new("heap.h5", bytes, original_size);
        assert_int_equal(outcome("heap.h5"), REFUSED);
    }
    for (size_t at = object - 16; at < object + 200; at++) {
        memcpy(bytes, original, original_size);
        bytes[at] = (char)~bytes[at];
        folder_write_new("heap.h5", bytes, original_size);
        int what = outcome("heap.h5");
        if (what < 0 || what >= OUTCOMES) fail_msg("byte %zu: %s %d", at, what < 0 ? "signal" : "outcome", abs(what));
    }
    free(bytes);
}

static void no_mutant_crashes_the_reader(void **state)
{
    (void)state;
    enum { MUTANTS = 1000 };
    uint32_t x = 2012, refused = 0;
    char *mutant = malloc(original_size);
    assert_non_null(mutant);
    for (int i = 0; i < MUTANTS; i++) {
        memcpy(mutant, original, original_size);
        folder_write_new("mutant.h5", mutant, mutate(mutant, original_size, &x));
        int what = outcome("mutant.h5");
        if (what < 0 || what >= OUTCOMES) fail_msg("mutant %d: %s %d", i, what < 0 ? "signal" : "outcome", abs(what));
        refused += what == REFUSED;
    }
    assert_true(refused > MUTANTS / 2);
    free(mutant);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_damaged_heap_is_no_trap),
        IN_FOLDER(no_mutant_crashes_the_reader),
    };
    return cmocka_run_group_tests(tests, make_original, free_original);
}

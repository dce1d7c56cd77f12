/* `enforcesim info` on files damaged at random, and on files whose structure was changed and every checksum made right again,
 * as someone hostile would: it says what is true, or that the file is damaged; it neither crashes nor hangs.
 *
 * In all 1,000 files, 20,000 with `make verify`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/effort.h"
#include "tests/folder.h"
#include "tests/info_support.h"
#include "tests/toy_results.h"

static unsigned char *original, *mutant;
static size_t original_size;
static struct told truth, told;

static int make_original(void **state)
{
    char digest[RESULTS_DIGEST];
    if (folder_enter(state) != 0) return -1;
    toy_results_file("toy.h5", digest);
    original = (unsigned char *)folder_read_bytes("toy.h5", &original_size);
    mutant = malloc(original_size);
    info_tell("toy.h5", &truth);
    return mutant == NULL || truth.status != 0 ? -1 : folder_leave(state);
}

static int free_original(void **state)
{
    (void)state;
    free(original);
    free(mutant);
    return 0;
}

static uint32_t next(uint32_t *x) /* Marsaglia's xorshift: which bytes to change matters little */
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    return *x ^= *x << 5;
}

/* A new file each time: over an old one some file systems bring it to the disk at once. */
static void ask(size_t size)
{
    unlink("mutant.h5");
    folder_write_bytes("mutant.h5", (const char *)mutant, size);
    info_tell("mutant.h5", &told);
    info_assert_decent(&told, "mutant.h5");
}

/* ---- damage ---- */

static void swap_blocks(size_t a, size_t b, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const unsigned char byte = mutant[a + i];
        mutant[a + i] = mutant[b + i];
        mutant[b + i] = byte;
    }
}

/* One to eight changes, from a bit to a block of 512 bytes; sometimes the end is cut. Returns the new size. */
static size_t damage(uint32_t *x)
{
    memcpy(mutant, original, original_size);
    for (uint32_t n = 1 + next(x) % 8; n > 0; n--) {
        const bool block = next(x) % 4 == 0;
        const size_t length = block ? 512 : 1 + next(x) % 64;
        size_t at = next(x) % (original_size - length), from = next(x) % (original_size - length);
        if (next(x) % 2) at %= 4096; /* where the structure is */
        if (block) at -= at % 512, from -= from % 512;
        switch (next(x) % 8) {
        case 0: memset(mutant + at, 0, length); break;
        case 1: memset(mutant + at, 0xff, length % 8 + 1); break;
        case 2: memmove(mutant + at, mutant + from, length); break;
        case 3: swap_blocks(at, from, length); break;
        default: mutant[at] ^= (unsigned char)(1u << next(x) % 8); break;
        }
    }
    return next(x) % 10 == 0 ? next(x) % original_size : original_size;
}

static void damage_never_passes_for_truth(void **state)
{
    (void)state;
    const int64_t mutants = effort(600, 10000);
    int64_t refused = 0, untouched = 0, noticed = 0;
    uint32_t x = 2012;
    for (int64_t i = 0; i < mutants; i++) {
        ask(damage(&x));
        if (told.status == 0) assert_string_equal(told.out, truth.out); /* bytes were changed that nobody reads */
        untouched += told.status == 0;
        noticed += told.status != 0 && told.out[0] != '\0';
        refused += told.status != 0 && told.out[0] == '\0';
    }
    print_message("%lld files: %lld refused, %lld with another digest, %lld unharmed\n", (long long)mutants,
                  (long long)refused, (long long)noticed, (long long)untouched);
    assert_true(refused > mutants / 2 && untouched > 0); /* damage that reaches what is read, and some that does not */
}

/* ---- forgery ----
 *
 * HDF5's metadata blocks begin with a signature and carry Jenkins' checksum: at their end, or inside, in the blocks of a
 * fractal heap, where it is computed with zeros in its place. */

struct block {
    size_t at, size, checksum;
};

enum { BLOCKS_MAXIMUM = 400, BLOCK_LARGEST = 2048 };
static struct block blocks[BLOCKS_MAXIMUM];
static uint32_t n_blocks;

static uint32_t rotate(uint32_t x, unsigned by) { return x << by | x >> (32 - by); }

/* hashlittle of Bob Jenkins' lookup3.c (public domain), byte by byte. */
static uint32_t jenkins(const unsigned char *bytes, size_t length)
{
    uint32_t a = 0xdeadbeef + (uint32_t)length, b = a, c = a;
    for (; length > 12; length -= 12, bytes += 12) {
        uint32_t word[3];
        memcpy(word, bytes, sizeof word);
        a += word[0], b += word[1], c += word[2];
        a -= c, a ^= rotate(c, 4), c += b;
        b -= a, b ^= rotate(a, 6), a += c;
        c -= b, c ^= rotate(b, 8), b += a;
        a -= c, a ^= rotate(c, 16), c += b;
        b -= a, b ^= rotate(a, 19), a += c;
        c -= b, c ^= rotate(b, 4), b += a;
    }
    if (length == 0) return c;
    uint32_t rest[3] = {0};
    memcpy(rest, bytes, length);
    a += rest[0], b += rest[1], c += rest[2];
    c ^= b, c -= rotate(b, 14);
    a ^= c, a -= rotate(c, 11);
    b ^= a, b -= rotate(a, 25);
    c ^= b, c -= rotate(b, 16);
    a ^= c, a -= rotate(c, 4);
    b ^= a, b -= rotate(a, 14);
    c ^= b, c -= rotate(b, 24);
    return c;
}

static uint32_t checksum_of(const unsigned char *file, const struct block *block)
{
    unsigned char copy[BLOCK_LARGEST];
    if (block->checksum == block->at + block->size - 4) return jenkins(file + block->at, block->size - 4);
    memcpy(copy, file + block->at, block->size);
    memset(copy + (block->checksum - block->at), 0, 4);
    return jenkins(copy, block->size);
}

static bool is_sealed(const struct block *block)
{
    uint32_t stored;
    if (block->at + block->size > original_size || block->checksum + 4 > original_size) return false;
    memcpy(&stored, original + block->checksum, sizeof stored);
    return checksum_of(original, block) == stored;
}

static bool find_size(struct block *block, bool heap)
{
    for (block->size = heap ? 256 : 12; block->size <= BLOCK_LARGEST;
         block->size = heap ? 2 * block->size : block->size + 1) {
        block->checksum = block->at + block->size - 4;
        if (!heap && is_sealed(block)) return true;
        for (size_t offset = 13; heap && offset < 24; offset++) {
            block->checksum = block->at + offset;
            if (is_sealed(block)) return true;
        }
    }
    return false;
}

static void find_blocks(void)
{
    static const char signatures[][5] = {"OHDR", "OCHK", "FRHP", "FHDB", "FHIB", "BTHD",   "BTIN",
                                         "BTLF", "FSHD", "FSSE", "FAHD", "FADB", "\x89HDF"};
    n_blocks = 0;
    for (size_t at = 0; at + 12 < original_size && n_blocks < BLOCKS_MAXIMUM; at++) {
        for (size_t s = 0; s < sizeof signatures / sizeof *signatures; s++) {
            struct block block = {.at = at};
            if (memcmp(original + at, signatures[s], 4) == 0 && find_size(&block, strcmp(signatures[s], "FHDB") == 0))
                blocks[n_blocks++] = block;
        }
    }
}

static void forge(uint32_t *x)
{
    memcpy(mutant, original, original_size);
    for (uint32_t n = 1 + next(x) % 3; n > 0; n--) {
        const struct block *block = &blocks[next(x) % n_blocks];
        for (uint32_t changes = 1 + next(x) % 3; changes > 0; changes--) {
            unsigned char *byte = mutant + block->at + 4 + next(x) % (block->size - 4);
            static const unsigned char telling[] = {0, 1, 2, 3, 4, 8, 0x7f, 0x80, 0xfe, 0xff};
            const unsigned char flipped = (unsigned char)(*byte ^ 1u << next(x) % 8);
            *byte = next(x) % 2 ? telling[next(x) % sizeof telling] : flipped;
        }
        const uint32_t sealed = checksum_of(mutant, block);
        memcpy(mutant + block->checksum, &sealed, sizeof sealed);
    }
}

/* What the digest covers is told as it is; titles, units and the like, which a forger may rewrite, need not be. */
static void assert_told_truly(const char *label)
{
    const char *wanted = strstr(truth.out, label), *got = strstr(told.out, label);
    assert_true(wanted != NULL && got != NULL);
    assert_memory_equal(got, wanted, strcspn(wanted, "\n") + 1);
}

static void forgery_does_no_harm(void **state)
{
    (void)state;
    const int64_t mutants = effort(400, 10000);
    int64_t passed = 0, refused = 0;
    uint32_t x = 1913;
    find_blocks();
    assert_true(n_blocks >= 20 && blocks[0].at == 0); /* the superblock, and every dataset's header at least */
    for (int64_t i = 0; i < mutants; i++) {
        forge(&x);
        ask(original_size);
        passed += told.status == 0;
        refused += told.out[0] == '\0';
        if (told.status != 0) continue;
        static const char *const covered[] = {"records  ", "replicates  ", "scenarios  ", "\nmetrics  ", "digest  "};
        for (size_t k = 0; k < sizeof covered / sizeof *covered; k++) assert_told_truly(covered[k]);
    }
    print_message("%lld files forged in %u blocks: %lld refused, %lld whose values are sound\n", (long long)mutants,
                  n_blocks, (long long)refused, (long long)passed);
    /* The checksums are right, else all would be refused as those in the test above are. */
    assert_true(passed > mutants / 20 && refused > mutants / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(damage_never_passes_for_truth),
        IN_FOLDER(forgery_does_no_harm),
    };
    return cmocka_run_group_tests(tests, make_original, free_original);
}

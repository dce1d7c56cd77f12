/* Standard tests of randomness on a stream of 32-bit words (Knuth, The Art of Computer Programming 2, 3.3; Marsaglia's
 * birthday spacings and matrix ranks; NIST SP 800-22). Each gives a p-value that is uniform, or nearly so, when the words are
 * random; small and large ones both tell against them. */
#ifndef TESTS_BATTERY_H
#define TESTS_BATTERY_H

#include <stddef.h>
#include <stdint.h>

/* Fills `words` with the next n words. */
struct stream {
    void (*fill)(struct stream *stream, uint32_t *words, size_t n);
    uint64_t at, seed; /* the generator's own */
};

struct verdict {
    const char *test;
    double p;
};

enum { BATTERY_MOST = 64 };

/* Every test on `rounds` million words in all, more or less. Returns how many verdicts there are. */
size_t battery(struct stream *stream, uint32_t rounds, struct verdict verdicts[BATTERY_MOST]);

#endif

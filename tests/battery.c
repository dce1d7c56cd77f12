/* See battery.h. The block of words that a round looks at is tested in every way, so the tests of one round are not
 * independent of each other; the threshold on the smallest p-value (Bonferroni) does not need them to be. */
#include "tests/battery.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORDS = 1 << 20,
    LAGS = 8,
    BIRTHDAYS = 4096,   /* of 2^32 days: 2^36 / 2^34 = 4 equal spacings expected */
    SPACINGS_MOST = 16, /* counts of equal spacings; the last class is "or more" */
    RANK = 32,
    GAP_MOST = 128, /* gaps between words below a quarter */
    LINEAR = 1024,  /* bits whose linear complexity is measured */
    LINEAR_MOST = 6,
    SIDE = 256,        /* of the squares of the serial tests */
    COLLISIONS = 16384 /* balls in 2^24 urns */
};

/* What the rounds add up. */
struct sums {
    double words;
    double bit[32];                    /* ones by place in the word */
    double pair[32][32];               /* agreements of two bits of a word */
    double lagged[LAGS];               /* agreements of bits of words that far apart */
    double serial[2][SIDE * SIDE];     /* high bytes and low bytes of neighbours */
    double weight[33], weights[9 * 9]; /* ones in a word; in neighbouring words, by classes */
    double spacing[SPACINGS_MOST], birthdays;
    double rank[3], ranks; /* full, one less, fewer */
    double gap[GAP_MOST], gaps;
    double linear[2 * LINEAR_MOST + 1], linears;
    double order[120], orders; /* of five words */
    double collided, thrown;
    double spectrum, spectra;
};

/* ---- p-values ---- */

static double p_of_z(double z) { return 0.5 * erfc(-z / sqrt(2)); }

/* Wilson and Hilferty (1931): good to four digits of the exponent from some ten degrees of freedom on. */
static double p_of_chi2(double chi2, double freedom)
{
    const double spread = 2 / (9 * freedom);
    return p_of_z((cbrt(chi2 / freedom) - (1 - spread)) / sqrt(spread));
}

/* Of counts against chances. Classes with few expected are joined to the next, the last ones to the one before; with one class
 * left there is nothing to tell. */
static double p_of_counts(const double *count, const double *chance, size_t n, double total)
{
    double chi2 = 0, classes = 0, seen = 0, expected = 0, last_seen = 0, last_expected = 0;
    for (size_t i = 0; i < n; i++) {
        seen += count[i];
        expected += chance[i] * total;
        if (expected < 20) continue;
        if (last_expected > 0) chi2 += (last_seen - last_expected) * (last_seen - last_expected) / last_expected;
        last_seen = seen;
        last_expected = expected;
        classes++;
        seen = expected = 0;
    }
    last_seen += seen;
    last_expected += expected;
    if (classes < 2) return 0.5;
    return p_of_chi2(chi2 + (last_seen - last_expected) * (last_seen - last_expected) / last_expected, classes - 1);
}

static double p_of_even(const double *count, size_t n, double total)
{
    double chi2 = 0;
    for (size_t i = 0; i < n; i++)
        chi2 += (count[i] - total / (double)n) * (count[i] - total / (double)n) / (total / (double)n);
    return p_of_chi2(chi2, (double)n - 1);
}

static double log_choose(double n, double k) { return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1); }

/* ---- bits ---- */

static void count_bits(struct sums *s, const uint32_t *w)
{
    for (size_t i = 0; i < WORDS; i++) {
        const int ones = __builtin_popcount(w[i]);
        s->weight[ones]++;
        for (size_t lag = 1; lag <= LAGS && i + lag < WORDS; lag++)
            s->lagged[lag - 1] += 32 - __builtin_popcount(w[i] ^ w[i + lag]);
        /* Classes of weight, each near a ninth: 0-12, 13, ... 19, 20-32. */
        if (i % 2 == 1) {
            int before = __builtin_popcount(w[i - 1]);
            int a = before < 12 ? 0 : before > 20 ? 8 : before - 12, b = ones < 12 ? 0 : ones > 20 ? 8 : ones - 12;
            s->weights[a * 9 + b]++;
        }
    }
    /* Bits by columns: word i of column b has bit b of 64 words. */
    for (size_t i = 0; i + 64 <= WORDS; i += 64) {
        uint64_t column[32] = {0};
        for (size_t k = 0; k < 64; k++)
            for (size_t b = 0; b < 32; b++) column[b] |= (uint64_t)(w[i + k] >> b & 1) << k;
        for (size_t b = 0; b < 32; b++) {
            s->bit[b] += __builtin_popcountll(column[b]);
            for (size_t c = 0; c < b; c++) s->pair[b][c] += 64 - __builtin_popcountll(column[b] ^ column[c]);
        }
    }
}

/* ---- several words ---- */

static void count_serial(struct sums *s, const uint32_t *w)
{
    for (size_t i = 0; i + 1 < WORDS; i += 2) {
        s->serial[0][(w[i] >> 24) * SIDE + (w[i + 1] >> 24)]++;
        s->serial[1][(w[i] & 255) * SIDE + (w[i + 1] & 255)]++;
    }
}

static int by_value(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static void count_birthdays(struct sums *s, const uint32_t *w)
{
    uint32_t day[BIRTHDAYS];
    for (size_t at = 0; at + BIRTHDAYS <= WORDS / 2; at += BIRTHDAYS) {
        uint32_t equal = 0;
        memcpy(day, w + at, sizeof day);
        qsort(day, BIRTHDAYS, sizeof *day, by_value);
        for (size_t i = BIRTHDAYS; i-- > 1;) day[i] -= day[i - 1];
        qsort(day, BIRTHDAYS, sizeof *day, by_value);
        for (size_t i = 1; i < BIRTHDAYS; i++) equal += day[i] == day[i - 1];
        s->spacing[equal < SPACINGS_MOST ? equal : SPACINGS_MOST - 1]++;
        s->birthdays++;
    }
}

static int rank_of(uint32_t rows[RANK])
{
    int rank = 0;
    for (int bit = 0; bit < RANK; bit++) {
        int pivot = rank;
        while (pivot < RANK && !(rows[pivot] >> bit & 1)) pivot++;
        if (pivot == RANK) continue;
        const uint32_t row = rows[pivot];
        rows[pivot] = rows[rank];
        rows[rank++] = row;
        for (int i = rank; i < RANK; i++)
            if (rows[i] >> bit & 1) rows[i] ^= row;
    }
    return rank;
}

static void count_ranks(struct sums *s, const uint32_t *w)
{
    uint32_t rows[RANK];
    for (size_t at = 0; at + RANK <= WORDS; at += RANK) {
        memcpy(rows, w + at, sizeof rows);
        const int missing = RANK - rank_of(rows);
        s->rank[missing < 2 ? missing : 2]++;
        s->ranks++;
    }
}

static void count_gaps(struct sums *s, const uint32_t *w)
{
    size_t gap = 0;
    for (size_t i = 0; i < WORDS; i++) {
        if (w[i] >> 30 != 0) {
            gap++;
            continue;
        }
        s->gap[gap < GAP_MOST ? gap : GAP_MOST - 1]++;
        s->gaps++;
        gap = 0;
    }
}

/* Knuth's algorithm P: the number of the order in which five words stand. Equal words are too rare to matter. */
static void count_orders(struct sums *s, const uint32_t *w)
{
    for (size_t at = 0; at + 5 <= WORDS; at += 5) {
        uint32_t number = 0, five[5];
        memcpy(five, w + at, sizeof five);
        for (uint32_t r = 5; r > 1; r--) {
            uint32_t most = 0;
            for (uint32_t i = 1; i < r; i++)
                if (five[i] > five[most]) most = i;
            number = number * r + most;
            const uint32_t last = five[r - 1];
            five[r - 1] = five[most];
            five[most] = last;
        }
        s->order[number]++;
        s->orders++;
    }
}

/* The shortest shift register that gives these bits (Berlekamp and Massey). */
static int linear_complexity(const uint8_t *bit, int n)
{
    uint8_t c[LINEAR + 1] = {1}, b[LINEAR + 1] = {1}, before[LINEAR + 1];
    int length = 0, last = -1;
    for (int i = 0; i < n; i++) {
        uint8_t wrong = bit[i];
        for (int k = 1; k <= length; k++) wrong ^= (uint8_t)(c[k] & bit[i - k]);
        if (!wrong) continue;
        memcpy(before, c, sizeof c);
        for (int k = 0; k + i - last <= n; k++) c[k + i - last] ^= b[k];
        if (length > i / 2) continue;
        length = i + 1 - length;
        last = i;
        memcpy(b, before, sizeof b);
    }
    return length;
}

/* Of the lowest bits of words: n is even, so T = L - n / 2 has the chances that p_of_linear() gives. */
static void count_linear(struct sums *s, const uint32_t *w)
{
    for (size_t at = 0; at < WORDS / 8; at += LINEAR) {
        uint8_t bits[LINEAR];
        for (size_t i = 0; i < LINEAR; i++) bits[i] = w[at + i] & 1;
        int t = linear_complexity(bits, LINEAR) - LINEAR / 2;
        if (t > LINEAR_MOST) t = LINEAR_MOST;
        if (t < -LINEAR_MOST) t = -LINEAR_MOST;
        s->linear[t + LINEAR_MOST]++;
        s->linears++;
    }
}

/* Of sequences of n bits, 2^(min(2n - 2L, 2L - 1)) have linear complexity L > 0 (Rueppel 1986). */
static double p_of_linear(const struct sums *s)
{
    double chance[2 * LINEAR_MOST + 1] = {0};
    for (int l = 1; l <= LINEAR; l++) {
        int t = l - LINEAR / 2, power = 2 * LINEAR - 2 * l < 2 * l - 1 ? 2 * LINEAR - 2 * l : 2 * l - 1;
        t = t > LINEAR_MOST ? LINEAR_MOST : t < -LINEAR_MOST ? -LINEAR_MOST : t;
        chance[t + LINEAR_MOST] += ldexp(1, power - LINEAR);
    }
    return p_of_counts(s->linear, chance, 2 * LINEAR_MOST + 1, s->linears);
}

static void count_collisions(struct sums *s, const uint32_t *w)
{
    static uint8_t urn[1 << 21]; /* 2^24 bits */
    for (size_t at = 0; at + COLLISIONS <= WORDS; at += COLLISIONS) {
        for (size_t i = 0; i < COLLISIONS; i++) {
            const uint32_t u = w[at + i] >> 8;
            s->collided += urn[u >> 3] >> (u & 7) & 1;
            urn[u >> 3] |= (uint8_t)(1u << (u & 7));
        }
        for (size_t i = 0; i < COLLISIONS; i++) urn[w[at + i] >> 11] = 0;
        s->thrown++;
    }
}

/* Walsh spectrum of 2^15 signs, the top bits of words: each coefficient's square over n is chi-square of one degree, their
 * sum is fixed, and the sum of their fourth powers over n^2 has mean 3n - 2 and, nearly, the variance 96 n. */
static void count_spectrum(struct sums *s, const uint32_t *w)
{
    enum { N = 1 << 15 };
    static int32_t x[N];
    for (size_t at = 0; at + N <= WORDS / 4; at += N) {
        for (size_t i = 0; i < N; i++) x[i] = w[at + i] >> 31 ? 1 : -1;
        for (size_t half = 1; half < N; half *= 2)
            for (size_t i = 0; i < N; i++) {
                if (i & half) continue;
                const int32_t a = x[i], b = x[i + half];
                x[i] = a + b;
                x[i + half] = a - b;
            }
        double fourth = 0;
        for (size_t i = 0; i < N; i++) fourth += pow(x[i], 4) / N / N;
        s->spectrum += (fourth - (3.0 * N - 2)) / sqrt(24.0 * N); /* of squares that add up to n^2: 96 n less 72 n */
        s->spectra++;
    }
}

/* ---- all of it ---- */

static double p_of_bits(const struct sums *s)
{
    double chi2 = 0;
    for (int b = 0; b < 32; b++) chi2 += pow(s->bit[b] - s->words / 2, 2) / (s->words / 4);
    return p_of_chi2(chi2, 32);
}

static double p_of_pairs(const struct sums *s)
{
    double chi2 = 0;
    for (int b = 0; b < 32; b++)
        for (int c = 0; c < b; c++) chi2 += pow(s->pair[b][c] - s->words / 2, 2) / (s->words / 4);
    return p_of_chi2(chi2, 496);
}

static double p_of_weights(const struct sums *s, bool neighbours)
{
    double chance[33], class[9] = {0}, both[81];
    for (int k = 0; k <= 32; k++) {
        chance[k] = exp(log_choose(32, k) - 32 * log(2));
        class[k < 12 ? 0 : k > 20 ? 8 : k - 12] += chance[k];
    }
    for (int i = 0; i < 81; i++) both[i] = class[i / 9] * class[i % 9];
    return neighbours ? p_of_counts(s->weights, both, 81, s->words / 2) : p_of_counts(s->weight, chance, 33, s->words);
}

/* The number of equal spacings is Poisson with mean n^3 / (4 days), here 4, in the limit; the exact one differs by less than
 * this sample shows (Knuth 3.3.2 J; L'Ecuyer and Simard 2001). */
static double p_of_birthdays(const struct sums *s)
{
    double chance[SPACINGS_MOST], rest = 1;
    for (int k = 0; k + 1 < SPACINGS_MOST; k++) rest -= chance[k] = exp(k * log(4) - 4 - lgamma(k + 1.0));
    chance[SPACINGS_MOST - 1] = rest;
    return p_of_counts(s->spacing, chance, SPACINGS_MOST, s->birthdays);
}

static double p_of_ranks(const struct sums *s)
{
    double full = 1, chance[3];
    for (int i = 1; i <= RANK; i++) full *= 1 - ldexp(1, -i);
    chance[0] = full;
    chance[1] =
        full * 2 * (1 - ldexp(1, -RANK)) * (1 - ldexp(1, -RANK)); /* rank n - 1: full (2^n - 1)^2 / 2^(2n - 1) */
    chance[2] = 1 - chance[0] - chance[1];
    double chi2 = 0;
    for (int i = 0; i < 3; i++) chi2 += pow(s->rank[i] - chance[i] * s->ranks, 2) / (chance[i] * s->ranks);
    return 1 - exp(-chi2 / 2); /* two degrees of freedom: exactly */
}

static double p_of_gaps(const struct sums *s)
{
    double chance[GAP_MOST];
    for (int k = 0; k < GAP_MOST; k++) chance[k] = pow(0.75, k) * (k + 1 < GAP_MOST ? 0.25 : 1);
    return p_of_counts(s->gap, chance, GAP_MOST, s->gaps);
}

/* Balls that fall into an urn taken before: balls less urns taken, whose mean and variance are exact. */
static double p_of_collisions(const struct sums *s)
{
    const double urns = 1 << 24, n = COLLISIONS, one = exp(n * log1p(-1 / urns)), two = exp(n * log1p(-2 / urns));
    const double mean = n - urns * (1 - one), variance = urns * (urns - 1) * two + urns * one - urns * urns * one * one;
    return p_of_z((s->collided - s->thrown * mean) / sqrt(s->thrown * variance));
}

size_t battery(struct stream *stream, uint32_t rounds, struct verdict v[BATTERY_MOST])
{
    struct sums *s = calloc(1, sizeof *s);
    uint32_t *words = malloc(WORDS * sizeof *words);
    size_t n = 0;
    if (s == NULL || words == NULL) abort();
    for (uint32_t round = 0; round < rounds; round++) {
        stream->fill(stream, words, WORDS);
        s->words += WORDS;
        count_bits(s, words);
        count_serial(s, words);
        count_birthdays(s, words);
        count_ranks(s, words);
        count_gaps(s, words);
        count_orders(s, words);
        count_linear(s, words);
        count_collisions(s, words);
        count_spectrum(s, words);
    }
    v[n++] = (struct verdict){"bits by place", p_of_bits(s)};
    v[n++] = (struct verdict){"pairs of bits", p_of_pairs(s)};
    for (int lag = 1; lag <= LAGS; lag++) {
        const double bits = 32.0 * rounds * (WORDS - lag);
        v[n++] = (struct verdict){"bits of words apart", p_of_z((s->lagged[lag - 1] - bits / 2) / sqrt(bits / 4))};
    }
    v[n++] = (struct verdict){"Hamming weight", p_of_weights(s, false)};
    v[n++] = (struct verdict){"Hamming weights of neighbours", p_of_weights(s, true)};
    v[n++] = (struct verdict){"serial, high bytes", p_of_even(s->serial[0], SIDE * SIDE, s->words / 2)};
    v[n++] = (struct verdict){"serial, low bytes", p_of_even(s->serial[1], SIDE * SIDE, s->words / 2)};
    v[n++] = (struct verdict){"birthday spacings", p_of_birthdays(s)};
    v[n++] = (struct verdict){"matrix rank", p_of_ranks(s)};
    v[n++] = (struct verdict){"gaps", p_of_gaps(s)};
    v[n++] = (struct verdict){"permutations of five", p_of_even(s->order, 120, s->orders)};
    v[n++] = (struct verdict){"linear complexity", p_of_linear(s)};
    v[n++] = (struct verdict){"collisions", p_of_collisions(s)};
    v[n++] = (struct verdict){"Walsh spectrum", p_of_z(s->spectrum / sqrt(s->spectra))};
    free(s);
    free(words);
    return n;
}

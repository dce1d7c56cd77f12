/* A Markov chain small enough to be enumerated: the exact distribution over all states of a tiny world, day by day, written in
 * a test from the ODD and from nothing else. A day is a row of stages; each moves the distribution on. */
#ifndef TESTS_CHAIN_H
#define TESTS_CHAIN_H

#include "tests/world_support.h"

/* Adds to `next` (all zero at first) what becomes of `now` on a day. */
typedef void chain_stage(const double *now, double *next, uint32_t day);

struct chain {
    const char *name;
    uint32_t states;
    chain_stage *const *stages; /* in the order of the day; ends with NULL */
    const char *const *names;   /* of the stages */
    void (*start)(double *distribution);
    const uint32_t *days; /* on which the world is looked at, rising; ends with 0 */
    /* What one sees of a state; NULL: all of it. */
    uint32_t cells;
    uint32_t (*seen)(uint32_t state);
    /* The same of the model's world. */
    void (*arrange)(struct lab *l);
    uint32_t (*look)(const struct city *c);
};

/* Lets `replicates` worlds live and holds them against the chain on each day. Then each two neighbouring stages of the chain's
 * day are exchanged: wherever the exact distributions differ so much that the worlds must tell (but for one time in a
 * million), they must be more likely under the right order by a factor of a million. At least `pinned` pairs must be told
 * apart in this way. */
void chain_check(const struct chain *chain, uint32_t replicates, size_t pinned);

#endif

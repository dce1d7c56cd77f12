/* What processes that simulate one world together send each other. Each has some of the world's parts; whenever they exchange,
 * everybody does, in the same order. A process alone has all parts and exchanges with nobody, by the same calls. */
#ifndef SIM_EXCHANGE_H
#define SIM_EXCHANGE_H

#include <stdint.h>

#include "sim/error.h"

struct exchange_bytes {
    const unsigned char *bytes; /* valid until the next gather */
    size_t size;
};

enum exchange_to { EXCHANGE_TO_ALL, EXCHANGE_TO_LEADER };

struct exchange {
    uint32_t count, own; /* processes; this one's number, 0 being the leader's */
    bool ill;            /* this one cannot go on: all of them learn it from the next gather */
    uint32_t gathers;    /* so far */
    /* What exchange_gather does where there are several processes. */
    int (*gather)(void *context, bool ill, const void *own, size_t size, enum exchange_to to, struct exchange_bytes *all,
                  struct error *e);
    void *context;
};

extern const struct exchange exchange_alone;

/* Everybody's bytes, those of the first process first; nothing for those who are not meant. -1 on all processes where one of
 * them is ill, or cannot hold what comes (`e` says so there, and only there). */
int exchange_gather(struct exchange *x, const void *own, size_t size, enum exchange_to to, struct exchange_bytes *all,
                    struct error *e);

/* Of so many parts of a world: those of one process, first ... end - 1. */
struct exchange_range {
    uint32_t all, first, end;
};

/* Blocks side by side, so that the order of the processes is that of the parts. */
struct exchange_range exchange_parts(const struct exchange *x, uint32_t parts);

#endif

/* Threads of a run that have nothing to do take part in what others offer. They sleep meanwhile: OpenMP's own waiting is busy for
 * milliseconds, in the way of this run's other threads and of other programs. Only for the files run*.c. */
#ifndef SIM_RUN_CREW_H
#define SIM_RUN_CREW_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/error.h"

/* Work that several threads can do together: each calls take(what), which comes back when nothing is left to begin. */
struct offer {
    void (*take)(void *what);
    void *what;
    bool brief;      /* over soon: for threads as well that wait for another offer's end */
    uint32_t places; /* for so many more threads */
    uint32_t inside; /* these two are the crew's */
    struct offer *next;
};

struct crew {
    pthread_mutex_t mutex; /* for all but the last */
    pthread_cond_t changed;
    struct offer *offers;
    uint32_t working; /* threads that may still offer something */
    uint32_t asleep;
    atomic_uint changes;
};

/* The thread that is to begin the others is at work from the start. */
int run_crew_create(struct crew *crew, struct error *e);
void run_crew_free(struct crew *crew);

void run_crew_begin(struct crew *crew); /* this thread works, too */
void run_crew_serve(struct crew *crew); /* it does so no more, but takes what is offered until nobody works */

void run_crew_offer(struct crew *crew, struct offer *offer);
void run_crew_withdraw(struct crew *crew, struct offer *offer); /* comes back when nobody is at it any more */

#endif

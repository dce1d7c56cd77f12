/* The plain coin, as reference: every process of the model that leaps over entities (sim/random.h, points) written once more
 * as the ODD states it, with one coin a day for each entity at that entity's own chance. Slow, and easy to check by eye.
 *
 * A process is tried on a world that coin_arrange() makes: it differs from entity to entity in all that the rate depends on,
 * and everything but the process is off. */
#ifndef TESTS_COIN_REFERENCE_H
#define TESTS_COIN_REFERENCE_H

#include "tests/world_support.h"

struct coin_process {
    const char *name;
    const char *submodel; /* whose step runs it; "relocation": what passes between cities */
    const char *rate;     /* the parameter that sets its pace */
    uint32_t purpose;     /* of the model's own numbers */
    double low, high;     /* values of that parameter between which it is tried */
    bool counted;         /* an entity can have several events a day */
    void (*arrange)(struct lab *l);
    uint32_t (*entities)(const struct city *c);
    double (*own)(const struct lab *l, uint32_t entity);                                  /* events per day, by the ODD */
    uint32_t (*found)(const struct lab *l, const struct city *before, uint32_t entity);   /* what the model did today */
};

extern const struct coin_process coin_processes[];
extern const size_t n_coin_processes;

/* A world with this process alone, its parameter at `rate`; day 1. */
void coin_arrange(struct lab *l, const struct coin_process *process, double rate);

/* One day of plain coins, for entities with these own rates: hits[entity], from numbers that the model does not use. */
void coin_day(const struct coin_process *process, const double *rate, uint32_t n, uint32_t day, uint8_t *hits);

#endif

/* What a model gives the engine. The engine knows parameters, days, replicates, scenarios and metrics; what a day means,
 * only the model knows. models/model.c fills one `struct model`; tests fill others. */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/error.h"
#include "sim/exchange.h"
#include "sim/field.h"
#include "sim/random.h"

struct world; /* the model's state, opaque to the engine: a value that can be copied */

/* One process of the model. Its name is its group in scenario files, its chapter of the ODD and an attribute of its metrics.
 * A world consists of parts (say, cities) that do not touch each other during a step and may run in parallel, also in different
 * processes. `part` counts those that the world `w` has, from 0: all, or those of one process. Every member but `name` and
 * `purpose` may be NULL. `parameters` and `metrics` are pointers to the sub-model's own structs. */
struct submodel {
    const char *name;
    const char *purpose;
    const struct parameter *parameters; /* ends with an all-zero row */
    size_t parameters_size;
    const struct metric *metrics; /* ends with an all-zero row */
    size_t metrics_size;
    int (*check)(const void *parameters, struct error *e);                            /* rules between parameters        */
    void (*start)(struct world *w, uint32_t part, const void *parameters);            /* the state on the first day      */
    void (*enact)(struct world *w, uint32_t part, const void *parameters);            /* the policy may have changed     */
    void (*step)(struct world *w, uint32_t part, const void *parameters, void *metrics);    /* one day                   */
    void (*observe)(struct world *w, uint32_t part, const void *parameters, void *metrics); /* fills stocks and shares   */
};

/* When a world lives: the policy starts on day `burn_in`, counted from 0, and the last day is burn_in + horizon - 1. */
struct calendar {
    int32_t burn_in, horizon;
};

struct model {
    const char *name, *title, *version;
    const char *policy;                       /* the group whose parameters are levers and stand in policies, not parameters */
    const struct submodel *const *schedule;   /* the day, in order; ends with NULL. `groups` below are in this order      */
    double (*memory)(const void *const *groups, const struct calendar *calendar); /* bytes a whole world needs           */
    uint32_t (*parts)(const void *const *groups); /* of a whole world; the same for all policies of a study */

    /* What is done to a world as a whole and then to each of its parts, which may be done to different parts at the same time.
     * What a model does not need is NULL, but for `create` and `copy`. A world that is to be a copy is created without
     * create_part, and may have been another copy before. */
    int (*create)(struct world **w, const void *const *groups, const struct exchange_range *parts, const struct luck *luck,
                  const struct calendar *calendar, struct error *e); /* with these parts, or none; *w is NULL after a failure */
    int (*create_part)(struct world *w, uint32_t part, struct error *e); /* the groups given to `create` are still there  */
    int (*copy)(struct world *to, const struct world *from, struct error *e); /* both created from the same parameters    */
    int (*copy_part)(struct world *to, const struct world *from, uint32_t part, struct error *e);
    void (*govern)(struct world *w, const void *const *groups); /* these parameters hold from now on; they outlive the world */
    void (*govern_part)(struct world *w, uint32_t part, const void *const *groups);
    void (*dawn)(struct world *w, int32_t day);  /* before the steps of `day` */
    void (*dawn_part)(struct world *w, uint32_t part, int32_t day);
    void (*dusk_part)(struct world *w, uint32_t part); /* after the steps of a day: what the part has to say in `couple` */

    void (*destroy)(struct world *w);         /* NULL is allowed */
    /* After the steps of a day: what passes between parts, also those of other processes; may be NULL. All processes gather
     * equally often. -1 when a gather fails, with the reason where it lies here. */
    int (*couple)(struct world *w, struct exchange *x, struct error *e);
    uint64_t (*population)(const struct world *w); /* of these parts */
    int (*verify)(const struct world *w, struct error *e); /* conservation and invariants: 0, or ERROR_FAILURE            */
    const char *starter;                      /* the lever that the example in a new scenario file changes; may be NULL   */
    const char *const *headline;              /* metrics whose drift at the end of burn-in the engine reports; ends with NULL */
};

#endif

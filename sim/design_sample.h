/* Drawing designs of experiments: which parameters vary, how they are distributed, and by which method points are chosen. */
#ifndef SIM_DESIGN_SAMPLE_H
#define SIM_DESIGN_SAMPLE_H

#include "sim/design.h"
#include "sim/prior.h"

enum design_method {
    DESIGN_lhs,    /* Latin hypercube (McKay, Beckman and Conover 1979): n points, in each column one in every n-th of it       */
    DESIGN_sobol,  /* cross-sampling for variance-based indices (Saltelli et al. 2010) of n points of a scrambled Sobol' sequence */
    DESIGN_morris, /* elementary effects (Morris 1991): n trajectories that change one column after the other                     */
    DESIGN_grid,   /* every combination of n levels                                                                               */
};
extern const char *const design_methods[]; /* their names; ends with NULL */

/* How a design is drawn. Entries that are fixed come last: they are columns, but no part of the experiment. */
struct design_plan {
    const struct model *model;
    enum design_method method;
    uint64_t seed;
    uint32_t n;
    uint32_t levels;   /* of morris; even */
    bool centred;      /* lhs: points in the middle of their strata */
    bool second_order; /* sobol: as many rows as indices of pairs need */
    const struct prior_entry *entries[DESIGN_MAX_COLUMNS];
    uint32_t n_entries, n_varied;
    struct prior_entry *ranges; /* entries that no prior file holds; owned */
    uint32_t n_ranges;
};

enum { DESIGN_MAX_LEVELS = 1000 };

/* Chooses the columns: those of `paths` (GROUP.NAME, n_paths > 0), in that order; or else all of the prior; or else all uncertain
 * parameters. Their distributions are those of the prior or, where that is NULL, all of a parameter's range alike. The prior must
 * outlive the plan. -1: ERROR_INPUT. */
int design_choose(struct design_plan *plan, const struct prior *prior, const char *const *paths, size_t n_paths,
                  struct error *e);
void design_plan_free(struct design_plan *plan);

/* Draws the points; the lines of `d`, which is freed as ever, are those of a file whose header is line 1. The same plan gives the
 * same bits everywhere; a column of a Latin hypercube does not depend on the others. -1: ERROR_INPUT or ERROR_FAILURE. */
int design_sample(struct design *d, const struct design_plan *plan, struct error *e);

/* How many points of a design a study cannot run, and the first of them with its cause; the study comes out with other values. */
uint32_t design_invalid(const struct design *d, struct study *s, uint32_t *first, struct error *cause);

/* Writes a design as CSV, with what it is in comments at the head, to a file that is there in whole or not at all, or, without a
 * path, to stdout, where a failure shows. `source` names where the distributions are from. ERROR_FAILURE. */
int design_write(const char *path, bool replace, const struct design *d, const struct design_plan *plan, const char *source,
                 struct error *e);

/* Sets the lines of `d` to those that its points will have in that file. */
int design_number_lines(struct design *d, const struct design_plan *plan, const char *source, struct error *e);

#endif

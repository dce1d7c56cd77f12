/* Designs of the toy model, for tests in a folder of their own.
 * growth: places (whole, structural), birth_rate and death_rate (real, uncertain), crowding (flag), law (choice);
 * harvest: line_effect (real, uncertain). */
#ifndef TESTS_TOY_DESIGN_H
#define TESTS_TOY_DESIGN_H

#include "sim/design_sample.h"
#include "tests/toy_model.h"

/* A prior that leaves out crowding and fixes death_rate. */
extern const char toy_wide_prior[];

/* All of these must work. */
struct design_plan toy_design_plan(enum design_method method, uint32_t n, const struct prior *prior, const char *const *paths,
                                   size_t n_paths);
struct prior toy_design_prior(const char *text); /* from "p.cfg" */
struct design toy_design_sample(const struct design_plan *plan);

double toy_design_value(const struct design *d, uint64_t point, uint32_t column);

/* That no design is drawn, and what is said. */
void toy_design_refused(const struct design_plan *plan, const char *message);

#endif

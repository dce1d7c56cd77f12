/* A toy for tests of the engine: fish in two lakes. Small, but with everything the engine must serve: parts, coupling between
 * them, every type of parameter, levers, every kind of metric, invariants, and state of a size that parameters decide. */
#ifndef TESTS_TOY_MODEL_H
#define TESTS_TOY_MODEL_H

#include "sim/model.h"

enum { TOY_LAKES = 2 };

/* Who draws. */
enum toy_purpose { TOY_FIRST, TOY_BIRTH, TOY_DEATH, TOY_CATCH };

/* clang-format off */
#define TOY_POLICY(P)                                                                                                 \
    P(real,   effort,   0.25,  0,  1,  "1/day", lever, "share of the fish that a boat finds", "assumed")              \
    P(whole,  boats,       3,  0, 99,  "boats", lever, "boats on each lake",                  "assumed")              \
    P(flag,   season,      1,  0,  1,  "1",     lever, "whether fishing is allowed at all",   "assumed")              \
    P(choice, gear,        1,  0,  1,  "line|net", lever, "what the boats carry",             "assumed")
/* clang-format on */
struct toy_policy_parameters {
    TOY_POLICY(FIELD_PARAMETER_MEMBER)
};

struct toy_lake {
    uint32_t fish;  /* alive */
    uint16_t *age;  /* [places]; 0: nobody lives here */
};

struct world {
    struct luck luck;
    uint32_t places;
    const struct toy_policy_parameters *policy;
    struct toy_lake lake[TOY_LAKES];
};

/* Puts a new fish into a free place, if there is one. */
bool toy_settle(struct world *w, uint32_t lake);

extern const struct submodel toy_policy, toy_growth, toy_harvest;
extern const struct model toy_model;

#endif

/* A laboratory for the model's sub-models: a world of any size built from the model's own tables, whose persons, owners and
 * officers a test arranges by hand before it runs a single process of a single day.
 *
 *     struct lab l;
 *     lab_init(&l);                             the tests' own parameters, a small city
 *     lab_set(&l, "region.venues", 500);        sizes: before lab_open; everything else also later, and in force at once
 *     lab_open(&l, 0);                          day 1: nobody exploits, nobody is there
 *     lab_fill(&l, 0, CLASS_MINOR, 5);
 *     lab_step(&l, "persons");
 *     assert_binomial(lab_metric(&l, "persons.escaped"), 5, daily_chance(0.0014));
 *     lab_close(&l);
 *
 * Every statistical assertion has a false-alarm rate of 1e-6 in the sense that so many seeds in a million would fail it; as
 * seeds are fixed, a test that passes once passes always. */
#ifndef TESTS_WORLD_SUPPORT_H
#define TESTS_WORLD_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "models/world.h"
#include "sim/study.h"

extern const struct model model;

enum { LAB_ROWS = 32, LAB_BURN_IN = 1000, LAB_HORIZON = 1000 };

struct lab {
    struct study study; /* one policy, whose values rule the world */
    struct world *world;
    struct city *city; /* the first of the world */
    void *metrics[LAB_ROWS]; /* by row of the schedule; all cities of the world count into the same */
};

/* Parameters near the prototype's, whatever the model's defaults are now: one city of 2 districts, 20 venues of 20 slots,
 * 8 traffickers with 4 links each, 10 officers per district. */
void lab_init(struct lab *l);
void lab_set(struct lab *l, const char *path, double value);
double lab_get(const struct lab *l, const char *path);
void lab_open(struct lab *l, uint32_t replicate);
void lab_close(struct lab *l);
void lab_copy(struct lab *to, const struct lab *from); /* its world */

/* A newcomer with the luck of a number. */
struct person lab_newcomer(const struct city *c, enum class class, uint32_t number);

void lab_day(struct lab *l, int32_t day);          /* dawn */
void lab_step(struct lab *l, const char *submodel); /* that sub-model's part of the day */
void lab_observe(struct lab *l, const char *submodel);
void lab_enact(struct lab *l);                     /* after levers were set */
void lab_live(struct lab *l, int32_t day);         /* the whole day, and then the invariants */
void lab_couple(struct lab *l);                    /* what passes between cities */
void lab_verify(const struct lab *l);

/* "GROUP.NAME": a flow since the last lab_reset, a stock, or the value of a share. */
double lab_metric(const struct lab *l, const char *path);
void lab_reset(struct lab *l);

/* The structs that a sub-model gets, for calls of a single act of the police. */
const void *lab_parameters(const struct lab *l, const char *submodel);
void *lab_metrics(const struct lab *l, const char *submodel);

/* One act of the police: LAB_POLICE(&l, police_sweeps); for tests that include models/police.h. */
#define LAB_POLICE(l, act) act((l)->city, lab_parameters((l), "police"), lab_metrics((l), "police"))

/* Officers come and go without chance, and all of them alike. */
void lab_officers_constant(struct lab *l);
void lab_officers_are(struct lab *l, double skill, double integrity);

/* Today's signals of a kind. */
double lab_signals(const struct lab *l, enum signal_kind kind);

/* `n` newcomers take seats of a place; returns the first seat. They are regular migrants or none, not infected, not afraid. */
uint32_t lab_fill(struct lab *l, uint32_t place, enum class class, uint32_t n);
void lab_empty(struct lab *l); /* all persons leave, absentees too */

/* The column `name` of the city has this value in rows first ... first + n - 1. */
#define LAB_ALL(l, name, n, value)                                                                                        \
    do {                                                                                                                  \
        for (uint32_t row_ = 0; row_ < (n); row_++)                                                                       \
            (l)->city->name[row_] = (__typeof__(*(l)->city->name))(value);                                                \
    } while (0)

/* The same for what is known of the persons in all seats. */
#define LAB_SEATS(l, name, value)                                                                                         \
    do {                                                                                                                  \
        for (uint32_t seat_ = 0; seat_ < (l)->city->seats; seat_++) name##_put((l)->city, seat_, (value));                \
    } while (0)

static inline void served_put(struct city *c, uint32_t seat, uint8_t mark) { *served_at(c, seat) = mark; }

/* ---- whole studies ---- */

/* Adds the essay's four policies, in the order of the enumeration, with the model's defaults for everything but levers. */
enum lab_policy { LAB_STATUS_QUO, LAB_SWEEPS, LAB_PROFESSIONAL, LAB_NO_POLICE, LAB_POLICIES };
void lab_add_policies(struct study *s);
void lab_study_set(struct study *s, int64_t policy, const char *path, double value);

/* ---- statistics ---- */

/* `count` of `n` independent trials with chance p each: exact tails. Also for p = 0 and p = 1. */
#define assert_binomial(count, n, p) lab_binomial((count), (n), (p), __FILE__, __LINE__)
/* A Poisson count with this mean: exact tails. */
#define assert_poisson(count, mean) lab_poisson((count), (mean), __FILE__, __LINE__)
/* The mean of n independent numbers whose mean and standard deviation are known: |z| < 4.9. */
#define assert_mean(observed, n, mean, sd) lab_mean((observed), (n), (mean), (sd), __FILE__, __LINE__)
/* Equal but for rounding. */
#define assert_close(a, b, tolerance) lab_close_to((a), (b), (tolerance), __FILE__, __LINE__)
/* Equal numbers, whatever their bits are called. */
#define assert_same(a, b) lab_close_to((double)(a), (double)(b), 0, __FILE__, __LINE__)

/* The chance of `count` or a count farther from n p on the same side. */
double binomial_tail(double count, double n, double p);

void lab_binomial(double count, double n, double p, const char *file, int line);
void lab_poisson(double count, double mean, const char *file, int line);
void lab_mean(double observed, double n, double mean, double sd, const char *file, int line);
void lab_close_to(double a, double b, double tolerance, const char *file, int line);

#endif

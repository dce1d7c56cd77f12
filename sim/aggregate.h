/* What is known of many records without keeping them: for every value of a record, and for the difference of every summary from
 * that of the baseline's scenario in the same unit, how many values there were, their sums, their extremes and how often each
 * size occurred.
 *
 * All of it is whole numbers and extremes. So neither the order in which records are added nor how they are spread over threads,
 * processes, resumed runs and shards changes a bit: merging is adding.
 *
 *     sums       of values in units of 2^-40 (shares), 2^-20 (stocks) and 2^-10 (flows), and of their squares, in 128 bits: exact
 *                up to 2^11, 2^31 and 2^41 in magnitude. Larger values count in all but mean and sd, which are then undefined
 *     sizes      a value's bin is its sign, exponent and first 7 bits of mantissa, so its middle is within 1/256 of the value.
 *                Whole numbers below 256 have bins of their own
 *
 * Memory goes with the number of different bins and not with that of records. */
#ifndef SIM_AGGREGATE_H
#define SIM_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/record.h"

/* What is told of each cell, in this order; n counts the values that are not NaN. */
enum { AGGREGATE_n, AGGREGATE_mean, AGGREGATE_sd, AGGREGATE_minimum, AGGREGATE_q05, AGGREGATE_q25, AGGREGATE_q50, AGGREGATE_q75,
       AGGREGATE_q95, AGGREGATE_maximum, AGGREGATE_negative, AGGREGATE_zero, AGGREGATE_STATISTICS };
extern const char *const aggregate_names[AGGREGATE_STATISTICS];

/* A quantile is within this share of the one of the values themselves (Hyndman and Fan's definition 7). */
#define AGGREGATE_ERROR (1.0 / 256)

struct aggregate;

/* An empty one for units 0 ... units - 1. `record` must outlive it. */
int aggregate_create(struct aggregate **a, const struct record *record, uint32_t units, struct error *e);
void aggregate_free(struct aggregate *a); /* NULL is allowed */

/* Adds the records of n units, one after the other in `records`, none of which is in it. -1: no memory, and the aggregate is of
 * no more use. */
int aggregate_add(struct aggregate *a, const double *records, const uint32_t *units, size_t n, struct error *e);

/* Adds another of the same shape. -1: ERROR_INPUT when a unit is in both (nothing is changed), or no memory. */
int aggregate_merge(struct aggregate *a, const struct aggregate *from, struct error *e);

bool aggregate_has(const struct aggregate *a, uint32_t unit);
uint32_t aggregate_count(const struct aggregate *a); /* units in it */

/* Cells: those of a record in its order, then the differences [scenario][metric] of the summaries. */
size_t aggregate_cells(const struct aggregate *a);
size_t aggregate_difference(const struct aggregate *a, size_t scenario, size_t metric); /* the number of its cell */
int aggregate_tell(const struct aggregate *a, size_t cell, double statistics[AGGREGATE_STATISTICS], struct error *e);

/* As bytes, the same for the same contents on one machine. Reading is into an empty one and believes nothing. -1: they are
 * damaged, or no memory. */
size_t aggregate_size(const struct aggregate *a);
void aggregate_write(const struct aggregate *a, unsigned char *bytes);
int aggregate_read(struct aggregate *a, const unsigned char *bytes, size_t size, struct error *e);

/* Bytes of one of so many units, as far as can be told beforehand. */
double aggregate_expected(const struct record *record, uint32_t units);

#endif

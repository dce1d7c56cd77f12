/* Sobol' sequences (Sobol' 1967; direction numbers of Joe and Kuo 2008), plain and scrambled: points of (0, 1)^s of which any
 * 2^m first ones fall evenly into boxes. */
#ifndef SIM_SOBOL_H
#define SIM_SOBOL_H

#include <stdint.h>

#include "sim/random.h"

enum { SOBOL_MAX_DIMENSIONS = 512, SOBOL_BITS = 32, SOBOL_MAX_DEGREE = 13 };

/* A primitive polynomial over {0, 1}, its coefficients the bits, and as many odd numbers as its degree, number k below 2^k. */
struct sobol_numbers {
    uint16_t polynomial, initial[SOBOL_MAX_DEGREE];
};
extern const struct sobol_numbers sobol_table[SOBOL_MAX_DIMENSIONS - 1]; /* of the second dimension and on */

/* The direction numbers of a dimension, counted from 0, the first at the top of the word. */
void sobol_directions(uint32_t dimension, uint32_t directions[SOBOL_BITS]);

/* Coordinate of a point, as a fraction of 2^32. Points are in the order of their numbers, not of the Gray code. */
uint32_t sobol_coordinate(const uint32_t directions[SOBOL_BITS], uint32_t point);

/* Nested uniform scrambling (Owen 1995): each bit is flipped, or not, by a coin that belongs to the bits above it. Any 2^m points
 * that fell evenly into boxes still do, and each single point is uniform on (0, 1). The coins are addressed by `purpose`, the
 * bits above as the entity and, as the index, the dimension and the place of the bit. */
uint32_t sobol_scramble(uint32_t coordinate, const struct luck *luck, uint32_t purpose, uint32_t dimension);

#endif

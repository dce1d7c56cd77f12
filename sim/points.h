/* How a batch of points or coins is drawn: for tests and benchmarks, which compare the ways. */
#ifndef SIM_POINTS_H
#define SIM_POINTS_H

#include "sim/random.h"

enum points_width { POINTS_PLAIN, POINTS_AVX2, POINTS_AVX512 };

enum points_width points_widest(void); /* that this processor has */

/* The bits are the same for every width that the processor has. */
void points_fill_by(enum points_width width, struct points *points);
void points_first_by(enum points_width width, const struct luck *luck, uint32_t purposes, struct words *first);
void coins_fill_by(enum points_width width, struct coins *coins);

/* The same, and which of the 32 words lie below two bounds: bit 8 k + i for word k of block i. */
void coins_fall_by(enum points_width width, struct coins *coins, const int64_t bound[2], uint64_t fallen[2]);
/* Which words reach no further than a bound of their own, unit * weight. */
uint64_t coins_weigh_by(enum points_width width, struct coins *coins, int64_t unit, const uint8_t weight[32]);

#endif

/* How a batch of points or coins is drawn: for tests and benchmarks, which compare the ways. */
#ifndef SIM_POINTS_H
#define SIM_POINTS_H

#include "sim/random.h"

enum points_width { POINTS_PLAIN, POINTS_AVX2, POINTS_AVX512 };

enum points_width points_widest(void); /* that this processor has */

/* The bits are the same for every width that the processor has. */
void points_fill_by(enum points_width width, struct points *points);
void coins_fill_by(enum points_width width, struct coins *coins);

#endif

/* The choice of an offender between options, as a random utility (McFadden 1974): the option with the largest
 * value + taste / sharpness. Tastes are standard Gumbel numbers that persist until they are drawn anew, so that an owner's
 * mode does not flicker from one review to the next; over many offenders the shares of the options are those of a logit. */
#ifndef MODELS_CHOICE_H
#define MODELS_CHOICE_H

#include <math.h>

#include "models/lines.h"
#include "models/world.h"

/* Index of the option chosen among n <= 4 values, for the tastes that the offender has had since taste_day. */
static inline uint32_t choice_of(const struct city *c, uint32_t offender, const double *value, uint32_t n)
{
    struct luck then = c->luck;
    then.day = c->taste_day[offender];
    struct words w = luck_words(&then, DRAW_TASTE, offender, 0);
    double taste[4], best_value = -INFINITY;
    uint32_t best = 0;
    for (uint32_t k = 0; k < 4; k++) taste[k] = -portable_log(-portable_log(unit_interval(w.word[k])));
    for (uint32_t k = 0; k < n; k++) {
        double total = value[k] + taste[k] / c->market->choice_sharpness;
        if (total > best_value) best = k, best_value = total;
    }
    return best;
}

/* New tastes for those whom the day's luck picks among `n` offenders from `first` on. */
static inline void tastes_change(struct city *c, enum purpose line, uint32_t first, uint32_t n)
{
    struct points points = line_points(c, line, 0, n, c->market->taste_rate);
    uint32_t i;
    double mark;
    while (points_next(&points, &i, &mark)) c->taste_day[first + i] = (uint16_t)c->day;
}

#endif

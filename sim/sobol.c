/* Sobol' sequences: the recurrence of their direction numbers, and scrambling. */
#include "sim/sobol.h"

void sobol_directions(uint32_t dimension, uint32_t directions[SOBOL_BITS])
{
    if (dimension == 0) {
        for (uint32_t k = 0; k < SOBOL_BITS; k++) directions[k] = UINT32_C(1) << (31 - k);
        return;
    }
    const struct sobol_numbers *numbers = &sobol_table[dimension - 1];
    uint32_t degree = 0;
    while (numbers->polynomial >> (degree + 1) != 0) degree++;
    for (uint32_t k = 0; k < SOBOL_BITS; k++) {
        if (k < degree) {
            directions[k] = (uint32_t)numbers->initial[k] << (31 - k);
            continue;
        }
        uint32_t next = directions[k - degree] ^ directions[k - degree] >> degree;
        for (uint32_t i = 1; i < degree; i++) {
            if (numbers->polynomial >> (degree - i) & 1) next ^= directions[k - i];
        }
        directions[k] = next;
    }
}

uint32_t sobol_coordinate(const uint32_t directions[SOBOL_BITS], uint32_t point)
{
    uint32_t coordinate = 0;
    for (uint32_t k = 0; point != 0; k++, point >>= 1) {
        if (point & 1) coordinate ^= directions[k];
    }
    return coordinate;
}

uint32_t sobol_scramble(uint32_t coordinate, const struct luck *luck, uint32_t purpose, uint32_t dimension)
{
    uint32_t scrambled = 0;
    for (uint32_t bit = 0; bit < SOBOL_BITS; bit++) {
        uint32_t above = bit == 0 ? 0 : coordinate >> (SOBOL_BITS - bit);
        uint32_t coin = luck_words(luck, purpose, above, dimension * SOBOL_BITS + bit).word[0] >> 31;
        scrambled |= ((coordinate >> (31 - bit) & 1) ^ coin) << (31 - bit);
    }
    return scrambled;
}

/* Fear and traits of a person in one word. */
#ifndef MODELS_KNOWN_H
#define MODELS_KNOWN_H

#include <stdint.h>
#include <string.h>

/* Traits of a person. */
enum { TRAIT_IRREGULAR = 1, TRAIT_INFECTED = 2, TRAIT_RESCUED_BEFORE = 4, TRAITS = 7 };

/* Traits stand in the last bits of the number that is fear, which are some minutes of its day. */
static inline uint32_t known_of(float fear, uint8_t traits)
{
    uint32_t bits;
    memcpy(&bits, &fear, sizeof bits);
    return (bits & ~(uint32_t)TRAITS) | traits;
}

static inline float known_fear(uint32_t known)
{
    const uint32_t bits = known & ~(uint32_t)TRAITS;
    float fear;
    memcpy(&fear, &bits, sizeof fear);
    return fear;
}

/* The nearest number that leaves room for traits. */
static inline float fear_rounded(float fear)
{
    uint32_t bits;
    memcpy(&bits, &fear, sizeof bits);
    return known_fear(bits + (TRAITS + 1) / 2); /* -INFINITY stays what it is */
}

#endif

/* Stands before sim/random.h on the include path of a build that writes down every address of randomness it asks for, with the
 * line of code that asks: `make EXTRA_CFLAGS="-iquote tests/addresses"`. The file is named by ENFORCESIM_ADDRESSES.
 * tests/test_addresses.py reads it. For one thread. */
#ifndef TESTS_ADDRESSES_RANDOM_H
#define TESTS_ADDRESSES_RANDOM_H

#include "../../../sim/random.h"

#include <stdio.h>
#include <stdlib.h>

struct address_record {
    uint32_t replicate, day, purpose, entity, index, words; /* words: a bit for each of the four that are used */
    char site[32];
};

/* One for the program, though every object has a copy. */
__attribute__((weak)) FILE *address_file;

static inline void address_note(const struct luck *luck, uint32_t purpose, uint32_t entity, uint32_t index, uint32_t words,
                                const char *file, int line)
{
    struct address_record record = {luck->replicate, luck->day, purpose, entity, index, words, {0}};
    if (address_file == NULL && getenv("ENFORCESIM_ADDRESSES") != NULL)
        address_file = fopen(getenv("ENFORCESIM_ADDRESSES"), "wb");
    snprintf(record.site, sizeof record.site, "%s:%d", file, line);
    if (address_file != NULL && fwrite(&record, sizeof record, 1, address_file) != 1) abort();
}

static inline void address_note_coin(const struct coins *coins, uint32_t entity, const char *file, int line)
{
    address_note(coins->luck, coins->purpose, entity >> 2, coins->index, 1u << (entity & 3), file, line);
}

/* Where the next point's words stand: as in points_words(). The first gap of a line whose first words were known has been noted
 * when the line began. */
static inline void address_note_point(const struct points *points, const char *file, int line)
{
    const uint32_t block = points->drawn >> 1, words = points->drawn & 1 ? 12 : points->drawn == 0 && points->first ? 2 : 3;
    address_note(points->luck, points->purpose, points->line | (block >> 20 & 0xff) << 24,
                 (block & 0xfffff) | block >> 28 << 21, words, file, line);
}

/* Of each entity those words which belong to one of the n neighbours. */
static inline void address_note_row(const struct luck *luck, uint32_t purpose, uint32_t index, uint32_t number, uint32_t n,
                                    const char *file, int line)
{
    for (uint32_t entity = 0; entity < 16; entity++) {
        uint32_t words = 0;
        for (uint32_t word = 0; word < 4; word++) words |= (uint32_t)(entity / 8 * 32 + word * 8 + entity % 8 < n) << word;
        if (words != 0) address_note(luck, purpose, 16 * number + entity, index, words, file, line);
    }
}

#define ADDRESS_NOTE(luck, purpose, entity, index, words)                                                              \
    address_note((luck), (purpose), (entity), (index), (words), __FILE__, __LINE__)

#define luck_words(luck, purpose, entity, index)                                                                       \
    (ADDRESS_NOTE(luck, purpose, entity, index, 15), luck_words(luck, purpose, entity, index))
#define luck_uniform(luck, purpose, entity, index)                                                                     \
    (ADDRESS_NOTE(luck, purpose, entity, index, 1), luck_uniform(luck, purpose, entity, index))
#define luck_coin(luck, purpose, entity, index, p)                                                                     \
    (ADDRESS_NOTE(luck, purpose, entity, index, 1), luck_coin(luck, purpose, entity, index, p))
#define luck_pick(luck, purpose, entity, index, n)                                                                     \
    (ADDRESS_NOTE(luck, purpose, entity, index, 1), luck_pick(luck, purpose, entity, index, n))
#define luck_normal(luck, purpose, entity, index)                                                                      \
    (ADDRESS_NOTE(luck, purpose, entity, index, 3), luck_normal(luck, purpose, entity, index))
#define coins_uniform(coins, entity)                                                                                   \
    (address_note_coin((coins), (entity), __FILE__, __LINE__), coins_uniform(coins, entity))
#define coins_words(coins, entity)                                                                                     \
    (ADDRESS_NOTE((coins)->luck, (coins)->purpose, entity, (coins)->index, 15), coins_words(coins, entity))
#define points_begin_first(luck, purpose, length, rate, first)                                                         \
    (ADDRESS_NOTE(luck, purpose, 0, 0, 1), points_begin_first(luck, purpose, length, rate, first))
#define points_next(points, entity, mark)                                                                              \
    (address_note_point((points), __FILE__, __LINE__), points_next(points, entity, mark))
#ifndef SIM_POINTS_H /* sim/points.c, where it is defined */
#define coin_row_throw(row, luck, purpose, index, number, n, p, fallen)                                                \
    (address_note_row((luck), (purpose), (index), (number), (n), __FILE__, __LINE__),                                  \
     coin_row_throw(row, luck, purpose, index, number, n, p, fallen))
#define coin_row_weighed(row, luck, purpose, index, number, n, weight, p)                                              \
    (address_note_row((luck), (purpose), (index), (number), (n), __FILE__, __LINE__),                                  \
     coin_row_weighed(row, luck, purpose, index, number, n, weight, p))
#endif

#endif

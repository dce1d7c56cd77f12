/* What the day throws on persons, seats and venues (ODD 4.9): lines of points for each process, and coins for vacancies. */
#ifndef MODELS_LINES_H
#define MODELS_LINES_H

#include <string.h>

#include "models/world.h"

/* What the day throws on a line of so many, at `rate` each; `number` tells the lines of one process apart. */
static inline struct points line_points(const struct city *c, enum purpose line, uint32_t number, uint32_t length, double rate)
{
    if (number > 0 || (uint32_t)line >= LINES_DRAWN) return points_begin(&c->luck, line, number, length, rate);
    return points_begin_first(&c->luck, line, length, rate, &c->first[line]);
}

/* On the seats of the venues, whoever sits there: scenarios share it seat by seat. */
static inline struct points seats_points(const struct city *c, enum purpose line, double rate)
{
    return line_points(c, line, 0, c->venue_seats, rate);
}

/* And on those of the owners' private places. */
static inline struct points owners_seats_points(const struct city *c, enum purpose line, double rate)
{
    return line_points(c, line, 0, c->kind_seat[PLACE_STREET], rate);
}

/* Counting off: in which row of a column of small numbers the n-th thing of all lies, for rising n. An event may change the row
 * in which it was found, and those before: what they held when they were come to is kept. Those still to come must stay as they
 * were at the beginning, or others would be found than were drawn; builds for debugging stop where they did not. */
struct counted {
    const uint8_t *column;
    uint64_t word;         /* eight rows from `row` on */
    uint32_t row, before;  /* before: things in the rows before these */
#ifdef ENFORCESIM_DEBUG
    uint32_t rows;
    uint64_t to_come;      /* counted_weight() at the beginning of the rows after these */
#endif
};

#ifdef ENFORCESIM_DEBUG
/* Another number when things come to rows, leave them or go from one to another. */
static inline uint64_t counted_weight(const struct counted *counted, uint32_t first, uint32_t end)
{
    uint64_t weight = 0;
    for (uint32_t row = first; row < end && row < counted->rows; row++) weight += counted->column[row] * (1 + (uint64_t)row * row);
    return weight;
}

static inline void counted_watch(struct counted *counted, uint32_t rows)
{
    counted->rows = rows;
    counted->to_come = counted_weight(counted, 8, rows);
}

static inline void counted_watch_next(struct counted *counted)
{
    if (counted->row >= counted->rows) __builtin_trap();
    counted->to_come -= counted_weight(counted, counted->row, counted->row + 8);
}

static inline void counted_watch_end(const struct counted *counted)
{
    if (counted->to_come != counted_weight(counted, counted->row + 8, counted->rows)) __builtin_trap();
}
#else
static inline void counted_watch(struct counted *counted, uint32_t rows) { (void)counted, (void)rows; }
static inline void counted_watch_next(struct counted *counted) { (void)counted; }
static inline void counted_watch_end(const struct counted *counted) { (void)counted; }
#endif

static inline void counted_load(struct counted *counted) { memcpy(&counted->word, counted->column + counted->row, sizeof counted->word); }

static inline struct counted counted_begin(const uint8_t *column, uint32_t rows)
{
    struct counted counted;
    counted.column = column;
    counted.row = counted.before = 0;
    counted_watch(&counted, rows);
    counted_load(&counted);
    return counted;
}

/* What was in a row of the word. */
static inline uint32_t counted_in(const struct counted *counted, uint32_t row)
{
    return counted->word >> 8 * (row - counted->row) & 0xff;
}

/* The row, and the thing's number in it; a column's last word is padded with zeros (world.c). n must lie below the sum of all. */
static inline uint32_t counted_find(struct counted *counted, uint32_t n, uint32_t *index)
{
    static const uint64_t EVEN = 0x00ff00ff00ff00ff, ONES = 0x0001000100010001;
    for (;;) {
        const uint32_t here = (uint32_t)(((counted->word & EVEN) + (counted->word >> 8 & EVEN)) * ONES >> 48);
        if (n - counted->before < here) break;
        counted->before += here;
        counted->row += 8;
        counted_watch_next(counted);
        counted_load(counted);
    }
    uint32_t rest = n - counted->before, row = counted->row;
    for (uint64_t word = counted->word; rest >= (word & 0xff); word >>= 8) {
        rest -= (uint32_t)(word & 0xff);
        row++;
    }
    *index = rest;
    return row;
}

/* On those alone whom it may concern, counted off from place to place: the exploited in venues and the private network, or the
 * persons of the street. For processes which concern few of the seats. */
struct persons_points {
    struct points points;
    struct counted counted;
    const uint64_t *mask; /* those concerned, by place */
    uint64_t here;        /* those of `place` when it was come to */
    uint32_t first, place;
};

/* `first`: the place from which on is counted. */
static inline struct persons_points persons_points_begin(const struct city *c, enum purpose line, const uint64_t *mask, uint32_t first,
                                                         uint32_t persons, double rate)
{
    struct persons_points thrown;
    thrown.points = line_points(c, line, 0, persons, rate);
    thrown.counted = counted_begin(c->concerned + first, (first < 2 * c->venues ? 2 * c->venues : c->places) - first);
    thrown.mask = mask;
    thrown.first = first;
    thrown.here = 0;
    thrown.place = UINT32_MAX;
    return thrown;
}

static inline struct persons_points exploited_points(const struct city *c, enum purpose line, double rate)
{
    return persons_points_begin(c, line, c->exploited, 0, exploited_now(c), rate);
}

static inline struct persons_points hidden_points(const struct city *c, enum purpose line, double rate)
{
    const uint32_t *n = c->count[PLACE_PRIVATE];
    return persons_points_begin(c, line, c->exploited, c->venues, n[CLASS_COERCED] + n[CLASS_MINOR], rate);
}

static inline struct persons_points street_points(const struct city *c, enum purpose line, double rate)
{
    return persons_points_begin(c, line, c->occupied, 2 * c->venues, c->count[PLACE_STREET][CLASS_ADULT], rate);
}

/* The next person, by place and seat, who is still there and concerned. She may leave, also for places before hers and those that
 * are not counted off; nobody may come to one after it or leave it until all are met. */
static inline bool persons_points_next(const struct city *c, struct persons_points *thrown, uint32_t *place, uint32_t *seat, double *mark)
{
    uint32_t number, index;
    while (points_next(&thrown->points, &number, mark)) {
        const uint32_t row = counted_find(&thrown->counted, number, &index);
        *place = thrown->first + row;
        if (*place != thrown->place) {
            thrown->place = *place;
            thrown->here = thrown->mask[*place];
            if (DEBUGGING && persons_in(thrown->here) != counted_in(&thrown->counted, row)) __builtin_trap();
        }
        const uint32_t bit = nth_bit(thrown->here, index);
        if (!(thrown->mask[*place] >> bit & 1)) continue;
        *seat = c->first_seat[*place] + bit;
        return true;
    }
    counted_watch_end(&thrown->counted);
    return false;
}

/* How many of the vacancies that a column counts by venue are taken today, each with the same chance: a coin for every venue, which
 * scenarios share, and which is looked at more closely where it might have fallen. */
struct column_coins {
    const struct city *c;
    const uint8_t *column;
    double chance;
    enum purpose purpose;
    uint32_t venue; /* the first of the row */
    uint64_t fallen;
    struct coin_row row;
};

static inline void column_coins_throw(struct column_coins *thrown)
{
    const uint32_t rest = thrown->c->venues - thrown->venue;
    thrown->fallen = coin_row_weighed(&thrown->row, &thrown->c->luck, thrown->purpose, 0, thrown->venue / COIN_ROW,
                                      rest < COIN_ROW ? rest : COIN_ROW, thrown->column + thrown->venue, thrown->chance);
}

static inline void column_coins_begin(struct column_coins *thrown, const struct city *c, enum purpose purpose, const uint8_t *column,
                                      double chance)
{
    thrown->c = c;
    thrown->column = column;
    thrown->chance = chance;
    thrown->purpose = purpose;
    thrown->venue = 0;
    column_coins_throw(thrown);
}

/* The next venue where somebody comes, and how many. */
static inline bool column_coins_next(struct column_coins *thrown, uint32_t *venue, uint32_t *come)
{
    for (;;) {
        while (thrown->fallen == 0) {
            thrown->venue += COIN_ROW;
            if (thrown->venue >= thrown->c->venues) return false;
            column_coins_throw(thrown);
        }
        const uint32_t k = (uint32_t)__builtin_ctzll(thrown->fallen);
        thrown->fallen &= thrown->fallen - 1;
        *venue = thrown->venue + k;
        *come = binomial_quantile(1 - coin_row_uniform(&thrown->row, k), thrown->column[*venue], thrown->chance);
        if (*come > 0) return true;
    }
}

#endif

/* Open cases, at most one against an offender, in the order of offenders. */
#include <string.h>

#include "models/lists.h"

/* The row of the first case against this offender or a later one. */
static uint32_t case_row(const struct city *c, uint32_t offender)
{
    uint32_t low = 0, high = c->n_cases;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (c->cases[middle].offender < offender) low = middle + 1;
        else high = middle;
    }
    return low;
}

struct court_case *case_of(const struct city *c, uint32_t offender)
{
    const uint32_t row = case_row(c, offender);
    return row < c->n_cases && c->cases[row].offender == offender ? &c->cases[row] : NULL;
}

struct court_case *case_open(struct city *c, uint32_t offender)
{
    const uint32_t row = case_row(c, offender);
    if (row < c->n_cases && c->cases[row].offender == offender) return &c->cases[row];
    if (!HAS_ROOM(c, cases)) return NULL;
    memmove(&c->cases[row + 1], &c->cases[row], (c->n_cases++ - row) * sizeof *c->cases);
    c->cases[row] = (struct court_case){.offender = offender};
    return &c->cases[row];
}

void case_close(struct city *c, uint32_t offender)
{
    const uint32_t row = case_row(c, offender);
    memmove(&c->cases[row], &c->cases[row + 1], (--c->n_cases - row) * sizeof *c->cases);
    if (c->standing[offender] == STANDING_REMAND) offender_stands(c, offender, STANDING_FREE);
}

/* Bonds of the exploited and detained in venues: one chain for each venue, in the order of days. */
#include "models/lists.h"

/* The order of a chain: by day, those without one last. */
static uint16_t rank_of_day(uint16_t due) { return (uint16_t)(due - 1); }

/* Where there is no room for another, the run is about to end. */
void bond_take(struct city *c, uint32_t venue, uint32_t seat, uint16_t due, uint16_t supplier)
{
    uint32_t bond = c->free_bond, before = 0, after = c->first_bond[venue];
    if (bond != 0) c->free_bond = c->bonds[bond].next;
    else if (HAS_ROOM(c, bonds)) bond = c->n_bonds++;
    c->short_of_memory |= bond == 0;
    if (bond == 0) return;
    for (; after != 0 && rank_of_day(c->bonds[after].due) < rank_of_day(due); after = c->bonds[after].next) before = after;
    c->bonds[bond] = (struct bond){due, supplier, after & BONDS_MAXIMUM, (seat - c->first_seat[venue]) % PLACE_SEATS};
    if (before == 0) c->first_bond[venue] = bond;
    else c->bonds[before].next = bond & BONDS_MAXIMUM;
}

struct bond bond_leave(struct city *c, uint32_t venue, uint32_t seat)
{
    const uint32_t inside = seat - c->first_seat[venue];
    uint32_t bond = c->first_bond[venue], before = 0;
    for (; bond != 0 && c->bonds[bond].seat != inside; bond = c->bonds[bond].next) before = bond;
    const struct bond left = c->bonds[bond];
    if (bond == 0) return left;
    if (before == 0) c->first_bond[venue] = left.next;
    else c->bonds[before].next = left.next;
    c->bonds[bond].next = c->free_bond & BONDS_MAXIMUM;
    c->free_bond = bond;
    return left;
}

void due_change(struct city *c, uint32_t seat, uint16_t due)
{
    const uint32_t place = seat_place(c, seat);
    if (seat >= c->venue_seats) *due_at(c, seat) = due;
    else bond_take(c, place, seat, due, bond_leave(c, place, seat).supplier);
}

uint64_t due_in(const struct city *c, uint32_t place, uint64_t mask, int32_t *next)
{
    uint64_t found = 0;
    uint32_t bond = place < c->venues ? c->first_bond[place] : 0;
    for (; bond != 0 && rank_of_day(c->bonds[bond].due) <= c->day; bond = c->bonds[bond].next) found |= 1ull << c->bonds[bond].seat;
    if (bond != 0 && rank_of_day(c->bonds[bond].due) < *next) *next = rank_of_day(c->bonds[bond].due);
    if (place < c->venues) return found & mask;
    while (mask) {
        const uint32_t seat = next_seat(c, place, &mask);
        const int32_t day = rank_of_day(*due_at(c, seat));
        if (day <= c->day) found |= bit_in(c, place, seat);
        else if (day < *next) *next = day;
    }
    return found;
}

"""The model of reduced.cfg in vectorised NumPy: a column for each property of a seat, and whole columns at a time.

By default every person throws a coin for each of her processes, with 32 bits. With a fifth argument `events` the number
of those on whom luck falls is drawn first and then who they are, as EnforceSim does and few would write.
Where EnforceSim counts a Poisson number of incidents of a person in a day, the coins have the same mean.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import reduced_rules as rules
from reduced_rules import Outcomes

Chosen = Callable[[np.random.Generator, int, float], np.ndarray]


def by_coins(rng: np.random.Generator, n: int, chance: float) -> np.ndarray:
    """Which of n entities an event meets today."""
    return np.flatnonzero(rng.random(n, dtype=np.float32) < np.float32(chance))


def by_events(rng: np.random.Generator, n: int, chance: float) -> np.ndarray:
    return rng.integers(0, n, rng.poisson(n * chance))


class City:
    """All seats of all venues; those of venue v are rows SEATS v to SEATS v + SEATS - 1."""

    def __init__(self, venues: int, days: int, seed: int, chosen: Chosen):
        self.rng = np.random.default_rng(seed)
        self.chosen = chosen
        self.venues, self.seats = venues, venues * rules.SEATS
        self.taken = np.zeros(self.seats, dtype=bool)
        self.infected = np.zeros(self.seats, dtype=bool)
        self.served_on = np.full(self.seats, -rules.SERVED_DAYS, dtype=np.int32)
        self.outcomes = Outcomes(days)

    def refill(self, chance: float) -> None:
        empty = np.flatnonzero(~self.taken)
        new = empty[self.rng.random(empty.size) < chance]
        self.taken[new] = True
        self.infected[new] = False
        self.served_on[new] = -rules.SERVED_DAYS

    def persons(self, chance: float) -> np.ndarray:
        """The seats of those whom an event with this chance meets."""
        seats = self.chosen(self.rng, self.seats, chance)
        return seats[self.taken[seats]]

    def infections(self, day: int) -> None:
        seats = self.persons(rules.INFECTION)
        spared = day - self.served_on[seats] < rules.SERVED_DAYS
        spared &= self.rng.random(seats.size) >= rules.PROTECTED
        seats = seats[~spared & ~self.infected[seats]]
        self.infected[seats] = True
        self.outcomes.infections += seats.size

    def outreach(self, day: int) -> None:
        visited = self.chosen(self.rng, self.venues, rules.OUTREACH)
        admitted = visited[self.rng.random(visited.size) < rules.ADMITTED]
        self.outcomes.outreach_visits += admitted.size
        self.outcomes.outreach_denied += visited.size - admitted.size
        seats = (admitted[:, None] * rules.SEATS + np.arange(rules.SEATS)).ravel()
        self.serve(seats[self.taken[seats] & (self.rng.random(seats.size) < rules.UPTAKE)], day)

    def serve(self, seats: np.ndarray, day: int) -> None:
        self.served_on[seats] = day
        self.outcomes.persons_served += seats.size

    def step(self, day: int) -> None:
        self.refill(rules.REFILL if day > 0 else rules.FILLED_AT_START)
        self.taken[self.persons(rules.LEAVE)] = False
        self.infections(day)
        self.outcomes.violence_client += self.persons(rules.CLIENT_VIOLENCE).size
        self.outcomes.violence_owner += self.persons(rules.OWNER_VIOLENCE).size
        self.outreach(day)
        self.serve(self.persons(rules.CLINIC), day)
        self.outcomes.end_of_day(day, lambda: self.census(day), int(np.count_nonzero(self.taken)))

    def census(self, day: int) -> tuple[int, int]:
        served = self.taken & (day - self.served_on < rules.SERVED_DAYS)
        return int(np.count_nonzero(self.taken & self.infected)), int(np.count_nonzero(served))


def simulate(venues: int, days: int, seed: int) -> Outcomes:
    city = City(venues, days, seed, by_events if sys.argv[5:] == ["events"] else by_coins)
    for day in range(days):
        city.step(day)
    return city.outcomes


if __name__ == "__main__":
    rules.main(simulate)

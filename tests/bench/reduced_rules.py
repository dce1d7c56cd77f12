"""The numbers of reduced.cfg, for those who write the same model again, and how they tell what came out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from math import exp

SEATS = 20
FILLED_AT_START = 0.95
REFILL = 1 - exp(-0.1)  # chance a day that an empty seat is taken
LEAVE = 1 - exp(-1 / 365)
INFECTION = 0.0001
PROTECTED = 0.5  # of the infection rate, for those served within SERVED_DAYS
SERVED_DAYS = 90
CLIENT_VIOLENCE = 0.001
OWNER_VIOLENCE = 0.0003
OUTREACH = 1 / 30
ADMITTED = 0.7
UPTAKE = 0.6
CLINIC = 0.012
AVERAGED_DAYS = 180  # at the end, for the means


class Outcomes:
    """Counts over the run and means over its last days, under the names of EnforceSim's metrics."""

    def __init__(self, days: int):
        self.first_averaged = days - AVERAGED_DAYS
        self.averaged = min(days, AVERAGED_DAYS)
        self.person_days = 0
        self.infections = self.violence_client = self.violence_owner = 0
        self.outreach_visits = self.outreach_denied = self.persons_served = 0
        self.adults_present = self.infected_share = self.health_coverage = 0.0

    def end_of_day(self, day: int, census: Callable[[], tuple[int, int]], persons: int) -> None:
        """census() tells how many are infected and how many were served within SERVED_DAYS."""
        self.person_days += persons
        if day < self.first_averaged:
            return
        infected, served = census()
        self.adults_present += persons / self.averaged
        self.infected_share += infected / persons / self.averaged
        self.health_coverage += served / persons / self.averaged

    def values(self) -> dict[str, float]:
        left_out = ("first_averaged", "averaged", "person_days")
        return {name: float(value) for name, value in vars(self).items() if name not in left_out}


def main(simulate: Callable[[int, int, int], Outcomes]) -> None:
    """Run simulate(venues, days, seed) as often as argv says; print CPU seconds, person-days and what came out."""
    venues, days, replicates, seed = map(int, sys.argv[1:5])
    began = time.process_time()
    found = [simulate(venues, days, seed + replicate) for replicate in range(replicates)]
    seconds = time.process_time() - began
    person_days = sum(outcomes.person_days for outcomes in found)
    values = [outcomes.values() for outcomes in found]
    print(json.dumps({"seconds": seconds, "person_days": person_days, "outcomes": values}))

"""The model of reduced.cfg in Mesa: persons and venues are agents, and persons throw a coin for each process.

Where EnforceSim counts a Poisson number of incidents of a person in a day, this throws one coin with the same mean.
"""

from __future__ import annotations

import mesa
import reduced_rules as rules
from reduced_rules import Outcomes


class Person(mesa.Agent):
    """A non-coerced adult in a venue."""

    def __init__(self, model: City, venue: Venue):
        super().__init__(model)
        self.venue = venue
        self.infected = False
        self.served_on = -rules.SERVED_DAYS
        venue.persons.append(self)

    @property
    def served(self) -> bool:
        return self.model.day - self.served_on < rules.SERVED_DAYS

    def step(self) -> None:
        random, outcomes = self.random.random, self.model.outcomes
        if random() < rules.LEAVE:
            self.venue.persons.remove(self)
            self.remove()
            return
        if not self.infected and random() < rules.INFECTION * (rules.PROTECTED if self.served else 1):
            self.infected = True
            outcomes.infections += 1
        if random() < rules.CLIENT_VIOLENCE:
            outcomes.violence_client += 1
        if random() < rules.OWNER_VIOLENCE:
            outcomes.violence_owner += 1
        if random() < rules.CLINIC:
            self.serve()

    def serve(self) -> None:
        self.served_on = self.model.day
        self.model.outcomes.persons_served += 1


class Venue(mesa.Agent):
    """A venue of SEATS seats."""

    def __init__(self, model: City):
        super().__init__(model)
        self.persons: list[Person] = []

    def refill(self, chance: float) -> None:
        for _ in range(rules.SEATS - len(self.persons)):
            if self.random.random() < chance:
                Person(self.model, self)

    def outreach(self) -> None:
        if self.random.random() >= rules.OUTREACH:
            return
        if self.random.random() >= rules.ADMITTED:
            self.model.outcomes.outreach_denied += 1
            return
        self.model.outcomes.outreach_visits += 1
        for person in self.persons:
            if self.random.random() < rules.UPTAKE:
                person.serve()


class City(mesa.Model):
    """The world: its agents, and the schedule of a day."""

    def __init__(self, venues: int, days: int, seed: int):
        super().__init__(seed=seed)
        self.day = -1
        self.outcomes = Outcomes(days)
        Venue.create_agents(self, venues)

    def step(self) -> None:
        self.day += 1
        venues = self.agents_by_type[Venue]
        venues.do("refill", rules.REFILL if self.day > 0 else rules.FILLED_AT_START)
        persons = self.agents_by_type[Person]
        persons.do("step")
        venues.do("outreach")
        self.outcomes.end_of_day(self.day, self.census, len(persons))

    def census(self) -> tuple[int, int]:
        persons = self.agents_by_type[Person]
        return sum(persons.get("infected")), sum(persons.get("served"))


def simulate(venues: int, days: int, seed: int) -> Outcomes:
    city = City(venues, days, seed)
    for _ in range(days):
        city.step()
    return city.outcomes


if __name__ == "__main__":
    rules.main(simulate)

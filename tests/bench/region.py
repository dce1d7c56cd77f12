"""A region of many cities: time, memory, threads; and with --large the ten and the hundred million persons."""

from __future__ import annotations

from functools import partial

from measure import CORES, Spent, Workshop, alternate, median, person_days, spend, spread
from table import number, table

CITIES, DAYS = 300, 365
PERSONS = 3000  # of a city of 150 venues, about
GOAL_MEMORY, GOAL_SPEED = 24, 1.8
LARGE = [  # cities, days, address space, what
    (3340, 3650, None, "10^7 persons for 10 years"),
    (33400, 3, 4 * 2**30, "10^8 persons for 3 days in 4 GiB of address space"),
    (33400, 3, None, "10^8 persons for 3 days"),
]


def settings(cities: int, days: int) -> dict[str, object]:
    """One scenario without burn-in, recorded at its end alone."""
    return {"parameters__region__cities": cities, "run__burn_in": 0, "run__horizon": days, "run__record_every": days}


def run(workshop: Workshop, cities: int, days: int, threads: int) -> Spent:
    return workshop.run(
        "essay.cfg", "-r", 1, "-j", threads, "--scenario", "status_quo", memory=True, **settings(cities, days)
    )


def section(workshop: Workshop, rounds: int) -> list[tuple[str, str]]:
    rounds = min(rounds, 3)
    many, two, few = alternate(
        [
            partial(run, workshop, CITIES, DAYS, 1),
            partial(run, workshop, CITIES, DAYS, 2),
            partial(run, workshop, CITIES // 5, DAYS, 1),
        ],
        rounds,
    )
    persons = person_days(many[0].output) / DAYS
    rows = []
    for name, mine in (("1 thread", many), ("2 threads", two)):
        best = min(s.wall for s in mine)
        rate = person_days(mine[0].output) / 1e6
        had = max(s.cpu / s.wall for s in mine)
        by_cpu = number(rate / median(s.cpu for s in mine))
        rows.append([name, number(rate / best), by_cpu, number(had), spread([s.cpu for s in mine])])
    small = person_days(few[0].output) / DAYS
    state = (many[0].memory - few[0].memory) / (persons - small)
    speed = min(s.wall for s in many) / min(s.wall for s in two)
    threads_memory = two[0].memory / persons
    text = table(
        [
            f"{CITIES} cities, {number(persons)} persons, {DAYS} days",
            "M person-days/s",
            "M person-days/CPU-s",
            "cores had",
            "spread",
        ],
        rows,
    )
    text += (
        f"\n\nFrom {CITIES // 5} to {CITIES} cities the peak of memory grows by {state:.0f} bytes a person, for two "
        f"worlds: the burnt-in one and the scenario's; on two threads it is {threads_memory:.0f} bytes a person. "
        f"Two threads are {speed:.2f} times as fast by the clock, with {CORES} cores and whatever else runs on them. "
        f"Goals: {GOAL_MEMORY} bytes of peak memory a person: {'reached' if state <= GOAL_MEMORY else 'not reached'}; "
        f"{GOAL_SPEED} times as fast: {'reached' if speed >= GOAL_SPEED else 'not reached'}."
    )
    return [("One large world", text)]


def large(workshop: Workshop, rounds: int) -> list[tuple[str, str]]:
    del rounds  # once
    found = []
    for cities, days, room, what in LARGE:
        words = workshop.command("essay.cfg", "-r", 1, "--scenario", "status_quo", **settings(cities, days))
        spent = spend(words, workshop.folder, room=room, patience=3000, memory=True)
        memory, wall, said = f"{spent.memory / 2**30:.2f} GiB", f"{number(spent.wall)} s", spent.output.strip()
        text = f"Failed with status {spent.status} after {wall}, at {memory}: `{said}`"
        if spent.status == 0:
            done = person_days(said)
            text = (
                f"{number(done / days)} persons in {cities:,} cities, {days} days: {wall} on {CORES} threads "
                f"that had {spent.cpu / spent.wall:.1f} cores; {number(done / spent.wall / 1e6)} M person-days/s, "
                f"{number(done / spent.cpu / 1e6)} M a CPU-second; peak {memory}, {spent.memory * days / done:.0f} "
                f"bytes a person. {said}"
            )
        found.append((what, text))
    return found

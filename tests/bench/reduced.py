"""The reduced model of reduced.cfg in EnforceSim, Mesa, NumPy and plain C: the same outcomes, and how fast."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable

import enforcesim as es
import numpy as np
from measure import BUILD, HERE, Spent, Workshop, alternate, insist, median, person_days, spread
from table import number, reached, table

OWN_PYTHON = BUILD / "bench" / ".venv" / "bin" / "python"
PLAIN_C = BUILD / "bench" / "reduced"
DAYS, VENUES = 1095, 150
OURS = 300  # replicates a turn; fewer would be over before starting and writing no longer count
REFERENCE = 200  # replicates of EnforceSim, from which the standard deviations are taken
LIMIT = 5.0  # standard errors; 45 comparisons at 5 alarm without cause in 3 of 100,000 runs
GOAL_MESA, GOAL_NUMPY = 1000, 10

# name, command, replicates a turn
OTHERS: list[tuple[str, list[object], int]] = [
    ("plain C, coins", [PLAIN_C], 12),
    ("NumPy, coins", [OWN_PYTHON, HERE / "reduced_numpy.py"], 4),
    ("NumPy, by events", [OWN_PYTHON, HERE / "reduced_numpy.py", "events"], 4),
    ("Mesa 3.3", [OWN_PYTHON, HERE / "reduced_mesa.py"], 1),
]


class Told(Spent):
    """A contestant's own CPU time, without its imports, and what came out."""

    def __init__(self, spent: Spent):
        said = json.loads(spent.output)
        super().__init__(said["seconds"], spent.wall, spent.output)
        self.person_days, self.outcomes = said["person_days"], said["outcomes"]


def contestant(command: list[object], venues: int, days: int, replicates: int, seeds: list[int]) -> Callable[[], Told]:
    """Every call has other seeds."""

    def call() -> Told:
        seeds[0] += replicates
        program = 1 if command[0] == PLAIN_C else 2
        return Told(insist([*command[:program], venues, days, replicates, seeds[0], *command[program:]]))

    return call


def reference(workshop: Workshop) -> dict[str, np.ndarray]:
    workshop.run("reduced.cfg", "-r", REFERENCE, "-j", 1, run__horizon=DAYS)
    with es.open(workshop.folder / "out.h5") as ds:
        return {m: ds[f"summary.{m}"].values.ravel() for m in es.metrics(ds).index}


def worst(ours: dict[str, np.ndarray], outcomes: list[dict[str, float]]) -> tuple[float, str]:
    """The largest difference of means, in standard errors by the reference's deviation between replicates."""
    found = []
    for name in outcomes[0]:
        theirs = np.array([outcome[name] for outcome in outcomes])
        error = ours[name].std(ddof=1) * math.sqrt(1 / ours[name].size + 1 / theirs.size)
        found.append((abs(theirs.mean() - ours[name].mean()) / error, name))
    return max(found)


def race(
    workshop: Workshop, venues: int, days: int, replicates: int, rounds: int, others: list[Callable[[], Told]]
) -> list[list[Spent]]:
    def ours() -> Spent:
        settings = {"run__horizon": days, "run__record_every": days, "parameters__region__venues": venues}
        return workshop.run("reduced.cfg", "-r", replicates, "-j", 1, **settings)

    return alternate([ours, *others], rounds)


def row(name: str, spent: list[Spent], ours: float, checked: str) -> list[object]:
    rates = [(s.person_days if isinstance(s, Told) else person_days(s.output)) / s.cpu for s in spent]
    return [name, number(median(rates) / 1e6), number(ours / median(rates)), spread(rates), checked]


def small(workshop: Workshop, rounds: int) -> str:
    others = [contestant(command, VENUES, DAYS, r, [1000 * (i + 1)]) for i, (_, command, r) in enumerate(OTHERS)]
    spent = race(workshop, VENUES, DAYS, OURS, rounds, others)
    means = reference(workshop)
    ours = median(person_days(s.output) / s.cpu for s in spent[0])
    rows, ratios, wrong = [row("EnforceSim", spent[0], ours, "")], {}, []
    for (name, *_), mine in zip(OTHERS, spent[1:], strict=True):
        far, which = worst(means, [outcome for told in mine for outcome in told.outcomes])
        if far > LIMIT:
            wrong.append(f"{name}: {which} differs by {far:.1f} standard errors")
        rows.append(row(name, mine, ours, f"{far:.1f} ({which})"))
        ratios[name] = ours / median(s.person_days / s.cpu for s in mine)
    if wrong:
        sys.exit("the reduced models are not the same model: " + "; ".join(wrong))
    goals = f"Goals: {GOAL_NUMPY} times NumPy: {reached(ratios['NumPy, coins'], GOAL_NUMPY)}; "
    goals += f"{GOAL_MESA:,} times Mesa: {reached(ratios['Mesa 3.3'], GOAL_MESA)}."
    head = [
        "3,000 seats, one thread",
        "M person-days/CPU-s",
        "EnforceSim is faster by",
        "spread",
        "largest difference in standard errors",
    ]
    return table(head, rows) + (
        f"\n\nNine outcomes of each are compared with {REFERENCE} replicates of EnforceSim; above {LIMIT:.0f} standard "
        f"errors the benchmark fails. EnforceSim's time is that of the whole process and of writing its file, that of "
        f"the others without starting and importing. {goals}"
    )


def large(workshop: Workshop, rounds: int) -> str:
    """A hundred times as many persons in one city, where NumPy's calls cost little for each."""
    venues, days = 100 * VENUES, 365
    chosen = [(name, command) for name, command, _ in OTHERS if name != "Mesa 3.3"]
    others = [contestant(command, venues, days, 1, [1]) for _, command in chosen]
    spent = race(workshop, venues, days, 1, rounds, others)
    ours = median(person_days(s.output) / s.cpu for s in spent[0])
    rows = [row("EnforceSim", spent[0], ours, "")[:4]]
    rows += [row(name, mine, ours, "")[:4] for (name, _), mine in zip(chosen, spent[1:], strict=True)]
    return table(["300,000 seats, one thread", "M person-days/CPU-s", "EnforceSim is faster by", "spread"], rows)


def section(workshop: Workshop, rounds: int) -> list[tuple[str, str]]:
    return [
        ("The reduced model (`tests/bench/reduced.cfg`)", small(workshop, rounds)),
        ("The reduced model, a hundred times as large", large(workshop, min(rounds, 3))),
    ]

"""The essay's city: how fast, on how many threads, and against a plain coin for everybody every day."""

from __future__ import annotations

import math
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import enforcesim as es
import numpy as np
from measure import BUILD, CORES, PROGRAM, Spent, Workshop, alternate, median, person_days, spread
from table import number, reached, table

COMPARISON = 200  # the essay's
REPLICATES = 24  # where contestants take long
COINS = BUILD / "bench" / "coins" / "enforcesim"
COINS_OF_TESTS = BUILD / "coins" / "enforcesim"
FALSE_ALARM = 1e-6
GOAL_RATE, GOAL_COINS, GOAL_EFFICIENCY = 1e9, 15, 0.95


def rate(spent: list[Spent]) -> float:
    """Person-days per second of CPU time."""
    return median(person_days(s.output) / s.cpu for s in spent)


def writing(spent: list[Spent]) -> float:
    """Seconds of writing the file, by the program's own word."""
    return median(float(re.search(r"([\d.]+) s of writing", s.output)[1]) for s in spent)


def at_once(workshop: Workshop, processes: int) -> Spent:
    """The comparison by so many processes of one thread side by side: what the machine itself takes from each."""
    with ThreadPoolExecutor(processes) as pool:
        runs = [
            pool.submit(workshop.run, "essay.cfg", "-r", COMPARISON, "-j", 1, out=f"out-{i}.h5")
            for i in range(processes)
        ]
        spent = [run.result() for run in runs]
    return Spent(sum(s.cpu for s in spent), max(s.wall for s in spent), spent[0].output)


def threads(workshop: Workshop, rounds: int) -> str:
    counts = sorted({1, 2, CORES, 4 * CORES})
    runs = [partial(workshop.run, "essay.cfg", "-r", COMPARISON, "-j", j) for j in counts]
    *spent, apart = alternate([*runs, partial(at_once, workshop, min(2, CORES))], rounds)
    walls = [min(s.wall for s in mine) for mine in spent]
    rows = []
    for j, mine, wall in zip(counts, spent, walls, strict=True):
        on_cores = min(j, CORES)
        rows.append(
            [
                j,
                number(COMPARISON / wall),
                number(person_days(mine[0].output) / wall / 1e6),
                number(rate(mine) / 1e6),
                f"{walls[0] / wall / on_cores:.0%}",
                f"{rate(mine) / rate(spent[0]):.0%}",
                number(max(s.cpu / s.wall for s in mine)),
                spread([s.cpu for s in mine]),
            ]
        )
    text = table(
        [
            "threads",
            "replicates/s",
            "M person-days/s",
            "M person-days/CPU-s",
            "efficiency by the clock",
            "by CPU time",
            "cores had",
            "spread",
        ],
        rows,
    )
    share = writing(spent[0]) / median(s.wall for s in spent[0])
    on_two = walls[0] / walls[1] / min(2, CORES)
    side_by_side = walls[0] / min(s.wall for s in apart)
    return (
        f"{text}\n\n{COMPARISON} replicates of four scenarios, {number(person_days(spent[0][0].output))} person-days. "
        f"The clock: best of {rounds}; CPU time (user and system): median. Efficiency is against one thread and counts "
        f"the cores that the threads have; other work on the machine lowers that by the clock, not that by CPU time. "
        f"{min(2, CORES)} processes of one thread side by side, which share the machine alone: {side_by_side:.1%}. "
        f"Writing the file takes {share:.1%} of one thread's time. Goals: {GOAL_RATE / 1e6:.0f} M person-days/CPU-s: "
        f"{reached(rate(spent[0]) / 1e6, GOAL_RATE / 1e6)}; efficiency {GOAL_EFFICIENCY} on 2 threads: "
        f"{reached(on_two, GOAL_EFFICIENCY)} by the clock, "
        f"{reached(rate(spent[1]) / rate(spent[0]), GOAL_EFFICIENCY)} by CPU time."
    )


def summaries(path: Path) -> dict[str, np.ndarray]:
    """Every metric's summary, shape (scenario, replicate)."""
    with es.open(path) as ds:
        return {m: ds[f"summary.{m}"].transpose("scenario", "replicate").values for m in es.metrics(ds).index}


def differences(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> list[tuple[float, str]]:
    """Welch's statistic of each metric and scenario with enough different values, the largest first."""
    found = []
    for name, a in ours.items():
        for scenario, (x, y) in enumerate(zip(a, theirs[name], strict=True)):
            x, y = x[np.isfinite(x)], y[np.isfinite(y)]
            if min(x.size, y.size) < 10 or min(np.unique(x).size, np.unique(y).size) < 10:
                continue  # counts of hardly any event are not normal
            found.append(
                (
                    abs(x.mean() - y.mean()) / math.sqrt(x.var(ddof=1) / x.size + y.var(ddof=1) / y.size),
                    f"{name} {scenario}",
                )
            )
    return sorted(found, reverse=True)


def agree(workshop: Workshop) -> str:
    """The coins' means against ours; other worlds, by another seed."""
    from scipy.stats import t

    n = REPLICATES
    workshop.run("essay.cfg", "-r", n)
    ours = summaries(workshop.folder / "out.h5")
    workshop.run("essay.cfg", "-r", n, "--seed", 4, program=COINS)
    found = differences(ours, summaries(workshop.folder / "out.h5"))
    limit = t.ppf(1 - FALSE_ALARM / 2 / len(found), n - 1)
    furthest, which = found[0]
    says = f"{len(found)} means of {n} replicates each differ by at most {furthest:.1f} standard errors ({which})"
    if furthest >= limit:
        sys.exit(f"the coins are not the same model: {says}; {limit:.1f} is the most that chance explains")
    return f"{says}; {limit:.1f} would end the benchmark"


def coins(workshop: Workshop, rounds: int) -> str:
    programs = [("EnforceSim", PROGRAM, REPLICATES), ("coins of a fast sequential generator", COINS, 6),
                ("coins of the tests (Philox)", COINS_OF_TESTS, 3)]  # fmt: skip
    spent = alternate([partial(workshop.run, "essay.cfg", "-r", r, "-j", 1, program=p) for _, p, r in programs], rounds)
    ours = rate(spent[0])
    rows = [
        [
            name,
            number(rate(mine) / 1e6),
            number(ours / rate(mine)),
            spread([person_days(s.output) / s.cpu for s in mine]),
        ]
        for (name, _, _), mine in zip(programs, spent, strict=True)
    ]
    return (
        table(["the same rules, one thread", "M person-days/CPU-s", "EnforceSim is faster by", "spread"], rows)
        + f"\n\nOutcomes: {agree(workshop)}. The coins ask every seat, also those that are empty. "
        f"Goal: {GOAL_COINS} times: {reached(ours / rate(spent[1]), GOAL_COINS)}."
    )


def section(workshop: Workshop, rounds: int) -> list[tuple[str, str]]:
    return [("The essay's city", threads(workshop, rounds)), ("Against plain coins", coins(workshop, rounds))]

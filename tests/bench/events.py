"""What the cost of a simulated day depends on, in instructions: persons, venues, events, scenarios, replicates."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import log
from typing import TypeVar

from measure import CORES, Workshop, slope
from table import number, table

T = TypeVar("T")
DAYS = 1000  # so many that the first, on which the venues are filled, hardly counts


def each(work: Callable[[T], float], values: list[T]) -> list[float]:
    """Counts do not depend on what runs beside them."""
    with ThreadPoolExecutor(CORES) as pool:
        return list(pool.map(work, values))


def a_day(workshop: Workshop, **settings: object) -> float:
    """Instructions per simulated day of the reduced model, records apart."""
    return (
        workshop.count("reduced.cfg", "-r", 1, within="live", run__horizon=DAYS, run__record_every=DAYS, **settings)
        / DAYS
    )


def rates(by: float) -> dict[str, float]:
    """The rates of all that happens to persons, and of visits to venues."""
    return {
        "parameters__persons__adult_tenure": 365 / by,
        "parameters__persons__infection_rate": 0.0001 * by,
        "parameters__violence__client_violence": 0.001 * by,
        "parameters__violence__owner_violence": 0.0003 * by,
        "parameters__health__clinic_rate": 0.012 * by,
    }


def persons(workshop: Workshop) -> list[object]:
    """More persons in the same venues, and the same number of events."""
    seats = [20, 30, 45, 60]

    def cost(n: int) -> float:
        return a_day(
            workshop,
            parameters__region__slots_log_mean=log(n),
            parameters__health__uptake=0.6 * 20 / n,
            **rates(20 / n),
        )

    counts = each(cost, seats)
    steep, _, _ = slope([150 * n for n in seats], counts)
    return line("persons, events and venues constant", [150 * n for n in seats], counts, f"{number(steep)} for a seat")


def venues(workshop: Workshop) -> list[object]:
    """More venues with as many more persons, and the same number of events."""
    number_of = [150, 600, 2400]

    def cost(n: int) -> float:
        return a_day(workshop, parameters__region__venues=n, parameters__health__outreach_rate=5 / n, **rates(150 / n))

    counts = each(cost, number_of)
    steep, _, _ = slope(number_of, counts)
    return line("venues (of 20 persons), events constant", number_of, counts, f"{number(steep)} for a venue")


def happenings(workshop: Workshop) -> list[object]:
    """Everything that happens to persons, more often; at 1 some 50 events a day, visits to clinics most of all."""
    factors = [1, 2, 4, 8]
    counts = each(lambda by: a_day(workshop, **rates(by)), factors)
    a_person = 1 / 365 + 0.0001 + 0.001 + 0.0003 + 0.012
    happen = [a_person * 2920 * by for by in factors]
    steep, _, off = slope(happen, counts)
    return line(
        "events of persons a day",
        [round(n) for n in happen],
        counts,
        f"{number(steep)} for an event; straight to {off:.0%}",
    )


def simulation(workshop: Workshop, *arguments: object, **settings: object) -> int:
    """Instructions of a run of the essay's city, the results file apart."""
    return workshop.count("essay.cfg", *arguments, within="study_run", **settings)


def scenarios(workshop: Workshop) -> list[object]:
    same = ", ".join(f'{{ name = "{name}"; policy = "status_quo"; }}' for name in "abcd")
    (workshop.folder / "same.cfg").write_text(f'@include "policies.cfg"\nscenarios = ( {same} );\n')

    def cost(n: int) -> float:
        chosen = [word for name in "abcd"[:n] for word in ("--scenario", name)]
        settings = {"run__burn_in": 10, "within": "study_run"}
        return workshop.count("same.cfg", "-r", 1, "--days", 300, *chosen, **settings)

    counts = each(cost, [1, 2, 4])
    steep, _, off = slope([1, 2, 4], counts)
    return line("scenarios of 300 days", [1, 2, 4], counts, f"{number(steep)} for a scenario; straight to {off:.0%}")


def replicates(workshop: Workshop) -> list[object]:
    numbers = [1, 4, 8]
    counts = each(lambda n: simulation(workshop, "-r", n, "--days", 100, run__burn_in=10), numbers)
    steep, start, off = slope(numbers, counts)
    text = f"{number(steep)} for a replicate; straight to {off:.0%}; {number(start)} for the start"
    return line("replicates of 4 scenarios of 100 days", numbers, counts, text)


def branching(workshop: Workshop) -> list[object]:
    """Three scenarios more after a burn-in of 1,825 days: copies of the world, and a day."""
    one, days = ["--scenario", "status_quo"], {"run__burn_in": 1825, "run__record_before": 0}
    cases = [(one, days), ([], days), (one, {"run__burn_in": 0})]
    once, four, none = each(lambda case: simulation(workshop, "-r", 1, "--days", 1, *case[0], **case[1]), cases)
    share = (four - once) / 3 / (once - none)
    text = f"a scenario more costs {share:.2%} of the burn-in, its first day included"
    return line("scenarios after a burn-in of 1,825 days", [1, 4], [once, four], text)


def line(what: str, x: list[float], counts: list[float], says: str) -> list[object]:
    return [what, " ".join(number(v) for v in x), " ".join(number(count / 1000) for count in counts), says]


def section(workshop: Workshop, rounds: int) -> list[tuple[str, str]]:
    del rounds  # instructions have no noise
    rows = [part(workshop) for part in (persons, venues, happenings, scenarios, replicates, branching)]
    head = ["with the number of", "", "thousands of instructions", "and so"]
    text = table(head, rows) + (
        "\n\nPersons, venues and events: a day of the reduced model, in instructions of one thread by callgrind, which "
        "knows AVX2 but not AVX-512. The others: runs of the essay's city, the results file apart. "
        "Instructions do not tell how long memory is waited for; the large reduced model does."
    )
    return [("Cost follows events", text)]

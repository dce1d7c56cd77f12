"""Where the instructions go in the essay's city, by stage of the day and by function, and in writing its file."""

from __future__ import annotations

import operator
import re
import subprocess
from pathlib import Path

from measure import ROOT, Workshop, instructions
from table import table

SHOWN = 20
SHARED = ("step", "observe")  # names that every sub-model has
OTHER_STAGES = (
    "run_world.c:run_slot_create",
    "run_world.c:run_slot_copy",
    "relocation.c:relocation",
    "tally.c:tally_record",
)


def total(profile: Path) -> int:
    return int(re.search(r"^(?:summary|totals): (\d+)", profile.read_text(), re.MULTILINE)[1])


def counts(profile: Path, *options: str) -> dict[str, int]:
    """Instructions by file.c:function, its own added up over lines of the listing; or with all that it calls."""
    add = operator.add if "--inclusive=no" in options else max
    command = ["callgrind_annotate", "--auto=no", "--threshold=100", *options, profile]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, int] = {}
    for count, where, function in re.findall(r"^\s*([\d,]+) \([ \d.]+%\)\s+(\S+?):([^\s\[(]+)", text, re.MULTILINE):
        name = f"{Path(where).name}:{function.split('.')[0]}"
        found[name] = add(found.get(name, 0), int(count.replace(",", "")))
    return found


def by_function(profile: Path) -> list[list[str]]:
    """Inlined code belongs to the function that it was inlined into, wherever it was written."""
    functions: dict[str, int] = {}
    for name, count in counts(profile, "--inclusive=no").items():
        function = name.split(":")[1]
        if function in SHARED:
            function = f"{function} (of all stages)"
        functions[function] = functions.get(function, 0) + count
    return rows(functions, total(profile))


def rows(found: dict[str, int], everything: int) -> list[list[str]]:
    first = sorted(found.items(), key=lambda item: -item[1])[:SHOWN]
    return [[name, f"{n / everything:.1%}"] for name, n in first if n > everything / 200]


def stages(profile: Path) -> list[list[str]]:
    """The steps and records of each sub-model, and what else a run consists of."""
    found = {name: n for name, n in counts(profile, "--inclusive=yes").items()
             if re.fullmatch(r"(?!run)\w+\.c:(step|observe)", name) or name in OTHER_STAGES}  # fmt: skip
    return rows(found, total(profile))


def files_functions(profile: Path) -> list[list[str]]:
    """Those of sim/ below the one that is asked about."""
    above = re.compile(
        r"(main|apart|command_run|results)\.c:(main|program|dispatch|apart_\w+|command_run|write_results|results_write)"
    )
    found = {name: n for name, n in counts(profile, "--inclusive=yes").items()
             if (ROOT / "sim" / name.split(":")[0]).exists() and not above.fullmatch(name)}  # fmt: skip
    return rows(found, total(profile))


def profiled(workshop: Workshop, within: str) -> Path:
    """One replicate of a year of burn-in and a year of each of the four scenarios."""
    command = [*workshop.command("essay.cfg", "-r", 1, "--days", 365, run__burn_in=365), "-j", 1, "--quiet"]
    instructions(command, workshop.folder, f"profile.{within}.%p", within)
    return max(workshop.folder.glob(f"profile.{within}.*"), key=total)


def section(workshop: Workshop, rounds: int) -> list[tuple[str, str]]:
    del rounds
    simulation, writing = profiled(workshop, "study_run"), profiled(workshop, "results_write")
    ours, theirs = total(simulation), total(writing)
    head = [f"share of {ours / 1e6:,.0f} M"]
    return [
        ("Instructions of the essay's city, by stage", table(["with all that it calls", *head], stages(simulation))),
        ("Instructions of the essay's city, by function", table(["function", *head], by_function(simulation))),
        (
            "Instructions of writing a results file",
            table(["with all that it calls", f"share of {theirs / 1e6:,.0f} M"], files_functions(writing)),
        ),
    ]

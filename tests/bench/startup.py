"""How long small things take: the version, a check, one replicate of a small city."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from measure import PROGRAM, ROOT, Workshop, alternate, insist, median
from table import table

SMALL = ["--days", "180", "-r", "1", "-j", "1"]
GOAL = 0.050


def section(workshop: Workshop, rounds: int) -> list[tuple[str, str]]:
    python = ROOT / ".venv" / "bin" / "python"
    small = workshop.command(
        "essay.cfg", *SMALL, "--scenario", "status_quo", run__burn_in=0, parameters__region__venues=30
    )
    commands: dict[str, list[object]] = {
        "`true`": [Path("/bin/true")],
        "`python -c 'import numpy'`": [python, "-c", "import numpy"],
        "`enforcesim --version`": [PROGRAM, "--version"],
        "`enforcesim check configs/essay.cfg`": [PROGRAM, "check", "essay.cfg"],
        "one replicate of 30 venues, 180 days": small,
        "the same, four scenarios": [word for word in small if word not in ("--scenario", "status_quo")],
    }
    spent = alternate([partial(insist, words, workshop.folder) for words in commands.values()], 5 * rounds)
    walls = [median(s.wall for s in mine) for mine in spent]
    rows = [
        [
            name,
            f"{1000 * wall:.0f}",
            f"{1000 * median(s.cpu for s in mine):.0f}",
            f"{wall / walls[0]:.1f}",
            f"{wall / walls[1]:.2f}",
        ]
        for name, wall, mine in zip(commands, walls, spent, strict=True)
    ]
    text = table(["", "ms by the clock", "ms of CPU time", "times `true`", "times importing NumPy"], rows)
    text += f"\n\nMedian of {5 * rounds} runs. Goal: {1000 * GOAL:.0f} ms to the small city's results file: "
    text += f"{'reached' if walls[4] <= GOAL else f'not reached ({1000 * walls[4]:.0f} ms)'}."
    return [("Start-up", text)]

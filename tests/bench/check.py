"""`make bench-check`: the instructions of fixed workloads against those stored in counts.json; fails above 3 % more.

Usage: check.py [--update] [--counts FILE] [--against COMMIT]

Counts are of one compiler, its C library and that machine language. With another one nothing can be compared with the
store: check.py says so and ends with status 0; --against COMMIT then builds that commit with the same compiler and
counts there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from measure import BUILD, HERE, PROGRAM, ROOT, Workshop

STORED = HERE / "counts.json"
ALLOWED = 0.03
WORTH_TELLING = -0.01  # so much less is worth storing anew

# What is counted: the simulation, whatever the file of so small a study costs; and a whole program, from its start to
# the end of the process that writes the file, which takes most of it.
WORKLOADS: dict[str, tuple[str, list[object], dict[str, object]]] = {
    "the essay's city": ("essay.cfg", ["-r", 2, "--days", 300], {"run__burn_in": 600, "within": "study_run"}),
    "a region of six cities": (
        "essay.cfg",
        ["-r", 1, "--days", 300, "--scenario", "professional_rescue"],
        {"run__burn_in": 200, "parameters__region__cities": 6, "parameters__region__relocate_rate": 0.02,
         "within": "study_run"},
    ),
    "a small city and its file": (
        "essay.cfg",
        ["-r", 6, "--days", 60],
        {"run__burn_in": 30, "run__record_every": 1, "run__record_before": 0,
         "parameters__region__venues": 10, "parameters__region__districts": 2},
    ),
}  # fmt: skip


def compiler() -> str:
    """What the counts belong to."""
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    libc = " ".join(platform.libc_ver())
    wide = "AVX2" if re.search(r"\bavx2\b", Path("/proc/cpuinfo").read_text()) else "no AVX2"
    return f"{re.search('compiler (.*)', said)[1]}, {libc}, {platform.machine()}, {wide}"


def count(program: Path = PROGRAM) -> dict[str, int]:
    workshop = Workshop()
    try:
        return {
            name: workshop.count(config, *words, program=program, **settings)
            for name, (config, words, settings) in WORKLOADS.items()
        }
    finally:
        workshop.close()


def judge(counts: dict[str, int], stored: dict[str, int]) -> int:
    """Print the comparison; the exit status."""
    worst = 0.0
    for name, now in counts.items():
        if name not in stored:
            sys.exit(f"bench-check: {name!r} has no stored count; `tests/bench/check.py --update` stores it")
        change = now / stored[name] - 1
        worst = max(worst, change)
        note = "  TOO MANY" if change > ALLOWED else "  fewer: store them" if change < WORTH_TELLING else ""
        print(f"{name:32} {now / 1e6:9.1f} M instructions, {change:+7.2%}{note}")
    if worst <= ALLOWED:
        return 0
    print(
        f"bench-check: more than {ALLOWED:.0%} above what is stored; where it is meant, tests/bench/check.py --update",
        file=sys.stderr,
    )
    return 1


def update(counts: dict[str, int], path: Path) -> int:
    path.write_text(json.dumps({"compiler": compiler(), "instructions": counts}, indent=2) + "\n")
    print(f"wrote {path}")
    return 0


def build_of(commit: str) -> Path:
    """The program of another commit, by the same compiler."""
    folder = BUILD / "bench" / "base"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x"], input=archive, cwd=folder, check=True)
    variables = [f"CC={os.environ.get('CC', 'gcc')}", "BUILD=build"]
    subprocess.run(["make", "-s", *variables, "build/enforcesim"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / "build" / "enforcesim"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--update", action="store_true", help="store the counts instead of comparing with them")
    parser.add_argument(
        "--counts", type=Path, default=STORED, metavar="FILE", help="another store than tests/bench/counts.json"
    )
    parser.add_argument(
        "--against", metavar="COMMIT", help="compare with the program of that commit, whatever the compiler"
    )
    options = parser.parse_args()
    if options.update:
        return update(count(), options.counts)
    if options.against:
        return judge(count(), count(build_of(options.against)))
    stored = json.loads(options.counts.read_text())
    if stored["compiler"] != compiler():
        print(f"bench-check: not compared: the stored counts are of {stored['compiler']}, this is {compiler()}; "
              f"`tests/bench/check.py --against COMMIT` compares with a commit built here")  # fmt: skip
        return 0
    return judge(count(), stored["instructions"])


if __name__ == "__main__":
    sys.exit(main())

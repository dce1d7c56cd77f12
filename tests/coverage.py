"""Coverage of our C as `make coverage` prints it: lines reached, and branches taken, by file and in all.

A branch counts when it was taken at least once; both ways of a condition are branches. Nothing is left out: what
children do counts as well, in whatever way they end but by a signal (tests/coverage_exit.c).

    python3 tests/coverage.py BUILD [--missing]
"""

from __future__ import annotations

import collections
import json
import subprocess
import sys
from pathlib import Path

LINES, BRANCHES = 0.95, 0.90  # what we promise


def read(build: Path) -> tuple[dict, dict]:
    """{file: {line: count}} and {file: {(line, branch): count}}, a header's counts added up over who includes it."""
    lines: dict = collections.defaultdict(collections.Counter)
    branches: dict = collections.defaultdict(collections.Counter)
    for data in sorted(p for folder in ("sim", "models") for p in (build / folder).glob("*.gcda")):
        told = subprocess.run(
            ["gcov", "--json-format", "--stdout", "--branch-probabilities", str(data)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        for document in told.stdout.splitlines():
            for file in json.loads(document)["files"]:
                if not file["file"].startswith(("sim/", "models/")):
                    continue
                for line in file["lines"]:
                    lines[file["file"]][line["line_number"]] += line["count"]
                    for i, branch in enumerate(line["branches"]):
                        branches[file["file"]][line["line_number"], i] += branch["count"]
    return lines, branches


def share(counts: dict) -> float:
    """Of the places in `counts`, those reached."""
    return sum(n > 0 for n in counts.values()) / len(counts) if counts else 1.0


def main() -> int:
    """Print the table; the exit status says whether the promise holds."""
    lines, branches = read(Path(sys.argv[1]))
    for file in sorted(lines):
        print(f"{file:32} lines {share(lines[file]):6.1%}   branches {share(branches[file]):6.1%}")
        if "--missing" in sys.argv:
            print("    lines   ", *[n for n, count in sorted(lines[file].items()) if count == 0])
            print("    branches", *sorted({n for (n, _), count in branches[file].items() if count == 0}))
    all_lines = {(f, n): count for f, counts in lines.items() for n, count in counts.items()}
    all_branches = {(f, n): count for f, counts in branches.items() for n, count in counts.items()}
    print(
        f"lines {share(all_lines):.1%} of {len(all_lines)} (promised {LINES:.0%}), "
        f"branches {share(all_branches):.1%} of {len(all_branches)} (promised {BRANCHES:.0%})"
    )
    return 0 if share(all_lines) >= LINES and share(all_branches) >= BRANCHES else 1


if __name__ == "__main__":
    sys.exit(main())

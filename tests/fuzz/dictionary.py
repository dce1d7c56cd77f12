"""Prints the names of groups, parameters and levers, and of a run's settings, as a dictionary for libFuzzer."""

from __future__ import annotations

import csv
import subprocess
import sys


def rows(program: str, *group: str) -> list[dict[str, str]]:
    out = subprocess.run(
        [program, "params", *group, "--format", "csv"], capture_output=True, text=True, check=True
    ).stdout
    return list(csv.DictReader(out.splitlines()))


def main() -> None:
    words: dict[str, None] = {}
    for row in rows(sys.argv[1]) + rows(sys.argv[1], "run"):
        group, _, name = row["path"].partition(".")
        words[group] = words[name] = words[row["path"]] = None
        if row["type"] == "choice":
            words.update(dict.fromkeys(row["unit"].split("|")))
    for word in words:
        print(f'"{word}"')


if __name__ == "__main__":
    main()

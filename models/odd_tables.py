"""Puts the tables that the program prints between the markers of the ODD.

python3 models/odd_tables.py [--check] models/ODD.md params.md metrics.md

With --check nothing is written, and the exit status is 1 when a table of the ODD differs from its file.
"""

import argparse
import os
import sys
from pathlib import Path


class OddError(Exception):
    """What is wrong with the input, in one line."""


def between(text: str, name: str) -> tuple[int, int]:
    """First and last index of what stands between the two markers of a table."""
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
    for marker in (begin, end):
        if text.count(marker) != 1:
            raise OddError(f"the marker {marker.strip()} must stand there once, not {text.count(marker)} times")
    first, last = text.index(begin) + len(begin), text.index(end)
    if last < first:
        raise OddError(f"the markers of {name} stand in the wrong order")
    return first, last


def with_table(text: str, name: str, table: str) -> str:
    """The text with this table between the markers."""
    first, last = between(text, name)
    return f"{text[:first]}{table}{text[last:]}"


def read_table(path: Path) -> str:
    """A table as the program printed it; anything else, say an error message, is refused."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if len(lines) < 3 or not all(line.startswith("|") and line.endswith("|") for line in lines):
        raise OddError(f"{path} is not a table in Markdown")
    return "\n".join(lines) + "\n"


def replace_file(path: Path, text: str) -> None:
    """Writes beside the file and renames, so that it is never half-written."""
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


def main() -> int:
    """The command; returns the exit status."""
    parser = argparse.ArgumentParser(description="Puts the program's tables into the ODD.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a table differs")
    parser.add_argument("odd", type=Path)
    parser.add_argument("params", type=Path, help="what `enforcesim params --format markdown` printed")
    parser.add_argument("metrics", type=Path, help="what `enforcesim metrics --format markdown` printed")
    arguments = parser.parse_args()
    try:
        old = new = arguments.odd.read_text(encoding="utf-8")
        for name in ("params", "metrics"):
            new = with_table(new, name, read_table(getattr(arguments, name)))
        if arguments.check and new != old:
            print(f"{arguments.odd}: not the program's tables; `make odd` writes them", file=sys.stderr)
            return 1
        if new != old:
            replace_file(arguments.odd, new)
    except (OddError, OSError, UnicodeDecodeError) as error:
        print(f"odd_tables: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`make bench`: what EnforceSim costs, side by side with others in one run, printed and written to build/bench.md.

Usage: bench.py [--rounds N] [--only NAME]... [--large]
"""

from __future__ import annotations

import argparse
import sys
import time

import events
import profile_of
import reduced
import region
import startup
import unit_of_work
from measure import BUILD, Workshop, machine

SECTIONS = {
    "work": unit_of_work.section,
    "reduced": reduced.section,
    "events": events.section,
    "region": region.section,
    "startup": startup.section,
    "profile": profile_of.section,
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="turns of each contestant (5)")
    parser.add_argument("--only", action="append", choices=SECTIONS, metavar="NAME", help=f"of {', '.join(SECTIONS)}")
    parser.add_argument(
        "--large", action="store_true", help="instead: 10^7 persons for 10 years, 10^8 persons in 4 GiB; half an hour"
    )
    return parser.parse_args()


def main() -> None:
    options = arguments()
    sections = {"large": region.large} if options.large else {name: SECTIONS[name] for name in options.only or SECTIONS}
    path = BUILD / ("bench-large.md" if options.large else "bench.md")
    began = time.time()
    texts = [f"Machine: {machine()}."]
    print(texts[0], flush=True)
    workshop = Workshop()
    try:
        for section in sections.values():
            for title, text in section(workshop, options.rounds):
                texts.append(f"### {title}\n\n{text}")
                print(f"\n{texts[-1]}", flush=True)
                path.write_text("\n\n".join(texts) + "\n")
    finally:
        workshop.close()
    print(f"\nwrote {path} in {time.time() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()

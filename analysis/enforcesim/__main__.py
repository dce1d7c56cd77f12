"""Command line: python -m enforcesim table|claims|plot|report|export FILE."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import xarray as xr

from . import __version__, claims, export, files, frame, plot, report, table
from .claims import listing
from .compare import baseline_of, require
from .files import EnforceSimError
from .table import NARROWEST, WIDTH


class Parser(argparse.ArgumentParser):
    """Errors as everywhere in EnforceSim: one line, status 2."""

    def error(self, message: str) -> NoReturn:
        """Print the message and leave."""
        print(f"enforcesim: {files.text(message)}; see python -m enforcesim --help", file=sys.stderr)
        raise SystemExit(2)


def parser() -> Parser:
    """The command line's options."""
    top = Parser(prog="python -m enforcesim", description="Tables, verdicts, figures and reports from a results file.")
    top.add_argument("--version", action="version", version=f"enforcesim {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="table|claims|plot|report|export")

    def add(name: str, help: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, description=help)
        command.add_argument("file", metavar="FILE", help="a results file (HDF5)")
        if name not in ("claims", "export"):
            command.add_argument("--baseline", help="scenario to compare with (default: status_quo, else the first)")
        command.add_argument("--point", type=int, metavar="N", help="point of a design, from 0 on")
        if name != "claims":
            command.add_argument(
                "--scenario",
                dest="scenarios",
                action="append",
                metavar="NAME",
                help="only this one" if name == "export" else "only this one and the baseline",
            )
        if name in ("claims", "report"):
            command.add_argument(
                "--with", dest="also", action="append", default=[], metavar="NAME=FILE",
                help="a further results file that some claims need, under the name they use",
            )  # fmt: skip
            command.add_argument("--ledger", metavar="FILE", help="claims of your own, in the form of claims.toml")
        return command

    add("table", "print the outcomes of the four groups and their differences from the baseline")
    add("claims", "print the verdicts on the claims of the essay and of its critics")
    draw = add("plot", "draw figures: all that have a name, or --figure NAME, or fan charts of each METRIC")
    draw.add_argument("metrics", nargs="*", metavar="METRIC", help="metrics to draw as series")
    draw.add_argument(
        "--figure", dest="named", action="append", default=[], metavar="NAME",
        help=f"a figure by its name, may be given again: {', '.join(plot.NAMES)}",
    )  # fmt: skip
    draw.add_argument("-o", "--output", default="figures", metavar="DIR", help="folder to write to (default: figures)")
    draw.add_argument("--format", default="png", choices=("png", "svg", "pdf"), help="default: png")
    write = add("report", "write a self-contained HTML report")
    write.add_argument("-o", "--output", metavar="FILE", help="default: the results file's name with .html")
    csv = add("export", "write a table as CSV: a row for each observation, a column for each METRIC")
    csv.add_argument("metrics", nargs="*", metavar="METRIC", help="metrics to write (default: all)")
    csv.add_argument("-o", "--output", metavar="FILE", help="default: the results file's name with .csv; -: stdout")
    csv.add_argument("--of", choices=("series", "summary", "difference"), help="default: the series, if there are any")
    write.add_argument(
        "--describe", dest="descriptions", action="append", default=[], metavar="NAME=TEXT",
        help="what a scenario is, in a sentence of yours",
    )  # fmt: skip
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = parser()
    asked, left = options.parse_known_args(arguments)
    # argparse takes metrics only before the options; users write them after as well.
    if left and (asked.command not in ("plot", "export") or any(word.startswith("-") for word in left)):
        options.error(f"unrecognized arguments: {' '.join(left)}")
    if left:
        asked.metrics += left
    try:
        said = _do(asked)
    except EnforceSimError as reason:
        return _fail(str(reason))
    except OSError as reason:
        # Lazily read data turn out damaged only here: a checksum that does not match, a file cut short.
        return _fail(f"{asked.file}: cannot be read ({str(reason)[:200]})")
    except Exception as reason:
        # A file that is well formed and makes no sense. From Python the same call shows where.
        return _fail(f"{asked.file}: makes no sense ({type(reason).__name__}: {str(reason)[:200]})")
    try:
        print(said, end="", flush=True)
    except BrokenPipeError:
        # The reader (head, less) has had enough; keep the interpreter from complaining about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as reason:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _fail(f"the output cannot be written ({reason.strerror})")
        return 1
    return 0


def _fail(message: str) -> int:
    print(f"enforcesim: {files.text(message)}", file=sys.stderr)
    return 2


def _do(asked: argparse.Namespace) -> str:
    """What the command prints."""
    with contextlib.ExitStack() as opened:
        ds = _point(opened.enter_context(files.open(asked.file)), asked.point)
        if getattr(asked, "scenarios", None):
            ds = _narrowed(ds, asked)
        others = _pairs("--with", "NAME=FILE", getattr(asked, "also", []))
        also = {name: opened.enter_context(files.open(path)) for name, path in others.items()}
        if asked.command == "table":
            return table(ds, asked.baseline, _width())
        if asked.command == "claims":
            return listing(claims(ds, also, asked.ledger), _width())
        if getattr(asked, "output", None) == "-" and asked.command != "export":
            raise EnforceSimError(f"-o -: a {asked.command} goes to a file; name one, or ./- for one of that name")
        if asked.command == "report":
            path = Path(asked.output) if asked.output else Path(asked.file).with_suffix(".html")
            told = _pairs("--describe", "NAME=TEXT", asked.descriptions)
            return f"{report(ds, path, also, asked.baseline, asked.ledger, told)}\n"
        if asked.command == "export" and asked.output == "-":
            return str(frame(ds, list(dict.fromkeys(asked.metrics)) or None, asked.of).to_csv(index=False))
        if asked.command == "export":
            path = Path(asked.output) if asked.output else Path(asked.file).with_suffix(".csv")
            return f"{export(ds, path, list(dict.fromkeys(asked.metrics)) or None, asked.of)}\n"
        return _plot(ds, asked)


def _width() -> int:
    """Columns of the terminal or of $COLUMNS, within reason; 120 where neither is known."""
    return min(max(shutil.get_terminal_size((WIDTH, 24)).columns, NARROWEST), 240)


def _pairs(option: str, form: str, items: list[str]) -> dict[str, str]:
    pairs = {}
    for item in items:
        name, _, value = item.partition("=")
        if not name or not value:
            raise EnforceSimError(f"{option} {item}: write it as {form}")
        pairs[name] = value
    return pairs


def _point(ds: xr.Dataset, point: int | None) -> xr.Dataset:
    """One point of a design."""
    if point is None:
        return ds
    if "point" not in ds.dims:
        raise EnforceSimError("--point: the file holds no design")
    if not 0 <= point < ds.sizes["point"]:
        raise EnforceSimError(f"--point {point}: the design has the points 0 to {ds.sizes['point'] - 1}")
    return ds.isel(point=point)


def _narrowed(ds: xr.Dataset, asked: argparse.Namespace) -> xr.Dataset:
    """Keep the scenarios named and, for comparisons, the baseline, in the order of the file."""
    for name in asked.scenarios:
        require(ds, name)
    kept = {*asked.scenarios} | ({baseline_of(ds, asked.baseline)} if "baseline" in asked else set())
    return ds.sel(scenario=[s for s in ds["scenario"].values if str(s) in kept])


def _plot(ds: xr.Dataset, asked: argparse.Namespace) -> str:
    if asked.metrics or asked.named:
        drawn = {n: plot.draw(ds, n, asked.baseline) for n in dict.fromkeys(asked.named)}
        drawn |= {m: plot.series(ds, m, baseline=asked.baseline) for m in dict.fromkeys(asked.metrics)}
    else:
        drawn = plot.figures(ds, asked.baseline)
    folder = Path(asked.output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise EnforceSimError(f"{folder}: cannot be made ({reason.strerror})") from reason
    # Names of metrics come from the file: nothing in them leads out of the folder or steers a terminal.
    written = [plot.save(f, folder / f"{re.sub(r'[^A-Za-z0-9_-]', '_', n)}.{asked.format}") for n, f in drawn.items()]
    return "".join(f"{path}\n" for path in written)


if __name__ == "__main__":
    sys.exit(main())

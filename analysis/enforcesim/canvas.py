"""What the figures have in common: colours, style, margins with provenance, axes in years, labels."""

from __future__ import annotations

import contextlib
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from . import files
from .compare import baseline_of
from .files import EnforceSimError
from .table import YEAR

#: Okabe and Ito's colours, which the colour-blind can tell apart; the baseline is grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
GREY = "#6b6b6b"
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "svg.hashsalt": "enforcesim",
    "svg.fonttype": "path",
    "savefig.dpi": 150,
    "text.parse_math": False,  # labels come from the file and are no formulas
}


def colours(ds: xr.Dataset, baseline: str | None = None) -> dict[str, str]:
    """One colour per scenario, the same in all figures; the baseline is grey."""
    base = baseline_of(ds, baseline)
    others = [s for s in files.scenarios(ds) if s != base]
    return {base: GREY} | {s: COLOURS[i % len(COLOURS)] for i, s in enumerate(others)}


def blank(ds: xr.Dataset, width: float, height: float, title: str, note: str = "") -> Figure:
    """An empty figure with a title, a note under it, and where the numbers come from in the lower margin."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    columns = int(width * 14.5)
    head = "\n".join(textwrap.wrap(title, int(width * 10.5)))
    figure.suptitle(head, x=0.012, ha="left", fontsize=12, fontweight="bold")
    foot = "\n".join([*textwrap.wrap(note, columns), *textwrap.wrap(source(ds), columns)])
    figure.supxlabel(foot, x=0.012, ha="left", fontsize=7.5, color="#444444")
    figure.get_layout_engine().set(h_pad=0.08, w_pad=0.06)
    return figure


def source(ds: xr.Dataset) -> str:
    """Study, seed, replicates and versions, for a figure's margin."""
    about = files.provenance(ds)
    parts = [
        f"study {about['study']}" if "study" in about else "",
        f"{ds.sizes.get('replicate', 1):,} replicates",
    ]
    parts.append(f"seed {about['seed_text']}" if "seed_text" in about else "")
    version = about.get("program_version", "")
    commit = about.get("git_commit", "")[:10]
    parts.append(f"EnforceSim {version}{f' ({commit})' if commit else ''}" if version else "EnforceSim")
    parts.append(f"model {about['model_version']}" if "model_version" in about else "")
    parts.append(f"digest {about['digest'][:12]}" if "digest" in about else "")
    return " · ".join(p for p in parts if p)


def years(axes: Axes, ds: xr.Dataset) -> None:
    """Show time in years."""
    times = ds["time"].values / YEAR
    axes.set_xlim(times.min(), times.max())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_xlabel("years since the policy starts")


def mark_phases(axes: Axes, ds: xr.Dataset, scenario: str) -> None:
    """Day 0, and where the policy changes later, with the new policy's name."""
    axes.axvline(0, color="#333333", linewidth=0.8, linestyle=":")
    for phase in files.phases(ds):
        if phase.scenario == scenario and phase.day > 0:
            axes.axvline(phase.day / YEAR, color="#333333", linewidth=0.8, linestyle=":")
            axes.annotate(
                phase.policy, (phase.day / YEAR, 0.98), xycoords=("data", "axes fraction"), rotation=90,
                ha="right", va="top", fontsize=7, color="#333333",
            )  # fmt: skip


def panels_of(figure: Figure, n: int, columns: int = 4, sharey: bool = True) -> list[Axes]:
    """n axes in rows of at most `columns`, with the same scales."""
    columns = min(columns, n)
    grid = figure.subplots(-(-n // columns), columns, sharex=True, sharey=sharey, squeeze=False)
    for axes in grid.flat[n:]:
        axes.set_visible(False)
    return list(grid.flat[:n])


def size(n: int, columns: int = 4) -> tuple[float, float]:
    """Width and height in inches for n panels."""
    return 3.0 * min(n, columns) + 1.2, 2.7 * -(-n // columns) + 1.3


def zero_or_close(panels: list[Axes], values: np.ndarray) -> None:
    """Start the axis at 0, unless all values lie far from it, where that would hide every difference."""
    low, high = np.nanmin(values), np.nanmax(values)
    if low >= 0 and low < 0.6 * high:
        for axes in panels:
            axes.set_ylim(bottom=0)


def y_label(panels: list[Axes], label: str) -> None:
    """Label the left column only, and years the bottom row only."""
    for axes in panels:
        if axes.get_subplotspec().is_first_col():
            axes.set_ylabel(label)
        if not axes.get_subplotspec().is_last_row():
            axes.set_xlabel("")


def key(figure: Figure, names: list[str], colour: dict[str, str], handles: list[Line2D]) -> None:
    """Names of the scenarios in their colours, in the order of the file, above the panels."""
    for handle, name in zip(handles, names, strict=True):
        handle.set_label(name)
    # As many columns as leave room for the title, at some 0.085 inches a letter.
    room = 0.8 * figure.get_size_inches()[0] / (0.085 * (max(map(len, names)) + 6))
    columns = max(1, min(len(names), int(room)))
    legend = figure.legend(
        handles=handles, loc="outside upper right", ncols=columns, frameon=False, fontsize=9, handlelength=2.6
    )
    for entry, name in zip(legend.get_texts(), names, strict=True):
        entry.set_color(colour[name])


def spread_labels(axes: Axes, points: list[tuple[float, float]], names: list[str], colour: dict[str, str]) -> None:
    """Name points beside them, moved apart where they would overlap."""
    height, width = axes.get_ylim()[1] - axes.get_ylim()[0], axes.get_xlim()[1] - axes.get_xlim()[0]
    placed: list[tuple[float, float]] = []
    for i in sorted(range(len(points)), key=lambda i: -points[i][1]):
        x, y = points[i]
        target = y + 0.045 * height
        while any(abs(px - x) < 0.3 * width and abs(py - target) < 0.05 * height for px, py in placed):
            target -= 0.01 * height
        placed.append((x, target))
        right = x > axes.get_xlim()[0] + 0.7 * width
        axes.annotate(
            names[i], (x, y), xytext=(x + (-0.025 if right else 0.025) * width, target),
            ha="right" if right else "left", va="center", color=colour[names[i]], fontweight="bold",
            arrowprops={"arrowstyle": "-", "color": colour[names[i]], "linewidth": 0.6},
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1},
        )  # fmt: skip


@contextlib.contextmanager
def drawing() -> Iterator[None]:
    """What holds while a figure is drawn: our style, and a box without a word for letters that no font has."""
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from")
        yield


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure; the same data gives the same bytes."""
    path = Path(path)
    plain = {"Date": None} if path.suffix in (".svg", ".pdf") else {}
    if path.suffix == ".pdf":
        plain = {"CreationDate": None}
    try:
        with drawing():
            figure.savefig(path, metadata=plain)
    except OSError as reason:
        raise EnforceSimError(f"{path}: cannot be written ({reason.strerror})") from reason
    return path

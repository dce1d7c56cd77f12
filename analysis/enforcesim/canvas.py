"""What the figures have in common: colours, style, margins with provenance, axes in years, labels."""

from __future__ import annotations

import contextlib
import textwrap
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Bbox

from . import files
from .compare import YEAR, baseline_of, flat
from .files import EnforceSimError

#: Okabe and Ito's colours, which the colour-blind can tell apart; the baseline is grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
GREY = "#6b6b6b"
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
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


def ink(colour: str) -> str:
    """A colour darkened as far as text of it on white needs (contrast 4.5 to 1, WCAG AA)."""
    rgb = np.array(to_rgb(colour))
    while 1.05 / (_luminance(rgb) + 0.05) < 4.5:
        rgb = 0.96 * rgb
    return to_hex(rgb)


def _luminance(rgb: np.ndarray) -> float:
    linear = np.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))


def check(ds: xr.Dataset, *metrics: str, kinds: tuple[str, ...] = ("all",)) -> None:
    """Raise EnforceSimError unless the file is of one of these kinds and has the metrics."""
    flat(ds, kinds)
    for metric in metrics:
        if not isinstance(metric, str):
            raise EnforceSimError(f"metric is of type {type(metric).__name__}; allowed: the name of one metric")
        if metric not in ds or f"summary.{metric}" not in ds:
            raise EnforceSimError(f"no metric {metric!r} in the file{files.nearly(metric, files.metrics(ds).index)}")


def wrapped(name: str, width: int, most: int = 4) -> str:
    """A name in lines of at most `width` characters, broken at spaces and after underscores, at most `most` lines."""
    # A zero-width mark after each underscore lets textwrap break there.
    lines = textwrap.wrap(name.replace("_", "_\u200b ").strip(), width)
    lines = [line.replace("_\u200b ", "_").replace("\u200b", "") for line in lines] or [""]
    if len(lines) > most:
        lines = [*lines[: most - 1], lines[most - 1][: width - 1] + "…"]
    return "\n".join(lines)


def label(ds: xr.Dataset, metric: str, unit: str = "", width: int = 40, most: int = 4) -> str:
    """What a metric is in the file's words, with a unit in brackets, in lines of at most `width` characters."""
    name = files.label(ds, metric)
    return wrapped(f"{name} ({unit})" if unit else name, width, most)


def series_of(ds: xr.Dataset, metric: str) -> tuple[np.ndarray, str]:
    """Values (scenario, replicate, time) and their unit; flows per 30 days, lest a short interval dip."""
    values = ds[metric].transpose("scenario", "replicate", "time").values.astype(float)
    unit = files.text(ds[metric].attrs.get("units", "1"))
    if is_flow(ds, metric):
        return values / files.interval_days(ds) * 30, f"{unit} per 30 days"
    return values, "" if unit == "1" else unit


def is_flow(ds: xr.Dataset, metric: str) -> bool:
    """Whether the file says that a metric is a flow."""
    return files.text(files.attributes(ds, metric).get("metric_kind", "")) == "flow"


def quantiles(values: np.ndarray, points: Iterable[float]) -> np.ndarray:
    """Quantiles over the first axis, NaN where nothing has a value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # days without a survey have no value
        return np.nanquantile(values, list(points), axis=0)


def chosen(ds: xr.Dataset, scenarios: str | list[str] | None, baseline: str | None, most: int) -> tuple[list[str], str]:
    """The scenarios asked for, or the baseline and as many as can be told apart, and a sentence on those left out."""
    everyone = files.scenarios(ds)
    if scenarios is not None:
        scenarios = [scenarios] if isinstance(scenarios, str) else list(scenarios)
        for name in scenarios:
            if name not in everyone:
                hint = files.nearly(name, everyone)
                raise EnforceSimError(f"no scenario {name!r} in the file; it has {', '.join(everyone)}{hint}")
        return scenarios, ""
    if len(everyone) <= most:
        return everyone, ""
    base = baseline_of(ds, baseline)
    rest = [n for n in everyone if n != base][: most - 1]
    return [n for n in everyone if n == base or n in rest], f"Of {len(everyone)} scenarios the first {most} are shown."


def luck(ds: xr.Dataset, many: str) -> str:
    """What a note says about replicates: `many`, or that there is one only."""
    return SINGLE_NOTE if ds.sizes.get("replicate", 2) == 1 else many


SINGLE_NOTE = "One replicate only: no bands and no intervals can be given."


def blank(ds: xr.Dataset, width: float, height: float, title: str, note: str = "", names: Iterable[str] = ()) -> Figure:
    """An empty figure with a title, a note under it, and where the numbers come from in the lower margin.

    `names` are those for which `key` will be called: it stands under the title, which keeps room for it.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    columns = int(width * 14.5)
    head = textwrap.wrap(title, int(width * 9.2)) or [""]
    names = list(names)
    room = [" "] * (-(-len(names) // _columns(width, names))) if names else []
    figure.suptitle("\n".join([*head, *room]), x=0.012, ha="left", fontsize=12, fontweight="bold")
    foot = "\n".join([*textwrap.wrap(note, columns), *textwrap.wrap(source(ds), columns)])
    figure.supxlabel(foot, x=0.012, ha="left", fontsize=7.5, color="#444444")
    figure.get_layout_engine().set(h_pad=0.08, w_pad=0.06)
    return figure


def _columns(width: float, names: list[str]) -> int:
    """Columns of a key, at some 0.085 inches a letter."""
    longest = max(len(_short(n)) for n in names)
    return max(1, min(len(names), int(0.96 * width / (0.078 * longest + 0.75))))


def _short(name: str, most: int = 60) -> str:
    """A name without its middle if it is too long: names often differ at their ends only."""
    return name if len(name) <= most else name[: most - most // 3 - 1] + "…" + name[-(most // 3) :]


def source(ds: xr.Dataset) -> str:
    """Study, seed, replicates and versions, for a figure's margin."""
    about = files.provenance(ds)
    parts = [
        f"study {about['study']}" if "study" in about else "",
        _counted(ds),
    ]
    parts.append(f"seed {about['seed_text']}" if "seed_text" in about else "")
    version = about.get("program_version", "")
    commit = about.get("git_commit", "")[:10]
    parts.append(f"EnforceSim {version}{f' ({commit})' if commit else ''}" if version else "EnforceSim")
    parts.append(f"model {about['model_version']}" if "model_version" in about else "")
    parts.append(f"digest {about['digest'][:12]}" if "digest" in about else "")
    return " · ".join(p for p in parts if p)


def _counted(ds: xr.Dataset) -> str:
    count = ds.sizes["replicate"] if "replicate" in ds.sizes else int(ds.attrs.get("replicates", 0))
    return f"{count:,} replicate{'' if count == 1 else 's'}" if count else ""


def years(axes: Axes, ds: xr.Dataset) -> None:
    """Show time in years."""
    times = ds["time"].values / YEAR
    axes.set_xlim(times.min(), times.max())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_xlabel("years since the policy starts")


def mark_phases(axes: Axes, ds: xr.Dataset, scenario: str, named: bool = True) -> None:
    """Day 0, and where a scenario's policy changes later, with the policies' names.

    Where changes come so close that names would overlap, they share one. Names stand where the line drawn last does
    not; so this is called when the axes have their limits.
    """
    axes.axvline(0, color="#333333", linewidth=0.8, linestyle=":")
    held = [p for p in files.phases(ds) if p.scenario == scenario]
    later = [p for p in held if p.day > 0]
    for phase in later:
        axes.axvline(phase.day / YEAR, color="#333333", linewidth=0.9, linestyle=(0, (4, 2)))
    if not (named and later):
        return
    times = ds["time"].values / YEAR
    together: list[list[files.Phase]] = []
    for phase in sorted(held, key=lambda p: p.day):
        near = together and (phase.day - together[-1][0].day) / YEAR < 0.055 * (times.max() - times.min())
        together[-1].append(phase) if near else together.append([phase])
    for group in together:
        day = group[0].day / YEAR
        top = not _is_high(axes, day)
        axes.annotate(
            _short(", ".join(dict.fromkeys(p.policy for p in group)), 32), (day, 0.985 if top else 0.015),
            xycoords=("data", "axes fraction"), xytext=(-1.5, 0), textcoords="offset points", rotation=90, ha="right",
            va="top" if top else "bottom", fontsize=6.5, color="#333333", zorder=5, in_layout=False,
            bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip


def _is_high(axes: Axes, x: float) -> bool:
    """Whether the last line drawn over time runs through the upper half of the axes near x."""
    lines = [line for line in axes.lines if len(line.get_xdata()) > 2]
    if not lines:
        return False
    found = float(np.interp(x, *lines[-1].get_data()))
    low, high = axes.get_ylim()
    return bool(found > (low + high) / 2)


def panel_title(axes: Axes, name: str, colour: str, width: int = 34, pad: float | None = None) -> None:
    """A scenario's name above its panel, in its colour."""
    axes.set_title(wrapped(name, width), color=ink(colour), pad=pad)


def panels_of(figure: Figure, n: int, columns: int = 4, sharey: bool = True) -> list[Axes]:
    """n axes in rows of at most `columns`, with the same scales; the lowest of each column has its ticks named."""
    columns = min(columns, n)
    grid = figure.subplots(-(-n // columns), columns, sharex=True, sharey=sharey, squeeze=False)
    for axes in grid.flat[n:]:
        axes.set_visible(False)
    for axes in grid.flat[n - columns : n]:
        axes.xaxis.set_tick_params(labelbottom=True)
    return list(grid.flat[:n])


def size(n: int, columns: int = 4) -> tuple[float, float]:
    """Width and height in inches for n panels."""
    return 3.0 * min(n, columns) + 1.2, 2.7 * -(-n // columns) + 1.3


def zero_or_close(panels: list[Axes], values: np.ndarray) -> None:
    """Start the axis at 0, unless all values lie far from it, where that would hide every difference."""
    known = np.asarray(values, float)[np.isfinite(values)]
    if known.size == 0:
        for axes in panels:
            axes.set_ylim(0, 1)
            axes.text(0.5, 0.5, "no value", transform=axes.transAxes, ha="center", va="center", color="#555555")
        return
    low, high = known.min(), known.max()
    if low == high == 0:
        for axes in panels:
            axes.set_ylim(0, 1)
    elif low >= 0 and low < 0.6 * high:
        for axes in panels:
            axes.set_ylim(bottom=0)


def y_label(panels: list[Axes], label: str) -> None:
    """Label the left column only, and years the lowest panel of each column only."""
    columns = sum(axes.get_subplotspec().is_first_row() for axes in panels)
    for i, axes in enumerate(panels):
        if axes.get_subplotspec().is_first_col():
            axes.set_ylabel(label)
        if i < len(panels) - columns:
            axes.set_xlabel("")


def key(figure: Figure, names: list[str], colour: dict[str, str], handles: list[Line2D]) -> None:
    """Names of the scenarios in their colours, in the order of the file, under the title (see blank)."""
    for handle, name in zip(handles, names, strict=True):
        handle.set_label(_short(name))
    width, height = figure.get_size_inches()
    columns = _columns(width, names)
    rows = -(-len(names) // columns)
    lines = figure.get_suptitle().count("\n") + 1 - rows
    legend = figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.008, 1 - (0.08 + 0.2 * lines) / height), ncols=columns,
        frameon=False, fontsize=9, handlelength=2.6, borderaxespad=0.0, columnspacing=1.4, labelspacing=0.35,
    )  # fmt: skip
    legend.set_in_layout(False)
    for entry, name in zip(legend.get_texts(), names, strict=True):
        entry.set_color(ink(colour[name]))


def place_labels(
    axes: Axes, points: list[tuple[float, float]], names: list[str], colour: dict[str, str],
    lesser: np.ndarray | None = None,
) -> None:  # fmt: skip
    """Name points beside them, each where it covers neither a point nor another name, with a line to its point.

    Names rather cover none of the `lesser` points, shape (n, 2), either.

    To be called last: where names find room depends on the axes' final size and limits.
    """
    figure = axes.figure
    figure.draw_without_rendering()  # so that the layout is known
    pixels = figure.dpi / 72
    inside = axes.get_window_extent()
    at = axes.transData.transform(np.array(points, float).reshape(-1, 2))
    small = axes.transData.transform(np.empty((0, 2)) if lesser is None else lesser)
    taken = [
        Bbox.from_bounds(x - 6 * pixels, y - 6 * pixels, 12 * pixels, 12 * pixels) for x, y in at if np.isfinite(x)
    ]
    for i in np.argsort([-p[1] for p in points]):
        if not np.isfinite(points[i]).all():
            continue
        style = {"fontsize": 8, "fontweight": "bold", "ha": "center", "va": "center"}
        name = wrapped(names[i], 24)
        measured = figure.text(0, 0, name, **style)
        size = measured.get_window_extent()
        measured.remove()
        box = Bbox.from_bounds(at[i][0] - size.width / 2, at[i][1] - size.height / 2, size.width, size.height)
        offsets = _offsets(size.width / pixels, size.height / pixels)
        best = min(offsets, key=lambda o, box=box: _cost(o, box, pixels, taken, inside, small))
        axes.annotate(
            name, points[i], xytext=best, textcoords="offset points", color=ink(colour[names[i]]), in_layout=False,
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8}, zorder=6, **style,
            arrowprops={"arrowstyle": "-", "color": colour[names[i]], "linewidth": 0.7, "shrinkA": 0, "shrinkB": 4},
        )  # fmt: skip
        taken.append(box.translated(*(np.array(best) * pixels)))


def _offsets(width: float, height: float) -> list[tuple[float, float]]:
    """Where a name of this size may stand from its point, in points, nearest first."""
    directions = ((1, 0), (1, 1), (-1, 0), (1, -1), (-1, 1), (-1, -1), (0, 1), (0, -1), (0.5, 1), (-0.5, 1),
                  (0.5, -1), (-0.5, -1), (1, 0.5), (-1, 0.5), (1, -0.5), (-1, -0.5))  # fmt: skip
    return [
        (x * (width / 2 + reach), y * (height / 2 + reach))
        for reach in (8, 16, 24, 34, 46, 60, 76, 94, 114, 136, 160, 190)
        for x, y in directions
    ]


def _cost(
    offset: tuple[float, float], box: Bbox, pixels: float, taken: list[Bbox], inside: Bbox, lesser: np.ndarray
) -> float:
    """How much a name moved by the offset covers, or lies outside, in shares of its area; a little for distance."""
    moved = box.translated(*(np.array(offset) * pixels))
    covered = sum(_shared(moved, other) for other in taken)
    outside = moved.width * moved.height - _shared(moved, inside)
    hidden = np.logical_and(lesser > moved.min, lesser < moved.max).all(axis=1).sum()
    return 100 * (covered + outside) / (moved.width * moved.height) + 0.1 * hidden + float(np.hypot(*offset)) / 100


def _shared(a: Bbox, b: Bbox) -> float:
    both = Bbox.intersection(a, b)
    return both.width * both.height if both is not None else 0.0


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
    with drawing(), files.writing(path) as file:
        figure.savefig(file, format=path.suffix[1:] or None, metadata=plain)
    return path

"""Flows of victims: who came into exploitation and how they left it, as bands whose two sides balance."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from . import files
from .canvas import blank, check, chosen, colours, drawing, ink, label, luck, wrapped
from .compare import YEAR
from .files import EnforceSimError

#: Stocks that make up the exploited; flows into and out of exploitation, with their colours. Names only.
STOCKS = ("minors_present", "coerced_adults_present", "exploited_private")
INTO = {"minors_recruited": "#D55E00", "coerced_recruited": "#E69F00", "retrafficked": "#CC79A7"}
OUT = {
    "minors_rescued": "#0072B2",
    "coerced_adults_rescued": "#0072B2",
    "board_removals": "#56B4E9",
    "escaped": "#009E73",
    "helped_out": "#009E73",
    "came_of_age": "#9a9a9a",
    "released_from_debt": "#9a9a9a",
    "dismissed": "#9a9a9a",
    "victims_deported": "#CC79A7",
}
STOCK, REST = "#4d4d4d", "#ffffff"
START, END = "exploited when the policy starts", "still exploited at the end"
REST_IN = "no metric records it, from the balance: came in otherwise, or stayed though counted as leaving"
REST_OUT = "no metric records it, from the balance: left otherwise"
GROWN = " (as minors who turn 18 and stay as coerced adults)"


def victim_flows(ds: xr.Dataset) -> pd.DataFrame:
    """Persons who came into exploitation and who left it, means over replicates from day 0 to the last record.

    Columns: scenario, metric ("" for stocks and what no metric records), label, side ("in" or "out"), persons.
    In each scenario the two sides have the same sum: those exploited at first and all who came, and all who
    left and those exploited at the end. What is missing on one side, since no metric of the file records it, is
    one of the rows; its metric is "rest".
    """
    into, out = ([m for m in side if m in ds and f"summary.{m}" in ds] for side in (INTO, OUT))
    check(ds, *STOCKS, *(() if into and out else ("minors_recruited", "escaped")))
    times = ds["time"].values
    if not (times == 0).any() or times[-1] <= 0:
        raise EnforceSimError("flows of victims need a record of day 0 and later ones; this file has none")
    stock = sum(_values(ds, m) for m in STOCKS)
    first, last = stock[..., np.flatnonzero(times == 0)[0]], stock[..., -1]
    moved = {m: _values(ds, m)[..., times > 0].sum(axis=-1) for m in (*into, *out)}
    rest = last - first - sum(moved[m] for m in into) + sum(moved[m] for m in out)
    rows = []
    for i, scenario in enumerate(files.scenarios(ds)):
        kept = np.isfinite(rest[i])
        mean = lambda values, i=i, kept=kept: float(values[i][kept].mean()) if kept.any() else np.nan  # noqa: E731
        unknown, grown = mean(rest), GROWN if "came_of_age" in out else ""
        parts = [("", START, "in", mean(first)), *((m, label(ds, m, width=200), "in", mean(moved[m])) for m in into)]
        if unknown > 0:
            parts.append(("rest", REST_IN + grown, "in", unknown))
        parts += [(m, label(ds, m, width=200), "out", mean(moved[m])) for m in out]
        if unknown < 0:
            parts.append(("rest", REST_OUT, "out", -unknown))
        parts.append(("", END, "out", mean(last)))
        rows += [(scenario, *part) for part in parts]
    return pd.DataFrame(rows, columns=["scenario", "metric", "label", "side", "persons"])


def _values(ds: xr.Dataset, metric: str) -> np.ndarray:
    return ds[metric].transpose("scenario", "replicate", "time").values.astype(float)


def victims(ds: xr.Dataset, scenarios: str | list[str] | None = None, baseline: str | None = None) -> Figure:
    """Who came into exploitation and how they left it: one balance per scenario, all on the same scale."""
    flows = victim_flows(ds)
    names, left_out = chosen(ds, scenarios, baseline, 4)
    shown = flows[flows.scenario.isin(names)]
    most = float(shown[shown.side == "in"].groupby("scenario").persons.sum().max())
    spans = float(ds["time"].values[-1]) / YEAR
    with drawing():
        note = (
            f"{luck(ds, 'Means over replicates')} of {spans:.3g} years; heights are persons, on one scale for all "
            "scenarios, and both sides of a scenario have the same sum. Somebody brought out and trafficked again "
            "is counted each time. Hatched: recorded by no metric, computed from the balance. Flows of fewer than "
            f"half a person are left out. {left_out}"
        )
        title = "Minors and coerced adults: how they came into exploitation, and how they left it"
        figure = blank(ds, 11.4, 1.2 + 3.2 * len(names), title, note)
        panels = figure.subplots(len(names), 1, squeeze=False)[:, 0]
        for axes, name in zip(panels, names, strict=True):
            own = shown[(shown.scenario == name) & ~(shown.persons.abs() < 0.5)]
            axes.set_title(wrapped(name, 100), color=ink(colours(ds, baseline)[name]))
            _balance(axes, own, most)
    return figure


def _balance(axes: Axes, flows: pd.DataFrame, most: float) -> None:
    """Bands from the left bars to the middle and on to the right ones, named at their outer ends."""
    axes.set_axis_off()
    axes.set_xlim(-5.3, 5.3)
    axes.set_ylim(0, 1)
    if not most > 0 or not np.isfinite(flows.persons).all() or flows.empty:
        axes.text(0, 0.5, "nobody exploited, or no value", ha="center", va="center")
        return
    scale = 0.72 / most  # what the gaps between bars leave
    for side, sign in (("in", -1), ("out", 1)):
        own = flows[flows.side == side]
        heights = own.persons.to_numpy() * scale
        gap = 0.2 / max(len(own), 1)
        top = 0.5 + (heights.sum() + gap * (len(own) - 1)) / 2
        inner = 0.5 + heights.sum() / 2
        middles = []
        for height, metric in zip(heights, own.metric, strict=True):
            colour = {**INTO, **OUT, "": STOCK, "rest": REST}[metric]
            _band(axes, sign, top, inner, height, colour, metric == "rest", f"{side}-{metric or 'stock'}")
            middles.append(top - height / 2)
            top, inner = top - height - gap, inner - height
        _names(axes, sign, middles, own)
    whole = flows[flows.side == "in"].persons.sum()
    half = whole * scale / 2
    axes.add_patch(Rectangle((-0.12, 0.5 - half), 0.24, 2 * half, facecolor=STOCK, linewidth=0))
    axes.text(0, min(0.5 + half + 0.015, 0.99), f"{_persons(whole)} persons", ha="center", va="bottom",
              fontsize=8, fontweight="bold")  # fmt: skip


def _band(
    axes: Axes, sign: int, outer: float, inner: float, height: float, colour: str, hatched: bool, gid: str
) -> None:
    """A band from the bar at its outer end, whose top is at `outer`, to the middle, where its top is at `inner`."""
    far, near, bend = sign * 2.2, sign * 0.12, sign * 1.15
    upper = [(far, outer), (bend, outer), (bend, inner), (near, inner)]
    lower = [(near, inner - height), (bend, inner - height), (bend, outer - height), (far, outer - height)]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    edge = "#777777" if hatched else colour  # so that the thinnest band shows
    style = {"hatch": "////" if hatched else None, "edgecolor": edge, "linewidth": 0.4}
    axes.add_patch(PathPatch(Path([*upper, *lower, upper[0]], codes), facecolor=colour, alpha=0.45, **style))
    bar = Rectangle((min(far, far + sign * 0.14), outer - height), 0.14, height, facecolor=colour, **style)
    bar.set_gid(gid)  # so that it can be found
    axes.add_patch(bar)


def _persons(mean: float) -> str:
    return f"{mean:,.0f}" if mean >= 10 else f"{mean:.1f}"


def _names(axes: Axes, sign: int, middles: list[float], flows: pd.DataFrame) -> None:
    """Each bar's number and name beside it, moved apart where they would overlap, with a line to the bar."""
    words = [f"{_persons(p)}  {t}" for p, t in zip(flows.persons, flows.label, strict=True)]
    words = [wrapped(w, 50, 4) for w in words]
    sizes = [0.055 * (w.count("\n") + 1) + 0.012 for w in words]
    for y, at, text in zip(middles, apart(middles, sizes), words, strict=True):
        start, end = sign * 2.36, sign * 2.62
        axes.plot([start, end], [y, at], color="#888888", linewidth=0.6)
        axes.text(end + sign * 0.04, at, text, ha="left" if sign > 0 else "right", va="center", fontsize=7.2)


def apart(wanted: list[float], sizes: list[float], low: float = 0.0, high: float = 1.0) -> list[float]:
    """Places near the wanted ones, which fall, for labels of these sizes, so that none overlap; in the same order.

    The least squares solution: labels that touch move together, as far as `low` and `high` allow.
    """
    blocks: list[list[float]] = []  # centre wanted of the first label, total size, labels
    offsets = np.concatenate([[0], np.cumsum([(a + b) / 2 for a, b in pairwise(sizes)])])
    values = [w + o for w, o in zip(wanted, offsets, strict=True)]  # then they may not rise: isotonic regression
    for v in values:
        blocks.append([v, 1])
        while len(blocks) > 1 and blocks[-1][0] > blocks[-2][0]:
            last, before = blocks.pop(), blocks.pop()
            count = last[1] + before[1]
            blocks.append([(last[0] * last[1] + before[0] * before[1]) / count, count])
    placed = [b[0] for b in blocks for _ in range(int(b[1]))]
    found = np.array(placed) - offsets
    if len(found):
        found += max(0.0, low - (found[-1] - sizes[-1] / 2))
        found -= max(0.0, found[0] + sizes[0] / 2 - high)
    return [float(f) for f in found]

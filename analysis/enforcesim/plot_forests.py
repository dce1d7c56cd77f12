"""Forest plots: outcomes as a multiple of the baseline, and how far claims hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from . import files
from .canvas import MARKERS, blank, check, chosen, colours, drawing, ink, key, label, wrapped
from .claims import claims as judged_claims
from .compare import baseline_of, fieller, flat, level, paired
from .files import EnforceSimError
from .table import number

FOREST = (
    "minor_days", "coerced_days", "exploited_private", "minor_prevalence_surveyed", "minors_recruited",
    "minors_rescued", "violence_police", "extortions", "adult_detentions", "deportations",
    "violence_client_adults", "adult_days_lost", "health_coverage", "infected_share", "fear",
    "venues_offering", "venues_covert", "venues_protected", "convictions", "perceived_risk",
    "officer_integrity", "cost_police", "cost_ngo",
)  # fmt: skip
LOW, HIGH = 1 / 8, 8.0


def forest(ds: xr.Dataset, metrics: str | Iterable[str] | None = None, baseline: str | None = None) -> Figure:
    """Every scenario as a multiple of the baseline, outcome by outcome, with 95 % intervals (Fieller)."""
    flat(ds)
    base = baseline_of(ds, baseline)
    metrics = [metrics] if isinstance(metrics, str) else metrics
    wanted = [m for m in (FOREST if metrics is None else metrics) if metrics is not None or m in ds]
    check(ds, *wanted)
    few, left_out = chosen(ds, None, baseline, 7)
    names, colour = [s for s in few if s != base], colours(ds, baseline)
    everyone = files.scenarios(ds)
    values = {m: level(ds, m).transpose("scenario", "replicate").values for m in wanted}
    kept = [m for m in wanted if np.nansum(values[m][everyone.index(base)]) > 0]
    if not names or not kept:
        raise EnforceSimError("nothing to compare: the file needs a second scenario and an outcome of the baseline")
    with drawing():
        note = (
            "Ratio of means, 95 % interval over paired replicates; right of 1: more than the baseline. "
            "Arrows: beyond the axis, with the ratio; 0: it does not occur. Bars to the edge go on. Left out: outcomes "
            f"that do not occur in the baseline. {left_out}"
        )
        title = f"Outcomes as a multiple of {base}"
        height = 1.6 + 0.36 * len(kept) * max(1.0, len(names) / 4)
        figure = blank(ds, 8.6, height, title, note, names)
        axes = figure.subplots()
        for row, metric in enumerate(kept):
            theirs = values[metric][everyone.index(base)]
            for k, name in enumerate(names):
                ours, reference = paired(values[metric][everyone.index(name)], theirs)
                shift = (k - (len(names) - 1) / 2) * 0.8 / max(len(names), 3)
                # Where marks lie closer than a line of text, every other number stands further in.
                inwards = 24 if len(names) > 3 and k % 2 else 5
                _ratio(axes, row + shift, ours, reference, colour[name], MARKERS[k % len(MARKERS)], inwards)
        axes.set_xscale("log", base=2)
        axes.set_xlim(LOW * 0.8, HIGH / 0.8)
        axes.axvline(1, color="black", linewidth=0.9)
        ticks = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8]
        axes.set_xticks(ticks, [f"{t:.3g}" for t in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_yticks(range(len(kept)), [label(ds, m, width=58, most=3) for m in kept], fontsize=7.5)
        axes.set_ylim(len(kept) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
        for row in range(0, len(kept), 2):
            axes.axhspan(row - 0.5, row + 0.5, color="#f5f5f5", zorder=0)
        axes.set_xlabel(f"ratio to {base} (logarithmic)")
        marks = [MARKERS[k % len(MARKERS)] for k in range(len(names))]
        handles = [Line2D([], [], color=colour[n], marker=m, markersize=5) for n, m in zip(names, marks, strict=True)]
        key(figure, names, colour, handles)
    return figure


def _ratio(axes: Axes, y: float, ours: np.ndarray, theirs: np.ndarray, colour: str, mark: str, inwards: float) -> None:
    """One ratio with its interval; where it lies beyond the axis an arrow, and its number `inwards` points from it."""
    if ours.size == 0 or not theirs.mean() > 0:
        return
    ratio, (low, high) = float(ours.mean() / theirs.mean()), fieller(ours, theirs)
    if LOW <= ratio <= HIGH:
        axes.plot(ratio, y, mark, color=colour, markersize=4.5)
        if np.isfinite(low):
            axes.plot(np.clip([low, high], LOW * 0.8, HIGH / 0.8), [y, y], color=colour, linewidth=1.3)
        return
    edge, arrow, side = (LOW, "<", "left") if ratio < LOW else (HIGH, ">", "right")
    axes.plot(edge, y, arrow, color=colour, markersize=5)
    shown = (
        "0" if ratio == 0 else "<0.01" if ratio < 0.01 else f"{ratio:.2g}" if ratio < 1 else number(ratio, ratio / 20)
    )
    offset = inwards if side == "left" else -inwards
    axes.annotate(
        shown, (edge, y), xytext=(offset, 0), textcoords="offset points", fontsize=6.5, color=ink(colour),
        ha=side, va="center",
    )  # fmt: skip


# ---- claims ----

#: How a test is drawn that holds, is undecided, fails: what to call it, colour, mark, fill.
TESTS: dict[bool | None, tuple[str, str, str, str]] = {
    True: ("test holds", "#0072B2", "o", "#0072B2"),
    None: ("undecided", "#6b6b6b", "s", "white"),
    False: ("test fails", "#D55E00", "D", "#D55E00"),
}
LINE = 0.14  # inches that a line of a claim's text takes


def claims(
    ds: xr.Dataset,
    also: Mapping[str, xr.Dataset] | None = None,
    table: pd.DataFrame | None = None,
    who: str | None = None,
) -> Figure:
    """Forest plot of the claims: how far each test's effect lies from its threshold, on the claimed side or not.

    `also` as in es.claims; `table` is what es.claims made of the file, where it is there already; `who` is whose
    claims to show ("essay", "critics"), without it all. Claims that were not tested are named in the note.
    """
    table = judged_claims(ds, also) if table is None else table
    if "tests" not in table:
        raise EnforceSimError("the table of claims has no column tests with each test's effect and interval")
    table = table if who is None else table[table.who == who]
    judged = table[table.verdict != "not tested"]
    sides = [judged[judged.who == side].to_dict("records") for side in dict.fromkeys(table.who)]
    rows = [(claim["who"], claim, test) for side in sides for claim in side for test in claim["tests"]]
    if not rows:
        raise EnforceSimError("no claim can be tested with this file; configs/claims.cfg runs what they need")
    with drawing():
        texts = _texts(rows)
        heights = [max(1.0, text.count("\n") + 1.0) * LINE + 0.09 for text in texts]
        sections = [i for i, row in enumerate(rows) if i == 0 or row[0] != rows[i - 1][0]]
        total = sum(heights) + 0.42 * len(sections)
        figure = blank(
            None if isinstance(ds, pd.DataFrame) else ds,
            11.4,
            total + 2.1,
            "The claims held against this run",
            _note(table),
        )
        axes = figure.subplots()
        _draw_claims(axes, rows, texts, heights, sections, total)
        handles = [
            Line2D([], [], color=colour, marker=mark, markersize=6, markerfacecolor=fill, label=name)
            for name, colour, mark, fill in TESTS.values()
        ]
        axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False)
    return figure


def _texts(rows: list[tuple[str, dict[str, Any], dict[str, Any]]]) -> list[str]:
    """What a claim says, at its first test; "and" at the others."""
    shown, before = [], None
    for _, claim, _ in rows:
        doubt = " ?" if claim.get("few") else ""
        says = wrapped(f"{claim['id']}  {claim['says']} {claim['verdict'].upper()}{doubt}", 74, 6)
        shown.append("and" if claim["id"] == before else says)
        before = claim["id"]
    return shown


def _draw_claims(
    axes: Axes, rows: list[tuple[str, dict[str, Any], dict[str, Any]]], texts: list[str], heights: list[float],
    sections: list[int], total: float,
) -> None:  # fmt: skip
    at, places = 0.0, []
    for i, ((who, _, test), height) in enumerate(zip(rows, heights, strict=True)):
        if i in sections:
            title = {"essay": "The essay's claims", "critics": "Its critics' claims"}.get(who, f"Claims of {who}")
            axes.annotate(title, (0, at + 0.27), xycoords=axes.get_yaxis_transform(), xytext=(-6, 0), ha="right",
                          textcoords="offset points", weight="bold", va="center", annotation_clip=False)  # fmt: skip
            at += 0.42
        middle = at + height / 2
        places.append(middle)
        if i % 2 == 0:
            axes.axhspan(at, at + height, color="#f5f5f5", zorder=0)
        _test(axes, middle, test)
        at += height
    axes.axvline(0, color="black", linewidth=0.9)
    ticks = {-0.6: "factor 4", -1 / 3: "factor 2", 0: "threshold", 1 / 3: "factor 2", 0.6: "factor 4"}
    axes.set_xticks([*ticks], [*ticks.values()], fontsize=8)
    axes.set_xlim(-1.05, 1.05)
    axes.set_yticks(places, texts, fontsize=7.2)
    axes.set_ylim(total, 0)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("not as claimed  ←  distance of the effect from the threshold  →  as claimed")


def _test(axes: Axes, y: float, test: dict[str, Any]) -> None:
    _, colour, mark, fill = TESTS[test["holds"]]
    middle, low, high = (distance(test[n], test) for n in ("effect", "low", "high"))
    if np.isfinite([low, high]).all():
        axes.plot([low, high], [y, y], color=colour, linewidth=1.5)
    if np.isfinite(middle):
        axes.plot(middle, y, mark, color=colour, markersize=5.5, markerfacecolor=fill)
    half = (test["high"] - test["low"]) / 2
    span = f" [{number(test['low'], half)}, {number(test['high'], half)}]" if np.isfinite(half) else ""
    words = f"{number(test['effect'], half)}{span}, claimed: {test['relation']} {test['claimed']:g}"
    axes.annotate(words, (1, y), xycoords=axes.get_yaxis_transform(), xytext=(6, 0), textcoords="offset points",
                  fontsize=7, va="center", annotation_clip=False)  # fmt: skip


def distance(value: float, test: Mapping[str, Any]) -> float:
    """How far a value lies on the claimed side of a test's threshold, from -1 to 1; 0 at the threshold.

    It is (value - threshold) / (|value| + |threshold|), with the other sign where less is claimed: 1/3 for twice or
    half the threshold, 0.6 for four times or a quarter. For a threshold of 0, value / largest end of the interval.
    """
    claimed = float(test["claimed"])
    sign = 1.0 if test["relation"] in ("at least", "more than") else -1.0
    if claimed == 0:
        scale = np.nanmax(np.abs([test["effect"], test["low"], test["high"]]))
        return sign * value / scale if scale > 0 else 0.0
    return sign * (value - claimed) / (abs(value) + abs(claimed))


def _note(table: pd.DataFrame) -> str:
    untested = ", ".join(table.index[table.verdict == "not tested"])
    rest = f" Not tested, for the file lacks what they need: {untested}." if untested else ""
    alone = " One replicate only: no intervals, no verdicts." if table.attrs.get("note") else ""
    return (
        "Marks: effect of each test, with its 95 % interval over replicates, as its distance from the threshold that "
        "was fixed beforehand; at the right in its own units. A claim is supported where all its tests hold and "
        f"contradicted where one fails.{alone}{rest} Intervals carry the luck of the "
        "draw, not the doubt about parameters."
    )

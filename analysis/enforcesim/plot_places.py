"""Where exploitation sits: in venues openly or covertly, in the private network; by scenario and over time."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from . import files
from .canvas import (
    blank,
    check,
    chosen,
    colours,
    drawing,
    label,
    luck,
    mark_phases,
    panel_title,
    series_of,
    wrapped,
    years,
)
from .compare import YEAR, estimate, level

STREET = "adults_street"
NEEDED = ("minors_present", "coerced_adults_present", "exploited_private", "venues_offering", "venues_covert")
#: What is drawn where a file has it, too.
FURTHER = ("minors_private", "venues_private", STREET)
PLACES = (*NEEDED, *FURTHER)
#: Fill and hatch of the parts of a stack, which can be told apart in grey as well.
FILLS = (("#0072B2", ""), ("#56B4E9", "////"), ("#D55E00", "xxxx"), ("#F0B27A", "...."))
#: What no metric says: the owners who are neither covert nor private.
OPEN = "all other owners who exploit: openly, in their venue"
NOBODY = "In this model nobody is exploited in the street."

#: Parts of a stack: what each is, in the file's words, and its values.
Parts = dict[str, np.ndarray]


def _parts(ds: xr.Dataset, values: dict[str, np.ndarray]) -> tuple[Parts, Parts]:
    """Persons exploited and owners who exploit, by where; without private parts that the file does not tell apart."""
    private, covert = values["exploited_private"], values["venues_covert"]
    people = {label(ds, m, width=200): values[m] for m in ("minors_present", "coerced_adults_present")}
    if "minors_private" in values:
        minors = values["minors_private"]
        people[label(ds, "minors_private", width=200)] = minors
        people["the others among " + label(ds, "exploited_private", width=200)] = private - minors
    else:
        people[label(ds, "exploited_private", width=200)] = private
    owners = {OPEN: values["venues_offering"] - covert - values.get("venues_private", 0 * covert)}
    owners[label(ds, "venues_covert", width=200)] = covert
    if "venues_private" in values:
        owners[label(ds, "venues_private", width=200)] = values["venues_private"]
    return people, owners


def _present(ds: xr.Dataset) -> list[str]:
    check(ds, *NEEDED)
    return [*NEEDED, *(m for m in FURTHER if m in ds)]


def where(ds: xr.Dataset) -> Figure:
    """Where exploitation sits at the end, by scenario: persons, owners; and the adults who work in the street."""
    names = files.scenarios(ds)
    values = {m: level(ds, m).transpose("scenario", "replicate").values.astype(float) for m in _present(ds)}
    people, owners = _parts(ds, values)
    stacks = [people, owners]
    if STREET in values:
        stacks.append({label(ds, STREET, width=200): values[STREET]})
    titles = ["persons exploited", "owners who exploit", "persons in the street"]
    with drawing():
        note = luck(ds, "Means over replicates of the last 180 days; whiskers: 95 % interval of the total.")
        note += f" Surveys see venues (covert ones less), never the private network. {NOBODY}"
        longest = max(wrapped(n, 26).count("\n") + 1 for n in names)
        figure = blank(ds, 10.8, 2.8 + (0.24 + 0.16 * longest) * len(names), "Where exploitation sits at the end", note)
        grid = figure.subplots(1, len(stacks), sharey=True, width_ratios=[4, 3, 2][: len(stacks)], squeeze=False)[0]
        for axes, parts, title in zip(grid, stacks, titles, strict=False):
            _bars(axes, parts, title, FILLS if len(parts) > 1 else (("#009E73", ""),))
        grid[0].set_yticks(range(len(names)), [wrapped(n, 26) for n in names])
        grid[0].set_ylim(len(names) - 0.5, -0.5)
    return figure


def _bars(axes: Axes, parts: Parts, title: str, fills: tuple[tuple[str, str], ...]) -> None:
    """Stacked horizontal bars, one per scenario; hatches tell the parts apart in print."""
    total = np.sum(list(parts.values()), axis=0)
    start = np.zeros(len(total))
    for (part, values), (fill, hatch) in zip(parts.items(), fills, strict=False):
        long = np.nan_to_num(np.clip([estimate(v).mean for v in values], 0, None))
        axes.barh(range(len(total)), long, left=start, color=fill, hatch=hatch, edgecolor="white", height=0.62)
        axes.containers[-1].set_label(part)
        start += long
    found = [estimate(v) for v in total]
    sides = np.nan_to_num([[e.mean - e.low for e in found], [e.high - e.mean for e in found]])
    axes.errorbar(start, range(len(total)), xerr=sides, fmt="none", color="black", linewidth=1, capsize=2)
    for row in np.flatnonzero(~np.isfinite(total).any(axis=1)):
        axes.text(
            0.02, row, "no value", transform=axes.get_yaxis_transform(), va="center", fontsize=7.5, color="#555555"
        )
    axes.set_xlabel(title)
    axes.set_xlim(left=0, right=None if start.any() else 1)
    axes.grid(axis="y", visible=False)
    width = int(axes.get_position().width * axes.figure.get_size_inches()[0] / 0.072)
    _legend(axes, parts, fills, max(width, 22))


def _legend(axes: Axes, parts: Parts, fills: tuple[tuple[str, str], ...], width: int) -> None:
    handles = [
        Patch(facecolor=f, hatch=h, edgecolor="white", label=wrapped(p, width))
        for p, (f, h) in zip(parts, fills, strict=False)
    ]
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=1, frameon=False, fontsize=7.5,
        handlelength=1.5, borderpad=0.2, labelspacing=0.35,
    )  # fmt: skip


def where_over_time(ds: xr.Dataset, scenarios: str | list[str] | None = None, baseline: str | None = None) -> Figure:
    """Where exploitation sits over time: stacked means of persons and of owners, one column per scenario."""
    names, left_out = chosen(ds, scenarios, baseline, 6)
    everyone, colour = files.scenarios(ds), colours(ds, baseline)
    with np.errstate(invalid="ignore"):
        values = {m: np.mean(series_of(ds, m)[0], axis=1) for m in _present(ds)}
    times, stacks = ds["time"].values / YEAR, [*_parts(ds, values)]
    if STREET in values:
        stacks.append({label(ds, STREET, width=200): values[STREET]})
    titles = ["persons exploited", "owners who exploit", "persons in the street"]
    with drawing():
        note = luck(ds, "Means over replicates.")
        note += f" Dotted line: the policy starts; dashed: it changes. {NOBODY} {left_out}"
        width = max(2.3 * len(names) + 3.2, 6.5)
        figure = blank(ds, width, 1.2 + 2.1 * len(stacks), "Where exploitation sits over time", note)
        grid = figure.subplots(len(stacks), len(names) + 1, sharex=True, sharey="row", squeeze=False,
                               width_ratios=[*[2.2] * len(names), 2.6])  # fmt: skip
        for k, (parts, row, title) in enumerate(zip(stacks, grid, titles, strict=False)):
            fills = FILLS if len(parts) > 1 else (("#009E73", ""),)
            for axes, name in zip(row[:-1], names, strict=True):
                _stack(axes, times, {p: v[everyone.index(name)] for p, v in parts.items()}, fills)
                mark_phases(axes, ds, name, named=k == 0)
                years(axes, ds)
                axes.set_xlabel(axes.get_xlabel() if k == len(stacks) - 1 else "")
            row[0].set_ylabel(title)
            highest = np.nanmax(
                np.sum([np.nan_to_num(v[[everyone.index(n) for n in names]]) for v in parts.values()], axis=0)
            )
            row[0].set_ylim(0, 1.05 * highest if highest > 0 else 1)
            row[-1].axis("off")
            handles = [
                Patch(facecolor=f, hatch=h, edgecolor="white", label=wrapped(p, 34))
                for p, (f, h) in zip(parts, fills, strict=False)
            ]
            row[-1].legend(
                handles=handles[::-1], loc="center left", bbox_to_anchor=(-0.08, 0.5), frameon=False, fontsize=7.5
            )
        for axes, name in zip(grid[0], names, strict=False):
            panel_title(axes, name, colour[name], 24)
    return figure


def _stack(axes: Axes, times: np.ndarray, parts: Parts, fills: tuple[tuple[str, str], ...]) -> None:
    if not np.isfinite(np.sum(list(parts.values()), axis=0)).any():
        axes.text(0.5, 0.5, "no value", transform=axes.transAxes, ha="center", va="center", color="#555555")
    below = np.zeros(times.size)
    for values, (fill, hatch) in zip(parts.values(), fills, strict=False):
        above = below + np.nan_to_num(np.clip(values, 0, None))
        axes.fill_between(times, below, above, facecolor=fill, hatch=hatch, edgecolor="white", linewidth=0.4)
        below = above

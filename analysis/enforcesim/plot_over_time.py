"""Figures over time: fan charts, what a survey sees beside the truth, small multiples of the four groups."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from . import files
from .canvas import (
    DASHES,
    GREY,
    blank,
    check,
    chosen,
    colours,
    drawing,
    is_flow,
    key,
    label,
    luck,
    mark_phases,
    panel_title,
    panels_of,
    quantiles,
    series_of,
    size,
    y_label,
    years,
    zero_or_close,
)
from .compare import YEAR, baseline_of, estimate, flat

#: What the overview shows of each of the four groups. Names only.
PANELS = {
    "Minors and coerced adults": ("minor_prevalence", "minors_recruited", "retrafficked"),
    "Non-coerced adults": ("violence_police", "violence_client_adults", "health_coverage"),
    "Perpetrators": ("venues_offering", "perceived_risk", "offenders_jailed"),
    "Police": ("officer_integrity", "venues_protected", "officers_prosecuted"),
}
#: Quantiles of fan charts, by their names in files of run.output = "quantiles".
BANDS = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
PHASES = "Dotted vertical line: the policy starts; dashed: it changes."


def fans(ds: xr.Dataset, metric: str) -> tuple[np.ndarray, str]:
    """Quantiles over replicates (scenario, quantile, time) for fan charts, and their unit."""
    if files.output(ds) != "quantiles":
        values, unit = series_of(ds, metric)
        return np.stack([quantiles(own, BANDS.values()) for own in values]), unit
    told = ds.assign({metric: ds[metric].sel(statistic=list(BANDS)).rename(statistic="replicate")})
    return series_of(told, metric)


def series(
    ds: xr.Dataset, metric: str, scenarios: str | list[str] | None = None, baseline: str | None = None
) -> Figure:
    """Fan chart of one metric: per scenario the median with 50 % and 90 % bands, the baseline's median dashed."""
    check(ds, metric, kinds=("all", "quantiles"))
    base = baseline_of(ds, baseline)
    names, _ = chosen(ds, scenarios, base, len(files.scenarios(ds)))
    bands, unit = fans(ds, metric)
    times, colour, everyone = ds["time"].values / YEAR, colours(ds, baseline), files.scenarios(ds)
    shown = np.stack([bands[everyone.index(name)] for name in names])
    with drawing():
        many = "Median of the replicates with 50 % (dark) and 90 % (light) bands."
        note = f"{luck(ds, many)} Grey dashed curve: {base}. {PHASES}"
        figure = blank(ds, *size(len(names)), label(ds, metric, width=400, most=1), note)
        panels = panels_of(figure, len(names))
        for axes, name, (low, lower, middle, upper, high) in zip(panels, names, shown, strict=True):
            axes.fill_between(times, low, high, color=colour[name], alpha=0.2, linewidth=0)
            axes.fill_between(times, lower, upper, color=colour[name], alpha=0.4, linewidth=0)
            if name != base:
                axes.plot(times, bands[everyone.index(base)][2], color=GREY, linewidth=1.2, linestyle="--")
            axes.plot(times, middle, color=colour[name], linewidth=1.8, marker=_marker(middle), markersize=4)
            panel_title(axes, name, colour[name])
            years(axes, ds)
        zero_or_close(panels, shown)
        for axes, name in zip(panels, names, strict=True):
            mark_phases(axes, ds, name)
        y_label(panels, unit or "share or index")
    return figure


def _marker(values: np.ndarray) -> str:
    """Points where values stand alone in time, as those of surveys do; a line would not show them."""
    there = np.isfinite(values)
    alone = there & ~np.append(there[1:], False) & ~np.append(False, there[:-1])
    return "o" if alone.any() else ""


# ---- the survey ----


def survey(ds: xr.Dataset, baseline: str | None = None) -> Figure:
    """What a survey of venues would have seen, beside the truth, per scenario."""
    seen, truth = "minor_prevalence_surveyed", "minor_prevalence"
    check(ds, seen, truth)
    names, colour, times = files.scenarios(ds), colours(ds, baseline), ds["time"].values / YEAR
    true, found = (100 * series_of(ds, m)[0] for m in (truth, seen))
    with drawing():
        figure = blank(ds, *size(len(names)), "Minors: what a survey of venues sees, beside the truth", _noise(ds))
        panels = panels_of(figure, len(names))
        for i, (axes, name) in enumerate(zip(panels, names, strict=True)):
            low, middle, high = quantiles(true[i], [0.05, 0.5, 0.95])
            axes.fill_between(times, low, high, color=colour[name], alpha=0.25, linewidth=0)
            axes.plot(times, middle, color=colour[name], linewidth=1.8)
            days = _thin(np.flatnonzero(np.isfinite(found[i]).any(axis=0)), times)
            if len(days):  # else no survey was made
                low, middle, high = quantiles(found[i][:, days], [0.05, 0.5, 0.95])
                # Hollow and black, so that they read on the band they belong to, in black and white too.
                axes.errorbar(
                    times[days], middle, np.abs([middle - low, high - middle]), fmt="o", color="black",
                    markerfacecolor="white", markersize=4.5, linewidth=0.9, capsize=2,
                )  # fmt: skip
            panel_title(axes, name, colour[name], pad=15)
            _gap(axes, true[i], found[i])
            years(axes, ds)
            axes.set_xlim(times[0] - 0.05, times[-1] + 0.05)
        panels[0].set_ylim(bottom=0, top=_roof(true, found))  # the panels share their scale
        for axes, name in zip(panels, names, strict=True):
            mark_phases(axes, ds, name)
        y_label(panels, "% of persons who are minors")
    return figure


def _noise(ds: xr.Dataset) -> str:
    """What the points of a survey carry, in words."""
    name = "survey.survey_venues"
    table = files.parameters(ds)
    given = [] if name not in table.index else [v for v in table.loc[name] if isinstance(v, (int, float, np.number))]
    sample = f"{given[0]:g} venues" if given and len(set(given)) == 1 else "some venues"
    what = (
        f" A survey samples {sample}, visible ones more often, sees covert exploitation less and the private network "
        "never: so its points may lie off the truth."
    )
    if ds.sizes["replicate"] == 1:
        return luck(ds, "") + " Line: the truth; points: the survey." + what
    return (
        "Line: the truth, median of the replicates, with 90 % of them. Points: the survey, median with 90 % of the "
        f"replicates.{what} Bars are wider than the band because of the sampling; one survey of one city is one draw "
        "from such a bar. Last survey less truth: median, and 90 %."
    )


def _gap(axes: Axes, true: np.ndarray, found: np.ndarray) -> None:
    """Write how far the last survey lies from the truth of the same day, in percentage points."""
    days = np.flatnonzero(np.isfinite(found).any(axis=0))
    words = "no survey"
    if len(days):
        gap = found[:, days[-1]] - true[:, days[-1]]
        low, middle, high = quantiles(gap, [0.05, 0.5, 0.95])
        spread = f" ({low:+.1f} to {high:+.1f})" if np.isfinite(gap).sum() > 1 else ""
        words = f"last survey less truth: {middle:+.1f}{spread} points".replace("-", "−")
    axes.annotate(
        words, (0, 1), xycoords="axes fraction", xytext=(0, 3), textcoords="offset points", fontsize=7, va="bottom",
        color="#333333",
    )  # fmt: skip


def _roof(true: np.ndarray, found: np.ndarray) -> float:
    """Top of the survey's axis: above all bars."""
    tops = [quantiles(values.transpose(1, 0, 2), [0.95])[0] for values in (true, found)]
    known = np.concatenate([t[np.isfinite(t)] for t in tops])
    return 1.05 * float(known.max()) if known.size and known.max() > 0 else 1.0


def _thin(days: np.ndarray, times: np.ndarray, most: int = 10) -> np.ndarray:
    """Those of the days that lie far enough apart to be drawn, the last and day 0 among them."""
    gap = (times[-1] - times[0]) / most
    kept: list[int] = []
    for day in [*days[::-1][:1], *days[times[days] == 0], *days[::-1]]:
        if all(abs(times[day] - times[k]) >= gap for k in kept):
            kept.append(int(day))
    return np.array(sorted(kept), dtype=int)


# ---- the four groups ----


def groups(ds: xr.Dataset, baseline: str | None = None, scenarios: str | list[str] | None = None) -> Figure:
    """Small multiples: three outcomes for each of the four groups, means with 95 % intervals."""
    flat(ds)
    shown = {title: [m for m in metrics if m in ds] for title, metrics in PANELS.items()}
    shown = {title: metrics for title, metrics in shown.items() if metrics}
    check(ds, *(() if shown else PANELS["Minors and coerced adults"][:1]))
    names, left_out = chosen(ds, scenarios, baseline, 7)
    with drawing():
        note = luck(ds, "Mean of the replicates with its 95 % interval.")
        note += f" Flows are averaged over half-years. {PHASES} {left_out}"
        title = "Minors and coerced adults, non-coerced adults, perpetrators, police"
        figure = blank(ds, 10.8, 0.8 + 2.3 * len(shown), title, note, names)
        multiples(figure, ds, shown, names, colours(ds, baseline))
    return figure


def multiples(
    figure: Figure, ds: xr.Dataset, shown: dict[str, list[str]], names: list[str], colour: dict[str, str]
) -> None:
    """Rows of line charts, one row per title, one chart per metric, one line per scenario."""
    columns = max(map(len, shown.values()))
    grid = figure.subplots(len(shown), columns, sharex=True, squeeze=False)
    width = int(figure.get_size_inches()[0] / columns * 13)
    for (title, metrics), row in zip(shown.items(), grid.tolist(), strict=True):
        lines = 0
        for j, axes in enumerate(row):
            if j >= len(metrics):
                axes.set_visible(False)
                continue
            unit = _lines(axes, ds, metrics[j], names, colour)
            words = label(ds, metrics[j], unit, width)
            lines = max(lines, words.count("\n") + 1)
            axes.set_title(words, fontsize=8, fontweight="normal", color="#222222")
            mark_changes(axes, ds, names, colour)
            years(axes, ds)
            axes.set_xlabel(axes.get_xlabel() if title == list(shown)[-1] else "")
        if title:
            row[0].annotate(
                title, (0, 1), xycoords="axes fraction", xytext=(0, 9 + 9.6 * lines), textcoords="offset points",
                fontsize=10.5, fontweight="bold", va="bottom",
            )  # fmt: skip
    handles = [Line2D([], [], color=colour[n], linestyle=DASHES[i % len(DASHES)]) for i, n in enumerate(names)]
    key(figure, names, colour, handles)


def mark_changes(axes: Axes, ds: xr.Dataset, names: list[str], colour: dict[str, str]) -> None:
    """Day 0 and later changes of policy, in the colour of their scenario, or dark where several change on one day."""
    mark_phases(axes, ds, "", named=False)
    whose: dict[int, list[str]] = {}
    for phase in files.phases(ds):
        if phase.day > 0 and phase.scenario in names:
            whose.setdefault(phase.day, []).append(phase.scenario)
    for day, held in whose.items():
        shade = colour[held[0]] if len(held) == 1 else "#333333"
        axes.axvline(day / YEAR, color=shade, linewidth=0.9, linestyle=(0, (4, 2)))


def _lines(axes: Axes, ds: xr.Dataset, metric: str, names: list[str], colour: dict[str, str]) -> str:
    """One line per scenario, its mean with a 95 % interval; returns the unit."""
    values, unit = series_of(ds, metric)
    times = ds["time"].values / YEAR
    everyone = files.scenarios(ds)
    drawn = []
    for i, name in enumerate(names):
        # Before day 0 all scenarios are one and the same run: drawn once, as the baseline.
        own = np.flatnonzero(times >= (times[0] if colour[name] == GREY else 0))
        at, part = times[own], values[everyone.index(name)][:, own]
        if is_flow(ds, metric):
            at, part = half_years(at, part, files.interval_days(ds)[own])
        found = [estimate(column) for column in part.T]  # NaN on days without a survey
        middle = np.array([e.mean for e in found])
        axes.fill_between(
            at, [e.low for e in found], [e.high for e in found], color=colour[name], alpha=0.18, linewidth=0
        )
        axes.plot(at, middle, color=colour[name], linewidth=1.5, linestyle=DASHES[i % len(DASHES)], clip_on=False)
        drawn.append(middle)
    zero_or_close([axes], np.concatenate(drawn) if drawn else np.array([]))
    return unit


def half_years(times: np.ndarray, rates: np.ndarray, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rates (replicate, time) averaged over half-years counted from day 0, after their middles [years]."""
    # A record at t covers the days before t; half-years are counted from day 0, so that none straddles it.
    block = np.ceil(np.round(times * 2, 6)).astype(int)
    kept = [k for k in np.unique(block) if days[block == k].sum() >= 60]
    if not kept:  # a horizon too short for half-years is drawn as it is
        return times, rates
    middles = [float(np.mean(times[block == k] - days[block == k] / YEAR / 2)) for k in kept]
    means = [np.average(rates[:, block == k], axis=1, weights=days[block == k]) for k in kept]
    return np.array(middles), np.array(means).T

"""Figures of a results file: each function returns one, `save` writes it, `figures` draws the usual set."""

from __future__ import annotations

import contextlib
import textwrap
import warnings
from collections.abc import Callable, Iterable

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from . import files
from .canvas import (
    DASHES,
    GREY,
    MARKERS,
    STYLE,
    blank,
    colours,
    key,
    mark_phases,
    panels_of,
    save,
    size,
    spread_labels,
    y_label,
    years,
    zero_or_close,
)
from .claims import load
from .compare import baseline_of, estimate, fieller, flat, level, paired
from .files import EnforceSimError
from .table import BLOCKS, OVER, YEAR, number, ratio_values, show

__all__ = ["figures", "forest", "groups", "save", "series", "survey", "tradeoff", "where"]

#: What the overviews show of each of the four groups, and what the forest plot compares. Names only.
PANELS = {
    "Minors and coerced adults": ("minor_prevalence", "minors_recruited", "retrafficked"),
    "Non-coerced adults": ("violence_police", "violence_client_adults", "health_coverage"),
    "Perpetrators": ("venues_offering", "perceived_risk", "offenders_jailed"),
    "Police": ("officer_integrity", "venues_protected", "officers_prosecuted"),
}
FOREST = (
    "minor_days", "coerced_days", "exploited_private", "minor_prevalence_surveyed", "minors_recruited",
    "minors_rescued", "violence_police", "extortions", "adult_detentions", "deportations",
    "violence_client_adults", "adult_days_lost", "health_coverage", "infected_share", "fear",
    "venues_offering", "venues_covert", "venues_protected", "convictions", "perceived_risk",
    "officer_integrity", "cost_police", "cost_ngo",
)  # fmt: skip


#: Quantiles of fan charts, by their names in files of run.output = "quantiles".
BANDS = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}


def _check(ds: xr.Dataset, *metrics: str, kinds: tuple[str, ...] = ("all",)) -> None:
    flat(ds, kinds)
    for metric in metrics:
        if metric not in ds or f"summary.{metric}" not in ds:
            near = [m for m in files.metrics(ds).index if metric.split("_")[0] in m]
            hint = f"; there is {', '.join(near[:4])}" if near else ""
            raise EnforceSimError(f"no metric {metric!r} in the file{hint}")


def _series(ds: xr.Dataset, metric: str) -> tuple[np.ndarray, str]:
    """Values (scenario, replicate, time) and their unit; flows per 30 days, lest a short interval dip."""
    values = ds[metric].transpose("scenario", "replicate", "time").values.astype(float)
    unit = files.text(ds[metric].attrs.get("units", "1"))
    kind = files.text(ds[metric].attrs.get("metric_kind", ""))
    if kind == "flow":
        return values / files.interval_days(ds) * 30, f"{unit} per 30 days"
    return values, "" if unit == "1" else unit


def _fans(ds: xr.Dataset, metric: str) -> tuple[np.ndarray, str]:
    """Quantiles over replicates (scenario, quantile, time) for fan charts, and their unit."""
    if files.output(ds) != "quantiles":
        values, unit = _series(ds, metric)
        return np.stack([_quantiles(own, BANDS.values()) for own in values]), unit
    told = ds.assign({metric: ds[metric].sel(statistic=list(BANDS)).rename(statistic="replicate")})
    return _series(told, metric)


def _label(ds: xr.Dataset, metric: str, unit: str = "", width: int = 40) -> str:
    name = files.label(ds, metric)
    return "\n".join(textwrap.wrap(f"{name} ({unit})" if unit else name, width))


def _quantiles(values: np.ndarray, points: Iterable[float]) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # days without a survey have no value
        return np.nanquantile(values, list(points), axis=0)


def series(ds: xr.Dataset, metric: str, scenarios: list[str] | None = None, baseline: str | None = None) -> Figure:
    """Fan chart of one metric: per scenario the median with 50 % and 90 % bands, the baseline's in grey."""
    _check(ds, metric, kinds=("all", "quantiles"))
    names, base = scenarios or files.scenarios(ds), baseline_of(ds, baseline)
    _require_all(ds, names)
    fans, unit = _fans(ds, metric)
    times, colour, everyone = ds["time"].values / YEAR, colours(ds, baseline), files.scenarios(ds)
    reference = fans[everyone.index(base)][2]
    with matplotlib.rc_context(STYLE):
        note = f"Median of the replicates with 50 % (dark) and 90 % (light) bands; grey: median of {base}."
        figure = blank(ds, *size(len(names)), _label(ds, metric, width=200), note)
        panels = panels_of(figure, len(names))
        for axes, name in zip(panels, names, strict=True):
            low, lower, middle, upper, high = fans[everyone.index(name)]
            axes.fill_between(times, low, high, color=colour[name], alpha=0.18, linewidth=0)
            axes.fill_between(times, lower, upper, color=colour[name], alpha=0.35, linewidth=0)
            if name != base:
                axes.plot(times, reference, color=GREY, linewidth=1.2, linestyle="--")
            axes.plot(times, middle, color=colour[name], linewidth=1.8)
            axes.set_title(name, color=colour[name])
            mark_phases(axes, ds, name)
            years(axes, ds)
        zero_or_close(panels, fans)
        y_label(panels, unit or "share or index")
    return figure


def _require_all(ds: xr.Dataset, names: list[str]) -> None:
    for name in names:
        if name not in files.scenarios(ds):
            raise EnforceSimError(f"no scenario {name!r} in the file; it has {', '.join(files.scenarios(ds))}")


def survey(ds: xr.Dataset, baseline: str | None = None) -> Figure:
    """What a survey of venues would have seen, beside the truth, per scenario."""
    seen, truth = "minor_prevalence_surveyed", "minor_prevalence"
    _check(ds, seen, truth)
    names, colour, times = files.scenarios(ds), colours(ds, baseline), ds["time"].values / YEAR
    true, found = (100 * _series(ds, m)[0] for m in (truth, seen))
    with matplotlib.rc_context(STYLE):
        note = (
            "Line: the truth, median of the replicates with its 90 % band. Points: the survey, median "
            "with 90 % of the replicates; one survey in one city is one draw from such a bar."
        )
        figure = blank(ds, *size(len(names)), "Minors: what a survey of venues sees, beside the truth", note)
        panels = panels_of(figure, len(names))
        for i, (axes, name) in enumerate(zip(panels, names, strict=True)):
            low, middle, high = _quantiles(true[i], [0.05, 0.5, 0.95])
            axes.fill_between(times, low, high, color=colour[name], alpha=0.2, linewidth=0)
            axes.plot(times, middle, color=colour[name], linewidth=1.8)
            days = _thin(np.flatnonzero(np.isfinite(found[i]).any(axis=0)), times)
            if len(days):  # else no survey was made
                low, middle, high = _quantiles(found[i][:, days], [0.05, 0.5, 0.95])
                # Drawn beside the band they belong to, hollow, so that they read in black and white.
                axes.errorbar(
                    times[days], middle, np.abs([middle - low, high - middle]), fmt="o", color="black",
                    markerfacecolor="white", markersize=4.5, linewidth=0.9, capsize=2,
                )  # fmt: skip
            axes.set_title(name, color=colour[name])
            mark_phases(axes, ds, name)
            years(axes, ds)
            axes.set_xlim(times[0] - 0.05, times[-1] + 0.05)
        panels[0].set_ylim(bottom=0)  # the panels share their scale
        y_label(panels, "% of persons who are minors")
    return figure


def _thin(days: np.ndarray, times: np.ndarray, most: int = 10) -> np.ndarray:
    """Those of the days that lie far enough apart to be drawn, the last and day 0 among them."""
    gap = (times[-1] - times[0]) / most
    kept: list[int] = []
    for day in [*days[::-1][:1], *days[times[days] == 0], *days[::-1]]:
        if all(abs(times[day] - times[k]) >= gap for k in kept):
            kept.append(int(day))
    return np.array(sorted(kept), dtype=int)


def groups(ds: xr.Dataset, baseline: str | None = None) -> Figure:
    """Small multiples: three outcomes for each of the four groups, means with 95 % intervals."""
    flat(ds)
    shown = {title: [m for m in metrics if m in ds] for title, metrics in PANELS.items()}
    colour, (names, left_out) = colours(ds, baseline), _few(ds, baseline)
    with matplotlib.rc_context(STYLE):
        note = f"Mean of the replicates with its 95 % interval; flows are averaged over half-years. {left_out}"
        figure = blank(ds, 10.8, 10.8, "The four groups", note)
        grid = figure.subplots(len(shown), 3, sharex=True, squeeze=False)
        for (title, metrics), row in zip(shown.items(), grid.tolist(), strict=True):
            for j, axes in enumerate(row):
                axes.set_title(f"{title}\n\n\n" if j == 0 else "\n\n\n", fontsize=10.5)
                if j >= len(metrics):
                    axes.set_visible(False)
                    continue
                unit = _lines(axes, ds, metrics[j], names, colour)
                label = _label(ds, metrics[j], unit, 46)
                axes.text(0, 1.02, label, transform=axes.transAxes, fontsize=8, va="bottom", color="#222222")
                mark_phases(axes, ds, "")
                years(axes, ds)
                axes.set_xlabel(axes.get_xlabel() if title == list(shown)[-1] else "")
        lines = [Line2D([], [], color=colour[n], linestyle=DASHES[i % len(DASHES)]) for i, n in enumerate(names)]
        key(figure, names, colour, lines)
    return figure


def _few(ds: xr.Dataset, baseline: str | None, most: int = 7) -> tuple[list[str], str]:
    """The baseline and as many scenarios as one panel can hold, and a sentence on those left out."""
    base, names = baseline_of(ds, baseline), files.scenarios(ds)
    rest = [n for n in names if n != base][: most - 1]
    if len(names) <= most:
        return names, ""
    return [n for n in names if n == base or n in rest], f"Of {len(names)} scenarios the first {most} are shown."


def _lines(axes: Axes, ds: xr.Dataset, metric: str, names: list[str], colour: dict[str, str]) -> str:
    """One line per scenario, its mean with a 95 % interval; returns the unit."""
    values, unit = _series(ds, metric)
    times = ds["time"].values / YEAR
    everyone = files.scenarios(ds)
    is_flow = files.text(ds[metric].attrs.get("metric_kind", "")) == "flow"
    lowest, highest = np.inf, -np.inf
    for i, name in enumerate(names):
        # Before day 0 all scenarios are one and the same run: drawn once, as the baseline.
        own = np.flatnonzero(times >= (times[0] if colour[name] == GREY else 0))
        at, part = times[own], values[everyone.index(name)][:, own]
        if is_flow:
            at, part = _half_years(at, part, files.interval_days(ds)[own])
        found = [estimate(column) for column in part.T]  # NaN on days without a survey
        middle = np.array([e.mean for e in found])
        axes.fill_between(
            at, [e.low for e in found], [e.high for e in found], color=colour[name], alpha=0.18, linewidth=0
        )
        axes.plot(at, middle, color=colour[name], linewidth=1.5, linestyle=DASHES[i % len(DASHES)])
        lowest, highest = min(lowest, np.nanmin(middle)), max(highest, np.nanmax(middle))
    zero_or_close([axes], np.array([lowest, highest]))
    return unit


def _half_years(times: np.ndarray, rates: np.ndarray, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rates (replicate, time) averaged over half-years counted from day 0, after their middles [years]."""
    # A record at t covers the days before t; half-years are counted from day 0, so that none straddles it.
    block = np.ceil(np.round(times * 2, 6)).astype(int)
    kept = [k for k in np.unique(block) if days[block == k].sum() >= 60]
    if not kept:  # a horizon too short for half-years is drawn as it is
        return times, rates
    middles = [float(np.mean(times[block == k] - days[block == k] / YEAR / 2)) for k in kept]
    means = [np.average(rates[:, block == k], axis=1, weights=days[block == k]) for k in kept]
    return np.array(middles), np.array(means).T


def tradeoff(ds: xr.Dataset, baseline: str | None = None) -> Figure:
    """Harm to non-coerced adults by the police against exploitation, one cloud of replicates per scenario."""
    acts = load()["sums"]["police_acts"]
    _check(ds, "minor_days", "coerced_days", *(a.removeprefix("-") for a in acts), *OVER["adults"])
    names, colour = files.scenarios(ds), colours(ds, baseline)
    signs = [-1 if a.startswith("-") else 1 for a in acts]
    each = [ratio_values(ds, a.removeprefix("-"), "adults") for a in acts]
    harm = np.sum([sign * part for sign, part in zip(signs, each, strict=True)], axis=0)
    victims = np.sum([show(ds, m, "day")[1] for m in ("minor_days", "coerced_days")], axis=0)
    with matplotlib.rc_context(STYLE):
        note = (
            "Large marks: means; small ones: replicates. Better is down and to the left. How much "
            "exploitation is worth how much harm is for the reader to weigh. Acts by police: "
            + ", ".join(acts).replace(", -", " less ")
            + "; each counts as one."
        )
        figure = blank(ds, 7.6, 5.8, "Exploitation against harm that the police do to non-coerced adults", note)
        axes = figure.subplots()
        for i, name in enumerate(names):
            mark = MARKERS[i % len(MARKERS)]
            axes.plot(harm[i], victims[i], mark, color=colour[name], markersize=3, alpha=0.25, linewidth=0, mew=0)
        centres = [(float(harm[i].mean()), float(victims[i].mean())) for i in range(len(names))]
        axes.set_xlim(left=min(0.0, -0.02 * harm.max()), right=1.12 * harm.max() or 1.0)
        axes.set_ylim(bottom=0, top=1.12 * victims.max() or 1.0)
        for i, name in enumerate(names):
            x, y = centres[i]
            axes.plot(x, y, MARKERS[i % len(MARKERS)], color=colour[name], markersize=9, mec="black", mew=0.9)
        spread_labels(axes, centres, names, colour)
        axes.set_xlabel("acts by police against adults, per 1,000 adult-years")
        axes.set_ylabel("minors and coerced adults exploited on an average day")
    return figure


def where(ds: xr.Dataset) -> Figure:
    """Where exploitation sits at the end: persons in venues or private; owners open, covert, private."""
    persons = ("minors_present", "coerced_adults_present", "exploited_private")
    _check(ds, *persons, "venues_offering", "venues_covert")
    names, ends = files.scenarios(ds), lambda m: level(ds, m).transpose("scenario", "replicate").values
    covert = ends("venues_covert")
    hidden = ends("venues_private") if "venues_private" in ds else np.zeros_like(covert)
    owners = {"open": ends("venues_offering") - covert - hidden, "covert": covert}
    if "venues_private" in ds:
        owners["private"] = hidden
    people = dict(
        zip(
            ("minors in venues", "coerced adults in venues", "private network"),
            map(ends, persons),
            strict=True,
        )
    )
    with matplotlib.rc_context(STYLE):
        note = (
            "Means over replicates of the last 180 days; whiskers: 95 % interval of the total. Surveys "
            "see venues (covert ones less), never the private network."
        )
        figure = blank(ds, 9.2, 1.9 + 0.5 * len(names), "Where exploitation sits", note)
        left, right = figure.subplots(1, 2, sharey=True)
        _bars(left, people, names, ("#0072B2", "#56B4E9", "#D55E00"), "persons exploited")
        _bars(right, owners, names, ("#0072B2", "#E69F00", "#D55E00"), "owners who exploit")
        left.set_yticks(range(len(names)), names)
        left.invert_yaxis()
    return figure


def _bars(axes: Axes, parts: dict[str, np.ndarray], names: list[str], fills: tuple[str, ...], label: str) -> None:
    """Stacked horizontal bars, one per scenario; hatches tell the parts apart in print."""
    start = np.zeros(len(names))
    total = sum(parts.values())
    for (part, values), fill, hatch in zip(parts.items(), fills, ("", "///", "..."), strict=False):
        size = np.clip(values.mean(axis=1), 0, None)
        axes.barh(
            range(len(names)),
            size,
            left=start,
            color=fill,
            hatch=hatch,
            edgecolor="white",
            height=0.62,
            label=part,
        )
        start += size
    found = [estimate(v) for v in total]
    sides = np.nan_to_num([[e.mean - e.low for e in found], [e.high - e.mean for e in found]])
    axes.errorbar(start, range(len(names)), xerr=sides, fmt="none", color="black", linewidth=1, capsize=2)
    axes.set_xlabel(label)
    axes.set_ylim(-0.5, len(names) - 0.5)
    axes.grid(axis="y", visible=False)
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, frameon=False, fontsize=8, handlelength=1.3,
        columnspacing=1.0,
        borderpad=0.2,
    )  # fmt: skip


def forest(ds: xr.Dataset, metrics: Iterable[str] | None = None, baseline: str | None = None) -> Figure:
    """Every scenario as a multiple of the baseline, outcome by outcome, with 95 % intervals (Fieller)."""
    flat(ds)
    base = baseline_of(ds, baseline)
    chosen = [m for m in (FOREST if metrics is None else metrics) if metrics is not None or m in ds]
    _check(ds, *chosen)
    few, left_out = _few(ds, baseline)
    names, colour = [s for s in few if s != base], colours(ds, baseline)
    if not names or not chosen:
        raise EnforceSimError("nothing to compare: the file needs a second scenario and a metric")
    low, high = 1 / 8, 8.0
    with matplotlib.rc_context(STYLE):
        note = (
            "Ratio of means, 95 % interval over paired replicates; right of 1: more than the baseline. "
            "Arrows: beyond the axis, with the ratio; 0: it does not occur. Left out: outcomes that do not "
            f"occur in the baseline. {left_out}"
        )
        title = f"Outcomes as a multiple of {base}"
        figure = blank(ds, 8.4, 1.6 + 0.36 * len(chosen) * max(1.0, len(names) / 4), title, note)
        axes = figure.subplots()
        everyone = files.scenarios(ds)
        kept: list[str] = []
        for metric in chosen:
            values = level(ds, metric).transpose("scenario", "replicate").values
            theirs = values[everyone.index(base)]
            if not np.nanmean(theirs) > 0:
                continue
            row = len(kept)
            kept.append(metric)
            for k, name in enumerate(names):
                ours, reference = paired(values[everyone.index(name)], theirs)
                shift = (k - (len(names) - 1) / 2) * 0.8 / max(len(names), 3)
                _ratio(axes, row + shift, ours, reference, colour[name], MARKERS[k % len(MARKERS)], (low, high))
        axes.set_xscale("log", base=2)
        axes.set_xlim(low * 0.8, high / 0.8)
        axes.axvline(1, color="black", linewidth=0.9)
        ticks = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8]
        axes.set_xticks(ticks, [f"{t:.3g}" for t in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_yticks(range(len(kept)), [_label(ds, m, width=58) for m in kept], fontsize=7.5)
        axes.set_ylim(len(kept) - 0.4, -0.6)
        axes.grid(axis="y", visible=False)
        for row in range(0, len(kept), 2):
            axes.axhspan(row - 0.5, row + 0.5, color="#f5f5f5", zorder=0)
        axes.set_xlabel(f"ratio to {base} (logarithmic)")
        lines = [
            Line2D([], [], color=colour[n], marker=MARKERS[k % len(MARKERS)], markersize=5) for k, n in enumerate(names)
        ]
        key(figure, names, colour, lines)
    return figure


def _ratio(
    axes: Axes,
    y: float,
    ours: np.ndarray,
    theirs: np.ndarray,
    colour: str,
    mark: str,
    limits: tuple[float, float],
) -> None:
    """One ratio with its interval; an arrow at the edge where it lies beyond the axis."""
    if ours.size == 0:
        return
    ratio, (low, high) = float(ours.mean() / theirs.mean()), fieller(ours, theirs)
    if limits[0] <= ratio <= limits[1]:
        axes.plot(ratio, y, mark, color=colour, markersize=4.5)
        if np.isfinite(low):
            axes.plot(np.clip([low, high], limits[0] * 0.8, limits[1] / 0.8), [y, y], color=colour, linewidth=1.3)
        return
    edge, arrow, side = (limits[0], "<", "left") if ratio < limits[0] else (limits[1], ">", "right")
    axes.plot(edge, y, arrow, color=colour, markersize=5)
    shown = (
        "0" if ratio == 0 else "<0.01" if ratio < 0.01 else f"{ratio:.2g}" if ratio < 1 else number(ratio, ratio / 20)
    )
    offset = 5 if side == "left" else -5
    axes.annotate(
        shown, (edge, y), xytext=(offset, 0), textcoords="offset points", fontsize=6.5, color=colour,
        ha=side, va="center",
    )  # fmt: skip


def figures(ds: xr.Dataset, baseline: str | None = None) -> dict[str, Figure]:
    """The standard figures by name; those whose metrics the file lacks are left out."""
    flat(ds)
    base = baseline_of(ds, baseline)
    makers: dict[str, Callable[[], Figure]] = {
        "groups": lambda: groups(ds, base),
        "tradeoff": lambda: tradeoff(ds, base),
        "survey": lambda: survey(ds, base),
        "where": lambda: where(ds),
        "differences": lambda: forest(ds, baseline=base),
        "minor_prevalence": lambda: series(ds, "minor_prevalence", baseline=base),
        "health_coverage": lambda: series(ds, "health_coverage", baseline=base),
    }
    drawn = {}
    for name, make in makers.items():
        with contextlib.suppress(EnforceSimError):
            drawn[name] = make()
    return drawn


def known_metrics() -> set[str]:
    """Metrics that tables and figures name, for tests against the program's own list."""
    named = {m for block in BLOCKS.values() for m in block} | set(FOREST)
    return named | {m for row in PANELS.values() for m in row} | {m for over in OVER.values() for m in over}

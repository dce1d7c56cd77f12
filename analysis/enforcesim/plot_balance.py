"""What is gained for what: exploitation against harm to adults, and against cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import files
from .canvas import GREY, MARKERS, blank, check, colours, drawing, ink, luck, place_labels, wrapped
from .claims import load
from .compare import OVER, Estimate, baseline_of, estimate, fieller, level
from .files import EnforceSimError
from .table import number, ratio_values, show

EXPLOITED = ("minor_days", "coerced_days")
COSTS = ("cost_police", "cost_ngo", "cost_health")


# ---- harm ----


def harm_and_exploitation(ds: xr.Dataset) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Acts by police per 1,000 adult-years, persons exploited on an average day: (scenario, replicate); the acts."""
    acts = load()["sums"]["police_acts"]
    check(ds, *EXPLOITED, *(a.removeprefix("-") for a in acts), *OVER["adults"])
    signs = [-1 if a.startswith("-") else 1 for a in acts]
    each = [ratio_values(ds, a.removeprefix("-"), "adults") for a in acts]
    harm = np.sum([sign * part for sign, part in zip(signs, each, strict=True)], axis=0)
    return harm, np.sum([show(ds, m, "day")[1] for m in EXPLOITED], axis=0), acts


def pareto(points: np.ndarray) -> np.ndarray:
    """Which of the points, shape (n, 2), no other beats: none is at most as large in both and smaller in one."""
    at_most = (points[:, None, :] <= points[None, :, :]).all(axis=2)
    smaller = (points[:, None, :] < points[None, :, :]).any(axis=2)
    return np.isfinite(points).all(axis=1) & ~(at_most & smaller).any(axis=0)


def front_shares(harm: np.ndarray, victims: np.ndarray, draws: int = 1000) -> np.ndarray:
    """How often each scenario's means lie on the front when the replicates are drawn anew, shape (scenario,).

    The replicates are drawn for all scenarios together (they are paired), with replacement, by a fixed generator.
    """
    n = harm.shape[1]
    picks = np.random.default_rng(0).integers(0, n, (draws, n))
    means = np.stack([values[:, picks].mean(axis=2) for values in (harm, victims)], axis=2)  # scenario, draw, 2
    return np.mean([pareto(means[:, d]) for d in range(draws)], axis=0)


def tradeoff(ds: xr.Dataset, baseline: str | None = None) -> Figure:
    """Harm to non-coerced adults by the police against exploitation: a cloud per scenario, and the Pareto front."""
    harm, victims, acts = harm_and_exploitation(ds)
    known = np.isfinite(harm).all(axis=0) & np.isfinite(victims).all(axis=0)
    if not known.any():
        raise EnforceSimError("harm and exploitation are undefined in every replicate")
    harm, victims = harm[:, known], victims[:, known]
    names, colour = files.scenarios(ds), colours(ds, baseline)
    centres = np.column_stack([harm.mean(axis=1), victims.mean(axis=1)])
    front, shares = pareto(centres), front_shares(harm, victims)
    with drawing():
        sure = [f"{n}\u00a0{100 * s:.0f}\u00a0%" for n, s in zip(names, shares, strict=True) if s > 0]
        often = f" Share of 1,000 redrawn sets of replicates in which a mean is on the front: {', '.join(sure)}."
        note = luck(ds, "Large marks: means; small ones: replicates.")
        note += (
            " Better is down and to the left; dashed: the front of those that no other scenario beats in both. How "
            "much exploitation is worth how much harm is for the reader to weigh. Acts by police: "
            + ", ".join(acts).replace(", -", " less ") + "; each counts as one." + (often if harm.shape[1] > 1 else "")
        )  # fmt: skip
        figure = blank(ds, 7.8, 6.4, "Exploitation against harm that the police do to non-coerced adults", note)
        axes = figure.subplots()
        for i, name in enumerate(names):
            mark = MARKERS[i % len(MARKERS)]
            axes.plot(harm[i], victims[i], mark, color=colour[name], markersize=3.4, alpha=0.3, linewidth=0, mew=0)
        axes.set_xlim(min(0.0, 1.1 * harm.min()) - 0.03 * np.ptp(harm), (1.12 * harm.max()) if harm.max() > 0 else 1.0)
        axes.set_ylim(0, 1.12 * victims.max() if victims.max() > 0 else 1.0)
        line = _front(axes, centres[front])
        for i, name in enumerate(names):
            axes.plot(*centres[i], MARKERS[i % len(MARKERS)], color=colour[name], markersize=9, mec="black", mew=0.9)
        axes.set_xlabel("acts by police against adults, per 1,000 adult-years")
        axes.set_ylabel("minors and coerced adults exploited on an average day")
        cloud = np.column_stack([harm.ravel(), victims.ravel()])
        place_labels(axes, [tuple(c) for c in centres], names, colour, np.concatenate([cloud, line]))
    return figure


def _front(axes: Axes, points: np.ndarray) -> np.ndarray:
    """Draw the front as a staircase to the edges of the axes: all above and right of it is beaten. Points along it."""
    ordered = points[np.lexsort((points[:, 1], points[:, 0]))]
    x = [ordered[0, 0], *np.repeat(ordered[1:, 0], 2), axes.get_xlim()[1]]
    y = [*np.repeat(ordered[:-1, 1], 2), ordered[-1, 1], ordered[-1, 1]]
    x, y = [x[0], *x], [axes.get_ylim()[1], *y]
    axes.plot(x, y, color="#222222", linewidth=1, linestyle=(0, (5, 3)), zorder=1.5, gid="front")
    along = np.linspace(0, len(x) - 1, 40 * len(x))
    return np.column_stack([np.interp(along, range(len(x)), side) for side in (x, y)])


# ---- cost ----


@dataclass(frozen=True)
class Worth:
    """A scenario against the baseline: days of exploitation averted, extra cost, and cost per day where it has sense.

    `words` says why there is no ratio, else it is empty.
    """

    averted: Estimate
    extra: Estimate
    ratio: float = np.nan
    low: float = np.nan
    high: float = np.nan
    words: str = ""


def worth(averted: np.ndarray, extra: np.ndarray) -> Worth:
    """Cost per day averted from paired replicates, shape (replicate,); only where days surely are averted.

    The ratio of means with Fieller's interval, which is finite where the interval of the days averted lies above 0.
    """
    both = np.isfinite(averted) & np.isfinite(extra)
    averted, extra = averted[both], extra[both]
    days, cost = estimate(averted), estimate(extra)
    costs = " and costs more" if cost.low > 0 else " and costs less" if cost.high < 0 else ""
    if days.n < 2:
        return Worth(days, cost, words="no value" if days.n == 0 else "one replicate only: no ratio is given")
    if days.high < 0:
        return Worth(days, cost, words=f"adds days of exploitation{costs}")
    if not days.low > 0:
        return Worth(days, cost, words=f"averts no days that can be told from none{costs}")
    if cost.high < 0:
        return Worth(days, cost, words="averts days and costs less")
    low, high = fieller(extra, averted)
    return Worth(days, cost, float(extra.mean() / averted.mean()), low, high)


def worths(ds: xr.Dataset, baseline: str | None = None) -> dict[str, Worth]:
    """Days of exploitation averted and extra cost of every scenario but the baseline, over the horizon."""
    costs = [m for m in COSTS if m in ds and f"summary.{m}" in ds]
    check(ds, *EXPLOITED, *(costs or COSTS[:1]))
    names, base = files.scenarios(ds), baseline_of(ds, baseline)
    total = lambda metrics: np.sum([level(ds, m).transpose("scenario", "replicate").values for m in metrics], axis=0)  # noqa: E731
    days, cost, at = total(EXPLOITED), total(costs), names.index(base)
    return {n: worth(days[at] - days[i], cost[i] - cost[at]) for i, n in enumerate(names) if i != at}


def cost_effectiveness(ds: xr.Dataset, baseline: str | None = None) -> Figure:
    """Extra cost against days of exploitation averted, relative to the baseline, and cost per day averted."""
    base = baseline_of(ds, baseline)
    found = worths(ds, base)
    if not found:
        raise EnforceSimError("nothing to compare: the file needs a second scenario")
    colour, names = colours(ds, baseline), list(found)
    costs = [m for m in COSTS if m in ds and f"summary.{m}" in ds]
    money = files.text(files.attributes(ds, costs[0]).get("units", "1"))
    days = files.text(files.attributes(ds, EXPLOITED[0]).get("units", "1"))
    with drawing():
        note = luck(ds, "Marks: means over paired replicates; bars: 95 % intervals.")
        summed = f"{' + '.join(costs)}; exploitation: {' + '.join(EXPLOITED)}"
        note += (
            f" All relative to {base}, over the {files.horizon(ds):,.0f} days of the horizon. Cost: "
            f"{summed}. Cost per day averted: ratio of means (Fieller), given only "
            "where the interval of the days averted lies above 0. What else a policy does to people is not in it."
        )
        lines = max(wrapped(n, 22).count("\n") + 1 for n in names)
        figure = blank(
            ds, 11.4, max(5.4, 2.0 + (0.3 + 0.15 * lines) * len(names)), "What averting exploitation costs", note
        )
        plane, ratios = figure.subplots(1, 2, width_ratios=[3, 2.6])
        _plane(plane, found, colour, base)
        plane.set_xlabel(f"exploitation averted ({days})")
        plane.set_ylabel(f"extra cost ({money})")
        _ratios(ratios, found, colour, f"{money} per {days.removesuffix('s')} averted")
        place_labels(
            plane, [(0.0, 0.0), *((w.averted.mean, w.extra.mean) for w in found.values())], [base, *names], colour
        )
    return figure


def _plane(axes: Axes, found: dict[str, Worth], colour: dict[str, str], base: str) -> None:
    axes.axhline(0, color="#333333", linewidth=0.8)
    axes.axvline(0, color="#333333", linewidth=0.8)
    axes.plot(0, 0, MARKERS[0], color=GREY, markersize=9, mec="black", mew=0.9)
    for k, (name, w) in enumerate(found.items()):
        x, y = w.averted, w.extra
        if not np.isfinite([x.mean, y.mean]).all():
            continue
        sides = [np.nan_to_num([[e.mean - e.low], [e.high - e.mean]]) for e in (x, y)]
        mark = MARKERS[(k + 1) % len(MARKERS)]
        axes.errorbar(x.mean, y.mean, xerr=sides[0], yerr=sides[1], fmt=mark, color=colour[name], markersize=8,
                      mec="black", mew=0.8, ecolor=colour[name], capsize=2)  # fmt: skip
    for margin, axis in ((0.14, "x"), (0.16, "y")):
        axes.margins(**{axis: margin})
    axes.ticklabel_format(style="plain")
    axes.xaxis.set_major_formatter(lambda v, _: f"{v:,.0f}".replace("-", "−") if abs(v) >= 1 or v == 0 else f"{v:.2g}")
    axes.yaxis.set_major_formatter(lambda v, _: f"{v:,.0f}".replace("-", "−") if abs(v) >= 1 or v == 0 else f"{v:.2g}")
    axes.xaxis.get_major_locator().set_params(nbins=6)
    corners = ((0.99, 0.99, "less exploitation, more cost"), (0.01, 0.99, "more exploitation, more cost"),
               (0.99, 0.01, "less exploitation, less cost"), (0.01, 0.01, "more exploitation, less cost"))  # fmt: skip
    for x, y, words in corners:
        axes.text(x, y, words, transform=axes.transAxes, ha="right" if x > 0.5 else "left",
                  va="top" if y > 0.5 else "bottom", fontsize=7, color="#555555", style="italic",
                  bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1})  # fmt: skip


def _ratios(axes: Axes, found: dict[str, Worth], colour: dict[str, str], unit: str) -> None:
    """Cost per day averted, one row per scenario; in words where there is no ratio."""
    known = [w for w in found.values() if not w.words]
    edge = max((min(w.high, 4 * abs(w.ratio)) for w in known), default=1.0) or 1.0
    floor = min((max(w.low, -edge) for w in known), default=0.0)
    left, right = min(0.0, 1.1 * floor), 1.15 * edge
    for row, (name, w) in enumerate(found.items()):
        mark = MARKERS[(row + 1) % len(MARKERS)]
        if w.words:
            axes.text(
                0.02, row, w.words, transform=axes.get_yaxis_transform(), fontsize=7.5, va="center", color="#444444"
            )
            continue
        axes.plot(np.clip([w.low, w.high], left, right), [row, row], color=colour[name], linewidth=1.5)
        axes.plot(w.ratio, row, mark, color=colour[name], markersize=7, mec="black", mew=0.7)
        half = (w.high - w.low) / 2
        words = f"{number(w.ratio, half)} ({number(w.low, half)} to {number(w.high, half)})"
        at = float(np.clip(w.ratio, left, right))
        share = (at - left) / (right - left)
        side = "left" if share < 0.2 else "right" if share > 0.8 else "center"
        axes.annotate(words, (at, row), xytext=(0, 7), textcoords="offset points", fontsize=7.5, ha=side, va="bottom",
                      color="#222222")  # fmt: skip
    axes.set_xlim(left, right)
    axes.set_yticks(range(len(found)), [wrapped(n, 22) for n in found])
    for text, name in zip(axes.get_yticklabels(), found, strict=True):
        text.set_color(ink(colour[name]))
    axes.set_ylim(len(found) - 0.4, -0.7)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(unit)
    axes.set_title("Cost per day averted" if known else "No cost per day can be given")
    if not known:
        axes.set_xticks([])

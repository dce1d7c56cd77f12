"""The tables of outcomes: what happens to the four groups in each scenario, and the paired differences."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from . import files
from .compare import (
    FEW,
    OVER,
    SINGLE,
    YEAR,
    Estimate,
    baseline_of,
    estimate,
    flat,
    level,
    paired,
    pseudovalues,
)
from .files import EnforceSimError
from .sanity import guarded
from .told import _told

#: Which metrics tell of which group, and how each is shown: "level" (mean of the last 180 days), "percent"
#: (the same, in per cent), "last" (the last record that has a value, in per cent), "day" (flow per day),
#: "year" (flow per year), or a key of OVER (flow per 1,000 person-years of these). Names only: units and
#: labels come from the file.
BLOCKS: dict[str, dict[str, str]] = {
    "Minors and coerced adults": {
        "minor_days": "day",
        "coerced_days": "day",
        "exploited_private": "level",
        "minor_prevalence": "percent",
        "minor_prevalence_surveyed": "last",
        "minors_recruited": "year",
        "minors_rescued": "year",
        "coerced_adults_rescued": "year",
        "escaped": "year",
        "victims_returned": "year",
        "victims_deported": "year",
        "retrafficked": "year",
    },
    "Non-coerced adults": {
        "violence_police": "adults",
        "extortions": "adults",
        "adult_detentions": "adults",
        "mistaken_rescues": "adults",
        "deportations": "year",
        "violence_client_adults": "adults",
        "violence_owner": "persons",
        "adult_days_lost": "adults",
        "adults_street": "level",
        "fear": "level",
        "health_coverage": "percent",
        "infected_share": "percent",
        "outreach_denied": "year",
    },
    "Perpetrators": {
        "venues_offering": "level",
        "venues_covert": "level",
        "venues_protected": "level",
        "traffickers_active": "level",
        "owners_arrested": "year",
        "traffickers_arrested": "year",
        "convictions": "year",
        "fines": "year",
        "acquittals": "year",
        "pardons": "year",
        "offenders_jailed": "level",
        "perceived_risk": "level",
        "perceived_punishment": "level",
    },
    "Police": {
        "operations": "year",
        "operations_betrayed": "year",
        "operations_false_lead": "year",
        "sweeps": "year",
        "shakedowns": "year",
        "officers_prosecuted": "year",
        "officer_skill": "level",
        "officer_integrity": "level",
        "cost_police": "year",
        "cost_ngo": "year",
        "cost_health": "year",
    },
}

WIDTH = 120
NARROWEST = 72
LABEL = 46


@dataclass
class Row:
    """One outcome: an estimate per scenario and, but for the baseline, one of the paired difference."""

    metric: str
    label: str
    unit: str
    values: dict[str, Estimate] = field(default_factory=dict)
    differences: dict[str, Estimate] = field(default_factory=dict)


def show(ds: xr.Dataset, metric: str, how: str) -> tuple[str, np.ndarray]:
    """A metric as BLOCKS wants it shown: its unit in words and values of shape (scenario, replicate).

    Rates over persons are jackknife pseudo-values of a ratio of means, see compare.pseudovalues.
    """
    unit = files.text(files.attributes(ds, metric).get("units", "1"))
    if how == "last":
        return "%, last survey", 100 * _values(level(ds, metric, "last"))
    if how in ("level", "percent"):
        values = _values(level(ds, metric))
        return ("%", 100 * values) if how == "percent" else ("" if unit == "1" else unit, values)
    per_day = _values(level(ds, metric, "horizon"))
    if how == "day":
        return f"{unit} per day", per_day
    if how == "year":
        return f"{unit} per year", per_day * YEAR
    return f"{unit} per 1,000 {how[:-1]}-years", ratio_values(ds, metric, how, per_day)


def ratio_values(ds: xr.Dataset, metric: str, over: str, per_day: np.ndarray | None = None) -> np.ndarray:
    """Events per 1,000 person-years of those named by a key of OVER, shape (scenario, replicate)."""
    per_day = _values(level(ds, metric, "horizon")) if per_day is None else per_day
    persons = sum(_values(level(ds, name, "horizon")) for name in OVER[over])
    return np.array([pseudovalues(1000 * YEAR * a, b) for a, b in zip(per_day, persons, strict=True)])


def _values(data: xr.DataArray) -> np.ndarray:
    return data.transpose("scenario", "replicate").values.astype(float)


def rows(ds: xr.Dataset, baseline: str | None = None) -> dict[str, list[Row]]:
    """The four groups' outcomes; metrics that the file lacks are left out."""
    flat(ds, ("all", "summary", "quantiles"))
    base, kind = base_of(ds, baseline), files.output(ds)
    known = set(files.metrics(ds).index)
    blocks: dict[str, list[Row]] = {}
    for title, block in BLOCKS.items():
        blocks[title] = []
        for metric, how in block.items():
            if kind != "all":
                how = _without_series(how)
            if known.issuperset((metric, *OVER.get(how, ()))):
                make = _row_of_statistics if kind == "quantiles" else _row
                blocks[title].append(make(ds, metric, how, base))
    return blocks


def base_of(ds: xr.Dataset, baseline: str | None = None) -> str:
    """The baseline as for compare; a file of statistics has differences from one scenario only."""
    taken = files.text(ds.attrs.get("difference_baseline", ""))
    if files.output(ds) != "quantiles":
        return baseline_of(ds, baseline)
    if baseline is not None and baseline != taken:
        baseline_of(ds, baseline)
        raise EnforceSimError(f'this file holds differences from {taken!r} only (run.output = "quantiles")')
    return baseline_of(ds, taken)


def _without_series(how: str) -> str:
    """How a metric is shown where there are summaries only: no last survey, no person-years to count over."""
    return "percent" if how == "last" else "year" if how in OVER else how


def _row(ds: xr.Dataset, metric: str, how: str, base: str) -> Row:
    names = files.scenarios(ds)
    unit, values = show(ds, metric, how)
    row = Row(metric, files.label(ds, metric), unit)
    events = _values(level(ds, metric, "horizon")) if how in OVER else values
    at = names.index(base)
    for i, name in enumerate(names):
        row.values[name] = estimate(values[i], events[i])
        if i != at:
            a, b = paired(values[i], values[at])
            row.differences[name] = estimate(a - b, events[i] - events[at])
    return row


def _row_of_statistics(ds: xr.Dataset, metric: str, how: str, base: str) -> Row:
    unit = files.text(files.attributes(ds, metric).get("units", "1"))
    per = {"percent": 100.0, "day": 1 / files.horizon(ds), "year": YEAR / files.horizon(ds)}.get(how, 1.0)
    shown = {"percent": "%", "day": f"{unit} per day", "year": f"{unit} per year"}.get(how, "" if unit == "1" else unit)
    row = Row(metric, files.label(ds, metric), shown)
    for place, name in ((row.values, f"summary.{metric}"), (row.differences, f"difference.{metric}")):
        for scenario, told in zip(files.scenarios(ds), _told(ds[name]), strict=True):
            e = told.estimate()
            place[scenario] = Estimate(per * e.mean, per * e.low, per * e.high, e.n, e.few)
    row.differences.pop(base)
    return row


def number(value: float, half: float = np.nan) -> str:
    """A number with the digits that its interval's half-width justifies, or three where there is none."""
    if not np.isfinite(value):
        return "–"
    scale = half if np.isfinite(half) and half > 0 else abs(value) / 100
    scale = scale if scale > 1e-12 else 0.0
    power = np.floor(np.log10(scale)) if scale > 0 else 0
    leading = scale / 10.0**power
    digits = 0 if scale == 0 else int(np.clip((1 if leading < 3.5 else 0) - power, 0, 5))
    shown = f"{value:,.{digits}f}"
    return shown.replace("-", "−") if float(shown.replace(",", "")) != 0 else "0"


def with_half(e: Estimate) -> str:
    """`12.3 ±0.4`, or `12.3 −0.3/+0.6` where the interval reaches farther on one side, then ? if not to be trusted.

    Sides that look the same, or differ from their mean by less than a tenth, are shown as one: rounding changes
    as much. Where no interval can be given or nothing varied, the mean stands alone.
    """
    if not e.half > 0:
        return number(e.mean, e.half)
    below, above = number(e.mean - e.low, e.half), number(e.high - e.mean, e.half)
    alike = below == above or abs(e.high + e.low - 2 * e.mean) < 0.2 * e.half
    sides = f"±{number(e.half, e.half)}" if alike else f"−{below}/+{above}"
    return f"{number(e.mean, e.half)} {sides}{'?' if e.few else ''}"


def signed(e: Estimate) -> str:
    """A difference with its sign, and * where its interval excludes 0."""
    shown = with_half(e)
    sign = "+" if e.mean > 0 and not shown.startswith("0 ") else ""
    return sign + shown + ("*" if e.excludes_zero else "")


def persons(ds: xr.Dataset) -> float:
    """People in the market on day 0, mean over replicates; NaN when the file cannot say."""
    names = [n for n in OVER["persons"] if n in ds and files.output(ds) == "all"]
    if len(names) < len(OVER["persons"]):
        return np.nan
    return float(sum(_values(level(ds, n, "day 0"))[0].mean() for n in names))


def replicates(ds: xr.Dataset) -> int:
    """How many replicates the file's numbers are of."""
    return int(ds.sizes["replicate"] if "replicate" in ds.sizes else ds.attrs.get("replicates", 0))


def opening(ds: xr.Dataset) -> str:
    """One sentence on what was run."""
    study = files.text(ds.attrs.get("study", "")) or "A study"
    count, people, days = replicates(ds), persons(ds), files.horizon(ds)
    years = f"{days / YEAR:.1f}".removesuffix(".0")
    burn_in = float(ds.attrs.get("burn_in", np.nan))
    crowd = f" with about {round(people, -1):,.0f} people" if np.isfinite(people) else ""
    before = f", after {burn_in / YEAR:.1f} years of burn-in" if burn_in > 0 else ""
    runs = "1 replicate" if count == 1 else f"{count:,} replicates"
    noun = "year" if years == "1" else "years"
    seed = f", seed {files.text(ds.attrs['seed_text'])}" if "seed_text" in ds.attrs else ""
    return (
        f"{study}: {runs} of {years} {noun} ({days:,.0f} days){crowd}{before.replace('.0 ', ' ')}; every "
        f"scenario starts from the same simulated city and meets the same luck{seed}."
    )


def legend(ds: xr.Dataset) -> list[str]:
    """How to read the numbers."""
    lines = [
        "Flows are rates over the whole horizon; stocks and shares are means of the last 180 days.",
        "± or −/+ gives the 95 % interval over replicates: the luck of the draw, not doubt about the parameters. "
        "Numbers without one were the same in all replicates.",
        f"? marks intervals not to be trusted: {FEW}; run more (-r).",
    ]
    if files.output(ds) == "quantiles":
        lines.append(
            "Intervals are Student's t from the statistics kept in the file, which do not follow a skewed outcome."
        )
    if files.output(ds) != "all":
        lines.append(
            f"The file holds {'summaries' if files.output(ds) == 'summary' else 'statistics'} only (run.output = "
            f'"{files.output(ds)}"): events are counted per year, not per 1,000 person-years.'
        )
    if replicates(ds) == 1:
        lines[1:3] = [f"Note: {SINGLE}. Run more replicates (-r)."]
    return lines


@guarded
def table(ds: xr.Dataset, baseline: str | None = None, width: int = WIDTH) -> str:
    """The four groups' outcomes and their differences from the baseline, as text of at most `width`."""
    width = max(width, NARROWEST)
    blocks = rows(ds, baseline)
    base = base_of(ds, baseline)
    names = files.scenarios(ds)
    out = [line for part in (opening(ds), *legend(ds)) for line in textwrap.wrap(part, width)]
    out += _part("Outcomes", blocks, names, width, lambda row, name: with_half(row.values[name]))
    if len(names) > 1:
        title = f"Paired differences from {base} (* the 95 % interval excludes 0)"
        rest = [n for n in names if n != base]
        out += _part(title, blocks, rest, width, lambda row, name: signed(row.differences[name]))
    return "\n".join(out) + "\n"


def _part(
    title: str, blocks: dict[str, list[Row]], names: list[str], width: int, cell: Callable[[Row, str], str]
) -> list[str]:
    """One table, split into several where the scenarios do not fit side by side."""
    space = LABEL if width >= WIDTH else LABEL - 14
    cells = {(row.metric, n): cell(row, n) for block in blocks.values() for row in block for n in names}
    widths = {n: max([12, *(len(cells[m, c]) for m, c in cells if c == n), *map(len, _head(n))]) for n in names}
    out: list[str] = []
    for group in _fit(names, widths, width - space):
        heads = {n: _head(n) for n in group}
        out += ["", title, "─" * width]
        for i in range(max(map(len, heads.values()))):
            parts = [(heads[n][i] if i < len(heads[n]) else "").rjust(widths[n]) for n in group]
            out.append((" " * space + "".join("  " + p for p in parts)).rstrip())
        for name, block in blocks.items():
            if block:
                out.append(name.upper())
            for row in block:
                label = f"{row.label} ({row.unit})" if row.unit else row.label
                lines = textwrap.wrap(label, space - 2, initial_indent="  ", subsequent_indent="    ") or [""]
                values = "".join("  " + cells[row.metric, n].rjust(widths[n]) for n in group)
                out += [*lines[:-1], lines[-1].ljust(space) + values]
    return out


def _head(name: str) -> list[str]:
    """A scenario's name in lines of at most 14 characters, broken at its underscores."""
    words = re.sub(r"_", "_ ", name)
    return [w.replace("_ ", "_") for w in textwrap.wrap(words, 14)] or [""]


def _fit(names: list[str], widths: dict[str, int], room: int) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    for name in names:
        if groups[-1] and sum(widths[n] + 2 for n in [*groups[-1], name]) > room:
            groups.append([])
        groups[-1].append(name)
    return groups

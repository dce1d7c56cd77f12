"""Levels of metrics, and every scenario against a baseline: paired differences and ratios with their intervals."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from . import files, told
from .files import EnforceSimError
from .intervals import (
    CONFIDENCE,
    ENOUGH,
    FEW,
    SINGLE,
    TOLD,
    Estimate,
    estimate,
    fieller,
    interval,
    probability_below,
    pseudovalues,
    quantile_t,
    replicates_needed,
    too_few,
)
from .sanity import check, guarded

__all__ = [
    "AGAINST", "CONFIDENCE", "ENOUGH", "FEW", "OVER", "SINGLE", "TOLD", "YEAR", "Estimate", "baseline_of", "compare",
    "estimate", "fieller", "flat", "interval", "level", "paired", "pairing_gain", "probability_below", "pseudovalues",
    "quantile_t", "replicates_needed", "require", "too_few",
]  # fmt: skip

YEAR = 365.0
#: Columns that a scenario has against the baseline.
AGAINST = tuple(told.NOTHING)
#: Whom a rate is counted over: the stocks added up for the denominator.
OVER = {
    "adults": ("adults_present", "adults_street"),
    "exploited": ("minors_present", "coerced_adults_present", "exploited_private"),
    "persons": (
        "adults_present",
        "adults_street",
        "minors_present",
        "coerced_adults_present",
        "exploited_private",
    ),
}


def require(ds: xr.Dataset, scenario: str) -> None:
    """Raise EnforceSimError unless the scenario is in the file."""
    names = files.scenarios(ds)
    if scenario not in names:
        raise EnforceSimError(f"no scenario {scenario!r} in the file; it has {', '.join(names)}")


def flat(ds: xr.Dataset, kinds: tuple[str, ...] = ("all",)) -> xr.Dataset:
    """The dataset if it has one parameter point and is of one of these kinds (run.output).

    A design must be narrowed to one point first.
    """
    if "point" in ds.dims:
        points = ds.sizes["point"]
        raise EnforceSimError(
            f"the file holds a design of {points} points; choose one by ds.isel(point=0), or --point 0"
        )
    if files.output(ds) not in kinds:
        able = "claims" if files.output(ds) == "summary" else "es.plot.series"
        raise files.lacks(ds, f"this; tables, reports, es.compare and {able} can do with it")
    for name in files.FORMS[files.output(ds)]:
        if name not in ds.dims:
            raise EnforceSimError(f"the dimension {name} is gone; select with a list, as in ds.sel({name}=[...])")
    check(ds)
    return ds


def baseline_of(ds: xr.Dataset, baseline: str | None = None) -> str:
    """The scenario to compare with: the one named, else status_quo, else burn-in's policy, else the first."""
    if baseline is not None:
        require(ds, baseline)
        return baseline
    names = files.scenarios(ds)
    if "status_quo" in names:
        return "status_quo"
    policy = files.text(ds.attrs.get("baseline", ""))
    unchanged = [n for n in names if [p.policy for p in files.phases(ds) if p.scenario == n] == [policy]]
    return unchanged[0] if unchanged else names[0]


def level(ds: xr.Dataset, metric: str, at: str | tuple[float, float] = "summary") -> xr.DataArray:
    """One number per (scenario, replicate) for a metric.

    at: "summary" as in the file: a flow's total over the horizon, a stock's or share's mean of the last 180
    days; "horizon" mean over the whole horizon; "before" and "end" the last 180 days before day 0 and
    before the horizon; (first, last) days after `first` and up to `last`; "day 0" and "last" the last
    record that has a value. For all but "summary", flows are per day.
    """
    series = files.output(ds) != "summary"
    if f"summary.{metric}" not in ds or (series and metric not in ds):
        raise EnforceSimError(f"no metric {metric!r} in the file{files.nearly(metric, files.metrics(ds).index)}")
    if at == "summary":
        return ds[f"summary.{metric}"]
    is_flow = files.text(files.attributes(ds, metric).get("metric_kind", "")) == "flow"
    if at == "horizon" and is_flow:
        return ds[f"summary.{metric}"] / files.horizon(ds)
    if not series:
        raise files.lacks(ds, "values over time")
    times, days, end = ds["time"].values, files.interval_days(ds), files.horizon(ds)
    windows = {
        "horizon": (0.0, end),
        "before": (-float(files.SUMMARY_DAYS), 0.0),
        "end": (end - files.SUMMARY_DAYS, end),
        "day 0": (-np.inf, 0.0),
        "last": (0.0, end),
    }
    if isinstance(at, str) and at not in windows:
        raise EnforceSimError(f"no moment {at!r}; there are summary, {', '.join(windows)} and (first, last) days")
    first, last = windows[at] if isinstance(at, str) else at
    chosen = np.flatnonzero((times > first) & (times <= last))
    if chosen.size == 0:
        raise EnforceSimError(f"no record after day {first:g} and up to day {last:g}")
    series = ds[metric].isel(time=chosen)
    if at in ("day 0", "last"):
        return _last_valid(series / days[chosen] if is_flow else series)
    if is_flow:
        return series.sum("time", skipna=False) / days[chosen].sum()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a survey may have taken place on no day of the window
        return series.mean("time")


def _last_valid(series: xr.DataArray) -> xr.DataArray:
    """The last value in time that is not NaN; NaN where there is none."""
    there = np.isfinite(series)
    position = xr.where(there, np.arange(series.sizes["time"]), -1).max("time")
    return series.isel(time=position.clip(min=0), drop=True).where(position >= 0).drop_vars("time", errors="ignore")


def paired(ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both samples, shape (replicate,), without the replicates where either is undefined."""
    both = np.isfinite(ours) & np.isfinite(theirs)
    return ours[both], theirs[both]


def pairing_gain(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Variance of an unpaired difference over that of the paired one; NaN when nothing varies."""
    if ours.size < 2:
        return np.nan
    together = float(np.var(ours - theirs, ddof=1))
    apart = float(np.var(ours, ddof=1) + np.var(theirs, ddof=1))
    return apart / together if together > 0 else (np.inf if apart > 0 else np.nan)


@guarded
def compare(
    ds: xr.Dataset,
    baseline: str | None = None,
    metrics: str | list[str] | None = None,
    half_width: float | str | Mapping[str, float | str] | None = None,
    at_risk: str | list[str] = "persons",
) -> pd.DataFrame:
    """Every scenario and metric against a baseline, replicate by replicate under common random numbers.

    Values are those of the summary: flows in total over the horizon, stocks and shares as means of the last 180 days.
    The baseline is the scenario named, else status_quo, else the one that the burn-in's policy rules throughout, else
    the first; `.attrs["baseline"]` says which. Columns, all intervals of 95 % over replicates:

    scenario, metric, units, kind; replicates (that have a value), mean, low, high;
    difference, difference_low, difference_high: from the baseline, pair by pair;
    ratio, ratio_low, ratio_high: of the means, to the baseline (Fieller);
    pairing_gain: variance of an unpaired difference over that of the paired one, which is as many times as many
        replicates as one would need without common random numbers;
    probability_below, probability_above: that the *mean* difference lies below, above 0; confidence that goes with
        difference_low and difference_high, see intervals.probability_below;
    share_below, share_above: share of *replicates*, each a city with its own luck, in which the scenario lies below,
        above the baseline; what is left are ties;
    rate_difference, rate_difference_low, rate_difference_high: for flows, the difference per 1,000 person-years.
        Both scenarios' rates are taken over their own person-years. `at_risk` says whose: "persons" (all who are
        in venues, the private network and the street), "adults" (non-coerced), "exploited", or a list of stocks to
        add up; in `.attrs["at_risk"]` too. NaN where a file has no series, as the person-years then are not known;
    replicates_needed, replicates_more, where `half_width` is given: replicates for half the width of the
        difference's interval to be at most that, and how many more than there are that is. A number is in the
        metric's unit, "5 %" is of the baseline's mean, and {metric: one of these} is by metric;
    pairs, undefined: pairs of replicates compared, and those left out because one of them has no value;
    few, difference_few: too few replicates, or too few that differ from the rest, for the interval to be trusted;
    note: what should be known of the row.

    With one replicate intervals and probabilities are NaN, and the notes say so (also in `.attrs["note"]`).

    A file of run.output = "quantiles" no longer has the replicates. Its intervals are Student's t, which does
    not follow a skewed outcome, and `.attrs["interval"]` says so; the baseline must be the one that the
    differences were taken from while running; ratio_low and ratio_high are NaN where a replicate is undefined.
    """
    flat(ds, ("all", "summary", "quantiles"))
    base = baseline_of(ds, baseline)
    known = files.metrics(ds)
    chosen = list(known.index) if metrics is None else [metrics] if isinstance(metrics, str) else list(metrics)
    if files.output(ds) == "quantiles":
        rows = told.rows(ds, base, chosen, known)
    else:
        rows = _rows(ds, base, chosen, known, _person_days(ds, at_risk))
    table = pd.DataFrame(rows)
    if half_width is not None and len(table):
        _add_needed(table, base, half_width)
    if len(table):
        table["note"] = table.pop("note")
    table.attrs["baseline"] = base
    table.attrs["interval"] = "Student's t" if files.output(ds) == "quantiles" else "Willink"
    count = ds.attrs.get("replicates", 2) if files.output(ds) == "quantiles" else ds.sizes.get("replicate", 1)
    table.attrs["note"] = SINGLE if count == 1 else ""
    table.attrs["at_risk"] = " + ".join(_at_risk(at_risk))
    return table


def _at_risk(over: str | list[str]) -> tuple[str, ...]:
    if isinstance(over, str):
        if over not in OVER:
            raise EnforceSimError(f"at_risk is {over!r}; allowed are {', '.join(OVER)} or a list of stocks")
        return OVER[over]
    if not over:
        raise EnforceSimError("at_risk is an empty list; it must name stocks of the file")
    return tuple(over)


def _person_days(ds: xr.Dataset, over: str | list[str]) -> np.ndarray | None:
    """Person-days over the horizon, shape (scenario, replicate); None where the file cannot tell."""
    names = _at_risk(over)
    if files.output(ds) != "all":
        return None
    missing = [n for n in names if n not in ds or f"summary.{n}" not in ds]
    if missing and isinstance(over, str):
        return None
    for name in missing:
        raise EnforceSimError(f"at_risk: no metric {name!r} in the file{files.nearly(name, files.metrics(ds).index)}")
    flows = [n for n in names if files.text(files.attributes(ds, n).get("metric_kind", "")) != "stock"]
    if flows and not isinstance(over, str):
        raise EnforceSimError(f"at_risk: {flows[0]} is no stock, so nobody can be counted by it")
    values = [level(ds, n, "horizon").transpose("scenario", "replicate").values.astype(float) for n in names]
    return np.sum(values, axis=0) * files.horizon(ds)


def _rows(
    ds: xr.Dataset, base: str, metrics: list[str], known: pd.DataFrame, person_days: np.ndarray | None
) -> list[dict[str, object]]:
    rows = []
    at = files.scenarios(ds).index(base)
    for name in metrics:
        values = level(ds, name).transpose("scenario", "replicate").values.astype(float)
        over = person_days if known.kind[name] == "flow" else None
        for i, scenario in enumerate(files.scenarios(ds)):
            row = {"scenario": scenario, "metric": name, "units": known.units[name], "kind": known.kind[name]}
            mean = estimate(values[i])
            row |= {"replicates": mean.n, "mean": mean.mean, "low": mean.low, "high": mean.high, "few": mean.few}
            days = None if over is None else (over[i], over[at])
            rows.append(row | (dict(told.NOTHING) if i == at else _against(values[i], values[at], days)))
    return rows


def _against(
    ours: np.ndarray, theirs: np.ndarray, person_days: tuple[np.ndarray, np.ndarray] | None
) -> dict[str, object]:
    """What stands in the columns told.AGAINST, from paired values of shape (replicate,)."""
    both = np.isfinite(ours) & np.isfinite(theirs)
    rate = Estimate(np.nan, np.nan, np.nan, 0)
    if person_days is not None:
        rate = _rate_difference(ours[both], theirs[both], *(days[both] for days in person_days))
    undefined = int((~both).sum())
    ours, theirs = ours[both], theirs[both]
    gap, differences = estimate(ours - theirs), ours - theirs
    below = probability_below(differences)
    ratio = ours.mean() / theirs.mean() if theirs.size and theirs.mean() != 0 else np.nan
    low, high = fieller(ours, theirs)
    return {
        "difference": gap.mean, "difference_low": gap.low, "difference_high": gap.high,
        "ratio": ratio, "ratio_low": low, "ratio_high": high, "pairing_gain": pairing_gain(ours, theirs),
        "probability_below": below, "probability_above": 1 - below,
        "share_below": float((ours < theirs).mean()) if ours.size else np.nan,
        "share_above": float((ours > theirs).mean()) if ours.size else np.nan,
        "rate_difference": rate.mean, "rate_difference_low": rate.low, "rate_difference_high": rate.high,
        "pairs": gap.n, "undefined": undefined, "difference_few": gap.few,
        "note": told.note(gap, undefined, bool(gap.n > 1 and np.ptp(differences) == 0)),
    }  # fmt: skip


def _rate_difference(ours: np.ndarray, theirs: np.ndarray, our_days: np.ndarray, their_days: np.ndarray) -> Estimate:
    """Difference of two rates per 1,000 person-years, each a ratio of means over paired replicates."""
    kept = np.isfinite(our_days) & np.isfinite(their_days)
    if not kept.any() or not our_days[kept].sum() > 0 or not their_days[kept].sum() > 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    scale = 1000 * YEAR
    pseudo = [scale * pseudovalues(a[kept], d[kept]) for a, d in ((ours, our_days), (theirs, their_days))]
    if not np.isfinite(pseudo).all():  # one replicate alone holds all the persons
        return Estimate(np.nan, np.nan, np.nan, 0)
    return estimate(pseudo[0] - pseudo[1], (ours - theirs)[kept])


def _add_needed(table: pd.DataFrame, base: str, half_width: float | str | Mapping[str, float | str]) -> None:
    """Add the columns replicates_needed and replicates_more."""
    if isinstance(half_width, Mapping):
        for name in half_width:
            if name not in set(table.metric):
                raise EnforceSimError(f"half_width: no metric {name!r} is compared{files.nearly(name, table.metric)}")
    levels = table[table.scenario == base].set_index("metric")["mean"]
    needed = []
    for row in table.itertuples():
        asked = half_width.get(row.metric) if isinstance(half_width, Mapping) else half_width
        wanted = np.nan if asked is None else _half(asked, float(levels[row.metric]))
        gap = Estimate(row.difference, row.difference_low, row.difference_high, int(row.pairs))
        needed.append(np.nan if row.scenario == base else replicates_needed(gap, wanted))
    table["replicates_needed"] = needed
    table["replicates_more"] = (table.replicates_needed - table.pairs).clip(lower=0)


def _half(asked: float | str, level: float) -> float:
    """A wanted half width in the metric's unit: as it stands, or per cent of the baseline's level."""
    relative = isinstance(asked, str) and asked.strip().endswith("%")
    try:
        value = float(str(asked).strip().removesuffix("%")) if relative else float(asked)
    except (TypeError, ValueError):
        value = np.nan
    if not (np.isfinite(value) and value > 0):
        raise EnforceSimError(f'half_width is {asked!r}; allowed are a number above 0 and per cent as in "5 %"')
    return value / 100 * abs(level) if relative else value

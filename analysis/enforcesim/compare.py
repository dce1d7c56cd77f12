"""Statistics over replicates: levels, paired differences and ratios, each with a 95 % interval."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import stdtrit

from . import files
from .files import EnforceSimError

CONFIDENCE = 0.95
SINGLE = "one replicate only: no interval can be given"
#: So many replicates at least must differ from the rest before an interval can be trusted; see too_few.
TOLD = 5


@dataclass(frozen=True)
class Estimate:
    """A mean over `n` replicates with its 95 % interval; the interval is NaN for a single replicate.

    `few` says that hardly anything happened, so that the interval is too narrow more often than it says.
    """

    mean: float
    low: float
    high: float
    n: int
    few: bool = False

    @property
    def half(self) -> float:
        """Half the interval's width: t intervals are symmetric about the mean."""
        return (self.high - self.low) / 2

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of zero."""
        return bool(self.low > 0 or self.high < 0)


def too_few(values: np.ndarray) -> bool:
    """Whether all but a few values, shape (replicate,), are the same, so that a t interval cannot be trusted.

    "A few" is fewer than TOLD, or than half of all. Such are counts of what happened in hardly any replicate:
    where by luck none of the rare large values is among them, mean and interval are too small together.
    Values that are all the same are not meant: an interval of no width shows for itself that nothing varied.
    """
    n = values.size
    if n < 3:
        return False
    ordered = np.sort(values)
    edges = np.flatnonzero(np.diff(ordered) > 0) + 1
    alike = int(np.diff(np.concatenate(([0], edges, [n]))).max())
    return 0 < n - alike < min(TOLD, n / 2)


def estimate(values: np.ndarray, events: np.ndarray | None = None) -> Estimate:
    """Mean and t interval of independent values, shape (replicate,); NaNs are left out.

    `events` are the counts behind values that were transformed: whether they are too few is seen from them.
    """
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    counts = values if events is None else np.asarray(events, float)
    n = values.size
    if n == 0:
        return Estimate(np.nan, np.nan, np.nan, 0)
    mean = float(values.mean())
    if n == 1:
        return Estimate(mean, np.nan, np.nan, 1)
    half = quantile_t(n) * float(values.std(ddof=1)) / np.sqrt(n)
    return Estimate(mean, mean - half, mean + half, n, too_few(counts[np.isfinite(counts)]))


def quantile_t(n: int) -> float:
    """Quantile of Student's t for a two-sided interval from `n` values."""
    return float(stdtrit(n - 1, (1 + CONFIDENCE) / 2))


def fieller(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """95 % interval of mean(a)/mean(b) for paired values, shape (replicate,), by Fieller's theorem.

    It holds exactly those k for which the t interval of mean(a - k b) covers zero. NaN, NaN when mean(b)
    cannot be told from zero, for then the interval has no end.
    """
    n = a.size
    if n < 2:
        return np.nan, np.nan
    mean_a, mean_b = float(a.mean()), float(b.mean())
    (var_a, cov), (_, var_b) = np.cov(a, b) / n
    t2 = quantile_t(n) ** 2
    square, linear, constant = mean_b**2 - t2 * var_b, mean_a * mean_b - t2 * cov, mean_a**2 - t2 * var_a
    if square <= 0:
        return np.nan, np.nan
    root = np.sqrt(max(linear**2 - square * constant, 0.0))
    return float((linear - root) / square), float((linear + root) / square)


def pseudovalues(numerator: np.ndarray, denominator: np.ndarray | None) -> np.ndarray:
    """Jackknife pseudo-values, shape (replicate,), of mean(numerator)/mean(denominator).

    Their mean and t interval serve as those of the ratio. Without a denominator they are the values
    themselves, so that linear comparisons remain exact paired t tests.
    """
    if denominator is None:
        return numerator
    n, top, bottom = numerator.size, numerator.sum(), denominator.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        if n == 1:
            return numerator / denominator
        return n * top / bottom - (n - 1) * (top - numerator) / (bottom - denominator)


def require(ds: xr.Dataset, scenario: str) -> None:
    """Raise EnforceSimError unless the scenario is in the file."""
    names = files.scenarios(ds)
    if scenario not in names:
        raise EnforceSimError(f"no scenario {scenario!r} in the file; it has {', '.join(names)}")


def flat(ds: xr.Dataset) -> xr.Dataset:
    """The dataset if it has one parameter point; a design must be narrowed to one first."""
    if "point" in ds.dims:
        points = ds.sizes["point"]
        raise EnforceSimError(f"the file holds a design of {points} points; choose one with ds.isel(point=0)")
    for name in ("scenario", "replicate", "time"):
        if name not in ds.dims:
            raise EnforceSimError(f"the dimension {name} is gone; select with a list, as in ds.sel({name}=[...])")
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
    if f"summary.{metric}" not in ds or metric not in ds:
        raise EnforceSimError(f"no metric {metric!r} in the file")
    if at == "summary":
        return ds[f"summary.{metric}"]
    is_flow = files.text(ds[metric].attrs.get("metric_kind", "")) == "flow"
    if at == "horizon" and is_flow:
        return ds[f"summary.{metric}"] / files.horizon(ds)
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


def compare(ds: xr.Dataset, baseline: str | None = "status_quo", metrics: list[str] | None = None) -> pd.DataFrame:
    """Every scenario and metric against a baseline, replicate by replicate under common random numbers.

    Columns: scenario, metric, units, kind, replicates; mean, low, high (95 % t interval over replicates);
    difference from the baseline with difference_low, difference_high; ratio to it with ratio_low,
    ratio_high (Fieller); pairing_gain (variance unpaired / paired); share_below (share of replicates in
    which the scenario lies below the baseline); few, difference_few (hardly any replicate differs from the
    others, so that the interval is not to be trusted: too_few). Values are those of the summary: flows in
    total, stocks and shares as means of the last 180 days. With one replicate the intervals are NaN, and a
    warning says so (also in `.attrs["note"]`).
    """
    flat(ds)
    base = baseline_of(ds, baseline)
    known = files.metrics(ds)
    chosen = list(known.index) if metrics is None else metrics
    rows = []
    for name in chosen:
        values = level(ds, name).transpose("scenario", "replicate").values
        theirs = values[files.scenarios(ds).index(base)]
        for scenario, ours in zip(files.scenarios(ds), values, strict=True):
            row = {"scenario": scenario, "metric": name, "units": known.units[name], "kind": known.kind[name]}
            mean = estimate(ours)
            row |= {"replicates": mean.n, "mean": mean.mean, "low": mean.low, "high": mean.high, "few": mean.few}
            rows.append(row | _against(ours, theirs, scenario == base))
    table = pd.DataFrame(rows)
    table.attrs["baseline"] = base
    table.attrs["note"] = SINGLE if ds.sizes.get("replicate", 1) == 1 else ""
    if table.attrs["note"]:
        warnings.warn(table.attrs["note"], stacklevel=2)
    return table


def _against(ours: np.ndarray, theirs: np.ndarray, is_base: bool) -> dict[str, float]:
    columns = (
        "difference",
        "difference_low",
        "difference_high",
        "ratio",
        "ratio_low",
        "ratio_high",
        "pairing_gain",
    )
    if is_base:
        return dict.fromkeys((*columns, "share_below", "difference_few"), np.nan)
    ours, theirs = paired(ours, theirs)
    gap = estimate(ours - theirs)
    low, high = fieller(ours, theirs)
    ratio = ours.mean() / theirs.mean() if theirs.size and theirs.mean() != 0 else np.nan
    below = float((ours < theirs).mean()) if ours.size else np.nan
    values = (gap.mean, gap.low, gap.high, ratio, low, high, pairing_gain(ours, theirs), below, gap.few)
    return dict(zip((*columns, "share_below", "difference_few"), values, strict=True))

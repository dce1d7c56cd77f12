"""Statistics over replicates: levels, paired differences and ratios, each with a 95 % interval."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import brentq
from scipy.special import stdtrit

from . import files
from .files import EnforceSimError
from .sanity import check, guarded

CONFIDENCE = 0.95
SINGLE = "one replicate only: no interval can be given"
#: For an interval to be trusted there must be so many replicates, and so many (or half) that differ from the rest.
ENOUGH, TOLD = 10, 8
FEW = f"fewer than {ENOUGH} replicates, or fewer than {TOLD} (or than half) that differ from the rest"


@dataclass(frozen=True)
class Estimate:
    """A mean over `n` replicates with its 95 % interval; the interval is NaN for a single replicate.

    `few` says that too little happened for the interval to be trusted, see too_few.
    """

    mean: float
    low: float
    high: float
    n: int
    few: bool = False

    @property
    def half(self) -> float:
        """Half the interval's width; the mean need not lie in its middle."""
        return (self.high - self.low) / 2

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of zero."""
        return bool(self.low > 0 or self.high < 0)


def too_few(values: np.ndarray) -> bool:
    """Whether two or more values, shape (replicate,), tell too little for an interval to be trusted.

    So it is with fewer than ENOUGH of them, which may all miss the long tail of a skewed outcome, and where all
    but fewer than TOLD, or than half, are the same: counts of what happened in hardly any replicate, or in none.
    Where by luck none of the rare large values is among them, mean and interval are too small together.
    """
    n = values.size
    if n < ENOUGH:
        return n > 1
    _, counts = np.unique(values, return_counts=True)
    return n - int(counts.max()) < min(TOLD, n / 2)


def estimate(values: np.ndarray, events: np.ndarray | None = None) -> Estimate:
    """Mean and 95 % interval of independent values, shape (replicate,); NaNs are left out.

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
    return Estimate(mean, *interval(values), n, too_few(counts[np.isfinite(counts)]))


def interval(values: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean of two or more finite values, shape (replicate,), which may be skewed.

    Student's t interval misses the mean of a skewed outcome too often, on the side of its long tail. Willink
    (2005, Communications in Statistics: Theory and Methods 34, 753-766), after Johnson (1978) and Hall (1992),
    puts G(t) in place of the quantile t, where G(t) = (cbrt(1 + 6 a (t - a)) - 1) / (2 a), a = skewness /
    (6 sqrt n), and estimates the skewness without bias in its third moment. That lengthens the interval
    towards the long tail and shortens it on the other side. The skewness of a dozen values is mostly luck,
    though, and where tails are heavy on both sides shortening costs more than it should. So an end that
    moves outward moves all the way, one that moves inward half of it. tests/test_intervals.py measures it.
    """
    n = values.size
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    quantile, error, a = quantile_t(n), spread / np.sqrt(n), 0.0
    if n > 2 and spread > 0:
        a = float((((values - mean) / spread) ** 3).sum()) * n / ((n - 1) * (n - 2)) / (6 * np.sqrt(n))
    ends = []
    for t in (quantile, -quantile):
        root = np.cbrt(1 + 6 * a * (t - a))
        moved = 3 * (t - a) / (1 + root + root**2)  # G(t), written so that it holds for a = 0 as well
        ends.append(float(mean - error * (moved if abs(moved) > quantile else (moved + t) / 2)))
    return ends[0], ends[1]


def quantile_t(n: int) -> float:
    """Quantile of Student's t for a two-sided interval from `n` values."""
    return float(stdtrit(n - 1, (1 + CONFIDENCE) / 2))


def fieller(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """95 % interval of mean(a)/mean(b) for paired values, shape (replicate,), after Fieller (1954).

    It ends at those k for which the interval of mean(a - k b) ends at zero, so that it agrees with the paired
    comparison. NaN, NaN when mean(b) cannot be told from zero, for then the interval has no end.
    """
    if a.size < 2:
        return np.nan, np.nan
    below, above = interval(b)
    if below <= 0 <= above:
        return np.nan, np.nan
    a, b = (a, b) if below > 0 else (-a, -b)
    middle = float(a.mean() / b.mean())
    low, high = interval(a - middle * b)
    step = (high - low) / 2 / float(b.mean())
    return _end(a, b, 0, middle, -step), _end(a, b, 1, middle, step)


def _end(a: np.ndarray, b: np.ndarray, side: int, inside: float, step: float) -> float:
    """The k beyond `inside` at which the lower (side 0) or upper (1) end of mean(a - k b)'s interval is zero."""

    def end(k: float) -> float:
        return interval(a - k * b)[side]

    while abs(step) > 1e-12 * abs(inside) and np.isfinite(step):
        if end(inside) * end(inside + step) <= 0:
            return float(brentq(end, inside, inside + step, xtol=1e-12 * abs(step)))
        step *= 2
    return inside if np.isfinite(step) else np.nan


def pseudovalues(numerator: np.ndarray, denominator: np.ndarray | None) -> np.ndarray:
    """Jackknife pseudo-values, shape (replicate,), of mean(numerator)/mean(denominator).

    Their mean and its interval serve as those of the ratio. Without a denominator they are the values
    themselves, so that linear comparisons remain paired ones.
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
        raise EnforceSimError(f"no metric {metric!r} in the file")
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
def compare(ds: xr.Dataset, baseline: str | None = "status_quo", metrics: list[str] | None = None) -> pd.DataFrame:
    """Every scenario and metric against a baseline, replicate by replicate under common random numbers.

    Columns: scenario, metric, units, kind, replicates; mean, low, high (95 % interval over replicates);
    difference from the baseline with difference_low, difference_high; ratio to it with ratio_low,
    ratio_high (Fieller); pairing_gain (variance unpaired / paired); share_below (share of replicates in
    which the scenario lies below the baseline); few, difference_few (too few replicates, or too few that
    differ from the rest, for the interval to be trusted: too_few). Values are those of the summary: flows in
    total, stocks and shares as means of the last 180 days. With one replicate the intervals are NaN, and a
    warning says so (also in `.attrs["note"]`).

    A file of run.output = "quantiles" no longer has the replicates. Its intervals are Student's t, which does
    not follow a skewed outcome, and `.attrs["interval"]` says so; the baseline must be the one that the
    differences were taken from while running; ratio_low and ratio_high are NaN where a replicate is undefined.
    """
    flat(ds, ("all", "summary", "quantiles"))
    base = baseline_of(ds, baseline)
    if files.output(ds) == "quantiles":
        return _compare_statistics(ds, base, metrics)
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
    table.attrs["interval"] = "Willink"
    table.attrs["note"] = SINGLE if ds.sizes.get("replicate", 1) == 1 else ""
    if table.attrs["note"]:
        warnings.warn(table.attrs["note"], stacklevel=3)
    return table


#: Columns that a scenario has against the baseline.
AGAINST = (
    "difference", "difference_low", "difference_high", "ratio", "ratio_low", "ratio_high", "pairing_gain",
    "share_below", "difference_few",
)  # fmt: skip


def _against(ours: np.ndarray, theirs: np.ndarray, is_base: bool) -> dict[str, float]:
    if is_base:
        return dict.fromkeys(AGAINST, np.nan)
    ours, theirs = paired(ours, theirs)
    gap = estimate(ours - theirs)
    low, high = fieller(ours, theirs)
    ratio = ours.mean() / theirs.mean() if theirs.size and theirs.mean() != 0 else np.nan
    below = float((ours < theirs).mean()) if ours.size else np.nan
    values = (gap.mean, gap.low, gap.high, ratio, low, high, pairing_gain(ours, theirs), below, gap.few)
    return dict(zip(AGAINST, values, strict=True))


# ---- from statistics, where the replicates are gone ----


@dataclass(frozen=True)
class Told:
    """What a file of statistics says of the values of one scenario, or of one's differences from the baseline."""

    n: float
    mean: float
    sd: float
    minimum: float
    maximum: float
    negative: float
    zero: float

    def estimate(self) -> Estimate:
        """Mean with Student's t interval; too few as in too_few, as far as counts of zeros can tell."""
        if self.n < 2:
            return Estimate(self.mean, np.nan, np.nan, int(self.n))
        half = quantile_t(int(self.n)) * self.sd / np.sqrt(self.n)
        told = 0 if self.minimum == self.maximum else self.n - self.zero
        few = self.n < ENOUGH or told < min(TOLD, self.n / 2)
        return Estimate(self.mean, self.mean - half, self.mean + half, int(self.n), bool(few))


def _told(values: xr.DataArray) -> list[Told]:
    """One for each scenario."""
    names = list(Told.__dataclass_fields__)
    table = values.sel(statistic=names).transpose("scenario", "statistic").values.astype(float)
    return [Told(*row) for row in table]


def _compare_statistics(ds: xr.Dataset, base: str, metrics: list[str] | None) -> pd.DataFrame:
    taken = files.text(ds.attrs.get("difference_baseline", ""))
    if base != taken:
        raise EnforceSimError(
            f'this file holds differences from {taken!r} only (run.output = "quantiles"), not from {base!r}; '
            f'compare with {taken!r}, or run again with run.output = "summary"'
        )
    known = files.metrics(ds)
    rows = []
    for name in known.index if metrics is None else metrics:
        if f"difference.{name}" not in ds or f"summary.{name}" not in ds:
            raise EnforceSimError(f"no metric {name!r} in the file")
        levels, gaps = _told(ds[f"summary.{name}"]), _told(ds[f"difference.{name}"])
        theirs = levels[files.scenarios(ds).index(base)]
        for scenario, ours, gap in zip(files.scenarios(ds), levels, gaps, strict=True):
            row = {"scenario": scenario, "metric": name, "units": known.units[name], "kind": known.kind[name]}
            mean = ours.estimate()
            row |= {"replicates": mean.n, "mean": mean.mean, "low": mean.low, "high": mean.high, "few": mean.few}
            against = dict.fromkeys(AGAINST, np.nan) if scenario == base else _against_told(ours, theirs, gap)
            rows.append(row | against)
    table = pd.DataFrame(rows)
    table.attrs["baseline"] = base
    table.attrs["interval"] = "Student's t"
    table.attrs["note"] = SINGLE if ds.attrs.get("replicates", 2) == 1 else ""
    if table.attrs["note"]:
        warnings.warn(table.attrs["note"], stacklevel=4)
    return table


def _against_told(ours: Told, theirs: Told, gap: Told) -> dict[str, float]:
    found, together, apart = gap.estimate(), gap.sd**2, ours.sd**2 + theirs.sd**2
    gain = np.nan
    if gap.n > 1:
        gain = apart / together if together > 0 else (np.inf if apart > 0 else np.nan)
    ratio = ours.mean / theirs.mean if theirs.mean != 0 else np.nan
    whole = gap.n == ours.n == theirs.n  # else the three are not of the same replicates
    ends = _fieller_told(ours, theirs, together) if whole and gap.n > 1 else (np.nan, np.nan)
    below = gap.negative / gap.n if gap.n > 0 else np.nan
    values = (found.mean, found.low, found.high, ratio, *ends, gain, below, found.few)
    return dict(zip(AGAINST, values, strict=True))


def _fieller_told(ours: Told, theirs: Told, gap_variance: float) -> tuple[float, float]:
    """Fieller's interval of a ratio of paired means: the k at which Student's t interval of a - k b ends at zero."""
    a, b, shared = ours.sd**2, theirs.sd**2, (ours.sd**2 + theirs.sd**2 - gap_variance) / 2
    squared = quantile_t(int(ours.n)) ** 2 / ours.n
    # (mean_a - k mean_b)^2 = squared (a - 2 k shared + k^2 b), a quadratic in k
    second = theirs.mean**2 - squared * b
    first, zeroth = ours.mean * theirs.mean - squared * shared, ours.mean**2 - squared * a
    if not second > 0:
        return np.nan, np.nan
    root = np.sqrt(max(first**2 - second * zeroth, 0.0))
    return (first - root) / second, (first + root) / second

"""Means and their 95 % intervals, ratios, signs: statistics of independent values, such as a run's replicates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

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
    quantile, error, a = quantile_t(n), spread / np.sqrt(n), asymmetry(values)
    return float(mean - error * lengthened(quantile, a)), float(mean - error * lengthened(-quantile, a))


def asymmetry(values: np.ndarray) -> float:
    """Skewness / (6 sqrt n) of finite values, shape (replicate,); 0 where too few or too equal to tell."""
    n = values.size
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    if n <= 2 or not spread > 0:
        return 0.0
    return float((((values - mean) / spread) ** 3).sum()) * n / ((n - 1) * (n - 2)) / (6 * np.sqrt(n))


def lengthened(t: float, a: float) -> float:
    """What `interval` puts in place of a quantile t of Student's: G(t) if that lies farther out, else half-way."""
    root = np.cbrt(1 + 6 * a * (t - a))
    moved = 3 * (t - a) / (1 + root + root**2)  # G(t), written so that it holds for a = 0 as well
    outward = moved > t if t > 0 else moved < t
    return float(moved if outward else (moved + t) / 2)


def probability_below(values: np.ndarray) -> float:
    """Probability that the mean lies below 0, from independent finite values, shape (replicate,).

    It is the confidence of the one-sided interval that reaches from below up to 0, of the kind that `interval` gives:
    0.975 where the two-sided 95 % interval ends at 0. For values without skewness it is the posterior probability
    of a mean below 0 from Student's t, under the usual flat prior of mean and log standard deviation. NaN from fewer
    than two values, and from values that are all 0.
    """
    n = values.size
    if n < 2 or not np.any(values):
        return np.nan
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    if not spread > 1e-12 * abs(mean):
        return float(mean < 0)
    wanted, a = mean / (spread / np.sqrt(n)), asymmetry(values)
    reach = 2 * abs(wanted) + 2
    while not lengthened(-reach, a) < wanted < lengthened(reach, a):
        reach *= 2
    t = brentq(lambda x: lengthened(x, a) - wanted, -reach, reach, xtol=1e-12)
    return float(stdtr(n - 1, -t))


def replicates_needed(found: Estimate, half: float) -> float:
    """Replicates for which half the interval's width is expected to be at most `half`, at least 2; NaN if unknown.

    It takes the values' spread, and the shape of their interval, to stay as they are: after Student's t,
    half widths go as t(n - 1) / sqrt(n). What few replicates tell of the spread is uncertain itself.
    """
    if not (found.n > 1 and np.isfinite(found.half) and half > 0):
        return np.nan
    target = half / found.half * quantile_t(found.n) / np.sqrt(found.n) if found.half > 0 else np.inf

    def narrow(n: int) -> bool:
        return quantile_t(n) / np.sqrt(n) <= target * (1 + 1e-12)

    low, high = 1, 2
    while not narrow(high):
        low, high = high, 2 * high
        if high > 1 << 60:
            return np.inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if narrow(middle) else (middle, high)
    return float(high)


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

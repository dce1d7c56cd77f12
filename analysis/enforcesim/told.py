"""Comparison from statistics over replicates, where a file no longer has the replicates (run.output = "quantiles")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import stdtr

from . import files
from .files import EnforceSimError
from .intervals import ENOUGH, SINGLE, TOLD, Estimate, quantile_t

#: Columns that a scenario has against the baseline, and what the baseline itself has there.
NOTHING: dict[str, object] = {
    **dict.fromkeys(("difference", "difference_low", "difference_high", "ratio", "ratio_low", "ratio_high"), np.nan),
    **dict.fromkeys(("pairing_gain", "probability_below", "probability_above", "share_below", "share_above"), np.nan),
    **dict.fromkeys(("rate_difference", "rate_difference_low", "rate_difference_high"), np.nan),
    "pairs": 0,
    "undefined": 0,
    "difference_few": False,
    "note": "",
}


def note(gap: Estimate, undefined: int, constant: bool) -> str:
    """What should be known of a comparison: why it has no interval, or one not to be trusted."""
    parts = []
    if undefined and gap.n:
        parts.append(f"{undefined} of {undefined + gap.n} replicates without a value left out")
    if gap.n == 0:
        parts.append("undefined in every replicate")
    elif gap.n == 1:
        parts.append(SINGLE)
    elif constant:
        parts.append("the same difference in every replicate: its interval is not to be trusted")
    elif gap.n < ENOUGH:
        parts.append(f"fewer than {ENOUGH} replicates: the interval is not to be trusted")
    elif gap.few:
        parts.append("too few replicates differ: the interval is not to be trusted")
    return "; ".join(parts)


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

    def probability_below(self) -> float:
        """Probability that the mean lies below 0, from Student's t as in intervals.probability_below."""
        if self.n < 2 or (self.sd == 0 and self.mean == 0):
            return np.nan
        if not self.sd > 0:
            return float(self.mean < 0)
        return float(stdtr(self.n - 1, -self.mean / (self.sd / np.sqrt(self.n))))


def _told(values: xr.DataArray) -> list[Told]:
    """One for each scenario."""
    names = list(Told.__dataclass_fields__)
    table = values.sel(statistic=names).transpose("scenario", "statistic").values.astype(float)
    return [Told(*row) for row in table]


def rows(ds: xr.Dataset, base: str, metrics: list[str], known: pd.DataFrame) -> list[dict[str, object]]:
    """Rows of compare.compare."""
    taken = files.text(ds.attrs.get("difference_baseline", ""))
    if base != taken:
        raise EnforceSimError(
            f'this file holds differences from {taken!r} only (run.output = "quantiles"), not from {base!r}; '
            f'compare with {taken!r}, or run again with run.output = "summary"'
        )
    found = []
    for name in metrics:
        if f"difference.{name}" not in ds or f"summary.{name}" not in ds:
            raise EnforceSimError(f"no metric {name!r} in the file{files.nearly(name, known.index)}")
        levels, gaps = _told(ds[f"summary.{name}"]), _told(ds[f"difference.{name}"])
        theirs = levels[files.scenarios(ds).index(base)]
        for scenario, ours, gap in zip(files.scenarios(ds), levels, gaps, strict=True):
            row = {"scenario": scenario, "metric": name, "units": known.units[name], "kind": known.kind[name]}
            mean = ours.estimate()
            row |= {"replicates": mean.n, "mean": mean.mean, "low": mean.low, "high": mean.high, "few": mean.few}
            undefined = int(ds.attrs.get("replicates", gap.n)) - int(gap.n)
            against = dict(NOTHING) if scenario == base else _against(ours, theirs, gap, undefined)
            found.append(row | against)
    return found


def _against(ours: Told, theirs: Told, gap: Told, undefined: int) -> dict[str, object]:
    found, together, apart = gap.estimate(), gap.sd**2, ours.sd**2 + theirs.sd**2
    gain = np.nan
    if gap.n > 1:
        gain = apart / together if together > 0 else (np.inf if apart > 0 else np.nan)
    ratio = ours.mean / theirs.mean if theirs.mean != 0 else np.nan
    whole = gap.n == ours.n == theirs.n  # else the three are not of the same replicates
    low, high = _fieller(ours, theirs, together) if whole and gap.n > 1 else (np.nan, np.nan)
    below = gap.probability_below()
    return NOTHING | {
        "difference": found.mean, "difference_low": found.low, "difference_high": found.high,
        "ratio": ratio, "ratio_low": low, "ratio_high": high, "pairing_gain": gain,
        "probability_below": below, "probability_above": 1 - below,
        "share_below": gap.negative / gap.n if gap.n > 0 else np.nan,
        "share_above": (gap.n - gap.negative - gap.zero) / gap.n if gap.n > 0 else np.nan,
        "pairs": found.n, "undefined": undefined, "difference_few": found.few,
        "note": note(found, undefined, bool(gap.n > 1 and gap.sd == 0)),
    }  # fmt: skip


def _fieller(ours: Told, theirs: Told, gap_variance: float) -> tuple[float, float]:
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

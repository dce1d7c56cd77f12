"""The data behind the report's interactive chart: every metric over time, packed into text that is safe in a page."""

from __future__ import annotations

import base64
import json
import warnings
from typing import Any

import numpy as np
import xarray as xr

from . import files
from .compare import AGAINST, Estimate, compare, estimate, level, paired
from .table import YEAR, base_of, signed, with_half

#: Quantiles over replicates that the chart shows, least detailed first, by their names in files of statistics.
DETAIL: tuple[dict[str, float], ...] = (
    {"q50": 0.5},
    {"q05": 0.05, "q50": 0.5, "q95": 0.95},
    {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95},
)
#: Bytes that the series may take in the page.
ROOM = 1_800_000
#: What stands for a missing value among the numbers 0 to 65534.
MISSING = 65535


def chart(ds: xr.Dataset, baseline: str | None = None) -> dict[str, Any]:
    """All metrics over time, with the table's numbers of each: what `report.js` draws.

    `metrics` holds for each: name, label, unit, submodel, low and high, and `packed`, base64 of numbers of 16 bits
    for (scenario, quantile, time) between these two; `rows` in words, the mean of each scenario and its difference.
    Without series in the file there are no `times` and nothing is packed.
    """
    base, names = base_of(ds, baseline), files.scenarios(ds)
    known = files.metrics(ds)
    timed = files.output(ds) != "summary"
    times = [float(t) for t in np.atleast_1d(ds["time"].values)] if timed else []
    quantiles, step = _detail(len(known) * len(names), len(times), _single(ds))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one replicate: the report says so itself
        rows = _rows(ds, base)
    kept = np.arange(len(times))[::-step][::-1] if timed else np.arange(0)  # the last record among them
    metrics = []
    for name, about in known.iterrows():
        entry = {"name": files.text(name), "label": files.label(ds, str(name)), "meaning": about["meaning"]}
        entry |= {"kind": about["kind"], "submodel": about["submodel"] or "other", "rows": rows.get(str(name), [])}
        unit = "" if about["units"] == "1" else about["units"]
        entry["unit"] = f"{unit} per 30 days" if about["kind"] == "flow" and timed else unit
        if timed:
            entry |= _packed(_quantiles(ds, str(name), about["kind"], quantiles)[..., kept])
        metrics.append(entry)
    order = list(dict.fromkeys(m["submodel"] for m in metrics))
    metrics.sort(key=lambda m: order.index(m["submodel"]))
    return {
        "scenarios": names,
        "base": names.index(base),
        "times": [times[i] for i in kept],
        "year": YEAR,
        "quantiles": list(quantiles),
        "step": step,
        "phases": [[p.scenario, p.day, p.policy] for p in files.phases(ds) if p.day > 0 and p.scenario in names],
        "metrics": metrics,
    }


def _single(ds: xr.Dataset) -> bool:
    return ds.sizes.get("replicate", int(ds.attrs.get("replicates", 2))) == 1


def _detail(series: int, times: int, single: bool) -> tuple[dict[str, float], int]:
    """Which quantiles to show and every how many records, so that all fits into the room."""
    per_number = 2 * 4 / 3
    choices = DETAIL[:1] if single else DETAIL[:0:-1]
    for step in (1, 2, 4, 8, 16, 32, 64, 128):
        for quantiles in choices:
            if series * (times // step + 1) * len(quantiles) * per_number <= ROOM:
                return quantiles, step
    return DETAIL[0], 256


def _quantiles(ds: xr.Dataset, metric: str, kind: str, quantiles: dict[str, float]) -> np.ndarray:
    """Quantiles over replicates, shape (scenario, quantile, time); flows per 30 days."""
    if files.output(ds) == "quantiles":
        values = ds[metric].sel(statistic=list(quantiles)).transpose("scenario", "statistic", "time").values
    else:
        each = ds[metric].transpose("replicate", "scenario", "time").values.astype(float)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # days without a survey have no value
            of = np.nanquantile if np.isnan(each).any() else np.quantile  # the latter is much faster
            values = of(each, list(quantiles.values()), axis=0).transpose(1, 0, 2)
    return values / files.interval_days(ds) * 30 if kind == "flow" else values.astype(float)


def _packed(values: np.ndarray) -> dict[str, Any]:
    there = np.isfinite(values)
    low, high = (float(values[there].min()), float(values[there].max())) if there.any() else (0.0, 0.0)
    scale = (MISSING - 1) / (high - low) if high > low else 0.0
    if not np.isfinite(scale):  # a range beyond what numbers hold, or below
        scale = 0.0
    numbers = np.where(there, np.rint((np.where(there, values, low) - low) * scale), MISSING).astype("<u2")
    packed = base64.b64encode(numbers.tobytes()).decode("ascii")
    return {"low": low, "high": high, "packed": packed, "sparse": bool(there.mean() < 0.5)}


def _rows(ds: xr.Dataset, base: str) -> dict[str, list[list[str]]]:
    """Per metric: for each scenario its mean and its difference from the baseline, in words."""
    rows: dict[str, list[list[str]]] = {}
    if files.output(ds) != "quantiles":
        at = files.scenarios(ds).index(base)
        for name in files.metrics(ds).index:
            values = level(ds, name).transpose("scenario", "replicate").values.astype(float)
            gaps = [signed(estimate(np.subtract(*paired(own, values[at])))) for own in values]
            rows[name] = [[with_half(estimate(v)), "baseline" if i == at else gaps[i]] for i, v in enumerate(values)]
        return rows
    for r in compare(ds, base).to_dict("records"):
        mean = Estimate(r["mean"], r["low"], r["high"], r["replicates"], bool(r["few"]))
        cells = [with_half(mean), "baseline"]
        if r["scenario"] != base:
            gap = [r[n] for n in AGAINST[:3]]
            cells[1] = signed(Estimate(*gap, r["replicates"], bool(r["difference_few"])))
        rows.setdefault(r["metric"], []).append(cells)
    return rows


def as_script(data: object) -> str:
    """JSON that may stand in a script element: nothing in it ends the element or is no JavaScript."""
    whole = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return whole.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")

"""Results as a plain table: for pandas, spreadsheets, R, and whatever reads CSV."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import xarray as xr

from . import files
from .files import EnforceSimError
from .sanity import guarded

#: What `of` may be, and how its variables are called.
KINDS = {"series": "", "summary": "summary.", "difference": "difference."}
#: What a row is told by, in the order of the columns.
ORDER = ("point", "scenario", "replicate", "statistic", "time")
#: How a file of that ending is packed, and how such a file begins, in lower case.
PACKED = {
    ".gz": ("gzip", (b"\x1f\x8b",)),
    ".bz2": ("bz2", (b"bzh",)),
    ".xz": ("xz", (b"\xfd7zxz",)),
    ".zip": ("zip", (b"pk",)),
}


@guarded
def frame(ds: xr.Dataset, metric: str | Iterable[str] | None = None, of: str | None = None) -> pd.DataFrame:
    """A tidy table: one row for each observation, one column for each coordinate and each metric.

    metric: a name or names; None: all there are. of: "series" (rows: scenario, replicate, time), "summary" (scenario,
    replicate: totals of flows, means of stocks and shares over the last 180 days) or, of a file of quantiles,
    "difference"; None: the series where the file has them. A file of quantiles has `statistic` in place of
    `replicate`; one of a design has `point` first, and a column for each of its parameters after it. Units are in the
    `.attrs["units"]` of the table, by metric.
    """
    of = of or ("summary" if files.output(ds) == "summary" else "series")
    if of not in KINDS:
        raise EnforceSimError(f"there is no table '{files.text(of)}'; allowed: {', '.join(KINDS)}")
    known = [str(n) for n in files.metrics(ds).index]
    if not isinstance(metric, (str, Iterable, type(None))) or not (names := _names(metric, known)):
        raise EnforceSimError(f"metric is {files.text(repr(metric))[:40]}; allowed: the name of a metric, or names")
    for name in names:
        if name not in known:
            raise EnforceSimError(
                f"the file has no metric '{files.text(name)}'; enforcesim metrics lists those of the model"
            )
        if f"{KINDS[of]}{name}" not in ds and of == "difference":
            raise EnforceSimError(
                'only files of run.output = "quantiles" hold differences; es.compare makes them of others'
            )
        if f"{KINDS[of]}{name}" not in ds:
            raise files.lacks(ds, f"the {of}")
    chosen = ds[[f"{KINDS[of]}{n}" for n in names]].rename({f"{KINDS[of]}{n}": n for n in names if KINDS[of]})
    order = [d for d in ORDER if d in chosen.dims]
    table = chosen.to_dataframe(dim_order=order).reset_index()[[*order, *names]]
    table.attrs["units"] = {n: files.text(files.attributes(ds, n).get("units", "1")) for n in names}
    return _with_design(ds, table) if "point" in order else table


def _names(metric: str | Iterable[str] | None, known: list[str]) -> list[str]:
    return known if metric is None else [metric] if isinstance(metric, str) else list(metric)


def _with_design(ds: xr.Dataset, table: pd.DataFrame) -> pd.DataFrame:
    """Each point's parameters after its number."""
    design = files.group(ds, "design")
    columns = {str(n): files.words(v) for n, v in design.data_vars.items() if n != "problem"}
    of_point = pd.DataFrame(columns, index=ds["point"].values).loc[table["point"]].set_index(table.index)
    joined = pd.concat([table[["point"]], of_point, table.drop(columns="point")], axis=1)
    joined.attrs = table.attrs
    return joined


@guarded
def export(
    ds: xr.Dataset, path: str | os.PathLike[str], metric: str | Iterable[str] | None = None, of: str | None = None
) -> Path:
    """Write `frame` as CSV (a header, UTF-8, decimal points; what is undefined is left empty); returns the path.

    NAME.csv.gz, .bz2, .xz and .zip are packed. Of files only another such table is replaced: NAME.csv may be the design
    of NAME.h5.
    """
    path = files.writable(path)
    packed, begins = PACKED.get(path.suffix, (None, tuple(f"{d},".encode() for d in ORDER)))
    files.writable(path, "table of results", begins)
    table = frame(ds, metric, of)
    with files.writing(path) as file:
        table.to_csv(file, index=False, mode="wb", compression=packed)
    return path

"""What must hold of a dataset before anything is computed from it, and one kind of error for what makes no sense."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np
import xarray as xr

from . import files
from .files import EnforceSimError

P = ParamSpec("P")
R = TypeVar("R")

#: Root attributes that are numbers, with the least that they may be.
NUMBERS = {"horizon": 0.0, "burn_in": 0.0, "record_every": 0.0, "replicates": 1.0}
MOST = 1e9


def check(ds: xr.Dataset) -> None:
    """Raise EnforceSimError where a metric lacks a dimension or a number is none, naming it."""
    for name, least in NUMBERS.items():
        if name in ds.attrs:
            value = ds.attrs[name]
            is_number = np.ndim(value) == 0 and isinstance(value, (int, float, np.number))
            if not is_number or not least <= float(value) <= MOST:
                raise EnforceSimError(
                    f"{_source(ds)}the attribute {name} is {files.text(value)[:40]!r}, which is no count"
                )
    wanted = files.FORMS[files.output(ds)]
    short = tuple(d for d in wanted if d != "time")
    for name in files.metrics(ds).index:
        _dimensions(ds, f"summary.{name}", short)
        if files.output(ds) != "summary":
            _dimensions(ds, name, wanted)


def _dimensions(ds: xr.Dataset, name: str, wanted: tuple[str, ...]) -> None:
    values = ds[name]
    shown = files.text(name)
    if {*values.dims} != {*wanted}:
        raise EnforceSimError(f"{_source(ds)}{shown} has not the dimensions {', '.join(wanted)}")
    if values.dtype.kind not in "fiu":
        raise EnforceSimError(f"{_source(ds)}{shown} holds no numbers")


def _source(ds: xr.Dataset) -> str:
    path = ds.encoding.get("source", "")
    return f"{files.text(path)}: " if path else ""


def guarded(function: Callable[P, R]) -> Callable[P, R]:
    """Make what a senseless file leads to an EnforceSimError, from its cause; wrong arguments stay TypeErrors."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*arguments: P.args, **options: P.kwargs) -> R:
        given: dict[str, Any] = signature.bind(*arguments, **options).arguments
        ds = given["ds"]
        if not isinstance(ds, xr.Dataset):
            raise EnforceSimError(
                f"es.{function.__name__} needs a dataset as es.open returns it, not {type(ds).__name__}"
            )
        try:
            return function(*arguments, **options)
        except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError) as reason:
            said = files.text(str(reason))[:200]
            raise EnforceSimError(f"{_source(ds)}makes no sense ({type(reason).__name__}: {said})") from reason

    return call

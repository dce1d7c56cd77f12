"""Figures of a results file: each function returns one, `save` writes it, `figures` draws the usual set.

Names of scenarios, labels and units come from the file; so do the sources in a figure's margin.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import xarray as xr
from matplotlib.figure import Figure

from . import files
from .canvas import save
from .compare import OVER, baseline_of, flat
from .files import EnforceSimError
from .plot_balance import COSTS, EXPLOITED, cost_effectiveness, tradeoff
from .plot_flows import INTO, OUT, STOCKS, victims
from .plot_forests import FOREST, claims, forest
from .plot_over_time import PANELS, groups, series, survey
from .plot_places import PLACES, where, where_over_time
from .plot_police import POLICE, police
from .table import BLOCKS

__all__ = [
    "NAMES", "claims", "cost_effectiveness", "draw", "figures", "forest", "groups", "police", "save", "series",
    "survey", "tradeoff", "victims", "where", "where_over_time",
]  # fmt: skip

#: The figures that have a name, and how each is drawn from a file and a baseline.
_MAKERS: dict[str, Callable[[xr.Dataset, str], Figure]] = {
    "groups": groups,
    "tradeoff": tradeoff,
    "survey": survey,
    "where": lambda ds, base: where(ds),
    "where_over_time": lambda ds, base: where_over_time(ds, baseline=base),
    "victims": lambda ds, base: victims(ds, baseline=base),
    "cost_effectiveness": cost_effectiveness,
    "police": police,
    "differences": lambda ds, base: forest(ds, baseline=base),
    "claims": lambda ds, base: claims(ds),
    "minor_prevalence": lambda ds, base: series(ds, "minor_prevalence", baseline=base),
    "health_coverage": lambda ds, base: series(ds, "health_coverage", baseline=base),
}
NAMES = tuple(_MAKERS)


def draw(ds: xr.Dataset, name: str, baseline: str | None = None) -> Figure:
    """The figure of that name, one of NAMES."""
    if name not in _MAKERS:
        raise EnforceSimError(f"no figure {name!r}{files.nearly(name, NAMES)}; there are {', '.join(NAMES)}")
    return _MAKERS[name](ds, baseline_of(ds, baseline))


def figures(ds: xr.Dataset, baseline: str | None = None) -> dict[str, Figure]:
    """The named figures; those that the file has not enough for are left out."""
    flat(ds)
    base = baseline_of(ds, baseline)
    drawn = {}
    for name, make in _MAKERS.items():
        with contextlib.suppress(EnforceSimError):
            drawn[name] = make(ds, base)
    return drawn


def known_metrics() -> set[str]:
    """Metrics that tables and figures name, for tests against the program's own list."""
    groups_of = (*BLOCKS.values(), *PANELS.values(), *OVER.values(), *POLICE.values())
    return {m for group in groups_of for m in group}.union(FOREST, STOCKS, INTO, OUT, COSTS, EXPLOITED, PLACES)

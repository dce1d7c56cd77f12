"""The police over time: skill, integrity and tenure, and what rotation does to them."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from . import files
from .canvas import blank, check, chosen, colours, drawing, luck
from .plot_over_time import PHASES, multiples

#: What is shown of all officers, of the special unit, and of turnover and collusion. Names only.
POLICE = {
    "All officers": ("officer_skill", "officer_integrity", "officer_tenure"),
    "The special unit": ("special_skill", "special_integrity", "operations"),
    "Turnover and collusion": ("officers_transferred", "officers_prosecuted", "venues_protected"),
}
#: Levers that say how fast officers rotate.
ROTATION = ("policy.general_rotation", "policy.special_rotation")


def police(ds: xr.Dataset, baseline: str | None = None, scenarios: str | list[str] | None = None) -> Figure:
    """Skill, integrity and tenure of officers over time, with each scenario's rotation in the note."""
    shown = {title: [m for m in metrics if m in ds] for title, metrics in POLICE.items()}
    shown = {title: metrics for title, metrics in shown.items() if metrics}
    check(ds, "officer_skill", "officer_integrity")
    names, left_out = chosen(ds, scenarios, baseline, 7)
    with drawing():
        note = luck(ds, "Mean of the replicates with its 95 % interval.")
        note += f" Flows are averaged over half-years; no line where there is no such unit. {PHASES} "
        note += f"{left_out} {_rotation(ds, names)}"
        title = "Skill and integrity of the police, and rotation"
        figure = blank(ds, 10.8, 0.9 + 2.3 * len(shown), title, note, names)
        multiples(figure, ds, shown, names, colours(ds, baseline))
    return figure


def _rotation(ds: xr.Dataset, names: list[str]) -> str:
    """How fast each scenario's last policy rotates officers, in the file's words."""
    table = files.parameters(ds)
    levers = [lever for lever in ROTATION if lever in table.index]
    last = {p.scenario: p.policy for p in files.phases(ds)}
    held = {n: last[n] for n in names if n in last and last[n] in table.columns}
    if not levers or not held:
        return ""
    heads = [f"{table.meaning[x].split(';')[0]} [{table.units[x]}]" for x in levers]
    values = [f"{n} {' and '.join(f'{table.loc[x, p]:g}' for x in levers)}" for n, p in held.items()]
    return f"Last policy's {' and '.join(heads)}: {'; '.join(values)}."

"""The report: one self-contained HTML file with the comparison, the verdicts and where they come from."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from . import files, plot
from .canvas import drawing
from .claims import RULE, VERDICTS, claims, counted
from .compare import baseline_of, flat
from .files import EnforceSimError
from .table import legend, opening, rows, signed, with_half

#: What each standard figure shows, for readers who cannot see it; the numbers are in the report's tables.
ALT = {
    "tradeoff": "Scatter plot: acts by police against adults on the horizontal axis, persons exploited on an "
    "average day on the vertical one, a cloud of replicates and its mean for each scenario",
    "groups": "Twelve line charts over time, three for each of the four groups, one line per scenario",
    "survey": "Line charts over time, one per scenario: true prevalence of minors with its band, and the "
    "points that a survey of venues would report",
    "where": "Stacked bars per scenario: persons exploited in venues and in the private network; owners who "
    "exploit openly, covertly and privately",
    "differences": "Ratios of outcomes to the baseline with their intervals, one row per outcome",
    "minor_prevalence": "Fan charts over time, one per scenario: true prevalence of minors",
    "health_coverage": "Fan charts over time, one per scenario: health coverage of adults",
}


#: Bytes from which on a figure is embedded as pixels, so that the report stays small.
LARGEST_VECTOR = 400_000


def report(
    ds: xr.Dataset,
    path: str | os.PathLike[str] = "report.html",
    also: Mapping[str, xr.Dataset] | None = None,
    baseline: str | None = None,
) -> Path:
    """Write the report to `path` and return it. `also` as in `claims`. The same data gives the same bytes."""
    flat(ds)
    path = Path(path)
    text = render(ds, also, baseline)
    try:
        # Written aside first, so that an interrupted report never replaces a good one.
        part = path.with_name(path.name + ".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as reason:
        raise EnforceSimError(f"{path}: cannot be written ({reason.strerror})") from reason
    return path


def render(ds: xr.Dataset, also: Mapping[str, xr.Dataset] | None = None, baseline: str | None = None) -> str:
    """The report as HTML text."""
    environment = Environment(
        loader=PackageLoader("enforcesim"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    base = baseline_of(ds, baseline)
    verdicts = claims(ds, also)
    figures = {
        name: {"uri": _embedded(figure), "alt": ALT.get(name, name)} for name, figure in plot.figures(ds, base).items()
    }
    return environment.get_template("report.html.j2").render(
        title=files.text(ds.attrs.get("title", "")) or "EnforceSim",
        study=files.text(ds.attrs.get("study", "")),
        opening=opening(ds),
        legend=legend(ds),
        base=base,
        scenarios=[{"name": s, "sentence": sentence(ds, s, base)} for s in files.scenarios(ds)],
        names=files.scenarios(ds),
        blocks=rows(ds, base),
        figures=figures,
        claims={who: verdicts[verdicts.who == who].to_dict("records") for who in ("essay", "critics")},
        counted=counted(verdicts),
        rule=RULE,
        verdicts=VERDICTS,
        parameters=_parameters(ds),
        provenance=files.provenance(ds),
        command=command(ds),
        config=files.text_block(ds),
        with_half=with_half,
        signed=signed,
    )


def _embedded(figure: Figure) -> str:
    """A figure as a data URI: nothing in the report is fetched from anywhere."""
    vector, pixels = io.BytesIO(), io.BytesIO()
    with drawing():
        figure.savefig(vector, format="svg", metadata={"Date": None})
        if vector.tell() <= LARGEST_VECTOR:
            return "data:image/svg+xml;base64," + base64.b64encode(vector.getvalue()).decode("ascii")
        figure.savefig(pixels, format="png", dpi=120)
    return "data:image/png;base64," + base64.b64encode(pixels.getvalue()).decode("ascii")


def sentence(ds: xr.Dataset, scenario: str, base: str) -> str:
    """A scenario in a sentence, from the policies and levers in the file."""
    held = [p for p in files.phases(ds) if p.scenario == scenario]
    if not held:
        return "The file does not say which policy holds."
    parts = [f"policy {p.policy} from day {p.day} on" for p in held]
    text = "; then ".join(parts)
    text = text[0].upper() + text[1:]
    if scenario == base:
        return f"{text}: what the others are compared with."
    levers = files.levers(ds, scenario, base)
    if not levers:
        return f"{text}; no lever differs from {base}."
    # What follows a semicolon or colon in a lever's meaning explains; the sentence is long enough without.
    names = [meaning.split(";")[0].split(":")[0] for meaning, _, _, _ in levers]
    shown = [f"{n}: {_value(a)} instead of {_value(b)}" for n, (_, _, a, b) in zip(names, levers, strict=True)]
    last = " in the last phase" if len(held) > 1 else ""
    return f"{text}. What differs from {base}{last}: {'; '.join(shown)}."


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, (float, int, np.number)) else files.text(value)


def _parameters(ds: xr.Dataset) -> list[dict[str, str]]:
    """Rows of the parameter table; one value where all policies agree."""
    table = files.parameters(ds)
    used = {p.policy for p in files.phases(ds)}
    table = table[[c for c in table if c in files.PARAMETER_COLUMNS or c in used or not used]]
    about = [c for c in ("units", "meaning", "role", "source", "default") if c in table]
    out = []
    for name, row in table.iterrows():
        values = {p: _value(v) for p, v in row.drop(about).items()}
        same = len(set(values.values())) == 1
        shown = next(iter(values.values())) if same else ", ".join(f"{p} {v}" for p, v in values.items())
        out.append({"name": files.text(name), "value": shown, **{c: row[c] for c in about}})
    return out


def command(ds: xr.Dataset) -> str:
    """The command that makes these numbers again."""
    history = files.text(ds.attrs.get("history", ""))
    at = history.find("enforcesim run")
    if at >= 0:
        return history[at:]
    seed = files.text(ds.attrs.get("seed_text", ""))
    options = f" -r {ds.sizes['replicate']}" + (f" --seed {seed}" if seed else "")
    return f"enforcesim run study.cfg{options}   # study.cfg: the resolved configuration below"

"""The report: one self-contained HTML file with the comparison, the verdicts and where they come from."""

from __future__ import annotations

import base64
import hashlib
import io
import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure
from PIL import Image

from . import files, plot
from .canvas import drawing
from .chart import as_script, chart
from .claims import RULE, VERDICTS, claims, counted, sides
from .compare import ENOUGH, Estimate, flat
from .files import EnforceSimError
from .ledger import Known
from .sanity import guarded
from .table import Row, base_of, legend, opening, replicates, rows, signed, with_half

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
    "where_over_time": "Stacked areas over time, one chart per scenario: where exploited persons are",
    "victims": "Flows of exploited persons per scenario: how many came in, by which way, and how many left, by which",
    "cost_effectiveness": "Cost of each policy against the exploitation that it averts, compared with the baseline",
    "police": "Line charts over time of the officers' skill, integrity and ties, one line per scenario",
    "claims": "One row per claim: its effect with the 95 % interval, beside what was claimed",
}
#: Figures that a section of the page asks for; any others follow by themselves.
PLACED = tuple(ALT)
#: Bytes from which on a figure is embedded as pixels, and that all of them may take; with chart.ROOM under 5 MB.
LARGEST_VECTOR, FIGURES = 120_000, 2_400_000

#: What the cards at the top tell of each scenario. Names only: units and labels come from the file.
CARD = (
    "minor_days", "coerced_days", "violence_police", "adult_detentions", "violence_client_adults", "health_coverage",
    "convictions", "officer_integrity",
)  # fmt: skip
#: The same in fewer words.
SHORT = {
    "minor_days": "Minors exploited",
    "coerced_days": "Coerced adults exploited",
    "violence_police": "Assaults by police on adults",
    "adult_detentions": "Adults detained",
    "violence_client_adults": "Violence by clients on adults",
    "health_coverage": "Adults reached by health services",
    "convictions": "Convictions of perpetrators",
    "officer_integrity": "Police integrity",
}
#: Scenarios on cards, levers in a sentence, and lines that the chart shows at first.
CARDS, LEVERS, LINES = 8, 3, 5

SECTIONS = (
    ("brief", "In brief"), ("question", "Question"), ("scenarios", "Scenarios"), ("headline", "Headline"),
    ("groups", "Four groups"), ("explore", "Any outcome"), ("survey", "Survey"), ("claims", "Claims"),
    ("further", "Further figures"), ("limits", "Limits"), ("parameters", "Parameters"), ("provenance", "Provenance"),
)  # fmt: skip


@guarded
def report(
    ds: xr.Dataset,
    path: str | os.PathLike[str] = "report.html",
    also: Mapping[str, xr.Dataset] | None = None,
    baseline: str | None = None,
    ledger: str | os.PathLike[str] | Known | None = None,
    descriptions: Mapping[str, str] | None = None,
) -> Path:
    """Write the report to `path` and return it. The same data gives the same bytes.

    Of files only another HTML page is replaced.
    `also` and `ledger` as in `claims`; `descriptions` says in a sentence what a scenario is, by its name. Files of
    run.output = "summary" and "quantiles" give a report of what they hold.
    """
    path = files.writable(path, "report", (b"<!doctype html",))
    text = render(ds, also, baseline, ledger, descriptions)
    with files.writing(path) as file:
        file.write(text.encode())
    return path


def render(
    ds: xr.Dataset,
    also: Mapping[str, xr.Dataset] | None = None,
    baseline: str | None = None,
    ledger: str | os.PathLike[str] | Known | None = None,
    descriptions: Mapping[str, str] | None = None,
) -> str:
    """The report as HTML text."""
    flat(ds, ("all", "summary", "quantiles"))
    judged = _claims(ds, also, ledger)  # first, for a ledger may be wrong and figures take long
    environment = Environment(
        loader=PackageLoader("enforcesim"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    base, names = base_of(ds, baseline), files.scenarios(ds)
    for name in descriptions or {}:
        if name not in names:
            raise EnforceSimError(f"a description of {name!r}, which is no scenario; the file has {', '.join(names)}")
    told = [_scenario(ds, s, base, files.text((descriptions or {}).get(s, ""))) for s in names]
    blocks = rows(ds, base)
    figures, data = _figures(ds, base, judged.pop("table")), chart(ds, base)
    further = [n for n in figures if n not in PLACED]
    absent = {"headline" if "tradeoff" not in figures else "", "further" if not further else ""}
    css, js = (
        resources.files("enforcesim").joinpath(f"templates/report.{e}").read_text("utf-8") for e in ("css", "js")
    )
    return environment.get_template("report.html.j2").render(
        policy=_policy(css, js),
        css=Markup(css),
        js=Markup(js),
        data=Markup(as_script(data)),
        title=files.text(ds.attrs.get("title", "")) or "EnforceSim",
        sections=[s for s in SECTIONS if s[0] not in absent],
        opening=opening(ds),
        legend=legend(ds),
        base=base,
        single=replicates(ds) == 1,
        scenarios=told,
        cards=[s | {"changes": _changes(blocks, s["name"], base)} for s in _first(told, base)],
        more=max(0, len(told) - CARDS),
        names=names,
        blocks=blocks,
        survey_rows=_survey(blocks),
        figures=figures,
        further=further,
        metric_groups=_by_submodel(data),
        first_metric="minor_prevalence" if any(m["name"] == "minor_prevalence" for m in data["metrics"]) else "",
        checked=[names.index(base), *(i for i in range(len(names)) if names[i] != base)][:LINES],
        timed=bool(data["times"]),
        step=data["step"],
        **judged,
        rule=RULE,
        verdicts=VERDICTS,
        parameters=_parameters(ds),
        provenance=files.provenance(ds),
        command=command(ds),
        config=files.text_block(ds),
        with_half=with_half,
        signed=signed,
    )


def _policy(css: str, js: str) -> str:
    """What the browser may do with this page: show its own figures, use its own style and script, nothing else."""
    style, script = (
        "'sha256-" + base64.b64encode(hashlib.sha256(part.encode()).digest()).decode("ascii") + "'"
        for part in (css, js)
    )
    return (
        f"default-src 'none'; img-src data:; style-src {style}; script-src {script}; "
        "base-uri 'none'; form-action 'none'"
    )


def _claims(
    ds: xr.Dataset, also: Mapping[str, xr.Dataset] | None, ledger: str | os.PathLike[str] | Known | None
) -> dict[str, Any]:
    """The claims by who claims them, and their count; why there are none where there are none."""
    if files.output(ds) == "quantiles":
        reason = str(files.lacks(ds, "claims, which need every replicate"))
        return {
            "table": None,
            "claims": [],
            "counted": "",
            "tally": [],
            "no_claims": reason[0].upper() + reason[1:] + ".",
        }
    table = claims(ds, also, ledger)
    by, tally = [], []
    for who, heading in sides(table).items():
        own = table[table.who == who]
        by.append({"who": who, "heading": heading, "rows": own.to_dict("records")})
        tally.append({"heading": heading, **{v: int((own.verdict == v).sum()) for v in VERDICTS}})
    return {"table": table, "claims": by, "counted": counted(table), "tally": tally, "no_claims": ""}


# ---- figures ----


def _figures(ds: xr.Dataset, base: str, judged: pd.DataFrame | None) -> dict[str, dict[str, str]]:
    """The standard figures, embedded as long as there is room."""
    room, out = FIGURES, {}
    for name, figure in _drawn(ds, base, judged).items():
        uri = _embedded(figure)
        title = files.text(getattr(figure, "get_suptitle", str)()) or name.replace("_", " ")
        room -= len(uri)
        out[name] = {"uri": uri if room >= 0 else "", "alt": ALT.get(name, title), "title": title}
        room += 0 if room >= 0 else len(uri)
    return out


def _drawn(ds: xr.Dataset, base: str, judged: pd.DataFrame | None) -> dict[str, Figure]:
    if files.output(ds) == "all":
        every = plot.figures(ds, base)
        if "claims" in every:  # of this report's ledger and further files, not of the package's own alone
            every["claims"] = plot.claims(ds, table=judged)
        return every
    drawn = {}
    for name in ("minor_prevalence", "health_coverage") if files.output(ds) == "quantiles" else ():
        if name in ds:
            drawn[name] = plot.series(ds, name, baseline=base)
    return drawn


def _embedded(figure: Figure) -> str:
    """A figure as a data URI: nothing in the report is fetched from anywhere."""
    vector, pixels, small = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with drawing():
        figure.savefig(vector, format="svg", metadata={"Date": None})
        if vector.tell() <= LARGEST_VECTOR:
            return "data:image/svg+xml;base64," + base64.b64encode(vector.getvalue()).decode("ascii")
        figure.savefig(pixels, format="png", dpi=130)
    pixels.seek(0)
    with Image.open(pixels) as image:
        image.convert("RGB").quantize(192, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(small.getvalue()).decode("ascii")


# ---- scenarios ----


def _first(told: list[dict[str, Any]], base: str) -> list[dict[str, Any]]:
    """The baseline and the first others, in the order of the file."""
    others = [s["name"] for s in told if s["name"] != base][: CARDS - 1]
    return [s for s in told if s["name"] in (base, *others)]


def _scenario(ds: xr.Dataset, name: str, base: str, description: str) -> dict[str, Any]:
    levers = [
        {
            "meaning": meaning.split(";")[0].split(":")[0],  # what follows explains
            "unit": "" if unit == "1" else unit,
            "ours": _value(ours),
            "theirs": _value(theirs),
        }
        for meaning, unit, ours, theirs in files.levers(ds, name, base)
    ]
    held = [p for p in files.phases(ds) if p.scenario == name]
    text = sentence(ds, name, base)
    return {
        "name": name,
        "sentence": f"{description} {text}".strip(),
        "short": description or text,
        "levers": levers if name != base else [],
        "last": " in the last phase" if len(held) > 1 else "",
    }


def sentence(ds: xr.Dataset, scenario: str, base: str) -> str:
    """A scenario in a sentence, from the policies and levers in the file."""
    held = [p for p in files.phases(ds) if p.scenario == scenario]
    if not held:
        return "The file does not say which policy holds."
    text = "; then ".join(f"policy {p.policy} from day {p.day} on" for p in held)
    text = text[0].upper() + text[1:]
    if scenario == base:
        return f"{text}: what the others are compared with."
    levers = files.levers(ds, scenario, base)
    if not levers:
        return f"{text}; no lever differs from {base}."
    shown = []
    for meaning, _, ours, theirs in levers[:LEVERS]:
        # What follows a semicolon or colon in a lever's meaning explains; the sentence is long enough without.
        shown.append(f"{meaning.split(';')[0].split(':')[0]}: {_value(ours)} instead of {_value(theirs)}")
    rest = len(levers) - LEVERS
    if rest > 0:
        shown.append(f"and {rest} more")
    last = " in the last phase" if len(held) > 1 else ""
    return f"{text}. What differs from {base}{last}: {'; '.join(shown)}."


def _value(value: object) -> str:
    if isinstance(value, (float, int, np.number)):
        return f"{value:g}".replace("-", "−")
    return {"true": "yes", "false": "no"}.get(files.text(value), files.text(value))


def _changes(blocks: Mapping[str, list[Row]], name: str, base: str) -> list[dict[str, str]]:
    """The card's outcomes: their level, and how it differs from the baseline's."""
    out = []
    for row in (r for wanted in CARD for block in blocks.values() for r in block if r.metric == wanted):
        own, unit = row.values[name], f" {row.unit}" if row.unit else ""
        unit = " on an average day" if unit == " person-days per day" else unit
        text = f"{_short(own.mean)}{unit if own.mean else ''}".replace(" %", "\u00a0%")
        if name != base:
            differs = change(own.mean, row.values[base].mean, row.differences[name])
            text = f"{_short(own.mean)}, {differs}" if differs else _short(own.mean)
        out.append({"label": SHORT[row.metric], "text": text})
    return out


def _short(value: float) -> str:
    """A number for the first glance; the tables have all its digits."""
    if not np.isfinite(value):
        return "undefined"
    if 0 <= value < 0.01:
        return "under 0.01" if value else "none"
    digits = int(np.clip(2 - np.floor(np.log10(abs(value))), 0, 3))
    return f"{value:,.{digits}f}".replace("-", "−")


def change(ours: float, theirs: float, difference: Estimate) -> str:
    """How a level differs from the baseline's, in words that favour no direction."""
    if not np.isfinite(difference.mean):
        return "difference undefined"
    if difference.mean == 0 and not difference.half > 0:
        return "the same"
    if difference.n > 1 and not difference.excludes_zero:
        return "no clear difference"
    if ours == 0:
        return ""
    word = "lower" if difference.mean < 0 else "higher"
    doubt = f" (few {'replicates' if difference.n < ENOUGH else 'events'})" if difference.few else ""
    if theirs == 0 or ours / theirs >= 100:
        return f"instead of {_short(theirs)}{doubt}"
    if ours / theirs >= 2:
        return f"{_short(ours / theirs)} times {_short(theirs)}{doubt}"
    part = abs(ours / theirs - 1) * 100
    return f"{'less than 1' if part < 1 else f'{part:.0f}'}\u00a0% {word}{doubt}"


# ---- tables ----


def _survey(blocks: Mapping[str, list[Row]]) -> list[Row]:
    """The truth and the survey, when both are there."""
    wanted = ("minor_prevalence", "minor_prevalence_surveyed")
    found = [r for w in wanted for block in blocks.values() for r in block if r.metric == w]
    return found if len(found) == len(wanted) else []


def _by_submodel(data: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Metrics by sub-model, in the order of the data, which the script relies on."""
    by: dict[str, list[dict[str, Any]]] = {}
    for metric in data["metrics"]:
        by.setdefault(metric["submodel"], []).append(metric)
    return list(by.items())


def _parameters(ds: xr.Dataset) -> list[dict[str, Any]]:
    """Rows of the parameter table; one value where all policies agree."""
    table = files.parameters(ds)
    used = {p.policy for p in files.phases(ds)}
    table = table[[c for c in table if c in files.PARAMETER_COLUMNS or c in used or not used]]
    about = [c for c in ("units", "meaning", "role", "source", "default") if c in table]
    out = []
    for name, row in table.iterrows():
        values = {p: _value(v) for p, v in row.drop(about).items()}
        shown = next(iter(values.values()), "") if len(set(values.values())) <= 1 else _each(values)
        words, default = _range(ds, str(name))
        out.append({
            "name": files.text(name), "value": shown, "range": words, "default": default,
            "changed": default != "" and any(v != default for v in values.values()),
            **{c: row[c] for c in about if c != "default"},
        })  # fmt: skip
    return out


def _each(values: Mapping[str, str]) -> str:
    """Values by policy, policies of the same value together."""
    by: dict[str, list[str]] = {}
    for policy, value in values.items():
        by.setdefault(value, []).append(policy)
    return "; ".join(f"{value}: {', '.join(policies)}" for value, policies in by.items())


def _range(ds: xr.Dataset, name: str) -> tuple[str, str]:
    """A parameter's range and default in words, empty where the file does not say."""
    about = ds[f"parameters.{name}"].attrs
    default = about.get("default", "")
    if "flag_meanings" in about:
        words = files.text(about["flag_meanings"]).split()
        numbers = np.atleast_1d(about.get("flag_values", np.arange(len(words)))).tolist()
        names = {str(n): _value(w) for n, w in zip(numbers, words, strict=False)}
        return " or ".join(names.values()), names.get(files.text(default), files.text(default))
    low, high = (about.get(key, "") for key in ("valid_min", "valid_max"))
    said = f"{_one(low)} to {_one(high)}" if files.text(low) and files.text(high) else ""
    return said, _one(default)


def _one(value: object) -> str:
    return _value(value) if np.ndim(value) == 0 else files.text(value)


def command(ds: xr.Dataset) -> str:
    """The command that makes these numbers again."""
    history = files.text(ds.attrs.get("history", ""))
    at = history.find("enforcesim run")
    if at >= 0:
        return history[at:]
    seed = files.text(ds.attrs.get("seed_text", ""))
    options = f" -r {replicates(ds)}" + (f" --seed {seed}" if seed else "")
    return f"enforcesim run study.cfg{options}   # study.cfg: the resolved configuration below"

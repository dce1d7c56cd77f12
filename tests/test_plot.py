"""Figures show what the file holds: lines, bands, bars, flows that balance, fronts, phases, labels."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from itertools import pairwise

import enforcesim as es
import h5py
import numpy as np
import pandas as pd
import pytest
import synthetic
from analysis_support import command, folder, no_warning, refused, strong, study  # noqa: F401
from conftest import ROOT
from enforcesim import canvas, files, plot
from enforcesim.compare import estimate, level
from enforcesim.plot_balance import front_shares, pareto, worth, worths
from enforcesim.plot_flows import INTO, OUT, STOCKS, apart, victim_flows
from enforcesim.plot_forests import distance
from enforcesim.plot_over_time import PANELS
from hypothesis import given, settings
from hypothesis import strategies as st

PROGRAM = ROOT / "build" / "enforcesim"


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A small city under three policies, one of which changes."""
    if not PROGRAM.exists():
        pytest.skip("the program is not built")
    path = tmp_path_factory.mktemp("real") / "real.h5"
    config = path.with_suffix(".cfg")
    shutil.copy(ROOT / "configs" / "policies.cfg", config.parent)
    config.write_text(
        '@include "policies.cfg"\n'
        'run = { name = "small"; seed = 3; replicates = 6; burn_in = 600; horizon = 540; record_every = 30; };\n'
        "parameters : { region : { venues = 40; }; };\n"
        'scenarios = ( { name = "status_quo"; policy = "status_quo"; },\n'
        '  { name = "reform"; policy = "status_quo"; phases = ( { day = 180; policy = "professional_rescue"; } ); },\n'
        '  { name = "sweeps"; policy = "sweeps"; } );\n'
    )
    subprocess.run([PROGRAM, "run", config, "-o", path, "--quiet"], check=True, capture_output=True)
    with es.open(path) as ds:
        return ds.load()


def words(figure):
    """All that is written in a figure."""
    return [t.get_text() for t in figure.findobj(lambda a: hasattr(a, "get_text") and a.get_visible()) if t.get_text()]


def long_lines(axes):
    return [line for line in axes.lines if len(line.get_xdata()) > 2]


def edges(collection):
    """Lowest and highest y at each x of a band."""
    points = collection.get_paths()[0].vertices
    at = np.unique(points[:, 0])
    return at, *(np.array([f(points[points[:, 0] == x, 1]) for x in at]) for f in (np.min, np.max))


# ---- over time ----


@pytest.mark.parametrize("metric", ["minors_present", "minors_recruited"])
def test_fans_are_the_quantiles_of_the_replicates(study, metric):
    figure = plot.series(study, metric)
    values = study[metric].values
    if metric == "minors_recruited":
        values = values / files.interval_days(study) * 30
    assert len(figure.axes) == 4
    for i, axes in enumerate(figure.axes):
        assert long_lines(axes)[-1].get_ydata() == pytest.approx(np.median(values[i], axis=0))
        for band, (low, high) in zip(axes.collections, ((0.05, 0.95), (0.25, 0.75)), strict=True):
            at, below, above = edges(band)
            assert at == pytest.approx(study["time"].values / 365)
            assert below == pytest.approx(np.quantile(values[i], low, axis=0))
            assert above == pytest.approx(np.quantile(values[i], high, axis=0))
    for axes in figure.axes[1:]:
        assert long_lines(axes)[0].get_ydata() == pytest.approx(np.median(values[0], axis=0))  # the baseline


def test_labels_units_and_sources_come_from_the_file(study):
    figure = plot.series(study, "minors_recruited")
    said = "\n".join(words(figure))
    assert synthetic.METRICS["minors_recruited"][3] in said
    assert figure.axes[0].get_ylabel() == "persons per 30 days"
    for source in ("study essay", "20 replicates", "seed 2012", "0.1.0", "0123456789", "digest abababab", "model 1"):
        assert source in said.replace("\n", " ")
    renamed = study.copy()
    renamed["minors_recruited"].attrs.update(long_name="another name", units="things")
    said = words(plot.series(renamed, "minors_recruited"))
    assert "another name" in said and "things per 30 days" in said
    for name in synthetic.SCENARIOS:
        assert name in said


def test_the_survey_stands_beside_the_truth(study):
    figure = plot.survey(study)
    true, found = (100 * study[m].values for m in ("minor_prevalence", "minor_prevalence_surveyed"))
    surveyed = np.isfinite(found[0]).any(axis=0)
    for i, axes in enumerate(figure.axes):
        lines = long_lines(axes)
        assert lines[0].get_ydata() == pytest.approx(np.median(true[i], axis=0))
        points = axes.containers[0].lines[0]
        days = [int(np.argmin(np.abs(study["time"].values / 365 - x))) for x in points.get_xdata()]
        assert len(days) >= surveyed.sum() - 1 and days[-1] == 49  # those that would touch are not drawn
        assert points.get_ydata() == pytest.approx(np.median(found[i][:, days], axis=0))
        gap = found[i][:, -1] - true[i][:, -1]
        assert f"{np.median(gap):+.1f}".replace("-", "−") in "\n".join(t.get_text() for t in axes.texts)


def test_the_four_groups_show_means_and_the_files_labels(study):
    figure = plot.groups(study)
    said = words(figure)
    for group, metrics in PANELS.items():
        assert group in said
        for metric in metrics:
            assert any(synthetic.METRICS[metric][3][:25] in s.replace("\n", " ") for s in said), metric
    axes = next(a for a in figure.axes if a.get_title(loc="left").startswith("integrity"))
    after = study["time"].values >= 0
    for line, i in zip(long_lines(axes)[1:], (1, 2, 3), strict=True):
        assert line.get_ydata() == pytest.approx(study["officer_integrity"].values[i][:, after].mean(axis=0))
    assert len({line.get_linestyle() + str(line._dash_pattern) for line in long_lines(axes)}) == 4  # in print, too


def test_phases_are_marked_and_named(real):
    figure = plot.series(real, "minor_prevalence")
    for axes, scenario in zip(figure.axes, files.scenarios(real), strict=True):
        upright = [line.get_xdata()[0] * 365 for line in axes.lines if len(line.get_xdata()) == 2]
        assert sorted(upright) == pytest.approx([0, 180] if scenario == "reform" else [0])
        named = {t.get_text() for t in axes.texts}
        assert named == ({"status_quo", "professional_rescue"} if scenario == "reform" else set())
    marks = [line.get_xdata()[0] * 365 for line in plot.groups(real).axes[0].lines if len(line.get_xdata()) == 2]
    assert sorted(marks) == pytest.approx([0, 180])


def test_phases_close_to_each_other_share_a_name(real):
    many = real.copy()
    coords = {"phase": np.arange(3)}
    rows = {"scenario": ["reform"] * 3, "policy": ["first", "second", "third"], "day": [0, 300, 306]}
    many = many.drop_vars([v for v in many.data_vars if v.startswith("config.phase_")]).drop_dims(
        "phase", errors="ignore"
    )
    many = many.assign_coords(coords).assign({f"config.phase_{k}": ("phase", v) for k, v in rows.items()})
    axes = plot.series(many, "fear").axes[1]
    assert {t.get_text() for t in axes.texts} == {"first", "second, third"}


# ---- places and flows ----


def test_bars_are_the_means_of_the_file(study):
    left, owners, street = plot.where(study).axes
    parts = {c.get_label(): [bar.get_width() for bar in c] for c in left.containers if hasattr(c, "patches")}
    means = {m: level(study, m).mean("replicate").values for m in study.data_vars if m in synthetic.METRICS}
    assert parts["minors exploited in venues"] == pytest.approx(means["minors_present"])
    assert np.sum([*parts.values()], axis=0) == pytest.approx(sum(means[m] for m in STOCKS))
    owned = [[bar.get_width() for bar in c] for c in owners.containers if hasattr(c, "patches")]
    assert np.sum(owned, axis=0) == pytest.approx(means["venues_offering"])
    assert [bar.get_width() for bar in street.containers[0]] == pytest.approx(means["adults_street"])


def test_stacks_over_time_add_up(study):
    figure = plot.where_over_time(study)
    total = sum(study[m].mean("replicate").values for m in STOCKS)
    for i, axes in enumerate(figure.axes[:4]):
        _, _, above = edges(axes.collections[-1])
        assert above == pytest.approx(total[i])
        heights = [edges(c) for c in axes.collections]
        for (_, _, top), (_, bottom, _) in pairwise(heights):
            assert top == pytest.approx(bottom)  # nothing between or under the parts
    assert "In this model nobody is exploited in the street." in "\n".join(words(figure)).replace("\n", " ")


@pytest.mark.parametrize("which", ["study", "real"])
def test_flows_of_victims_balance(request, which):
    ds = request.getfixturevalue(which)
    flows = victim_flows(ds)
    assert (flows.persons >= 0).all()
    for scenario, own in flows.groupby("scenario"):
        sides = own.groupby("side").persons.sum()
        assert sides["in"] == pytest.approx(sides["out"], rel=1e-12), scenario
        summaries = {m: float(ds[f"summary.{m}"].sel(scenario=scenario).mean()) for m in (*INTO, *OUT)}
        recorded = own[~own.metric.isin(["", "rest"])].set_index("metric").persons
        assert recorded.to_dict() == pytest.approx(summaries)
        last = sum(float(ds[m].sel(scenario=scenario)[:, -1].mean()) for m in STOCKS)
        assert own[own.label == "still exploited at the end"].persons.item() == pytest.approx(last)


def test_what_no_metric_records_are_those_who_come_of_age_and_stay_coerced(real):
    """In the model's own files the balance's rest is a binomial share of the birthdays, and nothing else."""
    flows = victim_flows(real).set_index(["scenario", "metric"]).persons
    chance = float(es.parameters(real).loc["persons.stays_coerced", "status_quo"])
    for scenario in files.scenarios(real):
        n = 6 * flows[scenario, "came_of_age"]  # of all six replicates
        stayed = 6 * flows[scenario, "rest"]
        assert n > 50 and stayed == pytest.approx(round(stayed), abs=1e-6)
        assert abs(stayed - n * chance) < 5 * np.sqrt(n * chance * (1 - chance))


def test_bars_of_flows_are_as_high_as_they_say(study):
    figure = plot.victims(study)
    flows = victim_flows(study)
    ratios = []
    for axes, scenario in zip(figure.axes, files.scenarios(study), strict=True):
        own = flows[(flows.scenario == scenario) & (flows.persons >= 0.5)]
        heights = [p.get_height() for p in axes.patches if p.get_gid()]
        assert len(heights) == len(own)
        ratios += list(np.array(heights) / own.persons.to_numpy())
        said = " ".join(t.get_text().replace("\n", " ") for t in axes.texts)
        for row in own.itertuples():
            shown = f"{row.persons:,.0f}" if row.persons >= 10 else f"{row.persons:.1f}"
            assert f"{shown}  {row.label}" in said
    assert ratios == pytest.approx([ratios[0]] * len(ratios))  # one scale for all scenarios


def test_flows_that_a_file_lacks_are_named_as_unrecorded(study):
    fewer = study.drop_vars(["minors_recruited", "coerced_recruited", "retrafficked"])
    with pytest.raises(es.EnforceSimError, match="no metric 'minors_recruited'"):
        victim_flows(fewer)
    fewer = study.drop_vars(["minors_recruited"])
    rest = victim_flows(fewer).query("metric == 'rest'")
    assert set(rest.side) == {"in"} and rest.label.str.startswith("no metric records it").all()
    late = study.isel(time=study["time"].values > 0)
    with pytest.raises(es.EnforceSimError, match="record of day 0"):
        victim_flows(late)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 0.1)), min_size=1, max_size=9))
def test_labels_are_moved_apart(pairs):
    wanted = sorted((w for w, _ in pairs), reverse=True)
    sizes = [s for _, s in pairs]
    places = apart(wanted, sizes, -9, 9)
    gaps = [a - b - (p + q) / 2 for (a, b), (p, q) in zip(pairwise(places), pairwise(sizes), strict=True)]
    assert all(g >= -1e-9 for g in gaps)
    if all(a - b >= (p + q) / 2 for (a, b), (p, q) in zip(pairwise(wanted), pairwise(sizes), strict=True)):
        assert places == pytest.approx(wanted)


# ---- what is gained for what ----


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=10))
def test_the_front_is_what_nobody_beats(points):
    found = pareto(np.array(points, float))
    for i, (x, y) in enumerate(points):
        beaten = any(a <= x and b <= y and (a < x or b < y) for a, b in points)
        assert found[i] == (not beaten)
    assert found.any()


def test_the_front_is_drawn_and_how_sure_it_is(study):
    figure = plot.tradeoff(study)
    axes = figure.axes[0]
    line = next(line for line in axes.lines if line.get_gid() == "front")
    centres = np.array([line.get_xydata()[0] for line in axes.lines if line.get_markersize() == 9])
    front = centres[pareto(centres)]
    for point in front:
        assert (np.abs(line.get_xydata() - point).max(axis=1) < 1e-9).any()
    assert np.all(np.diff(line.get_xdata()) >= 0) and np.all(np.diff(line.get_ydata()) <= 0)
    names = {t.get_text() for t in axes.texts}
    assert names == set(synthetic.SCENARIOS)
    equal = np.ones((2, 30)) + np.random.default_rng(1).normal(size=(2, 30))
    shares = front_shares(equal, equal)
    assert shares.sum() == pytest.approx(1)  # on a rising line one point beats all


def test_cost_per_day_by_hand(study):
    found = worths(study, "status_quo")
    assert set(found) == set(synthetic.SCENARIOS[1:])
    days, cost = (
        sum(study[f"summary.{m}"].values for m in metrics)
        for metrics in (("minor_days", "coerced_days"), ("cost_police", "cost_ngo", "cost_health"))
    )
    w = found["professional_rescue"]
    assert w.averted.mean == pytest.approx((days[0] - days[2]).mean())
    assert w.extra.low == pytest.approx(estimate(cost[2] - cost[0]).low)
    assert w.words or w.ratio == pytest.approx((cost[2] - cost[0]).mean() / (days[0] - days[2]).mean())


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.sampled_from([0, 0.01, 1, 50]), st.sampled_from([-9, 0, 9]))
def test_cost_per_day_is_never_infinite(seed, n, spread, days):
    rng = np.random.default_rng(seed)
    averted, extra = days + spread * rng.normal(size=n), 5 + spread * rng.normal(size=n)
    averted[rng.random(n) < 0.1] = np.nan
    w = worth(averted, extra)
    assert bool(w.words) == (not np.isfinite(w.ratio))
    if not w.words:
        assert np.isfinite([w.low, w.high]).all() and w.averted.low > 0
        assert w.low <= w.ratio * (1 + 1e-9) and w.ratio <= w.high * (1 + 1e-9)


def test_costs_without_a_ratio_are_told_in_words():
    rng = np.random.default_rng(2)
    sure, cost = 100 + rng.normal(size=20), 50 + rng.normal(size=20)
    assert worth(sure, cost).words == ""
    assert worth(-sure, cost).words == "adds days of exploitation and costs more"
    assert worth(sure, -cost).words == "averts days and costs less"
    assert worth(rng.normal(size=20), -cost).words == "averts no days that can be told from none and costs less"
    assert "one replicate" in worth(sure[:1], cost[:1]).words
    assert worth(np.full(3, np.nan), np.full(3, np.nan)).words == "no value"


# ---- claims, police ----


def ledger_table():
    """As es.claims makes it, for the columns that the figure reads."""
    test = {"what": "x", "relation": "at least", "claimed": 0.5, "effect": 1.0, "low": 0.8, "high": 1.4, "holds": True}
    fails = test | {"relation": "less than", "holds": False}
    even = test | {"low": 0.4, "high": 0.7, "effect": 0.55, "holds": None}
    zero = test | {"claimed": 0.0, "relation": "more than"}
    rows = [
        {"id": "E1", "who": "essay", "verdict": "supported", "says": "It rises.", "tests": [test]},
        {"id": "E2", "who": "essay", "verdict": "contradicted", "says": "It falls $\\frac$.", "tests": [test, fails]},
        {"id": "C1", "who": "critics", "verdict": "undecided", "says": "It may.", "tests": [even, zero]},
        {"id": "C2", "who": "critics", "verdict": "not tested", "says": "Who knows?", "tests": []},
    ]
    return pd.DataFrame(rows).set_index("id", drop=False)


def test_claims_stand_on_the_side_of_their_verdict(study):
    figure = plot.claims(study, table=ledger_table())
    axes = figure.axes[0]
    points = [line for line in axes.lines if len(line.get_xdata()) == 1]
    assert [np.sign(p.get_xdata()[0]) for p in points] == [1, 1, -1, 1, 1]
    spans = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 2][:5]
    assert [bool(np.prod(s) > 0) for s in spans] == [True, True, True, False, True]  # an interval over 0: undecided
    said = " ".join(words(figure)).replace("\n", " ")
    for text in (
        "E1  It rises. SUPPORTED",
        "C1  It may. UNDECIDED",
        "lacks what they need: C2",
        "claimed: at least 0.5",
    ):
        assert text in said
    assert "E1" not in " ".join(words(plot.claims(study, table=ledger_table(), who="critics")))


def test_distance_from_a_threshold():
    test = {"claimed": 2.0, "relation": "at least", "effect": 4.0, "low": 3.0, "high": 5.0}
    assert distance(2.0, test) == 0 and distance(4.0, test) == pytest.approx(1 / 3)
    assert distance(1.0, test) == pytest.approx(-1 / 3) and distance(8.0, test) == pytest.approx(0.6)
    assert distance(4.0, test | {"relation": "at most"}) == pytest.approx(-1 / 3)
    assert distance(4.0, test | {"claimed": 0.0}) == pytest.approx(0.8)
    values = np.linspace(-9, 9, 50)
    assert np.all(np.diff([distance(v, test) for v in values]) >= 0)


def test_claims_without_numbers_are_refused(study):
    with pytest.raises(es.EnforceSimError, match="no column tests"):
        plot.claims(study, table=ledger_table().drop(columns="tests"))
    with pytest.raises(es.EnforceSimError, match="no claim can be tested"):
        plot.claims(study, table=ledger_table().iloc[3:])


def test_the_police_and_their_rotation(real):
    figure = plot.police(real)
    said = " ".join(words(figure)).replace("\n", " ")
    table = es.parameters(real)
    assert table.loc["policy.general_rotation"].meaning.split(";")[0] in said
    assert f"reform {table.loc['policy.general_rotation', 'professional_rescue']:g} and" in said
    axes = next(a for a in figure.axes if a.get_title(loc="left") == files.label(real, "officer_skill"))
    after = real["time"].values >= 0
    means = real["officer_skill"].sel(scenario="sweeps").values[:, after].mean(axis=0)
    assert long_lines(axes)[-1].get_ydata() == pytest.approx(means)


def test_ratios_in_the_forest_are_those_of_compare(study):
    figure = plot.forest(study, ["minor_days", "fear"])
    table = es.compare(study, metrics=["minor_days", "fear"])
    shown = {round(float(line.get_xdata()[0]), 9) for line in figure.axes[0].lines if len(line.get_xdata()) == 1}
    for ratio in table.ratio.dropna():
        assert round(ratio, 9) in shown or not 1 / 8 <= ratio <= 8


# ---- for everybody's eyes ----


def luminance(colour):
    from matplotlib.colors import to_rgb

    return canvas._luminance(np.array(to_rgb(colour)))


def test_text_in_colours_can_be_read():
    for colour in (*canvas.COLOURS, canvas.GREY):
        assert 1.05 / (luminance(canvas.ink(colour)) + 0.05) >= 4.5


def test_colours_can_be_told_apart_without_red_or_green():
    """Machado et al. (2009): deuteranopia in linear RGB; where colours come close, dashes and marks differ anyway."""
    from matplotlib.colors import to_rgb

    matrix = np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    )
    seen = [matrix @ np.array(to_rgb(c)) ** 2.2 for c in canvas.COLOURS]
    seen = [np.clip(s, 0, 1) ** (1 / 2.2) for s in seen]
    near = min(np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i])
    assert near > 0.12
    assert len(set(map(str, canvas.DASHES))) >= 7 and len(set(canvas.MARKERS)) >= 7


# ---- files ----


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_the_same_data_gives_the_same_bytes(study, tmp_path, kind):
    first, second = (plot.save(plot.series(study, "fear"), tmp_path / f"{i}.{kind}").read_bytes() for i in range(2))
    assert first == second
    for dated in (b"CreationDate", b"<dc:date>", b"tIME"):
        assert dated not in first


def test_figures_from_the_command_line(strong, tmp_path):
    done = command("plot", strong, "fear", "--figure", "victims", "--format", "pdf", "-o", tmp_path / "x")
    assert done.returncode == 0, done.stderr
    assert {p.name for p in (tmp_path / "x").iterdir()} == {"fear.pdf", "victims.pdf"}
    refused(command("plot", strong, "--figure", "victim", "-o", tmp_path), "did you mean 'victims'", "tradeoff")
    refused(
        command("plot", strong, "minor_dayz", "-o", tmp_path), "no metric 'minor_dayz'", "did you mean 'minor_days'"
    )


def test_hostile_labels_stay_text(folder, tmp_path, strong):
    """Labels are drawn as outlines: nothing of them is markup in an SVG, and no formula is read."""
    path = shutil.copy(strong, folder / "hostile_labels.h5")
    evil = "</svg><script>alert(1)</script> $\\frac{1}{ \x1b[31m"
    with h5py.File(path, "a") as file:
        for place in (file, file["summary"]):
            for name in synthetic.METRICS:
                place[name].attrs["long_name"] = evil
                place[name].attrs["units"] = evil
    with es.open(path) as ds:
        ds = ds.isel(replicate=slice(3)).load()
        for name in ("victims", "cost_effectiveness"):
            text = plot.save(plot.draw(ds, name), tmp_path / f"{name}.svg").read_text()
            assert "<script" not in text and text.count("</svg>") == 1


def test_estimates_are_plain(study):
    """What the figures keep are numbers, so that others can draw them otherwise."""
    assert {f.name for f in dataclasses.fields(worths(study)["sweeps"])} >= {"averted", "extra", "ratio", "words"}

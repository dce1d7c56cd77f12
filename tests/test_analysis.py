"""The Python package: files, statistics, verdicts, figures, report, command line."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import synthetic
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import enforcesim as es
from enforcesim import files, plot
from enforcesim.__main__ import main
from enforcesim.claims import load
from enforcesim.compare import Estimate, estimate, fieller, level, pairing_gain, pseudovalues
from enforcesim.report import render
from enforcesim.table import number, signed, with_half

ROOT = Path(__file__).resolve().parents[1]

#: The opposite of what the essay hopes for.
AGAINST = {
    "professional_rescue": {
        "minor_days": 1.1,
        "minor_prevalence_surveyed": 0.6,
        "exploited_private": 4.0,
        "violence_police": 2.0,
        "adult_detentions": 2.0,
        "health_coverage": 0.7,
        "retrafficked": 6.0,
    },
    "no_police": {"minor_days": 0.7, "violence_client": 0.5, "violence_owner": 0.5},
}


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="session")
def strong(folder):
    return synthetic.write(folder / "strong.h5", effects=synthetic.STRONG)


@pytest.fixture(scope="session")
def null(folder):
    return synthetic.write(folder / "null.h5")


@pytest.fixture(scope="session")
def against(folder):
    return synthetic.write(folder / "against.h5", effects=AGAINST)


@pytest.fixture
def no_figures(monkeypatch):
    """Reports without figures, which take most of a report's time."""
    monkeypatch.setattr(plot, "figures", lambda *_: {})


def command(*arguments):
    """What the command line would do, in this process: its status and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main([str(a) for a in arguments])
        except SystemExit as left:
            status = left.code
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def refused(result, *words):
    """One line on stderr that begins as it should, status 2, and no traceback."""
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith("enforcesim: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


# ---- files --------------------------------------------------------------------------------------------


def test_open_is_lazy_and_labelled(strong):
    with es.open(strong) as ds:
        assert ds["minor_days"].dims == ("scenario", "replicate", "time")
        assert not ds["minor_days"].variable._in_memory
        assert list(ds.sel(scenario="sweeps").dims) != []
        assert es.summary(ds)["minor_days"].dims == ("scenario", "replicate")
        assert ds["time"].dtype.kind == "i"  # days, not timedeltas


def test_open_keeps_groups_together_in_selections(strong):
    with es.open(strong) as ds:
        part = ds.isel(replicate=slice(5)).sel(scenario=["sweeps", "status_quo"])
        assert es.summary(part)["minor_days"].shape == (2, 5)
        assert [p.scenario for p in es.phases(part)] == list(synthetic.SCENARIOS)


def test_metrics_and_parameters_come_from_the_file(strong):
    with es.open(strong) as ds:
        table = es.metrics(ds)
        assert set(table.index) == set(synthetic.METRICS)
        assert table.units["minor_days"] == "person-days"
        assert es.parameters(ds).loc["policy.sweep_rate", "sweeps"] == 3
        assert files.levers(ds, "sweeps", "status_quo") == [("sweeps in each district", "1/month", 3.0, 0.25)]
        assert files.levers(ds, "professional_rescue", "status_quo") == []


def test_netcdf4_reads_the_same_layout(strong):
    with xr.open_dataset(strong, engine="netcdf4", decode_times=False) as ds:
        assert ds.sel(scenario="sweeps")["minor_days"].sizes["replicate"] == 20


def test_phases_kept_as_indices_become_names(folder, strong):
    path = shutil.copy(strong, folder / "indices.h5")
    with h5py.File(path, "a") as file:
        for name in ("scenario", "policy"):
            del file[f"config/phase_{name}"]
            dataset = file["config"].create_dataset(f"phase_{name}", data=np.array([3, 2, 1, 0], np.int32))
            dataset.dims[0].attach_scale(file["phase"])
    with es.open(path) as ds:
        assert [p.policy for p in es.phases(ds)] == list(synthetic.SCENARIOS[::-1])


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda p: None, "no such file"),
        (lambda p: p.mkdir(), "directory"),
        (lambda p: p.write_bytes(b""), "empty"),
        (lambda p: p.write_text("not a file of ours"), "not an HDF5 file"),
        (lambda p: p.write_bytes(b"\x89HDF\r\n\x1a\n"), "truncated"),
        (lambda p: h5py.File(p, "w").close(), "not a results file"),
    ],
)
def test_wrong_files_are_refused(tmp_path, make, word):
    path = tmp_path / "x.h5"
    make(path)
    with pytest.raises(es.EnforceSimError, match=word) as caught:
        es.open(path)
    assert "x.h5" in str(caught.value)
    refused(command("table", path), word)


def test_unfinished_run_says_how_to_finish(tmp_path):
    path = tmp_path / "x.h5.partial"
    path.write_bytes(b"journal")
    with pytest.raises(es.EnforceSimError, match="--resume"):
        es.open(path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9, 0.999])
def test_truncated_files_are_refused(tmp_path, strong, share):
    whole = strong.read_bytes()
    path = tmp_path / "cut.h5"
    path.write_bytes(whole[: int(share * len(whole))])
    refused(command("table", path), "cut.h5")


def test_damaged_data_end_in_one_line(tmp_path, strong):
    whole = bytearray(strong.read_bytes())
    with h5py.File(strong) as file:
        dataset = file["summary/minor_days"]
        at = dataset.id.get_offset() or dataset.id.get_chunk_info(0).byte_offset
    whole[at] ^= 1
    path = tmp_path / "flipped.h5"
    path.write_bytes(whole)
    refused(command("table", path))


def test_data_in_other_files_are_refused(tmp_path, strong):
    path = tmp_path / "linked.h5"
    shutil.copy(strong, path)
    with h5py.File(path, "a") as file:
        file["elsewhere"] = h5py.ExternalLink("/etc/hostname", "/")
    with pytest.raises(es.EnforceSimError, match="links to another file"):
        es.open(path)
    shutil.copy(strong, path)
    with h5py.File(path, "a") as file:
        file.create_dataset("outside", (4,), "i1", external=[("/etc/hostname", 0, 4)])
    with pytest.raises(es.EnforceSimError, match="in another file"):
        es.open(path)


# ---- running ------------------------------------------------------------------------------------------


def script(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_run_returns_results_in_memory(tmp_path, monkeypatch, strong):
    log = tmp_path / "log"
    fake = script(
        tmp_path / "enforcesim",
        f'echo "$@" > {log}\nwhile [ "$1" != -o ]; do shift; done\ncp {strong} "$2"\n',
    )
    monkeypatch.setenv("ENFORCESIM", str(fake))
    ds = es.run("study.cfg", replicates=3, set={"parameters.police.leak": 0.1, "x": True}, seed=7)
    assert ds["minor_days"].variable._in_memory
    said = log.read_text()
    for word in ("run study.cfg", "-r 3", "--seed 7", "--set parameters.police.leak=0.1", "--set x=true"):
        assert word in said
    assert es.compare(ds).shape[0] == 4 * len(synthetic.METRICS)


def test_run_passes_on_the_programs_words(tmp_path, monkeypatch):
    fake = script(tmp_path / "enforcesim", 'echo "enforcesim: study.cfg:3: unknown key" >&2\nexit 2\n')
    monkeypatch.setenv("ENFORCESIM", str(fake))
    with pytest.raises(es.EnforceSimError, match=r"^study.cfg:3: unknown key$"):
        es.run("study.cfg")
    monkeypatch.setenv("ENFORCESIM", str(tmp_path / "none"))
    with pytest.raises(es.EnforceSimError, match="no such program"):
        es.run("study.cfg")


# ---- statistics ---------------------------------------------------------------------------------------


def test_estimate_is_the_t_interval():
    values = np.array([1.0, 2.0, 4.0, 4.5])
    low, high = stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    e = estimate(values)
    assert (e.low, e.high) == pytest.approx((low, high))
    assert not np.isfinite(estimate(values[:1]).low)
    assert estimate(np.array([np.nan])).n == 0


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 5))
def test_fieller_agrees_with_the_paired_test(seed, k):
    rng = np.random.default_rng(seed)
    b = 10 + rng.normal(size=15)
    a = 1.3 * b + rng.normal(size=15)
    low, high = fieller(a, b)
    inside = estimate(a - k * b)
    assert (low <= k <= high) == (inside.low <= 0 <= inside.high)


def test_fieller_has_no_interval_without_a_denominator():
    rng = np.random.default_rng(1)
    assert np.isnan(fieller(rng.normal(size=20), rng.normal(size=20))[0])


@given(st.lists(st.floats(0.5, 2), min_size=3, max_size=30))
def test_pseudovalues_average_near_the_ratio(values):
    a = np.array(values)
    assert pseudovalues(a, None) is a
    b = np.full(a.size, 2.0)
    assert pseudovalues(a, b) == pytest.approx(a / 2)


@pytest.mark.slow
def test_intervals_cover_as_often_as_they_say():
    """2,000 small studies of a known ratio: the share covered lies within four standard errors of 95 %."""
    rng = np.random.default_rng(20)
    covered = 0
    for _ in range(2000):
        b = rng.gamma(20, 1, 25)
        a = 0.7 * b + rng.normal(0, 2, 25)
        low, high = fieller(a, b)
        covered += low <= 0.7 <= high
    assert abs(covered / 2000 - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 2000)


def test_pairing_gain_is_one_for_strangers_and_large_for_twins():
    rng = np.random.default_rng(2)
    x = rng.normal(size=4000)
    assert pairing_gain(x, rng.normal(size=4000)) == pytest.approx(1, abs=0.1)
    assert pairing_gain(x, x + 0.1 * rng.normal(size=4000)) > 100


def test_flows_are_rates_whatever_the_last_interval(folder):
    """A flow of constant intensity has the same level in every window, also across a short last interval."""
    path = synthetic.write(folder / "uneven.h5", replicates=2, horizon=1000)
    with h5py.File(path, "a") as file:
        times = file["time"][:]
        days = np.concatenate([[30], np.diff(times)])
        assert days[-1] == 10
        file["minor_days"][...] = np.broadcast_to(2.0 * days, file["minor_days"].shape)
        file["summary/minor_days"][...] = 2000.0
    with es.open(path) as ds:
        for at in ("before", "end", "horizon", (0, 365), "day 0", "last"):
            assert level(ds, "minor_days", at).values == pytest.approx(2.0), at
        series, unit = plot._series(ds, "minor_days")
        assert series == pytest.approx(60.0)
        assert unit == "person-days per 30 days"


def test_level_refuses_what_is_not_there(strong):
    with es.open(strong) as ds:
        for metric, at in (("nonsense", "end"), ("fear", "sometime"), ("fear", (5000, 6000))):
            with pytest.raises(es.EnforceSimError):
                level(ds, metric, at)


def test_compare_finds_strong_effects_and_no_others(strong):
    with es.open(strong) as ds:
        table = es.compare(ds).set_index(["scenario", "metric"])
    row = table.loc["sweeps", "violence_police"]
    assert row.ratio == pytest.approx(1 + 5 * 0.83, rel=0.1)  # 6 after a ramp of a year in a horizon of three
    assert row.ratio_low < row.ratio < row.ratio_high
    assert row.difference_low > 0
    assert row.share_below == 0
    assert table.loc["sweeps", "pardons"].pairing_gain > 3
    assert np.isnan(table.loc["status_quo", "pardons"].difference)
    assert table.loc["no_police", "sweeps"].ratio == 0


def test_compare_of_equal_scenarios_is_zero(null):
    with es.open(null) as ds:
        table = es.compare(ds)
    rest = table[table.scenario != "status_quo"]
    assert (rest.difference == 0).all()
    assert rest.ratio.to_numpy() == pytest.approx(1)


def test_one_replicate_has_no_interval_and_says_so(folder, no_figures):
    path = synthetic.write(folder / "single.h5", replicates=1, effects=synthetic.STRONG)
    with es.open(path) as ds:
        with pytest.warns(UserWarning, match="one replicate"):
            table = es.compare(ds)
        assert table.low.isna().all()
        assert table["mean"].notna().all()
        assert "one replicate" in table.attrs["note"]
        assert "one replicate" in es.table(ds)
        verdicts = es.claims(ds)
        assert set(verdicts.verdict) <= {"undecided", "not tested"}
        assert "one replicate" in render(ds)


@pytest.mark.slow
def test_designs_and_lost_dimensions_are_refused_clearly(folder, strong):
    path = synthetic.write(folder / "design.h5", replicates=2, points=3)
    refused(command("table", path), "design of 3 points")
    with es.open(path) as ds:
        assert es.compare(ds.isel(point=0)).shape[0] == 4 * len(synthetic.METRICS)
    with es.open(strong) as ds, pytest.raises(es.EnforceSimError, match="select with a list"):
        es.compare(ds.sel(scenario="sweeps"))
    with es.open(strong) as ds, pytest.raises(es.EnforceSimError, match="no scenario 'nobody'"):
        es.compare(ds, baseline="nobody")


# ---- table --------------------------------------------------------------------------------------------


@given(st.floats(-1e12, 1e12), st.floats(0, 1e9))
def test_numbers_can_be_read_back(value, half):
    shown = number(value, half).replace(",", "").replace("−", "-")
    assert abs(float(shown) - value) <= max(half, abs(value) / 100, 1e-5) * 0.51 + 1


@pytest.mark.parametrize(
    ("mean", "half", "shown"),
    [(12.345, 0.4, "12.3 ±0.4"), (12.345, 0.12, "12.35 ±0.12"), (1234.5, 25, "1,234 ±25"), (0, 0, "0 ±0")],
)
def test_digits_follow_the_interval(mean, half, shown):
    assert with_half(Estimate(mean, mean - half, mean + half, 9)) == shown


def test_differences_are_marked_when_their_interval_excludes_zero():
    assert signed(Estimate(-3, -4, -2, 9)) == "−3.0 ±1.0*"
    assert signed(Estimate(1, -1, 3, 9)) == "+1.0 ±2.0"


def test_table_is_readable(strong):
    with es.open(strong) as ds:
        text = es.table(ds)
    assert max(map(len, text.splitlines())) <= 120
    assert text.startswith("essay: 20 replicates of 3 years (1,095 days) with about 2,9")
    for title in ("MINORS AND COERCED ADULTS", "NON-COERCED ADULTS", "PERPETRATORS", "POLICE"):
        assert text.count(title) == 2
    assert "Paired differences from status_quo" in text


def test_table_with_many_scenarios_keeps_its_width(folder):
    names = tuple(f"a_scenario_with_a_long_name_{i}" for i in range(9))
    with es.open(synthetic.write(folder / "many.h5", replicates=3, scenarios=names)) as ds:
        text = es.table(ds)
    assert max(map(len, text.splitlines())) <= 120
    assert text.count("Outcomes\n") > 1


def test_tables_leave_out_what_the_file_lacks(folder, strong, monkeypatch):
    path = shutil.copy(strong, folder / "lacking.h5")
    with h5py.File(path, "a") as file:
        for name in ("officer_skill", "coerced_days", "minor_prevalence_surveyed"):
            del file[name]
            del file[f"summary/{name}"]
    with es.open(path) as ds:
        assert "skill" not in es.table(ds)
        assert "survey" not in plot.figures(ds)
        monkeypatch.setattr(plot, "figures", lambda *_: {})
        assert es.claims(ds).verdict["E1"] == "not tested"
        assert "not tested" in render(ds)


# ---- claims -------------------------------------------------------------------------------------------


def test_claims_file_is_complete():
    known = load()
    ids = [c["id"] for c in known["claim"]]
    assert len(ids) == len(set(ids))
    for number_ in range(1, 16):
        assert f"E{number_}" in ids
    for number_ in range(1, 14):
        assert f"C{number_}" in ids
    for claim in known["claim"]:
        assert claim["who"] in ("essay", "critics")
        assert claim["origin"] in ("emergent", "built in", "partly built in")
        assert claim["says"].endswith(".")
        assert claim["mechanisms"]
        assert claim.get("quote") or claim.get("source"), claim["id"]
        assert claim.get("test") or claim.get("how"), claim["id"]
        assert claim["origin"] == "emergent" or claim.get("why"), claim["id"]
        for test in claim.get("test", []):
            assert test["is"] in ("at least", "at most", "more than", "less than")
            assert ("value" in test) != ("right" in test)


def test_claims_name_metrics_that_exist():
    known = load()
    for claim in known["claim"]:
        for test in claim.get("test", []):
            for side in (test["left"], test.get("right")):
                for holder in [side, (side or {}).get("per"), *(side or {}).get("where", [])]:
                    for metric in np.atleast_1d((holder or {}).get("metric", [])):
                        names = known["sums"].get(str(metric), [str(metric)])
                        names = [n.removeprefix("-") for n in names]
                        assert set(names) <= set(synthetic.METRICS), metric


def test_verdicts_follow_the_data(strong, against, null):
    verdicts = {}
    for name, path in (("strong", strong), ("against", against), ("null", null)):
        with es.open(path) as ds:
            verdicts[name] = es.claims(ds).verdict
    assert verdicts["strong"][["E1", "E1b", "E2", "E3", "E6", "E7"]].eq("supported").all()
    assert verdicts["strong"][["C3b", "C4", "C5"]].eq("contradicted").all()
    assert verdicts["against"][["E1", "E1b", "E2", "E6", "E7", "E11"]].eq("contradicted").all()
    assert verdicts["against"][["C2", "C3b", "C12"]].eq("supported").all()
    # Where nothing happens, no claim of an effect may stand, and equality is no "more".
    assert verdicts["null"][["E1", "E2", "E3", "C2", "C4", "C5"]].eq("contradicted").all()
    assert verdicts["null"][["E6", "E11"]].eq("supported").all()


def test_untested_claims_say_how(strong):
    with es.open(strong) as ds:
        table = es.claims(ds)
    missing = table[table.verdict == "not tested"]
    assert (missing.how != "").all()
    assert "rotating" in table.how["E4"]
    assert (table[table.verdict != "not tested"].result != "").all()


def test_further_files_serve_claims_that_need_them(folder, strong):
    other = {"status_quo": {}, "professional_rescue": {"minor_days": 0.9}}
    path = synthetic.write(folder / "unlearning.h5", effects=other)
    with es.open(strong) as ds, es.open(path) as unlearning:
        assert es.claims(ds).verdict["E9"] == "not tested"
        assert es.claims(ds, also={"unlearning": unlearning}).verdict["E9"] == "supported"
    said = command("claims", strong, "--with", f"unlearning={path}").stdout
    assert re.search(r"^E9 +SUPPORTED", said, re.MULTILINE)
    refused(command("claims", strong, "--with", "nonsense"), "NAME=FILE")


def test_later_phases_are_found(folder):
    names = ("status_quo", "professional_rescue", "programme_ended")
    path = synthetic.write(folder / "phases.h5", scenarios=names, effects=synthetic.STRONG)
    with h5py.File(path, "a") as file:
        file["config/phase_day"][...] = np.array([0, 0, 730], np.int32)
    with es.open(path) as ds:
        assert es.claims(ds).verdict["C10"] in ("supported", "contradicted", "undecided")
        plot.series(ds, "minor_prevalence")


# ---- figures and report -------------------------------------------------------------------------------


def test_rare_events_are_averaged_over_half_years():
    times = np.arange(-360, 1096, 15)
    days = np.full(times.size, 15.0)
    middles, means = plot._half_years(times / 365, np.where(times > 0, 2.0, 1.0)[None], days)
    assert means[0][middles < 0] == pytest.approx(1)
    assert means[0][middles > 0] == pytest.approx(2)
    assert np.diff(middles) == pytest.approx(0.5, abs=0.05)


@pytest.mark.slow
def test_many_scenarios_are_cut_to_what_can_be_told_apart(folder):
    names = ("status_quo", *(f"policy_{i}" for i in range(11)))
    with es.open(synthetic.write(folder / "twelve.h5", replicates=2, scenarios=names)) as ds:
        assert plot._few(ds, None) == (list(names[:7]), "Of 12 scenarios the first 7 are shown.")
        plot.groups(ds)
        plot.forest(ds)


@pytest.mark.slow
def test_every_metric_can_be_drawn(strong, tmp_path):
    with es.open(strong) as ds:
        part = ds.isel(replicate=slice(3)).load()
        for metric in synthetic.METRICS:
            assert len(es.plot.series(part, metric).axes) == 4


@pytest.mark.slow
def test_the_standard_figures(strong, tmp_path):
    result = command("plot", strong, "-o", tmp_path)
    assert result.returncode == 0, result.stderr
    drawn = {p.stem for p in tmp_path.glob("*.png")}
    assert drawn == {
        "groups", "tradeoff", "survey", "where", "differences", "minor_prevalence", "health_coverage",
    }  # fmt: skip
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in tmp_path.glob("*.png"))


@pytest.mark.slow
def test_figures_repeat_bit_for_bit(strong, tmp_path):
    with es.open(strong) as ds:
        first = plot.save(plot.series(ds, "fear"), tmp_path / "a.svg").read_bytes()
        second = plot.save(plot.series(ds, "fear"), tmp_path / "b.svg").read_bytes()
    assert first == second
    assert b"http://127" not in first


def test_unknown_metric_to_plot(strong, tmp_path):
    refused(command("plot", strong, "minor_day", "-o", tmp_path), "no metric 'minor_day'", "minor_days")
    refused(command("plot", strong, "fear", "-o", "/proc/nowhere"), "cannot be made")


@pytest.mark.slow
def test_report_is_one_safe_file(folder, strong):
    path = es.report(es.open(strong), folder / "report.html")
    text = path.read_text("utf-8")
    assert path.stat().st_size < 5_000_000
    assert "Content-Security-Policy" in text
    assert not re.search(r"(src|href)=[\"'](?!data:|#)", text)
    assert "<script" not in text
    assert len(re.findall(r"<img [^>]*alt=\"[^\"]+\"", text)) == text.count("<img ") >= 6
    for section in (
        "The question",
        "The four groups",
        "claims and their verdicts",
        "What the model cannot say",
    ):
        assert section in text
    for claim in load()["claim"]:
        assert f'aria-label="Claim {claim["id"]}"' in text
    assert "enforcesim run configs/essay.cfg -r 20" in text
    assert es.report(es.open(strong), folder / "again.html").read_text("utf-8") == text


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)//",
    "\x1b[2J\x1b]0;owned\x07",
    "$\\frac{1}{$",
)


@pytest.mark.slow
def test_hostile_labels_stay_text(tmp_path):
    labels = dict(zip(synthetic.METRICS, HOSTILE, strict=False)) | {
        "fear": HOSTILE[-1],
        "minor_days": HOSTILE[0],
    }
    path = synthetic.write(tmp_path / "x.h5", replicates=2, title=" ".join(HOSTILE), labels=labels)
    with es.open(path) as ds:
        html = es.report(ds, tmp_path / "x.html").read_text("utf-8")
        shown = es.table(ds)
        plot.save(plot.series(ds, "fear"), tmp_path / "x.png")
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "\x1b" not in html + shown
    assert "{{ 7*7 }}" in html


def test_report_into_a_folder_that_is_not_there(strong, tmp_path, no_figures):
    refused(command("report", strong, "-o", tmp_path / "no" / "x.html"), "cannot be written")
    assert list(tmp_path.iterdir()) == []


# ---- command line -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [(), ("nonsense",), ("table",), ("table", "a", "b"), ("plot", "x", "--format", "gif")]
)
def test_wrong_usage(arguments):
    refused(command(*arguments))


def test_scenarios_can_be_chosen(strong):
    said = command("table", strong, "--scenario", "no_police").stdout
    assert "no_police" in said
    assert "sweeps  " not in said.split("MINORS")[0]
    refused(command("table", strong, "--scenario", "nobody"), "no scenario 'nobody'")


def test_wrong_baseline(strong):
    refused(command("table", strong, "--baseline", "nobody"), "no scenario 'nobody'", "status_quo")


def test_a_reader_who_leaves_early_sees_no_traceback(strong):
    line = f"{sys.executable} -m enforcesim table {strong} | head -n 1"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "analysis")}
    result = subprocess.run(line, shell=True, capture_output=True, text=True, check=False, env=env)
    assert result.stdout.startswith("essay: 20 replicates")
    assert result.stderr == ""


# ---- against the program ------------------------------------------------------------------------------

PROGRAM = ROOT / "build" / "enforcesim"


@pytest.mark.skipif(not PROGRAM.exists(), reason="the program is not built")
def test_names_in_python_are_metrics_of_the_program():
    said = subprocess.run(
        [PROGRAM, "metrics", "--format", "json"], capture_output=True, text=True, check=True
    )
    listed = json.loads(said.stdout)
    names = {row["name"] for row in (listed if isinstance(listed, list) else listed["metrics"])}
    known = load()
    claimed = {m.removeprefix("-") for names_ in known["sums"].values() for m in names_}
    assert plot.known_metrics() | claimed <= names
    assert set(synthetic.METRICS) <= names


@pytest.mark.skipif(not PROGRAM.exists(), reason="the program is not built")
def test_a_real_run_can_be_read_compared_judged_and_reported(tmp_path, monkeypatch):
    monkeypatch.delenv("ENFORCESIM", raising=False)
    small = {"parameters.region.venues": 30, "parameters.region.districts": 1, "run.burn_in": 400}
    ds = es.run(ROOT / "configs" / "essay.cfg", replicates=3, days=400, set=small)
    assert es.phases(ds)
    assert not es.parameters(ds).empty
    assert set(es.compare(ds).scenario) == set(synthetic.SCENARIOS)
    assert es.claims(ds).shape[0] == len(load()["claim"])
    assert "status_quo" in es.table(ds)
    assert es.report(ds, tmp_path / "x.html").stat().st_size < 5_000_000

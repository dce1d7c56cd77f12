"""The Python package: claims, figures, report, command line, and the program itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import enforcesim as es
import h5py
import numpy as np
import pytest
import synthetic
from analysis_support import against, command, folder, no_figures, null, refused, strong
from enforcesim import plot
from enforcesim.canvas import chosen
from enforcesim.claims import load
from enforcesim.plot_over_time import half_years

ROOT = Path(__file__).resolve().parents[1]

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


@pytest.mark.slow
def test_verdicts_follow_the_data(strong, against, null):
    verdicts = {}
    for name, path in (("strong", strong), ("against", against), ("null", null)):
        with es.open(path) as ds:
            verdicts[name] = es.claims(ds).verdict
    assert verdicts["strong"][["E1", "E1b", "E2", "E3", "E6", "E7"]].eq("supported").all()
    assert verdicts["strong"][["C3b", "C4", "C5"]].eq("contradicted").all()
    assert verdicts["against"][["E1", "E1b", "E2", "E6", "E7", "E11"]].eq("contradicted").all()
    assert verdicts["against"][["C2", "C2b", "C3b", "C12b"]].eq("supported").all()
    # Where nothing happens, no claim of an effect may stand, and equality is no "more".
    assert verdicts["null"][["E1", "E2", "E3", "C2", "C4", "C5"]].eq("contradicted").all()
    assert verdicts["null"][["E2b", "E6", "E11", "C14"]].eq("supported").all()


def test_untested_claims_say_how(strong):
    with es.open(strong) as ds:
        table = es.claims(ds)
    missing = table[table.verdict == "not tested"]
    assert (missing.how != "").all()
    assert "rotating" in table.how["E4"]
    assert (table[table.verdict != "not tested"].result != "").all()


@pytest.mark.slow
def test_further_files_serve_claims_that_need_them(folder, strong):
    other = {"status_quo": {}, "professional_rescue": {"minor_days": 0.9}}
    path = synthetic.write(folder / "unlearning.h5", effects=other)
    refused(command("claims", strong, "--with", f"unlearning={path}"), "every parameter is as in the file itself")
    with h5py.File(path, "a") as file:
        file["parameters/fear.half_life"][...] = 60.0
    with es.open(strong) as ds, es.open(path) as unlearning:
        assert es.claims(ds).verdict["E9"] == "not tested"
        assert es.claims(ds, also={"unlearning": unlearning}).verdict["E9"] == "supported"
    said = command("claims", strong, "--with", f"unlearning={path}").stdout
    assert re.search(r"^E9 +SUPPORTED", said, re.MULTILINE)
    refused(command("claims", strong, "--with", "nonsense"), "NAME=FILE")


@pytest.mark.slow
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
    middles, means = half_years(times / 365, np.where(times > 0, 2.0, 1.0)[None], days)
    assert means[0][middles < 0] == pytest.approx(1)
    assert means[0][middles > 0] == pytest.approx(2)
    assert np.diff(middles) == pytest.approx(0.5, abs=0.05)


@pytest.mark.slow
def test_many_scenarios_are_cut_to_what_can_be_told_apart(folder):
    names = ("status_quo", *(f"policy_{i}" for i in range(11)))
    with es.open(synthetic.write(folder / "twelve.h5", replicates=2, scenarios=names)) as ds:
        assert chosen(ds, None, None, 7) == (list(names[:7]), "Of 12 scenarios the first 7 are shown.")
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
    assert {*plot.NAMES} - {"claims"} <= drawn <= {*plot.NAMES}  # claims, where the file can decide any
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in tmp_path.glob("*.png"))


@pytest.mark.slow
def test_figures_repeat_bit_for_bit(strong, tmp_path):
    with es.open(strong) as ds:
        first = plot.save(plot.series(ds, "fear"), tmp_path / "a.svg").read_bytes()
        second = plot.save(plot.series(ds, "fear"), tmp_path / "b.svg").read_bytes()
    assert first == second
    assert b"http://127" not in first


@pytest.mark.slow
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
    assert text.count("<script") == 2
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
    assert html.count("<script") == 2
    assert "<img src=x" not in html
    assert "\x1b" not in html + shown
    assert "{{ 7*7 }}" in html


def test_text_fits_the_terminal(strong, monkeypatch):
    """On a wide one all scenarios of the essay stand side by side; a narrow one wraps no line."""
    shown = {}
    for columns in (1, 72, 100, 160):
        monkeypatch.setenv("COLUMNS", str(columns))
        for what in ("table", "claims"):
            shown[what, columns] = lines = command(what, strong).stdout.splitlines()
            assert max(map(len, lines)) <= max(columns, 72), (what, columns)
    assert shown["table", 160].count("Outcomes") == 1 < shown["table", 72].count("Outcomes")
    monkeypatch.delenv("COLUMNS")
    assert max(map(len, command("table", strong).stdout.splitlines())) == 120


def test_a_shard_is_told_from_other_files(tmp_path):
    (tmp_path / "x.h5.shard-1-of-3").write_bytes(b"ESJRNL\r\n" + bytes(99))
    refused(command("table", tmp_path / "x.h5.shard-1-of-3"), "a shard, or an unfinished run; 'enforcesim merge'")


@pytest.mark.slow
def test_report_into_a_folder_that_is_not_there(strong, tmp_path, no_figures):
    refused(command("report", strong, "-o", tmp_path / "no" / "x.html"), "cannot be written")
    assert list(tmp_path.iterdir()) == []


# ---- command line -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [(), ("nonsense",), ("table",), ("table", "a", "b"), ("plot", "x", "--format", "gif")]
)
def test_wrong_usage(arguments):
    refused(command(*arguments))


@pytest.mark.slow
def test_scenarios_can_be_chosen(strong):
    said = command("table", strong, "--scenario", "no_police").stdout
    assert "no_police" in said
    assert "sweeps  " not in said.split("MINORS")[0]
    refused(command("table", strong, "--scenario", "nobody"), "no scenario 'nobody'")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_told_from_a_bad_file(strong):
    env = {**os.environ, "PYTHONPATH": str(ROOT / "analysis")}
    with open("/dev/full", "w") as full:
        words = [sys.executable, "-m", "enforcesim", "table", str(strong)]
        result = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=env)
    assert result.returncode == 1
    assert result.stderr == "enforcesim: the output cannot be written (No space left on device)\n"


@pytest.mark.slow
def test_wrong_baseline(strong):
    refused(command("table", strong, "--baseline", "nobody"), "no scenario 'nobody'", "status_quo")


@pytest.mark.slow
def test_a_reader_who_leaves_early_sees_no_traceback(strong):
    line = f"{sys.executable} -m enforcesim table {strong} | head -n 1"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "analysis")}
    result = subprocess.run(line, shell=True, capture_output=True, text=True, check=False, env=env)
    assert result.stdout.startswith("essay: 20 replicates")
    assert result.stderr == ""


# ---- against the program ------------------------------------------------------------------------------

PROGRAM = Path(os.environ.get("ENFORCESIM", ROOT / os.environ.get("BUILD", "build") / "enforcesim"))


@pytest.mark.skipif(not PROGRAM.exists(), reason="the program is not built")
def test_names_in_python_are_metrics_of_the_program():
    said = subprocess.run([PROGRAM, "metrics", "--format", "json"], capture_output=True, text=True, check=True)
    listed = json.loads(said.stdout)
    names = {row["name"] for row in (listed if isinstance(listed, list) else listed["metrics"])}
    known = load()
    claimed = {m.removeprefix("-") for names_ in known["sums"].values() for m in names_}
    assert plot.known_metrics() | claimed <= names
    assert set(synthetic.METRICS) <= names


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM.exists(), reason="the program is not built")
def test_a_real_run_can_be_read_compared_judged_and_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("ENFORCESIM_LIBRARY", str(PROGRAM.parent / "libenforcesim.so"))
    small = {"parameters.region.venues": 30, "parameters.region.districts": 1, "run.burn_in": 400}
    ds = es.run(ROOT / "configs" / "essay.cfg", replicates=3, days=400, set=small)
    assert es.phases(ds)
    assert not es.parameters(ds).empty
    assert set(es.compare(ds).scenario) == set(synthetic.SCENARIOS)
    assert es.claims(ds).shape[0] == len(load()["claim"])
    assert "status_quo" in es.table(ds)
    assert es.report(ds, tmp_path / "x.html").stat().st_size < 5_000_000


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM.exists(), reason="the program is not built")
@pytest.mark.parametrize("option", [["--days", "1"], ["--set", "parameters.survey.survey_venues=0"]])
def test_short_and_unsurveyed_runs_can_be_reported(tmp_path, option):
    config, out, page = ROOT / "configs" / "essay.cfg", tmp_path / "x.h5", tmp_path / "x.html"
    subprocess.run([PROGRAM, "run", config, "-r", "2", "-o", out, *option], check=True, capture_output=True)
    es.report(es.open(out), page)  # with its figures
    assert "</html>" in page.read_text()

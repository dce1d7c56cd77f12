"""`run.output` and `run.metrics`: what is kept is the same bits whatever else is, in whatever way the run went."""

from __future__ import annotations

import os
import random
import subprocess
import time
import warnings
from pathlib import Path

import enforcesim as es
import h5py
import numpy as np
import pytest
from analysis_support import command, refused
from conftest import PROGRAM, effort
from held import calls_made, held, kill, size

STUDY = """run = { name = "kept"; seed = 5; replicates = 150;
burn_in = 40; horizon = 90; record_every = 30; record_before = 30; };
parameters : { region : { venues = 8; districts = 1; traffickers = 3; }; };
policies : { status_quo : { }; raids : { sweep_rate = 6.0; }; };
scenarios = ( { name = "raids"; policy = "raids"; }, { name = "status_quo"; policy = "status_quo"; } );
"""
OUTPUTS = ("all", "summary", "quantiles")
SHARES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
UNITS = {b"flow": 2.0**-10, b"stock": 2.0**-20, b"share": 2.0**-40}  # in which sums are kept


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The study, and a file of each kind."""
    made = tmp_path_factory.mktemp("kept")
    (made / "s.cfg").write_text(STUDY)
    for output in OUTPUTS:
        run(made, f"{output}.h5", "--set", f"run.output={output}")
    return made


@pytest.fixture(scope="module")
def few(folder) -> Path:
    """The same with a few metrics only, which open faster."""
    made = folder / "few"
    made.mkdir()
    for output in OUTPUTS:
        chosen = (
            "--set",
            f"run.output={output}",
            "--set",
            "run.metrics=minor_days,fear,minor_prevalence_surveyed,deportations",
        )
        run(folder, f"few/{output}.h5", *chosen)
    return made


def run(folder: Path, out: str, *arguments: object, status: int = 0) -> str:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    done = subprocess.run(
        [PROGRAM, "run", "s.cfg", "-o", out, *map(str, arguments)],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return done.stderr


def digest(path: Path) -> str:
    with h5py.File(path) as file:
        return file.attrs["digest"].decode()


def metrics(file: h5py.File) -> list[str]:
    return [name for name, item in file["summary"].items() if item.ndim == 2]


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(a, b, equal_nan=True)


# ---- what is in the file ----


def test_summaries_are_those_of_the_whole_file(folder):
    with h5py.File(folder / "all.h5") as whole, h5py.File(folder / "summary.h5") as file:
        assert set(file) == {"scenario", "replicate", "summary", "parameters", "config"}
        assert metrics(file) == metrics(whole) and len(metrics(file)) > 80
        for name in metrics(file):
            assert same(file["summary"][name][:], whole["summary"][name][:]), name
    assert (folder / "summary.h5").stat().st_size < 0.7 * (folder / "all.h5").stat().st_size


def assert_told(told: np.ndarray, names: list[str], values: np.ndarray, unit: float) -> None:
    """Statistics (..., statistic) of values (..., replicate), by numpy."""
    found = dict(zip(names, np.moveaxis(told, -1, 0), strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert same(found["n"], np.isfinite(values).sum(-1).astype(float))
        assert same(found["minimum"], np.nanmin(values, -1)) and same(found["maximum"], np.nanmax(values, -1))
        assert same(found["negative"], (values < 0).sum(-1)) and same(found["zero"], (values == 0).sum(-1))
        np.testing.assert_allclose(found["mean"], np.nanmean(values, -1), rtol=1e-12, atol=unit / 2)
        np.testing.assert_allclose(found["sd"], np.nanstd(values, -1, ddof=1), rtol=1e-9, atol=unit)
        for name, share in SHARES.items():
            ends = [np.abs(np.nanquantile(values, share, axis=-1, method=m)) for m in ("lower", "higher")]
            off = np.abs(found[name] - np.nanquantile(values, share, axis=-1))
            assert np.all((off <= np.maximum(*ends) / 256 * (1 + 1e-9)) | np.isnan(ends[0])), name
            assert same(np.isnan(found[name]), np.isnan(ends[0]))


def test_statistics_are_those_of_numpy(folder):
    with h5py.File(folder / "all.h5") as whole, h5py.File(folder / "quantiles.h5") as file:
        names = [name.decode() for name in file["statistic"][:]]
        assert [scale.name for scale in (file["fear"].dims[i][0] for i in range(3))] == [
            "/scenario",
            "/statistic",
            "/time",
        ]
        assert file.attrs["difference_baseline"] == b"status_quo" and file.attrs["quantile_error"][0] == 1 / 256
        for name in metrics(whole):
            unit = UNITS[whole[name].attrs["metric_kind"]]
            series, summary = whole[name][:], whole["summary"][name][:]
            assert_told(np.moveaxis(file[name][:], 1, -1), names, np.moveaxis(series, 1, -1), unit)
            assert_told(file["summary"][name][:], names, summary, unit)
            assert_told(file["difference"][name][:], names, summary - summary[1:], unit)


def test_size_does_not_depend_on_replicates(folder):
    run(folder, "more.h5", "--set", "run.output=quantiles", "-r", 1500)
    sizes = [(folder / name).stat().st_size for name in ("quantiles.h5", "more.h5")]
    assert sizes[1] < 1.2 * sizes[0]


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_choice_of_metrics_changes_nothing_else(folder, output):
    run(folder, "few.h5", "--force", "--set", f"run.output={output}", "--set", "run.metrics=minor_days, fear")
    with h5py.File(folder / f"{output}.h5") as whole, h5py.File(folder / "few.h5") as file:
        assert metrics(file) == ["fear", "minor_days"]
        for place in ("", "summary/", "difference/"):
            for name in metrics(file):
                assert (f"{place}{name}" in file) == (f"{place}{name}" in whole)
                if f"{place}{name}" in file:
                    assert same(file[f"{place}{name}"][:], whole[f"{place}{name}"][:])
    written = (
        (folder / "s.cfg")
        .read_text()
        .replace('"kept";', f'"kept"; output = "{output}"; metrics = ("fear", "minor_days");')
    )
    (folder / "written.cfg").write_text(written)
    done = subprocess.run([PROGRAM, "run", "written.cfg", "-o", "written.h5", "--force"], cwd=folder, check=False)
    assert done.returncode == 0 and digest(folder / "written.h5") == digest(folder / "few.h5")


def test_the_resolved_configuration_says_it(program, folder):
    said = program("check", folder / "s.cfg").stdout
    assert 'output = "all";' in said and 'metrics = "all";' in said
    changed = ("--set", "run.output=summary", "--set", "run.metrics=minor_days,fear")
    said = program("check", folder / "s.cfg", *changed).stdout
    assert 'output = "summary";' in said and 'metrics = ("fear", "minor_days");' in said
    (folder / "resolved.cfg").write_text(said)
    assert program("check", folder / "resolved.cfg").stdout == said
    told = " ".join(program("run", "--help").stdout.split())
    assert 'one of "all", "quantiles", "summary"' in told and "the outputs on record" in told


@pytest.mark.parametrize("output", OUTPUTS)
def test_info_tells_the_kind(program, folder, output):
    said = program("info", folder / f"{output}.h5").stdout
    assert f"output       {output}\n" in said and "replicates   150\n" in said and "verified" in said


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('output = "sumary"', 's.cfg:1: output = "sumary" is not known; allowed: one of "all", "quantiles", "summary"'),
        ("output = 3", "s.cfg:1: output is a number; allowed: one of"),
        ('metrics = ("minor_dys")', "s.cfg:1: there is no metric 'minor_dys'; did you mean 'minor_days'?"),
        ('metrics = ("xyzzy")', "s.cfg:1: there is no metric 'xyzzy'; allowed: those that 'enforcesim metrics' lists"),
        ('metrics = ("fear", "fear")', "s.cfg:1: the metric 'fear' is named twice; allowed: each once"),
        ('metrics = "fear,,minor_days"', "s.cfg:1: there is no metric ''; allowed"),
        ('metrics = "all,fear"', "s.cfg:1: there is no metric 'all'"),
        ("metrics = ( )", 's.cfg:1: metrics names none; allowed: ("NAME", "NAME"), "NAME,NAME" or "all"'),
        ("metrics = 3", "s.cfg:1: metrics is a number; allowed"),
        ('metrics = ("fear", 3)', "s.cfg:1: one of the metrics is a number; allowed: a name in quotes"),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused(program, tmp_path, monkeypatch, setting, message):
    monkeypatch.chdir(tmp_path)
    Path("s.cfg").write_text(STUDY.replace('name = "kept";', f'name = "kept"; {setting};'))
    done = program("run", "s.cfg", "-o", "x.h5")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and message in done.stderr, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["s.cfg"]


# ---- in whatever way the run went ----


@pytest.mark.parametrize("output", OUTPUTS)
def test_bytes_do_not_depend_on_threads(folder, output):
    for threads in (1, 2, 3):
        run(folder, "again.h5", "--force", "--set", f"run.output={output}", "-j", threads)
        assert digest(folder / "again.h5") == digest(folder / f"{output}.h5")


@pytest.mark.slow
@pytest.mark.parametrize("output", OUTPUTS)
def test_a_killed_run_goes_on(folder, output):
    """So many replicates that the journal of quantiles is compacted several times: a record has 7 kB. The run is killed
    in the middle of writes, each some hundreds after the one before."""
    arguments = ("--set", f"run.output={output}", "-r", "3000", "--quiet")
    run(folder, f"long-{output}.h5", *arguments)
    partial, counts, largest, luck = folder / "killed.h5.partial", folder / "counts", 0, random.Random(7)
    for _ in range(effort(3, 20)):
        flag = "--resume" if partial.exists() else "--force"
        at = luck.randrange(*effort((500, 1000), (2, 150)))
        counts.unlink(missing_ok=True)
        running = subprocess.Popen(
            [PROGRAM, "run", "s.cfg", "-o", "killed.h5", *arguments, flag],
            cwd=folder, env={**os.environ, **held("write", at, FAULT_COUNTS=counts)},
        )  # fmt: skip
        while calls_made(counts, "write") < at:
            assert running.poll() is None
            time.sleep(0.002)
            largest = max(largest, size(partial))
        kill(running)
    assert largest > 0
    run(folder, "killed.h5", *arguments, "--resume")
    assert digest(folder / "killed.h5") == digest(folder / f"long-{output}.h5")
    assert [path.name for path in folder.glob("killed.h5*")] == ["killed.h5"]
    (folder / "killed.h5").unlink()
    if output == "quantiles":
        assert largest < 12e6  # of 21 MB of records


@pytest.mark.parametrize("output", OUTPUTS)
def test_shards_together_are_the_run(folder, output):
    arguments = ("--set", f"run.output={output}")
    parts = [f"part.h5.shard-{i}-of-3" for i in (1, 2, 3)]
    for i in (1, 2, 3):
        run(folder, "part.h5", *arguments, "--shard", f"{i}/3", "--force")
    merged = ["merge", "s.cfg", *reversed(parts), "-o", "merged.h5", "--force", *arguments]
    assert subprocess.run([PROGRAM, *merged], cwd=folder, check=False).returncode == 0
    assert digest(folder / "merged.h5") == digest(folder / f"{output}.h5")
    missing = [PROGRAM, *merged[:2], parts[0], parts[2], *merged[5:], "--complete"]
    assert subprocess.run(missing, cwd=folder, check=False).returncode == 0
    assert digest(folder / "merged.h5") == digest(folder / f"{output}.h5")


def test_every_point_of_a_design_has_its_statistics(folder):
    """The second cannot be run: it has no replicates."""
    (folder / "d.csv").write_text("region.venues,region.districts\n8,1\n5,9\n12,2\n")
    arguments = ("-r", 20, "--set", "run.metrics=minor_days,fear", "--set", "run.output=quantiles")
    run(folder, "design.h5", "--design", "d.csv", *arguments, status=1)
    with h5py.File(folder / "design.h5") as file:
        assert file["fear"].shape[:2] == (3, 2) and (file["summary/fear"][1, :, 0] == 0).all()
        assert np.isnan(file["summary/fear"][1, :, 1:10]).all()
        for point, (venues, districts) in ((0, (8, 1)), (2, (12, 2))):
            settings = [f"--set=parameters.region.{n}={v}" for n, v in (("venues", venues), ("districts", districts))]
            run(folder, "one.h5", "--force", *arguments, *settings)
            with h5py.File(folder / "one.h5") as one:
                for name in ("fear", "minor_days"):
                    for place in ("", "summary/", "difference/"):
                        assert same(file[f"{place}{name}"][point], one[f"{place}{name}"][:]), (point, place, name)


# ---- in Python ----


def test_comparison_of_each_kind(few):
    whole, summary, told = (es.compare(es.open(few / f"{output}.h5")) for output in OUTPUTS)
    rates = [c for c in whole if c.startswith("rate_")]  # without series nobody knows the person-years
    assert whole.drop(columns=rates).equals(summary.drop(columns=rates)) and summary[rates].isna().all(axis=None)
    assert (
        list(whole) == list(told) and told.attrs["interval"] == "Student's t" and whole.attrs["interval"] == "Willink"
    )
    same = ("scenario", "metric", "units", "kind", "replicates", "few", "share_below", "share_above", "difference_few")
    for column in (*same, "pairs", "undefined", "note"):
        assert whole[column].equals(told[column]), column
    for column in ("mean", "difference"):  # each value was rounded by half a unit, a difference too
        np.testing.assert_allclose(whole[column], told[column], rtol=1e-9, atol=UNITS[b"flow"] / 2)
    np.testing.assert_allclose(whole["ratio"], told["ratio"], rtol=2e-3)


def test_intervals_from_statistics_are_students(few):
    """Against the formulas, from the replicates; the ratio's ends are where the interval of a - k b ends at zero."""
    from scipy import stats

    whole = es.open(few / "all.h5")
    told = es.compare(es.open(few / "quantiles.h5"), metrics=["minor_days"]).set_index("scenario")
    ours, theirs = whole["summary.minor_days"].values

    def students(values: np.ndarray) -> np.ndarray:
        half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
        return np.array([values.mean() - half, values.mean() + half])

    row = told.loc["raids"]
    np.testing.assert_allclose([row.low, row.high], students(ours), rtol=1e-5)
    np.testing.assert_allclose([row.difference_low, row.difference_high], students(ours - theirs), rtol=1e-4)
    assert min(abs(students(ours - row.ratio_low * theirs))) < 1e-3 * ours.mean()
    assert min(abs(students(ours - row.ratio_high * theirs))) < 1e-3 * ours.mean()
    assert row.ratio_low < row.ratio < row.ratio_high


def test_what_a_file_cannot_serve_is_told(few):
    for output in ("summary", "quantiles"):
        path = few / f"{output}.h5"
        without = f'only (run.output = "{output}"); run again with run.output = "all" for'
        refused(command("plot", path, "-o", few / "figures"), without)
        assert not (few / "figures").exists()
        table, claims = command("table", path), command("claims", path)
        assert table.returncode == 0 and "events are counted per year" in table.stdout
        if output == "quantiles":
            refused(claims, without, "claims, which need every replicate")
        else:
            assert claims.returncode == 0 and "NOT TESTED" in claims.stdout
        page = few / f"{output}.html"
        assert command("report", path, "-o", page).returncode == 0
        shown = page.read_text("utf-8")
        assert ("claims, which need every replicate" in shown) == (output == "quantiles")
        assert ("no values over time" in shown) == (output == "summary")
    refused(command("plot", few / "summary.h5", "fear", "-o", few / "figures"), "run again")
    drawn = command("plot", few / "quantiles.h5", "fear", "-o", few / "figures")
    assert drawn.returncode == 0 and (few / "figures" / "fear.png").exists()
    for name in (n for n in es.plot.NAMES if n not in ("differences", "claims")):
        with pytest.raises(es.EnforceSimError, match="run again"):
            es.plot.draw(es.open(few / "summary.h5"), name)
    with pytest.raises(es.EnforceSimError, match="differences from 'status_quo' only"):
        es.compare(es.open(few / "quantiles.h5"), "raids")
    for output in ("summary", "quantiles"):
        with pytest.raises(es.EnforceSimError, match="no metric 'nothing'"):
            es.compare(es.open(few / f"{output}.h5"), metrics=["nothing"])


def test_an_unknown_kind_is_refused(folder, tmp_path):
    path = tmp_path / "odd.h5"
    path.write_bytes((folder / "summary.h5").read_bytes())
    with h5py.File(path, "a") as file:
        file.attrs["output"] = np.bytes_(b"medians")
    with pytest.raises(es.EnforceSimError, match="of a kind that this package does not know"):
        es.open(path)
    for kind, lacked in (("all", "time"), ("quantiles", "statistic")):
        with h5py.File(path, "a") as file:
            file.attrs["output"] = np.bytes_(kind)
        with pytest.raises(es.EnforceSimError, match=f"it has no /{lacked}"):
            es.open(path)


def test_running_from_python(folder):
    ds = es.run(folder / "s.cfg", replicates=5, set={"run.output": "summary", "run.metrics": ["minor_days", "fear"]})
    assert list(es.metrics(ds).index) == ["fear", "minor_days"] and list(es.summary(ds)) == ["fear", "minor_days"]
    assert es.metrics(ds).kind["minor_days"] == "flow"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(es.compare(ds)) == 4

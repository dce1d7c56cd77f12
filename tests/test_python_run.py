"""es.run: in this process, equal to the program's results file, and a good guest of whatever process it is in."""

from __future__ import annotations

import concurrent.futures
import gc
import io
import json
import multiprocessing
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import enforcesim as es
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from conftest import PROGRAM, ROOT
from enforcesim import files, library
from held import HANGS

STUDY = """run = { name = "small"; seed = 5; replicates = 4; burn_in = 60; horizon = 60; record_every = 30; };
parameters : { region : { venues = 8; districts = 2; traffickers = 3; }; };
policies : { status_quo : { }; raids : { sweep_rate = 6.5; }; };
scenarios = ( { name = "a"; policy = "status_quo"; },
              { name = "b"; policy = "raids"; phases = ( { day = 30; policy = "status_quo"; } ); } );
"""
SOME_METRICS = ["minor_days", "fear", "price_factor"]
#: What tells who made the results, and when.
OF_THE_MAKING = ("created", "history")


@pytest.fixture(autouse=True)
def own_library(monkeypatch):
    monkeypatch.setenv("ENFORCESIM_LIBRARY", str(PROGRAM.parent / library.NAME))


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    (tmp_path / "s.cfg").write_text(STUDY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def program(*arguments: object, status: int = 0) -> str:
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == status, done.stderr
    return done.stderr


def same(ours: xr.Dataset, theirs: xr.Dataset) -> None:
    """Names in order, dimensions, dtypes, values, attributes and their types; the digest among them."""
    theirs = theirs.load()
    assert list(ours.data_vars) == list(theirs.data_vars)
    assert list(ours.coords) == list(theirs.coords)
    for name, variable in theirs.variables.items():
        assert ours[name].dtype == variable.dtype, name
        assert ours.variables[name].identical(variable), name
        assert list(map(type, ours[name].attrs.values())) == list(map(type, variable.attrs.values())), name
    for attributes in (ours.attrs, theirs.attrs):
        assert set(OF_THE_MAKING) <= set(attributes)
    kept = [{k: (type(v), v) for k, v in ds.attrs.items() if k not in OF_THE_MAKING} for ds in (ours, theirs)]
    assert kept[0] == kept[1]
    assert "digest" in kept[0]


# ---- the same as the program ----


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({}, []),
        ({"replicates": 2, "seed": 2**40, "days": 45}, ["-r", 2, "--seed", 2**40, "--days", 45]),
        ({"scenarios": "b"}, ["--scenario", "b"]),
        ({"set": {"parameters.police.leak": 0.125, "policies.raids.sweep_rate": 2}},
         ["--set", "parameters.police.leak=0.125", "--set", "policies.raids.sweep_rate=2"]),
        ({"set": {"run.output": "summary", "run.metrics": SOME_METRICS}},
         ["--set", "run.output=summary", "--set", f"run.metrics={','.join(SOME_METRICS)}"]),
        ({"set": {"run.output": "quantiles"}}, ["--set", "run.output=quantiles"]),
        ({"threads": 1, "set": {"parameters.beliefs.belief_model": "single", "parameters.region.cities": 2.0}},
         ["-j", 3, "--set", "parameters.beliefs.belief_model=single", "--set", "parameters.region.cities=2"]),
    ],
)  # fmt: skip
def test_equals_the_file_of_the_same_command(folder, settings, options):
    program("run", "s.cfg", "-o", "x.h5", "--quiet", *options)
    with es.open("x.h5") as theirs:
        same(es.run("s.cfg", **settings), theirs)


DESIGN = pd.DataFrame(
    {"police.leak": [0.1, 1 / 3, 0.9], "region.venues": [8, 8, 12], "beliefs.belief_model": ["dual", "single", "dual"]}
)


@pytest.mark.parametrize("kind", ["path", "table", "mapping"])
def test_a_design_may_come_in_any_form(folder, kind):
    DESIGN.to_csv("d.csv", index=False)
    given = {"path": Path("d.csv"), "table": DESIGN, "mapping": {c: DESIGN[c].to_numpy() for c in DESIGN}}[kind]
    program("run", "s.cfg", "-o", "x.h5", "--quiet", "--design", "d.csv")
    with es.open("x.h5") as theirs:
        ds = es.run("s.cfg", design=given)
        same(ds, theirs)
    assert ds["minor_days"].dims == ("point", "scenario", "replicate", "time")
    assert ds["design.police.leak"].to_numpy().tolist() == DESIGN["police.leak"].tolist()  # to the last bit


def test_the_history_is_a_command_that_does_the_same(folder):
    ds = es.run(
        "s.cfg", replicates=1, scenarios=["a"], set={"run.metrics": SOME_METRICS, "parameters.survey.survey_venues": 3}
    )
    program(*ds.attrs["history"].split()[1:], "--quiet", "-o", "again.h5")
    with es.open("again.h5") as again:
        same(ds, again)


def test_results_are_in_memory_and_can_be_handed_on(folder):
    ds = es.run("s.cfg")
    assert all(v._in_memory for v in ds.variables.values())
    xr.testing.assert_identical(pickle.loads(pickle.dumps(ds)), ds)
    assert not es.compare(ds, baseline="a").empty
    assert es.phases(ds)[1] == files.Phase("b", 0, "raids")


WRONG = [
    ({"set": {"parameters.police.leek": 0.1}}, ["--set", "parameters.police.leek=0.1"]),
    ({"set": {"police.leak": 0.1}}, ["--set", "police.leak=0.1"]),
    ({"set": {"parameters.police.leak": float("nan")}}, ["--set", "parameters.police.leak=nan"]),
    ({"set": {"parameters.police.leak": 1.5}}, ["--set", "parameters.police.leak=1.5"]),
    ({"set": {"parameters.police.leak": True}}, ["--set", "parameters.police.leak=true"]),
    ({"set": {"run.replicates": 2.5}}, ["--set", "run.replicates=2.5"]),
    ({"replicates": -1}, ["-r", "-1"]),
    ({"replicates": 0}, ["-r", "0"]),
    ({"replicates": "many"}, ["-r", "many"]),
    ({"seed": -3}, ["--seed", "-3"]),
    ({"days": 10**9}, ["--days", 10**9]),
    ({"threads": 0}, ["-j", "0"]),
    ({"threads": 1.5}, ["-j", "1.5"]),
    ({"scenarios": ["a", "c"]}, ["--scenario", "a", "--scenario", "c"]),
    ({"design": "no.csv"}, ["--design", "no.csv"]),
]


@pytest.mark.parametrize(("settings", "options"), WRONG)
def test_errors_are_the_programs_words(folder, settings, options):
    said = program("run", "s.cfg", "-o", "x.h5", *options, status=2)
    with pytest.raises(es.EnforceSimError) as error:
        es.run("s.cfg", **settings)
    assert f"enforcesim: {error.value}\n" == said


@pytest.mark.parametrize(
    "text",
    ["run = {", "", '@include "none.cfg"\n', STUDY.replace("sweep_rate", "sweep_rat"), STUDY.replace('"b"', '"a"')],
)
def test_errors_of_the_file_are_the_programs_words(folder, text):
    (folder / "bad.cfg").write_text(text)
    for config in ("bad.cfg", "none.cfg", "."):
        said = program("run", config, "-o", "x.h5", status=2)
        with pytest.raises(es.EnforceSimError) as error:
            es.run(Path(config))
        assert f"enforcesim: {error.value}\n" == said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"config": 3}, "config is of type int; allowed: the path of a file"),
        ({"set": ["a"]}, "set is of type list; allowed: a mapping"),
        ({"set": {"parameters.police.leak": None}}, "police.leak is of type NoneType; allowed: a number"),
        ({"set": {"run.name": "a\0b"}}, "has a zero byte"),
        ({"scenarios": 3}, "scenarios are no names"),
        ({"design": 3}, "design is of type int"),
        ({"design": {"police.leak": [0.1], "health.uptake": [0.1, 0.2]}}, "as many values for each parameter"),
        ({"design": {"police.leak": [0.1, None]}}, "^design:3: the value of police.leak is missing"),
        ({"design": {"police.leak": [0.1, 7]}}, "^design:3: police.leak = 7 is out of range"),
        ({"design": {"policies.raids.sweep_rate": [1]}}, r"^design:1: .* is a lever"),
        ({"design": pd.DataFrame()}, "^design:"),
        ({"progress": "yes"}, "progress is of type str"),
        ({"replicates": 10_000_000, "days": 50_000}, "^these results need .* GB of memory; allowed: the machine's"),
        ({"set": {"parameters.region.cities": 1_000_000, "parameters.region.venues": 10_000}}, "of memory on 1 thread"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_one_clear_line(folder, arguments, words):
    with pytest.raises(es.EnforceSimError, match=words) as error:
        es.run(**({"config": "s.cfg"} | arguments))
    assert "\n" not in str(error.value)


# ---- warnings ----


def test_points_that_cannot_be_run_cost_no_others(folder):
    with pytest.warns(es.EnforceSimWarning, match=r"^design:3: .*; 1 of 2 points could not be run") as caught:
        ds = es.run("s.cfg", design={"region.venues": [8, 8], "region.districts": [2, 9]})
    assert caught[0].filename == __file__
    assert ds["design.problem"][0] == ""
    assert "districts" in str(ds["design.problem"][1].values)
    assert ds["minor_days"].isnull().all(["scenario", "replicate", "time"]).values.tolist() == [False, True]


def test_a_short_burn_in_is_told(folder):
    unsettled = {"run.burn_in": 360, "run.record_before": 360}
    said = program("run", "s.cfg", "-o", "x.h5", "-r", 20, *(f"--set={k}={v}" for k, v in unsettled.items()))
    told = [line.removeprefix("warning: ") for line in said.splitlines() if line.startswith("warning: ")]
    assert told
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        es.run("s.cfg", replicates=20, set=unsettled)
    assert [str(w.message) for w in caught] == told


# ---- a guest in the process ----


def test_it_shows_nothing_writes_nothing_and_changes_no_signal(folder, capfd):
    def signals() -> list[str]:
        return [
            line
            for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith(("SigBlk", "SigIgn", "SigCgt"))
        ]

    def state() -> tuple[object, ...]:
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        return signals(), sorted(os.listdir("/proc/self/fd")), sorted(folder.iterdir()), os.getcwd(), children

    es.run("s.cfg")  # loads the library, with what it opens
    gc.collect()  # what earlier tests have left open is closed now, not in between
    before = state()
    es.run("s.cfg", set={"run.output": "quantiles"})
    es.run("s.cfg", design=DESIGN)
    assert state() == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_repeated_runs_keep_no_memory(folder):
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

    few = {"run.metrics": "fear", "run.record_every": 1, "run.burn_in": 0}
    for _ in range(3):
        es.run("s.cfg", replicates=2500, days=60, set=few)
    before = resident()
    size = es.run("s.cfg", replicates=2500, days=60, set=few).nbytes
    for _ in range(9):
        es.run("s.cfg", replicates=2500, days=60, set=few)
    assert resident() - before < 5 * size  # ten would have stayed; the heap breathes by megabytes


def small_digest(_: object = None) -> str:
    return es.run("s.cfg", replicates=1, set={"run.metrics": "fear"}).attrs["digest"]


def test_threads_run_studies_side_by_side(folder):
    alone = small_digest()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert set(pool.map(small_digest, range(8))) == {alone}


@pytest.mark.slow
def test_forked_children_run_as_well(folder):
    """OpenMP's threads do not survive a fork, nor does a lock that another thread holds."""
    alone = small_digest()
    others = [threading.Thread(target=small_digest) for _ in range(3)]
    for other in others:
        other.start()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(small_digest, range(4)).get(timeout=HANGS) == [alone] * 4
    for other in others:
        other.join()


ENDLESS = {"run.replicates": 1_000_000, "run.output": "summary", "run.metrics": "fear"}
INTERRUPTED = f"""
import sys, time, enforcesim as es
print("ready", flush=True)
try:
    es.run("s.cfg", set={ENDLESS}, progress=lambda p: p.person_days and print("on", flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(es.run("s.cfg", replicates=1, set={{"run.metrics": "fear"}}).attrs["digest"], flush=True)
"""


def test_ctrl_c_ends_a_run_and_nothing_else(folder):
    """Within two seconds, unless the machine keeps it waiting, which it does not do five times."""
    ours = os.environ | {"PYTHONPATH": str(ROOT / "analysis")}
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True, env=ours,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job has it ignored
        )  # fmt: skip
        assert child.stdout.readline() == "ready\n"
        assert child.stdout.readline() == "on\n"
        begun = time.monotonic()
        child.send_signal(signal.SIGINT)
        said = next(line for line in child.stdout if line != "on\n")
        seconds = time.monotonic() - begun
        assert said == "interrupted\n"
        assert child.stdout.readline().strip() == small_digest()
        assert child.wait(timeout=HANGS) == 0
        if seconds < 2:
            break
    assert seconds < 2


# ---- progress ----


def test_progress_is_told_to_a_function(folder):
    told, threads = [], set()

    def tell(progress: es.Progress) -> None:
        told.append(progress)
        threads.add(threading.current_thread())

    es.run("s.cfg", replicates=400, progress=tell)
    assert threads == {threading.current_thread()}
    assert [p.done for p in told] == sorted(p.done for p in told)
    assert told[-1].done == told[-1].total == 400
    assert told[-1].person_days > 0
    assert str(es.Progress(1, 4, 10_000_000, 2.0)) == "1 of 4 replicates, 5 M person-days/s, 6 s left"


def test_a_function_that_fails_ends_the_run(folder):
    def tell(progress: es.Progress) -> None:
        raise ZeroDivisionError

    for _ in range(5):  # the machine may be doing other things
        begun = time.monotonic()
        with pytest.raises(ZeroDivisionError):
            es.run("s.cfg", set=ENDLESS, progress=tell)
        seconds = time.monotonic() - begun
        if seconds < 2:
            break
    assert seconds < 2


def test_the_line_is_wiped(folder, monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    es.run("s.cfg", replicates=200, progress=True)
    assert "of 200 replicates" in screen.getvalue()
    assert screen.getvalue().endswith("\r" + " " * 78 + "\r")
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw
    es.run("s.cfg", replicates=1, progress=True)


# ---- the library ----


def test_a_library_that_is_missing_or_not_ours_is_told(folder, monkeypatch):
    (folder / "text.so").write_text("no library")
    for path, words in (
        ("/nowhere/libenforcesim.so", r"^/nowhere/libenforcesim\.so: the library cannot be loaded .*; run make"),
        (str(folder / "text.so"), "text.so: the library cannot be loaded"),
        ("libm.so.6", r"^libm\.so\.6: the library is older than this package"),
    ):
        monkeypatch.setenv("ENFORCESIM_LIBRARY", path)
        for call in (lambda: es.run("s.cfg"), es.params, es.metrics):
            with pytest.raises(es.EnforceSimError, match=words):
                call()


def test_without_any_library_it_says_what_to_do(monkeypatch):
    monkeypatch.delenv("ENFORCESIM_LIBRARY")
    monkeypatch.setattr(library, "NAME", "libnowhere.so")
    with pytest.raises(es.EnforceSimError, match=r"^libnowhere\.so is not found: .*; run make, or set"):
        es.params()


def test_where_the_library_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.delenv("ENFORCESIM_LIBRARY")
    prefix = tmp_path / "prefix"
    for name, mode in (("bin/enforcesim", 0o755), ("lib/libenforcesim.so", 0o644)):
        (prefix / name).parent.mkdir(parents=True, exist_ok=True)
        (prefix / name).touch(mode)
    monkeypatch.setenv("PATH", str(prefix / "bin"))
    found = library.candidates()
    assert str(prefix / "lib" / "libenforcesim.so") in found
    assert found[-1] == "libenforcesim.so"  # the system's loader may know


# ---- what is declared ----


def listed(*arguments: str) -> list[dict[str, object]]:
    said = subprocess.run([PROGRAM, *arguments, "--format", "json"], capture_output=True, text=True, check=True)
    return json.loads(said.stdout)


def test_params_are_the_programs_table():
    table, rows = es.params(), listed("params")
    assert list(table.index) == [row["path"] for row in rows]
    for row in rows:
        ours = table.loc[row["path"]]
        for column in ("type", "default", "role", "meaning", "source"):
            assert ours[column] == row[column], row["path"]
        if row["type"] == "choice":
            assert ours["choices"] == tuple(row["unit"].split("|"))
            assert row["default"] in ours["choices"]
            assert np.isnan(ours["minimum"])
        else:
            assert (ours["unit"], ours["minimum"], ours["maximum"]) == (row["unit"], row["minimum"], row["maximum"])
    assert list(es.params("run").index) == [row["path"] for row in listed("params", "run")]
    assert [*es.params("police.leak").setting] == ["parameters.police.leak"]
    assert [*es.params("run.horizon").setting] == ["run.horizon"]
    with pytest.raises(es.EnforceSimError, match=r"there is no group 'polize'; allowed: .*police"):
        es.params("polize")


def test_the_setting_of_every_parameter_is_one(folder):
    """What `setting` says can be set, each to its default: the configuration stays as it is."""
    table = es.params()
    paths = {s.replace("NAME", "raids"): d for s, d in zip(table["setting"], table["default"], strict=True)}
    kept = {
        p: v
        for p, v in paths.items()
        if p.partition(".")[2] not in ("region.venues", "region.districts", "region.traffickers", "raids.sweep_rate")
    }
    assert len(kept) == len(paths) - 4
    assert es.run("s.cfg", set=kept).attrs["digest"] == es.run("s.cfg").attrs["digest"]


def test_metrics_are_the_programs_table(folder):
    rows = listed("metrics")
    assert list(es.metrics().index) == [row["name"] for row in rows]
    ds = es.run("s.cfg")
    ours, of_file = es.metrics(), es.metrics(ds)
    pd.testing.assert_frame_equal(ours.loc[of_file.index].replace({"units": {"days": "day"}}), of_file)
    assert set(ours.index) == set(of_file.index)

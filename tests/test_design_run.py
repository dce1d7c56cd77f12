"""`run --design`: every point is the study with that point's parameters; resumable; no point costs another."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import PROGRAM, effort
from held import HANGS, kill, size, slowed, wait_until

STUDY = """
run = { name = "points"; seed = 11; replicates = 3; burn_in = 120; horizon = 90; record_every = 30; };
parameters : { region : { venues = 12; districts = 2; traffickers = 5; }; };
policies : { status_quo : { }; raids : { sweep_rate = 6.0; }; };
scenarios = ( { name = "a"; policy = "status_quo"; }, { name = "b"; policy = "raids"; } );
"""
# Whole numbers, a choice, a flag-like zero; a change of how large the world is, and of how many cities it has.
COLUMNS = (
    "region.venues",
    "region.cities",
    "beliefs.belief_model",
    "violence.client_violence",
    "venues.private_capacity",
)
POINTS = [
    (12, 1, "dual", "0.001", "0.6"),
    (30, 1, "single", "0.01", "0.0"),
    (8, 3, "dual", "0.0", "1"),
    (12, 2, "single", "0.001", "0.6"),
    (12, 1, "dual", "0.002", "0.6"),
]


def write_design(path: Path, columns: tuple[str, ...], points: list[tuple]) -> Path:
    lines = [",".join(columns), *(",".join(map(str, point)) for point in points)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    (tmp_path / "s.cfg").write_text(STUDY)
    write_design(tmp_path / "d.csv", COLUMNS, POINTS)
    return tmp_path


def metrics(file: h5py.File) -> list[str]:
    return [name for name in file["summary"] if name in file and file[name].ndim >= 3]


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(a, b, equal_nan=True)


def test_every_point_is_the_study_with_its_parameters(program, folder):
    done = program("run", "s.cfg", "--design", "d.csv", "-o", "d.h5")
    assert done.returncode == 0, done.stderr
    assert "5 points of 3 replicates of 2 scenarios" in done.stderr
    with h5py.File("d.h5") as file:
        assert file["minor_days"].shape[:3] == (5, 2, 3)
        assert [scale.name for scale in (file["minor_days"].dims[i][0] for i in range(4))] == [
            "/point", "/scenario", "/replicate", "/time",
        ]  # fmt: skip
        for point, values in enumerate(POINTS):
            settings = [f"--set=parameters.{path}={value}" for path, value in zip(COLUMNS, values, strict=True)]
            alone = program("run", "s.cfg", *settings, "-o", "one.h5", "--force")
            assert alone.returncode == 0, alone.stderr
            with h5py.File("one.h5") as one:
                assert len(metrics(one)) > 80
                for name in metrics(one):
                    assert same(file[name][point], one[name][:]), (name, point)
                    assert same(file["summary"][name][point], one["summary"][name][:]), (name, point)


def test_the_design_is_in_the_file(program, folder):
    assert program("run", "s.cfg", "--design", "d.csv", "-o", "d.h5").returncode == 0
    with h5py.File("d.h5") as file:
        design = file["design"]
        assert set(design) == {*COLUMNS, "point", "problem"}
        assert design["region.venues"][:].tolist() == [12, 30, 8, 12, 12]
        assert design["region.venues"].dtype == np.int32
        assert design["beliefs.belief_model"][:].tolist() == [0, 1, 0, 1, 0]
        assert design["beliefs.belief_model"].attrs["flag_meanings"] == b"dual single"
        assert design["violence.client_violence"][:].tolist() == [0.001, 0.01, 0, 0.001, 0.002]
        assert design["violence.client_violence"].attrs["units"] == b"1/day"
        assert [text.decode() for text in design["problem"][:]] == [""] * 5
    told = program("info", "d.h5")
    assert told.returncode == 0 and "5, of a design" in told.stdout and "verified" in told.stdout


@pytest.mark.parametrize("name", ["minor_days", "summary/minor_days", "design/region.venues"])
def test_a_changed_value_is_noticed(program, folder, name):
    assert program("run", "s.cfg", "--design", "d.csv", "-o", "d.h5").returncode == 0
    with h5py.File("d.h5", "r+") as file:
        index = (0,) * file[name].ndim
        file[name][index] = file[name][index] + 1
    assert program("info", "d.h5").returncode == 2


def test_bytes_do_not_depend_on_threads(program, folder):
    files = []
    for threads in (1, 2, 5):
        command = ("run", "s.cfg", "--design", "d.csv", "-o", "d.h5", "--force")
        done = program(*command, env={**os.environ, "OMP_NUM_THREADS": str(threads)})
        assert done.returncode == 0, done.stderr
        files.append(Path("d.h5").read_bytes())
    assert files[0] == files[1] == files[2]


def test_points_that_break_a_rule_cost_no_other(program, folder):
    """The rule: access_minimum is not above access_maximum. The others are what they are without them."""
    columns = ("region.access_minimum", "region.access_maximum")
    points = [(0.2, 0.9), (0.9, 0.2), (0.3, 0.4), (0.8, 0.7)]
    write_design(folder / "rule.csv", columns, points)
    write_design(folder / "good.csv", columns, points[::2])
    done = program("run", "s.cfg", "--design", "rule.csv", "-o", "rule.h5", "--quiet")
    assert done.returncode == 1
    assert done.stderr == (
        "enforcesim: rule.csv:3: point 1: region: region.access_minimum = 0.9 is above "
        "region.access_maximum = 0.2; 2 of 4 points could not be run, this is the first; "
        "/design/problem in rule.h5 lists them\n"
    )
    assert not Path("rule.h5.partial").exists()
    assert program("run", "s.cfg", "--design", "good.csv", "-o", "good.h5").returncode == 0
    with h5py.File("rule.h5") as file, h5py.File("good.h5") as good:
        problems = [text.decode() for text in file["design/problem"][:]]
        assert [bool(text) for text in problems] == [False, True, False, True]
        assert "access_minimum = 0.8 is above" in problems[3] and "rule.csv" not in problems[3]
        for name in metrics(file):
            for dataset in (name, f"summary/{name}"):
                assert same(file[dataset][::2], good[dataset][:]), dataset
                assert np.isnan(file[dataset][1::2]).all(), dataset
                assert np.isnan(file[dataset].fillvalue), dataset
    assert program("info", "rule.h5").returncode == 0


def test_all_points_may_be_impossible(program, folder):
    write_design(folder / "rule.csv", ("region.access_minimum", "region.access_maximum"), [(0.9, 0.2)])
    done = program("run", "s.cfg", "--design", "rule.csv", "-o", "rule.h5", "--quiet")
    assert done.returncode == 1 and "1 of 1 points could not be run" in done.stderr
    assert program("info", "rule.h5").returncode == 0
    plan = program("run", "s.cfg", "--design", "rule.csv", "-o", "plan.h5", "--dry-run").stdout
    assert "unknown: the points tried cannot be run" in plan


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("police.leak\n0.1,0.2\n", "d.csv:2: "),
        ("police.leak\nhigh\n", "d.csv:2: "),
        ("police.leak\n1.5\n", "d.csv:2: "),
        ("police.leek\n0.5\n", "did you mean"),
        ("policy.sweep_rate\n1\n", "d.csv:1: "),
        ("police.leak\n", "there are no points"),
        ("", "d.csv"),
    ],
)
def test_wrong_designs_are_refused_before_anything_runs(program, folder, text, message):
    Path("d.csv").write_text(text)
    before = sorted(path.name for path in folder.iterdir())
    done = program("run", "s.cfg", "--design", "d.csv", "-o", "d.h5")
    assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert sorted(path.name for path in folder.iterdir()) == before


def test_too_many_points_and_replicates_are_refused(program, folder):
    done = program("run", "s.cfg", "--design", "d.csv", "-o", "d.h5", "-r", "2000001")
    assert done.returncode == 2 and "5 points of 2000001 replicates are too many" in done.stderr, done.stderr
    assert program("run", "s.cfg", "--design", "none.csv", "-o", "d.h5").returncode == 2
    assert not Path("d.h5.partial").exists()


# ---- nothing is lost ----


def slow(folder: Path) -> list[str]:
    """A design of 180 records of 55 kB."""
    points = [(value / 1000,) for value in range(1, 61)]
    write_design(folder / "long.csv", ("violence.client_violence",), points)
    return ["run", "s.cfg", "--design", "long.csv", "-o", "long.h5", "--days", "1000", "-j", "1", "--quiet"]


def stop(command: list[str], partial: Path, number: int) -> int:
    """The status of a run that is sent a signal when it has written something, so slowly that seconds are left."""
    env, before = os.environ | slowed("write", 400), size(partial)
    with subprocess.Popen([PROGRAM, *command, "--resume"], stderr=subprocess.PIPE, env=env) as running:
        assert wait_until(lambda: size(partial) > before + 200_000, running)
        if number == signal.SIGKILL:
            kill(running)
        running.send_signal(number)
        running.communicate(timeout=HANGS)
    return running.returncode


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_design_goes_on(program, folder, number):
    command, partial = slow(folder), folder / "long.h5.partial"
    assert program(*command).returncode == 0
    whole = Path("long.h5").read_bytes()
    Path("long.h5").unlink()
    for _ in range(effort(1, 10)):
        assert stop(command, partial, number) == {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    values = [(value / 999,) for value in range(1, 61)]
    other = write_design(folder / "other.csv", ("violence.client_violence",), values)
    refused = program("run", "s.cfg", "--design", other, *command[4:], "--resume")
    assert refused.returncode == 2 and "belongs to another run" in refused.stderr
    without = program("run", "s.cfg", *command[4:], "--resume")
    assert without.returncode == 2 and "belongs to another run" in without.stderr
    assert program(*command, "--resume").returncode == 0
    Path("again.h5").write_bytes(whole)
    with h5py.File("long.h5") as resumed, h5py.File("again.h5") as straight:
        assert resumed.attrs["digest"] == straight.attrs["digest"]


@pytest.mark.slow
def test_failed_points_stay_failed_after_resuming(program, folder):
    """An invalid point is not in the journal; it is tried again, and told again."""
    lines = ["region.access_minimum,region.access_maximum"]
    lines += [f"{low},{high}" for low, high in itertools.product((0.1, 0.5, 0.9), (0.3, 0.7))]
    Path("rule.csv").write_text("\n".join(lines) + "\n")
    command = ["run", "s.cfg", "--design", "rule.csv", "-o", "rule.h5", "--days", "20000", "-j", "1", "--quiet"]
    assert stop(command, Path("rule.h5.partial"), signal.SIGINT) == 130
    done = program(*command, "--resume")
    assert done.returncode == 1 and "3 of 6 points could not be run" in done.stderr
    with h5py.File("rule.h5") as file:
        missing = np.isnan(file["summary/minor_days"][:]).all(axis=(1, 2))
        assert missing.tolist() == [False, False, True, False, True, True]

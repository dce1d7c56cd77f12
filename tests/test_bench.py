"""The guard of speed, `make bench-check`: it fails where instructions are too many, and says what it cannot compare."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

BENCH = ROOT / "tests" / "bench"
sys.path.insert(0, str(BENCH))
import check  # noqa: E402
from measure import instructions  # noqa: E402

COUNTS = {"a": 1_000_000_000, "b": 500_000_000}


@pytest.fixture
def counted(monkeypatch):
    """No need of valgrind: what would be counted is given."""
    now = dict(COUNTS)
    monkeypatch.setattr(check, "count", lambda program=None: now)
    return now


def checked(monkeypatch, *arguments) -> int:
    monkeypatch.setattr(sys, "argv", ["check.py", *map(str, arguments)])
    return check.main()


@pytest.fixture
def store(tmp_path, counted, monkeypatch):
    path = tmp_path / "counts.json"
    assert checked(monkeypatch, "--update", "--counts", path) == 0
    assert json.loads(path.read_text()) == {"compiler": check.compiler(), "instructions": COUNTS}
    return path


def test_equal_counts_pass(store, monkeypatch, capsys):
    assert checked(monkeypatch, "--counts", store) == 0
    assert "TOO MANY" not in capsys.readouterr().out


@pytest.mark.parametrize("name", COUNTS)
def test_four_percent_more_in_one_workload_fail(store, counted, monkeypatch, capsys, name):
    counted[name] = counted[name] * 104 // 100
    assert checked(monkeypatch, "--counts", store) == 1
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines() if "TOO MANY" in line] == [name]
    assert "+4.00%" in said.out and "--update" in said.err


@pytest.mark.parametrize("share", [1.029, 0.5])
def test_what_is_allowed(store, counted, monkeypatch, share):
    counted["a"] = int(counted["a"] * share)
    assert checked(monkeypatch, "--counts", store) == 0


def test_of_another_compiler_nothing_is_compared(store, counted, monkeypatch, capsys):
    stored = json.loads(store.read_text())
    store.write_text(json.dumps({**stored, "compiler": "another"}))
    counted["a"] *= 2
    assert checked(monkeypatch, "--counts", store) == 0
    assert "not compared: the stored counts are of another, this is " + check.compiler() in capsys.readouterr().out


def test_a_workload_without_a_stored_count(store, counted, monkeypatch):
    counted["new"] = 1
    with pytest.raises(SystemExit, match="'new' has no stored count"):
        checked(monkeypatch, "--counts", store)


def test_the_store_has_every_workload():
    assert json.loads((BENCH / "counts.json").read_text())["instructions"].keys() == check.WORKLOADS.keys()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_counts_are_those_of_the_program_and_repeat(tmp_path):
    """Under callgrind a shell's loop of twice as many turns counts twice as many instructions, and always as many."""

    def count(turns: int) -> int:
        loop = f"i=0; while [ $i -lt {turns} ]; do i=$((i + 1)); done"
        return instructions(["/bin/sh", "-c", loop], tmp_path)

    few, many, more = count(1000), count(2000), count(4000)
    assert (more - many) / (many - few) == pytest.approx(2, rel=0.01)
    assert count(1000) == pytest.approx(few, rel=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_forked_processes_are_counted_once(tmp_path):
    """Work before a fork counts once, though callgrind has the forked process go on from its parent's count."""
    loop = "i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); done"
    alone, forked = (instructions(["/bin/sh", "-c", loop + end], tmp_path) for end in ("", "; (:); (:)"))
    assert forked == pytest.approx(alone, rel=0.05)


def test_the_reduced_model_is_written_with_the_same_numbers():
    """reduced_rules.py says again what reduced.cfg and the defaults say."""
    listed = subprocess.run(
        [ROOT / os.environ.get("BUILD", "build") / "enforcesim", "check", BENCH / "reduced.cfg"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    rules = (BENCH / "reduced_rules.py").read_text()
    for name, value, written in (
        ("client_violence", 0.001, "CLIENT_VIOLENCE = 0.001"),
        ("owner_violence", 0.0003, "OWNER_VIOLENCE = 0.0003"),
        ("infection_rate", 0.0001, "INFECTION = 0.0001"),
        ("service_protection", 0.5, "PROTECTED = 0.5"),
        ("clinic_rate", 0.012, "CLINIC = 0.012"),
        ("uptake", 0.6, "UPTAKE = 0.6"),
        ("access_minimum", 0.7, "ADMITTED = 0.7"),
        ("access_maximum", 0.7, "ADMITTED = 0.7"),
        ("refill_rate", 0.1, "exp(-0.1)"),
        ("adult_tenure", 365, "exp(-1 / 365)"),
    ):
        values = [line.split("=")[1] for line in listed.splitlines() if line.split("=")[0].strip() == name]
        assert [float(v.split(";")[0]) for v in values] == [value], name
        assert written in rules, name

"""The Makefile: what is made anew when something changes, and what is not."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

OBJECTS = ("sim/error.o", "sim/version.o", "models/fear.o")


def make(build: Path, *arguments: str) -> str:
    """What is done to make these in a build folder, or with -n would be."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "EXTRA", "BUILD"))
    }
    command = ["make", "-C", str(ROOT), f"BUILD={build}", "OPT=-O0", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=clean)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def build(tmp_path) -> Path:
    folder = tmp_path / "built"
    make(folder, *(f"{folder}/{name}" for name in OBJECTS))
    return folder


def compiled(build: Path, *arguments: str, objects: tuple[str, ...] = OBJECTS) -> set[str]:
    said = make(build, *(f"{build}/{name}" for name in objects), *arguments)
    return {f"{words[1][:-2]}.o" for words in map(str.split, said.splitlines()) if words[:1] == ["CC"]}


def test_objects_are_made_when_flags_change(build):
    assert compiled(build) == set()
    assert compiled(build, "EXTRA_CFLAGS=-DNEW") == set(OBJECTS)


@pytest.mark.parametrize("alone", ["sim/version.o", "sim/ranks_mpi_parts.o"])
def test_an_object_with_flags_of_its_own_changes_no_other(build, alone):
    compiled(build, objects=(alone,))
    assert compiled(build) == set()


@pytest.mark.parametrize("change", ["EXTRA_LDFLAGS=-Wl,-O1", "MPI=1", "SIM_SOURCES=sim/error.c"])
def test_programs_are_linked_when_what_they_are_made_of_changes(build, change):
    before = (make(build, f"{build}/with"), (build / "with").read_text())[1]
    make(build, f"{build}/with")
    assert (build / "with").read_text() == before
    make(build, f"{build}/with", change)
    assert (build / "with").read_text() != before
    rules = make(build, "-n", "-p", f"{build}/with").splitlines()
    for program in ("enforcesim", "with-mpi/enforcesim", "libenforcesim.so", "coins/enforcesim", "tests/test_run"):
        needed = [words for words in map(str.split, rules) if words and words[0] == f"{build}/{program}:"]
        assert any(f"{build}/with" in words for words in needed), program


def test_clean_removes_the_build_folder_and_no_other(build, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    make(other, "clean")
    assert other.exists() and build.exists()
    make(build, "clean")
    assert not build.exists() and (ROOT / "Makefile").exists()

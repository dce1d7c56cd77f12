"""What may be replaced and removed, and what is not: inputs, a neighbour's files, what an interrupted run has left."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from test_shards import call, digest, folder, shards  # noqa: F401


@pytest.fixture
def left_behind(folder) -> bytes:
    """An interrupted merge: m.h5.partial holds what the first of three shards held."""
    parts = shards(3)
    shutil.copy(parts[0], "m.h5.partial")
    return Path("m.h5.partial").read_bytes()


WRONG_PARTS = [["typo.shard"], ["s.h5.shard-1-of-3", "typo.shard"], ["s.h5.shard-2-of-3"], ["s.cfg"]]


@pytest.mark.parametrize("parts", WRONG_PARTS, ids=" ".join)
def test_a_merge_that_is_refused_keeps_what_an_earlier_one_left(left_behind, parts):
    """A shard misspelt, one that lacks, a file of another kind."""
    call("merge", "s.cfg", *parts, "-o", "m.h5", "--resume", status=2)
    kept = Path("m.h5.partial").read_bytes()
    assert kept[: len(left_behind)] == left_behind
    call("merge", "s.cfg", "s.h5.shard-2-of-3", "-o", "m.h5", "--resume", "--complete")
    call("run", "s.cfg", "-o", "whole.h5")
    assert digest("m.h5") == digest("whole.h5") and not Path("m.h5.partial").exists()


def test_a_merge_that_is_refused_leaves_nothing_of_its_own(folder):
    parts = shards(3)
    call("merge", "s.cfg", *parts[:2], "-o", "m.h5", status=2)
    assert not list(Path().glob("m.h5*"))


def test_force_does_not_replace_what_the_run_is_made_from(folder):
    Path("own.cfg").write_text('@include "s.cfg"\n')
    parts = shards(2)
    for out, command in {
        "d.csv": ["run", "s.cfg", "--design", "d.csv"],
        "s.cfg": ["run", "own.cfg"],
        "own.cfg": ["run", "own.cfg"],
        parts[0]: ["merge", "s.cfg", *parts, "--complete"],
    }.items():
        before = Path(out).read_bytes()
        said = call(*command, "-o", out, "--force", status=2)
        assert "is what the run is made from, or a scenario file; name another file" in said
        assert Path(out).read_bytes() == before
    assert not list(Path().glob("*.partial"))


def test_what_could_not_be_put_in_place_is_told_before_anything_runs(folder):
    os.symlink("nowhere/at-all.h5", "link.h5")
    assert "is a link to what is not there" in call("run", "s.cfg", "-o", "link.h5", "--force", status=2)
    Path("o.h5.enforcesim-tmp").mkdir()
    assert "o.h5.enforcesim-tmp: is in the way" in call("run", "s.cfg", "-o", "o.h5", status=2)
    assert not list(Path().glob("*.partial"))


@pytest.mark.parametrize("how", [[], ["--force"]], ids=["new", "force"])
def test_a_neighbours_files_stay(folder, how):
    """x.h5.tmp and the like may be somebody's own: only a name that nobody gives to a file is written to beforehand."""
    shards(1)
    kept = {
        f"{name}.{ending}": f"mine {ending}"
        for name in ("o.h5", "m.h5", "e.csv", "n.cfg")
        for ending in ("tmp", "bak", "new", "old")
    }
    for name, text in kept.items():
        Path(name).write_text(text)
    call("run", "s.cfg", "-o", "o.h5", *how)
    call("merge", "s.cfg", "s.h5.shard-1-of-1", "-o", "m.h5", *how)
    call("design", "lhs", "s.cfg", "-n", 2, "-o", "e.csv", *how)
    call("new", "n.cfg", *how)
    assert {name: Path(name).read_text() for name in kept} == kept
    assert not list(Path().glob("*.enforcesim-tmp"))


def test_a_name_too_long_to_be_finished_is_told_before_anything_runs(folder):
    """255 bytes are the longest: FILE.partial could be made, but not the file that results first go to."""
    assert "the name is too long" in call("run", "s.cfg", "-o", "x" * 247, status=2)
    assert not list(Path().glob("x*"))
    call("run", "s.cfg", "-o", "x" * (255 - len(".enforcesim-tmp")))


@pytest.mark.parametrize("date", ["", "abc", "-1", "1e9", "99999999999999999999", "999999999999"])
def test_a_date_that_is_none_is_told_before_anything_runs(folder, monkeypatch, date):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", date)
    assert "allowed: seconds since 1970" in call("run", "s.cfg", "-o", "o.h5", status=2)
    assert not list(Path().glob("o.h5*"))

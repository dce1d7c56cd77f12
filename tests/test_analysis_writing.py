"""What the package writes: the whole of it or nothing, and over no file that is not meant."""

from __future__ import annotations

import contextlib
import os
import resource
import threading
from collections.abc import Iterator
from pathlib import Path

import enforcesim as es
import pandas as pd
import pytest
import synthetic
import xarray as xr
from enforcesim import plot
from enforcesim.files import EnforceSimError

WRITERS = {"report": "out.html", "export": "out.csv", "figure": "out.png"}
EARLIER = {"report": "<!DOCTYPE html>mine", "export": "scenario,mine", "figure": "mine"}  # of the kind that is replaced


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Iterator[xr.Dataset]:
    path = tmp_path_factory.mktemp("results") / "r.h5"
    synthetic.write(path)
    with es.open(path) as ds:
        yield ds.load()


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plot, "figures", lambda *_: {})  # of reports, most of whose time they take


def write(what: str, results: xr.Dataset) -> None:
    if what == "report":
        es.report(results, WRITERS[what])
    elif what == "export":
        es.export(results, WRITERS[what], "minor_days")
    else:
        plot.save(plot.series(results, "minor_days"), WRITERS[what])


@contextlib.contextmanager
def longest_file(size: int) -> Iterator[None]:
    """As on a disk that is full after so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("what", WRITERS)
def test_what_cannot_be_written_leaves_what_was_there(results, tmp_path, what):
    out = tmp_path / WRITERS[what]
    for before in (None, EARLIER[what]):
        if before is not None:
            out.write_text(before)
        with longest_file(5000), pytest.raises(EnforceSimError) as refused:
            write(what, results)
        assert str(refused.value) == f"{WRITERS[what]}: cannot be written (File too large)"
        assert [path.read_text() for path in tmp_path.iterdir()] == ([] if before is None else [before])
    write(what, results)
    assert out.stat().st_size > 5000 and list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("what", WRITERS)
def test_links_are_followed_where_they_are_meant(results, tmp_path, what):
    """The file's own, which the user has made; not one in place of what is written aside."""
    (tmp_path / "elsewhere").mkdir()
    out, target, victim = tmp_path / WRITERS[what], tmp_path / "elsewhere" / "target", tmp_path / "victim"
    for path in (target, victim):
        path.write_text(EARLIER[what])
    out.symlink_to(target)
    out.with_name(f"{out.name}.enforcesim-tmp").symlink_to(victim)
    target.with_name("target.enforcesim-tmp").symlink_to(victim)
    write(what, results)
    assert victim.read_text() == EARLIER[what]
    assert out.is_symlink() and target.stat().st_size > 5000


@pytest.mark.parametrize("what", WRITERS)
def test_a_pipe_stays_one(results, tmp_path, what):
    """And so does a device, such as /dev/null."""
    out, heard = tmp_path / WRITERS[what], []
    os.mkfifo(out)
    listener = threading.Thread(target=lambda: heard.append(out.read_bytes()), daemon=True)
    listener.start()
    write(what, results)
    listener.join(timeout=10)
    assert out.is_fifo() and len(heard[0]) > 5000


def test_a_folder_that_is_missing_is_said_to_be(results, tmp_path):
    with pytest.raises(EnforceSimError) as refused:
        es.export(results, "none/out.csv")
    assert str(refused.value) == "none/out.csv: cannot be written: the folder none does not exist"


@pytest.mark.parametrize("ending", ["gz", "bz2", "xz", "zip"])
def test_a_packed_table_is_the_table_and_replaces_only_its_like(results, tmp_path, ending):
    plain, packed = tmp_path / "x.csv", tmp_path / f"x.csv.{ending}"
    es.export(results, plain, "minor_days")
    for _ in range(2):
        es.export(results, packed, "minor_days")
        assert packed.read_bytes() != plain.read_bytes()
        pd.testing.assert_frame_equal(pd.read_csv(packed), pd.read_csv(plain))
    packed.write_text("mine")
    with pytest.raises(EnforceSimError, match="is there already and is no table of results"):
        es.export(results, packed, "minor_days")
    assert packed.read_text() == "mine"

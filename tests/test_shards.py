"""`run --shard I/N` and `merge`: the shards of a run, put together, are the run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import h5py
import pytest
from conftest import PROGRAM, ROOT
from held import HANGS, held, kill, size, wait_until

STUDY = """
run = { name = "shards"; seed = 5; replicates = 7; burn_in = 120; horizon = 90; record_every = 30; };
parameters : { region : { venues = 12; districts = 2; traffickers = 5; }; };
policies : { status_quo : { }; raids : { sweep_rate = 6.0; }; };
scenarios = ( { name = "a"; policy = "status_quo"; }, { name = "b"; policy = "raids"; } );
"""
# The third point breaks a rule between parameters: it cannot be run.
DESIGN = "region.venues,region.districts\n12,2\n20,4\n5,9\n8,1\n"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    (tmp_path / "s.cfg").write_text(STUDY)
    (tmp_path / "d.csv").write_text(DESIGN)
    return tmp_path


def call(*arguments: object, status: int = 0) -> str:
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=HANGS)
    assert done.returncode == status, done.stderr
    if status == 2:
        assert done.stderr.count("\n") == 1 and done.stderr.startswith("enforcesim: ")
    return done.stderr


def digest(path: str) -> str:
    with h5py.File(path) as file:
        return file.attrs["digest"]


def shards(n: int, *settings: object, out: str = "s.h5") -> list[str]:
    for i in range(1, n + 1):
        said = call("run", "s.cfg", "-o", out, "--shard", f"{i}/{n}", *settings)
        assert f"wrote {out}.shard-{i}-of-{n}: " in said
    return [f"{out}.shard-{i}-of-{n}" for i in range(1, n + 1)]


@pytest.mark.parametrize("n", [1, 2, 3, 10])  # 10: more than there are replicates, so that three hold nothing
def test_shards_together_are_the_run(folder, n):
    call("run", "s.cfg", "-o", "whole.h5")
    parts = shards(n)
    assert sorted(path.name for path in folder.glob("s.h5*")) == sorted(parts)
    assert "nothing was left to simulate" in call("merge", "s.cfg", *reversed(parts), "-o", "s.h5")
    assert digest("s.h5") == digest("whole.h5")
    assert not list(folder.glob("*.partial")) and all(Path(part).exists() for part in parts)


def test_settings_and_threads_and_options(folder):
    settings = ("-r", 4, "--days", 60, "--seed", 9, "--set", "parameters.police.leak=0.3", "--scenario", "b")
    call("run", "s.cfg", "-o", "whole.h5", *settings)
    parts = shards(2, *settings, "-j", 2)
    call("merge", "s.cfg", *settings, *parts, "-o", "m.h5", "--quiet")
    assert digest("m.h5") == digest("whole.h5")
    said = call("merge", "s.cfg", "-r", 4, *parts, "-o", "n.h5", status=2)
    assert "s.h5.shard-1-of-2: belongs to another run (seed 9, not 5)" in said
    assert not list(folder.glob("n.h5*"))


def test_a_missing_shard_is_told_or_simulated(folder):
    call("run", "s.cfg", "-o", "whole.h5")
    one, _, three = shards(3)
    said = call("merge", "s.cfg", one, three, "-o", "m.h5", status=2)
    assert "2 of 7 replicates are in none of these files, the first of them replicate 1;" in said
    assert not list(folder.glob("m.h5*"))
    call("merge", "s.cfg", one, three, "-o", "m.h5", "--complete")
    assert digest("m.h5") == digest("whole.h5")


def test_an_existing_file_is_not_overwritten(folder):
    parts = shards(2)
    Path("m.h5").write_text("mine")
    assert "is there already" in call("merge", "s.cfg", *parts, "-o", "m.h5", status=2)
    assert "is there already" in call("run", "s.cfg", "-o", "s.h5", "--shard", "1/2", status=2)
    assert Path("m.h5").read_text() == "mine"
    call("merge", "s.cfg", *parts, "-o", "m.h5", "--force")
    call("run", "s.cfg", "-o", "s.h5", "--shard", "1/2", "--force")


@pytest.mark.parametrize("how", ["--force", "--resume", "--quiet"])
def test_what_is_merged_is_not_overwritten_under_the_name_of_what_is_begun(folder, how):
    """Of the unfinished m.h5 no m.h5 can be made: m.h5.partial would be written while it is read."""
    one, two = shards(2)
    content = Path(one).read_bytes()
    for begun in ("m.h5.partial", "m.h5.enforcesim-tmp"):
        Path(begun).write_bytes(content)
        said = call("merge", "s.cfg", begun, two, "-o", "m.h5", how, status=2)
        assert f"{begun}: is what the run is made from" in said
        assert Path(begun).read_bytes() == content
        Path(begun).unlink()


@pytest.mark.parametrize("output", ["all", "quantiles"])
def test_a_merge_that_is_refused_leaves_what_another_run_has_begun(folder, output):
    settings = ("--set", f"run.output={output}")
    one, two, three = shards(3, *settings)
    other = shards(1, *settings, "--seed", 9, out="other.h5")[0]
    begun = Path(other).read_bytes()  # a shard's file is a journal
    Path("m.h5.partial").write_bytes(begun)
    for parts, problem in (
        ((one, two, other), "belongs to another run"),
        ((one, three), "are in none of these files"),
        ((one, two, three, "not-there"), "not-there"),
    ):
        assert problem in call("merge", "s.cfg", *settings, *parts, "-o", "m.h5", "--force", status=2)
        assert Path("m.h5.partial").read_bytes() == begun
        assert [path.name for path in folder.glob("m.h5*")] == ["m.h5.partial"]
    call("merge", "s.cfg", *settings, one, two, three, "-o", "m.h5", "--force")
    assert [path.name for path in folder.glob("m.h5*")] == ["m.h5"]


def test_a_killed_shard_goes_on_and_can_be_merged_as_it_is(folder):
    call("run", "s.cfg", "-r", 400, "-o", "whole.h5")
    command = [PROGRAM, "run", "s.cfg", "-r", "400", "-o", "s.h5", "--shard", "2/2", "-j", "1", "--quiet"]
    partial = Path("s.h5.shard-2-of-2.partial")
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ | held("write", 30)) as process:
        assert wait_until(lambda: size(partial) > 40000, process)
        kill(process)
    call("run", "s.cfg", "-r", 400, "-o", "s.h5", "--shard", "1/2")
    shutil.copy(partial, "copy.partial")
    call("merge", "s.cfg", "-r", 400, "s.h5.shard-1-of-2", "copy.partial", "-o", "a.h5", "--complete")
    call("run", "s.cfg", "-r", 400, "-o", "s.h5", "--shard", "2/2", "--resume")
    call("merge", "s.cfg", "-r", 400, "s.h5.shard-1-of-2", "s.h5.shard-2-of-2", "-o", "b.h5")
    assert digest("a.h5") == digest("b.h5") == digest("whole.h5")


@pytest.mark.parametrize("n", [2, 3, 6])  # by points, and where these are too few by replicates
def test_shards_of_a_design(folder, n):
    settings = ("--design", "d.csv", "-r", 2)
    assert "1 of 4 points could not be run" in call("run", "s.cfg", *settings, "-o", "whole.h5", status=1)
    for i in range(1, n + 1):
        subprocess.run(
            [PROGRAM, "run", "s.cfg", *map(str, settings), "-o", "s.h5", "--shard", f"{i}/{n}"],
            stderr=subprocess.DEVNULL,
        )
    parts = [f"s.h5.shard-{i}-of-{n}" for i in range(1, n + 1)]
    assert "1 of 4 points could not be run" in call("merge", "s.cfg", *settings, *parts, "-o", "m.h5", status=1)
    assert digest("m.h5") == digest("whole.h5")
    said = call("merge", "s.cfg", *settings, *parts[1:], "-o", "n.h5", status=2)
    assert "are in none of these files, the first of them replicate 0 of point 0;" in said


def test_a_missing_shard_is_not_excused_by_too_many_threads(folder):
    """Its point needs a hundredth of the memory on one thread, and ten times the memory on these."""
    venues = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 60000
    Path("large.csv").write_text(f"region.venues\n12\n{venues}\n")
    settings = ("--design", "large.csv", "-r", 1)
    call("run", "s.cfg", *settings, "-j", 1, "-o", "s.h5", "--shard", "1/2")
    said = call("merge", "s.cfg", *settings, "-j", 1024, "s.h5.shard-1-of-2", "-o", "m.h5", status=2)
    assert "1 of 2 replicates are in none of these files, the first of them replicate 0 of point 1;" in said


@pytest.mark.parametrize(
    "shard", ["0/3", "4/3", "1", "1/0", "1/", "/2", "a/b", "1/2/3", "-1/2", "1/100001", "1.5/2", "9" * 40 + "/2"]
)
def test_wrong_shards_are_refused(folder, shard):
    said = call("run", "s.cfg", "-o", "s.h5", "--shard", shard, status=2)
    assert "is not I/N, as in 3/16; allowed: N from 1 to 100000, I from 1 to N" in said
    assert not list(folder.glob("s.h5*"))


@pytest.mark.parametrize("content", [b"", b"x", b"ESJRNL\r\n", b"\0" * 4096, None])
def test_files_that_are_no_shards_are_refused(folder, content):
    parts = shards(2)
    if content is None:
        call("run", "s.cfg", "-o", "other")
    else:
        Path("other").write_bytes(content)
    said = call("merge", "s.cfg", *parts, "other", "-o", "m.h5", status=2)
    assert said.startswith("enforcesim: other: ") and "name files that 'run --shard' has written" in said
    assert not list(folder.glob("m.h5*"))
    call("merge", "s.cfg", *parts, ".", "-o", "m.h5", status=2)
    call("merge", "s.cfg", *parts, "not-there", "-o", "m.h5", status=2)
    assert "merge needs CONFIG and the files of at least one shard" in call("merge", "s.cfg", status=2)


def task(script: str, own: int, tasks: list[int], **more: str) -> int:
    """A job script's exit status, with the environment that Slurm gives to a task of an array of these."""
    slurm = {"SLURM_ARRAY_TASK_ID": own, "SLURM_ARRAY_TASK_COUNT": len(tasks), "SLURM_ARRAY_TASK_MAX": max(tasks)}
    study = {"STUDY": "s.cfg --design d.csv -r 2", "OUT": "m.h5", "ENFORCESIM": PROGRAM, "SLURM_CPUS_PER_TASK": 2}
    environment = os.environ | {name: str(value) for name, value in (slurm | study | more).items()}
    path = ROOT / "configs" / "cluster" / script
    return subprocess.run(["sh", path], env=environment, stderr=subprocess.DEVNULL, timeout=HANGS).returncode


def test_some_tasks_of_a_job_array_may_be_run_again(folder):
    call("run", "s.cfg", "--design", "d.csv", "-r", 2, "-o", "whole.h5", status=1)
    everyone = [1, 2, 3, 4]
    assert [task("array.sbatch", own, everyone) for own in everyone] == [0, 0, 1, 0]  # the third point cannot be run
    for lost in (2, 4):
        Path(f"m.h5.shard-{lost}-of-4").unlink()
    assert task("merge.sbatch", 0, everyone) == 2 and not Path("m.h5").exists()
    assert task("array.sbatch", 2, [2, 4]) == 2 and not Path("m.h5.shard-2-of-2").exists()  # 2 of how many?
    assert [task("array.sbatch", own, [2, 4], SHARDS="4") for own in (2, 4)] == [0, 0]
    assert task("merge.sbatch", 0, everyone) == 1
    assert digest("m.h5") == digest("whole.h5")

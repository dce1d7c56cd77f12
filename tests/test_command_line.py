"""What the commands say: tables for people, messages about options, progress, and where results go without -o."""

from __future__ import annotations

import csv
import io
import os
import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import PROGRAM
from held import alive, family, held, wait_until

TINY = """
run = { name = "tiny"; seed = 5; replicates = 2; burn_in = 30; horizon = 30; record_every = 30; record_before = 0; };
parameters : { region : { venues = 8; districts = 1; traffickers = 3; }; };
policies : { status_quo : { }; };
scenarios = ( { name = "a"; policy = "status_quo"; } );
"""


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.cfg").write_text(TINY)
    return tmp_path


def said(done: subprocess.CompletedProcess[str], status: int) -> str:
    assert done.returncode == status, done
    return done.stderr


# ---- tables ----


@pytest.mark.parametrize(
    "arguments", [("params",), ("params", "police"), ("params", "run"), ("metrics",), ("metrics", "health")]
)
def test_columns_of_a_table_stand_below_each_other(program, arguments):
    rows = list(csv.reader(io.StringIO(program(*arguments, "--format", "csv").stdout)))
    lines = program(*arguments).stdout.splitlines()
    assert len(lines) == len(rows) > 3
    starts = [0]
    for name in rows[0][1:]:
        starts.append(lines[0].index(f"  {name}", starts[-1]) + 2)
    for line, row in zip(lines, rows, strict=True):
        for start, cell in zip(starts, row, strict=True):
            assert line[start : start + len(cell)] == cell and line[max(start - 2, 0) : start].strip() == "", (
                line,
                cell,
            )


def test_groups_and_formats(program):
    everything = program("params", "--format", "csv").stdout.splitlines()
    group = program("params", "police", "--format", "csv").stdout.splitlines()
    assert group[0] == everything[0] and set(group) < set(everything)
    assert all(line.startswith("police.") for line in group[1:])
    assert not [line for line in everything if line.startswith("run.")]
    assert "did you mean 'police'?" in said(program("params", "polcie"), 2)
    assert "there is no group 'run'" in said(program("metrics", "run"), 2)
    assert "did you mean 'json'?" in said(program("metrics", "-f", "jsno"), 2)
    assert "one argument too many" in said(program("params", "police", "health"), 2)


# ---- options ----


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rnu"], "there is no command 'rnu'; did you mean 'run'?"),
        (["help", "chekc"], "there is no command 'chekc'; did you mean 'check'?"),
        (["help", "run", "--format", "man"], "--format man is of all commands; allowed: no COMMAND with it"),
        (["new"], "new: FILE is missing; see 'enforcesim new --help'"),
        (["run", "tiny.cfg", "--quite"], "unknown option --quite; did you mean '--quiet'?"),
        (["run", "tiny.cfg", "--xyzzy=3"], "unknown option --xyzzy; --help lists the options"),
        (["run", "tiny.cfg", "-x"], "unknown option -x; --help lists the options"),
        (["run", "tiny.cfg", "--quiet=yes"], "option --quiet=yes takes no value"),
        (["run", "tiny.cfg", "--seed"], "option --seed needs a value"),
        (["run", "tiny.cfg", "-j"], "option -j needs a value"),
        (["run", "tiny.cfg", "-j", "-"], "-j - is not a whole number; allowed: a whole number from 1 to 1024"),
        (["run", "tiny.cfg", "-j", "3x"], "-j 3x is not a whole number"),
        (["run", "tiny.cfg", "-j", "-2"], "-j -2 is out of range"),
        (["run", "tiny.cfg", "-j", "99999999999999999999"], "is out of range"),
        (["run", "tiny.cfg", "-o", ""], "-o needs the name of a file"),
        (["run", "tiny.cfg", "--resume", "--force"], "--resume and --force contradict each other"),
        (
            ["run", "tiny.cfg", "--progress", "perhaps"],
            "perhaps is unknown; allowed: auto, always, never, json",
        ),
        (["run", "tiny.cfg", "--progress", "jason"], "--progress jason is unknown; did you mean 'json'?"),
        (["run", "tiny.cfg", "-o", "/dev/null"], "/dev/null: is a device or the like; name a file"),
        (["run", "tiny.cfg", "-o", "tiny.cfg/x.h5"], "the folder tiny.cfg does not exist"),
        (["info"], "info: FILE is missing; see 'enforcesim info --help'"),
        (["info", "-x"], "unknown option -x"),
    ],
)
def test_wrong_options_are_told(program, tiny, arguments, words):
    message = said(program(*arguments), 2)
    assert message.startswith("enforcesim: ") and message.count("\n") == 1 and words in message, message
    assert [path.name for path in tiny.iterdir()] == ["tiny.cfg"]


@pytest.mark.parametrize("size", [8, 500, 300_000])
def test_a_results_file_by_mistake_is_told(program, tiny, size):
    """However long: the longest scenario file has 256 KiB."""
    (tiny / "x.h5").write_bytes((b"\x89HDF\r\n\x1a\n" + bytes(size))[:size])
    is_one = "enforcesim: x.h5: is a results file or another of HDF5; allowed: "
    assert said(program("run", "x.h5"), 2) == is_one + "a scenario file\n"
    assert said(program("run", "tiny.cfg", "--design", "x.h5"), 2) == is_one + "a design as CSV\n"
    prior = ("design", "lhs", "tiny.cfg", "--prior", "./x.h5", "-n", 3, "-o", "d.csv")
    assert said(program(*map(str, prior)), 2) == is_one.replace("x.h5", "./x.h5") + "a prior file\n"


# ---- output ----


@pytest.mark.parametrize("arguments", [["params"], ["metrics", "--format", "json"], ["--help"], ["check", "tiny.cfg"]])
def test_a_full_disk_is_told(tiny, arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert said(done, 1) == "enforcesim: cannot write the output: No space left on device\n"


@pytest.mark.parametrize(
    "arguments", [["params"], ["help", "run"], ["run", "tiny.cfg", "--dry-run"], ["check", "tiny.cfg"]]
)
def test_a_reader_who_has_had_enough_is_no_failure(tiny, arguments):
    """As in: enforcesim params | head."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([PROGRAM, *arguments], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert said(done, 0) == ""


def test_a_single_row_can_be_listed(program):
    for command, whole in (
        (("params", "police.leak"), "params"),
        (("metrics", "minor_days"), "metrics"),
        (("params", "run.horizon"), ""),
    ):
        head, row = program(*command, "--format", "csv").stdout.splitlines()
        assert row.startswith(f"{command[1]},")
        if whole:
            assert [head, row] == [r for r in program(whole, "--format", "csv").stdout.splitlines() if r in (head, row)]
    for command, words in {
        ("params", "police.leek"): "there is no parameter of police 'leek'; did you mean 'leak'?",
        ("params", "police."): "there is no parameter of police ''; allowed: fresh_skill, ",
        ("params", "polise.leak"): "there is no group 'polise.leak'",
        ("metrics", "minor_dayz"): "there is no group or metric 'minor_dayz'; did you mean 'minor_days'?",
        ("metrics", "nothing"): "there is no group 'nothing'; allowed: market, ",
    }.items():
        assert words in said(program(*command), 2)


def test_the_command_can_be_given_again(program, tiny):
    names = ["a b's.cfg", '$(x) "ö".h5']
    Path(names[0]).write_text(TINY)
    command = ["run", names[0], "-r", "1", "--set", "run.metrics=fear, minor_days", "-o", names[1]]
    said(program(*command), 0)
    told = next(line for line in program("info", names[1]).stdout.splitlines() if line.startswith("by "))
    assert shlex.split(told)[1:] == ["enforcesim", *command]
    said(program("run", "tiny.cfg", "-o", "t.h5", "--set", "run.seed=3"), 0)
    assert "enforcesim run tiny.cfg -o t.h5 --set run.seed=3\n" in program("info", "t.h5").stdout


def test_a_dash_is_stdout_or_refused(program, tiny):
    for command in (["run", "tiny.cfg"], ["merge", "tiny.cfg", "x"]):
        assert "-o -: results go to a file" in said(program(*command, "-o", "-"), 2)
    drawn = program("design", "lhs", "tiny.cfg", "-n", "4", "-o", "-", "--parameters", "police.leak")
    assert said(drawn, 0) == ""
    assert [path.name for path in tiny.iterdir()] == ["tiny.cfg"]
    program("design", "lhs", "tiny.cfg", "-n", "4", "-o", "d.csv", "--parameters", "police.leak")
    assert drawn.stdout == Path("d.csv").read_text()


def test_results_have_a_name_and_a_folder_without_o(program, tiny):
    assert "wrote results/tiny.h5: 2 replicates of 1 scenarios" in said(program("run", "tiny.cfg"), 0)
    told = program("info", "results/tiny.h5").stdout
    assert "verified: the values have this digest" in told
    assert "results/tiny.h5: is there already; --force replaces it" in said(program("run", "tiny.cfg"), 2)
    said(program("run", "tiny.cfg", "--set", "run.name=other", "--progress", "never", "-o", "results/b.h5"), 0)
    (tiny / "elsewhere").mkdir()
    (tiny / "elsewhere" / "results").write_text("a file")
    os.chdir(tiny / "elsewhere")
    assert "the folder results does not exist" in said(program("run", "../tiny.cfg"), 2)


def test_progress_is_shown_when_asked(program, tiny):
    done = program("run", "tiny.cfg", "-o", "x.h5", "-r", "100", "--days", "700", "-j", "1", "--progress", "always")
    lines = [
        line for line in said(done, 0).splitlines() if " of 100 replicates, " in line
    ]  # "\r" counts as an end here
    counts = [int(line.split()[0]) for line in lines]
    assert lines and counts == sorted(counts) and all(" M person-days/s" in line for line in lines)
    assert [bool(re.search(r", \d+ (s|min|h) left\033\[K$", line)) for line in lines] == [n > 0 for n in counts]
    assert " of 2 replicates" not in said(program("run", "tiny.cfg", "-o", "y.h5", "--progress", "auto"), 0)


def test_a_folder_in_the_place_of_the_journal(program, tiny):
    (tiny / "x.h5.partial").mkdir()
    assert "x.h5.partial: cannot be opened: Is a directory" in said(
        program("run", "tiny.cfg", "-o", "x.h5", "--force"), 2
    )


def test_parts_of_the_run_end_with_it(tiny):
    """Whoever kills the parent that waits has killed the one that works."""
    command = [PROGRAM, "run", "tiny.cfg", "-o", "x.h5", "-r", "100000", "--quiet"]
    with subprocess.Popen(command, env={**os.environ, **held("write", 5)}) as run:
        assert wait_until(lambda: len(family(run.pid)) > 1, run)
        children = family(run.pid)[1:]
        run.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(map(alive, children)))

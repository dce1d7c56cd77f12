"""What a run says of itself: beforehand with --dry-run, on its way, in JSON for tools, and in colour on a terminal."""

from __future__ import annotations

import fcntl
import json
import math
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PROGRAM
from held import HANGS, kill, size, wait_until

SMALL = """
run = { name = "small"; seed = 5; replicates = 40; burn_in = 100; horizon = 365; record_before = 0; };
parameters : { region : { venues = 20; districts = 1; traffickers = 5; }; };
policies : { status_quo : { }; other : { inherits = "status_quo"; outreach = 2.0; }; };
scenarios = ( { name = "status_quo"; policy = "status_quo"; }, { name = "other"; policy = "other"; } );
"""
KEYS = [
    *("state", "finished", "done", "total", "before", "units", "rate", "eta_seconds"),
    *("person_days", "person_days_per_second", "elapsed_seconds"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.cfg").write_text(SMALL)
    (tmp_path / "d.csv").write_text("police.leak\n0.1\n0.2\n0.3\n")
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---- JSON ----


def objects(stderr: str) -> list[dict[str, object]]:
    """The lines of JSON, after what must hold of all of them."""
    found = [json.loads(line) for line in stderr.splitlines() if line.startswith("{")]
    assert all(list(one) == KEYS for one in found)
    for name in ("done", "person_days", "elapsed_seconds"):
        values = [one[name] for one in found]
        assert values == sorted(values), name
    assert len({(one["total"], one["before"], one["units"]) for one in found}) == 1
    assert [one["finished"] for one in found] == [one["state"] == "finished" for one in found]
    seconds = found[-1]["elapsed_seconds"] - found[0]["elapsed_seconds"]
    assert len(found) <= 10 * seconds + 4
    return found


def test_progress_for_tools(program, folder):
    done = program("run", "s.cfg", "-o", "x.h5", "--progress", "json", "--quiet")
    assert done.returncode == 0
    found = objects(done.stderr)
    assert len(done.stderr.splitlines()) == len(found)
    first, last = found[0], found[-1]
    assert first["state"] == "running" and first["done"] == 0 and first["eta_seconds"] is None
    assert last["state"] == "finished" and last["done"] == last["total"] == 40 and last["eta_seconds"] == 0
    assert found[-2]["state"] == "writing" and last["person_days"] > 0
    assert "wrote x.h5" in program("run", "s.cfg", "-o", "x.h5", "--force", "--progress", "json").stderr


def test_progress_of_a_design_and_of_a_shard(program, folder):
    done = program("run", "s.cfg", "-r", 4, "--design", "d.csv", "-o", "x.h5", "--progress", "json", "--quiet")
    assert (
        objects(done.stderr)[-1] | {"total": 12, "done": 12, "units": "replicates of points"}
        == objects(done.stderr)[-1]
    )
    done = program("run", "s.cfg", "-r", 9, "--shard", "1/3", "-o", "y.h5", "--progress", "json", "--quiet")
    assert objects(done.stderr)[-1]["total"] == objects(done.stderr)[-1]["done"] == 3


# Half an hour's work, of which little is kept.
LONG = ["run", "s.cfg", "-r", "900000", "--set", "run.output=summary", "--set", "run.metrics=fear", "-o", "x.h5"]


def test_progress_of_a_run_that_is_interrupted_and_goes_on(program, folder):
    command = [str(PROGRAM), *LONG, "--progress", "json", "--quiet", "-j", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        said = ""
        while not re.search(r'"done": [1-9]', said):  # each line comes when it is written
            line = run.stderr.readline()
            assert line, said
            said += line
        run.send_signal(signal.SIGINT)
        said += run.stderr.read()
    assert run.returncode == 130
    last = objects(said)[-1]
    assert last["state"] == "interrupted" and 0 < last["done"] < 900000
    assert f"enforcesim: interrupted; {last['done']} of 900000 replicates are in" in said
    done = program(*LONG, "--dry-run", "--resume")
    assert f"; {last['done']} of 900000 replicates are done, {900000 - last['done']} are left" in done.stdout
    with subprocess.Popen([*command, "--resume"], stderr=subprocess.PIPE, text=True) as run:
        first = json.loads(run.stderr.readline())
        run.send_signal(signal.SIGTERM)
        run.stderr.read()
    assert run.returncode == 143
    assert first | {"done": last["done"], "before": last["done"], "total": 900000, "state": "running"} == first


def test_progress_of_a_run_that_fails(program, folder):
    (folder / "d.csv").write_text("region.access_minimum,region.access_maximum\n0.2,0.9\n0.9,0.2\n")
    done = program("run", "s.cfg", "-r", 2, "--design", "d.csv", "-o", "x.h5", "--progress", "json", "--quiet")
    assert done.returncode == 1
    assert "enforcesim: d.csv:3: point 1: region: region.access_minimum = 0.9 is above" in done.stderr
    assert objects(done.stderr)[-1]["finished"] is True  # the file is complete


# ---- on a terminal ----


def on_terminal(*arguments: object, width: int = 80, **variables: str) -> str:
    """What the program prints on a terminal of this width."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", **variables}
    run = subprocess.Popen([str(PROGRAM), *map(str, arguments)], stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    said = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # EIO: nobody has the other end any more
            break
        if not piece:
            break
        said += piece
    os.close(master)
    run.wait(timeout=HANGS)
    return said.decode()


def test_seconds_have_three_digits(program, folder):
    """Also where they are less than one, and those of writing."""
    said = program("run", "s.cfg", "-o", "x.h5").stderr
    told = re.fullmatch(r"wrote x\.h5: .* person-days in (.*) s \(.*\), (.*) s of writing; digest \w+\n", said)
    assert told, said
    for seconds in told.groups():
        digits = seconds.replace(".", "").lstrip("0")
        assert (float(seconds) > 0 and len(digits) >= 3) or re.fullmatch(r"0\.0\d{3}", seconds), said


@pytest.mark.parametrize("width", [20, 40, 80])
def test_the_line_fits_and_is_wiped(folder, width):
    said = on_terminal("run", "s.cfg", "-o", "x.h5", "-r", 200, "-j", 1, width=width)
    lines = re.findall(r"\r([^\r\n]*)\033\[K", said)
    assert len(lines) >= 2 and max(map(len, lines)) <= width - 1
    shown = [int(line.split()[0]) for line in lines if line]
    assert shown == sorted(shown) and lines[-1] == ""
    assert re.match(r"wrote x\.h5: 200 replicates", said.rpartition("\033[K")[2])


def test_colour_only_where_it_is_welcome(folder):
    coloured = "\033[1;31menforcesim:\033[0m there is no command 'rnu'; did you mean 'run'?\r\n"
    plain = "enforcesim: there is no command 'rnu'; did you mean 'run'?\r\n"
    assert on_terminal("rnu") == coloured == on_terminal("rnu", NO_COLOR="")
    assert on_terminal("rnu", NO_COLOR="1") == on_terminal("rnu", TERM="dumb") == on_terminal("rnu", TERM="") == plain
    for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\033[1" not in on_terminal("run", "s.cfg", "-o", "x.h5", "--force", **variables)
    assert "\033" not in on_terminal("run", "s.cfg", "-o", "x.h5", "--force", TERM="dumb")
    assert on_terminal("run", "s.cfg", "-o", "x.h5", "--force", "--quiet") == ""


# ---- --dry-run ----


def figure(text: str, pattern: str, unknown: str | None = None) -> float:
    """In bytes or seconds; not a number where the program says that it is `unknown`."""
    if unknown and re.search(unknown, text):
        return math.nan
    found = re.search(pattern, text)
    assert found, text
    unit = {"s": 1, "min": 60, "h": 3600, "days": 86400, "MB": 1e6, "GB": 1e9}[found[2]]
    return float(found[1]) * unit


LATE = 4  # seconds: two of measuring, and what starting and ending take
STUDIES = {
    "all": [],
    "few": ["-r", 5],
    "many": ["-r", 400, "--days", 60, "--set", "run.burn_in=30"],
    "summary": ["--set", "run.output=summary"],
    "quantiles": ["--set", "run.output=quantiles"],
    "metrics": ["--set", "run.metrics=minor_days,fear"],
    "design": ["-r", 6, "--design", "d.csv"],
}


def _as_settings(options: list) -> list[str]:
    """-r and --days, which `check` does not have, as --set."""
    paths = {"-r": "run.replicates", "--days": "run.horizon"}
    pairs = zip(options[::2], options[1::2], strict=True)
    return [
        word for option, value in pairs for word in ("--set", f"{paths[option]}={value}" if option in paths else value)
    ]


def timed(program: Callable[..., subprocess.CompletedProcess[str]], *arguments: object) -> float:
    begun = time.monotonic()
    assert program("run", "s.cfg", *arguments, "--quiet").returncode == 0
    return time.monotonic() - begun


@pytest.mark.parametrize("study", STUDIES)
def test_what_a_run_takes_is_foretold(program, folder, study):
    """Sizes within a third, times within a factor of five, where starting and writing may take what they take here and
    now. It is tried up to five times, for the machine may do other things while it is measured, or after that; a plan
    that is wrong by itself is so every time."""
    for _ in range(5):
        Path("x.h5").unlink(missing_ok=True)
        before = contents(folder)
        begun = time.monotonic()
        planned = program("run", "s.cfg", *STUDIES[study], "-o", "x.h5", "--dry-run")
        took = time.monotonic() - begun
        assert (planned.returncode, planned.stderr) == (0, "")
        assert contents(folder) == before
        seconds, size = timed(program, *STUDIES[study], "-o", "x.h5"), Path("x.h5").stat().st_size
        least = timed(program, "-r", 1, "--days", 1, "--set", "run.burn_in=0", "-o", "least.h5", "--force")
        size_is_near = size / 1.35 < figure(planned.stdout, r"disk +about ([\d.]+) (MB|GB)") < size * 1.35
        foretold = figure(planned.stdout, r"time +about ([\d.]+) (s|min|h|days)", "time +unknown")
        here = foretold - figure(planned.stdout, r", ([\d.]+) (s) of it writing", "time +unknown") + least
        time_is_near = max(foretold, here) > seconds / 5 and min(foretold, here) < seconds * 5
        if size_is_near and time_is_near and took < LATE:
            break
    assert size_is_near and time_is_near, (planned.stdout, size, seconds, least)
    assert took < LATE
    about, settings = planned.stdout.split("\n\n", 1)
    assert about.endswith("nothing has been written")
    asked = [word for word in STUDIES[study] if word not in ("--design", "d.csv")]
    checked = program("check", "s.cfg", *_as_settings(asked)).stdout
    assert settings == checked


def test_what_would_be_run_is_told(program, folder, monkeypatch):
    said = program("run", "s.cfg", "-r", 7, "--design", "d.csv", "--seed", 9, "-j", 1, "--dry-run").stdout
    assert "small, seed 9: 100 days of burn-in, 365 days of policy" in said
    assert "2: status_quo, other" in said and "3 points of 1 parameters: d.csv" in said
    assert "7 replicates × 2 scenarios × 3 points" in said and " on 1 thread, " in said
    assert "results/small.h5" in said and not Path("results").exists()
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert " on 3 threads, " in program("run", "s.cfg", "-r", 7, "--dry-run").stdout
    said = program("run", "s.cfg", "--shard", "2/3", "--dry-run").stdout
    assert "of which shard 2 of 3 has 13 replicates" in said and "results/small.h5.shard-2-of-3" in said


@pytest.mark.parametrize(
    "options",
    [
        ["-r", "0"],
        ["--set", "parameters.police.leek=1"],
        ["-o", "there.h5"],
        ["-o", "begun.h5"],
        ["-o", "begun.h5", "--resume"],
        ["-o", "folder.h5", "--force"],
        ["-o", "missing/x.h5"],
        ["-o", "s.cfg", "--force"],
        ["--design", "missing.csv"],
        ["--set", "parameters.region.venues=100000000", "--set", "parameters.region.cities=1000"],
    ],
    ids=" ".join,
)
def test_a_dry_run_refuses_what_a_run_refuses(program, folder, options):
    Path("there.h5").touch()
    Path("begun.h5.partial").write_text("something else, longer than the header of a journal" * 10)
    Path("folder.h5.partial").mkdir()
    before = contents(folder)
    dry = program("run", "s.cfg", *options, "--dry-run")
    assert contents(folder) == before
    wet = program("run", "s.cfg", *options)
    assert dry.returncode == wet.returncode == 2
    assert dry.stderr == wet.stderr and dry.stdout == ""


def test_a_world_too_large_to_be_made_in_time(program, folder):
    """It ends all the same, and says that it does not know, or how little. Tried up to five times, as above."""
    huge = ["--set", "parameters.region.venues=1000000", "--set", "parameters.region.districts=100"]
    for _ in range(5):
        begun = time.monotonic()
        done = program("run", "s.cfg", *huge, "-j", 1, "--dry-run")
        seconds = time.monotonic() - begun
        assert done.returncode == 0, done.stderr
        if seconds < LATE:
            break
    assert seconds < LATE
    assert re.search(r"time +(unknown: not a day|about .* by simulating (the first|\S+ replicates of))", done.stdout), (
        done.stdout
    )


def test_a_dry_run_leaves_an_unfinished_run_as_it_is(program, folder):
    with subprocess.Popen([str(PROGRAM), *LONG, "--quiet", "-j", "1"]) as run:
        partial = folder / "x.h5.partial"
        assert wait_until(lambda: size(partial) > 2000, run)
        busy = program(*LONG, "--dry-run", "--resume")
        assert run.poll() is None
        kill(run)
    assert busy.returncode == 2 and "another run is writing this file" in busy.stderr
    torn = partial.read_bytes() + b"torn"
    partial.write_bytes(torn)
    done = program(*LONG, "--dry-run", "--resume")
    assert done.returncode == 0 and re.search(r"; \d+ of 900000 replicates are done", done.stdout), done.stderr
    assert partial.read_bytes() == torn


@pytest.mark.skipif(sys.platform != "linux", reason="the heap is found by sbrk(2)")
def test_a_heap_that_is_shut_in_is_no_want_of_memory(folder):
    """Where something lies behind the heap, malloc takes memory elsewhere but leaves ENOMEM in errno."""
    (folder / "wall.c").write_text(
        "#define _GNU_SOURCE\n#include <sys/mman.h>\n#include <unistd.h>\n#include <stdint.h>\n"
        "__attribute__((constructor)) static void build(void) {\n"
        "    uintptr_t end = ((uintptr_t)sbrk(0) + 4095) & ~(uintptr_t)4095;\n"
        "    mmap((void *)end, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);\n}\n"
    )
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "wall.so", "wall.c"], check=True, cwd=folder)
    environment = {**os.environ, "LD_PRELOAD": str(folder / "wall.so")}
    for arguments in (["run", "s.cfg", "-r", "4", "-o", "x.h5"], ["info", "x.h5"]):
        done = subprocess.run([PROGRAM, *arguments], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


# ---- info ----


def test_info_says_plainly_what_is_no_results_file(program, folder):
    (folder / "text.h5").write_text("a text\n")
    (folder / "empty.h5").touch()
    (folder / "journal").write_bytes(b"ESJRNL\r\n" + bytes(300))
    for name, words in {
        "text.h5": "text.h5: is not an HDF5 file",
        "empty.h5": "empty.h5: is empty",
        ".": ".: is a folder; name a results file",
        "missing.h5": "missing.h5: there is no such file",
        "journal": "journal: holds what a run has finished so far",
        "/dev/null": "/dev/null: is not a file",
    }.items():
        done = program("info", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"enforcesim: {words}") and done.stderr.count("\n") == 1

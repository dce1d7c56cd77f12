"""Designs that are refused, and what is left where a disk is full, a call fails, or the user interrupts."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
import subprocess
import time

import numpy as np
import pytest
from conftest import PROGRAM, ROOT, effort
from design_support import CONFIG, FOUR, draw, head, read, unit_prior  # noqa: F401
from held import HANGS, PATIENCE, SHIM, calls_made, fault, wait_until

WRONG = [
    ([], "design: the method is missing; allowed: lhs, sobol, morris, grid"),
    (["lsh", CONFIG], "there is no method 'lsh'; did you mean 'lhs'?"),
    (["lhs"], "design: CONFIG is missing; see 'enforcesim design --help'"),
    (["lhs", CONFIG, "more"], "design: 'more' is one argument too many; allowed: one CONFIG"),
    (["lhs", CONFIG], "design: -n is missing; see 'enforcesim design --help'"),
    (["lhs", CONFIG, "-n", "3"], "design: -o needs the name of a file"),
    (["lhs", CONFIG, "-n", "3", "-o", ""], "design: -o needs the name of a file"),
    (["lhs", CONFIG, "-n", "0"], "-n 0 is out of range; allowed: a whole number from 1 to 100000"),
    (["lhs", CONFIG, "-n", "x"], "-n x is not a whole number; allowed: a whole number from 1 to 100000"),
    (["lhs", CONFIG, "--prier", "x"], "unknown option --prier; did you mean '--prior'?"),
    (["lhs", CONFIG, "--parameters", ","], "--parameters names none; allowed: GROUP.NAME,GROUP.NAME"),
    (["lhs", CONFIG, "--seed", "1", "--seed", "2"], "--seed is given twice; allowed: once"),
    (["morris", CONFIG, "--levels", "1"], "--levels 1 is out of range; allowed: a whole number from 2 to 1000"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=lambda value: None)
def test_wrong_command_lines(program, arguments, message):
    done = program("design", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"enforcesim: {message}\n")


WRONG_DESIGNS = [
    ("lhs", ["--levels", "4"], "--levels says nothing to lhs; allowed: with morris"),
    ("lhs", ["--second-order"], "--second-order says nothing to lhs; allowed: with sobol"),
    ("grid", ["--centred"], "--centred says nothing to grid; allowed: with lhs"),
    ("morris", ["--levels", "5"], "--levels 5 is not allowed; allowed: an even number from 2 to 1000"),
    ("sobol", [], "-n 3 is not allowed; allowed for sobol: a power of two, 2, 4, 8, 16, ..."),
    ("lhs", ["--seed", "-1"], "--seed -1: "),
    ("lhs", ["--set", "run.sed=1"], "--set run.sed=1: "),
    (
        "lhs",
        ["--prior", "netural"],
        f"--prior netural: in {CONFIG.parent}/priors and {ROOT}/priors there is no prior 'netural'; did you mean "
        "'neutral'?\n",
    ),
    ("lhs", ["--prior", "none/here"], "none/here: cannot be opened: No such file or directory"),
    (
        "lhs",
        ["--parameters", "police.lek"],
        "--parameters police.lek: there is no parameter of police 'lek'; did you mean ",
    ),
    ("lhs", ["--parameters", "policy.sweep_rate"], "--parameters policy.sweep_rate: this is a lever, which a policy "),
    ("grid", ["--prior", "neutral"], "-n 3 gives "),
]


@pytest.mark.parametrize(("method", "arguments", "message"), WRONG_DESIGNS, ids=lambda value: None)
def test_nothing_is_written_by_a_wrong_design(program, tmp_path, method, arguments, message):
    out = tmp_path / "d.csv"
    done = program("design", method, CONFIG, "-n", 3, "-o", out, *arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith(f"enforcesim: {message}") and done.stderr.count("\n") == 1, done.stderr
    assert not list(tmp_path.iterdir())


def test_a_wrong_prior_is_named_with_its_line(program, tmp_path):
    prior = tmp_path / "own.cfg"
    prior.write_text(
        'priors : {\n police : {\n leak : { distribution = "uniform"; minimum = 0; maximum = 2; };\n };\n};'
    )
    done = program("design", "lhs", CONFIG, "-n", 3, "-o", tmp_path / "d.csv", "--prior", prior)
    assert done.returncode == 2
    assert done.stderr == f"enforcesim: {prior}:3: maximum = 2 is out of range; allowed: a number from 0 to 1\n"
    assert not (tmp_path / "d.csv").exists()


def test_an_existing_file_is_kept(program, draw, tmp_path):
    out = draw("lhs", 3, "--prior", "neutral")
    before = out.read_bytes()
    arguments = ("design", "lhs", CONFIG, "-n", 4, "--prior", "neutral", "-o")
    done = program(*arguments, out)
    assert (done.returncode, done.stderr) == (2, f"enforcesim: {out}: is there already; --force replaces it\n")
    assert out.read_bytes() == before
    assert program(*arguments, out, "--force").returncode == 0
    assert out.read_bytes() != before
    own = tmp_path / "own.cfg"
    own.write_text((ROOT / "configs" / "priors" / "neutral.cfg").read_text())
    for path, message in (
        (tmp_path, "is a folder; name a file"),
        ("/dev/null", "is a device or the like; name a file"),
        (tmp_path / "none" / "d.csv", f"the folder {tmp_path}/none does not exist"),
        (own, "is the scenario file or the prior itself; name another file"),
    ):
        done = program(*arguments, path, "--force", "--prior", own)
        assert (done.returncode, done.stderr) == (2, f"enforcesim: {path}: {message}\n")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["design.csv", "own.cfg"]


def test_a_full_disk_leaves_nothing(tmp_path):
    out = tmp_path / "d.csv"
    command = [str(PROGRAM), "design", "lhs", str(CONFIG), "-n", "100", "--prior", "neutral", "-o", str(out)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000)),
    )
    assert done.returncode == 1
    assert done.stderr == f"enforcesim: {out}.enforcesim-tmp: cannot be written: File too large\n"
    assert not list(tmp_path.iterdir())


FAULTS = [
    *(("write", error, until) for error in (errno.EIO, errno.EINTR, 0) for until in (0, 1)),
    *((call, errno.EIO, until) for call in ("sync", "rename", "close", "open") for until in (0, 1)),
    *(("read", error, 0) for error in (errno.EIO, errno.EINTR, 0)),
    ("fork", errno.EAGAIN, 0),
    ("malloc", errno.ENOMEM, 0),
]


@pytest.mark.slow
@pytest.mark.verify
@pytest.mark.parametrize(("call", "error", "lasting"), FAULTS, ids=lambda value: str(value))
def test_every_call_may_fail(tmp_path, call, error, lasting):
    """Once, or from then on: there is a message, and the file is the old one or the new one. make test tries every 29th
    allocation, make verify all."""
    prior = unit_prior(tmp_path, FOUR)
    out, temporary = tmp_path / "d.csv", tmp_path / "d.csv.enforcesim-tmp"
    command = [str(PROGRAM), "design", "morris", str(CONFIG), "-n", "3", "--prior", str(prior), "-o", str(out)]
    command += ["--force", "--seed", "1", "--parameters", ",".join(FOUR)]

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "LD_PRELOAD": str(SHIM), **environment}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=env)

    assert run(FAULT_COUNTS=str(tmp_path / "counts")).returncode == 0
    whole = out.read_bytes()
    count = calls_made(tmp_path / "counts", call)
    assert count > 0
    refused = 0
    for k in range(1, count + 1, effort(29, 1) if call == "malloc" else 1):
        out.write_bytes(b"old")
        until = k if not lasting or error in (errno.EINTR, 0) else 2**63
        done = run(FAULT_CALL=call, FAULT_AT=str(k), FAULT_UNTIL=str(until), FAULT_ERRNO=str(error))
        assert not temporary.exists() and done.returncode in (0, 1, 2), done
        if done.returncode == 0:
            assert out.read_bytes() == whole, done
            continue
        refused += 1
        assert out.read_bytes() in (b"old", whole), done
        assert done.stderr.count("\n") == 1, done
        assert done.stderr.startswith(("enforcesim: ", "out of dynamic memory in libconfig")), done
    assert (refused == 0) == (error in (errno.EINTR, 0)), refused


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing(tmp_path, number):
    """While the program reads, which takes long. Where the machine kept us waiting for longer than that, or the program
    for longer than it has to end by itself, it is tried again."""
    counts = tmp_path / "counts"
    env = {**os.environ, **fault("read", 1, FAULT_PAUSE=700, FAULT_COUNTS=counts)}
    command = [PROGRAM, "design", "lhs", CONFIG, "-n", "3", "--prior", "neutral", "-o", tmp_path / "d.csv"]
    for _ in range(5):
        for path in tmp_path.iterdir():
            path.unlink()
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as process:
            wait_until(lambda: calls_made(counts, "read") > 0, process)
            begun = time.monotonic()
            process.send_signal(number)
            _, message = process.communicate(timeout=HANGS)
        if process.returncode != 0 and time.monotonic() - begun < PATIENCE:
            break
    assert (process.returncode, message) == (128 + number, "enforcesim: interrupted; nothing has been written\n")
    assert list(tmp_path.iterdir()) == [counts]


# ---- rules between parameters ----

RULE = "region.access_minimum,region.access_maximum"


def test_points_that_break_a_rule_are_told(program, tmp_path):
    out = tmp_path / "d.csv"
    done = program("design", "lhs", CONFIG, "-n", 40, "--parameters", RULE, "-o", out)
    assert done.returncode == 0
    warning, wrote = done.stderr.splitlines()
    assert wrote.startswith(f"wrote {out}: 40 points")
    found = re.fullmatch(
        rf"enforcesim: {out}:(\d+): (.*region.access_minimum = .* is above .*); (\d+) of 40 points cannot be run, "
        "this is the first",
        warning,
    )
    assert found, warning
    _, table = read(out)
    broken = table["region.access_minimum"] > table["region.access_maximum"]
    assert int(found[3]) == broken.sum() > 0
    line = len(head(out)) + 2 + int(np.argmax(broken))
    assert int(found[1]) == line
    checked = program("check", CONFIG, "--design", out)
    assert checked.stderr == f"enforcesim: {out}:{line}: {found[2]}\n"


@pytest.mark.parametrize("method", ["sobol", "morris"])
def test_methods_that_need_every_point_refuse(program, tmp_path, method):
    done = program("design", method, CONFIG, "-n", 16, "--parameters", RULE, "-o", tmp_path / "d.csv")
    assert done.returncode == 2
    assert re.match(r"enforcesim: \d+ of \d+ points cannot be run, the first because .*; allowed: ranges", done.stderr)
    assert not list(tmp_path.iterdir())

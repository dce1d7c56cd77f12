"""What is made of the commands' tables: help, manual page, completion of bash, and `enforcesim new`."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import PROGRAM, ROOT

COMMANDS = ["new", "check", "run", "merge", "design", "params", "metrics", "info", "help"]


@pytest.fixture(scope="module")
def manual(program) -> str:
    done = program("help", "--format", "man")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def completion(program, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("bash") / "enforcesim"
    path.write_text(program("help", "--format", "bash").stdout)
    return path


def options(program, command: str) -> list[str]:
    """The long options that --help lists."""
    found = re.findall(r"^  (?:-\w,|   ) (--[\w-]+)", program(command, "--help").stdout, re.MULTILINE)
    assert "--help" in found
    return found


# ---- help ----


def test_help_lists_every_command_and_every_command_has_help(program):
    listed = program("--help").stdout
    assert (
        re.findall(r"^  (\w+) +[a-z]", listed.partition("Commands:")[2].partition("\n\n")[0], re.MULTILINE) == COMMANDS
    )
    for command in COMMANDS:
        done = program(command, "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"Usage: enforcesim {command}") and f"\n  enforcesim {command}" in done.stdout
        assert program("help", command).stdout == done.stdout == program(command, "-h").stdout
        assert all(len(line) <= 100 for line in done.stdout.splitlines()), command


def test_without_a_command_the_help_is_an_error(program):
    done = program()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == program("--help").stdout == program("help").stdout


def test_version_names_all_that_numbers_may_depend_on(program):
    lines = dict(line.split(" ", 1) for line in program("--version").stdout.splitlines())
    assert list(lines) == ["enforcesim", "model", "commit", "compiler", "libraries"]
    assert re.fullmatch(r"HDF5 \d+\.\d+\.\d+, libconfig \d+\.\d+\.\d+", lines["libraries"])


def test_every_option_that_is_listed_is_understood(program):
    for command in COMMANDS:
        for option in options(program, command):
            done = program(command, option)
            assert "unknown option" not in done.stderr, (command, option)
            if option != "--help":
                assert program(command, f"{option}x").stderr.startswith(
                    f"enforcesim: unknown option {option}x; did you mean '{option}'?"
                )


# ---- the manual page ----


def test_the_manual_has_its_sections_and_every_option(program, manual):
    sections = re.findall(r"^\.SH (.*)", manual, re.MULTILINE)
    assert sections == [
        *("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "SETTINGS OF A RUN"),
        *("FILES", "EXIT STATUS", "ENVIRONMENT", "EXAMPLES", "SEE ALSO"),
    ]
    chapters = dict(zip(*[iter(re.split(r"^\.S[SH] (.*)\n", manual, flags=re.MULTILINE)[1:])] * 2, strict=True))
    for command in COMMANDS:
        for option in options(program, command):
            assert option.replace("-", r"\-") in chapters[command], (command, option)


@pytest.mark.parametrize(
    "reader", [("groff", "-man", "-ww", "-Tutf8"), ("man", "-l", "--warnings"), ("mandoc", "-T", "lint")]
)
def test_the_manual_has_no_fault(manual, tmp_path, reader):
    if shutil.which(reader[0]) is None:
        pytest.skip(f"{reader[0]} is not installed (Debian: groff, man-db, mandoc)")
    path = tmp_path / "enforcesim.1"
    path.write_text(manual)
    wide = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "MANWIDTH")} | {
        "MANWIDTH": "80"
    }
    done = subprocess.run([*reader, str(path)], capture_output=True, text=True, check=False, env=wide)
    complaints = done.stderr if reader[0] != "mandoc" else done.stdout
    if 'TH ENFORCESIM 1 ""' in manual:  # built where there is no git
        complaints = re.sub(".*missing date.*\n", "", complaints)
    assert complaints == ""
    if reader[0] == "groff":
        assert "CONFIG" in done.stdout and "\\" not in re.sub(r"\\$", "", done.stdout, flags=re.MULTILINE)


# ---- completion ----


def complete(completion: Path, *words: str, folder: Path = ROOT) -> list[str]:
    """What bash offers for the last of the words, which are cut as it cuts them; = stands alone where it does."""
    script = (
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        '_enforcesim "$1" "${COMP_WORDS[COMP_CWORD]}" ""; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", str(completion), str(PROGRAM.resolve()), *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    assert done.stderr == ""
    return done.stdout.splitlines() if done.stdout.strip() else []


ESSAY = "configs/essay.cfg"


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["r"], ["run"]),
        (["he"], ["help"]),
        (["help", "me"], ["merge", "metrics"]),
        (["run", "--f"], ["--force"]),
        (["run", "--progress", ""], ["auto", "always", "never", "json"]),
        (["run", "--progress", "=", "j"], ["json"]),
        (["params", "--format", "="], ["table", "csv", "json", "markdown"]),
        (["metrics", "-f", "m"], ["markdown"]),
        (["run", "configs/es"], [ESSAY]),
        (["run", "RE"], []),
        (["run", "-j", "2", "configs/es"], [ESSAY]),
        (["run", ESSAY, "--set", "run.out"], ["run.output="]),
        (["run", ESSAY, "--set", "run.output", "="], ["all", "quantiles", "summary"]),
        (["run", ESSAY, "--set", "run.output", "=", "q"], ["quantiles"]),
        (["run", ESSAY, "--set", "run.metrics", "=", "fear,minor_d"], ["fear,minor_days"]),
        (["run", ESSAY, "--set", "parameters.police.lea"], ["parameters.police.leak="]),
        (["run", ESSAY, "--set", "parameters.beliefs.belief_model", "="], ["dual", "single"]),
        (["run", ESSAY, "--set", "policies.no_police.poli"], ["policies.no_police.police="]),
        (["run", ESSAY, "--set", "policies.no_police.police", "=", "t"], ["true"]),
        (["run", ESSAY, "--set", "scenarios.swe"], ["scenarios.sweeps.policy="]),
        (["run", ESSAY, "--scenario", ""], ["status_quo", "sweeps", "professional_rescue", "no_police"]),
        (["design", ""], ["lhs", "sobol", "morris", "grid"]),
        (["design", "lhs", ESSAY, "--prior", "n"], ["neutral"]),
        (
            ["design", "lhs", ESSAY, "--parameters", "police.leak,health.backlash_o"],
            ["police.leak,health.backlash_own"],
        ),
        (["params", "pol"], ["policy", "police"]),
        (["metrics", "pol"], ["police"]),
        (["nonsense", ""], []),
    ],
    ids=" ".join,
)
def test_bash_offers(completion, words, offered):
    assert complete(completion, *words) == offered


def test_bash_offers_what_there_is(program, completion):
    assert complete(completion, "") == [*COMMANDS, "--help", "--version"]
    for command in COMMANDS:
        assert set(options(program, command)) <= set(complete(completion, command, "--")), command
    rows = list(csv.DictReader(io.StringIO(program("params", "--format", "csv").stdout)))
    paths = {f"parameters.{row['path']}=" for row in rows if row["role"] != "lever"}
    assert set(complete(completion, "run", "--set", "parameters.")) == paths
    metrics = {row["name"] for row in csv.DictReader(io.StringIO(program("metrics", "--format", "csv").stdout))}
    assert set(complete(completion, "run", "--set", "run.metrics", "=")) == metrics


def test_bash_completes_files_with_odd_names(completion, tmp_path):
    for name in ("a b.cfg", "a$b.cfg", "a.txt", "x.h5"):
        (tmp_path / name).touch()
    (tmp_path / "a_folder").mkdir()
    assert sorted(complete(completion, "check", "a", folder=tmp_path)) == ["a b.cfg", "a$b.cfg", "a_folder"]
    assert complete(completion, "info", "", folder=tmp_path) == ["a_folder", "x.h5"]
    assert complete(completion, "run", "nothing.cfg", "--scenario", "", folder=tmp_path) == []


def test_bash_does_so_at_a_prompt(completion):
    """The whole of it: a real bash that is given the tab key."""
    typed = f"{PROGRAM} run {ESSAY} --set parameters.police.lea\t0.5 --progress=js\t --dry-\t"
    text = f"source {completion}\n{typed}\x01echo [\x05]\n"
    done = subprocess.run(
        ["bash", "--norc", "--noprofile", "-i"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=300,
        env={"PATH": "/usr/bin:/bin", "TERM": "dumb", "PS1": "$ ", "INPUTRC": "/dev/null"},
    )
    if "parameters.police.leak" not in done.stdout + done.stderr:
        pytest.skip("this bash has no readline without a terminal")
    assert "--set parameters.police.leak=0.5 --progress=json --dry-run" in done.stdout + done.stderr


# ---- installed ----


@pytest.mark.slow
def test_install_puts_them_in_their_places(manual, completion, tmp_path):
    subprocess.run(
        ["make", "-s", "install", f"PREFIX={tmp_path}"], cwd=ROOT, check=True, capture_output=True, timeout=600
    )
    assert (tmp_path / "share/man/man1/enforcesim.1").read_text() == manual
    assert (tmp_path / "share/bash-completion/completions/enforcesim").read_text() == completion.read_text()
    assert (tmp_path / "share/enforcesim/configs/essay.cfg").exists()


# ---- new ----


def test_new_writes_a_file_that_runs_as_it_stands(program, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for every in ([], ["--all"]):
        done = program("new", "my study.cfg", "--force", *every)
        assert done.returncode == 0, done.stderr
        checked = program("check", tmp_path / "my study.cfg", cwd="/")
        assert checked.returncode == 0, checked.stderr
        assert 'name = "my_study";' in checked.stdout and 'name = "other"; policy = "other";' in checked.stdout
    tiny = ["--days", 30, "-r", 2, *(f"--set={word}" for word in ("run.burn_in=30", "parameters.region.venues=10"))]
    done = program("run", "my study.cfg", *tiny, "-o", "x.h5")
    assert done.returncode == 0, done.stderr


def test_new_says_all_of_the_tables(program):
    rows = list(csv.DictReader(io.StringIO(program("params", "--format", "csv").stdout)))
    brief, every = program("new", "-").stdout, program("new", "-", "--all").stdout
    for row in rows:
        name, meaning = row["path"].split(".")[1], row["meaning"]
        lines = [line for line in every.splitlines() if re.match(rf" *// {name} = ", line)]
        assert any(line.endswith(f": {meaning}") and row["default"] in line for line in lines), row
        assert (meaning in brief) == (row["role"] != "uncertain"), row["path"]


def test_new_with_all_values_written_out_is_the_same_study(program, tmp_path):
    every = program("new", "-", "--all").stdout
    (tmp_path / "a.cfg").write_text(every)
    (tmp_path / "b.cfg").write_text(re.sub(r"^(        )// (\w+ = )", r"\1\2", every, flags=re.MULTILINE))
    a, b = (program("check", tmp_path / name).stdout for name in ("a.cfg", "b.cfg"))
    assert a == b != ""


def test_new_never_overwrites(program, tmp_path):
    path = tmp_path / "a.cfg"
    path.write_text("precious")
    done = program("new", path)
    assert (done.returncode, done.stdout) == (2, "") and "is there already; --force replaces it" in done.stderr
    assert path.read_text() == "precious"
    assert program("new", "-o", path, "--force", "--quiet").stderr == ""
    assert path.read_text() == program("new", "-").stdout.replace('"study"', '"a"')
    for wrong, words in (
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "a.cfg", "does not exist"),
        ("/dev/null", "is a device"),
        ("", "needs a name"),
    ):
        done = program("new", wrong)
        assert done.returncode == 2 and words in done.stderr, done.stderr
    assert program("new", path, "-o", path).returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.cfg"]

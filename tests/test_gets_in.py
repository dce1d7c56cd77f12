"""Nothing gets in: whatever files and command lines say, they are accepted and come out as they went in, or they are
refused with exit status 2 and one clean line, and nothing is written. The fuzz targets in tests/fuzz/ look deeper, at
the readers alone."""

from __future__ import annotations

import csv
import functools
import io
import os
import re
import shutil
import string
import subprocess
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import xarray as xr
from conftest import PROGRAM, ROOT, effort
from held import HANGS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

BASE = """run = { name = "base"; replicates = 1; burn_in = 10; horizon = 20; };
policies : { status_quo : { }; sweeps : { inherits = "status_quo"; sweep_rate = 2; }; };
scenarios = ( { name = "a"; policy = "status_quo"; },
  { name = "b"; policy = "sweeps"; phases = ( { day = 9; policy = "status_quo"; } ); } );
"""
examples = settings(
    max_examples=effort(40, 600),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def long(test: Callable[..., None]) -> Callable[..., None]:
    """A property with many examples, and with more of them in `make verify`."""
    return pytest.mark.slow(pytest.mark.verify(examples(test)))


class Folder:
    """A folder that knows what was put into it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, content: bytes | str) -> str:
        (self.path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def files(self) -> dict[str, bytes]:
        return {str(p.relative_to(self.path)): p.read_bytes() if p.is_file() else b"" for p in self.path.rglob("*")}

    def call(self, *arguments: str | bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [str(PROGRAM), *arguments], cwd=self.path, capture_output=True, timeout=HANGS, check=False
        )


@pytest.fixture(scope="module")
def folder() -> Iterator[Folder]:
    path = Path(tempfile.mkdtemp(prefix="enforcesim.", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    yield Folder(path)
    shutil.rmtree(path)


def one_clean_line(stderr: bytes) -> str:
    text = stderr.decode("utf-8", "strict")
    assert text.startswith("enforcesim: ") and text.endswith("\n") and len(text) > 20, text
    line = text[:-1]
    assert not [c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs")], ascii(line)
    return line


def refused(folder: Folder, *arguments: str | bytes) -> str:
    """Exit status 2, one line, nothing on stdout, nothing written."""
    before = folder.files()
    done = folder.call(*arguments)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stdout == b""
    assert folder.files() == before
    return one_clean_line(done.stderr)


def resolved(folder: Folder, *arguments: str | bytes) -> str | None:
    """What `check` prints, which reads back as itself; or None after a proper refusal, by `run` too."""
    done = folder.call("check", *arguments)
    if done.returncode == 2:
        assert refused(folder, "check", *arguments) == refused(folder, "run", *arguments)
        return None
    assert done.returncode == 0 and done.stderr == b"", done.stderr
    again = folder.call("check", folder.write("resolved.cfg", done.stdout))
    (folder.path / "resolved.cfg").unlink()
    assert again.stdout == done.stdout, again.stderr
    return done.stdout.decode("ascii")


# ---- what the model has ----


@functools.cache
def parameters() -> list[dict[str, str]]:
    done = subprocess.run([str(PROGRAM), "params", "--format", "csv"], capture_output=True, text=True, check=True)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def values(row: dict[str, str]) -> st.SearchStrategy[str]:
    """Values in the parameter's range, as a scenario file writes them."""
    if row["type"] == "flag":
        return st.sampled_from(["true", "false"])
    if row["type"] == "choice":
        return st.sampled_from(row["unit"].split("|")).map('"{}"'.format)
    least, most = float(row["minimum"]), float(row["maximum"])
    if row["type"] == "whole":
        return st.integers(int(least), int(min(most, 2**31 - 1))).map(str)
    return st.floats(least, most).map(repr)


def assignments(role: str) -> st.SearchStrategy[dict[str, str]]:
    """Some parameters of a role with values: {"health.backlash_own": "0.25"}."""
    rows = {row["path"]: row for row in parameters() if row["role"] == role}
    paths = st.lists(st.sampled_from(sorted(rows)), max_size=6, unique=True)
    return paths.flatmap(lambda chosen: st.fixed_dictionaries({path: values(rows[path]) for path in chosen}))


def names() -> st.SearchStrategy[str]:
    letters = string.ascii_letters + string.digits + "_-"
    good = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,62}", fullmatch=True, alphabet=st.sampled_from(letters))
    return good.filter(lambda name: name.lower() not in ("true", "false"))


def number(text: str) -> float | str:
    return text if text[0] in '"tf' else float(text)


# ---- scenario files ----

ACCEPTED: dict[str, int] = {}


@given(st.data())
@long
def test_what_a_file_says_comes_out_of_check(folder, data):
    said = data.draw(assignments("uncertain"))
    levers = data.draw(assignments("lever"))
    run, policy, scenario = data.draw(names()), data.draw(names()), data.draw(names())
    groups: dict[str, list[str]] = {}
    for path, value in said.items():
        group, name = path.split(".")
        groups.setdefault(group, []).append(f"{name} = {value};")
    text = f'run = {{ name = "{run}"; baseline = "{policy}"; }};\nparameters : {{\n'
    text += "".join(f"{group} : {{ {' '.join(settings)} }};\n" for group, settings in groups.items()) + "};\n"
    text += f"policies : {{ {policy} : {{ "
    text += " ".join(f"{path.split('.')[1]} = {value};" for path, value in levers.items())
    text += f' }}; }};\nscenarios = ( {{ name = "{scenario}"; policy = "{policy}"; }} );\n'
    out = resolved(folder, folder.write("x.cfg", text))
    ACCEPTED["tried"] = ACCEPTED.get("tried", 0) + 1
    if out is None:
        return  # a rule between parameters
    ACCEPTED["accepted"] = ACCEPTED.get("accepted", 0) + 1
    assert f'name = "{run}";' in out and f'{{ name = "{scenario}"; policy = "{policy}"; }}' in out
    found = dict(re.findall(r"^ +(\w+) = (.*);$", out, re.MULTILINE))
    for path, value in {**said, **levers}.items():
        name = path.split(".")[1]
        if sum(row["path"].endswith(f".{name}") for row in parameters()) == 1:
            assert number(found[name]) == number(value), path


def test_most_of_those_files_are_accepted():
    """Else the test above says little. It has run before, or this one was chosen alone."""
    if ACCEPTED:
        assert ACCEPTED["accepted"] > ACCEPTED["tried"] / 2


@given(st.binary(min_size=1, max_size=400))
@long
def test_bytes_are_no_scenario_file(folder, content):
    path = folder.write("x.cfg", content)
    assert refused(folder, "check", path) == refused(folder, "run", path)


PIECES = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ";",
    ",",
    "=",
    ":",
    '"',
    "\\",
    "/*",
    "*/",
    "//",
    "#",
    "\n",
    "\r\n",
    "\0",
    "\x1b[2J",
    "\u202e",
]
PIECES += [
    '@include "x.cfg"\n',
    '@include "/etc/passwd"\n',
    '@include "../x.cfg"\n',
    "1e400",
    "nan",
    "-1",
    "0x",
    "99999999999",
    "<script>",
]


@given(
    st.lists(
        st.tuples(st.integers(0, len(BASE)), st.sampled_from(PIECES) | st.text(max_size=5), st.integers(0, 8)),
        max_size=3,
    )
)
@long
def test_a_changed_file_is_accepted_or_refused(folder, changes):
    text = BASE
    for at, piece, cut in changes:
        text = text[:at] + piece + text[at + cut :]
    resolved(folder, folder.write("x.cfg", text.encode("utf-8", "surrogatepass")))


# ---- the command line ----


def overrides() -> st.SearchStrategy[str]:
    tops = [
        "run.name",
        "run.seed",
        "run.horizon",
        "run.baseline",
        "policies.sweeps.inherits",
        "policies.sweeps.sweep_rate",
    ]
    tops += [
        "scenarios.a.policy",
        "scenarios.a.name",
        "scenarios.b.phases.0.day",
        "scenarios.b.phases.0.policy",
        "x",
        "",
    ]
    paths = st.sampled_from(tops + [f"parameters.{row['path']}" for row in parameters()]) | st.text(max_size=12)
    given_values = (
        st.text(max_size=12)
        | st.floats().map(repr)
        | st.integers().map(str)
        | st.sampled_from(
            ["true", '"a"', '"', "../../x", "-x", "<script>", "\x1b[2J", "a\nb", "\u202e", "status_quo", "x" * 5000]
        )
    )
    usable = given_values.filter(lambda value: "\0" not in value and not any(0xD800 <= ord(c) < 0xE000 for c in value))
    return st.tuples(paths.filter(lambda path: "\0" not in path), st.sampled_from(["=", "=", "=", ""]), usable).map(
        "".join
    )


@given(st.lists(overrides(), min_size=1, max_size=3))
@long
def test_a_setting_is_accepted_or_refused(folder, changes):
    path = folder.write("x.cfg", BASE)
    arguments = [text for change in changes for text in ("--set", change)]
    resolved(folder, path, *(argument.encode("utf-8", "surrogatepass") for argument in arguments))


HARMFUL = [b"\x1b[2J", b"a\nb", b"\xff\xfe", "\u202ex".encode(), b"\xc2\x9b", b"\x07", b"x" * 200]


@pytest.mark.parametrize("name", HARMFUL)
def test_messages_repeat_no_harmful_name(folder, name):
    config = folder.write("x.cfg", BASE)
    for arguments in (
        ("check", name),
        ("check", name + b"/x.cfg"),
        ("check", config, name),
        ("check", config, b"--" + name),
        ("check", config, b"--set", name),
        ("check", config, b"--set", b"run.name=" + name + b"x" * 64),
        ("check", config, b"--set", b"parameters." + name + b".x=1"),
        ("check", config, b"--scenario", name),
        ("check", config, b"--design", name),
        ("run", config, b"-o", name + b"/x.h5"),
        ("run", config, b"-r", name),
        ("run", config, b"-j", name),
        ("run", config, b"--seed", name),
        ("run", config, b"--progress", name),
        ("info", name),
        ("params", name),
        ("params", b"--format", name),
        ("metrics", name),
        (name,),
    ):
        refused(folder, *arguments)
    folder.write("x.cfg", b'@include "' + name.replace(b"\n", b"") + b'"\n')
    refused(folder, "check", config)


def test_a_harmful_output_name_is_written_but_not_said(folder):
    config = folder.write("x.cfg", BASE)
    done = folder.call("run", config, "-o", b"\x1b[2J\n.h5", "--set", "parameters.region.venues=5", "-r", "1")
    assert done.returncode == 0 and done.stderr.startswith(b"wrote ?[2J?.h5: ") and done.stderr.count(b"\n") == 1, (
        done.stderr
    )
    out = (folder.path / "\x1b[2J\n.h5").rename(folder.path / "x.h5")
    assert folder.call("info", "x.h5").stdout.count(b"\x1b") == 0
    with xr.open_dataset(out, engine="h5netcdf") as results:
        assert " -o '?[2J?.h5' " in results.attrs["history"]
    out.unlink()


# ---- designs ----


@given(st.data())
@long
def test_a_design_is_accepted_with_its_points_or_refused(folder, data):
    rows = {row["path"]: row for row in parameters() if row["role"] == "uncertain"}
    columns = data.draw(st.lists(st.sampled_from(sorted(rows)), min_size=1, max_size=5, unique=True))
    points = data.draw(st.lists(st.tuples(*(values(rows[path]) for path in columns)), min_size=1, max_size=5))
    out = io.StringIO()
    writer = csv.writer(
        out, lineterminator=data.draw(st.sampled_from(["\n", "\r\n"])), quoting=data.draw(st.sampled_from([0, 1]))
    )
    writer.writerow(columns)
    writer.writerows([value.strip('"') for value in point] for point in points)
    config, path = folder.write("x.cfg", BASE), folder.write("d.csv", out.getvalue())
    done = folder.call("check", config, "--design", path)
    if done.returncode == 2:  # a rule between parameters, told with its line
        assert re.match(
            r"enforcesim: d\.csv:[0-9]+: point [0-9]+: ", refused(folder, "check", config, "--design", path)
        )
        return
    assert done.returncode == 0 and done.stderr == b"", done.stderr
    lines = done.stdout.decode("ascii").splitlines()
    assert re.match(rf"{len(points)} points?, {len(columns)} columns?$", lines[0]), lines
    for line, path, column in zip(lines[1:], columns, zip(*points, strict=True), strict=True):
        name, _, span = line.strip().partition(" ")
        low, high = span.strip().split(" to ")
        assert name == path
        if rows[path]["type"] in ("real", "whole"):
            assert float(low) == min(map(float, column)) and float(high) == max(map(float, column))


@given(st.binary(max_size=60) | st.text(alphabet='01.,;"# \t\r\ne-\ufeffx', max_size=60).map(str.encode), st.booleans())
@long
def test_what_is_no_design_is_refused(folder, content, with_header):
    config = folder.write("x.cfg", BASE)
    folder.write("d.csv", (b"health.backlash_own,region.venues\n" if with_header else b"") + content)
    done = folder.call("check", config, "--design", "d.csv")
    if done.returncode != 0:
        assert refused(folder, "check", config, "--design", "d.csv").startswith("enforcesim: d.csv:")
    else:  # the alphabet can spell a point
        assert with_header and re.match(rb"[0-9]+ points?, 2 columns\n", done.stdout)


def test_the_first_point_that_breaks_a_rule_is_named(folder):
    config, path = folder.write("x.cfg", BASE), folder.write("d.csv", "region.venues\n20\n3\n2\n")
    line = refused(folder, "check", config, "--design", path)
    assert line.startswith("enforcesim: d.csv:3: point 1: region: region.districts = 5 is more than region.venues = 3")
    folder.write("d.csv", "region.venues\n20\n1000000000\n")
    assert "d.csv:3: this study needs " in refused(folder, "check", config, "--design", path)


def test_kinds_of_files(folder):
    config = folder.write("x.cfg", BASE)
    os.mkfifo(folder.path / "pipe")
    (folder.path / "loop").symlink_to("loop")
    with (folder.path / "huge").open("wb") as huge:
        huge.truncate(1 << 40)
    for path in (
        "pipe",
        "loop",
        "huge",
        ".",
        "/dev/zero",
        "/dev/null",
        "/dev/tty",
        "/proc/self/mem",
        "/dev/stdin",
        "",
        "none",
    ):
        before = subprocess.run(
            [str(PROGRAM), "check", path], cwd=folder.path, capture_output=True, timeout=HANGS, check=False
        )
        assert before.returncode == 2, path
        one_clean_line(before.stderr)
        after = subprocess.run(
            [str(PROGRAM), "check", config, "--design", path],
            cwd=folder.path,
            capture_output=True,
            timeout=HANGS,
            check=False,
        )
        assert after.returncode == 2, path
        one_clean_line(after.stderr)
    for name in ("pipe", "loop", "huge"):
        (folder.path / name).unlink()


def test_the_shipped_files_are_accepted():
    for path in sorted((ROOT / "configs").rglob("*.cfg")):
        if path.name != "policies.cfg" and "priors" not in path.parts:
            done = subprocess.run([str(PROGRAM), "check", str(path)], capture_output=True, check=False)
            assert done.returncode == 0, (path, done.stderr)

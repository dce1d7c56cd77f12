"""Designs of experiments as a user meets them: the files, what SALib makes of them, and what is refused."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
import re
import resource
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy
from conftest import PROGRAM, ROOT, effort
from hypothesis import given, settings
from hypothesis import strategies as st
from SALib.analyze import morris as analyze_morris
from SALib.analyze import sobol as analyze_sobol
from scipy import stats

CONFIG = ROOT / "configs" / "essay.cfg"
SIDES = ["neutral", "essay", "critics"]
METHODS = {"lhs": 20, "sobol": 4, "morris": 3, "grid": 2}
# Four real parameters whose own ranges do not matter here: the prior below gives them the unit interval.
FOUR = ["health.backlash_own", "police.leak", "fear.swept", "venues.minor_share"]


def head(path: Path) -> list[str]:
    return [line[2:] for line in path.read_text().splitlines() if line.startswith("# ")]


def read(path: Path) -> tuple[dict, pd.DataFrame]:
    """SALib's problem and the points, as the README does it."""
    problem = next(json.loads(line.removeprefix("problem: ")) for line in head(path) if line.startswith("problem: "))
    return problem, pd.read_csv(path, comment="#")


def unit_prior(folder: Path, names: list[str]) -> Path:
    groups: dict[str, list[str]] = {}
    for path in names:
        group, _, name = path.partition(".")
        groups.setdefault(group, []).append(f'{name} : {{ distribution = "uniform"; minimum = 0; maximum = 1; }};')
    text = "\n".join(f"{group} : {{ {' '.join(rows)} }};" for group, rows in groups.items())
    prior = folder / "unit.cfg"
    prior.write_text(f"priors : {{\n{text}\n}};\n")
    return prior


@pytest.fixture
def draw(program, tmp_path):
    """Draws a design, which must succeed without a warning, and returns its path."""

    def call(method: str, n: int, *arguments: object, name: str = "design.csv", config: Path = CONFIG) -> Path:
        out = tmp_path / name
        done = program("design", method, config, "-n", n, "-o", out, *arguments)
        assert done.returncode == 0, done.stderr
        assert done.stderr.startswith(f"wrote {out}: "), done.stderr
        return out

    return call


# ---- files ----


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("method", ["lhs", "sobol", "morris"])
def test_designs_of_all_priors_are_valid(program, draw, method, side):
    out = draw(method, METHODS[method], "--prior", side)
    done = program("check", CONFIG, "--design", out)
    assert done.returncode == 0, done.stderr
    problem, table = read(out)
    d = problem["num_vars"]
    assert len(table) == {"lhs": 20, "sobol": 4 * (d + 2), "morris": 3 * (d + 1)}[method]
    assert done.stdout.startswith(f"{len(table)} points, {table.shape[1]} columns\n")
    assert list(table.columns[:d]) == problem["names"]
    low, high = np.array(problem["bounds"]).T
    x = table[problem["names"]].to_numpy(float)
    assert (x >= low).all() and (x <= high).all()
    fixed = table.drop(columns=problem["names"])
    assert list(fixed) == ["costs.officer_day"] and (fixed == 1).all(axis=None)
    assert f"distributions: {side}.cfg" in head(out)


def test_a_grid_of_every_type(program, draw):
    names = "beliefs.belief_model,police.shakedown_reach,health.backlash_own"
    out = draw("grid", 3, "--parameters", names)
    assert program("check", CONFIG, "--design", out).returncode == 0
    _, table = read(out)
    assert len(table) == 2 * 3 * 3
    assert list(table["beliefs.belief_model"].unique()) == ["dual", "single"]
    assert list(table["police.shakedown_reach"].unique()) == [0, 30, 60]
    assert list(table["health.backlash_own"].iloc[:3]) == [0, 0.5, 1]


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_bytes(program, draw, tmp_path, method):
    arguments = (method, METHODS[method], "--parameters", ",".join(FOUR))
    first = draw(*arguments, "--seed", "2012", name="a.csv").read_bytes()
    assert draw(*arguments, name="b.csv").read_bytes() == first, "the seed of CONFIG is 2012"
    assert draw(*arguments, "--set", "run.seed=2012", name="c.csv").read_bytes() == first
    other = draw(*arguments, "--seed", 3, name="d.csv").read_bytes()
    points = re.sub(rb"#.*\n", b"", first), re.sub(rb"#.*\n", b"", other)
    assert (points[0] == points[1]) == (method == "grid")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    elsewhere = draw(*arguments, name="e.csv", config=tmp_path / "configs" / "essay.cfg")
    assert elsewhere.read_bytes() == first


# SHA-256 of the points alone. Another one means that old designs cannot be drawn again: say so in CHANGELOG.md.
POINTS = {
    "lhs": "a0befdb6e2a23b5b10a85f13562dfb60b322a77a3a275d35a94315a60472584c",
    "sobol": "65161dd0d3e56e66ee2c554d9e61bede3a08e2297eb798dfe97ecda3abfb6a17",
    "morris": "44a651883d467f1cf70acfba750d846a2c578b876076a826895f98fc18cdeee7",
    "grid": "49f1248973ad78cc910ec2317dd31f0f44df2aeec67991ed7ead584a91bc14da",
}


@pytest.mark.parametrize("method", METHODS)
def test_the_points_are_what_they_were(draw, tmp_path, method):
    """On every machine, with every compiler: all distributions, every type of parameter."""
    prior = tmp_path / "all.cfg"
    prior.write_text("""priors : {
 region : { venues : { distribution = "log_uniform"; minimum = 50; maximum = 400; }; };
 market : { premium : { distribution = "normal"; mean = 8; sd = 3; minimum = 2; maximum = 18; };
  fine_months : { distribution = "log_uniform"; minimum = 0.1; maximum = 24; }; };
 health : { backlash_own : { distribution = "beta"; alpha = 1.5; beta = 4; minimum = 0; maximum = 1; }; };
 police : { leak : { distribution = "triangular"; mode = 0.1; minimum = 0; maximum = 0.8; };
  shakedown_reach : { distribution = "uniform"; minimum = 1; maximum = 3; }; };
 beliefs : { belief_model : { distribution = "uniform"; }; };
 fear : { swept : { distribution = "fixed"; value = 0.25; }; }; };""")
    out = draw(method, METHODS[method], "--prior", prior, "--seed", 1)
    points = re.sub(r"#.*\n", "", out.read_text())
    assert hashlib.sha256(points.encode()).hexdigest() == POINTS[method]


def test_one_column_stays_when_others_go(draw):
    _, both = read(draw("lhs", 50, "--parameters", "police.leak,market.premium"))
    _, one = read(draw("lhs", 50, "--parameters", "police.leak", name="one.csv"))
    assert (both["police.leak"] == one["police.leak"]).all()


def test_parameters_may_be_named_in_pieces(draw):
    a = draw("lhs", 5, "--parameters", "police.leak,market.premium", name="a.csv")
    b = draw("lhs", 5, "--parameters", "parameters.police.leak", "--parameters", ",market.premium,", name="b.csv")
    assert a.read_bytes() == b.read_bytes()
    assert read(a)[0]["names"] == ["police.leak", "market.premium"]


def test_help_and_quiet(program, tmp_path):
    done = program("design", "--help")
    assert done.returncode == 0 and done.stdout.startswith("Usage: enforcesim design METHOD CONFIG")
    for option in ("--prior", "--parameters", "--seed", "--set", "--centred", "--second-order", "--levels", "--force"):
        assert option in done.stdout
    out = tmp_path / "q.csv"
    done = program("design", "lhs", CONFIG, "-n", 3, "--prior", "neutral", "-o", out, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "") and out.exists()


# ---- distributions ----


def read_prior(program, side: str) -> dict[str, dict[str, object]]:
    entry = re.compile(r"(\w+) : \{ distribution = \"(\w+)\"; (.*?) \};")
    group, found = "", {}
    for line in (ROOT / "configs" / "priors" / f"{side}.cfg").read_text().splitlines():
        if match := entry.search(line.split("//")[0]):
            numbers = dict(re.findall(r"(\w+) = (-?[\d.]+);", match[3]))
            found[f"{group}.{match[1]}"] = {"kind": match[2], **{k: float(v) for k, v in numbers.items()}}
        elif match := re.fullmatch(r"  (\w+) :", line):
            group = match[1]
    return found


def distribution(row: dict):
    low, width = row["minimum"], row["maximum"] - row["minimum"]
    match row["kind"]:
        case "uniform":
            return stats.uniform(low, width)
        case "log_uniform":
            return stats.loguniform(low, row["maximum"])
        case "triangular":
            return stats.triang((row["mode"] - low) / width, low, width)
        case "beta":
            return stats.beta(row["alpha"], row["beta"], low, width)
        case "normal":
            mean, sd = row["mean"], row["sd"]
            return stats.truncnorm((low - mean) / sd, (row["maximum"] - mean) / sd, mean, sd)
    raise AssertionError(row)


@pytest.mark.parametrize("side", SIDES)
def test_columns_have_the_quantiles_of_scipy(program, draw, side):
    n = 500
    _, table = read(draw("lhs", n, "--prior", side, "--centred"))
    rows = read_prior(program, side)
    assert set(table) == set(rows)
    middle = (np.arange(n) + 0.5) / n
    for path, row in rows.items():
        if row["kind"] == "fixed":
            assert (table[path] == row["value"]).all()
        elif path == "police.shakedown_reach":
            assert table[path].value_counts().between(n // 3, n // 3 + 1).all()
        else:
            width = row["maximum"] - row["minimum"]
            error = np.abs(np.sort(table[path]) - distribution(row).ppf(middle)).max()
            assert error <= 1e-10 * width, path


def test_the_direction_numbers_are_those_of_joe_and_kuo():
    rows = re.findall(r"\{(\d+), \{([\d, ]+)\}\}", (ROOT / "sim" / "sobol_table.c").read_text())
    numbers = dict(np.load(Path(scipy.__file__).parent / "stats" / "_sobol_direction_numbers.npz"))
    assert len(rows) == 511
    for i, (polynomial, initial) in enumerate(rows, start=1):
        given = [int(number) for number in initial.split(",")]
        assert int(polynomial) == numbers["poly"][i] and len(given) == int(polynomial).bit_length() - 1
        assert given == list(numbers["vinit"][i, : len(given)]) and not numbers["vinit"][i, len(given) :].any()


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_any_prior_gives_points_in_its_ranges(tmp_path_factory, data):
    """Of any method; real, whole, flag and choice; and check accepts the file."""
    folder = tmp_path_factory.mktemp("prior")
    share = st.floats(0, 1)
    entries = {}
    for path, low, high in (("police.leak", 0, 1), ("market.premium", 0, 60), ("region.venues", 5, 3000)):
        a, b = sorted((low + data.draw(share) * (high - low), low + data.draw(share) * (high - low)))
        if path == "region.venues":
            a, b = float(int(a)), float(int(b) + 1)
        kind = data.draw(st.sampled_from(["uniform", "log_uniform", "triangular", "normal", "beta", "fixed"]))
        if b - a < 1e-9 * high or (kind == "log_uniform" and a < 1e-9):
            kind = "fixed"
        number = str if path != "region.venues" else lambda x: str(int(x))
        rows = f"minimum = {number(a)}; maximum = {number(b)};"
        if kind == "fixed":
            rows, b = f"value = {number(a)};", a
        elif kind == "triangular":
            rows += f" mode = {min(b, a + data.draw(share) * (b - a))!r};"
        elif kind == "normal":
            rows += (
                f" mean = {min(b, a + data.draw(share) * (b - a))!r}; sd = {(b - a) * data.draw(st.floats(1e-6, 9))!r};"
            )
        elif kind == "beta":
            rows += f" alpha = {data.draw(st.floats(0.05, 50))!r}; beta = {data.draw(st.floats(0.05, 50))!r};"
        entries[path] = (a, b, f'{path.partition(".")[2]} : {{ distribution = "{kind}"; {rows} }};')
    groups = " ".join(f"{path.partition('.')[0]} : {{ {row} }};" for path, (_, _, row) in entries.items())
    prior = folder / "p.cfg"
    prior.write_text(f'priors : {{ {groups} beliefs : {{ belief_model : {{ distribution = "uniform"; }}; }}; }};')
    method = data.draw(st.sampled_from(["lhs", "sobol", "grid"]))
    out = folder / "d.csv"
    command = [PROGRAM, "design", method, CONFIG, "-n", "8", "--prior", prior, "-o", out]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stderr, prior.read_text())
    checked = subprocess.run(
        [str(PROGRAM), "check", str(CONFIG), "--design", str(out)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    _, table = read(out)
    for path, (a, b, _) in entries.items():
        assert table[path].between(a, b).all(), path
    assert set(table["beliefs.belief_model"]) <= {"dual", "single"}


# ---- SALib ----


def ishigami(x: np.ndarray) -> np.ndarray:
    x = np.pi * (2 * x - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_indices() -> tuple[np.ndarray, np.ndarray, float]:
    """First order, total, and the interaction of the first and the third (Ishigami and Homma 1990)."""
    a, b = 7.0, 0.1
    first, second = (1 + b * np.pi**4 / 5) ** 2 / 2, a**2 / 8
    pair = b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    whole = first + second + pair
    return np.array([first, second, 0]) / whole, np.array([first + pair, second, pair]) / whole, pair / whole


A = np.array([0.0, 1.0, 4.5, 9.0])


def sobol_g(x: np.ndarray) -> np.ndarray:
    return np.prod((np.abs(4 * x - 2) + A) / (1 + A), axis=1)


def sobol_g_indices() -> tuple[np.ndarray, np.ndarray]:
    parts = 1 / (3 * (1 + A) ** 2)
    whole = np.prod(1 + parts) - 1
    others = np.array([np.prod(np.delete(1 + parts, i)) for i in range(len(A))])
    return parts / whole, parts * others / whole


@pytest.mark.parametrize("seed", [1, 2])
def test_salib_finds_the_indices_of_ishigami(draw, tmp_path, seed):
    out = draw("sobol", 2**14, "--prior", unit_prior(tmp_path, FOUR[:3]), "--seed", seed)
    problem, table = read(out)
    y = ishigami(table[FOUR[:3]].to_numpy())
    found = analyze_sobol.analyze({**problem}, y, calc_second_order=False, num_resamples=10, seed=1)
    order = [problem["names"].index(name) for name in FOUR[:3]]
    first, total, _ = ishigami_indices()
    assert np.abs(found["S1"][order] - first).max() <= 0.02
    assert np.abs(found["ST"][order] - total).max() <= 0.02
    assert "analysis: SALib.analyze.sobol.analyze(problem, Y, calc_second_order=False)" in head(out)


def test_salib_finds_the_interactions_of_ishigami(draw, tmp_path):
    prior = unit_prior(tmp_path, FOUR[:3])
    out = draw("sobol", 2**13, "--prior", prior, "--parameters", ",".join(FOUR[:3]), "--second-order")
    problem, table = read(out)
    assert problem["names"] == FOUR[:3]
    found = analyze_sobol.analyze(problem, ishigami(table.to_numpy()), num_resamples=10, seed=1)
    assert abs(found["S2"][0, 2] - ishigami_indices()[2]) <= 0.02
    assert max(abs(found["S2"][0, 1]), abs(found["S2"][1, 2])) <= 0.02


def test_salib_finds_the_indices_of_sobol_g(draw, tmp_path):
    prior = unit_prior(tmp_path, FOUR)
    problem, table = read(draw("sobol", 2**14, "--prior", prior, "--parameters", ",".join(FOUR)))
    y = sobol_g(table.to_numpy())
    found = analyze_sobol.analyze(problem, y, calc_second_order=False, num_resamples=10, seed=1)
    first, total = sobol_g_indices()
    assert np.abs(found["S1"] - first).max() <= 0.02
    assert np.abs(found["ST"] - total).max() <= 0.02


def test_a_scrambled_sequence_beats_chance(draw, tmp_path):
    """The mean of a smooth function: the error of 1024 points is far below that of as many by chance."""
    prior = unit_prior(tmp_path, FOUR)
    errors = []
    for seed in range(10):
        out = draw("sobol", 2**10, "--prior", prior, "--seed", seed, "--force")
        x = read(out)[1].to_numpy()[:: 4 + 2]
        errors.append(np.prod(1 + (x - 0.5), axis=1).mean() - 1)
    chance = np.sqrt(((1 + 1 / 12) ** 4 - 1) / 2**10)
    assert np.sqrt(np.mean(np.square(errors))) < chance / 20


@pytest.mark.parametrize("levels", [4, 8])
def test_salib_orders_by_elementary_effects(draw, tmp_path, levels):
    prior = unit_prior(tmp_path, FOUR)
    names = ",".join(FOUR)
    problem, table = read(draw("morris", 50, "--prior", prior, "--parameters", names, "--levels", levels))
    x = table.to_numpy()
    found = analyze_morris.analyze(problem, x, sobol_g(x), num_levels=levels, seed=1)
    assert list(np.argsort(-found["mu_star"])) == [0, 1, 2, 3]
    linear = analyze_morris.analyze(problem, x, x @ np.array([3.0, -2.0, 1.0, 0.0]), num_levels=levels, seed=1)
    np.testing.assert_allclose(linear["mu"], [3, -2, 1, 0], atol=1e-12)
    np.testing.assert_allclose(linear["sigma"], 0, atol=1e-12)


def test_salib_takes_a_screening_of_everything(draw):
    """All parameters of the neutral prior; the effects are those of shares of a distribution, not of values."""
    problem, table = read(draw("morris", 10, "--prior", "neutral"))
    x = table[problem["names"]].to_numpy(float)
    low, high = np.array(problem["bounds"]).T
    log = problem["names"].index("market.premium")
    y = 5 * np.log(x[:, log] / low[log]) / np.log(high[log] / low[log])
    found = analyze_morris.analyze(problem, x, y, num_levels=4, seed=1)
    expected = np.zeros(problem["num_vars"])
    expected[log] = 5
    np.testing.assert_allclose(found["mu_star"], expected, atol=1e-12)


# ---- refusals ----

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
    assert done.stderr == f"enforcesim: {out}.tmp: cannot be written: File too large\n"
    assert not list(tmp_path.iterdir())


SHIM = PROGRAM.parent / "tests" / "fault_shim.so"
CALLS = ["malloc", "write", "sync", "rename", "close", "open", "truncate", "read", "fork"]


def calls_made(counts: Path, call: str) -> int:
    """As the shim's file tells it, which may be only just made."""
    data = counts.read_bytes() if counts.exists() else b""
    return int(np.frombuffer(data, "<u8")[CALLS.index(call)]) if data else 0


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
    out, temporary = tmp_path / "d.csv", tmp_path / "d.csv.tmp"
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
    """While the program reads, which takes a second."""
    counts = tmp_path / "counts"
    slowly = {"LD_PRELOAD": str(SHIM), "FAULT_CALL": "read", "FAULT_AT": "1", "FAULT_PAUSE": "1000"}
    env = {**os.environ, **slowly, "FAULT_COUNTS": str(counts)}
    command = [
        str(PROGRAM),
        "design",
        "lhs",
        str(CONFIG),
        "-n",
        "3",
        "--prior",
        "neutral",
        "-o",
        str(tmp_path / "d.csv"),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as process:
        while process.poll() is None:
            if calls_made(counts, "read") > 0:
                break
            time.sleep(0.01)
        process.send_signal(number)
        _, message = process.communicate(timeout=60)
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


def test_values_are_written_so_that_they_read_back(draw):
    """Every cell is the shortest text of its number."""
    out = draw("lhs", 50, "--parameters", "police.leak,market.premium")
    lines = [line for line in out.read_text().splitlines() if not line.startswith("#")]
    for row in list(csv.reader(lines))[1:]:
        for cell in row:
            assert float(cell) == float(repr(float(cell))) and len(cell) <= len(repr(float(cell))) + 1

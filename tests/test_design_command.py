"""Designs of experiments as a user meets them: the files, their distributions, and what SALib makes of them."""

from __future__ import annotations

import csv
import hashlib
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import scipy
from conftest import PROGRAM, ROOT
from design_support import CONFIG, FOUR, draw, head, read, unit_prior  # noqa: F401
from hypothesis import given, settings
from hypothesis import strategies as st
from SALib.analyze import morris as analyze_morris
from SALib.analyze import sobol as analyze_sobol
from scipy import stats

SIDES = ["neutral", "essay", "critics"]
METHODS = {"lhs": 20, "sobol": 4, "morris": 3, "grid": 2}


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
    b = draw("lhs", 5, "--parameters", "parameters.police.leak", "--parameters", ", market.premium ,", name="b.csv")
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


def test_values_are_written_so_that_they_read_back(draw):
    """Every cell is the shortest text of its number."""
    out = draw("lhs", 50, "--parameters", "police.leak,market.premium")
    lines = [line for line in out.read_text().splitlines() if not line.startswith("#")]
    for row in list(csv.reader(lines))[1:]:
        for cell in row:
            assert float(cell) == float(repr(float(cell))) and len(cell) <= len(repr(float(cell))) + 1


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

"""The shipped scenario files and priors, tried on the program itself: all are valid, all cases run."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / "configs"
PROGRAM = Path(os.environ.get("ENFORCESIM", ROOT / os.environ.get("BUILD", "build") / "enforcesim"))

CASES = [
    "cebu",
    "cambodia",
    "phnom_penh_sweeps_2010",
    "svay_pak_2003",
    "chiang_mai_2003",
    "walvis_bay",
    "sonagachi",
    "rotating_unit",
    "fines_only",
]
SIDES = ["neutral", "essay", "critics"]
SCENARIO_FILES = [CONFIGS / "essay.cfg", *(CONFIGS / "cases" / f"{case}.cfg" for case in CASES)]

# What each distribution needs beside its range.
DISTRIBUTIONS = {
    "uniform": set(),
    "log_uniform": set(),
    "triangular": {"mode"},
    "normal": {"mean", "sd"},
    "beta": {"alpha", "beta"},
    "fixed": {"value"},
}


def enforcesim(*arguments):
    assert PROGRAM.exists(), f"{PROGRAM} is missing; build it first, or name another in ENFORCESIM"
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False)


def resolved(path):
    result = enforcesim("check", path)
    assert result.returncode == 0, result.stderr
    return result.stdout


def names(text):
    """Names of the scenarios in a resolved configuration."""
    return re.findall(r'\bname\s*=\s*"([^"]+)"', text[text.index("scenarios") :])


TOKEN = re.compile(r'\s+|//[^\n]*|(?P<word>[a-z]\w*)|(?P<text>"\w+")|(?P<number>-?\d+(?:\.\d+)?)|(?P<mark>[{}:=;])')


def read_groups(text):
    """The part of libconfig's grammar that priors use: groups of numbers and words, no name twice."""
    tokens, position = [], 0
    while position < len(text):
        match = TOKEN.match(text, position)
        assert match, f"not in the grammar of priors: {text[position : position + 40]!r}"
        position = match.end()
        if match.lastgroup:
            tokens.append((match.lastgroup, match.group()))
    tokens.reverse()

    def members(closing):
        group = {}
        while tokens and tokens[-1] != closing:
            kind, name = tokens.pop()
            assert kind == "word" and name not in group, f"{name!r}: not a name, or twice"
            assert tokens.pop()[1] in ":="
            kind, value = tokens.pop()
            if value == "{":
                group[name] = members(("mark", "}"))
                assert tokens.pop() == ("mark", "}")
            else:
                group[name] = value.strip('"') if kind == "text" else float(value)
            assert tokens.pop() == ("mark", ";"), f"after {name!r} a semicolon was expected"
        return group

    return members(None)


def read_priors(side):
    top = read_groups((CONFIGS / "priors" / f"{side}.cfg").read_text(encoding="utf-8"))
    assert list(top) == ["priors"]
    return {f"{group}.{name}": entry for group, rows in top["priors"].items() for name, entry in rows.items()}


@pytest.fixture(scope="module")
def parameters():
    result = enforcesim("params", "--format", "json")
    assert result.returncode == 0, result.stderr
    return {row["path"]: row for row in json.loads(result.stdout)}


def test_nothing_is_left_out():
    assert {path.stem for path in (CONFIGS / "cases").glob("*.cfg")} == set(CASES)
    assert {path.stem for path in (CONFIGS / "priors").glob("*.cfg")} == set(SIDES)
    assert {path.name for path in CONFIGS.glob("*.cfg")} == {
        "essay.cfg",
        "claims.cfg",
        "claims_doubled.cfg",
        "claims_unlearning.cfg",
        "single_belief.cfg",
        "policies.cfg",
    }


@pytest.mark.parametrize("path", SCENARIO_FILES, ids=lambda path: path.stem)
def test_file_is_valid_and_resolves_to_itself(path, tmp_path):
    text = resolved(path)
    again = tmp_path / "resolved.cfg"
    again.write_text(text, encoding="utf-8")
    assert resolved(again) == text


@pytest.mark.parametrize("path", SCENARIO_FILES, ids=lambda path: path.stem)
def test_scenarios_have_a_baseline_to_compare_with(path):
    text = resolved(path)
    assert names(text)[0] == re.search(r'\bbaseline = "([^"]+)"', text).group(1)


def test_every_policy_can_be_a_scenario(tmp_path):
    text = (CONFIGS / "policies.cfg").read_text(encoding="utf-8")
    policies = re.findall(r"^  (\w+) :$", text, re.MULTILINE)
    assert {"status_quo", "sweeps", "professional_rescue", "no_police"} <= set(policies)
    scenarios = ", ".join(f'{{ name = "{policy}"; policy = "{policy}"; }}' for policy in policies)
    study = tmp_path / "all.cfg"
    study.write_text(f"{text}\nscenarios = ( {scenarios} );\n", encoding="utf-8")
    assert names(resolved(study)) == policies


@pytest.mark.parametrize("path", SCENARIO_FILES, ids=lambda path: path.stem)
def test_case_runs(path, tmp_path):
    days = [int(day) for day in re.findall(r"\bday = (\d+)", path.read_text(encoding="utf-8"))]
    horizon = max(days, default=0) + 60
    out = tmp_path / "out.h5"
    result = enforcesim("run", path, "-o", out, "-r", 1, "--days", horizon, "--set", "run.burn_in=60", "--quiet")
    assert result.returncode == 0, result.stderr
    assert out.stat().st_size > 0


@pytest.mark.parametrize("side", SIDES)
def test_priors_are_libconfig(side):
    """As a scenario file a prior is refused for its only name, hence after it has been read through."""
    result = enforcesim("check", CONFIGS / "priors" / f"{side}.cfg")
    assert result.returncode == 2
    assert "'priors'" in result.stderr and "syntax" not in result.stderr, result.stderr


@pytest.mark.parametrize("side", SIDES)
def test_priors_fit_their_parameters(side, parameters):
    for path, entry in read_priors(side).items():
        assert path in parameters, f"{path}: there is no such parameter"
        row = parameters[path]
        assert row["role"] == "uncertain", f"{path} is {row['role']}"
        kind = entry.pop("distribution")
        assert set(entry) == DISTRIBUTIONS[kind] | (set() if kind == "fixed" else {"minimum", "maximum"}), path
        low, high = entry.get("minimum", entry.get("value")), entry.get("maximum", entry.get("value"))
        assert row["minimum"] <= low <= high <= row["maximum"], f"{path}: outside the parameter's range"
        assert kind == "fixed" or low < high, path
        assert low <= row["default"] <= high, f"{path}: the default {row['default']} is outside {low}..{high}"
        assert kind != "log_uniform" or low > 0, path
        assert low <= entry.get("mode", entry.get("mean", low)) <= high, path
        assert all(entry[name] > 0 for name in ("sd", "alpha", "beta") if name in entry), path


def test_every_uncertain_parameter_has_a_prior(parameters):
    uncertain = {path for path, row in parameters.items() if row["role"] == "uncertain"}
    assert uncertain - set(read_priors("neutral")) == set()


def test_sides_differ_in_weight_only():
    neutral = read_priors("neutral")
    for side in ("essay", "critics"):
        leaning = read_priors(side)
        assert list(leaning) == list(neutral)
        for path, entry in leaning.items():
            for end in ("minimum", "maximum", "value"):
                assert entry.get(end) == neutral[path].get(end), f"{path}: {side} has another range"
        assert sum(leaning[path]["distribution"] != neutral[path]["distribution"] for path in neutral) > 20

"""The ODD says what the program is: its tables are the program's, its text covers all parameters."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ODD = ROOT / "models" / "ODD.md"
TABLES = ROOT / "models" / "odd_tables.py"
PROGRAM = Path(os.environ.get("ENFORCESIM", ROOT / os.environ.get("BUILD", "build") / "enforcesim"))

ELEMENTS = [
    "Purpose and patterns",
    "Entities, state variables, and scales",
    "Process overview and scheduling",
    "Design concepts",
    "Initialization",
    "Input data",
    "Submodels",
]
CONCEPTS = [
    "Basic principles",
    "Emergence",
    "Adaptation",
    "Objectives",
    "Learning",
    "Prediction",
    "Sensing",
    "Interaction",
    "Stochasticity",
    "Collectives",
    "Observation",
]


def enforcesim(*arguments):
    assert PROGRAM.exists(), f"{PROGRAM} is missing; build it first, or name another in ENFORCESIM"
    result = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def odd_tables(*arguments):
    command = [sys.executable, TABLES, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def sections(text, level):
    """Heading -> text up to the next heading of this level or above, for headings of one level."""
    parts = re.split(rf"^(?={'#' * level} )", text, flags=re.MULTILINE)[1:]
    found = {}
    for part in parts:
        heading, _, body = part.partition("\n")
        found[heading.lstrip("# ")] = re.split(rf"^#{{1,{level}}} ", body, flags=re.MULTILINE)[0]
    return found


def element(number):
    """One of the numbered chapters of the ODD."""
    texts = [
        body
        for heading, body in sections(ODD.read_text(encoding="utf-8"), 2).items()
        if heading.startswith(f"{number}. ")
    ]
    assert len(texts) == 1, f"element {number} stands in the ODD {len(texts)} times"
    return texts[0]


def chapters():
    """Sub-model -> its section of element 7."""
    found = {}
    for heading, body in sections(element(7), 3).items():
        name = re.search(r"`(\w+)`", heading)
        if name:
            found[name[1]] = body
    return found


@pytest.fixture(scope="module")
def parameters():
    return json.loads(enforcesim("params", "--format", "json"))


@pytest.fixture(scope="module")
def metrics():
    return json.loads(enforcesim("metrics", "--format", "json"))


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """The two tables as files."""
    folder = tmp_path_factory.mktemp("tables")
    files = []
    for command in ("params", "metrics"):
        files.append(folder / f"{command}.md")
        files[-1].write_text(enforcesim(command, "--format", "markdown"), encoding="utf-8")
    return files


def test_tables_are_those_of_the_program(printed):
    result = odd_tables("--check", ODD, *printed)
    assert result.returncode == 0, result.stderr


def test_check_sees_a_change_and_writes_nothing(printed, tmp_path):
    odd = tmp_path / "ODD.md"
    right = ODD.read_text(encoding="utf-8")
    changed = right.replace("| market.premium | real |", "| market.premium | whole |")
    assert changed != right
    odd.write_text(changed, encoding="utf-8")
    assert odd_tables("--check", odd, *printed).returncode == 1
    assert odd.read_text(encoding="utf-8") == changed
    assert odd_tables(odd, *printed).returncode == 0
    assert odd.read_text(encoding="utf-8") == right


def test_refuses_what_is_no_table(printed, tmp_path):
    odd, wrong = tmp_path / "ODD.md", tmp_path / "wrong.md"
    odd.write_text(ODD.read_text(encoding="utf-8"), encoding="utf-8")
    wrong.write_text("enforcesim: something went wrong\n", encoding="utf-8")
    result = odd_tables(odd, wrong, printed[1])
    assert result.returncode == 2
    assert "is not a table" in result.stderr
    odd.write_text("no markers\n", encoding="utf-8")
    assert odd_tables(odd, *printed).returncode == 2
    assert odd.read_text(encoding="utf-8") == "no markers\n"


def test_the_seven_elements_in_order():
    headings = re.findall(r"^## ([1-7])\. (.+)$", ODD.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert headings == [(str(number + 1), name) for number, name in enumerate(ELEMENTS)]


def test_the_eleven_design_concepts_in_order():
    assert [heading.split(" ", 1)[1] for heading in sections(element(4), 3)] == CONCEPTS


def test_every_group_has_its_section(parameters, metrics):
    groups = {row["path"].split(".")[0] for row in parameters} | {row["submodel"] for row in metrics}
    assert groups == set(chapters()) - {"relocation"}


def test_every_parameter_is_explained_in_its_section(parameters):
    texts = chapters()
    missing = []
    for row in parameters:
        group, name = row["path"].split(".")
        if not re.search(rf"(?<![\w.])(?:{group}\.)?{name}(?!\w)", texts[group]):
            missing.append(row["path"])
    assert not missing, f"not explained in the ODD: {', '.join(missing)}"


def test_no_name_of_a_parameter_is_wrong(parameters):
    """Everything in the text that looks like GROUP.NAME is a parameter, unless it is a source file."""
    paths = {row["path"] for row in parameters}
    groups = {path.split(".")[0] for path in paths}
    odd = ODD.read_text(encoding="utf-8")
    text = re.sub(r"<!-- (\w+):begin -->.*?<!-- \1:end -->", "", odd, flags=re.DOTALL)
    words = re.findall(r"\b([a-z]+)\.([a-z]\w*)\b", text)
    named = {f"{group}.{name}" for group, name in words if group in groups and name not in ("c", "h")}
    assert named <= paths, f"no such parameter: {', '.join(sorted(named - paths))}"


def test_every_metric_is_in_the_table(metrics):
    text = ODD.read_text(encoding="utf-8")
    table = text[text.index("<!-- metrics:begin -->") : text.index("<!-- metrics:end -->")]
    assert [row["name"] for row in metrics] == re.findall(r"^\| (\w+) \|", table, flags=re.MULTILINE)[1:]


def test_metrics_named_in_a_section_exist(metrics):
    """A metric is written as `*name*` in its section; all of a sub-model's are."""
    texts = chapters()
    for row in metrics:
        assert re.search(rf"\*{row['name']}\*", texts[row["submodel"]]), f"{row['name']} is not explained"


def test_every_figure_of_facts_that_is_cited_is_listed():
    """Readers have no other copy of FACTS: a number that the ODD names has its row, and a row is named somewhere."""
    text = ODD.read_text(encoding="utf-8")
    start = text.index("## F. The figures called FACTS")
    rows = set(re.findall(r"^\| ([1-5](?:\.\d+)?) \|", text[start:], flags=re.MULTILINE))
    number = r"[1-5]\.\d+(?:-[1-5]\.\d+)?(?![\d.])"
    cited = set()
    for chain in re.findall(rf"FACTS ({number}(?:, {number})*)", text[:start]):
        for part in chain.split(", "):
            chapter, first = part.split("-")[0].split(".")
            last = part.split("-")[-1].split(".")[1]
            cited |= {f"{chapter}.{i}" for i in range(int(first), int(last) + 1)}
    assert len(cited) > 30
    assert cited <= rows, f"cited but not listed: {', '.join(sorted(cited - rows))}"
    elsewhere = {row for row in rows - cited if not re.search(rf"(?<![\d.]){re.escape(row)}(?![\d.])", text[:start])}
    assert not elsewhere, f"listed but not named: {', '.join(sorted(elsewhere))}"

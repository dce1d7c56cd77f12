"""The ledger of claims: its own rules, what is said of a broken one, and verdicts by the rule that it states."""

from __future__ import annotations

import contextlib
import re
import subprocess
import tomllib

import enforcesim as es
import numpy as np
import pytest
import synthetic
from analysis_support import command, folder, no_figures, refused, strong  # noqa: F401
from conftest import PROGRAM, ROOT, effort
from enforcesim import ledger
from enforcesim.claims import listing, percent, sure
from enforcesim.compare import interval
from hypothesis import given, settings
from hypothesis import strategies as st

OWN = """scenarios = ["elsewhere"]
[sums]
all_days = ["minor_days", "coerced_days"]
[[claim]]
id = "M1"
who = "a ministry"
source = "a speech"
says = "Professional rescue halves exploitation."
mechanisms = ["rescue operations"]
origin = "emergent"
[[claim.test]]
left = { metric = "all_days", scenario = "professional_rescue", at = "end" }
is = "at most"
factor = 0.5
right = { metric = "all_days", scenario = "status_quo", at = "end" }
"""


@pytest.fixture
def mine(tmp_path):
    def write(text=OWN, *changes):
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("claims") / "x.h5"
    ds = es.open(synthetic.write(path, replicates=12, effects=synthetic.STRONG)).load()
    ds.close()
    return ds


# ---- a ledger of one's own ------------------------------------------------------------------------------


def test_a_claim_of_ones_own_is_judged(results, mine, strong):
    table = es.claims(results, ledger=mine())
    assert list(table.index) == ["M1"] and table.verdict["M1"] == "supported"
    assert table.effect["M1"] == pytest.approx(0.3, abs=0.05)
    assert table.low["M1"] < table.effect["M1"] < table.high["M1"] < 0.5 == table.claimed["M1"]
    assert table.relation["M1"] == "at most" and table.probability["M1"] > 0.999
    said = command("claims", strong, "--ledger", mine()).stdout
    assert said.startswith("CLAIMS OF A MINISTRY") and re.search(r"^M1 +SUPPORTED", said, re.MULTILINE)
    assert "a ministry: 1 supported." in said


#: What is wrong, by a change of OWN, and words that the one line must have.
BROKEN = {
    "metric": (('metric = "all_days"', 'metric = "all_day"'), "did you mean 'all_days'"),
    "metric in a sum": (('"coerced_days"]', '"coersed_days"]'), "did you mean 'coerced_days'"),
    "scenario": (('"professional_rescue"', '"profesional_rescue"'), "did you mean 'professional_rescue'"),
    "scenario allowed": (('"professional_rescue"', '"nowhere"'), "the file has status_quo, sweeps"),
    "key of the claim": (("origin =", "orign ="), "'orign' in the claim; did you mean 'origin'?; allowed: id"),
    "key of a test": (("factor =", "faktor ="), "unknown key 'faktor' in a test; did you mean 'factor'?"),
    "key of a side": (("at =", "when ="), "unknown key 'when' in left; allowed: metric, scenario, at"),
    "no id": (('id = "M1"\n', ""), "claim number 1: the claim lacks 'id'"),
    "id of a wrong type": (('id = "M1"', "id = 7"), "id must be text, not 7"),
    "factor of a wrong type": (("factor = 0.5", 'factor = "half"'), "factor must be a finite number, not 'half'"),
    "factor infinite": (("factor = 0.5", "factor = inf"), "finite number"),
    "factor true": (("factor = 0.5", "factor = true"), "finite number"),
    "relation": (('"at most"', '"at moost"'), "is is 'at moost'; did you mean 'at most'?; allowed: at least"),
    "origin": (('"emergent"', '"emerging"'), "allowed: emergent, partly built in, built in"),
    "moment": (('at = "end"', 'at = "the end"'), "at is 'the end'"),
    "days in no order": (('at = "end"', "at = [9, 3]"), "two days"),
    "measure": (('at = "end"', 'measure = "fal"'), "did you mean 'fall'?"),
    "neither value nor right": (("right = {", "#"), "either value or right"),
    "left is no table": (("left = {", "left = 3 #"), "left must be a table"),
    "mechanisms": (('["rescue operations"]', "[1]"), "mechanisms must be a name or a list of names"),
    "mechanism": (('["rescue operations"', '["rescue operation"'), "did you mean 'rescue operations'?"),
    "mechanism allowed": (('"rescue operations"', '"luck"'), "no mechanism 'luck'; allowed: accompaniment, adults"),
    "mechanisms of the ledger": (("scenarios =", "mechanisms = 7 #"), "mechanisms must be a name or a list of"),
    "no source": (('source = "a speech"\n', ""), "needs a quote or a source"),
    "no claim": ((OWN[OWN.index("[[claim]]") :], ""), "the ledger lacks 'claim'"),
    "sums": (('["minor_days", "coerced_days"]', "7"), "sums.all_days must be a name or a list of names"),
    "top key": (("scenarios =", "scenario ="), "unknown key 'scenario' in the ledger; did you mean 'scenarios'?"),
    "not TOML": (("who =", "who"), "mine.toml:6: not TOML"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_claim_is_one_clear_line(results, mine, kind):
    change, words = BROKEN[kind]
    path = mine(OWN, change)
    with pytest.raises(es.EnforceSimError) as said:
        es.claims(results, ledger=path)
    message = str(said.value)
    assert words in message, message
    assert message.startswith(str(path)) and "\n" not in message and len(message) < 1500
    if kind not in (
        "no id",
        "no claim",
        "sums",
        "top key",
        "not TOML",
        "id of a wrong type",
        "mechanisms of the ledger",
    ):
        assert "mine.toml:4: claim M1: " in message


def test_two_claims_of_one_id(results, mine):
    with pytest.raises(es.EnforceSimError, match=r"claim M1: another claim has this id \(line 4\)"):
        es.claims(results, ledger=mine(OWN + OWN[OWN.index("[[claim]]") :]))


def test_a_declared_scenario_is_not_tested(results, mine):
    table = es.claims(results, ledger=mine(OWN, ('"professional_rescue"', '"elsewhere"')))
    assert table.verdict["M1"] == "not tested" and "needs the scenario elsewhere" in table.result["M1"]
    assert "elsewhere" in table.how["M1"] and np.isnan(table.probability["M1"])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\0" * 99, b"[" * 100_000, b"x" * (ledger.LARGEST + 1)])
def test_what_is_no_ledger(results, tmp_path, content):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    for wrong in (path, tmp_path, tmp_path / "none.toml"):
        with pytest.raises(es.EnforceSimError, match=re.escape(str(wrong))):
            es.claims(results, ledger=wrong)


@pytest.mark.slow
def test_the_command_line_says_what_is_broken(strong, mine, no_figures):
    refused(
        command("claims", strong, "--ledger", mine(OWN, ("factor =", "faktor ="))), "mine.toml:4: claim M1", "'factor'"
    )
    refused(command("report", strong, "--ledger", "/no/such.toml"), "/no/such.toml: cannot be read")


@settings(max_examples=effort(150, 3000), deadline=None)
@given(st.data())
def test_no_change_of_a_ledger_ends_in_a_traceback(results, data):
    """One value anywhere in a sound ledger becomes something else: judged all the same, or one line."""
    read = tomllib.loads(OWN)
    holders = []

    def walk(item):
        keys = item if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ()
        for key in keys:
            holders.append((item, key))
            walk(item[key])

    walk(read)
    holder, key = data.draw(st.sampled_from(holders))
    odd = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]), st.just({}),
        st.sampled_from(["runs", "fall", "odds", "last", "before last phase", "horizon", "-minor_days", "x/y"]),
        st.lists(st.integers(-9, 9999), min_size=2, max_size=2), st.dictionaries(st.sampled_from("abc"), st.integers()),
    )  # fmt: skip
    holder[key] = data.draw(odd)
    with contextlib.suppress(es.EnforceSimError, ledger._Wrong):
        ledger._keys(read, "ledger", "the ledger")
        sums = {**ledger.load().sums, **ledger._sums(read.get("sums", {}))}
        for claim in read["claim"] if isinstance(read["claim"], list) else []:
            ledger._claim(claim)
            es.claims(results, ledger=ledger.Known([claim], sums))


# ---- the package's own ----------------------------------------------------------------------------------


def mechanisms_of_the_model():
    text = (ROOT / "models" / "ODD.md").read_text("utf-8")
    table = text[text.index("## A. Both sides' mechanisms") : text.index("## B. What is built in")]
    rows = [line.split("|")[1].strip().lower() for line in table.splitlines() if line.startswith("|")]
    rows = [row for row in rows if row.strip("- ") and row != "mechanism" and not row.startswith("*")]
    titles = re.findall(r"^#{3,4} 7\.[\d.]+ (.+?)(?: \(`.*)?$", text, re.MULTILINE)
    return rows, [t.lower() for t in titles]


def test_mechanisms_have_the_names_of_the_model():
    """The names that a claim may rest on: each is one of the model's, and no mechanism of the model is without."""
    rows, titles = mechanisms_of_the_model()
    allowed = ledger.load().mechanisms
    for name in allowed:
        assert any(name.lower() in row for row in rows) or name.lower() in titles, name
    for row in rows:
        assert any(name.lower() in row for name in allowed), row
    assert {*titles} <= {name.lower() for name in allowed}


def test_a_declared_mechanism_is_taken(results, mine):
    """And a capital letter is no misspelling."""
    declared = ('scenarios = ["elsewhere"]', 'mechanisms = ["Luck"]')
    table = es.claims(results, ledger=mine(OWN, declared, ('["rescue operations"]', '["luck", "Court"]')))
    assert table.mechanisms["M1"] == "luck, Court"


def test_both_sides_are_treated_alike():
    claims = ledger.load().claim
    for who in ("essay", "critics"):
        own = [c for c in claims if c["who"] == who]
        assert len(own) >= 20
        assert all(c.get("test") for c in own)
        assert all(len(c.get("quote", "").split()) <= 15 for c in own)
    words = " ".join(c["says"] + c.get("why", "") for c in claims).lower()
    assert not re.search(
        r"\b(spurious|alleged|rightly|unfortunately|thankfully|prostitut\w*|whore\w*|pimp\w*)\b", words
    )


def test_each_quote_is_said_by_whom_it_is_ascribed_to():
    for claim in ledger.load().claim:
        assert claim["who"] == "essay" or claim.get("source"), claim["id"]


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM.exists(), reason="the program is not built")
def test_the_configurations_run_all_that_the_ledger_needs(tmp_path):
    """Short, in a small city: no claim may lack a scenario, a metric, a phase or a file."""
    small = ("parameters.region.venues=25", "parameters.region.districts=1", "run.burn_in=400")
    opened = {}
    for name in ("claims", "claims_unlearning", "claims_doubled"):
        out = tmp_path / f"{name}.h5"
        settings_ = [word for s in small for word in ("--set", s)]
        words = [PROGRAM, "run", ROOT / "configs" / f"{name}.cfg", "-r", "12", "-o", out, "--quiet", *settings_]
        subprocess.run(words, check=True, capture_output=True)
        opened[name.removeprefix("claims_")] = es.open(out)
    table = es.claims(opened.pop("claims"), opened)
    assert table[table.verdict == "not tested"][["result"]].to_dict() == {"result": {}}


# ---- probabilities --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(effort(40, 400)))
def test_probability_and_interval_agree(seed):
    rng = np.random.default_rng(seed)
    values = rng.gamma(0.5 + 5 * rng.random(), size=12) ** rng.choice([1, 2]) * rng.choice([-1, 1])
    low, high = interval(values)
    assert sure(values, low) == pytest.approx(0.975, abs=1e-6)
    assert sure(values, high) == pytest.approx(0.025, abs=1e-6)
    assert sure(values, low - 1) > 0.975 > sure(values, low + 1e-3 * (high - low))
    assert sure(values) == pytest.approx(1 - sure(-values), abs=1e-6)


def test_probability_of_what_is_certain_or_unknown():
    assert sure(np.full(5, 2.0)) == 1 and sure(np.full(5, -2.0)) == 0 and np.isnan(sure(np.array([1.0])))
    assert percent(0.9999) == "> 99.9 %" and percent(0) == "< 0.1 %" and percent(0.5) == "50.0 %"


def test_one_replicate_decides_nothing(results, mine):
    table = es.claims(results.isel(replicate=[0]), ledger=mine())
    assert table.verdict["M1"] == "undecided" and table.result["M1"].startswith("one replicate has no interval; ")
    assert np.isnan(table.probability["M1"]) and "one replicate" in table.attrs["note"]


def test_a_verdict_of_few_replicates_is_marked(results, mine):
    """By ?, in the list as in the table; the rule says what that means."""
    few, many = (es.claims(part, ledger=mine()) for part in (results.isel(replicate=slice(6)), results))
    assert few.few["M1"] and few.result["M1"].endswith(" ?") and "SUPPORTED ?" in listing(few)
    assert not many.few["M1"] and "?" not in many.result["M1"] and "SUPPORTED ?" not in listing(many)
    assert few.verdict["M1"] == many.verdict["M1"] == "supported"
    assert "? marks an interval not to be trusted" in few.attrs["rule"]


def test_summaries_serve_the_claims_that_need_no_moment(results):
    kept = [v for v in results.data_vars if results[v].dims != ("scenario", "replicate", "time")]
    short = results[kept]
    short.attrs["output"] = "summary"
    table = es.claims(short)
    assert table.verdict["C6"] in ("supported", "contradicted", "undecided")
    assert table.verdict["E2"] == "not tested" and 'run.output = "all"' in table.how["E2"]
    short.attrs["output"] = "quantiles"
    with pytest.raises(es.EnforceSimError, match="statistics over replicates only"):
        es.claims(short)

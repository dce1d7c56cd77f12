"""The program against itself with plain coins: `make coins` compiles the model a second time, with one coin a day for
every entity in place of event skipping (tests/coins/sim/random.h). No number is the same, but every distribution is.

Also: every process of the model that leaps has its plain coin in tests/coin_reference.c, against which
tests/test_verify_coins.c holds it.
"""

from __future__ import annotations

import os
import re
import subprocess

import enforcesim as es
import numpy as np
import pytest
from conftest import PROGRAM, ROOT, effort
from scipy.stats import ks_2samp, ttest_ind

COINS = PROGRAM.parent / "coins" / PROGRAM.name
COINS_OF_BENCH = PROGRAM.parent / "bench" / "coins" / PROGRAM.name  # those of tests/bench/coins, by another generator
FALSE_ALARM = 1e-6
REPLICATES = effort(60, 500)
CITY = """
@include "policies.cfg"
run = {{ name = "coins"; seed = 3; replicates = {replicates}; burn_in = 150; horizon = 150; record_every = 50; }};
parameters : {{
  region : {{ venues = 30; districts = 2; traffickers = 12; cities = 2; relocate_rate = 0.02; relocate_gain = 0.1; }};
  police : {{ false_lead = 0.002; }};
}};
scenarios = ( {{ name = "sweeps"; policy = "sweeps"; }},
              {{ name = "professional_rescue"; policy = "professional_rescue"; }} );
"""


@pytest.fixture(scope="module", params=[COINS, COINS_OF_BENCH], ids=["coins", "coins of bench"])
def summaries(request, tmp_path_factory):
    """Of both programs: every metric's summary, shape (scenario, replicate)."""
    folder = tmp_path_factory.mktemp("coins")
    (folder / "policies.cfg").write_text((ROOT / "configs" / "policies.cfg").read_text())
    (folder / "city.cfg").write_text(CITY.format(replicates=REPLICATES))
    found = []
    for name, program in (("leaps", PROGRAM), ("coins", request.param)):
        arguments = [program, "run", "city.cfg", "-o", f"{name}.h5", "--quiet"]
        # the coins' worlds are others from the first day on: the run of one seed is independent of that of the other
        arguments += ["--seed", "4"] if name == "coins" else []
        subprocess.run(arguments, cwd=folder, check=True)
        with es.open(folder / f"{name}.h5") as ds:
            found.append(
                {m: ds[f"summary.{m}"].transpose("scenario", "replicate").values for m in es.metrics(ds).index}
            )
    assert found[0].keys() == found[1].keys()
    return found


def samples(summaries):
    """Pairs of samples that are not constant, with their name."""
    leaps, coins = summaries
    for metric, values in leaps.items():
        for scenario in range(values.shape[0]):
            a, b = values[scenario], coins[metric][scenario]
            a, b = a[np.isfinite(a)], b[np.isfinite(b)]
            if a.size and b.size and np.ptp(np.concatenate([a, b])) > 0:
                yield f"{metric} {scenario}", a, b


@pytest.mark.verify
@pytest.mark.slow
def test_the_whole_model_is_that_of_plain_coins(summaries):
    pairs = list(samples(summaries))
    assert len(pairs) > 120
    level = FALSE_ALARM / len(pairs)  # Bonferroni, for the means and again for the distributions
    for name, a, b in pairs:
        # means of counts of hardly any event are not normal: they are left to the test of distributions
        if min(np.count_nonzero(a != np.median(a)), np.count_nonzero(b != np.median(b))) >= 20:
            assert ttest_ind(a, b, equal_var=False).pvalue > level, f"{name}: means {a.mean():g} and {b.mean():g}"
        # Kolmogorov and Smirnov; where values are tied it alarms more rarely
        assert ks_2samp(a, b, method="asymp").pvalue > level, name


@pytest.mark.slow
def test_no_number_is_the_same(summaries):
    assert all(not np.array_equal(a, b) for name, a, b in samples(summaries) if name.startswith("minor_days"))


def test_every_process_that_leaps_has_its_plain_coin():
    """A process has a line for each kind of place or person where these are thrown apart."""
    sources = {path.name: path.read_text() for path in sorted((ROOT / "models").glob("*.[ch]"))}
    declared = re.search(r"enum purpose \{(.*?)\bLINES\b", sources["world.h"], re.DOTALL)[1]
    sources["world.h"] = sources["world.h"].replace(declared, "")
    lines = set().union(*(re.findall(r"\bLINE_\w+", text) for text in sources.values()))
    assert lines == set(re.findall(r"\bLINE_\w+", declared)) and len(lines) == 27
    # every line is thrown by line_points(), which nothing but the helpers of lines.h goes around
    begun = [name for name, text in sources.items() for _ in re.findall(r"\bpoints_begin(?:_first)?\(", text)]
    assert begun == ["lines.h", "lines.h"]
    processes = {re.sub(r"_(STREET|EXPLOITED|HIDDEN)$", "", line) for line in lines}
    reference = (ROOT / "tests" / "coin_reference.c").read_text()
    assert processes == set(re.findall(r'^    \{"[^"]*", "\w+", "[\w.]+",\s+(LINE_\w+)', reference, re.MULTILINE))


def test_the_coins_have_no_leaps(tmp_path):
    """What the compiler makes of the model with -iquote tests/coins holds no call of the engine's sampler."""
    source = ["gcc", "-std=c11", "-D_GNU_SOURCE", "-iquote", "tests/coins", "-I.", "-E", "models/persons.c"]
    text = subprocess.run(source, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    own = text[text.index('# 1 "models/persons.c"') :]
    assert "= owners_seats_points(c, LINE_ESCAPE, " in own and "struct coins coins;" in text
    assert text.count("leaps_next(") == 1  # its definition
    assert os.access(COINS, os.X_OK)

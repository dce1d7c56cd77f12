"""Well-formed files that make no sense: from Python, too, a result or one line of EnforceSimError."""

from __future__ import annotations

import random
import warnings

import enforcesim as es
import h5py
import numpy as np
import pytest
import synthetic
from analysis_support import no_figures  # noqa: F401
from conftest import effort
from enforcesim import plot

#: What is put in the place of a dataset's values, and of attributes.
VALUES = (3.0, np.array([], "f8"), np.zeros((2, 2, 2, 2)), np.array(["x", "y"], dtype=object), np.int64(7), np.zeros(3))
EXTREMES = (np.nan, np.inf, -np.inf, 1e308, -1e308, 1e-320, 0.0)
WORDS = ("x", "", np.nan, np.inf, -1, 0, np.array([1, 2]), b"\xff", 1e300, "summary", "quantiles", "flow", "a b c")
AT_THE_ROOT = (
    "horizon", "burn_in", "record_every", "output", "replicates", "baseline", "seed_text", "study", "title", "history",
    "difference_baseline",
)  # fmt: skip
AT_A_DATASET = ("units", "long_name", "metric_kind", "submodel", "default", "valid_min", "flag_meanings", "role")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return synthetic.write(tmp_path_factory.mktemp("sound") / "sound.h5", replicates=2, horizon=200).read_bytes()


def spoil(file, choice):
    """One thing in the file becomes another."""
    names = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    name = choice.choice(names)
    data, kind = file[name], choice.randrange(6)
    if kind == 0:
        del file[name]
    elif kind == 1 and data.dtype.kind == "f":
        data[...] = choice.choice(EXTREMES)
    elif kind == 2:
        del file[name]
        file[name] = choice.choice(VALUES)
    elif kind == 3:
        file.attrs[choice.choice(AT_THE_ROOT)] = choice.choice(WORDS)
    elif kind == 4:
        data.attrs[choice.choice(AT_A_DATASET)] = choice.choice(WORDS)
    elif kind == 5:
        for key in [k for k in data.attrs if k not in ("CLASS", "REFERENCE_LIST")]:
            del data.attrs[key]


def use(path, page):
    """What is said of the file by all that can be asked of it."""
    said = []
    with es.open(path) as ds:
        for call in (
            es.table, es.claims, lambda d: es.compare(d, None), lambda d: es.report(d, page),
            lambda d: plot.series(d, "fear"), es.metrics, es.parameters, es.phases,
        ):  # fmt: skip
            try:
                call(ds)
            except es.EnforceSimError as reason:
                said.append(str(reason))
    return said


@pytest.mark.slow
@pytest.mark.verify
@pytest.mark.parametrize("seed", range(effort(6, 300)))
def test_python_says_it_in_one_line(sound, tmp_path, no_figures, seed):
    path, choice = tmp_path / "x.h5", random.Random(seed)
    path.write_bytes(sound)
    with h5py.File(path, "a") as file:
        for _ in range(choice.choice((1, 1, 2))):
            spoil(file, choice)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            said = use(path, tmp_path / "x.html")
        except es.EnforceSimError as reason:  # from opening it
            said = [str(reason)]
    assert all("\n" not in line and len(line) < 600 for line in said)


@pytest.mark.parametrize("name", ["horizon", "burn_in", "replicates"])
def test_a_number_that_is_none_is_named(sound, tmp_path, name):
    path = tmp_path / "x.h5"
    path.write_bytes(sound)
    with h5py.File(path, "a") as file:
        file.attrs[name] = "soon"
    with es.open(path) as ds, pytest.raises(es.EnforceSimError, match=f"attribute {name} is 'soon'"):
        es.table(ds)


def test_a_metric_of_another_shape_is_named(sound, tmp_path):
    path = tmp_path / "x.h5"
    path.write_bytes(sound)
    with h5py.File(path, "a") as file:
        del file["fear"]
        file["fear"] = 3.0
    with (
        es.open(path) as ds,
        pytest.raises(es.EnforceSimError, match="fear has not the dimensions scenario, replicate, time"),
    ):
        es.claims(ds)


@pytest.mark.parametrize("call", [es.table, es.claims, es.compare, es.report], ids=lambda call: call.__name__)
def test_arguments_that_are_wrong(call):
    with pytest.raises(es.EnforceSimError, match=r"needs a dataset as es\.open returns it, not str"):
        call("results.h5")
    with pytest.raises(TypeError, match="nonsense"):
        call(None, nonsense=1)


@pytest.mark.slow
def test_values_that_are_all_missing_are_shown_as_such(sound, tmp_path, no_figures):
    path = tmp_path / "x.h5"
    path.write_bytes(sound)
    with h5py.File(path, "a") as file:
        for name in ("minor_days", "health_coverage", "summary/minor_days", "summary/health_coverage"):
            file[name][...] = np.nan
    with es.open(path) as ds, warnings.catch_warnings():
        warnings.simplefilter("error")  # and without a warning
        warnings.filterwarnings("ignore", "one replicate")
        assert "–" in es.table(ds)
        table = es.claims(ds)
        page = es.report(ds, tmp_path / "x.html").read_text("utf-8")
    assert table.verdict["E2"] == "not tested" and "undefined in every replicate" in table.result["E2"]
    assert "undefined" in page and ">nan<" not in page.lower()

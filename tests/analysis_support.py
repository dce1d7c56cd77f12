"""What the tests of the Python package share: three results files and a way to call the command line."""

from __future__ import annotations

import contextlib
import io
import subprocess
import warnings

import enforcesim as es
import pytest
import synthetic
from enforcesim import plot
from enforcesim.__main__ import main

#: The opposite of what the essay hopes for.
AGAINST = {
    "professional_rescue": {
        "minor_days": 1.1,
        "minor_prevalence_surveyed": 0.6,
        "exploited_private": 4.0,
        "violence_police": 2.0,
        "adult_detentions": 2.0,
        "health_coverage": 0.7,
        "retrafficked": 6.0,
    },
    "no_police": {"minor_days": 0.7, "violence_client": 0.5, "violence_owner": 0.5},
}


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="session")
def strong(folder):
    return synthetic.write(folder / "strong.h5", effects=synthetic.STRONG)


@pytest.fixture(scope="session")
def null(folder):
    return synthetic.write(folder / "null.h5")


@pytest.fixture(scope="session")
def against(folder):
    return synthetic.write(folder / "against.h5", effects=AGAINST)


@pytest.fixture(scope="module")
def study(strong):
    """The file `strong`, in memory."""
    with es.open(strong) as ds:
        return ds.load()


@pytest.fixture(autouse=True)
def no_warning():
    """Of a module that imports it: a warning is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def no_figures(monkeypatch):
    """Reports without figures, which take most of a report's time."""
    monkeypatch.setattr(plot, "figures", lambda *_: {})


def command(*arguments):
    """What the command line would do, in this process: its status and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main([str(a) for a in arguments])
        except SystemExit as left:
            status = left.code
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def refused(result, *words):
    """One line on stderr that begins as it should, status 2, and no traceback."""
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith("enforcesim: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr

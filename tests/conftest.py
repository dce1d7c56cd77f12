"""What all end-to-end tests share: the program under test and a way to call it."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = Path(os.environ.get("ENFORCESIM", ROOT / os.environ.get("BUILD", "build") / "enforcesim"))

# Whether a property holds depends neither on how fast this machine is today nor on luck: the examples are the same.
settings.register_profile(
    "same", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same")


def pytest_configure(config: pytest.Config) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup(1) the programs under test would ignore it as well
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # and this one in the background of a script
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("COLUMNS", None)  # pytest's workers say 80; a pipe has no width
    config.addinivalue_line("markers", "slow: takes more than a few seconds; left out of `make check`")
    config.addinivalue_line("markers", "verify: has a longer form, which `make verify` runs; see effort()")


def effort(brief: T, full: T) -> T:
    """How much work a test does: `brief` in `make test`, `full` in `make verify`, which sets ENFORCESIM_VERIFY=1."""
    return full if os.environ.get("ENFORCESIM_VERIFY") == "1" else brief


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def program():
    """Calls the program: program("run", "x.cfg", ...) -> CompletedProcess with text output."""

    def call(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(PROGRAM), *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False, **options
        )

    return call

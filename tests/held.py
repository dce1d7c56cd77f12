"""Runs that a test meets where it wants to, whatever the machine is doing: slowed or held by tests/fault_shim.c,
awaited by what they have done and not by the clock, and gone when the test goes on."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from conftest import ROOT

SHIM = ROOT / os.environ.get("BUILD", "build") / "tests" / "fault_shim.so"
CALLS = ["malloc", "write", "sync", "rename", "close", "open", "truncate", "read", "fork", "hdf5"]
EVER = 2**63
HANGS = 300  # seconds after which we know that something hangs: nothing that a test waits for takes a tenth of it
PATIENCE = 1.5  # seconds that a run has to end by itself when it is asked to (sim/apart.c)


def fault(call: str, at: int, error: int = 0, until: int | None = None, **more: object) -> dict[str, str]:
    """The variables with which these calls of the program fail."""
    return {
        "LD_PRELOAD": str(SHIM),
        "FAULT_CALL": call,
        "FAULT_AT": str(at),
        "FAULT_UNTIL": str(at if until is None else until),
        "FAULT_ERRNO": str(error),
        **{name: str(value) for name, value in more.items()},
    }


def slowed(call: str, milliseconds: int, at: int = 1, **more: object) -> dict[str, str]:
    """With which each of these calls, from the `at`-th on, takes so long."""
    return fault(call, at, until=EVER, FAULT_PAUSE=milliseconds, **more)


def held(call: str, at: int, **more: object) -> dict[str, str]:
    """With which it comes to the `at`-th of these calls and no further for longer than any test waits."""
    return slowed(call, 2000 * HANGS, at, **more)


def calls_made(counts: Path, call: str) -> int:
    """As the shim's file tells it (FAULT_COUNTS), which may be only just made."""
    data = counts.read_bytes() if counts.exists() else b""
    return struct.unpack_from("<Q", data, 8 * CALLS.index(call))[0] if data else 0


def size(path: Path) -> int:
    """Of a file, which may not be there yet, or no longer."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def wait_until(condition: Callable[[], bool], process: subprocess.Popen | None = None, seconds: float = HANGS) -> bool:
    """False: the process has ended before that."""
    end = time.monotonic() + seconds
    while not condition():
        if process is not None and process.poll() is not None:
            return False
        assert time.monotonic() < end
        time.sleep(0.002)
    return True


# ---- processes ----


def family(pid: int) -> list[int]:
    """The process, the one that works for it, and the one that writes for that."""
    found = [pid]
    for process in found:
        with suppress(OSError):
            found += map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())
    return found


def alive(pid: int) -> bool:
    """Whether it can still do anything: nobody may ever ask for the status of one that has lost its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill(process: subprocess.Popen) -> None:
    """As a power cut would: what works for it ends with it, and holds no file any more when this returns."""
    ours = family(process.pid) if process.poll() is None else []
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=HANGS)
    wait_until(lambda: not any(map(alive, ours)))


def taken(pid: int, number: int) -> bool:
    """Whether a process that we have started has taken note of a signal, or has ended: of two that wait one is lost."""
    status = Path(f"/proc/{pid}/status").read_text()
    waiting = int(re.search(r"^ShdPnd:\s*(\w+)$", status, re.MULTILINE)[1], 16)
    return not waiting >> (number - 1) & 1 or not alive(pid)

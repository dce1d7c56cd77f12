"""How things are measured: CPU time and memory of a process with all its children, and instructions under callgrind."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
PROGRAM = BUILD / "enforcesim"
HERE = ROOT / "tests" / "bench"
CORES = len(os.sched_getaffinity(0))


@dataclass
class Spent:
    """What one run of a command cost."""

    cpu: float  # seconds, user and system, children included
    wall: float
    output: str
    status: int = 0
    memory: int = 0  # bytes: the largest process's peak, where it was asked for


# What the kernel says of a child's peak counts its parent before exec(2) as well, so the parent has to be small.
PEAK = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, flush=True)
sys.exit(status)
"""


def spend(
    command: Sequence[object],
    folder: Path | None = None,
    room: int | None = None,
    patience: float = 600,
    memory: bool = False,
) -> Spent:
    """Run a command; with `room`, in at most so many bytes of address space; `memory`: tell its peak."""
    words = [str(word) for word in command]
    if memory:
        words = [sys.executable, "-I", "-S", "-c", PEAK, *words]
    if room is not None:
        words = ["/bin/sh", "-c", f'ulimit -v {room // 1024}; exec "$@"', "sh", *words]
    with tempfile.TemporaryFile("w+") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            ["timeout", str(patience), *words], cwd=folder, stdout=output, stderr=output, text=True
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    peak = re.search(r"^peak (\d+)\n", text, re.MULTILINE) if memory else None
    kilobytes = int(peak[1]) if peak else 0
    text = text.replace(peak[0], "") if peak else text
    return Spent(usage.ru_utime + usage.ru_stime, wall, text, process.returncode, 1024 * kilobytes)


def insist(command: Sequence[object], folder: Path | None = None, **options: object) -> Spent:
    """As spend(), and the benchmark ends where the command fails."""
    spent = spend(command, folder, **options)
    if spent.status != 0:
        sys.exit(f"failed with status {spent.status}: {' '.join(map(str, command))}\n{spent.output}")
    return spent


def person_days(output: str) -> float:
    """What `run` says of itself."""
    return float(re.search(r"; ([\d.e+]+) person-days", output)[1])


def alternate(contestants: Sequence[Callable[[], Spent]], rounds: int) -> list[list[Spent]]:
    """Several rounds in each of which all have their turn: the noise of the machine meets all alike."""
    spent: list[list[Spent]] = [[] for _ in contestants]
    for _ in range(rounds):
        for mine, contestant in zip(spent, contestants, strict=True):
            mine.append(contestant())
    return spent


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def spread(values: Sequence[float]) -> str:
    """From the least to the most, as a share of the median."""
    return f"{(max(values) - min(values)) / median(values):.0%}"


class Workshop:
    """A folder for scenario files and results, and the program run in it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="enforcesim-bench-"))
        for path in (ROOT / "configs" / "essay.cfg", ROOT / "configs" / "policies.cfg", HERE / "reduced.cfg"):
            shutil.copy(path, self.folder)

    def close(self) -> None:
        shutil.rmtree(self.folder)

    @staticmethod
    def command(
        config: str, *arguments: object, program: Path = PROGRAM, out: str = "out.h5", **settings: object
    ) -> list[object]:
        """A run; settings are --set with `__` for the dot."""
        sets = [word for name, value in settings.items() for word in ("--set", f"{name.replace('__', '.')}={value}")]
        return [program, "run", config, "-o", out, "--force", *arguments, *sets]

    def run(
        self, config: str, *arguments: object, program: Path = PROGRAM, memory: bool = False, **settings: object
    ) -> Spent:
        return insist(self.command(config, *arguments, program=program, **settings), self.folder, memory=memory)

    def count(self, config: str, *arguments: object, within: str | None = None, **settings: object) -> int:
        """Instructions, of a function and what it calls or of all; counts may be made side by side."""
        words = self.command(config, *arguments, out=f"count-{threading.get_ident()}.h5", **settings)
        return instructions([*words, "-j", 1, "--quiet"], self.folder, within=within)


def instructions(command: Sequence[object], folder: Path, out: str = "/dev/null", within: str | None = None) -> int:
    """Instructions that the command executes, by callgrind; or those of one function and what it calls.

    The program forks (sim/apart.c). A forked process goes on counting from its parent's count, so the largest count is
    that of the line from the first process to the last worker, with nothing counted twice and without its parents'
    waiting, of which the number of instructions depends on the clock. The environment is emptied, for its size moves
    addresses.
    """
    options = [
        "--trace-children=yes",
        f"--callgrind-out-file={out}",
        *([f"--toggle-collect={within}"] if within else []),
    ]
    words = ["valgrind", "--tool=callgrind", *options, *map(str, command)]
    # Under valgrind brk(2) gives 8 MiB at most; malloc(3) then takes memory from elsewhere, but errno stays set, by
    # which sim/hdf.c finds that memory is short. With so large a first request malloc(3) asks once, before any file is
    # opened.
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "GLIBC_TUNABLES": "glibc.malloc.top_pad=67108864"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False)
    counts = [int(n) for n in re.findall(r"Collected : (\d+)", done.stderr)]
    if done.returncode != 0 or max(counts, default=0) == 0:
        sys.exit(f"failed under valgrind with status {done.returncode}: {' '.join(words)}\n{done.stdout}{done.stderr}")
    return max(counts)


def slope(x: Sequence[float], y: Sequence[float]) -> tuple[float, float, float]:
    """The straight line through the points: its slope, its height at 0, the largest distance from it, a share of y."""
    line = statistics.linear_regression(x, y)
    gaps = [abs(line.slope * a + line.intercept - b) / b for a, b in zip(x, y, strict=True)]
    return line.slope, line.intercept, max(gaps)


def machine() -> str:
    """One line that says what the figures were made on, and beside what."""
    text = Path("/proc/cpuinfo").read_text()
    name = re.search(r"model name\s*: (.*)", text)
    wide = next((flag for flag in ("avx512f", "avx2") if re.search(rf"\b{flag}\b", text)), "neither AVX2 nor AVX-512")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout.split("\n")
    said = "; ".join(line for line in version if line)
    return (
        f"{name[1] if name else os.uname().machine}, {CORES} cores, {wide}, {memory:.0f} GiB, Linux; "
        f"{said}; load {load:.1f} before the start, so {'beside other work' if load > 0.3 else 'on a quiet machine'}"
    )

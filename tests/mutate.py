"""Mutation check: do the tests notice when one token of the model, or of the sampler, is wrong?

Draws one-token mutants of models/ and sim/random.h at random, builds each in a copy of the last commit, and runs the
tests until one fails: first the golden results, the quickest to notice, then the C tests that compare the rules with
theory, then the Python tests that run the program. With --theory golden results are left out. What survives is listed,
to be read by somebody. A mutant that does not compile, or has the same object code (which no test could tell), is
drawn again.

    .venv/bin/python tests/mutate.py [--mutants 200] [--seed 1] [--jobs 2]
"""

from __future__ import annotations

import argparse
import concurrent.futures
import hashlib
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROMISED = 0.85
#: C tests that run the model or the sampler; no mutant of ours touches what the others test.
TESTED = re.compile(r"test_(models_|verify_(?!faults|info|streams)|random|run|neutrality)")
#: Python tests, in turn, with what selects among them.
GOLDEN = ("test_golden", "-k", "test_results_are_those_stored")
PYTHON = [("test_odd",), ("test_metamorphic",), ("test_configs",), ("test_cli",)]

#: What a token may become.
SWAPS = {
    "+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "<": "<= >=", "<=": "< >", ">": ">= <=", ">=": "> <", "==": "!=",
    "!=": "==", "&&": "||", "||": "&&", "&": "|", "|": "&", "<<": ">>", ">>": "<<", "++": "--", "--": "++", "+=": "-=",
    "-=": "+=", "*=": "/=", "/=": "*=", "&=": "|=", "|=": "&=", "true": "false", "false": "true", "break": "continue",
    "continue": "break", "MODE_NONE": "MODE_OPEN", "MODE_OPEN": "MODE_COVERT", "MODE_COVERT": "MODE_PRIVATE",
    "MODE_PRIVATE": "MODE_OPEN", "CLASS_ADULT": "CLASS_COERCED", "CLASS_COERCED": "CLASS_MINOR",
    "CLASS_MINOR": "CLASS_COERCED", "PLACE_VENUE": "PLACE_PRIVATE", "PLACE_PRIVATE": "PLACE_STREET",
    "PLACE_STREET": "PLACE_VENUE", "luck_coin": "!luck_coin",
}  # fmt: skip
TOKENS = re.compile(
    r"""(?P<skip>/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])+'|^\s*\#\s*include[^\n]*|->|\.\.\.|\\\n)
      | (?P<number>(?:0x[0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)[a-zA-Z]*)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<sign><<=|>>=|<<|>>|\+\+|--|\+=|-=|\*=|/=|&=|\|=|<=|>=|==|!=|&&|\|\||[-+*/%<>&|!])""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def replacements(token: re.Match) -> list[str]:
    """What may stand in a token's place."""
    text = token.group()
    if token["number"]:
        if re.fullmatch(r"\d+[uU]?[lL]*", text):
            digits = int(re.match(r"\d+", text).group())
            return [re.sub(r"^\d+", str(n), text) for n in ({0: [1], 1: [0, 2]}.get(digits, [digits - 1, digits + 1]))]
        try:
            return [repr(float(text) * 1.1), repr(float(text) * 0.9)] if float(text) else ["0.1"]
        except ValueError:
            return []
    if text == "!":
        return [""]
    return SWAPS.get(text, "").split()


def mutants(folder: Path, generator: random.Random):
    """Endless random one-token changes: (file, line, before, after, the whole new text)."""
    places = []
    for path in [*sorted((folder / "models").glob("*.[ch]")), folder / "sim" / "random.h"]:
        source = path.read_text()
        places += [(path.relative_to(folder), source, t) for t in TOKENS.finditer(source) if replacements(t)]
    while True:
        path, source, token = generator.choice(places)
        after = generator.choice(replacements(token))
        line = source.count("\n", 0, token.start()) + 1
        yield path, line, token.group(), after, source[: token.start()] + after + source[token.end() :]


class Copy:
    """The project in a folder of its own, to be spoilt and mended.

    Program and tests are linked to one shared library, so that a mutant costs one compilation and one link.
    """

    def __init__(self, folder: Path, golden: bool) -> None:
        self.golden = golden
        self.folder, self.environment = folder, {**os.environ, "BUILD": "build", "OMP_NUM_THREADS": "1"}
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True)
        subprocess.run(["tar", "x"], cwd=folder, input=archive.stdout, check=True)
        (folder / ".venv").symlink_to(ROOT / ".venv")
        support = [
            p
            for p in folder.glob("tests/*.c")
            if not p.name.startswith(("test_", "fault_shim", "fault_hdf", "coverage_exit"))
        ]
        support += folder.glob("tests/fuzz/fuzz*.c")
        engine = [p for p in folder.glob("sim/*.c") if not p.name.startswith("ranks_mpi")]
        sources = [*folder.glob("models/*.c"), *engine, *support]
        self.parts = [self.object(p) for p in sorted(sources) if p.name != "main.c"]
        self.programs = {f"build/tests/{p.stem}": self.object(p) for p in sorted(folder.glob("tests/test_*.c"))}
        self.programs["build/enforcesim"] = "build/sim/main.o"
        assert self.make(), "the last commit does not build"
        self.sound = self.objects()
        tests = [p for p in self.programs if TESTED.match(Path(p).name)]
        tests.sort(key=lambda p: ("models" not in p, "verify" not in p, p))
        self.tests = [p for p in tests if self.call(p, seconds=300) == 0]
        print("left out, for they fail here even without a mutant:", *sorted({*tests} - {*self.tests}), flush=True)

    def object(self, source: Path) -> str:
        return str(Path("build") / source.relative_to(self.folder).with_suffix(".o"))

    def call(self, *command: str, seconds: int) -> int | None:
        """Exit status, None when it took too long (a mutant that never ends is noticed)."""
        try:
            return subprocess.run(
                command, cwd=self.folder, env=self.environment, capture_output=True, timeout=seconds, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            return None

    def make(self) -> bool:
        """Compile what changed and link it; false when the compiler refuses."""
        flags = ["OPT=-O1", "EXTRA_CFLAGS=-g0"]
        if self.call("make", "-s", "-j1", *flags, *self.parts, *self.programs.values(), seconds=900) != 0:
            return False
        libraries = ["-fopenmp", "-lcmocka", "-lhdf5_serial_hl", "-lhdf5_serial", "-lconfig", "-lnettle", "-lz", "-lm"]
        if self.call("gcc", "-shared", *self.parts, "-o", "build/liball.so", *libraries, seconds=60) != 0:
            return False
        for program, part in self.programs.items():
            made, needs = self.folder / program, self.folder / part
            if made.exists() and made.stat().st_mtime > needs.stat().st_mtime:
                continue
            path = "-Wl,-rpath," + str(self.folder / "build")
            if self.call("gcc", part, "-o", program, "-Lbuild", "-lall", path, *libraries, seconds=60) != 0:
                return False
        return True

    def objects(self) -> str:
        return hashlib.sha256(b"".join((self.folder / p).read_bytes() for p in self.parts)).hexdigest()

    def killer(self) -> str | None:
        """The first test that fails, None when none does."""
        if self.golden and self.fails(*GOLDEN):
            return "test_golden"
        for program in self.tests:
            if self.call(program, seconds=120) != 0:
                return Path(program).name
        return next((name for name, *selection in PYTHON if self.fails(name, *selection)), None)

    def fails(self, name: str, *selection: str) -> bool:
        """Whether a file of Python tests, or what is selected of it, finds something."""
        command = (".venv/bin/python", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"tests/{name}.py")
        return self.call(*command, *selection, seconds=900) != 0

    def judge(self, mutant: tuple) -> tuple[str, str | None]:
        """("stillborn" | "same" | "killed" | "survived", by whom); the copy is sound again afterwards."""
        path, _, _, _, text = mutant
        whole = (self.folder / path).read_text()
        (self.folder / path).write_text(text)
        try:
            if not self.make():
                return "stillborn", None
            if self.objects() == self.sound:
                return "same", None
            by = self.killer()
            return ("killed", by) if by else ("survived", None)
        finally:
            (self.folder / path).write_text(whole)


def main() -> int:
    """Judge so many mutants; the exit status says whether enough of them were noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--theory", action="store_true", help="leave the golden results out")
    options = parser.parse_args()
    judged: list[tuple[int, tuple, str | None]] = []
    lock, drawn = threading.Lock(), iter(enumerate(mutants(ROOT, random.Random(options.seed))))

    def work(folder: Path) -> None:
        copy = Copy(folder, golden=not options.theory)
        while True:
            with lock:
                if len(judged) >= options.mutants:
                    return
                number, mutant = next(drawn)
            fate, by = copy.judge(mutant)
            if fate in ("stillborn", "same"):
                continue
            with lock:
                judged.append((number, mutant, by))
                print(
                    f"{len(judged):4} {fate} {mutant[0]}:{mutant[1]}: {mutant[2]} -> {mutant[3]}  {by or ''}",
                    flush=True,
                )

    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        folders = [Path(scratch) / str(i) for i in range(options.jobs)]
        for folder in folders:
            folder.mkdir()
        for done in [pool.submit(work, folder) for folder in folders]:
            done.result()
    killed = [by for _, _, by in judged if by]
    print(f"{len(killed)} of {len(judged)} mutants killed ({len(killed) / len(judged):.1%}; promised {PROMISED:.0%})")
    return 0 if len(killed) >= PROMISED * len(judged) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Same bits: one digest for every number of threads, OpenMP setting, compiler, optimisation and repetition; a digest
that covers the whole file; a file that is the same byte for byte. Short form: samples of the matrix; long form: all."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pytest
from conftest import PROGRAM, ROOT, effort

pytestmark = pytest.mark.verify

POLICIES = ("status_quo", "sweeps", "professional_rescue", "no_police")
STUDY = """
@include "policies.cfg"
run = {{ name = "bits"; seed = 5; replicates = {replicates}; burn_in = {burn_in}; horizon = {horizon};
         record_every = 10; }};
parameters : {{ region : {{ {region} }}; }};
scenarios = ( {scenarios} );
"""
# A small city; three cities among which people move; and four so large that a day is shared out among threads.
STUDIES = {
    "city": {"replicates": 7, "burn_in": 150, "horizon": 120, "region": "venues = 30; districts = 2; traffickers = 9;"},
    "region": {
        "replicates": 3, "burn_in": 100, "horizon": 80,
        "region": "cities = 3; venues = 40; districts = 2; traffickers = 12; relocate_rate = 0.05;",
    },
    "large": {"replicates": 1, "burn_in": 12, "horizon": 12, "region": "cities = 4; venues = 2000; traffickers = 500;"},
}  # fmt: skip
NAMES = [*STUDIES, "essay"]  # the last is configs/essay.cfg, cut short


def write(folder: Path, name: str) -> list[str]:
    """Makes the scenario file of a study; the arguments with which to run it."""
    if name == "essay":
        short = ["-r", "2", "--days", str(effort(60, 400)), "--set", f"run.burn_in={effort(90, 700)}"]
        return [str(ROOT / "configs" / "essay.cfg"), *short]
    (folder / "policies.cfg").write_text((ROOT / "configs" / "policies.cfg").read_text())
    scenarios = ", ".join(f'{{ name = "{policy}"; policy = "{policy}"; }}' for policy in POLICIES)
    path = folder / f"{name}.cfg"
    path.write_text(STUDY.format(scenarios=scenarios, **STUDIES[name]))
    return [str(path)]


def run(program: Path, arguments: list[str], out: Path, **environment: str) -> Path:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "SOURCE_DATE_EPOCH"))}
    done = subprocess.run(
        [str(program), "run", *arguments, "-o", str(out), "--force", "--quiet"],
        env=clean | environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


def stated(path: Path) -> str:
    with h5py.File(path) as file:
        return file.attrs["digest"].decode()


class Reference(NamedTuple):
    arguments: list[str]
    file: Path
    digest: str


@pytest.fixture(scope="module")
def references(tmp_path_factory) -> dict[str, Reference]:
    """Every study as one thread of the ordinary build runs it."""
    folder, found = tmp_path_factory.mktemp("bits"), {}
    for name in NAMES:
        arguments = write(folder, name)
        path = run(PROGRAM, [*arguments, "-j", "1"], folder / f"{name}.h5")
        found[name] = Reference(arguments, path, stated(path))
    return found


# ---- threads and OpenMP ----

THREADS = (1, 2, 3, 4, 8)
SCHEDULES = ("static", "static,1", "dynamic", "dynamic,3", "guided", "auto")
SETTINGS = (
    {},
    {"OMP_DYNAMIC": "true"},
    {"OMP_PROC_BIND": "spread", "OMP_PLACES": "threads"},
    {"OMP_PROC_BIND": "close", "OMP_WAIT_POLICY": "passive"},
    {"OMP_WAIT_POLICY": "active", "OMP_MAX_TASK_PRIORITY": "1"},
    {"OMP_NESTED": "true", "OMP_THREAD_LIMIT": "5"},
)


def combinations() -> list[tuple[int, str, dict[str, str]]]:
    """Long: all threads with all schedules, the settings in turn. Short: every value of each at least once."""
    if effort(False, True):
        pairs = itertools.product(THREADS, SCHEDULES)
        return [(t, s, SETTINGS[(t + i) % len(SETTINGS)]) for i, (t, s) in enumerate(pairs)]
    return list(zip((*THREADS, 3), SCHEDULES, SETTINGS, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_threads_schedules_and_settings_of_openmp(references, tmp_path, name):
    reference = references[name]
    for i, (threads, schedule, setting) in enumerate(combinations()):
        environment = {"OMP_SCHEDULE": schedule, **setting}
        as_option = i % 2 == 0  # or by OpenMP's own variable
        environment |= {} if as_option else {"OMP_NUM_THREADS": str(threads)}
        arguments = [*reference.arguments, *(["-j", str(threads)] if as_option else [])]
        out = run(PROGRAM, arguments, tmp_path / "o.h5", **environment)
        assert stated(out) == reference.digest, (threads, environment)


@pytest.mark.slow
def test_repeated_runs(references, tmp_path):
    for name, reference in references.items():
        for _ in range(effort(1, 10)):
            assert stated(run(PROGRAM, reference.arguments, tmp_path / "o.h5")) == reference.digest, name


# ---- compilers ----


class Build(NamedTuple):
    cc: str
    opt: str
    openmp: bool = True
    arch: str = ""
    extra: str = ""

    def __str__(self) -> str:
        return "-".join(
            part.strip("-=")
            for part in (self.cc, self.opt, "" if self.openmp else "serial", self.arch, self.extra)
            if part
        ).replace("=", "-")  # make would read a rule for a path with = in it as a variable, and rebuild nothing

    def program(self) -> Path:
        """Compiled, or as it was left by an earlier test."""
        folder = f"build/bits/{self}"
        variables = [f"CC={self.cc}", f"OPT={self.opt}", f"BUILD={folder}"]
        variables += [] if self.openmp else ["OPENMP="]
        variables += [f"ARCH={self.arch}"] if self.arch else []
        variables += [f"EXTRA_CFLAGS={self.extra}"] if self.extra else []
        made = subprocess.run(
            ["make", "-s", "-j2", "-C", str(ROOT), f"{folder}/enforcesim", *variables], capture_output=True, text=True
        )
        assert made.returncode == 0, made.stderr
        return ROOT / folder / "enforcesim"


def processor_has(*features: str) -> bool:
    flags = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").exists() else []
    return set(features) <= set(flags)


SHORT = [Build("clang", "-O2"), Build("gcc", "-O0", openmp=False)]
LONG = [Build(cc, opt) for cc in ("gcc", "clang") for opt in ("-O0", "-O2", "-O3")]
LONG += [Build(cc, "-O3", openmp=False) for cc in ("gcc", "clang")]
if processor_has(
    "avx2", "fma", "bmi2"
):  # code for other processors: with instructions that round a*b + c once, among others
    LONG += [
        Build(cc, "-O3", arch=f"-march={arch}") for cc in ("gcc", "clang") for arch in ("x86-64", "x86-64-v3", "native")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("build", effort(SHORT, LONG), ids=str)
def test_compilers_and_optimisations(references, tmp_path, build):
    program = build.program()
    for name, reference in references.items():
        out = run(program, [*reference.arguments, "-j", "2"], tmp_path / "o.h5")
        assert stated(out) == reference.digest, name


@pytest.mark.skipif(
    not effort(False, processor_has("avx2", "fma", "bmi2")), reason="only in the long form, on such a processor"
)
def test_the_matrix_sees_another_rounding(references, tmp_path):
    """Positive control: with a*b + c rounded once, which our flags forbid, the digest of some study is another."""
    program = Build("clang", "-O3", arch="-march=x86-64-v3", extra="-ffp-contract=fast").program()
    assert any(
        stated(run(program, reference.arguments, tmp_path / "o.h5")) != reference.digest
        for reference in references.values()
    )


# Switches glibc's own choice of code by processor to that for the oldest.
OLD_PROCESSOR = ",".join(f"-{name}" for name in ("AVX2_Usable", "FMA_Usable", "AVX2", "FMA", "FMA4", "AVX512F", "AVX"))


def test_a_c_library_on_an_older_processor(references, tmp_path):
    for name, reference in references.items():
        out = run(PROGRAM, reference.arguments, tmp_path / "o.h5", GLIBC_TUNABLES=f"glibc.cpu.hwcaps={OLD_PROCESSOR}")
        assert stated(out) == reference.digest, name


# ---- the file ----


def test_equal_runs_write_equal_bytes(references, tmp_path):
    """The same command, with other numbers of threads."""
    files = []
    for threads in ("1", "2", "8"):
        out = run(
            PROGRAM,
            references["city"].arguments,
            tmp_path / "o.h5",
            SOURCE_DATE_EPOCH="1333238400",
            OMP_NUM_THREADS=threads,
        )
        files.append(out.read_bytes())
        out.unlink()
    assert files[0] == files[1] == files[2]


def test_only_the_time_of_creation_tells_runs_apart(references, tmp_path):
    """At two times: no byte differs but those of the time, and the checksum of the block that holds it."""
    files = []
    for environment in ({"SOURCE_DATE_EPOCH": "1333238400"}, {}):
        out = run(PROGRAM, references["city"].arguments, tmp_path / "o.h5", **environment)
        files.append(out.read_bytes())
        with h5py.File(out) as file:
            created = file.attrs["created"]
        assert files[-1].count(created) == 1
        files[-1] = files[-1].replace(created, b"?" * len(created))
        out.unlink()
    assert len(files[0]) == len(files[1])
    differing = [i for i, (a, b) in enumerate(zip(*files, strict=True)) if a != b]
    assert 0 < len(differing) <= 4 and differing[-1] - differing[0] < 4, differing


# ---- what the digest covers ----

OF_THE_MAKING = {"created", "history", "compiler", "git_commit", "digest"}


def canonical(values: np.ndarray, wide: bool) -> bytes:
    """Numbers and texts in the words of sim/results.h."""
    if values.dtype.kind == "f":
        values = values.astype("<f8")
        return (
            np.where(np.isnan(values), struct.unpack("<d", bytes.fromhex("000000000000f87f")), values)
            .astype("<f8")
            .tobytes()
        )
    if values.dtype.kind in "iu":
        return values.astype(("<i8" if values.dtype.kind == "i" else "<u8") if wide else "<i4").tobytes()
    return b"".join(bytes(text) + b"\0" for text in values.ravel())


def content_of_attribute(attribute: h5py.h5a.AttrID) -> bytes:
    type_ = attribute.get_type()
    if isinstance(type_, h5py.h5t.TypeStringID) and not type_.is_variable_str():
        raw = np.empty((), dtype=type_.dtype)
        attribute.read(raw)
        return b"text\0" + bytes(raw[()]) + b"\0"
    kinds = {h5py.h5t.FLOAT: b"real\0", h5py.h5t.INTEGER: b"whole\0"}
    if type_.get_class() not in kinds:
        return b"other\0"
    raw = np.empty(attribute.shape, dtype=attribute.dtype)
    attribute.read(raw)
    return kinds[type_.get_class()] + canonical(raw, wide=True)


def computed(path: Path) -> str:
    """The digest as results.h words it, by another program than ours."""
    contents: dict[bytes, bytes] = {}

    def note_attributes(path: str, thing: h5py.HLObject) -> None:
        for name in thing.attrs:
            if path or name not in OF_THE_MAKING:
                contents[f"{path}@{name}".encode()] = content_of_attribute(h5py.h5a.open(thing.id, name.encode()))

    def note(path: str, thing: h5py.HLObject) -> None:
        if isinstance(thing, h5py.Group):
            path += "/"
            contents[path.encode()] = b""
        else:
            contents[path.encode()] = canonical(np.asarray(thing[()]), wide=False)
        note_attributes(path, thing)

    with h5py.File(path) as file:
        note_attributes("", file)
        file.visititems(note)
    whole = hashlib.sha256()
    for name, content in sorted(contents.items()):
        whole.update(name + b"\0" + hashlib.sha256(content).digest())
    return whole.hexdigest()


@pytest.mark.parametrize("name", ["city", "region"])
def test_the_digest_is_what_the_header_says(references, name):
    assert computed(references[name].file) == references[name].digest


def set_attribute(thing: h5py.HLObject, name: str) -> None:
    """Another value of the same type, or another type where there is no value to change."""
    attribute = h5py.h5a.open(thing.id, name.encode())
    raw = np.empty(attribute.shape, dtype=attribute.dtype)
    if attribute.dtype.kind not in "Sfiu":
        del thing.attrs[name]
        return
    attribute.read(raw)
    if attribute.dtype.kind == "S":
        text = bytes(raw[()])
        raw[()] = (b"?" if text[:1] != b"?" else b"!") + text[1:]
    else:
        raw.flat[0] = 0 if np.isnan(raw.flat[0]) else raw.flat[0] + 1
    attribute.write(raw)


def set_value(dataset: h5py.Dataset) -> None:
    values = dataset[()]
    if dataset.dtype.kind == "O" and dataset.shape == ():
        dataset[()] = values + b" "
    elif dataset.dtype.kind == "O":
        dataset[0] = values[0] + b"x"
    else:
        first = values[(0,) * dataset.ndim]
        dataset[(0,) * dataset.ndim] = 1 if first != first else first + 1  # NaN + 1 is NaN


def places(path: Path) -> list[tuple[str, str | None]]:
    """Everything that can be changed: a dataset's value (None) or an attribute by name. Short form: one of a kind."""
    found: list[tuple[str, str | None]] = []
    seen: set[tuple[str, ...]] = set()

    def note(path: str, thing: h5py.HLObject) -> None:
        for name in (*(() if isinstance(thing, h5py.Group) else (None,)), *thing.attrs):
            kind = (path.partition("/")[0] if "/" in path else "", str(getattr(thing, "dtype", "")), str(name))
            if effort(path not in ("/", "") and kind in seen, False):
                continue
            seen.add(kind)
            found.append((path, name))

    with h5py.File(path) as file:
        note("/", file)
        file.visititems(note)
    return found


@pytest.mark.slow
def test_a_change_of_anything_is_noticed(program, references, tmp_path):
    original, copy = references["city"].file, tmp_path / "changed.h5"
    changed = places(original)
    assert len(changed) > 60
    for path, name in changed:
        shutil.copy(original, copy)
        with h5py.File(copy, "r+") as file:
            if name is None:
                set_value(file[path])
            else:
                set_attribute(file[path], name)
        told = program("info", copy)
        if path == "/" and name in OF_THE_MAKING - {"digest"}:
            assert told.returncode == 0, (path, name, told.stderr)
        else:
            assert told.returncode != 0 and told.stderr, (path, name)


def test_additions_and_losses_are_noticed(program, references, tmp_path):
    original, copy = references["city"].file, tmp_path / "changed.h5"
    changes = [
        lambda file: file.create_group("notes"),
        lambda file: file["config"].create_dataset("note", data=[1, 2]),
        lambda file: file["parameters"].attrs.create("note", np.bytes_(b"tuned")),
        lambda file: file.attrs.create("note", 1.0),
        lambda file: file.__delitem__("config/phase_day"),
        lambda file: file.__delitem__("parameters/police.leak"),
        lambda file: file["minors_present"].attrs.__delitem__("units"),
        lambda file: file.move("parameters/police.leak", "parameters/police.leek"),
    ]
    for change in changes:
        shutil.copy(original, copy)
        with h5py.File(copy, "r+") as file:
            change(file)
        assert program("info", copy).returncode != 0

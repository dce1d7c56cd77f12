"""What is built resists misuse: flags of compiler and linker, no shell, no unbounded copy, no chance but the keyed."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from conftest import PROGRAM, ROOT
from test_layers import BUILD, LIBRARY, names, objects, sources

#: A build for a sanitizer or without optimisation has other checks in their place; `flags` is what the Makefile notes.
FLAGS = (BUILD / "flags").read_text() if (BUILD / "flags").exists() else ""
PLAIN = "-fsanitize" not in FLAGS and "-O0" not in FLAGS and "--coverage" not in FLAGS


def readelf(*arguments: object) -> str:
    return subprocess.run(["readelf", "-W", *map(str, arguments)], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("path", [PROGRAM, LIBRARY], ids=["program", "library"])
def test_the_loader_protects_what_is_loaded(path):
    header, segments, dynamic = readelf("-h", path), readelf("-l", path), readelf("-d", path)
    assert re.search(r"Type: +DYN", header)  # position independent
    assert "GNU_RELRO" in segments and re.search(r"\bBIND_NOW\b|Flags:.*\bNOW\b", dynamic)  # full RELRO
    assert re.search(r"GNU_STACK .* RW +0x", segments)  # a stack that is not executable
    for line in segments.splitlines():
        assert not re.search(r"LOAD .* RWE ", line), line
    assert "TEXTREL" not in dynamic
    # Libraries come from the system: clang names its own folder there for OpenMP.
    for searched in re.findall(r"\(R(?:UN)?PATH\).*\[(.*)\]", dynamic):
        assert all(folder.startswith("/usr/lib/") and ".." not in folder for folder in searched.split(":")), searched
    if path == PROGRAM:
        assert re.search(r"Flags:.*\bPIE\b", dynamic)


def test_the_program_brings_no_library_that_speaks_to_servers():
    """The shared HDF5 loads libcurl, Kerberos and LDAP, for files on servers; Debian 12's static one needs none."""
    if not Path("/etc/debian_version").exists() or not Path("/etc/debian_version").read_text().startswith("12."):
        pytest.skip("elsewhere the Makefile falls back to the shared HDF5 where the static one cannot be linked")
    needed = set(re.findall(r"\(NEEDED\).*\[(\w+)[-.]", readelf("-d", PROGRAM)))
    assert "libc" in needed and not {name for name in needed if re.match(r"libhdf5|libcurl|libssl|libcrypto", name)}


@pytest.mark.skipif(not PLAIN, reason="built for a sanitizer, for coverage or without optimisation")
def test_the_compiler_guards_stacks_and_copies():
    for path in (PROGRAM, LIBRARY):
        assert "__stack_chk_fail" in names(path, "-D", "--undefined-only"), path
    checked = {name for name in names(PROGRAM, "-D", "--undefined-only") if name.endswith("_chk")}
    assert {"__snprintf_chk", "__memcpy_chk"} <= checked
    # Level 3 follows sizes that are known only when the program runs; where the compiler has it, we have it.
    compiler = FLAGS.split()[0]
    words = [
        compiler,
        "-O2",
        "-D_FORTIFY_SOURCE=3",
        "-Werror",
        "-fsyntax-only",
        "-include",
        "stdio.h",
        "-xc",
        "/dev/null",
    ]
    level = 3 if subprocess.run(words, capture_output=True, check=False).returncode == 0 else 2
    make = subprocess.run(
        ["make", "-n", "-W", "sim/error.c", f"CC={compiler}", f"BUILD={BUILD}", f"{BUILD}/sim/error.o"],
        cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ, "MAKEFLAGS": ""},
    )  # fmt: skip
    compiled = [line for line in make.stdout.splitlines() if "-c sim/error.c" in line]
    assert compiled and all(f"-D_FORTIFY_SOURCE={level}" in line for line in compiled)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="of x86-64")
@pytest.mark.skipif(not PLAIN, reason="built for a sanitizer, for coverage or without optimisation")
def test_jumps_and_returns_are_marked():
    # In every object of ours: the C library's own start-up code, linked to them, may lack the mark.
    for path in objects("sim") + objects("models"):
        properties = readelf("-n", path)
        assert "IBT" in properties and "SHSTK" in properties, path
    assert "-fstack-clash-protection" in FLAGS


# ---- what the sources may not call ----------------------------------------------------------------------

#: pattern: the files that may call it
CALLS = {
    # Programs and shells: we start none.
    r"system|popen|exec(l|le|lp|lpe|v|ve|vp|vpe|veat)|fexecve|posix_spawnp?|vfork|wordexp|dlopen|dlmopen": set(),
    r"fork|clone": {"apart", "command_info"},
    # Copies and names without bounds.
    r"gets|strcpy|stpcpy|strcat|v?sprintf|strncpy|strncat|tmpnam|tempnam|mktemp|alloca|strtok": set(),
    r"(v?[sf]?scanf)": {"sandbox"},
    # Chance other than sim/random.h, whose every draw is keyed; the clock is for progress, dates and patience only.
    r"s?rand(_r)?|s?random(_r)?|[dejlmn]rand48(_r)?|srand48|seed48|initstate|getrandom|getentropy|arc4random.*": set(),
    r"time|clock|gettimeofday|clock_gettime|ftime|times": {"apart", "running_core", "progress", "journal", "ranks_mpi"},
    # The environment changes no number: a date, what launchers say of processes and threads, colour on a terminal.
    r"getenv|secure_getenv|setenv|putenv": {"running_core", "command", "ranks_none", "ranks_mpi_join"},
}


def plain(name: str) -> str:
    """A function's name without what the C library's headers make of it."""
    return re.sub(r"^_*(isoc99_|isoc23_)?|_chk$|64$", "", name)


def test_no_source_calls_what_it_should_not():
    for path in objects("sim") + objects("models"):
        for name in map(plain, names(path, "--undefined-only")):
            for pattern, allowed in CALLS.items():
                assert not re.fullmatch(pattern, name) or path.stem in allowed, f"{path} calls {name}"


def test_what_may_call_does():
    """The list above names real callers only, so that it is not wider than it need be."""
    for pattern, allowed in CALLS.items():
        for stem in allowed:
            wanted = map(plain, names(BUILD / "sim" / f"{stem}.o", "--undefined-only"))
            assert any(re.fullmatch(pattern, name) for name in wanted), f"{stem}: {pattern}"


def test_the_environment_is_asked_for_a_date_and_by_ranks_for_each_other():
    found = {path.stem: re.findall(r"\bgetenv\(([^)]*)\)", path.read_text()) for path in sources("sim", "*.c")}
    launchers = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "OMP_NUM_THREADS"}
    assert found["running_core"] == ['"SOURCE_DATE_EPOCH"'] and found["command"] == ['"TERM"', '"NO_COLOR"']
    of_ranks = {stem: names for stem, names in found.items() if names and stem not in ("running_core", "command")}
    assert {name.strip('"') for names in of_ranks.values() for name in names} == launchers
    assert set(of_ranks) == {"ranks_none", "ranks_mpi_join"}


INTEGERS = r"(?:u?int(?:8|16|32|64)?_t|size_t|ptrdiff_t|unsigned|int|long|bool)"


def floating_reductions(text: str) -> list[str]:
    """Variables of OpenMP reductions that are not declared as whole numbers in the same file."""
    text = text.replace("\\\n", " ")
    found = []
    for clause in re.findall(r"#\s*pragma\s+omp\b[^\n]*?\breduction\s*\(([^)]*)\)", text):
        for name in clause.partition(":")[2].split(","):
            name = re.sub(r"\[.*", "", name).strip()
            others = re.sub(r"#\s*pragma[^\n]*", "", text)
            declared = re.findall(
                rf"\b(\w+)(?:\s+|\s*\*\s*)(?:[\w\s=,\[\]*]*[\s*,])?{re.escape(name)}\b\s*(?:=|;|,|\[|\))", others
            )
            if not any(re.fullmatch(INTEGERS, kind) for kind in declared) or {"double", "float"} & set(declared):
                found.append(name)
    return found


def test_threads_never_add_up_fractions():
    """The order of such a sum depends on the number of threads: integers may be reduced, doubles go by sim/tally.c."""
    for path in sources("sim") + sources("models"):
        text = path.read_text()
        assert not floating_reductions(text), path
        assert not re.search(r"#\s*pragma\s+omp\s+(atomic|critical|declare\s+reduction)", text), path


def test_the_rule_against_fractions_works():
    pragma = "#pragma omp parallel for reduction(+ : sum)\nfor (;;) sum += x[i];"
    assert floating_reductions(f"double sum = 0;\n{pragma}") == ["sum"]
    assert floating_reductions(f"double a, sum = 0;\n{pragma}") == ["sum"]
    assert floating_reductions(f"float sum;\n{pragma}") == ["sum"]
    assert floating_reductions(f"int64_t sum = 0;\n{pragma}") == []
    assert floating_reductions(pragma) == ["sum"]  # declared who knows where

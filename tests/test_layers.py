"""Who may know whom: the engine never the model, sub-models never the machinery, the core nothing of files, the
library nothing of terminals, processes and signals."""

from __future__ import annotations

import functools
import os
import re
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

BUILD = ROOT / os.environ.get("BUILD", "build")
LIBRARY = BUILD / "libenforcesim.so"
# The files of sim/ that do no input or output, and those that the library has besides: to read scenario files and
# designs, and to make a results file in memory.
CORE = {
    "error", "field", "study", "study_copy", "exchange", "tally", "run", "run_job", "run_crew", "run_world", "points",
}  # fmt: skip
LIBRARY_TOO = {
    "embed", "running_core", "command_whole", "tables", "drift", "version",
    "config", "config_override", "config_policy", "config_resolve", "config_scan", "config_text", "config_write",
    "input", "design", "files", "digest", "record", "journal", "journal_aggregate", "aggregate", "quantile",
    "hdf", "hdf_digest", "hdf_memory", "hdf_read", "hdf_scales", "memory", "provenance",
    "results", "results_digest", "results_quantiles", "results_replicates",
}  # fmt: skip

# What the external names of sim/FILE.c begin with, where it is not the first word of the file's own name.
PREFIXES = {
    "field": ("field_", "parameter_", "metric_"),  # the rows that field.h describes
    "study": ("study_", "model_"),  # a model seen through its study
    "run": ("study_run",),
    "main": ("main",),
    "points": ("points_", "coins_", "coin_row_"),  # all come in batches of the same words
}
# What would show, stop, outlive or end the process that has loaded the library.
OF_PROGRAMS = re.compile(
    r"(v?printf|puts|putchar|perror|stdout|stderr|stdin|__v?printf_chk|fopen|fopen64|freopen|fdopen|dup[23]?"
    r"|v?fork|execv?p?e?|execl[ep]?|posix_spawnp?|system|popen|kill|raise|wait(pid)?|prctl"
    r"|exit|_exit|_Exit|quick_exit|at(_quick)?exit|abort|__assert_fail|signal|sigaction|sigprocmask|pthread_sigmask|alarm"
    r"|set_?locale|setenv|putenv|unsetenv|chdir|umask|getopt.*|opt(ind|arg|err|opt)|rand|srand|strtok|localtime|gmtime|mkdir)"
)
# What a sub-model may include of the engine.
FOR_MODELS = {f"sim/{name}.h" for name in ("model", "field", "random", "portable_math", "error")}
FILES_AND_EXITS = re.compile(
    r"(f?printf|vf?printf|puts|fputs|putc(har)?|fputc|fwrite|fread|fopen|fopen64|fdopen|freopen|fclose|fflush|perror|stdout|stderr"
    r"|open|openat|open64|creat|p?write|p?read|unlink|rename|system|exit|_exit|_Exit|quick_exit|abort|signal|sigaction"
    r"|__assert_fail|__(v?f?printf|fprintf)_chk|H5.*|config_.*|nettle_.*|crc32.*|journal_.*|results_.*)"
)


def includes(path: Path) -> list[str]:
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


@functools.cache
def names(path: Path, *options: str) -> frozenset[str]:
    """The symbols that nm lists, without their versions."""
    out = subprocess.run(["nm", "-P", *options, str(path)], capture_output=True, text=True, check=True).stdout
    return frozenset(line.split()[0].partition("@")[0] for line in out.splitlines() if line.strip())


def sources(folder: str, pattern: str = "*.[ch]") -> list[Path]:
    found = sorted((ROOT / folder).glob(pattern))
    assert found
    return found


def objects(folder: str) -> list[Path]:
    """The object of every source that there is now: a build folder may hold others, of files since removed."""
    built = [BUILD / folder / f"{source.stem}.o" for source in sources(folder, "*.c")]
    missing = [str(path) for path in built if not path.exists()]
    if missing:
        pytest.fail(f"not built: {', '.join(missing)}")
    return built


def test_the_engine_includes_no_model():
    for path in sources("sim"):
        assert not [name for name in includes(path) if "models" in name], path


@pytest.mark.slow
def test_the_engine_links_without_the_model():
    model = set().union(*(names(path, "--defined-only", "-g") for path in objects("models")))
    engine = set().union(*(names(path, "--defined-only", "-g") for path in objects("sim")))
    assert "model" in model
    for path in objects("sim"):
        wanted = names(path, "--undefined-only") & (model - engine)
        assert wanted <= ({"model"} if path.stem in ("main", "embed") else set()), path


def test_includes_of_the_model():
    own = {str(path.relative_to(ROOT)) for path in sources("models", "*.h")}
    for path in sources("models"):
        for name in includes(path):
            if (ROOT / name).exists() or ("/" in name and name.split("/")[0] in ("sim", "models", "tests")):
                assert name in own or name in FOR_MODELS, f"{path} includes {name}"
            else:
                assert name not in ("omp.h", "stdio.h", "hdf5.h", "libconfig.h", "pthread.h", "time.h"), (
                    f"{path} includes {name}"
                )


def test_machinery_stays_in_its_place():
    places = {
        "omp.h": {"run.c", "ranks_mpi_join.c"},
        "mpi.h": {"ranks_mpi.c", "ranks_mpi_join.c", "ranks_mpi_parts.c"},
        "libconfig.h": {"config_tree.h"},
        "hdf5.h": {"hdf.h"},
        "hdf5_hl.h": {"hdf.c"},
        "Random123/philox.h": {"random.h"},
    }
    for path in sources("sim") + sources("models"):
        for name in includes(path):
            assert path.name in places.get(name, {path.name}), f"{path} includes {name}"


def test_hdf5_is_called_as_version_1_10_has_it():
    """Later ones have other forms of some functions, unless they are told which are meant before they are included."""
    text = (ROOT / "sim" / "hdf.h").read_text()
    assert re.search(r"^#define H5_USE_110_API\b.*\n#include <hdf5.h>$", text, re.MULTILINE)


def test_only_info_opens_a_results_file():
    """HDF5 fails on hostile files: nothing but the sandboxed child of `info` hands it one."""
    users = {
        r"H5Fopen|H5Fopen_async|H5Fis_hdf5|H5Fis_accessible|H5Fmount|H5LTopen_file_image|H5FD.*|H5Freopen": {"hdf"},
        r"hdf_open": {"results_info"},
        r"results_info": {"command_info"},
    }
    for path in objects("sim") + objects("models"):
        wanted = names(path, "--undefined-only")
        for pattern, allowed in users.items():
            found = [name for name in wanted if re.fullmatch(pattern, name)]
            assert not found or path.stem in allowed, f"{path} calls {found}"
    assert "results_info" in names(BUILD / "sim" / "command_info.o", "--undefined-only")


def test_external_names_begin_with_their_file():
    for path in objects("sim"):
        allowed = PREFIXES.get(path.stem, (path.stem.split("_")[0] + "_",))
        for name in names(path, "--defined-only", "-g"):
            assert name.startswith(allowed), f"{name} of {path}"


def test_every_external_name_is_declared_in_a_header():
    declared = "\n".join(path.read_text() for path in sources("sim", "*.h"))
    for path in objects("sim"):
        for name in names(path, "--defined-only", "-g") - {"main"}:
            assert re.search(rf"\b{name}\b", declared), f"{name} of {path}"


def test_the_core_touches_no_file_and_ends_no_program():
    inside = set().union(*(names(path, "--defined-only", "-g") for path in core_objects()))
    wanted = set().union(*(names(path, "--undefined-only") for path in core_objects())) - inside
    assert {"malloc", "memcpy"} <= wanted
    assert not [name for name in wanted if FILES_AND_EXITS.fullmatch(name)]


def test_the_library_shows_starts_and_ends_nothing():
    wanted = names(LIBRARY, "-D", "--undefined-only")
    assert {"malloc", "memfd_create", "open_memstream"} <= wanted
    assert not [name for name in wanted if OF_PROGRAMS.fullmatch(name)]


def test_no_number_comes_from_the_library_of_mathematics():
    """Its last bits differ between machines (sim/portable_math.h); exact are only roots, rounding and comparing."""
    exact = {"sqrt", "lround", "floor", "ceil", "fmin", "fmax", "fabs"}
    mathematics = re.compile(
        r"(a?(cos|sin|tan)h?|atan2|cbrt|exp(2|10|m1)?|log(2|10|1p|b)?|pow|hypot|fma|erfc?|[lt]gamma)(f|l)?"
    )
    wanted = {name for path in core_objects() for name in names(path, "-u")}
    assert wanted & exact, "nm tells nothing"
    assert not {name for name in wanted if mathematics.fullmatch(name)}


def core_objects() -> list[Path]:
    return [path for path in objects("sim") if path.stem in CORE] + objects("models")


def library_objects() -> list[Path]:
    return core_objects() + [path for path in objects("sim") if path.stem in LIBRARY_TOO]


def test_the_library_keeps_no_state():
    """Nothing of ours can be written to: constants with addresses in them are read-only once the program is loaded."""
    for path in library_objects():
        out = subprocess.run(
            ["nm", "-f", "sysv", "--defined-only", str(path)], capture_output=True, text=True, check=True
        ).stdout
        for line in out.splitlines():
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) < 7 or cells[3] not in ("OBJECT", "TLS", "COMMON"):
                continue
            if re.match(r"__(asan|ubsan|odr_asan|tsan|gcov|llvm|prof|sancov)", cells[0]):
                continue  # of an instrumented build
            assert re.match(r"\.(rodata|data\.rel\.ro)", cells[6]), f"{cells[0]} of {path} lies in {cells[6]}"


def test_the_library_is_what_the_makefile_says():
    defined = names(LIBRARY, "-D", "--defined-only")
    assert {"study_run", "study_init", "model", "embed_begin", "embed_run", "embed_results"} <= defined
    ours = set().union(*(names(path, "--defined-only", "-g") for path in library_objects()))
    assert ours <= defined
    assert defined <= ours | {"_init", "_fini", "__bss_start", "_edata", "_end"}

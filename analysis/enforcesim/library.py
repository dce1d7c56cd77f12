"""The simulation as a library: finding libenforcesim, loading it, and what Python calls of it (sim/embed.h)."""

from __future__ import annotations

import functools
import os
import shutil
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cffi

from . import files
from .files import EnforceSimError

NAME = "libenforcesim.so"
#: The interface that this package was written for; sim/embed.h counts them.
API = 1
#: sim/embed.h and sim/error.h, as far as they are used here.
DECLARATIONS = """
int embed_api(void);
const char *embed_version(void);
struct error { int kind; char text[1024]; };
struct embed_request {
    const char *config;
    const char *const *set;
    const char *const *said;
    size_t n_set;
    const char *const *scenarios;
    size_t n_scenarios;
    const char *threads;
    const char *design;
    const char *design_text;
    const char *history;
};
struct embed_progress { uint64_t person_days; uint32_t done, units; };
struct embed;
struct embed *embed_begin(const struct embed_request *request, struct error *e);
int embed_run(struct embed *study, struct error *e);
void embed_stop(struct embed *study);
void embed_progress(const struct embed *study, struct embed_progress *progress);
const char *embed_warnings(const struct embed *study);
void *embed_results(struct embed *study, size_t *size, struct error *e);
void embed_end(struct embed *study);
char *embed_parameters(const char *group, struct error *e);
char *embed_metrics(struct error *e);
void embed_free(void *memory);
"""
FUNCTIONS = ("begin", "run", "stop", "progress", "warnings", "results", "end", "parameters", "metrics", "free")
ffi = cffi.FFI()
ffi.cdef(DECLARATIONS)
# Types by name are looked up under a lock of cffi's, which the child of a fork may find closed for ever.
ERROR = ffi.typeof("struct error *")
REQUEST = ffi.typeof("struct embed_request *")
PROGRESS = ffi.typeof("struct embed_progress *")
SIZE = ffi.typeof("size_t *")
TEXT = ffi.typeof("char []")
TEXTS = ffi.typeof("const char *[]")

#: For what one thread does at a time: loading the library, and all that HDF5 does in it. A process is not forked amid
#: that, for its child would have it as it was then.
guard = threading.RLock()
os.register_at_fork(
    before=lambda: guard.acquire(), after_in_parent=lambda: guard.release(), after_in_child=lambda: guard.release()
)


def candidates() -> list[str]:
    """Where the library is looked for, in order: $ENFORCESIM_LIBRARY alone where it is set, else all others.

    These are the source tree's build/, the lib/ beside the program `enforcesim` on the PATH, that of this Python's
    prefix, and wherever the system's loader looks.
    """
    named = os.environ.get("ENFORCESIM_LIBRARY")
    if named:
        return [named]
    places = [Path(__file__).resolve().parents[2] / "build" / NAME]
    program = shutil.which("enforcesim")
    if program:
        places.append(Path(program).resolve().parent.parent / "lib" / NAME)
    places.append(Path(sys.prefix) / "lib" / NAME)
    return [str(p) for p in places if p.exists()] + [NAME]


def load() -> Any:
    """The functions embed_NAME by their NAME; loaded once in a process. EnforceSimError where none are that fit."""
    path = candidates()[0]
    with guard:
        return _loaded(path)


@functools.cache
def _loaded(path: str) -> SimpleNamespace:
    try:
        # RTLD_LOCAL: the library's HDF5 and that of h5py do not see each other.
        library = ffi.dlopen(path, ffi.RTLD_NOW | ffi.RTLD_LOCAL)
    except OSError as reason:
        what = f"{path}: the library cannot be loaded ({_reason(reason)})"
        if path == NAME:
            what = f"{NAME} is not found: the simulation is not built, or not installed"
        raise EnforceSimError(f"{what}; run make, or set ENFORCESIM_LIBRARY to its path") from reason
    try:
        found = library.embed_api()
    except AttributeError:
        found = 0
    if found != API:
        older = "older" if found < API else "newer"
        raise EnforceSimError(
            f"{path}: the library is {older} than this package (interface {found}, not {API}); use those of one version"
        )
    return SimpleNamespace(**{name: getattr(library, f"embed_{name}") for name in FUNCTIONS})


def _reason(reason: OSError) -> str:
    """What the loader says, without what cffi says around it."""
    said = (str(reason).splitlines() or [""])[0].partition("': ")[2].partition(".  Additionally")[0]
    return files.text(said)[:300]


def raise_if(error: Any) -> None:
    """Raise what the library says is wrong."""
    if error.kind != 0:
        raise EnforceSimError(ffi.string(error.text).decode("utf-8", "replace"))


def json_of(table: str, *arguments: object) -> str:
    """What `enforcesim params` or `metrics` prints with --format json: the text of embed_TABLE."""
    error, library = ffi.new(ERROR), load()
    made = getattr(library, table)(*arguments, error)
    if made == ffi.NULL:
        raise_if(error)
    try:
        return ffi.string(made).decode("utf-8")
    finally:
        library.free(made)

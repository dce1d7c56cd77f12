"""What `make install` puts where, and that others can build on it: programs in C and C++, and the Python package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from enforcesim import library

BUILD = os.environ.get("BUILD", "build")
PREFIX = "/opt/my own"
# Runs the scenario file it is given and says how many bytes its results have.
USER = """
#include <stdio.h>
#include <sim/embed.h>
int main(int argc, char **argv)
{
    struct error error = {0};
    const struct embed_request request = {.config = argv[1], .history = "a test"};
    size_t size = 0;
    if (argc != 2 || embed_api() != EMBED_API) return 3;
    struct embed *study = embed_begin(&request, &error);
    if (study == NULL || embed_run(study, &error) != 0) return fprintf(stderr, "%s\\n", error.text), 1;
    void *bytes = embed_results(study, &size, &error);
    printf("%zu\\n", size);
    embed_free(bytes);
    embed_end(study);
    return bytes == NULL;
}
"""
STUDY = """run = { name = "small"; replicates = 2; burn_in = 40; horizon = 60; };
parameters : { region : { venues = 8; districts = 1; traffickers = 3; }; };
policies : { status_quo : { }; };
scenarios = ( { name = "status_quo"; policy = "status_quo"; } );
"""


def said(*command: str | Path, **options: object) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Of what is built already (-o all): a blank stands in both parts of its path."""
    place = tmp_path_factory.mktemp("a place")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    make = ("make", "-s", "-C", ROOT, "-o", "all", "install", f"BUILD={BUILD}")
    said(*make, f"DESTDIR={place}", f"PREFIX={PREFIX}", env=environment)
    return Path(f"{place}{PREFIX}")


def test_everything_has_its_place(installed):
    files = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    configs = {f"share/enforcesim/{path.relative_to(ROOT)}" for path in ROOT.glob("configs/**/*") if path.is_file()}
    assert files - configs == {
        "bin/enforcesim",
        "lib/libenforcesim.so",
        "lib/pkgconfig/enforcesim.pc",
        "include/enforcesim/sim/embed.h",
        "include/enforcesim/sim/error.h",
        "share/man/man1/enforcesim.1",
        "share/bash-completion/completions/enforcesim",
    }
    assert configs <= files and said(installed / "bin" / "enforcesim", "--version").startswith("enforcesim ")


def built(compiler: str, installed: Path, folder: Path, *source: str) -> tuple[str, dict[str, str]]:
    """The program, and the environment in which it finds the library."""
    include, link = installed / "include" / "enforcesim", installed / "lib"
    said(compiler, f"-I{include}", *source, "-o", "user", f"-L{link}", "-lenforcesim", cwd=folder)
    return str(folder / "user"), {**os.environ, "LD_LIBRARY_PATH": str(link)}


def test_a_program_is_built_on_the_library(installed, tmp_path):
    (tmp_path / "user.c").write_text(USER)
    (tmp_path / "small.cfg").write_text(STUDY)
    user, environment = built(
        "cc", installed, tmp_path, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "user.c"
    )
    assert int(said(user, "small.cfg", cwd=tmp_path, env=environment)) > 10_000


@pytest.mark.skipif(shutil.which("clang") is None, reason="no clang; make test installs it")
def test_the_header_is_one_for_c_plus_plus_too(installed, tmp_path):
    (tmp_path / "user.cc").write_text("#include <sim/embed.h>\nint main() { return embed_api() != EMBED_API; }\n")
    user, environment = built("clang", installed, tmp_path, "-x", "c++", "user.cc")
    said(user, env=environment)


def test_pkg_config_knows_where_it_is(installed):
    text = (installed / "lib" / "pkgconfig" / "enforcesim.pc").read_text()
    assert text.startswith(f"prefix={PREFIX}\n")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(installed / "lib" / "pkgconfig")}
    told = said("pkg-config", "--cflags", "--libs", "enforcesim", env=environment)
    plain = told.replace("\\", "").replace('"', "")
    assert f"-I{PREFIX}/include/enforcesim" in plain and f"-L{PREFIX}/lib" in plain and "-lenforcesim" in plain


def test_python_declares_what_the_header_does(tmp_path):
    """Functions are declared again after the header: a compiler refuses what differs. Structs are measured."""
    functions = [line for line in library.DECLARATIONS.splitlines() if line.endswith(");")]
    assert {f"embed_{name}" for name in library.FUNCTIONS} <= set(re.findall(r"\w+(?=\()", "\n".join(functions)))
    asserts = [f'_Static_assert({library.API} == EMBED_API, "API");']
    for kind in (library.ERROR, library.REQUEST, library.PROGRESS):
        struct = kind.item
        asserts.append(f'_Static_assert(sizeof({struct.cname}) == {library.ffi.sizeof(struct)}, "{struct.cname}");')
        asserts += [
            f'_Static_assert(offsetof({struct.cname}, {name}) == {field.offset}, "{struct.cname} {name}");'
            for name, field in struct.fields
        ]
    assert len(asserts) > 14
    (tmp_path / "declared.c").write_text("\n".join(["#include <sim/embed.h>", *functions, *asserts, ""]))
    said("cc", "-std=c11", "-Werror", "-fsyntax-only", f"-I{ROOT}", "declared.c", cwd=tmp_path)

"""What others make of it: SALib, the EMA Workbench, Jupyter, pandas and CSV, R, and the tools of netCDF and HDF5."""

from __future__ import annotations

import ast
import importlib.util
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import enforcesim as es
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from analysis_support import command, refused
from conftest import PROGRAM, ROOT
from enforcesim import library
from test_python_run import DESIGN, STUDY

NOTEBOOK = ROOT / "analysis" / "essay.ipynb"
#: What `make interop` makes, with packages that are too heavy for .venv.
APART = ROOT / "build" / "interop" / ".venv"


@pytest.fixture(autouse=True)
def own_library(monkeypatch):
    monkeypatch.setenv("ENFORCESIM_LIBRARY", str(PROGRAM.parent / library.NAME))
    mpl.use("agg")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("interop")
    (made / "s.cfg").write_text(STUDY)
    DESIGN.to_csv(made / "d.csv", index=False)
    for name, options in (("x.h5", []), ("q.h5", ["--set", "run.output=quantiles"]), ("d.h5", ["--design", "d.csv"])):
        subprocess.run([PROGRAM, "run", "s.cfg", "--quiet", "-o", name, *options], cwd=made, check=True)
    return made


def example(name: str):
    spec = importlib.util.spec_from_file_location(name, ROOT / "analysis" / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- designs from elsewhere ----


def test_a_problem_has_the_ranges_of_the_tables():
    table = es.params()
    whole = es.problem()
    assert whole["num_vars"] == len(whole["names"]) == len(whole["bounds"])
    assert set(whole["names"]) == set(
        table.index[(table["role"] == "uncertain") & table["type"].isin(["real", "whole"])]
    )
    few = es.problem(["police.leak", "health.uptake"])
    assert few["names"] == ["police.leak", "health.uptake"]
    assert few["bounds"] == table.loc[few["names"], ["minimum", "maximum"]].to_numpy().tolist()
    for wrong, words in (
        ("police.leek", "no parameter 'police.leek'"),
        ("beliefs.belief_model", "is a choice"),
        ("policy.sweep_rate", "lever"),
    ):
        with pytest.raises(es.EnforceSimError, match=words):
            es.problem([wrong])


@pytest.mark.slow
def test_salib_drives_it():
    indices = example("sensitivity").main(n=8)
    assert list(indices.index) == ["police.leak", "health.backlash_own", "market.price_elasticity"]
    # Health access has no way to exploitation in this model, and with the same luck the outcome is the same.
    assert indices.loc["health.backlash_own"].abs().max() < 1e-9
    assert indices["total"].max() > 0.1


def apart(*arguments: object) -> subprocess.CompletedProcess[str]:
    python = APART / "bin" / "python"
    if not (APART / "ready").exists():
        pytest.skip(f"{APART.relative_to(ROOT)} is not there: make interop makes it")
    environment = {k: v for k, v in os.environ.items() if k != "MPLBACKEND"} | {"JUPYTER_PLATFORM_DIRS": "1"}
    return subprocess.run(
        [python, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=environment,
        cwd=ROOT,
    )


@pytest.mark.verify
def test_the_ema_workbench_drives_it():
    done = apart(ROOT / "analysis" / "examples" / "exploration.py")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(io.StringIO(done.stdout), sep=r"\s+")
    assert len(table) == 8
    assert table["police__leak"].between(0, 1).all()
    assert table["minor_days"].nunique() > 4
    assert set(table["beliefs__belief_model"]) == {"dual", "single"}


# ---- the notebook ----


def cells(kind: str) -> list[str]:
    return ["".join(c["source"]) for c in json.loads(NOTEBOOK.read_text())["cells"] if c["cell_type"] == kind]


def test_the_notebook_is_committed_without_outputs():
    for cell in json.loads(NOTEBOOK.read_text())["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.slow
def test_the_notebook_runs(monkeypatch, capsys):
    """Its cells in their order, in this process; the test below runs them in a kernel of Jupyter's."""
    monkeypatch.chdir(NOTEBOOK.parent)
    names: dict[str, object] = {}
    for code in cells("code"):
        plain = "".join(line for line in code.splitlines(True) if not line.startswith("%"))
        exec(compile(plain, str(NOTEBOOK), "exec"), names)
    assert "status_quo" in capsys.readouterr().out
    assert names["ds"].sizes["replicate"] == 12
    assert set(names["comparison"]["scenario"]) == {"status_quo", "sweeps", "professional_rescue", "no_police"}
    assert names["page"].stat().st_size > 100_000
    assert names["points"].sizes["point"] == 3


@pytest.mark.verify
def test_the_notebook_runs_in_a_kernel(tmp_path):
    run = (
        "import sys, nbformat, nbclient\n"
        "book = nbformat.read(sys.argv[1], as_version=4); nbformat.validate(book)\n"
        "nbclient.NotebookClient(book, timeout=200, resources={'metadata': {'path': sys.argv[2]}}).execute()\n"
        "nbformat.write(book, sys.argv[3])\n"
    )
    done = apart("-c", run, NOTEBOOK, NOTEBOOK.parent, tmp_path / "done.ipynb")
    assert done.returncode == 0, done.stderr
    outputs = [
        c["outputs"] for c in json.loads((tmp_path / "done.ipynb").read_text())["cells"] if c["cell_type"] == "code"
    ]
    assert all(outputs)
    kinds = {kind for cell in outputs for output in cell for kind in output.get("data", {})}
    assert {"image/png", "text/html"} <= kinds


# ---- tables ----


def test_a_frame_has_a_row_for_each_observation(folder):
    with es.open(folder / "x.h5") as ds:
        table = es.frame(ds, ["minor_days", "fear"])
        assert list(table.columns) == ["scenario", "replicate", "time", "minor_days", "fear"]
        assert len(table) == ds.sizes["scenario"] * ds.sizes["replicate"] * ds.sizes["time"]
        one = table[(table["scenario"] == "b") & (table["replicate"] == 2)].set_index("time")["minor_days"]
        assert one.to_list() == ds["minor_days"].sel(scenario="b", replicate=2).to_numpy().tolist()
        assert table.attrs["units"] == {"minor_days": "person-days", "fear": "1"}
        sums = es.frame(ds, of="summary")
        assert list(sums.columns[:2]) == ["scenario", "replicate"]
        assert set(sums.columns[2:]) == set(es.metrics(ds).index)
        assert sums["minor_days"].to_list() == ds["summary.minor_days"].to_numpy().ravel().tolist()
        for wrong, words in (("x", "no metric 'x'"), ("time", "no metric 'time'")):
            with pytest.raises(es.EnforceSimError, match=words):
                es.frame(ds, wrong)
        with pytest.raises(es.EnforceSimError, match=r"only files of run\.output"):
            es.frame(ds, of="difference")
        with pytest.raises(es.EnforceSimError, match="there is no table 'x'; allowed: series, summary, difference"):
            es.frame(ds, of="x")


def test_frames_of_quantiles_and_of_designs(folder):
    with es.open(folder / "q.h5") as ds:
        table = es.frame(ds, "fear")
        assert list(table.columns) == ["scenario", "statistic", "time", "fear"]
        assert list(es.frame(ds, "fear", of="difference").columns) == ["scenario", "statistic", "fear"]
    with es.open(folder / "d.h5") as ds:
        table = es.frame(ds, "minor_days", of="summary")
        assert list(table.columns) == ["point", *DESIGN.columns, "scenario", "replicate", "minor_days"]
        pd.testing.assert_frame_equal(
            table.drop_duplicates("point")[list(DESIGN.columns)].reset_index(drop=True), DESIGN, check_dtype=False
        )


def test_csv_brings_back_every_bit(folder, tmp_path):
    out = tmp_path / "t.csv"
    done = command("export", folder / "x.h5", "minor_days", "price_factor", "-o", out)
    assert (done.returncode, done.stdout) == (0, f"{out}\n")
    again = pd.read_csv(out)
    with es.open(folder / "x.h5") as ds:
        pd.testing.assert_frame_equal(
            again, es.frame(ds, ["minor_days", "price_factor"]), check_dtype=False, check_exact=True
        )
    done = command("export", folder / "x.h5", "--of", "summary", "--scenario", "b", "-o", out)
    assert done.returncode == 0
    assert set(pd.read_csv(out)["scenario"]) == {"b"}


def test_export_refuses_what_it_cannot_do(folder, tmp_path):
    copy = shutil.copy(folder / "x.h5", tmp_path / "x.csv")
    before = Path(copy).read_bytes()
    refused(command("export", copy), "is a results file; name another file")
    assert Path(copy).read_bytes() == before
    refused(command("export", folder / "x.h5", "minor_day"), "no metric 'minor_day'")
    refused(command("export", folder / "x.h5", "-o", tmp_path / "none" / "t.csv"), "cannot be written: the folder")
    refused(command("export", tmp_path / "none.h5"), "no such file")


def test_wrong_arguments_are_one_clear_line(folder):
    with es.open(folder / "x.h5") as ds:
        for call, words in {
            lambda: es.frame(5): "es.frame needs a dataset",
            lambda: es.frame(ds, 5): "metric is 5; allowed: the name of a metric, or names",
            lambda: es.frame(ds, []): r"metric is \[\]; allowed",
            lambda: es.export(ds, None): "path is of type NoneType",
            lambda: es.export(ds, "a\0b"): "allowed: the path of a file",
            lambda: es.report(ds, 7): "path is of type int",
            lambda: es.open(""): "path is ''",
            lambda: es.claims(ds, {"doubled": "x.h5"}): "also is no mapping of short names to datasets",
            lambda: es.claims(ds, [ds]): "also is no mapping of short names to datasets",
            lambda: es.claims(ds, ledger=5): "ledger is of type int",
            lambda: es.params(5): "group is of type int",
            lambda: es.problem(5): "names is of type int",
        }.items():
            with pytest.raises(es.EnforceSimError, match=words):
                call()


def test_a_wide_design_warns_of_nothing(folder, recwarn):
    """pandas does where columns are put in one by one."""
    known = es.params()
    names = [n for n in es.problem()["names"] if not n.startswith("region")]
    ds = es.run(folder / "s.cfg", replicates=1, design={n: known["default"][n] for n in names})
    recwarn.clear()
    table = es.frame(ds, "minor_days")
    assert not [*recwarn] and len(names) > 150
    assert list(table.columns) == ["point", *names, "scenario", "replicate", "time", "minor_days"]


def test_export_and_report_replace_only_their_like(folder, tmp_path):
    """README draws sobol.csv and runs it into sobol.h5: the table of the results has the design's name."""
    for name, own in {"d.csv": "# drawn by\nregion.venues\n12\n", "d.html": "my notes\n"}.items():
        (tmp_path / name).write_text(own)
        (tmp_path / f"{name}.part").write_text(own)
        shutil.copy(folder / "x.h5", tmp_path / "d.h5")
        what = ("export", "table of results") if name == "d.csv" else ("report", "report")
        refused(command(what[0], tmp_path / "d.h5"), f"{name}: is there already and is no {what[1]}; name another file")
        assert (tmp_path / name).read_text() == own
        (tmp_path / name).unlink()
    for _ in range(2):
        assert command("export", tmp_path / "d.h5", "minor_days").returncode == 0
        assert command("export", tmp_path / "d.h5", "--of", "summary").returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.csv", "d.csv.part", "d.h5", "d.html.part"]
    whole = (tmp_path / "d.csv").read_text()
    assert command("export", tmp_path / "d.h5", "--of", "summary", "-o", "-").stdout == whole
    refused(
        command("export", tmp_path / "d.h5", "-o", "/dev/full"),
        "/dev/full: cannot be written (No space left on device)",
    )
    refused(command("export", tmp_path / "d.h5", "-o", tmp_path), "is a folder; name a file")
    refused(command("report", tmp_path / "d.h5", "-o", "-"), "-o -: a report goes to a file")
    refused(command("plot", tmp_path / "d.h5", "-o", "-"), "-o -: a plot goes to a file")


def test_a_table_that_cannot_be_written_leaves_the_old_one(folder, tmp_path):
    out = tmp_path / "t.csv"
    with es.open(folder / "x.h5") as ds:
        es.export(ds, out, "minor_days")
        whole = out.read_bytes()
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        try:
            with pytest.raises(es.EnforceSimError, match="File too large"):
                es.export(ds, out)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert out.read_bytes() == whole and [*tmp_path.iterdir()] == [out]


# ---- the package itself ----


def test_the_package_names_what_it_needs():
    """What is imported stands in pyproject.toml and is pinned, and what is not Python is packed."""
    folder = ROOT / "analysis"
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    sources = sorted((folder / "enforcesim").glob("*.py"))
    trees = [ast.parse(path.read_text()) for path in sources]
    imported = {a.name for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module for tree in trees for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and not n.level}
    others = {name.partition(".")[0] for name in imported} - set(sys.stdlib_module_names)
    others = {{"PIL": "pillow"}.get(name, name) for name in others}  # packed under another name
    wanted = project["project"]["dependencies"]
    assert others | {"h5netcdf"} == set(wanted)  # which xarray imports
    pinned = {line.partition("==")[0].lower() for line in (folder / "requirements.txt").read_text().splitlines()}
    assert set(wanted) <= pinned
    packed = project["tool"]["setuptools"]["package-data"]["enforcesim"]
    rest = {path.relative_to(folder / "enforcesim") for path in (folder / "enforcesim").rglob("*") if path.is_file()}
    rest -= {path for path in rest if path.suffix in (".py", ".pyc")}
    assert rest
    assert not [path for path in rest if not any(path.match(pattern) for pattern in packed)]


# ---- other programs ----

READ_IN_R = """
library(ncdf4)
f <- nc_open("x.h5")
days <- ncvar_get(f, "minor_days")
cat(rev(dim(days)), "\\n")
cat(ncvar_get(f, "scenario"), "\\n")
cat(ncatt_get(f, "minor_days", "units")$value, "\\n")
cat(f$dim$scenario$vals, "\\n")
cat(sprintf("%.17g", sum(days)), "\\n")
cat(nchar(ncvar_get(f, "config/text")), "\\n")
cat(sprintf("%.17g", mean(ncvar_get(f, "summary/fear"))), "\\n")
cat(ncatt_get(f, 0, "digest")$value, "\\n")
"""


@pytest.mark.verify
def test_r_reads_the_file(folder, tmp_path):
    r = shutil.which("Rscript")
    if r is None or subprocess.run([r, "-e", "library(ncdf4)"], capture_output=True, check=False).returncode != 0:
        pytest.skip("R with ncdf4 is not there: apt-get install r-base-core r-cran-ncdf4")
    (tmp_path / "read.R").write_text(READ_IN_R)
    done = subprocess.run([r, tmp_path / "read.R"], capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    said = [line.strip() for line in done.stdout.splitlines()]
    with es.open(folder / "x.h5") as ds:
        assert said[0] == " ".join(map(str, ds["minor_days"].shape))
        assert said[1] == "a b"  # and not NA
        assert said[2] == "person-days"
        assert float(said[4]) == float(ds["minor_days"].sum())
        assert int(said[5]) == len(ds["config.text"].item())
        assert np.isclose(float(said[6]), float(ds["summary.fear"].mean()), rtol=1e-15)
        assert said[7] == ds.attrs["digest"]


@pytest.mark.parametrize("tool", [["ncdump", "-h"], ["h5ls", "-r"], ["h5dump", "-H"]])
def test_tools_of_netcdf_and_hdf5_read_it(folder, tool):
    if shutil.which(tool[0]) is None:
        pytest.skip(f"{tool[0]} is not there")
    done = subprocess.run([*tool, "x.h5"], capture_output=True, text=True, cwd=folder, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "minor_days" in done.stdout

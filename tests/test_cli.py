"""The command line as a user meets it: running, resuming, refusing, and what stands in the file."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from conftest import PROGRAM, ROOT

# A small city, long enough for every process to happen.
SMALL = """
@include "policies.cfg"
run = {{ name = "small"; seed = 5; replicates = {replicates}; burn_in = 200; horizon = 240; record_every = 30; }};
parameters : {{ region : {{ venues = 30; districts = 2; traffickers = 12; }}; {parameters} }};
scenarios = ( {scenarios} );
"""
FOUR = ", ".join(
    f'{{ name = "{name}"; policy = "{name}"; }}'
    for name in ("status_quo", "sweeps", "professional_rescue", "no_police")
)


def write(
    folder: Path, replicates: int = 4, scenarios: str = FOUR, parameters: str = "", name: str = "small.cfg"
) -> Path:
    (folder / "policies.cfg").write_text((ROOT / "configs" / "policies.cfg").read_text())
    path = folder / name
    path.write_text(SMALL.format(replicates=replicates, scenarios=scenarios, parameters=parameters))
    return path


def digest(program, path: Path) -> str:
    found = re.search(r"\b[0-9a-f]{64}\b", program("info", path).stdout)
    assert found, program("info", path).stderr
    return found.group()


@pytest.fixture(scope="module")
def small(program, tmp_path_factory) -> tuple[Path, Path]:
    """The small city's scenario file and results."""
    folder = tmp_path_factory.mktemp("small")
    config, out = write(folder), folder / "small.h5"
    done = program("run", config, "-o", out)
    assert done.returncode == 0, done.stderr
    return config, out


# ---- what runs ----


def test_version_and_help(program):
    assert re.search(r"\d+\.\d+\.\d+", program("--version").stdout)
    assert "run" in program("--help").stdout
    for command in ("run", "check", "design", "params", "metrics", "info"):
        done = program(command, "--help")
        assert (done.returncode == 0 and "Usage" in done.stdout) or "usage" in done.stdout


def test_check_prints_a_configuration_that_gives_the_same_numbers(program, small, tmp_path):
    config, out = small
    resolved = tmp_path / "resolved.cfg"
    resolved.write_text(program("check", config).stdout)
    assert "@include" not in resolved.read_text()
    assert program("run", resolved, "-o", tmp_path / "again.h5").returncode == 0
    assert digest(program, tmp_path / "again.h5") == digest(program, out)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_same_bits_for_every_number_of_threads(program, small, tmp_path, threads):
    config, out = small
    assert program("run", config, "-o", tmp_path / "t.h5", "-j", threads).returncode == 0
    assert digest(program, tmp_path / "t.h5") == digest(program, out)


def test_a_scenario_that_equals_status_quo_has_its_bits(program, tmp_path):
    scenarios = (
        '{ name = "status_quo"; policy = "status_quo"; }, { name = "same"; policy : { inherits = "status_quo"; }; },'
        '{ name = "later"; policy = "status_quo"; phases = ( { day = 100; policy = "status_quo"; } ); }'
    )
    config = write(tmp_path, scenarios=scenarios)
    assert program("run", config, "-o", tmp_path / "s.h5").returncode == 0
    with xr.open_dataset(tmp_path / "s.h5", engine="h5netcdf") as ds:
        for name, series in ds.data_vars.items():
            for other in ("same", "later"):
                np.testing.assert_array_equal(
                    series.sel(scenario="status_quo"), series.sel(scenario=other), err_msg=name
                )


def test_more_scenarios_and_replicates_change_no_other_number(program, small, tmp_path):
    _, out = small
    fewer = write(tmp_path, replicates=2, scenarios='{ name = "sweeps"; policy = "sweeps"; }')
    assert program("run", fewer, "-o", tmp_path / "f.h5").returncode == 0
    with xr.open_dataset(out) as all_, xr.open_dataset(tmp_path / "f.h5") as few:
        for name, series in few.data_vars.items():
            same = all_[name].sel(scenario=["sweeps"], replicate=few.replicate)
            np.testing.assert_array_equal(series, same, err_msg=name)


def test_scenario_option_keeps_one(program, small, tmp_path):
    config, out = small
    assert program("run", config, "-o", tmp_path / "one.h5", "--scenario", "no_police").returncode == 0
    with xr.open_dataset(out) as ds, xr.open_dataset(tmp_path / "one.h5") as one:
        assert list(one.scenario.values) == ["no_police"]
        np.testing.assert_array_equal(one.minor_days, ds.minor_days.sel(scenario=["no_police"]))


# ---- the file ----


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
@pytest.mark.parametrize("group", [None, "summary", "parameters"])
def test_opens_without_a_warning(small, engine, group):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with xr.open_dataset(small[1], engine=engine, group=group) as ds:
            ds.load()
            assert len(ds.data_vars) > 20
            if group != "parameters":
                assert list(ds.scenario.values) == ["status_quo", "sweeps", "professional_rescue", "no_police"]
                assert ds.minor_days.sel(scenario="sweeps").dims[0] == "replicate"
            for name, variable in ds.data_vars.items():
                assert variable.attrs["units"] and variable.attrs["long_name"], name


def test_ncdump_reads_the_header(small):
    done = subprocess.run(["ncdump", "-h", str(small[1])], capture_output=True, text=True, check=True)
    assert "minor_prevalence" in done.stdout and not done.stderr


def test_holds_what_the_contract_says(program, small):
    contract = (ROOT / "tests" / "contract_metrics.txt").read_text().split()
    with xr.open_dataset(small[1]) as ds, xr.open_dataset(small[1], group="summary") as summary:
        assert set(contract) <= set(ds.data_vars)
        assert set(ds.data_vars) == set(summary.data_vars)
        assert {m["name"] for m in json.loads(program("metrics", "--format", "json").stdout)} == set(ds.data_vars)
        assert ds.minor_days.dims == ("scenario", "replicate", "time")
        assert ds.time.values.tolist() == list(range(-180, 241, 30))
        flow = ds.minor_days.where(ds.time > 0).sum("time")
        np.testing.assert_allclose(summary.minor_days, flow)
        for attribute in (
            "title",
            "Conventions",
            "program_version",
            "model_version",
            "git_commit",
            "seed",
            "compiler",
            "digest",
            "history",
        ):
            assert attribute in ds.attrs, attribute
        assert not any(v.dtype.kind in "iu" and v.dtype.itemsize == 8 for v in ds.variables.values())


def test_two_runs_write_the_same_bytes(program, tmp_path):
    config = write(tmp_path, replicates=2)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        done = program("run", config, "-o", "x.h5", cwd=tmp_path / folder, env=environment)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "a" / "x.h5").read_bytes() == (tmp_path / "b" / "x.h5").read_bytes()


# ---- tables ----


@pytest.mark.parametrize("command", ["params", "metrics"])
def test_tables_in_every_format(program, command):
    rows = json.loads(program(command, "--format", "json").stdout)
    assert len(rows) > 60
    assert len(list(csv.DictReader(io.StringIO(program(command, "--format", "csv").stdout)))) == len(rows)
    markdown = [line for line in program(command, "--format", "markdown").stdout.splitlines() if line.startswith("| ")]
    assert len(markdown) >= len(rows)
    assert all(row["unit"] and row["meaning"] for row in rows)
    names = [row.get("path", row.get("name")) for row in rows]
    assert len(set(names)) == len(names)


# ---- what is refused ----


def refused(done: subprocess.CompletedProcess[str], *words: str, status: int = 2) -> None:
    assert done.returncode == status, (done.returncode, done.stderr)
    lines = [line for line in done.stderr.splitlines() if line.startswith("enforcesim: ")]
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in lines[0], (word, lines[0])


BAD_SETTINGS = [
    ("run.replicates=0", "replicates"),
    ("run.replicates=-3", "replicates"),
    ("run.replicates=2.5", "replicates"),
    ("run.replicates=4294967297", "replicates"),
    ("run.horizon=0", "horizon"),
    ("run.seed=-1", "seed"),
    ("run.sede=1", "did you mean"),
    ("parameters.health.backlash_own=nan", "backlash_own"),
    ("parameters.health.backlash_own=1e400", "backlash_own"),
    ("parameters.health.backlash_own=1.5", "0 to 1"),
    ("parameters.health.backlash_onw=0.5", "backlash_own"),
    ("parameters.helth.backlash_own=0.5", "health"),
    ("parameters.region.venues=0", "venues"),
    ("parameters.region.venues=1000000000", "GB"),
    ("parameters.region.venues=true", "venues"),
    ("parameters.policy.sweep_rate=1", "polic"),
    ("policies.sweeps.sweep_rte=1", "sweep_rate"),
    ("policies.swept.sweep_rate=1", "sweeps"),
    ("policies.sweeps.inherits=sweeps", "sweeps"),
    ("nonsense", "nonsense"),
]


@pytest.mark.parametrize(("setting", "word"), BAD_SETTINGS)
def test_refuses_settings(program, tmp_path, setting, word):
    refused(program("run", write(tmp_path), "-o", tmp_path / "x.h5", "--set", setting), word)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["policies.cfg", "small.cfg"]


A_SCENARIO = 'scenarios = ( { name = "a"; policy = "sweeps"; } );'
BAD_FILES = {
    "empty": ("", ""),
    "garbage": ("\x01\x02garbage(((", ""),
    "no scenarios": ('@include "policies.cfg"\n', "scenarios"),
    "unknown top level": (
        '@include "policies.cfg"\nscenarois = ();\n' + A_SCENARIO,
        "scenarios",
    ),
    "missing policy": ('@include "policies.cfg"\nscenarios = ( { name = "a"; policy = "sweps"; } );', "sweeps"),
    "twice": (
        '@include "policies.cfg"\n'
        'scenarios = ( { name = "a"; policy = "sweeps"; }, { name = "a"; policy = "sweeps"; } );',
        "a",
    ),
    "cycle": (
        '@include "policies.cfg"\nown_policies : { x : { inherits = "y"; }; y : { inherits = "x"; }; };\n'
        'scenarios = ( { name = "a"; policy = "x"; } );',
        "inherit",
    ),
    "phase order": (
        '@include "policies.cfg"\n'
        'scenarios = ( { name = "a"; policy = "sweeps"; phases = ( { day = 20; policy = "sweeps"; }, '
        '{ day = 10; policy = "sweeps"; } ); } );',
        "day",
    ),
    "phase beyond": (
        '@include "policies.cfg"\n'
        'run : { horizon = 50; };\nscenarios = ( { name = "a"; policy = "sweeps"; phases = ( { day = 50; '
        'policy = "sweeps"; } ); } );',
        "day",
    ),
    "integer overflow": (
        '@include "policies.cfg"\nrun : { burn_in = 4294967297; };\n' + A_SCENARIO,
        "4294967297",
    ),
    "missing include": ('@include "nothing.cfg"\n', "nothing.cfg"),
    "absolute include": ('@include "/etc/passwd"\n', "/etc/passwd"),
    "upward include": ('@include "../../etc/passwd"\n', ".."),
    "itself": ('@include "bad.cfg"\n', "bad.cfg"),
    "wrong type": (
        '@include "policies.cfg"\nparameters : { health = 3; };\n' + A_SCENARIO,
        "health",
    ),
    "script": ('@include "policies.cfg"\nscenarios = ( { name = "<script>"; policy = "sweeps"; } );', "name"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_refuses_files(program, tmp_path, case):
    text, word = BAD_FILES[case]
    write(tmp_path)
    (tmp_path / "bad.cfg").write_text(text)
    done = program("run", tmp_path / "bad.cfg", "-o", tmp_path / "x.h5")
    refused(done, word, "bad.cfg")
    if case not in ("empty", "garbage", "no scenarios"):
        assert re.search(r"bad\.cfg:\d+:", done.stderr), done.stderr
    assert not (tmp_path / "x.h5").exists() and not (tmp_path / "x.h5.partial").exists()


def test_refuses_what_is_not_a_scenario_file(program, tmp_path):
    refused(program("run", tmp_path / "none.cfg"), "none.cfg")
    refused(program("run", tmp_path), tmp_path.name)
    refused(program("run"), "CONFIG")
    refused(program("rnu"), "run")


@pytest.mark.parametrize(
    "options",
    [
        ["-j", "0"],
        ["-j", "100000"],
        ["-r", "0"],
        ["-r", "x"],
        ["--sed", "1"],
        ["--scenario", "sweps"],
        ["--seed", "99999999999999999999"],
        ["--days", "0"],
        ["--progress", "perhaps"],
    ],
)
def test_refuses_options(program, small, tmp_path, options):
    refused(program("run", small[0], "-o", tmp_path / "x.h5", *options))
    assert list(tmp_path.iterdir()) == []


def test_never_overwrites(program, small, tmp_path):
    config, _ = small
    out = tmp_path / "x.h5"
    out.write_text("precious")
    refused(program("run", config, "-o", out), "--force")
    assert out.read_text() == "precious"
    assert program("run", config, "-o", out, "--force", "-r", "1").returncode == 0
    assert out.read_bytes() != b"precious"


def test_refuses_folders(program, small, tmp_path):
    refused(program("run", small[0], "-o", tmp_path / "missing" / "x.h5"), "missing")
    refused(program("run", small[0], "-o", tmp_path), tmp_path.name)


def test_refuses_a_read_only_folder_and_an_unreadable_file():
    """Run as nobody where the tests run as root, who may write and read anything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        config = write(folder)
        binary = folder / "enforcesim"
        shutil.copy(PROGRAM, binary)
        (folder / "read-only").mkdir(mode=0o555)
        (folder / "secret.cfg").write_text("run = {};")
        (folder / "secret.cfg").chmod(0)
        nobody = {"user": 65534} if os.geteuid() == 0 else {}

        def call(*arguments: object) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [str(binary), *map(str, arguments)], capture_output=True, text=True, check=False, **nobody
            )

        refused(call("run", config, "-o", folder / "read-only" / "x.h5"), "read-only")
        refused(call("check", folder / "secret.cfg"), "secret.cfg")


@pytest.mark.parametrize("content", [b"", b"not a results file", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_info_refuses_other_files(program, tmp_path, content):
    path = tmp_path / "x.h5"
    path.write_bytes(content)
    refused(program("info", path), "x.h5")


def test_never_replaces_its_scenario_file(program, tmp_path):
    config = write(tmp_path)
    before = config.read_text()
    refused(program("run", config, "-o", config, "--force"), "scenario file")
    assert config.read_text() == before

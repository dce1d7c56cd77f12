"""Results files: opening them, what they hold, and running a study into one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import xarray as xr

#: Groups of a results file beside its root, in the order they are read.
GROUPS = ("summary", "config", "parameters", "design")
#: Days over which the simulation averages stocks and shares for a summary.
SUMMARY_DAYS = 180


class EnforceSimError(Exception):
    """Anything that is wrong with a file, a study or a request, said in one line."""


@dataclass(frozen=True)
class Phase:
    """From `day` (days since the policy starts) on, `policy` holds in `scenario`."""

    scenario: str
    day: int
    policy: str


def text(value: object) -> str:
    """Return an attribute or label as one clean line: bytes decoded, control characters dropped."""
    if isinstance(value, np.ndarray):
        value = value.item() if value.size == 1 else ", ".join(text(v) for v in value.ravel())
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in str(value)).strip()


def open(path: str | os.PathLike[str]) -> xr.Dataset:
    """Open a results file lazily.

    The series stand under their metric's name with dimensions (scenario, replicate, time); what the file
    keeps in groups stands under `group.name`: `summary.minor_days` (scenario, replicate),
    `parameters.health.uptake` (policy), `config.text`. So a selection such as
    `ds.isel(replicate=slice(20))` holds for all of them. Raises EnforceSimError when the file is missing,
    damaged or not from EnforceSim.
    """
    path = Path(path)
    present = _inspect(path)
    opened: list[xr.Dataset] = []
    try:
        for group in ("/", *present):
            # decode_times off: xarray would turn every quantity measured in days into a timedelta.
            opened.append(xr.open_dataset(path, group=group, engine="h5netcdf", decode_times=False))
        ds = opened[0]
        for group, part in zip(present, opened[1:], strict=True):
            part = part.drop_vars([n for n in part.coords if n in ds.variables])
            labels = {n: f"{group}.{n}" for n in part.data_vars}
            ds = ds.assign({labels[n]: v for n, v in part.data_vars.items()}).assign_coords(part.coords)
        ds.attrs = {k: (text(v) if isinstance(v, (str, bytes)) else v) for k, v in opened[0].attrs.items()}
    except Exception as reason:
        for part in opened:
            part.close()
        raise EnforceSimError(f"{path}: damaged results file ({text(reason)})") from reason
    ds.encoding["source"] = str(path)

    def close() -> None:
        for part in opened:
            part.close()

    ds.set_close(close)
    return _name_phases(ds)


def _inspect(path: Path) -> list[str]:
    """Refuse what is no results file, and links out of it; return the groups present."""
    if not path.exists():
        raise EnforceSimError(f"{path}: no such file")
    if path.is_dir():
        raise EnforceSimError(f"{path}: is a directory, not a results file")
    try:
        is_hdf5 = h5py.is_hdf5(path)
        if not is_hdf5 and path.suffix == ".partial":
            raise EnforceSimError(f"{path}: an unfinished run; finish it by the same command with --resume")
        if not is_hdf5:
            with path.open("rb") as file:
                head = file.read(8)
            what = "empty" if not head else "truncated" if head == b"\x89HDF\r\n\x1a\n" else "not an HDF5 file"
            raise EnforceSimError(f"{path}: {what}, so no results file of EnforceSim")
        with h5py.File(path, "r") as file:
            missing = [n for n in ("scenario", "replicate", "time") if n not in file]
            if missing or not isinstance(file.get("summary"), h5py.Group):
                lacks = missing[0] if missing else "summary"
                raise EnforceSimError(f"{path}: not a results file of EnforceSim (it has no /{lacks})")
            _refuse_outside_data(path, file)
            return [g for g in GROUPS if isinstance(file.get(g), h5py.Group) and len(file[g])]
    except PermissionError as reason:
        raise EnforceSimError(f"{path}: cannot be read (no permission)") from reason
    except (OSError, RuntimeError) as reason:
        raise EnforceSimError(f"{path}: truncated or damaged ({text(reason)})") from reason


def _refuse_outside_data(path: Path, group: h5py.Group) -> None:
    """A results file holds its own data: one that points elsewhere is not ours and may be hostile."""
    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise EnforceSimError(f"{path}: /{text(name)} links to another file; refused")
        item = group.get(name)
        if isinstance(item, h5py.Group) and isinstance(link, h5py.HardLink) and group.name == "/":
            _refuse_outside_data(path, item)
        elif isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
            raise EnforceSimError(f"{path}: /{text(name)} keeps its data in another file; refused")


def find_program() -> str:
    """Path of the program: $ENFORCESIM, else build/enforcesim of the source tree, else the one on PATH."""
    named = os.environ.get("ENFORCESIM")
    if named:
        if not os.access(named, os.X_OK):
            raise EnforceSimError(f"ENFORCESIM={named}: no such program")
        return named
    built = Path(__file__).resolve().parents[2] / "build" / "enforcesim"
    found = str(built) if os.access(built, os.X_OK) else shutil.which("enforcesim")
    if not found:
        raise EnforceSimError("the program enforcesim is not built; run make, or set ENFORCESIM to its path")
    return found


def run(
    config: str | os.PathLike[str],
    replicates: int | None = None,
    set: Mapping[str, object] | None = None,
    scenarios: list[str] | None = None,
    seed: int | None = None,
    days: int | None = None,
    threads: int | None = None,
) -> xr.Dataset:
    """Run a study and return its results in memory.

    `set` maps paths of the scenario file to values, as in {"parameters.police.leak": 0.1}. Errors of the
    program come back as EnforceSimError with its own words.
    """
    command = [find_program(), "run", os.fspath(config), "--quiet"]
    for option, value in (("-r", replicates), ("--seed", seed), ("--days", days), ("-j", threads)):
        if value is not None:
            command += [option, str(value)]
    for name in scenarios or []:
        command += ["--scenario", name]
    for name, value in (set or {}).items():
        shown = str(value).lower() if isinstance(value, (bool, np.bool_)) else str(value)
        command += ["--set", f"{name}={shown}"]
    with tempfile.TemporaryDirectory(prefix="enforcesim-") as folder:
        output = Path(folder) / "results.h5"
        try:
            done = subprocess.run([*command, "-o", str(output)], capture_output=True, text=True, check=False)
        except OSError as reason:
            raise EnforceSimError(f"{command[0]}: cannot be started ({reason.strerror})") from reason
        if done.returncode != 0:
            said = [text(line) for line in done.stderr.splitlines() if line.strip()]
            last = said[-1].removeprefix("enforcesim: ") if said else f"ended with status {done.returncode}"
            raise EnforceSimError(last)
        with open(output) as ds:
            loaded = ds.load()
    loaded.encoding.pop("source", None)
    return loaded


def metrics(ds: xr.Dataset) -> pd.DataFrame:
    """Metrics of the file: index name; columns units, kind (flow, stock, share), meaning, submodel."""
    rows = {
        name: {
            "units": text(v.attrs.get("units", "1")),
            "kind": text(v.attrs.get("metric_kind", "")),
            "meaning": text(v.attrs.get("long_name", name)),
            "submodel": text(v.attrs.get("submodel", "")),
        }
        for name, v in ds.data_vars.items()
        if f"summary.{name}" in ds
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["units", "kind", "meaning", "submodel"])


def label(ds: xr.Dataset, metric: str) -> str:
    """What a metric is, in the file's words; what follows a semicolon qualifies and is left out."""
    return text(ds[metric].attrs.get("long_name", metric)).split(";")[0]


def group(ds: xr.Dataset, name: str) -> xr.Dataset:
    """Variables of one group of the file under their plain names, e.g. `summary`."""
    start = f"{name}."
    return ds[[v for v in ds.data_vars if str(v).startswith(start)]].rename(
        {v: str(v).removeprefix(start) for v in ds.data_vars if str(v).startswith(start)}
    )


def summary(ds: xr.Dataset) -> xr.Dataset:
    """Totals of flows over the horizon, means of stocks and shares over the last 180 days, per replicate."""
    return group(ds, "summary")


def scenarios(ds: xr.Dataset) -> list[str]:
    """Names of the scenarios in the order of the file."""
    return [text(s) for s in np.atleast_1d(ds["scenario"].values)]


def horizon(ds: xr.Dataset) -> float:
    """Days simulated under the scenarios' policies."""
    return float(ds.attrs.get("horizon", np.max(ds["time"].values)))


def interval_days(ds: xr.Dataset) -> np.ndarray:
    """Days that each record's flows cover, shape (time,); the last interval may be shorter."""
    times = np.atleast_1d(ds["time"].values).astype(float)
    if times.size < 2:
        return np.full(times.shape, horizon(ds))
    # The first record covers as many days as a regular interval.
    first = float(ds.attrs.get("record_every", times[1] - times[0]))
    return np.concatenate([[first], np.diff(times)])


def phases(ds: xr.Dataset) -> list[Phase]:
    """Which policy holds in which scenario from which day; empty when the file does not say."""
    if "config.phase_scenario" not in ds or ds["config.phase_scenario"].ndim != 1:
        return []
    rows = zip(*(ds[f"config.phase_{c}"].values for c in ("scenario", "day", "policy")), strict=True)
    return [Phase(text(s), int(d), text(p)) for s, d, p in rows]


def _name_phases(ds: xr.Dataset) -> xr.Dataset:
    """Name the phases' scenarios and policies where the file has indices, so that selections stay right."""
    for column, names in (("config.phase_scenario", scenarios(ds)), ("config.phase_policy", _policies(ds))):
        if column in ds and np.issubdtype(ds[column].dtype, np.integer):
            index = ds[column].values
            labels = [names[i] if 0 <= i < len(names) else str(i) for i in index]
            ds[column] = (ds[column].dims, np.array(labels, dtype=object))
    return ds


def _policies(ds: xr.Dataset) -> list[str]:
    if "policy" in ds.variables:
        return [text(p) for p in np.atleast_1d(ds["policy"].values)]
    for name in ("config.policy", "parameters.policy"):
        if name in ds:
            return [text(p) for p in ds[name].values]
    return [f"policy {i}" for i in range(ds.sizes.get("policy", 0))]


def parameters(ds: xr.Dataset) -> pd.DataFrame:
    """Parameters of the file: index `group.name`; columns units, meaning, role, source, one per policy."""
    names = _policies(ds)
    rows = {}
    for name, v in group(ds, "parameters").data_vars.items():
        if v.ndim > 1 or name == "policy":
            continue
        values = np.broadcast_to(np.atleast_1d(_words(v)), (max(len(names), 1),))
        about = {c: text(v.attrs.get(a, "")) for c, a in PARAMETER_COLUMNS.items()}
        rows[name] = about | dict(zip(names or ["value"], values, strict=True))
    return pd.DataFrame.from_dict(rows, orient="index")


def _words(v: xr.DataArray) -> np.ndarray:
    """A parameter's values; those of a choice as its words, which CF keeps in flag_meanings."""
    values = v.values
    if "flag_meanings" not in v.attrs:
        return values
    words = text(v.attrs["flag_meanings"]).split()
    numbers = np.atleast_1d(v.attrs.get("flag_values", np.arange(len(words)))).tolist()
    names = dict(zip(numbers, words, strict=False))
    return np.array([names.get(int(i), str(i)) for i in np.atleast_1d(values)], dtype=object)


PARAMETER_COLUMNS = {
    "units": "units",
    "meaning": "long_name",
    "role": "role",
    "source": "source",
    "default": "default",
}


def levers(ds: xr.Dataset, scenario: str, baseline: str) -> list[tuple[str, str, object, object]]:
    """Differences of a scenario's last policy from the baseline's first: (meaning, units, ours, its)."""
    held = {s: [p.policy for p in phases(ds) if p.scenario == s] for s in (scenario, baseline)}
    table = parameters(ds)
    if not held[scenario] or not held[baseline] or table.empty:
        return []
    ours, theirs = held[scenario][-1], held[baseline][0]
    if ours not in table or theirs not in table:
        return []
    changed = table[[not _same(a, b) for a, b in zip(table[ours], table[theirs], strict=True)]]
    return [(r["meaning"] or str(n), r["units"], r[ours], r[theirs]) for n, r in changed.iterrows()]


def _same(a: object, b: object) -> bool:
    return a == b or (a != a and b != b)


def provenance(ds: xr.Dataset) -> dict[str, str]:
    """Root attributes worth citing, in order, as text."""
    names = (
        "title", "study", "program_version", "model_version", "git_commit", "seed_text", "burn_in", "horizon",
        "compiler", "digest", "created", "history",
    )  # fmt: skip
    return {n: text(ds.attrs[n]) for n in names if n in ds.attrs}


def text_block(ds: xr.Dataset) -> str:
    """The resolved configuration, control characters but line ends dropped; empty when there is none."""
    if "config.text" not in ds:
        return ""
    whole = ds["config.text"].values
    value = whole.item() if whole.size == 1 else "\n".join(str(v) for v in whole.ravel())
    value = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return "".join(c for c in value if c.isprintable() or c in "\n\t")

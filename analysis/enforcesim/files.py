"""Results files: opening them, and what they hold."""

from __future__ import annotations

import contextlib
import difflib
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from . import reader

#: Groups of a results file beside its root, in the order they are read.
GROUPS = ("summary", "difference", "config", "parameters", "design")
#: What a file holds by its run.output: the coordinates at its root.
FORMS = {
    "all": ("scenario", "replicate", "time"),
    "summary": ("scenario", "replicate"),
    "quantiles": ("scenario", "statistic", "time"),
}
#: Longest label or attribute that is shown, in characters; the program writes none nearly as long.
LONGEST = 4000
#: Longest name of a scenario, in characters.
LONGEST_NAME = 64
#: Most that zlib can compress, as a ratio, and bytes by which small data may seem to exceed it.
INFLATION, SLACK = 1040, 1 << 16
#: Objects that are looked at in a file; a study has some hundreds.
MOST_OBJECTS = 100_000
#: Filters of HDF5 that the program uses: deflate, shuffle, Fletcher's checksum.
FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
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
    whole = str(value)
    shown = "".join(c if c.isprintable() else " " for c in whole[:LONGEST]).strip()
    return shown + "…" if len(whole) > LONGEST else shown


def from_image(image: bytes) -> xr.Dataset:
    """The dataset of a results file that this process has just made, in memory as a whole; as `open` gives it."""
    return _name_phases(_clean_names(Path("the results in memory"), reader.read(image, GROUPS)))


def open(path: str | os.PathLike[str]) -> xr.Dataset:
    """Open a results file lazily.

    The series stand under their metric's name with dimensions (scenario, replicate, time); what the file
    keeps in groups stands under `group.name`: `summary.minor_days` (scenario, replicate),
    `parameters.health.uptake` (policy), `config.text`. So a selection such as
    `ds.isel(replicate=slice(20))` holds for all of them. Raises EnforceSimError when the file is missing,
    damaged or not from EnforceSim.

    A file of run.output = "summary" has no series and no time. One of "quantiles" has statistics over replicates
    in their place, as in `ds["minor_days"].sel(statistic="q50")`, for summaries too, and `difference.minor_days`
    (scenario, statistic): of the paired differences from the scenario `ds.attrs["difference_baseline"]`.
    """
    path = _path(path)
    present = _inspect(path)
    opened: list[xr.Dataset] = []
    try:
        for group in ("/", *present):
            # decode_times off: xarray would turn every quantity measured in days into a timedelta.
            options = {"decode_times": False, "phony_dims": "access"}  # dimensions without a name are no reason to warn
            opened.append(xr.open_dataset(path, group=group, engine="h5netcdf", **options))
        ds = opened[0]
        for group, part in zip(present, opened[1:], strict=True):
            part = part.drop_vars([n for n in part.coords if n in ds.variables])
            labels = {n: f"{group}.{n}" for n in part.data_vars}
            ds = ds.assign({labels[n]: v for n, v in part.data_vars.items()}).assign_coords(part.coords)
        ds.attrs = {k: (text(v) if isinstance(v, (str, bytes)) else v) for k, v in opened[0].attrs.items()}
        ds = _name_phases(_clean_names(path, ds))
    except EnforceSimError:
        for part in opened:
            part.close()
        raise
    except Exception as reason:
        for part in opened:
            part.close()
        raise EnforceSimError(f"{path}: damaged results file ({text(reason)})") from reason
    ds.encoding["source"] = str(path)

    def close() -> None:
        for part in opened:
            part.close()

    ds.set_close(close)
    return ds


def _clean_names(path: Path, ds: xr.Dataset) -> xr.Dataset:
    """Scenarios under the names that everything shows, so that they can be found by them."""
    for wanted in FORMS[output(ds)]:
        if wanted not in ds.variables or ds[wanted].ndim != 1 or ds.sizes[wanted] == 0:
            raise EnforceSimError(f"{path}: not a results file of EnforceSim (/{wanted} is no list)")
    names = [text(s) for s in ds["scenario"].values]
    for name in names:
        if not name or len(name) > LONGEST_NAME or names.count(name) > 1:
            what = "has no name" if not name else "has the name of another" if len(name) <= LONGEST_NAME else ""
            what = what or f"has a name of more than {LONGEST_NAME} characters"
            raise EnforceSimError(f"{path}: a scenario {what}")
    for wanted in {"replicate", "time"}.intersection(FORMS[output(ds)]):
        if not np.issubdtype(ds[wanted].dtype, np.number):
            raise EnforceSimError(f"{path}: not a results file of EnforceSim (/{wanted} holds no numbers)")
    if [str(s) for s in ds["scenario"].values] == names:
        return ds
    attributes = ds["scenario"].attrs
    ds = ds.assign_coords(scenario=np.array(names, dtype=object))
    ds["scenario"].attrs.update(attributes)
    return ds


def _path(path: object) -> Path:
    try:
        named = os.fsdecode(path)  # type: ignore[call-overload]
    except TypeError:
        raise EnforceSimError(f"path is of type {type(path).__name__}; allowed: the path of a file") from None
    if not named or "\0" in named:
        raise EnforceSimError(f"path is {named!r}; allowed: the path of a file")
    return Path(named)


def writable(path: str | os.PathLike[str], kind: str = "", begins: tuple[bytes, ...] = ()) -> Path:
    """The path, where nothing stands, or a pipe or device, or a file that may be replaced.

    No results file is; where a kind is named only files of this kind are, known by how they begin.
    """
    path = _path(path)
    if path.name in ("", ".."):
        raise EnforceSimError(f"{path}: is a folder; name a file")
    if not path.exists():
        if not path.parent.is_dir():
            raise EnforceSimError(f"{path}: cannot be written: the folder {path.parent} does not exist")
        return path
    if path.is_dir():
        raise EnforceSimError(f"{path}: is a folder; name a file")
    if not path.is_file():
        return path
    if h5py.is_hdf5(path):
        raise EnforceSimError(f"{path}: is a results file; name another file")
    if not kind:
        return path
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as reason:
        raise EnforceSimError(f"{path}: cannot be read ({reason.strerror})") from reason
    if head and not head.lower().startswith(begins):
        raise EnforceSimError(f"{path}: is there already and is no {kind}; name another file")
    return path


@contextlib.contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file that takes the name of `path` when all of it is written: what fails leaves there what was there before.

    A pipe or a device is written to as it is. A results file is refused, as by `writable`.
    """
    path = writable(path)
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
            return
        whole = path.resolve()  # a link stays one
        part = whole.with_name(f"{whole.name}.enforcesim-tmp")  # a name that nobody gives a file of his own
        part.unlink(missing_ok=True)  # of a process that was killed; a link there is not followed
        try:
            with part.open("xb") as file:
                yield file
            part.replace(whole)
        finally:
            part.unlink(missing_ok=True)
    except OSError as reason:
        raise EnforceSimError(f"{path}: cannot be written ({reason.strerror or text(reason)})") from reason


def _inspect(path: Path) -> list[str]:
    """Refuse what is no results file, and links out of it; return the groups present."""
    if not path.exists():
        raise EnforceSimError(f"{path}: no such file")
    if path.is_dir():
        raise EnforceSimError(f"{path}: is a directory, not a results file")
    if not path.is_file():
        raise EnforceSimError(f"{path}: is a pipe, a device or the like, not a results file")
    try:
        is_hdf5 = h5py.is_hdf5(path)
        if not is_hdf5 and path.suffix == ".partial":
            raise EnforceSimError(f"{path}: an unfinished run; finish it by the same command with --resume")
        if not is_hdf5:
            with path.open("rb") as file:
                head = file.read(8)
            if head == b"ESJRNL\r\n":
                raise EnforceSimError(
                    f"{path}: a shard, or an unfinished run; 'enforcesim merge', or --resume, makes results of it"
                )
            what = "empty" if not head else "truncated" if head == b"\x89HDF\r\n\x1a\n" else "not an HDF5 file"
            raise EnforceSimError(f"{path}: {what}, so no results file of EnforceSim")
        with h5py.File(path, "r") as file:
            _refuse_hostile(path, file)  # first: even to ask whether something is there may lead out of the file
            kind = text(file.attrs.get("output", "all"))
            if kind not in FORMS:
                raise EnforceSimError(f"{path}: of a kind that this package does not know (output = {kind[:40]!r})")
            missing = [n for n in FORMS[kind] if n not in file]
            if missing or not isinstance(file.get("summary"), h5py.Group):
                lacks = missing[0] if missing else "summary"
                raise EnforceSimError(f"{path}: not a results file of EnforceSim (it has no /{lacks})")
            return [g for g in GROUPS if isinstance(file.get(g), h5py.Group) and len(file[g])]
    except PermissionError as reason:
        raise EnforceSimError(f"{path}: cannot be read (no permission)") from reason
    except (OSError, RuntimeError) as reason:
        raise EnforceSimError(f"{path}: truncated or damaged ({text(reason)})") from reason


def _refuse_hostile(path: Path, file: h5py.File) -> None:
    """A results file holds its own data, all of them, compressed in its own way: another may be hostile."""
    seen: set[int] = set()
    groups = [file["/"]]
    while groups:
        group = groups.pop()
        for name in group.id:
            link = group.id.links.get_info(name)
            shown = text(f"{group.name}/{text(name)}".replace("//", "/"))[:100]
            if link.type == h5py.h5l.TYPE_EXTERNAL:
                raise EnforceSimError(f"{path}: {shown} links to another file; refused")
            if link.type != h5py.h5l.TYPE_HARD:
                raise EnforceSimError(f"{path}: {shown} is a link, which results files do not have; refused")
            if link.u in seen:
                continue
            seen.add(link.u)
            if len(seen) > MOST_OBJECTS:
                raise EnforceSimError(f"{path}: holds more than {MOST_OBJECTS:,} objects; refused")
            item = h5py.h5o.open(group.id, name)
            if isinstance(item, h5py.h5g.GroupID):
                groups.append(h5py.Group(item))
            elif isinstance(item, h5py.h5d.DatasetID):
                _refuse_dataset(f"{path}: {shown}", item)


def _refuse_dataset(where: str, dataset: h5py.h5d.DatasetID) -> None:
    made = dataset.get_create_plist()
    if made.get_external_count() or made.get_layout() == h5py.h5d.VIRTUAL:
        raise EnforceSimError(f"{where} keeps its data in another file; refused")
    filters = [made.get_filter(i)[0] for i in range(made.get_nfilters())]
    if not FILTERS.issuperset(filters) or len(set(filters)) < len(filters):
        raise EnforceSimError(f"{where} is compressed in a way that the program does not use; refused")
    claimed = math.prod(dataset.shape or ()) * dataset.get_type().get_size()
    if claimed > INFLATION * dataset.get_storage_size() + SLACK:
        raise EnforceSimError(f"{where} claims more data than the file holds; refused")


def output(ds: xr.Dataset) -> str:
    """What the file holds: "all" (every replicate's series and summary), "summary" or "quantiles"."""
    kind = text(ds.attrs.get("output", "all"))
    return kind if kind in FORMS else "all"


def lacks(ds: xr.Dataset, wanted: str) -> EnforceSimError:
    """The error for a request that the file's kind cannot serve: what it holds, and what to do."""
    held = {"summary": "summaries", "quantiles": "statistics over replicates"}.get(output(ds), "every replicate")
    return EnforceSimError(
        f'this file holds {held} only (run.output = "{output(ds)}"); run again with run.output = "all" for {wanted}'
    )


def nearly(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` where a known name is nearly the word, else nothing."""
    close = difflib.get_close_matches(word, [*known], 1, 0.7)
    return f"; did you mean {close[0]!r}?" if close else ""


def metrics(ds: xr.Dataset) -> pd.DataFrame:
    """Metrics of the file: index name; columns units, kind (flow, stock, share), meaning, submodel."""
    starts = "summary."
    whole = output(ds) != "summary"  # then a metric is one that has a series as well
    names = [str(n) for n in ds.data_vars if f"{starts}{n}" in ds]
    if not whole:
        names = [str(n).removeprefix(starts) for n in ds.data_vars if str(n).startswith(starts)]
    rows = {}
    for name in names:
        about = attributes(ds, name)
        rows[name] = {
            "units": text(about.get("units", "1")),
            "kind": text(about.get("metric_kind", "")),
            "meaning": text(about.get("long_name", name)),
            "submodel": text(about.get("submodel", "")),
        }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["units", "kind", "meaning", "submodel"])


def attributes(ds: xr.Dataset, metric: str) -> dict[str, object]:
    """A metric's attributes, from its series or, where there is none, from its summary."""
    return dict(ds[metric if metric in ds else f"summary.{metric}"].attrs)


def label(ds: xr.Dataset, metric: str) -> str:
    """What a metric is, in the file's words; what follows a semicolon qualifies and is left out."""
    return text(attributes(ds, metric).get("long_name", metric)).split(";")[0]


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
    return float(ds.attrs["horizon"] if "horizon" in ds.attrs else np.max(ds["time"].values))


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
        values = np.broadcast_to(np.atleast_1d(words(v)), (max(len(names), 1),))
        about = {c: text(v.attrs.get(a, "")) for c, a in PARAMETER_COLUMNS.items()}
        rows[name] = about | dict(zip(names or ["value"], values, strict=True))
    return pd.DataFrame.from_dict(rows, orient="index")


def words(v: xr.DataArray) -> np.ndarray:
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

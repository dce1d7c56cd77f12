"""What the model declares: every parameter and every metric, from the library's own tables."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pandas as pd
import xarray as xr

from . import files, library
from .files import EnforceSimError
from .library import ffi


def params(group: str | None = None) -> pd.DataFrame:
    """Every parameter of the model, of one group (`"police"`; `"run"`: a run's settings), or one (`"police.leak"`).

    Index `path`, as in `police.leak`. Columns: `type` (real, whole, flag, choice), `unit`, `default`, `minimum` and
    `maximum` (the range that is allowed, and meant where nobody knows better; NaN for a choice), `choices` (a
    choice's words), `role` (lever: a policy decides it; uncertain: the world does; structural: the modeller),
    `meaning`, `source`, and `setting`: the path by which `run(set=...)` and the program's `--set` change it, with
    NAME for that of a policy.
    """
    if group is not None and not isinstance(group, str):
        raise EnforceSimError(f"group is of type {type(group).__name__}; allowed: the name of a group")
    table = pd.DataFrame(json.loads(library.json_of("parameters", ffi.NULL if group is None else group.encode())))
    if table.empty:
        known = sorted({str(p).partition(".")[0] for p in params().index} | {"run"})
        raise EnforceSimError(f"there is no group '{files.text(group)}'; allowed: {', '.join(known)}")
    choice = table["type"] == "choice"
    table["choices"] = [tuple(u.split("|")) if c else () for u, c in zip(table["unit"], choice, strict=True)]
    table.loc[choice, "unit"] = "1"
    for column in ("minimum", "maximum"):
        table[column] = table[column].astype(float)
    table["setting"] = [_setting(p, r, group) for p, r in zip(table["path"], table["role"], strict=True)]
    order = ["type", "unit", "default", "minimum", "maximum", "choices", "role", "meaning", "source", "setting"]
    return table.set_index("path")[order]


def _setting(path: str, role: str, group: str | None) -> str:
    if (group or "").partition(".")[0] == "run":
        return path
    return f"policies.NAME.{path.partition('.')[2]}" if role == "lever" else f"parameters.{path}"


def metrics(ds: xr.Dataset | None = None) -> pd.DataFrame:
    """Every metric of the model, or those of a dataset.

    Index `name`; columns `units`, `kind` (flow: summed since the record before; stock: a number on the day of the
    record; share: a ratio or mean), `meaning`, `submodel`.
    """
    if ds is not None:
        return files.metrics(ds)
    table = pd.DataFrame(json.loads(library.json_of("metrics"))).rename(columns={"unit": "units"})
    return table.set_index("name")[["units", "kind", "meaning", "submodel"]].rename_axis(None)


def problem(names: Iterable[str] | None = None) -> dict[str, Any]:
    """The problem that SALib's samplers and analyses take: `num_vars`, `names` and `bounds`, the parameters' ranges.

    names: paths as `params` has them; None: every uncertain parameter that is a number. The samples X, shape (point,
    name), go into a run by `run(config, design=pd.DataFrame(X, columns=problem["names"]))`, in which whole numbers
    must be whole.
    """
    table = params()
    if names is None:
        chosen = table[(table["role"] == "uncertain") & table["type"].isin(["real", "whole"])]
    else:
        if not isinstance(names, Iterable):
            raise EnforceSimError(f"names is of type {type(names).__name__}; allowed: a path as in params(), or paths")
        names = [names] if isinstance(names, str) else list(names)
        unknown = [n for n in names if n not in table.index]
        if unknown:
            raise EnforceSimError(f"there is no parameter '{files.text(unknown[0])}'; es.params() lists them")
        chosen = table.loc[names]
        for path, row in chosen.iterrows():
            if row["type"] not in ("real", "whole") or row["role"] == "lever":
                what = "a lever, which a policy decides" if row["role"] == "lever" else f"a {row['type']}"
                raise EnforceSimError(f"{path} is {what}; allowed: parameters that are numbers")
    bounds = chosen[["minimum", "maximum"]].to_numpy().tolist()
    return {"num_vars": len(chosen), "names": [str(p) for p in chosen.index], "bounds": bounds}

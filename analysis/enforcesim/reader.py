"""Reading the bytes of a results file that this process has made: all of it at once, by HDF5 alone.

What xarray's own reader finds in such a file takes it seconds, for it asks for each of four hundred datasets one by
one; a run of a small city is over in a fraction of one. The result is the same, which a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator

import h5py
import numpy as np
import xarray as xr

#: Attributes by which HDF5 and netCDF-4 find dimensions, and the value that stands for none.
MACHINERY = {"CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_FillValue"}


def read(image: bytes, groups: tuple[str, ...]) -> xr.Dataset:
    """Every variable of the root under its name, those of `groups` as `group.name`; coordinates under theirs."""
    coordinates: dict[str, xr.Variable] = {}
    variables: dict[str, xr.Variable] = {}
    with h5py.File(h5py.h5f.open_file_image(image)) as file:
        for group in ("/", *(g for g in groups if g in file)):
            for name, variable in _variables(file[group]):
                if variable.dims == (name,):
                    coordinates.setdefault(name, variable)
                else:
                    variables[name if group == "/" else f"{group}.{name}"] = variable
        return xr.Dataset(variables, coordinates, _attributes(file["/"]))


def _variables(group: h5py.Group) -> Iterator[tuple[str, xr.Variable]]:
    for name, dataset in group.items():
        if isinstance(dataset, h5py.Dataset):
            yield name, xr.Variable(_dimensions(name, dataset), _values(dataset), _attributes(dataset))


def _dimensions(name: str, dataset: h5py.Dataset) -> tuple[str, ...]:
    if h5py.h5ds.is_scale(dataset.id):
        return (name,)
    # A scale's path would be looked for in all of the file; its own name is at hand.
    return tuple(h5py.h5ds.get_scale_name(dataset.dims[i][0].id).decode() for i in range(dataset.ndim))


def _values(dataset: h5py.Dataset) -> np.ndarray:
    if h5py.check_string_dtype(dataset.dtype) is None:
        return np.asarray(dataset[()])
    return np.asarray(dataset.asstr()[()]).astype(str)


def _attributes(item: h5py.Group | h5py.Dataset) -> dict[str, object]:
    """By HDF5's own functions, for there are thousands: texts, and numbers of which one alone is no array."""
    found: dict[str, object] = {}
    for i in range(h5py.h5a.get_num_attrs(item.id)):
        attribute = h5py.h5a.open(item.id, index=i, index_type=h5py.h5.INDEX_CRT_ORDER)
        name = attribute.name.decode()
        if name in MACHINERY:
            continue
        value = np.empty(attribute.shape, attribute.dtype)
        attribute.read(value)
        if value.dtype.kind == "S":
            found[name] = value.item().decode()
        else:
            found[name] = value[0] if value.size == 1 else value
    return found

"""Labelled arrays in a group of an HDF5 file, laid out as NetCDF-4 asks for, so that any reader of NetCDF knows their dimensions.

The libraries for it look up each dimension of each variable again and again: 4 ms a variable, half a second for a result to be opened or saved.
Here a variable is one dataset, its dimensions are attached to it as scales, and both directions pass over the file once.

Source: NetCDF-4 file format specification (Unidata), "Dimensions and coordinate variables"; HDF5 dimension scales.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import h5py
    import xarray as xr

_BARE = "This is a netCDF dimension but not a netCDF variable."
_OF_THE_FORMAT = frozenset(
    ("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_FillValue", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_NCProperties")
)


def write_group(group: h5py.Group, dataset: xr.Dataset, first: int) -> int:
    """Write a dataset into an empty group.

    Parameters
    ----------
    group : h5py.Group
    dataset : Dataset
        Of numbers, booleans and texts, with names that hold no slash.
    first : int
        How many dimensions the groups before it have: NetCDF numbers those of a file.

    Returns
    -------
    int
        The same with those of this group.
    """
    import h5py
    from xarray.conventions import encode_dataset_coordinates

    variables, attributes = encode_dataset_coordinates(dataset)
    written: dict[str, h5py.Dataset] = {}
    for name, variable in variables.items():
        values, more = _stored(np.asarray(variable.values))
        written[str(name)] = group.create_dataset(str(name), data=values, dtype=_kind(values))
        _write_attributes(written[str(name)].attrs, {**variable.attrs, **more, **_fill(values)})
        coordinates = variable.encoding.get("coordinates")
        if coordinates:
            written[str(name)].attrs["coordinates"] = coordinates
    scales: dict[str, h5py.Dataset] = {}
    for number, (dimension, size) in enumerate(dataset.sizes.items(), first):
        scale = written.get(str(dimension))
        if scale is None:
            scale = group.create_dataset(str(dimension), shape=(size,), dtype=">f4")
            h5py.h5ds.set_scale(scale.id, f"{_BARE}{size:10d}".encode())
        else:
            h5py.h5ds.set_scale(scale.id, str(dimension).encode())
        scale.attrs["_Netcdf4Dimid"] = np.int32(number)
        scales[str(dimension)] = scale
    for name, variable in variables.items():
        if name not in scales:
            for axis, dimension in enumerate(variable.dims):
                h5py.h5ds.attach_scale(written[str(name)].id, scales[str(dimension)].id, axis)
    _write_attributes(group.attrs, attributes)
    return first + len(scales)


def read_group(group: h5py.Group) -> xr.Dataset:
    """The dataset of a group, all of it in memory; groups inside it are left alone.

    Raises
    ------
    OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError
        As the library has it, if the file is damaged.
    """
    import h5py
    import xarray as xr

    found = {name: item for name, item in group.items() if isinstance(item, h5py.Dataset)}
    names = {h5py.h5o.get_info(item.id).addr: name for name, item in found.items()}
    variables: dict[str, xr.Variable] = {}
    coordinates: set[str] = set()
    for name, item in found.items():
        there = list(item.attrs)
        if "NAME" in there and str(_plain(item.attrs["NAME"])).startswith(_BARE):
            continue
        if "CLASS" in there:
            coordinates.add(name)
        if "DIMENSION_LIST" in there:
            dims = tuple(_name(reference[0], group, names) for reference in item.attrs["DIMENSION_LIST"])
        else:
            dims = (name,) * len(item.shape)
        kept = {key: _plain(item.attrs[key]) for key in there if key not in _OF_THE_FORMAT}
        coordinates.update(kept.pop("coordinates", "").split())
        variables[name] = xr.Variable(dims, _values(item, kept.pop("dtype", "")), kept)
    about = {key: _plain(value) for key, value in group.attrs.items() if key not in _OF_THE_FORMAT}
    coordinates.update(about.pop("coordinates", "").split())
    data = {name: variable for name, variable in variables.items() if name not in coordinates}
    return xr.Dataset(data, {name: variable for name, variable in variables.items() if name in coordinates}, about)


def _name(reference: h5py.Reference, group: h5py.Group, names: Mapping[int, str]) -> str:
    """Of the dataset that a reference leads to, given those of the group by their place in the file: to ask the library for it is to have the
    file searched."""
    import h5py

    known = names.get(h5py.h5o.get_info(h5py.h5r.dereference(reference, group.id)).addr)
    if known is not None:
        return known
    path: bytes = h5py.h5r.get_name(reference, group.id)
    return path.decode("utf-8", "surrogateescape").rsplit("/", 1)[-1]


def _stored(values: np.ndarray) -> tuple[np.ndarray, dict[str, str]]:
    """Values of a kind that NetCDF has, and what says which they were."""
    if values.dtype.kind == "b":
        return values.astype(np.int8), {"dtype": "bool"}
    if values.dtype.kind in "UO":
        return values.astype(object), {}
    return values, {}


def _kind(values: np.ndarray) -> Any:
    import h5py

    return h5py.string_dtype() if values.dtype.kind == "O" else values.dtype


def _fill(values: np.ndarray) -> dict[str, Any]:
    """What stands for a missing number."""
    return {"_FillValue": values.dtype.type(np.nan)} if values.dtype.kind == "f" else {}


def _values(item: h5py.Dataset, kind: str) -> np.ndarray:
    """Values (any shape) as they were: texts as NumPy's own kind of text."""
    if item.dtype.kind == "O":
        texts = np.asarray(item.asstr(errors="replace")[()], dtype=object)
        return np.array([str(text) for text in texts.ravel()], dtype=str).reshape(item.shape)
    values = np.asarray(item[()])
    return values.astype(bool) if kind == "bool" else values


def _write_attributes(attributes: h5py.AttributeManager, values: Any) -> None:
    for name, value in values.items():
        attributes[str(name)] = value if isinstance(value, str) else _listed(value)


def _listed(value: Any) -> np.ndarray:
    """Attributes of NetCDF are lists, those of one number, too."""
    import h5py

    listed = np.atleast_1d(np.asarray(value))
    return listed.astype(object).astype(h5py.string_dtype()) if listed.dtype.kind == "U" else listed


def _plain(value: Any) -> Any:
    """An attribute as it was given: a list of one as what is in it."""
    if isinstance(value, bytes | np.bytes_):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "O":
            texts = [str(_plain(text)) for text in value.ravel()]
            return texts[0] if len(texts) == 1 else texts
        return value.item() if value.size == 1 else value
    return value.item() if isinstance(value, np.generic) else value

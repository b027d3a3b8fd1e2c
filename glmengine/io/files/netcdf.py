"""NetCDF files of labelled arrays and texts, written whole or not at all."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.netcdf_groups import read_group, write_group
from glmengine.io.files.plain_text import see_regular
from glmengine.io.files.whole import write_whole

if TYPE_CHECKING:
    import xarray as xr

_INDEX = "glmengine_index"


def write_netcdf(
    path: str | Path, datasets: Mapping[str, xr.Dataset], texts: Mapping[str, str], *, kind: str, format_version: int
) -> None:
    """Write datasets by name, and texts by name, into one file.

    Parameters
    ----------
    path : path
    datasets : mapping of str to Dataset
        Any names; each becomes a group of the file.
    texts : mapping of str to str
        Kept as variables, since attributes of HDF5 cannot be long.
    kind, format_version : str, int
        What the file says it is.

    Raises
    ------
    GlmError
        If the folder cannot be written to; a file that was there is untouched.
    """
    import xarray as xr

    groups = {f"g{position}": name for position, name in enumerate(datasets)}
    root = xr.Dataset({name: ((), text) for name, text in {**texts, _INDEX: json.dumps(groups)}.items()})
    root.attrs = {"kind": kind, "format_version": format_version}
    write_whole(path, netcdf_bytes(root, {group: _encoded(datasets[name]) for group, name in groups.items()}))


def netcdf_bytes(root: xr.Dataset, groups: Mapping[str, xr.Dataset] | None = None) -> bytes:
    """A NetCDF file as bytes, made in memory, because HDF5 may take the program down where the disk is full."""
    import h5py

    content = io.BytesIO()
    with h5py.File(content, "w", track_order=True) as file:
        file.attrs["_NCProperties"] = np.bytes_(f"version=2,hdf5={h5py.version.hdf5_version},h5py={h5py.version.version}")
        count = write_group(file, root, 0)
        for group, dataset in (groups or {}).items():
            count = write_group(file.create_group(group, track_order=True), dataset, count)
    return content.getvalue()


def read_netcdf(path: str | Path, *, kind: str, format_version: int) -> tuple[dict[str, xr.Dataset], dict[str, str], int]:
    """Read what `write_netcdf` wrote: datasets, texts, and the file's format version.

    Raises
    ------
    GlmError
        If the file is absent, is something else, is damaged, or comes from a newer version of the program.
    """
    import h5py

    path = Path(path)
    try:
        see_regular(path)
        with open(path, "rb") as stream:
            signature = stream.read(8)
    except FileNotFoundError as error:
        raise GlmError(f"{path}: there is no such file; check the path") from error
    except OSError as error:
        raise GlmError(f"{path.name}: cannot be read ({error.strerror}); check its permissions") from error
    if signature != b"\x89HDF\r\n\x1a\n":
        raise GlmError(f"{path.name}: is not a saved {kind} (not a NetCDF file); choose a file that this program saved")
    try:
        with h5py.File(path, "r") as file:
            if "kind" not in file.attrs:  # such as NWB
                raise GlmError(f"{path.name}: is an HDF5 file but not a saved {kind}; choose a file that this program saved")
            root = read_group(file)
            if root.attrs["kind"] != kind:
                raise GlmError(f"{path.name}: is a NetCDF file but not a saved {kind}; choose a file that this program saved")
            version = int(root.attrs["format_version"])
            if version > format_version:
                raise GlmError(
                    f"{path.name}: was written by a newer version of the program (format {version}, this one reads up to {format_version}); update the program",
                    field="format_version",
                )
            texts = {str(name): str(root[name].item()) for name in root.data_vars}
            groups = json.loads(texts.pop(_INDEX))
            datasets = {name: _decoded(read_group(file[group])) for group, name in groups.items()}
    except GlmError:
        raise
    except (OSError, ValueError, KeyError, RecursionError, TypeError, RuntimeError, AttributeError) as error:
        raise GlmError(
            f"{path.name}: is damaged and cannot be read ({_first_line(error)}); restore a copy or run the analysis again"
        ) from error
    return datasets, texts, version


def _encoded(dataset: xr.Dataset) -> xr.Dataset:
    """The same with names that a NetCDF file can hold, and nothing left of an earlier file's encoding."""
    names = [*dataset.variables, *dataset.dims]
    changed = {name: quote(str(name), safe=" .+-@()[],'") for name in names if "/" in str(name) or "%" in str(name)}
    return (dataset.rename(changed) if changed else dataset).drop_encoding()


def _decoded(dataset: xr.Dataset) -> xr.Dataset:
    """Names as they were."""
    changed = {name: unquote(str(name)) for name in [*dataset.variables, *dataset.dims] if "%" in str(name)}
    return dataset.rename(changed) if changed else dataset


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]

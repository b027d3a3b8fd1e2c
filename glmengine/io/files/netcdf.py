"""NetCDF files of labelled arrays and texts, written whole or not at all."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.plain_text import see_regular
from glmengine.io.files.whole import write_whole

if TYPE_CHECKING:
    import xarray as xr

_ENGINE = "h5netcdf"
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
    import h5netcdf
    from xarray.backends import H5NetCDFStore

    content = io.BytesIO()
    with h5netcdf.File(content, "w") as file:
        root.dump_to_store(H5NetCDFStore(file))
        for group, dataset in (groups or {}).items():
            dataset.dump_to_store(H5NetCDFStore(file, group=group, mode="a"))
    return content.getvalue()


def read_netcdf(path: str | Path, *, kind: str, format_version: int) -> tuple[dict[str, xr.Dataset], dict[str, str], int]:
    """Read what `write_netcdf` wrote: datasets, texts, and the file's format version.

    Raises
    ------
    GlmError
        If the file is absent, is something else, is damaged, or comes from a newer version of the program.
    """
    import xarray as xr

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
        if not _is_ours(path):
            raise GlmError(f"{path.name}: is an HDF5 file but not a saved {kind}; choose a file that this program saved")
        root = _load(xr, path, None)
        if root.attrs.get("kind") != kind:
            raise GlmError(f"{path.name}: is a NetCDF file but not a saved {kind}; choose a file that this program saved")
        version = int(root.attrs["format_version"])
        if version > format_version:
            raise GlmError(
                f"{path.name}: was written by a newer version of the program (format {version}, this one reads up to {format_version}); update the program",
                field="format_version",
            )
        texts = {str(name): str(root[name].item()) for name in root.data_vars}
        groups = json.loads(texts.pop(_INDEX))
        datasets = {name: _decoded(_load(xr, path, group)) for group, name in groups.items()}
    except GlmError:
        raise
    except (OSError, ValueError, KeyError, RecursionError, TypeError, RuntimeError, AttributeError) as error:
        raise GlmError(
            f"{path.name}: is damaged and cannot be read ({_first_line(error)}); restore a copy or run the analysis again"
        ) from error
    return datasets, texts, version


def _is_ours(path: Path) -> bool:
    """Whether the file has our mark; others, such as NWB, hold what xarray cannot read."""
    import h5py

    with h5py.File(path, "r") as file:
        return "kind" in file.attrs


def _load(xr: Any, path: Path, group: str | None) -> xr.Dataset:
    # A coordinate in seconds stays a number: xarray would make dates and durations of it.
    return xr.load_dataset(path, engine=_ENGINE, group=group, decode_times=False, decode_timedelta=False)


def _encoded(dataset: xr.Dataset) -> xr.Dataset:
    """The same with names that a NetCDF file can hold, and nothing left of an earlier file's encoding."""
    names = [*dataset.variables, *dataset.dims]
    changed = {name: quote(str(name), safe=" .+-@()[],'") for name in names if "/" in str(name) or "%" in str(name)}
    dataset = dataset.rename(changed) if changed else dataset
    dataset = dataset.drop_encoding()
    for variable in dataset.variables.values():
        if variable.dtype.kind == "U":
            variable.encoding["dtype"] = str
    return dataset


def _decoded(dataset: xr.Dataset) -> xr.Dataset:
    """Names as they were, texts as NumPy's own kind of text, and no trace of the file."""
    changed = {name: unquote(str(name)) for name in [*dataset.variables, *dataset.dims] if "%" in str(name)}
    dataset = (dataset.rename(changed) if changed else dataset).drop_encoding()
    texts = {name: dataset[name] for name in dataset.variables if dataset[name].dtype.kind not in "biufc"}
    for name, array in texts.items():
        values = np.asarray(array.values, dtype=object)
        plain = np.array([str(value) for value in values.ravel()], dtype=str).reshape(values.shape)
        if name in dataset.coords:
            dataset = dataset.assign_coords({name: (array.dims, plain, array.attrs)})
        else:
            dataset = dataset.assign({name: (array.dims, plain, array.attrs)})
    return dataset


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]

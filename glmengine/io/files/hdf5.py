"""HDF5 files read with care: no link into another file, no array that would not fit into memory."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.limits import LARGEST_ARRAY, plain_column, text_of
from glmengine.io.files.stored import Hdf5Series
from glmengine.sentences import listed
from glmengine.timegrid.sampling import usual_step

if TYPE_CHECKING:
    import h5py

LARGE = 2**27
"""Bytes (as float64) above which a series stays in its file."""

LARGEST_STORED = 2**40
"""Bytes (as float64) above which no series can be meant."""

LARGEST_WHOLE = 2**29
"""Bytes (as float64) up to which a large series is read into memory after all, where it cannot stay in its file."""

BLOCKS, SEEN, MARKS = 64, 2**19, 4096
"""A large series is looked at in so many stretches, of so many numbers in all; so many of its times are kept."""


class MustBeWhole(Exception):
    """A large series can only be read as a whole; `fits` says whether it is small enough for that."""

    def __init__(self, reason: str, dataset: h5py.Dataset) -> None:
        super().__init__(reason)
        self.fits = 8 * (dataset.size or 0) <= LARGEST_WHOLE


def child(group: h5py.Group, name: str, notes: list[str]) -> h5py.Group | h5py.Dataset | None:
    """A member of a group (or deeper, with a path), None where there is none or, with a note, where it lies in another file or nowhere."""
    import h5py

    link = group.get(name, getlink=True) if "/" not in name else None
    found = None if isinstance(link, h5py.ExternalLink) else group.get(name)
    if found is None and isinstance(link, h5py.SoftLink):
        notes.append(
            f"{group.name}/{name}".replace("//", "/").lstrip("/")
            + f" is a link to {link.path}, which is not there, and was left out."
        )
    if isinstance(link, h5py.ExternalLink) or (found is not None and found.file.filename != group.file.filename):
        notes.append(f"{group.name}/{name}".replace("//", "/").lstrip("/") + " lies in another file and was left out.")
        return None
    return found


def array(dataset: h5py.Dataset | None, notes: list[str], label: str) -> np.ndarray | None:
    """A dataset in memory, or None with a note where it is too large or its values lie in another file."""
    import h5py

    if dataset is None:
        return None
    if not isinstance(dataset, h5py.Dataset):
        notes.append(f"{label} is not an array and was left out.")
        return None
    if dataset.external or dataset.is_virtual:
        notes.append(f"{label} lies in another file and was left out.")
        return None
    size = dataset.size or 0
    if size * max(dataset.dtype.itemsize, 1) > LARGEST_ARRAY:
        notes.append(f"{label} was left out: it would take {size * dataset.dtype.itemsize / 2**30:.1f} GB.")
        return None
    unknown = [code for code in filters_of(dataset) if not h5py.h5z.filter_avail(code)]
    if unknown:
        named = listed([COMPRESSIONS.get(code, f"filter {code}") for code in unknown], 4)
        notes.append(f"{label} was left out: it is compressed by {named}, which cannot be read here; write the file with gzip.")
        return None
    return dataset[()]


COMPRESSIONS = {
    32001: "Blosc",
    32004: "LZ4",
    32008: "Bitshuffle",
    32013: "ZFP",
    32015: "Zstandard",
    32026: "Blosc2",
    307: "BZIP2",
    305: "LZO",
}
"""Names of registered filters."""


def filters_of(dataset: h5py.Dataset) -> list[int]:
    """The numbers of the filters through which the values of a dataset go."""
    made = dataset.id.get_create_plist()
    return [made.get_filter(number)[0] for number in range(made.get_nfilters())]


def needed_array(group: h5py.Group, name: str, label: str) -> np.ndarray:
    """A member of a group without which the file is of no use.

    Raises
    ------
    GlmError
        If it is missing, too large, or lies in another file.
    """
    notes: list[str] = []
    values = array(child(group, name, notes), notes, label)
    if values is None:
        reason = notes[0].rstrip(".") if notes else f"{label} is missing"
        raise GlmError(f"{reason}, and without it there is nothing to fit; export a shorter or complete file")
    return values


def number(value: object, default: float) -> float:
    """The first number of an attribute or of a scalar dataset."""
    values = np.ravel(np.asarray(value)) if value is not None else np.empty(0)
    return float(values[0]) if values.size and values.dtype.kind in "buif" else default


def table(group: h5py.Group, notes: list[str], label: str, skip: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
    """The plain columns of a DynamicTable: one value a row. Ragged columns and references are left out."""
    ids = child(group, "id", notes)
    rows = len(ids) if ids is not None else 0
    columns = {}
    for name in in_order(group):
        dataset = child(group, name, notes)
        is_ragged = f"{name}_index" in group or name.endswith("_index")
        if name == "id" or name in skip or is_ragged or not hasattr(dataset, "dtype") or dataset.shape != (rows,):
            continue
        if dataset.dtype.kind == "O" and dataset.dtype.metadata and "ref" in dataset.dtype.metadata:
            continue
        values = array(dataset, notes, f"{label}/{name}")
        if values is not None:
            columns[name] = plain_column(values)
    return columns


def in_order(group: h5py.Group) -> list[str]:
    """The members of a table, its columns first, in the order in which it says that they stand."""
    given = group.attrs.get("colnames", ())
    first = [text_of(name) for name in np.ravel(given)] if np.size(given) else []
    return list(dict.fromkeys([*(name for name in first if name in group), *group]))


def ragged(group: h5py.Group, name: str, label: str) -> list[np.ndarray]:
    """A ragged column: one array a row.

    Raises
    ------
    GlmError
        If the column or its index is missing, or the two do not fit.
    """
    ends = needed_array(group, f"{name}_index", f"{label}/{name}_index").astype(np.int64)
    values = needed_array(group, name, f"{label}/{name}")
    if ends.ndim != 1 or values.ndim < 1 or (len(ends) and (ends[0] < 0 or (np.diff(ends) < 0).any() or ends[-1] > len(values))):
        raise GlmError(
            f"the index of {label}/{name} does not fit its {np.size(values)} values; the file is damaged, export it again"
        )
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    return [values[start:end] for start, end in zip(starts, ends, strict=True)]


def is_large(dataset: h5py.Dataset) -> bool:
    """Whether an array had better stay in its file."""
    return bool(dataset.dtype.kind in "iuf" and dataset.ndim and 8 * (dataset.size or 0) > LARGE and dataset.shape[0] > 1)


def stored_series(
    path: Path, group: h5py.Group, conversion: float, offset: float, notes: list[str], label: str
) -> tuple[Hdf5Series, np.ndarray, np.ndarray] | None:
    """A series that stays in its file, with the times and values of some of its samples; None, with a note, where that cannot be.

    Its times, where they are stored, are gone through in blocks: they must go forwards, since it cannot be sorted.

    Raises
    ------
    MustBeWhole
        If it can only be read as a whole.
    """
    import h5py

    data, times = group["data"], group.get("timestamps")
    size = 8 * (data.size or 0)
    if size > LARGEST_STORED:
        notes.append(f"{label} was left out: it would take {size / 2**30:.1f} GB.")
        return None
    for dataset in (data, times):
        if isinstance(dataset, h5py.Dataset) and (dataset.external or dataset.is_virtual):
            notes.append(f"{label} lies in another file and was left out.")
            return None
        if isinstance(dataset, h5py.Dataset) and dataset.chunks and math.prod(dataset.chunks) * dataset.dtype.itemsize > LARGE:
            raise MustBeWhole(
                f"it can only be read in pieces of more than {LARGE / 2**20:.0f} MB; export it in smaller chunks.", data
            )
    n = data.shape[0]
    rows = _some_rows(n, max(1, size // (8 * n)))
    marks, stride = np.empty(0), 1
    if times is not None:
        if not isinstance(times, h5py.Dataset) or times.shape != (n,) or times.dtype.kind not in "uif":
            notes.append(f"{label} was left out: {data.shape} {data.dtype} values do not fit its times.")
            return None
        stride = -(-n // MARKS)
        stride = 2 ** math.ceil(math.log2(stride))
        found = _marks(times, stride)
        if found is None:
            raise MustBeWhole("its times do not go forwards, and it is too large to be put in order; export it sorted.", data)
        marks = found
        seen = np.concatenate([times[first:last] for first, last in rows]).astype(np.float64)
        period = usual_step(np.concatenate([np.diff(times[first:last].astype(np.float64)) for first, last in rows]))
    else:
        start = group["starting_time"]
        rate = number(start.attrs.get("rate"), 0.0)
        if not (np.isfinite(rate) and rate > 0):
            notes.append(f"{label} was left out: its sampling rate is {rate:g}.")
            return None
        period, first_time = 1.0 / rate, number(start[()], 0.0)
        seen = np.concatenate([first_time + np.arange(first, last) * period for first, last in rows])
    values = np.concatenate([data[first:last] for first, last in rows])
    if (conversion, offset) != (1.0, 0.0):
        values = values * conversion + offset
    values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    about = path.stat()
    stored = Hdf5Series(
        path=path.resolve(),
        place=data.name,
        times_place="" if times is None else times.name,
        shape=data.shape,
        start=float(seen[0]),
        stop=float(seen[-1]),
        period=period,
        regular=times is None,
        marks=marks,
        stride=stride,
        conversion=conversion,
        offset=offset,
        stamp=(about.st_size, about.st_mtime_ns),
    )
    return stored, seen, values


def _some_rows(n: int, width: int) -> list[tuple[int, int]]:
    """Stretches of rows evenly over a series, the first and the last with them."""
    many = max(2, min(n // BLOCKS, SEEN // (BLOCKS * width)))
    firsts = np.unique(np.linspace(0, max(n - many, 0), BLOCKS).astype(np.int64))
    stretches: list[tuple[int, int]] = []
    for first in firsts:
        first = max(int(first), stretches[-1][1] if stretches else 0)
        if min(first + many, n) - first >= 2 or not stretches:
            stretches.append((first, min(first + many, n)))
    if stretches[-1][1] < n:
        stretches[-1] = (stretches[-1][0], n)
    return stretches


def _marks(times: h5py.Dataset, stride: int) -> np.ndarray | None:
    """Every `stride`-th time; None where they do not all go forwards."""
    block, last, marks = max(stride, 2**19), -np.inf, []
    for first in range(0, len(times), block):
        part = times[first : first + block].astype(np.float64)
        if not (part[0] > last and (np.diff(part) > 0).all() and np.isfinite(part[[0, -1]]).all()):
            return None
        last = part[-1]
        marks.append(part[::stride].copy())
    return np.concatenate(marks)

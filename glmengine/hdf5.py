"""HDF5 read with care: no link into another file is followed, and no array is read that would not fit into memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.reading import LARGEST_ARRAY, plain_column

if TYPE_CHECKING:
    import h5py


def child(group: h5py.Group, name: str, notes: list[str]) -> h5py.Group | h5py.Dataset | None:
    """A member of a group (or deeper, with a path), None where there is none or, with a note, where it lies in another file."""
    import h5py

    link = group.get(name, getlink=True) if "/" not in name else None
    found = None if isinstance(link, h5py.ExternalLink) else group.get(name)
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
    return dataset[()]


def needed_array(group: h5py.Group, name: str, label: str) -> np.ndarray:
    """A member of a group without which the file is of no use."""
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
    for name in group:
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


def ragged(group: h5py.Group, name: str, label: str) -> list[np.ndarray]:
    """A ragged column: one array a row."""
    ends = needed_array(group, f"{name}_index", f"{label}/{name}_index").astype(np.int64)
    values = needed_array(group, name, f"{label}/{name}")
    if ends.ndim != 1 or values.ndim < 1 or (len(ends) and (ends[0] < 0 or (np.diff(ends) < 0).any() or ends[-1] > len(values))):
        raise GlmError(
            f"the index of {label}/{name} does not fit its {np.size(values)} values; the file is damaged, export it again"
        )
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    return [values[start:end] for start, end in zip(starts, ends, strict=True)]

"""HDF5 files other than NWB and MATLAB 7.3, whose arrays a recipe describes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.hdf5 import array, child
from glmengine.io.files.hdf5_kinds import holds_plain_arrays, is_hdf5
from glmengine.io.files.limits import LARGEST_UNASKED, plain_column, text_of
from glmengine.io.files.table_text import UNIT_WORD
from glmengine.io.raw import NamedArrays
from glmengine.io.reader import Reader

if TYPE_CHECKING:
    import h5py

DEEPEST = 12
"""Groups in one another."""

MOST_ARRAYS = 20_000
_UNITS = ("unit", "units", "Unit", "Units")
"""Attributes in which programs write the unit of measure of an array."""


def recognises(path: Path, head: bytes) -> bool:
    """True for HDF5 that is not named or marked as NWB, nor of a program whose arrays say nothing by themselves."""
    if path.is_dir() or not is_hdf5(head) or head.startswith(b"MATLAB") or path.suffix.lower() == ".nwb":
        return False
    return holds_plain_arrays(path)


def arrays(path: Path, names: set[str] | None = None) -> NamedArrays:
    """Every array of numbers or text, in groups as ``group.array``, and every field of one of records (``array.field``).

    An array whose attributes give its unit of measure has it in its name (``t (ms)``), as columns of tables have. Large ones that
    `names` does not ask for are left out.

    Raises
    ------
    GlmError
        If it holds no array that can be read.
    """
    import h5py

    walk = _Walk(names)
    with h5py.File(path, "r") as file:
        walk.take(file)
    found = walk.found
    if not found:
        left = " ".join(found.notes[:3])
        raise GlmError(f"{path.name}: holds no array of numbers or text that can be read; export it again. {left}".rstrip())
    found.split_at_indices()
    measured = {name: f"{name} ({unit})" for name, unit in walk.units.items()}
    return NamedArrays({measured.get(name, name): values for name, values in found.items()}, found.notes)


@dataclass
class _Walk:
    """What was found on the way through the groups of a file, each of which is entered once, however many links lead to it."""

    names: set[str] | None
    found: NamedArrays = field(default_factory=NamedArrays)
    units: dict[str, str] = field(default_factory=dict)
    entered: set[tuple[int, int]] = field(default_factory=set)

    def take(self, group: h5py.Group, before: str = "", depth: int = 0) -> None:
        import h5py

        about = h5py.h5o.get_info(group.id)
        if (about.fileno, about.addr) in self.entered:
            return
        self.entered.add((about.fileno, about.addr))
        for key in group:
            if len(self.found) >= MOST_ARRAYS:
                return
            item = child(group, key, self.found.notes)
            if isinstance(item, h5py.Group) and depth < DEEPEST:
                self.take(item, f"{before}{key}.", depth + 1)
            elif isinstance(item, h5py.Dataset):
                self._keep(f"{before}{key}", item)

    def _keep(self, name: str, item: h5py.Dataset) -> None:
        import h5py

        ragged = None if h5py.check_string_dtype(item.dtype) else h5py.check_vlen_dtype(item.dtype)
        if h5py.check_ref_dtype(item.dtype) is not None or item.shape is None:
            return
        if self.names is not None and item.nbytes > LARGEST_UNASKED and not any(one.startswith(name) for one in self.names):
            return
        if item.dtype.names is None and item.dtype.kind not in "buifSUO":
            self.found.notes.append(f"{name} was left out: it holds {item.dtype}, neither numbers nor text.")
            return
        values = array(item, self.found.notes, name)
        if values is None:
            return
        if values.dtype.names:
            self.found.update({f"{name}.{one}": plain_column(values[one]) for one in values.dtype.names})
        elif ragged is not None and np.dtype(ragged).kind in "buif":
            self.found[name] = [np.asarray(vector) for vector in np.ravel(values)]
        elif ragged is None:
            self.found[name] = plain_column(np.asarray(values))
        said = [text_of(np.ravel(item.attrs[one])[0]).strip() for one in _UNITS if np.size(item.attrs.get(one, ())) == 1]
        unit = next(filter(UNIT_WORD.fullmatch, said), "")
        if unit and name in self.found and item.dtype.kind not in "SU":
            self.units[name] = unit


READER = Reader("HDF5", (".h5", ".hdf5", ".hdf"), recognises, needs_recipe=True, probe=True, arrays=arrays)

"""MATLAB files, versions 4, 5 and 7.3, whose arrays a recipe describes."""

from __future__ import annotations

import math
import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.io.files.limits import LARGEST_ARRAY, text_of
from glmengine.io.raw import NamedArrays
from glmengine.io.reader import Reader

if TYPE_CHECKING:
    import h5py

VERSION_5, VERSION_7 = b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file"
DEEPEST = 12
"""Structs and cells in one another."""

MOST_ARRAYS = 20_000
MOST_CELLS = 20_000
LONGEST_TEXT = 10_000


VARIABLE = re.compile(rb"[A-Za-z][A-Za-z0-9_]{0,62}\0")


def recognises(path: Path, head: bytes) -> bool:
    """True for the text with which MATLAB begins its files, and for the first matrix of a file of version 4, which has no such text."""
    return head.startswith((VERSION_5, VERSION_7)) or (path.suffix.lower() == ".mat" and _is_version_4(head))


def _is_version_4(head: bytes) -> bool:
    """Whether a file begins with the header of a matrix as version 4 writes it (MAT-File Format, MathWorks, appendix): type, rows,
    columns, whether it is complex, length of its name, and the name."""
    for order in "<>":
        if len(head) < 22:
            return False
        kind, rows, columns, complex_, length = struct.unpack(f"{order}5i", head[:20])
        machine, rest = divmod(kind, 1000)
        zero, numbers, matrix = rest // 100, rest // 10 % 10, rest % 10
        named = 1 < length <= 64 and VARIABLE.fullmatch(head[20 : 20 + length]) is not None
        if (
            named
            and machine == (0 if order == "<" else 1)
            and zero == 0
            and numbers <= 5
            and matrix <= 2
            and min(rows, columns) >= 0
            and complex_ in (0, 1)
        ):
            return True
    return False


def arrays(path: Path, names: set[str] | None = None) -> NamedArrays:
    """Every numeric array, fields of structs as ``struct.field``, cell arrays of vectors as lists; `names` is not looked at."""
    with open(path, "rb") as file:
        head = file.read(len(VERSION_7))
    found = NamedArrays()
    found.first_number = 1
    if head == VERSION_7:
        import h5py

        with h5py.File(path, "r") as file:
            for name in file:
                if not name.startswith("#"):
                    _from_hdf5(found, name, file, file.get(name, getlink=True), 0)
        return found
    import scipy.io

    fitting = []
    for name, shape, kind in scipy.io.whosmat(str(path)):
        if kind not in ("function", "object", "opaque", "unknown") and math.prod(shape) * 8 <= LARGEST_ARRAY:
            fitting.append(name)
    if fitting:
        for name, value in scipy.io.loadmat(str(path), variable_names=fitting, chars_as_strings=True).items():
            if not name.startswith("__"):
                _from_scipy(found, name, value, 0)
    return found


READER = Reader("MATLAB", (".mat",), recognises, needs_recipe=True, probe=True, arrays=arrays)


def _from_scipy(found: NamedArrays, name: str, value: Any, depth: int) -> None:
    if hasattr(value, "toarray") and math.prod(value.shape) * 8 <= LARGEST_ARRAY:
        value = value.toarray()
    if not isinstance(value, np.ndarray) or depth > DEEPEST:
        return
    if value.dtype.names:  # a struct, or an array of structs, of which a single one is taken apart
        if value.size == 1:
            for field in value.dtype.names:
                _from_scipy(found, f"{name}.{field}", value.ravel()[0][field], depth + 1)
        else:
            for field in value.dtype.names:
                entries = [np.asarray(entry[field]) for entry in value.ravel()[:MOST_CELLS]]
                if _keep_cells(found, f"{name}.{field}", entries):
                    continue
                for at, entry in enumerate(entries, 1):
                    if len(found) < MOST_ARRAYS and entry.size:
                        _from_scipy(found, f"{name}({at}).{field}", entry, depth + 1)
    elif value.dtype.kind == "O":
        if _keep_cells(found, name, [np.asarray(cell) for cell in value.ravel()[:MOST_CELLS]]):
            _keep_matrix(found, name, value.shape)
        else:
            for at, cell in enumerate(value.ravel(order="F")[:MOST_CELLS], 1):
                if len(found) < MOST_ARRAYS and np.size(cell):
                    _from_scipy(found, f"{name}{{{at}}}", np.asarray(cell), depth + 1)
    elif value.dtype.kind in "buif":
        found[name] = value
    elif value.dtype.kind == "U":
        found[name] = np.array([text.strip() for text in value.ravel()])


def _keep_cells(found: NamedArrays, name: str, cells: list[np.ndarray]) -> bool:
    """A cell array of numeric vectors or matrices is a list; of single numbers or of texts, an array; False where it is neither."""
    if all(cell.dtype.kind in "buif" for cell in cells):
        if cells and all(cell.size == 1 for cell in cells):
            found[name] = np.array([cell.ravel()[0] for cell in cells])
        else:
            found[name] = [cell if sum(length > 1 for length in cell.shape) > 1 else cell.ravel() for cell in cells]
    elif all(cell.dtype.kind in "US" and cell.size <= 1 for cell in cells):
        found[name] = np.array([text_of(cell.ravel()[0]) if cell.size else "" for cell in cells])
    else:
        return False
    return True


def _keep_matrix(found: NamedArrays, name: str, shape: tuple[int, ...]) -> None:
    """Remember that a list of vectors was a matrix of cells, as of units and trials."""
    if isinstance(found[name], list) and sum(length > 1 for length in shape) > 1:
        found.matrices[name] = (shape[0], math.prod(shape[1:]))


def _from_hdf5(found: NamedArrays, name: str, parent: h5py.Group, link: Any, depth: int) -> None:
    import h5py

    if not isinstance(link, h5py.HardLink) or depth > DEEPEST:
        return
    _from_item(found, name, parent[name.rsplit(".", 1)[-1]], depth)


def _from_item(found: NamedArrays, name: str, item: Any, depth: int) -> None:
    """What a group or a dataset of a file holds; of cells in cells each by its place, counted from 1 as MATLAB does."""
    import h5py

    if depth > DEEPEST:
        return
    if isinstance(item, h5py.Group):
        for field in item:
            inner = NamedArrays()
            _from_hdf5(inner, field, item, item.get(field, getlink=True), depth + 1)
            found.update({f"{name}.{key}": value for key, value in inner.items()})
            found.matrices |= {f"{name}.{key}": shape for key, shape in inner.matrices.items()}
        return
    kind = text_of(item.attrs.get("MATLAB_class", ""))
    if kind in ("cell", "") and item.dtype == h5py.ref_dtype:  # a field of an array of structs has no class
        stem, _, field = name.rpartition(".")
        places = item[()].T
        cells = [_plain_cell(item.file[reference]) for reference in places.ravel()[:MOST_CELLS] if reference]
        if all(cell is not None for cell in cells) and _keep_cells(found, name, cells):
            _keep_matrix(found, name, places.shape)
            return
        for at, reference in enumerate(places.ravel(order="F")[:MOST_CELLS], 1):
            cell = item.file[reference] if reference else None
            if len(found) < MOST_ARRAYS and cell is not None and "MATLAB_empty" not in cell.attrs:
                _from_item(found, f"{name}{{{at}}}" if kind else f"{stem}({at}).{field}", cell, depth + 1)
    elif kind == "char":
        text = _text(item)
        if text is not None:
            found[name] = text
    else:
        values = _numbers(item)
        if values is not None:
            found[name] = values


def _plain_cell(cell: Any) -> np.ndarray | None:
    """A cell of numbers or text; None for one that holds more cells or fields."""
    import h5py

    kind = text_of(cell.attrs.get("MATLAB_class", ""))
    if not isinstance(cell, h5py.Dataset) or (kind == "cell" and cell.dtype == h5py.ref_dtype):
        return None
    return _text(cell) if kind == "char" else _numbers(cell)


def _text(item: h5py.Dataset) -> np.ndarray | None:
    """A row of characters as one text."""
    codes = _numbers(item)
    if codes is None or codes.size >= LONGEST_TEXT:
        return None
    return np.array(["".join(map(chr, codes.ravel().astype(np.uint16)))])


def _numbers(item: h5py.Dataset) -> np.ndarray | None:
    """A numeric dataset in MATLAB's orientation; None for what is too large, lies elsewhere or is no number."""
    if (
        item.external
        or item.is_virtual
        or item.dtype.kind not in "buif"
        or (item.size or 0) * item.dtype.itemsize > LARGEST_ARRAY
    ):
        return None
    if "MATLAB_empty" in item.attrs:
        return np.empty(0)
    return item[()].T

"""npz and npy files other than pynapple's, whose arrays a recipe describes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.limits import LARGEST_ARRAY, LARGEST_UNASKED
from glmengine.io.files.npy import MAGIC, npy_array, npz_array, npz_names
from glmengine.io.raw import NamedArrays
from glmengine.io.reader import Reader


def recognises(path: Path, head: bytes) -> bool:
    """True for one array, and for a zip archive of arrays."""
    if head.startswith(MAGIC):
        return True
    if path.is_dir() or not head.startswith(b"PK\x03\x04"):
        return False
    with zipfile.ZipFile(path) as archive:
        return bool(npz_names(archive))


def arrays(path: Path, names: set[str] | None = None) -> dict[str, np.ndarray | list[np.ndarray]]:
    """Every array of numbers or text, and every field of one of records (``array.field``).

    Arrays of Python objects are left out, because unpickling them could run code, and large ones that `names` does not ask for.

    Raises
    ------
    GlmError
        If the file is damaged, or an array that `names` asks for holds Python objects.
    """
    with open(path, "rb") as file:
        single = file.read(len(MAGIC)) == MAGIC
    try:
        if single:
            array = npy_array(path)
            return {one: array[one] for one in array.dtype.names} if array.dtype.names else {path.stem: array}
        found = NamedArrays()
        largest = LARGEST_ARRAY if names is None else LARGEST_UNASKED
        with zipfile.ZipFile(path) as archive:
            for name in npz_names(archive):
                needed = names is not None and (name in names or any(one.startswith(f"{name}.") for one in names))
                try:
                    if needed or archive.getinfo(f"{name}.npy").file_size <= largest:
                        array = npz_array(archive, name)
                        fields = array.dtype.names or ()
                        found |= {f"{name}.{one}": array[one] for one in fields} if fields else {name: array}
                except ValueError as error:
                    if needed:
                        raise
                    found.notes.append(f"Array left out: {error}; save it as an array of numbers for each unit.")
        found.split_at_indices()
        return found
    except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, GlmError | PermissionError):
            raise
        raise GlmError(f"{path.name}: is damaged or holds Python objects ({error}); save plain arrays again") from error


READER = Reader("NumPy", (".npz", ".npy"), recognises, needs_recipe=True, probe=True, arrays=arrays)

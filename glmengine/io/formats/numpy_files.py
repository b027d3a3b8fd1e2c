"""npz and npy files other than pynapple's, whose arrays a recipe describes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.limits import LARGEST_ARRAY
from glmengine.io.files.npy import MAGIC, npy_array, npz_array, npz_names
from glmengine.io.reader import Reader

LARGEST_UNASKED = 2**26
"""Bytes of the largest array that is read although the recipe does not name it."""


def recognises(path: Path, head: bytes) -> bool:
    """True for one array, and for a zip archive of arrays."""
    if head.startswith(MAGIC):
        return True
    if path.is_dir() or not head.startswith(b"PK\x03\x04"):
        return False
    with zipfile.ZipFile(path) as archive:
        return bool(npz_names(archive))


def arrays(path: Path, names: set[str] | None = None) -> dict[str, np.ndarray | list[np.ndarray]]:
    """Every array of numbers or text.

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
            return {path.stem: npy_array(path)}
        found: dict[str, np.ndarray | list[np.ndarray]] = {}
        largest = LARGEST_ARRAY if names is None else LARGEST_UNASKED
        with zipfile.ZipFile(path) as archive:
            for name in npz_names(archive):
                needed = names is not None and name in names
                try:
                    if needed or archive.getinfo(f"{name}.npy").file_size <= largest:
                        found[name] = npz_array(archive, name)
                except ValueError:
                    if needed:
                        raise
        return found
    except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, GlmError | PermissionError):
            raise
        raise GlmError(f"{path.name}: is damaged or holds Python objects ({error}); save plain arrays again") from error


READER = Reader("NumPy", (".npz", ".npy"), recognises, needs_recipe=True, probe=True, arrays=arrays)

"""npy and npz files read with care: no claimed size is believed and no code is run."""

from __future__ import annotations

import io
import math
import pickle
import zipfile
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.limits import LARGEST_ARRAY

MAGIC = b"\x93NUMPY"
LARGEST_PICKLE = 64 * 2**20


def npz_names(archive: zipfile.ZipFile) -> list[str]:
    """Names of the arrays in an npz."""
    return [entry.removesuffix(".npy") for entry in archive.namelist() if entry.endswith(".npy")]


def npz_array(archive: zipfile.ZipFile, name: str, *, objects: bool = False) -> np.ndarray:
    """One array of an npz.

    Parameters
    ----------
    archive : ZipFile
    name : str
        Without ``.npy``.
    objects : bool
        Whether an array of Python objects is read, through an unpickler that admits plain data only.

    Raises
    ------
    GlmError
        If it is too large or its pickle holds more than plain data.
    KeyError, ValueError, OSError, zipfile.BadZipFile, EOFError
        If it is absent or damaged.
    """
    entry = archive.getinfo(f"{name}.npy")
    label = Path(archive.filename or "").name
    if entry.file_size > LARGEST_ARRAY:
        raise GlmError(
            f"{label}: its array '{name}' would take {entry.file_size / 2**30:.0f} GB; save a shorter stretch, or fewer columns"
        )
    with archive.open(entry) as stream:
        return _read(stream, entry.file_size, label, name, objects)


def npy_array(path: Path) -> np.ndarray:
    """The array of an npy file of numbers or text; errors as `npz_array`."""
    size = path.stat().st_size
    if size > LARGEST_ARRAY:
        raise GlmError(f"{path.name}: would take {size / 2**30:.0f} GB; save a shorter stretch, or fewer columns")
    with open(path, "rb") as stream:
        return _read(stream, size, path.name, path.stem, False)


def npy_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, Fortran order and type of a npy stream, which is left at its data; ValueError where it is damaged."""
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"array format {version}")
    try:
        return readers[version](stream)
    except (SyntaxError, TokenError, TypeError, KeyError, RecursionError, MemoryError) as error:
        raise ValueError(f"its header cannot be read ({type(error).__name__})") from error


def _read(stream: IO[bytes], size: int, label: str, name: str, objects: bool) -> np.ndarray:
    shape, fortran, dtype = npy_header(stream)
    if dtype.hasobject:
        if not objects or size > LARGEST_PICKLE:
            raise ValueError(f"'{name}' holds Python objects")
        return plain_objects(stream.read(), label, name)
    count = math.prod(shape)
    if any(length < 0 for length in shape) or count * dtype.itemsize > size:
        raise ValueError(f"'{name}' is shorter than its header says")
    values = np.frombuffer(stream.read(count * dtype.itemsize), dtype=dtype, count=count)
    return values.reshape(shape, order="F" if fortran else "C")


class _PlainUnpickler(pickle.Unpickler):
    """Builds numpy arrays, dicts, lists, strings and numbers; a name outside this list is never even looked up."""

    ADMITTED = frozenset(
        {
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "scalar"),
            ("numpy.core.multiarray", "scalar"),
        }
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.ADMITTED:
            raise pickle.UnpicklingError(f"{module}.{name}"[:80])
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("a persistent reference")


def plain_objects(content: bytes, label: str, name: str) -> np.ndarray:
    """A pickled object array of plain data; `label` and `name` are the file and array that errors name.

    Raises
    ------
    GlmError
        If it holds more than plain data, which is never run, or is damaged.
    """
    try:
        value = _PlainUnpickler(io.BytesIO(content)).load()
    except pickle.UnpicklingError as error:
        raise GlmError(
            f"{label}: its part '{name}' holds more than plain data ({error}), which could run code; it is not opened, save it again without metadata"
        ) from error
    except (
        EOFError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        ImportError,
        MemoryError,
        OverflowError,
        RecursionError,
    ) as error:
        raise GlmError(f"{label}: its part '{name}' is damaged ({type(error).__name__}); copy or save it again") from error
    return value if isinstance(value, np.ndarray) else np.array(value, dtype=object)

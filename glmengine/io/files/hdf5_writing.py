"""HDF5 files written so that a full disk is an error and not a crash of the library.

The library crashes or hangs where it cannot write what it has buffered. Files are therefore made in memory and written whole by Python. What would not fit comfortably is written by the library, once the room
for it has been seen to be there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.io.files.whole import replacing, write_whole

if TYPE_CHECKING:
    import h5py

IN_MEMORY = 2**29
"""Bytes of the largest file that is made in memory."""

ROOM = 2**24
"""Bytes that structure and tables may take beside the data."""

_BLOCK = 2**20


@contextmanager
def new_hdf5(path: str | Path, size: int) -> Iterator[h5py.File]:
    """An empty HDF5 file that is at `path`, whole, when the block ends without an error.

    Parameters
    ----------
    path : str or Path
    size : int
        About how many bytes of data will be written.

    Raises
    ------
    GlmError
        If it cannot be written; what was at `path` is then untouched.
    """
    import h5py

    if size <= IN_MEMORY:
        with h5py.File(f"{Path(path).name}.memory", "w", driver="core", backing_store=False, block_size=_BLOCK) as file:
            yield file
            file.flush()
            image = file.id.get_file_image()
        write_whole(path, image)
        return
    with replacing(path) as temporary:
        _claim(temporary, size + ROOM)
        with h5py.File(temporary, "w") as file:
            yield file


@contextmanager
def copied_hdf5(original: str | Path, path: str | Path) -> Iterator[h5py.File]:
    """A copy of an HDF5 file to add something small to, which is at `path`, whole, when the block ends without an error.

    Raises
    ------
    GlmError
        If it cannot be written; what was at `path`, and the original, are then untouched.
    """
    import h5py

    original = Path(original)
    if original.stat().st_size <= IN_MEMORY:
        with h5py.File(original, "r+", driver="core", backing_store=False, block_size=_BLOCK) as file:
            yield file
            file.flush()
            image = file.id.get_file_image()
        write_whole(path, image)
        return
    with replacing(path) as temporary:
        shutil.copyfile(original, temporary)
        _claim(temporary, ROOM)
        with h5py.File(temporary, "r+") as file:
            yield file


def _claim(path: Path, size: int) -> None:
    """See, by writing as much to the end of a file and taking it back, that there is room for `size` more bytes.

    Raises
    ------
    OSError
        If there is not, whatever the reason: the disk, a quota, a limit.
    """
    with open(path, "ab") as file:
        end = file.tell()
        try:
            for _ in range(0, size, _BLOCK):
                file.write(bytes(_BLOCK))
            file.flush()
            os.fsync(file.fileno())
        finally:
            file.truncate(end)

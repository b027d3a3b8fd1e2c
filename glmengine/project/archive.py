"""The zip of a project, read with care: nothing in it is believed or unpacked before its size is known."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glmengine.errors import GlmError
from glmengine.io.files.hdf5_kinds import SIGNATURE
from glmengine.io.files.plain_text import LARGEST, see_regular

_LARGEST = 4_000_000_000  # bytes unpacked; a result of that size is refused rather than filling the disk
_BLOCK = 2**20


@contextmanager
def opened_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip of a project, open to be read.

    Raises
    ------
    GlmError
        If the file is absent, is no zip, is damaged or cannot be read, also while it is open.
    """
    try:
        see_regular(path)
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FileNotFoundError as error:
        raise GlmError(f"{path}: there is no such file; check the path") from error
    except zipfile.BadZipFile as error:
        raise GlmError(f"{path.name}: is not a project or is damaged ({error}); choose a .glm file, or restore a copy") from error
    except OSError as error:
        raise GlmError(f"{path.name}: cannot be read ({error.strerror or error}); check its permissions") from error
    except (zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise GlmError(f"{path.name}: is damaged and cannot be unpacked ({error}); restore a copy") from error


def unpack(archive: zipfile.ZipFile, member: str, to: Path, name: str) -> None:
    """Write a result of the zip, its `member`, to a file of its own; `name` is the project's, for errors."""
    _see_size(archive, member, name, _LARGEST)
    with archive.open(member) as packed, open(to, "wb") as unpacked:
        beginning = packed.read(len(SIGNATURE))
        if beginning != SIGNATURE:  # else a bomb would be unpacked first
            raise GlmError(f"{name}: is damaged ({member} is not a saved result); restore a copy")
        unpacked.write(beginning)
        shutil.copyfileobj(packed, unpacked, _BLOCK)


def text_of(archive: zipfile.ZipFile, member: str, name: str) -> str:
    """One text of the zip of the project called `name`; its size is looked at first, and no more than that is ever unpacked."""
    size = _see_size(archive, member, name, LARGEST)
    try:
        with archive.open(member) as packed:
            return packed.read(size).decode("utf-8")  # without a size all that is packed would be unpacked, and then cut
    except UnicodeDecodeError as error:
        raise GlmError(f"{name}: is damaged ({member}: {error}); restore a copy") from error


def _see_size(archive: zipfile.ZipFile, member: str, name: str, largest: int) -> int:
    """Bytes that a member of the zip says it has."""
    try:
        size = archive.getinfo(member).file_size
    except KeyError as error:
        raise GlmError(f"{name}: is not a project or is damaged ({member} is missing); choose a .glm file") from error
    if size > largest:
        raise GlmError(
            f"{name}: {member} would unpack to {size / 1e9:.1f} GB, more than a project of this program has; choose another file"
        )
    return size

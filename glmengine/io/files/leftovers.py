"""Temporary files and folders that a killed process left, known by the mark in their names, and swept by the next one that writes there."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SCRATCH = "glmengine-scratch"
_OLD = 86_400.0  # s after which nobody writes to a file any more, whoever he was
_MARK = re.compile(r"\.(?P<host>[0-9a-f]{8})-(?P<process>\d+)-")


def mark() -> str:
    """What the name of a temporary file of this process begins with after its purpose: the machine and the process."""
    return f".{_host()}-{os.getpid()}-"


def sweep(folder: Path, beginning: str = "") -> None:
    """Remove from `folder` what dead processes left there under names that begin so; what cannot be removed is left."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(beginning) and _is_left(entry):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    with suppress(OSError):
                        os.unlink(entry.path)


@contextmanager
def scratch_folder(inside: Path | None = None) -> Iterator[Path]:
    """A temporary folder, in the system's place for such or `inside` another, that is gone after the block, or, if the process is killed
    in it, when the next one is made."""
    place, name = (Path(tempfile.gettempdir()), _SCRATCH) if inside is None else (inside, f".{_SCRATCH}")
    sweep(place, name)
    with tempfile.TemporaryDirectory(prefix=name + mark(), dir=place) as folder:
        yield Path(folder)


def _is_left(entry: os.DirEntry[str]) -> bool:
    found = _MARK.search(entry.name)
    if found is None:
        return False
    try:
        age = time.time() - entry.stat(follow_symlinks=False).st_mtime
    except OSError:
        return False
    # a folder may be shared with other machines, whose processes are not known here
    return age > _OLD or (found["host"] == _host() and not _lives(int(found["process"])))


def _lives(process: int) -> bool:
    if sys.platform == "win32":  # where asking with a signal would end it
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _host() -> str:
    return f"{zlib.crc32(platform.node().encode()):08x}"

"""Slow disks: whether a file is there, asked so that nothing waits where a disk never answers (a network share that is gone)."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import QStandardPaths

_PATIENCE = 0.2  # s
_LAST = (QStandardPaths.StandardLocation.DocumentsLocation, QStandardPaths.StandardLocation.HomeLocation)


def is_there(path: Path) -> bool:
    """Whether there is a file or folder; may take for ever."""
    try:
        return path.exists()
    except OSError:
        return False


def is_there_soon(path: Path) -> bool:
    """Whether there is a file or folder, on a disk that answers."""
    return _soon(lambda: is_there(path))


def is_folder_soon(path: Path) -> bool:
    """Whether there is a folder, on a disk that answers."""
    return _soon(lambda: is_there(path) and path.is_dir())


def writable_folder(*wanted: Path | str | None) -> Path:
    """The first of these folders that is there, answers and can be written to; else the documents, the home, the place for passing files."""
    tried = [Path(one) for one in (*wanted, *map(QStandardPaths.writableLocation, _LAST)) if one]
    return next((one for one in tried if _soon(lambda one=one: _takes_files(one))), Path(tempfile.gettempdir()))


def _takes_files(folder: Path) -> bool:
    # an administrator may write everywhere, but a folder without leave for anybody is not meant to be written to
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK) and bool(folder.stat().st_mode & 0o222)


def _soon(question: Callable[[], bool]) -> bool:
    found: list[bool] = []
    ask_apart(lambda: found.append(question())).join(_PATIENCE)
    return bool(found) and found[0]


def ask_apart(question: Callable[[], None]) -> threading.Thread:
    """Begin `question` in a thread of its own, which the end of the program does not wait for."""
    thread = threading.Thread(target=question, name="glmgui-reach", daemon=True)
    thread.start()
    return thread

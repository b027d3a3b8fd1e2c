"""A place for what libraries compile and keep, where the user's own folder for it cannot be written to or is full.

Numba, which pynapple stands on, opens nothing without such a place, and an NWB file cannot be read where it is full.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path

ROOM = 1 << 18
"""Bytes that must find room in a folder that is of use."""

VARIABLES = ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR")
"""Variables of the environment by which libraries, and processes that are begun later, learn of another place."""


def provide_caches() -> None:
    """Make libraries keep what they compile in a temporary folder of this user, where the usual one is of no use; for entry points."""
    if _holds(_usual()):
        return
    place = _temporary()
    for name in VARIABLES:
        os.environ[name] = str(place)


def _usual() -> Path:
    """Where libraries keep such things without being told otherwise."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or tempfile.gettempdir())
    try:
        home = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    except RuntimeError:  # there is no home at all
        home = Path(tempfile.gettempdir())
    return Path(os.environ.get("XDG_CACHE_HOME") or home)


def _holds(folder: Path) -> bool:
    """Whether something can be written there, and finds room."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix="glmengine-") as file:
            file.write(bytes(ROOM))
            file.flush()
    except OSError:
        return False
    return True


def _temporary() -> Path:
    """A folder that is this user's alone, since libraries run what they find in it: the same each time, if nobody else has taken its name."""
    number = os.getuid() if hasattr(os, "getuid") else 0
    place = Path(tempfile.gettempdir()) / f"glmengine-caches-{number}"
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat()
        own = not hasattr(os, "getuid") or found.st_uid == number
        if own and stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o022 and _holds(place):
            return place
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="glmengine-caches-"))

"""Trial readings of files in a child process, so that a damaged one can crash or hang a library without harm."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.io.files.trial_reader import BrokeDown, TooLate, answer_of

BASE_SECONDS, BYTES_PER_SECOND = 30.0, 50e6
BASE_MEMORY = 3 * 2**30

REMEMBERED = 2000


def probe(path: Path, reader: str, recipe: dict[str, Any] | None, fingerprint: str, context: Context = SILENT) -> None:
    """Read `path` as the program will, in a child with a limit on time and memory; a file that went well before is not read again.

    Parameters
    ----------
    path : Path
    reader : str
        Name of the format's reader.
    recipe : dict, optional
        As plain data.
    fingerprint : str
        What identifies the file's content.

    Raises
    ------
    GlmError
        What the reader said of it, or that it brought the reader down.
    Cancelled
        If the context says so while the child reads; the child is ended.
    """
    if fingerprint in _remembered():
        return
    size = _size(path)
    request = {
        "path": str(path.absolute()),
        "reader": reader,
        "recipe": recipe,
        "memory": BASE_MEMORY + 2 * size,
    }
    _ask(path, request, f"as {reader} ", BASE_SECONDS + size / BYTES_PER_SECOND, context)
    _remember(fingerprint)


def probe_series(path: Path, places: tuple[str, ...], size: int, stamp: tuple[int, int], context: Context = SILENT) -> None:
    """Read arrays of an HDF5 file to their ends in such a child, before the program reads them; once for a file as it is.

    Parameters
    ----------
    path : Path
    places : tuple of str
        Datasets in the file.
    size : int
        Bytes that they hold, for the limit on time.
    stamp : (int, int)
        Size and time of change of the file.
    context : Context

    Raises
    ------
    GlmError, Cancelled
        As `probe`.
    """
    key = "\n".join(["series", str(path), *places, *map(str, stamp)])
    fingerprint = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
    if fingerprint in _remembered():
        return
    request = {"path": str(path.absolute()), "series": places, "memory": BASE_MEMORY}
    _ask(path, request, "", BASE_SECONDS + size / BYTES_PER_SECOND, context)
    _remember(fingerprint)


def _ask(path: Path, request: dict[str, Any], what: str, limit: float, context: Context) -> None:
    """Have a child read it, and say what became of it."""
    try:
        reply = answer_of(request, limit, context)
    except TooLate:
        raise GlmError(
            f"{path.name}: could not be read within {limit:.0f} s of computing; it is damaged, or its disk does not answer: copy or export it again"
        ) from None
    except BrokeDown:
        raise GlmError(f"{path.name}: is damaged: reading it {what}broke down; copy or export it again") from None
    if "error" in reply:
        raise GlmError(str(reply["error"]), field=str(reply.get("field", "")))


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.iterdir() if file.is_file())
    return path.stat().st_size


def _memory_file() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or os.environ.get("LOCALAPPDATA") or str(Path.home() / ".local" / "state")
    return Path(base) / "glmengine" / "opened"


def _remembered() -> list[str]:
    try:
        return _memory_file().read_text(encoding="ascii").split()[-REMEMBERED:]
    except (OSError, UnicodeDecodeError):
        return []


def _remember(fingerprint: str) -> None:
    """Append to the list of files that went well; where that cannot be written the next opening probes again."""
    file = _memory_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "a", encoding="ascii") as stream:
            stream.write(fingerprint + "\n")
    except OSError:
        return

"""Files beside an opened one, or in an opened folder, that may belong to the same recording."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.io.recognition import HEAD, readers
from glmengine.recording.doubt import Doubt
from glmengine.sentences import listed

if TYPE_CHECKING:
    from glmengine.io.reader import Reader

_MOST = 50
"""Files of a folder that are looked at."""


def note_of_mates(path: Path, reader: Reader) -> str:
    """That the folder of a file holds more which its reader takes for parts of one recording; empty where it does not, or the file has all of it.

    Parameters
    ----------
    path : Path
        What was opened.
    reader : Reader
        The one that opened it.
    """
    folder = path.resolve().parent
    if path.is_dir() or not reader.in_parts:
        return ""
    try:
        others = sorted(file for file in folder.iterdir() if file.suffix.lower() in reader.endings and file.name != path.name)
        mates = [file.name for file in others[:_MOST] if file.is_file() and reader.recognises(file, _head(file))]
    except OSError:  # a folder that may not be listed: the file alone was asked for, and is there
        return ""
    if not mates:
        return ""
    return Doubt(
        f"Beside {path.name} lie {listed(mates, 5)}: where these are of the same recording, open the folder, in the place of the file, to have all of it."
    )


def tables_within(folder: Path, reader: Reader) -> tuple[Path, ...]:
    """Tables and arrays in a folder that is a recording which its format does not write: tracking, trials or events may be in them."""
    if not folder.is_dir() or not reader.writes:
        return ()
    endings = {ending for other in readers() if other.needs_recipe for ending in other.endings} - {".txt", ".whl"}
    found = sorted(file for file in folder.iterdir() if file.suffix.lower() in endings and file.is_file())
    return tuple(
        file
        for file in found[:_MOST]
        if not file.name.startswith(".") and not any(fnmatch(file.name, pattern) for pattern in reader.writes)
    )


def note_of_tables(folder: Path, reader: Reader, named: Collection[str]) -> str:
    """That such tables were not read, but for those that a recipe has `named`; empty where there are none."""
    left = [file.name for file in tables_within(folder, reader) if file.name not in named]
    if not left:
        return ""
    return Doubt(
        f"{reader.name} does not say what {listed(left, 5)} in the folder is: not read. Where it is tracking, trials or events of this recording, take it "
        f"in with a recipe (File, Correct recording in the window; `glmengine recipe {folder.name}` drafts one)."
    )


def _head(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(HEAD)

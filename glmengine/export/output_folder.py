"""Output folders written whole or not at all: files are made beside them, and moved into their place together once all are there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from glmengine.errors import GlmError
from glmengine.io.files.leftovers import scratch_folder


def writable_folder(folder: str | Path) -> Path:
    """The folder, made where it is missing.

    Raises
    ------
    GlmError
        If it cannot be made or written to; asked before any long work.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GlmError(f"{folder}: the folder cannot be made ({error.strerror}); choose another one") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise GlmError(f"{folder}: the folder cannot be written to; choose another one or change its permissions")
    return folder


@contextmanager
def aside(folder: Path) -> Iterator[Path]:
    """A place in the folder itself, from where files are moved without being copied.

    The folder is made where it is missing, and taken away again where nothing has come into it, as when the work is cancelled.
    """
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    folder = writable_folder(folder)
    try:
        try:
            with scratch_folder(folder) as place:
                try:
                    yield place
                except GlmError as error:  # the user knows the folder, not the place
                    raise GlmError(error.message.replace(str(place), str(folder)), field=error.field) from error
        finally:
            for one in made:
                if any(one.iterdir()):
                    break
                one.rmdir()
    except OSError as error:
        raise GlmError(
            f"{folder}: cannot be written to ({error.strerror or error}); choose another folder or free some space"
        ) from error


def moved(made: list[Path], source: Path, target: Path) -> list[Path]:
    """Move files by their paths relative to both folders, once nothing that is in their way is a folder."""
    for name in made:
        if (target / name).is_dir():
            raise GlmError(f"{target / name}: is a folder; move it elsewhere, or choose another folder for the results")
    for parent in {target / name.parent for name in made}:
        writable_folder(parent)
    for name in made:
        os.replace(source / name, target / name)
    return [target / name for name in made]

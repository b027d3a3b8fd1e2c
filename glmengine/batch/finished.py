"""Marks of recordings that are done, by which an interrupted batch goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmengine.batch.summary import Summary
from glmengine.io.files.whole import write_whole
from glmengine.io.opening import as_recipe
from glmengine.io.recipe.companions import companions, for_recording

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.io.opened_sessions import AnyRecipe

MARK = "finished.json"
"""Written into the folder of a recording when all else in it is."""


def key_of(analysis: Analysis, place: str, recipe: AnyRecipe, figures: bool) -> str:
    """Stands for what is asked of a recording: the analysis, the files as they are now, its recipe, the program's version.

    Raises
    ------
    GlmError
        If the recipe cannot be read, or nothing says which further files belong to this recording.
    """
    from glmengine import __version__

    about = [__version__, json.dumps(analysis.to_dict(), sort_keys=True, default=str), str(figures)]
    about += [str(Path(place).resolve()), _state(Path(place)), _recipe(recipe, Path(place))]
    return hashlib.sha256("\n".join(about).encode()).hexdigest()


def kept(folder: Path, key: str) -> tuple[Summary, tuple[Path, ...], tuple[str, ...]] | None:
    """Summary, files and notes of a recording that was done as `key` asks, with all that was written still there; else None."""
    try:
        held = json.loads((folder / MARK).read_text(encoding="utf-8"))
        if held["key"] != key:
            return None
        written = tuple(folder / name for name in held["written"])
        summary = Summary.from_json(held["summary"])
        notes = tuple(str(note) for note in held["notes"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no mark, or one that was not written by this version
    return (summary, written, notes) if all(path.is_file() for path in written) else None


def begin(folder: Path) -> None:
    """Take away the mark of an earlier run: what is in the folder is not whole from now on."""
    (folder / MARK).unlink(missing_ok=True)


def mark(folder: Path, key: str, summary: Summary, written: Sequence[Path], notes: Sequence[str]) -> None:
    """Say that the folder holds all that `key` asks."""
    names = [path.relative_to(folder).as_posix() for path in written]
    content: dict[str, Any] = {"key": key, "summary": summary.to_json(), "written": names, "notes": list(notes)}
    write_whole(folder / MARK, json.dumps(content).encode("utf-8"))


def _state(path: Path) -> str:
    """Sizes and times of a file or of the files in a folder; empty where there is none."""
    try:
        files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
        return "\n".join(f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files)
    except OSError:
        return ""


def _recipe(recipe: AnyRecipe, place: Path) -> str:
    """A recipe as this recording is read with it, and the further files that it names as they are now."""
    chosen = as_recipe(recipe)
    if chosen is None:
        return ""
    followed, _ = for_recording(chosen, place)
    beside = [_state(place.parent / name) for name in companions(followed, place.parent)]
    return "\n".join([followed.model_dump_json(), *beside])

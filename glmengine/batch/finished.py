"""Marks of recordings that are done, by which an interrupted batch goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmengine.batch.summary import Summary
from glmengine.io.files.whole import write_whole
from glmengine.io.recipe.recipe import Recipe

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.io.opened_sessions import AnyRecipe

MARK = "finished.json"
"""Written into the folder of a recording when all else in it is."""


def key_of(analysis: Analysis, place: str, recipe: AnyRecipe, figures: bool) -> str:
    """Stands for what is asked of a recording: the analysis, the file as it is now, its recipe, the program's version."""
    from glmengine import __version__

    about = [__version__, json.dumps(analysis.to_dict(), sort_keys=True, default=str), str(figures)]
    about += [str(Path(place).resolve()), _state(Path(place)), _recipe(recipe)]
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


def _recipe(recipe: AnyRecipe) -> str:
    if recipe is None:
        return ""
    if isinstance(recipe, Recipe):
        return recipe.model_dump_json()
    if isinstance(recipe, str | Path):
        return f"{Path(recipe).resolve()}\n{_state(Path(recipe))}"
    return json.dumps(dict(recipe), sort_keys=True, default=str)

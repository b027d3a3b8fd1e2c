"""Recipes with which files were opened, remembered by the format of a file and the names of its arrays."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.whole import write_whole
from glmengine.io.opening import arrays_of
from glmengine.io.recipe.companions import for_recording
from glmengine.io.recipe.recipe import Arrays, Recipe
from glmengine.io.recognition import recognise

if TYPE_CHECKING:
    from glmengine.io.reader import Reader
    from glmengine.recording.recording import Recording

NUMBERED = re.compile(r"(column|arr_|var|unnamed:?)[ _]?\d+", re.IGNORECASE)
"""Names that programs give to what has none."""


def remembered_recipe(path: str | Path) -> Recipe | None:
    """The recipe with which a file of the same shape was opened before; None where there is none, or none is needed.

    Names of further files in it follow the name of `path`.

    Raises
    ------
    GlmError
        If the file cannot be read, or nothing says which further files belong to it.
    """
    path = Path(path).expanduser()
    reader = recognise(path)
    if not reader.needs_recipe:
        return None
    text = recall(signature_of(reader, arrays_of(path)))
    return None if text is None else for_recording(Recipe.from_toml(text, path.name), path)[0]


def remember(text: str, signature: str) -> bool:
    """Keep a recipe (TOML) for the next file with this signature; False where the program's own folder cannot be written to."""
    file = _folder() / f"{signature}.toml"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, text.encode("utf-8"))
    except (OSError, GlmError):
        return False
    return True


def remember_opened(recording: Recording, text: str, signature: str) -> bool:
    """Keep the recipe (TOML) with which a recording was opened, with the recording's name where it names further files; not that of a
    format with a standard, which has no signature."""
    if not signature:
        return False
    opened = Recipe.parse(dict(recording.source["recipe"]), recording.name)
    return remember(text if opened == Recipe.from_toml(text) else opened.to_toml(), signature)


def remember_for(path: str | Path, recipe: str | Path) -> bool:
    """Keep the recipe in the file `recipe`, with which `path` was opened, for the next file of the same shape."""
    path = Path(path).expanduser()
    reader = recognise(path)
    if not reader.needs_recipe:
        return False
    return remember(for_recording(Recipe.load(recipe), path)[0].to_toml(), signature_of(reader, arrays_of(path)))


def recall(signature: str) -> str | None:
    """The recipe (TOML) that is kept for files with this signature; None where there is none, or it cannot be read."""
    file = _folder() / f"{signature}.toml"
    try:
        text = file.read_text(encoding="utf-8")
        Recipe.from_toml(text, file.name)
    except (OSError, UnicodeDecodeError, GlmError):
        return None
    return text


def _folder() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or os.environ.get("LOCALAPPDATA") or str(Path.home() / ".local" / "state")
    return Path(base) / "glmengine" / "recipes"


def signature_of(reader: Reader, arrays: Arrays) -> str:
    """Stands for a format and the names of arrays; of arrays that have but a number also for what they hold, since the next file's third
    column may be another quantity."""
    named = [f"{name} {_character(arrays[name])}" if NUMBERED.fullmatch(name) else name for name in sorted(arrays)]
    return hashlib.sha256("\n".join([reader.name, *named]).encode()).hexdigest()[:32]


def _character(values: np.ndarray | list[np.ndarray]) -> str:
    """What an array is like, whatever its length: texts or numbers, whole, rising, of both signs, and about how large."""
    if isinstance(values, list) or values.dtype.kind not in "buif" or not values.size:
        return type_of(values)
    numbers = values.astype(np.float64).ravel()
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return "nothing"
    whole = np.array_equal(finite, np.rint(finite))
    rising = len(finite) > 1 and bool((np.diff(finite) >= 0).all())
    # a recording may last longer than another, while a position keeps to its box
    size = "" if rising else f"{np.ceil(np.log10(max(float(np.quantile(np.abs(finite), 0.9)), 1e-30))):.0f}"
    return f"{values.ndim} {whole} {rising} {bool((finite < 0).any())} {size}"


def type_of(values: np.ndarray | list[np.ndarray]) -> str:
    """What an array holds, in a word or two."""
    if isinstance(values, list):
        return "cells"
    return {"f": "numbers", "i": "whole numbers", "u": "whole numbers", "b": "yes or no"}.get(values.dtype.kind, "text")

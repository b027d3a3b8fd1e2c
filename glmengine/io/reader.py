"""The reader of one file format: how it is recognised and read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glmengine.io.raw import RawRecording, RawSeries
    from glmengine.io.recipe.recipe import Recipe

NO_UNITS = "counts.values"
"""Field of the error of a file without units: a recipe may name there what is the response."""


@dataclass(frozen=True)
class Reader:
    """One file format.

    Attributes
    ----------
    name : str
        What the user calls it (``"NWB"``).
    endings : tuple of str
        Endings that files of this format may have, in lower case with the dot; empty for folders.
    recognises : callable
        ``recognises(path, head)`` is True if the content is of this format; `head` is the first few kB of a file, empty for a
        folder. Never raises for a file of another format.
    read : callable, optional
        ``read(path, recipe)`` returns a `RawRecording`; raises `GlmError` for what a user can put right. None where `needs_recipe`.
    needs_recipe : bool
        The format has no standard: a recipe says what the `arrays` of a file are.
    arrays : callable, optional
        ``arrays(path, names)`` returns everything in a file without a standard by name; `names` are those that a recipe asks for,
        None where all are wanted.
    probe : bool
        Read first in a child process, because the library below may crash or hang on a damaged file.
    in_parts : bool
        One recording may lie in several such files of one folder, which is then opened in the place of them.
    responses : callable, optional
        ``responses(path)`` returns what may be the response itself in a file without units, the likeliest first, as a list of `RawSeries`
        whose sources a recipe's counts may name.
    writes : tuple of str
        Patterns of the names of files in a folder of this format that belong to it; others may hold what was recorded beside the units.
    """

    name: str
    endings: tuple[str, ...]
    recognises: Callable[[Path, bytes], bool]
    read: Callable[[Path, Recipe | None], RawRecording] | None = None
    needs_recipe: bool = False
    probe: bool = False
    arrays: Callable[[Path, set[str] | None], dict[str, Any]] | None = None
    in_parts: bool = False
    responses: Callable[[Path], list[RawSeries]] | None = None
    writes: tuple[str, ...] = ()

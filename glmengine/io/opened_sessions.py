"""Recordings opened by place and recipe, several as sessions that are joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.io.opening import open_recording
from glmengine.io.recognition import recognise
from glmengine.io.remembered_recipes import remember_for
from glmengine.recording.joining import join_recordings

if TYPE_CHECKING:
    from glmengine.io.recipe.recipe import Recipe
    from glmengine.recording.recording import Recording

AnyRecipe: TypeAlias = "Recipe | Mapping[str, Any] | str | Path | None"
"""A recipe, its plain data, its file, or none."""


def opened(place: str | Path, recipe: AnyRecipe = None, context: Context = SILENT) -> Recording:
    """A recording; a recipe file that opened it is remembered for files with the same arrays."""
    recording = open_recording(place, recipe, context=context)
    if recipe and isinstance(recipe, str | Path):
        remember_for(place, recipe)
    return recording


def opened_together(
    places: Sequence[str | Path], names: Sequence[str] = (), *, recipes: Sequence[AnyRecipe] = (), context: Context = SILENT
) -> Recording:
    """One recording, or several sessions joined, under `names` where there is one each.

    Parameters
    ----------
    places : sequence of path
    names : sequence of str
    recipes : sequence
        One for each place or one for all, as for `open_recording`.

    Raises
    ------
    GlmError
        If there are several recipes but not one for each, a recording cannot be opened, or they do not go together.
    """
    count = len(places)
    given = for_each(recipes, count)
    parts = [
        opened(place, recipe, context.part(at / count, (at + 1) / count))
        for at, (place, recipe) in enumerate(zip(places, given, strict=True))
    ]
    if count == 1:
        return parts[0]
    if len(names) != count or not any(names):
        return join_recordings(parts)
    return join_recordings(parts, [name or one.name for name, one in zip(names, parts, strict=True)])


def for_each(recipes: Sequence[AnyRecipe], count: int) -> list[AnyRecipe]:
    """A recipe for each of `count` recordings, from one for each or one for all; `GlmError` where there are neither."""
    if len(recipes) in (0, 1):
        return list(recipes or [None]) * count
    if len(recipes) != count:
        raise GlmError(
            f"{len(recipes)} recipes are given for {count} recording{'s' if count != 1 else ''}; give one for all, or one for each in their order"
        )
    return list(recipes)


def where_needed(place: str | Path, recipe: Recipe | None) -> Recipe | None:
    """The recipe of another recording for the one at `place`: None where that needs none, or cannot be told before it is opened."""
    if recipe is None:
        return None
    try:
        return recipe if recognise(Path(place).expanduser()).needs_recipe else None
    except (GlmError, OSError):
        return None

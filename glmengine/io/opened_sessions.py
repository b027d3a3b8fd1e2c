"""Recordings opened by place and recipe, several as sessions that are joined."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.context import SILENT, Context
from glmengine.io.opening import open_recording
from glmengine.io.recipe_assistant import remember_for
from glmengine.recording.joining import join_recordings

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording


def opened(place: str | Path, recipe: str | Path | None = None, context: Context = SILENT) -> Recording:
    """A recording; a recipe that opened it is remembered for files with the same arrays."""
    recording = open_recording(place, recipe, context=context)
    if recipe:
        remember_for(place, recipe)
    return recording


def opened_together(
    places: Sequence[str | Path], names: Sequence[str] = (), *, recipe: str | Path | None = None, context: Context = SILENT
) -> Recording:
    """One recording, or several sessions joined, under `names` where there is one each."""
    count = len(places)
    parts = [opened(place, recipe, context.part(at / count, (at + 1) / count)) for at, place in enumerate(places)]
    if count == 1:
        return parts[0]
    if len(names) != count or not any(names):
        return join_recordings(parts)
    return join_recordings(parts, [name or one.name for name, one in zip(names, parts, strict=True)])

"""The recordings of an analysis: their paths and hashes, and their opening."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmengine.analysis.analysis import Analysis, Source
from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.io.recipe.recipe import Recipe

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording


def for_recording(analysis: Analysis, recording: Recording) -> Analysis:
    """The analysis with where `recording` lies: of several sessions that of each, with its name."""
    if recording.sessions:
        first, *more = (source_of(session.recording, session.name) for session in recording.sessions)
    else:
        first, more = source_of(recording), []
    return analysis.with_(recording=first, more_recordings=tuple(more) if first.path else ())


def source_of(recording: Recording, session: str = "") -> Source:
    """Path, hash and recipe of one recording."""
    path = os.path.abspath(recording.path) if recording.path else ""
    given = recording.source.get("recipe")
    recipe = Recipe.parse(dict(given), recording.name) if isinstance(given, Mapping) else None
    return Source(path=path, sha256=recording.sha256, session=session, recipe=recipe)


def places_of(analysis: Analysis, beside: Path) -> list[Path]:
    """Where the recordings of an analysis are, relative paths taken from the folder `beside`; empty where it names none."""
    return [beside / one.path for one in analysis.sources if one.path]


def with_places(analysis: Analysis, places: Sequence[str | Path], recipes: Sequence[Recipe | None]) -> Analysis:
    """The analysis with recordings at other places and their recipes; they keep their names and hashes where there are as many."""
    sources = analysis.sources if len(analysis.sources) == len(places) else [Source()] * len(places)
    first, *more = (
        one.with_(path=str(place), recipe=recipe) for one, place, recipe in zip(sources, places, recipes, strict=True)
    )
    return analysis.with_(recording=first, more_recordings=tuple(more))


def open_sessions(
    places: Sequence[str | Path], names: Sequence[str] = (), recipes: Sequence[Any] = (), *, context: Context = SILENT
) -> Recording:
    """One recording, or several joined; as `glmengine.io.opened_sessions.opened_together`, which see, but that some place must be named."""
    from glmengine.io.opened_sessions import opened_together

    if not places:
        raise GlmError("there is no recording to open; name one")
    return opened_together(places, names, recipes=recipes, context=context)


def session_names(analysis: Analysis) -> list[str]:
    """What the sessions of an analysis are called, empty where that is left to the recordings; none for one session."""
    if not analysis.more_recordings:
        return []
    return [one.session for one in analysis.sources]


def with_moved_recording(analysis: Analysis, beside: Path, missing: Path, place: Path) -> Analysis:
    """The analysis with the recording that was to be at `missing` at `place`; relative paths are taken from the folder `beside`."""

    def at(one: Source) -> Source:
        return one.with_(path=str(place)) if one.path and beside / one.path == missing else one

    return analysis.with_(recording=at(analysis.recording), more_recordings=tuple(at(one) for one in analysis.more_recordings))


def with_renamed_session(analysis: Analysis, old: str, new: str) -> Analysis:
    """The analysis with the epochs of a session called after its new name."""

    def names(epochs: Sequence[str]) -> tuple[str, ...]:
        return tuple(
            new if one == old else f"{new}: {one.removeprefix(f'{old}: ')}" if one.startswith(f"{old}: ") else one
            for one in epochs
        )

    validation = analysis.validation
    return analysis.with_(
        time=analysis.time.with_(epochs=names(analysis.time.epochs)),
        validation=validation.with_(fit_epochs=names(validation.fit_epochs), test_epochs=names(validation.test_epochs)),
        terms=tuple(term.with_(epochs=names(term.epochs)) for term in analysis.terms),
    )

"""Recordings, analyses and results as files hold them: what opening does in the worker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.sources import places_of, session_names
from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.io.recipe.recipe import Recipe
    from glmengine.io.recipe_assistant import Assistance
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result
    from glmgui.work.questions import Together


def join(recordings: Sequence[Recording], names: Sequence[str]) -> Recording:
    """One recording as it was opened, or several joined; one that comes without a name gets its own, numbered where it is taken."""
    from glmengine.recording.joining import free_session_names, join_recordings

    if len(recordings) == 1:
        return recordings[0]
    return join_recordings(recordings, free_session_names(recordings, names))


def likelier(paths: Sequence[Path]) -> Together | None:
    """What files in one folder that do not say themselves what is in them are to each other; None for all others, which are sessions.

    Tables whose first lines have different words are rather parts of one recording, and so are tables beside one file that says what it is;
    recordings of one kind begin alike.
    """
    from glmengine.io.companion_table import TABLES, heading
    from glmengine.io.recognition import recognise

    if len({path.parent for path in paths}) > 1:
        return None
    if says := [path for path in paths if not recognise(path).needs_recipe]:
        tables = [path for path in paths if path.suffix.lower() in TABLES]
        return "together" if len(says) == 1 and says[0].is_file() and len(tables) == len(paths) - 1 else None
    if any(path.suffix.lower() not in TABLES for path in paths):
        return "sessions"
    return "together" if len({heading(path) for path in paths}) == len(paths) else "sessions"


def correction_of(recording: Recording) -> Assistance:
    """What the user needs to see to say what is wrong or missing in a recording."""
    from glmengine.io import recipe_assistant

    return recipe_assistant.correction_of(recording)


def assist_together(paths: Sequence[Path]) -> Assistance:
    """What the user needs to see to say what is in files that are parts of one recording."""
    from glmengine.io import recipe_assistant

    return recipe_assistant.assist_together(paths)


def open_or_assist(path: Path, context: Context, *, alone: bool = False, like: Recording | None = None) -> Recording | Assistance:
    """The recording, or what the user needs to see to say what the arrays of the file are, or which of its signals is the response; those of a
    file that is `like` the recording that is open are called the same."""
    from glmengine.io.companion_table import assist_with_companion
    from glmengine.io.opening import open_recording
    from glmengine.io.reader import NO_UNITS
    from glmengine.io.recipe_assistant import assist, assist_like, assist_response

    found = assist(path) if alone else assist_with_companion(path)
    if found is not None:
        return assist_like(found, like)
    try:
        return open_recording(path, context=context)
    except GlmError as error:
        found = assist_response(path) if error.field == NO_UNITS else None
        if found is None:
            raise
        return found


def open_with(assistance: Assistance, text: str, context: Context) -> Recording:
    """Open with a recipe, which is kept for the next file of the same shape; not one that was kept already, which may leave out what this
    recording alone lacks."""
    from glmengine.io.opening import open_recording
    from glmengine.io.recipe.recipe import Recipe
    from glmengine.io.remembered_recipes import recall, remember_opened

    recording = open_recording(assistance.path, Recipe.from_toml(text), context=context)
    if text != assistance.recipe or recall(assistance.signature) is None:
        remember_opened(recording, text, assistance.signature)
    return recording


def analysis_and_recording(path: Path, context: Context) -> tuple[Analysis, Recording | None]:
    """An analysis file and the recording that it names, or several joined, if they are there."""
    analysis = Analysis.load(path)
    return analysis, recording_of(analysis, path.parent, context)


def result_and_recording(path: Path, context: Context, place: Path | None = None) -> tuple[Analysis, Recording | None, Result]:
    """A saved result, its analysis, and the recording at a place, read as the result says it was; without a place the one that the analysis
    names, or several joined, if they are there."""
    from glmengine.io.opened_sessions import where_needed
    from glmengine.io.opening import open_recording
    from glmengine.results.result import Result

    made = Result.load(path)
    if place is None:
        return made.analysis, recording_of(made.analysis, path.parent, context), made
    recipe = made.analysis.recording.recipe or where_needed(place, _remembered(place))
    return made.analysis, open_recording(place, recipe, context=context), made


def recording_of(analysis: Analysis, beside: Path, context: Context) -> Recording | None:
    """The recording that an analysis names, or several joined; None where one of them is not there."""
    from glmengine.analysis.sources import open_sessions

    places = places_of(analysis, beside)
    if not places or not all(place.exists() for place in places):
        return None
    sources = [one for one in analysis.sources if one.path]
    recipes = [one.recipe or _remembered(place) for one, place in zip(sources, places, strict=True)]
    return open_sessions(places, session_names(analysis), recipes, context=context)


def _remembered(place: Path) -> Recipe | None:
    """The recipe with which a file like this was opened before, for an analysis that does not say how its recording was."""
    from glmengine.io.remembered_recipes import remembered_recipe

    return remembered_recipe(place)

"""Recordings that a command's options name, opened by their recipes and as the session that they are said to be."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.io.recipe.recipe import Recipe
    from glmengine.project.question import Question
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result


def one_recipe(options: Namespace) -> str | None:
    """The recipe file of a command that opens one recording."""
    from glmengine.io.opened_sessions import for_each

    return for_each(options.recipe or (), 1)[0]


def opened_by(options: Namespace, known: Recipe | None, context: Context) -> Recording:
    """The recording that is named, by the recipe that is given, else by the one that is known where it needs one."""
    from glmengine.io.opened_sessions import opened, where_needed

    return opened(options.recording, one_recipe(options) or where_needed(options.recording, known), context)


def opened_for(question: Question, options: Namespace, context: Context) -> Recording:
    """The recording of a question, or its sessions joined, by the recipes that are given, else by its own."""
    from glmengine.analysis.sources import session_names
    from glmengine.io.opened_sessions import opened_together

    names, recipes = session_names(question.analysis), options.recipe or question.recipes
    return opened_together(question.places, names, recipes=recipes, context=context)


def opened_as(result: Result, options: Namespace, context: Context) -> Recording:
    """The recording to predict, as the session that it is said to be."""
    from glmengine.recording.joining import join_recordings

    sources = result.analysis.sources
    known = next((one.recipe for one in sources if one.session == options.session), sources[0].recipe)
    recording = opened_by(options, known, context)
    if not options.session:
        return recording
    names = [session.name for session in result.sessions_fitted]
    if options.session not in names:
        known = f"; those that were: {', '.join(names)}" if names else "; the result is of one recording only"
        raise GlmError(f"the session '{options.session}' was not fitted{known}")
    return join_recordings([recording], [options.session])

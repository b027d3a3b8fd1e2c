"""What a recording lacks of that which an analysis names, found before any fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from glmengine.analysis.units import chosen_units
from glmengine.analysis.usable_time import usable_time
from glmengine.context import SILENT, Context
from glmengine.design.variables import variables_of
from glmengine.errors import GlmError
from glmengine.io.opened_sessions import for_each, opened
from glmengine.recording.events import event_times
from glmengine.recording.named_epochs import epochs_union

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.io.opened_sessions import AnyRecipe
    from glmengine.recording.recording import Recording

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Preview:
    """Of one recording.

    Attributes
    ----------
    recording : str
        As it was named.
    units : int, optional
        That would be fitted; None where it cannot be told.
    seconds : float
        Of time that would be used; NaN where it cannot be told.
    lacks : tuple of str
        What is in the way of a fit, a sentence each; empty where nothing is.
    opened : bool
        Whether it could be read.
    """

    recording: str
    units: int | None
    seconds: float
    lacks: tuple[str, ...] = ()
    opened: bool = True

    @property
    def ready(self) -> bool:
        """Whether nothing is known to be in the way."""
        return not self.lacks


def preview_batch(
    analysis: Analysis,
    recordings: Sequence[str],
    *,
    recipes: Sequence[AnyRecipe] = (),
    report: Callable[[Preview], None] | None = None,
    context: Context = SILENT,
) -> list[Preview]:
    """Open each recording and look for everything that the analysis names, without making features.

    Parameters
    ----------
    analysis : Analysis
    recordings : sequence of path
    recipes : sequence, optional
        One for each recording or one for all.
    report : callable, optional
        Told each preview when it is there.

    Raises
    ------
    Cancelled
        If the context says so.
    """
    found = []
    for at, (place, recipe) in enumerate(zip(recordings, for_each(recipes, len(recordings)), strict=True)):
        context.check()
        found.append(preview(analysis, place, recipe, context.part(at / len(recordings), (at + 1) / len(recordings))))
        if report is not None:
            report(found[-1])
    return found


def preview(analysis: Analysis, place: str | Path, recipe: AnyRecipe = None, context: Context = SILENT) -> Preview:
    """What one recording lacks; one that cannot be opened says why.

    Raises
    ------
    Cancelled
        If the context says so.
    """
    try:
        recording = opened(place, recipe, context)
    except (GlmError, MemoryError) as error:
        reason = error.message if isinstance(error, GlmError) else "there is not enough memory for it"
        return Preview(str(place), None, float("nan"), (reason,), opened=False)
    lacks: list[str] = []
    units = _asked(lambda: chosen_units(analysis.units, recording), lacks)
    used = _asked(lambda: usable_time(analysis, recording), lacks)
    if not any(term.enabled for term in analysis.terms):
        lacks.append("the analysis has no term; add one in it")
    if used is not None:
        if not used.n_used:
            lacks.append(f"{recording.name}: no bin meets the conditions of the analysis")
        _look_for_terms(analysis, used.recording, lacks)
    seconds = float("nan") if used is None else used.n_used * used.bin_size
    return Preview(str(place), None if units is None else len(units), seconds, tuple(dict.fromkeys(lacks)))


def _look_for_terms(analysis: Analysis, recording: Recording, lacks: list[str]) -> None:
    for term in analysis.terms:
        if not term.enabled:
            continue
        for reference in variables_of(term):
            _asked(lambda reference=reference: recording.variable(reference), lacks)
        for name in term.epochs:
            _asked(lambda name=name: epochs_union(recording, [name]), lacks)
        if term.kind == "event":
            _asked(lambda term=term: event_times(recording, term.events), lacks)


def _asked(question: Callable[[], _Found], lacks: list[str]) -> _Found | None:
    """The answer, or None with what is lacking."""
    try:
        return question()
    except GlmError as error:
        lacks.append(error.message)
        return None

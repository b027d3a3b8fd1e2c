"""Terms of an analysis of several sessions: an intercept and, on request, tuning of each session's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.terms import AnyTerm, CovariateTerm, Factor
from glmengine.basis import Categorical
from glmengine.errors import GlmError
from glmengine.recording.joined_parts import SESSION, session_epoch
from glmengine.recording.named_epochs import rows_in

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording
    from glmengine.timegrid.grid import TimeGrid


def session_terms(
    analysis: Analysis, recording: Recording, grid: TimeGrid, rows: np.ndarray, notes: list[str]
) -> list[tuple[int, AnyTerm]]:
    """The enabled terms with their numbers in the analysis, those of separate sessions as one term per session, and the session intercepts.

    Parameters
    ----------
    analysis : Analysis
    recording : Recording
        Of one session or several.
    grid : TimeGrid
        T bins.
    rows : (T,) bool
        Those that may be used; a session without any has no term.
    notes : list of str
        Told which sessions a term cannot have.
    """
    which = recording.session_of(grid.centres)
    names = [session.name for number, session in enumerate(recording.sessions) if (rows & (which == number)).any()]
    several = len(recording.sessions) > 1
    terms: list[tuple[int, AnyTerm]] = []
    for number, term in enumerate(analysis.terms):
        if not term.enabled:
            continue
        if not term.separate or not several:
            terms.append((number, term))
            continue
        for name in names:
            epochs = [session_epoch(name, epoch) for epoch in term.epochs or ("all",)]
            there = tuple(epoch for epoch in epochs if epoch in recording.epochs)
            if there and (rows & rows_in(grid, recording, there)).any():
                terms.append((number, term.with_(name=f"{term.label} in {name}", epochs=there, separate=False)))
            else:
                notes.append(
                    f"The term '{term.label}' has no bin in {name}, where nothing that is used lies in {', '.join(term.epochs)}."
                )
    given = any(isinstance(term, CovariateTerm) and any(f.variable == SESSION for f in term.factors) for _, term in terms)
    if analysis.model.intercept_per_session and len(names) > 1 and not given:
        _all_fitted(analysis, recording, grid, names)
        labels = {term.label for _, term in terms}
        name = next(name for name in (SESSION, "session intercept", "intercept of the session") if name not in labels)
        factor = Factor(variable=SESSION, basis=Categorical(reference=True))
        terms.append((len(analysis.terms), CovariateTerm(name=name, factors=(factor,), penalty="none")))
    return terms


def _all_fitted(analysis: Analysis, recording: Recording, grid: TimeGrid, fitted: Sequence[str]) -> None:
    """A session that is tested on must have an intercept, and so some bins that are fitted."""
    tested = rows_in(grid, recording, analysis.validation.test_epochs, field="validation.test_epochs")
    which = recording.session_of(grid.centres)
    for number, session in enumerate(recording.sessions):
        if session.name not in fitted and (tested & (which == number)).any():
            raise GlmError(
                f"the session '{session.name}' is only tested on, so that no intercept of its own is known; "
                "let the sessions share one intercept, or fit on a part of it",
                field="model.intercept_per_session",
            )

"""Estimates of what a comparison of models, or a choice of terms, takes before it is made."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from glmengine.analysis.selection import Selection, candidates_of, models_of
from glmengine.context import SILENT
from glmengine.design.fit_size import Estimate, estimate
from glmengine.design.term_size import n_columns
from glmengine.selection.contributions import MOST_FOR_COMMONALITY
from glmengine.selection.work_ahead import CONSTANT, FIXED_COLUMNS
from glmengine.sentences import numbered

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.context import Context
    from glmengine.recording.recording import Recording
    from glmengine.selection.nested_models import Model

WORTH_SAYING = 10.0
"""Seconds from which on it is said."""


def estimate_selection(
    analysis: Analysis, recording: Recording, selection: Selection, context: Context = SILENT
) -> tuple[Estimate, int]:
    """Size, roughly the seconds, and number of the models that are certainly fitted; raises `GlmError` as the selection would. Some milliseconds of work.

    Parameters
    ----------
    analysis : Analysis
    recording : Recording
    selection : Selection
    context : Context, optional
    """
    enabled = {term.label: term for term in analysis.terms if term.enabled}
    candidates = candidates_of(selection, list(enabled))
    folds = selection.folds or analysis.validation.folds
    used = {*selection.always, *(term for candidate in candidates for term in candidate.terms)}
    asked = analysis.with_(
        terms=tuple(term if term.label in used else term.with_(enabled=False) for term in analysis.terms),
        validation=analysis.validation.with_(folds=folds),
    )
    whole = estimate(asked, recording, context)
    n_units = len(recording.unit_names)
    width = {label: float(n_columns(enabled[label], n_units, recording)) for label in used}
    always = sum(width[label] for label in selection.always)
    each = [sum(width[label] for label in candidate.terms) for candidate in candidates]
    models = _certain_models(selection, [candidate.name for candidate in candidates])

    def work(model: Model) -> float:
        columns = always + sum(each[number] for number in model)
        return FIXED_COLUMNS + columns if columns else CONSTANT

    share = sum(map(work, models)) / work(frozenset(range(len(candidates))))
    return replace(whole, seconds=whole.seconds * share, shorter=("fewer candidates need fewer models", *whole.shorter)), len(
        models
    )


def size_words(size: Estimate, n_models: int) -> str:
    """A sentence on what it takes and how it would take less, where that is worth saying; else empty."""
    if size.seconds < WORTH_SAYING:
        return ""
    return (
        f"{numbered(n_models, 'model')} or more, {numbered(size.n_fits, 'fit')} of each for {numbered(size.n_units, 'unit')}: about {size.time} "
        f"on two cores. Shorter: {'; '.join(size.shorter[:3])}."
    )


def _certain_models(selection: Selection, names: list[str]) -> set[Model]:
    """The models that are fitted to all units whatever is found: those that are compared, and those that contributions are taken from."""
    every = range(len(names))
    everything = frozenset(every)
    found = {frozenset[int](), everything, *models_of(selection, names).values()}
    found |= {frozenset([k]) for k in every} | {everything - {k} for k in every}
    most = len(names) if 2 <= len(names) <= MOST_FOR_COMMONALITY else 0
    if selection.method == "subsets":
        most = max(most, selection.largest or len(names))
    return found | {frozenset(chosen) for size in range(most + 1) for chosen in combinations(every, size)}

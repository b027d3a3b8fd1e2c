"""Shift tests of the terms of a fitted model on a recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.penalty import penalty_of, strengths_of
from glmengine.context import SILENT, Context
from glmengine.design.splits import interval_of, intervals_called, split_prepared
from glmengine.errors import GlmError
from glmengine.fitting.found_strengths import REML
from glmengine.fitting.separable import separable_terms
from glmengine.recording.recording import Recording
from glmengine.results.prediction import FittedModel, prepared_for
from glmengine.selection.nested_models import one_way_variables
from glmengine.selection.shift_test import shift_test
from glmengine.selection.shiftable import testable_terms
from glmengine.sentences import listed

if TYPE_CHECKING:
    from glmengine.design.prepare import Prepared
    from glmengine.selection.shift_table import ShiftTest

_FOLDS = 5  # where the analysis has none


def shift_test_of(
    model: FittedModel,
    strength: np.ndarray,
    recording: Recording,
    terms: str | Sequence[str] | None,
    *,
    shifts: int,
    seed: int | None,
    scheme: str,
    within: str,
    shortest: float | None,
    statistic: str,
    refit: bool,
    epochs: Any,
    context: Context | None,
) -> ShiftTest:
    """See `Result.shift_test`; `strength` (M,) is that of each unit's fit."""
    context = context or SILENT
    prepared = prepared_for(model, recording, epochs, counts=True, conditions=True, context=context.part(0.0, 0.03))
    design, analysis = prepared.design, model.analysis
    if separable := separable_terms(design):
        raise GlmError(
            f"term '{separable[0]}' is a separable receptive field, which is not linear in its coefficients: there is no shift test beside it; give its space another form",
            field="terms",
        )
    chosen, notes = testable_terms(design.terms, terms, one_way_variables(analysis))
    validation = analysis.validation if analysis.validation.folds > 1 else analysis.validation.with_(folds=_FOLDS)
    split = split_prepared(validation, prepared, analysis.seed)
    searched = analysis.model.finds_strengths
    tried = strengths_of(analysis)
    found = shift_test(
        design,
        split.without_gaps(prepared.counts) if statistic == "held_out" else prepared.counts,
        chosen,
        analysis.model.family,
        analysis.model.link or None,
        penalty_of(analysis.model, design.terms),
        strength=REML if searched else np.where(np.isfinite(strength), strength, max(tried)),
        strengths=None if searched else tried,
        mask=design.mask(prepared.units),
        unit_names=prepared.units,
        statistic=statistic,
        folds=split.fold,
        refit=refit,
        scheme=scheme,
        shifts=shifts,
        stretch=_stretches(prepared, scheme, within),
        shortest=None if shortest is None else max(1, round(shortest / prepared.grid.bin_size)),
        seed=analysis.seed if seed is None else seed,
        bin_size=prepared.grid.bin_size,
        memory=analysis.model.memory,
        context=context.part(0.03, 1.0),
    )
    return found.with_notes(*notes)


def _stretches(prepared: Prepared, scheme: str, within: str) -> np.ndarray:
    """(T,) number of the epoch or trial of each bin."""
    if scheme == "trials" and not within:
        tables = list(prepared.recording.trials)
        if len(tables) != 1:
            have = f"several tables of trials ({listed(tables)})" if tables else "no trials"
            raise GlmError(
                f"{prepared.recording.name}: has {have}; say which to shuffle, or test by cyclic shifts", field="within"
            )
        within = tables[0]
    if not within:
        return np.where(prepared.design.valid, prepared.grid.segment, -1)
    return interval_of(intervals_called(prepared.recording, within), prepared.grid, prepared.design.valid)

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
from glmengine.recording.joined_parts import SESSION
from glmengine.recording.recording import Recording
from glmengine.results.prediction import FittedModel, prepared_for
from glmengine.selection.shift_test import shift_test
from glmengine.sentences import listed

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.analysis.terms import AnyTerm
    from glmengine.design.prepare import Prepared
    from glmengine.selection.shift_table import ShiftTest

_ONE_WAY = ("drift", "trial_number")  # derived covariates that are not the same kind of thing when they are moved in time
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


def one_way_variables(analysis: Analysis) -> list[str]:
    """Variables that go one way through the session."""
    return [spec.name for spec in analysis.derived if spec.kind in _ONE_WAY]


def testable_terms(
    terms: Sequence[AnyTerm], asked: str | Sequence[str] | None, one_way: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Labels of the terms to test, and a note on those that cannot be.

    Raises
    ------
    GlmError
        If one that is asked for cannot be tested, or none can.
    """
    why = {term.label: _not_testable(term, one_way) for term in terms}
    if asked is not None:
        names = [asked] if isinstance(asked, str) else list(dict.fromkeys(asked))
        for name in names:
            if name not in why:
                raise GlmError(f"the model has no term '{name}'; its terms are {listed(why)}", field="terms")
            if why[name]:
                raise GlmError(f"term '{name}' has no shift test: {why[name]}", field="terms")
        return names, []
    names = [name for name, reason in why.items() if not reason]
    if not names:
        name, reason = next(iter(why.items()))
        raise GlmError(f"no term has a shift test; '{name}' for one: {reason}", field="terms")
    return names, [f"'{name}' has no shift test: {reason}." for name, reason in why.items() if reason]


def _not_testable(term: AnyTerm, one_way: Sequence[str]) -> str:
    """Why a term cannot be shifted against the counts; empty where it can."""
    if term.kind == "history":
        return "it is made of the counts themselves, which cannot be moved against themselves; compare models on held-out time"
    if term.kind == "coupling" and term.include_self:
        return "it holds the unit's own counts; give these a history term of their own"
    if term.kind == "covariate" and [factor.variable for factor in term.factors] == [SESSION]:
        return "it is the same all through a session"
    if term.kind == "covariate" and all(factor.variable in one_way for factor in term.factors):
        return "it goes one way through the session, and moved in time it is another thing; compare models on held-out time"
    if term.kind == "receptive_field" and term.space == "sta":
        return "its averages are made from the counts themselves; see the stimulus through its principal components"
    return ""

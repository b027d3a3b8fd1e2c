"""A result put to the test on a recording: its goodness of fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.design.prepare import Prepared
from glmengine.design.splits import split_time
from glmengine.errors import GlmError
from glmengine.fitting.coefficients import Coefficients
from glmengine.fitting.out_of_fold import FoldModels, fold_models
from glmengine.goodness.assess import assess
from glmengine.results.prediction import FittedModel, prepared_for

if TYPE_CHECKING:
    from glmengine.goodness.goodness import Goodness
    from glmengine.recording.recording import Recording


def coefficients_of(model: FittedModel) -> Coefficients:
    """The coefficients of a fitted model, as the checks of it take them."""
    return Coefficients(
        analysis=model.analysis,
        terms=model.terms,
        units=model.units,
        coef=model.posterior.coef,
        intercept=model.posterior.intercept,
        dispersion=np.asarray(model.dispersion, np.float64),
        covariance=model.posterior.covariance,
    )


def goodness(
    model: FittedModel,
    strength: np.ndarray,
    recording: Recording,
    units: Sequence[str] | None = None,
    *,
    epochs: Any = None,
    held_out: bool = False,
    context: Context | None = None,
) -> Goodness:
    """See `Result.goodness`; `strength` (M,) is that of each unit's fit."""
    context = context or SILENT
    prepared = prepared_for(model, recording, epochs, counts=True, conditions=True, context=context.part(0.0, 0.1))
    models, start = None, 0.1
    if held_out:
        models, start = _folds(model, strength, prepared, epochs, context.part(0.1, 0.5)), 0.5
    return assess(prepared, coefficients_of(model), units=units, fold_models=models, context=context.part(start, 1.0))


def _folds(model: FittedModel, strength: np.ndarray, prepared: Prepared, epochs: Any, context: Context) -> FoldModels:
    """The fits of the analysis's folds, each without its own."""
    folds = model.analysis.validation.folds
    if epochs is not None:
        raise GlmError("held_out: folds are those of the analysis's own epochs; leave the epochs out, or take held_out off")
    if folds < 2:
        raise GlmError(
            "held_out: the analysis has no folds, so that all of its time was fitted; set folds to 2 or more",
            field="validation.folds",
        )
    split = split_time(
        model.analysis.validation,
        prepared.grid,
        prepared.design.valid,
        prepared.recording,
        prepared.design.terms,
        seed=model.analysis.seed,
    )
    kept = replace(prepared, counts=split.without_gaps(prepared.counts))
    return fold_models(model.analysis, kept, strength, split.fold, context)

"""A fitted model put to the test on a recording: its goodness of fit, and what it does when it runs by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.design.fitted_sessions import with_units
from glmengine.design.prepare import Prepared
from glmengine.design.splits import split_time
from glmengine.errors import GlmError
from glmengine.fitting.coefficients import Coefficients
from glmengine.fitting.out_of_fold import FoldModels, fold_models
from glmengine.goodness.assess import assess
from glmengine.recording.recording import Covariate, Recording
from glmengine.results.prediction import FittedModel, prepared_for
from glmengine.simulation.surrogates import Surrogates
from glmengine.simulation.surrogates import simulate as surrogates

if TYPE_CHECKING:
    from glmengine.goodness.goodness import Goodness


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


def simulate(
    model: FittedModel,
    recording: Recording | Mapping[str, Any],
    repeats: int,
    seed: int | None,
    *,
    epochs: Any = None,
    context: Context | None = None,
) -> Surrogates:
    """See `Result.simulate`."""
    context = context or SILENT
    given = recording if hasattr(recording, "unit_names") else _of_covariates(recording, model.units)
    prepared = prepared_for(
        model, with_units(given, model.units), epochs, counts=True, conditions=True, context=context.part(0.0, 0.1)
    )
    seed = model.analysis.seed if seed is None else seed
    return surrogates(prepared, coefficients_of(model), repeats, seed, context.part(0.1, 1.0))


def _of_covariates(covariates: Mapping[str, Any], units: Sequence[str]) -> Recording:
    """A recording of these covariates, in which nothing was recorded of the units."""
    import pynapple as nap

    if not covariates:
        raise GlmError("covariates: there are none; give a recording, or the covariates of the model by name")
    found = {name: one if isinstance(one, Covariate) else Covariate(name, one) for name, one in covariates.items()}
    support = next(iter(found.values())).data.time_support
    for one in found.values():
        support = support.intersect(one.data.time_support)
    empty = nap.TsGroup({at: nap.Ts(np.empty(0), time_support=support) for at in range(len(units))}, time_support=support)
    return Recording(name="covariates", unit_names=tuple(units), spikes=empty, covariates=found, epochs={"all": support})

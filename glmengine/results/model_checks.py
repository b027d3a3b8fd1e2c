"""A fitted model put to the test on a recording: its goodness of fit, what it does when it runs by itself, and what it decodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.decoding.candidates import number_tried
from glmengine.decoding.decode import Decoded, work_of
from glmengine.decoding.decode import decode as decoded
from glmengine.design.fitted_sessions import with_units
from glmengine.design.prepare import Prepared, grid_of
from glmengine.design.splits import split_prepared
from glmengine.errors import GlmError
from glmengine.fitting.coefficients import Coefficients
from glmengine.fitting.out_of_fold import FoldModels, fold_models
from glmengine.goodness.assess import assess
from glmengine.recording.binned import sample_covariate
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
    units: Sequence[str] | None,
    *,
    epochs: Any,
    held_out: bool,
    context: Context | None,
) -> Goodness:
    """See `Result.goodness`; `strength` (M,) is that of each unit's fit."""
    context = context or SILENT
    prepared = prepared_for(model, recording, epochs, counts=True, conditions=True, context=context.part(0.0, 0.03))
    models, start = None, 0.03
    if held_out:
        models, start = _folds(model, strength, prepared, epochs, context.part(0.03, 0.5)), 0.5
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
    split = split_prepared(model.analysis.validation, prepared, model.analysis.seed)
    kept = replace(prepared, counts=split.without_gaps(prepared.counts))
    return fold_models(model.analysis, kept, strength, split.fold, context)


def simulate(
    model: FittedModel,
    recording: Recording | Mapping[str, Any],
    repeats: int,
    seed: int | None,
    *,
    epochs: Any,
    context: Context | None,
) -> Surrogates:
    """See `Result.simulate`."""
    context = context or SILENT
    given = recording if hasattr(recording, "unit_names") else _of_covariates(recording, model.units)
    prepared = prepared_for(
        model, with_units(given, model.units), epochs, counts=True, conditions=True, context=context.part(0.0, 0.02)
    )
    seed = model.analysis.seed if seed is None else seed
    return surrogates(prepared, coefficients_of(model), repeats, seed, context.part(0.02, 1.0))


_FEATURES, _CROSS_VALIDATION = 4.0, 15.0
"""What these take beside `glmengine.decoding.decode.work_of`."""


def decode(
    model: FittedModel,
    strength: np.ndarray,
    recording: Recording,
    variables: str | Sequence[str],
    *,
    epochs: Any,
    units: Sequence[str] | None,
    held_out: bool,
    context: Context | None,
    **options: Any,
) -> Decoded:
    """See `Result.decode`."""
    context = context or SILENT
    names = (variables,) if isinstance(variables, str) else tuple(variables)
    if not names:
        raise GlmError("variables: there are none; name what is to be decoded")
    decoding = sum(work_of(number_tried(len(names), options["points"]), len(model.units), options["smoothing"] is not None))
    work = np.cumsum([_FEATURES, _CROSS_VALIDATION if held_out else 0.0, decoding])
    read, start, _ = (work / work[-1]).tolist()
    prepared = prepared_for(model, recording, epochs, counts=True, conditions=True, context=context.part(0.0, read))
    known = None if units is None else [number_of(model, name) for name in ([units] if isinstance(units, str) else units)]
    models = _folds(model, strength, prepared, epochs, context.part(read, start)) if held_out else None
    occupied = None
    if epochs is not None:  # the prior is of the time that was fitted
        grid = grid_of(model.analysis, prepared.recording)
        sampled = [prepared.recording.variable(name, field="variables") for name in names]
        occupied = [sample_covariate(one, grid, prepared.max_gap) for one in sampled]
    return decoded(
        prepared,
        coefficients_of(model),
        names,
        units=known,
        fold_models=models,
        occupied=occupied,
        seed=model.analysis.seed,
        context=context.part(start, 1.0),
        **options,
    )


def number_of(model: FittedModel, unit: str) -> int:
    """Which of the model's units is called so."""
    if unit not in model.units:
        raise GlmError(f"units: '{unit}' was not fitted; the result has: {', '.join(model.units[:12])}", field="units")
    return model.units.index(unit)


def _of_covariates(covariates: Mapping[str, Any], units: Sequence[str]) -> Recording:
    """A recording of these covariates, in which nothing was recorded of the units."""
    import pynapple as nap

    if not covariates:
        raise GlmError("covariates: there are none; give a recording, or the covariates of the model by name")
    for name, one in covariates.items():
        if not isinstance(one, Covariate) and not hasattr(one, "time_support"):
            raise GlmError(f"covariates: '{name}' is a {type(one).__name__}; give a ge.Covariate or a pynapple Tsd")
    found = {name: one if isinstance(one, Covariate) else Covariate(name, one) for name, one in covariates.items()}
    support = next(iter(found.values())).data.time_support
    for one in found.values():
        support = support.intersect(one.data.time_support)
    empty = nap.TsGroup({at: nap.Ts(np.empty(0), time_support=support) for at in range(len(units))}, time_support=support)
    return Recording(name="covariates", unit_names=tuple(units), spikes=empty, covariates=found, epochs={"all": support})

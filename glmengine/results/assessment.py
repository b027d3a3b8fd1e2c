"""A fit assessed: its standard errors, curves, filters, scores and notes, as a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.penalty import chosen_in_words, strengths_of
from glmengine.context import Context, Progress
from glmengine.models import get_family
from glmengine.results.joined_units import LARGEST_COVARIANCE
from glmengine.results.provenance import provenance
from glmengine.results.result import Result
from glmengine.results.unfinished import ERRORS_CUT_SHORT
from glmengine.selection.fold_scores import scores_of

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.analysis import Analysis
    from glmengine.design.prepare import Prepared
    from glmengine.design.splits import Split
    from glmengine.fitting.fit_result import Fit
    from glmengine.fitting.held_out_scores import CrossValidation
    from glmengine.recording.recording import Recording
    from glmengine.results.posterior import Posterior

_LARGEST_COVARIANCE = 1.5e9  # bytes of all units together that are made; fewer are saved with the result
_CLASSES = "Each class has coefficients of its own; response curves, filters and coupling strengths, which are those of one rate, are not made."


@dataclass(frozen=True)
class Stages:
    """A context for each stage in which a result is made of a fit."""

    errors: Context
    curves: Context
    filters: Context
    drift: Context
    held_out: Context


def assessed(
    analysis: Analysis,
    recording: Recording,
    prepared: Prepared,
    fit: Fit,
    split: Split | None,
    cross_validation: CrossValidation | None,
    stages: Stages,
) -> Result:
    """A result made of a fit of `analysis`, whose folds are `split`."""
    from glmengine.analysis.measures import units_of_measure
    from glmengine.analysis.wording import label_scores, words_of
    from glmengine.results.session_table import session_table
    from glmengine.results.tables import coefficient_arrays, cv_dataset, score_table, smoothing_table, term_tests

    words, known = (
        words_of(analysis.model),
        units_of_measure((*prepared.design.terms, *analysis.time.conditions), prepared.recording),
    )
    stages.errors.report(Progress("Standard errors", 0.0))
    fit.assess(stages.errors)
    cut_short = stages.errors.stopping
    coefficients, standard_errors, intercepts, intercept_errors = coefficient_arrays(prepared, fit)
    found = _drawn(analysis, prepared, fit, coefficients, intercepts, stages) if fit.n_classes == 1 else _Drawn(notes=(_CLASSES,))
    scores = label_scores(score_table(prepared, fit, cross_validation), words)
    notes = [
        *prepared.notes,
        *_notes_on_origin(analysis, recording),
        *(split.notes if split else ()),
        *fit.notes,
        *found.notes,
        *_notes_on_drift(analysis, prepared, found.posterior, scores, stages.drift),
        *_notes_on_strengths(analysis, prepared, cross_validation),
        *(() if cross_validation is None else cross_validation.notes),
    ]
    if cut_short or stages.drift.stopping:
        notes.append(ERRORS_CUT_SHORT)
    if words.meaning:
        notes.append(words.meaning)
    return Result(
        analysis=analysis,
        terms=tuple(prepared.design.terms),
        coefficients=coefficients,
        standard_errors=standard_errors,
        intercepts=intercepts,
        intercept_errors=intercept_errors,
        scores=scores,
        curves=found.curves,
        filters=found.filters,
        coupling=found.coupling,
        cv=cv_dataset(prepared, split, cross_validation),
        fold_scores=_fold_scores(analysis, prepared, split, cross_validation, stages.held_out),
        tests=term_tests(prepared, fit),
        smoothing=smoothing_table(prepared, fit),
        covariance=None if found.covariance is None or found.covariance.nbytes > LARGEST_COVARIANCE else found.covariance,
        sessions=None
        if found.posterior is None
        else session_table(prepared, found.posterior, analysis.model.family, np.asarray(scores["dispersion"].values), words),
        provenance=provenance(
            analysis,
            recording,
            solver=fit.solver,
            backend=fit.backend,
            iterations=np.asarray(fit.iterations).tolist(),
            measures=known,
        ),
        notes=tuple(dict.fromkeys(notes)),
    )


@dataclass(frozen=True)
class _Drawn:
    """What is drawn of a model with one predictor for each unit; empty where each class has its own."""

    posterior: Posterior | None = None
    covariance: xr.DataArray | None = None
    curves: Mapping[str, xr.Dataset] = field(default_factory=dict)
    filters: Mapping[str, xr.Dataset] = field(default_factory=dict)
    coupling: xr.Dataset | None = None
    notes: tuple[str, ...] = ()


def _drawn(
    analysis: Analysis, prepared: Prepared, fit: Fit, coefficients: xr.DataArray, intercepts: xr.DataArray, stages: Stages
) -> _Drawn:
    from glmengine.analysis.wording import words_of
    from glmengine.results.curves import response_curves
    from glmengine.results.filters import coupling_strengths, term_filters
    from glmengine.results.posterior import Posterior, link_of
    from glmengine.results.tables import covariance_array

    size = 8 * len(prepared.units) * (prepared.design.n_columns + 1) ** 2
    covariance = covariance_array(prepared, fit) if size <= _LARGEST_COVARIANCE else None
    posterior = Posterior(
        coef=np.asarray(coefficients.values),
        intercept=np.asarray(intercepts.values),
        covariance=None if covariance is None else covariance.values,
        link=link_of(analysis.model),
    )
    words = words_of(analysis.model)
    stages.curves.check()
    curves, notes = response_curves(prepared, posterior, stages.curves, words=words)
    stages.filters.check()
    filters = term_filters(prepared, posterior, words, stages.filters)
    coupling = coupling_strengths(prepared, posterior, words, stages.filters)
    if covariance is None:
        bands = (
            f"Curves, filters and predictions have no bands: the covariance of the coefficients would take {size / 1e9:.1f} GB."
        )
        notes = (*notes, bands)
    return _Drawn(posterior, covariance, curves, filters, coupling, tuple(notes))


def _fold_scores(
    analysis: Analysis, prepared: Prepared, split: Split | None, cross_validation: CrossValidation | None, context: Context
) -> xr.Dataset | None:
    if split is None or cross_validation is None:
        return None
    family = get_family(analysis.model.family)
    kept = replace(prepared, counts=split.without_gaps(prepared.counts))
    link = family.link(analysis.model.link or None)
    return scores_of(cross_validation, kept, split, family, link, smoothing=analysis.validation.smoothing, context=context)


def _notes_on_origin(analysis: Analysis, recording: Recording) -> list[str]:
    """Which answer sheet chose the terms, where one did."""
    if analysis.terms_from is None:
        return []
    labels = [term.label for term in analysis.terms if term.enabled]
    return [analysis.terms_from.note(labels, recording.name, recording.sha256)]


def _notes_on_drift(
    analysis: Analysis, prepared: Prepared, posterior: Posterior | None, scores: xr.Dataset, context: Context
) -> tuple[str, ...]:
    """Which units drift beyond the model, and the remedies."""
    from glmengine.fitting.coefficients import Coefficients
    from glmengine.goodness.drift import drift_notes, drifting_units

    if posterior is None or context.stopping:
        return ()
    model = Coefficients(
        analysis=analysis,
        terms=tuple(prepared.design.terms),
        units=prepared.units,
        coef=posterior.coef,
        intercept=posterior.intercept,
        dispersion=np.asarray(scores["dispersion"].values, np.float64),
    )
    moved = [term.label for term in prepared.design.terms if term.kind != "history"]
    return drift_notes(drifting_units(prepared, model, context), moved)


def goes_on(prepared: Prepared) -> bool:
    """Whether the grid of strengths goes on where the best lies at its end: not where each fold is a cross-validation of its own, and not
    for fields of low rank, each of whose fits takes long."""
    from glmengine.fitting.fold_averages import sees_averages
    from glmengine.fitting.separable import separable_terms

    return not sees_averages(prepared) and not separable_terms(prepared.design)


def _notes_on_strengths(analysis: Analysis, prepared: Prepared, cross_validation: CrossValidation | None) -> list[str]:
    """How the strength is chosen where not by the best score of each unit, and whether the best lies at the weak end of a grid that does not go on by itself, so that a weaker one may be better still."""
    strengths = strengths_of(analysis)
    if cross_validation is None or len(strengths) < 2:
        return []
    model = analysis.model
    if model.strength_rule != "best" or model.one_strength:
        return [
            f"{chosen_in_words(model)} on held-out time is used, for each unit {'the same' if model.one_strength else 'its own'}."
        ]
    if min(strengths) == 0 or goes_on(prepared):
        return []
    at_the_end = np.asarray(cross_validation.best_strength, np.float64) == min(strengths)
    if not at_the_end.any():
        return []
    which = ", ".join(name for name, end in zip(prepared.units, at_the_end, strict=True) if end)
    return [f"The weakest strength tried, {min(strengths):g}, was the best for units {which}; a weaker one may be better still."]

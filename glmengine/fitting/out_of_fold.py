"""Coefficients of the fits that have not seen a fold, so that every bin can be predicted by one that has not seen it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.penalty import penalty_of
from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.fitting.cross_validation import cross_validate
from glmengine.fitting.fold_averages import sees_averages
from glmengine.fitting.found_strengths import REML
from glmengine.fitting.separable import cross_validate_separable, separable_terms

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.design.prepare import Prepared


@dataclass(frozen=True)
class FoldModels:
    """One model per fold.

    Attributes
    ----------
    folds : (T,) int array
        Fold of each row, -1 for rows that are never held out.
    coef : (F, P, M) array
    intercept : (F, M) array
        NaN where a fold has no fit of a unit.
    """

    folds: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray

    def linear(self, features: np.ndarray, rows: np.ndarray, units: np.ndarray) -> np.ndarray:
        """Linear predictor (t, m) of the features (t, P) of these rows for these units, NaN in rows that are never held out."""
        eta = np.full((len(rows), len(units)), np.nan)
        for fold in np.unique(self.folds[rows]):
            if fold >= 0:
                here = self.folds[rows] == fold
                eta[here] = features[here] @ self.coef[fold][:, units] + self.intercept[fold][units]
        return eta


def fold_models(
    analysis: Analysis, prepared: Prepared, strength: np.ndarray, folds: Any, context: Context = SILENT
) -> FoldModels:
    """Fit each fold's training rows at strengths that are chosen already.

    Parameters
    ----------
    analysis : Analysis
    prepared : Prepared
        With counts.
    strength : (M,) array
        That of each unit's final fit.
    folds : int or (T,) int array
        As for `cross_validate`.
    context : Context, optional

    Raises
    ------
    GlmError
        For receptive fields seen through spike-triggered averages, whose folds have features of their own.
    """
    if sees_averages(prepared):
        raise GlmError(
            "fits of each fold are not kept where a receptive field is seen through spike-triggered averages; "
            "use the fit itself, or the epochs to test on"
        )
    searched = analysis.model.finds_strengths
    values = np.ones(1) if searched else np.unique(strength[np.isfinite(strength)])
    found = (cross_validate_separable if separable_terms(prepared.design) else cross_validate)(
        prepared.design,
        prepared.counts,
        family=analysis.model.family,
        link=analysis.model.link or None,
        penalty=penalty_of(analysis.model, prepared.design.terms),
        strengths=REML if searched else values,
        folds=folds,
        mask=prepared.design.mask(prepared.units),
        unit_names=prepared.units,
        memory=analysis.model.memory,
        platform=analysis.model.platform,
        coefs=True,
        context=context,
    )
    units = np.arange(len(prepared.units))
    place = np.searchsorted(values, np.where(np.isfinite(strength) & (not searched), strength, values[0]))
    labels = np.asarray(found.scores["fold"].values)
    compact = np.where(found.folds >= 0, np.searchsorted(labels, np.maximum(found.folds, 0)), -1)
    coef = np.asarray(found.coefs.transpose("fold", "strength", "unit", "feature").values)[:, place, units]
    intercept = np.asarray(found.intercepts.transpose("fold", "strength", "unit").values)[:, place, units]
    return FoldModels(compact, np.swapaxes(coef, 1, 2), intercept)

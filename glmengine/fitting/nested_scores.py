"""Nested cross-validation: what a model is worth on time that had no part in the choice of its strength either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.fitting.held_out_scores import CrossValidation, worth_at
from glmengine.fitting.strength_choice import StrengthChoice

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class NestedScores:
    """Scores of M units on F folds, each at the strength that the other folds chose among themselves.

    Attributes
    ----------
    strength : DataArray (fold, unit)
        Chosen by a cross-validation of the other folds alone; NaN where a fold does not count for the unit.
    deviance_explained, bits_per_spike : (M,) array
        Pooled over folds, against the mean of the training bins.
    """

    strength: xr.DataArray
    deviance_explained: np.ndarray
    bits_per_spike: np.ndarray


def nested_scores(
    found: CrossValidation,
    inner: Callable[[int], tuple[np.ndarray, np.ndarray]],
    choice: StrengthChoice,
) -> NestedScores:
    """The scores of each fold at the strength that was chosen without it.

    Parameters
    ----------
    found : CrossValidation
        Of all folds.
    inner : callable
        Of the number of a fold, scores (F - 1, S, M) of the other folds, each held out by turn with this one not seen at all, at the
        strengths of `found`, and these strengths (S,).
    choice : StrengthChoice
    """
    import xarray as xr

    scores = found.scores.values
    F, _, M = scores.shape
    strength, at = np.full((F, M), np.nan), np.full((F, M), -1)
    units = np.arange(M)
    for fold in range(F):
        by_others, strengths = inner(fold)
        chosen = choice.of(np.where(np.isfinite(scores[fold]), by_others, np.nan), strengths)
        has = (chosen >= 0) & np.isfinite(scores[fold, np.maximum(chosen, 0), units])
        at[fold] = np.where(has, chosen, -1)
        strength[fold, has] = strengths[chosen[has]]
    explained, bits = worth_at(found, at)
    return NestedScores(
        strength=xr.DataArray(strength, {"fold": found.scores["fold"], "unit": found.scores["unit"]}, ("fold", "unit")),
        deviance_explained=explained,
        bits_per_spike=bits,
    )

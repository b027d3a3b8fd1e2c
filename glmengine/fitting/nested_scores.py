"""Nested cross-validation: what a model is worth on time that had no part in the choice of its strength either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.fitting.strength_choice import StrengthChoice

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.fitting.held_out_scores import CrossValidation


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
    strength = np.full((F, M), np.nan)
    sums = np.zeros((5, M))  # log-likelihood of the model and of the mean, deviance of both, spikes
    units = np.arange(M)
    for fold in range(F):
        by_others, strengths = inner(fold)
        chosen = choice.of(np.where(np.isfinite(scores[fold]), by_others, np.nan), strengths)
        has = (chosen >= 0) & np.isfinite(scores[fold, np.maximum(chosen, 0), units])
        at = np.maximum(chosen, 0)
        strength[fold, has] = strengths[at[has]]
        weight = found.weight.values[fold]
        for total, part in zip(
            sums,
            (
                scores[fold, at, units] * weight,
                found.null_scores.values[fold] * weight,
                found.deviance.values[fold, at, units],
                found.null_deviance.values[fold, at, units],
                found.spikes.values[fold],
            ),
            strict=True,
        ):
            total += np.where(has, part, 0.0)
    likelihood, null_likelihood, deviance, null_deviance, spikes = sums
    known = np.isfinite(strength).any(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        explained = 1.0 - deviance / null_deviance
        bits = (likelihood - null_likelihood) / (spikes * np.log(2.0))
    counted = known & np.isfinite(found.bits_per_spike)
    return NestedScores(
        strength=xr.DataArray(strength, {"fold": found.scores["fold"], "unit": found.scores["unit"]}, ("fold", "unit")),
        deviance_explained=np.where(known & np.isfinite(explained), explained, np.nan),
        bits_per_spike=np.where(counted & np.isfinite(bits), bits, np.nan),
    )

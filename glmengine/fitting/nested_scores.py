"""Nested cross-validation: what a model is worth on time that had no part in the choice of its strength either."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from glmengine.fitting.held_out_scores import CrossValidation, NestedScores, worth_at
from glmengine.fitting.strength_choice import StrengthChoice

if TYPE_CHECKING:
    pass


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

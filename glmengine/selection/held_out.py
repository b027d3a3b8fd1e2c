"""What one model of one unit is worth on each held-out fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from glmengine.fitting.cross_validation import CrossValidation


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A model of a unit, fitted without each of F folds and scored there; NaN for folds that do not count.

    Attributes
    ----------
    weight, spikes : (F,) array
        Held-out bins, and observations in them.
    log_likelihood, deviance : (F,) array
        Summed over the bins of the fold.
    null_log_likelihood, null_deviance : (F,) array
        The same of the mean of the training bins.
    strength : (F,) array
        The penalty's, chosen on the other folds.
    best : float
        The strength that is best on all folds.
    converged : (F,) bool array
    columns : (p,) int array
        Columns of the design that the model has.
    coef : (F, p) array or None
        None for families of classes, whose coefficients are not kept.
    intercept : (F,) array or None
    """

    weight: np.ndarray
    spikes: np.ndarray
    log_likelihood: np.ndarray
    deviance: np.ndarray
    null_log_likelihood: np.ndarray
    null_deviance: np.ndarray
    strength: np.ndarray
    best: float
    converged: np.ndarray
    columns: np.ndarray
    coef: np.ndarray | None
    intercept: np.ndarray | None

    @property
    def per_bin(self) -> np.ndarray:
        """(F,) mean log-likelihood per bin."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.log_likelihood / self.weight

    @property
    def counts(self) -> np.ndarray:
        """(F,) bool, the folds that have a score."""
        return np.isfinite(self.log_likelihood)

    @property
    def total(self) -> float:
        """Log-likelihood per bin over all folds that count; NaN where none does."""
        here = self.counts
        return float(self.log_likelihood[here].sum() / self.weight[here].sum()) if here.any() else np.nan

    @property
    def deviance_explained(self) -> float:
        """1 - deviance / deviance of the training mean, pooled over the folds that count."""
        here = self.counts
        null = self.null_deviance[here].sum()
        return float(1.0 - self.deviance[here].sum() / null) if here.any() and null > 0 else np.nan

    def bits_per_spike(self, of_spikes: bool) -> float:
        """Log-likelihood gained over the training mean per spike, pooled over the folds that count; NaN for signals."""
        here = self.counts
        spikes = self.spikes[here].sum() if of_spikes and here.any() else 0.0
        gained = (self.log_likelihood - self.null_log_likelihood)[here].sum()
        return float(gained / (spikes * np.log(2.0))) if spikes > 0 else np.nan


def held_out_of(found: CrossValidation, unit: int, at: np.ndarray, best: int, n_folds: int, columns: np.ndarray) -> HeldOut:
    """One unit of a cross-validation.

    Parameters
    ----------
    found : CrossValidation
    unit : int
        Its number there.
    at : (F',) int array
        Number of the strength of each of the folds that are there.
    best : int
        That of all of them.
    n_folds : int
        Of the split; a fold that holds no valid bin is not there.
    columns : (p,) int array
        Those that the unit has.
    """
    labels = np.asarray(found.scores["fold"].values, int)
    strengths = np.asarray(found.scores["strength"].values, np.float64)
    rows = np.arange(labels.size)

    def by_fold(values: Any, missing: float = np.nan) -> np.ndarray:
        """(F, ...) with folds that are not there missing."""
        values = np.asarray(values)
        result = np.full((n_folds, *values.shape[1:]), missing, values.dtype)
        result[labels] = values
        return result

    def chosen(array: Any) -> np.ndarray:
        values = np.asarray(array.values)
        return values[rows, at, unit] if values.ndim >= 3 else values[:, unit]

    scores, weight = chosen(found.scores), chosen(found.weight)
    known = np.isfinite(scores)
    return HeldOut(
        weight=by_fold(np.where(known, weight, np.nan)),
        spikes=by_fold(np.where(known, chosen(found.spikes), np.nan)),
        log_likelihood=by_fold(scores * weight),
        deviance=by_fold(np.where(known, chosen(found.deviance), np.nan)),
        null_log_likelihood=by_fold(np.where(known, chosen(found.null_scores) * weight, np.nan)),
        null_deviance=by_fold(np.where(known, chosen(found.null_deviance), np.nan)),
        strength=by_fold(strengths[at]),
        best=float(strengths[best]),
        converged=by_fold(chosen(found.converged), False).astype(bool),
        columns=columns,
        coef=None if found.coefs is None else by_fold(chosen(found.coefs)[:, columns]),
        intercept=None if found.intercepts is None else by_fold(chosen(found.intercepts)),
    )


def strengths_by_fold(scores: np.ndarray, strengths: np.ndarray, tie: float = 1e-12) -> tuple[np.ndarray, int]:
    """Which strength each fold is scored at: the one that is best on the other folds, so that no score has chosen itself.

    Parameters
    ----------
    scores : (F, S) array
        Mean held-out log-likelihood per bin; NaN for folds that do not count.
    strengths : (S,) array
        Scores within `tie` are equal, and the stronger penalty is taken.

    Returns
    -------
    (F,) int array, int
        Numbers of the strengths of the folds, and of the one that is best on all of them.
    """
    known = np.isfinite(scores)
    every = known.any(axis=1)
    usable = known[every].all(axis=0) if every.any() else np.zeros(scores.shape[1], bool)
    sums = np.where(known, scores, 0.0).sum(axis=0)
    rest = sums - np.where(known, scores, 0.0)
    by_fold = [_best(row / max(every.sum() - own, 1), usable, strengths, tie) for row, own in zip(rest, every, strict=True)]
    return np.array(by_fold, int), _best(sums / max(every.sum(), 1), usable, strengths, tie)


def _best(mean: np.ndarray, usable: np.ndarray, strengths: np.ndarray, tie: float) -> int:
    if not usable.any():
        return int(np.argmax(strengths))
    values = np.where(usable, mean, -np.inf)
    near = np.flatnonzero(values >= values.max() - tie)
    return int(near[np.argmax(strengths[near])])

"""Scores of a cross-validation: the best strength of each unit, and what its model is worth on the rows held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.fitting.answers import Answers
from glmengine.fitting.grid import FURTHER, Grid
from glmengine.fitting.strength_choice import BEST_OF_EACH, StrengthChoice
from glmengine.fitting.unit_status import fold_notes
from glmengine.sentences import listed

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


@dataclass(frozen=True)
class CrossValidation:
    """Scores of M units at S strengths on F held-out folds.

    Attributes
    ----------
    scores : DataArray (fold, strength, unit)
        Mean held-out log-likelihood per bin, the factorial included, at scale 1 where the family has a free one (Gaussian and gamma: the
        best strength is that of the least deviance); NaN where a fold does not count for the unit (`glmengine.fitting.unit_status`).
    deviance, null_deviance : DataArray (fold, strength, unit)
        Held-out deviance of the model and of the mean of the training bins, summed over bins, beside the offsets
        where there are any.
    weight, spikes : DataArray (fold, unit)
        Held-out bins (sum of their weights) and observations.
    null_scores : DataArray (fold, unit)
        Mean held-out log-likelihood per bin of the mean of the training bins.
    converged : DataArray (fold, strength, unit)
    best_strength : (M,) array
        Strength that was chosen by the mean scores over folds (`StrengthChoice`: by default the best of each unit); NaN where there is none,
        as with fewer than two folds that count.
    bits_per_spike, deviance_explained : (M,) array
        At the chosen strength: log-likelihood gained over the training mean per spike, in bits, and 1 - deviance/null deviance, both
        pooled over folds. Bits per spike is NaN for families without counts.
    folds : (T,) int array
        Fold of each row, -1 for rows never held out and rows that are not used.
    skipped : (M,) int array
        Folds without a score.
    coefs : DataArray (fold, strength, unit, feature) or None
    nested : NestedScores or None
        Scores of each fold at the strength that the other folds chose, where asked for.
    seconds : float
    solver : str
    notes : tuple of str
        Folds that were left out, units without a score, and how the grid went on.
    backend : str
        What computed: which implementation of the operations over rows, and where.
    """

    scores: xr.DataArray
    deviance: xr.DataArray
    null_deviance: xr.DataArray
    weight: xr.DataArray
    spikes: xr.DataArray
    null_scores: xr.DataArray
    converged: xr.DataArray
    best_strength: np.ndarray
    bits_per_spike: np.ndarray
    deviance_explained: np.ndarray
    folds: np.ndarray
    skipped: np.ndarray
    coefs: xr.DataArray | None
    intercepts: xr.DataArray | None
    seconds: float
    solver: str
    notes: tuple[str, ...] = ()
    backend: str = ""
    nested: NestedScores | None = None


def summary(
    answers: Answers,
    grid: Grid,
    labels: np.ndarray,
    fold: np.ndarray,
    seconds: float,
    choice: StrengthChoice = BEST_OF_EACH,
    names: Sequence[str] | None = None,
) -> CrossValidation:
    """What a table of answers (F, S, ..., M) says.

    Parameters
    ----------
    answers : Answers
    grid : Grid
    labels : (F,) int array
        Numbers of the folds.
    fold : (T,) int array
        Fold of each row, -1 for none.
    choice : StrengthChoice
        Of the strength from the scores.
    names : sequence of str, optional
        What the folds are called in notes, by their number; the numbers where not given.
    """
    import xarray as xr

    if names is not None and len(names) <= labels.max():
        raise GlmError(f"fold_names: there are {len(names)} for folds numbered up to {labels.max()}; give one name a fold")
    called = labels if names is None else [names[int(label)] for label in labels]
    assembly = answers.assembly
    family, units = assembly.family, list(assembly.inputs.units)
    F, M = labels.size, len(units)
    tried = np.isfinite(answers.sums[0]).any(axis=(0, 2))
    tried[: grid.n_given] = True
    order = _in_order(np.flatnonzero(tried), grid)
    strengths, sums = grid.values[order], answers.sums[:, :, order]
    weight, spikes, likelihood, deviance, null_likelihood, null_deviance = sums[:6]
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = likelihood / np.where(weight > 0, weight, np.nan)
        null_scores = null_likelihood / np.where(weight > 0, weight, np.nan)
    usable = np.isfinite(scores)
    enough = usable.any(axis=1).sum(axis=0) >= min(2, F)  # one fold alone says nothing of how much scores vary
    scores, usable = np.where(enough, scores, np.nan), usable & enough
    best = choice.of(scores, strengths)
    has, at = best >= 0, np.maximum(best, 0)

    def pooled(values: np.ndarray) -> np.ndarray:
        chosen = values[:, at, np.arange(M)]
        return np.where(has, np.where(usable[:, at, np.arange(M)], chosen, 0.0).sum(axis=0), np.nan)

    with np.errstate(invalid="ignore", divide="ignore"):
        explained = 1.0 - pooled(deviance) / pooled(null_deviance)
        bits = (pooled(likelihood) - pooled(null_likelihood)) / (pooled(spikes) * np.log(2.0))
    if not family.of_spikes:
        bits = np.full(M, np.nan)
    coords: dict[str, Any] = {"fold": labels, "strength": strengths, "unit": units}

    def array(values: np.ndarray, *dims: str) -> xr.DataArray:
        return xr.DataArray(values, {dim: coords[dim] for dim in dims if dim in coords}, dims)

    def of_any(values: np.ndarray) -> np.ndarray:
        """(F, M) of (F, S, M) values that are the same at all strengths that were come to."""
        first = np.argmax(np.isfinite(values), axis=1)
        return np.take_along_axis(values, first[:, None], axis=1)[:, 0]

    everything = ("fold", "strength", "unit")
    coefs = None
    if answers.coef is not None:
        coefs = xr.DataArray(
            np.moveaxis(answers.coef[:, order], 2, 3),
            {**coords, "feature": list(assembly.inputs.features)},
            (*everything, "feature"),
        )
    return CrossValidation(
        scores=array(scores, *everything),
        deviance=array(deviance, *everything),
        null_deviance=array(null_deviance, *everything),
        weight=array(of_any(weight), "fold", "unit"),
        spikes=array(of_any(spikes), "fold", "unit"),
        null_scores=array(of_any(null_scores), "fold", "unit"),
        converged=array(answers.converged[:, order], *everything),
        best_strength=np.where(has, strengths[at], np.nan),
        bits_per_spike=np.where(np.isfinite(bits), bits, np.nan),
        deviance_explained=np.where(np.isfinite(explained), explained, np.nan),
        folds=fold,
        skipped=np.asarray((~usable.any(axis=1)).sum(axis=0)),
        coefs=coefs,
        intercepts=None if answers.intercept is None else array(answers.intercept[:, order], *everything),
        seconds=seconds,
        solver=answers.solver,
        notes=(
            *fold_notes(family, assembly.observed, assembly.status, called, assembly.inputs.units),
            *_grid_notes(grid, order, choice.best(scores, strengths), units),
        ),
        backend=answers.backend,
    )


def worth_at(found: CrossValidation, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(M,) deviance explained and bits per spike at strengths number `at` (F, M), -1 for folds that do not count; pooled over folds."""
    scores = found.scores.values
    has = at >= 0
    fold, unit = np.ogrid[: at.shape[0], : at.shape[1]]
    chosen = np.maximum(at, 0)
    has &= np.isfinite(scores[fold, chosen, unit])
    weight = found.weight.values

    def pooled(values: np.ndarray) -> np.ndarray:
        return np.where(has, values, 0.0).sum(axis=0)

    gained = pooled(scores[fold, chosen, unit] * weight) - pooled(found.null_scores.values * weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        explained = 1.0 - pooled(found.deviance.values[fold, chosen, unit]) / pooled(
            found.null_deviance.values[fold, chosen, unit]
        )
        bits = gained / (pooled(found.spikes.values) * np.log(2.0))
    known = has.any(axis=0)
    counted = known & np.isfinite(found.bits_per_spike)  # which families without counts do not have
    return np.where(known & np.isfinite(explained), explained, np.nan), np.where(counted & np.isfinite(bits), bits, np.nan)


def _in_order(chosen: np.ndarray, grid: Grid) -> np.ndarray:
    """Numbers of the strengths that were tried: as given, with those added at the ends where the given ones rise or fall."""
    given = grid.values[: grid.n_given]
    if chosen.size > grid.n_given and (np.diff(given) > 0).all():
        return chosen[np.argsort(grid.values[chosen], kind="stable")]
    if chosen.size > grid.n_given and (np.diff(given) < 0).all():
        return chosen[np.argsort(-grid.values[chosen], kind="stable")]
    return chosen


def _grid_notes(grid: Grid, order: np.ndarray, best: np.ndarray, units: list[str]) -> tuple[str, ...]:
    """How the grid went on, and whose best strength lies at its end all the same."""
    if order.size == grid.n_given:
        return ()
    added = np.sort(grid.values[order[order >= grid.n_given]])
    notes = [
        f"The best strength of some units lay at an end of those given, so that these were tried besides: {', '.join(f'{value:g}' for value in added)}."
    ]
    last = [numbers[-1] for numbers in (grid.beyond(True), grid.beyond(False))]
    named = [unit for unit, b in zip(units, best, strict=True) if b >= 0 and order[b] in last]
    if named:
        notes.append(f"After {FURTHER} more strengths the best still lies at the end of the grid for {listed(named, 8)}.")
    return tuple(notes)

"""Observed and expected counts of fitted units, bin by bin, with the stretches of time that no statistic may cross."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context, Progress
from glmengine.design.chunks import as_slice, row_chunks
from glmengine.fitting.coefficients import Coefficients
from glmengine.threads import quiet_blas

if TYPE_CHECKING:
    from glmengine.design.prepare import Prepared
    from glmengine.fitting.out_of_fold import FoldModels
    from glmengine.models import Family


@dataclass(frozen=True)
class Series:
    """One unit's bins.

    Attributes
    ----------
    observed, expected, variance : (T,) float64
        Count, its mean and its variance under the model; NaN in bins that are not judged.
    run : (T,) int
        Number of the stretch of consecutive bins that a bin lies in; -1 in bins that are neither judged nor passed through.
    family : Family
    dispersion : float
    bin_size : float
        Seconds.
    """

    observed: np.ndarray
    expected: np.ndarray
    variance: np.ndarray
    run: np.ndarray
    family: Family
    dispersion: float
    bin_size: float

    @cached_property
    def used(self) -> np.ndarray:
        """(T,) bool, the bins that are judged."""
        return np.isfinite(self.observed)

    @cached_property
    def residual(self) -> np.ndarray:
        """(T,) observed less expected, 0 in bins that are not judged."""
        return np.where(self.used, self.observed - self.expected, 0.0)

    @cached_property
    def spread(self) -> np.ndarray:
        """(T,) variance, 0 in bins that are not judged."""
        return np.where(self.used, self.variance, 0.0)

    @property
    def has_events(self) -> bool:
        """Whether the observations are spikes, and not a signal."""
        return self.family.of_spikes


@dataclass(frozen=True)
class Observations:
    """Some units on one grid; arrays (M, T) as in `Series`.

    Attributes
    ----------
    passed : (M, T) bool or None
        Bins in which a unit cannot fire: they are not judged, and statistics go on across them.
    scores : (M, B, P + 1) array or None
        Gradient of the log-likelihood in each block of time, intercept first (see `glmengine.goodness.influence`).
    """

    units: tuple[str, ...]
    observed: np.ndarray
    expected: np.ndarray
    variance: np.ndarray
    segment: np.ndarray
    passed: np.ndarray | None
    family: Family
    dispersion: np.ndarray
    bin_size: float
    scores: np.ndarray | None = None

    def series(self, unit: int) -> Series:
        """The bins of one unit."""
        judged = np.isfinite(self.observed[unit])
        kept = judged if self.passed is None else judged | self.passed[unit]
        return Series(
            observed=self.observed[unit],
            expected=self.expected[unit],
            variance=self.variance[unit],
            run=run_numbers(kept, self.segment),
            family=self.family,
            dispersion=float(self.dispersion[unit]),
            bin_size=self.bin_size,
        )


def run_numbers(kept: np.ndarray, segment: np.ndarray) -> np.ndarray:
    """(T,) number of the run of consecutive kept bins within one segment, -1 elsewhere."""
    if not len(kept):
        return np.zeros(0, np.int64)
    begins = kept.copy()
    begins[1:] &= ~kept[:-1] | (segment[1:] != segment[:-1])
    return np.where(kept, np.cumsum(begins) - 1, -1)


def block_numbers(valid: np.ndarray, n_blocks: int) -> np.ndarray:
    """(T,) number of the block of time of each valid bin, blocks of equally many; -1 elsewhere."""
    numbers = np.full(len(valid), -1)
    rows = np.flatnonzero(valid)
    numbers[rows] = np.arange(len(rows)) * n_blocks // max(len(rows), 1)
    return numbers


def observe(
    prepared: Prepared,
    model: Coefficients,
    units: Sequence[int],
    *,
    fold_models: FoldModels | None = None,
    blocks: np.ndarray | None = None,
    context: Context = SILENT,
) -> Observations:
    """Expand the design a stretch at a time and predict these units.

    Parameters
    ----------
    prepared : Prepared
        With counts; its units are the model's.
    model : Coefficients
    units : sequence of int
        Which of them.
    fold_models : FoldModels, optional
        Predict each bin by the fit that has not seen it; bins without one are not judged.
    blocks : (T,) int array, optional
        Blocks of time whose gradients are wanted.
    """
    picked = np.asarray(units, int)
    own = model.of(picked)
    design, grid = prepared.design, prepared.grid
    shape = (len(picked), grid.n_bins)
    expected = np.full(shape, np.nan)
    observed = np.array(prepared.counts[:, picked].T, np.float64)
    observed[:, ~np.asarray(design.valid)] = np.nan
    wanted = blocks is not None and fold_models is None
    scores = np.zeros((len(picked), int(blocks.max(initial=-1)) + 1, design.n_columns + 1)) if wanted else None
    for start, stop in row_chunks(design, len(picked)):
        context.check()
        context.report(Progress("Predicting", start / max(grid.n_bins, 1)))
        rows = start + np.flatnonzero(design.valid[start:stop])
        if not len(rows):
            continue
        features = np.asarray(design.chunk(start, stop))[as_slice(rows - start)]
        with quiet_blas():
            eta = own.linear(features) if fold_models is None else fold_models.linear(features, rows, picked)
        mean = np.asarray(own.link.mean(eta))
        expected[:, rows] = mean.T
        if scores is not None:
            _add_scores(scores, own, features, eta, mean, observed[:, rows].T, blocks[rows])
    observed[~np.isfinite(expected)] = np.nan
    expected[~np.isfinite(observed)] = np.nan
    with np.errstate(invalid="ignore"):
        variance = own.variance(expected.T).T
    return Observations(
        units=own.units,
        observed=observed,
        expected=expected,
        variance=np.where(np.isfinite(observed), variance, np.nan),
        segment=grid.segment,
        passed=None if prepared.refractory is None else (prepared.refractory & design.valid[:, None]).T[picked],
        family=model.family,
        dispersion=own.dispersion,
        bin_size=grid.bin_size,
        scores=scores,
    )


def _add_scores(
    scores: np.ndarray,
    model: Coefficients,
    features: np.ndarray,
    eta: np.ndarray,
    mean: np.ndarray,
    observed: np.ndarray,
    blocks: np.ndarray,
) -> None:
    """Add the gradients of these rows (t, M) to those of their blocks, which follow one another."""
    slope = np.asarray(model.link.slopes(eta)[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        weighted = (observed - mean) * slope / model.variance(mean)
    weighted = np.where(np.isfinite(weighted), weighted, 0.0)
    begins = np.flatnonzero(np.diff(blocks, prepend=-2))
    with quiet_blas():
        for begin, end in zip(begins, [*begins[1:], len(blocks)], strict=True):
            block = blocks[begin]
            if block >= 0:
                scores[:, block, 0] += weighted[begin:end].sum(axis=0)
                scores[:, block, 1:] += weighted[begin:end].T @ features[begin:end]

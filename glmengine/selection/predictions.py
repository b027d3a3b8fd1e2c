"""Held-out rates of nested models: correlation with the observed ones, and log-likelihood over blocks of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context, Progress, checked
from glmengine.design.chunks import row_chunks
from glmengine.selection.held_out import HeldOut
from glmengine.threads import quiet_blas, workers
from glmengine.timegrid.gaussian import smooth_known

if TYPE_CHECKING:
    from glmengine.design.prepare import Prepared
    from glmengine.design.splits import Split
    from glmengine.models import Family
    from glmengine.models.links import Link


STAGE = "Predicting held-out time"


@dataclass(frozen=True, eq=False)
class Detail:
    """What is seen of a model bin by bin.

    Attributes
    ----------
    correlation : (F,) array
        Of smoothed observed and predicted rates in each fold; NaN where one of them is constant.
    part_log_likelihood, part_weight : (B,) array
        Sum of log-likelihoods, and bins, of each block of held-out time.
    """

    correlation: np.ndarray
    part_log_likelihood: np.ndarray
    part_weight: np.ndarray


def parts_of(fold: np.ndarray, n_parts: int) -> np.ndarray:
    """(T,) block of each bin: every fold is cut into `n_parts` blocks of equal length; -1 for bins that are never held out."""
    part = np.full(len(fold), -1)
    for number in np.unique(fold[fold >= 0]):
        rows = np.flatnonzero(fold == number)
        part[rows] = number * n_parts + (np.arange(rows.size) * n_parts) // rows.size
    return part


def details(
    prepared: Prepared,
    split: Split,
    family: Family,
    link: Link,
    found: Sequence[tuple[int, HeldOut]],
    *,
    smoothing: float,
    n_parts: int,
    context: Context = SILENT,
) -> list[Detail]:
    """Predict held-out bins of models and units, each by the fit that has not seen it.

    Parameters
    ----------
    prepared : Prepared
    split : Split
    family, link : Family, Link
    found : sequence of (unit, HeldOut)
        N of them.
    smoothing : float
        Standard deviation of the Gaussian (s).
    n_parts : int
        Blocks of each fold.
    context : Context, optional

    Notes
    -----
    The blocks have no log-likelihood where the family estimates a dispersion, and nothing is predicted for classes. Where the caller wants
    to stop, what was not come to is NaN.
    """
    fold, counts = split.fold, prepared.counts
    F, part = len(split.names), parts_of(fold, n_parts)
    runs = _runs(fold, prepared.grid.segment)
    width = smoothing / prepared.grid.bin_size
    means = _means(prepared, fold, link, [one for _, one in found], context.part(0.0, 0.6))

    def of_one(given: tuple[int, np.ndarray]) -> Detail:
        unit, mean = given
        if context.stopping:
            return Detail(np.full(F, np.nan), np.full(F * n_parts, np.nan), np.zeros(F * n_parts))
        y = np.asarray(counts[:, unit], np.float64)
        known = np.isfinite(mean) & np.isfinite(y)
        y, mean = np.where(known, y, np.nan), np.where(known, mean, np.nan)
        sums, weight = np.full(F * n_parts, np.nan), np.bincount(part[known], minlength=F * n_parts).astype(np.float64)
        if known.any() and not family.estimates_dispersion:
            own = np.asarray(family.log_likelihood(mean[known], y[known]), np.float64)
            sums = np.bincount(part[known], own, minlength=F * n_parts)
        return Detail(_correlations(y, mean, fold, runs, width, F), np.where(weight > 0, sums, np.nan), weight)

    result: list[Detail] = []
    with workers(means.size * _PASSES) as pool:
        for one in checked(context, pool.stream(of_one, [(unit, mean) for (unit, _), mean in zip(found, means, strict=True)])):
            result.append(one)
            context.report(Progress(STAGE, 0.6 + 0.4 * len(result) / len(found)))
    return result


_PASSES = 30
"""About how often a model's rates are gone through."""


def _means(prepared: Prepared, fold: np.ndarray, link: Link, found: Sequence[HeldOut], context: Context) -> np.ndarray:
    """(N, T) predicted observations in held-out bins, NaN elsewhere."""
    design, alike = prepared.design, _of_same_columns(found)
    result = np.full((len(found), design.n_rows), np.nan)
    with quiet_blas():
        for start, stop in row_chunks(design, len(found)):
            context.check()
            context.report(Progress(STAGE, start / max(design.n_rows, 1)))
            if context.stopping:
                break
            rows = np.flatnonzero(design.valid[start:stop] & (fold[start:stop] >= 0))
            if not rows.size:
                continue
            values = design.chunk(start, stop)[rows]
            own = fold[start:stop][rows]
            for columns, numbers, coef, intercept in alike:
                context.check()
                features = values if columns.size == values.shape[1] else values[:, columns]
                for k in np.unique(own).tolist():
                    here = own == k
                    eta = (features if here.all() else features[here]) @ coef[:, k].T + intercept[:, k]
                    result[np.ix_(numbers, start + rows[here])] = link.mean(eta).T
    return result


def _of_same_columns(found: Sequence[HeldOut]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Columns (p,), numbers (n,), coefficients (n, F, p) and intercepts (n, F) of those models that have the same columns in one order."""
    alike: dict[bytes, list[int]] = {}
    for number, one in enumerate(found):
        if one.coef is not None and one.intercept is not None:
            alike.setdefault(np.asarray(one.columns, np.int64).tobytes(), []).append(number)
    return [
        (
            np.asarray(found[numbers[0]].columns, np.int64),
            np.array(numbers),
            np.stack([np.asarray(found[number].coef) for number in numbers]),
            np.stack([np.asarray(found[number].intercept) for number in numbers]),
        )
        for numbers in alike.values()
    ]


def _runs(fold: np.ndarray, segment: np.ndarray) -> list[slice]:
    """Stretches of neighbouring bins that are held out together."""
    at = np.flatnonzero(fold >= 0)
    if not at.size:
        return []
    cut = np.flatnonzero((np.diff(at) > 1) | (np.diff(segment[at]) != 0) | (np.diff(fold[at]) != 0)) + 1
    return [slice(int(rows[0]), int(rows[-1]) + 1) for rows in np.split(at, cut)]


def _correlations(
    y: np.ndarray, mean: np.ndarray, fold: np.ndarray, runs: Sequence[slice], width: float, n_folds: int
) -> np.ndarray:
    observed, predicted = np.full(len(y), np.nan), np.full(len(y), np.nan)
    for run in runs:
        observed[run], predicted[run] = smooth_known(np.stack([y[run], mean[run]]), width)
    result = np.full(n_folds, np.nan)
    for k in range(n_folds):
        here = (fold == k) & np.isfinite(observed)
        a, b = observed[here], predicted[here]
        if a.size > 2 and np.ptp(a) > 0 and np.ptp(b) > 1e-12 * np.abs(b).max():
            result[k] = np.corrcoef(a, b)[0, 1]
    return result

"""Dispersion: Pearson's statistic, an index of what the family leaves over, and the variance of sums over longer and longer windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glmengine.goodness.observations import Series
from glmengine.models import Family

_FEWEST_WINDOWS = 8


def index_meaning(family: Family) -> str:
    """What the index is of this family, in a sentence."""
    if family.counts:
        return "extra variance over the mean's square beyond the model's (Cameron & Trivedi 1990); 0 if the family is right"
    if family.binary:
        return "variance of sums over ten bins over the model's, less 1; 0 if the family is right"
    return "excess kurtosis of the quantile residuals; 0 if the family is right"


@dataclass(frozen=True)
class Dispersion:
    """One unit.

    Attributes
    ----------
    pearson : float
        Mean squared residual over its variance under the model, the scale of the family taken off: 1 if the family is right.
    index, index_z : float
        See `index_meaning`, and its distance from 0 in standard errors.
    """

    pearson: float
    index: float
    index_z: float


def dispersion(series: Series, residuals: np.ndarray) -> Dispersion:
    """Pearson's statistic and the index of the family; `residuals` (T,) are the quantile residuals."""
    used = series.used
    d, v = series.residual[used], series.variance[used]
    if not len(d):
        return Dispersion(np.nan, np.nan, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        pearson = float(np.mean(np.where(v > 0, d**2 / v, np.where(d == 0, 0.0, np.inf))))
    if series.family.counts:
        mean = series.expected[used]
        weight = (mean / np.where(v > 0, v, 1.0)) ** 2  # the score of extra variance at the mean's square
        scale = np.sum(weight * mean**2)
        if scale == 0:  # a unit without a spike
            return Dispersion(pearson, np.nan, np.nan)
        extra = np.sum(weight * (d**2 - v)) / scale
        error = np.sqrt(np.sum(weight**2 * _variance_of_square(mean, v))) / scale
        return Dispersion(pearson, float(extra), float(extra / error))
    if series.family.binary:
        ratio, error = window_variances(series, [10])[0].tolist()
        return Dispersion(pearson, ratio - 1.0, (ratio - 1.0) / error)
    values = residuals[used]
    values = (values - values.mean()) / values.std()
    kurtosis = float(np.mean(values**4) - 3.0)
    return Dispersion(pearson, kurtosis, kurtosis / np.sqrt(24.0 / len(values)))


def window_variances(series: Series, widths: Sequence[int]) -> np.ndarray:
    """(W, 2) variance of the summed residuals of so many consecutive bins over what the model says, and its standard error; no window crosses a border.
    NaN where fewer than `_FEWEST_WINDOWS` are whole."""
    rows = np.flatnonzero(series.used)
    residual, spread = series.residual[rows], series.spread[rows]
    expected = series.expected[rows] if series.has_events else np.zeros(rows.size)
    begins = np.flatnonzero(np.diff(series.run[rows], prepend=-2))
    lengths = np.diff(np.append(begins, rows.size))
    found = np.full((len(widths), 2), np.nan)
    for place, width in enumerate(widths):
        each = -(-lengths // width)  # windows of each run, the last of which may not be whole
        number = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
        starts = np.repeat(begins, each) + number * width
        whole = np.diff(np.append(starts, rows.size)) >= width
        if whole.sum() < _FEWEST_WINDOWS:
            continue
        d, v, mean = (np.add.reduceat(values, starts)[whole] for values in (residual, spread, expected))
        if (total := v.sum()) > 0:
            found[place] = np.sum(d**2) / total, np.sqrt(np.sum(_variance_of_square(mean, v))) / total
    return found


def window_widths(longest: int) -> np.ndarray:
    """Widths 1, 2, 5, 10, 20, 50, ... up to `longest` bins."""
    widths = [base * 10**power for power in range(9) for base in (1, 2, 5)]
    return np.array([width for width in widths if width <= max(longest, 1)])


def _variance_of_square(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Variance of a squared residual: 2 v^2, and for counts their fourth cumulant, which for the Poisson is the mean."""
    return 2.0 * variance**2 + np.where(mean > 0, np.maximum(variance, mean), 0.0)

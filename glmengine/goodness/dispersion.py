"""Dispersion: Pearson's statistic, an index of what the family leaves over, and the variance of sums over longer and longer windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmengine.goodness.observations import Series
from glmengine.models import Family


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
        ratio, error = window_variance(series, 10)
        return Dispersion(pearson, ratio - 1.0, (ratio - 1.0) / error)
    values = residuals[used]
    values = (values - values.mean()) / values.std()
    kurtosis = float(np.mean(values**4) - 3.0)
    return Dispersion(pearson, kurtosis, kurtosis / np.sqrt(24.0 / len(values)))


def window_variance(series: Series, width: int) -> tuple[float, float]:
    """Variance of the summed residuals of `width` consecutive bins over what the model says, and its standard error; no window crosses a border."""
    rows = np.flatnonzero(series.used)
    if len(rows) < width:
        return float("nan"), float("nan")
    run = series.run[rows]
    begins = np.flatnonzero(np.diff(run, prepend=-2))
    within = np.arange(len(rows)) - np.repeat(begins, np.diff([*begins, len(rows)]))
    starts = np.flatnonzero(within % width == 0)
    whole = np.diff([*starts, len(rows)]) >= width
    if whole.sum() < 8:
        return float("nan"), float("nan")
    d = np.add.reduceat(series.residual[rows], starts)[whole]
    v = np.add.reduceat(series.spread[rows], starts)[whole]
    mean = np.add.reduceat(np.where(series.has_events, series.expected[rows], 0.0), starts)[whole]
    total = v.sum()
    if not total > 0:
        return float("nan"), float("nan")
    return float(np.sum(d**2) / total), float(np.sqrt(np.sum(_variance_of_square(mean, v))) / total)


def window_widths(longest: int) -> np.ndarray:
    """Widths 1, 2, 5, 10, 20, 50, ... up to `longest` bins."""
    widths = [base * 10**power for power in range(9) for base in (1, 2, 5)]
    return np.array([width for width in widths if width <= max(longest, 1)])


def _variance_of_square(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Variance of a squared residual: 2 v^2, and for counts their fourth cumulant, which for the Poisson is the mean."""
    return 2.0 * variance**2 + np.where(mean > 0, np.maximum(variance, mean), 0.0)

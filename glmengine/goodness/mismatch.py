"""Observed against expected counts in groups of bins: by covariate, by time, by predicted rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmengine.goodness.observations import Series
from glmengine.recording.recording import Covariate


@dataclass(frozen=True)
class Grouping:
    """Which group each bin is in.

    Attributes
    ----------
    name : str
    number : (T,) int
        -1 for bins in none.
    centre : (G,) array
        The mean of what is grouped by, or the middle of an arc of the circle.
    """

    name: str
    number: np.ndarray
    centre: np.ndarray


@dataclass(frozen=True)
class Mismatch:
    """One unit in G groups of bins.

    Attributes
    ----------
    n_bins, observed, expected : (G,)
        Bins, and the sums of observations and of their expectation.
    z : (G,)
        Difference over its standard deviation under the model.
    residual, residual_half : (G,)
        Mean quantile residual and half its 95 % interval.
    """

    n_bins: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    z: np.ndarray
    residual: np.ndarray
    residual_half: np.ndarray

    @property
    def chi2(self) -> tuple[float, int]:
        """Sum of squared `z`, and how many there are."""
        known = self.z[np.isfinite(self.z)]
        return float(np.sum(known**2)), len(known)

    @property
    def p(self) -> float:
        """p-value of `chi2`; a fit to the same bins makes it a little too large."""
        from scipy.special import chdtrc

        total, count = self.chi2
        return float(chdtrc(count, total)) if count else float("nan")

    @property
    def size(self) -> float:
        """Root mean square difference, as a share of what is expected, the part that chance makes taken off."""
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = np.where(self.z != 0, ((self.observed - self.expected) / self.z) ** 2, 0.0)
            part = (self.observed - self.expected) ** 2 - variance
        total = np.nansum(np.abs(self.expected))
        known = np.isfinite(part)
        if not known.any() or not total > 0:
            return float("nan")
        return float(np.sqrt(max(part[known].sum() * known.sum(), 0.0)) / total)


def mismatch(series: Series, residuals: np.ndarray, group: np.ndarray, n_groups: int) -> Mismatch:
    """Sums of one unit over the groups `group` (T,), numbered from 0; groups without a judged bin are NaN."""
    kept = series.used & (group >= 0)
    number = group[kept]

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(number, weights=values[kept], minlength=n_groups)

    n_bins = np.bincount(number, minlength=n_groups)
    observed, expected, variance = total(series.observed), total(series.expected), total(series.variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (observed - expected) / np.sqrt(variance)
        mean = total(residuals) / n_bins
        half = 1.959963984540054 / np.sqrt(n_bins)
    empty = n_bins == 0
    z[empty | ~np.isfinite(z)] = np.nan
    half[empty] = np.nan
    return Mismatch(n_bins, np.where(empty, np.nan, observed), np.where(empty, np.nan, expected), z, mean, half)


def covariate_groups(covariate: Covariate, values: np.ndarray, valid: np.ndarray, most: int = 12) -> Grouping | None:
    """Groups of the values (T,) of a covariate: arcs of the circle, categories, or bins of equally many bins of time; None where it does not vary."""
    known = valid & np.isfinite(values)
    number = np.full(len(values), -1)
    if not known.any():
        return None
    inside = values[known]
    if covariate.kind == "angle":
        number[known] = np.minimum((np.mod(inside, 2 * np.pi) / (2 * np.pi) * most).astype(int), most - 1)
        return Grouping(covariate.name, number, (np.arange(most) + 0.5) * 2 * np.pi / most)
    levels = np.unique(inside)
    if len(levels) < 2:
        return None
    if len(levels) <= most:
        number[known] = np.searchsorted(levels, inside)
        return Grouping(covariate.name, number, levels)
    edges = np.unique(np.quantile(inside, np.linspace(0, 1, most + 1)[1:-1]))
    number[known] = np.searchsorted(edges, inside, side="right")
    counts = np.bincount(number[known], minlength=len(edges) + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = np.bincount(number[known], weights=inside, minlength=len(edges) + 1) / counts
    return Grouping(covariate.name, number, centre)


def rate_groups(series: Series, n_groups: int = 10) -> np.ndarray:
    """(T,) number of the group of each bin by its expected count, groups of about equal expected sums: the plain deciles of a sparse unit
    would nearly all be bins in which it is silent."""
    number = np.full(len(series.observed), -1)
    rows = np.flatnonzero(series.used)
    if not len(rows):
        return number
    mean = series.expected[rows]
    order = np.argsort(mean, kind="stable")
    weight = np.abs(mean[order]) if series.has_events else np.ones(len(rows))
    upto = np.cumsum(weight)
    if not upto[-1] > 0:
        return number
    number[rows[order]] = np.minimum(((upto - weight / 2) / upto[-1] * n_groups).astype(int), n_groups - 1)
    return number

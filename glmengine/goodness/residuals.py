"""Randomised quantile residuals of every family (Dunn & Smyth 1996): normal with variance 1 under the true model."""

from __future__ import annotations

import numpy as np

from glmengine.goodness.observations import Series
from glmengine.models.tails import tails


def quantile_residuals(series: Series, rng: np.random.Generator) -> np.ndarray:
    """(T,) residuals, NaN in bins that are not judged.

    An observation y becomes the normal quantile of a number drawn between the probabilities of less than y and of at most y; whichever tail is
    the smaller is used, so that nothing is lost near 1.
    """
    from scipy.special import ndtri

    found = np.full(len(series.observed), np.nan)
    rows = np.flatnonzero(series.used)
    y, mu = series.observed[rows], series.expected[rows]
    ends = tails(series.family, y, mu, series.dispersion)
    drawn = rng.random(len(rows))
    lower = ends.below + (ends.up_to - ends.below) * drawn
    upper = ends.above + (ends.from_here - ends.above) * (1.0 - drawn)
    with np.errstate(divide="ignore", invalid="ignore"):
        found[rows] = np.clip(np.where(lower < 0.5, ndtri(lower), -ndtri(upper)), -_LARGEST, _LARGEST)
    return found


_LARGEST = 38.0
"""The normal distribution function underflows beyond this."""

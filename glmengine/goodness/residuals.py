"""Randomised quantile residuals of every family (Dunn & Smyth 1996): normal with variance 1 under the true model."""

from __future__ import annotations

import numpy as np

from glmengine.goodness.observations import Series


def quantile_residuals(series: Series, rng: np.random.Generator) -> np.ndarray:
    """(T,) residuals, NaN in bins that are not judged.

    An observation y becomes the normal quantile of a number drawn between the probabilities of less than y and of at most y; whichever tail is
    the smaller is used, so that nothing is lost near 1.
    """
    from scipy.special import ndtri

    found = np.full(len(series.observed), np.nan)
    rows = np.flatnonzero(series.used)
    y, mu = series.observed[rows], series.expected[rows]
    if series.family.name == "gaussian":
        with np.errstate(divide="ignore", invalid="ignore"):
            found[rows] = (y - mu) / np.sqrt(series.variance[rows])
        return found
    below, up_to, above, from_here = _tails(series, y, mu)
    drawn = rng.random(len(rows))
    lower = below + (up_to - below) * drawn
    upper = above + (from_here - above) * (1.0 - drawn)
    with np.errstate(divide="ignore", invalid="ignore"):
        found[rows] = np.clip(np.where(lower < 0.5, ndtri(lower), -ndtri(upper)), -_LARGEST, _LARGEST)
    return found


_LARGEST = 38.0
"""The normal distribution function underflows beyond this."""


def _tails(series: Series, y: np.ndarray, mu: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities of less than y, at most y, more than y, at least y."""
    from scipy import special

    name = series.family.name
    if name == "bernoulli":
        fired, zero = y > 0, np.zeros_like(mu)
        return (
            np.where(fired, 1.0 - mu, zero),
            np.where(fired, 1.0, 1.0 - mu),
            np.where(fired, zero, mu),
            np.where(fired, mu, 1.0),
        )
    if name == "gamma":
        shape = 1.0 / series.dispersion
        low, high = special.gammainc(shape, shape * y / mu), special.gammaincc(shape, shape * y / mu)
        return low, low, high, high
    some = y > 0
    less = np.where(some, y - 1.0, 0.0)
    if name == "poisson":
        at_most, more = special.pdtr(y, mu), special.pdtrc(y, mu)
        under, at_least = special.pdtr(less, mu), special.pdtrc(less, mu)
    else:
        size = 1.0 / series.dispersion
        share = size / (size + mu)
        at_most, more = special.betainc(size, y + 1.0, share), special.betainc(y + 1.0, size, 1.0 - share)
        under, at_least = special.betainc(size, less + 1.0, share), special.betainc(less + 1.0, size, 1.0 - share)
    return np.where(some, under, 0.0), at_most, more, np.where(some, at_least, 1.0)

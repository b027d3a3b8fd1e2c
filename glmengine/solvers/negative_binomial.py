"""The dispersion of the negative binomial, by maximum likelihood jointly with the coefficients.

At the joint maximum, the dispersion is the most likely one for the means, and the means are those of the best
coefficients for that dispersion. So: fit the coefficients at a dispersion, find the best dispersion for their means,
and look for the dispersion that maps to itself. As the two are nearly independent in the likelihood, the secant
method on its logarithm needs a handful of fits, each started at the last one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from glmengine.models.rising_factorial import are_steps, log1p_by, rising

LOWEST, HIGHEST = 1e-9, 1e6
"""A dispersion at `LOWEST` means: not more variable than Poisson."""


@dataclass(frozen=True)
class JointAnswer:
    """A joint fit of coefficients and dispersion.

    Attributes
    ----------
    dispersion : (M,) array
        `LOWEST` where the counts are not more variable than Poisson counts.
    answer : object
        What the last call of `solve` gave, at `dispersion`.
    converged : (M,) bool
        The dispersion maps to itself to `tolerance`.
    fits : int
        Number of fits of the coefficients.
    """

    dispersion: np.ndarray
    answer: Any
    converged: np.ndarray
    fits: int


def fit_jointly(
    solve: Callable[[np.ndarray, Any], Any],
    best: Callable[[Any, np.ndarray], np.ndarray],
    start: np.ndarray,
    *,
    tolerance: float = 1e-10,
    max_fits: int = 50,
) -> JointAnswer:
    """Coefficients and dispersion that maximise the likelihood together.

    Parameters
    ----------
    solve : callable
        (dispersion (M,), last answer or None) -> answer: the coefficients at a dispersion.
    best : callable
        (answer, dispersion (M,)) -> (M,) the most likely dispersions for the means of that answer.
    start : (M,) array
    tolerance : float
        Of the logarithm of the dispersion.
    """
    x = np.log(np.clip(start, LOWEST, HIGHEST))
    answer = None
    last_x = last_r = None
    converged = np.zeros(x.shape, bool)
    fits = 0
    while fits < max_fits:
        fits += 1
        answer = solve(np.exp(x), answer)
        r = np.log(np.clip(best(answer, np.exp(x)), LOWEST, HIGHEST)) - x
        r = np.where(np.isfinite(r), r, 0.0)
        converged = np.abs(r) <= tolerance
        if converged.all():
            break
        step = r
        if last_x is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                secant = -r * (x - last_x) / (r - last_r)
            sane = np.isfinite(secant) & (secant * r > 0) & (np.abs(secant) < 4 * np.abs(r))
            step = np.where(sane, secant, r)
        last_x, last_r = x, r
        x = np.clip(np.where(converged, x, x + np.clip(step, -4.0, 4.0)), np.log(LOWEST), np.log(HIGHEST))
    return JointAnswer(np.exp(x), answer, converged, fits)


def best_dispersion(y: np.ndarray, mu: np.ndarray, weights: np.ndarray, start: float = 1.0) -> float:
    """The dispersion that makes counts `y` (T,) with means `mu` (T,) most likely.

    Parameters
    ----------
    y, mu, weights : (T,) arrays
        Counts, means, and row weights (0 for rows not used).
    start : float

    Returns
    -------
    `LOWEST` where the likelihood falls from there on: the counts are not more variable than Poisson counts.
    """
    used = weights > 0
    y, mu, weights = y[used], mu[used], weights[used]
    counts = _Steps(y, weights) if are_steps(y) else _Amounts(y, weights)

    def slope_at(a: float) -> tuple[float, float]:
        """First and second derivative of the negative log-likelihood by the dispersion."""
        ratio = mu / (1.0 + a * mu)
        _, first, second = log1p_by(mu, a)
        by_counts, bend_of_counts = counts.rising(a)
        return float(weights @ (y * ratio + first)) - by_counts, float(weights @ (-y * ratio**2 + second)) - bend_of_counts

    if not y.any() or (float(weights @ ((y - mu) ** 2 - y)) <= 0 and slope_at(1e-4)[0] >= 0):
        return LOWEST
    low, high = np.log(LOWEST), np.log(HIGHEST)
    x = float(np.clip(np.log(max(start, LOWEST)), low, high))
    for _ in range(100):  # Newton on the logarithm, kept inside a bracket
        a = np.exp(x)
        slope, bend = slope_at(a)
        if slope > 0:
            high = x
        else:
            low = x
        curvature = a * slope + a * a * bend
        new = x - a * slope / curvature if curvature > 0 else 0.5 * (low + high)
        if not low < new < high:
            new = 0.5 * (low + high)
        if abs(new - x) <= 1e-13 * max(1.0, abs(x)):
            return float(np.exp(new))
        x = new
    return float(np.exp(x))


class _Steps:
    """Whole counts: how often i is below a count, for i = 0, 1, ..., so that a sum over rows is one over numbers.

    sum_t w_t sum_{i < y_t} f(i) = sum_i tail_i f(i).
    """

    def __init__(self, y: np.ndarray, weights: np.ndarray) -> None:
        histogram = np.bincount(y.astype(np.int64), weights=weights)
        self._tail = histogram[::-1].cumsum()[::-1][1:]

    def rising(self, a: float) -> tuple[float, float]:
        """First and second derivative by `a` of the sum over rows of log[Gamma(y + 1/a) a^y / Gamma(1/a)]."""
        i = np.arange(self._tail.size)
        part = i / (1.0 + a * i)
        return float(self._tail @ part), -float(self._tail @ part**2)


class _Amounts:
    """Counts that are no whole numbers, or too large to be summed over step by step."""

    def __init__(self, y: np.ndarray, weights: np.ndarray) -> None:
        self._y, place = np.unique(y, return_inverse=True)
        self._weights = np.bincount(place, weights=weights)

    def rising(self, a: float) -> tuple[float, float]:
        """As of `_Steps`."""
        _, first, second = rising(self._y, a)
        return float(self._weights @ first), float(self._weights @ second)

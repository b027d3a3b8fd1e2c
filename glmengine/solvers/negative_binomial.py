"""The dispersion of the negative binomial, by maximum likelihood jointly with the coefficients.

At the joint maximum, the dispersion is the most likely one for the means, and the means are those of the best
coefficients for that dispersion. So: fit the coefficients at a dispersion, find the best dispersion for their means,
and look for the dispersion that maps to itself. As the two are nearly independent in the likelihood, the secant
method on its logarithm needs a handful of fits, each started at the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from glmengine.backend.choice import backend_for
from glmengine.backend.formulas import DispersionSlopes, Seen
from glmengine.backend.operations import Operations, View
from glmengine.models.rising_factorial import are_steps, rising
from glmengine.solvers.problem import Problem

PREDICTOR_BYTES = 2e8
"""Linear predictors that are kept while dispersions are looked for."""

LOWEST, HIGHEST = 1e-9, 1e6
"""A dispersion at `LOWEST` means: not more variable than Poisson."""


ROUNDING = 1e-8
"""To so much the logarithm of the best dispersion is known from coefficients whose fit ended at half a decrement of 1e-16."""


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
        The dispersion maps to itself to `tolerance`, or to what the fits of the coefficients leave open.
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
        if last_r is not None:  # where it no longer falls, what is left comes of the end of the fits, and is worth its square
            converged |= (np.abs(r) <= ROUNDING) & (np.abs(r) > 0.5 * np.abs(last_r))
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

    def sums(a: np.ndarray) -> np.ndarray:
        seen = Seen(y[None], weights[None], a[:, None], None)
        return np.array([row.sum(axis=1) for row in DispersionSlopes.at(mu[None], seen)])

    return float(_most_likely([_counts(y, weights)], sums, np.array([start]))[0])


def best_dispersions(problem: Problem, theta: np.ndarray, start: np.ndarray, context: Any) -> np.ndarray:
    """(K,) the same for each column of a problem, at parameters (K, Q)."""
    result = np.empty(problem.n_columns)
    formula, passes = DispersionSlopes(problem.link), backend_for(problem.rows, problem.n_columns, context).passes
    step = max(1, int(PREDICTOR_BYTES / (8 * max(problem.rows.n, 1))))
    for first in range(0, problem.n_columns, step):
        some = np.arange(first, min(first + step, problem.n_columns))
        view = problem.view.of(some)
        counts = []
        for unit, held in zip(view.unit.tolist(), view.held.tolist(), strict=True):
            y, weights = problem.rows.observations.of(unit, held)
            counts.append(_counts(y[weights > 0], weights[weights > 0]))
        predictor = list(passes.predictor(view, theta[some]))
        result[some] = _most_likely(counts, partial(_sums_at, passes, formula, view, predictor), start[some])
    return result


def _sums_at(passes: Operations, formula: DispersionSlopes, view: View, predictor: list[Any], a: np.ndarray) -> np.ndarray:
    return passes.sums_at(formula, replace(view, dispersion=a), predictor)


def _most_likely(counts: Sequence[_Counts], sums: Callable[[np.ndarray], np.ndarray], start: np.ndarray) -> np.ndarray:
    """(K,) dispersions: Newton on their logarithms, each kept inside a bracket.

    Parameters
    ----------
    counts : sequence of _Counts
    sums : callable
        Dispersions (K,) -> (3, K) sums of `DispersionSlopes`.
    start : (K,) array
    """

    def slopes_at(a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """First and second derivative of the negative log-likelihoods by the dispersions, and the excess of the variances."""
        first, second, excess = sums(a)
        by_counts = np.array([each.rising(float(own)) for each, own in zip(counts, a, strict=True)])
        return first - by_counts[:, 0], second - by_counts[:, 1], excess

    low, high = np.full(start.size, np.log(LOWEST)), np.full(start.size, np.log(HIGHEST))
    x = np.clip(np.log(np.maximum(start, LOWEST)), low, high)
    slope, _, excess = slopes_at(np.full(start.size, 1e-4))
    lowest = np.array([each.none for each in counts]) | ((excess <= 0) & (slope >= 0))
    done = lowest.copy()
    for _ in range(100):
        if done.all():
            break
        a = np.exp(x)
        slope, bend, _ = slopes_at(a)
        low, high = np.where(slope > 0, low, x), np.where(slope > 0, x, high)
        curvature = a * slope + a * a * bend
        middle = 0.5 * (low + high)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = np.where(curvature > 0, x - a * slope / curvature, middle)
        new = np.where((low < new) & (new < high), new, middle)
        settled = np.abs(new - x) <= 1e-13 * np.maximum(1.0, np.abs(x))
        x = np.where(done, x, new)
        done |= settled
    return np.where(lowest, LOWEST, np.exp(x))


class _Counts(Protocol):
    """What the counts alone add to the likelihood.

    Attributes
    ----------
    none : bool
        All are zero.
    """

    none: bool

    def rising(self, a: float) -> tuple[float, float]:
        """First and second derivative by `a` of the sum over rows of log[Gamma(y + 1/a) a^y / Gamma(1/a)]."""


def _counts(y: np.ndarray, weights: np.ndarray) -> _Counts:
    return _Steps(y, weights) if are_steps(y) else _Amounts(y, weights)


class _Steps:
    """Whole counts: how often i is below a count, for i = 0, 1, ..., so that a sum over rows is one over numbers.

    sum_t w_t sum_{i < y_t} f(i) = sum_i tail_i f(i).
    """

    def __init__(self, y: np.ndarray, weights: np.ndarray) -> None:
        self.none = not y.any()
        histogram = np.bincount(y.astype(np.int64), weights=weights)
        self._tail = histogram[::-1].cumsum()[::-1][1:]

    def rising(self, a: float) -> tuple[float, float]:
        """As of `_Counts`."""
        i = np.arange(self._tail.size)
        part = i / (1.0 + a * i)
        return float(self._tail @ part), -float(self._tail @ part**2)


class _Amounts:
    """Counts that are no whole numbers, or too large to be summed over step by step."""

    def __init__(self, y: np.ndarray, weights: np.ndarray) -> None:
        self.none = not y.any()
        self._y, place = np.unique(y, return_inverse=True)
        self._weights = np.bincount(place, weights=weights)

    def rising(self, a: float) -> tuple[float, float]:
        """As of `_Counts`."""
        _, first, second = rising(self._y, a)
        return float(self._weights @ first), float(self._weights @ second)

"""Metrics: positive definite stand-ins for the Hessian of each column of a problem, which are cheap to solve with.

`GramMetric` shares one Gram matrix among all columns: a column's Hessian is about its mean curvature times the Gram, plus its
penalty. It is exact at a constant rate and good for coupling and history designs. `HessianMetric` keeps one Hessian per column, made in float32 where that
is enough: gradients are float64, so a rounded or old Hessian costs iterations, never accuracy.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.linalg import eigh

from glmengine.solvers.cholesky import factor_above, solved
from glmengine.solvers.problem import Objective, Problem

NULL = {"float32": 1e-6, "float64": 1e-12}
"""Eigenvalues of a matrix with unit diagonal below this, times its size in units of 100, cannot be told from zero."""

MANY_COLUMNS = 4
"""For fewer problem columns the shared matrix is factorised for each of them, rather than diagonalised once."""


class GramMetric:
    """(curvature_k G + strength_k S)^+ for all columns k, by one eigenbasis of the pair (G, S).

    Parameters
    ----------
    gram : (Q, Q) array
        Mean outer product of the rows, intercept included.
    penalty : (Q, Q) array
    curvature, strength : (K,) array
        Factors of the two in each column.
    """

    def __init__(self, gram: np.ndarray, penalty: np.ndarray, curvature: np.ndarray, strength: np.ndarray) -> None:
        self.curvature, self.strength = curvature, strength
        self._pair = gram, penalty
        self._direct = curvature.size < MANY_COLUMNS
        if self._direct:
            self.at(strength)
            return
        weight = float(np.max(strength / np.maximum(curvature, 1e-300), initial=0.0))
        whole = gram + weight * penalty
        size = np.sqrt(np.maximum(np.diagonal(whole), 0.0))
        size = np.where(size > 0, size, 1.0)
        values, vectors = eigh(whole / np.outer(size, size), check_finite=False)
        kept = values > _null(values, "float64")
        half = vectors[:, kept] / np.sqrt(values[kept]) / size[:, None]  # half' whole half = 1
        share, turn = eigh(half.T @ gram @ half, check_finite=False)
        self._basis = half @ turn
        self._share = np.clip(share, 0.0, 1.0)
        self._weight = weight

    def solve(self, columns: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """The metric's inverse applied to gradients (k, Q) of these columns."""
        if self._direct:
            return np.stack([self._solvers[k](row) for k, row in zip(columns, gradient, strict=True)])
        pull = self.strength[columns] / self._weight if self._weight else np.zeros(columns.size)
        values = np.outer(self.curvature[columns], self._share) + np.outer(pull, 1.0 - self._share)
        known = values > 1e-12 * values.max(axis=1, keepdims=True)  # elsewhere neither data nor penalty say anything
        return np.where(known, (gradient @ self._basis) / np.where(known, values, 1.0), 0.0) @ self._basis.T

    def length(self, columns: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """Squared lengths (k,) of steps (k, Q) in the metric."""
        gram, penalty = self._pair
        by_gram, by_penalty = (np.sum(steps * (steps @ matrix), axis=1) for matrix in (gram, penalty))
        return self.curvature[columns] * by_gram + self.strength[columns] * by_penalty

    def at(self, strength: np.ndarray) -> None:
        """Use other strengths (K,) from now on."""
        self.strength = strength
        if self._direct:
            gram, penalty = self._pair
            self._solvers = [inverse(v * gram + a * penalty, "float64")[0] for v, a in zip(self.curvature, strength, strict=True)]


class HessianMetric:
    """One Hessian per column, kept without its penalty, renewed for those columns that ask for it."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[np.ndarray, str]] = {}
        self._solvers: dict[int, Callable[[np.ndarray], np.ndarray]] = {}
        self.sure: dict[int, bool] = {}  # the precision was enough to tell every curvature from rounding

    def take(self, objective: Objective, columns: np.ndarray, hessians: np.ndarray, precision: str) -> None:
        """New Hessians (k, Q, Q) of the mean loss, made in `precision`, for these columns."""
        for k, matrix in zip(columns.tolist(), hessians, strict=True):
            self._kept[k] = (matrix.astype(precision), precision)
        self.refactor(objective, columns)

    def refactor(self, objective: Objective, columns: np.ndarray | None = None) -> None:
        """Use the kept Hessians of these columns (all) with the penalty that `objective` now has."""
        for k in list(self._kept) if columns is None else columns.tolist():
            matrix, precision = self._kept[k]
            whole = objective.penalised(matrix[None].astype(float), np.array([k]))[0]
            self._solvers[k], self.sure[k] = inverse(whole, precision)

    def solve(self, columns: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """The metric's inverse applied to gradients (k, Q) of these columns."""
        return np.stack([self._solvers[k](row) for k, row in zip(columns.tolist(), gradient, strict=True)])


def mean_curvature(problem: Problem) -> np.ndarray:
    """(K,) expected second derivative of the loss at each column's mean rate."""
    eta = np.asarray(problem.link.eta(problem.mean), dtype=float)
    dispersion = 1.0 if problem.dispersion is None else problem.dispersion
    with np.errstate(invalid="ignore"):  # of a unit without events
        fisher = np.asarray(problem.family.evaluate(eta, problem.mean, problem.link, dispersion)[2], dtype=float)
    return np.where(np.isfinite(fisher) & (fisher > 0), fisher, 1.0)


def inverse(matrix: np.ndarray, precision: str) -> tuple[Callable[[np.ndarray], np.ndarray], bool]:
    """Solver for a positive semidefinite (Q, Q) matrix computed in `precision`, and whether that was enough for all its curvatures.

    A singular float64 matrix is solved by least squares of smallest norm.
    """
    empty = ~matrix.any(axis=1)
    if empty.any() and not empty.all():  # such columns are met in padding: they take no part, and must not cost an eigenbasis
        used = np.flatnonzero(~empty)
        within, sure = inverse(matrix[np.ix_(used, used)], precision)
        return partial(_spread, within, used), sure
    diagonal = np.diagonal(matrix)
    size = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = matrix / np.outer(size, size)
    limit = _null(np.ones(len(matrix)), precision)
    for shift in (0.0, limit) if precision == "float32" else (0.0,):
        # in float32 what is rounding and what is curvature cannot be told apart below the limit: move there, with care
        factor = factor_above(scaled + shift * np.eye(len(scaled)) if shift else scaled, 0.5 * limit)
        if factor is not None:
            return partial(solved, factor, size), not shift
    values, vectors = eigh(scaled, check_finite=False)
    limit = _null(values, precision)
    if precision == "float32":
        values = np.maximum(values, limit)
    else:
        vectors, values = vectors[:, values > limit], values[values > limit]
    return (lambda right: vectors @ ((vectors.T @ (right / size)) / values) / size), precision == "float64"


def _spread(within: Callable[[np.ndarray], np.ndarray], used: np.ndarray, right: np.ndarray) -> np.ndarray:
    """`within` for some of the entries; the others become zero."""
    result = np.zeros_like(right)
    result[used] = within(right[used])
    return result


def _null(values: np.ndarray, precision: str) -> float:
    return NULL[precision] * max(1.0, len(values) / 100) * max(float(np.max(values, initial=0.0)), 1e-300)

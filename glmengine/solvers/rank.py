"""Columns that say nothing, or nothing of their own: constant ones, and directions in which the predictor does not change.

Without a penalty the coefficients along such a direction are not determined. The answer is made definite as the one of smallest norm in
standardised columns (the intercept free), which does not change any rate; nothing is added to the objective for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import eigh

from glmengine.backend.rows import Rows
from glmengine.solvers.problem import Objective, Problem

NULL = 1e-12
"""Eigenvalues of a correlation matrix below this, times a hundredth of its size, are zero."""

CONSTANT = 1e-11
"""A standard deviation below this, in prepared columns (about 1 for any that varies), is rounding."""


def constant_columns(rows: Rows, context: Any) -> np.ndarray:
    """(P,) bool: columns that do not vary over the used rows; without an intercept, columns that are zero."""
    constant = np.zeros(rows.n_features, bool)
    maybe = rows.maybe_constant
    if not maybe.size:
        return constant
    if rows.nonzeros is not None:
        totals = np.stack(rows.nonzeros.squares())[:, maybe]
    else:
        totals = np.zeros((2, maybe.size))
        for chunk in rows.here():
            context.check()
            part = chunk.X[:, maybe]
            totals += np.sum(part, axis=0), np.sum(part**2, axis=0)
    mean, square = totals / max(rows.n, 1)
    variance = square - mean**2 if rows.centred else square
    constant[maybe] = variance <= CONSTANT**2 + 1e-15 * square
    return constant


def is_definite(problem: Problem) -> bool:
    """Whether the penalty alone determines every coefficient."""
    diagonal = problem.penalty if problem.penalty.ndim == 1 else None
    return diagonal is not None and bool((diagonal > 0).all() and (problem.strength > 0).all())


def smallest_norm(problem: Problem, objective: Objective, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Move parameters (K, Q) along directions that change no predictor and no penalty to the smallest norm in standardised columns.

    Returns
    -------
    theta : (K, Q) array
    free : (K, P) bool
        Coefficients that are not determined by the data.
    """
    from glmengine.solvers.smooth import total_gram

    n = problem.rows.n_features
    theta = theta.copy()
    free = np.zeros((problem.n_columns, n), bool)
    penalty = objective.penalty[:n] if objective.penalty.ndim == 1 else objective.penalty[:n, :n]
    penalty = np.diag(penalty) if penalty.ndim == 1 else penalty
    grams: dict[tuple[int, int], np.ndarray] = {}
    patterns = _row_patterns(problem)
    for k in range(problem.n_columns):
        key = (int(problem.held[k]), int(patterns[problem.unit[k]]))
        if key not in grams:
            grams[key] = total_gram(problem, objective.context, k)
        gram = grams[key]
        mean = gram[:n, -1] if problem.intercept else np.zeros(n)
        covariance = gram[:n, :n] - np.outer(mean, mean)
        deviation = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
        varies = deviation > CONSTANT
        moving = np.flatnonzero(problem.movable[k] & varies)
        silent = problem.movable[k] & ~varies & (np.diagonal(penalty) * problem.strength[k] <= 0)
        free[k] |= silent
        theta[k, -1] += mean[silent] @ theta[k, :n][silent]
        theta[k, :n][silent] = 0.0
        if not moving.size:
            continue
        scale = deviation[moving]
        correlation = covariance[np.ix_(moving, moving)] / np.outer(scale, scale)
        pull = penalty[np.ix_(moving, moving)] / np.outer(scale, scale) * problem.strength[k]
        size = np.abs(pull).max(initial=0.0)
        values, vectors = eigh(correlation + (pull / size if size > 0 else 0.0), check_finite=False)
        basis = vectors[:, values <= NULL * max(1.0, moving.size / 100) * values[-1]]
        if not basis.shape[1]:
            continue
        old = theta[k, moving]
        standard = old * scale
        new = (standard - basis @ (basis.T @ standard)) / scale
        theta[k, moving] = new
        if problem.intercept:
            theta[k, -1] += mean[moving] @ (old - new)
        free[k, moving] |= np.any(np.abs(basis) > 1e-6, axis=1)
    return theta, free


def _row_patterns(problem: Problem) -> np.ndarray:
    """(U,) numbers: units with the same number have the same weights on every row."""
    weights = problem.rows.observations.weights
    if len(weights) == 1:
        return np.zeros(len(problem.rows.observations.y), int)
    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(row.tobytes(), len(seen)) for row in weights])

"""Smooth problems: chooses the solver and what the descent begins with, by the shape and the penalty of the problem, and solves."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from glmengine.backend import jax_runtime as runtime
from glmengine.backend.pieces import Piece
from glmengine.backend.products import weighted_grams
from glmengine.solvers.descent import QUIET, Descent
from glmengine.solvers.metrics import GramMetric
from glmengine.solvers.newton import is_small, newton
from glmengine.solvers.problem import Objective, Problem, Solution
from glmengine.solvers.rank import is_definite, smallest_norm
from glmengine.threads import quiet_blas

SHARED_FROM = 3
"""From this many columns on one shared Gram costs less than their Hessians."""

WIDE = 120
"""From this many features on the Gram is tried before Hessians, even for one column."""


def solve(
    problem: Problem, context: Any, theta: np.ndarray, *, solver: str = "auto", descent: Descent | None = None
) -> tuple[Solution, np.ndarray, Descent | None]:
    """Minimise from parameters (K, Q); `descent`, of an earlier call on the same columns, lends its Hessians.

    Returns
    -------
    solution : Solution
    theta : (K, Q) array
        Parameters at the optimum.
    descent : Descent or None
        For the next call.
    """
    objective = Objective(problem, context)
    found = newton(objective, theta) if descent is None and objective.on_cpu and is_small(problem, solver) else None
    if found is None:
        if descent is None:
            metric = shared_metric(problem, context) if uses_gram(problem, solver) else None
            descent = Descent(problem, context, gram=metric, solver=solver)
        else:
            descent.use(problem)
        solution = descent.run(theta)
        objective, found = descent.objective, (solution, descent.theta)
    solution, theta = found
    if not is_definite(problem):
        with quiet_blas() if problem.rows.n_features <= QUIET else nullcontext():
            theta, free = smallest_norm(problem, objective, theta)
        coef, intercept = objective.to_raw(theta)
        solution = replace(solution, coef=coef, intercept=intercept, free=free)
    return solution, theta, descent


def uses_gram(problem: Problem, solver: str) -> bool:
    """Whether the descent begins with the shared Gram."""
    if solver == "newton":
        return False
    return solver == "lbfgs" or problem.n_columns >= SHARED_FROM or problem.rows.n_features >= WIDE


def shared_metric(problem: Problem, context: Any) -> GramMetric:
    """The Gram of all rows, times each column's curvature at its mean rate."""
    gram = total_gram(problem, context)
    objective = Objective(problem, context)
    penalty = np.diag(objective.penalty) if objective.penalty.ndim == 1 else objective.penalty
    return GramMetric(gram, penalty, mean_curvature(problem), problem.strength)


def total_gram(problem: Problem, context: Any, column: int | None = None) -> np.ndarray:
    """Mean outer product (Q, Q) of the prepared rows and a constant, over all rows, or with the weights of one column of the problem."""
    rows = problem.rows
    known = rows.gram() if column is None else None
    if known is not None:
        gram = known
    elif runtime.on_cpu():
        gram = weighted_grams(rows, lambda piece: _row_weights(problem, piece, column), 1, "float64", context)[0]
    else:
        gram = _gram_on_device(problem, context, column)
    gram /= gram[-1, -1]
    if not problem.intercept:
        gram[-1, :] = gram[:, -1] = 0.0
    return gram


def _row_weights(problem: Problem, piece: Piece, column: int | None) -> np.ndarray:
    if column is None:
        return np.ones((1, piece.fold.size))
    row = piece.weights[problem.unit[column] if len(problem.rows.observations.weights) > 1 else 0]
    return (row * (piece.fold != problem.held[column]))[None]


def _gram_on_device(problem: Problem, context: Any, column: int | None) -> np.ndarray:
    """Sums of `total_gram` by compiled steps."""
    import jax.numpy as jnp

    from glmengine.backend import steps

    rows = problem.rows
    Q = rows.padded + 1
    gram = np.zeros((Q, Q))
    for number, chunk in enumerate(rows):
        context.check()
        if column is None:
            weights = jnp.asarray(np.arange(rows.chunk_rows) < rows.n - number * rows.chunk_rows, dtype=jnp.float64)
        else:
            row = chunk.weights[problem.unit[column] if len(rows.observations.weights) > 1 else 0]
            weights = row * (chunk.fold != problem.held[column])
        block, cross, corner = (np.asarray(part) for part in steps.gram(chunk, weights))
        gram[:-1, :-1] += block
        gram[:-1, -1] += cross
        gram[-1, -1] += corner
    gram[-1, :-1] = gram[:-1, -1]
    return gram


def mean_curvature(problem: Problem) -> np.ndarray:
    """(K,) expected second derivative of the loss at each column's mean rate."""
    eta = np.asarray(problem.link.eta(problem.mean), dtype=float)
    dispersion = 1.0 if problem.dispersion is None else problem.dispersion
    fisher = np.asarray(problem.family.evaluate(eta, problem.mean, problem.link, dispersion)[2], dtype=float)
    return np.where(np.isfinite(fisher) & (fisher > 0), fisher, 1.0)

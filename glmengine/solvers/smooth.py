"""Smooth problems: chooses the solver and what the descent begins with, by the shape and the penalty of the problem, and solves."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from glmengine.backend.cells import cells_of
from glmengine.solvers.descent import QUIET, Descent
from glmengine.solvers.metrics import GramMetric
from glmengine.solvers.newton import is_small, newton
from glmengine.solvers.problem import Objective, Problem, Solution
from glmengine.solvers.rank import is_definite, smallest_norm
from glmengine.threads import quiet_blas

SHARED_FROM = 3
"""From this many columns on one shared Gram costs less than their Hessians."""

FEW_PASSES = 5.0
"""What Hessians that folds share may cost, in passes over the rows."""

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
    found = newton(objective, theta) if descent is None and is_small(problem, solver) else None
    if found is None:
        if descent is None:
            metric = shared_metric(objective) if uses_gram(problem, solver) and not shares_folds(objective) else None
            descent = Descent(problem, context, gram=metric, solver=solver)
        else:
            descent.use(problem, context)
        solution = descent.run(theta)
        found = solution, descent.theta
        if solver == "lbfgs" and not context.stopping and not (solution.converged | solution.runaway).all():
            found = _by_newton(problem, context, solution, theta)
        objective = descent.objective
    solution, theta = found
    if not is_definite(problem):
        with quiet_blas() if problem.rows.n_features <= QUIET else nullcontext():
            theta, free = smallest_norm(problem, objective, theta)
        coef, intercept = objective.to_raw(theta)
        solution = replace(solution, coef=coef, intercept=intercept, free=free)
    return solution, theta, descent


def _by_newton(problem: Problem, context: Any, begun: Solution, theta: np.ndarray) -> tuple[Solution, np.ndarray]:
    """What a descent without Hessians did not end, by Newton's method from where it began.

    It tells an optimum far away from one at infinity; where the descent stopped, gradients of either have vanished in their rounding.
    """
    newtons = Descent(problem, context, solver="newton")
    solution = newtons.run(theta)
    solution = replace(
        solution,
        iterations=begun.iterations + solution.iterations,
        solver=f"{begun.solver}, then Newton's method",
        trace=(*begun.trace, *solution.trace),
    )
    return solution, newtons.theta


def uses_gram(problem: Problem, solver: str) -> bool:
    """Whether the descent begins with the shared Gram, of which own columns and own penalties are no part; in cells, Hessians cost hardly
    more."""
    if solver == "newton" or problem.rows.own_padded or problem.penalty.ndim == 3:
        return False
    many = problem.n_columns >= SHARED_FROM or problem.rows.n_features >= WIDE
    return solver == "lbfgs" or (many and cells_of(problem.rows) is None)


def shares_folds(objective: Objective) -> bool:
    """Whether the folds of a unit share Hessians that cost so little as to be made at each strength."""
    rows, share = objective.problem.rows, objective.fold_share
    columns = objective.problem.n_columns
    return share < 1.0 and share * columns * rows.n_features / (75 + 3 * columns) < FEW_PASSES


def shared_metric(objective: Objective) -> GramMetric:
    """The Gram of all rows, times each column's curvature at its mean rate."""
    problem = objective.problem
    return GramMetric(objective.gram(), objective.penalty_matrix(0), mean_curvature(problem), problem.strength)


def mean_curvature(problem: Problem) -> np.ndarray:
    """(K,) expected second derivative of the loss at each column's mean rate."""
    eta = np.asarray(problem.link.eta(problem.mean), dtype=float)
    dispersion = 1.0 if problem.dispersion is None else problem.dispersion
    fisher = np.asarray(problem.family.evaluate(eta, problem.mean, problem.link, dispersion)[2], dtype=float)
    return np.where(np.isfinite(fisher) & (fisher > 0), fisher, 1.0)

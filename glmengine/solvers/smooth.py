"""Smooth problems: chooses the solver and what the descent begins with, by the shape and the penalty of the problem, and solves."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from glmengine.backend.cells import cells_of
from glmengine.backend.nonzeros import nonzeros_of
from glmengine.context import Interruptible, Progress, Stopped
from glmengine.models.arrays import INFEASIBLE
from glmengine.solvers.descent import SINGLE_WORK, Descent
from glmengine.solvers.descent_work import PASSES
from glmengine.solvers.graded import may_be_lost, refined
from glmengine.solvers.kept_hessians import COARSEST, in_passes
from glmengine.solvers.metrics import GramMetric, mean_curvature
from glmengine.solvers.newton import is_small, newton
from glmengine.solvers.problem import ALL_ROWS, Objective, Problem, Solution
from glmengine.solvers.rank import is_definite, smallest_norm
from glmengine.solvers.row_space import RowSpace
from glmengine.solvers.sample import Sample, sampled, some_columns
from glmengine.solvers.separation import separated
from glmengine.threads import quiet_blas_for

SHARED_FROM = 3
"""From this many columns on one shared Gram costs less than their Hessians."""

FEW_PASSES = 5.0
"""What Hessians that folds share may cost, in passes over the rows."""

SAMPLED_WORK, SAMPLED_ROWS, SAMPLED_EVENTS = 3e8, 60, 3
"""Problems whose Gram takes more multiplications than this begin at the optimum of a sample of the rows, so many of them and so many
events a coefficient at least."""

ROUGH = 1e7
"""That optimum is found to so many times the limit, which is nearer than it lies to that of all rows."""

SLIGHT = 1e-1
"""Nor nearer than this share of how far the optimum of all rows may be expected from it."""

SAMPLED_SHARE = 0.2
"""Of the work of such a problem, that is over at this optimum (measured)."""

FEWEST_LEFT_OUT = 8
"""A sample of more than every so many rows costs about what it saves."""

CLOSE = 4
"""From there on Hessians are estimated from one row in so many."""

WIDE = 120
"""From this many features on the Gram is tried before Hessians, even for one column."""


def solve(
    problem: Problem,
    context: Any,
    theta: np.ndarray,
    *,
    solver: str = "auto",
    descent: Descent | RowSpace | None = None,
    rough: bool = False,
) -> tuple[Solution, np.ndarray, Descent | RowSpace | None]:
    """Minimise from parameters (K, Q); `descent`, of an earlier call on the same columns, lends its Hessians, or the space of its rows.

    A `rough` optimum, with limits far above what is lost in float32, is all that is looked for where others begin at it.

    Returns
    -------
    solution : Solution
    theta : (K, Q) array
        Parameters at the optimum.
    descent : Descent, RowSpace or None
        For the next call.
    """
    if descent is None and RowSpace.serves(problem):
        descent = RowSpace(problem)
    if isinstance(descent, RowSpace):
        return _in_row_space(descent, problem, context, theta, solver, rough)
    objective = Objective(problem, context)
    found = newton(objective, theta) if descent is None and is_small(problem, solver) else None
    if found is None:
        if descent is None:
            metric, coarsest, sample = None, COARSEST, None
            if not shares_folds(objective):
                if (stride := _sample_stride(problem, solver, theta)) > 1 and not context.stopping:
                    theta, sample = _from_sample(problem, stride, theta, context.part(0.0, SAMPLED_SHARE))
                    context, coarsest = context.part(SAMPLED_SHARE, 1.0), CLOSE
                elif uses_gram(problem, solver):
                    with suppress(Stopped):  # the descent then ends where it begins
                        metric = shared_metric(Objective(problem, Interruptible(context)))
                        context = _after_gram(problem, context)
            descent = Descent(problem, context, gram=metric, solver=solver, coarsest=coarsest, sample=sample, rough=rough)
        else:
            descent.use(problem, context)
        solution = descent.run(theta)
        found = solution, descent.theta
        if solver == "lbfgs" and not context.stopping and not (solution.converged | solution.runaway).all():
            found = _by_newton(problem, context, solution, theta)
        objective = descent.objective
    solution, theta = found
    lost, definite = not rough and may_be_lost(problem, objective), is_definite(problem)
    if definite and not lost:
        return solution, theta, descent
    with quiet_blas_for(problem.rows.n_features):
        if lost:
            with suppress(Stopped):
                solution, theta = refined(problem, objective, solution, theta)
        if not definite:
            free = None
            try:
                theta, free = _of_smallest_norm(problem, objective, theta)
                solution = _without_separated(problem, objective, solution, theta)
            except Stopped:  # which of the optima this is has not been found out
                solution = replace(solution, converged=np.zeros_like(solution.converged))
            coef, intercept = objective.to_raw(theta)
            solution = replace(solution, coef=coef, intercept=intercept, free=free)
    return solution, theta, descent


def _in_row_space(
    space: RowSpace, problem: Problem, context: Any, theta: np.ndarray, solver: str, rough: bool
) -> tuple[Solution, np.ndarray, RowSpace]:
    """`solve` of the problem in the space of the rows."""
    inner, start = space.reduced(problem, theta, context)
    solution, _, space.descent = solve(inner, context, start, solver=solver, descent=space.descent, rough=rough)
    return *space.whole(problem, solution, context), space


def _of_smallest_norm(problem: Problem, objective: Objective, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`smallest_norm`, but where a direction that looked free of penalty to rounding is so long that it is not."""
    shorter, free = smallest_norm(problem, objective, theta)
    columns = np.arange(problem.n_columns)
    before, after = (0.5 * np.sum(objective.pull(at, columns) * at, axis=1) for at in (theta, shorter))
    costly = after > before + 1e-11 * np.maximum(1.0, np.abs(before))
    return np.where(costly[:, None], theta, shorter), free


def _without_separated(problem: Problem, objective: Objective, solution: Solution, theta: np.ndarray) -> Solution:
    """With fits to all rows that look finished and have no finite optimum called so."""
    allowed = solution.objective < np.sqrt(INFEASIBLE)  # elsewhere no row has a mean, so that none can be on its way to 0
    done = np.flatnonzero(allowed & solution.converged & ~solution.runaway & (problem.held == ALL_ROWS))
    lost = done[separated(problem, objective, theta, done)]
    converged, runaway = solution.converged.copy(), solution.runaway.copy()
    converged[lost], runaway[lost] = False, True
    return replace(solution, converged=converged, runaway=runaway)


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


def _sample_stride(problem: Problem, solver: str, theta: np.ndarray) -> int:
    """One row in how many is a sample worth beginning with, where nothing is known yet; 1 where none is."""
    rows, features = problem.rows, max(problem.rows.n_features, 1)
    if solver != "auto" or theta[:, :-1].any() or not rows.resident or not is_definite(problem):
        return 1
    if rows.n * features**2 < SAMPLED_WORK or not problem.family.is_convex(problem.link):
        return 1
    one_step = problem.family.is_quadratic(problem.link)  # leads to the end from anywhere, if it is exact
    if one_step and problem.n_columns < SHARED_FROM:
        return 1
    if nonzeros_of(rows) is not None or cells_of(rows) is not None:
        return 1
    most = rows.n / (SAMPLED_ROWS * features)
    if problem.family.of_spikes:
        most = min(most, float(np.median(problem.total * problem.mean)) / (SAMPLED_EVENTS * features))
    stride = min(2 ** int(np.log2(max(most, 1.0))), COARSEST)
    return stride if stride >= FEWEST_LEFT_OUT else 1


def _from_sample(problem: Problem, stride: int, theta: np.ndarray, context: Any) -> tuple[np.ndarray, Sample]:
    """Parameters (K, Q) at the optimum of one row in `stride`, as they were given for columns of which it tells nothing; and the sample."""
    limit = ROUGH * problem.limit
    if problem.family.of_spikes:  # a count varies by its mean: so far do optima of samples lie from each other
        limit = np.maximum(limit, SLIGHT * problem.mean * problem.rows.n_features * stride / problem.rows.n)
    single = Objective(problem, context).pass_work >= SINGLE_WORK
    sample = sampled(problem, stride, limit, context, single=single)
    columns = np.flatnonzero(sample.known)
    result = theta.copy()
    if columns.size:
        solution, there, _ = solve(some_columns(sample.problem, columns), context, theta[columns], rough=True)
        fine = np.isfinite(there).all(axis=1) & solution.converged
        result[columns[fine]] = there[fine]
    return result, sample


def shares_folds(objective: Objective) -> bool:
    """Whether the folds of a unit share Hessians that cost so little as to be made at each strength."""
    rows, share = objective.problem.rows, objective.fold_share
    columns = objective.problem.n_columns
    return share < 1.0 and in_passes(share * columns, rows.n_features, columns) < FEW_PASSES


def _after_gram(problem: Problem, context: Any) -> Any:
    """The rest of the work where the shared Gram was made, which is told of."""
    gram = in_passes(1, problem.rows.n_features, problem.n_columns)
    rest = context.part(gram / (gram + PASSES), 1.0)
    rest.report(Progress("Fitting", 0.0))
    return rest


def shared_metric(objective: Objective) -> GramMetric:
    """The Gram of all rows, times each column's curvature at its mean rate."""
    problem = objective.problem
    return GramMetric(objective.gram(), objective.penalty_matrix(0), mean_curvature(problem), problem.strength)

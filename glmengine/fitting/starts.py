"""Where fits begin: inside the link's domain, and from several named starts where the likelihood is not concave.

=================  ==============================================================================================================
``mean``           coefficients 0, intercept at the link of the mean (the same as NeMoS begins at)
``least squares``  one step of iteratively reweighted least squares from the data themselves (McCullagh & Nelder 1989, section 2.5)
``poisson``        the optimum of the Poisson likelihood with the same link and penalty, which is concave for every link offered
=================  ==============================================================================================================

A negative binomial has two starts: its dispersion begins at the best one for the mean (``mean``), or at nearly none (``poisson``).
Cross-validation tries the starts at its strongest penalty, of a negative binomial only the first, and follows the strengths from there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from glmengine.backend.formulas import LinkedObservations, LinkedWeights
from glmengine.models import get_family
from glmengine.models.arrays import INFEASIBLE
from glmengine.solvers.problem import ALL_ROWS, Objective, Problem

Solve = Callable[[Problem, np.ndarray, Any], np.ndarray]
"""(problem, parameters (K, Q), context) -> the parameters at the optimum."""

MEAN, LEAST_SQUARES, POISSON = "mean", "least squares", "poisson"

NEARLY_POISSON = 1e-3
"""Dispersion at which the start of that name begins."""

ROUNDS, ROWS_A_ROUND = 40, 500
"""Most times that rows are added to the linear programme for a point of the domain, and how many at most at a time."""

LOOSE = 1e8
"""A start is only found to this many times the limit of a fit."""


def other_starts(problem: Problem) -> tuple[str, ...]:
    """Names of the starts besides the first; none where the likelihood is concave, so that any start ends in the same place."""
    if problem.family.estimates_dispersion:  # each start is a search for the dispersion, so only the two that differ in it
        return (POISSON,)
    if problem.family.is_convex(problem.link):
        return ()
    return (LEAST_SQUARES, POISSON) if problem.link.name in get_family("poisson").links else (LEAST_SQUARES,)


def start_at(name: str, problem: Problem, solve: Solve, first: np.ndarray, context: Any) -> np.ndarray:
    """Parameters (K, Q) of a named start; `first` (K, Q) are those of the mean, and `solve` minimises a convex problem from parameters."""
    if name == LEAST_SQUARES:
        return inside(problem, least_squares(problem, context), context, first)
    if problem.family.estimates_dispersion and problem.family.is_convex(problem.link):
        return first  # what is different is its dispersion
    return inside(problem, _poisson(problem, solve, first, context), context, first)


def inside(problem: Problem, theta: np.ndarray, context: Any, otherwise: np.ndarray | None = None) -> np.ndarray:
    """`theta` (K, Q), with columns that are outside the link's domain replaced by a point in it: `otherwise`, or one that is looked for."""
    if not is_bounded(problem):
        return theta
    theta = theta.copy()
    every = np.arange(problem.n_columns)
    outside = is_outside(Objective(problem, context).evaluate(theta, every)[0])
    if outside.any() and otherwise is not None:
        theta[outside] = otherwise[outside]
        return theta
    for k in np.flatnonzero(outside).tolist():
        theta[k] = _point_of_domain(problem, k, context)
    return theta


def is_bounded(problem: Problem) -> bool:
    """Whether the linear predictor must be above 0 for the mean to make sense."""
    return problem.family.bounds_predictor(problem.link)


def is_outside(objective: np.ndarray) -> np.ndarray:
    """(K,) bool: objectives of parameters that give some row a mean that cannot be."""
    return ~(objective < np.sqrt(INFEASIBLE))


def least_squares(problem: Problem, context: Any) -> np.ndarray:
    """(K, Q) parameters of the weighted least-squares fit to the link of the observations, with the quadratic part of the penalty."""
    objective = Objective(problem, context)
    K = problem.n_columns
    view = replace(problem.view, null=0.1 * _typical(problem))
    zero = np.zeros((K, objective.size))
    gram = objective.backend.grams.grams(LinkedWeights(problem.family, problem.link), view, zero)
    right = objective.backend.passes.slopes(LinkedObservations(problem.family, problem.link), view, zero)[1]
    every = np.arange(K)
    whole = objective.penalised(gram / problem.total[:, None, None], every)
    result = np.where(objective.movable, right / problem.total[:, None], 0.0)
    for k in range(K):
        moving = objective.movable[k]
        result[k, moving] = np.linalg.lstsq(whole[k][np.ix_(moving, moving)], result[k, moving], rcond=1e-10)[0]
    return result


def _typical(problem: Problem) -> np.ndarray:
    """(K,) a size that observations have, above 0."""
    largest = np.array([np.mean(np.abs(problem.rows.observations.y[unit]), dtype=float) for unit in problem.unit])
    return np.where(problem.mean > 0, problem.mean, np.where(largest > 0, largest, 1.0))


def _observed(problem: Problem, chunk: Any, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights and offsets (c,) of one column of the problem in a chunk."""
    rows, unit = problem.rows.observations, problem.unit[k]
    weights = np.asarray(chunk.weights)[unit if len(rows.weights) > 1 else 0]
    if problem.held[k] != ALL_ROWS:
        weights = weights * (np.asarray(chunk.fold) != problem.held[k])
    offset = np.asarray(chunk.offset)[unit if rows.offset is not None and len(rows.offset) > 1 else 0]
    return weights, offset


def _poisson(problem: Problem, solve: Solve, first: np.ndarray, context: Any) -> np.ndarray:
    """(K, Q) parameters of the Poisson optimum, of the observations above 0 where some are below."""
    rows = problem.rows
    observed = rows.observations
    if observed.y.dtype.kind == "f" and observed.y.min(initial=0.0) < 0:
        rows = rows.observing(replace(observed, y=np.maximum(observed.y, 0.0)))
    relative = replace(problem, rows=rows, family=get_family("poisson"), dispersion=None, limit=LOOSE * problem.limit)
    return solve(relative, first, context)


def _point_of_domain(problem: Problem, k: int, context: Any) -> np.ndarray:
    """(Q,) parameters at which the predictor of every row of a column is above 0; zeros where there are none.

    A linear programme, with the rows that are worst added until no row is left below: coefficients in [-1e6, 1e6] of the
    scale of the predictor, the least predictor as large as possible up to that of the mean, the largest no larger than it must be.
    """
    from scipy.optimize import linprog

    objective = Objective(problem, context)
    Q, moving = objective.size, np.flatnonzero(objective.movable[k])
    wanted = abs(float(problem.link.eta(_typical(problem)[k])))
    theta, rows, offsets = np.zeros(Q), np.zeros((0, moving.size)), np.zeros(0)
    for _ in range(ROUNDS):
        context.check()
        worst_rows, worst_offsets, least = [], [], np.inf
        for chunk in problem.rows.here():
            weights, offset = _observed(problem, chunk, k)
            own = [] if chunk.own is None else [chunk.own[problem.unit[k]].T]
            X = np.column_stack([chunk.X, *own, np.ones(len(chunk.X))])
            eta = np.where(weights > 0, X @ theta + offset, np.inf)
            order = np.argsort(eta, kind="stable")[:ROWS_A_ROUND]
            order = order[eta[order] < 1e-3 * wanted]
            least = min(least, float(eta.min(initial=np.inf)))
            worst_rows.append(X[order][:, moving])
            worst_offsets.append(offset[order])
        if least > 1e-6 * wanted:
            return theta
        rows = np.vstack([rows, *worst_rows])
        offsets = np.concatenate([offsets, *worst_offsets])
        # greatest s, and with less weight smallest u, with s <= rows @ x + offset <= u
        ones, none = np.ones(len(rows)), np.zeros(len(rows))
        answer = linprog(
            np.r_[np.zeros(moving.size), -1.0, 1e-3],
            A_ub=np.vstack([np.column_stack([-rows, ones, none]), np.column_stack([rows, none, -ones])]),
            b_ub=np.concatenate([offsets, -offsets]),
            bounds=[(-1e6 * wanted, 1e6 * wanted)] * moving.size + [(None, wanted), (None, None)],
        )
        if answer.x is None or answer.x[-2] <= 0:
            break
        theta = np.zeros(Q)
        theta[moving] = answer.x[:-2]
    return np.zeros(Q)

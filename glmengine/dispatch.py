"""Which solver a problem goes to: smooth penalties to the descent, those that make zeros to proximal Newton, both around a free dispersion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from glmengine.models.penalties import Resolved
from glmengine.solvers.negative_binomial import LOWEST, best_dispersion, fit_jointly
from glmengine.solvers.problem import ALL_ROWS, Objective, Problem, Solution
from glmengine.solvers.proximal import Proximal
from glmengine.solvers.smooth import solve

PREDICTOR_BYTES = 2e8


class Minimiser:
    """Solves problems on the same rows and columns, one strength after another, and keeps what it learned in between.

    Parameters
    ----------
    penalty : Resolved
        At strength 1, for the columns of the problems.
    solver : str
        As for `glmengine.fit`; penalties that make zeros have one solver only.
    """

    def __init__(self, penalty: Resolved, solver: str) -> None:
        self._penalty, self._solver = penalty, solver
        self._descent: Any = None
        self._proximal: Proximal | None = None
        self._dispersion: np.ndarray | None = None

    def solve(self, problem: Problem, theta: np.ndarray, context: Any) -> tuple[Solution, Problem, np.ndarray]:
        """Minimise from parameters (K, Q).

        Returns
        -------
        solution : Solution
        problem : Problem
            As it stands at the optimum: with its dispersion, and with coefficients at zero held there.
        theta : (K, Q) array
            Parameters at the optimum.
        """
        if problem.family.estimates_dispersion:
            solution, problem, theta = self._jointly(problem, theta, context)
        else:
            solution, theta = self._at_dispersion(problem, theta, context)
        if not self._penalty.is_smooth:
            problem = replace(problem, movable=problem.movable & ((solution.coef != 0) | ~self._makes_zeros))
        return solution, problem, theta

    @property
    def _makes_zeros(self) -> np.ndarray:
        """(P,) bool: the columns whose coefficients the penalty can hold at zero."""
        result = self._penalty.l1 > 0
        for group, weight in zip(self._penalty.groups, self._penalty.group_weights, strict=True):
            result[group] |= weight > 0
        return result

    def _at_dispersion(self, problem: Problem, theta: np.ndarray, context: Any) -> tuple[Solution, np.ndarray]:
        if self._penalty.is_smooth or not problem.strength.any():
            solution, self._descent = solve(problem, context, theta, solver=self._solver, descent=self._descent)
            return solution, self._descent.theta
        bare = problem.strength == 0
        if bare.any():  # nothing holds these at zero: they are smooth
            return self._divided(problem, theta, context, bare)
        if self._proximal is None:
            self._proximal = Proximal(problem.rows, intercept=problem.intercept)
        objective = Objective(problem, context)
        solution = self._proximal.solve(problem, self._penalty, *objective.to_raw(theta), context)
        return solution, objective.start(solution.coef, solution.intercept)

    def _divided(self, problem: Problem, theta: np.ndarray, context: Any, bare: np.ndarray) -> tuple[Solution, np.ndarray]:
        """Columns without a penalty by the one solver, the others by the other."""
        result, parts = theta.copy(), []
        for columns in (np.flatnonzero(bare), np.flatnonzero(~bare)):
            solution, result[columns] = self._at_dispersion(_some(problem, columns), theta[columns], context)
            parts.append((columns, solution))
        order = np.argsort(np.concatenate([columns for columns, _ in parts]))
        joined = {
            name: np.concatenate([getattr(solution, name) for _, solution in parts])[order]
            for name in ("coef", "intercept", "objective", "decrement", "converged", "runaway", "iterations")
        }
        free = [np.zeros_like(solution.coef, bool) if solution.free is None else solution.free for _, solution in parts]
        return Solution(
            **joined,
            solver="; ".join(dict.fromkeys(solution.solver for _, solution in parts)),
            trace=tuple(step for _, solution in parts for step in solution.trace),
            free=np.concatenate(free)[order],
        ), result

    def _jointly(self, problem: Problem, theta: np.ndarray, context: Any) -> tuple[Solution, Problem, np.ndarray]:
        """Coefficients and dispersion together; starts from the last dispersion, or the best one for the means given."""
        if self._dispersion is None:
            self._dispersion = np.clip(_best_dispersions(problem, theta, np.ones(problem.n_columns)), 1e-3, 1e3)

        iterations = np.zeros(problem.n_columns, int)

        def at(dispersion: np.ndarray, last: tuple[Solution, np.ndarray] | None) -> tuple[Solution, np.ndarray]:
            answer = self._at_dispersion(replace(problem, dispersion=dispersion), theta if last is None else last[1], context)
            iterations[:] += answer[0].iterations
            return answer

        def best(answer: tuple[Solution, np.ndarray], dispersion: np.ndarray) -> np.ndarray:
            if context.stopping:
                return dispersion
            return _best_dispersions(problem, answer[1], dispersion)

        found = fit_jointly(at, best, self._dispersion)
        self._dispersion = found.dispersion
        solution, theta = found.answer
        solution = replace(
            solution,
            objective=solution.objective + _dispersion_losses(problem, found.dispersion),
            converged=solution.converged & found.converged,
            iterations=iterations,
            solver=f"{solution.solver}, {found.fits} dispersions",
        )
        return solution, replace(problem, dispersion=found.dispersion), theta


def _some(problem: Problem, columns: np.ndarray) -> Problem:
    """The problem of some of its columns."""
    per_column = ("unit", "held", "total", "mean", "strength", "movable", "limit")
    chosen = {name: getattr(problem, name)[columns] for name in per_column}
    return replace(problem, **chosen, dispersion=None if problem.dispersion is None else problem.dispersion[columns])


def column_of(problem: Problem, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Observations (n,) and weights (n,) of one column of a problem."""
    observed = problem.rows.observations
    weights = observed.weights[problem.unit[k] if len(observed.weights) > 1 else 0]
    if problem.held[k] != ALL_ROWS and observed.fold is not None:
        weights = weights * (observed.fold != problem.held[k])
    return observed.y[problem.unit[k]].astype(np.float64, copy=False), weights


def _best_dispersions(problem: Problem, theta: np.ndarray, start: np.ndarray) -> np.ndarray:
    """(K,) most likely dispersions for the means at parameters (K, Q)."""
    rows, link = problem.rows, problem.link
    offset = rows.observations.offset
    result = np.empty(problem.n_columns)
    step = max(1, int(PREDICTOR_BYTES / (8 * max(rows.n, 1))))
    for first in range(0, problem.n_columns, step):
        some = np.arange(first, min(first + step, problem.n_columns))
        eta = np.empty((some.size, rows.n))
        for number, chunk in enumerate(rows):
            start_row = number * rows.chunk_rows
            part = eta[:, start_row : start_row + rows.chunk_rows]
            part[:] = (theta[some, :-1] @ np.asarray(chunk.X).T + theta[some, -1:])[:, : part.shape[1]]
        for place, k in enumerate(some.tolist()):
            here = eta[place] if offset is None else eta[place] + offset[problem.unit[k] if len(offset) > 1 else 0]
            y, weights = column_of(problem, k)
            result[k] = best_dispersion(y, np.asarray(link.mean(here)), weights, float(start[k]))
    return result


def _dispersion_losses(problem: Problem, dispersion: np.ndarray) -> np.ndarray:
    """(K,) the part of the mean loss that depends on the dispersion and the counts alone."""
    losses = np.empty(problem.n_columns)
    for k in range(problem.n_columns):
        y, weights = column_of(problem, k)
        losses[k] = float(weights @ problem.family.dispersion_loss(y, dispersion[k])) / problem.total[k]
    return losses


def no_more_than_poisson(dispersion: np.ndarray) -> np.ndarray:
    """(M,) bool: units whose counts are not more variable than Poisson counts."""
    return dispersion <= 2 * LOWEST

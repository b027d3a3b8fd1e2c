"""Which solver a problem goes to: smooth penalties to the descent, those that make zeros to proximal Newton, both around a free dispersion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from glmengine.fitting.starts import MEAN, NEARLY_POISSON, POISSON, inside, is_bounded, is_outside, other_starts, start_at
from glmengine.models.penalties import Resolved
from glmengine.solvers.boundary import LOST, approach, at_edge, meets_edge
from glmengine.solvers.negative_binomial import LOWEST, best_dispersions, fit_jointly
from glmengine.solvers.next_strengths import Ahead
from glmengine.solvers.problem import Objective, Problem, Solution
from glmengine.solvers.proximal import Proximal
from glmengine.solvers.sample import some_columns
from glmengine.solvers.smooth import solve
from glmengine.threads import quiet_blas_for


class Minimiser:
    """Solves problems on the same rows and columns, one strength after another, and keeps what it learned in between.

    Parameters
    ----------
    penalty : Resolved
        At strength 1, for the columns of the problems.
    solver : str
        As for `glmengine.fit`; penalties that make zeros have one solver only.
    folds : bool
        The columns are folds of a cross-validation, whose negative binomials begin in one place.
    """

    def __init__(self, penalty: Resolved, solver: str, *, folds: bool = False) -> None:
        self._penalty, self._solver, self._folds = penalty, solver, folds
        self._descent: Any = None
        self._proximal: Proximal | None = None
        self._dispersion: np.ndarray | None = None
        self._begun = False
        self._ahead: Ahead | None = None
        self.starts: np.ndarray | None = None

    def solve(
        self, problem: Problem, theta: np.ndarray, context: Any, *, start: str = MEAN, ahead: Ahead | None = None
    ) -> tuple[Solution, Problem, np.ndarray]:
        """Minimise from parameters (K, Q), called `start`; where the likelihood is not concave the first call tries the other named
        starts too and keeps the best for each column, whose names are then in `starts` (K,). `ahead` are the strengths (K,) at which it
        will be called next, where they are known.

        Returns
        -------
        solution : Solution
        problem : Problem
            As it stands at the optimum: with its dispersion, and with coefficients at zero held there.
        theta : (K, Q) array
            Parameters at the optimum.
        """
        self._ahead = ahead
        with quiet_blas_for(problem.rows.n_features):
            return self._best_of_starts(problem, theta, context, start)

    def _best_of_starts(
        self, problem: Problem, theta: np.ndarray, context: Any, start: str
    ) -> tuple[Solution, Problem, np.ndarray]:
        single = self._begun or (self._folds and problem.family.estimates_dispersion)
        others = () if single else other_starts(problem)
        self._begun = True
        theta = inside(problem, theta, context)
        if not others:
            return self._from(problem, theta, context)
        names = (start, *others)
        shares = [context.part(number / len(names), (number + 1) / len(names)) for number in range(len(names))]
        found = [self._from(problem, theta, shares[0])]
        for name, share in zip(others, shares[1:], strict=True):
            if context.stopping:
                break
            other = Minimiser(self._penalty, self._solver)
            other._begun = True
            if name == POISSON and problem.family.estimates_dispersion:
                other._dispersion = np.full(problem.n_columns, NEARLY_POISSON)
            found.append(other._from(problem, start_at(name, problem, self._relative, theta, share), share))
        best = _best(found)
        self.starts = np.array(names)[best]
        solution, problem, theta = _joined(found, best)
        if problem.family.estimates_dispersion:
            self._dispersion = problem.dispersion
        return replace(solution, solver=f"{solution.solver}, best of {len(found)} starts"), problem, theta

    def _relative(self, problem: Problem, theta: np.ndarray, context: Any) -> np.ndarray:
        """Parameters (K, Q) at the optimum of another family on the same columns."""
        return Minimiser(self._penalty, "auto").solve(problem, theta, context)[2]

    def _from(self, problem: Problem, theta: np.ndarray, context: Any) -> tuple[Solution, Problem, np.ndarray]:
        """`solve` from one start."""
        if problem.family.estimates_dispersion:
            solution, problem, theta = self._jointly(problem, theta, context)
        else:
            solution, theta = self._at_dispersion(problem, theta, context)
        if is_bounded(problem):
            lost = is_outside(solution.objective)
            if not meets_edge(problem):
                lost |= at_edge(problem, theta, context, LOST)
            solution = replace(solution, converged=solution.converged & ~lost)
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
        if (
            meets_edge(problem)
            and not is_outside(Objective(problem, context).evaluate(theta, np.arange(problem.n_columns))[0]).any()
        ):
            return approach(problem, self._penalty, theta, context)
        if self._penalty.is_smooth or not problem.strength.any():
            solution, theta, self._descent = solve(problem, context, theta, solver=self._solver, descent=self._descent)
            return solution, theta
        bare = problem.strength == 0
        if bare.any():  # nothing holds these at zero: they are smooth
            return self._divided(problem, theta, context, bare)
        if self._proximal is None:
            self._proximal = Proximal(problem.rows)
        return self._proximal.solve(problem, self._penalty, theta, context, ahead=self._ahead)

    def _divided(self, problem: Problem, theta: np.ndarray, context: Any, bare: np.ndarray) -> tuple[Solution, np.ndarray]:
        """Columns without a penalty by the one solver, the others by the other."""
        result, parts = theta.copy(), []
        for columns in (np.flatnonzero(bare), np.flatnonzero(~bare)):
            solution, result[columns] = self._at_dispersion(some_columns(problem, columns), theta[columns], context)
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
            backend="; ".join(dict.fromkeys(solution.backend for _, solution in parts)),
            trace=tuple(step for _, solution in parts for step in solution.trace),
            free=np.concatenate(free)[order],
        ), result

    def _jointly(self, problem: Problem, theta: np.ndarray, context: Any) -> tuple[Solution, Problem, np.ndarray]:
        """Coefficients and dispersion together; starts from the last dispersion, or the best one for the means given."""
        if self._dispersion is None:
            self._dispersion = np.clip(best_dispersions(problem, theta, np.ones(problem.n_columns), context), 1e-3, 1e3)

        iterations, runaway = np.zeros(problem.n_columns, int), np.zeros(problem.n_columns, bool)

        def at(dispersion: np.ndarray, last: tuple[Solution, np.ndarray] | None) -> tuple[Solution, np.ndarray]:
            answer = self._at_dispersion(replace(problem, dispersion=dispersion), theta if last is None else last[1], context)
            iterations[:] += answer[0].iterations
            runaway[:] |= answer[0].runaway  # at any dispersion; the next fit begins so far out that nothing is left to be seen
            return answer

        def best(answer: tuple[Solution, np.ndarray], dispersion: np.ndarray) -> np.ndarray:
            if context.stopping:
                return dispersion
            return best_dispersions(problem, answer[1], dispersion, context)

        found = fit_jointly(at, best, self._dispersion)
        self._dispersion = found.dispersion
        solution, theta = found.answer
        solution = replace(
            solution,
            objective=solution.objective + _dispersion_losses(problem, found.dispersion),
            converged=solution.converged & found.converged & ~runaway,
            runaway=runaway,
            iterations=iterations,
            solver=f"{solution.solver}, {found.fits} dispersions",
        )
        return solution, replace(problem, dispersion=found.dispersion), theta


SAME = 1e-10
"""Objectives that differ by less than this, relative to 1 or to them, are of the same stationary point: the earlier start keeps it."""


def _best(found: list[tuple[Solution, Problem, np.ndarray]]) -> np.ndarray:
    """(K,) number of the best answer for each column: a stationary point before anything else, then the lowest objective."""
    best = np.zeros(found[0][0].objective.size, int)
    for number, (solution, _, _) in enumerate(found[1:], start=1):
        for k in range(best.size):
            ours, theirs = found[best[k]][0], solution
            lower = theirs.objective[k] < ours.objective[k] - SAME * max(1.0, abs(ours.objective[k]))
            lower = lower or not np.isfinite(ours.objective[k])
            if theirs.converged[k] > ours.converged[k] or (lower and theirs.converged[k] == ours.converged[k]):
                best[k] = number
    return best


def _joined(found: list[tuple[Solution, Problem, np.ndarray]], best: np.ndarray) -> tuple[Solution, Problem, np.ndarray]:
    """Each column's part of the answer that is best for it."""
    columns = np.arange(best.size)

    def chosen(values: list[np.ndarray]) -> np.ndarray:
        return np.stack(values)[best, columns]

    solutions, problems = [solution for solution, _, _ in found], [problem for _, problem, _ in found]
    names = ("coef", "intercept", "objective", "decrement", "converged", "runaway", "iterations")
    free = [np.zeros_like(solution.coef, bool) if solution.free is None else solution.free for solution in solutions]
    solution = replace(
        solutions[0],
        **{name: chosen([getattr(solution, name) for solution in solutions]) for name in names},
        trace=tuple(step for solution in solutions for step in solution.trace),
        free=chosen(free),
    )
    problem = replace(
        problems[0],
        movable=chosen([problem.movable for problem in problems]),
        dispersion=None if problems[0].dispersion is None else chosen([problem.dispersion for problem in problems]),
    )
    return solution, problem, chosen([theta for _, _, theta in found])


def _dispersion_losses(problem: Problem, dispersion: np.ndarray) -> np.ndarray:
    """(K,) the part of the mean loss that depends on the dispersion and the counts alone."""
    losses = np.empty(problem.n_columns)
    for k in range(problem.n_columns):
        y, weights = problem.rows.observations.of(int(problem.unit[k]), int(problem.held[k]))
        losses[k] = float(weights @ problem.family.dispersion_loss(y, dispersion[k])) / problem.total[k]
    return losses


def no_more_than_poisson(dispersion: np.ndarray) -> np.ndarray:
    """(M,) bool: units whose counts are not more variable than Poisson counts."""
    return dispersion <= 2 * LOWEST

"""Proximal Newton for penalties that make zeros, on the prepared rows of a problem, and where it begins.

What `glmengine.solvers.sparse` computes, asked and answered as by the other solvers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glmengine.context import SILENT, Interruptible, Progress
from glmengine.solvers.curvature import COARSEST, Curvatures
from glmengine.solvers.next_strengths import Ahead
from glmengine.solvers.problem import Objective, Problem, Solution
from glmengine.solvers.quadratic import Sparsity
from glmengine.solvers.sample import sampled, some_columns
from glmengine.solvers.sparse import DECREMENT, ProximalNewton, SparseAnswer
from glmengine.threads import quiet_blas_for

NAME = "proximal Newton"

CURVATURE_BYTES = 1e9
"""Columns are worked on together as far as their curvatures fit into this."""

SAMPLED_WORK, SAMPLED_ROWS = 2e8, 60
"""Problems whose Gram matrix takes more multiplications than this begin with a sample of the rows, so many of them a column."""

TOGETHER = 64
"""Columns that are solved at once, if there are as many strengths to come."""

_SAMPLE = 0.3
"""Share that the sample takes of the time in which the first strengths are solved."""

MOST_STEPS, SAMPLE_STEPS = 100, 20

ROUGH = 1e-4
"""Half the Newton decrement at which the optimum of a sample is near enough, itself no nearer than that to the optimum of all rows."""


class Proximal:
    """Solves problems on the same rows one after another; curvatures are kept between them.

    Parameters
    ----------
    rows : glmengine.backend.rows.Rows
    """

    def __init__(self, rows: Any) -> None:
        self.rows = rows
        self._curvatures: Curvatures | None = None
        self._ended: _Ended | None = None
        self._course: _Course | None = None

    def solve(
        self,
        problem: Problem,
        penalty: Any,
        theta: np.ndarray,
        context: Any,
        *,
        ahead: Ahead | None = None,
    ) -> tuple[Solution, np.ndarray]:
        """Minimise the mean loss plus `problem.strength` times the penalty.

        Parameters
        ----------
        problem : Problem
            Its `penalty` is the quadratic part, at strength 1.
        penalty : glmengine.models.penalties.Resolved
            At strength 1; its `l1` and `groups` make the zeros.
        theta : (K, Q) array
            Parameters to start from.
        context : Context
        ahead : Ahead, optional
            Strengths at which the same will be asked next: some of them are solved at once, where a pass for many columns costs
            little more than for few.

        Returns
        -------
        solution : Solution
        theta : (K, Q) array
        """
        if self._curvatures is None:
            self._curvatures = Curvatures(problem)
        with quiet_blas_for(problem.rows.n_features):
            if self._course is not None and self._course.follows(problem):
                return self._take(self._course, penalty, context, ahead)
            self._course = None
            known = None if self._ended is None else self._ended.known(theta, problem)
            if known is None and (stride := _sample_stride(problem, theta)) > 1 and not context.stopping:
                if ahead is not None and 2 * problem.n_columns <= TOGETHER:
                    whole = _at_strengths(problem, [problem.strength, *ahead.strengths])
                    first = ahead.together(_at_once(problem.n_columns, whole.n_columns))
                    begun = self._sampled(
                        whole, penalty, np.tile(theta, (len(ahead.strengths) + 1, 1)), stride, first.part(0.0, _SAMPLE)
                    )
                    self._course = _Course(problem, whole, begun, problem.n_columns)
                    return self._take(self._course, penalty, context, ahead)
                theta = self._sampled(problem, penalty, theta, stride, context.part(0.0, _SAMPLE))
                context = context.part(_SAMPLE, 1.0)
            answer = self._answer(problem, penalty, theta, context, known=known)
        self._ended = _Ended(problem, answer.theta, answer.smooth, answer.gradient)
        return _solution(problem, answer, context), answer.theta

    def _take(self, course: _Course, penalty: Any, context: Any, ahead: Ahead | None) -> tuple[Solution, np.ndarray]:
        """The answer at the next strength of a course, solved together with some of those after it."""
        some = np.arange(course.place * course.n_columns, (course.place + 1) * course.n_columns)
        if some[0] >= course.solved:
            count = _at_once(course.n_columns, course.whole.n_columns - int(some[0]))
            block = np.arange(some[0], some[0] + count * course.n_columns)
            share = context if ahead is None else ahead.together(count)
            share = share if course.place else share.part(_SAMPLE, 1.0)
            course.answer = self._answer(some_columns(course.whole, block), penalty, course.theta[block], share)
            course.first, course.solved = int(block[0]), int(block[-1]) + 1
        assert course.answer is not None
        problem = some_columns(course.whole, some)
        answer = course.answer.of(some - course.first, with_trace=bool(some[0] == course.first))
        course.place += 1
        self._ended = _Ended(problem, answer.theta, answer.smooth, answer.gradient)
        return _solution(problem, answer, context), answer.theta

    def _sampled(self, problem: Problem, penalty: Any, theta: np.ndarray, stride: int, context: Any) -> np.ndarray:
        """Parameters (K, Q) at the optimum of one row in `stride`, from the strongest penalty to the weakest."""
        limit = np.maximum(problem.limit, ROUGH * problem.limit / DECREMENT)
        sample = sampled(problem, stride, limit, context)
        solver, result = Proximal(sample.problem.rows), theta.copy()
        solver._curvatures = Curvatures(sample.problem)
        last: dict[tuple[int, int], np.ndarray] = {}
        strengths = np.unique(problem.strength)[::-1].tolist()
        for place, strength in enumerate(strengths):
            context.check()
            columns = np.flatnonzero((problem.strength == strength) & sample.known)
            if not columns.size:
                continue
            keys = [(int(problem.unit[j]), int(problem.held[j])) for j in columns]
            start = np.stack([last.get(key, theta[j]) for key, j in zip(keys, columns, strict=True)])
            answer = solver._answer(
                some_columns(sample.problem, columns),
                penalty,
                start,
                context.part(place / len(strengths), (place + 1) / len(strengths)),
                max_iterations=SAMPLE_STEPS,
            )
            fine = np.isfinite(answer.theta).all(axis=1)
            result[columns[fine]] = answer.theta[fine]
            last.update(zip(keys, answer.theta, strict=True))
        return result

    def _answer(
        self,
        problem: Problem,
        penalty: Any,
        theta: np.ndarray,
        context: Any,
        *,
        known: tuple[np.ndarray, np.ndarray] | None = None,
        max_iterations: int = MOST_STEPS,
    ) -> SparseAnswer:
        """Of as many columns at a time as their curvatures fit into memory."""
        batch = max(1, int(CURVATURE_BYTES / (16 * self.rows.n_features**2 + 1)))
        if problem.n_columns > batch:
            parts = [np.arange(at, min(at + batch, problem.n_columns)) for at in range(0, problem.n_columns, batch)]
            answers = []
            for part in parts:
                its = None if known is None else (known[0][part], known[1][part])
                some = some_columns(problem, part)
                share = context.part(part[0] / problem.n_columns, (part[-1] + 1) / problem.n_columns)
                answers.append(self._answer(some, penalty, theta[part], share, known=its, max_iterations=max_iterations))
            return SparseAnswer.joined(answers)
        limit = float(np.min(problem.limit))
        first = 0.0

        def report(iteration: int, decrement: float, at_work: int) -> None:
            nonlocal first
            context.check()
            first = max(first, decrement)
            span = np.log(max(first / limit, 1.0))
            fraction = 1.0 - np.log(max(decrement / limit, 1.0)) / span if span > 0 else 0.0
            context.report(
                Progress("Fitting", float(fraction), f"step {iteration}, decrement {decrement:.1e}, {at_work} columns at work")
            )

        assert self._curvatures is not None
        sparsity = [sparsity_of(problem, penalty, k) for k in range(problem.n_columns)]
        solver = ProximalNewton(Objective(problem, Interruptible(context)), sparsity, self._curvatures, _names(problem))
        return solver.solve(
            theta, known=known, max_iterations=max_iterations, report=report, stopping=lambda: bool(context.stopping)
        )


@dataclass
class _Course:
    """The same columns at one strength after another.

    Attributes
    ----------
    first_problem : Problem
        At the first strength.
    whole : Problem
        The columns at the first strength, then at the next, and so on.
    theta : array
        Where each begins.
    n_columns : int
        At one strength.
    place : int
        Strength that is asked next.
    answer : SparseAnswer or None
        Of the columns of `whole` from `first` up to `solved`.
    """

    first_problem: Problem
    whole: Problem
    theta: np.ndarray
    n_columns: int
    place: int = 0
    answer: SparseAnswer | None = None
    first: int = 0
    solved: int = 0

    def follows(self, problem: Problem) -> bool:
        """Whether a problem is the one at the next strength."""
        start = self.place * self.n_columns
        strength = self.whole.strength[start : start + self.n_columns]
        return np.array_equal(strength, problem.strength) and _differ_in_strength_alone(self.first_problem, problem)


@dataclass(frozen=True)
class _Ended:
    """Where a call ended: its problem, parameters (K, Q), the smooth part of the objective (K,) and its gradient (K, Q)."""

    problem: Problem
    theta: np.ndarray
    smooth: np.ndarray
    gradient: np.ndarray

    def known(self, theta: np.ndarray, problem: Problem) -> tuple[np.ndarray, np.ndarray] | None:
        """Smooth part and gradient of a problem that differs by its strengths alone; None where it does not, or begins elsewhere."""
        before = self.problem
        if not np.array_equal(theta, self.theta) or not _differ_in_strength_alone(before, problem):
            return None
        every = np.arange(problem.n_columns)
        objectives = Objective(problem, SILENT), Objective(before, SILENT)
        now, then = (objective.pull(theta, every) for objective in objectives)
        gradient = np.where(objectives[0].movable, self.gradient - then + now, 0.0)
        return self.smooth + 0.5 * np.sum((now - then) * theta, axis=1), gradient


def sparsity_of(problem: Problem, penalty: Any, k: int) -> Sparsity:
    """The part of a penalty that makes zeros, at the strength of column k, of the parameters without the intercept (Q - 1)."""
    rows, strength = problem.rows, problem.strength[k]
    scale = rows.preparation.scale_of(problem.unit[[k]])[0]
    l1, scales = np.zeros(rows.size - 1), np.ones(rows.size - 1)
    l1[rows.places], scales[rows.places] = strength * penalty.l1 / scale, penalty.scales / scale
    groups = tuple(rows.places[group] for group in penalty.groups)
    # a group weighs by the columns that the unit may use, whether or not they vary
    allowed = problem.movable[k] if problem.allowed is None else problem.allowed[k]
    counted = np.array([np.sqrt(allowed[group].mean()) for group in penalty.groups])
    return Sparsity(l1, groups, strength * penalty.group_weights * counted, scales)


def _differ_in_strength_alone(one: Problem, other: Problem) -> bool:
    arrays = ("unit", "held", "total", "movable", "penalty", "dispersion")
    same = one.rows is other.rows and (one.family, one.link) == (other.family, other.link)
    return same and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)


def _at_strengths(problem: Problem, strengths: Sequence[np.ndarray]) -> Problem:
    """The columns of a problem at several strengths (K,), one after another."""
    every = np.tile(np.arange(problem.n_columns), len(strengths))
    return replace(some_columns(problem, every), strength=np.concatenate(strengths))


def _at_once(n_columns: int, n_left: int) -> int:
    """How many strengths of so many columns are solved at once, of all columns that are left."""
    return min(max(TOGETHER // n_columns, 1), n_left // n_columns)


def _sample_stride(problem: Problem, theta: np.ndarray) -> int:
    """One row in how many is a sample worth beginning with, where nothing is known yet; 1 where none is."""
    rows = problem.rows
    if rows.n * rows.n_features**2 < SAMPLED_WORK or not rows.resident or theta[:, :-1].any():
        return 1
    stride = min(2 ** int(np.log2(max(rows.n / (SAMPLED_ROWS * max(rows.n_features, 1)), 1))), COARSEST)
    return stride if stride >= 4 and problem.family.is_convex(problem.link) else 1


def _solution(problem: Problem, answer: SparseAnswer, context: Any) -> Solution:
    objective = Objective(problem, context)
    coef, intercept = objective.to_raw(answer.theta)
    return Solution(
        coef=coef,
        intercept=intercept,
        objective=answer.objective,
        decrement=answer.decrement,
        converged=answer.converged,
        runaway=np.zeros(answer.converged.size, bool),
        iterations=answer.iterations,
        solver=NAME,
        backend=objective.backend.name,
        trace=answer.trace,
    )


def _names(problem: Problem) -> list[tuple[int, int, str, str, int]]:
    """Of columns, so that each keeps its curvature; those of one unit and fold at several strengths are told apart by their order."""
    seen: dict[tuple[int, int], int] = {}
    result = []
    for unit, held in zip(problem.unit.tolist(), problem.held.tolist(), strict=True):
        turn = seen.get((unit, held), 0)
        seen[unit, held] = turn + 1
        result.append((unit, held, problem.family.name, problem.link.name, turn))
    return result

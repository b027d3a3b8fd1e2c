"""Newton's method for small problems: where a Hessian costs hardly more than a pass, each step has its own, column by column.

The batched descent spends on each of its iterations what a whole step costs here. Its rules hold here too: the same test of a
step, the same end. What goes wrong (a step that finds no way down, an optimum at infinity) is left to the descent.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from glmengine.backend.single_column import SingleColumn
from glmengine.context import Progress
from glmengine.solvers.metrics import inverse
from glmengine.solvers.problem import COPIED_NUMBERS, Objective, Problem, Solution
from glmengine.threads import quiet_blas

NAME = "Newton"

SMALL, ALONE = 4e6, 5e8
"""Multiplications in the Hessians of all columns, up to which they are made at each step, of several columns and of one (measured: half the descent's
time, or less)."""

FEW = 4
"""More columns than this are better served by passes for all of them at once."""

MOST_STEPS, MOST_TRIALS = 60, 25

NEAR, NEARER = 1e12, 0.01
"""A decrement of so many times the limit is so small that the Hessian stays as it is for another step, as long as the decrement falls to this share."""

LONG_STEP = 0.05
"""A step in units of a column's standard deviation that is no correction any more."""


def is_small(problem: Problem, solver: str) -> bool:
    """Whether `newton` is the way to solve a problem on a CPU."""
    n, features, columns = problem.rows.n, problem.rows.n_features, problem.n_columns
    if solver != "auto" or columns > FEW or not problem.rows.resident or n * features > COPIED_NUMBERS:
        return False
    return n * features**2 * columns <= (ALONE if columns == 1 and SingleColumn.serves(problem.rows) else SMALL)


def newton(objective: Objective, theta: np.ndarray) -> tuple[Solution, np.ndarray] | None:
    """Minimise from parameters (K, Q); the parameters at the optimum come with the solution. None where a column is not that easy."""
    problem, context = objective.problem, objective.context
    began = time.perf_counter()
    K = problem.n_columns
    theta = theta.copy()
    value, decrement = np.empty(K), np.full(K, np.inf)
    converged, iterations = np.zeros(K, bool), np.zeros(K, int)
    trace: list[dict[str, float]] = []
    with quiet_blas():
        for k in range(K):
            column = _Column(objective, k, theta[k])
            while True:
                context.check()
                column.turn()
                trace.append(
                    {
                        "columns": 1.0,
                        "decrement": column.decrement,
                        "passes": float(objective.passes),
                        "hessians": float(objective.hessians),
                        "seconds": time.perf_counter() - began,
                    }
                )
                if column.lost or len(trace) > MOST_STEPS * (k + 1):
                    return None
                if column.done or context.stopping:
                    break
                if not column.step():
                    return None
                iterations[k] += 1
            theta[k], value[k], decrement[k], converged[k] = column.end()
            step = f"step {iterations[k]}, decrement {column.decrement:.1e}, {K - k - 1} columns at work"
            context.report(Progress("Fitting", (k + 1) / K, step))
    coef, intercept = objective.to_raw(theta)
    return Solution(
        coef, intercept, value, decrement, converged, np.zeros(K, bool), iterations, NAME, objective.backend.name, tuple(trace)
    ), theta


class _Column:
    """One column on its way: where it is, and loss and gradient there."""

    def __init__(self, objective: Objective, k: int, theta: np.ndarray) -> None:
        self.objective, self.k, self.which = objective, k, np.array([k])
        self.theta = theta.copy()
        self._movable = objective.movable[k]
        problem = objective.problem
        self._limit = problem.limit[k]
        self._rows = objective.single_column(k) if problem.n_columns > 1 else None  # of a single one the objective sees to it
        self._value, self._gradient, self._rounding = self._look(self.theta)
        self._inverse: Callable[[np.ndarray], np.ndarray] | None = None
        self._same_everywhere = problem.family.is_quadratic(problem.link)
        self.done = self.lost = False
        self.decrement = np.inf

    def turn(self) -> None:
        """The direction where the column is, and whether this is the end."""
        kept = self._inverse is not None and (self._same_everywhere or self._is_near)
        before = self.decrement
        if not kept and not self._renew():
            return
        longest = self._aim()
        if kept and not self._same_everywhere and (self.decrement > NEARER * before or longest > LONG_STEP):
            if not self._renew():
                return
            longest = self._aim()
        self._at_rounding = bool(np.max(np.abs(self._gradient)) <= self._rounding)
        self.done = self._at_rounding or (self.decrement <= self._limit and longest > 0)
        # long steps that gain nothing lead to an optimum at infinity
        self.lost = not self._at_rounding and (longest == 0 or (self.decrement < 1e-7 and longest > LONG_STEP))

    def _renew(self) -> bool:
        """Make the Hessian where the column is; False where there is none."""
        matrix = self.objective.penalised(self._hessian(), self.which)[0]
        self.lost = not (np.isfinite(matrix).all() and np.isfinite(self._gradient).all() and np.isfinite(self._value))
        if not self.lost:
            self._inverse = inverse(matrix, "float64")[0]
        return not self.lost

    def _aim(self) -> float:
        """The direction by the last Hessian, and what it promises; its largest part."""
        assert self._inverse is not None
        self._direction = np.where(self._movable, -self._inverse(self._gradient), 0.0)
        self._slope = float(self._gradient @ self._direction)
        self.decrement = max(-0.5 * self._slope, 0.0)
        return float(np.max(np.abs(self._direction), initial=0.0))

    @property
    def _is_near(self) -> bool:
        """Whether the Hessian changed so little in the last step that it serves for the next."""
        return self.decrement <= NEAR * self._limit

    def step(self) -> bool:
        """Move along the direction, as far as the objective falls; False where it does not."""
        t, size = 1.0, max(1.0, abs(self._value))
        for _ in range(MOST_TRIALS):
            there = self.theta + t * self._direction
            found = value, gradient, _ = self._look(there)
            change = value - self._value
            # where the gain is lost in the rounding of the objective, the gradient decides
            close = self.decrement <= 1e-9 * size and change <= 1e-6 * size
            level = abs(float(gradient @ self._direction)) <= 0.9 * abs(self._slope)
            if np.isfinite(value) and np.isfinite(gradient).all() and (change <= 1e-4 * t * self._slope or (close and level)):
                self.theta = there
                self._value, self._gradient, self._rounding = found
                return True
            with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
                guess = -self._slope * t * t / (2.0 * (change - t * self._slope))
            t = float(np.clip(guess, 0.1 * t, 0.5 * t)) if np.isfinite(guess) else 0.1 * t
        return False

    def end(self) -> tuple[np.ndarray, float, float, bool]:
        """Parameters, objective, decrement and whether they are the optimum.

        The last step changes the objective by less than its rounding, and halves what is left of the error at least.
        """
        last = self.done and not self._at_rounding
        return self.theta + self._direction if last else self.theta, self._value, self.decrement, self.done

    def _hessian(self) -> np.ndarray:
        """(1, Q, Q) of the mean loss where the column is."""
        if self._rows is None:
            return self.objective.hessian(self.theta[None], self.which)
        return self.objective.settled_hessians(self._rows.hessian()[None], self.which)

    def _look(self, theta: np.ndarray) -> tuple[float, np.ndarray, float]:
        """Objective, gradient (Q,) and its rounding at `theta`."""
        if self._rows is None:
            value, gradient, rounding = self.objective.evaluate(theta[None], self.which)
        else:
            value, gradient, rounding = self.objective.settled_slopes(*self._rows.look(theta), theta[None], self.which)
        return float(value[0]), gradient[0], float(rounding[0])

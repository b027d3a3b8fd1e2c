"""Where the columns of a descent look for their next points, and where its last call ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmengine.solvers.problem import Problem


class Lines:
    """Where each of K columns is looking for its next point: direction (K, Q), its slope, the step to try, how many were too long."""

    def __init__(self, n_columns: int, size: int) -> None:
        self.direction = np.zeros((n_columns, size))
        self.slope, self.length = np.zeros(n_columns), np.ones(n_columns)
        self.trials = np.zeros(n_columns, int)

    def begin(self, columns: np.ndarray, direction: np.ndarray, slope: np.ndarray) -> None:
        """New directions (k, Q) with slopes (k,) of the objective."""
        self.direction[columns], self.slope[columns] = direction, slope
        self.length[columns], self.trials[columns] = 1.0, 0


@dataclass(frozen=True)
class Ended:
    """Where a call ended: its problem, parameters (K, Q), objective (K,), gradient (K, Q) and the gradient's rounding (K,)."""

    problem: Problem
    theta: np.ndarray
    value: np.ndarray
    gradient: np.ndarray
    rounding: np.ndarray

    def was_at(self, theta: np.ndarray, problem: Problem) -> bool:
        """Whether the loss and its gradient at these parameters are known: the problem differs by its strengths, none of them 0, alone."""
        before = self.problem
        arrays = ("unit", "held", "total", "movable", "penalty", "dispersion")
        return (
            before.rows is problem.rows
            and (before.family, before.link) == (problem.family, problem.link)
            and bool(np.all(problem.strength > 0))
            and np.array_equal(theta, self.theta)
            and all(np.array_equal(getattr(before, name), getattr(problem, name)) for name in arrays)
        )

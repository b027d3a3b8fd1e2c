"""Problems with more columns than rows under a ridge, in coordinates of the space that the rows span.

A coefficient vector has a part in the span of the rows, which alone is seen in the predictor, and a part across it, which a ridge holds at zero
at the optimum whatever the loss (the representer theorem; Kimeldorf & Wahba 1971). With X = L Q' of the columns divided by the roots of
their penalties, L (n, r) and Q (P, r) with orthonormal columns, the predictor is L v and the penalty |v|^2: as many coefficients as there are rows,
and the same objective.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.linalg import qr

from glmengine.backend.row_sources import ArrayRows
from glmengine.backend.rows import Rows
from glmengine.solvers.problem import Objective, Problem, Solution
from glmengine.solvers.rank import is_definite

WORTH = 4e6
"""Problems whose Hessian takes fewer multiplications than this are as soon solved as they are."""

FLAT = 1e-15
"""A pivot below this share of the largest, times the number of rows, is rounding: those rows are made of the others."""

APART = 1e6
"""Columns whose sizes, over the roots of their penalties, lie further apart than this would lose the small ones in the sums with the large."""


class RowSpace:
    """The problem of a ridge on rows that are fewer than the columns, and what a solver keeps between calls on it.

    Attributes
    ----------
    descent : object or None
        Of the last call on the problem in the row space.
    """

    def __init__(self, problem: Problem) -> None:
        rows = problem.rows
        self._moving = np.flatnonzero(problem.movable[0])
        self._centre = rows.preparation.centre[self._moving]
        self._root = np.sqrt(problem.penalty[self._moving])
        X = np.concatenate([(part[:, self._moving] - self._centre) / self._root for part in rows.raw_shared()])
        self._basis, lower = _factors(X)
        self._rows = Rows(
            ArrayRows(lower),
            None,
            rows.observations,
            columns=rows.columns,
            memory=rows.memory,
            centred=rows.centred,
            platform=rows.platform,
        )
        self.descent: Any = None

    @staticmethod
    def serves(problem: Problem) -> bool:
        """Whether a problem is one of these."""
        rows, movable = problem.rows, problem.movable
        moving = int(np.count_nonzero(movable[0]))
        if moving <= rows.n or rows.n * moving**2 < WORTH or not rows.n:
            return False
        if rows.own_padded or not rows.resident or problem.linear is not None or not is_definite(problem):
            return False
        sizes = (rows.preparation.scale / np.sqrt(problem.penalty))[movable[0]]
        return bool((movable == movable[0]).all() and sizes.max() <= APART * sizes.min())

    def reduced(self, problem: Problem, theta: np.ndarray, context: Any) -> tuple[Problem, np.ndarray]:
        """The problem in coordinates of the row space, and its parameters that are nearest to `theta` (K, Q)."""
        size = self._basis.shape[1]
        inner = replace(
            problem,
            rows=self._rows,
            penalty=np.ones(size),
            movable=np.ones((problem.n_columns, size), bool),
            allowed=None,
        )
        coef, intercept = problem.rows.preparation.to_raw(theta[:, :-1], theta[:, -1], problem.unit)
        within = (coef[:, self._moving] * self._root) @ self._basis
        ends = intercept + coef[:, self._moving] @ self._centre
        return inner, Objective(inner, context).start(within, ends)

    def whole(self, problem: Problem, solution: Solution, context: Any) -> tuple[Solution, np.ndarray]:
        """The solution of the reduced problem as one of `problem`, and its parameters (K, Q)."""
        coef = np.zeros(problem.movable.shape)
        coef[:, self._moving] = (solution.coef @ self._basis.T) / self._root
        intercept = solution.intercept - coef[:, self._moving] @ self._centre
        solution = replace(solution, coef=coef, intercept=intercept, solver=f"{solution.solver}, in the space of the rows")
        return solution, Objective(problem, context).start(coef, intercept)


def _factors(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Q (P, r) with orthonormal columns and L (n, r) with X = L Q', r the rank of X (n, P)."""
    outer, upper = np.linalg.qr(X.T)
    inner, upper, order = qr(upper, pivoting=True, check_finite=False)
    pivots = np.abs(np.diagonal(upper))
    rank = max(1, int(np.count_nonzero(pivots > FLAT * len(pivots) * pivots[0])))
    lower = np.empty((len(X), rank))
    lower[order] = upper[:rank].T
    return outer @ inner[:, :rank], lower

"""Optima at the edge of a link's domain, where the best mean of some observations of 0 is 0: a primal-dual interior-point method.

With the identity link the loss of a count of 0 is a line down to a mean of 0, where the domain ends. The barrier that keeps a mean mu above 0,
-t log mu, is the loss of t more counts in each row: the problem with y + t in place of y is of the same family, strictly curved, and its
optimum lies above the constrained infimum by at most t. Steps are Newton's for the conditions 1 - z = slopes, z mu = y + t, which do not
mind that the curvature z/mu grows without limit at the edge (Boyd & Vandenberghe 2004, section 11.7; Nocedal & Wright 2006, chapter 19).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

from glmengine.backend.numpy_operations import seen_in
from glmengine.backend.pieces import Piece, pieces
from glmengine.context import Progress
from glmengine.solvers.problem import Objective, Problem, Solution
from glmengine.solvers.proximal import sparsity_of
from glmengine.solvers.quadratic import minimise_quadratic
from glmengine.solvers.rank import is_definite, smallest_norm, unidentified
from glmengine.threads import quiet_blas

NAME = "interior point"

FIRST, LAST = 0.1, 1e-11
"""Counts added to each row, in units of the mean: at first and at last."""

FASTER = 1.25
"""Power by which the counts that are added shrink from step to step, at least to a fifth."""

NEAR = 1e-5
"""A least mean below this, in units of the mean observation, is at the edge."""

LOST = 1e-6
"""Below this the curvature, which grows with its inverse square, hides all others from methods without a barrier."""

CENTRED = 0.3
"""Half the Newton decrement, in units of the counts added, at which fewer may be added."""

KEPT = 0.995
"""Share of the way to the edge that a step may go."""

MOST_STEPS, MOST_TRIALS = 200, 40


def meets_edge(problem: Problem) -> bool:
    """Whether the optimum may lie where the domain of the linear predictor ends."""
    family, link = problem.family, problem.link
    return family.bounds_predictor(link) and family.is_convex(link) and not family.has_curvature(link)


def at_edge(problem: Problem, theta: np.ndarray, context: Any, near: float = NEAR) -> np.ndarray:
    """(K,) bool: whether parameters (K, Q) give some row that counts a predictor below `near`, in units of that of the mean."""
    least = np.full(problem.n_columns, np.inf)
    for piece in pieces(problem.rows):
        context.check()
        eta, seen = seen_in(problem.rows, piece, problem.view, theta)
        least = np.minimum(least, np.where(seen.weights > 0, eta, np.inf).min(axis=1, initial=np.inf))
    return least <= near * np.abs(np.asarray(problem.link.eta(_unit(problem))))


def approach(problem: Problem, penalty: Any, theta: np.ndarray, context: Any) -> tuple[Solution, np.ndarray]:
    """Minimise from parameters (K, Q) inside the domain.

    Parameters
    ----------
    problem : Problem
        One that `meets_edge`.
    penalty : glmengine.models.penalties.Resolved
        At strength 1.

    Returns
    -------
    solution : Solution
        Its `decrement` is, for columns at the edge, what the objective may lie above the constrained infimum.
    theta : (K, Q) array
        Parameters there.
    """
    objective, theta = Objective(problem, context), theta.copy()
    began = time.perf_counter()
    K = problem.n_columns
    decrement, converged, iterations = np.full(K, np.inf), np.zeros(K, bool), np.zeros(K, int)
    zeros = np.zeros(K)  # the part of the penalty that makes them
    trace: list[dict[str, float]] = []
    with quiet_blas():
        parts = list(pieces(problem.rows))
        null = unidentified(problem, objective)
        for k in range(K):
            column = _Column(objective, penalty, parts, k, theta[k], null[k])
            span = np.log(FIRST / LAST)
            while not column.done and iterations[k] < MOST_STEPS and not context.stopping:
                context.check()
                column.step()
                iterations[k] += 1
                trace.append({"columns": 1.0, "decrement": column.decrement, "seconds": time.perf_counter() - began})
                share = min(np.log(FIRST / max(column.share, LAST)) / span, 1.0)
                context.report(Progress("Fitting", (k + share) / K, f"step {iterations[k]}, {column.added:.1e} counts added"))
            theta[k], converged[k], decrement[k] = column.theta, column.done, column.decrement + column.added
            if column.sparsity is not None:
                zeros[k] = column.sparsity.value(column.theta[:-1])
    free = None
    if penalty.is_smooth and not is_definite(problem):
        theta, free = smallest_norm(problem, objective, theta)
    coef, intercept = objective.to_raw(theta)
    solution = Solution(
        coef=coef,
        intercept=intercept,
        objective=objective.evaluate(theta, np.arange(K))[0] + zeros,
        decrement=decrement,
        converged=converged,
        runaway=np.zeros(K, bool),
        iterations=iterations,
        solver=NAME,
        backend="NumPy",
        trace=tuple(trace),
        free=free,
    )
    return solution, theta


def _unit(problem: Problem) -> np.ndarray:
    """(K,) mean observation, above 0."""
    return np.where(problem.mean > 0, problem.mean, 1.0)


@dataclass
class _Rows:
    """The rows of one piece that count: the mean of each, its multiplier, count and weight, and where they are in the piece."""

    piece: Piece
    used: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    mean: np.ndarray
    multiplier: np.ndarray
    turn: np.ndarray
    """What a step adds to the mean."""

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Values of the rows that count as one (1, c) row for the whole piece."""
        whole = np.zeros((1, self.used.size))
        whole[0, self.used] = values
        return whole


class _Column:
    """One column on its way to the edge, or to an optimum inside."""

    def __init__(
        self, objective: Objective, penalty: Any, parts: list[Piece], k: int, theta: np.ndarray, null: np.ndarray
    ) -> None:
        problem = objective.problem
        self.objective, self.which, self.theta = objective, np.array([k]), theta.copy()
        self.view = problem.view.of(self.which)
        self.total, self.limit = problem.total[k], problem.limit[k]
        self.unit = float(_unit(problem)[k])
        self.share, self.decrement, self.done = FIRST, np.inf, False
        moving = np.flatnonzero(objective.movable[k])
        # directions that change neither predictor nor penalty are left alone
        self.basis = np.eye(theta.size)[:, moving] if not null.shape[1] else _complement(null, moving, theta.size)
        bare = penalty.is_smooth or not problem.strength[k]
        self.sparsity = None if bare else sparsity_of(problem, penalty, k)
        self.rows = []
        for piece in parts:
            eta, seen = seen_in(problem.rows, piece, self.view, self.theta[None])
            used = seen.weights[0] > 0
            y, mean = seen.y[0, used], eta[0, used]
            self.rows.append(_Rows(piece, used, y, seen.weights[0, used], mean, (y + self.added) / mean, np.zeros_like(mean)))

    @property
    def at_edge(self) -> bool:
        """Whether the least mean is next to nothing."""
        return min((float(rows.mean.min(initial=np.inf)) for rows in self.rows), default=np.inf) <= NEAR * self.unit

    @property
    def added(self) -> float:
        """Counts that are added to each row."""
        return self.share * self.unit

    def step(self) -> None:
        """One step of Newton's method, and fewer counts to add where it was a good one."""
        gradient = self._gradient()
        matrix = self.objective.penalised(self._hessian()[None], self.which)[0]
        direction, slope = self._direction(matrix, gradient)
        self.decrement = max(-0.5 * slope, 0.0)
        if self.decrement <= (self.limit if self.share <= LAST else CENTRED * self.added):
            if self.share <= LAST and (self.share == 0 or self.at_edge):
                self.done = True
                return
            # inside, the optimum itself is found from where the barrier is next to nothing
            self.share = 0.0 if self.share <= LAST else max(min(0.2 * self.share, self.share**FASTER), LAST)
            gradient = self._gradient()
            direction, slope = self._direction(matrix, gradient)
        self._move(direction, slope)

    def _gradient(self) -> np.ndarray:
        """(Q,) of the objective with the counts that are added, without the part that makes zeros."""
        found = np.zeros(self.theta.size)
        for rows in self.rows:
            residual = rows.spread(rows.weights * (1.0 - (rows.y + self.added) / rows.mean))
            found += rows.piece.back(residual, self.view.unit)[0]
        return found / self.total + self.objective.pull(self.theta[None], self.which)[0]

    def _hessian(self) -> np.ndarray:
        """(Q, Q) mean of z/mu x x'."""
        found = np.zeros((self.theta.size,) * 2)
        for rows in self.rows:
            curvature = rows.spread(rows.weights * rows.multiplier / rows.mean)
            found += rows.piece.grams(curvature, self.view.unit, "float64", signed=False)[0]
        return found / self.total

    def _direction(self, matrix: np.ndarray, gradient: np.ndarray) -> tuple[np.ndarray, float]:
        """Step (Q,) and the slope of the objective along it."""
        if self.sparsity is None:
            inner, slope = self.basis.T @ matrix @ self.basis, self.basis.T @ gradient
            direction = self.basis @ -_solved(inner, slope)
            return direction, float(gradient @ direction)
        movable = self.objective.movable[self.which[0]]
        moving = np.flatnonzero(movable[:-1])
        inside, now = self.sparsity.restricted(moving), self.theta[moving]
        inner, slope = matrix[np.ix_(moving, moving)], gradient[moving]
        cross, corner = matrix[moving, -1] * movable[-1], matrix[-1, -1]
        inner, slope = inner - np.outer(cross, cross) / corner, slope - cross * (gradient[-1] / corner)
        new = minimise_quadratic(inner, slope - inner @ now, inside, now)
        direction = np.zeros_like(self.theta)
        direction[moving] = new - now
        direction[-1] = -(gradient[-1] + cross @ direction[moving]) / corner * movable[-1]
        return direction, float(gradient @ direction) + inside.value(new) - inside.value(now)

    def _move(self, direction: np.ndarray, slope: np.ndarray) -> None:
        """Along a step (Q,) as far as the edge allows and the objective falls."""
        longest = 1.0
        for rows in self.rows:
            rows.turn = rows.piece.predictor(direction[None], self.view.unit)[0, rows.used]
            pull = rows.turn / rows.mean
            longest = min(longest, KEPT / max(-float(np.min(pull, initial=0.0)), KEPT))
            if self.share:
                back = (rows.y + self.added) / (rows.mean * rows.multiplier) - 1.0 - pull  # of the multiplier, relative to it
                longest = min(longest, KEPT / max(-float(np.min(back, initial=0.0)), KEPT))
        before, t = self._value(direction, 0.0), longest
        for _ in range(MOST_TRIALS):
            if self._value(direction, t) <= before + 1e-4 * t * slope + 1e-14 * max(1.0, abs(before)):
                break
            t *= 0.5
        new = self.theta + t * direction
        new[(self.theta != 0) & (np.abs(new) <= 1e-15 * np.abs(self.theta))] = 0.0  # one that is to become zero
        self.theta = new
        for rows in self.rows:
            turned = (rows.y + self.added) / rows.mean - rows.multiplier * (1.0 + rows.turn / rows.mean)
            eta, _ = seen_in(self.objective.problem.rows, rows.piece, self.view, self.theta[None])
            exact = eta[0, rows.used]
            rows.mean = np.where(exact > 0, exact, rows.mean + t * rows.turn)
            rows.multiplier = rows.multiplier + t * turned if self.share else rows.y / rows.mean

    def _value(self, direction: np.ndarray, t: float) -> float:
        """The objective with the counts that are added, so far along the step."""
        total = 0.0
        for rows in self.rows:
            mean = rows.mean + t * rows.turn
            total += float(rows.weights @ (mean - (rows.y + self.added) * np.log(mean)))
        there = self.theta + t * direction
        value = total / self.total + 0.5 * float(self.objective.pull(there[None], self.which)[0] @ there)
        return value + (self.sparsity.value(there[:-1]) if self.sparsity is not None else 0.0)


def _complement(null: np.ndarray, moving: np.ndarray, size: int) -> np.ndarray:
    """Orthonormal (Q, p - r) directions of what moves that are orthogonal to the columns of `null` (Q, r)."""
    found = np.zeros((size, moving.size - null.shape[1]))
    found[moving] = np.linalg.qr(null[moving], mode="complete")[0][:, null.shape[1] :]
    return found


def _solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve with a positive definite matrix whose curvatures may be fifteen orders of magnitude apart."""
    size = np.sqrt(np.maximum(np.diagonal(matrix), 1e-300))
    scaled = matrix / np.outer(size, size)
    try:
        return cho_solve(cho_factor(scaled, check_finite=False), right / size, check_finite=False) / size
    except LinAlgError:
        values, vectors = eigh(scaled, check_finite=False)
        return vectors @ ((vectors.T @ (right / size)) / np.maximum(values, 1e-15 * values[-1])) / size

"""A batched problem: K columns, each one unit at one strength with one fold held out, all on the same rows; and its solution."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glmengine.backend import jax_runtime as runtime
from glmengine.backend.pieces import Piece, pieces
from glmengine.backend.products import weighted_grams
from glmengine.backend.rows import Rows, bucket
from glmengine.threads import workers

ALL_ROWS = -9
"""Held-out fold of a column that is fitted to all rows (rows that are never held out have fold -1)."""


FEWEST, ELEMENTS = 1, 4e5
"""Up to so many columns, or predictors, a pass on a CPU is made in NumPy; from there on what is compiled is faster."""

FEW_COLUMNS = 16
"""With fewer columns a pass costs about the same for one of them as for all, so it is always made for all."""


@dataclass(frozen=True)
class Problem:
    """Mean loss plus quadratic penalty, for K columns.

    Attributes
    ----------
    rows : Rows
    family, link : frozen values with the formulas of `glmengine.models`
    unit : (K,) int
        Row of the observations.
    held : (K,) int
        Fold held out, `ALL_ROWS` for none.
    total : (K,) float
        Sum of the weights of the column's rows.
    mean : (K,) float
        Mean observation of the column's rows.
    penalty : (P, P) or (P,) array
        Matrix of the quadratic penalty, or its diagonal, in raw units.
    strength : (K,) float
        What the penalty is multiplied by.
    movable : (K, P) bool
        Coefficients that are fitted; the others are zero.
    intercept : bool
    limit : (K,) float
        Half the Newton decrement at which a column is done.
    dispersion : (K,) float
    """

    rows: Rows
    family: Any
    link: Any
    unit: np.ndarray
    held: np.ndarray
    total: np.ndarray
    mean: np.ndarray
    penalty: np.ndarray
    strength: np.ndarray
    movable: np.ndarray
    intercept: bool
    limit: np.ndarray
    dispersion: np.ndarray | None = None

    @property
    def n_columns(self) -> int:
        return self.unit.size

    @property
    def exact_curvature(self) -> bool:
        """Whether the observed second derivatives are above 0, so that Newton may use them."""
        return bool(self.family.has_curvature(self.link))


@dataclass(frozen=True)
class Solution:
    """Where a solver ended, in raw units.

    Attributes
    ----------
    coef : (K, P), intercept : (K,)
    objective, decrement : (K,)
        Mean loss plus penalty, and half the Newton decrement.
    converged : (K,) bool
        The stopping rule holds.
    runaway : (K,) bool
        Without an optimum: the coefficients grow for ever (separation).
    iterations : (K,) int
    solver : str
    trace : tuple of dict
        Per iteration: columns at work, largest decrement, passes over the rows, seconds.
    free : (K, P) bool or None
        Coefficients that the data do not determine; None where the penalty determines all.
    """

    coef: np.ndarray
    intercept: np.ndarray
    objective: np.ndarray
    decrement: np.ndarray
    converged: np.ndarray
    runaway: np.ndarray
    iterations: np.ndarray
    solver: str
    trace: tuple[dict[str, float], ...] = field(default=())
    free: np.ndarray | None = None


class Objective:
    """The functions of a problem that a solver may call, in the scale of the prepared columns.

    Parameters are (k, Q), Q = padded columns + 1, the intercept last; `columns` says which of the problem's K columns they are.
    """

    def __init__(self, problem: Problem, context: Any) -> None:
        self.problem, self.context = problem, context
        rows = problem.rows
        self.size = rows.padded + 1
        self.movable = np.zeros((problem.n_columns, self.size), bool)
        self.movable[:, : rows.n_features] = problem.movable
        self.movable[:, -1] = problem.intercept
        inverse = 1.0 / rows.scale
        if problem.penalty.ndim == 1:
            self.penalty = np.zeros(self.size)
            self.penalty[: rows.n_features] = problem.penalty * inverse**2
        else:
            self.penalty = np.zeros((self.size, self.size))
            self.penalty[: rows.n_features, : rows.n_features] = problem.penalty * np.outer(inverse, inverse)
        self.on_cpu = runtime.on_cpu()
        columns = problem.n_columns
        self.in_numpy = self.on_cpu and (columns <= FEWEST or rows.n * columns <= ELEMENTS or rows.nonzeros is not None)
        self.passes = 0
        self.hessians = 0.0  # counted by the share of the rows that were looked at

    def start(self, coef: np.ndarray, intercept: np.ndarray) -> np.ndarray:
        """Parameters of raw coefficients (K, P) and intercepts (K,)."""
        scaled, free = self.problem.rows.from_raw(coef, intercept)
        return np.where(self.movable, np.column_stack([scaled, free]), 0.0)

    def to_raw(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.problem.rows.to_raw(theta[:, :-1], theta[:, -1])

    def evaluate(self, theta: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Objective (k,), gradient (k, Q), and the size of the gradient's rounding errors (k,)."""
        k, total = columns.size, self.problem.total[columns]
        sums = self._sums_here(theta, columns) if self.in_numpy else self._sums_compiled(theta, columns)
        self.passes += 1
        loss, by_coef, by_intercept, absolute = (np.asarray(part)[:k] for part in sums)
        pull = self.pull(theta, columns)
        value = loss / total + 0.5 * np.sum(pull * theta, axis=1)
        gradient = np.column_stack([by_coef, by_intercept]) / total[:, None] + pull
        gradient[~self.movable[columns]] = 0.0
        return value, gradient, 8 * np.finfo(float).eps * absolute / total

    def _sums_compiled(self, theta: np.ndarray, columns: np.ndarray) -> list[Any]:
        """Loss, gradient by coefficients and by the intercept, and absolute score, summed over the rows by the compiled step."""
        from glmengine.backend import steps

        problem = self.problem
        arguments = self.arguments(theta, columns)
        sums: list[Any] = [0.0, 0.0, 0.0, 0.0]
        waiting: deque[Any] = deque()  # one chunk is worked on while the next is handed over
        for chunk in problem.rows:
            self.context.check()
            waiting.append(steps.loss_and_gradient(chunk, *arguments, family=problem.family, link=problem.link))
            if len(waiting) > 1:
                sums = [whole + np.asarray(part) for whole, part in zip(sums, waiting.popleft(), strict=True)]
        for parts in waiting:
            sums = [whole + np.asarray(part) for whole, part in zip(sums, parts, strict=True)]
        return sums

    def _sums_here(self, theta: np.ndarray, columns: np.ndarray) -> list[Any]:
        """The same in NumPy, which has nothing to compile and for few columns is as fast."""
        problem = self.problem
        value = self.values_of(theta, columns)

        def of_block(piece: Piece) -> tuple[np.ndarray, ...]:
            loss, score, _, _, weights = value(piece)
            residual = weights * score
            return np.sum(weights * loss, axis=1), piece.back(residual), residual.sum(axis=1), np.abs(residual).sum(axis=1)

        sums: list[Any] = [0.0, 0.0, 0.0, 0.0]
        with workers(problem.rows.n * problem.rows.padded * columns.size) as pool:
            for some in pieces(problem.rows):
                self.context.check()
                for parts in pool.map(of_block, some):
                    sums = [whole + part for whole, part in zip(sums, parts, strict=True)]
        return sums

    def at(
        self, piece: Piece, theta: np.ndarray, columns: np.ndarray, *, held_out: bool = False
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Linear predictors, observations and weights (k, c) of a piece, for the rows these columns are fitted to or those held out."""
        problem, observed = self.problem, self.problem.rows.observations
        unit = problem.unit[columns]
        eta = piece.predictor(theta)
        if observed.offset is not None:
            eta += piece.offset[unit if len(observed.offset) > 1 else [0]]
        y = piece.y[unit].astype(np.float64, copy=False)
        weights = piece.weights[unit if len(observed.weights) > 1 else [0]]
        if observed.fold is not None or held_out:
            same = piece.fold == problem.held[columns, None]
            weights = weights * (same if held_out else ~same)
        return eta, y, weights

    def values_of(self, theta: np.ndarray, columns: np.ndarray) -> Callable[[Piece], tuple[np.ndarray, ...]]:
        """(piece) -> loss, score, expected and observed curvature of its rows, and their weights, each (k, c), in NumPy."""
        problem = self.problem
        dispersion = None if problem.dispersion is None else problem.dispersion[columns, None]

        def values(piece: Piece) -> tuple[np.ndarray, ...]:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                eta, y, weights = self.at(piece, theta, columns)
                return *problem.family.evaluate(eta, y, problem.link, dispersion), weights

        return values

    def pull(self, theta: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Gradient (k, Q) of the penalty."""
        by_penalty = theta * self.penalty if self.penalty.ndim == 1 else theta @ self.penalty
        return by_penalty * self.problem.strength[columns][:, None]

    def hessian(
        self,
        theta: np.ndarray,
        columns: np.ndarray,
        precision: str = "float64",
        *,
        expected: bool | None = None,
        stride: int = 1,
    ) -> np.ndarray:
        """Second derivatives (k, Q, Q) of the mean loss, without the penalty; zero for what does not move.

        With a `stride` they may be estimated from every so many rows, as is done where that is faster (on a CPU).
        """
        from glmengine.backend import steps

        problem = self.problem
        if expected is None:
            expected = not problem.exact_curvature
        if self.on_cpu and (expected or problem.exact_curvature):
            return self._summed(theta, columns, expected, precision, stride)
        options = {"family": problem.family, "link": problem.link, "expected": expected, "precision": precision}
        return self._outer(lambda chunk, *arguments: steps.hessian(chunk, *arguments, **options), theta, columns)

    def _summed(self, theta: np.ndarray, columns: np.ndarray, expected: bool, precision: str, stride: int) -> np.ndarray:
        """`hessian` by the processor's own threads."""
        value = self.values_of(theta, columns)

        def curvatures(piece: Piece) -> np.ndarray:
            _, _, fisher, exact, weights = value(piece)
            return np.maximum((fisher if expected else exact) * weights, 0.0)

        result = weighted_grams(self.problem.rows, curvatures, columns.size, precision, self.context, stride=stride)
        self.hessians += columns.size / stride
        return self._settled(result, columns)

    def score_products(self, theta: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Mean outer product (k, Q, Q) of the rows' gradients, without the penalty."""
        from glmengine.backend import steps

        problem = self.problem
        return self._outer(
            lambda chunk, *arguments: steps.score_products(chunk, *arguments, family=problem.family, link=problem.link),
            theta,
            columns,
        )

    def _outer(self, step: Any, theta: np.ndarray, columns: np.ndarray) -> np.ndarray:
        Q = self.size
        result = np.zeros((columns.size, Q, Q))
        # one by one: a single compiled step serves any number of columns
        arguments = [self.arguments(theta[[k]], columns[[k]], (1,)) for k in range(columns.size)]
        for chunk in self.problem.rows:
            for k in range(columns.size):
                self.context.check()
                block, cross, corner = (np.asarray(part) for part in step(chunk, *arguments[k]))
                result[k, :-1, :-1] += block
                result[k, :-1, -1] += cross
                result[k, -1, -1] += corner
        self.hessians += columns.size
        result[:, -1, :-1] = result[:, :-1, -1]
        return self._settled(result, columns)

    def _settled(self, result: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Sums (k, Q, Q) as means, zero for what does not move."""
        result /= self.problem.total[columns][:, None, None]
        fixed = ~self.movable[columns]
        result[np.broadcast_to(fixed[:, :, None], result.shape) | np.broadcast_to(fixed[:, None, :], result.shape)] = 0.0
        return result

    def penalised(self, hessian: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """`hessian` (k, Q, Q) with the penalty's matrix, and 1 on the diagonal of what does not move."""
        matrix = np.diag(self.penalty) if self.penalty.ndim == 1 else self.penalty
        result = hessian + self.problem.strength[columns][:, None, None] * matrix
        k, fixed = np.nonzero(~self.movable[columns])
        result[k, fixed, :] = 0.0
        result[k, :, fixed] = 0.0
        result[k, fixed, fixed] = 1.0
        return result

    def arguments(self, theta: np.ndarray, columns: np.ndarray, sizes: tuple[int, ...] | None = None) -> tuple[Any, Any, Any]:
        """Coefficients, intercepts and `steps.Where`, padded to the least of a few sizes, for each of which a step is compiled."""
        from glmengine.backend import steps

        problem = self.problem
        rows, k = problem.rows, columns.size
        full = bucket(problem.n_columns)
        if sizes is None:
            sizes = (full,) if full < FEW_COLUMNS else (bucket(full // 4), full)
        padded = np.zeros((min(size for size in (*sizes, full) if size >= k), self.size))
        padded[:k] = theta
        chosen = np.concatenate([columns, np.repeat(columns[:1], len(padded) - k)])
        unit = problem.unit[chosen].astype(np.int32)
        shared = np.zeros_like(unit)
        offset = rows.observations.offset
        dispersion = np.ones(unit.size) if problem.dispersion is None else problem.dispersion[chosen]
        where = steps.Where(
            unit,
            unit if len(rows.observations.weights) > 1 else shared,
            unit if offset is not None and len(offset) > 1 else shared,
            problem.held[chosen].astype(np.int32),
            dispersion,
        )
        return padded[:, :-1], padded[:, -1], where

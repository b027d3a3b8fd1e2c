"""Sums over the rows for a softmax, in standardised columns: the loss of K classes, its gradient and its Hessian."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from glmengine.backend.choice import backend_for
from glmengine.backend.class_formulas import ClassCurvatures, ClassLogLikelihood, ClassLosses
from glmengine.backend.formulas import RowWeights
from glmengine.backend.operations import ALL_ROWS, View
from glmengine.backend.rows import Rows
from glmengine.context import SILENT
from glmengine.solvers.rank import constant_columns


class StandardColumns:
    """Prepared rows whose columns are thought of as centred and scaled to unit variance; made once for all that is fitted to them.

    Parameters
    ----------
    rows : Rows
        Observations are class numbers.

    Attributes
    ----------
    shift, scale : (P,) array
        Mean (without an intercept 0) and standard deviation of the columns in raw units.
    constant : (P,) bool
    """

    def __init__(self, rows: Rows, context: Any = SILENT) -> None:
        self.rows, self.context = rows, context
        self.constant = constant_columns(rows, context)
        gram = backend_for(rows, rows.columns, context).grams.gram()
        places, n = rows.places, max(rows.n, 1)
        self._mean = gram[places, -1] / n if rows.centred else np.zeros(places.size)
        spread = np.sqrt(np.maximum(np.diagonal(gram)[places] / n - self._mean**2, 0.0))
        self._scale = np.where(self.constant, 1.0, spread)
        prepared = rows.preparation
        self.shift, self.scale = prepared.centre + prepared.scale * self._mean, prepared.scale * self._scale

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows.n, self.rows.n_features

    def parameters(self, u: np.ndarray, b: np.ndarray) -> np.ndarray:
        """(k, Q) parameters of the prepared columns from standardised coefficients (k, P) and intercepts (k,)."""
        raw = u / self.scale
        return self.parameters_of_raw(raw, b - raw @ self.shift)

    def parameters_of_raw(self, coef: np.ndarray, intercept: np.ndarray) -> np.ndarray:
        """The same from raw ones."""
        scaled, free = self.rows.preparation.from_raw(coef, intercept, np.zeros(len(coef), int))
        return np.column_stack([scaled, free])

    def slopes(self, gradient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradients by standardised coefficients (k, P) and intercepts (k,) from those by parameters (k, Q)."""
        sums = gradient[:, -1]
        return (gradient[:, self.rows.places] - np.outer(sums, self._mean)) / self._scale, sums

    @cached_property
    def turn(self) -> np.ndarray:
        """(P + 1, Q): a constant and the standardised columns from the prepared ones."""
        P = self._mean.size
        turn = np.zeros((P + 1, self.rows.size))
        turn[0, -1] = 1.0
        turn[np.arange(1, P + 1), self.rows.places] = 1.0 / self._scale
        turn[1:, -1] = -self._mean / self._scale
        return turn

    def log_likelihood(self, coef: np.ndarray, intercept: np.ndarray, unit: int, held: int) -> float:
        """Of raw coefficients (P, K) and intercepts (K,) of all classes, summed over the rows of a unit that are held out."""
        K = intercept.size
        view = View(np.full(K, unit), np.full(K, held), held_out=True)
        theta = self.parameters_of_raw(coef.T, np.where(np.isneginf(intercept), -1e300, intercept))
        passes = backend_for(self.rows, K, self.context).passes
        return float(passes.sums(ClassLogLikelihood(tuple(range(K))), view, theta).sum())


class SoftmaxRows:
    """What is summed over the rows that one unit is fitted to.

    Parameters
    ----------
    columns : StandardColumns
    unit : int
    held : int
        Fold held out, `ALL_ROWS` for none.
    classes : (n,) int array
        Those that occur.
    k : int
        The first so many of them have coefficients; the predictor of one more, if there is one, is 0.
    """

    def __init__(self, columns: StandardColumns, unit: int, held: int, classes: np.ndarray, k: int) -> None:
        self.columns, self.k, self._size = columns, k, columns.shape[1]
        numbers = tuple(int(number) for number in classes)
        self._softmax = numbers[:k], (numbers[k] if k < len(numbers) else None)
        self._view = View(np.full(k, unit), np.full(k, held))
        _, weights = columns.rows.observations.of(unit, held)
        self.total = float(weights.sum())
        self._backend = backend_for(columns.rows, max(k, 1), columns.context)

    @property
    def backend(self) -> str:
        return self._backend.name

    def evaluate(self, u: np.ndarray, b: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Mean loss, its gradient by `u` (k, P) and by `b` (k,), at standardised coefficients."""
        if not self.k:
            return 0.0, np.zeros((0, self._size)), np.zeros(0)
        theta = self.columns.parameters(u, b)
        loss, gradient, _ = self._backend.passes.slopes(ClassLosses(*self._softmax), self._view, theta)
        slope, sums = self.columns.slopes(gradient)
        return float(loss[0]) / self.total, slope / self.total, sums / self.total

    def hessian(self, u: np.ndarray, b: np.ndarray, stride: int = 1) -> np.ndarray:
        """(k, P + 1, k, P + 1) Hessian of the mean loss, intercept first, in standardised columns, from one row in `stride`."""
        theta, turn, size = self.columns.parameters(u, b), self.columns.turn, self._size + 1
        pairs = [(one, other) for one in range(self.k) for other in range(one + 1)]
        sums = self._backend.grams.grams(ClassCurvatures(*self._softmax), self._view, theta, stride=stride)
        H = np.empty((self.k, size, self.k, size))
        for (one, other), matrix in zip(pairs, sums, strict=True):
            made = turn @ matrix @ turn.T
            H[one, :, other, :] = H[other, :, one, :] = made if one == other else -made
        return H / self.total

    def gram(self) -> np.ndarray:
        """(P + 1, P + 1) mean outer product of the rows in standardised columns, a constant first."""
        view = View(self._view.unit[:1], self._view.held[:1]) if self.k else View(np.zeros(1, int), np.full(1, ALL_ROWS))
        matrix = self._backend.grams.grams(RowWeights(), view, np.zeros((1, self.columns.rows.size)))[0]
        return self.columns.turn @ matrix @ self.columns.turn.T / matrix[-1, -1]

    def largest_loss(self, u: np.ndarray, b: np.ndarray) -> float:
        """Minus the smallest log-probability that a class has anywhere in the first stretch of rows that count."""
        theta = self.columns.parameters(u, b)
        rows, first = next(self._backend.passes.predictor(self._view, theta))
        _, weights = self.columns.rows.observations.of(int(self._view.unit[0]), int(self._view.held[0]))
        used = weights[rows] > 0
        first = np.asarray(first)[: self.k, : used.size][:, used]
        return float(-ClassLosses(*self._softmax).probabilities(first)[1].min(initial=0.0))

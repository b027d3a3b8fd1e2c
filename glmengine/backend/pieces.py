"""Some prepared rows and what was observed there: the products that a pass in NumPy takes of them, with all their zeros or without.

A piece has `predictor`, `back` and `grams`; who makes a pass does not know which kind it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from glmengine.backend.nonzeros import Nonzeros, Part
from glmengine.backend.rows import Chunk, Observations, Rows

BLOCK_NUMBERS = 2**19
"""Numbers in a block of rows."""


@dataclass(frozen=True)
class WholePiece:
    """Rows of a chunk with all their numbers.

    Attributes
    ----------
    rows : slice
        Which rows of the problem.
    X : (c, P) array
    own : (U, H, c) array or None
    y, weights, offset : (U or 1, c) array
    fold : (c,) int array
    """

    rows: slice
    X: np.ndarray
    own: np.ndarray | None
    y: np.ndarray
    weights: np.ndarray
    offset: np.ndarray
    fold: np.ndarray

    @classmethod
    def of(cls, chunk: Chunk, part: slice, first: int) -> WholePiece:
        own = None if chunk.own is None else chunk.own[:, :, part]
        rows = slice(first + part.start, first + part.stop, part.step)
        return cls(rows, chunk.X[part], own, chunk.y[:, part], chunk.weights[:, part], chunk.offset[:, part], chunk.fold[part])

    def predictor(self, theta: np.ndarray, unit: np.ndarray) -> np.ndarray:
        """(k, c) linear predictors of parameters (k, Q), the intercept last."""
        P = self.X.shape[1]
        eta = np.ascontiguousarray(theta[:, :P]) @ self.X.T
        eta += theta[:, -1:]
        return _with_own(eta, self.own, theta[:, P:-1], unit)

    def back(self, residual: np.ndarray, unit: np.ndarray) -> np.ndarray:
        """(k, Q) sums over the rows of residuals (k, c) times the rows."""
        return _whole(residual @ self.X, self.own, residual, unit)

    def grams(
        self, weights: np.ndarray, unit: np.ndarray, precision: str, signed: bool, among: np.ndarray | None = None
    ) -> np.ndarray:
        """(n, Q, Q) sums of w z z' for rows of weights (n, c), of units (n,); products are made in `precision`."""
        X = (self.X if among is None else self.X[:, among]).astype(precision, copy=False)
        P, own = X.shape[1], self.own if among is None else None
        columns = P if own is None else P + own.shape[1]
        factors = (weights if signed else np.sqrt(weights)).astype(precision, copy=False)[:, :, None]
        result = np.empty((len(weights), columns + 1, columns + 1))
        scaled = np.empty((X.shape[0], columns), precision)
        for matrix, row, factor, u in zip(result, weights, factors, unit.tolist(), strict=True):
            values = X if own is None else np.concatenate([X, own[u].T], axis=1, dtype=X.dtype)
            np.multiply(values, factor, out=scaled)
            if signed:  # rows may bend the other way: there is no root
                matrix[:-1, :-1] = values.T @ scaled
                matrix[:-1, -1] = scaled.sum(axis=0)
            else:
                matrix[:-1, :-1] = scaled.T @ scaled
                matrix[:-1, -1] = (scaled.T @ factor)[:, 0]
            matrix[-1, :-1], matrix[-1, -1] = matrix[:-1, -1], row.sum()
        return result


@dataclass(frozen=True)
class SparsePiece:
    """Rows without their zeros; attributes and products as those of `WholePiece`, in float64."""

    nonzeros: Nonzeros
    part: Part
    y: np.ndarray
    weights: np.ndarray
    offset: np.ndarray
    fold: np.ndarray

    @classmethod
    def of(cls, nonzeros: Nonzeros, part: Part, observed: Observations) -> SparsePiece:
        rows, n = part.rows, part.seldom.shape[0]
        offset = np.zeros((1, n)) if observed.offset is None else observed.offset[:, rows]
        fold = np.full(n, -1, np.int32) if observed.fold is None else observed.fold[rows]
        return cls(nonzeros, part, observed.y[:, rows], observed.weights[:, rows], offset, fold)

    @property
    def rows(self) -> slice:
        return self.part.rows

    def predictor(self, theta: np.ndarray, unit: np.ndarray) -> np.ndarray:
        eta = self.nonzeros.predictor(self.part, theta)
        return _with_own(eta, self.part.own, theta[:, self.nonzeros.size : -1], unit)

    def back(self, residual: np.ndarray, unit: np.ndarray) -> np.ndarray:
        return _whole(self.nonzeros.back(self.part, residual), self.part.own, residual, unit)

    def grams(
        self, weights: np.ndarray, unit: np.ndarray, precision: str, signed: bool, among: np.ndarray | None = None
    ) -> np.ndarray:
        return np.stack([self._gram(row, u, among) for row, u in zip(weights, unit.tolist(), strict=True)])

    def _gram(self, weights: np.ndarray, unit: int, among: np.ndarray | None) -> np.ndarray:
        own = None if self.part.own is None or among is not None else self.part.own[unit]
        matrix, cross, corner = self.nonzeros.gram(self.part, weights)
        if among is not None:
            matrix, cross = matrix[np.ix_(among, among)], cross[among]
        P, H = len(cross), 0 if own is None else len(own)
        result = np.empty((P + H + 1, P + H + 1))
        result[:P, :P], result[:P, -1], result[-1, -1] = matrix, cross, corner
        if own is not None:
            weighted = own * weights
            result[:P, P:-1] = self.nonzeros.back(self.part, weighted).T
            result[P:-1, P:-1], result[P:-1, -1] = weighted @ own.T, weighted.sum(axis=1)
            result[P:-1, :P] = result[:P, P:-1].T
        result[-1, :-1] = result[:-1, -1]
        return result


Piece = WholePiece | SparsePiece


def pieces(rows: Rows, stride: int = 1) -> Iterator[list[Piece]]:
    """All rows, some pieces at a time: enough for all threads, few enough to be asked in between whether to go on.

    With a `stride` only every so many rows.
    """
    nonzeros = rows.nonzeros
    if nonzeros is not None:
        for first in range(0, len(nonzeros.parts), 8):
            some = nonzeros.parts[first : first + 8]
            yield [SparsePiece.of(nonzeros, part.every(stride), rows.observations) for part in some]
        return
    size = max(256, BLOCK_NUMBERS // max(rows.padded, 1)) * stride
    waiting: list[Piece] = []
    for number, chunk in enumerate(rows.here()):
        begin = number * rows.chunk_rows
        used = min(rows.n - begin, rows.chunk_rows)
        waiting += [WholePiece.of(chunk, slice(start, min(start + size, used), stride), begin) for start in range(0, used, size)]
        if len(waiting) >= 8 or not rows.resident:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _with_own(eta: np.ndarray, own: np.ndarray | None, theta: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Predictors (k, c) with what own columns (U, H, c) add at their parameters (k, H)."""
    if own is not None:
        for u in np.unique(unit):
            some = np.flatnonzero(unit == u)
            eta[some] += theta[some] @ own[u]
    return eta


def _whole(shared: np.ndarray, own: np.ndarray | None, residual: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """(k, Q) sums: those of the shared columns (k, P), of own columns (U, H, c), and of the residuals (k, c) themselves."""
    parts = [shared]
    if own is not None:
        parts.append(np.zeros((len(residual), own.shape[1])))
        for u in np.unique(unit):
            some = np.flatnonzero(unit == u)
            parts[1][some] = residual[some] @ own[u].T
    return np.concatenate([*parts, residual.sum(axis=1)[:, None]], axis=1)

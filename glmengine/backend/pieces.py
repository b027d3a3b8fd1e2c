"""Some prepared rows and what was observed there: the products that a pass in NumPy takes of them, with all their zeros or without.

A piece has `predictor`, `back` and `grams`; who makes a pass does not know which kind it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from glmengine.backend.cells import CellPiece, cells_of
from glmengine.backend.chunks import Chunk
from glmengine.backend.nonzeros import Nonzeros, Part, nonzeros_of
from glmengine.backend.observations import Observations
from glmengine.backend.products import add_own, times, weighted_grams, with_own_sums
from glmengine.backend.rows import Rows

BLOCK_NUMBERS = 2**19
"""Numbers in a block of rows; twice as many of those in float32."""


@dataclass(frozen=True)
class WholePiece:
    """Rows of a chunk with all their numbers.

    Attributes
    ----------
    rows : slice or (c,) int array
        Which rows of the problem.
    places : (p,) int array or None
        Which of the parameters sums are of, None for all.
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

    places = None

    @classmethod
    def of(cls, chunk: Chunk, part: slice, first: int) -> WholePiece:
        own = None if chunk.own is None else chunk.own[:, :, part]
        rows = slice(first + part.start, first + part.stop, part.step)
        return cls(rows, chunk.X[part], own, chunk.y[:, part], chunk.weights[:, part], chunk.offset[:, part], chunk.fold[part])

    def predictor(self, theta: np.ndarray, unit: np.ndarray) -> np.ndarray:
        """(k, c) linear predictors of parameters (k, Q), the intercept last."""
        P = self.X.shape[1]
        eta = times(np.ascontiguousarray(theta[:, :P], self.X.dtype), self.X.T)
        eta += theta[:, -1:]
        return add_own(eta, self.own, theta[:, P:-1], unit)

    def back(self, residual: np.ndarray, unit: np.ndarray) -> np.ndarray:
        """(k, Q) sums over the rows of residuals (k, c) times the rows."""
        return with_own_sums(times(residual, self.X), self.own, residual, unit)

    def grams(
        self, weights: np.ndarray, unit: np.ndarray, precision: str, signed: bool, among: np.ndarray | None = None
    ) -> np.ndarray:
        """(n, Q, Q) sums of w z z' for rows of weights (n, c), of units (n,); products are made in `precision`."""
        if among is not None:
            return weighted_grams(self.X[:, among], None, weights, unit, precision, signed)
        return weighted_grams(self.X, self.own, weights, unit, precision, signed)


@dataclass(frozen=True)
class ReadPiece:
    """Rows that are read where a product of them is taken; attributes and products as those of `WholePiece`."""

    problem: Rows
    rows: slice

    places = None

    @cached_property
    def whole(self) -> WholePiece:
        rows, observed = self.rows, self.problem.observations
        X = self.problem.read(rows.start, rows.stop)[:: rows.step]
        offset = np.zeros((1, len(X))) if observed.offset is None else observed.offset[:, rows]
        fold = np.full(len(X), -1, np.int32) if observed.fold is None else observed.fold[rows]
        return WholePiece(rows, X, None, observed.y[:, rows], observed.weights[:, rows], offset, fold)

    @property
    def y(self) -> np.ndarray:
        return self.whole.y

    @property
    def weights(self) -> np.ndarray:
        return self.whole.weights

    @property
    def offset(self) -> np.ndarray:
        return self.whole.offset

    @property
    def fold(self) -> np.ndarray:
        return self.whole.fold

    def predictor(self, theta: np.ndarray, unit: np.ndarray) -> np.ndarray:
        return self.whole.predictor(theta, unit)

    def back(self, residual: np.ndarray, unit: np.ndarray) -> np.ndarray:
        return self.whole.back(residual, unit)

    def grams(
        self, weights: np.ndarray, unit: np.ndarray, precision: str, signed: bool, among: np.ndarray | None = None
    ) -> np.ndarray:
        return self.whole.grams(weights, unit, precision, signed, among)


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

    places = None

    @property
    def rows(self) -> slice:
        return self.part.rows

    def predictor(self, theta: np.ndarray, unit: np.ndarray) -> np.ndarray:
        eta = self.nonzeros.predictor(self.part, theta)
        return add_own(eta, self.part.own, theta[:, self.nonzeros.size : -1], unit)

    def back(self, residual: np.ndarray, unit: np.ndarray) -> np.ndarray:
        return with_own_sums(self.nonzeros.back(self.part, residual), self.part.own, residual, unit)

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


Piece = WholePiece | ReadPiece | SparsePiece | CellPiece


def pieces(rows: Rows, stride: int = 1, precision: str = "float64") -> Iterator[Piece]:
    """All rows piece by piece, made as they are asked for; with a `stride` only every so many rows.

    Those with all their zeros come in `precision` where the rows are kept in it.
    """
    nonzeros, cells = nonzeros_of(rows), cells_of(rows)
    if rows.piece_rows is not None:
        size = rows.piece_rows * stride
        for start in range(0, rows.n, size):
            yield ReadPiece(rows, slice(start, min(start + size, rows.n), stride))
    elif cells is not None:
        for piece in cells.pieces:
            yield piece if stride == 1 else piece.every(stride)
    elif nonzeros is not None:
        for part in nonzeros.parts:
            yield SparsePiece.of(nonzeros, part.every(stride), rows.observations)
    else:
        numbers = BLOCK_NUMBERS * (2 if precision == "float32" and rows.has_single else 1)
        size = max(256, numbers // max(rows.padded, 1)) * stride
        for number, chunk in enumerate(rows.here(precision)):
            begin = number * rows.chunk_rows
            used = min(rows.n - begin, rows.chunk_rows)
            for start in range(0, used, size):
                yield WholePiece.of(chunk, slice(start, min(start + size, used), stride), begin)

"""Some prepared rows and what was observed there: the products that a pass in NumPy takes of them, with all their zeros or without.

A piece has `predictor`, `back` and `grams`; who makes a pass does not know which kind it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from glmengine.backend.cells import CellPiece, cells_of
from glmengine.backend.chunks import Chunk, block_parts
from glmengine.backend.nonzeros import Nonzeros, Part, nonzeros_of
from glmengine.backend.observations import Observations
from glmengine.backend.products import add_own, are_seldom, row_sums, times, times_turned, weighted_grams, with_own_sums
from glmengine.backend.rows import Rows
from glmengine.backend.turned_rows import TurnedRows

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
        return add_own(_of_shared(theta, self.X.T), self.own, theta[:, self.X.shape[1] : -1], unit)

    def back(self, residual: np.ndarray, unit: np.ndarray) -> np.ndarray:
        """(k, Q) sums over the rows of residuals (k, c) times the rows."""
        return with_own_sums(row_sums(residual, self.X), self.own, residual, unit)

    def grams(
        self, weights: np.ndarray, unit: np.ndarray, precision: str, signed: bool, among: np.ndarray | None = None
    ) -> np.ndarray:
        """(n, Q, Q) sums of w z z' for rows of weights (n, c), of units (n,); products are made in `precision`."""
        return _grams(self.X.T, self.own, weights, unit, precision, signed, among)


class _ObservedLate:
    """What was observed in some rows, for those who ask."""

    rows: slice
    observations: Observations

    @property
    def y(self) -> np.ndarray:
        return self.observations.y[:, self.rows]

    @property
    def weights(self) -> np.ndarray:
        return self.observations.weights[:, self.rows]

    @property
    def offset(self) -> np.ndarray:
        return self.observations.offset_at(self.rows)

    @cached_property
    def fold(self) -> np.ndarray:
        return self.observations.fold_at(self.rows)


@dataclass(frozen=True)
class ReadPiece(_ObservedLate):
    """Rows that are read and prepared where a product of them is taken; attributes and products as those of `WholePiece`."""

    problem: Rows
    rows: slice

    places = None

    @property
    def observations(self) -> Observations:
        return self.problem.observations

    @cached_property
    def raw(self) -> np.ndarray:
        """(c, p) as the source gives them."""
        return self.problem.read_shared(self.rows.start, self.rows.stop)[:: self.rows.step]

    @cached_property
    def X(self) -> np.ndarray:
        return self.problem.prepared_rows(self.raw)

    def predictor(self, theta: np.ndarray, unit: np.ndarray) -> np.ndarray:
        if not self.problem.near_centre:
            return _of_shared(theta, self.X.T)
        coef, intercept = self.problem.preparation.shared_to_raw(theta)
        eta = times(coef, self.raw.T)
        eta += intercept[:, None]
        return eta

    def back(self, residual: np.ndarray, unit: np.ndarray) -> np.ndarray:
        whole = residual
        some = np.flatnonzero(residual.any(axis=0)) if are_seldom(residual) else slice(None)
        residual = residual[:, some]
        if not self.problem.near_centre:
            X = self.X if isinstance(some, slice) else self.problem.prepared_rows(self.raw[some])
            return with_own_sums(row_sums(residual, X), None, whole, unit)
        return self.problem.preparation.sums_of_raw(row_sums(residual, self.raw[some]), whole.sum(axis=1))

    def grams(
        self, weights: np.ndarray, unit: np.ndarray, precision: str, signed: bool, among: np.ndarray | None = None
    ) -> np.ndarray:
        return _grams(self.X.T, None, weights, unit, precision, signed, among)


@dataclass(frozen=True)
class TurnedPiece(_ObservedLate):
    """Rows in float32 that lie columns x rows; attributes and products as those of `WholePiece`.

    Attributes
    ----------
    columns : callable
        Gives the rows' shared columns (P, c), which are made by the first thread that asks for them.
    """

    rows: slice
    columns: Callable[[], np.ndarray]
    observations: Observations

    places = None

    @cached_property
    def X(self) -> np.ndarray:
        return self.columns()

    @property
    def weights(self) -> np.ndarray:
        return super().weights.astype(np.float32)

    @property
    def offset(self) -> np.ndarray:
        return super().offset.astype(np.float32)

    def predictor(self, theta: np.ndarray, unit: np.ndarray) -> np.ndarray:
        return _of_shared(theta, self.X)

    def back(self, residual: np.ndarray, unit: np.ndarray) -> np.ndarray:
        return with_own_sums(times_turned(residual, self.X), None, residual, unit)

    def grams(
        self, weights: np.ndarray, unit: np.ndarray, precision: str, signed: bool, among: np.ndarray | None = None
    ) -> np.ndarray:
        return _grams(self.X, None, weights, unit, precision, signed, among)


@dataclass(frozen=True)
class SparsePiece(_ObservedLate):
    """Rows without their zeros; attributes and products as those of `WholePiece`, in float64."""

    nonzeros: Nonzeros
    part: Part
    observations: Observations

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


Piece = WholePiece | ReadPiece | TurnedPiece | SparsePiece | CellPiece


def _of_shared(theta: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """(k, c) what shared columns (P, c) and the intercept add to linear predictors, at parameters (k, Q)."""
    eta = times(np.ascontiguousarray(theta[:, : len(columns)], columns.dtype), columns)
    eta += theta[:, -1:].astype(eta.dtype)  # a sum of two kinds of numbers takes as long as half of the product
    return eta


def _grams(
    columns: np.ndarray,
    own: np.ndarray | None,
    weights: np.ndarray,
    unit: np.ndarray,
    precision: str,
    signed: bool,
    among: np.ndarray | None,
) -> np.ndarray:
    """`weighted_grams` of all columns, or of those `among` the shared ones (P, c)."""
    if among is not None:
        columns, own = columns[among], None
    return weighted_grams(columns, own, weights, unit, precision, signed)


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
        single = precision == "float32" and cells.has_single
        for piece in cells.pieces:
            there = piece.single if single else piece
            yield there if stride == 1 else there.every(stride)
    elif nonzeros is not None:
        for part in nonzeros.parts:
            yield SparsePiece(nonzeros, part.every(stride), rows.observations)
    elif precision == "float32" and rows.turned is not None:
        yield from _turned(rows, rows.turned, stride)
    elif rows.begin_pass():
        for part in block_parts(rows.n, rows.chunk_rows, _block_rows(rows), stride):
            yield ReadPiece(rows, part)
    else:
        size = _block_rows(rows, precision) * stride
        for number, chunk in enumerate(rows.here(precision)):
            begin = number * rows.chunk_rows
            used = min(rows.n - begin, rows.chunk_rows)
            for start in range(0, used, size):
                yield WholePiece.of(chunk, slice(start, min(start + size, used), stride), begin)


def about_how_many(rows: Rows, stride: int = 1, precision: str = "float64") -> int:
    """How many `pieces` there are, but for those that end with a chunk."""
    nonzeros, cells, size = nonzeros_of(rows), cells_of(rows), rows.piece_rows
    if size is None:
        if cells is not None:
            return len(cells.pieces)
        if nonzeros is not None:
            return len(nonzeros.parts)
        if precision == "float32" and rows.turned is not None:
            return -(-len(rows.turned.parts) // stride)
        size = _block_rows(rows, precision)
    return -(-rows.n // (size * stride))


def _block_rows(rows: Rows, precision: str = "float64") -> int:
    """Rows of a block of chunks, or of an array."""
    numbers = BLOCK_NUMBERS * (2 if precision == "float32" and rows.has_single else 1)
    return max(256, numbers // max(rows.padded, 1))


def _turned(rows: Rows, turned: TurnedRows, stride: int) -> Iterator[TurnedPiece]:
    """One piece a block; with a `stride` so many blocks in one, which then is as large as a block of all its rows."""
    for first in range(0, len(turned.parts), stride):
        numbers = range(first, min(first + stride, len(turned.parts)))
        whole = slice(turned.parts[first].start, turned.parts[numbers[-1]].stop, stride)
        yield TurnedPiece(whole, partial(_columns_of, rows, turned, numbers, whole), rows.observations)


def _columns_of(rows: Rows, turned: TurnedRows, numbers: range, whole: slice) -> np.ndarray:
    """(P, c) the rows `whole` of blocks that follow each other."""
    found = []
    for number in numbers:
        part = turned.parts[number]
        begin = -(part.start - whole.start) % whole.step
        found.append(turned.block(number, rows.reader(part))[:, begin :: whole.step])
    return found[0] if len(found) == 1 else np.concatenate(found, axis=1)

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

Gram = tuple[np.ndarray, np.ndarray, float]
"""Sums of w x x' (P, P), of w x (P,), and of w."""


@dataclass(frozen=True)
class WholePiece:
    """Rows of a chunk with all their numbers.

    Attributes
    ----------
    X : (c, P) array
    y, weights, offset : (U or 1, c) array
    fold : (c,) int array
    """

    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    offset: np.ndarray
    fold: np.ndarray

    @classmethod
    def of(cls, chunk: Chunk, part: slice) -> WholePiece:
        return cls(chunk.X[part], chunk.y[:, part], chunk.weights[:, part], chunk.offset[:, part], chunk.fold[part])

    def predictor(self, theta: np.ndarray) -> np.ndarray:
        """(k, c) linear predictors of parameters (k, P + 1), the intercept last."""
        eta = np.ascontiguousarray(theta[:, :-1]) @ self.X.T
        eta += theta[:, -1:]
        return eta

    def back(self, residual: np.ndarray) -> np.ndarray:
        """(k, P) sums over the rows of residuals (k, c) times the rows."""
        return residual @ self.X

    def grams(self, weights: np.ndarray, precision: str) -> list[Gram]:
        """One for each row of weights (n, c), none below zero; products are made in `precision`."""
        X = self.X.astype(precision, copy=False)
        result = []
        for row in weights:
            root = np.sqrt(row).astype(precision, copy=False)[:, None]
            scaled = X * root
            result.append((scaled.T @ scaled, (scaled.T @ root)[:, 0], float(row.sum())))
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

    def predictor(self, theta: np.ndarray) -> np.ndarray:
        return self.nonzeros.predictor(self.part, theta)

    def back(self, residual: np.ndarray) -> np.ndarray:
        return self.nonzeros.back(self.part, residual)

    def grams(self, weights: np.ndarray, precision: str) -> list[Gram]:
        return [self.nonzeros.gram(self.part, row) for row in weights]


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
    left = rows.n
    for chunk in rows.here():
        used = min(left, rows.chunk_rows)
        left -= used
        waiting += [WholePiece.of(chunk, slice(start, min(start + size, used), stride)) for start in range(0, used, size)]
        if len(waiting) >= 8 or not rows.resident:
            yield waiting
            waiting = []
    if waiting:
        yield waiting

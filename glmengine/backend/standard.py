"""Designs whose columns are centred and scaled to unit variance in passing, block by block, for the solvers in NumPy."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Protocol

import numpy as np

from glmengine.threads import workers

CHUNK_BYTES = 16 * 2**20
"""Rows are worked through in chunks of about this size, which stay in the processor's cache between the two products."""


class Blocks(Protocol):
    """Rows of a design, a block at a time."""

    @property
    def shape(self) -> tuple[int, int]:
        """(T, P)."""

    def pieces(self) -> Iterable[tuple[slice, np.ndarray]]:
        """Slices of rows with their float64 values; a list where they are all in memory."""


class ArrayBlocks:
    """Rows of an array (T, P) in memory."""

    def __init__(self, X: np.ndarray) -> None:
        self.X = np.ascontiguousarray(X, dtype=float)
        self.shape = self.X.shape

    def pieces(self) -> list[tuple[slice, np.ndarray]]:
        n_rows, n_columns = self.shape
        step = max(CHUNK_BYTES // (8 * max(n_columns, 1)), 1024)
        parts = [slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step)]
        return [(part, self.X[part]) for part in parts]


class StandardRows:
    """A design whose columns are centred and scaled in passing; made once and used for every strength.

    Parameters
    ----------
    blocks : Blocks
        Free of NaN (rows not used may hold anything finite).
    used : (T,) bool or None
        Rows that count for the means and standard deviations; all where None.
    centred : bool
        Whether columns are centred: only with an intercept.
    """

    def __init__(self, blocks: Blocks, used: np.ndarray | None = None, *, centred: bool = True) -> None:
        self.blocks, self.shape = blocks, blocks.shape
        n_rows, n_columns = blocks.shape
        weights = np.ones(n_rows) if used is None else used.astype(float)
        count = max(float(weights.sum()), 1.0)
        everything = bool(weights.all())

        def totals(piece: tuple[slice, np.ndarray]) -> np.ndarray:
            return weights[piece[0]] @ piece[1]

        def squares(piece: tuple[slice, np.ndarray]) -> np.ndarray:
            deviation = piece[1] - self.shift
            if not everything:
                deviation *= weights[piece[0]][:, None]
            return np.einsum("ij,ij->j", deviation, deviation)

        with workers(n_rows * n_columns) as pool:
            mean = sum(pool.map(totals, blocks.pieces()), np.zeros(n_columns)) / count
            self.shift = mean if centred else np.zeros(n_columns)
            spread = np.sqrt(sum(pool.map(squares, blocks.pieces()), np.zeros(n_columns)) / count)
            self.constant = spread <= 1e-13 * np.abs(mean)
            self.scale = np.where(self.constant, 1.0, spread)
        self.curvatures: dict[Hashable, Any] = {}

    def single(self, block: np.ndarray, working: np.ndarray) -> np.ndarray:
        """Standardised float32 values of the working columns of a block."""
        if working.size == block.shape[1]:
            deviation = block - self.shift
        else:
            deviation = block[:, working] - self.shift[working]
        return np.divide(deviation, self.scale[working], dtype=np.float32, casting="same_kind")

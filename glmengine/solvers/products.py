"""Weighted Gram matrices on a CPU: rows in blocks that stay in the cache, one thread a block, the symmetric product of the BLAS.

XLA makes the same product as a general one and writes the weighted rows out in between, which takes twice to three times as long (measured
at 160 columns, in float64 and in float32).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from glmengine.solvers.parallel import workers
from glmengine.solvers.rows import Chunk, Rows

BLOCK_NUMBERS = 2**19
"""Numbers in a block of rows."""

Piece = tuple[np.ndarray, Chunk, slice]
"""Prepared rows (c, P) of a block, the chunk they belong to as NumPy arrays, and their place in it."""


def weighted_grams(
    rows: Rows, weights: Callable[[Piece], np.ndarray], n: int, precision: str, context: Any, *, stride: int = 1
) -> np.ndarray:
    """Sums of w x x' over the rows, with a constant as the last column: (n, Q, Q), Q = padded columns + 1.

    Parameters
    ----------
    rows : Rows
    weights : callable
        (piece) -> (n, c) weights of its rows, none below zero.
    n : int
        Matrices that are made.
    precision : str
        In which the products are made; sums of blocks are float64.
    stride : int
        Every how many rows one is taken; the sums stand for all of them.
    """
    P = rows.padded

    def of_block(piece: Piece) -> list[tuple[np.ndarray, np.ndarray, float]]:
        X = piece[0].astype(precision, copy=False)
        result = []
        for row in weights(piece):
            root = np.sqrt(row).astype(precision, copy=False)[:, None]
            scaled = X * root
            result.append((scaled.T @ scaled, (scaled.T @ root)[:, 0], float(row.sum())))
        return result

    totals = np.zeros((n, P + 1, P + 1))
    with workers() as pool:
        for blocks in batches(rows, stride):
            context.check()
            for parts in pool.map(of_block, blocks):
                for total, (matrix, cross, corner) in zip(totals, parts, strict=True):
                    total[:-1, :-1] += matrix
                    total[:-1, -1] += cross
                    total[-1, -1] += corner
    totals[:, -1, :-1] = totals[:, :-1, -1]
    return totals * stride if stride > 1 else totals


def batches(rows: Rows, stride: int = 1) -> Iterator[list[Piece]]:
    """Blocks of a few chunks at a time: enough for all threads, few enough to be asked in between whether to go on."""
    size = max(256, BLOCK_NUMBERS // max(rows.padded, 1)) * stride
    waiting: list[Piece] = []
    left = rows.n
    for values in rows.here():
        used = min(left, rows.chunk_rows)
        left -= used
        for start in range(0, used, size):
            part = slice(start, min(start + size, used), stride)
            waiting.append((values.X[part], values, part))
        if len(waiting) >= 8 or not rows.resident:
            yield waiting
            waiting = []
    if waiting:
        yield waiting

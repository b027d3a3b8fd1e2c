"""Weighted Gram matrices on a CPU: rows in blocks that stay in the cache, one thread a block, the symmetric product of the BLAS.

XLA makes the same product as a general one and writes the weighted rows out in between, which takes twice to three times as long (measured
at 160 columns, in float64 and in float32).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glmengine.backend.pieces import Piece, pieces
from glmengine.backend.rows import Rows
from glmengine.threads import workers


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
    totals = np.zeros((n, P + 1, P + 1))
    with workers(n * rows.n * P**2) as pool:
        for some in pieces(rows, stride):
            context.check()
            for parts in pool.map(lambda piece: piece.grams(weights(piece), precision), some):
                for total, (matrix, cross, corner) in zip(totals, parts, strict=True):
                    total[:-1, :-1] += matrix
                    total[:-1, -1] += cross
                    total[-1, -1] += corner
    totals[:, -1, :-1] = totals[:, :-1, -1]
    return totals * stride if stride > 1 else totals

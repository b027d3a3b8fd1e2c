"""A sample of the rows of a design that keeps those which carry the most, each with the weight of the rows that it stands for.

Past events of a rare kind (a spike of a silent neighbour) lie in a few rows, far from the mean of all, and it is they alone that say what
follows. Rows are therefore taken in proportion to their squared distance, mixed with an even share so that no weight is large, as in the
norm-based sampling of Drineas, Kannan & Mahoney (2006, Fast Monte Carlo algorithms for matrices I) and, for GLMs, of Wang, Zhu & Ma (2018,
Optimal subsampling for large sample logistic regression). The Hessian and the loss of the sample are unbiased for those of all rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glmengine.backend import jax_runtime as runtime
from glmengine.backend.chunks import Chunk, block_parts
from glmengine.context import Context, checked
from glmengine.threads import workers

READ_NUMBERS = 2**17
"""Numbers of an array that are read at a time where only the distances of its rows are asked for: 1 MB."""

EVEN = 0.5
"""Share of the sample that is taken evenly: no row weighs more than the inverse of it times an even sample's."""


def squared_distances(X: Any) -> np.ndarray:
    """(c,) of rows X (c, P), an array of NumPy or of JAX with centred and scaled columns, from their centre."""
    distance = np.einsum("ij,ij->i", X, X) if isinstance(X, np.ndarray) else np.asarray((X * X).sum(axis=1))
    return distance.astype(float)


def chosen_rows(distance: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of n rows are taken, in order, and their weights.

    Parameters
    ----------
    distance : (n,) array
        Squared, from the centre of all rows.
    count : int
        How many to choose; no more than n.

    Returns
    -------
    rows : (count,) int array
    weights : (count,) array
        Inverse probabilities; their sum is n in the mean.
    """
    mean = distance.mean()
    size = EVEN + (1.0 - EVEN) * distance / mean if np.isfinite(mean) and mean > 0 else np.ones(distance.size)
    probability = _probabilities(size, count)
    # one point in each step of the sum of probabilities, none of which is longer than a step: as many rows as were asked for
    edges = np.cumsum(probability)
    rows = np.searchsorted(edges * (count / edges[-1]), np.arange(count) + 0.5)
    return rows, 1.0 / probability[rows]


def _probabilities(size: np.ndarray, count: int) -> np.ndarray:
    """(n,) in proportion to `size`, none above 1, with `count` as their sum."""
    certain = np.zeros(size.size, bool)
    while True:
        left = count - np.count_nonzero(certain)
        probability = np.where(certain, 1.0, size * (left / size[~certain].sum() if left else 0.0))
        more = (probability > 1.0) & ~certain
        if not more.any():
            return probability
        certain |= more


def chosen_of_chunks(rows: Any, stride: int, context: Context) -> tuple[np.ndarray, np.ndarray, list[Chunk]]:
    """Numbers of the rows of a sample of prepared `rows`, one in `stride` (s,), their weights (s,), and the rows themselves.

    The rows may have to be expanded for it: it asks the context at each chunk.
    """

    def of(numbered: tuple[int, Chunk]) -> tuple[np.ndarray, np.ndarray, Chunk]:
        number, chunk = numbered
        start = number * rows.chunk_rows
        n = min(rows.chunk_rows, rows.n - start)
        some, stand_for = chosen_rows(squared_distances(chunk.X)[:n], -(-n // stride))
        part = Chunk(
            chunk.X[some],
            None if chunk.own is None else chunk.own[..., some],
            chunk.y[:, some],
            chunk.weights[:, some] * stand_for,
            chunk.offset[:, some],
            chunk.fold[some],
        )
        return start + some, stand_for, part

    # of arrays on a device nothing is rounded on the way, as long as they are taken in this thread
    with runtime.float64(), workers(rows.n * rows.padded if rows.on_cpu else 0) as pool:
        found = list(checked(context, pool.stream(of, enumerate(rows.here() if rows.on_cpu else rows))))
    index, weights, parts = (list(each) for each in zip(*found, strict=True))
    return np.concatenate(index), np.concatenate(weights), parts


def chosen_in_place(rows: Any, stride: int, context: Context, *, single: bool) -> tuple[np.ndarray, np.ndarray]:
    """The first two of the same of the rows of an array, which are read again where they are needed; `single` where they are kept in float32 next."""
    turned = rows.turned if single else None
    size = max(256, READ_NUMBERS // max(rows.padded, 1))
    parts = block_parts(rows.n, rows.chunk_rows, size) if turned is None else turned.parts

    def of(numbered: tuple[int, slice]) -> np.ndarray:
        number, part = numbered
        read = rows.reader(part)
        with np.errstate(over="ignore"):
            return squared_distances(read(0, part.stop - part.start) if turned is None else turned.block(number, read).T)

    with workers(rows.n * rows.padded) as pool:
        distance = np.concatenate(list(checked(context, pool.stream(of, enumerate(parts)))))
    return chosen_rows(distance, -(-rows.n // stride))

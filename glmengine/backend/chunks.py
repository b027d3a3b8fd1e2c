"""Chunks of prepared rows, and the sizes that steps are compiled for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from glmengine.backend import jax_runtime as runtime

NO_FOLD = -1


class Chunk(NamedTuple):
    """c rows: X (c, P), own (U, H, c) or None, y (U, c), weights (1 or U, c), offset (1 or U, c), fold (c,) int32."""

    X: Any
    own: Any
    y: Any
    weights: Any
    offset: Any
    fold: Any


def power_of_two(rows: int) -> int:
    """The least power of two that holds so many rows, 256 at least."""
    return max(256, 2 ** int(np.ceil(np.log2(max(rows, 1)))))


def rechunked(parts: list[Chunk], size: int) -> Iterator[Chunk]:
    """The rows of chunks of any sizes, in order, in chunks of `size` rows; what fills up the last one has no weight."""
    xp = np if isinstance(parts[0].X, np.ndarray) else runtime.prepare().numpy
    axes = Chunk(X=0, own=2, y=1, weights=1, offset=1, fold=0)
    n = sum(len(part.fold) for part in parts)

    def joined(field: str, axis: int) -> Any:
        values = [getattr(part, field) for part in parts]
        if values[0] is None:
            return None
        ends = [(0, 0)] * values[0].ndim
        ends[axis] = (0, -n % size)
        return xp.pad(xp.concatenate(values, axis=axis), ends, constant_values=NO_FOLD if field == "fold" else 0)

    whole = Chunk(*(joined(field, axis) for field, axis in axes._asdict().items()))
    for begin in range(0, n, size):
        rows = slice(begin, begin + size)
        yield Chunk(
            whole.X[rows],
            None if whole.own is None else whole.own[..., rows],
            whole.y[:, rows],
            whole.weights[:, rows],
            whole.offset[:, rows],
            whole.fold[rows],
        )


def bucket(size: int) -> int:
    """The next size that steps are compiled for: within 15 % of `size` where that is not small."""
    if size <= 4:
        return max(size, 1)
    unit = 2 if size <= 8 else 4 if size <= 24 else 8 if size <= 128 else 16 if size <= 256 else 32 if size <= 1024 else 64
    return -(-size // unit) * unit


def block_parts(n: int, chunk_rows: int, size: int, stride: int = 1) -> list[slice]:
    """Blocks of `n` rows, none of which lies in two chunks, of at most `size` rows; with a `stride` every so many of so many more."""
    chunks = [(begin, min(begin + chunk_rows, n)) for begin in range(0, n, chunk_rows)]
    return [
        slice(start, min(start + size * stride, end), stride)
        for begin, end in chunks
        for start in range(begin, end, size * stride)
    ]

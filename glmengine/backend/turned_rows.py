"""Prepared rows in float32 as NumPy multiplies them fastest: blocks that stay in the cache, lying columns x rows.

A product with a few rows of numbers takes two thirds of the time that it takes where rows lie one after another, and a weighted Gram half
of it (measured, 120 columns).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from glmengine.backend.chunks import block_parts

BLOCK_NUMBERS = 2**19
"""Numbers in a block, 2 MB."""

TURNED_ROWS = 256
"""Rows that are turned at a time, small enough for the cache between the two: a whole block takes half as long again (measured)."""


class TurnedRows:
    """Blocks of `n` rows of so many columns, `padded`, none of which lies in two chunks; each is made when it is first asked for.

    Attributes
    ----------
    parts : list of slice
        The rows of each block.
    """

    def __init__(self, n: int, padded: int, chunk_rows: int) -> None:
        self.parts = block_parts(n, chunk_rows, max(256, BLOCK_NUMBERS // max(padded, 1)))
        self._padded = padded
        # in one piece, which the system hands over in large pages
        self._numbers = np.empty(n * padded, np.float32)
        self._made = np.zeros(len(self.parts), bool)

    def block(self, number: int, prepared: Callable[[int, int], np.ndarray]) -> np.ndarray:
        """(padded, c) float32 columns of a block; `prepared` gives some of its rows (c, padded), from one to before another,
        in float64 the first time."""
        part = self.parts[number]
        block = self._numbers[part.start * self._padded : part.stop * self._padded].reshape(self._padded, -1)
        if not self._made[number]:
            for start in range(0, block.shape[1], TURNED_ROWS):
                stop = min(start + TURNED_ROWS, block.shape[1])
                block[:, start:stop] = prepared(start, stop).astype(np.float32).T
            self._made[number] = True
        return block

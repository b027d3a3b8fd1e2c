"""Contiguous blocks of rows of equal length."""

from __future__ import annotations

import numpy as np

from glmengine.errors import GlmError


def blocks_of(valid: np.ndarray, n_blocks: int, *, field: str = "validation.folds") -> np.ndarray:
    """(T,) block numbers: contiguous blocks of valid rows of equal length (the first ones a row longer), -1 for other rows.

    Raises
    ------
    GlmError
        For fewer than two blocks, or more blocks than valid rows.
    """
    if n_blocks < 2:
        raise GlmError(f"folds: {n_blocks} leaves nothing to compare; give 2 or more", field=field)
    rows = np.flatnonzero(valid)
    if rows.size < n_blocks:
        raise GlmError(f"folds: there are {rows.size} valid rows for {n_blocks} folds; use fewer folds or more data", field=field)
    blocks = np.full(len(valid), -1)
    blocks[rows] = np.repeat(np.arange(n_blocks), [len(part) for part in np.array_split(rows, n_blocks)])
    return blocks

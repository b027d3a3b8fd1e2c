"""Stretches of rows in which a design is gone through, so that it need not be there as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from glmengine.design.design import Design

_CHUNK_NUMBERS = 4_000_000  # of the design, or of rates, at a time: 32 MB


def row_chunks(design: Design, n_units: int) -> Iterator[tuple[int, int]]:
    """Start and stop of the stretches of rows in which a design is gone through, features and rates of all units at hand."""
    step = max(256, _CHUNK_NUMBERS // max(design.n_columns, n_units, 1))
    for start in range(0, design.n_rows, step):
        yield start, min(start + step, design.n_rows)


def as_slice(rows: np.ndarray) -> slice | np.ndarray:
    """Ascending numbers of rows; a slice where they follow one another, which reads them without a copy."""
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows

"""What belongs to the rows besides the design: observations, weights, offsets and folds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from glmengine.threads import workers

TRANSPOSED_NUMBERS = 2**16
"""Numbers transposed at a time."""


@dataclass(frozen=True)
class Observations:
    """Unit by unit, missing values with weight 0.

    Attributes
    ----------
    y : (U, T) array, free of NaN
    weights : (1, T) or (U, T) array
    offset : (1, T) or (U, T) array or None
    fold : (T,) int32 array or None
        Fold that holds a row out, -1 for none.
    """

    y: np.ndarray
    weights: np.ndarray
    offset: np.ndarray | None = None
    fold: np.ndarray | None = None

    @cached_property
    def is_plain(self) -> bool:
        """Whether every column sees every row with weight 1."""
        return self.fold is None and self.is_even

    @cached_property
    def is_even(self) -> bool:
        """Whether every column has weight 1 in every row that it sees."""
        return len(self.weights) == 1 and bool((self.weights == 1.0).all())

    def offset_at(self, rows: slice | np.ndarray) -> np.ndarray:
        """(1 or U, c) of some rows, 0 where there are none."""
        return np.zeros(self.weights[:1, rows].shape) if self.offset is None else self.offset[:, rows]

    def fold_at(self, rows: slice | np.ndarray) -> np.ndarray:
        """(c,) int32 of some rows, -1 where there are none."""
        return np.full(self.weights[0, rows].shape, -1, np.int32) if self.fold is None else self.fold[rows]

    def of_units(self, units: np.ndarray) -> Observations:
        """Those of some units (k,), rising; nothing is copied of all of them."""
        if units.size == len(self.y):
            return self

        def chosen(values: np.ndarray | None) -> np.ndarray | None:
            return values if values is None or len(values) == 1 else values[units]

        return Observations(self.y[units], chosen(self.weights), chosen(self.offset), self.fold)

    def of(self, unit: int, held: int) -> tuple[np.ndarray, np.ndarray]:
        """Observations (T,) of a unit, and its weights (T,), 0 in the rows of the fold that is held out."""
        weights = self.weights[unit if len(self.weights) > 1 else 0]
        if self.fold is not None:
            weights = weights * (self.fold != held)
        return self.y[unit].astype(np.float64, copy=False), weights


def transposed(values: np.ndarray) -> np.ndarray:
    """(M, T) copy of (T, M) values, made of blocks that stay in the cache."""
    result = np.empty(values.shape[::-1], values.dtype)
    step = max(1, TRANSPOSED_NUMBERS // max(values.shape[1], 1))

    def turn(start: int) -> None:
        result[:, start : start + step] = values[start : start + step].T

    with workers(values.size) as pool:
        for _ in pool.map(turn, list(range(0, len(values), step))):
            pass
    return result

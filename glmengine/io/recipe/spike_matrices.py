"""Matrices that hold spike times: one unit a row or column, filled up to one length, or one spike a row with the number of its unit."""

from __future__ import annotations

import numpy as np

LARGEST_COUNT = 1000.0
"""Whole numbers that rise up to more than this are samples rather than counts."""

MOST_COLUMNS = 4
"""Of a matrix with a row for each spike."""


def trains_in(values: np.ndarray) -> list[np.ndarray] | None:
    """The rows, or the columns, of a matrix that rise and are filled up with NaN before or behind; None where neither do."""
    missing = np.isnan(values)
    if not missing.any():
        return None
    for rows, ends in ((values, missing), (values.T, missing.T)):
        known = [row[~end] for row, end in zip(rows, ends, strict=True)]
        at_one_end = all(np.abs(np.diff(end.astype(np.int8))).sum() <= 1 for end in ends)
        if at_one_end and any(len(row) > 1 for row in known) and all((np.diff(row) >= 0).all() for row in known):
            return known
    return None


def filled_with(values: np.ndarray) -> float | None:
    """The number, 0 or one below, with which the rows or the columns of a matrix end that rise before; None where they do not."""
    values = values.astype(np.float64)
    if np.array_equal(values, np.rint(values)) and values.max(initial=0.0) < LARGEST_COUNT:
        return None
    filled = float(np.nanmin(values))
    there = values != filled
    if filled > 0 or there.all() or not (values[there] >= 0).all():
        return None
    for rows, known in ((values, there), (values.T, there.T)):
        at_the_end = (np.diff(known.astype(np.int8), axis=1) <= 0).all()
        if at_the_end and (np.diff(rows, axis=1)[known[:, 1:]] >= 0).all():
            return filled
    return None


def columns_of_spikes(values: np.ndarray) -> tuple[int, int] | None:
    """Of a matrix with a row for each spike, the column of times, which rise in unequal steps, and that of units, which come back again and
    again; None where it is none."""
    if (
        values.ndim != 2
        or not 2 <= values.shape[1] <= MOST_COLUMNS
        or len(values) < 5 * values.shape[1]
        or values.dtype.kind not in "uif"
    ):
        return None
    columns = values.T.astype(np.float64)
    rising = [number for number, one in enumerate(columns) if _rises_like_times(one)]
    units = [
        number
        for number, one in enumerate(columns)
        if np.array_equal(one, np.rint(one)) and (np.diff(one) < 0).any() and 1 < np.unique(one).size <= len(one) // 5
    ]
    return (rising[0], units[0]) if len(rising) == 1 and units else None


def _rises_like_times(values: np.ndarray) -> bool:
    steps = np.diff(values)
    if not np.isfinite(values).all() or not (steps >= 0).all() or np.unique(steps).size < 3:
        return False
    return float(values[-1]) > LARGEST_COUNT or not np.array_equal(values, np.rint(values))

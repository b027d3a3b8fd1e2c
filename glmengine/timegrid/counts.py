"""Events and binned counts summed in the bins of a time grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.timegrid.intervals import TOUCHING, intersect

if TYPE_CHECKING:
    from glmengine.timegrid.grid import TimeGrid


def count_times(times: np.ndarray, grid: TimeGrid) -> np.ndarray:
    """(T,) int64, how many of ascending times (s) lie in each bin."""
    if grid.n_bins:  # the rest need not be looked at
        low, high = np.searchsorted(times, [grid.centres[0] - grid.bin_size, grid.centres[-1] + grid.bin_size])
        times = times[low:high]
    rows = grid.rows_of(times)
    return np.bincount(rows[rows >= 0], minlength=grid.n_bins)


def bin_width(times: np.ndarray) -> float:
    """Width in seconds of the bins whose centres are at `times`, NaN with fewer than two."""
    steps = np.diff(times)
    if not len(steps):
        return float("nan")
    middle = np.median(steps)
    # the mean of the regular steps: a median rounded to nanoseconds would drift off over a long recording
    return float(np.round(steps[np.abs(steps - middle) <= 0.01 * middle].mean(), 12))


def sum_counts(times: np.ndarray, values: np.ndarray, grid: TimeGrid, name: str) -> np.ndarray:
    """Counts that came in bins, summed in those of a grid.

    Parameters
    ----------
    times : (N,) array
        Centres of the bins in which they came, in seconds.
    values : (N, M) array
    grid : TimeGrid
    name : str
        What the counts belong to, for the error.

    Returns
    -------
    (T, M) array
        int32; float64 where they are fractional or missing (NaN in bins that they do not fill).

    Raises
    ------
    GlmError
        If the grid's bin size is not a whole multiple of the bins in which they came.
    """
    own, ratio = bin_width(times), 0
    if np.isfinite(own):
        ratio = round(grid.bin_size / own)
    if ratio < 1 or abs(grid.bin_size / own - ratio) > 1e-4 * ratio:
        raise GlmError(
            f"{name}: its counts came in bins of {own:g} s, which cannot be made into bins of {grid.bin_size:g} s; "
            f"use {own:g} s or a whole multiple of it",
            field="time.bin_size",
        )
    rows = grid.rows_of(times)
    kept = rows >= 0
    rows, values = rows[kept], values[kept]
    filled = np.bincount(rows, minlength=grid.n_bins)
    sums = np.column_stack([np.bincount(rows, weights=values[:, m], minlength=grid.n_bins) for m in range(values.shape[1])])
    sums[filled != ratio] = np.nan
    if np.isfinite(sums).all() and np.array_equal(sums, np.rint(sums)) and (np.abs(sums) < 2**31).all():
        return sums.astype(np.int32)
    return sums


def whole_bins(pieces: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Merged stretches (S, 2) with each start moved to the next edge of the bins whose centres are at `times`, cut at the holes between those."""
    own = bin_width(times)
    if not np.isfinite(own):
        return pieces
    tolerance = min(TOUCHING, 0.01 * own)
    starts = np.round(times - own / 2, 9)
    stops = np.round(times + own / 2, 9)
    first = np.concatenate([[True], np.abs(np.diff(times) - own) > 0.5 * own])
    last = np.concatenate([first[1:], [True]])
    inside = intersect(pieces, np.column_stack([starts[first], stops[last]]))
    low = np.searchsorted(starts, inside[:, 0] - tolerance)
    high = np.searchsorted(stops, inside[:, 1] + tolerance, side="right") - 1
    whole = high >= low
    return np.column_stack([starts[low[whole]], stops[high[whole]]])

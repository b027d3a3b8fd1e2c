"""Events and binned counts summed in the bins of a time grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.timegrid.frames import frame_clock
from glmengine.timegrid.intervals import TOUCHING, intersect

if TYPE_CHECKING:
    from glmengine.timegrid.grid import TimeGrid

NEARLY = 2e-3
"""Share by which a bin size may differ from the multiple of a frame that is meant: 0.0333 s is one of thirty a second."""


def count_times(times: np.ndarray, grid: TimeGrid) -> np.ndarray:
    """(T,) int64, how many of ascending times (s) lie in each bin."""
    if grid.n_bins:  # the rest need not be looked at
        low, high = np.searchsorted(times, [grid.centres[0] - grid.bin_size, grid.centres[-1] + grid.bin_size])
        times = times[low:high]
    rows = grid.rows_of(times)
    return np.bincount(rows[rows >= 0], minlength=grid.n_bins)


def bin_width(times: np.ndarray) -> float:
    """Width in seconds of the bins whose centres are at `times`, the mean step over all of them; NaN with fewer than two."""
    return frame_clock(times).step


def frames_per_bin(bin_size: float, width: float) -> int:
    """How many bins of `width` seconds one of `bin_size` is, 0 where it is no whole number of them, as nearly as one writes such a number."""
    ratio = round(bin_size / width) if np.isfinite(width) else 0
    away = abs(bin_size / width - ratio) if ratio else 0.0
    return ratio if away <= min(NEARLY * ratio, 0.25) else 0


def whole_frames(bin_size: float, width: float, name: str) -> int:
    """`frames_per_bin` of what is called `name`; raises `GlmError` where it is no whole number of them."""
    ratio = frames_per_bin(bin_size, width)
    if not ratio:
        raise GlmError(
            f"{name}: its counts came in bins of {width:g} s, which cannot be made into bins of {bin_size:g} s; "
            f"use {width:g} s or a whole multiple of it",
            field="time.bin_size",
        )
    return ratio


def sum_counts(times: np.ndarray, values: np.ndarray, grid: TimeGrid, name: str) -> np.ndarray:
    """Counts or responses that came in bins, summed in those of a grid.

    Parameters
    ----------
    times : (N,) array
        Centres of the bins in which they came, in seconds, as they were stamped: rounding and jitter do not matter.
    values : (N, M) array
    grid : TimeGrid
    name : str
        What the counts belong to, for the error.

    Returns
    -------
    (T, M) array
        int32; float64 where they are fractional or missing (NaN in bins that they do not fill). Where the clock has gained a frame, so
        that a bin holds one too many, counts are the sum of all, and fractional responses are scaled to the number that it should hold.

    Raises
    ------
    GlmError
        If the grid's bin size is not a whole multiple of the bins in which they came.
    """
    clock = frame_clock(times)
    ratio = whole_frames(grid.bin_size, clock.step, name)
    rows = grid.rows_of(clock.times)
    kept = rows >= 0
    rows, values = rows[kept], values[kept]
    filled = np.bincount(rows, minlength=grid.n_bins)
    sums = np.column_stack([np.bincount(rows, weights=values[:, m], minlength=grid.n_bins) for m in range(values.shape[1])])
    crowded = filled > ratio
    if crowded.any() and not _are_whole(sums[np.isfinite(sums)]):
        sums[crowded] *= (ratio / filled[crowded])[:, None]
    sums[filled < ratio] = np.nan
    if np.isfinite(sums).all() and _are_whole(sums) and (np.abs(sums) < 2**31).all():
        return sums.astype(np.int32)
    return sums


def unused_frames(times: np.ndarray, grid: TimeGrid, pieces: np.ndarray) -> tuple[int, int]:
    """How many of the bins whose centres are at `times` lie in `pieces` (S, 2), and how many of these in no bin of the grid that they fill."""
    clock = frame_clock(times)
    at = np.searchsorted(pieces[:, 0], times, side="right") - 1
    chosen = (at >= 0) & (times < pieces[np.maximum(at, 0), 1] + TOUCHING) if len(pieces) else np.zeros(len(times), bool)
    rows = grid.rows_of(clock.times)
    filled = np.bincount(rows[rows >= 0], minlength=grid.n_bins) >= max(frames_per_bin(grid.bin_size, clock.step), 1)
    used = (rows >= 0) & filled[np.maximum(rows, 0)] if grid.n_bins else np.zeros(len(times), bool)
    return int(chosen.sum()), int((chosen & ~used).sum())


def whole_bins(pieces: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Merged stretches (S, 2) with each start moved to the next edge of the bins whose centres are at `times`, cut at the holes between those."""
    clock = frame_clock(times)
    own = clock.step
    if not np.isfinite(own):
        return pieces
    tolerance = min(TOUCHING, 0.01 * own)
    starts = np.round(clock.times - own / 2, 9)
    stops = np.round(clock.times + own / 2, 9)
    first, last = clock.runs[:-1], clock.runs[1:] - 1
    inside = intersect(pieces, np.column_stack([starts[first], stops[last]]))
    low = np.searchsorted(starts, inside[:, 0] - tolerance)
    high = np.searchsorted(stops, inside[:, 1] + tolerance, side="right") - 1
    whole = high >= low
    return np.column_stack([starts[low[whole]], stops[high[whole]]])


def _are_whole(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).all()) and np.array_equal(values, np.rint(values))

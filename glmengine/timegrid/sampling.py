"""Values in the bins of a time grid: means, linear interpolation or last values, on the line or on the circle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.timegrid.angles import FULL_TURN, wrapped

if TYPE_CHECKING:
    from glmengine.timegrid.grid import TimeGrid


_SAME = 1e-8
"""Seconds by which a sample may lie beside a bin's centre and still be taken at it: sums of times are rounded."""

_BLOCK = 1 << 16  # bins that are worked on together


@dataclass(frozen=True)
class Samples:
    """What was measured when.

    Attributes
    ----------
    times : (n,) array
        Seconds, increasing.
    values : (n,) or (n, ...) array
        float64, NaN where missing.
    support : (S, 2) array
        Stretches in which it was recorded, in seconds.
    kind : {"continuous", "angle", "step", "category"}
        As of a `Covariate`.
    period : float
        Seconds between samples, NaN where unknown.
    """

    times: np.ndarray
    values: np.ndarray
    support: np.ndarray
    kind: Literal["continuous", "angle", "step", "category"]
    period: float


def sample(samples: Samples, grid: TimeGrid, max_gap: float | None = None, context: Context = SILENT) -> np.ndarray:
    """The values in each bin.

    The mean within the bin where they come faster than the bins, linear interpolation at the centre where slower (both on the circle
    for angles, the result in [0, 2 pi)), the last value for steps and categories.

    Parameters
    ----------
    samples : Samples
    grid : TimeGrid
    max_gap : float, optional
        Longest time between samples that is filled in (s); ten sampling periods and at least one bin where None.
    context : Context, optional
        Asked before each block of bins.

    Returns
    -------
    (T,) array, or (T, C) where a sample has several numbers
        float64, NaN where invalid.
    """
    times = samples.times
    flat = samples.values.reshape(len(times), -1)
    piece = np.searchsorted(samples.support[:, 0], times, side="right")
    limit = gap_limit(samples, grid.bin_size, max_gap) * (1 + 1e-9)
    rows = None
    if samples.kind in ("continuous", "angle") and samples.period < grid.bin_size * (1 - 1e-6):
        rows = grid.rows_of(times)
    sampled = np.empty((grid.n_bins, flat.shape[1]))
    for column in range(flat.shape[1]):
        sampled[:, column] = _sample_column(flat[:, column], samples, piece, grid, rows, limit, context)
    return sampled[:, 0] if samples.values.ndim == 1 else sampled


FEW_STEPS = 3
"""Different steps, at most, of a clock whose stamps are rounded."""


def usual_step(steps: np.ndarray) -> float:
    """The usual one of the times (s) from sample to sample; NaN without any.

    The middle one; but of stamps that are rounded, whose steps without the gaps are two or three different ones, their mean: the middle one
    alone would take a camera's 33.33 ms for the 33 ms that most of its stamps in whole milliseconds are apart.
    """
    steps = np.asarray(steps, np.float64)
    if not len(steps):
        return float("nan")
    middle = float(np.median(steps))
    close = steps[(steps > middle / 1.5) & (steps < middle * 1.5)]
    rounded = len(np.unique(np.round(close, 7))) <= FEW_STEPS
    return float(close.mean()) if rounded and len(close) else middle


def gap_limit(samples: Samples, bin_size: float, max_gap: float | None = None) -> float:
    """Longest time between samples (s) that is filled in.

    Ten sampling periods and at least one bin, unless given. A step or category that is stored only when it changes, and so
    has no sampling period, holds until the next sample however long that takes.
    """
    if max_gap is not None:
        return max(max_gap, bin_size)
    intervals = np.diff(samples.times)
    if not len(intervals):
        return np.inf if samples.kind in ("step", "category") else bin_size
    if samples.kind in ("step", "category") and np.quantile(intervals, 0.9) > 1.5 * samples.period:
        return np.inf
    return max(10 * samples.period, bin_size)


def _sample_column(
    values: np.ndarray,
    samples: Samples,
    piece: np.ndarray,
    grid: TimeGrid,
    rows: np.ndarray | None,
    limit: float,
    context: Context,
) -> np.ndarray:
    times = samples.times
    if samples.kind in ("step", "category"):
        return _last_values(values, samples, piece, grid.centres, limit)
    finite = np.isfinite(values)
    circular = samples.kind == "angle"
    known = times[finite], values[finite], piece[finite]
    sampled = np.empty(grid.n_bins)
    for first in range(0, grid.n_bins, _BLOCK):  # what is worked on fits into the processor's cache
        context.check()
        block = slice(first, first + _BLOCK)
        sampled[block] = _interpolated(*known, grid.centres[block], limit, circular)
    if rows is not None:
        inside = finite & (rows >= 0)
        number = np.bincount(rows[inside], minlength=grid.n_bins)
        filled = number > 0
        if circular:
            sine = np.bincount(rows[inside], weights=np.sin(values[inside]), minlength=grid.n_bins)
            cosine = np.bincount(rows[inside], weights=np.cos(values[inside]), minlength=grid.n_bins)
            sampled[filled] = np.arctan2(sine[filled], cosine[filled])
        else:
            # about the median, so that a large offset does not cost digits
            middle = float(np.median(values[finite])) if finite.any() else 0.0
            sums = np.bincount(rows[inside], weights=values[inside] - middle, minlength=grid.n_bins)
            sampled[filled] = sums[filled] / number[filled] + middle
    return wrapped(sampled) if circular else sampled


def _interpolated(
    times: np.ndarray, values: np.ndarray, piece: np.ndarray, at: np.ndarray, limit: float, circular: bool
) -> np.ndarray:
    """Linear interpolation at `at`; NaN outside the samples, between pieces, and in gaps longer than `limit`."""
    sampled = np.full(len(at), np.nan)
    if not len(times):
        return sampled
    right = np.searchsorted(times, at - _SAME, side="left")
    exact = (right < len(times)) & (times[np.minimum(right, len(times) - 1)] <= at + _SAME)
    sampled[exact] = values[right[exact]]
    left = right - 1
    between = ~exact & (left >= 0) & (right < len(times))
    l, r = left[between], right[between]  # noqa: E741 - neighbours on either side
    apart = times[r] - times[l]
    share = (at[between] - times[l]) / apart
    step = values[r] - values[l]
    if circular:
        step = np.mod(step + np.pi, FULL_TURN) - np.pi
    filled = values[l] + share * step
    filled[(apart > limit) | (piece[l] != piece[r])] = np.nan
    sampled[between] = filled
    return sampled


def _last_values(values: np.ndarray, samples: Samples, piece: np.ndarray, at: np.ndarray, limit: float) -> np.ndarray:
    """The last value at or before `at`; NaN before the first sample, past the piece's end, and longer than `limit` after a sample."""
    times, support = samples.times, samples.support
    sampled = np.full(len(at), np.nan)
    if not len(times):
        return sampled
    left = np.searchsorted(times, at + _SAME, side="right") - 1
    known = left >= 0
    sampled[known] = values[left[known]]
    since = at[known] - times[left[known]]
    # the last sample of a piece holds for one sampling period beyond the piece's end, which is where it was taken
    period = samples.period if np.isfinite(samples.period) else 0.0
    end = support[np.clip(piece[left[known]] - 1, 0, len(support) - 1), 1] + min(period, limit)
    sampled[np.flatnonzero(known)[(since > limit) | (at[known] > end)]] = np.nan
    return sampled

"""Covariates brought to bins: averaged, interpolated or held, on the line or on the circle, never across long gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.io.files.stored import BLOCK
from glmengine.timegrid.angles import FULL_TURN, wrapped

if TYPE_CHECKING:
    from glmengine.recording.recording import Covariate
    from glmengine.timegrid.grid import TimeGrid


_SAME = 1e-8
"""Seconds by which a sample may lie beside a bin's centre and still be taken at it: sums of times are rounded."""


def sample_covariate(covariate: Covariate, grid: TimeGrid, max_gap: float | None) -> np.ndarray:
    """(T,) or (T, C) float64, NaN where invalid; see `TimeGrid.sample`."""
    if covariate.stored is not None:
        return _sample_stored(covariate, grid, max_gap)
    return _sample_loaded(covariate, grid, max_gap)


def _sample_loaded(covariate: Covariate, grid: TimeGrid, max_gap: float | None) -> np.ndarray:
    times = np.asarray(covariate.data.t, dtype=np.float64)
    values = np.asarray(covariate.data.values, dtype=np.float64)
    flat = values.reshape(len(times), -1)
    support = np.asarray(covariate.data.time_support.values)
    piece = np.searchsorted(support[:, 0], times, side="right")
    rows = None
    if covariate.kind in ("continuous", "angle") and covariate.period < grid.bin_size * (1 - 1e-6):
        rows = grid.rows_of(times)
    sampled = np.empty((grid.n_bins, flat.shape[1]))
    for column in range(flat.shape[1]):
        sampled[:, column] = _sample_one(times, flat[:, column], piece, covariate, grid, rows, max_gap)
    return sampled[:, 0] if values.ndim == 1 else sampled


def _sample_stored(covariate: Covariate, grid: TimeGrid, max_gap: float | None) -> np.ndarray:
    """As `_sample_loaded`, of a series that stays in its file: stretch by stretch of bins, with the samples that these can depend on.

    Equal to reading it whole, but for the rounding of means.
    """
    import pynapple as nap

    stored = covariate.stored
    limit = _limit_of_stored(covariate, grid.bin_size, max_gap)
    if not np.isfinite(limit):
        return _sample_loaded(replace(covariate, data=stored.load()), grid, max_gap)
    reach = 1.01 * limit + 2 * grid.bin_size + 2 * stored.period
    per_bin = max(1.0, grid.bin_size / stored.period)
    step = max(1, int(BLOCK / (8 * (1 + stored.width) * per_bin)))
    width = int(np.prod(stored.shape[1:])) if stored.ndim > 1 and stored.shape[1:] != (1,) else 0
    sampled = np.empty((grid.n_bins, width) if width else grid.n_bins)
    support = stored.intervals()
    for first, last in _stretches(grid.centres, step, reach):
        part = grid.rows(first, last)
        rows = stored.rows_between(part.centres[0] - reach, part.centres[-1] + reach)
        if rows[1] <= rows[0]:
            sampled[first:last] = np.nan
            continue
        times, values = stored.read(*rows)
        near = (
            nap.Tsd(times, values, time_support=support)
            if not width
            else nap.TsdFrame(times, values.reshape(len(times), -1), time_support=support)
        )
        sampled[first:last] = _sample_loaded(_Stretch(covariate.kind, near, stored.period), part, limit)
    return sampled


@dataclass(frozen=True)
class _Stretch:
    """Some samples of a covariate, with the sampling period of all of it."""

    kind: str
    data: Any
    period: float


def _stretches(centres: np.ndarray, step: int, reach: float) -> Iterator[tuple[int, int]]:
    """Rows of bins that are worked on together: at most `step`, and none across a hole that it would cost to read."""
    holes = np.flatnonzero(np.diff(centres) > 10 * reach) + 1
    edges = np.concatenate([[0], holes, [len(centres)]])
    for begin, end in pairwise(edges):
        for first in range(int(begin), int(end), step):
            yield first, min(first + step, int(end))


def _limit_of_stored(covariate: Covariate, bin_size: float, max_gap: float | None) -> float:
    """As `gap_limit`, from the samples that were seen."""
    if max_gap is not None:
        return max(max_gap, bin_size)
    intervals = np.diff(covariate.stored.seen[0])
    if covariate.kind in ("step", "category") and covariate.stored.times_place:
        near = intervals[intervals < np.quantile(intervals, 0.99)]
        if not len(near) or np.quantile(near, 0.9) > 1.5 * covariate.period:
            return np.inf
    return max(10 * covariate.period, bin_size)


def gap_limit(covariate: Covariate, bin_size: float, max_gap: float | None = None) -> float:
    """Longest time between samples (s) that is filled in.

    Ten sampling periods and at least one bin, unless given. A step or category that is stored only when it changes, and so
    has no sampling period, holds until the next sample however long that takes.
    """
    if max_gap is not None:
        return max(max_gap, bin_size)
    intervals = np.diff(covariate.data.t)
    if not len(intervals):
        return np.inf if covariate.kind in ("step", "category") else bin_size
    if covariate.kind in ("step", "category") and np.quantile(intervals, 0.9) > 1.5 * covariate.period:
        return np.inf
    return max(10 * covariate.period, bin_size)


def _sample_one(
    times: np.ndarray,
    values: np.ndarray,
    piece: np.ndarray,
    covariate: Covariate,
    grid: TimeGrid,
    rows: np.ndarray | None,
    max_gap: float | None,
) -> np.ndarray:
    limit = gap_limit(covariate, grid.bin_size, max_gap) * (1 + 1e-9)
    if covariate.kind in ("step", "category"):
        return _held(times, values, piece, covariate, grid.centres, limit)
    finite = np.isfinite(values)
    circular = covariate.kind == "angle"
    sampled = _interpolated(times[finite], values[finite], piece[finite], grid.centres, limit, circular)
    if rows is not None:
        inside = finite & (rows >= 0)
        held = np.bincount(rows[inside], minlength=grid.n_bins)
        filled = held > 0
        if circular:
            sine = np.bincount(rows[inside], weights=np.sin(values[inside]), minlength=grid.n_bins)
            cosine = np.bincount(rows[inside], weights=np.cos(values[inside]), minlength=grid.n_bins)
            sampled[filled] = np.arctan2(sine[filled], cosine[filled])
        else:
            # about the median, so that a large offset does not cost digits
            middle = float(np.median(values[finite])) if finite.any() else 0.0
            sums = np.bincount(rows[inside], weights=values[inside] - middle, minlength=grid.n_bins)
            sampled[filled] = sums[filled] / held[filled] + middle
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


def _held(
    times: np.ndarray, values: np.ndarray, piece: np.ndarray, covariate: Covariate, at: np.ndarray, limit: float
) -> np.ndarray:
    """The last value at or before `at`; NaN before the first sample, past the piece's end, and longer than `limit` after a sample."""
    sampled = np.full(len(at), np.nan)
    if not len(times):
        return sampled
    support = np.asarray(covariate.data.time_support.values)
    left = np.searchsorted(times, at + _SAME, side="right") - 1
    known = left >= 0
    sampled[known] = values[left[known]]
    since = at[known] - times[left[known]]
    # the last sample of a piece holds for one sampling period beyond the piece's end, which is where it was taken
    period = covariate.period if np.isfinite(covariate.period) else 0.0
    end = support[np.clip(piece[left[known]] - 1, 0, len(support) - 1), 1] + min(period, limit)
    sampled[np.flatnonzero(known)[(since > limit) | (at[known] > end)]] = np.nan
    return sampled

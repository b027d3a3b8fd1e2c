"""Activity of many units at several widths of cell, from which any stretch of time is drawn with few numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from glmengine.context import SILENT, Context

_COARSER = 4  # of a level to the one before it
_MOST_CELLS, _LEAST_CELLS = 1 << 18, 512
_MOST_NUMBERS = 32_000_000  # cells times units of the finest level
_ROWS = 1 << 22  # samples times units that are worked through at a time
_CROWN = 0.995  # share of cells below what is drawn darkest


@dataclass(frozen=True, eq=False)
class Level:
    """Sums (n, M) over cells of `width` seconds, and how many values each sum is of; None where that does not matter (spikes)."""

    width: float
    sums: np.ndarray
    known: np.ndarray | None


@dataclass(frozen=True, eq=False)
class ActivityLevels:
    """Levels from fine to coarse, the first cell of each beginning at `start` (s)."""

    start: float
    levels: tuple[Level, ...]

    def shares(self, edges: np.ndarray) -> np.ndarray | None:
        """How dark to draw M units between equally spaced edges (s), (len(edges) - 1, M) from 0 to 1; None where the cells of the finest
        level are wider than that."""
        width = (edges[-1] - edges[0]) / (len(edges) - 1)
        fitting = [level for level in self.levels if level.width <= width * 1.0001]
        if not fitting:
            return None
        # of two that fit the finer one: borders of cells then lie nearer to the edges
        level = next((level for level in reversed(fitting) if level.width <= width / 2), fitting[-1])
        at = np.clip(np.rint((edges - self.start) / level.width).astype(np.int64), 0, len(level.sums))
        sums = _summed(level.sums, at)
        if level.known is None:  # stretches of one cell more are not darker for it
            return of_counts(sums * (width / level.width / np.maximum(np.diff(at), 1))[:, None])
        known = _summed(level.known, at)
        with np.errstate(invalid="ignore", divide="ignore"):
            return of_means(sums / known)


def of_counts(counts: np.ndarray) -> np.ndarray:
    """Spikes a cell (n, M) against the busiest cells of each unit, from 0 to 1 near the maximum."""
    return np.minimum(counts / np.maximum(_crown(counts), 1.0), 1.0)


def of_means(means: np.ndarray) -> np.ndarray:
    """Mean values a cell (n, M), from 0 at a unit's lowest to 1 near its highest; 0 where nothing is known."""
    known = np.isfinite(means)
    low = np.where(known, means, np.inf).min(axis=0, initial=np.inf)
    low = np.where(np.isfinite(low), low, 0.0)
    filled = np.where(known, means, low)
    high = _crown(filled)
    return np.clip((filled - low) / np.maximum(high - low, np.finfo(high.dtype).tiny), 0.0, 1.0)


def _crown(values: np.ndarray) -> np.ndarray:
    """(M,) the value that only the highest of each column of (n, M) exceed."""
    if not len(values):
        return np.zeros(values.shape[1])
    place = min(int(np.ceil(_CROWN * (len(values) - 1))), len(values) - 1)
    return np.partition(values, place, axis=0)[place]


def _summed(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Sums of rows of (n, M) between places (k + 1,), (k, M)."""
    first, last = int(at[0]), int(at[-1])
    out = np.zeros((len(at) - 1, values.shape[1]), np.float32)
    filled = at[1:] > at[:-1]
    if filled.any():
        out[filled] = np.add.reduceat(values[first:last], at[:-1][filled] - first, axis=0, dtype=np.float32)
    return out


# How they are made


def levels_of_spikes(times: Sequence[np.ndarray], span: tuple[float, float], context: Context = SILENT) -> ActivityLevels:
    """Levels of spike times (s, sorted), an array for each unit; takes as long as the spikes are many, so for the worker."""
    cells = _cells(len(times))
    width = (span[1] - span[0]) / cells
    sums = np.zeros((len(times), cells), np.uint32)
    for unit, own in enumerate(times):
        context.check()
        at = ((own - span[0]) / width).astype(np.int64)
        sums[unit] = np.bincount(np.clip(at, 0, cells - 1), minlength=cells)
    levels = _coarsened(Level(width, np.ascontiguousarray(sums.T), None))
    return ActivityLevels(span[0], tuple(Level(level.width, _small(level.sums), None) for level in levels))


def _small(counts: np.ndarray) -> np.ndarray:
    """Whole numbers in as few bytes as hold them."""
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))))


def levels_of_traces(
    times: np.ndarray, values: np.ndarray, span: tuple[float, float], context: Context = SILENT
) -> ActivityLevels:
    """Levels of values (T, M) at times (T,) in s, NaN where nothing is known; for the worker."""
    units = values.shape[1]
    cells = min(_cells(units), max(_LEAST_CELLS, len(times) // 4))
    width = (span[1] - span[0]) / cells
    sums, known = np.zeros((cells, units), np.float32), np.zeros((cells, units), np.float32)
    whole = np.isfinite if values.dtype.kind == "f" else None
    for rows in row_blocks(len(times), units):
        context.check()
        at = np.clip(((times[rows] - span[0]) / width).astype(np.int64), 0, cells - 1)
        cut = np.flatnonzero(np.r_[True, np.diff(at) > 0])  # times ascend
        good = whole(values[rows]) if whole is not None else np.ones((len(at), units), bool)
        part = np.where(good, values[rows], 0)
        sums[at[cut]] += np.add.reduceat(part, cut, axis=0, dtype=np.float32)
        known[at[cut]] += np.add.reduceat(good, cut, axis=0, dtype=np.float32)
    return ActivityLevels(span[0], _coarsened(Level(width, sums, known)))


def row_blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Blocks of rows of a large array that are worked through one after the other."""
    step = max(1, _ROWS // max(n_columns, 1))
    return (slice(first, min(first + step, n_rows)) for first in range(0, n_rows, step))


def _cells(units: int) -> int:
    return int(max(_LEAST_CELLS, min(_MOST_CELLS, _MOST_NUMBERS // max(units, 1))))


def _coarsened(finest: Level) -> tuple[Level, ...]:
    levels = [finest]
    while len(levels[-1].sums) > _LEAST_CELLS * _COARSER:
        before = levels[-1]
        known = _added(before.known) if before.known is not None else None
        levels.append(Level(before.width * _COARSER, _added(before.sums), known))
    return tuple(levels)


def _added(values: np.ndarray) -> np.ndarray:
    """Sums of each few rows of (n, M) that follow each other; the last one may be of fewer."""
    sums = values[::_COARSER].copy()
    for first in range(1, _COARSER):
        part = values[first::_COARSER]
        sums[: len(part)] += part
    return sums


def shares_of_spikes(times: Sequence[np.ndarray], edges: np.ndarray) -> np.ndarray:
    """`ActivityLevels.shares` of a short stretch, counted from the spikes themselves."""
    start, width, cells = edges[0], (edges[-1] - edges[0]) / (len(edges) - 1), len(edges) - 1
    counts = np.zeros((len(times), cells), np.float32)
    for unit, own in enumerate(times):
        first, last = own.searchsorted((edges[0], edges[-1]))
        if last > first:
            at = ((own[first:last] - start) / width).astype(np.int64)
            counts[unit] = np.bincount(np.minimum(at, cells - 1), minlength=cells)
    return of_counts(counts.T)


def shares_of_traces(times: np.ndarray, values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """`ActivityLevels.shares` of a short stretch, from the values themselves: a cell between two samples shows the one before it."""
    at = np.clip(np.searchsorted(times, edges), 0, len(times))
    first, last = max(int(at[0]) - 1, 0), int(at[-1])
    seen = values[first:last]
    if not len(seen):
        return np.zeros((len(edges) - 1, values.shape[1]))
    at = at - first
    filled = at[1:] > at[:-1]
    means = np.full((len(edges) - 1, seen.shape[1]), np.nan, np.float32)
    if filled.any():
        cut = at[:-1][filled]
        known = np.isfinite(seen) if seen.dtype.kind == "f" else None
        sums = np.add.reduceat(seen if known is None else np.where(known, seen, 0), cut, axis=0, dtype=np.float32)
        n = np.diff(at)[filled][:, None] if known is None else np.add.reduceat(known, cut, axis=0, dtype=np.float32)
        with np.errstate(invalid="ignore", divide="ignore"):
            means[filled] = sums / n
    before = np.clip(at[:-1] - 1, 0, len(seen) - 1)
    empty = ~filled & (at[:-1] > 0)
    means[empty] = seen[before[empty]]
    return of_means(means)

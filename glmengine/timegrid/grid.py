"""The time grid: bins of equal width over stretches of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.timegrid.intervals import TOUCHING, as_pairs, interval_set, merge

if TYPE_CHECKING:
    import pynapple as nap

MOST_BINS = 100_000_000
"""A day in bins of 1 ms is 86 million, whose centres and pieces take 1 GB."""

_NEAR_EDGE = 1e-3
"""Share of a bin beside its edges in which a quotient alone does not say which bin a time is in."""

_BLOCK = 2**20
"""Rows that are worked on at a time, where what is made on the way would take several times what is kept."""


@dataclass(frozen=True)
class TimeGrid:
    """Bins of equal width; each contiguous piece starts its own grid at its own start.

    Attributes
    ----------
    bin_size : float
        Seconds.
    centres : array (T,) float64
        Bin centres in seconds, increasing.
    segment : array (T,) int32
        Which contiguous piece a bin lies in.
    offsets : array (S + 1,) int64
        Row at which each piece starts, and T at the end.
    """

    bin_size: float
    centres: np.ndarray
    segment: np.ndarray
    offsets: np.ndarray

    @classmethod
    def from_intervals(cls, intervals: nap.IntervalSet | np.ndarray, bin_size: float) -> TimeGrid:
        """Whole bins over `intervals` ((S, 2) start and stop in seconds, any order).

        Overlapping and touching intervals are merged; what is left over at the end of a piece, and pieces shorter than a
        bin, are dropped.

        Raises
        ------
        GlmError
            If the bin size is not positive, or makes more bins than any analysis can hold.
        """
        if not (np.isfinite(bin_size) and bin_size > 0):
            raise GlmError(f"the bin size must be positive, not {bin_size} s", field="time.bin_size")
        pieces = merge(as_pairs(intervals))
        tolerance = min(TOUCHING, 0.01 * bin_size)
        whole = np.floor((pieces[:, 1] - pieces[:, 0] + tolerance) / bin_size)
        if whole.sum() > MOST_BINS:
            raise GlmError(
                f"bins of {bin_size:g} s make {whole.sum():,.0f} bins, more than {MOST_BINS:,}; choose wider bins, or see whether the times of the "
                "recording are in seconds",
                field="time.bin_size",
            )
        n_bins = whole.astype(np.int64)
        starts, n_bins = pieces[n_bins > 0, 0], n_bins[n_bins > 0]
        offsets = np.concatenate([[0], np.cumsum(n_bins)])
        segment = np.repeat(np.arange(len(n_bins), dtype=np.int32), n_bins)
        centres = np.empty(offsets[-1])
        for block in _blocks(len(centres)):
            piece = segment[block]
            within = np.arange(block.start, block.stop) - offsets[piece]
            centres[block] = starts[piece] + (within + 0.5) * bin_size
        return cls(float(bin_size), centres, segment, offsets)

    def rows(self, first: int, last: int) -> TimeGrid:
        """The grid of the rows from `first` to before `last` alone; a piece that they cut is shorter."""
        own = self.segment[first:last]
        offsets = np.concatenate([[0], np.flatnonzero(np.diff(own)) + 1, [len(own)]]).astype(np.int64)
        segment = np.repeat(np.arange(len(offsets) - 1, dtype=np.int32), np.diff(offsets))
        return TimeGrid(self.bin_size, self.centres[first:last], segment, offsets)

    @property
    def n_bins(self) -> int:
        return len(self.centres)

    @property
    def starts(self) -> np.ndarray:
        """(T,) left edges in seconds; a bin holds its left edge and not its right one."""
        return self.starts_at(slice(None))

    @property
    def stops(self) -> np.ndarray:
        """(T,) right edges in seconds, equal to the next bin's left edge within a piece."""
        return self.stops_at(slice(None))

    def starts_at(self, rows: np.ndarray | slice) -> np.ndarray:
        """The left edges of some bins alone."""
        return np.round(self.centres[rows] - self.bin_size / 2, 9)

    def stops_at(self, rows: np.ndarray | slice) -> np.ndarray:
        """The right edges of some bins alone."""
        if isinstance(rows, slice):
            rows = np.arange(*rows.indices(self.n_bins))
        rows = np.asarray(rows)
        following = np.minimum(rows + 1, self.n_bins - 1)
        stops = self.starts_at(following)
        ends = (following == rows) | (self.segment[following] != self.segment[rows])
        return np.where(ends, np.round(self.centres[rows] + self.bin_size / 2, 9), stops) if ends.any() else stops

    @cached_property
    def pieces(self) -> np.ndarray:
        """(S, 2) start and stop of each contiguous piece, in seconds."""
        if not self.n_bins:
            return np.empty((0, 2))
        return np.column_stack([self.starts_at(self.offsets[:-1]), self.stops_at(self.offsets[1:] - 1)])

    def intervals(self) -> nap.IntervalSet:
        """The pieces as a pynapple `IntervalSet`."""
        return interval_set(self.pieces)

    def rows_of(self, times: np.ndarray) -> np.ndarray:
        """(N,) row of the bin that holds each time (seconds), -1 where none does."""
        # to the nanosecond, as the edges are: what is one decimal number falls on one side
        times = np.round(np.asarray(times, dtype=np.float64), 9)
        if not self.n_bins or not len(times):
            return np.full(len(times), -1, dtype=np.int64)
        piece = np.searchsorted(self.pieces[:, 0], times, side="right") - 1
        inside = piece >= 0
        piece = np.where(inside, piece, 0)
        first, last = self.offsets[piece], self.offsets[piece + 1] - 1
        with np.errstate(invalid="ignore"):
            quotient = (times - self.pieces[piece, 0]) / self.bin_size
            whole = np.floor(quotient)
            near = max(_NEAR_EDGE, 4e-9 / self.bin_size)  # edges are rounded to the nanosecond
            within = (quotient - whole > near) & (quotient - whole < 1 - near) & (whole >= 0) & (whole <= last - first)
        rows = np.clip(first + np.nan_to_num(whole, nan=0, posinf=0, neginf=0).astype(np.int64), first, last)
        # the quotient may be off by one where a time lies on an edge
        at = np.flatnonzero(~within)
        rows[at], inside[at] = self._rows_beside_edges(times[at], rows[at], first[at], last[at], inside[at])
        return np.where(inside, rows, -1)

    def _rows_beside_edges(
        self, times: np.ndarray, rows: np.ndarray, first: np.ndarray, last: np.ndarray, inside: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The rows of times from rows that are off by one at most, and which of them lie in theirs."""
        rows = np.where((times < self.starts_at(rows)) & (rows > first), rows - 1, rows)
        rows = np.where((times >= self.stops_at(rows)) & (rows < last), rows + 1, rows)
        return rows, inside & (times >= self.starts_at(rows)) & (times < self.stops_at(rows))

    def inside(self, intervals: nap.IntervalSet | np.ndarray) -> np.ndarray:
        """(T,) bool, True for bins that lie wholly inside `intervals` ((S, 2) start and stop in seconds)."""
        pieces = merge(as_pairs(intervals))
        if not len(pieces):
            return np.zeros(self.n_bins, dtype=bool)
        tolerance = min(TOUCHING, 0.01 * self.bin_size)
        found = np.empty(self.n_bins, dtype=bool)
        for block in _blocks(self.n_bins):
            piece = np.searchsorted(pieces[:, 0], self.starts_at(block) + tolerance, side="right") - 1
            found[block] = (piece >= 0) & (self.stops_at(block) <= pieces[np.maximum(piece, 0), 1] + tolerance)
        return found

    def outside(self, intervals: nap.IntervalSet | np.ndarray) -> np.ndarray:
        """(T,) bool, True for bins that do not lie wholly inside `intervals`."""
        return ~self.inside(intervals)


def _blocks(n: int) -> Iterator[slice]:
    """Stretches of rows, one after another."""
    return (slice(first, min(first + _BLOCK, n)) for first in range(0, n, _BLOCK))

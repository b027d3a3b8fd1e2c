"""The time grid: whole bins over stretches of time, and spikes and covariates brought to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.timegrid.sampling import sample_covariate

if TYPE_CHECKING:
    import pynapple as nap

    from glmengine.analysis.time import Time
    from glmengine.recording.recording import Covariate, Recording

TOUCHING = 1.5e-6
"""Stretches closer than this (s) are one: pynapple shortens the first of two touching intervals by a microsecond."""

MOST_BINS = 200_000_000


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
                f"bins of {bin_size:g} s make {whole.sum():.3g} bins, more than {MOST_BINS:.0e}; choose wider bins",
                field="time.bin_size",
            )
        n_bins = whole.astype(np.int64)
        starts, n_bins = pieces[n_bins > 0, 0], n_bins[n_bins > 0]
        offsets = np.concatenate([[0], np.cumsum(n_bins)])
        segment = np.repeat(np.arange(len(n_bins), dtype=np.int32), n_bins)
        within = np.arange(offsets[-1]) - offsets[segment]
        centres = starts[segment] + (within + 0.5) * bin_size
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

    @cached_property
    def starts(self) -> np.ndarray:
        """(T,) left edges in seconds; a bin holds its left edge and not its right one."""
        return np.round(self.centres - self.bin_size / 2, 9)

    @cached_property
    def stops(self) -> np.ndarray:
        """(T,) right edges in seconds, equal to the next bin's left edge within a piece."""
        stops = np.round(self.centres + self.bin_size / 2, 9)
        inner = self.segment[1:] == self.segment[:-1]
        stops[:-1][inner] = self.starts[1:][inner]
        return stops

    @cached_property
    def pieces(self) -> np.ndarray:
        """(S, 2) start and stop of each contiguous piece, in seconds."""
        if not self.n_bins:
            return np.empty((0, 2))
        return np.column_stack([self.starts[self.offsets[:-1]], self.stops[self.offsets[1:] - 1]])

    def intervals(self) -> nap.IntervalSet:
        """The pieces as a pynapple `IntervalSet`."""
        import pynapple as nap

        return nap.IntervalSet(self.pieces[:, 0], self.pieces[:, 1])

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
            guess = np.floor((times - self.pieces[piece, 0]) / self.bin_size)
        rows = np.clip(first + np.nan_to_num(guess, nan=0, posinf=0, neginf=0).astype(np.int64), first, last)
        # the quotient may be off by one where a time lies on an edge
        rows = np.where((times < self.starts[rows]) & (rows > first), rows - 1, rows)
        rows = np.where((times >= self.stops[rows]) & (rows < last), rows + 1, rows)
        inside &= (times >= self.starts[rows]) & (times < self.stops[rows])
        return np.where(inside, rows, -1)

    def count(
        self,
        recording: Recording,
        unit_names: Sequence[str] | None = None,
        *,
        compact: bool = False,
        absent_as_zero: bool = False,
    ) -> np.ndarray:
        """Spikes per bin.

        Parameters
        ----------
        recording : Recording
        unit_names : sequence of str, optional
            All units where None.
        compact : bool
            In the smallest signed integers that hold them, mostly one byte: to keep, not to calculate with.
        absent_as_zero : bool
            Where a unit was not recorded (`Recording.recorded`) it has 0 spikes, not NaN.

        Returns
        -------
        array (T, M)
            int32, or smaller where `compact`; float64 where counts that came binned are fractional or missing (NaN in bins that they do
            not fill), and where a unit was not recorded all the time.

        Raises
        ------
        GlmError
            If a unit is unknown, or the bin size is not a whole multiple of the bins in which the counts came.
        """
        names = recording.unit_names if unit_names is None else tuple(unit_names)
        columns = _unit_columns(recording, names)
        absent = (
            {}
            if absent_as_zero
            else {name: self.outside(recording.recorded[name]) for name in names if name in recording.recorded}
        )
        if recording.spikes is None:
            counts = self._count_binned(recording, columns)
            counts = counts.astype(_holding(counts.max(initial=0))) if compact and counts.dtype.kind == "i" else counts
            return _without(counts, names, absent)
        counts = np.zeros((self.n_bins, len(names)), dtype=np.int8 if compact else np.int32)
        for position, column in enumerate(columns):
            rows = self.rows_of(_near(recording.spikes[column].t, self))
            own = np.bincount(rows[rows >= 0], minlength=self.n_bins)
            if own.max(initial=0) > np.iinfo(counts.dtype).max:
                counts = counts.astype(_holding(own.max()))
            counts[:, position] = own
        return _without(counts, names, absent)

    def outside(self, intervals: nap.IntervalSet) -> np.ndarray:
        """(T,) bool, True for bins that do not lie wholly inside `intervals`."""
        return ~_bins_inside(self, merge(as_pairs(intervals)))

    def _count_binned(self, recording: Recording, columns: list[int]) -> np.ndarray:
        own, ratio = own_bin(recording), 0
        if np.isfinite(own):
            ratio = round(self.bin_size / own)
        if ratio < 1 or abs(self.bin_size / own - ratio) > 1e-4 * ratio:
            raise GlmError(
                f"{recording.name}: its counts came in bins of {own:g} s, which cannot be made into bins of {self.bin_size:g} s; "
                f"use {own:g} s or a whole multiple of it",
                field="time.bin_size",
            )
        values = np.asarray(recording.counts.values[:, columns])
        rows = self.rows_of(recording.counts.t)
        kept = rows >= 0
        rows, values = rows[kept], values[kept]
        held = np.bincount(rows, minlength=self.n_bins)
        sums = np.column_stack([np.bincount(rows, weights=values[:, m], minlength=self.n_bins) for m in range(values.shape[1])])
        sums[held != ratio] = np.nan
        if np.isfinite(sums).all() and np.array_equal(sums, np.rint(sums)) and (np.abs(sums) < 2**31).all():
            return sums.astype(np.int32)
        return sums

    def sample(self, covariate: Covariate, max_gap: float | None = None) -> np.ndarray:
        """A covariate in each bin.

        The mean within the bin where it is sampled faster than the bins, linear interpolation at the centre where slower
        (both on the circle for angles, the result in [0, 2 pi)), the last value for steps and categories.

        Parameters
        ----------
        covariate : Covariate
        max_gap : float, optional
            Longest time between samples that is filled in (s); ten sampling periods and at least one bin where None.

        Returns
        -------
        array (T,), or (T, C) for a covariate with components
            float64, NaN where invalid.
        """
        return sample_covariate(covariate, self, max_gap)


def _near(times: np.ndarray, grid: TimeGrid) -> np.ndarray:
    """Those of ascending times that may lie in the grid: the rest need not be looked at."""
    if not grid.n_bins:
        return times
    low, high = np.searchsorted(times, [grid.centres[0] - grid.bin_size, grid.centres[-1] + grid.bin_size])
    return times[low:high]


def _holding(largest: int) -> np.dtype:
    """The smallest signed integers that go up to `largest`."""
    return np.min_scalar_type(-int(largest) - 1)


def pieces_of(time: Time, recording: Recording) -> np.ndarray:
    """(S, 2) start and stop in seconds of the stretches that an analysis takes, before they are cut into bins.

    Raises
    ------
    GlmError
        If an epoch is unknown, or the intervals drawn by hand lie outside.
    """
    pieces = union_of(recording, time.epochs, field="time.epochs")
    if time.intervals:
        pieces = intersect(pieces, merge(np.asarray(time.intervals, dtype=np.float64)))
        if not len(pieces):
            raise GlmError(
                "the drawn intervals lie outside the chosen epochs; draw them inside, or choose other epochs",
                field="time.intervals",
            )
    return pieces if recording.counts is None else _on_count_edges(pieces, recording)


def make_grid(time: Time, recording: Recording) -> TimeGrid:
    """The bins of an analysis: its epochs, cut to the intervals drawn by hand. Conditions do not cut pieces.

    Raises
    ------
    GlmError
        If an epoch is unknown or no whole bin is left.
    """
    pieces = pieces_of(time, recording)
    grid = TimeGrid.from_intervals(pieces, time.bin_size)
    if not grid.n_bins:
        longest = float((pieces[:, 1] - pieces[:, 0]).max()) if len(pieces) else 0.0
        raise GlmError(
            f"no whole bin of {time.bin_size:g} s fits into the chosen epochs, the longest of which lasts {longest:.4g} s; "
            "choose narrower bins or other epochs",
            field="time.bin_size",
        )
    return grid


def usable(time: Time, recording: Recording, grid: TimeGrid) -> np.ndarray:
    """(T,) bool, True where every condition holds; a bin that is not usable keeps its spikes as history of later ones."""
    mask = np.ones(grid.n_bins, dtype=bool)
    for position, condition in enumerate(time.conditions):
        covariate = recording.variable(condition.variable, field=f"time.conditions.{position}.variable")
        values = grid.sample(covariate, time.max_gap)
        mask &= np.isfinite(values)
        with np.errstate(invalid="ignore"):
            if condition.above is not None:
                mask &= values > condition.above
            if condition.below is not None:
                mask &= values < condition.below
    return mask


def rows_in(
    grid: TimeGrid, recording: Recording, epoch_names: Iterable[str], *, field: str = "validation.fit_epochs"
) -> np.ndarray:
    """(T,) bool, True for the bins that lie wholly inside the named epochs."""
    return _bins_inside(grid, union_of(recording, epoch_names, field=field))


def _bins_inside(grid: TimeGrid, pieces: np.ndarray) -> np.ndarray:
    """(T,) bool, True for the bins that lie wholly inside merged pieces (S, 2)."""
    if not len(pieces):
        return np.zeros(grid.n_bins, dtype=bool)
    tolerance = min(TOUCHING, 0.01 * grid.bin_size)
    piece = np.searchsorted(pieces[:, 0], grid.starts + tolerance, side="right") - 1
    return (piece >= 0) & (grid.stops <= pieces[np.maximum(piece, 0), 1] + tolerance)


def own_bin(recording: Recording) -> float:
    """Width in seconds of the bins in which a recording's counts came, NaN with fewer than two bins."""
    steps = np.diff(recording.counts.t)
    if not len(steps):
        return float("nan")
    middle = np.median(steps)
    # the mean of the regular steps: a median rounded to nanoseconds would drift off over a long recording
    return float(np.round(steps[np.abs(steps - middle) <= 0.01 * middle].mean(), 12))


def union_of(recording: Recording, epoch_names: Iterable[str], *, field: str = "") -> np.ndarray:
    """(S, 2) merged stretches of the named epochs, in seconds."""
    chosen = []
    for name in epoch_names:
        if name not in recording.epochs:
            have = ", ".join(list(recording.epochs)[:12])
            raise GlmError(f"{recording.name}: no epoch '{name}'; this recording has: {have}", field=field)
        chosen.append(as_pairs(recording.epochs[name]))
    return merge(np.concatenate(chosen)) if chosen else np.empty((0, 2))


def as_pairs(intervals: nap.IntervalSet | np.ndarray) -> np.ndarray:
    """(S, 2) float64 start and stop of an `IntervalSet`, array or list of pairs."""
    return np.asarray(getattr(intervals, "values", intervals), dtype=np.float64).reshape(-1, 2)


def merge(pairs: np.ndarray) -> np.ndarray:
    """Sorted (S, 2) stretches in which overlapping and touching ones are joined; empty, reversed and NaN ones are dropped."""
    pairs = pairs[pairs[:, 1] > pairs[:, 0]]
    if not len(pairs):
        return np.empty((0, 2))
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    reach = np.maximum.accumulate(pairs[:, 1])
    first = np.concatenate([[True], pairs[1:, 0] > reach[:-1] + TOUCHING])
    last = np.concatenate([first[1:], [True]])
    return np.column_stack([pairs[first, 0], reach[last]])


def intersect(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(S, 2) stretches that lie in both of two merged sets."""
    found = []
    for start, stop in one:
        low, high = np.maximum(other[:, 0], start), np.minimum(other[:, 1], stop)
        found.append(np.column_stack([low, high])[high > low])
    return merge(np.concatenate(found)) if found else np.empty((0, 2))


def _on_count_edges(pieces: np.ndarray, recording: Recording) -> np.ndarray:
    """Move each start to the next edge of the bins in which the counts came, and cut at the holes between those."""
    own, times = own_bin(recording), recording.counts.t
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


def _without(counts: np.ndarray, names: Sequence[str], absent: dict[str, np.ndarray]) -> np.ndarray:
    """The counts (T, M) with NaN where a unit was not recorded; float64 if that is anywhere."""
    if not any(rows.any() for rows in absent.values()):
        return counts
    counts = counts.astype(np.float64)
    for position, name in enumerate(names):
        if name in absent:
            counts[absent[name], position] = np.nan
    return counts


def _unit_columns(recording: Recording, names: Sequence[str]) -> list[int]:
    index = {name: column for column, name in enumerate(recording.unit_names)}
    missing = [name for name in names if name not in index]
    if missing:
        have = ", ".join(recording.unit_names[:12])
        raise GlmError(f"{recording.name}: no unit '{missing[0]}'; this recording has: {have}", field="units.names")
    return [index[name] for name in names]

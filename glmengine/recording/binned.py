"""The units and the covariates of a recording in the bins of a time grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.recording.recording import Covariate, Recording
from glmengine.recording.stored import BLOCK
from glmengine.sentences import listed
from glmengine.threads import workers
from glmengine.timegrid.counts import bin_width, count_times, sum_counts
from glmengine.timegrid.grid import TimeGrid
from glmengine.timegrid.sampling import Samples, sample


def count_spikes(
    recording: Recording,
    grid: TimeGrid,
    unit_names: Sequence[str] | None = None,
    *,
    compact: bool = False,
    absent_as_zero: bool = False,
) -> np.ndarray:
    """Spikes per bin.

    Parameters
    ----------
    recording : Recording
    grid : TimeGrid
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
        {} if absent_as_zero else {name: grid.outside(recording.recorded[name]) for name in names if name in recording.recorded}
    )
    if recording.spikes is None:
        counts = sum_counts(recording.counts.t, np.asarray(recording.counts.values[:, columns]), grid, recording.name)
        counts = counts.astype(_smallest_dtype(counts.max(initial=0))) if compact and counts.dtype.kind == "i" else counts
        return _without(counts, names, absent)
    by_unit = np.zeros((len(names), grid.n_bins), dtype=np.int8 if compact else np.int32)  # each written where it lies together
    most, larger = np.iinfo(by_unit.dtype).max, {}

    def place(position: int) -> None:
        own = count_times(recording.spikes[columns[position]].t, grid)
        if own.max(initial=0) > most:
            larger[position] = own
        else:
            by_unit[position] = own

    with workers(grid.n_bins * len(names)) as pool:
        for _ in pool.map(place, list(range(len(names)))):
            pass
    counts = np.ascontiguousarray(by_unit.T)
    if larger:
        counts = counts.astype(_smallest_dtype(max(own.max() for own in larger.values())))
    for position, own in larger.items():
        counts[:, position] = own
    return _without(counts, names, absent)


def count_bin_width(recording: Recording) -> float:
    """Width in seconds of the bins in which a recording's counts came, NaN with fewer than two bins."""
    return bin_width(recording.counts.t)


def sample_covariate(covariate: Covariate, grid: TimeGrid, max_gap: float | None = None, context: Context = SILENT) -> np.ndarray:
    """A covariate in each bin; one that stays in its file is read stretch by stretch.

    Parameters
    ----------
    covariate : Covariate
    grid : TimeGrid
    max_gap : float, optional
        Longest time between samples that is filled in (s); ten sampling periods and at least one bin where None.
    context : Context, optional
        Asked before it is read, and before each stretch of a file.

    Returns
    -------
    array (T,), or (T, C) for a covariate with components
        As `glmengine.timegrid.sampling.sample` makes it.
    """
    context.check()
    if covariate.stored is not None:
        limit = _limit_of_stored(covariate, grid.bin_size, max_gap)
        if np.isfinite(limit):
            return _sample_stretches(covariate, grid, limit, context)
        covariate = replace(covariate, data=covariate.data)  # with the sampling period of all of it
    data = covariate.data
    values = np.asarray(data.values, dtype=np.float64)
    times = np.asarray(data.t, dtype=np.float64)
    return sample(
        Samples(times, values, np.asarray(data.time_support.values), covariate.kind, covariate.period), grid, max_gap, context
    )


def _sample_stretches(covariate: Covariate, grid: TimeGrid, limit: float, context: Context) -> np.ndarray:
    """Stretch by stretch of bins, with the samples of its file that these can depend on.

    Equal to reading it whole, but for the rounding of means.
    """
    import pynapple as nap

    stored = covariate.stored
    reach = 1.01 * limit + 2 * grid.bin_size + 2 * stored.period
    per_bin = max(1.0, grid.bin_size / stored.period)
    step = max(1, int(BLOCK / (8 * (1 + stored.width) * per_bin)))
    width = int(np.prod(stored.shape[1:])) if stored.ndim > 1 and stored.shape[1:] != (1,) else 0
    sampled = np.empty((grid.n_bins, width) if width else grid.n_bins)
    support = stored.intervals()
    for first, last in _stretches(grid.centres, step, reach):
        context.check()
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
        numbers = np.asarray(near.values, dtype=np.float64)
        found = Samples(np.asarray(near.t), numbers, np.asarray(support.values), covariate.kind, stored.period)
        sampled[first:last] = sample(found, part, limit, context)
    return sampled


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
    if covariate.kind in ("step", "category") and not covariate.stored.regular:
        near = intervals[intervals < np.quantile(intervals, 0.99)]
        if not len(near) or np.quantile(near, 0.9) > 1.5 * covariate.period:
            return np.inf
    return max(10 * covariate.period, bin_size)


def _smallest_dtype(largest: int) -> np.dtype:
    """The smallest signed integers that go up to `largest`."""
    return np.min_scalar_type(-int(largest) - 1)


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
        have = listed(recording.unit_names)
        raise GlmError(f"{recording.name}: no unit '{missing[0]}'; this recording has: {have}", field="units.names")
    return [index[name] for name in names]

"""The time grid of an analysis: its epochs cut into bins, and the bins in which its conditions hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.recording.binned import count_bin_width, sample_covariate
from glmengine.recording.named_epochs import epochs_union
from glmengine.timegrid.counts import frames_per_bin, unused_frames, whole_bins, whole_frames
from glmengine.timegrid.grid import TimeGrid
from glmengine.timegrid.intervals import as_pairs, intersect, merge

if TYPE_CHECKING:
    from glmengine.analysis.time import Time
    from glmengine.recording.recording import Recording


def pieces_of(time: Time, recording: Recording) -> np.ndarray:
    """(S, 2) start and stop in seconds of the stretches that an analysis takes, before they are cut into bins.

    Raises
    ------
    GlmError
        If an epoch is unknown, or the intervals drawn by hand lie outside.
    """
    pieces = epochs_union(recording, time.epochs, field="time.epochs")
    if time.intervals:
        pieces = intersect(pieces, merge(np.asarray(time.intervals, dtype=np.float64)))
        if not len(pieces):
            raise GlmError(
                "the drawn intervals lie outside the chosen epochs; draw them inside, or choose other epochs",
                field="time.intervals",
            )
    return pieces if recording.counts is None else whole_bins(pieces, recording.counts.t)


@takes_only_its_kinds
def make_grid(time: Time, recording: Recording) -> TimeGrid:
    """The bins of an analysis: its epochs, cut to the intervals drawn by hand. Conditions do not cut pieces.

    Parameters
    ----------
    time : Time
        Bin size (s), epochs and intervals.
    recording : Recording

    Returns
    -------
    TimeGrid

    Raises
    ------
    GlmError
        If an epoch is unknown, no whole bin is left, or the counts of the recording came in bins of which these are no whole number.
    """
    pieces = pieces_of(time, recording)
    grid = TimeGrid.from_intervals(pieces, bin_size_of(time, recording))
    if not grid.n_bins:
        longest = float((pieces[:, 1] - pieces[:, 0]).max()) if len(pieces) else 0.0
        raise GlmError(
            f"no whole bin of {time.bin_size:g} s fits into the chosen epochs, the longest of which lasts {longest:.4g} s; "
            f"choose {'narrower bins or ' if bins_can_be_narrower(grid.bin_size, recording) else ''}other epochs",
            field="time.bin_size",
        )
    return grid


def grid_over(intervals: Any, time: Time, recording: Recording) -> TimeGrid:
    """The bins of an analysis over other stretches: an `IntervalSet`, or (S, 2) start and stop in seconds."""
    pieces = merge(as_pairs(intervals))
    if recording.counts is not None:
        pieces = whole_bins(pieces, recording.counts.t)
    return TimeGrid.from_intervals(pieces, bin_size_of(time, recording))


def bin_size_of(time: Time, recording: Recording) -> float:
    """Width in seconds of the bins: what was asked for, of counts that came binned exactly the multiple of their own bins that was meant.

    Raises
    ------
    GlmError
        If that is no whole number of the bins in which the counts came.
    """
    if recording.counts is None:
        return time.bin_size
    width = count_bin_width(recording)
    meant = whole_frames(time.bin_size, width, recording.name) * width
    # a rounded number would fall behind its frames in the course of a recording
    return meant if abs(meant / time.bin_size - 1) > 1e-12 else time.bin_size


def bins_can_be_narrower(bin_size: float, recording: Recording) -> bool:
    """Whether there is anything narrower than bins of `bin_size` (s): nothing where the counts came in such bins."""
    return recording.counts is None or bin_size > 1.5 * count_bin_width(recording)  # the next is twice as wide


def count_notes(time: Time, recording: Recording, grid: TimeGrid) -> list[str]:
    """What bringing counts that came binned to the grid changed: the width of the bins, and which counts are in none."""
    if recording.counts is None:
        return []
    notes = []
    if abs(grid.bin_size / time.bin_size - 1) > 1e-5:
        many = frames_per_bin(grid.bin_size, count_bin_width(recording))
        frames = "the width of the bins in which the counts came" if many == 1 else f"{many} of the bins in which the counts came"
        notes.append(f"Bins of {time.bin_size:g} s are taken as {grid.bin_size:.7g} s, {frames}.")
    pieces = epochs_union(recording, time.epochs, field="time.epochs")
    if time.intervals:
        pieces = intersect(pieces, merge(np.asarray(time.intervals, dtype=np.float64)))
    total, unused = unused_frames(np.asarray(recording.counts.t), grid, pieces)
    if unused:
        notes.append(
            f"{unused:,} of the {total:,} bins in which the counts came lie in no whole bin of {grid.bin_size:.6g} s (at the ends of "
            "stretches and beside frames that are missing) and are not used."
        )
    return notes


def usable_bins(time: Time, recording: Recording, grid: TimeGrid, context: Context = SILENT) -> np.ndarray:
    """(T,) bool, True where every condition holds; a bin that is not usable keeps its spikes as history of later ones.

    Raises
    ------
    GlmError
        If the variable of a condition is unknown.
    """
    mask = np.ones(grid.n_bins, dtype=bool)
    for position, condition in enumerate(time.conditions):
        covariate = recording.variable(condition.variable, field=f"time.conditions.{position}.variable")
        values = sample_covariate(covariate, grid, time.max_gap, context)
        mask &= np.isfinite(values)
        with np.errstate(invalid="ignore"):
            if condition.above is not None:
                mask &= values > condition.above
            if condition.below is not None:
                mask &= values < condition.below
    return mask

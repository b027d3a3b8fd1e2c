"""The time grid of an analysis: its epochs cut into bins, and the bins in which its conditions hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.recording.binned import sample_covariate
from glmengine.recording.named_epochs import epochs_union
from glmengine.timegrid.counts import whole_bins
from glmengine.timegrid.grid import TimeGrid
from glmengine.timegrid.intervals import intersect, merge

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
    """(T,) bool, True where every condition holds; a bin that is not usable keeps its spikes as history of later ones.

    Raises
    ------
    GlmError
        If the variable of a condition is unknown.
    """
    mask = np.ones(grid.n_bins, dtype=bool)
    for position, condition in enumerate(time.conditions):
        covariate = recording.variable(condition.variable, field=f"time.conditions.{position}.variable")
        values = sample_covariate(covariate, grid, time.max_gap)
        mask &= np.isfinite(values)
        with np.errstate(invalid="ignore"):
            if condition.above is not None:
                mask &= values > condition.above
            if condition.below is not None:
                mask &= values < condition.below
    return mask

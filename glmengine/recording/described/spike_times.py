"""Times at which one unit fired, also where its counts came in bins, and the time in which it was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.sentences import listed
from glmengine.timegrid.intervals import as_pairs, intersect, merge

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording


def unit_column(recording: Recording, unit: str) -> int:
    """Number of the unit.

    Raises
    ------
    GlmError
        If there is none of that name; the sentence lists those that there are.
    """
    if unit not in recording.unit_names:
        raise GlmError(
            f"{recording.name}: no unit '{unit}'; this recording has: {listed(recording.unit_names)}", field="units.names"
        )
    return recording.unit_names.index(unit)


def counted_times(recording: Recording, unit: str) -> tuple[np.ndarray, np.ndarray]:
    """Times (n,) in s, ascending, and what was counted at each (n,): 1 a spike, or the values of bins that are known."""
    column = unit_column(recording, unit)
    if recording.spikes is not None:
        times = np.asarray(recording.spikes[column].t, np.float64)
        return times, np.ones(len(times))
    values = np.asarray(recording.counts.values[:, column], np.float64)
    known = np.isfinite(values)
    return np.asarray(recording.counts.t, np.float64)[known], values[known]


def recorded_pieces(recording: Recording, unit: str, pieces: np.ndarray) -> np.ndarray:
    """The part of merged stretches (S, 2) in which the unit was recorded."""
    if unit not in recording.recorded:
        return pieces
    return intersect(pieces, merge(as_pairs(recording.recorded[unit])))


def piece_of(pieces: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(n,) number of the merged stretch (S, 2) that holds each time, -1 where none does."""
    if not len(pieces):
        return np.full(len(times), -1)
    at = np.searchsorted(pieces[:, 0], times, side="right") - 1
    return np.where((at >= 0) & (times <= pieces[np.maximum(at, 0), 1]), at, -1)

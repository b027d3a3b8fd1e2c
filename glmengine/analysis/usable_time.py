"""Share of a recording that an analysis uses: the bins of its epochs and intervals that meet its conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.used_bins import used_bins
from glmengine.context import SILENT, Context
from glmengine.sentences import exact_seconds, percent

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording
    from glmengine.timegrid.grid import TimeGrid

_FINEST = 2000
"""Pieces of a recording that a drawing can show apart."""


@dataclass(frozen=True, eq=False)
class UsableTime:
    """What epochs, drawn intervals and conditions leave.

    Attributes
    ----------
    n_bins, n_used : int
        Bins of the epochs and intervals, and those of them that meet the conditions.
    bin_size : float
        In s.
    recording : Recording
        With the derived covariates.
    pieces : (S, 2) array
        Start and stop in s of what is used, as far as a drawing can show it.
    """

    n_bins: int
    n_used: int
    bin_size: float
    recording: Recording
    pieces: np.ndarray

    @property
    def text(self) -> str:
        """One sentence with the share, the bins and the time."""
        if not self.n_bins:
            return "Nothing is used: the ticked epochs and drawn intervals hold no whole bin."
        seconds, whole = self.n_used * self.bin_size, self.recording.duration
        share = f"{percent(min(seconds / whole, 1.0), 1)} of the recording is used" if whole > 0 else "Used"
        said = f"{share}: {exact_seconds(seconds, 1)}\u2009s, {self.n_used:,} bins of {self.bin_size * 1000:g}\u2009ms."
        if self.n_used < self.n_bins:
            said += (
                f" {percent(self.n_used / self.n_bins, 1)} of the {self.n_bins:,} bins in the ticked epochs meet the conditions."
            )
        return said


def usable_time(analysis: Analysis, recording: Recording, context: Context = SILENT) -> UsableTime:
    """What `analysis` uses of `recording`.

    Raises
    ------
    GlmError
        With the field that is at fault.
    """
    used = used_bins(analysis, recording, context)
    context.check()
    pieces = used_pieces(used.grid, used.rows)
    return UsableTime(used.grid.n_bins, int(used.rows.sum()), analysis.time.bin_size, used.recording, pieces)


def used_pieces(grid: TimeGrid, used: np.ndarray) -> np.ndarray:
    """(S, 2) start and stop in s of the bins that are used (T,), those closer together than a screen can show made one."""
    if not used.any():
        return np.empty((0, 2))
    goes_on = used[1:] & used[:-1] & (grid.segment[1:] == grid.segment[:-1])
    starts = grid.starts_at(np.flatnonzero(used & np.concatenate([[True], ~goes_on])))
    stops = grid.stops_at(np.flatnonzero(used & np.concatenate([~goes_on, [True]])))
    least = (stops[-1] - starts[0]) / _FINEST
    first = np.concatenate([[True], starts[1:] - stops[:-1] > least])
    last = np.concatenate([first[1:], [True]])
    return np.column_stack([starts[first], stops[last]])

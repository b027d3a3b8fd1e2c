"""How much of a recording an analysis uses, computed off the main thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmgui.panels.data.summary import CovariateRow, covariate_row

if TYPE_CHECKING:
    from glmengine.analysis import Analysis
    from glmengine.recording import Recording


@dataclass(frozen=True, eq=False)
class Usable:
    """What the ticked epochs, drawn intervals and conditions leave.

    Attributes
    ----------
    n_bins, n_used : int
        Bins of the epochs and intervals, and those of them that meet the conditions.
    bin_size : float
        In s.
    recording : Recording
        With the derived covariates.
    derived : tuple of CovariateRow
    """

    n_bins: int
    n_used: int
    bin_size: float
    recording: Recording
    derived: tuple[CovariateRow, ...]

    @property
    def text(self) -> str:
        """One sentence with the share, the bins and the time."""
        if not self.n_bins:
            return "Nothing is used: the ticked epochs and drawn intervals hold no whole bin."
        seconds, whole = self.n_used * self.bin_size, self.recording.duration
        share = f"{min(seconds / whole, 1.0):.1%} of the recording is used" if whole > 0 else "Used"
        said = f"{share}: {seconds:,.1f}\u2009s, {self.n_used:,} bins of {self.bin_size * 1000:g}\u2009ms."
        if self.n_used < self.n_bins:
            said += f" {self.n_used / self.n_bins:.1%} of the {self.n_bins:,} bins in the ticked epochs meet the conditions."
        return said


def usable_time(analysis: Analysis, recording: Recording) -> Usable:
    """What `analysis` uses of `recording`; raises `GlmError` with the field that is at fault."""
    from glmengine.derived import EPOCH_KINDS, compute_derived
    from glmengine.timegrid import make_grid, usable

    whole = compute_derived(analysis.derived, recording, analysis.time.max_gap)
    made = [one.name for one in analysis.derived if not isinstance(one, EPOCH_KINDS)]
    rows = tuple(covariate_row(whole.covariates[name], whole.duration) for name in made)
    grid = make_grid(analysis.time, whole)
    used = usable(analysis.time, whole, grid)
    return Usable(grid.n_bins, int(used.sum()), analysis.time.bin_size, whole, rows)

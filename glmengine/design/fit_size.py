"""Estimates of what a fit takes before it is run: bins, columns, seconds and memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.time_grid import make_grid, usable_bins
from glmengine.analysis.units import chosen_units
from glmengine.design.term_size import n_columns
from glmengine.recording.derived.quantities import compute_derived

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

# Multiplications per second that a fit reaches on two cores with float64, all passes together.
_RATE = 4e9
# Passes through the design: a fit from nothing, and one from a neighbouring strength.
_FIRST_PASSES, _NEXT_PASSES = 14, 6
_START_SECONDS = 0.3
_STREAMED = 0.5  # GB for the chunks of a matrix that is made again in each pass


@dataclass(frozen=True, eq=False)
class Estimate:
    """The size of a fit.

    Attributes
    ----------
    n_bins, n_valid : int
        Bins of the chosen time, and those of them that meet the conditions.
    n_columns, n_units : int
    seconds, gigabytes : float
        Rough.
    recording : Recording
        With the derived covariates.
    """

    n_bins: int
    n_valid: int
    n_columns: int
    n_units: int
    seconds: float
    gigabytes: float
    recording: Recording

    @property
    def text(self) -> str:
        """In one line."""
        share = self.n_valid / self.n_bins if self.n_bins else 0.0
        said = [f"{self.n_bins:,} bins, {share:.0%} valid"]
        if self.n_columns:
            plural = "s" if self.n_columns != 1 else ""
            said += [f"{self.n_columns:,} column{plural}", f"about {_time(self.seconds)}, {max(self.gigabytes, 0.1):.1f} GB"]
        return "   \u00b7   ".join(said)


def estimate(analysis: Analysis, recording: Recording) -> Estimate:
    """Look at the time grid and count columns; raises `GlmError` as a fit would. Some milliseconds of work."""
    whole = compute_derived(analysis.derived, recording, analysis.time.max_gap)
    grid = make_grid(analysis.time, whole)
    n_valid = int(np.count_nonzero(usable_bins(analysis.time, whole, grid)))
    n_units = len(chosen_units(analysis.units, whole))
    sessions = max(1, len(whole.sessions))
    columns = sum(
        n_columns(term, len(whole.unit_names), whole) * (sessions if term.separate else 1)
        for term in analysis.terms
        if term.enabled
    )
    columns += sessions - 1 if analysis.model.intercept_per_session and columns else 0
    strengths, folds = (1 if analysis.model.finds_strengths else len(analysis.model.strengths)), analysis.validation.folds
    passes = _FIRST_PASSES + (_NEXT_PASSES * strengths if strengths else 0)
    settings = math.prod(len(one.choices) for one in analysis.model.search)
    problems = n_units * (1 + folds * settings)
    seconds = _START_SECONDS + passes * 2.0 * n_valid * columns * problems / _RATE
    matrix = 8e-9 * grid.n_bins * columns
    # a matrix that fits is kept with the counts as numbers beside it; else only the counts are, in a byte or so a bin
    kept = matrix + 8e-9 * n_valid * n_units if matrix <= analysis.model.memory else _STREAMED
    memory = kept + 4e-9 * n_valid * n_units
    return Estimate(grid.n_bins, n_valid, columns, n_units, seconds, 0.15 + memory, whole)


def _time(seconds: float) -> str:
    if seconds < 1:
        return "1 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

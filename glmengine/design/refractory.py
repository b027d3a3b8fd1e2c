"""Bins in which a unit cannot fire because it just has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.terms import HistoryTerm
from glmengine.errors import GlmError
from glmengine.recording.binned import count_spikes
from glmengine.recording.named_epochs import rows_in

if TYPE_CHECKING:
    from glmengine.analysis.terms import AnyTerm
    from glmengine.recording.recording import Recording
    from glmengine.timegrid.grid import TimeGrid


def refractory_rows(terms: Sequence[AnyTerm], recording: Recording, grid: TimeGrid, units: Sequence[str]) -> np.ndarray | None:
    """(T, M) bool, True for bins that lie within the refractory time of a unit's last spike, by a history term in the model.

    A spike's own bin is not one of them, and no spike is looked for across the border of a stretch of bins: without their past, the bins
    behind a border have no history either. None where no term has a refractory time.

    Raises
    ------
    GlmError
        If the refractory time is shorter than half a bin.
    """
    found: np.ndarray | None = None
    for number, term in enumerate(terms):
        if not isinstance(term, HistoryTerm) or not term.enabled or not term.refractory:
            continue
        try:
            bins = term.refractory_bins(grid.bin_size)
        except GlmError as error:
            raise GlmError(f"term '{term.label}': {error.message}", field=f"terms.{number}.{error.field}") from error
        fired = count_spikes(recording, grid, tuple(units), compact=True) > 0
        quiet = np.zeros_like(fired)
        for lag in range(1, min(bins, grid.n_bins - 1) + 1):
            together = grid.segment[lag:] == grid.segment[:-lag]
            quiet[lag:] |= fired[:-lag] & together[:, None]
        if term.epochs:
            quiet &= rows_in(grid, recording, term.epochs, field=f"terms.{number}.epochs")[:, None]
        found = quiet if found is None else found | quiet
    return found


def without_refractory(counts: np.ndarray, quiet: np.ndarray | None) -> np.ndarray:
    """Counts (T, M) with NaN in the refractory bins, so that no likelihood holds them."""
    return counts if quiet is None else np.where(quiet, np.nan, counts)


def spikes_within(counts: np.ndarray, quiet: np.ndarray | None, units: Sequence[str], rows: np.ndarray) -> list[str]:
    """A note on units that fired in what is said to be their refractory time."""
    if quiet is None:
        return []
    lost = np.nansum(np.where(quiet[rows], counts[rows], 0), axis=0)
    if not lost.any():
        return []
    worst = int(np.argmax(lost))
    return [
        f"{int(lost.sum())} spike{'s lie' if lost.sum() > 1 else ' lies'} in the refractory time and {'were' if lost.sum() > 1 else 'was'} not fitted (most, {int(lost[worst])}, of unit {units[worst]}): "
        "it may be too long, or the unit may hold the spikes of several cells."
    ]

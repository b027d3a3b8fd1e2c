"""Which stretches of time a model is fitted to, which each fold holds out, and which are left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.units import chosen_units
from glmengine.analysis.used_bins import used_bins
from glmengine.context import SILENT, Context
from glmengine.design.splits import intervals_called, longest_window, split_time
from glmengine.models import get_family
from glmengine.recording.named_epochs import rows_in

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording
    from glmengine.timegrid.grid import TimeGrid


@dataclass(frozen=True, eq=False)
class FittedTime:
    """The time of an analysis by what it is used for, as stretches (n, 2) of start and stop in seconds.

    Attributes
    ----------
    folds : dict of str to (n, 2) array
        What each fold holds out.
    gaps : (n, 2) array
        Around held-out time: neither fitted nor scored while folds are held out.
    tested : (n, 2) array
        Only scored, never fitted.
    fitted : (n, 2) array
        In the fit that is reported, which takes all folds.
    intervals : (n, 2) array
        The trials or the stretches of an epoch that are held out whole, where there are some.
    grouped_by : str
        What these are called.
    n_bins : int
        Bins that are fitted.
    reach : float
        How far the longest window of the terms looks back or ahead, s.
    spikes_a_bin : float
        Mean count in a bin of the unit in the middle of those chosen; NaN for signals.
    span : (float, float)
        First and last second of the recording.
    notes : tuple of str
    """

    folds: dict[str, np.ndarray]
    gaps: np.ndarray
    tested: np.ndarray
    fitted: np.ndarray
    intervals: np.ndarray
    grouped_by: str
    n_bins: int
    reach: float
    spikes_a_bin: float
    span: tuple[float, float]
    notes: tuple[str, ...] = ()


def fitted_time(analysis: Analysis, recording: Recording, context: Context = SILENT) -> FittedTime:
    """Divide the time of an analysis as its fit would, without expanding a design.

    Raises
    ------
    GlmError
        Where a fit would: an unknown epoch or table, fewer intervals than folds, gaps that leave nothing.
    """
    used = used_bins(analysis, recording, context)
    context.check()
    whole, grid, rows = used.recording, used.grid, used.rows
    validation = analysis.validation
    tested = np.zeros(grid.n_bins, bool)
    if validation.test_epochs:
        tested = rows & rows_in(grid, whole, validation.test_epochs)
        rows = rows & ~tested
    if validation.fit_epochs:
        rows = rows & rows_in(grid, whole, validation.fit_epochs)
    folds: dict[str, np.ndarray] = {}
    gaps, notes, grouped = np.zeros((0, 2)), (), np.zeros((0, 2))
    if validation.folds:
        split = split_time(validation, grid, rows, whole, analysis.terms, seed=analysis.seed)
        number, pieces = split.intervals(grid)
        for at, name in enumerate(split.names):
            folds[f"fold {name}" if name.isdigit() else name] = pieces[number == at]
        gaps, notes = stretches(grid, split.left_out), split.notes
        if validation.grouped_by and validation.split in ("trials", "odd_even"):
            grouped = intervals_called(whole, validation.grouped_by)
    context.check()
    everything = whole.epochs["all"]
    return FittedTime(
        folds,
        gaps,
        stretches(grid, tested),
        stretches(grid, rows),
        grouped,
        validation.grouped_by if len(grouped) else "",
        int(np.count_nonzero(rows)),
        longest_window(analysis.terms, grid.bin_size) * grid.bin_size,
        _spikes_a_bin(analysis, recording, grid.bin_size),
        (float(everything.start[0]), float(everything.end[-1])),
        tuple(notes),
    )


def stretches(grid: TimeGrid, rows: np.ndarray) -> np.ndarray:
    """Start and stop (s) of runs of true rows (T,) as (n, 2), which no border of the grid's pieces is inside of."""
    at = np.flatnonzero(rows)
    if not at.size:
        return np.zeros((0, 2))
    cut = (np.diff(at) > 1) | (np.diff(grid.segment[at]) != 0)
    first, last = at[np.r_[True, cut]], at[np.r_[cut, True]]
    half = grid.bin_size / 2
    return np.column_stack([grid.centres[first] - half, grid.centres[last] + half])


def _spikes_a_bin(analysis: Analysis, recording: Recording, bin_size: float) -> float:
    if not get_family(analysis.model.family).counts:
        return float("nan")
    kept = set(chosen_units(analysis.units, recording))
    rates = [rate for name, rate in zip(recording.unit_names, recording.mean_rates, strict=True) if name in kept]
    return float(np.nanmedian(rates)) * bin_size if np.isfinite(rates).any() else float("nan")

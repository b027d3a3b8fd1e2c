"""Everything that comes before a fit: derived covariates, time grid, rows, counts and design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.time_grid import count_notes, grid_over, make_grid, usable_bins
from glmengine.analysis.units import chosen_units, count_reasons, excluded_units
from glmengine.context import SILENT, Context, Progress
from glmengine.design.build import build_design
from glmengine.design.refractory import refractory_rows, spikes_within, without_refractory
from glmengine.errors import GlmError
from glmengine.recording.binned import count_spikes
from glmengine.recording.derived.quantities import EPOCH_KINDS, compute_derived
from glmengine.recording.named_epochs import rows_in
from glmengine.recording.presence import presence_notes, presences, while_present
from glmengine.sentences import percent
from glmengine.timegrid.grid import TimeGrid

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis, Time
    from glmengine.analysis.terms import AnyTerm
    from glmengine.design.design import Design
    from glmengine.design.expanded import KeptBlocks
    from glmengine.recording.recording import Recording


FEW_USED = 0.75
"""Share of the bins chosen that are used, below which that is said."""


@dataclass(frozen=True)
class Prepared:
    """What a fit or a prediction works on.

    Attributes
    ----------
    recording : Recording
        With the derived covariates.
    grid : TimeGrid
        T bins.
    units : tuple of str
        The M units.
    counts : (T, M) array or None
        Spikes per bin, None where only the features are wanted.
    rows : (T,) bool
        Bins that may be used: the conditions hold and they are not kept for testing; the design's `valid` is a part of them.
    design : Design
    notes : tuple of str
    refractory : (T, M) bool array or None
        Bins in which a unit cannot fire, where a term has a refractory time; its counts are NaN there.
    max_gap : float or None
        Longest gap of a covariate (s) that was filled in, the default where None.
    """

    recording: Recording
    grid: TimeGrid
    units: tuple[str, ...]
    counts: np.ndarray | None
    rows: np.ndarray
    design: Design
    notes: tuple[str, ...]
    refractory: np.ndarray | None = None
    max_gap: float | None = None

    def of_units(self, numbers: Sequence[int], labels: Sequence[str] | None = None) -> Prepared:
        """The same for the units with these numbers, whatever drives them; with the terms of these labels alone where they are given."""
        at, units = list(numbers), tuple(self.units[number] for number in numbers)
        assert self.counts is not None
        return replace(
            self,
            units=units,
            counts=self.counts[:, at],
            design=self.design.of(labels or tuple(term.label for term in self.design.terms), units),
            refractory=None if self.refractory is None else self.refractory[:, at],
        )


def prepare(analysis: Analysis, recording: Recording, context: Context = SILENT) -> Prepared:
    """Everything that comes before a fit.

    Raises
    ------
    GlmError
        If no term is there to fit, no bin is left, or the recording lacks what the analysis names.
    """
    _check_terms(analysis)
    context.report(Progress("Binning", 0.0))
    ground = ground_of(analysis, recording, context)
    context.report(Progress("Making features", 0.3))
    return with_terms(analysis, ground, context=context.part(0.3, 1.0))


@dataclass(frozen=True, eq=False)
class Ground:
    """What the terms of an analysis stand on: bins, rows, units and their counts; as of `Prepared`, whatever the terms are."""

    recording: Recording
    grid: TimeGrid
    units: tuple[str, ...]
    counts: np.ndarray
    rows: np.ndarray
    notes: tuple[str, ...]


def ground_of(analysis: Analysis, recording: Recording, context: Context = SILENT) -> Ground:
    """Bins, rows, units and counts of an analysis.

    Raises
    ------
    GlmError
        If no bin is left, every unit has too few spikes, or the recording lacks what the analysis names.
    """
    recording = compute_derived(analysis.derived, recording, analysis.time.max_gap)
    partly = presences(recording, chosen_units(analysis.units, recording))
    presence = presence_notes(partly, applied=analysis.units.while_present)
    if analysis.units.while_present:
        recording = while_present(recording, partly)
    grid = make_grid(analysis.time, recording)
    bin_notes = count_notes(analysis.time, recording, grid)
    rows, row_notes = _fit_rows(analysis, recording, grid)
    context.check()
    units, counts, unit_notes = _units(analysis, recording, grid, rows)
    context.check()
    return Ground(recording, grid, units, counts, rows, (*bin_notes, *row_notes, *presence, *unit_notes))


def with_terms(analysis: Analysis, ground: Ground, *, kept: KeptBlocks | None = None, context: Context = SILENT) -> Prepared:
    """The columns of the terms of an analysis on its ground; `kept` has those of earlier analyses on the same.

    Raises
    ------
    GlmError
        If no term is there to fit, none is left, or no bin has a value for every one of them.
    """
    _check_terms(analysis)
    recording, grid, units, counts, rows = ground.recording, ground.grid, ground.units, ground.counts, ground.rows
    design = build_design(analysis, recording, grid, unit_names=units, usable=rows, kept=kept, context=context)
    if not design.n_columns:
        raise GlmError("no term is left: " + " ".join(map(str, design.left_out)), field="terms")
    if not design.valid.any():
        raise GlmError(
            f"none of the {int(rows.sum())} bins has a value for every term; check the covariates' gaps and bounds, or shorten the windows",
            field="terms",
        )
    quiet = refractory_rows(analysis.terms, recording, grid, units)
    notes = (
        *ground.notes,
        *design.notes,
        *_left_without_value(rows, design.valid, counts),
        *spikes_within(counts, quiet, units, design.valid),
    )
    return Prepared(recording, grid, units, without_refractory(counts, quiet), rows, design, notes, quiet, analysis.time.max_gap)


def _left_without_value(rows: np.ndarray, valid: np.ndarray, counts: np.ndarray) -> tuple[str, ...]:
    """What is said where a good part of the bins that were chosen has no value for some term, as outside the tracking of a longer recording."""
    chosen, used = int(rows.sum()), int((rows & valid).sum())
    if used >= FEW_USED * chosen:
        return ()
    in_bin = counts.sum(axis=1) if counts.dtype.kind in "iu" else np.nansum(counts, axis=1)
    spikes = [float(in_bin[which].sum()) for which in (rows & valid, rows)]
    return (
        f"{used:,} of the {chosen:,} bins chosen ({percent(used / chosen)}) have a value for every term, and {percent(spikes[0] / max(spikes[1], 1.0))} "
        "of what was counted lies in them; the others are not used: a term needs a covariate where it was not recorded, or a window longer than the stretches.",
    )


def _check_terms(analysis: Analysis) -> None:
    if not any(term.enabled for term in analysis.terms):
        raise GlmError("the analysis has no term: nothing says what the rate may depend on; add one", field="terms")


def prepare_again(
    analysis: Analysis,
    terms: Sequence[AnyTerm],
    units: Sequence[str],
    recording: Recording,
    epochs: Any = None,
    *,
    conditions: bool,
    counts: bool,
    context: Context = SILENT,
) -> Prepared:
    """The same features on any recording or stretch of time, as predictions and scores need them.

    Parameters
    ----------
    terms : sequence of terms
        Frozen ones of the fit.
    epochs : str, sequence of str, IntervalSet or (S, 2) array, optional
        By name or in seconds; those of the analysis where None.
    conditions : bool
        Whether bins in which the analysis's conditions do not hold are left out.
    counts : bool
        Whether the units' spikes are wanted.
    """
    named = _epoch_names(epochs)
    needed = {*(named or ()), *(name for term in terms for name in getattr(term, "epochs", ()))}
    recording = compute_derived(analysis.derived, recording, analysis.time.max_gap, needed=needed)
    if analysis.units.while_present:
        recording = while_present(recording, presences(recording, [unit for unit in units if unit in recording.unit_names]))
    if epochs is None or named is not None:
        time = _with_epochs(analysis.time, named, recording)
        grid = make_grid(time, recording)
    else:
        grid = grid_over(epochs, analysis.time, recording)
    if not grid.n_bins:
        raise GlmError("no whole bin fits into the epochs to predict; choose longer ones")
    context.check()
    rows = usable_bins(analysis.time, recording, grid) if conditions else np.ones(grid.n_bins, bool)
    spikes = _counted(grid, recording, units) if counts else None
    design = build_design(
        analysis,
        recording,
        grid,
        unit_names=tuple(units),
        usable=rows if conditions else None,
        frozen_terms=tuple(terms),
        context=context,
    )
    quiet = refractory_rows(terms, recording, grid, tuple(units))
    spikes = None if spikes is None else without_refractory(spikes, quiet)
    return Prepared(recording, grid, tuple(units), spikes, rows, design, design.notes, quiet, analysis.time.max_gap)


def grid_of(analysis: Analysis, recording: Recording) -> TimeGrid:
    """The bins that a prediction for `recording` has without epochs of its own: those of the analysis, derived epochs among them."""
    if any(isinstance(spec, EPOCH_KINDS) and spec.name in analysis.time.epochs for spec in analysis.derived):
        recording = compute_derived(analysis.derived, recording, analysis.time.max_gap, needed=())
    return make_grid(_with_epochs(analysis.time, None, recording), recording)


def _fit_rows(analysis: Analysis, recording: Recording, grid: TimeGrid) -> tuple[np.ndarray, list[str]]:
    """Bins to fit on: conditions hold, inside the epochs to fit on, outside those to test on."""
    notes = []
    rows = usable_bins(analysis.time, recording, grid)
    if not rows.any():
        names = ", ".join(f"'{condition.variable}'" for condition in analysis.time.conditions)
        raise GlmError(f"no bin meets the conditions on {names}; check their limits and units", field="time.conditions")
    validation = analysis.validation
    if validation.fit_epochs:
        rows = rows & rows_in(grid, recording, validation.fit_epochs, field="validation.fit_epochs")
        if not rows.any():
            raise GlmError(
                f"no usable bin lies in the epochs to fit on ({', '.join(validation.fit_epochs)}); choose epochs that overlap those in use",
                field="validation.fit_epochs",
            )
    if validation.test_epochs:
        test = rows_in(grid, recording, validation.test_epochs, field="validation.test_epochs")
        kept = rows & ~test
        if not kept.any():
            raise GlmError(
                f"the epochs to test on ({', '.join(validation.test_epochs)}) leave no bin to fit on; choose others",
                field="validation.test_epochs",
            )
        if validation.fit_epochs and kept.sum() < rows.sum():
            notes.append(
                f"{int(rows.sum() - kept.sum())} bins lie both in epochs to fit on and to test on; they are only tested on."
            )
        rows = kept
    return rows, notes


def _units(
    analysis: Analysis, recording: Recording, grid: TimeGrid, rows: np.ndarray
) -> tuple[tuple[str, ...], np.ndarray, list[str]]:
    """The units to fit, in the recording's order, their counts, and what was left out."""
    chosen = chosen_units(analysis.units, recording)
    counts = _counted(grid, recording, chosen)
    spikes = np.nansum(counts[rows], axis=0)
    reasons = excluded_units(analysis.units, recording)
    notes = [
        f"Left out ({reason}): {', '.join(name for name in reasons if reasons[name] == reason)}."
        for reason, _ in count_reasons(reasons.values())
    ]
    few = (spikes < analysis.units.min_spikes) & (analysis.units.min_spikes > 0)  # the sum of a signal may be below 0
    if few.all():
        raise GlmError(
            f"every unit has fewer than {analysis.units.min_spikes} spikes in the bins used (the most: {spikes.max():g}); lower the limit",
            field="units.min_spikes",
        )
    if few.any():
        silent = [name for name, drop in zip(chosen, few, strict=True) if drop]
        notes.append(f"Left out, with fewer than {analysis.units.min_spikes} spikes in the bins used: {', '.join(silent)}.")
        chosen, counts = tuple(name for name in chosen if name not in silent), counts[:, ~few]
    return chosen, counts, notes


def _counted(grid: TimeGrid, recording: Recording, units: Sequence[str]) -> np.ndarray:
    missing = [name for name in units if name not in recording.unit_names]
    if missing:
        raise GlmError(
            f"{recording.name}: has no unit '{missing[0]}', which the model was fitted to; choose a recording of the same units",
            field="units.names",
        )
    return count_spikes(recording, grid, tuple(units), compact=True)


def _epoch_names(epochs: Any) -> tuple[str, ...] | None:
    """Epoch names where `epochs` are names, else None."""
    if isinstance(epochs, str):
        return (epochs,)
    if isinstance(epochs, list | tuple) and epochs and all(isinstance(name, str) for name in epochs):
        return tuple(epochs)
    return None


def _with_epochs(time: Time, names: tuple[str, ...] | None, recording: Recording) -> Time:
    if names is not None:
        return time.with_(epochs=names, intervals=())
    if set(time.epochs) <= set(recording.epochs):
        return time
    return time.with_(epochs=("all",), intervals=())

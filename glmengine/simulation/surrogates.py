"""Surrogate spikes and signals of a fitted model, history and coupling closed in the loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError
from glmengine.fitting.coefficients import Coefficients
from glmengine.sentences import numbered
from glmengine.simulation.closed_loop import closed_loop
from glmengine.simulation.recursion import Recursion
from glmengine.simulation.runaway import Runaway, ceilings, loop_gains, runaways

if TYPE_CHECKING:
    from glmengine.design.prepare import Prepared
    from glmengine.models import Family
    from glmengine.recording.recording import Recording
    from glmengine.timegrid.grid import TimeGrid

_WIDEST = 3_000_000  # numbers of the past of all repeats drawn at a time
_MOST_REPEATS = 1024  # at a time
_MOST_STORED = 4e9  # bytes of surrogates that are kept


@dataclass(frozen=True, eq=False)
class Surrogates:
    """Observations that a fitted model made, R repeats of M units over the bins of a grid.

    See `glmengine.compare_surrogates` to set them beside the data, and `glmengine.surrogate_recording` to save or fit them. Spikes are kept as the bins that hold some, signals in full.

    Attributes
    ----------
    units : tuple of str
    repeats : int
    seed : int
    grid : TimeGrid
        T bins.
    stretch : (T,) int array
        Stretch of consecutive bins that a bin was drawn in, -1 where none was for want of a covariate.
    row, count : (N,) int arrays
        Bins with spikes and how many, by repeat, then unit, then time.
    ends : (R * M + 1,) int array
        Where the bins of each repeat and unit begin in them.
    values : (R, M, T) array or None
        Signals; NaN where none was drawn.
    family : Family
    gains : (M, M) array
        Counts of each unit that one count of each source brings.
    ran_away : (R,) bool array
        Repeats in which a unit ran away; they rest from there to the end of the stretch.
    runaways : tuple of Runaway
        What to say of it.
    recording : Recording
        Whose covariates, epochs and trials they go with.
    counts : (T, M) array or None
        What was recorded in the same bins, NaN where a unit was not.
    fitted : (T,) bool array
        Bins that the model was fitted to, or could have been: in which to compare.
    stopped : bool
        Whether it was stopped before everything that was asked for had been drawn.
    """

    units: tuple[str, ...]
    repeats: int
    seed: int
    grid: TimeGrid
    stretch: np.ndarray
    row: np.ndarray
    count: np.ndarray
    ends: np.ndarray
    values: np.ndarray | None
    family: Family
    gains: np.ndarray
    ran_away: np.ndarray
    runaways: tuple[Runaway, ...]
    recording: Recording
    counts: np.ndarray | None
    fitted: np.ndarray
    stopped: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the numbers should know, one sentence each."""
        left = int((self.stretch < 0).sum())
        why = "lack a covariate, or come after the simulation was stopped," if self.stopped else "lack a covariate"
        missing = f"{left} of {self.grid.n_bins} bins {why} and hold no surrogate."
        stopped = f"The simulation was stopped early; it holds {numbered(self.repeats, 'repeat')}."
        return (*((stopped,) if self.stopped else ()), *((missing,) if left else ()), *map(str, self.runaways))

    def spikes_of(self, repeat: int, unit: int) -> tuple[np.ndarray, np.ndarray]:
        """Bins with spikes of a unit in a repeat, ascending, and how many each holds."""
        place = repeat * len(self.units) + unit
        part = slice(int(self.ends[place]), int(self.ends[place + 1]))
        return self.row[part], self.count[part]

    def observed(self, repeat: int = 0) -> np.ndarray:
        """(T, M) observations of one repeat, NaN in bins that none were drawn for."""
        if self.values is not None:
            return self.values[repeat].T.copy()
        found = np.zeros((self.grid.n_bins, len(self.units)))
        for unit in range(len(self.units)):
            rows, counts = self.spikes_of(repeat, unit)
            found[rows, unit] = counts
        found[self.stretch < 0] = np.nan
        return found

    def totals(self) -> np.ndarray:
        """(R, M) summed observations."""
        if self.values is not None:
            return np.nansum(self.values, axis=2)
        sums = np.concatenate([[0], np.cumsum(self.count, dtype=np.int64)])
        return np.diff(sums[self.ends]).reshape(self.repeats, len(self.units))

    def __str__(self) -> str:
        seconds = float((self.stretch >= 0).sum() * self.grid.bin_size)
        lines = [f"{self.repeats} repeats of {len(self.units)} units over {seconds:.0f} s, seed {self.seed}"]
        return "\n".join([*lines, *self.notes])


def simulate(prepared: Prepared, model: Coefficients, repeats: int = 1, seed: int = 0, context: Context = SILENT) -> Surrogates:
    """Draw surrogates of a fitted model over the bins that it was prepared on.

    Each stretch of bins that have all covariates begins without a past. A repeat depends on the seed and its number alone. Stopped by
    the context, it gives the repeats that have ended, or where none has all of them over the time that they have passed.

    Parameters
    ----------
    prepared : Prepared
        Its units those of `model`.
    model : Coefficients
    repeats : int
    seed : int
    context : Context, optional

    Raises
    ------
    GlmError
        For a family that cannot be drawn from, a model that cannot run ahead, or more repeats than can be kept.
    Cancelled
        If the context says so.
    """
    _check(prepared, model, repeats, seed)
    loop = closed_loop(prepared, model, context.part(0.0, 0.02))
    units, bin_size, n_bins = len(model.units), prepared.grid.bin_size, prepared.grid.n_bins
    room = _WIDEST // (units * max(loop.n_lags, 16))
    # a power of 2, so that other numbers of repeats compile nothing anew
    width = (
        2 ** int(np.ceil(np.log2(repeats)))
        if repeats <= min(room, _MOST_REPEATS)
        else 2 ** int(np.log2(max(min(room, _MOST_REPEATS), 1)))
    )
    counts = prepared.counts
    recursion = Recursion(loop, model, ceilings(model, counts, bin_size), seed, width)
    of_spikes = model.family.of_spikes
    values = None if of_spikes else np.full((repeats, units, n_bins), np.nan)
    first = np.full((repeats, units), -1)
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    batches = range(0, repeats, width)
    context.report(Progress("Preparing the simulation", 0.02))
    stored, stretch, finished = 0, loop.stretch, repeats
    for number, begin in enumerate(batches):
        share = context.part(0.06 + 0.9 * number / len(batches), 0.06 + 0.9 * (number + 1) / len(batches))
        own = min(width, repeats - begin)
        for drawn, ran_away in recursion.draw(begin):
            context.check()
            share.report(
                Progress(f"Simulating {repeats} repeats", float(drawn.rows[-1] + 1) / n_bins if len(drawn.rows) else 1.0)
            )
            first[begin : begin + own] = ran_away[:own]
            observed = drawn.observed[:, :own]
            if values is not None:
                values[begin : begin + own, :, drawn.rows] = np.moveaxis(observed, 0, 2)
                continue
            at, repeat, unit = np.nonzero(observed)
            key = ((begin + repeat) * units + unit).astype(np.int32)
            parts.append((key, drawn.rows[at].astype(np.int32), observed[at, repeat, unit].astype(np.int16)))
            stored += 10 * len(key)
            if stored > _MOST_STORED:
                raise GlmError(
                    f"repeats: {repeats} repeats hold more than {_MOST_STORED / 1e9:.0f} GB of spikes; ask for about "
                    f"{max(1, int(repeats * (number + 0.5) / len(batches)))}, or for shorter epochs"
                )
            if context.stopping:
                finished, stretch = _stopped(begin, own, drawn.rows, stretch)
                break
        if context.stopping:
            break
    parts = [_of_repeats(part, finished * units) for part in parts] if finished < repeats else parts
    values = values if values is None else values[:finished]
    stopped, repeats, first = context.stopping, finished, first[:finished]
    context.report(Progress("Sorting", 0.96))
    row, count, ends = _sorted(parts, repeats * units)
    mean = _mean_counts(prepared, model, row, count, ends, stretch, repeats) if of_spikes else np.zeros(units)
    gains = loop_gains(loop, model, mean)
    return Surrogates(
        units=model.units,
        repeats=repeats,
        seed=seed,
        grid=prepared.grid,
        stretch=stretch,
        row=row,
        count=count,
        ends=ends,
        values=values,
        family=model.family,
        gains=gains,
        ran_away=(first >= 0).any(axis=1),
        runaways=runaways(loop, model, gains, first, prepared.grid.centres, bin_size),
        recording=prepared.recording,
        counts=_recorded(prepared),
        fitted=np.asarray(prepared.design.valid),
        stopped=stopped,
    )


def _stopped(begin: int, own: int, rows: np.ndarray, stretch: np.ndarray) -> tuple[int, np.ndarray]:
    """How many repeats are kept of a simulation that was stopped, and over which stretches: the repeats that have ended where there are
    some, else those at work over the time that they have passed."""
    last = int(rows[-1]) if len(rows) else -1
    whole = last >= int(np.flatnonzero(stretch >= 0)[-1])
    if whole:
        return begin + own, stretch
    if begin:
        return begin, stretch
    return own, np.where(np.arange(len(stretch)) <= last, stretch, -1)


def _of_repeats(part: tuple[np.ndarray, np.ndarray, np.ndarray], size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What belongs to the first `size` keys."""
    kept = part[0] < size
    return part[0][kept], part[1][kept], part[2][kept]


def _recorded(prepared: Prepared) -> np.ndarray | None:
    """Counts, those in refractory bins 0 as they are where nothing is wrong."""
    if prepared.counts is None or prepared.refractory is None:
        return prepared.counts
    return np.where(prepared.refractory & np.isnan(prepared.counts), 0.0, prepared.counts)


def _check(prepared: Prepared, model: Coefficients, repeats: int, seed: int) -> None:
    if int(repeats) != repeats or repeats < 1:
        raise GlmError(f"repeats: {repeats} is not a whole number of 1 or more", field="repeats")
    if int(seed) != seed or not 0 <= seed < 2**63:
        raise GlmError(f"seed: {seed} is not a whole number of 0 or more", field="seed")
    if not model.family.of_spikes and 8.0 * repeats * len(model.units) * prepared.grid.n_bins > _MOST_STORED:
        most = int(_MOST_STORED / (8.0 * len(model.units) * prepared.grid.n_bins))
        raise GlmError(
            f"repeats: {repeats} repeats of the signals do not fit into memory; ask for {most} at most", field="repeats"
        )
    bad = ~np.isfinite(model.coef).all(axis=0) | np.isnan(model.intercept)
    if bad.any():
        raise GlmError(f"unit {model.units[int(np.flatnonzero(bad)[0])]} has no fit (no data); leave it out and fit again")


def _sorted(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]], size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bins and counts by key, then time; where each key begins."""
    if not parts:
        return np.zeros(0, np.int32), np.zeros(0, np.int16), np.zeros(size + 1, np.int64)
    key, row, count = (np.concatenate([part[kind] for part in parts]) for kind in range(3))
    order = np.argsort(key, kind="stable")
    ends = np.searchsorted(key[order], np.arange(size + 1))
    return row[order], count[order], ends


def _mean_counts(
    prepared: Prepared,
    model: Coefficients,
    row: np.ndarray,
    count: np.ndarray,
    ends: np.ndarray,
    stretch: np.ndarray,
    repeats: int,
) -> np.ndarray:
    """(M,) counts per bin that were recorded; that were drawn where there are none."""
    units = len(model.units)
    if prepared.counts is not None:
        counts = np.asarray(prepared.counts[prepared.design.valid], np.float64)
        with np.errstate(invalid="ignore"):
            seen = np.isfinite(counts).sum(axis=0)
            found = np.nansum(counts, axis=0) / np.maximum(seen, 1)
        if (found > 0).any():
            return found
    sums = np.concatenate([[0], np.cumsum(count, dtype=np.int64)])
    drawn = np.diff(sums[ends]).reshape(repeats, units).sum(axis=0)
    return drawn / max(int((stretch >= 0).sum()) * repeats, 1)

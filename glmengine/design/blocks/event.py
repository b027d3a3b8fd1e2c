"""Columns of kernels around events, zero but near an event.

An event acts on the bins within its window. It counts whether or not its own bin is among those of the analysis, as long as the
recording ran from one to the other: a bin has the same columns whichever epochs are chosen. No window crosses the border of the
recorded time; what lies beyond it holds no event, unless the term leaves such bins out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.basis.indicator import MOST_CATEGORIES
from glmengine.basis.supports import Supports
from glmengine.design.design import Block, Column, LeftOut
from glmengine.errors import GlmError
from glmengine.recording.events import EventTimes, as_label, event_times, numbers_at, values_at
from glmengine.recording.named_epochs import rows_in
from glmengine.timegrid.intervals import TOUCHING, as_pairs, merge

if TYPE_CHECKING:
    from glmengine.analysis.terms import EventTerm
    from glmengine.recording.recording import Recording
    from glmengine.timegrid.grid import TimeGrid

_PLACES = 2**21  # bins that events act on, worked on at a time


@dataclass(frozen=True)
class Reach:
    """Which rows each event acts on.

    Attributes
    ----------
    event : (K,) int array
        Number of the event; one that lies near several stretches of bins is there several times.
    row : (K,) int array
        Row of its bin, counted on beyond the stretch where it lies outside.
    begin, end : (K,) int arrays
        First row that it acts on, and the one after the last; all in one stretch.
    """

    event: np.ndarray
    row: np.ndarray
    begin: np.ndarray
    end: np.ndarray

    @classmethod
    def of(cls, times: np.ndarray, grid: TimeGrid, lags: np.ndarray, recorded: np.ndarray) -> Reach:
        """That of events at `times` (N,), ascending, whose window holds `lags`; `recorded` (S, 2) is when the recording ran."""
        pieces, size = grid.pieces, grid.bin_size
        first, last = int(lags[0]), int(lags[-1])
        low = np.searchsorted(times, pieces[:, 0] - (last + 2) * size)
        high = np.searchsorted(times, pieces[:, 1] - (first - 2) * size)
        near = high - low
        piece = np.repeat(np.arange(len(pieces)), near)
        event = np.arange(near.sum()) + np.repeat(low - np.cumsum(near) + near, near)
        here = _stretch_of(recorded, times)[event] == _stretch_of(recorded, pieces[:, 0])[piece]
        event, piece = event[here], piece[here]
        row = grid.rows_of(times)[event]
        own = (row >= grid.offsets[piece]) & (row < grid.offsets[piece + 1])
        away = np.floor((np.round(times[event], 9) - pieces[piece, 0]) / size + 1e-6).astype(np.int64)
        length = grid.offsets[piece + 1] - grid.offsets[piece]
        away = np.where(times[event] < pieces[piece, 0], np.minimum(away, -1), np.maximum(away, length))
        row = np.where(own, row, grid.offsets[piece] + away)
        begin = np.maximum(row + first, grid.offsets[piece])
        end = np.minimum(row + last + 1, grid.offsets[piece + 1])
        acts = begin < end
        return cls(event[acts], row[acts], begin[acts], end[acts])

    def meets(self, rows: np.ndarray) -> np.ndarray:
        """(K,) bool, which of them act on any of `rows` (T,) bool."""
        sums = np.concatenate([[0], np.cumsum(rows)])
        return sums[self.end] > sums[self.begin]


class EventBlock(Block):
    """The columns of an event term: for each channel (a condition, unscaled or scaled) one a kernel.

    Parameters
    ----------
    term : EventTerm
        With its conditions.
    channels : list of str
        What each of the C channels is.
    reach : Reach
    weights : (N, C) array
        What each event's kernel is multiplied by in each channel; NaN where that is not known, and so are the rows around it.
    lags, kernel : (L,) and (L, n) arrays
    beyond : (T,) bool array or None
        Rows that are left out because their window leaves the recorded time.
    """

    def __init__(
        self,
        term: EventTerm,
        channels: list[str],
        reach: Reach,
        weights: np.ndarray,
        lags: np.ndarray,
        kernel: np.ndarray,
        beyond: np.ndarray | None = None,
    ) -> None:
        self.term, self._reach, self._weights = term, reach, weights
        self._lags, self._kernel, self._beyond = lags, kernel, beyond
        single = len(channels) == 1
        self.columns = [
            Column(f"{term.label}[{function}]" if single else f"{term.label}[{name}][{function}]", name, channel, function)
            for channel, name in enumerate(channels)
            for function in range(kernel.shape[1])
        ]

    def chunk(self, start: int, stop: int) -> np.ndarray:
        from scipy.sparse import coo_array

        length, n = self._kernel.shape
        channels = self._weights.shape[1]
        out = np.zeros((stop - start, channels, n))
        near = np.flatnonzero((self._reach.begin < stop) & (self._reach.end > start))
        step = max(_PLACES // length, 1)
        for some in (near[at : at + step] for at in range(0, len(near), step)):
            rows = self._reach.row[some, None] + self._lags
            begin, end = np.maximum(self._reach.begin[some], start), np.minimum(self._reach.end[some], stop)
            which, lag = np.nonzero((rows >= begin[:, None]) & (rows < end[:, None]))
            rows = rows[which, lag] - start
            weights = self._weights[self._reach.event[some]][which]
            for channel in range(channels):
                given = np.flatnonzero(weights[:, channel])
                placed = coo_array((weights[given, channel], (rows[given], lag[given])), shape=(stop - start, length))
                out[:, channel] += placed.tocsr() @ self._kernel
            out[rows[~np.isfinite(weights).all(axis=1)]] = np.nan
        if self._beyond is not None:
            out[self._beyond[start:stop]] = np.nan
        return out.reshape(stop - start, channels * n)

    def supports(self, index: np.ndarray) -> Supports:
        """The columns of a channel are live around its events."""
        total, n = max(int(self._reach.end.max(initial=0)), int(index.max(initial=-1)) + 1), self._kernel.shape[1]
        acts = (self._weights != 0)[self._reach.event]
        near = np.zeros((index.size, acts.shape[1]), bool)
        for channel in range(acts.shape[1]):
            some = acts[:, channel]
            begun = np.bincount(self._reach.begin[some], minlength=total + 1)
            ended = np.bincount(self._reach.end[some], minlength=total + 1)
            near[:, channel] = (np.cumsum(begun - ended) > 0)[index]
        channels = Supports.of_patterns(near)
        live, shares = np.repeat(channels.live, n, axis=1), np.repeat(channels.shares, n)
        filled = np.tile(np.mean(self._kernel != 0, axis=0), acts.shape[1])
        most = np.repeat(acts.sum(axis=0), n) * filled * len(self._lags) / max(index.size, 1)
        return Supports(channels.cell, live, np.minimum(shares, most))

    def defined(self, start: int, stop: int) -> np.ndarray:
        known = np.ones(stop - start, bool) if self._beyond is None else ~self._beyond[start:stop]
        unknown = ~np.isfinite(self._weights).all(axis=1)[self._reach.event]
        for at in np.flatnonzero(unknown & (self._reach.begin < stop) & (self._reach.end > start)):
            known[max(self._reach.begin[at] - start, 0) : max(self._reach.end[at] - start, 0)] = False
        return known

    def penalty_matrix(self) -> np.ndarray:
        own = self.term.basis.penalty_matrix()
        if own is None or len(own) != self._kernel.shape[1]:
            return np.zeros((len(self.columns),) * 2)
        return np.kron(np.eye(self._weights.shape[1]), own)


def event_block(
    term: EventTerm,
    recording: Recording,
    grid: TimeGrid,
    rows: np.ndarray,
    max_gap: float | None,
    where: str,
    notes: list[str],
    *,
    frozen: bool,
) -> EventBlock | LeftOut:
    """The columns of an event term on a grid, unless the term is restricted to epochs without an event.

    Parameters
    ----------
    term : EventTerm
    recording : Recording
    grid : TimeGrid
        T bins.
    rows : (T,) bool
        Those that may be used; conditions are taken from events near them.
    max_gap : float, optional
        As for covariates, where one scales the kernel.
    where : str
        Path of the term in the analysis.
    notes : list of str
        To which what was left out is added.
    frozen : bool
        The term is one of an earlier design: that no event is near is then no error.

    Raises
    ------
    GlmError
        If the event, the property or the covariate is unknown, no event lies near a bin that is used, or what scales the kernel is
        the same at every event.
    """
    events = event_times(recording, term.events, field=f"{where}.events")
    try:
        lags, kernel = term.kernel(grid.bin_size)
    except GlmError as error:
        raise GlmError(f"term '{term.label}': {error.message}", field=f"{where}.{error.field}") from error
    recorded = merge(as_pairs(recording.epochs["all"]))
    reach = Reach.of(events.times, grid, lags, recorded)
    used = np.unique(reach.event[reach.meets(rows)])
    if term.epochs and len(used) and not frozen:
        rows = rows & rows_in(grid, recording, term.epochs, field=f"{where}.epochs")
        used = np.unique(reach.event[reach.meets(rows)])
        if not len(used):
            return LeftOut(term.label, f"no event '{term.events}' lies near a bin that is used in {', '.join(term.epochs)}")
    if not len(used) and not frozen:
        raise GlmError(
            f"term '{term.label}': none of the {len(events.times)} events '{term.events}' lies near a bin that is used; "
            "choose other epochs or another event",
            field=f"{where}.events",
        )
    # a term that is only looked at, on a stretch of time, shows the conditions of all of it
    labels, term = _conditions(term, recording, events, np.arange(0) if frozen else used, f"{where}.by", notes)
    weights = _weights(term, recording, events, used, max_gap, f"{where}.weight", notes, frozen=frozen)
    names, channels = [], []
    for condition in term.conditions if term.by else (term.events,):
        own = (labels == condition).astype(np.float64) if term.by else np.ones(len(events.times))
        if not term.weight or term.unscaled:
            names.append(condition)
            channels.append(own)
        if term.weight:
            names.append(f"{condition} x {term.weight.rpartition('.')[2]}")
            channels.append(np.where(own > 0, weights, 0.0))
    values = np.column_stack(channels)
    if term.by:
        values[~np.isin(labels, term.conditions)] = np.nan
    beyond = _beyond(grid, lags, recorded) if term.beyond == "left_out" else None
    return EventBlock(term, names, reach, values, lags, kernel, beyond)


def _conditions(
    term: EventTerm, recording: Recording, events: EventTimes, used: np.ndarray, field: str, notes: list[str]
) -> tuple[np.ndarray, EventTerm]:
    """The condition of each event (N,), empty where it has none, and the term with those that have a kernel."""
    if not term.by:
        return np.empty(0, dtype=object), term
    labels = np.array([as_label(value) for value in values_at(recording, events, term.by, field=field)], dtype=object)
    found = labels[used] if len(used) else labels
    if not term.conditions:
        known = tuple(sorted({label for label in found if label}, key=_as_written))
        if not known:
            raise GlmError(
                f"term '{term.label}': no event '{term.events}' near the bins used has a value of '{term.by}'; "
                "choose another property, or none",
                field=field,
            )
        if len(known) > MOST_CATEGORIES:
            raise GlmError(
                f"term '{term.label}': '{term.by}' has {len(known)} different values, too many for a kernel each; "
                "let it scale the kernel instead, or name the values",
                field=field,
            )
        term = term.with_(conditions=known)
    absent = [name for name in term.conditions if name not in set(labels)]
    if absent and len(used):
        notes.append(f"The term '{term.label}': no event has '{absent[0]}' as its '{term.by}'.")
    without = int((~np.isin(labels[used], term.conditions)).sum())
    if without:
        notes.append(
            f"The term '{term.label}': {without} of {len(used)} events have no value of '{term.by}' that has a kernel; "
            "the bins around them were left out."
        )
    return labels, term


def _weights(
    term: EventTerm,
    recording: Recording,
    events: EventTimes,
    used: np.ndarray,
    max_gap: float | None,
    field: str,
    notes: list[str],
    *,
    frozen: bool,
) -> np.ndarray:
    """(N,) what scales the kernel of each event."""
    if not term.weight:
        return np.ones(len(events.times))
    values = numbers_at(recording, events, term.weight, max_gap, field=field)
    if frozen:
        return values
    found = values[used][np.isfinite(values[used])]
    if not found.size:
        raise GlmError(
            f"term '{term.label}': '{term.weight}' has no value at any event '{term.events}' near the bins used; choose another",
            field=field,
        )
    if found.min() == found.max():
        raise GlmError(
            f"term '{term.label}': '{term.weight}' is {found[0]:g} at every event '{term.events}', so that what it does cannot be "
            "told from the event itself; choose another, or none",
            field=field,
        )
    missing = len(used) - found.size
    if missing:
        notes.append(
            f"The term '{term.label}': {missing} of {len(used)} events have no value of '{term.weight}'; the bins around them were left out."
        )
    return values


def _beyond(grid: TimeGrid, lags: np.ndarray, recorded: np.ndarray) -> np.ndarray:
    """(T,) bool, True for bins whose window does not lie in the recorded stretch that they lie in."""
    stretch = np.maximum(_stretch_of(recorded, grid.pieces[:, 0]), 0)[grid.segment]
    earliest, latest = grid.starts - lags[-1] * grid.bin_size, grid.stops - lags[0] * grid.bin_size
    return (earliest < recorded[stretch, 0] - TOUCHING) | (latest > recorded[stretch, 1] + TOUCHING)


def _stretch_of(recorded: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(N,) number of the recorded stretch that each time lies in, -1 for none."""
    stretch = np.searchsorted(recorded[:, 0] - TOUCHING, times, side="right") - 1
    return np.where((stretch >= 0) & (times <= recorded[np.maximum(stretch, 0), 1] + TOUCHING), stretch, -1)


def _as_written(label: str) -> tuple[bool, float, str]:
    """Numbers in their order, before words in theirs."""
    try:
        return False, float(label), label
    except ValueError:
        return True, 0.0, label

"""Data that a file holds trial by trial, where time begins anew in each, put on one time line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.raw import NamedArrays
from glmengine.io.recipe.named_arrays import array_named, entry_named, plain_numbers
from glmengine.io.recipe.recipe import Arrays, ByTrial
from glmengine.sentences import numbered

START, STOP, NAME = "by_trial.start", "by_trial.stop", "by_trial.name"
SAMPLES, BINS = "by_trial.time", "by_trial.bins"
"""What the arrays that this adds are called: when each trial begins and ends, and what it is called where the file says so; when each sample
of the signals was taken, and the centre of the bin that each is where they are counts; seconds of the one time line."""

ADDED = (START, STOP, NAME, SAMPLES, BINS)


@dataclass(frozen=True)
class OnOneLine:
    """Arrays of a file, of which those that were cut into trials lie on one time line.

    Attributes
    ----------
    arrays : NamedArrays
        Those cut into trials in seconds of the time line, the others as they were; with `START` and `STOP`, and where there are any `NAME`,
        `SAMPLES` and `BINS`.
    support : (n, 2) array
        When each trial begins and ends, in seconds, in the order of time: what was recorded.
    """

    arrays: NamedArrays
    support: np.ndarray


def on_one_line(cut: ByTrial, arrays: Arrays) -> OnOneLine:
    """Put trials one behind another, or where they were in the session.

    Raises
    ------
    GlmError
        If an array is missing or has not one entry a trial, signals of a trial differ in length, or trials overlap.
    """
    trials = _Trials(cut, arrays)
    begins, ends = trials.line.T
    found = NamedArrays(arrays, trials.notes, getattr(arrays, "dates", {}), getattr(arrays, "matrices", {}))
    found |= {START: begins, STOP: ends}
    if trials.names is not None:
        found[NAME] = trials.names
    for name in cut.times:
        found[name] = trials.moments(name)
        found.matrices.pop(name, None)  # now a vector a unit
    for name in cut.signals:
        found[name] = trials.signal(name)
    if cut.signals:
        found[SAMPLES] = np.concatenate([begins[at] + np.arange(trials.lengths[at]) / cut.rate for at in trials.order])
        found[BINS] = found[SAMPLES] + 0.5 / cut.rate
    found.notes += trials.said()
    return OnOneLine(found, trials.line[trials.order])


class _Trials:
    """How many trials there are, and where each lies."""

    def __init__(self, cut: ByTrial, arrays: Arrays) -> None:
        self.cut, self.arrays = cut, arrays
        self.notes = list(getattr(arrays, "notes", ()))
        self.outside = 0
        if not cut.times and not cut.signals:
            raise _error("times", "names no array that is cut into trials; name those of spike times or of signals")
        if cut.signals and cut.rate is None:
            raise _error("rate", "signals that are cut into trials need their sampling rate; add rate = 1000 or whatever it was")
        self.owners, self.names = self._owners()
        self.count = len(self.names) if self.names is not None else self._count()
        self.rows = {name: self._samples(name) for name in cut.signals}
        self.lengths = self._lengths()
        self.own = {name: self._entries(name) for name in cut.times}
        self.stops = self._stops()
        self.line, self.origins = self._line()
        self.order = np.argsort(self.origins, kind="stable")

    def _owners(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Of each time its trial, counted from 0, and the trials' names, where the times of all trials stand in one array."""
        if not self.cut.trial:
            return None, None
        named = np.ravel(array_named(self.arrays, self.cut.trial, _field("trial")))
        names, index = np.unique(named, return_inverse=True)
        return index.reshape(-1), names

    def _count(self) -> int:
        """As many as there are starts or stops, else as the first array has entries."""
        for name, field in ((self.cut.stop, "stop"), (self.cut.start, "start")):
            if name:
                return np.size(array_named(self.arrays, name, _field(field)))
        for name in (*self.cut.times, *self.cut.signals):
            entries = entry_named(self.arrays, name, _field("times"))
            shape = self._shape_of(name)
            if shape is None:
                return len(entries)
        return shape[1]  # units by trials, where nothing says which side is which

    def _shape_of(self, name: str) -> tuple[int, ...] | None:
        return getattr(self.arrays, "matrices", {}).get(name)

    def _entries(self, name: str) -> list[list[np.ndarray]]:
        """Times of each unit in each trial, in seconds of the trial; of what is no matrix of cells there is one unit."""
        found = entry_named(self.arrays, name, _field("times"))
        if self.owners is not None:
            return [[self._seconds(np.ravel(found), name)]]
        shape = self._shape_of(name)
        if shape is not None and self.count in shape:
            cells = [self._seconds(cell, name) for cell in found]
            rows = [cells[row * shape[1] : (row + 1) * shape[1]] for row in range(shape[0])]
            across = shape[1] == self.count  # trials are the columns; also where both sides are as many
            if shape[0] == shape[1]:
                self.notes.append(f"'{name}' is {shape[0]} x {shape[1]} cells: taken as units by trials.")
            return rows if across else [list(column) for column in zip(*rows, strict=True)]
        entries = (
            list(found) if isinstance(found, list) or (found.ndim > 1 and len(found) == self.count) else list(np.ravel(found))
        )
        if len(entries) != self.count:
            raise _error(
                "times", f"'{name}' has {len(entries)} entries for {numbered(self.count, 'trial')}; name arrays with one a trial"
            )
        return [[self._seconds(entry, name) for entry in entries]]

    def _seconds(self, values: np.ndarray, name: str) -> np.ndarray:
        return self.cut.seconds(plain_numbers(values, name, _field("times")), "by_trial")

    def _samples(self, name: str) -> list[np.ndarray]:
        """A signal of each trial, (samples,) or (samples, components)."""
        found = entry_named(self.arrays, name, _field("signals"))
        if not isinstance(found, list):
            sides = [side for side in range(found.ndim) if found.shape[side] == self.count]
            if found.ndim < 2 or not sides:
                raise _error(
                    "signals",
                    f"'{name}' is {' x '.join(map(str, found.shape))}, of which no side is the {self.count} trials; name an array with a row a trial",
                )
            found = list(np.moveaxis(found, sides[0], 0))
        if len(found) != self.count:
            raise _error(
                "signals", f"'{name}' has {len(found)} entries for {numbered(self.count, 'trial')}; name arrays with one a trial"
            )
        rows = [np.squeeze(row) if row.size != 1 else np.ravel(row) for row in found]
        if any(row.dtype.kind not in "buif" for row in rows):
            raise _error("signals", f"'{name}' does not hold numbers alone; name another array")
        turned = len({row.shape[-1] for row in rows}) > 1 or rows[0].shape[0] < rows[0].shape[-1]
        return [row.T if row.ndim == 2 and turned else row for row in rows]

    def _lengths(self) -> list[int]:
        """Samples of each trial, the same of all signals."""
        lengths: list[int] = []
        for name, rows in self.rows.items():
            mine = [len(row) for row in rows]
            if lengths and mine != lengths:
                trial = next(at for at, (one, other) in enumerate(zip(mine, lengths, strict=True)) if one != other)
                raise _error(
                    "signals",
                    f"trial {trial + 1} of '{name}' has {numbered(mine[trial], 'sample')} and of '{self.cut.signals[0]}' {lengths[trial]}; name signals "
                    "of one rate and length",
                )
            lengths = mine
        return lengths

    def _stops(self) -> np.ndarray:
        """When each trial ends, in its own seconds."""
        cut = self.cut
        if cut.stop:
            stops = self._per_trial(cut.stop, "stop")
        elif self.lengths:
            stops = cut.begin + np.array(self.lengths) / cut.rate
        else:
            last = max(
                (
                    float(np.nanmax(times))
                    for units in self.own.values()
                    for unit in units
                    for times in unit
                    if np.isfinite(times).any()
                ),
                default=0.0,
            )
            stops = np.full(self.count, last)
            self.notes.append(
                f"Nothing says when trials end: each is taken to last until {last:.6g} s, the last time of them all; name the array of their ends "
                "in [by_trial] stop where there is one."
            )
        short = np.flatnonzero(~(stops > cut.begin))
        if short.size:
            raise _error(
                "stop",
                f"trial {short[0] + 1} ends at {stops[short[0]]:g} s, before it begins at {cut.begin:g} s; correct stop or begin",
            )
        return stops

    def _per_trial(self, name: str, field: str) -> np.ndarray:
        values = np.ravel(array_named(self.arrays, name, _field(field)))
        if len(values) != self.count:
            raise _error(
                field, f"'{name}' has {len(values)} entries for {numbered(self.count, 'trial')}; name an array with one a trial"
            )
        return self._seconds(values, name)

    def _line(self) -> tuple[np.ndarray, np.ndarray]:
        """(n, 2) where trials begin and end on the time line, and (n,) where their time is 0."""
        cut, lasting = self.cut, self.stops - self.cut.begin
        if not cut.start:
            origins = np.concatenate([[0.0], np.cumsum(lasting[:-1] + cut.pause)]) - cut.begin
            self.notes.append(
                f"{numbered(self.count, 'trial')} whose times begin anew in each were put one behind another with {cut.pause:g} s between them; what lies "
                "between is no recorded time."
            )
        else:
            origins = self._per_trial(cut.start, "start")
            order = np.argsort(origins, kind="stable")
            over = np.flatnonzero((origins + self.stops)[order[:-1]] > (origins + cut.begin)[order[1:]] + 1e-9)
            if over.size:
                one, other = order[over[0]] + 1, order[over[0] + 1] + 1
                raise _error(
                    "start",
                    f"trial {one} ends after trial {other} begins: what happened in both would count twice; give a stop, or a begin, that keeps them apart",
                )
        return np.column_stack([origins + cut.begin, origins + self.stops]), origins

    def moments(self, name: str) -> np.ndarray | list[np.ndarray]:
        """Times on the time line: of one unit, or of each; what lies outside its trial is left out, of times with an owner as NaN."""
        units = self.own[name]
        if self.owners is not None:
            times = units[0][0]
            if len(times) != len(self.owners):
                raise _error(
                    "trial",
                    f"'{self.cut.trial}' has {len(self.owners)} entries and '{name}' {len(times)}; name arrays that belong together",
                )
            inside = (times >= self.cut.begin) & (times <= self.stops[self.owners])
            self.outside += int((np.isfinite(times) & ~inside).sum())
            return np.where(inside, times + self.origins[self.owners], np.nan)
        lines = []
        for unit in units:
            parts = []
            for at in self.order:
                times = unit[at]
                inside = (times >= self.cut.begin) & (times <= self.stops[at])
                self.outside += int((np.isfinite(times) & ~inside).sum())
                parts.append(times[inside] + self.origins[at])
            lines.append(np.concatenate(parts) if parts else np.empty(0))
        return lines if self._shape_of(name) is not None else lines[0]

    def signal(self, name: str) -> np.ndarray:
        """A signal over all trials, in the order of time: (samples,) or (samples, components)."""
        return np.concatenate([self.rows[name][at] for at in self.order])

    def said(self) -> list[str]:
        """What is to be said of what was left out."""
        if not self.outside:
            return []
        return [
            f"{numbered(self.outside, 'time')} before the beginning or after the end of their trial left out; correct begin or stop where they belong to it."
        ]


def said_of_matrix(name: str, shape: tuple[int, int]) -> str:
    """What is to be said of a matrix of cells each of which is taken as a unit."""
    return (
        f"'{name}' is a matrix of {shape[0]} x {shape[1]} cells, read row by row as {shape[0] * shape[1]} vectors, and each as a unit of its own: where "
        f'they are units by trials, with times from each trial\'s start, say so under [by_trial] (times = ["{name}"]), which puts the trials of a unit '
        "together."
    )


def _field(name: str) -> str:
    return f"by_trial.{name}"


def _error(field: str, what: str) -> GlmError:
    return GlmError(f"field '{_field(field)}': {what}", field=_field(field))

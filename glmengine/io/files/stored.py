"""Series too large to be read at opening: they stay in their file, and are read where and when they are used, stretch by stretch."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError

if TYPE_CHECKING:
    import pynapple as nap

    from glmengine.io.repair import Repair

LARGEST_READ = 4 * 2**30
"""Bytes of times and values (as float64) up to which a stored series is read as a whole."""

BLOCK = 2**24
"""Bytes (as float64) that are read at a time."""


@dataclass(frozen=True, eq=False)
class StoredSeries:
    """A series in an HDF5 file.

    Attributes
    ----------
    path : Path
    place, times_place : str
        Datasets of the values and of their times; the latter is empty where they are sampled at a rate.
    shape : tuple of int
        Of the dataset: samples first.
    start, period : float
        Seconds: time of the first sample, and the (median) time between samples.
    stop : float
        Time of the last sample.
    marks : (K,) array
        Where the times are stored: every so many of them, ``stride`` apart, so that a time is found without reading them all.
    conversion, offset : float
        What the file says the numbers are to be multiplied by, and what is to be added.
    repair : Repair or None
        What cleaning does to the values.
    components : tuple of str
    column : int or None
        Only this component.
    seen : (array (n,), array (n, ...))
        Times and repaired values of some samples from everywhere in the series, in order.
    stamp : (int, int)
        Size and time of change of the file when it was opened.
    """

    path: Path
    place: str
    times_place: str
    shape: tuple[int, ...]
    start: float
    stop: float
    period: float
    conversion: float = 1.0
    offset: float = 0.0
    marks: np.ndarray = field(default_factory=lambda: np.empty(0))
    stride: int = 1
    repair: Repair | None = None
    components: tuple[str, ...] = ()
    column: int | None = None
    seen: tuple[np.ndarray, np.ndarray] = field(default_factory=lambda: (np.empty(0), np.empty(0)))
    stamp: tuple[int, int] = (0, 0)
    support: np.ndarray | None = None

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """As the series that it stands for: 1 where only one component is meant."""
        return 1 if self.column is not None else len(self.shape)

    @property
    def width(self) -> int:
        """Numbers per sample that are read."""
        return 1 if self.column is not None else int(np.prod(self.shape[1:]))

    def only(self, column: int) -> StoredSeries:
        """One component, counted through the samples' numbers in order."""
        times, values = self.seen
        return replace(self, column=column, components=(), seen=(times, values.reshape(len(times), -1)[:, column]))

    def rows_between(self, first: float, last: float) -> tuple[int, int]:
        """Rows that hold all samples from time `first` to time `last`, and perhaps some more on either side."""
        n = len(self)
        if not self.times_place:
            low = np.floor((first - self.start) / self.period) - 1
            high = np.ceil((last - self.start) / self.period) + 2
            return int(np.clip(low, 0, n)), int(np.clip(high, 0, n))
        low = (np.searchsorted(self.marks, first, side="left") - 1) * self.stride
        high = (np.searchsorted(self.marks, last, side="right") + 1) * self.stride
        return int(np.clip(low, 0, n)), int(np.clip(high, 0, n))

    def read(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Times (n,) and repaired values (n,) or (n, ...) of the rows from `first` to before `last`.

        Raises
        ------
        GlmError
            If the file has gone, has changed since it was opened, or cannot be read.
        """
        import h5py

        self._check()
        self._probe()
        rows: Any = slice(first, last)
        chosen = rows if self.column is None else (rows, *np.unravel_index(self.column, self.shape[1:]))
        try:
            with h5py.File(self.path, "r") as file:
                values = file[self.place][chosen]
                times = file[self.times_place][rows].astype(np.float64) if self.times_place else None
        except (OSError, KeyError, RuntimeError, ValueError) as error:
            detail = " ".join(str(error).split())[:120]
            raise GlmError(f"{self.path.name}: {self.place} cannot be read ({detail}); copy or export the file again") from error
        if times is None:
            times = self.start + np.arange(first, first + len(values)) * self.period
        if (self.conversion, self.offset) != (1.0, 0.0):
            values = values * self.conversion + self.offset
        if self.column is None and values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        return times, values if self.repair is None else self.repair.apply(values)

    def load(self) -> nap.Tsd | nap.TsdFrame | nap.TsdTensor:
        """All of it, as pynapple has it; the same object as long as somebody holds it.

        Raises
        ------
        GlmError
            If that would take more than `LARGEST_READ`, or cannot be read.
        """
        known = _LOADED.get(self)
        if known is not None:
            return known
        size = 8 * len(self) * (1 + self.width)
        if size > LARGEST_READ:
            raise GlmError(
                f"{self.path.name}: {self.place} would take {size / 2**30:.1f} GB as a whole; use it in bins, use one component of it, "
                "or export it at a lower rate"
            )
        import pynapple as nap

        step = max(1, BLOCK // (8 * (1 + self.width)))
        parts = [self.read(first, min(first + step, len(self))) for first in range(0, len(self), step)]
        times, values = (np.concatenate(part) for part in zip(*parts, strict=True))
        support = self.intervals()
        if values.ndim == 1:
            data: Any = nap.Tsd(times, values, time_support=support)
        elif values.ndim == 2:
            data = nap.TsdFrame(times, values, columns=list(self.components), time_support=support)
        else:
            data = nap.TsdTensor(times, values, time_support=support)
        _LOADED[self] = data
        return data

    def intervals(self) -> nap.IntervalSet:
        """The stretches in which it was recorded."""
        import pynapple as nap

        pairs = np.array([[self.start, self.stop]]) if self.support is None else self.support
        return nap.IntervalSet(pairs[:, 0], pairs[:, 1])

    def _probe(self) -> None:
        """Have the series read to its end in another process first: a damaged file can bring the library down."""
        from glmengine.io.files.probe import probe_series

        places = (self.place, *([self.times_place] if self.times_place else []))
        key = (self.path, places, self.stamp)
        if key not in _PROBED:
            probe_series(self.path, places, 8 * len(self) * (1 + int(np.prod(self.shape[1:]))), self.stamp)
            _PROBED.add(key)

    def _check(self) -> None:
        try:
            about = self.path.stat()
        except OSError as error:
            raise GlmError(
                f"{self.path.name}: {self.place} is read when it is used, and the file can no longer be reached "
                f"({error.strerror}); open it where it is now"
            ) from error
        if (about.st_size, about.st_mtime_ns) != self.stamp:
            raise GlmError(f"{self.path.name}: has changed since it was opened; open it again")


_LOADED: weakref.WeakKeyDictionary[StoredSeries, Any] = weakref.WeakKeyDictionary()

_PROBED: set[tuple[Path, tuple[str, ...], tuple[int, int]]] = set()
"""Series that were read to their end in another process, in this one's life."""

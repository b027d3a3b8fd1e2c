"""Series that stay in their files and are read stretch by stretch where they are used."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from glmengine.errors import GlmError
from glmengine.timegrid.intervals import interval_set

if TYPE_CHECKING:
    import pynapple as nap

LARGEST_READ = 4 * 2**30
"""Bytes of times and values (as float64) up to which a stored series is read as a whole."""

BLOCK = 2**24
"""Bytes (as float64) that are read at a time."""


@dataclass(frozen=True, eq=False)
class StoredSeries(ABC):
    """A series in a file, or in several.

    Attributes
    ----------
    path : Path
        The file, or the first of them.
    place : str
        What it is called in there.
    shape : tuple of int
        Of the values: samples first.
    start, period : float
        Seconds: time of the first sample, and the (median) time between samples.
    stop : float
        Time of the last sample.
    regular : bool
        Whether it is sampled at a rate, and so without gaps.
    components : tuple of str
    column : int or None
        Only this component.
    seen : (array (n,), array (n, ...))
        Times and values of some samples from everywhere in the series, in order.
    support : (S, 2) array, optional
        Stretches in which it was recorded, in seconds; from start to stop where None.
    """

    path: Path
    place: str
    shape: tuple[int, ...]
    start: float
    stop: float
    period: float
    regular: bool
    components: tuple[str, ...] = ()
    column: int | None = None
    seen: tuple[np.ndarray, np.ndarray] = field(default_factory=lambda: (np.empty(0), np.empty(0)))
    support: np.ndarray | None = None

    @abstractmethod
    def only(self, column: int) -> Self:
        """One component, counted through the samples' numbers in order."""

    @abstractmethod
    def rows_between(self, first: float, last: float) -> tuple[int, int]:
        """Rows that hold all samples from time `first` to time `last`, and perhaps some more on either side."""

    @abstractmethod
    def read(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Times (n,) and values (n,) or (n, ...) of the rows from `first` to before `last`.

        Raises
        ------
        GlmError
            If the file has gone, has changed since it was opened, or cannot be read.
        """

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

    def seen_of(self, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Times (n,) and values (n,) of one component of the samples that were seen."""
        times, values = self.seen
        return times, values.reshape(len(times), -1)[:, column]

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
        return interval_set(np.array([[self.start, self.stop]]) if self.support is None else self.support)


_LOADED: weakref.WeakKeyDictionary[StoredSeries, Any] = weakref.WeakKeyDictionary()

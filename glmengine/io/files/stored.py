"""Series that stay in an HDF5 file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.probe import probe_series
from glmengine.recording.stored import StoredSeries

if TYPE_CHECKING:
    from glmengine.io.files.repair import Repair


@dataclass(frozen=True, eq=False)
class Hdf5Series(StoredSeries):
    """A series in an HDF5 file.

    Attributes
    ----------
    times_place : str
        Dataset of the times, as `place` is that of the values; empty where they are sampled at a rate.
    marks : (K,) array
        Where the times are stored: every so many of them, ``stride`` apart, so that a time is found without reading them all.
    conversion, offset : float
        What the file says the numbers are to be multiplied by, and what is to be added.
    repair : Repair or None
        What cleaning does to the values.
    stamp : (int, int)
        Size and time of change of the file when it was opened.
    """

    times_place: str = ""
    marks: np.ndarray = field(default_factory=lambda: np.empty(0))
    stride: int = 1
    conversion: float = 1.0
    offset: float = 0.0
    repair: Repair | None = None
    stamp: tuple[int, int] = (0, 0)

    def only(self, column: int) -> Hdf5Series:
        return replace(self, column=column, components=(), seen=self.seen_of(column))

    def rows_between(self, first: float, last: float) -> tuple[int, int]:
        n = len(self)
        if self.regular:
            low = np.floor((first - self.start) / self.period) - 1
            high = np.ceil((last - self.start) / self.period) + 2
            return int(np.clip(low, 0, n)), int(np.clip(high, 0, n))
        low = (np.searchsorted(self.marks, first, side="left") - 1) * self.stride
        high = (np.searchsorted(self.marks, last, side="right") + 1) * self.stride
        return int(np.clip(low, 0, n)), int(np.clip(high, 0, n))

    def read(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Times and repaired values; see `StoredSeries.read`."""
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

    def _probe(self) -> None:
        """Have the series read to its end in another process first: a damaged file can bring the library down."""
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


_PROBED: set[tuple[Path, tuple[str, ...], tuple[int, int]]] = set()
"""Series that were read to their end in another process, in this one's life."""

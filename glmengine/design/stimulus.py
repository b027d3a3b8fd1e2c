"""Frames of a stimulus of many channels, brought to bins a stretch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.recording.binned import sample_covariate

if TYPE_CHECKING:
    from glmengine.recording.recording import Covariate
    from glmengine.timegrid.grid import TimeGrid

WHOLE = 2**27
"""Bytes of float64 up to which all bins are made at once."""

_STRETCH_BYTES = 2**24


class Frames:
    """What a (T, C) array of the stimulus in each bin would be: `shape`, `dtype`, `len` and slices of rows, float64, NaN where invalid.

    Parameters
    ----------
    values : (F, C) array
        Frames, of any real dtype.
    frame : (T,) int array
        The frame of each bin, or the one before it; -1 where it has none.
    share : (T,) array or None
        How far each bin is from its frame to the next, 0 to 1; None where frames are held.
    """

    dtype = np.dtype(np.float64)

    def __init__(self, values: np.ndarray, frame: np.ndarray, share: np.ndarray | None) -> None:
        self._values, self._frame, self._share = values, frame, share
        self.shape = (len(frame), values.shape[1])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> np.ndarray:
        frame = self._frame[rows]
        found = self._values[np.maximum(frame, 0)].astype(np.float64)
        if self._share is not None:
            after = self._values[np.clip(frame + 1, 0, len(self._values) - 1)].astype(np.float64)
            share = self._share[rows]
            moved = share > 0
            found[moved] += share[moved, None] * (after[moved] - found[moved])
        found[frame < 0] = np.nan
        return found


Channels = np.ndarray | Frames
"""(T, C) a stimulus in bins."""


def channels_in_bins(covariate: Covariate, grid: TimeGrid, max_gap: float | None) -> Channels:
    """`grid.sample` of a covariate with components as (T, C), kept as frames where it is large.

    Frames are kept where each bin has one frame or lies between two of them. Means of several frames in a bin, which are fewer numbers
    than the frames, are made at once, as are bins between frames that are not all finite.
    """
    width = len(covariate.components)
    if 8.0 * grid.n_bins * width <= WHOLE or covariate.stored is not None:
        return np.asarray(sample_covariate(covariate, grid, max_gap), np.float64).reshape(grid.n_bins, -1)
    values = np.asarray(covariate.data.values).reshape(covariate.n_samples, -1)
    held = covariate.kind == "step"
    slow = covariate.period >= grid.bin_size * (1 - 1e-6)
    if not held and not (slow and all(np.isfinite(part).all() for _, part in stretches(values))):
        return _by_channel(covariate, values, grid, max_gap)
    place = sample_covariate(_with_values(covariate, np.arange(len(values), dtype=np.float64)), grid, max_gap)
    known = np.isfinite(place)
    frame = np.where(known, np.floor(np.nan_to_num(place)), -1).astype(np.int64)
    if held:
        return Frames(values, frame, None)
    times = np.asarray(covariate.data.t, np.float64)
    after = np.clip(frame + 1, 0, len(times) - 1)
    before = np.maximum(frame, 0)
    apart = np.where(after > before, times[after] - times[before], 1.0)
    share = np.where(known, np.clip((grid.centres - times[before]) / apart, 0.0, 1.0), 0.0)
    return Frames(values, frame, share)


def stretches(values: Any, rows: np.ndarray | None = None) -> Iterator[tuple[slice, np.ndarray]]:
    """Rows of a (T, C) array or `Frames`, 16 MB of float64 at a time, with their place; of these only `rows` (T,) bool where given."""
    step = max(64, _STRETCH_BYTES // (8 * max(values.shape[1], 1)))
    for start in range(0, len(values), step):
        place = slice(start, min(start + step, len(values)))
        if rows is None:
            yield place, values[place]
        elif rows[place].any():
            yield place, values[place][rows[place]]


def _by_channel(covariate: Covariate, values: np.ndarray, grid: TimeGrid, max_gap: float | None) -> np.ndarray:
    """Sampled a few channels at a time, so that never all of them are there as float64 samples."""
    found = np.empty((grid.n_bins, values.shape[1]))
    step = max(1, _STRETCH_BYTES // (8 * max(len(values), 1)))
    for start in range(0, values.shape[1], step):
        part = np.ascontiguousarray(values[:, start : start + step], np.float64)
        found[:, start : start + step] = sample_covariate(_with_values(covariate, part), grid, max_gap)
    return found


def _with_values(covariate: Covariate, values: np.ndarray) -> Covariate:
    """The same covariate with other values at its times."""
    return _Other(covariate.kind, _Series(covariate.data.t, values, covariate.data.time_support), covariate.period)  # type: ignore[return-value]


@dataclass(frozen=True)
class _Series:
    t: np.ndarray
    values: np.ndarray
    time_support: Any


@dataclass(frozen=True)
class _Other:
    """What `glmengine.timegrid.sampling` asks of a covariate in memory."""

    kind: str
    data: _Series
    period: float
    stored: None = None

"""Times and values of one series of an NWB file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.io.files.hdf5 import array, child, is_large, number

if TYPE_CHECKING:
    import h5py


def values_and_times(group: h5py.Group, notes: list[str], label: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Times (T,) and values (T, ...) as stored, time brought to the front where it came second; None, with a note, where they do not fit."""
    values = array(child(group, "data", notes), notes, label)
    if values is None:
        return None
    times = times_of(group, len(values) if values.ndim else 0, notes, label)
    if times is None:
        return None
    if values.ndim == 2 and values.shape[1] == len(times) != len(values) and values.dtype.kind in "buif":
        notes.append(f"{label}: its values came with time along the second axis, and were turned round.")
        values = values.T
    if values.ndim == 0 or len(values) != len(times) or values.dtype.kind not in "buif":
        notes.append(f"{label} was left out: {np.shape(values)} {values.dtype} values do not fit {len(times)} times.")
        return None
    return times, values


def times_of(group: h5py.Group, length: int, notes: list[str], label: str) -> np.ndarray | None:
    """(T,) seconds of a series with `length` samples; None, with a note, where they cannot be read."""
    if "timestamps" in group:
        times = array(child(group, "timestamps", notes), notes, f"{label}/timestamps")
        if times is None:
            return None
        if times.ndim != 1 or times.dtype.kind not in "uif":
            notes.append(f"{label} was left out: its timestamps are not a row of numbers.")
            return None
        return times.astype(np.float64)
    start = child(group, "starting_time", notes)
    if not hasattr(start, "dtype"):
        return None
    rate = number(start.attrs.get("rate"), 0.0)
    if not (np.isfinite(rate) and rate > 0):
        notes.append(f"{label} was left out: its sampling rate is {rate:g}.")
        return None
    return number(start[()], 0.0) + np.arange(length) / rate


def conversion_of(group: h5py.Group, notes: list[str], label: str) -> tuple[float | np.ndarray, float]:
    """Factor (for each channel where they differ) and offset that turn stored numbers into the series' unit."""
    attributes = group["data"].attrs
    factor, offset = number(attributes.get("conversion"), 1.0), number(attributes.get("offset"), 0.0)
    gains = array(child(group, "channel_conversion", notes), notes, label) if "channel_conversion" in group else None
    data = group["data"]
    if gains is None or gains.dtype.kind not in "uif" or data.ndim != 2 or gains.shape != (data.shape[1],):
        return factor, offset
    if (gains == gains[0]).all():
        return factor * float(gains[0]), offset
    if is_large(data):
        notes.append(f"{label}: its channels' own gains differ and were not applied.")
        return factor, offset
    return factor * gains.astype(np.float64), offset

"""Tables of trials, or of epochs, as a recipe says: starts, stops and what stands beside them, with times among it in seconds."""

from __future__ import annotations

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.raw import RawRecording, RawTrials, safe_name, unique_names
from glmengine.io.recipe.named_arrays import array_named, numbers_named
from glmengine.io.recipe.recipe import Arrays, Stretches, TimeBase
from glmengine.recording.events import holds_times


def borders(item: Stretches, arrays: Arrays, field: str) -> tuple[np.ndarray, np.ndarray]:
    """Starts and stops as they stand in the file; without stops each lasts until the next start, and the last as long as the usual one.

    Raises
    ------
    GlmError
        If an array is missing, or they differ in number.
    """
    starts = numbers_named(arrays, item.start, f"{field}.start")
    stops = numbers_named(arrays, item.stop, f"{field}.stop") if item.stop else until_the_next(starts)
    _as_many(starts, stops, item.start, item.stop, field)
    return starts, stops


def until_the_next(starts: np.ndarray) -> np.ndarray:
    """(N,) the start after each; that of the last as far behind it as they usually are."""
    starts = np.asarray(starts, dtype=np.float64)
    stops = np.full(len(starts), np.nan)
    order = np.argsort(starts, kind="stable")
    order = order[np.isfinite(starts[order])]
    if len(order):
        in_order = starts[order]
        usual = float(np.median(np.diff(in_order))) if len(order) > 1 else 0.0
        stops[order] = np.r_[in_order[1:], in_order[-1] + usual]
    return stops


def trials_of(item: Stretches, arrays: Arrays, field: str, raw: RawRecording) -> RawTrials:
    """A table of trials; a column whose numbers lie within their own trials holds times and becomes seconds as these do.

    The last of trials without stops ends with the units.

    Raises
    ------
    GlmError
        As `borders`.
    """
    starts, stops = borders(item, arrays, field)
    start, stop = item.seconds(starts, field), item.seconds(stops, field)
    if not item.stop and (end := _last_of_units(raw)) is not None:
        last = int(np.nanargmax(start)) if np.isfinite(start).any() else 0
        stop[last] = max(min(stop[last], end), start[last])
    called = unique_names([safe_name(name.rpartition(":")[2]) for name in item.properties])  # the next day's file has them too
    columns = {}
    for column, name in zip(called, item.properties, strict=True):
        values = np.ravel(array_named(arrays, name, f"{field}.properties"))
        _as_many(starts, values, item.start, name, field)
        columns[column] = item.seconds(values, field) if _converts(item) and are_times(values, starts, stops, column) else values
    return RawTrials(start, stop, columns)


def are_times(values: np.ndarray, starts: np.ndarray, stops: np.ndarray, name: str) -> bool:
    """Whether a column beside starts and stops holds times counted as these are."""
    return values.dtype.kind in "uif" and holds_times(values, np.column_stack([starts, stops]), name)


def _converts(item: TimeBase) -> bool:
    return item.time_unit != "s" or item.offset != 0.0


def _last_of_units(raw: RawRecording) -> float | None:
    trains = [times for times in raw.spikes or () if len(times)] or ([raw.counts.times] if raw.counts is not None else [])
    ends = [float(np.nanmax(times)) for times in trains if np.isfinite(times).any()]
    return max(ends, default=None)


def _as_many(one: np.ndarray, other: np.ndarray, name: str, other_name: str, field: str) -> None:
    if len(one) != len(other):
        raise GlmError(
            f"field '{field}': '{name}' has {len(one):,} values and '{other_name}' {len(other):,}; name arrays that belong together",
            field=field,
        )

"""Tables of an NWB file whose rows have times: trials, epochs, states and events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.io.files.hdf5 import array, child, in_order, ragged, table
from glmengine.io.files.limits import text_of
from glmengine.io.raw import RawRecording, RawTrials, free_name, safe_name

if TYPE_CHECKING:
    import h5py

    from glmengine.io.nwb.walk import Found

MOMENTS = ("timestamp", "timestamps", "time", "event_time", "event_times")
"""Columns that hold the time of an event."""

MISSING = frozenset({"", "n/a", "na", "nan", "none", "null"})
"""What stands for a number that is not there."""

LABELS = ("label", "name", "epoch_name", "tag", "tags", "state", "stage")
MOST_KINDS = 20
WIDEST = 8
"""A property of so many numbers a trial is taken apart into as many properties."""


def is_interval_table(group: h5py.Group) -> bool:
    """Whether each row is a stretch of time."""
    return "start_time" in group and "stop_time" in group


def is_event_table(group: h5py.Group) -> bool:
    """Whether each row is an event, or a kind of events."""
    return "id" in group and any(name in group for name in MOMENTS)


def add_intervals(raw: RawRecording, found: Found) -> None:
    """Add a table of stretches as trials, or as epochs where it is the table of epochs."""
    group, label = found.group, found.label
    columns = table(group, raw.notes, label)
    start, stop = columns.pop("start_time", None), columns.pop("stop_time", None)
    if start is None or stop is None or start.dtype.kind not in "buif" or stop.dtype.kind not in "buif":
        raw.notes.append(f"{label} was left out: its times are not numbers.")
        return
    start, stop = start.astype(np.float64), stop.astype(np.float64)
    if found.names == ("intervals", "epochs"):
        _add_epochs(raw, group, start, stop, columns)
        return
    columns = {key: _numbers_in(column) for key, column in columns.items()}
    name = free_name(raw.trials, found.names)
    moments = _taken_apart(raw, group, label, name, columns, start, stop)
    raw.trials[name] = RawTrials(start, stop, {safe_name(key): column for key, column in columns.items()})
    for key, column in columns.items():
        if key.endswith(("_time", "_times")) and column.dtype.kind == "f" and _are_moments(column, start, stop):
            raw.events[f"{name}_{safe_name(key)}"] = column
    raw.events |= moments
    texts = [key for key, column in columns.items() if column.dtype.kind == "O"]
    if len(columns) == 1 and texts and texts[0].lower() in LABELS:
        kinds = [text_of(value) for value in columns[texts[0]]]
        if len(set(kinds)) <= MOST_KINDS:
            _add_named(raw, start, stop, [[kind] for kind in kinds])


def add_event_table(raw: RawRecording, found: Found) -> None:
    """Add a table of events: all of them, and apart by each column of few different texts."""
    group, label = found.group, found.label
    moment = next(name for name in MOMENTS if name in group)
    name = free_name(raw.events, found.names)
    if f"{moment}_index" in group:  # a row is a kind of events
        columns = table(group, raw.notes, label)
        kinds = next((columns[key] for key in ("label", "name", "event_name") if key in columns), None)
        for row, times in enumerate(ragged(group, moment, label)):
            if times.dtype.kind in "uif" and len(times):
                raw.events[f"{name}={safe_name(text_of(kinds[row])) if kinds is not None else row}"] = times.astype(np.float64)
        return
    times = array(child(group, moment, raw.notes), raw.notes, label)
    if times is None or times.ndim != 1 or times.dtype.kind not in "uif":
        raw.notes.append(f"{label} was left out: its times are not numbers.")
        return
    times = times.astype(np.float64)
    raw.events[name] = times
    for key, column in table(group, raw.notes, label).items():
        if key != moment and column.dtype.kind == "O" and 1 < len(set(column)) <= MOST_KINDS:
            for kind in sorted(set(column)):
                raw.events[f"{name}_{safe_name(key)}={safe_name(kind)}"] = times[column == kind]


def _numbers_in(column: np.ndarray) -> np.ndarray:
    """A column of numbers that was written as text because some are missing, as numbers; any other as it is."""
    if column.dtype.kind != "O":
        return column
    texts = [text_of(value).strip() for value in column]
    missing = [text.lower() in MISSING for text in texts]
    if not any(missing) or all(missing):
        return column
    try:
        return np.array([np.nan if lacks else float(text) for text, lacks in zip(texts, missing, strict=True)])
    except ValueError:
        return column


def _taken_apart(
    raw: RawRecording,
    group: h5py.Group,
    label: str,
    name: str,
    columns: dict[str, np.ndarray],
    start: np.ndarray,
    stop: np.ndarray,
) -> dict[str, np.ndarray]:
    """Events among the properties that have several values a trial; those of a fixed number become that many properties."""
    events: dict[str, np.ndarray] = {}
    left = []
    for key in in_order(group):
        if key in columns or key in ("id", "tags", "timeseries", "start_time", "stop_time") or key.endswith("_index"):
            continue
        values = _rows_of(raw, group, key, label, len(start))
        if values is None:
            continue
        sizes = {row.size for row in values}
        whole = np.concatenate([row.ravel() for row in values]) if values else np.empty(0)
        width = max(sizes, default=0)
        if whole.dtype.kind in "buif" and sizes == {width} and 1 <= width <= WIDEST:
            for place in range(width):
                columns[f"{key}_{place}" if width > 1 else key] = np.array([row.ravel()[place] for row in values])
        elif whole.dtype.kind == "f" and len(whole) and _inside(values, start, stop):
            events[f"{name}_{safe_name(key)}"] = whole.astype(np.float64)
        elif whole.dtype.kind in "OSU" and width <= WIDEST:
            columns[key] = np.array([", ".join(text_of(text) for text in row.ravel()) for row in values], dtype=object)
        elif width:
            left.append(key)
    if left:
        raw.notes.append(f"{label}: {', '.join(left)} left out, which differ in length from trial to trial.")
    return events


def _rows_of(raw: RawRecording, group: h5py.Group, key: str, label: str, rows: int) -> list[np.ndarray] | None:
    """The values of each row of a column, None for a column of references or one that does not fit."""
    dataset = child(group, key, raw.notes)
    if not hasattr(dataset, "dtype") or dataset.dtype.names or (dataset.dtype.metadata and "ref" in dataset.dtype.metadata):
        return None
    if f"{key}_index" in group:
        if f"{key}_index_index" in group:
            raw.notes.append(f"{label}: {key} left out, which is a list of lists.")
            return None
        values = ragged(group, key, label)
        return values if len(values) == rows else None
    if dataset.ndim < 2 or dataset.shape[0] != rows:
        return None
    values = array(dataset, raw.notes, f"{label}/{key}")
    return None if values is None else list(values)


def _inside(values: list[np.ndarray], start: np.ndarray, stop: np.ndarray) -> bool:
    """Whether most of the numbers of each row lie in its own trial."""
    known = [(row[np.isfinite(row)], begin, end) for row, begin, end in zip(values, start, stop, strict=True) if row.ndim == 1]
    within = sum(int(((row >= begin) & (row <= end)).sum()) for row, begin, end in known)
    return within > 0.5 * max(sum(len(row) for row, _, _ in known), 1)


def _are_moments(column: np.ndarray, start: np.ndarray, stop: np.ndarray) -> bool:
    """Whether a column of a table of trials holds moments of the recording, and not durations such as reaction times.

    Moments follow the trials: most lie no further from their own than trials are apart.
    """
    known = np.isfinite(column) & np.isfinite(start) & np.isfinite(stop)
    if not known.any():
        return bool(np.isfinite(column).any())
    column, start, stop = column[known], start[known], stop[known]
    reach = float(np.median(np.abs(np.diff(start)))) if len(start) > 1 else float(stop[0] - start[0])
    return bool(np.mean((column >= start - reach) & (column <= stop + reach)) > 0.5)


def _add_epochs(
    raw: RawRecording, group: h5py.Group, start: np.ndarray, stop: np.ndarray, columns: dict[str, np.ndarray]
) -> None:
    """Named stretches: by their tags, by a column of labels, or by their number."""
    labels: list[list[str]] = [[] for _ in start]
    if "tags" in group and "tags_index" in group:
        labels = [[text_of(tag) for tag in tags] for tags in ragged(group, "tags", "epochs")]
    for key in LABELS:
        if key in columns and not any(labels):
            labels = [[str(value)] for value in columns[key]]
    if len(labels) != len(start):
        labels = [[] for _ in start]
    _add_named(raw, start, stop, [tags or [f"epoch_{row + 1}"] for row, tags in enumerate(labels)])


def _add_named(raw: RawRecording, start: np.ndarray, stop: np.ndarray, labels: list[list[str]]) -> None:
    named: dict[str, list[tuple[float, float]]] = {}
    for begin, end, tags in zip(start, stop, labels, strict=True):
        for tag in dict.fromkeys(tags):
            named.setdefault(safe_name(tag), []).append((begin, end))
    for name, pairs in named.items():
        raw.epochs[free_name(raw.epochs, (name,))] = np.array(pairs)

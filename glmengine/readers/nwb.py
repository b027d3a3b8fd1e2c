"""Neurodata Without Borders, read with h5py alone: quickly, without the raw signals, whatever schema version or extension wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.hdf5 import array, child, is_large, needed_array, number, ragged, stored_series, table
from glmengine.own_nwb import about_series, add_what_only_we_write, is_ours
from glmengine.reading import (
    RawRecording,
    RawSeries,
    RawTrials,
    Reader,
    plain_column,
    safe_name,
    text_of,
    unique_names,
)

if TYPE_CHECKING:
    import h5py

    from glmengine.recipes import Recipe

SIGNATURE = b"\x89HDF\r\n\x1a\n"
DEEPEST = 8

RAW_SIGNALS = frozenset(
    {
        "ElectricalSeries", "SpikeEventSeries", "ImageSeries", "ImageMaskSeries", "OpticalSeries", "IndexSeries", "TwoPhotonSeries", "OnePhotonSeries",
        "VoltageClampSeries", "VoltageClampStimulusSeries", "IZeroClampSeries", "DecompositionSeries", "FeatureExtraction",
    }
)  # fmt: skip
"""Types that are signals or pictures rather than something a rate could depend on."""

CONTAINER_NAMES = {
    "Position": "position",
    "CompassDirection": "head_direction",
    "EyeTracking": "eye_position",
    "PupilTracking": "pupil",
}
"""What the one series of a container is called where its own name says nothing."""

SAYS_NOTHING = frozenset(
    {
        "spatialseries",
        "spatial_series",
        "timeseries",
        "time_series",
        "series",
        "data",
        "position",
        "compassdirection",
        "eyetracking",
        "pupiltracking",
    }
)

EVENT_NAMES = re.compile(r"event|ttl|annotation|marker|reward|lick", re.IGNORECASE)

COUNTS_NAMES = re.compile(r"count|spikes?($|_)", re.IGNORECASE)

MOST_EVENT_KINDS = 50


def recognises(path: Path, head: bytes) -> bool:
    """True for an HDF5 file whose root says that it is NWB."""
    if path.is_dir() or SIGNATURE not in (head[:8], head[512:520], head[1024:1032], head[2048:2056]):
        return False
    return b"nwb_version" in head or _root_says_nwb(path)


def read(path: Path, recipe: Recipe | None = None) -> RawRecording:
    """Units, behaviour and stimuli, intervals; raw signals and pictures are left where they are."""
    import h5py

    raw = RawRecording()
    with h5py.File(path, "r") as file:
        if "nwb_version" not in file.attrs:
            raise GlmError(f"{path.name}: is HDF5 but not NWB; open it as MATLAB 7.3 with a recipe, or convert it to NWB")
        responses: list[RawSeries] = []
        for place in ("acquisition", "stimulus/presentation", "processing"):
            for found in _series(file, place, raw.notes):
                _add_series(raw, responses, path, *found)
        _add_intervals(raw, file)
        _add_event_tables(raw, file)
        _add_units(raw, file, path.name, responses)
        if is_ours(file):
            add_what_only_we_write(raw, file)
    return raw


READER = Reader("NWB", (".nwb",), recognises, read, probe=True)


def _root_says_nwb(path: Path) -> bool:
    """Whether a later part of the file names the attribute; looked for in the bytes, because a damaged file may crash the library."""
    with open(path, "rb") as file:
        content = file.read(4 * 2**20)
        size = file.seek(0, 2)
        file.seek(max(0, size - 4 * 2**20))
        content += file.read()
    return b"nwb_version" in content


# --- series -----------------------------------------------------------------------------------------------------


def _series(file: h5py.File, place: str, notes: list[str]) -> Iterator[tuple[h5py.Group, tuple[str, ...], tuple[str, ...]]]:
    """Every group below `place` that has data over time, with its path and the types of the groups around it."""
    top = child(file, place, notes)
    if top is None or not hasattr(top, "keys"):
        return
    waiting = [(top, (place,), ())]
    seen = set()
    while waiting:
        group, names, types = waiting.pop(0)
        if group.id in seen:
            continue
        seen.add(group.id)
        kind = text_of(group.attrs.get("neurodata_type", ""))
        if "data" in group and ("timestamps" in group or "starting_time" in group):
            yield group, names, types
            continue
        if len(names) > DEEPEST or kind in ("DynamicTable", "PlaneSegmentation", "ImageSegmentation"):
            continue
        for name in group:
            inner = child(group, name, notes)
            if hasattr(inner, "keys"):
                waiting.append((inner, (*names, name), (*types, kind)))


def _add_series(
    raw: RawRecording,
    responses: list[RawSeries],
    path: Path,
    group: h5py.Group,
    names: tuple[str, ...],
    types: tuple[str, ...],
) -> None:
    kind = text_of(group.attrs.get("neurodata_type", ""))
    label = "/".join(names)
    if kind in RAW_SIGNALS:
        raw.notes.append(f"{label} ({kind}) is a raw signal and was not read.")
        return
    data = child(group, "data", raw.notes)
    if not hasattr(data, "dtype"):
        return
    if kind == "AnnotationSeries" or data.dtype.kind in "OSU":
        _add_annotations(raw, group, names[-1], label)
        return
    if is_large(data) and kind not in ("IntervalSeries", "RoiResponseSeries") and "BehavioralEvents" not in types:
        _add_large(raw, path, group, names, types, kind)
        return
    values = array(data, raw.notes, label)
    if values is None:
        return
    times = _times(group, len(values) if values.ndim else 0, raw.notes, label)
    if times is None:
        return
    if values.ndim == 0 or len(values) != len(times) or values.dtype.kind not in "buif":
        raw.notes.append(f"{label} was left out: {np.shape(values)} {values.dtype} values do not fit {len(times)} times.")
        return
    if kind == "IntervalSeries":
        _add_interval_series(raw, safe_name(names[-1]), times, values)
        return
    attributes = data.attrs
    conversion, offset = number(attributes.get("conversion"), 1.0), number(attributes.get("offset"), 0.0)
    if kind != "RoiResponseSeries" and (conversion, offset) != (1.0, 0.0):
        values = values * conversion + offset
    angle = "CompassDirection" in types
    series = RawSeries(
        name=_name(names, types),
        times=times,
        values=values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values,
        unit=text_of(attributes.get("unit", "")),
        kind="angle" if angle else None,
        description=text_of(group.attrs.get("description", "")).removeprefix("no description"),
        source=label,
    )
    if series.values.ndim == 2:
        spatial = kind == "SpatialSeries" and series.values.shape[1] <= 3
        series.components = tuple("xyz"[: series.values.shape[1]]) if spatial else tuple(map(str, range(series.values.shape[1])))
    if kind == "RoiResponseSeries":
        responses.append(series)
        return
    if "BehavioralEvents" in types:
        raw.events[series.name] = times
        return
    if (
        kind == "TimeSeries"
        and values.ndim == 1
        and values.dtype.kind in "bui"
        and not about_series(group)
        and EVENT_NAMES.search(names[-1])
    ):
        codes = np.unique(values)
        if len(codes) <= MOST_EVENT_KINDS:
            for code in codes:
                raw.events[f"{series.name}={code}"] = times[values == code]
    raw.series.append(series)


def _add_large(
    raw: RawRecording, path: Path, group: h5py.Group, names: tuple[str, ...], types: tuple[str, ...], kind: str
) -> None:
    """A series that stays in its file."""
    label, attributes = "/".join(names), group["data"].attrs
    conversion, offset = number(attributes.get("conversion"), 1.0), number(attributes.get("offset"), 0.0)
    found = stored_series(path, group, conversion, offset, raw.notes, label)
    if found is None:
        return
    stored, times, values = found
    series = RawSeries(
        name=_name(names, types),
        times=times,
        values=values,
        unit=text_of(attributes.get("unit", "")),
        kind="angle" if "CompassDirection" in types else None,
        description=text_of(group.attrs.get("description", "")).removeprefix("no description"),
        source=label,
        stored=stored,
    )
    if values.ndim == 2:
        spatial = kind == "SpatialSeries" and values.shape[1] <= 3
        series.components = tuple("xyz"[: values.shape[1]]) if spatial else tuple(map(str, range(values.shape[1])))
    raw.series.append(series)


def _name(names: tuple[str, ...], types: tuple[str, ...]) -> str:
    """The series' own name; its container's meaning where the name says nothing."""
    name, container = names[-1], types[-1] if types else ""
    if name.lower() in SAYS_NOTHING and container in CONTAINER_NAMES:
        return CONTAINER_NAMES[container]
    if name.lower() in SAYS_NOTHING - {"position"} and len(names) > 2:
        return safe_name(names[-2])
    return safe_name(name)


def _times(group: h5py.Group, length: int, notes: list[str], label: str) -> np.ndarray | None:
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


def _add_annotations(raw: RawRecording, group: h5py.Group, name: str, label: str) -> None:
    values = array(child(group, "data", raw.notes), raw.notes, label)
    times = None if values is None else _times(group, len(values), raw.notes, label)
    if times is None or np.ndim(values) != 1 or len(values) != len(times):
        return
    texts = plain_column(values)
    kinds = sorted(set(texts))
    if len(kinds) > MOST_EVENT_KINDS:
        raw.notes.append(f"{label} has {len(kinds)} different texts and was read as one kind of event.")
        raw.events[safe_name(name)] = times
        return
    for kind in kinds:
        raw.events[f"{safe_name(name)}={safe_name(kind)}"] = times[texts == kind]


def _add_interval_series(raw: RawRecording, name: str, times: np.ndarray, values: np.ndarray) -> None:
    """Intervals coded as +k where kind k starts and -k where it stops."""
    for code in sorted({abs(int(value)) for value in values.ravel()} - {0})[:MOST_EVENT_KINDS]:
        starts, stops = times[values.ravel() == code], times[values.ravel() == -code]
        paired = min(len(starts), len(stops))
        raw.epochs[name if code == 1 else f"{name}_{code}"] = np.column_stack([starts[:paired], stops[:paired]])


# --- tables -----------------------------------------------------------------------------------------------------


def _add_units(raw: RawRecording, file: h5py.File, name: str, responses: list[RawSeries]) -> None:
    group = child(file, "units", raw.notes)
    if group is None or "spike_times" not in group or "spike_times_index" not in group:
        if _take_counts(raw, group):
            return
        if responses:
            _choose_response(raw, responses)
            return
        found = ", ".join(sorted(key for key in file if key not in ("specifications", "file_create_date"))[:8])
        raise GlmError(
            f"{name}: has no units with spike times (it holds {found}); sort the spikes first, or open the file that has the units"
        )
    raw.spikes = [np.asarray(times, dtype=np.float64).ravel() for times in ragged(group, "spike_times", "units")]
    ids = needed_array(group, "id", "units/id") if "id" in group else np.arange(len(raw.spikes))
    if len(ids) != len(raw.spikes):
        raise GlmError(
            f"{name}: its units table has {len(ids)} ids for {len(raw.spikes)} rows of spike times; the file is damaged, export it again"
        )
    raw.unit_columns = table(group, raw.notes, "units", skip=("spike_times", "obs_intervals", "electrodes"))
    names = raw.unit_columns.get("unit_name")
    chosen = names if names is not None and len(set(names)) == len(names) else ids
    if chosen is names:
        del raw.unit_columns["unit_name"]
    raw.unit_names = unique_names([safe_name(text_of(value)) for value in chosen])
    rows = _electrodes(group, len(raw.spikes), raw.notes)
    if rows is not None:
        raw.unit_columns.setdefault("electrode", rows)
        region = _regions(file, rows, raw.notes)
        if region is not None and not {"region", "location", "brain_area"} & set(raw.unit_columns):
            raw.unit_columns["region"] = region
    if "obs_intervals" in group and "obs_intervals_index" in group:
        observed = [np.reshape(rows, (-1, 2)) for rows in ragged(group, "obs_intervals", "units")]
        if observed and sum(map(len, observed)):
            raw.support = np.concatenate(observed).astype(np.float64)


def _take_counts(raw: RawRecording, units: h5py.Group | None) -> bool:
    """Counts that came binned: a series named so, one column a unit of the units table, or of whole numbers where there is none."""
    for series in raw.series:
        if series.stored is not None:
            continue
        values = series.values.reshape(len(series.times), -1)
        whole = values.dtype.kind in "bui" or (np.isfinite(values).all() and (values == np.rint(values)).all())
        if not COUNTS_NAMES.search(series.name) or (units is None and (not whole or (values < 0).any())):
            continue
        columns = {} if units is None else table(units, raw.notes, "units")
        ids = columns.get("unit_name", np.arange(values.shape[1]) if units is None else needed_array(units, "id", "units/id"))
        if len(ids) != values.shape[1]:
            continue
        raw.series.remove(series)
        raw.counts = RawSeries(series.name, series.times, values)
        raw.unit_names = unique_names([safe_name(text_of(value)) for value in ids])
        raw.unit_columns = {key: column for key, column in columns.items() if key != "unit_name"}
        return True
    return False


def _electrodes(units: h5py.Group, n_units: int, notes: list[str]) -> np.ndarray | None:
    """(M,) row of each unit's first electrode in the table of electrodes, -1 where it has none."""
    if "electrodes" not in units:
        return None
    if "electrodes_index" in units:
        rows = [int(found[0]) if len(found) else -1 for found in ragged(units, "electrodes", "units")]
    else:
        column = array(child(units, "electrodes", notes), notes, "units/electrodes")
        rows = [] if column is None or column.dtype.kind not in "ui" else [int(row) for row in np.ravel(column)]
    return np.array(rows) if len(rows) == n_units else None


def _regions(file: h5py.File, rows: np.ndarray, notes: list[str]) -> np.ndarray | None:
    """(M,) where the electrodes in `rows` lie."""
    found = array(child(file, "general/extracellular_ephys/electrodes/location", notes), notes, "electrodes/location")
    if found is None:
        return None
    found = plain_column(found)
    return np.array([found[row] if 0 <= row < len(found) else "" for row in rows], dtype=object)


def _choose_response(raw: RawRecording, responses: list[RawSeries]) -> None:
    """Calcium imaging: deconvolved before dF/F before raw fluorescence, the one with most cells."""

    def rank(series: RawSeries) -> tuple[int, int]:
        name = series.name.lower()
        order = next((place for place, word in enumerate(("deconv", "spike", "event", "df", "dff")) if word in name), 9)
        return order, -(series.values.shape[1] if series.values.ndim == 2 else 1)

    chosen = min(responses, key=rank)
    values = chosen.values.reshape(len(chosen.times), -1)
    raw.counts = RawSeries(chosen.name, chosen.times, values, chosen.unit)
    raw.unit_names = [str(column) for column in range(values.shape[1])]
    raw.notes.append(f"No spike times; the cells of {chosen.name} are the units.")


def _add_intervals(raw: RawRecording, file: h5py.File) -> None:
    top = child(file, "intervals", raw.notes)
    if top is None or not hasattr(top, "keys"):
        return
    for name in top:
        group = child(top, name, raw.notes)
        if not hasattr(group, "keys") or "start_time" not in group or "stop_time" not in group:
            continue
        columns = table(group, raw.notes, f"intervals/{name}")
        start, stop = columns.pop("start_time", None), columns.pop("stop_time", None)
        if start is None or stop is None or start.dtype.kind not in "buif" or stop.dtype.kind not in "buif":
            raw.notes.append(f"intervals/{name} was left out: its times are not numbers.")
            continue
        start, stop = start.astype(np.float64), stop.astype(np.float64)
        if name == "epochs":
            _add_epochs(raw, group, start, stop, columns)
            continue
        label = safe_name(name)
        raw.trials[label] = RawTrials(start, stop, {safe_name(key): column for key, column in columns.items()})
        for key, column in columns.items():
            if key.endswith(("_time", "_times")) and column.dtype.kind == "f" and _are_moments(column, start, stop):
                raw.events[f"{label}_{safe_name(key)}"] = column


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


def _add_event_tables(raw: RawRecording, file: h5py.File) -> None:
    """Tables of events with time stamps, as newer versions of the schema have them."""
    top = child(file, "events", raw.notes)
    for name in top if hasattr(top, "keys") else ():
        group = child(top, name, raw.notes)
        if hasattr(group, "keys") and "timestamp" in group:
            times = array(child(group, "timestamp", raw.notes), raw.notes, f"events/{name}")
            if times is not None and times.ndim == 1 and times.dtype.kind in "uif":
                raw.events[safe_name(name)] = times.astype(np.float64)


def _add_epochs(
    raw: RawRecording, group: h5py.Group, start: np.ndarray, stop: np.ndarray, columns: dict[str, np.ndarray]
) -> None:
    """Named stretches: by their tags, by a column of labels, or by their number."""
    labels: list[list[str]] = [[] for _ in start]
    if "tags" in group and "tags_index" in group:
        labels = [[text_of(tag) for tag in tags] for tags in ragged(group, "tags", "epochs")]
    for key in ("label", "name", "epoch_name", "tag", "tags"):
        if key in columns and not any(labels):
            labels = [[str(value)] for value in columns[key]]
    if len(labels) != len(start):
        labels = [[] for _ in start]
    named: dict[str, list[tuple[float, float]]] = {}
    for row, (begin, end, tags) in enumerate(zip(start, stop, labels, strict=True)):
        for tag in tags or [f"epoch_{row + 1}"]:
            named.setdefault(safe_name(tag), []).append((begin, end))
    raw.epochs |= {name: np.array(pairs) for name, pairs in named.items()}

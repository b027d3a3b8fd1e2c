"""Neurodata Without Borders, read with h5py alone: quickly, without the raw signals, whatever schema version or extension wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.reading import (
    LARGEST_ARRAY,
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
                _add_series(raw, responses, *found)
        _add_intervals(raw, file)
        _add_event_tables(raw, file)
        _add_units(raw, file, path.name, responses)
        if _is_ours(file):
            _add_what_only_we_write(raw, file)
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


def _is_ours(file: h5py.File) -> bool:
    """Whether `glmengine.export.nwb` wrote the file: then it holds a few things that NWB has no place for."""
    script = file.get("general/source_script")
    return script is not None and text_of(script.attrs.get("file_name", "")) == "glmengine"


def _add_what_only_we_write(raw: RawRecording, file: h5py.File) -> None:
    """The epoch `all`, kinds and components of covariates, and the truth of a simulated recording."""
    raw.support = raw.epochs.pop("all", None)
    for series in list(raw.series):
        about = _about(file[series.source])
        kind, components = about.get("kind"), about.get("components", [])
        if kind == "event":
            raw.series.remove(series)
            raw.events[series.name.removeprefix("event ")] = series.times
        if kind in ("continuous", "angle", "step", "category"):
            series.kind = kind
        if isinstance(components, list) and series.values.ndim == 2 and len(components) == series.values.shape[1]:
            series.components = tuple(map(str, components))
    if "scratch/truth" in file and file["scratch/truth"].shape == ():
        raw.extras["truth"] = _json(file["scratch/truth"][()])


def _about(group: h5py.Group) -> dict[str, Any]:
    """What `glmengine.export.nwb` writes into the comments of a series."""
    return _json(group.attrs.get("comments", ""))


def _json(value: object) -> dict[str, Any]:
    try:
        found = json.loads(text_of(value))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


# --- series -----------------------------------------------------------------------------------------------------


def _series(file: h5py.File, place: str, notes: list[str]) -> Iterator[tuple[h5py.Group, tuple[str, ...], tuple[str, ...]]]:
    """Every group below `place` that has data over time, with its path and the types of the groups around it."""
    top = file.get(place)
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
            child = _child(group, name, notes)
            if child is not None and hasattr(child, "keys"):
                waiting.append((child, (*names, name), (*types, kind)))


def _child(group: h5py.Group, name: str, notes: list[str]) -> h5py.Group | h5py.Dataset | None:
    """A member of a group, never one that lies in another file."""
    import h5py

    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        notes.append(f"{name} lies in another file ({link.filename}) and was left out.")
        return None
    return group.get(name)


def _array(dataset: h5py.Dataset, notes: list[str], label: str) -> np.ndarray | None:
    """A dataset in memory, or None with a note where it is too large or lies in another file."""
    import h5py

    if not isinstance(dataset, h5py.Dataset):
        notes.append(f"{label} is not an array and was left out.")
        return None
    if dataset.external or dataset.is_virtual:
        notes.append(f"{label} lies in another file and was left out.")
        return None
    size = dataset.size or 0
    if size * max(dataset.dtype.itemsize, 1) > LARGEST_ARRAY:
        notes.append(f"{label} was left out: it would take {size * dataset.dtype.itemsize / 2**30:.1f} GB.")
        return None
    return dataset[()]


def _needed(dataset: h5py.Dataset, label: str) -> np.ndarray:
    """A dataset without which the file is of no use."""
    notes: list[str] = []
    values = _array(dataset, notes, label)
    if values is None:
        raise GlmError(notes[0].rstrip(".") + ", and without it there is nothing to fit; export a shorter or complete file")
    return values


def _add_series(
    raw: RawRecording, responses: list[RawSeries], group: h5py.Group, names: tuple[str, ...], types: tuple[str, ...]
) -> None:
    kind = text_of(group.attrs.get("neurodata_type", ""))
    label = "/".join(names)
    if kind in RAW_SIGNALS:
        raw.notes.append(f"{label} ({kind}) is a raw signal and was not read.")
        return
    if kind == "AnnotationSeries" or group["data"].dtype.kind in "OSU":
        _add_annotations(raw, group, names[-1], label)
        return
    values = _array(group["data"], raw.notes, label)
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
    attributes = group["data"].attrs
    conversion, offset = _number(attributes.get("conversion"), 1.0), _number(attributes.get("offset"), 0.0)
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
        and not _about(group)
        and EVENT_NAMES.search(names[-1])
    ):
        codes = np.unique(values)
        if len(codes) <= MOST_EVENT_KINDS:
            for code in codes:
                raw.events[f"{series.name}={code}"] = times[values == code]
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
        times = _array(group["timestamps"], notes, f"{label}/timestamps")
        if times is None:
            return None
        if times.ndim != 1 or times.dtype.kind not in "uif":
            notes.append(f"{label} was left out: its timestamps are not a row of numbers.")
            return None
        return times.astype(np.float64)
    start, rate = group["starting_time"], _number(group["starting_time"].attrs.get("rate"), 0.0)
    if not (np.isfinite(rate) and rate > 0):
        notes.append(f"{label} was left out: its sampling rate is {rate:g}.")
        return None
    return _number(start[()], 0.0) + np.arange(length) / rate


def _add_annotations(raw: RawRecording, group: h5py.Group, name: str, label: str) -> None:
    values = _array(group["data"], raw.notes, label)
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


def _number(value: object, default: float) -> float:
    values = np.ravel(np.asarray(value)) if value is not None else np.empty(0)
    return float(values[0]) if values.size and values.dtype.kind in "buif" else default


# --- tables -----------------------------------------------------------------------------------------------------


def _table(group: h5py.Group, notes: list[str], label: str, skip: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
    """The plain columns of a DynamicTable: one value a row. Ragged columns and references are left out."""
    rows = len(group["id"]) if "id" in group else 0
    columns = {}
    for name in group:
        dataset = _child(group, name, notes)
        ragged = f"{name}_index" in group or name.endswith("_index")
        if name == "id" or name in skip or ragged or not hasattr(dataset, "dtype") or dataset.shape != (rows,):
            continue
        if dataset.dtype.kind == "O" and dataset.dtype.metadata and "ref" in dataset.dtype.metadata:
            continue
        values = _array(dataset, notes, f"{label}/{name}")
        if values is not None:
            columns[name] = plain_column(values)
    return columns


def _ragged(group: h5py.Group, name: str, label: str) -> list[np.ndarray]:
    """A ragged column: one array a row."""
    ends = _needed(group[f"{name}_index"], f"{label}/{name}_index").astype(np.int64)
    values = _needed(group[name], f"{label}/{name}")
    if ends.ndim != 1 or values.ndim < 1 or (len(ends) and (ends[0] < 0 or (np.diff(ends) < 0).any() or ends[-1] > len(values))):
        raise GlmError(
            f"the index of {label}/{name} does not fit its {np.size(values)} values; the file is damaged, export it again"
        )
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    return [values[start:end] for start, end in zip(starts, ends, strict=True)]


def _add_units(raw: RawRecording, file: h5py.File, name: str, responses: list[RawSeries]) -> None:
    group = file.get("units")
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
    raw.spikes = [np.asarray(times, dtype=np.float64).ravel() for times in _ragged(group, "spike_times", "units")]
    ids = _needed(group["id"], "units/id") if "id" in group else np.arange(len(raw.spikes))
    if len(ids) != len(raw.spikes):
        raise GlmError(
            f"{name}: its units table has {len(ids)} ids for {len(raw.spikes)} rows of spike times; the file is damaged, export it again"
        )
    raw.unit_columns = _table(group, raw.notes, "units", skip=("spike_times", "obs_intervals", "electrodes"))
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
        observed = [np.reshape(rows, (-1, 2)) for rows in _ragged(group, "obs_intervals", "units")]
        if observed and sum(map(len, observed)):
            raw.support = np.concatenate(observed).astype(np.float64)


def _take_counts(raw: RawRecording, units: h5py.Group | None) -> bool:
    """Counts that came binned: a series named so of whole numbers, one column a unit of the units table (if there is one)."""
    for series in raw.series:
        values = series.values.reshape(len(series.times), -1)
        whole = values.dtype.kind in "bui" or (np.isfinite(values).all() and (values == np.rint(values)).all())
        if not COUNTS_NAMES.search(series.name) or not whole or (values < 0).any():
            continue
        columns = {} if units is None else _table(units, raw.notes, "units")
        ids = columns.get("unit_name", np.arange(values.shape[1]) if units is None else units["id"][()])
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
        rows = [int(found[0]) if len(found) else -1 for found in _ragged(units, "electrodes", "units")]
    else:
        column = _array(units["electrodes"], notes, "units/electrodes")
        rows = [] if column is None or column.dtype.kind not in "ui" else [int(row) for row in np.ravel(column)]
    return np.array(rows) if len(rows) == n_units else None


def _regions(file: h5py.File, rows: np.ndarray, notes: list[str]) -> np.ndarray | None:
    """(M,) where the electrodes in `rows` lie."""
    places = file.get("general/extracellular_ephys/electrodes/location")
    found = None if places is None else _array(places, notes, "electrodes/location")
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
    top = file.get("intervals")
    if top is None or not hasattr(top, "keys"):
        return
    for name in top:
        group = _child(top, name, raw.notes)
        if not hasattr(group, "keys") or "start_time" not in group or "stop_time" not in group:
            continue
        columns = _table(group, raw.notes, f"intervals/{name}")
        start, stop = columns.pop("start_time", None), columns.pop("stop_time", None)
        if start is None or stop is None or start.dtype.kind not in "buif" or stop.dtype.kind not in "buif":
            raw.notes.append(f"intervals/{name} was left out: its times are not numbers.")
            continue
        start, stop = start.astype(np.float64), stop.astype(np.float64)
        if name == "epochs":
            _add_epochs(raw, group, start, stop, columns)
            continue
        table = safe_name(name)
        raw.trials[table] = RawTrials(start, stop, {safe_name(key): column for key, column in columns.items()})
        for key, column in columns.items():
            if key.endswith(("_time", "_times")) and column.dtype.kind == "f":
                raw.events[f"{table}_{safe_name(key)}"] = column


def _add_event_tables(raw: RawRecording, file: h5py.File) -> None:
    """Tables of events with time stamps, as newer versions of the schema have them."""
    top = file.get("events")
    for name in top if hasattr(top, "keys") else ():
        group = _child(top, name, raw.notes)
        if hasattr(group, "keys") and "timestamp" in group:
            times = _array(group["timestamp"], raw.notes, f"events/{name}")
            if times is not None and times.ndim == 1 and times.dtype.kind in "uif":
                raw.events[safe_name(name)] = times.astype(np.float64)


def _add_epochs(
    raw: RawRecording, group: h5py.Group, start: np.ndarray, stop: np.ndarray, columns: dict[str, np.ndarray]
) -> None:
    """Named stretches: by their tags, by a column of labels, or by their number."""
    labels: list[list[str]] = [[] for _ in start]
    if "tags" in group and "tags_index" in group:
        labels = [[text_of(tag) for tag in tags] for tags in _ragged(group, "tags", "epochs")]
    for key in ("label", "name", "epoch_name", "tag", "tags"):
        if key in columns and not any(labels):
            labels = [[str(value)] for value in columns[key]]
    if len(labels) != len(start):
        labels = [[] for _ in start]
    named: dict[str, list[tuple[float, float]]] = {}
    for number, (begin, end, tags) in enumerate(zip(start, stop, labels, strict=True)):
        for tag in tags or [f"epoch_{number + 1}"]:
            named.setdefault(safe_name(tag), []).append((begin, end))
    raw.epochs |= {name: np.array(pairs) for name, pairs in named.items()}

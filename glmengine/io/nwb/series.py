"""Time series of an NWB file: covariates, events or stretches of time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.io.files.hdf5 import MustBeWhole, array, child, is_large, number, stored_series
from glmengine.io.files.limits import plain_column, text_of
from glmengine.io.nwb.images import add_index, why_no_film
from glmengine.io.nwb.responses import Response
from glmengine.io.nwb.values import conversion_of, times_of, values_and_times
from glmengine.io.nwb_extras import series_extras
from glmengine.io.raw import RawRecording, RawSeries, free_name, safe_name

if TYPE_CHECKING:
    import h5py

    from glmengine.io.nwb.walk import Found

RAW_SIGNALS = frozenset(
    {
        "SpikeEventSeries", "ImageMaskSeries", "TwoPhotonSeries", "OnePhotonSeries", "FeatureExtraction",
    }
)  # fmt: skip
"""Types that are signals or pictures rather than something a rate could depend on."""

PICTURES = ("ImageSeries", "OpticalSeries")

FASTEST_FIELD = 5000.0
"""Hz; a signal of electrodes that was processed and is sampled no faster is a local field potential, whose phase a rate may depend on."""

CONTAINER_NAMES = {
    "Position": "position",
    "CompassDirection": "head_direction",
    "EyeTracking": "eye_position",
    "PupilTracking": "pupil",
}
"""What the one series of a container is called where its own name says nothing."""

SAYS_NOTHING = frozenset(
    {
        "spatialseries", "spatial_series", "timeseries", "time_series", "series", "data", "position", "compassdirection", "eyetracking",
        "pupiltracking",
    }
)  # fmt: skip

EVENT_NAMES = re.compile(r"event|ttl|annotation|marker|reward|lick", re.IGNORECASE)

NOT_BESIDE = frozenset({"data", "timestamps", "starting_time", "control", "control_description", "sync"})
"""What a series holds that is no further quantity."""

MOST_EVENT_KINDS = 50

LONGEST_NAME = 24
"""Letters of the name of a column; longer parts of a description are prose."""


def add_series(raw: RawRecording, responses: list[Response], path: Path, found: Found) -> None:
    """Add what one series is: a covariate, events, stretches of time, or one of the calcium responses (kept in `responses`)."""
    group, kind, label = found.group, found.kind, found.label
    if "data" not in group:
        times = times_of(group, 0, raw.notes, label)
        if times is not None and len(times):
            raw.events[free_name(raw.events, found.names)] = times
        return
    if kind in RAW_SIGNALS:
        raw.notes.append(f"{label} ({kind}) is a raw signal and was not read.")
        return
    data = child(group, "data", raw.notes)
    if not hasattr(data, "dtype"):
        return
    if kind == "ElectricalSeries" and not _is_field_potential(found):
        raw.notes.append(f"{label} ({kind}) is a raw signal and was not read.")
    elif kind == "IndexSeries":
        add_index(raw, found)
    elif kind in PICTURES:
        _add_film(raw, path, found)
    elif kind == "AnnotationSeries" or data.dtype.kind in "OSU":
        _add_annotations(raw, found)
    elif kind == "RoiResponseSeries":
        responses.append(Response(group, found.names[-1], label, found.types))
    elif kind == "IntervalSeries":
        _add_interval_series(raw, found)
    elif "BehavioralEvents" in found.types or "labels" in data.attrs:
        _add_events(raw, found)
    else:
        _add_covariate(raw, path, found)


def read_series(raw: RawRecording, path: Path, found: Found) -> RawSeries | None:
    """The times and values of a series, in memory or (large) in its file; None, with a note, where they do not make one."""
    group, label = found.group, found.label
    conversion, offset = conversion_of(group, raw.notes, label)
    attributes = group["data"].attrs
    if is_large(group["data"]):
        try:
            in_file = stored_series(path, group, conversion, offset, raw.notes, label)
        except MustBeWhole as error:
            if not error.fits:
                raw.notes.append(f"{label} was left out: {error}")
                return None
        else:
            if in_file is None:
                return None
            stored, times, values = in_file
            return _raw_series(found, times, values, attributes, stored=stored)
    pair = values_and_times(group, raw.notes, label)
    if pair is None:
        return None
    times, values = pair
    if np.ndim(conversion) or (conversion, offset) != (1.0, 0.0):
        values = values * conversion + offset
    return _raw_series(found, times, values, attributes)


def tell_names_apart(series: list[RawSeries]) -> None:
    """Series of one name are called after what they lie in too: ``left_camera_nose`` and ``right_camera_nose``."""
    names = [item.name for item in series]
    for item in series:
        around = item.source.split("/")[:-1]
        if names.count(item.name) > 1 and len(around) > 1:
            item.name = f"{safe_name(around[-1])}_{item.name}"


def _raw_series(found: Found, times: np.ndarray, values: np.ndarray, attributes: object, stored: object = None) -> RawSeries:
    series = RawSeries(
        name=_name(found.names, found.types),
        times=times,
        values=values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values,
        unit=text_of(attributes.get("unit", "")),
        kind="angle" if "CompassDirection" in found.types and values.ndim == 1 else None,
        description=text_of(found.group.attrs.get("description", "")).removeprefix("no description"),
        source=found.label,
        stored=stored,
    )
    if series.values.ndim == 2:
        width = series.values.shape[1]
        spatial = (found.kind == "SpatialSeries" or "PoseEstimation" in found.kind) and width <= 3
        series.components = tuple("xyz"[:width]) if spatial else _channels(found.group, width, series.description)
    return series


def _channels(group: h5py.Group, width: int, description: str) -> tuple[str, ...]:
    """Electrodes by their rows in the table of electrodes, columns that the description lists by name, anything else by number."""
    rows = array(child(group, "electrodes", []), [], "") if "electrodes" in group else None
    if rows is not None and rows.shape == (width,) and rows.dtype.kind in "ui" and len(set(rows.tolist())) == width:
        return tuple(map(str, rows))
    listed = [safe_name(name) for name in description.split(",")]
    if len(listed) == len(set(listed)) == width and max(map(len, listed)) <= LONGEST_NAME:
        return tuple(listed)
    return tuple(map(str, range(width)))


def _is_field_potential(found: Found) -> bool:
    if not ("LFP" in found.types or "FilteredEphys" in found.types or found.names[0] == "processing"):
        return False
    start, times = found.group.get("starting_time"), found.group.get("timestamps")
    if start is not None:
        return number(start.attrs.get("rate"), 0.0) <= FASTEST_FIELD
    if getattr(times, "ndim", 0) != 1 or len(times) < 2:
        return False
    head = times[:1000]
    return bool(np.median(np.diff(head)) * FASTEST_FIELD >= 1)


def _add_covariate(raw: RawRecording, path: Path, found: Found) -> None:
    series = read_series(raw, path, found)
    if series is None:
        return
    ours = bool(series_extras(found.group))
    values, times = series.values, series.times
    plain = series.stored is None and values.ndim == 1 and not ours
    if plain and found.kind == "TimeSeries" and values.dtype.kind in "bui" and EVENT_NAMES.search(found.names[-1]):
        _add_kinds(raw, series.name, times, values)
        if 2 < len(np.unique(values)) <= MOST_EVENT_KINDS:
            series.kind = "category"  # more codes than a flag has, which have no order
    if plain and "timestamps" in found.group and _is_one_value(values) and not _is_regular(times):
        # a value that never changes, at times of no rhythm: the times are what was meant
        raw.events[free_name(raw.events, found.names)] = times
        return
    raw.series.append(series)
    if series.stored is None and not ours:
        _add_beside(raw, found, series)


def _add_film(raw: RawRecording, path: Path, found: Found) -> None:
    """A film that was shown is a covariate with one component a pixel."""
    reason = why_no_film(found)
    series = None if reason else read_series(raw, path, found)
    if series is not None:
        series.kind = "step"
        raw.series.append(series)
    elif reason:
        raw.notes.append(reason)


def _add_beside(raw: RawRecording, found: Found, series: RawSeries) -> None:
    """What an extension measures at the same times, beside the values: the area of a pupil, the confidence of a pose."""
    for name in found.group:
        dataset = None if name in NOT_BESIDE else child(found.group, name, raw.notes)
        if getattr(dataset, "shape", None) == (len(series.times),) and dataset.dtype.kind in "buif":
            values = array(dataset, raw.notes, f"{found.label}/{name}")
            if values is not None:
                unit = text_of(dataset.attrs.get("unit", ""))
                raw.series.append(RawSeries(f"{series.name}_{safe_name(name)}", series.times, values, unit, source=found.label))


def _is_one_value(values: np.ndarray) -> bool:
    return len(values) > 1 and bool((values == values[0]).all() or (values.dtype.kind == "f" and np.isnan(values).all()))


def _is_regular(times: np.ndarray) -> bool:
    steps = np.diff(times)
    steps = steps[np.isfinite(steps)]
    return bool(np.quantile(steps, 0.9) <= 1.5 * np.median(steps)) if len(steps) else True


def _name(names: tuple[str, ...], types: tuple[str, ...]) -> str:
    """The series' own name; its container's meaning where the name says nothing."""
    name, container = names[-1], types[-1] if types else ""
    if name.lower() in SAYS_NOTHING and container in CONTAINER_NAMES:
        return CONTAINER_NAMES[container]
    if name.lower() in SAYS_NOTHING - {"position"} and len(names) > 2:
        return safe_name(names[-2])
    return safe_name(name)


# --- events and stretches of time ---------------------------------------------------------------------------------


def _add_kinds(raw: RawRecording, name: str, times: np.ndarray, values: np.ndarray) -> None:
    codes = np.unique(values)
    if len(codes) <= MOST_EVENT_KINDS:
        for code in codes:
            raw.events[f"{name}={code}"] = times[values == code]


def _add_events(raw: RawRecording, found: Found) -> None:
    pair = values_and_times(found.group, raw.notes, found.label)
    if pair is None:
        return
    times, values = pair
    name = free_name(raw.events, found.names)
    labels = [safe_name(text_of(label)) for label in np.ravel(found.group["data"].attrs.get("labels", ()))]
    if labels and values.ndim == 1 and values.dtype.kind in "ui":
        raw.events |= {f"{name}={label}": times[values == code] for code, label in enumerate(labels) if (values == code).any()}
        return
    raw.events[name] = times
    if values.ndim == 1 and values.dtype.kind in "bui" and 1 < len(np.unique(values)) <= MOST_EVENT_KINDS:
        _add_kinds(raw, name, times, values)


def _add_annotations(raw: RawRecording, found: Found) -> None:
    group, label = found.group, found.label
    values = array(child(group, "data", raw.notes), raw.notes, label)
    times = None if values is None else times_of(group, len(values), raw.notes, label)
    if times is None:
        return
    if np.ndim(values) != 1 or len(values) != len(times):
        raw.notes.append(f"{label} was left out: {np.shape(values)} texts do not fit {len(times)} times.")
        return
    texts = plain_column(values)
    kinds = sorted(set(texts))
    name = safe_name(found.names[-1])
    if len(kinds) > MOST_EVENT_KINDS:
        raw.notes.append(f"{label} has {len(kinds)} different texts and was read as one kind of event.")
        raw.events[free_name(raw.events, found.names)] = times
        return
    for kind in kinds:
        raw.events[f"{name}={safe_name(kind)}"] = times[texts == kind]


def _add_interval_series(raw: RawRecording, found: Found) -> None:
    """Stretches coded as +k where kind k starts and -k where it stops: each stop belongs to the last start before it."""
    pair = values_and_times(found.group, raw.notes, found.label)
    if pair is None:
        return
    times, values = pair[0], pair[1].ravel()
    if len(values) != len(times):
        raw.notes.append(f"{found.label} was left out: {np.shape(pair[1])} values do not fit {len(times)} times.")
        return
    values = np.where(np.isfinite(values), values, 0).astype(np.int64)
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    name = free_name(raw.epochs, found.names)
    for code in np.unique(np.abs(values[values != 0]))[:MOST_EVENT_KINDS]:
        mine = np.abs(values) == code
        when, sign = times[mine], np.sign(values[mine])
        starts = np.flatnonzero((sign[:-1] > 0) & (sign[1:] < 0))
        if lonely := len(when) - 2 * len(starts):
            raw.notes.append(f"{found.label}: {lonely} of its marks for {code} have no start or no stop and were left out.")
        raw.epochs[name if code == 1 else f"{name}_{code}"] = np.column_stack([when[starts], when[starts + 1]])

"""Recordings as NWB files, which pynwb, pynapple and this program open with nothing lost."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from glmengine.io.files.hdf5_writing import new_hdf5

if TYPE_CHECKING:
    import pynapple as nap
    from hdmf.common import VectorData
    from pynwb import NWBFile
    from pynwb.base import TimeSeries

    from glmengine.recording.recording import Covariate, Recording

T = TypeVar("T")

SCRIPT = "glmengine"
LENGTHS = ("m", "cm", "mm", "um", "pixels")
NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
"""NWB demands a start of the session; a recording does not know it."""

TAKEN = frozenset(
    {
        "id",
        "spike_times",
        "obs_intervals",
        "electrodes",
        "electrode_group",
        "waveform_mean",
        "waveform_sd",
        "waveforms",
        "unit_name",
    }
)
"""Columns of the units table to which NWB gives a type of their own."""

NOT_IN_TABLES = frozenset(
    {"id", "start_time", "stop_time", "tags", "timeseries", "colnames", "description", "data", "name", "columns", ""}
)
"""Names that no column of ours can have: NWB and its library use them for something else."""

NOT_FOR_SERIES = frozenset({"Position", "CompassDirection", "description", "neurodata_type", "namespace", "object_id", ""})
NOT_FOR_INTERVALS = frozenset({"epochs", "invalid_times", ""})


def write_nwb(recording: Recording, path: str | Path) -> None:
    """Write `recording` to `path`, whole or not at all.

    Units with their table and when they were observed, covariates with unit and kind, epochs, trials with their properties, events, counts that came
    binned, and the truth of a simulated recording (``source["truth"]``) are kept.

    Parameters
    ----------
    recording : Recording
    path : str or Path
        Should end in ``.nwb``; an existing file is replaced.

    Raises
    ------
    GlmError
        If the file cannot be written.
    """
    from pynwb import NWBHDF5IO, NWBFile

    file = NWBFile(
        session_description=recording.name or "recording",
        identifier=recording.sha256 or hashlib.sha256(recording.name.encode()).hexdigest(),
        session_start_time=NO_DATE,
        file_create_date=[NO_DATE],
        source_script="written by glmengine",
        source_script_file_name=SCRIPT,
    )
    _add_units(file, recording)
    behaviour = None
    for name, covariate in _written(recording.covariates, NOT_FOR_SERIES).items():
        behaviour = behaviour or file.create_processing_module("behavior", "what the rate may depend on")
        _add_covariate(behaviour, name, covariate)
    if recording.counts is not None:
        _add_counts(file, recording)
    if recording.events:
        behaviour = behaviour or file.create_processing_module("behavior", "what the rate may depend on")
        _add_events(behaviour, recording)
    for name, epoch in recording.epochs.items():
        # the union of a table of trials comes with the table
        if name not in recording.trials:
            for start, stop in epoch.values:
                file.add_epoch(float(start), float(stop), tags=[name])
    for written, (name, trials) in _written(
        {name: (name, table) for name, table in recording.trials.items()}, NOT_FOR_INTERVALS
    ).items():
        _add_trials(file, written, name, trials)
    if "truth" in recording.source:
        text = json.dumps(recording.source["truth"], default=_plain)
        file.add_scratch(text, name="truth", description="what the recording was simulated from, as JSON")
    with new_hdf5(path, _size_of(recording)) as hdf5:
        NWBHDF5IO(file=hdf5, mode="w").write(file)


def _size_of(recording: Recording) -> int:
    """About how many bytes the recording's arrays take in a file."""
    series = [covariate.data for covariate in recording.covariates.values()]
    series += [recording.counts] if recording.counts is not None else []
    size = sum(len(data) * 8 + int(np.prod(data.shape)) * data.values.dtype.itemsize for data in series)
    if recording.spikes is not None:
        size += sum(8 * len(recording.spikes[unit]) for unit in range(len(recording.unit_names)))
    return size


def _written(named: Mapping[str, T], taken: frozenset[str]) -> dict[str, T]:
    """The same things under names that NWB allows; the true ones are written beside them."""
    found: dict[str, T] = {}
    for name, thing in named.items():
        fitting = re.sub(r"[/:]", "_", str(name)).strip()
        fitting = f"{fitting}_" if fitting in taken or fitting.endswith("_index") else fitting
        while fitting in found:
            fitting += "_"
        found[fitting] = thing
    return found


def _add_units(file: NWBFile, recording: Recording) -> None:
    from hdmf.common import VectorData
    from pynwb.misc import Units

    names = list(recording.unit_names)
    table = recording.unit_table
    known = {} if table is None else {str(key): (str(key), table[key].tolist()) for key in table.columns}
    columns = _written(known, TAKEN | NOT_IN_TABLES)
    numbered = all(name.isdecimal() and str(int(name)) == name for name in names)
    if not numbered:
        columns["unit_name"] = ("the name of the unit", names)
    made = [
        VectorData(name=written, description=key or "no name", data=[_cell(column, row) for row in range(len(names))])
        for written, (key, column) in columns.items()
    ]
    # as whole arrays: row by row the library converts each spike in Python
    if recording.spikes is not None:
        times = [np.asarray(recording.spikes[row].t, dtype=np.float64) for row in range(len(names))]
        made += _ragged("spike_times", "the spike times for each unit in seconds", times)
    if recording.recorded:  # NWB asks for a column to be there for all rows or for none
        whole = recording.epochs["all"]
        observed = [np.asarray(recording.recorded.get(name, whole).values, dtype=np.float64) for name in names]
        made += _ragged("obs_intervals", "the observation intervals for each unit", observed)
    ids = [int(name) if numbered else row for row, name in enumerate(names)]
    file.units = Units(name="units", description="units, one a row", id=ids, columns=made)


def _ragged(name: str, description: str, rows: list[np.ndarray]) -> list[VectorData]:
    """A column with as many values in each row as there are, and its index."""
    from hdmf.common import VectorData, VectorIndex

    values = VectorData(name=name, description=description, data=np.concatenate(rows))
    return [values, VectorIndex(name=f"{name}_index", data=np.cumsum([len(row) for row in rows]), target=values)]


def _cell(column: list[Any], row: int) -> Any:
    """One value of a table; a column of mixed kinds is written as text."""
    kinds = {type(value) for value in column}
    value = column[row]
    return value if len(kinds) == 1 and isinstance(value, bool | int | float | str) else str(value)


def _add_covariate(module: Any, name: str, covariate: Covariate) -> None:
    from pynwb.base import TimeSeries
    from pynwb.behavior import CompassDirection, Position, SpatialSeries

    about = json.dumps({"name": covariate.name, "kind": covariate.kind, "components": list(covariate.components)})
    values = np.asarray(covariate.data.values)
    common = {
        "name": name,
        "data": values if values.dtype.kind != "b" else values.astype(np.uint8),
        "timestamps": np.asarray(covariate.data.t, dtype=np.float64),
        "unit": covariate.unit or "n.a.",
        "description": covariate.description or "no description",
        "comments": about,
    }
    spatial = covariate.unit in LENGTHS and values.ndim <= 2 and (values.ndim == 1 or values.shape[1] <= 3)
    if covariate.kind == "angle" and values.ndim == 1:
        _inside(module, "CompassDirection", CompassDirection).add_spatial_series(
            SpatialSeries(**common, reference_frame="as recorded")
        )
    elif spatial and covariate.kind == "continuous":
        _inside(module, "Position", Position).add_spatial_series(SpatialSeries(**common, reference_frame="as recorded"))
    else:
        module.add(TimeSeries(**common))


def _inside(module: Any, name: str, kind: type) -> Any:
    if name not in module.data_interfaces:
        module.add(kind(name=name))
    return module[name]


def _add_counts(file: NWBFile, recording: Recording) -> None:
    from pynwb.base import TimeSeries

    module = file.create_processing_module("ecephys", "counts per bin")
    counts = recording.counts
    series: TimeSeries = TimeSeries(
        name="counts",
        data=np.asarray(counts.values),
        timestamps=np.asarray(counts.t, dtype=np.float64),
        unit="counts",
        description="spikes of each unit (row of the units table) per bin; times are bin centres",
    )
    module.add(series)


def _add_events(module: Any, recording: Recording) -> None:
    from pynwb.base import TimeSeries

    starts = {f"{name}_start": trials.start for name, trials in recording.trials.items()}
    # the starts of trials come with their table
    events = {name: times for name, times in recording.events.items() if not np.array_equal(times.t, starts.get(name, ()))}
    # a name of its own kind, so that an event may be called like a covariate
    named = {f"event {name}": (name, times) for name, times in events.items()}
    for written, (name, times) in _written(named, NOT_FOR_SERIES).items():
        ones, stamps = np.ones(len(times), dtype=np.uint8), np.asarray(times.t, dtype=np.float64)
        about = json.dumps({"name": name, "kind": "event"})
        module.add(TimeSeries(name=written, data=ones, timestamps=stamps, unit="n.a.", comments=about))


def _add_trials(file: NWBFile, written: str, name: str, trials: nap.IntervalSet) -> None:
    from pynwb.epoch import TimeIntervals

    table = TimeIntervals(name=written, description=f"intervals '{name}'")
    properties = {str(key): (str(key), np.asarray(trials.get_info(key)).tolist()) for key in trials.metadata_columns}
    columns = _written(properties, NOT_IN_TABLES)
    for column, (key, _) in columns.items():
        table.add_column(name=column, description=key or "no name")
    for row, (start, stop) in enumerate(trials.values):
        values = {column: _cell(found, row) for column, (_, found) in columns.items()}
        table.add_row(start_time=float(start), stop_time=float(stop), **values)
    file.add_time_intervals(table)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return dict(value) if hasattr(value, "items") else str(value)

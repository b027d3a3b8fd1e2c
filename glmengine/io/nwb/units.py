"""Units of an NWB file: spike times or counts, names, properties and observation intervals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.hdf5 import array, child, needed_array, ragged, table
from glmengine.io.files.limits import plain_column, text_of
from glmengine.io.nwb.response_series import likely_responses
from glmengine.io.nwb.walk import groups_in
from glmengine.io.raw import RawRecording, RawSeries, safe_name, unique_names
from glmengine.io.reader import NO_UNITS

if TYPE_CHECKING:
    import h5py

COUNTS_NAMES = re.compile(r"count|spikes?($|_)", re.IGNORECASE)

REGIONS = ("region", "location", "brain_area", "brain_region", "structure_acronym", "area")
"""Columns of a table of units that already say where a unit lies."""

CHANNELS = ("peak_channel_id", "max_electrode", "peak_electrode", "main_channel_id")
"""Columns that name the electrode of a unit by its number, where there is no reference to the table of electrodes."""

UNKNOWN = frozenset({"", "unknown", "nan", "none", "n/a"})


def is_units_table(group: h5py.Group) -> bool:
    """Whether each row has the times of its spikes."""
    return "spike_times" in group and "spike_times_index" in group


def add_units(raw: RawRecording, file: h5py.File, name: str, elsewhere: list[h5py.Group], *, has_responses: bool) -> bool:
    """Add the units of the table of units, else of one that lies `elsewhere`, else counts that came binned.

    Returns
    -------
    bool
        False where there is none of these but calcium imaging in place of them.

    Raises
    ------
    GlmError
        If the file has nothing that could be a unit, or its table of units is damaged.
    """
    group = child(file, "units", raw.notes)
    if group is None or not is_units_table(group):
        if elsewhere:
            group = elsewhere[0]
            raw.notes.append(f"The units are those of {group.name.lstrip('/')}.")
            elsewhere = elsewhere[1:]
        elif _take_counts(raw, group):
            return True
        elif has_responses:
            return False
        else:
            found = ", ".join(_content(file))[:200] or "nothing"
            responses = likely_responses(raw.series)
            if not responses:
                raise GlmError(
                    f"{name}: has no units with spike times (it holds {found}); sort the spikes first, or open the file that has the units",
                    field=NO_UNITS,
                )
            raise GlmError(
                f"{name}: has no units with spike times (it holds {found}); if one of these is the response itself (photometry, a "
                f'membrane potential), say so in a recipe with [counts] values = ["{responses[0].source}"], else open the file that has the units',
                field=NO_UNITS,
            )
    if has_responses:
        raw.notes.append("The file holds calcium imaging too, which was not read because it has spike times.")
    for other in elsewhere:
        raw.notes.append(f"{other.name.lstrip('/')} is a further table of units and was not read.")
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
    _add_places(raw, file, group)
    _add_observed(raw, group)
    return True


def _take_counts(raw: RawRecording, units: h5py.Group | None) -> bool:
    """Counts that came binned: a series named so, one column a unit of the units table, or of whole numbers where there is none."""
    for series in raw.series:
        if series.stored is not None or not COUNTS_NAMES.search(series.name):
            continue
        values = series.values.reshape(len(series.times), -1)
        whole = values.dtype.kind in "bui" or (np.isfinite(values).all() and (values == np.rint(values)).all())
        if units is None and (not whole or (values < 0).any()):
            continue
        columns = {} if units is None else table(units, raw.notes, "units", skip=("obs_intervals",))
        ids = columns.get("unit_name", np.arange(values.shape[1]) if units is None else needed_array(units, "id", "units/id"))
        if len(ids) != values.shape[1]:
            continue
        raw.series.remove(series)
        raw.counts = RawSeries(series.name, series.times, values)
        raw.unit_names = unique_names([safe_name(text_of(value)) for value in ids])
        raw.unit_columns = {key: column for key, column in columns.items() if key != "unit_name"}
        if units is not None:
            _add_observed(raw, units)
        return True
    return False


def _content(file: h5py.File) -> list[str]:
    """What the file holds, by name, leaving out the groups that every file has though there is nothing in them."""
    found = []
    for place in ("acquisition", "stimulus/presentation", "processing", "intervals"):
        found += [item.label for item in groups_in(file, place, [])]
    return found[:8]


def _add_places(raw: RawRecording, file: h5py.File, group: h5py.Group) -> None:
    """The electrode of each unit and the region that it lies in, as far as the file says."""
    rows = _electrodes(group, len(raw.spikes), raw.notes)
    if rows is not None:
        raw.unit_columns.setdefault("electrode", rows)
    else:
        rows = _rows_by_number(raw, file)
    if set(REGIONS) & {key.lower() for key in raw.unit_columns}:
        return
    region = None if rows is None else _regions(file, rows, raw.notes)
    if region is None:
        region = _group_places(group, len(raw.spikes))
    if region is not None and not all(place.lower() in UNKNOWN for place in region):
        raw.unit_columns["region"] = region


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


def _rows_by_number(raw: RawRecording, file: h5py.File) -> np.ndarray | None:
    """(M,) row of the electrode whose number a column of the units names, None where not all of them exist."""
    key = next((key for key in CHANNELS if key in raw.unit_columns and raw.unit_columns[key].dtype.kind in "ui"), None)
    ids = array(child(file, "general/extracellular_ephys/electrodes/id", raw.notes), raw.notes, "electrodes/id") if key else None
    if ids is None or ids.dtype.kind not in "ui":
        return None
    rows = {int(number): row for row, number in enumerate(ids)}
    wanted = [int(number) for number in raw.unit_columns[key]]
    return np.array([rows[number] for number in wanted]) if set(wanted) <= set(rows) else None


def _regions(file: h5py.File, rows: np.ndarray, notes: list[str]) -> np.ndarray | None:
    """(M,) where the electrodes in `rows` lie."""
    found = array(child(file, "general/extracellular_ephys/electrodes/location", notes), notes, "electrodes/location")
    if found is None:
        return None
    found = plain_column(found)
    return np.array([text_of(found[row]) if 0 <= row < len(found) else "" for row in rows], dtype=object)


def _group_places(units: h5py.Group, n_units: int) -> np.ndarray | None:
    """(M,) where the groups of electrodes lie that the units refer to."""
    import h5py

    column = units.get("electrode_group")
    if not isinstance(column, h5py.Dataset) or column.shape != (n_units,) or column.dtype != h5py.ref_dtype:
        return None
    places = []
    for reference in column[()]:
        found = units.file[reference] if reference else None
        places.append("" if found is None else text_of(found.attrs.get("location", "")))
    return np.array(places, dtype=object)


def _add_observed(raw: RawRecording, group: h5py.Group) -> None:
    """The recorded time is when any unit was observed; a unit that was observed in less of it is noted with its own time."""
    if "obs_intervals" not in group or "obs_intervals_index" not in group:
        return
    observed = [np.reshape(rows, (-1, 2)).astype(np.float64) for rows in ragged(group, "obs_intervals", "units")]
    if len(observed) != len(raw.unit_names) or not sum(map(len, observed)):
        return
    distinct = {rows.tobytes(): rows for rows in observed if len(rows)}
    raw.support = np.concatenate(list(distinct.values()))
    if len(distinct) > 1:
        raw.recorded = {name: rows for name, rows in zip(raw.unit_names, observed, strict=True) if len(rows)}

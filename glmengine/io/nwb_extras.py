"""The parts of our own NWB files for which NWB has no place: true names, kinds, components, simulated truth."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from glmengine.io.files.hdf5 import child
from glmengine.io.files.limits import text_of
from glmengine.io.raw import RawRecording, RawTrials, safe_name

if TYPE_CHECKING:
    import h5py
    import numpy as np


def is_own_file(file: h5py.File) -> bool:
    """Whether `glmengine.export.nwb` wrote the file: then it holds a few things that NWB has no place for."""
    script = child(file, "general/source_script", [])
    return script is not None and text_of(script.attrs.get("file_name", "")) == "glmengine"


def add_extras(raw: RawRecording, file: h5py.File) -> None:
    """The epoch `all`, kinds and components of covariates, true names, and the truth of a simulated recording."""
    raw.support = raw.epochs.pop("all", None)
    raw.unit_columns = _true_names(child(file, "units", []), raw.unit_columns)
    for label, trials in list(raw.trials.items()):
        table = child(file, f"intervals/{label}", [])
        if table is not None:
            columns = _true_names(table, trials.columns)
            trials = RawTrials(trials.start, trials.stop, {safe_name(key): column for key, column in columns.items()})
            meant = re.fullmatch(r"intervals '(.+)'", text_of(table.attrs.get("description", "")), re.DOTALL)
            name = safe_name(meant[1]) if meant else label
            del raw.trials[label]
            raw.trials[label if name == "invalid_times" or name in raw.trials else name] = trials
    for series in list(raw.series):
        about = series_extras(file[series.source])
        kind, components = about.get("kind"), about.get("components", [])
        name = about.get("name")
        if kind == "event":
            raw.series.remove(series)
            raw.events[safe_name(name) if isinstance(name, str) else series.name.removeprefix("event ")] = series.times
        elif isinstance(name, str):
            series.name = safe_name(name)
        if kind in ("continuous", "angle", "step", "category"):
            series.kind = kind
        if isinstance(components, list) and series.values.ndim == 2 and len(components) == series.values.shape[1]:
            series.components = tuple(map(str, components))
    truth = child(file, "scratch/truth", raw.notes)
    if hasattr(truth, "dtype") and truth.shape == ():
        raw.extras["truth"] = _json(truth[()])


def _true_names(table: h5py.Group | None, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Columns of a table under the names that stand in their descriptions."""
    found = {}
    for written, column in columns.items():
        dataset = None if table is None else child(table, written, [])
        meant = "" if dataset is None else text_of(dataset.attrs.get("description", ""))
        found[meant if meant and written != "unit_name" and meant not in found else written] = column
    return found


def series_extras(group: h5py.Group) -> dict[str, Any]:
    """What `glmengine.export.nwb` writes into the comments of a series."""
    return _json(group.attrs.get("comments", ""))


def _json(value: object) -> dict[str, Any]:
    try:
        found = json.loads(text_of(value))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

"""pynapple's npz files, and folders of them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.limits import plain_column
from glmengine.io.files.npy import npz_array, npz_names
from glmengine.io.raw import RawRecording, RawSeries, RawTrials, safe_name, unique_names
from glmengine.io.reader import Reader
from glmengine.sentences import listed

if TYPE_CHECKING:
    from glmengine.io.recipe.recipe import Recipe

TYPES = ("Ts", "Tsd", "TsdFrame", "TsdTensor", "TsGroup", "IntervalSet")
COUNT_NAMES = ("count", "spike")
MOST_EVENTS = 50
ABOUT, LARGEST_ABOUT = "glmengine.json", 64 * 2**20


def recognises(path: Path, head: bytes) -> bool:
    """True for a pynapple npz and for a folder that holds at least one."""
    if path.is_dir():
        return any(_type_of(file) for file in sorted(path.glob("*.npz"))[:50])
    return head.startswith(b"PK") and _type_of(path) != ""


def read(path: Path, recipe: Recipe | None = None) -> RawRecording:
    """Units from a TsGroup or a frame of counts, covariates from the other frames, epochs from interval sets.

    Raises
    ------
    GlmError
        If there are no units, or an object lacks an array.
    """
    files = sorted(path.glob("*.npz")) if path.is_dir() else [path]
    about = _about(path) if path.is_dir() else {}
    raw = RawRecording()
    frames: list[tuple[str, dict[str, Any], str]] = []
    for file in files:
        kind = _type_of(file)
        if not kind:
            raw.notes.append(f"{file.name} is not a pynapple file and was left out.")
            continue
        name = about.get("names", {}).get(file.stem, file.stem)
        frames.append((safe_name(str(name)), _load(file), kind))
    # a group of units first, then what we call counts: what else is named like spikes then is what it is
    frames.sort(key=lambda frame: (frame[2] != "TsGroup", not (about and frame[0] == "counts"), not _is_named_spikes(frame[0])))
    for name, content, kind in frames:
        try:
            _add(raw, name, content, kind)
        except KeyError as error:
            raise GlmError(f"{path.name}: {name}.npz lacks the array {error}; save it again from pynapple") from error
    if raw.spikes is None and raw.counts is None:
        kinds = ", ".join(f"{name} ({kind})" for name, _, kind in frames) or "nothing"
        raise GlmError(
            f"{path.name}: holds no units, only {kinds}; put a TsGroup of spikes, or a frame of counts named 'counts' or "
            "'spikes', into the same folder and open the folder"
        )
    _apply(raw, about)
    if path.is_dir():
        inner = sorted(folder.name for folder in path.iterdir() if folder.is_dir() and recognises(folder, b""))
        if inner:
            raw.notes.append(
                f"What pynapple wrote into folders inside ({listed(inner, 5)}) was not read; put what is of this recording into {path.name} itself."
            )
    return raw


READER = Reader("pynapple", (".npz",), recognises, read, probe=True, in_parts=True, writes=("*.npz",))


def _about(folder: Path) -> dict[str, Any]:
    """What `glmengine.export.npz` wrote beside pynapple's files."""
    file = folder / ABOUT
    if not file.is_file() or file.stat().st_size > LARGEST_ABOUT:
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return {}
    return (
        found
        if isinstance(found, dict) and all(isinstance(found.get(key, {}), dict) for key in ("names", "covariates", "truth"))
        else {}
    )


def _apply(raw: RawRecording, about: dict[str, Any]) -> None:
    """Give units and covariates back what pynapple's files have no place for."""
    names = about.get("unit_names")
    if isinstance(names, list) and len(names) == len(raw.unit_names):
        raw.unit_names = unique_names([safe_name(str(name)) for name in names])
    for series in raw.series:
        item = about.get("covariates", {}).get(series.name)
        if isinstance(item, dict):
            series.unit, series.description = str(item.get("unit", "")), str(item.get("description", ""))
            if item.get("kind") in ("continuous", "angle", "step", "category"):
                series.kind = item["kind"]
    if about:
        raw.support = raw.epochs.pop("all", raw.support)
    if "truth" in about:
        raw.extras["truth"] = about["truth"]


def _add(raw: RawRecording, name: str, content: dict[str, Any], kind: str) -> None:
    support = np.column_stack([content["start"], content["end"]]).astype(np.float64)
    if kind == "IntervalSet":
        columns = {safe_name(key): plain_column(column) for key, column in _metadata(content).items()}
        # a set with properties is a table of trials; its union is an epoch in either case
        if columns:
            raw.trials[name] = RawTrials(support[:, 0], support[:, 1], columns)
        raw.epochs[name] = support
    elif kind == "TsGroup":
        _add_units(raw, name, content, support)
    elif kind == "Ts":
        if raw.spikes is None and raw.counts is None and _is_named_spikes(name):
            raw.spikes, raw.unit_names = [_floats(content["t"])], [name]
        else:
            raw.events[name.removeprefix("event ")] = _floats(content["t"])
    else:
        _add_series(raw, name, content, kind, support)


def _add_units(raw: RawRecording, name: str, content: dict[str, Any], support: np.ndarray) -> None:
    keys = np.asarray(content["keys"])
    index = np.asarray(content["index"]).astype(np.int64)
    times = _floats(content["t"])
    order = np.argsort(index, kind="stable")
    index, times = index[order], times[order]
    trains = [times[slice(*np.searchsorted(index, [key, key + 1]))] for key in keys.astype(np.int64)]
    if raw.spikes is not None:
        if len(trains) > MOST_EVENTS:
            raw.notes.append(f"{name} is a second group of units and was left out; keep one group in the folder.")
            return
        raw.notes.append(f"{name} is a second group and was read as events; keep one group of units in the folder.")
        raw.events |= {f"{name}={key}": train for key, train in zip(keys, trains, strict=True) if len(train)}
        return
    raw.spikes = trains
    raw.unit_names = [str(key) for key in keys]
    raw.counts = None
    # without a support of its own a group gets the stretch from its first to its last spike, which says nothing
    given = len(support) > 1 or not len(times) or support[0, 0] < times.min() or support[0, 1] > times.max()
    raw.support = support if given else None
    for key, column in _metadata(content).items():
        if key != "rate" and np.shape(column)[:1] == (len(keys),):
            raw.unit_columns[key] = plain_column(column)


def _add_series(raw: RawRecording, name: str, content: dict[str, Any], kind: str, support: np.ndarray) -> None:
    times, values = _floats(content["t"]), np.asarray(content["d"])
    if values.dtype.kind not in "buif" or len(values) != len(times):
        raise GlmError(
            f"{name}.npz: its data are {values.shape} {values.dtype} for {len(times)} times; save it again from pynapple"
        )
    columns = [str(column) for column in np.asarray(content.get("columns", [])).ravel()]
    if kind == "TsdFrame" and len(columns) != values.shape[1]:
        columns = [str(column) for column in range(values.shape[1])]
    series = RawSeries(name, times, values, components=tuple(columns) if kind == "TsdFrame" else (), support=support)
    whole = values.size and np.isfinite(values).all() and (values >= 0).all() and (values == np.rint(values)).all()
    if _is_named_spikes(name) and whole and kind in ("Tsd", "TsdFrame") and raw.spikes is None and raw.counts is None:
        raw.counts = RawSeries(name, times, values.reshape(len(times), -1), support=support)
        raw.unit_names = unique_names(columns or [name])
        # without a support of its own a frame gets the stretch from its first to its last time, which would cut two bins in half
        own = len(support) > 1 or not len(times) or support[0, 0] != times[0] or support[0, 1] != times[-1]
        raw.support = support if own else None
        table = _metadata(content)
        raw.unit_columns = {
            key: plain_column(column) for key, column in table.items() if np.shape(column)[:1] == (values.shape[1],)
        }
    else:
        raw.series.append(series)


def _is_named_spikes(name: str) -> bool:
    return any(word in name.lower() for word in COUNT_NAMES)


def _floats(values: Any) -> np.ndarray:
    values = np.asarray(values)
    if values.dtype.kind not in "buif":
        raise GlmError(f"its times are {values.dtype}, not numbers; save it again from pynapple")
    return values.astype(np.float64)


def _metadata(content: dict[str, Any]) -> dict[str, np.ndarray]:
    """The columns of pynapple's ``_metadata``: a dict in a 0-d object array; older files keep them as arrays of their own."""
    table = content.get("_metadata")
    if isinstance(table, np.ndarray) and table.shape == ():
        table = table.item()
    if not isinstance(table, dict):
        known = {"t", "d", "start", "end", "type", "columns", "keys", "index", "rate", "_metadata"}
        return {
            key: value
            for key, value in content.items()
            if key not in known and getattr(value, "ndim", 0) == 1 and value.dtype.kind in "buifU"
        }
    return {str(key): np.asarray(list(column.values()) if isinstance(column, dict) else column) for key, column in table.items()}


def _type_of(path: Path) -> str:
    """Which pynapple object a file holds, empty where none."""
    try:
        with zipfile.ZipFile(path) as archive:
            value = npz_array(archive, "type")
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, EOFError, NotImplementedError, RuntimeError):
        return ""
    name = str(value.ravel()[0]) if value.size == 1 else ""
    return name if name in TYPES else ""


def _load(path: Path) -> dict[str, Any]:
    """Every array of an npz file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: npz_array(archive, name, objects=True) for name in npz_names(archive)}
    except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if isinstance(error, GlmError):
            raise
        raise GlmError(f"{path.name}: is damaged ({error}); copy or save it again") from error

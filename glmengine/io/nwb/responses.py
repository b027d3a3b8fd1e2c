"""Calcium imaging responses in an NWB file, as units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.hdf5 import array, child, table
from glmengine.io.files.limits import LARGEST_ARRAY, plain_column, text_of
from glmengine.io.nwb.values import conversion_of, times_of, values_and_times
from glmengine.io.raw import RawRecording, RawSeries, safe_name, unique_names

if TYPE_CHECKING:
    import h5py

    from glmengine.io.recipe.recipe import Recipe

BEST_FIRST = ("deconv", "spike", "event", "dff", "df", "delta")
"""Words in the name of a response, what is closest to spikes first; raw fluorescence comes after all of them."""

WORST = ("neuropil", "background", "baseline")
BLOCK = 2**26
"""Bytes that are read at a time of a response too large for memory as it is."""

CELL_COLUMNS = ("iscell", "is_cell", "accepted", "Accepted")


@dataclass(frozen=True)
class Response:
    """One series of responses, not read yet."""

    group: h5py.Group
    name: str
    label: str
    types: tuple[str, ...]

    @property
    def plane(self) -> str:
        """Which table of regions its columns are rows of; empty where that is not said."""
        target = _rois_of(self)
        return "" if target is None else target[1].name

    @property
    def rank(self) -> int:
        """Smaller is closer to spikes."""
        words = (
            self.name if self.name.lower() not in ("roiresponseseries", "data") else "/".join(self.label.split("/")[-2:])
        ).lower()
        if any(word in words for word in WORST):
            return len(BEST_FIRST) + 1
        return next(
            (place for place, word in enumerate(BEST_FIRST) if word in words), 3 if "DfOverF" in self.types else len(BEST_FIRST)
        )


def choose_response(raw: RawRecording, responses: list[Response], recipe: Recipe | None, name: str) -> None:
    """Make the cells of the response closest to spikes, or of the one that a recipe's counts name, the units.

    Raises
    ------
    GlmError
        If the recipe's is not there, or none can be read.
    """
    wanted = recipe.counts.values if recipe is not None and recipe.counts is not None else ()
    if wanted:
        chosen = [item for item in responses if item.name in wanted or item.label in wanted]
        if not chosen:
            have = ", ".join(item.label for item in responses)
            raise GlmError(f"{name}: has no responses '{wanted[0]}'; the recipe may name: {have}", field="counts.values")
    else:
        best = min(item.rank for item in responses)
        chosen = [item for item in responses if item.rank == best]
    parts = _of_one_clock(raw, chosen)
    if not parts:
        raise GlmError(f"{name}: its responses {chosen[0].label} cannot be read; {_last(raw.notes)}")
    values = [part.values for part in parts]
    joined = np.concatenate(values, axis=1) if len(values) > 1 else values[0]
    raw.counts = RawSeries(parts[0].response.name, parts[0].times, joined, _unit(parts[0].response))
    raw.unit_names = unique_names(
        [safe_name(f"{part.response.name}-{roi}" if len(parts) > 1 else roi) for part in parts for roi in part.names]
    )
    shared = set.intersection(*(set(part.columns) for part in parts))
    raw.unit_columns = {key: np.concatenate([part.columns[key] for part in parts]) for key in parts[0].columns if key in shared}
    used = {part.response.label for part in parts}
    others = [item.label for item in responses if item.label not in used]
    of = " and ".join(part.response.name for part in parts)
    raw.notes.append(f"No spike times; the cells of {of} are the units.")
    if others:
        raw.notes.append(
            f"{', '.join(others[:6])} {'was' if len(others) == 1 else 'were'} not read; "
            f'a recipe with [counts] values = ["{others[0]}"] makes it the units instead.'
        )


@dataclass(frozen=True)
class _Part:
    """The cells of one response: values (T, cells), their names and properties."""

    response: Response
    times: np.ndarray
    values: np.ndarray
    names: list[str]
    columns: dict[str, np.ndarray]


def _of_one_clock(raw: RawRecording, chosen: list[Response]) -> list[_Part]:
    """The largest response, and those of other planes that were taken in the same frames."""
    parts: list[_Part] = []
    for response in sorted(chosen, key=lambda item: -item.group["data"].size):
        if parts and (response.plane in {part.response.plane for part in parts} or not response.plane):
            continue
        part = _read(response, raw.notes)
        if part is None:
            continue
        if parts and (
            len(part.times) != len(parts[0].times) or np.abs(part.times - parts[0].times).max() > np.median(np.diff(part.times))
        ):
            continue
        parts.append(part)
    return sorted(parts, key=lambda part: part.response.label)


def _read(response: Response, notes: list[str]) -> _Part | None:
    """The cells of a response; None, with a note, where its values do not fit its times or take too much memory."""
    data, label = response.group["data"], response.label
    shape = data.shape
    turned = len(shape) == 2 and shape[0] == _number_of_rois(response) != shape[1]
    width = 1 if len(shape) < 2 else shape[0] if turned else shape[1]
    names, columns, cells = _cells(response, width, notes)
    if data.size * data.dtype.itemsize > LARGEST_ARRAY:
        pair = _read_large(response, cells, turned, notes)
    elif turned:
        values = array(child(response.group, "data", notes), notes, label)
        times = None if values is None else times_of(response.group, shape[1], notes, label)
        pair = None if times is None or len(times) != shape[1] else (times, values[cells].T)
    else:
        found = values_and_times(response.group, notes, label)
        pair = None if found is None else (found[0], found[1].reshape(len(found[0]), -1))
        if pair is not None and pair[1].shape[1] == width:
            pair = pair[0], pair[1][:, cells]
        elif pair is not None:  # turned round by its times
            names, columns, cells = list(map(str, range(pair[1].shape[1]))), {}, np.ones(pair[1].shape[1], dtype=bool)
    if pair is None:
        return None
    if turned:
        notes.append(f"{label}: its values came with time along the second axis, and were turned round.")
    times, values = pair
    conversion, offset = conversion_of(response.group, notes, label)
    if np.ndim(conversion):
        conversion = conversion[cells] if len(conversion) == len(cells) else 1.0
    if np.ndim(conversion) or (conversion, offset) != (1.0, 0.0):
        values = values * conversion + offset
    kept = {key: column[cells] for key, column in columns.items()}
    return _Part(response, times, values, list(np.array(names, dtype=object)[cells]), kept)


def _read_large(response: Response, cells: np.ndarray, turned: bool, notes: list[str]) -> tuple[np.ndarray, np.ndarray] | None:
    """Times and values (T, cells) in single precision, read in blocks, so that only what is kept takes memory."""
    data, label = response.group["data"], response.label
    if data.ndim != 2 or data.external or data.is_virtual or data.dtype.kind not in "uif":
        notes.append(f"{label} was left out: it is too large to be read as it is.")
        return None
    frames = data.shape[1] if turned else data.shape[0]
    size = 4 * frames * int(cells.sum())
    if size > LARGEST_ARRAY:
        notes.append(
            f"{label} was left out: its cells would take {size / 2**30:.1f} GB; mark fewer as cells, or export it at a lower rate."
        )
        return None
    times = times_of(response.group, frames, notes, label)
    if times is None or len(times) != frames:
        return None
    values = np.empty((frames, int(cells.sum())), dtype=np.float32)
    step = max(1, BLOCK // (data.dtype.itemsize * data.shape[1]))
    kept = 0
    for first in range(0, data.shape[0], step):
        block = data[first : first + step]
        if turned:
            mine = block[cells[first : first + step]]
            values[:, kept : kept + len(mine)] = mine.T
            kept += len(mine)
        else:
            values[first : first + step] = block[:, cells]
    notes.append(f"{label} is large and was read in single precision.")
    return times, values


def _rois_of(response: Response) -> tuple[np.ndarray, h5py.Group] | None:
    """Rows of the table of regions that are the columns of the response, and that table."""
    import h5py

    rois = child(response.group, "rois", [])
    reference = None if rois is None else rois.attrs.get("table")
    if not isinstance(rois, h5py.Dataset) or not isinstance(reference, h5py.Reference) or not reference:
        return None
    rows, target = array(rois, [], "rois"), rois.file[reference]
    if rows is None or rows.ndim != 1 or rows.dtype.kind not in "ui" or not isinstance(target, h5py.Group):
        return None
    return rows.astype(np.int64), target


def _number_of_rois(response: Response) -> int:
    found = _rois_of(response)
    return -1 if found is None else len(found[0])


def _cells(response: Response, width: int, notes: list[str]) -> tuple[list[str], dict[str, np.ndarray], np.ndarray]:
    """Names and properties of all regions of a response, and which of them are cells."""
    names = [str(column) for column in range(width)]
    everything = np.ones(width, dtype=bool)
    found = _rois_of(response)
    if found is None or len(found[0]) != width:
        return names, {}, everything
    rows, regions = found
    ids = array(child(regions, "id", []), [], "id")
    if ids is None or not len(rows) or rows.min() < 0 or rows.max() >= len(ids):
        return names, {}, everything
    names = [text_of(ids[row]) for row in rows]
    columns = {key: plain_column(column)[rows] for key, column in table(regions, [], "regions").items()}
    cells = everything
    for key in CELL_COLUMNS:
        flags = child(regions, key, [])
        if getattr(flags, "dtype", np.dtype("O")).kind in "buif" and flags.shape[:1] == (len(ids),):
            given = flags[()].reshape(len(ids), -1)[rows, 0]
            if (given > 0).any() and not (given > 0).all():
                cells = given > 0
                notes.append(f"Regions of {response.name} that are not called cells left out: {int((~cells).sum())}.")
            break
    return names, columns, cells


def _unit(response: Response) -> str:
    return text_of(response.group["data"].attrs.get("unit", ""))


def _last(notes: list[str]) -> str:
    return notes[-1].rstrip(".") if notes else "its times are missing"

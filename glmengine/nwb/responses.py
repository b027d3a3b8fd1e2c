"""Calcium imaging in an NWB file: which of its responses are the units, the planes joined, the cells named and described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.hdf5 import array, child, table
from glmengine.nwb.values import conversion_of, times_of, values_and_times
from glmengine.reading import RawRecording, RawSeries, plain_column, safe_name, text_of, unique_names

if TYPE_CHECKING:
    import h5py

    from glmengine.recipes import Recipe

BEST_FIRST = ("deconv", "spike", "event", "dff", "df", "delta")
"""Words in the name of a response, what is closest to spikes first; raw fluorescence comes after all of them."""

WORST = ("neuropil", "background", "baseline")
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
    """Make the cells of the response closest to spikes, or of the one that a recipe's counts name, the units."""
    wanted = recipe.counts.values if recipe is not None and recipe.counts is not None else ()
    if wanted:
        chosen = [item for item in responses if item.name in wanted or item.label in wanted]
        if not chosen:
            have = ", ".join(item.label for item in responses)
            raise GlmError(f"{name}: has no responses '{wanted[0]}'; the recipe may name: {have}", field="counts.values")
    else:
        best = min(item.rank for item in responses)
        chosen = [item for item in responses if item.rank == best]
    chosen.sort(key=lambda item: item.label)
    parts = _of_one_clock(raw, chosen)
    if not parts:
        raise GlmError(f"{name}: its responses {chosen[0].label} cannot be read; {_last(raw.notes)}")
    names, columns = [], []
    for response, _, values in parts:
        own_names, own_columns, cells = _cells(response, values.shape[1], raw.notes)
        names.append([f"{response.name}-{roi}" if len(parts) > 1 else roi for roi in own_names])
        columns.append((own_columns, cells))
    kept = [values[:, cells] for (_, _, values), (_, cells) in zip(parts, columns, strict=True)]
    raw.counts = RawSeries(
        parts[0][0].name, parts[0][1], np.concatenate(kept, axis=1) if len(kept) > 1 else kept[0], _unit(parts[0][0])
    )
    raw.unit_names = unique_names(
        [safe_name(roi) for own, (_, cells) in zip(names, columns, strict=True) for roi in np.array(own)[cells]]
    )
    shared = set.intersection(*(set(own) for own, _ in columns))
    raw.unit_columns = {
        key: np.concatenate([own[key][cells] for own, cells in columns]) for key in columns[0][0] if key in shared
    }
    used = {response.label for response, _, _ in parts}
    others = [item.label for item in responses if item.label not in used]
    of = " and ".join(response.name for response, _, _ in parts)
    raw.notes.append(f"No spike times; the cells of {of} are the units.")
    if others:
        raw.notes.append(
            f"{', '.join(others[:6])} {'was' if len(others) == 1 else 'were'} not read; "
            f'a recipe with [counts] values = ["{others[0]}"] makes it the units instead.'
        )


def _of_one_clock(raw: RawRecording, chosen: list[Response]) -> list[tuple[Response, np.ndarray, np.ndarray]]:
    """Each response with its times and values (T, cells): the largest, and those of other planes that were taken in the same frames."""
    chosen = sorted(chosen, key=lambda item: -item.group["data"].size)
    parts: list[tuple[Response, np.ndarray, np.ndarray]] = []
    for response in chosen:
        if parts and (response.plane in {part.plane for part, _, _ in parts} or not response.plane):
            continue
        cells = _number_of_rois(response)
        pair = _turned(response, cells, raw.notes) or values_and_times(response.group, raw.notes, response.label)
        if pair is None:
            continue
        times, values = pair
        if parts and (len(times) != len(parts[0][1]) or np.abs(times - parts[0][1]).max() > np.median(np.diff(times))):
            continue
        conversion, offset = conversion_of(response.group, raw.notes, response.label)
        values = values.reshape(len(times), -1)
        if np.ndim(conversion) or (conversion, offset) != (1.0, 0.0):
            values = values * conversion + offset
        parts.append((response, times, values))
    return sorted(parts, key=lambda part: part[0].label)


def _turned(response: Response, cells: int, notes: list[str]) -> tuple[np.ndarray, np.ndarray] | None:
    """Times and values of a response that was stored with the cells first, None for any other."""
    shape = response.group["data"].shape
    if len(shape) != 2 or shape[0] != cells or shape[1] == cells:
        return None
    values = array(child(response.group, "data", notes), notes, response.label)
    times = None if values is None else times_of(response.group, shape[1], notes, response.label)
    if times is None or len(times) != shape[1]:
        return None
    notes.append(f"{response.label}: its values came with time along the second axis, and were turned round.")
    return times, values.T


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

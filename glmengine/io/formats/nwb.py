"""Neurodata Without Borders files, read with h5py alone, whatever schema version or extension wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.errors import GlmError
from glmengine.io.files.hdf5_kinds import is_hdf5, says_nwb
from glmengine.io.nwb.response_series import likely_responses, take_series
from glmengine.io.nwb.responses import Response, choose_response
from glmengine.io.nwb.series import add_series, tell_names_apart
from glmengine.io.nwb.sweeps import SWEEPS, join_sweeps
from glmengine.io.nwb.tables import add_event_table, add_intervals, is_event_table, is_interval_table
from glmengine.io.nwb.units import add_units, is_units_table
from glmengine.io.nwb.walk import groups_in
from glmengine.io.nwb_extras import add_extras, is_own_file
from glmengine.io.raw import RawRecording, RawSeries
from glmengine.io.reader import Reader
from glmengine.sentences import listed

if TYPE_CHECKING:
    import h5py

    from glmengine.io.recipe.recipe import Recipe

PLACES = ("acquisition", "stimulus/presentation", "processing", "analysis", "scratch", "intervals", "events")
"""Where NWB files keep what happens over time."""


def recognises(path: Path, head: bytes) -> bool:
    """True for an HDF5 file that is named as NWB, or whose root says that it is."""
    if path.is_dir() or not is_hdf5(head):
        return False
    return path.suffix.lower() == ".nwb" or b"nwb_version" in head or says_nwb(path)


def read(path: Path, recipe: Recipe | None = None) -> RawRecording:
    """Units, behaviour and stimuli, intervals; raw signals and pictures are left where they are.

    A recipe with counts may name the series that are the responses: of calcium imaging, or any that was recorded.

    Raises
    ------
    GlmError
        If it is HDF5 but not NWB 2, or has neither units nor responses.
    """
    import h5py

    with h5py.File(path, "r") as file:
        raw, responses, tables = _found_in(path, file)
        _note_templates(raw, file)
        wanted = recipe.counts.values if recipe is not None and recipe.counts is not None else ()
        named = {name for item in responses for name in (item.name, item.label)}
        taken = bool(wanted) and not named & set(wanted) and take_series(raw, wanted)
        if not taken and not add_units(raw, file, path.name, tables, has_responses=bool(responses)):
            choose_response(raw, responses, recipe, path.name)
        if is_own_file(file):
            add_extras(raw, file)
    return raw


def possible_responses(path: Path) -> list[RawSeries]:
    """The series of a file without units that a recipe may name as the response, the likeliest first; raises as `read`."""
    import h5py

    with h5py.File(path, "r") as file:
        return likely_responses(_found_in(path, file)[0].series)


def _found_in(path: Path, file: h5py.File) -> tuple[RawRecording, list[Response], list[h5py.Group]]:
    """All that happens over time but the units; the calcium responses; and tables of units that lie elsewhere than in their place."""
    raw = RawRecording()
    if "nwb_version" not in file.attrs:
        if "nwb_version" in file:
            raise GlmError(f"{path.name}: is NWB of the old version 1, which is not read; convert it to NWB 2")
        raise GlmError(
            f"{path.name}: is HDF5 but not NWB; name it .h5 and say in a recipe what its arrays are, or convert it to NWB"
        )
    responses: list[Response] = []
    tables, sweeps = [], []
    for place in PLACES:
        for found in groups_in(file, place, raw.notes):
            if found.is_series:
                add_series(raw, responses, path, found)
                sweeps += [found.label] if found.kind in SWEEPS else []
            elif is_interval_table(found.group):
                add_intervals(raw, found)
            elif is_units_table(found.group):
                tables.append(found.group)
            elif is_event_table(found.group):
                add_event_table(raw, found)
    raw.series = join_sweeps(raw.series, sweeps, raw.notes)
    tell_names_apart(raw.series)
    return raw, responses, tables


def _note_templates(raw: RawRecording, file: h5py.File) -> None:
    """Say that there are pictures without times; those that were shown are found through the series that says when."""
    names = list(file["stimulus/templates"]) if "stimulus/templates" in file else []
    if names:
        raw.notes.append(f"stimulus/templates ({listed(names, 4)}) has no times of its own and was not read by itself.")


READER = Reader("NWB", (".nwb", ".h5", ".hdf5"), recognises, read, probe=True, responses=possible_responses)

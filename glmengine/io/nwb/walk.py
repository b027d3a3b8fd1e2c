"""The groups of an NWB file that hold something over time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmengine.io.files.hdf5 import child
from glmengine.io.files.limits import text_of

if TYPE_CHECKING:
    import h5py

DEEPEST = 8


@dataclass(frozen=True)
class Found:
    """A group of an NWB file.

    Attributes
    ----------
    group : h5py.Group
    kind : str
        Its type in the schema, or in an extension.
    names : tuple of str
        Its path; the first is the place that was searched.
    types : tuple of str
        The types of the groups around it.
    """

    group: h5py.Group
    kind: str
    names: tuple[str, ...]
    types: tuple[str, ...]

    @property
    def label(self) -> str:
        return "/".join(self.names)

    @property
    def is_series(self) -> bool:
        """Whether it has data over time, or times alone."""
        times = _has_array(self.group, "timestamps")
        data = _has_array(self.group, "data")
        return (data and (times or _has_array(self.group, "starting_time"))) or (times and not self.is_table)

    @property
    def is_table(self) -> bool:
        """Whether it has rows."""
        return _has_array(self.group, "id") or _has_array(self.group, "start_time")


def _has_array(group: h5py.Group, name: str) -> bool:
    """Whether a group has an array of that name, or a link into another file, which is not followed."""
    import h5py

    link = group.get(name, getlink=True)
    if link is None or isinstance(link, h5py.ExternalLink):
        return link is not None
    try:
        return group.get(name, getclass=True) is h5py.Dataset
    except (KeyError, OSError):
        return True  # a link to what is not there: said when it is read


def groups_in(file: h5py.Group, place: str, notes: list[str]) -> Iterator[Found]:
    """Every group below `place` that has data, times or rows; what lies inside such a group is not visited."""
    top = child(file, place, notes)
    if top is None or not hasattr(top, "keys"):
        return
    waiting = [Found(top, "", (place,), ())]
    seen = set()
    while waiting:
        found = waiting.pop(0)
        if found.group.id in seen:
            continue
        seen.add(found.group.id)
        kind = text_of(found.group.attrs.get("neurodata_type", ""))
        found = Found(found.group, kind, found.names, found.types)
        if len(found.names) > 1 and (found.is_series or found.is_table):
            yield found
            continue
        if len(found.names) > DEEPEST or kind in ("PlaneSegmentation", "ImageSegmentation"):
            continue
        for name in found.group:
            inner = child(found.group, name, notes)
            if hasattr(inner, "keys"):
                waiting.append(Found(inner, "", (*found.names, name), (*found.types, kind)))

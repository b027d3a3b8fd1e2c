"""Rows made ready for solvers, which a fit takes over from a cross-validation of the same design and observations before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmengine.backend.observations import Observations
from glmengine.backend.room import Room
from glmengine.backend.rows import Rows
from glmengine.context import Context
from glmengine.fitting.batch import Assembly, Group
from glmengine.solvers.rank import constant_columns, constant_own_columns


@dataclass(frozen=True, eq=False)
class ReadyRows:
    """The rows of a group of units.

    Attributes
    ----------
    rows : Rows
    constant : (P,) bool
        Shared columns that do not vary.
    own_constant : (U, H) bool
        Own columns that do not vary for their unit; (0, 0) without own ones.
    """

    rows: Rows
    constant: np.ndarray
    own_constant: np.ndarray


def ready_rows(assembly: Assembly, group: Group, width: int, room: Room, context: Context) -> ReadyRows:
    """Those of a group of units, for `width` columns of the problem at a time, in `room` for all groups."""
    rows = assembly.rows(group, width=width, room=room)
    own = np.zeros((0, 0), bool) if group.own is None else constant_own_columns(rows, context)
    return ReadyRows(rows, constant_columns(rows, context), own)


class KeptRows:
    """What is kept of the rows of one design from one call to the next: centres and scales, rows sorted and prepared, sums of observations.

    `glmengine.cross_validate` and `glmengine.fit` of the same design that are given the same one make it once. In memory is no more than one of
    them would take by itself.
    """

    def __init__(self) -> None:
        self._assembly: Assembly | None = None
        self._gathered: Assembly | None = None
        self._room: Room | None = None
        self._ready: dict[tuple[bytes | None, ...], ReadyRows] = {}

    def enter(self, assembly: Assembly, memory: float) -> Room:
        """The room, of so many bytes, for the rows of an assembly; what is kept of other rows is dropped."""
        if self._room is None or self._room.memory != memory or not _are_alike(self._assembly, assembly):
            self._room, self._ready, self._gathered = Room(memory), {}, None
            self._assembly = assembly
        return self._room

    def gathered(self, assembly: Assembly) -> Assembly:
        """The same with the design as one array, where it fits in the room (see `Assembly.gathered`)."""
        assert self._room is not None
        if self._gathered is None:
            self._gathered = assembly.gathered(self._room.memory)
        return assembly.reading(self._gathered.inputs.source)

    def of(self, assembly: Assembly, group: Group, width: int, context: Context) -> ReadyRows:
        """`ready_rows` of the assembly that entered, made where they are not there yet."""
        assert self._room is not None
        key = tuple(None if part is None else part.tobytes() for part in (group.units, group.columns, group.own))
        if key not in self._ready:
            self._ready[key] = ready_rows(assembly, group, width, self._room, context)
        return self._ready[key]


def _are_alike(before: Assembly | None, after: Assembly) -> bool:
    """Whether two assemblies have the same rows, but for the folds of the first, which nothing is held out of by a fit."""
    if before is None or before.inputs.source is not after.inputs.source:
        return False
    same = (before.intercept, before.platform) == (after.intercept, after.platform) and np.array_equal(before.index, after.index)
    return same and _see_the_same(before.observations, after.observations)


def _see_the_same(before: Observations, after: Observations) -> bool:
    if after.fold is not None and (before.fold is None or not np.array_equal(before.fold, after.fold)):
        return False
    if (before.offset is None) != (after.offset is None):
        return False
    pairs = [(before.y, after.y), (before.weights, after.weights)]
    if before.offset is not None:
        pairs.append((before.offset, after.offset))
    return all(one is other or (one.dtype == other.dtype and np.array_equal(one, other)) for one, other in pairs)

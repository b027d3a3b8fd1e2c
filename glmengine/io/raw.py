"""A recording as plain arrays, before cleaning and without pynapple."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from glmengine.io.files.stored import Hdf5Series


WHOLE_TABLE = "table"
"""What all columns together are called of a table that has no names for them."""


class NamedArrays(dict[str, "np.ndarray | list[np.ndarray]"]):
    """What a reader found in a file, by name.

    Attributes
    ----------
    notes : list of str
        What was doubtful or left out in reading it, one sentence each.
    dates : mapping of str to datetime64[ns] array
        Those arrays that were written as dates; as arrays they are seconds from the earliest of them all.
    matrices : mapping of str to (rows, columns)
        Those lists of vectors that were a matrix of cells, read row by row.
    first_number : int
        What the program that wrote the file counts from: 1 of MATLAB.
    """

    first_number: int = 0

    def __init__(
        self,
        found: Mapping[str, np.ndarray | list[np.ndarray]] = MappingProxyType({}),
        notes: Iterable[str] = (),
        dates: Mapping[str, np.ndarray] = MappingProxyType({}),
        matrices: Mapping[str, tuple[int, int]] = MappingProxyType({}),
    ) -> None:
        super().__init__(found)
        self.notes = list(notes)
        self.dates = dict(dates)
        self.matrices = dict(matrices)
        self.count_from(self.first_date(self.dates))

    def first_date(self, names: Iterable[str]) -> np.datetime64 | None:
        """The earliest of some of its dates; None where there is none."""
        firsts = [np.nanmin(self.dates[name]) for name in names if name in self.dates and not np.isnat(self.dates[name]).all()]
        return min(firsts, default=None)

    def count_from(self, moment: np.datetime64 | None) -> None:
        """Make all dates seconds from a moment."""
        for name, values in self.dates.items():
            self[name] = (values - moment) / np.timedelta64(1, "s") if moment is not None else np.full(values.shape, np.nan)

    def split_at_indices(self) -> None:
        """Make lists of vectors of what lies in one, with where each ends in a second called ``NAME_index``, as in the tables of NWB."""
        for name in [name for name in self if f"{name}_index" in self]:
            values, ends = self[name], self[f"{name}_index"]
            if not (
                isinstance(values, np.ndarray)
                and isinstance(ends, np.ndarray)
                and values.ndim == ends.ndim == 1
                and ends.size > 1
            ):
                continue
            if ends.dtype.kind not in "ui" or int(ends[-1]) != len(values) or (np.diff(ends.astype(np.int64)) < 0).any():
                continue
            self[name] = np.split(values, ends[:-1].astype(np.int64))
            del self[f"{name}_index"]
            self.notes.append(f"'{name}' was divided into {ends.size} vectors, which end where '{name}_index' says.")


@dataclass
class RawSeries:
    """Something measured over time, as the file has it.

    Attributes
    ----------
    name : str
    times : array (T,)
        Seconds.
    values : array (T,) or (T, C) or (T, ...)
        Already multiplied by the file's conversion factor.
    unit : str
        As the file writes it.
    kind : str, optional
        As in `Covariate`; guessed from unit and name where None.
    components : tuple of str
        Names of the columns.
    support : array (S, 2), optional
        Stretches in which it was recorded, where the file says so.
    """

    name: str
    times: np.ndarray
    values: np.ndarray
    unit: str = ""
    kind: Literal["continuous", "angle", "step", "category"] | None = None
    components: tuple[str, ...] = ()
    description: str = ""
    support: np.ndarray | None = None
    source: str = ""
    """Where in the file it lies."""
    stored: Hdf5Series | None = None
    """Where it stays in its file because it is large; `times` and `values` are then of some of its samples, the first and last with them."""


@dataclass
class RawTrials:
    """A table of intervals with properties: one row a trial."""

    start: np.ndarray
    stop: np.ndarray
    columns: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass
class RawRecording:
    """Everything found in a file; either `spikes` (one array of seconds a unit) or `counts` (T, M) is given."""

    spikes: list[np.ndarray] | None = None
    counts: RawSeries | None = None
    unit_names: list[str] = field(default_factory=list)
    unit_columns: dict[str, np.ndarray] = field(default_factory=dict)
    series: list[RawSeries] = field(default_factory=list)
    epochs: dict[str, np.ndarray] = field(default_factory=dict)
    trials: dict[str, RawTrials] = field(default_factory=dict)
    events: dict[str, np.ndarray] = field(default_factory=dict)
    support: np.ndarray | None = None
    """(S, 2) stretches that were recorded, where the file says so; else from the first to the last thing in it."""
    recorded: dict[str, np.ndarray] = field(default_factory=dict)
    """(S, 2) stretches in which a unit was observed, for those units of which the file says so."""
    notes: list[str] = field(default_factory=list)
    extras: dict[str, Any] = field(default_factory=dict)
    """What goes into the recording's `source` (the truth of a simulated one)."""


def unique_names(names: list[str]) -> list[str]:
    """The same names, later repeats told apart by a number."""
    seen: set[str] = set()
    unique = []
    for name in names:
        candidate, number = name, 2
        while candidate in seen:
            candidate, number = f"{name}_{number}", number + 1
        seen.add(candidate)
        unique.append(candidate)
    return unique


def free_name(taken: Container[str], names: Sequence[str]) -> str:
    """The last of `names`, those of the groups around it and a number before or behind it where that is taken."""
    name = safe_name(names[-1])
    if name in taken and len(names) > 2:
        name = f"{safe_name(names[-2])}_{name}"
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate


def safe_name(name: str) -> str:
    """A name that can stand in a reference: a dot separates a covariate from its component, so it may not be in either."""
    return name.strip().replace(".", "_").replace("/", "_") or "unnamed"

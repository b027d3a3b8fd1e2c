"""What a shift test found, as labelled arrays by term and unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


NOTES = "notes"
"""Attribute of the table, when it is saved, that holds the notes, one a line."""


@dataclass(frozen=True, eq=False)
class ShiftTest:
    """What a shift test found.

    Attributes
    ----------
    table : Dataset (term, unit) and (shuffle, term, unit)
        ``gain`` of the term in log-likelihood per bin beside the others, ``null_mean`` and ``null_high`` (95 %) of the gains when the counts are
        shuffled against it, ``p`` and ``q`` (false discovery rate over all units and terms), ``n_shuffles`` that p is made from, the
        ``shortest_s`` a shift was; ``null``, the gain of every shuffle. NaN for what was not tested.
    notes : tuple of str
    """

    table: xr.Dataset
    notes: tuple[str, ...] = ()

    @property
    def units(self) -> tuple[str, ...]:
        return tuple(str(name) for name in self.table["unit"].values)

    @property
    def terms(self) -> tuple[str, ...]:
        """Those that were tested."""
        return tuple(str(name) for name in self.table["term"].values)

    def __str__(self) -> str:
        lines = []
        for unit in self.units:
            own = self.table.sel(unit=unit)
            said = [
                f"{term} p {float(own['p'].sel(term=term)):.3g} (q {float(own['q'].sel(term=term)):.3g})"
                for term in self.terms
                if np.isfinite(own["p"].sel(term=term))
            ]
            lines.append(f"{unit}: {', '.join(said) or 'not tested'}")
        return "\n".join(lines)

    def with_notes(self, *notes: str) -> ShiftTest:
        """The same with these notes before its own."""
        return replace(self, notes=tuple(dict.fromkeys((*notes, *self.notes))))

    def dataset(self) -> xr.Dataset:
        """The table with the notes in it, to be saved."""
        return self.table.assign_attrs({NOTES: "\n".join(self.notes)})

    @classmethod
    def from_dataset(cls, dataset: xr.Dataset) -> ShiftTest:
        """What `dataset` gave, put together again."""
        notes = str(dataset.attrs.get(NOTES, ""))
        table = dataset.copy()
        table.attrs = {name: value for name, value in dataset.attrs.items() if name != NOTES}
        return cls(table, tuple(line for line in notes.split("\n") if line))

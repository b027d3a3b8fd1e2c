"""What is selected: a unit, a set of units, and a term."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Selection:
    """The selected unit is always one of the set of units.

    Attributes
    ----------
    names : tuple of str
        Of the units that there are, in the order of the recording.
    unit : str or None
    units : tuple of str
        The set, in the order of the recording: the selected one alone where no more are.
    term : int or None
        Position in the analysis.
    is_chosen : bool
        Whether the unit was chosen, by the user or as the best of the first fit; it is not only the first there is.
    """

    names: tuple[str, ...] = ()
    unit: str | None = None
    units: tuple[str, ...] = ()
    term: int | None = None
    is_chosen: bool = False

    @classmethod
    def of(cls, names: tuple[str, ...], terms: int) -> Selection:
        """The first unit and the first of so many terms."""
        first = names[:1]
        return cls(names, first[0] if first else None, first, 0 if terms else None)

    def with_names(self, names: tuple[str, ...]) -> Selection:
        """The same of another recording, as far as it has the same units."""
        if self.unit in names:
            return replace(self, names=names)._with_set(self.units)
        return replace(self, names=names, unit=names[0] if names else None, is_chosen=False)._with_set(self.units)

    def with_unit(self, unit: str | None) -> Selection:
        """Another unit; one outside the set is the new set."""
        return replace(self, unit=unit, is_chosen=True)._with_set(self.units)

    def with_units(self, units: Iterable[str]) -> Selection:
        """Another set, of which the first becomes the selected unit if that is not in it; the unit alone where none of them is known."""
        chosen = self._known(units)
        unit = chosen[0] if chosen and self.unit not in chosen else self.unit
        return replace(self, unit=unit, is_chosen=True)._with_set(chosen)

    def with_term(self, term: int | None, terms: int) -> Selection:
        """Another term of so many, the nearest where there is none at that position."""
        return replace(self, term=None if term is None or not terms else min(max(term, 0), terms - 1))

    def with_best(self, best: str | None, fitted: Iterable[str]) -> Selection:
        """The unit that is explained best, unless one of those that were fitted was chosen already."""
        if best not in self.names or (self.is_chosen and self.unit in fitted):
            return self
        return replace(self, unit=best, units=(best,), is_chosen=True)

    def _with_set(self, units: Iterable[str]) -> Selection:
        """With those of the set that there are; without the selected unit among them that alone."""
        chosen = self._known(units)
        if self.unit not in chosen:
            chosen = (self.unit,) if self.unit is not None else ()
        return replace(self, units=chosen)

    def _known(self, units: Iterable[str]) -> tuple[str, ...]:
        """Those of the units that there are, in the order of the recording."""
        wanted = set(units)
        return tuple(name for name in self.names if name in wanted)

"""The list of fits that are kept: one more in it, and a change of one that can be reversed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glmengine.results.kept_fits import KeptFit


def with_fit(fits: tuple[KeptFit, ...], fit: KeptFit) -> tuple[tuple[KeptFit, ...], KeptFit]:
    """The list with one fit more, and what it is kept as.

    It takes the place, and the name, of one that asked the same, but a finished one stays beside one that was stopped.
    """
    same = next((one for one in fits if one.asks_the_same(fit) and (fit.converged or not one.converged)), None)
    if same is None:
        return (*fits, fit), fit
    fit = fit.renamed(same.name)
    return tuple(fit if one is same else one for one in fits), fit


@dataclass(frozen=True)
class FitChange:
    """A kept fit that becomes another, at a place of the list; None stands for one that is not there."""

    before: KeptFit | None
    after: KeptFit | None
    place: int

    @property
    def reversed(self) -> FitChange:
        """What takes the change back."""
        return FitChange(self.after, self.before, self.place)

    def made_in(self, fits: tuple[KeptFit, ...]) -> tuple[KeptFit, ...]:
        """The list with `before` out and `after` in, wherever fits that were made since have moved the place."""
        place, changed = self.place, list(fits)
        if self.before is not None:
            found = next((at for at, fit in enumerate(changed) if fit.key == self.before.key), None)
            if found is not None:
                place = found
                del changed[found]
        if self.after is not None:
            changed.insert(place, self.after)
        return tuple(changed)

"""A recipe with some of its times, or all, in another unit."""

from __future__ import annotations

from glmengine.io.recipe.recipe import Recipe, TimeBase
from glmengine.recording.doubt import HEADINGS, OtherClock

_CALLED = {"covariates": "", **{part: f"{first} " for first, part in HEADINGS.items()}}
"""What stands before the names of each part of a recipe where a doubt names them."""


def with_other_clock(recipe: Recipe, clock: OtherClock) -> Recipe:
    """The recipe with times in seconds taken in the unit of `clock`, as far as it names them; a part that has a rate in place of times has none."""
    if recipe.by_trial is not None:  # all else lies on the line that this makes, in seconds
        return recipe.with_(by_trial=recipe.by_trial.with_(time_unit=clock.unit))

    def turned(part: TimeBase | None, name: str) -> TimeBase | None:
        named = not clock.parts or name in clock.parts
        timed = part is not None and bool(getattr(part, "times", "") or getattr(part, "start", ""))
        return part.with_(time_unit=clock.unit) if named and timed and part.time_unit == "s" else part

    lists = {
        kind: tuple(turned(item, f"{before}{item.name}") for item in getattr(recipe, kind)) for kind, before in _CALLED.items()
    }
    return recipe.with_(spikes=turned(recipe.spikes, "units"), counts=turned(recipe.counts, "units"), **lists)

"""What a new trial, event, epoch or covariate of a recipe begins with: arrays that are free and fit, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from glmengine.io.raw import free_name
from glmengine.io.recipe.names import EVENT_NAME, START_NAME, STOP_NAME, TIME_NAME, field_of, group_of
from glmengine.io.recipe.recipe import Happenings, Measured, Recipe, Stretches, TimeBase, references
from glmengine.spec import Spec

_CALLED: dict[type[Spec], str] = {Stretches: "trials", Happenings: "event", Measured: "covariate"}


def begun(kind: type[Spec], arrays: Sequence[tuple[str, ...]], recipe: Recipe) -> Spec | None:
    """A new part of a recipe for a file with these arrays (rows as of `Assistance.arrays`); None where none can be begun."""
    lengths = {name: int(shape) for name, shape, holds, *_ in arrays if re.fullmatch(r"\d+", shape) and "numbers" in holds}
    used = references(recipe)
    free = [name for name, length in lengths.items() if length > 1 and name not in used]
    unit = _unit_of(recipe)
    taken = {item.name for part in (recipe.covariates, recipe.epochs, recipe.trials, recipe.events) for item in part}
    name = free_name(taken, [_CALLED.get(kind, "new")])
    if kind is Stretches:
        start = next((one for one in free if START_NAME.search(field_of(one))), "")
        stop = next(
            (one for one in free if one != start and _beside(one, start, lengths) and STOP_NAME.search(field_of(one))), ""
        )
        return Stretches(name=name, start=start, stop=stop if start else "", time_unit=unit)
    if kind is Happenings:
        return Happenings(name=name, times=next((one for one in free if EVENT_NAME.search(field_of(one))), ""), time_unit=unit)
    if kind is Measured and free:
        values = next((one for one in free if not TIME_NAME.search(field_of(one))), free[0])
        times = next(
            (one for one in lengths if one != values and TIME_NAME.search(field_of(one)) and _beside(one, values, lengths)), ""
        )
        return Measured(name=name, values=(values,), times=times)
    return None


def _beside(name: str, other: str, lengths: dict[str, int]) -> bool:
    return bool(other) and group_of(name) == group_of(other) and lengths[name] == lengths[other]


def _unit_of(recipe: Recipe) -> str:
    """The unit in which the units' times are counted, which those of trials and events often have as well."""
    units: TimeBase | None = recipe.spikes or recipe.counts
    return units.time_unit if units is not None and units.time_unit != "samples" else "s"

"""Covariates that hold a position or a speed, and what can be derived of a position where that alone was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from glmengine.recording.covariate_names import PLACE_NAME, SPEED_NAME, TRACKED_NAME
from glmengine.recording.derived.movement import MovementDirection, RunningDirection, Speed

if TYPE_CHECKING:
    from glmengine.recording.derived.quantities import AnyDerived
    from glmengine.recording.recording import Covariate, Recording

# A walking animal is faster than this; in the unit of the position per second.
_SLOWEST = {"cm": 5.0, "m": 0.05, "mm": 50.0, "px": 20.0, "pixel": 20.0, "pixels": 20.0}
_OTHERWISE = 5.0


def position_covariates(recording: Recording) -> tuple[Covariate, ...]:
    """Covariates that may be a position, the likeliest first: two or three components, or a telling name."""

    def rank(covariate: Covariate) -> tuple[bool, bool, str]:
        return (not _is_named(covariate), len(covariate.components) not in (2, 3), covariate.name)

    found = [
        covariate
        for covariate in recording.covariates.values()
        if covariate.kind == "continuous"
        and (len(covariate.components) in (2, 3) or (not covariate.components and _is_named(covariate)))
    ]
    return tuple(sorted(found, key=rank))


def _is_named(covariate: Covariate) -> bool:
    pattern = TRACKED_NAME if covariate.components else PLACE_NAME
    return covariate.name.lower() in ("x", "y") or (
        pattern.search(covariate.name) is not None and not SPEED_NAME.search(covariate.name)
    )


def speed_covariates(recording: Recording) -> tuple[Covariate, ...]:
    """Covariates that are a speed already, by their name."""
    return tuple(
        covariate for covariate in recording.covariates.values() if not covariate.components and SPEED_NAME.search(covariate.name)
    )


def slowest_movement(covariate: Covariate, *, is_speed: bool = False) -> float:
    """The speed above which an animal walks, in the covariate's own unit (of a position: per second)."""
    unit = covariate.unit.lower()
    if is_speed:
        unit = unit.split("/")[0].strip()
    return _SLOWEST.get(unit, _OTHERWISE)


def movement_offers(recording: Recording, derived: Sequence[AnyDerived] = ()) -> tuple[AnyDerived, ...]:
    """Speed and direction of movement of the likeliest position, where neither was recorded nor is among those `derived` already.

    A direction is offered where no angle was recorded, which would be that of the head: in the plane an angle, along a line the way.
    """
    position = next((one for one in position_covariates(recording) if _is_named(one) or len(one.components) == 2), None)
    if position is None or position.stored is not None:
        return ()
    kinds = {one.kind for one in derived}
    taken = {*recording.covariates, *(one.name for one in derived)}
    offers: list[AnyDerived] = []
    if "speed" not in kinds and not speed_covariates(recording) and "speed" not in taken:
        offers.append(Speed(source=position.name))
    slowest = slowest_movement(position)
    if any(one.kind == "angle" for one in recording.covariates.values()):
        return tuple(offers)
    if len(position.components) > 1 and "movement_direction" not in {*kinds, *taken}:
        offers.append(MovementDirection(source=position.name, slowest=slowest))
    elif not position.components and "running_direction" not in {*kinds, *taken}:
        offers.append(RunningDirection(source=position.name, slowest=slowest))
    return tuple(offers)

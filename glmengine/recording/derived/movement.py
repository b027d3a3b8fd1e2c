"""Speed, acceleration, running direction and direction of movement from position."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from glmengine.errors import GlmError
from glmengine.recording.derived.smoothing import runs, smoothed
from glmengine.recording.derived.source import at_times_of, longest_gap, refuse_angle_or_category, valid_runs
from glmengine.sentences import listed
from glmengine.spec import Spec, param

if TYPE_CHECKING:
    from glmengine.recording.recording import Covariate, Recording


class Speed(Spec):
    """Speed of movement from position."""

    kind: Literal["speed"] = "speed"
    name: str = param("speed", title="Name", help="Name of the new covariate.", min_length=1)
    source: str = param(title="Position", help="The covariate that holds the position.", choices="covariates", min_length=1)
    smoothing: float = param(
        0.1, title="Smoothing", help="Standard deviation of the Gaussian that smooths position first.", unit="s", ge=0
    )

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> Covariate:
        source = _position(recording, self.source, "speed", field)
        speed = _speed(source, self.smoothing, max_gap)
        return _moving(source, self.name, speed, "/s", f"speed of {self.source}")


class Acceleration(Spec):
    """Acceleration along the path from position: how fast speed rises or falls."""

    kind: Literal["acceleration"] = "acceleration"
    name: str = param("acceleration", title="Name", help="Name of the new covariate; negative while slowing down.", min_length=1)
    source: str = param(title="Position", help="The covariate that holds the position.", choices="covariates", min_length=1)
    smoothing: float = param(
        0.2,
        title="Smoothing",
        help="Standard deviation of the Gaussian that smooths position first, and then speed.",
        unit="s",
        ge=0,
    )

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> Covariate:
        source = _position(recording, self.source, "acceleration", field)
        times, speed = np.asarray(source.data.t), _speed(source, self.smoothing, max_gap)
        change = np.full(len(times), np.nan)
        for rows in runs(times, np.isfinite(speed), longest_gap(source, max_gap)):
            if len(rows) > 1:
                smooth = smoothed(times[rows], speed[rows, None], self.smoothing)[:, 0]
                change[rows] = np.gradient(smooth, times[rows])
        return _moving(source, self.name, change, "/s2", f"acceleration of {self.source}")


class RunningDirection(Spec):
    """Running direction along a track from position: towards larger values or towards smaller ones."""

    kind: Literal["running_direction"] = "running_direction"
    name: str = param(
        "running_direction",
        title="Name",
        help="Name of the new covariate: a category, 1 towards larger values of the position, -1 towards smaller ones.",
        min_length=1,
    )
    source: str = param(title="Position", help="The variable that says where along the track.", choices="variables", min_length=1)
    smoothing: float = param(
        0.1, title="Smoothing", help="Standard deviation of the Gaussian that smooths position first.", unit="s", ge=0
    )
    slowest: float = param(
        5.0,
        title="Slowest",
        help="Where the animal is slower the direction of the last run is kept, so that none turns on a tremor.",
        unit="of the position per second",
        ge=0,
    )

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> Covariate:
        source = recording.variable(self.source, field=f"{field}.source")
        refuse_angle_or_category(source, "not a position along a track; choose another variable", f"{field}.source")
        along = np.asarray(source.data.values, np.float64)[:, None]
        way = _last_ways(self, recording, source, along, lambda step: np.sign(step[:, 0]), max_gap, field)
        return at_times_of(source, self.name, way, "", "category", f"running direction along {self.source}")


class MovementDirection(Spec):
    """Direction of movement in the plane from position: the angle of the way that is being covered."""

    kind: Literal["movement_direction"] = "movement_direction"
    name: str = param(
        "movement_direction",
        title="Name",
        help="Name of the new covariate: an angle, 0 towards larger x. Where the head points may be another direction.",
        min_length=1,
    )
    source: str = param(
        title="Position",
        help="The covariate that holds the position: its first two components.",
        choices="covariates",
        min_length=1,
    )
    smoothing: float = param(
        0.1, title="Smoothing", help="Standard deviation of the Gaussian that smooths position first.", unit="s", ge=0
    )
    slowest: float = param(
        5.0,
        title="Slowest",
        help="Where the animal is slower the last direction is kept, so that none turns on a tremor.",
        unit="of the position per second",
        ge=0,
    )

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> Covariate:
        source = _position(recording, self.source, "direction of movement", field)
        if len(source.components) < 2:
            raise GlmError(
                f"{recording.name}: '{self.source}' has no two components; choose a position in the plane",
                field=f"{field}.source",
            )
        plane = np.asarray(source.data.values, np.float64)[:, :2]
        angle = _last_ways(self, recording, source, plane, _angle, max_gap, field)
        return at_times_of(source, self.name, angle, "rad", "angle", f"direction of movement of {self.source}")


def _angle(step: np.ndarray) -> np.ndarray:
    """(n,) rad from 0 to 2 pi, of steps (n, 2)."""
    return np.mod(np.arctan2(step[:, 1], step[:, 0]), 2 * np.pi)


def _last_ways(
    spec: RunningDirection | MovementDirection,
    recording: Recording,
    source: Covariate,
    position: np.ndarray,
    way_of: Callable[[np.ndarray], np.ndarray],
    max_gap: float | None,
    field: str,
) -> np.ndarray:
    """The way (n,) of each step of a position (n, d), where it is slower than the spec's `slowest` the last one; NaN outside valid runs.

    Raises
    ------
    GlmError
        If no step is faster.
    """
    times = np.asarray(source.data.t)
    ways = np.full(len(times), np.nan)
    for rows in valid_runs(source, max_gap):
        if len(rows) > 1:
            step = np.gradient(smoothed(times[rows], position[rows], spec.smoothing), times[rows], axis=0)
            ways[rows] = _last_known(way_of(step), np.linalg.norm(step, axis=1) > spec.slowest)
    if not np.isfinite(ways).any():
        raise GlmError(
            f"{recording.name}: '{spec.source}' never changes by more than {spec.slowest:g} per second; choose a lower 'slowest'",
            field=f"{field}.slowest",
        )
    return ways


def _last_known(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Values (n,), each that is not `known` (n,) as the last one before it that is, the first as the one after; NaN where there is none."""
    places = np.flatnonzero(known)
    if not places.size:
        return np.full(len(values), np.nan)
    last = np.maximum(np.searchsorted(places, np.arange(len(values)), side="right") - 1, 0)
    return values[places[last]]


def _position(recording: Recording, name: str, what: str, field: str) -> Covariate:
    """The covariate, which must be able to hold a position."""
    source = recording.covariates.get(name)
    if source is None:
        have = listed(recording.covariates) or "none"
        raise GlmError(f"{recording.name}: no covariate '{name}' to take the {what} of; it has: {have}", field=f"{field}.source")
    refuse_angle_or_category(source, "not a position; choose another covariate", f"{field}.source")
    return source


def _speed(source: Covariate, smoothing: float, max_gap: float | None) -> np.ndarray:
    """(n,) unit of the position per second; NaN where position is unknown or stands alone between gaps."""
    times = np.asarray(source.data.t)
    values = np.asarray(source.data.values, np.float64).reshape(len(times), -1)
    speed = np.full(len(times), np.nan)
    for rows in valid_runs(source, max_gap):
        if len(rows) > 1:
            smooth = smoothed(times[rows], values[rows], smoothing)
            speed[rows] = np.linalg.norm(np.gradient(smooth, times[rows], axis=0), axis=1)
    return speed


def _moving(source: Covariate, name: str, values: np.ndarray, per: str, text: str) -> Covariate:
    return at_times_of(source, name, values, f"{source.unit}{per}" if source.unit else "", "continuous", text)

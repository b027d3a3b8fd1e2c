"""The kind of quantity of a series (angle, step or plain number) from its unit, name and values."""

from __future__ import annotations

import re

import numpy as np

from glmengine.io.raw import RawSeries
from glmengine.recording.covariate_names import DIRECTION_WORDS
from glmengine.timegrid.angles import FULL_TURN

ANGLE_NAME = re.compile(
    r"(head|heading|compass|movement|orientation).*(dir|angle)|(^|_)(hd|heading|angle|phase|yaw|azimuth)($|_)|_deg$|_rad$|direction$"
    rf"|{DIRECTION_WORDS}",
    re.IGNORECASE,
)

TURNS = {"rad": FULL_TURN, "deg": 360.0}

ON_A_LINE = re.compile(r"eye|gaze|pupil|wheel|pitch|roll|tilt|elevation", re.IGNORECASE)
"""What is measured in degrees or radians but does not go round, unless its values fill a circle."""


def kind_of(series: RawSeries, unit: str) -> str:
    """Angle where unit, name and values say so (two of the three); step where boolean or a few whole numbers."""
    values = series.values
    if values.dtype.kind == "b":
        return "step"
    if unit in ("rad", "deg"):
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        named = ANGLE_NAME.search(series.name) and not ON_A_LINE.search(series.name)
        round_it = len(finite) > 0 and (turn_of(finite) == TURNS[unit] or turns_in_another_unit(values, unit))
        return "angle" if named or round_it else "continuous"
    if not unit and ANGLE_NAME.search(series.name) and values.ndim == 1 and values.dtype.kind == "f":
        finite = values[np.isfinite(values)]
        if len(finite) and turn_of(finite) is not None:
            return "angle"
    if values.dtype.kind in "ui" and values.ndim == 1 and len(np.unique(values[:100_000])) <= 20:
        return "step"
    return "continuous"


def turns_in_another_unit(values: np.ndarray, unit: str) -> bool:
    """Whether angles that are said to be in radians go once round in degrees, or the other way round: they fill that circle, and leap from
    one of its ends to the other, as no head turns in a sample."""
    turn = TURNS["rad" if unit == "deg" else "deg"]
    finite = values[np.isfinite(values)].astype(np.float64)
    if values.ndim != 1 or len(finite) < 2 or turn_of(finite) != turn or finite.max() - finite.min() < 0.9 * turn:
        return False
    leaps = np.abs(np.diff(finite))
    return bool((leaps > 0.5 * turn).any()) and float(np.mean(leaps > 0.5 * turn)) < 0.2


def turn_of(values: np.ndarray) -> float | None:
    """What a full turn is in these angles, 2 pi or 360, from their range; None if they look like neither."""
    low, high = float(values.min()), float(values.max())
    for turn in (FULL_TURN, 360.0):
        slack = 1e-3 * turn
        if high - low <= turn + slack and high - low > 0.4 * turn and low >= -turn / 2 - slack and high <= turn + slack:
            return turn
    return None

"""The kind of quantity of a series (angle, step or plain number) from its unit, name and values."""

from __future__ import annotations

import re

import numpy as np

from glmengine.io.lost_samples import measured_ones
from glmengine.io.raw import RawSeries
from glmengine.recording.covariate_names import ANGLE_NAME
from glmengine.timegrid.angles import FULL_TURN

IN_ITS_NAME = re.compile(r"_(deg|rad)$", re.IGNORECASE)
"""A unit of angles."""

TURNS = {"rad": FULL_TURN, "deg": 360.0}

MOST_STEPS = 20
"""Different whole numbers up to which a series is one of steps."""

LEAP, FEWEST_LEAPS, MOST_LEAPS, MANY = 0.7, 3, 0.05, 100
"""Share of their range over which angles leap where they come round, how often they must and how often they may, and of how many."""

ON_A_LINE = re.compile(r"eye|gaze|pupil|wheel|pitch|roll|tilt|elevation", re.IGNORECASE)
"""What is measured in degrees or radians but does not go round, unless its values fill a circle."""


def kind_of(series: RawSeries, unit: str) -> str:
    """Angle where unit, name and values say so (two of the three); step where boolean or a few whole numbers."""
    values = series.values
    if values.dtype.kind == "b":
        return "step"
    named = ANGLE_NAME.search(series.name) or IN_ITS_NAME.search(series.name)
    if unit in ("rad", "deg"):
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        round_it = len(finite) > 0 and (turn_of(finite) == TURNS[unit] or turns_in_another_unit(values, unit))
        return "angle" if round_it or (named and not ON_A_LINE.search(series.name)) else "continuous"
    if not unit and named and values.ndim == 1 and values.dtype.kind in "uif":
        finite = measured_ones(values)
        many = values.dtype.kind == "f" or len(np.unique(finite[:100_000])) > MOST_STEPS
        if len(finite) and many and turn_of(finite) is not None:
            return "angle"
    if values.dtype.kind in "ui" and values.ndim == 1 and len(np.unique(values[:100_000])) <= MOST_STEPS:
        return "step"
    return "continuous"


def turn_seen(values: np.ndarray) -> float | None:
    """The length of a turn in these angles (T,) in time order: how far it is from the end to which they go to the other, where they leap to it;
    None where they do not leap."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if len(finite) < MANY:
        return None
    low, high = np.quantile(finite, [0.001, 0.999])
    leaps = np.abs(np.diff(finite)) > LEAP * (high - low)
    if high <= low or leaps.sum() < FEWEST_LEAPS or leaps.mean() > MOST_LEAPS:
        return None
    # what is drawn at random, or comes in few steps, leaps too, but not from one end to the other and else hardly at all
    between = np.abs(np.diff(finite))[~leaps]
    return float(high - low) if np.quantile(between, 0.99) < 0.5 * LEAP * (high - low) else None


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

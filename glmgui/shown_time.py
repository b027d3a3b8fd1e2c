"""Times that work takes and still takes, in words."""

from __future__ import annotations

import math

from glmengine.sentences import percent


def time_left(seconds: float) -> str:
    """A time that is still to come, in words."""
    if seconds < 1.5:
        return "1 s"
    if seconds < 99:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def how_far(fraction: float, seconds_left: float | None) -> str:
    """How much of a piece of work is done and how long it still takes: the one way in which every part of the window says it."""
    return percent(fraction) if seconds_left is None else f"{percent(fraction)}, {time_left(seconds_left)} left"


def duration(seconds: float) -> str:
    """A time that something took, in words; empty where it is not known."""
    if math.isnan(seconds):
        return ""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"

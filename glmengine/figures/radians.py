"""Ticks of axes of angles: an angle is in radians wherever it is shown, written as a fraction of pi where a tick is one."""

from __future__ import annotations

import math

import numpy as np

RADIANS = "rad"
_STEPS = (math.pi / 4, math.pi / 2, *(math.pi * 2.0**power for power in range(20)))
_FEWEST = 3  # of fewer nobody could tell the step
_HAIR = 1e-6


def pi_ticks(low: float, high: float, most: int = 6) -> tuple[float, list[float]]:
    """Multiples of a fraction of pi from `low` to `high`, no more than `most`, and their step; none where so short an axis holds too few."""
    for step in _STEPS:
        first, last = math.ceil(low / step - _HAIR), math.floor(high / step + _HAIR)
        count = last - first + 1
        if count < _FEWEST:
            break
        if count <= most:
            return step, [number * step for number in range(first, last + 1)]
    return 0.0, []


def pi_text(angle: float) -> str:
    """A multiple of a quarter of pi in words: ``0``, ``π/2``, ``-3π/4``, ``2π``."""
    quarters = round(angle / (math.pi / 4))
    shared = math.gcd(quarters, 4)
    over, under = quarters // shared, 4 // shared
    if not over:
        return "0"
    times = {1: "", -1: "-"}.get(over, str(over))
    return f"{times}\u03c0" + (f"/{under}" if under > 1 else "")


QUARTERS = tuple((turn * 2 * np.pi, pi_text(turn * 2 * np.pi)) for turn in (0.0, 0.25, 0.5, 0.75))
"""Right, top, left and bottom of a circle, with what is written there."""

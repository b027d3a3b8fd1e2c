"""Rings of a polar plot: round values, the last one at or beyond the largest value that is drawn."""

from __future__ import annotations

import numpy as np

_STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 8.0, 10.0)  # times a power of ten
_COUNTS = (2, 3)  # more would crowd their numbers in a small plot
_HAIR = 1e-9


def round_rings(most: float) -> tuple[float, ...]:
    """Values of two or three equally spaced rings, from the inside out, for values up to `most`; 0.5 and 1 where there are none above 0.

    Of all such rings those whose outermost is the smallest that holds everything, and of equal ones the fewest.
    """
    if not (np.isfinite(most) and most > 0):
        return (0.5, 1.0)
    scale = 10.0 ** np.floor(np.log10(most / max(_COUNTS)))
    choices = [
        (step * scale * count, count, step) for count in _COUNTS for step in _STEPS if step * scale * count >= most * (1 - _HAIR)
    ]
    _, count, step = min(choices)
    return tuple(float(f"{step * scale * number:.6g}") for number in range(1, count + 1))

"""Angles brought to one turn of the circle."""

from __future__ import annotations

import numpy as np

FULL_TURN = 2 * np.pi


def wrapped(angles: np.ndarray) -> np.ndarray:
    """Angles in [0, 2 pi)."""
    turned = np.mod(angles, FULL_TURN)
    return np.where(turned >= FULL_TURN, 0.0, turned)

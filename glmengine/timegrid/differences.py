"""Second differences of neighbouring coefficients, which say how rough a function is."""

from __future__ import annotations

import numpy as np


def second_differences(n: int, *, circular: bool = False) -> np.ndarray:
    """D'D (n, n) of the second differences of n coefficients, in a ring where `circular`; zero for fewer than three."""
    if n < 3:
        return np.zeros((n, n))
    identity = np.eye(n)
    if circular:
        differences = np.roll(identity, 1, axis=1) - 2 * identity + np.roll(identity, -1, axis=1)
    else:
        differences = np.diff(identity, n=2, axis=0)
    return differences.T @ differences

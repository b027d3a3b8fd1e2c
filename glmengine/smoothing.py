"""Stretches of samples without gaps, and smoothing within them."""

from __future__ import annotations

import numpy as np


def runs(times: np.ndarray, valid: np.ndarray, gap: float) -> list[np.ndarray]:
    """Rows of each stretch of valid samples without a gap longer than `gap` seconds."""
    rows = np.flatnonzero(valid)
    if not rows.size:
        return []
    return np.split(rows, np.flatnonzero(np.diff(times[rows]) > gap) + 1)


def smoothed(times: np.ndarray, values: np.ndarray, sigma: float) -> np.ndarray:
    """`values` smoothed by a Gaussian of `sigma` seconds, renormalised at the ends."""
    from scipy.ndimage import gaussian_filter1d

    period = float(np.median(np.diff(times)))
    if not sigma or not period:
        return values
    width = sigma / period
    weight = gaussian_filter1d(np.ones(len(times)), width, mode="constant")
    return gaussian_filter1d(values, width, axis=0, mode="constant") / weight[:, None]

"""Stretches of samples without gaps, and local linear smoothing within them."""

from __future__ import annotations

import numpy as np

_REGULAR = 0.02
"""Steps between samples may differ from their median by this share of it and still count as regular."""

_MOST_FINER = 20


def runs(times: np.ndarray, valid: np.ndarray, gap: float) -> list[np.ndarray]:
    """Rows of each stretch of valid samples without a gap longer than `gap` seconds."""
    rows = np.flatnonzero(valid)
    if not rows.size:
        return []
    return np.split(rows, np.flatnonzero(np.diff(times[rows]) > gap) + 1)


def smoothed(times: np.ndarray, values: np.ndarray, sigma: float) -> np.ndarray:
    """`values` (n, c) at increasing `times` (s), smoothed by local lines under a Gaussian of standard deviation `sigma` (s).

    A line fitted at each sample, weighted by the Gaussian, keeps steady movement steady up to the ends of a stretch, where a plain
    average would slow it down (Fan and Gijbels 1996). Irregular samples are brought to regular times first, and back.
    """
    from scipy.interpolate import CubicSpline

    steps = np.diff(times)
    period = float(np.median(steps)) if len(steps) else 0.0
    if not sigma or not period > 0:
        return values
    if np.abs(steps - period).max() <= _REGULAR * period:
        return _local_lines(values, sigma / period)
    n = int(np.clip(np.ceil((times[-1] - times[0]) / period), 1, _MOST_FINER * len(times))) + 1
    regular = np.linspace(times[0], times[-1], n)
    spread = np.column_stack([np.interp(regular, times, part) for part in values.T])
    smooth = _local_lines(spread, sigma / (regular[1] - regular[0]))
    if n < 4:
        return np.column_stack([np.interp(times, regular, part) for part in smooth.T])
    return CubicSpline(regular, smooth, axis=0)(times)  # straight lines would leave kinks, which a derivative sees


def _local_lines(values: np.ndarray, width: float) -> np.ndarray:
    """(n, c) the value at each sample of the line fitted around it, `width` the Gaussian's standard deviation in samples."""
    from scipy.ndimage import correlate1d

    reach = min(int(4 * width + 0.5), len(values))
    if reach < 1:
        return values
    lag = np.arange(-reach, reach + 1, dtype=np.float64)
    weight = np.exp(-0.5 * (lag / width) ** 2)
    weight /= weight.sum()

    def over(data: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        return correlate1d(data, kernel, axis=0, mode="constant")

    ones = np.ones((len(values), 1))
    s0, s1, s2 = over(ones, weight), over(ones, weight * lag), over(ones, weight * lag**2)
    return (s2 * over(values, weight) - s1 * over(values, weight * lag)) / (s0 * s2 - s1**2)

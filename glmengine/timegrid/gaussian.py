"""Series smoothed under a Gaussian, within the stretches in which they are known."""

from __future__ import annotations

import numpy as np


def smooth_known(values: np.ndarray, width: float) -> np.ndarray:
    """(T,) means of what is known, weighted by a Gaussian: a spike at an end counts once, not as if it went on beyond.

    Parameters
    ----------
    values : (T,) array
        NaN where nothing is known, and there in the result too.
    width : float
        Standard deviation in bins.
    """
    from scipy.ndimage import gaussian_filter1d

    known = np.isfinite(values)
    width = max(width, 1e-6)
    weights = gaussian_filter1d(known.astype(np.float64), width, mode="constant")
    sums = gaussian_filter1d(np.where(known, values, 0.0), width, mode="constant")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(known, sums / weights, np.nan)

"""Benjamini-Hochberg: what p-values mean when many are looked at."""

from __future__ import annotations

import numpy as np


def false_discovery_rate(p: np.ndarray) -> np.ndarray:
    """The smallest false discovery rate at which each of many tests would be called significant (q; Benjamini & Hochberg 1995).

    Parameters
    ----------
    p : array of any shape
        NaN for what was not tested, which does not count.

    Returns
    -------
    array of the same shape
    """
    p = np.asarray(p, np.float64)
    q = np.full(p.shape, np.nan)
    tested = np.isfinite(p)
    values = p[tested]
    order = np.argsort(values, kind="stable")
    raw = values[order] * values.size / np.arange(1, values.size + 1)
    found = np.empty(values.size)
    found[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
    q[tested] = found
    return q

"""How often signals filtered by kernels are other than zero, from when the signals are."""

from __future__ import annotations

import numpy as np

SAMPLED = 2048
"""Rows whose windows are looked at."""


def filtered_shares(values: np.ndarray, lags: np.ndarray, kernel: np.ndarray, index: np.ndarray) -> np.ndarray:
    """(C * n,) share of the rows `index` in whose window, as long as each kernel (L, n) is not zero, a signal of (T, C) is not zero."""
    rows = index[np.linspace(0, index.size - 1, min(SAMPLED, index.size)).astype(int)] if index.size else index
    near = np.zeros((rows.size, values.shape[1], kernel.shape[1]), bool)
    for lag, taps in zip(lags.tolist(), kernel != 0, strict=True):
        if taps.any():
            there = values[np.clip(rows - lag, 0, len(values) - 1)] != 0
            near[:, :, taps] |= there[:, :, None]
    return near.reshape(rows.size, values.shape[1] * kernel.shape[1]).sum(axis=0) / max(rows.size, 1)

"""Which recorded values lie inside the bands of simulations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


def within_band(arrays: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Of arrays with ``data``, ``low`` and ``high`` which values lie inside the band, and of which that is known: two bool arrays."""
    data, low, high = (arrays[name].values for name in ("data", "low", "high"))
    known = np.isfinite(data) & np.isfinite(low)
    return (data >= low) & (data <= high) & known, known

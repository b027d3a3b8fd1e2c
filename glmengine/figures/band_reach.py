"""How far an axis follows the band of a curve, and the ends of a band that is drawn no further."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from glmengine.figures.drawing import Curve

MOST_BAND = 3.0
"""How many times as far from zero as curves and data a band may draw the end of an axis."""


def seen_height(curves: Sequence[ArrayLike], ends: Sequence[ArrayLike]) -> tuple[float, float] | None:
    """Where an axis ends that shows curves and data whole, and of their bands no more than `MOST_BAND` times the largest of those.

    The band of a unit with next to no penalty, or whose fit was stopped, can be many orders of magnitude above its curve, and would
    flatten all the rest.

    Parameters
    ----------
    curves : sequence of (n,) float
        Values of curves and of data, NaN where there are none.
    ends : sequence of (n,) float
        Ends of their bands, NaN where there are none.

    Returns
    -------
    (float, float) or None
        Lowest and highest value that are shown; None where no band reaches so far, or all curves are zero.
    """
    known, band = _pooled(curves), _pooled(ends)
    known = known[np.isfinite(known)]
    reach = MOST_BAND * float(np.abs(known).max(initial=0.0))
    if not reach or not band.size or (band.min() >= -reach and band.max() <= reach):
        return None
    return min(float(known.min()), max(float(band.min()), -reach)), max(float(known.max()), min(float(band.max()), reach))


def height_of(curves: Sequence[Curve]) -> tuple[float, float] | None:
    """`seen_height` of the curves of a drawing."""
    ends = [end for curve in curves for end in (curve.low, curve.high) if end is not None]
    return seen_height([curve.y for curve in curves], ends)


def ends_near(values: ArrayLike, height: tuple[float, float] | None) -> np.ndarray:
    """Ends (n,) of a band as they are drawn on an axis of this height: beyond what is seen, but not so far that it cannot be painted."""
    values = np.asarray(values, float)
    if height is None:
        return values
    low, high = height
    return np.clip(values, low - (high - low), high + (high - low))


def _pooled(parts: Sequence[ArrayLike]) -> np.ndarray:
    """All values but NaN."""
    pooled = np.concatenate([np.asarray(part, float).ravel() for part in parts]) if parts else np.empty(0)
    return pooled[~np.isnan(pooled)]

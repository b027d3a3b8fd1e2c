"""How far an axis follows the band of a curve and points that say little, and the ends of a band that is drawn no further."""

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


BEYOND = 0.5
"""How far beyond all that is settled, as a share of its height, other points are still shown."""

_MARGIN = 0.05


def height_of(curves: Sequence[Curve], *, cut_bands: bool = True) -> tuple[float, float] | None:
    """Where an axis ends that shows the curves of a drawing; None where it ends as usual, beyond all there is.

    With `cut_bands` it follows bands as `seen_height` says. Points that are not settled (`Curve.settled`) run out of the picture where they
    lie far beyond those that are.
    """
    ends = [_where(end, curve.settled) for curve in curves for end in (curve.low, curve.high) if end is not None]
    values = [_where(curve.y, curve.settled) for curve in curves]
    height = seen_height(values, ends) if cut_bands else None
    if height is not None or all(curve.settled is None for curve in curves):
        return height
    known, every = (part[np.isfinite(part)] for part in (_pooled([*values, *ends]), _pooled(_all_of(curves))))
    if not known.size:
        return None
    low, high = float(known.min()), float(known.max())
    span = high - min(low, 0.0)
    far_above, far_below = every.max() > high + BEYOND * span, every.min() < low - BEYOND * span
    if not far_above and not far_below:
        return None
    low, high = low if far_below else float(every.min()), high if far_above else float(every.max())
    return low - _MARGIN * span if low < 0 else max(low - _MARGIN * span, 0.0), high + _MARGIN * span


def _all_of(curves: Sequence[Curve]) -> list[np.ndarray]:
    """Values and ends of bands of curves, settled or not."""
    return [np.asarray(part, float) for curve in curves for part in (curve.y, curve.low, curve.high) if part is not None]


def _where(values: ArrayLike, settled: np.ndarray | None) -> np.ndarray:
    """The settled ones, NaN in place of the others."""
    values = np.asarray(values, float)
    return values if settled is None else np.where(settled, values, np.nan)


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

"""Points, stretches and ends of curves, as they are drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from glmengine.figures.band_reach import ends_near
from glmengine.figures.drawing import Curve as PlainCurve
from glmgui.drawings.series import Curve


def nearest_index(ascending: np.ndarray, x: float) -> int:
    """The place of the value of an ascending array that is nearest to `x`."""
    after = min(int(np.searchsorted(ascending, x)), len(ascending) - 1)
    before = max(after - 1, 0)
    return before if abs(ascending[before] - x) <= abs(ascending[after] - x) else after


def range_of(values: np.ndarray) -> tuple[float, float]:
    """The least and the largest value that is known; NaN where none is."""
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    return (float(known.min()), float(known.max())) if known.size else (np.nan, np.nan)


def with_band_cut(curve: Curve, height: tuple[float, float] | None) -> Curve:
    """A curve whose band is drawn no further than a plot of this height needs it."""
    if height is None or curve.low is None or curve.high is None:
        return curve
    return replace(curve, low=ends_near(curve.low, height), high=ends_near(curve.high, height))


def part_within(curve: Curve, start: float, stop: float) -> PlainCurve:
    """The part of a curve that is seen, with all its samples."""
    seen = (np.asarray(curve.x, float) >= start) & (np.asarray(curve.x, float) <= stop)
    parts = (curve.x, curve.y, curve.low, curve.high, curve.settled)
    x, y, low, high, settled = (None if part is None else np.asarray(part)[seen] for part in parts)
    return PlainCurve(curve.name, x, y, low, high, curve.look, curve.colour, curve.width, curve.band, settled)


def outline(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """The points that a curve's line goes through; dots without those that have no place."""
    x, y = np.asarray(curve.x, float), np.asarray(curve.y, float)
    if curve.look == "dots":
        placed = np.isfinite(x) & np.isfinite(y)
        return x[placed], y[placed]
    return _steps(x, y) if curve.look == "steps" else (x, y)


def stretches_of_band(curve: Curve) -> list[slice]:
    """Where the band of a curve has both ends, of two points or more; none where it has no band."""
    if curve.low is None or curve.high is None:
        return []
    good = np.isfinite(np.asarray(curve.x, float)) & np.isfinite(np.asarray(curve.low, float)) & np.isfinite(curve.high)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(np.int8), [0]])))
    return [slice(start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True) if stop - start > 1]


def _steps(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges and heights of a line that is flat over each bin around `x`."""
    if len(x) < 2:
        return x, y
    half = np.median(np.diff(x)) / 2
    return np.stack([x - half, x + half], axis=1).ravel(), np.repeat(y, 2)

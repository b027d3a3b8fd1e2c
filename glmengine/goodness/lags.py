"""Residuals against lag: their autocorrelation, and observed against expected spikes at each lag after the unit's own spikes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmengine.context import SILENT, Context, Progress
from glmengine.goodness.observations import Series

_SAID = 4  # lags after which it is said how far it is


@dataclass(frozen=True)
class LagResiduals:
    """One unit's residuals by lag 1 .. L bins.

    Attributes
    ----------
    correlation, half : (L,)
        Autocorrelation of the residuals and half its 95 % band.
    ratio : (L,)
        Spikes over expected spikes at this lag after a spike; NaN for signals and where less than one is expected.
    z : (L,)
        Their difference over its standard deviation under the model.
    """

    correlation: np.ndarray
    half: np.ndarray
    ratio: np.ndarray
    z: np.ndarray


@dataclass(frozen=True)
class LagBands:
    """Score tests of what the spikes of some lags add to the model: one number per band of lags, bands twice as wide each time.

    Attributes
    ----------
    first, last : (G,) int
        Lags in bins, both in the band.
    z : (G,)
        Positive where the unit fires more after its own spikes than the model says.
    ratio : (G,)
        Observed over expected spikes in the bins that follow a spike by these lags.
    """

    first: np.ndarray
    last: np.ndarray
    z: np.ndarray
    ratio: np.ndarray


def lag_residuals(series: Series, n_lags: int, context: Context = SILENT) -> LagResiduals:
    """Residuals of bins that lie in one stretch, 1 to `n_lags` apart."""
    residual, spread, run = series.residual, series.spread, series.run
    total = len(residual)
    correlation, half, ratio, z = (np.full(n_lags, np.nan) for _ in range(4))
    spikes = np.flatnonzero(series.used & (series.observed > 0)) if series.has_events else np.zeros(0, int)
    weight = series.observed[spikes]
    used = series.used
    for lag in range(1, min(n_lags, total - 1) + 1):
        if lag % _SAID == 0:
            context.check()
            context.report(Progress("", lag / n_lags))
        apart = np.flatnonzero((run[lag:] != run[:-lag]) | ~used[lag:])  # few; what is not used has no residual and no spread
        left = spread[apart]
        scale = np.sqrt(max(spread[:-lag] @ spread[lag:] - left @ spread[apart + lag], 0.0))
        if scale > 0:
            norm = np.sum(spread[:-lag]) - np.sum(left)
            sums = residual[:-lag] @ residual[lag:] - residual[apart] @ residual[apart + lag]
            correlation[lag - 1] = sums / norm
            half[lag - 1] = 1.959963984540054 * scale / norm
        target = spikes + lag
        kept = target < total
        kept[kept] &= (run[target[kept]] == run[spikes[kept]]) & used[target[kept]]
        if not kept.any():
            continue
        rows, times = target[kept], weight[kept]
        seen, expected = np.sum(times * series.observed[rows]), np.sum(times * series.expected[rows])
        variance = np.sum(times**2 * series.variance[rows])
        if expected >= 1.0:
            ratio[lag - 1] = seen / expected
        if variance > 0:
            z[lag - 1] = (seen - expected) / np.sqrt(variance)
    return LagResiduals(correlation, half, ratio, z)


def lag_bands(series: Series, n_lags: int) -> LagBands:
    """Score tests over bands of lags 1, 2, 3-4, 5-8, ... up to `n_lags` bins; none for signals, whose autocorrelation says it."""
    edges = [1]
    while edges[-1] <= n_lags:
        edges.append(max(2 * (edges[-1] - 1) + 1, edges[-1] + 1))
    first, last = np.array(edges[:-1]), np.minimum(np.array(edges[1:]) - 1, n_lags)
    z, ratio = np.full(len(first), np.nan), np.full(len(first), np.nan)
    if not series.has_events or not series.used.any():
        return LagBands(first, last, z, ratio)
    counts = np.where(series.used, series.observed, 0.0)
    sums = np.concatenate([[0.0], np.cumsum(counts)])
    rows = np.arange(len(counts))
    begins = np.flatnonzero(np.diff(series.run, prepend=-2))
    start = np.repeat(begins, np.diff([*begins, len(counts)]))
    spread, residual, mean = series.spread, series.residual, np.where(series.used, series.expected, 0.0)
    whole = spread.sum()
    for place, (near, far) in enumerate(zip(first, last, strict=True)):
        past = sums[np.maximum(rows - near + 1, start)] - sums[np.maximum(rows - far, start)]
        centred = past - (np.sum(past * spread) / whole if whole > 0 else 0.0)
        variance = np.sum(centred**2 * spread)
        expected = np.sum(past * mean)
        if variance > 0 and expected >= 1.0:
            z[place] = np.sum(centred * residual) / np.sqrt(variance)
            ratio[place] = np.sum(past * counts) / expected
    return LagBands(first, last, z, ratio)

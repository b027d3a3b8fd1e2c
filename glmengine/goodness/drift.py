"""Slow drift of a unit over the session, beyond what the model explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmengine.goodness.observations import Series, block_numbers

_WAVES = 4  # cosines of up to so many half periods over the session are slow
_EXPECTED = 8.0  # spikes in a block at least
_BLOCKS = (16, 100)


@dataclass(frozen=True)
class Drift:
    """One unit.

    Attributes
    ----------
    p : float
        Of the slow cosines explaining so much of the residuals of blocks of time by chance (F test): what varies from block to block makes
        the rest larger too, and is not called drift.
    ratio : float
        Highest over lowest gain of the slow part.
    change : float
        Gain at the end over that at the beginning.
    """

    p: float
    ratio: float
    change: float


def drift(series: Series) -> Drift:
    """Regress the residual gain of blocks of time on the first cosines of the session."""
    nothing = Drift(np.nan, np.nan, np.nan)
    if series.has_events:
        total = np.nansum(series.expected)
        blocks = int(min(total / _EXPECTED, _BLOCKS[1]))
    else:
        blocks = int(min(series.used.sum() / 5, _BLOCKS[1]))
    if blocks < _BLOCKS[0]:
        return nothing
    number = block_numbers(series.used, blocks)
    kept = number >= 0
    d = np.bincount(number[kept], weights=series.residual[kept], minlength=blocks)
    v = np.bincount(number[kept], weights=series.spread[kept], minlength=blocks)
    scale = v if series.has_events else np.bincount(number[kept], weights=np.abs(series.expected[kept]), minlength=blocks)
    if not (v > 0).all() or not (scale > 0).all():
        return nothing
    place = (np.arange(blocks) + 0.5) / blocks
    waves = np.column_stack([np.ones(blocks), *(np.cos(np.pi * k * place) for k in range(1, _WAVES + 1))])
    # weighted least squares of the gain d / scale, whose variance is v / scale^2
    root = scale / np.sqrt(v)
    response = d / np.sqrt(v)
    coefficients, *_ = np.linalg.lstsq(waves * root[:, None], response, rcond=None)
    left = np.sum((response - (waves @ coefficients) * root) ** 2)
    flat = np.sum(root * response) / np.sum(root**2)
    before = np.sum((response - flat * root) ** 2)
    free = blocks - _WAVES - 1
    if not left > 0:
        return nothing
    from scipy.special import fdtrc

    statistic = max(before - left, 0.0) / _WAVES / (left / free)
    gain = np.maximum(1.0 + waves @ coefficients, 0.02)
    return Drift(float(fdtrc(_WAVES, free, statistic)), float(gain.max() / gain.min()), float(gain[-1] / gain[0]))

"""Slow drift of a unit over the session, beyond what the model explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.fitting.coefficients import Coefficients
from glmengine.goodness.observations import Series, block_numbers, observe
from glmengine.sentences import listed

if TYPE_CHECKING:
    from glmengine.design.prepare import Prepared

_WAVES = 4  # cosines of up to so many half periods over the session are slow
_EXPECTED = 8.0  # spikes in a block at least
_BLOCKS = (16, 100)
_SMALL_P = 1e-3
_GAIN = 1.25  # slow gain that is called a drift

REMEDIES = "add a slow term over time (a tuning to a derived covariate of kind 'drift'), or fit a steadier stretch"


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

    @property
    def noticed(self) -> bool:
        """Whether it is so sure and so large that it is said."""
        return bool(self.p < _SMALL_P and self.ratio > _GAIN)


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


def drifting_units(prepared: Prepared, model: Coefficients, context: Context = SILENT) -> dict[str, Drift]:
    """The units whose rate is noticed to drift over the session beyond the model, a few at a time."""
    n_units = len(model.units)
    size = max(1, int(model.analysis.model.memory * 1e9 / (8.0 * 8 * max(prepared.grid.n_bins, 1))))
    found = {}
    for first in range(0, n_units, size):
        group = range(first, min(first + size, n_units))
        seen = observe(prepared, model, group, context=context.part(first / n_units, group.stop / n_units))
        own = {model.units[unit]: drift(seen.series(at)) for at, unit in enumerate(group)}
        found |= {name: one for name, one in own.items() if one.noticed}
    return found


def drift_notes(found: dict[str, Drift], terms: Sequence[str]) -> tuple[str, ...]:
    """What is said of units that drift, and what can be done about it; nothing where none does."""
    if not found:
        return ()
    most = max(found, key=lambda name: found[name].ratio)
    tested = f", and test {listed(terms, 4)} by shifts" if terms else ""
    which = f"most in {most}: " if len(found) > 1 else ""
    return (
        f"Beyond the model the rate drifts over the session in {listed(found, 8)} ({which}{found[most].ratio:.3g} times from lowest "
        f"to highest), so that p-values which take bins for independent are too small: {REMEDIES}{tested}.",
    )

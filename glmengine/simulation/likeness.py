"""Words on how many recorded values lie inside the bands of simulations, and whether chance leaves so many outside."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from glmengine.sentences import percent
from glmengine.simulation.bands import within_band

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.simulation.comparison import SurrogateComparison

LEVEL = 0.05
"""p of the recorded spikes among the simulated ones below which they are called unlike: with 32 simulations where they are the most unlike of all."""

_CHANCE = 1e-3
"""Neighbouring lags go together, so that more than a binomial share of them leaves the band by chance."""

_FEW = 50
"""Values of which the number inside is said; of more the share."""


def p_of(found: SurrogateComparison | None, unit: str) -> float:
    """p of the recorded spikes of a unit among the simulated ones; NaN where it is not known, as of signals."""
    if found is None or found.likeness is None or unit not in found.likeness["unit"].values:
        return math.nan
    return float(found.likeness["p"].sel(unit=unit))


def inside(arrays: xr.Dataset, unit: str) -> tuple[int, int]:
    """How many values of a unit lie inside the band, and how many there are; of cross-correlograms those with other units."""
    own = arrays.sel(unit=unit)
    if "other" in own.dims:
        own = own.sel(other=[name for name in own["other"].values if str(name) != unit])
    there, known = within_band(own)
    return int(there.sum()), int(known.sum())


def inside_words(n: int, total: int) -> str:
    """``3 of 4``, or the share of many."""
    return f"{n} of {total}" if total < _FEW else f"{percent(n / total)} of {total:,}"


def too_few(n: int, total: int) -> bool:
    """Whether so few of the values inside a 95 % band are beyond what chance gives."""
    from scipy.stats import binom

    return total > 0 and bool(binom.cdf(n, total, 0.95) < _CHANCE)

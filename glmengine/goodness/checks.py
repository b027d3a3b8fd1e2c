"""The checks of one unit, as arrays before they are labelled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmengine.goodness.dispersion import Dispersion
from glmengine.goodness.drift import Drift
from glmengine.goodness.influence import Influence
from glmengine.goodness.lags import LagBands, LagResiduals
from glmengine.goodness.mismatch import Mismatch
from glmengine.goodness.rescaling import KolmogorovSmirnov

QUANTILES = (np.arange(100) + 0.5) / 100
N_APART = 10
N_BLOCKS = 20
N_TENTHS = 10


@dataclass(frozen=True)
class Lengths:
    """How far the checks look, in bins: after a unit's own spikes, between units, and in windows of summed residuals."""

    lags: int
    pair_lags: int
    widths: np.ndarray


@dataclass(frozen=True)
class UnitChecks:
    """Everything found of one unit."""

    rate: float
    n_spikes: float
    n_bins: int
    ks: KolmogorovSmirnov
    distribution: tuple[np.ndarray, np.ndarray, np.ndarray]
    intervals: np.ndarray
    apart: tuple[np.ndarray, np.ndarray]
    residual_quantiles: np.ndarray
    covariates: tuple[Mismatch, ...]
    time: Mismatch
    lags: LagResiduals
    bands: LagBands
    calibration: Mismatch
    dispersion: Dispersion
    windows: np.ndarray
    drift: Drift
    influence: Influence | None

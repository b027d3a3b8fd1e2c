"""Special functions of the families, free of overflow and cancellation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glmengine.models.arrays import library


def log1p_over(lib: Any, a: Any, mu: Any) -> Any:
    """log(1 + a mu) / a, which is mu for a = 0."""
    return lib.np.log1p(a * mu) / a


def hazard(eta: Any) -> Any:
    """phi(eta) / Phi(eta), the derivative of log Phi; a continued fraction where both underflow."""
    lib = library(eta)
    xp = lib.np
    far = eta < -8.0
    x = xp.where(far, -eta, 8.0)
    fraction = x
    for term in range(40, 0, -1):
        fraction = x + term / fraction
    near = xp.where(far, 0.0, eta)
    direct = xp.exp(-0.5 * near * near - 0.5 * math.log(2 * math.pi) - lib.special.log_ndtr(near))
    return xp.where(far, fraction, direct)


SMALL_DEVIANCE = 1e-4
"""Half a mean deviance below which the series of log k - digamma(k) in 1/k is exact to the last digits, and the difference is not."""


def most_likely_shape(half_deviance: np.ndarray) -> np.ndarray:
    """Shape k (1/dispersion) of the gamma family that is most likely, given half the mean deviance: log k - digamma(k) is equal to it.

    Infinite where the deviance is 0.
    """
    from scipy.special import digamma, polygamma

    s = np.asarray(half_deviance, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        k = (3.0 - s + np.sqrt((s - 3.0) ** 2 + 24.0 * s)) / (12.0 * s)  # Minka 2002, within 1.5 %
        for _ in range(6):  # Newton on 1/k
            k = 1.0 / (1.0 / k + (np.log(k) - digamma(k) - s) / (k * k * (1.0 / k - polygamma(1, k))))
        return np.where(s < SMALL_DEVIANCE, (1.0 + np.sqrt(1.0 + 4.0 * s / 3.0)) / (4.0 * s), k)


def log_normaliser(k: np.ndarray) -> np.ndarray:
    """k log k - log Gamma(k) - k, by Stirling's series where the three cancel."""
    from scipy.special import gammaln

    with np.errstate(divide="ignore", invalid="ignore"):
        series = 0.5 * np.log(k / (2.0 * math.pi)) - 1.0 / (12.0 * k) + 1.0 / (360.0 * k**3)
        return np.where(k > 1e3, series, k * np.log(k) - gammaln(k) - k)

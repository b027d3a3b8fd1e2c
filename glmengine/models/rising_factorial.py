"""Logarithms of rising factorials, in the likelihood of the negative binomial.

log[Gamma(y + 1/a) a^y / Gamma(1/a)], which for a whole y is the sum over i < y of log(1 + a i), written so that nothing cancels for a small a.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glmengine.models.arrays import library

MOST_STEPS = 2**20
"""Counts up to this are summed over step by step."""

STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
"""Coefficients of 1/x, 1/x^3, ... in what Stirling's formula leaves out of log Gamma(x) (Abramowitz & Stegun 6.1.41)."""

SMALL = 0.1
"""Below this `a` the sums are made by Stirling's formula, in which nothing cancels; above, by the gamma function."""


def are_steps(counts: np.ndarray) -> bool:
    """Whether these are whole numbers, few enough in each to be summed over step by step."""
    largest = counts.max(initial=0)
    return bool(largest < MOST_STEPS and (counts.dtype.kind in "ui" or (counts == np.floor(counts)).all()))


def rising_logs(counts: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Sum over i < count of log(1 + a i), for `a` (), (M,) or (M, 1) against counts (T,), (T, M) or (M, T)."""
    steps = np.arange(counts.max())
    if a.ndim == 0 or a.size == 1:
        return np.concatenate([[0.0], np.cumsum(np.log1p(a.reshape(()) * steps))])[counts]
    if a.ndim == 2:
        return np.stack([rising_logs(row, own) for row, own in zip(counts, a, strict=True)])
    return np.stack([rising_logs(counts[:, unit], a[unit]) for unit in range(a.size)], axis=1)


def rising(y: Any, a: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """log[Gamma(y + 1/a) a^y / Gamma(1/a)] and its first two derivatives by `a`, elementwise, for any y from 0 on.

    For a whole y it is the sum over i < y of log(1 + a i).
    """
    from scipy.special import digamma, gammaln, polygamma

    y, a = np.broadcast_arrays(np.asarray(y, float), np.asarray(a, float))
    small = a < SMALL
    direct = np.where(small, 1.0, a)
    x = 1.0 / direct
    up, bend = digamma(y + x) - digamma(x), polygamma(1, y + x) - polygamma(1, x)
    by_gamma = (
        gammaln(y + x) - gammaln(x) + y * np.log(direct),
        x * (y - x * up),
        x * x * (2.0 * x * up + x * x * bend - y),
    )
    a = np.where(small, a, SMALL)
    z = a * y
    log, ratio = np.log1p(z), 1.0 / (1.0 + z)
    value, first, second = log1p_by(y, a)
    value, first, second = value - y, first, second  # of log(1 + a y)/a - y
    value = np.where(z < 1e-3, -a * y * y * (1 / 2 - z * (1 / 3 - z * (1 / 4 - z * (1 / 5 - z / 6)))), value)
    value = value + (y - 0.5) * log
    first = first + (y - 0.5) * y * ratio
    second = second - (y - 0.5) * (y * ratio) ** 2
    q = a * ratio  # 1 / (y + 1/a), whose derivatives are ratio^2 and -2 y ratio^3
    for number, coefficient in enumerate(STIRLING):
        k = 2 * number + 1
        value = value + coefficient * (q**k - a**k)
        first = first + coefficient * k * (q ** (k - 1) * ratio**2 - a ** (k - 1))
        rest = k * (k - 1) * (q ** (k - 2) * ratio**4 - a ** (k - 2)) if k > 1 else 0.0
        second = second + coefficient * (rest - 2.0 * k * y * q ** (k - 1) * ratio**3)
    by_stirling = value, first, second
    return tuple(np.where(small, near, far) for near, far in zip(by_stirling, by_gamma, strict=True))  # type: ignore[return-value]


def log1p_by(mu: Any, a: Any) -> tuple[Any, Any, Any]:
    """log(1 + a mu)/a and its first two derivatives by `a`, written so that nothing cancels in them for a small a mu."""
    xp = library(mu, a).np
    z = a * mu
    share, log = z / (1.0 + z), xp.log1p(z)
    first = (share - log) / a**2
    second = (2.0 * (log - share) - share * share) / a**3
    small = z < 1e-3
    if xp is not np or np.any(small):
        square = mu * mu
        first = xp.where(small, square * (-1 / 2 + z * (2 / 3 - z * (3 / 4 - z * (4 / 5 - z * 5 / 6)))), first)
        second = xp.where(small, square * mu * (2 / 3 - z * (3 / 2 - z * (12 / 5 - z * (10 / 3 - z * 30 / 7)))), second)
    return log / a, first, second

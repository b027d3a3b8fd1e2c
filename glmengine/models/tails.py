"""Probabilities of less than, and of more than, an observation under each family, for quantile residuals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glmengine.models.family import Family


@dataclass(frozen=True)
class Tails:
    """Probabilities for each of N observations; both ends are given, so that nothing is lost where one of them is near 1.

    Attributes
    ----------
    below, up_to : (N,) array
        Of less than the observation, and of at most it; equal for numbers that are not counts.
    above, from_here : (N,) array
        Of more than it, and of at least it.
    """

    below: np.ndarray
    up_to: np.ndarray
    above: np.ndarray
    from_here: np.ndarray


def tails(family: Family, y: np.ndarray, mu: np.ndarray, dispersion: float) -> Tails:
    """Tail probabilities of observations `y` (N,) with means `mu` (N,).

    Those of a family without formulas of its own are summed or integrated from its log-likelihood (to about 1e-6).
    """
    if family.name in _OWN:
        return _OWN[family.name](y, mu, dispersion)
    if family.binary:
        return _binary(y, mu)
    if family.counts:
        return _summed(family, y, mu, dispersion)
    return _integrated(family, y, mu, dispersion)


def _binary(y: np.ndarray, mu: np.ndarray) -> Tails:
    fired, zero = y > 0, np.zeros_like(mu)
    return Tails(
        np.where(fired, 1.0 - mu, zero), np.where(fired, 1.0, 1.0 - mu), np.where(fired, zero, mu), np.where(fired, mu, 1.0)
    )


def _poisson(y: np.ndarray, mu: np.ndarray, dispersion: float) -> Tails:
    from scipy.special import pdtr, pdtrc

    found = Tails(np.zeros_like(mu), np.exp(-mu), -np.expm1(-mu), np.ones_like(mu))  # of no spike, as in nearly all bins
    some = np.flatnonzero(y > 0)
    n, mean = y[some], mu[some]
    found.below[some], found.up_to[some] = pdtr(n - 1.0, mean), pdtr(n, mean)
    found.above[some], found.from_here[some] = pdtrc(n, mean), pdtrc(n - 1.0, mean)
    return found


def _negative_binomial(y: np.ndarray, mu: np.ndarray, dispersion: float) -> Tails:
    from scipy.special import betainc

    size = 1.0 / dispersion
    share, rest = size / (size + mu), mu / (size + mu)
    some, less = y > 0, np.maximum(y - 1.0, 0.0)
    return Tails(
        np.where(some, betainc(size, less + 1.0, share), 0.0),
        betainc(size, y + 1.0, share),
        betainc(y + 1.0, size, rest),
        np.where(some, betainc(less + 1.0, size, rest), 1.0),
    )


def _gaussian(y: np.ndarray, mu: np.ndarray, dispersion: float) -> Tails:
    from scipy.special import ndtr

    z = (y - mu) / np.sqrt(dispersion)
    low, high = ndtr(z), ndtr(-z)
    return Tails(low, low, high, high)


def _gamma(y: np.ndarray, mu: np.ndarray, dispersion: float) -> Tails:
    from scipy.special import gammainc, gammaincc

    shape = 1.0 / dispersion
    low, high = gammainc(shape, shape * y / mu), gammaincc(shape, shape * y / mu)
    return Tails(low, low, high, high)


_OWN: dict[str, Callable[[np.ndarray, np.ndarray, float], Tails]] = {
    "poisson": _poisson,
    "negative_binomial": _negative_binomial,
    "gaussian": _gaussian,
    "gamma": _gamma,
}


def _summed(family: Family, y: np.ndarray, mu: np.ndarray, dispersion: float) -> Tails:
    """Of counts: probabilities added from 0 on."""
    below, at = np.zeros_like(mu), np.zeros_like(mu)
    for count in range(int(y.max(initial=0)) + 1):
        chance = np.exp(family.log_likelihood(mu, np.full_like(mu, float(count)), dispersion))
        below += np.where(count < y, chance, 0.0)
        at = np.where(count == y, chance, at)
    up_to = np.minimum(below + at, 1.0)
    return Tails(below, up_to, 1.0 - up_to, np.maximum(1.0 - below, 0.0))


_NODES = 80


def _integrated(family: Family, y: np.ndarray, mu: np.ndarray, dispersion: float) -> Tails:
    """Of numbers: Gauss-Legendre quadrature of the density, from 0 or along a half line that is bent into an interval."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    place, weights = 0.5 * (nodes + 1.0), 0.5 * weights
    low = np.zeros_like(mu)
    scale = np.sqrt(np.asarray(family.variance(mu, dispersion)) * dispersion)
    for v, w in zip(place, weights, strict=True):
        if family.positive:
            point, slope = y * v**3, 3.0 * y * v**2  # most of the nodes near 0, where a density may rise steeply
        else:
            point, slope = y - scale * v / (1.0 - v), scale / (1.0 - v) ** 2
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            density = np.exp(family.log_likelihood(mu, point, dispersion)) * slope
        low += w * np.where(np.isfinite(density), density, 0.0)
    low = np.clip(low, 0.0, 1.0)
    return Tails(low, low, 1.0 - low, 1.0 - low)

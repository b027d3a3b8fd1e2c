"""Families of continuous observations: Gaussian and gamma."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from glmengine.models.arrays import library
from glmengine.models.domain import feasible, within_domain
from glmengine.models.family import Family
from glmengine.models.links import Link
from glmengine.models.special_functions import log_normaliser, most_likely_shape


@dataclass(frozen=True)
class Gaussian(Family):
    """Continuous observations of constant variance; the loss is the squared error (without 1/2)."""

    name: ClassVar[str] = "gaussian"
    title: ClassVar[str] = "Gaussian"
    links: ClassVar[tuple[str, ...]] = ("identity", "log", "softplus")
    canonical: ClassVar[str] = "identity"
    convex: ClassVar[tuple[str, ...]] = ("identity",)
    quadratic: ClassVar[tuple[str, ...]] = ("identity",)
    free_scale: ClassVar[bool] = True
    unitless: ClassVar[bool] = False
    loss_factor: ClassVar[float] = 2.0

    def evaluate(self, eta: Any, y: Any, link: Link, dispersion: Any = None) -> tuple[Any, Any, Any, Any]:
        if link.name == "identity":
            error = y - eta
            twice = library(error).np.full_like(error, 2.0)
            return error * error, -2.0 * error, twice, twice
        mu, slope, curve = link.slopes(eta)
        error = y - mu
        fisher = 2.0 * slope * slope
        return error * error, -2.0 * error * slope, fisher, fisher - 2.0 * error * curve

    def variance(self, mu: Any, dispersion: Any = None) -> Any:
        return library(mu).np.ones_like(mu)

    def log_likelihood(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        xp = library(mu, y, dispersion).np
        scale = 1.0 if dispersion is None else dispersion
        return -0.5 * ((y - mu) ** 2 / scale + xp.log(2.0 * math.pi * scale))

    def deviance(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        return (y - mu) ** 2


@dataclass(frozen=True)
class Gamma(Family):
    """Positive observations with standard deviation proportional to the mean; loss y/mu + log mu."""

    name: ClassVar[str] = "gamma"
    title: ClassVar[str] = "Gamma"
    links: ClassVar[tuple[str, ...]] = ("log", "inverse", "softplus", "identity")
    canonical: ClassVar[str] = "inverse"
    convex: ClassVar[tuple[str, ...]] = ("log", "inverse")
    positive: ClassVar[bool] = True
    free_scale: ClassVar[bool] = True

    def evaluate(self, eta: Any, y: Any, link: Link, dispersion: Any = None) -> tuple[Any, Any, Any, Any]:
        xp = library(eta, y).np
        if link.name == "log":
            part = y * link.mean(-eta)
            return part + eta, 1.0 - part, xp.ones_like(part), part
        if link.name == "softplus":
            far = xp.maximum(eta, -300.0)  # y / mean stays finite
            log_mu, ratio, bend = link.log_slopes(far)
            part = y * xp.exp(-log_mu)
            square = ratio * ratio
            return part + log_mu, (1.0 - part) * ratio, square, bend - square + part * (2.0 * square - bend)
        inside, safe = within_domain(xp, eta)
        if link.name == "inverse":
            square = 1.0 / (safe * safe)
            return feasible(xp, inside, y * safe - xp.log(safe), y - 1.0 / safe, square, square)
        part = y / safe
        square = 1.0 / (safe * safe)
        return feasible(xp, inside, part + xp.log(safe), (1.0 - part) / safe, square, (2.0 * part - 1.0) * square)

    def variance(self, mu: Any, dispersion: Any = None) -> Any:
        return mu * mu

    def log_likelihood(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        lib = library(mu, y, dispersion)
        shape = 1.0 / (1.0 if dispersion is None else dispersion)
        part = shape * y / mu
        return shape * lib.np.log(part) - part - lib.np.log(y) - lib.special.gammaln(shape)

    def deviance(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        ratio = y / mu
        return 2.0 * (ratio - 1.0 - library(mu, y).np.log(ratio))

    def at_best_scale(self, log_likelihood: np.ndarray, deviance: np.ndarray, n: np.ndarray) -> np.ndarray:
        half = 0.5 * np.maximum(deviance, 0.0)
        shape = most_likely_shape(half / n)
        with np.errstate(divide="ignore", invalid="ignore"):
            # log-likelihoods at two shapes differ by what the deviance and n alone say
            best = log_likelihood + n * (log_normaliser(shape) + 1.0) - (shape - 1.0) * half
        return np.where((half == 0) & np.isfinite(log_likelihood), np.inf, best)

"""Families of counts: Poisson and negative binomial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from glmengine.models.arrays import library
from glmengine.models.domain import feasible, within_domain
from glmengine.models.family import Family
from glmengine.models.links import Link
from glmengine.models.rising_factorial import are_steps, rising, rising_logs
from glmengine.models.special_functions import log1p_over


@dataclass(frozen=True)
class Poisson(Family):
    """Counts with variance equal to their mean; loss mu - y log mu."""

    name: ClassVar[str] = "poisson"
    title: ClassVar[str] = "Poisson"
    links: ClassVar[tuple[str, ...]] = ("log", "softplus", "identity")
    canonical: ClassVar[str] = "log"
    convex: ClassVar[tuple[str, ...]] = ("log", "softplus", "identity")
    uncurved: ClassVar[tuple[str, ...]] = (
        "identity",
    )  # a line where no spike is; the expected curvature also keeps steps inside
    counts: ClassVar[bool] = True
    divisible: ClassVar[bool] = True

    def cumulant(self, eta: Any, link: Link) -> tuple[Any, Any, Any] | None:
        if link.name != "log":
            return None
        mu = link.mean(eta)
        return mu, mu, mu

    def evaluate(self, eta: Any, y: Any, link: Link, dispersion: Any = None) -> tuple[Any, Any, Any, Any]:
        if link.name == "log":
            mu = link.mean(eta)
            return mu - y * eta, mu - y, mu, mu
        xp = library(eta, y).np
        if link.name == "softplus":
            mu, slope, curve = link.slopes(eta)
            log_mu, ratio, bend = link.log_slopes(eta)
            return mu - y * log_mu, slope - y * ratio, slope * ratio, curve + y * (ratio * ratio - bend)
        inside, mu = within_domain(xp, eta)
        return feasible(xp, inside, mu - y * xp.log(mu), 1.0 - y / mu, 1.0 / mu, y / (mu * mu))

    def variance(self, mu: Any, dispersion: Any = None) -> Any:
        return mu

    def log_likelihood(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        special = library(mu, y).special
        return special.xlogy(y, mu) - mu - special.gammaln(y + 1.0)

    def deviance(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        special = library(mu, y).special
        return 2.0 * (special.xlogy(y, y) - special.xlogy(y, mu) - (y - mu))


@dataclass(frozen=True)
class NegativeBinomial(Family):
    """Counts with variance mu + dispersion mu^2.

    Loss (y + 1/a) log(1 + a mu) - y log mu, which is the Poisson's as the dispersion `a` goes to 0; what depends
    on the dispersion and the counts alone is `dispersion_loss`.
    """

    name: ClassVar[str] = "negative_binomial"
    links: ClassVar[tuple[str, ...]] = ("log", "softplus")
    canonical: ClassVar[str] = ""
    convex: ClassVar[tuple[str, ...]] = ("log",)
    counts: ClassVar[bool] = True
    estimates_dispersion: ClassVar[bool] = True

    def evaluate(self, eta: Any, y: Any, link: Link, dispersion: Any = None) -> tuple[Any, Any, Any, Any]:
        lib = library(eta, y, dispersion)
        a = 1.0 if dispersion is None else dispersion
        mu, slope, curve = link.slopes(eta)
        if link.name == "log":
            log_mu, ratio, bend = eta, 1.0, 1.0
        else:
            log_mu, ratio, bend = link.log_slopes(eta)
        spread = 1.0 + a * mu
        loss = y * (lib.np.log1p(a * mu) - log_mu) + log1p_over(lib, a, mu)
        # by the mean: dl/dmu = (mu - y)/(mu spread); every quotient by mu is taken through the link's log slopes
        score = (slope - y * ratio) / spread
        fisher = slope * ratio / spread
        observed = (curve - y * (bend - ratio * ratio)) / spread - a * slope * (slope - y * ratio) / (spread * spread)
        return loss, score, fisher, observed

    def dispersion_loss(self, y: Any, dispersion: Any) -> Any:
        """What the loss leaves out: -[lgamma(y + 1/a) - lgamma(1/a) + y log a], 0 for a to 0.

        In NumPy it is made so that nothing cancels for a small dispersion.
        """
        lib = library(y, dispersion)
        if lib.np is np:
            counts = np.asarray(y)
            if are_steps(counts):
                return -rising_logs(counts.astype(np.int64), np.asarray(dispersion, float))
            return -rising(counts, dispersion)[0]
        shape = 1.0 / dispersion
        return -(lib.special.gammaln(y + shape) - lib.special.gammaln(shape) + y * lib.np.log(dispersion))

    def variance(self, mu: Any, dispersion: Any = None) -> Any:
        return mu + (1.0 if dispersion is None else dispersion) * mu * mu

    def log_likelihood(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        lib = library(mu, y, dispersion)
        a = 1.0 if dispersion is None else dispersion
        core = lib.special.xlogy(y, mu) - y * lib.np.log1p(a * mu) - log1p_over(lib, a, mu)
        return core - self.dispersion_loss(y, a) - lib.special.gammaln(y + 1.0)

    def deviance(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        lib = library(mu, y, dispersion)
        a = 1.0 if dispersion is None else dispersion
        special = lib.special
        return 2.0 * (special.xlogy(y, y) - special.xlogy(y, mu) - (y + 1.0 / a) * (lib.np.log1p(a * y) - lib.np.log1p(a * mu)))

"""Families of classes: Bernoulli and categorical."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from glmengine.models.arrays import library
from glmengine.models.family import Family, refuse
from glmengine.models.links import Link
from glmengine.models.special_functions import hazard


@dataclass(frozen=True)
class Bernoulli(Family):
    """Spike or none in a bin; loss -[y log mu + (1 - y) log(1 - mu)]."""

    name: ClassVar[str] = "bernoulli"
    title: ClassVar[str] = "Bernoulli"
    links: ClassVar[tuple[str, ...]] = ("logit", "probit")
    canonical: ClassVar[str] = "logit"
    convex: ClassVar[tuple[str, ...]] = ("logit", "probit")
    binary: ClassVar[bool] = True

    def cumulant(self, eta: Any, link: Link) -> tuple[Any, Any, Any] | None:
        if link.name != "logit":
            return None
        xp = library(eta).np
        small = xp.exp(-xp.abs(eta))
        top = 1.0 / (1.0 + small)
        rest = small * top
        return xp.log1p(small) + xp.maximum(eta, 0.0), xp.where(eta > 0.0, top, rest), rest * top

    def evaluate(self, eta: Any, y: Any, link: Link, dispersion: Any = None) -> tuple[Any, Any, Any, Any]:
        lib = library(eta, y)
        if link.name == "logit":
            xp = lib.np
            small = xp.exp(-xp.abs(eta))  # the one exponential, which never overflows
            top = 1.0 / (1.0 + small)
            rest = small * top
            # softplus(eta) - y eta; max(eta, 0) - y eta is exact for y = 0 and 1
            loss = xp.log1p(small) + (xp.maximum(eta, 0.0) - y * eta)
            # mu - y, in which nothing cancels for y = 1 and a large eta
            score = xp.where(eta > 0.0, (1.0 - y) - rest, rest - y)
            spread = rest * top
            return loss, score, spread, spread
        up, down = hazard(eta), hazard(-eta)
        loss = -(y * lib.special.log_ndtr(eta) + (1.0 - y) * lib.special.log_ndtr(-eta))
        observed = y * up * (up + eta) + (1.0 - y) * down * (down - eta)
        return loss, (1.0 - y) * down - y * up, up * down, observed

    def variance(self, mu: Any, dispersion: Any = None) -> Any:
        return mu * (1.0 - mu)

    def log_likelihood(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        special = library(mu, y).special
        return special.xlogy(y, mu) + special.xlog1py(1.0 - y, -mu)

    def deviance(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        special = library(mu, y).special
        return 2.0 * (special.xlogy(y, y) + special.xlogy(1.0 - y, 1.0 - y) - self.log_likelihood(mu, y))


@dataclass(frozen=True)
class Categorical(Family):
    """One of K classes in each bin; observations are class numbers 0 .. K-1, means are (T, K) probabilities.

    It is fitted by `glmengine.solvers.categorical`; `evaluate` has no meaning for a single linear predictor.
    """

    name: ClassVar[str] = "categorical"
    links: ClassVar[tuple[str, ...]] = ("softmax",)
    canonical: ClassVar[str] = "softmax"
    convex: ClassVar[tuple[str, ...]] = ("softmax",)
    by_class: ClassVar[bool] = True

    def log_likelihood(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        """Log-probability of the class that occurred; `mu` is (T, K) or (T, K, M), `y` (T,) or (T, M)."""
        xp = library(mu, y).np
        chosen = xp.take_along_axis(mu, xp.expand_dims(xp.asarray(y).astype(int), 1), axis=1)
        return xp.log(chosen[:, 0])

    def deviance(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        return -2.0 * self.log_likelihood(mu, y)

    def check(self, y: np.ndarray, names: Any = None, *, whole: bool = True, n_classes: int | None = None) -> None:
        y = np.asarray(y)
        super().check(y, names, whole=whole)
        if n_classes is not None:
            y = y.reshape(len(y), -1)
            refuse(
                y,
                names,
                y >= n_classes,
                f"is outside the classes, which are 0 to {n_classes - 1}; correct the labels or the number of classes",
            )

    def _check_values(self, y: np.ndarray, names: Any, whole: bool) -> None:
        refuse(
            y,
            names,
            ((y != np.floor(y)) | (y < 0)) & ~np.isnan(y),
            "is not a class number; classes are the whole numbers 0, 1, 2, ...",
        )

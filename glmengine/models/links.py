"""Links from the linear predictor to the mean, with their derivatives.

Every function is elementwise, takes NumPy or JAX arrays, and stays finite where a plain formula overflows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from glmengine.errors import GlmError
from glmengine.models.arrays import LARGEST_EXPONENT, library

_FAR_LEFT = -36.0  # below it exp(x) is less than the rounding of 1, so softplus(x) is exp(x)


@dataclass(frozen=True)
class Link:
    """A link by name; `mean` is its inverse.

    Attributes
    ----------
    name : str
        As in `LINKS`.
    unitless : bool
        The linear predictor has no unit of measure, so that it can be said of a step alone that it is long. With the identity and the inverse
        it has that of the observations.
    positive : bool
        Every linear predictor gives a mean above 0.
    increasing : bool
        A larger linear predictor gives a larger mean.
    """

    name: ClassVar[str] = ""
    unitless: ClassVar[bool] = True
    positive: ClassVar[bool] = True
    increasing: ClassVar[bool] = True

    def mean(self, eta: Any) -> Any:
        """The mean at the linear predictor `eta`."""
        raise NotImplementedError

    def eta(self, mu: Any) -> Any:
        """The linear predictor at which the mean is `mu`."""
        raise NotImplementedError

    def slopes(self, eta: Any) -> tuple[Any, Any, Any]:
        """The mean and its first and second derivative with respect to `eta`."""
        raise NotImplementedError


@dataclass(frozen=True)
class Log(Link):
    """mean = exp(eta)."""

    name: ClassVar[str] = "log"

    def mean(self, eta: Any) -> Any:
        xp = library(eta).np
        return xp.exp(xp.minimum(eta, LARGEST_EXPONENT))

    def eta(self, mu: Any) -> Any:
        return _log(mu)

    def slopes(self, eta: Any) -> tuple[Any, Any, Any]:
        mu = self.mean(eta)
        return mu, mu, mu


@dataclass(frozen=True)
class Softplus(Link):
    """mean = log(1 + exp(eta)), linear for large eta and exp(eta) for very negative ones."""

    name: ClassVar[str] = "softplus"

    def mean(self, eta: Any) -> Any:
        xp = library(eta).np
        if xp is np:
            with np.errstate(invalid="ignore"):  # NaN stays NaN without a warning
                return np.logaddexp(0.0, eta)
        return xp.logaddexp(0.0, eta)

    def eta(self, mu: Any) -> Any:
        xp = library(mu).np
        mu = xp.asarray(mu)
        return mu + _log(-xp.expm1(-mu))

    def slopes(self, eta: Any) -> tuple[Any, Any, Any]:
        slope = sigmoid(eta)
        return self.mean(eta), slope, slope * sigmoid(-eta)

    def log_slopes(self, eta: Any) -> tuple[Any, Any, Any]:
        """log mean, and (d mean)/mean and (d2 mean)/mean, right where the mean itself underflows."""
        xp = library(eta).np
        far = eta < _FAR_LEFT
        near = xp.where(far, 0.0, eta)
        mu, slope = self.mean(near), sigmoid(eta)
        ratio = xp.where(far, 1.0, sigmoid(near) / mu)
        return xp.where(far, eta, xp.log(mu)), ratio, ratio * (1.0 - slope)


@dataclass(frozen=True)
class Logit(Link):
    """mean = 1 / (1 + exp(-eta))."""

    name: ClassVar[str] = "logit"

    def mean(self, eta: Any) -> Any:
        return sigmoid(eta)

    def eta(self, mu: Any) -> Any:
        xp = library(mu).np
        return _log(mu) - _log(1.0 - xp.asarray(mu))

    def slopes(self, eta: Any) -> tuple[Any, Any, Any]:
        mu, rest = sigmoid(eta), sigmoid(-eta)
        return mu, mu * rest, mu * rest * (rest - mu)


@dataclass(frozen=True)
class Probit(Link):
    """mean = the standard normal distribution function of eta."""

    name: ClassVar[str] = "probit"

    def mean(self, eta: Any) -> Any:
        return library(eta).special.ndtr(eta)

    def eta(self, mu: Any) -> Any:
        return library(mu).special.ndtri(mu)

    def slopes(self, eta: Any) -> tuple[Any, Any, Any]:
        xp = library(eta).np
        density = xp.exp(-0.5 * eta * eta) / math.sqrt(2 * math.pi)
        return self.mean(eta), density, -eta * density


@dataclass(frozen=True)
class Identity(Link):
    """mean = eta."""

    name: ClassVar[str] = "identity"
    unitless: ClassVar[bool] = False
    positive: ClassVar[bool] = False

    def mean(self, eta: Any) -> Any:
        return eta

    def eta(self, mu: Any) -> Any:
        return mu

    def slopes(self, eta: Any) -> tuple[Any, Any, Any]:
        xp = library(eta).np
        return eta, xp.ones_like(eta), xp.zeros_like(eta)


@dataclass(frozen=True)
class Inverse(Link):
    """mean = 1 / eta."""

    name: ClassVar[str] = "inverse"
    unitless: ClassVar[bool] = False
    positive: ClassVar[bool] = False
    increasing: ClassVar[bool] = False

    def mean(self, eta: Any) -> Any:
        return 1.0 / eta

    def eta(self, mu: Any) -> Any:
        return 1.0 / library(mu).np.asarray(mu)

    def slopes(self, eta: Any) -> tuple[Any, Any, Any]:
        mu = 1.0 / eta
        return mu, -mu * mu, 2.0 * mu * mu * mu


@dataclass(frozen=True)
class Softmax(Link):
    """Class probabilities = exp(eta_k) / sum of exp(eta_j), over axis 1 of a (T, K, ...) predictor."""

    name: ClassVar[str] = "softmax"

    def mean(self, eta: Any) -> Any:
        xp = library(eta).np
        raised = xp.exp(eta - xp.max(eta, axis=1, keepdims=True))
        return raised / xp.sum(raised, axis=1, keepdims=True)

    def eta(self, mu: Any) -> Any:
        xp = library(mu).np
        logs = _log(mu)
        return logs - xp.mean(logs, axis=1, keepdims=True)


LINKS: dict[str, Link] = {link.name: link for link in (Log(), Softplus(), Logit(), Probit(), Identity(), Inverse(), Softmax())}
_OTHER_NAMES = {"exp": "log", "logistic": "logit", "sigmoid": "logit", "inverse_power": "inverse", "reciprocal": "inverse"}


def get_link(name: str | Link) -> Link:
    """The link of this name.

    Raises
    ------
    GlmError
        If there is none of that name.
    """
    if isinstance(name, Link):
        return name
    link = LINKS.get(_OTHER_NAMES.get(name, name)) if isinstance(name, str) else None
    if link is None:
        raise GlmError(f"there is no link {name!r}; choose one of {', '.join(LINKS)}", field="model.link")
    return link


def sigmoid(eta: Any) -> Any:
    """1 / (1 + exp(-eta)) without overflow, accurate in both tails."""
    return library(eta).special.expit(eta)


def _log(value: Any) -> Any:
    """log with -inf at zero and no warning."""
    xp = library(value).np
    if xp is np:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(value)
    return xp.log(value)

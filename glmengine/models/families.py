"""Families: the distribution of the observations given their mean.

Each gives the loss of the objective with its derivatives by the linear predictor, the full log-likelihood, the
deviance and a check of the data, all elementwise, in NumPy for NumPy arrays and in JAX for anything else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from glmengine.errors import GlmError
from glmengine.models.arrays import INFEASIBLE, library
from glmengine.models.links import Link, get_link
from glmengine.models.special import hazard, log1p_over, rising_logs


@dataclass(frozen=True)
class Family:
    """A distribution by name.

    Attributes
    ----------
    name, links, canonical
        Its name, the links it allows (the first is the default), and its canonical link.
    counts : bool
        Observations are whole numbers, 0 or more.
    free_scale : bool
        The scale of its variance is estimated after the fit, as Pearson X2/(n - edf) (Gaussian, Gamma).
    estimates_dispersion : bool
        It has a dispersion that enters the likelihood and is fitted with the coefficients (negative binomial).
    loss_factor : float
        The loss is this times the negative log-likelihood at scale 1: 2 for the Gaussian, whose loss is the squared error.
    """

    name: ClassVar[str] = ""
    links: ClassVar[tuple[str, ...]] = ()
    canonical: ClassVar[str] = ""
    counts: ClassVar[bool] = False
    free_scale: ClassVar[bool] = False
    estimates_dispersion: ClassVar[bool] = False
    loss_factor: ClassVar[float] = 1.0

    def link(self, name: str | Link | None = None) -> Link:
        """The link of this name, or the default one, checked to be allowed.

        Raises
        ------
        GlmError
            If this family cannot be used with it.
        """
        link = get_link(self.links[0] if name is None else name)
        if link.name not in self.links:
            raise GlmError(
                f"the {self.name} family cannot use the {link.name} link; choose one of {', '.join(self.links)}",
                field="model.link",
            )
        return link

    def is_convex(self, link: Link) -> bool:
        """Whether the loss is convex in the linear predictor whatever the data."""
        return (self.name, link.name) in _CONVEX

    def has_curvature(self, link: Link) -> bool:
        """Whether the actual second derivative is above 0 whatever the data, so that Newton's method may use it.

        The Poisson loss with the identity link is convex, but a line where no spike is: its expected curvature also keeps steps inside.
        """
        return self.is_convex(link) and (self.name, link.name) != ("poisson", "identity")

    def evaluate(self, eta: Any, y: Any, link: Link, dispersion: Any = None) -> tuple[Any, Any, Any, Any]:
        """Loss of each observation and its derivatives with respect to the linear predictor.

        Parameters
        ----------
        eta, y : array, same shape
            Linear predictor (offset included) and observations, free of NaN.
        link : Link
        dispersion : array, optional
            Dispersion of the negative binomial, broadcast against `eta`.

        Returns
        -------
        loss, score, fisher, observed : array, shape of `eta`
            Negative log-likelihood less what does not depend on `eta` (times `loss_factor`), its first derivative,
            the expected and the actual second derivative. Outside a link's domain the loss is very
            large (finite, so that a zero weight still gives zero) and the derivatives are zero.
        """
        raise NotImplementedError

    def variance(self, mu: Any, dispersion: Any = None) -> Any:
        """Variance of an observation with mean `mu`, at scale 1."""
        raise NotImplementedError

    def log_likelihood(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        """Log-likelihood of each observation, nothing left out (the factorial of counts included)."""
        raise NotImplementedError

    def deviance(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        """Unit deviance of each observation: twice the log-likelihood lost against the perfect fit, at scale 1."""
        raise NotImplementedError

    def check(self, y: np.ndarray, names: list[str] | tuple[str, ...] | None = None, *, whole: bool = True) -> None:
        """Refuse observations that this family cannot have.

        Parameters
        ----------
        y : (T,) or (T, M) array
            NaN stands for a missing observation.
        names : sequence of str, optional
            Names of the units for the message.
        whole : bool
            Counts must be whole numbers; off, any number from 0 on is taken (as scikit-learn does).

        Raises
        ------
        GlmError
            Naming the unit, the row, the value and what to do.
        """
        y = np.asarray(y)
        if y.dtype.kind not in "buif":
            raise GlmError(f"counts: the observations must be numbers, these are {y.dtype}; convert them first")
        values = y.reshape(len(y), -1)
        _refuse(values, names, np.isinf(values), "is infinite; remove it or set it to NaN, which leaves the row out")
        self._check_values(values, names, whole)

    def _check_values(self, y: np.ndarray, names: Any, whole: bool) -> None:
        if not self.counts:
            return
        _refuse(y, names, y < 0, f"is negative; the {self.name} family is for counts, 0 or more")
        if whole and y.dtype.kind == "f":
            _refuse(
                y,
                names,
                (y != np.floor(y)) & ~np.isnan(y),
                f"is not a whole number; the {self.name} family is for counts; give counts per bin (not rates) or choose gaussian or gamma",
            )


@dataclass(frozen=True)
class Poisson(Family):
    """Counts with variance equal to their mean; loss mu - y log mu."""

    name: ClassVar[str] = "poisson"
    links: ClassVar[tuple[str, ...]] = ("log", "softplus", "identity")
    canonical: ClassVar[str] = "log"
    counts: ClassVar[bool] = True

    def evaluate(self, eta: Any, y: Any, link: Link, dispersion: Any = None) -> tuple[Any, Any, Any, Any]:
        if link.name == "log":
            mu = link.mean(eta)
            return mu - y * eta, mu - y, mu, mu
        xp = library(eta, y).np
        if link.name == "softplus":
            mu, slope, curve = link.slopes(eta)
            log_mu, ratio, bend = link.log_slopes(eta)
            return mu - y * log_mu, slope - y * ratio, slope * ratio, curve + y * (ratio * ratio - bend)
        inside, mu = _inside(xp, eta)
        return _feasible(xp, inside, mu - y * xp.log(mu), 1.0 - y / mu, 1.0 / mu, y / (mu * mu))

    def variance(self, mu: Any, dispersion: Any = None) -> Any:
        return mu

    def log_likelihood(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        special = library(mu, y).special
        return special.xlogy(y, mu) - mu - special.gammaln(y + 1.0)

    def deviance(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        special = library(mu, y).special
        return 2.0 * (special.xlogy(y, y) - special.xlogy(y, mu) - (y - mu))


@dataclass(frozen=True)
class Bernoulli(Family):
    """Spike or none in a bin; loss -[y log mu + (1 - y) log(1 - mu)]."""

    name: ClassVar[str] = "bernoulli"
    links: ClassVar[tuple[str, ...]] = ("logit", "probit")
    canonical: ClassVar[str] = "logit"

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

    def _check_values(self, y: np.ndarray, names: Any, whole: bool) -> None:
        _refuse(
            y,
            names,
            (y != 0) & (y != 1) & ~np.isnan(y),
            "is neither 0 nor 1; the bernoulli family is for spike or no spike; use smaller bins, or poisson",
        )


@dataclass(frozen=True)
class Gaussian(Family):
    """Continuous observations of constant variance; the loss is the squared error (without 1/2)."""

    name: ClassVar[str] = "gaussian"
    links: ClassVar[tuple[str, ...]] = ("identity", "log", "softplus")
    canonical: ClassVar[str] = "identity"
    free_scale: ClassVar[bool] = True
    loss_factor: ClassVar[float] = 2.0

    def evaluate(self, eta: Any, y: Any, link: Link, dispersion: Any = None) -> tuple[Any, Any, Any, Any]:
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
    links: ClassVar[tuple[str, ...]] = ("log", "inverse", "softplus", "identity")
    canonical: ClassVar[str] = "inverse"
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
        inside, safe = _inside(xp, eta)
        if link.name == "inverse":
            square = 1.0 / (safe * safe)
            return _feasible(xp, inside, y * safe - xp.log(safe), y - 1.0 / safe, square, square)
        part = y / safe
        square = 1.0 / (safe * safe)
        return _feasible(xp, inside, part + xp.log(safe), (1.0 - part) / safe, square, (2.0 * part - 1.0) * square)

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

    def _check_values(self, y: np.ndarray, names: Any, whole: bool) -> None:
        _refuse(
            y,
            names,
            y <= 0,
            "is not above 0; the gamma family is for positive observations; leave such rows out (NaN) or choose gaussian",
        )


@dataclass(frozen=True)
class NegativeBinomial(Family):
    """Counts with variance mu + dispersion mu^2.

    Loss (y + 1/a) log(1 + a mu) - y log mu, which is the Poisson's as the dispersion `a` goes to 0; what depends
    on the dispersion and the counts alone is `dispersion_loss`.
    """

    name: ClassVar[str] = "negative_binomial"
    links: ClassVar[tuple[str, ...]] = ("log", "softplus")
    canonical: ClassVar[str] = ""
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

        For whole numbers in NumPy it is summed as -sum over i < y of log(1 + a i), in which nothing cancels.
        """
        lib = library(y, dispersion)
        if lib.np is np:
            counts = np.asarray(y)
            whole = counts.astype(np.int64)
            if counts.size and (whole == counts).all() and whole.max() < 2**20:
                return -rising_logs(whole, np.asarray(dispersion, float))
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


@dataclass(frozen=True)
class Categorical(Family):
    """One of K classes in each bin; observations are class numbers 0 .. K-1, means are (T, K) probabilities.

    It is fitted by `glmengine.solvers.categorical`; `evaluate` has no meaning for a single linear predictor.
    """

    name: ClassVar[str] = "categorical"
    links: ClassVar[tuple[str, ...]] = ("softmax",)
    canonical: ClassVar[str] = "softmax"

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
            _refuse(
                y,
                names,
                y >= n_classes,
                f"is outside the classes, which are 0 to {n_classes - 1}; correct the labels or the number of classes",
            )

    def _check_values(self, y: np.ndarray, names: Any, whole: bool) -> None:
        _refuse(
            y,
            names,
            ((y != np.floor(y)) | (y < 0)) & ~np.isnan(y),
            "is not a class number; classes are the whole numbers 0, 1, 2, ...",
        )


FAMILIES: dict[str, Family] = {
    family.name: family for family in (Poisson(), Bernoulli(), Gaussian(), Gamma(), NegativeBinomial(), Categorical())
}
_OTHER_NAMES = {
    "normal": "gaussian",
    "binomial": "bernoulli",
    "nb": "negative_binomial",
    "negativebinomial": "negative_binomial",
    "multinomial": "categorical",
}
_CONVEX = {
    ("poisson", "log"),
    ("poisson", "softplus"),
    ("poisson", "identity"),
    ("bernoulli", "logit"),
    ("bernoulli", "probit"),
    ("gaussian", "identity"),
    ("gamma", "log"),
    ("gamma", "inverse"),
    ("negative_binomial", "log"),
    ("categorical", "softmax"),
}


def get_family(name: str | Family) -> Family:
    """The family of this name.

    Raises
    ------
    GlmError
        If there is none of that name.
    """
    if isinstance(name, Family):
        return name
    family = FAMILIES.get(_OTHER_NAMES.get(name.lower(), name.lower())) if isinstance(name, str) else None
    if family is None:
        raise GlmError(f"there is no family {name!r}; choose one of {', '.join(FAMILIES)}", field="model.family")
    return family


def _inside(xp: Any, eta: Any) -> tuple[Any, Any]:
    """Where a predictor that must be positive is so, and the predictor with 1 elsewhere."""
    inside = eta > 0.0
    return inside, xp.where(inside, eta, 1.0)


def _feasible(xp: Any, inside: Any, loss: Any, *derivatives: Any) -> tuple[Any, ...]:
    return (xp.where(inside, loss, INFEASIBLE), *(xp.where(inside, value, 0.0) for value in derivatives))


def _refuse(y: np.ndarray, names: Any, bad: np.ndarray, why: str) -> None:
    """Raise for the first bad value, naming unit, row and value."""
    if not bad.any():
        return
    unit = int(np.flatnonzero(bad.any(axis=0))[0])
    row = int(np.flatnonzero(bad[:, unit])[0])
    name = names[unit] if names is not None else unit
    more = f" (and {int(bad.sum()) - 1} more)" if bad.sum() > 1 else ""
    value = y[row, unit].item()
    raise GlmError(f"counts: unit {name}, row {row}: {value:g} {why}{more}", field="model.family")

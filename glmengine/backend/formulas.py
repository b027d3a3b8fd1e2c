"""Formulas of rows: what is summed over them, as pure functions of linear predictors that run in NumPy and in JAX alike.

A formula is a frozen value, so that a step is compiled once for each. It takes the linear predictors (K, c) of some rows, offsets
included, and what is seen there, and gives numbers for each of these rows that are to be added up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

from glmengine.models.arrays import library
from glmengine.models.rising_factorial import log1p_by


class Seen(NamedTuple):
    """What K columns of a problem see of c rows.

    Attributes
    ----------
    y, weights : (K, c)
        Observations and weights, 0 for rows that do not count.
    dispersion, null : (K, 1)
        Of the negative binomial; mean observations of the model to compare with, or its intercept beside the offsets.
    offset : (K or 1, c) or None
        Part of the linear predictors; None where there is none.
    """

    y: Any
    weights: Any
    dispersion: Any
    null: Any
    offset: Any = None


class SlopeFormula(Protocol):
    """Weighted losses (K, c), and their derivatives (K, c) by the linear predictors.

    One that is `coupled` takes all K predictors together, as a softmax does, and its loss is one, (1, c).
    """

    coupled: bool

    def __call__(self, eta: Any, seen: Seen) -> tuple[Any, Any]: ...


class WeightFormula(Protocol):
    """Weights (K, c) of Gram matrices, for one that is `coupled` (n, c); `signed` where they may be below 0, else they are not.

    It may be called without observations where it says that it is `blind` to them.
    """

    coupled: bool
    signed: bool
    blind: bool

    def __call__(self, eta: Any, seen: Seen) -> Any: ...


class SumFormula(Protocol):
    """So many `numbers` (K, c) for each row, for one that is `coupled` (1, c), already weighted."""

    coupled: bool
    numbers: int

    def __call__(self, eta: Any, seen: Seen) -> tuple[Any, ...]: ...


@dataclass(frozen=True)
class Losses:
    """The loss of a family with a link: slopes for a gradient."""

    coupled: ClassVar[bool] = False
    family: Any
    link: Any

    def __call__(self, eta: Any, seen: Seen) -> tuple[Any, Any]:
        loss, score, _, _ = self.family.evaluate(eta, seen.y, self.link, seen.dispersion)
        return seen.weights * loss, seen.weights * score

    @property
    def is_linear(self) -> bool:
        """Whether the observation enters as it times the predictor alone; `cumulants` are then what is left."""
        return self.family.cumulant(0.0, self.link) is not None

    def cumulants(self, eta: Any, weights: Any) -> tuple[Any, Any]:
        """Loss and slopes but for what the observations add; all weights are 1 where there are None."""
        loss, slope, _ = self.family.cumulant(eta, self.link)
        if weights is None:
            return loss, slope
        weighted = weights * slope
        return weighted if loss is slope else weights * loss, weighted


@dataclass(frozen=True)
class LossSums:
    """The loss alone, one number a row."""

    coupled: ClassVar[bool] = False
    numbers: ClassVar[int] = 1
    family: Any
    link: Any

    def __call__(self, eta: Any, seen: Seen) -> tuple[Any, ...]:
        return (seen.weights * self.family.evaluate(eta, seen.y, self.link, seen.dispersion)[0],)


@dataclass(frozen=True)
class Curvatures:
    """Second derivatives of the loss by the linear predictor: the weights of a Hessian.

    Attributes
    ----------
    expected : bool
        The expected ones, else those observed.
    signed : bool
        Keep observed ones that are below 0, else they are taken for 0.
    """

    coupled: ClassVar[bool] = False
    family: Any
    link: Any
    expected: bool
    signed: bool = False

    @property
    def blind(self) -> bool:
        """Whether the loss is linear in the observations, so that both second derivatives are the same."""
        return self.family.cumulant(0.0, self.link) is not None

    def __call__(self, eta: Any, seen: Seen) -> Any:
        if (found := self.family.cumulant(eta, self.link)) is not None:
            return seen.weights * found[2]
        _, _, fisher, observed = self.family.evaluate(eta, seen.y, self.link, seen.dispersion)
        weights = seen.weights * (fisher if self.expected else observed)
        return weights if self.signed else library(weights).np.maximum(weights, 0.0)


@dataclass(frozen=True)
class SquaredScores:
    """Squared derivatives of the loss of each row: the weights of the middle of a sandwich."""

    coupled: ClassVar[bool] = False
    signed: ClassVar[bool] = False
    blind: ClassVar[bool] = False
    family: Any
    link: Any

    def __call__(self, eta: Any, seen: Seen) -> Any:
        score = self.family.evaluate(eta, seen.y, self.link, seen.dispersion)[1]
        return seen.weights * score * score


@dataclass(frozen=True)
class RowWeights:
    """The weights of the rows themselves, whatever the predictor: of a plain Gram matrix."""

    coupled: ClassVar[bool] = False
    signed: ClassVar[bool] = False
    blind: ClassVar[bool] = True

    def __call__(self, eta: Any, seen: Seen) -> Any:
        return seen.weights


@dataclass(frozen=True)
class Worth:
    """What a model is worth: likelihoods, deviances and residuals; a family with a free scale is taken at scale 1.

    Eight numbers a row: weights, observations, log-likelihood and deviance of the model, the same of the null means, squared Pearson
    residuals, and squared distances of the observations from the null mean.

    Attributes
    ----------
    beside_offset : bool
        What is given of the null model is its intercept, beside the offsets.
    """

    coupled: ClassVar[bool] = False
    numbers: ClassVar[int] = 8
    family: Any
    link: Any
    beside_offset: bool = False

    def __call__(self, eta: Any, seen: Seen) -> tuple[Any, ...]:
        xp, family, dispersion = library(eta).np, self.family, seen.dispersion
        used = seen.weights > 0
        null = self.link.mean(seen.null + seen.offset) if self.beside_offset else seen.null
        base = xp.broadcast_to(null, eta.shape)
        y = xp.where(used, seen.y, base)  # rows that do not count stay inside the family's domain
        mu = xp.where(used, self.link.mean(eta), base)
        rows = (
            xp.ones_like(y),
            y,
            family.log_likelihood(mu, y, dispersion),
            family.deviance(mu, y, dispersion),
            family.log_likelihood(base, y, dispersion),
            family.deviance(base, y, dispersion),
            (y - mu) ** 2 / family.variance(mu, dispersion),
            (y - base) ** 2,
        )
        return tuple(xp.where(used, seen.weights * row, 0.0) for row in rows)


@dataclass(frozen=True)
class DispersionSlopes:
    """Derivatives of the negative binomial's loss by its dispersion, as far as they depend on the means: the first, the second, and by
    how much the squared residual exceeds a Poisson count's."""

    coupled: ClassVar[bool] = False
    numbers: ClassVar[int] = 3
    link: Any

    def __call__(self, eta: Any, seen: Seen) -> tuple[Any, ...]:
        return self.at(self.link.mean(eta), seen)

    @staticmethod
    def at(mu: Any, seen: Seen) -> tuple[Any, ...]:
        """The same where the means (K, c) are known."""
        y, weights, a = seen.y, seen.weights, seen.dispersion
        ratio = mu / (1.0 + a * mu)
        _, first, second = log1p_by(mu, a)
        return weights * (y * ratio + first), weights * (second - y * ratio**2), weights * ((y - mu) ** 2 - y)


@dataclass(frozen=True)
class LinkedObservations:
    """The least-squares problem of the link of the observations, of which none counts as less than `null`: residuals at a predictor of 0."""

    coupled: ClassVar[bool] = False
    family: Any
    link: Any

    def __call__(self, eta: Any, seen: Seen) -> tuple[Any, Any]:
        target, weights = self.parts(eta, seen)
        residual = weights * (target if seen.offset is None else target - seen.offset)
        return residual, residual

    def parts(self, eta: Any, seen: Seen) -> tuple[Any, Any]:
        """What the predictors should be, and the weights of their squared distances from it."""
        mu = library(eta).np.maximum(seen.y, seen.null)
        target = self.link.eta(mu)
        return target, seen.weights * self.family.evaluate(target, mu, self.link, seen.dispersion)[2]


@dataclass(frozen=True)
class LinkedWeights(LinkedObservations):
    """Its weights."""

    signed: ClassVar[bool] = False
    blind: ClassVar[bool] = False

    def __call__(self, eta: Any, seen: Seen) -> Any:
        return self.parts(eta, seen)[1]

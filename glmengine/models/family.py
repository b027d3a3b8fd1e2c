"""The base of every family: loss, log-likelihood, deviance and the check of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from glmengine.errors import GlmError
from glmengine.models.arrays import library
from glmengine.models.likelihood_derivatives import derivatives, variance_of_mean
from glmengine.models.links import Link, get_link
from glmengine.sentences import numbered
from glmengine.threads import workers

SMALLEST_MEAN = 1e-300
"""Stands for a mean of 0 in the perfect fit of an observation of 0."""

CHECKED_NUMBERS = 2**17
"""Observations that are checked at a time: what is made of them stays in the cache."""


@dataclass(frozen=True)
class Family:
    """A distribution by name.

    A family needs its `log_likelihood` alone, and to say what its observations are (`counts`, `binary`, `positive`, or none of them
    for numbers of either sign): the rest follows from it. Formulas of its own are faster and safer at the far ends.

    Attributes
    ----------
    name, links, canonical
        Its name, the links it allows (the first is the default), and its canonical link.
    title : str
        Its name in a sentence; `name` with spaces where empty.
    convex : tuple of str
        The links with which the loss is convex in the linear predictor, whatever the data.
    uncurved : tuple of str
        Those of them with which the actual second derivative may still be 0.
    quadratic : tuple of str
        Those with which the loss is a square of the linear predictor, so that its second derivative is the same everywhere.
    counts : bool
        Observations are whole numbers, 0 or more.
    binary : bool
        Observations are 0 or 1: whether the bin holds a spike, so that a mean is a probability.
    divisible : bool
        Counts of the parts of a bin are independent and of this family too, with a variance that is their mean (Poisson).
    positive : bool
        Observations are numbers above 0.
    by_class : bool
        Observations are class numbers, each class with a linear predictor of its own.
    free_scale : bool
        The scale of its variance is estimated after the fit, as Pearson X2/(n - edf) (Gaussian, Gamma).
    estimates_dispersion : bool
        It has a dispersion that enters the likelihood and is fitted with the coefficients (negative binomial).
    unitless : bool
        Losses do not depend on the observations' unit of measure, so that it can be said of one alone that it is small.
    loss_factor : float
        The loss is this times the negative log-likelihood at scale 1: 2 for the Gaussian, whose loss is the squared error.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    links: ClassVar[tuple[str, ...]] = ()
    canonical: ClassVar[str] = ""
    convex: ClassVar[tuple[str, ...]] = ()
    uncurved: ClassVar[tuple[str, ...]] = ()
    quadratic: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[bool] = False
    binary: ClassVar[bool] = False
    divisible: ClassVar[bool] = False
    positive: ClassVar[bool] = False
    by_class: ClassVar[bool] = False
    free_scale: ClassVar[bool] = False
    estimates_dispersion: ClassVar[bool] = False
    unitless: ClassVar[bool] = True
    loss_factor: ClassVar[float] = 1.0

    @property
    def words(self) -> str:
        """What a sentence calls it."""
        return self.title or self.name.replace("_", " ")

    @property
    def of_spikes(self) -> bool:
        """Whether the sum of observations is a number of spikes (or of bins with one), so that a unit can be silent."""
        return self.counts or self.binary

    @property
    def any_sign(self) -> bool:
        """Whether observations, and so their means, may be below 0."""
        return not (self.counts or self.binary or self.positive or self.by_class)

    @property
    def placeholder(self) -> float:
        """An observation that it can have, which stands with weight 0 where one is missing."""
        return 1.0 if self.positive else 0.0

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
        return link.name in self.convex

    def has_curvature(self, link: Link) -> bool:
        """Whether the actual second derivative is above 0 whatever the data, so that Newton's method may use it."""
        return self.is_convex(link) and link.name not in self.uncurved

    def is_quadratic(self, link: Link) -> bool:
        """Whether the loss is a square of the linear predictor."""
        return link.name in self.quadratic

    def bounds_predictor(self, link: Link) -> bool:
        """Whether only a linear predictor above 0 gives a mean that can be."""
        return not (link.positive or self.any_sign)

    def cumulant(self, eta: Any, link: Link) -> tuple[Any, Any, Any] | None:
        """A and its first two derivatives where the loss is A(eta) - y eta, so that what depends on the observations can be summed once and
        for all; None with other links."""
        return None

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

        Notes
        -----
        By automatic differentiation of `log_likelihood` where a family does not give it.
        """
        return derivatives(self, eta, y, link, dispersion)

    def variance(self, mu: Any, dispersion: Any = None) -> Any:
        """Variance of an observation with mean `mu`, at scale 1; where a family does not give it, that of the exponential dispersion
        model with its log-likelihood (Jorgensen 1987)."""
        return variance_of_mean(self, mu, dispersion)

    def log_likelihood(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        """Log-likelihood of each observation, nothing left out (the factorial of counts included).

        To be written with `glmengine.models.arrays.library`, so that it runs in NumPy and in JAX.
        """
        raise NotImplementedError

    def deviance(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        """Unit deviance of each observation: twice the log-likelihood lost against the perfect fit, at scale 1."""
        best = y
        if not self.any_sign:
            xp = library(y).np
            best = xp.maximum(y, SMALLEST_MEAN)
            best = xp.minimum(best, 1.0 - 2.0**-53) if self.binary else best
        return 2.0 * (self.log_likelihood(best, y, dispersion) - self.log_likelihood(mu, y, dispersion))

    def at_best_scale(self, log_likelihood: np.ndarray, deviance: np.ndarray, n: np.ndarray) -> np.ndarray:
        """(M,) log-likelihoods at the most likely scale, from those at scale 1, the deviances and the number of observations.

        Where the scale is free: exact where the log-likelihood depends on it as -deviance/(2 scale) - log(scale)/2 (Gaussian, inverse Gaussian),
        else the saddlepoint approximation (Nelder & Pregibon 1987).
        """
        if not self.free_scale:
            return log_likelihood
        with np.errstate(divide="ignore", invalid="ignore"):
            return log_likelihood + 0.5 * (deviance - n * (np.log(deviance / n) + 1.0))

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

        def is_fine(block: np.ndarray) -> bool:
            try:
                self._check_values(block, None, whole)
            except GlmError:
                return False
            return True

        step = max(1, CHECKED_NUMBERS // max(values.shape[1], 1))
        with workers(values.size) as pool:
            fine = all(list(pool.map(is_fine, [values[start : start + step] for start in range(0, len(values), step)])))
        if not fine:
            self._check_values(values, names, whole)  # says where, of all of them

    def _check_values(self, y: np.ndarray, names: Any, whole: bool) -> None:
        refuse(y, names, np.isinf(y), "is infinite; remove it or set it to NaN, which leaves the row out")
        if self.positive:
            refuse(
                y,
                names,
                y <= 0,
                f"is not above 0; the {self.name} family is for positive observations; leave such rows out (NaN) or choose gaussian",
            )
        if self.binary:
            refuse(
                y,
                names,
                (y != 0) & (y != 1) & ~np.isnan(y),
                f"is neither 0 nor 1; the {self.name} family is for spike or no spike; use smaller bins, or poisson",
            )
        if not self.counts:
            return
        refuse(
            y,
            names,
            y < 0,
            f"is negative; the {self.name} family is for counts, 0 or more; choose the gaussian family for a signal",
        )
        if whole and y.dtype.kind == "f":
            refuse(
                y,
                names,
                (y != np.floor(y)) & ~np.isnan(y),
                f"is not a whole number; the {self.name} family is for counts; give counts per bin (not rates) or choose gaussian or gamma",
            )


def refuse(y: np.ndarray, names: Any, bad: np.ndarray, why: str) -> None:
    """Raise for the first bad value, naming unit, row and value, and saying how many values of that unit, and how many other units, are bad.

    Raises
    ------
    GlmError
        If any value is bad.
    """
    if not bad.any():
        return
    unit = int(np.flatnonzero(bad.any(axis=0))[0])
    row = int(np.flatnonzero(bad[:, unit])[0])
    name = names[unit] if names is not None else unit
    in_unit, units = int(bad[:, unit].sum()), int(bad.any(axis=0).sum())
    more = f"; {in_unit:,} of the {len(y):,} values of unit {name} are so" if in_unit > 1 else ""
    if units > 1:
        more += f"{' and' if more else ';'} some of {numbered(units - 1, 'other unit')}{'' if in_unit > 1 else ' are so, too'}"
    value = y[row, unit].item()
    raise GlmError(f"counts: unit {name}, row {row}: {value:g} {why}{more}", field="model.family")

"""What a family is: a distribution of the observations given their mean, and the check of the data that it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from glmengine.errors import GlmError
from glmengine.models.arrays import INFEASIBLE
from glmengine.models.links import Link, get_link


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
    convex : tuple of str
        The links with which the loss is convex in the linear predictor, whatever the data.
    loss_factor : float
        The loss is this times the negative log-likelihood at scale 1: 2 for the Gaussian, whose loss is the squared error.
    """

    name: ClassVar[str] = ""
    links: ClassVar[tuple[str, ...]] = ()
    canonical: ClassVar[str] = ""
    convex: ClassVar[tuple[str, ...]] = ()
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
        return link.name in self.convex

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
        refuse(values, names, np.isinf(values), "is infinite; remove it or set it to NaN, which leaves the row out")
        self._check_values(values, names, whole)

    def _check_values(self, y: np.ndarray, names: Any, whole: bool) -> None:
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


def within_domain(xp: Any, eta: Any) -> tuple[Any, Any]:
    """Where a predictor that must be positive is so, and the predictor with 1 elsewhere."""
    inside = eta > 0.0
    return inside, xp.where(inside, eta, 1.0)


def feasible(xp: Any, where: Any, loss: Any, *derivatives: Any) -> tuple[Any, ...]:
    """Loss and derivatives, replaced by a very large one and by zeros but `where` they make sense."""
    return (xp.where(where, loss, INFEASIBLE), *(xp.where(where, value, 0.0) for value in derivatives))


def refuse(y: np.ndarray, names: Any, bad: np.ndarray, why: str) -> None:
    """Raise for the first bad value, naming unit, row and value."""
    if not bad.any():
        return
    unit = int(np.flatnonzero(bad.any(axis=0))[0])
    row = int(np.flatnonzero(bad[:, unit])[0])
    name = names[unit] if names is not None else unit
    more = f" (and {int(bad.sum()) - 1} more)" if bad.sum() > 1 else ""
    value = y[row, unit].item()
    raise GlmError(f"counts: unit {name}, row {row}: {value:g} {why}{more}", field="model.family")

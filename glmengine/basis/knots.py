"""Knots of splines: even, at quantiles of the data, or given."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from glmengine.basis.base import BoundedBasis, as_samples
from glmengine.basis.supports import first_live
from glmengine.errors import GlmError
from glmengine.spec import param


class SplineBasis(BoundedBasis):
    """Splines with `_n_inner` knots inside the bounds."""

    placement: Literal["uniform", "quantiles", "given"] = param(
        "uniform",
        title="Knots",
        help="Where the pieces join: evenly spread, with equally many samples between them, or as given.",
        advanced=True,
    )
    inner_knots: tuple[float, ...] = param(
        (),
        title="Inner knots",
        help="The knots inside the bounds, where they are given.",
        unit="of the variable",
        advanced=True,
        applies={"placement": ("given",)},
    )

    @property
    @abstractmethod
    def _n_inner(self) -> int:
        """Number of knots inside the bounds."""

    @model_validator(mode="after")
    def _knots_fit(self) -> Self:
        if self.placement != "given":
            return self
        knots = np.asarray(self.inner_knots)
        if len(knots) != self._n_inner:
            raise GlmError(
                f"{len(knots)} inner knots are given, but {self.n_functions} functions of this order need {self._n_inner}; change one of them",
                field="inner_knots",
            )
        if self.bounds is None:
            raise GlmError("knots are given without bounds; give the bounds too", field="bounds")
        if len(knots) and not (np.all(np.diff(knots) > 0) and knots[0] > self.bounds[0] and knots[-1] < self.bounds[1]):
            raise GlmError("the inner knots must ascend and lie inside the bounds; correct them", field="inner_knots")
        return self

    def frozen(self, x: Any) -> Self:
        """The same basis with bounds and, where they are asked for, quantile knots taken from `x` and kept.

        Raises
        ------
        GlmError
            If no sample lies inside the bounds, or quantiles coincide.
        """
        basis = super().frozen(x)
        if self.placement != "quantiles":
            return basis
        x = as_samples(x)
        inside = x[(x >= basis.bounds[0]) & (x <= basis.bounds[1])]
        if not inside.size:
            raise GlmError(
                "no sample lies inside the bounds, so that no quantiles can be taken; correct the bounds", field="bounds"
            )
        knots = np.quantile(inside, np.linspace(0, 1, self._n_inner + 2)[1:-1])
        ascending = np.all(np.diff(np.concatenate([[basis.bounds[0]], knots, [basis.bounds[1]]])) > 0)
        if not ascending:
            raise GlmError(
                "several quantiles of the variable are equal, because a value repeats very often; use fewer functions or uniform knots",
                field="placement",
            )
        return basis.with_(placement="given", inner_knots=tuple(float(knot) for knot in knots))

    def _unit_knots(self) -> np.ndarray:
        """Knots on [0, 1], both ends with them."""
        if self.placement == "given":
            low, high = self.bounds
            return np.concatenate([[0.0], (np.asarray(self.inner_knots) - low) / (high - low), [1.0]])
        return np.linspace(0.0, 1.0, self._n_inner + 2)

    def _on_grid(self, length: int, bin_size: float) -> np.ndarray:
        uniform = self if self.placement == "uniform" else self.with_(placement="uniform", inner_knots=())
        return uniform._on_unit(np.linspace(0.0, 1.0, length))


def see_enough(n: int, order: int, called: str) -> None:
    """Refuse fewer functions than their order; `called` is what they are, of several."""
    if n < order:
        raise GlmError(f"{n} {called} of order {order} are too few; give at least {order} functions or a lower order", field="n")


def clamped(knots: np.ndarray, order: int) -> np.ndarray:
    """`knots` with both ends repeated, so that the splines of an order end there."""
    return np.concatenate([np.repeat(knots[0], order - 1), knots, np.repeat(knots[-1], order - 1)])


def spline_values(u: np.ndarray, knots: np.ndarray, order: int) -> np.ndarray:
    """(T, len(knots) - order) B-splines at `u`, inside the knots, by the recursion of de Boor (1978) over the `order` that are not zero at each.

    `scipy.interpolate` has it too, and takes half a second to import.
    """
    u = np.asarray(u, np.float64)
    size = len(knots) - order
    cell = first_live(u, knots, order) + order - 1
    live = np.zeros((order, len(u)))
    live[0] = 1.0
    for degree in range(1, order):
        carried = np.zeros(len(u))
        for place in range(degree):
            above, below = knots[cell + place + 1] - u, u - knots[cell + place + 1 - degree]
            part = live[place] / (above + below)
            live[place] = carried + above * part
            carried = below * part
        live[degree] = carried
    values = np.zeros((len(u), size))
    np.put_along_axis(values, cell[:, None] + np.arange(1 - order, 1), live.T, axis=1)
    return values

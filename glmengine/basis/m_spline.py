"""M-splines: B-splines scaled so that each integrates to one."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import model_validator

from glmengine.basis.base import Bounds
from glmengine.basis.knots import SplineBasis, clamped, spline_values
from glmengine.basis.supports import Supports, between_knots
from glmengine.errors import GlmError
from glmengine.spec import param


class MSpline(SplineBasis):
    """M-splines (Ramsay 1988): each is a density over the bounds, or over the window taken as [0, 1]."""

    local: ClassVar[bool] = True

    family: Literal["m_spline"] = "m_spline"
    n: int = param(10, title="Functions", help="How many functions, that is columns: more follow finer detail.", ge=1, le=200)
    order: int = param(
        4,
        title="Order",
        help="Polynomial degree plus one; 4 is cubic, smooth to the second derivative.",
        ge=1,
        le=8,
        advanced=True,
    )

    @model_validator(mode="after")
    def _enough_functions(self) -> MSpline:
        if self.n < self.order:
            raise GlmError(
                f"{self.n} M-splines of order {self.order} are too few; give at least {self.order} functions or a lower order",
                field="n",
            )
        return self

    @property
    def n_functions(self) -> int:
        return self.n

    @property
    def _n_inner(self) -> int:
        return self.n - self.order

    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        return self._densities(u, self.bounds or (0.0, 1.0))

    def _on_grid(self, length: int, bin_size: float) -> np.ndarray:
        plain = self.with_(placement="uniform", inner_knots=(), bounds=None)
        return plain._densities(np.linspace(0.0, 1.0, length), (0.0, 1.0))

    def _densities(self, u: np.ndarray, bounds: Bounds) -> np.ndarray:
        knots = clamped(self._unit_knots(), self.order)
        spans = (knots[self.order :] - knots[: self.n]) * (bounds[1] - bounds[0])
        return spline_values(u, knots, self.order) * (self.order / spans)

    def supports(self, x: np.ndarray) -> Supports:
        return between_knots(self._to_unit(x), clamped(self._unit_knots(), self.order), self.order)

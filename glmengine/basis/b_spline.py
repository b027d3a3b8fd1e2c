"""B-splines on clamped knots: local, summing to one."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import model_validator

from glmengine.basis.knots import SplineBasis, clamped, spline_values
from glmengine.basis.supports import Supports, between_knots
from glmengine.errors import GlmError
from glmengine.spec import param


class BSpline(SplineBasis):
    """B-splines (de Boor 1978): each follows the variable over a part of its range, together they sum to one."""

    local: ClassVar[bool] = True

    family: Literal["b_spline"] = "b_spline"
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
    def _enough_functions(self) -> BSpline:
        if self.n < self.order:
            raise GlmError(
                f"{self.n} B-splines of order {self.order} are too few; give at least {self.order} functions or a lower order",
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
        return spline_values(u, clamped(self._unit_knots(), self.order), self.order)

    def supports(self, x: np.ndarray) -> Supports:
        return between_knots(self._to_unit(x), clamped(self._unit_knots(), self.order), self.order)

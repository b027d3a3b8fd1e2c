"""B-splines on clamped uniform knots: local, summing to one."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import model_validator

from glmengine.basis.base import Basis
from glmengine.errors import GlmError
from glmengine.spec import param


class BSpline(Basis):
    """B-splines (de Boor 1978) with knots spread evenly over the bounds."""

    local: ClassVar[bool] = True

    family: Literal["b_spline"] = "b_spline"
    n: int = param(10, title="Functions", help="How many functions, that is columns: more follow finer detail.", ge=1, le=200)
    order: int = param(4, title="Order", help="Polynomial degree plus one; 4 is cubic, smooth to the second derivative.", ge=1, le=8, advanced=True)

    @model_validator(mode="after")
    def _enough_functions(self) -> BSpline:
        if self.n < self.order:
            raise GlmError(f"{self.n} B-splines of order {self.order} are too few; give at least {self.order} functions or a lower order", field="n")
        return self

    @property
    def n_functions(self) -> int:
        return self.n

    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        from scipy.interpolate import BSpline as Spline

        knots = np.concatenate([np.zeros(self.order - 1), np.linspace(0, 1, self.n - self.order + 2), np.ones(self.order - 1)])
        return Spline.design_matrix(np.ascontiguousarray(u), knots, self.order - 1).toarray()

"""Natural cubic splines: smooth inside, straight at the ends, one function per knot."""

from __future__ import annotations

from typing import Literal

import numpy as np

from glmengine.basis.knots import SplineBasis
from glmengine.spec import param


class NaturalSpline(SplineBasis):
    """Natural cubic splines in cardinal form (Wood 2017, section 5.3.1): each coefficient is the value at one knot."""

    family: Literal["natural_spline"] = "natural_spline"
    n: int = param(8, title="Functions", help="How many functions, that is knots with both ends.", ge=2, le=200)

    @property
    def n_functions(self) -> int:
        return self.n

    @property
    def _n_inner(self) -> int:
        return self.n - 2

    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        if self.n == 2:
            return np.column_stack([1 - u, u])
        from scipy.interpolate import CubicSpline

        return CubicSpline(self._unit_knots(), np.eye(self.n), bc_type="natural")(u)

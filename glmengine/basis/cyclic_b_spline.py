"""Cyclic B-splines, for angles and phases."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np
from pydantic import model_validator

from glmengine.basis.base import BoundedBasis, Bounds
from glmengine.basis.knots import see_enough, spline_values
from glmengine.basis.supports import Supports, between_knots
from glmengine.spec import param


class CyclicBSpline(BoundedBasis):
    """Periodic B-splines: the functions that leave the range on one side come in on the other."""

    local: ClassVar[bool] = True
    circular: ClassVar[bool] = True

    family: Literal["cyclic_b_spline"] = "cyclic_b_spline"
    n: int = param(12, title="Functions", help="How many functions around the circle.", ge=2, le=200)
    order: int = param(4, title="Order", help="Polynomial degree plus one; 4 is cubic.", ge=2, le=8, advanced=True)
    bounds: Bounds | None = param(
        (0.0, 2 * math.pi),
        title="Period",
        help="Where the circle begins and ends; 0 to 2 pi for an angle in radians.",
        unit="of the variable",
    )

    @model_validator(mode="after")
    def _enough_functions(self) -> CyclicBSpline:
        see_enough(self.n, self.order, "cyclic B-splines")
        return self

    @property
    def n_functions(self) -> int:
        return self.n

    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        columns = spline_values(np.where(u >= 1.0, u - 1.0, u), self._unrolled_knots(), self.order)
        out = columns[:, : self.n].copy()
        out[:, : self.order - 1] += columns[:, self.n :]
        return out

    def _unrolled_knots(self) -> np.ndarray:
        """Those of the functions before the ones that leave the range come in again."""
        degree = self.order - 1
        return np.arange(-degree, self.n + degree + 1) / self.n

    def supports(self, x: np.ndarray) -> Supports:
        u = self._to_unit(x)
        unrolled = between_knots(np.where(u >= 1.0, u - 1.0, u), self._unrolled_knots(), self.order)
        live = unrolled.live[:, : self.n].copy()
        live[:, : self.order - 1] |= unrolled.live[:, self.n :]
        return Supports.of(unrolled.cell, live)

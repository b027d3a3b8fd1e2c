"""B-splines on clamped knots: local, summing to one."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from glmengine.basis.clamped_spline import ClampedSpline
from glmengine.basis.knots import spline_values


class BSpline(ClampedSpline):
    """B-splines (de Boor 1978): each follows the variable over a part of its range, together they sum to one."""

    called: ClassVar[str] = "B-splines"

    family: Literal["b_spline"] = "b_spline"

    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        return spline_values(u, self._knots, self.order)

"""M-splines: B-splines scaled so that each integrates to one."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from glmengine.basis.base import Bounds
from glmengine.basis.clamped_spline import ClampedSpline
from glmengine.basis.knots import spline_values


class MSpline(ClampedSpline):
    """M-splines (Ramsay 1988): each is a density over the bounds, or over the window taken as [0, 1]."""

    called: ClassVar[str] = "M-splines"

    family: Literal["m_spline"] = "m_spline"

    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        return self._densities(u, self.bounds or (0.0, 1.0))

    def _on_grid(self, length: int, bin_size: float) -> np.ndarray:
        plain = self.with_(placement="uniform", inner_knots=(), bounds=None)
        return plain._densities(np.linspace(0.0, 1.0, length), (0.0, 1.0))

    def _densities(self, u: np.ndarray, bounds: Bounds) -> np.ndarray:
        knots = self._knots
        spans = (knots[self.order :] - knots[: self.n]) * (bounds[1] - bounds[0])
        return spline_values(u, knots, self.order) * (self.order / spans)

"""Raised cosine bumps, evenly spread or on a logarithmic axis."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from glmengine.basis.base import BoundedBasis
from glmengine.basis.supports import Supports, between_edges
from glmengine.spec import param


def _width() -> Any:
    return param(2.0, title="Width", help="Half the width of a bump in distances between neighbours.", gt=1, le=10, advanced=True)


class RaisedCosineLinear(BoundedBasis):
    """Raised cosine bumps, evenly spread over the range."""

    family: Literal["raised_cosine_linear"] = "raised_cosine_linear"
    n: int = param(8, title="Functions", help="How many bumps.", ge=2, le=200)
    width: float = _width()

    @property
    def n_functions(self) -> int:
        return self.n

    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        return bumps(u, np.linspace(0.0, 1.0, self.n), self.width)

    def supports(self, x: np.ndarray) -> Supports:
        return _supports(self._to_unit(x), np.linspace(0.0, 1.0, self.n), self.width)


class RaisedCosineLog(BoundedBasis):
    """Raised cosine bumps on a log-stretched axis (Pillow et al. 2005, 2008): fine near the present, coarse far back."""

    family: Literal["raised_cosine_log"] = "raised_cosine_log"
    n: int = param(8, title="Functions", help="How many bumps; the first follow the latest past closely.", ge=2, le=100)
    width: float = _width()
    stretch: float = param(
        50.0, title="Stretch", help="How strongly time is stretched near the present.", gt=0, le=1e6, log=True, advanced=True
    )
    decays: bool = param(
        True, title="Ends at zero", help="Whether the last bump goes down to zero at the end of the window.", advanced=True
    )

    @property
    def n_functions(self) -> int:
        return self.n

    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        return bumps(self._stretched(u), self._peaks(), self.width)

    def _stretched(self, u: np.ndarray) -> np.ndarray:
        return np.log(self.stretch * u + 1) / np.log(self.stretch + 1)

    def _peaks(self) -> np.ndarray:
        return np.linspace(0.0, 1 - self.width / (self.n + self.width - 1) if self.decays else 1.0, self.n)

    def supports(self, x: np.ndarray) -> Supports:
        return _supports(self._stretched(np.clip(self._to_unit(x), 0.0, 1.0)), self._peaks(), self.width)


def bumps(u: np.ndarray, peaks: np.ndarray, width: float) -> np.ndarray:
    """(T, n) raised cosines at `u`, one around each of the evenly spaced peaks."""
    angle = np.pi * (u[:, None] - peaks) / ((peaks[1] - peaks[0]) * width)
    return 0.5 * (np.cos(np.clip(angle, -np.pi, np.pi)) + 1)


def _supports(u: np.ndarray, peaks: np.ndarray, width: float) -> Supports:
    """Those of `bumps`."""
    reach = (peaks[1] - peaks[0]) * width * (1 + 1e-12)  # a sample that rounding has moved over the edge
    return between_edges(u, peaks - reach, peaks + reach)

"""Fourier bases: cosines and sines on a line, a circle or (as a product) a plane."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np

from glmengine.basis.base import BoundedBasis, Bounds
from glmengine.spec import param


class Fourier(BoundedBasis):
    """Cosines and sines of 1 to n periods over the bounds; a product of several holds waves of every orientation, with the constants it needs."""

    circular: ClassVar[bool] = True

    family: Literal["fourier"] = "fourier"
    n: int = param(
        3, title="Harmonics", help="Up to how many periods fit into the bounds; each gives a cosine and a sine.", ge=1, le=100
    )
    constant: bool = param(
        False,
        title="With the constant",
        help="Hold the constant function too. A product of several has it by itself, for the waves along one axis alone.",
        advanced=True,
    )
    bounds: Bounds | None = param(
        (0.0, 2 * math.pi),
        title="Period",
        help="Where the circle begins and ends; 0 to 2 pi for an angle in radians, the range of the data where empty.",
        unit="of the variable",
    )

    @property
    def n_functions(self) -> int:
        return 2 * self.n + self.constant

    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        phase = 2 * np.pi * u[:, None] * np.arange(0 if self.constant else 1, self.n + 1)
        return np.hstack([np.cos(phase), np.sin(phase[:, 1:] if self.constant else phase)])

    def penalty_matrix(self) -> np.ndarray:
        """Of the wave with k periods k^4, as of its squared second derivative, the first one's being 1."""
        k = np.arange(1, self.n + 1, dtype=np.float64)
        return np.diag(np.concatenate([np.zeros(int(self.constant)), k**4, k**4]))

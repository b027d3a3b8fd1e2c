"""The inverse Gaussian distribution: a family that is one file, of its log-likelihood alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from glmengine.models.arrays import library
from glmengine.models.family import Family


@dataclass(frozen=True)
class InverseGaussian(Family):
    """Positive observations with variance proportional to the cube of the mean."""

    name: ClassVar[str] = "inverse_gaussian"
    links: ClassVar[tuple[str, ...]] = ("log",)
    positive: ClassVar[bool] = True
    free_scale: ClassVar[bool] = True

    def log_likelihood(self, mu: Any, y: Any, dispersion: Any = None) -> Any:
        xp = library(mu, y, dispersion).np
        scale = 1.0 if dispersion is None else dispersion
        return -0.5 * ((y - mu) ** 2 / (scale * mu * mu * y) + xp.log(2.0 * math.pi * scale * y * y * y))

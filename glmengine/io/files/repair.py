"""Repairs of the values of a series, done again whenever a stored one is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from glmengine.timegrid.angles import FULL_TURN, wrapped


@dataclass(frozen=True)
class Repair:
    """What is done to the values of a series, number by number or sample by sample."""

    kind: Literal["continuous", "angle", "step", "category"] = "continuous"
    degrees: bool = False
    lost: tuple[tuple[float, ...], ...] = ()
    """What samples that were lost are written as, one number for each component, NaN for any."""

    def apply(self, values: np.ndarray) -> np.ndarray:
        """The values repaired, of the same shape: float64 with NaN for what is missing, angles in radians from 0 to 2 pi.

        Steps and categories stay as they are.
        """
        if self.kind not in ("continuous", "angle"):
            return values
        values = values.astype(np.float64)
        infinite = np.isinf(values)
        if infinite.any():
            values[infinite] = np.nan
        rows = values.reshape(len(values), -1)
        for lost in self.lost:
            told = np.isfinite(lost)
            values[(rows[:, told] == np.array(lost)[told]).all(axis=1)] = np.nan
        if self.kind == "angle":
            if self.degrees:
                values = np.deg2rad(values)
            finite = values[np.isfinite(values)]
            if len(finite) and (finite.min() < 0 or finite.max() >= FULL_TURN):
                values = np.where(np.isnan(values), np.nan, wrapped(values))
        return values

"""Bins of one variable: equal parts of its range, or its categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.timegrid.angles import FULL_TURN

if TYPE_CHECKING:
    from glmengine.recording.recording import Covariate

_FEW = 12  # different values of a column up to which each is a bin
_SOME = 10_000


@dataclass(frozen=True)
class Axis:
    """Bins of one variable.

    Attributes
    ----------
    name, unit : str
    values : (K,) array
        Bin centres, or the categories.
    edges : (K + 1,) array or None
        None for categories.
    """

    name: str
    unit: str
    values: np.ndarray
    edges: np.ndarray | None

    @classmethod
    def of(cls, covariate: Covariate, basis: Any, x: np.ndarray, points: int) -> Axis:
        """Bins for a variable whose samples on the valid rows are `x`: its bounds, as far as there are data; the whole circle for angles.

        `basis` is None for a variable that is a column itself.
        """
        x = x[np.isfinite(x)]
        known = getattr(basis, "categories", ())
        if known or covariate.kind == "category":
            return cls(covariate.name, covariate.unit, np.unique(known or x), None)
        # of some of many values there are mostly more already, and to sort them all takes a second an hour of milliseconds
        if basis is None and len(np.unique(x[:_SOME])) <= _FEW and len(few := np.unique(x)) <= _FEW:
            return cls(covariate.name, covariate.unit, few, None)
        bounds = getattr(basis, "bounds", None)
        low, high = (float(x.min()), float(x.max())) if bounds is None else (float(bounds[0]), float(bounds[1]))
        if bounds is not None and not basis.circular:
            low, high = max(low, float(x.min())), min(high, float(x.max()))
        if not high > low:
            return cls(covariate.name, covariate.unit, np.unique(x), None)
        edges = np.linspace(low, high, points + 1)
        return cls(covariate.name, covariate.unit, (edges[1:] + edges[:-1]) / 2, edges)

    @classmethod
    def of_data(cls, covariate: Covariate, x: np.ndarray, points: int) -> Axis:
        """Bins for a variable before any model: the whole circle for angles, else over the range of its samples `x`.

        Raises
        ------
        GlmError
            If no sample is valid.
        """
        if not np.isfinite(x).any():
            raise GlmError(
                f"'{covariate.name}' has no valid value in the time that is used; choose another variable, or other epochs",
                field="variable",
            )
        if covariate.kind == "angle":
            edges = np.linspace(0.0, FULL_TURN, points + 1)
            return cls(covariate.name, covariate.unit, (edges[1:] + edges[:-1]) / 2, edges)
        return cls.of(covariate, None, x, points)

    def bin_of(self, x: np.ndarray) -> np.ndarray:
        """(N,) which bin each value lies in, -1 for none."""
        if self.edges is None:
            place = np.clip(np.searchsorted(self.values, x), 0, len(self.values) - 1)
            return np.where(self.values[place] == x, place, -1)
        low, high = self.edges[0], self.edges[-1]
        with np.errstate(invalid="ignore"):
            inside = (x >= low) & (x <= high)
            position = np.floor((x - low) / (high - low) * len(self.values))
        return np.where(inside, np.clip(np.nan_to_num(position), 0, len(self.values) - 1), -1).astype(np.int64)

"""Posterior distributions of coefficients: linear predictors and their variances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.models import get_family

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Model
    from glmengine.models import Link

Z95 = 1.959963984540054
"""Half the width of a 95 % interval in standard deviations."""


@dataclass(frozen=True)
class Posterior:
    """Coefficients of all units with their covariances.

    Attributes
    ----------
    coef : (P, M) array
    intercept : (M,) array
    covariance : (M, P + 1, P + 1) array or None
        Intercept first; NaN for units that have none.
    link : Link
    """

    coef: np.ndarray
    intercept: np.ndarray
    covariance: np.ndarray | None
    link: Link

    def part(self, features: np.ndarray, units: np.ndarray) -> Posterior:
        """That of some features and units, by their numbers."""
        ends = np.concatenate([[0], np.asarray(features, np.int64) + 1])
        covariance = None if self.covariance is None else self.covariance[np.ix_(units, ends, ends)]
        return Posterior(self.coef[np.ix_(features, units)], self.intercept[units], covariance, self.link)

    def variance(self, rows: np.ndarray, unit: int, columns: np.ndarray | None = None) -> np.ndarray:
        """(K,) variances of the linear predictors `rows` (K, P + 1; the first column is the intercept's) of a unit; NaN without covariance.

        Where the others are 0 only those of the coefficients in `columns` (p,) may be given, (K, p + 1).
        """
        if self.covariance is None:
            return np.full(len(rows), np.nan)
        covariance = self.covariance[unit]
        if columns is not None and columns.size < len(covariance) - 1:
            there = np.append(0, columns + 1)
            covariance = covariance[np.ix_(there, there)]
        return np.maximum(np.einsum("kp,kp->k", rows @ covariance, rows), 0.0)

    def interval(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means at the ends of intervals of the linear predictor, the smaller first; infinite where an inverse link's reaches 0."""
        if self.link.increasing:
            return self.link.mean(low), self.link.mean(high)
        with np.errstate(divide="ignore"):
            return self.link.mean(high), np.where(low > 0, self.link.mean(low), np.where(np.isnan(low), np.nan, np.inf))

    def block(self, unit: int, columns: np.ndarray) -> np.ndarray:
        """(p, p) covariance of the coefficients in `columns` of a unit."""
        if self.covariance is None:
            return np.full((len(columns), len(columns)), np.nan)
        return self.covariance[unit][np.ix_(columns + 1, columns + 1)]


def link_of(model: Model) -> Link:
    """The link of an analysis's model, the family's own where none is named."""
    return get_family(model.family).link(model.link or None)

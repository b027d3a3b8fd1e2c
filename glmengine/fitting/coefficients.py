"""Coefficients of many units with the question that they answer: what goodness of fit, surrogates and decoding need of a fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.models import Family, Link, get_family

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.analysis.terms import AnyTerm


@dataclass(frozen=True)
class Coefficients:
    """Coefficients of M units on P features, with the question that they answer.

    Attributes
    ----------
    analysis : Analysis
    terms : tuple of terms
        With bounds and knots kept.
    units : tuple of str
    coef : (P, M) array
    intercept : (M,) array
        Minus infinity for a silent unit.
    dispersion : (M,) array
        Of the family: scale of a signal, dispersion of the negative binomial, else 1.
    covariance : (M, P + 1, P + 1) array or None
        Intercept first.
    """

    analysis: Analysis
    terms: tuple[AnyTerm, ...]
    units: tuple[str, ...]
    coef: np.ndarray
    intercept: np.ndarray
    dispersion: np.ndarray
    covariance: np.ndarray | None = None

    @property
    def family(self) -> Family:
        return get_family(self.analysis.model.family)

    @property
    def link(self) -> Link:
        return self.family.link(self.analysis.model.link or None)

    @property
    def spread(self) -> np.ndarray | None:
        """The dispersion where the family's variance or likelihood has one, else None."""
        return self.dispersion if self.family.free_scale or self.family.estimates_dispersion else None

    def linear(self, features: np.ndarray) -> np.ndarray:
        """Linear predictor (t, M) of features (t, P)."""
        return features @ self.coef + self.intercept

    def of(self, columns: Sequence[int]) -> Coefficients:
        """The same of some of the units, by number."""
        picked = np.asarray(columns, int)
        return replace(
            self,
            units=tuple(self.units[at] for at in picked),
            coef=self.coef[:, picked],
            intercept=self.intercept[picked],
            dispersion=self.dispersion[picked],
            covariance=None if self.covariance is None else self.covariance[picked],
        )

    def variance(self, mean: np.ndarray, units: slice | np.ndarray = slice(None)) -> np.ndarray:
        """Variance of observations of these means (..., M), the scale of the family included."""
        dispersion = self.dispersion[units]
        own = self.family.variance(mean, dispersion if self.family.estimates_dispersion else None)
        return own * dispersion if self.family.free_scale else own

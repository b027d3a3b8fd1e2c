"""Fits on all bins: one unit's with all that is known of it, and those of many units as far as models are compared by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.inference.tests import Worth

if TYPE_CHECKING:
    from glmengine.fitting.fit_result import Fit


@dataclass(frozen=True)
class Whole:
    """A model of a unit fitted to all rows.

    Attributes
    ----------
    columns : (p,) int array
        Of the design, ascending.
    coef : (p,) array
    intercept : float
    covariance : (p + 1, p + 1) array
        Intercept first (Wood 2006).
    strengths : (J,) array
        Of the penalised parts that the model has, in the objective.
    labels : tuple of str
        What these are called.
    log_likelihood, deviance, edf : float
    n_valid : float
        Bins.
    converged : bool
    """

    columns: np.ndarray
    coef: np.ndarray
    intercept: float
    covariance: np.ndarray
    strengths: np.ndarray
    labels: tuple[str, ...]
    log_likelihood: float
    deviance: float
    edf: float
    n_valid: float
    converged: bool


@dataclass(frozen=True)
class WholeFits:
    """What of fits on all bins is compared, (M,) each, as `glmengine.fitting.fit_result.Fit` calls it."""

    log_likelihood: np.ndarray
    deviance: np.ndarray
    edf: np.ndarray
    aic: np.ndarray
    bic: np.ndarray
    dispersion: np.ndarray
    n_valid: np.ndarray
    converged: np.ndarray

    @classmethod
    def of_fit(cls, fit: Fit) -> WholeFits:
        return cls(**{name: np.array(getattr(fit, name)) for name in cls.__dataclass_fields__})

    @classmethod
    def of_units(cls, found: Sequence[Whole | None]) -> WholeFits:
        """Those of counts of known scale, None for units without a spike."""

        def each(name: str) -> np.ndarray:
            return np.array([np.nan if one is None else float(getattr(one, name)) for one in found])

        log_likelihood, edf = each("log_likelihood"), each("edf")
        n = np.array([0.0 if one is None else one.n_valid for one in found])
        return cls(
            log_likelihood=log_likelihood,
            deviance=each("deviance"),
            edf=edf,
            aic=2.0 * edf - 2.0 * log_likelihood,
            bic=np.log(np.maximum(n, 1.0)) * edf - 2.0 * log_likelihood,
            dispersion=np.ones(len(found)),
            n_valid=n,
            converged=np.array([one is not None and one.converged for one in found]),
        )

    def worth(self, free_scale: bool) -> Worth:
        """As the likelihood ratio takes it."""
        return Worth(self.log_likelihood, self.deviance, self.edf, self.n_valid, self.dispersion if free_scale else None)

"""What a softmax fit is: coefficients of each class, how far they are sure, and what the model is worth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.fitting.inputs import predictor
from glmengine.fitting.options import unit_number
from glmengine.models import Penalty, get_link
from glmengine.solvers.categorical import CategoricalAnswer

SOLVER = "Newton on all classes"


@dataclass(frozen=True)
class UnitAnswer:
    """The answer for one unit, and the (p,) columns that it may use."""

    found: CategoricalAnswer
    places: np.ndarray


@dataclass(frozen=True)
class ClassFit:
    """A fitted softmax model of M units with P features and K classes.

    Attributes
    ----------
    coef : (P, K, M) array, intercept : (K, M) array
        Without a penalty those of the last class are 0 (it is the reference). With one they are symmetric, and what the penalty leaves
        free (intercepts) sums to zero over classes. Intercept -inf for a class that a unit never shows.
    standard_errors : (P, K, M), intercept_se : (K, M)
        NaN for coefficients that are fixed, or held at zero by the penalty.
    objective, decrement : (M,)
    converged : (M,) bool
    status : (M,) str
        ``ok``, ``silent`` (one class only), ``no data``, ``separated`` or ``stopped``.
    iterations, edf, n_valid, log_likelihood, deviance, null_deviance : (M,)
        The null model is the share of each class.
    dispersion : (M,)
        Ones.
    seconds, solver, trace, strength, feature_names, unit_names, family, link, penalty, notes
        As in `glmengine.Fit`.
    answers : tuple
        What the standard errors and `edf` are made of when first asked for; None for a unit without data.
    has_intercept : bool
    """

    coef: np.ndarray
    intercept: np.ndarray
    objective: np.ndarray
    decrement: np.ndarray
    converged: np.ndarray
    status: np.ndarray
    iterations: np.ndarray
    n_valid: np.ndarray
    log_likelihood: np.ndarray
    null_deviance: np.ndarray
    seconds: float
    trace: tuple[dict[str, float], ...]
    strength: np.ndarray
    feature_names: tuple[str, ...]
    unit_names: tuple[str, ...]
    penalty: Penalty
    notes: tuple[str, ...]
    answers: tuple[UnitAnswer | None, ...]
    has_intercept: bool
    family: str = "categorical"
    link: str = "softmax"
    solver: str = SOLVER

    @property
    def n_classes(self) -> int:
        """K."""
        return self.intercept.shape[0]

    @cached_property
    def _uncertainty(self) -> tuple[list[np.ndarray | None], np.ndarray]:
        P, K, M = self.coef.shape
        covariances: list[np.ndarray | None] = [None] * M
        edf = np.full(M, np.nan)
        for unit, answer in enumerate(self.answers):
            if answer is not None:
                covariances[unit], edf[unit] = _covariance(answer.found, P, K, answer.places, self.has_intercept)
        return covariances, edf

    @cached_property
    def _spreads(self) -> np.ndarray:
        """(P + 1, K, M) standard errors, the intercept first."""
        P, K, M = self.coef.shape
        result = np.full((P + 1, K, M), np.nan)
        for unit, covariance in enumerate(self._uncertainty[0]):
            if covariance is not None:
                spread = np.sqrt(np.maximum(np.einsum("kaka->ak", covariance), 0.0))
                result[:, :, unit] = np.where(spread > 0, spread, np.nan)
        return result

    @property
    def standard_errors(self) -> np.ndarray:
        return self._spreads[1:]

    @property
    def intercept_se(self) -> np.ndarray:
        return self._spreads[0]

    @property
    def edf(self) -> np.ndarray:
        return self._uncertainty[1]

    @property
    def deviance(self) -> np.ndarray:
        return -2.0 * self.log_likelihood

    @property
    def dispersion(self) -> np.ndarray:
        return np.ones(len(self.unit_names))

    @property
    def aic(self) -> np.ndarray:
        """(M,) -2 log-likelihood + 2 edf."""
        return self.deviance + 2.0 * self.edf

    @property
    def bic(self) -> np.ndarray:
        """(M,) as `aic`, with the logarithm of the number of rows in place of 2."""
        with np.errstate(divide="ignore"):
            return self.deviance + np.log(self.n_valid) * self.edf

    def pseudo_r2(self, kind: str = "cohen") -> np.ndarray:
        """(M,) 1 - deviance/deviance of the shares; the two kinds are the same number here."""
        if kind not in ("cohen", "mcfadden"):
            raise GlmError(f"there is no pseudo-R2 {kind!r}; choose 'cohen' or 'mcfadden'")
        with np.errstate(invalid="ignore", divide="ignore"):
            return 1.0 - self.deviance / self.null_deviance

    def covariance(self, unit: int | str = 0) -> np.ndarray:
        """Covariance (K, P + 1, K, P + 1) of one unit's parameters, the intercept of a class before its coefficients."""
        number = unit_number(unit, self.unit_names)
        known = self._uncertainty[0][number]
        K, size = self.n_classes, len(self.feature_names) + 1
        return np.full((K, size, K, size), np.nan) if known is None else known

    def predict(self, X: Any) -> np.ndarray:
        """(T, K, M) probabilities of the classes for rows (T, P) or a `Design`; NaN where a row is not valid."""
        P, K, M = self.coef.shape
        eta = predictor(X, self.coef.reshape(P, K * M), self.feature_names)
        eta = eta.reshape(-1, K, M) + np.where(np.isneginf(self.intercept), -1e300, self.intercept)
        return np.asarray(get_link("softmax").mean(eta))


def _covariance(
    answer: CategoricalAnswer, P: int, K: int, places: np.ndarray, intercept: bool
) -> tuple[np.ndarray | None, float]:
    """Covariance over all P columns, and effective degrees of freedom (for sparse fits the coefficients that are not zero)."""
    if answer.covariance is None:
        ends = np.isfinite(answer.intercept).sum() - 1 if intercept else 0
        return None, float(np.count_nonzero(answer.coef) + max(ends, 0))
    size = K * (places.size + 1)
    edf = float(np.sum(answer.covariance.reshape(size, size) * answer.hessian_loss.T))
    full = np.zeros((K, P + 1, K, P + 1))
    inside = np.concatenate([[0], places + 1])
    full[np.ix_(np.arange(K), inside, np.arange(K), inside)] = answer.covariance
    return full, edf

"""scikit-learn estimators on top of `glmengine.fit`: for pipelines, grid searches, and readers who know that interface."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from glmengine.errors import GlmError
from glmengine.fitting.fit import Fit, fit
from glmengine.models import Family, Penalty, get_family, get_link, get_penalty

DEFAULT_STRENGTH = 1e-4


class _Linear(BaseEstimator):
    """What both estimators share: parameters, the fit, and the linear predictor."""

    def __init__(
        self,
        family: str | None = None,
        link: str | None = None,
        penalty: str | Penalty | None = "ridge",
        strength: float | None = None,
        intercept: bool = True,
        solver: str = "auto",
    ) -> None:
        self.family = family
        self.link = link
        self.penalty = penalty
        self.strength = strength
        self.intercept = intercept
        self.solver = solver

    def _penalty(self) -> Penalty:
        strength = DEFAULT_STRENGTH if self.strength is None and isinstance(self.penalty, str) else self.strength
        return get_penalty(self.penalty, strength)

    def _weights(self, sample_weight: Any, X: np.ndarray) -> np.ndarray | None:
        if sample_weight is None:
            return None
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if not weights.any():
            raise GlmError("sample_weight: all weights are zero; leave out rows that are not wanted, not all of them")
        return weights

    def _fit(self, X: np.ndarray, y: np.ndarray, family: Family, sample_weight: Any, **options: Any) -> Fit:
        link = family.link(self.link).name
        return fit(
            X,
            y,
            family=family,
            link=link,
            penalty=self._penalty(),
            weights=self._weights(sample_weight, X),
            intercept=self.intercept,
            solver=self.solver,
            **options,
        )

    def _keep(self, fitted: Fit) -> None:
        """Keep what scikit-learn's readers look for."""
        self.fit_ = fitted
        self.n_iter_ = max(int(np.max(fitted.iterations)), 1)
        self.converged_ = bool(np.all(fitted.converged))

    def _predictor(self, X: Any) -> np.ndarray:
        """Linear predictor (T,) or (T, M)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        return X @ self.coef_.T + self.intercept_


class GLM(RegressorMixin, _Linear):
    """A generalized linear model of counts or continuous observations.

    Parameters
    ----------
    family : str
        ``"poisson"`` (where None), ``"gaussian"``, ``"gamma"``, ``"negative_binomial"`` or ``"bernoulli"``.
    link : str, optional
        The family's default where None.
    penalty : str or Penalty
        A name (``"none"``, ``"ridge"``, ``"lasso"``, ``"elastic_net"``, ``"group_lasso"``, ``"smoothness"``) or a penalty.
    strength : float, optional
        Replaces the penalty's own; 1e-4 for a penalty given by name.
    intercept : bool
    solver : str
        As for `glmengine.fit`.

    Attributes
    ----------
    coef_ : (P,) or (M, P) array
    intercept_ : float or (M,) array
    fit_ : Fit
        Everything else: standard errors, objective, decrement, deviance.
    n_iter_, converged_
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to X (T, P) and y (T,), or (T, M) for several units; weights (T,) are numbers of repetitions."""
        family = get_family(self.family or "poisson")
        if family.by_class:
            raise GlmError("GLM: classes are fitted by GLMClassifier; use that", field="model.family")
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        y = np.asarray(y, np.float64)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        self._keep(self._fit(X, y, family, sample_weight, whole=False))
        coef, intercept = self.fit_.coef, self.fit_.intercept
        self.coef_ = coef[:, 0].copy() if y.ndim == 1 else coef.T.copy()
        self.intercept_ = float(intercept[0]) if y.ndim == 1 else intercept.copy()
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Mean of each observation (T,) or (T, M), per row."""
        link = get_family(self.family or "poisson").link(self.link)
        return link.mean(self._predictor(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Deviance explained, 1 - deviance / deviance of the mean of `y`, pooled over columns (R2 for the Gaussian)."""
        family = get_family(self.family or "poisson")
        y = np.asarray(y, float)
        mu = self.predict(X)
        weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, float)
        null = np.broadcast_to(np.average(y, axis=0, weights=weights), y.shape)
        if family.estimates_dispersion:
            dispersion = self.fit_.dispersion[0] if y.ndim == 1 else self.fit_.dispersion
        else:
            dispersion = None
        ours, base = (float(np.sum(weights @ family.deviance(m, y, dispersion))) for m in (mu, null))
        return 1.0 - ours / base if base > 0 else 0.0

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        family = get_family(self.family or "poisson")
        tags.target_tags.positive_only = not family.any_sign
        # several columns always work; scikit-learn's checks of that use negative targets whatever the line above says
        tags.target_tags.multi_output = family.any_sign
        return tags


class GLMClassifier(ClassifierMixin, _Linear):
    """Classes given covariates: a Bernoulli model of two, a softmax of more.

    Parameters
    ----------
    family : str, optional
        ``"bernoulli"`` or ``"categorical"``; by the number of classes where None.
    link, penalty, strength, intercept, solver
        As for `GLM`.

    Attributes
    ----------
    classes_ : (K,) array
    coef_ : (1, P) or (K, P) array
    intercept_ : (1,) or (K,) array
    fit_ : Fit
    n_iter_, converged_
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to X (T, P) and class labels y (T,)."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if self.classes_.size < 2:
            raise GlmError(f"GLMClassifier: all observations are of one class ({self.classes_[0]!r}); give at least two")
        family = self._chosen_family()
        options = {"n_classes": self.classes_.size} if family.by_class else {}
        self._keep(self._fit(X, labels.astype(float), family, sample_weight, **options))
        if not family.by_class:
            self.coef_, self.intercept_ = self.fit_.coef.T.copy(), np.array(self.fit_.intercept)
            return self
        coef, intercept = self.fit_.coef[:, :, 0].T, self.fit_.intercept[:, 0]
        if self.classes_.size == 2:
            coef, intercept = coef[1:] - coef[:1], intercept[1:] - intercept[:1]
        self.coef_, self.intercept_ = coef.copy(), intercept.copy()
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Linear predictor (T,) of the second of two classes, or (T, K)."""
        eta = self._predictor(X)
        return eta[:, 0] if self.coef_.shape[0] == 1 else eta

    def predict_proba(self, X: Any) -> np.ndarray:
        """(T, K) probabilities of the classes."""
        check_is_fitted(self)
        eta = self._predictor(X)
        if self.coef_.shape[0] > 1:
            return get_link("softmax").mean(eta)
        link = get_link("logit" if self._chosen_family().by_class else self.fit_.link)
        return np.column_stack([link.mean(-eta[:, 0]), link.mean(eta[:, 0])])  # these links are symmetric

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """(T, K) logarithms of the probabilities."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> np.ndarray:
        """(T,) the most probable class."""
        eta = self._predictor(X)
        chosen = (eta[:, 0] > 0).astype(int) if self.coef_.shape[0] == 1 else np.argmax(eta, axis=1)
        return self.classes_[chosen]

    def _chosen_family(self) -> Family:
        family = get_family(self.family or ("bernoulli" if self.classes_.size == 2 else "categorical"))
        if not (family.binary or family.by_class):
            raise GlmError(
                f"GLMClassifier: the {family.name} family is not for classes; choose bernoulli or categorical, or use GLM",
                field="model.family",
            )
        if family.binary and self.classes_.size > 2:
            raise GlmError(
                f"GLMClassifier: the {family.name} family is for two classes, there are {self.classes_.size}; choose categorical",
                field="model.family",
            )
        return family

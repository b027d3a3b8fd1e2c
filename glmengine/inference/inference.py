"""What every kind of fit can be asked about its optimum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from glmengine.context import Context
from glmengine.inference.evaluation import Evaluation
from glmengine.inference.wald import Wald


@runtime_checkable
class Inference(Protocol):
    """Likelihoods, covariances and statistics of M units, made when first asked for, or all at once by `make`."""

    def make(self, context: Context) -> None:
        """Make all of it, telling `context` how far it is."""

    @property
    def evaluation(self) -> Evaluation: ...

    @property
    def standard_errors(self) -> np.ndarray:
        """Of the coefficients, in their shape; NaN where a coefficient is not identified."""

    @property
    def intercept_se(self) -> np.ndarray:
        """Of the intercepts, in their shape."""

    @property
    def edf(self) -> np.ndarray:
        """(M,) effective degrees of freedom, the intercept included."""

    @property
    def column_edf(self) -> np.ndarray:
        """(P, M) what each column has of them; NaN where there are classes."""

    @property
    def dispersion(self) -> np.ndarray:
        """(M,)"""

    @property
    def terms(self) -> Wald:
        """Wald statistics of the terms of the design."""

    def covariance(self, unit: int, kind: str) -> np.ndarray:
        """Of one unit's intercept (first) and coefficients."""

    def covariances(self) -> np.ndarray:
        """Of all M units, in an array that may be kept and is not to be changed."""

    def wald(self, groups: Sequence[np.ndarray]) -> Wald:
        """Wald statistics of groups of columns."""

"""What every basis is: described parameters, and functions evaluated on a covariate or used as kernels."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np

from glmengine.errors import GlmError
from glmengine.spec import Spec, param

Bounds = tuple[float, float]


class Basis(Spec):
    """A family of `n_functions` functions of one variable.

    A concrete family adds a literal `family` (its name in files) and its parameters, and implements
    `_values` on the unit interval. With `window` it is a kernel over lags, without it is evaluated on a covariate.
    """

    # Which of the two uses the family has, for the window's forms.
    evaluates: ClassVar[bool] = True
    convolves: ClassVar[bool] = True
    # Indicator and B-spline columns are nonzero on few samples.
    local: ClassVar[bool] = False
    circular: ClassVar[bool] = False

    @property
    @abstractmethod
    def n_functions(self) -> int:
        """Number of columns."""

    @abstractmethod
    def evaluate(self, x: Any) -> np.ndarray:
        """Values at the samples `x` (T,) as (T, n_functions) float64; NaN where `x` is NaN or out of bounds."""

    @abstractmethod
    def frozen(self, x: Any) -> Self:
        """The same basis with everything that would be inferred from data (bounds, quantile knots) inferred from `x` and kept."""

    @abstractmethod
    def kernel(self, bin_size: float) -> tuple[np.ndarray, np.ndarray]:
        """Kernels over lags: lags in bins (L,) (1 is the bin before the present one), and values (L, n_functions)."""

    @abstractmethod
    def convolve(self, x: Any, bin_size: float, epochs: Any = None) -> np.ndarray:
        """`x` (T,) or (T, C) filtered by each kernel: (T, n_functions * C), channel-major, NaN where the window is not full."""

    @abstractmethod
    def penalty_matrix(self) -> np.ndarray:
        """Second-difference penalty D'D of its coefficients (n_functions, n_functions), wrapping where circular."""


__all__ = ["Basis", "Bounds", "GlmError", "param"]

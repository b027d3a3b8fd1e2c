"""The variable itself, its Legendre polynomials, or zeros."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import numpy as np

from glmengine.basis.base import Basis, BoundedBasis, as_samples
from glmengine.spec import param


class Identity(Basis):
    """The variable itself: its logarithmic effect on the rate is a straight line."""

    convolves: ClassVar[bool] = False

    family: Literal["identity"] = "identity"

    @property
    def n_functions(self) -> int:
        return 1

    def evaluate(self, x: Any) -> np.ndarray:
        return as_samples(x)[:, None].copy()

    def frozen(self, x: Any) -> Self:
        return self

    def penalty_matrix(self) -> None:
        return None


class Polynomial(BoundedBasis):
    """Polynomials of degree 1 to n, as Legendre's, which are orthogonal over the bounds."""

    convolves: ClassVar[bool] = False

    family: Literal["polynomial"] = "polynomial"
    n: int = param(2, title="Degree", help="The highest power: 1 a straight line, 2 a parabola.", ge=1, le=20)

    @property
    def n_functions(self) -> int:
        return self.n

    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        return np.polynomial.legendre.legvander(2 * u - 1, self.n)[:, 1:]

    def penalty_matrix(self) -> None:
        return None


class Zero(Basis):
    """One column of zeros: a term that keeps its place and has no effect."""

    convolves: ClassVar[bool] = False

    family: Literal["zero"] = "zero"

    @property
    def n_functions(self) -> int:
        return 1

    def evaluate(self, x: Any) -> np.ndarray:
        return np.zeros((len(as_samples(x)), 1))

    def frozen(self, x: Any) -> Self:
        return self

    def penalty_matrix(self) -> None:
        return None

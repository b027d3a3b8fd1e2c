"""Indicator functions of parts of the range, of lags or of categories."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

import numpy as np

from glmengine.basis.base import Basis, BoundedBasis, KernelBasis, as_samples
from glmengine.basis.supports import Supports
from glmengine.errors import GlmError
from glmengine.spec import param

MOST_CATEGORIES = 200


class Boxcar(BoundedBasis):
    """Boxes side by side: the histogram of tuning; as kernels, steps after an event."""

    local: ClassVar[bool] = True

    family: Literal["boxcar"] = "boxcar"
    n: int = param(10, title="Boxes", help="Into how many equal parts the range or window is divided.", ge=1, le=500)

    @property
    def n_functions(self) -> int:
        return self.n

    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        return _one_hot(self._box(u), self.n)

    def _box(self, u: np.ndarray) -> np.ndarray:
        return np.minimum((u * self.n).astype(np.int64), self.n - 1)

    def supports(self, x: np.ndarray) -> Supports:
        u = np.clip(np.nan_to_num(self._to_unit(x)), 0.0, 1.0)
        return Supports.of(self._box(u), np.eye(self.n, dtype=bool))

    def _on_grid(self, length: int, bin_size: float) -> np.ndarray:
        if self.n > length:
            raise GlmError(f"a window of {length} bins cannot be divided into {self.n} boxes; give at most {length}", field="n")
        return _one_hot(np.arange(length) * self.n // length, self.n)


class History(KernelBasis):
    """Raw lags: one function per bin of the window, nothing assumed about its shape."""

    evaluates: ClassVar[bool] = False
    local: ClassVar[bool] = True

    family: Literal["history"] = "history"
    window: float | None = param(
        0.02, title="Window", help="How far back the lags reach; one column per bin.", unit="s", gt=0, le=600
    )

    @property
    def n_functions(self) -> int:
        """Known only with a bin size.

        Raises
        ------
        GlmError
            Always.
        """
        raise GlmError("how many raw lags there are depends on the bin size", field="window")

    def _on_grid(self, length: int, bin_size: float) -> np.ndarray:
        return np.eye(length)

    def evaluate(self, x: Any) -> np.ndarray:
        raise GlmError("raw lags are a basis of the past, not of values; choose another, such as b_spline", field="family")

    def frozen(self, x: Any) -> Self:
        return self

    def penalty_matrix(self) -> None:
        return None


class Categorical(Basis):
    """One function per category: 1 where the variable has that value, else 0."""

    convolves: ClassVar[bool] = False
    local: ClassVar[bool] = True

    family: Literal["categorical"] = "categorical"
    categories: tuple[float, ...] = param(
        (),
        title="Categories",
        help="The values that have a function; all that occur where empty. Bins with any other value are left out.",
    )
    reference: bool = param(
        False,
        title="First as reference",
        help="Leave the first category out: the coefficients of the others are differences from it.",
        advanced=True,
    )

    @property
    def n_functions(self) -> int:
        if not self.categories:
            raise GlmError("the categories are not known before data are seen", field="categories")
        return len(self.categories) - self.reference

    def evaluate(self, x: Any) -> np.ndarray:
        x = as_samples(x)
        basis = self.frozen(x)
        place, known = basis._places(x)
        out = np.full((len(x), len(basis.categories)), np.nan)
        out[known] = _one_hot(place[known], len(basis.categories))
        return out[:, int(self.reference) :]

    def _places(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(T,) number of each sample's category, or of a neighbour's, and whether it is its own."""
        values = np.asarray(self.categories)
        order = np.argsort(values)
        place = order[np.clip(np.searchsorted(values[order], x), 0, len(values) - 1)]
        return place, values[place] == x

    def supports(self, x: np.ndarray) -> Supports:
        place, _ = self._places(x)
        return Supports.of(place, np.eye(len(self.categories), dtype=bool)[:, int(self.reference) :])

    def frozen(self, x: Any) -> Self:
        """The same with the categories that occur in `x`.

        Raises
        ------
        GlmError
            If `x` has no valid value, or too many different ones.
        """
        if self.categories:
            return self
        x = as_samples(x)
        values = np.unique(x[np.isfinite(x)])
        if not len(values):
            raise GlmError(
                "the variable has no valid value, so that no categories can be taken from it; give them", field="categories"
            )
        if len(values) > MOST_CATEGORIES:
            raise GlmError(
                f"the variable has {len(values)} different values, too many for categories; use b_spline, or give the categories",
                field="categories",
            )
        return self.with_(categories=tuple(float(value) for value in values))

    def penalty_matrix(self) -> None:
        return None


def _one_hot(place: np.ndarray, n: int) -> np.ndarray:
    out = np.zeros((len(place), n))
    out[np.arange(len(place)), place] = 1.0
    return out

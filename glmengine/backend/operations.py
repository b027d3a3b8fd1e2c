"""The operations over rows that everything is made of: slopes, Gram matrices, sums and products, for many columns of a problem at once.

There are two implementations, `JaxOperations` and `NumpyOperations`, and solvers see neither: they call these five methods. A column is
one unit, at some parameters, with some rows held out; parameters are those of the prepared columns, (K, Q), shared ones first, then own
ones, the intercept last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from glmengine.backend.formulas import SlopeFormula, SumFormula, WeightFormula
from glmengine.backend.rows import Rows

ALL_ROWS = -9
"""Held-out fold of a column that is fitted to all rows (rows that are never held out have fold -1)."""


def is_one_fold(fold: np.ndarray) -> bool:
    """Whether all of these rows are held out together."""
    return bool(fold[0] == fold[-1] and (fold == fold[0]).all())


@dataclass(frozen=True)
class View:
    """What each of K columns sees of the rows.

    Attributes
    ----------
    unit : (K,) int
        Row of the observations, and of the own columns.
    held : (K,) int
        Fold that is held out, `ALL_ROWS` for none.
    dispersion : (K,) float or None
        Of the negative binomial.
    null : (K,) float or None
        Mean observations of the null model, or its intercepts beside the offsets.
    held_out : bool
        See the rows that are held out rather than the others.
    """

    unit: np.ndarray
    held: np.ndarray
    dispersion: np.ndarray | None = None
    null: np.ndarray | None = None
    held_out: bool = False

    @property
    def size(self) -> int:
        return self.unit.size

    def of(self, columns: np.ndarray) -> View:
        """That of some of the columns."""
        return replace(
            self,
            unit=self.unit[columns],
            held=self.held[columns],
            dispersion=None if self.dispersion is None else self.dispersion[columns],
            null=None if self.null is None else self.null[columns],
        )

    def present(self, fold: np.ndarray) -> np.ndarray:
        """Numbers of the columns that see any of the rows whose folds are given."""
        if is_one_fold(fold):
            return np.flatnonzero((self.held == fold[0]) == self.held_out)
        return np.flatnonzero(np.isin(self.held, np.unique(fold))) if self.held_out else np.arange(self.size)


class Operations(Protocol):
    """Sums over all rows, those that a view does not see with weight 0.

    Attributes
    ----------
    name : str
        What computes, in words: ``"NumPy"``, ``"JAX on cpu"``.
    rows : Rows
        What it computes on.
    halves : bool
        Whether slopes in float32 cost half as much; else they are always made in float64.
    """

    name: str
    rows: Rows
    halves: bool

    def slopes(
        self, formula: SlopeFormula, view: View, theta: np.ndarray, *, precision: str = "float64"
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Loss (m,), its gradient (K, Q), and the sum of the sizes of the slopes (K,), which tells the rounding of the gradient.

        What is made of a chunk of the rows is made in `precision`, and added up in float64.
        """

    def grams(
        self,
        formula: WeightFormula,
        view: View,
        theta: np.ndarray,
        *,
        precision: str = "float64",
        stride: int = 1,
        among: np.ndarray | None = None,
    ) -> np.ndarray:
        """Sums of w z z' over the rows, z the prepared columns and a constant, for each of the formula's weights: (n, Q, Q) float64.

        Parameters
        ----------
        precision : str
            In which the products are made.
        stride : int
            They may be estimated from one row in so many.
        among : (p,) int array, optional
            Shared columns that are wanted; the matrices are then (n, p + 1, p + 1), the constant last.
        """

    def gram(self) -> np.ndarray:
        """Sum of z z' over all rows, each with weight 1: (Q, Q), zero for own columns."""

    def sums(self, formula: SumFormula, view: View, theta: np.ndarray) -> np.ndarray:
        """(m, K) sums of the formula's numbers."""

    def predictor(self, view: View, theta: np.ndarray) -> Iterator[tuple[Any, Any]]:
        """Part by part the numbers of the rows (c,), or their slice, and their linear predictors (K, c), offsets included, which stay where
        they were computed."""

    def sums_at(self, formula: SumFormula, view: View, predictor: Iterable[tuple[Any, Any]]) -> np.ndarray:
        """`sums` where the parts of the predictors are known."""

    def back(self, view: View, residual: np.ndarray) -> np.ndarray:
        """(K, Q) products of numbers for each row (K, n) with the rows: the transpose of the predictor."""

    def observed(self, view: View) -> np.ndarray:
        """(K, Q) sums of y z over the rows, weighted, z the prepared columns and a constant."""

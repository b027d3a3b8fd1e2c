"""A batched problem: K columns, each one unit at one strength with one fold held out, all on the same rows; and its solution."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from glmengine.backend.cells import live_columns
from glmengine.backend.choice import Backend, backend_for
from glmengine.backend.formulas import Curvatures, Losses, RowWeights, SquaredScores
from glmengine.backend.operations import ALL_ROWS, View
from glmengine.backend.rows import Rows
from glmengine.backend.single_column import SingleColumn
from glmengine.solvers.penalty_root import penalty_root

FEWEST_FOLDS, MOST_NUMBERS = 3, 5e7
"""Columns of a unit from which on its folds share their Hessians, and numbers that these may have."""

COPIED_NUMBERS = 2**23
"""Numbers in the rows of which a copy is made for a problem of a single column."""

ROUNDINGS = {"float32": 0.8 * float(np.finfo("float32").eps), "float64": 8.0 * float(np.finfo("float64").eps)}
"""Rounding errors of a gradient, in the sizes of its terms; less is said of float32, from which there is a way on."""

CANCELLING = 1e3
"""Penalties whose parts add up to more than this, each coefficient by itself, are made from the differences that are penalised: in the product
with their matrix the rounding of what cancels looks like a slope along coefficients that cost nothing."""

SMALLEST_SCALE = 1e-120
"""Columns smaller than this are penalised as this one: a coefficient that is held at 0 to all digits either way, and whose square is a number."""

__all__ = ["ALL_ROWS", "Objective", "Problem", "Solution"]


@dataclass(frozen=True)
class Problem:
    """Mean loss plus quadratic penalty, for K columns.

    Attributes
    ----------
    rows : Rows
    family, link : frozen values with the formulas of `glmengine.models`
    unit : (K,) int
        Row of the observations.
    held : (K,) int
        Fold held out, `ALL_ROWS` for none.
    total : (K,) float
        Sum of the weights of the column's rows.
    mean : (K,) float
        Mean observation of the column's rows.
    penalty : (P, P), (P,) or (K, P, P) array
        Matrix of the quadratic penalty, or its diagonal, in raw units; or a matrix of each column's own.
    strength : (K,) float
        What the penalty is multiplied by.
    movable : (K, P) bool
        Coefficients that are fitted; the others are zero. P counts the shared columns of the rows and then a unit's own.
    intercept : bool
    limit : (K,) float
        Half the Newton decrement at which a column is done.
    dispersion : (K,) float
    linear : (K, Q) float or None
        Subtracted from the gradient of the mean loss: what a sample of the rows is told of all of them.
    allowed : (K, P) bool or None
        Coefficients that the unit may use, those of columns that do not vary too: a group of the penalty weighs by their number. The movable
        ones where not given.
    """

    rows: Rows
    family: Any
    link: Any
    unit: np.ndarray
    held: np.ndarray
    total: np.ndarray
    mean: np.ndarray
    penalty: np.ndarray
    strength: np.ndarray
    movable: np.ndarray
    intercept: bool
    limit: np.ndarray
    dispersion: np.ndarray | None = None
    linear: np.ndarray | None = None
    allowed: np.ndarray | None = None

    @property
    def n_columns(self) -> int:
        return self.unit.size

    @cached_property
    def view(self) -> View:
        """What the columns see of the rows that they are fitted to."""
        return View(self.unit, self.held, self.dispersion)

    @property
    def exact_curvature(self) -> bool:
        """Whether the observed second derivatives are above 0, so that Newton may use them."""
        return bool(self.family.has_curvature(self.link))


@dataclass(frozen=True)
class Solution:
    """Where a solver ended, in raw units.

    Attributes
    ----------
    coef : (K, P), intercept : (K,)
    objective, decrement : (K,)
        Mean loss plus penalty, and half the Newton decrement.
    converged : (K,) bool
        The stopping rule holds.
    runaway : (K,) bool
        Without an optimum: the coefficients grow for ever (separation).
    iterations : (K,) int
    solver : str
    backend : str
        Which implementation of the operations over rows served.
    trace : tuple of dict
        Per iteration: columns at work, largest decrement, passes over the rows, seconds.
    free : (K, P) bool or None
        Coefficients that the data do not determine; None where the penalty determines all.
    """

    coef: np.ndarray
    intercept: np.ndarray
    objective: np.ndarray
    decrement: np.ndarray
    converged: np.ndarray
    runaway: np.ndarray
    iterations: np.ndarray
    solver: str
    backend: str = ""
    trace: tuple[dict[str, float], ...] = field(default=())
    free: np.ndarray | None = None


def backend_of(problem: Problem, context: Any) -> Backend:
    """What computes for a problem."""
    linear = Losses(problem.family, problem.link).is_linear
    return backend_for(problem.rows, problem.n_columns, context, linear=linear)


class Objective:
    """The functions of a problem that a solver may call, in the scale of the prepared columns.

    Parameters are (k, Q), shared columns first, then own ones, the intercept last; `columns` says which of the problem's K columns they are.
    """

    def __init__(self, problem: Problem, context: Any) -> None:
        self.problem, self.context = problem, context
        rows = problem.rows
        self.size, self._places = rows.size, rows.places
        self.movable = np.zeros((problem.n_columns, self.size), bool)
        self.movable[:, self._places] = problem.movable
        self.movable[:, -1] = problem.intercept
        self._roots: dict[int, np.ndarray] = {}  # of the penalty, by column where each has its own
        self._looked_at: np.ndarray | None = None  # where the only column was last, if it is gone through by itself
        self.passes = 0
        self.hessians = 0.0  # counted by the share of the rows that were looked at

    @cached_property
    def backend(self) -> Backend:
        """What computes."""
        return backend_of(self.problem, self.context)

    @cached_property
    def _penalty(self) -> np.ndarray:
        """The penalty of raw coefficients at the places of all parameters, (Q,), (Q, Q) or (K, Q, Q)."""
        return self._spread(self.problem.penalty)

    @cached_property
    def _inverse(self) -> np.ndarray:
        """(K, Q), or (1, Q) where no column is a unit's own: raw coefficients are these times the parameters."""
        rows, unit = self.problem.rows, self.problem.unit
        inverse = np.ones((unit.size if rows.own_padded else 1, self.size))
        inverse[:, self._places] = 1.0 / np.maximum(
            rows.preparation.scale_of(unit if rows.own_padded else unit[:1]), SMALLEST_SCALE
        )
        return inverse

    def _spread(self, penalty: np.ndarray) -> np.ndarray:
        """The penalty of raw coefficients, (P,), (P, P) or (K, P, P), at the places of all parameters, (Q,), (Q, Q) or (K, Q, Q)."""
        each, axes = penalty.shape[:-2], min(penalty.ndim, 2)
        result = np.zeros((*each, *(self.size,) * axes))
        result[(..., *np.ix_(*[self._places] * axes))] = penalty
        return result

    def _matrices_of(self, columns: np.ndarray) -> np.ndarray:
        """The penalty of these columns at strength 1, in raw units, (Q, Q) for all or (k, Q, Q)."""
        if self._penalty.ndim == 3:
            return self._penalty[columns]
        return np.diag(self._penalty) if self._penalty.ndim == 1 else self._penalty

    def raw_factors(self, columns: np.ndarray) -> np.ndarray:
        """(k, Q), or (1, Q) for all: raw coefficients are these times the parameters."""
        return self._inverse if len(self._inverse) == 1 else self._inverse[columns]

    def _root_of(self, k: int) -> np.ndarray:
        """R (r, Q) with R'R the penalty of raw coefficients of column k at strength 1."""
        own = self._penalty.ndim == 3
        if k * own not in self._roots:
            self._roots[k * own] = penalty_root(self._penalty[k] if own else self._penalty)
        return self._roots[k * own]

    def penalty_matrix(self, k: int) -> np.ndarray:
        """(Q, Q) of column k, at strength 1."""
        matrix = self._matrices_of(np.array([k]))
        inverse = self.raw_factors(np.array([k]))[0]
        return (matrix[0] if matrix.ndim == 3 else matrix) * np.outer(inverse, inverse)

    def start(self, coef: np.ndarray, intercept: np.ndarray) -> np.ndarray:
        """Parameters of raw coefficients (K, P) and intercepts (K,)."""
        scaled, free = self.problem.rows.preparation.from_raw(coef, intercept, self.problem.unit)
        return np.where(self.movable, np.column_stack([scaled, free]), 0.0)

    def to_raw(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Raw coefficients (K, P) and intercepts (K,) of parameters (K, Q)."""
        return self.problem.rows.preparation.to_raw(theta[:, :-1], theta[:, -1], self.problem.unit)

    def evaluate(
        self, theta: np.ndarray, columns: np.ndarray, precision: str = "float64"
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Objective (k,), gradient (k, Q), and the size of the gradient's rounding errors (k,), of sums over the rows made in `precision`."""
        problem = self.problem
        if precision == "float64" and len(theta) and self.alone is not None:
            self.context.check()
            self._looked_at = theta[0].copy()
            return self.settled_slopes(*self.alone.look(theta[0]), theta, columns)
        formula = Losses(problem.family, problem.link)
        sums = self.backend.slopes(formula, problem.view.of(columns), theta, precision)
        return self.settled_slopes(*sums, theta, columns, precision)

    @cached_property
    def alone(self) -> SingleColumn | None:
        """The only column of the problem, where its rows are few enough to be gone through by themselves."""
        rows = self.problem.rows
        few = self.problem.n_columns == 1 and rows.n * rows.n_features <= COPIED_NUMBERS
        return self.single_column(0) if few else None

    def single_column(self, k: int) -> SingleColumn | None:
        """What makes losses, gradients and Hessians of column k alone together, where its rows are of the kind; `settled_slopes` and
        `settled_hessians` make of them what `evaluate` and `hessian` give."""
        problem = self.problem
        if not SingleColumn.serves(problem.rows):
            return None
        return SingleColumn(
            problem.rows, problem.family, problem.link, problem.view.of(np.array([k])), expected=not problem.exact_curvature
        )

    def settled_slopes(
        self,
        loss: np.ndarray | float,
        slopes: np.ndarray,
        absolute: np.ndarray | float,
        theta: np.ndarray,
        columns: np.ndarray,
        precision: str = "float64",
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Objective, gradient and its rounding as of `evaluate`, from sums over the rows: losses (k,), slopes (k, Q) and their sizes (k,)."""
        problem, total = self.problem, self.problem.total[columns]
        self.passes += 1
        pull = self.pull(theta, columns)
        gradient = slopes / total[:, None] + pull
        value = loss / total + 0.5 * np.sum(pull * theta, axis=1)
        if problem.linear is not None:
            gradient -= problem.linear[columns]
            value -= np.sum(problem.linear[columns] * theta, axis=1)
        gradient[~self.movable[columns]] = 0.0
        return value, gradient, ROUNDINGS[precision] * absolute / total

    @property
    def pass_work(self) -> float:
        """Multiplications of a pass over the rows for all columns that float32 makes sooner; 0 where it does not, or is not enough."""
        problem = self.problem
        if not self.backend.passes.halves or not Losses(problem.family, problem.link).is_linear:
            return 0.0
        return 2.0 * problem.rows.n * live_columns(problem.rows) * problem.n_columns

    def pull(self, theta: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Gradient (k, Q) of the penalty."""
        inverse = self.raw_factors(columns)
        raw, strength = theta * inverse, self.problem.strength[columns]
        if self._penalty.ndim == 1:
            by_penalty = raw * self._penalty
        elif self._penalty.ndim == 2:
            by_penalty = raw @ self._penalty
        else:
            by_penalty = np.einsum("kq,kqr->kr", raw, self._penalty[columns])
        for place in self._cancelling(raw, columns) if self._penalty.ndim > 1 else ():
            root = self._root_of(int(columns[place]))
            by_penalty[place] = root.T @ (root @ raw[place])
        return by_penalty * inverse * strength[:, None]

    def _cancelling(self, raw: np.ndarray, columns: np.ndarray) -> list[int]:
        """Which of raw coefficients (k, Q) have a penalty that is next to nothing beside what cancels in it."""
        own = np.diagonal(self._penalty, axis1=-2, axis2=-1)
        parts = self.problem.strength[columns] * np.sum(raw**2 * (own if own.ndim == 1 else own[columns]), axis=1)
        return np.flatnonzero((parts > CANCELLING) & np.isfinite(parts)).tolist()

    def hessian(
        self,
        theta: np.ndarray,
        columns: np.ndarray,
        precision: str = "float64",
        *,
        expected: bool | None = None,
        stride: int = 1,
    ) -> np.ndarray:
        """Second derivatives (k, Q, Q) of the mean loss, without the penalty; zero for what does not move.

        With a `stride` they may be estimated from every so many rows, as is done where that is faster.
        """
        problem = self.problem
        exact = problem.exact_curvature
        expected = not exact if expected is None else expected
        here = precision == "float64" and stride == 1 and expected != exact and self._looked_at is not None
        if here and np.array_equal(theta[0], self._looked_at):
            return self.settled_hessians(self.alone.hessian()[None], columns)
        formula = Curvatures(problem.family, problem.link, expected, signed=not (expected or exact))
        view = problem.view.of(columns)
        result = self.backend.grams.grams(formula, view, theta, precision=precision, stride=stride)
        return self.settled_hessians(result, columns, stride)

    def settled_hessians(self, sums: np.ndarray, columns: np.ndarray, stride: int = 1) -> np.ndarray:
        """Second derivatives (k, Q, Q) as of `hessian`, from sums over one in so many of the rows."""
        self.hessians += columns.size / stride
        return self._settled(sums, columns)

    @property
    def fold_share(self) -> float:
        """What Hessians of all columns cost, over those of columns without folds in common: 1 where they cannot share them."""
        problem = self.problem
        fold = problem.rows.observations.fold
        units = np.unique(problem.unit)
        if fold is None or problem.dispersion is not None or not problem.rows.on_cpu:
            return 1.0
        folds = np.unique(fold)
        if problem.n_columns < FEWEST_FOLDS * units.size or units.size * folds.size * self.size**2 > MOST_NUMBERS:
            return 1.0
        return units.size / problem.n_columns

    def hessians_by_fold(self, theta: np.ndarray, precision: str) -> np.ndarray:
        """Second derivatives (K, Q, Q) of the mean loss of all columns, at the mean parameters (of (K, Q)) of those of the same unit.

        Folds of one unit are never far apart; what is summed over the rows of each fold once serves all of them: a column's is the whole
        less that of the fold which is held out.
        """
        problem, fold = self.problem, self.problem.rows.observations.fold
        units, which = np.unique(problem.unit, return_inverse=True)
        middle = np.zeros((units.size, self.size))
        np.add.at(middle, which, theta)
        middle /= np.bincount(which)[:, None]
        folds = np.unique(fold)
        view = View(np.repeat(units, folds.size), np.tile(folds, units.size), held_out=True)
        formula = Curvatures(problem.family, problem.link, not problem.exact_curvature)
        parts = self.backend.grams.grams(formula, view, np.repeat(middle, folds.size, axis=0), precision=precision)
        parts = parts.reshape(units.size, folds.size, self.size, self.size)
        result = parts.sum(axis=1)[which]
        out = np.flatnonzero(np.isin(problem.held, folds))
        result[out] -= parts[which[out], np.searchsorted(folds, problem.held[out])]
        self.hessians += units.size
        return self._settled(result, np.arange(problem.n_columns))

    def score_products(self, theta: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Mean outer product (k, Q, Q) of the rows' gradients, without the penalty."""
        formula = SquaredScores(self.problem.family, self.problem.link)
        return self._settled(self.backend.grams.grams(formula, self.problem.view.of(columns), theta), columns)

    def gram(self, k: int | None = None) -> np.ndarray:
        """Mean outer product (Q, Q) of the prepared rows and a constant, with the weights of column k's rows, or over all rows."""
        if k is None:
            known = self.problem.rows.gram()
            gram = self.backend.grams.gram() if known is None else known
        elif self.alone is not None:
            gram = self.alone.gram()
        else:
            view = self.problem.view.of(np.array([k]))
            gram = self.backend.grams.grams(RowWeights(), view, np.zeros((1, self.size)))[0]
        return self.as_mean(gram)

    def as_mean(self, gram: np.ndarray) -> np.ndarray:
        """A sum of outer products (Q, Q) over rows as their mean, in place."""
        gram /= gram[-1, -1]
        if not self.problem.intercept:
            gram[-1, :] = gram[:, -1] = 0.0
        return gram

    def _settled(self, result: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Sums (k, Q, Q) as means, zero for what does not move."""
        result /= self.problem.total[columns][:, None, None]
        fixed = ~self.movable[columns]
        result[np.broadcast_to(fixed[:, :, None], result.shape) | np.broadcast_to(fixed[:, None, :], result.shape)] = 0.0
        return result

    def penalised(self, hessian: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """`hessian` (k, Q, Q) with the penalty's matrix, and 1 on the diagonal of what does not move."""
        inverse = self.raw_factors(columns)
        matrix = self._matrices_of(columns)
        result = hessian + self.problem.strength[columns][:, None, None] * (matrix * inverse[:, :, None] * inverse[:, None, :])
        k, fixed = np.nonzero(~self.movable[columns])
        result[k, fixed, :] = 0.0
        result[k, :, fixed] = 0.0
        result[k, fixed, fixed] = 1.0
        return result

"""Hessians that a descent keeps while they serve: when a new one is worth its price, which rows it is made from, and how exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from glmengine.backend.cells import cells_of
from glmengine.backend.nonzeros import nonzeros_of
from glmengine.backend.row_samples import EVEN
from glmengine.solvers.metrics import HessianMetric
from glmengine.solvers.problem import Objective
from glmengine.solvers.rank import is_definite
from glmengine.solvers.sample import Sample

SAFE = 0.25
"""An estimate of the decrement must be this far below the limit, since the metric is only nearly the Hessian."""

SAFE_SHARED = 0.01
"""How far where that metric is the shared one, whose last step leaves more of the error than a Hessian's."""

ROWS_PER_COLUMN, COARSEST = 30, 16
"""A Hessian is estimated from so many rows a column, but not from fewer than every sixteenth."""

SAMPLED_PER_COLUMN = 200
"""A sample that has fewer rows a column tells less than one row in a few of all."""

SMALL_WORK = 2e8
"""A Hessian of fewer multiplications than this is exact."""

CHEAP = 1.5
"""So is one that costs less than this in passes."""

ELEMENTWISE = 60
"""What the formulas of a row cost, in multiplications."""

SLOW = 2.5
"""By less than this the logarithm of the decrement should not fall in a step with an estimated Hessian."""

NEAR = 1e12
"""Below this many times the limit a decrement is small enough for the Hessian to stay as it is."""

LARGEST_HESSIAN = 2500
"""With more columns than this a Hessian per problem column is never made."""

LONG, FEW = 8.0, 8
"""Hessians that cost more passes than this are made in parts of about so many, but of no fewer columns: these share what is read."""

LARGEST_FLOAT32 = 1e37
"""Beyond it curvatures do not fit into float32."""


def in_passes(matrices: float, features: int, n_columns: int) -> float:
    """What so many Gram matrices of all rows cost, in passes over the rows for so many columns, by the measured rates of the products."""
    return matrices * features / (75 + 3 * n_columns)


def _nobody(share: float) -> None:
    """Who is told where nobody asks how far it is."""


class KeptHessians:
    """Of the K columns of a problem that a descent is at.

    Parameters
    ----------
    objective : Objective
    always : bool
        A new one at each step.
    allowed : bool
        Any may be made at all.
    coarsest : int
        Steps are taken with Hessians from no fewer than one row in so many.
    sample : Sample, optional
        Where these are estimated from, in place of one row in so many of all: its rows are those that say most.

    Attributes
    ----------
    own, fresh : (K,) bool
        A column has one, and it was made where the column now is.
    coarse, exact : (K,) bool
        It is an estimate from some of the rows, and such an estimate was not enough.
    allowed : bool
    """

    def __init__(self, objective: Objective, *, always: bool, allowed: bool, coarsest: int, sample: Sample | None) -> None:
        K, features = objective.problem.n_columns, objective.problem.rows.n_features
        self._metric, self._always = HessianMetric(), always
        self.use(objective)
        self.allowed = allowed and features <= LARGEST_HESSIAN
        self.own, self.fresh, self.coarse, self.exact = (np.zeros(K, bool) for _ in range(4))
        # float32 was not enough; one that is the same everywhere leads to the end in one step if it is exact
        self._double = np.full(K, objective.problem.family.is_quadratic(objective.problem.link))
        self._pace = np.full(K, np.nan)  # by how much the logarithm of the decrement falls in a step, smoothed
        self._stride = self._coarseness(coarsest, sample is not None)
        enough = SAMPLED_PER_COLUMN * max(features, 1)
        self._sample = sample if sample is not None and self._stride > 1 and sample.problem.rows.n >= enough else None
        if self._sample is not None:
            self._stride, self.exact = self._sample.stride, ~self._sample.known

    def use(self, objective: Objective) -> None:
        """The same columns at other strengths."""
        self._objective, self._problem = objective, objective.problem
        self._metric.refactor(objective)

    def solve(self, columns: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Inverse Hessians of these columns, which have one, times `right` (k, Q)."""
        return self._metric.solve(columns, right)

    def doubt(self, columns: np.ndarray) -> None:
        """Make the next Hessians of these columns from all rows where they were estimated from some: what is rare these may not have seen."""
        self.exact[columns] |= self.coarse[columns]

    def after_failure(self, theta: np.ndarray, stuck: np.ndarray, failures: np.ndarray) -> None:
        """For columns that found no way down so many times, `failures` (K,): a Hessian where the column is, then an exact one."""
        renewed = stuck[(failures[stuck] > 1) | ~self.fresh[stuck]] if self.allowed else stuck[:0]
        again = self.fresh[renewed] | (failures[renewed] > 1)
        self._double[renewed] |= again & ~self.coarse[renewed]
        self.exact[renewed] |= again
        if renewed.size:
            self.renew(theta, renewed)

    def worth_renewing(
        self, active: np.ndarray, now: np.ndarray, last: np.ndarray, iterations: np.ndarray, at_work: int
    ) -> np.ndarray:
        """(k,) bool: which columns are better served by a new Hessian, for its price, than by more steps in the metric they have."""
        if not self.allowed:
            return np.zeros(active.size, bool)
        limit = self.safe(active) * self._problem.limit[active]
        open_ = (now > limit) & ~self.fresh[active]
        if self._always:
            return open_
        with np.errstate(divide="ignore", invalid="ignore"):
            left = np.log(np.maximum(now / limit, 1.0))
            latest = np.log(last[active] / now)
            rate = np.where(np.isfinite(self._pace[active]), 0.5 * (self._pace[active] + latest), latest)
        self._pace[active] = rate
        rate = np.where(np.isfinite(rate), rate, np.inf)  # no step has been judged yet
        steps_without = np.where(rate > 0, left / np.maximum(rate, 1e-3), np.inf)
        near = now <= NEAR * self._problem.limit[active]  # where it is not the loss that bends
        self.exact[active] |= self.coarse[active] & np.isfinite(self._pace[active]) & (rate < SLOW) & near
        coarse = (self._stride > 1) & ~self.exact[active]
        price = self.price(at_work) / np.where(coarse, self._stride, 1)
        steps_with = price + left / np.where(coarse, 4.0, 7.0)
        patience = np.where(self.own[active], 1, 3 + price / 8)  # the memory takes steps to learn, and they cost little
        return open_ & (iterations[active] >= patience) & (steps_without > steps_with + 2)

    def safe(self, columns: np.ndarray) -> np.ndarray:
        """(k,) how far below the limit an estimate of the decrement must be."""
        most = self._stride if self._sample is None else self._stride / EVEN
        by_hessian = np.where(self.coarse[columns], min(SAFE, 1.0 / most), SAFE)
        return np.where(self.own[columns], by_hessian, SAFE_SHARED)

    def renew(self, theta: np.ndarray, columns: np.ndarray, told: Callable[[float], None] = _nobody) -> None:
        """New Hessians for these columns where they are, in float64 for those whose last one was too coarse; `told` the share that is made."""
        price, made = self.price_of(columns), 0
        self._double[[k for k in columns.tolist() if not self._metric.sure.get(k, True)]] = True
        self.coarse[columns] = (self._stride > 1) & ~self.exact[columns] & ~self._double[columns]
        kinds = (("float32", self._stride), ("float32", 1), ("float64", 1))
        which = np.where(self._double[columns], 2, np.where(self.coarse[columns], 0, 1))
        for kind, (precision, stride) in enumerate(kinds):
            chosen = columns[which == kind]
            # a few at a time, so that their matrices fit beside the rows
            step = max(1, int(2e8 / (8 * self._objective.size**2)))
            if price > LONG:  # and so that it can be said in between how far they are
                step = min(step, max(FEW, int(columns.size * LONG / price)))
            for start in range(0, chosen.size, step):
                part = chosen[start : start + step]
                self._make(theta, part, precision, stride)
                made += part.size
                told(made / columns.size)
        self.own[columns] = True
        self.fresh[columns] = True
        self._pace[columns] = np.nan

    def renew_by_folds(self, theta: np.ndarray) -> None:
        """Hessians for all columns from sums that the folds of a unit share, near where they are."""
        precision = "float64" if self._double.all() else "float32"
        with np.errstate(over="ignore", invalid="ignore"):
            made = self._objective.hessians_by_fold(theta, precision)
            largest = np.abs(made).max(axis=(1, 2))
        fine = np.flatnonzero(np.isfinite(largest) if precision == "float64" else (largest < LARGEST_FLOAT32) & ~self._double)
        self._metric.take(self._objective, fine, made[fine], precision)
        self.own[fine], self.fresh[fine], self.coarse[fine], self._pace[fine] = True, False, False, np.nan

    def price(self, at_work: int) -> float:
        """What new Hessians for all of so many columns cost, in passes over the rows, by the measured rates of the products."""
        rows = self._problem.rows
        features, nonzeros, cells = rows.n_features, nonzeros_of(rows), cells_of(rows)
        if cells is not None:
            live = cells.per_row
            return (live**2 + ELEMENTWISE) / (4 * live + ELEMENTWISE)
        if nonzeros is not None:
            return at_work * 3 * nonzeros.per_row / (3 + at_work) + features**2 / (4 * max(self._problem.rows.n, 1))
        return in_passes(at_work, features, at_work) + features**2 / (4 * max(self._problem.rows.n, 1))

    def price_of(self, columns: np.ndarray) -> float:
        """What new Hessians of these columns cost, in passes for so many columns; those that are estimated from some rows cost less."""
        coarse = (self._stride > 1) & ~self.exact[columns] & ~self._double[columns]
        return self.price(columns.size) * float(np.where(coarse, 1.0 / self._stride, 1.0).mean()) if columns.size else 0.0

    def _coarseness(self, coarsest: int, sampled: bool) -> int:
        """Every how many rows one is enough for a Hessian that steps are taken with.

        It never exceeds the true one by more than that factor, so neither does the true decrement the estimated one; but what is rare
        it may not see at all, so that only a penalty that holds every coefficient allows it.
        """
        problem = self._problem
        if self._always or not is_definite(problem):
            return 1
        cheap = self.price(problem.n_columns) < CHEAP and not sampled  # a sample that is there already costs less still
        if cheap or problem.rows.n * problem.rows.n_features**2 < SMALL_WORK:
            return 1
        return int(np.clip(problem.rows.n // (ROWS_PER_COLUMN * max(problem.rows.n_features, 1)), 1, coarsest))

    def _make(self, theta: np.ndarray, columns: np.ndarray, precision: str, stride: int) -> None:
        """Hessians of these columns; in float64 for those that are too large for less."""
        with np.errstate(over="ignore", invalid="ignore"):
            if stride > 1 and self._sample is not None:
                made = self._of_sample(theta, columns, precision)
            else:
                made = self._objective.hessian(theta[columns], columns, precision, stride=stride)
            large = ~(np.abs(made).max(axis=(1, 2)) < LARGEST_FLOAT32) if precision == "float32" else np.zeros(columns.size, bool)
        if large.any():
            self._double[columns[large]], self.coarse[columns[large]] = True, False
            self._make(theta, columns[large], "float64", 1)
        if not large.all():
            self._metric.take(self._objective, columns[~large], made[~large], precision)

    def _of_sample(self, theta: np.ndarray, columns: np.ndarray, precision: str) -> np.ndarray:
        """Hessians (k, Q, Q) of these columns as the sample has them."""
        assert self._sample is not None
        problem = replace(self._sample.problem, dispersion=self._problem.dispersion)
        self._objective.hessians += columns.size / self._sample.stride
        return Objective(problem, self._objective.context).hessian(theta[columns], columns, precision)

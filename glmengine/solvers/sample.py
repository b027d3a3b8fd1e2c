"""A sample of the rows of a problem, whose optimum is where a descent on all rows may begin.

Where the loss is A(eta) - y eta, the sums of y eta over all rows cost one product for all columns. Events are rare, so it is they that make the
optimum of a sample vary: with the sums of all rows it lies as near as that of ten times as many rows (measured on coupled units).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glmengine.backend.formulas import Losses
from glmengine.backend.operations import View
from glmengine.solvers.problem import ALL_ROWS, Problem, backend_of


@dataclass(frozen=True)
class Sample:
    """The problem on some of the rows.

    Attributes
    ----------
    problem : Problem
        With all columns of the whole.
    known : (K,) bool
        Of which columns it can tell anything: those without a row or an event in it are to be left out.
    stride : int
        It has one row in so many.
    """

    problem: Problem
    known: np.ndarray
    stride: int


def sampled(problem: Problem, stride: int, limit: np.ndarray, context: Any, *, single: bool = False) -> Sample:
    """The problem on one row in `stride`, done at half Newton decrements `limit` (K,); `single` says that passes over all rows will be in float32."""
    sample = replace(problem, rows=problem.rows.thinned(stride, single=single, context=context), limit=limit)
    total, events = weights_of(sample)
    known = (total > 0) & ((events > 0) | (not problem.family.of_spikes))
    sample = replace(sample, total=np.where(total > 0, total, 1.0))
    if problem.linear is None and Losses(problem.family, problem.link).is_linear:
        # a count of mean m varies by m, the mean itself by m squared: this share of both leaves the least
        share = 1.0 / (1.0 + problem.mean)
        more = _observed(problem, context) - _observed(sample, context)
        sample = replace(sample, linear=share[:, None] * more)
    return Sample(sample, known, stride)


def _observed(problem: Problem, context: Any) -> np.ndarray:
    """(K, Q) means of y z over the rows of each column, z the prepared columns and a constant."""
    pairs, which = np.unique(np.stack([problem.unit, problem.held]), axis=1, return_inverse=True)
    sums = backend_of(problem, context).exact.observed(View(*pairs))
    return sums[which.ravel()] / problem.total[:, None]


def weights_of(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """(K,) sums of the weights of each column's rows, and of weighted observations."""
    observed = problem.rows.observations
    total, weighted = np.empty(problem.n_columns), np.empty(problem.n_columns)
    for k, (unit, held) in enumerate(zip(problem.unit.tolist(), problem.held.tolist(), strict=True)):
        weights = observed.weights[unit if len(observed.weights) > 1 else 0]
        if held != ALL_ROWS and observed.fold is not None:
            weights = weights * (observed.fold != held)
        total[k], weighted[k] = weights.sum(), weights @ observed.y[unit]
    return total, weighted


def some_columns(problem: Problem, columns: np.ndarray) -> Problem:
    """The problem of some of its columns."""
    per_column = ("unit", "held", "total", "mean", "strength", "movable", "limit")
    chosen = {name: getattr(problem, name)[columns] for name in per_column}
    for name in ("dispersion", "linear", "allowed"):
        values = getattr(problem, name)
        chosen[name] = None if values is None else values[columns]
    return replace(problem, **chosen)

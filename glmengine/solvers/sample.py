"""A sample of the rows of a problem, whose optimum is where a descent on all rows may begin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from glmengine.solvers.problem import ALL_ROWS, Problem


def sampled(problem: Problem, stride: int, limit: np.ndarray) -> tuple[Problem, np.ndarray]:
    """The problem on one row in `stride`, done at half Newton decrements `limit` (K,), and of which columns (K,) bool it can tell anything.

    Those without a row or an event in the sample are to be left out.
    """
    sample = replace(problem, rows=problem.rows.thinned(stride), limit=limit)
    total, events = weights_of(sample)
    known = (total > 0) & ((events > 0) | (not problem.family.of_spikes))
    return replace(sample, total=np.where(total > 0, total, 1.0)), known


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
    return replace(problem, **chosen, dispersion=None if problem.dispersion is None else problem.dispersion[columns])

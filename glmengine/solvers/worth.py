"""What models are worth on the rows they were fitted to, or on those held out: likelihoods, deviances and residuals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from glmengine.backend.formulas import LossSums, Worth
from glmengine.solvers.problem import Problem, backend_of


def sums(problem: Problem, theta: np.ndarray, null: np.ndarray, context: Any, *, held_out: bool) -> np.ndarray:
    """The numbers of `Worth` summed over the rows, (8, K), at parameters (K, Q).

    `null` (K,) are the means of the model to compare with, or where there are offsets its intercepts beside them.
    """
    view = replace(problem.view, null=null, held_out=held_out)
    passes = backend_of(problem, context).passes
    beside = problem.rows.observations.offset is not None
    return passes.sums(Worth(problem.family, problem.link, beside), view, theta)


class HeldOut:
    """Held-out sums of the same columns at one strength after the other.

    Between two strengths only the loss changes: log-likelihood and deviance differ from it by what does not depend on the model, which is
    found out the first time.
    """

    def __init__(self, null: np.ndarray) -> None:
        self._null = null
        self._first: np.ndarray | None = None

    def sums(self, problem: Problem, theta: np.ndarray, context: Any) -> np.ndarray:
        """(8, K) as `sums` gives them for held-out rows; squared residuals are those of the first call."""
        factor = problem.family.loss_factor
        if self._first is not None and not problem.family.estimates_dispersion:
            loss = held_out_losses(problem, theta, context) / factor
            table = self._first.copy()
            table[2] -= loss
            table[3] += 2.0 * loss
            return table
        table = sums(problem, theta, self._null, context, held_out=True)
        if not problem.family.estimates_dispersion:
            loss = held_out_losses(problem, theta, context) / factor
            first = table.copy()
            first[2] += loss
            first[3] -= 2.0 * loss
            self._first = first if np.isfinite(first[:6]).all() else None
        return table


def held_out_losses(problem: Problem, theta: np.ndarray, context: Any) -> np.ndarray:
    """(K,) loss summed over the rows held out of each column."""
    passes = backend_of(problem, context).passes
    return passes.sums(LossSums(problem.family, problem.link), replace(problem.view, held_out=True), theta)[0]

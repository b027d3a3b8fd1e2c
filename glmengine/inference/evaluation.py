"""Likelihoods and deviances of a fit, summed over the rows that it was fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glmengine.backend import jax_runtime as runtime
from glmengine.context import SILENT, Context, Progress
from glmengine.inference.part import Part, Units
from glmengine.models import Family
from glmengine.solvers.sample import some_columns
from glmengine.solvers.status import SEPARATED, SILENT_UNIT
from glmengine.solvers.worth import sums


@dataclass(frozen=True)
class Evaluation:
    """Sums over the rows of each of M units; a free scale is taken as 1.

    Attributes
    ----------
    log_likelihood, deviance, null_log_likelihood, null_deviance, pearson : (M,)
        Of the model, of the mean observation, and the squared Pearson residuals.
    """

    log_likelihood: np.ndarray
    deviance: np.ndarray
    null_log_likelihood: np.ndarray
    null_deviance: np.ndarray
    pearson: np.ndarray

    def full_log_likelihood(self, family: Family, n: np.ndarray) -> np.ndarray:
        """(M,) log-likelihood at the most likely scale, where the family has a free one."""
        return family.at_best_scale(self.log_likelihood, self.deviance, n)


_PREDICTORS = 4e6
"""Linear predictors that are summed up before it is said how far it is."""


def evaluate(units: Units, parts: Sequence[Part], context: Context = SILENT) -> Evaluation:
    """One pass over the rows for some columns of each part at a time."""
    done, whole = 0, max(sum(part.units.size for part in parts), 1)
    table = np.full((8, units.status.size), np.nan)
    table[:, np.isin(units.status, (SILENT_UNIT, SEPARATED))] = 0.0
    with runtime.float64():
        for part in parts:
            width = max(1, int(_PREDICTORS / part.problem.rows.n))
            for first in range(0, part.units.size, width):
                context.check()
                context.report(Progress("Likelihoods", done / whole))
                some = np.arange(first, min(first + width, part.units.size))
                problem = part.problem if some.size == part.units.size else some_columns(part.problem, some)
                table[:, part.units[some]] = sums(problem, part.theta[some], part.null[some], context, held_out=False)
                done += some.size
    return Evaluation(
        log_likelihood=table[2], deviance=table[3], null_log_likelihood=table[4], null_deviance=table[5], pearson=table[6]
    )

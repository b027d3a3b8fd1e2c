"""What is known of a fit's optimum: the units that were solved together, and what all units have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from glmengine.models import Family
from glmengine.solvers.problem import Problem


@dataclass(frozen=True)
class Part:
    """Units that were solved together, with what is needed to look at their optimum again.

    Attributes
    ----------
    units : (k,) int array
    columns : (p,) or (k, p) int array or None
        Columns of the design that they use, of each unit where some are its own; all where None.
    problem : Problem
    theta : (k, Q) array
        Parameters in the scale of the prepared columns.
    null : (k,) array
        Mean observations, the model to compare with.
    constant, free : int array
        Columns left out because they do not vary, and columns that are not determined by the data of some unit.
    starts : (k,) array of str or None
        Where each fit began (see `glmengine.fitting.starts`), None where that makes no difference.
    carried : int array
        Columns that do not vary, whose coefficients the penalty makes from those of their neighbours.
    """

    units: np.ndarray
    columns: np.ndarray | None
    problem: Problem
    theta: np.ndarray
    null: np.ndarray
    constant: np.ndarray
    free: np.ndarray
    starts: np.ndarray | None = None
    carried: np.ndarray = field(default_factory=lambda: np.zeros(0, int))

    def columns_of(self, k: int) -> np.ndarray:
        """(p,) columns of the design that one of them uses."""
        if self.columns is None:
            return np.arange(self.problem.rows.n_features)
        return self.columns if self.columns.ndim == 1 else self.columns[k]


@dataclass(frozen=True)
class Units:
    """All units of a fit, those that were not solved included.

    Attributes
    ----------
    family : Family
    intercept : bool
    n_columns : int
        Columns of the design.
    groups : mapping of str to (p,) int array
        Columns of each term.
    n_valid : (M,) array
        Sum of the weights of each unit's rows.
    status : (M,) str
        See `glmengine.solvers.status`.
    """

    family: Family
    intercept: bool
    n_columns: int
    groups: Mapping[str, np.ndarray]
    n_valid: np.ndarray
    status: np.ndarray

"""Strengths found by restricted marginal likelihood: one for each penalised part of each unit's model, in place of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.context import Context
from glmengine.errors import GlmError
from glmengine.models.components import Component
from glmengine.solvers.problem import Problem, Solution
from glmengine.solvers.smoothing import Smoothing, choose_strengths

if TYPE_CHECKING:
    from glmengine.fitting.minimise import Minimiser
    from glmengine.models import Family

REML = "reml"
"""What is given in place of a strength where strengths are to be found."""

DISPERSION_SETTLED, MOST_ROUNDS = 1e-3, 10
"""Change of the logarithm of a dispersion at which strengths and dispersion fit each other, and how often they are found in turn."""

SEARCHED = 0.77
"""Of the work of a batch, that the search takes beside the fit at what it finds (measured)."""


@dataclass(frozen=True)
class FoundStrengths:
    """Strengths of J penalised parts of the models of M units.

    Attributes
    ----------
    labels : tuple of str
        What each part is called: a term, or one variable of a term.
    strengths : (J, M) array
        a, as in a/2 w'Sw of the objective; NaN for parts that a unit does not have, and units without a fit.
    settled : (M,) bool
        They are an optimum of the marginal likelihood.
    at_limit : (J, M) bool
        The marginal likelihood goes on rising at the end of the range that was searched: the part is as smooth, or as free, as it can be.
    """

    labels: tuple[str, ...]
    strengths: np.ndarray
    settled: np.ndarray
    at_limit: np.ndarray


def asks_for_reml(strength: Any) -> bool:
    """Whether strengths are to be found rather than given.

    Raises
    ------
    GlmError
        For any other word.
    """
    if not isinstance(strength, str):
        return False
    if strength.lower() != REML:
        raise GlmError(f"strength: {strength!r} is not a number; give one, or '{REML}' to have it found", field="model.strengths")
    return True


def check_reml(family: Family) -> None:
    """Refuse families whose penalised likelihood has no working model of one linear predictor.

    Raises
    ------
    GlmError
    """
    if family.by_class:
        raise GlmError(
            f"strength: of the {family.name} family it cannot be found by marginal likelihood; give it, or choose it by cross-validation",
            field="model.strengths",
        )


class StrengthSearch:
    """The search for strengths in one batch of a fit.

    Parameters
    ----------
    components : sequence of Component
        Of all columns of the design.
    columns : (p,) int array or None
        Those that the batch has; all where None.
    """

    def __init__(self, components: Sequence[Component], columns: np.ndarray | None) -> None:
        kept = [(number, restricted(one, columns)) for number, one in enumerate(components)]
        self._kept = [(number, one) for number, one in kept if one is not None]
        self._n = len(components)

    def solve(
        self, problem: Problem, theta: np.ndarray, minimiser: Minimiser, context: Context, start: str
    ) -> tuple[Solution, Problem, np.ndarray, Smoothing]:
        """Strengths and the optimum at them, from parameters (K, Q); the problem then has each column's own penalty.

        The strengths of the smoothing are (K, J), J counting all components of the design.
        """
        components = [one for _, one in self._kept]
        bare = replace(problem, penalty=np.zeros(problem.rows.n_features), strength=np.zeros(problem.n_columns))
        strengths = None
        for _ in range(MOST_ROUNDS):
            smoothing = choose_strengths(bare, components, theta, context.part(0.0, SEARCHED), start=strengths)
            strengths = np.where(np.isfinite(smoothing.strengths), smoothing.strengths, 1.0)  # where none was found
            asked = replace(
                bare, penalty=_matrices(components, strengths, problem.rows.n_features), strength=np.ones(len(strengths))
            )
            solution, found, theta = minimiser.solve(asked, smoothing.theta, context.part(SEARCHED, 1.0), start=start)
            if found.dispersion is None or context.stopping:
                break
            before = bare.dispersion
            bare = replace(bare, dispersion=found.dispersion)
            if before is not None and np.abs(np.log(found.dispersion / before)).max() <= DISPERSION_SETTLED:
                break
        return solution, found, theta, self._of_all(smoothing)

    def _of_all(self, smoothing: Smoothing) -> Smoothing:
        numbers = [number for number, _ in self._kept]
        strengths = np.full((len(smoothing.strengths), self._n), np.nan)
        at_limit = np.zeros(strengths.shape, bool)
        strengths[:, numbers], at_limit[:, numbers] = smoothing.strengths, smoothing.at_limit
        return replace(smoothing, strengths=strengths, at_limit=at_limit)


def restricted(component: Component, columns: np.ndarray | None) -> Component | None:
    """The same on a subset of columns; None where it penalises none of them."""
    if columns is None:
        return component
    place = {int(column): number for number, column in enumerate(columns)}
    here = np.flatnonzero([int(column) in place for column in component.columns])
    matrix = component.matrix[np.ix_(here, here)]
    if not matrix.any():
        return None
    return replace(component, columns=np.array([place[int(column)] for column in component.columns[here]]), matrix=matrix)


def _matrices(components: Sequence[Component], strengths: np.ndarray, n: int) -> np.ndarray:
    """(K, P, P) penalties of columns with strengths (K, J)."""
    total = np.zeros((len(strengths), n, n))
    for j, one in enumerate(components):
        total[np.ix_(np.arange(len(strengths)), one.columns, one.columns)] += strengths[:, j, None, None] * one.matrix
    return total


def found_strengths(
    labels: Sequence[str], units: Sequence[np.ndarray], found: Sequence[Smoothing], n_units: int
) -> FoundStrengths:
    """The strengths of all batches of a fit, `units` (K,) of each."""
    strengths, at_limit = np.full((len(labels), n_units), np.nan), np.zeros((len(labels), n_units), bool)
    settled = np.zeros(n_units, bool)
    for unit, one in zip(units, found, strict=True):
        strengths[:, unit], at_limit[:, unit], settled[unit] = one.strengths.T, one.at_limit.T, one.settled
    return FoundStrengths(tuple(labels), strengths, settled, at_limit)

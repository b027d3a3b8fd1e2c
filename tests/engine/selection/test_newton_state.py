"""Newton steps of one model: what a Hessian made in float32 does not determine, and what a weak penalty leaves free, stays where it is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import BSpline

from glmengine.models.components import Component
from glmengine.models.differences import difference_matrix
from glmengine.selection.newton_state import NewtonState, solve
from glmengine.solvers.marginal_likelihood import WorkingModel
from glmengine.solvers.penalty_components import Components

LINE = 12


def design(low: float, high: float, n: int = 600) -> np.ndarray:
    """(n, LINE + 1) splines on (0, 1) of samples between `low` and `high`, and the intercept, to which they sum up."""
    x = np.random.default_rng(0).uniform(low, high, n)
    knots = np.r_[np.zeros(3), np.linspace(0, 1, LINE - 2), np.ones(3)]
    return np.hstack([BSpline.design_matrix(x, knots, 3).toarray(), np.ones((n, 1))])


def state(hessian: np.ndarray, strength: float, penalty: np.ndarray) -> NewtonState:
    """One at this strength."""
    components = Components([Component("line", np.arange(LINE), penalty)], LINE + 1)
    working = WorkingModel(hessian, np.zeros(LINE + 1), components, single=True)
    columns = np.arange(LINE)
    return NewtonState(
        columns,
        np.arange(LINE + 1),
        np.zeros(LINE + 1),
        components,
        ("line",),
        working=working,
        strengths=np.array([strength]),
        hessians=hessian[None],
    )


def test_directions_that_a_hessian_made_in_single_precision_does_not_determine_are_left_out():
    X = design(0.0, 1.0)
    right = X.T @ np.sin(np.arange(len(X)))
    random, found = np.random.default_rng(0), []
    for size in (0.0, 1e-7, 1e-7):
        noise = np.tril(1.0 + size * random.normal(size=(LINE + 1,) * 2))
        found.append(state((X.T @ X) * (noise + np.tril(noise, -1).T), 30.0, difference_matrix((LINE,))).solved(right))
    # the columns sum to the intercept's: by rounding alone coefficients would be far off
    for one in found[1:]:
        np.testing.assert_allclose(one, found[0], atol=1e-4)


@pytest.mark.parametrize("rounding", [1e-8, 1e-7])
def test_a_penalty_below_the_rounding_of_the_hessian_does_not_let_coefficients_run_away(rounding):
    X = design(0.0, 1.0)
    z = np.sin(np.arange(len(X)))
    right = (X.T @ z) * (1.0 + 1e-6 * np.random.default_rng(0).normal(size=LINE + 1))
    H = X.T @ X
    H -= rounding * np.diag(np.diagonal(H))
    alike = np.append(np.ones(LINE), -1.0)  # the splines sum to the intercept's
    held = -(alike @ H @ alike) / LINE  # a ridge so weak that next to nothing is left of the curvature in that direction
    S = np.diag(np.append(np.full(LINE, 1.001 * held), 0.0))
    assert np.abs(solve(H, S, right)).max() < 10 * np.abs(np.linalg.lstsq(X, z, rcond=1e-6)[0]).max()

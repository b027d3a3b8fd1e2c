"""The restricted marginal likelihood of working models: against its definition, its derivatives, and where it has no maximum inside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.interpolate import BSpline
from scipy.optimize import minimize

from glmengine.models.components import Component
from glmengine.models.differences import difference_matrix
from glmengine.solvers.marginal_likelihood import STIFFEST, WorkingModel
from glmengine.solvers.penalty_components import Components

N, LINE, GRID = 600, 9, 5


def splines(x: np.ndarray, n: int) -> np.ndarray:
    knots = np.r_[np.zeros(3), np.linspace(0, 1, n - 2), np.ones(3)]
    return BSpline.design_matrix(x, knots, 3).toarray()


@pytest.fixture(scope="module")
def model() -> tuple[np.ndarray, np.ndarray, list[Component]]:
    """Design with the intercept last, observations, and the penalties of a line and of a grid, collinear with the intercept."""
    rng = np.random.default_rng(0)
    x, u = rng.uniform(0, 1, N), rng.uniform(0, 1, (N, 2))
    grid = np.einsum("ij,ik->ijk", splines(u[:, 0], GRID), splines(u[:, 1], GRID)).reshape(N, -1)
    X = np.hstack([splines(x, LINE), grid, np.ones((N, 1))])
    z = np.sin(6 * x) + np.exp(-10 * ((u - 0.5) ** 2).sum(axis=1)) + rng.normal(size=N)
    line, square = np.arange(LINE), np.arange(LINE, LINE + GRID**2)
    parts = [
        Component("line", line, difference_matrix((LINE,))),
        Component("grid, variable 1", square, difference_matrix((GRID, GRID), axes=(1, 0))),
        Component("grid, variable 2", square, difference_matrix((GRID, GRID), axes=(0, 1))),
    ]
    return X, z, parts


def by_definition(rho: np.ndarray, X: np.ndarray, z: np.ndarray, parts: list[Component], free: bool) -> float:
    """Minus the log of the likelihood with the coefficients integrated out, up to what does not depend on the strengths."""
    H, b = X.T @ X, X.T @ z
    S, log_s, rank = np.zeros_like(H), 0.0, 0
    for block in ([0], [1, 2]):
        columns = parts[block[0]].columns
        inside = sum(np.exp(rho[j]) * parts[j].matrix for j in block)
        S[np.ix_(columns, columns)] += inside
        values = np.linalg.eigvalsh(inside)
        log_s += np.log(values[values > 1e-10 * values[-1]]).sum()
        rank += int((values > 1e-10 * values[-1]).sum())
    values = np.linalg.eigvalsh(H + S)
    log_h = np.log(values[values > 1e-10 * values[-1]]).sum()
    w = np.linalg.lstsq(H + S, b, rcond=1e-13)[0]
    if free:
        null = int((values > 1e-10 * values[-1]).sum()) - rank
        return 0.5 * (len(z) - null) * np.log(z @ z - b @ w) + 0.5 * log_h - 0.5 * log_s
    return -0.5 * b @ w + 0.5 * log_h - 0.5 * log_s


def working(X: np.ndarray, z: np.ndarray, parts: list[Component], free: bool) -> WorkingModel:
    return WorkingModel(X.T @ X, X.T @ z, Components(parts, X.shape[1]), residual=(len(z), float(z @ z)) if free else None)


@pytest.mark.parametrize("free", [False, True])
def test_the_strengths_are_those_of_the_highest_marginal_likelihood(model, free):
    X, z, parts = model
    found = working(X, z, parts, free).smooth()
    direct = minimize(
        by_definition,
        np.zeros(3),
        args=(X, z, parts, free),
        method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-11, "maxiter": 4000},
    )
    np.testing.assert_allclose(np.log(found.strengths), direct.x, atol=2e-3)
    assert not found.at_limit.any()


@pytest.mark.parametrize("free", [False, True])
def test_derivatives_are_those_of_the_criterion(model, free):
    X, z, parts = model
    model_ = working(X, z, parts, free)
    rho, step = np.array([0.3, 1.0, 2.0]), 1e-5
    _, gradient, hessian = model_.criterion(np.exp(rho))
    for j in range(3):
        there = step * np.eye(3)[j]
        up, down = model_.criterion(np.exp(rho + there)), model_.criterion(np.exp(rho - there))
        assert gradient[j] == pytest.approx((up[0] - down[0]) / (2 * step), abs=1e-5)
        np.testing.assert_allclose(hessian[j], (up[1] - down[1]) / (2 * step), atol=1e-5)


def test_units_of_measure_of_columns_change_nothing(model):
    X, z, parts = model
    scale = np.exp2(np.random.default_rng(1).integers(-20, 20, X.shape[1]))
    others = [replace(one, matrix=one.matrix / np.outer(scale[one.columns], scale[one.columns])) for one in parts]
    plain, scaled = working(X, z, parts, False).smooth(), working(X / scale, z, others, False).smooth()
    np.testing.assert_allclose(np.log(scaled.strengths), np.log(plain.strengths), atol=1e-6)
    np.testing.assert_allclose(X @ (scaled.parameters / scale), X @ plain.parameters, atol=1e-8)


def test_a_term_without_effect_is_smoothed_to_a_straight_line(model):
    X, _, parts = model
    z = 0.5 + 2.0 * X[:, :LINE] @ np.linspace(0, 1, LINE)  # a straight line in the coefficients, without noise beside it
    z = z + 0.01 * np.random.default_rng(2).normal(size=N)
    found = working(X, z, parts, True).smooth()
    bend = np.diff(found.parameters[:LINE], n=2)
    assert np.abs(bend).max() < 0.01
    assert found.strengths[0] > 10 * found.strengths[1:].min() or found.at_limit[0]


def test_penalties_without_a_common_eigenbasis_have_the_determinant_of_their_sum():
    rng = np.random.default_rng(3)
    matrices = [a @ a.T for a in rng.normal(size=(2, 6, 3))]
    parts = [Component("a", np.arange(6), matrices[0]), Component("b", np.arange(6), matrices[1])]
    strengths = np.array([0.3, 20.0])
    value, first, second = Components(parts, 6).log_determinant(strengths)

    def direct(rho: np.ndarray) -> float:
        return np.linalg.slogdet(np.exp(rho[0]) * matrices[0] + np.exp(rho[1]) * matrices[1])[1]

    rho, step = np.log(strengths), 1e-4
    assert value == pytest.approx(direct(rho), abs=1e-9)
    for j in range(2):
        there = step * np.eye(2)[j]
        assert first[j] == pytest.approx((direct(rho + there) - direct(rho - there)) / (2 * step), abs=1e-6)
        other = (direct(rho + there) - 2 * direct(rho) + direct(rho - there)) / step**2
        assert second[j, j] == pytest.approx(other, abs=1e-5)


def test_columns_that_the_data_hardly_reach_leave_the_range_of_a_strength_where_it_is():
    """As of a map over a box of which the animal visits a track: beside the track splines are not zero, but next to nothing."""
    rng = np.random.default_rng(3)
    reached, beside = splines(rng.uniform(0, 1, N), LINE), 1e-7 * rng.random((N, LINE))
    z = 2.0 * reached @ rng.normal(size=LINE) + rng.normal(size=N)
    found = {}
    for name, columns in (("alone", reached), ("beside", np.hstack([reached, beside]))):
        X = np.hstack([columns, np.ones((N, 1))])
        p = columns.shape[1]
        found[name] = working(X, z, [Component("map", np.arange(p), np.eye(p))], False).smooth()
        assert not found[name].at_limit.any()
    np.testing.assert_allclose(found["beside"].strengths, found["alone"].strengths, rtol=1e-6)


def test_where_a_search_of_another_model_ended_on_the_plateau_does_not_matter(model):
    X, z, parts = model
    every = working(X, z, parts, False)
    constant = working(X, np.full(N, 0.3), parts, False)  # no term has an effect
    np.testing.assert_allclose(constant.smooth_afresh(), constant.balanced * STIFFEST)
    for one in (every, constant):
        known = one.smooth_afresh()
        for beyond in (1e3, 1e5, STIFFEST):
            np.testing.assert_allclose(one.smooth_afresh(one.balanced * beyond), known, rtol=1e-4)

"""Problems of a single column: losses, gradients and Hessians made together are those of the operations, and take few of them."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.backend.column_scales import centre_and_scale
from glmengine.backend.formulas import Curvatures, Losses
from glmengine.backend.numpy_operations import NumpyOperations
from glmengine.backend.single_column import SingleColumn
from glmengine.context import SILENT
from glmengine.solvers import absolute_values, problem
from glmengine.solvers.absolute_values import minimise_with_absolute_values
from glmengine.solvers.rank import _least_eigenvalue, _null_space

T, P = 3000, 10  # ten columns are padded to twelve


def data(family: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(T, P)) * np.geomspace(0.1, 10, P) + rng.normal(size=P)
    eta = X @ (0.2 * rng.normal(size=P) / np.geomspace(0.1, 10, P))
    y = {
        "poisson": lambda: rng.poisson(np.exp(eta)),
        "bernoulli": lambda: rng.random(T) < 1 / (1 + np.exp(-eta)),
        "gaussian": lambda: eta + rng.normal(size=T),
        "gamma": lambda: rng.gamma(3.0, np.exp(eta) / 3.0),
        "negative_binomial": lambda: rng.poisson(np.exp(eta) * rng.gamma(2.0, 0.5, T)),
    }[family]().astype(float)
    return X, y


@pytest.mark.parametrize("family", ["poisson", "bernoulli", "gaussian", "gamma", "negative_binomial"])
@pytest.mark.parametrize("beside", [False, True])
def test_sums_are_those_of_the_operations(family, beside, monkeypatch):
    X, y = data(family)
    options = {}
    if beside:
        rng = np.random.default_rng(1)
        y[::7] = np.nan
        X[::11, 2] = np.nan
        options = {"weights": rng.choice([0.0, 1.0, 2.5], T), "offset": 0.1 * rng.normal(size=T)}
    fit = ge.fit(X, y, family, penalty=ge.Ridge(1e-2), **options)
    part = fit.parts[0]
    rows, kind, link, view = part.problem.rows, part.problem.family, part.problem.link, part.problem.view
    theta = part.theta + 0.05
    expected = not part.problem.exact_curvature
    column = SingleColumn(rows, kind, link, view, expected=expected)
    operations = NumpyOperations(rows, SILENT)
    loss, slopes, sizes = operations.slopes(Losses(kind, link), view, theta)
    found = column.look(theta[0])
    np.testing.assert_allclose(found[0], loss[0], rtol=1e-12)
    np.testing.assert_allclose(found[1], slopes[0], rtol=1e-10, atol=1e-10 * sizes[0])
    np.testing.assert_allclose(found[2], sizes[0], rtol=1e-12)
    hessian = operations.grams(Curvatures(kind, link, expected), view, theta)[0]
    np.testing.assert_allclose(column.hessian(), hessian, rtol=1e-11, atol=1e-11 * np.abs(hessian).max())


@pytest.mark.parametrize("penalty", [ge.NoPenalty(), ge.Ridge(1e-3), ge.Lasso(1e-2), ge.ElasticNet(1e-2, 0.5)])
@pytest.mark.parametrize("family", ["poisson", "bernoulli", "gaussian", "gamma"])
def test_fits_are_those_without_them(family, penalty, monkeypatch):
    X, y = data(family)
    here = ge.fit(X, y, family, penalty=penalty)
    monkeypatch.setattr(problem.SingleColumn, "serves", staticmethod(lambda rows: False))
    there = ge.fit(X, y, family, penalty=penalty)
    assert here.converged.all()
    np.testing.assert_allclose(here.objective, there.objective, rtol=1e-13)
    np.testing.assert_allclose(here.predict(X), there.predict(X), rtol=1e-9)


@pytest.mark.parametrize("family", ["poisson", "bernoulli"])
@pytest.mark.parametrize(("n", "p"), [(2000, 5), (20_000, 20)])
def test_few_passes_and_fewer_hessians(family, n, p):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(n, p))
    eta = X @ (rng.normal(size=p) / np.sqrt(p))
    y = rng.poisson(np.exp(eta)) if family == "poisson" else rng.random(n) < 1 / (1 + np.exp(-eta))
    fit = ge.fit(X, y.astype(float), family, penalty=ge.Ridge(1e-3))
    assert fit.converged.all()
    assert fit.trace[-1]["passes"] <= 8
    assert fit.trace[-1]["hessians"] <= 5  # the last steps are taken with the one before


@pytest.mark.parametrize("share", [0.5, 1e-1, 1e-2, 1e-4])
def test_guessed_signs_lead_to_the_same_minimum(share, monkeypatch):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(200, 50)) + rng.normal(size=(200, 1))
    H, c = X.T @ X / 200, -X.T @ (X[:, ::5].sum(axis=1) + rng.normal(size=200)) / 200
    l1, limit = np.full(50, share * np.abs(c).max()), 1e-14 * np.abs(c).max()
    l1[3] = 0.0
    start, every = np.zeros(50), np.ones(50, bool)
    guessed = minimise_with_absolute_values(H, c, l1, start, every, limit)
    monkeypatch.setattr(absolute_values, "MOST_GUESSED", 0)
    swept = minimise_with_absolute_values(H, c, l1, start, every, limit)
    np.testing.assert_array_equal(guessed == 0, swept == 0)
    np.testing.assert_allclose(guessed, swept, rtol=1e-10, atol=1e-12)


def test_directions_that_change_nothing_are_found_beside_the_shorter_way():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(500, 12))
    independent = np.corrcoef(X.T)
    assert 0 < _least_eigenvalue(independent) <= np.linalg.eigvalsh(independent)[0]
    assert _null_space(independent).shape == (12, 0)
    X[:, 5] = X[:, 2] - X[:, 7]
    dependent = np.corrcoef(X.T)
    assert _least_eigenvalue(dependent) < 1e-10
    basis = _null_space(dependent)
    assert basis.shape == (12, 1)
    np.testing.assert_array_equal(np.flatnonzero(np.abs(basis[:, 0]) > 1e-6), [2, 5, 7])


def test_scales_of_columns_of_any_size():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(4000, 8))
    X[:, 1] = 7.0
    X[:, 2] = 1e8 + 1e-3 * X[:, 2]
    X[:, 3] *= 1e-180
    X[:, 4] *= 1e180
    X[0, 5] = 1e9  # seen first, and far from all others
    X[:, 6] = 3.0 + 1e-14 * X[:, 6]
    centre, scale, constant = centre_and_scale(X, True)
    np.testing.assert_array_equal(np.flatnonzero(constant), [1, 6])
    spread = np.array([1.0, 7.0, 1e-3, 1e-180, 1e180, 1e9 / np.sqrt(4000), 3.0, 1.0])
    assert (np.abs(np.log2(scale / spread)) <= 0.6).all()
    others = [0, 2, 3, 4, 7]
    assert (np.abs(centre[others] - X[:, others].mean(axis=0)) <= 1e-6 * spread[others]).all()
    _, scale, constant = centre_and_scale(np.where(np.arange(8) == 1, 0.0, X), False)
    np.testing.assert_array_equal(np.flatnonzero(constant), [1])
    assert abs(np.log2(scale[3] / 1e-180)) <= 0.6
    assert abs(np.log2(scale[4] / 1e180)) <= 0.6

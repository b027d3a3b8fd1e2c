"""Penalised fits against scikit-learn, with the equivalences of strengths that the docstrings state."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge

pytest.importorskip("sklearn")

from sklearn.linear_model import ElasticNet, GammaRegressor, Lasso, LogisticRegression, PoissonRegressor, Ridge

from tests.peers.fitting_data import assert_same_coefficients, classes, simulate

A = 0.02


@pytest.mark.parametrize(("family", "theirs"), [("poisson", PoissonRegressor), ("gamma", GammaRegressor)])
def test_ridge_has_the_same_strength(family, theirs):
    X, y = simulate(family)
    reference = theirs(alpha=A, tol=1e-12, max_iter=10_000, solver="newton-cholesky").fit(X, y)
    assert_same_coefficients(ge.fit(X, y, family=family, penalty=ge.Ridge(A)), reference.coef_, reference.intercept_)


def test_gaussian_ridge_is_half_of_n_times():
    X, y = simulate("gaussian")
    reference = Ridge(alpha=len(y) * A / 2, tol=1e-14).fit(X, y)
    assert_same_coefficients(ge.fit(X, y, family="gaussian", penalty=ge.Ridge(A)), reference.coef_, reference.intercept_)


@pytest.mark.parametrize("weighted", [False, True])
def test_logistic_ridge(weighted):
    X, y = simulate("bernoulli")
    weights = np.random.default_rng(2).integers(0, 3, y.size).astype(float) if weighted else np.ones(y.size)
    reference = LogisticRegression(C=1 / (A * weights.sum()), tol=1e-13, max_iter=10_000, solver="newton-cholesky").fit(
        X, y, sample_weight=weights
    )
    ours = ge.fit(X, y, family="bernoulli", penalty=ge.Ridge(A), weights=weights)
    assert_same_coefficients(ours, reference.coef_, reference.intercept_)


def test_softmax_ridge_is_symmetric():
    X, y = classes()
    reference = LogisticRegression(C=1 / (A * len(y)), tol=1e-13, max_iter=10_000, solver="newton-cg").fit(X, y)
    ours = ge.fit(X, y, family="categorical", penalty=ge.Ridge(A))
    np.testing.assert_allclose(ours.coef[:, :, 0], reference.coef_.T, atol=1e-8)
    np.testing.assert_allclose(ours.intercept[:, 0], reference.intercept_, atol=1e-8)


@pytest.mark.parametrize("strength", [0.5, 0.05, 1e-3])
def test_gaussian_lasso_has_twice_the_strength(strength):
    X, y = simulate("gaussian")
    reference = Lasso(alpha=strength / 2, tol=1e-14, max_iter=100_000).fit(X, y)
    ours = ge.fit(X, y, family="gaussian", penalty=ge.Lasso(strength))
    np.testing.assert_allclose(ours.coef[:, 0], reference.coef_, atol=1e-8)
    np.testing.assert_array_equal(ours.coef[:, 0] == 0, reference.coef_ == 0)


def test_gaussian_elastic_net_has_twice_the_strength():
    X, y = simulate("gaussian")
    reference = ElasticNet(alpha=0.1, l1_ratio=0.3, tol=1e-14, max_iter=100_000).fit(X, y)
    ours = ge.fit(X, y, family="gaussian", penalty=ge.ElasticNet(0.2, 0.3))
    np.testing.assert_allclose(ours.coef[:, 0], reference.coef_, atol=1e-8)

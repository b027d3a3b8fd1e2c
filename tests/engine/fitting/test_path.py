"""The regularisation path: each of its points is what a fit at that strength finds, whatever the order and whoever is in the population."""

import numpy as np
import pytest

import glmengine as ge


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(4000, 9)) * np.geomspace(1e-3, 1e3, 9)
    w = np.array([0.5, 0, 0, -0.4, 0, 0.3, 0, 0, 0.2]) / np.geomspace(1e-3, 1e3, 9)
    Y = np.column_stack([rng.poisson(np.exp(X @ w - 1)), np.zeros(4000), rng.poisson(0.3, 4000)]).astype(float)
    Y[:50, 2] = np.nan
    return X, Y


@pytest.mark.parametrize("penalty", [ge.Ridge(1.0), ge.Lasso(1.0), ge.Lasso(1.0, standardised=True), ge.ElasticNet(1.0, 0.4)])
def test_each_point_is_the_fit_at_that_strength(data, penalty):
    X, Y = data
    strengths = [1e-4, 3e-2, 1e-3]
    path = ge.fit_path(X, Y, penalty=penalty, strengths=strengths)
    assert path.converged.all()
    assert (path.intercept[:, 1] == -np.inf).all()
    assert not path.coef[:, :, 1].any()
    for s, strength in enumerate(strengths):
        alone = ge.fit(X, Y, penalty=penalty, strength=strength)
        np.testing.assert_allclose(path.objective[s], alone.objective, rtol=0, atol=1e-12)
        np.testing.assert_allclose(X @ path.coef[s][:, [0, 2]], X @ alone.coef[:, [0, 2]], atol=2e-6)


def test_stronger_penalties_leave_fewer_coefficients(data):
    X, Y = data
    strengths = np.geomspace(1e-4, 1, 8)
    path = ge.fit_path(X, Y[:, 0], penalty=ge.Lasso(1.0, standardised=True), strengths=strengths)
    counts = path.n_nonzero[:, 0]
    assert (np.diff(counts) <= 0).all()
    assert counts[0] >= 4
    assert counts[-1] == 0


def test_stopping_keeps_what_was_reached(data):
    X, Y = data

    class Stop(ge.Context):
        stopping = True

        def report(self, progress):
            pass

        def check(self):
            pass

    path = ge.fit_path(X, Y[:, 0], strengths=[1e-2, 1e-3], context=Stop())
    assert np.isnan(path.coef[1]).all()
    assert not path.converged[1].any()


def test_bad_input_is_named(data):
    X, Y = data
    with pytest.raises(ge.GlmError, match="twice"):
        ge.fit_path(X, Y, strengths=[1.0, 1.0])
    with pytest.raises(ge.GlmError, match="categorical"):
        ge.fit_path(X, Y, family="categorical", strengths=[1.0])

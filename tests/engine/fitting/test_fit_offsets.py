"""Offsets of any size: the same coefficients where they only move the intercept, and never a fit that is called done where it cannot begin."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from glmengine import cross_validate
from glmengine.fitting.fit import fit


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    return X, rng.poisson(np.exp(0.4 * X[:, 0] - 0.2)).astype(float)


@pytest.mark.parametrize("penalty", ["none", "ridge", "lasso"])
@pytest.mark.parametrize("shift", [500.0, -500.0, 800.0])
def test_a_constant_offset_of_any_size_is_taken_up_by_the_intercept(data, penalty, shift):
    X, y = data
    strength = None if penalty == "none" else 1e-3
    plain = fit(X, y, penalty=penalty, strength=strength)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        moved = fit(X, y, penalty=penalty, strength=strength, offset=np.full(300, shift))
    assert moved.converged.all()
    assert np.allclose(moved.coef, plain.coef, atol=1e-6)
    assert moved.intercept[0] + shift == pytest.approx(plain.intercept[0], abs=1e-6)


def test_offsets_of_gamma_and_of_each_unit(data):
    X, _y = data
    rng = np.random.default_rng(1)
    offset = np.column_stack([np.full(300, 300.0), rng.normal(size=300)])
    Y = rng.gamma(2.0, np.exp(0.2 * X[:, :1] + [[0.0, 0.5]]))
    both = fit(X, Y, "gamma", "log", penalty=None, offset=offset)
    assert both.converged.all()
    for unit in range(2):
        alone = fit(X, Y[:, unit] / np.exp(offset[:, unit] - offset[0, unit]), "gamma", "log", penalty=None)
        assert np.allclose(both.coef[:, unit], alone.coef[:, 0], atol=1e-7)
        assert both.intercept[unit] == pytest.approx(alone.intercept[0] - offset[0, unit], abs=1e-7)


def test_folds_begin_at_the_offsets_of_their_own_rows(data):
    X, y = data
    plain = cross_validate(X, y, strengths=[1e-3])
    moved = cross_validate(X, y, strengths=[1e-3], offset=np.full(300, 600.0))
    assert moved.converged.values.all()
    assert np.allclose(moved.scores.values, plain.scores.values, atol=1e-9)


@pytest.mark.parametrize("solver", ["auto", "newton", "lbfgs"])
def test_where_no_rate_can_be_told_from_infinity_nothing_is_called_converged(data, solver):
    X, y = data
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hopeless = fit(X, y, penalty=None, intercept=False, offset=np.full(300, 750.0), solver=solver)
        astray = fit(X, y, start=(np.full(3, 1e5), 0.0), solver=solver)
    assert hopeless.status[0] == "stopped"
    assert not hopeless.converged[0]
    assert astray.status[0] == "stopped" or np.allclose(astray.coef, fit(X, y).coef, atol=1e-7)
